//! `mailflow compare` as its users see it.

use assert_cmd::Command;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const SITE: &str =
    "run: { simulate: 2h, repeats: 6 }\nmail: { arrivals: { poisson: { rate: 40/min } } }\n";

/// A folder with a slow and a fast site.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, more: &str| {
        let text = format!("name: The {name} site\n{SITE}{more}");
        fs::write(folder.path().join(format!("{name}.yaml")), text).expect("written");
    };
    write("slow", "exchange_online: { service_time: { exponential: { mean: 2s } } }\n");
    write("fast", "exchange_online: { service_time: { exponential: { mean: 1s } } }\n");
    folder
}

fn output(folder: &Path, arguments: &[&str], code: i32) -> (String, String) {
    let mut command = Command::cargo_bin("mailflow").expect("built");
    let assert = command.current_dir(folder).arg("compare").args(arguments).assert().code(code);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    (text(&assert.get_output().stdout), text(&assert.get_output().stderr))
}

#[test]
fn the_page_says_what_is_better_and_fits_eighty_columns() {
    let folder = folder();
    let (page, _) = output(folder.path(), &["slow.yaml", "fast.yaml"], 0);
    let better = page.find("B is better").expect("better");
    assert!(page[better..].contains("delay.p99"), "{page}");
    assert!(page.contains("A  The slow site\nB  The fast site\n6 pairs"), "{page}");
    assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
    let (all, _) = output(folder.path(), &["slow.yaml", "fast.yaml", "-v"], 0);
    assert!(all.contains("bytes.wasted") && !page.contains("bytes.wasted"), "{all}");
    assert!(!folder.path().join("output").exists(), "it writes nothing");
}

#[test]
fn the_difference_is_b_less_a_in_every_format_and_for_any_number_of_jobs() {
    let folder = folder();
    let json = |order: [&str; 2], more: &[&str]| {
        let arguments = [&order[..], &["--format", "json"], more].concat();
        output(folder.path(), &arguments, 0).0
    };
    let text = json(["slow.yaml", "fast.yaml"], &["--jobs", "1"]);
    assert_eq!(text, json(["slow.yaml", "fast.yaml"], &["--jobs", "2"]));
    let there: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let back: serde_json::Value =
        serde_json::from_str(&json(["fast.yaml", "slow.yaml"], &[])).expect("JSON");
    let mean = |of: &serde_json::Value| {
        of["b"]["cells"][0]["difference"]["delay.mean"]["point"].as_f64().expect("a number")
    };
    assert!(mean(&there) < 0.0 && (mean(&there) + mean(&back)).abs() < 1e-6);
    assert_eq!(there["verdicts"]["delay.mean"], "B better");
    assert_eq!(back["verdicts"]["delay.mean"], "B worse");
    assert!(there["a"]["cells"][0].get("difference").is_none());
    let (csv, _) = output(folder.path(), &["slow.yaml", "fast.yaml", "--format", "csv"], 0);
    let columns: Vec<usize> = csv.lines().map(|line| line.split(',').count()).collect();
    assert!(columns.len() > 30 && columns.iter().all(|n| *n == 11), "{csv}");
    let (md, _) = output(folder.path(), &["slow.yaml", "fast.yaml", "--format", "md"], 0);
    assert!(md.contains("| `delay.p99` |") && md.contains("| B better |"), "{md}");
}

#[test]
fn what_makes_a_comparison_doubtful_is_said() {
    let folder = folder();
    let (page, _) = output(folder.path(), &["slow.yaml", "slow.yaml", "--repeats", "2"], 0);
    assert!(page.contains("A and B are the same file"), "{page}");
    assert!(!page.contains("B is"), "{page}");
    let text = fs::read_to_string(folder.path().join("fast.yaml")).expect("read");
    let longer = text.replace("simulate: 2h, repeats: 6", "simulate: 3h, repeats: 9, seed: 7");
    fs::write(folder.path().join("longer.yaml"), longer).expect("written");
    let (page, _) = output(folder.path(), &["slow.yaml", "longer.yaml"], 0);
    for part in ["run.simulate differs (A 2h, B 3h)", "run.seed differs (A 42, B 7)", "run.repeats"]
    {
        assert!(page.contains(part), "{part} in\n{page}");
    }
    let set = [
        "fast.yaml",
        "slow.yaml",
        "--set",
        "mail.scale=0.5",
        "--set",
        "exchange_online.service_time={fixed: 1s}",
    ];
    assert!(output(folder.path(), &set, 0).0.contains("same settings"));
}

