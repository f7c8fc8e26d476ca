//! Stories about whole scenarios: defaults, units, meanings that depend on other keys, many mistakes at
//! once.

mod robustness;
mod trouble;

use super::keys::Kind;
use super::*;
use crate::model::params::*;
use crate::units::{SimTime, Span};

fn read(text: &str) -> Scenario {
    read_with(text, &[])
}

fn read_with(text: &str, overrides: &[(&str, &str)]) -> Scenario {
    try_read(text, overrides).unwrap_or_else(|problems| panic!("{problems}\nin\n{text}"))
}

fn try_read(text: &str, overrides: &[(&str, &str)]) -> Result<Scenario, Problems> {
    let overrides: Vec<Override> = overrides
        .iter()
        .map(|(key, value)| Override { key: key.to_string(), value: value.to_string() })
        .collect();
    parse("story.yaml", text, Path::new("."), &overrides)
}

fn refused(text: &str) -> Problems {
    match try_read(text, &[]) {
        Ok(_) => panic!("accepted:\n{text}"),
        Err(problems) => problems,
    }
}

fn says(text: &str, words: &str) {
    let shown = refused(text).to_string();
    assert!(shown.replace("\n            ", " ").contains(words), "no {words:?} in\n{shown}");
}

/// YAML that sets one key of the table to its default; flow style nests without indentation.
fn only(doc: &keys::KeyDoc) -> String {
    let mut text = doc.default.to_owned();
    for part in doc.path.rsplit('.') {
        let (key, list) = part.strip_suffix("[]").map_or((part, false), |key| (key, true));
        text =
            if list { format!("{{ {key}: [ {text} ] }}") } else { format!("{{ {key}: {text} }}") };
    }
    text
}

#[test]
fn a_scenario_that_says_nothing_has_the_defaults_of_the_model() {
    let scenario = read("name: x");
    assert_eq!(scenario.params, Params::default());
    assert_eq!(scenario.run, RunSettings::default());
}

#[test]
fn every_documented_default_is_the_one_the_model_has() {
    for doc in keys::all().filter(|doc| !doc.default.is_empty() && !doc.path.contains("[]")) {
        let scenario = match doc.beside {
            Some((key, value)) if value == "periodic" => {
                let key = format!("proofpoint.{key}");
                let with = read_with(&only(doc), &[(&key, value)]);
                assert_eq!(with.params, read_with("{}", &[(&key, value)]).params, "{}", doc.path);
                continue;
            }
            _ => read(&only(doc)),
        };
        assert_eq!(scenario.params, Params::default(), "{}: {}", doc.path, doc.default);
        assert_eq!(scenario.run, RunSettings::default(), "{}: {}", doc.path, doc.default);
        assert!(scenario.notes.is_empty(), "{}", doc.path);
    }
}

#[test]
fn every_key_of_the_table_is_read_and_refuses_nonsense() {
    for doc in keys::all() {
        if doc.path.starts_with("shape")
            || doc.kind == Kind::Section && doc.path != "proofpoint.hoststat"
        {
            continue;
        }
        let nonsense = keys::KeyDoc { default: "[[nonsense]]", ..*doc };
        let text = only(&nonsense);
        let overrides: &[(&str, &str)] = match doc.beside {
            Some((_, "periodic")) => &[("proofpoint.queue_runs", "periodic")],
            _ => &[],
        };
        let problems = try_read(&text, overrides).expect_err(doc.path);
        let path = doc.path.replace("[]", "[0]");
        assert!(
            problems.list.iter().any(|problem| problem.key.starts_with(&path)),
            "{text}\n{problems}"
        );
    }
}

#[test]
fn the_table_has_each_path_once_and_a_sentence_for_each() {
    let mut paths: Vec<&str> = keys::all().map(|doc| doc.path).collect();
    paths.sort_unstable();
    let count = paths.len();
    paths.dedup();
    assert_eq!(paths.len(), count);
    for doc in keys::all() {
        assert!(doc.meaning.ends_with('.'), "{}: {}", doc.path, doc.meaning);
        assert!(!doc.accepts().is_empty(), "{}", doc.path);
        let parent = doc.parent().trim_end_matches("[]");
        assert!(
            parent.is_empty() || parent == "shape" || keys::find(parent).is_some(),
            "{} has no section",
            doc.path
        );
        if doc.source == keys::Source::Assumed {
            assert!(!doc.plausible().is_empty(), "{} is assumed without a range", doc.path);
        }
    }
}

