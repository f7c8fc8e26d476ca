//! One delivery by one process: may I, on which connection, and what follows from how it ends.
//!
//! For a host: an open connection is used unless it is spent (cap reached or idle too long); else the
//! process's memory decides; else a connection is opened. MODEL.md 5.1-5.7. The parameters stand with
//! [`Connection`](crate::model::connection) and [`host_status`](super::host_status).

use super::host_status::Memory;
use super::outcome::{self, After, Fate, LastStatus};
use super::process::{FailedSession, Pending};
use crate::model::connection::session::{self, SessionEnding};
use crate::model::connection::transaction::{Course, Ending, Hangup, Transaction};
use crate::model::connection::{Closed, Connection, lifetime};
use crate::model::event::{Context, Event};
use crate::model::observation::{Observation, Observer};
use crate::model::params::{AddressOrder, Cut, HostKey, SmtpPhase};
use crate::model::world::World;
use crate::units::{SimTime, Span};

impl World {
    /// Tries `host` for the message in hand; false when it is skipped, true when an event will follow.
    pub(super) fn try_host<O: Observer>(
        &mut self,
        id: u32,
        host: usize,
        cx: &mut Context<'_, O>,
    ) -> bool {
        let open = self.processes.at(id).connections.iter().position(|c| c.host == host);
        if let Some(index) = open {
            let (cap, idle) =
                (self.params.sender.messages_per_connection, self.params.sender.cache_idle);
            if !self.processes.at(id).connections[index].is_spent(cx.now(), cap, idle) {
                self.transact(id, index, cx.now(), true, cx);
                return true;
            }
            self.quit(id, index, cx);
        }
        // Keyed by address, each address is asked about when it is dialled.
        let by_name = self.params.sender.host_status.key == HostKey::HostName;
        if by_name && !self.may_try(id, host, cx.now()) || self.is_locked_by_other(id, host) {
            return false;
        }
        self.connect(id, host, cx)
    }

    /// What the process remembers of `record`, loaded from disk at its first touch; a mark that has
    /// expired is forgotten. Rules: MODEL.md 5.3, 5.4.
    fn may_try(&mut self, id: u32, record: usize, now: SimTime) -> bool {
        let process = self.processes.at(id);
        let agent = process.agent as usize;
        let mut memory = process.memory[record];
        if memory == Memory::Untouched {
            memory = self.agents[agent].host_status.load(record, now);
        }
        let allowed = memory.allows(now);
        self.processes.at(id).memory[record] = if allowed { Memory::Good } else { memory };
        allowed
    }

    /// `SingleThreadDelivery`: another process is connected to the host. Rule: MODEL.md 6.6.
    fn is_locked_by_other(&mut self, id: u32, host: usize) -> bool {
        let sender = &self.params.sender;
        if !(sender.single_thread_delivery && sender.host_status.enabled) {
            return false;
        }
        let agent = self.processes.at(id).agent as usize;
        self.agents[agent].locks[host].is_some_and(|holder| holder != id)
    }

    /// Dials the addresses of `host`; false when each of them is to be skipped.
    fn connect<O: Observer>(&mut self, id: u32, host: usize, cx: &mut Context<'_, O>) -> bool {
        let mut addresses = self.address_order(host);
        if self.params.sender.host_status.key == HostKey::Address {
            addresses.retain(|address| self.may_try(id, *address as usize, cx.now()));
            if addresses.is_empty() {
                return false;
            }
        }
        self.dial(id, host, &addresses, cx);
        self.addresses = addresses;
        true
    }

