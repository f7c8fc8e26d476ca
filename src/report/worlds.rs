//! What is left of an answer when the assumptions are doubted: 80 columns for people, and a row for each world and
//! combination for programs.

use super::combinations::Columns;
use super::style::Style;
use super::table::{WIDTH, wrapped};
use super::{files_written, human};
use crate::experiment::assumptions::{Count, Split, Verdicts, WorldCell, WorldRow, Worlds};
use crate::experiment::{Results, Verdict};
use crate::measure::{Metric, Unit};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fmt::Write;

/// What is told of each combination, with what it is called.
pub(super) const MAIN: [(&str, &str); 4] = [
    ("half is faster than  p50", "delay.p50"),
    ("99 of 100            p99", "delay.p99"),
    ("later than 1 hour", "late.1h"),
    ("connections cut", "connections.cut"),
];
/// Statements and ranks that a page shows at most; files hold all.
const SHOWN: usize = 8;

/// What is said around the answer.
#[derive(Clone, Copy, Debug)]
pub struct WorldsPage<'a> {
    /// With the defaults.
    pub results: &'a Results,
    /// Over the worlds.
    pub worlds: &'a Worlds,
    /// The question.
    pub about: &'a str,
    /// What the answer rests on.
    pub trust: &'a [String],
    /// Files written.
    pub files: &'a [String],
}

