//! The processes that deliver: their passes through the queue, and the connections that can be told from outside.
//!
//! A pass is a stretch of work without a pause. A process of a periodic run (`-q30m`) or of an immediate delivery makes one
//! and ends; a persistent one (`-qp`) pauses at least a second and begins the next, forgetting every host's state.
//! Within a pass, messages in a row to one address are taken for one connection (a run): Sendmail keeps it as long as
//! there is mail for the host. A new connection to the same address in the middle of a pass cannot be seen.

use super::stamp::Stamp;
use super::table::Table;
use crate::units::Span;

/// Processes followed at once. They are small; a gateway rarely has a hundred at work.
const MOST: usize = 32_768;
/// Passes remembered for questions about all of them.
const MOST_PASSES: usize = 1 << 18;
/// Hosts remembered of one pass.
const HOSTS: usize = 8;
/// A pause at least as long ends a pass (persistent runners sleep a second or more).
const PAUSE: Span = Span::from_millis(900);

/// Messages in a row to one address.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) relay: u32,
    pub(super) address: u64,
    pub(super) start: Stamp,
    /// Whether its beginning was seen.
    pub(super) whole: bool,
    pub(super) carried: u32,
    pub(super) last: Stamp,
    /// The last message: several lines of one message are one.
    pub(super) message: u64,
}

/// A pass under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Process {
    pub(super) node: u32,
    pub(super) pid: u32,
    start: Stamp,
    pub(super) end: Stamp,
    /// When the attempt before the one at hand ended, or the pass began.
    pub(super) before: Stamp,
    /// Whether the pass began within the log.
    pub(super) whole: bool,
    lines: u32,
    /// Whether all it did was to try a message that had just come in.
    immediate: bool,
    /// Which pass of the process, from 0.
    number: u32,
    met: [u32; HOSTS],
    met_count: usize,
    pub(super) run: Option<Run>,
}

impl Process {
    /// Whether this pass has made contact with `relay`, or tried to.
    pub(super) fn has_met(&self, relay: u32) -> bool {
        self.met[..self.met_count.min(HOSTS)].contains(&relay)
    }

    pub(super) fn meet(&mut self, relay: u32) {
        if !self.has_met(relay) {
            self.met[self.met_count % HOSTS] = relay;
            self.met_count += 1;
        }
    }

    fn pass(&self) -> Pass {
        let Process { node, pid, start, end, lines, immediate, number, whole, .. } = *self;
        Pass { node, pid, start, end, lines, immediate, number, whole }
    }
}

/// A pass that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pass {
    pub(super) node: u32,
    pub(super) pid: u32,
    pub(super) start: Stamp,
    pub(super) end: Stamp,
    pub(super) lines: u32,
    pub(super) immediate: bool,
    pub(super) number: u32,
    pub(super) whole: bool,
}

/// What an attempt says of its process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Work {
    pub(super) node: u32,
    pub(super) pid: u32,
    pub(super) at: Stamp,
    /// Whole seconds that it took.
    pub(super) lasted: u64,
    /// Whether it was skipped: no time passed.
    pub(super) skipped: bool,
    /// Whether it was the first try of a message that had just come in.
    pub(super) immediate: bool,
    /// Whether the log covers the time before, so that a process not seen yet is a new one.
    pub(super) settled: bool,
}

impl Work {
    /// When the attempt began, as closely as the line tells: Sendmail counts whole seconds of its clock.
    fn start(&self) -> Stamp {
        if self.skipped || self.lasted == 0 {
            return self.at;
        }
        Stamp(self.at.less_seconds(self.lasted).0.max(0))
    }

    /// Second of the clock in which it began.
    fn second(&self) -> i64 {
        self.at.second() - i64::try_from(self.lasted).unwrap_or(i64::MAX).min(self.at.second())
    }
}

/// All processes.
#[derive(Clone, Debug)]
pub(super) struct Processes {
    table: Table<Process>,
    pub(super) passes: Vec<Pass>,
    /// Processes that made a second pass and more.
    pub(super) returning: u64,
}

impl Processes {
    pub(super) fn new() -> Self {
        Processes { table: Table::new(MOST), passes: Vec::new(), returning: 0 }
    }

    /// The process at work, in the pass that the attempt belongs to.
    pub(super) fn at_work(&mut self, work: &Work) -> &mut Process {
        let key = super::table::hash(u64::from(work.node) << 32 | u64::from(work.pid), b"process");
        if self.table.touch(key).is_none() {
            let new = Process {
                node: work.node,
                pid: work.pid,
                start: work.start(),
                end: work.start(),
                whole: work.settled,
                immediate: true,
                ..Process::default()
            };
            if let Some(old) = self.table.insert(key, new) {
                remember(&mut self.passes, old.pass());
            }
        }
        let passes = &mut self.passes;
        let Some(process) = self.table.get_mut(key) else { unreachable!("it was put in") };
        // A message that took long leaves a gap between two lines as well, but one that it accounts for.
        let paused = process.lines > 0
            && work.second() > process.end.second()
            && work.at.since(process.end) >= PAUSE;
        if paused {
            remember(passes, process.pass());
            self.returning += u64::from(process.number == 1);
            process.number += 1;
            process.start = work.start().max(process.end);
            (process.whole, process.lines, process.immediate) = (true, 0, true);
            (process.met_count, process.run) = (0, None);
        }
        process.lines = process.lines.saturating_add(1);
        process.immediate &= work.immediate;
        process.before = if process.lines == 1 { process.start } else { process.end };
        process.end = process.end.max(work.at);
        process
    }

    /// Ends all passes.
    pub(super) fn finish(&mut self) {
        let passes = &mut self.passes;
        self.table.drain(|process| remember(passes, process.pass()));
        passes.sort_by_key(|pass| (pass.start, pass.node, pass.pid));
    }
}

fn remember(passes: &mut Vec<Pass>, pass: Pass) {
    if passes.len() < MOST_PASSES {
        passes.push(pass);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(pid: u32, millis: i64, lasted: u64) -> Work {
        let (skipped, immediate, settled) = (false, false, true);
        Work { node: 0, pid, at: Stamp(millis * 1000), lasted, skipped, immediate, settled }
    }

    #[test]
    fn a_pause_begins_a_new_pass_and_a_slow_message_does_not() {
        let mut processes = Processes::new();
        for (millis, lasted) in [(10_100, 0), (10_300, 0), (12_200, 2), (13_900, 1), (15_000, 0)] {
            processes.at_work(&work(75, millis, lasted));
        }
        processes.finish();
        let lines: Vec<u32> = processes.passes.iter().map(|pass| pass.lines).collect();
        assert_eq!(
            lines,
            [4, 1],
            "the message of 12.2 s began at once, that of 15.0 s after a pause"
        );
        assert_eq!(processes.passes[1].number, 1);
    }

    #[test]
    fn what_was_met_is_forgotten_with_the_pass() {
        let mut processes = Processes::new();
        processes.at_work(&work(75, 10_000, 0)).meet(3);
        assert!(processes.at_work(&work(75, 10_100, 0)).has_met(3));
        assert!(!processes.at_work(&work(76, 10_100, 0)).has_met(3));
        assert!(!processes.at_work(&work(75, 12_000, 0)).has_met(3));
    }
}
