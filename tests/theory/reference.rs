//! The exact values, and which test holds the simulator to which of them.
//!
//! A test opens an entry of `reference_values.json` by its name and asks for each value by its key. When it
//! lets go of the entry, every value must have been asked for or stand in [`UNTESTED`] with a reason; and
//! every entry of the file must have a test in [`COVERED`]. So none is missing in silence.

use crate::mail::interval;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Entry by entry, the test that meets it.
const COVERED: &[(&str, &str)] = &[
    ("M/M/1 means", "one_runner_with_exponential_service_is_m_m_1"),
    ("M/M/1 waiting and sojourn quantiles", "waits_of_one_runner_have_the_quantiles_of_m_m_1"),
    ("M/M/1 transient mean number from empty", "an_empty_queue_fills_as_m_m_1_does"),
    ("M/M/c Erlang C c=10", "ten_servers_meet_erlang_c"),
    ("M/M/c Erlang C c=100", "a_hundred_servers_meet_erlang_c"),
    ("M/M/c Erlang C c=3", "three_servers_meet_erlang_c"),
    ("M/M/c/K", "a_line_with_a_limit_turns_away_as_many_as_m_m_c_k"),
    ("M/D/1", "one_runner_with_fixed_service_is_m_d_1"),
    ("M/G/1 lognormal service cv=2", "one_runner_with_lognormal_service_is_m_g_1"),
    ("M/G/1 hyperexponential H2", "one_runner_with_a_mix_of_services_is_m_h2_1"),
    (
        "M/M/1 multiple vacations, deterministic V=10 (a queue run every 10 when idle)",
        "a_pause_after_each_empty_pass_is_a_queue_with_multiple_vacations",
    ),
    (
        "M/M/1 multiple vacations, exponential V mean 10",
        "a_server_with_exponential_vacations_meets_levy_and_yechiali",
    ),
    ("Machine repair M/M/c//N", "machines_that_two_people_repair_meet_palm"),
    ("M/M/1 retrial queue (orbit, rate theta per message)", "customers_who_try_again_meet_falin"),
    (
        "M/M/1 with server breakdowns (up rate f, repair rate r, resume)",
        "a_server_that_breaks_down_meets_white_and_christie",
    ),
    (
        "Transfer of fixed length restarted after each failure",
        "a_transfer_that_starts_anew_after_each_failure_meets_gaver",
    ),
    (
        "Saturated connection: exp(10 s) messages, closed after 100, reset at 1200 s",
        "a_saturated_connection_with_a_cap_and_a_lifetime_is_a_renewal_process",
    ),
    ("M/M/1 two classes, non-preemptive priority", "two_classes_meet_cobham"),
    ("D/M/1", "constant_arrivals_make_it_d_m_1"),
    ("Round robin over 2 servers = E2/M/1 each", "taking_turns_between_two_servers_is_e2_m_1"),
    ("Join the shortest queue, 2 servers", "joining_the_shorter_of_two_lines_meets_flatto"),
    ("M^[10]/M/1 batch arrivals", "mail_that_arrives_by_tens_is_a_queue_with_batches"),
    (
        "M/M/1 asymptotic variance of the mean wait (for z-tests)",
        "the_mean_wait_of_m_m_1_scatters_as_daley_says",
    ),
];

/// Values that no test asks for: (entry, value, reason).
const UNTESTED: &[(&str, &str, &str)] = &[
    (
        "M/M/1 asymptotic variance of the mean wait (for z-tests)",
        "se_1e5",
        "the square root of n_var / 1e5: the same statement as n_var",
    ),
    (
        "M/M/1 asymptotic variance of the mean wait (for z-tests)",
        "se_1e6",
        "the square root of n_var / 1e6: the same statement as n_var",
    ),
    (
        "M/M/1 asymptotic variance of the mean wait (for z-tests)",
        "se_1e7",
        "the square root of n_var / 1e7: the same statement as n_var",
    ),
];

const FILE: &str = include_str!("reference_values.json");
/// Where the tests of `COVERED` may stand.
const SOURCES: &[&str] = &[
    include_str!("one_runner.rs"),
    include_str!("moments.rs"),
    include_str!("connection.rs"),
    include_str!("stations.rs"),
    include_str!("special_stations.rs"),
];

