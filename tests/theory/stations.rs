//! Toy stations with one line before several servers: Erlang's formulas.

use crate::mail::{by, mean, quantile};
use crate::reference::Entry;
use crate::station::{Seen, Station};
use crate::toy::{at, replications};

fn station(entry: &Entry) -> Station {
    let (lambda, mu) = (entry.param("lambda_"), entry.param("mu"));
    Station { lambda, mu, servers: entry.param("c") as usize, room: usize::MAX }
}

/// Waits, shares that wait and quantiles of an M/M/c station.
fn erlang_c(entry: &Entry, seconds: u64) {
    let runs = station(entry).replications(seconds);
    let waiting = |run: &Seen| {
        run.waits.iter().filter(|wait| **wait > 0.0).count() as f64 / run.waits.len() as f64
    };
    entry.covers("P_wait", &by(&runs, waiting));
    entry.covers("Wq", &by(&runs, |run| mean(&run.waits)));
    entry.covers("W", &by(&runs, |run| run.sojourn));
    for (p, key) in [(0.50, "Wq_p50"), (0.90, "Wq_p90"), (0.95, "Wq_p95"), (0.99, "Wq_p99")] {
        let values = by(&runs, |run| quantile(&run.waits, p));
        if entry.exact(key) > 0.0 {
            entry.covers(key, &values);
        } else {
            assert!(values.iter().all(|value| *value == 0.0), "{key}: {values:?}");
        }
    }
}

#[test]
fn three_servers_meet_erlang_c() {
    erlang_c(&Entry::of("M/M/c Erlang C c=3"), 30_000);
}

#[test]
fn ten_servers_meet_erlang_c() {
    erlang_c(&Entry::of("M/M/c Erlang C c=10"), 20_000);
}

#[test]
fn a_hundred_servers_meet_erlang_c() {
    erlang_c(&Entry::of("M/M/c Erlang C c=100"), 90_000);
}

#[test]
fn a_line_with_a_limit_turns_away_as_many_as_m_m_c_k() {
    let entry = Entry::of("M/M/c/K");
    let limited = Station { room: entry.param("K") as usize, ..station(&entry) };
    let runs = limited.replications(20_000);
    entry.covers("P_block", &by(&runs, |run| run.turned_away));
    entry.covers("Lq", &by(&runs, |run| run.line));
    entry.covers("Wq_accepted", &by(&runs, |run| mean(&run.waits)));
    // Without a line at all: Erlang's loss formula.
    let lossy = Station { room: limited.servers, ..limited };
    let runs = lossy.replications(5_000);
    entry.covers("erlang_b_c10", &by(&runs, |run| run.turned_away));
}

#[test]
#[ignore = "two minutes of work: 400 million customers"]
fn the_mean_wait_of_m_m_1_scatters_as_daley_says() {
    // Of the mean over n customers, n times the variance. What n leaves out is of the order of the
    // relaxation time, some hundred customers, over n.
    let entry = Entry::of("M/M/1 asymptotic variance of the mean wait (for z-tests)");
    let (lambda, mu) = (entry.param("rho"), entry.param("mu"));
    let station = Station { lambda, mu, servers: 1, room: usize::MAX };
    let exact_mean = lambda / (mu - lambda);
    let squares = replications(4_000, |seed| {
        let run = station.run(at(110_000), seed);
        run.waits.len() as f64 * (mean(&run.waits) - exact_mean).powi(2)
    });
    entry.covers("n_var", &squares);
}
