//! The recorder: turns observations into a [`RunRecord`], in memory that does not grow with the mail. It
//! keeps the books of the whole run and of each part (`tally`), the timeline, and the way to recovery.

use super::blocked::HostNames;
use super::course::Course;
use super::grid::DelayGrid;
use super::part::Part;
use super::record::{PartRecord, RunRecord, Timeline};
use super::recovery::Recovery;
use super::tally::{Tally, concerns};
use crate::model::connection::Closed;
use crate::model::message::Message;
use crate::model::{Observation, Observer};
use crate::units::{SimTime, Span};

/// Cuts drawn on a timeline; more would be a solid line.
const MOST_CUTS: usize = 10_000;
/// Entries of a timeline: a day in minutes.
const MOST_BINS: u64 = 1440;
const MINUTE: Span = Span::from_mins(1);

/// What the recorder has to know beforehand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Message metrics cover arrivals from here on, all others this instant to `until`.
    pub from: SimTime,
    /// End of the measured time.
    pub until: SimTime,
    /// End of the last burst, outage or change, if there is one: what `recovery.time` counts from.
    pub disturbed_until: Option<SimTime>,
    /// Configured queue runners, over all agents, and from when on.
    pub runners: Vec<(SimTime, u64)>,
    /// What the hosts are called.
    pub hosts: HostNames,
    /// What is measured on its own, beside the whole.
    pub parts: Vec<Part>,
}

/// Watches one replication.
#[derive(Debug)]
pub struct Recorder {
    window: Window,
    whole: Tally,
    /// One for each part of the window, in its order.
    parts: Vec<Tally>,
    timeline: Timeline,
    bin: usize,
    bin_end: SimTime,
    recovery: Option<Recovery>,
}

impl Recorder {
    /// A recorder for one replication.
    pub fn new(window: Window) -> Self {
        let minutes = window.until.nanos().div_ceil(MINUTE.nanos()).max(1);
        let bin = MINUTE * minutes.div_ceil(MOST_BINS);
        let bins = window.until.nanos().div_ceil(bin.nanos()).max(1) as usize;
        let zeros = || vec![0u32; bins];
        let part = |part: &Part| Tally::part(part.filter, window.from, window.until);
        Recorder {
            timeline: Timeline {
                bin,
                arrived: zeros(),
                delivered: zeros(),
                failed: zeros(),
                skipped: zeros(),
                delays: DelayGrid::new(window.until),
                ..Timeline::default()
            },
            bin: 0,
            bin_end: SimTime::ZERO + bin,
            whole: Tally::whole(window.from, window.until, bin, bins),
            parts: window.parts.iter().map(part).collect(),
            recovery: window.disturbed_until.map(Recovery::new),
            window,
        }
    }

    /// Measured messages whose fate is still open: a drain goes on until there are none.
    pub fn outstanding(&self) -> u64 {
        self.whole.outstanding()
    }

    /// The timeline's bin at `now`; `None` outside of it.
    #[inline]
    fn bin_at(&mut self, now: SimTime) -> Option<usize> {
        while now >= self.bin_end && self.bin < self.timeline.arrived.len() {
            self.bin += 1;
            self.bin_end += self.timeline.bin;
        }
        (self.bin < self.timeline.arrived.len()).then_some(self.bin)
    }

    fn queue_changes(&mut self, now: SimTime, by: i64) {
        if let Some(recovery) = &mut self.recovery {
            recovery.queued(now, by);
        }
    }

    fn accepted(&mut self, at: SimTime, message: &Message) {
        if message.accepted {
            return;
        }
        let delay = at.since(message.created);
        if self.whole.is_measured(message) {
            self.timeline.delays.add(message.created, delay);
        }
        if let Some(recovery) = &mut self.recovery {
            recovery.delivered(at, delay);
        }
    }

    /// Enters what happened into the books of every part that it belongs to.
    #[cold]
    fn enter_parts(&mut self, now: SimTime, observation: &Observation<'_>) {
        for (part, tally) in self.window.parts.iter().zip(&mut self.parts) {
            if concerns(part.filter, observation) {
                tally.enter(now, observation);
            }
        }
    }

    /// Closes the books at `end`, with the messages that are still queued then.
    pub fn finish<'a>(
        mut self,
        end: SimTime,
        queued: impl Iterator<Item = &'a Message>,
        replication: u64,
        trace: u64,
    ) -> RunRecord {
        for message in queued.filter(|message| !message.accepted) {
            self.whole.still_queued(end, message);
            let about = Observation::Arrived { message };
            for (part, tally) in self.window.parts.iter().zip(&mut self.parts) {
                if concerns(part.filter, &about) {
                    tally.still_queued(end, message);
                }
            }
        }
        self.whole.finish(&self.window.runners);
        self.whole.counts.recovery_seconds =
            self.recovery.and_then(|recovery| recovery.time(end)).map(Span::seconds);
        self.timeline.queue = self.whole.queue.into_bins();
        self.timeline.busy = self.whole.busy.into_bins();
        self.timeline.blocked = self.whole.blocked.named(&self.window.hosts);
        let runners = self.window.runners;
        let close = |(part, mut tally): (Part, Tally)| {
            tally.finish(&runners);
            PartRecord { part, delays: tally.delays, counts: tally.counts }
        };
        RunRecord {
            replication,
            delays: self.whole.delays,
            counts: self.whole.counts,
            parts: self.window.parts.into_iter().zip(self.parts).map(close).collect(),
            course: Course::of(&self.timeline),
            timeline: self.timeline,
            trace,
        }
    }
}

impl Observer for Recorder {
    #[inline(always)]
    fn observe(&mut self, now: SimTime, observation: &Observation<'_>) {
        self.whole.enter(now, observation);
        match *observation {
            Observation::Arrived { .. } => {
                self.queue_changes(now, 1);
                if let Some(bin) = self.bin_at(now) {
                    self.timeline.arrived[bin] += 1;
                }
            }
            Observation::Accepted { message, at, .. } => self.accepted(at, message),
            Observation::Delivered { .. } => {
                self.queue_changes(now, -1);
                if let Some(bin) = self.bin_at(now) {
                    self.timeline.delivered[bin] += 1;
                }
            }
            Observation::Bounced { .. } => self.queue_changes(now, -1),
            Observation::TrySkipped { .. } => {
                if let Some(bin) = self.bin_at(now) {
                    self.timeline.skipped[bin] += 1;
                }
            }
            Observation::TryFailed { .. } => {
                if let Some(bin) = self.bin_at(now) {
                    self.timeline.failed[bin] += 1;
                }
            }
            Observation::ConnectionClosed {
                reason: Closed::CutByReset | Closed::CutBy421, ..
            } if self.whole.in_time(now) && self.timeline.cuts.len() < MOST_CUTS => {
                self.timeline.cuts.push(now);
            }
            Observation::Changed { .. } => self.timeline.changes.push(now),
            _ => {}
        }
        if !self.parts.is_empty() {
            // A copy, so that without parts the observation need not exist in memory at all.
            let copy = *observation;
            self.enter_parts(now, &copy);
        }
    }
}
