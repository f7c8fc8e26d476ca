//! The page of `--vary-assumptions`: does the answer hold if the assumptions are wrong, and which of them decides?

use super::{Figure, PageError, SCRIPT, STYLE, Setting, hash, rendered, rows, settings, verdict};
use crate::experiment::Results;
use crate::experiment::assumptions::{Against, Found, WorldCell, Worlds};
use crate::experiment::sweep::Header;
use crate::measure::{Metric, Unit};
use crate::report::charts::{Drawing, clean};
use crate::report::difference::signed;
use crate::report::worlds::words;
use crate::report::{human, trust};
use serde::Serialize;

const TEMPLATE: &str = include_str!("worlds.html");
/// Assumptions that the table of worlds has a column for.
const COLUMNS: usize = 6;

/// What such a page is made of.
#[derive(Clone, Copy, Debug)]
pub struct WorldsDocument<'a> {
    /// With the defaults.
    pub results: &'a Results,
    /// Over the worlds.
    pub worlds: &'a Worlds,
    /// What was asked.
    pub header: &'a Header,
    /// The pictures, in order.
    pub drawings: &'a [Drawing],
}

#[derive(Serialize)]
struct Expected {
    text: String,
    sign: &'static str,
    word: &'static str,
    met: usize,
    missed: usize,
    undecided: usize,
}

#[derive(Serialize)]
struct Combination {
    number: usize,
    label: String,
    mark: &'static str,
    wins: String,
    even: String,
    losses: String,
    defaults: String,
    median: String,
    range: String,
}

#[derive(Serialize)]
struct Assumption {
    name: String,
    range: String,
    share: String,
}

#[derive(Serialize)]
struct Column {
    title: String,
    number: bool,
}

#[derive(Serialize)]
struct Row {
    number: u32,
    values: Vec<rows::Value>,
}

#[derive(Serialize)]
struct Page<'a> {
    style: &'a str,
    script: &'a str,
    style_hash: String,
    script_hash: String,
    name: String,
    about: String,
    headline: String,
    n: usize,
    varied: usize,
    days: String,
    turns: Vec<String>,
    no_turn: &'a str,
    reading: Vec<&'a str>,
    trust: Vec<String>,
    expectations: Vec<Expected>,
    figures: Vec<Figure<'a>>,
    of_sweep: bool,
    compared: bool,
    combinations: Vec<Combination>,
    decides: String,
    assumptions: Vec<Assumption>,
    left_alone: Vec<String>,
    caption: String,
    columns: Vec<Column>,
    worlds: Vec<Row>,
    settings: Vec<Setting>,
    command: String,
    seed: u64,
    version: &'a str,
}

/// The page. The same document gives the same bytes.
///
/// # Errors
/// If the template is at fault.
pub fn worlds_html(document: &WorldsDocument) -> Result<String, PageError> {
    let WorldsDocument { results, worlds, header, drawings } = *document;
    let turns = words::statements(worlds);
    let no_turn =
        if turns.is_empty() { words::no_statement(worlds).unwrap_or_default() } else { "" };
    let figures = drawings.iter().map(|one| Figure {
        id: &one.name,
        title: clean(&one.title),
        svg: &one.svg,
    });
    let columns = columns(worlds);
    let page = Page {
        style: STYLE,
        script: SCRIPT,
        style_hash: hash(STYLE),
        script_hash: hash(SCRIPT),
        name: clean(&results.scenario),
        about: clean(&header.about),
        headline: clean(&headline(worlds)),
        n: worlds.n,
        varied: worlds.varied.len(),
        days: match worlds.repeats {
            1 => "1 day".to_owned(),
            days => format!("{days} days"),
        },
        turns: turns.iter().map(|line| clean(line)).collect(),
        no_turn,
        reading: reading(worlds),
        trust: trusted(header),
        expectations: expectations(worlds),
        figures: figures.collect(),
        of_sweep: worlds.cells.len() > 1,
        compared: worlds.compare_with.is_some(),
        combinations: worlds.cells.iter().enumerate().map(|of| combination(of, worlds)).collect(),
        decides: clean(&decides(worlds)),
        assumptions: assumptions(worlds),
        left_alone: left_alone(worlds),
        caption: clean(&caption(worlds)),
        columns: titles(worlds, &columns),
        worlds: worlds.worlds.iter().map(|world| row(world, worlds, &columns)).collect(),
        settings: settings(header),
        command: header.page.as_ref().map(|page| clean(&page.command)).unwrap_or_default(),
        seed: results.seed,
        version: &results.version,
    };
    rendered(TEMPLATE, &page)
}

