//! A recorded case: what a real Sendmail did to real arrivals, to hold the model against.
//!
//! A case folder is `setup.json` + `injected.csv` (+ `delivered.csv`, `connections.csv`). The simulation
//! sees only [`RecordedCase::params`] and the horizon, which come from `sender`, `receiver`, `horizon_s`,
//! `clock_step_s` and `injected.csv`; the outcome is read apart from them into [`Observed`]. A field that is
//! absent or null is none or zero, never a scenario's default.

mod tables;

use crate::model::distribution::Shape;
use crate::model::laboratory::Laboratory;
use crate::model::params::{
    AddressOrder, Arrivals, Burstiness, Commit, Costs, Cut, Deferral, DeliveryMode, HostKey,
    HostStatus, Link, Marks, Network, Order, Params, QueueRuns, Receiver, Recipients, Recorded,
    Routing, Sender, SmtpPhase, Timeouts, Trouble, Workload,
};
use crate::units::{Bandwidth, Share, SimTime, Span};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tables::{Injected, injected, observed};

/// Messages whose service times together keep to their mean. `overhead_profile` was measured from the run it
/// describes, as the mean over each 40 messages less the mean service time: it already holds the chance of
/// the service times, and drawing them freely would let that in twice. \[LAB\]
const SERVICE_BLOCK: u32 = 40;
/// How late a queue run starts, in seconds of the laboratory's clock: from the nominal start of a periodic
/// run to its first connection. Mean of the means of the 14 cases that deliver by runs every 30 of these
/// seconds, over runs that open a connection within half a second; `tests/laboratory.rs` measures it. \[LAB\]
const RUN_LATE: f64 = 0.0265;
/// How late the sink resets a connection, in the same seconds: its age less the lifetime. Mean of the means
/// of 14 cases; `tests/laboratory.rs` measures it. \[LAB\]
const CUT_LATE: f64 = 0.0056;

/// A case, ready to simulate and to compare.
#[derive(Clone, Debug)]
pub struct RecordedCase {
    /// Name of its folder.
    pub name: String,
    /// All that the simulation is told.
    pub params: Params,
    /// End of the recording.
    pub horizon: Span,
    /// What happened in reality.
    pub observed: Observed,
}

/// What happened in reality.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// Delay of each injected message in seconds; its age for one still queued at the horizon. Ascending.
    /// Empty when the case has no `delivered.csv`.
    pub delays: Vec<f64>,
    /// Connections ended by the lifetime, and all closed by the horizon; `None` without `connections.csv`.
    pub connections: Option<(u64, u64)>,
    /// Attempts skipped; `None` when nobody counted.
    pub skipped: Option<u64>,
}

/// Why a case cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// A file is missing or unreadable.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("{}:{line}: {problem}", path.display())]
    Invalid {
        /// Which.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong and what is accepted.
        problem: String,
    },
}

#[derive(Deserialize)]
struct Setup {
    horizon_s: f64,
    #[serde(default)]
    clock_step_s: Option<f64>,
    sender: SenderSetup,
    receiver: ReceiverSetup,
}

#[derive(Deserialize)]
struct SenderSetup {
    delivery_mode: Option<String>,
    agents: Option<u32>,
    run: Option<String>,
    interval_s: Option<f64>,
    first_run_at_s: Option<f64>,
    persistent_pause_s: Option<Pause>,
    runners: Option<u32>,
    max_queue_children: Option<u32>,
    min_queue_age_s: Option<f64>,
    order: Option<String>,
    max_messages_per_connection: Option<u32>,
    host_status: Option<HostStatusSetup>,
    single_thread_delivery: Option<bool>,
    cache_idle_s: Option<f64>,
    skip_cost_s: Option<f64>,
    process_start_s: Option<f64>,
    pass_start_s: Option<f64>,
}

#[derive(Deserialize)]
struct Pause {
    after_work: Option<f64>,
    after_empty_pass: Option<f64>,
}

#[derive(Deserialize)]
struct HostStatusSetup {
    enabled: Option<bool>,
    lifetime_s: Option<f64>,
}

