//! `find:` - the value of one key from which on, or up to which, an expectation is met: what is asked, and the
//! ladder of values on which it is sought.
//!
//! The places of the ladder are whole numbers in the order of the values. A key of whole numbers has its
//! values as places. Any other has steps of equal ratio, each at most `within` of the value; from zero on,
//! where there is no ratio, steps of equal length, each at most `within` of the upper end.

use super::super::keys::{self, KeyDoc, Kind, short};
use super::super::node::{Node, Place, Value};
use super::super::origins;
use super::super::problem::{LoadError, Problem, nearest, quoted};
use super::super::{ExpectLine, from_tree, overrides};
use super::read::{Found, line, unknown};
use super::{Combined, ORIGIN, Sweep};
use crate::stats::round_significant;
use crate::units::{Span, parse};

/// Doublings and halvings of the base's value without `between`.
const DOUBLINGS: u32 = 6;
/// `within`, where nothing else is said.
const WITHIN: f64 = 0.01;
const NANOS: f64 = 1e9;

/// What is sought.
#[derive(Clone, Debug, PartialEq)]
pub struct Find {
    /// The key.
    pub key: String,
    /// Whether the largest value is wanted; else the smallest.
    pub largest: bool,
    /// What is to be met; `experiment` reads it.
    pub expect: ExpectLine,
    /// The values.
    pub ladder: Ladder,
    /// Where the key is named.
    place: Place,
}

/// Values in ascending order, by place.
#[derive(Clone, Debug, PartialEq)]
pub struct Ladder {
    /// Places that are tried first; the first and the last are the ends of the range.
    pub rungs: Vec<i64>,
    /// The place of the base's value, where the range is not given.
    pub start: Option<i64>,
    scale: Scale,
}

#[derive(Clone, Debug, PartialEq)]
enum Scale {
    /// The place is the value.
    Whole,
    /// From a value on, in steps of this ratio.
    Ratio { from: f64, ratio: f64, unit: Unit, digits: usize },
    /// From a value on, in steps of this length.
    Length { from: f64, step: f64, unit: Unit, digits: usize },
}

/// How a value is written.
#[derive(Clone, Debug, PartialEq)]
enum Unit {
    /// A duration, in its largest whole unit.
    Span,
    /// A number of so many of what stands behind it: `/min`, ` KB`, `%`.
    Of(String, f64),
}

impl Ladder {
    /// Whether the places are the values: whole numbers.
    pub fn is_whole(&self) -> bool {
        self.scale == Scale::Whole
    }

    /// The value at a place, as it would be written.
    pub fn text(&self, place: i64) -> String {
        let (value, unit, digits) = match &self.scale {
            Scale::Whole => return place.to_string(),
            Scale::Ratio { from, ratio, unit, digits } => {
                (from * libm::pow(*ratio, place as f64), unit, *digits)
            }
            Scale::Length { from, step, unit, digits } => {
                (from + step * place as f64, unit, *digits)
            }
        };
        match unit {
            Unit::Span => short(Span::from_nanos(round_significant(value * NANOS, digits) as u64)),
            Unit::Of(words, size) => format!("{}{words}", round_significant(value / size, digits)),
        }
    }
}

/// The entry of the table that speaks of `path`, which may have list entries and shapes.
fn doc(path: &str) -> Option<&'static KeyDoc> {
    let parts = path.split('[').enumerate();
    let table: String = parts
        .map(|(index, part)| match (index, part.split_once(']')) {
            (1.., Some((_, rest))) => format!("[]{rest}"),
            _ => part.to_owned(),
        })
        .collect();
    let table = overrides::listed(&table).into_owned();
    keys::find(&table).or_else(|| {
        // A shape's keys are listed once for all keys that take one.
        let shaped = |end: usize| {
            matches!(keys::find(&table[..end])?.kind, Kind::Shape(_)).then_some(())?;
            keys::find(&format!("shape{}", &table[end..]))
        };
        table.match_indices('.').find_map(|(end, _)| shaped(end))
    })
}

