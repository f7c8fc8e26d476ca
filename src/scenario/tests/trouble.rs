//! The receiver's troubles, other destinations, changes while running, windows and uneven mail.

use super::*;
use crate::model::distribution::Shape;

fn at(minutes: u64) -> SimTime {
    SimTime::ZERO + Span::from_mins(minutes)
}

#[test]
fn every_trouble_of_the_receiver_is_read_as_the_interface_writes_it() {
    let exo = read(
        "exchange_online:
  throttle: { messages: 600, per: 1m, at: rcpt, reply: \"451 4.7.500 Server busy\" }
  unhealthy_machines: { share: 2%, behaviour: { slow: 8 } }
  slow_hours: [ { from: 09:00, until: 10:30, factor: 8 } ]
  episodes: { every: 6h, last: 20m, slower: 5, deferrals: [ { at: dot, chance: 10% } ] }
  outages:
    - { front_end: 1, from: 11h, until: 12h, behaviour: refuse }
    - { front_end: 3, from: 23:00, until: 00:00, behaviour: silent }",
    )
    .params
    .receiver;
    let throttle = exo.throttle.expect("a throttle");
    assert_eq!((throttle.messages, throttle.at, throttle.code), (600, SmtpPhase::Rcpt, 451));
    let machines = exo.unhealthy_machines.expect("machines");
    assert_eq!((machines.share.value(), machines.behaviour), (0.02, Trouble::Slow(8.0)));
    assert_eq!((exo.slow_hours[0].until, exo.slow_hours[0].factor), (Span::from_mins(630), 8.0));
    let episodes = exo.episodes.expect("episodes");
    assert_eq!((episodes.every, episodes.slower), (Span::from_hours(6), 5.0));
    assert_eq!(episodes.deferrals[0].code, 451);
    assert_eq!((exo.outages[0].front_end, exo.outages[0].until), (0, at(720)));
    assert_eq!(exo.outages[1].until, at(1440), "midnight after 23:00 is the end of the day");
}

#[test]
fn another_destination_has_its_share_and_every_key_of_a_receiver() {
    let scenario = read(
        "destinations:
  - { name: partner, share: 20%, receiver: { front_ends: 1, connection_lifetime: unlimited } }
  - { name: other, share: 5% }",
    );
    let others = &scenario.params.others;
    assert_eq!((&*others[0].name, others[0].share.value()), ("partner", 0.2));
    assert_eq!((others[0].receiver.front_ends, others[0].receiver.connection_lifetime), (1, None));
    assert_eq!(others[1].receiver, Receiver::default());
    says(
        "destinations: [ { name: a, share: 60% }, { name: b, share: 50% } ]",
        "together the shares are 110",
    );
    says("destinations: [ { name: a@b, share: 1% } ]", "letters, digits");
    says("destinations: [ { name: a, share: 1%, receiver: { front_end: 2 } } ]", "front_ends");
}

#[test]
fn a_change_builds_on_those_before_it_and_is_checked_like_a_typed_value() {
    let scenario = read(
        "proofpoint: { hoststat: { remember_for: 10m } }
changes:
  - { at: 14:00, set: { proofpoint.hoststat: off } }
  - { at: 12h, set: { proofpoint: { messages_per_connection: 199 }, network.round_trip: 5ms } }
  - { at: 12:30, clear_hoststat: all }",
    );
    let changes = &scenario.params.changes;
    assert_eq!(changes.iter().map(|c| c.at).collect::<Vec<_>>(), [at(720), at(750), at(840)]);
    assert_eq!(changes[1].action, Action::ClearHostStatus);
    let set = |number: usize| match &changes[number].action {
        Action::Set(params) => params.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(set(0).sender.messages_per_connection, Some(199));
    assert_eq!(set(0).network.round_trip, Span::from_millis(5));
    let last = set(2).sender;
    assert_eq!(last.messages_per_connection, Some(199), "the earlier change goes on");
    assert!(!last.host_status.enabled);
    assert_eq!(last.host_status.remember_for, Span::from_mins(10), "off says nothing about it");
}

#[test]
fn a_change_that_cannot_be_is_refused_with_what_can() {
    let set = |inner: &str| format!("changes: [ {{ at: 12h, set: {{ {inner} }} }} ]");
    says(&set("proofpoint.queue_runers: 3"), "nearest   queue_runners");
    says(&set("profpoint.queue_runners: 3"), "did you mean proofpoint.queue_runners");
    says(&set("proofpoint.agents: 3"), "cannot change while mail is queued");
    says(&set("proofpoint.hoststat: { key: address }"), "cannot change while mail is queued");
    says(&set("mail.backlog: 3"), "only the sender, the receiver and the network change");
    says(&set("proofpoint.retry_interval: 30"), "30 what");
    says(&set("network.bandwidth.shared: 10 Mbit/s"), "cannot become shared");
    says("changes: [ { at: 25h, clear_hoststat: all } ]", "not before its end");
    says("changes: [ { at: 12h } ]", "exactly one of clear_hoststat, set");
    says("changes: [ { at: 12h, set: {} } ]", "a map of dotted keys");
}

#[test]
fn the_receiver_of_another_destination_changes_like_the_first() {
    let with = |set: &str| {
        let receiver = "{ max_connections: 7 }";
        let others = format!("[ {{ name: p, share: 30%, receiver: {receiver} }} ]");
        format!("destinations: {others}\nchanges:\n  - at: 12h\n    set:\n      {set}\n")
    };
    for set in [
        "destinations[0].receiver.connection_lifetime: 5m",
        "destinations[0].receiver: { connection_lifetime: 5m }",
    ] {
        let Action::Set(params) = read(&with(set)).params.changes[0].action.clone() else {
            panic!("{set}")
        };
        let receiver = &params.others[0].receiver;
        assert_eq!(receiver.connection_lifetime, Some(Span::from_mins(5)));
        assert_eq!(receiver.max_connections, Some(7), "what is beside it stays");
    }
    for fixed in ["share: 3%", "name: q", "receiver.front_ends: 2", "receiver.routing: one_name"] {
        says(&with(&format!("destinations[0].{fixed}")), "cannot change while mail is queued");
    }
    says(&with("destinations[0].receiver.cutt: reset"), "nearest   cut");
    says(&with("destinations[4].receiver.cut: reset"), "an entry that is there; it has 1");
    says(&with("destinations[0].receiver: off"), "write a key below it, such as");
}

#[test]
fn every_mistake_of_a_change_is_told_once_and_at_the_change_that_brings_it() {
    let many = "changes:
  - at: 1h
    set:
      proofpoint. agents: 3
      proofpoint: off
      proofpoint.queue_runners: x
      network.round_trip: 1
  - { at: 2h, set: { proofpoint.queue_runners: 3 } }";
    let problems = refused(many);
    let lines: Vec<usize> = problems.list.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [4, 5, 6, 7], "{problems}");
    assert_eq!(problems.list[0].message, "this cannot change while mail is queued");
    assert!(problems.list[1].message.starts_with("this is a section; write a key below it"));

    let sticky = "proofpoint: { queue_runs: periodic }
changes:
  - { at: 1h, set: { proofpoint.min_queue_age: 5m } }
  - { at: 2h, set: { proofpoint.queue_runs: persistent } }
  - { at: 3h, set: { proofpoint.queue_runners: 3 } }";
    let problems = refused(sticky);
    let [one] = &*problems.list else { panic!("{problems}") };
    assert_eq!((one.line, one.key.as_str()), (4, "changes[1].set"));
    assert!(one.found.starts_with("proofpoint.min_queue_age: 5m, from line 3"), "{problems}");
    assert!(one.message.ends_with("set proofpoint.min_queue_age here, too"), "{problems}");
}

#[test]
fn an_outage_that_is_over_when_it_is_set_is_noted() {
    let with = |until: &str| {
        let outage = format!("{{ front_end: 1, from: 10m, until: {until}, behaviour: refuse }}");
        let set = format!("exchange_online.outages: [ {outage} ]");
        let text = format!(
            "changes:\n  - {{ at: 1h, set: {{ {set} }} }}\n  - {{ at: 2h, set: {{ network.round_trip: 5ms }} }}"
        );
        read(&text).notes
    };
    let notes = with("20m");
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].text.contains("front end 1 ends at 20m, before it is set, at 1h"));
    assert!(with("90m").is_empty(), "{:?}", with("90m"));
}

