//! The simulator against queueing theory, by interval over several seeds.
//!
//! Degenerate settings turn the mail model into textbook queues: one persistent runner, queue order by
//! time, no pause, no lifetime, no network. Exact values: Kleinrock (1975), Gross & Harris, Takagi (1991);
//! formulas beside each.

use mailflow::engine::{Calendar, Phase, Stream};
use mailflow::experiment::{ReplicationSettings, replicate, replicate_observed};
use mailflow::measure::RunRecord;
use mailflow::model::connection::Closed;
use mailflow::model::distribution::Shape;
use mailflow::model::params::{
    AddressOrder, Arrivals, Cut, Deferral, DeliveryMode, HostStatus, Link, Network, Order, Params,
    QueueRuns, Receiver, Recipients, Routing, Sender, SmtpPhase, Workload,
};
use mailflow::model::{Observation, Observer};
use mailflow::units::{Bandwidth, Rate, Share, SimTime, Span};
use rayon::prelude::*;
use statrs::distribution::{ContinuousCDF, StudentsT};

const REPLICATIONS: u64 = 40;

/// A single server fed at `rate` per second: the mail model without mail's complications.
fn single_server(arrivals: Arrivals, service: Shape, pause: Span) -> Params {
    Params {
        workload: Workload {
            arrivals,
            clock_at_start: Span::ZERO,
            bursts: Vec::new(),
            backlog: 0,
            size: Shape::Fixed(1.0),
            recipients: Recipients { mean: 1.0, max: 1 },
        },
        sender: Sender {
            runs: QueueRuns::Persistent { after_work: pause, after_empty: pause },
            runners: 1,
            min_queue_age: Span::ZERO,
            order: Order::Time,
            host_status: HostStatus { enabled: false, ..HostStatus::default() },
            ..Sender::default()
        },
        receiver: Receiver {
            front_ends: 1,
            address_order: AddressOrder::AsListed,
            connection_lifetime: None,
            idle_timeout: None,
            service_time: service,
            connect_time: Span::ZERO,
            ..Receiver::default()
        },
        network: Network {
            round_trip: Span::ZERO,
            link: Link::PerConnection(Bandwidth::UNLIMITED),
        },
        ..Params::default()
    }
}

fn poisson(rate: f64) -> Arrivals {
    Arrivals::Poisson(Rate(rate))
}

fn run_all(params: &Params, hours: u64, drain: bool) -> Vec<RunRecord> {
    let settings = ReplicationSettings {
        simulate: Span::from_hours(hours),
        warm_up: Span::from_hours(1),
        drain,
        seed: 42,
        parts: Vec::new(),
    };
    (0..REPLICATIONS).into_par_iter().map(|n| replicate(params, &settings, n)).collect()
}

/// Asserts that the 99.9 % t interval over replications covers `exact` and is no wider than 10 % of it,
/// so that the test can fail both ways.
fn assert_covers(what: &str, exact: f64, values: &[f64]) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    let t = StudentsT::new(0.0, 1.0, n - 1.0).expect("valid").inverse_cdf(0.9995);
    let half = t * sd / n.sqrt();
    println!("{what}: exact {exact:.4}, simulated {mean:.4} +- {half:.4}");
    assert!((mean - exact).abs() <= half, "{what}: exact {exact}, got {mean} +- {half}");
    assert!(half <= 0.10 * exact, "{what}: the interval +- {half} says nothing about {exact}");
}

fn mean_delay(record: &RunRecord) -> f64 {
    record.delays.delivered.sum() as f64 / 1e9 / record.delays.delivered.count() as f64
}

fn quantile(record: &RunRecord, p: f64) -> f64 {
    let rank = (record.delays.delivered.count() as f64 * p) as u64;
    let mut seen = 0;
    for (value, count) in record.delays.delivered.bins() {
        seen += count;
        if seen > rank {
            return value as f64 / 1e9;
        }
    }
    f64::NAN
}

fn assert_mean(what: &str, exact: f64, params: &Params, hours: u64) {
    let runs = run_all(params, hours, true);
    assert_covers(what, exact, &runs.iter().map(mean_delay).collect::<Vec<_>>());
}

#[test]
fn one_runner_with_exponential_service_is_m_m_1() {
    // W = 1/(mu - lambda) = 5 at rho 0.8; P(W > t) = exp(-(mu - lambda) t).
    let params = single_server(poisson(0.8), Shape::Exponential(1.0), Span::ZERO);
    let runs = run_all(&params, 16, true);
    let by = |of: &dyn Fn(&RunRecord) -> f64| runs.iter().map(of).collect::<Vec<f64>>();
    assert_covers("M/M/1 mean", 5.0, &by(&mean_delay));
    for (p, exact) in [(0.5, 3.4657), (0.9, 11.5129), (0.99, 23.0259)] {
        assert_covers(&format!("M/M/1 p{}", p * 100.0), exact, &by(&|r| quantile(r, p)));
    }
    // Little's law, measured apart: L = lambda W.
    assert_covers("M/M/1 L", 4.0, &by(&|record| record.counts.queue_mean));
    assert_covers("M/M/1 utilisation", 0.8, &by(&|record| record.counts.runners_busy));
}

