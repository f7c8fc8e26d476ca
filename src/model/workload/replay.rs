//! Recorded mail, redrawn in blocks: another day like those recorded.
//!
//! The recording is cut into blocks of equal length. Each block of simulated time is filled with a recorded
//! one drawn at random, from the same time of day as long as more than one day was recorded, so that the
//! shape of the day stays; else from the whole recording. Within a block nothing changes.

use crate::engine::Stream;
use crate::model::params::Recorded;
use crate::units::{SimTime, Span};
use std::sync::Arc;

const DAY: Span = Span::from_hours(24);

/// An endless sequence of recorded blocks.
#[derive(Debug)]
pub(super) struct Blocks {
    recorded: Arc<[Recorded]>,
    block: Span,
    stream: Stream,
    /// Blocks in the recording.
    count: u64,
    /// Every so many blocks the time of day is the same again; 1: any block may follow any other.
    cycle: u64,
    /// The block of simulated time that is being filled.
    number: u64,
    /// What is left of it in the recording, and where that block starts there.
    left: std::ops::Range<usize>,
    starts: SimTime,
}

impl Blocks {
    /// `recorded` is not empty and in order of time.
    pub(super) fn new(recorded: Arc<[Recorded]>, block: Span, stream: Stream) -> Self {
        let end = recorded.last().map_or(0, |last| last.at.nanos());
        let count = end / block.nanos() + 1;
        let in_a_day = DAY.nanos() / block.nanos();
        let whole = DAY.nanos().is_multiple_of(block.nanos()) && count > in_a_day;
        let cycle = if whole { in_a_day } else { 1 };
        let (left, starts) = (0..0, SimTime::ZERO);
        let mut blocks = Blocks { recorded, block, stream, count, cycle, number: 0, left, starts };
        blocks.fill();
        blocks
    }

    /// Draws the recorded block that fills block `number`.
    fn fill(&mut self) {
        let first = self.number % self.cycle;
        let alike = (self.count - first).div_ceil(self.cycle);
        let drawn = first + self.cycle * self.stream.at(self.number).below(alike);
        let start = drawn * self.block.nanos();
        let at = |nanos: u64| self.recorded.partition_point(|one| one.at.nanos() < nanos);
        self.left = at(start)..at(start.saturating_add(self.block.nanos()));
        self.starts = SimTime::from_nanos(start);
    }

    /// The next message, at its simulated time.
    pub(super) fn next(&mut self) -> Option<Recorded> {
        loop {
            let filled = SimTime::ZERO + self.block * self.number;
            if let Some(index) = self.left.next() {
                let recorded = *self.recorded.get(index)?;
                return Some(Recorded { at: filled + recorded.at.since(self.starts), ..recorded });
            }
            if filled == SimTime::MAX {
                return None;
            }
            self.number += 1;
            self.fill();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One message of `hour` bytes in the middle of each recorded hour.
    fn hourly(hours: u64) -> Arc<[Recorded]> {
        let one = |hour: u64| Recorded {
            at: SimTime::ZERO + Span::from_hours(hour) + Span::from_mins(30),
            bytes: Some(hour),
            recipients: None,
            destination: None,
        };
        (0..hours).map(one).collect()
    }

    fn drawn(recorded_hours: u64, block: Span, replication: u64) -> Vec<(u64, u64)> {
        let stream = Stream::new(7, replication, "blocks");
        let mut blocks = Blocks::new(hourly(recorded_hours), block, stream);
        let one = |r: Recorded| (r.at.nanos() / Span::from_hours(1).nanos(), r.bytes.unwrap());
        (0..48).map(|_| one(blocks.next().unwrap())).collect()
    }

    #[test]
    fn several_recorded_days_are_redrawn_at_their_times_of_day() {
        let days = drawn(24 * 5, Span::from_hours(1), 0);
        assert!(days.iter().enumerate().all(|(n, (hour, _))| *hour == n as u64), "{days:?}");
        assert!(days.iter().all(|(hour, from)| hour % 24 == from % 24), "{days:?}");
        assert!(days.iter().any(|(hour, from)| hour != from), "{days:?}");
        assert_ne!(days, drawn(24 * 5, Span::from_hours(1), 1), "another replication, another day");
    }

    #[test]
    fn a_block_keeps_what_is_in_it_together() {
        let days = drawn(24 * 5, Span::from_hours(4), 0);
        for block in days.chunks(4) {
            assert!(block.windows(2).all(|pair| pair[1].1 == pair[0].1 + 1), "{block:?}");
        }
    }

    #[test]
    fn less_than_two_days_are_redrawn_from_the_whole_recording() {
        let days = drawn(6, Span::from_hours(1), 0);
        assert!(days.iter().all(|(_, from)| *from < 6), "{days:?}");
        assert!((0..6).all(|hour| days.iter().any(|(_, from)| *from == hour)), "{days:?}");
    }
}
