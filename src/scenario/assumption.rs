//! What is assumed, and how far a real system may be from it: the range that `explain` states is the one from
//! which `--vary-assumptions` draws, since both are made from here.
//!
//! A range is a list of words, or numbers put into the value's text, or either of the two with equal chance.
//! Values that depend on each other (median and spread of a size) are parts of one range and drawn as one.
//! A drawn number has three significant digits, so that what is shown is what was simulated.

use crate::engine::{Draws, Stream};
use crate::stats::round_significant;
use std::fmt::Write as _;

/// Significant digits of a drawn number.
const DIGITS: usize = 3;

/// The values that a real system may have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Range {
    /// One of these, each as likely as the others.
    Words(&'static [&'static str]),
    /// Numbers, and perhaps a word.
    Numbers(Numbers),
}

/// A value made of one or several numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Numbers {
    /// The value in half of the worlds, and the number that it comes to: `unlimited` is infinite.
    word: Option<(&'static str, f64)>,
    /// The value as YAML; each `{}` is the number of a part, in order.
    template: &'static str,
    parts: &'static [Part],
}

/// One number of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// What it is called beside others; empty where it is the only one.
    pub name: &'static str,
    /// Smallest, in the unit.
    pub low: f64,
    /// Largest.
    pub high: f64,
    /// What it counts.
    pub unit: Unit,
    /// Whether factors are alike (each doubling as likely), or steps.
    pub by_factor: bool,
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Nothing.
    Plain,
    /// Whole things.
    Whole,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// Bits a second.
    Bits,
    /// A share of 1.
    Share,
}

/// A value of a range.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// As `--set` takes it.
    pub value: String,
    /// What it comes to, for each of [`Range::features`].
    pub levels: Vec<Level>,
}

/// Where a value stands in its range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Level {
    /// This number, in the unit of its part; infinite where there is no limit.
    Number(f64),
    /// The word at this position.
    Word(usize),
}

/// One way in which values of a range differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Feature {
    /// By word.
    Word(&'static [&'static str]),
    /// By number: the part, and what an infinite one is called.
    Number(Part, &'static str),
}

impl Part {
    /// A number that is the whole value.
    pub(super) const fn new(low: f64, high: f64, unit: Unit) -> Self {
        Part { name: "", low, high, unit, by_factor: true }
    }

    /// With steps alike instead of factors.
    pub(super) const fn by_steps(self) -> Self {
        Part { by_factor: false, ..self }
    }

    /// With a name.
    pub(super) const fn named(self, name: &'static str) -> Self {
        Part { name, ..self }
    }

    /// The value at `share` (0 to 1) of the way from low to high.
    fn at(&self, share: f64) -> f64 {
        let value = match self.by_factor {
            true => self.low * libm::exp(share * libm::log(self.high / self.low)),
            false => self.low + share * (self.high - self.low),
        };
        let value = if self.unit == Unit::Whole { value.round() } else { value };
        round_significant(value, DIGITS).clamp(self.low, self.high)
    }

    fn words(&self) -> String {
        let gap = if self.name.is_empty() { "" } else { " " };
        let (low, high) = (self.unit.written(self.low), self.unit.written(self.high));
        format!("{}{gap}{low} to {high}", self.name)
    }
}

impl Unit {
    /// A number as a scenario takes it: `83.2ms`, `17.3 Mbit/s`, `0.12%`.
    pub fn written(self, value: f64) -> String {
        let scaled = |scales: &[(f64, &str)]| {
            let (scale, name) = scales
                .iter()
                .find(|(scale, _)| value >= *scale)
                .or(scales.last())
                .copied()
                .unwrap_or((1.0, ""));
            format!("{}{name}", round_significant(value / scale, DIGITS))
        };
        match self {
            Unit::Plain => scaled(&[(1.0, "")]),
            Unit::Whole => format!("{:.0}", value.round()),
            Unit::Seconds if value == 0.0 => "0s".to_owned(),
            Unit::Seconds => scaled(&[(3600.0, "h"), (60.0, "m"), (1.0, "s"), (1e-3, "ms")]),
            Unit::Bytes => scaled(&[(1e6, " MB"), (1e3, " KB"), (1.0, " B")]),
            Unit::Bits => scaled(&[(1e9, " Gbit/s"), (1e6, " Mbit/s"), (1e3, " kbit/s")]),
            Unit::Share => format!("{}%", round_significant(value * 100.0, DIGITS)),
        }
    }
}

