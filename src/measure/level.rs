//! A level that goes up and down: its time average, by bins and over the window, and its maximum.

use crate::units::{SimTime, Span};

/// The course of one level.
#[derive(Debug)]
pub(super) struct Level {
    level: i64,
    since: SimTime,
    bin: Span,
    /// Integral over each bin, in level * seconds.
    bins: Vec<f64>,
    from: SimTime,
    until: SimTime,
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
            bins: vec![0.0; bins],
            from,
            until,
            integral: 0.0,
            max: 0,
        }
    }

    /// The level changes by `by` at `now`.
    pub(super) fn change(&mut self, now: SimTime, by: i64) {
        self.advance(now);
        self.level += by;
        if now >= self.from && now <= self.until {
            self.max = self.max.max(self.level);
        }
    }

    fn advance(&mut self, now: SimTime) {
        let end = now.min(self.until);
        if end <= self.since {
            return;
        }
        if self.level != 0 {
            let measured = end.since(self.since.max(self.from));
            self.integral += self.level as f64 * measured.seconds();
            self.fill_bins(end);
        }
        if self.since < self.from && end >= self.from {
            // What stands when the window opens belongs to its maximum.
            self.max = self.max.max(self.level);
        }
        self.since = end;
    }

    fn fill_bins(&mut self, end: SimTime) {
        let mut at = self.since;
        while at < end {
            let index = at.ticks(self.bin);
            let bin_end = SimTime::from_nanos((index + 1) * self.bin.nanos()).min(end);
            if let Some(bin) = self.bins.get_mut(index as usize) {
                *bin += self.level as f64 * bin_end.since(at).seconds();
            }
            at = bin_end;
        }
    }

    /// Carries the level on to the end of the window.
    pub(super) fn finish(&mut self) {
        self.advance(self.until);
    }

    pub(super) fn max(&self) -> u64 {
        self.max.max(0) as u64
    }

    pub(super) fn mean(&self) -> f64 {
        let seconds = self.until.since(self.from).seconds();
        if seconds > 0.0 { self.integral / seconds } else { 0.0 }
    }

    /// Mean level of each bin; a last bin that the window cuts short is averaged over its part.
    pub(super) fn into_bins(self) -> Vec<f64> {
        let (bin, until) = (self.bin, self.until);
        let length = |index: usize| {
            let start = SimTime::from_nanos(index as u64 * bin.nanos());
            until.since(start).min(bin).seconds()
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
