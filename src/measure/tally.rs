//! The books of the whole run or of one part of it: delays, counts and levels, told by observations alone.
//!
//! Message metrics follow the mail that arrives between `from` and `until` to its end; all others cover that
//! time itself. Metrics are counted here; when what happened is the recorder's.

use super::blocked::BlockedHosts;
use super::level::Level;
use super::part::Filter;
use super::record::{Counts, Delays};
use crate::model::Observation;
use crate::model::connection::Closed;
use crate::model::message::Message;
use crate::model::waiting::Waited;
use crate::units::{SimTime, Span};

const MINUTE: Span = Span::from_mins(1);

/// One set of books.
#[derive(Debug)]
pub(super) struct Tally {
    from: SimTime,
    until: SimTime,
    /// The last instant that belongs to the time covered.
    last: SimTime,
    pub(super) delays: Delays,
    pub(super) counts: Counts,
    pub(super) queue: Level,
    pub(super) busy: Level,
    open: u64,
    /// Whether something was said of connections since `from`.
    begun: bool,
    /// The end of the minute of the last delivery, and deliveries in that minute.
    minute: (SimTime, u64),
    /// The most there were in one.
    most_in_a_minute: u64,
    pub(super) blocked: BlockedHosts,
}

impl Tally {
    /// Of the whole run, with levels in `bins` of length `bin`.
    pub(super) fn whole(from: SimTime, until: SimTime, bin: Span, bins: usize) -> Self {
        Tally {
            from,
            until,
            last: until,
            delays: Delays::default(),
            counts: Counts::default(),
            queue: Level::new(bin, bins, from, until),
            busy: Level::new(bin, bins, from, until),
            open: 0,
            begun: false,
            minute: (SimTime::ZERO, 0),
            most_in_a_minute: 0,
            blocked: BlockedHosts::new(from, until),
        }
    }

    /// Of a part of a run that is measured from `from` to `until`.
    pub(super) fn part(filter: Filter, from: SimTime, until: SimTime) -> Self {
        let (start, end) = match filter {
            Filter::Destination(_) => (from, until),
            Filter::Window { from: start, until: end } => (start.max(from), end.min(until)),
        };
        let end = end.max(start);
        let mut tally = Tally::whole(start, end, end.since(SimTime::ZERO), 1);
        if end < until {
            // What happens at the very end belongs to the window that begins there.
            tally.last = SimTime::from_nanos(end.nanos().saturating_sub(1));
        }
        tally
    }

    pub(super) fn is_measured(&self, message: &Message) -> bool {
        message.created >= self.from && message.created < self.until
    }

    pub(super) fn in_time(&self, now: SimTime) -> bool {
        now >= self.from && now <= self.last
    }

    /// Measured messages that are neither accepted nor bounced yet.
    pub(super) fn outstanding(&self) -> u64 {
        self.counts.arrived - self.counts.delivered - self.counts.bounced
    }

    fn arrived(&mut self, now: SimTime, message: &Message) {
        self.queue.change(now, 1);
        self.counts.arrived += u64::from(self.is_measured(message));
    }

    #[inline]
    fn accepted(&mut self, at: SimTime, message: &Message, waited: &Waited) {
        if !self.is_measured(message) {
            return;
        }
        self.waited(at, message, waited);
        if message.accepted {
            self.counts.duplicated += 1;
        } else {
            self.counts.delivered += 1;
            self.delays.delivered.record(at.since(message.created).nanos());
        }
    }

    fn left_by_delivery(&mut self, now: SimTime, message: &Message) {
        self.queue.change(now, -1);
        self.counts.deliveries_simulated += 1;
        self.counts.tries_made += u64::from(self.is_measured(message));
        if self.in_time(now) {
            if now >= self.minute.0 {
                let minutes = now.nanos() / MINUTE.nanos();
                self.minute = (SimTime::ZERO + MINUTE * (minutes + 1), 0);
            }
            self.minute.1 += 1;
            self.most_in_a_minute = self.most_in_a_minute.max(self.minute.1);
        }
    }

