//! The log that `run --log` writes: does it look like Sendmail's, and does it tell what happened?
//!
//! `tests/maillog/recorded.maillog` holds one line of each kind as a real Sendmail 8.17.1 wrote it in the
//! laboratory (see `tests/laboratory/README.md`).

use assert_cmd::Command;
use mailflow::experiment::{ReplicationSettings, replicate_observed};
use mailflow::maillog::write::{Date, LogForm, LogStyle, MailLog, Stamps};
use mailflow::measure::RunRecord;
use mailflow::scenario::{self, Scenario};
use mailflow::units::Span;
use std::collections::BTreeSet;
use std::fs;

fn load(text: &str) -> Scenario {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("site.yaml");
    fs::write(&file, text).expect("written");
    scenario::load(&file, &[]).expect("a scenario")
}

/// maillog, smtp.log and what the recorder counted.
fn logged(text: &str, style: LogStyle) -> (String, String, RunRecord) {
    let scenario = load(text);
    let form = LogForm {
        style,
        stamps: Stamps::Rfc3164,
        start: Date::of_week(Span::ZERO),
        starts_at: Span::ZERO,
    };
    let (mut mail, mut smtp) = (Vec::new(), Vec::new());
    let mut log = MailLog::new(&scenario.params, form, &mut mail, &mut smtp);
    let settings = ReplicationSettings::from(&scenario.run);
    let record = replicate_observed(&scenario.params, &settings, 0, &mut log);
    let (mail_written, smtp_written) = log.finish();
    mail_written.and(smtp_written).expect("memory is never full");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (text(mail), text(smtp), record)
}

/// A site on which a backlog meets a receiver that ends connections after two minutes.
fn site(proofpoint: &str, exchange_online: &str) -> String {
    format!(
        "run: {{ simulate: 2h, drain: off }}\n\
         mail: {{ arrivals: {{ poisson: {{ rate: 60/min }} }}, backlog: 1000 }}\n\
         proofpoint: {{ queue_runners: 2, retry_interval: 10m, hoststat: {{ remember_for: 10m }}{proofpoint} }}\n\
         exchange_online: {{ connection_lifetime: 2m, lifetime_jitter: 0s{exchange_online} }}\n"
    )
}

/// The form of a line: its fields in order, with names, addresses and numbers made alike.
fn form(line: &str) -> String {
    let text = line.split_once("]: ").map(|(_, text)| text).expect("a program and its process");
    let text = text.split_once(": ").map(|(_, text)| text).expect("a queue id");
    let mut form = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let is_word = |c: char| c.is_ascii_alphanumeric() || ".-@_".contains(c);
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let word = &rest[..end];
        match () {
            () if word.contains('@') => form.push_str("ADDRESS"),
            () if word.contains(".example") => form.push_str("HOST"),
            () if end > 0 => word.chars().for_each(|c| match c {
                '0'..='9' if form.ends_with('N') => {}
                '0'..='9' => form.push('N'),
                c => form.push(c),
            }),
            () => form.push(c),
        }
        rest = &rest[end.max(c.len_utf8() * usize::from(end == 0))..];
    }
    form
}

fn forms(log: &str) -> BTreeSet<String> {
    log.lines().map(form).collect()
}

