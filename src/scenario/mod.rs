//! Scenarios: what a user writes, checked and turned into plain numbers.
//!
//! The only room that knows YAML. Text becomes a tree that remembers places (`node`), overrides are put
//! into it (`overrides`), the reader walks it with the table of keys beside it (`keys`, `reader`, one file
//! per element) and resolves it into [`Params`]. Every problem is collected and shown at once.
//!
//! ```
//! use mailflow::scenario;
//! let text = "proofpoint: { messages_per_connection: 199 }";
//! let scenario = scenario::parse("fix.yaml", text, ".".as_ref(), &[]).expect("valid");
//! assert_eq!(scenario.params.sender.messages_per_connection, Some(199));
//! assert_eq!(scenario.name, "fix");
//! ```

mod arrivals;
pub mod assumption;
mod calibrated;
mod changes;
mod csv;
mod destinations;
mod exchange_online;
mod instant;
pub mod keys;
mod mail;
mod network;
mod node;
mod origins;
mod overrides;
mod problem;
mod proofpoint;
mod reader;
pub mod recorded_case;
mod run;
mod schema;
mod sendmail_cf;
mod shape;
pub mod sweep;
mod template;
mod trouble;
mod windows;

pub use calibrated::{Calibrated, calibrated};
pub use origins::{Origin, Setting, settings};
pub use overrides::Override;
pub use problem::{LoadError, Problem, Problems, nearest};
pub use run::{Drain, RunSettings, Until};
pub use schema::schema;
pub use sendmail_cf::{FromSendmailCf, LARGEST_SENDMAIL_CF, from_sendmail_cf};
pub use template::commented;
pub use windows::TimeWindow;

use crate::model::params::Params;
use node::{Node, Place, Value};
use reader::{Report, Section};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// A scenario, checked and resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// The key `name`, else the stem of the file's name.
    pub name: String,
    /// The key `about`; may be empty.
    pub about: String,
    /// The file it was loaded from.
    pub file: Option<PathBuf>,
    /// Its text, as written.
    pub text: String,
    /// How long, how often, with which seed.
    pub run: RunSettings,
    /// What the model depends on.
    pub params: Params,
    /// Spans of time for which metrics are given again.
    pub windows: Vec<TimeWindow>,
    /// What must come out, as text; `experiment` reads it.
    pub expect: Vec<ExpectLine>,
    /// What the user should know although nothing is wrong.
    pub notes: Vec<Note>,
}

/// One line of `expect:` with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectLine {
    /// The expectation as written.
    pub text: String,
    /// Its line, from 1; 0 if it was set on the command line.
    pub line: usize,
    /// Its column, from 1; 0 if it was set on the command line.
    pub column: usize,
    /// `--set expect=...`, if it was set on the command line.
    pub origin: Option<String>,
}

/// Something to know before trusting a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// A short name that does not change.
    pub kind: &'static str,
    /// What is to be known.
    pub text: String,
    /// What to do about it.
    pub next: String,
}

/// Loads, checks and resolves a scenario file.
///
/// # Errors
/// [`LoadError::Io`] if the file cannot be read, [`LoadError::Invalid`] with every problem in it.
pub fn load(path: &Path, overrides: &[Override]) -> Result<Scenario, LoadError> {
    let name = path.to_string_lossy();
    let text = read_text(path)?;
    let base = path.parent().unwrap_or(Path::new(""));
    let mut scenario = parse(&name, &text, base, overrides).map_err(LoadError::Invalid)?;
    scenario.file = Some(path.to_owned());
    Ok(scenario)
}

/// The text of a file.
fn read_text(path: &Path) -> Result<String, LoadError> {
    let io = |source| LoadError::Io { path: path.to_owned(), source };
    let name = path.to_string_lossy();
    let refuse =
        |text: &str, problem| LoadError::Invalid(Problems::new(&name, text, vec![problem]));
    let bytes = read_bounded(path).map_err(io)?;
    if bytes.len() > node::LARGEST_FILE {
        return Err(refuse("", node::too_large()));
    }
    decode(bytes).map_err(|(text, problem)| refuse(&text, *problem))
}

/// The bytes of a file, as far as they tell whether it is too large: it may be endless, such as a device.
fn read_bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(node::LARGEST_FILE as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The text of a file, or what of it is readable and the problem with it.
fn decode(bytes: Vec<u8>) -> Result<String, (String, Box<Problem>)> {
    let utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
        let (line, column) = node::line_and_column(&text, at);
        let advice = match utf16 {
            true => "the file is in UTF-16; save it as UTF-8",
            false => "save the file as UTF-8; is it a scenario file at all?",
        };
        let found = "bytes that are not UTF-8 text";
        let accepted = "a YAML text file in UTF-8";
        (text, Box::new(node::file_problem(line, column, found, accepted, advice)))
    })
}

