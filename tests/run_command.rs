//! `mailflow run` as its users see it: exit codes, output, files.

use assert_cmd::Command;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// A folder with scenario files of these names and expectations.
fn folder(files: &[(&str, &[&str])]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, expectations) in files {
        let mut text = format!("name: The {name} site\nabout: Does it run?\n");
        text += "run: { simulate: 2h, repeats: 4 }\nmail: { arrivals: { poisson: { rate: 10/min } } }\n";
        if !expectations.is_empty() {
            text += "expect:\n";
        }
        for expectation in *expectations {
            text += &format!("  - {expectation}\n");
        }
        fs::write(folder.path().join(format!("{name}.yaml")), text).expect("written");
    }
    folder
}

fn mailflow(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("mailflow").expect("built");
    command.current_dir(folder).args(arguments);
    command
}

fn stdout(command: &mut Command, code: i32) -> String {
    let output = command.assert().code(code).get_output().stdout.clone();
    String::from_utf8(output).expect("text")
}

#[test]
fn a_run_without_missed_expectation_exits_0_and_writes_its_results() {
    let folder = folder(&[("good", &["messages arrived > 0", "p50 delay < 5d"])]);
    let page = stdout(&mut mailflow(folder.path(), &["run", "good.yaml"]), 0);
    assert!(page.contains("How late mail was") && page.contains("met        messages arrived > 0"));
    let stored =
        fs::read_to_string(folder.path().join("output/good/results.json")).expect("stored");
    let json = stdout(&mut mailflow(folder.path(), &["run", "good.yaml", "--format", "json"]), 0);
    assert_eq!(json, stored);
    assert!(!json.contains(folder.path().to_str().expect("a path")));
}

#[test]
fn a_missed_expectation_exits_1_and_an_undecided_one_only_when_strict() {
    let folder =
        folder(&[("bad", &["messages arrived == 0"]), ("doubt", &["messages arrived > 0"])]);
    mailflow(folder.path(), &["run", "bad.yaml"]).assert().code(1);
    // One replication decides nothing.
    let one = ["run", "doubt.yaml", "--repeats", "1"];
    mailflow(folder.path(), &one).assert().code(0);
    mailflow(folder.path(), &one).arg("--strict").assert().code(1);
}

#[test]
fn results_do_not_depend_on_the_number_of_jobs_but_on_the_seed() {
    let folder = folder(&[("site", &[])]);
    let json = |more: &[&str]| {
        let arguments = [&["run", "site.yaml", "--format", "json"], more].concat();
        stdout(&mut mailflow(folder.path(), &arguments), 0)
    };
    assert_eq!(json(&["--jobs", "1"]), json(&["--jobs", "2"]));
    assert_ne!(json(&[]), json(&["--seed", "43"]));
}

#[test]
fn a_slip_in_an_expectation_is_found_before_anything_runs() {
    let folder = folder(&[("slip", &["p99 dellay < 5m", "p99 delay < 20"])]);
    let assert = mailflow(folder.path(), &["run", "slip.yaml"]).assert().code(2);
    let errors = String::from_utf8(assert.get_output().stderr.clone()).expect("text");
    for part in
        ["slip.yaml:6:5", "nearest   delay.p99", "slip.yaml:7:17", "a duration with its unit"]
    {
        assert!(errors.contains(part), "{part} in: {errors}");
    }
    assert!(!folder.path().join("output").exists());
}

#[test]
fn wrong_arguments_exit_2_and_unreadable_or_unwritable_files_exit_3() {
    let folder = folder(&[("site", &[]), ("compares", &["p99 delay < 1 x gone.yaml"])]);
    fs::write(folder.path().join("file"), "").expect("written");
    mailflow(folder.path(), &["run"]).assert().code(2);
    mailflow(folder.path(), &["run", "site.yaml", "--repeats", "0"]).assert().code(2);
    mailflow(folder.path(), &["run", "site.yaml", "--set", "nonsense"]).assert().code(2);
    mailflow(folder.path(), &["run", "gone.yaml"]).assert().code(3);
    mailflow(folder.path(), &["run", "compares.yaml"]).assert().code(3);
    mailflow(folder.path(), &["run", "site.yaml", "--out", "file/x"]).assert().code(3);
    mailflow(folder.path(), &["--help"]).assert().code(0);
}

