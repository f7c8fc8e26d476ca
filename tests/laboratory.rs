//! The model held against recorded runs of a real Sendmail: `tests/laboratory/README.md` says what they are.

use mailflow::experiment::validation::{CaseResult, Validation, summarise, validate};
use mailflow::model::params::{DeliveryMode, QueueRuns};
use mailflow::scenario::recorded_case::{Observed, RecordedCase};
use mailflow::units::{SimTime, Span};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

const SEEDS: u64 = 100;

/// The cases that the simulator was built by: every documented setting, alone and together.
const MAIN_CASES: [&str; 20] = [
    "a30_Q-1",
    "a30_Q-2",
    "a30_P-1",
    "a30_P-2",
    "b_Q-1",
    "c_Q-1",
    "c_Q-2",
    "c_P-1",
    "c2_Q-1",
    "d_Q-1",
    "e_Q-1",
    "e_P-1",
    "f_Q-1",
    "f_P-2",
    "a30mxn_Q-1",
    "a30_421_Q-1",
    "a30lit_Q-1",
    "j4_cap0_Q-1",
    "j4_cap99_Q-1",
    "c_time_Q-1",
];

fn laboratory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/laboratory")
}

/// The names of all recorded cases, sorted.
fn all_cases() -> Vec<String> {
    let folders = fs::read_dir(laboratory()).expect("the recorded cases").map(|entry| {
        let entry = entry.expect("a readable folder");
        (entry.path().is_dir(), entry.file_name().to_string_lossy().into_owned())
    });
    let mut names: Vec<String> =
        folders.filter(|(folder, _)| *folder).map(|(_, name)| name).collect();
    names.sort();
    names
}

fn load(name: &str) -> RecordedCase {
    RecordedCase::load(&laboratory().join(name)).unwrap_or_else(|error| panic!("{error}"))
}

/// All cases, simulated once for all tests.
fn all() -> &'static Validation {
    static VALIDATION: OnceLock<Validation> = OnceLock::new();
    VALIDATION.get_or_init(|| validate_all(42))
}

fn validate_all(seed: u64) -> Validation {
    let cases: Vec<RecordedCase> = all_cases().iter().map(|name| load(name)).collect();
    validate(&cases, SEEDS, seed)
}

/// The twenty main cases among them.
fn main_cases() -> Validation {
    let cases = all().cases.iter().filter(|case| MAIN_CASES.contains(&case.case.as_str()));
    summarise(cases.cloned().collect())
}

/// What lies outside, for the message of a failed test.
fn outside(cases: &[CaseResult]) -> Vec<String> {
    let of_case = |case: &CaseResult| -> Vec<String> {
        let outside = case.metrics.iter().filter(|(_, metric)| metric.inside == Some(false));
        outside
            .map(|(name, m)| {
                format!("{} {name}: real {:?}, model {}..{}", case.case, m.real, m.low, m.high)
            })
            .collect()
    };
    cases.iter().flat_map(of_case).collect()
}

#[test]
fn nearly_all_delays_of_the_main_cases_are_what_the_real_sendmail_did() {
    let validation = main_cases();
    assert_eq!(validation.total, 80, "four delay metrics of each case");
    let outside = outside(&validation.cases);
    assert!(validation.inside >= 77, "{} of 80 inside; {outside:#?}", validation.inside);
}

#[test]
fn the_median_error_of_the_delays_is_below_one_percent() {
    let error = main_cases().median_error;
    assert!(error <= 0.01, "the median error is {error:.4}");
}

#[test]
fn as_many_connections_are_opened_and_lost_and_as_many_tries_skipped_as_in_reality() {
    let mut counted = 0;
    for case in &all().cases {
        for name in ["connections.cut", "connections.opened", "tries.skipped"] {
            let metric = case.metrics.get(name).expect(name);
            assert_ne!(metric.inside, Some(false), "{} {name}: {metric:?}", case.case);
            counted += u32::from(metric.inside.is_some());
        }
    }
    assert_eq!(counted, 87, "three counts of each case");
}

/// What holds whatever the seed.
fn assert_agrees(all: &Validation) {
    assert_eq!(all.total, 116, "four delay metrics of each case");
    let share = all.inside as f64 / all.total as f64;
    let outside = outside(&all.cases);
    assert!(share >= 0.96, "{} of {} inside; {outside:#?}", all.inside, all.total);
    assert!(all.median_error <= 0.01, "the median error is {}", all.median_error);
    // Fewer would be overconfident, more would be vague.
    let (half, most) = (all.coverage50, all.coverage90);
    assert!((0.40..=0.60).contains(&half), "{half} within the middle 50 %");
    assert!((0.82..=0.97).contains(&most), "{most} within the middle 90 %");
}

#[test]
fn all_recorded_cases_together_agree_as_well() {
    assert_agrees(all());
}

#[test]
fn they_agree_under_another_seed_too() {
    assert_agrees(&validate_all(1));
}

