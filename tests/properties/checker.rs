//! An observer that knows the rules but not the model: it keeps its own books from what it is told and
//! objects to whatever cannot be.

use crate::passages::{Host, Passage, Passages, What};
use mailflow::measure::RunRecord;
use mailflow::model::connection::Closed;
use mailflow::model::message::Message;
use mailflow::model::params::{Action, DeliveryMode, HostKey, Params, QueueRuns, Routing};
use mailflow::model::{Observation, Observer};
use mailflow::units::{SimTime, Span};
use std::collections::{BTreeMap, BTreeSet};

/// More observations within one instant than any sound run makes: time stands still.
const MOST_AT_ONCE: u64 = 300_000;

/// More than any run of some hundred messages has to tell: it runs away.
const MOST_IN_ALL: u64 = 3_000_000;

/// A message as it was last seen.
struct Known {
    last: Message,
    accepted: bool,
    warned: bool,
}

struct Process {
    agent: u32,
    runner: bool,
    connections: u32,
    /// What held when it started: a running process keeps its settings.
    cap: Option<u32>,
    cache: u32,
    /// Until when each record was bad when the process started, unless it is cleared in the meantime.
    barred: BTreeMap<usize, SimTime>,
}

struct Connection {
    agent: u32,
    process: u64,
    host: Host,
    opened_at: SimTime,
    lifetime: Option<Span>,
}

#[derive(Default)]
struct Agent {
    present: u64,
    runs: u32,
    runners: u32,
    /// Bad records and until when.
    bad: BTreeMap<usize, SimTime>,
}

/// The books.
pub(crate) struct Checker {
    params: Params,
    /// All settings that hold at some time of the run, `params` now.
    settings: Vec<Params>,
    now: SimTime,
    at_once: u64,
    observed: u64,
    messages: BTreeMap<u64, Known>,
    arrived: u64,
    left: u64,
    processes: BTreeMap<u64, Process>,
    processes_started: u64,
    connections: BTreeMap<u64, Connection>,
    opened: u64,
    closed: u64,
    passages: Passages,
    agents: Vec<Agent>,
    /// Kinds of things seen: what a run never meets it does not test.
    pub(crate) seen: BTreeSet<String>,
}

impl Checker {
    pub(crate) fn new(params: &Params) -> Self {
        let changed = params.changes.iter().filter_map(|change| match &change.action {
            Action::Set(new) => Some(Params::clone(new)),
            Action::ClearHostStatus => None,
        });
        Checker {
            params: params.clone(),
            settings: std::iter::once(params.clone()).chain(changed).collect(),
            now: SimTime::ZERO,
            at_once: 0,
            observed: 0,
            messages: BTreeMap::new(),
            arrived: 0,
            left: 0,
            processes: BTreeMap::new(),
            processes_started: 0,
            connections: BTreeMap::new(),
            opened: 0,
            closed: 0,
            passages: Passages::default(),
            agents: (0..params.sender.agents).map(|_| Agent::default()).collect(),
            seen: BTreeSet::new(),
        }
    }

    fn clock(&mut self, now: SimTime) {
        assert!(now >= self.now, "time goes back from {:?} to {now:?}", self.now);
        self.at_once = if now == self.now { self.at_once + 1 } else { 0 };
        assert!(self.at_once < MOST_AT_ONCE, "time stands still at {now:?}");
        self.observed += 1;
        assert!(self.observed < MOST_IN_ALL, "the run runs away: {now:?}");
        self.now = now;
    }

    /// Notes the kind of the observation, with how a connection or transaction ended.
    fn note(&mut self, observation: &Observation<'_>) {
        let words = match observation {
            Observation::ConnectionClosed { reason, .. } => format!("{reason:?}"),
            Observation::TransactionFailed { ending, .. } => format!("{ending:?}"),
            Observation::HostMarked { until, .. } => format!("HostMarked {}", until.is_some()),
            other => {
                let words = format!("{other:?}");
                words.split(' ').next().unwrap_or_default().to_owned()
            }
        };
        self.seen.insert(words);
    }

    fn arrived(&mut self, message: &Message) {
        assert_eq!(message.id, self.arrived, "messages are numbered as they arrive");
        assert!(message.created <= self.now && message.bytes >= 1 && message.recipients >= 1);
        assert_eq!((message.tries, message.reads, message.accepted), (0, 0, false));
        self.arrived += 1;
        self.agents[message.agent as usize].present += 1;
        let known = Known { last: *message, accepted: false, warned: false };
        self.messages.insert(message.id, known);
    }

    /// The message is one that arrived and has not left, and is what it was.
    fn known(&mut self, message: &Message) -> &mut Known {
        let Some(known) = self.messages.get_mut(&message.id) else {
            panic!("{message:?} never arrived, or has left before");
        };
        let identity = |m: &Message| (m.draw_key, m.created, m.bytes, m.recipients, m.agent);
        assert_eq!(identity(message), identity(&known.last), "a message became another");
        known
    }

