//! Following messages through a log, line by line.
//!
//! A message's life: accepted (`from=`) or first met in a `to=` line -> tried, again and again -> settled (all
//! recipients accepted or given up) -> kept a while for lines that come late -> entered into the books. What is not
//! settled when the log ends is entered with its age.
//!
//! Mail that is handed to a filter on the same machine and comes back (same message id, over loopback) is one message:
//! the second inherits the time of arrival, the first is a hop. Memory is bounded: [`MOST_MESSAGES`] are followed at once,
//! and the one untouched for longest is forgotten for a new one, which is counted.

use super::attempt::{Hop, Outcome, outcome};
use super::conditions::Conduct;
use super::diagnosis::{Arrival, Counts, Coverage, Fate};
use super::entry::{self, Entry, From, To};
use super::epochs::Epochs;
use super::hops::names;
use super::line::{Envelope, Line};
use super::mail::{Event, MailBook};
use super::message::{Message, age};
use super::process::Processes;
use super::relays::Relays;
use super::stamp::{Clock, Stamp};
use super::table::{Table, hash};
use crate::units::Span;
use std::collections::VecDeque;

/// Messages followed at once.
const MOST_MESSAGES: usize = 1 << 19;
/// How long a settled message is kept for lines out of order, further recipients, and its return from a filter.
const LINGER: Span = Span::from_mins(10);
/// Machines with a name of their own.
const MOST_NODES: usize = 256;
/// Starts of a daemon that are kept.
const MOST_STATED: usize = 1024;
/// Damaged lines that are named.
const MOST_DAMAGED: usize = 5;
/// Gaps between attempts are counted by the second up to here.
pub(super) const LONGEST_GAP: usize = 4 * 3600;
/// No relay.
pub(super) const NO_RELAY: u32 = u32::MAX;

/// What is asked of a reader.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Keep every message's arrival, which takes memory that grows with the mail.
    pub arrivals: bool,
    /// Mail that arrives from here on is accounted for apart.
    pub split_at: Option<Stamp>,
}

/// Reads lines; what was learnt is taken out by [`Reader::finish`].
#[derive(Debug)]
pub struct Reader {
    pub(super) options: Options,
    pub(super) coverage: Coverage,
    clock: Clock,
    label: String,
    line_number: u64,
    last_stamp: Stamp,
    /// Machines, and the highest number of a process that was seen of each.
    nodes: Vec<(Vec<u8>, u32)>,
    node: u32,
    pub(super) messages: Table<Message>,
    pub(super) by_message_id: Table<u64>,
    kept: VecDeque<(Stamp, u64)>,
    pub(super) processes: Processes,
    pub(super) relays: Relays,
    pub(super) conduct: Conduct,
    pub(super) epochs: Option<Box<Epochs>>,
    pub(super) mail: MailBook,
    /// Before and from `split_at` on.
    pub(super) parts: Option<Box<[MailBook; 2]>>,
    pub(super) gaps: Vec<u32>,
    pub(super) arrivals: Vec<Arrival>,
    pub(super) stated_runs: Vec<(bool, u64)>,
    pub(super) first_tries: [u64; 2],
    /// Time from arrival to the first attempt, summed.
    pub(super) first_waits: Span,
    pub(super) first: Option<Stamp>,
}

impl Reader {
    /// A reader that has read nothing.
    pub fn new(options: Options) -> Self {
        Reader {
            options,
            coverage: Coverage::default(),
            clock: Clock::new(Stamp::NO_YEAR),
            label: String::new(),
            line_number: 0,
            last_stamp: Stamp(i64::MIN),
            nodes: Vec::new(),
            node: 0,
            messages: Table::new(MOST_MESSAGES),
            by_message_id: Table::new(MOST_MESSAGES),
            kept: VecDeque::new(),
            processes: Processes::new(),
            relays: Relays::new(),
            conduct: Conduct::default(),
            epochs: options.arrivals.then(|| Box::new(Epochs::new())),
            mail: MailBook::default(),
            parts: options.split_at.map(|_| Box::default()),
            gaps: Vec::new(),
            arrivals: Vec::new(),
            stated_runs: Vec::new(),
            first_tries: [0; 2],
            first_waits: Span::ZERO,
            first: None,
        }
    }

