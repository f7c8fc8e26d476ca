//! Walks the tree with the table of keys beside it and collects every problem.
//!
//! A [`Section`] is a map whose names are checked the moment it is opened; a [`Field`] is one value with
//! what the table says of it. A reading that fails leaves its problem here and `None` with the caller,
//! who keeps the default and goes on: the next mistake is to be found as well.

use super::Note;
use super::keys::{self, KeyDoc, Kind};
use super::node::{Entry, Node, Place, Value, join};
use super::problem::{Problem, nearest, nearest_above, quoted};
use crate::units::parse::{self, UnitError};
use crate::units::{Bandwidth, Rate, Share, Span};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

/// What reading one scenario has found so far.
#[derive(Default)]
pub(super) struct Report {
    base: PathBuf,
    problems: RefCell<Vec<Problem>>,
    notes: RefCell<Vec<Note>>,
    /// Recorded values that have been read without a mistake, by file and unit.
    recorded: Rc<RefCell<Recorded>>,
}

/// Values by file and whether they are bytes.
type Recorded = BTreeMap<(PathBuf, bool), Arc<[f64]>>;

impl Report {
    pub(super) fn new(base: &Path) -> Self {
        Report { base: base.to_owned(), ..Report::default() }
    }

    /// A report of its own for reading the scenario again, which need not read its files again.
    pub(super) fn again(&self) -> Self {
        Report { recorded: Rc::clone(&self.recorded), ..Report::new(&self.base) }
    }

    /// The values of the file at `path`, by `read` unless they are known.
    pub(super) fn recorded(
        &self,
        path: PathBuf,
        bytes: bool,
        read: impl FnOnce() -> Option<Arc<[f64]>>,
    ) -> Option<Arc<[f64]>> {
        let key = (path, bytes);
        if let Some(known) = self.recorded.borrow().get(&key) {
            return Some(Arc::clone(known));
        }
        let values = read()?;
        self.recorded.borrow_mut().insert(key, Arc::clone(&values));
        Some(values)
    }

    /// The folder that file names are relative to.
    pub(super) fn base(&self) -> &Path {
        &self.base
    }

    pub(super) fn add(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    pub(super) fn note(&self, kind: &'static str, text: &str, next: &str) {
        self.notes.borrow_mut().push(Note { kind, text: text.to_owned(), next: next.to_owned() });
    }

    pub(super) fn has_problems(&self) -> bool {
        !self.problems.borrow().is_empty()
    }

    pub(super) fn into_parts(self) -> (Vec<Problem>, Vec<Note>) {
        (self.problems.into_inner(), self.notes.into_inner())
    }

    /// A problem at `place`.
    pub(super) fn at(&self, place: &Place, key: &str, found: &str, accepted: &str, message: &str) {
        self.add(Problem::at(place, key, found, accepted, message));
    }
}

/// After so many unknown keys of one section the others are only counted.
const MOST_UNKNOWN: usize = 50;

/// A map of the file, or a section left out.
pub(super) struct Section<'a> {
    /// Dotted path for people: `mail.bursts[0]`.
    path: String,
    /// Path in the table: `mail.bursts[]`, or `shape`.
    table: String,
    place: Place,
    entries: &'a [Entry],
    pub(super) report: &'a Report,
}

impl<'a> Section<'a> {
    /// The whole file.
    pub(super) fn top(root: &'a Node, report: &'a Report) -> Self {
        Section::open(Some(root), "", "", report)
    }

    /// The whole file once more, when its names have been checked.
    pub(super) fn quietly(root: &'a Node, report: &'a Report) -> Self {
        let entries: &[Entry] = if let Value::Map(entries) = &root.value { entries } else { &[] };
        let (path, table) = (String::new(), String::new());
        Section { path, table, place: root.place.clone(), entries, report }
    }

