//! How long mail took, by when it arrived: counts in cells of (span of arrival, class of delay).
//!
//! Delays are in classes of a quarter of an octave: from 2^k to 1.25, 1.5 or 1.75 times that.

use crate::units::{SimTime, Span};
use serde::{Deserialize, Serialize};

/// Spans of arrival over the measured time.
const COLUMNS: u64 = 96;
/// Delays below this share the lowest class: 2^20 ns, about a millisecond.
const LOWEST: u32 = 20;
/// Delays from this on share the highest class: 2^50 ns, about 13 days.
const HIGHEST: u32 = 50;
const CLASSES: usize = ((HIGHEST - LOWEST) * 4 + 1) as usize;

/// The counts.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct DelayGrid {
    /// Length of a span of arrival.
    pub span: Span,
    /// Column by column, [`DelayGrid::classes`] of each, the shortest delay first.
    pub counts: Vec<u32>,
    /// Where the last message belonged, to spare the next one a division.
    #[serde(skip)]
    last: Column,
}

/// A column: where its counts begin, and which arrivals it holds.
#[derive(Clone, Copy, Debug, Default)]
struct Column {
    first: usize,
    begin: u64,
    end: u64,
}

/// What is remembered to be fast makes no grid another one.
impl PartialEq for Column {
    fn eq(&self, _: &Column) -> bool {
        true
    }
}

impl DelayGrid {
    /// An empty one for what arrives before `until`.
    pub(super) fn new(until: SimTime) -> Self {
        let span = Span::from_nanos(until.nanos().div_ceil(COLUMNS).max(1));
        DelayGrid { span, counts: vec![0; COLUMNS as usize * CLASSES], ..DelayGrid::default() }
    }

    /// Adds a message that arrived at `created`.
    pub(super) fn add(&mut self, created: SimTime, delay: Span) {
        if !(self.last.begin..self.last.end).contains(&created.nanos()) {
            let (number, span) = (created.nanos() / self.span.nanos(), self.span.nanos());
            let begin = number * span;
            self.last =
                Column { first: number as usize * CLASSES, begin, end: begin.saturating_add(span) };
        }
        if let Some(count) = self.counts.get_mut(self.last.first + class(delay.nanos())) {
            *count += 1;
        }
    }

    /// Classes of delay in each column.
    pub fn classes() -> usize {
        CLASSES
    }

    /// Where class `index` begins, in seconds; the lowest begins at 0.
    pub fn begin(index: usize) -> f64 {
        let (octave, quarter) = (LOWEST as usize + index / 4, index % 4);
        let begin = libm::ldexp(1.0 + quarter as f64 / 4.0, octave as i32) / 1e9;
        if index == 0 { 0.0 } else { begin }
    }
}

fn class(nanos: u64) -> usize {
    let octave = 63 - (nanos | 1).leading_zeros();
    match octave {
        0..LOWEST => 0,
        HIGHEST.. => CLASSES - 1,
        _ => ((octave - LOWEST) * 4) as usize + (nanos >> (octave - 2) & 3) as usize,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_delay_is_in_the_class_whose_bounds_hold_it() {
        let mut nanos = 1.0f64;
        while nanos < 1e17 {
            let (class, seconds) = (class(nanos as u64), (nanos as u64) as f64 / 1e9);
            assert!(DelayGrid::begin(class) <= seconds, "{seconds} s in class {class}");
            assert!(class + 1 == CLASSES || seconds < DelayGrid::begin(class + 1), "{seconds} s");
            nanos *= 1.07;
        }
    }

    #[test]
    fn mail_is_counted_where_it_arrived() {
        let at = |hours| SimTime::ZERO + Span::from_hours(hours);
        let mut grid = DelayGrid::new(at(24));
        grid.add(at(0), Span::from_secs(1));
        grid.add(at(23), Span::from_hours(1));
        // While a run is drained, what arrives is not measured.
        grid.add(at(30), Span::from_hours(1));
        let column = |at: usize| &grid.counts[at * CLASSES..(at + 1) * CLASSES];
        assert_eq!(column(0)[class(1_000_000_000)], 1);
        assert_eq!(column(92)[class(3_600_000_000_000)], 1);
        assert_eq!(grid.counts.iter().sum::<u32>(), 2);
    }
}
