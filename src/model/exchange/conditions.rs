//! The state of the receiver by the clock: slow hours and scheduled outages. Pure functions of time.
//!
//! | parameter | default | source |
//! |---|---|---|
//! | `slow_hours` | none | assumed: a cap must hold for the slowest hour, not for the mean |
//! | `outages` | none | assumed |
//!
//! Left out: an outage that grows or fades (several entries can say that in steps); a silence that begins
//! within a transaction concerns the next one.

use crate::model::params::{Outage, SlowHours, Trouble};
use crate::units::{SimTime, Span};

const DAY: Span = Span::from_hours(24);

/// By what service times are multiplied at `now`, when the simulation starts at `clock_at_start`.
pub fn slowness(hours: &[SlowHours], clock_at_start: Span, now: SimTime) -> f64 {
    let clock = now.nanos().wrapping_add(clock_at_start.nanos()) % DAY.nanos();
    let within = |slow: &&SlowHours| {
        let (from, until) = (slow.from.nanos(), slow.until.nanos());
        if from <= until { (from..until).contains(&clock) } else { clock >= from || clock < until }
    };
    hours.iter().filter(within).map(|slow| slow.factor).product()
}

/// What is wrong with `front_end` at `now` by schedule; the first entry that fits.
pub fn outage(outages: &[Outage], front_end: u32, now: SimTime) -> Option<Trouble> {
    let holds = |o: &&Outage| o.front_end == front_end && (o.from..o.until).contains(&now);
    outages.iter().find(holds).map(|outage| outage.behaviour)
}

/// When an outage will next reset what is connected to `front_end`: one that refuses or resets.
pub fn next_disconnect(outages: &[Outage], front_end: u32, opened_at: SimTime) -> Option<SimTime> {
    let strikes = |o: &&Outage| {
        o.front_end == front_end
            && o.from > opened_at
            && matches!(o.behaviour, Trouble::Refuse | Trouble::Reset)
    };
    outages.iter().filter(strikes).map(|outage| outage.from).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: u64) -> SimTime {
        SimTime::ZERO + Span::from_hours(hours)
    }

    fn slow(from: u64, until: u64, factor: f64) -> SlowHours {
        SlowHours { from: Span::from_hours(from), until: Span::from_hours(until), factor }
    }

    #[test]
    fn slow_hours_come_back_every_day_and_may_cross_midnight() {
        let hours = [slow(9, 11, 8.0), slow(22, 2, 3.0)];
        let factors: Vec<f64> =
            [0, 2, 9, 11, 23, 33].map(|h| slowness(&hours, Span::ZERO, at(h))).into();
        assert_eq!(factors, [3.0, 1.0, 8.0, 1.0, 3.0, 8.0]);
        assert_eq!(slowness(&hours, Span::from_hours(8), at(1)), 8.0, "it started at 08:00");
    }

    #[test]
    fn overlapping_slow_hours_multiply() {
        assert_eq!(slowness(&[slow(9, 12, 2.0), slow(10, 11, 3.0)], Span::ZERO, at(10)), 6.0);
    }

    #[test]
    fn an_outage_concerns_its_front_end_from_its_start_until_before_its_end() {
        let outage_at = |front_end, hour| {
            let (from, until, behaviour) = (at(11), at(12), Trouble::Refuse);
            outage(&[Outage { front_end: 1, from, until, behaviour }], front_end, at(hour))
        };
        assert_eq!(outage_at(1, 11), Some(Trouble::Refuse));
        assert_eq!(outage_at(1, 12), None);
        assert_eq!(outage_at(0, 11), None);
    }

    #[test]
    fn what_is_connected_is_reset_when_its_front_end_goes_down() {
        let down = |behaviour| Outage { front_end: 0, from: at(11), until: at(12), behaviour };
        assert_eq!(next_disconnect(&[down(Trouble::Reset)], 0, at(10)), Some(at(11)));
        assert_eq!(next_disconnect(&[down(Trouble::Reset)], 0, at(11)), None);
        assert_eq!(next_disconnect(&[down(Trouble::Greeting421)], 0, at(10)), None);
    }
}
