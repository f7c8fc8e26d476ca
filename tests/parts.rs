//! Parts of a run - destinations and windows - told beside the whole: they add up to it, each counts what is
//! its own, and they are named in results and expectations as METRIC@PART.

use assert_cmd::Command;
use mailflow::experiment::{Plan, ReplicationSettings, Silent, replicate, run};
use mailflow::measure::{Counts, PartRecord, RunRecord};
use mailflow::scenario::{self, Scenario};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// Three destinations, cuts, refusals and marks at each of them, mail that is late, warned of and given up.
const BUSY: &str = "
name: Busy
run: { simulate: 6h, warm_up: 1h, repeats: 3 }
mail: { arrivals: { poisson: { rate: 40/min } }, bursts: [ { at: 2h, messages: 1500, over: 5m } ] }
proofpoint: { queue_runners: 3, retry_interval: 10m, warn_after: 20m, give_up_after: 2h }
exchange_online: { connection_lifetime: 5m, max_connections: 2 }
destinations:
  - name: partner
    share: 30%
    receiver:
      connection_lifetime: 90s
      commit: before_reply
      service_time: { fixed: 6s }
      deferrals: [ { at: dot, reply: \"451 4.7.500 Server busy\", chance: 3% } ]
  - { name: archive, share: 10%, receiver: { routing: mx_hosts, front_ends: 2, max_connections: 1 } }
windows: { early: 1h-3h, late: 3h-6h }
";

fn read(text: &str) -> Scenario {
    scenario::parse("site.yaml", text, Path::new("."), &[])
        .unwrap_or_else(|error| panic!("{error}"))
}

fn one(text: &str) -> RunRecord {
    let scenario = read(text);
    replicate(&scenario.params, &ReplicationSettings::from(&scenario), 0)
}

fn part<'a>(record: &'a RunRecord, name: &str) -> &'a PartRecord {
    record.parts.iter().find(|of| &*of.part.name == name).expect(name)
}

