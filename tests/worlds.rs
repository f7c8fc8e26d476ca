//! `--vary-assumptions` as its users live through it: the same worlds for all combinations, killed, resumed, with
//! more worlds, and nothing varied that somebody has said.

use assert_cmd::Command;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;

const SWEEP: &str = "base: base.yaml\nvary:\n  proofpoint.messages_per_connection: [unlimited, 20]\n  \
                     mail.scale: [1, 2]\ncompare_with: { proofpoint.messages_per_connection: unlimited, mail.scale: 1 }\n\
                     run: { repeats: 2 }\nexpect: [ p99 delay < 1h ]\n";
const BASE: &str = "name: Base\nrun: { simulate: 2h }\nmail: { arrivals: { poisson: { rate: 20/min } } }\n\
                    proofpoint: { queue_runs: persistent }\nexpect:\n  - p99 delay < 1h\n  - p99 delay <= 1 x base.yaml\n";

/// A folder with a small base and this sweep.
fn folder(sweep: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("base.yaml"), BASE).expect("written");
    fs::write(folder.path().join("s.yaml"), sweep).expect("written");
    folder
}

/// What a command says on stdout and stderr.
fn said(folder: &Path, arguments: &str, code: i32) -> (String, String) {
    let mut command = Command::cargo_bin("mailflow").expect("built");
    let arguments = arguments.split_whitespace();
    let assert = command.current_dir(folder).args(arguments).assert().code(code);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    (text(&assert.get_output().stdout), text(&assert.get_output().stderr))
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).expect("read")).expect("JSON")
}

/// The fields of a line of CSV; a comma in quotes belongs to its field.
fn fields(line: &str) -> Vec<String> {
    let (mut all, mut quoted) = (vec![String::new()], false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => all.push(String::new()),
            other => all.last_mut().expect("a field").push(other),
        }
    }
    all
}

/// Replications in a store.
fn stored(path: &Path) -> u32 {
    let db = rusqlite::Connection::open(path).expect("a store");
    let count = db.query_row("SELECT count(*) FROM replication", [], |row| row.get(0));
    count.expect("counted")
}

#[test]
fn all_combinations_share_their_worlds_whatever_the_number_of_jobs() {
    let folder = folder(SWEEP);
    let folder = folder.path();
    let (page, _) = said(folder, "sweep s.yaml --vary-assumptions 4 --jobs 1 --out one", 0);
    assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
    assert!(page.contains("4 worlds, each with other values for"), "{page}");
    assert!(page.contains("compared with") && page.contains("Which assumptions decide"), "{page}");
    said(folder, "sweep s.yaml --vary-assumptions 4 --jobs 2 --out two", 0);
    for file in ["worlds.json", "tables/worlds.csv"] {
        let read = |of: &str| fs::read(folder.join(of).join(file)).expect("written");
        assert_eq!(read("one"), read("two"), "{file}");
    }
    // Two replications of four combinations in four worlds and with the defaults.
    assert_eq!(stored(&folder.join("one/worlds.sqlite")), 2 * 4 * 5);
    let csv = fs::read_to_string(folder.join("one/tables/worlds.csv")).expect("read");
    let mut rows: Vec<Vec<String>> = csv.lines().map(fields).collect();
    let head = rows.remove(0);
    assert!(rows.iter().all(|row| row.len() == head.len()), "{csv}");
    let column = |name: &str| head.iter().position(|other| other == name).expect(name);
    let drawn = column("network.round_trip");
    assert_eq!(rows.len(), 16);
    let mut values = Vec::new();
    for world in rows.chunks(4) {
        assert!(world.iter().all(|row| row[0] == world[0][0] && row[drawn] == world[0][drawn]));
        values.push(world[0][drawn].to_owned());
        let difference = column("against");
        assert_eq!(world.iter().filter(|row| row[difference].is_empty()).count(), 1);
    }
    values.sort();
    values.dedup();
    assert_eq!(values.len(), 4, "each world has a value of its own");
    // What is printed as JSON is what is stored, with the ordinary results and their own answer beside them.
    let (printed, _) = said(folder, "sweep s.yaml --vary-assumptions 4 --out one --format json", 0);
    assert_eq!(printed, fs::read_to_string(folder.join("one/worlds.json")).expect("read"));
    let all = json(&folder.join("one/worlds.json"));
    assert_eq!(all["cells"].as_array().expect("cells").len(), 4);
    let counts = &all["worlds"]["cells"][3]["against"];
    let count = |name: &str| counts[name].as_u64().expect(name);
    assert_eq!(count("wins") + count("even") + count("losses"), 4);
    assert!(
        !folder.join("one/results.json").exists(),
        "that of the ordinary sweep stays what it is"
    );
}

