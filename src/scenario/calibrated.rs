//! A scenario as a log gave rise to it: each key with a comment that says how sure it is, and keys that the log
//! does not determine left at their default, with the reason.

use super::keys;
use super::template::comment;
use std::fmt::Write as _;

/// A key of a calibrated scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calibrated {
    /// Its path, such as `proofpoint.retry_interval`.
    pub key: &'static str,
    /// Its value as it is written in a scenario; `None` keeps the default.
    pub value: Option<String>,
    /// How sure it is and why; why it is not determined.
    pub why: String,
}

impl Calibrated {
    /// A value with what it rests on.
    pub fn known(key: &'static str, value: impl Into<String>, why: impl Into<String>) -> Self {
        Calibrated { key, value: Some(value.into()), why: why.into() }
    }

    /// A key that keeps its default, and why.
    pub fn undetermined(key: &'static str, why: &str) -> Self {
        Calibrated { key, value: None, why: format!("undetermined: {why}") }
    }
}

/// The scenario of these keys. Keys of one section must follow each other.
pub fn calibrated(about: &[String], keys: &[Calibrated]) -> String {
    let mut out = String::new();
    about.iter().for_each(|line| comment(&mut out, "", line));
    let mut open: Vec<&str> = Vec::new();
    for one in keys {
        let parts: Vec<&str> = one.key.split('.').collect();
        let sections = &parts[..parts.len() - 1];
        let common = open.iter().zip(sections).take_while(|(a, b)| a == b).count();
        for depth in common..sections.len() {
            let path = sections[..=depth].join(".");
            // A section in which nothing is known would have no value, which is an error.
            let known = keys.iter().any(|other| {
                other.value.is_some()
                    && other.key.strip_prefix(&path).is_some_and(|rest| rest.starts_with('.'))
            });
            let indent = "  ".repeat(depth);
            let gap = if depth == 0 { "\n" } else { "" };
            let mark = if known { "" } else { "# " };
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{gap}{indent}{mark}{}:", sections[depth]);
        }
        open = sections.to_vec();
        write_key(&mut out, one, parts.len() - 1);
    }
    out
}

fn write_key(out: &mut String, one: &Calibrated, depth: usize) {
    let indent = "  ".repeat(depth);
    let name = one.key.rsplit('.').next().unwrap_or(one.key);
    if !one.why.is_empty() {
        comment(out, &indent, &one.why);
    }
    let default = keys::find(one.key).map_or("", |doc| doc.default);
    // Writing to a String cannot fail.
    let _ = match &one.value {
        Some(value) => writeln!(out, "{indent}{name}: {value}"),
        None => writeln!(out, "{indent}# {name}: {default}"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::parse;
    use crate::units::Span;

    #[test]
    fn what_is_known_is_set_and_what_is_not_keeps_its_default() {
        let keys = [
            Calibrated::known("name", "A log", ""),
            Calibrated::known("proofpoint.queue_runners", "7", "shown: seven at once"),
            Calibrated::undetermined("proofpoint.order", "a log does not say"),
            Calibrated::undetermined("proofpoint.hoststat.enabled", "no failure"),
            Calibrated::known("proofpoint.hoststat.remember_for", "10m", "likely"),
            Calibrated::undetermined("network.round_trip", "part of the message time"),
        ];
        let text = calibrated(&["Made from a log.".to_owned()], &keys);
        let scenario = parse("x.yaml", &text, ".".as_ref(), &[]).expect("valid");
        let sender = &scenario.params.sender;
        assert_eq!(sender.runners, 7);
        assert_eq!(sender.host_status.remember_for, Span::from_mins(10));
        assert!(sender.host_status.enabled, "the default");
        for line in [
            "  # shown: seven at once\n  queue_runners: 7\n",
            "  # undetermined: a log does not say\n  # order: priority\n",
            "\n# network:\n  # undetermined: part of the message time\n  # round_trip: 30ms\n",
        ] {
            assert!(text.contains(line), "{line:?} in\n{text}");
        }
    }
}