#[test]
fn one_runner_at_high_load_is_still_m_m_1() {
    // rho 0.9: W = 10 (reference value "M/M/1 means").
    let params = single_server(poisson(0.9), Shape::Exponential(1.0), Span::ZERO);
    assert_mean("M/M/1 rho 0.9", 10.0, &params, 48);
}

#[test]
fn one_runner_with_fixed_service_is_m_d_1() {
    // Wq = rho D / (2 (1 - rho)) = 4.5 at rho 0.9, W = 5.5.
    let params = single_server(poisson(0.9), Shape::Fixed(1.0), Span::ZERO);
    assert_mean("M/D/1", 5.5, &params, 24);
}

#[test]
fn one_runner_with_lognormal_service_is_m_g_1() {
    // Pollaczek-Khinchine with cv 2: Wq = 10, W = 11 (reference value "M/G/1 lognormal service cv=2").
    let service = Shape::lognormal_by_mean(1.0, 1.268_636_241_179_519_6, None);
    assert_mean("M/G/1 lognormal", 11.0, &single_server(poisson(0.8), service, Span::ZERO), 72);
}

#[test]
fn one_runner_with_a_mix_of_services_is_m_h2_1() {
    // Reference value "M/G/1 hyperexponential H2": Wq = 8, E[S] = 1.
    let mix =
        Shape::Mix(vec![(0.9, Shape::Exponential(2.0 / 3.0)), (0.1, Shape::Exponential(4.0))]);
    assert_mean("M/H2/1", 9.0, &single_server(poisson(0.8), mix, Span::ZERO), 48);
}

#[test]
fn constant_arrivals_make_it_d_m_1() {
    // sigma = exp(-(1 - sigma)/rho) = 0.8069 at rho 0.9; W = 1/(mu (1 - sigma)) = 5.1787.
    let arrivals = Arrivals::Constant(Rate(0.9));
    assert_mean(
        "D/M/1",
        5.178_659,
        &single_server(arrivals, Shape::Exponential(1.0), Span::ZERO),
        24,
    );
}

#[test]
fn pauses_between_passes_make_it_a_gated_queue_with_vacations() {
    // Takagi 1991: Wq = L E[S^2]/(2(1-rho)) + E[V^2]/(2E[V]) + rho E[V]/(1-rho)
    //  = 0.8*2/0.4 + 2.5 + 0.8*5/0.2 = 4 + 2.5 + 20 = 26.5.
    let params = single_server(poisson(0.8), Shape::Exponential(1.0), Span::from_secs(5));
    assert_mean("gated M/M/1, V = 5 s", 27.5, &params, 24);
}

#[test]
fn agents_with_their_own_queues_are_independent_m_m_1_queues() {
    // A random split of 1.6/s over two servers: W = 1/(1 - 0.8) = 5, not that of M/M/2.
    let mut params = single_server(poisson(1.6), Shape::Exponential(1.0), Span::ZERO);
    params.sender.agents = 2;
    assert_mean("two M/M/1", 5.0, &params, 12);
}

#[test]
fn immediate_delivery_is_m_g_infinity() {
    // Nobody waits, and the mean number in service is lambda E[S] = 3.
    let mut params = single_server(poisson(1.5), Shape::Exponential(2.0), Span::from_secs(5));
    params.sender.delivery = DeliveryMode::Immediate;
    let runs = run_all(&params, 4, true);
    assert_covers("M/G/inf delay", 2.0, &runs.iter().map(mean_delay).collect::<Vec<_>>());
    let level: Vec<f64> = runs.iter().map(|record| record.counts.queue_mean).collect();
    assert_covers("M/G/inf number", 3.0, &level);
}

