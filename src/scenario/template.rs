//! The commented scenario that `init` writes, made from the table of keys so that its defaults and
//! comments are those of the reader.

use super::keys::{self, KeyDoc, Kind, Source};
use std::fmt::Write as _;

/// The keys a first scenario should show, in order; the others are a matter for `explain`.
const COMMON: &[&str] = &[
    "name",
    "about",
    "run",
    "run.simulate",
    "run.starts",
    "run.repeats",
    "run.seed",
    "mail",
    "mail.arrivals",
    "mail.bursts",
    "mail.backlog",
    "mail.size",
    "proofpoint",
    "proofpoint.agents",
    "proofpoint.delivery",
    "proofpoint.queue_runs",
    "proofpoint.queue_runners",
    "proofpoint.retry_interval",
    "proofpoint.messages_per_connection",
    "proofpoint.hoststat",
    "proofpoint.hoststat.enabled",
    "proofpoint.hoststat.remember_for",
    "exchange_online",
    "exchange_online.front_ends",
    "exchange_online.routing",
    "exchange_online.connection_lifetime",
    "exchange_online.service_time",
    "exchange_online.max_connections_per_source",
    "exchange_online.deferrals",
    "network",
    "network.round_trip",
    "network.bandwidth",
    "network.bandwidth.per_connection",
    "expect",
];

/// Other values worth showing, as they would be written.
const EXAMPLES: &[(&str, &str)] = &[
    ("mail.arrivals", "{ per_mailbox: { mailboxes: 15000, per_day: 10 } }"),
    ("mail.arrivals", "{ poisson: { rate: 104/min } }"),
    ("mail.bursts", "[ { at: 09:30, messages: 6000, over: 5m } ]"),
    ("mail.size", "{ fixed: 75 KB }"),
    ("proofpoint.messages_per_connection", "199"),
    (
        "exchange_online.deferrals",
        "[ { at: dot, reply: \"451 4.7.500 Server busy\", chance: 0.1% } ]",
    ),
    ("expect", "[ \"p99 delay <= 5m\" ]"),
];

/// Width the comments keep to.
const WIDTH: usize = 90;

/// A scenario with every common key at its default, each with a comment.
pub fn commented() -> String {
    let mut out = String::from(
        "# yaml-language-server: $schema=./scenario.schema.json\n\
         # A mailflow scenario. Every key has a default: take out what you do not need to change.\n\
         # `mailflow check FILE` looks for mistakes, `mailflow explain KEY` says more about a key.\n",
    );
    for path in COMMON {
        if let Some(doc) = keys::find(path) {
            write_key(&mut out, doc);
        }
    }
    out
}

fn write_key(out: &mut String, doc: &KeyDoc) {
    let depth = doc.path.matches('.').count();
    let indent = "  ".repeat(depth);
    if depth == 0 && doc.path != "about" {
        out.push('\n');
    }
    comment(out, &indent, &about(doc));
    // Writing to a String cannot fail.
    let _ = match (doc.path, doc.kind) {
        ("name", _) => writeln!(out, "name: My mail flow"),
        ("about", _) => writeln!(out, "about: What this scenario is to show."),
        (_, Kind::Section) => writeln!(out, "{indent}{}:", doc.name()),
        _ => writeln!(out, "{indent}{}: {}", doc.name(), doc.default),
    };
    for (_, example) in EXAMPLES.iter().filter(|(path, _)| *path == doc.path) {
        let _ = writeln!(out, "{indent}# or: {}: {example}", doc.name());
    }
}

/// Meaning, accepted words, label and the range of an assumption.
fn about(doc: &KeyDoc) -> String {
    let mut text = doc.meaning.to_owned();
    if let Kind::Choice(words) = doc.kind {
        let _ = write!(text, " One of {}.", words.join(", "));
    }
    if let Some(label) = doc.label.filter(|_| doc.kind != Kind::Section) {
        let _ = write!(text, " Proofpoint: \"{label}\".");
    }
    if doc.source == Source::Assumed {
        let _ = write!(text, " Assumed: {}.", doc.plausible());
    }
    text
}

/// A comment folded at blanks.
pub(super) fn comment(out: &mut String, indent: &str, text: &str) {
    let mut line = format!("{indent}#");
    for word in text.split(' ') {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            out.push_str(&line);
            out.push('\n');
            line = format!("{indent}#");
        }
        line.push(' ');
        line.push_str(word);
    }
    out.push_str(&line);
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::params::Params;
    use crate::scenario::{RunSettings, parse};

    fn read(text: &str) -> crate::scenario::Scenario {
        parse("init.yaml", text, ".".as_ref(), &[]).unwrap_or_else(|problems| panic!("{problems}"))
    }

    #[test]
    fn the_commented_scenario_is_valid_and_changes_no_default() {
        let scenario = read(&commented());
        assert_eq!(scenario.params, Params::default());
        assert_eq!(scenario.run, RunSettings::default());
        assert_eq!(scenario.notes, []);
    }

    #[test]
    fn each_value_offered_in_a_comment_is_valid_too() {
        for (path, example) in EXAMPLES {
            let name = keys::find(path).expect("a key").name();
            let offered = format!("# or: {name}: {example}");
            let text = commented();
            assert!(text.contains(&offered), "{offered}");
            let kept: Vec<&str> = text
                .lines()
                .filter(|line| !line.trim().starts_with(&format!("{name}: ")))
                .collect();
            read(&kept.join("\n").replace(&offered, &offered.replace("# or: ", "")));
        }
    }

    #[test]
    fn every_common_key_is_in_the_table() {
        for path in COMMON {
            assert!(keys::find(path).is_some(), "{path}");
        }
    }
}
