//! Random valid parameters: every one of them is varied, its extremes included.

use mailflow::model::distribution::Shape;
use mailflow::model::params::*;
use mailflow::units::{Bandwidth, Rate, Share, SimTime, Span};
use proptest::prelude::*;
use std::sync::Arc;

/// One run: parameters, and how it is run.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) params: Params,
    pub(crate) simulate: Span,
    pub(crate) drain: bool,
    pub(crate) seed: u64,
}

/// A short run of at most a few hundred messages.
pub(crate) fn case() -> impl Strategy<Value = Case> {
    (300u64..7200, any::<u64>(), prop::bool::weighted(0.2)).prop_flat_map(
        |(seconds, seed, drain)| {
            let simulate = Span::from_secs(seconds);
            (workload(simulate), sender(), receiver(), network(), switches()).prop_map(
                move |(workload, mut sender, mut receiver, network, switches)| {
                    switches.apply(&mut sender, &mut receiver);
                    let params =
                        Params { workload, sender, receiver, network, ..Params::default() };
                    affordable(Case { params, simulate, drain, seed })
                },
            )
        },
    )
}

/// Shortens what would take minutes: mail that no one accepts, tried again every second for hours (or, while
/// draining, for days).
fn affordable(mut case: Case) -> Case {
    let sender = &mut case.params.sender;
    if sender.min_queue_age < Span::from_mins(1) {
        case.simulate = case.simulate / 8;
    }
    if case.drain {
        // A message that takes a month to send keeps a drain going for its five days.
        case.params.network.link = Link::PerConnection(Bandwidth::UNLIMITED);
        sender.give_up_after = sender.give_up_after.min(Span::from_mins(10));
        if let QueueRuns::Periodic { interval, .. } = &mut sender.runs {
            *interval = (*interval).max(Span::from_mins(1));
        }
    }
    case
}

fn seconds(list: &'static [f64]) -> impl Strategy<Value = Span> {
    prop::sample::select(list).prop_map(Span::from_seconds)
}

fn workload(simulate: Span) -> impl Strategy<Value = Workload> {
    let rate = move |n: u64| Rate(n as f64 / simulate.seconds());
    let recorded = prop::collection::vec(
        (0..simulate.nanos(), prop::option::of(0u64..1 << 33), prop::option::of(1u32..500)),
        0..150,
    );
    let arrivals = prop_oneof![
        1 => Just(Arrivals::None),
        4 => (1u64..200).prop_map(move |n| Arrivals::Poisson(rate(n))),
        2 => (1u64..200).prop_map(move |n| Arrivals::Constant(rate(n))),
        2 => prop::collection::vec(0.0..150.0f64, 24).prop_map(|hours| {
            let mut profile = [0.0; 24];
            profile.copy_from_slice(&hours);
            Arrivals::DailyProfile(Box::new(profile))
        }),
        2 => recorded.prop_map(|mut list| {
            list.sort_unstable();
            let one = |(at, bytes, recipients): (u64, Option<u64>, Option<u32>)| Recorded {
                at: SimTime::from_nanos(at),
                bytes,
                recipients,
                destination: None,
            };
            Arrivals::Replay(list.into_iter().map(one).collect())
        }),
    ];
    let burst = (0..simulate.nanos(), 1u64..80, seconds(&[0.0, 0.001, 60.0, 600.0]));
    let bursts = prop::collection::vec(burst, 0..3).prop_map(|list| {
        let one = |(at, messages, over)| Burst { at: SimTime::from_nanos(at), messages, over };
        list.into_iter().map(one).collect()
    });
    let backlog = prop_oneof![2 => Just(0u64), 1 => 1u64..200];
    let recipients = (1.0..20.0f64, prop::sample::select(&[1u32, 2, 100, u32::MAX][..]))
        .prop_map(|(mean, max)| Recipients { mean, max });
    (arrivals, 0u64..86_400, bursts, backlog, size(), recipients).prop_map(
        |(arrivals, clock, bursts, backlog, size, recipients)| Workload {
            arrivals,
            clock_at_start: Span::from_secs(clock),
            bursts,
            backlog,
            size,
            recipients,
        },
    )
}

