//! A link that all transfers share is processor sharing: Kleinrock (1976), sections 4.4 and 4.7.
//!
//! With immediate delivery, no service and no round trips each message is a transfer and nothing else.

use crate::mail::{MEGABYTE, REPLICATIONS, by, poisson, run_all, settings, transfers};
use crate::reference::assert_covers;
use mailflow::experiment::{ReplicationSettings, replicate, replicate_observed};
use mailflow::model::distribution::Shape;
use mailflow::model::params::{Arrivals, Burst, Link, Params};
use mailflow::model::{Observation, Observer};
use mailflow::units::{Bandwidth, SimTime, Span};
use rayon::prelude::*;

/// Size in megabytes and delay in seconds of each message from an instant on.
#[derive(Default)]
struct Transfers {
    from: SimTime,
    seen: Vec<(f64, f64)>,
}

impl Observer for Transfers {
    fn observe(&mut self, now: SimTime, observation: &Observation<'_>) {
        if let Observation::Delivered { message, .. } = observation
            && message.created >= self.from
        {
            let delay = now.since(message.created).seconds();
            self.seen.push((f64::from(message.bytes) / MEGABYTE, delay));
        }
    }
}

fn observed(params: &Params, settings: &ReplicationSettings, replication: u64) -> Transfers {
    let mut transfers = Transfers { from: SimTime::ZERO + settings.warm_up, seen: Vec::new() };
    replicate_observed(params, settings, replication, &mut transfers);
    transfers
}

#[test]
fn n_equal_transfers_each_take_exactly_n_times_as_long_as_one() {
    let alone = 0.25;
    for n in [1u64, 2, 3, 7, 50, 1000] {
        let mut params = transfers(Arrivals::None, Shape::Fixed(alone * MEGABYTE));
        let at = SimTime::ZERO + Span::from_mins(1);
        params.workload.bursts = vec![Burst { at, messages: n, over: Span::ZERO }];
        let settings = ReplicationSettings { warm_up: Span::ZERO, ..settings(2, false) };
        let seen = observed(&params, &settings, 0).seen;
        assert_eq!(seen.len() as u64, n);
        assert!(seen.iter().all(|(_, delay)| *delay == alone * n as f64), "{n}: {:?}", seen[0]);
    }
}

/// The textbook: a load of 0.8 on transfers of one second on average, whatever their distribution.
const LOAD: f64 = 0.8;

fn assert_sojourn(what: &str, size: Shape, hours: u64) {
    let runs = run_all(&transfers(poisson(LOAD), size), hours, true);
    assert_covers(what, 1.0 / (1.0 - LOAD), &by(&runs, crate::mail::mean_delay));
    // Little's law: the number under way is that of M/M/1.
    assert_covers(what, LOAD / (1.0 - LOAD), &by(&runs, |run| run.counts.queue_mean));
}

#[test]
fn exponential_sizes_make_it_m_m_1_processor_sharing() {
    assert_sojourn("M/M/1-PS", Shape::Exponential(MEGABYTE), 12);
}

#[test]
fn lognormal_sizes_have_the_same_mean() {
    // Under first come, first served the mean would be 11 (reference value "M/G/1 lognormal").
    let size = Shape::lognormal_by_mean(MEGABYTE, 1.268_636_241_179_519_6, None);
    assert_sojourn("M/G/1-PS lognormal", size, 36);
}

#[test]
fn a_mix_of_small_and_large_sizes_has_the_same_mean() {
    // Under first come, first served the mean would be 9 (reference value "M/G/1 hyperexponential H2").
    let small = (0.9, Shape::Exponential(MEGABYTE * 2.0 / 3.0));
    let large = (0.1, Shape::Exponential(MEGABYTE * 4.0));
    assert_sojourn("M/G/1-PS H2", Shape::Mix(vec![small, large]), 36);
}

#[test]
fn equal_sizes_have_the_same_mean() {
    assert_sojourn("M/D/1-PS", Shape::Fixed(MEGABYTE), 12);
}

#[test]
fn a_transfer_takes_its_own_length_over_the_share_that_is_left() {
    // The mean time of a transfer of length x is x / (1 - rho), large or small: ratios by class of size.
    let params = transfers(poisson(LOAD), Shape::Exponential(MEGABYTE));
    let settings = settings(24, false);
    let runs: Vec<Transfers> =
        (0..REPLICATIONS).into_par_iter().map(|n| observed(&params, &settings, n)).collect();
    for (low, high) in [(0.0, 0.25), (0.25, 1.0), (1.0, 2.0), (2.0, 4.0), (4.0, 100.0)] {
        let ratio = |run: &Transfers| {
            let class = run.seen.iter().filter(|(size, _)| (low..high).contains(size));
            let (sizes, delays) = class.fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
            delays / sizes
        };
        let what = format!("sizes from {low} to {high} MB");
        assert_covers(&what, 1.0 / (1.0 - LOAD), &by(&runs, ratio));
    }
}

#[test]
fn a_shared_link_without_a_limit_is_no_link_at_all() {
    let mut params = transfers(poisson(0.5), Shape::Exponential(MEGABYTE));
    params.receiver.service_time = Shape::Exponential(1.0);
    params.network.round_trip = Span::from_millis(30);
    let settings = settings(4, true);
    params.network.link = Link::PerConnection(Bandwidth::UNLIMITED);
    let without = replicate(&params, &settings, 0);
    for bandwidth in [Bandwidth::UNLIMITED, Bandwidth(f64::INFINITY)] {
        params.network.link = Link::Shared(bandwidth);
        // The same events in the same order, to the nanosecond.
        assert!(replicate(&params, &settings, 0) == without, "{bandwidth:?}");
    }
}
