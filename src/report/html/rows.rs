//! The tables of the page: values in words, and as numbers to sort by.

use super::super::answer::recommended;
use super::super::charts::clean;
use super::super::combinations::{plain, short};
use super::super::difference::{signed, verdict_words};
use super::super::human;
use super::verdict;
use crate::experiment::{Cell, Difference, Estimate, Judged, Metrics, Results, Verdict};
use crate::measure::{Metric, Unit};
use crate::units::Span;
use serde::Serialize;

/// The columns of the table of combinations: id, heading, metric.
const COLUMNS: [(&str, &str, Metric); 13] = [
    ("p50", "p50 delay", Metric::DelayP50),
    ("p90", "p90 delay", Metric::DelayP90),
    ("p95", "p95 delay", Metric::DelayP95),
    ("p99", "p99 delay", Metric::DelayP99),
    ("p999", "p99.9 delay", Metric::DelayP999),
    ("mean", "mean delay", Metric::DelayMean),
    ("late15m", "late over 15m", Metric::Late(Span::from_mins(15))),
    ("late1h", "late over 1h", Metric::Late(Span::from_hours(1))),
    ("queued", "still queued", Metric::MessagesQueued),
    ("bounced", "bounced", Metric::MessagesBounced),
    ("cut", "connections cut", Metric::ConnectionsCut),
    ("blocked", "host blocked", Metric::HostBlockedTime),
    ("queue", "longest queue", Metric::QueueMax),
];
/// Those that the switch of percentiles shows one at a time.
const PERCENTILES: usize = 5;
/// What the recommended combination is held against the other by.
const HELD: [Metric; 6] = [
    Metric::DelayP50,
    Metric::DelayP99,
    Metric::Late(Span::from_mins(15)),
    Metric::Late(Span::from_hours(1)),
    Metric::ConnectionsCut,
    Metric::QueueMax,
];

/// A column.
#[derive(Serialize)]
pub(super) struct Column {
    id: String,
    title: String,
    percentile: bool,
    number: bool,
}

/// A value.
#[derive(Serialize, Default)]
pub(super) struct Value {
    column: String,
    words: String,
    /// Its interval; may be empty.
    interval: String,
    /// What it is sorted by; empty where nothing is known.
    sort: String,
    number: bool,
}

impl Value {
    /// Words, sorted as such.
    pub(super) fn words(column: &str, words: &str) -> Self {
        let sort = if words == "-" { String::new() } else { words.to_owned() };
        Value { column: column.to_owned(), words: words.to_owned(), sort, ..Value::default() }
    }

    /// A number in words; what is not known is sorted last.
    pub(super) fn measured(column: &str, words: String, interval: String, of: Option<f64>) -> Self {
        let sort = of.map(|value| value.to_string()).unwrap_or_default();
        Value { column: column.to_owned(), words, interval, sort, number: true }
    }
}

/// One combination.
#[derive(Serialize)]
pub(super) struct Row {
    number: usize,
    /// `compared with`, `recommended`, `may be best`.
    marks: Vec<&'static str>,
    values: Vec<Value>,
}

/// The table of combinations.
#[derive(Serialize)]
pub(super) struct Table {
    columns: Vec<Column>,
    rows: Vec<Row>,
}

