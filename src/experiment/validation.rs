//! Holding the model against recorded systems.
//!
//! The arrivals of a case are replayed with many seeds; a real value is *inside* when it lies between the
//! model's 1 % and 99 % points, with 5 % slack either way (for counts also 1). How often it lies within the
//! model's middle 50 and 90 % tells whether the model is vague or overconfident.

use super::replicate::{ReplicationSettings, replicate_observed};
use crate::measure::RunRecord;
use crate::model::{Observation, Observer};
use crate::scenario::recorded_case::RecordedCase;
use crate::stats::{round_significant, sorted_quantile};
use crate::units::{SimTime, Span};
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;

/// The four delay metrics that the summary is over.
const DELAY_METRICS: [&str; 4] = ["delay.mean", "delay.p50", "delay.p90", "delay.p99"];
/// What is compared beside them.
const COUNT_METRICS: [&str; 3] = ["connections.cut", "connections.opened", "tries.skipped"];
/// Slack of *inside*, relative; and in counts, absolute.
const SLACK: f64 = 0.05;
const COUNT_SLACK: f64 = 1.0;
/// Significant digits of stored numbers.
const DIGITS: usize = 10;

/// All cases held against the model.
#[derive(Clone, Debug, Serialize)]
pub struct Validation {
    /// In argument order.
    pub cases: Vec<CaseResult>,
    /// Delay metrics inside.
    pub inside: usize,
    /// Delay metrics in all.
    pub total: usize,
    /// Median of |mid / real - 1| over the delay metrics.
    pub median_error: f64,
    /// Its 90 % point.
    pub p90_error: f64,
    /// Cases whose delay metrics are all inside.
    pub cases_inside: usize,
    /// Share of real values within the model's middle 50 %.
    pub coverage50: f64,
    /// Within the middle 90 %.
    pub coverage90: f64,
}

/// One case.
#[derive(Clone, Debug, Serialize)]
pub struct CaseResult {
    /// Its name.
    pub case: String,
    /// By metric name.
    pub metrics: BTreeMap<&'static str, MetricResult>,
}

/// One metric of one case.
#[derive(Clone, Debug, Serialize)]
pub struct MetricResult {
    /// What was recorded; `None` when nobody recorded it.
    pub real: Option<f64>,
    /// 1 % point over the seeds.
    pub low: f64,
    /// Median over the seeds.
    pub mid: f64,
    /// 99 % point over the seeds.
    pub high: f64,
    /// Seeds with a smaller value than the real one (ties count half).
    pub rank: Option<f64>,
    /// 0.95 low <= real <= 1.05 high; for counts also within 1.
    pub inside: Option<bool>,
    #[serde(skip)]
    within50: bool,
    #[serde(skip)]
    within90: bool,
}

impl MetricResult {
    /// |mid / real - 1|; `None` for a real value of zero.
    pub fn error(&self) -> Option<f64> {
        self.real.filter(|real| *real > 0.0).map(|real| (self.mid / real - 1.0).abs())
    }
}

/// Holds every case against the model.
pub fn validate(cases: &[RecordedCase], seeds: u64, seed: u64) -> Validation {
    summarise(cases.iter().map(|case| hold_against(case, seeds, seed)).collect())
}

/// Holds one case against `seeds` replications of the model under `seed`, on as many threads as rayon has.
pub fn hold_against(case: &RecordedCase, seeds: u64, seed: u64) -> CaseResult {
    let runs: Vec<BTreeMap<&'static str, f64>> =
        (0..seeds).into_par_iter().map(|replication| one_run(case, seed, replication)).collect();
    let real = real_values(case);
    let mut metrics = BTreeMap::new();
    for name in DELAY_METRICS.into_iter().chain(COUNT_METRICS) {
        let mut model: Vec<f64> = runs.iter().map(|run| run[name]).collect();
        model.sort_by(f64::total_cmp);
        metrics.insert(name, stand(&model, real.get(name).copied(), DELAY_METRICS.contains(&name)));
    }
    CaseResult { case: case.name.clone(), metrics }
}

/// Where `real` stands among the `model`'s ascending values.
fn stand(model: &[f64], real: Option<f64>, is_delay: bool) -> MetricResult {
    let point = |p| point(model, p);
    let (low, high) = (point(0.01), point(0.99));
    let slack = if is_delay { 0.0 } else { COUNT_SLACK };
    let (least, most) = ((1.0 - SLACK) * low, (1.0 + SLACK) * high);
    let within = |a: f64, b: f64| real.is_some_and(|real| real >= a && real <= b);
    let rank = |real: f64| {
        let below = model.iter().filter(|value| **value < real).count() as f64;
        let equal = model.iter().filter(|value| **value == real).count() as f64;
        below + equal / 2.0
    };
    MetricResult {
        real,
        low,
        mid: point(0.5),
        high,
        rank: real.map(rank),
        inside: real.map(|_| within(least.min(low - slack), most.max(high + slack))),
        within50: within(point(0.25), point(0.75)),
        within90: within(point(0.05), point(0.95)),
    }
}