pub(super) fn plain(value: Option<&Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

pub(super) fn decides(share: f64, told: bool) -> String {
    if told { format!("{:.0} %", 100.0 * share) } else { "not told from chance".to_owned() }
}

/// `hoststat off, queue_runners 10`, or the file's own settings.
pub(super) fn settings(of: &Map<String, Value>) -> String {
    let last = |key: &str| key.rsplit('.').next().unwrap_or(key).to_owned();
    let pairs = of.iter().map(|(key, value)| format!("{} {}", last(key), plain(Some(value))));
    let pairs = pairs.collect::<Vec<_>>().join(", ");
    if pairs.is_empty() { "the scenario".to_owned() } else { pairs }
}

/// A combination by what tells it from the one that is compared with; by all its settings if there is none.
fn label(cell: &WorldCell, worlds: &Worlds) -> String {
    let reference = worlds.compare_with.and_then(|position| worlds.cells.get(position));
    let Some(reference) = reference else { return settings(&cell.settings) };
    let own =
        cell.settings.iter().filter(|(key, value)| reference.settings.get(*key) != Some(value));
    let own: Map<String, Value> = own.map(|(key, value)| (key.clone(), value.clone())).collect();
    if own.is_empty() { "what is compared with".to_owned() } else { settings(&own) }
}

/// With the defaults, half of the worlds, and the middle nine in ten of them.
pub(super) fn quantiles(cell: &WorldCell, name: &str) -> [String; 3] {
    let of = cell.metrics.get(name).cloned().unwrap_or_default();
    let unit = Metric::parse(name).map_or(Unit::Count, Metric::unit);
    let sign = |which: &str| if of.censored.contains(&which) { ">" } else { "" };
    let value = |value: Option<f64>, which: &str| {
        value.map_or("-".to_owned(), |v| format!("{}{}", sign(which), human::quantity(v, unit)))
    };
    let range = match (of.low, of.high) {
        (Some(low), Some(high)) => {
            let [low, high] = [(low, "low"), (high, "high")]
                .map(|(end, which)| format!("{}{}", sign(which), human::brief(end, unit)));
            format!("{low} .. {high}")
        }
        _ => "-".to_owned(),
    };
    [value(of.defaults, "defaults"), value(of.median, "median"), range]
}

/// The page for people.
///
/// `brief` leaves out all but the answer and the expectations.
pub fn worlds_page(page: &WorldsPage, brief: bool, style: Style) -> String {
    let (results, worlds) = (page.results, page.worlds);
    let mut out = format!("{}\n", style.bold(&results.scenario));
    if !page.about.is_empty() {
        out += &wrapped(page.about, "");
    }
    let line = format!(
        "{} worlds, each with other values for {} assumptions; {} in each, seed {}",
        worlds.n,
        worlds.varied.len(),
        match worlds.repeats {
            1 => "1 day".to_owned(),
            n => format!("the same {n} days"),
        },
        results.seed
    );
    out += &style.dim(wrapped(&line, "").trim_end());
    out.push('\n');
    out += &answer(worlds, style);
    if brief && worlds.cells.len() > 1 {
        return out + &expectations(worlds, style);
    }
    out += &match worlds.cells.len() {
        1 => metrics(&worlds.cells[0], style),
        _ => table(worlds, style),
    };
    out += &expectations(worlds, style);
    if brief {
        return out;
    }
    out += &conditions(worlds, style);
    out += &ranking(worlds, style);
    out += &left_alone(worlds, style);
    let _ = writeln!(out, "\n{}", style.bold("How far to trust it"));
    let trust = page.trust.iter().filter(|line| *line != super::trust::DOUBT);
    trust.for_each(|line| out += &wrapped(line, "  "));
    out + &files_written(page.files, style)
}

/// The answer in a sentence or two.
fn answer(worlds: &Worlds, style: Style) -> String {
    let of = worlds.ranking.of;
    let (Some(cell), Some(reference)) =
        (worlds.cells.get(of), worlds.compare_with.and_then(|index| worlds.cells.get(index)))
    else {
        return String::new();
    };
    let Some(count) = &cell.against else { return String::new() };
    let as_good = worlds.cells.iter().filter_map(|cell| cell.against.as_ref());
    let others =
        as_good.filter(|of| (of.wins, of.losses) == (count.wins, count.losses)).count() - 1;
    let mut text = format!(
        "Most often better: {}. Compared with {}, its p99 delay is lower in {} of {} worlds (95 % interval: {:.0} to \
         {:.0} %), the same in {} and higher in {}.",
        label(cell, worlds),
        settings(&reference.settings),
        count.wins,
        worlds.n,
        100.0 * count.low,
        100.0 * count.high,
        count.even,
        count.losses
    );
    if count.wins == 0 {
        text = format!(
            "In none of {} worlds has any combination a lower p99 delay than {}, as far as it can be told.",
            worlds.n,
            settings(&reference.settings)
        );
        return format!("\n{}\n{}", style.bold("The answer"), wrapped(&text, "  "));
    }
    match others {
        0 => {}
        1 => text += " One other combination wins and loses as often.",
        n => text += &format!(" {n} other combinations win and lose as often."),
    }
    if let Some(split) = &count.loses_where {
        text += &format!(" It loses {}.", stated(split));
    } else if let Some(split) = &count.wins_where {
        text += &format!(" It wins {}.", stated(split));
    } else if count.losses > 0 {
        text += " No single assumption tells where it loses.";
    }
    format!("\n{}\n{}", style.bold("The answer"), wrapped(&text, "  "))
}

/// `in 9 of the 11 worlds with max_connections < 10, and in 0 of the 89 others`.
fn stated(split: &Split) -> String {
    format!(
        "in {} of the {} worlds with {}, and in {} of the {} others",
        split.inside_hits,
        split.inside,
        split.condition.words(),
        split.outside_hits,
        split.outside
    )
}

fn metrics(cell: &WorldCell, style: Style) -> String {
    let head = format!(
        "{:<30}{:>12}{:>16}{:>22}",
        "Over the worlds", "defaults", "half of worlds", "9 of 10 worlds"
    );
    let mut out = format!("\n{}\n", style.bold(&head));
    for (label, name) in MAIN {
        let [defaults, median, range] = quantiles(cell, name);
        let _ = writeln!(out, "  {label:<28}{defaults:>12}{median:>16}{range:>22}");
    }
    out
}

/// One row for each combination.
fn table(worlds: &Worlds, style: Style) -> String {
    const RIGHT: usize = 55;
    let keys: Vec<&str> = worlds.cells[0].settings.keys().map(String::as_str).collect();
    let rows: Vec<Vec<String>> = worlds
        .cells
        .iter()
        .map(|cell| keys.iter().map(|key| plain(cell.settings.get(*key))).collect())
        .collect();
    let columns = Columns::of(&keys, &rows, WIDTH - RIGHT);
    let compared = worlds.compare_with.is_some();
    let counts =
        if compared { format!("{:>6}{:>5}{:>6}", "wins", "even", "loses") } else { String::new() };
    let head = format!(
        "{}{counts}{:>11}{:>9}{:>17}",
        columns.head(),
        "defaults",
        "half",
        "9 of 10 worlds"
    );
    let mut out = format!("\n{}{}\n", columns.legend, style.bold(head.trim_end()));
    for (position, (cell, row)) in worlds.cells.iter().zip(&rows).enumerate() {
        let counts = match &cell.against {
            Some(Count { wins, even, losses, .. }) => format!("{wins:>6}{even:>5}{losses:>6}"),
            None if worlds.compare_with == Some(position) => format!("{:>17}", "compared with"),
            None => String::new(),
        };
        let [defaults, median, range] = quantiles(cell, "delay.p99");
        let line = format!("{}{counts}{defaults:>11}{median:>9}{range:>17}", columns.line(row));
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out += &wrapped(
        "The last three columns are the p99 delay: with the defaults, in half of the worlds at most, and the range of 9 \
         of 10 worlds.",
        "  ",
    );
    if compared {
        out += &wrapped(
            "Wins and loses: it is lower or higher than that of the combination compared with, on the same days of \
             the same world. Even: not told apart, or by less than 1 s or 1 %.",
            "  ",
        );
        match worlds.repeats {
            1 => out += "  With one day in each world, that day decides.\n",
            _ => {
                out += &wrapped(
                    "Each world is judged with 95 %: where nothing differs, chance tells 5 of 100 apart.",
                    "  ",
                );
            }
        }
        out += &wrapped(
            "Mail that is not out a day after the end is not waited for; its delay is then longer than is told here.",
            "  ",
        );
    }
    out
}

/// What several lines come to together: one that is missed is enough.
fn joined(mut verdicts: impl Iterator<Item = Verdict> + Clone) -> Verdict {
    match verdicts.clone().any(|verdict| verdict == Verdict::Missed) {
        true => Verdict::Missed,
        false if verdicts.any(|verdict| verdict == Verdict::Undecided) => Verdict::Undecided,
        false => Verdict::Met,
    }
}

fn expectations(worlds: &Worlds, style: Style) -> String {
    let rows: Vec<(&WorldCell, &Verdicts)> = worlds
        .cells
        .iter()
        .flat_map(|cell| cell.expectations.iter().map(move |line| (cell, line)))
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let head = format!(
        "{:<40}{:>10}{:>8}{:>8}{:>12}",
        "Expectations", "defaults", "met", "missed", "undecided"
    );
    let mut out = format!("\n{}\n", style.bold(&head));
    let mut texts: Vec<&str> = Vec::new();
    for (_, line) in &rows {
        if !texts.contains(&line.text.as_str()) {
            texts.push(&line.text);
        }
    }
    for text in texts {
        let of: Vec<&Verdicts> =
            rows.iter().map(|(_, line)| *line).filter(|line| line.text == text).collect();
        let defaults = match joined(of.iter().map(|line| line.defaults)) {
            Verdict::Met => "met",
            Verdict::Undecided => "undecided",
            Verdict::Missed => "MISSED",
        };
        let in_world = |world: &WorldRow| {
            let lines = worlds.cells.iter().zip(&world.cells).flat_map(|(cell, found)| {
                let lines = cell.expectations.iter().zip(&found.verdicts);
                lines.filter(|(line, _)| line.text == text).map(|(_, verdict)| *verdict)
            });
            joined(lines)
        };
        let verdicts: Vec<Verdict> = worlds.worlds.iter().map(in_world).collect();
        let [met, missed, open] = [Verdict::Met, Verdict::Missed, Verdict::Undecided]
            .map(|wanted| verdicts.iter().filter(|verdict| **verdict == wanted).count());
        let _ = writeln!(out, "  {text:<38}{defaults:>10}{met:>8}{missed:>8}{open:>12}");
    }
    if worlds.cells.len() > 1 {
        out += "  A world meets a line with all combinations it is about; one that misses is enough.\n";
    }
    if worlds.repeats == 1 {
        out += "  One day in each world has no interval to decide by: --repeats 3 has.\n";
    }
    out
}

/// Where outcomes turn: each statement once, with the combinations of which it is true.
fn conditions(worlds: &Worlds, style: Style) -> String {
    let mut statements: Vec<(String, Vec<String>)> = Vec::new();
    let mut add = |what: String, cell: &WorldCell| {
        let of = label(cell, worlds);
        match statements.iter_mut().find(|(known, _)| *known == what) {
            Some((_, cells)) => cells.push(of),
            None => statements.push((what, vec![of])),
        }
    };
    for (position, cell) in worlds.cells.iter().enumerate() {
        for line in &cell.expectations {
            if let Some(split) = &line.missed_where {
                add(format!("misses \"{}\" {}", line.text, stated(split)), cell);
            }
        }
        // That of the best one stands in the answer.
        let told = position == worlds.ranking.of;
        let Some(count) = cell.against.as_ref().filter(|_| !told) else { continue };
        for (word, split) in [("wins", &count.wins_where), ("loses", &count.loses_where)] {
            if let Some(split) = split {
                add(format!("{word} {}", stated(split)), cell);
            }
        }
    }
    let title = format!("\n{}\n", style.bold("Where it turns"));
    if statements.is_empty() {
        let asked = worlds.cells.iter().any(|cell| turns(cell, worlds.n));
        let text = "No single condition on one assumption tells the worlds apart well enough to be stated. More \
                    worlds tell more.";
        return if asked { format!("{title}{}", wrapped(text, "  ")) } else { String::new() };
    }
    let mut out = title;
    for (what, cells) in statements.iter().take(SHOWN) {
        let of = match &cells[..] {
            [one] => one.clone(),
            [first, ..] => format!("{first} (and {} more)", cells.len() - 1),
            [] => String::new(),
        };
        out += &wrapped(&format!("{of}: {what}."), "  ");
    }
    if statements.len() > SHOWN {
        let _ = writeln!(out, "  .. and {} more in the files", statements.len() - SHOWN);
    }
    out
}

/// Whether some outcome of the combination is not the same in all worlds.
fn turns(cell: &WorldCell, n: usize) -> bool {
    let some = |count: usize| count > 0 && count < n;
    let against = cell.against.as_ref();
    against.is_some_and(|count| some(count.wins) || some(count.losses))
        || cell.expectations.iter().any(|line| some(line.missed))
}

fn ranking(worlds: &Worlds, style: Style) -> String {
    let ranking = &worlds.ranking;
    let of = worlds.cells.get(ranking.of).map(|cell| label(cell, worlds)).unwrap_or_default();
    let title = format!("\n{}\n", style.bold("Which assumptions decide"));
    let what = match ranking.difference {
        true => format!("the p99 delay that is saved by {of}"),
        false => format!("the p99 delay of {of}"),
    };
    let mut out = title
        + &wrapped(
            &format!(
                "What differs from world to world is {what}. Of that, this share goes with each assumption alone (shares may overlap):"
            ),
            "  ",
        );
    let told: Vec<_> = ranking.assumptions.iter().filter(|ranked| ranked.told).collect();
    let others: BTreeSet<&str> = ranking
        .assumptions
        .iter()
        .filter(|ranked| !ranked.told)
        .map(|ranked| ranked.name.split(' ').next().unwrap_or_default())
        .filter(|key| !told.iter().any(|told| told.name.split(' ').next() == Some(key)))
        .collect();
    for ranked in told.iter().take(SHOWN) {
        let key = ranked.name.split(' ').next().unwrap_or_default();
        let range = worlds.varied.get(key).cloned().unwrap_or_default();
        let _ = writeln!(out, "  {:>5}  {}", decides(ranked.share, true), ranked.name);
        out += &wrapped(&range, "           ");
    }
    if told.is_empty() {
        out += "  none that could be told from chance in so many worlds\n";
    }
    if !others.is_empty() {
        let list = others.into_iter().collect::<Vec<_>>().join(", ");
        out += &wrapped(&format!("Not told from chance: {list}."), "  ");
    }
    out
}

/// What was not varied although it is assumed, and values that were drawn in vain.
fn left_alone(worlds: &Worlds, style: Style) -> String {
    let mut out = String::new();
    for (key, why) in &worlds.kept {
        out += &wrapped(&format!("{key}: {why}."), "  ");
    }
    let refused: usize = worlds.worlds.iter().map(|world| world.refused.len()).sum();
    if refused > 0 {
        let text = format!(
            "{refused} drawn values did not fit the others of their world; the default holds there, and the files \
             say why."
        );
        out += &wrapped(&text, "  ");
    }
    match out.is_empty() {
        true => out,
        false => format!("\n{}\n{out}", style.bold("Assumed and not varied")),
    }
}
