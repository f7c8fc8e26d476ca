//! What the laboratory showed beyond the article, MODEL.md section 10, and the cycle that it found at the
//! bottom of the problem.

use crate::{HOUR, MINUTE, SEEDS, replication, shipped};
use mailflow::experiment::{ReplicationSettings, replicate, replicate_observed};
use mailflow::measure::RunRecord;
use mailflow::model::params::{
    Action, Arrivals, Change, Deferral, HostStatus, Link, Params, QueueRuns, SlowHours, SmtpPhase,
};
use mailflow::model::{Observation, Observer};
use mailflow::units::{Bandwidth, Share, SimTime, Span};
use std::collections::BTreeMap;

fn clock(hours: u64, minutes: u64) -> SimTime {
    SimTime::ZERO + Span::from_hours(hours) + Span::from_mins(minutes)
}

/// When mail was delivered.
#[derive(Default)]
struct Deliveries(Vec<SimTime>);

impl Observer for Deliveries {
    fn observe(&mut self, now: SimTime, observation: &Observation<'_>) {
        if let Observation::Delivered { .. } = observation {
            self.0.push(now);
        }
    }
}

/// A spell of delivery and the silence after it, in minutes.
#[derive(Clone, Copy, Debug)]
struct Turn {
    busy: f64,
    silent: f64,
}

/// Spells of delivery between silences of more than five minutes, from `from` to `until`.
fn turns(name: &str, settings: &[&str], seed: u64, (from, until): (SimTime, SimTime)) -> Vec<Turn> {
    let scenario = shipped(name, settings);
    let mut deliveries = Deliveries::default();
    replicate_observed(&scenario.params, &replication(&scenario, seed), 0, &mut deliveries);
    let within: Vec<SimTime> =
        deliveries.0.into_iter().filter(|at| (from..until).contains(at)).collect();
    let (mut turns, mut started) = (Vec::new(), within[0]);
    for pair in within.windows(2) {
        let silent = pair[1].since(pair[0]).seconds() / MINUTE;
        if silent > 5.0 {
            turns.push(Turn { busy: pair[0].since(started).seconds() / MINUTE, silent });
            started = pair[1];
        }
    }
    turns
}

#[test]
fn one_burst_locks_the_defaults_into_20_minutes_of_delivery_and_half_an_hour_of_nothing() {
    let day = (clock(10, 0), clock(17, 0));
    let mut busy = Vec::new();
    for seed in SEEDS {
        // The burst was at 09:30; without it no five minutes pass without a delivery.
        let turns = turns("documented-problem", &[], seed, day);
        let undisturbed = self::turns("healthy-day", &[], seed, day);
        assert_eq!(undisturbed.len(), 0, "seed {seed}: {undisturbed:?}");
        assert!(turns.len() >= 5, "seed {seed}: {turns:?}");
        for turn in &turns {
            assert!((29.0..41.0).contains(&turn.silent), "seed {seed}: {turn:?}");
        }
        busy.extend(turns.iter().map(|turn| turn.busy));
    }
    busy.sort_by(f64::total_cmp);
    let usual = busy[busy.len() / 2];
    assert!((20.0..28.0).contains(&usual), "a lifetime, and what the other runner adds: {busy:?}");
}

#[test]
fn the_cycle_outlives_a_burst_that_a_capped_connection_digests_within_hours() {
    let evening = (clock(14, 0), clock(18, 0));
    for seed in SEEDS {
        let locked = turns("documented-problem", &[], seed, evening);
        assert!(!locked.is_empty(), "seed {seed}");
        let capped = turns("fix-message-cap", &[], seed, evening);
        assert_eq!(capped.len(), 0, "seed {seed}: {capped:?}");
    }
}

/// Which front end each process dialled, in order of time, as (process, front end).
#[derive(Default)]
struct Dialled(Vec<(u64, u32)>);

impl Dialled {
    fn by(&self, process: u64) -> Vec<u32> {
        self.0.iter().filter(|(by, _)| *by == process).map(|(_, front_end)| *front_end).collect()
    }
}

impl Observer for Dialled {
    fn observe(&mut self, _: SimTime, observation: &Observation<'_>) {
        if let Observation::ConnectionOpened { process, front_end, .. } = observation {
            self.0.push((*process, *front_end));
        }
    }
}

#[test]
fn a_cleared_host_status_is_news_to_the_next_process_only() {
    // Three literal addresses, and a list of some two hours. The first connection is cut after 20 minutes,
    // the process goes on with the second address; at minute 25 somebody clears the host status, and at
    // minute 30 the next run starts beside the first.
    for seed in SEEDS {
        let scenario = shipped("several-names", &["exchange_online.routing=addresses"]);
        let mut params = scenario.params.clone();
        params.workload.arrivals = Arrivals::None;
        params.workload.bursts = Vec::new();
        params.workload.backlog = 20_000;
        params.sender.runners = 1;
        params.sender.runs =
            QueueRuns::Periodic { interval: Span::from_mins(30), max_runner_processes: None };
        // No cut between two messages, where it would do no harm.
        params.network.round_trip = Span::ZERO;
        let dialled = |params: &Params| {
            let settings = ReplicationSettings {
                simulate: Span::from_mins(60),
                warm_up: Span::ZERO,
                drain: Span::ZERO,
                seed,
                parts: Vec::new(),
            };
            let mut dialled = Dialled::default();
            replicate_observed(params, &settings, 0, &mut dialled);
            dialled
        };
        let left_alone = dialled(&params);
        params.changes = vec![Change { at: clock(0, 25), action: Action::ClearHostStatus }];
        let cleared = dialled(&params);
        assert_eq!(left_alone.by(0)[..3], [0, 1, 2], "seed {seed}");
        assert_eq!(cleared.by(0)[..3], [0, 1, 2], "seed {seed}: the running process knows nothing");
        assert_eq!(left_alone.by(1)[0], 1, "seed {seed}: the next one avoids the first address");
        assert_eq!(cleared.by(1)[0], 0, "seed {seed}: unless the record is gone");
    }
}

