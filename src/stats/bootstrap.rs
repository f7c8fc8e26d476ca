//! The bootstrap over replications.
//!
//! Replications are drawn with replacement, whole: messages of one day depend on each other, days do not.
//! The interval is Efron's BCa (bias-corrected and accelerated; Efron & Tibshirani 1993, chapter 14), with
//! its tails widened for few replications as Hesterberg proposes ("What teachers should know about the
//! bootstrap", The American Statistician 69, 2015): sqrt(n/(n-1)) t instead of the normal quantile, with t
//! Student's quantile. Its degrees of freedom are n-1 where all replications have about the same part in
//! the statistic, and fewer where some have a much larger one: the spread is then known less well than n
//! suggests, by the kurtosis of the parts (the variance of a sample's variance; Satterthwaite, Biometrics
//! Bulletin 2, 1946). `tests/interval_coverage.rs` measures what it covers, `docs/statistics.md` holds that.

use super::{Interval, normal_cdf, normal_quantile, sorted_quantile, t_quantile};

/// Sets of replications drawn with replacement.
#[derive(Clone, Debug)]
pub struct Resamples {
    replications: usize,
    /// One row for each resample: how often each replication was drawn.
    weights: Vec<u64>,
}

impl Resamples {
    /// Draws `count` resamples of `replications` each; `below(bound)` is a random whole number below its
    /// bound.
    pub fn draw(replications: usize, count: usize, mut below: impl FnMut(u64) -> u64) -> Self {
        let mut weights = vec![0; replications * count];
        for row in weights.chunks_exact_mut(replications.max(1)) {
            for _ in 0..replications {
                row[below(replications as u64) as usize] += 1;
            }
        }
        Resamples { replications, weights }
    }

    /// Draws blocks of `length` neighbours instead of single replications, the last followed by the first: what hangs
    /// together over a few days stays together (the circular block bootstrap of Politis and Romano, 1992). With a
    /// length of 1 it is [`Resamples::draw`].
    pub fn draw_blocks(
        replications: usize,
        count: usize,
        length: usize,
        mut below: impl FnMut(u64) -> u64,
    ) -> Self {
        let length = length.clamp(1, replications.max(1));
        let mut weights = vec![0; replications * count];
        for row in weights.chunks_exact_mut(replications.max(1)) {
            let mut missing = replications;
            while missing > 0 {
                let start = below(replications as u64) as usize;
                let here = length.min(missing);
                (start..start + here).for_each(|at| row[at % replications] += 1);
                missing -= here;
            }
        }
        Resamples { replications, weights }
    }

    /// The interval of `statistic` at `confidence`. The statistic is told how often each replication was
    /// drawn and may have no value for a resample (no messages in any of its days); such are left out.
    /// `None` with fewer than two replications. An end is infinite when the statistic is, there.
    pub fn interval(
        &self,
        confidence: f64,
        statistic: impl FnMut(&[u64]) -> Option<f64>,
    ) -> Option<Interval> {
        if self.replications < 2 {
            return None;
        }
        self.sampled(statistic).interval(confidence)
    }

    /// All that the bootstrap sees of `statistic`, so that it can be set against another one.
    pub fn sampled(&self, mut statistic: impl FnMut(&[u64]) -> Option<f64>) -> Sampled {
        let n = self.replications;
        let mut value = |weights: &[u64]| statistic(weights).unwrap_or(f64::NAN);
        let mut weights = vec![1; n];
        let point = value(&weights);
        let resampled = self.weights.chunks_exact(n.max(1)).map(&mut value).collect();
        let mut without = Vec::with_capacity(n);
        for left_out in 0..n {
            weights[left_out] = 0;
            without.push(value(&weights));
            weights[left_out] = 1;
        }
        Sampled { point, resampled, without }
    }
}

/// A statistic of all replications, of each resample, and of all but one of them; NaN where it has no value.
#[derive(Clone, Debug)]
pub struct Sampled {
    /// Of all replications, each once.
    pub point: f64,
    /// Of each resample.
    pub(super) resampled: Vec<f64>,
    /// With each replication left out.
    without: Vec<f64>,
}

impl Sampled {
    /// This less `factor` times `other`, resample by resample: both must come from the same resamples.
    pub fn minus(&self, other: &Sampled, factor: f64) -> Sampled {
        let all = |ours: &[f64], theirs: &[f64]| {
            ours.iter().zip(theirs).map(|(a, b)| a - factor * b).collect()
        };
        Sampled {
            point: self.point - factor * other.point,
            resampled: all(&self.resampled, &other.resampled),
            without: all(&self.without, &other.without),
        }
    }

