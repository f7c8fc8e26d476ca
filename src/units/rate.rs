//! Rates: events per unit of time.

use super::Span;

/// Events a second.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Rate(pub f64);

impl Rate {
    /// `count` events in every `per`.
    pub fn per(count: f64, per: Span) -> Self {
        Rate(count / per.seconds())
    }

    /// Events a second.
    pub fn per_second(self) -> f64 {
        self.0
    }
}