#[test]
fn broken_files_and_folders_without_results_are_refused_with_a_reason() {
    let folder = folder();
    let (_, error) = output(folder.path(), &["slow.yaml", "."], 3);
    assert!(error.contains("no stored results") && error.contains("mailflow run"), "{error}");
    output(folder.path(), &["slow.yaml", "gone.yaml"], 3);
    output(folder.path(), &["slow.yaml"], 2);
    fs::write(folder.path().join("bad.yaml"), "nmae: x\n").expect("written");
    let (_, error) = output(folder.path(), &["bad.yaml", "slow.yaml"], 2);
    assert!(error.contains("nearest   name"), "{error}");
    fs::create_dir(folder.path().join("damaged")).expect("made");
    fs::write(folder.path().join("damaged/results.sqlite"), "no database").expect("written");
    let (_, error) = output(folder.path(), &["damaged", "slow.yaml"], 3);
    assert!(error.contains("damaged"), "{error}");
}

fn run(folder: &Path, arguments: &[&str]) {
    let mut command = Command::cargo_bin("mailflow").expect("built");
    command.current_dir(folder).args(arguments).arg("-q").assert().code(0);
}

fn json(folder: &Path, arguments: &[&str]) -> serde_json::Value {
    let arguments = [arguments, &["--format", "json"]].concat();
    serde_json::from_str(&output(folder, &arguments, 0).0).expect("JSON")
}

#[test]
fn what_is_stored_gives_the_differences_of_its_files_without_a_simulation() {
    let folder = folder();
    let folder = folder.path();
    for name in ["slow", "fast"] {
        run(folder, &["run", &format!("{name}.yaml"), "--out", name]);
    }
    let files = json(folder, &["slow.yaml", "fast.yaml"]);
    for sides in [["slow", "fast"], ["slow.yaml", "fast"], ["slow", "fast.yaml"]] {
        let of = json(folder, &sides);
        assert_eq!(of["b"]["cells"], files["b"]["cells"], "{sides:?}");
        assert_eq!((&of["paired"], of["notes"].as_array().map(Vec::len)), (&true.into(), Some(0)));
    }
    let (page, error) = output(folder, &["slow", "fast"], 0);
    assert!(page.contains("6 pairs") && page.contains("B is better"), "{page}");
    assert!(!error.contains("days"), "nothing is simulated: {error}");
    let few = json(folder, &["slow", "fast", "--repeats", "4"]);
    assert_eq!(few["b"]["cells"][0]["difference"]["delay.p99"]["n"], 4);
    let (_, error) = output(folder, &["slow", "fast", "--seed", "3"], 2);
    assert!(error.contains("--seed has no meaning"), "{error}");
    let (_, error) = output(folder, &["slow", "fast", "--set", "mail.scale=2"], 2);
    assert!(error.contains("--set has no meaning"), "{error}");
    // A file beside a folder takes the settings, and the folder's seed and days.
    let set = json(folder, &["slow", "fast.yaml", "--set", "proofpoint.queue_runners=3"]);
    assert_eq!((&set["paired"], &set["b"]["seed"]), (&true.into(), &42.into()));
}

#[test]
fn days_without_partners_are_called_independent_and_have_wider_intervals() {
    let folder = folder();
    let folder = folder.path();
    run(folder, &["run", "slow.yaml", "--out", "slow"]);
    run(folder, &["run", "fast.yaml", "--out", "fast"]);
    run(folder, &["run", "fast.yaml", "--seed", "7", "--repeats", "9", "--out", "other"]);
    run(folder, &["run", "slow.yaml", "--set", "mail.scale=0.5", "--out", "half"]);
    let of = |b: &str| json(folder, &["slow", b]);
    let width = |of: &serde_json::Value| {
        let arrived = &of["b"]["cells"][0]["difference"]["messages.arrived"];
        arrived["high"].as_f64().expect("high") - arrived["low"].as_f64().expect("low")
    };
    let (paired, other) = (of("fast"), of("other"));
    assert_eq!((&paired["paired"], &other["paired"]), (&true.into(), &false.into()));
    assert!(width(&paired) == 0.0 && width(&other) > 0.0, "the same mail, and other mail");
    let (page, _) = output(folder, &["slow", "other"], 0);
    assert!(page.contains("6 runs of A (seed 42) and 9 of B (seed 7)"), "{page}");
    assert!(page.contains("Independent: their seeds differ (A 42, B 7)"), "{page}");
    assert!(page.contains("B is better") && !page.contains("Saved:"), "{page}");
    assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
    let (page, _) = output(folder, &["slow", "half"], 0);
    assert!(page.contains("Independent: they differ in their mail"), "{page}");
    let (page, _) = output(folder, &["slow", "slow"], 0);
    assert!(page.contains("A and B have the same settings"), "{page}");
}

