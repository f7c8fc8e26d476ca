//! The books behind [`Conditions`](super::Conditions): a process's last line, who is at work, a door that is
//! closed.

use super::times::Times;
use super::{Closed, Conditions, Door, Openings};
use crate::maillog::Stamp;
use crate::units::Span;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Receivers with books of their own.
const MOST_RECEIVERS: u32 = 64;
/// Processes remembered.
const MOST_PROCESSES: usize = 32_768;
/// Who has had a message accepted within this is at work.
const AT_WORK: Span = Span::from_secs(5);
const MOST_AT_WORK: usize = 512;
/// So long a door must have stayed closed, and so many must have found it so, for an outage.
const OUTAGE: Span = Span::from_mins(5);
const MOST_OUTAGES: usize = 64;
const MOST_CUTS: usize = 10_000;
/// Windows in which bytes are counted, in seconds, and how many of them.
const WINDOW: i64 = 300;
const MOST_WINDOWS: usize = 1 << 16;
/// Opening a connection takes about so long, as assumed by default: three round trips and a little, less the probe of a
/// connection that is used again.
const OPENING: f64 = 0.1;
/// So long after a refusal a message may still be accepted that was under way then.
const LONGEST_MESSAGE: Span = Span::from_secs(20);
/// Refusals that are looked back at together.
const MOST_REFUSALS: usize = 64;
/// Connections at work at once that are counted.
const MOST_OPEN: usize = 1024;

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::maillog) enum Kind {
    Sent,
    Skipped,
    Reset,
    TimedOut,
    Refused,
    Greeting421,
    Other,
}

/// An attempt.
#[derive(Clone, Copy, Debug)]
pub(in crate::maillog) struct Seen {
    pub(in crate::maillog) at: Stamp,
    /// Whole seconds it took.
    pub(in crate::maillog) lasted: u64,
    /// Machine and process.
    pub(in crate::maillog) process: u64,
    /// The receiver.
    pub(in crate::maillog) place: u32,
    pub(in crate::maillog) message: u64,
    pub(in crate::maillog) bytes: Option<u64>,
    pub(in crate::maillog) kind: Kind,
}

/// A process's last line.
#[derive(Clone, Copy, Debug)]
struct Last {
    at: Stamp,
    place: u32,
    message: u64,
    sent: bool,
}

/// One receiver's books.
#[derive(Clone, Debug, Default)]
struct Book {
    times: Times,
    openings: Openings,
    /// Processes at work and when they had their last message accepted.
    at_work: VecDeque<(u64, Stamp)>,
    /// How often so many were at work when one more was refused.
    open_when_refused: Vec<u32>,
    /// Refusals of late: when, and the processes found to have been at work then.
    refusals: VecDeque<(Stamp, BTreeSet<u64>)>,
    connect_timeout: Option<u64>,
    last_success: Option<Stamp>,
    closed: Option<(Closed, [u32; 4])>,
    outages: Vec<Closed>,
    /// When connections were lost that had carried mail.
    cuts: Vec<Stamp>,
    /// Bytes delivered, by windows of time.
    volume: BTreeMap<i64, u64>,
}

/// How all receivers of a log behave.
#[derive(Clone, Debug, Default)]
pub(in crate::maillog) struct Conduct {
    last: BTreeMap<u64, Last>,
    books: Vec<Book>,
}

