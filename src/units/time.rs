//! Simulated time: whole nanoseconds, saturating, never negative.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, AddAssign, Div, Mul, Sub};

/// An instant, counted in nanoseconds from the start of the simulation.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct SimTime(u64);

/// A length of time in nanoseconds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Span(u64);

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// The same as `nanos as f64`. What lies below 2^63, which is all but "unlimited", is one instruction as a
/// signed number and a dozen as an unsigned one.
#[inline(always)]
fn to_float(nanos: u64) -> f64 {
    match i64::try_from(nanos) {
        Ok(nanos) => nanos as f64,
        Err(_) => nanos as f64,
    }
}

/// The same as `nanos as u64`, which saturates and maps NaN and negatives to zero.
#[inline(always)]
fn to_nanos(nanos: f64) -> u64 {
    const SIGNED: f64 = (1u64 << 63) as f64;
    if nanos < SIGNED { (nanos as i64).max(0) as u64 } else { nanos as u64 }
}

impl SimTime {
    /// The start of the simulation.
    pub const ZERO: SimTime = SimTime(0);
    /// Later than every event: "never".
    pub const MAX: SimTime = SimTime(u64::MAX);

    /// The instant `nanos` nanoseconds after the start.
    pub const fn from_nanos(nanos: u64) -> Self {
        SimTime(nanos)
    }

    /// Nanoseconds since the start.
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// Seconds since the start, for reports only.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / NANOS_PER_SECOND as f64
    }

    /// Time passed since `earlier`; zero when `earlier` is not earlier.
    pub const fn since(self, earlier: SimTime) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// How many whole `step`s lie before this instant: Sendmail reads a clock of whole seconds.
    pub const fn ticks(self, step: Span) -> u64 {
        match self.0.checked_div(step.0) {
            Some(ticks) => ticks,
            None => self.0,
        }
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);
    /// Longer than every simulation: "unlimited".
    pub const MAX: Span = Span(u64::MAX);

    /// A span of `nanos` nanoseconds.
    pub const fn from_nanos(nanos: u64) -> Self {
        Span(nanos)
    }

    /// A span of `millis` milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Span(millis.saturating_mul(1_000_000))
    }

    /// A span of `seconds` seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Span(seconds.saturating_mul(NANOS_PER_SECOND))
    }

    /// A span of `minutes` minutes.
    pub const fn from_mins(minutes: u64) -> Self {
        Span::from_secs(minutes.saturating_mul(60))
    }

    /// A span of `hours` hours.
    pub const fn from_hours(hours: u64) -> Self {
        Span::from_secs(hours.saturating_mul(3600))
    }

    /// The span nearest to `seconds`; negative and NaN become zero, too large becomes [`Span::MAX`].
    #[inline]
    pub fn from_seconds(seconds: f64) -> Self {
        // Adding a half and truncating rounds without a call into the mathematics library.
        Span(to_nanos(seconds * NANOS_PER_SECOND as f64 + 0.5))
    }

    /// Whole nanoseconds.
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// Seconds, for reports and random draws.
    #[inline]
    pub fn seconds(self) -> f64 {
        to_float(self.0) / NANOS_PER_SECOND as f64
    }

    /// Whether the span is zero.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The span scaled by `factor`, to the nearest nanosecond.
    #[inline]
    pub fn scale(self, factor: f64) -> Self {
        Span(to_nanos(to_float(self.0) * factor + 0.5))
    }
}

impl Add<Span> for SimTime {
    type Output = SimTime;
    fn add(self, span: Span) -> SimTime {
        SimTime(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Span> for SimTime {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Add for Span {
    type Output = Span;
    fn add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Span {
    fn add_assign(&mut self, other: Span) {
        *self = *self + other;
    }
}

impl Sub for Span {
    type Output = Span;
    fn sub(self, other: Span) -> Span {
        Span(self.0.saturating_sub(other.0))
    }
}

impl Mul<u64> for Span {
    type Output = Span;
    fn mul(self, times: u64) -> Span {
        Span(self.0.saturating_mul(times))
    }
}

impl Div<u64> for Span {
    type Output = Span;
    fn div(self, parts: u64) -> Span {
        Span(self.0 / parts.max(1))
    }
}

/// Written as people write it and as scenarios are read: `1h 30m`, `250ms`, `0s`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", humantime::format_duration(std::time::Duration::from_nanos(self.0)))
    }
}

impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / NANOS_PER_SECOND;
        let millis = self.0 / 1_000_000 % 1000;
        let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
        if days > 0 {
            write!(f, "{days}d ")?;
        }
        write!(f, "{hours:02}:{:02}:{:02}.{millis:03}", seconds / 60 % 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_never_wraps_and_never_goes_negative() {
        assert_eq!(SimTime::MAX + Span::from_secs(1), SimTime::MAX);
        assert_eq!(SimTime::ZERO.since(SimTime::from_nanos(5)), Span::ZERO);
        assert_eq!(Span::from_secs(1) - Span::from_secs(2), Span::ZERO);
        assert_eq!(Span::from_seconds(-1.0), Span::ZERO);
        assert_eq!(Span::from_seconds(f64::NAN), Span::ZERO);
        assert_eq!(Span::from_seconds(f64::INFINITY), Span::MAX);
    }

    #[test]
    fn quick_conversions_are_the_plain_ones_also_where_they_saturate() {
        for exponent in 0..64 {
            for nanos in [1u64 << exponent, (1 << exponent) - 1, u64::MAX - (1 << exponent)] {
                assert_eq!(to_float(nanos).to_bits(), (nanos as f64).to_bits());
                for float in [nanos as f64, -(nanos as f64), nanos as f64 * 3.7, 1.0 / nanos as f64]
                {
                    assert_eq!(to_nanos(float), float as u64, "{float}");
                }
            }
        }
        assert_eq!([f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(to_nanos), [0, u64::MAX, 0]);
    }

    #[test]
    fn a_clock_of_whole_seconds_sees_only_whole_seconds() {
        let step = Span::from_secs(1);
        assert_eq!((SimTime::ZERO + Span::from_millis(1999)).ticks(step), 1);
        assert_eq!((SimTime::ZERO + Span::from_millis(2000)).ticks(step), 2);
    }

    #[test]
    fn instants_and_spans_are_written_as_people_write_them() {
        assert_eq!(Span::from_mins(90).to_string(), "1h 30m");
        assert_eq!((SimTime::ZERO + Span::from_hours(33)).to_string(), "1d 09:00:00.000");
    }
}
