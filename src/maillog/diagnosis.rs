//! What a log tells, as plain values: how much was read, the mail, each relay, the settings that can be inferred
//! and the verdict. Nothing in here holds an address, a subject or a message id.

use super::{Conditions, Inferred, Stamp};
use crate::stats::Histogram;
use crate::units::Span;

/// All that was learnt from one or several logs.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    /// What was read, and what could not be.
    pub coverage: Coverage,
    /// The mail as a whole.
    pub mail: Mail,
    /// The mail that arrived before the instant asked for, and from it on.
    pub parts: Option<Box<[Mail; 2]>>,
    /// Next hops, the one with most attempts first. Those beyond a bound share the last row, `(others)`.
    pub relays: Vec<Relay>,
    /// Settings of sender and receiver, of the relay with most attempts where each relay has its own.
    pub settings: Settings,
    /// What delayed the mail, the worst first.
    pub findings: Vec<Finding>,
    /// What the log cannot tell, in sentences.
    pub cannot_tell: Vec<String>,
    /// Where the daemon was started anew, and arrivals are asked for: since when, and the settings that the log shows from
    /// then to the next start.
    pub epochs: Vec<(Stamp, Settings)>,
    /// Every message in order of arrival, if it was asked for: the input of a replay.
    pub arrivals: Option<Vec<Arrival>>,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Coverage {
    /// Bytes of log, unpacked.
    pub bytes: u64,
    /// Lines, empty ones left out.
    pub lines: u64,
    /// Lines of Sendmail.
    pub sendmail: u64,
    /// Lines of other programs.
    pub others: u64,
    /// Lines that begin or end in the middle, are mixed with others or make no sense.
    pub damaged: u64,
    /// The first few of those, cut short and without addresses.
    pub damaged_samples: Vec<String>,
    /// Whether a line held bytes that no text has.
    pub binary: bool,
    /// First stamp.
    pub first: Option<Stamp>,
    /// Last stamp: mail still queued counts with its age then.
    pub last: Option<Stamp>,
    /// Whether stamps have a year.
    pub years: bool,
    /// Whether stamps have fractions of a second.
    pub fractions: bool,
    /// Machines (host names or `pps.agent`) in order of appearance; those beyond a bound share one name.
    pub nodes: Vec<String>,
    /// Messages followed at once, at most.
    pub open_max: u64,
    /// Messages that had to be forgotten because too many were open: those untouched for longest.
    pub forgotten: u64,
    /// Lines older than a line before them in the same file by more than a second.
    pub out_of_order: u64,
}

impl Coverage {
    /// From the first stamp to the last.
    pub fn span(&self) -> Span {
        match (self.first, self.last) {
            (Some(first), Some(last)) => last.since(first),
            _ => Span::ZERO,
        }
    }
}

/// How often things happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages seen: delivered + queued + bounced.
    pub arrived: u64,
    /// Accepted by the receiver.
    pub delivered: u64,
    /// Still queued at the end, or forgotten.
    pub queued: u64,
    /// Given up.
    pub bounced: u64,
    /// Of `arrived`, those accepted by the sender before the log begins; no delay metric counts them.
    pub carried_over: u64,
    /// Hops to a filter on the same machine that were joined with the message that came back.
    pub hops: u64,
    /// Refused or discarded on the way in; never queued and not in `arrived`.
    pub refused: u64,
    /// Delay notices sent.
    pub warned: u64,
    /// Attempts, skipped ones included.
    pub tries: u64,
    /// Attempts without a connection: host bad.
    pub skipped: u64,
    /// Attempts over a connection that left the message deferred.
    pub failed: u64,
    /// Connections lost that had carried mail.
    pub cut: u64,
    /// Connections lost by a reset or a timeout, at whatever point.
    pub reset: u64,
    /// Connections refused at connect or greeting.
    pub refused_connections: u64,
}

/// What a block of days holds. Delays are of messages that arrived in it, within the log, in nanoseconds; counts are
/// of what happened in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Block {
    /// When it begins.
    pub start: Stamp,
    /// Delays of delivered messages.
    pub delivered: Histogram,
    /// Ages of messages still queued.
    pub queued: Histogram,
    /// Ages of messages that were given up after a day or more. What the receiver did not want is not timed.
    pub expired: Histogram,
    /// Counts.
    pub counts: Counts,
}

