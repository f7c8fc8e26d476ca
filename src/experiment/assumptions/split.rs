//! Where an outcome turns: the one condition on one assumption that best tells the worlds with it from the
//! others.
//!
//! A condition is stated only when chance would hardly put so many of the worlds on its side: Fisher's exact
//! test, held to 5 % over all conditions that were tried (Bonferroni). A number is tried at up to nine bounds,
//! a word as it is.

use super::Trait;
use crate::scenario::assumption::{Feature, Level, Part};
use crate::stats::{concentration, round_significant};
use serde::{Deserialize, Serialize};

/// Chance of a statement where there is nothing to state.
const ERROR: f64 = 0.05;
/// Fewer worlds than this are no ground for a statement.
const FEWEST: usize = 3;
/// Bounds tried of a number.
const BOUNDS: usize = 9;

/// A condition on one assumption.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The key, and the part of its value where it has several.
    pub name: String,
    /// What is asked of it.
    pub test: Test,
}

/// What is asked of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Test {
    /// It is this word.
    Is(&'static str, usize),
    /// It is below this number, in the unit of the part.
    Below(Part, f64),
    /// It is this number or more.
    AtLeast(Part, f64),
    /// It is a number and not the word that stands for the end of all numbers.
    Limited(&'static str),
    /// It is that word.
    Unlimited(&'static str),
}

impl Condition {
    /// In words: `exchange_online.max_connections < 10`.
    pub fn words(&self) -> String {
        let name = &self.name;
        match self.test {
            Test::Is(word, _) | Test::Unlimited(word) => format!("{name} = {word}"),
            Test::Limited(word) => format!("{name} other than {word}"),
            Test::Below(part, bound) => format!("{name} < {}", part.unit.written(bound)),
            Test::AtLeast(part, bound) => format!("{name} >= {}", part.unit.written(bound)),
        }
    }
}

impl Test {
    fn holds(&self, level: Level) -> bool {
        match (self, level) {
            (Test::Is(_, wanted), Level::Word(word)) => *wanted == word,
            (Test::Below(_, bound), Level::Number(number)) => number < *bound,
            (Test::AtLeast(_, bound), Level::Number(number)) => number >= *bound,
            (Test::Limited(_), Level::Number(number)) => number.is_finite(),
            (Test::Unlimited(_), Level::Number(number)) => number.is_infinite(),
            _ => false,
        }
    }
}

/// A condition that holds up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Split {
    /// The condition, in words.
    pub condition: String,
    /// Worlds with the outcome among those in which it holds.
    pub inside_hits: usize,
    /// Worlds in which it holds.
    pub inside: usize,
    /// Worlds with the outcome among the others.
    pub outside_hits: usize,
    /// The other worlds.
    pub outside: usize,
}

/// Every condition that is tried.
pub(super) fn conditions(traits: &[Trait]) -> Vec<(usize, Condition)> {
    let mut all = Vec::new();
    for (position, of) in traits.iter().enumerate() {
        let mut add = |test| all.push((position, Condition { name: of.name(), test }));
        match of.feature {
            Feature::Word(words) => {
                words.iter().enumerate().for_each(|(index, word)| add(Test::Is(word, index)));
            }
            Feature::Number(part, word) => {
                for (below, bound) in bounds(of) {
                    if bound.is_finite() {
                        let bound = simplest(below, bound);
                        add(Test::Below(part, bound));
                        add(Test::AtLeast(part, bound));
                    } else {
                        add(Test::Limited(word));
                        add(Test::Unlimited(word));
                    }
                }
            }
        }
    }
    all
}

/// Neighbouring values between which a bound may lie: up to [`BOUNDS`] of them, evenly over the worlds.
fn bounds(of: &Trait) -> Vec<(f64, f64)> {
    let number = |level: &Option<Level>| match level {
        Some(Level::Number(number)) => Some(*number),
        _ => None,
    };
    let mut values: Vec<f64> = of.levels.iter().filter_map(number).collect();
    values.sort_by(f64::total_cmp);
    let steps = BOUNDS + 1;
    let mut found: Vec<(f64, f64)> = (1..steps)
        .filter_map(|step| {
            let upper = *values.get(step * values.len() / steps)?;
            let below = values[..values.partition_point(|value| *value < upper)].last()?;
            Some((*below, upper))
        })
        .collect();
    // Where a word holds many worlds, the step from the numbers to it is always tried.
    let last = values.partition_point(|value| value.is_finite());
    if last > 0 && last < values.len() {
        found.push((values[last - 1], f64::INFINITY));
    }
    found.sort_by(|a, b| a.1.total_cmp(&b.1));
    found.dedup();
    found
}

/// The number with the fewest digits above `below` and up to `bound`.
fn simplest(below: f64, bound: f64) -> f64 {
    let fits = |number: &f64| *number > below && *number <= bound;
    let tried = (1..=3).flat_map(|digits| {
        [bound, (below + bound) / 2.0].map(|number| round_significant(number, digits))
    });
    tried.into_iter().find(fits).unwrap_or(bound)
}

/// The condition that best tells the worlds with an outcome (`hits`) from the others, if one holds up among
/// `tried` conditions. Worlds that lack the assumption of a condition count neither way.
pub(super) fn best(
    traits: &[Trait],
    conditions: &[(usize, Condition)],
    hits: &[bool],
    tried: usize,
) -> Option<Split> {
    let mut found: Option<(f64, Split)> = None;
    for (position, condition) in conditions {
        let mut split = Split {
            condition: condition.words(),
            inside_hits: 0,
            inside: 0,
            outside_hits: 0,
            outside: 0,
        };
        for (level, hit) in traits[*position].levels.iter().zip(hits) {
            let Some(level) = level else { continue };
            let (worlds, of) = match condition.test.holds(*level) {
                true => (&mut split.inside, &mut split.inside_hits),
                false => (&mut split.outside, &mut split.outside_hits),
            };
            *worlds += 1;
            *of += usize::from(*hit);
        }
        if split.inside_hits < FEWEST {
            continue;
        }
        let count = |number: usize| number as u64;
        let chance = concentration(
            count(split.inside_hits),
            count(split.inside),
            count(split.inside_hits + split.outside_hits),
            count(split.inside + split.outside),
        );
        if found.as_ref().is_none_or(|(least, _)| chance < *least) {
            found = Some((chance, split));
        }
    }
    let (chance, split) = found?;
    (chance * tried as f64 <= ERROR).then_some(split)
}
