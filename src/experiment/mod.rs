//! Experiments.

mod replicate;
pub mod validation;

pub use replicate::{ReplicationSettings, replicate, replicate_observed};
