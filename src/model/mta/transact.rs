//! A transaction in the world: most are settled at their start, by one pure function and one event.
//!
//! Only what needs somebody else's state makes a transaction stop on its way: RCPT or the final dot at a
//! receiver that throttles, and a body on a link that others share. MODEL.md 5.6, 5.7, 6.1, 7.2-7.4.
//!
//! A message of more than 100 recipients takes several transactions in one attempt; those that were
//! accepted are not repeated, and its delay ends with the last.
//!
//! Left out: pipelining across messages; each final dot is waited for.

use super::outcome::{self, After, Fate};
use super::process::{Attempt, Next, Pending, Stage};
use crate::engine::Draws;
use crate::model::connection::transaction::{Course, Ending, Hangup, Transaction};
use crate::model::connection::{Closed, Connection};
use crate::model::event::{Context, Event};
use crate::model::exchange::conditions::{next_disconnect, outage, slowness};
use crate::model::message::Message;
use crate::model::observation::{Observation, Observer};
use crate::model::params::{Cut, Deferral, Link, Receiver, SmtpPhase, Trouble};
use crate::model::waiting::Waited;
use crate::model::world::World;
use crate::units::{SimTime, Span};

/// What a receiver that refuses every message says: 451 to RCPT.
const DEFERRED_BY_MACHINE: (SmtpPhase, u16) = (SmtpPhase::Rcpt, 451);

impl World {
    /// Starts the transaction of the message in hand on connection `index`.
    pub(super) fn transact<O: Observer>(
        &mut self,
        id: u32,
        index: usize,
        start: SimTime,
        probe: bool,
        cx: &mut Context<'_, O>,
    ) {
        self.expect_outages(id, index);
        let process = &self.processes.slots[id as usize];
        let Some(attempt) = &process.attempt else { return };
        let message = self.messages.at(attempt.slot);
        cx.observe(Observation::TransactionStarted {
            message,
            process: process.number,
            connection: process.connections[index].number,
            at: start,
        });
        if let Some((until, accepted_at)) =
            self.undisturbed(process, attempt, index, (start, probe))
        {
            let (ending, accepted_at, sent) = (Ending::Accepted, Some(accepted_at), 1.0);
            self.processes.slots[id as usize].pending =
                Pending::Transaction { index, ending, accepted_at, sent };
            cx.schedule(until, Event::ProcessReady { process: id });
            return;
        }
        let connection = process.connections[index];
        let message = *message;
        let part = part(&message, attempt.position);
        let patience = process.settings.sender.timeouts.reply;
        let mut transaction =
            self.transaction(&connection, &message, part, (start, probe), patience);
        let outages = &self.receiver(&connection).outages;
        if outage(outages, connection.front_end, start) == Some(Trouble::Silent) {
            // Neither a reply nor the end of the connection will ever come through.
            transaction.silent = true;
            self.processes.at(id).connections[index].cut_at = SimTime::MAX;
        }
        // Stages come in the order of the dialogue; the first that applies is the next event.
        if self.params.network.link.shared().is_none()
            && self.receiver(&connection).throttle.is_none()
        {
            self.settle(id, index, &transaction, cx);
        } else {
            self.go_on_from(id, index, Stage::Rcpt, Box::new(transaction), cx);
        }
    }

    /// An outage may have been scheduled, or called off, since the connection was opened.
    fn expect_outages(&mut self, id: u32, index: usize) {
        let connection = &self.processes.slots[id as usize].connections[index];
        let outages = &self.receiver(connection).outages;
        if outages.is_empty() && !connection.ends_by_outage {
            return;
        }
        let outage = next_disconnect(outages, connection.front_end, connection.opened_at);
        let connection = &mut self.processes.at(id).connections[index];
        connection.ends_by_outage = outage.is_some_and(|outage| outage < connection.lifetime_ends);
        connection.cut_at =
            outage.map_or(connection.lifetime_ends, |o| o.min(connection.lifetime_ends));
    }

    /// Who is at the other end of `connection`.
    fn receiver(&self, connection: &Connection) -> &Receiver {
        self.params.receiver_of(self.hosts[connection.host].destination)
    }

