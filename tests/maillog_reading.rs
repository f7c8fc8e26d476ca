//! Does reading a log tell what is known of the system that wrote it?
//!
//! The logs are of a real Sendmail 8.17.1 in a laboratory; what is known of each case stands in its `setup.json`, with
//! simulated times: one second of the log is a minute there. What a log tells must be that, exactly; what it cannot tell
//! must be undetermined or hold the truth within its bounds. Nothing here has a tolerance but Sendmail's clock, which
//! counts whole seconds.

use mailflow::maillog::{
    Cap, CutKind, Delivery, Diagnosis, FindingKind, Inferred, Options, QueueRuns, Reader, Source,
    Sure,
};
use mailflow::units::Span;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path, options: Options) -> Diagnosis {
    let source = Source::new(path).expect("a log");
    let mut reader = Reader::new(options);
    source.read(&mut reader, &mut |_| {}, &mut || true).expect("read");
    reader.finish()
}

fn case_log(case: &str) -> PathBuf {
    root().join("tests/maillog/cases").join(format!("{case}.gz"))
}

fn excerpt(name: &str) -> Diagnosis {
    read(&root().join("tests/maillog/excerpts").join(format!("{name}.gz")), Options::default())
}

/// What the laboratory knows of a case.
struct Truth(serde_json::Value);

impl Truth {
    fn of(case: &str) -> Truth {
        let path = root().join("tests/laboratory").join(case).join("setup.json");
        let text = std::fs::read_to_string(&path).expect("setup.json");
        Truth(serde_json::from_str(&text).expect("JSON"))
    }

    fn observed(&self, name: &str) -> u64 {
        self.0["observed"][name].as_u64().expect(name)
    }

    /// A setting in seconds of the log.
    fn seconds(&self, pointer: &str) -> Option<Span> {
        self.0
            .pointer(pointer)
            .and_then(serde_json::Value::as_f64)
            .map(|time| Span::from_seconds(time / 60.0))
    }
}

const CASES: [&str; 8] = [
    "a30_P-1",
    "a30_Q-1",
    "a30lit_Q-1",
    "a30mxn_Q-1",
    "bg_reset_on-1",
    "e_P-1",
    "h_421data_on_P-1",
    "maxconn_P-1",
];
/// With several hosts the message that loses its connection goes to the next one, and no line tells of it.
const SEVERAL_HOSTS: [&str; 2] = ["a30lit_Q-1", "a30mxn_Q-1"];

/// The truth is the value, or lies within the bounds, or nothing is claimed; says whether the log told it.
fn agrees<T: PartialOrd + std::fmt::Debug>(what: &str, told: &Inferred<T>, truth: &T) -> bool {
    if let Some(value) = &told.value {
        assert_eq!(value, truth, "{what}: {told:?}");
    }
    assert!(
        told.low.as_ref().is_none_or(|low| low <= truth),
        "{what}: {truth:?} is below {told:?}"
    );
    assert!(
        told.high.as_ref().is_none_or(|high| truth <= high),
        "{what}: {truth:?} is above {told:?}"
    );
    assert!(!told.why.is_empty(), "{what}");
    assert_eq!(told.value.is_none(), told.sure >= Sure::Bounded, "{what}: {told:?}");
    told.value.is_some()
}

#[test]
fn what_is_counted_in_the_logs_is_what_the_laboratory_counted() {
    for case in CASES {
        let (told, truth) = (read(&case_log(case), Options::default()), Truth::of(case));
        let counts = &told.mail.counts;
        let known = |name| truth.observed(name);
        assert_eq!(counts.arrived, known("injected"), "{case}");
        assert_eq!(counts.delivered, known("delivered"), "{case}");
        assert_eq!(counts.queued, known("still_queued"), "{case}");
        assert_eq!(counts.skipped, known("skipped_attempts"), "{case}");
        assert_eq!(counts.failed, known("failed_attempts"), "{case}");
        assert_eq!(counts.tries, counts.delivered + counts.skipped + counts.failed, "{case}");
        if SEVERAL_HOSTS.contains(&case) {
            assert_eq!(counts.cut, 0, "{case}");
            assert!(
                told.cannot_tell.iter().any(|text| text.starts_with("connections cut")),
                "{case}"
            );
        } else {
            assert_eq!(counts.cut, known("lifetime_cuts"), "{case}");
        }
        let coverage = &told.coverage;
        assert_eq!((coverage.damaged, coverage.others, coverage.forgotten), (0, 0, 0), "{case}");
    }
}