/// Whether values of this kind have an order.
fn ordered(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Whole { .. }
            | Kind::WholeOrUnlimited { .. }
            | Kind::Number { .. }
            | Kind::Share
            | Kind::Span { .. }
            | Kind::SpanOrUnlimited { .. }
            | Kind::Rate
            | Kind::Bandwidth
            | Kind::Limited
            | Kind::ShapeValue
    )
}

/// Smallest and largest value of a kind.
fn bounds(kind: Kind) -> (f64, f64) {
    match kind {
        Kind::Whole { min, max } | Kind::WholeOrUnlimited { min, max } => (min as f64, max as f64),
        Kind::Number { min, max } => (min, max),
        Kind::Share => (0.0, 1.0),
        Kind::Span { min, max } | Kind::SpanOrUnlimited { min, max } => {
            (min.nanos() as f64 / NANOS, max.nanos() as f64 / NANOS)
        }
        _ => (0.0, f64::INFINITY),
    }
}

/// A value of this kind, and how such a one is written; `None` if it is none.
fn value(kind: Kind, text: &str) -> Option<(f64, Unit)> {
    let text = text.trim();
    let span = || {
        let span = parse::span(text).ok()?;
        Some((span.nanos() as f64 / NANOS, Unit::Span))
    };
    let words = text.trim_start_matches(|c: char| c.is_ascii_digit() || "._-+".contains(c));
    let one = format!("1{words}");
    let of = |read: &dyn Fn(&str) -> Option<f64>| {
        Some((read(text)?, Unit::Of(words.to_owned(), read(&one)?)))
    };
    match kind {
        Kind::Whole { .. } | Kind::WholeOrUnlimited { .. } => {
            Some((parse::whole(text).ok()? as f64, Unit::Of(String::new(), 1.0)))
        }
        Kind::Number { .. } => Some((parse::number(text).ok()?, Unit::Of(String::new(), 1.0))),
        Kind::Share => of(&|text| parse::share(text).ok().map(|share| share.value())),
        Kind::Span { .. } | Kind::SpanOrUnlimited { .. } => span(),
        Kind::Rate => of(&|text| parse::rate(text).ok().map(|rate| rate.per_second())),
        Kind::Bandwidth | Kind::Limited => {
            of(&|text| parse::bandwidth(text).ok().map(|width| width.0))
                .filter(|of| of.0.is_finite())
        }
        Kind::ShapeValue => {
            span().or_else(|| of(&|text| parse::byte_size(text).ok().map(|size| size.0 as f64)))
        }
        _ => None,
    }
}

/// Reads `find:`.
pub(super) fn find(sweep: &Sweep, node: &Node, found: &mut Found) -> Option<Find> {
    const NAMES: [&str; 5] = ["key", "smallest_with", "largest_with", "between", "within"];
    const FORM: &str =
        "a map such as { key: proofpoint.queue_runners, smallest_with: \"p99 delay <= 5m\" }";
    let Value::Map(entries) = &node.value else {
        found.add(node, "find", FORM, "");
        return None;
    };
    unknown(entries, &NAMES, "find", found);
    let get = |key: &str| entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value);
    let (smallest, largest) = (get("smallest_with"), get("largest_with"));
    let wanted = match (smallest, largest) {
        (Some(node), None) | (None, Some(node)) => Some(node),
        (Some(_), Some(node)) => {
            let message = "a search goes one way: keep one of the two";
            found.add(node, "find.largest_with", "smallest_with or largest_with", message);
            None
        }
        (None, None) => {
            let message = "what is to be met is missing: smallest_with or largest_with";
            found.add(node, "find", FORM, message);
            None
        }
    };
    let expect = wanted.and_then(|node| match &node.value {
        Value::Scalar(text) if !text.trim().is_empty() => Some(line(node, text)),
        _ => {
            let key = if largest.is_some() { "find.largest_with" } else { "find.smallest_with" };
            found.add(node, key, "one text such as \"p99 delay <= 5m\"", "");
            None
        }
    });
    let (doc, key, place) = key(sweep, get("key"), node, found)?;
    let within = within(get("within"), doc, found);
    let ladder = match get("between") {
        Some(node) => between(node, doc, within?, found),
        None => around(sweep, (key, &place), doc, within?, found),
    };
    let key = key.to_owned();
    Some(Find { key, largest: largest.is_some(), expect: expect?, ladder: ladder?, place })
}

