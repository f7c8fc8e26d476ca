//! A delivering process: a queue runner, or the process of one immediate delivery.
//!
//! Life: started -> takes a message -> attempt (host after host) -> next message ... -> closes its
//! connections and ends. Its memory of hosts and its open connections end with it. MODEL.md section 5.
//!
//! A message that another process holds, or that is gone, is passed over without a trace. After a mark
//! every other message to that host is skipped at once, HostStat on or off (6.2).
//!
//! | parameter | default | source |
//! |---|---|---|
//! | `costs.skip` | 1 ms | laboratory |
//! | `costs.process_start` | 0 | laboratory: 27 ms on its machine |
//! | `delivery` | queue_only | assumed; `DeliveryMode` |
//!
//! Left out: threads; a process does one thing at a time, as Sendmail does.

use super::host_status::Memory;
use super::queue::Listed;
use super::skip::Vain;
use crate::engine::Timer;
use crate::model::connection::session::SessionEnding;
use crate::model::connection::transaction::{Ending, Hangup, Transaction};
use crate::model::connection::{Closed, Connection};
use crate::model::event::{Context, Event};
use crate::model::observation::{Observation, Observer};
use crate::model::params::{Params, Routing};
use crate::model::waiting::Waited;
use crate::model::world::World;
use crate::units::{SimTime, Span};
use std::rc::Rc;

/// What a process works on.
#[derive(Debug, Default)]
pub(super) enum Work {
    #[default]
    Nothing,
    /// Every `step`-th message of a run's list, from `next` on; those before `fetched` are in near memory.
    Run { run: u32, list: Rc<Vec<Listed>>, next: usize, step: usize, fetched: usize },
    /// One message at once; `None` when it has been taken.
    Immediate { message: Option<u32> },
}

/// The message in hand.
#[derive(Clone, Copy, Debug)]
pub(in crate::model) struct Attempt {
    /// Where the message is.
    pub(in crate::model) slot: u32,
    /// Position in the process's list of hosts, and where the destination's hosts end.
    pub(in crate::model) position: u32,
    /// See `position`.
    pub(in crate::model) end: u32,
    /// Some host was dialled or talked to: a failure then is a real one, not a skip.
    pub(in crate::model) reached: bool,
    /// The wait that it ended.
    pub(in crate::model) waited: Waited,
}

/// An attempt to open a connection that fails.
#[derive(Clone, Copy, Debug)]
pub(in crate::model) struct FailedSession {
    pub(in crate::model) host: usize,
    /// The front end that accepted the connection, and the connection's number, if one came about.
    pub(in crate::model) reached: Option<(u32, u64)>,
    pub(in crate::model) opened_at: SimTime,
    pub(in crate::model) ending: SessionEnding,
}

/// What a process is waiting for.
#[derive(Clone, Debug, Default)]
pub(in crate::model) enum Pending {
    /// Nothing: it takes its next message.
    #[default]
    NextMessage,
    /// An attempt to open a connection that fails.
    Session(FailedSession),
    /// The RSET probe that finds connection `index` cut.
    Probe { index: usize, how: Hangup, reason: Closed },
    /// A stage of a transaction that needs the receiver's state or the shared link.
    Stage { index: usize, stage: Stage, transaction: Box<Transaction> },
    /// The body travels over the shared link since `started`, as transfer `transfer`; the timer is that of
    /// a reset that may come before it is through.
    Body {
        index: usize,
        transaction: Box<Transaction>,
        started: SimTime,
        transfer: u64,
        /// Bits that each transfer had got when this one joined.
        joined: f64,
        reset: Option<Timer>,
    },
    /// The end of a transaction on connection `index`.
    Transaction { index: usize, ending: Ending, accepted_at: Option<SimTime>, sent: f64 },
}

impl Pending {
    /// The connection that is in use.
    pub(in crate::model) fn connection(&self) -> Option<usize> {
        match self {
            Pending::NextMessage | Pending::Session(_) => None,
            Pending::Probe { index, .. }
            | Pending::Stage { index, .. }
            | Pending::Body { index, .. }
            | Pending::Transaction { index, .. } => Some(*index),
        }
    }
}

/// Where a transaction has to ask somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::model) enum Stage {
    /// RCPT reaches a throttling receiver.
    Rcpt,
    /// The body starts over the shared link.
    Body,
    /// The final dot reaches a throttling receiver.
    Dot,
}

