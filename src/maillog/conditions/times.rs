//! What a message takes, as a straight line through many: sums for each quarter of an hour of the day and for
//! one, some or many connections at work, so that slow hours do not bend the line.

use super::{MessageTime, Slow};
use crate::units::Span;

/// Quarters of an hour in a day.
const BINS: usize = 96;
const BIN_SECONDS: i64 = 900;
/// One, some, many connections at work.
const CROWDS: usize = 3;
/// Fewer messages in a bin say nothing.
const ENOUGH: f64 = 20.0;
/// Single messages are known to the second only: it takes more of them.
const ENOUGH_SINGLE: f64 = 100.0;
/// A body that hardly takes any time.
const SMALL: u64 = 10_000;
/// A body that takes a while even where nothing else is going on.
const LARGE: u64 = 200_000;
/// Bodies take longer by this factor while many connections are at work: they share a link.
const SHARED: f64 = 2.0;
/// The weight of a time that is known to the second, beside one that scatters by a sixth of a second.
const TO_THE_SECOND: f64 = 0.15;
/// A quarter is slow if its base is so many times the usual one.
const SLOW: f64 = 1.5;
/// Neighbouring slow quarters are one time if their bases differ by no more than this factor.
const ALIKE: f64 = 1.5;

/// Sums over messages of size x (bytes) that took y (seconds).
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    n: f64,
    x: f64,
    y: f64,
    xx: f64,
    xy: f64,
    yy: f64,
}

impl Sums {
    fn add(&mut self, x: f64, y: f64) {
        self.n += 1.0;
        self.x += x;
        self.y += y;
        self.xx += x * x;
        self.xy += x * y;
        self.yy += y * y;
    }

    fn merge(&mut self, other: &Sums) {
        self.n += other.n;
        self.x += other.x;
        self.y += other.y;
        self.xx += other.xx;
        self.xy += other.xy;
        self.yy += other.yy;
    }

    /// Sums of squares and products around the means: xx, xy, yy.
    fn centred(&self) -> (f64, f64, f64) {
        let n = self.n.max(1.0);
        let xx = self.xx - self.x * self.x / n;
        let xy = self.xy - self.x * self.y / n;
        let yy = self.yy - self.y * self.y / n;
        (xx.max(0.0), xy, yy.max(0.0))
    }
}

/// The slope that cells have in common, whatever their means, and its standard error.
///
/// `known_to_the_second` are cells whose times are, which makes them so much less certain.
fn slope<'a>(
    cells: impl Iterator<Item = &'a Sums>,
    known_to_the_second: impl Iterator<Item = &'a Sums>,
) -> Option<(f64, f64)> {
    let cells = cells.map(|cell| (cell, 1.0));
    let cells = cells.chain(known_to_the_second.map(|cell| (cell, TO_THE_SECOND)));
    let (mut xx, mut xy) = (0.0, 0.0);
    let (mut yy, mut freedom) = (0.0, 0.0);
    for (cell, certainty) in cells.filter(|(cell, _)| cell.n >= 3.0 && cell.y > 0.0) {
        let (cxx, cxy, cyy) = cell.centred();
        // Times scatter in proportion to their mean: slow hours count for less.
        let weight = certainty * (cell.n / cell.y).powi(2);
        xx += weight * cxx;
        xy += weight * cxy;
        yy += weight * cyy;
        freedom += cell.n - 1.0;
    }
    if xx <= 0.0 || freedom < 2.0 {
        return None;
    }
    let slope = xy / xx;
    let scatter = (yy - slope * xy).max(0.0) / (freedom - 1.0);
    Some((slope, (scatter / xx).sqrt()))
}

/// Where the sums of a second of the log and a number of connections at work are kept.
fn cell(second: i64, crowd: usize) -> usize {
    let bin = (second.rem_euclid(86_400) / BIN_SECONDS) as usize;
    let crowd = match crowd {
        0 | 1 => 0,
        2 | 3 => 1,
        _ => 2,
    };
    bin * CROWDS + crowd
}

/// All sums of one receiver.
#[derive(Clone, Debug)]
pub(super) struct Times {
    cells: Vec<Sums>,
    /// Large messages that were the first on their connection: their time is known to the second only, which says
    /// something of the slope and nothing of the scatter.
    first: Vec<Sums>,
    /// All messages that were the first on their connection, by the quarter alone: where hardly any follows another,
    /// their mean is what is known.
    single: Vec<Sums>,
    /// Small messages that followed another.
    small: Sums,
}