impl Conduct {
    /// Enters an attempt.
    pub(in crate::maillog) fn enter(&mut self, seen: &Seen) {
        if seen.place >= MOST_RECEIVERS {
            return;
        }
        let place = seen.place as usize;
        if self.books.len() <= place {
            self.books.resize_with(place + 1, Book::default);
        }
        let sent = seen.kind == Kind::Sent;
        let now = Last { at: seen.at, place: seen.place, message: seen.message, sent };
        let before = self.last.insert(seen.process, now);
        if self.last.len() > MOST_PROCESSES {
            let hour = Span::from_hours(1);
            self.last.retain(|_, last| seen.at.since(last.at) < hour);
            if self.last.len() > MOST_PROCESSES {
                self.last.clear();
            }
        }
        // Further recipients of one message have lines of their own.
        if before.is_some_and(|last| sent && last.sent && last.message == seen.message) {
            return;
        }
        let began = seen.at.second() - i64::try_from(seen.lasted).unwrap_or(i64::MAX / 2);
        let goes_on = before.filter(|last| {
            last.sent && last.place == seen.place && began <= last.at.second() && last.at <= seen.at
        });
        let book = &mut self.books[place];
        match seen.kind {
            Kind::Sent => book.sent(seen, goes_on.map(|last| last.at)),
            Kind::Skipped | Kind::Other => {}
            // A connection that carried mail before was cut; that is another matter, unless the door stays closed.
            Kind::Reset | Kind::TimedOut if goes_on.is_some() => {
                if book.cuts.len() < MOST_CUTS {
                    book.cuts.push(seen.at);
                }
                book.shut(seen.at);
            }
            Kind::Reset => book.failed(seen, Door::Reset),
            Kind::TimedOut => book.failed(seen, Door::Silent),
            Kind::Refused => book.failed(seen, Door::Refused),
            Kind::Greeting421 => book.failed(seen, Door::Greeting421),
        }
    }

    /// What the books of the receivers in `places` come to, taken as one.
    pub(in crate::maillog) fn finish(&self, places: &[u32]) -> Conditions {
        let books = places.iter().filter_map(|place| self.books.get(*place as usize)).cloned();
        let (mut times, mut all) = (Times::default(), Conditions::default());
        let mut counts = vec![0u32; MOST_OPEN];
        let mut volume: BTreeMap<i64, u64> = BTreeMap::new();
        for mut book in books {
            book.settle_refusals(None);
            times.merge(&book.times);
            let (mine, theirs) = (&mut all.openings, &book.openings);
            mine.good += theirs.good;
            mine.reset += theirs.reset;
            mine.greeted_421 += theirs.greeted_421;
            mine.refused += theirs.refused;
            mine.timed_out += theirs.timed_out;
            all.outages.extend(book.outages.iter().copied().chain(book.closed.and_then(outage)));
            all.cuts.extend_from_slice(&book.cuts);
            book.volume.iter().for_each(|(at, bytes)| *volume.entry(*at).or_default() += bytes);
            for (sum, count) in counts.iter_mut().zip(&book.open_when_refused) {
                *sum += count;
            }
            let shortest = [all.connect_timeout, book.connect_timeout].into_iter().flatten().min();
            all.connect_timeout = shortest;
        }
        all.plateau = plateau(&volume);
        all.outages.sort_by_key(|closed| closed.from);
        all.cuts.sort();
        let most =
            counts.iter().copied().enumerate().filter(|(open, count)| *open > 0 && *count > 0);
        let most = most.max_by_key(|(open, count)| (*count, *open));
        all.open_when_refused = most.and_then(|(open, _)| u32::try_from(open).ok());
        all.message_time = times.finish();
        all
    }
}

/// Bytes a second in the fullest windows, if there is a long stretch of windows near them: what a line carries that is
/// full. Runners that wait for the slowest of their run leave it idle now and then, so the mean would be too little.
fn plateau(volume: &BTreeMap<i64, u64>) -> Option<f64> {
    /// Windows of the stretch.
    const LEAST: usize = 8;
    /// Windows whose mean is taken.
    const FULLEST: usize = 3;
    let most = *volume.values().max()? as f64;
    let near = volume.iter().filter(|(_, bytes)| **bytes as f64 >= 0.85 * most);
    let near: Vec<i64> = near.map(|(at, _)| *at).collect();
    let longest = near.chunk_by(|a, b| a + 1 == *b).map(<[i64]>::len).max()?;
    let mut bytes: Vec<u64> = volume.values().copied().collect();
    bytes.sort_unstable_by(|a, b| b.cmp(a));
    let fullest: u64 = bytes.iter().take(FULLEST).sum();
    (longest >= LEAST).then(|| fullest as f64 / (FULLEST as f64 * WINDOW as f64))
}

