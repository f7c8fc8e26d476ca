//! The recorder: turns observations into a [`RunRecord`], in memory that does not grow with the mail.

use super::blocked::{BlockedHosts, HostNames};
use super::level::Level;
use super::record::{Counts, Delays, RunRecord, Timeline};
use super::recovery::Recovery;
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Message metrics cover arrivals from here on, all others this instant to `until`.
    pub from: SimTime,
    /// End of the measured time.
    pub until: SimTime,
    /// End of the last burst, if there is one: what `recovery.time` counts from.
    pub disturbed_until: Option<SimTime>,
    /// Configured queue runners, over all agents.
    pub runners: u64,
    /// What the hosts are called.
    pub hosts: HostNames,
}

/// Watches one replication.
#[derive(Debug)]
pub struct Recorder {
    window: Window,
    delays: Delays,
    counts: Counts,
    timeline: Timeline,
    bin: usize,
    bin_end: SimTime,
    queue: Level,
    busy: Level,
    open: u64,
    minute: (u64, u64),
    blocked: BlockedHosts,
    recovery: Option<Recovery>,
    /// Measured messages that are neither accepted nor bounced yet.
    outstanding: u64,
}

impl Recorder {
    /// A recorder for one replication.
    pub fn new(window: Window) -> Self {
        let minutes = window.until.nanos().div_ceil(MINUTE.nanos()).max(1);
        let bin = MINUTE * minutes.div_ceil(MOST_BINS);
        let bins = window.until.nanos().div_ceil(bin.nanos()).max(1) as usize;
        let zeros = || vec![0u32; bins];
        Recorder {
            timeline: Timeline {
                bin,
                arrived: zeros(),
                delivered: zeros(),
                failed: zeros(),
                skipped: zeros(),
                ..Timeline::default()
            },
            bin: 0,
            bin_end: SimTime::ZERO + bin,
            queue: Level::new(bin, bins, window.from, window.until),
            busy: Level::new(bin, bins, window.from, window.until),
            open: 0,
            minute: (0, 0),
            blocked: BlockedHosts::new(window.from, window.until, window.hosts),
            recovery: window.disturbed_until.map(Recovery::new),
            outstanding: 0,
            delays: Delays::default(),
            counts: Counts::default(),
            window,
        }
    }

    /// Measured messages whose fate is still open: a drain goes on until there are none.
    pub fn outstanding(&self) -> u64 {
        self.outstanding
    }

    fn is_measured(&self, message: &Message) -> bool {
        message.created >= self.window.from && message.created < self.window.until
    }

    fn in_window(&self, now: SimTime) -> bool {
        now >= self.window.from && now <= self.window.until
    }

    /// The timeline's bin at `now`; `None` outside of it.
    fn bin_at(&mut self, now: SimTime) -> Option<usize> {
        while now >= self.bin_end && self.bin < self.timeline.arrived.len() {
            self.bin += 1;
            self.bin_end += self.timeline.bin;
        }
        (self.bin < self.timeline.arrived.len()).then_some(self.bin)
    }

    fn queue_changes(&mut self, now: SimTime, by: i64) {
        self.queue.change(now, by);
        if let Some(recovery) = &mut self.recovery {
            recovery.queued(now, by);
        }
    }

    fn arrived(&mut self, now: SimTime, message: &Message) {
        self.queue_changes(now, 1);
        if let Some(bin) = self.bin_at(now) {
            self.timeline.arrived[bin] += 1;
        }
        if self.is_measured(message) {
            self.counts.arrived += 1;
            self.outstanding += 1;
        }
    }

    fn accepted(&mut self, at: SimTime, message: &Message) {
        if message.accepted {
            self.counts.duplicated += u64::from(self.is_measured(message));
            return;
        }
        let delay = at.since(message.created);
        if self.is_measured(message) {
            self.counts.delivered += 1;
            self.outstanding -= 1;
            self.delays.delivered.record(delay.nanos());
        }
        if let Some(recovery) = &mut self.recovery {
            recovery.delivered(at, delay);
        }
    }

    fn left_by_delivery(&mut self, now: SimTime, message: &Message) {
        self.queue_changes(now, -1);
        self.counts.deliveries_simulated += 1;
        self.counts.tries_made += u64::from(self.is_measured(message));
        if let Some(bin) = self.bin_at(now) {
            self.timeline.delivered[bin] += 1;
        }
        if self.in_window(now) {
            let minute = now.nanos() / MINUTE.nanos();
            self.minute =
                if self.minute.0 == minute { (minute, self.minute.1 + 1) } else { (minute, 1) };
            self.counts.throughput_peak =
                self.counts.throughput_peak.max(self.minute.1 as f64 / MINUTE.seconds());
        }
    }

