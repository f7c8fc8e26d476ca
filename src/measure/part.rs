//! Parts of a run, measured beside the whole: the mail of one destination, or a span of time.

use crate::units::SimTime;
use std::sync::Arc;

/// A part of a run with a name: its metrics are called `METRIC@NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it is called.
    pub name: Arc<str>,
    /// What belongs to it.
    pub filter: Filter,
}

/// What belongs to a part. A part never holds what the whole does not: a window reaches no further than the
/// measured time of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// The mail, connections and hosts of one destination, by number: 0 is Exchange Online.
    Destination(usize),
    /// A span of time: the mail that arrives in it, followed to its end, and whatever else happens in it.
    Window {
        /// Its start.
        from: SimTime,
        /// Its end; what happens then belongs to what follows.
        until: SimTime,
    },
}

impl Filter {
    /// What such a part is called in a sentence.
    pub fn kind(&self) -> &'static str {
        match self {
            Filter::Destination(_) => "destination",
            Filter::Window { .. } => "window",
        }
    }
}
