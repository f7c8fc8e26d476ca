//! One delivery by one process: may I, and on which connection?
//!
//! For a host: an open connection is used unless it is spent (cap reached or idle too long); else the
//! process's memory decides; else a connection is opened. MODEL.md 5.1-5.5. The parameters stand with
//! [`Connection`](crate::model::connection) and [`host_status`](super::host_status); how the transaction
//! goes is told in `transact.rs`, what a connection's end leaves behind in `closing.rs`.
//!
//! Left out: delivery to several hosts at once; Sendmail tries them one after the other.

use super::host_status::Memory;
use super::outcome::LastStatus;
use super::process::{FailedSession, Pending};
use crate::model::connection::session::{self, Session, SessionEnding};
use crate::model::connection::{Closed, Connection, lifetime};
use crate::model::event::{Context, Event};
use crate::model::exchange::conditions;
use crate::model::observation::{Observation, Observer};
use crate::model::params::{AddressOrder, HostKey};
use crate::model::world::{Host, World};
use crate::units::SimTime;

impl World {
    /// Tries `host` for the message in hand; false when it is skipped, true when an event will follow.
    pub(super) fn try_host<O: Observer>(
        &mut self,
        id: u32,
        host: usize,
        cx: &mut Context<'_, O>,
    ) -> bool {
        let process = &self.processes.slots[id as usize];
        if let Some(index) = process.connections.iter().position(|c| c.host == host) {
            let sender = &process.settings.sender;
            let (cap, idle) = (sender.messages_per_connection, sender.cache_idle);
            if !process.connections[index].is_spent(cx.now(), cap, idle) {
                self.transact(id, index, cx.now(), true, cx);
                return true;
            }
            self.quit(id, index, cx);
        }
        // Keyed by address, each address is asked about when it is dialled.
        if !self.keyed_by_address() && !self.may_try(id, host, cx.now())
            || self.is_locked_by_other(id, host)
        {
            return false;
        }
        self.connect(id, host, cx)
    }

    pub(super) fn keyed_by_address(&self) -> bool {
        self.params.sender.host_status.key == HostKey::Address
    }

    /// The host status record of `front_end` of `host`.
    fn record(&self, host: usize, front_end: u32) -> usize {
        if self.keyed_by_address() {
            self.hosts[host].first_record + front_end as usize
        } else {
            host
        }
    }

    /// The destination that a host status record stands for.
    pub(in crate::model) fn destination_of(&self, record: usize) -> usize {
        let host = if self.keyed_by_address() {
            self.hosts.partition_point(|host| host.first_record <= record) - 1
        } else {
            record
        };
        self.hosts[host].destination
    }

    /// What the process remembers of `record`, loaded from disk at its first touch; a mark that has
    /// expired is forgotten. Rules: MODEL.md 5.3, 5.4.
    fn may_try(&mut self, id: u32, record: usize, now: SimTime) -> bool {
        let process = &mut self.processes.slots[id as usize];
        let memory = &mut process.memory[record];
        if *memory == Memory::Untouched {
            let policy = process.settings.sender.host_status;
            *memory = self.agents[process.agent as usize].host_status.load(record, now, policy);
        }
        let allowed = memory.allows(now);
        if allowed {
            *memory = Memory::Good;
        }
        allowed
    }

    /// `SingleThreadDelivery`: another process is connected to the host. Rule: MODEL.md 6.6.
    fn is_locked_by_other(&mut self, id: u32, host: usize) -> bool {
        let process = &self.processes.slots[id as usize];
        let (agent, sender) = (process.agent as usize, &process.settings.sender);
        if !(sender.single_thread_delivery && sender.host_status.enabled) {
            return false;
        }
        self.agents[agent].locks[host].is_some_and(|holder| holder != id)
    }