#[test]
fn a_saturated_connection_with_a_cap_and_a_lifetime_is_a_renewal_process() {
    // Exponential messages of 10 s, closed after 100, reset at 1200 s: reference value "Saturated
    // connection". P(reset) = P(Gamma(100) > 120) = 0.027864; messages = sum P(Gamma(j) <= 120) = 99.8768.
    let mut params = single_server(Arrivals::None, Shape::Exponential(10.0), Span::from_secs(1));
    params.workload.backlog = 150_000;
    params.sender.messages_per_connection = Some(100);
    params.sender.host_status.remember_for = Span::ZERO;
    params.receiver.connection_lifetime = Some(Span::from_mins(20));
    params.receiver.lifetime_jitter = Span::ZERO;
    params.receiver.cut = Cut::Reset;
    let settings = ReplicationSettings {
        simulate: Span::from_hours(400),
        warm_up: Span::ZERO,
        drain: false,
        seed: 42,
        parts: Vec::new(),
    };
    let runs: Vec<Closings> = (0..REPLICATIONS)
        .into_par_iter()
        .map(|n| {
            let mut closings = Closings::default();
            replicate_observed(&params, &settings, n, &mut closings);
            closings
        })
        .collect();
    let per_connection = |of: fn(&Closings) -> u64| -> Vec<f64> {
        runs.iter().map(|run| of(run) as f64 / run.connections as f64).collect()
    };
    let exact = 0.027_863_739_890_520_652;
    assert_covers("P(reset)", exact, &per_connection(|run| run.cut));
    // The message under way at a reset was attempted, not delivered.
    let delivered = per_connection(|run| run.carried - run.cut);
    assert_covers("messages per connection", 99.876_845_317_419_98, &delivered);
}

/// Counts over the connections that were closed; the one open at the end would bias a mean.
#[derive(Default)]
struct Closings {
    connections: u64,
    carried: u64,
    cut: u64,
}

impl Observer for Closings {
    fn observe(&mut self, _: SimTime, observation: &Observation<'_>) {
        if let Observation::ConnectionClosed { reason, carried, .. } = observation {
            self.connections += 1;
            self.carried += u64::from(*carried);
            self.cut += u64::from(*reason == Closed::CutByReset);
        }
    }
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
    let failed = |run: &RunRecord| run.counts.tries_failed as f64 / run.counts.tries_made as f64;
    assert_covers("failed tries", 0.027, &runs.iter().map(failed).collect::<Vec<_>>());
}

/// The calendar alone, with a toy station of `servers` exponential servers and one FIFO line.
#[derive(Clone, Copy)]
enum Toy {
    Arrival,
    Departure,
}

/// Mean wait and share of customers who wait.
fn toy_station(lambda: f64, mu: f64, servers: usize, customers: u64, seed: u64) -> (f64, f64) {
    let (gaps, services) = (Stream::new(seed, 0, "gaps"), Stream::new(seed, 0, "services"));
    let exponential = |stream: &Stream, index: u64, rate: f64| {
        Span::from_seconds(-stream.uniform(index).ln() / rate)
    };
    let mut calendar = Calendar::new();
    let mut line = std::collections::VecDeque::new();
    let (mut arrived, mut started, mut busy) = (0u64, 0u64, 0usize);
    let (mut waited, mut waiters, mut counted) = (0.0, 0u64, 0u64);
    calendar.schedule(SimTime::ZERO + exponential(&gaps, 0, lambda), Phase(0), Toy::Arrival);
    while let Some((now, event)) = calendar.advance(SimTime::MAX) {
        match event {
            Toy::Arrival => {
                line.push_back(now);
                arrived += 1;
                if arrived < customers {
                    let next = now + exponential(&gaps, arrived, lambda);
                    calendar.schedule(next, Phase(0), Toy::Arrival);
                }
            }
            Toy::Departure => busy -= 1,
        }
        while busy < servers
            && let Some(since) = line.pop_front()
        {
            let end = now + exponential(&services, started, mu);
            calendar.schedule(end, Phase(1), Toy::Departure);
            busy += 1;
            started += 1;
            if started > customers / 10 {
                counted += 1;
                waited += now.since(since).seconds();
                waiters += u64::from(now > since);
            }
        }
    }
    (waited / counted as f64, waiters as f64 / counted as f64)
}

#[test]
fn the_calendar_alone_makes_a_toy_station_that_meets_erlang_c() {
    // Erlang 1917; reference values for c = 3, 10 (load 0.8, 0.9).
    for (servers, lambda, wait, share) in [
        (3, 2.4, 1.078_651_685_393_258, 0.647_191_011_235_955),
        (10, 9.0, 0.668_731_524_107_697, 0.668_731_524_107_697),
    ] {
        let runs: Vec<(f64, f64)> = (0..REPLICATIONS)
            .into_par_iter()
            .map(|seed| toy_station(lambda, 1.0, servers, 60_000, seed))
            .collect();
        let waits: Vec<f64> = runs.iter().map(|run| run.0).collect();
        let shares: Vec<f64> = runs.iter().map(|run| run.1).collect();
        assert_covers(&format!("M/M/{servers} Wq"), wait, &waits);
        assert_covers(&format!("M/M/{servers} P(wait)"), share, &shares);
    }
}
