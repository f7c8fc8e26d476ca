//! What each setting does over a whole grid of combinations, and what two of them do together.
//!
//! The effect of a change is the mean, over all combinations of the other keys, of what the change does there.
//! What two changes do together beyond the sum of both is their interaction: with both, less with the one, less
//! with the other, plus with neither (textbooks halve it). Each is a weighted sum over the combinations, worked
//! out day by day: replication r is the same day in all of them. Metrics pooled over all mail are resampled by
//! whole days, the same days everywhere. For each metric the intervals of all effects hold together.
//!
//! The model behind it is none: nothing is fitted, so a grid with more than two values of a key gives the effect
//! of each value against the one it is compared with, and interactions only of the ends.

use super::compare::{Difference, rounded, variance};
use super::estimate::CONFIDENCE;
use super::{Differences, Evidence};
use crate::measure::{Kind, Metric};
use crate::stats::{
    Interval, Sampled, Sides, joint_reach, mean_interval, round_significant, sorted_quantile,
};
use crate::units::Span;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What combinations are compared by.
pub const MAIN: [Metric; 5] = [
    Metric::DelayP50,
    Metric::DelayP99,
    Metric::Late(Span::from_hours(1)),
    Metric::ConnectionsCut,
    Metric::QueueMax,
];
/// Of grids with more keys than this there are no interactions: 45 pairs are more than anybody reads.
const MOST_KEYS: usize = 10;

/// Another value of a key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The key.
    pub key: String,
    /// The value it has otherwise.
    pub from: Value,
    /// The value it gets.
    pub to: Value,
}

/// What a change does, in each of [`MAIN`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// The change.
    pub change: Step,
    /// For an interaction: the other change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<Step>,
    /// Mean over the combinations of all other keys; for an interaction what both do beyond the sum of each.
    pub metrics: Differences,
}

/// A complete grid: every value of each key with every value of the others, once.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    keys: Vec<String>,
    /// By key: its values, in order of appearance, and which of them the others are held against.
    levels: Vec<(Vec<Value>, usize)>,
    /// By combination and key: which value.
    at: Vec<Vec<usize>>,
}

/// A weighted sum over the combinations of a grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Contrast {
    /// The change.
    pub change: Step,
    /// The other change, if it is an interaction.
    pub with: Option<Step>,
    /// By combination.
    pub weights: Vec<f64>,
}

impl Grid {
    /// The grid that these settings make, if they make one over two keys at least. Other values are held against
    /// those of combination `reference`, else against the first.
    pub fn of(settings: &[&Map<String, Value>], reference: Option<usize>) -> Option<Self> {
        let keys: Vec<String> = settings.first()?.keys().cloned().collect();
        let mut levels: Vec<(Vec<Value>, usize)> = vec![Default::default(); keys.len()];
        let mut at = Vec::with_capacity(settings.len());
        for of in settings {
            let mut own = Vec::with_capacity(keys.len());
            for (key, (values, _)) in keys.iter().zip(&mut levels) {
                let value = of.get(key)?;
                own.push(values.iter().position(|known| known == value).unwrap_or_else(|| {
                    values.push(value.clone());
                    values.len() - 1
                }));
            }
            at.push(own);
        }
        let reference = at.get(reference.unwrap_or(0))?.clone();
        levels.iter_mut().zip(reference).for_each(|(level, own)| level.1 = own);
        let complete = levels.iter().try_fold(1usize, |n, (values, _)| n.checked_mul(values.len()));
        let mut sorted = at.clone();
        sorted.sort();
        sorted.dedup();
        let varied = levels.iter().filter(|(values, _)| values.len() > 1).count();
        let whole = complete == Some(at.len()) && sorted.len() == at.len();
        (whole && varied > 1).then_some(Grid { keys, levels, at })
    }

    fn step(&self, key: usize, to: usize) -> Step {
        let (values, from) = &self.levels[key];
        let (from, to) = (values[*from].clone(), values[to].clone());
        Step { key: self.keys[key].clone(), from, to }
    }

    /// The value of a key that is furthest from the one it is held against, in the order of the file.
    fn end(&self, key: usize) -> Option<usize> {
        let (values, from) = &self.levels[key];
        let last = values.len() - 1;
        (last > 0).then_some(if *from == last { 0 } else { last })
    }

