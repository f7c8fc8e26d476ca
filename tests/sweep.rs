//! `mailflow sweep`, `merge` and `export` as their users live through them: killed, stopped, resumed, split.

use assert_cmd::Command;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;

const SWEEP: &str = "base: base.yaml\nvary:\n  proofpoint.queue_runners: [1, 2]\n  \
                     mail.scale: [1, 2, 3]\nrun: { repeats: 5 }\n";

/// A folder with a small base and this sweep.
fn folder(sweep: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let base =
        "name: Base\nrun: { simulate: 2h }\nmail: { arrivals: { poisson: { rate: 20/min } } }\n";
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

fn exported(folder: &Path, from: &str) -> String {
    let (csv, errors) = said(folder, &["export", from], 0);
    assert!(errors.is_empty(), "{errors}");
    csv
}

/// Replications in a store, with how many there are of each.
fn stored(path: &Path) -> (u32, u32) {
    let db = rusqlite::Connection::open(path).expect("a store");
    let count = |what: &str| {
        db.query_row(&format!("SELECT count({what}) FROM replication"), [], |row| row.get(0))
    };
    (count("*").expect("counted"), count("DISTINCT cell * 1000000 + number").expect("counted"))
}

#[test]
fn jobs_and_shards_change_no_byte_of_what_is_exported() {
    let folder = folder(SWEEP);
    let folder = folder.path();
    said(folder, &["sweep", "s.yaml", "--jobs", "1", "--out", "one"], 0);
    said(folder, &["sweep", "s.yaml", "--jobs", "2", "--out", "two"], 0);
    for shard in 1..=8 {
        let shard = format!("{shard}/8");
        said(folder, &["sweep", "s.yaml", "--shard", &shard, "--out", "shards"], 0);
    }
    let (_, told) = said(folder, &["merge", "shards", "--out", "all"], 0);
    assert!(told.contains("30 runs of 8 files joined, 0 were double"), "{told}");
    let one = exported(folder, "one");
    assert_eq!(one.lines().count(), 7, "one row for each combination");
    assert!(one.starts_with("proofpoint.queue_runners,mail.scale,delay.mean,delay.mean.low,"));
    assert!(one.lines().nth(2).is_some_and(|row| row.starts_with("1,2,")), "in design order");
    for other in ["two", "all"] {
        assert_eq!(exported(folder, other), one, "{other}");
        let results = |of: &str| fs::read(folder.join(of).join("results.json")).expect("results");
        assert_eq!(results(other), results("one"), "{other}");
    }
    let (json, _) = said(folder, &["export", "all", "--format", "json"], 0);
    assert_eq!(json.as_bytes(), fs::read(folder.join("one/results.json")).expect("results"));
    let (_, again) = said(folder, &["merge", "shards", "--out", "all"], 0);
    assert!(again.contains("0 runs of 8 files joined, 30 were double"), "{again}");
}

#[test]
fn a_merge_says_what_is_missing_and_refuses_another_sweep() {
    let folder = folder(SWEEP);
    let folder = folder.path();
    for shard in ["1/3", "3/3"] {
        said(folder, &["sweep", "s.yaml", "-q", "--shard", shard, "--out", "shards"], 0);
    }
    let (_, told) = said(folder, &["merge", "shards", "--out", "all"], 2);
    assert!(told.contains("10 of 30 runs are missing") && told.contains("mail.scale=2"), "{told}");
    let (part, told) = said(folder, &["export", "all"], 0);
    assert!(part.lines().count() == 7 && told.contains("10 of 30 runs are missing"), "{told}");
    let (_, told) = said(folder, &["sweep", "s.yaml", "--out", "all"], 0);
    assert!(told.contains("20 of 30 runs from the store"), "{told}");
    said(folder, &["sweep", "s.yaml", "--seed", "7", "--repeats", "1", "--out", "other"], 0);
    let (_, told) = said(folder, &["merge", "shards", "other", "--out", "mixed"], 2);
    assert!(told.contains("run.seed = 42") && told.contains("run.seed = 7"), "{told}");
    said(folder, &["merge", "nowhere", "--out", "mixed"], 3);
}

#[test]
fn a_changed_design_is_refused_with_what_changed_and_more_days_are_not() {
    let folder = folder(SWEEP);
    let folder = folder.path();
    said(folder, &["sweep", "s.yaml", "--repeats", "2"], 0);
    let (_, told) = said(folder, &["sweep", "s.yaml", "--repeats", "3"], 0);
    assert!(told.contains("12 of 18 runs from the store"), "{told}");
    fs::write(folder.join("s.yaml"), SWEEP.replace("[1, 2]", "[1, 4]")).expect("written");
    let (_, told) = said(folder, &["sweep", "s.yaml", "--repeats", "2"], 2);
    assert!(told.contains("- vary proofpoint.queue_runners: 1, 2"), "{told}");
    assert!(told.contains("+ vary proofpoint.queue_runners: 1, 4"), "{told}");
    assert!(told.contains("--fresh"), "{told}");
    said(folder, &["sweep", "s.yaml", "--repeats", "2", "--fresh"], 0);
    fs::write(folder.join("base.yaml"), "mail: { backlog: 3 }").expect("written");
    let (_, told) = said(folder, &["sweep", "s.yaml", "--repeats", "2"], 2);
    assert!(told.contains("+ mail.backlog = 3"), "{told}");
}

#[test]
fn a_dry_run_counts_and_estimates_and_writes_nothing() {
    let folder = folder(SWEEP);
    let folder = folder.path();
    let (told, _) = said(folder, &["sweep", "s.yaml", "--dry-run"], 0);
    assert!(told.contains("6 combinations x 5 replications = 30 runs"), "{told}");
    assert!(told.contains("0 are stored, 30 are to be done: about "), "{told}");
    assert!(!folder.join("output").exists());
    let (told, _) = said(folder, &["sweep", "s.yaml", "--dry-run", "--shard", "2/4"], 0);
    assert!(told.contains("of which shard 2 of 4 does 8"), "{told}");
    let wrong = SWEEP.replace("[1, 2, 3]", "[1, many]");
    fs::write(folder.join("s.yaml"), wrong).expect("written");
    let (_, told) = said(folder, &["sweep", "s.yaml", "--dry-run"], 2);
    assert!(told.contains("s.yaml:4:19: mail.scale"), "{told}");
}

#[test]
fn the_page_has_a_row_for_each_combination_within_eighty_columns_and_judges_what_is_expected() {
    let expect = "expect:\n  - messages arrived > 0\n  - where: { mail.scale: 3 }\n    \
                  expect: messages arrived == 0\n";
    let folder = folder(&format!("{SWEEP}{expect}"));
    let (page, _) = said(folder.path(), &["sweep", "s.yaml"], 1);
    assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
    assert!(page.contains("messages arrived == 0") && page.contains("met by 0 of 2"), "{page}");
    assert_eq!(page.lines().filter(|line| line.ends_with("MISSED")).count(), 2, "{page}");
    let typo = format!("{SWEEP}expect: [ p99 dela < 5m ]\n");
    fs::write(folder.path().join("s.yaml"), typo).expect("written");
    let (_, told) = said(folder.path(), &["sweep", "s.yaml"], 2);
    assert!(told.contains("s.yaml:6:11: expect[0]") && told.contains("nearest"), "{told}");
    let same = "base: base.yaml\nvary: { run.simulate: [60m, 1h] }\n";
    fs::write(folder.path().join("s.yaml"), same).expect("written");
    let (_, told) = said(folder.path(), &["sweep", "s.yaml"], 2);
    assert!(told.contains("they mean the same"), "{told}");
}

/// Kills a sweep `kills` times at moments spread over its length, finishes it, and holds what comes out against
/// a sweep that nobody disturbed.
fn survives(kills: u32) {
    let folder = folder(&SWEEP.replace("repeats: 5", "repeats: 20"));
    let folder = folder.path();
    said(folder, &["sweep", "s.yaml", "-q", "--out", "calm"], 0);
    let store = folder.join("rough/results.sqlite");
    // Moments from the beginning of the program to well into its work, in an order that looks like none.
    for kill in 0..kills {
        let millis = 3 + (u64::from(kill) * 7_919) % 97;
        let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("mailflow"))
            .current_dir(folder)
            .args(["sweep", "s.yaml", "-q", "--jobs", "2", "--out", "rough"])
            .stdout(Stdio::null())
            .spawn()
            .expect("started");
        std::thread::sleep(Duration::from_millis(millis));
        let _ = child.kill();
        child.wait().expect("ended");
        if kill % 16 == 15 && kill + 16 < kills {
            // So that late kills have something left to disturb, too.
            let _ = fs::remove_dir_all(folder.join("rough"));
        }
    }
    said(folder, &["sweep", "s.yaml", "-q", "--out", "rough"], 0);
    assert_eq!(stored(&store), (120, 120), "each replication exactly once");
    assert_eq!(exported(folder, "rough"), exported(folder, "calm"));
    let results = |of: &str| fs::read(folder.join(of).join("results.json")).expect("results");
    assert_eq!(results("rough"), results("calm"));
}

