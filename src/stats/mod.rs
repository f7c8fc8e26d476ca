//! Numbers only: nothing here knows mail, time or files.

mod histogram;
mod normal;

pub use histogram::Histogram;
pub use normal::normal_quantile;
