//! What delays are made of: the time that mail spent waiting, by cause, and in attempts.
//!
//! Every instant of every delay has exactly one cause, so the causes add up to the sum of all delays (and of
//! the ages of what is still queued).

use super::record::Counts;
use crate::model::message::Message;
use crate::model::waiting::{Wait, Waited};
use crate::units::SimTime;
use serde::{Deserialize, Serialize};

/// Seconds by cause, summed over the measured mail.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Waits {
    /// From its arrival until a queue run lists it.
    pub run: f64,
    /// In the list of that run, until its turn comes.
    pub turn: f64,
    /// Skipped because the host's shared record counted as bad, until the next attempt.
    pub host_stat: f64,
    /// Skipped because the process remembered a failure of its own, until the next attempt.
    pub process_memory: f64,
    /// Skipped because another process held the host, until the next attempt.
    pub host_locked: f64,
    /// After an attempt that failed, until the next.
    pub retry: f64,
    /// In attempts: connecting, transfer, waiting for replies; the failed ones included.
    pub attempt: f64,
}

impl Waits {
    /// Adds a wait and the attempt that came after it, which ended at `end`.
    #[inline]
    pub(super) fn add(&mut self, waited: &Waited, end: SimTime) {
        let listed = waited.listed.max(waited.since).min(waited.taken);
        let until_listed = listed.since(waited.since).seconds();
        let since_listed = waited.taken.since(listed).seconds();
        match waited.what {
            Wait::FirstAttempt => {
                self.run += until_listed;
                self.turn += since_listed;
            }
            other => *self.of(other) += until_listed + since_listed,
        }
        self.attempt += end.since(waited.taken).seconds();
    }

    /// Adds the wait of a message that is still queued at `end`. Whether it was listed is not known: it counts
    /// as waiting for its run.
    pub(super) fn add_unfinished(&mut self, message: &Message, end: SimTime) {
        *self.of(message.wait) += end.since(message.last_try).seconds();
    }

    fn of(&mut self, wait: Wait) -> &mut f64 {
        match wait {
            Wait::FirstAttempt => &mut self.run,
            Wait::HostStat => &mut self.host_stat,
            Wait::ProcessMemory => &mut self.process_memory,
            Wait::HostLocked => &mut self.host_locked,
            Wait::Retry => &mut self.retry,
        }
    }

    /// What the mean message of several replications waited for.
    pub fn mean<'a>(counts: impl IntoIterator<Item = &'a Counts>) -> Waits {
        let (mut sum, mut arrived) = (Waits::default(), 0);
        for one in counts {
            arrived += one.arrived;
            sum.run += one.waits.run;
            sum.turn += one.waits.turn;
            sum.host_stat += one.waits.host_stat;
            sum.process_memory += one.waits.process_memory;
            sum.host_locked += one.waits.host_locked;
            sum.retry += one.waits.retry;
            sum.attempt += one.waits.attempt;
        }
        let each = 1.0 / (arrived.max(1) as f64);
        Waits {
            run: sum.run * each,
            turn: sum.turn * each,
            host_stat: sum.host_stat * each,
            process_memory: sum.process_memory * each,
            host_locked: sum.host_locked * each,
            retry: sum.retry * each,
            attempt: sum.attempt * each,
        }
    }

    /// All of it.
    pub fn total(&self) -> f64 {
        self.run
            + self.turn
            + self.host_stat
            + self.process_memory
            + self.host_locked
            + self.retry
            + self.attempt
    }
}
