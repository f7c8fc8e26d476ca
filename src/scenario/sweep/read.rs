//! Reads a sweep file. Like a scenario: every problem is collected with its place, then all are shown.

use super::super::node::{self, Entry, Node, Place, Value, join};
use super::super::problem::{LoadError, Problem, Problems, nearest, quoted};
use super::super::{ExpectLine, check_top, overrides, printable_text, read_text};
use super::super::{keys, origins::written};
use super::find::find;
use super::{Base, Design, Expected, MOST_COMBINATIONS, ORIGIN, Sweep, Until, plain};
use crate::units::parse;
use std::path::{Path, PathBuf};

mod choose;

use choose::{combine, fitting, one_fitting};

/// The keys of a sweep file and what each takes.
pub(super) const KEYS: [(&str, &str); 10] = [
    ("name", "one line of printable text"),
    ("about", "printable text"),
    ("base", "the name of a scenario file, relative to this one, or a map as in a scenario"),
    ("vary", "a map such as { proofpoint.queue_runners: [2, 5, 10] }"),
    ("design", "grid, one_at_a_time, list"),
    ("combinations", "a list of maps such as { proofpoint.queue_runners: 10 }"),
    ("find", "a map such as { key: proofpoint.queue_runners, smallest_with: \"p99 delay <= 5m\" }"),
    ("compare_with", "a map of keys that vary, each with one of its values"),
    ("run", "a map as in a scenario; until may stand for repeats"),
    ("expect", "a list of texts such as \"p99 delay <= 5m\", or of { where: {..}, expect: [..] }"),
];

/// Keys that are no setting of a combination.
const NOT_VARIED: [&str; 5] = ["name", "about", "expect", "run.repeats", "run.seed"];

fn accepted(key: &str) -> &'static str {
    KEYS.iter().find(|(name, _)| *name == key).map_or("", |(_, accepted)| accepted)
}

/// What has been found wrong so far.
#[derive(Default)]
pub(super) struct Found(pub(super) Vec<Problem>);

impl Found {
    pub(super) fn add(&mut self, node: &Node, key: &str, accepted: &str, message: &str) {
        self.0.push(Problem::at(&node.place, key, &node.describe(), accepted, message));
    }

    /// The entries of a map; nothing at all is an empty one.
    fn map<'n>(&mut self, node: &'n Node, key: &str, accepted: &str) -> &'n [Entry] {
        match &node.value {
            Value::Map(entries) => entries,
            Value::Null => &[],
            _ => {
                self.add(node, key, accepted, "");
                &[]
            }
        }
    }
}

/// A key that varies, with where it stands and its values.
type Varied<'n> = (&'n str, Place, Vec<&'n Node>);

