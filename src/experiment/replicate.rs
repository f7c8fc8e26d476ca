//! One replication: the loop in which everything happens.

use super::parts::parts;
use crate::engine::Calendar;
use crate::measure::{HostNames, Part, Recorder, RunRecord, Window};
use crate::model::params::Action;
use crate::model::{Context, Observer, Params, World};
use crate::scenario::{Drain, RunSettings, Scenario};
use crate::units::{SimTime, Span};

/// Whether to stop is asked once in so many events (wrap-around of the count is harmless).
const EVENTS_BETWEEN_LOOKS: u32 = 1 << 17;

/// How one replication is run, apart from its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicationSettings {
    /// Measured time.
    pub simulate: Span,
    /// Message metrics cover arrivals from here on.
    pub warm_up: Span,
    /// Go on until the measured mail is out, for so long at most; zero: stop at the end.
    pub drain: Span,
    /// The seed that all streams derive from.
    pub seed: u64,
    /// What is measured on its own, beside the whole.
    pub parts: Vec<Part>,
}

/// As a scenario asks for it, with all its parts.
impl From<&Scenario> for ReplicationSettings {
    fn from(scenario: &Scenario) -> Self {
        ReplicationSettings { parts: parts(scenario), ..ReplicationSettings::from(&scenario.run) }
    }
}

/// As a scenario asks for it, the whole alone.
impl From<&RunSettings> for ReplicationSettings {
    fn from(run: &RunSettings) -> Self {
        ReplicationSettings {
            simulate: run.simulate,
            warm_up: run.warm_up,
            drain: match run.drain {
                Drain::Off => Span::ZERO,
                Drain::UntilEmpty => run.longest_drain,
            },
            seed: run.seed,
            parts: Vec::new(),
        }
    }
}

/// Runs replication `replication` and reports it.
pub fn replicate(params: &Params, settings: &ReplicationSettings, replication: u64) -> RunRecord {
    replicate_observed(params, settings, replication, &mut ())
}

/// The same, with an observer of one's own beside the recorder.
pub fn replicate_observed<O: Observer>(
    params: &Params,
    settings: &ReplicationSettings,
    replication: u64,
    observer: &mut O,
) -> RunRecord {
    match replicate_until(params, settings, replication, observer, &|| false) {
        Some(record) => record,
        None => unreachable!("nobody stops it"),
    }
}

/// The same; `stop` is asked now and then, and `None` is what is left when it says yes.
pub(super) fn replicate_until<O: Observer>(
    params: &Params,
    settings: &ReplicationSettings,
    replication: u64,
    observer: &mut O,
    stop: &dyn Fn() -> bool,
) -> Option<RunRecord> {
    let mut events = 0u32;
    let mut stopped = move || {
        events = events.wrapping_add(1);
        events.is_multiple_of(EVENTS_BETWEEN_LOOKS) && stop()
    };
    let until = SimTime::ZERO + settings.simulate;
    let recorder = Recorder::new(Window {
        from: SimTime::ZERO + settings.warm_up,
        until,
        disturbed_until: disturbed_until(params, until),
        runners: runners(params),
        hosts: HostNames::new(params),
        parts: settings.parts.clone(),
    });
    let mut watching = (recorder, observer);
    let mut world = World::new(params, settings.seed, replication);
    let mut calendar = Calendar::new();
    world.start(&mut Context { calendar: &mut calendar, observer: &mut watching });
    while let Some((_, event)) = calendar.advance(until) {
        if stopped() {
            return None;
        }
        world.handle(event, &mut Context { calendar: &mut calendar, observer: &mut watching });
    }
    if !settings.drain.is_zero() {
        while watching.0.outstanding() > 0
            && let Some((_, event)) = calendar.advance(until + settings.drain)
        {
            if stopped() {
                return None;
            }
            world.handle(event, &mut Context { calendar: &mut calendar, observer: &mut watching });
        }
    }
    let trace = calendar.trace().value();
    Some(watching.0.finish(calendar.now(), world.queued(), replication, trace))
}

