//! From YAML text to a tree of nodes that remember their place.
//!
//! The YAML library gives syntax, aliases and limits; types are decided by our own reader, from the text
//! as written. So `on`, `09:30` and `1_000` mean what people mean, whatever a YAML version makes of them.

use super::problem::{Problem, quoted};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::{DuplicateKeyPolicy, NonFiniteFloatPolicy, Spanned};
use std::collections::BTreeSet;
use std::fmt;

/// A place in the file, or the override a node comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) len: usize,
    /// `--set KEY=VALUE`, when not from the file.
    pub(super) origin: Option<String>,
}

/// A value with its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
}

/// What a node holds.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// A text, number or flag as written.
    Scalar(String),
    /// A list.
    List(Vec<Node>),
    /// Keys and values in the order of the file; a key may occur twice (reported by [`duplicates`]).
    Map(Vec<Entry>),
}

/// One line `key: value` of a map.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) place: Place,
    pub(super) value: Node,
}

impl Node {
    /// What the node is, for "found" lines.
    pub(super) fn describe(&self) -> String {
        match &self.value {
            Value::Null => "nothing".to_owned(),
            Value::Scalar(text) if text.is_empty() => "an empty text".to_owned(),
            Value::Scalar(text) => quoted(text),
            Value::List(items) => format!("a list of {}", items.len()),
            Value::Map(entries) => match entries.as_slice() {
                [] => "an empty map".to_owned(),
                entries => {
                    let keys: Vec<&str> = entries.iter().take(4).map(|e| e.key.as_str()).collect();
                    let more = if entries.len() > 4 { ", ..." } else { "" };
                    format!("a map with {}{more}", quoted(&keys.join(", ")))
                }
            },
        }
    }
}

/// Largest scenario file: far above any real one, far below what hurts. Recordings belong in CSV files.
pub(super) const LARGEST_FILE: usize = 1 << 20;
/// Deepest nesting: the deepest key of a scenario is at 6.
const DEEPEST: usize = 24;

/// Parses `text` into a tree, or says in one problem why it is not YAML.
pub(super) fn parse(text: &str) -> Result<Node, Box<Problem>> {
    check_text(text)?;
    let raw: Raw =
        serde_yaml::from_str_with_options(text, options()).map_err(|error| syntax(text, &error))?;
    Ok(raw.into_node(text))
}

fn options() -> serde_yaml::Options {
    serde_yaml::options! {
        budget: serde_yaml::budget! {
            max_events: 200_000,
            max_nodes: 100_000,
            max_depth: DEEPEST,
            flow_nesting_limit: DEEPEST,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_documents: 2,
            max_merge_keys: 1_000,
            max_total_scalar_bytes: 2 * LARGEST_FILE,
        },
        alias_limits: serde_yaml::alias_limits! {
            max_total_replayed_events: 100_000,
            max_replay_stack_depth: 16,
        },
        // We report duplicates ourselves, beside all other problems.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        emit_comments: false,
        with_snippet: false,
    }
}

/// A problem at one place of the text as a whole.
pub(super) fn file_problem(
    line: usize,
    column: usize,
    found: &str,
    accepted: &str,
    message: &str,
) -> Problem {
    Problem {
        line,
        column,
        len: 1,
        key: String::new(),
        found: found.to_owned(),
        accepted: accepted.to_owned(),
        nearest: None,
        message: message.to_owned(),
        origin: None,
    }
}

/// The problem of a file that is too large.
pub(super) fn too_large() -> Problem {
    let advice = "recorded mail belongs in a CSV file: mail.arrivals.replay.file";
    file_problem(0, 0, "a file of more than 1 MiB", TEXT_FILE, advice)
}

const TEXT_FILE: &str = "a YAML text file of at most 1 MiB in UTF-8";

/// What can be said before parsing: size and characters that no text has.
fn check_text(text: &str) -> Result<(), Box<Problem>> {
    if text.len() > LARGEST_FILE {
        return Err(Box::new(too_large()));
    }
    let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{85}');
    if let Some(at) = text.find(odd) {
        let (line, column) = line_and_column(text, at);
        let found = format!(
            "a character no text has (U+{:04X})",
            text[at..].chars().next().map_or(0, u32::from)
        );
        return Err(Box::new(file_problem(
            line,
            column,
            &found,
            TEXT_FILE,
            "is this a scenario file?",
        )));
    }
    Ok(())
}

/// Line and column, from 1, of a byte offset.
pub(super) fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (line, before[start..].chars().count() + 1)
}

fn syntax(text: &str, error: &serde_yaml::Error) -> Box<Problem> {
    const ACCEPTED: &str = "YAML: keys and values as \"key: value\", sections indented by blanks";
    let tab = text.lines().position(|line| {
        let indent = &line[..line.len() - line.trim_start().len()];
        indent.contains('\t') && !line.trim().is_empty()
    });
    let (line, column) =
        error.location().map_or((0, 0), |place| (place.line() as usize, place.column() as usize));
    if let Some(index) = tab.filter(|index| line == 0 || *index < line) {
        let indent = text.lines().nth(index).unwrap_or("").find('\t').unwrap_or(0);
        let advice = "YAML wants blanks; replace each tab by two blanks";
        return Box::new(file_problem(
            index + 1,
            indent + 1,
            "a tab in the indentation",
            ACCEPTED,
            advice,
        ));
    }
    let advice = in_plain_words(&error.render());
    Box::new(file_problem(line, column, "not valid YAML", ACCEPTED, &advice))
}

