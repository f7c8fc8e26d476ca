//! The network between sender and receiver: bandwidth of one's own, or a link shared by all.
//!
//! A shared link is processor sharing: n bodies under way get one n-th each. The link counts the bits that
//! each transfer under way has got so far (the same for all since they joined): a transfer that joins at
//! count v with b bits ends at count v + b, whoever comes and goes. So one heap of end counts suffices, and
//! a transfer costs O(log n).
//!
//! | parameter | default | source |
//! |---|---|---|
//! | `network.round_trip` | 30 ms | assumed, plausible 5-150 ms |
//! | `network.bandwidth` | 20 Mbit/s per connection | assumed |
//!
//! Left out: TCP's congestion control and slow start.

use super::params::Link;
use crate::units::{Bandwidth, SimTime, Span};
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

impl Link {
    /// The bandwidth that all connections share; `None` where they share nothing, be it because the link
    /// they share has no limit.
    pub fn shared(self) -> Option<Bandwidth> {
        match self {
            Link::Shared(bandwidth) if bandwidth.is_limited() => Some(bandwidth),
            Link::Shared(_) | Link::PerConnection(_) => None,
        }
    }
}

/// A count of bits, ordered.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Bits(f64);

impl Eq for Bits {}

impl Ord for Bits {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        #[cfg(test)]
        tests::COMPARISONS.with(|count| count.set(count.get() + 1));
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Bits {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// A link that all transfers share evenly.
#[derive(Debug)]
pub struct SharedLink {
    bandwidth: Bandwidth,
    /// Bits that each transfer under way has got since the link was last idle.
    served: f64,
    as_of: SimTime,
    /// End counts with the transfers' numbers and owners.
    ends: BinaryHeap<Reverse<(Bits, u64, u32)>>,
    /// Numbers of transfers that left early; their entries are dropped when they surface.
    gone: BTreeSet<u64>,
    under_way: u64,
    started: u64,
}

impl SharedLink {
    /// An idle link.
    pub fn new(bandwidth: Bandwidth) -> Self {
        SharedLink {
            bandwidth,
            served: 0.0,
            as_of: SimTime::ZERO,
            ends: BinaryHeap::new(),
            gone: BTreeSet::new(),
            under_way: 0,
            started: 0,
        }
    }

    /// From now on it has another bandwidth, for the transfers under way as well.
    pub fn set_bandwidth(&mut self, now: SimTime, bandwidth: Bandwidth) {
        self.advance(now);
        self.bandwidth = bandwidth;
    }

    fn advance(&mut self, now: SimTime) {
        if self.under_way == 0 {
            self.served = 0.0;
        } else if self.bandwidth.is_limited() {
            let bits = now.since(self.as_of).seconds() * self.bandwidth.0;
            self.served += bits / self.under_way as f64;
        }
        self.as_of = now;
    }

    /// `owner` starts to send `bytes`; returns the transfer's number.
    pub fn join(&mut self, now: SimTime, owner: u32, bytes: u64) -> u64 {
        self.advance(now);
        let number = self.started;
        self.started += 1;
        self.under_way += 1;
        self.ends.push(Reverse((Bits(self.served + bytes as f64 * 8.0), number, owner)));
        number
    }

    /// Transfer `number` is broken off.
    pub fn leave(&mut self, now: SimTime, number: u64) {
        self.advance(now);
        self.under_way -= 1;
        self.gone.insert(number);
    }

    /// Bits that each transfer under way has got since the link was last idle, at the last instant that
    /// anybody joined, left or finished.
    pub fn served(&self) -> f64 {
        self.served
    }

    fn drop_gone(&mut self) {
        while let Some(Reverse((_, number, _))) = self.ends.peek() {
            if !self.gone.remove(number) {
                break;
            }
            self.ends.pop();
        }
    }

    /// When the next transfer ends if nobody joins or leaves before.
    pub fn next_end(&mut self) -> Option<SimTime> {
        self.drop_gone();
        let Reverse((Bits(end), _, _)) = self.ends.peek()?;
        let left = (end - self.served).max(0.0) * self.under_way as f64;
        if !self.bandwidth.is_limited() {
            return Some(self.as_of);
        }
        Some(self.as_of + Span::from_seconds(left / self.bandwidth.0))
    }

    /// Takes the transfer that ends now, as announced by [`next_end`](Self::next_end): its owner.
    pub fn finish(&mut self, now: SimTime) -> Option<u32> {
        self.drop_gone();
        let Reverse((Bits(end), _, owner)) = self.ends.pop()?;
        self.advance(now);
        // What rounding to whole nanoseconds left over must not pile up.
        self.served = self.served.max(end);
        self.under_way -= 1;
        Some(owner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    thread_local! {
        /// How often two counts of bits were compared: what a transfer costs, apart from constants.
        pub(super) static COMPARISONS: Cell<u64> = const { Cell::new(0) };
    }

    fn at(seconds: u64) -> SimTime {
        SimTime::ZERO + Span::from_secs(seconds)
    }

    /// The schedule of a link of 8 Mbit/s on which (start, MB) transfers run.
    fn schedule(transfers: &[(u64, u64)]) -> Vec<(u32, SimTime)> {
        let mut link = SharedLink::new(Bandwidth(8e6));
        let mut ends = Vec::new();
        for (owner, (start, megabytes)) in (0u32..).zip(transfers) {
            while let Some(end) = link.next_end().filter(|end| *end <= at(*start)) {
                ends.push((link.finish(end).unwrap(), end));
            }
            link.join(at(*start), owner, megabytes * 1_000_000);
        }
        while let Some(end) = link.next_end() {
            ends.push((link.finish(end).unwrap(), end));
        }
        ends
    }

    #[test]
    fn n_equal_transfers_take_n_times_as_long_exactly() {
        for n in [1, 2, 3, 7, 50] {
            let ends = schedule(&vec![(0, 3); n]);
            assert!(ends.iter().all(|(_, end)| *end == at(3 * n as u64)), "{n}: {ends:?}");
        }
    }

    #[test]
    fn a_transfer_slows_the_others_down_while_it_lasts() {
        // 4 MB alone for 2 s, then two share: the newcomer's 1 MB takes 2 s, the rest goes on alone.
        assert_eq!(schedule(&[(0, 4), (2, 1)]), [(1, at(4)), (0, at(5))]);
    }

    #[test]
    fn a_transfer_that_leaves_gives_its_share_back() {
        let mut link = SharedLink::new(Bandwidth(8e6));
        link.join(at(0), 0, 4_000_000);
        let other = link.join(at(0), 1, 1_000_000);
        link.leave(at(1), other);
        assert_eq!(link.next_end(), Some(SimTime::from_nanos(4_500_000_000)));
        assert_eq!(link.finish(SimTime::from_nanos(4_500_000_000)), Some(0));
        assert_eq!(link.next_end(), None);
    }

    #[test]
    fn a_transfer_costs_the_logarithm_of_the_number_under_way() {
        // One joins and one ends, again and again, with n under way: comparisons a transfer.
        let cost = |n: u32| {
            let mut link = SharedLink::new(Bandwidth(8e6));
            let bytes = |number: u32| 1_000 + u64::from(number.wrapping_mul(2_654_435_761) >> 12);
            for number in 0..n {
                link.join(at(0), number, bytes(number));
            }
            COMPARISONS.set(0);
            for number in n..2 * n {
                let end = link.next_end().unwrap();
                link.finish(end);
                link.join(end, number, bytes(number));
            }
            COMPARISONS.get() as f64 / f64::from(n)
        };
        for n in [16, 256, 4096, 65_536] {
            let (cost, most) = (cost(n), 3.0 * f64::from(n).log2() + 3.0);
            assert!(cost <= most, "{cost} comparisons with {n} under way, at most {most}");
        }
    }

    #[test]
    fn without_a_limit_a_transfer_ends_as_it_starts() {
        for bandwidth in [Bandwidth::UNLIMITED, Bandwidth(f64::INFINITY)] {
            let mut link = SharedLink::new(bandwidth);
            link.join(at(3), 7, u64::MAX);
            link.join(at(3), 8, 1);
            assert_eq!(link.next_end(), Some(at(3)));
            assert_eq!(link.finish(at(3)), Some(8));
            assert_eq!(link.finish(at(3)), Some(7));
            link.join(at(4), 9, 0);
            assert_eq!(link.next_end(), Some(at(4)), "no count has become a non-number");
        }
    }

    #[test]
    fn a_change_of_bandwidth_concerns_what_is_under_way() {
        let mut link = SharedLink::new(Bandwidth(8e6));
        link.join(at(0), 0, 4_000_000);
        link.set_bandwidth(at(2), Bandwidth(16e6));
        assert_eq!(link.next_end(), Some(at(3)));
    }
}
