//! Every parameter of the model as plain numbers, each with its default.
//!
//! The defaults are those of MODEL.md and INTERFACE.md; where each is explained stands beside its rule.
//! The scenario room turns YAML into these types; nothing in the model knows where a value came from.

use super::distribution::Shape;
use super::laboratory::Laboratory;
use crate::units::{Bandwidth, Share, SimTime, Span};
use std::sync::Arc;

mod defaults;
mod workload;

pub use defaults::BUSINESS_DAY;
pub use workload::{Arrivals, Burst, Burstiness, Recipients, Recorded, Workload};

/// All that one run depends on, apart from its seed.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Params {
    /// Which mail arrives when.
    pub workload: Workload,
    /// The Sendmail side: one agent's settings, and how many agents there are.
    pub sender: Sender,
    /// Exchange Online.
    pub receiver: Receiver,
    /// Other hosts whose mail waits in the same queue.
    pub others: Vec<Destination>,
    /// Round trip and bandwidth.
    pub network: Network,
    /// What changes while the run goes on, in order of time.
    pub changes: Vec<Change>,
    /// The machine that a recorded case was recorded on; `None` for every scenario.
    pub laboratory: Option<Laboratory>,
}

impl Params {
    /// The receiver of destination `number`: 0 is Exchange Online, the others follow.
    pub fn receiver_of(&self, number: usize) -> &Receiver {
        match number.checked_sub(1).and_then(|other| self.others.get(other)) {
            Some(other) => &other.receiver,
            None => &self.receiver,
        }
    }

    /// How many destinations there are.
    pub fn destinations(&self) -> usize {
        1 + self.others.len()
    }
}

/// Another destination in the same queue.
#[derive(Clone, Debug, PartialEq)]
pub struct Destination {
    /// What it is called.
    pub name: Arc<str>,
    /// Its share of the mail; the rest goes to Exchange Online.
    pub share: Share,
    /// How it receives.
    pub receiver: Receiver,
}

/// Something an administrator does while the run goes on.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// When.
    pub at: SimTime,
    /// What.
    pub action: Action,
}

/// What an administrator does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Removes every host's status record (F3); running processes keep their memory.
    ClearHostStatus,
    /// From now on these settings hold, for processes and connections that start from here on. What cannot
    /// change while mail is queued stays as it was: agents, destinations, front ends, routing, workload.
    Set(Box<Params>),
}

/// One Sendmail-based sender (Proofpoint's agent).
#[derive(Clone, Debug, PartialEq)]
pub struct Sender {
    /// Independent senders, each with a queue, host status and runners of its own.
    pub agents: u32,
    /// `DeliveryMode`.
    pub delivery: DeliveryMode,
    /// How queue runs are started.
    pub runs: QueueRuns,
    /// Runners per queue run (R): `MaxRunnersPerQueue` with flag `f`.
    pub runners: u32,
    /// Time since the last try before a message is listed again: `MinQueueAge`.
    pub min_queue_age: Span,
    /// When the first queue run starts.
    pub first_run_at: SimTime,
    /// `QueueSortOrder`.
    pub order: Order,
    /// Messages on one connection, `m=` of the mailer; `None` = unlimited.
    pub messages_per_connection: Option<u32>,
    /// `ConnectionCacheTimeout`: an open connection idle for so long is not used again.
    pub cache_idle: Span,
    /// `ConnectionCacheSize`: open connections one process keeps.
    pub cache_size: u32,
    /// HostStat.
    pub host_status: HostStatus,
    /// `SingleThreadDelivery`: one connection per host at a time.
    pub single_thread_delivery: bool,
    /// What the sender's own work costs in time.
    pub costs: Costs,
    /// How long it waits for a silent peer.
    pub timeouts: Timeouts,
    /// `Timeout.queuewarn`.
    pub warn_after: Span,
    /// `Timeout.queuereturn`.
    pub give_up_after: Span,
    /// Sendmail's clock has whole seconds; the laboratory's is scaled.
    pub clock_step: Span,
}

/// When the first attempt happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryMode {
    /// Only queue runs deliver.
    QueueOnly,
    /// Sendmail's `background`: one attempt at once by a process of its own, then queue runs.
    Immediate,
}

