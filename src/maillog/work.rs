//! What an attempt means for its process, its relay and the message's waiting: the part of following that is about
//! deliveries.

use super::attempt::{Hop, Outcome};
use super::conditions::{Kind, Seen};
use super::diagnosis::{Counts, Phase};
use super::entry::To;
use super::follow::{LONGEST_GAP, Reader};
use super::line::Line;
use super::mail::Event;
use super::message::{Message, Waiting};
use super::process::{Process, Run, Work};
use super::relays::RelayBook;
use super::stamp::Stamp;
use super::table::hash;
use crate::units::Span;

/// The log must cover so much before a process counts as new.
const SETTLED: Span = Span::from_secs(30);
/// The same for one whose number is higher than any seen before.
const BRIEFLY: Span = Span::from_secs(5);
/// A first try that soon after arrival is an immediate delivery.
const AT_ONCE: Span = Span::from_secs(5);

impl Reader {
    /// An attempt of the message `key` ended.
    pub(super) fn attempt(
        &mut self,
        line: &Line,
        to: &To,
        (hop, outcome): (&Hop, Outcome),
        key: u64,
    ) {
        let at = line.at;
        let lasted = to.xdelay.unwrap_or(0);
        let skipped = matches!(outcome, Outcome::Skipped { .. });
        let Some(message) = self.messages.get_mut(key) else { return };
        let first = message.tries == 0;
        let began = if skipped { at } else { at.less_seconds(lasted) };
        let soon = began.since(message.arrived) < AT_ONCE;
        let immediate = first && !message.held && soon;
        // Recipients of one attempt may have lines of their own.
        let same = message.last_pid == line.pid
            && message.last_try.is_some_and(|last| at.since(last) < Span::from_secs(1));
        let before = *message;
        if !same || first {
            message.tries = message.tries.saturating_add(1);
        }
        (message.last_try, message.last_pid) = (Some(at), line.pid);
        if first {
            self.first_tries[usize::from(immediate)] += 1;
            self.first_waits += began.since(before.arrived);
        }
        if !first && !same {
            self.waited(&before, began);
            self.gap(&before, began);
        }
        self.count(at, outcome);
        if hop.name.is_empty() || outcome == Outcome::Deferred {
            return;
        }
        let node = self.node();
        let place = self.relays.place(node, hop.name);
        let settled = self.knows_processes(line.pid, began);
        let work = Work { node, pid: line.pid, at, lasted, skipped, immediate, settled };
        let process = self.processes.at_work(&work);
        let newcomer = self.relays.is_one(place) && process.whole && !process.has_met(place);
        let book = &mut self.relays.books[place as usize];
        let attempt = Attempt {
            text: line.text,
            pid: line.pid,
            at,
            began,
            place,
            newcomer,
            immediate,
            message: key,
        };
        let noted = note(book, process, &attempt, (to, hop, outcome));
        if let Some(message) = self.messages.get_mut(key) {
            (message.relay, message.waiting) = (place, noted.waiting);
        }
        if let Some(run) = noted.left {
            self.relays.books[run.relay as usize].run_ended(&run, false);
        }
        let process = u64::from(node) << 32 | u64::from(line.pid);
        let (bytes, kind) = (before.bytes, kind(outcome, to));
        self.conduct.enter(&Seen { at, lasted, process, place, message: key, bytes, kind });
        let lose = |counts: &mut Counts| noted.loss.enter(counts);
        self.enter_mail(at, |mail| mail.count(at, lose));
    }

    /// Whether the log covers so much that a process not seen before is a new one.
    fn knows_processes(&self, pid: u32, began: Stamp) -> bool {
        let covered = self.first.map_or(Span::ZERO, |first| began.since(first));
        // Numbers of processes go up: one above all that were seen is new.
        let above = pid > self.highest_pid() && covered > BRIEFLY;
        !self.stated_runs.is_empty() || covered > SETTLED || above
    }