fn size() -> impl Strategy<Value = Shape> {
    prop_oneof![
        Just(Shape::lognormal_by_median(18_000.0, 1.7, Some(36e6))),
        Just(Shape::Fixed(0.0)),
        Just(Shape::Fixed(1e12)),
        Just(Shape::Empirical(Arc::from([1.0, 500.0, 4e9]))),
    ]
}

fn service() -> impl Strategy<Value = Shape> {
    let plain = prop_oneof![
        3 => (0.001..20.0f64, 0.0..3.0f64)
            .prop_map(|(mean, sigma)| Shape::lognormal_by_mean(mean, sigma, None)),
        1 => Just(Shape::Fixed(0.0)),
        1 => (0.0..60.0f64).prop_map(Shape::Fixed),
        1 => (0.01..10.0f64).prop_map(Shape::Exponential),
        1 => (0.0..1.0f64, 1.0..30.0f64).prop_map(|(low, high)| Shape::Uniform { low, high }),
        1 => (0.01..5.0f64, 0.05..20.0f64).prop_map(|(mean, shape)| Shape::Gamma { mean, shape }),
        1 => Just(Shape::Empirical(Arc::from([0.1, 0.3, 900.0]))),
    ];
    (plain.clone(), plain, prop::bool::weighted(0.2)).prop_map(|(one, other, mixed)| {
        if mixed { Shape::Mix(vec![(0.9, one), (0.1, other)]) } else { one }
    })
}

fn runs() -> impl Strategy<Value = QueueRuns> {
    let pause = || seconds(&[0.0, 0.5, 1.0, 5.0, 60.0]);
    prop_oneof![
        (seconds(&[0.5, 1.0, 60.0, 300.0, 1800.0]), prop::option::of(1u32..20)).prop_map(
            |(interval, max_runner_processes)| QueueRuns::Periodic {
                interval,
                max_runner_processes
            }
        ),
        (pause(), pause()).prop_map(|(after_work, after_empty)| QueueRuns::Persistent {
            after_work,
            after_empty
        }),
    ]
}

fn host_status() -> impl Strategy<Value = HostStatus> {
    (
        any::<bool>(),
        seconds(&[0.0, 0.3, 1.0, 60.0, 1800.0, 1e9]),
        prop::sample::select(&[HostKey::HostName, HostKey::Address][..]),
        prop::sample::select(&[Marks::Sendmail, Marks::Any4xx][..]),
        prop::sample::select(&[1u32, 1, 2, 5][..]),
    )
        .prop_map(|(enabled, remember_for, key, marks, threshold)| HostStatus {
            enabled,
            remember_for,
            key,
            marks,
            threshold,
        })
}

fn sender() -> impl Strategy<Value = Sender> {
    let shape = (
        1u32..4,
        prop::bool::weighted(0.25),
        runs(),
        1u32..9,
        seconds(&[0.0, 0.5, 1.0, 60.0, 1800.0]),
        seconds(&[0.0, 0.25, 60.0, 1800.0]),
        prop::sample::select(&[Order::Priority, Order::Time, Order::Random][..]),
    );
    let limits = (
        prop::option::of(prop::sample::select(&[1u32, 2, 5, 20, u32::MAX][..])),
        seconds(&[0.0, 2.0, 300.0]),
        prop::sample::select(&[1u32, 2, 3, 100][..]),
        host_status(),
        prop::bool::weighted(0.2),
    );
    let times = (
        seconds(&[0.0, 0.001, 1.0]),
        seconds(&[0.0, 0.5]),
        seconds(&[0.0, 0.027]),
        seconds(&[0.0, 30.0, 300.0]),
        seconds(&[0.0, 60.0, 14_400.0]),
        seconds(&[1.0, 600.0, 3600.0, 432_000.0]),
        seconds(&[0.0, 0.004, 1.0, 1.0, 60.0]),
    );
    (shape, limits, times).prop_map(|(shape, limits, times)| {
        let (agents, immediate, runs, runners, min_queue_age, first_run_at, order) = shape;
        let (messages_per_connection, cache_idle, cache_size, host_status, single) = limits;
        let (skip, run_start, process_start, greeting, warn_after, give_up_after, clock_step) =
            times;
        Sender {
            agents,
            delivery: if immediate { DeliveryMode::Immediate } else { DeliveryMode::QueueOnly },
            runs,
            runners,
            min_queue_age,
            first_run_at: SimTime::ZERO + first_run_at,
            order,
            messages_per_connection,
            cache_idle,
            cache_size,
            host_status,
            single_thread_delivery: single,
            costs: Costs { skip, run_start, process_start },
            timeouts: Timeouts { greeting, ..Timeouts::default() },
            warn_after,
            give_up_after,
            clock_step,
        }
    })
}