#[test]
fn every_kind_of_line_has_the_form_of_one_that_a_real_sendmail_wrote() {
    let refused = |at: &str, reply: &str| {
        site("", &format!(", deferrals: [ {{ at: {at}, reply: \"{reply}\", chance: 1% }} ]"))
    };
    let sites = [
        site("", ""),
        site("", ", routing: addresses"),
        site("", ", routing: mx_hosts"),
        site(", messages_per_connection: 1", ", max_connections: 1"),
        site(", single_thread_delivery: on", ""),
        refused("data", "421 4.3.2 Service not available, closing transmission channel"),
        refused("dot", "421 4.3.2 Service not available, closing transmission channel"),
        refused("dot", "421 4.3.2 Service not available, closing transmission channel")
            .replace("deferrals:", "routing: addresses, deferrals:"),
        refused("dot", "451 4.7.500 Server busy. Please try again later")
            .replace("retry_interval", "messages_per_connection: 1, retry_interval"),
    ];
    let ours: BTreeSet<String> =
        sites.iter().flat_map(|site| forms(&logged(site, LogStyle::Sendmail).0)).collect();
    let recorded = include_str!("maillog/recorded.maillog");
    let missing: Vec<&str> = recorded.lines().filter(|line| !ours.contains(&form(line))).collect();
    assert!(
        missing.is_empty(),
        "no line of ours has the form of\n{}\nours:\n{}",
        missing.join("\n"),
        ours.into_iter().collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn a_skipped_attempt_is_written_as_in_the_article() {
    let (log, ..) = logged(
        &site(
            "",
            ", routing: addresses, deferrals: [ { at: dot, reply: \"421 4.3.2 bye\", chance: 2% } ]",
        ),
        LogStyle::Article,
    );
    let skipped: Vec<&str> = log.lines().filter(|line| line.ends_with("stat=Deferred")).collect();
    assert!(skipped.len() > 10, "{} skips", skipped.len());
    let article = "N: to=<ADDRESS>, delay=N:N:N, xdelay=N:N:N, mailer=smtp, tls_verify=NONE, \
                   pri=N, relay=[N.N.N.N], dsn=N.N.N, stat=Deferred";
    for line in skipped {
        assert!(line.contains("dsn=4.0.0"), "{line}");
        let form = form(line);
        if form.matches("ADDRESS").count() == 1 {
            assert_eq!(format!("N: {form}"), article);
        }
    }
}

#[test]
fn the_log_tells_as_many_attempts_of_each_kind_as_the_recorder_counts() {
    for style in [LogStyle::Article, LogStyle::Sendmail] {
        let (log, smtp, record) = logged(&site("", ""), style);
        let counts = &record.counts;
        let lines = |what: &[&str]| {
            log.lines().filter(|line| what.iter().all(|part| line.contains(part))).count() as u64
        };
        assert_eq!(lines(&[": from=<"]), counts.arrived);
        assert_eq!(lines(&["stat=Sent"]), counts.delivered);
        let deferred = lines(&["stat=Deferred"]);
        let reached = lines(&["stat=Deferred", ". [203.0.113."]);
        assert_eq!((deferred - reached, reached), (counts.tries_skipped, counts.tries_failed));
        assert!(counts.tries_skipped > 100 && reached > 0, "{counts:?}");
        let tries = smtp.lines().filter(|line| line.contains(": ntries=")).count() as u64;
        assert_eq!(tries, deferred + counts.delivered);
    }
}

#[test]
fn the_smtp_log_shows_a_message_that_is_retried_only_long_after_the_retry_interval() {
    let text = site("", "").replace("retry_interval: 10m", "retry_interval: 1m");
    let (_, smtp, _) = logged(&text, LogStyle::Article);
    let late = |line: &&str| {
        let since = line.split("since_last=").nth(1).and_then(|rest| rest.get(..8));
        // A pass that meets the mark skips at once; one that waits behind others comes late.
        since.is_some_and(|since| since >= "00:02:00") && line.contains("ntries=")
    };
    assert!(smtp.lines().any(|line| late(&line)), "no second sign");
    assert!(smtp.lines().any(|line| line.contains("reason=connection reset by peer")));
}

#[test]
fn old_mail_is_told_of_as_sendmail_does() {
    let text = "run: { simulate: 9h, drain: off }\n\
                mail: { arrivals: none, backlog: 3 }\n\
                proofpoint: { retry_interval: 1h, warn_after: 4h, give_up_after: 6h }\n\
                exchange_online: { outages: [ { front_end: 1, from: 0s, until: 9h, behaviour: refuse }, \
                { front_end: 2, from: 0s, until: 9h, behaviour: refuse }, \
                { front_end: 3, from: 0s, until: 9h, behaviour: refuse } ] }\n";
    let (log, _, record) = logged(text, LogStyle::Sendmail);
    let count = |what: &str| log.lines().filter(|line| line.ends_with(what)).count();
    assert_eq!(record.counts.bounced, 3);
    assert_eq!(count(": sender notify: Warning: could not send message for past 4 hours"), 3);
    assert_eq!(count(": DSN: Cannot send message for 6 hours"), 3);
    let refused =
        "stat=Deferred: Connection refused by tenant-example.mail.protection.example.net.";
    assert!(log.contains(&format!(". [203.0.113.1], dsn=4.4.1, {refused}")) || count(refused) > 3);
}

#[test]
fn names_are_invented_and_addresses_are_those_for_documentation() {
    let text = site("", ", routing: mx_hosts")
        + "destinations: [ { name: \"My_Bank.Ltd\", share: 20%, receiver: { front_ends: 64, routing: addresses } } ]\n";
    let (log, smtp, _) = logged(&text, LogStyle::Sendmail);
    for line in log.lines().chain(smtp.lines()) {
        let words = line.split(|c: char| !(c.is_ascii_alphanumeric() || ".-".contains(c)));
        for word in words {
            let word = word.trim_end_matches('.');
            let address = word.split('.').count() == 4
                && word.split('.').all(|part| part.parse::<u8>().is_ok());
            let documented = ["192.0.2.", "198.51.100.", "203.0.113."];
            assert!(!address || documented.iter().any(|net| word.starts_with(net)), "{line}");
        }
        // The daemon's start has an interval after its @.
        let daemon = line.contains(": starting daemon (");
        let after_at = line.split('@').skip(1).take(if daemon { 0 } else { usize::MAX });
        for domain in after_at.map(|rest| rest.split('>').next().unwrap_or_default()) {
            assert!(domain.ends_with(".example"), "{line}");
        }
    }
}

#[test]
fn the_same_scenario_and_seed_leave_the_same_bytes() {
    let text = site("", ", routing: mx_hosts");
    let once = logged(&text, LogStyle::Sendmail);
    let again = logged(&text, LogStyle::Sendmail);
    assert!(once.0 == again.0 && once.1 == again.1);
    let other = logged(&text.replace("simulate: 2h", "seed: 43, simulate: 2h"), LogStyle::Sendmail);
    assert!(once.0 != other.0);
}

#[test]
fn run_leaves_one_folder_of_logs_for_each_file_and_names_them() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["one", "two"] {
        let text = "run: { simulate: 1h, starts: Fri 09:00, repeats: 2 }\n\
                    mail: { arrivals: { poisson: { rate: 5/min } } }\n";
        fs::write(folder.path().join(format!("{name}.yaml")), text).expect("written");
    }
    let run = |arguments: &[&str], code: i32| {
        let mut command = Command::cargo_bin("mailflow").expect("built");
        let assert = command.current_dir(folder.path()).arg("run").args(arguments).assert();
        let output = assert.code(code).get_output().clone();
        String::from_utf8(output.stdout).expect("text")
            + &String::from_utf8(output.stderr).expect("text")
    };
    let said = run(&["one.yaml", "two.yaml", "--log", "logs"], 0);
    assert!(said.contains("logs/one/maillog") && said.contains("logs/two/smtp.log"), "{said}");
    let log = fs::read_to_string(folder.path().join("logs/one/maillog")).expect("a log");
    assert!(log.starts_with("2026-01-09T09:0"), "the Friday of the week of 2026-01-05: {log:.40}");
    let dated = ["one.yaml", "--log", "log", "--log-stamps", "rfc3164", "--start-date"];
    run(&[&dated[..], &["2027-03-05"]].concat(), 0);
    let log = fs::read_to_string(folder.path().join("log/maillog")).expect("a log");
    assert!(log.starts_with("Mar  5 09:0"), "{log:.40}");
    // What is stored is not simulated again, and leaves the same log.
    run(&[&dated[..], &["2027-03-05"]].concat(), 0);
    assert_eq!(log, fs::read_to_string(folder.path().join("log/maillog")).expect("a log"));
    let said = run(&[&dated[..], &["2027-03-06"]].concat(), 2);
    assert!(said.contains("2027-03-06 is a Saturday, but one.yaml starts on a Friday"), "{said}");
    assert!(run(&[&dated[..], &["05.03.2027"]].concat(), 2).contains("write it as 2026-01-05"));
    assert!(run(&["one.yaml", "--start-date", "2027-03-05"], 2).contains("--log"));
    fs::write(folder.path().join("file"), "").expect("written");
    assert!(run(&["one.yaml", "--log", "file/logs"], 3).contains("could not write file/logs"));
}