#[test]
fn a_sweep_killed_again_and_again_gives_the_bytes_of_one_that_nobody_disturbed() {
    survives(8);
}

#[test]
#[ignore = "two hundred kills"]
fn two_hundred_kills_lose_nothing() {
    survives(200);
}

#[test]
fn a_folder_in_use_is_left_alone_and_export_never_simulates() {
    let folder = folder(SWEEP);
    let folder = folder.path();
    let (_, told) = said(folder, &["export", "nowhere"], 3);
    assert!(told.contains("no stored results"), "{told}");
    fs::create_dir_all(folder.join("output/s")).expect("made");
    let store = folder.join("output/s/results.sqlite");
    let other = rusqlite::Connection::open(&store).expect("made");
    other.pragma_update(None, "locking_mode", "EXCLUSIVE").expect("set");
    other.execute_batch("BEGIN EXCLUSIVE").expect("locked");
    let (_, told) = said(folder, &["sweep", "s.yaml"], 3);
    assert!(told.contains("another mailflow is writing"), "{told}");
    drop(other);
    said(folder, &["run", "base.yaml", "--repeats", "2", "--out", "run"], 0);
    assert_eq!(exported(folder, "run").lines().count(), 2, "a run is one combination");
}

#[cfg(unix)]
#[test]
fn ctrl_c_exits_130_and_keeps_what_was_done() {
    let folder = folder(&SWEEP.replace("repeats: 5", "repeats: 5000"));
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("mailflow"))
        .current_dir(folder.path())
        .args(["sweep", "s.yaml", "--out", "o"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    // Records are being written: so the handler is in place.
    let log = folder.path().join("o/results.sqlite-wal");
    while fs::metadata(&log).map_or(0, |log| log.len()) < 400_000 {
        assert_eq!(child.try_wait().expect("known"), None, "it has ended by itself");
        std::thread::sleep(Duration::from_millis(5));
    }
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.expect("sent").success());
    let output = child.wait_with_output().expect("ended");
    let told = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(130), "{told}");
    assert!(told.contains("what was done is kept"), "{told}");
    let (runs, distinct) = stored(&folder.path().join("o/results.sqlite"));
    assert!(runs > 0 && runs == distinct, "{runs} and {distinct}");
    let (_, told) = said(folder.path(), &["sweep", "s.yaml", "--repeats", "1", "--out", "o"], 0);
    assert!(told.contains("of 6 runs from the store"), "{told}");
}

