//! Everything that can happen next.

use super::observation::{Observation, Observer};
use crate::engine::{Calendar, Phase, Timer};
use crate::units::SimTime;

/// An event of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The workload's next message arrives.
    Arrival,
    /// A process goes on with what it has pending.
    ProcessReady {
        /// Its slot.
        process: u32,
    },
    /// A queue run is due.
    RunDue {
        /// Whose.
        agent: u32,
    },
    /// A transfer over the shared link ends.
    LinkDone,
    /// An administrator acts.
    Change {
        /// Its place in the list of changes.
        number: u32,
    },
}

impl Event {
    /// Within one instant, an administrator's change goes first; then work that ends, for it frees messages and connections; arrivals go
    /// before runs, so that a run lists the mail of its own instant.
    fn phase(self) -> Phase {
        match self {
            Event::Change { .. } => Phase(0),
            Event::ProcessReady { .. } | Event::LinkDone => Phase(1),
            Event::Arrival => Phase(2),
            Event::RunDue { .. } => Phase(3),
        }
    }
}

/// What a handler may use: the calendar and whoever watches.
pub struct Context<'a, O> {
    /// What happens next.
    pub calendar: &'a mut Calendar<Event>,
    /// Who is told.
    pub observer: &'a mut O,
}

impl<O: Observer> Context<'_, O> {
    /// The current instant.
    #[inline]
    pub fn now(&self) -> SimTime {
        self.calendar.now()
    }

    /// Schedules an event in its phase.
    pub fn schedule(&mut self, at: SimTime, event: Event) {
        self.calendar.schedule(at, event.phase(), event);
    }

    /// Schedules an event that may be cancelled.
    pub fn schedule_timer(&mut self, at: SimTime, event: Event) -> Timer {
        self.calendar.schedule_timer(at, event.phase(), event)
    }

    /// Tells the observer.
    #[inline(always)]
    pub fn observe(&mut self, observation: Observation<'_>) {
        self.observer.observe(self.calendar.now(), &observation);
    }
}
