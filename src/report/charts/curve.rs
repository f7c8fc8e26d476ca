//! From recorded delays to a curve.

use super::DelayCurve;
use crate::experiment::{Estimate, Metrics};
use crate::measure::{Delays, Metric};
use std::collections::BTreeMap;

const SECONDS: f64 = 1e-9;

/// Messages of one delay or age.
#[derive(Clone, Copy, Default)]
struct Heap {
    delivered: u64,
    queued: u64,
}

impl DelayCurve {
    /// The curve of all measured mail of several replications taken together.
    ///
    /// Queued and bounced messages keep it below 100 %. Quantiles interpolate between order statistics,
    /// h = (n-1)p, on the bins of the histogram (0.05 % each); a queued message counts with its age, a
    /// bounced one as later than every bound.
    pub fn pooled(label: &str, records: &[&Delays]) -> DelayCurve {
        let (heaps, total) = pool(records);
        let mut points = Vec::with_capacity(heaps.len());
        let mut delivered = 0;
        for (nanos, heap) in &heaps {
            if heap.delivered > 0 {
                delivered += heap.delivered;
                points.push((*nanos as f64 * SECONDS, delivered as f64 / total as f64));
            }
        }
        let marked = |p| {
            let (at_least, at_most) =
                (quantile(&heaps, total, p, true), quantile(&heaps, total, p, false));
            (at_least, at_least.is_finite() && at_most > at_least)
        };
        let ((p50, p50_censored), (p99, p99_censored)) = (marked(0.5), marked(0.99));
        let (label, band) = (label.to_owned(), Vec::new());
        DelayCurve { label, points, p50, p50_censored, p99, p99_censored, band }
    }

    /// The same curve with the median and the 99 % point that the table shows, so that the two can never
    /// disagree in their last digit.
    pub fn with_estimates(self, metrics: &Metrics) -> DelayCurve {
        let of = |metric| metrics.get(metric).copied().unwrap_or_default();
        let seconds = |estimate: Estimate| estimate.point.unwrap_or(f64::NAN);
        let (p50, p99) = (of(Metric::DelayP50), of(Metric::DelayP99));
        DelayCurve {
            p50: seconds(p50),
            p50_censored: p50.censored,
            p99: seconds(p99),
            p99_censored: p99.censored,
            ..self
        }
    }
}

/// All delays by length, and how many messages there were.
fn pool(records: &[&Delays]) -> (BTreeMap<u64, Heap>, u64) {
    let mut heaps: BTreeMap<u64, Heap> = BTreeMap::new();
    let mut total = 0;
    for delays in records {
        for (nanos, count) in delays.delivered.bins() {
            heaps.entry(nanos).or_default().delivered += count;
        }
        for (nanos, count) in delays.queued.bins() {
            heaps.entry(nanos).or_default().queued += count;
        }
        total += delays.delivered.count() + delays.queued.count() + delays.bounced.count();
    }
    (heaps, total)
}

/// The `p` quantile in seconds. With `by_age` a queued message counts with its age, otherwise as never
/// delivered: where the two differ, the first is only a lower bound.
fn quantile(heaps: &BTreeMap<u64, Heap>, total: u64, p: f64, by_age: bool) -> f64 {
    if total == 0 {
        return f64::NAN;
    }
    let rank = (total - 1) as f64 * p;
    let (below, share) = (rank.floor(), rank - rank.floor());
    let at = |index: u64| {
        let mut seen = 0;
        for (nanos, heap) in heaps {
            seen += heap.delivered + if by_age { heap.queued } else { 0 };
            if seen > index {
                return *nanos as f64 * SECONDS;
            }
        }
        f64::INFINITY
    };
    let low = at(below as u64);
    if share == 0.0 || low.is_infinite() {
        return low;
    }
    let high = at(below as u64 + 1);
    if high.is_infinite() { high } else { low + (high - low) * share }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delays(delivered: &[u64], queued: &[u64], bounced: &[u64]) -> Delays {
        let mut delays = Delays::default();
        delivered.iter().for_each(|s| delays.delivered.record(s * 1_000_000_000));
        queued.iter().for_each(|s| delays.queued.record(s * 1_000_000_000));
        bounced.iter().for_each(|s| delays.bounced.record(s * 1_000_000_000));
        delays
    }

    #[test]
    fn replications_are_pooled_message_by_message() {
        let curve = DelayCurve::pooled(
            "two days",
            &[&delays(&[1, 2], &[], &[]), &delays(&[3, 4], &[], &[])],
        );
        assert_eq!(
            curve.points.iter().map(|point| point.1).collect::<Vec<_>>(),
            [0.25, 0.5, 0.75, 1.0]
        );
        assert!((curve.p50 - 2.5).abs() < 0.01, "{}", curve.p50);
        assert!(!curve.p99_censored);
    }

    #[test]
    fn mail_still_queued_keeps_the_curve_below_one_and_makes_the_tail_a_lower_bound() {
        let curve = DelayCurve::pooled("stuck", &[&delays(&[1; 90], &[500; 10], &[])]);
        assert!((curve.points.last().unwrap().1 - 0.9).abs() < 1e-12);
        assert!((curve.p99 - 500.0).abs() < 1.0 && curve.p99_censored);
        assert!((curve.p50 - 1.0).abs() < 0.01);
    }

    #[test]
    fn a_quantile_among_bounced_mail_is_never() {
        let curve = DelayCurve::pooled("bounced", &[&delays(&[1; 90], &[], &[7; 10])]);
        assert!(curve.p99.is_infinite() && !curve.p99_censored);
    }

    #[test]
    fn no_mail_gives_an_empty_curve_without_quantiles() {
        let curve = DelayCurve::pooled("none", &[&Delays::default()]);
        assert!(curve.points.is_empty() && curve.p50.is_nan() && curve.p99.is_nan());
    }
}