impl Default for Times {
    fn default() -> Self {
        let none = vec![Sums::default(); BINS * CROWDS];
        Times {
            cells: none.clone(),
            first: none,
            single: vec![Sums::default(); BINS],
            small: Sums::default(),
        }
    }
}

impl Times {
    /// A message of `bytes` took `seconds` at this second of the log, while so many connections were at work.
    pub(super) fn add(&mut self, second: i64, crowd: usize, bytes: u64, seconds: f64) {
        self.cells[cell(second, crowd)].add(bytes as f64, seconds);
        if bytes <= SMALL {
            self.small.add(bytes as f64, seconds);
        }
    }

    /// The same for a message that was the first on its connection.
    pub(super) fn add_first(&mut self, second: i64, crowd: usize, bytes: u64, seconds: f64) {
        let cell = cell(second, crowd);
        if bytes >= LARGE {
            self.first[cell].add(bytes as f64, seconds);
        }
        self.single[cell / CROWDS].add(bytes as f64, seconds);
    }

    pub(super) fn merge(&mut self, other: &Times) {
        let all = self.cells.iter_mut().chain(&mut self.first).chain(&mut self.single);
        let others = other.cells.iter().chain(&other.first).chain(&other.single);
        for (mine, theirs) in all.zip(others) {
            mine.merge(theirs);
        }
        self.small.merge(&other.small);
    }

    /// Messages on busy connections by the quarter of an hour.
    fn pairs(&self) -> Vec<Sums> {
        let quarters = self.cells.chunks(CROWDS);
        quarters
            .map(|cells| {
                let mut all = Sums::default();
                cells.iter().for_each(|cell| all.merge(cell));
                all
            })
            .collect()
    }

    /// By how much a byte prolongs a message: at all, while one connection was at work, while many were.
    fn slopes(&self) -> [Option<f64>; 3] {
        let significant = |found: Option<(f64, f64)>| {
            found.filter(|(slope, error)| *slope > 3.0 * error).map(|(slope, _)| slope)
        };
        let crowd = |number: usize| {
            fn of(cells: &[Sums], number: usize) -> impl Iterator<Item = &Sums> {
                cells.iter().skip(number).step_by(CROWDS)
            }
            significant(slope(of(&self.cells, number), of(&self.first, number)))
        };
        let all = significant(slope(self.cells.iter(), self.first.iter()));
        [all, crowd(0), crowd(CROWDS - 1)]
    }

    /// What they come to.
    pub(super) fn finish(&self) -> Option<MessageTime> {
        let slopes = self.slopes();
        match slopes {
            [_, Some(alone), Some(many)] if many > SHARED * alone => {
                self.of_small_ones(alone, many).or_else(|| self.of_all_times(slopes))
            }
            slopes => self.of_all_times(slopes),
        }
    }

    /// Where connections share a link, a large body says more of the others than of the receiver: small messages are what
    /// its own time shows in. Slow quarters are the link's doing then.
    fn of_small_ones(&self, alone: f64, many: f64) -> Option<MessageTime> {
        let small = &self.small;
        let (.., scatter) = small.centred();
        let base = (small.y - many * small.x) / small.n.max(1.0);
        (small.n >= ENOUGH && base > 0.0).then(|| MessageTime {
            n: small.n as u64,
            base,
            deviation: Some((scatter / (small.n - 1.0)).sqrt()),
            per_byte: Some(alone),
            per_byte_alone: Some(alone),
            per_byte_among_many: Some(many),
            slow: Vec::new(),
        })
    }

