//! Shares of a whole and probabilities, 0 to 1.

use std::fmt;

/// A share between 0 and 1, written as a percentage.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Share(f64);

impl Share {
    /// None of it.
    pub const ZERO: Share = Share(0.0);

    /// `value` clamped to 0..=1; NaN counts as 0.
    pub fn new(value: f64) -> Self {
        Share(if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) })
    }

    /// The share as a number in 0..=1.
    pub const fn value(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0 * 100.0)
    }
}
