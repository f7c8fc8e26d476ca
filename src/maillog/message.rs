//! A message as it is followed: when it came, how often it was tried, what became of it.

use super::stamp::Stamp;
use crate::units::Span;

/// What the last attempt came to, for the time that the message then waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Waiting {
    #[default]
    Fresh,
    HostStatus,
    Run,
    Failed,
}

/// A message.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Message {
    pub(super) arrived: Stamp,
    /// When this part of its way began, if it came back from a filter.
    pub(super) own_arrival: Stamp,
    /// Whether its `from=` line was seen.
    pub(super) accepted: bool,
    pub(super) held: bool,
    pub(super) bytes: Option<u64>,
    pub(super) recipients: u64,
    pub(super) settled: u64,
    pub(super) tries: u32,
    pub(super) last_try: Option<Stamp>,
    pub(super) last_pid: u32,
    pub(super) waiting: Waiting,
    pub(super) relay: u32,
    pub(super) delivered: Option<Span>,
    pub(super) bounced: Option<Span>,
    pub(super) last_seen: Stamp,
    pub(super) message_id: u64,
    /// The message that came back from the filter this one was handed to.
    pub(super) child: u64,
    pub(super) to_loopback: bool,
    /// Whether it may itself be such a message.
    pub(super) returned: bool,
    pub(super) kept_until: Option<Stamp>,
}

/// How old a message is: by its stamps, or, where these do not agree with the age that Sendmail counts in whole
/// seconds (a clock was set, the log has gaps), by that.
pub(super) fn age(message: &Message, at: Stamp, counted: Option<u64>) -> Span {
    let own = at.since(message.own_arrival);
    let before = message.own_arrival.since(message.arrived);
    match counted.map(Span::from_secs) {
        Some(counted) if !message.accepted => before + counted,
        Some(counted) => {
            let apart = if own > counted { own - counted } else { counted - own };
            before + if apart < Span::from_secs(3) { own } else { counted }
        }
        None => before + own,
    }
}