#[test]
fn several_files_give_an_array_and_a_table_and_a_folder_each() {
    let folder = folder(&[("one", &[]), ("two", &["p99 delay <= 1 x one.yaml"])]);
    let page =
        stdout(&mut mailflow(folder.path(), &["run", "one.yaml", "two.yaml", "--out", "o"]), 0);
    assert!(page.contains("All scenarios"), "{page}");
    assert!(folder.path().join("o/one/results.json").exists());
    assert!(folder.path().join("o/two/results.json").exists());
    let arguments = ["run", "one.yaml", "two.yaml", "--format", "json"];
    let json: serde_json::Value =
        serde_json::from_str(&stdout(&mut mailflow(folder.path(), &arguments), 0)).expect("JSON");
    assert_eq!(json.as_array().map(Vec::len), Some(2));
    // The two sites are the same, so their difference is exactly nothing.
    assert_eq!(json[1]["cells"][0]["expectations"][0]["verdict"], "met");
}

#[test]
fn days_are_simulated_until_a_metric_is_as_precise_as_asked_for() {
    let folder = folder(&[("base", &[])]);
    let base = fs::read_to_string(folder.path().join("base.yaml")).expect("read");
    let until = |metric: &str, relative: &str, more: &str| {
        let rule = format!("until: {{ metric: {metric}, relative: {relative}, at_most: 40 }}");
        let text = base.replace("repeats: 4", &rule) + more;
        fs::write(folder.path().join("site.yaml"), text).expect("written");
    };
    let json = |more: &[&str]| -> serde_json::Value {
        let arguments = [&["run", "site.yaml", "--format", "json"], more].concat();
        serde_json::from_str(&stdout(&mut mailflow(folder.path(), &arguments), 0)).expect("JSON")
    };
    let n = |json: &serde_json::Value| json["cells"][0]["metrics"]["delay.mean"]["n"].as_u64();
    until("mean delay", "5%", "expect: [ \"mean delay <= 1 x base.yaml\" ]\n");
    let found = json(&["--jobs", "1"]);
    assert!((15..40).contains(&n(&found).expect("a number")), "{:?}", n(&found));
    assert_eq!(found, json(&["--jobs", "3"]));
    assert_eq!(
        found["cells"][0]["expectations"][0]["verdict"], "met",
        "a baseline of as many days"
    );
    let chart = words_in(&folder.path().join("output/site/charts/timeline.svg")).join(" ");
    let runs = n(&found).expect("a number");
    assert!(chart.contains(&format!("Run 1 of {runs}, seed")), "{chart}");
    assert_eq!(n(&json(&["--repeats", "3"])), Some(3), "a number on the command line is meant");
    until("mean delay", "0.01%", "");
    let never = json(&[]);
    assert_eq!(n(&never), Some(40));
    let kinds = never["cells"][0]["warnings"].as_array().expect("a list").iter();
    assert!(kinds.clone().any(|warning| warning["kind"] == "not_precise"), "{kinds:?}");
}

#[test]
fn a_rule_that_cannot_be_followed_is_refused_before_anything_runs() {
    let folder = folder(&[]);
    let check = |run: &str, parts: &[&str]| {
        fs::write(folder.path().join("site.yaml"), format!("name: x\nrun:\n  {run}\n"))
            .expect("written");
        let assert = mailflow(folder.path(), &["check", "site.yaml"]).assert().code(2);
        let errors = String::from_utf8(assert.get_output().stderr.clone()).expect("text");
        for part in parts {
            assert!(errors.contains(part), "{part} in: {errors}");
        }
    };
    let rule = "{ metric: p99 dellay, relative: 5%, at_most: 50 }";
    let place = ["site.yaml:3:20: run.until.metric", "nearest   delay.p99"];
    check(&format!("until: {rule}"), &place);
    check("until: { metric: delay.p99@gone, relative: 5%, at_most: 50 }", &["there are none"]);
    check("until: { metric: delay.p99, relative: 0%, at_most: 50 }", &["no width"]);
    check("until: { metric: delay.p99, relative: 5% }", &["run.until.at_most", "add at_most"]);
    let both = "until: { metric: delay.p99, relative: 5%, at_most: 50 }\n  repeats: 20";
    check(both, &["site.yaml:4:12: run.repeats", "take repeats out"]);
}