/// Checks and resolves a scenario given as text; CSV files are looked for in `base_dir`.
///
/// # Errors
/// Every problem of the text and of the overrides.
pub fn parse(
    file_name: &str,
    text: &str,
    base_dir: &Path,
    overrides: &[Override],
) -> Result<Scenario, Problems> {
    let clean = text.strip_prefix('\u{feff}').unwrap_or(text);
    let fail = |list| Problems::new(file_name, clean, list);
    let mut root = node::parse(clean).map_err(|problem| fail(vec![*problem]))?;
    check_top(&root).map_err(|problem| fail(vec![*problem]))?;
    let mut problems = Vec::new();
    node::duplicates(&root, "", &mut problems);
    overrides::apply(&mut root, overrides, &mut problems);
    let (mut scenario, found) = from_tree(&root, file_name, base_dir);
    problems.extend(found);
    if !problems.is_empty() {
        return Err(fail(problems));
    }
    scenario.text = text.to_owned();
    Ok(scenario)
}

/// Resolves a tree; with problems, what is wrong has its default.
fn from_tree(root: &Node, file_name: &str, base_dir: &Path) -> (Scenario, Vec<Problem>) {
    let report = Report::new(base_dir);
    let mut scenario = resolve(root, file_name, &report);
    scenario.params.changes = changes::read(root, &scenario, &report);
    let (problems, notes) = report.into_parts();
    scenario.notes = notes;
    (scenario, problems)
}

/// A scenario is a map; everything else gets one plain sentence.
fn check_top(root: &Node) -> Result<(), Box<Problem>> {
    let accepted = format!("a map of {}", keys::names(""));
    let (found, advice) = match &root.value {
        Value::Map(_) => return Ok(()),
        Value::Null => (
            "an empty file".to_owned(),
            "write at least a name, such as \"name: My mail\"; `mailflow init` writes an example",
        ),
        Value::List(_) => (root.describe(), "take the leading dashes out"),
        Value::Scalar(_) => (root.describe(), "write key: value, one per line"),
    };
    let Place { line, column, .. } = match root.value {
        // Nothing has no place worth pointing at.
        Value::Null => Place::default(),
        _ => root.place.clone(),
    };
    Err(Box::new(node::file_problem(line, column, &found, &accepted, advice)))
}

fn resolve(root: &Node, file_name: &str, report: &Report) -> Scenario {
    let top = Section::top(root, report);
    let stem = Path::new(file_name).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let mut name = stem.unwrap_or_else(|| file_name.to_owned());
    top.set("name", |f| printable(f, NAME, |_| false), &mut name);
    let mut about = String::new();
    top.set("about", |f| printable(f, ABOUT, |c| c == '\n'), &mut about);
    let run = run::read(&top);
    let others = destinations::read(&top, &run);
    let params = Params {
        workload: mail::read(&top, &run, &others),
        sender: proofpoint::read(&top),
        receiver: exchange_online::read(&top.child("exchange_online"), &run),
        others,
        network: network::read(&top),
        changes: Vec::new(),
        laboratory: None,
    };
    proofpoint::check_clock(&top, &params);
    let windows = windows::read(&top, &run, &params.others);
    let mut expect = Vec::new();
    top.set("expect", expectations, &mut expect);
    let (text, notes, file) = (String::new(), Vec::new(), None);
    Scenario { name, about, file, text, run, params, windows, expect, notes }
}

const NAME: &str = "one line of printable text";
const ABOUT: &str = "printable text and line breaks";

/// A text that leaves the terminal and the files it is shown in alone.
fn printable(
    field: &reader::Field<'_>,
    accepted: &str,
    allowed: fn(char) -> bool,
) -> Option<String> {
    // A block ends in a line break that nobody means.
    let text = field.string()?.trim_end_matches('\n').to_owned();
    match text.chars().find(|c| !allowed(*c) && unprintable(*c)) {
        None => Some(text),
        Some(odd) => {
            let found = format!("a text with the character U+{:04X}", u32::from(odd));
            field.refuse_as(&found, accepted, "take the character out")
        }
    }
}

/// Whether a text has nothing unprintable but what is `allowed`.
fn printable_text(text: &str, allowed: impl Fn(char) -> bool) -> bool {
    !text.chars().any(|c| !allowed(c) && unprintable(c))
}

/// Control characters, and those that turn lines or the direction of text around.
fn unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The lines of `expect:`; one text alone is a list of one.
fn expectations(field: &reader::Field<'_>) -> Option<Vec<ExpectLine>> {
    let items = match &field.node.value {
        Value::Scalar(_) => std::slice::from_ref(field.node),
        _ => field.items()?,
    };
    let mut lines = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match &item.value {
            Value::Scalar(text) if !text.trim().is_empty() => {
                let origin = item.place.origin.clone();
                let place = |number| if origin.is_none() { number } else { 0 };
                let (line, column) = (place(item.place.line), place(item.place.column));
                lines.push(ExpectLine { text: text.clone(), line, column, origin });
            }
            _ => {
                let path = format!("{}[{index}]", field.path);
                let accepted = "a text such as \"p99 delay <= 5m\"";
                field.report.at(&item.place, &path, &item.describe(), accepted, "");
            }
        }
    }
    Some(lines)
}

#[cfg(test)]
mod tests;
