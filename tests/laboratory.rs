//! The model held against recorded runs of a real Sendmail: `tests/laboratory/README.md` says what they are.

use mailflow::experiment::validation::{CaseResult, Validation, summarise, validate};
use mailflow::scenario::recorded_case::{Observed, RecordedCase};
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

/// The twenty main cases, simulated once for all tests.
fn main_cases() -> &'static Validation {
    static VALIDATION: OnceLock<Validation> = OnceLock::new();
    VALIDATION.get_or_init(|| {
        let cases: Vec<RecordedCase> = MAIN_CASES.iter().map(|name| load(name)).collect();
        validate(&cases, SEEDS, 42)
    })
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
    assert!(validation.inside >= 76, "{} of 80 inside; {outside:#?}", validation.inside);
}

#[test]
fn the_median_error_of_the_delays_is_about_one_percent() {
    let error = main_cases().median_error;
    assert!(error <= 0.012, "the median error is {error:.4}");
}

#[test]
fn periodic_runs_open_as_many_connections_and_lose_as_many_as_in_reality() {
    let periodic = main_cases().cases.iter().filter(|case| case.case.contains("_Q-"));
    let periodic: Vec<&CaseResult> = periodic.collect();
    assert_eq!(periodic.len(), 15);
    for case in periodic {
        for name in ["connections.cut", "connections.opened"] {
            let metric = case.metrics.get(name).expect(name);
            assert_eq!(metric.inside, Some(true), "{} {name}: {metric:?}", case.case);
        }
    }
}

#[test]
fn all_recorded_cases_together_agree_as_well() {
    let names = all_cases();
    assert_eq!(names.len(), 29);
    let others = names.iter().filter(|name| !MAIN_CASES.contains(&name.as_str()));
    let others: Vec<RecordedCase> = others.map(|name| load(name)).collect();
    let others = validate(&others, SEEDS, 42);
    let all = [main_cases().cases.clone(), others.cases].concat();
    let all = summarise(all);
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