    /// +1 where `key` has value `to`, -1 where it has the one that is held against it, else 0.
    fn side(&self, combination: usize, key: usize, to: usize) -> f64 {
        match self.at[combination][key] {
            own if own == to => 1.0,
            own if own == self.levels[key].1 => -1.0,
            _ => 0.0,
        }
    }

    /// Every effect, then every interaction, in the order of the keys.
    pub fn contrasts(&self) -> Vec<Contrast> {
        let (count, mut all) = (self.at.len(), Vec::new());
        let of = |key: usize| self.levels[key].0.len();
        for key in 0..self.keys.len() {
            let each = of(key) as f64 / count as f64;
            for to in (0..of(key)).filter(|to| *to != self.levels[key].1) {
                let weights = (0..count).map(|cell| each * self.side(cell, key, to)).collect();
                all.push(Contrast { change: self.step(key, to), with: None, weights });
            }
        }
        if self.keys.len() > MOST_KEYS {
            return all;
        }
        for (one, other) in
            (0..self.keys.len()).flat_map(|one| (one + 1..self.keys.len()).map(move |o| (one, o)))
        {
            let (Some(to), Some(its)) = (self.end(one), self.end(other)) else { continue };
            let each = (of(one) * of(other)) as f64 / count as f64;
            let weight =
                |cell: usize| each * self.side(cell, one, to) * self.side(cell, other, its);
            let weights = (0..count).map(weight).collect();
            let with = Some(self.step(other, its));
            all.push(Contrast { change: self.step(one, to), with, weights });
        }
        all
    }
}

/// The effects of every change in a grid, worked out combination by combination: of each only its part in every
/// sum is kept.
#[derive(Debug)]
pub(super) struct Effects {
    contrasts: Vec<Contrast>,
    /// By metric of [`MAIN`].
    sums: Vec<Sums>,
}

impl Effects {
    /// Of the grid that these settings make, if they make one; see [`Grid::of`].
    pub(super) fn new(settings: &[&Map<String, Value>], reference: Option<usize>) -> Option<Self> {
        let contrasts = Grid::of(settings, reference)?.contrasts();
        let by_day = |metric: &Metric| matches!(metric.kind(), Kind::Each(_));
        let sums = MAIN.iter().map(|metric| Sums::new(by_day(metric))).collect();
        Some(Effects { contrasts, sums })
    }

    /// Adds the next combination, in the order of the settings: sums come out the same to the last bit.
    pub(super) fn add(&mut self, combination: Vec<Seen>) {
        for (sums, seen) in self.sums.iter_mut().zip(combination) {
            sums.add(&self.contrasts, seen);
        }
    }

    /// The effects, once every combination was added.
    pub(super) fn finish(self) -> Vec<Effect> {
        let mut lists = vec![Vec::new(); self.contrasts.len()];
        for (metric, sums) in MAIN.into_iter().zip(self.sums) {
            for (list, difference) in lists.iter_mut().zip(sums.answers(&self.contrasts)) {
                list.push((metric.name(), metric, difference));
            }
        }
        let effect = |(Contrast { change, with, .. }, list)| Effect {
            change,
            with,
            metrics: Differences::from_list(list),
        };
        self.contrasts.into_iter().zip(lists).map(effect).collect()
    }
}

/// One metric of one combination.
#[derive(Debug)]
pub(super) struct Seen {
    /// As known; from the same resamples in all combinations.
    pub(super) known: Sampled,
    /// With mail whose fate is open as infinitely late, where there is any.
    pub(super) worst: Option<Sampled>,
    /// Each day's own value.
    pub(super) days: Vec<Option<f64>>,
}

impl Seen {
    /// Every metric of [`MAIN`] in `evidence`.
    pub(super) fn of(evidence: &Evidence) -> Vec<Seen> {
        let of = |metric: Metric| Seen {
            known: evidence.sampled(metric, false),
            worst: (!evidence.all_delivered()).then(|| evidence.sampled(metric, true)),
            days: evidence.daily(metric),
        };
        MAIN.map(of).into()
    }
}

/// The sums of one metric over the combinations so far.
#[derive(Debug)]
pub(super) struct Sums {
    /// By contrast: as known, and with open mail at its worst for the lower and for the upper end.
    of: Vec<[Sampled; 3]>,
    /// By combination.
    days: Vec<Vec<Option<f64>>>,
    /// Whether the metric is the mean of these.
    by_day: bool,
}

