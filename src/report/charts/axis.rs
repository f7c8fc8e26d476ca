//! Axes: from seconds and counts to pixels, with the ticks that people expect.
//!
//! Logarithms come from `libm`, so that every machine draws the same bytes.

use super::ChartError;
use super::canvas::{Align, Area, Canvas, TEXT, Type};
use super::palette::{GREY, INK};
use super::text;
use crate::units::{SimTime, Span};

const HOUR: f64 = 3600.0;
const DAY: f64 = 86_400.0;

/// Ticks of the delay axis: the spans that people use, not powers of ten.
const DELAY_TICKS: [(f64, &str); 17] = [
    (0.001, "1ms"),
    (0.01, "10ms"),
    (0.1, "0.1s"),
    (1.0, "1s"),
    (5.0, "5s"),
    (10.0, "10s"),
    (60.0, "1m"),
    (300.0, "5m"),
    (600.0, "10m"),
    (1800.0, "30m"),
    (HOUR, "1h"),
    (4.0 * HOUR, "4h"),
    (DAY, "1d"),
    (5.0 * DAY, "5d"),
    (30.0 * DAY, "30d"),
    (365.0 * DAY, "1y"),
    (3650.0 * DAY, "10y"),
];

/// A logarithmic axis of delays.
#[derive(Clone, Copy, Debug)]
pub(super) struct DelayAxis {
    low: f64,
    high: f64,
    left: i32,
    right: i32,
}

impl DelayAxis {
    /// An axis that shows at least 1 s to 4 h, so that the one-hour line always stands in the picture, and
    /// as much more as `shortest` and `longest` need (1 ms to 10 years).
    pub(super) fn new(shortest: f64, longest: f64, left: i32, right: i32) -> Self {
        let low = (shortest * 0.8).clamp(0.001, 1.0);
        let high = (longest * 1.15).clamp(4.0 * HOUR * 1.15, 3650.0 * DAY);
        DelayAxis { low: libm::log10(low), high: libm::log10(high), left, right }
    }

    /// An axis of no more than these delays need, but of a factor of a hundred at least, so that it has ticks.
    pub(super) fn around(shortest: f64, longest: f64, left: i32, right: i32) -> Self {
        let low = (shortest * 0.7).clamp(0.001, 30.0 * DAY);
        let high = (longest * 1.4).clamp(low, 3650.0 * DAY);
        let (low, high) = (libm::log10(low), libm::log10(high));
        let short = ((2.0 - (high - low)) / 2.0).max(0.0);
        DelayAxis { low: low - short, high: high + short, left, right }
    }

    /// Whether a delay lies within it.
    pub(super) fn holds(&self, seconds: f64) -> bool {
        (self.low..=self.high).contains(&libm::log10(seconds))
    }

    /// Where a delay stands; what lies outside stands on the edge.
    pub(super) fn x(&self, seconds: f64) -> i32 {
        let log = libm::log10(seconds.max(1e-9)).clamp(self.low, self.high);
        let share = (log - self.low) / (self.high - self.low);
        self.left + (share * f64::from(self.right - self.left)).round() as i32
    }

    /// Draws it below `area`, with its name and the line at one hour.
    pub(super) fn draw(&self, canvas: &Canvas, area: Area) -> Result<(), ChartError> {
        let Area { left, top, right, bottom } = area;
        canvas.line(&[(left, bottom), (right, bottom)], GREY, 3)?;
        for (x, label) in self.ticks(TEXT) {
            canvas.line(&[(x, bottom), (x, bottom + 12)], GREY, 3)?;
            canvas.text(label, (x, bottom + 38), Align::Middle, Type::QUIET)?;
        }
        let middle = (left + right) / 2;
        canvas.text("delay until delivery", (middle, bottom + 92), Align::Middle, Type::QUIET)?;
        let hour = self.x(HOUR);
        canvas.patterned(&[(hour, bottom), (hour, top - 14)], &[16, 12], INK, 3)?;
        canvas.text("one hour", (hour, top - 36), Align::Middle, Type::STRONG)
    }

    /// The ticks in view, thinned so that their labels of `size` pixels stay apart.
    pub(super) fn ticks(&self, size: i32) -> Vec<(i32, &'static str)> {
        let mut ticks: Vec<(i32, &'static str)> = Vec::new();
        for (seconds, label) in DELAY_TICKS {
            let log = libm::log10(seconds);
            if log < self.low - 1e-9 || log > self.high + 1e-9 {
                continue;
            }
            let x = self.x(seconds);
            let free = ticks.last().is_none_or(|(before, previous)| {
                let half = text::width(previous, size, false) + text::width(label, size, false);
                x - before > half / 2 + size / 4
            });
            if free {
                ticks.push((x, label));
            } else if matches!(label, "1s" | "1m" | "1h" | "1d") {
                // The whole units are the last to go.
                ticks.pop();
                ticks.push((x, label));
            }
        }
        ticks
    }
}

/// Round steps for at most `most` intervals up to at least `peak`: (step, number of intervals).
pub(super) fn round_steps(peak: f64, most: u32) -> (f64, u32) {
    let peak = if peak.is_finite() && peak > 0.0 { peak } else { 1.0 };
    let rough = peak / f64::from(most);
    let mut power = 1.0;
    while power * 10.0 <= rough {
        power *= 10.0;
    }
    while power > rough {
        power /= 10.0;
    }
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .map(|factor| factor * power)
        .into_iter()
        .find(|step| *step >= rough * (1.0 - 1e-9))
        .unwrap_or(10.0 * power);
    (step, ((peak / step - 1e-9).ceil() as u32).max(1))
}

/// A linear axis of clock time.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClockAxis {
    clock_at_start: f64,
    length: f64,
    left: i32,
    right: i32,
}