fn deferral() -> impl Strategy<Value = Deferral> {
    let phases = &[SmtpPhase::Mail, SmtpPhase::Rcpt, SmtpPhase::Data, SmtpPhase::Dot][..];
    let codes = &[421u16, 450, 451, 452, 550][..];
    let chances = &[0.02, 0.3, 1.0][..];
    (prop::sample::select(phases), prop::sample::select(codes), prop::sample::select(chances))
        .prop_map(|(at, code, chance)| Deferral {
            at,
            code,
            reply: Arc::from(format!("{code} 4.7.500 Server busy")),
            chance: Share::new(chance),
        })
}

fn receiver() -> impl Strategy<Value = Receiver> {
    let troubles = &[Trouble::Reset, Trouble::Refuse, Trouble::Greeting421, Trouble::Silent][..];
    let addressing = (
        1u32..5,
        prop::sample::select(&[Routing::OneName, Routing::MxHosts, Routing::Addresses][..]),
        prop::sample::select(
            &[AddressOrder::Random, AddressOrder::Rotating, AddressOrder::AsListed][..],
        ),
        // Also front ends that do not exist, and all of them dead.
        prop_oneof![
            3 => Just(Vec::new()),
            2 => prop::collection::vec((0u32..5, prop::sample::select(troubles)), 1..5),
        ],
    );
    let life = (
        prop::option::weighted(0.8, 1u64..1200),
        seconds(&[0.0, 1.0, 60.0]),
        prop::sample::select(&[Cut::Reset, Cut::Reply421, Cut::Unsolicited421][..]),
        prop::sample::select(&[Commit::AfterReply, Commit::BeforeReply][..]),
        prop::option::of(seconds(&[0.0, 1.0, 300.0])),
    );
    let load = (
        service(),
        prop::collection::vec((0u64..7200, seconds(&[0.0, 0.5, 30.0])), 0..3),
        seconds(&[0.0, 0.04, 5.0]),
        prop::option::weighted(0.3, 1u32..12),
        prop::option::weighted(0.3, 1u32..6),
        prop_oneof![1 => Just(Vec::new()), 1 => prop::collection::vec(deferral(), 1..4)],
    );
    (addressing, life, load).prop_map(|(addressing, life, load)| {
        let (front_ends, routing, address_order, dead) = addressing;
        let (lifetime, lifetime_jitter, cut, commit, idle_timeout) = life;
        let (service_time, mut overhead, connect_time, most, most_per_source, deferrals) = load;
        overhead.sort_unstable();
        let step = |(from, span): (u64, Span)| (SimTime::ZERO + Span::from_secs(from), span);
        Receiver {
            front_ends,
            routing,
            address_order,
            connection_lifetime: lifetime.map(Span::from_secs),
            lifetime_jitter,
            cut,
            commit,
            service_time,
            service_block: None,
            message_overhead: overhead.into_iter().map(step).collect(),
            connect_time,
            idle_timeout,
            max_connections: most,
            max_connections_per_source: most_per_source,
            deferrals,
            dead,
            ..Receiver::default()
        }
    })
}

fn network() -> impl Strategy<Value = Network> {
    let bandwidth = prop::sample::select(&[20e6, 1000.0, f64::INFINITY][..]).prop_map(Bandwidth);
    (seconds(&[0.0, 0.03, 1.0, 1.0]), bandwidth).prop_map(|(round_trip, bandwidth)| Network {
        round_trip,
        link: Link::PerConnection(bandwidth),
    })
}

