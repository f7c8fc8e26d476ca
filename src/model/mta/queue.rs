//! The queue: which messages a run lists, and in which order.
//!
//! Life of an entry: **fresh** (never tried) -> listed -> after a deferral **waiting** until its last try
//! is `min_queue_age` ago -> eligible again. A run lists all that is eligible, locked messages included;
//! those keep their place in the split and are passed over when their turn comes. MODEL.md 4.3, 4.4.
//!
//! A run pays for what it lists: entries that stayed eligible are still in order from the last listing and
//! are merged with the sorted newcomers; entries whose message has been tried or has left since are dropped
//! on the way. Waiting entries are a first-in-first-out line, because the age is the same for all.
//!
//! | parameter | default | source |
//! |---|---|---|
//! | `order` | priority | `QueueSortOrder`, sendmail 8.17 source |
//! | `min_queue_age` | `retry_interval` of persistent runs, 0 of periodic ones | `MinQueueAge`, sendmail 8.17 source |
//!
//! Left out: sorting by host, and the time that reading the queue directory takes.

use crate::engine::Draws;
use crate::model::clock::Clock;
use crate::model::message::{Message, MessageRef, Messages};
use crate::model::params::Order;
use crate::units::{SimTime, Span};
use std::collections::VecDeque;
use std::rc::Rc;

/// A listed message: priority (44 bits), number (44), slot (32) and the low byte of its tries (8), packed
/// so that plain integer order is queue order. The tries tell whether it was tried since the listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed(u128);

const FIELD: u64 = (1 << 44) - 1;

impl Listed {
    #[inline]
    fn new(message: &Message, slot: u32, order: Order) -> Self {
        let primary = match order {
            Order::Priority => message.priority().min(FIELD),
            // Messages are numbered as they arrive, so equal primaries leave the order of creation.
            Order::Time | Order::Random => 0,
        };
        Listed(
            (u128::from(primary) << 84)
                | (u128::from(message.id & FIELD) << 40)
                | (u128::from(slot) << 8)
                | u128::from(message.tries as u8),
        )
    }

    /// Where the message is, if it has not left.
    pub fn message(self) -> MessageRef {
        MessageRef { slot: (self.0 >> 8) as u32, id: (self.0 >> 40) as u64 & FIELD }
    }

    fn tries(self) -> u8 {
        self.0 as u8
    }

    fn still_eligible(self, messages: &Messages) -> bool {
        messages.is_as_listed(self.message(), self.tries())
    }
}

/// The line of deferred messages that are too young to be listed: what each will be listed as, and since when it
/// waits. Two lines, for one of both would be a third longer.
#[derive(Debug, Default)]
struct Waiting {
    listed: VecDeque<Listed>,
    since: VecDeque<SimTime>,
}

/// Memory for so many entries is kept for the next listing.
const MOST_SPARE: usize = 1 << 16;

/// The queue of one agent.
#[derive(Debug)]
pub struct Queue {
    order: Order,
    min_age: Span,
    clock: Clock,
    fresh: Vec<Listed>,
    waiting: Waiting,
    /// When the first in line has waited long enough.
    first_due: SimTime,
    /// Eligible at the last listing, in order.
    eligible: Rc<Vec<Listed>>,
    spare: Vec<Listed>,
}

impl Queue {
    /// An empty queue.
    pub fn new(order: Order, min_age: Span, clock: Clock) -> Self {
        Queue {
            order,
            min_age,
            clock,
            fresh: Vec::new(),
            waiting: Waiting::default(),
            first_due: SimTime::MAX,
            eligible: Rc::default(),
            spare: Vec::new(),
        }
    }

    /// Another order and age hold from the next listing on.
    pub fn set_policy(&mut self, order: Order, min_age: Span, messages: &Messages) {
        self.min_age = min_age;
        self.set_first_due();
        if order == self.order {
            return;
        }
        self.order = order;
        // Keys carry the order they were made for: make them anew.
        self.fresh.extend(self.eligible.iter());
        self.eligible = Rc::default();
        self.fresh.retain(|entry| entry.still_eligible(messages));
        let again = |entry: &mut Listed| {
            let slot = entry.message().slot;
            if entry.still_eligible(messages) {
                *entry = Listed::new(messages.at(slot), slot, order);
            }
        };
        self.fresh.iter_mut().chain(&mut self.waiting.listed).for_each(again);
    }

    /// A message that was never tried joins.
    pub fn accept(&mut self, message: &Message, slot: u32) {
        self.fresh.push(Listed::new(message, slot, self.order));
    }

    /// A message whose attempt has just ended without delivery waits for its age.
    #[inline]
    pub fn defer(&mut self, message: &Message, slot: u32) {
        self.waiting.listed.push_back(Listed::new(message, slot, self.order));
        self.waiting.since.push_back(message.last_try);
        if self.waiting.since.len() == 1 {
            self.set_first_due();
        }
    }

