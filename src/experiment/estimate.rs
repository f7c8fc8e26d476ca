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
        let resamples = Resamples::draw(records.len(), count, |bound| draws.below(bound));
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
        let samples: Vec<Sample> = tallies.iter().map(|(delays, _)| delays.sample()).collect();
        let pool = Pool::new(&samples);
        let queued = tallies.iter().any(|(delays, _)| delays.queued.count() > 0);
        let worst = queued.then(|| {
            let samples: Vec<_> = tallies.iter().map(|(delays, _)| delays.worst_sample()).collect();
            Pool::new(&samples)
        });
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
            Kind::PooledQuantile(p) => {
                let quantile = |r| Some(self.pool.quantile_of(r, p)?.value / NANOS);
                (0..self.tallies.len()).map(quantile).collect()
            }
            Kind::PooledAbove(bound) => {
                let above = self.pool.above(bound);
                let shares = above.iter().zip(self.pool.totals());
                shares.map(|(a, n)| (*n > 0).then(|| *a as f64 / *n as f64)).collect()
            }
            _ => self.tallies.iter().map(|(d, c)| metric.of_tally(d, c)).collect(),
        }
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
        let everything = vec![1; self.tallies.len()];
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
        let open = |r| {
            let quantile = worst.and_then(|worst| worst.quantile_of(r, 0.99));
            quantile.is_some_and(|quantile| quantile.open)
        };
        let late = |(r, (delays, counts)): (usize, &(&Delays, &Counts))| {
            Some(Metric::DaysLate.of_tally(delays, counts)? > 0.5 || open(r))
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
                let (sums, total): (Vec<f64>, Vec<f64>) = parts.unzip();
                let lost = at_worst && !self.all_delivered();
                Box::new(move |weights| {
                    let mean = ratio(weights, &sums, &total)? / NANOS;
                    Some(if lost { f64::INFINITY } else { mean })
                })
            }
            Kind::PooledMax => {
                let most: Vec<_> = self.tallies.iter().map(|(delays, _)| delays.max()).collect();
                let lost = at_worst && !self.all_delivered();
                Box::new(move |weights| {
                    let drawn = most.iter().zip(weights).filter(|(_, weight)| **weight > 0);
                    let max = drawn.filter_map(|(most, _)| *most).max()? as f64 / NANOS;
                    Some(if lost { f64::INFINITY } else { max })
                })
            }
            Kind::LateReplications(_) | Kind::Each(_) => {
                let values: Vec<Option<f64>> =
                    self.tallies.iter().map(|(d, c)| metric.of_tally(d, c)).collect();
                let known =
                    values.iter().map(|v| f64::from(u8::from(v.is_some()))).collect::<Vec<_>>();
                let values: Vec<f64> = values.iter().map(|value| value.unwrap_or(0.0)).collect();
                Box::new(move |weights| ratio(weights, &values, &known))
            }
        }
    }
}

/// A metric as a function of how often each replication counts.
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
pub(super) mod tests {
    use super::*;
    use crate::measure::Timeline;
    use crate::units::Span;

    const SECOND: u64 = 1_000_000_000;

    /// A record with these delays in seconds: delivered, still queued, bounced.
    pub(crate) fn record(delivered: &[u64], queued: &[u64], bounced: &[u64]) -> RunRecord {
        let mut delays = Delays::default();
        delivered.iter().for_each(|s| delays.delivered.record(s * SECOND));
        queued.iter().for_each(|s| delays.queued.record(s * SECOND));
        bounced.iter().for_each(|s| delays.bounced.record(s * SECOND));
        let counts = Counts {
            arrived: (delivered.len() + queued.len() + bounced.len()) as u64,
            delivered: delivered.len() as u64,
            queued: queued.len() as u64,
            bounced: bounced.len() as u64,
            ..Counts::default()
        };
        let (parts, timeline) = (Vec::new(), Timeline::default());
        RunRecord { replication: 0, delays, counts, parts, timeline, trace: 0 }
    }

    fn near(value: Option<f64>, expected: f64) -> bool {
        value.is_some_and(|value| (value - expected).abs() <= expected * 1e-3)
    }

    #[test]
    #[ignore = "a measurement: the whole catalogue for 500 days"]
    fn the_whole_catalogue_for_five_hundred_days() {
        let mut draws = Stream::new(1, 0, "speed").at(0);
        let mut days = vec![record(&[], &[], &[]); 500];
        for day in &mut days {
            for _ in 0..20_000 {
                let delay = -libm::log(draws.uniform()) * 1e10 * (1.0 + draws.uniform());
                day.delays.delivered.record(delay as u64);
            }
        }
        let evidence = Evidence::new(&days, 1);
        for entry in crate::measure::CATALOGUE {
            assert!(evidence.estimate(entry.metric).n <= 500);
        }
    }