#[test]
fn with_one_day_in_each_world_that_day_decides_as_it_is_the_same_on_both_sides() {
    let folder = folder(&SWEEP.replace("mail.scale: [1, 2]", "mail.scale: [1, 4]"));
    let folder = folder.path();
    let (page, _) = said(folder, "sweep s.yaml --vary-assumptions 4 --repeats 1 --out one", 0);
    assert!(page.contains("that day decides") && page.contains("--repeats 3"), "{page}");
    let all = json(&folder.join("one/worlds.json"));
    let against = &all["worlds"]["cells"][1]["against"];
    assert!(against["even"].as_u64().expect("a count") < 4, "{against}");
    let csv = fs::read_to_string(folder.join("one/tables/worlds.csv")).expect("read");
    let mut rows: Vec<Vec<String>> = csv.lines().map(fields).collect();
    let head = rows.remove(0);
    let column = |name: &str| head.iter().position(|other| other == name).expect(name);
    let (against, difference) = (column("against"), column("difference"));
    for row in rows {
        let of = row[difference].parse::<f64>().unwrap_or_default();
        assert!(row[against] != "wins" || of <= -1.0, "{row:?}");
        assert!(row[against] != "loses" || of >= 1.0, "{row:?}");
    }
}

#[test]
fn nothing_is_simulated_twice_and_more_worlds_leave_the_first_ones_as_they_are() {
    let folder = folder(SWEEP);
    let folder = folder.path();
    let worlds = |name: &str| json(&folder.join("output/s").join(name))["worlds"]["worlds"].clone();
    said(folder, "sweep s.yaml --vary-assumptions 2", 0);
    let two = worlds("worlds.json");
    let (_, told) = said(folder, "sweep s.yaml --vary-assumptions 3", 0);
    assert!(told.contains("24 of 32 runs from the store"), "{told}");
    let three = worlds("worlds.json");
    assert_eq!(three.as_array().map(|all| all[..2].to_vec()), two.as_array().cloned());
    let (_, told) = said(folder, "sweep s.yaml --vary-assumptions 3 --repeats 3", 0);
    assert!(told.contains("32 of 48 runs from the store"), "{told}");
    let (_, told) = said(folder, "sweep s.yaml --vary-assumptions 3 --fresh", 0);
    assert!(!told.contains("from the store"), "{told}");
    assert_eq!(worlds("worlds.json"), three);
    let (told, _) = said(folder, "sweep s.yaml --vary-assumptions 5 --dry-run", 0);
    assert!(
        told.contains("= 48 runs") && told.contains("32 are stored, 16 are to be done"),
        "{told}"
    );
    assert!(told.contains("network.round_trip: 5ms to 150ms"), "{told}");
}

#[test]
fn killed_again_and_again_it_gives_the_bytes_of_one_that_nobody_disturbed() {
    let folder = folder(SWEEP);
    let folder = folder.path();
    said(folder, "sweep s.yaml --vary-assumptions 8 -q --out calm", 0);
    let arguments = "sweep s.yaml --vary-assumptions 8 -q --jobs 2 --out rough";
    for kill in 0..6u64 {
        let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("mailflow"))
            .current_dir(folder)
            .args(arguments.split_whitespace())
            .stdout(Stdio::null())
            .spawn()
            .expect("started");
        std::thread::sleep(Duration::from_millis(30 + kill * 7_919 % 400));
        let _ = child.kill();
        child.wait().expect("ended");
    }
    said(folder, arguments, 0);
    assert_eq!(stored(&folder.join("rough/worlds.sqlite")), 2 * 4 * 9);
    for file in ["worlds.json", "tables/worlds.csv"] {
        let read = |of: &str| fs::read(folder.join(of).join(file)).expect("written");
        assert_eq!(read("rough"), read("calm"), "{file}");
    }
}

#[test]
fn a_run_tells_its_expectations_and_what_somebody_has_said_stays() {
    let folder = folder(SWEEP);
    let folder = folder.path();
    let arguments = "run base.yaml --vary-assumptions 3 --repeats 2 --set network.round_trip=20ms";
    let (page, told) = said(folder, arguments, 0);
    assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
    assert!(page.contains("p99 delay < 1h") && page.contains("half of worlds"), "{page}");
    assert!(told.contains("\"p99 delay <= 1 x base.yaml\" is not judged"), "{told}");
    let all = json(&folder.join("output/base/worlds.json"));
    let varied = all["worlds"]["varied"].as_object().expect("keys").clone();
    assert!(varied.contains_key("exchange_online.max_connections"), "{varied:?}");
    for said in ["network.round_trip", "proofpoint.queue_runs", "mail.arrivals"] {
        assert!(!varied.contains_key(said), "{said}");
    }
    let verdicts = &all["worlds"]["cells"][0]["expectations"];
    assert_eq!(verdicts.as_array().expect("lines").len(), 1);
    let count = |name: &str| verdicts[0][name].as_u64().expect(name);
    assert_eq!(count("met") + count("missed") + count("undecided"), 3);
    // The first day of the world of the defaults is the first day of the ordinary run.
    let text = BASE.replace("  - p99 delay <= 1 x base.yaml\n", "");
    fs::write(folder.join("base.yaml"), text).expect("written");
    said(folder, "run base.yaml --repeats 2 --set network.round_trip=20ms --out plain", 0);
    let plain = json(&folder.join("plain/results.json"));
    assert_eq!(all["cells"][0]["metrics"], plain["cells"][0]["metrics"]);
    let (markdown, _) = said(folder, &format!("{arguments} --format md"), 0);
    assert!(markdown.contains("| assumption | range | decides |"), "{markdown}");
}

