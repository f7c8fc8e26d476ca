//! Measuring: what a run reports, told by the model's observations alone.

mod catalogue;
mod record;

pub use catalogue::{CATALOGUE, Entry, Kind, Metric, Unit, UnknownMetric};
pub use record::{BlockedHost, Counts, Delays, RunRecord, Timeline};
