//! Combinations held against one of them: what differs with certainty, which may be the best, and what the common
//! days have saved.

use super::{Columns, MAIN, keys, selected, values};
use crate::experiment::{Difference, Results};
use crate::measure::{Metric, Unit};
use crate::report::difference::{Comparison, signed};
use crate::report::human;
use crate::report::style::Style;
use crate::report::table::{WIDTH, cut_to, wrapped};
use std::fmt::Write;

/// The metrics whose intervals fit beside the settings.
const SHOWN: [usize; 3] = [1, 2, 3];
/// Columns of one interval.
const EACH: usize = 19;
/// Just below 1 is what chance makes of 1.
const HARM: f64 = 0.9;

/// The interval that holds together with the others; a single value where it has no width.
pub(super) fn interval(of: &Difference, unit: Unit) -> String {
    let end = |end: Option<f64>| end.map_or_else(|| "?".to_owned(), |end| signed(end, unit));
    match (of.family_low, of.family_high) {
        (None, None) => "-".to_owned(),
        (Some(low), Some(high)) if signed(low, unit) == signed(high, unit) => signed(low, unit),
        (low, high) => format!("[{} .. {}]", end(low), end(high)),
    }
}

/// The settings of a combination, in a line.
fn settings_of(results: &Results, position: usize) -> String {
    let cell = &results.cells[position];
    let pair = |(key, value): (&String, &serde_json::Value)| {
        format!("{} {}", super::short(key), super::plain(Some(value)))
    };
    cell.settings.iter().map(pair).collect::<Vec<_>>().join(", ")
}

/// The table of differences; nothing where there are none.
pub(super) fn differences(results: &Results, style: Style) -> String {
    let Some(reference) = results.compared_with else { return String::new() };
    if results.cells.iter().all(|cell| cell.difference.is_none()) {
        return String::new();
    }
    let text = format!("Compared with {}", settings_of(results, reference));
    // Letters that the table above has explained need no second time.
    let explained = !super::first_columns(results).legend.is_empty();
    let out = format!("\n{}{}", wrapped(&text, ""), rows(results, explained, style));
    let read = "Paired, day by day; in each column all intervals hold together with 95 %. One that contains 0 \
                says: not distinguishable. A ? is an end that mail still under way leaves open.";
    out + &wrapped(read, "") + &saved(results)
}

/// A row for each combination that has a difference: settings, and intervals that hold together.
fn rows(results: &Results, explained: bool, style: Style) -> String {
    let values = values(results);
    let columns = Columns::of(&keys(results), &values, WIDTH - SHOWN.len() * EACH);
    let mut out = if explained { String::new() } else { columns.legend.clone() };
    let mut head = columns.head();
    for index in SHOWN {
        let _ = write!(head, "{:>EACH$}", MAIN[index].0);
    }
    let _ = writeln!(out, "{}", style.bold(head.trim_end()));
    let (positions, _) = selected(results);
    let mut before = None;
    for position in positions {
        let Some(difference) = &results.cells[position].difference else { continue };
        if super::gap(results, before, position) {
            out += "..\n";
        }
        before = Some(position);
        let mut row = columns.line(&values[position]);
        for index in SHOWN {
            let metric = MAIN[index].1;
            let of = difference.get(&metric.name());
            let text = of.map_or_else(|| "-".to_owned(), |of| interval(of, metric.unit()));
            let _ = write!(row, "{text:>EACH$}");
        }
        let _ = writeln!(out, "{}", row.trim_end());
    }
    out
}

/// Two folders of one sweep, combination by combination, 80 columns wide.
pub fn sweeps_page(comparison: &Comparison, style: Style) -> String {
    let name = |results: &Results| cut_to(&results.scenario, WIDTH - 6);
    let (a, b) = (name(comparison.a), name(comparison.b));
    let mut out = format!("A  {}\nB  {}\n", style.bold(&a), style.bold(&b));
    let _ = writeln!(out, "{}\n\nB less A", style.dim(&comparison.days()));
    out += &rows(comparison.b, false, style);
    let read = "In each column all intervals hold together with 95 %. One that contains 0 says: not \
                distinguishable. A ? is an end that mail still under way leaves open.";
    out += &wrapped(read, "");
    if comparison.paired {
        out += &saved(comparison.b);
    }
    let (_, left) = selected(comparison.b);
    if left > 0 {
        out += &wrapped(&format!("{left} more combinations: see --format csv."), "");
    }
    comparison.notes(&mut out, style);
    out
}

