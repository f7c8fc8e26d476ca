//! A metric's interval at any level, and the verdict on it.

use super::super::estimate::Evidence;
use super::super::{Bound, Comparison, Estimate, Expectation, Verdict, judge};
use super::Tried;
use crate::measure::{Kind, Metric, RunRecord};
use crate::stats::{Interval, mean_interval, round_significant, t_quantile, wilson};

/// Resamples that are to fall into each tail of an interval, where there can be so many.
const IN_A_TAIL: f64 = 5.0;
const LEAST_RESAMPLES: usize = 2_000;
const MOST_RESAMPLES: usize = 10_000;
const DIGITS: usize = 10;

/// What some replications say of an expectation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer {
    /// In short.
    pub tried: Tried,
    /// The metric, with an interval of the level that was asked for.
    pub estimate: Estimate,
    /// Replications that it rests on.
    pub days: u32,
}

/// Judges `line` on `records` by intervals at `level`; `full` says whether these are all that are allowed.
/// An expectation against another file, or of a part that is not there, is undecided.
pub fn answer(
    line: &Expectation,
    records: &[RunRecord],
    (seed, level, full): (u64, f64, bool),
) -> Answer {
    let resamples = (2.0 * IN_A_TAIL / (1.0 - level)).ceil() as usize;
    let resamples = resamples.clamp(LEAST_RESAMPLES, MOST_RESAMPLES);
    let whole = Evidence::with_resamples(records, seed, resamples);
    let part = line.part.as_ref().map(|name| whole.part(name));
    let estimate = match &part {
        None => at_level(&whole, line.metric, level),
        Some(Some(part)) => at_level(part, line.metric, level),
        Some(None) => Estimate::default(),
    };
    let days = records.len() as u32;
    let Bound::Value(bound) = line.bound else {
        let tried = Tried { verdict: Verdict::Undecided, leans: false, full };
        return Answer { tried, estimate, days };
    };
    let Estimate { point, low, high, .. } = estimate;
    let verdict = judge(line.comparison, low, high, estimate.high_censored, bound);
    let leans = judge(line.comparison, point, point, estimate.censored, bound) == Verdict::Met;
    // Of equality a point says nothing but itself.
    let leans = leans || (line.comparison == Comparison::Equal && point == Some(bound));
    Answer { tried: Tried { verdict, leans, full }, estimate, days }
}

/// The estimate with its interval at `level`, which is at least as wide as the one of 95 %.
///
/// Far out in the tails, resamples of few days have nothing to tell: there the interval also reaches as many
/// standard errors as Student's quantile of that level.
fn at_level(evidence: &Evidence, metric: Metric, level: f64) -> Estimate {
    let mut estimate = evidence.estimate(metric);
    let (Some(low), Some(high)) = (estimate.low, estimate.high) else { return estimate };
    let wide = match metric.kind() {
        Kind::Each(_) => {
            let values: Vec<f64> = evidence.daily(metric).into_iter().flatten().collect();
            mean_interval(&values, level).and_then(|(_, interval)| interval)
        }
        Kind::LateReplications(_) => late_days(evidence, level),
        _ => pooled(evidence, metric, level),
    };
    let Some(wide) = wide else { return Estimate { low: None, high: None, ..estimate } };
    // Nothing that is measured can be negative.
    estimate.low = Some(round_significant(wide.low.min(low).max(0.0), DIGITS));
    if wide.high.is_finite() {
        estimate.high = Some(round_significant(wide.high.max(high), DIGITS));
    } else {
        estimate.high_censored = true;
    }
    estimate
}

fn late_days(evidence: &Evidence, level: f64) -> Option<Interval> {
    let share = |at_worst: bool| {
        let late: Vec<bool> = evidence.late(at_worst).into_iter().flatten().collect();
        let hits = late.iter().filter(|late| **late).count();
        wilson(hits as u64, late.len() as u64, level)
    };
    Some(Interval { low: share(false)?.low, high: share(true)?.high })
}

fn pooled(evidence: &Evidence, metric: Metric, level: f64) -> Option<Interval> {
    let known = evidence.sampled(metric, false);
    let resampled = known.interval(level)?;
    let reach = t_quantile(0.5 + level / 2.0, known.replications() as f64 - 1.0);
    let (low, high) = (known.point - reach * known.error(), known.point + reach * known.error());
    // What is not a number is passed over.
    let mut wide = Interval { low: resampled.low.min(low), high: resampled.high.max(high) };
    if !evidence.all_delivered() {
        let worst = evidence.sampled(metric, true);
        let reach = worst.point + reach * worst.error();
        wide.high = wide.high.max(worst.interval(level)?.high).max(reach);
    }
    Some(wide)
}
