//! Do 95 % intervals cover the truth in 95 % of all experiments? Measured, not believed.

use mailflow::engine::{Draws, Stream};
use mailflow::stats::{Histogram, Pool, Resamples, Sample, mean_interval, normal_quantile};

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
