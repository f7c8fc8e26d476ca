//! Bursts: so many messages within a span of time, each burst a sorted sample of uniform instants that is
//! never stored.

use super::{Arrival, SOURCE_STRIDE};
use crate::engine::Stream;
use crate::model::params::Burst;
use crate::units::SimTime;

/// All bursts, merged.
#[derive(Debug)]
pub(super) struct Bursts {
    bursts: Vec<OneBurst>,
    draws: Stream,
    next: Option<(SimTime, usize)>,
}

/// What is left of one burst.
#[derive(Debug)]
struct OneBurst {
    /// Its next message, while there are any.
    next: Option<SimTime>,
    end: SimTime,
    left: u64,
    number: u64,
}

impl Bursts {
    pub(super) fn new(bursts: &[Burst], draws: Stream) -> Self {
        let start = |burst: &Burst| OneBurst {
            next: Some(burst.at),
            end: burst.at + burst.over,
            left: burst.messages,
            number: 0,
        };
        let mut all = Bursts { bursts: bursts.iter().map(start).collect(), draws, next: None };
        for index in 0..all.bursts.len() {
            all.draw(index);
        }
        all.next = all.earliest();
        all
    }

    fn peek(&self) -> Option<Arrival> {
        self.next.map(|(at, index)| Arrival {
            at,
            // `number` already counts the message that is pending.
            draw_key: (index as u64 + 1) * SOURCE_STRIDE + self.bursts[index].number - 1,
            ..Arrival::default()
        })
    }

    /// When the next one arrives.
    #[inline]
    pub(super) fn next_at(&self) -> Option<SimTime> {
        self.next.map(|(at, _)| at)
    }

    /// The next one, and on to the one after it.
    pub(super) fn take(&mut self) -> Option<Arrival> {
        let next = self.peek();
        if let Some((_, index)) = self.next {
            self.draw(index);
            self.next = self.earliest();
        }
        next
    }

    /// Draws the next instant of burst `index`: the smallest of `left` uniform instants between the last
    /// one and the end, so that the whole burst is a sorted uniform sample without being stored.
    fn draw(&mut self, index: usize) {
        let burst = &mut self.bursts[index];
        let Some(last) = burst.next.filter(|_| burst.left > 0) else {
            burst.next = None;
            return;
        };
        let uniform = self.draws.at_part(index as u64, burst.number).uniform();
        let fraction = 1.0 - libm::pow(uniform, 1.0 / burst.left as f64);
        burst.next = Some(last + burst.end.since(last).scale(fraction));
        burst.left -= 1;
        burst.number += 1;
    }

    fn earliest(&self) -> Option<(SimTime, usize)> {
        let pending = self.bursts.iter().enumerate();
        pending.filter_map(|(index, burst)| burst.next.map(|at| (at, index))).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Span;

    #[test]
    fn a_burst_delivers_its_count_within_its_time_evenly() {
        let over = Span::from_secs(100);
        let at = SimTime::ZERO + Span::from_secs(50);
        let burst = Burst { at, messages: 10_000, over };
        let mut bursts = Bursts::new(&[burst], Stream::new(1, 0, "bursts"));
        let mut list = Vec::new();
        while let Some(arrival) = bursts.take() {
            list.push(arrival.at);
        }
        assert_eq!(list.len(), 10_000);
        assert!(list.windows(2).all(|pair| pair[0] <= pair[1]));
        assert!(list[0] >= at && list[9_999] <= at + over);
        let first_half = list.iter().filter(|t| **t < at + over / 2).count() as f64;
        assert!((first_half - 5_000.0).abs() < 5.0 * 50.0, "{first_half}");
    }
}
