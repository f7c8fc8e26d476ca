//! The life of one message, step by step, as an observer beside the recorder.
//!
//! Besides the message itself it follows the queue runs, processes and connections that are under way, so
//! that a step can say which of them did it. Its memory does not grow with the mail.

use crate::model::connection::Closed;
use crate::model::connection::transaction::Ending;
use crate::model::message::Message;
use crate::model::{Observation, Observer};
use crate::units::{SimTime, Span};
use std::collections::BTreeMap;

/// One step in the life of a message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// When.
    pub at: SimTime,
    /// How old the message was.
    pub age: Span,
    /// What happened.
    pub what: What,
}

/// What can happen to a message.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)] // Each is put into words where it is shown.
pub enum What {
    Arrived {
        bytes: u32,
        recipients: u32,
        agent: u32,
    },
    Listed {
        messages: u64,
        runners: u32,
        process: u64,
    },
    TriedAtOnce {
        process: u64,
    },
    /// `open_for` is how long the connection was open; a new one is not open yet.
    Started {
        process: u64,
        connection: u64,
        front_end: u32,
        open_for: Option<Span>,
        batch: u16,
    },
    NoConnection {
        process: u64,
        refused: bool,
    },
    /// `own`: this very process met the failure that marked the host.
    Skipped {
        process: u64,
        until: Option<SimTime>,
        own: bool,
    },
    Lost {
        connection: u64,
        ending: Ending,
        open_for: Option<Span>,
        reason: Option<Closed>,
    },
    /// `until`: how long other processes skip the host, too.
    Marked {
        until: Option<SimTime>,
    },
    Deferred {
        tries: u32,
    },
    Warned,
    Accepted,
    Delivered {
        connection: u64,
        tries: u32,
    },
    Bounced,
}

/// A queue run as it started.
#[derive(Clone, Copy, Debug)]
struct Run {
    at: SimTime,
    messages: u64,
    runners: u32,
}

/// A process under way.
#[derive(Clone, Copy, Debug, Default)]
struct Process {
    started: SimTime,
    run: Option<Run>,
    /// It has marked a host.
    marked: bool,
    /// The last dial that came to nothing, and whether it was refused.
    failed_dial: Option<(SimTime, bool)>,
}

/// Follows one message.
#[derive(Clone, Debug, Default)]
pub struct Story {
    id: u64,
    created: Option<SimTime>,
    destination: u16,
    steps: Vec<Step>,
    /// The last run of each agent.
    runs: BTreeMap<u32, Run>,
    processes: BTreeMap<u64, Process>,
    /// Connections that are open: since when, and to which front end.
    connections: BTreeMap<u64, (SimTime, u32)>,
    /// The process that has introduced itself last.
    in_hand_of: Option<u64>,
    /// The process whose failure at this instant concerns the message.
    failing: Option<(u64, SimTime)>,
    arrived: u64,
}

impl Story {
    /// Follows the message with number `id` in order of arrival, from 0.
    pub fn of(id: u64) -> Self {
        Story { id, ..Story::default() }
    }

    /// Its steps in order of time; empty if it never arrived.
    pub fn steps(mut self) -> Vec<Step> {
        self.steps.sort_by_key(|step| step.at);
        self.steps
    }

    /// The number of the destination it goes to; 0 is Exchange Online.
    pub fn destination(&self) -> u16 {
        self.destination
    }

    /// How many messages arrived.
    pub fn arrived(&self) -> u64 {
        self.arrived
    }

    fn add(&mut self, at: SimTime, what: What) {
        let age = self.created.map_or(Span::ZERO, |created| at.since(created));
        self.steps.push(Step { at, age, what });
    }

    /// How the message came into the hands of `process`, told once.
    fn taken_by(&mut self, process: u64) {
        if self.in_hand_of == Some(process) {
            return;
        }
        self.in_hand_of = Some(process);
        let Some(known) = self.processes.get(&process).copied() else { return };
        match known.run {
            Some(Run { at, messages, runners }) => {
                self.add(at, What::Listed { messages, runners, process });
            }
            None => self.add(known.started, What::TriedAtOnce { process }),
        }
    }

