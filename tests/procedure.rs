//! The documented procedure, followed step by step as an administrator would: start at 199 messages per connection
//! and lower the cap while connections are cut; then add queue runners until as much mail gets through as before
//! the caps. On sites where 199 is not safe: Exchange Online takes six seconds for a message. Nobody looks ahead;
//! each step is a simulation, read like a log.
//!
//! More mail waits than can be delivered all day, so that what is delivered is what the site is able to do.

use mailflow::experiment::{
    Change, Evidence, Plan, Question, ReplicationSettings, Silent, family, run,
};
use mailflow::measure::{Metric, RunRecord};
use mailflow::scenario::{self, Scenario};
use std::fmt::{self, Write as _};
use std::path::Path;

/// A site on which 199 messages take longer than a connection lives.
struct Site {
    runners: u32,
    /// What it takes to open a connection.
    connect: &'static str,
    hoststat: &'static str,
    /// Messages that wait in the morning: more than can be delivered all day.
    backlog: u32,
}

/// As Proofpoint and Exchange Online come: a cut connection stops all mail for half an hour.
const AS_DELIVERED: Site = Site { runners: 4, connect: "40ms", hoststat: "on", backlog: 40_000 };
/// A cut costs little: there is no runner to wait for until the next queue run, and few messages for it to pass over
/// until then. But the receiver lets everybody wait two minutes before it greets: each connection costs as much
/// as twenty messages.
const COSTLY_CONNECTIONS: Site =
    Site { runners: 1, connect: "120s", hoststat: "off", backlog: 9_000 };
const DAYS: u32 = 12;
/// Proofpoint's advice.
const FIRST_CAP: u32 = 199;
/// Somebody who needs more steps than this has no procedure.
const PATIENCE: usize = 12;

/// The site with its cap and its runners.
fn days(site: &Site, cap: Option<u32>, runners: u32) -> Vec<RunRecord> {
    let Site { connect, hoststat, backlog, .. } = site;
    let cap = cap.map_or_else(|| "unlimited".to_owned(), |cap| cap.to_string());
    let text = format!(
        "name: A slow receiver\n\
         run: {{ simulate: 12h, drain: off, seed: 42 }}\n\
         mail: {{ arrivals: {{ poisson: {{ rate: 0.1/s }} }}, backlog: {backlog} }}\n\
         proofpoint: {{ queue_runners: {runners}, messages_per_connection: {cap}, hoststat: {hoststat} }}\n\
         exchange_online: {{ service_time: {{ lognormal: {{ mean: 6s, sigma: 0.3 }} }}, \
         connect_time: {connect} }}\n"
    );
    let scenario: Scenario = scenario::parse("site.yaml", &text, Path::new("."), &[])
        .unwrap_or_else(|error| panic!("{error}"));
    let settings = ReplicationSettings::from(&scenario);
    let plan = Plan { params: &scenario.params, settings, repeats: DAYS, jobs: 0 };
    run(&plan, &Silent).expect("nobody stops it")
}

/// What the administrator sees of a setting.
#[derive(Clone, Copy)]
struct Step {
    cap: Option<u32>,
    runners: u32,
    cuts: f64,
    delivered: f64,
}

impl Step {
    fn of(cap: Option<u32>, runners: u32, records: &[RunRecord]) -> Self {
        let evidence = Evidence::new(records, 42);
        let value = |metric| evidence.estimate(metric).point.expect("a value");
        Step {
            cap,
            runners,
            cuts: value(Metric::ConnectionsCut),
            delivered: value(Metric::MessagesDelivered),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cap = self.cap.map_or_else(|| "unlimited".to_owned(), |cap| cap.to_string());
        let Step { runners, cuts, delivered, .. } = self;
        write!(f, "{cap:>9} {runners:>8} {cuts:>8.1} {delivered:>10.0}")
    }
}

/// Follows the procedure. Gives every step, the first of them without a cap, and the days before and after.
fn followed(site: &Site) -> (Vec<Step>, Vec<RunRecord>, Vec<RunRecord>) {
    let (mut cap, mut runners) = (FIRST_CAP, site.runners);
    let before = days(site, None, runners);
    let mut now = days(site, Some(cap), runners);
    let mut steps = vec![Step::of(None, runners, &before), Step::of(Some(cap), runners, &now)];
    // "Start at this value and reduce it if ConnectionReset errors are still logged."
    while steps.last().is_some_and(|step| step.cuts > 0.0) && steps.len() < PATIENCE {
        cap /= 2;
        now = days(site, Some(cap), runners);
        steps.push(Step::of(Some(cap), runners, &now));
    }
    // "Increase the number of queue runners .. to maintain the same message throughput before and after".
    while slower(&now, &before) && steps.len() < PATIENCE {
        runners += 1;
        now = days(site, Some(cap), runners);
        steps.push(Step::of(Some(cap), runners, &now));
    }
    (steps, before, now)
}

/// Whether fewer messages are delivered in a day, as far as these days tell.
fn slower(now: &[RunRecord], before: &[RunRecord]) -> bool {
    let (now, before) = (Evidence::new(now, 42), Evidence::new(before, 42));
    let question = Question { metric: Metric::MessagesDelivered, ours: &now, theirs: &before };
    family(&[question])[0].change() == Change::Lower
}

fn schedule(steps: &[Step]) -> String {
    let mut text = String::from("      cap  runners     cuts  delivered\n");
    steps.iter().for_each(|step| {
        let _ = writeln!(text, "{step}");
    });
    text
}

/// Follows the procedure, holds what it must come to, and gives its steps.
fn ends_well(site: &Site) -> Vec<Step> {
    let (steps, before, now) = followed(site);
    let schedule = schedule(&steps);
    println!("{schedule}");
    let last = steps[steps.len() - 1];
    assert!(steps.len() < PATIENCE, "it does not end:\n{schedule}");
    assert!(steps[0].cuts > 0.0, "there is nothing to mend:\n{schedule}");
    assert!(steps[1].cuts > 0.0, "199 messages of 6 s take 20 minutes:\n{schedule}");
    assert_eq!(last.cap, Some(99), "99 messages of 6 s take 10 minutes:\n{schedule}");
    assert_eq!(last.cuts, 0.0, "{schedule}");
    assert!(!slower(&now, &before), "{schedule}");
    steps
}

#[test]
fn where_cuts_stop_all_mail_the_cap_alone_brings_back_more_than_the_throughput() {
    let steps = ends_well(&AS_DELIVERED);
    let last = steps[steps.len() - 1];
    assert_eq!(last.runners, AS_DELIVERED.runners);
    assert!(last.delivered > 1.1 * steps[0].delivered, "{}", schedule(&steps));
}

#[test]
fn where_connections_are_costly_the_cap_costs_throughput_and_a_runner_more_brings_it_back() {
    let steps = ends_well(&COSTLY_CONNECTIONS);
    let [.., capped, last] = steps[..] else { panic!("{}", schedule(&steps)) };
    assert_eq!(
        (capped.runners, capped.cuts),
        (COSTLY_CONNECTIONS.runners, 0.0),
        "{}",
        schedule(&steps)
    );
    assert!(capped.delivered < steps[0].delivered, "{}", schedule(&steps));
    assert_eq!(last.runners, COSTLY_CONNECTIONS.runners + 1, "{}", schedule(&steps));
}
