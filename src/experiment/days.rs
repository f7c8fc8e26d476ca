//! Many days on top of each other: what the courses of all replications have in common.
//!
//! Courses are added one at a time and then forgotten, so that the memory does not grow with the days: a value is
//! kept by its first eight bits (to 0.4 %), and counted.

use crate::measure::{Along, Course};
use crate::units::Span;
use std::collections::BTreeMap;

/// The courses of several replications of one scenario.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Days {
    slot: Span,
    count: u32,
    /// By quantity and slot: how often each value was seen.
    seen: [Vec<BTreeMap<u64, u32>>; Along::ALL.len()],
    /// By host and slot: on how many days it was bad, parts of a slot counted as such.
    bad: BTreeMap<String, Vec<f64>>,
    /// Connections cut, by slot.
    cuts: Vec<u64>,
}

/// What a quantity is in one slot: on one day in twenty it is lower than `low`, on one in twenty higher than `high`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The 5 % point over the days.
    pub low: f64,
    /// The median.
    pub mid: f64,
    /// The 95 % point.
    pub high: f64,
}

impl Days {
    /// The days of these courses.
    pub fn of<'a>(courses: impl IntoIterator<Item = &'a Course>) -> Days {
        let mut days = Days::default();
        courses.into_iter().for_each(|course| days.add(course));
        days
    }

    /// Puts one more on top. A course of another length than the first is none of the same scenario, and left out.
    pub fn add(&mut self, course: &Course) {
        if self.count == 0 {
            self.slot = course.slot;
            self.seen = std::array::from_fn(|_| vec![BTreeMap::new(); course.slots()]);
            self.cuts = vec![0; course.slots()];
        }
        if course.slot != self.slot || course.slots() != self.cuts.len() {
            return;
        }
        self.count += 1;
        for (of, seen) in Along::ALL.iter().zip(&mut self.seen) {
            for (slot, counts) in seen.iter_mut().enumerate() {
                *counts.entry(coarse(course.value(*of, slot))).or_default() += 1;
            }
        }
        for (slot, cuts) in self.cuts.iter_mut().enumerate() {
            *cuts += u64::from(course.cuts(slot));
        }
        for host in course.hosts() {
            let slots = self.cuts.len();
            let bad = self.bad.entry(host.to_owned()).or_insert_with(|| vec![0.0; slots]);
            bad.iter_mut().enumerate().for_each(|(slot, bad)| *bad += course.bad(host, slot));
        }
    }

    /// How many there are.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Length of a slot.
    pub fn slot(&self) -> Span {
        self.slot
    }

    /// Number of slots.
    pub fn slots(&self) -> usize {
        self.cuts.len()
    }

    /// A quantity over the day.
    pub fn spread(&self, of: Along) -> Vec<Spread> {
        let index = Along::ALL.iter().position(|other| *other == of).unwrap_or(0);
        self.seen[index].iter().map(|seen| self.spread_of(seen)).collect()
    }

    fn spread_of(&self, seen: &BTreeMap<u64, u32>) -> Spread {
        // Linear between order statistics, h = (n-1)p, as everywhere.
        let at = |p: f64| {
            let rank = f64::from(self.count.saturating_sub(1)) * p;
            let (low, share) = (nth(seen, rank.floor() as u32), rank - rank.floor());
            if share > 0.0 { low + share * (nth(seen, rank.floor() as u32 + 1) - low) } else { low }
        };
        Spread { low: at(0.05), mid: at(0.5), high: at(0.95) }
    }

    /// The hosts that were bad on some day, with the share of the days on which each is bad, by slot.
    pub fn bad(&self) -> impl Iterator<Item = (&str, Vec<f64>)> {
        let days = f64::from(self.count.max(1));
        self.bad
            .iter()
            .map(move |(host, bad)| (host.as_str(), bad.iter().map(|bad| bad / days).collect()))
    }

    /// Connections cut at their lifetime on the mean day, by slot.
    pub fn cuts(&self) -> Vec<f64> {
        let days = f64::from(self.count.max(1));
        self.cuts.iter().map(|cuts| *cuts as f64 / days).collect()
    }
}

