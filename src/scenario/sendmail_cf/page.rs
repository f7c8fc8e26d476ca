//! The scenario and the summary made of what was read.

use super::{Reading, Setting, plain};
use crate::scenario::keys::{self, KeyDoc, Kind};
use crate::scenario::template::comment;
use std::fmt::Write as _;

/// A line of text; writing to a String cannot fail.
macro_rules! line {
    ($out:expr, $($text:tt)*) => { { let _ = writeln!($out, $($text)*); } };
}

/// The scenario: what the file says as keys, what it could have said as comments.
pub(super) fn scenario(name: &str, reading: &Reading<'_>) -> String {
    let mut out = String::from("# yaml-language-server: $schema=./scenario.schema.json\n");
    comment(
        &mut out,
        "",
        &format!(
            "A mailflow scenario from {}. Keys carry the line they come from; those in comments are not \
             in that file and have mailflow's default. `mailflow explain KEY` says more about a key.",
            plain(name)
        ),
    );
    out.push_str("\nname: From sendmail.cf\n");
    out.push_str("about: The queue and its runners as a sendmail.cf sets them.\n");
    mail(&mut out, reading);
    for top in ["proofpoint", "exchange_online"] {
        if let Some(doc) = keys::find(top) {
            section(&mut out, doc, reading);
        }
    }
    out
}

/// The file knows nothing of the mail but the most recipients.
fn mail(out: &mut String, reading: &Reading<'_>) {
    out.push_str(
        "\n# The file does not know your mail: put in your own messages a day and bursts.\nmail:\n",
    );
    if let Some(doc) = keys::find("mail.arrivals") {
        line!(out, "  arrivals: {}", doc.default);
    }
    for path in ["mail.recipients", "mail.recipients.max"] {
        if let Some(doc) = keys::find(path).filter(|_| holds("mail.recipients", reading)) {
            key(out, doc, reading);
        }
    }
}

fn section(out: &mut String, top: &KeyDoc, reading: &Reading<'_>) {
    if !holds(top.path, reading) {
        return;
    }
    out.push('\n');
    comment(out, "", top.meaning);
    line!(out, "{}:", top.name());
    let below = format!("{}.", top.path);
    for doc in keys::all().filter(|doc| doc.path.starts_with(&below)) {
        key(out, doc, reading);
    }
}

/// Whether a value was read for a key of this section.
fn holds(path: &str, reading: &Reading<'_>) -> bool {
    let below = format!("{path}.");
    reading.settings.iter().any(|setting| setting.path.starts_with(&below))
}

/// Whether a key below this section is one of Sendmail's options.
fn could_hold(path: &str) -> bool {
    let below = format!("{path}.");
    keys::all().any(|doc| doc.path.starts_with(&below) && doc.sendmail.is_some())
}

fn key(out: &mut String, doc: &KeyDoc, reading: &Reading<'_>) {
    let indent = "  ".repeat(doc.path.matches('.').count());
    if doc.kind == Kind::Section {
        if holds(doc.path, reading) {
            line!(out, "{indent}{}:", doc.name());
        } else if could_hold(doc.path) {
            line!(out, "{indent}# {}:", doc.name());
        }
        return;
    }
    if let Some(setting) = reading.settings.iter().find(|setting| setting.path == doc.path) {
        if !setting.remark.is_empty() {
            comment(out, &indent, &setting.remark);
        }
        let Setting { value, origin, .. } = setting;
        line!(out, "{indent}{}: {value}  # {origin}", doc.name());
    } else if let Some(option) = doc.sendmail.filter(|_| has_meaning(doc, reading)) {
        line!(out, "{indent}# {}: {}  # no value from the file: {option}", doc.name(), doc.default);
    }
}

/// Whether a key that is not set would mean something beside those that are.
fn has_meaning(doc: &KeyDoc, reading: &Reading<'_>) -> bool {
    doc.beside.is_none_or(|(name, value)| {
        let path = format!("{}.{name}", doc.parent());
        let default = keys::find(&path).map(|other| other.default);
        reading.value(&path).or(default) == Some(value)
    })
}

/// What Sendmail does without an option, where mailflow's default is another.
const OTHERWISE: [(&str, &str); 3] = [
    ("proofpoint.delivery", "DeliveryMode is absent: Sendmail then delivers in the background"),
    (
        "proofpoint.queue_runners",
        "MaxRunnersPerQueue is absent: Sendmail then has one runner a queue",
    ),
    (
        "proofpoint.warn_after",
        "Timeout.queuewarn is absent: Sendmail then sends no notice of delay",
    ),
];

/// What was taken, what was not and why, and what the file cannot say.
pub(super) fn summary(name: &str, reading: &Reading<'_>) -> String {
    let mut out = String::new();
    line!(out, "taken from {}:", plain(name));
    for doc in keys::all() {
        for setting in reading.settings.iter().filter(|setting| setting.path == doc.path) {
            line!(out, "  {}: {}  ({})", setting.path, setting.value, setting.origin);
            if !setting.remark.is_empty() {
                line!(out, "    {}", setting.remark);
            }
        }
    }
    if !reading.left.is_empty() {
        line!(out, "seen, and not in the scenario as it stands:");
    }
    for (_, note) in &reading.left {
        line!(out, "  {note}");
    }
    let absent: Vec<_> = OTHERWISE.iter().filter(|(path, _)| !reading.has(path)).collect();
    if !absent.is_empty() {
        line!(out, "absent, where mailflow's default differs from Sendmail's:");
    }
    for (path, why) in absent {
        let default = keys::find(path).map_or("", |doc| doc.default);
        line!(out, "  {path}: {default} is kept; {why}");
    }
    line!(out, "the file cannot tell:");
    for note in &reading.silent {
        line!(out, "  {note}");
    }
    out
}
