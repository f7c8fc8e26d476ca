//! Which mail arrives when, as plain numbers.

use crate::model::distribution::Shape;
use crate::units::{Rate, SimTime, Span};
use std::sync::Arc;

/// The mail that arrives.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    /// The steady stream.
    pub arrivals: Arrivals,
    /// How unevenly it arrives.
    pub burstiness: Burstiness,
    /// Time of day at which the simulation starts, for a daily profile.
    pub clock_at_start: Span,
    /// Bursts on top of it.
    pub bursts: Vec<Burst>,
    /// Messages already queued at the start.
    pub backlog: u64,
    /// Message sizes in bytes.
    pub size: Shape,
    /// Recipients per message.
    pub recipients: Recipients,
}

/// The steady stream of arrivals.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrivals {
    /// No steady stream (bursts and backlog only).
    None,
    /// Independent arrivals at a constant mean rate.
    Poisson(Rate),
    /// Evenly spaced arrivals, the first one interval after the start.
    Constant(Rate),
    /// A Poisson stream whose rate follows the hours of the day: messages per hour, hour 0 to 23.
    DailyProfile(Box<[f64; 24]>),
    /// Recorded arrivals in order of time.
    Replay(Arc<[Recorded]>),
    /// Recorded arrivals, redrawn in blocks for each replication.
    Resampled {
        /// In order of time; not empty.
        recorded: Arc<[Recorded]>,
        /// Length of a block.
        block: Span,
    },
}

/// How unevenly the random streams arrive, beyond Poisson's own chance. The mean rate stays.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Burstiness {
    /// Poisson.
    #[default]
    None,
    /// The gaps between messages are Weibull: below shape 1 they come in clusters.
    Weibull {
        /// 1 is Poisson.
        shape: f64,
    },
    /// The rate of each slot of time is multiplied by an independent gamma variable of mean 1.
    Gamma {
        /// One over the factor's variance.
        shape: f64,
        /// Length of a slot.
        every: Span,
    },
}

/// One recorded arrival.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recorded {
    /// When it arrived.
    pub at: SimTime,
    /// Its size in bytes; `None` draws one.
    pub bytes: Option<u64>,
    /// Its recipients; `None` draws them.
    pub recipients: Option<u32>,
    /// Its destination; `None` draws one.
    pub destination: Option<u16>,
}

/// A burst of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Burst {
    /// When it starts.
    pub at: SimTime,
    /// How many messages.
    pub messages: u64,
    /// Over what time they arrive, at uniformly random instants.
    pub over: Span,
}

/// Recipients per message: 1 with probability 0.85, else 2 + geometric so that the mean holds, cut at
/// `max`. \[ASM\]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recipients {
    /// Mean number of recipients: from 1 to 0.85 + 0.15 times `max`, beyond which no cut mean is.
    pub mean: f64,
    /// Most recipients one message may have.
    pub max: u32,
}
