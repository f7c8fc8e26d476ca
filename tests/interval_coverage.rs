//! Do 95 % intervals cover the truth in 95 % of all experiments? Measured, not believed.

use mailflow::engine::{Draws, Stream};
use mailflow::experiment::{Evidence, Metrics, WarningKind, warnings};
use mailflow::measure::{Counts, Delays, Metric, RunRecord, Timeline};
use mailflow::stats::{Histogram, Pool, Resamples, Sample, mean_interval, normal_quantile};
use mailflow::units::Span;

const DAYS: usize = 20;
const MESSAGES: u32 = 400;

/// Days differ by a lognormal factor of this `spread`, messages within a day are exponential.
fn day(draws: &mut Draws, spread: f64) -> Histogram {
    let factor = libm::exp(spread * normal_quantile(draws.uniform()));
    let mut histogram = Histogram::default();
    for _ in 0..MESSAGES {
        histogram.record((-libm::log(draws.uniform()) * factor * 1e9) as u64);
    }
    histogram
}

/// The true quantile of all messages of all days: their mixture, inverted by bisection.
fn truth(p: f64, spread: f64) -> f64 {
    let steps = 4_000;
    let above = |x: f64| {
        let share = |step| {
            let z = normal_quantile((f64::from(step) + 0.5) / f64::from(steps));
            libm::exp(-x / (libm::exp(spread * z) * 1e9))
        };
        (0..steps).map(share).sum::<f64>() / f64::from(steps)
    };
    let (mut low, mut high) = (0.0, 1e12);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if above(middle) > 1.0 - p { low = middle } else { high = middle }
    }
    low
}

/// How often the bootstrap interval of a pooled quantile covers the truth.
fn coverage(experiments: u64, p: f64, spread: f64) -> f64 {
    let truth = truth(p, spread);
    let mut covered = 0;
    for experiment in 0..experiments {
        let mut draws = Stream::new(11, experiment, "coverage").at(0);
        let days: Vec<Histogram> = (0..DAYS).map(|_| day(&mut draws, spread)).collect();
        let samples: Vec<Sample> =
            days.iter().map(|day| Sample { known: vec![day], endless: vec![] }).collect();
        let pool = Pool::new(&samples);
        let resamples = Resamples::draw(DAYS, 1_000, |bound| draws.below(bound));
        let interval = resamples
            .interval(0.95, |weights| pool.quantile(weights, p).map(|quantile| quantile.value))
            .expect("twenty days");
        covered += u64::from(interval.low <= truth && truth <= interval.high);
    }
    covered as f64 / experiments as f64
}

#[test]
fn intervals_of_pooled_quantiles_cover_the_truth_about_as_often_as_they_say() {
    // 200 experiments: five standard errors around 95 % are 7.7 points.
    for p in [0.5, 0.99] {
        let share = coverage(200, p, 0.3);
        assert!((0.873..=1.0).contains(&share), "p {p}: {share}");
    }
}

/// What many experiments say of an interval.
struct Covered {
    /// It covers the truth.
    covered: f64,
    /// It does, or a warning tells to look before trusting the tail.
    covered_or_warned: f64,
}

/// Draws the delays of a day in nanoseconds.
type Day<'a> = &'a dyn Fn(&mut Draws) -> Vec<u64>;

fn covered(experiments: u64, days: usize, metric: Metric, truth: f64, day: Day<'_>) -> Covered {
    let (mut covered, mut warned) = (0, 0);
    for experiment in 0..experiments {
        let mut draws = Stream::new(17, experiment, "coverage").at(0);
        let records: Vec<RunRecord> = (0..days).map(|_| record(&day(&mut draws))).collect();
        let evidence = Evidence::new(&records, experiment);
        let estimate = evidence.estimate(metric);
        if estimate.low <= Some(truth) && Some(truth) <= estimate.high {
            covered += 1;
            continue;
        }
        let metrics = Metrics::of(&evidence, &[]);
        let found = warnings(&records, &metrics, Span::from_hours(24), true);
        let tail = [WarningKind::DaysDisagree, WarningKind::ThinTail];
        warned += u64::from(found.iter().any(|warning| tail.contains(&warning.kind)));
    }
    let share = |count| count as f64 / experiments as f64;
    Covered { covered: share(covered), covered_or_warned: share(covered + warned) }
}

fn record(delays: &[u64]) -> RunRecord {
    let mut of = Delays::default();
    delays.iter().for_each(|delay| of.delivered.record(*delay));
    let arrived = delays.len() as u64;
    let counts = Counts { arrived, delivered: arrived, ..Counts::default() };
    let (parts, timeline) = (Vec::new(), Timeline::default());
    RunRecord { replication: 0, delays: of, counts, parts, timeline, trace: 0 }
}