    /// Zero throughout, of as many resamples and replications: what a sum begins with.
    pub fn zero_like(&self) -> Sampled {
        let (resampled, without) = (vec![0.0; self.resampled.len()], vec![0.0; self.without.len()]);
        Sampled { point: 0.0, resampled, without }
    }

    /// Number of replications.
    pub fn replications(&self) -> usize {
        self.without.len()
    }

    /// Its interval at `confidence`, see [`Resamples::interval`].
    pub fn interval(&self, confidence: f64) -> Option<Interval> {
        let n = self.without.len();
        if n < 2 {
            return None;
        }
        let mut values: Vec<f64> =
            self.resampled.iter().copied().filter(|value| !value.is_nan()).collect();
        values.sort_by(f64::total_cmp);
        let reach = expanded_reach(n, self.freedom(), confidence);
        let (bias, acceleration) = self.correction(&values);
        let level = |z: f64| {
            let shifted = bias + z;
            normal_cdf(bias + shifted / (1.0 - acceleration * shifted))
        };
        Some(Interval {
            low: sorted_quantile(&values, level(-reach))?,
            high: sorted_quantile(&values, level(reach))?,
        })
    }

    /// Efron's bias correction and acceleration; zeros where they cannot be had (a statistic that is infinite
    /// or the same whatever day is left out).
    fn correction(&self, resampled: &[f64]) -> (f64, f64) {
        let point = self.point;
        if !point.is_finite() {
            return (0.0, 0.0);
        }
        let below = resampled.partition_point(|value| *value < point);
        let ties = resampled.partition_point(|value| *value <= point) - below;
        let share = (below as f64 + ties as f64 / 2.0) / resampled.len() as f64;
        let without: Vec<f64> =
            self.without.iter().copied().filter(|value| value.is_finite()).collect();
        let mean = without.iter().sum::<f64>() / without.len() as f64;
        let (mut squares, mut cubes) = (0.0, 0.0);
        for value in &without {
            let distance = mean - value;
            squares += distance * distance;
            cubes += distance * distance * distance;
        }
        let acceleration = cubes / (6.0 * squares * squares.sqrt());
        let bias = normal_quantile(share);
        if without.len() < self.without.len() || !acceleration.is_finite() || !bias.is_finite() {
            return (0.0, 0.0);
        }
        (bias, acceleration)
    }

    /// Degrees of freedom of its variance, from 1 to n-1, by the kurtosis of the replications' parts in it.
    fn freedom(&self) -> f64 {
        let n = self.without.len() as f64;
        let mean = self.without.iter().sum::<f64>() / n;
        let (mut squares, mut fourths) = (0.0, 0.0);
        for value in &self.without {
            let square = (value - mean) * (value - mean);
            squares += square;
            fourths += square * square;
        }
        let excess = n * fourths / (squares * squares) - 3.0;
        // The same whatever day is left out, or infinite: nothing is known of the parts.
        if !excess.is_finite() {
            return n - 1.0;
        }
        (2.0 / (excess / n + 2.0 / (n - 1.0)).max(0.0)).clamp(1.0, n - 1.0)
    }

    /// Its spread over the resamples, without values left out. Not finite where the statistic is not.
    pub(super) fn spread(&self) -> f64 {
        let values = || self.resampled.iter().filter(|value| !value.is_nan());
        let n = values().count() as f64;
        let mean = values().map(|value| value - self.point).sum::<f64>() / n;
        let square = |value: &f64| (value - self.point - mean) * (value - self.point - mean);
        (values().map(square).sum::<f64>() / (n - 1.0)).sqrt()
    }

    /// Its standard error. The resamples' spread is that of a sample's own variance, which is too small by
    /// (n-1)/n.
    pub fn error(&self) -> f64 {
        let n = self.without.len() as f64;
        self.spread() * (n / (n - 1.0)).sqrt()
    }
}

