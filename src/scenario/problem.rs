//! What is wrong with a scenario, and how it is shown.
//!
//! Reading never stops at the first mistake: every problem is collected with its place, then all are
//! shown in order of line. A problem says where, what was found, what is accepted and, for a misspelt
//! name, the nearest known one.

use super::node::Place;
use std::fmt::{self, Write as _};
use std::path::PathBuf;
use thiserror::Error;

/// One mistake in a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line, from 1; 0 when the problem has no place in the file.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Length in characters of what is underlined.
    pub len: usize,
    /// Dotted path of the key, list entries as `bursts[0].at`; empty for the file as a whole.
    pub key: String,
    /// What the file says.
    pub found: String,
    /// What it may say.
    pub accepted: String,
    /// The nearest known name, when a name was not known.
    pub nearest: Option<String>,
    /// One sentence on what is wrong or what to do.
    pub message: String,
    /// The override it comes from (`--set KEY=VALUE`), when it is not from the file.
    pub origin: Option<String>,
}

impl Problem {
    /// A mistake at `place`, without a nearest name.
    pub(super) fn at(place: &Place, key: &str, found: &str, accepted: &str, message: &str) -> Self {
        Problem {
            line: place.line,
            column: place.column,
            len: place.len,
            key: key.to_owned(),
            found: found.to_owned(),
            accepted: accepted.to_owned(),
            nearest: None,
            message: message.to_owned(),
            origin: place.origin.clone(),
        }
    }
}

/// All mistakes of one scenario, in order of line.
#[derive(Clone, Debug)]
pub struct Problems {
    /// The file as the user named it.
    pub file: String,
    /// Its text, for the excerpts.
    pub text: String,
    /// The mistakes; never empty.
    pub list: Vec<Problem>,
}

/// Why a scenario could not be loaded.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The file could not be read: exit code 3.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file was read and is not a valid scenario: exit code 2.
    #[error("{0}")]
    Invalid(Problems),
}

impl LoadError {
    /// The exit code of the command that met this error.
    pub fn exit_code(&self) -> u8 {
        match self {
            LoadError::Io { .. } => 3,
            LoadError::Invalid(_) => 2,
        }
    }
}

/// Width that a rendered problem keeps to, where the words allow it.
const WIDTH: usize = 80;
/// Column at which the explanations start, after `  accepted  `.
const INDENT: usize = 12;

impl Problems {
    /// Problems of `file`, sorted by place.
    pub fn new(file: &str, text: &str, mut list: Vec<Problem>) -> Self {
        // Overrides come last: they are read after the file.
        list.sort_by(|a, b| {
            let place = |p: &Problem| (p.origin.is_some(), p.line, p.column);
            place(a).cmp(&place(b))
        });
        Problems { file: file.to_owned(), text: text.to_owned(), list }
    }

    /// The text for a terminal, in colour if `colour`.
    pub fn render(&self, colour: bool) -> String {
        let lines: Vec<&str> = self.text.lines().collect();
        let mut out = String::new();
        for (index, problem) in self.list.iter().enumerate() {
            if index > 0 {
                out.push('\n');
            }
            // Writing to a String cannot fail.
            let _ = render_one(&mut out, &self.file, &lines, problem, Paint(colour));
        }
        out
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Problems {}

/// Colour, or none.
#[derive(Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn wrap(self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

fn render_one(
    out: &mut String,
    file: &str,
    lines: &[&str],
    problem: &Problem,
    paint: Paint,
) -> fmt::Result {
    let place = match (&problem.origin, problem.line) {
        (Some(origin), _) => origin.clone(),
        (None, 0) => file.to_owned(),
        (None, line) => format!("{file}:{line}:{}", problem.column),
    };
    let named = problem.origin.as_ref().is_some_and(|origin| {
        let argument = origin.strip_prefix("--set ").unwrap_or(origin);
        argument.strip_prefix(&problem.key).is_some_and(|rest| rest.starts_with('='))
    });
    let key = if problem.key.is_empty() || named { "" } else { &problem.key };
    // What an argument and a key say together may be more than a line holds.
    let long = place.chars().count() + key.chars().count() + "error: : ".len() > WIDTH;
    let between = match () {
        () if key.is_empty() => "",
        () if long && problem.origin.is_some() => ":\n  ",
        () => ": ",
    };
    let heading = format!("{}{between}{}", shown(&place), shown(key));
    writeln!(out, "{}: {}", paint.wrap("1;31", "error"), paint.wrap("1", &heading))?;
    if problem.origin.is_none() && problem.line > 0 {
        excerpt(out, lines, problem, paint)?;
    }
    for (label, text) in [
        ("found", Some(&problem.found)),
        ("accepted", Some(&problem.accepted)),
        ("nearest", problem.nearest.as_ref()),
        ("advice", Some(&problem.message)),
    ] {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            let label = paint.wrap("36", &format!("{label:<width$}", width = INDENT - 4));
            writeln!(out, "  {label}  {}", wrapped(&shown(text)))?;
        }
    }
    Ok(())
}

/// The line of the file and a row of carets, cut to the width around the place.
fn excerpt(out: &mut String, lines: &[&str], problem: &Problem, paint: Paint) -> fmt::Result {
    let line: Vec<char> = lines.get(problem.line - 1).unwrap_or(&"").chars().collect();
    let margin = problem.line.to_string().len().max(2) + 5;
    let room = WIDTH - margin;
    let at = problem.column.saturating_sub(1).min(line.len());
    let first = if line.len() <= room || at + 30 < room { 0 } else { at.saturating_sub(20) };
    let cut: String = line.iter().skip(first).take(room).collect();
    let carets = problem.len.clamp(1, room.saturating_sub(at - first).max(1));
    // A tab is one column to the parser; one blank each keeps the carets under their text.
    let cut = shown(&cut.replace('\t', " "));
    writeln!(out, "  {:>width$} | {}", problem.line, cut.trim_end(), width = margin - 5)?;
    let row = format!("{}{}", " ".repeat(at - first), paint.wrap("1;31", &"^".repeat(carets)));
    writeln!(out, "  {:>width$} | {row}", "", width = margin - 5)
}

/// Control characters would let a file write to the terminal; they are shown as a mark.
fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Folds `text` at blanks so that it fits beside its label.
fn wrapped(text: &str) -> String {
    let mut out = String::new();
    let mut column = INDENT;
    for word in text.split(' ') {
        let width = word.chars().count();
        if column > INDENT && column + 1 + width > WIDTH {
            out.push('\n');
            out.push_str(&" ".repeat(INDENT));
            column = INDENT;
        } else if column > INDENT {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += width;
    }
    out
}

/// A text short enough to quote.
pub(super) fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut chars = text.chars();
    let head: String = chars.by_ref().take(LONGEST).collect();
    if chars.next().is_none() { head } else { format!("{head}...") }
}

/// The known name nearest to `name`, if any is near enough to be meant.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    nearest_above(0.65, name, known)
}

