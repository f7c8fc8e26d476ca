//! What toy stations are made of: the bare calendar, random times, averages over time.

use mailflow::engine::{Calendar, Phase, Stream, Timer};
use mailflow::units::{SimTime, Span};
use rayon::prelude::*;

/// A calendar with random times.
pub(crate) struct Bench<E> {
    pub(crate) calendar: Calendar<E>,
    stream: Stream,
    drawn: u64,
}

impl<E: Copy> Bench<E> {
    pub(crate) fn new(seed: u64) -> Self {
        let stream = Stream::new(seed, 0, "toy");
        Bench { calendar: Calendar::new(), stream, drawn: 0 }
    }

    /// A number in (0, 1).
    pub(crate) fn uniform(&mut self) -> f64 {
        self.drawn += 1;
        self.stream.uniform(self.drawn)
    }

    /// An exponential time with this rate.
    pub(crate) fn exponential(&mut self, rate: f64) -> Span {
        Span::from_seconds(-self.uniform().ln() / rate)
    }

    pub(crate) fn after(&mut self, delay: Span, event: E) {
        self.calendar.schedule(self.calendar.now() + delay, Phase(0), event);
    }

    /// After an exponential time with this rate.
    pub(crate) fn later(&mut self, rate: f64, event: E) {
        let delay = self.exponential(rate);
        self.after(delay, event);
    }

    /// The same, and it may be cancelled.
    pub(crate) fn timer(&mut self, rate: f64, event: E) -> Timer {
        let at = self.calendar.now() + self.exponential(rate);
        self.calendar.schedule_timer(at, Phase(0), event)
    }

    pub(crate) fn next(&mut self, end: SimTime) -> Option<(SimTime, E)> {
        self.calendar.advance(end)
    }
}

/// The time average of a number from an instant on.
pub(crate) struct Average {
    from: SimTime,
    since: SimTime,
    level: f64,
    area: f64,
}

impl Average {
    pub(crate) fn from(from: SimTime) -> Self {
        Average { from, since: SimTime::ZERO, level: 0.0, area: 0.0 }
    }

    pub(crate) fn set(&mut self, now: SimTime, level: usize) {
        self.area += self.level * now.since(self.since.max(self.from)).seconds();
        self.since = now;
        self.level = level as f64;
    }

    pub(crate) fn value(&self) -> f64 {
        self.area / self.since.since(self.from).seconds()
    }
}

/// A tenth of a span from the start is warm-up.
pub(crate) fn warm_up(end: SimTime) -> SimTime {
    SimTime::from_nanos(end.nanos() / 10)
}

pub(crate) fn at(seconds: u64) -> SimTime {
    SimTime::ZERO + Span::from_secs(seconds)
}

/// Replications of `one` by seed.
pub(crate) fn replications<T: Send>(count: u64, one: impl Fn(u64) -> T + Sync + Send) -> Vec<T> {
    (0..count).into_par_iter().map(one).collect()
}
