//! `changes:` - what an administrator does while the run goes on.
//!
//! New settings are read by reading the whole scenario again with them in place, so that they are checked
//! exactly like typed ones; each set builds on those before it.

use super::instant::instant;
use super::keys::{self, KeyDoc, Kind};
use super::node::{self, Entry, Node, Value};
use super::reader::{Field, Report, Section};
use super::{Scenario, nearest, overrides, resolve};
use crate::model::params::{Action, Change};

pub(super) const KEYS: &[KeyDoc] = &[
    KeyDoc::new("changes", Kind::List, "[]", "What an administrator does during the run."),
    KeyDoc::new("changes[].at", Kind::Instant, "", "When."),
    KeyDoc::new(
        "changes[].clear_hoststat",
        Kind::Choice(&["all"]),
        "",
        "Removes every host's record; running processes keep their memory.",
    ),
    KeyDoc::new(
        "changes[].set",
        Kind::Settings,
        "",
        "New settings, for processes and connections that start from here on.",
    ),
];

/// Keys that may be set while mail is queued begin with one of these ...
const CHANGEABLE: [&str; 3] = ["proofpoint.", "exchange_online.", "network."];
/// ... and are none of these.
const FIXED: [&str; 5] = [
    "proofpoint.agents",
    "proofpoint.first_run_at",
    "proofpoint.hoststat.key",
    "exchange_online.front_ends",
    "exchange_online.routing",
];

/// Reads `changes:` of the scenario that `root` says, in order of time.
pub(super) fn read(root: &Node, scenario: &Scenario, report: &Report) -> Vec<Change> {
    // Beside other mistakes a reading of the whole would only repeat them.
    let sound = !report.has_problems();
    let top = Section::quietly(root, report);
    let Some(list) = top.get("changes") else { return Vec::new() };
    let mut entries = Vec::new();
    for (index, item) in list.items().unwrap_or(&[]).iter().enumerate() {
        let path = format!("changes[{index}]");
        let section = Section::open(Some(item), &path, "changes[]", report);
        let at = section.need("at", |f| instant(f, &scenario.run));
        let clear = section.get("clear_hoststat");
        let cleared = clear.as_ref().and_then(|f| f.choice(&[()]));
        let set = section.get("set");
        if clear.is_some() == set.is_some() {
            let accepted = "exactly one of clear_hoststat, set";
            report.at(&item.place, &path, &item.describe(), accepted, "");
        }
        if let Some(field) = set.as_ref().filter(|f| !matches!(f.node.value, Value::Map(_))) {
            field.refuse::<()>("");
            continue;
        }
        if cleared.is_some() || set.is_some() {
            entries.extend(at.map(|at| (at, set)));
        }
    }
    entries.sort_by_key(|(at, _)| *at);
    let mut now = root.clone();
    let mut changes = Vec::new();
    for (at, set) in entries {
        let action = match set {
            None => Some(Action::ClearHostStatus),
            Some(set) => settings(&set, &mut now, scenario, sound),
        };
        changes.extend(action.map(|action| Change { at, action }));
    }
    changes
}

/// The settings after `set`, which are put into `now`.
fn settings(set: &Field<'_>, now: &mut Node, scenario: &Scenario, sound: bool) -> Option<Action> {
    let mut given = Vec::new();
    flatten("", &set.node.value, &mut given);
    if given.is_empty() {
        return set.refuse("");
    }
    for (key, entry) in &given {
        let path = format!("{}.{key}", set.path);
        if let Some((accepted, advice)) = refusal(key, &entry.value) {
            set.report.at(&entry.place, &path, key, accepted, &advice);
            return None;
        }
        if let Err([found, accepted, advice]) =
            overrides::put(now, key, entry.value.clone(), &entry.place)
        {
            set.report.at(&entry.place, &path, &found, &accepted, &advice);
            return None;
        }
    }
    let again = Report::new(set.report.base());
    let mut params = resolve(now, &scenario.name, &again).params;
    let (problems, _) = again.into_parts();
    if !problems.is_empty() {
        for mut problem in problems.into_iter().filter(|_| sound) {
            problem.key = format!("{}.{}", set.path, problem.key);
            set.report.add(problem);
        }
        return None;
    }
    let old = &scenario.params;
    if std::mem::discriminant(&params.network.link) != std::mem::discriminant(&old.network.link) {
        return set.refuse_as(
            "another kind of network.bandwidth",
            "a new value of the kind that is there",
            "a link cannot become shared, or cease to be, while mail is on it",
        );
    }
    // The mail stays as it is; recorded mail need not be kept once for each change.
    params.workload = old.workload.clone();
    Some(Action::Set(Box::new(params)))
}

/// The dotted keys of `set:`, also where they are written as sections within sections.
fn flatten<'n>(prefix: &str, value: &'n Value, out: &mut Vec<(String, &'n Entry)>) {
    let Value::Map(entries) = value else { return };
    for entry in entries {
        let key = node::join(prefix, &entry.key);
        let inner = matches!(entry.value.value, Value::Map(_));
        let section = keys::find(&key).is_some_and(|doc| matches!(doc.kind, Kind::Section));
        if inner && section {
            flatten(&key, &entry.value.value, out);
        } else {
            out.push((key, entry));
        }
    }
}

/// Why `key` cannot be set while mail is queued: what is accepted instead, and advice.
fn refusal(key: &str, value: &Node) -> Option<(&'static str, String)> {
    const ACCEPTED: &str = "a dotted key of proofpoint, exchange_online or network";
    let fixed = FIXED.contains(&key)
        || key == "proofpoint.hoststat"
            && matches!(&value.value, Value::Map(keys) if keys.iter().any(|k| k.key == "key"));
    if fixed {
        return Some((ACCEPTED, "this cannot change while mail is queued".to_owned()));
    }
    if CHANGEABLE.iter().any(|start| key.starts_with(start)) {
        // An unknown one is found, with its nearest name, when the whole is read.
        return None;
    }
    if keys::find(key).is_some() {
        return Some((ACCEPTED, "only the sender, the receiver and the network change".to_owned()));
    }
    let known = keys::all().map(|doc| doc.path);
    let near = nearest(key, known.filter(|path| CHANGEABLE.iter().any(|s| path.starts_with(s))));
    let advice = near.map_or_else(String::new, |near| format!("did you mean {near}?"));
    Some((ACCEPTED, format!("this is not a key; {advice}").trim_end_matches("; ").to_owned()))
}
