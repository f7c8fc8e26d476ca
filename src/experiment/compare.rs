//! Two scenarios under the same randomness: paired differences, many of them at once, and which is best.
//!
//! Replication by replication both see the same mail and the same luck (common random numbers), so what
//! differs between them is the settings' doing. Metrics pooled over all mail are resampled by whole days,
//! the same days on both sides; what each day has of its own gets a paired t interval; shares of late days
//! get Newcombe's interval, since "0 of 20 days" on both sides does not mean that no day ever differs.

use super::Evidence;
use super::estimate::{CONFIDENCE, DIGITS};
use crate::measure::{Kind, Metric};
use crate::stats::{
    Interval, Joint, Sampled, Sides, joint_reach, mean_interval, paired_shares, round_significant,
    sorted_quantile,
};
use serde::{Deserialize, Serialize};

/// The difference of a metric, ours less theirs, in the metric's unit. What is not known is `None`; an end
/// is, too, where mail whose fate is open could put it anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Difference {
    /// Best estimate.
    pub point: Option<f64>,
    /// Lower end of the 95 % interval of this difference alone.
    pub low: Option<f64>,
    /// Its upper end.
    pub high: Option<f64>,
    /// Lower end of the interval that holds, with 95 %, together with all others of its family.
    pub family_low: Option<f64>,
    /// Its upper end.
    pub family_high: Option<f64>,
    /// 5 % point of the replications' own differences.
    pub day_low: Option<f64>,
    /// 95 % point of the same.
    pub day_high: Option<f64>,
    /// So many times as many replications would two scenarios under independent seeds need for the same
    /// interval, by the replications' own values. Below 1 the common randomness has done harm. `None`
    /// where it cannot be told: too few replications, or the same difference on every day.
    pub variance_ratio: Option<f64>,
    /// Pairs of replications.
    pub n: u32,
}

/// What a difference amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Lower, together with all other statements of the family.
    Lower,
    /// Higher, likewise.
    Higher,
    /// Lower by its own interval; among so many comparisons that may be chance.
    PerhapsLower,
    /// Higher, likewise.
    PerhapsHigher,
    /// The interval contains zero, or there is none.
    NotDistinguishable,
}

impl Difference {
    /// What it amounts to.
    pub fn change(&self) -> Change {
        let above = |end: Option<f64>| end.is_some_and(|end| end > 0.0);
        let below = |end: Option<f64>| end.is_some_and(|end| end < 0.0);
        match () {
            () if below(self.family_high) => Change::Lower,
            () if above(self.family_low) => Change::Higher,
            () if below(self.high) => Change::PerhapsLower,
            () if above(self.low) => Change::PerhapsHigher,
            () => Change::NotDistinguishable,
        }
    }
}

/// Which way of a metric is good; `None` where it is a matter of taste (how many connections are opened).
pub fn lower_is_better(metric: Metric) -> Option<bool> {
    use Metric::*;
    match metric {
        MessagesArrived | TriesMade | ConnectionsOpened | ConnectionsOpenMax | ThroughputPeak
        | RunnersBusy => None,
        MessagesDelivered => Some(false),
        _ => Some(true),
    }
}

/// One comparison of a family.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// What is compared.
    pub metric: Metric,
    /// Of this scenario ..
    pub ours: &'a Evidence<'a>,
    /// .. less of this one; with the same seed and as many replications.
    pub theirs: &'a Evidence<'a>,
}

/// The differences to all questions, in order, with intervals that hold together.
pub fn family(questions: &[Question]) -> Vec<Difference> {
    let mut family = Family::default();
    let half = |question: &Question| {
        let (half, sampled) = Half::of(question);
        family.add(&half, sampled.as_ref());
        half
    };
    let halves: Vec<Half> = questions.iter().map(half).collect();
    let reach = family.reach();
    halves.into_iter().map(|half| half.answer(reach)).collect()
}