    /// Dials the addresses of `host`; false when each of them is to be skipped.
    fn connect<O: Observer>(&mut self, id: u32, host: usize, cx: &mut Context<'_, O>) -> bool {
        let dialled = self.exchanges[self.hosts[host].destination].dialled();
        let mut addresses = self.address_order(host, dialled);
        if self.keyed_by_address() {
            addresses.retain(|address| {
                let record = self.record(host, *address);
                self.may_try(id, record, cx.now())
            });
        }
        let any = !addresses.is_empty();
        if any {
            self.dial(id, host, dialled, &addresses, cx);
        }
        self.addresses = addresses;
        any
    }

    /// The addresses of `host` in the order in which dialling number `dialled` tries them.
    fn address_order(&mut self, host: usize, dialled: u64) -> Vec<u32> {
        let host = self.hosts[host];
        let mut addresses = std::mem::take(&mut self.addresses);
        addresses.clear();
        addresses.extend(host.first..host.first + host.count);
        match self.params.receiver_of(host.destination).address_order {
            AddressOrder::AsListed => {}
            AddressOrder::Rotating => {
                addresses.rotate_left((dialled % u64::from(host.count.max(1))) as usize);
            }
            AddressOrder::Random => {
                let key = dialled * self.host_spans.len() as u64 + host.destination as u64;
                self.streams.addresses.at(key).shuffle(&mut addresses);
            }
        }
        addresses
    }

    /// Opens a connection to the first of `addresses` that connect() reaches, and starts the transaction.
    fn dial<O: Observer>(
        &mut self,
        id: u32,
        host: usize,
        dialled: u64,
        addresses: &[u32],
        cx: &mut Context<'_, O>,
    ) {
        self.make_room(id, cx);
        let now = cx.now();
        let (agent, process) = (self.processes.at(id).agent, self.processes.at(id).number);
        self.agents[agent as usize].locks[host] = Some(id);
        let destination = self.hosts[host].destination;
        if self.exchanges[destination].is_full(self.params.receiver_of(destination), agent) {
            self.take_stock(destination, cx);
        } else if self.open_undisturbed(id, (host, addresses[0]), cx) {
            return;
        }
        let session = self.session(id, host, dialled, addresses, now);
        for &front_end in addresses.iter().take(session.refused as usize) {
            cx.observe(Observation::ConnectionRefused { agent, process, destination, front_end });
        }
        if self.keyed_by_address() && session.front_end.is_some() {
            // To a record of its own, one address is all addresses. MODEL.md 6.1, 6.6.
            for address in addresses.iter().take(session.refused as usize) {
                self.mark(id, self.record(host, *address), true, cx);
            }
        }
        let number = self.processes.connections_opened;
        if let Some(front_end) = session.front_end {
            self.processes.connections_opened += 1;
            cx.observe(Observation::ConnectionOpened {
                agent,
                process,
                connection: number,
                destination,
                front_end,
                greeted: session.ending == SessionEnding::Ready,
            });
        }
        let ends = now + session.takes;
        let opened_at = now + session.connected_after;
        match (session.ending, session.front_end) {
            (SessionEnding::Ready, Some(front_end)) => {
                self.open(id, (host, front_end), (number, dialled), opened_at);
                let index = self.processes.at(id).connections.len() - 1;
                self.transact(id, index, ends, false, cx);
            }
            (ending, front_end) => {
                let reached = front_end.map(|front_end| (front_end, number));
                let failed = FailedSession { host, reached, opened_at, ending };
                self.processes.at(id).pending = Pending::Session(failed);
                cx.schedule(ends, Event::ProcessReady { process: id });
            }
        }
    }

    fn session(
        &mut self,
        id: u32,
        host: usize,
        dialled: u64,
        addresses: &[u32],
        now: SimTime,
    ) -> Session {
        let destination = self.hosts[host].destination;
        let agent = self.processes.at(id).agent;
        let receiver = self.params.receiver_of(destination);
        let exchange = &self.exchanges[destination];
        let mean = receiver.connect_time;
        let connect_time =
            self.laboratory.as_ref().map_or(mean, |machine| machine.connect_time(mean, dialled));
        let timeouts = &self.processes.slots[id as usize].settings.sender.timeouts;
        session::open(
            addresses.iter().copied(),
            |front_end| {
                let machine = exchange.machine(receiver, front_end, dialled);
                exchange.greeting(receiver, (front_end, machine), agent, now)
            },
            self.params.network.round_trip,
            connect_time,
            timeouts,
        )
    }

