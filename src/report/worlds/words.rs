//! The answer over the worlds in words, as the page of the terminal and that of the browser say it.

use super::super::human;
use crate::experiment::Verdict;
use crate::experiment::assumptions::{Split, WorldCell, WorldRow, Worlds};
use crate::measure::{Metric, Unit};
use serde_json::{Map, Value};

pub(in crate::report) fn plain(value: Option<&Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

pub(in crate::report) fn decides(share: f64, told: bool) -> String {
    if told { format!("{:.0} %", 100.0 * share) } else { "not told from chance".to_owned() }
}

/// `hoststat off, queue_runners 10`, or the file's own settings.
pub(in crate::report) fn settings(of: &Map<String, Value>) -> String {
    let last = |key: &str| key.rsplit('.').next().unwrap_or(key).to_owned();
    let pairs = of.iter().map(|(key, value)| format!("{} {}", last(key), plain(Some(value))));
    let pairs = pairs.collect::<Vec<_>>().join(", ");
    if pairs.is_empty() { "the scenario".to_owned() } else { pairs }
}

/// A combination by what tells it from the one that is compared with; by all its settings if there is none.
pub(in crate::report) fn label(cell: &WorldCell, worlds: &Worlds) -> String {
    let reference = worlds.compare_with.and_then(|position| worlds.cells.get(position));
    let Some(reference) = reference else { return settings(&cell.settings) };
    let own =
        cell.settings.iter().filter(|(key, value)| reference.settings.get(*key) != Some(value));
    let own: Map<String, Value> = own.map(|(key, value)| (key.clone(), value.clone())).collect();
    if own.is_empty() { "what is compared with".to_owned() } else { settings(&own) }
}

/// With the defaults, half of the worlds, and the middle nine in ten of them.
pub(in crate::report) fn quantiles(cell: &WorldCell, name: &str) -> [String; 3] {
    let of = cell.metrics.get(name).cloned().unwrap_or_default();
    let unit = Metric::parse(name).map_or(Unit::Count, Metric::unit);
    let sign = |which: &str| if of.censored.iter().any(|name| name == which) { ">" } else { "" };
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

/// The answer in a sentence or two; nothing where there is nothing to compare with.
pub(in crate::report) fn answer(worlds: &Worlds) -> Option<String> {
    let of = worlds.ranking.of;
    let cell = worlds.cells.get(of)?;
    let reference = worlds.cells.get(worlds.compare_with?)?;
    let count = cell.against.as_ref()?;
    if count.wins == 0 {
        return Some(format!(
            "In none of {} worlds has any combination a lower p99 delay than {}, as far as it can be told.",
            worlds.n,
            settings(&reference.settings)
        ));
    }
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
    Some(text)
}

/// `in 9 of the 11 worlds with max_connections < 10, and in 0 of the 89 others`.
fn stated(split: &Split) -> String {
    format!(
        "in {} of the {} worlds with {}, and in {} of the {} others",
        split.inside_hits, split.inside, split.condition, split.outside_hits, split.outside
    )
}

/// Where outcomes turn: each statement once, with the combinations of which it is true.
pub(in crate::report) fn statements(worlds: &Worlds) -> Vec<String> {
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
    let said = |(what, cells): (String, Vec<String>)| match &cells[..] {
        [first, _, ..] => format!("{first} (and {} more): {what}.", cells.len() - 1),
        _ => format!("{}: {what}.", cells.concat()),
    };
    statements.into_iter().map(said).collect()
}

/// What is said where nothing turns on one condition; nothing where nothing differs.
pub(in crate::report) fn no_statement(worlds: &Worlds) -> Option<&'static str> {
    worlds.cells.iter().any(|cell| turns(cell, worlds.n)).then_some(
        "No single condition on one assumption tells the worlds apart well enough to be stated. More worlds tell more.",
    )
}

/// Whether some outcome of the combination is not the same in all worlds.
fn turns(cell: &WorldCell, n: usize) -> bool {
    let some = |count: usize| count > 0 && count < n;
    let against = cell.against.as_ref();
    against.is_some_and(|count| some(count.wins) || some(count.losses))
        || cell.expectations.iter().any(|line| some(line.missed))
}

/// An expectation over the worlds: a world meets it with all combinations that are meant; one that misses is enough.
pub(in crate::report) struct Kept<'a> {
    pub(in crate::report) text: &'a str,
    /// With the defaults.
    pub(in crate::report) defaults: Verdict,
    pub(in crate::report) met: usize,
    pub(in crate::report) missed: usize,
    pub(in crate::report) undecided: usize,
}

/// Each expectation once.
pub(in crate::report) fn kept(worlds: &Worlds) -> Vec<Kept<'_>> {
    let lines = worlds.cells.iter().flat_map(|cell| &cell.expectations);
    let mut texts: Vec<&str> = Vec::new();
    for line in lines.clone() {
        if !texts.contains(&line.text.as_str()) {
            texts.push(&line.text);
        }
    }
    let of = |text| {
        let same = lines.clone().filter(|line| line.text == text);
        let defaults = same.map(|line| line.defaults).fold(Verdict::Met, worse);
        let verdicts: Vec<Verdict> =
            worlds.worlds.iter().map(|world| in_world(worlds, world, text)).collect();
        let [met, missed, undecided] = [Verdict::Met, Verdict::Missed, Verdict::Undecided]
            .map(|wanted| verdicts.iter().filter(|verdict| **verdict == wanted).count());
        Kept { text, defaults, met, missed, undecided }
    };
    texts.into_iter().map(of).collect()
}

fn in_world(worlds: &Worlds, world: &WorldRow, text: &str) -> Verdict {
    let cells = worlds.cells.iter().zip(&world.cells);
    let lines = cells.flat_map(|(cell, found)| cell.expectations.iter().zip(&found.verdicts));
    let same = lines.filter(|(line, _)| line.text == text);
    same.map(|(_, verdict)| *verdict).fold(Verdict::Met, worse)
}

fn worse(a: Verdict, b: Verdict) -> Verdict {
    match (a, b) {
        (Verdict::Missed, _) | (_, Verdict::Missed) => Verdict::Missed,
        (Verdict::Undecided, _) | (_, Verdict::Undecided) => Verdict::Undecided,
        _ => Verdict::Met,
    }
}
