//! Which keys and metrics a text means: paths, Proofpoint's labels, Sendmail's options, metric names.

use super::Topic;
use crate::measure::{CATALOGUE, Metric};
use crate::scenario::keys::{self, KeyDoc};
use crate::scenario::sweep::keys as sweep;

/// Fewer letters than this are a part of too many names.
const SHORTEST_PART: usize = 3;
/// How many nearest names an unknown one is answered with.
const MOST_NEAREST: usize = 3;
/// Likeness below which a name is not worth proposing.
const LEAST_LIKENESS: f64 = 0.75;

/// What `text` means: the first of these that finds something - a whole path, a metric, the end of a path,
/// a label, an option of Sendmail, a part of any of them.
///
/// # Errors
/// The nearest names, best first, when nothing is found; perhaps none.
pub fn find(text: &str) -> Result<Vec<Topic>, Vec<String>> {
    let said = text.trim().to_lowercase();
    let path = path_form(&said);
    let search = |wanted: &dyn Fn(&KeyDoc) -> bool| -> Vec<Topic> {
        keys::all().filter(|doc| wanted(doc)).map(Topic::Key).collect()
    };
    let mut found = search(&|doc| path_form(doc.path) == path);
    let of_sweep = |wanted: &dyn Fn(&str) -> bool| {
        let keys = sweep::ALL.iter().filter(|key| wanted(&path_form(key.path)));
        keys.map(Topic::Sweep).collect::<Vec<_>>()
    };
    if found.is_empty() {
        found = of_sweep(&|key| key == path);
    }
    if found.is_empty() {
        // What a metric means does not depend on the part it is of.
        let metric = text.split_once('@').map_or(text, |(metric, _)| metric);
        found.extend(Metric::parse(metric).ok().map(Topic::Metric));
    }
    let tail = format!(".{path}");
    if found.is_empty() {
        found = search(&|doc| path_form(doc.path).ends_with(&tail));
        found.extend(of_sweep(&|key| key.ends_with(&tail)));
    }
    let ways: [&dyn Fn(&KeyDoc) -> bool; 3] = [
        &|doc| doc.label.is_some_and(|label| label.to_lowercase() == said),
        &|doc| doc.sendmail.is_some_and(|names| is_option(names, &said)),
        &|doc| said.chars().count() >= SHORTEST_PART && has_part(doc, &said, &path),
    ];
    for way in ways {
        if found.is_empty() {
            found = search(way);
        }
    }
    if found.is_empty() { Err(nearest(&said)) } else { Ok(found) }
}

/// Paths are compared without the places in lists, and with `_` for what people write in its stead.
fn path_form(path: &str) -> String {
    let mut plain = String::new();
    let mut inside = false;
    for letter in path.chars() {
        match letter {
            '[' => inside = true,
            ']' => inside = false,
            _ if inside => {}
            '-' | ' ' => plain.push('_'),
            _ => plain.push(letter),
        }
    }
    plain
}

/// The names within a remark such as "MinQueueAge, or the interval of -q".
fn options(names: &str) -> impl Iterator<Item = String> {
    names
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '=' | '_' | '-')))
        .filter(|word| {
            let capital = word.starts_with(|c: char| c.is_ascii_uppercase());
            capital || word.starts_with('-') || word.ends_with('=')
        })
        .map(str::to_lowercase)
}

/// Whether `said` names one of the options, perhaps as a line of sendmail.cf: `O Timeout.connect=1m`, `m=99`.
fn is_option(names: &str, said: &str) -> bool {
    let said = said.strip_prefix("o ").unwrap_or(said).trim();
    let (name, with_sign) = match said.split_once('=') {
        Some((name, _)) => (name.trim(), format!("{}=", name.trim())),
        None => (said, format!("{said}=")),
    };
    !name.is_empty() && options(names).any(|option| option == name || option == with_sign)
}

fn has_part(doc: &KeyDoc, said: &str, path: &str) -> bool {
    let within = |text: Option<&str>| text.is_some_and(|text| text.to_lowercase().contains(said));
    doc.name().contains(path) || within(doc.label) || within(doc.sendmail)
}

