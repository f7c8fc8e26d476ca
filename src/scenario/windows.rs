//! `windows:` - spans of time for which every metric is given again, as `NAME@window`.

use super::instant::{end_instant, instant};
use super::keys::{KeyDoc, Kind};
use super::node::{self, Node, Value};
use super::problem::{Problem, quoted};
use super::reader::{Field, Report, Section};
use super::run::RunSettings;
use crate::model::params::Destination;
use crate::units::SimTime;
use std::sync::Arc;

/// More would be a timeline, and that is drawn anyway.
const MOST: usize = 48;

/// A span of time with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeWindow {
    /// What it is called: `delay.p99@NAME`.
    pub name: Arc<str>,
    /// Its start.
    pub from: SimTime,
    /// Its end.
    pub until: SimTime,
}

pub(super) const KEYS: &[KeyDoc] = &[KeyDoc::new(
    "windows",
    Kind::Windows,
    "{}",
    "Spans for which every metric is given again, as NAME@window; mail by its arrival; a time of day is the first such time of the run.",
)];

/// Reads `windows:`.
pub(super) fn read(
    top: &Section<'_>,
    run: &RunSettings,
    others: &[Destination],
) -> Vec<TimeWindow> {
    let mut list = Vec::new();
    top.set("windows", |f| windows(f, run, others), &mut list);
    list
}

fn windows(
    field: &Field<'_>,
    run: &RunSettings,
    others: &[Destination],
) -> Option<Vec<TimeWindow>> {
    let entries = match &field.node.value {
        Value::Map(entries) => entries,
        Value::Null => return Some(Vec::new()),
        _ => return field.refuse("give each window a name"),
    };
    if entries.len() > MOST {
        return field.refuse(&format!("more than {MOST} windows"));
    }
    let mut list = Vec::new();
    for entry in entries {
        let path = node::join(&field.path, &entry.key);
        let taken = entry.key == "exchange_online" || others.iter().any(|o| *o.name == entry.key);
        if taken || !is_name(&entry.key) {
            let accepted =
                "a name of up to 40 letters, digits, _, - and ., other than a destination's";
            let (path, found) = match entry.key.is_empty() {
                true => (field.path.as_str(), "an empty name"),
                false => (path.as_str(), entry.key.as_str()),
            };
            field.report.at(&entry.place, path, &quoted(found), accepted, "");
            continue;
        }
        let inner = Field { node: &entry.value, path, doc: field.doc, report: field.report };
        if let Some((from, until)) = span(&inner, run) {
            list.push(TimeWindow { name: Arc::from(entry.key.as_str()), from, until });
        }
    }
    Some(list)
}

/// `09:00-12:00`, `9h-12h`, `Mon 09:00-Mon 12:00`.
fn span(field: &Field<'_>, run: &RunSettings) -> Option<(SimTime, SimTime)> {
    const ACCEPTED: &str = "a start and an end such as 09:00-12:00 or 9h-12h";
    let refuse = || field.refuse_as(&field.node.describe(), ACCEPTED, "");
    let Value::Scalar(text) = &field.node.value else { return refuse() };
    let Some((from, until)) = text.split_once('-') else { return refuse() };
    let part = |text: &str| Node {
        place: field.node.place.clone(),
        value: Value::Scalar(text.trim().to_owned()),
    };
    let (from, until) = (part(from), part(until));
    // Each end is read as an instant of its own.
    let doc = super::keys::find("changes[].at").unwrap_or(field.doc);
    let ends = Report::new(field.report.base());
    let of = |node| Field { node, path: field.path.clone(), doc, report: &ends };
    let span = instant(&of(&from), run)
        .and_then(|from| Some((from, end_instant(&of(&until), run, Some(from))?)));
    // The window as it is written says more than the end that is wrong.
    for problem in ends.into_parts().0 {
        field.report.add(Problem { found: field.node.describe(), ..problem });
    }
    span
}

/// Whether expectations and file names can hold it.
pub(super) fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    !text.is_empty() && text.chars().count() <= 40 && text.chars().all(plain)
}
