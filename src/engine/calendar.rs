//! The calendar: what happens next.
//!
//! A binary heap over one packed integer key (time, phase, sequence). Popping leaves the top in place
//! as *spent*; the next scheduling overwrites it and sifts once, so that the usual "handle one, schedule
//! one" costs one sift instead of two. Timers are cancelled lazily: a cancelled timer stays in the heap
//! and is dropped when it surfaces.

use super::trace::TraceHash;
use crate::units::SimTime;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

/// Which kind of thing goes first within one instant: the lower phase. The model names its phases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Phase(pub u8);

/// A cancellable scheduling. Dropping it does not cancel; see [`Calendar::cancel`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    slot: u32,
    generation: u32,
}

/// Stands for "no timer": entries are kept small, for the heap moves them about.
const NO_TIMER: Timer = Timer { slot: u32::MAX, generation: 0 };

impl Timer {
    fn is_none(self) -> bool {
        self.slot == NO_TIMER.slot
    }
}

/// Time in the high 64 bits, then 8 bits of phase, then 56 bits of sequence: 7 * 10^16 schedulings.
fn pack(at: SimTime, phase: Phase, sequence: u64) -> u128 {
    (u128::from(at.nanos()) << 64) | (u128::from(phase.0) << 56) | u128::from(sequence)
}

struct Entry<E> {
    key: u128,
    timer: Timer,
    event: E,
}

impl<E> Entry<E> {
    fn at(&self) -> SimTime {
        SimTime::from_nanos((self.key >> 64) as u64)
    }
}

// Reversed, because `BinaryHeap` keeps its greatest element on top.
impl<E> Ord for Entry<E> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.key.cmp(&self.key)
    }
}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl<E> Eq for Entry<E> {}

/// Pending events of type `E` in the order of the [ordering contract](super).
pub struct Calendar<E> {
    heap: BinaryHeap<Entry<E>>,
    /// The top of the heap has been handed out already.
    top_is_spent: bool,
    sequence: u64,
    now: SimTime,
    horizon: SimTime,
    /// Generation of each timer slot; odd = armed. A timer whose generation is past is cancelled.
    timers: Vec<u32>,
    free_timers: Vec<u32>,
    trace: TraceHash,
}

impl<E: Copy> Default for Calendar<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: Copy> Calendar<E> {
    /// An empty calendar at time zero.
    pub fn new() -> Self {
        Calendar {
            heap: BinaryHeap::new(),
            top_is_spent: false,
            sequence: 0,
            now: SimTime::ZERO,
            horizon: SimTime::MAX,
            timers: Vec::new(),
            free_timers: Vec::new(),
            trace: TraceHash::default(),
        }
    }

    /// The time of the event being handled (or the horizon, once it is reached).
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// Schedules `event`. A time in the past is a caller's mistake and runs at once: time never goes
    /// back.
    #[inline]
    pub fn schedule(&mut self, at: SimTime, phase: Phase, event: E) {
        self.insert(at, phase, NO_TIMER, event);
    }

    /// Schedules an event that may be cancelled.
    pub fn schedule_timer(&mut self, at: SimTime, phase: Phase, event: E) -> Timer {
        let slot = self.free_timers.pop().unwrap_or_else(|| {
            self.timers.push(0);
            (self.timers.len() - 1) as u32
        });
        let generation = &mut self.timers[slot as usize];
        *generation = generation.wrapping_add(1);
        let timer = Timer { slot, generation: *generation };
        self.insert(at, phase, timer, event);
        timer
    }

    /// Cancels a timer; says whether it was still pending.
    pub fn cancel(&mut self, timer: Timer) -> bool {
        let armed = self.is_armed(timer);
        if armed {
            self.disarm(timer);
        }
        armed
    }

    fn is_armed(&self, timer: Timer) -> bool {
        self.timers.get(timer.slot as usize) == Some(&timer.generation)
    }

    /// The slot is free for the next timer at once: the generation tells the two apart.
    fn disarm(&mut self, timer: Timer) {
        let generation = &mut self.timers[timer.slot as usize];
        *generation = generation.wrapping_add(1);
        self.free_timers.push(timer.slot);
    }

    fn insert(&mut self, at: SimTime, phase: Phase, timer: Timer, event: E) {
        self.sequence += 1;
        let entry = Entry { key: pack(at.max(self.now), phase, self.sequence), timer, event };
        if self.top_is_spent {
            self.top_is_spent = false;
            if let Some(mut top) = self.heap.peek_mut() {
                *top = entry;
                return;
            }
        }
        self.heap.push(entry);
    }