    /// Opens `node` as the section at `path`; a missing or empty one has no keys.
    pub(super) fn open(
        node: Option<&'a Node>,
        path: &str,
        table: &str,
        report: &'a Report,
    ) -> Self {
        let place = node.map(|node| node.place.clone()).unwrap_or_default();
        let entries: &[Entry] = match node.map(|node| (node, &node.value)) {
            Some((_, Value::Map(entries))) => entries,
            None | Some((_, Value::Null)) => &[],
            Some((node, _)) => {
                let accepted = format!("a map of {}", keys::names(table));
                report.at(&node.place, path, &node.describe(), &accepted, "");
                &[]
            }
        };
        let section =
            Section { path: path.to_owned(), table: table.to_owned(), place, entries, report };
        section.refuse_unknown_keys();
        section
    }

    /// The section `name` within this one.
    pub(super) fn child(&self, name: &str) -> Section<'a> {
        let node = self.entry(name).map(|entry| &entry.value);
        Section::open(node, &join(&self.path, name), &join(&self.table, name), self.report)
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    fn entry(&self, name: &str) -> Option<&'a Entry> {
        self.entries.iter().find(|entry| entry.key == name)
    }

    /// The names that are given, as far as they are known.
    pub(super) fn given(&self) -> Vec<&'static str> {
        keys::children(&self.table)
            .map(KeyDoc::name)
            .filter(|name| self.entry(name).is_some())
            .collect()
    }

    /// The value of `name`, if given.
    pub(super) fn get(&self, name: &str) -> Option<Field<'a>> {
        let doc = keys::find(&join(&self.table, name));
        debug_assert!(doc.is_some(), "{}.{name} is not in the table of keys", self.table);
        let (doc, entry) = (doc?, self.entry(name)?);
        Some(Field { node: &entry.value, path: join(&self.path, name), doc, report: self.report })
    }

    /// Reads `name` into `target`; if it is left out or wrong, the default stays.
    pub(super) fn set<T>(
        &self,
        name: &str,
        read: impl FnOnce(&Field<'a>) -> Option<T>,
        target: &mut T,
    ) {
        if let Some(value) = self.get(name).and_then(|field| read(&field)) {
            *target = value;
        }
    }

    /// Reads `name`, which must be given.
    pub(super) fn need<T>(
        &self,
        name: &str,
        read: impl FnOnce(&Field<'a>) -> Option<T>,
    ) -> Option<T> {
        let Some(field) = self.get(name) else {
            let accepted = keys::find(&join(&self.table, name)).map(KeyDoc::accepts);
            let key = join(&self.path, name);
            let message = format!("add {name} to {}", self.path);
            self.report.at(&self.place, &key, "nothing", &accepted.unwrap_or_default(), &message);
            return None;
        };
        read(&field)
    }

    /// The one key that is given, where exactly one is wanted.
    pub(super) fn exactly_one(&self, accepted: &str) -> Option<&'static str> {
        let given = self.given();
        match given.as_slice() {
            [one] => Some(one),
            // Only unknown keys: that is reported already.
            [] if !self.entries.is_empty() => None,
            [] => {
                self.report.at(&self.place, &self.path, "none of them", accepted, "");
                None
            }
            several => {
                let found = several.join(" and ");
                let message = "keep one and take the others out";
                let second = several.get(1).and_then(|name| self.entry(name));
                let place = second.map_or(&self.place, |entry| &entry.place);
                self.report.at(place, &self.path, &found, accepted, message);
                None
            }
        }
    }

    /// A problem about `name`, given or not.
    pub(super) fn complain(&self, name: &str, found: &str, accepted: &str, message: &str) {
        let place = self.entry(name).map_or(&self.place, |entry| &entry.value.place);
        self.report.at(place, &join(&self.path, name), found, accepted, message);
    }

    fn refuse_unknown_keys(&self) {
        let known = |entry: &&Entry| keys::children(&self.table).any(|doc| doc.name() == entry.key);
        let unknown: Vec<&Entry> = self.entries.iter().filter(|entry| !known(entry)).collect();
        for (index, entry) in unknown.iter().enumerate() {
            // Whoever feeds us another kind of file need not see, nor wait for, all of it.
            if index == MOST_UNKNOWN {
                let found = format!("{} more unknown keys", unknown.len() - index);
                let accepted = keys::names(&self.table);
                let message = "is this a scenario file?";
                return self.report.at(&entry.place, &self.path, &found, &accepted, message);
            }
            let here = if self.path.is_empty() { "a scenario" } else { &self.path };
            let (nearest, message) = self.meant(&entry.key);
            self.report.add(Problem {
                line: entry.place.line,
                column: entry.place.column,
                len: entry.place.len,
                key: join(&self.path, &entry.key),
                found: format!("{}, which is not a key of {here}", quoted(&entry.key)),
                accepted: keys::names(&self.table),
                nearest,
                message,
                origin: entry.place.origin.clone(),
            });
        }
    }

    /// What an unknown name may have meant: a key of another section, or a misspelt one.
    fn meant(&self, name: &str) -> (Option<String>, String) {
        let elsewhere = |wanted: &str| {
            keys::all()
                .filter(|doc| doc.name() == wanted && !doc.parent().starts_with("shape"))
                .min_by_key(|doc| (doc.path.contains("[]"), doc.path.matches('.').count()))
        };
        let belongs = |doc: &KeyDoc| {
            let under = match doc.parent() {
                "" => "at the top of the file".to_owned(),
                parent => format!("under {}", parent.replace("[]", "")),
            };
            (Some(doc.path.to_owned()), format!("{} belongs {under}", doc.name()))
        };
        if self.path.is_empty() && matches!(name, "base" | "vary" | "design" | "combinations") {
            return (None, "this looks like a sweep file: use mailflow sweep".to_owned());
        }
        // front_end in a receiver means its front_ends, although outages have a front_end.
        let own = nearest_above(0.9, name, keys::children(&self.table).map(KeyDoc::name));
        if let Some(near) = own {
            return (Some(near.to_owned()), String::new());
        }
        if let Some(doc) = elsewhere(name) {
            return belongs(doc);
        }
        if let Some(near) = nearest(name, keys::children(&self.table).map(KeyDoc::name)) {
            return (Some(near.to_owned()), String::new());
        }
        // Among all keys of all sections something is always a little alike: be strict.
        let far = nearest_above(0.88, name, keys::all().map(KeyDoc::name));
        match far.and_then(elsewhere) {
            Some(doc) => belongs(doc),
            None => (None, String::new()),
        }
    }
}

