//! What a search has found: every value that was tried, and one sentence with the answer.

use super::combinations::plain;
use super::style::Style;
use super::table::wrapped;
use super::{files_written, human};
use crate::experiment::search::{Found, TriedValue};
use crate::experiment::{Results, Verdict};
use crate::measure::{Metric, Unit};
use std::fmt::Write;

/// The question, in words.
fn question(found: &Found) -> String {
    format!("the {} {} with {}", found.wanted, found.key, found.expectation)
}

/// The values that are given, in words; empty if there are none.
fn given(found: &Found) -> String {
    let pairs = found.settings.iter().map(|(key, value)| format!("{key}: {}", plain(Some(value))));
    pairs.collect::<Vec<_>>().join(", ")
}

/// The answer in a few sentences, with what its confidence does not cover.
pub fn found_answer(found: &Found) -> String {
    let answer = threshold(found);
    if !answer.contains("% confidence") {
        return answer;
    }
    // The rule of three: with 95 %, what never came in n days comes on less than 3/n of all days.
    let rare = (found.repeats / 3).max(1);
    format!(
        "{answer} That holds if more of {} makes it steadily better or steadily worse, and for days such as these {}: a          kind of day that is rarer than 1 in {rare} may not be among them.",
        found.key.rsplit('.').next().unwrap_or(&found.key),
        found.repeats
    )
}

/// The answer itself.
fn threshold(found: &Found) -> String {
    let text = |value: &serde_json::Value| plain(Some(value));
    let (days, sure) = (found.repeats, 100.0 * found.confidence);
    let list = |of: Verdict| {
        let of = found.tried.iter().filter(|tried| tried.verdict == of);
        of.map(|tried| text(&tried.value)).collect::<Vec<_>>().join(", ")
    };
    if !found.finished {
        return "The search is not finished.".to_owned();
    }
    if !found.monotone {
        let (met, missed) = (list(Verdict::Met), list(Verdict::Missed));
        let other = if found.wanted == "largest" { "smallest_with" } else { "largest_with" };
        let ends = match (&found.missed, &found.met) {
            (None, None) => format!("perhaps {other} is meant."),
            _ => "there is no single threshold; what contradicts lies between the two ends."
                .to_owned(),
        };
        return format!("Not monotone: it is met at {met} and missed at {missed}; {ends}");
    }
    let best = |said: &str| {
        let best = found.best.as_ref();
        best.map_or(String::new(), |best| format!("{said}{}.", text(best)))
    };
    let way = if found.wanted == "largest" { "up" } else { "down" };
    let back = if found.wanted == "largest" { "down" } else { "up" };
    match (&found.missed, &found.met) {
        (Some(missed), Some(met)) if found.exact => format!(
            "The {} is {}: it is met there and missed at {} ({sure} % confidence).",
            found.wanted,
            text(met),
            text(missed)
        ),
        (Some(missed), Some(met)) if found.undecided.is_empty() => format!(
            "The threshold lies between {} (missed) and {} (met), with {sure} % confidence.",
            text(missed),
            text(met)
        ),
        (Some(missed), Some(met)) => format!(
            "With {sure} % confidence the threshold lies between {} (missed) and {} (met); of what lies \
             between, such as {}, it cannot be told with {days} days.{}",
            text(missed),
            text(met),
            found.undecided.iter().map(text).collect::<Vec<_>>().join(", "),
            best(" By the estimates alone it is ")
        ),
        (None, Some(met)) if found.undecided.is_empty() => format!(
            "It is met in the whole range, {way} to {}: the threshold lies beyond ({sure} % confidence).",
            text(met)
        ),
        (Some(missed), None) if found.undecided.is_empty() => format!(
            "None: it is missed in the whole range, {back} to {} ({sure} % confidence).",
            text(missed)
        ),
        (missed, met) => {
            let end = |name: &str, value: &Option<serde_json::Value>| {
                value.as_ref().map(|value| format!("it is {name} at {}; ", text(value)))
            };
            format!(
                "The threshold has an open end: {}{}of {} it cannot be told with {days} days.{}",
                end("missed", missed).unwrap_or_default(),
                end("met", met).unwrap_or_default(),
                found.undecided.iter().map(text).collect::<Vec<_>>().join(", "),
                best(" By the estimates alone it is ")
            )
        }
    }
}

