//! HostStat: which hosts count as bad, and for how long.
//!
//! Two kinds of memory, MODEL.md section 6:
//! * the **record on disk**, one per host, shared by all processes of an agent: read once by each process
//!   at its first touch of the host, written at every real close of a connection, success included - the
//!   last writer wins. Life: good -> bad until `remember_for` has passed since the failure -> good. A skip
//!   does not extend it.
//! * the **process's own memory**, which lives as long as the process and sees neither a mark nor a purge
//!   by others. It works even with HostStat off.
//!
//! | parameter | default | source |
//! |---|---|---|
//! | `hoststat.enabled` | on | Microsoft 2020-10-22 (stock Sendmail: off) |
//! | `hoststat.remember_for` | 30 min | `Timeout.hoststatus`, sendmail 8.17 source |
//! | `hoststat.threshold` | 1 | sendmail 8.17 source; the article says "a few" |
//! | `hoststat.marks` | sendmail | MODEL.md 6.1; `any_4xx` is the article's wording |
//!
//! Left out: the lock on the status file while another process reads it.

use crate::model::clock::Clock;
use crate::model::params::HostStatus;
use crate::units::SimTime;

/// What a process remembers of one host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Memory {
    /// This process has not dealt with the host yet.
    #[default]
    Untouched,
    /// Nothing is held against it.
    Good,
    /// Not to be tried before this instant, says the record.
    BadUntil(SimTime),
    /// Not to be tried before this instant: this process met the failure itself.
    FailedUntil(SimTime),
}

impl Memory {
    /// Until when the host is avoided; an instant that has passed means nothing any more.
    pub fn avoided_until(self) -> Option<SimTime> {
        match self {
            Memory::BadUntil(until) | Memory::FailedUntil(until) => Some(until),
            Memory::Untouched | Memory::Good => None,
        }
    }

    /// May the host be tried? Rule: MODEL.md 5.4.
    pub fn allows(self, now: SimTime) -> bool {
        self.avoided_until().is_none_or(|until| now >= until)
    }
}

/// The status directory of one agent. A record is the instants of its last marks, oldest first; none = good.
#[derive(Clone, Debug)]
pub struct HostStatusTable {
    clock: Clock,
    records: Vec<Vec<SimTime>>,
}

impl HostStatusTable {
    /// An empty directory for `hosts` hosts.
    pub fn new(clock: Clock, hosts: usize) -> Self {
        HostStatusTable { clock, records: vec![Vec::new(); hosts] }
    }

    /// When a failure at `since` is forgotten by a process with this policy.
    pub fn forgotten_at(&self, since: SimTime, policy: HostStatus) -> SimTime {
        self.clock.due(since, policy.remember_for)
    }

    /// Until when a process with this policy that touches `host` for the first time at `now` skips it.
    pub fn blocks(&self, host: usize, now: SimTime, policy: HostStatus) -> Option<SimTime> {
        let marks = &self.records[host];
        let last = marks.last().filter(|_| marks.len() >= policy.threshold as usize)?;
        let until = self.forgotten_at(*last, policy);
        (policy.enabled && now < until).then_some(until)
    }

    /// First touch of `host` by a process: what it will remember. Rule: MODEL.md 5.3.
    pub fn load(&self, host: usize, now: SimTime, policy: HostStatus) -> Memory {
        self.blocks(host, now, policy).map_or(Memory::Good, Memory::BadUntil)
    }

    /// Writes a failure at `since`; says until when other processes will skip the host because of it: from
    /// the mark on that makes it `threshold` within one lifetime.
    pub fn mark(&mut self, host: usize, since: SimTime, policy: HostStatus) -> Option<SimTime> {
        if !policy.enabled {
            return None;
        }
        let (clock, lifetime) = (self.clock, policy.remember_for);
        let threshold = policy.threshold.max(1) as usize;
        let marks = &mut self.records[host];
        marks.retain(|mark| !clock.passed(since, *mark, lifetime));
        // A change may have lowered the threshold.
        while marks.len() >= threshold {
            marks.remove(0);
        }
        marks.push(since);
        (marks.len() >= threshold).then(|| self.forgotten_at(since, policy))
    }

    /// Writes a success, or removes the record; says whether it had been marked.
    pub fn clear(&mut self, host: usize) -> bool {
        let marked = !self.records[host].is_empty();
        self.records[host].clear();
        marked
    }

    /// How many records there are.
    pub fn records(&self) -> usize {
        self.records.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::params::{HostKey, Marks};
    use crate::units::Span;

    fn at(seconds: u64) -> SimTime {
        SimTime::ZERO + Span::from_secs(seconds)
    }

    fn table() -> HostStatusTable {
        HostStatusTable::new(Clock::new(Span::from_secs(1)), 1)
    }

    const ON: HostStatus = HostStatus {
        enabled: true,
        remember_for: Span::from_mins(30),
        key: HostKey::HostName,
        marks: Marks::Sendmail,
        threshold: 1,
    };

    #[test]
    fn a_mark_blocks_later_processes_for_remember_for_counted_from_the_failure() {
        let mut table = table();
        let policy = ON;
        assert_eq!(table.mark(0, at(100), policy), Some(at(1900)));
        assert!(!table.load(0, at(1899), policy).allows(at(1899)));
        assert!(table.load(0, at(1900), policy).allows(at(1900)));
    }

    #[test]
    fn a_mark_expires_within_a_run_for_it_is_tested_at_each_attempt() {
        let mut table = table();
        let policy = ON;
        table.mark(0, at(100), policy);
        let memory = table.load(0, at(1899), policy);
        assert!(!memory.allows(at(1899)));
        assert!(memory.allows(at(1900)));
    }

    #[test]
    fn the_last_writer_wins_success_included() {
        let mut table = table();
        let policy = ON;
        table.mark(0, at(100), policy);
        assert!(table.clear(0));
        assert_eq!(table.load(0, at(101), policy), Memory::Good);
        assert!(!table.clear(0), "nothing was held against it");
    }

    #[test]
    fn a_remember_for_of_zero_never_blocks() {
        let mut table = table();
        let policy = HostStatus { remember_for: Span::ZERO, ..ON };
        table.mark(0, at(100), policy);
        assert!(table.load(0, at(100), policy).allows(at(100)));
    }

    #[test]
    fn with_hoststat_off_nothing_reaches_the_disk() {
        let mut table = table();
        let policy = HostStatus { enabled: false, ..ON };
        assert_eq!(table.mark(0, at(100), policy), None);
        assert_eq!(table.load(0, at(100), policy), Memory::Good);
    }

    #[test]
    fn a_threshold_counts_marks_within_one_lifetime_since_the_last_success() {
        let mut table = table();
        let policy = HostStatus { threshold: 3, ..ON };
        assert_eq!(table.mark(0, at(0), policy), None);
        assert_eq!(table.mark(0, at(1000), policy), None);
        assert_eq!(table.mark(0, at(2000), policy), None, "the first is forgotten");
        assert_eq!(table.mark(0, at(2500), policy), Some(at(4300)), "three within 1800 s");
        table.clear(0);
        assert_eq!(table.mark(0, at(2501), policy), None, "counted since the last success");
    }
}