fn nearest(said: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for doc in keys::all() {
        names.push(doc.path.to_owned());
        names.extend(doc.label.map(str::to_owned));
        names.extend(doc.sendmail.filter(|name| !name.contains(' ')).map(str::to_owned));
    }
    names.extend(sweep::ALL.iter().map(|key| key.path.to_owned()));
    names.extend(CATALOGUE.iter().map(|entry| entry.name.to_owned()));
    let likeness = |name: &str| {
        let name = name.to_lowercase();
        let last = name.rsplit('.').next().unwrap_or(&name);
        strsim::jaro_winkler(said, &name).max(strsim::jaro_winkler(said, last))
    };
    let mut near: Vec<(f64, String)> = names
        .into_iter()
        .map(|name| (likeness(&name), name))
        .filter(|(likeness, _)| *likeness >= LEAST_LIKENESS)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    near.dedup_by(|a, b| a.1 == b.1);
    near.into_iter().take(MOST_NEAREST).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        find(text).expect(text).iter().map(Topic::name).collect()
    }

    #[test]
    fn a_key_is_found_by_its_path_and_by_the_end_of_it() {
        for text in ["proofpoint.retry_interval", "retry_interval", "Retry-Interval"] {
            assert_eq!(names(text), ["proofpoint.retry_interval"], "{text}");
        }
        assert_eq!(names("mail.bursts[0].over"), ["mail.bursts[].over"]);
        assert!(names("at").len() > 1, "all keys of that name are meant");
    }

    #[test]
    fn a_key_is_found_by_the_label_of_the_administration_page() {
        let key = ["proofpoint.messages_per_connection"];
        assert_eq!(names("Maximum Number of Messages per SMTP Connection"), key);
        assert_eq!(names("maximum number of messages"), key);
        assert_eq!(names("MESSAGE RETRY INTERVAL"), ["proofpoint.retry_interval"]);
    }

    #[test]
    fn a_key_is_found_by_the_option_of_sendmail() {
        assert_eq!(names("Timeout.hoststatus"), ["proofpoint.hoststat.remember_for"]);
        assert_eq!(names("O Timeout.hoststatus=30m"), ["proofpoint.hoststat.remember_for"]);
        assert_eq!(names("MaxQueueChildren"), ["proofpoint.max_runner_processes"]);
        let both = ["proofpoint.retry_interval", "proofpoint.min_queue_age"];
        assert_eq!(names("MinQueueAge"), both);
        for text in ["m=", "m=199", "M="] {
            assert_eq!(names(text), ["proofpoint.messages_per_connection"], "{text}");
        }
    }

    #[test]
    fn a_metric_is_found_by_its_name_and_as_it_is_spoken() {
        assert_eq!(names("delay.p99"), ["delay.p99"]);
        assert_eq!(names("p99 delay"), ["delay.p99"]);
        assert_eq!(names("p99 delay@after"), ["delay.p99"]);
        assert_eq!(names("late.2h"), ["late.2h"]);
    }

    #[test]
    fn a_key_of_a_sweep_file_is_found_where_no_scenario_has_one_of_that_name() {
        for (text, path) in [
            ("vary", "vary"),
            ("compare-with", "compare_with"),
            ("run.until", "run.until"),
            ("at_most", "run.until.at_most"),
            ("expect.where", "expect[].where"),
            ("where", "expect[].where"),
            ("smallest_with", "find.smallest_with"),
            ("run", "run"),
        ] {
            assert_eq!(names(text), [path], "{text}");
        }
        assert!(matches!(find("run").expect("known")[..], [Topic::Key(_)]), "the scenario's");
        assert!(names("until").contains(&"run.until".to_owned()));
        assert_eq!(find("combinatons").expect_err("misspelt")[0], "combinations");
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest() {
        let near = find("retry_intervall").expect_err("unknown");
        assert_eq!(near.first().map(String::as_str), Some("proofpoint.retry_interval"));
        assert_eq!(find("xyzzy 42").expect_err("unknown"), Vec::<String>::new());
    }
}
