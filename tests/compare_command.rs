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
fn folders_and_broken_files_are_refused_with_a_reason() {
    let folder = folder();
    let (_, error) = output(folder.path(), &["slow.yaml", "."], 2);
    assert!(error.contains("needs single days") && error.contains("scenario file"), "{error}");
    output(folder.path(), &["slow.yaml", "gone.yaml"], 3);
    output(folder.path(), &["slow.yaml"], 2);
    fs::write(folder.path().join("bad.yaml"), "nmae: x\n").expect("written");
    let (_, error) = output(folder.path(), &["bad.yaml", "slow.yaml"], 2);
    assert!(error.contains("nearest   name"), "{error}");
}
