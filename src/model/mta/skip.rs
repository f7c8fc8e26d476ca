//! An attempt that ends without delivery: the message goes back into the queue. And skipping, where a process
//! knows its host as bad: message after message at `costs.skip` each.
//!
//! In trouble skips are most of what happens - a dead host with a hundred thousand messages queued is a hundred
//! million of them a day - so a process that knows of nobody but the host it avoids does not ask anew for each
//! message: until the mark expires, the end of its list or the next event, all of them are skipped. Each is told
//! and counted as an attempt all the same. MODEL.md 4.6, 4.8, 5.4.
//!
//! Left out: the time that reading a queue file takes with a full disk cache and without one.

use super::expiry::{self, Verdict};
use super::host_status::Memory;
use super::process::Work;
use crate::model::event::Context;
use crate::model::message::Messages;
use crate::model::observation::{Observation, Observer};
use crate::model::params::HostKey;
use crate::model::waiting::{Wait, Waited};
use crate::model::world::World;
use crate::units::SimTime;

/// Messages that are fetched together: as many as a core may wait for at once.
const FETCHED: usize = 16;

/// Why an attempt came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vain {
    /// Some host was dialled or talked to.
    Failed,
    /// No host may be tried before this instant, for this reason; `None`: a host is locked by another process.
    Skipped(Wait, Option<SimTime>),
}

impl World {
    /// Skips what is next in the list of process `id` while it avoids its only host and nothing else happens;
    /// true when its next turn is scheduled, false when it is to look for itself.
    pub(super) fn skip_ahead<O: Observer>(
        &mut self,
        id: u32,
        quiet: &mut Option<SimTime>,
        cx: &mut Context<'_, O>,
    ) -> bool {
        let Some((wait, until)) = self.avoids_its_only_host(id) else { return false };
        while cx.now() < until {
            self.processes.slots[id as usize].work.fetch_ahead(&self.messages);
            if !self.skip_next(id, (wait, until), cx) {
                break;
            }
            if !self.goes_on(id, quiet, cx) {
                return true;
            }
        }
        false
    }

    /// The reason and the end of avoiding it, where there is one host for all mail, with one record, and the
    /// process has no connection to it.
    fn avoids_its_only_host(&mut self, id: u32) -> Option<(Wait, SimTime)> {
        let by_name = self.params.sender.host_status.key == HostKey::HostName;
        let process = self.processes.at(id);
        match process.memory[..] {
            [Memory::BadUntil(until)] if by_name && process.connections.is_empty() => {
                Some((Wait::HostStat, until))
            }
            [Memory::FailedUntil(until)] if by_name && process.connections.is_empty() => {
                Some((Wait::ProcessMemory, until))
            }
            _ => None,
        }
    }

    /// Skips the next message of the list; false when there is none.
    #[inline(always)]
    fn skip_next<O: Observer>(
        &mut self,
        id: u32,
        (wait, until): (Wait, SimTime),
        cx: &mut Context<'_, O>,
    ) -> bool {
        let process = &mut self.processes.slots[id as usize];
        let Some(slot) = process.work.next_in_list(&self.messages) else { return false };
        let message = self.messages.at_mut(slot);
        message.reads += 1;
        let waited = message.waited(process.started, cx.now());
        self.put_back(id, slot, waited, Vain::Skipped(wait, Some(until)), cx);
        true
    }

    /// The message in `slot` was tried in vain. Rules: MODEL.md 4.6, 4.8.
    #[inline(always)]
    pub(super) fn put_back<O: Observer>(
        &mut self,
        id: u32,
        slot: u32,
        waited: Waited,
        vain: Vain,
        cx: &mut Context<'_, O>,
    ) {
        let now = cx.now();
        let wait = match vain {
            Vain::Failed => Wait::Retry,
            Vain::Skipped(wait, _) => wait,
        };
        let process = &self.processes.slots[id as usize];
        let sender = &process.settings.sender;
        let message = self.messages.deferred(slot, now, wait);
        let (warn_after, give_up_after) = (sender.warn_after, sender.give_up_after);
        let verdict = expiry::verdict(message.age(now), message.warned, warn_after, give_up_after);
        message.warned |= verdict == Verdict::Warn;
        let host = process.hosts[self.host_spans[usize::from(message.destination)].1 - 1];
        let process = process.number;
        match vain {
            Vain::Failed => cx.observe(Observation::TryFailed { message, process, host, waited }),
            Vain::Skipped(_, until) => {
                cx.observe(Observation::TrySkipped { message, process, host, waited, until });
            }
        }
        if verdict == Verdict::Bounce {
            return self.bounce(id, slot, cx);
        }
        if verdict == Verdict::Warn {
            cx.observe(Observation::Warned { message });
        }
        let agent = message.agent;
        self.agents[agent as usize].queue.defer(message, slot);
        self.wake_if_parked(agent, cx);
    }

    /// Why a destination's hosts are avoided, and when the first of them may be tried again, by what the
    /// process remembers.
    pub(super) fn avoided(&self, id: u32, destination: u16) -> Vain {
        let (first, end) = self.host_spans[usize::from(destination)];
        let by_address = self.params.sender.host_status.key == HostKey::Address;
        let hosts = self.hosts[first..end].iter().zip(first..);
        let records = hosts.flat_map(|(host, index)| match by_address {
            true => (host.first_record + host.first as usize..).take(host.count as usize),
            false => (index..).take(1),
        });
        let memory = &self.processes.slots[id as usize].memory;
        let avoided = records.filter_map(|record| {
            let memory = *memory.get(record)?;
            let met = matches!(memory, Memory::FailedUntil(_));
            Some((memory.avoided_until()?, if met { Wait::ProcessMemory } else { Wait::HostStat }))
        });
        let first = avoided.min_by_key(|(until, _)| *until);
        first.map_or(Vain::Skipped(Wait::HostLocked, None), |(until, wait)| {
            Vain::Skipped(wait, Some(until))
        })
    }
}

impl Work {
    /// Fetches the next few messages of a run's list together, once in so many.
    #[inline]
    fn fetch_ahead(&mut self, messages: &Messages) {
        if let Work::Run { list, next, step, fetched, .. } = self
            && *next >= *fetched
        {
            *fetched = *next + FETCHED * *step;
            let few = list.iter().skip(*next).step_by((*step).max(1)).take(FETCHED);
            messages.fetch(few.map(|listed| listed.message().slot));
        }
    }

    /// The next message of a run's list that is still there and free.
    #[inline]
    pub(super) fn next_in_list(&mut self, messages: &Messages) -> Option<u32> {
        let Work::Run { list, next, step, .. } = self else { return None };
        loop {
            let at = list.get(*next)?.message();
            *next += *step;
            if messages.is_free(at) {
                return Some(at.slot);
            }
        }
    }
}