/// The answer; where nothing is compared, what the delay comes to over the worlds.
fn headline(worlds: &Worlds) -> String {
    if let Some(answer) = words::answer(worlds) {
        return answer;
    }
    let Some(cell) = worlds.cells.get(worlds.ranking.of) else { return String::new() };
    let [defaults, median, range] = words::quantiles(cell, &Metric::DelayP99.name());
    let kept = words::kept(worlds);
    let missed = kept.iter().map(|line| line.missed).sum::<usize>();
    let all = kept.iter().map(|line| line.met + line.missed + line.undecided).sum::<usize>();
    let mut text = format!(
        "With the defaults the p99 delay is {defaults}; in half of {} worlds it is at most {median}, in 9 of 10 worlds \
         {range}.",
        worlds.n
    );
    if all > 0 {
        text += &format!(" Of {all} verdicts on expectations {missed} are missed.");
    }
    text
}

fn reading(worlds: &Worlds) -> Vec<&'static str> {
    let mut lines = Vec::new();
    if worlds.compare_with.is_some() {
        lines.push(
            "A combination wins a world if its p99 delay is lower there than that of the combination compared with, \
             on the same days. Even: not told apart, or by less than 1 s or 1 %.",
        );
        lines.push(match worlds.repeats {
            1 => "With one day in each world, that day decides.",
            _ => "Each world is judged with 95 %: where nothing differs, chance tells 5 of 100 apart.",
        });
    }
    if worlds.repeats == 1 {
        lines.push(
            "One day in each world has no interval to judge expectations by: --repeats 3 has.",
        );
    }
    lines.push(
        "Mail that is not out a day after the end is not waited for; its delay is then longer than is told here.",
    );
    lines.push("Nobody knows how likely each world is: the counts say how far the answer hangs on what is assumed.");
    lines
}

/// What the model was held against; that assumptions can be doubted is what this page is about.
fn trusted(header: &Header) -> Vec<String> {
    let lines = header.trust.iter().filter(|line| *line != trust::DOUBT);
    lines.map(|line| clean(line)).collect()
}

fn expectations(worlds: &Worlds) -> Vec<Expected> {
    let told = |of: words::Kept| {
        let (sign, word) = verdict(of.defaults);
        let (met, missed, undecided) = (of.met, of.missed, of.undecided);
        Expected { text: clean(of.text), sign, word, met, missed, undecided }
    };
    words::kept(worlds).into_iter().map(told).collect()
}

fn combination((position, cell): (usize, &WorldCell), worlds: &Worlds) -> Combination {
    let [defaults, median, range] = words::quantiles(cell, &Metric::DelayP99.name());
    let count = cell.against.as_ref();
    let of = |number: Option<usize>| number.map_or_else(String::new, |number| number.to_string());
    let best = worlds.ranking.difference && worlds.ranking.of == position;
    Combination {
        number: position + 1,
        label: clean(&words::settings(&cell.settings)),
        mark: match () {
            () if worlds.compare_with == Some(position) => "compared with",
            () if best && count.is_some_and(|count| count.wins > 0) => "most often better",
            () => "",
        },
        wins: of(count.map(|count| count.wins)),
        even: of(count.map(|count| count.even)),
        losses: of(count.map(|count| count.losses)),
        defaults,
        median,
        range,
    }
}

fn decides(worlds: &Worlds) -> String {
    let ranking = &worlds.ranking;
    let of = worlds.cells.get(ranking.of).map(|cell| words::label(cell, worlds));
    let what = match ranking.difference {
        true => "the p99 delay that is saved by",
        false => "the p99 delay of",
    };
    let first = match ranking.assumptions.first().filter(|first| first.told) {
        Some(first) => format!("{} decides most.", first.name),
        None => "None could be told from chance in so many worlds.".to_owned(),
    };
    format!("What differs from world to world is {what} {}. {first}", of.unwrap_or_default())
}

/// The key of an assumption, without the part.
fn key(name: &str) -> &str {
    name.split(' ').next().unwrap_or_default()
}

