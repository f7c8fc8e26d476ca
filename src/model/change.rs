//! An administrator acts while the run goes on: settings change, host status is cleared.
//!
//! New settings hold for processes and connections that start from here on: a running process keeps the
//! settings, the memory and the connections it has. What cannot change while mail is queued stays as it
//! was: agents, destinations, front ends, routing, the key of host status, the workload. MODEL.md 6.5.
//!
//! | parameter | default | source |
//! |---|---|---|
//! | `changes` | none | the article's fixes, applied at a time |
//!
//! Left out: a restart of Sendmail, which would end the processes at work and their memory.

use super::event::Context;
use super::observation::{Observation, Observer};
use super::params::{Action, Link, Params, QueueRuns, Receiver};
use super::world::World;
use crate::units::SimTime;
use std::rc::Rc;

impl World {
    /// Change number `number` happens.
    pub(super) fn change<O: Observer>(&mut self, number: u32, cx: &mut Context<'_, O>) {
        let Some(change) = self.params.changes.get(number as usize).cloned() else { return };
        match change.action {
            Action::ClearHostStatus => self.clear_host_status(cx),
            Action::Set(params) => self.set(*params, cx),
        }
        cx.observe(Observation::Changed { number });
    }

    /// F3: every record is removed; processes already running keep their memory.
    fn clear_host_status<O: Observer>(&mut self, cx: &mut Context<'_, O>) {
        for agent in 0..self.agents.len() {
            for record in 0..self.agents[agent].host_status.records() {
                if self.agents[agent].host_status.clear(record) {
                    let destination = self.destination_of(record);
                    let agent = agent as u32;
                    cx.observe(Observation::HostCleared { agent, record, destination });
                }
            }
        }
    }

    fn set<O: Observer>(&mut self, new: Params, cx: &mut Context<'_, O>) {
        let old = self.params.clone();
        self.params = Rc::new(with_structure_of(&old, new));
        if let Link::Shared(bandwidth) = self.params.network.link {
            self.link.set_bandwidth(cx.now(), bandwidth);
            self.schedule_link(cx);
        }
        let (order, min_age) = (self.params.sender.order, self.params.sender.min_queue_age);
        for agent in &mut self.agents {
            agent.queue.set_policy(order, min_age, &self.messages);
        }
        if old.sender.host_status != self.params.sender.host_status {
            self.tell_of_hosts(cx);
        }
        for agent in 0..self.agents.len() as u32 {
            self.reschedule_runs(agent, old.sender.runs, cx);
        }
    }

    /// What stands on disk means something else to the processes that start from here on.
    fn tell_of_hosts<O: Observer>(&mut self, cx: &mut Context<'_, O>) {
        let policy = self.params.sender.host_status;
        for agent in 0..self.agents.len() as u32 {
            for record in 0..self.agents[agent as usize].host_status.records() {
                let status = &self.agents[agent as usize].host_status;
                let until = status.blocks(record, cx.now(), policy);
                let destination = self.destination_of(record);
                cx.observe(Observation::HostReread { agent, destination, record, until });
            }
        }
    }

    /// A change between periodic and persistent runs starts a new sequence of runs; a shorter
    /// interval or pause counts from now, a longer one from the next run on; a parked sender looks again.
    fn reschedule_runs<O: Observer>(
        &mut self,
        agent: u32,
        old: QueueRuns,
        cx: &mut Context<'_, O>,
    ) {
        let new = self.params.sender.runs;
        if std::mem::discriminant(&old) == std::mem::discriminant(&new) {
            let longest = match new {
                QueueRuns::Persistent { after_work, after_empty } => after_work.max(after_empty),
                QueueRuns::Periodic { interval, .. } => interval,
            };
            let latest = cx.now() + longest;
            let due = self.agents[agent as usize].next_run.map(|(_, due)| due);
            if cx.now() >= self.params.sender.first_run_at && due.is_some_and(|due| due > latest) {
                self.schedule_run(agent, latest, cx);
            }
            self.wake_if_parked(agent, cx);
            return;
        }
        let sender = &mut self.agents[agent as usize];
        sender.epoch += 1;
        sender.parked = false;
        let first = match new {
            QueueRuns::Persistent { .. } => cx.now(),
            QueueRuns::Periodic { interval, .. } => cx.now() + interval,
        };
        self.schedule_run(agent, first.min(SimTime::MAX), cx);
    }
}

/// The new settings with everything that the world was built by as it was.
fn with_structure_of(old: &Params, mut new: Params) -> Params {
    new.workload = old.workload.clone();
    new.changes = old.changes.clone();
    new.sender.agents = old.sender.agents;
    new.sender.host_status.key = old.sender.host_status.key;
    new.sender.clock_step = old.sender.clock_step;
    for (number, destination) in old.others.iter().enumerate() {
        match new.others.get_mut(number) {
            Some(other) => {
                other.name = destination.name.clone();
                other.share = destination.share;
                keep_structure(&destination.receiver, &mut other.receiver);
            }
            None => new.others.push(destination.clone()),
        }
    }
    new.others.truncate(old.others.len());
    keep_structure(&old.receiver, &mut new.receiver);
    // Transfers under way are on the link that there is.
    if std::mem::discriminant(&old.network.link) != std::mem::discriminant(&new.network.link) {
        new.network.link = old.network.link;
    }
    new
}

fn keep_structure(old: &Receiver, new: &mut Receiver) {
    new.front_ends = old.front_ends;
    new.routing = old.routing;
}