    /// The next file begins, called `label` in messages. Files must come in order of time.
    pub fn begin_file(&mut self, label: &str) {
        if let Some(epochs) = &mut self.epochs {
            epochs.begin_file(label);
        }
        self.label = label.to_owned();
        (self.line_number, self.last_stamp) = (0, Stamp(i64::MIN));
    }

    /// Takes a line, without its line break.
    pub fn line(&mut self, text: &[u8]) {
        if let Some(epochs) = &mut self.epochs {
            epochs.line(text);
        }
        self.line_number += 1;
        self.coverage.bytes += text.len() as u64 + 1;
        let text = text.trim_ascii();
        if text.is_empty() {
            return;
        }
        self.coverage.lines += 1;
        if text[0] == b'{' {
            let envelope = Envelope::open(text);
            match envelope.as_ref().and_then(|envelope| envelope.line(&mut self.clock)) {
                Some(line) => self.cut_line(&line),
                None => self.damaged("is no line of a log stream"),
            }
            return;
        }
        match Line::cut(text, &mut self.clock) {
            Some(line) => self.cut_line(&line),
            None => {
                self.coverage.binary |= text.contains(&0);
                self.damaged("has no time stamp at its start");
            }
        }
    }

    /// A line that was longer than a line can be.
    pub fn endless_line(&mut self) {
        self.line_number += 1;
        self.coverage.lines += 1;
        self.damaged("is longer than any line of a log");
    }

    fn damaged(&mut self, why: &str) {
        self.coverage.damaged += 1;
        if self.coverage.damaged_samples.len() < MOST_DAMAGED {
            let (label, number) = (&self.label, self.line_number);
            self.coverage.damaged_samples.push(format!("{label}:{number} {why}"));
        }
    }

    fn cut_line(&mut self, line: &Line) {
        let Some(entry) = entry::parse(line.ident, line.text) else {
            self.coverage.others += 1;
            return;
        };
        self.coverage.sendmail += 1;
        if entry == Entry::Damaged {
            self.damaged("ends in the middle or holds two lines");
            return;
        }
        self.tick(line.at);
        self.find_node(line.node);
        match entry {
            Entry::From(from) => self.accepted(line.at, &from),
            Entry::To(to) => self.delivery(line, &to),
            Entry::Done { qid } => self.done(qid),
            Entry::Returned { qid } => self.returned(line.at, qid),
            Entry::Refused { qid } => self.reject(qid),
            Entry::Warned => {
                self.enter_mail(line.at, |mail| mail.count(line.at, |counts| counts.warned += 1));
            }
            Entry::Starting(Some(runs)) => self.starting(line.ident, runs),
            Entry::Starting(None) | Entry::Other | Entry::Damaged => {}
        }
        if let Some(node) = self.nodes.get_mut(self.node as usize) {
            node.1 = node.1.max(line.pid);
        }
    }

    /// A daemon starts. What was seen of queue runs before is of no use if they were run in another way.
    fn starting(&mut self, ident: &[u8], runs: (bool, u64)) {
        // The runner of the submission queue has an interval of its own.
        if memchr::memmem::find(ident, b"msp").is_some() || self.stated_runs.len() >= MOST_STATED {
            return;
        }
        if self.stated_runs.last().is_some_and(|last| *last != runs) {
            self.gaps.clear();
            self.processes.passes.clear();
        }
        self.stated_runs.push(runs);
    }

    /// Time goes on: settled messages whose time is up are entered into the books.
    fn tick(&mut self, now: Stamp) {
        self.coverage.out_of_order += u64::from(self.last_stamp.since(now) > Span::from_secs(1));
        self.last_stamp = self.last_stamp.max(now);
        if self.first.is_none_or(|first| now < first) {
            self.first = Some(now);
        }
        self.coverage.last = self.coverage.last.max(Some(now));
        while let Some((until, key)) = self.kept.front().copied().filter(|kept| kept.0 <= now) {
            self.kept.pop_front();
            let due = |message: &&mut Message| message.kept_until == Some(until);
            if self.messages.get_mut(key).as_ref().is_some_and(due) {
                self.close(key);
            }
        }
    }

    fn find_node(&mut self, name: &[u8]) {
        if self.nodes.get(self.node as usize).is_some_and(|node| node.0 == name) {
            return;
        }
        let known = self.nodes.iter().position(|node| node.0 == name);
        let place = known.unwrap_or_else(|| {
            if self.nodes.len() < MOST_NODES {
                self.nodes.push((name.to_vec(), 0));
                self.coverage.nodes.push(super::redact::redacted(name));
            }
            self.nodes.len() - 1
        });
        self.node = place as u32;
    }

