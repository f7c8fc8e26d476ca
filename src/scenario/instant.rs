//! Instants of a run, as people write them: a time of day, a weekday and a time, or a span from the start.

use super::keys::short;
use super::reader::Field;
use super::run::RunSettings;
use crate::units::{SimTime, Span, parse};

/// An instant of the run before its end.
pub(super) fn instant(field: &Field<'_>, run: &RunSettings) -> Option<SimTime> {
    let at = moment(field, run, SimTime::ZERO)?;
    let end = SimTime::ZERO + run.simulate;
    if at < end { Some(at) } else { beyond(field, run, at) }
}

/// The end of something that starts at `from`: later than that, and at the end of the run at the latest.
pub(super) fn end_instant(
    field: &Field<'_>,
    run: &RunSettings,
    from: Option<SimTime>,
) -> Option<SimTime> {
    let from = from.unwrap_or(SimTime::ZERO);
    let until = moment(field, run, from + Span::from_nanos(1))?;
    if until == from {
        return field.refuse("it would end at the same instant as it starts");
    }
    if until < from {
        return field.refuse("it would end before it starts");
    }
    if until <= SimTime::ZERO + run.simulate { Some(until) } else { beyond(field, run, until) }
}

fn beyond(field: &Field<'_>, run: &RunSettings, at: SimTime) -> Option<SimTime> {
    let accepted = "an instant within the simulated time (run.starts, run.simulate)";
    let after = short(at.since(SimTime::ZERO));
    let end = short(run.simulate);
    let advice = format!("{after} after the start is not before its end, {end}");
    field.refuse_as(&field.node.describe(), accepted, &advice)
}

/// A time of day is its first occurrence at or after `earliest`, a weekday and a time likewise; a span
/// counts from the start.
fn moment(field: &Field<'_>, run: &RunSettings, earliest: SimTime) -> Option<SimTime> {
    let text = field.text()?;
    let first = |target: Span, cycle: Span| {
        let passed = (run.starts + earliest.since(SimTime::ZERO)).nanos() % cycle.nanos();
        let wait = (target.nanos() + cycle.nanos() - passed) % cycle.nanos();
        earliest + Span::from_nanos(wait)
    };
    let day = Span::from_hours(24);
    if !text.contains(':') {
        Some(SimTime::ZERO + field.parsed(parse::span)?)
    } else if text.trim_start().starts_with(char::is_alphabetic) {
        Some(first(field.parsed(parse::week_time)?, day * 7))
    } else {
        Some(first(field.parsed(parse::time_of_day)?, day))
    }
}
