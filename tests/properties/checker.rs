//! An observer that knows the rules but not the model: it keeps its own books from what it is told and
//! objects to whatever cannot be.

use mailflow::measure::RunRecord;
use mailflow::model::connection::Closed;
use mailflow::model::message::Message;
use mailflow::model::params::{DeliveryMode, HostKey, Params, QueueRuns, Routing};
use mailflow::model::{Observation, Observer};
use mailflow::units::SimTime;
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
    /// Until when each record was bad when the process started, unless it is cleared in the meantime.
    barred: BTreeMap<usize, SimTime>,
}

struct Connection {
    agent: u32,
    process: u64,
    front_end: u32,
    opened_at: SimTime,
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
    /// Openings and closings in order, with what became of each connection: whether it was let in is known
    /// only at its end.
    history: Vec<(u64, u32, usize, bool)>,
    turned_away: BTreeMap<u64, bool>,
    agents: Vec<Agent>,
    /// Kinds of things seen: what a run never meets it does not test.
    pub(crate) seen: BTreeSet<String>,
}

impl Checker {
    pub(crate) fn new(params: &Params) -> Self {
        Checker {
            params: params.clone(),
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
            history: Vec::new(),
            turned_away: BTreeMap::new(),
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
        let (now, sender) = (self.now, self.params.sender.clone());
        assert!(!message.locked && message.last_try == now);
        let known = self.known(message);
        let before = known.last;
        assert_eq!(message.tries, before.tries + 1, "an attempt is counted once");
        let one_at_a_time = matches!(sender.runs, QueueRuns::Persistent { .. })
            && sender.delivery == DeliveryMode::QueueOnly;
        if skipped && one_at_a_time && before.tries > 0 {
            let step = sender.clock_step.nanos().max(1);
            let floor = |at: SimTime| at.nanos() / step * step;
            let waited = floor(now) - floor(before.last_try);
            assert!(waited >= sender.min_queue_age.nanos(), "{message:?} was tried too early");
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
            assert!(refused_for_good || age >= self.params.sender.give_up_after, "bounced young");
        }
        self.messages.remove(&message.id);
        self.left += 1;
        self.agents[message.agent as usize].present -= 1;
    }

    fn warned(&mut self, message: &Message) {
        let age = self.now.since(message.created);
        assert!(age >= self.params.sender.warn_after);
        let known = self.known(message);
        assert!(!known.warned, "one delay notice is enough");
        known.warned = true;
    }

    fn run_started(&mut self, agent: u32, listed: u64, children: u32) {
        let sender = &self.params.sender;
        let own = &mut self.agents[agent as usize];
        assert!(listed <= own.present, "{listed} of {} messages listed", own.present);
        assert_eq!(u64::from(children), listed.min(sender.runners.into()));
        if children == 0 {
            return;
        }
        own.runs += 1;
        match sender.runs {
            QueueRuns::Persistent { .. } => assert_eq!(own.runs, 1, "one run at a time"),
            QueueRuns::Periodic { max_runner_processes, .. } => {
                let counted = own.runs * sender.runners;
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
        let would_be = (self.agents[agent as usize].runs + 1) * self.params.sender.runners;
        assert!(would_be > most, "a run was dropped though it fitted");
    }

    fn process_started(&mut self, agent: u32, number: u64, runner: bool) {
        assert_eq!(number, self.processes_started, "processes are numbered as they start");
        self.processes_started += 1;
        let own = &mut self.agents[agent as usize];
        own.runners += u32::from(runner);
        assert!(own.runners <= own.runs * self.params.sender.runners, "too many runners");
        assert!(runner || self.params.sender.delivery == DeliveryMode::Immediate);
        let process = Process { agent, runner, connections: 0, barred: own.bad.clone() };
        self.processes.insert(number, process);
    }

    fn process_ended(&mut self, agent: u32, number: u64, runner: bool) {
        let process = self.processes.remove(&number).expect("only what started ends");
        assert_eq!((process.agent, process.runner), (agent, runner));
        assert_eq!(process.connections, 0, "a process closes its connections");
        self.agents[agent as usize].runners -= u32::from(runner);
    }

    fn record_of(&self, front_end: u32) -> usize {
        let by_name = self.params.sender.host_status.key == HostKey::HostName;
        match self.params.receiver.routing {
            Routing::OneName if by_name => 0,
            _ => front_end as usize,
        }
    }

    fn opened(&mut self, agent: u32, process: u64, connection: u64, front_end: u32) {
        assert_eq!(connection, self.opened, "connections are numbered as they open");
        assert!(front_end < self.params.receiver.front_ends);
        self.opened += 1;
        let (now, record) = (self.now, self.record_of(front_end));
        let cache = self.params.sender.cache_size.max(1);
        let owner = self.processes.get_mut(&process).expect("a living process opens it");
        assert_eq!(owner.agent, agent);
        owner.connections += 1;
        assert!(owner.connections <= cache, "more connections than the cache holds");
        // Its own memory is at least as new as what stood on disk when it started. Rule: MODEL.md 5.3, 5.4.
        let barred = owner.barred.get(&record).copied().unwrap_or(SimTime::ZERO);
        assert!(now >= barred, "a host was dialled that was bad until {barred:?}");
        self.history.push((connection, agent, self.host_of(front_end), true));
        self.connections
            .insert(connection, Connection { agent, process, front_end, opened_at: now });
    }

    fn host_of(&self, front_end: u32) -> usize {
        match self.params.receiver.routing {
            Routing::OneName => 0,
            Routing::MxHosts | Routing::Addresses => front_end as usize,
        }
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
        let cap = self.params.sender.messages_per_connection;
        assert!(cap.is_none_or(|cap| carried <= cap), "{carried} messages on one connection");
        let turned_away = matches!(reason, Closed::ResetAtGreeting | Closed::SessionFailed);
        assert!(!turned_away || carried == 0);
        let cut = matches!(reason, Closed::CutByReset | Closed::CutBy421);
        if let (true, Some(lifetime)) = (cut, self.params.receiver.connection_lifetime) {
            // An idle timeout ends a connection in the same way.
            let earliest = self.params.receiver.idle_timeout.map_or(lifetime, |i| lifetime.min(i));
            assert!(self.now.since(connection.opened_at) >= earliest, "cut before its time");
        }
        self.closed += 1;
        self.turned_away.insert(number, turned_away);
        self.history.push((number, agent, self.host_of(connection.front_end), false));
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

    /// What must hold after every observation.
    fn balance(&self) {
        let present = self.messages.len() as u64;
        assert_eq!(self.arrived, self.left + present, "messages are not conserved");
        assert_eq!(self.opened, self.closed + self.connections.len() as u64);
    }

    /// Closes the books against the run's own.
    pub(crate) fn finish(&self, record: &RunRecord, until: SimTime, drained: bool) {
        self.limits();
        let counts = &record.counts;
        let accounted = counts.delivered + counts.queued + counts.bounced;
        assert_eq!(counts.arrived, accounted, "arrived = delivered + queued + bounced");
        if !drained {
            assert!(self.now <= until);
            assert_eq!(counts.connections_opened, self.opened);
            assert_eq!(counts.connections_closed, self.closed);
        }
    }

    /// The receiver's limits and the lock of `SingleThreadDelivery`, over all connections that were let in.
    fn limits(&self) {
        let receiver = &self.params.receiver;
        let sender = &self.params.sender;
        let alone = sender.single_thread_delivery && sender.host_status.enabled;
        let mut open: BTreeMap<(u32, usize), u32> = BTreeMap::new();
        for (number, agent, host, opens) in &self.history {
            // Of those still open at the end nobody can say yet.
            if self.turned_away.get(number) != Some(&false) {
                continue;
            }
            let own = open.entry((*agent, *host)).or_default();
            if !*opens {
                *own -= 1;
                continue;
            }
            *own += 1;
            assert!(!alone || *own == 1, "two connections where one process may hold the host");
            let of_agent = open.iter().filter(|((other, _), _)| other == agent);
            let of_agent: u32 = of_agent.map(|(_, n)| n).sum();
            let all: u32 = open.values().sum();
            assert!(receiver.max_connections_per_source.is_none_or(|most| of_agent <= most));
            assert!(receiver.max_connections.is_none_or(|most| all <= most), "{all} connections");
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
            Observation::Changed { .. } => {}
            Observation::RunEnded { agent } => self.agents[agent as usize].runs -= 1,
            Observation::ProcessStarted { agent, process, runner } => {
                self.process_started(agent, process, runner);
            }
            Observation::ProcessEnded { agent, process, runner } => {
                self.process_ended(agent, process, runner);
            }
            Observation::ConnectionOpened { agent, process, connection, front_end, .. } => {
                self.opened(agent, process, connection, front_end);
            }
            Observation::ConnectionRefused { .. } | Observation::TransactionStarted { .. } => {}
            Observation::ConnectionClosed {
                agent, connection, reason, opened_at, carried, ..
            } => {
                self.closed(agent, connection, reason, opened_at, carried);
            }
            Observation::TransactionFailed { message, sent, .. } => {
                self.in_attempt(message);
                assert!(sent <= u64::from(message.bytes), "more sent than there is");
            }
            Observation::Accepted { message, at } => self.accepted(message, at),
            Observation::Delivered { message, .. } => {
                self.in_attempt(message);
                self.left(message, true);
            }
            Observation::TrySkipped { message, .. } => self.tried(message, true),
            Observation::TryFailed { message, .. } => self.tried(message, false),
            Observation::Warned { message } => self.warned(message),
            Observation::Bounced { message } => self.left(message, false),
            Observation::HostMarked { agent, record, until, .. } => {
                self.marked(agent, record, until)
            }
            Observation::HostCleared { agent, record } => self.cleared(agent, record),
        }
        self.balance();
    }
}
