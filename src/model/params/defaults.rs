//! The defaults, as MODEL.md and INTERFACE.md give them.

use super::*;

/// Hourly shares of a business day, hour 0 to 23, summing to 1; the peak hour has 12 %. \[ASM\]
pub const BUSINESS_DAY: [f64; 24] = [
    0.006, 0.005, 0.004, 0.004, 0.006, 0.012, 0.026, 0.052, 0.092, 0.120, 0.112, 0.096, //
    0.074, 0.080, 0.082, 0.072, 0.056, 0.036, 0.020, 0.014, 0.011, 0.008, 0.007, 0.005,
];

impl Default for Workload {
    fn default() -> Self {
        Workload {
            arrivals: Arrivals::DailyProfile(Box::new(BUSINESS_DAY.map(|share| share * 110_000.0))),
            burstiness: Burstiness::None,
            clock_at_start: Span::ZERO,
            bursts: Vec::new(),
            backlog: 0,
            size: Shape::lognormal_by_median(18_000.0, 1.7, Some(36e6)),
            recipients: Recipients::default(),
        }
    }
}

impl Default for Recipients {
    fn default() -> Self {
        Recipients { mean: 1.3, max: 100 }
    }
}

impl Default for Sender {
    fn default() -> Self {
        Sender {
            agents: 1,
            delivery: DeliveryMode::QueueOnly,
            runs: QueueRuns::default(),
            runners: 2,
            min_queue_age: Span::from_mins(30),
            first_run_at: SimTime::ZERO,
            order: Order::Priority,
            messages_per_connection: None,
            cache_idle: Span::from_mins(5),
            cache_size: 2,
            host_status: HostStatus::default(),
            single_thread_delivery: false,
            costs: Costs::default(),
            timeouts: Timeouts::default(),
            warn_after: Span::from_hours(4),
            give_up_after: Span::from_hours(120),
            clock_step: Span::from_secs(1),
        }
    }
}

/// Persistent runners with Sendmail's fixed pauses.
impl Default for QueueRuns {
    fn default() -> Self {
        QueueRuns::Persistent { after_work: Span::from_secs(1), after_empty: Span::from_secs(5) }
    }
}

impl Default for HostStatus {
    fn default() -> Self {
        HostStatus {
            enabled: true,
            remember_for: Span::from_mins(30),
            key: HostKey::HostName,
            marks: Marks::Sendmail,
            threshold: 1,
        }
    }
}

impl Default for Costs {
    fn default() -> Self {
        Costs { skip: Span::from_millis(1), run_start: Span::ZERO, process_start: Span::ZERO }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Timeouts {
            connect: Span::from_secs(127),
            greeting: Span::from_mins(5),
            reply: Span::from_hours(1),
        }
    }
}

impl Default for Receiver {
    fn default() -> Self {
        Receiver {
            front_ends: 3,
            routing: Routing::OneName,
            address_order: AddressOrder::Random,
            connection_lifetime: Some(Span::from_mins(20)),
            lifetime_jitter: Span::from_secs(60),
            cut: Cut::Reset,
            commit: Commit::AfterReply,
            service_time: Shape::lognormal_by_mean(0.3, 0.5, None),
            message_overhead: Vec::new(),
            connect_time: Span::from_millis(40),
            idle_timeout: Some(Span::from_mins(5)),
            max_connections: None,
            max_connections_per_source: None,
            deferrals: Vec::new(),
            dead: Vec::new(),
            throttle: None,
            machines_per_front_end: 200,
            unhealthy_machines: None,
            slow_hours: Vec::new(),
            episodes: None,
            outages: Vec::new(),
        }
    }
}

impl Default for Network {
    fn default() -> Self {
        Network { round_trip: Span::from_millis(30), link: Link::PerConnection(Bandwidth(20e6)) }
    }
}
