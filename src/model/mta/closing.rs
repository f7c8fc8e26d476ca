//! The end of a connection, and what it leaves behind in host status.
//!
//! The record on disk is written at each real close with the status at that moment, success included: the
//! last writer wins, so a healthy runner's clean close erases a bad mark. MODEL.md 6.3. A 4xx to the final
//! dot as a connection's last word marks the host at the close (6.1, 6.6).
//!
//! Left out: the time that QUIT and its reply take; nobody waits for it.

use super::host_status::Memory;
use super::outcome::LastStatus;
use crate::model::connection::{Closed, Connection};
use crate::model::event::Context;
use crate::model::observation::{Observation, Observer};
use crate::model::params::Cut;
use crate::model::world::World;
use crate::units::SimTime;

/// What is left of a connection that is gone: the host status record it was about, and what it would store.
pub(super) struct Legacy {
    pub(super) record: usize,
    last_status: LastStatus,
    destination: usize,
}

impl World {
    /// Closes connection `index` by QUIT - or finds that the receiver was faster.
    pub(super) fn quit<O: Observer>(&mut self, id: u32, index: usize, cx: &mut Context<'_, O>) {
        let connection = &self.processes.slots[id as usize].connections[index];
        let reason = match connection.cut {
            _ if self.idle_end(connection) < connection.cut_at.min(cx.now()) => Closed::IdleTimeout,
            _ if cx.now() < connection.cut_at => Closed::Quit,
            _ if connection.ends_by_outage => Closed::Outage,
            Cut::Reset => Closed::CutByReset,
            Cut::Reply421 | Cut::Unsolicited421 => Closed::CutBy421,
        };
        self.close(id, index, reason, cx);
    }

    /// A receiver of `destination` that is full takes stock: what it has ended itself while the sender kept
    /// it idle in a cache takes up no room any more. Rule: MODEL.md 7.2.
    pub(super) fn take_stock<O: Observer>(&mut self, destination: usize, cx: &mut Context<'_, O>) {
        let now = cx.now();
        for id in 0..self.processes.slots() {
            let busy = self.processes.at(id).pending.connection();
            for index in 0..self.processes.at(id).connections.len() {
                let connection = self.processes.at(id).connections[index];
                let here = self.hosts[connection.host].destination == destination;
                if !here || connection.given_up || busy == Some(index) {
                    continue;
                }
                // This 421 waits for the next command.
                let waits = connection.cut == Cut::Reply421 && !connection.ends_by_outage;
                if self.idle_end(&connection) < now || connection.cut_at <= now && !waits {
                    self.processes.at(id).connections[index].given_up = true;
                    let agent = self.processes.at(id).agent;
                    self.exchanges[destination].closed(agent);
                    let connection = connection.number;
                    cx.observe(Observation::ConnectionGivenUp { agent, destination, connection });
                }
            }
        }
    }

    /// When the receiver ends the connection if it stays idle.
    fn idle_end(&self, connection: &Connection) -> SimTime {
        let destination = self.hosts[connection.host].destination;
        let idle = self.params.receiver_of(destination).idle_timeout;
        idle.map_or(SimTime::MAX, |idle| connection.last_used + idle)
    }

    /// A real close: the last status is stored, success included - the last writer wins. Rule: MODEL.md 6.3.
    pub(super) fn close<O: Observer>(
        &mut self,
        id: u32,
        index: usize,
        reason: Closed,
        cx: &mut Context<'_, O>,
    ) {
        let Legacy { record, last_status, destination } = self.forget(id, index, reason, cx);
        match last_status {
            LastStatus::TemporaryFailure => self.mark(id, record, true, cx),
            LastStatus::Good => {
                let agent = self.processes.at(id).agent;
                if self.agents[agent as usize].host_status.clear(record) {
                    cx.observe(Observation::HostCleared { agent, record, destination });
                }
            }
        }
    }

    /// The process gives the lock of `host` back, if it holds it. Rule: MODEL.md 6.6.
    pub(super) fn unlock(&mut self, id: u32, host: usize) {
        let agent = self.processes.at(id).agent as usize;
        let lock = &mut self.agents[agent].locks[host];
        if *lock == Some(id) {
            *lock = None;
        }
    }

    /// The connection is gone; nothing is stored. What it leaves to its process.
    pub(super) fn forget<O: Observer>(
        &mut self,
        id: u32,
        index: usize,
        reason: Closed,
        cx: &mut Context<'_, O>,
    ) -> Legacy {
        let process = &mut self.processes.slots[id as usize];
        let connection = &process.connections[index];
        let &Connection { host, record, last_status, given_up, .. } = connection;
        let (agent, destination) = (process.agent, self.hosts[host].destination);
        cx.observe(Observation::ConnectionClosed {
            agent,
            process: process.number,
            connection: connection.number,
            destination,
            reason,
            opened_at: connection.opened_at,
            carried: connection.carried,
            given_up,
        });
        process.connections.swap_remove(index);
        self.unlock(id, host);
        if !given_up {
            self.exchanges[destination].closed(agent);
        }
        Legacy { record, last_status, destination }
    }

    /// Marks `record` bad from now on: on disk, and unless `disk_only` is meant, in the process's memory.
    pub(super) fn mark<O: Observer>(
        &mut self,
        id: u32,
        record: usize,
        in_memory: bool,
        cx: &mut Context<'_, O>,
    ) {
        let (agent, process) = (self.processes.at(id).agent, self.processes.at(id).number);
        let policy = self.processes.at(id).settings.sender.host_status;
        let status = &mut self.agents[agent as usize].host_status;
        status.mark(record, cx.now(), policy);
        // Those who skip the host because of it are the processes of today's settings.
        let until = match policy.enabled {
            true => status.blocks(record, cx.now(), self.params.sender.host_status),
            false => None,
        };
        let forgotten = status.forgotten_at(cx.now(), policy);
        if in_memory {
            self.processes.at(id).memory[record] = Memory::FailedUntil(forgotten);
        }
        // A probe that met a reset leaves nothing at all where nothing is kept on disk.
        if in_memory || policy.enabled {
            let destination = self.destination_of(record);
            cx.observe(Observation::HostMarked { agent, process, record, destination, until });
        }
    }
}
