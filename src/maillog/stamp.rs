//! Instants of a log.

use crate::units::Span;
use std::fmt;

/// An instant in microseconds. Where the log has no year, years are counted from [`Stamp::NO_YEAR`] on; time zones
/// are applied where a stamp has one, else the time is the log's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(pub i64);

impl Stamp {
    /// The year that stamps without one begin with: a common year, as most are.
    pub const NO_YEAR: i64 = 2001;

    /// Whole seconds, as Sendmail's clock has them.
    pub(super) fn second(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Time since `earlier`; zero if it is not earlier.
    pub fn since(self, earlier: Stamp) -> Span {
        let micros = self.0.saturating_sub(earlier.0).max(0) as u64;
        Span::from_nanos(micros.saturating_mul(1000))
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.div_euclid(1_000_000);
        let (hours, minutes) = (seconds.rem_euclid(86_400) / 3600, seconds.rem_euclid(3600) / 60);
        write!(f, "{hours:02}:{minutes:02}:{:02}", seconds.rem_euclid(60))
    }
}