/// When the last disturbance that begins before `end` is over: a burst, an outage or a change.
fn disturbed_until(params: &Params, end: SimTime) -> Option<SimTime> {
    let bursts = params.workload.bursts.iter().map(|burst| (burst.at, burst.at + burst.over));
    // Settings hold until the next ones; so do the outages they speak of.
    let settings = settings(params);
    let ends = settings.iter().skip(1).map(|(start, _)| *start).chain([SimTime::MAX]);
    let outages = settings.iter().zip(ends).flat_map(|((start, params), end)| {
        let receivers = (0..params.destinations()).map(|number| params.receiver_of(number));
        let outages = receivers.flat_map(|receiver| &receiver.outages);
        outages
            .map(move |outage| (outage.from.max(*start), outage.until.min(end)))
            .filter(|(from, until)| from < until)
    });
    let changes = params.changes.iter().map(|change| (change.at, change.at));
    let all = bursts.chain(outages).chain(changes);
    all.filter(|(from, _)| *from < end).map(|(_, until)| until).max()
}

/// Which settings hold from when on.
fn settings(params: &Params) -> Vec<(SimTime, &Params)> {
    let set = params.changes.iter().filter_map(|change| match &change.action {
        Action::Set(new) => Some((change.at, &**new)),
        Action::ClearHostStatus => None,
    });
    std::iter::once((SimTime::ZERO, params)).chain(set).collect()
}

/// Configured queue runners over all agents, and from when on.
fn runners(params: &Params) -> Vec<(SimTime, u64)> {
    let agents = u64::from(params.sender.agents);
    let of =
        |(start, params): (SimTime, &Params)| (start, u64::from(params.sender.runners) * agents);
    settings(params).into_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::params::{Action, Burst, Change, Destination, Outage, Receiver, Trouble};
    use crate::units::Share;

    fn at(hours: u64) -> SimTime {
        SimTime::ZERO + Span::from_hours(hours)
    }

    fn outage(from: u64, until: u64) -> Outage {
        let (from, until) = (at(from), at(until));
        Outage { front_end: 0, from, until, behaviour: Trouble::Refuse }
    }

    #[test]
    fn recovery_counts_from_the_end_of_the_last_burst_outage_or_change_of_the_run() {
        let mut params = Params::default();
        let until = |params: &Params| disturbed_until(params, at(24));
        assert_eq!(until(&params), None);
        let over = Span::from_hours(1);
        params.workload.bursts = vec![Burst { at: at(2), messages: 1, over }];
        assert_eq!(until(&params), Some(at(3)));
        params.receiver.outages = vec![outage(5, 6), outage(1, 2)];
        assert_eq!(until(&params), Some(at(6)));
        let receiver = Receiver { outages: vec![outage(7, 8)], ..Receiver::default() };
        params.others = vec![Destination { name: "partner".into(), share: Share::ZERO, receiver }];
        assert_eq!(until(&params), Some(at(8)));
        let change = |hours| Change { at: at(hours), action: Action::ClearHostStatus };
        params.changes = vec![change(9), change(30)];
        assert_eq!(until(&params), Some(at(9)), "what comes after the run does not count");
    }

    #[test]
    fn an_outage_and_a_change_each_have_a_recovery_time() {
        let settings = ReplicationSettings {
            simulate: Span::from_hours(6),
            warm_up: Span::ZERO,
            drain: Span::from_hours(120),
            seed: 1,
            parts: Vec::new(),
        };
        let recovery = |params: &Params| replicate(params, &settings, 0).counts.recovery_seconds;
        let mut params = Params::default();
        assert_eq!(recovery(&params), None);
        params.changes = vec![Change { at: at(3), action: Action::ClearHostStatus }];
        assert_eq!(recovery(&params), Some(0.0), "a healthy site stays so");
        params.changes.clear();
        let all = 0..params.receiver.front_ends;
        params.receiver.outages = all.map(|n| Outage { front_end: n, ..outage(2, 3) }).collect();
        assert!(recovery(&params).is_some_and(|seconds| seconds >= 900.0), "mail of the outage");
    }
}
