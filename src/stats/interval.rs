//! Intervals of means and shares, and the small tools they need.

use super::normal_quantile;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// A confidence interval, both ends included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// `value` to `digits` significant decimal digits. Exact on every machine, since Rust prints and reads
/// decimals exactly; infinities and NaN stay as they are.
pub fn round_significant(value: f64, digits: usize) -> f64 {
    if !value.is_finite() {
        return value;
    }
    format!("{value:.*e}", digits.saturating_sub(1)).parse().unwrap_or(value)
}

/// Student's t: the value below which it lies with probability `p` in (0, 1), with `freedom` >= 1
/// degrees of freedom, to ten significant digits. Infinite for nonsensical arguments, so that an interval
/// built on them says nothing instead of something wrong.
pub fn t_quantile(p: f64, freedom: f64) -> f64 {
    if !(p > 0.0 && p < 1.0) {
        return f64::INFINITY;
    }
    match StudentsT::new(0.0, 1.0, freedom) {
        Ok(student) => round_significant(student.inverse_cdf(p), 10),
        Err(_) => f64::INFINITY,
    }
}

/// Probability that a standard normal variable is below `x`.
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

/// Mean of `values` and its t interval at `confidence` (0.95 = 95 %). No mean without values, no
/// interval with fewer than two.
pub fn mean_interval(values: &[f64], confidence: f64) -> Option<(f64, Option<Interval>)> {
    let n = values.len() as f64;
    let first = *values.first()?;
    // Summing differences to the first value keeps a constant sample exactly constant.
    let mean = first + values.iter().map(|value| value - first).sum::<f64>() / n;
    if values.len() < 2 {
        return Some((mean, None));
    }
    let squares = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>();
    if squares == 0.0 {
        return Some((mean, Some(Interval { low: mean, high: mean })));
    }
    let error = (squares / (n - 1.0) / n).sqrt();
    let reach = t_quantile(0.5 + confidence / 2.0, n - 1.0) * error;
    Some((mean, Some(Interval { low: mean - reach, high: mean + reach })))
}

/// Wilson's score interval (1927) of a share: `hits` of `n` trials. `None` without trials.
pub fn wilson(hits: u64, n: u64, confidence: f64) -> Option<Interval> {
    if n == 0 {
        return None;
    }
    let (n, z) = (n as f64, normal_quantile(0.5 + confidence / 2.0));
    let share = hits as f64 / n;
    let scale = 1.0 + z * z / n;
    let centre = (share + z * z / (2.0 * n)) / scale;
    let reach = z / scale * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    // At 0 and n hits one end is exactly 0 or 1; rounding must not push it past.
    let low = if hits == 0 { 0.0 } else { (centre - reach).max(0.0) };
    let high = if hits as f64 == n { 1.0 } else { (centre + reach).min(1.0) };
    Some(Interval { low, high })
}

/// Newcombe's interval (Statistics in Medicine 17, 1998, 2635-2650, method 10) of one share less `factor`
/// times another of the same trials, which are given as (ours, theirs). Where the two agree on every trial,
/// it still has a width: the next trial may tell them apart. `None` without trials.
pub fn paired_shares(trials: &[(bool, bool)], factor: f64, confidence: f64) -> Option<Interval> {
    let n = trials.len() as u64;
    let count = |wanted: &dyn Fn(bool, bool) -> bool| {
        trials.iter().filter(|(ours, theirs)| wanted(*ours, *theirs)).count() as u64
    };
    let (ours, theirs) = (count(&|a, _| a), count(&|_, b| b));
    let (one, two) = (wilson(ours, n, confidence)?, wilson(theirs, n, confidence)?);
    let whole = n as f64;
    let (p, q) = (ours as f64 / whole, theirs as f64 / whole);
    let (both, neither) = (count(&|a, b| a && b) as f64, count(&|a, b| !a && !b) as f64);
    let (first, second) = (count(&|a, b| a && !b) as f64, count(&|a, b| !a && b) as f64);
    let cross = both * neither - first * second;
    // Continuity correction, as the method has it: agreement counts only as far as it is clear.
    let cross = if cross > 0.0 { (cross - whole / 2.0).max(0.0) } else { cross };
    let margins = (both + first) * (second + neither) * (both + second) * (first + neither);
    let phi = if margins > 0.0 { cross / margins.sqrt() } else { 0.0 };
    let reach = |a: f64, b: f64| (a * a - 2.0 * phi * a * b + b * b).max(0.0).sqrt();
    let point = p - factor * q;
    let low = point - reach(p - one.low, factor * (two.high - q));
    Some(Interval { low, high: point + reach(one.high - p, factor * (q - two.low)) })
}

