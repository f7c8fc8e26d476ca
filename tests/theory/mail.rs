//! The mail model without mail's complications: a single server.

use mailflow::experiment::{ReplicationSettings, replicate, replicate_observed};
use mailflow::measure::RunRecord;
use mailflow::model::distribution::Shape;
use mailflow::model::params::{
    AddressOrder, Arrivals, Burstiness, DeliveryMode, HostStatus, Link, Network, Order, Params,
    QueueRuns, Receiver, Recipients, Sender, Workload,
};
use mailflow::model::{Observation, Observer};
use mailflow::units::{Bandwidth, Rate, SimTime, Span};
use rayon::prelude::*;
use statrs::distribution::{ContinuousCDF, StudentsT};

pub(crate) const REPLICATIONS: u64 = 40;

/// A single server fed by `arrivals`, with a pause between passes.
pub(crate) fn single_server(arrivals: Arrivals, service: Shape, pause: Span) -> Params {
    Params {
        workload: Workload {
            arrivals,
            burstiness: Burstiness::None,
            clock_at_start: Span::ZERO,
            bursts: Vec::new(),
            backlog: 0,
            size: Shape::Fixed(1.0),
            recipients: Recipients { mean: 1.0, max: 1 },
        },
        sender: Sender {
            runs: QueueRuns::Persistent { after_work: pause, after_empty: pause },
            runners: 1,
            min_queue_age: Span::ZERO,
            order: Order::Time,
            host_status: HostStatus { enabled: false, ..HostStatus::default() },
            ..Sender::default()
        },
        receiver: Receiver {
            front_ends: 1,
            address_order: AddressOrder::AsListed,
            connection_lifetime: None,
            idle_timeout: None,
            service_time: service,
            connect_time: Span::ZERO,
            ..Receiver::default()
        },
        network: Network {
            round_trip: Span::ZERO,
            link: Link::PerConnection(Bandwidth::UNLIMITED),
        },
        ..Params::default()
    }
}

pub(crate) fn poisson(rate: f64) -> Arrivals {
    Arrivals::Poisson(Rate(rate))
}

/// One megabyte takes a second on the idle link.
const BANDWIDTH: Bandwidth = Bandwidth(8e6);
pub(crate) const MEGABYTE: f64 = 1e6;

/// Mail whose every message is a transfer over a shared link.
pub(crate) fn transfers(arrivals: Arrivals, size: Shape) -> Params {
    let mut params = single_server(arrivals, Shape::Fixed(0.0), Span::from_hours(1));
    params.sender.delivery = DeliveryMode::Immediate;
    params.workload.size = size;
    params.network.link = Link::Shared(BANDWIDTH);
    params
}

/// `hours` of mail after one hour of warm-up.
pub(crate) fn settings(hours: u64, drain: bool) -> ReplicationSettings {
    ReplicationSettings {
        simulate: Span::from_hours(hours),
        warm_up: Span::from_hours(1),
        drain: if drain { Span::from_hours(120) } else { Span::ZERO },
        seed: 42,
        parts: Vec::new(),
    }
}

pub(crate) fn run_all(params: &Params, hours: u64, drain: bool) -> Vec<RunRecord> {
    let settings = settings(hours, drain);
    (0..REPLICATIONS).into_par_iter().map(|n| replicate(params, &settings, n)).collect()
}

pub(crate) fn by<T>(runs: &[T], of: impl Fn(&T) -> f64) -> Vec<f64> {
    runs.iter().map(of).collect()
}

pub(crate) fn mean_delay(record: &RunRecord) -> f64 {
    record.delays.delivered.sum() as f64 / 1e9 / record.delays.delivered.count() as f64
}

/// How long each message waited for its transaction, in seconds, and what the run was like.
pub(crate) struct Waited {
    pub(crate) record: RunRecord,
    waits: Vec<f64>,
    delays: Vec<f64>,
}

impl Waited {
    pub(crate) fn mean(&self) -> f64 {
        mean(&self.waits)
    }

    /// The standard deviation about the exact mean. A root of a mean square is biased by an eighth of the
    /// latter's squared scatter between replications, a tenth of the intervals asked for.
    pub(crate) fn deviation_from(&self, mean: f64) -> f64 {
        let squares = self.waits.iter().map(|wait| (wait - mean).powi(2)).sum::<f64>();
        (squares / self.waits.len() as f64).sqrt()
    }

    /// Share of messages that waited at all.
    pub(crate) fn share_waiting(&self) -> f64 {
        let waiting = self.waits.iter().filter(|wait| **wait > 0.0).count();
        waiting as f64 / self.waits.len() as f64
    }

    pub(crate) fn delay(&self) -> f64 {
        mean(&self.delays)
    }

    pub(crate) fn quantile(&self, p: f64) -> f64 {
        quantile(&self.waits, p)
    }

    pub(crate) fn delay_quantile(&self, p: f64) -> f64 {
        quantile(&self.delays, p)
    }

    /// Time average of the number that wait (Little's law is not used).
    pub(crate) fn line(&self) -> f64 {
        self.record.counts.queue_mean - self.record.counts.runners_busy
    }
}

/// Mean and half width of the 99.9 % t interval over replications.
pub(crate) fn interval(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = mean(values);
    let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    let t = StudentsT::new(0.0, 1.0, n - 1.0).expect("valid").inverse_cdf(0.9995);
    (mean, t * sd / n.sqrt())
}

pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The `p` quantile of sorted values.
pub(crate) fn quantile(sorted: &[f64], p: f64) -> f64 {
    sorted[(sorted.len() as f64 * p) as usize]
}

/// Notes waits and delays of the mail that arrives after the warm-up.
struct Watch {
    from: SimTime,
    waits: Vec<f64>,
    delays: Vec<f64>,
}

impl Observer for Watch {
    fn observe(&mut self, now: SimTime, observation: &Observation<'_>) {
        match observation {
            Observation::TransactionStarted { message, at, .. } if message.created >= self.from => {
                self.waits.push(at.since(message.created).seconds());
            }
            Observation::Delivered { message, .. } if message.created >= self.from => {
                self.delays.push(now.since(message.created).seconds());
            }
            _ => {}
        }
    }
}

/// As [`run_all`], with the waits; `params` may differ between replications.
pub(crate) fn watch_all(params: impl Fn(u64) -> Params + Sync, hours: u64) -> Vec<Waited> {
    let settings = settings(hours, false);
    let one = |n| {
        let from = SimTime::ZERO + settings.warm_up;
        let mut watch = Watch { from, waits: Vec::new(), delays: Vec::new() };
        let record = replicate_observed(&params(n), &settings, n, &mut watch);
        watch.waits.sort_by(f64::total_cmp);
        watch.delays.sort_by(f64::total_cmp);
        Waited { record, waits: watch.waits, delays: watch.delays }
    };
    (0..REPLICATIONS).into_par_iter().map(one).collect()
}