    #[cold]
    fn set_first_due(&mut self) {
        let first = self.waiting.since.front();
        self.first_due = first.map_or(SimTime::MAX, |since| self.clock.due(*since, self.min_age));
    }

    /// All that is eligible at `now`, in order: the snapshot that a run works on.
    pub fn list(&mut self, now: SimTime, messages: &Messages, draws: Draws) -> Rc<Vec<Listed>> {
        self.collect_aged(now, messages);
        // An immediate attempt may have delivered or deferred a message that no run has listed yet.
        self.fresh.retain(|entry| entry.still_eligible(messages));
        // Passes hand the mail back in the order in which they listed it: that is found and merged, not sorted.
        self.fresh.sort();
        let mut merged = std::mem::take(&mut self.spare);
        merged.clear();
        let mut kept =
            self.eligible.iter().filter(|entry| entry.still_eligible(messages)).peekable();
        if kept.peek().is_none() {
            // Usually all of the last listing was tried: the newcomers are the list, without a copy.
            std::mem::swap(&mut merged, &mut self.fresh);
        } else {
            let mut newcomers = self.fresh.drain(..).peekable();
            for entry in kept {
                while let Some(newcomer) = newcomers.next_if(|newcomer| newcomer < entry) {
                    merged.push(newcomer);
                }
                merged.push(*entry);
            }
            merged.extend(newcomers);
        }
        let last = std::mem::replace(&mut self.eligible, Rc::new(merged));
        // The runs of the last listing have usually ended: its memory serves the next one. What a backlog once
        // took is given back.
        self.spare = Rc::try_unwrap(last).unwrap_or_default();
        for memory in [&mut self.spare, &mut self.fresh] {
            if memory.capacity() > MOST_SPARE {
                *memory = Vec::new();
            }
        }
        if self.order == Order::Random {
            let mut shuffled = self.eligible.as_ref().clone();
            let mut draws = draws;
            draws.shuffle(&mut shuffled);
            return Rc::new(shuffled);
        }
        self.eligible.clone()
    }

    /// Moves what has waited long enough to the newcomers.
    fn collect_aged(&mut self, now: SimTime, messages: &Messages) {
        if now < self.first_due {
            return;
        }
        let (clock, age, order) = (self.clock, self.min_age, self.order);
        let aged = self.waiting.since.partition_point(|since| clock.due(*since, age) <= now);
        self.waiting.since.drain(..aged);
        self.fresh.reserve(aged);
        let (front, back) = self.waiting.listed.as_slices();
        let from_front = aged.min(front.len());
        for part in [&front[..from_front], &back[..aged - from_front]] {
            for entry in part {
                let at = entry.message();
                // It may have been tried again by an older run that still held it in its list, or have left.
                if messages.is_free_as_listed(at, entry.tries()) {
                    self.fresh.push(*entry);
                } else if entry.still_eligible(messages) {
                    // Such a run has just read it once more.
                    self.fresh.push(Listed::new(messages.at(at.slot), at.slot, order));
                }
            }
        }
        self.waiting.listed.drain(..aged);
        if self.waiting.since.is_empty() && self.waiting.since.capacity() > MOST_SPARE {
            self.waiting = Waiting::default();
        }
        self.set_first_due();
    }