#[test]
fn delays_are_those_of_the_laboratory() {
    for case in CASES {
        let (told, truth) = (read(&case_log(case), Options::default()), Truth::of(case));
        let metrics = mailflow::experiment::logs::metrics(&told.mail);
        for (name, key) in [
            ("delay.mean", "mean"),
            ("delay.p50", "p50"),
            ("delay.p90", "p90"),
            ("delay.p99", "p99"),
        ] {
            let known = truth.0["observed"]["delay_s"][key].as_f64().expect(key) / 60.0;
            let (_, found) = metrics.find(name).expect(name);
            let found = found.point.expect(name);
            // The client's clock starts when it begins to send and Sendmail's when it has the message; a message still
            // queued counts until the last line here, and until the laboratory's end there.
            assert!((found - known).abs() <= 1.0, "{case} {name}: {found} against {known}");
        }
    }
}

#[test]
fn settings_that_the_logs_tell_are_those_of_the_laboratory() {
    let mut told_of: Vec<String> = Vec::new();
    for case in CASES {
        let (told, truth) = (read(&case_log(case), Options::default()), Truth::of(case));
        let settings = &told.settings;
        let mut note = |what: &str, known: bool| {
            if known {
                told_of.push(format!("{case} {what}"));
            }
        };
        let sender = &truth.0["sender"];
        let runs = match sender["run"].as_str() {
            Some("periodic") => QueueRuns::Periodic,
            _ => QueueRuns::Persistent,
        };
        let delivery = match sender["delivery_mode"].as_str() {
            Some("background") => Delivery::Immediate,
            _ => Delivery::QueueOnly,
        };
        assert_eq!(settings.queue_runs.value, Some(runs), "{case}");
        assert_eq!(settings.delivery.value, Some(delivery), "{case}");
        let interval = match runs {
            QueueRuns::Periodic => truth.seconds("/sender/interval_s"),
            QueueRuns::Persistent => truth.seconds("/sender/min_queue_age_s"),
        };
        note("interval", agrees(case, &settings.retry_interval, &interval.expect("an interval")));
        let runners = sender["runners"].as_u64().expect("runners") as u32;
        note("runners", agrees(case, &settings.queue_runners, &runners));
        let on = sender["host_status"]["enabled"].as_bool().expect("on or off");
        note("HostStat", agrees(case, &settings.hoststat, &on));
        let lifetime = truth.seconds("/sender/host_status/lifetime_s").expect("a lifetime");
        note("remember_for", agrees(case, &settings.remember_for, &lifetime));
        let single = sender["single_thread_delivery"].as_bool().expect("on or off");
        note("single", agrees(case, &settings.single_thread_delivery, &single));
        let cap = sender["max_messages_per_connection"].as_u64();
        let cap = cap.map_or(Cap::Unlimited, |cap| Cap::Limit(cap as u32));
        if let Some(value) = settings.messages_per_connection.value {
            assert_eq!(value, cap, "{case}");
            note("cap", true);
        }
        if let Some(age) = settings.connection_lifetime.value {
            assert_eq!(Some(age), truth.seconds("/receiver/connection_lifetime_s"), "{case}");
            note("lifetime", true);
        }
        if let Some(cut) = settings.cut.value {
            assert_eq!(
                (cut, truth.0["receiver"]["cut"].as_str()),
                (CutKind::Reset, Some("reset")),
                "{case}"
            );
            note("cut", true);
        }
        assert_eq!(settings.agents.value, Some(1), "{case}");
    }
    the_logs_told(&told_of);
}