/// Low bits of a value's mantissa that are dropped: 8 significant ones stay.
const DROPPED: u32 = 52 - 7;

/// A value that is not negative, shortened; order is kept.
fn coarse(value: f64) -> u64 {
    (value.max(0.0) + 0.0).to_bits().saturating_add(1 << (DROPPED - 1)) >> DROPPED
}

fn fine(coarse: u64) -> f64 {
    f64::from_bits(coarse << DROPPED)
}

/// The value of rank `rank`, from 0.
fn nth(seen: &BTreeMap<u64, u32>, rank: u32) -> f64 {
    let mut left = rank;
    for (value, count) in seen {
        match left.checked_sub(*count) {
            Some(rest) => left = rest,
            None => return fine(*value),
        }
    }
    seen.keys().next_back().map_or(0.0, |value| fine(*value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{BlockedHost, Timeline};
    use crate::units::SimTime;

    fn minutes(from: u64, until: u64) -> (SimTime, SimTime) {
        (SimTime::ZERO + Span::from_mins(from), SimTime::ZERO + Span::from_mins(until))
    }

    /// An hour and a half in which `queue` messages wait.
    fn day(queue: f64, spans: &[(SimTime, SimTime)]) -> Course {
        let blocked = BlockedHost { host: "mx".to_owned(), spans: spans.to_vec() };
        Course::of(&Timeline {
            bin: Span::from_mins(1),
            queue: vec![queue; 90],
            arrived: vec![4; 90],
            delivered: vec![2; 90],
            cuts: spans.iter().map(|span| span.0).collect(),
            blocked: vec![blocked],
            ..Timeline::default()
        })
    }

    #[test]
    fn the_median_and_one_day_in_twenty_on_each_side_are_read_off_in_each_slot() {
        let days: Vec<Course> = (0..=100).map(|queue| day(f64::from(queue), &[])).collect();
        let days = Days::of(&days);
        let spread = days.spread(Along::Queue);
        assert_eq!((days.count(), days.slots(), spread.len()), (101, 90, 90));
        assert_eq!(spread[17], Spread { low: 5.0, mid: 50.0, high: 95.0 });
        assert_eq!(days.spread(Along::Delivered)[3].mid, 2.0);
        assert_eq!(days.spread(Along::Deferred)[3].high, 0.0);
    }

    #[test]
    fn the_share_of_days_on_which_a_host_is_bad_and_the_cuts_of_the_mean_day() {
        let bad = [minutes(10, 20)];
        let days = Days::of(&[day(1.0, &bad), day(1.0, &[]), day(1.0, &bad), day(1.0, &[])]);
        let (host, share) = days.bad().next().expect("a host");
        assert_eq!((host, share[9], share[10], share[19], share[20]), ("mx", 0.0, 0.5, 0.5, 0.0));
        assert_eq!((days.cuts()[9], days.cuts()[10]), (0.0, 0.5));
    }

    #[test]
    fn memory_does_not_grow_with_the_days_and_values_stay_known_to_half_a_percent() {
        let mut days = Days::default();
        (1..=2_000u32).for_each(|queue| days.add(&day(f64::from(queue), &[])));
        assert!(days.seen[0][0].len() < 900, "{} values", days.seen[0][0].len());
        let spread = days.spread(Along::Queue)[0];
        for (value, truth) in [(spread.low, 100.95), (spread.mid, 1000.5), (spread.high, 1900.05)] {
            assert!((value / truth - 1.0f64).abs() < 0.005, "{value} for {truth}");
        }
    }

    #[test]
    fn nothing_and_days_of_another_length_are_no_trouble() {
        let none = Days::default();
        assert_eq!((none.count(), none.spread(Along::Queue).len(), none.bad().count()), (0, 0, 0));
        let mut days = Days::of(&[day(1.0, &[])]);
        days.add(&Course::default());
        assert_eq!(days.count(), 1);
        assert_eq!(days.spread(Along::Queue)[0], Spread { low: 1.0, mid: 1.0, high: 1.0 });
    }
}