/// A door that was closed long enough.
fn outage((closed, counts): (Closed, [u32; 4])) -> Option<Closed> {
    let doors = [Door::Refused, Door::Silent, Door::Reset, Door::Greeting421];
    let (count, door) = counts.into_iter().zip(doors).max_by_key(|(count, _)| *count)?;
    let long = closed.last.since(closed.from) >= OUTAGE && count >= 1;
    // A machine that resets is one of many; it takes more of them for an outage.
    let sure = matches!(door, Door::Refused | Door::Silent) || count >= 5;
    (long && sure).then_some(Closed { door, ..closed })
}

impl Book {
    fn at_work(&mut self, seen: &Seen) -> usize {
        while self.at_work.front().is_some_and(|(_, at)| seen.at.since(*at) > AT_WORK) {
            self.at_work.pop_front();
        }
        self.at_work.retain(|(process, _)| *process != seen.process);
        self.at_work.len()
    }

    /// Who has a message accepted now that was begun before a connection was refused had one open at that moment.
    fn look_back(&mut self, seen: &Seen) {
        self.settle_refusals(Some(seen.at));
        let began = seen.at.second() - i64::try_from(seen.lasted).unwrap_or(i64::MAX / 2);
        for (refused, open) in &mut self.refusals {
            if began <= refused.second() && *refused < seen.at && open.len() < MOST_OPEN {
                open.insert(seen.process);
            }
        }
    }

    /// Refusals that are long past are counted; all of them at the end.
    fn settle_refusals(&mut self, now: Option<Stamp>) {
        let due = |at: Stamp| now.is_none_or(|now| now.since(at) > LONGEST_MESSAGE);
        while self.refusals.front().is_some_and(|(at, _)| due(*at)) {
            let Some((_, open)) = self.refusals.pop_front() else { return };
            let open = open.len().min(MOST_OPEN - 1);
            if self.open_when_refused.len() <= open {
                self.open_when_refused.resize(open + 1, 0);
            }
            self.open_when_refused[open] += 1;
        }
    }

    fn sent(&mut self, seen: &Seen, before: Option<Stamp>) {
        self.look_back(seen);
        let others = self.at_work(seen);
        if self.at_work.len() < MOST_AT_WORK {
            self.at_work.push_back((seen.process, seen.at));
        }
        match (before, seen.bytes) {
            (Some(before), Some(bytes)) => {
                let took = seen.at.since(before).seconds();
                // By when it began: what it takes is settled then.
                self.times.add(before.second(), others + 1, bytes, took);
            }
            (None, bytes) => {
                self.openings.good += 1;
                if let Some(bytes) = bytes {
                    // It takes an opening more than one that follows, and no probe.
                    let took = (seen.lasted as f64 - OPENING).max(-OPENING);
                    let began = seen.at.less_seconds(seen.lasted).second();
                    self.times.add_first(began, others + 1, bytes, took);
                }
            }
            (Some(_), None) => {}
        }
        self.last_success = Some(seen.at);
        let window = seen.at.second().div_euclid(WINDOW);
        if self.volume.len() < MOST_WINDOWS || self.volume.contains_key(&window) {
            *self.volume.entry(window).or_default() += seen.bytes.unwrap_or(0);
        }
        if let Some((closed, counts)) = self.closed.take()
            && let Some(outage) = outage((closed, counts))
            && self.outages.len() < MOST_OUTAGES
        {
            self.outages.push(Closed { before: Some(seen.at), ..outage });
        }
    }

    /// The door may be closed from now on.
    fn shut(&mut self, at: Stamp) {
        let door = Door::Reset;
        let new = Closed { after: self.last_success, from: at, last: at, before: None, door };
        self.closed.get_or_insert((new, [0; 4]));
    }

