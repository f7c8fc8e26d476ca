//! `changes:` - what an administrator does while the run goes on.
//!
//! New settings are read by reading the whole scenario again with them in place, so that they are checked
//! exactly like typed ones; each set builds on those before it.

use super::instant::instant;
use super::keys::{KeyDoc, Kind};
use super::node::{Node, Value};
use super::reader::{Field, Report, Section};
use super::{Scenario, overrides, resolve};
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
    let Value::Map(entries) = &set.node.value else { return None };
    if entries.is_empty() {
        return set.refuse("");
    }
    for entry in entries {
        let path = format!("{}.{}", set.path, entry.key);
        let fixed = |key: &&str| entry.key == **key;
        let in_hoststat = entry.key == "proofpoint.hoststat"
            && matches!(&entry.value.value, Value::Map(keys) if keys.iter().any(|k| k.key == "key"));
        if !CHANGEABLE.iter().any(|start| entry.key.starts_with(start))
            || FIXED.iter().any(fixed)
            || in_hoststat
        {
            let accepted = "a dotted key of proofpoint, exchange_online or network";
            let advice = "this cannot change while mail is queued, or is no key at all";
            set.report.at(&entry.place, &path, &entry.key, accepted, advice);
            return None;
        }
        let put = overrides::put(now, &entry.key, entry.value.clone(), &entry.place);
        if let Err([found, accepted, advice]) = put {
            set.report.at(&entry.place, &path, &found, &accepted, &advice);
            return None;
        }
    }
    let again = Report::new(set.report.base());
    let params = resolve(now, &scenario.name, &again).params;
    let (problems, _) = again.into_parts();
    if problems.is_empty() {
        return Some(Action::Set(Box::new(params)));
    }
    for mut problem in problems.into_iter().filter(|_| sound) {
        problem.key = format!("{}.{}", set.path, problem.key);
        set.report.add(problem);
    }
    None
}
