//! The parts of a run side by side: its destinations and its windows, in as many blocks as fit the page.

use super::table::WIDTH;
use super::{Style, human};
use crate::experiment::Metrics;
use crate::measure::Metric;
use crate::units::Span;
use std::fmt::Write;

/// Columns of text for the label of a row.
const LABEL: usize = 28;
/// Narrowest column of a part.
const NARROWEST: usize = 13;

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

/// One part: its name, the width of its column, its metrics.
type Column<'a> = (String, usize, &'a Metrics);

/// One column for each part; nothing where there are none.
pub(super) fn compared(metrics: &Metrics, style: Style) -> String {
    let mut out = String::new();
    for block in blocks(metrics) {
        let title = if out.is_empty() { "Part by part" } else { "" };
        let heading = line(title, &block, |(name, ..)| name.clone());
        let _ = writeln!(out, "\n{}", style.bold(&heading));
        for (label, metric) in ROWS {
            let row = line(&format!("  {label}"), &block, |(_, _, of)| value(of, metric));
            let _ = writeln!(out, "{row}");
        }
    }
    out
}

/// As many parts beside each other as there is room for.
fn blocks(metrics: &Metrics) -> Vec<Vec<Column<'_>>> {
    let mut blocks: Vec<Vec<Column<'_>>> = Vec::new();
    let mut room = 0;
    for (name, of) in metrics.parts() {
        let name = format!("@{name}");
        let width = NARROWEST.max(name.chars().count() + 1);
        match blocks.last_mut().filter(|_| width <= room) {
            Some(block) => {
                block.push((name, width, of));
                room -= width;
            }
            None => {
                blocks.push(vec![(name, width, of)]);
                room = (WIDTH - LABEL).saturating_sub(width);
            }
        }
    }
    blocks
}

fn line(label: &str, block: &[Column<'_>], cell: impl Fn(&Column<'_>) -> String) -> String {
    let cells = block.iter().map(|column| format!("{:>1$}", cell(column), column.1));
    format!("{label:<LABEL$}{}", cells.collect::<String>())
}

fn value(of: &Metrics, metric: Metric) -> String {
    let estimate = of.get(metric).copied().unwrap_or_default();
    let [value, ..] = human::estimate(&estimate, metric.unit());
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(names: &[&str]) -> String {
        let estimate =
            r#"{"point":750.0,"low":null,"high":null,"day_low":null,"day_high":null,"n":1}"#;
        let entries = names.iter().map(|name| format!("\"delay.p99@{name}\":{estimate}"));
        let json = format!("{{{}}}", entries.collect::<Vec<_>>().join(","));
        compared(&serde_json::from_str(&json).expect("metrics"), Style::PLAIN)
    }

    #[test]
    fn parts_stand_side_by_side_and_wrap_at_eighty_columns() {
        assert_eq!(shown(&[]), "");
        let long = "a".repeat(40);
        let names = ["before", "after", "noon", "night", "partner", &long, &long[1..]];
        let text = shown(&names);
        let headings: Vec<&str> = text.lines().filter(|line| line.contains('@')).collect();
        assert_eq!(headings.len(), 4, "{text}");
        assert!(headings[0].starts_with("Part by part") && headings[0].ends_with("@night"));
        for line in text.lines() {
            assert!(line.chars().count() <= WIDTH && line.trim_end() == line, "{line:?}");
        }
        assert_eq!(text.matches("12m 30s").count(), names.len());
    }
}
