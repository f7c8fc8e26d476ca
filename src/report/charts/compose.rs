//! The charts of a run, composed from the scenario and what its replications left behind.

use super::band::MOST_BANDS;
use super::{
    Bar, ChartError, DaysView, DelayCurve, Drawing, TimelineView, arrivals, breakdown,
    days as days_chart, delay_distribution, delay_tail, text, timeline,
};
use crate::experiment::Days;
use crate::experiment::sweep::{Design, Page};
use crate::measure::{RunRecord, Waits};
use crate::model::params::Action;
use crate::scenario::Scenario;
use crate::units::{SimTime, Span};

pub(super) const DELAYS: &str = "How long mail takes to reach Exchange Online";
pub(super) const HOW_TO_READ_DELAYS: &str = "Each curve climbs to the share of messages delivered within the time below \
                                  it: further left is faster. Markers stand at the median (p50) and at the \
                                  99 % point (p99).";
pub(super) const TAIL: &str = "How much mail is how late";
pub(super) const HOW_TO_READ_TAIL: &str = "Read down: the share of messages later than the time below. A curve \
                                           that ends early has no late mail.";
pub(super) const CAUSES: &str = "What the delays are made of";
pub(super) const HOW_TO_READ_CAUSES: &str = "The mean delay of a message, by what it waited for.";

/// The delays of one scenario or of several; of many without bands, which would hide each other.
///
/// # Errors
/// [`ChartError::Curves`] without a curve or with more than one chart can tell apart.
pub fn delays(curves: &[DelayCurve]) -> Result<String, ChartError> {
    if curves.len() <= MOST_BANDS {
        return delay_distribution(DELAYS, HOW_TO_READ_DELAYS, curves);
    }
    let bare = |curve: &DelayCurve| curve.clone().with_band(Vec::new());
    let curves: Vec<DelayCurve> = curves.iter().map(bare).collect();
    delay_distribution(DELAYS, HOW_TO_READ_DELAYS, &curves)
}

/// One replication of `scenario` along the clock.
///
/// # Errors
/// Only when the drawing library gives up.
pub fn day(scenario: &Scenario, record: &RunRecord) -> Result<String, ChartError> {
    let run = &scenario.run;
    timeline(&TimelineView {
        title: &scenario.name,
        which: &which(record, run.simulate, (run.repeats, run.seed)),
        timeline: &record.timeline,
        clock_at_start: run.starts,
        changes: &disturbances(scenario),
    })
}

/// Which of several runs it is.
fn which(record: &RunRecord, simulate: Span, (repeats, seed): (u32, u64)) -> String {
    let word = if simulate == Span::from_hours(24) { "Day" } else { "Run" };
    format!("{word} {} of {repeats}, seed {seed}", record.replication + 1)
}

/// All charts of one scenario: its mail over all replications, and the story of the first one where that was
/// kept. `design` is of one cell.
///
/// # Errors
/// Only when the drawing library gives up.
pub fn run(
    design: &Design,
    curve: &DelayCurve,
    records: &[RunRecord],
) -> Result<Vec<Drawing>, ChartError> {
    let curve = std::slice::from_ref(curve);
    let mut all = vec![
        Drawing::new("delay", DELAYS, delays(curve)?),
        Drawing::new("tail", TAIL, delay_tail(TAIL, HOW_TO_READ_TAIL, curve)?),
    ];
    let entry = design.cells.first().map(|(_, entry)| entry);
    // One day tells the story; an average of days would show none that ever was.
    let first = records.first().filter(|record| !record.timeline.arrived.is_empty());
    if let (Some(record), Some(page), Some(entry)) = (first, &design.header.page, entry) {
        let which = which(record, entry.simulate, (records.len() as u32, design.header.seed));
        all.extend(story(&design.header.name, &which, page, record)?);
    }
    if let Some(page) = &design.header.page {
        let days = Days::of(records.iter().map(|record| &record.course));
        all.extend(on_top(&design.header.name, page, &days)?);
    }
    let bar = Bar {
        label: design.header.name.clone(),
        waits: Waits::mean(records.iter().map(|record| &record.counts)),
    };
    if bar.waits.total() > 0.0 {
        let svg = breakdown(CAUSES, HOW_TO_READ_CAUSES, &[bar])?;
        all.push(Drawing::new("causes", CAUSES, svg));
    }
    Ok(all)
}

/// All replications along the clock; nothing where there is one only.
pub(super) fn on_top(name: &str, page: &Page, days: &Days) -> Result<Option<Drawing>, ChartError> {
    if days.count() < 2 {
        return Ok(None);
    }
    let svg = days_chart(&DaysView {
        title: &format!("{name}: {} days on top of each other", days.count()),
        days,
        clock_at_start: page.starts,
        changes: &page.disturbances,
    })?;
    let title = format!("All {} days, hour by hour", days.count());
    Ok(Some(Drawing::new("days", &title, svg)))
}

/// One replication along the clock, and its mail by arrival.
fn story(
    name: &str,
    which: &str,
    page: &Page,
    record: &RunRecord,
) -> Result<[Drawing; 2], ChartError> {
    let day = timeline(&TimelineView {
        title: name,
        which,
        timeline: &record.timeline,
        clock_at_start: page.starts,
        changes: &page.disturbances,
    })?;
    let title = "Which mail is late";
    let by_arrival = arrivals(title, which, &record.timeline.delays, page.starts)?;
    Ok([
        Drawing::new("timeline", &format!("{which}, hour by hour"), day),
        Drawing::new("arrivals", title, by_arrival),
    ])
}

/// What disturbs the run, in words: its bursts, outages and changes.
pub fn disturbances(scenario: &Scenario) -> Vec<(SimTime, String)> {
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
        let words: Vec<String> =
            disturbances(&scenario).into_iter().map(|(_, words)| words).collect();
        let outages = ["outage of front end 2 of partner", "outage of front end 1"];
        assert_eq!(words, ["host status cleared", outages[0], outages[1], "settings changed"]);
    }
}