fn assumptions(worlds: &Worlds) -> Vec<Assumption> {
    let row = |of: &crate::experiment::assumptions::Ranked| Assumption {
        name: clean(&of.name),
        range: clean(worlds.varied.get(key(&of.name)).map(String::as_str).unwrap_or_default()),
        share: words::decides(of.share, of.told),
    };
    worlds.ranking.assumptions.iter().map(row).collect()
}

fn left_alone(worlds: &Worlds) -> Vec<String> {
    let mut lines: Vec<String> =
        worlds.kept.iter().map(|(key, why)| clean(&format!("{key}: {why}."))).collect();
    let refused: usize = worlds.worlds.iter().map(|world| world.refused.len()).sum();
    if refused > 0 {
        lines.push(format!(
            "{refused} drawn values did not fit the others of their world; the default holds there (a dash in the \
             table), and worlds.json says why."
        ));
    }
    lines
}

/// The assumptions with a column, by rank.
fn columns(worlds: &Worlds) -> Vec<&str> {
    let mut keys: Vec<&str> = Vec::new();
    for of in &worlds.ranking.assumptions {
        if keys.len() < COLUMNS && !keys.contains(&key(&of.name)) {
            keys.push(key(&of.name));
        }
    }
    keys
}

fn caption(worlds: &Worlds) -> String {
    let of = worlds.cells.get(worlds.ranking.of).map(|cell| words::label(cell, worlds));
    let of = of.unwrap_or_default();
    let what = match worlds.ranking.difference {
        true => format!(
            "{of} against the combination compared with (small: the 95 % interval of the difference)"
        ),
        false => format!("The p99 delay of {of}"),
    };
    format!(
        "{what}, and the values of the assumptions that rank first; all are in tables/worlds.csv"
    )
}

fn titles(worlds: &Worlds, columns: &[&str]) -> Vec<Column> {
    let column = |title: &str, number| Column { title: title.to_owned(), number };
    let mut all = vec![column("World", false), column("p99 delay", true)];
    if worlds.ranking.difference {
        all.push(column("Difference", true));
        all.push(column("So it", false));
    }
    all.extend(columns.iter().map(|key| column(key, false)));
    all
}

fn row(world: &crate::experiment::assumptions::WorldRow, worlds: &Worlds, columns: &[&str]) -> Row {
    let found = world.cells.get(worlds.ranking.of);
    let mut values = vec![delay(found)];
    if worlds.ranking.difference {
        values.push(difference(found));
        let word = match found.and_then(|found| found.against) {
            Some(Against::Wins) => "wins",
            Some(Against::Even) => "even",
            Some(Against::Loses) => "loses",
            None => "-",
        };
        values.push(rows::Value::words("against", word));
    }
    let drawn = |key: &&str| match world.values.get(*key) {
        Some(value) => rows::setting((*key).to_owned(), words::plain(Some(value))),
        None => rows::Value::words(key, "-"),
    };
    values.extend(columns.iter().map(drawn));
    Row { number: world.world, values }
}

fn delay(found: Option<&Found>) -> rows::Value {
    let seconds = found.and_then(|of| of.metrics.get(&Metric::DelayP99.name()).copied().flatten());
    let words = seconds.map_or("-".to_owned(), |of| human::quantity(of, Unit::Seconds));
    rows::Value::measured("p99", words, String::new(), seconds)
}

