//! `--set KEY=VALUE`: a value put into the tree before it is read, so that it is checked like a typed one.

use super::keys::{self, Kind};
use super::node::{self, Entry, Node, Place, Value};
use super::problem::{Problem, quoted};
use std::borrow::Cow;

/// One `--set KEY=VALUE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// Dotted path of the key, list entries as `mail.bursts[0].messages`.
    pub key: String,
    /// The value, as YAML.
    pub value: String,
}

impl Override {
    /// Splits the argument of `--set` at its first `=`.
    ///
    /// # Errors
    /// A sentence that says what is missing.
    pub fn from_argument(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => {
                Ok(Override { key: key.trim().to_owned(), value: value.to_owned() })
            }
            _ => Err(format!("{} is not KEY=VALUE, such as run.seed=7", quoted(text))),
        }
    }

    fn origin(&self) -> String {
        format!("--set {}", quoted(&format!("{}={}", self.key, self.value)))
    }

    fn problem(&self, found: &str, accepted: &str, message: &str) -> Problem {
        Problem {
            key: self.key.clone(),
            origin: Some(self.origin()),
            ..node::file_problem(0, 0, found, accepted, message)
        }
    }
}

/// A step of a key path.
enum Step<'a> {
    Key(&'a str),
    Index(&'a str),
}

/// A number of digits alone; one too large for any list is none of its entries.
fn number(index: &str) -> usize {
    index.parse().unwrap_or(usize::MAX)
}

/// Deepest path of an override; the deepest key of a scenario is at 6.
const LONGEST_PATH: usize = 16;

/// Puts each override into the tree, later ones over earlier ones.
pub(super) fn apply(root: &mut Node, overrides: &[Override], problems: &mut Vec<Problem>) {
    for one in overrides {
        if let Err(problem) = apply_one(root, one) {
            problems.push(*problem);
        }
    }
}

fn apply_one(root: &mut Node, one: &Override) -> Result<(), Box<Problem>> {
    let mut value = node::parse(&one.value).map_err(|problem| {
        let advice =
            format!("the value is YAML; put it in quotes if it is a text ({})", problem.message);
        Box::new(one.problem(&problem.found, "a value in YAML", &advice))
    })?;
    let origin = one.origin();
    mark(&mut value, &origin);
    let place = Place { origin: Some(origin), ..Place::default() };
    put(root, &one.key, value, &place)
        .map_err(|[found, accepted, advice]| Box::new(one.problem(&found, &accepted, &advice)))
}

/// Puts `value` at the dotted path `key`; else what was found, what is accepted, and what to do.
pub(super) fn put(
    root: &mut Node,
    key: &str,
    value: Node,
    place: &Place,
) -> Result<(), [String; 3]> {
    const PATH: &str = "a dotted path such as proofpoint.retry_interval or mail.bursts[0].at";
    let mut steps =
        steps(key).ok_or_else(|| [quoted(key), PATH.to_owned(), "this is not a key".to_owned()])?;
    // On or off says nothing about the keys beside it: they stay.
    if key == HOSTSTAT && matches!(value.value, Value::Scalar(_)) {
        steps.push(Step::Key("enabled"));
    }
    let mut at = root;
    let mut path = String::new();
    for step in steps {
        at = match step {
            Step::Key(key) => enter(at, key, &path, place),
            Step::Index(index) => {
                let length = if let Value::List(items) = &at.value { items.len() } else { 0 };
                match &mut at.value {
                    Value::List(items) if number(index) < length => &mut items[number(index)],
                    _ => {
                        let found = format!("entry {} of {path}", quoted(index));
                        let accepted = format!("an entry that is there; it has {length}");
                        let advice = "entries count from 0; to add one, set the whole list";
                        return Err([found, accepted, advice.to_owned()]);
                    }
                }
            }
        };
        path = match step {
            Step::Key(key) => node::join(&path, key),
            Step::Index(_) => format!("{path}[]"),
        };
    }
    *at = value;
    Ok(())
}

/// The value of `key` in `node`, made if it is not there.
fn enter<'n>(node: &'n mut Node, key: &str, path: &str, place: &Place) -> &'n mut Node {
    if !matches!(node.value, Value::Map(_)) {
        // An empty section makes room for a map; a short form goes on to mean what it means.
        let entries = long_form(node, path);
        *node = Node { place: place.clone(), value: Value::Map(entries) };
    }
    let Value::Map(entries) = &mut node.value else { unreachable!("made a map above") };
    if takes_one_of(path) && keys::children(&table(path)).any(|doc| doc.name() == key) {
        // Setting one form replaces the other: fixed in place of lognormal.
        entries.retain(|entry| entry.key == key);
    }
    let index = entries.iter().position(|entry| entry.key == key).unwrap_or_else(|| {
        let value = Node { place: place.clone(), value: Value::Null };
        entries.push(Entry { key: key.to_owned(), place: place.clone(), value });
        entries.len() - 1
    });
    &mut entries[index].value
}

const HOSTSTAT: &str = "proofpoint.hoststat";

/// What a short form is short for: `hoststat: off` is `hoststat: { enabled: off }`.
fn long_form(node: &Node, path: &str) -> Vec<Entry> {
    if path != HOSTSTAT || !matches!(node.value, Value::Scalar(_)) {
        return Vec::new();
    }
    vec![Entry { key: "enabled".to_owned(), place: node.place.clone(), value: node.clone() }]
}

fn takes_one_of(path: &str) -> bool {
    keys::find(&listed(path)).is_some_and(|doc| matches!(doc.kind, Kind::OneOf(_) | Kind::Shape(_)))
}

/// Where the table lists the keys under a path.
fn table(path: &str) -> Cow<'_, str> {
    let path = listed(path);
    match keys::find(&path).map(|doc| doc.kind) {
        Some(Kind::Shape(_)) => "shape".into(),
        _ => path,
    }
}

/// The path in the table of keys: the receiver of every destination has the keys of exchange_online.
pub(super) fn listed(path: &str) -> Cow<'_, str> {
    match path.strip_prefix("destinations[].receiver.") {
        Some(rest) => format!("exchange_online.{rest}").into(),
        None => path.into(),
    }
}

pub(super) fn mark(node: &mut Node, origin: &str) {
    node.place.origin = Some(origin.to_owned());
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| mark(item, origin)),
        Value::Map(entries) => entries.iter_mut().for_each(|entry| {
            entry.place.origin = Some(origin.to_owned());
            mark(&mut entry.value, origin);
        }),
        Value::Null | Value::Scalar(_) => {}
    }
}

fn steps(key: &str) -> Option<Vec<Step<'_>>> {
    let mut steps = Vec::new();
    for part in key.split('.') {
        let (name, mut rest) = part.split_at(part.find('[').unwrap_or(part.len()));
        if name.trim().is_empty() {
            return None;
        }
        steps.push(Step::Key(name.trim()));
        while let Some(inner) = rest.strip_prefix('[') {
            let (index, after) = inner.split_once(']')?;
            let index = index.trim();
            if index.is_empty() || !index.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            steps.push(Step::Index(index));
            rest = after;
        }
        if !rest.is_empty() || steps.len() > LONGEST_PATH {
            return None;
        }
    }
    Some(steps)
}
