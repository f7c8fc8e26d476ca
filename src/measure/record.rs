//! What one replication leaves behind: everything a report may ask for, and nothing per message.

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
    /// What happened when.
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

/// Bins that are left of a timeline which nobody will draw on its own.
const SHORT: usize = 100;

impl Timeline {
    /// What all runs keep: the course of `simulate` in at most a hundred bins, without single instants. The same
    /// of that is itself. Bins of a longer timeline are joined as evenly as whole bins can be.
    pub fn short(&self, simulate: Span) -> Timeline {
        let bins = simulate.nanos().div_ceil(self.bin.nanos().max(1));
        let bins = usize::try_from(bins).unwrap_or(usize::MAX).min(self.queue.len());
        let few = bins.min(SHORT);
        let ranges = || (0..few).map(|bin| bin * bins / few..(bin + 1) * bins / few);
        let means = |of: &[f64]| -> Vec<f64> {
            let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len().max(1) as f64;
            ranges().map(|range| of.get(range).map_or(0.0, mean)).collect()
        };
        let sums = |of: &[u32]| -> Vec<u32> {
            let sum = |of: &[u32]| of.iter().fold(0, |sum: u32, one| sum.saturating_add(*one));
            ranges().map(|range| of.get(range).map_or(0, sum)).collect()
        };
        Timeline {
            bin: Span::from_nanos(simulate.nanos() / few.max(1) as u64),
            queue: means(&self.queue),
            busy: means(&self.busy),
            arrived: sums(&self.arrived),
            delivered: sums(&self.delivered),
            failed: sums(&self.failed),
            skipped: sums(&self.skipped),
            ..Timeline::default()
        }
    }

    /// The mean queue in each tenth of the run; none where it is too short to tell.
    pub fn tenths(&self, simulate: Span) -> Vec<f64> {
        let short = self.short(simulate).queue;
        let tenth = short.len() / 10;
        let parts = short.rchunks(tenth.max(1)).take(if tenth == 0 { 0 } else { 10 });
        let mut means: Vec<f64> =
            parts.map(|part| part.iter().sum::<f64>() / part.len() as f64).collect();
        means.reverse();
        means
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_timeline_is_its_own_short_one_and_keeps_every_message() {
        for bins in [0usize, 1, 9, 10, 97, 100, 101, 1440] {
            let whole = Timeline {
                bin: Span::from_mins(1),
                queue: (0..bins).map(|bin| bin as f64 / 3.0).collect(),
                busy: vec![1.5; bins],
                arrived: vec![3; bins],
                delivered: (0..bins as u32).collect(),
                failed: vec![1; bins],
                skipped: vec![0; bins],
                ..Timeline::default()
            };
            let short = whole.short(Span::from_mins(bins as u64));
            assert_eq!(short.queue.len(), bins.min(SHORT));
            assert_eq!(short.delivered.iter().sum::<u32>(), whole.delivered.iter().sum::<u32>());
            assert!(short.busy.iter().all(|busy| *busy == 1.5));
            for minutes in [5, 10, 77, 1440] {
                let simulate = Span::from_mins(minutes);
                let short = whole.short(simulate);
                assert_eq!(short.short(simulate), short, "{bins} bins, {minutes} minutes");
                assert!([0, 10].contains(&whole.tenths(simulate).len()), "{bins} bins");
            }
        }
    }
}