/// One value and what the table says of it.
pub(super) struct Field<'a> {
    pub(super) node: &'a Node,
    pub(super) path: String,
    pub(super) doc: &'static KeyDoc,
    pub(super) report: &'a Report,
}

impl<'a> Field<'a> {
    /// Records that the value is not accepted, with a sentence why.
    pub(super) fn refuse<T>(&self, message: &str) -> Option<T> {
        self.refuse_as(&self.node.describe(), &self.doc.accepts(), message)
    }

    /// The same with other words for what was found and is accepted.
    pub(super) fn refuse_as<T>(&self, found: &str, accepted: &str, message: &str) -> Option<T> {
        self.report.at(&self.node.place, &self.path, found, accepted, message);
        None
    }

    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&'a str> {
        match &self.node.value {
            Value::Scalar(text) => Some(text),
            _ => self.refuse(""),
        }
    }

    /// The field as a section.
    pub(super) fn section(&self) -> Section<'a> {
        Section::open(Some(self.node), &self.path, self.doc.path, self.report)
    }

    /// The entries of a list; nothing at all is an empty list.
    pub(super) fn items(&self) -> Option<&'a [Node]> {
        match &self.node.value {
            Value::List(items) => Some(items),
            Value::Null => Some(&[]),
            _ => self.refuse(""),
        }
    }

    /// The text read by one of the parsers of quantities.
    pub(super) fn parsed<T>(&self, read: fn(&str) -> Result<T, UnitError>) -> Option<T> {
        let text = self.text()?;
        read(text).map_err(|error| self.explain(text, &error)).ok()
    }

    fn explain(&self, text: &str, error: &UnitError) {
        self.refuse::<()>(&sentence(text, error));
    }

    fn within<T: PartialOrd>(&self, value: T, min: T, max: T) -> Option<T> {
        if value < min {
            return self.refuse(&format!("{} is too small", self.node.describe()));
        }
        if value > max {
            return self.refuse(&format!("{} is too large", self.node.describe()));
        }
        Some(value)
    }

    /// Whether it is the word that stands for nothing of the kind.
    pub(super) fn is_none(&self) -> bool {
        matches!(&self.node.value, Value::Scalar(text) if text.trim() == "none")
    }

    fn is_unlimited(&self) -> bool {
        matches!(&self.node.value, Value::Scalar(text)
            if matches!(text.trim().to_ascii_lowercase().as_str(), "unlimited" | "none"))
    }

    pub(super) fn whole(&self) -> Option<u64> {
        let value = self.parsed(parse::whole)?;
        match self.doc.kind {
            Kind::Whole { min, max } => self.within(value, min, max),
            Kind::WholeOrUnlimited { min, .. } if value == 0 && min > 0 => {
                self.refuse("for no limit write unlimited")
            }
            Kind::WholeOrUnlimited { min, max } => self.within(value, min, max),
            _ => Some(value),
        }
    }

    pub(super) fn count(&self) -> Option<u32> {
        u32::try_from(self.whole()?).map_or_else(|_| self.refuse("the number is too large"), Some)
    }

    /// A number, or `None` inside for `unlimited`.
    pub(super) fn limit(&self) -> Option<Option<u32>> {
        if self.is_unlimited() { Some(None) } else { self.count().map(Some) }
    }

    pub(super) fn number(&self) -> Option<f64> {
        let value = self.parsed(parse::number)?;
        match self.doc.kind {
            Kind::Number { min, max } => self.within(value, min, max),
            _ => Some(value),
        }
    }

    pub(super) fn span(&self) -> Option<Span> {
        let value = self.parsed(parse::span)?;
        match self.doc.kind {
            Kind::Span { min, max } | Kind::SpanOrUnlimited { min, max } => {
                self.within(value, min, max)
            }
            _ => Some(value),
        }
    }

    /// A duration, or `None` inside for `unlimited`.
    pub(super) fn span_limit(&self) -> Option<Option<Span>> {
        if self.is_unlimited() { Some(None) } else { self.span().map(Some) }
    }

    pub(super) fn rate(&self) -> Option<Rate> {
        let rate = self.parsed(parse::rate)?;
        if rate.per_second() <= 0.0 {
            return self.refuse("a stream without mail is written arrivals: none");
        }
        Some(rate)
    }

    pub(super) fn share(&self) -> Option<Share> {
        self.parsed(parse::share)
    }

    pub(super) fn bandwidth(&self) -> Option<Bandwidth> {
        if self.is_unlimited() {
            return Some(Bandwidth::UNLIMITED);
        }
        let bandwidth = self.parsed(parse::bandwidth)?;
        // Below one bit a second a single message would outlast any run.
        if bandwidth.0 < 1.0 { self.refuse("nothing would ever arrive") } else { Some(bandwidth) }
    }

    pub(super) fn flag(&self) -> Option<bool> {
        self.parsed(parse::flag)
    }

    pub(super) fn string(&self) -> Option<String> {
        self.text().map(str::to_owned)
    }

    /// The value that stands for the word given, in the order of the table's words.
    pub(super) fn choice<T: Copy>(&self, values: &[T]) -> Option<T> {
        let Kind::Choice(words) = self.doc.kind else { return None };
        debug_assert_eq!(words.len(), values.len(), "{}", self.path);
        let text = self.text()?.trim();
        // YAML 1.1 writes off as false, too.
        let word = if matches!(text, "false" | "no") { "off" } else { text };
        if let Some(index) = words.iter().position(|known| known.eq_ignore_ascii_case(word)) {
            return values.get(index).copied();
        }
        let Place { line, column, len, ref origin } = self.node.place;
        self.report.add(Problem {
            line,
            column,
            len,
            key: self.path.clone(),
            found: self.node.describe(),
            accepted: self.doc.accepts(),
            nearest: nearest(text, words.iter().copied()).map(str::to_owned),
            message: String::new(),
            origin: origin.clone(),
        });
        None
    }
}

/// What is wrong with `text`, as a sentence: "20 what?" stands alone, "is not a number" speaks of the text.
pub(super) fn sentence(text: &str, error: &UnitError) -> String {
    let speaks_of_it = error.0.starts_with("is ") || error.0.starts_with("must ");
    if speaks_of_it { format!("{} {error}", quoted(text)) } else { error.0.clone() }
}
