//! Asks the model a question that no metric answers: how many messages did each connection carry?
//!
//! ```sh
//! cargo run --release --example own_observer
//! ```

use mailflow::experiment::{ReplicationSettings, replicate_observed};
use mailflow::model::params::{Burst, Params};
use mailflow::model::{Observation, Observer};
use mailflow::units::{SimTime, Span};
use std::collections::BTreeMap;

/// How many connections carried how many messages.
#[derive(Default)]
struct Carried(BTreeMap<u32, u32>);

impl Observer for Carried {
    fn observe(&mut self, _now: SimTime, observation: &Observation<'_>) {
        if let Observation::ConnectionClosed { carried, .. } = observation {
            *self.0.entry(*carried).or_default() += 1;
        }
    }
}

fn main() {
    // The defaults, with a burst in the morning.
    let mut params = Params::default();
    let at = SimTime::ZERO + Span::from_mins(9 * 60 + 30);
    params.workload.bursts = vec![Burst { at, messages: 6_000, over: Span::from_mins(5) }];
    let day = ReplicationSettings {
        simulate: Span::from_hours(24),
        warm_up: Span::ZERO,
        drain: Span::from_hours(120),
        seed: 42,
        parts: Vec::new(),
    };
    let mut carried = Carried::default();
    let record = replicate_observed(&params, &day, 0, &mut carried);
    println!("{} messages delivered; the fullest connections:", record.counts.delivered);
    for (messages, connections) in carried.0.iter().rev().take(10) {
        println!("  {messages:>5} messages on each of {connections}");
    }
}