    /// No connection came about.
    fn failed(&mut self, seen: &Seen, door: Door) {
        match door {
            Door::Refused => self.openings.refused += 1,
            Door::Silent => {
                self.openings.timed_out += 1;
                let lasted = Some(seen.lasted).filter(|lasted| *lasted > 0);
                let shortest = [self.connect_timeout, lasted].into_iter().flatten().min();
                self.connect_timeout = shortest;
            }
            Door::Reset => self.openings.reset += 1,
            Door::Greeting421 => {
                self.openings.greeted_421 += 1;
                self.settle_refusals(Some(seen.at));
                if self.refusals.len() < MOST_REFUSALS {
                    self.refusals.push_back((seen.at, BTreeSet::new()));
                }
            }
        }
        self.shut(seen.at);
        let Some((closed, counts)) = &mut self.closed else { return };
        closed.last = closed.last.max(seen.at);
        counts[match door {
            Door::Refused => 0,
            Door::Silent => 1,
            Door::Reset => 2,
            Door::Greeting421 => 3,
        }] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(process: u64, millis: i64, lasted: u64, kind: Kind) -> Seen {
        let message = millis as u64 * 100 + process;
        Seen {
            at: Stamp(millis * 1000),
            lasted,
            process,
            place: 0,
            message,
            bytes: Some(1000),
            kind,
        }
    }

    #[test]
    fn a_full_line_shows_as_a_plateau_of_volume() {
        let volume = |bytes: fn(i64) -> u64| (0..40).map(|at| (at, bytes(at))).collect();
        let full = plateau(&volume(|at| {
            if (10..25).contains(&at) { 3_000_000 + 1000 * (at as u64 % 7) } else { 9000 }
        }));
        assert!((full.expect("a plateau") / 10_020.0 - 1.0).abs() < 0.001, "{full:?}");
        assert_eq!(plateau(&volume(|at| 1000 * at.unsigned_abs())), None, "a ramp is none");
    }

    #[test]
    fn a_gap_counts_as_a_message_s_time_only_if_its_attempt_began_when_the_last_one_ended() {
        let mut conduct = Conduct::default();
        // Busy, half a second each; a pause of a second after every tenth.
        let mut at = 0;
        for n in 0..400 {
            at += if n % 10 == 0 { 1500 } else { 500 };
            let began: i64 = if n % 10 == 0 { at - 400 } else { at - 500 };
            let lasted = (at / 1000 - began / 1000) as u64;
            conduct.enter(&seen(7, at, lasted, Kind::Sent));
        }
        let all = conduct.finish(&[0]);
        let time = all.message_time.expect("enough");
        assert!(
            (time.base - 0.5).abs() < 1e-9 && time.deviation.is_some_and(|of| of < 1e-6),
            "{time:?}"
        );
        assert_eq!((time.n, all.openings.good), (360, 40));
    }

    #[test]
    fn a_door_that_stays_closed_is_an_outage_and_a_sick_machine_is_none() {
        let mut conduct = Conduct::default();
        let minute = 60_000;
        for (millis, kind) in [
            (0, Kind::Sent),
            (minute, Kind::Reset),
            (2 * minute, Kind::Sent),
            (59 * minute, Kind::Sent),
            (59 * minute + 200, Kind::Reset),
            (90 * minute, Kind::Refused),
            (120 * minute, Kind::Sent),
        ] {
            // One process each, but for the one whose connection is cut.
            let process = 1 + (millis / minute) as u64;
            conduct.enter(&seen(process, millis, 0, kind));
        }
        let found = conduct.finish(&[0]);
        let [outage] = found.outages[..] else { panic!("{found:?}") };
        assert_eq!(outage.door, Door::Refused);
        assert_eq!(outage.from, Stamp((59 * minute + 200) * 1000));
        assert_eq!(outage.last, Stamp(90 * minute * 1000));
        assert_eq!(outage.before, Some(Stamp(120 * 60 * 1_000_000)));
        assert_eq!((found.openings.reset, found.openings.refused), (1, 1));
    }

    #[test]
    fn who_is_at_work_when_one_more_is_refused_is_the_limit() {
        let mut conduct = Conduct::default();
        for round in 0..50 {
            for process in 0..5 {
                conduct.enter(&seen(process, 1000 * round + process as i64, 1, Kind::Sent));
            }
            conduct.enter(&seen(100, 1000 * round + 500, 0, Kind::Greeting421));
        }
        assert_eq!(conduct.finish(&[0]).open_when_refused, Some(5));
    }
}
