//! The books of each next hop: what came of attempts, when it was avoided, what that says of host status.
//!
//! Life of a host as it shows: in contact -> a failure -> avoided (attempts are skipped) -> contact again. Who skips
//! matters: a process that met the failure itself remembers it whatever is configured; one that has not can only know it
//! from host status.

use super::diagnosis::{Answer, Avoided, Phase};
use super::process::Run;
use super::redact::redacted;
use super::stamp::Stamp;
use super::table::{Table, hash};
use crate::units::Span;
use memchr::memmem::find;

/// Next hops with books of their own; the others share one.
const MOST_RELAYS: usize = 2048;
/// Entries of each list that grows with the log.
const MOST_LISTED: usize = 256;
const MOST_SPANS: usize = 64;
const MOST_ANSWERS: usize = 32;
/// Lines kept for each reason.
const SAMPLES: usize = 2;
/// A process that was at work so shortly before a failure may still close its connection after it, and with that
/// overwrite the mark.
const NEIGHBOUR: Span = Span::from_secs(2);

/// The last failure of a host that may have marked it.
#[derive(Clone, Copy, Debug)]
struct Failure {
    at: Stamp,
    pid: u32,
    /// Whether it marks a host wherever in a transaction it happens.
    marks: bool,
    /// Whether an attempt by a process that had not met it was seen since.
    touched: bool,
    /// Whether another process was in contact around it or since: it overwrites the mark.
    overwritten: bool,
    /// Whether anything was in contact since: a later mark may have left no line of its own.
    contact: bool,
    /// The answer it was, as a place in the list of answers, until it is known where that was given.
    answer: Option<usize>,
}

/// Lines that show something.
#[derive(Clone, Debug, Default)]
pub(super) struct Samples {
    pub(super) lost: Vec<(Stamp, String)>,
    pub(super) skipped: Vec<(Stamp, String)>,
    pub(super) refused: Vec<(Stamp, String)>,
    pub(super) answered: Vec<(Stamp, String)>,
    pub(super) lookups: Vec<(Stamp, String)>,
}

/// Seconds that messages waited after an attempt of a kind, summed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Waits {
    /// After a skip that only host status explains.
    pub(super) host_status: Span,
    /// After a skip in the process that met the failure.
    pub(super) run: Span,
    /// After an attempt that failed.
    pub(super) failed: Span,
}

/// The books of one next hop of one machine.
#[derive(Clone, Debug, Default)]
pub(super) struct RelayBook {
    pub(super) name: Vec<u8>,
    pub(super) full_name: Option<Vec<u8>>,
    pub(super) addresses: Vec<u64>,
    pub(super) delivered: u64,
    pub(super) tries: u64,
    pub(super) skipped: u64,
    pub(super) failed: u64,
    pub(super) cut: u64,
    pub(super) reset: u64,
    pub(super) refused: u64,
    pub(super) bounced: u64,
    pub(super) lookups: u64,
    pub(super) answers: Vec<Answer>,
    pub(super) waits: Waits,
    pub(super) samples: Samples,
    // Connections.
    pub(super) time_sum: Span,
    pub(super) time_n: u64,
    pub(super) in_a_row_max: u64,
    pub(super) at_cut: Vec<(u32, Option<Span>)>,
    /// Runs that ended although the pass went on and nothing failed: messages and age.
    pub(super) changed: Vec<(u32, Span)>,
    // Host status.
    failure: Option<Failure>,
    /// The last two processes in contact, and when.
    contacts: [(u32, Stamp); 2],
    span: Option<Avoided>,
    pub(super) avoided: Vec<Avoided>,
    pub(super) avoided_count: u64,
    pub(super) avoided_total: Span,
    /// Skips by processes that had not met a failure; of these, without any failure in the log before them.
    pub(super) skips_by_others: u64,
    pub(super) skips_unexplained: u64,
    pub(super) skips_locked: u64,
    /// Seconds after a failure at which a process that had not met it made contact, no skip before.
    pub(super) contact_after: Vec<i64>,
    /// A skip that many whole seconds after a failure: the memory lasts longer.
    pub(super) remembered: i64,
    /// First contact that many whole seconds after a failure, after skips by others: the memory does not last longer.
    pub(super) forgotten: Vec<i64>,
}

fn keep<T>(list: &mut Vec<T>, most: usize, value: T) {
    if list.len() < most {
        list.push(value);
    }
}

