//! Verdicts: met, missed or undecided, judged on the interval and not on the point.

use super::{Bound, Comparison, Estimate, Evidence, Expectation};
use serde::{Deserialize, Serialize};

/// What became of an expectation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The whole interval agrees.
    Met,
    /// The whole interval disagrees.
    Missed,
    /// The interval straddles the bound, or there is no interval (one replication, no mail).
    Undecided,
}

/// Judges `low`..`high` (with `open`: nothing is known above `high`) against `bound`.
///
/// A single replication has no interval and decides nothing, even for counts: how far another day may
/// differ is unknown. An open interval can break "at most" and satisfy "at least", never the other way
/// round.
pub fn judge(
    comparison: Comparison,
    low: Option<f64>,
    high: Option<f64>,
    open: bool,
    bound: f64,
) -> Verdict {
    let (Some(low), Some(high)) = (low, high) else { return Verdict::Undecided };
    let high = if open { f64::INFINITY } else { high };
    let (met, missed) = match comparison {
        Comparison::Less => (high < bound, low >= bound),
        Comparison::AtMost => (high <= bound, low > bound),
        Comparison::More => (low > bound, high <= bound),
        Comparison::AtLeast => (low >= bound, high < bound),
        Comparison::Equal => (low == bound && high == bound, low > bound || high < bound),
    };
    match (met, missed) {
        (true, _) => Verdict::Met,
        (false, true) => Verdict::Missed,
        (false, false) => Verdict::Undecided,
    }
}

impl Expectation {
    /// Judges this expectation: the verdict, the metric's estimate, and the bound in the metric's unit
    /// (`None` when the scenario compared with has no value). `other` is the evidence of that scenario.
    ///
    /// A metric of a part is compared with that of the same part of the other scenario.
    ///
    /// Against another scenario the interval is that of the paired difference, shown around the bound: `low`
    /// is above the bound exactly when the difference is surely positive.
    pub fn judge(
        &self,
        evidence: &Evidence,
        other: Option<&Evidence>,
    ) -> (Verdict, Estimate, Option<f64>) {
        let Some(name) = &self.part else { return self.judge_whole(evidence, other) };
        let Some(part) = evidence.part(name) else {
            return (Verdict::Undecided, Estimate::default(), None);
        };
        self.judge_whole(&part, other.and_then(|other| other.part(name)).as_ref())
    }

    /// The same of what `evidence` is about, be it a part or not.
    fn judge_whole(
        &self,
        evidence: &Evidence,
        other: Option<&Evidence>,
    ) -> (Verdict, Estimate, Option<f64>) {
        let mut estimate = evidence.estimate(self.metric);
        let bound = match &self.bound {
            Bound::Value(value) => *value,
            Bound::Times { factor, .. } => {
                let theirs = other.map(|other| (other, other.estimate(self.metric)));
                let Some((other, Estimate { point: Some(point), .. })) = theirs else {
                    return (Verdict::Undecided, estimate, None);
                };
                let bound = factor * point;
                let difference = evidence.difference(self.metric, other, *factor);
                let (low, high) = (
                    difference.map(|difference| bound + difference.low),
                    difference.map(|difference| bound + difference.high),
                );
                estimate.low = low.filter(|low| low.is_finite());
                estimate.high = high.filter(|high| high.is_finite());
                return (judge(self.comparison, low, high, false, bound), estimate, Some(bound));
            }
        };
        let open = estimate.high_censored;
        let verdict = judge(self.comparison, estimate.low, estimate.high, open, bound);
        (verdict, estimate, Some(bound))
    }
}

#[cfg(test)]
mod tests {
    use super::super::estimate::tests::record;
    use super::*;
    use crate::measure::RunRecord;

    /// Twenty days; on day `d` ten messages of `seconds(d)`.
    fn days(seconds: impl Fn(u64) -> u64) -> Vec<RunRecord> {
        (0..20).map(|day| record(&[seconds(day); 10], &[], &[])).collect()
    }

