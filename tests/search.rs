//! `mailflow sweep` where the number of runs follows from what they show: `run.until` and `find`.

use assert_cmd::Command;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;

const UNTIL: &str = "base: base.yaml\nvary: { proofpoint.queue_runners: [1, 2], mail.scale: [1, 2] }\n\
    compare_with: { proofpoint.queue_runners: 1, mail.scale: 1 }\n\
    run: { until: { metric: mean delay, relative: 0.8%, at_most: 30 } }\n";

const FIND: &str = "base: base.yaml\nfind:\n  key: mail.scale\n  largest_with: mean delay <= 3s\n  \
    between: [1, 5]\n  within: 5%\nrun: { repeats: 20 }\n";

/// A folder with a small base and this sweep.
fn folder(sweep: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let base = "name: Base\nrun: { simulate: 2h, repeats: 3 }\n\
        mail: { arrivals: { poisson: { rate: 20/min } } }\nproofpoint: { queue_runners: 1 }\n";
    fs::write(folder.path().join("base.yaml"), base).expect("written");
    fs::write(folder.path().join("s.yaml"), sweep).expect("written");
    folder
}

fn mailflow(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("mailflow").expect("built");
    command.current_dir(folder).args(arguments);
    command
}

/// What a command says on stdout and stderr.
fn said(folder: &Path, arguments: &[&str], code: i32) -> (String, String) {
    let assert = mailflow(folder, arguments).assert().code(code);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    (text(&assert.get_output().stdout), text(&assert.get_output().stderr))
}

fn results(folder: &Path, of: &str) -> String {
    fs::read_to_string(folder.join(of).join("results.json")).expect("results")
}

fn stored(path: &Path) -> u32 {
    let db = rusqlite::Connection::open(path).expect("a store");
    db.query_row("SELECT count(*) FROM replication", [], |row| row.get(0)).expect("counted")
}

