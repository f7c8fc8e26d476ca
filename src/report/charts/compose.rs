//! The charts of a run, composed from the scenario and what its replications left behind.

use super::{ChartError, DelayCurve, TimelineView, delay_distribution, text, timeline};
use crate::measure::RunRecord;
use crate::model::params::Action;
use crate::scenario::Scenario;
use crate::units::{SimTime, Span};

const DELAYS: &str = "How long mail takes to reach Exchange Online";
const HOW_TO_READ_DELAYS: &str = "Each curve climbs to the share of messages delivered within the time below \
                                  it: further left is faster. Markers stand at the median (p50) and at the \
                                  99 % point (p99).";

/// The delays of one scenario or of several.
///
/// # Errors
/// [`ChartError::Curves`] without a curve or with more than one chart can tell apart.
pub fn delays(curves: &[DelayCurve]) -> Result<String, ChartError> {
    delay_distribution(DELAYS, HOW_TO_READ_DELAYS, curves)
}

/// One replication of `scenario` along the clock.
///
/// # Errors
/// Only when the drawing library gives up.
pub fn day(scenario: &Scenario, record: &RunRecord) -> Result<String, ChartError> {
    let run = &scenario.run;
    let word = if run.simulate == Span::from_hours(24) { "Day" } else { "Run" };
    let which = format!("{word} {} of {}, seed {}", record.replication + 1, run.repeats, run.seed);
    timeline(&TimelineView {
        title: &scenario.name,
        which: &which,
        timeline: &record.timeline,
        clock_at_start: run.starts,
        changes: &changes(scenario),
    })
}

/// What disturbs the run, in words: its bursts, outages and changes.
fn changes(scenario: &Scenario) -> Vec<(SimTime, String)> {
    let bursts = scenario.params.workload.bursts.iter();
    let words = |messages: u64| format!("burst of {} messages", text::count(messages as f64));
    let bursts = bursts.map(|burst| (burst.at, words(burst.messages)));
    let receivers = (0..scenario.params.destinations()).map(|n| scenario.params.receiver_of(n));
    let outages = receivers.flat_map(|receiver| &receiver.outages);
    let outages = outages
        .map(|outage| (outage.from, format!("outage of front end {}", outage.front_end + 1)));
    let changes = scenario.params.changes.iter().map(|change| {
        let words = match change.action {
            Action::ClearHostStatus => "host status cleared",
            Action::Set(_) => "settings changed",
        };
        (change.at, words.to_owned())
    });
    let mut all: Vec<_> = bursts.chain(outages).chain(changes).collect();
    // Front ends that fail together, changes made together: one line says it.
    all.sort_by_key(|(at, _)| *at);
    all.dedup_by(|next, first| next == first);
    all
}
