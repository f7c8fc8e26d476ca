//! Two scenarios on days of their own: other seeds or other mail, so that no day of the one has a partner.
//!
//! The difference of two estimates whose errors do not know each other: Welch's interval over the bootstrap's
//! standard errors, with his degrees of freedom; for shares of late days Newcombe's over Wilson's intervals.
//! Many of them hold together by Bonferroni's rule.

use super::compare::{Difference, Question, rounded};
use super::estimate::CONFIDENCE;
use crate::measure::Kind;
use crate::stats::{Interval, Sampled, t_quantile, wilson};

/// The differences to all questions, in order; the two sides must have been resampled by different seeds.
pub(super) fn independent(questions: &[Question]) -> Vec<Difference> {
    let count = questions.len().max(1) as f64;
    questions
        .iter()
        .map(|question| difference(question, 1.0 - (1.0 - CONFIDENCE) / count))
        .collect()
}

fn difference(question: &Question, together: f64) -> Difference {
    let Question { metric, ours, theirs } = *question;
    let n = ours.days().min(theirs.days()) as u32;
    let mut answer = Difference { n, ..Difference::default() };
    let (known, their_known) = (ours.sampled(metric, false), theirs.sampled(metric, false));
    answer.point = rounded(known.point - their_known.point);
    // The mean of only those days that have a value says too little for an interval.
    let partial = matches!(metric.kind(), Kind::Each(_))
        && [ours, theirs].iter().any(|side| side.daily(metric).iter().any(Option::is_none));
    if answer.point.is_none() || partial || n < 2 {
        return answer;
    }
    let interval = |confidence| match metric.kind() {
        Kind::LateReplications(_) => late(question, confidence),
        _ => Some(Interval {
            low: known.point
                - theirs.sampled(metric, true).point
                - reach(&known, &theirs.sampled(metric, true), confidence),
            high: ours.sampled(metric, true).point - their_known.point
                + reach(&ours.sampled(metric, true), &their_known, confidence),
        }),
    };
    let ends = |interval: Option<Interval>| {
        interval.map_or((None, None), |of| (rounded(of.low), rounded(of.high)))
    };
    (answer.low, answer.high) = ends(interval(CONFIDENCE));
    (answer.family_low, answer.family_high) = ends(interval(together));
    answer
}

/// Half the width of Welch's interval.
fn reach(one: &Sampled, other: &Sampled, confidence: f64) -> f64 {
    let (a, b) = (one.error().powi(2), other.error().powi(2));
    let freedom = |of: &Sampled| of.replications() as f64 - 1.0;
    let degrees = (a + b).powi(2) / (a * a / freedom(one) + b * b / freedom(other));
    match a + b {
        // Neither varies.
        0.0 => 0.0,
        both => t_quantile(0.5 + confidence / 2.0, degrees) * both.sqrt(),
    }
}

/// Newcombe's interval for the difference of two shares that are not paired (Statistics in Medicine 17, 1998,
/// method 10).
fn late(question: &Question, confidence: f64) -> Option<Interval> {
    let share = |late: Vec<Option<bool>>| {
        let late: Option<Vec<bool>> = late.into_iter().collect();
        let late = late?;
        let (hits, n) = (late.iter().filter(|late| **late).count() as u64, late.len() as u64);
        Some((hits as f64 / n as f64, wilson(hits, n, confidence)?))
    };
    let (least, most) = (share(question.ours.late(false))?, share(question.ours.late(true))?);
    let (their_least, their_most) =
        (share(question.theirs.late(false))?, share(question.theirs.late(true))?);
    let below = |(p, of): (f64, Interval), (q, other): (f64, Interval)| {
        p - q - ((p - of.low).powi(2) + (other.high - q).powi(2)).sqrt()
    };
    let above = |(p, of): (f64, Interval), (q, other): (f64, Interval)| {
        p - q + ((of.high - p).powi(2) + (q - other.low).powi(2)).sqrt()
    };
    Some(Interval { low: below(least, their_most), high: above(most, their_least) })
}

#[cfg(test)]
mod tests {
    use super::super::estimate::tests::record;
    use super::super::{Change, Differences, Evidence};
    use super::*;
    use crate::engine::Stream;
    use crate::measure::RunRecord;

    fn days(count: u64, seconds: impl Fn(u64) -> u64) -> Vec<RunRecord> {
        (0..count).map(|day| record(&[seconds(day); 10], &[], &[])).collect()
    }

    #[test]
    fn sides_of_different_length_are_compared_and_a_large_difference_is_seen() {
        let (slow, fast) = (days(30, |day| 500 + day), days(12, |day| 100 + 3 * day));
        let (slow, fast) = (Evidence::new(&slow, 1), Evidence::new(&fast, 2));
        let all = Differences::independent(&slow, &fast, &[]);
        let mean = all.get("delay.mean").expect("listed");
        assert_eq!((mean.change(), mean.n, mean.variance_ratio), (Change::Higher, 12, None));
        assert!(mean.family_low < mean.low && mean.high < mean.family_high, "{mean:?}");
        let late = all.get("days.late").expect("listed");
        assert!(late.low.expect("low") < -0.1 && late.high.expect("high") > 0.05, "{late:?}");
    }

    #[test]
    fn open_mail_and_single_days_leave_ends_open() {
        let stuck: Vec<_> = (0..9).map(|_| record(&[1; 50], &[60; 50], &[])).collect();
        let fine = days(9, |day| 5 + day);
        let (stuck, fine) = (Evidence::new(&stuck, 1), Evidence::new(&fine, 2));
        let p99 = *Differences::independent(&stuck, &fine, &[]).get("delay.p99").expect("listed");
        assert!(p99.low.is_some() && p99.high.is_none(), "{p99:?}");
        let day = days(1, |_| 5);
        let one = Evidence::new(&day, 3);
        let mean = *Differences::independent(&one, &fine, &[]).get("delay.mean").expect("listed");
        assert!(mean.point.is_some() && mean.low.is_none(), "{mean:?}");
    }

    #[test]
    fn the_interval_covers_what_it_says_where_the_two_differ_in_days_and_spread() {
        let (studies, mut hits) = (400u64, 0);
        for study in 0..studies {
            let mut noise = Stream::new(study, 0, "noise").at(0);
            let mut side = |count: u64, middle: u64, spread: u64| {
                let draw =
                    |_| record(&[middle - spread + noise.below(2 * spread + 1); 10], &[], &[]);
                (0..count).map(draw).collect::<Vec<_>>()
            };
            let (a, b) = (side(10, 5_000, 2_000), side(25, 3_000, 300));
            let (a, b) = (Evidence::new(&a, study), Evidence::new(&b, studies + study));
            let metric = crate::measure::Metric::DelayMean;
            let question = Question { metric, ours: &a, theirs: &b };
            let found = independent(&[question])[0];
            let (low, high) = (found.low.expect("low"), found.high.expect("high"));
            hits += u64::from(low <= 2_000.0 && 2_000.0 <= high);
        }
        let share = hits as f64 / studies as f64;
        println!("covered in {share} of {studies} studies");
        assert!((0.92..=0.985).contains(&share), "{share}");
    }
}
