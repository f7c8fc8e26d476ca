//! The commands that explain: what their users see.

use assert_cmd::Command;
use std::fs;
use tempfile::TempDir;

/// A site with a burst, where connections are reset after a minute.
const SITE: &str = "\
name: A small site
run: { simulate: 2h, repeats: 1, drain: off }
mail: { arrivals: { poisson: { rate: 1/s } }, bursts: [ { at: 10m, messages: 2000 } ] }
exchange_online: { connection_lifetime: 60s }
proofpoint:
  queue_runners: 1
";

fn site() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("site.yaml"), SITE).expect("written");
    folder
}

fn mailflow(folder: &TempDir, arguments: &[&str], code: i32) -> (String, String) {
    let mut command = Command::cargo_bin("mailflow").expect("built");
    let output = command.current_dir(folder.path()).args(arguments).assert().code(code);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.get_output().stdout), text(&output.get_output().stderr))
}

#[test]
fn explain_finds_a_key_by_label_and_option_and_refuses_what_it_does_not_know() {
    let folder = site();
    let label = "Maximum Number of Messages per SMTP Connection";
    let (page, _) = mailflow(&folder, &["explain", label], 0);
    assert!(page.starts_with("proofpoint.messages_per_connection\n"), "{page}");
    let (page, _) = mailflow(&folder, &["explain", "Timeout.hoststatus"], 0);
    assert!(page.starts_with("proofpoint.hoststat.remember_for\n"), "{page}");
    let (page, error) = mailflow(&folder, &["explain", "retry_intervall"], 2);
    assert!(page.is_empty() && error.contains("Did you mean proofpoint.retry_interval"), "{error}");
}

#[test]
fn completions_the_manual_and_the_schema_go_to_stdout() {
    let folder = site();
    assert!(mailflow(&folder, &["complete", "bash"], 0).0.contains("_mailflow"));
    assert!(mailflow(&folder, &["man"], 0).0.contains(".TH mailflow"));
    assert!(mailflow(&folder, &["schema"], 0).0.contains("draft/2020-12"));
    assert!(mailflow(&folder, &["schema", "--sweep"], 0).0.contains("A mailflow sweep"));
}

#[test]
fn explain_tells_of_the_keys_of_a_sweep_file() {
    let folder = site();
    let (page, _) = mailflow(&folder, &["explain", "vary"], 0);
    assert!(page.starts_with("vary\n") && page.contains("sweep file"), "{page}");
    let (page, _) = mailflow(&folder, &["explain", "run.until"], 0);
    assert!(page.contains("Its keys") && page.contains("relative"), "{page}");
}

#[test]
fn check_explain_shows_the_origin_of_each_value_in_80_columns() {
    let folder = site();
    let set = ["check", "--explain", "site.yaml", "--set", "run.seed=7"];
    let (page, _) = mailflow(&folder, &set, 0);
    let origin = |key: &str| {
        let line =
            page.lines().find(|line| line.starts_with(key)).unwrap_or_else(|| panic!("{key}"));
        line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(origin("proofpoint.queue_runners"), "1 line 6");
    assert_eq!(origin("run.seed"), "7 --set");
    assert_eq!(origin("proofpoint.retry_interval"), "30m default");
    assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
}

#[test]
fn trace_tells_how_a_cut_makes_the_next_messages_be_skipped_until_one_is_delivered() {
    let folder = site();
    let tell = |id: u64| {
        let id = id.to_string();
        let (story, _) = mailflow(&folder, &["trace", "site.yaml", "--message", &id], 0);
        story.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let first = tell(0);
    for part in ["accepted by Proofpoint", "listed by a queue run", "delivered on connection"] {
        assert!(first.contains(part), "{part}: {first}");
    }
    let stories: Vec<String> = (900..=1700).step_by(200).map(tell).collect();
    let skipped =
        stories.iter().find(|story| story.contains("skipped by") && story.contains("delivered on"));
    let skipped = skipped.expect("after a cut a message is skipped and comes later");
    assert!(skipped.contains("Exchange Online counts as bad until Mon"), "{skipped}");
}

#[test]
fn the_queue_is_shown_by_age_when_it_is_longest_or_at_a_time() {
    let folder = site();
    let shape = |more: &[&str], code| {
        mailflow(&folder, &[&["trace", "site.yaml", "--qshape"], more].concat(), code)
    };
    let (page, _) = shape(&[], 0);
    let table: Vec<Vec<&str>> =
        page.lines().skip(3).map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(table[0].join(" "), "T 5 10 20 40 80 160 320 640 1280 1280+");
    let total: Vec<u64> = table[1][1..].iter().map(|n| n.parse().expect("a number")).collect();
    assert_eq!(total[0], total[1..].iter().sum::<u64>(), "{page}");
    assert!(total[0] > 2000, "the burst and what came after it: {page}");
    assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
    // The same message count as the metric has it.
    let (json, _) = shape(&["--format", "json"], 0);
    let read: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&read["total"], &read["by_age"][0]), (&total[0].into(), &total[1].into()));
    let run = ["run", "site.yaml", "--format", "json", "--out", "o", "-q"];
    let run: serde_json::Value = serde_json::from_str(&mailflow(&folder, &run, 0).0).expect("JSON");
    let longest = &run["cells"][0]["metrics"]["queue.max"]["point"];
    assert_eq!(longest.as_f64(), Some(total[0] as f64));
    let at = |time: &str| {
        let (csv, _) = shape(&["--at", time, "--format", "csv"], 0);
        csv.lines().nth(1).expect("TOTAL").to_owned()
    };
    assert_eq!(at("1h50m"), at("01:50"));
    assert!(at("9m").starts_with("TOTAL,") && at("9m") != at("1h50m"));
    assert!(shape(&["--at", "9m", "--format", "md"], 0).0.starts_with("| destination | T | 5 |"));
    for (time, words) in [("3h", "the run is over by then"), ("soon", "soon"), ("25:00", "25:00")] {
        let (_, errors) = shape(&["--at", time], 2);
        assert!(errors.contains(words), "{errors}");
    }
}

