//! `changes:` - what an administrator does while the run goes on.
//!
//! New settings are read by reading the whole scenario again with them in place, so that they are checked
//! exactly like typed ones; each set builds on those before it.

use super::instant::instant;
use super::keys::{self, KeyDoc, Kind};
use super::node::{self, Entry, Node, Place, Value};
use super::problem::Problem;
use super::reader::{Field, Report, Section};
use super::{Scenario, nearest, overrides, resolve};
use crate::model::params::{Action, Change, Params};
use crate::units::SimTime;

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
/// ... and are none of these. The keys of another destination's receiver are those of exchange_online.
const FIXED: [&str; 7] = [
    "proofpoint.agents",
    "proofpoint.first_run_at",
    "proofpoint.hoststat.key",
    "exchange_online.front_ends",
    "exchange_online.routing",
    "destinations[].name",
    "destinations[].share",
];
/// The receiver of another destination, as a section of the table.
const RECEIVER: &str = "destinations[].receiver";

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
    let mut course = Course::new(root, scenario, sound);
    let mut changes = Vec::new();
    for (at, set) in entries {
        let action = match set {
            None => Some(Action::ClearHostStatus),
            Some(set) => course.settings(&set, at),
        };
        changes.extend(action.map(|action| Change { at, action }));
    }
    changes
}

/// The settings as change follows change.
struct Course<'s> {
    /// The scenario with every change so far put into it.
    now: Node,
    /// What it means.
    params: Params,
    scenario: &'s Scenario,
    /// Whether the scenario itself has no mistakes.
    sound: bool,
    /// Problems that a change before has been told of, without their own words.
    told: Vec<(usize, usize, String)>,
}

impl<'s> Course<'s> {
    fn new(root: &Node, scenario: &'s Scenario, sound: bool) -> Self {
        let mut now = root.clone();
        if let Value::Map(entries) = &mut now.value {
            // Nothing of these can change, and recorded mail takes long to read.
            let stays = |entry: &Entry| matches!(&*entry.key, "mail" | "windows" | "expect");
            entries.retain(|entry| !stays(entry));
        }
        let told = Vec::new();
        Course { now, params: scenario.params.clone(), scenario, sound, told }
    }

    /// The settings after `set`, which takes effect at `at`.
    fn settings(&mut self, set: &Field<'_>, at: SimTime) -> Option<Action> {
        let mut given = Vec::new();
        flatten("", &set.node.value, &mut given);
        if given.is_empty() {
            return set.refuse("");
        }
        let mut fits = true;
        for (key, entry) in &given {
            let (value, place) = (&entry.value, &entry.place);
            let wrong = match refusal(key) {
                Some((accepted, advice)) => Some([key.clone(), accepted.to_owned(), advice]),
                None => overrides::put(&mut self.now, key, value.clone(), place).err(),
            };
            if let Some([found, accepted, advice]) = wrong {
                set.report.at(place, &format!("{}.{key}", set.path), &found, &accepted, &advice);
                fits = false;
            }
        }
        let again = set.report.again();
        let mut params = resolve(&self.now, &self.scenario.name, &again).params;
        let (problems, _) = again.into_parts();
        fits &= problems.is_empty();
        self.tell(problems, set, &given);
        let old = &self.scenario.params;
        let kind = |params: &Params| std::mem::discriminant(&params.network.link);
        if fits && kind(&params) != kind(old) {
            return set.refuse_as(
                "another kind of network.bandwidth",
                "a new value of the kind that is there",
                "a link cannot become shared, or cease to be, while mail is on it",
            );
        }
        if !fits {
            return None;
        }
        // The mail stays as it is; recorded mail need not be kept once for each change.
        params.workload = old.workload.clone();
        note_past_outages(set, &self.params, &params, at);
        self.params = params.clone();
        Some(Action::Set(Box::new(params)))
    }

    /// Tells of `problems` at the change that brings them, each once.
    fn tell(&mut self, problems: Vec<Problem>, set: &Field<'_>, given: &[(String, &Entry)]) {
        let mut own = Vec::new();
        places(set.node, &mut own);
        for mut problem in problems.into_iter().filter(|_| self.sound) {
            let mark = (problem.line, problem.column, format!("{}{}", problem.key, problem.found));
            if self.told.contains(&mark) {
                continue;
            }
            self.told.push(mark);
            let here = |place: &&Place| {
                (place.line, place.column) == (problem.line, problem.column)
                    && place.origin == problem.origin
            };
            if own.iter().any(here) {
                problem.key = format!("{}.{}", set.path, problem.key);
                set.report.add(problem);
                continue;
            }
            // It was right until this change: the change is what to look at.
            let from = match (&problem.origin, problem.line) {
                (Some(origin), _) => format!(", from {origin}"),
                (None, 0) => String::new(),
                (None, line) => format!(", from line {line}"),
            };
            let found = format!("{}: {}{from}", problem.key, problem.found);
            let but = if problem.message.is_empty() { "" } else { "; " };
            let advice = format!(
                "{}{but}it does not go with what this change sets: set {} here, too",
                problem.message, problem.key
            );
            let place = given.first().map_or(&set.node.place, |(_, entry)| &entry.place);
            set.report.at(place, &set.path, &found, &problem.accepted, &advice);
        }
    }
}

