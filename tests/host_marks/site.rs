//! A small site with five messages, and what an observer tells of it.

use mailflow::experiment::{ReplicationSettings, replicate_observed};
use mailflow::model::distribution::Shape;
use mailflow::model::params::{
    Action, AddressOrder, Arrivals, Change, Link, Network, Order, Params, QueueRuns, Receiver,
    Recipients, Sender, Workload,
};
use mailflow::model::{Observation, Observer};
use mailflow::units::{Bandwidth, SimTime, Span};
use std::collections::BTreeMap;

const MESSAGES: u64 = 5;

/// One runner, five messages of 24 seconds each, a pass a minute after the last one.
pub(crate) fn site() -> Params {
    let pause = Span::from_mins(1);
    Params {
        workload: Workload {
            arrivals: Arrivals::None,
            backlog: MESSAGES,
            size: Shape::Fixed(1000.0),
            recipients: Recipients { mean: 1.0, max: 1 },
            ..Workload::default()
        },
        sender: Sender {
            runs: QueueRuns::Persistent { after_work: pause, after_empty: pause },
            runners: 1,
            min_queue_age: Span::ZERO,
            order: Order::Time,
            ..Sender::default()
        },
        receiver: Receiver {
            address_order: AddressOrder::AsListed,
            connection_lifetime: None,
            lifetime_jitter: Span::ZERO,
            service_time: Shape::Fixed(10.0),
            connect_time: Span::ZERO,
            ..Receiver::default()
        },
        network: Network {
            round_trip: Span::from_secs(1),
            link: Link::PerConnection(Bandwidth(800.0)),
        },
        ..Params::default()
    }
}

/// From `seconds` on, things are as in `other`.
pub(crate) fn changed_at(mut params: Params, other: &Params, seconds: u64) -> Params {
    let at = SimTime::ZERO + Span::from_secs(seconds);
    params.changes.push(Change { at, action: Action::Set(Box::new(other.clone())) });
    params
}

/// From `seconds` on, nothing is wrong any more.
pub(crate) fn healed_at(params: Params, seconds: u64) -> Params {
    changed_at(params, &site(), seconds)
}

pub(crate) fn second(seconds: f64) -> SimTime {
    SimTime::ZERO + Span::from_seconds(seconds)
}

/// What happened.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// (process, message, fate), in order of time; a message passed over is none.
    fates: Vec<(u64, u64, &'static str)>,
    deliveries: Vec<SimTime>,
    /// When a host was marked, and until when others stay away.
    pub(crate) marks: Vec<(SimTime, Option<SimTime>)>,
    /// When a record was last cleared.
    pub(crate) cleared: SimTime,
    dialled_by: BTreeMap<u64, u64>,
    /// The process that last started a transaction.
    at_work: u64,
}

impl Told {
    /// The fates of the messages in process number `process`, in words.
    pub(crate) fn fates_in(&self, process: u64) -> String {
        let of = self.fates.iter().filter(|(number, _, _)| *number == process);
        of.map(|(_, message, fate)| format!("{message} {fate}")).collect::<Vec<_>>().join(", ")
    }

    /// The messages that process number `process` neither delivered nor bounced.
    pub(crate) fn left_by(&self, process: u64) -> Vec<u64> {
        let gone = |id: &u64| {
            let with = |(by, message, fate): &&(u64, u64, &str)| {
                *by == process && message == id && ["delivered", "bounced"].contains(fate)
            };
            self.fates.iter().any(|one| with(&one))
        };
        (0..MESSAGES).filter(|id| !gone(id)).collect()
    }

    /// The words for `messages` that all meet one fate.
    pub(crate) fn all(messages: &[u64], fate: &str) -> String {
        messages.iter().map(|id| format!("{id} {fate}")).collect::<Vec<_>>().join(", ")
    }

    pub(crate) fn delivered(&self) -> usize {
        self.deliveries.len()
    }

    pub(crate) fn first_delivery_after(&self, since: SimTime) -> SimTime {
        let after = self.deliveries.iter().find(|at| **at > since);
        *after.unwrap_or_else(|| panic!("nothing is delivered after {since:?}: {self:#?}"))
    }
}

impl Observer for Told {
    fn observe(&mut self, now: SimTime, observation: &Observation<'_>) {
        match *observation {
            Observation::ConnectionOpened { process, connection, .. } => {
                self.dialled_by.insert(connection, process);
            }
            Observation::TransactionStarted { process, .. } => self.at_work = process,
            Observation::Delivered { message, connection } => {
                self.fates.push((self.dialled_by[&connection], message.id, "delivered"));
                self.deliveries.push(now);
            }
            Observation::TryFailed { message, process, .. } => {
                self.fates.push((process, message.id, "failed"));
            }
            Observation::TrySkipped { message, process, .. } => {
                self.fates.push((process, message.id, "skipped"));
            }
            Observation::Bounced { message, .. } => {
                self.fates.push((self.at_work, message.id, "bounced"));
            }
            Observation::HostMarked { until, .. } => self.marks.push((now, until)),
            Observation::HostCleared { .. } => self.cleared = now,
            _ => {}
        }
    }
}

/// Two hours of `params`, with HostStat on or off.
pub(crate) fn told(params: &Params, host_stat: bool) -> Told {
    let mut params = params.clone();
    always(&mut params, |settings| settings.sender.host_status.enabled = host_stat);
    let settings = ReplicationSettings {
        simulate: Span::from_hours(2),
        warm_up: Span::ZERO,
        drain: Span::ZERO,
        seed: 1,
        parts: Vec::new(),
    };
    let mut told = Told::default();
    replicate_observed(&params, &settings, 0, &mut told);
    told
}

/// Changes the settings that hold at the start and those that come with a change alike.
pub(crate) fn always(params: &mut Params, change: impl Fn(&mut Params)) {
    change(params);
    for one in &mut params.changes {
        if let Action::Set(later) = &mut one.action {
            change(later);
        }
    }
}
