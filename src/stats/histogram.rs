//! A log-linear histogram of whole numbers (here: nanoseconds), mergeable by addition.
//!
//! Each power of two is split into 1,024 equal bins, so that a value is known to within 1/2,048 of itself
//! (0.05 %); values below 2,048 are exact. Count, sum, minimum and maximum are exact.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bins per power of two: 2^10.
const BITS: u32 = 10;
const BINS: u64 = 1 << BITS;

/// Counts of values by size.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Histogram {
    counts: Vec<u64>,
    count: u64,
    sum: u128,
    min: u64,
    max: u64,
}

/// Position of the bin that holds `value`.
fn bin_of(value: u64) -> usize {
    let magnitude = (63 - (value | 1).leading_zeros()).saturating_sub(BITS);
    ((u64::from(magnitude) << BITS) + (value >> magnitude)) as usize
}

/// Smallest value of bin `index`, and how many values it covers.
fn bounds_of(index: usize) -> (u64, u64) {
    let index = index as u64;
    if index < 2 * BINS {
        return (index, 1);
    }
    let magnitude = (index >> BITS) - 1;
    ((index - (magnitude << BITS)) << magnitude, 1 << magnitude)
}

impl Histogram {
    /// Greatest relative error of a value read back.
    pub const RELATIVE_ERROR: f64 = 1.0 / (2 * BINS) as f64;

    /// Adds one value.
    pub fn record(&mut self, value: u64) {
        let bin = bin_of(value);
        if bin >= self.counts.len() {
            self.counts.resize(bin + 1, 0);
        }
        self.counts[bin] += 1;
        self.min = if self.count == 0 { value } else { self.min.min(value) };
        self.max = self.max.max(value);
        self.count += 1;
        self.sum += u128::from(value);
    }

    /// Adds every value of `other`, as if each had been recorded here.
    pub fn merge(&mut self, other: &Histogram) {
        if other.count == 0 {
            return;
        }
        if other.counts.len() > self.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.min = if self.count == 0 { other.min } else { self.min.min(other.min) };
        self.max = self.max.max(other.max);
        self.count += other.count;
        self.sum += other.sum;
    }

    /// Number of values.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Exact sum of all values.
    pub fn sum(&self) -> u128 {
        self.sum
    }

    /// Smallest value; `None` when empty.
    pub fn min(&self) -> Option<u64> {
        (self.count > 0).then_some(self.min)
    }

    /// Largest value; `None` when empty.
    pub fn max(&self) -> Option<u64> {
        (self.count > 0).then_some(self.max)
    }

    /// Counts by bin number, empty bins included; [`Histogram::middle`] says what a number stands for.
    pub(super) fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// The value that stands for bin `index`: its middle.
    pub(super) fn middle(index: usize) -> u64 {
        let (low, width) = bounds_of(index);
        low + (width - 1) / 2
    }

    /// Non-empty bins in ascending order: (representative value, count). The representative is the middle
    /// of the bin, within the exact minimum and maximum.
    pub fn bins(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.counts
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0)
            .map(|(index, count)| (Histogram::middle(index).clamp(self.min, self.max), *count))
    }
}

/// Bins of 64-bit values: no stored histogram has more.
const MOST_BINS: usize = (65 - BITS as usize) << BITS;

/// Written as sum, minimum and maximum, then each bin that holds something as (bins passed over, count).
#[derive(Serialize, Deserialize)]
struct Sparse {
    sum: u128,
    min: u64,
    max: u64,
    bins: Vec<(u64, u64)>,
}

impl Serialize for Histogram {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (mut bins, mut next) = (Vec::new(), 0);
        for (index, count) in self.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            bins.push(((index - next) as u64, *count));
            next = index + 1;
        }
        Sparse { sum: self.sum, min: self.min, max: self.max, bins }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Histogram {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Sparse { sum, min, max, bins } = Sparse::deserialize(deserializer)?;
        let (mut counts, mut count) = (Vec::new(), 0u64);
        for (passed, in_bin) in bins {
            let index = usize::try_from(passed).ok().and_then(|n| counts.len().checked_add(n));
            let index = index.filter(|index| *index < MOST_BINS);
            let index = index.ok_or_else(|| D::Error::custom("a bin that does not exist"))?;
            counts.resize(index, 0);
            counts.push(in_bin);
            count = count.checked_add(in_bin).ok_or_else(|| D::Error::custom("too many values"))?;
        }
        Ok(Histogram { counts, count, sum, min, max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_value_lies_in_its_bin_and_is_read_back_within_the_stated_error(value: u64) {
            let (low, width) = bounds_of(bin_of(value));
            prop_assert!(low <= value && value - low < width);
            let middle = low + (width - 1) / 2;
            prop_assert!(middle.abs_diff(value) as f64 <= value as f64 * Histogram::RELATIVE_ERROR);
        }
    }

    #[test]
    fn merging_equals_recording_everything_in_one_place() {
        let values = [5u64, 7_000, 123_456_789, 2, u64::MAX, 0];
        for split in 0..=values.len() {
            let (mut left, mut right, mut whole) = <(Histogram, Histogram, Histogram)>::default();
            values[..split].iter().for_each(|value| left.record(*value));
            values[split..].iter().for_each(|value| right.record(*value));
            values.iter().for_each(|value| whole.record(*value));
            left.merge(&right);
            assert_eq!(left, whole, "split at {split}");
        }
    }

    #[test]
    fn a_histogram_that_is_written_and_read_back_is_the_same() {
        let mut histogram = Histogram::default();
        for value in [0, 5, 7_000, 7_000, 123_456_789, u64::MAX] {
            let bytes = postcard::to_stdvec(&histogram).expect("written");
            assert_eq!(postcard::from_bytes::<Histogram>(&bytes).expect("read"), histogram);
            histogram.record(value);
        }
        assert!(postcard::to_stdvec(&histogram).expect("written").len() < 100, "it is sparse");
        let far = postcard::to_stdvec(&(0u128, 0u64, 0u64, vec![(u64::MAX, 1u64)]));
        assert!(postcard::from_bytes::<Histogram>(&far.expect("written")).is_err());
    }

    #[test]
    fn bins_are_contiguous() {
        for index in 0..20_000 {
            let (low, width) = bounds_of(index);
            assert_eq!(bounds_of(index + 1).0, low + width, "bin {index}");
        }
    }
}
