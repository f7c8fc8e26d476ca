//! What people read after a run, 80 columns wide: first whether it is good, then how late mail was, then
//! what happened, then how far to trust it.

use super::{Style, human};
use crate::experiment::{Cell, Estimate, Judged, Metrics, Results, Verdict};
use crate::measure::{Metric, Unit};
use crate::units::Span;
use std::fmt::Write;

/// Columns of text.
pub(super) const WIDTH: usize = 80;

/// Results and what must be said around them.
#[derive(Clone, Debug)]
pub struct Page<'a> {
    /// The results.
    pub results: &'a Results,
    /// The question the scenario asks.
    pub about: &'a str,
    /// Simulated time: "day" is the word for 24 hours, "run" for anything else.
    pub simulate: Span,
    /// What the answer rests on ([`super::trust`]).
    pub trust: &'a [String],
    /// Files written.
    pub files: &'a [String],
    /// Whether to list every metric.
    pub all_metrics: bool,
}

/// The page of one scenario.
pub fn page(page: &Page, style: Style) -> String {
    let mut out = String::new();
    heading(&mut out, page, style);
    for cell in &page.results.cells {
        delays(&mut out, page, cell, style);
        happened(&mut out, page, cell, style);
        out += &super::parts::compared(&cell.metrics, style);
        if page.all_metrics {
            everything(&mut out, cell, style);
        }
        expectations(&mut out, cell, style);
        warnings(&mut out, cell, style);
    }
    let _ = writeln!(out, "\n{}", style.bold("How far to trust it"));
    for line in page.trust {
        out += &wrapped(line, "  ");
    }
    out += &super::trust::unseen(page.results).map_or(String::new(), |line| wrapped(&line, "  "));
    written(&mut out, page.files, style);
    out
}

/// The files, and how to look at them.
pub(super) fn written(out: &mut String, files: &[String], style: Style) {
    if files.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", style.bold("Written"));
    for file in files {
        let _ = writeln!(out, "  {file}");
    }
    let ends = |with: &str| files.iter().any(|file| file.ends_with(with));
    let page = ["report.html", "worlds.html"].into_iter().find(|page| ends(page));
    if let Some(page) = page {
        let _ = writeln!(out, "  Open {page} in any web browser: it holds all charts and numbers.");
    } else if ends(".svg") {
        let _ = writeln!(out, "  Charts (.svg) open in any web browser.");
    }
}

/// Only the scenario's name and its expectations, judged.
pub fn verdicts(results: &Results, style: Style) -> String {
    let mut out = format!("{}\n", style.bold(&results.scenario));
    for cell in &results.cells {
        judged_lines(&mut out, cell, style);
    }
    out
}

fn day_word(page: &Page) -> &'static str {
    if page.simulate == Span::from_hours(24) { "day" } else { "run" }
}

fn heading(out: &mut String, page: &Page, style: Style) {
    let word = day_word(page);
    let name = &page.results.scenario;
    let _ = writeln!(out, "{}", style.bold(name));
    if !page.about.is_empty() {
        *out += &wrapped(page.about, "");
    }
    let arrived = |cell: &Cell| cell.metrics.get(Metric::MessagesArrived).copied();
    let arrived = page.results.cells.first().and_then(arrived).unwrap_or_default();
    let runs = match arrived.n {
        1 => format!("1 {word}"),
        n => format!("{n} independent {word}s"),
    };
    let mail = arrived.point.map(|n| format!(" of {} messages", human::number(n.round())));
    let seed = page.results.seed;
    let line = format!("{runs}{}, seed {seed}", mail.unwrap_or_default());
    let _ = writeln!(out, "{}", style.dim(&line));
}

/// A row of the page: label, value, interval, what a single day may look like.
fn row(label: &str, [value, interval, day]: [String; 3]) -> String {
    let interval = if interval == "-" { String::new() } else { format!("[{interval}]") };
    let day = if day == "-" { String::new() } else { day };
    let line = format!("  {label:<26}{value:>12} {interval:<21}{day:>17}");
    format!("{}\n", line.trim_end())
}

