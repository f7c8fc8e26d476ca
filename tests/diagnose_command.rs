//! `mailflow diagnose` as its users see it.

use assert_cmd::Command;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn case(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/maillog/cases").join(format!("{name}.gz"))
}

fn run(arguments: &[&str], stdin: &[u8], code: i32) -> (String, String) {
    let mut command = Command::cargo_bin("mailflow").expect("built");
    let assert = command.args(arguments).write_stdin(stdin).assert().code(code);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    (text(&assert.get_output().stdout), text(&assert.get_output().stderr))
}

fn path(of: &Path) -> &str {
    of.to_str().expect("a path")
}

#[test]
fn the_page_begins_with_the_verdict_and_fits_eighty_columns() {
    for name in ["a30_Q-1", "e_P-1", "maxconn_P-1"] {
        let (page, errors) = run(&["diagnose", path(&case(name))], b"", 0);
        assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
        assert!(page.find("What delayed the mail") < page.find("How late mail was"), "{page}");
        assert_eq!(errors, "");
    }
    let (page, _) = run(&["diagnose", path(&case("a30_Q-1"))], b"", 0);
    for text in
        ["HostStat is holding mail for", "4,088 skipped", "5 resets", "Disable the HostStat", "x@"]
    {
        assert_eq!(
            page.replace('\n', " ").replace("     ", " ").contains(text),
            text != "x@",
            "{text}: {page}"
        );
    }
}

#[test]
fn standard_input_and_several_files_are_read() {
    let (page, _) =
        run(&["diagnose", "-", "--format", "csv"], &fs::read(case("a30_Q-1")).expect("a log"), 0);
    assert!(page.contains("metric,messages.delivered,688,,,1,false,"), "{page}");
    let (q, p) = (case("a30_Q-1"), case("a30_P-1"));
    let (both, _) = run(&["diagnose", path(&p), path(&q), "--format", "csv"], b"", 0);
    assert!(both.contains("metric,messages.delivered,1670,,,1,false,"), "{both}");
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_once_and_whole() {
    let log = fs::read(case("a30_Q-1")).expect("a log");
    let (page, _) = run(&["diagnose", "/dev/stdin", "--format", "csv"], &log, 0);
    assert!(page.contains("metric,messages.delivered,688,,,1,false,"), "{page}");
}

#[test]
fn json_has_the_metrics_under_the_names_of_results() {
    let (text, _) = run(&["diagnose", path(&case("a30_P-1")), "--format", "json"], b"", 0);
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(value["metrics"]["messages.delivered"]["point"], 982.0);
    assert_eq!(value["metrics"]["tries.skipped"]["point"], 1381.0);
    assert_eq!(value["metrics"]["connections.cut"]["point"], 5.0);
    assert_eq!(value["settings"]["proofpoint.hoststat.remember_for"]["value"], 30.0);
    assert_eq!(value["settings"]["proofpoint.hoststat.enabled"]["sure"], "shown");
    assert_eq!(value["findings"][0]["kind"], "host_status");
    assert!(
        value["relays"][0]["avoided"]["longest"].as_array().is_some_and(|spans| spans.len() == 5),
        "{text}"
    );
}

#[test]
fn nothing_that_is_printed_holds_an_address_or_a_message_id() {
    let log = "Nov 22 05:00:00 mx sendmail[10]: 6AM50000000010: from=<ann@corp.example>, size=900, nrcpts=1, \
               msgid=<SECRET-1@corp.example>, relay=ann@localhost\n\
               Nov 22 05:00:01 mx sendmail[11]: 6AM50000000010: to=<bob@corp.example>, delay=00:00:01, \
               xdelay=00:00:01, mailer=esmtp, pri=1, relay=h.example. [192.0.2.1], dsn=4.2.1, reply=450 4.2.1 \
               <bob@corp.example>: mailbox of bob@corp.example busy, stat=Deferred: 450 4.2.1 <bob@corp.example>\n\
               Nov 22 05:00:02 mx sendmail[11]: 6AM50000000010: to=<bob@corp.example>, delay=00:00:02, \
               xdelay=00:00:01, mailer=esmtp, pri=1, relay=bob@corp.example [192.0.2.1], dsn=2.0.0, \
               stat=Sent (<SECRET-1@corp.example> Queued mail)\n\
               from=<ann@corp.example>, size=1 Subject: SECRET-2\n";
    for form in ["table", "json", "csv", "md"] {
        let (text, errors) =
            run(&["diagnose", "-", "--format", form, "--color", "never"], log.as_bytes(), 0);
        for secret in ["SECRET", "ann@", "bob@", "@corp"] {
            assert!(!text.contains(secret) && !errors.contains(secret), "{form}: {text}{errors}");
        }
    }
}

#[test]
fn what_is_no_log_is_refused_with_one_clear_message() {
    let folder = TempDir::new().expect("a folder");
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("written");
        path
    };
    let packed = fs::read(case("e_P-1")).expect("a log");
    for (file, wanted) in [
        (write("empty.log", b""), "the log is empty"),
        (write("blank.log", b"\n\n \n"), "the log is empty"),
        (
            write("other.log", b"Nov 22 05:00:00 mx kernel: oops\n"),
            "no line of Sendmail among 1 lines (1 of other programs",
        ),
        (write("binary.log", &[0, 159, 146, 150, 10, 0, 1]), "this is no text"),
        (write("half.gz", &packed[..packed.len() / 2]), "packed with gzip and damaged"),
        (write("broken.gz", &[0x1f, 0x8b, 1, 2, 3]), "packed with gzip and damaged"),
        (folder.path().to_owned(), "is a folder"),
    ] {
        let (out, errors) = run(&["diagnose", path(&file)], b"", 2);
        assert!(errors.contains(wanted) && errors.contains("mailflow: "), "{wanted}: {errors}");
        assert_eq!((out.as_str(), errors.trim_end().lines().count()), ("", 1), "{errors}");
    }
    let (_, errors) = run(&["diagnose", path(&folder.path().join("none.log"))], b"", 3);
    assert!(errors.contains("could not read") && errors.contains("none.log"), "{errors}");
    let (_, errors) = run(&["diagnose", "-"], b"", 2);
    assert!(errors.contains("standard input: the log is empty"), "{errors}");
    let (_, errors) = run(&["diagnose", path(&case("e_P-1")), "--split-at", "noon"], b"", 2);
    assert!(errors.contains("--split-at `noon` is no time"), "{errors}");
}

