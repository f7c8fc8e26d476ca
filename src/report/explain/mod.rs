//! `explain`: everything the table of keys and the catalogue of metrics know, for people and programs.

mod find;
mod wrap;

pub use find::find;
pub use wrap::wrapped;

use super::Style;
use crate::measure::{Metric, Unit};
use crate::scenario::keys::{self, KeyDoc, Kind, Source};
use crate::scenario::sweep::keys::{self as sweep, SweepKey};
use crate::scenario::{Origin, Setting};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The width everything keeps to.
pub const WIDTH: usize = 80;
/// Where the values beside the names of a page begin.
const VALUES: usize = 14;
/// Where the defaults of the list begin.
const DEFAULTS: usize = 38;

/// Where the keys of a sweep file stand.
const IN_SWEEP: &str = "a sweep file, for `mailflow sweep`";

/// Something that can be explained.
#[derive(Clone, Copy, Debug)]
pub enum Topic {
    /// A key of a scenario.
    Key(&'static KeyDoc),
    /// A key of a sweep file.
    Sweep(&'static SweepKey),
    /// A metric of the results.
    Metric(Metric),
}

impl Topic {
    /// Its name in files.
    pub fn name(&self) -> String {
        match self {
            Topic::Key(doc) => doc.path.to_owned(),
            Topic::Sweep(key) => key.path.to_owned(),
            Topic::Metric(metric) => metric.name(),
        }
    }

    /// What there is to say, in order: names and texts.
    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            Topic::Key(doc) => key_facts(doc),
            Topic::Sweep(key) => {
                let default =
                    (!key.default.is_empty()).then(|| ("default", key.default.to_owned()));
                let always =
                    [("accepts", key.accepts.to_owned()), ("stands in", IN_SWEEP.to_owned())];
                default.into_iter().chain(always).collect()
            }
            Topic::Metric(metric) => vec![
                ("unit", unit(metric.unit()).to_owned()),
                ("expect", format!("{} OP VALUE, such as {0} <= ..", metric.name())),
                ("of a part", of_parts(*metric)),
            ],
        }
    }

    fn meaning(&self) -> String {
        match self {
            Topic::Key(doc) => doc.meaning.to_owned(),
            Topic::Sweep(key) => key.meaning.to_owned(),
            Topic::Metric(metric) => format!("Metric: {}.", metric.meaning()),
        }
    }
}

/// Which parts have it, and of a window, what counts.
fn of_parts(metric: Metric) -> String {
    let name = metric.name();
    let window = if metric.follows_mail() {
        "the mail that arrives in it, followed to its end"
    } else {
        "what happens in it"
    };
    match metric.parts() {
        [] => "no: only of the whole run".to_owned(),
        ["window"] => format!("{name}@WINDOW: {window}"),
        _ => format!("{name}@DESTINATION, {name}@WINDOW: {window}"),
    }
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Seconds => "a duration; seconds in files",
        Unit::Share => "a share; 0 to 1 in files",
        Unit::Count => "a number of things",
        Unit::Bytes => "bytes",
        Unit::PerSecond => "a second",
    }
}

fn key_facts(doc: &KeyDoc) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if !doc.default.is_empty() {
        facts.push(("default", doc.default.to_owned()));
    }
    facts.push(("accepts", doc.accepts()));
    facts.push(("source", source(doc)));
    if let Some(label) = doc.label {
        facts.push(("Proofpoint", format!("\"{label}\"")));
    }
    if let Some(option) = doc.sendmail {
        facts.push(("Sendmail", option.to_owned()));
    }
    if let Some((key, value)) = doc.beside {
        facts.push(("only beside", format!("{key}: {value}")));
    }
    facts
}

/// Where the default comes from, with the range of an assumption.
fn source(doc: &KeyDoc) -> String {
    let remark = match doc.plausible() {
        nothing if nothing.is_empty() => nothing,
        range if doc.source == Source::Assumed || doc.range.is_some() => {
            format!(", plausible {range}")
        }
        remark => format!("; {remark}"),
    };
    format!("{}{remark}", doc.source.words())
}

/// The page of each topic, for people.
pub fn pages(topics: &[Topic], style: Style) -> String {
    let pages: Vec<String> = topics.iter().map(|topic| page(topic, style)).collect();
    pages.join("\n")
}

