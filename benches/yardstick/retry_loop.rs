//! The first yardstick: a retry queue written for nothing but speed.
//!
//! 100 runners, Poisson arrivals, exponential service; a connection is cut 20 minutes after it was opened, and a
//! message that is in transfer then is tried again a constant interval later. No host status, no queue runs, no
//! sizes, no settings that change: this is what a fast loop costs that answers next to nothing.
//!
//! What makes it fast: the next arrival is one number; each constant delay is a first-in-first-out line; the ends
//! of service are packed integers in a heap whose top is overwritten in place; a cancelled end stays in the heap
//! and is known by its serial number; delays go to a log-linear histogram.

use super::draws;
use rand::rngs::Xoshiro256PlusPlus;
use std::cmp::Reverse;
use std::collections::binary_heap::{BinaryHeap, PeekMut};
use std::collections::vec_deque::VecDeque;

const RUNNERS: usize = 100;
const SECOND: u64 = 1_000_000_000;
/// Mean of one transfer: 1 of 300 is cut.
const SERVICE: f64 = 4.0 * SECOND as f64;
/// Mean gap between arrivals: the runners work 95 % of the time.
const GAP: f64 = SERVICE / (0.95 * RUNNERS as f64);
const LIFETIME: u64 = 1200 * SECOND;
const RETRY: u64 = 1800 * SECOND;
/// Low bits of a key: the runner, and above it the serial number of its transfer.
const RUNNER_BITS: u32 = 7;

#[derive(Clone, Copy, Default)]
struct Runner {
    created: u64,
    /// Of its present transfer; even a transfer of the same runner that was cut has another one.
    serial: u64,
    connected: bool,
}

/// What one run of the loop has found.
pub(crate) struct Found {
    /// Messages delivered.
    pub(crate) delivered: u64,
    /// Transfers cut.
    pub(crate) cut: u64,
    /// How long the messages took.
    pub(crate) delays: Delays,
}

struct Loop {
    draws: Xoshiro256PlusPlus,
    now: u64,
    arrival: u64,
    /// Ends of service: time in the high half, serial and runner in the low one.
    ends: BinaryHeap<Reverse<u128>>,
    /// The top of the heap has been handled; the next start overwrites it.
    top_is_spent: bool,
    serial: u64,
    retries: VecDeque<(u64, u64)>,
    cuts: VecDeque<(u64, usize)>,
    waiting: VecDeque<u64>,
    idle: Vec<usize>,
    runners: [Runner; RUNNERS],
    found: Found,
}

/// Runs the loop until so many messages are delivered.
pub(crate) fn run(messages: u64) -> Found {
    let mut site = Loop {
        draws: draws::generator(),
        now: 0,
        arrival: 0,
        ends: BinaryHeap::with_capacity(2 * RUNNERS),
        top_is_spent: false,
        serial: 0,
        retries: VecDeque::new(),
        cuts: VecDeque::new(),
        waiting: VecDeque::new(),
        idle: (0..RUNNERS).rev().collect(),
        runners: [Runner::default(); RUNNERS],
        found: Found { delivered: 0, cut: 0, delays: Delays::default() },
    };
    while site.found.delivered < messages {
        site.step();
    }
    site.found
}

impl Loop {
    #[inline(always)]
    fn step(&mut self) {
        let end = self.next_end();
        let retry = self.retries.front().map_or(u64::MAX, |(due, _)| *due);
        let cut = self.cuts.front().map_or(u64::MAX, |(due, _)| *due);
        let rare = retry.min(cut);
        if end <= self.arrival && end <= rare {
            self.ended();
        } else if self.arrival <= rare {
            self.now = self.arrival;
            self.arrival += (draws::exponential(&mut self.draws) * GAP) as u64;
            self.arrived(self.now);
        } else if retry <= cut {
            self.now = retry;
            if let Some((_, created)) = self.retries.pop_front() {
                self.arrived(created);
            }
        } else {
            self.now = cut;
            self.cut_off();
        }
    }

