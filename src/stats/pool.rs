//! Quantiles of many replications thrown together, and of any weighting of them.
//!
//! A [`Pool`] keeps, for every non-empty bin of any replication, how many values each replication has up to
//! there. A quantile of a weighted pool is then a binary search over bins with one dot product a step, which
//! is what makes a bootstrap over replications cheap (see [`super::Resamples`]).

use super::Histogram;

/// The values of one replication.
#[derive(Clone, Debug, Default)]
pub struct Sample<'a> {
    /// Values as they are.
    pub known: Vec<&'a Histogram>,
    /// Values that count as greater than every bound; what they hold only raises the ceiling that is
    /// reported in their place.
    pub endless: Vec<&'a Histogram>,
}

impl<'a> Sample<'a> {
    /// Takes in the values of another replication.
    pub fn join(&mut self, other: Sample<'a>) {
        self.known.extend(other.known);
        self.endless.extend(other.endless);
    }
}

/// Replications thrown together.
#[derive(Clone, Debug, Default)]
pub struct Pool {
    /// What each row stands for, ascending.
    values: Vec<u64>,
    /// Row by row: values of each replication in this row or an earlier one.
    up_to: Vec<u64>,
    /// Values of each replication, endless ones included.
    totals: Vec<u64>,
    /// Greatest value seen, endless ones included.
    ceiling: u64,
}

/// A quantile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantile {
    /// Its value; where it is open, the greatest value seen.
    pub value: f64,
    /// Whether it falls on a value that counts as greater than every bound.
    pub open: bool,
}

impl Pool {
    /// Throws `samples` together, one for each replication.
    pub fn new(samples: &[Sample]) -> Pool {
        let known = || samples.iter().flat_map(|sample| &sample.known);
        let endless = || samples.iter().flat_map(|sample| &sample.endless);
        let lowest = known().filter_map(|histogram| histogram.min()).min().unwrap_or(0);
        let highest = known().filter_map(|histogram| histogram.max()).max().unwrap_or(0);
        // By bin: whether it holds something; then, how many bins up to it do.
        let mut rows =
            vec![0u32; known().map(|histogram| histogram.bins_spanned()).max().unwrap_or(0)];
        known().flat_map(|histogram| histogram.occupied()).for_each(|(bin, _)| rows[bin] = 1);
        let (mut pool, mut filled) = (Pool::default(), 0);
        for (bin, row) in rows.iter_mut().enumerate() {
            if *row == 1 {
                pool.values.push(Histogram::middle(bin).clamp(lowest, highest));
            }
            filled += *row;
            *row = filled;
        }
        let width = samples.len();
        pool.up_to = vec![0; pool.values.len() * width];
        for (column, sample) in samples.iter().enumerate() {
            for (bin, count) in sample.known.iter().flat_map(|histogram| histogram.occupied()) {
                pool.up_to[(rows[bin] as usize - 1) * width + column] += count;
            }
        }
        let mut running = vec![0u64; width];
        for row in pool.up_to.chunks_exact_mut(width.max(1)) {
            for (sum, here) in running.iter_mut().zip(row) {
                *sum += *here;
                *here = *sum;
            }
        }
        for (count, sample) in running.iter().zip(samples) {
            let endless: u64 = sample.endless.iter().map(|histogram| histogram.count()).sum();
            pool.totals.push(count + endless);
        }
        pool.ceiling = endless().filter_map(|histogram| histogram.max()).fold(highest, u64::max);
        pool
    }

    /// Values of each replication.
    pub fn totals(&self) -> &[u64] {
        &self.totals
    }

    /// Quantile `p` of the pool in which replication `r` appears `weights[r]` times, linear between order
    /// statistics: h = (n-1)p. `None` without values. Right to within [`Histogram::RELATIVE_ERROR`].
    pub fn quantile(&self, weights: &[u64], p: f64) -> Option<Quantile> {
        let sum = |counts: &[u64]| counts.iter().zip(weights).map(|(c, w)| c * w).sum::<u64>();
        let width = self.totals.len();
        self.search(sum(&self.totals), p, |row| sum(&self.up_to[row * width..(row + 1) * width]))
    }

    /// Quantile `p` of one replication by itself.
    pub fn quantile_of(&self, replication: usize, p: f64) -> Option<Quantile> {
        let width = self.totals.len();
        let total = *self.totals.get(replication)?;
        self.search(total, p, |row| self.up_to[row * width + replication])
    }

    /// Values greater than `bound`, for each replication; a bin counts as its middle.
    pub fn above(&self, bound: u64) -> Vec<u64> {
        let row = self.values.partition_point(|value| *value <= bound);
        let width = self.totals.len();
        match row.checked_sub(1) {
            None => self.totals.clone(),
            Some(row) => {
                let below = &self.up_to[row * width..(row + 1) * width];
                self.totals.iter().zip(below).map(|(total, below)| total - below).collect()
            }
        }
    }