/// Which settings the logs told: a change that makes a log tell less must show.
fn the_logs_told(told_of: &[String]) {
    let wanted = [
        "a30_P-1: interval runners HostStat remember_for cap lifetime cut",
        "a30_Q-1: interval runners HostStat cap lifetime cut",
        "a30lit_Q-1: interval runners cap",
        "a30mxn_Q-1: interval runners cap",
        "bg_reset_on-1: interval runners HostStat remember_for single",
        "e_P-1: runners single",
        "h_421data_on_P-1: interval runners HostStat remember_for",
        "maxconn_P-1: interval runners HostStat single",
    ];
    let told = CASES.map(|case| {
        let of = told_of.iter().filter_map(|line| line.strip_prefix(case)).collect::<String>();
        format!("{case}:{of}")
    });
    assert_eq!(told, wanted);
}

#[test]
fn the_time_for_a_message_is_that_of_the_laboratory() {
    for case in CASES.iter().filter(|case| **case != "bg_reset_on-1") {
        let (told, truth) = (read(&case_log(case), Options::default()), Truth::of(case));
        let known = truth.seconds("/receiver/message_time_mean_s").expect("a time").seconds();
        let found = told.settings.message_time.value.expect("a time").seconds();
        println!("{case}: {found:.4} s against {known:.4} s");
        // The recording takes the mean over whole connections, the log over pairs of messages.
        assert!((found / known - 1.0).abs() < 0.05, "{case}: {found} against {known}");
    }
}

