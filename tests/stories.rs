//! Stories that users live through, on the shipped scenarios: each holds for every one of several seeds, and
//! the surprises that the laboratory showed are there as well.

#[path = "stories/surprises.rs"]
mod surprises;

use mailflow::experiment::{
    Evidence, Metrics, Plan, ReplicationSettings, Silent, replicate_observed, run, warnings,
};
use mailflow::measure::{Metric, RunRecord};
use mailflow::model::{Observation, Observer};
use mailflow::scenario::{self, Drain, Override, Scenario};
use mailflow::units::{SimTime, Span};
use std::path::Path;

const SEEDS: [u64; 5] = [1, 2, 3, 42, 2026];
const MINUTE: f64 = 60.0;
const HOUR: f64 = 3600.0;

/// A shipped scenario with settings as on the command line.
fn shipped(name: &str, settings: &[&str]) -> Scenario {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("scenarios/{name}.yaml"));
    let settings = settings.iter().map(|text| Override::from_argument(text).expect("a setting"));
    let settings: Vec<Override> = settings.collect();
    scenario::load(&path, &settings).unwrap_or_else(|error| panic!("{error}"))
}

fn replication(scenario: &Scenario, seed: u64) -> ReplicationSettings {
    ReplicationSettings { seed, ..ReplicationSettings::from(&scenario.run) }
}

/// A few days of a scenario.
struct Days(Vec<RunRecord>);

impl Days {
    fn of(scenario: &Scenario, seed: u64, days: u32) -> Self {
        let settings = replication(scenario, seed);
        let plan = Plan { params: &scenario.params, settings, repeats: days, jobs: 0 };
        Days(run(&plan, &Silent).expect("nobody stops it"))
    }

    fn value(&self, metric: Metric) -> f64 {
        Evidence::new(&self.0, 1).estimate(metric).point.expect("a value")
    }

    fn p50(&self) -> f64 {
        self.value(Metric::DelayP50)
    }

    fn p99(&self) -> f64 {
        self.value(Metric::DelayP99)
    }

    fn mean(&self) -> f64 {
        self.value(Metric::DelayMean)
    }

    fn cut(&self) -> f64 {
        self.value(Metric::ConnectionsCut)
    }

    fn skipped(&self) -> f64 {
        self.value(Metric::TriesSkipped)
    }
}

/// Two days of a shipped scenario, as its file has it but for `settings`.
fn two_days(name: &str, settings: &[&str]) -> Days {
    Days::of(&shipped(name, settings), 42, 2)
}

#[test]
fn on_a_healthy_day_half_the_mail_is_through_within_a_minute() {
    for seed in SEEDS {
        let days = Days::of(&shipped("healthy-day", &[]), seed, 2);
        assert!(days.p50() < MINUTE, "seed {seed}: p50 {} s", days.p50());
        assert_eq!(days.cut(), 0.0, "seed {seed}");
    }
}

#[test]
fn a_healthy_day_warns_of_nothing() {
    let scenario = shipped("healthy-day", &[]);
    assert!(scenario.notes.is_empty(), "{:?}", scenario.notes);
    let days = Days::of(&scenario, scenario.run.seed, scenario.run.repeats).0;
    let metrics = Metrics::of(&Evidence::new(&days, scenario.run.seed), &[]);
    let drained = scenario.run.drain == Drain::UntilEmpty;
    assert_eq!(warnings(&days, &metrics, scenario.run.simulate, drained), []);
}

#[test]
fn in_the_documented_problem_one_message_of_a_hundred_is_over_an_hour_late() {
    for seed in SEEDS {
        let days = Days::of(&shipped("documented-problem", &[]), seed, 3);
        assert!(days.p99() > HOUR, "seed {seed}: p99 {} s", days.p99());
        assert!(days.cut() > 0.0, "seed {seed}");
    }
}

#[test]
fn with_all_documented_fixes_no_message_is_an_hour_late() {
    for seed in SEEDS {
        let days = Days::of(&shipped("documented-fixes", &[]), seed, 3);
        assert!(days.p99() < 5.0 * MINUTE, "seed {seed}: p99 {} s", days.p99());
        assert_eq!(days.value(Metric::Late(Span::from_hours(1))), 0.0, "seed {seed}");
        assert!(days.value(Metric::DelayMax) < HOUR, "seed {seed}");
        assert_eq!(days.value(Metric::MessagesQueued), 0.0, "seed {seed}");
    }
}

/// Notes each message as it arrives.
#[derive(Default)]
struct Arrivals(Vec<(SimTime, u64, u32, u32)>);

impl Observer for Arrivals {
    fn observe(&mut self, now: SimTime, observation: &Observation<'_>) {
        if let Observation::Arrived { message } = observation {
            self.0.push((now, message.id, message.bytes, message.recipients));
        }
    }
}

