//! A runner with a backlog, one connection after the other: a renewal process.

use crate::mail::{REPLICATIONS, by, single_server};
use crate::reference::Entry;
use mailflow::experiment::{ReplicationSettings, replicate_observed};
use mailflow::model::connection::Closed;
use mailflow::model::distribution::Shape;
use mailflow::model::params::{Arrivals, Cut};
use mailflow::model::{Observation, Observer};
use mailflow::units::{SimTime, Span};
use rayon::prelude::*;

const CONNECT: Span = Span::from_secs(1);

#[test]
fn a_saturated_connection_with_a_cap_and_a_lifetime_is_a_renewal_process() {
    let entry =
        Entry::of("Saturated connection: exp(10 s) messages, closed after 100, reset at 1200 s");
    let service = Shape::Exponential(entry.param("mean_s"));
    let mut params = single_server(Arrivals::None, service, Span::from_nanos(1));
    params.workload.backlog = 150_000;
    params.sender.messages_per_connection = Some(entry.param("m") as u32);
    // A process without a memory reconnects at once.
    params.sender.host_status.remember_for = Span::ZERO;
    params.receiver.connect_time = CONNECT;
    // The lifetime counts from connect(), the exact value's from the first message.
    params.receiver.connection_lifetime = Some(Span::from_seconds(entry.param("T")) + CONNECT);
    params.receiver.lifetime_jitter = Span::ZERO;
    params.receiver.cut = Cut::Reset;
    let settings = ReplicationSettings {
        simulate: Span::from_hours(400),
        warm_up: Span::ZERO,
        drain: false,
        seed: 42,
        parts: Vec::new(),
    };
    let one = |n| {
        let mut closings = Closings::default();
        replicate_observed(&params, &settings, n, &mut closings);
        closings
    };
    let runs: Vec<Closings> = (0..REPLICATIONS).into_par_iter().map(one).collect();
    // The message under way at a reset was attempted, not delivered.
    let delivered = |run: &Closings| (run.carried - run.cut) as f64;
    let connections = |run: &Closings| run.connections as f64;
    let busy = |run: &Closings| run.open_for - connections(run) * CONNECT.seconds();
    entry.covers("P_reset", &by(&runs, |run| run.cut as f64 / connections(run)));
    entry.covers("E_messages", &by(&runs, |run| delivered(run) / connections(run)));
    entry.covers("E_busy_len", &by(&runs, |run| busy(run) / connections(run)));
    entry.covers("fail_per_attempt", &by(&runs, |run| run.cut as f64 / run.carried as f64));
    entry.covers(
        "throughput_per_runner_connect_1s",
        &by(&runs, |run| delivered(run) / run.last_closed.seconds()),
    );
}

/// Counts over the connections that were closed; the one open at the end would bias a mean.
#[derive(Default)]
struct Closings {
    connections: u64,
    carried: u64,
    cut: u64,
    open_for: f64,
    last_closed: SimTime,
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