/// Reads a sweep file and its base. The combinations are not checked yet: [`Sweep::check`].
///
/// # Errors
/// Every problem of the file, and those of its base.
pub fn load(path: &Path) -> Result<Sweep, Vec<LoadError>> {
    let text = read_text(path).map_err(|error| vec![error])?;
    let name = path.to_string_lossy();
    let refuse = |list| LoadError::Invalid(Problems::new(&name, plain(&text), list));
    let root = node::parse(plain(&text)).map_err(|problem| vec![refuse(vec![*problem])])?;
    let mut found = Found::default();
    node::duplicates(&root, "", &mut found.0);
    let Value::Map(entries) = &root.value else {
        let names = KEYS.map(|(name, _)| name).join(", ");
        found.add(&root, "", &format!("a map of {names}"), "");
        return Err(vec![refuse(found.0)]);
    };
    unknown(entries, &KEYS.map(|(name, _)| name), "a sweep", &mut found);
    let mut errors = Vec::new();
    let get = |key: &str| entries.iter().find(|entry| entry.key == key).map(|e| &e.value);
    let mut base = match base(get("base"), path, &root, &mut found) {
        Ok(base) => base,
        Err(error) => {
            errors.extend(error);
            None
        }
    };
    let until = run(get("run"), base.as_mut(), &mut found);
    let (design, varied) = varied(&get, &root, &mut found);
    let keys = varied.iter().map(|(key, ..)| (*key).to_owned()).collect();
    let readable = base.is_some();
    let sweep = Sweep {
        name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        about: String::new(),
        file: path.to_owned(),
        design,
        keys,
        compare_with: None,
        until,
        find: None,
        expect: Vec::new(),
        text: text.clone(),
        base: base.unwrap_or_else(Base::none),
        values: Vec::new(),
        combinations: Vec::new(),
    };
    let sweep = combine(sweep, varied, get("combinations"), &root, &mut found);
    let sweep = finished(sweep, &get, &mut found);
    if found.0.is_empty() {
        return if errors.is_empty() { Ok(sweep) } else { Err(errors) };
    }
    // All at once: what is wrong with the values, too, as far as they can be put in their places.
    let values = if readable { sweep.every_problem() } else { Vec::new() };
    let (own, of_base): (Vec<Problem>, Vec<Problem>) =
        values.into_iter().partition(|problem| problem.origin.as_deref() == Some(ORIGIN));
    found.0.extend(own);
    found.0.sort_by_key(|problem| (problem.line, problem.column));
    found.0.dedup_by_key(|problem| (problem.line, problem.column));
    let own = |problem| Problem { origin: None, ..problem };
    errors.insert(0, refuse(found.0.into_iter().map(own).collect()));
    if !of_base.is_empty() {
        errors.extend(sweep.refusal(of_base));
    }
    Err(errors)
}

impl Base {
    /// What stands for a base that could not be read; the sweep is refused anyway.
    fn none() -> Self {
        let root = Node { place: Place::default(), value: Value::Map(Vec::new()) };
        Base { name: String::new(), text: String::new(), folder: PathBuf::new(), root }
    }
}

/// The names, the comparison and the expectations, when the combinations are known.
fn finished<'n>(
    mut sweep: Sweep,
    get: &impl Fn(&str) -> Option<&'n Node>,
    found: &mut Found,
) -> Sweep {
    for (key, breaks) in [("name", false), ("about", true)] {
        let Some(node) = get(key) else { continue };
        let allowed = |c: char| breaks && c == '\n';
        match &node.value {
            Value::Scalar(text) if printable_text(text.trim_end(), allowed) => {
                let text = text.trim_end().to_owned();
                *(if breaks { &mut sweep.about } else { &mut sweep.name }) = text;
            }
            _ => found.add(node, key, accepted(key), ""),
        }
    }
    if let Some(node) = get("find") {
        sweep.find = find(&sweep, node, found);
        for key in ["compare_with", "expect"] {
            let Some(node) = get(key) else { continue };
            let message = "a search has one question: judge or compare the value that it finds in a sweep or \
                           run of its own";
            found.add(node, key, "find alone, or beside vary", message);
        }
        return sweep;
    }
    if let Some(node) = get("compare_with") {
        sweep.compare_with = one_fitting(&sweep, node, found);
    }
    if let Some(node) = get("expect") {
        sweep.expect = expectations(&sweep, node, found);
    }
    sweep
}

pub(super) fn unknown(entries: &[Entry], names: &[&str], of: &str, found: &mut Found) {
    for entry in entries.iter().filter(|entry| !names.contains(&entry.key.as_str())) {
        let said = format!("{}, which is not a key of {of}", quoted(&entry.key));
        let advice = match keys::find(&entry.key) {
            Some(_) => "this is a key of a scenario: it belongs into the base, or under vary",
            None => "",
        };
        let nearest = nearest(&entry.key, names.iter().copied()).map(str::to_owned);
        let problem = Problem::at(&entry.place, &entry.key, &said, &names.join(", "), advice);
        found.0.push(Problem { nearest, ..problem });
    }
}

