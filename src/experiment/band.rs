//! How well a distribution of delays is known: at each of many delays an interval for the share of the mail that
//! is delivered within it.
//!
//! The intervals are those of `late.<duration>`: by bootstrap over replications, 95 % for each delay by itself. Mail
//! whose fate is open counts on both sides: as late as it is old at one end, as never delivered at the other.

use super::Evidence;
use crate::measure::Metric;
use crate::units::Span;

/// What is known at one delay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Within {
    /// The delay.
    pub seconds: f64,
    /// Lower end of the interval of the share that is delivered within it.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Work for one picture: delays times replications.
const WORK: usize = 20_000;
/// Fewest and most delays looked at.
const DELAYS: (usize, usize) = (40, 200);
const HOUR: f64 = 3600.0;

/// The intervals along a curve of (delay in seconds, share delivered within it); none from fewer than two
/// replications.
pub fn delay_band(evidence: &Evidence, curve: &[(f64, f64)]) -> Vec<Within> {
    let days = evidence.records().len();
    if days < 2 {
        return Vec::new();
    }
    let most = (WORK / days).clamp(DELAYS.0, DELAYS.1);
    let known = |seconds: f64| {
        let late = evidence.estimate(Metric::Late(Span::from_seconds(seconds)));
        let (low, high) = (late.low?, late.high?);
        Some(Within { seconds, low: 1.0 - high.min(1.0), high: 1.0 - low.max(0.0) })
    };
    thinned(curve, most).into_iter().filter_map(known).collect()
}

/// About `most` delays of the curve, where it moves: along the logarithm of the delay, up, or down the logarithm of
/// what is left; an hour is always among them if the curve goes so far.
fn thinned(curve: &[(f64, f64)], most: usize) -> Vec<f64> {
    let place = |(seconds, share): (f64, f64)| {
        let left = libm::log10((1.0 - share).clamp(1e-6, 1.0));
        [libm::log10(seconds.max(1e-3)) / 5.0, share, left / 6.0]
    };
    let step = 3.0 / most as f64;
    let mut delays: Vec<f64> = Vec::new();
    let mut last: Option<[f64; 3]> = None;
    for (index, point) in curve.iter().enumerate() {
        let here = place(*point);
        let far = last.is_none_or(|last| {
            here.iter().zip(last).map(|(here, last)| (here - last).abs()).sum::<f64>() >= step
        });
        if far || index + 1 == curve.len() {
            delays.push(point.0);
            last = Some(here);
        }
    }
    let hour = delays.partition_point(|delay| *delay < HOUR);
    if hour > 0 && hour < delays.len() && delays[hour] > HOUR {
        delays.insert(hour, HOUR);
    }
    delays
}

#[cfg(test)]
mod tests {
    use super::super::estimate::tests::record;
    use super::*;
    use crate::measure::RunRecord;

    fn days() -> Vec<RunRecord> {
        let day = |day: u64| {
            record(&(0..200).map(|n| 1 + n * (day % 7 + 1) * 10).collect::<Vec<_>>(), &[], &[])
        };
        (0..20).map(day).collect()
    }

    fn curve() -> Vec<(f64, f64)> {
        (1..=14_000).map(|n| (f64::from(n), f64::from(n) / 14_000.0)).collect()
    }

    #[test]
    fn at_one_hour_the_band_is_the_interval_of_the_table() {
        let days = days();
        let evidence = Evidence::new(&days, 42);
        let band = delay_band(&evidence, &curve());
        let at_an_hour = band.iter().find(|one| one.seconds == HOUR).expect("an hour");
        let late = evidence.estimate(Metric::Late(Span::from_hours(1)));
        assert_eq!(Some(at_an_hour.high), late.low.map(|low| 1.0 - low));
        assert_eq!(Some(at_an_hour.low), late.high.map(|high| 1.0 - high));
        let inside = |one: &Within| 0.0 <= one.low && one.low <= one.high && one.high <= 1.0;
        assert!(band.iter().all(inside) && band.is_sorted_by(|a, b| a.seconds < b.seconds));
        assert!(at_an_hour.high - at_an_hour.low > 0.02, "days differ: {at_an_hour:?}");
    }

    #[test]
    fn one_day_has_no_band_and_no_mail_none_either() {
        let days = days();
        assert_eq!(delay_band(&Evidence::new(&days[..1], 42), &curve()), []);
        assert_eq!(delay_band(&Evidence::new(&days, 42), &[]), []);
    }

    #[test]
    fn the_work_has_a_limit_however_many_days_there_are() {
        for most in [40, 200] {
            let count = thinned(&curve(), most).len();
            assert!(count > most / 4 && count <= most + 2, "{count} of {most}");
        }
    }

    #[test]
    fn mail_that_is_still_queued_widens_the_band_downwards() {
        let mut days = days();
        let sure = delay_band(&Evidence::new(&days, 42), &curve());
        days.iter_mut().for_each(|day| day.delays.queued.record(5_000_000_000));
        let open = delay_band(&Evidence::new(&days, 42), &curve());
        let last = |band: &[Within]| *band.last().expect("a point");
        assert!(last(&open).low < 0.999 && last(&sure).low == 1.0);
    }
}