    /// Opens a connection to the first of `addresses` that connect() reaches, and starts the transaction.
    fn dial<O: Observer>(
        &mut self,
        id: u32,
        host: usize,
        addresses: &[u32],
        cx: &mut Context<'_, O>,
    ) {
        self.make_room(id, cx);
        let agent = self.processes.at(id).agent;
        let (receiver, round_trip) = (&self.params.receiver, self.params.network.round_trip);
        let session = session::open(
            addresses.iter().copied(),
            |front_end| self.exchange.greeting(receiver, front_end, agent),
            round_trip,
            receiver.connect_time,
            &self.params.sender.timeouts,
        );
        for _ in 0..session.refused {
            cx.observe(Observation::ConnectionRefused { agent });
        }
        let number = self.processes.connections_opened;
        let process = self.processes.at(id).number;
        if let Some(front_end) = session.front_end {
            self.processes.connections_opened += 1;
            cx.observe(Observation::ConnectionOpened {
                agent,
                process,
                connection: number,
                front_end,
            });
        }
        let ends = cx.now() + session.takes;
        let opened_at = cx.now() + session.connected_after;
        match (session.ending, session.front_end) {
            (SessionEnding::Ready, Some(front_end)) => {
                self.open(id, host, front_end, number, opened_at);
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

    /// The addresses of `host` in the order in which this connection tries them.
    fn address_order(&mut self, host: usize) -> Vec<u32> {
        let host = self.hosts[host];
        let mut addresses = std::mem::take(&mut self.addresses);
        addresses.clear();
        addresses.extend(host.first..host.first + host.count);
        let dialled = self.exchange.dialled();
        match self.params.receiver.address_order {
            AddressOrder::AsListed => {}
            AddressOrder::Rotating => {
                addresses.rotate_left((dialled % u64::from(host.count.max(1))) as usize);
            }
            AddressOrder::Random => self.streams.addresses.at(dialled).shuffle(&mut addresses),
        }
        addresses
    }

    /// Closes the least recently used connection when the cache is full.
    fn make_room<O: Observer>(&mut self, id: u32, cx: &mut Context<'_, O>) {
        let size = self.params.sender.cache_size.max(1) as usize;
        while self.processes.at(id).connections.len() >= size {
            let connections = &self.processes.at(id).connections;
            let oldest = (0..connections.len()).min_by_key(|index| connections[*index].last_used);
            self.quit(id, oldest.unwrap_or(0), cx);
        }
    }

    fn open(&mut self, id: u32, host: usize, front_end: u32, number: u64, opened_at: SimTime) {
        let receiver = &self.params.receiver;
        let cut_at = lifetime::cut_at(
            opened_at,
            receiver.connection_lifetime,
            receiver.lifetime_jitter,
            || self.streams.jitter.uniform(number),
        );
        let record = match self.params.sender.host_status.key {
            HostKey::HostName => host,
            HostKey::Address => front_end as usize,
        };
        let process = self.processes.at(id);
        let agent = process.agent;
        process.connections.push(Connection {
            number,
            host,
            record,
            front_end,
            opened_at,
            cut_at,
            carried: 0,
            last_used: opened_at,
            last_status: LastStatus::Good,
        });
        self.agents[agent as usize].locks[host] = Some(id);
        self.exchange.opened(agent);
    }

    /// Starts the transaction of the message in hand; its end is an event.
    fn transact<O: Observer>(
        &mut self,
        id: u32,
        index: usize,
        start: SimTime,
        probe: bool,
        cx: &mut Context<'_, O>,
    ) {
        let process = self.processes.at(id);
        let (connection, attempt) = (process.connections[index], process.attempt);
        let Some(attempt) = attempt else { return };
        let message = *self.messages.at(attempt.slot);
        let (receiver, network) = (&self.params.receiver, &self.params.network);
        let mut draws = self.streams.service.at_part(message.draw_key, u64::from(message.tries));
        let mut transaction = Transaction {
            start,
            probe,
            round_trip: network.round_trip,
            body: network.bandwidth.transfer_time(u64::from(message.bytes)),
            overhead: overhead_at(&receiver.message_overhead, start),
            service: Span::from_seconds(receiver.service_time.draw(&mut draws)),
            refusal: self.refusal(message.draw_key, message.tries),
            cut_at: connection.cut_at,
            cut: receiver.cut,
            commit: receiver.commit,
        };
        let idle_end = receiver.idle_timeout.map(|idle| connection.last_used + idle);
        let idle_end = idle_end.filter(|end| probe && *end < start.min(connection.cut_at));
        if let Some(idle_end) = idle_end {
            (transaction.cut_at, transaction.cut) = (idle_end, Cut::Unsolicited421);
        }
        let (at, pending) = match transaction.run() {
            Course::FoundCut { at, how } => {
                let by_lifetime = closed_by_cut(how);
                let reason = idle_end.map_or(by_lifetime, |_| Closed::IdleTimeout);
                (at, Pending::Probe { index, how, reason })
            }
            Course::Took { until, ending, accepted_at, sent } => {
                (until, Pending::Transaction { index, ending, accepted_at, sent })
            }
        };
        self.processes.at(id).pending = pending;
        cx.schedule(at, Event::ProcessReady { process: id });
    }

    /// The first temporary refusal that chance has in store for this try, by phase.
    fn refusal(&self, draw_key: u64, tries: u32) -> Option<(SmtpPhase, u16)> {
        let deferrals = &self.params.receiver.deferrals;
        if deferrals.is_empty() {
            return None;
        }
        let mut draws = self.streams.refusals.at_part(draw_key, u64::from(tries));
        let struck = deferrals.iter().filter(|deferral| draws.uniform() < deferral.chance.value());
        struck.map(|deferral| (deferral.at, deferral.code)).min_by_key(|(phase, _)| *phase)
    }

    /// No connection came about: the host is bad from now on. Rule: MODEL.md 6.1, first row.
    pub(super) fn session_failed<O: Observer>(
        &mut self,
        id: u32,
        failed: FailedSession,
        cx: &mut Context<'_, O>,
    ) {
        let FailedSession { host, reached, opened_at, ending } = failed;
        let agent = self.processes.at(id).agent;
        if ending == SessionEnding::Greeting421 {
            cx.observe(Observation::ConnectionRefused { agent });
        }
        if let Some((_, connection)) = reached {
            cx.observe(Observation::ConnectionClosed {
                agent,
                connection,
                reason: match ending {
                    SessionEnding::Reset => Closed::ResetAtGreeting,
                    _ => Closed::SessionFailed,
                },
                opened_at,
                carried: 0,
            });
        }
        match (self.params.sender.host_status.key, reached) {
            (HostKey::HostName, _) => self.mark(id, host, true, cx),
            (HostKey::Address, Some((front_end, _))) => self.mark(id, front_end as usize, true, cx),
            (HostKey::Address, None) => {
                let host = self.hosts[host];
                for address in host.first..host.first + host.count {
                    self.mark(id, address as usize, true, cx);
                }
            }
        }
        self.failed_on_this_host(id);
    }

    /// The probe found the connection cut: nothing is lost, the same host is dialled anew. A bare reset
    /// still leaves a bad record on disk until this process's next clean close. Rule: MODEL.md 5.2.
    pub(super) fn probe_failed<O: Observer>(
        &mut self,
        id: u32,
        index: usize,
        (how, reason): (Hangup, Closed),
        cx: &mut Context<'_, O>,
    ) {
        let connection = self.forget(id, index, reason, cx);
        if how == Hangup::Reset {
            self.mark(id, connection.record, false, cx);
        }
    }

    /// A transaction has ended; true when the attempt goes on with the next host.
    pub(super) fn transaction_ended<O: Observer>(
        &mut self,
        id: u32,
        index: usize,
        (ending, accepted_at, sent): (Ending, Option<SimTime>, f64),
        cx: &mut Context<'_, O>,
    ) -> bool {
        let Some(slot) = self.processes.at(id).attempt.map(|attempt| attempt.slot) else {
            return false;
        };
        self.settle_acceptance(slot, accepted_at, cx);
        let outcome = outcome::outcome(&ending, self.params.sender.host_status.marks);
        if outcome.fate != Fate::Delivered {
            let message = self.messages.at(slot);
            let sent = (f64::from(message.bytes) * sent).round() as u64;
            cx.observe(Observation::TransactionFailed { message, ending, sent });
        }
        let connection = &mut self.processes.at(id).connections[index];
        connection.carried += 1;
        connection.last_used = cx.now();
        connection.last_status = outcome.status.unwrap_or(connection.last_status);
        let record = connection.record;
        let reason = match ending {
            Ending::Cut { how, .. } => closed_by_cut(how),
            Ending::Accepted | Ending::Refused { .. } => Closed::Refused421,
        };
        match outcome.after {
            After::Keep => {}
            After::Close if !outcome.marks => self.close(id, index, reason, cx),
            After::Close | After::Lost => {
                self.forget(id, index, reason, cx);
            }
        }
        if outcome.marks {
            self.mark(id, record, true, cx);
        }
        match outcome.fate {
            Fate::Delivered => self.deliver(id, slot, cx),
            Fate::Bounced => self.bounce(id, slot, cx),
            Fate::TemporaryFailure => self.failed_on_this_host(id),
        }
        outcome.fate == Fate::TemporaryFailure
    }

    fn settle_acceptance<O: Observer>(
        &mut self,
        slot: u32,
        accepted_at: Option<SimTime>,
        cx: &mut Context<'_, O>,
    ) {
        if let Some(at) = accepted_at {
            cx.observe(Observation::Accepted { message: self.messages.at(slot), at });
            self.messages.at_mut(slot).accepted = true;
        }
    }

    /// The attempt has touched a host in vain and goes on with the next one.
    fn failed_on_this_host(&mut self, id: u32) {
        if let Some(attempt) = &mut self.processes.at(id).attempt {
            attempt.position += 1;
            attempt.reached = true;
        }
    }

    /// Closes connection `index` by QUIT - or finds that the receiver was faster.
    pub(super) fn quit<O: Observer>(&mut self, id: u32, index: usize, cx: &mut Context<'_, O>) {
        let cut = cx.now() >= self.processes.at(id).connections[index].cut_at;
        let reason = match self.params.receiver.cut {
            _ if !cut => Closed::Quit,
            Cut::Reset => Closed::CutByReset,
            Cut::Reply421 | Cut::Unsolicited421 => Closed::CutBy421,
        };
        self.close(id, index, reason, cx);
    }

    /// A real close: the last status is stored, success included - the last writer wins. Rule: MODEL.md 6.3.
    fn close<O: Observer>(
        &mut self,
        id: u32,
        index: usize,
        reason: Closed,
        cx: &mut Context<'_, O>,
    ) {
        let connection = self.forget(id, index, reason, cx);
        let agent = self.processes.at(id).agent;
        match connection.last_status {
            LastStatus::TemporaryFailure => self.mark(id, connection.record, true, cx),
            LastStatus::Good => {
                if self.agents[agent as usize].host_status.clear(connection.record) {
                    cx.observe(Observation::HostCleared { agent, record: connection.record });
                }
            }
        }
    }

    /// The connection is gone; nothing is stored.
    fn forget<O: Observer>(
        &mut self,
        id: u32,
        index: usize,
        reason: Closed,
        cx: &mut Context<'_, O>,
    ) -> Connection {
        let process = self.processes.at(id);
        let agent = process.agent;
        let connection = process.connections.swap_remove(index);
        let lock = &mut self.agents[agent as usize].locks[connection.host];
        if *lock == Some(id) {
            *lock = None;
        }
        self.exchange.closed(agent);
        cx.observe(Observation::ConnectionClosed {
            agent,
            connection: connection.number,
            reason,
            opened_at: connection.opened_at,
            carried: connection.carried,
        });
        connection
    }

    /// Marks `record` bad from now on: on disk, and unless `disk_only` is meant, in the process's memory.
    fn mark<O: Observer>(
        &mut self,
        id: u32,
        record: usize,
        in_memory: bool,
        cx: &mut Context<'_, O>,
    ) {
        let agent = self.processes.at(id).agent;
        let status = &mut self.agents[agent as usize].host_status;
        let until = status.mark(record, cx.now());
        let forgotten = status.forgotten_at(cx.now());
        if in_memory {
            self.processes.at(id).memory[record] = Memory::BadUntil(forgotten);
        }
        cx.observe(Observation::HostMarked { agent, record, until });
    }
}

fn closed_by_cut(how: Hangup) -> Closed {
    match how {
        Hangup::Reset => Closed::CutByReset,
        Hangup::Reply421 => Closed::CutBy421,
    }
}

/// The step of the overhead profile that holds at `at`; the first one holds before it, too.
fn overhead_at(steps: &[(SimTime, Span)], at: SimTime) -> Span {
    let after = steps.partition_point(|(from, _)| *from <= at);
    steps.get(after.saturating_sub(1)).map_or(Span::ZERO, |(_, overhead)| *overhead)
}