    /// What happened to this message.
    fn follow(&mut self, now: SimTime, message: &Message, observation: &Observation<'_>) {
        match *observation {
            Observation::Arrived { .. } => {
                self.created = Some(message.created);
                self.destination = message.destination;
                let &Message { bytes, recipients, agent, .. } = message;
                self.add(now, What::Arrived { bytes, recipients, agent });
            }
            Observation::TransactionStarted { process, connection, at, .. } => {
                self.taken_by(process);
                let (opened, front_end) =
                    self.connections.get(&connection).copied().unwrap_or((at, 0));
                // A connection opened for this message is opened now and ready later.
                let open_for = (opened < now).then(|| at.since(opened));
                let batch = message.batches_sent;
                self.add(now, What::Started { process, connection, front_end, open_for, batch });
            }
            Observation::TransactionFailed { ending, connection, .. } => {
                let open_for =
                    self.connections.get(&connection).map(|(opened, _)| now.since(*opened));
                self.add(now, What::Lost { connection, ending, open_for, reason: None });
                self.failing = self.in_hand_of.map(|process| (process, now));
            }
            Observation::TrySkipped { process, until, .. } => {
                self.taken_by(process);
                let own = self.processes.get(&process).is_some_and(|known| known.marked);
                self.add(now, What::Skipped { process, until, own });
                self.in_hand_of = None;
            }
            Observation::TryFailed { process, .. } => self.failed(now, process, message.tries),
            Observation::Accepted { at, .. } => self.add(at, What::Accepted),
            Observation::Delivered { connection, .. } => {
                self.add(now, What::Delivered { connection, tries: message.tries + 1 });
            }
            Observation::Warned { .. } => self.add(now, What::Warned),
            Observation::Bounced { .. } => self.add(now, What::Bounced),
            _ => {}
        }
    }

    /// An attempt that reached out is over.
    fn failed(&mut self, now: SimTime, process: u64, tries: u32) {
        self.taken_by(process);
        let dial = self.processes.get(&process).and_then(|known| known.failed_dial);
        if let Some((at, refused)) = dial.filter(|(at, _)| *at == now) {
            self.add(at, What::NoConnection { process, refused });
        }
        self.add(now, What::Deferred { tries });
        self.in_hand_of = None;
        self.failing = None;
    }

    /// A connection has ended.
    fn closed(&mut self, now: SimTime, process: u64, connection: u64, closed: Closed) {
        self.connections.remove(&connection);
        if let Some(known) = self.processes.get_mut(&process)
            && matches!(closed, Closed::ResetAtGreeting | Closed::SessionFailed)
        {
            known.failed_dial = Some((now, false));
        }
        if let Some(Step { at, what: What::Lost { connection: lost, reason, .. }, .. }) =
            self.steps.last_mut()
            && (*at, *lost) == (now, connection)
        {
            *reason = Some(closed);
        }
    }

    /// The runs, processes and connections around the message.
    fn watch(&mut self, now: SimTime, observation: &Observation<'_>) {
        match *observation {
            Observation::RunStarted { agent, listed, children } => {
                self.runs.insert(agent, Run { at: now, messages: listed, runners: children });
            }
            Observation::ProcessStarted { agent, process, runner } => {
                let run = self.runs.get(&agent).copied().filter(|_| runner);
                let known = Process { started: now, run, ..Process::default() };
                self.processes.insert(process, known);
            }
            Observation::ProcessEnded { process, .. } => {
                self.processes.remove(&process);
            }
            Observation::ConnectionOpened { connection, front_end, .. } => {
                self.connections.insert(connection, (now, front_end));
            }
            Observation::ConnectionRefused { process, .. } => {
                if let Some(known) = self.processes.get_mut(&process) {
                    known.failed_dial = Some((now, true));
                }
            }
            Observation::ConnectionClosed { process, connection, reason, .. } => {
                self.closed(now, process, connection, reason);
            }
            Observation::HostMarked { process, until, .. } => {
                if let Some(known) = self.processes.get_mut(&process) {
                    known.marked = true;
                }
                if self.failing == Some((process, now)) {
                    self.add(now, What::Marked { until });
                }
            }
            _ => {}
        }
    }
}

/// The message that an observation is about.
fn about<'a>(observation: &Observation<'a>) -> Option<&'a Message> {
    match *observation {
        Observation::Arrived { message }
        | Observation::TransactionStarted { message, .. }
        | Observation::TransactionFailed { message, .. }
        | Observation::Accepted { message, .. }
        | Observation::Delivered { message, .. }
        | Observation::TrySkipped { message, .. }
        | Observation::TryFailed { message, .. }
        | Observation::Warned { message }
        | Observation::Bounced { message, .. } => Some(message),
        _ => None,
    }
}

impl Observer for Story {
    fn observe(&mut self, now: SimTime, observation: &Observation<'_>) {
        self.arrived += u64::from(matches!(observation, Observation::Arrived { .. }));
        match about(observation) {
            Some(message) if message.id == self.id => self.follow(now, message, observation),
            Some(_) => {}
            None => self.watch(now, observation),
        }
    }
}
