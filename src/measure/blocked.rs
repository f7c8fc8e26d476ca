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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostNames {
    agents: u32,
    kind: Kind,
}

/// What a record stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The one name that is dialled.
    OneName,
    MxHost,
    Address,
}

impl HostNames {
    /// The names that suit the routing and the number of agents.
    pub fn new(params: &Params) -> Self {
        let by_address = params.sender.host_status.key == HostKey::Address;
        let kind = match params.receiver.routing {
            _ if by_address => Kind::Address,
            Routing::OneName => Kind::OneName,
            Routing::MxHosts => Kind::MxHost,
            Routing::Addresses => Kind::Address,
        };
        HostNames { agents: params.sender.agents, kind }
    }

    fn name(self, agent: u32, record: usize) -> String {
        let host = match self.kind {
            Kind::OneName => "Exchange Online".to_owned(),
            Kind::MxHost => format!("MX host {}", record + 1),
            Kind::Address => format!("address {}", record + 1),
        };
        // Each agent has a host status directory of its own.
        if self.agents > 1 { format!("{host} at agent {}", agent + 1) } else { host }
    }
}

/// All records, by agent and record number.
#[derive(Debug)]
pub(super) struct BlockedHosts {
    from: SimTime,
    until: SimTime,
    names: HostNames,
    hosts: BTreeMap<(u32, usize), One>,
}

impl BlockedHosts {
    pub(super) fn new(from: SimTime, until: SimTime, names: HostNames) -> Self {
        BlockedHosts { from, until, names, hosts: BTreeMap::new() }
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

    /// Seconds blocked, summed over hosts, and the spans.
    pub(super) fn finish(mut self) -> (f64, Vec<BlockedHost>) {
        let mut seconds = 0.0;
        let mut list = Vec::new();
        for ((agent, record), host) in &mut self.hosts {
            host.close(SimTime::MAX, (self.from, self.until));
            seconds += host.total.seconds();
            let spans = std::mem::take(&mut host.spans);
            list.push(BlockedHost { host: self.names.name(*agent, *record), spans });
        }
        (seconds, list)
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

    fn at(seconds: u64) -> SimTime {
        SimTime::ZERO + Span::from_secs(seconds)
    }

    #[test]
    fn a_mark_lasts_until_it_expires_is_cleared_or_the_window_ends() {
        let mut blocked = BlockedHosts::new(at(0), at(1000), HostNames::new(&Params::default()));
        blocked.marked(at(10), 0, 0, Some(at(40)));
        blocked.marked(at(50), 0, 0, Some(at(80)));
        blocked.marked(at(60), 0, 0, Some(at(90)));
        blocked.cleared(at(70), 0, 0);
        blocked.marked(at(990), 0, 0, Some(at(1020)));
        blocked.marked(at(995), 0, 1, None);
        let (seconds, hosts) = blocked.finish();
        assert_eq!(seconds, 30.0 + 20.0 + 10.0);
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
}
