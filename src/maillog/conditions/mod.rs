//! How a receiver behaved, as its deliveries show it: what a message takes, by its size and the time of day;
//! times in which nothing got through; how connections begin and how many it allowed.
//!
//! A message's time on a connection is the gap between two lines of one process, provided that the second
//! attempt began in the very second in which the first ended: a process that paused began later. Memory does
//! not grow with the log.

mod book;
mod times;

pub(super) use book::{Conduct, Kind, Seen};

use super::Stamp;
use crate::units::Span;

/// How one receiver behaved.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conditions {
    /// What a message takes on a busy connection, if that was seen often enough.
    pub message_time: Option<MessageTime>,
    /// Times in which no connection came about, in order.
    pub outages: Vec<Closed>,
    /// Bytes a second at most, if the volume was near that for long.
    pub plateau: Option<f64>,
    /// When connections were lost that had carried mail (the first 10,000).
    pub cuts: Vec<Stamp>,
    /// Connections whose first message was accepted, and first messages that met a failure of this kind.
    pub openings: Openings,
    /// Connections that others held when one was greeted with 421: the most frequent number.
    pub open_when_refused: Option<u32>,
    /// The shortest time, in seconds, after which a connection that did not come about was given up.
    pub connect_timeout: Option<u64>,
}

impl Conditions {
    /// Those of a receiver with several hosts, as one; of what a message takes, that of the busiest is kept.
    pub fn join(&mut self, other: &Conditions) {
        let busier = |time: &Option<MessageTime>| time.as_ref().map_or(0, |time| time.n);
        if busier(&other.message_time) > busier(&self.message_time) {
            self.message_time = other.message_time.clone();
        }
        self.outages.extend_from_slice(&other.outages);
        self.cuts.extend_from_slice(&other.cuts);
        let (mine, theirs) = (&mut self.openings, &other.openings);
        mine.good += theirs.good;
        mine.reset += theirs.reset;
        mine.greeted_421 += theirs.greeted_421;
        mine.refused += theirs.refused;
        mine.timed_out += theirs.timed_out;
        self.plateau = [self.plateau, other.plateau].into_iter().flatten().reduce(f64::max);
        self.open_when_refused = self.open_when_refused.max(other.open_when_refused);
        let shortest = [self.connect_timeout, other.connect_timeout].into_iter().flatten().min();
        self.connect_timeout = shortest;
    }
}

/// What a message takes on a busy connection: seconds = `base` + bytes * `per_byte`.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageTime {
    /// Messages behind it: those that followed another, else single ones.
    pub n: u64,
    /// For a message without a body, all round trips included, in seconds.
    pub base: f64,
    /// Standard deviation of that, if messages followed each other often enough to tell.
    pub deviation: Option<f64>,
    /// For each byte, in seconds; `None` where sizes hardly matter.
    pub per_byte: Option<f64>,
    /// The same while one connection was at work, and while many were.
    pub per_byte_alone: Option<f64>,
    /// See `per_byte_alone`.
    pub per_byte_among_many: Option<f64>,
    /// Times of day with another base.
    pub slow: Vec<Slow>,
}

/// Hours of the day in which a message took longer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slow {
    /// From this time of day.
    pub from: Span,
    /// Until this time of day.
    pub until: Span,
    /// The base then, in seconds.
    pub base: f64,
}

/// How connections began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Openings {
    /// A message was accepted.
    pub good: u64,
    /// Reset before any message was accepted.
    pub reset: u64,
    /// Greeted with 421.
    pub greeted_421: u64,
    /// connect() was refused.
    pub refused: u64,
    /// No answer.
    pub timed_out: u64,
}

/// What a closed door looked like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// connect() was refused.
    Refused,
    /// No answer.
    Silent,
    /// Reset at once.
    Reset,
    /// Greeted with 421.
    Greeting421,
}

/// A time in which no connection came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The last success before it, if there was one.
    pub after: Option<Stamp>,
    /// Its first failure.
    pub from: Stamp,
    /// Its last failure.
    pub last: Stamp,
    /// The first success after it.
    pub before: Option<Stamp>,
    /// What it looked like, mostly.
    pub door: Door,
}
