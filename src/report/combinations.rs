//! Sweeps: one row for each combination of settings, in the order of the design.

use super::metrics::quoted;
use super::style::Style;
use super::table::{WIDTH, verdict_of, wrapped};
use super::{files_written, human};
use crate::experiment::{Cell, Estimate, Results};
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

/// The keys that vary.
fn keys(results: &Results) -> Vec<&str> {
    let first = results.cells.first();
    first.map(|cell| cell.settings.keys().map(String::as_str).collect()).unwrap_or_default()
}

fn plain(value: Option<&Value>) -> String {
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
    let header = keys.iter().map(|key| (*key).to_owned()).chain(metrics);
    let mut out = header.map(|text| quoted(&text)).collect::<Vec<_>>().join(",") + "\n";
    for cell in &results.cells {
        let mut row: Vec<String> = keys.iter().map(|key| quoted(&setting(cell, key))).collect();
        for name in &names {
            let of = cell.metrics.find(name).map(|(_, estimate)| *estimate).unwrap_or_default();
            let number = |value: Option<f64>| value.map(|v| v.to_string()).unwrap_or_default();
            row.extend([of.point, of.low, of.high].map(number));
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
    out
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
    let days =
        results.cells.iter().find_map(|cell| cell.metrics.get(Metric::DelayMean)).map(|e| e.n);
    let line = format!(
        "{} combinations of {}, {} independent days each, seed {}",
        results.cells.len(),
        match keys(results).len() {
            1 => "1 setting".to_owned(),
            several => format!("{several} settings"),
        },
        days.unwrap_or_default(),
        results.seed
    );
    out += &format!("{}\n\n{}", style.dim(&line), table(results, style));
    out += &judged(results);
    out += &warned(results, style);
    let _ = writeln!(out, "\n{}", style.bold("How far to trust it"));
    trust.iter().for_each(|line| out += &wrapped(line, "  "));
    out + &files_written(files, style)
}

/// One row for each combination: settings, main metrics, verdict.
pub fn table(results: &Results, style: Style) -> String {
    let keys = keys(results);
    const RIGHT: usize = 47;
    let judged = results.expectations().next().is_some();
    let room = WIDTH - RIGHT - if judged { 11 } else { 0 };
    let rows: Vec<Vec<String>> = results
        .cells
        .iter()
        .map(|cell| keys.iter().map(|key| setting(cell, key)).collect())
        .collect();
    let columns = Columns::of(&keys, &rows, room);
    let mut out = columns.legend.clone();
    let [p50, p99, late, cut_, queue] = MAIN.map(|(title, _)| title);
    let head = format!("{}{p50:>10}{p99:>9}{late:>10}{cut_:>8}{queue:>10}", columns.head());
    let head = if judged { format!("{head}  verdict") } else { head };
    let _ = writeln!(out, "{}", style.bold(head.trim_end()));
    for (cell, row) in results.cells.iter().zip(&rows) {
        let value = |metric: Metric| {
            let none = Estimate::default();
            let [value, ..] =
                human::estimate(cell.metrics.get(metric).unwrap_or(&none), metric.unit());
            value
        };
        let [p50, p99, late, cut_, queue] = MAIN.map(|(_, metric)| value(metric));
        let settings = columns.line(row);
        let row = format!("{settings}{p50:>10}{p99:>9}{late:>10}{cut_:>8}{queue:>10}");
        let verdict = if judged { format!("  {}", verdict_of(cell, style)) } else { String::new() };
        let _ = writeln!(out, "{row}{verdict}");
    }
    out
}

/// The settings of combinations, side by side in so many columns of text.
pub(super) struct Columns {
    /// What the letters stand for, where keys do not fit; else empty.
    pub(super) legend: String,
    titles: Vec<String>,
    widths: Vec<usize>,
    room: usize,
}

impl Columns {
    pub(super) fn of(keys: &[&str], rows: &[Vec<String>], room: usize) -> Self {
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
        let widths: Vec<usize> = (0..keys.len()).map(|c| width(c).unwrap_or(0)).collect();
        let last = |key: &str| key.rsplit('.').next().unwrap_or(key).to_owned();
        let named: Vec<usize> =
            keys.iter().zip(&widths).map(|(key, n)| last(key).chars().count().max(*n)).collect();
        if fits(&named, room) {
            let titles = keys.iter().map(|key| last(key)).collect();
            return Columns { legend: String::new(), titles, widths: named, room };
        }
        let titles: Vec<String> = (0..keys.len()).map(letter).collect();
        let mut legend = String::new();
        for (letter, key) in titles.iter().zip(keys) {
            let _ = writeln!(legend, "{letter} = {key}");
        }
        legend.push('\n');
        Columns { legend, titles, widths: squeezed(widths, room), room }
    }

    pub(super) fn head(&self) -> String {
        self.line(&self.titles)
    }

    pub(super) fn line(&self, texts: &[String]) -> String {
        let cells = texts.iter().zip(&self.widths).map(|(text, width)| cut(text, *width));
        format!("{:<room$}", cells.collect::<Vec<_>>().join(" "), room = self.room)
    }
}

fn fits(widths: &[usize], room: usize) -> bool {
    widths.iter().sum::<usize>() + widths.len().saturating_sub(1) <= room
}

/// The widest columns give way until all fit.
fn squeezed(mut widths: Vec<usize>, room: usize) -> Vec<usize> {
    while !fits(&widths, room) {
        match widths.iter_mut().max() {
            Some(widest) if *widest > 2 => *widest -= 1,
            _ => break,
        }
    }
    widths
}

/// A, B, .. Z, A2, ..
fn letter(number: usize) -> String {
    let letter = char::from(b'A' + (number % 26) as u8);
    if number < 26 { letter.to_string() } else { format!("{letter}{}", number / 26 + 1) }
}

/// The text in exactly so many columns.
fn cut(text: &str, width: usize) -> String {
    match text.chars().count() <= width {
        true => format!("{text:<width$}"),
        false => text.chars().take(width.saturating_sub(1)).chain(['~']).collect(),
    }
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
fn warned(results: &Results, style: Style) -> String {
    let mut kinds: Vec<(&crate::experiment::Warning, usize)> = Vec::new();
    for warning in results.cells.iter().flat_map(|cell| &cell.warnings) {
        match kinds.iter_mut().find(|(known, _)| known.kind == warning.kind) {
            Some((_, count)) => *count += 1,
            None => kinds.push((warning, 1)),
        }
    }
    if kinds.is_empty() {
        return String::new();
    }
    let mut out = format!("\n{}\n", style.doubt("Look before you trust this"));
    for (warning, count) in kinds {
        let of = format!("{count} of {} combinations, such as: ", results.cells.len());
        out += &wrapped(&format!("{of}{}", warning.text), "  ");
        out += &wrapped(&format!("-> {}", warning.next), "     ");
    }
    out
}