/// What a process does after a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::model) enum Next {
    /// It tries the message's next host.
    Host,
    /// It takes its next message.
    Message,
    /// It sends the same message to its remaining recipients.
    SameMessage,
}

/// One process.
#[derive(Debug, Default)]
pub(in crate::model) struct Process {
    pub(in crate::model) agent: u32,
    pub(in crate::model) number: u64,
    /// When it was started: the instant at which its run listed the queue.
    pub(super) started: SimTime,
    /// The settings it started with.
    pub(in crate::model) settings: Rc<Params>,
    pub(super) work: Work,
    /// What it remembers, by host status record.
    pub(in crate::model) memory: Vec<Memory>,
    /// Hosts in the order in which it tries them, destination by destination.
    pub(in crate::model) hosts: Vec<usize>,
    pub(in crate::model) connections: Vec<Connection>,
    pub(in crate::model) attempt: Option<Attempt>,
    pub(in crate::model) pending: Pending,
}

/// The processes alive, by slot.
#[derive(Debug, Default)]
pub(in crate::model) struct Processes {
    pub(super) slots: Vec<Process>,
    free: Vec<u32>,
    started: u64,
    /// Connections opened so far.
    pub(in crate::model) connections_opened: u64,
}

impl Processes {
    pub(in crate::model) fn at(&mut self, slot: u32) -> &mut Process {
        &mut self.slots[slot as usize]
    }

    /// How many processes there have been at once; those that have ended hold no connection.
    pub(in crate::model) fn slots(&self) -> u32 {
        self.slots.len() as u32
    }
}

/// How an attempt goes on.
enum Step {
    /// An event will tell.
    Scheduled,
    /// It has ended without a connection.
    Skipped,
    /// It has ended.
    Ended,
}

impl World {
    /// Starts runner `child` of a run over `list`; it begins `start` from now.
    #[inline]
    pub(in crate::model) fn start_runner<O: Observer>(
        &mut self,
        (agent, run): (u32, u32),
        list: &Rc<Vec<Listed>>,
        child: u32,
        start: Span,
        cx: &mut Context<'_, O>,
    ) {
        let step = self.params.sender.runners as usize;
        let work = Work::Run { run, list: list.clone(), next: child as usize, step, fetched: 0 };
        self.start_process(agent, work, start, cx);
    }

    /// Starts the process that tries the message in `slot` at once. Rule: MODEL.md 4.7.
    pub(in crate::model) fn start_immediate<O: Observer>(
        &mut self,
        agent: u32,
        slot: u32,
        cx: &mut Context<'_, O>,
    ) {
        // It holds the lock from the start; a queue run that comes by passes the message over.
        self.messages.lock(slot);
        let work = Work::Immediate { message: Some(slot) };
        let mean = self.params.sender.costs.process_start;
        let start = self
            .laboratory
            .as_ref()
            .map_or(mean, |machine| machine.process_start(mean, self.processes.started));
        self.start_process(agent, work, start, cx);
    }

    #[inline]
    fn start_process<O: Observer>(
        &mut self,
        agent: u32,
        work: Work,
        delay: Span,
        cx: &mut Context<'_, O>,
    ) {
        let runner = matches!(work, Work::Run { .. });
        let number = self.processes.started;
        self.processes.started += 1;
        let slot = self.processes.free.pop().unwrap_or_else(|| {
            self.processes.slots.push(Process::default());
            (self.processes.slots.len() - 1) as u32
        });
        let records = self.agents[agent as usize].host_status.records();
        let process = &mut self.processes.slots[slot as usize];
        process.agent = agent;
        process.number = number;
        process.started = cx.now();
        if !Rc::ptr_eq(&process.settings, &self.params) {
            process.settings = self.params.clone();
        }
        process.work = work;
        process.memory.fill(Memory::Untouched);
        if process.memory.len() != records {
            process.memory.resize(records, Memory::Untouched);
        }
        if process.hosts.len() != self.hosts.len() {
            process.hosts.clear();
            process.hosts.extend(0..self.hosts.len());
        }
        let several = self.hosts.len() > 1;
        let spans = self.host_spans.iter().copied().enumerate().filter(|_| several);
        for (destination, (first, end)) in spans {
            if self.params.receiver_of(destination).routing == Routing::MxHosts {
                // Equal preference: one random order, kept for the process's life. MODEL.md section 5.
                for host in first..end {
                    process.hosts[host] = host;
                }
                let mut draws = self.streams.hosts.at_part(number, destination as u64);
                draws.shuffle(&mut process.hosts[first..end]);
            }
        }
        cx.observe(Observation::ProcessStarted { agent, process: number, runner });
        if delay.is_zero() {
            // Its siblings start in this very instant: no running ahead.
            self.work(slot, Some(cx.now()), cx);
        } else {
            cx.schedule(cx.now() + delay, Event::ProcessReady { process: slot });
        }
    }