#[test]
fn many_changes_beside_recorded_mail_read_it_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let rows: String = (0..1000).map(|second| format!("{second},1000\n")).collect();
    let file = folder.path().join("mail.csv");
    std::fs::write(&file, format!("time_s,bytes\n{rows}")).expect("written");
    std::fs::write(folder.path().join("times.csv"), "seconds\n0.5\n").expect("written");
    let changes: String = (1..100)
        .map(|minute| {
            format!("  - {{ at: {minute}m, set: {{ proofpoint.queue_runners: {minute} }} }}\n")
        })
        .collect();
    let text = format!(
        "mail: {{ arrivals: {{ replay: {{ file: mail.csv }} }} }}
exchange_online: {{ service_time: {{ empirical: {{ file: times.csv }} }} }}
changes:\n{changes}"
    );
    let scenario = parse("many.yaml", &text, folder.path(), &[]).expect("valid");
    let Arrivals::Replay(recorded) = &scenario.params.workload.arrivals else { panic!("replay") };
    let Shape::Empirical(times) = &scenario.params.receiver.service_time else { panic!("times") };
    // The changes and the scenario share what was read.
    assert!(std::sync::Arc::strong_count(recorded) >= 100);
    assert!(std::sync::Arc::strong_count(times) >= 100);
}

