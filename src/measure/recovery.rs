//! When the site was normal again after a disturbance.
//!
//! `recovery.time` runs from the end of the last burst, outage or change to the first minute
//! from which on the p95 delay of the last 15 minutes' deliveries is under 5 minutes, and stays so for 30.

use crate::units::{SimTime, Span};

const MINUTE: Span = Span::from_mins(1);
const BOUND: Span = Span::from_mins(5);
/// Deliveries of so many minutes are looked at together.
const WINDOW: usize = 15;
/// Mail that waits for so many minutes while nothing is delivered is late: the bound above, in minutes.
const PATIENCE: usize = 5;
/// It has to stay well for so many minutes.
const STAYS: usize = 30;
/// Nobody waits for more than this; it also bounds the memory.
const MOST_MINUTES: usize = 14 * 24 * 60;

/// Deliveries by minute since the disturbance.
#[derive(Debug)]
pub(super) struct Recovery {
    since: SimTime,
    /// Deliveries, and those later than the bound.
    minutes: Vec<(u32, u32)>,
    /// Messages queued now.
    queued: i64,
    /// Whether the queue was empty at some time in each minute, up to the minute of the last change.
    empty: Vec<bool>,
    /// When the minute of the last of these ends.
    minute_ends: SimTime,
}

impl Recovery {
    pub(super) fn new(since: SimTime) -> Self {
        let (minutes, empty, minute_ends) = (Vec::new(), Vec::new(), SimTime::ZERO);
        Recovery { since, minutes, queued: 0, empty, minute_ends }
    }

    pub(super) fn delivered(&mut self, at: SimTime, delay: Span) {
        if at < self.since {
            return;
        }
        let minute = at.since(self.since).nanos() / MINUTE.nanos();
        if minute >= MOST_MINUTES as u64 {
            return;
        }
        let minute = minute as usize;
        if minute >= self.minutes.len() {
            self.minutes.resize(minute + 1, (0, 0));
        }
        self.minutes[minute].0 += 1;
        self.minutes[minute].1 += u32::from(delay >= BOUND);
    }

    /// The queue grows or shrinks by `by`.
    #[inline]
    pub(super) fn queued(&mut self, now: SimTime, by: i64) {
        if now >= self.minute_ends && now >= self.since {
            self.begin_minute(now);
        }
        self.queued += by;
        if self.queued == 0
            && now < self.minute_ends
            && let Some(empty) = self.empty.last_mut()
        {
            *empty = true;
        }
    }

    /// A queue that was empty when a minute began was empty in it. After the last minute that is looked at
    /// none begins any more.
    #[cold]
    fn begin_minute(&mut self, now: SimTime) {
        let minute = now.since(self.since).nanos() / MINUTE.nanos();
        if minute < MOST_MINUTES as u64 {
            self.minute_ends = self.since + MINUTE * (minute + 1);
            self.empty.resize(minute as usize + 1, self.queued == 0);
        }
    }

    /// Whether nothing left the queue empty in the [`PATIENCE`] minutes up to `minute`.
    fn waited(&self, minute: usize) -> bool {
        let empty = |minute| self.empty.get(minute).copied().unwrap_or(self.queued == 0);
        let first = (minute + 1).checked_sub(PATIENCE);
        first.is_some_and(|first| !(first..=minute).any(empty))
    }

    /// The time to recovery, if the run up to `end` shows one.
    pub(super) fn time(&self, end: SimTime) -> Option<Span> {
        let minutes = (end.since(self.since).nanos() / MINUTE.nanos()).min(MOST_MINUTES as u64);
        // Without mail nothing changes; mail that waits without any delivery is late, though it is not
        // seen yet. Before the first delivery all is still bad.
        let mut well_since = None;
        for minute in 0..minutes as usize {
            let first = (minute + 1).saturating_sub(WINDOW);
            let seen = self.minutes.get(first..(minute + 1).min(self.minutes.len()));
            let (delivered, late) = seen
                .unwrap_or_default()
                .iter()
                .fold((0u64, 0u64), |sum, m| (sum.0 + u64::from(m.0), sum.1 + u64::from(m.1)));
            let stuck = delivered == 0 && self.waited(minute);
            if stuck || delivered > 0 && late * 20 >= delivered {
                well_since = None;
            } else if delivered > 0 && well_since.is_none() {
                well_since = Some(minute);
            }
            if let Some(since) = well_since.filter(|since| minute + 1 - since >= STAYS) {
                return Some(MINUTE * since as u64);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: u64) -> SimTime {
        SimTime::ZERO + Span::from_mins(minutes)
    }

    #[test]
    fn it_is_normal_again_once_the_late_mail_is_out_of_the_last_quarter_of_an_hour() {
        let mut recovery = Recovery::new(at(10));
        for minute in 10..200 {
            let delay = if minute < 40 { Span::from_mins(20) } else { Span::from_secs(5) };
            for _ in 0..100 {
                recovery.delivered(at(minute), delay);
            }
        }
        // The last late delivery falls into minute 29 after the disturbance; it leaves the window of 15
        // minutes in minute 44.
        assert_eq!(recovery.time(at(200)), Some(Span::from_mins(44)));
        assert_eq!(recovery.time(at(60)), None, "not seen to stay well");
    }

    #[test]
    fn a_site_that_never_was_ill_recovers_at_once() {
        let mut recovery = Recovery::new(at(0));
        for minute in 0..60 {
            recovery.delivered(at(minute), Span::from_secs(3));
        }
        assert_eq!(recovery.time(at(60)), Some(Span::ZERO));
        assert_eq!(Recovery::new(at(0)).time(at(600)), None, "nothing was delivered");
    }

    #[test]
    fn a_host_that_is_blocked_while_mail_waits_has_not_recovered() {
        let story = |waiting: i64| {
            let mut recovery = Recovery::new(at(0));
            recovery.delivered(at(0), Span::from_secs(3));
            recovery.queued(at(1), waiting);
            for minute in 120..200 {
                recovery.delivered(at(minute), Span::from_secs(3));
                recovery.queued(at(minute), if minute == 120 { -waiting } else { 0 });
            }
            recovery.time(at(200))
        };
        assert_eq!(story(10), Some(Span::from_mins(120)));
        assert_eq!(story(0), Some(Span::ZERO), "a quiet night keeps its state");
    }
}