    fn drop_spent_top(&mut self) {
        if self.top_is_spent {
            self.top_is_spent = false;
            self.heap.pop();
        }
    }

    /// Drops cancelled timers from the top and returns the time of the next live event.
    fn next_time(&mut self) -> Option<SimTime> {
        self.drop_spent_top();
        loop {
            let top = self.heap.peek_mut()?;
            let timer = top.timer;
            if timer.is_none() || self.timers.get(timer.slot as usize) == Some(&timer.generation) {
                return Some(top.at());
            }
            PeekMut::pop(top);
        }
    }

    /// The next event not later than `horizon`; `None` once there is none, with the clock at `horizon`.
    #[inline]
    pub fn advance(&mut self, horizon: SimTime) -> Option<(SimTime, E)> {
        self.horizon = horizon;
        match self.next_time() {
            Some(at) if at <= horizon => {}
            _ => {
                if horizon != SimTime::MAX {
                    self.now = self.now.max(horizon);
                }
                return None;
            }
        }
        let event = self.hand_out_top()?;
        Some((self.now, event))
    }

    /// The next event, if `takes` says so of it; else it stays where it is. Never one after the horizon.
    #[inline]
    pub fn advance_if(&mut self, takes: impl FnOnce(E) -> bool) -> Option<E> {
        self.next_time().filter(|at| *at <= self.horizon)?;
        self.heap.peek().filter(|top| takes(top.event))?;
        self.hand_out_top()
    }

    /// The top, which is live, happens now.
    #[inline]
    fn hand_out_top(&mut self) -> Option<E> {
        let top = self.heap.peek()?;
        let (key, timer, event) = (top.key, top.timer, top.event);
        self.top_is_spent = true;
        if !timer.is_none() {
            self.disarm(timer);
        }
        self.now = SimTime::from_nanos((key >> 64) as u64);
        self.trace.add((key >> 64) as u64 ^ (key as u64).rotate_left(32));
        Some(event)
    }

    /// Until when nothing else happens: whoever handles an event may go on by itself up to, but not
    /// including, this instant, without asking the calendar. Never later than the horizon.
    #[inline]
    pub fn quiet_until(&mut self) -> SimTime {
        let horizon = self.horizon;
        if self.top_is_spent {
            // One of the two below it is the next. The top stays, for who asks usually schedules.
            let next = match *self.heap.as_slice() {
                [_] => return horizon,
                [_, ref next] => Some(next),
                [_, ref left, ref right, ..] => {
                    Some(if left.key < right.key { left } else { right })
                }
                [] => None,
            };
            if let Some(next) =
                next.filter(|next| next.timer.is_none() || self.is_armed(next.timer))
            {
                return next.at().min(horizon);
            }
        }
        self.next_time().map_or(horizon, |at| at.min(horizon))
    }

    /// Moves the clock within the [quiet span](Self::quiet_until) and adds a word to the trace.
    #[inline]
    pub fn step_to(&mut self, at: SimTime, word: u64) {
        self.now = self.now.max(at);
        self.trace.add(at.nanos() ^ word);
    }