impl RelayBook {
    /// Keeps a line as evidence.
    pub(super) fn sample(list: &mut Vec<(Stamp, String)>, at: Stamp, line: &[u8]) {
        if list.len() < SAMPLES {
            list.push((at, redacted(line)));
        }
    }

    /// Sendmail shortens long names in `relay=`, but not in the reason: `Connection reset by NAME.`.
    pub(super) fn learn_name(&mut self, stat: &[u8]) {
        if self.full_name.is_some() {
            return;
        }
        let Some(gap) = find(&self.name, b"...") else { return };
        let (start, end) = (&self.name[..gap], &self.name[gap + 3..]);
        let words = stat.split(|byte| *byte == b' ');
        let name = words.map(|word| word.strip_suffix(b".").unwrap_or(word));
        self.full_name = name
            .filter(|word| word.len() > self.name.len() && word.len() < 256)
            .find(|word| word.starts_with(start) && word.ends_with(end))
            .map(<[u8]>::to_vec);
    }

    /// An attempt was skipped at `at`. `newcomer`: by a process that has met no failure of the host in this pass.
    pub(super) fn skip(&mut self, at: Stamp, newcomer: bool, lock: bool) {
        self.skipped += 1;
        self.skips_locked += u64::from(lock);
        if newcomer {
            self.skips_by_others += 1;
            self.skips_unexplained += u64::from(self.failure.is_none());
        }
        if !lock {
            self.mark_answer();
        }
        if let Some(failure) = &mut self.failure {
            failure.touched |= newcomer;
            if !lock && !failure.contact {
                // Sendmail compares whole seconds of its clock.
                let seconds = at.second().saturating_sub(failure.at.second()) + 1;
                self.remembered = self.remembered.max(seconds);
            }
        }
        let failure = self.failure.map(|failure| failure.at);
        let new =
            Avoided { failure, from: at, last: at, until: None, skipped: 0, by_others: false };
        let span = self.span.get_or_insert(new);
        span.last = span.last.max(at);
        span.skipped += 1;
        span.by_others |= newcomer;
    }

    /// A host is skipped after an answer only if that was given to the message itself: one to MAIL or RCPT marks nothing.
    fn mark_answer(&mut self) {
        let Some(failure) = self.failure.as_mut().filter(|failure| !failure.contact) else {
            return;
        };
        let Some(place) = failure.answer.take() else { return };
        let Some(found) =
            self.answers.get_mut(place).filter(|answer| answer.phase == Phase::Unknown)
        else {
            return;
        };
        found.count -= 1;
        let (code, dsn, text) = (found.code, found.dsn.clone(), found.text.clone());
        self.answer((code, Phase::Data), dsn.as_bytes(), text.as_bytes());
    }

    /// An attempt with contact, or that tried to make it, began and ended at `times`. `holds`: by a process that may keep its
    /// connection, as one does that delivers a single message on arrival not.
    pub(super) fn contact(
        &mut self,
        (start, at): (Stamp, Stamp),
        pid: u32,
        newcomer: bool,
        holds: bool,
    ) {
        let ended = self.span.take();
        if let Some(span) = ended {
            self.close(Avoided { until: Some(start.max(span.last)), ..span });
        }
        if let Some(failure) = &mut self.failure {
            let seconds = start.second().saturating_sub(failure.at.second());
            // Who was at work already when it happened could not know of it, and may remove the mark later.
            let concurrent = pid != failure.pid && seconds <= 0;
            if newcomer && !concurrent && !failure.overwritten && !failure.contact {
                if ended.is_some_and(|span| span.by_others) {
                    keep(&mut self.forgotten, MOST_LISTED, seconds);
                } else if failure.marks && !failure.touched {
                    keep(&mut self.contact_after, MOST_LISTED, seconds);
                }
            }
            failure.touched |= newcomer;
            failure.overwritten |= pid != failure.pid;
            failure.contact = true;
        }
        if self.contacts[0].0 != pid {
            self.contacts[1] = self.contacts[0];
        }
        self.contacts[0] = (pid, if holds { at } else { Stamp::default() });
    }

    /// The attempt that just made contact failed. `marks`: in a way that marks the host wherever it happens.
    pub(super) fn fail(&mut self, at: Stamp, pid: u32, marks: bool, answer: Option<usize>) {
        let (neighbour, when) = self.contacts[1];
        let overwritten =
            neighbour != pid && when != Stamp::default() && at.since(when) < NEIGHBOUR;
        self.failure =
            Some(Failure { at, pid, marks, touched: false, overwritten, contact: false, answer });
    }