/// Steps between clock ticks, in seconds.
const CLOCK_STEPS: [f64; 16] = [
    1.0,
    10.0,
    60.0,
    300.0,
    600.0,
    1800.0,
    HOUR,
    2.0 * HOUR,
    3.0 * HOUR,
    6.0 * HOUR,
    12.0 * HOUR,
    DAY,
    2.0 * DAY,
    7.0 * DAY,
    28.0 * DAY,
    364.0 * DAY,
];

impl ClockAxis {
    /// An axis of `length` from the start of a run that began at `clock_at_start` of some day.
    pub(super) fn new(clock_at_start: Span, length: Span, left: i32, right: i32) -> Self {
        let clock_at_start = clock_at_start.seconds() % DAY;
        // A run without a single bin still gets an axis.
        let length = if length.is_zero() { HOUR } else { length.seconds() };
        ClockAxis { clock_at_start, length, left, right }
    }

    /// Where an instant stands; what lies outside stands on the edge.
    pub(super) fn x(&self, at: SimTime) -> i32 {
        let share = (at.seconds() / self.length).min(1.0);
        self.left + (share * f64::from(self.right - self.left)).round() as i32
    }

    /// Round clock times within the run: `06:00`, with seconds where they matter; `day 2` when the run is
    /// longer than two days.
    pub(super) fn ticks(&self) -> Vec<(i32, String)> {
        let count = |step: f64| (self.length / step) as u32;
        let step = CLOCK_STEPS.into_iter().find(|step| count(*step) <= 10).unwrap_or(3640.0 * DAY);
        let days = self.length > 2.0 * DAY;
        let step = if days { step.max(DAY) } else { step };
        let mut ticks = Vec::new();
        let mut clock = (self.clock_at_start / step).ceil() * step;
        while clock <= self.clock_at_start + self.length + 1e-6 && ticks.len() < 12 {
            let at = SimTime::ZERO + Span::from_seconds(clock - self.clock_at_start);
            ticks.push((self.x(at), clock_label(clock, days, step < 60.0)));
            clock += step;
        }
        ticks
    }
}

fn clock_label(clock: f64, days: bool, with_seconds: bool) -> String {
    let seconds = clock.round() as u64;
    if days {
        return format!("day {}", seconds / 86_400 + 1);
    }
    let (hours, minutes) = (seconds / 3600 % 24, seconds / 60 % 60);
    if with_seconds {
        format!("{hours:02}:{minutes:02}:{:02}", seconds % 60)
    } else {
        format!("{hours:02}:{minutes:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(shortest: f64, longest: f64) -> String {
        let axis = DelayAxis::new(shortest, longest, 100, 1800);
        axis.ticks(32).iter().map(|tick| tick.1).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_delay_axis_has_the_ticks_people_use() {
        assert_eq!(names(1.0, HOUR), "1s 5s 10s 1m 5m 10m 30m 1h 4h");
        assert_eq!(names(0.05, 3.0 * DAY), "0.1s 1s 5s 10s 1m 5m 10m 30m 1h 4h 1d");
        let wide = names(0.0, f64::INFINITY);
        assert!(wide.starts_with("1ms") && wide.contains("1h") && wide.ends_with("10y"), "{wide}");
    }

    #[test]
    fn an_axis_around_some_delays_shows_no_more_than_these_and_always_has_ticks() {
        for (shortest, longest) in [(150.0, HOUR), (7.0, 7.0), (0.0, 0.0), (f64::INFINITY, 0.0)] {
            let axis = DelayAxis::around(shortest, longest, 0, 700);
            assert!(axis.ticks(32).len() >= 2, "{shortest} to {longest}: {:?}", axis.ticks(32));
        }
        let axis = DelayAxis::around(150.0, HOUR, 0, 700);
        assert!(axis.x(150.0) > 0 && axis.x(HOUR) < 700);
        assert!(axis.holds(HOUR) && !axis.holds(1.0) && !axis.holds(86_400.0));
    }

    #[test]
    fn delays_outside_the_axis_stand_on_its_edge() {
        let axis = DelayAxis::new(1.0, HOUR, 100, 1800);
        assert_eq!((axis.x(0.0), axis.x(1e12)), (100, 1800));
    }

    #[test]
    fn counts_get_round_steps_that_reach_the_peak() {
        assert_eq!(round_steps(6_000.0, 4), (2_000.0, 3));
        assert_eq!(round_steps(0.0, 4), (0.25, 4));
        assert_eq!(round_steps(1.0, 4), (0.25, 4));
        for peak in [0.3, 1.0, 7.0, 99.0, 1234.5, 9e9] {
            let (step, count) = round_steps(peak, 4);
            assert!(step * f64::from(count) >= peak * 0.999_999 && count <= 4, "{peak}");
        }
    }

    #[test]
    fn a_day_is_labelled_by_its_clock_and_a_week_by_its_days() {
        let day = ClockAxis::new(Span::ZERO, Span::from_hours(24), 0, 1000).ticks();
        assert_eq!(day[2], (250, "06:00".to_owned()));
        let late = ClockAxis::new(Span::from_hours(22), Span::from_hours(4), 0, 1000).ticks();
        assert_eq!(late.last().map(|tick| tick.1.as_str()), Some("02:00"));
        let week = ClockAxis::new(Span::ZERO, Span::from_hours(24 * 7), 0, 1000).ticks();
        assert_eq!(week[1].1, "day 2");
    }
}
