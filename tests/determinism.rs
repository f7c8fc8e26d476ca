//! The same scenario and seed give the same bytes: twice in a row, with any number of jobs, in a debug and
//! in a release build, on any machine.
//!
//! The last two are held by numbers written down below: the hash over every event of a run, in order, and a
//! few counts that tell a person what changed. They hold in every profile and on every machine, because time
//! is in whole nanoseconds, randomness is keyed and all transcendental functions come from `libm`.
//!
//! When may they change? Only together with an entry under "Changes that alter results" in CHANGELOG.md: a
//! rule of the model was corrected, or a random number is drawn elsewhere. A change meant only to be faster
//! or clearer must leave them alone; if it does not, it is not what it was meant to be.

use assert_cmd::Command;
use mailflow::experiment::{ReplicationSettings, replicate};
use mailflow::scenario;
use std::fs;
use std::path::Path;

/// The documented problem in short: one burst, Proofpoint's defaults.
const PROBLEM: &str = "
run: { simulate: 14h }
mail: { bursts: [ { at: 09:30, messages: 8000, over: 5m } ] }
";

/// Every limit of the sender: overlapping periodic runs, cap, cache, latent marks.
const PERIODIC: &str = "
run: { simulate: 6h, drain: off }
mail: { arrivals: { constant: { rate: 40/min } }, backlog: 2000, recipients: { mean: 2, max: 10 } }
proofpoint:
  queue_runs: periodic
  retry_interval: 5m
  queue_runners: 6
  max_runner_processes: 20
  messages_per_connection: 50
  order: time
exchange_online:
  routing: mx_hosts
  connection_lifetime: 90s
  cut: reply_421
  service_time: { gamma: { mean: 2s, shape: 0.7 } }
  deferrals:
    - { at: dot, reply: \"451 4.7.500 Server busy\", chance: 2% }
    - { at: rcpt, reply: \"450 4.2.1 Try again\", chance: 1% }
";

/// Immediate delivery by three agents that share the receiver's limits.
const IMMEDIATE: &str = "
run: { simulate: 4h }
mail: { arrivals: { poisson: { rate: 60/min } } }
proofpoint: { agents: 3, delivery: immediate, retry_interval: 10m }
exchange_online:
  routing: addresses
  max_connections: 12
  max_connections_per_source: 6
  service_time: { exponential: { mean: 5s } }
  deferrals: [ { at: mail, reply: \"421 4.3.2 Not now\", chance: 5% } ]
";

/// Random order, uniform service, duplicates, the article's wording of what marks a host.
const WHAT_IF: &str = "
run: { simulate: 8h, starts: Tue 07:00 }
mail: { scale: 0.5, size: { fixed: 75 KB } }
proofpoint:
  order: random
  queue_runners: 3
  hoststat: { remember_for: 7m, key: address, marks: any_4xx, threshold: 2 }
exchange_online:
  address_order: rotating
  connection_lifetime: 90s
  cut: unsolicited_421
  commit: before_reply
  service_time: { uniform: { low: 200ms, high: 4s } }
  deferrals: [ { at: data, reply: \"452 4.3.1 Full\", chance: 0.5% } ]
";

/// A mix of services, one connection per host at a time, bounces.
const SINGLE_THREAD: &str = "
run: { simulate: 12h }
mail: { arrivals: { poisson: { rate: 30/min } }, bursts: [ { at: 1h, messages: 500, over: 0s } ] }
proofpoint:
  single_thread_delivery: on
  queue_runners: 4
  retry_interval: 1m
  warn_after: 20m
  give_up_after: 1h
exchange_online:
  service_time: { mix: [ { share: 95%, fixed: 300ms }, { share: 5%, lognormal: { median: 8s, sigma: 1 } } ] }
  connection_lifetime: 5m
network: { round_trip: 120ms, bandwidth: { per_connection: 2 Mbit/s } }
";

/// (name, scenario, what its first replication leaves behind).
const GOLDEN: [(&str, &str, &str); 5] = [
    (
        "problem",
        PROBLEM,
        "0ca31e9bea441750 delivered 83836 bounced 0 \
         skipped 190174 connections 10912 cut 10 marks 10 longest 41169558606051 ns",
    ),
    (
        "periodic",
        PERIODIC,
        "ed51e002d12712c6 delivered 16200 bounced 0 \
         skipped 0 connections 803 cut 46 marks 25 longest 835435813378 ns",
    ),
    (
        "immediate",
        IMMEDIATE,
        "7262fde3b78ad649 delivered 14635 bounced 0 \
         skipped 59 connections 15553 cut 0 marks 166 longest 1228219841995 ns",
    ),
    (
        "what if",
        WHAT_IF,
        "f563b3438c0c5d3d delivered 39017 bounced 0 \
         skipped 214834 connections 2626 cut 186 marks 332 longest 73643634992922 ns",
    ),
    (
        "single thread",
        SINGLE_THREAD,
        "ac0b72ec75098fea delivered 6940 bounced 15314 \
         skipped 886520 connections 382 cut 21 marks 21 longest 4469389940378 ns",
    ),
];

/// One line about the first replication.
fn story(name: &str, text: &str) -> String {
    let text = format!("name: {name}\n{text}");
    let site = scenario::parse(name, &text, Path::new("."), &[]).unwrap_or_else(|e| panic!("{e}"));
    let settings = ReplicationSettings::from(&site.run);
    let record = replicate(&site.params, &settings, 0);
    let counts = &record.counts;
    format!(
        "{:016x} delivered {} bounced {} skipped {} connections {} cut {} marks {} longest {} ns",
        record.trace,
        counts.delivered,
        counts.bounced,
        counts.tries_skipped,
        counts.connections_opened,
        counts.connections_cut,
        counts.host_marks,
        record.delays.max().unwrap_or(0)
    )
}

#[test]
fn five_runs_are_what_they_always_were() {
    let stories = GOLDEN.map(|(name, text, _)| (name, story(name, text)));
    let changed: Vec<String> = stories
        .iter()
        .zip(&GOLDEN)
        .filter(|((_, now), (_, _, then))| now != then)
        .map(|((name, now), (_, _, then))| format!("{name}\n  was {then}\n  now {now}"))
        .collect();
    assert!(changed.is_empty(), "results have changed:\n{}", changed.join("\n"));
}

/// Runs the problem for two hours of simulated time; everything it wrote, by file name.
fn bytes(folder: &Path, out: &str, jobs: &str) -> Vec<(String, Vec<u8>)> {
    let file = folder.join("problem.yaml");
    fs::write(&file, format!("name: Problem\n{PROBLEM}")).expect("written");
    let mut command = Command::cargo_bin("mailflow").expect("built");
    command.current_dir(folder).args(["run", "problem.yaml", "-q", "--repeats", "3"]);
    command.args(["--out", out, "--jobs", jobs]).assert().code(0);
    [
        "results.json",
        "charts/delay.svg",
        "charts/timeline.svg",
        "report.html",
        "charts/timeline.png",
        "charts/days.svg",
        "charts/days.png",
    ]
    .map(|name| (name.to_owned(), fs::read(folder.join(out).join(name)).expect("written")))
    .to_vec()
}

#[test]
fn twice_the_same_and_with_one_job_as_with_two() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = bytes(folder.path(), "first", "1");
    for (out, jobs) in [("again", "1"), ("two", "2")] {
        for ((name, then), (_, now)) in first.iter().zip(&bytes(folder.path(), out, jobs)) {
            assert!(then == now, "{name} differs in {out}");
        }
    }
}
