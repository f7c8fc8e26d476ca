//! One replication: parameters and a number in, a record out.
//!
//! TEMPORARY: a single queue by Lindley's recursion stands in for the simulator until that is merged, so
//! that everything downstream can be built and tested. Not a model of anything.

use crate::engine::Stream;
use crate::measure::{Counts, Delays, RunRecord, Timeline};
use crate::model::params::Params;
use crate::units::Span;

/// How long to simulate, and from which seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplicationSettings {
    /// Simulated time.
    pub simulate: Span,
    /// Message metrics cover arrivals from here on.
    pub warm_up: Span,
    /// Whether to go on until the measured mail is out.
    pub drain: bool,
    /// The seed of all replications.
    pub seed: u64,
}

/// Runs replication number `replication`.
pub fn replicate(params: &Params, settings: &ReplicationSettings, replication: u64) -> RunRecord {
    let mut draws = Stream::new(settings.seed, replication, "stand-in").at(0);
    let horizon = settings.simulate.seconds();
    let bad = draws.uniform() < 0.3 && !params.workload.bursts.is_empty();
    let (mut now, mut free) = (0.0, 0.0f64);
    let (mut delays, mut counts) = (Delays::default(), Counts::default());
    let mut timeline = Timeline { bin: Span::from_mins(5), ..Timeline::default() };
    loop {
        now += -libm::log(draws.uniform()) * 4.0;
        if now >= horizon {
            break;
        }
        let service = -libm::log(draws.uniform()) * if bad { 3.99 } else { 2.0 };
        free = free.max(now) + service;
        delays.delivered.record(Span::from_seconds(free - now).nanos());
        let bin = (now / 300.0) as usize;
        timeline.arrived.resize(bin + 1, 0);
        timeline.delivered.resize(bin + 1, 0);
        timeline.queue.resize(bin + 1, 0.0);
        timeline.arrived[bin] += 1;
        timeline.delivered[bin] += 1;
        timeline.queue[bin] = (free - now) / service;
        counts.arrived += 1;
    }
    counts.delivered = counts.arrived;
    counts.deliveries_simulated = counts.arrived;
    counts.tries_made = counts.arrived;
    counts.connections_opened = 3 + draws.below(5);
    RunRecord { replication, delays, counts, timeline, trace: draws.bits() }
}
