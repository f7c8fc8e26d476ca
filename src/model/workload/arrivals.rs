//! The steady stream: arrival instants one after the other, with O(1) memory.
//!
//! A random stream is a Poisson process in operational time: the rate, summed up from one arrival to the
//! next, is a unit exponential - or, with Weibull burstiness, a Weibull of mean 1. Gamma burstiness multiplies
//! the rate of each slot of time by a factor of mean 1 (a doubly stochastic Poisson process).
//!
//! Left out: a rate that differs between days of the week.

use super::Arrival;
use super::replay::Blocks;
use crate::engine::Stream;
use crate::model::distribution::Shape;
use crate::model::params::{Arrivals, Burstiness, Recorded};
use crate::units::{SimTime, Span};
use std::sync::Arc;

const HOUR: Span = Span::from_hours(1);
/// No run is as long; a stream whose next message lies beyond has ended.
const BEYOND: SimTime = SimTime::from_nanos(12 * 366 * 24 * HOUR.nanos());

/// The steady stream.
#[derive(Debug)]
pub(super) struct Steady {
    kind: Kind,
    clock_at_start: Span,
    gaps: Stream,
    drawn: u64,
    gap: Gap,
    mood: Mood,
    next: Option<Arrival>,
}

#[derive(Debug)]
enum Kind {
    None,
    Poisson {
        per_second: f64,
    },
    Constant {
        per_second: f64,
    },
    /// Messages per hour, by hour of the day.
    Hourly {
        per_hour: Box<[f64; 24]>,
        hour: Hour,
    },
    Replay {
        recorded: Arc<[Recorded]>,
    },
    Resampled(Blocks),
}

/// The hour of the day that the last arrival fell into.
#[derive(Clone, Copy, Debug, Default)]
struct Hour {
    begin: SimTime,
    end: SimTime,
    rate: f64,
}

/// What lies between two arrivals, in operational time.
#[derive(Debug)]
enum Gap {
    Exponential,
    /// The power and factor of -ln u.
    Weibull {
        power: f64,
        factor: f64,
    },
}

impl Gap {
    fn draw(&self, stream: &Stream, index: u64) -> f64 {
        let exponential = -libm::log(stream.uniform(index));
        match self {
            Gap::Exponential => exponential,
            Gap::Weibull { power, factor } => libm::pow(exponential, *power) * factor,
        }
    }
}

/// What multiplies the rate in each slot of time.
#[derive(Debug)]
enum Mood {
    Even,
    Gamma { factors: Shape, every: Span, stream: Stream, slot: u64, factor: f64 },
}

impl Mood {
    fn new(burstiness: Burstiness, stream: Stream) -> Self {
        match burstiness {
            Burstiness::Gamma { shape, every } if !every.is_zero() => {
                let factors = Shape::Gamma { mean: 1.0, shape };
                let factor = factors.draw(&mut stream.at(0));
                Mood::Gamma { factors, every, stream, slot: 0, factor }
            }
            _ => Mood::Even,
        }
    }

    /// The factor at `at`, and how long it still holds.
    fn at(&mut self, at: SimTime) -> (f64, Span) {
        match self {
            Mood::Even => (1.0, Span::MAX),
            Mood::Gamma { factors, every, stream, slot, factor } => {
                let number = at.nanos() / every.nanos();
                if number != *slot {
                    *slot = number;
                    *factor = factors.draw(&mut stream.at(number));
                }
                (*factor, Span::from_nanos(every.nanos() - at.nanos() % every.nanos()))
            }
        }
    }
}