#[test]
fn excerpts_tell_what_they_hold() {
    use FindingKind::*;
    /// Log; delivered, skipped, failed, cut; HostStat, SingleThreadDelivery; first finding.
    type Row = (&'static str, u64, u64, u64, u64, Option<bool>, Option<bool>, FindingKind);
    let table: [Row; 13] = [
        ("421_at_data_literal_ips_like_article", 30, 80, 2, 0, Some(true), None, HostStatus),
        ("421_at_data_stat_Deferred", 15, 64, 1, 0, Some(true), None, HostStatus),
        ("451_last_on_connection_marks_host", 25, 85, 1, 0, Some(true), None, HostStatus),
        ("a30_P_default_persistent_reset", 24, 239, 1, 1, Some(true), None, HostStatus),
        ("a30_Q_default_reset", 24, 223, 1, 1, Some(true), None, HostStatus),
        ("a30mxn_P_failover_to_next_mx", 79, 0, 1, 1, None, None, Cuts),
        (
            "bg_421_on_immediate_delivery_hoststat_on",
            34,
            166,
            1,
            0,
            Some(true),
            Some(false),
            HostStatus,
        ),
        ("c_P_hoststat_off_reset", 58, 137, 1, 1, Some(false), None, RunGivenUp),
        ("dead_front_end_banner421_one_MX_name", 0, 99, 1, 0, Some(true), None, HostStatus),
        ("f_Q_all_fixes", 93, 0, 0, 0, None, Some(false), Healthy),
        ("h_421data_on_P", 17, 117, 1, 0, Some(true), None, HostStatus),
        ("j4_cap0_backlog_4_runners_reset", 50, 296, 4, 4, None, Some(false), RunGivenUp),
        ("single_thread_delivery", 21, 57, 0, 0, Some(true), Some(true), SingleThread),
    ];
    for (name, delivered, skipped, failed, cut, hoststat, single, first) in table {
        let told = excerpt(name);
        let counts = &told.mail.counts;
        let found = (counts.delivered, counts.skipped, counts.failed, counts.cut);
        assert_eq!(found, (delivered, skipped, failed, cut), "{name}");
        assert_eq!(told.settings.hoststat.value, hoststat, "{name}: {:?}", told.settings.hoststat);
        assert_eq!(told.settings.single_thread_delivery.value, single, "{name}");
        assert_eq!(told.findings[0].kind, first, "{name}: {:#?}", told.findings);
    }
}

fn lines(text: &str) -> Diagnosis {
    let mut reader = Reader::new(Options { arrivals: true, ..Options::default() });
    text.lines().for_each(|line| reader.line(line.trim().as_bytes()));
    reader.finish()
}

const SENT: &str =
    "xdelay=00:00:01, mailer=esmtp, pri=1, relay=h.example. [192.0.2.1], dsn=2.0.0, stat=Sent (ok)";

#[test]
fn mail_that_goes_through_a_filter_on_the_same_machine_counts_once() {
    let told = lines(&format!(
        "Nov 22 05:00:00 mx sendmail[10]: 6AM50000000010: from=<a@b>, size=900, nrcpts=1, msgid=<m@x>, relay=s [192.0.2.9]
         Nov 22 05:00:02 mx sm-out[20]: 6AM50002000020: from=<a@b>, size=990, nrcpts=1, msgid=<m@x>, relay=localhost [127.0.0.1]
         Nov 22 05:00:02 mx sendmail[11]: 6AM50000000010: to=<c@d>, delay=00:00:02, xdelay=00:00:02, mailer=esmtp, pri=1, \
         relay=[127.0.0.1] [127.0.0.1], dsn=2.0.0, stat=Sent (6AM50002000020 Message accepted for delivery)
         Nov 22 05:00:09 mx sm-out[21]: 6AM50002000020: to=<c@d>, delay=00:00:07, {SENT}"
    ));
    let counts = &told.mail.counts;
    assert_eq!(
        (counts.arrived, counts.delivered, counts.hops, counts.tries),
        (1, 1, 1, 1),
        "{counts:?}"
    );
    let arrivals = told.arrivals.expect("asked for");
    assert_eq!(arrivals.len(), 1);
    assert_eq!(
        arrivals[0].fate,
        mailflow::maillog::Fate::Delivered(Span::from_secs(9)),
        "from its first arrival on"
    );
}

#[test]
fn two_messages_with_one_id_that_both_leave_are_two() {
    let told = lines(&format!(
        "Nov 22 05:00:00 mx sendmail[10]: 6AM50000000010: from=<a@b>, size=900, nrcpts=1, msgid=<m@x>, relay=s [127.0.0.1]
         Nov 22 05:00:02 mx sendmail[10]: 6AM50002000010: from=<a@b>, size=900, nrcpts=1, msgid=<m@x>, relay=s [127.0.0.1]
         Nov 22 05:00:03 mx sendmail[11]: 6AM50000000010: to=<c@d>, delay=00:00:03, {SENT}
         Nov 22 05:00:09 mx sendmail[11]: 6AM50002000010: to=<c@d>, delay=00:00:07, {SENT}"
    ));
    let counts = &told.mail.counts;
    assert_eq!((counts.arrived, counts.delivered, counts.hops), (2, 2, 0));
    assert_eq!(told.mail.blocks[0].delivered.max(), Some(7_000_000_000), "its own delay");
}

#[test]
fn two_systems_that_were_fed_the_same_mail_at_the_same_time_are_not_taken_for_one() {
    let mut reader = Reader::new(Options::default());
    for case in ["a30_Q-1", "a30_P-1"] {
        let source = Source::new(&case_log(case)).expect("a log");
        source.read(&mut reader, &mut |_| {}, &mut || true).expect("read");
    }
    let counts = reader.finish().mail.counts;
    assert_eq!((counts.arrived, counts.delivered, counts.hops), (982 * 2, 688 + 982, 0));
}

#[test]
fn a_message_is_delivered_once_however_often_it_was_tried() {
    let deferred =
        "xdelay=00:00:00, mailer=esmtp, pri=1, relay=h.example., dsn=4.0.0, stat=Deferred";
    let told = lines(&format!(
        "Nov 22 05:00:00 mx sm-mta[10]: 6AM50000000010: from=<a@b>, size=900, nrcpts=2, relay=s [192.0.2.9]
         Nov 22 05:00:00 mx sm-mta[11]: 6AM50000000010: to=<c@d>,<e@f>, delay=00:00:00, {deferred}
         Nov 22 05:30:00 mx sm-mta[12]: 6AM50000000010: to=<c@d>,<e@f>, delay=00:30:00, {deferred}
         Nov 22 06:00:00 mx sm-mta[13]: 6AM50000000010: to=<c@d>, delay=01:00:00, {SENT}
         Nov 22 06:00:00 mx sm-mta[13]: 6AM50000000010: to=<e@f>, delay=01:00:00, {SENT}"
    ));
    let mail = &told.mail;
    assert_eq!((mail.counts.arrived, mail.counts.delivered, mail.counts.skipped), (1, 1, 2));
    assert_eq!(
        (mail.blocks[0].delivered.count(), mail.blocks[0].delivered.max()),
        (1, Some(3_600_000_000_000))
    );
    assert_eq!(mail.tries.max(), Some(3), "both recipients of one attempt are one");
}

#[test]
fn what_is_still_queued_counts_with_its_age_at_the_end_of_the_log() {
    let told = lines(
        "Nov 22 05:00:00 mx sendmail[10]: 6AM50000000010: from=<a@b>, size=900, nrcpts=1, relay=s [192.0.2.9]
         Nov 22 05:00:00 mx sendmail[10]: 6AM50000000010: to=<c@d>, delay=00:00:00, mailer=esmtp, pri=1, stat=queued
         Nov 22 05:20:00 mx sendmail[10]: STARTTLS=client, relay=h., version=TLSv1.3, verify=OK",
    );
    assert_eq!(told.mail.counts.queued, 1);
    assert_eq!(told.mail.blocks[0].queued.max(), Some(1_200_000_000_000));
}

#[test]
fn a_log_goes_on_over_the_turn_of_the_year_and_with_lines_out_of_order() {
    let told = lines(&format!(
        "Dec 31 23:59:50 mx sendmail[10]: 512NxoF0000010: to=<c@d>, delay=00:00:03, {SENT}
         Dec 31 23:59:47 mx sendmail[10]: 512NxoF0000010: from=<a@b>, size=900, nrcpts=1, relay=s [192.0.2.9]
         Dec 31 23:59:58 mx sendmail[10]: 512NxoG0000010: from=<a@b>, size=900, nrcpts=1, relay=s [192.0.2.9]
         Jan  1 00:00:08 mx sendmail[10]: 512NxoG0000010: to=<c@d>, delay=00:00:10, {SENT}"
    ));
    let counts = &told.mail.counts;
    assert_eq!((counts.arrived, counts.delivered, told.coverage.out_of_order), (2, 2, 1));
    let most: Vec<u64> =
        told.mail.blocks.iter().filter_map(|block| block.delivered.max()).collect();
    assert_eq!(most, [10_000_000_000]);
}

#[test]
fn the_same_log_in_every_form_tells_the_same() {
    let log = case_log("h_421data_on_P-1");
    let mut text = String::new();
    std::io::Read::read_to_string(
        &mut flate2::read::GzDecoder::new(std::fs::File::open(&log).expect("a log")),
        &mut text,
    )
    .expect("text");
    let plain = read(&log, Options::default());
    type Form = fn(&str) -> String;
    let forms: [Form; 3] = [
        |line| line.replacen("Nov 22 ", "2026-11-22T", 1).replacen(" mx-gw", "Z mx-gw", 1),
        |line| {
            let (stamp, rest) = line.split_at(19);
            let (host, rest) = rest.trim_start().split_once(' ').expect("a host");
            let (tag, said) = rest.split_once(": ").expect("a tag");
            let pid = tag.trim_start_matches("sendmail[").trim_end_matches(']');
            format!(
                "<22>1 {}Z {host} sendmail {pid} - - {said}",
                stamp.replacen("Nov 22 ", "2026-11-22T", 1)
            )
        },
        |line| {
            let data =
                line.replacen("Nov 22 ", "2026-11-22T", 1).replacen(" mx-gw", "+00:00 mx-gw", 1);
            serde_json::json!({"data": data, "pps": {"agent": "m1.example.net", "cid": "c"}, "ts": "x"}).to_string()
        },
    ];
    for form in forms {
        let mut reader = Reader::new(Options::default());
        text.lines().for_each(|line| reader.line(form(line).as_bytes()));
        let told = reader.finish();
        assert_eq!(told.coverage.damaged, 0);
        assert_eq!(told.mail.counts, plain.mail.counts);
        assert_eq!(told.settings, plain.settings);
        assert!(told.coverage.years && !plain.coverage.years);
    }
}

#[test]
fn stamps_of_whole_seconds_tell_the_same_counts_and_no_wrong_setting() {
    for case in CASES {
        let mut text = String::new();
        let file = std::fs::File::open(case_log(case)).expect("a log");
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(file), &mut text)
            .expect("text");
        let mut reader = Reader::new(Options::default());
        // Without the daemon's start, too: most logs begin later.
        for line in text.lines().filter(|line| !line.contains("starting daemon")) {
            reader.line(format!("{}{}", &line[..15], &line[19..]).as_bytes());
        }
        let (told, truth) = (reader.finish(), Truth::of(case));
        let counts = &told.mail.counts;
        assert_eq!(
            (counts.delivered, counts.skipped),
            (truth.observed("delivered"), truth.observed("skipped_attempts"))
        );
        let settings = &told.settings;
        let on = truth.0["sender"]["host_status"]["enabled"].as_bool().expect("on or off");
        agrees(case, &settings.hoststat, &on);
        agrees(
            case,
            &settings.remember_for,
            &truth.seconds("/sender/host_status/lifetime_s").expect("a lifetime"),
        );
        let runners = truth.0["sender"]["runners"].as_u64().expect("runners") as u32;
        agrees(case, &settings.queue_runners, &runners);
        let (runs, interval) = match truth.0["sender"]["run"].as_str() {
            Some("periodic") => (QueueRuns::Periodic, "/sender/interval_s"),
            _ => (QueueRuns::Persistent, "/sender/min_queue_age_s"),
        };
        assert!(
            settings.queue_runs.value.is_none_or(|told| told == runs),
            "{case}: {:?}",
            settings.queue_runs
        );
        agrees(case, &settings.retry_interval, &truth.seconds(interval).expect("an interval"));
    }
}