pub(super) fn combinations(results: &Results) -> Table {
    let keys: Vec<&String> =
        results.cells.first().map(|cell| cell.settings.keys().collect()).unwrap_or_default();
    let judged = results.expectations().next().is_some();
    let compared = results.cells.iter().any(|cell| cell.difference.is_some());
    let mut columns = Vec::new();
    let mut column = |id: String, title: &str, percentile, number| {
        columns.push(Column { id, title: clean(title), percentile, number });
    };
    for (index, key) in keys.iter().enumerate() {
        column(format!("k{index}"), short(key), false, false);
    }
    for (index, (id, title, _)) in COLUMNS.iter().enumerate() {
        column((*id).to_owned(), title, index < PERCENTILES, true);
    }
    if compared {
        column("difference".to_owned(), "p99 less the compared", false, true);
    }
    if judged {
        column("verdict".to_owned(), "expectations", false, false);
    }
    let choice = recommended(results);
    let row = |(position, cell): (usize, &Cell)| {
        let best = results.best.as_ref().is_some_and(|best| best.cells.contains(&position));
        let marks = [
            (results.compared_with == Some(position), "compared with"),
            (choice == Some(position), "recommended"),
            (best && choice != Some(position), "may be best"),
        ];
        let mut values: Vec<Value> = keys
            .iter()
            .enumerate()
            .map(|(index, key)| setting(format!("k{index}"), plain(cell.settings.get(*key))))
            .collect();
        values.extend(COLUMNS.map(|(id, _, metric)| measured(id, &cell.metrics, metric)));
        if compared {
            values.push(less(cell));
        }
        if judged {
            values.push(judgement(cell));
        }
        let marks = marks.into_iter().filter(|(is, _)| *is).map(|(_, mark)| mark).collect();
        Row { number: position + 1, marks, values }
    };
    Table { rows: results.cells.iter().enumerate().map(row).collect(), columns }
}

/// Settings sort as times, sizes and numbers where they are such.
pub(super) fn setting(column: String, words: String) -> Value {
    use crate::units::parse;
    let number = words
        .parse::<f64>()
        .ok()
        .or_else(|| parse::span(&words).ok().map(|span| span.seconds()))
        .map(|value| value.to_string());
    Value {
        column,
        sort: number.unwrap_or_else(|| clean(&words)),
        words: clean(&words),
        ..Value::default()
    }
}

fn measured(column: &str, metrics: &Metrics, metric: Metric) -> Value {
    let estimate = metrics.get(metric).copied().unwrap_or_default();
    let [words, interval, _] = human::estimate(&estimate, metric.unit());
    Value {
        column: column.to_owned(),
        interval: if interval == "-" { String::new() } else { interval },
        sort: estimate.point.map(|point| point.to_string()).unwrap_or_default(),
        words,
        number: true,
    }
}

fn less(cell: &Cell) -> Value {
    let name = Metric::DelayP99.name();
    let of = cell.difference.as_ref().and_then(|all| all.get(&name)).copied().unwrap_or_default();
    let [words, interval] = between(&of, Unit::Seconds);
    let sort = of.point.map(|point| point.to_string()).unwrap_or_default();
    Value { column: "difference".to_owned(), words, interval, sort, number: true }
}

/// A difference, and the interval that holds together with the others.
fn between(of: &Difference, unit: Unit) -> [String; 2] {
    let end = |end: Option<f64>| end.map_or_else(|| "?".to_owned(), |end| signed(end, unit));
    let interval = match (of.family_low, of.family_high) {
        (None, None) => String::new(),
        (low, high) => format!("{} .. {}", end(low), end(high)),
    };
    [of.point.map_or_else(|| "-".to_owned(), |point| signed(point, unit)), interval]
}

/// The worst of a combination's verdicts, and how many it keeps.
fn judgement(cell: &Cell) -> Value {
    let count = |of: Verdict| cell.expectations.iter().filter(|line| line.verdict == of).count();
    let (met, all) = (count(Verdict::Met), cell.expectations.len());
    let worst = match () {
        () if all == 0 => {
            return Value {
                column: "verdict".to_owned(),
                words: "-".to_owned(),
                sort: "9".to_owned(),
                ..Value::default()
            };
        }
        () if count(Verdict::Missed) > 0 => Verdict::Missed,
        () if count(Verdict::Undecided) > 0 => Verdict::Undecided,
        () => Verdict::Met,
    };
    let (sign, word) = verdict(worst);
    Value {
        column: "verdict".to_owned(),
        words: format!("{sign} {word}"),
        interval: format!("{met} of {all} met"),
        sort: format!("{}", worst as u8),
        number: false,
    }
}

