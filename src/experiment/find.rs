//! The search for the smallest or largest value with which an expectation is met, by bisection on a yes/no
//! that is answered by replications.
//!
//! The values are places on a ladder, whole numbers in the order of the values. At each place that is tried the
//! expectation is met, missed or cannot be told ([`Verdict`]); whoever holds the replications says so. From
//! these answers alone follows what is tried next, so a search can be stopped and goes on the same way.
//!
//! 1. Two ends are sought, one that misses and one that meets: the ends of the range, or by doubling and
//!    halving from a start.
//! 2. The largest place that surely misses and the smallest that surely meets are approached by halving. What
//!    lies between is the band in which it cannot be told with so many days.
//! 3. Both ends are judged once more with all days that are allowed, since an answer from few days may be luck.
//!    If one does not stand, the search goes on.
//! 4. Inside the band the value is sought from which on the estimates themselves meet.
//!
//! Stated confidence: a wrong end needs a wrong verdict, and there are never more verdicts than places that
//! may be tried times looks at each. Each has its share of the 5 % (Bonferroni), so that with 95 % all
//! hold together. What is not monotone has no threshold; that shows only if tried places contradict.

mod level;

pub use level::{Answer, answer};

use super::Verdict;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Replications at the first look at a value: from fewer, intervals are too rough to go by.
const FIRST_LOOK: u32 = 10;
/// With this probability all verdicts of a search hold.
pub const CONFIDENCE: f64 = 0.95;

/// Where to search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Places in ascending order, the first and last of which are the ends of the range.
    pub rungs: Vec<i64>,
    /// The rung to start from; else both ends are tried first.
    pub start: Option<i64>,
    /// Whether it is the larger values that meet.
    pub up: bool,
}

/// What came out at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tried {
    /// The verdict.
    pub verdict: Verdict,
    /// Whether the estimate itself, without its uncertainty, meets.
    pub leans: bool,
    /// Whether it rests on all days that are allowed.
    pub full: bool,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Judge a new place, with as few days as decide it.
    Try(i64),
    /// Judge a place with all days.
    Confirm(i64),
    /// Everything is known that can be.
    Done,
}

/// The answer so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The last place that surely misses, on the way towards those that meet.
    pub missed: Option<i64>,
    /// The first that surely meets.
    pub met: Option<i64>,
    /// The tried places between them.
    pub between: Vec<i64>,
    /// The first from which on the estimates meet.
    pub best: Option<i64>,
    /// Whether no tried place that misses lies beyond one that meets.
    pub monotone: bool,
}

/// Numbers of replications after which a place is looked at, when there may be `cap`.
pub fn looks(cap: u32) -> Vec<u32> {
    let doubled = std::iter::successors(Some(FIRST_LOOK), |n| n.checked_mul(2));
    doubled.take_while(|n| *n < cap).chain([cap]).collect()
}

impl Plan {
    /// So many places are never exceeded.
    pub fn most(&self) -> usize {
        let gaps = self.rungs.windows(2).map(|pair| pair[1].abs_diff(pair[0]));
        let halvings = 64 - gaps.max().unwrap_or(0).leading_zeros() as usize;
        // Each end of the band and the estimates' own threshold are halved for; some more if an end falls.
        self.rungs.len() + 3 * halvings + 4
    }

    /// The level of a single verdict, so that all of them hold with [`CONFIDENCE`] when a place may have `cap`
    /// replications.
    pub fn level(&self, cap: u32) -> f64 {
        1.0 - (1.0 - CONFIDENCE) / (self.most() * looks(cap).len()) as f64
    }

    /// A place so that larger ones are nearer to those that meet.
    fn turned(&self, place: i64) -> i64 {
        if self.up { place } else { -place }
    }

    fn oriented(&self, tried: &BTreeMap<i64, Tried>) -> BTreeMap<i64, Tried> {
        tried.iter().map(|(place, what)| (self.turned(*place), *what)).collect()
    }

    /// The answer that these places give.
    pub fn ends(&self, tried: &BTreeMap<i64, Tried>) -> Ends {
        let known = self.oriented(tried);
        let (missed, met) = edges(&known);
        let inside = |place: &i64| {
            missed.is_none_or(|end| end < *place) && met.is_none_or(|end| *place < end)
        };
        let mut between: Vec<i64> =
            known.keys().filter(|place| inside(place)).map(|place| self.turned(*place)).collect();
        between.sort_unstable();
        Ends {
            missed: missed.map(|place| self.turned(place)),
            met: met.map(|place| self.turned(place)),
            between,
            best: leaning(&known).map(|place| self.turned(place)),
            monotone: last(&known, Verdict::Missed)
                < first(&known, Verdict::Met).or(Some(i64::MAX)),
        }
    }