impl Range {
    /// One number.
    pub(super) const fn number(parts: &'static [Part]) -> Self {
        Range::Numbers(Numbers { word: None, template: "{}", parts })
    }

    /// Several numbers in a text.
    pub(super) const fn shape(template: &'static str, parts: &'static [Part]) -> Self {
        Range::Numbers(Numbers { word: None, template, parts })
    }

    /// Numbers in a text, or as often a word that comes to `number`.
    pub(super) const fn or(
        word: &'static str,
        number: f64,
        template: &'static str,
        parts: &'static [Part],
    ) -> Self {
        Range::Numbers(Numbers { word: Some((word, number)), template, parts })
    }

    /// In words: `unlimited, or 5 to 100`.
    pub fn words(&self) -> String {
        match self {
            Range::Words([words @ .., last]) if !words.is_empty() => {
                format!("{} or {last}", words.join(", "))
            }
            Range::Words(words) => words.join(", "),
            Range::Numbers(Numbers { word, parts, .. }) => {
                let mut out = word.map_or_else(String::new, |(word, _)| format!("{word}, or "));
                for (position, part) in parts.iter().enumerate() {
                    let gap = if position == 0 { "" } else { ", " };
                    // Writing to a string cannot fail.
                    let _ = write!(out, "{gap}{}", part.words());
                }
                out
            }
        }
    }

    /// In what its values differ.
    pub fn features(&self) -> Vec<Feature> {
        match self {
            Range::Words(words) => vec![Feature::Word(words)],
            Range::Numbers(numbers) => {
                let word = numbers.word.map_or("", |(word, _)| word);
                numbers.told().iter().map(|part| Feature::Number(*part, word)).collect()
            }
        }
    }

    /// The value of `key` in world `number` under `seed`. No other key and no other world changes it.
    pub fn draw(&self, key: &str, seed: u64, number: u32) -> Drawn {
        let stream = Stream::new(seed, u64::from(number), &format!("assumption {key}"));
        self.drawn(&mut stream.at(0))
    }

    fn drawn(&self, draws: &mut Draws) -> Drawn {
        match self {
            Range::Words(words) => {
                let chosen = draws.below(words.len() as u64) as usize;
                let value = words.get(chosen).copied().unwrap_or_default().to_owned();
                Drawn { value, levels: vec![Level::Word(chosen)] }
            }
            Range::Numbers(numbers) => {
                let number = draws.uniform() >= 0.5;
                match numbers.word {
                    Some((word, level)) if !number => numbers.at_word(word, level),
                    _ => numbers.at(|part| part.at(draws.uniform())),
                }
            }
        }
    }

    /// The outermost values: every word, all numbers at their least, all at their most.
    pub fn extremes(&self) -> Vec<String> {
        match self {
            Range::Words(words) => words.iter().map(|word| (*word).to_owned()).collect(),
            Range::Numbers(numbers) => {
                let word = numbers.word.map(|(word, _)| word.to_owned());
                let ends = [0.0, 1.0].map(|share| numbers.at(|part| part.at(share)).value);
                word.into_iter().chain(ends).collect()
            }
        }
    }
}

impl Numbers {
    /// The parts that an analysis is told of: beside a word the first, since the word says all of the others.
    fn told(&self) -> &'static [Part] {
        let told = if self.word.is_some() { 1 } else { self.parts.len() };
        &self.parts[..told.min(self.parts.len())]
    }

    fn at_word(&self, word: &str, level: f64) -> Drawn {
        let levels = self.told().iter().map(|_| Level::Number(level)).collect();
        Drawn { value: word.to_owned(), levels }
    }

    fn at(&self, mut value: impl FnMut(&Part) -> f64) -> Drawn {
        let numbers: Vec<f64> = self.parts.iter().map(&mut value).collect();
        let mut pieces = self.template.split("{}");
        let mut text = pieces.next().unwrap_or_default().to_owned();
        for ((part, number), piece) in self.parts.iter().zip(&numbers).zip(pieces) {
            text += &part.unit.written(*number);
            text += piece;
        }
        let levels = numbers[..self.told().len()].iter().map(|n| Level::Number(*n)).collect();
        Drawn { value: text, levels }
    }
}