    /// An attempt has ended that came after this wait. What follows an acceptance is no delay.
    #[inline]
    fn waited(&mut self, end: SimTime, message: &Message, waited: &Waited) {
        if !message.accepted && self.is_measured(message) {
            self.counts.waits.add(waited, end);
        }
    }

    fn bounced(&mut self, now: SimTime, message: &Message, waited: Option<&Waited>) {
        if let Some(waited) = waited {
            self.waited(now, message, waited);
        }
        self.queue.change(now, -1);
        if self.is_measured(message) && !message.accepted {
            self.counts.bounced += 1;
            self.delays.bounced.record(message.age(now).nanos());
        }
    }

    fn tried(&mut self, message: &Message, skipped: bool) {
        let measured = u64::from(self.is_measured(message));
        self.counts.tries_made += measured;
        if skipped {
            self.counts.tries_skipped += measured;
        } else {
            self.counts.tries_failed += measured;
        }
    }

    /// Connections that stand open when the time begins belong to its maximum.
    fn begin(&mut self, now: SimTime) {
        if !self.begun && now >= self.from {
            self.begun = true;
            self.counts.connections_open_max = self.open;
        }
    }

    fn opened(&mut self, now: SimTime, greeted: bool) {
        self.begin(now);
        self.open += u64::from(greeted);
        if self.in_time(now) {
            self.counts.connections_opened += 1;
            self.counts.connections_open_max = self.counts.connections_open_max.max(self.open);
        }
    }

    /// The receiver that gave a connection up counts it no longer; see [`Tally::given_up`].
    fn closed(&mut self, now: SimTime, reason: Closed, given_up: bool) {
        self.begin(now);
        let greeted = !matches!(reason, Closed::SessionFailed | Closed::ResetAtGreeting);
        self.open = self.open.saturating_sub(u64::from(greeted && !given_up));
        if !self.in_time(now) {
            return;
        }
        let cut = matches!(reason, Closed::CutByReset | Closed::CutBy421);
        let reset = matches!(reason, Closed::CutByReset | Closed::ResetAtGreeting | Closed::Outage);
        self.counts.connections_closed += 1;
        self.counts.connections_cut += u64::from(cut);
        self.counts.connections_reset += u64::from(reset);
    }

    fn given_up(&mut self, now: SimTime) {
        self.begin(now);
        self.open = self.open.saturating_sub(1);
    }

    /// Enters what happened. Inlined into the recorder's own distinction of cases, which every event takes.
    #[inline(always)]
    pub(super) fn enter(&mut self, now: SimTime, observation: &Observation<'_>) {
        match *observation {
            Observation::Arrived { message } => self.arrived(now, message),
            Observation::Accepted { message, ref waited, at } => self.accepted(at, message, waited),
            Observation::Delivered { message, .. } => self.left_by_delivery(now, message),
            Observation::Bounced { message, ref waited } => {
                self.bounced(now, message, waited.as_ref());
            }
            Observation::Warned { message } => {
                self.counts.warned += u64::from(self.is_measured(message));
            }
            Observation::TrySkipped { message, ref waited, .. } => {
                self.waited(now, message, waited);
                self.tried(message, true);
            }
            Observation::TryFailed { message, ref waited, .. } => {
                self.waited(now, message, waited);
                self.tried(message, false);
            }
            Observation::TransactionFailed { sent, .. } => {
                if self.in_time(now) {
                    self.counts.bytes_wasted += sent as f64;
                }
            }
            Observation::ConnectionOpened { greeted, .. } => self.opened(now, greeted),
            Observation::ConnectionClosed { reason, given_up, .. } => {
                self.closed(now, reason, given_up);
            }
            Observation::ConnectionGivenUp { .. } => self.given_up(now),
            Observation::ConnectionRefused { .. } => {
                self.counts.connections_refused += u64::from(self.in_time(now));
            }
            Observation::ProcessStarted { runner, .. } => self.busy.change(now, i64::from(runner)),
            Observation::ProcessEnded { runner, .. } => self.busy.change(now, -i64::from(runner)),
            Observation::HostMarked { agent, record, until, .. } => {
                self.counts.host_marks += u64::from(self.in_time(now));
                self.blocked.marked(now, agent, record, until);
            }
            Observation::HostCleared { agent, record, .. }
            | Observation::HostReread { agent, record, until: None, .. } => {
                self.blocked.cleared(now, agent, record);
            }
            Observation::HostReread { agent, record, until, .. } => {
                self.blocked.marked(now, agent, record, until);
            }
            Observation::RunStarted { .. }
            | Observation::TransactionStarted { .. }
            | Observation::RunDropped { .. }
            | Observation::Changed { .. }
            | Observation::RunEnded { .. } => {}
        }
    }

