//! One replication: the loop in which everything happens.

use crate::engine::Calendar;
use crate::measure::{HostNames, Recorder, RunRecord, Window};
use crate::model::{Context, Observer, Params, World};
use crate::scenario::{Drain, RunSettings};
use crate::units::{SimTime, Span};

/// A drain gives up after this long, even if measured mail is still queued.
const LONGEST_DRAIN: Span = Span::from_hours(5 * 24);

/// Whether to stop is asked once in so many events (wrap-around of the count is harmless).
const EVENTS_BETWEEN_LOOKS: u32 = 1 << 17;

/// How one replication is run, apart from its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplicationSettings {
    /// Measured time.
    pub simulate: Span,
    /// Message metrics cover arrivals from here on.
    pub warm_up: Span,
    /// Go on until the measured mail is out.
    pub drain: bool,
    /// The seed that all streams derive from.
    pub seed: u64,
}

/// As a scenario asks for it.
impl From<&RunSettings> for ReplicationSettings {
    fn from(run: &RunSettings) -> Self {
        ReplicationSettings {
            simulate: run.simulate,
            warm_up: run.warm_up,
            drain: run.drain == Drain::UntilEmpty,
            seed: run.seed,
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
    let bursts = params.workload.bursts.iter().map(|burst| burst.at + burst.over);
    let recorder = Recorder::new(Window {
        from: SimTime::ZERO + settings.warm_up,
        until,
        disturbed_until: bursts.max(),
        runners: u64::from(params.sender.runners) * u64::from(params.sender.agents),
        hosts: HostNames::new(params),
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
    if settings.drain {
        while watching.0.outstanding() > 0
            && let Some((_, event)) = calendar.advance(until + LONGEST_DRAIN)
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
