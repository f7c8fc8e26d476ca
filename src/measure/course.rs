//! The course of one replication, coarse enough that every replication keeps it: a day in quarters of an hour.
//!
//! One replication tells a story, and its timeline is kept whole where somebody draws it; what days have in common
//! is told by the courses of all of them. In a store a course takes about a kilobyte.

use super::record::{BlockedHost, Timeline};
use crate::units::{SimTime, Span};
use serde::{Deserialize, Serialize};

/// Most slots: a day in quarters of an hour.
const MOST_SLOTS: usize = 96;
/// Means are kept in hundredths.
const HUNDREDTHS: f64 = 100.0;
/// Shares of a slot are kept in so many parts.
const PARTS: u64 = 200;

/// What happened in each slot of time, from the start of the run.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Course {
    /// Length of a slot.
    pub slot: Span,
    /// Mean queue length, in hundredths of a message.
    queue: Vec<u32>,
    /// Mean number of busy runner processes, in hundredths.
    busy: Vec<u32>,
    /// Messages that arrived.
    arrived: Vec<u32>,
    /// Messages delivered.
    delivered: Vec<u32>,
    /// Tries that left a message deferred: failed or skipped.
    deferred: Sparse,
    /// Connections cut at their lifetime.
    cuts: Sparse,
    /// For which part of each slot a host counted as bad, by its name.
    bad: Vec<(String, Sparse)>,
}

/// One of the quantities that a course follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Along {
    /// Mean queue length.
    Queue,
    /// Mean number of busy runners.
    Busy,
    /// Arrivals a minute.
    Arrived,
    /// Deliveries a minute.
    Delivered,
    /// Tries a minute that left a message deferred.
    Deferred,
}

impl Along {
    /// All of them.
    pub const ALL: [Along; 5] =
        [Along::Queue, Along::Busy, Along::Arrived, Along::Delivered, Along::Deferred];
}

/// Numbers that are mostly zero, as (slot, number) in order of slots.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Sparse(Vec<(u8, u32)>);

impl Sparse {
    fn of(dense: &[u64]) -> Sparse {
        let some = (0..=u8::MAX).zip(dense).filter(|(_, number)| **number > 0);
        Sparse(some.map(|(slot, number)| (slot, whole(*number))).collect())
    }

    fn get(&self, slot: usize) -> u32 {
        let found = self.0.binary_search_by_key(&slot, |(slot, _)| usize::from(*slot));
        found.map_or(0, |index| self.0[index].1)
    }
}