    /// When the next transfer ends. A spent top hides it in one of the two entries below.
    #[inline(always)]
    fn next_end(&self) -> u64 {
        let heap = self.ends.as_slice();
        let time = |index: usize| heap.get(index).map_or(u64::MAX, |key| (key.0 >> 64) as u64);
        if self.top_is_spent { time(1).min(time(2)) } else { time(0) }
    }

    #[inline(always)]
    fn arrived(&mut self, created: u64) {
        match self.idle.pop() {
            Some(runner) => self.start(runner, created),
            None => self.waiting.push_back(created),
        }
    }

    #[inline(always)]
    fn start(&mut self, number: usize, created: u64) {
        self.serial += 1;
        let runner = &mut self.runners[number];
        runner.created = created;
        runner.serial = self.serial;
        if !runner.connected {
            runner.connected = true;
            self.cuts.push_back((self.now + LIFETIME, number));
        }
        let end = self.now + (draws::exponential(&mut self.draws) * SERVICE) as u64;
        let low = (self.serial << RUNNER_BITS) | number as u64;
        let key = Reverse((u128::from(end) << 64) | u128::from(low));
        if self.top_is_spent {
            self.top_is_spent = false;
            if let Some(mut top) = self.ends.peek_mut() {
                *top = key;
            }
        } else {
            self.ends.push(key);
        }
    }

    #[inline(always)]
    fn ended(&mut self) {
        if self.top_is_spent {
            self.top_is_spent = false;
            if let Some(top) = self.ends.peek_mut() {
                PeekMut::pop(top);
            }
        }
        let Some(Reverse(key)) = self.ends.peek().copied() else { return };
        self.top_is_spent = true;
        let low = key as u64;
        let number = (low & ((1 << RUNNER_BITS) - 1)) as usize;
        self.now = (key >> 64) as u64;
        let runner = self.runners[number];
        if runner.serial != low >> RUNNER_BITS {
            return;
        }
        self.found.delivered += 1;
        self.found.delays.record(self.now - runner.created);
        self.next_message(number);
    }

    #[inline(always)]
    fn next_message(&mut self, number: usize) {
        match self.waiting.pop_front() {
            Some(created) => self.start(number, created),
            None => {
                self.runners[number].serial = 0;
                self.idle.push(number);
            }
        }
    }

    #[cold]
    fn cut_off(&mut self) {
        let Some((_, number)) = self.cuts.pop_front() else { return };
        let runner = &mut self.runners[number];
        runner.connected = false;
        if runner.serial != 0 {
            self.retries.push_back((self.now + RETRY, runner.created));
            self.found.cut += 1;
            self.next_message(number);
        }
    }
}

/// A histogram of 64 bins per power of two.
pub(crate) struct Delays {
    counts: Vec<u32>,
}

const BITS: u32 = 6;

impl Default for Delays {
    fn default() -> Self {
        Delays { counts: vec![0; (65 - BITS as usize) << BITS] }
    }
}

impl Delays {
    #[inline(always)]
    fn record(&mut self, value: u64) {
        let magnitude = (63 - (value | 1).leading_zeros()).saturating_sub(BITS);
        self.counts[(((magnitude as u64) << BITS) + (value >> magnitude)) as usize] += 1;
    }

    /// The lower end of the bin in which this share of the delays is reached, in seconds.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let all: u64 = self.counts.iter().map(|count| u64::from(*count)).sum();
        let mut left = (share * all as f64) as u64;
        for (index, count) in (0u64..).zip(&self.counts) {
            let count = u64::from(*count);
            if left < count {
                let magnitude = (index >> BITS).saturating_sub(1);
                return ((index - (magnitude << BITS)) << magnitude) as f64 / SECOND as f64;
            }
            left -= count;
        }
        0.0
    }
}
