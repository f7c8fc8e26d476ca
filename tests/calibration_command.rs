//! `mailflow diagnose LOG --scenario FILE [--compare] [--out DIR]` as its users see it.

use assert_cmd::Command;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

fn mailflow(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("mailflow").expect("built");
    command.current_dir(folder).args(arguments);
    command
}

fn said(command: &mut Command, code: i32) -> String {
    let output = command.assert().code(code).get_output().clone();
    String::from_utf8(output.stdout).expect("text")
        + &String::from_utf8(output.stderr).expect("text")
}

/// What must never leave a log.
const PRIVATE: [&str; 8] = [
    "ann.secret",
    "bob.private",
    "hidden-client",
    "patient-records",
    "10.77.66",
    "relay-of-ours",
    "20261105.secret-id",
    "gateway-seven",
];

/// A log of real names: a message every ten seconds, each delivered `delay` seconds later.
fn log(messages: u32, delay: u32) -> String {
    let mut lines = Vec::new();
    for n in 0..messages {
        let stamp = |second: u32| {
            let (h, m, s) = (9 + second / 3600, second / 60 % 60, second % 60);
            format!(
                "2026-11-05T{h:02}:{m:02}:{s:02}.500000+00:00 gateway-seven sendmail[{}]: 5A5{n:011}",
                4000 + n
            )
        };
        let (start, end) = (10 * n, 10 * n + delay);
        lines.push((
            start,
            format!(
                "{}: from=<ann.secret@hidden-client.com>, size={}, class=0, nrcpts=1, \
             msgid=<20261105.secret-id.{n}@patient-records.org>, proto=ESMTP, daemon=MTA, \
             relay=mail.hidden-client.com [10.77.66.5]",
                stamp(start),
                2000 + 17 * n
            ),
        ));
        let (hours, minutes, seconds) = (delay / 3600, delay / 60 % 60, delay % 60);
        lines.push((end, format!(
            "{}: to=<bob.private@patient-records.org>, delay={hours:02}:{minutes:02}:{seconds:02}, \
             xdelay=00:00:01, mailer=esmtp, pri=122000, relay=relay-of-ours.patient-records.org. [10.77.66.9], \
             dsn=2.0.0, stat=Sent (ok)",
            stamp(end)
        )));
    }
    lines.sort();
    lines.into_iter().map(|(_, line)| line + "\n").collect()
}

fn folder(log: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("maillog"), log).expect("written");
    folder
}

#[test]
fn nothing_that_a_log_gives_rise_to_holds_a_name_an_address_or_a_message_id() {
    let folder = folder(&log(400, 1));
    for arrivals in ["replay", "profile"] {
        let made = ["diagnose", "maillog", "-q", "--scenario", "made.yaml", "--arrivals", arrivals];
        said(&mut mailflow(folder.path(), &made), 0);
        let mut files = vec!["made.yaml"];
        if arrivals == "replay" {
            files.push("made.arrivals.csv");
        }
        for file in files {
            let text = fs::read_to_string(folder.path().join(file)).expect(file);
            assert!(text.len() > 1000, "{file}: {text}");
            for private in PRIVATE {
                assert!(!text.contains(private), "{private} in {file}:\n{text}");
            }
            assert!(!text.contains('@'), "an address in {file}:\n{text}");
        }
        said(&mut mailflow(folder.path(), &["check", "made.yaml"]), 0);
        fs::remove_file(folder.path().join("made.yaml")).expect("there");
    }
}

#[test]
fn a_simulated_log_comes_back_as_a_scenario_that_runs_and_gives_its_delays() {
    let folder = tempfile::tempdir().expect("a folder");
    let site = "run: { simulate: 6h, repeats: 2 }\n\
                mail: { arrivals: { poisson: { rate: 30/min } } }\n";
    fs::write(folder.path().join("site.yaml"), site).expect("written");
    said(&mut mailflow(folder.path(), &["run", "site.yaml", "-q", "--log", "log"]), 0);
    let page = fs::read_to_string(folder.path().join("log/diagnosis.html")).expect("a page");
    assert!(page.contains("<svg") && page.contains("proofpoint.queue_runners"));
    let mut again = vec!["diagnose", "log/maillog", "--scenario", "again.yaml", "--compare"];
    again.extend(["--repeats", "5", "--out", "told"]);
    let text = said(&mut mailflow(folder.path(), &again), 0);
    assert!(text.contains("Backcast: ") && text.contains("It holds."), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    for file in ["again.yaml", "again.arrivals.csv", "told/diagnosis.html", "told/charts/delay.svg"]
    {
        assert!(text.contains(file) && folder.path().join(file).exists(), "{file}: {text}");
    }
    let page = fs::read_to_string(folder.path().join("told/diagnosis.html")).expect("a page");
    assert!(page.contains("id=\"backcast\""), "no comparison on the page");
    said(&mut mailflow(folder.path(), &["run", "again.yaml", "-q", "--repeats", "2"]), 0);
    let json = [
        "diagnose",
        "log/maillog",
        "--scenario",
        "again.yaml",
        "--compare",
        "--repeats",
        "2",
        "-q",
    ];
    let mut command = mailflow(folder.path(), &json);
    let output = command.args(["--format", "json"]).assert().code(0).get_output().stdout.clone();
    let value: serde_json::Value = serde_json::from_slice(&output).expect("JSON");
    assert_eq!(value["backcast"]["holds"], true);
    assert!(value["backcast"]["metrics"]["delay.p90"]["error"].is_number(), "{value}");
}

#[test]
fn advice_is_refused_when_the_simulation_does_not_give_back_the_delays() {
    // Two hours for each message, and nothing in the log that would explain it.
    let folder = folder(&log(300, 7200));
    let compare = ["diagnose", "maillog", "--scenario", "made.yaml", "--compare", "--repeats", "2"];
    let text = said(&mut mailflow(folder.path(), &compare), 1);
    assert!(text.contains("It does not hold.") && text.contains("Take no advice"), "{text}");
}

#[test]
fn what_cannot_be_made_a_scenario_is_said() {
    let folder = folder(&log(50, 1));
    let run = |arguments: &[&str], code: i32| {
        said(&mut mailflow(folder.path(), &[&["diagnose", "maillog"], arguments].concat()), code)
    };
    assert!(run(&["--scenario", "made.txt"], 2).contains("ends in .yaml"));
    assert!(run(&["--scenario", "maillog/made.yaml"], 3).contains("could not write"));
    assert!(run(&["--compare"], 2).contains("--scenario"));
    let starts = "Nov  5 09:00:00 gateway-seven sendmail[9]: starting daemon (8.17.1): SMTP+queueing@00:30:00\n";
    fs::write(folder.path().join("maillog"), starts).expect("written");
    assert!(run(&["--scenario", "made.yaml"], 2).contains("no message with a time of arrival"));
}