    /// The highest number of a process seen before on the machine of the line at hand.
    pub(super) fn highest_pid(&self) -> u32 {
        self.nodes.get(self.node as usize).map_or(0, |node| node.1)
    }

    /// The machine of the line at hand.
    pub(super) fn node(&self) -> u32 {
        self.node
    }

    /// Enters something of the instant `at` into the books of the mail: of the whole and of its part.
    pub(super) fn enter_mail(&mut self, at: Stamp, entry: impl Fn(&mut MailBook)) {
        entry(&mut self.mail);
        if let (Some(parts), Some(split)) = (&mut self.parts, self.options.split_at) {
            entry(&mut parts[usize::from(at >= split)]);
        }
    }

    fn key(&self, qid: &[u8]) -> u64 {
        hash(u64::from(self.node), qid)
    }

    fn insert(&mut self, key: u64, message: Message) {
        if let Some(forgotten) = self.messages.insert(key, message) {
            self.coverage.forgotten += 1;
            let at = forgotten.last_seen;
            self.enter(&forgotten, at);
        }
        self.coverage.open_max = self.coverage.open_max.max(self.messages.len() as u64);
    }

    fn accepted(&mut self, at: Stamp, from: &From) {
        // Nothing was accepted: the client went away.
        if from.nrcpts == 0 {
            return;
        }
        let key = self.key(from.qid);
        let message_id = match from.msgid {
            b"" | b"<>" => 0,
            id => hash(u64::from(self.node) ^ 0x6d65_7373, id),
        };
        let (bytes, recipients) = (from.size, from.nrcpts);
        let parent = self.parent(at, key, message_id, from);
        let arrived = match parent {
            // It has reached the filter, and comes back.
            Some((parent, true)) => {
                self.messages.get_mut(parent).map_or(at, |parent| parent.arrived)
            }
            _ => at,
        };
        if parent.is_none() {
            self.enter_mail(at, |mail| {
                mail.recipients.record(recipients);
                bytes.iter().for_each(|bytes| mail.sizes.record(*bytes));
                mail.event(at, Event::Arrived);
            });
        }
        let returned = parent.is_some();
        let fresh = Message {
            arrived,
            own_arrival: at,
            accepted: true,
            bytes,
            recipients,
            relay: NO_RELAY,
            last_seen: at,
            message_id,
            returned,
            ..Message::default()
        };
        match self.messages.touch(key) {
            // Its first delivery line came before, out of order.
            Some(known) if !known.accepted => {
                *known = Message {
                    arrived,
                    own_arrival: at,
                    accepted: true,
                    bytes,
                    recipients,
                    message_id,
                    returned,
                    ..*known
                };
            }
            Some(_) => {}
            None => self.insert(key, fresh),
        }
        if message_id != 0 && self.by_message_id.touch(message_id).is_none() {
            self.by_message_id.insert(message_id, key);
        }
    }

    fn done(&mut self, qid: &[u8]) {
        let key = self.key(qid);
        let Some(message) = self.messages.get_mut(key) else { return };
        let settled = message.delivered.is_some() || message.bounced.is_some();
        if settled && !message.to_loopback && !message.returned {
            self.close(key);
        }
    }

    fn returned(&mut self, at: Stamp, qid: &[u8]) {
        let key = self.key(qid);
        let Some(message) = self.messages.touch(key) else { return };
        message.bounced = Some(at.since(message.arrived));
        message.settled = message.recipients;
        self.keep(key, at);
    }

    fn reject(&mut self, qid: &[u8]) {
        let key = self.key(qid);
        if let Some(message) = self.messages.remove(key) {
            self.forget_id(&message, key);
            let at = message.arrived;
            self.enter_mail(at, |mail| mail.count(at, |counts| counts.refused += 1));
        }
    }

    fn keep(&mut self, key: u64, at: Stamp) {
        let until = Stamp(at.0.saturating_add((LINGER.nanos() / 1000) as i64));
        if let Some(message) = self.messages.get_mut(key) {
            message.kept_until = Some(until);
            self.kept.push_back((until, key));
        }
    }