/// The same for wikis.
pub fn sweeps_markdown(comparison: &Comparison) -> String {
    let (a, b) = (&comparison.a.scenario, &comparison.b.scenario);
    let mut out = format!("## {b} (B) compared with {a} (A)\n{}", listed("A", comparison.b));
    for note in comparison.notes {
        let _ = writeln!(out, "\n{note}");
    }
    out
}

/// Which combinations may be the best, in words.
pub(super) fn best(results: &Results) -> String {
    let Some(best) = &results.best else { return String::new() };
    let among = match best.within.as_slice() {
        [] => String::new(),
        keys => {
            let keys: Vec<&str> = keys.iter().map(|key| super::short(key)).collect();
            format!(" of its {}", keys.join(" and "))
        }
    };
    let text = match (best.cells.len(), results.cells.len()) {
        (0, _) => return String::new(),
        (1, _) => format!("* the best{among} by p99 delay, with 95 %"),
        (some, all) if some == all => {
            format!("* by p99 delay none can be told from the best{among}")
        }
        _ => format!(
            "* not distinguishable from the best{among} by p99 delay: with 95 % the best is among those marked"
        ),
    };
    wrapped(&text, "")
}

/// What the common days have saved, by metric: the middle of the combinations.
fn saved(results: &Results) -> String {
    let of = |metric: Metric| {
        let name = metric.name();
        let differences = results.cells.iter().filter_map(|cell| cell.difference.as_ref());
        let mut ratios: Vec<f64> =
            differences.filter_map(|all| all.get(&name)?.variance_ratio).collect();
        ratios.sort_by(f64::total_cmp);
        ratios
    };
    let (mut parts, mut harmed) = (Vec::new(), Vec::new());
    for (title, metric) in MAIN {
        let ratios = of(metric);
        let Some(middle) = ratios.get(ratios.len() / 2) else { continue };
        let middle = if *middle > 999.0 { ">999".to_owned() } else { human::number(*middle) };
        parts.push(format!("{title} {middle}x"));
        let below = ratios.iter().filter(|ratio| **ratio < HARM).count();
        if below > 0 {
            harmed.push(format!("{title} in {below} of {}", ratios.len()));
        }
    }
    if parts.is_empty() {
        return String::new();
    }
    let harm = match harmed.is_empty() {
        true => String::new(),
        false => format!(
            " Below 1x they make a difference harder to see, not easier: {}.",
            harmed.join(", ")
        ),
    };
    let text = format!(
        "Each common day is worth so many independent ones, in the middle of the combinations: {}.{harm}",
        parts.join(", ")
    );
    wrapped(&text, "")
}

/// The differences of the main metrics for wikis.
pub(super) fn markdown(results: &Results) -> String {
    let Some(reference) = results.compared_with else { return String::new() };
    listed(&settings_of(results, reference), results)
}

fn listed(of: &str, results: &Results) -> String {
    let keys = super::keys(results);
    let cell = |text: &str| text.replace('|', "\\|");
    let of = cell(of);
    let mut out = format!("\nDifference to {of}; in each column all intervals hold together.\n\n|");
    keys.iter().for_each(|key| out += &format!(" {} |", cell(key)));
    MAIN.iter().for_each(|(_, metric)| out += &format!(" `{}` |", metric.name()));
    out += &format!("\n|{}{}\n", "---|".repeat(keys.len()), "--:|".repeat(MAIN.len()));
    for row in results.cells.iter().filter(|row| row.difference.is_some()) {
        out.push('|');
        keys.iter().for_each(|key| out += &format!(" {} |", cell(&super::setting(row, key))));
        for (_, metric) in MAIN {
            let of = row.difference.as_ref().and_then(|all| all.get(&metric.name()));
            let of = of.copied().unwrap_or_default();
            let point = of.point.map_or_else(|| "-".to_owned(), |p| signed(p, metric.unit()));
            let interval = interval(&of, metric.unit());
            let text =
                if interval.starts_with('[') { format!("{point} {interval}") } else { point };
            out += &format!(" {text} |");
        }
        out.push('\n');
    }
    out
}