#[test]
fn what_cannot_be_asked_is_refused_with_a_reason() {
    let folder = folder(SWEEP);
    let folder = folder.path();
    for (arguments, reason) in [
        ("sweep s.yaml --vary-assumptions 0", "0 is not in 1..=10000"),
        ("sweep s.yaml --vary-assumptions many", "invalid digit"),
        ("sweep s.yaml --vary-assumptions 10001", "10001 is not in 1..=10000"),
        (
            "sweep s.yaml --vary-assumptions 9000 --repeats 1000",
            "runs are too many, at most 20000000",
        ),
        ("sweep s.yaml --vary-assumptions 2 --shard 1/2", "cannot be used with"),
        ("run base.yaml base.yaml --vary-assumptions 2", "another file of this call"),
        ("run base.yaml --vary-assumptions 2 --junit x.xml", "cannot be used with"),
        ("run base.yaml --vary-assumptions 2 --set mail.scale=no", "mail.scale"),
    ] {
        let (out, told) = said(folder, arguments, 2);
        assert!(told.contains(reason) && out.is_empty(), "{arguments}: {told}");
    }
    fs::write(folder.join("other.yaml"), BASE.replace("base.yaml", "s.yaml")).expect("written");
    fs::write(folder.join("plain.yaml"), "name: x").expect("written");
    let (_, told) = said(folder, "run plain.yaml plain2.yaml --vary-assumptions 2", 3);
    assert!(told.contains("plain2.yaml"), "{told}");
    let values = "--set network={round_trip:~20ms,bandwidth:~{per_connection:~1~Mbit/s}} \
                  --set mail={burstiness:~none,size:~{fixed:~5~KB},recipients:~{mean:~1}} \
                  --set exchange_online={routing:~one_name,address_order:~random,machines_per_front_end:~9,\
                  lifetime_jitter:~0s,commit:~after_reply,service_time:~{fixed:~1s},connect_time:~1ms,\
                  max_connections:~9,max_connections_per_source:~9,\
                  unhealthy_machines:~{share:~0%,behaviour:~reset}} \
                  --set proofpoint={delivery:~queue_only,queue_runs:~persistent,queue_runners:~1,\
                  retry_interval:~1m,hoststat:~off,costs:~{skip:~1ms,run_start:~0s,process_start:~0s}}";
    let mut command = Command::cargo_bin("mailflow").expect("built");
    command.current_dir(folder).args(["run", "plain.yaml", "--vary-assumptions", "2"]);
    command.args(values.split_whitespace().map(|value| value.replace('~', " ")));
    let assert = command.assert().code(2);
    let told = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(told.contains("nothing is left to vary"), "{told}");
    assert!(told.contains("mail.arrivals: your own site tells"), "{told}");
}

#[test]
fn a_file_that_changes_meanwhile_ends_the_work_with_a_message() {
    let folder = folder(SWEEP);
    let folder = folder.path();
    let mail: String = (0..2_000).map(|n| format!("{},20000\n", n * 3)).collect();
    fs::write(folder.join("mail.csv"), format!("time_s,bytes\n{mail}")).expect("written");
    // Recorded mail has no scale.
    let sweep = SWEEP.replace("  mail.scale: [1, 2]\n", "").replace(", mail.scale: 1", "");
    fs::write(folder.join("s.yaml"), sweep).expect("written");
    let replay = BASE.replace("{ poisson: { rate: 20/min } }", "{ replay: { file: mail.csv } }");
    assert_ne!(replay, BASE);
    fs::write(folder.join("base.yaml"), replay).expect("written");
    let program = assert_cmd::cargo::cargo_bin("mailflow");
    let arguments = ["sweep", "s.yaml", "--vary-assumptions", "200", "--jobs", "1", "--out", "one"];
    let mut command = std::process::Command::new(program);
    let command = command.current_dir(folder).args(arguments).stdout(Stdio::null());
    let mut child = command.stderr(Stdio::piped()).spawn().expect("started");
    // Until the work has begun: then the file is gone.
    let store = folder.join("one/worlds.sqlite");
    while !store.exists() && child.try_wait().expect("a child").is_none() {
        std::thread::sleep(Duration::from_millis(5));
    }
    fs::write(folder.join("mail.csv"), "time_s,bytes\n1,2\n").expect("written");
    let output = child.wait_with_output().expect("ended");
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("has changed meanwhile") && said.contains("is kept"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}