    /// The next instant at which a message becomes eligible by itself; `None` while only an arrival could
    /// change anything.
    pub fn next_eligible(&self, now: SimTime) -> Option<SimTime> {
        if !self.fresh.is_empty() {
            return Some(now);
        }
        (!self.waiting.since.is_empty()).then(|| self.first_due.max(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Stream;
    use crate::model::message::MessageRef;
    use crate::model::waiting::Wait;
    use proptest::prelude::*;

    fn at(seconds: u64) -> SimTime {
        SimTime::ZERO + Span::from_secs(seconds)
    }

    fn draws() -> Draws {
        Stream::new(1, 0, "order").at(0)
    }

    struct Bench {
        messages: Messages,
        queue: Queue,
    }

    impl Bench {
        fn new(order: Order, min_age: Span) -> Self {
            let queue = Queue::new(order, min_age, Clock::new(Span::from_secs(1)));
            Bench { messages: Messages::default(), queue }
        }

        fn arrive(&mut self, id: u64, bytes: u32) -> MessageRef {
            let slot = self.messages.insert(Message { bytes, ..Message::sample(id) });
            self.queue.accept(self.messages.at(slot), slot);
            MessageRef { slot, id }
        }

        fn defer(&mut self, at: MessageRef, now: SimTime) {
            self.messages.lock(at.slot).reads += 1;
            let message = self.messages.deferred(at.slot, now, Wait::Retry);
            self.queue.defer(message, at.slot);
        }

        fn list(&mut self, now: SimTime) -> Vec<u64> {
            let list = self.queue.list(now, &self.messages, draws());
            list.iter().map(|entry| entry.message().id).collect()
        }
    }

    #[test]
    fn small_and_seldom_tried_messages_go_first() {
        let mut bench = Bench::new(Order::Priority, Span::ZERO);
        bench.arrive(0, 50_000);
        let small = bench.arrive(1, 1_000);
        bench.arrive(2, 100_000);
        assert_eq!(bench.list(at(0)), [1, 0, 2]);
        bench.defer(small, at(1));
        assert_eq!(bench.list(at(2)), [0, 1, 2], "90,000 for the retry");
    }

    #[test]
    fn equal_priorities_go_by_creation() {
        let mut bench = Bench::new(Order::Priority, Span::ZERO);
        for id in 0..5 {
            bench.arrive(id, 700);
        }
        assert_eq!(bench.list(at(0)), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn order_time_ignores_size_and_tries() {
        let mut bench = Bench::new(Order::Time, Span::ZERO);
        let first = bench.arrive(0, 1_000_000);
        bench.arrive(1, 1);
        bench.defer(first, at(1));
        assert_eq!(bench.list(at(2)), [0, 1]);
    }

    #[test]
    fn a_tried_message_is_not_listed_before_min_queue_age_and_a_fresh_one_is_at_once() {
        let mut bench = Bench::new(Order::Priority, Span::from_mins(30));
        let tried = bench.arrive(0, 1);
        assert_eq!(bench.list(at(0)), [0]);
        bench.defer(tried, at(10));
        bench.arrive(1, 1);
        assert_eq!(bench.list(at(11)), [1]);
        assert_eq!(bench.list(at(1809)), [1]);
        assert_eq!(bench.list(at(1810)), [1, 0]);
    }

    #[test]
    fn a_message_that_left_or_was_tried_since_the_listing_is_dropped() {
        let mut bench = Bench::new(Order::Priority, Span::from_mins(30));
        let (gone, tried) = (bench.arrive(0, 1), bench.arrive(1, 1));
        bench.arrive(2, 1);
        assert_eq!(bench.list(at(0)), [0, 1, 2]);
        bench.messages.remove(gone.slot);
        bench.defer(tried, at(1));
        bench.arrive(3, 1);
        assert_eq!(bench.list(at(2)), [2, 3]);
    }

    #[test]
    fn the_next_eligible_instant_is_that_of_the_longest_waiting() {
        let mut bench = Bench::new(Order::Priority, Span::from_mins(1));
        let (a, b) = (bench.arrive(0, 1), bench.arrive(1, 1));
        assert_eq!(bench.queue.next_eligible(at(5)), Some(at(5)), "fresh mail is eligible now");
        bench.list(at(5));
        assert_eq!(bench.queue.next_eligible(at(5)), None, "all of it is being tried");
        bench.defer(a, at(10));
        bench.defer(b, at(20));
        assert_eq!(bench.queue.next_eligible(at(30)), Some(at(70)));
    }

    #[test]
    fn a_random_order_lists_the_same_messages() {
        let mut bench = Bench::new(Order::Random, Span::ZERO);
        for id in 0..100 {
            bench.arrive(id, 1);
        }
        let mut list = bench.list(at(0));
        assert_ne!(list, (0..100).collect::<Vec<_>>());
        list.sort_unstable();
        assert_eq!(list, (0..100).collect::<Vec<_>>());
    }

    proptest! {
        /// Against the plain reading of the rule: filter everything, sort everything.
        #[test]
        fn listing_equals_filtering_and_sorting_the_whole_queue(
            steps in prop::collection::vec((0u8..4, 0u32..200_000, 0u64..40), 1..120)
        ) {
            let age = Span::from_secs(30);
            let mut bench = Bench::new(Order::Priority, age);
            let mut present: Vec<MessageRef> = Vec::new();
            let (mut now, mut next) = (0, 0);
            for (action, bytes, pause) in steps {
                now += pause;
                match action {
                    0 | 1 => {
                        present.push(bench.arrive(next, bytes));
                        next += 1;
                    }
                    2 if !present.is_empty() => {
                        let at_slot = present[bytes as usize % present.len()];
                        bench.defer(at_slot, at(now));
                    }
                    3 if !present.is_empty() => {
                        let left = present.swap_remove(bytes as usize % present.len());
                        bench.messages.remove(left.slot);
                    }
                    _ => {}
                }
                if action != 0 {
                    let mut expected: Vec<(u64, u64)> = present.iter()
                        .map(|m| bench.messages.at(m.slot))
                        .filter(|m| m.tries == 0 || m.last_try + age <= at(now))
                        .map(|m| (m.priority(), m.id))
                        .collect();
                    expected.sort_unstable();
                    let expected: Vec<u64> = expected.into_iter().map(|(_, id)| id).collect();
                    prop_assert_eq!(bench.list(at(now)), expected);
                }
            }
        }
    }
}
