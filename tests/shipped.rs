//! Every shipped scenario, through the program: valid, kept, and false when its settings are taken away.

use assert_cmd::Command;
use std::fs;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The scenario files in a folder, sorted, by path relative to the root.
fn scenarios(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).expect(folder);
    let names = entries.map(|entry| entry.expect("readable").file_name().into_string());
    let names = names.map(|name| name.expect("a name in UTF-8"));
    let mut names: Vec<String> = names
        .filter(|name| name.ends_with(".yaml"))
        .map(|name| format!("{folder}/{name}"))
        .collect();
    names.sort();
    names
}

fn mailflow(arguments: &[&str], files: &[String]) -> Command {
    let mut command = Command::cargo_bin("mailflow").expect("built");
    command.current_dir(root()).args(arguments).args(files);
    command
}

#[test]
fn every_shipped_scenario_is_valid_and_keeps_what_it_promises() {
    let files = [scenarios("scenarios"), scenarios("scenarios/lab")].concat();
    assert!(files.len() >= 14, "{files:?}");
    mailflow(&["check"], &files).assert().code(0);
    let out = tempfile::tempdir().expect("a folder");
    let out = out.path().to_str().expect("a path");
    // Strict: a promise that ten days cannot decide is too weak to tell a story.
    mailflow(&["run", "-q", "--strict", "--repeats", "10", "--out", out], &files).assert().code(0);
}

#[test]
fn the_documented_fixes_break_their_promise_with_the_defaults_put_back() {
    let defaults = [
        "proofpoint.queue_runners=2",
        "proofpoint.messages_per_connection=unlimited",
        "proofpoint.retry_interval=30m",
        "proofpoint.hoststat=on",
    ];
    let out = tempfile::tempdir().expect("a folder");
    let mut arguments = vec!["run", "-q", "--repeats", "5", "--out"];
    arguments.push(out.path().to_str().expect("a path"));
    for setting in defaults {
        arguments.extend(["--set", setting]);
    }
    let file = ["scenarios/documented-fixes.yaml".to_owned()];
    mailflow(&arguments, &file).assert().code(1);
}

#[test]
fn every_shipped_scenario_says_what_it_asks_and_what_one_should_see() {
    for file in [scenarios("scenarios"), scenarios("scenarios/lab")].concat() {
        let text = fs::read_to_string(root().join(&file)).expect("readable");
        assert!(text.starts_with("# The question: "), "{file}");
        let told =
            text.contains("# What one should see: ") || text.contains("# What the real Sendmail");
        assert!(told, "{file}");
        assert!(text.contains("\nexpect:\n"), "{file}");
    }
}

#[test]
fn every_scenario_of_the_top_folder_is_a_preset() {
    let temporary = tempfile::tempdir().expect("a folder");
    for file in scenarios("scenarios") {
        let name = Path::new(&file).file_stem().and_then(|stem| stem.to_str()).expect("a name");
        let copy = temporary.path().join(format!("{name}.yaml"));
        let copy_path = copy.to_str().expect("a path");
        mailflow(&["init", copy_path, "--preset", name], &[]).assert().code(0);
        let shipped = fs::read_to_string(root().join(&file)).expect("readable");
        let written = fs::read_to_string(&copy).expect("written");
        // The line for editors may come on top.
        let (first, rest) = written.split_once('\n').expect("lines");
        let own = if first.starts_with("# yaml-language-server") { rest } else { &written };
        assert_eq!(own, shipped, "{file}");
        // What `init` writes stands alone: it names no other file.
        mailflow(&["check", copy_path], &[]).assert().code(0);
    }
}

/// Holds the fenced block of the README that begins with `first` against what the program `printed`. With
/// UPDATE_README=1 in the environment it is replaced instead.
fn hold_readme_against(first: &str, printed: &str) {
    let path = root().join("README.md");
    let readme = fs::read_to_string(&path).expect("README.md");
    let start = readme.find(&format!("```text\n{first}")).expect("the block is there") + 8;
    let end = readme[start..].find("```").expect("the block ends") + start;
    if std::env::var_os("UPDATE_README").is_some() {
        let updated = format!("{}{printed}{}", &readme[..start], &readme[end..]);
        fs::write(&path, updated).expect("written");
    } else {
        let advice = "to renew it: UPDATE_README=1 cargo test --test shipped -- --test-threads 1";
        assert_eq!(&readme[start..end], printed, "{advice}");
    }
}

#[test]
fn the_readme_shows_what_the_first_command_really_prints() {
    let out = tempfile::tempdir().expect("a folder");
    let file = root().join("scenarios/documented-problem.yaml").display().to_string();
    let mut command = Command::cargo_bin("mailflow").expect("built");
    let output = command.current_dir(out.path()).args(["run", &file]).assert().code(0);
    let printed = String::from_utf8(output.get_output().stdout.clone()).expect("text");
    // The list of files at its end is told in the README's own words.
    let (page, _) = printed.split_once("\nWritten\n").expect("a list of files");
    hold_readme_against("The documented problem\n", page);
}

#[test]
fn the_readme_compares_the_fixes_as_the_program_does() {
    let mut files = vec!["scenarios/documented-problem.yaml".to_owned()];
    files.extend(scenarios("scenarios").into_iter().filter(|file| file.contains("/fix-")));
    files.push("scenarios/documented-fixes.yaml".to_owned());
    let out = tempfile::tempdir().expect("a folder");
    let out = out.path().to_str().expect("a path");
    let output =
        mailflow(&["run", "-q", "--out", out], &files).assert().code(0).get_output().clone();
    let printed = String::from_utf8(output.stdout).expect("text");
    let start = printed.find("All scenarios").expect("a comparison");
    hold_readme_against("All scenarios", &printed[start..]);
}

#[test]
fn the_readme_shows_the_rows_of_a_sweep_as_the_program_does() {
    let out = tempfile::tempdir().expect("a folder");
    let out = out.path().to_str().expect("a path");
    let file = ["scenarios/sweeps/load-by-message-time.yaml".to_owned()];
    let output = mailflow(&["sweep", "-q", "--out", out], &file).assert().code(0);
    let printed = String::from_utf8(output.get_output().stdout.clone()).expect("text");
    hold_readme_against("scale service_time", &printed);
}

#[test]
fn every_shipped_sweep_says_what_it_asks_and_has_an_output_folder_of_its_own() {
    let stem = |file: &String| Path::new(file).file_stem().map(std::ffi::OsStr::to_owned);
    let single: Vec<_> = scenarios("scenarios").iter().map(stem).collect();
    let sweeps = scenarios("scenarios/sweeps");
    assert!(sweeps.len() >= 5, "{sweeps:?}");
    for file in &sweeps {
        let text = fs::read_to_string(root().join(file)).expect("readable");
        assert!(text.starts_with("# The question: "), "{file}");
        let asks = text.contains("\nexpect:\n") || text.contains("\nfind:\n");
        assert!(text.contains("# What one should see: ") && asks, "{file}");
        assert!(!single.contains(&stem(file)), "{file}: output/ has that folder already");
        let arguments = ["sweep", file, "--dry-run", "--repeats", "2"];
        mailflow(&arguments, &[]).assert().code(0);
    }
}
