//! Random receivers with every trouble there is.

use crate::params::seconds;
use mailflow::model::distribution::Shape;
use mailflow::model::params::*;
use mailflow::units::{Share, SimTime, Span};
use proptest::prelude::*;
use std::sync::Arc;

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

fn phase() -> impl Strategy<Value = SmtpPhase> {
    let phases = &[SmtpPhase::Mail, SmtpPhase::Rcpt, SmtpPhase::Data, SmtpPhase::Dot][..];
    prop::sample::select(phases)
}

fn deferral() -> impl Strategy<Value = Deferral> {
    let codes = &[421u16, 450, 451, 452, 550][..];
    let chances = &[0.02, 0.3, 1.0][..];
    (phase(), prop::sample::select(codes), prop::sample::select(chances)).prop_map(
        |(at, code, chance)| Deferral {
            at,
            code,
            reply: Arc::from(format!("{code} 4.7.500 Server busy")),
            chance: Share::new(chance),
        },
    )
}

fn behaviour() -> impl Strategy<Value = Trouble> {
    let behaviours = &[
        Trouble::Reset,
        Trouble::Refuse,
        Trouble::Greeting421,
        Trouble::Silent,
        Trouble::Defer,
        Trouble::Slow(8.0),
    ];
    prop::sample::select(&behaviours[..])
}

/// What goes wrong by the clock or by the luck of a connection.
#[derive(Clone, Debug)]
struct Troubles {
    throttle: Option<Throttle>,
    machines: u32,
    unhealthy: Option<UnhealthyMachines>,
    slow_hours: Vec<SlowHours>,
    episodes: Option<Episodes>,
    outages: Vec<Outage>,
}

fn throttle() -> impl Strategy<Value = Throttle> {
    let at = prop::sample::select(&[SmtpPhase::Rcpt, SmtpPhase::Dot][..]);
    let per = seconds(&[0.0, 0.5, 60.0, 3600.0]);
    let code = prop::sample::select(&[421u16, 451, 452][..]);
    (0u64..50, per, at, code).prop_map(|(messages, per, at, code)| Throttle {
        messages,
        per,
        at,
        code,
        reply: Arc::from("451 4.7.500 Server busy"),
    })
}

fn episodes() -> impl Strategy<Value = Episodes> {
    let deferrals = prop::collection::vec(deferral(), 0..3);
    (seconds(&[0.0, 60.0, 1800.0]), seconds(&[0.0, 1.0, 600.0]), 1.0..20.0f64, deferrals)
        .prop_map(|(every, last, slower, deferrals)| Episodes { every, last, slower, deferrals })
}

fn troubles() -> impl Strategy<Value = Troubles> {
    let share = prop::sample::select(&[0.0, 0.05, 1.0][..]).prop_map(Share::new);
    let unhealthy =
        (share, behaviour()).prop_map(|(share, behaviour)| UnhealthyMachines { share, behaviour });
    let slow = (0u64..24, 0u64..24, prop::sample::select(&[0.5, 8.0][..])).prop_map(
        |(from, until, factor)| SlowHours {
            from: Span::from_hours(from),
            until: Span::from_hours(until),
            factor,
        },
    );
    // Also of front ends that do not exist.
    let outage = (0u32..5, 0u64..7200, 0u64..3600, behaviour()).prop_map(
        |(front_end, from, lasts, behaviour)| {
            let from = SimTime::ZERO + Span::from_secs(from);
            Outage { front_end, from, until: from + Span::from_secs(lasts), behaviour }
        },
    );
    (
        prop::option::weighted(0.2, throttle()),
        prop::sample::select(&[1u32, 20, 200][..]),
        prop::option::weighted(0.3, unhealthy),
        prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(slow, 1..3)],
        prop::option::weighted(0.2, episodes()),
        prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(outage, 1..4)],
    )
        .prop_map(|(throttle, machines, unhealthy, slow_hours, episodes, outages)| Troubles {
            throttle,
            machines,
            unhealthy,
            slow_hours,
            episodes,
            outages,
        })
}

pub(crate) fn receiver() -> impl Strategy<Value = Receiver> {
    let addressing = (
        1u32..5,
        prop::sample::select(&[Routing::OneName, Routing::MxHosts, Routing::Addresses][..]),
        prop::sample::select(
            &[AddressOrder::Random, AddressOrder::Rotating, AddressOrder::AsListed][..],
        ),
        // Also front ends that do not exist, and all of them dead.
        prop_oneof![
            3 => Just(Vec::new()),
            1 => prop::collection::vec((0u32..5, behaviour()), 1..5),
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
    (addressing, life, load, troubles()).prop_map(|(addressing, life, load, troubles)| {
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
            message_overhead: overhead.into_iter().map(step).collect(),
            connect_time,
            idle_timeout,
            max_connections: most,
            max_connections_per_source: most_per_source,
            deferrals,
            dead,
            throttle: troubles.throttle,
            machines_per_front_end: troubles.machines,
            unhealthy_machines: troubles.unhealthy,
            slow_hours: troubles.slow_hours,
            episodes: troubles.episodes,
            outages: troubles.outages,
        }
    })
}

/// None to two other destinations.
pub(crate) fn destinations() -> impl Strategy<Value = Vec<Destination>> {
    let share = prop::sample::select(&[0.0, 0.2, 0.5][..]).prop_map(Share::new);
    let one = (share, receiver()).prop_map(|(share, receiver)| Destination {
        name: Arc::from("other"),
        share,
        receiver,
    });
    prop_oneof![1 => Just(Vec::new()), 1 => prop::collection::vec(one, 1..3)]
}