/// The known name nearest to `name`, if its likeness (0 to 1) is at least `least`.
pub(super) fn nearest_above<'a>(
    least: f64,
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // Edit distance is quadratic; no name of ours is long.
    if name.len() > 100 {
        return None;
    }
    let name = name.to_ascii_lowercase().replace(['-', ' '], "_");
    let score = |known: &str| {
        let edits = strsim::normalized_damerau_levenshtein(&name, known);
        let shape = strsim::jaro_winkler(&name, known) * 0.9;
        let long = known.len() >= 4 && name.len() >= 4;
        let part = long && (known.contains(&name) || name.contains(known));
        edits.max(shape).max(if part { 0.8 } else { 0.0 })
    };
    known
        .into_iter()
        .map(|known| (score(known), known))
        .filter(|(score, _)| *score >= least)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(line: usize, key: &str) -> Problem {
        Problem {
            line,
            column: 3,
            len: 6,
            key: key.to_owned(),
            found: "agints, which is not a key of proofpoint".to_owned(),
            accepted: "agents".to_owned(),
            nearest: Some("agents".to_owned()),
            message: String::new(),
            origin: None,
        }
    }

    #[test]
    fn a_problem_shows_place_excerpt_found_accepted_and_nearest() {
        let problems =
            Problems::new("a.yaml", "proofpoint:\n  agints: 1\n", vec![problem(2, "p.agints")]);
        assert_eq!(
            problems.to_string(),
            "error: a.yaml:2:3: p.agints\n   2 |   agints: 1\n     |   ^^^^^^\n  \
             found     agints, which is not a key of proofpoint\n  \
             accepted  agents\n  nearest   agents\n"
        );
    }

    #[test]
    fn problems_are_shown_in_order_of_line_and_overrides_last() {
        let set = Problem { origin: Some("--set a=1".to_owned()), ..problem(1, "set") };
        let list = vec![set, problem(9, "late"), problem(2, "early")];
        let order: Vec<String> =
            Problems::new("a.yaml", "", list).list.into_iter().map(|p| p.key).collect();
        assert_eq!(order, ["early", "late", "set"]);
    }

    #[test]
    fn no_line_of_a_rendered_problem_is_wider_than_a_terminal() {
        let mut wide = problem(1, "x");
        wide.accepted = "many words here ".repeat(40);
        wide.column = 300;
        let text = "y".repeat(500);
        for line in Problems::new("a.yaml", &text, vec![wide]).to_string().lines() {
            assert!(line.chars().count() <= WIDTH, "{line}");
        }
    }

    #[test]
    fn control_characters_of_a_file_never_reach_the_terminal() {
        let mut rude = problem(1, "x");
        rude.found = "\x1b[2J".to_owned();
        let shown = Problems::new("a.yaml", "\x1b[31mred", vec![rude]).to_string();
        assert!(!shown.contains('\x1b'), "{shown:?}");
    }

    #[test]
    fn the_nearest_name_is_the_one_meant_or_none() {
        let known = ["messages_per_connection", "agents", "retry_interval", "hoststat"];
        assert_eq!(nearest("mesages_per_connection", known), Some("messages_per_connection"));
        assert_eq!(nearest("retry-interval", known), Some("retry_interval"));
        assert_eq!(nearest("host_stat", known), Some("hoststat"));
        assert_eq!(nearest("colour", known), None);
    }
}