/// The parser's complaint, with what most often causes it.
fn in_plain_words(words: &str) -> String {
    const HINTS: [(&str, &str); 11] = [
        ("multiple YAML documents", "one scenario per file: take the line --- out"),
        ("recursion", "nested far too deeply"),
        ("nesting", "nested far too deeply"),
        ("budget", "far more than a scenario can hold"),
        ("alias replay", "its aliases stand for far more than a scenario can hold"),
        (
            "unknown anchor",
            "*NAME stands for a value marked &NAME above; is a text meant? quote it",
        ),
        ("escape", "in double quotes a \\ has a meaning; use single quotes"),
        ("quoted scalar", "is a quote left open further up?"),
        ("expected key", "is this line indented like its neighbours?"),
        ("':'", "is a bracket or quote left open further up, or a text with a colon not quoted?"),
        ("mapping values", "a text that holds a colon and a blank is to be quoted"),
    ];
    let first = words.lines().next().unwrap_or("").trim().trim_start_matches("error: ");
    let first = first.split(" at line ").next().unwrap_or(first);
    // Odd files make for long complaints.
    let said: String = first.chars().take(120).collect();
    match HINTS.iter().find(|(part, _)| words.contains(part)) {
        // The library's own advice is for programmers.
        Some((_, hint)) if said.contains("from_str") || said.contains("_events") => {
            (*hint).to_owned()
        }
        Some((_, hint)) => format!("{hint} ({said})"),
        None => said,
    }
}

/// Reports each key that a map of the tree holds twice.
pub(super) fn duplicates(node: &Node, path: &str, problems: &mut Vec<Problem>) {
    match &node.value {
        Value::Map(entries) => {
            let mut seen = BTreeSet::new();
            for entry in entries {
                let path = join(path, &entry.key);
                if !seen.insert(entry.key.as_str()) {
                    let first =
                        entries.iter().find(|e| e.key == entry.key).map_or(0, |e| e.place.line);
                    problems.push(Problem {
                        line: entry.place.line,
                        column: entry.place.column,
                        len: entry.place.len,
                        key: path.clone(),
                        found: format!("{} for the second time", quoted(&entry.key)),
                        accepted: "each key once".to_owned(),
                        nearest: None,
                        message: format!("it is first set on line {first}; keep one of the two"),
                        origin: entry.place.origin.clone(),
                    });
                }
                duplicates(&entry.value, &path, problems);
            }
        }
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                duplicates(item, &format!("{path}[{index}]"), problems);
            }
        }
        Value::Null | Value::Scalar(_) => {}
    }
}

/// The path of `key` within `path`.
pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { quoted(key) } else { format!("{path}.{}", quoted(key)) }
}

/// A node as the library hands it over.
struct Raw(Spanned<RawValue>);

enum RawValue {
    Null,
    /// Already a text.
    Text(String),
    /// Read as a number or flag; the text is taken from the file, this is the fallback.
    Typed(String),
    List(Vec<Raw>),
    Map(Vec<(Raw, Raw)>),
}

impl Raw {
    fn into_node(self, text: &str) -> Node {
        let Spanned { value, referenced, defined } = self.0;
        let mut place = Place {
            line: referenced.line() as usize,
            column: referenced.column() as usize,
            len: 1,
            origin: None,
        };
        let span = defined.span();
        let written = span
            .byte_offset()
            .zip(span.byte_len())
            .and_then(|(at, len)| text.get(at as usize..at.checked_add(len)? as usize));
        if let Some(written) = written {
            place.len = written.lines().next().unwrap_or("").chars().count().max(1);
        }
        let value = match value {
            RawValue::Null => Value::Null,
            RawValue::Text(text) => Value::Scalar(text),
            RawValue::Typed(fallback) => Value::Scalar(match written.map(str::trim) {
                Some(written) if !written.is_empty() => written.to_owned(),
                _ => fallback,
            }),
            RawValue::List(items) => {
                place.len = 1;
                Value::List(items.into_iter().map(|item| item.into_node(text)).collect())
            }
            RawValue::Map(entries) => {
                place.len = 1;
                Value::Map(entries.into_iter().map(|entry| into_entry(entry, text)).collect())
            }
        };
        Node { place, value }
    }
}

fn into_entry((key, value): (Raw, Raw), text: &str) -> Entry {
    let key = key.into_node(text);
    let name = match &key.value {
        Value::Scalar(text) => text.clone(),
        _ => format!("({})", key.describe()),
    };
    Entry { key: name, place: key.place, value: value.into_node(text) }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::<RawValue>::deserialize(deserializer).map(Raw)
    }
}

impl<'de> Deserialize<'de> for RawValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = RawValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<RawValue, E> {
        Ok(RawValue::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<RawValue, E> {
        Ok(RawValue::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<RawValue, E> {
        Ok(RawValue::Typed(value.to_string()))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<RawValue, E> {
        Ok(RawValue::Typed(value.to_string()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<RawValue, E> {
        Ok(RawValue::Typed(value.to_string()))
    }

    fn visit_i128<E: de::Error>(self, value: i128) -> Result<RawValue, E> {
        Ok(RawValue::Typed(value.to_string()))
    }

    fn visit_u128<E: de::Error>(self, value: u128) -> Result<RawValue, E> {
        Ok(RawValue::Typed(value.to_string()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<RawValue, E> {
        Ok(RawValue::Typed(value.to_string()))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<RawValue, E> {
        // So the library hands over 1e400 and its kin; people are shown what they wrote.
        if matches!(value, ".inf" | "-.inf" | ".nan") {
            return Ok(RawValue::Typed(value.to_owned()));
        }
        Ok(RawValue::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<RawValue, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(RawValue::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawValue, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(RawValue::Map(entries))
    }
}