    fn of_all_times(&self, slopes: [Option<f64>; 3]) -> Option<MessageTime> {
        let [per_byte, per_byte_alone, per_byte_among_many] = slopes;
        let rate = per_byte.unwrap_or(0.0);
        let base_of = |bin: &Sums| ((bin.y - rate * bin.x) / bin.n.max(1.0)).max(0.0);
        let pairs = self.pairs();
        // Where few messages follow another, the single ones say more.
        let bins: Vec<Sums> = pairs
            .iter()
            .zip(&self.single)
            .map(|(pair, single)| if pair.n >= ENOUGH { *pair } else { *single })
            .collect();
        let is_known =
            |number: usize| pairs[number].n >= ENOUGH || self.single[number].n >= ENOUGH_SINGLE;
        let mut known: Vec<f64> = (0..BINS)
            .filter(|number| is_known(*number))
            .map(|number| base_of(&bins[number]))
            .collect();
        known.sort_by(f64::total_cmp);
        // Most of the day is usual: half of the quarters that are known.
        let usual = known.get(known.len().saturating_sub(1) / 2).copied();
        let is_slow = |number: usize| {
            is_known(number) && usual.is_some_and(|usual| base_of(&bins[number]) > SLOW * usual)
        };
        let (mut ordinary, mut single) = (Sums::default(), Sums::default());
        let (mut scatter, mut freedom) = (0.0, 0.0);
        for number in (0..BINS).filter(|number| !is_slow(*number)) {
            single.merge(&self.single[number]);
            ordinary.merge(&pairs[number]);
            let (xx, xy, yy) = pairs[number].centred();
            scatter += (yy - 2.0 * rate * xy + rate * rate * xx).max(0.0);
            freedom += (pairs[number].n - 1.0).max(0.0);
        }
        let of_pairs = ordinary.n >= ENOUGH && freedom >= ENOUGH / 2.0;
        if !of_pairs && single.n < ENOUGH_SINGLE {
            return None;
        }
        let from = if of_pairs { &ordinary } else { &single };
        Some(MessageTime {
            n: from.n as u64,
            base: base_of(from),
            deviation: of_pairs.then(|| (scatter / freedom).sqrt()),
            per_byte,
            per_byte_alone,
            per_byte_among_many,
            slow: slow_times(&bins, (&is_slow, &is_known), &base_of),
        })
    }
}

/// Neighbouring slow quarters as one; quarters between them of which nothing is known are taken for slow.
fn slow_times(
    bins: &[Sums],
    (is_slow, is_known): (&dyn Fn(usize) -> bool, &dyn Fn(usize) -> bool),
    base_of: &dyn Fn(&Sums) -> f64,
) -> Vec<Slow> {
    let mut found: Vec<(usize, usize, Sums)> = Vec::new();
    for (number, bin) in bins.iter().enumerate().filter(|(number, _)| is_slow(*number)) {
        let base = base_of(bin);
        match found.last_mut() {
            Some((_, end, sums))
                if !(*end..number).any(is_known)
                    && base_of(sums).max(base) <= ALIKE * base_of(sums).min(base) =>
            {
                *end = number + 1;
                sums.merge(bin);
            }
            _ => found.push((number, number + 1, *bin)),
        }
    }
    let at = |bin: usize| Span::from_secs(bin as u64 * BIN_SECONDS as u64);
    found
        .into_iter()
        .map(|(from, until, sums)| Slow {
            from: at(from),
            until: at(until % BINS),
            base: base_of(&sums),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Messages of the sizes 1 to 50 KB over a day, one a minute, each taking what `seconds` says.
    fn times(seconds: impl Fn(i64, f64) -> f64) -> MessageTime {
        let mut times = Times::default();
        for minute in 0..1440i64 {
            let bytes = 1000 * (1 + (minute * 7919) % 50) as u64;
            for crowd in 1..6 {
                let noise = ((minute * 31 + crowd * 17) % 11 - 5) as f64 * 0.01;
                let took = seconds(minute, bytes as f64) + noise;
                times.add(minute * 60, crowd as usize, bytes, took);
            }
        }
        times.finish().expect("enough")
    }

    #[test]
    fn the_line_is_found_again() {
        let found = times(|_, bytes| 0.4 + 2e-6 * bytes);
        assert!((found.base - 0.4).abs() < 0.01, "{found:?}");
        assert!((found.per_byte.expect("a slope") / 2e-6 - 1.0).abs() < 0.05, "{found:?}");
        assert!((found.deviation.expect("known") - 0.0316).abs() < 0.005, "{found:?}");
        assert_eq!((found.n, found.slow.len()), (7200, 0));
    }

    #[test]
    fn slow_hours_are_told_apart_and_do_not_bend_the_line() {
        let slow = |minute| (540..630).contains(&minute);
        let found = times(|minute, bytes| if slow(minute) { 9.0 } else { 0.4 } + 2e-6 * bytes);
        assert!((found.base - 0.4).abs() < 0.01, "{found:?}");
        let [one] = found.slow[..] else { panic!("{found:?}") };
        assert_eq!((one.from, one.until), (Span::from_mins(540), Span::from_mins(630)));
        assert!((one.base - 9.0).abs() < 0.1, "{one:?}");
    }

    #[test]
    fn a_size_that_does_not_matter_has_no_slope() {
        assert_eq!(times(|_, _| 0.4).per_byte, None);
    }
}