/// How far the interval of `n` replications reaches, on the normal scale, with so many degrees of `freedom`.
fn expanded_reach(n: usize, freedom: f64, confidence: f64) -> f64 {
    let n = n as f64;
    (n / (n - 1.0)).sqrt() * t_quantile(0.5 + confidence / 2.0, freedom)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A generator good enough to spread draws: Knuth's MMIX constants.
    pub(crate) fn numbers(mut state: u64) -> impl FnMut(u64) -> u64 {
        move |bound| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            ((u128::from(state) * u128::from(bound)) >> 64) as u64
        }
    }

    #[test]
    fn the_tails_are_wider_for_few_replications_and_nominal_for_many() {
        // Hesterberg 2015 gives these for two-sided 95 % intervals.
        for (n, tail) in [(10, 0.0086), (20, 0.0159), (1_000_000, 0.025)] {
            let reach = expanded_reach(n, n as f64 - 1.0, 0.95);
            assert!((normal_cdf(-reach) - tail).abs() < 2e-4, "n {n}");
        }
    }

    #[test]
    fn a_statistic_that_rests_on_one_replication_has_fewer_degrees_of_freedom() {
        let of = |without: &[f64]| {
            Sampled { point: 0.0, resampled: Vec::new(), without: without.to_vec() }.freedom()
        };
        let even: Vec<f64> = (0..20).map(|day| f64::from(day % 2)).collect();
        assert_eq!(of(&even), 19.0, "less kurtosis than the normal distribution has");
        let mut one = vec![0.0; 20];
        one[3] = 1.0;
        // Kurtosis of one in twenty: 1/(pq) - 3 = 18.05, less 3 for the excess.
        let expected = 2.0 / ((1.0 / (0.05 * 0.95) - 6.0) / 20.0 + 2.0 / 19.0);
        assert!((of(&one) - expected).abs() < 1e-9, "{}", of(&one));
        assert_eq!(of(&[1.0; 5]), 4.0, "nothing varies");
        assert_eq!(of(&[1.0, f64::INFINITY, 2.0]), 2.0);
        assert_eq!(of(&[0.0, 1.0]), 1.0);
    }

    #[test]
    fn one_replication_gives_no_interval() {
        let resamples = Resamples::draw(1, 100, |_| 0);
        assert_eq!(resamples.interval(0.95, |_| Some(1.0)), None);
        assert_eq!(Resamples::draw(0, 100, |_| 0).interval(0.95, |_| Some(1.0)), None);
    }

    #[test]
    fn every_resample_draws_as_many_replications_as_there_are() {
        let resamples = Resamples::draw(7, 50, numbers(1));
        assert_eq!(resamples.weights.len(), 350);
        assert!(resamples.weights.chunks(7).all(|row| row.iter().sum::<u64>() == 7));
    }

    #[test]
    fn blocks_hold_neighbours_and_as_many_replications_as_there_are() {
        let resamples = Resamples::draw_blocks(9, 200, 3, numbers(3));
        assert!(resamples.weights.chunks(9).all(|row| row.iter().sum::<u64>() == 9));
        // Days that hang together in threes: single draws would not see how much that widens the mean.
        let values = [5.0, 5.0, 5.0, 1.0, 1.0, 1.0, 3.0, 3.0, 3.0];
        let mean = |weights: &[u64]| {
            Some(values.iter().zip(weights).map(|(value, n)| value * *n as f64).sum::<f64>() / 9.0)
        };
        let width = |resamples: &Resamples| {
            let interval = resamples.interval(0.95, mean).expect("nine days");
            interval.high - interval.low
        };
        let single = width(&Resamples::draw_blocks(9, 2000, 1, numbers(3)));
        let blocks = width(&Resamples::draw_blocks(9, 2000, 3, numbers(3)));
        // The means of the nine blocks have a variance of 40/27, single values one of 8/3: over three and nine draws.
        let expected = (40.0f64 / 27.0 / 3.0 / (8.0 / 3.0 / 9.0)).sqrt();
        assert!(
            (blocks / single - expected).abs() < 0.1,
            "{blocks} against {single}, not {expected}"
        );
        assert_eq!(Resamples::draw_blocks(0, 5, 3, |_| 0).weights.len(), 0);
    }

    #[test]
    fn a_statistic_that_never_varies_has_an_interval_of_no_width() {
        let resamples = Resamples::draw(7, 50, numbers(1));
        let interval = resamples.interval(0.95, |_| Some(3.0));
        assert_eq!(interval, Some(Interval { low: 3.0, high: 3.0 }));
    }

    #[test]
    fn an_end_is_infinite_where_the_statistic_is() {
        let resamples = Resamples::draw(10, 500, numbers(2));
        // Infinite as soon as the last replication is drawn at all.
        let interval = resamples
            .interval(0.95, |w| Some(if w[9] > 0 { f64::INFINITY } else { w[0] as f64 }))
            .expect("ten replications");
        assert!(interval.low.is_finite() && interval.high.is_infinite());
    }
}
