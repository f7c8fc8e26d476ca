//! Loading a scenario with everything its expectations need: the same for `run` and `check`, so that what
//! the one accepts the other does.

use super::Exit;
use crate::experiment::{Bound, Expectation, ExpectationError, Target, parts};
use crate::measure::Part;
use crate::scenario::{self, ExpectLine, LoadError, Override, Problem, Problems, Scenario};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A scenario whose expectations are understood and what they compare with is loaded.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) scenario: Scenario,
    pub(super) expectations: Vec<(Expectation, Option<Compared>)>,
    /// What `run.until` asks for.
    pub(super) target: Option<Target>,
}

/// A scenario that another one compares itself with.
#[derive(Clone, Debug)]
pub(super) struct Compared {
    pub(super) path: PathBuf,
    pub(super) scenario: Scenario,
}

/// Why a scenario cannot be run: every problem of it and of the files it compares itself with.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) errors: Vec<LoadError>,
    pub(super) exit: Exit,
}

/// Loads `file` and what it compares itself with.
pub(super) fn load(file: &Path, overrides: &[Override]) -> Result<Loaded, Refusal> {
    let scenario = scenario::load(file, overrides)
        .map_err(|error| Refusal { exit: exit(&error), errors: vec![error] })?;
    let (mut expectations, mut problems) = (Vec::new(), Vec::new());
    let (mut others, mut worst) = (Vec::new(), Exit::BadInput);
    let own = parts(&scenario);
    let mut target = None;
    if let Some(until) = &scenario.run.until {
        match Target::parse(&until.metric.text, &own) {
            Ok(understood) => target = Some(understood),
            Err(error) => {
                problems.push(misread(&scenario, &until.metric, "run.until.metric", error));
            }
        }
    }
    for (index, line) in scenario.expect.iter().enumerate() {
        let key = &format!("expect[{index}]");
        match understood(&line.text, &own) {
            Err(error) => problems.push(misread(&scenario, line, key, error)),
            Ok(expectation) => match compared(&expectation, file) {
                Ok(other) => match other.as_ref().map(|other| counterpart(&expectation, other)) {
                    Some(Err(error)) => problems.push(misread(&scenario, line, key, error)),
                    _ => expectations.push((expectation, other)),
                },
                Err(error) => {
                    worst = worst.max(exit(&error));
                    problems.push(unusable(&scenario, line, key, &error));
                    others.extend(matches!(error, LoadError::Invalid(_)).then_some(error));
                }
            },
        }
    }
    if problems.is_empty() {
        return Ok(Loaded { scenario, expectations, target });
    }
    let name = file.to_string_lossy();
    let own = LoadError::Invalid(Problems::new(&name, plain(&scenario.text), problems));
    let errors = std::iter::once(own).chain(others).collect();
    Err(Refusal { errors, exit: worst })
}

/// Understands one line of a scenario with these parts.
fn understood(text: &str, parts: &[Part]) -> Result<Expectation, ExpectationError> {
    let expectation = Expectation::parse(text)?;
    expectation.within(parts)?;
    Ok(expectation)
}

/// What is compared with is the same part of the other scenario, which has to have it.
fn counterpart(expectation: &Expectation, other: &Compared) -> Result<(), ExpectationError> {
    expectation.within(&parts(&other.scenario)).map_err(|error| ExpectationError {
        problem: format!("in {}, {}", other.path.display(), error.problem),
        accepted: "a part that both scenarios have".to_owned(),
        nearest: None,
        ..error
    })
}

/// Shows every problem for people.
pub(super) fn show(errors: &[LoadError], colour: bool, err: &mut dyn Write) -> io::Result<()> {
    for error in errors {
        match error {
            LoadError::Io { .. } => writeln!(err, "mailflow: {error}")?,
            LoadError::Invalid(problems) => {
                let count = problems.list.len();
                let noun = if count == 1 { "problem" } else { "problems" };
                write!(err, "{}", problems.render(colour))?;
                writeln!(err, "\n{}: {count} {noun}\n", problems.file)?;
            }
        }
    }
    Ok(())
}

/// What an unusable scenario means for the command.
pub(super) fn exit(error: &LoadError) -> Exit {
    if matches!(error, LoadError::Io { .. }) { Exit::Io } else { Exit::BadInput }
}

/// Loads what `expectation` compares with. `--set` does not reach it: a baseline stays as it is.
fn compared(expectation: &Expectation, file: &Path) -> Result<Option<Compared>, LoadError> {
    let Bound::Times { file: other, .. } = &expectation.bound else { return Ok(None) };
    let path = file.parent().unwrap_or(Path::new("")).join(other);
    let scenario = scenario::load(&path, &[])?;
    Ok(Some(Compared { path, scenario }))
}

fn misread(scenario: &Scenario, line: &ExpectLine, key: &str, error: ExpectationError) -> Problem {
    let part: String = line.text.chars().skip(error.offset).collect();
    let operator = |c: char| matches!(c, '<' | '>' | '=' | '!');
    let before = line.text.chars().position(operator).is_some_and(|at| error.offset < at);
    let until = |c: char| before && operator(c);
    let len = part.find(until).map_or(part.as_str(), |end| part[..end].trim_end()).chars().count();
    Problem {
        found: line.text.clone(),
        accepted: error.accepted,
        nearest: error.nearest,
        message: error.problem,
        ..at(scenario, line, key, error.offset, len)
    }
}

fn unusable(scenario: &Scenario, line: &ExpectLine, key: &str, error: &LoadError) -> Problem {
    let message = match error {
        LoadError::Io { .. } => error.to_string(),
        LoadError::Invalid(problems) => format!("{} is not valid, see below", problems.file),
    };
    Problem {
        found: line.text.clone(),
        accepted: "the name of a scenario file, relative to this one".to_owned(),
        message,
        ..at(scenario, line, key, 0, line.text.chars().count())
    }
}

/// A problem `offset` characters into an expectation or the name of a metric, and so many characters long.
fn at(scenario: &Scenario, line: &ExpectLine, key: &str, offset: usize, len: usize) -> Problem {
    let written = plain(&scenario.text).lines().nth(line.line.saturating_sub(1)).unwrap_or("");
    let rest: String = written.chars().skip(line.column.saturating_sub(1)).collect();
    let quote = usize::from(rest.starts_with(['"', '\'']));
    // A text with escapes or over several lines is not written as it is read.
    let (column, len) = match rest.get(quote..).is_some_and(|rest| rest.starts_with(&line.text)) {
        true => (line.column + quote + offset, len.max(1)),
        false => (line.column, 1),
    };
    Problem {
        line: line.line,
        column,
        len,
        key: key.to_owned(),
        found: String::new(),
        accepted: String::new(),
        nearest: None,
        message: String::new(),
        origin: line.origin.clone(),
    }
}

/// The text without a byte order mark, as its columns are counted.
fn plain(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}
