//! Many intervals that hold together.
//!
//! Of 144 intervals at 95 % seven miss, so that the best of them is likely to be one that only looks so. The
//! intervals here hold all at once: each reaches as many standard errors as the largest of all deviations
//! over the resamples exceeds in no more than 5 % of them (the max-|t| method; Westfall & Young 1993). As the
//! same days stand behind all comparisons, these move together, and less is lost than by Bonferroni's rule -
//! which is the bound that the reach never passes.
//!
//! The resamples give that reach on the normal scale; few replications are paid for as in the single
//! interval, by Student's quantile of the same level for n-1 degrees of freedom.

use super::{Sampled, normal_cdf, t_quantile};

/// Which deviations break an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sides {
    /// Both.
    Two,
    /// Only values that are too high: the interval is a lower bound.
    TooHigh,
}

/// What has to be known of many statistics for their joint reach, so that they need not be there at once. They
/// must come from the same resamples; in which order they are added makes no difference.
#[derive(Clone, Debug)]
pub struct Joint {
    sides: Sides,
    /// By resample: the greatest deviation of any statistic, in its standard errors.
    greatest: Vec<f64>,
    count: usize,
    /// Of the statistic that has the fewest: the careful one to go by.
    replications: usize,
}

impl Joint {
    /// Of none yet.
    pub fn new(sides: Sides) -> Self {
        Joint { sides, greatest: Vec::new(), count: 0, replications: usize::MAX }
    }

    /// One more.
    pub fn add(&mut self, sampled: &Sampled) {
        self.count += 1;
        self.replications = self.replications.min(sampled.replications());
        self.greatest.resize(sampled.resampled.len(), 0.0);
        let spread = sampled.spread();
        // What never varies deviates never; what is infinite has no interval anyway.
        if !(spread > 0.0 && spread.is_finite()) {
            return;
        }
        for (greatest, value) in self.greatest.iter_mut().zip(&sampled.resampled) {
            let deviation = (value - sampled.point) / spread;
            let counted = if self.sides == Sides::Two { deviation.abs() } else { deviation };
            // `max` passes over what is not a number: a resample without a value.
            *greatest = greatest.max(counted);
        }
    }

    /// How many were added.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Standard errors that each has to reach, so that all of them hold at `confidence` together. Infinite
    /// with fewer than two replications.
    pub fn reach(mut self, confidence: f64) -> f64 {
        let error = 1.0 - confidence;
        if self.count == 0 || self.replications < 2 {
            return f64::INFINITY;
        }
        self.greatest.sort_by(f64::total_cmp);
        let normal = super::sorted_quantile(&self.greatest, confidence).unwrap_or(f64::INFINITY);
        let tails = if self.sides == Sides::Two { 2.0 } else { 1.0 };
        let bonferroni = error / tails / self.count as f64;
        let tail = (1.0 - normal_cdf(normal)).clamp(bonferroni, error / tails);
        t_quantile(1.0 - tail, self.replications as f64 - 1.0)
    }
}

/// The [joint reach](Joint::reach) of `all`.
pub fn joint_reach(all: &[&Sampled], confidence: f64, sides: Sides) -> f64 {
    let mut joint = Joint::new(sides);
    all.iter().for_each(|sampled| joint.add(sampled));
    joint.reach(confidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Resamples;
    use crate::stats::bootstrap::tests::numbers;

    fn mean_of(resamples: &Resamples, values: &[f64]) -> Sampled {
        resamples.sampled(|weights| {
            let sum: f64 = values.iter().zip(weights).map(|(value, w)| value * *w as f64).sum();
            Some(sum / weights.iter().sum::<u64>() as f64)
        })
    }

    fn samples(count: usize, days: usize) -> (Resamples, Vec<Vec<f64>>) {
        let mut number = numbers(5);
        let values =
            (0..count).map(|_| (0..days).map(|_| number(1_000) as f64).collect()).collect();
        (Resamples::draw(days, 2_000, number), values)
    }

    #[test]
    fn a_single_interval_reaches_as_far_as_students() {
        let (resamples, values) = samples(1, 20);
        let one = mean_of(&resamples, &values[0]);
        let reach = joint_reach(&[&one], 0.95, Sides::Two);
        assert!((reach - t_quantile(0.975, 19.0)).abs() < 1e-9, "{reach}");
        let (mean, interval) = crate::stats::mean_interval(&values[0], 0.95).expect("values");
        let students = interval.expect("twenty values").high - mean;
        assert!((reach * one.error() / students - 1.0).abs() < 0.05, "the resamples' own noise");
    }

    #[test]
    fn independent_comparisons_reach_almost_to_bonferroni_and_copies_no_further_than_one() {
        let (resamples, values) = samples(40, 60);
        let all: Vec<Sampled> = values.iter().map(|values| mean_of(&resamples, values)).collect();
        let all: Vec<&Sampled> = all.iter().collect();
        let (single, most) = (t_quantile(0.975, 59.0), t_quantile(1.0 - 0.025 / 40.0, 59.0));
        let reach = joint_reach(&all, 0.95, Sides::Two);
        assert!(reach > 0.9 * most && reach <= most, "{reach} of {most}");
        let copies = joint_reach(&[all[0]; 40], 0.95, Sides::Two);
        assert!((copies / single - 1.0).abs() < 0.05, "{copies} of {single}");
        assert!(joint_reach(&all, 0.95, Sides::TooHigh) < reach);
    }

    #[test]
    fn what_never_varies_costs_nothing_and_one_day_says_nothing() {
        let (resamples, values) = samples(1, 20);
        let (one, same) = (mean_of(&resamples, &values[0]), mean_of(&resamples, &[7.0; 20]));
        let with = joint_reach(&[&one, &same], 0.95, Sides::Two);
        assert!(with <= 1.1 * joint_reach(&[&one], 0.95, Sides::Two), "{with}");
        let day = mean_of(&Resamples::draw(1, 10, |_| 0), &[1.0]);
        assert_eq!(joint_reach(&[&day], 0.95, Sides::Two), f64::INFINITY);
    }
}
