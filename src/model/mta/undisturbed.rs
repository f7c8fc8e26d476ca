//! What nearly all is: a connection to a healthy receiver, and a transaction that nothing befalls, of a message
//! that takes one transaction.
//!
//! Shortcuts past the general way, which is told in `delivery.rs` and `transact.rs`: such a connection is opened at
//! the first address, the end of such a transaction is a sum of times, and what it means is delivery. Where they do not apply they say so and the general way is taken; where
//! they do, it would come to the same. Nothing is modelled here that is not modelled there: a test gives the
//! receiver troubles of no effect, which close the shortcuts, and asks for the same events.
//!
//! Left out: all that may befall a connection or a transaction.

use super::outcome::LastStatus;
use super::process::{Attempt, Process};
use super::transact::{overhead_at, part};
use crate::model::connection::{Connection, lifetime};
use crate::model::event::Context;
use crate::model::observation::{Observation, Observer};
use crate::model::params::{Commit, Link};
use crate::model::world::World;
use crate::units::{SimTime, Span};

impl World {
    /// Opens a connection of process `id` to the first address of `host` and starts the transaction; false if
    /// anything may be wrong with the receiver, or is to be looked up.
    pub(super) fn open_undisturbed<O: Observer>(
        &mut self,
        id: u32,
        (host, front_end): (usize, u32),
        cx: &mut Context<'_, O>,
    ) -> bool {
        let destination = self.hosts[host].destination;
        let receiver = self.params.receiver_of(destination);
        if receiver.unhealthy_machines.is_some()
            || !receiver.dead.is_empty()
            || !receiver.outages.is_empty()
            || self.laboratory.is_some()
            || self.keyed_by_address()
        {
            return false;
        }
        let number = self.processes.connections_opened;
        self.processes.connections_opened += 1;
        let process = &mut self.processes.slots[id as usize];
        let agent = process.agent;
        cx.observe(Observation::ConnectionOpened {
            agent,
            process: process.number,
            connection: number,
            destination,
            front_end,
            greeted: true,
        });
        let round_trip = self.params.network.round_trip;
        let opened_at = cx.now() + round_trip;
        let ready = opened_at + round_trip + round_trip + receiver.connect_time;
        let (lifetime, jitter) = (receiver.connection_lifetime, receiver.lifetime_jitter);
        let uniform = || self.streams.jitter.uniform(number);
        let cut_at = lifetime::cut_at(opened_at, lifetime, jitter, uniform);
        process.connections.push(Connection {
            number,
            host,
            record: host,
            front_end,
            opened_at,
            cut_at,
            lifetime_ends: cut_at,
            cut: receiver.cut,
            ends_by_outage: false,
            machine: None,
            carried: 0,
            last_used: opened_at,
            last_status: LastStatus::Good,
            given_up: false,
        });
        let index = process.connections.len() - 1;
        self.exchanges[destination].opened(agent);
        self.transact(id, index, ready, false, cx);
        true
    }

    /// What nearly every transaction comes to, without working out what might befall it: the receiver treats
    /// all mail alike, and nothing ends the connection before the reply is there. When the sender has the
    /// reply, and when the receiver counts the message as accepted.
    #[inline]
    pub(super) fn undisturbed(
        &self,
        process: &Process,
        attempt: &Attempt,
        index: usize,
        (start, probe): (SimTime, bool),
    ) -> Option<(SimTime, SimTime)> {
        let connection = &process.connections[index];
        let destination = self.hosts[connection.host].destination;
        let receiver = self.params.receiver_of(destination);
        let Link::PerConnection(own) = self.params.network.link else { return None };
        if !receiver.is_steady()
            || receiver.throttle.is_some()
            || self.exchanges[destination].blocks.is_some()
            || connection.machine.is_some()
            || connection.ends_by_outage
        {
            return None;
        }
        let idle_end = receiver.idle_timeout.map(|idle| connection.last_used + idle);
        if probe && idle_end.is_some_and(|end| end < start) {
            return None;
        }
        let message = self.messages.at(attempt.slot);
        let part = part(message, attempt.position);
        let mut draws = self.streams.service.at_part(message.draw_key, part);
        let service = Span::from_seconds(receiver.service_time.draw(&mut draws));
        let round_trip = self.params.network.round_trip;
        let overhead = overhead_at(&receiver.message_overhead, start);
        let begun = start + if probe { round_trip } else { Span::ZERO };
        let body = own.transfer_time(u64::from(message.bytes));
        let dot = begun + round_trip + round_trip + body;
        let reply = dot + round_trip + overhead + service;
        let patience_ends = dot + process.settings.sender.timeouts.reply;
        let accepted_at = match receiver.commit {
            Commit::AfterReply => reply,
            Commit::BeforeReply => dot + round_trip / 2 + overhead,
        };
        (reply <= connection.cut_at && reply <= patience_ends).then_some((reply, accepted_at))
    }

    /// What nearly every transaction ends in: the message was accepted for all its recipients. False where it
    /// takes several transactions.
    #[inline]
    pub(super) fn delivered_whole<O: Observer>(
        &mut self,
        id: u32,
        index: usize,
        at: SimTime,
        cx: &mut Context<'_, O>,
    ) -> bool {
        let process = &mut self.processes.slots[id as usize];
        let Some(Attempt { slot, waited, .. }) = process.attempt else { return false };
        let message = self.messages.at_mut(slot);
        if message.batches() > 1 {
            return false;
        }
        cx.observe(Observation::Accepted { message, waited, at });
        message.accepted = true;
        let connection = &mut process.connections[index];
        connection.carried += 1;
        connection.last_used = cx.now();
        connection.last_status = LastStatus::Good;
        let number = connection.number;
        self.deliver(id, slot, number, cx);
        true
    }
}