    #[test]
    fn a_quantile_below_the_queued_mail_is_exact_and_one_among_it_is_a_lower_bound() {
        // Ten messages: eight delivered after 1..8 s, two still queued at ages of 100 s.
        let records = [record(&[1, 2, 3, 4, 5, 6, 7, 8], &[100, 100], &[])];
        let evidence = Evidence::new(&records, 1);
        let p50 = evidence.estimate(Metric::DelayP50);
        assert!(near(p50.point, 5.5) && !p50.censored, "{p50:?}");
        let p90 = evidence.estimate(Metric::DelayP90);
        assert!(near(p90.point, 100.0) && p90.censored, "{p90:?}");
        assert!(evidence.estimate(Metric::DelayMean).censored);
        assert!(evidence.estimate(Metric::DelayMax).censored);
    }

    #[test]
    fn young_queued_mail_makes_even_the_median_a_lower_bound() {
        // By age the median is 1 s; were the queued ones infinitely late, it would be 9 s.
        let records = [record(&[8, 9], &[1, 1, 1], &[])];
        let p50 = Evidence::new(&records, 1).estimate(Metric::DelayP50);
        assert!(near(p50.point, 1.0) && p50.censored, "{p50:?}");
    }

    #[test]
    fn a_quantile_on_a_bounced_message_is_a_lower_bound_however_young_that_was() {
        let records = [record(&[1, 2, 3], &[], &[1])];
        let evidence = Evidence::new(&records, 1);
        assert!(!evidence.estimate(Metric::DelayP50).censored);
        let p99 = evidence.estimate(Metric::DelayP99);
        assert!(near(p99.point, 3.0) && p99.censored, "{p99:?}");
    }

    #[test]
    fn with_everything_delivered_nothing_is_censored() {
        let records = [record(&[1, 2], &[], &[]), record(&[3], &[], &[])];
        let evidence = Evidence::new(&records, 1);
        for entry in crate::measure::CATALOGUE {
            let estimate = evidence.estimate(entry.metric);
            let never_disturbed = entry.metric == Metric::RecoveryTime;
            assert!(!estimate.censored, "{}", entry.name);
            assert_eq!(estimate.point.is_none(), never_disturbed, "{}", entry.name);
        }
    }

    #[test]
    fn one_replication_has_points_but_no_intervals() {
        let records = [record(&[1, 2, 3], &[], &[])];
        let evidence = Evidence::new(&records, 1);
        for metric in [Metric::DelayP99, Metric::DaysLate, Metric::MessagesArrived] {
            let estimate = evidence.estimate(metric);
            assert!(estimate.point.is_some(), "{metric:?}");
            assert_eq!((estimate.low, estimate.high, estimate.day_low), (None, None, None));
        }
    }

    #[test]
    fn all_messages_weigh_alike_whatever_day_they_came_on() {
        // 100 messages of 1 s on one day, one of 1000 s on another: the pool's median is 1 s.
        let records = [record(&[1; 100], &[], &[]), record(&[1000], &[], &[])];
        let evidence = Evidence::new(&records, 1);
        assert!(near(evidence.estimate(Metric::DelayP50).point, 1.0));
        let late = evidence.estimate(Metric::Late(Span::from_mins(5)));
        assert!(near(late.point, 1.0 / 101.0) && near(late.day_high, 0.95), "{late:?}");
    }

    #[test]
    fn a_late_day_is_one_whose_own_p99_is_over_an_hour() {
        let mut records = vec![record(&[1; 50], &[], &[]); 19];
        records.push(record(&[7200; 50], &[], &[]));
        let late = Evidence::new(&records, 1).estimate(Metric::DaysLate);
        assert!(near(late.point, 0.05), "{late:?}");
        // Wilson for 1 of 20.
        assert!((late.low.expect("low") - 0.00888).abs() < 1e-4, "{late:?}");
        assert!((late.high.expect("high") - 0.2361).abs() < 1e-4, "{late:?}");
    }

    #[test]
    fn no_measured_mail_means_no_value_instead_of_zero() {
        let records = [record(&[], &[], &[]), record(&[], &[], &[])];
        let evidence = Evidence::new(&records, 1);
        assert_eq!(evidence.estimate(Metric::DelayP99), Estimate::default());
        assert_eq!(evidence.estimate(Metric::MessagesArrived).point, Some(0.0));
    }
}
