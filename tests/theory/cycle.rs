//! A runner with a backlog that opens one connection after the other.

use crate::mail::{REPLICATIONS, single_server};
use mailflow::experiment::{ReplicationSettings, replicate_observed};
use mailflow::model::connection::Closed;
use mailflow::model::distribution::Shape;
use mailflow::model::params::{Arrivals, Cut};
use mailflow::model::{Observation, Observer};
use mailflow::units::{SimTime, Span};
use rayon::prelude::*;

const CONNECT: Span = Span::from_secs(1);

/// Exponential messages of `mean` seconds; a connection ends with `cap` of them or at the age of `lifetime`.
pub(crate) fn cycles(mean: f64, cap: u32, lifetime: f64) -> Vec<Closings> {
    let mut params = single_server(Arrivals::None, Shape::Exponential(mean), Span::from_nanos(1));
    params.workload.backlog = 150_000;
    params.sender.messages_per_connection = Some(cap);
    // A process without a memory reconnects at once.
    params.sender.host_status.remember_for = Span::ZERO;
    params.receiver.connect_time = CONNECT;
    // The lifetime counts from connect(), the exact value's from the first message.
    params.receiver.connection_lifetime = Some(Span::from_seconds(lifetime) + CONNECT);
    params.receiver.lifetime_jitter = Span::ZERO;
    params.receiver.cut = Cut::Reset;
    let settings = ReplicationSettings {
        simulate: Span::from_hours(400),
        warm_up: Span::ZERO,
        drain: Span::ZERO,
        seed: 42,
        parts: Vec::new(),
    };
    let one = |n| {
        let mut closings = Closings::default();
        replicate_observed(&params, &settings, n, &mut closings);
        closings
    };
    (0..REPLICATIONS).into_par_iter().map(one).collect()
}

/// Counts over the connections that were closed; the one open at the end would bias a mean.
#[derive(Default)]
pub(crate) struct Closings {
    connections: u64,
    carried: u64,
    cut: u64,
    open_for: f64,
    last_closed: SimTime,
}

impl Closings {
    /// The message under way at a reset was attempted, not delivered.
    fn delivered(&self) -> f64 {
        (self.carried - self.cut) as f64
    }

    /// Share of connections that a reset ended.
    pub(crate) fn reset(&self) -> f64 {
        self.cut as f64 / self.connections as f64
    }

    /// Messages delivered on a connection.
    pub(crate) fn messages(&self) -> f64 {
        self.delivered() / self.connections as f64
    }

    /// How long a connection was busy.
    pub(crate) fn busy(&self) -> f64 {
        self.open_for / self.connections as f64 - CONNECT.seconds()
    }

    /// Share of attempts that a reset ended.
    pub(crate) fn failed(&self) -> f64 {
        self.cut as f64 / self.carried as f64
    }

    /// Messages delivered in a second.
    pub(crate) fn throughput(&self) -> f64 {
        self.delivered() / self.last_closed.seconds()
    }
}

impl Observer for Closings {
    fn observe(&mut self, now: SimTime, observation: &Observation<'_>) {
        if let Observation::ConnectionClosed { reason, carried, opened_at, .. } = observation {
            self.connections += 1;
            self.carried += u64::from(*carried);
            self.cut += u64::from(*reason == Closed::CutByReset);
            self.open_for += now.since(*opened_at).seconds();
            self.last_closed = now;
        }
    }
}