impl Steady {
    pub(super) fn new(
        arrivals: &Arrivals,
        burstiness: Burstiness,
        clock_at_start: Span,
        stream: &dyn Fn(&str) -> Stream,
    ) -> Self {
        let modulated = matches!(burstiness, Burstiness::Gamma { .. });
        let kind = match arrivals {
            Arrivals::None => Kind::None,
            Arrivals::Poisson(rate) if rate.0 > 0.0 && modulated => {
                let per_hour = Box::new([rate.0 * HOUR.seconds(); 24]);
                Kind::Hourly { per_hour, hour: Hour::default() }
            }
            Arrivals::Poisson(rate) if rate.0 > 0.0 => Kind::Poisson { per_second: rate.0 },
            Arrivals::Constant(rate) if rate.0 > 0.0 => Kind::Constant { per_second: rate.0 },
            Arrivals::DailyProfile(per_hour) if per_hour.iter().sum::<f64>() > 0.0 => {
                Kind::Hourly { per_hour: per_hour.clone(), hour: Hour::default() }
            }
            Arrivals::Replay(recorded) => Kind::Replay { recorded: recorded.clone() },
            Arrivals::Resampled { recorded, block } if !recorded.is_empty() && !block.is_zero() => {
                Kind::Resampled(Blocks::new(recorded.clone(), *block, stream("blocks")))
            }
            _ => Kind::None,
        };
        let gap = match burstiness {
            Burstiness::Weibull { shape } => {
                let power = 1.0 / shape;
                Gap::Weibull { power, factor: 1.0 / libm::tgamma(1.0 + power) }
            }
            Burstiness::None | Burstiness::Gamma { .. } => Gap::Exponential,
        };
        let mood = Mood::new(burstiness, stream("moods"));
        let gaps = stream("arrivals");
        let mut steady = Steady { kind, clock_at_start, gaps, drawn: 0, gap, mood, next: None };
        steady.next = steady.after(SimTime::ZERO);
        steady
    }

    /// When the next one arrives.
    #[inline]
    pub(super) fn next_at(&self) -> Option<SimTime> {
        self.next.map(|arrival| arrival.at)
    }

    /// The next one, and on to the one after it.
    pub(super) fn take(&mut self) -> Option<Arrival> {
        let next = self.next?;
        self.next = self.after(next.at);
        Some(next)
    }

    /// The arrival that follows one at `last`.
    fn after(&mut self, last: SimTime) -> Option<Arrival> {
        let number = self.drawn;
        self.drawn += 1;
        let mut recorded = None;
        let at = match &mut self.kind {
            Kind::None => return None,
            Kind::Poisson { per_second } => {
                last + Span::from_seconds(self.gap.draw(&self.gaps, number) / *per_second)
            }
            Kind::Constant { per_second } => {
                // From the start, not from the last one: no rounding error builds up.
                SimTime::ZERO + Span::from_seconds((number + 1) as f64 / *per_second)
            }
            Kind::Hourly { per_hour, hour } => {
                let mass = self.gap.draw(&self.gaps, number);
                let (mood, start) = (&mut self.mood, self.clock_at_start);
                after_mass((per_hour, hour), mood, last, start, mass)
            }
            Kind::Replay { recorded: list } => recorded.insert(*list.get(number as usize)?).at,
            Kind::Resampled(blocks) => recorded.insert(blocks.next()?).at,
        };
        let (bytes, recipients, destination) =
            recorded.map_or((None, None, None), |r| (r.bytes, r.recipients, r.destination));
        Some(Arrival { at, draw_key: number, bytes, recipients, destination })
    }
}

