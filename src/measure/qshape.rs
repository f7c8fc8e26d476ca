//! The queue at one instant, by age and destination, as Postfix's `qshape` counts it: an observer beside the recorder.
//!
//! At the moment of the longest queue takes two runs: [`Longest`] finds the moment, [`Snapshot`] looks then.

use crate::model::{Observation, Observer};
use crate::units::{SimTime, Span};
use std::collections::BTreeMap;

/// Upper ends of the age classes in minutes, each twice the one before; a last class has no end.
pub const MINUTES: [u64; 9] = [5, 10, 20, 40, 80, 160, 320, 640, 1280];
/// Number of classes.
pub const CLASSES: usize = MINUTES.len() + 1;

/// Messages of one destination, by age: in class i are those younger than `MINUTES[i]`.
pub type ByAge = [u64; CLASSES];

/// What happens to the length of the queue.
fn change(observation: &Observation<'_>) -> i64 {
    match observation {
        Observation::Arrived { .. } => 1,
        Observation::Delivered { .. } | Observation::Bounced { .. } => -1,
        _ => 0,
    }
}

/// When to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// After everything that happens at this instant.
    At(SimTime),
    /// After the change of the queue with this number, from 1, which happens at this instant.
    Change(u64, SimTime),
}

/// Finds the first moment at which the queue is longest.
#[derive(Clone, Debug, Default)]
pub struct Longest {
    from: SimTime,
    length: i64,
    changes: u64,
    longest: i64,
    moment: Option<Moment>,
}

impl Longest {
    /// Looks from `from` on.
    pub fn from(from: SimTime) -> Self {
        Longest { from, ..Longest::default() }
    }

    /// The moment; `None` if the queue was never seen to hold a message.
    pub fn moment(&self) -> Option<Moment> {
        self.moment
    }
}

impl Observer for Longest {
    fn observe(&mut self, now: SimTime, observation: &Observation<'_>) {
        let by = change(observation);
        self.length += by;
        self.changes += u64::from(by != 0);
        if by > 0 && now >= self.from && self.length > self.longest {
            self.longest = self.length;
            self.moment = Some(Moment::Change(self.changes, now));
        }
    }
}

/// Follows the messages that are queued, up to a moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    moment: Moment,
    changes: u64,
    /// Something has happened after the moment.
    past: bool,
    /// When each arrived and where it goes.
    queued: BTreeMap<u64, (SimTime, u16)>,
}

impl Snapshot {
    /// Looks at `moment`.
    pub fn at(moment: Moment) -> Self {
        Snapshot { moment, changes: 0, past: false, queued: BTreeMap::new() }
    }

    /// Whether the run went on beyond the moment.
    pub fn past(&self) -> bool {
        self.past
    }

    /// The instant looked at.
    pub fn instant(&self) -> SimTime {
        match self.moment {
            Moment::At(at) | Moment::Change(_, at) => at,
        }
    }

    /// Messages by age, for each destination that has some.
    pub fn by_destination(&self) -> BTreeMap<u16, ByAge> {
        let mut all: BTreeMap<u16, ByAge> = BTreeMap::new();
        for (created, destination) in self.queued.values() {
            let age = self.instant().since(*created);
            all.entry(*destination).or_default()[class(age)] += 1;
        }
        all
    }
}

fn class(age: Span) -> usize {
    MINUTES.partition_point(|minutes| Span::from_mins(*minutes) <= age)
}

impl Observer for Snapshot {
    fn observe(&mut self, now: SimTime, observation: &Observation<'_>) {
        self.past |= match self.moment {
            Moment::At(at) => now > at,
            Moment::Change(number, _) => self.changes >= number,
        };
        if self.past {
            return;
        }
        self.changes += u64::from(change(observation) != 0);
        match *observation {
            Observation::Arrived { message } => {
                self.queued.insert(message.id, (message.created, message.destination));
            }
            Observation::Delivered { message, .. } | Observation::Bounced { message, .. } => {
                self.queued.remove(&message.id);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::message::Message;
    use crate::model::waiting::Wait;

    fn at(minutes: u64) -> SimTime {
        SimTime::ZERO + Span::from_mins(minutes)
    }

    fn message(id: u64, minutes: u64, destination: u16) -> Message {
        Message {
            id,
            draw_key: id,
            created: at(minutes),
            last_try: at(minutes),
            bytes: 1,
            recipients: 1,
            tries: 0,
            reads: 0,
            agent: 0,
            destination,
            batches_sent: 0,
            wait: Wait::FirstAttempt,
            locked: false,
            warned: false,
            accepted: false,
        }
    }

    /// Three arrive, one of them is delivered at minute 30, one more arrives at 45.
    fn tell(observer: &mut impl Observer) {
        let arrives = |observer: &mut dyn Observer, id, minutes, destination| {
            let message = message(id, minutes, destination);
            observer.observe(at(minutes), &Observation::Arrived { message: &message });
        };
        arrives(observer, 0, 0, 0);
        arrives(observer, 1, 10, 1);
        arrives(observer, 2, 25, 0);
        let gone = message(1, 10, 1);
        observer.observe(at(30), &Observation::Delivered { message: &gone, connection: 0 });
        arrives(observer, 3, 45, 0);
    }

    #[test]
    fn a_message_is_in_the_column_of_the_first_age_that_it_is_younger_than() {
        let minutes = [0, 4, 5, 9, 10, 1279, 1280, 100_000];
        assert_eq!(minutes.map(|age| class(Span::from_mins(age))), [0, 0, 1, 1, 2, 8, 9, 9]);
    }

    #[test]
    fn the_queue_is_seen_as_it_stands_after_all_that_happens_at_an_instant() {
        let seen = |minutes| {
            let mut snapshot = Snapshot::at(Moment::At(at(minutes)));
            tell(&mut snapshot);
            (snapshot.by_destination(), snapshot.past())
        };
        let (all, past) = seen(30);
        assert_eq!(all.into_iter().collect::<Vec<_>>(), [(0, [0, 1, 0, 1, 0, 0, 0, 0, 0, 0])]);
        assert!(past);
        let (all, past) = seen(29);
        assert_eq!(all[&1], [0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
        assert!(past);
        let (all, past) = seen(600);
        assert_eq!(all[&0].iter().sum::<u64>(), 3);
        assert!(!past, "the run was over before");
    }

    #[test]
    fn the_longest_queue_is_looked_at_the_first_time_it_is_reached() {
        let mut longest = Longest::from(SimTime::ZERO);
        tell(&mut longest);
        let moment = longest.moment().expect("mail came");
        assert_eq!(moment, Moment::Change(3, at(25)));
        let mut snapshot = Snapshot::at(moment);
        tell(&mut snapshot);
        let total: u64 = snapshot.by_destination().values().flatten().sum();
        assert_eq!(total, 3);
        assert_eq!(Longest::from(SimTime::ZERO).moment(), None);
        let mut late = Longest::from(at(40));
        tell(&mut late);
        assert_eq!(late.moment(), Some(Moment::Change(5, at(45))));
    }
}
