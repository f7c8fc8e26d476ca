//! Numbers only: nothing here knows mail, time or files.
//!
//! Whatever ends in a result uses operations that every machine computes alike: IEEE arithmetic, square
//! roots and `libm`. The one exception, Student's t by `statrs`, is rounded at its source to ten
//! significant digits ([`round_significant`]), far above the last bits in which machines differ.

mod association;
mod bootstrap;
mod histogram;
mod interval;
mod normal;
mod pool;
mod simultaneous;

pub use association::{concentration, explained, ranks};
pub use bootstrap::{Resamples, Sampled};
pub use histogram::Histogram;
pub use interval::{
    Interval, mean_interval, normal_cdf, paired_shares, round_significant, sorted_quantile,
    t_quantile, wilson,
};
pub use normal::normal_quantile;
pub use pool::{Pool, Quantile, Sample};
pub use simultaneous::{Joint, Sides, joint_reach};