    /// A message that is still queued at the `end` of the run and was never accepted.
    pub(super) fn still_queued(&mut self, end: SimTime, message: &Message) {
        if self.is_measured(message) {
            self.counts.queued += 1;
            self.delays.queued.record(message.age(end).nanos());
            self.counts.waits.add_unfinished(message, end);
        }
    }

    /// Closes the levels; `runners` are configured, each number from an instant on.
    pub(super) fn finish(&mut self, runners: &[(SimTime, u64)]) {
        self.begin(SimTime::MAX);
        self.queue.finish();
        self.busy.finish();
        self.counts.throughput_peak = self.most_in_a_minute as f64 / MINUTE.seconds();
        self.counts.queue_max = self.queue.max();
        self.counts.queue_mean = self.queue.mean();
        self.counts.runners_busy = self.busy.mean() / self.mean_of(runners).max(1.0);
        self.counts.host_blocked_seconds = self.blocked.finish();
        self.delays.pack();
    }
}

impl Tally {
    /// The time average of a number that changes at known instants.
    fn mean_of(&self, steps: &[(SimTime, u64)]) -> f64 {
        let ends = steps.iter().skip(1).map(|step| step.0).chain([SimTime::MAX]);
        let held = steps.iter().zip(ends).map(|((start, number), end)| {
            let held = end.min(self.until).since((*start).max(self.from));
            (*number as f64 * held.nanos() as f64, held.nanos() as f64)
        });
        let (area, time) = held.fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        if time > 0.0 { area / time } else { 0.0 }
    }
}

/// Whether what happened belongs to `filter`. A window hears of everything and looks at the time itself.
pub(super) fn concerns(filter: Filter, observation: &Observation<'_>) -> bool {
    let Filter::Destination(number) = filter else { return true };
    match *observation {
        Observation::Arrived { message }
        | Observation::Accepted { message, .. }
        | Observation::Delivered { message, .. }
        | Observation::Bounced { message, .. }
        | Observation::Warned { message }
        | Observation::TrySkipped { message, .. }
        | Observation::TryFailed { message, .. }
        | Observation::TransactionStarted { message, .. }
        | Observation::TransactionFailed { message, .. } => {
            usize::from(message.destination) == number
        }
        Observation::ConnectionOpened { destination, .. }
        | Observation::ConnectionClosed { destination, .. }
        | Observation::ConnectionRefused { destination, .. }
        | Observation::ConnectionGivenUp { destination, .. }
        | Observation::HostMarked { destination, .. }
        | Observation::HostReread { destination, .. }
        | Observation::HostCleared { destination, .. } => destination == number,
        // Runs and runners serve the mail of all destinations.
        Observation::RunStarted { .. }
        | Observation::RunDropped { .. }
        | Observation::RunEnded { .. }
        | Observation::ProcessStarted { .. }
        | Observation::ProcessEnded { .. }
        | Observation::Changed { .. } => false,
    }
}