/// How queue runs are started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueRuns {
    /// `-qI`: a run every `interval`, even while earlier runs still work.
    Periodic {
        /// The run interval I.
        interval: Span,
        /// `MaxQueueChildren`: most runner processes at once; `None` = unlimited.
        max_runner_processes: Option<u32>,
    },
    /// `-qp`: one run at a time, the next a pause after the last one ended.
    Persistent {
        /// Pause after a pass that listed mail.
        after_work: Span,
        /// Pause after a pass that listed none.
        after_empty: Span,
    },
}

/// The order in which a run tries its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By Sendmail's priority number: small, seldom-tried messages first.
    Priority,
    /// By creation time.
    Time,
    /// At random, anew for each run.
    Random,
}

/// HostStat: `HostStatusDirectory` and `Timeout.hoststatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostStatus {
    /// Whether host status is shared between processes (on disk) at all.
    pub enabled: bool,
    /// How long a bad host is avoided, counted from the failure.
    pub remember_for: Span,
    /// What a record is kept for.
    pub key: HostKey,
    /// Which events mark a host.
    pub marks: Marks,
    /// Marks within one lifetime before other processes skip.
    pub threshold: u32,
}

/// What a host status record is kept for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostKey {
    /// The dialled string: a host name, or `[address]` when routed by address.
    HostName,
    /// The peer's address, even behind one name (a what-if).
    Address,
}

/// Which events mark a host bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marks {
    /// Sendmail's table, MODEL.md 6.1.
    Sendmail,
    /// Every temporary failure, as the article's wording suggests.
    Any4xx,
}

/// What the sender's own work costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Costs {
    /// One skipped message.
    pub skip: Span,
    /// From a run's listing to its first attempt.
    pub run_start: Span,
    /// Starting the process of an immediate delivery.
    pub process_start: Span,
}

/// Sendmail's client timeouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Waiting for connect().
    pub connect: Span,
    /// Waiting for the greeting (`Timeout.initial`).
    pub greeting: Span,
    /// Waiting for a reply in a transaction (`Timeout.datafinal`).
    pub reply: Span,
}

/// The receiving side.
#[derive(Clone, Debug, PartialEq)]
pub struct Receiver {
    /// Public addresses.
    pub front_ends: u32,
    /// What the sender dials.
    pub routing: Routing,
    /// In which order the addresses of one name are tried.
    pub address_order: AddressOrder,
    /// Age at which a connection is ended; `None` = never.
    pub connection_lifetime: Option<Span>,
    /// Uniform random addition to the lifetime.
    pub lifetime_jitter: Span,
    /// How a connection is ended.
    pub cut: Cut,
    /// When a message counts as accepted.
    pub commit: Commit,
    /// From the final dot to its reply, in seconds.
    pub service_time: Shape,
    /// Added to each message after the dot, as steps (from, span) in order of time; before the first step
    /// its value holds. Empty = none.
    pub message_overhead: Vec<(SimTime, Span)>,
    /// Time to open a connection beyond its round trips.
    pub connect_time: Span,
    /// The receiver closes a connection idle for so long.
    pub idle_timeout: Option<Span>,
    /// Connections open at once, over all senders.
    pub max_connections: Option<u32>,
    /// Connections open at once from one agent.
    pub max_connections_per_source: Option<u32>,
    /// Temporary refusals by chance.
    pub deferrals: Vec<Deferral>,
    /// Front ends that fail all the time, by index.
    pub dead: Vec<(u32, Trouble)>,
    /// Messages accepted per window of time; `None` = no limit.
    pub throttle: Option<Throttle>,
    /// Machines behind each front end; a connection lands on one at random. \[ASM\]
    pub machines_per_front_end: u32,
    /// Machines in trouble.
    pub unhealthy_machines: Option<UnhealthyMachines>,
    /// Hours of the day in which service takes longer.
    pub slow_hours: Vec<SlowHours>,
    /// Trouble that comes in spells.
    pub episodes: Option<Episodes>,
    /// Front ends in trouble by schedule.
    pub outages: Vec<Outage>,
}