#[test]
fn spellings_that_yaml_versions_read_differently_mean_what_people_mean() {
    let text = "
mail: { backlog: 1_000, bursts: [ { at: 09:30, messages: 6e3, over: 5m } ] }
proofpoint: { hoststat: off, single_thread_delivery: on, retry_interval: \"20m\" }
run: { seed: 007, drain: off }
";
    let scenario = read(text);
    let load = &scenario.params.workload;
    assert_eq!(load.backlog, 1000);
    let at = SimTime::ZERO + Span::from_mins(570);
    assert_eq!(load.bursts, [Burst { at, messages: 6000, over: Span::from_mins(5) }]);
    assert!(!scenario.params.sender.host_status.enabled);
    assert!(scenario.params.sender.single_thread_delivery);
    assert_eq!(scenario.params.sender.min_queue_age, Span::from_mins(20));
    assert_eq!((scenario.run.seed, scenario.run.drain), (7, Drain::Off));
}

#[test]
fn the_retry_interval_is_the_interval_of_periodic_runs_and_the_age_of_persistent_ones() {
    let persistent = read("proofpoint: { retry_interval: 10m }").params.sender;
    assert_eq!(persistent.min_queue_age, Span::from_mins(10));
    assert_eq!(persistent.first_run_at, SimTime::ZERO);
    let periodic =
        read("proofpoint: { queue_runs: periodic, retry_interval: 10m, max_runner_processes: 8 }");
    let sender = periodic.params.sender;
    let interval = Span::from_mins(10);
    assert_eq!(sender.runs, QueueRuns::Periodic { interval, max_runner_processes: Some(8) });
    assert_eq!(sender.min_queue_age, Span::ZERO);
    assert_eq!(
        sender.first_run_at,
        SimTime::ZERO + interval,
        "the first run comes after one interval"
    );
    let early = read("proofpoint: { queue_runs: periodic, first_run_at: 0s }").params.sender;
    assert_eq!(early.first_run_at, SimTime::ZERO);
}

#[test]
fn a_key_that_would_be_ignored_is_refused_with_the_key_to_use_instead() {
    says("proofpoint: { retry_interval: 10m, min_queue_age: 5m }", "both say one thing");
    says("proofpoint: { min_queue_age: 5m }", "write retry_interval");
    says("proofpoint: { max_runner_processes: 8 }", "persistent runners never overlap");
    says("proofpoint: { queue_runs: periodic, run_pause: { after_work: 1s } }", "run_pause only");
}

#[test]
fn the_example_of_every_key_is_accepted_even_where_a_default_has_no_effect() {
    let text = "
proofpoint:
  queue_runs: persistent
  max_runner_processes: unlimited
  retry_interval: 30m
  min_queue_age: 0s
  run_pause: { after_work: 1s, after_empty: 5s }
";
    let scenario = read(text);
    assert_eq!(scenario.params, Params::default());
    assert_eq!(scenario.notes.len(), 1, "and a note says so");
}

#[test]
fn every_key_of_the_interface_is_accepted_with_its_value() {
    let text = r#"
name: The documented problem
about: One burst, one reset, and the host is "bad" for half an hour.
run: { simulate: 24h, starts: Mon 00:00, warm_up: 0s, drain: until_empty, repeats: 20, seed: 42 }
mail:
  arrivals: { daily_profile: { per_day: 110000, profile: business_day } }
  scale: 1.0
  bursts: [ { at: 09:30, messages: 6000, over: 5m } ]
  backlog: 0
  size: { lognormal: { median: 18 KB, sigma: 1.7, max: 36 MB } }
  recipients: { mean: 1.3, max: 100 }
proofpoint:
  agents: 1
  delivery: queue_only
  queue_runs: persistent
  queue_runners: 2
  max_runner_processes: unlimited
  retry_interval: 30m
  min_queue_age: 0s
  run_pause: { after_work: 1s, after_empty: 5s }
  first_run_at: 0s
  order: priority
  messages_per_connection: unlimited # "Maximum Number of Messages per SMTP Connection"
  connection_cache: { idle: 5m, size: 2 }
  hoststat: { enabled: on, remember_for: 30m, key: host_name, marks: sendmail, threshold: 1 }
  single_thread_delivery: off
  costs: { skip: 1ms, run_start: 0s, process_start: 0s }
  timeouts: { connect: 127s, greeting: 5m, reply: 1h }
  warn_after: 4h
  give_up_after: 5d
exchange_online:
  front_ends: 3
  routing: one_name
  address_order: random
  machines_per_front_end: 200
  connection_lifetime: 20m
  lifetime_jitter: 60s
  cut: reset
  commit: after_reply
  service_time: { lognormal: { mean: 300ms, sigma: 0.5 } }
  message_overhead: 0s
  connect_time: 40ms
  idle_timeout: 5m
  max_connections: unlimited
  max_connections_per_source: unlimited
  throttle: none
  deferrals: []
  unhealthy_machines: { share: 0%, behaviour: reset }
  slow_hours: []
  episodes: none
  outages: []
destinations: []
network: { round_trip: 30ms, bandwidth: { per_connection: 20 Mbit/s } }
changes: []
windows: {}
expect:
  - p99 delay > 1h
  - connections cut > 0
"#;
    let scenario = read(text);
    assert_eq!(scenario.name, "The documented problem");
    let mut params = scenario.params;
    assert_eq!(params.workload.bursts.len(), 1);
    params.workload.bursts.clear();
    assert_eq!(params, Params::default());
    assert_eq!(scenario.expect.len(), 2);
}

#[test]
fn a_textbook_queue_without_pauses_is_accepted_but_a_clock_that_stands_still_is_not() {
    let free = "proofpoint: { retry_interval: 0s, run_pause: { after_work: 0s, after_empty: 0s }, \
                costs: { skip: 0s } }\nnetwork: { round_trip: 0s, bandwidth: { per_connection: unlimited } }\n";
    read(&format!("{free}exchange_online: {{ connection_lifetime: unlimited, connect_time: 0s }}"));
    says(free, "the clock would stand still");
    let limit =
        "exchange_online: { connection_lifetime: unlimited, max_connections: 1, connect_time: 0s }";
    says(&format!("{free}{limit}"), "the clock would stand still");
}

#[test]
fn times_of_day_count_from_the_start_of_the_run() {
    let at = |starts: &str, at: &str| {
        let text = format!(
            "run: {{ simulate: 8d, starts: {starts} }}\nmail: {{ bursts: [ {{ at: {at}, messages: 1 }} ] }}"
        );
        read(&text).params.workload.bursts[0].at.since(SimTime::ZERO)
    };
    assert_eq!(at("Mon 00:00", "09:30"), Span::from_mins(570));
    assert_eq!(at("Mon 10:00", "09:30"), Span::from_mins(23 * 60 + 30), "the next day's");
    assert_eq!(at("Wed 09:30", "09:30"), Span::ZERO, "the start itself counts");
    assert_eq!(at("Mon 10:00", "90m"), Span::from_mins(90), "a span counts from the start");
    assert_eq!(at("Mon 10:00", "Tue 09:00"), Span::from_hours(23));
    let load = read("run: { starts: Tue 09:30 }").params.workload;
    assert_eq!(load.clock_at_start, Span::from_mins(570));
}

#[test]
fn each_form_of_arrivals_is_resolved_to_rates() {
    let arrivals =
        |text: &str| read(&format!("mail: {{ arrivals: {text} }}")).params.workload.arrivals;
    assert_eq!(
        arrivals("{ poisson: { rate: 120/min } }"),
        Arrivals::Poisson(crate::units::Rate(2.0))
    );
    assert_eq!(
        arrivals("{ constant: { rate: 0.5/s } }"),
        Arrivals::Constant(crate::units::Rate(0.5))
    );
    let of =
        |per_day: f64| Arrivals::DailyProfile(Box::new(BUSINESS_DAY.map(|share| share * per_day)));
    assert_eq!(arrivals("{ per_mailbox: { mailboxes: 15000, per_day: 10 } }"), of(150_000.0));
    let ones = vec!["2"; 24].join(", ");
    let flat = arrivals(&format!("{{ daily_profile: {{ per_day: 2400, profile: [{ones}] }} }}"));
    assert_eq!(flat, Arrivals::DailyProfile(Box::new([100.0; 24])));
    let silent = read("mail: { arrivals: none, backlog: 5 }").params.workload;
    assert_eq!((silent.arrivals, silent.backlog), (Arrivals::None, 5));
}

#[test]
fn scale_multiplies_rates_backlog_and_bursts() {
    let text = "mail: { scale: 2.5, arrivals: { poisson: { rate: 2/s } }, backlog: 10, \
                bursts: [ { at: 1h, messages: 4 } ] }";
    let load = read(text).params.workload;
    assert_eq!(load.arrivals, Arrivals::Poisson(crate::units::Rate(5.0)));
    assert_eq!((load.backlog, load.bursts[0].messages), (25, 10));
}

#[test]
fn every_shape_of_times_and_sizes_is_read() {
    use crate::model::distribution::Shape;
    let shape = |text: &str| {
        read(&format!("exchange_online: {{ service_time: {text} }}")).params.receiver.service_time
    };
    assert_eq!(shape("{ fixed: 300ms }"), Shape::Fixed(0.3));
    assert_eq!(shape("{ exponential: { mean: 2s } }"), Shape::Exponential(2.0));
    assert_eq!(shape("{ exponential: 2s }"), Shape::Exponential(2.0), "the short form");
    assert_eq!(shape("{ uniform: { low: 1s, high: 3s } }"), Shape::Uniform { low: 1.0, high: 3.0 });
    assert_eq!(shape("{ gamma: { mean: 1s, shape: 2 } }"), Shape::Gamma { mean: 1.0, shape: 2.0 });
    let mix =
        shape("{ mix: [ { share: 98%, fixed: 1s }, { share: 2%, exponential: { mean: 9s } } ] }");
    assert_eq!(mix, Shape::Mix(vec![(0.98, Shape::Fixed(1.0)), (0.02, Shape::Exponential(9.0))]));
    let size = read("mail: { size: { fixed: 64 KiB } }").params.workload.size;
    assert_eq!(size, Shape::Fixed(65_536.0));
}

#[test]
fn deferrals_take_their_code_from_the_reply() {
    let text =
        "exchange_online: { deferrals: [ { at: dot, reply: \"452 4.3.1 Full\", chance: 0.1% } ] }";
    let deferral = &read(text).params.receiver.deferrals[0];
    assert_eq!((deferral.at, deferral.code, deferral.chance.value()), (SmtpPhase::Dot, 452, 0.001));
}

#[test]
fn a_deferral_without_a_reply_has_the_documented_one() {
    let text = "exchange_online: { deferrals: [ { at: mail, chance: 1% } ] }";
    let documented = keys::find("exchange_online.deferrals[].reply").expect("a key").default;
    assert_eq!(&*read(text).params.receiver.deferrals[0].reply, documented);
}

#[test]
fn all_problems_are_found_in_one_reading() {
    let text = "
run:
  simulate: 24
  repeets: 3
mail:
  backlog: -5
  size: { lognormal: { median: 18 KB, mean: 30 KB, sigma: 1 } }
proofpoint:
  queue_runners: 0
  order: prio
queue_runners: 5
";
    let problems = refused(text);
    let keys: Vec<&str> = problems.list.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "run.simulate",
            "run.repeets",
            "mail.backlog",
            "mail.size.lognormal.mean",
            "proofpoint.queue_runners",
            "proofpoint.order",
            "queue_runners"
        ],
        "{problems}"
    );
    assert_eq!(problems.list[5].nearest.as_deref(), Some("priority"));
    assert_eq!(problems.list[6].nearest.as_deref(), Some("proofpoint.queue_runners"));
}