#[derive(Deserialize)]
struct ReceiverSetup {
    addresses: Vec<String>,
    routing: Option<String>,
    address_order: Option<String>,
    connection_lifetime_s: Option<f64>,
    cut: Option<String>,
    commit: Option<String>,
    service: ServiceSetup,
    overhead_s: Option<f64>,
    overhead_profile: Option<Vec<(f64, f64)>>,
    connect_s: Option<f64>,
    idle_timeout_s: Option<f64>,
    deferrals: Option<OneOrMany>,
    dead: Option<BTreeMap<String, String>>,
    max_connections: Option<u32>,
    over_limit: Option<String>,
}

#[derive(Deserialize)]
struct ServiceSetup {
    distribution: String,
    mean_s: f64,
    sigma_ln: Option<f64>,
}

#[derive(Deserialize, Clone)]
struct DeferralSetup {
    probability: f64,
    phase: String,
    reply: String,
}

/// One deferral or a list of them, as recordings have both.
#[derive(Clone)]
enum OneOrMany {
    One(DeferralSetup),
    Many(Vec<DeferralSetup>),
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let parsed = if value.is_array() {
            serde_json::from_value(value).map(OneOrMany::Many)
        } else {
            serde_json::from_value(value).map(OneOrMany::One)
        };
        parsed.map_err(serde::de::Error::custom)
    }
}

impl RecordedCase {
    /// Reads the case in `folder`.
    ///
    /// # Errors
    /// A file that is missing, unreadable or malformed, with its line.
    pub fn load(folder: &Path) -> Result<Self, CaseError> {
        let path = folder.join("setup.json");
        let text = read(&path)?;
        let setup: Setup =
            serde_json::from_str(&text).map_err(|error| invalid(&path, error.line(), &error))?;
        if !(setup.horizon_s.is_finite() && setup.horizon_s > 0.0) {
            return Err(invalid(&path, 1, &"horizon_s must be a positive number of seconds"));
        }
        let horizon = span(Some(setup.horizon_s));
        let injected = injected(&folder.join("injected.csv"))?;
        let observed = observed(folder, &text, &injected, setup.horizon_s)?;
        let params = params(&setup, &injected).map_err(|problem| invalid(&path, 1, &problem))?;
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
        Ok(RecordedCase { name: name.unwrap_or_default(), params, horizon, observed })
    }
}

fn invalid(path: &Path, line: usize, problem: &dyn std::fmt::Display) -> CaseError {
    CaseError::Invalid { path: path.to_owned(), line: line.max(1), problem: problem.to_string() }
}

fn read(path: &Path) -> Result<String, CaseError> {
    std::fs::read_to_string(path).map_err(|source| CaseError::Io { path: path.to_owned(), source })
}

fn span(seconds: Option<f64>) -> Span {
    Span::from_seconds(seconds.unwrap_or(0.0))
}

fn instant(seconds: f64) -> SimTime {
    SimTime::ZERO + Span::from_seconds(seconds)
}

fn params(setup: &Setup, injected: &[Injected]) -> Result<Params, String> {
    let recorded = injected.iter().map(|message| Recorded {
        at: instant(message.seconds),
        bytes: Some(message.bytes),
        recipients: Some(1),
        destination: None,
    });
    let clock_step = span(setup.clock_step_s);
    Ok(Params {
        workload: Workload {
            arrivals: Arrivals::Replay(recorded.collect()),
            burstiness: Burstiness::None,
            clock_at_start: Span::ZERO,
            bursts: Vec::new(),
            backlog: 0,
            size: Shape::Fixed(1.0),
            recipients: Recipients { mean: 1.0, max: 1 },
        },
        sender: sender(&setup.sender, clock_step)?,
        receiver: receiver(&setup.receiver)?,
        // The laboratory ran over loopback; what its stack cost is in the overheads.
        network: Network {
            round_trip: Span::ZERO,
            link: Link::PerConnection(Bandwidth::UNLIMITED),
        },
        others: Vec::new(),
        changes: Vec::new(),
        laboratory: Some(laboratory(clock_step)),
    })
}