    fn transaction(
        &mut self,
        connection: &Connection,
        message: &Message,
        part: u64,
        (start, probe): (SimTime, bool),
        reply_timeout: Span,
    ) -> Transaction {
        // In steady conditions there is nothing to look up.
        let (refusal, slowness) =
            if connection.machine.is_none() && self.receiver(connection).is_steady() {
                (None, 1.0)
            } else {
                (self.refusal(connection, message, part, start), self.slowness(connection, start))
            };
        let destination = self.hosts[connection.host].destination;
        let receiver = self.params.receiver_of(destination);
        let service = match self.exchanges[destination].blocks.as_mut().filter(|_| probe) {
            Some(blocks) => blocks.next(&receiver.service_time),
            None => {
                let mut draws = self.streams.service.at_part(message.draw_key, part);
                receiver.service_time.draw(&mut draws)
            }
        };
        let outage = connection.ends_by_outage;
        let mut transaction = Transaction {
            start,
            probe,
            round_trip: self.params.network.round_trip,
            body: match self.params.network.link {
                Link::PerConnection(own) => own.transfer_time(u64::from(message.bytes)),
                Link::Shared(_) => Span::ZERO,
            },
            overhead: overhead_at(&receiver.message_overhead, start),
            service: Span::from_seconds(service * slowness),
            refusal,
            cut_at: connection.cut_at,
            cut: if outage { Cut::Reset } else { connection.cut },
            commit: receiver.commit,
            reply_timeout,
            silent: false,
            got_through: None,
        };
        let idle_end = receiver.idle_timeout.map(|idle| connection.last_used + idle);
        if let Some(idle_end) = idle_end.filter(|end| probe && *end < start.min(connection.cut_at))
        {
            (transaction.cut_at, transaction.cut) = (idle_end, Cut::Unsolicited421);
        }
        if let Some(blocks) = self.exchanges[destination].blocks.as_mut().filter(|_| probe)
            && matches!(transaction.run(), Course::Took { ending: Ending::Accepted, .. })
        {
            blocks.keep();
        }
        transaction
    }

    /// By what this connection's service times are multiplied.
    fn slowness(&mut self, connection: &Connection, now: SimTime) -> f64 {
        let destination = self.hosts[connection.host].destination;
        let receiver = self.params.receiver_of(destination);
        let by_clock = slowness(&receiver.slow_hours, self.params.workload.clock_at_start, now);
        let scheduled = outage(&receiver.outages, connection.front_end, now);
        let troubles = [connection.machine, scheduled].into_iter().flatten();
        let by_trouble: f64 = troubles
            .filter_map(|trouble| match trouble {
                Trouble::Slow(factor) => Some(factor),
                _ => None,
            })
            .product();
        let in_spell = receiver
            .episodes
            .as_ref()
            .is_some_and(|episodes| self.exchanges[destination].spells.holds(episodes, now));
        let by_spell = match &receiver.episodes {
            Some(episodes) if in_spell => episodes.slower,
            _ => 1.0,
        };
        by_clock * by_trouble * by_spell
    }

    /// The first refusal in store for this transaction, by phase.
    fn refusal(
        &mut self,
        connection: &Connection,
        message: &Message,
        part: u64,
        now: SimTime,
    ) -> Option<(SmtpPhase, u16)> {
        let destination = self.hosts[connection.host].destination;
        let receiver = self.params.receiver_of(destination);
        let scheduled = outage(&receiver.outages, connection.front_end, now);
        if [connection.machine, scheduled].contains(&Some(Trouble::Defer)) {
            return Some(DEFERRED_BY_MACHINE);
        }
        let mut draws = self.streams.refusals.at_part(message.draw_key, part);
        let ordinary = struck(&receiver.deferrals, &mut draws);
        let Some(episodes) = &receiver.episodes else { return ordinary };
        if episodes.deferrals.is_empty() || !self.exchanges[destination].spells.holds(episodes, now)
        {
            return ordinary;
        }
        let mut draws = self.streams.spell_refusals.at_part(message.draw_key, part);
        let in_spell = struck(&episodes.deferrals, &mut draws);
        [ordinary, in_spell].into_iter().flatten().min_by_key(|(phase, _)| *phase)
    }

    /// Lets the transaction run to the first stage from `stage` on that applies, or to its end.
    fn go_on_from<O: Observer>(
        &mut self,
        id: u32,
        index: usize,
        stage: Stage,
        transaction: Box<Transaction>,
        cx: &mut Context<'_, O>,
    ) {
        let stages = [Stage::Rcpt, Stage::Body, Stage::Dot];
        for next in stages.into_iter().skip_while(|s| *s != stage) {
            let at = match next {
                _ if !self.applies(id, index, next) => continue,
                Stage::Rcpt => transaction.rcpt_at(),
                Stage::Body => transaction.body_at(),
                Stage::Dot => transaction.dot_at(),
            };
            if transaction.gets_to(at) {
                self.processes.at(id).pending = Pending::Stage { index, stage: next, transaction };
                cx.schedule(at, Event::ProcessReady { process: id });
                return;
            }
            break;
        }
        self.settle(id, index, &transaction, cx);
    }