/// `key:`, which has to be one whose values have an order, and does not vary.
fn key<'n>(
    sweep: &Sweep,
    node: Option<&'n Node>,
    find: &Node,
    found: &mut Found,
) -> Option<(&'static KeyDoc, &'n str, Place)> {
    const ACCEPTED: &str = "a key with an order, such as proofpoint.queue_runners or mail.scale";
    let Some((node, Value::Scalar(key))) = node.map(|node| (node, &node.value)) else {
        found.add(node.unwrap_or(find), "find.key", ACCEPTED, "key is needed");
        return None;
    };
    let key = key.trim();
    let Some(doc) = doc(key) else {
        let said = format!("{}, which is not a key", quoted(key));
        let known = keys::all().filter(|doc| ordered(doc.kind)).map(|doc| doc.path);
        let nearest = nearest(key, known).map(str::to_owned);
        let problem = Problem::at(&node.place, "find.key", &said, ACCEPTED, "");
        found.0.push(Problem { nearest, ..problem });
        return None;
    };
    let inside = |one: &str, other: &str| one == other || one.starts_with(&format!("{other}."));
    let (accepted, message) = match () {
        () if key.starts_with("run.") => (ACCEPTED, "how it is run is no setting of the site"),
        () if !ordered(doc.kind) => {
            let message = format!("its values have no order: it takes {}", doc.accepts());
            found.add(node, "find.key", ACCEPTED, &message);
            return None;
        }
        () if sweep.keys.iter().any(|other| inside(key, other) || inside(other, key)) => {
            ("a key that does not vary", "it varies already: what is sought cannot be given")
        }
        () => {
            return Some((
                doc,
                key,
                Place { origin: Some(ORIGIN.to_owned()), ..node.place.clone() },
            ));
        }
    };
    found.add(node, "find.key", accepted, message);
    None
}

fn whole(kind: Kind) -> bool {
    matches!(kind, Kind::Whole { .. } | Kind::WholeOrUnlimited { .. })
}

fn within(node: Option<&Node>, doc: &KeyDoc, found: &mut Found) -> Option<f64> {
    let Some(node) = node else { return Some(WITHIN) };
    if whole(doc.kind) {
        let message = "whole numbers are found exactly: take within out";
        found.add(node, "find.within", "nothing beside a key of whole numbers", message);
        return None;
    }
    let share = match &node.value {
        Value::Scalar(text) => parse::share(text.trim()).ok().map(|share| share.value()),
        _ => None,
    };
    let share = share.filter(|share| (0.0001..=0.5).contains(share));
    if share.is_none() {
        found.add(node, "find.within", "a share of the value from 0.01% to 50%, such as 1%", "");
    }
    share
}

/// Digits by which neighbours on the ladder differ visibly.
fn digits(within: f64) -> usize {
    (2.0 - libm::log10(within)).ceil() as usize
}