fn exponential(draws: &mut Draws) -> f64 {
    -libm::log(draws.uniform())
}

/// Times in system of 2,000 customers of an M/M/1 station with load 0.7 that begins in its stationary state,
/// so that each of them is exponential with mean 1/(1 - 0.7); in seconds of mean service 1.
fn station(draws: &mut Draws) -> Vec<u64> {
    const LOAD: f64 = 0.7;
    let busy = draws.uniform() < LOAD;
    let mut wait = if busy { exponential(draws) / (1.0 - LOAD) } else { 0.0 };
    let mut customer = || {
        let service = exponential(draws);
        let time = wait + service;
        wait = (time - exponential(draws) / LOAD).max(0.0);
        (time * 1e9) as u64
    };
    (0..2_000).map(|_| customer()).collect()
}

/// One day in ten locks in: its delays are a thousand times as long, and its p99 is over an hour.
fn lock_in(draws: &mut Draws) -> Vec<u64> {
    let factor = if draws.uniform() < 0.1 { 1_000.0 } else { 1.0 };
    // So many that the number of messages is never what makes the tail thin.
    (0..1_000).map(|_| (exponential(draws) * factor * 1e9) as u64).collect()
}

/// The bound that a share `late` of the mail exceeds, where a tenth has mean 1,000 and the rest mean 1.
fn lock_in_truth(late: f64) -> f64 {
    // Beyond 100 the good days have nothing left.
    1_000.0 * libm::log(0.1 / late)
}

#[test]
#[ignore = "some minutes of work: a thousand experiments of each kind"]
fn coverage_on_a_textbook_queue_and_where_one_day_in_ten_locks_in() {
    let mm1 = |metric, truth| covered(1_000, DAYS, metric, truth, &station);
    let mean = mm1(Metric::DelayMean, 1.0 / 0.3);
    let p99 = mm1(Metric::DelayP99, libm::log(100.0) / 0.3);
    println!("M/M/1, 20 days: mean {:.3}, p99 {:.3}", mean.covered, p99.covered);
    println!("M/M/1, 20 days: p99 covered or warned {:.3}", p99.covered_or_warned);
    let locked = |days, metric| covered(1_000, days, metric, lock_in_truth(0.01), &lock_in);
    for (days, least, least_with_warning) in [(20, 0.80, 0.85), (60, 0.90, 0.985)] {
        let found = locked(days, Metric::DelayP99);
        println!(
            "one day in ten locks in, {days} days: p99 {:.3}, or warned {:.3}",
            found.covered, found.covered_or_warned
        );
        // With 20 days, 12 % of experiments see no bad day: nothing in them could tell. What is left is the
        // interval of days.late, which reaches to 16 %.
        assert!(found.covered >= least && found.covered_or_warned >= least_with_warning);
    }
    assert!((0.92..=0.97).contains(&mean.covered), "{}", mean.covered);
    assert!(p99.covered >= 0.88, "{}", p99.covered);
}

/// Known and accepted: with 20 days that differ a lot, the extreme tail rests on the two or three worst days,
/// and every method tried (plain and expanded percentiles, jackknife, inverted shares) covers less there. The
/// bound for p99 under spread is therefore lower, and the report says how far single days disagree.
#[test]
#[ignore = "twenty seconds of work: thousands of experiments"]
fn coverage_of_pooled_quantiles_over_thousands_of_experiments() {
    for (spread, p, least) in [
        (0.0, 0.5, 0.93),
        (0.0, 0.9, 0.93),
        (0.0, 0.99, 0.93),
        (0.3, 0.5, 0.92),
        (0.3, 0.9, 0.91),
        (0.3, 0.99, 0.88),
    ] {
        let share = coverage(2_000, p, spread);
        println!("spread {spread}, p {p}: {share}");
        assert!((least..=0.97).contains(&share), "spread {spread}, p {p}: {share}");
    }
}

#[test]
fn t_intervals_of_means_cover_the_truth_about_as_often_as_they_say() {
    let (experiments, mut covered) = (4_000, 0);
    for experiment in 0..experiments {
        let mut draws = Stream::new(5, experiment, "t coverage").at(0);
        // A day's mean of 50 exponential values: the skew that counts of a day really have.
        let mut daily = || (0..50).map(|_| -libm::log(draws.uniform())).sum::<f64>() / 50.0;
        let values: Vec<f64> = (0..DAYS).map(|_| daily()).collect();
        let interval = mean_interval(&values, 0.95).and_then(|(_, interval)| interval);
        let interval = interval.expect("twenty values");
        covered += u32::from(interval.low <= 1.0 && 1.0 <= interval.high);
    }
    let share = f64::from(covered) / experiments as f64;
    assert!((0.93..=0.97).contains(&share), "coverage {share}");
}
