//! Sendmail's clock: whole seconds.
//!
//! Sendmail compares times with `time()`, which has no fractions. Host status and `MinQueueAge` are
//! therefore tested as floor(now) - floor(then) < age, in steps of `clock_step` (1 s; the laboratory's
//! clock is scaled). Source: sendmail 8.17 source, MODEL.md 5.4.
//!
//! | parameter | default | source |
//! |---|---|---|
//! | `clock_step` | 1 s | `time()`; no scenario key, recorded cases are scaled |
//!
//! Left out: a clock that is set or drifts.

use crate::units::{SimTime, Span};

/// A clock that only moves in whole steps.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    step: Span,
    /// How long before the start of the run it last ticked.
    phase: Span,
}

impl Clock {
    /// A clock with this step; zero means exact. It ticks at the start of the run.
    pub fn new(step: Span) -> Self {
        Clock { step, phase: Span::ZERO }
    }

    /// The same, which last ticked so long before the start of the run.
    pub fn at_phase(self, phase: Span) -> Self {
        Clock { phase, ..self }
    }

    /// The first instant at which the clock shows that `age` has passed since `then`.
    pub fn due(self, then: SimTime, age: Span) -> SimTime {
        if age == Span::MAX {
            return SimTime::MAX;
        }
        let step = self.step.nanos().max(1);
        let ticks = (then + self.phase).ticks(self.step).saturating_add(age.nanos().div_ceil(step));
        let due = SimTime::from_nanos(ticks.saturating_mul(step));
        SimTime::ZERO + due.since(SimTime::ZERO + self.phase)
    }

    /// Whether the clock shows at `now` that `age` has passed since `then`.
    pub fn passed(self, now: SimTime, then: SimTime, age: Span) -> bool {
        now >= self.due(then, age)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> SimTime {
        SimTime::ZERO + Span::from_millis(millis)
    }

    #[test]
    fn fractions_of_a_second_do_not_count() {
        let clock = Clock::new(Span::from_secs(1));
        assert_eq!(clock.due(at(1_900), Span::from_secs(2)), at(3_000));
        assert!(!clock.passed(at(2_999), at(1_900), Span::from_secs(2)));
        assert!(clock.passed(at(3_000), at(1_900), Span::from_secs(2)));
    }

    #[test]
    fn an_age_of_zero_has_always_passed() {
        let clock = Clock::new(Span::from_secs(60));
        assert!(clock.passed(at(5), at(5), Span::ZERO));
    }

    #[test]
    fn a_step_of_zero_is_an_exact_clock() {
        let clock = Clock::new(Span::ZERO);
        assert_eq!(clock.due(at(7), Span::from_millis(5)), at(12));
    }
}