/// Corners of the model that independent draws would hardly ever meet together.
#[derive(Clone, Copy, Debug)]
struct Switches {
    nothing_takes_time: bool,
    cut_all_the_time: bool,
    idle_between_uses: bool,
}

fn switches() -> impl Strategy<Value = Switches> {
    let rarely = || prop::bool::weighted(0.1);
    (rarely(), rarely(), rarely()).prop_map(|(nothing, cut, idle)| Switches {
        nothing_takes_time: nothing,
        cut_all_the_time: cut,
        idle_between_uses: idle,
    })
}

impl Switches {
    fn apply(self, sender: &mut Sender, receiver: &mut Receiver) {
        if self.nothing_takes_time {
            sender.costs =
                Costs { skip: Span::ZERO, run_start: Span::ZERO, process_start: Span::ZERO };
            sender.runs = QueueRuns::Persistent { after_work: Span::ZERO, after_empty: Span::ZERO };
            sender.min_queue_age = Span::ZERO;
            sender.host_status.remember_for = Span::ZERO;
            receiver.service_time = Shape::Fixed(0.0);
            receiver.connect_time = Span::ZERO;
            receiver.message_overhead.clear();
        }
        if self.cut_all_the_time {
            receiver.connection_lifetime = Some(Span::from_secs(3));
            receiver.lifetime_jitter = Span::ZERO;
            sender.messages_per_connection = None;
        }
        if self.idle_between_uses {
            // What one host refuses goes to the next one, and the first connection waits meanwhile.
            (receiver.front_ends, receiver.routing) = (3, Routing::MxHosts);
            receiver.dead.clear();
            receiver.idle_timeout = Some(Span::from_secs(1));
            receiver.connection_lifetime = None;
            receiver.service_time = Shape::Fixed(3.0);
            (sender.cache_idle, sender.cache_size) = (Span::from_mins(5), 3);
            sender.messages_per_connection = None;
        }
    }
}

/// The same run with spans, sizes and counts pushed to the end of their range: whatever `pick` says.
pub(crate) fn hugely(mut case: Case, pick: u32) -> Case {
    let huge = [Span::from_secs(10_000_000_000), Span::MAX][(pick & 1) as usize];
    let chosen = |bit: u32| pick >> bit & 1 == 1;
    let Params { workload, sender, receiver, network, .. } = &mut case.params;
    for (bit, span) in [
        (1, &mut sender.min_queue_age),
        (2, &mut sender.cache_idle),
        (3, &mut sender.host_status.remember_for),
        (4, &mut sender.costs.skip),
        (5, &mut sender.costs.run_start),
        (6, &mut sender.costs.process_start),
        (7, &mut sender.timeouts.greeting),
        (8, &mut sender.warn_after),
        (9, &mut sender.give_up_after),
        (10, &mut sender.clock_step),
        (11, &mut receiver.lifetime_jitter),
        (12, &mut receiver.connect_time),
        (13, &mut network.round_trip),
    ] {
        if chosen(bit) {
            *span = huge;
        }
    }
    if chosen(14) {
        receiver.connection_lifetime = Some(huge);
        receiver.idle_timeout = Some(huge);
        receiver.service_time = Shape::Fixed(1e300);
    }
    if chosen(15) {
        workload.size = Shape::Fixed(f64::from(u32::MAX) * 4.0);
        network.link = Link::PerConnection(Bandwidth(1e-9));
        workload.recipients = Recipients { mean: 1e9, max: u32::MAX };
    }
    if chosen(16) {
        sender.runs = QueueRuns::Persistent { after_work: huge, after_empty: huge };
    }
    if chosen(17) {
        sender.runs = QueueRuns::Periodic { interval: huge, max_runner_processes: Some(u32::MAX) };
        sender.runners = 500;
    }
    if chosen(18) {
        sender.first_run_at = SimTime::ZERO + huge;
    }
    case
}