#[test]
fn no_setting_of_the_sender_changes_which_mail_arrives_when() {
    let arrivals = |settings: &[&str]| {
        let mut short = vec!["run.simulate=12h", "run.drain=off"];
        short.extend(settings);
        let scenario = shipped("documented-problem", &short);
        let mut arrivals = Arrivals::default();
        replicate_observed(&scenario.params, &replication(&scenario, 42), 3, &mut arrivals);
        arrivals.0
    };
    let plain = arrivals(&[]);
    assert!(plain.len() > 10_000);
    for settings in [
        &["proofpoint.messages_per_connection=199"][..],
        &["proofpoint.hoststat=off"],
        &["proofpoint.retry_interval=1m"],
        &["proofpoint.queue_runners=10"],
        &["proofpoint.queue_runs=periodic"],
        &["proofpoint.delivery=immediate"],
        &["proofpoint.order=random"],
        &["exchange_online.max_connections=1"],
    ] {
        assert!(arrivals(settings) == plain, "other mail with {settings:?}");
    }
}

#[test]
fn the_message_cap_ends_the_cuts_but_does_not_make_the_burst_shorter() {
    let days = two_days("fix-message-cap", &[]);
    assert_eq!(days.cut(), 0.0);
    assert!(days.p99() > 20.0 * MINUTE, "two runners remain two runners: {} s", days.p99());
    let faster = two_days("fix-message-cap", &["proofpoint.queue_runners=10"]);
    assert!(faster.p99() < 5.0 * MINUTE, "{} s", faster.p99());
}

#[test]
fn with_hoststat_off_the_process_that_was_cut_still_skips_the_rest_of_its_run() {
    let days = two_days("fix-hoststat-off", &[]);
    assert!(days.cut() > 0.0 && days.skipped() > 100.0 * days.cut(), "{}", days.skipped());
    assert!(days.p99() > 45.0 * MINUTE, "skipped mail waits for its retry: {} s", days.p99());
    // A process without a memory loses one message per cut and goes on.
    let forgetful = two_days("fix-hoststat-off", &["proofpoint.hoststat.remember_for=0s"]);
    assert!(forgetful.cut() > 0.0 && forgetful.skipped() == 0.0, "{}", forgetful.skipped());
}

#[test]
fn with_periodic_runs_hoststat_off_alone_leaves_the_mail_hours_late() {
    let periodic = ["proofpoint.queue_runs=periodic"];
    let (on, off) =
        (two_days("documented-problem", &periodic), two_days("fix-hoststat-off", &periodic));
    assert!(off.mean() < 0.8 * on.mean(), "{} s after {} s", off.mean(), on.mean());
    assert!(off.p99() > HOUR && off.skipped() > 1000.0, "{} s", off.p99());
}

#[test]
fn a_retry_every_minute_cures_only_where_queue_runs_may_overlap() {
    let persistent = two_days("fix-retry-1-minute", &[]);
    assert!(persistent.p99() > HOUR, "{} s", persistent.p99());
    let overlapping = two_days("overlapping-runs", &[]);
    assert_eq!(overlapping.cut(), 0.0);
    assert!(overlapping.p99() < 10.0 * MINUTE, "{} s", overlapping.p99());
    let one_at_a_time = two_days("overlapping-runs", &["proofpoint.max_runner_processes=2"]);
    assert!(one_at_a_time.p99() > HOUR, "{} s", one_at_a_time.p99());
}

#[test]
fn several_names_or_addresses_make_resets_nearly_free() {
    let problem = two_days("documented-problem", &[]);
    for routing in ["addresses", "mx_hosts"] {
        let days = two_days("several-names", &[&format!("exchange_online.routing={routing}")]);
        assert!(days.cut() > 0.0, "{routing}: cut as before");
        assert!(days.mean() < 0.2 * problem.mean(), "{routing}: {} s", days.mean());
        assert!(days.skipped() < 0.05 * problem.skipped(), "{routing}: {}", days.skipped());
    }
}

#[test]
fn more_runners_than_the_receiver_allows_are_worse_than_fewer() {
    let ten = two_days("too-many-runners", &[]);
    let five = two_days("too-many-runners", &["proofpoint.queue_runners=5"]);
    assert_eq!(five.value(Metric::ConnectionsRefused), 0.0);
    assert!(ten.value(Metric::ConnectionsRefused) > 1000.0);
    assert_eq!(ten.cut(), 0.0, "it is the refusals that mark the host");
    assert!(ten.p99() > 5.0 * five.p99(), "{} s and {} s", ten.p99(), five.p99());
}

#[test]
fn mail_tried_again_and_again_falls_behind_unless_the_queue_goes_by_time() {
    let by_priority = two_days("documented-problem", &[]);
    let by_time = two_days("documented-problem", &["proofpoint.order=time"]);
    assert!(by_time.p50() > by_priority.p50(), "everybody waits as long");
    assert!(by_time.p99() < by_priority.p99(), "and nobody is forgotten");
}

#[test]
fn a_small_site_does_not_have_the_problem() {
    let days = two_days("few-messages", &[]);
    assert_eq!(days.cut(), 0.0);
    assert!(days.p99() < MINUTE, "{} s", days.p99());
}
