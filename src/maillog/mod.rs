//! Sendmail's log lines: reading them, and what they tell; and a run as lines.
//!
//! A sibling of `measure` and `scenario`: it knows how Sendmail 8.12 to 8.18 writes `from=` and `to=` lines,
//! and what a delivery without a connection looks like. It knows no YAML and simulates nothing. The writer is an
//! observer; the model knows nothing of it.

mod attempt;
mod conclude;
mod conditions;
mod diagnosis;
mod entry;
mod epochs;
mod finding;
mod follow;
mod hops;
mod hoststat;
mod infer;
mod inferred;
mod line;
mod mail;
mod message;
mod process;
mod redact;
mod relays;
mod source;
mod stamp;
mod table;
mod work;
pub mod write;

pub use conditions::{Closed, Conditions, Door, MessageTime, Openings, Slow};
pub use diagnosis::{
    Answer, Arrival, Avoided, Block, Bucket, Cap, Counts, Coverage, CutKind, Delivery, Diagnosis,
    Fate, Finding, FindingKind, Mail, Phase, QueueRuns, Relay, Settings,
};
pub use follow::{Options, Reader};
pub use hoststat::{HostStatus, HostStatusRow};
pub use inferred::{Inferred, Sure};
pub use source::{ReadError, Source, in_order, looks_like_log};
pub use stamp::Stamp;