    /// Something happened to the message within an attempt.
    fn in_attempt(&mut self, message: &Message) {
        assert!(message.locked, "{message:?} is in an attempt that does not hold it");
        let known = self.known(message);
        assert_eq!(message.tries, known.last.tries, "another attempt ended meanwhile");
    }

    fn accepted(&mut self, message: &Message, at: SimTime) {
        self.in_attempt(message);
        assert!(at <= self.now && at >= message.created);
        let known = self.known(message);
        assert_eq!(message.accepted, known.accepted, "the first acceptance is remembered");
        known.accepted = true;
    }

    /// An attempt ended and left the message in the queue (or is about to bounce it).
    fn tried(&mut self, message: &Message, skipped: bool) {
        let now = self.now;
        let step = self.params.sender.clock_step.nanos().max(1);
        let one_at_a_time = self.settings.iter().all(|settings| {
            matches!(settings.sender.runs, QueueRuns::Persistent { .. })
                && settings.sender.delivery == DeliveryMode::QueueOnly
        });
        let ages = self.settings.iter().map(|settings| settings.sender.min_queue_age.nanos());
        let age = ages.min().unwrap_or(0);
        assert!(!message.locked && message.last_try == now);
        let known = self.known(message);
        let before = known.last;
        assert_eq!(message.tries, before.tries + 1, "an attempt is counted once");
        if skipped && one_at_a_time && before.tries > 0 {
            let floor = |at: SimTime| at.nanos() / step * step;
            let waited = floor(now) - floor(before.last_try);
            assert!(waited >= age, "{message:?} was tried too early");
        }
        known.last = *message;
    }

    fn left(&mut self, message: &Message, delivered: bool) {
        let known = self.known(message);
        if delivered {
            assert!(known.accepted && message.accepted, "delivered without acceptance");
            assert!(message.locked);
        } else {
            let refused_for_good = message.locked;
            let age = self.now.since(message.created);
            // Each process goes by the settings it started with.
            let give_up = self.settings.iter().map(|settings| settings.sender.give_up_after).min();
            assert!(refused_for_good || age >= give_up.unwrap_or_default(), "bounced young");
        }
        self.messages.remove(&message.id);
        self.left += 1;
        self.agents[message.agent as usize].present -= 1;
    }

    fn warned(&mut self, message: &Message) {
        let age = self.now.since(message.created);
        let warn = self.settings.iter().map(|settings| settings.sender.warn_after).min();
        assert!(age >= warn.unwrap_or_default());
        let known = self.known(message);
        assert!(!known.warned, "one delay notice is enough");
        known.warned = true;
    }

    /// The fewest and the most runners that a run may have had.
    fn runners(&self) -> (u32, u32) {
        let all = || self.settings.iter().map(|settings| settings.sender.runners);
        (all().min().unwrap_or(0), all().max().unwrap_or(0))
    }

    fn run_started(&mut self, agent: u32, listed: u64, children: u32) {
        let (fewest, _) = self.runners();
        let is_persistent = |of: &Params| matches!(of.sender.runs, QueueRuns::Persistent { .. });
        let always_persistent = self.settings.iter().all(is_persistent);
        let sender = &self.params.sender;
        let own = &mut self.agents[agent as usize];
        assert!(listed <= own.present, "{listed} of {} messages listed", own.present);
        assert_eq!(u64::from(children), listed.min(sender.runners.into()));
        if children == 0 {
            return;
        }
        own.runs += 1;
        match sender.runs {
            QueueRuns::Persistent { .. } => {
                assert!(own.runs == 1 || !always_persistent, "one run at a time");
            }
            QueueRuns::Periodic { max_runner_processes, .. } => {
                let counted = (own.runs - 1) * fewest + sender.runners;
                assert!(
                    max_runner_processes.is_none_or(|most| counted <= most),
                    "{counted} runners"
                );
            }
        }
    }

    fn run_dropped(&self, agent: u32) {
        let QueueRuns::Periodic { max_runner_processes: Some(most), .. } = self.params.sender.runs
        else {
            panic!("a run was dropped without a limit");
        };
        let (_, most_each) = self.runners();
        let would_be = self.agents[agent as usize].runs * most_each + self.params.sender.runners;
        assert!(would_be > most, "a run was dropped though it fitted");
    }