#[test]
fn impossible_amounts_of_mail_are_refused() {
    says("mail: { arrivals: { poisson: { rate: 1e7/s } } }", "at most 1e10 messages");
    says("mail: { backlog: 99999999999 }", "too large");
    says("mail: { arrivals: none, backlog: 9e9, scale: 1000 }", "at most 1e10");
    says("mail: { arrivals: none }", "no mail at all");
    says("mail: { arrivals: { poisson: { rate: 0/s } } }", "arrivals: none");
    says("mail: { arrivals: { poisson: { rate: .nan } } }", "not a rate");
    says("mail: { scale: .inf }", "not a number");
}

#[test]
fn overrides_are_checked_like_typed_values_and_shown_as_typed() {
    let set = |pairs: &[(&str, &str)]| read_with("name: x", pairs).params;
    let params = set(&[
        ("proofpoint.messages_per_connection", "199"),
        ("exchange_online.service_time.fixed", "1s"),
        ("mail.bursts", "[{ at: 1h, messages: 5 }]"),
        ("mail.bursts[0].messages", "7"),
    ]);
    assert_eq!(params.sender.messages_per_connection, Some(199));
    assert_eq!(params.workload.bursts[0].messages, 7);
    let problems =
        try_read("name: x", &[("proofpoint.retry_intervall", "5m")]).expect_err("unknown");
    let shown = problems.to_string();
    assert!(shown.contains("--set proofpoint.retry_intervall=5m"), "{shown}");
    assert!(shown.contains("nearest   retry_interval"), "{shown}");
}

