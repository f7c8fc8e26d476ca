//! Measuring: what a run reports, told by the model's observations alone.

mod blocked;
mod catalogue;
mod course;
mod grid;
mod level;
mod part;
mod qshape;
mod record;
mod recorder;
mod recovery;
mod story;
mod tally;
mod waits;

pub use blocked::HostNames;
pub use catalogue::{CATALOGUE, Entry, Kind, Metric, Unit, UnknownMetric};
pub use course::{Along, Course};
pub use grid::DelayGrid;
pub use part::{Filter, Part};
pub use qshape::{ByAge, CLASSES as QUEUE_CLASSES, Longest, MINUTES, Moment, Snapshot};
pub use record::{BlockedHost, Counts, Delays, PartRecord, RunRecord, Timeline};
pub use recorder::{Recorder, Window};
pub use story::{Step, Story, What};
pub use waits::Waits;
