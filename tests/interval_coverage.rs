//! Do 95 % intervals cover the truth in 95 % of all experiments? Measured, not believed.

use mailflow::engine::{Draws, Stream};
use mailflow::experiment::workers::in_order;
use mailflow::experiment::{Evidence, Metrics, WarningKind, warnings};
use mailflow::measure::{Counts, Course, Delays, Metric, RunRecord, Timeline};
use mailflow::stats::{Histogram, Pool, Resamples, Sample, mean_interval, normal_quantile};
use mailflow::units::Span;
use std::sync::Mutex;

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
#[derive(Clone, Copy, Default)]
struct Covered {
    /// It covers the truth.
    covered: f64,
    /// It does, or a warning tells to look before trusting the tail.
    or_warned: f64,
    /// One of these, or the experiment saw no late day, and the interval of `days.late` says so much: the true
    /// share of late days lies in it.
    or_told: f64,
}

/// Draws the delays of a day in nanoseconds.
type Day<'a> = &'a (dyn Fn(&mut Draws) -> Vec<u64> + Sync);

/// What is known of a kind of day.
struct Case<'a> {
    name: &'a str,
    day: Day<'a>,
    /// Metrics with their true values.
    truths: &'a [(Metric, f64)],
    /// The true share of late days.
    late: f64,
}

const EXPERIMENTS: usize = 1_000;

impl Case<'_> {
    /// Metric by metric, over all experiments of so many days.
    fn covered(&self, days: usize) -> Vec<Covered> {
        let sums = Mutex::new(vec![Covered::default(); self.truths.len()]);
        let one = |experiment| {
            let found = self.experiment(experiment as u64, days);
            let mut sums = sums.lock().expect("no thread has failed");
            for (sum, found) in sums.iter_mut().zip(found) {
                let share = |hit: bool| f64::from(u8::from(hit)) / EXPERIMENTS as f64;
                sum.covered += share(found[0]);
                sum.or_warned += share(found[1]);
                sum.or_told += share(found[2]);
            }
            Ok::<(), ()>(())
        };
        in_order(0, EXPERIMENTS, one).expect("no experiment fails");
        sums.into_inner().expect("no thread has failed")
    }

    fn experiment(&self, experiment: u64, days: usize) -> Vec<[bool; 3]> {
        let mut draws = Stream::new(17, experiment, "coverage").at(0);
        let records: Vec<RunRecord> = (0..days).map(|_| record(&(self.day)(&mut draws))).collect();
        let evidence = Evidence::new(&records, experiment);
        let metrics = Metrics::of(&evidence, &[]);
        let found = warnings(&records, &metrics, Span::from_hours(24), true);
        let tail = [WarningKind::DaysDisagree, WarningKind::ThinTail];
        let warned = found.iter().any(|warning| tail.contains(&warning.kind));
        let holds = |metric: Metric, truth: f64| {
            let estimate = evidence.estimate(metric);
            estimate.low <= Some(truth) && Some(truth) <= estimate.high
        };
        let none = evidence.estimate(Metric::DaysLate).point == Some(0.0);
        let told = self.late > 0.0 && none && holds(Metric::DaysLate, self.late);
        let of = |(metric, truth): &(Metric, f64)| {
            let covered = holds(*metric, *truth);
            [covered, covered || warned, covered || warned || told]
        };
        self.truths.iter().map(of).collect()
    }

    /// The rows of the table in `docs/statistics.md`.
    fn rows(&self, days: usize, covered: &[Covered]) -> Vec<String> {
        let row = |((metric, _), of): (&(Metric, f64), &Covered)| {
            let percent = |share: f64| format!("{:.1} %", 100.0 * share);
            let [covered, warned, told] = [of.covered, of.or_warned, of.or_told].map(percent);
            format!(
                "| {}, {days} days | `{}` | {covered} | {warned} | {told} |",
                self.name,
                metric.name()
            )
        };
        self.truths.iter().zip(covered).map(row).collect()
    }
}

fn record(delays: &[u64]) -> RunRecord {
    let mut of = Delays::default();
    delays.iter().for_each(|delay| of.delivered.record(*delay));
    let arrived = delays.len() as u64;
    let counts = Counts { arrived, delivered: arrived, ..Counts::default() };
    let (parts, course, timeline) = (Vec::new(), Course::default(), Timeline::default());
    RunRecord { replication: 0, delays: of, counts, parts, course, timeline, trace: 0 }
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

/// What holds of all mail where a tenth has mean 1,000 s and the rest mean 1 s: beyond 100 s only that tenth has
/// anything left; below, next to all of it.
fn lock_in_truths() -> [(Metric, f64); 4] {
    let beyond = |x: f64| 0.9 * libm::exp(-x) + 0.1 * libm::exp(-x / 1_000.0);
    let (mut low, mut high) = (0.0, 100.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if beyond(middle) > 0.5 { low = middle } else { high = middle }
    }
    [
        (Metric::DelayMean, 0.9 + 0.1 * 1_000.0),
        (Metric::DelayP50, low),
        (Metric::DelayP99, 1_000.0 * libm::log(0.1 / 0.01)),
        (Metric::Late(Span::from_hours(1)), beyond(3_600.0)),
    ]
}

#[test]
#[ignore = "some minutes of work: a thousand experiments of each kind"]
fn coverage_on_a_textbook_queue_and_where_one_day_in_ten_locks_in() {
    // The time in system is exponential with mean 1/(1 - 0.7).
    let mean = 1.0 / 0.3;
    let truths = [
        (Metric::DelayMean, mean),
        (Metric::DelayP50, mean * libm::log(2.0)),
        (Metric::DelayP99, mean * libm::log(100.0)),
        (Metric::Late(Span::from_secs(15)), libm::exp(-15.0 / mean)),
    ];
    let station = Case { name: "M/M/1", day: &station, truths: &truths, late: 0.0 };
    let truths = lock_in_truths();
    let locked =
        Case { name: "one day in ten locks in", day: &lock_in, truths: &truths, late: 0.1 };
    let mut rows = Vec::new();
    for (case, days) in [(&station, 20), (&locked, 20), (&locked, 40), (&locked, 60)] {
        let covered = case.covered(days);
        let new = case.rows(days, &covered);
        println!("{}", new.join("\n"));
        rows.extend(new);
        for ((metric, _), of) in case.truths.iter().zip(&covered) {
            let what = format!("{}, {days} days, {metric:?}: {:.3}", case.name, of.covered);
            // Of 20 days, 12 in 100 experiments see no bad one: nothing in them tells that there are any, and no
            // method can cover. 20 days can say no more than `days.late` does: "0 of 20, 0 to 16 %".
            let unseen =
                if case.late > 0.0 { libm::pow(1.0 - case.late, days as f64) } else { 0.0 };
            assert!(of.covered >= 0.93 - unseen, "{what}");
            assert!(of.or_warned >= 0.93 - unseen && of.or_told >= 0.93, "{what}");
        }
    }
    let page = include_str!("../docs/statistics.md");
    let lacks: Vec<&String> = rows.iter().filter(|row| !page.contains(row.as_str())).collect();
    assert!(lacks.is_empty(), "docs/statistics.md says otherwise: {lacks:#?}");
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
