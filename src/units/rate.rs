//! Rates: events per unit of time.

/// Events a second.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Rate(pub f64);

impl Rate {
    /// Events a second.
    pub fn per_second(self) -> f64 {
        self.0
    }
}
