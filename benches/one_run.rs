//! Speed of one day, per delivered message, and of the calendar alone.
//!
//! ```sh
//! cargo bench --bench one_run
//! ```

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mailflow::engine::{Calendar, Draws, Phase, Stream};
use mailflow::experiment::{ReplicationSettings, replicate};
use mailflow::scenario;
use mailflow::units::Span;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

fn one_day(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("one day");
    for name in ["documented-fixes", "documented-problem"] {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let file = root.join("scenarios").join(name).with_extension("yaml");
        let scenario = match scenario::load(&file, &[]) {
            Ok(scenario) => scenario,
            Err(error) => panic!("{error}"),
        };
        let settings = ReplicationSettings::from(&scenario.run);
        let delivered = replicate(&scenario.params, &settings, 0).counts.deliveries_simulated;
        group.throughput(Throughput::Elements(delivered));
        group.bench_function(name, |bencher| {
            bencher.iter(|| replicate(black_box(&scenario.params), &settings, 0));
        });
    }
    group.finish();
}

/// The hold model (Jones 1986): take the next event, schedule one an exponential time later; the number
/// pending stays the same.
fn hold(criterion: &mut Criterion) {
    const HOLDS: u64 = 10_000;
    let mut group = criterion.benchmark_group("calendar hold");
    group.throughput(Throughput::Elements(HOLDS));
    for pending in [10u64, 1_000, 100_000] {
        group.bench_function(pending.to_string(), |bencher| {
            let mut draws = Stream::new(42, 0, "hold").at(0);
            let mut calendar = Calendar::new();
            for event in 0..pending {
                calendar.schedule(calendar.now() + later(&mut draws), Phase(0), event);
            }
            bencher.iter(|| {
                for _ in 0..HOLDS {
                    if let Some((now, event)) = calendar.advance(mailflow::units::SimTime::MAX) {
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

fn quick() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
}

criterion_group! { name = benches; config = quick(); targets = one_day, hold }
criterion_main!(benches);