fn page(topic: &Topic, style: Style) -> String {
    let mut out = format!("{}\n", style.bold(&topic.name()));
    out += &wrapped("  ", &topic.meaning(), 2, WIDTH);
    out.push('\n');
    for (name, text) in topic.facts() {
        out += &wrapped(&format!("  {name:<12}"), &text, VALUES, WIDTH);
    }
    if let Topic::Key(doc) = topic {
        let under =
            if doc.kind == Kind::List { format!("{}[]", doc.path) } else { doc.path.into() };
        let mut title = "\n  Its keys\n";
        for child in keys::children(&under) {
            out += std::mem::take(&mut title);
            out += &line(child, &under);
        }
    }
    if let Topic::Sweep(key) = topic {
        let mut title = "\n  Its keys\n";
        for child in sweep::children(key.path) {
            out += std::mem::take(&mut title);
            out += &sweep_line(child);
        }
    }
    out
}

/// One key of a sweep file in a list.
fn sweep_line(key: &SweepKey) -> String {
    let value = if key.default.is_empty() { "-" } else { key.default };
    wrapped(&format!("  {:<34}  ", key.path), value, DEFAULTS, WIDTH)
}

/// All keys by section, with their defaults.
pub fn list(style: Style) -> String {
    let mut out = String::from(
        "Every key of a scenario and its default. `mailflow explain KEY` says more;\n\
         labels of Proofpoint, options of Sendmail and metrics are explained as well.\n",
    );
    let mut top = keys::children("").filter(|doc| !is_section(doc)).peekable();
    if top.peek().is_some() {
        let _ = write!(out, "\n{}\n", style.bold("at the top"));
        top.for_each(|doc| out += &line(doc, ""));
    }
    for section in keys::children("").filter(|doc| is_section(doc)) {
        part(&mut out, section.path, section.meaning, style);
    }
    part(&mut out, "shape", "Sizes and durations that vary: one of these.", style);
    let _ = write!(out, "\n{} - The keys of {IN_SWEEP}.\n", style.bold("sweep file"));
    sweep::ALL.iter().for_each(|key| out += &sweep_line(key));
    out
}

fn is_section(doc: &KeyDoc) -> bool {
    matches!(doc.kind, Kind::Section | Kind::List)
}

fn part(out: &mut String, path: &str, meaning: &str, style: Style) {
    let _ = write!(out, "\n{} - {meaning}\n", style.bold(path));
    let under = |doc: &&KeyDoc| {
        doc.path.strip_prefix(path).is_some_and(|rest| rest.starts_with(['.', '[']))
    };
    for doc in keys::all().filter(under) {
        *out += &line(doc, path);
    }
}

/// One key of a list: its name as seen from `parent`, and its default.
fn line(doc: &KeyDoc, parent: &str) -> String {
    let name = doc.path.strip_prefix(parent).unwrap_or(doc.path).trim_start_matches('.');
    let value = match (doc.kind, doc.default) {
        (Kind::Section, "") => "(section)",
        (_, "") => "-",
        (_, default) => default,
    };
    wrapped(&format!("  {name:<34}  "), value, DEFAULTS, WIDTH)
}

/// The values of one scenario with their origins, a line for each.
pub fn settings(settings: &[Setting]) -> String {
    /// Columns kept free for the origin.
    const ORIGIN: usize = 12;
    let mut out = String::new();
    for setting in settings {
        let origin = match setting.origin {
            Origin::Line(line) => format!("line {line}"),
            Origin::Set => "--set".to_owned(),
            Origin::Default => "default".to_owned(),
        };
        // The value may need several lines; the origin stands beside the first.
        let head = format!("{:<42}", setting.key);
        let indent = if head.ends_with(' ') { 42 } else { 4 };
        let text = wrapped(&head, &setting.value, indent, WIDTH - ORIGIN);
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default();
        let _ = writeln!(out, "{first:<68}{origin}");
        lines.for_each(|line| {
            let _ = writeln!(out, "{line}");
        });
    }
    out
}

/// The topics as a JSON array; without any, all keys.
pub fn as_json(topics: &[Topic]) -> String {
    let all: Vec<Value> = topics.iter().map(object).collect();
    // Texts and maps of texts: writing them to memory cannot fail.
    serde_json::to_string_pretty(&all).unwrap_or_default() + "\n"
}