#[test]
fn what_is_accepted_is_what_would_be() {
    let problems = refused("network: { bandwidth: { shared: unlimited } }");
    assert_eq!(problems.list[0].accepted, "a bandwidth such as 20 Mbit/s");
    let text = "exchange_online: { unhealthy_machines: { share: 1%, behaviour: foo } }";
    let accepted = "reset, refuse, greeting_421, defer, silent, or { slow: 8 }";
    assert_eq!(refused(text).list[0].accepted, accepted);
    let text = "destinations: [ { name: a, share: 1%, receiver: { front_end: 2 } } ]";
    assert_eq!(refused(text).list[0].nearest.as_deref(), Some("front_ends"));
    for pause in ["1ns", "999us"] {
        let text = format!("proofpoint: {{ run_pause: {{ after_empty: {pause} }} }}");
        says(&text, "0s, or a duration such as 5s, from 1ms");
    }
    read("proofpoint: { run_pause: { after_work: 1ms, after_empty: 0s } }");
    let text =
        "proofpoint: { run_pause: { after_work: 0s }, retry_interval: 1ns, costs: { skip: 0s } }";
    says(text, "a pause of less than 1ms");
    let text = "exchange_online: { service_time: { fixed: 1 KB } }";
    assert_eq!(
        refused(text).list[0].message,
        "KB is not a unit here; the units are ns, us, ms, s, m, h, d and w"
    );
}

#[test]
fn an_override_reaches_into_another_destination_as_into_the_first() {
    let text = "destinations: [ { name: p, share: 3%, receiver: { service_time: { lognormal: \
                { median: 1s } } } } ]";
    let fixed = ("destinations[0].receiver.service_time.fixed", "2s");
    let params = read_with(text, &[fixed]).params;
    assert_eq!(params.others[0].receiver.service_time, Shape::Fixed(2.0));
    let huge = ("destinations[99999999999999999999].share", "2%");
    let problems = try_read(text, &[huge]).expect_err("refused");
    assert_eq!(problems.list[0].accepted, "an entry that is there; it has 1");
    let first = problems.to_string().lines().next().map(str::to_owned);
    assert_eq!(first.as_deref(), Some("error: --set destinations[99999999999999999999].share=2%"));
    let long = "x".repeat(70);
    let problems = try_read(text, &[("destinations[0].receiver.service_time.fixed", &long)]);
    let said = problems.expect_err("refused").to_string();
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
}

#[test]
fn windows_are_spans_of_the_run_with_names_of_their_own() {
    let windows = read("windows: { before: 09:00-12:00, after: 12h-17h }").windows;
    assert_eq!(
        (&*windows[0].name, windows[0].from, windows[0].until),
        ("before", at(540), at(720))
    );
    assert_eq!((windows[1].from, windows[1].until), (at(720), at(1020)));
    let night = read("run: { simulate: 48h }\nwindows: { night: 22:00-06:00 }").windows;
    assert_eq!((night[0].from, night[0].until), (at(1320), at(1800)));
    says("windows: { late: 20:00-30h }", "not before its end");
    says("windows: { back: 9h-8h }", "end before it starts");
    says("windows: { a b: 9h-10h }", "letters, digits");
    let same = &refused("windows: { same: 1h-1h }").list[0];
    assert_eq!(same.found, "1h-1h");
    assert!(same.message.contains("the same instant"), "{same:?}");
    let empty = &refused("windows: { \"\": 1h-2h }").list[0];
    assert_eq!((empty.key.as_str(), empty.found.as_str()), ("windows", "an empty name"));
    assert!(empty.accepted.contains("_, - and ."), "{empty:?}");
    says("windows: { x: 9h }", "a start and an end");
    says(
        "destinations: [ { name: p, share: 1% } ]\nwindows: { p: 9h-10h }",
        "than a destination's",
    );
}

#[test]
fn uneven_mail_is_read_and_refused_where_nothing_is_random() {
    let weibull = "mail: { burstiness: { weibull: { shape: 0.5 } } }";
    assert_eq!(read(weibull).params.workload.burstiness, Burstiness::Weibull { shape: 0.5 });
    let gamma = read("mail: { burstiness: { gamma: { shape: 4, every: 30m } } }").params.workload;
    assert_eq!(gamma.burstiness, Burstiness::Gamma { shape: 4.0, every: Span::from_mins(30) });
    says(
        "mail: { arrivals: { constant: { rate: 1/s } }, burstiness: { weibull: { shape: 2 } } }",
        "take burstiness out",
    );
    says("mail: { burstiness: { gamma: { every: 1h } } }", "add shape");
    says("network: { bandwidth: { shared: unlimited } }", "shared by nobody");
    says(
        "network: { bandwidth: { shared: 1 Mbit/s, per_connection: 1 Mbit/s } }",
        "per_connection or",
    );
}