    fn process_started(&mut self, agent: u32, number: u64, runner: bool) {
        assert_eq!(number, self.processes_started, "processes are numbered as they start");
        self.processes_started += 1;
        let (_, most_each) = self.runners();
        let sender = &self.params.sender;
        let own = &mut self.agents[agent as usize];
        own.runners += u32::from(runner);
        assert!(own.runners <= own.runs * most_each, "too many runners");
        assert!(runner || sender.delivery == DeliveryMode::Immediate);
        let (cap, cache) = (sender.messages_per_connection, sender.cache_size.max(1));
        let barred = own.bad.clone();
        let process = Process { agent, runner, connections: 0, cap, cache, barred };
        self.processes.insert(number, process);
    }

    fn process_ended(&mut self, agent: u32, number: u64, runner: bool) {
        let process = self.processes.remove(&number).expect("only what started ends");
        assert_eq!((process.agent, process.runner), (agent, runner));
        assert_eq!(process.connections, 0, "a process closes its connections");
        self.agents[agent as usize].runners -= u32::from(runner);
    }

    /// Records of the destinations before `destination`, by host or by front end.
    fn before(&self, destination: usize, by_name: bool) -> usize {
        let receivers = (0..destination).map(|other| self.params.receiver_of(other));
        let records = receivers.map(|receiver| match receiver.routing {
            Routing::OneName if by_name => 1,
            _ => receiver.front_ends as usize,
        });
        records.sum()
    }

    fn record_of(&self, destination: usize, front_end: u32) -> usize {
        let by_name = self.params.sender.host_status.key == HostKey::HostName;
        let within = match self.params.receiver_of(destination).routing {
            Routing::OneName if by_name => 0,
            _ => front_end as usize,
        };
        self.before(destination, by_name) + within
    }

    fn opened(&mut self, agent: u32, process: u64, connection: u64, to: (usize, u32)) {
        assert_eq!(connection, self.opened, "connections are numbered as they open");
        let (destination, front_end) = to;
        let receiver = self.params.receiver_of(destination);
        assert!(front_end < receiver.front_ends);
        self.opened += 1;
        let (now, record) = (self.now, self.record_of(destination, front_end));
        let owner = self.processes.get_mut(&process).expect("a living process opens it");
        assert_eq!(owner.agent, agent);
        owner.connections += 1;
        assert!(owner.connections <= owner.cache, "more connections than the cache holds");
        // Its own memory is at least as new as what stood on disk when it started. Rule: MODEL.md 5.3, 5.4.
        let barred = owner.barred.get(&record).copied().unwrap_or(SimTime::ZERO);
        assert!(now >= barred, "a host was dialled that was bad until {barred:?}");
        let host = match receiver.routing {
            Routing::OneName => (destination, 0),
            Routing::MxHosts | Routing::Addresses => (destination, front_end as usize),
        };
        let what = What::Opens([receiver.max_connections, receiver.max_connections_per_source]);
        self.passages.add(Passage { connection, agent, host, what });
        let lifetime = receiver.connection_lifetime;
        let opened = Connection { agent, process, host, opened_at: now, lifetime };
        self.connections.insert(connection, opened);
    }

    fn closed(
        &mut self,
        agent: u32,
        number: u64,
        reason: Closed,
        opened_at: SimTime,
        carried: u32,
    ) {
        let connection = self.connections.remove(&number).expect("only an open connection closes");
        assert_eq!(connection.agent, agent);
        assert!(opened_at >= connection.opened_at && opened_at <= self.now, "opened when?");
        let owner = self.processes.get_mut(&connection.process).expect("its process is alive");
        owner.connections -= 1;
        let cap = owner.cap;
        assert!(cap.is_none_or(|cap| carried <= cap), "{carried} messages on one connection");
        let turned_away = matches!(reason, Closed::ResetAtGreeting | Closed::SessionFailed);
        assert!(!turned_away || carried == 0);
        let cut = matches!(reason, Closed::CutByReset | Closed::CutBy421);
        if let (true, Some(lifetime)) = (cut, connection.lifetime) {
            // An idle timeout ends a connection in the same way.
            let receivers = self.settings.iter().map(|all| all.receiver_of(connection.host.0));
            let idle = receivers.filter_map(|receiver| receiver.idle_timeout).min();
            let earliest = idle.map_or(lifetime, |idle| lifetime.min(idle));
            assert!(self.now.since(connection.opened_at) >= earliest, "cut before its time");
        }
        self.closed += 1;
        self.passages.ended(number, turned_away);
        let host = connection.host;
        self.passages.add(Passage { connection: number, agent, host, what: What::Closes });
    }

    /// The receiver counts it no longer; the process that holds it has not noticed.
    fn given_up(&mut self, agent: u32, connection: u64) {
        let held = &self.connections[&connection];
        assert_eq!(held.agent, agent);
        let host = held.host;
        self.passages.add(Passage { connection, agent, host, what: What::GivenUp });
    }

