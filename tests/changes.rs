//! What a change of settings in the middle of a run does, and what it leaves alone; and troubles of the
//! receiver that an open connection meets. Small sites, told by their metrics.

use mailflow::experiment::{ReplicationSettings, replicate};
use mailflow::measure::{Metric, RunRecord};
use mailflow::scenario::{self, Scenario};
use std::path::Path;

fn site(text: &str) -> Scenario {
    scenario::parse("site.yaml", text, Path::new("."), &[])
        .unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

fn run(text: &str) -> RunRecord {
    let scenario = site(text);
    replicate(&scenario.params, &ReplicationSettings::from(&scenario), 0)
}

fn metric(record: &RunRecord, name: &str) -> f64 {
    let found = Metric::parse(name).expect("a metric").of(record);
    found.unwrap_or_else(|| panic!("no {name}"))
}

/// A message every ten seconds for two hours, one runner, a connection without end, nothing at random.
const QUIET: &str = "
run: { simulate: 2h, drain: off }
mail: { arrivals: { constant: { rate: 6/min } }, size: { fixed: 1 KB }, recipients: { mean: 1, max: 1 } }
network: { round_trip: 0s, bandwidth: { per_connection: unlimited } }
";

/// What `exchange_online:` says where nothing but the lines given is wrong.
fn quiet(proofpoint: &str, exo: &str, rest: &str) -> String {
    format!(
        "{QUIET}
proofpoint: {{ queue_runners: 1, retry_interval: 1m{proofpoint} }}
exchange_online: {{ connection_lifetime: unlimited, idle_timeout: unlimited, connect_time: 0s, front_ends: 1{exo} }}
{rest}"
    )
}

#[test]
fn a_process_at_work_keeps_its_timeouts() {
    // One pass works on a backlog of 240 messages of 20 s; the new timeout of 5 s would break each off.
    let long = ", service_time: { fixed: 20s }";
    let change = "changes: [ { at: 10m, set: { proofpoint.timeouts.reply: 5s } } ]";
    let backlog = |rest: &str| {
        let text = quiet("", long, rest).replace("mail: {", "mail: { backlog: 240,");
        run(&text.replace("arrivals: { constant: { rate: 6/min } }", "arrivals: none"))
    };
    let (kept, changed) = (backlog(""), backlog(change));
    assert_eq!(metric(&kept, "messages.delivered"), metric(&changed, "messages.delivered"));
    assert_eq!(metric(&changed, "host.marks"), 0.0);
}

#[test]
fn a_shorter_interval_of_periodic_runs_counts_from_now() {
    let text = quiet(
        ", queue_runs: periodic",
        ", service_time: { fixed: 100ms }",
        "changes: [ { at: 61m, set: { proofpoint.retry_interval: 1m } } ]",
    )
    .replace("retry_interval: 1m, queue_runs", "retry_interval: 1h, queue_runs");
    let scenario = site(&text);
    let record = replicate(&scenario.params, &ReplicationSettings::from(&scenario), 0);
    // All but the mail of the last minute is out; waiting for the run at 2 h, half of it would not be.
    assert!(metric(&record, "messages.queued") <= 6.0, "{:?}", record.counts);
}

#[test]
fn an_outage_that_a_change_brings_resets_what_is_connected() {
    let outage = "{ front_end: 1, from: 20m, until: 40m, behaviour: reset }";
    let set = |list: &str| {
        format!("changes: [ {{ at: 10m, set: {{ exchange_online.outages: [{list}] }} }} ]")
    };
    // The backlog keeps one connection busy for the whole time.
    let busy = |exo: &str, rest: &str| {
        let text = quiet("", &format!(", service_time: {{ fixed: 15s }}{exo}"), rest);
        run(&text)
    };
    let planned = busy(&format!(", outages: [{outage}]"), "");
    let brought = busy("", &set(outage));
    let called_off = busy(&format!(", outages: [{outage}]"), &set(""));
    assert!(metric(&planned, "connections.reset") >= 1.0);
    assert_eq!(metric(&brought, "connections.reset"), metric(&planned, "connections.reset"));
    assert_eq!(metric(&called_off, "connections.reset"), 0.0);
}

#[test]
fn recovery_counts_from_the_end_of_an_outage_that_a_change_brought() {
    let outage = "{ front_end: 1, from: 30m, until: 60m, behaviour: refuse }";
    let fast = ", service_time: { fixed: 100ms }";
    let planned = run(&quiet("", &format!("{fast}, outages: [{outage}]"), ""));
    let change =
        format!("changes: [ {{ at: 10m, set: {{ exchange_online.outages: [{outage}] }} }} ]");
    let brought = run(&quiet("", fast, &change));
    let time = |record: &RunRecord| metric(record, "recovery.time");
    assert!(time(&planned) > 0.0);
    assert_eq!(time(&brought), time(&planned));
}

#[test]
fn a_host_counts_as_blocked_only_while_hoststat_is_on() {
    let down = ", service_time: { fixed: 100ms }, outages: [ { front_end: 1, from: 30m, until: 1h, behaviour: refuse } ]";
    let off = "changes: [ { at: 35m, set: { proofpoint.hoststat: off } } ]";
    let kept = metric(&run(&quiet("", down, "")), "host.blocked_time");
    let switched = metric(&run(&quiet("", down, off)), "host.blocked_time");
    assert!(kept > 1700.0, "{kept}");
    assert!((200.0..=300.0).contains(&switched), "from the mark after 30m to 35m: {switched}");
}

#[test]
fn busy_runners_are_a_share_of_those_configured_at_the_time() {
    let load = ", service_time: { fixed: 9s }";
    let more = "changes: [ { at: 10m, set: { proofpoint.queue_runners: 50 } } ]";
    let busy = metric(&run(&quiet("", load, more)), "runners.busy");
    assert!(busy < 1.0, "{busy}");
}

#[test]
fn a_reset_on_a_shared_link_wastes_what_went_over_it() {
    let line = |kind: &str| {
        let text = quiet("", ", lifetime_jitter: 0s, service_time: { fixed: 1s }", "");
        let text = text.replace("connection_lifetime: unlimited", "connection_lifetime: 20s");
        let text = text.replace("size: { fixed: 1 KB }", "size: { fixed: 10 MB }");
        run(&text.replace("per_connection: unlimited", &format!("{kind}: 1 Mbit/s")))
    };
    // With one connection at a time both are the same line: a quarter of each body gets through.
    let (own, shared) = (line("per_connection"), line("shared"));
    let wasted = |record: &RunRecord| metric(record, "bytes.wasted");
    assert!(wasted(&own) > 1e6);
    assert!((wasted(&shared) / wasted(&own) - 1.0).abs() < 0.01, "{shared:?}");
}

#[test]
fn a_silent_peer_neither_fills_the_line_nor_the_window_of_a_throttle() {
    // The one connection falls silent after 30 minutes: its runner waits for an hour, and nothing else
    // happens. What it had sent is what was counted.
    let exo = ", service_time: { fixed: 1s }, outages: [ { front_end: 1, from: 30m, until: 2h, behaviour: silent } ]";
    let record = run(&quiet("", exo, ""));
    assert_eq!(metric(&record, "bytes.wasted"), 0.0);
    let delivered = metric(&record, "messages.delivered");
    assert!((170.0..=181.0).contains(&delivered), "{delivered}");
}

#[test]
fn a_throttle_counts_only_what_it_accepts() {
    let exo = ", service_time: { fixed: 100ms }, throttle: { messages: 100, per: 2h }, \
               deferrals: [ { at: dot, chance: 50% } ]";
    let record = run(&quiet(", hoststat: off", exo, ""));
    assert_eq!(metric(&record, "messages.delivered"), 100.0);
}

#[test]
fn a_share_of_machines_need_not_be_whole_machines() {
    // 0.2 % of 200 machines is one at two of five front ends: over 40 runs the share comes out.
    let text = quiet(
        ", messages_per_connection: 1",
        ", service_time: { fixed: 100ms }, unhealthy_machines: { share: 0.2%, behaviour: greeting_421 }",
        "",
    );
    let scenario = site(&text.replace("rate: 6/min", "rate: 60/min"));
    let settings = ReplicationSettings::from(&scenario);
    let runs = (0..40).map(|number| replicate(&scenario.params, &settings, number));
    let (refused, opened) = runs.fold((0.0, 0.0), |sum: (f64, f64), run| {
        let opened = metric(&run, "connections.opened");
        (sum.0 + metric(&run, "connections.refused"), sum.1 + opened)
    });
    let share = refused / opened;
    assert!(share > 0.0 && share < 0.006, "{share}");
}
