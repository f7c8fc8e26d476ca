//! `run:` - how long, how often and with which randomness.

use super::ExpectLine;
use super::keys::{KeyDoc, Kind};
use super::reader::{Field, Section};
use crate::units::{Span, parse};

/// Longest simulation: ten years.
pub(super) const LONGEST: Span = Span::from_hours(24 * 3653);

/// What `run:` says.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSettings {
    /// Simulated time.
    pub simulate: Span,
    /// When it starts, since Monday 00:00.
    pub starts: Span,
    /// Message metrics cover arrivals from here on.
    pub warm_up: Span,
    /// What happens to mail still queued at the end.
    pub drain: Drain,
    /// How long it may go on for; no key, but studies of many hopeless sites have no time for all of it.
    pub longest_drain: Span,
    /// Independent days; with `until`, the most there may be.
    pub repeats: u32,
    /// What has to become how precise, instead of a number of days.
    pub until: Option<Until>,
    /// The seed of all randomness.
    pub seed: u64,
}

/// Days are simulated until this is reached.
#[derive(Clone, Debug, PartialEq)]
pub struct Until {
    /// The metric, with its place; `experiment` reads it.
    pub metric: ExpectLine,
    /// Half of its interval has to be at most this share of the value.
    pub relative: f64,
    /// So many days are never exceeded.
    pub at_most: u32,
}

/// What happens to mail that is still queued at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drain {
    /// It counts as queued.
    Off,
    /// The simulation goes on, with unmeasured arrivals, until the measured mail is out; 5 days at most.
    UntilEmpty,
}

impl Default for RunSettings {
    fn default() -> Self {
        RunSettings {
            simulate: Span::from_hours(24),
            starts: Span::ZERO,
            warm_up: Span::ZERO,
            drain: Drain::UntilEmpty,
            longest_drain: Span::from_hours(5 * 24),
            repeats: 20,
            until: None,
            seed: 42,
        }
    }
}

pub(super) const KEYS: &[KeyDoc] = &[
    KeyDoc::new("run", Kind::Section, "", "How long, how often and with which randomness."),
    KeyDoc::new(
        "run.simulate",
        Kind::Span { min: Span::from_secs(1), max: LONGEST },
        "24h",
        "How much time one repeat simulates.",
    ),
    KeyDoc::new(
        "run.starts",
        Kind::WeekTime,
        "Mon 00:00",
        "When the simulation starts; times of day in the scenario refer to it.",
    ),
    KeyDoc::new(
        "run.warm_up",
        Kind::Span { min: Span::ZERO, max: LONGEST },
        "0s",
        "Message metrics cover arrivals from here on; shorter than simulate.",
    ),
    KeyDoc::new(
        "run.drain",
        Kind::Choice(&["off", "until_empty"]),
        "until_empty",
        "Whether to go on after simulate until the measured mail is out, 5d at most.",
    ),
    KeyDoc::new(
        "run.repeats",
        Kind::Whole { min: 1, max: 1_000_000 },
        "20",
        "How many independent days are simulated; more make the intervals narrower.",
    ),
    KeyDoc::new(
        "run.until",
        Kind::Optional,
        "none",
        "Instead of repeats: as many days as it takes for a metric to become precise.",
    ),
    KeyDoc::new(
        "run.until.metric",
        Kind::Text,
        "",
        "The metric, such as delay.p99, or of a part: delay.p99@NAME.",
    ),
    KeyDoc::new(
        "run.until.relative",
        Kind::Share,
        "",
        "Half of its 95 % interval is to be at most this share of its value.",
    ),
    KeyDoc::new(
        "run.until.at_most",
        Kind::Whole { min: 2, max: 1_000_000 },
        "",
        "So many days are never exceeded; the results say how many it took.",
    ),
    KeyDoc::new(
        "run.seed",
        Kind::Whole { min: 0, max: u64::MAX },
        "42",
        "The same seed gives the same results, byte by byte, on any machine.",
    ),
];

/// Reads `run:`.
pub(super) fn read(top: &Section<'_>) -> RunSettings {
    let mut run = RunSettings::default();
    let section = top.child("run");
    section.set("simulate", |f| f.span(), &mut run.simulate);
    section.set("starts", |f| f.parsed(parse::week_time), &mut run.starts);
    section.set("warm_up", |f| f.span(), &mut run.warm_up);
    section.set("drain", |f| f.choice(&[Drain::Off, Drain::UntilEmpty]), &mut run.drain);
    section.set("repeats", |f| f.count(), &mut run.repeats);
    section.set("seed", |f| f.whole(), &mut run.seed);
    section.set("until", until, &mut run.until);
    if let Some(until) = &run.until {
        run.repeats = until.at_most;
        if section.get("repeats").is_some() {
            let (found, accepted) = ("repeats beside until", "one of the two");
            section.complain(
                "repeats",
                found,
                accepted,
                "take repeats out: until finds the number",
            );
        }
    }
    if let Some(field) = section.get("warm_up")
        && run.warm_up >= run.simulate
    {
        field.refuse::<()>("nothing would be measured: warm_up must be shorter than simulate");
        run.warm_up = Span::ZERO;
    }
    run
}

fn until(field: &Field<'_>) -> Option<Option<Until>> {
    if field.is_none() {
        return Some(None);
    }
    let section = field.section();
    let metric = section.need("metric", |f| {
        let text = f.text().filter(|text| !text.trim().is_empty());
        let place = &f.node.place;
        let at = |number| if place.origin.is_none() { number } else { 0 };
        let (line, column, origin) = (at(place.line), at(place.column), place.origin.clone());
        Some(ExpectLine { text: text?.to_owned(), line, column, origin })
    });
    let relative = section.need("relative", |f| {
        let share = f.share()?.value();
        let never = "no number of days makes an interval of no width";
        if share > 0.0 { Some(share) } else { f.refuse(never) }
    });
    let at_most = section.need("at_most", |f| f.count());
    Some(Some(Until { metric: metric?, relative: relative?, at_most: at_most? }))
}