impl Sums {
    pub(super) fn new(by_day: bool) -> Self {
        Sums { of: Vec::new(), days: Vec::new(), by_day }
    }

    /// Adds the next combination.
    pub(super) fn add(&mut self, contrasts: &[Contrast], seen: Seen) {
        if self.days.is_empty() {
            let zero = seen.known.zero_like();
            self.of =
                contrasts.iter().map(|_| [zero.clone(), zero.clone(), zero.clone()]).collect();
        }
        let cell = self.days.len();
        for (contrast, [known, least, most]) in contrasts.iter().zip(&mut self.of) {
            let weight = contrast.weights.get(cell).copied().unwrap_or(0.0);
            if weight == 0.0 {
                continue;
            }
            // Open mail is at its worst where that lowers the sum, or where it raises it.
            let worst = seen.worst.as_ref().unwrap_or(&seen.known);
            let (low, high) =
                if weight < 0.0 { (worst, &seen.known) } else { (&seen.known, worst) };
            *known = known.minus(&seen.known, -weight);
            *least = least.minus(low, -weight);
            *most = most.minus(high, -weight);
        }
        self.days.push(seen.days);
    }

    /// The value of each contrast, with intervals that hold together.
    pub(super) fn answers(&self, contrasts: &[Contrast]) -> Vec<Difference> {
        let all: Vec<&Sampled> = self.of.iter().map(|[known, ..]| known).collect();
        let reach = joint_reach(&all, CONFIDENCE, Sides::Two);
        contrasts.iter().zip(&self.of).map(|(one, sums)| self.answer(one, sums, reach)).collect()
    }

    fn answer(&self, contrast: &Contrast, sums: &[Sampled; 3], reach: f64) -> Difference {
        let [known, least, most] = sums;
        let mut answer = own_days(contrast, &self.days);
        answer.point = rounded(known.point);
        let alone = match (self.by_day, days_of(contrast, &self.days)) {
            (true, Some(days)) => mean_interval(&days, CONFIDENCE).and_then(|(_, of)| of),
            _ => least
                .interval(CONFIDENCE)
                .zip(most.interval(CONFIDENCE))
                .map(|(least, most)| Interval { low: least.low, high: most.high }),
        };
        if let (Some(alone), true) = (alone, answer.point.is_some()) {
            let (low, high) =
                (least.point - reach * least.error(), most.point + reach * most.error());
            let finite = |end: f64, or: f64| if end.is_nan() { or } else { end };
            (answer.low, answer.high) = (rounded(alone.low), rounded(alone.high));
            answer.family_low = rounded(finite(low, f64::NEG_INFINITY).min(alone.low));
            answer.family_high = rounded(finite(high, f64::INFINITY).max(alone.high));
        }
        answer
    }
}

/// The contrast on each day, if every day has all values.
fn days_of(contrast: &Contrast, days: &[Vec<Option<f64>>]) -> Option<Vec<f64>> {
    let used: Vec<(f64, &Vec<Option<f64>>)> =
        contrast.weights.iter().copied().zip(days).filter(|(weight, _)| *weight != 0.0).collect();
    let count = used.iter().map(|(_, days)| days.len()).min()?;
    let day = |day: usize| used.iter().map(|(weight, of)| Some(weight * of[day]?)).sum();
    (0..count).map(day).collect()
}

/// What a single day may show, and what the common days have saved.
fn own_days(contrast: &Contrast, days: &[Vec<Option<f64>>]) -> Difference {
    let Some(mut own) = days_of(contrast, days) else { return Difference::default() };
    let mut answer = Difference { n: own.len() as u32, ..Difference::default() };
    if own.len() < 2 {
        return answer;
    }
    let apart = |(weight, days): (&f64, &Vec<Option<f64>>)| {
        let values: Vec<f64> = days.iter().copied().flatten().collect();
        if *weight == 0.0 { 0.0 } else { weight * weight * variance(&values) }
    };
    let ratio = contrast.weights.iter().zip(days).map(apart).sum::<f64>() / variance(&own);
    answer.variance_ratio = rounded(ratio);
    own.sort_by(f64::total_cmp);
    let at = |p| sorted_quantile(&own, p).map(|value| round_significant(value, 10));
    (answer.day_low, answer.day_high) = (at(0.05), at(0.95));
    answer
}

#[cfg(test)]
#[path = "effects_tests.rs"]
mod tests;