    /// Closes the least recently used connection when the cache is full.
    fn make_room<O: Observer>(&mut self, id: u32, cx: &mut Context<'_, O>) {
        let size = self.processes.at(id).settings.sender.cache_size.max(1) as usize;
        while self.processes.at(id).connections.len() >= size {
            let connections = &self.processes.at(id).connections;
            let oldest = (0..connections.len()).min_by_key(|index| connections[*index].last_used);
            self.quit(id, oldest.unwrap_or(0), cx);
        }
    }

    /// The connection is open: its end by the receiver is settled here. Rule: MODEL.md 7.2.
    fn open(
        &mut self,
        id: u32,
        (host, front_end): (usize, u32),
        (number, dialled): (u64, u64),
        opened_at: SimTime,
    ) {
        let destination = self.hosts[host].destination;
        let receiver = self.params.receiver_of(destination);
        let by_lifetime = lifetime::cut_at(
            opened_at,
            receiver.connection_lifetime,
            receiver.lifetime_jitter,
            || self.streams.jitter.uniform(number),
        );
        let by_lifetime = match &self.laboratory {
            Some(machine) => by_lifetime + machine.cut_late(number),
            None => by_lifetime,
        };
        let by_outage = conditions::next_disconnect(&receiver.outages, front_end, opened_at);
        let machine = self.exchanges[destination].trouble(receiver, front_end, dialled);
        let record = self.record(host, front_end);
        let process = self.processes.at(id);
        let agent = process.agent;
        process.connections.push(Connection {
            number,
            host,
            record,
            front_end,
            opened_at,
            cut_at: by_outage.map_or(by_lifetime, |outage| outage.min(by_lifetime)),
            lifetime_ends: by_lifetime,
            cut: receiver.cut,
            ends_by_outage: by_outage.is_some_and(|outage| outage < by_lifetime),
            machine,
            carried: 0,
            last_used: opened_at,
            last_status: LastStatus::Good,
            given_up: false,
        });
        self.exchanges[destination].opened(agent);
    }

    /// No connection came about: the host is bad from now on. Rule: MODEL.md 6.1, first row.
    pub(super) fn session_failed<O: Observer>(
        &mut self,
        id: u32,
        failed: FailedSession,
        cx: &mut Context<'_, O>,
    ) {
        let FailedSession { host, reached, opened_at, ending } = failed;
        let (agent, process) = (self.processes.at(id).agent, self.processes.at(id).number);
        let destination = self.hosts[host].destination;
        self.unlock(id, host);
        if let (SessionEnding::Greeting421, Some((front_end, _))) = (ending, reached) {
            cx.observe(Observation::ConnectionRefused { agent, process, destination, front_end });
        }
        let reason = match ending {
            SessionEnding::Reset => Closed::ResetAtGreeting,
            _ => Closed::SessionFailed,
        };
        if let Some((front_end, connection)) = reached {
            cx.observe(Observation::ConnectionClosed {
                agent,
                process,
                connection,
                destination,
                reason,
                opened_at,
                carried: 0,
                given_up: false,
            });
            self.mark(id, self.record(host, front_end), true, cx);
        } else {
            // connect() failed on every address: by name one record, by address all of them.
            let Host { first, count, .. } = self.hosts[host];
            let records = if self.keyed_by_address() { count } else { 1 };
            for front_end in first..first + records {
                self.mark(id, self.record(host, front_end), true, cx);
            }
        }
        self.failed_on_this_host(id);
    }

    /// The attempt has touched a host in vain and goes on with the next one.
    pub(super) fn failed_on_this_host(&mut self, id: u32) {
        if let Some(attempt) = &mut self.processes.at(id).attempt {
            attempt.position += 1;
            attempt.reached = true;
        }
    }
}