/// A point of an ascending sample, rounded as all stored numbers are; zero for an empty one.
fn point(sorted: &[f64], p: f64) -> f64 {
    rounded(sorted_quantile(sorted, p).unwrap_or(0.0))
}

fn rounded(value: f64) -> f64 {
    round_significant(value, DIGITS)
}

fn delay_values(sorted: &[f64]) -> impl Iterator<Item = (&'static str, f64)> + use<> {
    let mean = sorted.iter().sum::<f64>() / sorted.len().max(1) as f64;
    let points = [rounded(mean), point(sorted, 0.5), point(sorted, 0.9), point(sorted, 0.99)];
    DELAY_METRICS.into_iter().zip(points)
}

fn real_values(case: &RecordedCase) -> BTreeMap<&'static str, f64> {
    let mut values = BTreeMap::new();
    if !case.observed.delays.is_empty() {
        values.extend(delay_values(&case.observed.delays));
    }
    if let Some((cut, all)) = case.observed.connections {
        values.extend([("connections.cut", cut as f64), ("connections.opened", all as f64)]);
    }
    values.extend(case.observed.skipped.map(|skipped| ("tries.skipped", skipped as f64)));
    values
}

/// Keeps every message's arrival and first acceptance: a case has a thousand messages. The record of a run
/// would do but for the ages of what is still queued, which it keeps to the histogram's precision: ages
/// depend on no chance, and a real value must not fall beside them by a rounding.
#[derive(Default)]
struct EveryDelay {
    /// By number of the message, in order of arrival.
    lives: Vec<(SimTime, Option<SimTime>)>,
}

impl EveryDelay {
    /// Delays in seconds, ascending; a message still queued at `horizon` counts with its age.
    fn seconds(&self, horizon: SimTime) -> Vec<f64> {
        let lives = self.lives.iter();
        let delay = |(created, accepted): &(SimTime, Option<SimTime>)| {
            accepted.unwrap_or(horizon).since(*created).seconds()
        };
        let mut seconds: Vec<f64> = lives.map(delay).collect();
        seconds.sort_by(f64::total_cmp);
        seconds
    }
}

impl Observer for EveryDelay {
    fn observe(&mut self, _: SimTime, observation: &Observation<'_>) {
        match observation {
            Observation::Arrived { message } => self.lives.push((message.created, None)),
            Observation::Accepted { message, at, .. } if !message.accepted => {
                self.lives[message.id as usize].1 = Some(*at);
            }
            _ => {}
        }
    }
}

/// The delays of `seeds` replications of the model under `seed`, each ascending, as
/// [`crate::scenario::recorded_case::Observed::delays`] are: what is still queued counts with its age.
pub fn simulated_delays(case: &RecordedCase, seeds: u64, seed: u64) -> Vec<Vec<f64>> {
    (0..seeds).into_par_iter().map(|replication| simulate(case, seed, replication).1).collect()
}

fn simulate(case: &RecordedCase, seed: u64, replication: u64) -> (RunRecord, Vec<f64>) {
    let settings = ReplicationSettings {
        simulate: case.horizon,
        warm_up: Span::ZERO,
        drain: Span::ZERO,
        seed,
        parts: Vec::new(),
    };
    let mut every = EveryDelay::default();
    let record = replicate_observed(&case.params, &settings, replication, &mut every);
    (record, every.seconds(SimTime::ZERO + case.horizon))
}

fn one_run(case: &RecordedCase, seed: u64, replication: u64) -> BTreeMap<&'static str, f64> {
    let (record, delays) = simulate(case, seed, replication);
    let mut values: BTreeMap<&'static str, f64> = delay_values(&delays).collect();
    values.insert("connections.cut", record.counts.connections_cut as f64);
    values.insert("connections.opened", record.counts.connections_closed as f64);
    values.insert("tries.skipped", record.counts.tries_skipped as f64);
    values
}

/// Sums up over cases.
pub fn summarise(cases: Vec<CaseResult>) -> Validation {
    let of_case = |case: &CaseResult| -> Vec<MetricResult> {
        let known = DELAY_METRICS.iter().filter_map(|name| case.metrics.get(name).cloned());
        known.filter(|metric| metric.real.is_some()).collect()
    };
    let all: Vec<MetricResult> = cases.iter().flat_map(of_case).collect();
    let mut errors: Vec<f64> = all.iter().filter_map(MetricResult::error).collect();
    errors.sort_by(f64::total_cmp);
    let share = |of: fn(&MetricResult) -> bool| {
        rounded(all.iter().filter(|metric| of(metric)).count() as f64 / all.len().max(1) as f64)
    };
    Validation {
        inside: all.iter().filter(|metric| metric.inside == Some(true)).count(),
        total: all.len(),
        median_error: point(&errors, 0.5),
        p90_error: point(&errors, 0.9),
        cases_inside: cases
            .iter()
            .filter(|case| of_case(case).iter().all(|m| m.inside == Some(true)))
            .count(),
        coverage50: share(|metric| metric.within50),
        coverage90: share(|metric| metric.within90),
        cases,
    }
}