impl Block {
    /// Adds what another holds.
    pub(super) fn join(&mut self, other: &Block) {
        self.delivered.merge(&other.delivered);
        self.queued.merge(&other.queued);
        self.expired.merge(&other.expired);
        self.counts.add(&other.counts);
    }
}

impl Counts {
    fn add(&mut self, other: &Counts) {
        for (mine, theirs) in [
            (&mut self.arrived, other.arrived),
            (&mut self.delivered, other.delivered),
            (&mut self.queued, other.queued),
            (&mut self.bounced, other.bounced),
            (&mut self.carried_over, other.carried_over),
            (&mut self.hops, other.hops),
            (&mut self.refused, other.refused),
            (&mut self.warned, other.warned),
            (&mut self.tries, other.tries),
            (&mut self.skipped, other.skipped),
            (&mut self.failed, other.failed),
            (&mut self.cut, other.cut),
            (&mut self.reset, other.reset),
            (&mut self.refused_connections, other.refused_connections),
        ] {
            *mine += theirs;
        }
    }
}

/// A stretch of the timeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// Messages accepted by the sender.
    pub arrived: u64,
    /// Messages accepted by the receiver.
    pub delivered: u64,
    /// Attempts without a connection.
    pub skipped: u64,
    /// Attempts over a connection that left the message deferred.
    pub failed: u64,
    /// Greatest delay of a message delivered here.
    pub worst: Span,
}

/// The mail of a log, or of a part of it.
#[derive(Clone, Debug, Default)]
pub struct Mail {
    /// Counts.
    pub counts: Counts,
    /// Days of a block: 1, or more where the log spans many.
    pub block_days: u32,
    /// Blocks of days, ascending.
    pub blocks: Vec<Block>,
    /// Length of a bucket of the timeline.
    pub bucket: Span,
    /// When the first bucket begins.
    pub timeline_start: Stamp,
    /// The timeline.
    pub timeline: Vec<Bucket>,
    /// Sizes in bytes, of messages with a `from=` line.
    pub sizes: Histogram,
    /// Recipients of a message, of the same.
    pub recipients: Histogram,
    /// Attempts until a message was settled, skipped ones included; of settled messages.
    pub tries: Histogram,
}

/// How a message ended, as far as the log goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Accepted by the receiver after this long.
    Delivered(Span),
    /// Still queued at the end of the log (or when it was forgotten), at this age.
    Queued(Span),
    /// Given up at this age.
    Bounced(Span),
}

/// A message: all that a replay needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// When the sender accepted it.
    pub at: Stamp,
    /// Its size in bytes, where a `from=` line told it.
    pub bytes: Option<u64>,
    /// Recipients; 1 where the log does not tell.
    pub recipients: u32,
    /// Position in [`Diagnosis::relays`] of the relay tried last, if any was.
    pub relay: Option<u32>,
    /// Attempts.
    pub tries: u32,
    /// How it ended.
    pub fate: Fate,
    /// Whether it was accepted before the log begins.
    pub carried_over: bool,
}

/// Where in a transaction an answer was given, as far as the log tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Greeting or EHLO.
    Greeting,
    /// MAIL or RCPT.
    Envelope,
    /// DATA or after the message.
    Data,
    /// The log does not tell.
    Unknown,
}

/// A temporary refusal by the receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Three digits.
    pub code: u16,
    /// Enhanced status code as logged, such as `4.7.500`.
    pub dsn: String,
    /// Where.
    pub phase: Phase,
    /// Its text, without addresses, cut short.
    pub text: String,
    /// How often.
    pub count: u64,
}

/// A span in which a host was not contacted although there was mail for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Avoided {
    /// The failure before it, if the log has one.
    pub failure: Option<Stamp>,
    /// First attempt that was skipped.
    pub from: Stamp,
    /// Last attempt that was skipped.
    pub last: Stamp,
    /// First contact after it, or none by the end of the log.
    pub until: Option<Stamp>,
    /// Attempts skipped.
    pub skipped: u64,
    /// Whether a process skipped the host that had not met the failure itself: host status kept outside processes.
    pub by_others: bool,
}