fn unit(found: &Found) -> Unit {
    let name = found.metric.split('@').next().unwrap_or_default();
    Metric::parse(name).map_or(Unit::Count, Metric::unit)
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Met => "met",
        Verdict::Missed => "missed",
        Verdict::Undecided => "cannot be told",
    }
}

/// Value, metric, interval, days, verdict.
fn row(tried: &TriedValue, unit: Unit) -> [String; 5] {
    let [value, interval, _] = human::estimate(&tried.estimate, unit);
    let days = tried.estimate.n.to_string();
    [plain(Some(&tried.value)), value, interval, days, word(tried.verdict).to_owned()]
}

fn table(found: &Found, style: Style) -> String {
    let level = format!("{:.2} % interval", 100.0 * found.level);
    let name = found.key.rsplit('.').next().unwrap_or(&found.key).to_owned();
    let head = [name, found.metric.clone(), level, "days".to_owned(), "verdict".to_owned()];
    let rows: Vec<[String; 5]> = found.tried.iter().map(|tried| row(tried, unit(found))).collect();
    let width = |column: usize| {
        let all = rows.iter().chain([&head]).map(|row| row[column].chars().count());
        all.max().unwrap_or(0)
    };
    let widths = [width(0).min(24), width(1).min(16), width(2)];
    let line = |[value, metric, interval, days, verdict]: &[String; 5]| {
        let [a, b, c] = widths;
        let cut = |text: &str, width: usize| super::table::cut_to(text, width);
        let (value, metric) = (cut(value, a), cut(metric, b));
        format!("{value:>a$}{metric:>b$}{interval:>c$}{days:>6}  {verdict}", b = b + 2, c = c + 2)
    };
    let mut out = format!("{}\n", style.bold(&line(&head)));
    for (row, tried) in rows.iter().zip(&found.tried) {
        let text = line(row);
        let painted = match tried.verdict {
            Verdict::Undecided => style.doubt(&text),
            _ => text,
        };
        let _ = writeln!(out, "{painted}");
    }
    out
}

/// The page of a search, 80 columns wide; `quiet` leaves all but the answers out.
pub fn found_page(
    results: &Results,
    (about, trust): (&str, &[String]),
    files: &[String],
    (quiet, style): (bool, Style),
) -> String {
    let one = |found: &Found| {
        let given = given(found);
        if given.is_empty() { String::new() } else { format!("{given}\n") }
    };
    if quiet {
        let said = |found: &Found| one(found) + &wrapped(&found_answer(found), "");
        return results.found.iter().map(said).collect();
    }
    let mut out = format!("{}\n", style.bold(&results.scenario));
    if !about.is_empty() {
        out += &wrapped(about, "");
    }
    if let Some(found) = results.found.first() {
        let line = format!(
            "{}; at most {} independent days a value, seed {}",
            question(found),
            found.repeats,
            results.seed
        );
        out += &style.dim(&wrapped(&line, ""));
    }
    for found in &results.found {
        out += &format!("\n{}{}", one(found), table(found, style));
        out += &format!("\n{}", wrapped(&found_answer(found), ""));
    }
    out += &super::combinations::warned(results, style);
    let _ = writeln!(out, "\n{}", style.bold("How far to trust it"));
    trust.iter().for_each(|line| out += &wrapped(line, "  "));
    out + &files_written(files, style)
}

/// Every value that was tried, and the answers.
pub fn found_markdown(results: &Results) -> String {
    let mut out = String::new();
    for found in &results.found {
        let given = given(found);
        let of = if given.is_empty() { String::new() } else { format!(" ({given})") };
        let _ = writeln!(out, "{}{of}\n", question(found));
        let level = format!("{:.2} % interval", 100.0 * found.level);
        let _ = writeln!(out, "| `{}` | `{}` | {level} | days | |", found.key, found.metric);
        out += "|--:|--:|--:|--:|---|\n";
        for tried in &found.tried {
            let _ = writeln!(out, "| {} |", row(tried, unit(found)).join(" | "));
        }
        let _ = writeln!(out, "\n{}\n", found_answer(found));
    }
    out
}