fn laboratory(clock_step: Span) -> Laboratory {
    Laboratory {
        service_block: SERVICE_BLOCK,
        run_late: clock_step.scale(RUN_LATE),
        cut_late: clock_step.scale(CUT_LATE),
    }
}

/// The value that `text` names in `table`; the first entry when it is absent.
fn named<T: Copy>(key: &str, text: Option<&str>, table: &[(&str, T)]) -> Result<T, String> {
    let Some(text) = text else { return Ok(table[0].1) };
    table.iter().find(|(name, _)| *name == text).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = table.iter().map(|(name, _)| *name).collect();
        format!("{key} is \"{text}\"; accepted are {}", names.join(", "))
    })
}

fn sender(setup: &SenderSetup, clock_step: Span) -> Result<Sender, String> {
    let persistent =
        named("sender.run", setup.run.as_deref(), &[("periodic", false), ("persistent", true)])?;
    let runs = if persistent {
        let pause = setup.persistent_pause_s.as_ref();
        QueueRuns::Persistent {
            after_work: span(pause.and_then(|pause| pause.after_work)),
            after_empty: span(pause.and_then(|pause| pause.after_empty_pass)),
        }
    } else {
        let interval = span(setup.interval_s);
        if interval.is_zero() {
            return Err("sender.interval_s must be positive for periodic runs".to_owned());
        }
        QueueRuns::Periodic { interval, max_runner_processes: setup.max_queue_children }
    };
    let status = setup.host_status.as_ref();
    let delivery_modes =
        [("queue_only", DeliveryMode::QueueOnly), ("background", DeliveryMode::Immediate)];
    let orders = [("priority", Order::Priority), ("time", Order::Time), ("random", Order::Random)];
    Ok(Sender {
        agents: setup.agents.unwrap_or(1).max(1),
        delivery: named("sender.delivery_mode", setup.delivery_mode.as_deref(), &delivery_modes)?,
        runs,
        runners: setup.runners.unwrap_or(1).max(1),
        min_queue_age: span(setup.min_queue_age_s),
        first_run_at: instant(setup.first_run_at_s.unwrap_or(0.0)),
        order: named("sender.order", setup.order.as_deref(), &orders)?,
        messages_per_connection: setup.max_messages_per_connection.filter(|cap| *cap > 0),
        cache_idle: setup.cache_idle_s.map_or(Span::MAX, |idle| span(Some(idle))),
        cache_size: 2,
        host_status: HostStatus {
            enabled: status.and_then(|status| status.enabled).unwrap_or(false),
            remember_for: span(status.and_then(|status| status.lifetime_s)),
            key: HostKey::HostName,
            marks: Marks::Sendmail,
            threshold: 1,
        },
        single_thread_delivery: setup.single_thread_delivery.unwrap_or(false),
        costs: Costs {
            skip: span(setup.skip_cost_s),
            run_start: span(setup.pass_start_s),
            process_start: span(setup.process_start_s),
        },
        timeouts: Timeouts::default(),
        warn_after: Span::from_hours(4),
        give_up_after: Span::from_hours(120),
        clock_step,
    })
}