    fn marked(&mut self, agent: u32, record: usize, until: Option<SimTime>) {
        let policy = self.params.sender.host_status;
        let bad = &mut self.agents[agent as usize].bad;
        let Some(until) = until else {
            bad.remove(&record);
            return;
        };
        assert!(policy.enabled, "nothing reaches the disk with HostStat off");
        let latest = self.now + policy.remember_for + self.params.sender.clock_step;
        assert!(until <= latest, "bad until {until:?}, {latest:?} at most");
        bad.insert(record, until);
    }

    fn cleared(&mut self, agent: u32, record: usize) {
        self.agents[agent as usize].bad.remove(&record);
        let own = self.processes.values_mut().filter(|process| process.agent == agent);
        own.for_each(|process| {
            process.barred.remove(&record);
        });
    }

    /// From now on the settings of change `number` hold.
    fn changed(&mut self, number: u32) {
        let change = &self.settings[0].changes[number as usize];
        assert_eq!(change.at, self.now);
        let Action::Set(new) = &change.action else { return };
        let new = Params::clone(new);
        if new.sender.host_status != self.params.sender.host_status {
            // What an earlier mark means under another policy is not known here.
            self.agents.iter_mut().for_each(|agent| agent.bad.clear());
            self.processes.values_mut().for_each(|process| process.barred.clear());
        }
        self.params = new;
    }

    /// What must hold after every observation.
    fn balance(&self) {
        let present = self.messages.len() as u64;
        assert_eq!(self.arrived, self.left + present, "messages are not conserved");
        assert_eq!(self.opened, self.closed + self.connections.len() as u64);
    }

    /// Closes the books against the run's own.
    pub(crate) fn finish(&self, record: &RunRecord, until: SimTime, drained: bool) {
        // A connection opened while others were allowed holds no lock.
        let alone = self.settings.iter().all(|settings| {
            settings.sender.single_thread_delivery && settings.sender.host_status.enabled
        });
        self.passages.limits(alone);
        let counts = &record.counts;
        let accounted = counts.delivered + counts.queued + counts.bounced;
        assert_eq!(counts.arrived, accounted, "arrived = delivered + queued + bounced");
        let delays = record.delays.sum_and_count().map_or(0.0, |(sum, _)| sum / 1e9);
        let (waits, error) = (counts.waits.total(), 1e-9 * delays + 1e-6);
        assert!((waits - delays).abs() <= error, "{waits} s by cause of {delays} s of delay");
        if !drained {
            assert!(self.now <= until);
            assert_eq!(counts.connections_opened, self.opened);
            assert_eq!(counts.connections_closed, self.closed);
        }
    }
}

impl Observer for Checker {
    fn observe(&mut self, now: SimTime, observation: &Observation<'_>) {
        self.clock(now);
        self.note(observation);
        match *observation {
            Observation::Arrived { message } => self.arrived(message),
            Observation::RunStarted { agent, listed, children } => {
                self.run_started(agent, listed, children);
            }
            Observation::RunDropped { agent } => self.run_dropped(agent),
            Observation::RunEnded { agent } => self.agents[agent as usize].runs -= 1,
            Observation::ProcessStarted { agent, process, runner } => {
                self.process_started(agent, process, runner);
            }
            Observation::ProcessEnded { agent, process, runner } => {
                self.process_ended(agent, process, runner);
            }
            Observation::ConnectionOpened {
                agent,
                process,
                connection,
                destination,
                front_end,
                ..
            } => {
                self.opened(agent, process, connection, (destination, front_end));
            }
            Observation::ConnectionRefused { .. } | Observation::TransactionStarted { .. } => {}
            Observation::ConnectionClosed {
                agent, connection, reason, opened_at, carried, ..
            } => {
                self.closed(agent, connection, reason, opened_at, carried);
            }
            Observation::ConnectionGivenUp { agent, connection, .. } => {
                self.given_up(agent, connection);
            }
            Observation::TransactionFailed { message, sent, .. } => {
                self.in_attempt(message);
                assert!(sent <= u64::from(message.bytes), "more sent than there is");
            }
            Observation::Accepted { message, at, .. } => self.accepted(message, at),
            Observation::Delivered { message, .. } => {
                self.in_attempt(message);
                self.left(message, true);
            }
            Observation::TrySkipped { message, .. } => self.tried(message, true),
            Observation::TryFailed { message, .. } => self.tried(message, false),
            Observation::Warned { message } => self.warned(message),
            Observation::Bounced { message, .. } => self.left(message, false),
            Observation::HostMarked { agent, record, until, .. } => {
                self.marked(agent, record, until)
            }
            Observation::HostCleared { agent, record, .. } => self.cleared(agent, record),
            // What a record means after a change is left open until it is written again.
            Observation::HostReread { .. } => {}
            Observation::Changed { number } => self.changed(number),
        }
        self.balance();
    }
}