#[test]
fn verdicts_are_left_for_build_servers_whatever_they_are() {
    let folder = folder(&[
        ("good", &["messages arrived > 0", "p50 delay < 5d"]),
        ("bad", &["messages arrived == 0", "p50 delay == 0.1s"]),
    ]);
    let run = ["run", "good.yaml", "bad.yaml", "-q", "--junit", "reports/junit.xml"];
    mailflow(folder.path(), &run).assert().code(1);
    let xml = fs::read_to_string(folder.path().join("reports/junit.xml")).expect("written");
    let document = roxmltree::Document::parse(&xml).expect("valid XML");
    let suites: Vec<_> = document.descendants().filter(|n| n.has_tag_name("testsuite")).collect();
    let names: Vec<_> = suites.iter().filter_map(|suite| suite.attribute("name")).collect();
    assert_eq!(names, ["The good site", "The bad site"]);
    let failures: Vec<_> = suites.iter().filter_map(|suite| suite.attribute("failures")).collect();
    assert_eq!(failures[0], "0", "{xml}");
    assert!(xml.contains("type=\"missed\" message=\"missed; messages.arrived = "), "{xml}");
    let unwritable = ["run", "good.yaml", "-q", "--junit", "good.yaml/junit.xml"];
    mailflow(folder.path(), &unwritable).assert().code(3);
}

#[test]
fn two_files_that_would_write_to_one_folder_are_refused() {
    let folder = folder(&[("site", &[])]);
    fs::create_dir(folder.path().join("sub")).expect("made");
    fs::copy(folder.path().join("site.yaml"), folder.path().join("sub/site.yaml")).expect("copied");
    mailflow(folder.path(), &["run", "site.yaml", "sub/site.yaml"]).assert().code(2);
}

#[test]
fn quiet_prints_only_verdicts_and_nothing_else_uses_colour_in_a_pipe() {
    let folder = folder(&[("site", &["messages arrived > 0"])]);
    let quiet = stdout(&mut mailflow(folder.path(), &["run", "-q", "site.yaml"]), 0);
    assert_eq!(quiet.lines().count(), 2, "{quiet}");
    let page = stdout(&mut mailflow(folder.path(), &["run", "site.yaml"]), 0);
    assert!(!page.contains('\x1b'));
    let colour = ["run", "site.yaml", "--color", "always"];
    assert!(stdout(&mut mailflow(folder.path(), &colour), 0).contains('\x1b'));
}

/// All text in a picture.
fn words_in(path: &Path) -> Vec<String> {
    let svg = fs::read_to_string(path).expect("a chart");
    let document = roxmltree::Document::parse(&svg).expect("well-formed");
    let texts = document.descendants().filter(|node| node.has_tag_name("text"));
    texts.filter_map(|node| node.text().map(|text| text.trim().to_owned())).collect()
}

#[test]
fn a_run_leaves_charts_that_say_what_the_table_says() {
    let folder = folder(&[("site", &[])]);
    let page = stdout(&mut mailflow(folder.path(), &["run", "site.yaml"]), 0);
    let charts = folder.path().join("output/site/charts");
    let value = |label: &str| -> String {
        let line = page.lines().find(|line| line.contains(label)).expect("a line of the table");
        let value = line.split(label).nth(1).expect("a value").split('[').next().expect("text");
        value.trim().to_owned()
    };
    let label = format!("p50 {} · p99 {}", value(" p50 "), value(" p99 "));
    let words = words_in(&charts.join("delay.svg"));
    assert!(words.contains(&label), "{label:?} missing in {words:?}");
    let day = words_in(&charts.join("timeline.svg")).join(" ");
    assert!(day.contains("The site site") && day.contains("Run 1 of 4, seed 42"), "{day}");
    for file in ["charts/delay.svg", "charts/timeline.svg", "any web browser"] {
        assert!(page.contains(file), "{file} is not named");
    }
}

