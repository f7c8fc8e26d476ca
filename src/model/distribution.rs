//! Distributions of sizes and times.
//!
//! Every shape is drawn by inversion from one uniform number where that is possible, through `libm`, so
//! that all machines agree to the last bit and a changed parameter moves a draw smoothly instead of
//! reshuffling it (common random numbers).

use crate::engine::Draws;
use crate::stats::normal_quantile;
use std::sync::Arc;

/// A distribution of non-negative numbers (bytes or seconds, as its user says).
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// Always the same value.
    Fixed(f64),
    /// Logarithm normal with mean `mu` and standard deviation `sigma`, cut at `max`.
    Lognormal {
        /// Mean of the logarithm.
        mu: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
        /// Largest value; larger draws become this.
        max: f64,
    },
    /// Exponential with this mean.
    Exponential(f64),
    /// Evenly spread between two bounds.
    Uniform {
        /// Lower bound.
        low: f64,
        /// Upper bound.
        high: f64,
    },
    /// Gamma with this mean and shape.
    Gamma {
        /// Mean.
        mean: f64,
        /// Shape (squared mean over variance).
        shape: f64,
    },
    /// Drawn from recorded values.
    Empirical(Arc<[f64]>),
    /// One of several shapes, by weight.
    Mix(Vec<(f64, Shape)>),
}

impl Shape {
    /// Lognormal by its median.
    pub fn lognormal_by_median(median: f64, sigma: f64, max: Option<f64>) -> Self {
        Shape::Lognormal { mu: libm::log(median), sigma, max: max.unwrap_or(f64::INFINITY) }
    }

    /// Lognormal by its mean (before the cut).
    pub fn lognormal_by_mean(mean: f64, sigma: f64, max: Option<f64>) -> Self {
        let mu = libm::log(mean) - sigma * sigma / 2.0;
        Shape::Lognormal { mu, sigma, max: max.unwrap_or(f64::INFINITY) }
    }

    /// One value.
    pub fn draw(&self, draws: &mut Draws) -> f64 {
        match self {
            Shape::Fixed(value) => *value,
            Shape::Lognormal { mu, sigma, max } => {
                // exp2 takes half the time of exp, and this is drawn twice for each message.
                let log = mu + sigma * normal_quantile(draws.uniform());
                libm::exp2(log * std::f64::consts::LOG2_E).min(*max)
            }
            Shape::Exponential(mean) => -mean * libm::log(draws.uniform()),
            Shape::Uniform { low, high } => low + (high - low) * draws.uniform(),
            Shape::Gamma { mean, shape } => gamma(*shape, draws) * mean / shape,
            Shape::Empirical(values) => match values.len() {
                0 => 0.0,
                n => values[draws.below(n as u64) as usize],
            },
            Shape::Mix(parts) => draw_mix(parts, draws),
        }
    }

    /// The mean, before any cut at a maximum.
    pub fn mean(&self) -> f64 {
        match self {
            Shape::Fixed(value) => *value,
            Shape::Lognormal { mu, sigma, .. } => libm::exp(mu + sigma * sigma / 2.0),
            Shape::Exponential(mean) | Shape::Gamma { mean, .. } => *mean,
            Shape::Uniform { low, high } => (low + high) / 2.0,
            Shape::Empirical(values) => values.iter().sum::<f64>() / values.len().max(1) as f64,
            Shape::Mix(parts) => {
                let total: f64 = parts.iter().map(|(weight, _)| weight).sum();
                parts.iter().map(|(weight, shape)| weight * shape.mean()).sum::<f64>() / total
            }
        }
    }
}

fn draw_mix(parts: &[(f64, Shape)], draws: &mut Draws) -> f64 {
    let total: f64 = parts.iter().map(|(weight, _)| weight).sum();
    let mut left = draws.uniform() * total;
    for (weight, shape) in parts {
        left -= weight;
        if left <= 0.0 {
            return shape.draw(draws);
        }
    }
    parts.last().map_or(0.0, |(_, shape)| shape.draw(draws))
}

/// A standard gamma variable: Marsaglia & Tsang (2000), with their boost for shapes below one. Written
/// here because `rand_distr` goes through the platform's mathematics library.
fn gamma(shape: f64, draws: &mut Draws) -> f64 {
    if shape < 1.0 {
        let boost = libm::pow(draws.uniform(), 1.0 / shape);
        return gamma(shape + 1.0, draws) * boost;
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let normal = normal_quantile(draws.uniform());
        let root = 1.0 + c * normal;
        if root <= 0.0 {
            continue;
        }
        let v = root * root * root;
        if libm::log(draws.uniform()) < 0.5 * normal * normal + d - d * v + d * libm::log(v) {
            return d * v;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Stream;

    fn sample(shape: &Shape, n: u64) -> (f64, f64) {
        let stream = Stream::new(11, 0, "shape");
        let values: Vec<f64> = (0..n).map(|i| shape.draw(&mut stream.at(i))).collect();
        let mean = values.iter().sum::<f64>() / n as f64;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1) as f64;
        (mean, variance)
    }

    #[test]
    fn each_shape_has_its_mean_and_variance() {
        let lognormal_variance = (0.25f64.exp() - 1.0) * 0.3 * 0.3;
        for (shape, variance) in [
            (Shape::Fixed(3.0), 0.0),
            (Shape::Exponential(2.0), 4.0),
            (Shape::Uniform { low: 1.0, high: 4.0 }, 9.0 / 12.0),
            (Shape::Gamma { mean: 3.0, shape: 2.0 }, 4.5),
            (Shape::Gamma { mean: 3.0, shape: 0.5 }, 18.0),
            (Shape::lognormal_by_mean(0.3, 0.5, None), lognormal_variance),
            (Shape::Empirical(Arc::from([1.0, 3.0])), 1.0),
        ] {
            let n = 200_000;
            let (mean, measured) = sample(&shape, n);
            let slack = 5.0 * (variance / n as f64).sqrt() + 1e-12;
            assert!((mean - shape.mean()).abs() <= slack, "{shape:?}: mean {mean}");
            assert!(
                (measured - variance).abs() <= 0.05 * variance + 1e-12,
                "{shape:?}: {measured}"
            );
        }
    }

    #[test]
    fn a_mix_draws_each_part_by_its_weight() {
        let mix = Shape::Mix(vec![(98.0, Shape::Fixed(0.0)), (2.0, Shape::Fixed(1.0))]);
        let (mean, _) = sample(&mix, 200_000);
        assert!((mean - 0.02).abs() < 5.0 * (0.02f64 * 0.98 / 200_000.0).sqrt(), "{mean}");
        assert!((mix.mean() - 0.02).abs() < 1e-12);
    }

    #[test]
    fn a_lognormal_by_median_has_that_median_and_respects_its_cut() {
        let shape = Shape::lognormal_by_median(18_000.0, 1.7, Some(36e6));
        let stream = Stream::new(5, 0, "size");
        let mut values: Vec<f64> = (0..100_001).map(|i| shape.draw(&mut stream.at(i))).collect();
        values.sort_by(f64::total_cmp);
        assert!((values[50_000] / 18_000.0 - 1.0).abs() < 0.04, "{}", values[50_000]);
        assert!(values[100_000] <= 36e6);
    }
}