    fn close(&mut self, span: Avoided) {
        let length = |span: &Avoided| {
            let from = span.failure.unwrap_or(span.from);
            span.until.unwrap_or(span.last).since(from)
        };
        self.avoided_count += 1;
        self.avoided_total += length(&span);
        if self.avoided.len() < MOST_SPANS {
            self.avoided.push(span);
            return;
        }
        let shortest = self.avoided.iter_mut().min_by_key(|span| length(span));
        if let Some(shortest) = shortest.filter(|shortest| length(shortest) < length(&span)) {
            *shortest = span;
        }
    }

    /// The log is over.
    pub(super) fn finish(&mut self) {
        if let Some(span) = self.span.take() {
            self.close(span);
        }
        self.avoided.sort_by_key(|span| span.from);
        self.answers.retain(|answer| answer.count > 0);
        self.answers.sort_by_key(|answer| std::cmp::Reverse(answer.count));
    }

    /// The receiver said not now. Gives back the place among the answers.
    pub(super) fn answer(
        &mut self,
        (code, phase): (u16, Phase),
        dsn: &[u8],
        text: &[u8],
    ) -> Option<usize> {
        let same = |known: &Answer| {
            (known.code, known.phase) == (code, phase) && known.dsn.as_bytes() == dsn
        };
        match self.answers.iter().position(same) {
            Some(known) => {
                self.answers[known].count += 1;
                Some(known)
            }
            None if self.answers.len() < MOST_ANSWERS => {
                let dsn = redacted(&dsn[..dsn.len().min(16)]);
                let text = redacted(&text[..text.len().min(120)]);
                self.answers.push(Answer { code, dsn, phase, text, count: 1 });
                Some(self.answers.len() - 1)
            }
            None => None,
        }
    }

    /// A run came to its end: by a cut, or because the pass went on elsewhere although nothing had failed.
    pub(super) fn run_ended(&mut self, run: &Run, cut: bool) {
        let age = run.last.since(run.start);
        if cut {
            keep(&mut self.at_cut, MOST_LISTED, (run.carried, run.whole.then_some(age)));
        } else if run.whole {
            keep(&mut self.changed, MOST_LISTED, (run.carried, age));
        }
    }

    /// Another address of the host was seen.
    pub(super) fn address(&mut self, address: u64) {
        if !self.addresses.contains(&address) {
            keep(&mut self.addresses, MOST_ANSWERS, address);
        }
    }
}

impl RelayBook {
    /// Adds the books of the same host on another machine. Lists keep `most` entries.
    pub(super) fn join(&mut self, other: RelayBook, most: usize) {
        fn append<T>(mine: &mut Vec<T>, theirs: Vec<T>, most: usize) {
            mine.extend(theirs);
            mine.truncate(most);
        }
        for (mine, theirs) in [
            (&mut self.delivered, other.delivered),
            (&mut self.tries, other.tries),
            (&mut self.skipped, other.skipped),
            (&mut self.failed, other.failed),
            (&mut self.cut, other.cut),
            (&mut self.reset, other.reset),
            (&mut self.refused, other.refused),
            (&mut self.bounced, other.bounced),
            (&mut self.lookups, other.lookups),
            (&mut self.time_n, other.time_n),
            (&mut self.avoided_count, other.avoided_count),
            (&mut self.skips_by_others, other.skips_by_others),
            (&mut self.skips_unexplained, other.skips_unexplained),
            (&mut self.skips_locked, other.skips_locked),
        ] {
            *mine += theirs;
        }
        self.time_sum += other.time_sum;
        self.avoided_total += other.avoided_total;
        self.waits.host_status += other.waits.host_status;
        self.waits.run += other.waits.run;
        self.waits.failed += other.waits.failed;
        self.in_a_row_max = self.in_a_row_max.max(other.in_a_row_max);
        self.remembered = self.remembered.max(other.remembered);
        other.addresses.iter().for_each(|address| self.address(*address));
        append(&mut self.at_cut, other.at_cut, most);
        append(&mut self.changed, other.changed, most);
        append(&mut self.avoided, other.avoided, most);
        append(&mut self.contact_after, other.contact_after, most);
        append(&mut self.forgotten, other.forgotten, most);
        append(&mut self.samples.lost, other.samples.lost, SAMPLES);
        append(&mut self.samples.skipped, other.samples.skipped, SAMPLES);
        append(&mut self.samples.refused, other.samples.refused, SAMPLES);
        append(&mut self.samples.answered, other.samples.answered, SAMPLES);
        append(&mut self.samples.lookups, other.samples.lookups, SAMPLES);
        for answer in other.answers {
            let same = |mine: &&mut Answer| {
                (mine.code, mine.phase, &mine.dsn) == (answer.code, answer.phase, &answer.dsn)
            };
            match self.answers.iter_mut().find(same) {
                Some(mine) => mine.count += answer.count,
                None => self.answers.push(answer),
            }
        }
        self.answers.sort_by_key(|answer| std::cmp::Reverse(answer.count));
        self.avoided.sort_by_key(|span| span.from);
        self.full_name = self.full_name.take().or(other.full_name);
    }
}

