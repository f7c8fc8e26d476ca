//! Where each value of a scenario comes from: a line of the file, `--set`, or the default.

use super::keys::{self, KeyDoc, Kind};
use super::node::{self, Node, Value};
use super::{Override, overrides};

/// One key with the value that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its path, list entries as `mail.bursts[0].at`.
    pub key: String,
    /// The value as it would be written.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// This line of the file.
    Line(usize),
    /// `--set` on the command line.
    Set,
    /// The table of keys.
    Default,
}

/// Every key that holds in a valid scenario given as text, in the order of the table. Keys that have no
/// meaning beside the others, and forms that were not chosen, are left out.
pub fn settings(text: &str, overrides: &[Override]) -> Vec<Setting> {
    let Ok(mut root) = node::parse(text.strip_prefix('\u{feff}').unwrap_or(text)) else {
        return Vec::new();
    };
    overrides::apply(&mut root, overrides, &mut Vec::new());
    of_tree(&root)
}

/// The same of a tree.
pub(super) fn of_tree(root: &Node) -> Vec<Setting> {
    let mut out = Vec::new();
    section(Some(root), "", "", &mut out);
    let all = out.clone();
    out.retain(|setting| has_meaning(setting, &all));
    out
}

fn entry<'n>(node: Option<&'n Node>, name: &str) -> Option<&'n Node> {
    match node.map(|node| &node.value) {
        Some(Value::Map(entries)) => {
            entries.iter().find(|entry| entry.key == name).map(|entry| &entry.value)
        }
        _ => None,
    }
}

/// All keys of a section; `path` is for people, `table` the path in the table.
fn section(node: Option<&Node>, path: &str, table: &str, out: &mut Vec<Setting>) {
    for doc in keys::children(table) {
        key(entry(node, doc.name()), &node::join(path, doc.name()), doc, out);
    }
}

fn key(node: Option<&Node>, path: &str, doc: &KeyDoc, out: &mut Vec<Setting>) {
    match (doc.kind, node.map(|node| (node, &node.value))) {
        // A short form such as `hoststat: off` speaks for the whole section.
        (_, Some((node, Value::Scalar(_)))) => out.push(given(node, path)),
        (Kind::Section, _) => section(node, path, doc.path, out),
        // The form chosen, key by key, so that those left out show their defaults.
        (Kind::OneOf(_), Some((_, Value::Map(entries)))) => {
            for entry in entries {
                if let Some(form) = keys::find(&node::join(doc.path, &entry.key)) {
                    key(Some(&entry.value), &node::join(path, &entry.key), form, out);
                }
            }
        }
        (_, Some((node, Value::Map(_)))) => out.push(given(node, path)),
        (Kind::List, Some((_, Value::List(items)))) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                section(Some(item), &format!("{path}[{index}]"), &format!("{}[]", doc.path), out);
            }
        }
        (_, Some((node, Value::List(_)))) => out.push(given(node, path)),
        (_, Some((_, Value::Null)) | None) if doc.default.is_empty() => {}
        (_, Some((_, Value::Null)) | None) => out.push(Setting {
            key: path.to_owned(),
            value: doc.default.to_owned(),
            origin: Origin::Default,
        }),
    }
}

fn given(node: &Node, path: &str) -> Setting {
    let origin = match node.place.origin {
        Some(_) => Origin::Set,
        None => Origin::Line(node.place.line),
    };
    Setting { key: path.to_owned(), value: written(node), origin }
}

/// The value on one line, as it could be written in a scenario.
pub(super) fn written(node: &Node) -> String {
    match &node.value {
        Value::Null => "~".to_owned(),
        Value::Scalar(text) => text.clone(),
        Value::List(items) if items.is_empty() => "[]".to_owned(),
        Value::List(items) => {
            format!("[ {} ]", items.iter().map(written).collect::<Vec<_>>().join(", "))
        }
        Value::Map(entries) => {
            let pair = |entry: &node::Entry| format!("{}: {}", entry.key, written(&entry.value));
            format!("{{ {} }}", entries.iter().map(pair).collect::<Vec<_>>().join(", "))
        }
    }
}

/// Whether the key that this one needs beside it has the value that gives it a meaning.
fn has_meaning(setting: &Setting, all: &[Setting]) -> bool {
    let doc = keys::find(&setting.key);
    let Some((beside, wanted)) = doc.and_then(|doc| doc.beside) else { return true };
    let value = setting.key.match_indices('.').rev().find_map(|(end, _)| {
        let key = node::join(&setting.key[..end], beside);
        all.iter().find(|other| other.key == key).map(|other| other.value.as_str())
    });
    value.is_none_or(|value| value.trim() == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<'a>(all: &'a [Setting], key: &str) -> (&'a str, Origin) {
        let found = all.iter().find(|setting| setting.key == key);
        let found = found.unwrap_or_else(|| panic!("{key} is missing"));
        (&found.value, found.origin)
    }

    #[test]
    fn each_value_is_shown_with_the_line_or_argument_that_set_it() {
        let text = "name: x\nproofpoint:\n  queue_runners: 7\n  hoststat: off\n";
        let set = Override { key: "run.seed".to_owned(), value: "9".to_owned() };
        let all = settings(text, &[set]);
        assert_eq!(of(&all, "proofpoint.queue_runners"), ("7", Origin::Line(3)));
        assert_eq!(of(&all, "proofpoint.hoststat"), ("off", Origin::Line(4)));
        assert_eq!(of(&all, "run.seed"), ("9", Origin::Set));
        assert_eq!(of(&all, "run.repeats"), ("20", Origin::Default));
    }

    #[test]
    fn forms_and_lists_are_shown_key_by_key() {
        let text = "mail:\n  arrivals: { poisson: { rate: 1/s } }\n  \
                    bursts: [ { at: 1h, messages: 5 } ]\n";
        let all = settings(text, &[]);
        assert_eq!(of(&all, "mail.arrivals.poisson.rate"), ("1/s", Origin::Line(2)));
        assert_eq!(of(&all, "mail.bursts[0].messages"), ("5", Origin::Line(3)));
        assert_eq!(of(&all, "mail.bursts[0].over"), ("0s", Origin::Default));
    }

    #[test]
    fn keys_without_a_meaning_here_are_left_out() {
        let has = |text: &str, key: &str| settings(text, &[]).iter().any(|s| s.key == key);
        let periodic = "proofpoint: { queue_runs: periodic }";
        assert!(has(periodic, "proofpoint.min_queue_age"));
        assert!(!has("name: x", "proofpoint.min_queue_age"));
        assert!(!has(periodic, "proofpoint.run_pause.after_work"));
    }
}
