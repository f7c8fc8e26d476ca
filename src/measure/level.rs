//! A level that goes up and down: its time average, by bins and over the window, and its maximum.

use crate::units::{SimTime, Span};

/// The course of one level.
#[derive(Debug)]
pub(super) struct Level {
    level: i64,
    since: SimTime,
    bin: Span,
    /// The bin that `since` lies in, and its end.
    index: usize,
    bin_end: SimTime,
    /// Integral over the bin so far, in level * nanoseconds.
    area: f64,
    /// The same of each bin that is over.
    bins: Vec<f64>,
    from: SimTime,
    until: SimTime,
    /// Integral over the window, in level * nanoseconds.
    integral: f64,
    max: i64,
}

impl Level {
    /// A level of zero from the start; means are over `from` to `until`.
    pub(super) fn new(bin: Span, bins: usize, from: SimTime, until: SimTime) -> Self {
        Level {
            level: 0,
            since: SimTime::ZERO,
            bin,
            index: 0,
            bin_end: SimTime::ZERO + bin,
            area: 0.0,
            bins: vec![0.0; bins],
            from,
            until,
            integral: 0.0,
            max: 0,
        }
    }

    /// The level changes by `by` at `now`.
    #[inline]
    pub(super) fn change(&mut self, now: SimTime, by: i64) {
        // Nearly every step stays within a bin and within the window.
        if now < self.bin_end && now <= self.until && self.since >= self.from {
            let area = self.level as f64 * now.since(self.since).nanos() as i64 as f64;
            self.area += area;
            self.integral += area;
            self.since = self.since.max(now);
        } else {
            self.advance(now);
        }
        self.level += by;
        if by > 0 && now >= self.from && now <= self.until {
            self.max = self.max.max(self.level);
        }
    }

    #[cold]
    fn advance(&mut self, now: SimTime) {
        let end = now.min(self.until);
        while end >= self.bin_end && self.index + 1 < self.bins.len() {
            let bin_end = self.bin_end;
            self.add(bin_end);
            self.bins[self.index] = std::mem::take(&mut self.area);
            self.index += 1;
            self.bin_end = bin_end + self.bin;
        }
        self.add(end);
    }

    /// Carries the level on to `end`, within one bin.
    fn add(&mut self, end: SimTime) {
        if end <= self.since {
            return;
        }
        let level = self.level as f64;
        let area = level * end.since(self.since).nanos() as f64;
        self.area += area;
        if self.since >= self.from {
            self.integral += area;
        } else if end >= self.from {
            self.integral += level * end.since(self.from).nanos() as f64;
            // What stands when the window opens belongs to its maximum.
            self.max = self.max.max(self.level);
        }
        self.since = end;
    }

    /// Carries the level on to the end of the window.
    pub(super) fn finish(&mut self) {
        self.advance(self.until);
        self.bins[self.index] = self.area;
    }

    pub(super) fn max(&self) -> u64 {
        self.max.max(0) as u64
    }

    pub(super) fn mean(&self) -> f64 {
        let window = self.until.since(self.from).nanos() as f64;
        if window > 0.0 { self.integral / window } else { 0.0 }
    }

    /// Mean level of each bin; a last bin that the window cuts short is averaged over its part.
    pub(super) fn into_bins(self) -> Vec<f64> {
        let (bin, until) = (self.bin, self.until);
        let length = |index: usize| {
            let start = SimTime::from_nanos(index as u64 * bin.nanos());
            until.since(start).min(bin).nanos() as f64
        };
        let mean = |(index, sum): (usize, f64)| if sum > 0.0 { sum / length(index) } else { 0.0 };
        self.bins.into_iter().enumerate().map(mean).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SimTime {
        SimTime::ZERO + Span::from_secs(seconds)
    }

    #[test]
    fn means_are_weighted_by_time_and_stop_at_the_window() {
        let mut level = Level::new(Span::from_secs(10), 3, at(10), at(25));
        level.change(at(5), 2);
        level.change(at(15), -1);
        level.change(at(100), 7);
        level.finish();
        // 2 for 5 s, then 1 for 10 s, over 15 s.
        assert!((level.mean() - 20.0 / 15.0).abs() < 1e-12);
        assert_eq!(level.max(), 2);
        let bins = level.into_bins();
        assert_eq!(bins, [1.0, 1.5, 1.0]);
    }
}
