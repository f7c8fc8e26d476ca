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

use crate::units::{Bandwidth, SimTime, Span};
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

/// A count of bits, ordered.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Bits(f64);

impl Eq for Bits {}

impl Ord for Bits {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
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
    bits_per_second: f64,
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
            bits_per_second: bandwidth.0,
            served: 0.0,
            as_of: SimTime::ZERO,
            ends: BinaryHeap::new(),
            gone: BTreeSet::new(),
            under_way: 0,
            started: 0,
        }
    }

    fn advance(&mut self, now: SimTime) {
        if self.under_way > 0 {
            let bits = now.since(self.as_of).seconds() * self.bits_per_second;
            self.served += bits / self.under_way as f64;
        } else {
            self.served = 0.0;
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

    /// From now on the link has another bandwidth; what is under way goes on at the new rate.
    pub fn set_bandwidth(&mut self, now: SimTime, bandwidth: Bandwidth) {
        self.advance(now);
        self.bits_per_second = bandwidth.0;
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
        if self.bits_per_second <= 0.0 {
            return Some(self.as_of);
        }
        Some(self.as_of + Span::from_seconds(left / self.bits_per_second))
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
    fn a_new_bandwidth_holds_for_what_is_under_way() {
        let mut link = SharedLink::new(Bandwidth(8e6));
        link.join(at(0), 0, 4_000_000);
        link.set_bandwidth(at(2), Bandwidth(16e6));
        assert_eq!(link.next_end(), Some(at(3)));
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
}
