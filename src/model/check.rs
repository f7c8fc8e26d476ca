//! Invariants, checked in release builds too. A violation is a bug of ours, never the user's mistake, and
//! stops the run.

/// Counts kept apart from the model's own, to be held against them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ledger {
    arrived: u64,
    delivered: u64,
    bounced: u64,
}

impl Ledger {
    /// A message joined a queue.
    pub fn arrived(&mut self) {
        self.arrived += 1;
    }

    /// A message left by delivery.
    pub fn delivered(&mut self) {
        self.delivered += 1;
    }

    /// A message left by a bounce.
    pub fn bounced(&mut self) {
        self.bounced += 1;
    }

    /// arrived = delivered + bounced + present, at every instant.
    ///
    /// # Panics
    /// When a message was lost or made up.
    pub fn check(&self, present: u64) {
        assert!(
            self.arrived == self.delivered + self.bounced + present,
            "messages are not conserved: {self:?}, {present} present"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "not conserved")]
    fn a_lost_message_is_noticed() {
        let mut ledger = Ledger::default();
        ledger.arrived();
        ledger.arrived();
        ledger.delivered();
        ledger.check(0);
    }
}