/// Two runners and a slow receiver against more and faster: a 2 x 2 grid with a reference.
const GRID: &str = "base: base.yaml
vary:
  proofpoint.queue_runners: [1, 4]
  exchange_online.service_time.fixed: [2s, 100ms]
run: { repeats: 6 }
compare_with: { proofpoint.queue_runners: 1, exchange_online.service_time.fixed: 2s }
";

#[test]
fn a_grid_with_a_reference_shows_differences_the_best_and_effects_in_every_format() {
    let folder = folder(GRID);
    let folder = folder.path();
    let base = "run: { simulate: 1h }\nmail: { arrivals: { poisson: { rate: 20/min } } }\n\
                exchange_online: { service_time: { fixed: 1s } }\n";
    fs::write(folder.join("base.yaml"), base).expect("written");
    let (page, _) = said(folder, &["sweep", "s.yaml"], 0);
    assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
    for part in [
        "Compared with queue_runners 1, service_time 2s",
        "from the best of its service_time by p99 delay",
        "Each common day is worth",
        "What each setting does, on average over the others",
        "proofpoint.queue_runners: 4 instead of 1",
        "Both, beyond the sum of the two",
        "What does most to p99 is",
        "tables/effects.csv",
    ] {
        assert!(page.contains(part), "{part} in\n{page}");
    }
    let json = fs::read_to_string(folder.join("output/s/results.json")).expect("results");
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let point = |cell: usize| json["cells"][cell]["metrics"]["connections.opened"]["point"].clone();
    assert!((0..4).all(|cell| point(cell).is_number()));
    let p99 = |cell: usize| json["cells"][cell]["metrics"]["delay.p99"]["point"].as_f64();
    let value = |cell: usize| p99(cell).expect("a value");
    let effects = json["effects"].as_array().expect("effects");
    assert_eq!(effects.len(), 3, "two changes and what both do");
    let effect = |n: usize| effects[n]["metrics"]["delay.p99"]["point"].as_f64().expect("a point");
    let runners = (value(2) + value(3) - value(0) - value(1)) / 2.0;
    assert!((effect(0) - runners).abs() < 1e-6, "{} for {runners}", effect(0));
    let both = value(0) - value(1) - value(2) + value(3);
    assert!((effect(2) - both).abs() < 1e-6, "{} for {both}", effect(2));
    assert_eq!(effects[2]["with"]["key"], "exchange_online.service_time.fixed");
    assert_eq!(json["compared_with"], 0);
    assert_eq!(json["best"]["by"], "delay.p99");
    let csv = fs::read_to_string(folder.join("output/s/tables/effects.csv")).expect("effects");
    assert_eq!(csv.lines().count(), 1 + 3 * 5, "{csv}");
    let columns = |text: &str| text.lines().map(|line| line.split(',').count()).collect::<Vec<_>>();
    assert!(columns(&csv).iter().all(|n| *n == columns(&csv)[0]), "{csv}");
    let rows = exported(folder, "output/s");
    assert!(columns(&rows).iter().all(|n| *n == columns(&rows)[0]), "{rows}");
    let header = rows.lines().next().expect("a header");
    let at = |name: &str| header.split(',').position(|column| column == name).expect("there");
    assert!(at("bytes.wasted.high") < at("delay.mean.difference"), "differences come last");
    let (md, _) = said(folder, &["export", "output/s", "--format", "md"], 0);
    assert!(md.contains("Difference to queue_runners 1") && md.contains("| change |"), "{md}");
}

#[test]
fn of_many_combinations_the_page_shows_the_best_the_worst_and_the_reference() {
    let sweep = "base: base.yaml\nvary: { mail.scale: [1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6], \
                 proofpoint.queue_runners: [1, 2, 3, 4, 5, 6, 7] }\nrun: { repeats: 2 }\n\
                 compare_with: { mail.scale: 1, proofpoint.queue_runners: 4 }\n";
    let folder = folder(sweep);
    let (page, _) = said(folder.path(), &["sweep", "s.yaml"], 0);
    assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
    let left = page.contains("9 more combinations are left out") || page.contains("8 more comb");
    assert!(left && page.contains("tables/combinations.csv"), "{page}");
    let (rows, _) = page.split_once("\nWritten\n").expect("a list of files");
    assert!(rows.lines().count() < 150, "{page}");
    assert_eq!(exported(folder.path(), "output/s").lines().count(), 50, "all are in the file");
}
