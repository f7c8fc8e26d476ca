//! Who came to the receiver and when they left: its limits, and the lock of `SingleThreadDelivery`.

use std::collections::{BTreeMap, BTreeSet};

/// A destination and a host of it.
pub(crate) type Host = (usize, usize);

/// An opening or an end of a connection.
pub(crate) struct Passage {
    pub(crate) connection: u64,
    pub(crate) agent: u32,
    pub(crate) host: Host,
    pub(crate) what: What,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum What {
    /// With the limits over all agents and for this one.
    Opens([Option<u32>; 2]),
    /// The receiver has ended it while the sender still held it.
    GivenUp,
    Closes,
}

/// Openings and ends in order, with what became of each connection: whether it was let in is known only at
/// its end.
#[derive(Default)]
pub(crate) struct Passages {
    history: Vec<Passage>,
    turned_away: BTreeMap<u64, bool>,
}

impl Passages {
    pub(crate) fn add(&mut self, passage: Passage) {
        self.history.push(passage);
    }

    pub(crate) fn ended(&mut self, connection: u64, turned_away: bool) {
        self.turned_away.insert(connection, turned_away);
    }

    /// The receiver's limits and the lock of `SingleThreadDelivery`, over all connections that were let in.
    /// `alone`: no two connections of one agent to one host are allowed.
    pub(crate) fn limits(&self, alone: bool) {
        let (mut held, mut open): (BTreeMap<(u32, Host), u32>, _) = Default::default();
        let mut given_up = BTreeSet::new();
        for Passage { connection, agent, host, what } in &self.history {
            // Of those still open at the end nobody can say yet.
            if self.turned_away.get(connection) != Some(&false) {
                continue;
            }
            let held = held.entry((*agent, *host)).or_default();
            let counted: &mut BTreeMap<(u32, Host), u32> = &mut open;
            let own = counted.entry((*agent, *host)).or_default();
            let [most, most_per_source] = match what {
                What::Opens(limits) => *limits,
                What::GivenUp => {
                    assert!(given_up.insert(*connection), "given up twice");
                    *own -= 1;
                    continue;
                }
                What::Closes => {
                    *held -= 1;
                    *own -= u32::from(!given_up.contains(connection));
                    continue;
                }
            };
            (*held, *own) = (*held + 1, *own + 1);
            assert!(!alone || *held == 1, "two connections where one process may hold the host");
            let here = || open.iter().filter(|((_, (destination, _)), _)| *destination == host.0);
            let all: u32 = here().map(|(_, n)| n).sum();
            let of_agent = here().filter(|((other, _), _)| other == agent);
            let of_agent: u32 = of_agent.map(|(_, n)| n).sum();
            assert!(most_per_source.is_none_or(|most| of_agent <= most));
            assert!(most.is_none_or(|most| all <= most), "{all} connections");
        }
    }
}
