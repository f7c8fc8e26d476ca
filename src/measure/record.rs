//! What one replication leaves behind: everything a report may ask for, and nothing per message.

use super::course::Course;
use super::grid::DelayGrid;
use super::part::Part;
use super::waits::Waits;
use crate::stats::Histogram;
use crate::units::{SimTime, Span};
use serde::{Deserialize, Serialize};

/// The result of one replication.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Its number, from 0.
    pub replication: u64,
    /// Delays of the measured mail.
    pub delays: Delays,
    /// What happened, counted.
    pub counts: Counts,
    /// The same for each part of the run that is measured on its own.
    pub parts: Vec<PartRecord>,
    /// What happened when, coarsely.
    pub course: Course,
    /// The same in every detail; empty where nobody will draw it.
    pub timeline: Timeline,
    /// Hash over every event of the run, in order.
    pub trace: u64,
}

/// What one replication leaves behind of one part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartRecord {
    /// Which part.
    pub part: Part,
    /// Delays of its measured mail.
    pub delays: Delays,
    /// What happened in it, counted. `runners_busy` of a destination and `recovery_seconds` of any part mean
    /// nothing.
    pub counts: Counts,
}

/// Delays of the measured mail, in nanoseconds.
///
/// Every measured message is in exactly one of the three histograms, so that
/// `arrived = delivered + queued + bounced`.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Delays {
    /// From acceptance by the sender to the first acceptance by the receiver.
    pub delivered: Histogram,
    /// Age of the messages still queued at the end (right-censored: their delay is longer).
    pub queued: Histogram,
    /// Age at which messages were given up; they count as later than every bound.
    pub bounced: Histogram,
}

/// What happened in one replication.
///
/// `messages.*` and `tries.*` of measured mail follow that mail to its end, drain included; all others
/// cover the time from the end of the warm-up to the end of `simulate`. In a window the measured mail is what
/// arrives in it, and the time is the window's.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Measured messages that arrived.
    pub arrived: u64,
    /// Of these, accepted by the receiver at least once.
    pub delivered: u64,
    /// Still queued at the end.
    pub queued: u64,
    /// Given up and returned to the sender.
    pub bounced: u64,
    /// Delay notices sent.
    pub warned: u64,
    /// Extra copies that the receiver accepted.
    pub duplicated: u64,
    /// Attempts, skipped ones included.
    pub tries_made: u64,
    /// Attempts without a connection, because the host counted as bad.
    pub tries_skipped: u64,
    /// Attempts that reached the receiver (or tried to) and left the message deferred.
    pub tries_failed: u64,
    /// Connections opened (accepted by connect()).
    pub connections_opened: u64,
    /// Connections opened and closed again within the measured time.
    pub connections_closed: u64,
    /// Connections ended by the receiver's lifetime.
    pub connections_cut: u64,
    /// Connections ended by a reset, whatever its cause.
    pub connections_reset: u64,
    /// Connections refused: by connect() or by a 421 greeting.
    pub connections_refused: u64,
    /// Most connections open at once.
    pub connections_open_max: u64,
    /// Times a host was marked bad on disk or in a process's memory by an event (not by loading a mark).
    pub host_marks: u64,
    /// Seconds in which a host's shared record counted as bad, summed over hosts.
    pub host_blocked_seconds: f64,
    /// Seconds from the end of the last disturbance until the site was normal again; `None` when there was
    /// no disturbance or it never recovered.
    pub recovery_seconds: Option<f64>,
    /// Most deliveries in one minute, per second.
    pub throughput_peak: f64,
    /// Longest queue.
    pub queue_max: u64,
    /// Time average of the queue length.
    pub queue_mean: f64,
    /// Time average of busy runner processes, as a share of the configured runners (periodic runs that
    /// overlap may exceed 1).
    pub runners_busy: f64,
    /// Body bytes sent in attempts that did not end in acceptance.
    pub bytes_wasted: f64,
    /// What the delays of measured mail are made of.
    pub waits: Waits,
    /// Deliveries of the whole run, measured or not: what the speed display counts.
    pub deliveries_simulated: u64,
}

/// What happened when: one entry per bin of time, from the start of the run.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Timeline {
    /// Length of a bin.
    pub bin: Span,
    /// Mean queue length within each bin.
    pub queue: Vec<f64>,
    /// Mean number of busy runner processes.
    pub busy: Vec<f64>,
    /// Messages that arrived.
    pub arrived: Vec<u32>,
    /// Messages delivered.
    pub delivered: Vec<u32>,
    /// Attempts that failed.
    pub failed: Vec<u32>,
    /// Attempts skipped.
    pub skipped: Vec<u32>,
    /// Spans in which each host counted as bad.
    pub blocked: Vec<BlockedHost>,
    /// Instants at which the receiver cut a connection by its lifetime (the first 10,000).
    pub cuts: Vec<SimTime>,
    /// Instants at which an administrator's change took effect.
    pub changes: Vec<SimTime>,
    /// Delays of the delivered mail by when it arrived.
    pub delays: DelayGrid,
}

/// When one host's shared record counted as bad.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct BlockedHost {
    /// Name of the host as dialled, with its agent when there are several.
    pub host: String,
    /// Disjoint spans in order of time (the first 10,000).
    pub spans: Vec<(SimTime, SimTime)>,
}