/// The books of all next hops, by machine and name.
#[derive(Clone, Debug)]
pub(super) struct Relays {
    index: Table<u32>,
    pub(super) books: Vec<RelayBook>,
}

impl Relays {
    pub(super) fn new() -> Self {
        Relays { index: Table::new(MOST_RELAYS + 1), books: Vec::new() }
    }

    /// The place of a host's books; the last for all that are too many.
    pub(super) fn place(&mut self, node: u32, name: &[u8]) -> u32 {
        let key = hash(u64::from(node), name);
        if let Some(place) = self.index.touch(key) {
            return *place;
        }
        if self.books.len() > MOST_RELAYS {
            return MOST_RELAYS as u32;
        }
        let place = self.books.len() as u32;
        let name = if self.books.len() == MOST_RELAYS { b"(others)" } else { name };
        self.books.push(RelayBook { name: name.to_vec(), ..RelayBook::default() });
        self.index.insert(key, place);
        place
    }

    /// Whether the books at `place` are of one host.
    pub(super) fn is_one(&self, place: u32) -> bool {
        (place as usize) < MOST_RELAYS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Stamp {
        Stamp(seconds * 1_000_000)
    }

    #[test]
    fn a_skip_by_a_process_that_met_no_failure_is_host_status_and_bounds_its_memory() {
        let mut book = RelayBook::default();
        book.contact((at(100), at(101)), 7, true, true);
        book.fail(at(101), 7, true, None);
        book.skip(at(101), false, false);
        book.skip(at(120), true, false);
        book.contact((at(131), at(131)), 9, true, true);
        assert_eq!((book.skipped, book.skips_by_others, book.skips_unexplained), (2, 1, 0));
        assert_eq!((book.remembered, book.forgotten.as_slice()), (20, &[30][..]));
        let [span] = book.avoided[..] else { panic!("one span") };
        assert_eq!((span.failure, span.until, span.skipped), (Some(at(101)), Some(at(131)), 2));
        assert_eq!(book.avoided_total, Span::from_secs(30));
        assert!(book.contact_after.is_empty(), "a skip came first");
    }

    #[test]
    fn an_answer_that_marks_the_host_was_given_to_the_message_itself() {
        let mut book = RelayBook::default();
        for skipped in [true, true, false] {
            book.contact((at(100), at(101)), 7, true, true);
            let place = book.answer((451, Phase::Unknown), b"4.7.500", b"451 4.7.500 busy");
            book.fail(at(101), 7, false, place);
            if skipped {
                book.skip(at(101), false, false);
                book.skip(at(102), true, false);
            }
        }
        book.finish();
        let told: Vec<(Phase, u64)> =
            book.answers.iter().map(|answer| (answer.phase, answer.count)).collect();
        assert_eq!(told, [(Phase::Data, 2), (Phase::Unknown, 1)]);
    }

    #[test]
    fn contact_by_a_new_process_soon_after_a_failure_speaks_against_host_status() {
        let mut book = RelayBook::default();
        book.contact((at(100), at(101)), 7, true, true);
        book.fail(at(101), 7, true, None);
        book.skip(at(101), false, false);
        book.contact((at(103), at(103)), 8, true, true);
        assert_eq!(book.contact_after, [2]);
        // Another process in contact at the time of the failure may have overwritten the mark.
        book.contact((at(110), at(110)), 9, false, true);
        book.contact((at(111), at(111)), 7, false, true);
        book.fail(at(111), 7, true, None);
        book.contact((at(113), at(113)), 8, true, true);
        assert_eq!(book.contact_after, [2]);
    }
}