/// The instant at which the rate, summed up from `from`, reaches `mass` messages (inversion of a
/// non-homogeneous Poisson process).
fn after_mass(
    (per_hour, hour): (&[f64; 24], &mut Hour),
    mood: &mut Mood,
    from: SimTime,
    clock_at_start: Span,
    mut mass: f64,
) -> SimTime {
    let mut at = from;
    while at < BEYOND {
        if !(hour.begin..hour.end).contains(&at) {
            let clock = at.nanos().saturating_add(clock_at_start.nanos());
            let end = at + Span::from_nanos(HOUR.nanos() - clock % HOUR.nanos());
            let rate = per_hour[(clock / HOUR.nanos() % 24) as usize];
            *hour = Hour { begin: at, end, rate };
        }
        let (factor, left_of_slot) = mood.at(at);
        let rate = hour.rate * factor;
        let step = hour.end.since(at).min(left_of_slot);
        let within = rate * step.seconds() / 3600.0;
        if within > mass {
            return at + step.scale(mass / within);
        }
        mass -= within;
        at += step;
    }
    SimTime::MAX
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::params::BUSINESS_DAY;
    use crate::units::Rate;

    fn steady(arrivals: &Arrivals, burstiness: Burstiness, starts: Span) -> Steady {
        Steady::new(arrivals, burstiness, starts, &|name| Stream::new(42, 0, name))
    }

    fn instants(arrivals: &Arrivals, starts: Span, until: SimTime) -> Vec<SimTime> {
        let mut steady = steady(arrivals, Burstiness::None, starts);
        let mut list = Vec::new();
        while steady.next_at().is_some_and(|at| at < until) {
            list.extend(steady.take().map(|arrival| arrival.at));
        }
        list
    }

    #[test]
    fn the_business_day_sums_to_one_and_peaks_at_12_percent() {
        assert!((BUSINESS_DAY.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert_eq!(BUSINESS_DAY.iter().cloned().fold(0.0, f64::max), 0.12);
    }

    #[test]
    fn a_daily_profile_puts_each_hour_s_share_into_that_hour() {
        let profile = Arrivals::DailyProfile(Box::new(BUSINESS_DAY.map(|share| share * 100_000.0)));
        let start = Span::from_hours(6);
        let list = instants(&profile, start, SimTime::ZERO + Span::from_hours(24));
        for (hour, share) in BUSINESS_DAY.iter().enumerate() {
            let clock = |at: &SimTime| ((at.nanos() + start.nanos()) / HOUR.nanos()) as usize % 24;
            let count = list.iter().filter(|at| clock(at) == hour).count() as f64;
            let expected = share * 100_000.0;
            assert!((count - expected).abs() < 5.0 * expected.sqrt(), "{hour}: {count} {expected}");
        }
    }

    #[test]
    fn constant_arrivals_are_evenly_spaced_without_drift() {
        let rate = Arrivals::Constant(Rate(3.0));
        let list = instants(&rate, Span::ZERO, SimTime::ZERO + Span::from_secs(1000));
        assert_eq!(list[2], SimTime::ZERO + Span::from_secs(1));
        assert_eq!(list[2996], SimTime::ZERO + Span::from_secs(999));
    }

    #[test]
    fn hours_without_mail_are_passed_over_and_a_profile_of_zeros_never_hangs() {
        let mut only_noon = [0.0; 24];
        only_noon[12] = 10.0;
        let profile = Arrivals::DailyProfile(Box::new(only_noon));
        let list = instants(&profile, Span::ZERO, SimTime::ZERO + Span::from_hours(72));
        assert!(list.iter().all(|at| at.nanos() / HOUR.nanos() % 24 == 12));
        assert!(!list.is_empty());
        let nothing = Arrivals::DailyProfile(Box::new([0.0; 24]));
        assert!(instants(&nothing, Span::ZERO, SimTime::MAX).is_empty());
    }

    /// Messages in each of `slots` slots of a stream of 1 a second.
    fn counts(burstiness: Burstiness, slot: Span, slots: usize) -> Vec<f64> {
        let rate = Arrivals::Poisson(Rate(1.0));
        let mut steady = steady(&rate, burstiness, Span::ZERO);
        let mut counts = vec![0.0; slots];
        let end = SimTime::ZERO + slot * slots as u64;
        while let Some(at) = steady.next_at().filter(|at| *at < end) {
            counts[(at.nanos() / slot.nanos()) as usize] += 1.0;
            steady.take();
        }
        counts
    }

    /// Mean, and variance over mean.
    fn dispersion(counts: &[f64]) -> (f64, f64) {
        let n = counts.len() as f64;
        let mean = counts.iter().sum::<f64>() / n;
        let variance = counts.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / (n - 1.0);
        (mean, variance / mean)
    }

    #[test]
    fn burstiness_keeps_the_rate_and_spreads_the_counts_as_theory_says() {
        let (slot, slots) = (Span::from_secs(300), 4000);
        let near = |is: f64, should: f64, by: f64| {
            assert!((is - should).abs() < by * should, "{is}, not {should}");
        };
        let (mean, even) = dispersion(&counts(Burstiness::None, slot, slots));
        near(mean, 300.0, 0.01);
        near(even, 1.0, 0.1);
        // A renewal process over long slots: variance / mean -> squared variation of the gaps, which is
        // Gamma(1 + 2/k) / Gamma(1 + 1/k)^2 - 1 = 5 for a Weibull of shape 0.5.
        let weibull = Burstiness::Weibull { shape: 0.5 };
        let (mean, bursty) = dispersion(&counts(weibull, slot, slots));
        near(mean, 300.0, 0.02);
        near(bursty, 5.0, 0.12);
        // Mixed Poisson: 1 + mean / shape.
        let gamma = Burstiness::Gamma { shape: 4.0, every: slot };
        let (mean, bursty) = dispersion(&counts(gamma, slot, slots));
        near(mean, 300.0, 0.03);
        near(bursty, 1.0 + 300.0 / 4.0, 0.1);
    }

    #[test]
    fn a_stream_too_thin_for_any_run_ends() {
        let gamma = Burstiness::Gamma { shape: 4.0, every: Span::from_mins(1) };
        let thin = Arrivals::Poisson(Rate(1e-12));
        assert_eq!(steady(&thin, gamma, Span::ZERO).next_at(), Some(SimTime::MAX));
    }
}
