//! What the receiver's limits and a host's lock allow, over the history of all connections.

use super::{Checker, Host, Passage, What};
use std::collections::{BTreeMap, BTreeSet};

impl Checker {
    /// The receiver's limits and the lock of `SingleThreadDelivery`, over all connections that were let in.
    pub(super) fn limits(&self) {
        // A connection opened while others were allowed holds no lock.
        let alone = self.settings.iter().all(|settings| {
            settings.sender.single_thread_delivery && settings.sender.host_status.enabled
        });
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