/// What has to add up, by name.
fn sums(counts: &Counts) -> [(&'static str, f64); 17] {
    let n = |value: u64| value as f64;
    [
        ("arrived", n(counts.arrived)),
        ("delivered", n(counts.delivered)),
        ("queued", n(counts.queued)),
        ("bounced", n(counts.bounced)),
        ("warned", n(counts.warned)),
        ("duplicated", n(counts.duplicated)),
        ("tries made", n(counts.tries_made)),
        ("tries skipped", n(counts.tries_skipped)),
        ("tries failed", n(counts.tries_failed)),
        ("opened", n(counts.connections_opened)),
        ("closed", n(counts.connections_closed)),
        ("cut", n(counts.connections_cut)),
        ("reset", n(counts.connections_reset)),
        ("refused", n(counts.connections_refused)),
        ("marks", n(counts.host_marks)),
        ("blocked", counts.host_blocked_seconds),
        ("bytes wasted", counts.bytes_wasted),
    ]
}

fn assert_adds_up(record: &RunRecord, names: &[&str]) {
    let of = |counts: &Counts| sums(counts);
    for (index, (what, whole)) in of(&record.counts).into_iter().enumerate() {
        let each = names.iter().map(|name| of(&part(record, name).counts)[index].1);
        let sum: f64 = each.sum();
        assert!((sum - whole).abs() <= 1e-6 * whole, "{what}: {sum} in {names:?}, {whole} in all");
    }
    let mail = |of: &PartRecord| of.delays.sum_and_count().unwrap_or((0.0, 0.0));
    let parts: f64 = names.iter().map(|name| mail(part(record, name)).0).sum();
    let whole = record.delays.sum_and_count().expect("mail").0;
    assert!((parts - whole).abs() <= 1e-9 * whole, "delays: {parts} and {whole}");
}

#[test]
fn destinations_add_up_to_the_whole() {
    let record = one(BUSY);
    let quiet = ["queued"];
    for (what, value) in sums(&record.counts) {
        assert!(value > 0.0 || quiet.contains(&what), "nothing {what}: this tests nothing");
    }
    let names = ["exchange_online", "partner", "archive"];
    assert_adds_up(&record, &names);
    let queue: f64 = names.iter().map(|name| part(&record, name).counts.queue_mean).sum();
    assert!((queue - record.counts.queue_mean).abs() < 1e-6 * queue);
}

#[test]
fn adjacent_windows_that_cover_the_run_add_up_to_the_whole() {
    let record = one(BUSY);
    assert_adds_up(&record, &["early", "late"]);
    let (early, late) = (&part(&record, "early").counts, &part(&record, "late").counts);
    // By time: two hours and three.
    let mean = |of: fn(&Counts) -> f64| (2.0 * of(early) + 3.0 * of(late)) / 5.0;
    for of in [|c: &Counts| c.queue_mean, |c: &Counts| c.runners_busy] {
        assert!((mean(of) - of(&record.counts)).abs() < 1e-6 * of(&record.counts));
    }
    let most = |of: fn(&Counts) -> u64| of(early).max(of(late));
    assert_eq!(most(|c| c.queue_max), record.counts.queue_max);
    assert_eq!(most(|c| c.connections_open_max), record.counts.connections_open_max);
}

#[test]
fn mail_belongs_to_the_window_it_arrives_in_and_is_followed_to_its_end() {
    let record = one("
        name: A burst and a slow receiver
        run: { simulate: 5h }
        mail: { arrivals: { constant: { rate: 1/h } }, bursts: [ { at: 1h, messages: 600, over: 0s } ] }
        proofpoint: { queue_runners: 1 }
        exchange_online: { service_time: { fixed: 10s }, connection_lifetime: 5d }
        windows: { burst: 50m-61m, after: 61m-150m, night: 4h-5h }
    ");
    let burst = part(&record, "burst");
    assert_eq!((burst.counts.arrived, burst.counts.delivered), (601, 601));
    let latest = burst.delays.max().expect("mail") as f64 / 1e9;
    assert!(
        latest > 6000.0,
        "the last of it waits for all others, long after the window: {latest} s"
    );
    let after = part(&record, "after");
    assert_eq!(after.counts.arrived, 1);
    assert!(after.counts.throughput_peak > 0.05, "what is delivered then came before");
    assert!(after.counts.queue_max > 590, "it waits when the window opens");
    assert_eq!(after.counts.connections_open_max, 1, "opened before, open in the window");
    assert_eq!((after.counts.connections_opened, part(&record, "night").counts.arrived), (0, 1));
}

#[test]
fn what_happens_to_the_connections_and_hosts_of_a_destination_is_its_own() {
    let record = one("
        name: One of two cuts
        run: { simulate: 1h }
        mail: { arrivals: { poisson: { rate: 60/min } }, bursts: [ { at: 10m, messages: 500, over: 0s } ] }
        proofpoint: { hoststat: { remember_for: 2m } }
        exchange_online: { connection_lifetime: 5d }
        destinations: [ { name: partner, share: 50%, receiver: { connection_lifetime: 5s, lifetime_jitter: 0s, routing: mx_hosts } } ]
    ");
    let (first, partner) = (part(&record, "exchange_online"), part(&record, "partner"));
    assert!(partner.counts.connections_cut > 0);
    assert_eq!(partner.counts.connections_cut, record.counts.connections_cut);
    assert_eq!(partner.counts.host_marks, record.counts.host_marks);
    assert_eq!((first.counts.connections_cut, first.counts.host_marks), (0, 0));
    assert!(first.counts.connections_opened > 0 && first.counts.host_blocked_seconds == 0.0);
    let hosts: Vec<&str> = record.timeline.blocked.iter().map(|host| &*host.host).collect();
    assert!(
        !hosts.is_empty() && hosts.iter().all(|host| host.ends_with(" of partner")),
        "{hosts:?}"
    );
}

#[test]
fn parts_change_nothing_of_the_whole_and_do_not_depend_on_the_number_of_jobs() {
    let scenario = read(BUSY);
    let days = |settings: ReplicationSettings, jobs| {
        let plan = Plan { params: &scenario.params, settings, repeats: 3, jobs };
        run(&plan, &Silent).expect("not stopped")
    };
    let with = days(ReplicationSettings::from(&scenario), 1);
    assert_eq!(with, days(ReplicationSettings::from(&scenario), 8));
    for (mut with, without) in with.into_iter().zip(days((&scenario.run).into(), 1)) {
        assert_eq!(with.parts.len(), 5);
        with.parts.clear();
        assert_eq!(with, without);
    }
}

#[test]
fn what_comes_before_the_end_of_the_warm_up_belongs_to_no_part() {
    let record =
        one("name: x\nrun: { simulate: 3h, warm_up: 1h }\nwindows: { gone: 0h-1h, all: 0h-3h }");
    assert_eq!(part(&record, "gone").counts.arrived, 0);
    assert_eq!(part(&record, "gone").counts.connections_opened, 0);
    assert_eq!(
        part(&record, "all").counts,
        Counts { recovery_seconds: None, ..record.counts.clone() }
    );
}

/// A folder with a scenario of these expectations, and one to compare it with.
fn folder(expect: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let mail =
        "run: { simulate: 2h, repeats: 4 }\nmail: { arrivals: { poisson: { rate: 10/min } } }\n";
    let lines: String = expect.iter().map(|line| format!("  - {line}\n")).collect();
    let parts = "destinations: [ { name: partner, share: 20% } ]\nwindows: { before: 0h-1h, after: 1h-2h }\n";
    let expect = if expect.is_empty() { String::new() } else { format!("expect:\n{lines}") };
    let site = format!("name: Site\n{mail}{parts}{expect}");
    fs::write(folder.path().join("site.yaml"), site).expect("written");
    let other = format!("name: Other\n{mail}windows: {{ after: 1h-2h }}\n");
    fs::write(folder.path().join("other.yaml"), other).expect("written");
    folder
}

/// What a command says on stdout and stderr.
fn said(folder: &Path, arguments: &[&str], code: i32) -> (String, String) {
    let mut command = Command::cargo_bin("mailflow").expect("built");
    let assert = command.current_dir(folder).args(arguments).assert().code(code);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    (text(&assert.get_output().stdout), text(&assert.get_output().stderr))
}

#[test]
fn a_slip_in_the_name_of_a_part_is_found_before_anything_runs() {
    let slips =
        ["p99 delay@aftre <= 5m", "runners busy@partner < 1", "p99 delay@before < 1 x other.yaml"];
    let folder = folder(&slips);
    for command in ["check", "run"] {
        let (out, err) = said(folder.path(), &[command, "site.yaml"], 2);
        assert_eq!(out, "");
        for part in [
            "site.yaml:7:15: expect[0]",
            "             ^^^^^\n",
            "accepted  @exchange_online, @partner, @before, @after",
            "nearest   after",
            "a destination has no runners.busy",
            "a part that both scenarios have",
            "in other.yaml, `before` is neither a destination nor a window",
            "site.yaml: 3 problems",
        ] {
            assert!(err.contains(part), "{command}: {part:?} in\n{err}");
        }
    }
    assert!(!folder.path().join("output").exists());
}

#[test]
fn results_tell_of_each_part_and_expectations_judge_it() {
    let folder = folder(&[
        "p50 delay@after <= 5m",
        "late over 1h@partner < 50%",
        "mean delay@after < 9 x other.yaml",
    ]);
    let arguments = ["run", "site.yaml", "--format", "json"];
    let (json, _) = said(folder.path(), &arguments, 0);
    let results: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let cell = &results["cells"][0];
    let metrics = cell["metrics"].as_object().expect("metrics");
    let parts: Vec<&str> =
        metrics.keys().filter_map(|name| name.strip_prefix("delay.p99@")).collect();
    assert_eq!(parts, ["exchange_online", "partner", "before", "after"]);
    assert!(
        metrics.contains_key("runners.busy@after") && !metrics.contains_key("runners.busy@partner")
    );
    assert!(!metrics.keys().any(|name| name.starts_with("recovery.time@")));
    assert_eq!(cell["expectations"][0]["metric"], "delay.p50@after");
    for expectation in cell["expectations"].as_array().expect("a list") {
        assert_eq!(expectation["verdict"], "met", "{expectation}");
    }
    let (csv, _) = said(folder.path(), &["run", "site.yaml", "--format", "csv"], 0);
    assert!(csv.contains("\nSite,messages.arrived@partner,"), "{csv}");
    let (page, _) = said(folder.path(), &["run", "site.yaml", "-v"], 0);
    assert!(page.contains("Part by part") && page.contains("Every metric @partner"), "{page}");
    assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
}