static ENTRIES: LazyLock<Vec<Value>> =
    LazyLock::new(|| serde_json::from_str(FILE).expect("a list of entries"));

/// One entry in use by a test.
pub(crate) struct Entry {
    name: &'static str,
    entry: &'static Value,
    asked: RefCell<BTreeSet<String>>,
}

impl Entry {
    /// The entry called `name`.
    pub(crate) fn of(name: &'static str) -> Self {
        let entry = ENTRIES.iter().find(|entry| entry["name"] == name);
        let entry = entry.unwrap_or_else(|| panic!("no entry {name:?}"));
        Entry { name, entry, asked: RefCell::default() }
    }

    /// One of its parameters.
    pub(crate) fn param(&self, key: &str) -> f64 {
        self.entry["params"][key].as_f64().unwrap_or_else(|| panic!("{}: {key}?", self.name))
    }

    /// One of its exact values.
    pub(crate) fn exact(&self, key: &str) -> f64 {
        self.asked.borrow_mut().insert(key.to_owned());
        self.entry["values"][key].as_f64().unwrap_or_else(|| panic!("{}: {key}?", self.name))
    }

    /// Asserts that replications with these `values` agree with the exact one.
    pub(crate) fn covers(&self, key: &str, values: &[f64]) {
        assert_covers(&format!("{}, {key}", self.name), self.exact(key), values);
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let values = self.entry["values"].as_object().expect("values by name");
        for key in values.keys().filter(|key| !self.asked.borrow().contains(*key)) {
            let excused =
                UNTESTED.iter().any(|(name, value, _)| *name == self.name && value == key);
            assert!(excused, "{}: nothing is held against {key}", self.name);
        }
    }
}

/// Asserts that the 99.9 % t interval over replications covers `exact` and is no wider than 10 % of it,
/// so that the test can fail both ways.
pub(crate) fn assert_covers(what: &str, exact: f64, values: &[f64]) {
    let (mean, half) = interval(values);
    println!("{what}: exact {exact:.4}, simulated {mean:.4} +- {half:.4}");
    assert!((mean - exact).abs() <= half, "{what}: exact {exact}, got {mean} +- {half}");
    assert!(half <= 0.10 * exact, "{what}: the interval +- {half} says nothing about {exact}");
}

#[test]
fn every_reference_value_has_a_test_or_a_reason() {
    let names: Vec<&str> = ENTRIES.iter().filter_map(|entry| entry["name"].as_str()).collect();
    assert_eq!(names.len(), 23, "{names:?}");
    for name in &names {
        let tests = COVERED.iter().filter(|(entry, _)| entry == name).count();
        assert_eq!(tests, 1, "{name:?} is covered {tests} times");
    }
    for (name, test) in COVERED {
        assert!(names.contains(name), "{name:?} is no entry");
        let declared = format!("fn {test}() {{");
        let source = SOURCES.iter().find_map(|source| source.split_once(declared.as_str()));
        let (before, after) = source.unwrap_or_else(|| panic!("there is no test {test}"));
        assert!(
            before.trim_end().rsplit("}").next().is_some_and(|a| a.contains("#[test]")),
            "{test}"
        );
        let body = after.split("#[test]").next().unwrap_or(after);
        assert!(body.contains(&format!("{name:?}")), "{test} does not open {name:?}");
    }
    for (name, value, reason) in UNTESTED {
        let entry = ENTRIES.iter().find(|entry| entry["name"] == *name).expect(name);
        assert!(entry["values"][*value].is_number() && !reason.is_empty(), "{name}: {value}");
    }
}

#[test]
#[should_panic(expected = "nothing is held against Wq")]
fn a_value_that_a_test_forgets_is_noticed() {
    drop(Entry::of("M/M/1 multiple vacations, exponential V mean 10"));
}

#[test]
#[should_panic(expected = "says nothing about")]
fn an_interval_too_wide_to_say_anything_is_a_failure() {
    assert_covers("a coin", 1.0, &[0.0, 2.0, 0.0, 2.0]);
}
