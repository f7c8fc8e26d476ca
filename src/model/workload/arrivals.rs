//! Arrival instants: the steady stream and bursts, each with O(1) memory.

use super::{Arrival, SOURCE_STRIDE};
use crate::engine::Stream;
use crate::model::params::{Arrivals, Burst, Recorded};
use crate::units::{SimTime, Span};
use std::sync::Arc;

const HOUR: Span = Span::from_hours(1);

/// The steady stream.
#[derive(Debug)]
pub(super) struct Steady {
    kind: Kind,
    clock_at_start: Span,
    gaps: Stream,
    drawn: u64,
    next: Option<Arrival>,
}

#[derive(Debug)]
enum Kind {
    None,
    Poisson { per_second: f64 },
    Constant { per_second: f64 },
    Daily { per_hour: Box<[f64; 24]> },
    Replay { recorded: Arc<[Recorded]> },
}

impl Steady {
    pub(super) fn new(arrivals: &Arrivals, clock_at_start: Span, gaps: Stream) -> Self {
        let kind = match arrivals {
            Arrivals::None => Kind::None,
            Arrivals::Poisson(rate) if rate.0 > 0.0 => Kind::Poisson { per_second: rate.0 },
            Arrivals::Constant(rate) if rate.0 > 0.0 => Kind::Constant { per_second: rate.0 },
            Arrivals::DailyProfile(per_hour) if per_hour.iter().sum::<f64>() > 0.0 => {
                Kind::Daily { per_hour: per_hour.clone() }
            }
            Arrivals::Replay(recorded) => Kind::Replay { recorded: recorded.clone() },
            _ => Kind::None,
        };
        let mut steady = Steady { kind, clock_at_start, gaps, drawn: 0, next: None };
        steady.next = steady.after(SimTime::ZERO);
        steady
    }

    pub(super) fn peek(&self) -> Option<Arrival> {
        self.next
    }

    pub(super) fn advance(&mut self) {
        if let Some(arrival) = self.next {
            self.next = self.after(arrival.at);
        }
    }

    /// The arrival that follows one at `last`.
    fn after(&mut self, last: SimTime) -> Option<Arrival> {
        let number = self.drawn;
        self.drawn += 1;
        let (mut bytes, mut recipients, mut destination) = (None, None, None);
        let at = match &self.kind {
            Kind::None => return None,
            Kind::Poisson { per_second } => {
                last + Span::from_seconds(unit_exponential(&self.gaps, number) / per_second)
            }
            Kind::Constant { per_second } => {
                // From the start, not from the last one: no rounding error builds up.
                SimTime::ZERO + Span::from_seconds((number + 1) as f64 / per_second)
            }
            Kind::Daily { per_hour } => {
                let mass = unit_exponential(&self.gaps, number);
                after_mass(per_hour, last, self.clock_at_start, mass)
            }
            Kind::Replay { recorded } => {
                let record = recorded.get(number as usize)?;
                (bytes, recipients) = (record.bytes, record.recipients);
                destination = record.destination;
                record.at
            }
        };
        Some(Arrival { at, draw_key: number, bytes, recipients, destination })
    }
}

fn unit_exponential(stream: &Stream, index: u64) -> f64 {
    -libm::log(stream.uniform(index))
}

/// The instant at which the hourly rate, summed up from `from`, reaches `mass` messages (inversion of a
/// non-homogeneous Poisson process). At least one hour has a positive rate.
fn after_mass(per_hour: &[f64; 24], from: SimTime, clock_at_start: Span, mut mass: f64) -> SimTime {
    let mut at = from;
    loop {
        let clock = at.nanos().saturating_add(clock_at_start.nanos());
        let rate = per_hour[(clock / HOUR.nanos() % 24) as usize];
        let left_of_hour = Span::from_nanos(HOUR.nanos() - clock % HOUR.nanos());
        let within = rate * left_of_hour.seconds() / 3600.0;
        if within > mass {
            return at + left_of_hour.scale(mass / within);
        }
        mass -= within;
        let next = at + left_of_hour;
        if next == at {
            return SimTime::MAX;
        }
        at = next;
    }
}

/// All bursts, merged.
#[derive(Debug)]
pub(super) struct Bursts {
    bursts: Vec<OneBurst>,
    draws: Stream,
    next: Option<(SimTime, usize)>,
}

/// What is left of one burst.
#[derive(Debug)]
struct OneBurst {
    /// Its next message, while there are any.
    next: Option<SimTime>,
    end: SimTime,
    left: u64,
    number: u64,
}

impl Bursts {
    pub(super) fn new(bursts: &[Burst], draws: Stream) -> Self {
        let start = |burst: &Burst| OneBurst {
            next: Some(burst.at),
            end: burst.at + burst.over,
            left: burst.messages,
            number: 0,
        };
        let mut all = Bursts { bursts: bursts.iter().map(start).collect(), draws, next: None };
        for index in 0..all.bursts.len() {
            all.draw(index);
        }
        all.next = all.earliest();
        all
    }

    pub(super) fn peek(&self) -> Option<Arrival> {
        self.next.map(|(at, index)| Arrival {
            at,
            // `number` already counts the message that is pending.
            draw_key: (index as u64 + 1) * SOURCE_STRIDE + self.bursts[index].number - 1,
            ..Arrival::default()
        })
    }

    pub(super) fn advance(&mut self) {
        if let Some((_, index)) = self.next {
            self.draw(index);
            self.next = self.earliest();
        }
    }

    /// Draws the next instant of burst `index`: the smallest of `left` uniform instants between the last
    /// one and the end, so that the whole burst is a sorted uniform sample without being stored.
    fn draw(&mut self, index: usize) {
        let burst = &mut self.bursts[index];
        let Some(last) = burst.next.filter(|_| burst.left > 0) else {
            burst.next = None;
            return;
        };
        let uniform = self.draws.at_part(index as u64, burst.number).uniform();
        let fraction = 1.0 - libm::pow(uniform, 1.0 / burst.left as f64);
        burst.next = Some(last + burst.end.since(last).scale(fraction));
        burst.left -= 1;
        burst.number += 1;
    }

    fn earliest(&self) -> Option<(SimTime, usize)> {
        let pending = self.bursts.iter().enumerate();
        pending.filter_map(|(index, burst)| burst.next.map(|at| (at, index))).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::params::BUSINESS_DAY;
    use crate::units::Rate;

    fn instants(arrivals: &Arrivals, starts: Span, until: SimTime) -> Vec<SimTime> {
        let mut steady = Steady::new(arrivals, starts, Stream::new(42, 0, "arrivals"));
        let mut list = Vec::new();
        while let Some(arrival) = steady.peek().filter(|arrival| arrival.at < until) {
            list.push(arrival.at);
            steady.advance();
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
    fn a_burst_delivers_its_count_within_its_time_evenly() {
        let over = Span::from_secs(100);
        let at = SimTime::ZERO + Span::from_secs(50);
        let burst = Burst { at, messages: 10_000, over };
        let mut bursts = Bursts::new(&[burst], Stream::new(1, 0, "bursts"));
        let mut list = Vec::new();
        while let Some(arrival) = bursts.peek() {
            list.push(arrival.at);
            bursts.advance();
        }
        assert_eq!(list.len(), 10_000);
        assert!(list.windows(2).all(|pair| pair[0] <= pair[1]));
        assert!(list[0] >= at && list[9_999] <= at + over);
        let first_half = list.iter().filter(|t| **t < at + over / 2).count() as f64;
        assert!((first_half - 5_000.0).abs() < 5.0 * 50.0, "{first_half}");
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
}