/// Quantile `p` of ascending `values`: linear between order statistics, h = (n-1)p. Infinite values may
/// stand at the end. `None` when empty.
pub fn sorted_quantile(values: &[f64], p: f64) -> Option<f64> {
    let last = values.len().checked_sub(1)?;
    let h = last as f64 * p.clamp(0.0, 1.0);
    let below = h.floor();
    let (low, share) = (values[below as usize], h - below);
    let high = values[(below as usize + 1).min(last)];
    // Without the test, infinity - infinity would make NaN.
    Some(if share == 0.0 || low == high { low } else { low + share * (high - low) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_of_two_shares_of_the_same_trials_agrees_with_the_paper() {
        // Newcombe 1998, table II: 36 both, 12 and 2 only one, none neither.
        let trials =
            [vec![(true, true); 36], vec![(true, false); 12], vec![(false, true); 2]].concat();
        let found = paired_shares(&trials, 1.0, 0.95).expect("trials");
        assert!((found.low - 0.0569).abs() < 1e-4 && (found.high - 0.3404).abs() < 1e-4);
        let same = paired_shares(&[(false, false); 20], 1.0, 0.95).expect("trials");
        assert!(same.low < -0.1 && same.high > 0.1, "{same:?}");
        assert_eq!(paired_shares(&[], 1.0, 0.95), None);
    }

    #[test]
    fn t_quantiles_agree_with_printed_tables() {
        for (p, freedom, expected) in [
            (0.975, 1.0, 12.706_204_736),
            (0.975, 4.0, 2.776_445_105),
            (0.975, 19.0, 2.093_024_054),
            (0.95, 10.0, 1.812_461_123),
            (0.975, 499.0, 1.964_729_391),
        ] {
            let t = t_quantile(p, freedom);
            assert!((t / expected - 1.0).abs() < 1e-6, "t({p}, {freedom}) = {t}");
        }
        assert_eq!(t_quantile(1.0, 5.0), f64::INFINITY);
        assert_eq!(t_quantile(0.975, 0.0), f64::INFINITY);
    }

    #[test]
    fn a_mean_of_five_known_values_has_the_textbook_interval() {
        let (mean, interval) = mean_interval(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.95).expect("values");
        let interval = interval.expect("more than one value");
        // sd = sqrt(2.5), error = sqrt(0.5), t(4) = 2.776445.
        assert_eq!(mean, 3.0);
        assert!((interval.low - 1.036_757).abs() < 1e-5, "{interval:?}");
        assert!((interval.high - 4.963_243).abs() < 1e-5, "{interval:?}");
    }

    #[test]
    fn one_value_has_a_mean_and_no_interval_and_a_constant_sample_an_interval_of_no_width() {
        assert_eq!(mean_interval(&[], 0.95), None);
        assert_eq!(mean_interval(&[7.0], 0.95), Some((7.0, None)));
        let constant = mean_interval(&[0.1; 20], 0.95).expect("values");
        assert_eq!(constant, (0.1, Some(Interval { low: 0.1, high: 0.1 })));
    }

    #[test]
    fn wilson_agrees_with_published_values() {
        // Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
        for (hits, n, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let interval = wilson(hits, n, 0.95).expect("trials");
            assert!((interval.low - low).abs() < 6e-5, "{hits}/{n}: {interval:?}");
            assert!((interval.high - high).abs() < 6e-5, "{hits}/{n}: {interval:?}");
        }
        assert_eq!(wilson(20, 20, 0.95).expect("trials").high, 1.0);
        assert_eq!(wilson(0, 0, 0.95), None);
    }

    #[test]
    fn the_normal_distribution_function_inverts_its_quantile() {
        for p in [1e-6, 0.0159, 0.5, 0.975] {
            assert!((normal_cdf(normal_quantile(p)) / p - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn quantiles_interpolate_between_order_statistics() {
        let values = [10.0, 20.0, 40.0, f64::INFINITY];
        assert_eq!(sorted_quantile(&values, 0.0), Some(10.0));
        assert_eq!(sorted_quantile(&values, 0.5), Some(30.0));
        assert_eq!(sorted_quantile(&values, 2.0 / 3.0), Some(40.0));
        assert_eq!(sorted_quantile(&values, 0.9), Some(f64::INFINITY));
        assert_eq!(sorted_quantile(&[], 0.5), None);
    }

    #[test]
    fn rounding_keeps_significant_digits_at_every_size() {
        assert_eq!(round_significant(1.0 / 3.0, 3), 0.333);
        assert_eq!(round_significant(123_456.789, 4), 123_500.0);
        assert_eq!(round_significant(0.0, 4), 0.0);
        assert!(round_significant(f64::NAN, 4).is_nan());
    }
}