/// One metric of a single run.
#[derive(Serialize)]
pub(super) struct MetricRow {
    name: String,
    meaning: String,
    value: Value,
    day: String,
}

/// Every metric of a single run; nothing of a sweep, whose table is that of combinations.
pub(super) fn metrics(results: &Results) -> Vec<MetricRow> {
    let [cell] = results.cells.as_slice() else { return Vec::new() };
    let row = |(name, metric, estimate): (String, Metric, &Estimate)| {
        let [words, interval, day] = human::estimate(estimate, metric.unit());
        let sort = estimate.point.map(|point| point.to_string()).unwrap_or_default();
        let value = Value { column: "value".to_owned(), words, interval, sort, number: true };
        MetricRow { name: clean(&name), meaning: metric.meaning(), value, day }
    };
    cell.metrics.named().map(row).collect()
}

/// An expectation and what became of it.
#[derive(Serialize)]
pub(super) struct Expected {
    text: String,
    sign: &'static str,
    word: &'static str,
    /// The value and its interval, or in how many combinations it is met.
    found: String,
}

/// Every expectation of a run; of a sweep each text once, with the combinations that keep it.
pub(super) fn expectations(results: &Results) -> Vec<Expected> {
    let told = |line: &Judged| {
        let (sign, word) = verdict(line.verdict);
        let of = line.metric.split('@').next().unwrap_or_default();
        let unit = Metric::parse(of).map_or(Unit::Count, Metric::unit);
        let estimate =
            Estimate { point: line.value, low: line.low, high: line.high, ..Estimate::default() };
        let [value, interval, _] = human::estimate(&estimate, unit);
        let found = if interval == "-" { value } else { format!("{value} ({interval})") };
        Expected { text: clean(&line.text), sign, word, found }
    };
    if let [one] = results.cells.as_slice() {
        return one.expectations.iter().map(told).collect();
    }
    let mut texts: Vec<&str> = Vec::new();
    for line in results.expectations() {
        if !texts.contains(&line.text.as_str()) {
            texts.push(&line.text);
        }
    }
    let summed = |text: &str| {
        let of: Vec<&Judged> = results.expectations().filter(|line| line.text == text).collect();
        let count =
            |of: &[&Judged], wanted| of.iter().filter(|line| line.verdict == wanted).count();
        let (met, missed) = (count(&of, Verdict::Met), count(&of, Verdict::Missed));
        let worst = match () {
            () if missed > 0 => Verdict::Missed,
            () if met < of.len() => Verdict::Undecided,
            () => Verdict::Met,
        };
        let (sign, word) = verdict(worst);
        let found = format!("met by {met} of {}, missed by {missed}", of.len());
        Expected { text: clean(text), sign, word, found }
    };
    texts.into_iter().map(summed).collect()
}

/// A metric of the recommended combination beside that of the one it is compared with.
#[derive(Serialize)]
pub(super) struct Held {
    name: String,
    before: String,
    after: String,
    difference: String,
    interval: String,
    words: String,
}

/// The recommended combination against the one compared with; nothing where there is none of either.
pub(super) fn recommended_differences(results: &Results) -> Vec<Held> {
    let (Some(of), Some(choice)) = (results.compared_with, recommended(results)) else {
        return Vec::new();
    };
    let (before, after) = (&results.cells[of], &results.cells[choice]);
    let row = |metric: Metric| {
        let difference = after.difference.as_ref()?.get(&metric.name())?;
        let value = |cell: &Cell| {
            let estimate = cell.metrics.get(metric).copied().unwrap_or_default();
            let [words, ..] = human::estimate(&estimate, metric.unit());
            words
        };
        let [point, interval] = between(difference, metric.unit());
        let words = verdict_words(metric, difference).trim_start_matches("B ").to_owned();
        let (before, after) = (value(before), value(after));
        Some(Held { name: metric.name(), before, after, difference: point, interval, words })
    };
    HELD.into_iter().filter_map(row).collect()
}
