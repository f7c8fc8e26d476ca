//! Parts of a run, measured beside the whole: the mail of one destination, or a span of time.

use crate::units::SimTime;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::sync::Arc;

/// A part of a run with a name: its metrics are called `METRIC@NAME`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// What it is called.
    #[serde(serialize_with = "text", deserialize_with = "name")]
    pub name: Arc<str>,
    /// What belongs to it.
    pub filter: Filter,
}

fn text<S: Serializer>(name: &Arc<str>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(name)
}

fn name<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<str>, D::Error> {
    Ok(Arc::from(String::deserialize(from)?))
}

/// What belongs to a part. A part never holds what the whole does not: a window reaches no further than the
/// measured time of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