#[test]
fn damaged_lines_are_counted_and_named_and_the_rest_is_read() {
    let told = lines(&format!(
        "5:00:00 mx sendmail[10]: 6AM50000000010: from=<a@b>, size=900
         Nov 22 05:00:00 mx sendmail[10]: 6AM50000000010: from=<a@b>, size=900, nrcpts=1, relay=s [192.0.2.9]
         Nov 22 05:00:01 mx sendmail[11]: 6AM50000000010: to=<c@d>, delay=00:00:01, xdeNov 22 05:00:01 mx sendmail[12]: \
         6AM50000000011: to=<e@f>, delay=00:00:09, {SENT}
         Nov 22 05:00:02 mx sendmail[11]: 6AM50000000010: to=<c@d>, delay=00:00:02, xdelay=00
         {{\"data\": \"Nov 22 05:00
         Nov 22 05:00:03 mx sendmail[11]: 6AM50000000010: to=<c@d>, delay=00:00:03, {SENT}
         Nov 22 05:00:03 mx kernel: oops
         Nov 22 05:00:03 mx postfix/smtp[9]: 4F1A2B3C4D: to=<a@b>, relay=h[192.0.2.1]:25, delay=0.5, dsn=2.0.0, status=sent"
    ));
    let of = &told.coverage;
    assert_eq!((of.damaged, of.others, of.lines), (4, 2, 8), "{of:?}");
    assert!(of.damaged_samples[0].contains(":1 has no time stamp"), "{of:?}");
    assert_eq!((told.mail.counts.arrived, told.mail.counts.delivered), (1, 1));
}