/// The heading of a table; recorded mail that is the same in every repeat has no single days.
fn columns(title: &str, page: &Page, cell: &Cell, style: Style) -> String {
    let days = cell.metrics.iter().any(|(_, estimate)| estimate.day_low.is_some());
    let single = if days { format!("a single {}", day_word(page)) } else { String::new() };
    let line = format!("{title:<28}{:>12} {:<21}{single:>17}", "value", "95 % interval");
    format!("\n{}\n", style.bold(line.trim_end()))
}

fn delays(out: &mut String, page: &Page, cell: &Cell, style: Style) {
    *out += &columns("How late mail was", page, cell, style);
    for (label, metric) in [
        ("half is faster than  p50", Metric::DelayP50),
        ("9 of 10              p90", Metric::DelayP90),
        ("19 of 20             p95", Metric::DelayP95),
        ("99 of 100            p99", Metric::DelayP99),
        ("999 of 1,000       p99.9", Metric::DelayP999),
        ("the latest message   max", Metric::DelayMax),
        ("on average          mean", Metric::DelayMean),
    ] {
        if let Some(estimate) = cell.metrics.get(metric) {
            *out += &row(label, human::estimate(estimate, Unit::Seconds));
        }
    }
    for (metric, estimate) in cell.metrics.iter() {
        if let Metric::Late(bound) = metric {
            let label = format!("later than {}", spoken(bound));
            *out += &row(&label, human::estimate(estimate, Unit::Share));
        }
    }
    if let Some(late) = cell.metrics.get(Metric::DaysLate).filter(|late| late.n > 1) {
        let label = format!("{}s with p99 over 1 hour", day_word(page));
        let [value, interval, _] = human::estimate(late, Unit::Share);
        *out += &row(&label, [value, interval, String::new()]);
    }
}

fn spoken(bound: Span) -> String {
    match bound.nanos() / 1_000_000_000 {
        3600 => "1 hour".to_owned(),
        seconds if seconds < 3600 && seconds % 60 == 0 => format!("{} minutes", seconds / 60),
        _ => bound.to_string(),
    }
}

fn happened(out: &mut String, page: &Page, cell: &Cell, style: Style) {
    let title = format!("What happened in a {}", day_word(page));
    *out += &columns(&title, page, cell, style);
    let always = [
        ("connections opened", Metric::ConnectionsOpened),
        ("  cut by their lifetime", Metric::ConnectionsCut),
        ("  ended by any reset", Metric::ConnectionsReset),
        ("host marked bad", Metric::HostMarks),
        ("host blocked for", Metric::HostBlockedTime),
        ("tries skipped: host bad", Metric::TriesSkipped),
        ("longest queue", Metric::QueueMax),
        ("runners busy", Metric::RunnersBusy),
    ];
    let when_any = [
        ("connections refused", Metric::ConnectionsRefused),
        ("messages still queued", Metric::MessagesQueued),
        ("messages bounced", Metric::MessagesBounced),
        ("delay notices sent", Metric::MessagesWarned),
        ("duplicates delivered", Metric::MessagesDuplicated),
        ("back to normal after", Metric::RecoveryTime),
    ];
    for (label, metric) in always {
        if let Some(estimate) = cell.metrics.get(metric) {
            *out += &row(label, human::estimate(estimate, metric.unit()));
        }
    }
    for (label, metric) in when_any {
        let seen = |estimate: &&Estimate| estimate.point.is_some_and(|point| point > 0.0);
        if let Some(estimate) = cell.metrics.get(metric).filter(seen) {
            *out += &row(label, human::estimate(estimate, metric.unit()));
        }
    }
}

fn everything(out: &mut String, cell: &Cell, style: Style) {
    let _ = writeln!(out, "\n{}", style.bold("Every metric"));
    list(out, &cell.metrics);
    for (part, metrics) in cell.metrics.parts() {
        let _ = writeln!(out, "\n{}", style.bold(&format!("Every metric @{part}")));
        list(out, metrics);
    }
}

fn list(out: &mut String, metrics: &Metrics) {
    for (metric, estimate) in metrics.iter() {
        *out += &row(&metric.name(), human::estimate(estimate, metric.unit()));
    }
}

fn expectations(out: &mut String, cell: &Cell, style: Style) {
    if cell.expectations.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", style.bold("Expectations"));
    judged_lines(out, cell, style);
}