    /// The hash of everything that has run so far.
    pub fn trace(&self) -> TraceHash {
        self.trace
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Span;
    use proptest::prelude::*;

    const PHASE: Phase = Phase(1);

    fn at(seconds: u64) -> SimTime {
        SimTime::ZERO + Span::from_secs(seconds)
    }

    fn drain(calendar: &mut Calendar<u32>) -> Vec<u32> {
        std::iter::from_fn(|| calendar.advance(SimTime::MAX).map(|(_, event)| event)).collect()
    }

    #[test]
    fn simultaneous_events_run_by_phase_and_then_as_scheduled() {
        let mut calendar = Calendar::new();
        for (phase, event) in [(2, 1), (1, 2), (2, 3), (0, 4), (1, 5)] {
            calendar.schedule(at(7), Phase(phase), event);
        }
        assert_eq!(drain(&mut calendar), [4, 2, 5, 1, 3]);
    }

    #[test]
    fn a_cancelled_timer_never_fires_and_its_slot_is_reused() {
        let mut calendar = Calendar::new();
        let first = calendar.schedule_timer(at(1), PHASE, 1);
        assert!(calendar.cancel(first));
        assert!(!calendar.cancel(first), "twice");
        let second = calendar.schedule_timer(at(2), PHASE, 2);
        assert_eq!(first.slot, second.slot);
        assert!(!calendar.cancel(first), "an old handle does not reach the new timer");
        assert_eq!(drain(&mut calendar), [2]);
        assert!(!calendar.cancel(second), "it has fired");
    }

    #[test]
    fn the_horizon_stops_the_clock_and_keeps_what_lies_behind_it() {
        let mut calendar = Calendar::new();
        calendar.schedule(at(10), PHASE, 1);
        assert_eq!(calendar.advance(at(5)), None);
        assert_eq!(calendar.now(), at(5));
        assert_eq!(calendar.advance(at(10)), Some((at(10), 1)));
    }

    #[test]
    fn a_time_in_the_past_runs_now_for_time_never_goes_back() {
        let mut calendar = Calendar::new();
        calendar.schedule(at(10), PHASE, 1);
        calendar.advance(SimTime::MAX);
        calendar.schedule(at(3), PHASE, 2);
        assert_eq!(calendar.advance(SimTime::MAX), Some((at(10), 2)));
    }

    #[test]
    fn an_event_is_taken_on_a_condition_or_stays() {
        let mut calendar = Calendar::new();
        calendar.schedule(at(1), PHASE, 1);
        calendar.schedule(at(2), PHASE, 2);
        calendar.schedule(at(9), PHASE, 3);
        calendar.advance(at(5));
        assert_eq!(calendar.advance_if(|event| event == 7), None);
        assert_eq!((calendar.now(), calendar.advance_if(|event| event == 2)), (at(1), Some(2)));
        assert_eq!((calendar.now(), calendar.advance_if(|_| true)), (at(2), None), "the horizon");
    }

    #[test]
    fn a_thousand_simultaneous_events_run_as_scheduled() {
        let mut calendar = Calendar::new();
        let mut order = Vec::new();
        for event in 0..1000 {
            calendar.schedule(at(7), PHASE, event);
            if event % 3 == 0 {
                order.extend(calendar.advance(at(7)).map(|(_, event)| event));
            }
        }
        order.extend(drain(&mut calendar));
        assert_eq!(order, (0..1000).collect::<Vec<_>>());
    }

    #[test]
    fn the_quiet_span_ends_at_the_next_event_or_at_the_horizon() {
        let mut calendar = Calendar::new();
        calendar.schedule(at(1), PHASE, 1);
        calendar.schedule(at(5), PHASE, 2);
        let early = calendar.schedule_timer(at(3), PHASE, 3);
        calendar.schedule(at(4), PHASE, 4);
        calendar.advance(at(100));
        assert_eq!(calendar.quiet_until(), at(3));
        calendar.cancel(early);
        assert_eq!(calendar.quiet_until(), at(4));
        calendar.advance(at(100));
        assert_eq!(calendar.quiet_until(), at(5));
        calendar.advance(at(100));
        assert_eq!(calendar.quiet_until(), at(100));
    }

    proptest! {
        #[test]
        fn any_mix_of_scheduling_cancelling_and_popping_equals_a_sorted_list(
            steps in prop::collection::vec((0u64..50, 0u8..3, 0u8..4), 1..200)
        ) {
            let mut calendar = Calendar::new();
            let mut model: Vec<(SimTime, u8, u32)> = Vec::new();
            let mut timers = Vec::new();
            for (number, (delay, phase, action)) in (0u32..).zip(steps) {
                let when = calendar.now() + Span::from_secs(delay);
                match action {
                    0 => {
                        let next = model.iter().copied().min();
                        let got = calendar.advance(SimTime::MAX);
                        prop_assert_eq!(got, next.map(|(at, _, event)| (at, event)));
                        model.retain(|entry| Some(*entry) != next);
                    }
                    1 if !timers.is_empty() => {
                        let (timer, id) = timers.swap_remove(delay as usize % timers.len());
                        let pending = model.iter().any(|entry| entry.2 == id);
                        prop_assert_eq!(calendar.cancel(timer), pending);
                        model.retain(|entry| entry.2 != id);
                    }
                    2 => {
                        timers.push((calendar.schedule_timer(when, Phase(phase), number), number));
                        model.push((when, phase, number));
                    }
                    _ => {
                        calendar.schedule(when, Phase(phase), number);
                        model.push((when, phase, number));
                    }
                }
            }
        }
    }
}