    /// A process goes on with what it has pending.
    pub(in crate::model) fn process_ready<O: Observer>(
        &mut self,
        id: u32,
        cx: &mut Context<'_, O>,
    ) {
        // Read field by field: a copy of what was just written in pieces makes the processor wait.
        if let Pending::Transaction { index, ending, accepted_at: Some(at), .. } =
            self.processes.slots[id as usize].pending
            && ending == Ending::Accepted
            && self.delivered_whole(id, index, at, cx)
        {
            self.processes.slots[id as usize].pending = Pending::NextMessage;
            return self.work(id, None, cx);
        }
        let goes_on = match std::mem::take(&mut self.processes.at(id).pending) {
            Pending::NextMessage => false,
            Pending::Session(failed) => {
                self.session_failed(id, failed, cx);
                true
            }
            Pending::Probe { index, how, reason } => {
                self.probe_failed(id, index, (how, reason), cx);
                true
            }
            Pending::Stage { index, stage, transaction } => {
                return self.reach(id, index, stage, transaction, cx);
            }
            Pending::Body { index, transaction, transfer, joined, .. } => {
                return self.body_reset(id, index, transaction, (transfer, joined), cx);
            }
            Pending::Transaction { index, ending, accepted_at, sent } => {
                match self.transaction_ended(id, index, (ending, accepted_at, sent), cx) {
                    Next::Host => true,
                    Next::Message => false,
                    Next::SameMessage => return self.transact(id, index, cx.now(), true, cx),
                }
            }
        };
        if goes_on && matches!(self.attempt(id, cx), Step::Scheduled) {
            return;
        }
        self.work(id, None, cx);
    }

    /// Takes message after message until one needs time on a connection, or the list is done. Skips need
    /// nobody else: the process runs ahead of the calendar up to `quiet`, by default until something else
    /// happens. If that is the turn of another process between two messages - runners of one run skip in step -
    /// it is taken here.
    fn work<O: Observer>(
        &mut self,
        mut id: u32,
        mut quiet: Option<SimTime>,
        cx: &mut Context<'_, O>,
    ) {
        let alone = quiet.is_some();
        let present = self.messages.len();
        loop {
            if !self.skip_ahead(id, &mut quiet, cx) {
                if !self.take_message(id, cx.now()) {
                    return self.end_process(id, cx);
                }
                match self.attempt(id, cx) {
                    Step::Scheduled => return,
                    Step::Ended => continue,
                    Step::Skipped if self.goes_on(id, &mut quiet, cx) => continue,
                    Step::Skipped => {}
                }
            }
            // Whether the run is over is looked at whenever a message has left.
            if alone || self.messages.len() != present {
                return;
            }
            let Some(next) = self.whose_turn(cx) else { return };
            (id, quiet) = (next, None);
        }
    }

    /// A skip takes its time. True if the process may go on at once, for nothing else happens meanwhile; else its
    /// next turn is scheduled.
    #[inline(always)]
    pub(super) fn goes_on<O: Observer>(
        &mut self,
        id: u32,
        quiet: &mut Option<SimTime>,
        cx: &mut Context<'_, O>,
    ) -> bool {
        let next = cx.now() + self.processes.at(id).settings.sender.costs.skip;
        let quiet = *quiet.get_or_insert_with(|| cx.calendar.quiet_until());
        if next < quiet {
            cx.calendar.step_to(next, u64::from(id));
        } else {
            cx.schedule(next, Event::ProcessReady { process: id });
        }
        next < quiet
    }

