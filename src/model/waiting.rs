//! What a message waits for between its attempts: each delay is the sum of such waits and of the attempts
//! themselves.
//!
//! Told by the model, since only it knows whether a host was avoided because of the shared record or because
//! the process itself had met the failure. MODEL.md 5.3, 6.2.

use crate::units::SimTime;

/// Why a message is in the queue and not on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Wait {
    /// It has not been tried yet.
    #[default]
    FirstAttempt,
    /// It was skipped: the host's record on disk counted as bad.
    HostStat,
    /// It was skipped: the process had met the failure itself and remembered it.
    ProcessMemory,
    /// It was skipped: another process held the host (`SingleThreadDelivery`).
    HostLocked,
    /// An attempt had failed.
    Retry,
}

/// The wait that an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waited {
    /// For what.
    pub what: Wait,
    /// Since when: its arrival or the end of the attempt before.
    pub since: SimTime,
    /// When the process that tries it started, which is when its queue run listed the queue.
    pub listed: SimTime,
    /// When its turn came and the attempt began.
    pub taken: SimTime,
}
