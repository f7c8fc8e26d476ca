//! The sites that are measured.

use super::clock;
use mailflow::experiment::{ReplicationSettings, replicate, replicate_observed};
use mailflow::measure::RunRecord;
use mailflow::model::{Observation, Observer, Params};
use mailflow::scenario::{self, LoadError, Override, Problems, Scenario};
use mailflow::units::{SimTime, Span};
use std::path::Path;

/// A site, ready to be simulated.
#[derive(Clone)]
pub(crate) struct Site {
    pub(crate) params: Params,
    pub(crate) settings: ReplicationSettings,
}

impl From<Scenario> for Site {
    fn from(scenario: Scenario) -> Self {
        let settings = ReplicationSettings::from(&scenario.run);
        Site { params: scenario.params, settings }
    }
}

impl Site {
    /// One of the scenarios in `scenarios/`, by name.
    pub(crate) fn shipped(name: &str) -> Result<Self, LoadError> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        scenario::load(&root.join("scenarios").join(name).with_extension("yaml"), &[])
            .map(Site::from)
    }

    /// A scenario of one's own.
    pub(crate) fn parse(text: &str, overrides: &[Override]) -> Result<Self, Problems> {
        scenario::parse("site.yaml", text, Path::new("."), overrides).map(Site::from)
    }

    /// Simulates its first day.
    pub(crate) fn day(&self) -> RunRecord {
        replicate(&self.params, &self.settings, 0)
    }

    /// Nanoseconds for each message delivered.
    pub(crate) fn per_delivery(&self) -> f64 {
        let (record, nanos) = clock::timed(|| self.day());
        nanos / record.counts.deliveries_simulated as f64
    }
}

/// A queue that stands, and queue runs that list all of it. What a run costs is the difference between many of
/// them and one.
pub(crate) struct Backlog {
    site: Site,
    one: Span,
    many: Span,
}

/// Messages listed in the longer of the two simulations, in at least [`RUNS`] runs.
const LISTED: u64 = 2_000_000;
const RUNS: u64 = 6;

impl Backlog {
    /// Nobody answers all day: each run tries one message at most and skips the others, a millisecond each.
    pub(crate) fn skipping(messages: u64) -> Result<Self, Problems> {
        let trouble = "exchange_online: { outages: [
  { front_end: 1, from: 00:00, until: 24h, behaviour: refuse },
  { front_end: 2, from: 00:00, until: 24h, behaviour: refuse },
  { front_end: 3, from: 00:00, until: 24h, behaviour: refuse } ] }";
        // The list is worked off before the next run.
        Backlog::new(messages, 1, messages / 500 + 1, trouble)
    }

    /// Each message takes an hour, and a run starts every minute: it lists everything and tries next to nothing.
    pub(crate) fn listing(messages: u64) -> Result<Self, Problems> {
        let slow = "exchange_online: { service_time: { fixed: 1h } }";
        Backlog::new(messages, 1, 60, slow)
    }

    fn new(messages: u64, runners: u32, seconds: u64, more: &str) -> Result<Self, Problems> {
        let text = format!(
            "name: Backlog\nmail: {{ arrivals: none, backlog: {messages} }}\nproofpoint:\n  \
             queue_runs: periodic\n  queue_runners: {runners}\n  retry_interval: {seconds}s\n  \
             first_run_at: 0s\nrun: {{ drain: off }}\n{more}\n"
        );
        let interval = Span::from_secs(seconds);
        let many = interval * RUNS.max(LISTED / messages);
        Ok(Backlog { site: Site::parse(&text, &[])?, one: interval, many })
    }

    /// Nanoseconds for each message that a run lists.
    pub(crate) fn per_listed(&self) -> f64 {
        let (one, many) = (self.simulate(self.one), self.simulate(self.many));
        (many.1 - one.1) / (many.0 - one.0) as f64
    }

    /// Nanoseconds for each message in queue, of two runs and all that comes before.
    pub(crate) fn twice(&self) -> f64 {
        let (listed, nanos) = self.simulate(self.one * 2);
        2.0 * nanos / listed as f64
    }

    /// Messages listed until just before `until`, and the nanoseconds that it took.
    fn simulate(&self, until: Span) -> (u64, f64) {
        let simulate = Span::from_nanos(until.nanos() - 1);
        let settings = ReplicationSettings { simulate, ..self.site.settings.clone() };
        let mut listed = Listed(0);
        let run = || replicate_observed(&self.site.params, &settings, 0, &mut listed);
        let (_, nanos) = clock::timed(run);
        (listed.0, nanos)
    }
}

/// Counts the messages that queue runs list.
struct Listed(u64);

impl Observer for Listed {
    fn observe(&mut self, _: SimTime, observation: &Observation<'_>) {
        if let Observation::RunStarted { listed, .. } = observation {
            self.0 += listed;
        }
    }
}