/// The base, read; `Ok(None)` after a problem of the sweep file, an error after one of its own.
fn base(
    node: Option<&Node>,
    path: &Path,
    root: &Node,
    found: &mut Found,
) -> Result<Option<Base>, Vec<LoadError>> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut base = match node.map(|node| (node, &node.value)) {
        Some((node, Value::Map(_))) => {
            let mut root = node.clone();
            overrides::mark(&mut root, ORIGIN);
            let name = path.to_string_lossy().into_owned();
            Base { name, text: String::new(), folder: folder.to_owned(), root }
        }
        Some((_, Value::Scalar(file))) => {
            let file = folder.join(file.trim());
            let text = read_text(&file).map_err(|error| vec![error])?;
            let name = file.to_string_lossy().into_owned();
            let refuse = |list| vec![LoadError::Invalid(Problems::new(&name, plain(&text), list))];
            let root = node::parse(plain(&text)).map_err(|problem| refuse(vec![*problem]))?;
            check_top(&root).map_err(|problem| refuse(vec![*problem]))?;
            let mut twice = Vec::new();
            node::duplicates(&root, "", &mut twice);
            if !twice.is_empty() {
                return Err(refuse(twice));
            }
            let folder = file.parent().unwrap_or(Path::new("")).to_owned();
            Base { name, text, folder, root }
        }
        other => {
            let node = other.map_or(root, |(node, _)| node);
            found.0.push(Problem::at(&node.place, "base", "nothing", accepted("base"), ""));
            return Ok(None);
        }
    };
    // The base's own promises are about itself.
    if let Value::Map(entries) = &mut base.root.value {
        entries.retain(|entry| entry.key != "expect");
    }
    Ok(Some(base))
}

/// Puts `run:` into the base; gives `until`, if that stands there.
fn run(node: Option<&Node>, mut base: Option<&mut Base>, found: &mut Found) -> Option<Until> {
    let entries = found.map(node?, "run", accepted("run"));
    let mut stop = None;
    let given = |key: &str| entries.iter().any(|entry| entry.key == key);
    if let Some(base) = base.as_deref_mut().filter(|_| given("until") || given("repeats")) {
        // How often is said here: what the base says of it is replaced.
        forget(base, &["until", "repeats"]);
    }
    for entry in entries {
        if entry.key == "until" {
            stop = until(&entry.value, found);
            if entries.iter().any(|other| other.key == "repeats") {
                let accepted = "until or repeats";
                found.add(&entry.value, "run.until", accepted, "keep one of the two");
            }
            continue;
        }
        if let Some(base) = base.as_deref_mut() {
            put(base, &join("run", &entry.key), &entry.value, found);
        }
    }
    if let (Some(stop), Some(base)) = (&stop, base) {
        let place = Place::default();
        let value = Node { place, value: Value::Scalar(stop.at_most.to_string()) };
        put(base, "run.repeats", &value, found);
    }
    stop
}

/// Takes keys of `run:` out of the base.
fn forget(base: &mut Base, keys: &[&str]) {
    let Value::Map(entries) = &mut base.root.value else { return };
    for run in entries.iter_mut().filter(|entry| entry.key == "run") {
        if let Value::Map(entries) = &mut run.value.value {
            entries.retain(|entry| !keys.contains(&entry.key.as_str()));
        }
    }
}

fn put(base: &mut Base, key: &str, value: &Node, found: &mut Found) {
    let mut value = value.clone();
    overrides::mark(&mut value, ORIGIN);
    let place = value.place.clone();
    if let Err([said, accepted, message]) = overrides::put(&mut base.root, key, value, &place) {
        found.0.push(Problem::at(&place, key, &said, &accepted, &message));
    }
}

