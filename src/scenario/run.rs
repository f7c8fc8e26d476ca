//! `run:` - how long, how often and with which randomness.

use super::keys::{KeyDoc, Kind};
use super::reader::Section;
use crate::units::{Span, parse};

/// Longest simulation: ten years.
pub(super) const LONGEST: Span = Span::from_hours(24 * 3653);

/// What `run:` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSettings {
    /// Simulated time.
    pub simulate: Span,
    /// When it starts, since Monday 00:00.
    pub starts: Span,
    /// Message metrics cover arrivals from here on.
    pub warm_up: Span,
    /// What happens to mail still queued at the end.
    pub drain: Drain,
    /// Independent days.
    pub repeats: u32,
    /// The seed of all randomness.
    pub seed: u64,
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
            repeats: 20,
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
    if let Some(field) = section.get("warm_up")
        && run.warm_up >= run.simulate
    {
        field.refuse::<()>("nothing would be measured: warm_up must be shorter than simulate");
        run.warm_up = Span::ZERO;
    }
    run
}
