//! Two scenarios under the same randomness: paired differences, many of them at once, and which is best.
//!
//! Replication by replication both see the same mail and the same luck (common random numbers), so what
//! differs between them is the settings' doing. Metrics pooled over all mail are resampled by whole days,
//! the same days on both sides; what each day has of its own gets a paired t interval; shares of late days
//! get Newcombe's interval, since "0 of 20 days" on both sides does not mean that no day ever differs.

use super::Evidence;
use super::estimate::{CONFIDENCE, DIGITS};
use super::independent::independent;
use crate::measure::{CATALOGUE, Kind, Metric};
use crate::stats::{
    Interval, Sampled, Sides, joint_reach, mean_interval, paired_shares, round_significant,
    sorted_quantile,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::SerializeMap};

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
    let pairs: Vec<Option<Pair>> = questions
        .iter()
        .map(|question| Pair::of(question.ours, question.metric, question.theirs, 1.0))
        .collect();
    let known: Vec<&Pair> = pairs.iter().flatten().collect();
    let mut sampled: Vec<&Sampled> = known.iter().filter_map(|pair| pair.resampled()).collect();
    // The reach goes by the days of the first: with different numbers, those of the fewest are the careful ones.
    sampled.sort_by_key(|sampled| sampled.replications());
    // Shares of days have an interval of another kind: each takes its part of the error by Bonferroni's rule,
    // and the resamples have the rest.
    let error = 1.0 - CONFIDENCE;
    let each = error / known.len().max(1) as f64;
    let reach = joint_reach(&sampled, 1.0 - each * sampled.len() as f64, Sides::Two);
    let answer = |(pair, question): (&Option<Pair>, &Question)| {
        let mut answer = own_values(question);
        if let Some(pair) = pair {
            let alone = pair.interval(CONFIDENCE);
            let together = pair.joint(alone, reach, 1.0 - each);
            answer.point = rounded(pair.point);
            (answer.low, answer.high) = ends(alone);
            (answer.family_low, answer.family_high) = ends(together);
        }
        answer
    };
    pairs.iter().zip(questions).map(answer).collect()
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

    /// What the joint reach is taken from.
    fn resampled(&self) -> Option<&Sampled> {
        match &self.sides {
            Paired::Pool { known, .. } | Paired::Days { known, .. } => Some(known),
            Paired::Late { .. } => None,
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
            Paired::Late { factor, least, most } => Some(Interval {
                low: paired_shares(least, *factor, confidence)?.low,
                high: paired_shares(most, *factor, confidence)?.high,
            }),
        }
    }

    /// The interval that holds together with the others: so many standard errors, and never less than
    /// `alone`.
    fn joint(&self, alone: Option<Interval>, reach: f64, confidence: f64) -> Option<Interval> {
        let alone = alone?;
        let (least, most) = match &self.sides {
            Paired::Late { .. } => return self.interval(confidence),
            Paired::Days { known, .. } => (known, known),
            Paired::Pool { known, least, most } => {
                (least.as_ref().unwrap_or(known), most.as_ref().unwrap_or(known))
            }
        };
        // A statistic that is infinite in some resample has no standard error: nothing is known there.
        let low = least.point - reach * least.error();
        let high = most.point + reach * most.error();
        Some(Interval {
            low: if low.is_nan() { f64::NEG_INFINITY } else { low.min(alone.low) },
            high: if high.is_nan() { f64::INFINITY } else { high.max(alone.high) },
        })
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

/// For each of `cells` whether it may be the best by `metric`: with 95 % the truly best is among those that
/// may (Edwards & Hsu, JASA 78, 1983: each in turn is compared with all others, one-sided and jointly). A
/// cell without a value may not; mail whose fate is open excludes nobody else.
pub fn may_be_best(cells: &[&Evidence], metric: Metric, lower_is_better: bool) -> Vec<bool> {
    let valued = |cell: &&Evidence| cell.daily(metric).iter().any(Option::is_some);
    let known: Vec<(Sampled, Sampled)> = cells
        .iter()
        .map(|cell| (cell.sampled(metric, false), cell.sampled(metric, lower_is_better)))
        .collect();
    // How much worse one is than another, the other at its worst.
    let worse = |one: usize, other: usize| match lower_is_better {
        true => known[one].0.minus(&known[other].1, 1.0),
        false => known[other].0.minus(&known[one].1, 1.0),
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
    (0..cells.len()).map(|cell| valued(&cells[cell]) && may(cell)).collect()
}

/// The differences of one cell to another, by the name used in files: of the whole run, then of the parts.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Differences {
    list: Vec<(String, Metric, Difference)>,
}

impl Differences {
    /// Every metric of the catalogue and `more` (such as `late.2h`), of the whole and of each part that both
    /// have: one family.
    pub fn of(ours: &Evidence, theirs: &Evidence, more: &[Metric]) -> Self {
        Differences::by(ours, theirs, more, family)
    }

    /// The same where no day of the one has a partner among the other's, which may be more or fewer. The two
    /// must have been prepared with different seeds.
    pub fn independent(ours: &Evidence, theirs: &Evidence, more: &[Metric]) -> Self {
        Differences::by(ours, theirs, more, independent)
    }

    /// The differences of some metrics only, of sides whose days have no partners.
    pub(super) fn independent_of(ours: &Evidence, theirs: &Evidence, metrics: &[Metric]) -> Self {
        let questions: Vec<Question> =
            metrics.iter().map(|metric| Question { metric: *metric, ours, theirs }).collect();
        let list = metrics.iter().zip(independent(&questions));
        Differences {
            list: list.map(|(metric, answer)| (metric.name(), *metric, answer)).collect(),
        }
    }

    fn by(
        ours: &Evidence,
        theirs: &Evidence,
        more: &[Metric],
        family: fn(&[Question]) -> Vec<Difference>,
    ) -> Self {
        let (names, questions) = (listed(ours, theirs, more), parts_of(ours, theirs));
        let side = |part: &Option<String>| match part {
            None => Some((ours, theirs)),
            Some(part) => {
                let found = questions.iter().find(|(name, ..)| name == part);
                found.map(|(_, ours, theirs)| (ours, theirs))
            }
        };
        let asked: Vec<(String, Question)> = names
            .iter()
            .filter_map(|(name, metric, part)| {
                let (ours, theirs) = side(part)?;
                Some((name.clone(), Question { metric: *metric, ours, theirs }))
            })
            .collect();
        let questions: Vec<Question> = asked.iter().map(|(_, question)| *question).collect();
        let answers = family(&questions);
        let list = asked.into_iter().zip(answers);
        Differences { list: list.map(|((name, q), answer)| (name, q.metric, answer)).collect() }
    }

    /// The same of several pairs, ours and theirs; of `paired` days or independent ones. For each metric the pairs
    /// are a family, so that "which cells differ by p99?" has an answer that holds as a whole. Pairs may have
    /// different numbers of days.
    pub fn of_pairs(pairs: &[(&Evidence, &Evidence)], paired: bool) -> Vec<Self> {
        let family = if paired { family } else { independent };
        let mut all = vec![Differences::default(); pairs.len()];
        let Some((first, reference)) = pairs.first() else { return all };
        let parts: Vec<_> = pairs.iter().map(|(ours, theirs)| parts_of(ours, theirs)).collect();
        for (name, metric, part) in listed(first, reference, &[]) {
            let ask = |pair: usize| match &part {
                None => {
                    let (ours, theirs) = pairs[pair];
                    Some(Question { metric, ours, theirs })
                }
                Some(part) => {
                    let (_, ours, theirs) = parts[pair].iter().find(|(name, ..)| name == part)?;
                    Some(Question { metric, ours, theirs })
                }
            };
            let asked: Vec<(usize, Question)> =
                (0..pairs.len()).filter_map(|pair| Some((pair, ask(pair)?))).collect();
            let questions: Vec<Question> = asked.iter().map(|(_, question)| *question).collect();
            for ((pair, _), answer) in asked.iter().zip(family(&questions)) {
                all[*pair].list.push((name.clone(), metric, answer));
            }
        }
        all
    }

    /// These differences, by name.
    pub(super) fn from_list(list: Vec<(String, Metric, Difference)>) -> Self {
        Differences { list }
    }

    /// Every difference by name, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Metric, &Difference)> {
        self.list.iter().map(|(name, metric, difference)| (name.as_str(), *metric, difference))
    }

    /// The difference of this name.
    pub fn get(&self, name: &str) -> Option<&Difference> {
        self.list.iter().find(|(other, ..)| other == name).map(|(.., difference)| difference)
    }
}