fn object(topic: &Topic) -> Value {
    let text = |text: &str| if text.is_empty() { Value::Null } else { json!(text) };
    match topic {
        Topic::Key(doc) => json!({
            "key": doc.path,
            "meaning": doc.meaning,
            "default": text(doc.default),
            "accepts": doc.accepts(),
            "source": source(doc),
            "proofpoint": doc.label,
            "sendmail": doc.sendmail,
            "only_beside": doc.beside.map(|(key, value)| format!("{key}: {value}")),
        }),
        Topic::Sweep(key) => json!({
            "key": key.path,
            "meaning": key.meaning,
            "default": text(key.default),
            "accepts": key.accepts,
            "in": "sweep",
        }),
        Topic::Metric(metric) => json!({
            "metric": metric.name(),
            "meaning": metric.meaning(),
            "unit": unit(metric.unit()),
            "parts": metric.parts(),
        }),
    }
}

/// The topics as a Markdown table.
pub fn as_markdown(topics: &[Topic]) -> String {
    let mut out = String::from("| name | meaning | facts |\n|---|---|---|\n");
    for topic in topics {
        let facts: Vec<String> =
            topic.facts().iter().map(|(name, text)| format!("{name}: {text}")).collect();
        let cell = |text: &str| text.replace('|', "\\|");
        let (meaning, facts) = (cell(&topic.meaning()), cell(&facts.join("; ")));
        let _ = writeln!(out, "| `{}` | {meaning} | {facts} |", topic.name());
    }
    out
}

/// The topics as CSV: one row for each.
pub fn as_csv(topics: &[Topic]) -> String {
    let quote = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let mut out = String::from("name,meaning,default,accepts,source,proofpoint,sendmail\n");
    for topic in topics {
        let row = match topic {
            Topic::Key(doc) => [
                doc.meaning.to_owned(),
                doc.default.to_owned(),
                doc.accepts(),
                source(doc),
                doc.label.unwrap_or_default().to_owned(),
                doc.sendmail.unwrap_or_default().to_owned(),
            ],
            Topic::Sweep(key) => {
                let none = String::new;
                let (meaning, default) = (key.meaning.to_owned(), key.default.to_owned());
                [meaning, default, key.accepts.to_owned(), IN_SWEEP.to_owned(), none(), none()]
            }
            Topic::Metric(metric) => {
                let accepts = unit(metric.unit()).to_owned();
                let none = String::new;
                [metric.meaning(), none(), accepts, none(), none(), none()]
            }
        };
        let _ = writeln!(out, "{},{}", topic.name(), row.map(|cell| quote(&cell)).join(","));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_a_key_says_where_its_default_comes_from() {
        let topics = find("Timeout.hoststatus").expect("known");
        let page = pages(&topics, Style::PLAIN);
        for part in
            ["default     30m", "from 0s to 30d", "sendmail 8.17 source", "Timeout.hoststat"]
        {
            assert!(page.contains(part), "{part} is missing:\n{page}");
        }
        let page = pages(&find("round_trip").expect("known"), Style::PLAIN);
        assert!(page.contains("assumed, plausible 5ms to 150ms"), "{page}");
    }

    #[test]
    fn the_list_holds_every_key_in_80_columns() {
        let list = list(Style::PLAIN);
        for doc in keys::all() {
            assert!(list.contains(doc.name()), "{}", doc.path);
        }
        assert!(sweep::ALL.iter().all(|key| list.contains(key.path)), "{list}");
        let topics = keys::all().map(Topic::Key).chain(sweep::ALL.iter().map(Topic::Sweep));
        let pages: Vec<String> = topics.map(|topic| page(&topic, Style::PLAIN)).collect();
        for line in list.lines().chain(pages.iter().flat_map(|page| page.lines())) {
            assert!(line.chars().count() <= WIDTH, "{line}");
        }
    }

    #[test]
    fn programs_read_the_same_facts() {
        let topics = find("MinQueueAge").expect("known");
        let read: Value = serde_json::from_str(&as_json(&topics)).expect("JSON");
        assert_eq!(read[0]["default"], "30m");
        assert_eq!(as_markdown(&topics).lines().count(), 4);
        assert_eq!(as_csv(&topics).lines().count(), 3);
    }
}