#[test]
fn an_override_of_one_form_replaces_the_other() {
    use crate::model::distribution::Shape;
    let text = "mail: { size: { lognormal: { median: 9 KB, sigma: 1 } }, arrivals: { poisson: { rate: 1/s } } }";
    let params =
        read_with(text, &[("mail.size.fixed", "1 KB"), ("mail.arrivals.constant.rate", "2/s")])
            .params;
    assert_eq!(params.workload.size, Shape::Fixed(1000.0));
    assert_eq!(params.workload.arrivals, Arrivals::Constant(crate::units::Rate(2.0)));
    let off = "proofpoint: { hoststat: off }";
    // It once came on again here: an override changes what it names and nothing beside it.
    let status =
        read_with(off, &[("proofpoint.hoststat.remember_for", "5m")]).params.sender.host_status;
    assert_eq!((status.enabled, status.remember_for), (false, Span::from_mins(5)));
    let on = read_with(off, &[("proofpoint.hoststat.enabled", "on")]).params.sender;
    assert!(on.host_status.enabled);
}

#[test]
fn a_spread_left_out_is_the_one_of_the_default() {
    use crate::model::distribution::Shape;
    let text = "exchange_online: { service_time: { lognormal: { median: 1s, sigma: 2 } } }";
    for text in [text, "name: x"] {
        let form = "{ lognormal: { mean: 500ms } }";
        let params = read_with(text, &[("exchange_online.service_time", form)]).params;
        assert_eq!(params.receiver.service_time, Shape::lognormal_by_mean(0.5, 0.5, None));
    }
    let set = [("exchange_online.service_time.lognormal.mean", "500ms")];
    let time = read_with("name: x", &set).params.receiver.service_time;
    assert_eq!(time, Shape::lognormal_by_mean(0.5, 0.5, None));
    let size = read("mail: { size: { lognormal: { median: 9 KB } } }").params.workload.size;
    assert_eq!(size, Shape::lognormal_by_median(9000.0, 1.7, None));
}

