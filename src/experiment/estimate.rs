//! From the records of replications to numbers with their uncertainty.

use crate::engine::Stream;
use crate::measure::{Counts, Delays, Kind, Metric, Part, RunRecord};
use crate::stats::{
    Pool, Resamples, Sample, Sampled, mean_interval, round_significant, sorted_quantile, wilson,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

pub(super) const CONFIDENCE: f64 = 0.95;
/// Bootstrap resamples. Twice the usual thousand, since the widened tails lie further out.
const RESAMPLES: usize = 2_000;
/// Of more replications than this, neighbours are resampled together: so many parts say how much they differ as
/// well as each by itself would, in memory that does not grow with them.
const MOST_DRAWN: usize = 1_000;
/// Significant digits of every stored number: few enough that the last bits of `statrs`' iterations, which
/// differ between machines, never show.
pub(super) const DIGITS: usize = 10;
const NANOS: f64 = 1e9;

/// A metric's value with its uncertainty, in the metric's unit. What is not known is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Estimate {
    /// Best estimate.
    pub point: Option<f64>,
    /// Lower end of the 95 % interval; none with a single replication.
    pub low: Option<f64>,
    /// Upper end. Mail still queued or bounced counts as infinitely late here, as long as that leaves the
    /// end finite; otherwise it is the end of what is known, and `high_censored` is set.
    pub high: Option<f64>,
    /// 5 % point of the replications' own values.
    pub day_low: Option<f64>,
    /// 95 % point of the same.
    pub day_high: Option<f64>,
    /// Replications that have a value.
    pub n: u32,
    /// The point is only a lower bound: it falls among messages still queued or bounced.
    #[serde(default, skip_serializing_if = "is_false")]
    pub censored: bool,
    /// The upper end is only a lower bound: it falls among such messages in too many resamples.
    #[serde(default, skip_serializing_if = "is_false")]
    pub high_censored: bool,
}

// The signature is serde's.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// The records of one scenario, prepared so that any metric can be estimated and compared: of the whole run
/// or of one part of it.
#[derive(Debug)]
pub struct Evidence<'a> {
    records: &'a [RunRecord],
    /// What each record says of the whole or of the part.
    tallies: Vec<(&'a Delays, &'a Counts)>,
    /// One column for each group of replications that is drawn together.
    pool: Pool,
    /// The pool with queued messages as later than every bound, when there are any.
    worst: Option<Pool>,
    resamples: Arc<Resamples>,
}

impl<'a> Evidence<'a> {
    /// Prepares `records`; the bootstrap's draws depend on `seed` and the number of records alone, so that
    /// two scenarios under one seed are resampled alike (paired).
    pub fn new(records: &'a [RunRecord], seed: u64) -> Self {
        Evidence::with_resamples(records, seed, RESAMPLES)
    }

    /// The same with another number of resamples, for intervals further out than 95 %.
    pub(super) fn with_resamples(records: &'a [RunRecord], seed: u64, count: usize) -> Self {
        let mut draws = Stream::new(seed, 0, "bootstrap").at(0);
        let groups = records.len().min(MOST_DRAWN);
        let resamples = Resamples::draw(groups, count, |bound| draws.below(bound));
        let tallies = records.iter().map(|record| (&record.delays, &record.counts)).collect();
        Evidence::of_tallies(records, tallies, Arc::new(resamples))
    }

    /// Days that follow each other, as a log has them: what hangs together over some of them is resampled together.
    pub(super) fn of_days(records: &'a [RunRecord], seed: u64) -> Self {
        let length = libm::round(libm::cbrt(records.len() as f64)) as usize;
        let mut draws = Stream::new(seed, 0, "blocks of days").at(0);
        let below = |bound| draws.below(bound);
        let resamples = Resamples::draw_blocks(records.len(), RESAMPLES, length, below);
        let tallies = records.iter().map(|record| (&record.delays, &record.counts)).collect();
        Evidence::of_tallies(records, tallies, Arc::new(resamples))
    }

