//! Sendmail's log lines: reading them, and what they tell; and a run as lines.
//!
//! A sibling of `measure` and `scenario`: it knows how Sendmail 8.12 to 8.18 writes `from=` and `to=` lines,
//! and what a delivery without a connection looks like. It knows no YAML and simulates nothing. The writer is an
//! observer; the model knows nothing of it.

#[allow(dead_code)]
mod conditions;
mod diagnosis;
mod inferred;
mod stamp;
pub mod write;

pub use conditions::{Closed, Conditions, Door, MessageTime, Openings, Slow};
pub use diagnosis::{
    Answer, Arrival, Avoided, Bucket, Cap, Counts, Coverage, CutKind, Delays, Delivery, Diagnosis,
    Fate, Finding, FindingKind, Mail, Phase, QueueRuns, Relay, Settings,
};
pub use inferred::{Inferred, Sure};
pub use stamp::Stamp;
