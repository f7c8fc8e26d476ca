//! The second yardstick: the random numbers that one message cannot do without - its gap to the one before and its
//! time in service, each exponential, by the ziggurat method from Xoshiro256++. Nothing that draws them for each
//! message is faster than this.

use rand::SeedableRng as _;
use rand::rngs::Xoshiro256PlusPlus;
use rand_distr::{Distribution as _, Exp1};

/// The same numbers in each run.
pub(crate) fn generator() -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(42)
}

/// One exponential number of mean 1.
#[inline(always)]
pub(crate) fn exponential(draws: &mut Xoshiro256PlusPlus) -> f64 {
    Exp1.sample(draws)
}

/// Draws the two numbers of so many messages; their sum keeps the compiler from leaving them out.
pub(crate) fn two_each(messages: u64) -> f64 {
    let mut draws = generator();
    (0..messages).map(|_| exponential(&mut draws) + exponential(&mut draws)).sum()
}