/// A log of `days` days, ten messages a day, each delivered `delay(day)` seconds after it came.
fn log_of(days: u32, delay: impl Fn(u32) -> u32) -> Vec<u8> {
    let mut text = Vec::new();
    for day in 1..=days {
        for message in 0..10 {
            let id = format!("A{day:05}{message:05}");
            let stamp = |second: u32| {
                format!("2026-11-{day:02}T09:{message:02}:{second:02}Z mx sendmail[7]: {id}")
            };
            let seconds = delay(day);
            writeln!(text, "{}: from=<a@b>, size=9, nrcpts=1, relay=x [192.0.2.9]", stamp(0))
                .expect("memory");
            writeln!(
                text,
                "{}: to=<c@d>, delay=00:00:{seconds:02}, xdelay=00:00:01, mailer=esmtp, relay=h. [192.0.2.1], dsn=2.0.0, \
                 stat=Sent (ok)",
                stamp(seconds)
            )
            .expect("memory");
        }
    }
    text
}

#[test]
fn a_log_is_split_at_a_time_and_two_logs_are_compared() {
    let folder = TempDir::new().expect("a folder");
    let file = |name: &str, text: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("written");
        path
    };
    let whole =
        file("whole.log", &log_of(20, |day| if day <= 10 { 40 + day % 3 } else { 5 + day % 3 }));
    let (page, _) = run(&["diagnose", path(&whole), "--split-at", "2026-11-11"], b"", 0);
    assert!(page.contains("10 days of A and 10 of B") && page.contains("B is better"), "{page}");
    assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
    let better = page.find("B is better").expect("better");
    assert!(page[better..].contains("delay.mean"), "{page}");
    let (slow, fast) = (
        file("slow.log", &log_of(9, |day| 40 + day % 3)),
        file("fast.log", &log_of(9, |day| 5 + day % 3)),
    );
    let (text, _) = run(&["compare", path(&slow), path(&fast), "--format", "json"], b"", 0);
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(value["verdicts"]["delay.p50"], "B better", "{text}");
    let single = file("single.log", &log_of(1, |_| 7));
    let (page, _) = run(&["compare", path(&single), path(&fast)], b"", 0);
    assert!(page.contains("single day: there is no interval"), "{page}");
    let (_, errors) = run(&["compare", path(&slow), "scenarios/documented-problem.yaml"], b"", 2);
    assert!(errors.contains("one is a log and the other is not"), "{errors}");
    let (_, errors) = run(&["compare", path(&slow), path(&fast), "--seed", "3"], b"", 2);
    assert!(errors.contains("have no meaning for logs"), "{errors}");
}

#[test]
fn output_of_hoststat_is_read_beside_a_log() {
    let folder = TempDir::new().expect("a folder");
    let table = folder.path().join("hoststat.txt");
    let text = "-------------- Hostname --------------- How long ago ---------Results---------\n\
                tenant-example-com.mail.protection.exam     00:07:41 Deferred: Connection rese\n\
                mx.example.net                              00:00:03 OK\n";
    fs::write(&table, text).expect("written");
    let (page, _) = run(&["diagnose", path(&table), path(&case("e_P-1"))], b"", 0);
    assert!(page.contains("2 hosts, 1 of them bad") && page.contains("7m 41s"), "{page}");
    assert!(page.contains("Nothing in this log held mail back"), "{page}");
}