/// Kills the command again and again, later each time, then lets it end.
fn killed(folder: &Path, out: &str) {
    for attempt in 0..12 {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_mailflow"));
        command.current_dir(folder).args(["sweep", "s.yaml", "--out", out]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("run");
        std::thread::sleep(Duration::from_millis(20 + 25 * attempt));
        child.kill().expect("killed");
        child.wait().expect("ended");
    }
    said(folder, &["sweep", "s.yaml", "--out", out], 0);
}

#[test]
fn each_combination_stops_by_itself_with_the_days_of_a_run_of_it() {
    let folder = folder(UNTIL);
    let folder = folder.path();
    said(folder, &["sweep", "s.yaml", "--jobs", "1", "--out", "one"], 0);
    let one = results(folder, "one");
    let json: Value = serde_json::from_str(&one).expect("JSON");
    let cells = json["cells"].as_array().expect("cells");
    let days = |cell: &Value| cell["metrics"]["delay.mean"]["n"].as_u64().expect("a number");
    let all: Vec<u64> = cells.iter().map(days).collect();
    assert!(all.iter().any(|n| *n != all[0]), "they differ: {all:?}");
    for cell in cells {
        let (runners, scale) =
            (&cell["settings"]["proofpoint.queue_runners"], &cell["settings"]["mail.scale"]);
        let text = format!(
            "run: {{ simulate: 2h, until: {{ metric: mean delay, relative: 0.8%, at_most: 30 }} }}\n\
             mail: {{ scale: {scale}, arrivals: {{ poisson: {{ rate: 20/min }} }} }}\n\
             proofpoint: {{ queue_runners: {runners} }}\n"
        );
        fs::write(folder.join("alone.yaml"), text).expect("written");
        let (run, _) = said(folder, &["run", "alone.yaml", "--format", "json"], 0);
        let run: Value = serde_json::from_str(&run).expect("JSON");
        assert_eq!(run["cells"][0]["metrics"], cell["metrics"]);
        assert_eq!(run["cells"][0]["warnings"], cell["warnings"], "{runners} {scale}");
        if let Some(difference) = cell.get("difference") {
            let pairs = difference["delay.mean"]["n"].as_u64();
            assert_eq!(pairs, Some(days(cell).min(all[0])), "the days that both have");
        }
    }
    let compared = cells.iter().filter(|cell| cell.get("difference").is_some());
    assert_eq!(compared.count(), 3);
    let runs: u64 = all.iter().sum();
    assert_eq!(u64::from(stored(&folder.join("one/results.sqlite"))), runs, "none in vain");
    assert!(
        cells
            .iter()
            .all(|cell| days(cell) == 30 || !cell["warnings"].to_string().contains("not_precise"))
    );
}

#[test]
fn jobs_shards_and_kills_change_no_byte_of_what_stops_by_itself() {
    let folder = folder(UNTIL);
    let folder = folder.path();
    said(folder, &["sweep", "s.yaml", "--jobs", "1", "--out", "one"], 0);
    said(folder, &["sweep", "s.yaml", "--jobs", "2", "--out", "two"], 0);
    killed(folder, "killed");
    for shard in ["1/3", "2/3"] {
        said(folder, &["sweep", "s.yaml", "--shard", shard, "--out", "shards"], 0);
    }
    let (_, told) = said(folder, &["merge", "shards", "--out", "all"], 2);
    assert!(told.contains("runs are missing") && told.contains("replication 0 of"), "{told}");
    said(folder, &["sweep", "s.yaml", "--shard", "3/3", "--out", "shards"], 0);
    said(folder, &["merge", "shards", "--out", "all"], 0);
    for other in ["two", "killed", "all"] {
        assert_eq!(results(folder, other), results(folder, "one"), "{other}");
    }
    let (json, told) = said(folder, &["export", "all", "--format", "json"], 0);
    assert_eq!((json, told), (results(folder, "one"), String::new()));
    let other = UNTIL.replace("0.8%", "20%");
    fs::write(folder.join("s.yaml"), other).expect("written");
    said(folder, &["sweep", "s.yaml", "--shard", "1/3", "--out", "loose"], 0);
    let (_, told) = said(folder, &["merge", "shards", "loose", "--out", "mixed"], 2);
    assert!(told.contains("another rule"), "{told}");
}

#[test]
fn a_search_gives_the_same_bytes_whatever_the_jobs_and_however_often_it_is_killed() {
    let folder = folder(FIND);
    let folder = folder.path();
    let (page, _) = said(folder, &["sweep", "s.yaml", "--jobs", "1", "--out", "one"], 0);
    assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
    assert!(page.contains("threshold lies between") && page.contains("confidence"), "{page}");
    said(folder, &["sweep", "s.yaml", "--jobs", "2", "--out", "two"], 0);
    killed(folder, "killed");
    for other in ["two", "killed"] {
        assert_eq!(results(folder, other), results(folder, "one"), "{other}");
    }
    let (json, told) = said(folder, &["export", "one", "--format", "json"], 0);
    assert_eq!((&json, told), (&results(folder, "one"), String::new()));
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let found = &json["found"][0];
    let number = |value: &Value| value.as_f64().expect("a number");
    assert!(number(&found["met"]) < number(&found["missed"]), "{found}");
    let tried: Vec<f64> =
        found["tried"].as_array().expect("tried").iter().map(|t| number(&t["value"])).collect();
    let cells: Vec<f64> = json["cells"]
        .as_array()
        .expect("cells")
        .iter()
        .map(|cell| number(&cell["settings"]["mail.scale"]))
        .collect();
    assert_eq!(tried, cells);
    assert!(tried.windows(2).all(|pair| pair[0] < pair[1]), "{tried:?}");
    let (csv, _) = said(folder, &["export", "one"], 0);
    assert_eq!(csv.lines().count(), cells.len() + 1);
    let (md, _) = said(folder, &["export", "one", "--format", "md"], 0);
    assert!(md.contains("| `mail.scale` | `delay.mean` |"), "{md}");
}

#[test]
fn beside_vary_each_combination_has_its_own_answer() {
    let folder =
        folder(&FIND.replace("find:", "vary: { proofpoint.queue_runners: [1, 2] }\nfind:"));
    let folder = folder.path();
    let (dry, _) = said(folder, &["sweep", "s.yaml", "--dry-run"], 0);
    assert!(dry.contains("2 searches, at most") && !folder.join("output").exists(), "{dry}");
    said(folder, &["sweep", "s.yaml", "--out", "o"], 0);
    let json: Value = serde_json::from_str(&results(folder, "o")).expect("JSON");
    let found = json["found"].as_array().expect("found");
    assert_eq!(found.len(), 2);
    let met = |index: usize| found[index]["met"].as_f64();
    assert_eq!(found[1]["settings"]["proofpoint.queue_runners"], 2);
    assert!(met(0) < met(1) || met(1) == Some(5.0), "two runners carry more: {found:?}");
    let base = fs::read_to_string(folder.join("base.yaml")).expect("read");
    fs::write(folder.join("base.yaml"), base.replace("20/min", "21/min")).expect("written");
    let (_, told) = said(folder, &["sweep", "s.yaml", "--out", "o"], 2);
    assert!(told.contains("20/min") && told.contains("--fresh"), "{told}");
}

#[test]
fn what_a_search_cannot_do_is_refused_with_a_reason() {
    let folder = folder(FIND);
    let folder = folder.path();
    let (_, told) = said(folder, &["sweep", "s.yaml", "--shard", "1/2"], 2);
    assert!(told.contains("cannot be cut into shards"), "{told}");
    let (_, told) = said(folder, &["sweep", "s.yaml", "--repeats", "1"], 2);
    assert!(told.contains("one day decides nothing"), "{told}");
    for (line, expected) in [
        ("mean dellay <= 3s", "nearest   delay.mean"),
        ("mean delay <= 2 x base.yaml", "does not compare itself"),
        ("mean delay@nowhere <= 3s", "not a part"),
    ] {
        fs::write(folder.join("s.yaml"), FIND.replace("mean delay <= 3s", line)).expect("written");
        let (_, told) = said(folder, &["sweep", "s.yaml"], 2);
        assert!(told.contains(expected) && told.contains("s.yaml:4:17"), "{told}");
    }
}

#[test]
fn an_open_end_is_an_answer_and_no_failure() {
    let folder = folder(&FIND.replace("<= 3s", "<= 1ms"));
    let (page, _) = said(folder.path(), &["sweep", "s.yaml", "-q"], 0);
    assert!(page.contains("None: it is missed in the whole range"), "{page}");
}