/// The range that is given.
fn between(node: &Node, doc: &KeyDoc, within: f64, found: &mut Found) -> Option<Ladder> {
    const KEY: &str = "find.between";
    let accepted = format!("[LOW, HIGH], each {}", doc.accepts());
    let Value::List(items) = &node.value else {
        found.add(node, KEY, &accepted, "");
        return None;
    };
    let [low, high] = items.as_slice() else {
        found.add(node, KEY, &accepted, "a range has two ends");
        return None;
    };
    let mut end = |item: &Node| {
        let read = match &item.value {
            Value::Scalar(text) if text.trim() == "unlimited" => {
                let message =
                    "between a number and unlimited there is no middle: give a large number";
                found.add(item, KEY, &accepted, message);
                return None;
            }
            Value::Scalar(text) => value(doc.kind, text),
            _ => None,
        };
        let (least, most) = bounds(doc.kind);
        let read = read.filter(|(value, _)| (least..=most).contains(value));
        if read.is_none() {
            found.add(item, KEY, &accepted, "");
        }
        read
    };
    let (from, until) = (end(low), end(high));
    let ((from, unit), (until, other)) = (from?, until?);
    if from >= until {
        found.add(node, KEY, "the smaller end first", "the range is upside down or empty");
        return None;
    }
    if whole(doc.kind) {
        let rungs = vec![from as i64, until as i64];
        return Some(Ladder { rungs, start: None, scale: Scale::Whole });
    }
    let digits = digits(within);
    let (steps, scale) = if from > 0.0 {
        let steps = (libm::log(until / from) / libm::log1p(within)).ceil().max(1.0);
        let ratio = libm::pow(until / from, 1.0 / steps);
        (steps, Scale::Ratio { from, ratio, unit, digits })
    } else {
        let steps = (1.0 / within).ceil();
        (steps, Scale::Length { from, step: (until - from) / steps, unit: other, digits })
    };
    Some(Ladder { rungs: vec![0, steps as i64], start: None, scale })
}

/// Doublings and halvings of the base's value.
fn around(
    sweep: &Sweep,
    (key, place): (&str, &Place),
    doc: &KeyDoc,
    within: f64,
    found: &mut Found,
) -> Option<Ladder> {
    let settings = origins::of_tree(&sweep.base.root);
    let base = settings.iter().find(|setting| setting.key == key);
    let base = base.map_or(doc.default, |setting| setting.value.as_str());
    let start = value(doc.kind, base).filter(|(value, _)| whole(doc.kind) || *value > 0.0);
    let Some((start, unit)) = start else {
        let base = if base.is_empty() { "nothing" } else { base };
        let message = format!("the base has {base}, from which nothing can be doubled");
        let accepted = "between: [LOW, HIGH] beside this key";
        found.0.push(Problem::at(place, "find.between", "nothing", accepted, &message));
        return None;
    };
    let (least, most) = bounds(doc.kind);
    if whole(doc.kind) {
        let first = start.max(1.0);
        let times = (-i64::from(DOUBLINGS)..=i64::from(DOUBLINGS))
            .map(|power| (first * libm::exp2(power as f64)).floor().clamp(least, most) as i64);
        let mut rungs: Vec<i64> = times.collect();
        rungs.push(start as i64);
        rungs.sort_unstable();
        rungs.dedup();
        return Some(Ladder { rungs, start: Some(start as i64), scale: Scale::Whole });
    }
    let steps = (std::f64::consts::LN_2 / libm::log1p(within)).ceil().max(1.0);
    let ratio = libm::exp2(1.0 / steps);
    let rungs = (-i64::from(DOUBLINGS)..=i64::from(DOUBLINGS)).filter(|power| {
        let value = start * libm::exp2(*power as f64);
        (least..=most).contains(&value)
    });
    let rungs = rungs.map(|power| power * steps as i64).collect();
    let digits = digits(within);
    let scale = Scale::Ratio { from: start, ratio, unit, digits };
    Some(Ladder { rungs, start: Some(0), scale })
}

impl Sweep {
    /// Combination `index` with `text` for the key that is sought.
    ///
    /// # Errors
    /// Every problem; those of the value stand where the key is named.
    pub fn combined_at(
        &self,
        index: usize,
        find: &Find,
        text: &str,
    ) -> Result<Combined, Vec<LoadError>> {
        let (mut root, mut problems) = self.tree(index);
        let node = Node { place: find.place.clone(), value: Value::Scalar(text.to_owned()) };
        if let Err([said, accepted, message]) =
            overrides::put(&mut root, &find.key, node, &find.place)
        {
            problems.push(Problem::at(&find.place, &find.key, &said, &accepted, &message));
        }
        let (scenario, found) = from_tree(&root, &self.base.name, &self.base.folder);
        problems.extend(found);
        if !problems.is_empty() {
            return Err(self.refusal(problems));
        }
        Ok(Combined { scenario, settings: origins::of_tree(&root) })
    }
}

#[cfg(test)]
mod tests;
