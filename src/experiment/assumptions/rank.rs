//! How much each assumption decides: the share of an outcome's variance over the worlds (of its ranks, since
//! delays span from seconds to days) that goes with the assumption alone.
//!
//! Numbers are put into two to four groups of neighbours, words and "unlimited" are groups of their own. What
//! chance puts between groups is taken off (epsilon squared), and a share is only told from chance when 19 of
//! 20 shuffles of the worlds give no assumption as much.

use super::Trait;
use crate::engine::Stream;
use crate::scenario::assumption::{Feature, Level};
use crate::stats::{explained, ranks, sorted_quantile};

const SHUFFLES: usize = 999;
const CONFIDENCE: f64 = 0.95;
/// Worlds that a group of numbers has at least, if there are so many.
const GROUP: usize = 8;

/// What one assumption decides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Decided {
    /// Which of the traits.
    pub of: usize,
    /// Share of the variance, 0 to 1; 0 also where chance alone would have put more there.
    pub share: f64,
    /// Whether it is told from chance.
    pub told: bool,
}

/// Every trait with what it decides of `values` (one for each world), the greatest share first.
pub(super) fn ranked(traits: &[Trait], values: &[f64], seed: u64) -> Vec<Decided> {
    let groups: Vec<Vec<usize>> = traits.iter().map(groups).collect();
    let mut ranks = ranks(values);
    let shares: Vec<f64> = groups.iter().map(|groups| explained(groups, &ranks)).collect();
    let mut draws = Stream::new(seed, 0, "ranking of assumptions").at(0);
    let mut greatest: Vec<f64> = (0..SHUFFLES)
        .map(|_| {
            draws.shuffle(&mut ranks);
            groups.iter().map(|groups| explained(groups, &ranks)).fold(0.0, f64::max)
        })
        .collect();
    greatest.sort_by(f64::total_cmp);
    let bar = sorted_quantile(&greatest, CONFIDENCE).unwrap_or(f64::INFINITY);
    let decided = |(of, share): (usize, &f64)| Decided {
        of,
        share: share.max(0.0),
        told: *share > bar && *share > 0.0,
    };
    let mut all: Vec<Decided> = shares.iter().enumerate().map(decided).collect();
    all.sort_by(|a, b| b.share.total_cmp(&a.share).then(a.of.cmp(&b.of)));
    all
}

/// The group of each world. A world that lacks the assumption belongs to a group of its own kind.
fn groups(of: &Trait) -> Vec<usize> {
    let Feature::Number(part, _) = of.feature else {
        let group = |level: &Option<Level>| match level {
            Some(Level::Word(word)) => word + 1,
            _ => 0,
        };
        return of.levels.iter().map(group).collect();
    };
    let inner = |level: &Option<Level>| match level {
        Some(Level::Number(number)) if (part.low..=part.high).contains(number) => Some(*number),
        _ => None,
    };
    let mut numbers: Vec<f64> = of.levels.iter().filter_map(inner).collect();
    numbers.sort_by(f64::total_cmp);
    let count = (numbers.len() / GROUP).clamp(2, 4);
    let group = |level: &Option<Level>| match (inner(level), level) {
        (Some(number), _) => {
            let before = numbers.partition_point(|other| *other < number);
            2 + before * count / numbers.len()
        }
        (None, Some(_)) => 1,
        (None, None) => 0,
    };
    of.levels.iter().map(group).collect()
}
