//! Named, indexed random streams.
//!
//! `Stream::new(seed, replication, "service")` names a cause of randomness; `stream.at(i)` opens its
//! draw number `i` as a small generator of its own. Because a draw is a pure function of (seed,
//! replication, name, index), a message's size or service time is the same whatever the settings under
//! study made of the messages before it: common random numbers come for free.
//!
//! The derivation is ours and frozen here (a change alters every result and is named in CHANGELOG.md):
//! the name is folded by FNV-1a, the parts are joined by the SplitMix64 finaliser (Steele, Lea & Flood
//! 2014), and a draw is a SplitMix64 sequence from there. Uniform numbers, ranges and shuffles come from
//! `rand` and `rand_distr`, whose arithmetic for them is exact. Their other distributions go through the
//! platform's mathematics library, whose last bits differ between machines: those are drawn by inversion
//! in `model::distribution`, through `libm`.

use rand::RngExt as _;
use rand_distr::{Distribution as _, Open01};
use std::convert::Infallible;

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The SplitMix64 finaliser: a bijection that scatters neighbouring inputs.
const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// One cause of randomness in one replication.
#[derive(Clone, Copy, Debug)]
pub struct Stream {
    key: u64,
}

impl Stream {
    /// The stream called `name` of replication `replication` under `seed`.
    pub fn new(seed: u64, replication: u64, name: &str) -> Self {
        let mut folded: u64 = 0xcbf2_9ce4_8422_2325;
        for byte in name.bytes() {
            folded = (folded ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        let key = mix(mix(seed.wrapping_add(GOLDEN)) ^ replication.wrapping_mul(GOLDEN));
        Stream { key: mix(key ^ mix(folded)) }
    }

    /// Draw number `index`, as a generator.
    pub fn at(&self, index: u64) -> Draws {
        Draws { state: mix(self.key ^ mix(index.wrapping_mul(GOLDEN).wrapping_add(1))) }
    }

    /// Draw number `index`, part `part` (for example: the third try of a message).
    pub fn at_part(&self, index: u64, part: u64) -> Draws {
        Draws { state: mix(self.at(index).state ^ mix(part.wrapping_add(GOLDEN))) }
    }

    /// Draw number `index` as one number in the open interval (0, 1).
    pub fn uniform(&self, index: u64) -> f64 {
        self.at(index).uniform()
    }
}

/// The numbers of one draw. Also a [`rand::Rng`], for the distributions of `rand_distr`.
#[derive(Clone, Debug)]
pub struct Draws {
    state: u64,
}

impl Draws {
    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        mix(self.state)
    }

    /// A number in the open interval (0, 1): safe for logarithms at both ends.
    pub fn uniform(&mut self) -> f64 {
        Open01.sample(self)
    }

    /// A whole number below `bound` (zero for a bound of zero).
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.random_range(0..bound) }
    }

    /// Puts `items` into a random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        // For the few items of an address list the plain loop beats the library's batched draws.
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

impl rand::TryRng for Draws {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.bits() >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.bits())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.bits().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_derivation_is_frozen() {
        // A change here changes every result of every user: CHANGELOG.md, "changes that alter results".
        assert_eq!(Stream::new(42, 0, "arrivals").at(0).bits(), FROZEN);
    }
    const FROZEN: u64 = 7_084_341_327_312_065_291;

    #[test]
    fn seed_replication_name_index_and_part_each_change_the_draw() {
        let reference = Stream::new(1, 2, "a").at_part(3, 4).bits();
        for other in [
            Stream::new(0, 2, "a").at_part(3, 4),
            Stream::new(1, 0, "a").at_part(3, 4),
            Stream::new(1, 2, "b").at_part(3, 4),
            Stream::new(1, 2, "a").at_part(0, 4),
            Stream::new(1, 2, "a").at_part(3, 0),
        ] {
            assert_ne!(other.clone().bits(), reference);
        }
    }

    #[test]
    fn neighbouring_indices_look_independent_and_uniform() {
        let stream = Stream::new(7, 0, "test");
        let n = 100_000u64;
        let draws: Vec<f64> = (0..n).map(|index| stream.uniform(index)).collect();
        let mean = draws.iter().sum::<f64>() / n as f64;
        let lagged = draws.windows(2).map(|w| (w[0] - 0.5) * (w[1] - 0.5)).sum::<f64>() / n as f64;
        // Five standard errors: sd of U is 0.2887, of the lagged product 1/12.
        assert!((mean - 0.5).abs() < 5.0 * 0.2887 / (n as f64).sqrt(), "mean {mean}");
        assert!(lagged.abs() < 5.0 / 12.0 / (n as f64).sqrt(), "lag-1 covariance {lagged}");
    }

    #[test]
    fn below_covers_its_range_evenly() {
        let mut draws = Stream::new(3, 0, "below").at(0);
        let mut counts = [0u32; 7];
        for _ in 0..70_000 {
            counts[draws.below(7) as usize] += 1;
        }
        for count in counts {
            assert!((f64::from(count) - 10_000.0).abs() < 5.0 * 93.0, "{counts:?}");
        }
        assert_eq!(draws.below(0), 0);
    }
}