#[test]
fn two_folders_of_one_sweep_are_compared_combination_by_combination() {
    let folder = folder();
    let folder = folder.path();
    let sweep = |base: &str, scales: &str| {
        let text = format!("base: {base}.yaml\nvary: {{ mail.scale: {scales} }}\n");
        fs::write(folder.join("s.yaml"), text).expect("written");
        run(folder, &["sweep", "s.yaml", "--out", base]);
    };
    sweep("slow", "[0.5, 1]");
    sweep("fast", "[1, 0.5, 2]");
    let both = json(folder, &["slow", "fast"]);
    let cells = both["b"]["cells"].as_array().expect("cells");
    assert_eq!(cells.len(), 2, "{both}");
    for (cell, scale) in cells.iter().zip([1.0, 0.5]) {
        assert_eq!(cell["settings"]["mail.scale"], scale);
        assert!(cell["difference"]["delay.mean"]["family_high"].as_f64() < Some(0.0), "{cell}");
    }
    let (page, _) = output(folder, &["slow", "fast"], 0);
    assert!(page.contains("the 2 combinations that both have; 0 of A and 1 of B"), "{page}");
    assert!(
        page.contains("B less A\nscale") && page.lines().all(|l| l.chars().count() <= 80),
        "{page}"
    );
    let (csv, _) = output(folder, &["slow", "fast", "--format", "csv"], 0);
    assert!(csv.starts_with("mail.scale,") && csv.contains(",delay.p99.difference,"), "{csv}");
    let (md, _) = output(folder, &["slow", "fast", "--format", "md"], 0);
    assert!(md.contains("| mail.scale |"), "{md}");
    let (_, error) = output(folder, &["slow", "slow.yaml"], 2);
    assert!(error.contains("is a sweep of 2 combinations"), "{error}");
}

#[test]
fn sweeps_without_a_common_combination_and_a_sweep_beside_a_run_are_refused() {
    let folder = folder();
    let folder = folder.path();
    for (name, scales) in [("one", "[0.1, 0.2]"), ("two", "[0.3, 0.4]")] {
        let text = format!("base: slow.yaml\nvary: {{ mail.scale: {scales} }}\n");
        fs::write(folder.join("s.yaml"), text).expect("written");
        run(folder, &["sweep", "s.yaml", "--repeats", "2", "--out", name]);
    }
    let (_, error) = output(folder, &["one", "two"], 2);
    assert!(error.contains("no combination is in both: one varies mail.scale"), "{error}");
    run(folder, &["run", "slow.yaml", "--repeats", "2", "--out", "run"]);
    let (_, error) = output(folder, &["run", "one"], 2);
    assert!(error.contains("run is a single run"), "{error}");
}

#[test]
fn another_build_is_said_and_a_run_that_does_not_say_which_days_are_its_own_is_refused() {
    let folder = folder();
    let folder = folder.path();
    for name in ["slow", "fast"] {
        run(folder, &["run", &format!("{name}.yaml"), "--repeats", "3", "--out", name]);
    }
    let change = |name: &str, sql: &str| {
        let store = folder.join(name).join("results.sqlite");
        rusqlite::Connection::open(store).expect("opened").execute_batch(sql).expect("changed");
    };
    change("slow", "UPDATE meta SET value = replace(value, ', model ', ', model 0')");
    let (page, _) = output(folder, &["slow", "fast"], 0);
    assert!(page.contains("Another version or build made A"), "{page}");
    change("fast", "DELETE FROM replication WHERE number < 2");
    change("slow", "DELETE FROM replication WHERE number = 2");
    let (_, error) = output(folder, &["slow", "fast"], 2);
    assert!(error.contains("no replication in common"), "{error}");
    change("slow", "DELETE FROM replication");
    let (_, error) = output(folder, &["slow", "fast"], 2);
    assert!(error.contains("not a single day is stored"), "{error}");
    change("slow", "DELETE FROM meta");
    let (_, error) = output(folder, &["slow", "fast"], 2);
    assert!(error.contains("run once more"), "{error}");
}