fn receiver(setup: &ReceiverSetup) -> Result<Receiver, String> {
    let service = &setup.service;
    let sigma = service.sigma_ln.unwrap_or(0.0);
    let service_time = match service.distribution.as_str() {
        _ if service.mean_s <= 0.0 => Shape::Fixed(0.0),
        "lognormal" => Shape::lognormal_by_mean(service.mean_s, sigma, None),
        "exponential" => Shape::Exponential(service.mean_s),
        "fixed" | "constant" => Shape::Fixed(service.mean_s),
        other => {
            return Err(format!(
                "receiver.service.distribution is \"{other}\"; accepted are lognormal, exponential, fixed"
            ));
        }
    };
    let profile = setup.overhead_profile.clone().unwrap_or_default();
    let steps = profile.iter().map(|(from, overhead)| (instant(*from), span(Some(*overhead))));
    let mut message_overhead: Vec<(SimTime, Span)> = steps.collect();
    if message_overhead.is_empty() {
        message_overhead.push((SimTime::ZERO, span(setup.overhead_s)));
    }
    let greeting = [("421 greeting", ()), ("greeting_421", ()), ("421", ())];
    named("receiver.over_limit", setup.over_limit.as_deref(), &greeting)?;
    let routings = [
        ("one_name", Routing::OneName),
        ("mx_hosts", Routing::MxHosts),
        ("addresses", Routing::Addresses),
    ];
    let orders = [
        ("as_listed", AddressOrder::AsListed),
        ("rotating", AddressOrder::Rotating),
        ("random", AddressOrder::Random),
    ];
    let cuts = [
        ("reset", Cut::Reset),
        ("reply_421", Cut::Reply421),
        ("unsolicited_421", Cut::Unsolicited421),
    ];
    let commits = [("after_reply", Commit::AfterReply), ("before_reply", Commit::BeforeReply)];
    Ok(Receiver {
        front_ends: setup.addresses.len().max(1) as u32,
        routing: named("receiver.routing", setup.routing.as_deref(), &routings)?,
        address_order: named("receiver.address_order", setup.address_order.as_deref(), &orders)?,
        connection_lifetime: setup.connection_lifetime_s.map(|lifetime| span(Some(lifetime))),
        lifetime_jitter: Span::ZERO,
        cut: named("receiver.cut", setup.cut.as_deref(), &cuts)?,
        commit: named("receiver.commit", setup.commit.as_deref(), &commits)?,
        service_time,
        message_overhead,
        connect_time: span(setup.connect_s),
        idle_timeout: setup.idle_timeout_s.map(|idle| span(Some(idle))),
        max_connections: setup.max_connections,
        max_connections_per_source: None,
        deferrals: deferrals(setup)?,
        dead: dead(setup)?,
        throttle: None,
        machines_per_front_end: 1,
        unhealthy_machines: None,
        slow_hours: Vec::new(),
        episodes: None,
        outages: Vec::new(),
    })
}

fn deferrals(setup: &ReceiverSetup) -> Result<Vec<Deferral>, String> {
    let list = match setup.deferrals.clone() {
        None => Vec::new(),
        Some(OneOrMany::One(one)) => vec![one],
        Some(OneOrMany::Many(many)) => many,
    };
    // The recordings call the reply to the final dot "data".
    let phases = [
        ("data", SmtpPhase::Dot),
        ("dot", SmtpPhase::Dot),
        ("mail", SmtpPhase::Mail),
        ("rcpt", SmtpPhase::Rcpt),
        ("data_command", SmtpPhase::Data),
    ];
    let deferral = |one: DeferralSetup| {
        let code = one.reply.get(..3).and_then(|code| code.parse::<u16>().ok());
        Ok(Deferral {
            at: named("receiver.deferrals.phase", Some(&one.phase), &phases)?,
            code: code.ok_or_else(|| {
                format!("receiver.deferrals.reply \"{}\" does not start with a code", one.reply)
            })?,
            reply: one.reply.as_str().into(),
            chance: Share::new(one.probability),
        })
    };
    list.into_iter().map(deferral).collect()
}

fn dead(setup: &ReceiverSetup) -> Result<Vec<(u32, Trouble)>, String> {
    let troubles = [
        ("reset", Trouble::Reset),
        ("refuse", Trouble::Refuse),
        ("421 greeting", Trouble::Greeting421),
        ("greeting_421", Trouble::Greeting421),
        ("banner421", Trouble::Greeting421),
        ("421", Trouble::Greeting421),
        ("silent", Trouble::Silent),
    ];
    let mut list = Vec::new();
    for (address, trouble) in setup.dead.iter().flatten() {
        let index = setup.addresses.iter().position(|known| known == address);
        let index = index.ok_or_else(|| {
            format!("receiver.dead names {address}; accepted are {}", setup.addresses.join(", "))
        })?;
        list.push((index as u32, named("receiver.dead", Some(trouble), &troubles)?));
    }
    Ok(list)
}