/// Comparisons whose intervals hold together. It keeps the same few numbers however many they are.
#[derive(Debug)]
pub(super) struct Family {
    joint: Joint,
    /// Those that have a value.
    known: usize,
}

impl Default for Family {
    fn default() -> Self {
        Family { joint: Joint::new(Sides::Two), known: 0 }
    }
}

impl Family {
    /// One more comparison, in any order.
    pub(super) fn add(&mut self, half: &Half, sampled: Option<&Sampled>) {
        self.known += usize::from(half.pair.is_some());
        if let Some(sampled) = sampled {
            self.joint.add(sampled);
        }
    }

    /// How far its intervals have to reach, once all are in. Shares of days have an interval of another kind: each
    /// takes its part of the error by Bonferroni's rule, and the resamples have the rest.
    pub(super) fn reach(self) -> Reach {
        let each = (1.0 - CONFIDENCE) / self.known.max(1) as f64;
        let confidence = 1.0 - each * self.joint.count() as f64;
        Reach { errors: self.joint.reach(confidence), confidence: 1.0 - each }
    }
}

/// How far the intervals of a family reach.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    /// In standard errors.
    errors: f64,
    /// Of an interval that has none.
    confidence: f64,
}

/// A comparison but for the interval that holds together with the others of its family.
#[derive(Clone, Debug)]
pub(super) struct Half {
    answer: Difference,
    pair: Option<(Option<Interval>, Margin)>,
}

/// What the joint interval is made of.
#[derive(Clone, Debug)]
enum Margin {
    /// The lower end's centre and standard error, and the upper end's.
    Errors([(f64, f64); 2]),
    /// Whether days are late, at their worst for either end.
    Late { factor: f64, least: Vec<(bool, bool)>, most: Vec<(bool, bool)> },
}

impl Half {
    /// What can be said without the others, and what the family's reach is taken from.
    pub(super) fn of(question: &Question) -> (Half, Option<Sampled>) {
        let mut answer = own_values(question);
        let Some(pair) = Pair::of(question.ours, question.metric, question.theirs, 1.0) else {
            return (Half { answer, pair: None }, None);
        };
        let alone = pair.interval(CONFIDENCE);
        answer.point = rounded(pair.point);
        (answer.low, answer.high) = ends(alone);
        let (margin, sampled) = pair.margin();
        (Half { answer, pair: Some((alone, margin)) }, sampled)
    }

    /// The whole answer.
    pub(super) fn answer(self, reach: Reach) -> Difference {
        let mut answer = self.answer;
        if let Some((Some(alone), margin)) = self.pair {
            (answer.family_low, answer.family_high) = ends(margin.joint(alone, reach));
        }
        answer
    }
}

impl Margin {
    /// The interval that holds together with the others: so many standard errors, and never less than
    /// `alone`.
    fn joint(&self, alone: Interval, reach: Reach) -> Option<Interval> {
        let [(least, low), (most, high)] = match self {
            Margin::Late { factor, least, most } => {
                return late_days(least, most, *factor, reach.confidence);
            }
            Margin::Errors(errors) => *errors,
        };
        // A statistic that is infinite in some resample has no standard error: nothing is known there.
        let (low, high) = (least - reach.errors * low, most + reach.errors * high);
        Some(Interval {
            low: if low.is_nan() { f64::NEG_INFINITY } else { low.min(alone.low) },
            high: if high.is_nan() { f64::INFINITY } else { high.max(alone.high) },
        })
    }
}

/// The interval of a difference of shares of late days.
fn late_days(
    least: &[(bool, bool)],
    most: &[(bool, bool)],
    factor: f64,
    confidence: f64,
) -> Option<Interval> {
    Some(Interval {
        low: paired_shares(least, factor, confidence)?.low,
        high: paired_shares(most, factor, confidence)?.high,
    })
}

/// What is infinite is not known.
pub(super) fn rounded(value: f64) -> Option<f64> {
    value.is_finite().then(|| round_significant(value, DIGITS))
}

