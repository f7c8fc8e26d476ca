//! Random valid parameters: every one of them is varied, its extremes included.

use crate::receiver::{destinations, receiver};
use mailflow::model::distribution::Shape;
use mailflow::model::params::*;
use mailflow::units::{Bandwidth, Rate, SimTime, Span};
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
            let sites = (workload(simulate), site(), destinations(), changes(simulate));
            sites.prop_map(move |(workload, site, others, changes)| {
                let (sender, receiver, network) = site;
                let params = Params {
                    workload,
                    sender,
                    receiver,
                    others,
                    network,
                    changes: Vec::new(),
                    laboratory: None,
                };
                let changes = changes.into_iter().map(|change| change.of(&params)).collect();
                affordable(Case { params: Params { changes, ..params }, simulate, drain, seed })
            })
        },
    )
}

/// The settings of both sides and of what is between them.
type Site = (Sender, Receiver, Network);

fn site() -> impl Strategy<Value = Site> {
    (sender(), receiver(), network(), switches()).prop_map(
        |(mut sender, mut receiver, network, s)| {
            s.apply(&mut sender, &mut receiver);
            (sender, receiver, network)
        },
    )
}

/// A change to come: to the settings of another random site, or, without one, a clear.
#[derive(Clone, Debug)]
struct NewSite(SimTime, Option<Box<Site>>);

fn changes(simulate: Span) -> impl Strategy<Value = Vec<NewSite>> {
    let site = prop::option::weighted(0.7, site().prop_map(Box::new));
    let change =
        (0..simulate.nanos(), site).prop_map(|(at, s)| NewSite(SimTime::from_nanos(at), s));
    let list = prop::collection::vec(change, 1..4).prop_map(|mut list| {
        list.sort_by_key(|change| change.0);
        list
    });
    prop_oneof![1 => Just(Vec::new()), 1 => list]
}

impl NewSite {
    /// What cannot change while mail is queued stays as it is in `params`.
    fn of(self, params: &Params) -> Change {
        let NewSite(at, Some(site)) = self else {
            return Change { at: self.0, action: Action::ClearHostStatus };
        };
        let (mut sender, mut receiver, network) = *site;
        let fixed = &params.sender;
        (sender.agents, sender.clock_step) = (fixed.agents, fixed.clock_step);
        sender.host_status.key = fixed.host_status.key;
        receiver.front_ends = params.receiver.front_ends;
        receiver.routing = params.receiver.routing;
        let set = Params { sender, receiver, network, ..params.clone() };
        Change { at, action: Action::Set(Box::new(set)) }
    }
}

/// All settings that hold at some time of the run.
fn settings(params: &mut Params) -> Vec<(&mut Sender, &mut Network)> {
    let changed = params.changes.iter_mut().filter_map(|change| match &mut change.action {
        Action::Set(new) => Some((&mut new.sender, &mut new.network)),
        Action::ClearHostStatus => None,
    });
    std::iter::once((&mut params.sender, &mut params.network)).chain(changed).collect()
}

/// Shortens what would take minutes: mail that no one accepts, tried again every second for hours (or, while
/// draining, for days).
fn affordable(mut case: Case) -> Case {
    let mut settings = settings(&mut case.params);
    if settings.iter().any(|(sender, _)| sender.min_queue_age < Span::from_mins(1)) {
        case.simulate = case.simulate / 8;
    }
    for (sender, network) in settings.iter_mut().filter(|_| case.drain) {
        // A message that takes a month to send keeps a drain going for its five days.
        network.link = Link::PerConnection(Bandwidth::UNLIMITED);
        sender.give_up_after = sender.give_up_after.min(Span::from_mins(10));
        if let QueueRuns::Periodic { interval, .. } = &mut sender.runs {
            *interval = (*interval).max(Span::from_mins(1));
        }
    }
    case
}

pub(crate) fn seconds(list: &'static [f64]) -> impl Strategy<Value = Span> {
    prop::sample::select(list).prop_map(Span::from_seconds)
}

fn workload(simulate: Span) -> impl Strategy<Value = Workload> {
    let rate = move |n: u64| Rate(n as f64 / simulate.seconds());
    let one = (
        0..simulate.nanos(),
        prop::option::of(0u64..1 << 33),
        prop::option::of(1u32..500),
        prop::option::of(0u16..4),
    );
    let recorded = prop::collection::vec(one, 0..150);
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
            let one = |(at, bytes, recipients, destination)| {
                Recorded { at: SimTime::from_nanos(at), bytes, recipients, destination }
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
            burstiness: Burstiness::None,
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

fn network() -> impl Strategy<Value = Network> {
    let bandwidth = prop::sample::select(&[20e6, 1000.0, f64::INFINITY][..]).prop_map(Bandwidth);
    (seconds(&[0.0, 0.03, 1.0]), bandwidth, prop::bool::weighted(0.4)).prop_map(
        |(round_trip, bandwidth, shared)| Network {
            round_trip,
            link: if shared { Link::Shared(bandwidth) } else { Link::PerConnection(bandwidth) },
        },
    )
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
pub(crate) fn hugely(case: Case, pick: u32) -> Case {
    let mut case = with_huge_values(case, pick);
    let clock_step = case.params.sender.clock_step;
    for change in &mut case.params.changes {
        if let Action::Set(new) = &mut change.action {
            // What no change changes.
            new.sender.clock_step = clock_step;
        }
    }
    case
}

fn with_huge_values(mut case: Case, pick: u32) -> Case {
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
        let slow = Bandwidth(1e-9);
        network.link = if chosen(19) { Link::Shared(slow) } else { Link::PerConnection(slow) };
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
    if chosen(20) {
        let (every, last) = (huge, huge);
        receiver.episodes = Some(Episodes { every, last, slower: 1e300, deferrals: Vec::new() });
        let (from, until) = (SimTime::ZERO, SimTime::ZERO + huge);
        let behaviour = Trouble::Slow(1e300);
        receiver.outages = vec![Outage { front_end: u32::MAX, from, until, behaviour }];
    }
    case
}
