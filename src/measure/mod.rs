//! Measuring: what a run reports, told by the model's observations alone.

mod record;

pub use record::{BlockedHost, Counts, Delays, RunRecord, Timeline};