    fn bounced(&mut self, now: SimTime, message: &Message) {
        self.queue_changes(now, -1);
        if self.is_measured(message) && !message.accepted {
            self.counts.bounced += 1;
            self.outstanding -= 1;
            self.delays.bounced.record(message.age(now).nanos());
        }
    }

    fn tried(&mut self, now: SimTime, message: &Message, skipped: bool) {
        let measured = u64::from(self.is_measured(message));
        self.counts.tries_made += measured;
        if skipped {
            self.counts.tries_skipped += measured;
        } else {
            self.counts.tries_failed += measured;
        }
        if let Some(bin) = self.bin_at(now) {
            let line = if skipped { &mut self.timeline.skipped } else { &mut self.timeline.failed };
            line[bin] += 1;
        }
    }

    fn closed(&mut self, now: SimTime, reason: Closed) {
        let greeted = !matches!(reason, Closed::SessionFailed | Closed::ResetAtGreeting);
        self.open = self.open.saturating_sub(u64::from(greeted));
        if !self.in_window(now) {
            return;
        }
        let cut = matches!(reason, Closed::CutByReset | Closed::CutBy421);
        let reset = matches!(reason, Closed::CutByReset | Closed::ResetAtGreeting | Closed::Outage);
        self.counts.connections_closed += 1;
        self.counts.connections_cut += u64::from(cut);
        self.counts.connections_reset += u64::from(reset);
        if cut && self.timeline.cuts.len() < MOST_CUTS {
            self.timeline.cuts.push(now);
        }
    }

    fn opened(&mut self, now: SimTime, greeted: bool) {
        self.open += u64::from(greeted);
        if self.in_window(now) {
            self.counts.connections_opened += 1;
            self.counts.connections_open_max = self.counts.connections_open_max.max(self.open);
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
            if self.is_measured(message) {
                self.counts.queued += 1;
                self.delays.queued.record(message.age(end).nanos());
            }
        }
        self.queue.finish();
        self.busy.finish();
        self.counts.queue_max = self.queue.max();
        self.counts.queue_mean = self.queue.mean();
        self.counts.runners_busy = self.busy.mean() / self.window.runners.max(1) as f64;
        self.counts.recovery_seconds =
            self.recovery.and_then(|recovery| recovery.time(end)).map(Span::seconds);
        self.timeline.queue = self.queue.into_bins();
        self.timeline.busy = self.busy.into_bins();
        (self.counts.host_blocked_seconds, self.timeline.blocked) = self.blocked.finish();
        RunRecord {
            replication,
            delays: self.delays,
            counts: self.counts,
            timeline: self.timeline,
            trace,
        }
    }
}

impl Observer for Recorder {
    fn observe(&mut self, now: SimTime, observation: &Observation<'_>) {
        match *observation {
            Observation::Arrived { message } => self.arrived(now, message),
            Observation::Accepted { message, at } => self.accepted(at, message),
            Observation::Delivered { message, .. } => self.left_by_delivery(now, message),
            Observation::Bounced { message } => self.bounced(now, message),
            Observation::Warned { message } => {
                self.counts.warned += u64::from(self.is_measured(message));
            }
            Observation::TrySkipped { message, .. } => self.tried(now, message, true),
            Observation::TryFailed { message, .. } => self.tried(now, message, false),
            Observation::TransactionFailed { sent, .. } => {
                if self.in_window(now) {
                    self.counts.bytes_wasted += sent as f64;
                }
            }
            Observation::ConnectionOpened { greeted, .. } => self.opened(now, greeted),
            Observation::ConnectionClosed { reason, .. } => self.closed(now, reason),
            Observation::ConnectionRefused { .. } => {
                self.counts.connections_refused += u64::from(self.in_window(now));
            }
            Observation::ProcessStarted { runner, .. } => self.busy.change(now, i64::from(runner)),
            Observation::ProcessEnded { runner, .. } => self.busy.change(now, -i64::from(runner)),
            Observation::HostMarked { agent, record, until, .. } => {
                self.counts.host_marks += u64::from(self.in_window(now));
                self.blocked.marked(now, agent, record, until);
            }
            Observation::HostCleared { agent, record } => self.blocked.cleared(now, agent, record),
            Observation::RunStarted { .. }
            | Observation::TransactionStarted { .. }
            | Observation::ConnectionGivenUp { .. }
            | Observation::RunDropped { .. }
            | Observation::Changed { .. }
            | Observation::RunEnded { .. } => {}
        }
    }
}
