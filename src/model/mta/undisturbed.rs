//! What nearly every transaction is: one that nothing befalls, of a message that takes one transaction.
//!
//! Two shortcuts past the general way, which is told in `transact.rs`: the end of such a transaction is a sum of
//! times, and what it means is delivery. Where they do not apply they say so and the general way is taken; where
//! they do, it would come to the same. Nothing is modelled here that is not modelled there.
//!
//! Left out: all that may befall a transaction.

use super::outcome::LastStatus;
use super::process::{Attempt, Process};
use super::transact::{overhead_at, part};
use crate::model::event::Context;
use crate::model::observation::{Observation, Observer};
use crate::model::params::{Commit, Link};
use crate::model::world::World;
use crate::units::{SimTime, Span};

impl World {
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