/// The parts that both sides have, with their evidence.
fn parts_of<'a>(
    ours: &Evidence<'a>,
    theirs: &Evidence<'a>,
) -> Vec<(String, Evidence<'a>, Evidence<'a>)> {
    let both = |name: &str| Some((name.to_owned(), ours.part(name)?, theirs.part(name)?));
    ours.parts().filter_map(|part| both(&part.name)).collect()
}

/// What is compared: name, metric and part.
fn listed(
    ours: &Evidence,
    theirs: &Evidence,
    more: &[Metric],
) -> Vec<(String, Metric, Option<String>)> {
    let catalogue = CATALOGUE.iter().map(|entry| entry.metric);
    let mut wanted: Vec<Metric> = catalogue.chain(more.iter().copied()).collect();
    wanted.sort();
    wanted.dedup();
    let whole = wanted.iter().map(|metric| (metric.name(), *metric, None));
    let both = ours.parts().filter(|part| theirs.parts().any(|other| other == *part));
    let parts = both.flat_map(|part| {
        let covered = wanted.iter().filter(|metric| metric.covers(&part.filter));
        let name = part.name.to_string();
        let of =
            |metric: &Metric| (format!("{}@{name}", metric.name()), *metric, Some(name.clone()));
        covered.map(of).collect::<Vec<_>>()
    });
    whole.chain(parts).collect()
}

impl Serialize for Differences {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.list.len()))?;
        for (name, _, difference) in self.iter() {
            map.serialize_entry(name, difference)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Differences {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let map = serde_json::Map::deserialize(deserializer)?;
        let read = |(name, value): (String, serde_json::Value)| {
            let whole = name.split('@').next().unwrap_or_default();
            let metric = Metric::parse(whole).map_err(D::Error::custom)?;
            Ok((name, metric, Difference::deserialize(value).map_err(D::Error::custom)?))
        };
        Ok(Differences { list: map.into_iter().map(read).collect::<Result<_, _>>()? })
    }
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