#[cfg(test)]
mod tests {
    use super::super::keys::{self, Source};
    use super::super::{Override, parse};
    use super::*;

    fn drawable() -> impl Iterator<Item = (&'static str, Range)> {
        keys::all().filter_map(|doc| Some((doc.path, doc.range?)))
    }

    #[test]
    fn every_assumption_has_a_range_or_says_why_it_is_not_varied() {
        let assumed: Vec<_> = keys::all().filter(|doc| doc.source == Source::Assumed).collect();
        assert!(assumed.len() > 20);
        for doc in assumed {
            assert!(doc.range.is_some() == doc.kept.is_empty(), "{}: either or", doc.path);
            assert!(!doc.plausible().is_empty(), "{}", doc.path);
        }
    }

    #[test]
    fn what_is_drawn_is_what_the_reader_accepts_at_the_edges_and_in_between() {
        for (key, range) in drawable() {
            let drawn = (0..200).map(|world| range.draw(key, 7, world).value);
            for value in range.extremes().into_iter().chain(drawn) {
                let set = Override { key: key.to_owned(), value: value.clone() };
                if let Err(problems) = parse("x.yaml", "name: x", ".".as_ref(), &[set]) {
                    panic!("{key}={value}: {}", problems.render(false));
                }
            }
        }
    }

    #[test]
    fn draws_stay_in_the_stated_range_and_reach_both_halves_of_it() {
        for (key, range) in drawable() {
            let drawn: Vec<Drawn> = (0..400).map(|world| range.draw(key, 1, world)).collect();
            for (position, feature) in range.features().into_iter().enumerate() {
                let levels = drawn.iter().map(|drawn| drawn.levels[position]);
                match feature {
                    Feature::Word(words) => {
                        for word in 0..words.len() {
                            let count = levels.clone().filter(|l| *l == Level::Word(word)).count();
                            assert!(count > 200 / words.len(), "{key}: {}", words[word]);
                        }
                    }
                    Feature::Number(part, word) => {
                        let middle = part.at(0.5);
                        let number = |level| match level {
                            Level::Number(number) => number,
                            Level::Word(_) => panic!("{key}: a word"),
                        };
                        let all: Vec<f64> = levels.map(number).collect();
                        let (drawn, words): (Vec<f64>, Vec<f64>) =
                            all.iter().partition(|n| (part.low..=part.high).contains(*n));
                        assert_eq!(words.is_empty(), word.is_empty(), "{key}: {words:?}");
                        assert!(word.is_empty() || (150..250).contains(&words.len()), "{key}");
                        let below = drawn.iter().filter(|n| **n < middle).count() as f64;
                        let share = below / drawn.len() as f64;
                        assert!((0.35..0.65).contains(&share), "{key}: {share} below {middle}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_value_depends_on_seed_world_and_key_alone() {
        let key = "network.round_trip";
        let (_, range) = drawable().find(|(other, _)| *other == key).expect("drawable");
        assert_eq!(range.draw(key, 1, 2), range.draw(key, 1, 2));
        let values = [(1, 3), (2, 2)].map(|(seed, world)| range.draw(key, seed, world).value);
        assert!(!values.contains(&range.draw(key, 1, 2).value), "{values:?}");
        assert_ne!(range.draw("another", 1, 2), range.draw(key, 1, 2));
    }

    #[test]
    fn ranges_are_said_as_they_are_drawn() {
        let words = |key: &str| keys::find(key).expect("a key").plausible();
        assert_eq!(words("network.round_trip"), "5ms to 150ms");
        assert_eq!(words("mail.size"), "median 10 KB to 75 KB, sigma 1.2 to 2");
        assert!(words("exchange_online.max_connections").starts_with("unlimited, or 5 to 100"));
        assert!(words("proofpoint.hoststat.marks").starts_with("sendmail or any_4xx"));
    }
}