fn difference(found: Option<&Found>) -> rows::Value {
    let [point, low, high] = found.and_then(|found| found.difference).unwrap_or_default();
    let word = |end: Option<f64>| end.map_or("?".to_owned(), |end| signed(end, Unit::Seconds));
    let interval = match (low, high) {
        (None, None) => String::new(),
        _ => format!("{} .. {}", word(low), word(high)),
    };
    let words = point.map_or("-".to_owned(), |point| signed(point, Unit::Seconds));
    rows::Value::measured("difference", words, interval, point)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::sweep::Page as Notes;
    use crate::report::charts;
    use serde_json::{Value, json};

    fn cell(name: &str, against: Option<[usize; 3]>) -> Value {
        let of = json!({ "defaults": 60.0, "median": 90.0, "low": 5.0, "high": 7200.0 });
        let mut cell = json!({ "settings": { "proofpoint.key": name }, "metrics": { "delay.p99": of },
            "expectations": [ { "text": "p99 delay < 1h", "defaults": "met", "met": 2, "missed": 1, "undecided": 0,
            "missed_where": null } ] });
        if let Some([wins, even, losses]) = against {
            let split = json!({ "condition": "network.round_trip >= 90ms", "inside_hits": 1, "inside": 1,
                "outside_hits": 0, "outside": 2 });
            cell["against"] = json!({ "defaults": "wins", "wins": wins, "even": even, "losses": losses,
                "low": 0.2, "high": 0.9, "wins_where": null, "loses_where": split });
        }
        cell
    }

    fn world(number: u32, milliseconds: u32, difference: f64, against: &str) -> Value {
        let metrics = json!({ "delay.p99": 100.0 });
        json!({ "world": number, "values": { "network.round_trip": format!("{milliseconds}ms") }, "cells": [
            { "metrics": metrics, "verdicts": ["met"] },
            { "metrics": metrics, "verdicts": ["met"], "against": against,
              "difference": [difference, difference - 1.0, difference + 1.0] } ] })
    }

    fn sample(name: &str) -> Worlds {
        let place = |number: f64| json!({ "number": number, "words": format!("{number}ms") });
        serde_json::from_value(json!({
            "n": 3, "repeats": 2, "compare_with": 0,
            "cells": [cell(name, None), cell("other", Some([1, 1, 1]))],
            "ranking": { "of": 1, "difference": true,
                "assumptions": [ { "name": "network.round_trip", "share": 0.8, "told": true } ],
                "deciding": { "name": "network.round_trip", "by_factor": true,
                    "values": [place(10.0), null, place(100.0)] } },
            "varied": { "network.round_trip": "5ms to 150ms" }, "kept": { "mail.arrivals": name },
            "worlds": [world(1, 10, -60.0, "wins"), world(2, 30, 0.0, "even"), world(3, 100, 60.0, "loses")],
        }))
        .expect("worlds")
    }

    fn page(name: &str) -> String {
        let results =
            json!({ "schema": 1, "scenario": name, "version": "0", "seed": 42, "cells": [] });
        let results: Results = serde_json::from_value(results).expect("results");
        let notes = Notes {
            command: "mailflow sweep x --vary-assumptions 3".to_owned(),
            ..Notes::default()
        };
        let header = json!({ "name": name, "about": name, "seed": 42, "repeats": 2, "compare_with": 0,
            "trust": [trust::DOUBT, "held against a laboratory"], "lines": [] });
        let mut header: Header = serde_json::from_value(header).expect("a header");
        header.page = Some(notes);
        let worlds = sample(name);
        let drawings = charts::worlds(&worlds).expect("drawn");
        assert_eq!(drawings.len(), 2);
        let document = WorldsDocument {
            results: &results,
            worlds: &worlds,
            header: &header,
            drawings: &drawings,
        };
        worlds_html(&document).expect("a page")
    }

    #[test]
    fn the_page_says_in_how_many_worlds_it_wins_where_it_loses_and_what_decides() {
        let page = page("a site");
        let text = page.replace("&#x2f;", "/").replace("&lt;", "<").replace("&gt;", ">");
        for words in [
            "lower in 1 of 3 worlds",
            "It loses in 1 of the 1 worlds with network.round_trip >= 90ms",
            "network.round_trip decides most",
            "held against a laboratory",
            "chart-worlds-wins",
            "chart-worlds-deciding",
            "id=\"w3\"",
            "mailflow sweep x --vary-assumptions 3",
        ] {
            assert!(text.contains(words), "{words}");
        }
        assert!(!text.contains(trust::DOUBT), "it is the answer to that");
        assert_eq!(page, super::tests::page("a site"), "the same bytes");
    }

    #[test]
    fn names_are_text_there_too() {
        for name in ["<script>alert(1)</script>", "\"quoted\" & 'single'", "שלום\u{202e}מייל"]
        {
            let page = page(name);
            assert_eq!(page.matches("<script").count(), 1, "{name}");
            assert!(!page.contains('\u{202e}'), "marks that reorder their neighbours");
        }
    }

    #[test]
    fn every_row_has_as_many_cells_as_headings() {
        let page = page("a site");
        let table =
            page.split("id=\"table\"").nth(1).and_then(|rest| rest.split("</table>").next());
        let table = table.expect("the table");
        let headings = table.matches("<th scope=\"col\"").count();
        assert!(headings == 5, "{headings}");
        for row in table.split("<tr id=").skip(1) {
            assert_eq!(row.matches("<td").count() + row.matches("<th").count(), headings);
        }
    }
}