#[test]
fn expectations_keep_their_text_and_place() {
    let scenario = read("name: x\nexpect:\n  - p99 delay > 1h\n  - \"connections cut > 0\"\n");
    let expected = [
        ExpectLine { text: "p99 delay > 1h".to_owned(), line: 3, column: 5, origin: None },
        ExpectLine { text: "connections cut > 0".to_owned(), line: 4, column: 5, origin: None },
    ];
    assert_eq!(scenario.expect, expected);
    let set = read_with("name: x", &[("expect", "[\"p99 delay <= 5m\"]")]);
    assert_eq!(set.expect[0].text, "p99 delay <= 5m");
    assert!(
        set.expect[0].origin.as_deref().is_some_and(|origin| origin.starts_with("--set expect="))
    );
    says("expect: [ { where: 1 } ]", "a map with where");
}

#[test]
fn a_key_given_twice_is_an_error_at_its_second_place() {
    let problems = refused("run: { seed: 1 }\nrun:\n  seed: 2\n");
    assert_eq!((problems.list[0].line, problems.list[0].key.as_str()), (2, "run"));
    assert!(problems.to_string().contains("first set on line 1"));
}

#[test]
fn anchors_and_merges_work() {
    let text =
        "proofpoint: { timeouts: &t { connect: 5s } }\nrun: { simulate: &day 24h, warm_up: 1h }\n";
    assert_eq!(read(text).params.sender.timeouts.connect, Span::from_secs(5));
    let merged = "proofpoint: &p { agents: 2 }\nmail: { backlog: &n 7, bursts: [ { at: 1h, messages: *n } ] }\n";
    assert_eq!(read(merged).params.workload.bursts[0].messages, 7);
}

#[test]
fn names_and_descriptions_are_text_that_leaves_the_terminal_alone() {
    says("name: \"a\\e[2Jb\"", "U+001B");
    says("name: \"a\\nb\"", "one line of printable text");
    says("about: \"a\\tb\"", "printable text and line breaks");
    assert_eq!(read("about: |\n  one\n  two\n").about, "one\ntwo");
}

#[test]
fn a_complaint_says_what_it_is_about_and_says_it_once() {
    says("exchange_online: { service_time: { fixed: .nan } }", ".nan is not a number with a unit");
    let clock = "proofpoint: { queue_runs: periodic, retry_interval: 0s, costs: { skip: 0s } }";
    assert_eq!(refused(clock).list.len(), 1);
    let late = "mail: { bursts: [ { at: 23h, messages: 5, over: 2h } ] }";
    says(late, "a duration of at most 1h, up to the end of the simulated time at 1d");
}
