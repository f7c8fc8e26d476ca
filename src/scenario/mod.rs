//! Scenario files. TEMPORARY: a stand-in with the names of the real room, which replaces it.

pub mod recorded_case;

use crate::model::params::{Burst, Params};
use crate::units::{SimTime, Span};
use std::path::{Path, PathBuf};

/// A scenario, resolved.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// The question it asks.
    pub about: String,
    /// Where it was read from.
    pub file: Option<PathBuf>,
    /// Its text.
    pub text: String,
    /// How long and how often to run.
    pub run: RunSettings,
    /// The model's parameters.
    pub params: Params,
    /// Expectations, not yet understood.
    pub expect: Vec<ExpectLine>,
    /// What the reader should know.
    pub notes: Vec<Note>,
}

/// How long and how often to run.
#[derive(Clone, Copy, Debug)]
pub struct RunSettings {
    /// Simulated time.
    pub simulate: Span,
    /// Clock time of the start.
    pub starts: Span,
    /// Unmeasured time.
    pub warm_up: Span,
    /// What happens after `simulate`.
    pub drain: Drain,
    /// Replications.
    pub repeats: u32,
    /// Seed.
    pub seed: u64,
}

/// What happens after `simulate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drain {
    /// Nothing.
    Off,
    /// Go on until measured mail is out.
    UntilEmpty,
}

/// One line of `expect:`.
#[derive(Clone, Debug)]
pub struct ExpectLine {
    /// As written.
    pub text: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

/// Something to know about a scenario.
#[derive(Clone, Debug)]
pub struct Note {
    /// Its name.
    pub kind: String,
    /// What.
    pub text: String,
    /// What to do.
    pub next: String,
}

/// `--set KEY=VALUE`.
#[derive(Clone, Debug)]
pub struct Override {
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
}

/// Why a scenario could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It could not be read.
    #[error("{0}")]
    Io(String),
    /// It is wrong.
    #[error("{0}")]
    Invalid(String),
}

/// Loads a scenario.
pub fn load(path: &Path, _overrides: &[Override]) -> Result<Scenario, LoadError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| LoadError::Io(format!("{}: {error}", path.display())))?;
    let field = |key: &str| {
        text.lines().find_map(|line| line.strip_prefix(key)).map(|value| value.trim().to_owned())
    };
    if text.contains("broken") {
        return Err(LoadError::Invalid(format!("{}:1:1: broken", path.display())));
    }
    let expect = text.lines().enumerate().filter_map(|(line, text)| {
        let text = text.strip_prefix("  - ")?.to_owned();
        Some(ExpectLine { text, line: line + 1, column: 5 })
    });
    let mut params = Params::default();
    if text.contains("burst") {
        let over = Span::from_mins(5);
        params.workload.bursts.push(Burst { at: SimTime::ZERO, messages: 6000, over });
    }
    Ok(Scenario {
        name: field("name:").unwrap_or_default(),
        about: field("about:").unwrap_or_default(),
        file: Some(path.to_owned()),
        run: RunSettings {
            simulate: Span::from_hours(24),
            starts: Span::ZERO,
            warm_up: Span::ZERO,
            drain: Drain::UntilEmpty,
            repeats: 20,
            seed: 42,
        },
        params,
        expect: expect.collect(),
        notes: Vec::new(),
        text,
    })
}