#[test]
fn several_scenarios_are_drawn_into_one_chart() {
    let folder = folder(&[("one", &[]), ("two", &[])]);
    mailflow(folder.path(), &["run", "one.yaml", "two.yaml"]).assert().code(0);
    let words = words_in(&folder.path().join("output/comparison/delay.svg"));
    assert!(
        words.contains(&"The one site".to_owned()) && words.contains(&"The two site".to_owned())
    );
    mailflow(folder.path(), &["run", "one.yaml", "two.yaml", "--out", "o"]).assert().code(0);
    assert!(folder.path().join("o/charts/delay.svg").exists());
}

#[test]
fn a_chart_that_cannot_be_written_exits_3_and_the_results_are_kept() {
    let folder = folder(&[("site", &[])]);
    fs::create_dir_all(folder.path().join("output/site")).expect("made");
    fs::write(folder.path().join("output/site/charts"), "in the way").expect("written");
    let assert = mailflow(folder.path(), &["run", "site.yaml"]).assert().code(3);
    let errors = String::from_utf8(assert.get_output().stderr.clone()).expect("text");
    assert!(errors.contains("could not write") && errors.contains("delay.svg"), "{errors}");
    assert!(folder.path().join("output/site/results.json").exists());
}

#[test]
fn what_is_stored_is_not_simulated_again_and_gives_the_same_bytes() {
    // Growing to the end in some days, so that a warning is made from the stored timelines, too.
    let folder = folder(&[("site", &[]), ("other", &["p50 delay >= 1 x site.yaml"])]);
    let rate = ["--set", "mail.arrivals={poisson: {rate: 700/min}}", "--set", "run.drain=off"];
    let run = |more: &[&str]| {
        let mut command = mailflow(folder.path(), &["run"]);
        let output = command.args(more).args(rate).args(["--format", "json"]).assert().code(0);
        let output = output.get_output();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
        (text(&output.stdout), text(&output.stderr))
    };
    let (first, said) = run(&["site.yaml"]);
    assert!(first.contains("\"unstable\"") && said.is_empty(), "{said}");
    let chart = folder.path().join("output/site/charts/timeline.svg");
    let drawn = fs::read(&chart).expect("a chart");
    let (again, said) = run(&["site.yaml"]);
    assert!(said.contains("4 of 4 replications from the store"), "{said}");
    assert!(again == first && fs::read(&chart).expect("a chart") == drawn);
    let (grown, said) = run(&["site.yaml", "--repeats", "6"]);
    assert!(said.contains("4 of 6 replications from the store"), "{said}");
    let (fresh, said) = run(&["site.yaml", "--repeats", "6", "--fresh"]);
    assert!(fresh == grown && said.is_empty(), "{said}");
    assert!(run(&["site.yaml", "--seed", "43"]).1.is_empty(), "another seed is another run");
    run(&["other.yaml"]);
    let (_, said) = run(&["other.yaml"]);
    assert_eq!(
        said.matches("4 of 4 replications").count(),
        2,
        "the baseline is stored, too: {said}"
    );
}

#[test]
fn a_store_that_cannot_be_used_exits_3_and_says_what_to_do() {
    let folder = folder(&[("site", &[])]);
    let store = folder.path().join("output/site/results.sqlite");
    fs::create_dir_all(store.parent().expect("a folder")).expect("made");
    fs::write(&store, "this is no database, however long it may become").expect("written");
    let assert = mailflow(folder.path(), &["run", "site.yaml"]).assert().code(3);
    let errors = String::from_utf8(assert.get_output().stderr.clone()).expect("text");
    assert!(errors.contains("results.sqlite") && errors.contains("--fresh"), "{errors}");
    mailflow(folder.path(), &["run", "site.yaml", "--fresh"]).assert().code(0);
}
