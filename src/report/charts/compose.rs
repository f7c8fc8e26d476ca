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
    let outages = (0..scenario.params.destinations()).flat_map(|number| outages(scenario, number));
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

/// The outages of one destination, in words.
fn outages(scenario: &Scenario, number: usize) -> impl Iterator<Item = (SimTime, String)> {
    let other = number.checked_sub(1).and_then(|other| scenario.params.others.get(other));
    let owner = other.map_or_else(String::new, |other| format!(" of {}", other.name));
    let outages = scenario.params.receiver_of(number).outages.iter();
    outages.map(move |outage| {
        (outage.from, format!("outage of front end {}{owner}", outage.front_end + 1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_disturbs_a_run_is_noted_in_order_of_time() {
        let text = "
            name: x
            changes: [ { at: 3h, clear_hoststat: all }, { at: 9h, set: { proofpoint.messages_per_connection: 9 } } ]
            exchange_online: { outages: [ { front_end: 1, from: 5h, until: 6h, behaviour: refuse } ] }
            destinations:
              - { name: partner, share: 1%, receiver: { outages: [ { front_end: 2, from: 4h, until: 6h, behaviour: refuse } ] } }
        ";
        let scenario = crate::scenario::parse("x", text, ".".as_ref(), &[]).expect("valid");
        let words: Vec<String> = changes(&scenario).into_iter().map(|(_, words)| words).collect();
        let outages = ["outage of front end 2 of partner", "outage of front end 1"];
        assert_eq!(words, ["host status cleared", outages[0], outages[1], "settings changed"]);
    }
}