    fn of_tallies(
        records: &'a [RunRecord],
        tallies: Vec<(&'a Delays, &'a Counts)>,
        resamples: Arc<Resamples>,
    ) -> Self {
        let together = |sample: fn(&'a Delays) -> Sample<'a>| {
            let mut samples = vec![Sample::default(); tallies.len().min(MOST_DRAWN)];
            for (r, (delays, _)) in tallies.iter().enumerate() {
                samples[group(r, tallies.len())].join(sample(delays));
            }
            Pool::new(&samples)
        };
        let pool = together(Delays::sample);
        let queued = tallies.iter().any(|(delays, _)| delays.queued.count() > 0);
        let worst = queued.then(|| together(Delays::worst_sample));
        Evidence { records, tallies, pool, worst, resamples }
    }

    /// The parts that every record tells of, in order.
    pub fn parts(&self) -> impl Iterator<Item = &'a Part> + use<'a> {
        self.records.first().into_iter().flat_map(|record| record.parts.iter().map(|of| &of.part))
    }

    /// The evidence of the part with this name, resampled like the whole; `None` if there is none.
    pub fn part(&self, name: &str) -> Option<Evidence<'a>> {
        let of = |record: &'a RunRecord| {
            let part = record.parts.iter().find(|of| *of.part.name == *name)?;
            Some((&part.delays, &part.counts))
        };
        let tallies = self.records.iter().map(of).collect::<Option<Vec<_>>>()?;
        let known = self.parts().any(|part| *part.name == *name);
        known.then(|| Evidence::of_tallies(self.records, tallies, self.resamples.clone()))
    }

    /// The records.
    pub fn records(&self) -> &'a [RunRecord] {
        self.records
    }

    /// The estimate of `metric`.
    pub fn estimate(&self, metric: Metric) -> Estimate {
        let values = self.values(metric);
        let mut estimate = match metric.kind() {
            Kind::Each(_) => self.mean_over_days(&values),
            Kind::LateReplications(_) => self.late_days(&values),
            _ => self.pooled(metric),
        };
        estimate.n = values.len() as u32;
        if values.len() > 1 {
            let mut sorted = values;
            sorted.sort_by(f64::total_cmp);
            estimate.day_low = sorted_quantile(&sorted, 0.05);
            estimate.day_high = sorted_quantile(&sorted, 0.95);
        }
        estimate.rounded()
    }

    /// Replications.
    pub(super) fn days(&self) -> usize {
        self.tallies.len()
    }

    /// Each replication's own value, where it has one.
    fn values(&self, metric: Metric) -> Vec<f64> {
        self.daily(metric).into_iter().flatten().collect()
    }

    /// Each replication's own value.
    pub(super) fn daily(&self, metric: Metric) -> Vec<Option<f64>> {
        match metric.kind() {
            // The pool is there already; asking the metric would build one for each record.
            Kind::PooledQuantile(p) if self.each_alone() => {
                let quantile = |r| Some(self.pool.quantile_of(r, p)?.value / NANOS);
                (0..self.tallies.len()).map(quantile).collect()
            }
            Kind::PooledAbove(bound) if self.each_alone() => {
                let above = self.pool.above(bound);
                let shares = above.iter().zip(self.pool.totals());
                shares.map(|(a, n)| (*n > 0).then(|| *a as f64 / *n as f64)).collect()
            }
            _ => self.tallies.iter().map(|(d, c)| metric.of_tally(d, c)).collect(),
        }
    }

    /// Whether every replication is a column of the pool.
    fn each_alone(&self) -> bool {
        self.tallies.len() <= MOST_DRAWN
    }

    /// Adds up what replications have, by group.
    fn by_group(&self, values: impl Iterator<Item = (f64, f64)>) -> (Vec<f64>, Vec<f64>) {
        let groups = self.tallies.len().min(MOST_DRAWN);
        let (mut first, mut second) = (vec![0.0; groups], vec![0.0; groups]);
        for (r, (one, other)) in values.enumerate() {
            let group = group(r, self.tallies.len());
            first[group] += one;
            second[group] += other;
        }
        (first, second)
    }

    /// All that the bootstrap sees of a metric; resamples are the same for all scenarios of one seed and as
    /// many replications.
    pub(super) fn sampled(&self, metric: Metric, at_worst: bool) -> Sampled {
        self.resamples.sampled(self.statistic(metric, at_worst))
    }

    /// The mean over replications. Where only some have a value (some days never recovered), the mean of
    /// those that do says too little: it is marked, and there is no interval.
    fn mean_over_days(&self, values: &[f64]) -> Estimate {
        let Some((mean, interval)) = mean_interval(values, CONFIDENCE) else {
            return Estimate::default();
        };
        let censored = values.len() < self.tallies.len();
        let interval = interval.filter(|_| !censored);
        Estimate {
            point: Some(mean),
            // Nothing that is counted can be negative; the t interval does not know that.
            low: interval.map(|interval| interval.low.max(0.0)),
            high: interval.map(|interval| interval.high),
            censored,
            high_censored: censored,
            ..Estimate::default()
        }
    }

    /// A metric over all measured mail of all replications, by the bootstrap.
    fn pooled(&self, metric: Metric) -> Estimate {
        let everything = vec![1; self.tallies.len().min(MOST_DRAWN)];
        let best = self.statistic(metric, false);
        let worst = self.statistic(metric, true);
        let Some(point) = best(&everything) else { return Estimate::default() };
        let interval = self.resamples.interval(CONFIDENCE, &best);
        let mut estimate = Estimate {
            point: Some(point),
            low: interval.map(|interval| interval.low),
            high: interval.map(|interval| interval.high),
            ..Estimate::default()
        };
        if self.all_delivered() {
            return estimate;
        }
        estimate.censored = worst(&everything).is_some_and(f64::is_infinite);
        let at_worst = self.resamples.interval(CONFIDENCE, &worst);
        (estimate.high, estimate.high_censored) = match (interval, at_worst) {
            (Some(known), Some(worst)) if worst.high.is_finite() => {
                (Some(known.high.max(worst.high)), false)
            }
            (known, _) => (known.map(|known| known.high), known.is_some() || estimate.censored),
        };
        estimate
    }

    /// The share of late replications. Its upper end counts those whose 99 % point falls among mail that is
    /// still queued as late, too.
    fn late_days(&self, values: &[f64]) -> Estimate {
        let mut estimate = share_of_days(values);
        if self.worst.is_some() {
            let late = self.late(true).into_iter().flatten();
            let late: Vec<f64> = late.map(|late| f64::from(u8::from(late))).collect();
            estimate.high = share_of_days(&late).high;
        }
        estimate
    }

    /// Whether each replication is late: at worst also when its 99 % point falls among queued mail.
    pub(super) fn late(&self, at_worst: bool) -> Vec<Option<bool>> {
        let worst = self.worst.as_ref().filter(|_| at_worst);
        let open = |r: usize, delays: &Delays| {
            let quantile = worst.and_then(|worst| match self.each_alone() {
                true => worst.quantile_of(r, 0.99),
                false => Pool::new(&[delays.worst_sample()]).quantile_of(0, 0.99),
            });
            quantile.is_some_and(|quantile| quantile.open)
        };
        let late = |(r, (delays, counts)): (usize, &(&Delays, &Counts))| {
            Some(Metric::DaysLate.of_tally(delays, counts)? > 0.5 || open(r, delays))
        };
        self.tallies.iter().enumerate().map(late).collect()
    }

    /// Whether the fate of every measured message is known and good.
    pub(super) fn all_delivered(&self) -> bool {
        let lost = |delays: &Delays| delays.queued.count() + delays.bounced.count();
        self.tallies.iter().all(|(delays, _)| lost(delays) == 0)
    }

    /// The metric as a function of how often each replication counts. At worst, queued and bounced mail is
    /// infinitely late; otherwise queued mail is as late as it is old, and where a value falls on bounced
    /// mail it is the greatest delay or age seen.
    fn statistic(&self, metric: Metric, at_worst: bool) -> Statistic<'_> {
        let pool = if at_worst { self.worst.as_ref().unwrap_or(&self.pool) } else { &self.pool };
        match metric.kind() {
            Kind::PooledQuantile(p) => Box::new(move |weights| {
                let quantile = pool.quantile(weights, p)?;
                let infinite = at_worst && quantile.open;
                Some(if infinite { f64::INFINITY } else { quantile.value / NANOS })
            }),
            Kind::PooledAbove(bound) => {
                let above: Vec<f64> = pool.above(bound).iter().map(|n| *n as f64).collect();
                let total: Vec<f64> = pool.totals().iter().map(|n| *n as f64).collect();
                Box::new(move |weights| ratio(weights, &above, &total))
            }
            Kind::PooledMean => {
                let parts =
                    self.tallies.iter().map(|(d, _)| d.sum_and_count().unwrap_or((0.0, 0.0)));
                let (sums, total) = self.by_group(parts);
                let lost = at_worst && !self.all_delivered();
                Box::new(move |weights| {
                    let mean = ratio(weights, &sums, &total)? / NANOS;
                    Some(if lost { f64::INFINITY } else { mean })
                })
            }
            Kind::PooledMax => {
                let mut most = vec![None; self.tallies.len().min(MOST_DRAWN)];
                for (r, (delays, _)) in self.tallies.iter().enumerate() {
                    let most = &mut most[group(r, self.tallies.len())];
                    *most = delays.max().max(*most);
                }
                let lost = at_worst && !self.all_delivered();
                Box::new(move |weights| {
                    let drawn = most.iter().zip(weights).filter(|(_, weight)| **weight > 0);
                    let max = drawn.filter_map(|(most, _)| *most).max()? as f64 / NANOS;
                    Some(if lost { f64::INFINITY } else { max })
                })
            }
            Kind::LateReplications(_) | Kind::Each(_) => {
                let own = self.tallies.iter().map(|(d, c)| metric.of_tally(d, c));
                let own = own.map(|value| value.map_or((0.0, 0.0), |value| (value, 1.0)));
                let (values, known) = self.by_group(own);
                Box::new(move |weights| ratio(weights, &values, &known))
            }
        }
    }
}