    /// The process whose turn between two messages is the next event; the event is taken.
    #[inline]
    fn whose_turn<O: Observer>(&self, cx: &mut Context<'_, O>) -> Option<u32> {
        let processes = &self.processes.slots;
        let between = |process: u32| {
            let process = processes.get(process as usize);
            process.is_some_and(|process| matches!(process.pending, Pending::NextMessage))
        };
        let taken = |event| matches!(event, Event::ProcessReady { process } if between(process));
        match cx.calendar.advance_if(taken) {
            Some(Event::ProcessReady { process }) => Some(process),
            _ => None,
        }
    }

    /// Locks the next message of the list that is still there and free; false at the end of the list.
    fn take_message(&mut self, id: u32, now: SimTime) -> bool {
        let process = &mut self.processes.slots[id as usize];
        let immediate = match &mut process.work {
            Work::Immediate { message } => Some(message.take()),
            _ => None,
        };
        let read = immediate.is_none();
        let slot = immediate.unwrap_or_else(|| process.work.next_in_list(&self.messages));
        let Some(slot) = slot else { return false };
        let message = self.messages.lock(slot);
        // Reading the queue file raises its priority number; an immediate attempt reads none.
        message.reads += u32::from(read);
        let (position, end) = self.host_spans[usize::from(message.destination)];
        let (position, end) = (position as u32, end as u32);
        let waited = message.waited(process.started, now);
        process.attempt = Some(Attempt { slot, position, end, reached: false, waited });
        true
    }

    /// Goes through the hosts from the attempt's position on.
    fn attempt<O: Observer>(&mut self, id: u32, cx: &mut Context<'_, O>) -> Step {
        loop {
            let process = &self.processes.slots[id as usize];
            let Some(attempt) = &process.attempt else { return Step::Ended };
            if attempt.position >= attempt.end {
                let attempt = *attempt;
                return self.attempt_failed(id, attempt, cx);
            }
            let host = process.hosts[attempt.position as usize];
            if self.try_host(id, host, cx) {
                return Step::Scheduled;
            }
            if let Some(attempt) = &mut self.processes.at(id).attempt {
                attempt.position += 1;
            }
        }
    }

    /// No host is left: the message is deferred.
    fn attempt_failed<O: Observer>(
        &mut self,
        id: u32,
        attempt: Attempt,
        cx: &mut Context<'_, O>,
    ) -> Step {
        self.processes.at(id).attempt = None;
        let vain = match attempt.reached {
            true => Vain::Failed,
            false => self.avoided(id, self.messages.at(attempt.slot).destination),
        };
        self.put_back(id, attempt.slot, attempt.waited, vain, cx);
        if attempt.reached { Step::Ended } else { Step::Skipped }
    }

    /// The message in `slot` is returned to its sender.
    pub(in crate::model) fn bounce<O: Observer>(
        &mut self,
        id: u32,
        slot: u32,
        cx: &mut Context<'_, O>,
    ) {
        let waited = self.processes.at(id).attempt.map(|attempt| attempt.waited);
        cx.observe(Observation::Bounced { message: self.messages.at(slot), waited });
        self.ledger.bounced();
        self.leave(id, slot);
    }

    /// The message in `slot` was delivered.
    pub(in crate::model) fn deliver<O: Observer>(
        &mut self,
        id: u32,
        slot: u32,
        connection: u64,
        cx: &mut Context<'_, O>,
    ) {
        cx.observe(Observation::Delivered { message: self.messages.at(slot), connection });
        self.ledger.delivered();
        self.leave(id, slot);
    }

    fn leave(&mut self, id: u32, slot: u32) {
        self.messages.remove(slot);
        let process = self.processes.at(id);
        process.attempt = None;
        if let Work::Run { run, .. } = process.work {
            self.runs.was_fruitful(run);
        }
    }

    /// The list is done: connections are closed, their status stored. Rule: MODEL.md section 5, end.
    fn end_process<O: Observer>(&mut self, id: u32, cx: &mut Context<'_, O>) {
        while !self.processes.at(id).connections.is_empty() {
            self.quit(id, 0, cx);
        }
        let process = self.processes.at(id);
        let (agent, number) = (process.agent, process.number);
        let work = std::mem::take(&mut process.work);
        self.processes.free.push(id);
        let runner = matches!(work, Work::Run { .. });
        cx.observe(Observation::ProcessEnded { agent, process: number, runner });
        if let Work::Run { run, .. } = work {
            self.runner_ended(run, cx);
        }
    }
}
