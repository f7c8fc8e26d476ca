//! What an observer is told, as it happens. The model measures nothing itself.

use super::connection::Closed;
use super::connection::transaction::Ending;
use super::message::Message;
use super::waiting::Waited;
use crate::units::SimTime;

/// Receives every observation, in order of time.
pub trait Observer {
    /// Something happened at `now`.
    fn observe(&mut self, now: SimTime, observation: &Observation<'_>);
}

/// An observer that looks away.
impl Observer for () {
    #[inline(always)]
    fn observe(&mut self, _: SimTime, _: &Observation<'_>) {}
}

/// Two observers side by side. Inlined, as all that lies between the model and its recorder: where the model
/// tells something, what it is about is known, and of the recorder's distinction of cases one case is left.
impl<A: Observer, B: Observer> Observer for (A, B) {
    #[inline(always)]
    fn observe(&mut self, now: SimTime, observation: &Observation<'_>) {
        self.0.observe(now, observation);
        self.1.observe(now, observation);
    }
}

impl<O: Observer> Observer for &mut O {
    #[inline(always)]
    fn observe(&mut self, now: SimTime, observation: &Observation<'_>) {
        (**self).observe(now, observation);
    }
}

/// Something that happened. `process` and `connection` are numbers in order of start.
#[derive(Clone, Copy, Debug)]
pub enum Observation<'a> {
    /// The sender accepted a message; it is in the queue.
    Arrived {
        /// The message.
        message: &'a Message,
    },
    /// A queue run has listed its messages.
    RunStarted {
        /// Whose.
        agent: u32,
        /// Messages listed.
        listed: u64,
        /// Processes that got some.
        children: u32,
    },
    /// A periodic run did not fit under `max_runner_processes`.
    RunDropped {
        /// Whose.
        agent: u32,
    },
    /// The last process of a run has ended.
    RunEnded {
        /// Whose.
        agent: u32,
    },
    /// A process starts.
    ProcessStarted {
        /// Whose.
        agent: u32,
        /// Its number.
        process: u64,
        /// A queue runner (else an immediate delivery).
        runner: bool,
    },
    /// A process ends.
    ProcessEnded {
        /// Whose.
        agent: u32,
        /// Its number.
        process: u64,
        /// A queue runner (else an immediate delivery).
        runner: bool,
    },
    /// connect() succeeded.
    ConnectionOpened {
        /// Whose.
        agent: u32,
        /// Which process opened it.
        process: u64,
        /// Its number.
        connection: u64,
        /// The destination it was opened for: 0 is Exchange Online.
        destination: usize,
        /// The front end it landed on.
        front_end: u32,
        /// It was greeted with 220; else it ends before it was of any use.
        greeted: bool,
    },
    /// connect() was refused, or the greeting was a 421.
    ConnectionRefused {
        /// Whose.
        agent: u32,
        /// Which process dialled.
        process: u64,
        /// The destination it dialled.
        destination: usize,
        /// The front end that refused.
        front_end: u32,
    },
    /// A connection has ended.
    ConnectionClosed {
        /// Whose.
        agent: u32,
        /// Which process had it.
        process: u64,
        /// Its number.
        connection: u64,
        /// The destination it was opened for.
        destination: usize,
        /// Why.
        reason: Closed,
        /// When it was opened.
        opened_at: SimTime,
        /// Messages attempted on it.
        carried: u32,
        /// The receiver had given it up before.
        given_up: bool,
    },
    /// A receiver that was full has found that it ended this idle connection before; the sender still holds
    /// it and will notice at its next use.
    ConnectionGivenUp {
        /// Whose.
        agent: u32,
        /// The destination it was opened for.
        destination: usize,
        /// Its number.
        connection: u64,
    },
    /// A message's transaction on a connection begins at `at`, which is later than now where the connection
    /// has yet to be opened.
    TransactionStarted {
        /// The message.
        message: &'a Message,
        /// Which process delivers it.
        process: u64,
        /// On which connection.
        connection: u64,
        /// When.
        at: SimTime,
    },
    /// A transaction ended without acceptance; the next host may follow within the same attempt.
    TransactionFailed {
        /// The message.
        message: &'a Message,
        /// How.
        ending: Ending,
        /// Body bytes sent in vain.
        sent: u64,
        /// On which connection.
        connection: u64,
    },
    /// The receiver accepted the message at `at`, whether or not the sender learnt of it.
    Accepted {
        /// The message, `accepted` as it was before.
        message: &'a Message,
        /// The wait before this attempt.
        waited: Waited,
        /// When.
        at: SimTime,
    },
    /// An attempt ended with delivery; the message leaves the queue.
    Delivered {
        /// The message.
        message: &'a Message,
        /// On which connection.
        connection: u64,
    },
    /// An attempt without a connection: every host counts as bad (or is locked).
    TrySkipped {
        /// The message, after the attempt.
        message: &'a Message,
        /// Which process passed it over.
        process: u64,
        /// The last of its hosts, in the process's order; hosts count destination by destination.
        host: usize,
        /// The wait before this attempt.
        waited: Waited,
        /// When the first of its hosts may be tried again, as far as this process knows; `None`: a host is
        /// locked by another process.
        until: Option<SimTime>,
    },
    /// An attempt that reached out and failed.
    TryFailed {
        /// The message, after the attempt.
        message: &'a Message,
        /// Which process tried it.
        process: u64,
        /// The last of its hosts, in the process's order; hosts count destination by destination.
        host: usize,
        /// The wait before this attempt.
        waited: Waited,
    },
    /// A delay notice was sent.
    Warned {
        /// The message.
        message: &'a Message,
    },
    /// The message was returned to its sender and leaves the queue.
    Bounced {
        /// The message.
        message: &'a Message,
        /// The wait before this attempt, unless its failure was told already.
        waited: Option<Waited>,
    },
    /// An event marked a host bad in a process's memory and, with HostStat on, on disk.
    HostMarked {
        /// Whose.
        agent: u32,
        /// Which process met the failure.
        process: u64,
        /// The record.
        record: usize,
        /// The destination whose host it stands for.
        destination: usize,
        /// Until when other processes skip the host because of the record; `None`: they do not.
        until: Option<SimTime>,
    },
    /// An administrator's change took effect.
    Changed {
        /// Its place in the list of changes.
        number: u32,
    },
    /// New settings of HostStat: until when processes that start from here on skip the host because of what
    /// stands in its record; `None`: they do not.
    HostReread {
        /// Whose.
        agent: u32,
        /// Whose host it is.
        destination: usize,
        /// The record.
        record: usize,
        /// Until when.
        until: Option<SimTime>,
    },
    /// A record on disk was overwritten by success or removed.
    HostCleared {
        /// Whose.
        agent: u32,
        /// The record.
        record: usize,
        /// The destination whose host it stands for.
        destination: usize,
    },
}
