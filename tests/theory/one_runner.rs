//! One persistent runner is a single-server queue: waits against the textbooks.

use crate::mail::{by, mean_delay, poisson, run_all, single_server, watch_all};
use crate::reference::{Entry, assert_covers};
use mailflow::engine::Stream;
use mailflow::experiment::{ReplicationSettings, replicate_observed};
use mailflow::model::distribution::Shape;
use mailflow::model::params::{
    Arrivals, Deferral, DeliveryMode, QueueRuns, Recorded, Routing, SmtpPhase,
};
use mailflow::model::{Observation, Observer};
use mailflow::units::{Rate, Share, SimTime, Span};
use rayon::prelude::*;

fn exponential(mean: f64) -> Shape {
    Shape::Exponential(mean)
}

#[test]
fn one_runner_with_exponential_service_is_m_m_1() {
    let entry = Entry::of("M/M/1 means");
    let params = single_server(
        poisson(entry.param("lambda_")),
        exponential(1.0 / entry.param("mu")),
        Span::ZERO,
    );
    let runs = watch_all(|_| params.clone(), 60);
    entry.covers("Wq", &by(&runs, |run| run.mean()));
    entry.covers("W", &by(&runs, |run| run.delay()));
    // Measured over time and not by Little's law.
    entry.covers("L", &by(&runs, |run| run.record.counts.queue_mean));
    entry.covers("Lq", &by(&runs, |run| run.line()));
    let mean = entry.exact("Wq");
    entry.covers("sd_Wq", &by(&runs, |run| run.deviation_from(mean)));
    assert_covers("utilisation", 0.9, &by(&runs, |run| run.record.counts.runners_busy));
}

#[test]
fn waits_of_one_runner_have_the_quantiles_of_m_m_1() {
    let entry = Entry::of("M/M/1 waiting and sojourn quantiles");
    let params = single_server(
        poisson(entry.param("lambda_")),
        exponential(1.0 / entry.param("mu")),
        Span::ZERO,
    );
    let runs = watch_all(|_| params.clone(), 48);
    for (p, wait, sojourn) in [
        (0.50, "Wq_p50", "W_p50"),
        (0.90, "Wq_p90", "W_p90"),
        (0.95, "Wq_p95", "W_p95"),
        (0.99, "Wq_p99", "W_p99"),
    ] {
        entry.covers(wait, &by(&runs, |run| run.quantile(p)));
        entry.covers(sojourn, &by(&runs, |run| run.delay_quantile(p)));
    }
}

/// How many messages are in the queue at given instants.
struct Level {
    at: Vec<SimTime>,
    level: u64,
    seen: Vec<f64>,
}

impl Observer for Level {
    fn observe(&mut self, now: SimTime, observation: &Observation<'_>) {
        while self.at.get(self.seen.len()).is_some_and(|at| *at < now) {
            self.seen.push(self.level as f64);
        }
        match observation {
            Observation::Arrived { .. } => self.level += 1,
            Observation::Delivered { .. } => self.level -= 1,
            _ => {}
        }
    }
}

#[test]
fn an_empty_queue_fills_as_m_m_1_does() {
    let entry = Entry::of("M/M/1 transient mean number from empty");
    let params = single_server(
        poisson(entry.param("lambda_")),
        exponential(1.0 / entry.param("mu")),
        Span::ZERO,
    );
    let at: Vec<SimTime> = [10, 50, 100, 300].map(|t| SimTime::ZERO + Span::from_secs(t)).to_vec();
    let settings = ReplicationSettings {
        simulate: Span::from_secs(400),
        warm_up: Span::ZERO,
        drain: Span::ZERO,
        seed: 42,
        parts: Vec::new(),
    };
    let one = |n| {
        let mut level = Level { at: at.clone(), level: 0, seen: Vec::new() };
        replicate_observed(&params, &settings, n, &mut level);
        level.seen
    };
    let runs: Vec<Vec<f64>> = (0..8_000u64).into_par_iter().map(one).collect();
    for (index, key) in ["EN_t10", "EN_t50", "EN_t100", "EN_t300"].into_iter().enumerate() {
        entry.covers(key, &by(&runs, |seen| seen[index]));
    }
}

#[test]
fn constant_arrivals_make_it_d_m_1() {
    let entry = Entry::of("D/M/1");
    let arrivals = Arrivals::Constant(Rate(entry.param("lambda_")));
    let params = single_server(arrivals, exponential(1.0 / entry.param("mu")), Span::ZERO);
    let runs = watch_all(|_| params.clone(), 24);
    entry.covers("Wq", &by(&runs, |run| run.mean()));
    // Who arrives finds the server busy with probability sigma.
    entry.covers("sigma", &by(&runs, |run| run.share_waiting()));
}

