//! What each part costs by itself, and each shipped scenario.
//!
//! ```sh
//! cargo bench --bench alone
//! cargo bench --bench alone -- calendar      # one group
//! ```
//! `baseline` holds the promises against yardsticks; this one tells where to look when one is not kept.

#[path = "yardstick/measurement.rs"]
mod measurement;
mod yardstick;

use criterion::measurement::Measurement;
use criterion::{
    BatchSize, BenchmarkGroup, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use mailflow::engine::{Calendar, Draws, Phase, Stream};
use mailflow::model::distribution::Shape;
use mailflow::stats::Histogram;
use mailflow::units::{SimTime, Span};
use measurement::ProcessorTime;
use std::error::Error;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use yardstick::sites::{Backlog, Site};

/// Operations in one iteration of what takes nanoseconds.
const MANY: u64 = 10_000;

/// Criterion by processor time.
type Bench = Criterion<ProcessorTime>;

fn group<'a, M: Measurement>(criterion: &'a mut Criterion<M>, name: &str) -> BenchmarkGroup<'a, M> {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    group.warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1));
    group
}

/// The hold model (Jones 1986): take the next event, schedule one an exponential time later; the number
/// pending stays the same.
fn calendar(criterion: &mut Bench) {
    let mut group = group(criterion, "calendar hold");
    group.throughput(Throughput::Elements(MANY));
    for pending in [10u64, 100, 1_000, 10_000, 100_000, 1_000_000] {
        group.bench_function(pending.to_string(), |bencher| {
            let mut draws = Stream::new(42, 0, "hold").at(0);
            let mut calendar = Calendar::new();
            for event in 0..pending {
                calendar.schedule(calendar.now() + later(&mut draws), Phase(0), event);
            }
            bencher.iter(|| {
                for _ in 0..MANY {
                    if let Some((now, event)) = calendar.advance(SimTime::MAX) {
                        calendar.schedule(now + later(&mut draws), Phase(0), event);
                    }
                }
            });
        });
    }
    group.finish();
}

fn later(draws: &mut Draws) -> Span {
    Span::from_seconds(-libm::log(draws.uniform()))
}

fn draws(criterion: &mut Bench) {
    let mut group = group(criterion, "draws");
    group.throughput(Throughput::Elements(MANY));
    group.bench_function("two exponentials, the yardstick", |bencher| {
        bencher.iter(|| yardstick::draws::two_each(black_box(MANY)));
    });
    let stream = Stream::new(42, 0, "draws");
    let shapes = [
        ("a uniform number", Shape::Uniform { low: 0.0, high: 1.0 }),
        ("an exponential number", Shape::Exponential(1.0)),
        ("a lognormal number", Shape::lognormal_by_median(18_000.0, 1.7, Some(36e6))),
    ];
    for (name, shape) in shapes {
        // As the model draws: each message's number from a place of its own in the stream.
        group.bench_function(name, |bencher| {
            bencher.iter(|| -> f64 {
                (0..black_box(MANY)).map(|message| shape.draw(&mut stream.at(message))).sum()
            });
        });
    }
    group.finish();
}

fn histogram(criterion: &mut Bench) {
    let mut group = group(criterion, "histogram");
    let mut draws = Stream::new(42, 0, "delays").at(0);
    let values: Vec<u64> = (0..MANY).map(|_| (later(&mut draws) * 60).nanos()).collect();
    group.throughput(Throughput::Elements(MANY));
    let mut filled = Histogram::default();
    group.bench_function("record", |bencher| {
        bencher.iter(|| values.iter().for_each(|value| filled.record(*value)));
    });
    group.throughput(Throughput::Elements(1));
    let mut sum = Histogram::default();
    group.bench_function("merge", |bencher| bencher.iter(|| sum.merge(&filled)));
    group.finish();
}

/// Each shipped scenario, per message delivered.
fn days(criterion: &mut Bench) {
    let mut group = group(criterion, "day");
    for name in succeed(shipped("scenarios")) {
        let site = succeed(Site::shipped(&name));
        group.throughput(Throughput::Elements(site.day().counts.deliveries_simulated));
        group.bench_function(name, |bencher| bencher.iter(|| site.day()));
    }
    group.finish();
}

/// Queue runs over a queue that stands, per message listed: all of them skipped, and hardly any tried.
fn backlogs(criterion: &mut Bench) {
    let mut group = group(criterion, "backlog");
    group.throughput(Throughput::Elements(1)).warm_up_time(Duration::from_millis(1));
    let kinds = [("skipped", Backlog::skipping as fn(u64) -> _), ("only listed", Backlog::listing)];
    for (kind, backlog) in kinds {
        for messages in [10_000, 100_000, 1_000_000] {
            let backlog = succeed(backlog(messages));
            group.bench_function(format!("{kind}, {messages}"), |bencher| {
                bencher.iter_custom(|times| {
                    // The difference of two simulations says the same for one listing and for many.
                    backlog.per_listed() * times as f64
                });
            });
        }
    }
    group.finish();
}

/// The whole command, with its store and its pictures: on the wall, for it is a process of its own.
fn sweep(criterion: &mut Criterion) {
    let mut group = group(criterion, "sweep");
    let file = root().join("scenarios/sweeps/retry-by-runners.yaml");
    group.bench_function("retry-by-runners, one day each", |bencher| {
        bencher.iter_batched(
            || succeed(tempfile::tempdir()),
            |folder| {
                let mut command = Command::new(env!("CARGO_BIN_EXE_mailflow"));
                command.args(["sweep", "-q", "--repeats", "1", "--jobs", "1", "--out"]);
                // One day decides no expectation, and what it says is nobody's business here.
                let status = command.arg(folder.path()).arg(&file).stdout(Stdio::null()).status();
                assert!(succeed(status).code().is_some_and(|code| code < 2), "it failed");
                folder
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The names of all scenarios in `folder`, in order.
fn shipped(folder: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(root().join(folder))? {
        let path: PathBuf = entry?.path();
        if path.extension().is_some_and(|ending| ending == "yaml") {
            names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

/// What a bench needs and does not get ends it.
fn succeed<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}

fn by_processor_time() -> Bench {
    Criterion::default().with_measurement(ProcessorTime)
}

criterion_group! {
    name = parts;
    config = by_processor_time();
    targets = calendar, draws, histogram, days, backlogs
}
criterion_group!(whole, sweep);
criterion_main!(parts, whole);