fn ends(interval: Option<Interval>) -> (Option<f64>, Option<f64>) {
    interval.map_or((None, None), |interval| (rounded(interval.low), rounded(interval.high)))
}

/// What the replications' own values say: the range of a single day, the variance saved.
fn own_values(question: &Question) -> Difference {
    let pair = |(ours, theirs): (Option<f64>, Option<f64>)| Some((ours?, theirs?));
    let theirs = question.theirs.daily(question.metric);
    let days: Vec<(f64, f64)> =
        question.ours.daily(question.metric).into_iter().zip(theirs).filter_map(pair).collect();
    let mut difference = Difference { n: days.len() as u32, ..Difference::default() };
    if days.len() < 2 {
        return difference;
    }
    let mut apart: Vec<f64> = days.iter().map(|(ours, theirs)| ours - theirs).collect();
    let one = |values: &mut dyn Iterator<Item = f64>| variance(&values.collect::<Vec<_>>());
    let independent =
        one(&mut days.iter().map(|day| day.0)) + one(&mut days.iter().map(|day| day.1));
    let ratio = independent / variance(&apart);
    difference.variance_ratio = ratio.is_finite().then(|| round_significant(ratio, DIGITS));
    apart.sort_by(f64::total_cmp);
    let at = |p| sorted_quantile(&apart, p).map(|value| round_significant(value, DIGITS));
    (difference.day_low, difference.day_high) = (at(0.05), at(0.95));
    difference
}

pub(super) fn variance(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let first = values.first().copied().unwrap_or_default();
    let mean = first + values.iter().map(|value| value - first).sum::<f64>() / n;
    values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (n - 1.0)
}

/// A metric on both sides, paired.
struct Pair {
    point: f64,
    sides: Paired,
}

enum Paired {
    /// Pooled over all mail: as known, and with open fates at their worst for either end.
    Pool { known: Sampled, least: Option<Sampled>, most: Option<Sampled> },
    /// A value of each day: the differences, and what the resamples make of them.
    Days { differences: Vec<f64>, known: Sampled },
    /// Whether days are late: as known, and at their worst for either end.
    Late { factor: f64, least: Vec<(bool, bool)>, most: Vec<(bool, bool)> },
}

impl Pair {
    /// `None` when a side has no value, a day has no partner or there are too few.
    fn of(ours: &Evidence, metric: Metric, theirs: &Evidence, factor: f64) -> Option<Pair> {
        if ours.days() != theirs.days() || ours.days() < 2 {
            return None;
        }
        let between = |worst: bool, their_worst: bool| {
            ours.sampled(metric, worst).minus(&theirs.sampled(metric, their_worst), factor)
        };
        let sides = match metric.kind() {
            Kind::LateReplications(_) => {
                let pairs = |worst: bool, their_worst: bool| {
                    let late = ours.late(worst).into_iter().zip(theirs.late(their_worst));
                    late.map(|(a, b)| Some((a?, b?))).collect::<Option<Vec<_>>>()
                };
                let (least, most) = (pairs(false, true)?, pairs(true, false)?);
                Paired::Late { factor, least, most }
            }
            Kind::Each(_) => {
                let days = ours.daily(metric).into_iter().zip(theirs.daily(metric));
                let differences =
                    days.map(|(a, b)| Some(a? - factor * b?)).collect::<Option<_>>()?;
                Paired::Days { differences, known: between(false, false) }
            }
            _ => Paired::Pool {
                known: between(false, false),
                least: (!theirs.all_delivered()).then(|| between(false, true)),
                most: (!ours.all_delivered()).then(|| between(true, false)),
            },
        };
        let point = match &sides {
            Paired::Pool { known, .. } => known.point,
            Paired::Days { differences, .. } => mean_interval(differences, CONFIDENCE)?.0,
            Paired::Late { .. } => {
                let share = |of: &Evidence| {
                    let late = of.late(false);
                    late.iter().filter(|late| **late == Some(true)).count() as f64
                        / late.len() as f64
                };
                share(ours) - factor * share(theirs)
            }
        };
        (!point.is_nan()).then_some(Pair { point, sides })
    }