    fn applies(&mut self, id: u32, index: usize, stage: Stage) -> bool {
        let host = self.processes.at(id).connections[index].host;
        let throttle = &self.params.receiver_of(self.hosts[host].destination).throttle;
        let throttled_at = throttle.as_ref().map(|throttle| throttle.at == SmtpPhase::Dot);
        match stage {
            Stage::Rcpt => throttled_at == Some(false),
            Stage::Body => self.params.network.link.shared().is_some(),
            Stage::Dot => throttled_at == Some(true),
        }
    }

    /// The transaction reaches `stage`.
    pub(super) fn reach<O: Observer>(
        &mut self,
        id: u32,
        index: usize,
        stage: Stage,
        mut transaction: Box<Transaction>,
        cx: &mut Context<'_, O>,
    ) {
        if stage == Stage::Body {
            return self.start_body(id, index, transaction, cx);
        }
        let host = self.processes.at(id).connections[index].host;
        let destination = self.hosts[host].destination;
        // What is refused here anyway is not accepted, and uses nothing up.
        if let Some(throttle) = &self.params.receiver_of(destination).throttle
            && transaction.refusal.is_none_or(|(phase, _)| phase > throttle.at)
            && !self.exchanges[destination].window.admits(throttle, cx.now())
        {
            transaction.refusal = Some((throttle.at, throttle.code));
        }
        match stage {
            Stage::Rcpt => self.go_on_from(id, index, Stage::Body, transaction, cx),
            Stage::Body | Stage::Dot => self.settle(id, index, &transaction, cx),
        }
    }

    /// No stage is left.
    fn settle<O: Observer>(
        &mut self,
        id: u32,
        index: usize,
        transaction: &Transaction,
        cx: &mut Context<'_, O>,
    ) {
        let (at, pending) = match transaction.run() {
            Course::FoundCut { at, how } => {
                let connection = self.processes.at(id).connections[index];
                // The idle timeout, where it came first, stands in for the lifetime.
                let idle = transaction.cut_at != connection.cut_at;
                let by_lifetime = closed_by_cut(how, &connection);
                let reason = if idle { Closed::IdleTimeout } else { by_lifetime };
                (at, Pending::Probe { index, how, reason })
            }
            Course::Took { until, ending, accepted_at, sent } => {
                (until, Pending::Transaction { index, ending, accepted_at, sent })
            }
        };
        self.processes.at(id).pending = pending;
        cx.schedule(at, Event::ProcessReady { process: id });
    }

    /// The body joins the shared link; a reset in the meantime would break it off.
    fn start_body<O: Observer>(
        &mut self,
        id: u32,
        index: usize,
        transaction: Box<Transaction>,
        cx: &mut Context<'_, O>,
    ) {
        let Some(attempt) = self.processes.at(id).attempt else { return };
        let bytes = u64::from(self.messages.at(attempt.slot).bytes);
        let started = cx.now();
        let transfer = self.link.join(started, id, bytes);
        let joined = self.link.served();
        let reset =
            (transaction.cut == Cut::Reset && transaction.cut_at < SimTime::MAX).then(|| {
                let cut_at = transaction.cut_at.max(started);
                cx.schedule_timer(cut_at, Event::ProcessReady { process: id })
            });
        self.processes.at(id).pending =
            Pending::Body { index, transaction, started, transfer, joined, reset };
        self.schedule_link(cx);
    }

    /// A reset has come while the body was under way.
    pub(super) fn body_reset<O: Observer>(
        &mut self,
        id: u32,
        index: usize,
        mut transaction: Box<Transaction>,
        (transfer, joined): (u64, f64),
        cx: &mut Context<'_, O>,
    ) {
        self.link.leave(cx.now(), transfer);
        let slot = self.processes.at(id).attempt.map(|attempt| attempt.slot);
        let bits = slot.map_or(0.0, |slot| f64::from(self.messages.at(slot).bytes) * 8.0);
        let got = (self.link.served() - joined).clamp(0.0, bits);
        transaction.got_through = Some(if bits > 0.0 { got / bits } else { 1.0 });
        self.schedule_link(cx);
        // Any body that outlasts the cut describes what happened.
        transaction.body = cx.now().since(transaction.body_at()) + Span::from_nanos(1);
        self.settle(id, index, &transaction, cx);
    }

    /// The next transfer on the shared link is through.
    pub(in crate::model) fn link_done<O: Observer>(&mut self, cx: &mut Context<'_, O>) {
        self.link_timer = None;
        let owner = self.link.finish(cx.now());
        self.schedule_link(cx);
        let Some(id) = owner else { return };
        let pending = std::mem::take(&mut self.processes.at(id).pending);
        if let Pending::Body { index, mut transaction, started, reset, .. } = pending {
            if let Some(timer) = reset {
                cx.calendar.cancel(timer);
            }
            transaction.body = cx.now().since(started);
            self.go_on_from(id, index, Stage::Dot, transaction, cx);
        }
    }