#[test]
fn trace_names_the_receiver_and_takes_a_colour() {
    let folder = site();
    let two = format!("{SITE}  agents: 2\ndestinations: [ {{ name: partner, share: 100% }} ]\n");
    fs::write(folder.path().join("two.yaml"), two).expect("written");
    let (story, _) = mailflow(&folder, &["trace", "two.yaml", "--message", "0"], 0);
    assert!(story.contains("accepted by partner: here the delay ends"), "{story}");
    assert!(story.contains("agent 1:") || story.contains("agent 2:"), "{story}");
    let (story, _) = mailflow(&folder, &["trace", "site.yaml", "--message", "0"], 0);
    assert!(story.contains("accepted by Exchange Online: here"), "{story}");
    assert!(story.contains("accepted by Proofpoint: "), "one agent has no number: {story}");
    fs::write(folder.path().join("bad.yaml"), "nmae: x\n").expect("written");
    let coloured = ["trace", "bad.yaml", "--message", "0", "--color", "always"];
    assert!(mailflow(&folder, &coloured, 2).1.contains("\u{1b}[1;31merror"));
}

#[test]
fn notes_of_check_fit_a_terminal() {
    let folder = site();
    let text = "proofpoint: { single_thread_delivery: on, hoststat: off }\n";
    fs::write(folder.path().join("noted.yaml"), text).expect("written");
    let (_, notes) = mailflow(&folder, &["check", "noted.yaml"], 0);
    assert!(notes.starts_with("note: noted.yaml: "), "{notes}");
    assert!(notes.lines().all(|line| line.chars().count() <= 80), "{notes}");
}

#[test]
fn trace_of_a_message_that_never_arrives_says_so() {
    let (page, error) = mailflow(&site(), &["trace", "site.yaml", "--message", "99999999"], 2);
    assert!(page.is_empty() && error.contains("never arrives"), "{error}");
}

#[test]
fn a_trace_for_the_viewer_has_runners_connections_and_hosts() {
    let folder = site();
    let range = ["--from", "10m", "--until", "70m"];
    let arguments = [&["trace", "site.yaml", "--perfetto", "t.json"], &range[..]].concat();
    mailflow(&folder, &arguments, 0);
    let text = fs::read_to_string(folder.path().join("t.json")).expect("written");
    let read: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let events = read["traceEvents"].as_array().expect("events");
    for group in 1..=3 {
        assert!(events.iter().any(|e| e["ph"] == "X" && e["pid"] == group), "group {group}");
    }
    let within = |event: &&serde_json::Value| event["ts"].as_f64().is_some_and(|ts| ts < 6e8);
    assert_eq!(events.iter().filter(within).count(), 0, "nothing before --from");
}
