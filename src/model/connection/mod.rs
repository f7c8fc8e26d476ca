//! A connection from one process to one front end.
//!
//! Life: **opening** -> open, in a transaction or between two -> closed (reason). It belongs to the process
//! that opened it and never outlives it. MODEL.md section 5.
//!
//! | parameter | default | source |
//! |---|---|---|
//! | `messages_per_connection` | unlimited | Microsoft 2020-10-22; `m=` of the mailer, sendmail 8.17 source |
//! | `connection_cache.idle` | 5 min | `ConnectionCacheTimeout`, sendmail 8.17 source |
//! | `connection_cache.size` | 2 | `ConnectionCacheSize`, sendmail 8.17 source |
//!
//! Left out: `ConnectionCacheSize` over several processes; Sendmail's cache is a process's own.

pub mod lifetime;
pub mod session;
pub mod transaction;

use super::mta::outcome::LastStatus;
use super::params::{Cut, Trouble};
use crate::units::{SimTime, Span};

/// An open connection.
#[derive(Clone, Copy, Debug)]
pub struct Connection {
    /// Its number in this run, in order of opening.
    pub number: u64,
    /// The host it was dialled for.
    pub host: usize,
    /// The host status record its status is stored in.
    pub record: usize,
    /// The front end it landed on.
    pub front_end: u32,
    /// When connect() succeeded.
    pub opened_at: SimTime,
    /// When the receiver will end it, busy or not.
    pub cut_at: SimTime,
    /// When its lifetime ends, whatever else may end it before.
    pub lifetime_ends: SimTime,
    /// How its lifetime ends, as it was when it opened: a change concerns later connections.
    pub cut: Cut,
    /// It ends because its front end goes down, not by its lifetime.
    pub ends_by_outage: bool,
    /// What is wrong with the front end or the machine it landed on.
    pub machine: Option<Trouble>,
    /// Messages attempted on it.
    pub carried: u32,
    /// When the last transaction on it ended.
    pub last_used: SimTime,
    /// What a close would store.
    pub last_status: LastStatus,
    /// The receiver has ended it and no longer counts it, though the sender has not noticed yet.
    pub given_up: bool,
}

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Closed {
    /// QUIT: the cap, idleness, the cache's size, or the end of the process.
    Quit,
    /// The receiver's lifetime, by a reset.
    CutByReset,
    /// The receiver's lifetime, by a 421.
    CutBy421,
    /// Its front end went down.
    Outage,
    /// The receiver's idle timeout.
    IdleTimeout,
    /// The sender waited for a reply in vain.
    TimedOut,
    /// The receiver closed after a 421 of its own.
    Refused421,
    /// Reset before the greeting.
    ResetAtGreeting,
    /// Greeted with 421, or not at all.
    SessionFailed,
}

impl Connection {
    /// Whether the sender itself would no longer use it: carried its share, or idle for too long.
    pub fn is_spent(&self, now: SimTime, cap: Option<u32>, cache_idle: Span) -> bool {
        cap.is_some_and(|cap| self.carried >= cap) || now.since(self.last_used) >= cache_idle
    }
}
