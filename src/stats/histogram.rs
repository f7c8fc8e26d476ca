//! A log-linear histogram of whole numbers (here: nanoseconds), mergeable by addition.
//!
//! Each power of two is split into 1,024 equal bins, so that a value is known to within 1/2,048 of itself
//! (0.05 %); values below 2,048 are exact. Count, sum, minimum and maximum are exact.
//!
//! Life: **open** while values are recorded, one counter for each bin; **packed** once that is over, a few
//! bytes for each bin that holds something. What is recorded into a packed one opens it again. The two
//! are equal when they hold the same values.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bins per power of two: 2^10.
const BITS: u32 = 10;
const BINS: u64 = 1 << BITS;

/// Counts of values by size.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    counts: Counts,
    count: u64,
    sum: u128,
    min: u64,
    max: u64,
}

#[derive(Clone, Debug)]
enum Counts {
    /// By bin, from the first.
    Open(Vec<u64>),
    /// For each bin that holds something: bins passed over, count; as numbers of seven bits a byte (LEB128).
    Packed(Box<[u8]>),
}

impl Default for Counts {
    fn default() -> Self {
        Counts::Open(Vec::new())
    }
}

/// The bins that hold something, ascending: (number of the bin, count).
enum Occupied<'a> {
    Open(std::iter::Enumerate<std::slice::Iter<'a, u64>>),
    Packed { bytes: &'a [u8], next: usize },
}

impl Iterator for Occupied<'_> {
    type Item = (usize, u64);

    fn next(&mut self) -> Option<(usize, u64)> {
        match self {
            Occupied::Open(counts) => {
                counts.find(|(_, count)| **count > 0).map(|(bin, count)| (bin, *count))
            }
            Occupied::Packed { bytes, next } => {
                let bin = *next + number(bytes)? as usize;
                *next = bin + 1;
                Some((bin, number(bytes)?))
            }
        }
    }
}

/// Takes one number off the front.
fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for place in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << place;
        if byte & 0x80 == 0 {
            break;
        }
    }
    Some(value)
}

fn append(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
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
        let counts = self.open();
        if bin >= counts.len() {
            counts.resize(bin + 1, 0);
        }
        counts[bin] += 1;
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
        let counts = self.open();
        for (bin, theirs) in other.occupied() {
            if bin >= counts.len() {
                counts.resize(bin + 1, 0);
            }
            counts[bin] += theirs;
        }
        self.min = if self.count == 0 { other.min } else { self.min.min(other.min) };
        self.max = self.max.max(other.max);
        self.count += other.count;
        self.sum += other.sum;
    }

    /// Gives back the memory of empty bins, once all is recorded.
    pub fn pack(&mut self) {
        if let Counts::Open(_) = self.counts {
            self.counts = Counts::Packed(packed(self.occupied()));
        }
    }

    fn open(&mut self) -> &mut Vec<u64> {
        if let Counts::Packed(_) = self.counts {
            let mut counts = Vec::new();
            for (bin, count) in self.occupied() {
                counts.resize(bin, 0);
                counts.push(count);
            }
            self.counts = Counts::Open(counts);
        }
        match &mut self.counts {
            Counts::Open(counts) => counts,
            Counts::Packed(_) => unreachable!("it was opened above"),
        }
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

    /// Bins that hold something, ascending, as (number, count); [`Histogram::middle`] says what a number stands
    /// for.
    pub(super) fn occupied(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        match &self.counts {
            Counts::Open(counts) => Occupied::Open(counts.iter().enumerate()),
            Counts::Packed(bytes) => Occupied::Packed { bytes, next: 0 },
        }
    }

    /// Bins up to the last that holds something.
    pub(super) fn bins_spanned(&self) -> usize {
        if self.count == 0 { 0 } else { bin_of(self.max) + 1 }
    }

    /// The value that stands for bin `index`: its middle.
    pub(super) fn middle(index: usize) -> u64 {
        let (low, width) = bounds_of(index);
        low + (width - 1) / 2
    }

    /// Non-empty bins in ascending order: (representative value, count). The representative is the middle
    /// of the bin, within the exact minimum and maximum.
    pub fn bins(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.occupied()
            .map(|(bin, count)| (Histogram::middle(bin).clamp(self.min, self.max), count))
    }
}

impl PartialEq for Histogram {
    fn eq(&self, other: &Self) -> bool {
        let whole = |of: &Self| (of.count, of.sum, of.min, of.max);
        whole(self) == whole(other) && self.occupied().eq(other.occupied())
    }
}

impl Eq for Histogram {}

fn packed(occupied: impl Iterator<Item = (usize, u64)>) -> Box<[u8]> {
    let (mut bytes, mut next) = (Vec::new(), 0);
    for (bin, count) in occupied {
        append(&mut bytes, (bin - next) as u64);
        append(&mut bytes, count);
        next = bin + 1;
    }
    bytes.into_boxed_slice()
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
        for (index, count) in self.occupied() {
            bins.push(((index - next) as u64, count));
            next = index + 1;
        }
        Sparse { sum: self.sum, min: self.min, max: self.max, bins }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Histogram {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Sparse { sum, min, max, bins } = Sparse::deserialize(deserializer)?;
        let (mut occupied, mut next, mut count) = (Vec::with_capacity(bins.len()), 0, 0u64);
        for (passed, in_bin) in bins {
            let bin = usize::try_from(passed).ok().and_then(|passed| passed.checked_add(next));
            let bin = bin.filter(|bin| *bin < MOST_BINS);
            let bin = bin.ok_or_else(|| D::Error::custom("a bin that does not exist"))?;
            occupied.push((bin, in_bin));
            next = bin + 1;
            count = count.checked_add(in_bin).ok_or_else(|| D::Error::custom("too many values"))?;
        }
        if occupied.last().is_some_and(|(bin, _)| *bin != bin_of(max)) {
            return Err(D::Error::custom("a greatest value that is in no bin"));
        }
        let counts = Counts::Packed(packed(occupied.into_iter()));
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
            histogram.pack();
            assert_eq!(postcard::to_stdvec(&histogram).expect("written"), bytes, "packed");
            histogram.record(value);
        }
        assert!(postcard::to_stdvec(&histogram).expect("written").len() < 100, "it is sparse");
        let far = postcard::to_stdvec(&(0u128, 0u64, 0u64, vec![(u64::MAX, 1u64)]));
        assert!(postcard::from_bytes::<Histogram>(&far.expect("written")).is_err());
    }

    #[test]
    fn a_packed_histogram_takes_further_values_and_holds_but_a_few_bytes_a_bin() {
        let (mut packed, mut open) = <(Histogram, Histogram)>::default();
        for value in (0..2_000u64).map(|n| n * n * n) {
            packed.record(value);
            open.record(value);
            if value % 7 == 0 {
                packed.pack();
            }
        }
        packed.pack();
        assert_eq!(packed, open);
        assert!(packed.bins().eq(open.bins()));
        let Counts::Packed(bytes) = &packed.counts else { panic!("packed") };
        assert!(bytes.len() < 4 * packed.occupied().count(), "{}", bytes.len());
        open.merge(&packed);
        assert_eq!((open.count(), open.sum()), (4_000, 2 * packed.sum()));
    }

    #[test]
    fn bins_are_contiguous() {
        for index in 0..20_000 {
            let (low, width) = bounds_of(index);
            assert_eq!(bounds_of(index + 1).0, low + width, "bin {index}");
        }
    }
}