/// An outage that is over when it is set never happens.
fn note_past_outages(set: &Field<'_>, old: &Params, new: &Params, at: SimTime) {
    for number in 0..new.destinations() {
        let before = &old.receiver_of(number).outages;
        let added = new.receiver_of(number).outages.iter().filter(|one| !before.contains(one));
        for outage in added.filter(|outage| outage.until <= at) {
            let end = keys::short(outage.until.since(SimTime::ZERO));
            let text = format!(
                "{}: the outage of front end {} ends at {end}, before it is set, at {}.",
                set.path,
                outage.front_end + 1,
                keys::short(at.since(SimTime::ZERO))
            );
            set.report.note("outage_over", &text, "Let it end later, or take it out.");
        }
    }
}

/// The places of everything written in `node`.
fn places<'n>(node: &'n Node, out: &mut Vec<&'n Place>) {
    out.push(&node.place);
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| places(item, out)),
        Value::Map(entries) => entries.iter().for_each(|entry| {
            out.push(&entry.place);
            places(&entry.value, out);
        }),
        Value::Null | Value::Scalar(_) => {}
    }
}

/// The dotted keys of `set:`, also where they are written as sections within sections.
fn flatten<'n>(prefix: &str, value: &'n Value, out: &mut Vec<(String, &'n Entry)>) {
    let Value::Map(entries) = value else { return };
    for entry in entries {
        // Blanks around a name mean nothing when it is put into place, nor when it is looked at.
        let name: Vec<&str> = entry.key.split('.').map(str::trim).collect();
        let key = node::join(prefix, &name.join("."));
        let inner = matches!(&entry.value.value, Value::Map(inner) if !inner.is_empty());
        let doc = keys::find(&listed(&key));
        if inner && doc.is_some_and(|doc| matches!(doc.kind, Kind::Section)) {
            flatten(&key, &entry.value.value, out);
        } else {
            out.push((key, entry));
        }
    }
}

/// The path of `key` in the table of keys: without the numbers of entries.
fn listed(key: &str) -> String {
    let blank = |c: char| c.is_ascii_digit() || c == ' ';
    let parts = key.split('[').enumerate();
    let parts = parts.map(|(at, part)| if at > 0 { part.trim_start_matches(blank) } else { part });
    overrides::listed(&parts.collect::<Vec<_>>().join("[")).into_owned()
}

/// Why `key` cannot be set while mail is queued: what is accepted instead, and advice.
fn refusal(key: &str) -> Option<(&'static str, String)> {
    const ACCEPTED: &str =
        "a dotted key of proofpoint, exchange_online, network or destinations[N].receiver";
    let table = listed(key);
    if FIXED.contains(&&*table) {
        return Some((ACCEPTED, "this cannot change while mail is queued".to_owned()));
    }
    let below = |section: &str| {
        let inner = if section == RECEIVER { "exchange_online" } else { section };
        let free = |doc: &&keys::KeyDoc| !FIXED.contains(&doc.path);
        let first = keys::children(inner).find(free).map_or("", keys::KeyDoc::name);
        format!("this is a section; write a key below it, such as {key}.{first}")
    };
    if table == RECEIVER || CHANGEABLE.iter().any(|start| start.trim_end_matches('.') == table) {
        return Some((ACCEPTED, below(&table)));
    }
    if CHANGEABLE.iter().any(|start| table.starts_with(start)) {
        // An unknown one is found, with its nearest name, when the whole is read.
        return None;
    }
    if keys::find(&table).is_some() {
        return Some((ACCEPTED, "only the sender, the receiver and the network change".to_owned()));
    }
    let known = keys::all().map(|doc| doc.path);
    let near = nearest(key, known.filter(|path| CHANGEABLE.iter().any(|s| path.starts_with(s))));
    let advice = near.map_or_else(String::new, |near| format!("did you mean {near}?"));
    Some((ACCEPTED, format!("this is not a key; {advice}").trim_end_matches("; ").to_owned()))
}