/// Mean time of a message on a connection, in seconds.
#[derive(Default)]
struct Pace {
    started: BTreeMap<u64, SimTime>,
    sum: f64,
    messages: u64,
}

impl Observer for Pace {
    fn observe(&mut self, now: SimTime, observation: &Observation<'_>) {
        match observation {
            Observation::TransactionStarted { connection, at, .. } => {
                self.started.insert(*connection, *at);
            }
            Observation::Delivered { connection, .. } => {
                let started = self.started.remove(connection).expect("it has started");
                self.sum += now.since(started).seconds();
                self.messages += 1;
            }
            _ => {}
        }
    }
}

#[test]
fn a_cap_that_holds_for_the_mean_does_not_hold_for_the_slowest_hour() {
    let day = |seed: u64, cap: u32, slow: bool| {
        let scenario = shipped("fix-message-cap", &[]);
        let mut params = scenario.params.clone();
        params.sender.messages_per_connection = Some(cap);
        if slow {
            let (from, until) = (Span::from_hours(10), Span::from_hours(11));
            params.receiver.slow_hours = vec![SlowHours { from, until, factor: 8.0 }];
        }
        let mut pace = Pace::default();
        let settings = replication(&scenario, seed);
        let record = replicate_observed(&params, &settings, 0, &mut pace);
        (record.counts.connections_cut, f64::from(cap) * pace.sum / pace.messages as f64)
    };
    for seed in SEEDS {
        let (cut, lasts) = day(seed, 1000, false);
        assert_eq!(cut, 0, "seed {seed}: the cap holds on an even day");
        assert!(lasts < 20.0 * MINUTE, "seed {seed}: {lasts} s");
        let (cut, lasts) = day(seed, 1000, true);
        assert!(lasts < 20.0 * MINUTE, "seed {seed}: by the mean it still should: {lasts} s");
        assert!(cut > 0, "seed {seed}: and yet the slow hour is too slow for it");
        let (cut, _) = day(seed, 199, true);
        assert_eq!(cut, 0, "seed {seed}: a cap with room for the slowest hour holds");
    }
}

#[test]
fn with_hoststat_on_and_short_connections_ordinary_451s_at_the_dot_mark_the_host() {
    let day = |seed: u64, cap: u32, at: SmtpPhase, enabled: bool| -> RunRecord {
        let scenario = shipped("healthy-day", &[]);
        let mut params = scenario.params.clone();
        params.sender.messages_per_connection = Some(cap);
        params.sender.host_status = HostStatus { enabled, ..params.sender.host_status };
        let (reply, chance) = ("451 4.7.1 try again".into(), Share::new(0.001));
        params.receiver.deferrals = vec![Deferral { at, code: 451, reply, chance }];
        // The morning is enough.
        let simulate = Span::from_hours(10);
        let settings = replication(&scenario, seed);
        replicate(&params, &ReplicationSettings { simulate, drain: Span::ZERO, ..settings }, 0)
    };
    let late = |run: &RunRecord| run.counts.tries_skipped as f64 / run.counts.arrived as f64;
    for seed in SEEDS {
        let short = day(seed, 1, SmtpPhase::Dot, true);
        assert!(short.counts.host_marks >= 10, "seed {seed}: {}", short.counts.host_marks);
        assert!(short.counts.connections_cut == 0, "seed {seed}: no reset is to blame");
        assert!(short.counts.host_blocked_seconds > 2.0 * HOUR, "seed {seed}");
        assert!(late(&short) > 0.2, "seed {seed}: {} skips a message", late(&short));
        // The same refusal at RCPT says nothing about the host.
        let rcpt = day(seed, 1, SmtpPhase::Rcpt, true);
        assert_eq!((rcpt.counts.host_marks, rcpt.counts.tries_skipped), (0, 0), "seed {seed}");
        // Without HostStat only the process's own list suffers.
        let off = day(seed, 1, SmtpPhase::Dot, false);
        assert!(late(&off) < 0.1 * late(&short), "seed {seed}: {}", late(&off));
    }
}

#[test]
fn on_a_long_connection_the_next_success_takes_an_ordinary_451_back() {
    // One list of 5,000 messages, one in a hundred refused: marks at the ends of connections only.
    let marks = |cap: Option<u32>, seed: u64| {
        let scenario = shipped("healthy-day", &[]);
        let mut params = scenario.params.clone();
        params.workload.arrivals = Arrivals::None;
        params.workload.backlog = 5_000;
        params.sender.runners = 1;
        params.sender.messages_per_connection = cap;
        params.receiver.connection_lifetime = None;
        params.network.link = Link::PerConnection(Bandwidth::UNLIMITED);
        let (reply, chance) = ("451 4.7.1 try again".into(), Share::new(0.01));
        params.receiver.deferrals = vec![Deferral { at: SmtpPhase::Dot, code: 451, reply, chance }];
        let settings = ReplicationSettings {
            simulate: Span::from_mins(50),
            warm_up: Span::ZERO,
            drain: Span::ZERO,
            seed,
            parts: Vec::new(),
        };
        replicate(&params, &settings, 0).counts
    };
    for seed in SEEDS {
        let long = marks(None, seed);
        assert!(long.host_marks <= 1 && long.tries_failed > 20, "seed {seed}: {}", long.host_marks);
        let short = marks(Some(5), seed);
        assert!(short.host_marks >= 1 && short.tries_skipped > 1000, "seed {seed}");
    }
}