/// One line of `connections.csv`: opened, closed, closed by what.
fn connections(name: &str) -> Vec<(f64, f64, String)> {
    let file = laboratory().join(name).join("connections.csv");
    let text = fs::read_to_string(file).expect("connections.csv");
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    let column = |of: &str| rows[0].iter().position(|name| *name == of).expect("the column");
    let columns = (column("opened_s"), column("closed_s"), column("closed_by"));
    let number = |text: &str| text.parse().expect("a number");
    let row = |row: &Vec<&str>| {
        (number(row[columns.0]), number(row[columns.1]), row[columns.2].to_owned())
    };
    rows[1..].iter().map(row).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Mean of the means of all cases for which there are values, and how many these cases are.
fn over_cases(of_case: impl Fn(&RecordedCase) -> Vec<f64>) -> (f64, usize) {
    let values = all_cases().iter().map(|name| of_case(&load(name))).collect::<Vec<_>>();
    let means: Vec<f64> = values.iter().filter(|v| !v.is_empty()).map(|v| mean(v)).collect();
    (mean(&means), means.len())
}

fn assert_measured(what: &str, stated: Span, (measured, cases): (f64, usize)) {
    let stated = stated.seconds();
    assert!((stated / measured - 1.0).abs() < 0.02, "{what}: {measured} s, but {stated} s stated");
    assert_eq!(cases, 14, "{what}");
}

#[test]
fn queue_runs_are_as_late_as_the_recorded_ones() {
    let late = |case: &RecordedCase| {
        let sender = &case.params.sender;
        let half_an_hour = Span::from_mins(30);
        let first = sender.first_run_at.since(SimTime::ZERO).seconds();
        match sender.runs {
            QueueRuns::Periodic { interval, .. } if interval == half_an_hour => {}
            _ => return Vec::new(),
        }
        if sender.delivery != DeliveryMode::QueueOnly {
            return Vec::new();
        }
        // By run: how long after its nominal start the first connection was opened.
        let mut runs: BTreeMap<u64, f64> = BTreeMap::new();
        for (opened, _, _) in connections(&case.name).iter().filter(|(at, _, _)| *at >= first) {
            let run = ((opened - first + 1e-6) / 1800.0).floor();
            let after = opened - first - run * 1800.0;
            let earliest = runs.entry(run as u64).or_insert(after);
            *earliest = earliest.min(after);
        }
        // Later ones are no run's first: the run found nothing that it might try, or no free host.
        runs.into_values().filter(|after| *after < 30.0).collect()
    };
    let stated = load("a30_Q-1").params.laboratory.expect("a laboratory").run_late;
    assert_measured("how late runs start", stated, over_cases(late));
}

#[test]
fn connections_are_cut_as_late_as_the_recorded_ones() {
    let late = |case: &RecordedCase| {
        let lifetime = case.params.receiver.connection_lifetime.map_or(0.0, Span::seconds);
        let connections = connections(&case.name).into_iter();
        let cut = connections.filter(|(_, _, by)| by == "lifetime_reset");
        cut.map(|(opened, closed, _)| closed - opened - lifetime).collect()
    };
    let stated = load("a30_Q-1").params.laboratory.expect("a laboratory").cut_late;
    assert_measured("how late cuts come", stated, over_cases(late));
}

/// Writes the case into `folder` with nothing but what a simulation may see.
fn strip(name: &str, folder: &Path) {
    let case = laboratory().join(name);
    fs::create_dir(folder).expect("made");
    fs::copy(case.join("injected.csv"), folder.join("injected.csv")).expect("copied");
    let setup = fs::read_to_string(case.join("setup.json")).expect("setup.json");
    let mut setup: serde_json::Value = serde_json::from_str(&setup).expect("JSON");
    let fields = setup.as_object_mut().expect("an object");
    let seen = ["sender", "receiver", "horizon_s", "clock_step_s"];
    fields.retain(|field, _| seen.contains(&field.as_str()));
    assert_eq!(fields.len(), seen.len());
    fs::write(folder.join("setup.json"), setup.to_string()).expect("written");
}

#[test]
fn the_simulation_cannot_see_what_happened_in_reality() {
    let temporary = tempfile::tempdir().expect("a folder");
    for name in all_cases() {
        let folder = temporary.path().join(&name);
        strip(&name, &folder);
        let (whole, blind) = (load(&name), RecordedCase::load(&folder).expect("loads"));
        assert_eq!(blind.observed, Observed::default(), "{name}: nothing to peek at");
        assert_eq!(blind.params, whole.params, "{name}");
        assert_eq!(blind.horizon, whole.horizon, "{name}");
        let values = |case: RecordedCase| -> Vec<(f64, f64, f64)> {
            let validation = validate(&[case], 5, 42);
            let metrics = validation.cases[0].metrics.values();
            metrics.map(|metric| (metric.low, metric.mid, metric.high)).collect()
        };
        assert_eq!(values(blind), values(whole), "{name}");
    }
}
