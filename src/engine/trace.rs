//! A hash over everything that happened, in order: two runs with equal hashes took the same path.

/// An order-sensitive 64-bit hash. Not cryptographic: it tells accidents apart, not attackers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceHash(u64);

impl Default for TraceHash {
    fn default() -> Self {
        TraceHash(0xcbf2_9ce4_8422_2325)
    }
}

impl TraceHash {
    /// Adds one word.
    pub fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    /// The hash so far.
    pub fn value(self) -> u64 {
        self.0
    }
}