    fn count(&mut self, at: Stamp, outcome: Outcome) {
        let (skipped, failed) = match outcome {
            Outcome::Skipped { .. } => (true, false),
            Outcome::Sent | Outcome::Bounced | Outcome::Queued | Outcome::Rejected => {
                (false, false)
            }
            _ => (false, true),
        };
        self.enter_mail(at, |mail| {
            mail.count(at, |counts| {
                counts.tries += 1;
                counts.skipped += u64::from(skipped);
                counts.failed += u64::from(failed);
            });
            if skipped {
                mail.event(at, Event::Skipped);
            } else if failed {
                mail.event(at, Event::Failed);
            }
        });
    }

    /// The message waited from its last attempt until `end`.
    pub(super) fn waited(&mut self, message: &Message, end: Stamp) {
        let Some(last) = message.last_try else { return };
        let Some(book) = self.relays.books.get_mut(message.relay as usize) else { return };
        let span = end.since(last);
        match message.waiting {
            Waiting::Fresh => {}
            Waiting::HostStatus => book.waits.host_status += span,
            Waiting::Run => book.waits.run += span,
            Waiting::Failed => book.waits.failed += span,
        }
    }

    fn gap(&mut self, message: &Message, began: Stamp) {
        if let Some(last) = message.last_try {
            let seconds = (began.since(last).nanos() / 1_000_000_000) as usize;
            let seconds = seconds.min(LONGEST_GAP);
            if self.gaps.len() <= seconds {
                self.gaps.resize(seconds + 1, 0);
            }
            self.gaps[seconds] = self.gaps[seconds].saturating_add(1);
        }
    }
}

/// What an attempt says of the receiver's conduct.
fn kind(outcome: Outcome, to: &To) -> Kind {
    match outcome {
        Outcome::Sent => Kind::Sent,
        Outcome::Skipped { .. } => Kind::Skipped,
        Outcome::Lost if memchr::memmem::find(to.stat, b"timed out").is_some() => Kind::TimedOut,
        Outcome::Lost => Kind::Reset,
        Outcome::Refused => Kind::Refused,
        Outcome::Answered { code: 421, phase: Phase::Greeting } => Kind::Greeting421,
        _ => Kind::Other,
    }
}

/// An attempt, seen from the relay's books.
struct Attempt<'a> {
    text: &'a [u8],
    pid: u32,
    at: Stamp,
    began: Stamp,
    place: u32,
    newcomer: bool,
    /// Whether it is the only one of its process.
    immediate: bool,
    message: u64,
}

/// What became of a connection.
#[derive(Clone, Copy)]
enum Loss {
    None,
    /// Lost after it had carried mail.
    Cut,
    /// Lost at its first message.
    Reset,
    /// Did not come about.
    Refused,
}

impl Loss {
    fn enter(self, counts: &mut Counts) {
        match self {
            Loss::None => {}
            Loss::Cut => {
                counts.cut += 1;
                counts.reset += 1;
            }
            Loss::Reset => counts.reset += 1,
            Loss::Refused => counts.refused_connections += 1,
        }
    }
}

/// What an attempt means beyond its relay's books.
struct Noted {
    waiting: Waiting,
    loss: Loss,
    /// The run that the process left for another.
    left: Option<Run>,
}

/// Enters an attempt into the books of its relay and of its process.
fn note(
    book: &mut RelayBook,
    process: &mut Process,
    attempt: &Attempt,
    (to, hop, outcome): (&To, &Hop, Outcome),
) -> Noted {
    let Attempt { at, pid, newcomer, .. } = *attempt;
    let quiet = |waiting| Noted { waiting, loss: Loss::None, left: None };
    book.tries += 1;
    book.learn_name(to.stat);
    if let Outcome::Skipped { lock } = outcome {
        book.skip(at, newcomer, lock);
        RelayBook::sample(&mut book.samples.skipped, at, attempt.text);
        return quiet(if newcomer { Waiting::HostStatus } else { Waiting::Run });
    }
    if outcome == Outcome::NameService {
        (book.failed, book.lookups) = (book.failed + 1, book.lookups + 1);
        RelayBook::sample(&mut book.samples.lookups, at, attempt.text);
        return quiet(Waiting::Failed);
    }
    book.contact((attempt.began, at), pid, newcomer, !attempt.immediate);
    process.meet(attempt.place);
    let address = hop.address.map(|address| hash(0, address));
    let left = address
        .and_then(|address| carry(book, process, attempt, address, outcome == Outcome::Sent));
    let loss = conclude(book, process, attempt, (to, outcome));
    let waiting = if outcome == Outcome::Sent { Waiting::Fresh } else { Waiting::Failed };
    Noted { waiting, loss, left }
}

