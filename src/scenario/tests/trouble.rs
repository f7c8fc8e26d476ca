//! The receiver's troubles, other destinations, changes while running, windows and uneven mail.

use super::*;

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