fn judged_lines(out: &mut String, cell: &Cell, style: Style) {
    for judged in &cell.expectations {
        let verdict = match judged.verdict {
            Verdict::Met => style.good("met      "),
            Verdict::Missed => style.bad("MISSED   "),
            Verdict::Undecided => style.doubt("undecided"),
        };
        let _ = writeln!(out, "  {verdict}  {:<31} {}", judged.text, measured(judged, cell));
    }
}

fn warnings(out: &mut String, cell: &Cell, style: Style) {
    if !cell.warnings.is_empty() {
        let _ = writeln!(out, "\n{}", style.doubt("Look before you trust this"));
    }
    for warning in &cell.warnings {
        *out += &wrapped(&warning.text, "  ");
        *out += &wrapped(&format!("-> {}", warning.next), "     ");
    }
}

/// What was found, and how far that is from the bound.
pub(super) fn measured(judged: &Judged, cell: &Cell) -> String {
    let Some((metric, flags)) = cell.metrics.find(&judged.metric) else { return String::new() };
    let found = Estimate {
        point: judged.value,
        low: judged.low,
        high: judged.high,
        censored: flags.censored,
        high_censored: flags.high_censored,
        ..Estimate::default()
    };
    let [value, interval, _] = human::estimate(&found, metric.unit());
    let interval = if interval == "-" { String::new() } else { format!(" [{interval}]") };
    format!("{value}{interval}{}", margin(judged).unwrap_or_default())
}

/// Distance of the nearer end of the interval from the bound, as a factor: how much room there is.
fn margin(judged: &Judged) -> Option<String> {
    let (value, low, high, bound) = (judged.value?, judged.low?, judged.high?, judged.bound?);
    let nearer = if value > bound { low } else { high };
    if judged.verdict == Verdict::Undecided || bound <= 0.0 || nearer <= 0.0 {
        return None;
    }
    let factor = if nearer > bound { nearer / bound } else { bound / nearer };
    (factor >= 1.005).then(|| match factor {
        f if f < 2.0 => format!(", by {:.0} %", (f - 1.0) * 100.0),
        f if f < 100.0 => format!(", {f:.1}-fold"),
        _ => ", by far".to_owned(),
    })
}

/// One row for each scenario and the `files` that compare them: the end of a run over several.
pub fn comparison(results: &[&Results], files: &[String], style: Style) -> String {
    let title = format!(
        "{:<29}{:>9}{:>9}{:>13}{:>8}  {}",
        "All scenarios", "p50", "p99", "late over 1h", "cuts", "verdict"
    );
    let mut out = format!("\n{}\n", style.bold(&title));
    for result in results {
        for cell in &result.cells {
            let value = |metric: Metric| {
                let [value, ..] = human::estimate(
                    cell.metrics.get(metric).unwrap_or(&Estimate::default()),
                    metric.unit(),
                );
                value
            };
            let _ = writeln!(
                out,
                "{:<29}{:>9}{:>9}{:>13}{:>8}  {}",
                cut_to(&result.scenario, 28),
                value(Metric::DelayP50),
                value(Metric::DelayP99),
                value(Metric::Late(Span::from_hours(1))),
                value(Metric::ConnectionsCut),
                verdict_of(cell, style),
            );
        }
    }
    written(&mut out, files, style);
    out
}

pub(super) fn verdict_of(cell: &Cell, style: Style) -> String {
    let count = |verdict| cell.expectations.iter().filter(|j| j.verdict == verdict).count();
    match (count(Verdict::Missed), count(Verdict::Undecided)) {
        (0, 0) if cell.expectations.is_empty() => style.dim("-"),
        (0, 0) => style.good("met"),
        (0, _) => style.doubt("undecided"),
        (_, _) => style.bad("MISSED"),
    }
}

pub(super) fn cut_to(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width - 1).chain(['~']).collect()
}

/// Breaks `text` at spaces so that no line is wider than the page.
pub(super) fn wrapped(text: &str, indent: &str) -> String {
    let (mut out, mut line) = (String::new(), String::new());
    for word in text.split_whitespace() {
        let width = indent.len() + line.chars().count() + 1 + word.chars().count();
        if !line.is_empty() && width > WIDTH {
            let _ = writeln!(out, "{indent}{line}");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line += word;
    }
    let _ = writeln!(out, "{indent}{line}");
    out
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
