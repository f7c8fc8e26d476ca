//! Sweeps: one row for each combination of settings, in the order of the design.

mod columns;
mod differences;
mod effects;

pub use differences::{sweeps_markdown, sweeps_page};
pub use effects::effects_csv;

pub(super) use columns::Columns;
use columns::letter;
pub(super) use columns::short;

use super::metrics::quoted;
use super::style::Style;
use super::table::{WIDTH, verdict_of, wrapped};
use super::{files_written, human};
use crate::experiment::{Cell, Estimate, Results, Warning};
use crate::measure::Metric;
use crate::units::Span;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write;

/// What people compare combinations by.
const MAIN: [(&str, Metric); 5] = [
    ("p50", Metric::DelayP50),
    ("p99", Metric::DelayP99),
    ("late 1h", Metric::Late(Span::from_hours(1))),
    ("cut", Metric::ConnectionsCut),
    ("queue.max", Metric::QueueMax),
];
/// More rows than this nobody reads on a page; the best and the worst are shown.
const MOST_ROWS: usize = 40;

/// The keys that vary.
fn keys(results: &Results) -> Vec<&str> {
    let first = results.cells.first();
    first.map(|cell| cell.settings.keys().map(String::as_str).collect()).unwrap_or_default()
}

pub(super) fn plain(value: Option<&Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn setting(cell: &Cell, key: &str) -> String {
    plain(cell.settings.get(key))
}

/// Settings, then NAME, NAME.low and NAME.high of every metric in SI units; empty where nothing is known.
pub fn combinations_csv(results: &Results) -> String {
    let (mut names, mut known) = (Vec::new(), BTreeSet::new());
    for (name, ..) in results.cells.iter().flat_map(|cell| cell.metrics.named()) {
        if known.insert(name.clone()) {
            names.push(name);
        }
    }
    let keys = keys(results);
    let metrics =
        names.iter().flat_map(|name| ["", ".low", ".high"].map(|of| format!("{name}{of}")));
    let compared = results.cells.iter().any(|cell| cell.difference.is_some());
    // After all that was there before: who reads by position finds it where it was.
    let differences = names.iter().filter(|_| compared).flat_map(|name| {
        ["", ".low", ".high", ".family_low", ".family_high"]
            .map(|of| format!("{name}.difference{of}"))
    });
    let header = keys.iter().map(|key| (*key).to_owned()).chain(metrics).chain(differences);
    let mut out = header.map(|text| quoted(&text)).collect::<Vec<_>>().join(",") + "\n";
    for cell in &results.cells {
        let mut row: Vec<String> = keys.iter().map(|key| quoted(&setting(cell, key))).collect();
        let number = |value: Option<f64>| value.map(|v| v.to_string()).unwrap_or_default();
        for name in &names {
            let of = cell.metrics.find(name).map(|(_, estimate)| *estimate).unwrap_or_default();
            row.extend([of.point, of.low, of.high].map(number));
        }
        for name in names.iter().filter(|_| compared) {
            let of = cell.difference.as_ref().and_then(|all| all.get(name)).copied();
            let d = of.unwrap_or_default();
            row.extend([d.point, d.low, d.high, d.family_low, d.family_high].map(number));
        }
        out += &(row.join(",") + "\n");
    }
    out
}

/// Settings and the main metrics with their intervals.
pub fn combinations_markdown(results: &Results) -> String {
    let keys = keys(results);
    let cell = |text: &str| text.replace('|', "\\|");
    let mut out = String::from("|");
    keys.iter().for_each(|key| out += &format!(" {} |", cell(key)));
    MAIN.iter().for_each(|(_, metric)| out += &format!(" `{}` |", metric.name()));
    out += &format!("\n|{}{}\n", "---|".repeat(keys.len()), "--:|".repeat(MAIN.len()));
    for row in &results.cells {
        out.push('|');
        keys.iter().for_each(|key| out += &format!(" {} |", cell(&setting(row, key))));
        for (_, metric) in MAIN {
            let estimate = row.metrics.get(metric).copied().unwrap_or_default();
            let [value, interval, _] = human::estimate(&estimate, metric.unit());
            let interval = if interval == "-" { interval } else { format!(" [{interval}]") };
            out += &format!(" {value}{} |", interval.trim_start_matches('-'));
        }
        out.push('\n');
    }
    out + &differences::markdown(results) + &effects::markdown(results)
}

/// The page of a sweep, 80 columns wide.
pub fn combinations_page(
    results: &Results,
    about: &str,
    trust: &[String],
    files: &[String],
    style: Style,
) -> String {
    let mut out = format!("{}\n", style.bold(&results.scenario));
    if !about.is_empty() {
        out += &wrapped(about, "");
    }
    let each = || results.cells.iter().filter_map(|cell| cell.metrics.get(Metric::DelayMean));
    let (least, most) = (each().map(|e| e.n).min(), each().map(|e| e.n).max());
    let days = match (least.unwrap_or_default(), most.unwrap_or_default()) {
        (least, most) if least == most => most.to_string(),
        (least, most) => format!("{least} to {most}"),
    };
    let line = format!(
        "{} combinations of {}, {} independent days each, seed {}",
        results.cells.len(),
        match keys(results).len() {
            1 => "1 setting".to_owned(),
            several => format!("{several} settings"),
        },
        days,
        results.seed
    );
    out += &format!("{}\n\n{}", style.dim(&line), table(results, style));
    out += &differences::differences(results, style);
    out += &effects::effects(results, style);
    out += &judged(results);
    out += &warned(results, style);
    let _ = writeln!(out, "\n{}", style.bold("How far to trust it"));
    trust.iter().for_each(|line| out += &wrapped(line, "  "));
    out += &super::trust::unseen(results).map_or(String::new(), |line| wrapped(&line, "  "));
    out + &files_written(files, style)
}

/// The combinations that a page shows, and how many it leaves out: all, or of many the best and the worst by
/// p99 and the one that the others are compared with, from best to worst.
fn selected(results: &Results) -> (Vec<usize>, usize) {
    let count = results.cells.len();
    if count <= MOST_ROWS {
        return ((0..count).collect(), 0);
    }
    let ranked = ranked(results);
    let half = MOST_ROWS / 2;
    let kept = |(rank, position): &(usize, &usize)| {
        *rank < half || *rank >= count - half || results.compared_with == Some(**position)
    };
    let chosen: Vec<usize> =
        ranked.iter().enumerate().filter(kept).map(|(_, position)| *position).collect();
    let left = count - chosen.len();
    (chosen, left)
}

/// Positions from the best to the worst by p99; what has none comes last.
pub(super) fn ranked(results: &Results) -> Vec<usize> {
    let p99 = |position: &usize| {
        let of = results.cells[*position].metrics.get(Metric::DelayP99);
        of.and_then(|of| of.point).unwrap_or(f64::INFINITY)
    };
    let mut ranked: Vec<usize> = (0..results.cells.len()).collect();
    ranked.sort_by(|a, b| p99(a).total_cmp(&p99(b)));
    ranked
}

/// Whether combinations are left out between two rows that stand one below the other.
fn gap(results: &Results, before: Option<usize>, position: usize) -> bool {
    let Some(before) = before.filter(|_| results.cells.len() > MOST_ROWS) else { return false };
    let ranked = ranked(results);
    let rank = |of: usize| ranked.iter().position(|other| *other == of);
    rank(before).map(|rank| rank + 1) != rank(position)
}

/// The values of the settings, combination by combination.
fn values(results: &Results) -> Vec<Vec<String>> {
    let keys = keys(results);
    let row = |cell: &Cell| keys.iter().map(|key| setting(cell, key)).collect();
    results.cells.iter().map(row).collect()
}

/// The settings as the table of combinations shows them, beside the main metrics and the verdict.
fn first_columns(results: &Results) -> Columns {
    const RIGHT: usize = 47;
    let judged = results.expectations().next().is_some();
    let room = WIDTH - RIGHT - if judged { 11 } else { 0 };
    Columns::of(&keys(results), &values(results), room)
}

/// One row for each combination: settings, main metrics, verdict.
pub fn table(results: &Results, style: Style) -> String {
    let judged = results.expectations().next().is_some();
    let (columns, values) = (first_columns(results), values(results));
    let mut out = columns.legend.clone();
    let [p50, p99, late, cut_, queue] = MAIN.map(|(title, _)| title);
    let left = columns.head();
    let head = format!("{left}{p50:>10}{p99:>9}{late:>10}{cut_:>8}{queue:>10}");
    let head = if judged { format!("{head}  verdict") } else { head };
    let _ = writeln!(out, "{}", style.bold(head.trim_end()));
    let (positions, left_out) = selected(results);
    let mut before = None;
    for position in positions {
        let cell = &results.cells[position];
        if gap(results, before, position) {
            out += "..\n";
        }
        before = Some(position);
        let value = |metric: Metric| {
            let none = Estimate::default();
            let [value, ..] =
                human::estimate(cell.metrics.get(metric).unwrap_or(&none), metric.unit());
            value
        };
        let best = results.best.as_ref().is_some_and(|best| best.cells.contains(&position));
        let mark = if best { '*' } else { ' ' };
        let [p50, p99, late, cut_, queue] = MAIN.map(|(_, metric)| value(metric));
        let settings = columns.line(&values[position]);
        let row = format!("{settings}{p50:>10}{p99:>9}{mark}{late:>9}{cut_:>8}{queue:>10}");
        let verdict = if judged { format!("  {}", verdict_of(cell, style)) } else { String::new() };
        let _ = writeln!(out, "{}", format!("{row}{verdict}").trim_end());
    }
    if left_out > 0 {
        let text = format!(
            "The best and the worst by p99, best first; {left_out} more combinations are left out: all are in \
             tables/combinations.csv."
        );
        out += &wrapped(&text, "");
    }
    out + &differences::best(results)
}

/// How many combinations keep each expectation.
fn judged(results: &Results) -> String {
    let mut texts: Vec<&str> = Vec::new();
    for line in results.expectations() {
        if !texts.contains(&line.text.as_str()) {
            texts.push(&line.text);
        }
    }
    let mut out = String::new();
    for text in &texts {
        let of: Vec<_> = results.expectations().filter(|line| line.text == *text).collect();
        let met = of.iter().filter(|line| line.verdict == crate::experiment::Verdict::Met).count();
        let _ = writeln!(out, "  {text:<45} met by {met} of {}", of.len());
    }
    if texts.is_empty() { out } else { format!("\nExpectations\n{out}") }
}

/// Each kind of warning once, with how many combinations have it.
pub(super) fn warned(results: &Results, style: Style) -> String {
    let kinds = by_kind(results);
    if kinds.is_empty() {
        return String::new();
    }
    let mut out = format!("\n{}\n", style.doubt("Look before you trust this"));
    for (warning, cells) in kinds {
        out += &wrapped(&format!("{}: {}", whose(&cells, results), warning.text), "  ");
        out += &wrapped(&format!("-> {}", warning.next), "     ");
    }
    out
}

/// Each kind of warning once, with the combinations that have it.
pub(super) fn by_kind(results: &Results) -> Vec<(&Warning, Vec<usize>)> {
    let mut kinds: Vec<(&Warning, Vec<usize>)> = Vec::new();
    for (position, cell) in results.cells.iter().enumerate() {
        for warning in &cell.warnings {
            match kinds.iter_mut().find(|(known, _)| known.kind == warning.kind) {
                Some((_, cells)) => cells.push(position),
                None => kinds.push((warning, vec![position])),
            }
        }
    }
    kinds
}

/// `3 of 16 combinations, here #2 queue_runners 10`: which combinations have a warning, and of which its text is.
pub(super) fn whose(cells: &[usize], results: &Results) -> String {
    let first = cells.first().map(|first| super::charts::combination_label(results, *first));
    let here = first.map(|first| format!(", here {first}")).unwrap_or_default();
    format!("{} of {} combinations{here}", cells.len(), results.cells.len())
}