#[test]
fn a_pause_after_each_empty_pass_is_a_queue_with_multiple_vacations() {
    let entry =
        Entry::of("M/M/1 multiple vacations, deterministic V=10 (a queue run every 10 when idle)");
    let mut params = single_server(
        poisson(entry.param("lambda_")),
        exponential(1.0 / entry.param("mu")),
        Span::ZERO,
    );
    // A pass follows the other until one lists nothing.
    params.sender.runs = QueueRuns::Persistent {
        after_work: Span::from_nanos(1),
        after_empty: Span::from_seconds(entry.param("EV")),
    };
    let runs = watch_all(|_| params.clone(), 24);
    entry.covers("Wq", &by(&runs, |run| run.mean()));
}

#[test]
fn mail_that_arrives_by_tens_is_a_queue_with_batches() {
    let entry = Entry::of("M^[10]/M/1 batch arrivals");
    let (rate, batch) = (entry.param("batch_rate"), entry.param("batch") as usize);
    let hours = 96;
    let service = exponential(1.0 / entry.param("mu"));
    let params = |replication: u64| {
        let gaps = Stream::new(42, replication, "batches");
        let mut list = Vec::new();
        let mut at = SimTime::ZERO;
        while at < SimTime::ZERO + Span::from_hours(hours) {
            at += Span::from_seconds(-gaps.uniform(list.len() as u64).ln() / rate);
            let one = Recorded { at, bytes: None, recipients: None, destination: None };
            list.extend(std::iter::repeat_n(one, batch));
        }
        single_server(Arrivals::Replay(list.into()), service.clone(), Span::ZERO)
    };
    let runs = watch_all(params, hours);
    entry.covers("L", &by(&runs, |run| run.record.counts.queue_mean));
    entry.covers("W", &by(&runs, |run| run.delay()));
    entry.covers("Wq", &by(&runs, |run| run.mean()));
}

#[test]
fn pauses_between_passes_make_it_a_gated_queue_with_vacations() {
    // Takagi 1991: Wq = L E[S^2]/(2(1-rho)) + E[V^2]/(2E[V]) + rho E[V]/(1-rho)
    //  = 0.8*2/0.4 + 2.5 + 0.8*5/0.2 = 4 + 2.5 + 20 = 26.5.
    let params = single_server(poisson(0.8), exponential(1.0), Span::from_secs(5));
    assert_covers("gated M/M/1, V = 5 s", 27.5, &by(&run_all(&params, 24, true), mean_delay));
}

#[test]
fn agents_with_their_own_queues_are_independent_m_m_1_queues() {
    // A random split of 1.6/s over two servers: W = 1/(1 - 0.8) = 5, not that of M/M/2.
    let mut params = single_server(poisson(1.6), exponential(1.0), Span::ZERO);
    params.sender.agents = 2;
    assert_covers("two M/M/1", 5.0, &by(&run_all(&params, 12, true), mean_delay));
}

#[test]
fn immediate_delivery_is_m_g_infinity() {
    // Nobody waits, and the mean number in service is lambda E[S] = 3.
    let mut params = single_server(poisson(1.5), exponential(2.0), Span::from_secs(5));
    params.sender.delivery = DeliveryMode::Immediate;
    let runs = run_all(&params, 4, true);
    assert_covers("M/G/inf delay", 2.0, &by(&runs, mean_delay));
    assert_covers("M/G/inf number", 3.0, &by(&runs, |run| run.counts.queue_mean));
}

#[test]
fn each_host_of_an_attempt_refuses_by_a_chance_of_its_own() {
    // Three addresses, each refusing with probability 0.3: a try fails with probability 0.3^3 = 0.027.
    let mut params = single_server(poisson(0.5), Shape::Fixed(0.1), Span::from_secs(1));
    params.receiver.front_ends = 3;
    params.receiver.routing = Routing::Addresses;
    params.receiver.deferrals = vec![Deferral {
        at: SmtpPhase::Rcpt,
        code: 451,
        reply: "451 4.7.1 try again".into(),
        chance: Share::new(0.3),
    }];
    let runs = run_all(&params, 12, true);
    let failed = by(&runs, |run| run.counts.tries_failed as f64 / run.counts.tries_made as f64);
    assert_covers("failed tries", 0.027, &failed);
}
