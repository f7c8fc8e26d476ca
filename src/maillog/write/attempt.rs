//! Attempts, as they are followed from their start to the line that tells of them.
//!
//! Life of what is kept: a process with the trouble it met in the attempt in hand, a connection while it is
//! open, and for each host why it was marked last.

use super::MailLog;
use super::line::{self, Style, Told, Took};
use super::names;
use super::reason::{Errno, Why};
use crate::model::connection::Closed;
use crate::model::connection::transaction::Ending;
use crate::model::message::Message;
use crate::model::params::SmtpPhase;
use crate::model::{Observation, waiting::Waited};
use crate::units::SimTime;
use std::collections::BTreeMap;
use std::io::Write;

/// Sendmail sends to so many recipients in one transaction. Source: sendmail 8.17 source.
const BATCH: u32 = 100;

/// What went wrong on a host.
#[derive(Clone, Debug)]
struct Trouble {
    why: Why,
    host: usize,
    address: Option<String>,
    connection: Option<u64>,
    /// The command that was refused.
    phase: SmtpPhase,
}

/// A process under way.
#[derive(Debug, Default)]
struct Process {
    agent: u32,
    pid: u64,
    /// Met in the attempt in hand.
    trouble: Option<Trouble>,
    /// The last address that did not let it connect, and since when it has been dialling.
    dialled: Option<(SimTime, usize, u32)>,
    /// A greeting was a 421.
    greeted_with_421: bool,
    /// Why the connection that has just ended did so, and its host.
    closed: Option<(SimTime, usize, Why)>,
    /// Why it avoids hosts: its own marks, and those that it found on disk.
    avoided: BTreeMap<usize, Why>,
    /// It has found a host locked before.
    met_lock: bool,
    /// The message in hand, since when, and which of its transactions is under way.
    in_hand: Option<(u64, SimTime, u16)>,
}

/// A connection under way.
#[derive(Debug)]
struct Open {
    process: u64,
    destination: usize,
    front_end: u32,
    host: usize,
    greeted: bool,
    /// The last final dot was refused: what a close would store.
    latent: Option<Why>,
}

/// All that is under way.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    processes: BTreeMap<u64, Process>,
    connections: BTreeMap<u64, Open>,
    /// Why each agent has marked each host.
    marks: BTreeMap<(u32, usize), Why>,
    /// The message that was accepted last, and the wait before.
    accepted: Option<(u64, Waited)>,
    /// The process that wrote last.
    last: u64,
}

impl Attempts {
    /// The process that wrote the last line.
    pub(super) fn pid_of_last(&self) -> u64 {
        self.last
    }
}