    fn search(&self, total: u64, p: f64, up_to: impl Fn(usize) -> u64) -> Option<Quantile> {
        let last = total.checked_sub(1)?;
        let h = last as f64 * p.clamp(0.0, 1.0);
        let rank = (h.floor() as u64).min(last);
        let share = h - rank as f64;
        let row = self.first_row(0, rank, &up_to);
        let low = self.at_row(row);
        if share == 0.0 || row < self.values.len() && up_to(row) > rank + 1 {
            return Some(low);
        }
        let high = self.at_row(self.first_row(row, rank + 1, &up_to));
        let value = low.value + share * (high.value - low.value);
        Some(Quantile { value, open: low.open || high.open })
    }

    /// First row from `from` on that holds the value of rank `rank` (from 0); one past the end when that
    /// value is an endless one.
    fn first_row(&self, from: usize, rank: u64, up_to: &impl Fn(usize) -> u64) -> usize {
        let (mut low, mut high) = (from, self.values.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if up_to(middle) > rank {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    }

    fn at_row(&self, row: usize) -> Quantile {
        match self.values.get(row) {
            Some(value) => Quantile { value: *value as f64, open: false },
            None => Quantile { value: self.ceiling as f64, open: true },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::sorted_quantile;
    use proptest::prelude::*;

    fn histogram(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        values.iter().for_each(|value| histogram.record(*value));
        histogram
    }

    fn known(histogram: &Histogram) -> Sample<'_> {
        Sample { known: vec![histogram], endless: Vec::new() }
    }

    proptest! {
        #[test]
        fn a_weighted_pool_has_the_quantiles_of_the_sorted_values(
            samples in prop::collection::vec((prop::collection::vec(0u64..2_000, 0..30), 0u64..4), 1..6),
            p in 0.0..=1.0,
        ) {
            let histograms: Vec<_> = samples.iter().map(|(values, _)| histogram(values)).collect();
            let pool = Pool::new(&histograms.iter().map(known).collect::<Vec<_>>());
            let weights: Vec<u64> = samples.iter().map(|(_, weight)| *weight).collect();
            let mut sorted: Vec<f64> = Vec::new();
            for (values, weight) in &samples {
                for _ in 0..*weight {
                    sorted.extend(values.iter().map(|value| *value as f64));
                }
            }
            sorted.sort_by(f64::total_cmp);
            // Values below 2,048 are exact in a histogram, so both must agree.
            let ours = pool.quantile(&weights, p).map(|quantile| quantile.value);
            match (ours, sorted_quantile(&sorted, p)) {
                (Some(ours), Some(theirs)) => prop_assert!((ours - theirs).abs() < 1e-6),
                (ours, theirs) => prop_assert_eq!(ours, theirs),
            }
        }
    }

    #[test]
    fn a_quantile_that_falls_on_an_endless_value_is_open_and_reports_the_ceiling() {
        let (finite, endless) = (histogram(&[10, 20, 30]), histogram(&[50]));
        let pool = Pool::new(&[Sample { known: vec![&finite], endless: vec![&endless] }]);
        assert_eq!(pool.quantile(&[1], 0.0), Some(Quantile { value: 10.0, open: false }));
        assert_eq!(pool.quantile(&[1], 2.0 / 3.0), Some(Quantile { value: 30.0, open: false }));
        assert_eq!(pool.quantile(&[1], 0.9).map(|quantile| quantile.open), Some(true));
        assert_eq!(pool.quantile(&[1], 1.0), Some(Quantile { value: 50.0, open: true }));
    }

    #[test]
    fn one_replication_by_itself_equals_the_pool_with_only_it() {
        let (a, b) = (histogram(&[1, 2, 3, 900]), histogram(&[700, 800]));
        let pool = Pool::new(&[known(&a), known(&b)]);
        for p in [0.0, 0.25, 0.5, 0.99, 1.0] {
            assert_eq!(pool.quantile_of(0, p), pool.quantile(&[1, 0], p));
            assert_eq!(pool.quantile_of(1, p), pool.quantile(&[0, 1], p));
        }
        assert_eq!(pool.quantile(&[0, 0], 0.5), None);
    }

    #[test]
    fn values_above_a_bound_are_counted_for_each_replication_endless_ones_always() {
        let (a, b, lost) = (histogram(&[1, 2, 3]), histogram(&[3, 4]), histogram(&[0]));
        let pool = Pool::new(&[known(&a), Sample { known: vec![&b], endless: vec![&lost] }]);
        assert_eq!(pool.above(2), [1, 3]);
        assert_eq!(pool.above(0), [3, 3]);
        assert_eq!(pool.above(1_000), [0, 1]);
    }
}