    /// What the joint interval is made of, and what its reach is taken from.
    fn margin(self) -> (Margin, Option<Sampled>) {
        let of = |sampled: &Sampled| (sampled.point, sampled.error());
        match self.sides {
            Paired::Late { factor, least, most } => (Margin::Late { factor, least, most }, None),
            Paired::Days { known, .. } => (Margin::Errors([of(&known); 2]), Some(known)),
            Paired::Pool { known, least, most } => {
                let ends = [&least, &most].map(|end| of(end.as_ref().unwrap_or(&known)));
                (Margin::Errors(ends), Some(known))
            }
        }
    }

    /// The interval of this difference alone.
    fn interval(&self, confidence: f64) -> Option<Interval> {
        match &self.sides {
            Paired::Pool { known, least, most } => {
                let mut interval = known.interval(confidence)?;
                if let Some(least) = least {
                    interval.low = interval.low.min(least.interval(confidence)?.low);
                }
                if let Some(most) = most {
                    interval.high = interval.high.max(most.interval(confidence)?.high);
                }
                Some(interval)
            }
            Paired::Days { differences, .. } => mean_interval(differences, confidence)?.1,
            Paired::Late { factor, least, most } => late_days(least, most, *factor, confidence),
        }
    }
}

impl Evidence<'_> {
    /// The interval of `metric` minus `factor` times the same of `other`, paired by replication. `None`
    /// when either has no value or there are too few replications. Mail whose fate is open counts as
    /// infinitely late in ours for the upper end and in theirs for the lower one, so that either end may be
    /// infinite.
    pub fn difference(&self, metric: Metric, other: &Evidence, factor: f64) -> Option<Interval> {
        Pair::of(self, metric, other, factor)?.interval(CONFIDENCE)
    }
}

/// What has to be known of a cell to tell whether it may be the best by a metric.
#[derive(Clone, Debug)]
pub struct Contender {
    known: Sampled,
    /// With mail whose fate is open at its worst, where there is any.
    worst: Option<Sampled>,
    valued: bool,
}

impl Contender {
    /// The cell with this evidence.
    pub fn of(cell: &Evidence, metric: Metric, lower_is_better: bool) -> Self {
        Contender {
            known: cell.sampled(metric, false),
            worst: (lower_is_better && !cell.all_delivered()).then(|| cell.sampled(metric, true)),
            valued: cell.daily(metric).iter().any(Option::is_some),
        }
    }

    fn at_worst(&self) -> &Sampled {
        self.worst.as_ref().unwrap_or(&self.known)
    }
}

/// For each of `cells` whether it may be the best by the metric that they were made for: with 95 % the truly best
/// is among those that may (Edwards & Hsu, JASA 78, 1983: each in turn is compared with all others, one-sided and
/// jointly). A cell without a value may not; mail whose fate is open excludes nobody else.
pub fn may_be_best(cells: &[&Contender], lower_is_better: bool) -> Vec<bool> {
    // How much worse one is than another, the other at its worst.
    let worse = |one: usize, other: usize| match lower_is_better {
        true => cells[one].known.minus(cells[other].at_worst(), 1.0),
        false => cells[other].known.minus(cells[one].at_worst(), 1.0),
    };
    let may = |one: usize| {
        let others: Vec<Sampled> =
            (0..cells.len()).filter(|other| *other != one).map(|other| worse(one, other)).collect();
        let all: Vec<&Sampled> = others.iter().collect();
        let reach = joint_reach(&all, CONFIDENCE, Sides::TooHigh);
        // Where nothing varies there is no error; infinity times zero would say nothing.
        let beaten = |by: &Sampled| match by.error() {
            0.0 => by.point > 0.0 && by.replications() > 1,
            error => by.point - reach * error > 0.0,
        };
        !others.iter().any(beaten)
    };
    (0..cells.len()).map(|cell| cells[cell].valued && may(cell)).collect()
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