/// With which others replication `r` of `all` is drawn: with its neighbours, as evenly as can be.
fn group(r: usize, all: usize) -> usize {
    if all <= MOST_DRAWN { r } else { r * MOST_DRAWN / all }
}

/// A metric as a function of how often each replication, or group of them, counts.
type Statistic<'a> = Box<dyn Fn(&[u64]) -> Option<f64> + 'a>;

/// Sum of `above` over sum of `below`, weighted.
fn ratio(weights: &[u64], above: &[f64], below: &[f64]) -> Option<f64> {
    let sum = |parts: &[f64]| {
        parts.iter().zip(weights).map(|(part, weight)| part * *weight as f64).sum::<f64>()
    };
    let total = sum(below);
    (total > 0.0).then(|| sum(above) / total)
}

/// The share of replications whose value is 1, with Wilson's interval.
fn share_of_days(values: &[f64]) -> Estimate {
    let (hits, n) =
        (values.iter().filter(|value| **value > 0.5).count() as u64, values.len() as u64);
    let interval = if n > 1 { wilson(hits, n, CONFIDENCE) } else { None };
    Estimate {
        point: (n > 0).then(|| hits as f64 / n as f64),
        low: interval.map(|interval| interval.low),
        high: interval.map(|interval| interval.high),
        ..Estimate::default()
    }
}

impl Estimate {
    fn rounded(self) -> Self {
        let round = |value: Option<f64>| {
            value.filter(|value| value.is_finite()).map(|value| round_significant(value, DIGITS))
        };
        Estimate {
            point: round(self.point),
            low: round(self.low),
            high: round(self.high),
            day_low: round(self.day_low),
            day_high: round(self.day_high),
            ..self
        }
    }
}

#[cfg(test)]
#[path = "estimate_tests.rs"]
pub(super) mod tests;
