//! When each host's shared record counted as bad.

use super::record::BlockedHost;
use crate::model::Params;
use crate::model::params::{HostKey, Routing};
use crate::units::{SimTime, Span};
use std::collections::BTreeMap;

/// Spans kept per host for the timeline.
const MOST_SPANS: usize = 10_000;

/// One host's record.
#[derive(Debug, Default)]
struct One {
    /// Bad since, and until when unless something happens.
    now: Option<(SimTime, SimTime)>,
    spans: Vec<(SimTime, SimTime)>,
    total: Span,
}

/// What people call the hosts of a run; the model only numbers their records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostNames {
    agents: u32,
    /// By record.
    names: Vec<String>,
}

impl HostNames {
    /// The names that suit the destinations, the routing and the number of agents.
    pub fn new(params: &Params) -> Self {
        let of = |destination| (0..params.host_records(destination)).map(move |n| (destination, n));
        let records = (0..params.destinations()).flat_map(of);
        let names = records.map(|(destination, number)| host_name(params, destination, number));
        HostNames { agents: params.sender.agents, names: names.collect() }
    }

    fn name(&self, agent: u32, record: usize) -> String {
        let host = self.names.get(record).cloned().unwrap_or_else(|| format!("host {record}"));
        // Each agent has a host status directory of its own.
        if self.agents > 1 { format!("{host} at agent {}", agent + 1) } else { host }
    }
}

/// The name of the host that record `number` of a destination stands for.
fn host_name(params: &Params, destination: usize, number: usize) -> String {
    let by_address = params.sender.host_status.key == HostKey::Address;
    let owner = match destination.checked_sub(1).and_then(|other| params.others.get(other)) {
        Some(other) => &*other.name,
        None => "Exchange Online",
    };
    let host = match params.receiver_of(destination).routing {
        Routing::OneName if !by_address => return owner.to_owned(),
        Routing::MxHosts if !by_address => format!("MX host {}", number + 1),
        _ => format!("address {}", number + 1),
    };
    // Where there is one destination only, everybody knows whose host it is.
    if params.others.is_empty() { host } else { format!("{host} of {owner}") }
}

/// All records, by agent and record number.
#[derive(Debug)]
pub(super) struct BlockedHosts {
    from: SimTime,
    until: SimTime,
    hosts: BTreeMap<(u32, usize), One>,
}

impl BlockedHosts {
    pub(super) fn new(from: SimTime, until: SimTime) -> Self {
        BlockedHosts { from, until, hosts: BTreeMap::new() }
    }

    /// The record is bad until `until`; `None`: it was written, but does not block.
    pub(super) fn marked(
        &mut self,
        now: SimTime,
        agent: u32,
        record: usize,
        until: Option<SimTime>,
    ) {
        let Some(until) = until else { return };
        let window = (self.from, self.until);
        let host = self.hosts.entry((agent, record)).or_default();
        match &mut host.now {
            Some((_, end)) if now <= *end => *end = until,
            _ => {
                host.close(SimTime::MAX, window);
                host.now = Some((now, until));
            }
        }
    }

    pub(super) fn cleared(&mut self, now: SimTime, agent: u32, record: usize) {
        let window = (self.from, self.until);
        if let Some(host) = self.hosts.get_mut(&(agent, record)) {
            host.close(now, window);
        }
    }

    /// Closes what is open; seconds blocked, summed over hosts.
    pub(super) fn finish(&mut self) -> f64 {
        let window = (self.from, self.until);
        self.hosts.values_mut().for_each(|host| host.close(SimTime::MAX, window));
        self.hosts.values().fold(0.0, |sum, host| sum + host.total.seconds())
    }

    /// The spans by host.
    pub(super) fn named(self, names: &HostNames) -> Vec<BlockedHost> {
        let named = |((agent, record), host): ((u32, usize), One)| BlockedHost {
            host: names.name(agent, record),
            spans: host.spans,
        };
        self.hosts.into_iter().map(named).collect()
    }
}

impl One {
    fn close(&mut self, at: SimTime, (from, until): (SimTime, SimTime)) {
        let Some((start, end)) = self.now.take() else { return };
        let (start, end) = (start.max(from), end.min(at).min(until));
        if start < end {
            self.total += end.since(start);
            if self.spans.len() < MOST_SPANS {
                self.spans.push((start, end));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::params::{Destination, Receiver};
    use crate::units::Share;

    fn at(seconds: u64) -> SimTime {
        SimTime::ZERO + Span::from_secs(seconds)
    }

    #[test]
    fn a_mark_lasts_until_it_expires_is_cleared_or_the_window_ends() {
        let mut blocked = BlockedHosts::new(at(0), at(1000));
        blocked.marked(at(10), 0, 0, Some(at(40)));
        blocked.marked(at(50), 0, 0, Some(at(80)));
        blocked.marked(at(60), 0, 0, Some(at(90)));
        blocked.cleared(at(70), 0, 0);
        blocked.marked(at(990), 0, 0, Some(at(1020)));
        blocked.marked(at(995), 0, 1, None);
        assert_eq!(blocked.finish(), 30.0 + 20.0 + 10.0);
        let hosts = blocked.named(&HostNames::new(&Params::default()));
        assert_eq!(hosts.len(), 1);
        assert_eq!(hosts[0].host, "Exchange Online");
        assert_eq!(hosts[0].spans, [(at(10), at(40)), (at(50), at(70)), (at(990), at(1000))]);
    }

    #[test]
    fn hosts_are_called_what_is_dialled() {
        let mut params = Params::default();
        params.sender.agents = 2;
        assert_eq!(HostNames::new(&params).name(1, 0), "Exchange Online at agent 2");
        params.sender.agents = 1;
        params.receiver.routing = Routing::MxHosts;
        assert_eq!(HostNames::new(&params).name(0, 2), "MX host 3");
        params.sender.host_status.key = HostKey::Address;
        assert_eq!(HostNames::new(&params).name(0, 1), "address 2");
    }

    #[test]
    fn each_destination_has_hosts_of_its_own() {
        let mut params = Params::default();
        let names = |params: &Params| HostNames::new(params).names;
        params.receiver.front_ends = 2;
        for (name, routing) in [("partner", Routing::MxHosts), ("archive", Routing::OneName)] {
            let receiver = Receiver { routing, front_ends: 2, ..Receiver::default() };
            let share = Share::ZERO;
            params.others.push(Destination { name: name.into(), share, receiver });
        }
        assert_eq!(
            names(&params),
            ["Exchange Online", "MX host 1 of partner", "MX host 2 of partner", "archive"]
        );
        params.sender.host_status.key = HostKey::Address;
        let addresses = ["Exchange Online", "partner", "archive"]
            .iter()
            .flat_map(|owner| [1, 2].map(|number| format!("address {number} of {owner}")));
        assert_eq!(names(&params), addresses.collect::<Vec<_>>());
    }
}