    /// What to do when these places have been tried.
    pub fn next(&self, tried: &BTreeMap<i64, Tried>) -> Next {
        let known = self.oriented(tried);
        let mut rungs: Vec<i64> = self.rungs.iter().map(|place| self.turned(*place)).collect();
        rungs.sort_unstable();
        let start = self.start.map(|place| self.turned(place));
        let room = tried.len() < self.most();
        let new = |place: i64| Next::Try(self.turned(place));
        if let Some(place) = bracket(&rungs, start, &known).filter(|_| room) {
            return new(place);
        }
        let (missed, met) = edges(&known);
        if let Some(place) = narrow(&known, missed, met).filter(|_| room) {
            return new(place);
        }
        let rough = |place: &i64| known.get(place).is_some_and(|tried| !tried.full);
        if let Some(place) = [missed, met].into_iter().flatten().find(rough) {
            return Next::Confirm(self.turned(place));
        }
        let best = leaning(&known);
        let below = best.and_then(|best| known.range(..best).next_back().map(|(place, _)| *place));
        match (below, best) {
            (Some(below), Some(best)) if best - below > 1 && room => new(middle(below, best)),
            _ => Next::Done,
        }
    }
}

fn middle(low: i64, high: i64) -> i64 {
    low + (high - low) / 2
}

fn first(known: &BTreeMap<i64, Tried>, verdict: Verdict) -> Option<i64> {
    known.iter().find(|(_, tried)| tried.verdict == verdict).map(|(place, _)| *place)
}

fn last(known: &BTreeMap<i64, Tried>, verdict: Verdict) -> Option<i64> {
    known.iter().rev().find(|(_, tried)| tried.verdict == verdict).map(|(place, _)| *place)
}

/// The ends of the answer: where places contradict, everything that contradicts lies between them.
fn edges(known: &BTreeMap<i64, Tried>) -> (Option<i64>, Option<i64>) {
    let of = |verdict: Verdict| {
        let all = known.iter().filter(move |(_, tried)| tried.verdict == verdict);
        all.map(|(place, _)| *place)
    };
    let first_met = first(known, Verdict::Met);
    let last_missed = last(known, Verdict::Missed);
    (
        of(Verdict::Missed).rfind(|place| first_met.is_none_or(|met| *place < met)),
        of(Verdict::Met).find(|place| last_missed.is_none_or(|missed| *place > missed)),
    )
}

/// The next rung to try until one misses and one meets, or there are no more.
fn bracket(rungs: &[i64], start: Option<i64>, known: &BTreeMap<i64, Tried>) -> Option<i64> {
    let ends = [rungs.first().copied(), rungs.last().copied()];
    let Some(start) = start else {
        return ends.into_iter().flatten().find(|place| !known.contains_key(place));
    };
    if !known.contains_key(&start) {
        return Some(start);
    }
    let (least, most) = (*known.keys().next()?, *known.keys().next_back()?);
    if first(known, Verdict::Missed).is_none()
        && let Some(place) = rungs.iter().rev().find(|place| **place < least)
    {
        return Some(*place);
    }
    if first(known, Verdict::Met).is_none() {
        return rungs.iter().find(|place| **place > most).copied();
    }
    None
}

/// The middle of the gap beside an end, if there is a gap.
fn narrow(known: &BTreeMap<i64, Tried>, missed: Option<i64>, met: Option<i64>) -> Option<i64> {
    let above = missed.and_then(|end| Some((end, *known.range(end + 1..).next()?.0)));
    let below = met.and_then(|end| Some((*known.range(..end).next_back()?.0, end)));
    let gaps = [above, below].into_iter().flatten();
    gaps.map(|(low, high)| (high - low, middle(low, high))).find(|gap| gap.0 > 1).map(|gap| gap.1)
}

/// The first place from which on all estimates meet.
fn leaning(known: &BTreeMap<i64, Tried>) -> Option<i64> {
    known.iter().rev().take_while(|(_, tried)| tried.leans).last().map(|(place, _)| *place)
}

#[cfg(test)]
mod tests;