fn until(node: &Node, found: &mut Found) -> Option<Until> {
    const ACCEPTED: &str = "a map such as { metric: delay.p99, relative: 5%, at_most: 500 }";
    let Value::Map(entries) = &node.value else {
        found.add(node, "run.until", ACCEPTED, "");
        return None;
    };
    unknown(entries, &["metric", "relative", "at_most"], "run.until", found);
    let mut text = |key: &str| {
        let value = entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value);
        match value.map(|node| (node, &node.value)) {
            Some((node, Value::Scalar(text))) => Some((node, text.as_str())),
            other => {
                let node = other.map_or(node, |(node, _)| node);
                let message = format!("{key} is needed");
                found.add(node, &format!("run.until.{key}"), ACCEPTED, &message);
                None
            }
        }
    };
    let (metric, relative, at_most) = (text("metric"), text("relative"), text("at_most"));
    let (metric, relative, at_most) = (metric?, relative?, at_most?);
    let share = parse::share(relative.1).ok().map(|share| share.value());
    let Some(share) = share.filter(|share| *share > 0.0) else {
        let accepted = "a share of the value, more than 0%, such as 5%";
        found.add(relative.0, "run.until.relative", accepted, "");
        return None;
    };
    let most = parse::whole(at_most.1).ok().filter(|most| (2..=1_000_000).contains(most));
    let Some(most) = most else {
        let accepted = "a whole number from 2 to 1000000";
        found.add(at_most.0, "run.until.at_most", accepted, "");
        return None;
    };
    Some(Until { metric: line(metric.0, metric.1), relative: share, at_most: most as u32 })
}

pub(super) fn line(node: &Node, text: &str) -> ExpectLine {
    let (line, column) = (node.place.line, node.place.column);
    ExpectLine { text: text.to_owned(), line, column, origin: None }
}

/// How combinations are made, and the keys that vary with their values in the order of the file.
fn varied<'n>(
    get: &impl Fn(&str) -> Option<&'n Node>,
    root: &'n Node,
    found: &mut Found,
) -> (Design, Vec<Varied<'n>>) {
    let (vary, listed) = (get("vary"), get("combinations"));
    let word = get("design").map(|node| (node, &node.value));
    let design = match word {
        None if listed.is_some() => Design::List,
        None => Design::Grid,
        Some((node, Value::Scalar(word))) => match word.trim() {
            "grid" => Design::Grid,
            "one_at_a_time" => Design::OneAtATime,
            "list" => Design::List,
            other => {
                let near = nearest(other, ["grid", "one_at_a_time", "list"]).map(str::to_owned);
                let said =
                    Problem::at(&node.place, "design", &node.describe(), accepted("design"), "");
                found.0.push(Problem { nearest: near, ..said });
                return (Design::Grid, Vec::new());
            }
        },
        Some((node, _)) => {
            found.add(node, "design", accepted("design"), "");
            return (Design::Grid, Vec::new());
        }
    };
    let (wanted, other, key) = match design {
        Design::List => (listed, vary, "combinations"),
        _ => (vary, listed, "vary"),
    };
    if let Some(node) = other {
        let message = format!("design: {} takes {key} alone", design.word());
        found.add(node, if key == "vary" { "combinations" } else { "vary" }, key, &message);
    }
    let Some(node) = wanted else {
        if get("find").is_some() && word.is_none() {
            return (design, Vec::new());
        }
        found.0.push(Problem::at(&root.place, key, "nothing", accepted(key), ""));
        return (design, Vec::new());
    };
    let varied = if design == Design::List { Vec::new() } else { choose::lists(node, found) };
    (design, varied)
}

/// The lines of `expect:`, with the combinations they are about.
fn expectations(sweep: &Sweep, node: &Node, found: &mut Found) -> Vec<Expected> {
    let items = match &node.value {
        Value::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let mut all = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let key = format!("expect[{index}]");
        match &item.value {
            Value::Scalar(text) if !text.trim().is_empty() => {
                all.push(Expected { line: line(item, text), key, of: None });
            }
            Value::Map(entries) => {
                unknown(entries, &["where", "expect"], "an entry of expect", found);
                let get = |name: &str| entries.iter().find(|e| e.key == name).map(|e| &e.value);
                let of = match get("where") {
                    Some(node) => fitting(sweep, node, &join(&key, "where"), found),
                    None => None,
                };
                let lines = get("expect").map(|node| expectations(sweep, node, found));
                let lines = lines.unwrap_or_default();
                if lines.is_empty() {
                    found.add(item, &key, accepted("expect"), "expect is missing or empty");
                }
                for nested in lines {
                    let key = join(&key, &nested.key);
                    all.push(Expected { of: nested.of.or_else(|| of.clone()), key, ..nested });
                }
            }
            _ => found.add(item, &key, accepted("expect"), ""),
        }
    }
    all
}