    fn verdict(text: &str, records: &[RunRecord], other: Option<&[RunRecord]>) -> Verdict {
        let expectation = Expectation::parse(text).expect(text);
        let evidence = Evidence::new(records, 42);
        let other = other.map(|records| Evidence::new(records, 42));
        expectation.judge(&evidence, other.as_ref()).0
    }

    #[test]
    fn an_interval_below_the_bound_meets_above_it_misses_and_across_it_is_undecided() {
        let records = days(|day| 90 + day);
        assert_eq!(verdict("p50 delay < 5m", &records, None), Verdict::Met);
        assert_eq!(verdict("p50 delay < 1m", &records, None), Verdict::Missed);
        assert_eq!(verdict("p50 delay < 100s", &records, None), Verdict::Undecided);
        assert_eq!(verdict("p50 delay > 1m", &records, None), Verdict::Met);
        assert_eq!(verdict("p50 delay >= 1h", &records, None), Verdict::Missed);
    }

    #[test]
    fn equality_holds_only_when_every_day_says_the_same() {
        let records = days(|day| day + 1);
        assert_eq!(verdict("connections cut == 0", &records, None), Verdict::Met);
        assert_eq!(verdict("messages arrived == 10", &records, None), Verdict::Met);
        assert_eq!(verdict("messages arrived == 11", &records, None), Verdict::Missed);
        assert_eq!(verdict("p50 delay == 10s", &records, None), Verdict::Undecided);
    }

    #[test]
    fn one_day_decides_nothing() {
        let records = [record(&[1; 10], &[], &[])];
        assert_eq!(verdict("p50 delay < 5m", &records, None), Verdict::Undecided);
        assert_eq!(verdict("connections cut == 0", &records, None), Verdict::Undecided);
    }

    #[test]
    fn mail_still_queued_can_break_an_upper_bound_but_never_keep_it() {
        let records: Vec<_> = (0..20).map(|_| record(&[1; 5], &[600; 5], &[])).collect();
        assert_eq!(verdict("p99 delay < 1h", &records, None), Verdict::Undecided);
        assert_eq!(verdict("p99 delay < 5m", &records, None), Verdict::Missed);
        assert_eq!(verdict("p99 delay > 5m", &records, None), Verdict::Met);
        assert_eq!(verdict("p99 delay > 1h", &records, None), Verdict::Undecided);
    }

    #[test]
    fn a_few_queued_messages_leave_all_but_the_outermost_quantiles_decided() {
        let records: Vec<_> = (0..20)
            .map(|day| {
                let delays: Vec<u64> = (0..2_000).map(|n| 10 + day + n % 100).collect();
                record(&delays, &[5, 600][..usize::from(day % 5 == 0)], &[])
            })
            .collect();
        for name in ["p90", "p95", "p99"] {
            assert_eq!(verdict(&format!("{name} delay < 5m"), &records, None), Verdict::Met);
        }
        for name in ["mean", "max"] {
            assert_eq!(verdict(&format!("{name} delay < 5m"), &records, None), Verdict::Undecided);
        }
    }

    #[test]
    fn two_scenarios_are_compared_day_by_day() {
        // Days differ by a factor of twenty, but on each the change halves the delay.
        let (before, after) = (days(|day| 20 * (day + 1)), days(|day| 10 * (day + 1)));
        let judge = |text| verdict(text, &after, Some(&before));
        assert_eq!(judge("p50 delay < 0.6 x before.yaml"), Verdict::Met);
        assert_eq!(judge("p50 delay < 0.4 x before.yaml"), Verdict::Missed);
        assert_eq!(judge("mean delay > 0.49 x before.yaml"), Verdict::Met);
        assert_eq!(judge("messages arrived == 1 x before.yaml"), Verdict::Met);
        assert_eq!(verdict("p50 delay < 1 x gone.yaml", &after, None), Verdict::Undecided);
    }
}