impl Receiver {
    /// Whether it treats every message alike at all times: no chance of refusal, no trouble by the clock.
    pub fn is_steady(&self) -> bool {
        self.deferrals.is_empty()
            && self.slow_hours.is_empty()
            && self.episodes.is_none()
            && self.outages.is_empty()
    }
}

/// A limit on accepted messages: beyond it a temporary refusal until the next window.
#[derive(Clone, Debug, PartialEq)]
pub struct Throttle {
    /// Messages accepted in one window.
    pub messages: u64,
    /// Length of a window; windows follow each other from the start.
    pub per: Span,
    /// The command refused: RCPT or the final dot.
    pub at: SmtpPhase,
    /// The reply code.
    pub code: u16,
    /// The whole reply, for logs.
    pub reply: Arc<str>,
}

/// Machines in trouble behind healthy addresses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UnhealthyMachines {
    /// Their share.
    pub share: Share,
    /// What they do.
    pub behaviour: Trouble,
}

/// Hours of the day in which service takes longer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlowHours {
    /// From this time of day.
    pub from: Span,
    /// Until this time of day; before `from` it means the next day.
    pub until: Span,
    /// Service times are multiplied by this.
    pub factor: f64,
}

/// Trouble that comes in spells: exponential gaps of mean `every`, exponential lengths of mean `last`.
#[derive(Clone, Debug, PartialEq)]
pub struct Episodes {
    /// Mean time from the end of a spell to the start of the next.
    pub every: Span,
    /// Mean length of a spell.
    pub last: Span,
    /// Service times are multiplied by this during a spell.
    pub slower: f64,
    /// Refusals by chance during a spell, added to the ordinary ones.
    pub deferrals: Vec<Deferral>,
}

/// A front end in trouble by schedule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outage {
    /// Its index, from 0.
    pub front_end: u32,
    /// Start.
    pub from: SimTime,
    /// End.
    pub until: SimTime,
    /// What it does; `Refuse` and `Reset` also reset what is connected when it starts.
    pub behaviour: Trouble,
}

/// What the sender dials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Routing {
    /// One host name with an address per front end: EXO's MX.
    OneName,
    /// One MX host per front end, of equal preference.
    MxHosts,
    /// A list of literal addresses, tried as listed.
    Addresses,
}

/// The order in which the addresses of one name are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressOrder {
    /// Drawn anew for each connection.
    Random,
    /// Rotated by one for each connection.
    Rotating,
    /// Always the same.
    AsListed,
}

/// How a connection's life is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// A TCP reset, wherever the connection is.
    Reset,
    /// 421 as the reply to the next command.
    Reply421,
    /// 421 unasked, then a close.
    Unsolicited421,
}

/// When a message counts as accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// With the reply to the final dot.
    AfterReply,
    /// Before it: a cut in between leaves a duplicate.
    BeforeReply,
}

/// A temporary refusal by chance.
#[derive(Clone, Debug, PartialEq)]
pub struct Deferral {
    /// The command that is refused.
    pub at: SmtpPhase,
    /// The three-digit reply code: 421, 450, 451, 452, ...
    pub code: u16,
    /// The whole reply, for logs.
    pub reply: Arc<str>,
    /// Chance per message.
    pub chance: Share,
}

/// The commands of an SMTP transaction (RFC 5321) that may be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SmtpPhase {
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// DATA.
    Data,
    /// The final dot.
    Dot,
}

/// How a front end or machine in trouble behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trouble {
    /// Accepts the connection and resets it before the greeting.
    Reset,
    /// Refuses connect().
    Refuse,
    /// Greets with 421.
    Greeting421,
    /// A machine that accepts and says nothing; a front end in an outage that does not even accept.
    Silent,
    /// Refuses every message with 451 at RCPT.
    Defer,
    /// Serves every message slower by this factor.
    Slow(f64),
}

/// The way between the two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Network {
    /// One round trip.
    pub round_trip: Span,
    /// Who shares what.
    pub link: Link,
}

/// The bandwidth of message bodies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Link {
    /// Each connection has this much for itself.
    PerConnection(Bandwidth),
    /// All connections share this much evenly (processor sharing).
    Shared(Bandwidth),
}