    fn delivery(&mut self, line: &Line, to: &To) {
        let at = line.at;
        let hop = Hop::read(to.relay);
        let outcome = outcome(to, &hop);
        let key = self.key(to.qid);
        if outcome == Outcome::Rejected {
            self.reject(to.qid);
            return;
        }
        if self.messages.touch(key).is_none() {
            let arrived = at.less_seconds(to.delay.unwrap_or(0));
            let relay = NO_RELAY;
            let new = Message {
                arrived,
                own_arrival: arrived,
                relay,
                last_seen: at,
                ..Message::default()
            };
            self.insert(key, new);
        }
        let Some(message) = self.messages.get_mut(key) else { return };
        message.last_seen = message.last_seen.max(at);
        if outcome == Outcome::Queued {
            message.held = true;
            return;
        }
        self.attempt(line, to, (&hop, outcome), key);
        let Some(message) = self.messages.get_mut(key) else { return };
        let node = u64::from(self.node);
        let filter =
            hop.is_localhost() || message.child != 0 && names(to.stat, node, message.child);
        let age = age(message, at, to.delay);
        match outcome {
            Outcome::Sent => {
                message.settled += u64::from(to.recipients);
                message.delivered = message.delivered.max(Some(age));
                message.to_loopback |= filter;
            }
            Outcome::Bounced => {
                message.settled += u64::from(to.recipients);
                message.bounced = message.bounced.max(Some(age));
            }
            _ => return,
        }
        let (child, over, arrived) =
            (message.child, message.settled >= message.recipients, message.arrived);
        if child != 0 && outcome == Outcome::Sent {
            let began = at.less_seconds(to.xdelay.unwrap_or(0).saturating_add(1));
            let back = filter && self.comes_back(child, arrived, began);
            if let (false, Some(message)) = (back, self.messages.get_mut(key)) {
                // It was no hop to a filter: the other message only had the same id.
                message.child = 0;
            }
        }
        if over {
            self.keep(key, at);
        }
    }

    /// Enters a settled message into the books.
    fn close(&mut self, key: u64) {
        if let Some(message) = self.messages.remove(key) {
            self.forget_id(&message, key);
            self.enter(&message, message.last_seen);
        }
    }

    /// Enters a message as it stands at `end`.
    pub(super) fn enter(&mut self, message: &Message, end: Stamp) {
        if message.child != 0 && message.to_loopback {
            let tries = u64::from(message.tries);
            let at = message.arrived;
            let hop = |counts: &mut Counts| {
                counts.hops += 1;
                counts.tries = counts.tries.saturating_sub(tries);
            };
            self.enter_mail(at, |mail| mail.count(at, hop));
            return;
        }
        let settled = message.settled >= message.recipients.max(1);
        let fate = match (message.delivered, message.bounced) {
            (Some(span), _) if settled => Fate::Delivered(span),
            (None, Some(span)) if settled || !message.accepted => Fate::Bounced(span),
            (Some(span), _) if !message.accepted => Fate::Delivered(span),
            _ => Fate::Queued(end.since(message.arrived)),
        };
        if matches!(fate, Fate::Queued(_)) {
            self.waited(message, end);
        }
        let first = self.first.unwrap_or(end);
        let carried_over = !message.accepted && message.arrived < first;
        let (arrived, tries) = (message.arrived, message.tries);
        if let Fate::Delivered(span) = fate {
            let micros = i64::try_from(span.nanos() / 1000).unwrap_or(i64::MAX);
            let at = Stamp(arrived.0.saturating_add(micros));
            self.enter_mail(at, |mail| mail.event(at, Event::Delivered(span)));
        }
        self.enter_mail(arrived, |mail| mail.settle(arrived, fate, tries, carried_over));
        if self.options.arrivals {
            self.arrivals.push(Arrival {
                at: arrived,
                bytes: message.bytes,
                recipients: u32::try_from(message.recipients.max(1)).unwrap_or(u32::MAX),
                relay: (message.relay != NO_RELAY).then_some(message.relay),
                tries,
                fate,
                carried_over,
            });
        }
    }

    /// What the clock has learnt goes into the coverage.
    pub(super) fn note_clock(&mut self) {
        (self.coverage.years, self.coverage.fractions) = (self.clock.years, self.clock.fractions);
        self.coverage.first = self.first;
    }
}