/// A next hop.
#[derive(Clone, Debug, Default)]
pub struct Relay {
    /// Host name or literal address as logged, unshortened where another line has it in full; no final dot.
    pub name: String,
    /// Different addresses contacted.
    pub addresses: u32,
    /// Messages accepted.
    pub delivered: u64,
    /// Attempts, skipped ones included.
    pub tries: u64,
    /// Attempts without a connection.
    pub skipped: u64,
    /// Attempts over a connection that left the message deferred.
    pub failed: u64,
    /// Connections lost that had carried mail.
    pub cut: u64,
    /// Connections lost by reset or timeout.
    pub reset: u64,
    /// Connections refused at connect or greeting.
    pub refused: u64,
    /// Messages refused for good.
    pub bounced: u64,
    /// Temporary refusals by code and phase, the most frequent first.
    pub answers: Vec<Answer>,
    /// The longest spans in which it was avoided, in order of time.
    pub avoided: Vec<Avoided>,
    /// Number of such spans.
    pub avoided_count: u64,
    /// Time in such spans, from the failure or first skip to the next contact.
    pub avoided_total: Span,
    /// Time a message takes on a busy connection.
    pub message_time: Option<Span>,
    /// Pairs of messages behind it.
    pub message_time_n: u64,
    /// Messages in a row from one process to one address, most.
    pub in_a_row_max: u64,
    /// The same of connections that were cut.
    pub carried_at_cut: Vec<u32>,
    /// Ages of connections that were cut, where their beginning was seen.
    pub age_at_cut: Vec<Span>,
    /// How it behaved, for a simulation.
    pub conditions: Conditions,
}

/// How the queue is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueRuns {
    /// `-q<interval>`: a new process every interval.
    Periodic,
    /// `-qp`: processes that stay.
    Persistent,
}

/// What happens to mail on arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It waits for a queue run.
    QueueOnly,
    /// It is tried at once, by a process of its own.
    Immediate,
}

/// Limit of messages on one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cap {
    /// So many.
    Limit(u32),
    /// None that shows.
    Unlimited,
}

/// How the receiver ends a connection whose time is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutKind {
    /// By a reset.
    Reset,
    /// By an answer 421.
    Reply421,
}

/// Settings that a log may tell. Keys of a scenario are named where there is one.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// `proofpoint.delivery`.
    pub delivery: Inferred<Delivery>,
    /// `proofpoint.queue_runs`.
    pub queue_runs: Inferred<QueueRuns>,
    /// `proofpoint.retry_interval`: run interval of periodic runs, minimum queue age of persistent ones.
    pub retry_interval: Inferred<Span>,
    /// `proofpoint.queue_runners`.
    pub queue_runners: Inferred<u32>,
    /// `proofpoint.messages_per_connection`. For [`super::Sure::Bounded`], `low` is a limit that is not exceeded.
    pub messages_per_connection: Inferred<Cap>,
    /// `proofpoint.hoststat.enabled`.
    pub hoststat: Inferred<bool>,
    /// `proofpoint.hoststat.remember_for`, also of the memory of one process.
    pub remember_for: Inferred<Span>,
    /// `proofpoint.single_thread_delivery`.
    pub single_thread_delivery: Inferred<bool>,
    /// `exchange_online.connection_lifetime`.
    pub connection_lifetime: Inferred<Span>,
    /// `exchange_online.cut`.
    pub cut: Inferred<CutKind>,
    /// Time for a message on a busy connection, all round trips included.
    pub message_time: Inferred<Span>,
    /// `proofpoint.agents`: machines that sent mail.
    pub agents: Inferred<u32>,
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindingKind {
    /// Host status keeps mail away from a host.
    HostStatus,
    /// A process gave up a host for the rest of its run.
    RunGivenUp,
    /// Connections are cut by their age.
    Cuts,
    /// Mail waits long for its next attempt.
    RetryInterval,
    /// The receiver defers mail.
    Deferrals,
    /// The receiver refuses connections.
    Refusals,
    /// One connection at a time to a host.
    SingleThread,
    /// Name service fails.
    NameService,
    /// More mail than the runners can carry.
    Capacity,
    /// Nothing wrong.
    Healthy,
}

/// A part of the verdict.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What it is about.
    pub kind: FindingKind,
    /// The relay, if it concerns one.
    pub relay: Option<String>,
    /// One sentence with its numbers.
    pub text: String,
    /// Time that messages waited because of it, summed, where it can be told: what findings are ranked by.
    pub cost: Span,
    /// Lines of the log that show it, without addresses.
    pub evidence: Vec<String>,
    /// What the article advises.
    pub advice: Vec<String>,
}