impl<W: Write> MailLog<'_, W> {
    /// What concerns attempts.
    pub(super) fn follow(&mut self, now: SimTime, observation: &Observation<'_>) {
        match *observation {
            Observation::ProcessStarted { agent, process, runner } => {
                let pid = self.names.pid(agent, process, runner);
                let known = Process { agent, pid, ..Process::default() };
                self.attempts.processes.insert(process, known);
            }
            Observation::ProcessEnded { process, .. } => {
                self.attempts.processes.remove(&process);
            }
            Observation::HostMarked { agent, process, .. } => self.marked(now, agent, process),
            Observation::Accepted { message, waited, .. } => {
                self.attempts.accepted = Some((message.id, waited));
            }
            Observation::TransactionStarted { message, process, connection, .. } => {
                self.transaction_started(now, message, (process, connection));
            }
            Observation::TransactionFailed { ending, connection, .. } => {
                self.transaction_failed(ending, connection);
            }
            Observation::Delivered { message, connection } => {
                self.delivered(now, message, connection);
            }
            Observation::TrySkipped { message, process, host, waited, until } => {
                let told = self.skipped(process, host, until.is_none());
                self.tried(now, message, process, (waited, &told));
            }
            Observation::TryFailed { message, process, host, waited } => {
                let told = self.failed(now, process, host);
                self.tried(now, message, process, (waited, &told));
            }
            Observation::Bounced { message, waited } => self.bounced(now, message, waited),
            _ => self.follow_connection(now, observation),
        }
    }

    /// What concerns connections.
    fn follow_connection(&mut self, now: SimTime, observation: &Observation<'_>) {
        match *observation {
            Observation::ConnectionOpened {
                agent,
                process,
                connection,
                destination,
                front_end,
                greeted,
            } => {
                let host = self.names.host_of(destination, front_end);
                let open = Open { process, destination, front_end, host, greeted, latent: None };
                self.attempts.connections.insert(connection, open);
                if let Some(known) = self.attempts.processes.get_mut(&process) {
                    known.dialled = None;
                    known.greeted_with_421 = false;
                    let (pid, address) = (known.pid, names::address(destination, front_end));
                    let text = super::smtp::opened(&self.names.host(host), &address);
                    self.smtp_line(now, agent, pid, &text);
                }
            }
            Observation::ConnectionRefused { process, destination, front_end, .. } => {
                let greeting = self
                    .attempts
                    .connections
                    .values()
                    .any(|open| open.process == process && !open.greeted);
                let Some(known) = self.attempts.processes.get_mut(&process) else { return };
                if greeting {
                    known.greeted_with_421 = true;
                } else {
                    known.dialled = Some((now, destination, front_end));
                }
            }
            Observation::ConnectionClosed {
                agent,
                process,
                connection,
                reason,
                opened_at,
                carried,
                ..
            } => {
                self.closed(now, (process, connection), reason);
                let pid = self.attempts.processes.get(&process).map_or(0, |known| known.pid);
                let text = super::smtp::closed(reason, now.since(opened_at), carried);
                self.smtp_line(now, agent, pid, &text);
            }
            _ => {}
        }
    }

    /// Why a connection ended is what its host may be marked for in this very instant.
    fn closed(&mut self, now: SimTime, (process, connection): (u64, u64), reason: Closed) {
        let Some(open) = self.attempts.connections.remove(&connection) else { return };
        let Some(known) = self.attempts.processes.get_mut(&process) else { return };
        let by_message =
            known.trouble.as_mut().filter(|trouble| trouble.connection == Some(connection));
        let why = match (by_message, open.greeted) {
            (Some(trouble), _) => {
                if reason == Closed::TimedOut {
                    trouble.why = Why::Lost(Errno::TimedOut);
                }
                Some(trouble.why.clone())
            }
            (None, false) if known.greeted_with_421 => {
                Some(Why::of_greeting(self.params.receiver_of(open.destination)))
            }
            (None, _) => open.latent.or_else(|| Why::of_close(reason)),
        };
        if !open.greeted
            && let Some(why) = why.clone()
        {
            let address = Some(names::address(open.destination, open.front_end));
            let (host, phase) = (open.host, SmtpPhase::Mail);
            known.trouble = Some(Trouble { why, host, address, connection: None, phase });
        }
        known.closed = why.map(|why| (now, open.host, why));
    }

    /// A host is marked: for the connection that has just ended, or because none came about.
    fn marked(&mut self, now: SimTime, agent: u32, process: u64) {
        self.not_connected(now, process);
        let Some(known) = self.attempts.processes.get_mut(&process) else { return };
        let just_closed = known.closed.take().filter(|(at, _, _)| *at == now);
        let trouble = known.trouble.as_ref().map(|trouble| (trouble.host, trouble.why.clone()));
        let Some((host, why)) = just_closed.map(|(_, host, why)| (host, why)).or(trouble) else {
            return;
        };
        known.avoided.insert(host, why.clone());
        self.attempts.marks.insert((agent, host), why);
    }

    /// If the process has been dialling in vain, that is its trouble.
    fn not_connected(&mut self, now: SimTime, process: u64) {
        let patience = self.params.sender.timeouts.connect;
        let Some(known) = self.attempts.processes.get_mut(&process) else { return };
        let Some((since, destination, front_end)) = known.dialled.take() else { return };
        // What the last address did is what counts; it is not told apart unless all were alike.
        let timed_out = now.since(since) >= patience && !patience.is_zero();
        let errno = if timed_out { Errno::TimedOut } else { Errno::Refused };
        known.trouble = Some(Trouble {
            why: Why::NotConnected(errno),
            host: self.names.host_of(destination, front_end),
            address: Some(names::address(destination, front_end)),
            connection: None,
            phase: SmtpPhase::Mail,
        });
    }

    /// The transaction before, if it was of the same message, was accepted for its recipients.
    fn transaction_started(
        &mut self,
        now: SimTime,
        message: &Message,
        (process, connection): (u64, u64),
    ) {
        let batch = message.batches_sent;
        let Some(known) = self.attempts.processes.get_mut(&process) else { return };
        let (since, before) = match known.in_hand {
            Some((id, since, before)) if id == message.id => (since, Some(before)),
            _ => (now, None),
        };
        known.in_hand = Some((message.id, since, batch));
        if before.is_some_and(|before| before < batch) {
            let told = self.sent(message, connection);
            let recipients = self.recipients(message, batch - 1..batch);
            self.lines(now, message, process, (since, &recipients, &told));
        }
    }

    fn transaction_failed(&mut self, ending: Ending, connection: u64) {
        let Some(open) = self.attempts.connections.get_mut(&connection) else { return };
        let why = Why::of_transaction(ending, self.params.receiver_of(open.destination));
        let phase = match ending {
            Ending::Refused { phase, .. } | Ending::Cut { phase, .. } => phase,
            Ending::Accepted => SmtpPhase::Dot,
        };
        // 452 to the dot leaves the last status as it was. MODEL.md 6.1
        if matches!(ending, Ending::Refused { phase: SmtpPhase::Dot, code: 400..=499 })
            && !matches!(ending, Ending::Refused { code: 452, .. })
        {
            open.latent = Some(why.clone());
        }
        let address = Some(names::address(open.destination, open.front_end));
        let (host, process) = (open.host, open.process);
        if let Some(known) = self.attempts.processes.get_mut(&process) {
            let connection = Some(connection);
            known.trouble = Some(Trouble { why, host, address, connection, phase });
        }
    }

    fn delivered(&mut self, now: SimTime, message: &Message, connection: u64) {
        let accepted = self.attempts.accepted.take().filter(|(id, _)| *id == message.id);
        let told = self.sent(message, connection);
        let Some(open) = self.attempts.connections.get_mut(&connection) else { return };
        open.latent = None;
        let process = open.process;
        // A copy that was accepted before is sent again without a new acceptance being told.
        let waited = accepted.map(|(_, waited)| waited).unwrap_or(message.waited(now, now));
        let recipients = self.recipients(message, message.batches_sent..u16::MAX);
        self.lines(now, message, process, (waited.taken, &recipients, &told));
        self.smtp_attempt(now, message, process, (message.tries + 1, waited, &told));
        self.next_message(process);
    }

    /// A failed or skipped attempt, in both logs.
    fn tried(
        &mut self,
        now: SimTime,
        message: &Message,
        process: u64,
        (waited, told): (Waited, &Told),
    ) {
        let recipients = self.recipients(message, message.batches_sent..u16::MAX);
        self.lines(now, message, process, (waited.taken, &recipients, told));
        self.smtp_attempt(now, message, process, (message.tries, waited, told));
        self.next_message(process);
    }

    fn next_message(&mut self, process: u64) {
        if let Some(known) = self.attempts.processes.get_mut(&process) {
            known.trouble = None;
            known.in_hand = None;
        }
    }

    /// Sent on `connection`.
    fn sent(&self, message: &Message, connection: u64) -> Told {
        let relay = self.attempts.connections.get(&connection).map(|open| {
            let address = names::address(open.destination, open.front_end);
            line::relay(&self.names.host(open.host), Some(&address))
        });
        Told {
            relay: relay.unwrap_or_default(),
            connected: true,
            dsn: "2.6.0".to_owned(),
            reply: None,
            stat: format!("Sent ({} Queued mail for delivery)", names::message_id(message.id)),
        }
    }

    /// Skipped without a connection: the host is avoided, or locked by another process.
    fn skipped(&mut self, process: u64, host: usize, locked: bool) -> Told {
        let name = self.names.host(host);
        let bare = |dsn: &str| Told {
            relay: line::relay(&name, None),
            connected: false,
            dsn: dsn.to_owned(),
            reply: None,
            stat: "Deferred".to_owned(),
        };
        let Some(known) = self.attempts.processes.get_mut(&process) else { return bare("4.0.0") };
        if self.style == Style::Article {
            return bare("4.0.0");
        }
        if locked {
            return bare(if std::mem::replace(&mut known.met_lock, true) {
                "4.4.5"
            } else {
                "4.0.0"
            });
        }
        // What it finds on disk at its first touch of the host is what it repeats.
        let on_disk = self.attempts.marks.get(&(known.agent, host));
        if let (None, Some(why)) = (known.avoided.get(&host), on_disk) {
            known.avoided.insert(host, why.clone());
        }
        known.avoided.get(&host).map_or_else(
            || bare("4.0.0"),
            |why| Told { stat: why.stale_status(&name), ..bare(why.dsn()) },
        )
    }

    /// Failed: told is what happened on the last host, be it that this one was skipped.
    fn failed(&mut self, now: SimTime, process: u64, host: usize) -> Told {
        self.not_connected(now, process);
        let trouble = self.attempts.processes.get(&process).and_then(|known| known.trouble.clone());
        match trouble.filter(|trouble| trouble.host == host) {
            None => self.skipped(process, host, false),
            Some(Trouble { why, address, .. }) => {
                let name = self.names.host(host);
                Told {
                    relay: line::relay(&name, address.as_deref()),
                    connected: true,
                    dsn: why.dsn().to_owned(),
                    reply: why.reply().map(str::to_owned),
                    stat: why.status(&name),
                }
            }
        }
    }

    /// Returned to its sender: refused for good, or too old.
    fn bounced(&mut self, now: SimTime, message: &Message, waited: Option<Waited>) {
        let Some(waited) = waited else {
            let age = line::interval(self.params.sender.give_up_after);
            return self.notice(now, message, ("DSN", &format!("Cannot send message for {age}")));
        };
        let in_hand = |known: &Process| known.in_hand.is_some_and(|(id, ..)| id == message.id);
        let found = self.attempts.processes.iter().find(|(_, known)| in_hand(known));
        let Some((process, trouble)) = found.map(|(n, known)| (*n, known.trouble.clone())) else {
            return;
        };
        let Some(Trouble { why, host, address, phase, .. }) = trouble else { return };
        let stat = why.final_status(phase);
        let told = Told {
            relay: line::relay(&self.names.host(host), address.as_deref()),
            connected: true,
            dsn: why.dsn().to_owned(),
            reply: why.reply().map(str::to_owned),
            stat: stat.to_owned(),
        };
        let recipients = self.recipients(message, message.batches_sent..u16::MAX);
        self.lines(now, message, process, (waited.taken, &recipients, &told));
        self.smtp_attempt(now, message, process, (message.tries + 1, waited, &told));
        self.next_message(process);
        self.notice(now, message, ("DSN", stat));
    }

    /// The recipients of some of a message's transactions.
    fn recipients(&self, message: &Message, batches: std::ops::Range<u16>) -> String {
        let number = |batch: u16| u32::from(batch) * BATCH;
        let end = number(batches.end).min(message.recipients);
        let all = (number(batches.start)..end).map(|n| self.names.recipient(message, n));
        all.collect::<Vec<_>>().join(",")
    }

    fn lines(
        &mut self,
        now: SimTime,
        message: &Message,
        process: u64,
        (since, recipients, told): (SimTime, &str, &Told),
    ) {
        let Some(known) = self.attempts.processes.get(&process) else { return };
        let (agent, pid) = (known.agent, known.pid);
        self.attempts.last = pid;
        let took = self.took(now, message, since);
        let id = self.clock.queue_id(message);
        for text in line::to(&id, recipients, message, (took, told, self.style)) {
            self.mail_line(now, agent, pid, &text);
        }
    }

    fn took(&self, now: SimTime, message: &Message, since: SimTime) -> Took {
        let delay = self.clock.seconds(message.created, now);
        Took { delay, xdelay: self.clock.seconds(since, now) }
    }

    fn smtp_attempt(
        &mut self,
        now: SimTime,
        message: &Message,
        process: u64,
        (tries, waited, told): (u32, Waited, &Told),
    ) {
        let Some(known) = self.attempts.processes.get(&process) else { return };
        let (agent, pid) = (known.agent, known.pid);
        let since = (tries > 1).then(|| self.clock.seconds(waited.since, waited.taken));
        let took = self.took(now, message, waited.taken);
        let id = self.clock.queue_id(message);
        let text = super::smtp::attempt(&id, (tries, since), took, told);
        self.smtp_line(now, agent, pid, &text);
    }
}