fn whole(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl Course {
    /// The course that `timeline` shows.
    pub fn of(timeline: &Timeline) -> Course {
        let bins = timeline.queue.len().max(timeline.arrived.len());
        let each = bins.div_ceil(MOST_SLOTS).max(1);
        let slot = timeline.bin * each as u64;
        let mean = |of: &[f64]| {
            let mean = of.iter().sum::<f64>() / of.len() as f64;
            (mean * HUNDREDTHS).round() as u32
        };
        let means = |of: &[f64]| of.chunks(each).map(mean).collect();
        let sum = |of: &[u32]| of.iter().map(|count| u64::from(*count)).sum::<u64>();
        let sums = |of: &[u32]| of.chunks(each).map(|of| whole(sum(of))).collect();
        let slots = bins.div_ceil(each);
        let mut deferred = vec![0u64; slots];
        for tries in [&timeline.failed, &timeline.skipped] {
            for (deferred, of) in deferred.iter_mut().zip(tries.chunks(each)) {
                *deferred += sum(of);
            }
        }
        let host = |host: &BlockedHost| (host.host.clone(), bad(&host.spans, slot, slots));
        Course {
            slot,
            queue: means(&timeline.queue),
            busy: means(&timeline.busy),
            arrived: sums(&timeline.arrived),
            delivered: sums(&timeline.delivered),
            deferred: Sparse::of(&deferred),
            cuts: cuts(&timeline.cuts, slot, slots),
            bad: timeline.blocked.iter().map(host).filter(|(_, bad)| !bad.0.is_empty()).collect(),
        }
    }

    /// Number of slots.
    pub fn slots(&self) -> usize {
        self.queue.len().max(self.arrived.len())
    }

    /// A quantity in a slot; 0 outside of the run.
    pub fn value(&self, of: Along, slot: usize) -> f64 {
        let at = |dense: &[u32]| f64::from(dense.get(slot).copied().unwrap_or(0));
        match of {
            Along::Queue => at(&self.queue) / HUNDREDTHS,
            Along::Busy => at(&self.busy) / HUNDREDTHS,
            Along::Arrived => at(&self.arrived) / self.minutes(),
            Along::Delivered => at(&self.delivered) / self.minutes(),
            Along::Deferred => f64::from(self.deferred.get(slot)) / self.minutes(),
        }
    }

    fn minutes(&self) -> f64 {
        (self.slot.seconds() / 60.0).max(1e-9)
    }

    /// Connections cut at their lifetime in a slot.
    pub fn cuts(&self, slot: usize) -> u32 {
        self.cuts.get(slot)
    }

    /// The hosts that were bad at some time, in order.
    pub fn hosts(&self) -> impl Iterator<Item = &str> {
        self.bad.iter().map(|(name, _)| name.as_str())
    }

    /// For which share of a slot the host with this name was bad.
    pub fn bad(&self, host: &str, slot: usize) -> f64 {
        let found = self.bad.iter().find(|(name, _)| name == host);
        found.map_or(0.0, |(_, bad)| f64::from(bad.get(slot)) / PARTS as f64)
    }

    /// The mean queue in each tenth of the first `simulate`; none where that is too short to tell.
    pub fn tenths(&self, simulate: Span) -> Vec<f64> {
        let slots = simulate.nanos().div_ceil(self.slot.nanos().max(1));
        let slots = usize::try_from(slots).unwrap_or(usize::MAX).min(self.queue.len());
        if slots < 10 {
            return Vec::new();
        }
        let mean = |tenth: usize| {
            let of = &self.queue[tenth * slots / 10..(tenth + 1) * slots / 10];
            of.iter().map(|mean| f64::from(*mean)).sum::<f64>() / HUNDREDTHS / of.len() as f64
        };
        (0..10).map(mean).collect()
    }
}

/// Cuts by slot.
fn cuts(at: &[SimTime], slot: Span, slots: usize) -> Sparse {
    let mut counts = vec![0u64; slots];
    for at in at {
        if let Some(count) = counts.get_mut((at.nanos() / slot.nanos().max(1)) as usize) {
            *count += 1;
        }
    }
    Sparse::of(&counts)
}

/// For how many parts of each slot these spans last. A slot that is bad for a moment is bad for one part.
fn bad(spans: &[(SimTime, SimTime)], slot: Span, slots: usize) -> Sparse {
    let length = slot.nanos().max(1);
    let mut bad = vec![0u64; slots];
    for (from, until) in spans {
        let (from, until) = (from.nanos(), until.nanos());
        let first = (from / length) as usize;
        for (number, bad) in bad.iter_mut().enumerate().skip(first) {
            let start = number as u64 * length;
            if start >= until {
                break;
            }
            *bad += until.min(start + length) - from.max(start);
        }
    }
    let part = |nanos: &u64| (u128::from(*nanos) * u128::from(PARTS)).div_ceil(length.into());
    Sparse::of(&bad.iter().map(|nanos| part(nanos) as u64).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: u64) -> SimTime {
        SimTime::ZERO + Span::from_mins(minutes)
    }

    fn day(bins: usize) -> Timeline {
        Timeline {
            bin: Span::from_mins(1),
            queue: (0..bins).map(|bin| bin as f64).collect(),
            busy: vec![1.5; bins],
            arrived: vec![3; bins],
            delivered: (0..bins as u32).collect(),
            failed: vec![1; bins],
            skipped: vec![2; bins],
            cuts: vec![at(20), at(20), at(40)],
            blocked: vec![BlockedHost {
                host: "mx".to_owned(),
                spans: vec![(at(20), at(50)), (at(59), at(60))],
            }],
            ..Timeline::default()
        }
    }

    #[test]
    fn a_day_is_told_in_quarters_of_an_hour() {
        let course = Course::of(&day(1440));
        assert_eq!((course.slots(), course.slot), (96, Span::from_mins(15)));
        assert_eq!(course.value(Along::Queue, 1), 22.0);
        assert_eq!(course.value(Along::Busy, 95), 1.5);
        assert_eq!(course.value(Along::Arrived, 50), 3.0);
        assert_eq!(course.value(Along::Deferred, 50), 3.0);
        assert_eq!(course.value(Along::Delivered, 0), 7.0);
        assert_eq!([0, 1, 2, 3].map(|slot| course.cuts(slot)), [0, 2, 1, 0]);
        let bad = [0, 1, 2, 3, 4].map(|slot| course.bad("mx", slot));
        assert_eq!(
            bad,
            [0.0, 10.0 / 15.0, 1.0, 6.0 / 15.0, 0.0].map(|x: f64| (x * 200.0).ceil() / 200.0)
        );
        assert_eq!(course.bad("unheard of", 2), 0.0);
        assert_eq!(course.hosts().collect::<Vec<_>>(), ["mx"]);
    }

    #[test]
    fn every_length_of_run_fits_and_no_message_is_lost() {
        for bins in [0usize, 1, 9, 10, 95, 96, 97, 1440, 20_000] {
            let course = Course::of(&day(bins));
            assert!(course.slots() <= MOST_SLOTS, "{bins} bins");
            let arrived: u32 = course.arrived.iter().sum();
            assert_eq!(arrived as usize, 3 * bins);
            let tenths = course.tenths(Span::from_mins(bins as u64));
            assert!(
                tenths.is_sorted() && [0, 10].contains(&tenths.len()),
                "{bins} bins: {tenths:?}"
            );
            assert_eq!(tenths.is_empty(), bins < 10, "{bins} bins");
        }
    }

    #[test]
    fn a_course_survives_being_stored_and_is_small() {
        let course = Course::of(&day(1440));
        let bytes = postcard::to_stdvec(&course).expect("written");
        assert_eq!(postcard::from_bytes::<Course>(&bytes).expect("read"), course);
        assert!(bytes.len() < 1_200, "{} bytes", bytes.len());
    }
}