/// Counts a message on the run it belongs to. Gives back the run that was left for it.
fn carry(
    book: &mut RelayBook,
    process: &mut Process,
    attempt: &Attempt,
    address: u64,
    sent: bool,
) -> Option<Run> {
    let Attempt { at, place, message, .. } = *attempt;
    book.address(address);
    match &mut process.run {
        Some(run) if (run.relay, run.address) == (place, address) => {
            if run.message != message {
                if sent {
                    book.time_sum += at.since(run.last);
                    book.time_n += 1;
                }
                run.carried = run.carried.saturating_add(1);
                run.message = message;
            }
            run.last = run.last.max(at);
            book.in_a_row_max = book.in_a_row_max.max(u64::from(run.carried));
            None
        }
        _ => {
            let (start, whole) = (process.before.min(at), process.whole);
            let new = Run { relay: place, address, start, whole, carried: 1, last: at, message };
            book.in_a_row_max = book.in_a_row_max.max(1);
            process.run.replace(new)
        }
    }
}

/// What the outcome does to the connection, and to the host's standing.
fn conclude(
    book: &mut RelayBook,
    process: &mut Process,
    attempt: &Attempt,
    (to, outcome): (&To, Outcome),
) -> Loss {
    let Attempt { at, pid, place, text, .. } = *attempt;
    let mut answer = None;
    let (marks, loss) = match outcome {
        Outcome::Sent => {
            book.delivered += 1;
            return Loss::None;
        }
        Outcome::Bounced => {
            book.bounced += 1;
            return Loss::None;
        }
        Outcome::Refused => {
            RelayBook::sample(&mut book.samples.refused, at, text);
            (true, Loss::Refused)
        }
        Outcome::Answered { code, phase } => {
            let text_of = if to.reply.is_empty() { to.stat } else { to.reply };
            answer = book.answer((code, phase), to.dsn, text_of);
            let samples = &mut book.samples;
            if phase == Phase::Greeting {
                RelayBook::sample(&mut samples.refused, at, text);
                (true, Loss::Refused)
            } else {
                RelayBook::sample(&mut samples.answered, at, text);
                if code != 421 {
                    book.failed += 1;
                    book.fail(at, pid, false, answer);
                    return Loss::None;
                }
                // Exchange says how old the session was when it ends one by its age.
                let aged = memchr::memmem::find(to.stat, b"session duration").is_some()
                    || memchr::memmem::find(to.stat, b"4.4.1 Connection timed out").is_some();
                (false, if aged { Loss::Cut } else { Loss::None })
            }
        }
        Outcome::Lost => {
            RelayBook::sample(&mut book.samples.lost, at, text);
            (true, Loss::Cut)
        }
        _ => return Loss::None,
    };
    book.failed += 1;
    book.fail(at, pid, marks, answer);
    let run = process.run.take().filter(|run| run.relay == place);
    // The message that met the loss counts on the run, if the line has an address.
    let before =
        run.map_or(0, |run| run.carried.saturating_sub(u32::from(run.message == attempt.message)));
    match (loss, run) {
        (Loss::Cut, Some(run)) if before > 0 => {
            book.run_ended(&Run { carried: before, last: at, ..run }, true);
            (book.cut, book.reset) = (book.cut + 1, book.reset + 1);
            Loss::Cut
        }
        (Loss::Cut, _) => {
            book.reset += 1;
            Loss::Reset
        }
        (Loss::Refused, _) => {
            book.refused += 1;
            Loss::Refused
        }
        _ => Loss::None,
    }
}
