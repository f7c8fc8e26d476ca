//! The parts of a run side by side: its destinations and its windows, in as many blocks as fit the page.

use super::table::WIDTH;
use super::{Style, human};
use crate::experiment::{Estimate, Metrics};
use crate::measure::Metric;
use crate::units::Span;
use std::fmt::Write;

/// Columns of text for the label of a row.
const LABEL: usize = 28;
/// Narrowest column of a part.
const NARROWEST: usize = 12;

/// What parts are compared by.
const ROWS: [(&str, Metric); 9] = [
    ("messages arrived", Metric::MessagesArrived),
    ("delay on average     mean", Metric::DelayMean),
    ("half is faster than  p50", Metric::DelayP50),
    ("9 of 10              p90", Metric::DelayP90),
    ("99 of 100            p99", Metric::DelayP99),
    ("later than 1 hour", Metric::Late(Span::from_hours(1))),
    ("tries skipped: host bad", Metric::TriesSkipped),
    ("connections cut", Metric::ConnectionsCut),
    ("host blocked for", Metric::HostBlockedTime),
];

/// One column for each part; nothing where there are none.
pub(super) fn compared(metrics: &Metrics, style: Style) -> String {
    let parts: Vec<(&str, &Metrics)> = metrics.parts().collect();
    let longest = parts.iter().map(|(name, _)| name.chars().count() + 1).max().unwrap_or(0);
    let width = longest.max(NARROWEST) + 1;
    let mut out = String::new();
    for block in parts.chunks(((WIDTH - LABEL) / width).max(1)) {
        let names: String = block.iter().map(|(name, _)| format!("{:>width$}", at(name))).collect();
        let title = if out.is_empty() { "Part by part" } else { "" };
        let _ = writeln!(out, "\n{}", style.bold(&format!("{title:<LABEL$}{names}")));
        for (label, metric) in ROWS {
            let value = |of: &Metrics| {
                let estimate = of.get(metric).copied().unwrap_or_default();
                point(&estimate, metric)
            };
            let values: String =
                block.iter().map(|(_, of)| format!("{:>width$}", value(of))).collect();
            let _ = writeln!(out, "{:<LABEL$}{values}", format!("  {label}"));
        }
    }
    out
}

fn at(name: &str) -> String {
    format!("@{name}")
}

fn point(estimate: &Estimate, metric: Metric) -> String {
    let [value, ..] = human::estimate(estimate, metric.unit());
    value
}