    pub(in crate::model) fn schedule_link<O: Observer>(&mut self, cx: &mut Context<'_, O>) {
        if let Some(timer) = self.link_timer.take() {
            cx.calendar.cancel(timer);
        }
        self.link_timer = self.link.next_end().map(|at| cx.schedule_timer(at, Event::LinkDone));
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

    /// A transaction has ended.
    pub(super) fn transaction_ended<O: Observer>(
        &mut self,
        id: u32,
        index: usize,
        (ending, accepted_at, sent): (Ending, Option<SimTime>, f64),
        cx: &mut Context<'_, O>,
    ) -> Next {
        let Some(Attempt { slot, waited, .. }) = self.processes.at(id).attempt else {
            return Next::Message;
        };
        let last = self.settle_acceptance((slot, waited), accepted_at, cx);
        let marks = self.processes.at(id).settings.sender.host_status.marks;
        let outcome = outcome::outcome(&ending, marks);
        let number = self.processes.at(id).connections[index].number;
        if outcome.fate != Fate::Delivered {
            let message = self.messages.at(slot);
            let sent = (f64::from(message.bytes) * sent).round() as u64;
            let connection = number;
            cx.observe(Observation::TransactionFailed { message, ending, sent, connection });
        }
        let connection = &mut self.processes.at(id).connections[index];
        // The transactions of one message in one attempt count once.
        connection.carried += u32::from(last || outcome.fate != Fate::Delivered);
        connection.last_used = cx.now();
        connection.last_status = outcome.status.unwrap_or(connection.last_status);
        let connection = *connection;
        let reason = match ending {
            // Earlier than the receiver would have ended it: the sender has lost its patience.
            Ending::Cut { .. } if cx.now() < connection.cut_at => Closed::TimedOut,
            Ending::Cut { how, .. } => closed_by_cut(how, &connection),
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
            self.mark(id, connection.record, true, cx);
        }
        match outcome.fate {
            Fate::Delivered if !last => return Next::SameMessage,
            Fate::Delivered => self.deliver(id, slot, number, cx),
            Fate::Bounced => self.bounce(id, slot, cx),
            Fate::TemporaryFailure => {
                self.failed_on_this_host(id);
                return Next::Host;
            }
        }
        Next::Message
    }

    /// Tells of an acceptance; says whether all recipients have the message now.
    fn settle_acceptance<O: Observer>(
        &mut self,
        (slot, waited): (u32, Waited),
        accepted_at: Option<SimTime>,
        cx: &mut Context<'_, O>,
    ) -> bool {
        let message = self.messages.at_mut(slot);
        let Some(at) = accepted_at else { return true };
        message.batches_sent += 1;
        let last = message.batches_sent >= message.batches();
        if last {
            cx.observe(Observation::Accepted { message: self.messages.at(slot), waited, at });
            let message = self.messages.at_mut(slot);
            message.accepted = true;
            // Sent again after a cut that hid the acceptance, the last transaction is what is repeated.
            message.batches_sent -= 1;
        }
        last
    }
}

/// Tells the transactions of a message apart for its draws: by try, host and batch, so that another host
/// in the same attempt has luck of its own.
pub(super) fn part(message: &Message, position: u32) -> u64 {
    u64::from(message.tries) << 32 | u64::from(position) << 16 | u64::from(message.batches_sent)
}

/// The first phase, if any, at which chance refuses; every deferral draws once, so none shifts another.
fn struck(deferrals: &[Deferral], draws: &mut Draws) -> Option<(SmtpPhase, u16)> {
    let struck = deferrals.iter().filter(|deferral| draws.uniform() < deferral.chance.value());
    struck.map(|deferral| (deferral.at, deferral.code)).min_by_key(|(phase, _)| *phase)
}

/// The reason of a connection's end that a transaction met.
pub(super) fn closed_by_cut(how: Hangup, connection: &Connection) -> Closed {
    match how {
        _ if connection.ends_by_outage => Closed::Outage,
        Hangup::Reset => Closed::CutByReset,
        Hangup::Reply421 => Closed::CutBy421,
    }
}

/// The step of the overhead profile that holds at `at`; the first one holds before it, too.
pub(super) fn overhead_at(steps: &[(SimTime, Span)], at: SimTime) -> Span {
    if steps.is_empty() {
        return Span::ZERO;
    }
    let after = steps.partition_point(|(from, _)| *from <= at);
    steps.get(after.saturating_sub(1)).map_or(Span::ZERO, |(_, overhead)| *overhead)
}
