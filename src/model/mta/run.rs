//! Queue runs: when they start, what each runner gets, when the next one is due.
//!
//! Life of a run: due -> **listed** (a snapshot, split statically) -> its processes work -> ended with its
//! last process. MODEL.md 4.1-4.5.
//! * *periodic* (`-qI`): one every interval, even while earlier ones still work, unless its runners would
//!   exceed `max_runner_processes`; then it is dropped, and the next multiple of the interval is the next
//!   chance. A run counts as all its runners from start to end, even when fewer got messages.
//! * *persistent* (`-qp`): one at a time; the next starts a pause after the last one ended.
//!
//! Runner k of R takes items k, k+R, k+2R, ... of the list. Nobody steals work.
//!
//! | parameter | default | source |
//! |---|---|---|
//! | `queue_runs` | persistent | assumed: Proofpoint's kind is not published |
//! | `queue_runners` | 2 | assumed; `R=` / `MaxRunnersPerQueue` with flag `f` |
//! | `retry_interval` | 30 min | assumed: the classic `-q30m` |
//! | `run_pause` | 1 s after work, 5 s after none | fixed in sendmail 8.17 source |
//! | `max_runner_processes` | unlimited | `MaxQueueChildren`, sendmail 8.17 source |
//!
//! Left out: several queue groups, load-average limits (`QueueLA`, `RefuseLA`).

use crate::model::event::{Context, Event};
use crate::model::observation::{Observation, Observer};
use crate::model::params::QueueRuns;
use crate::model::world::World;
use crate::units::{SimTime, Span};

/// A pass that took no time and delivered nothing would repeat within the same instant for ever; Sendmail
/// itself never sleeps for less than a second.
const SHORTEST_FRUITLESS_PAUSE: Span = Span::from_secs(1);

/// A run interval below this would be a run without end.
const SHORTEST_INTERVAL: Span = Span::from_millis(1);

/// A run that is under way.
#[derive(Clone, Copy, Debug)]
pub(in crate::model) struct Run {
    agent: u32,
    /// Processes still at work.
    remaining: u32,
    started: SimTime,
    /// It delivered or bounced something.
    fruitful: bool,
    /// Runner processes it counts as against `max_runner_processes`.
    counted: u32,
    epoch: u32,
}

/// The runs under way, by slot.
#[derive(Debug, Default)]
pub(in crate::model) struct Runs {
    slots: Vec<Run>,
    free: Vec<u32>,
    /// Runs started so far.
    started: u64,
}

impl Runs {
    fn insert(&mut self, run: Run) -> u32 {
        if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = run;
            return slot;
        }
        self.slots.push(run);
        (self.slots.len() - 1) as u32
    }

    /// Something left the queue in run `slot`.
    pub(in crate::model) fn was_fruitful(&mut self, slot: u32) {
        self.slots[slot as usize].fruitful = true;
    }
}

impl World {
    /// A queue run is due.
    pub(in crate::model) fn run_due<O: Observer>(&mut self, agent: u32, cx: &mut Context<'_, O>) {
        self.agents[agent as usize].next_run = None;
        match self.params.sender.runs {
            QueueRuns::Persistent { .. } => self.start_run(agent, cx),
            QueueRuns::Periodic { interval, max_runner_processes } => {
                let next = cx.now() + interval.max(SHORTEST_INTERVAL);
                self.schedule_run(agent, next, cx);
                let children = self.agents[agent as usize].counted_children;
                let would_be = children.saturating_add(self.params.sender.runners);
                if max_runner_processes.is_some_and(|max| would_be > max) {
                    cx.observe(Observation::RunDropped { agent });
                } else {
                    self.start_run(agent, cx);
                }
            }
        }
    }

    fn start_run<O: Observer>(&mut self, agent: u32, cx: &mut Context<'_, O>) {
        let now = cx.now();
        self.runs.started += 1;
        let draws = self.streams.order.at(self.runs.started);
        let sender = &mut self.agents[agent as usize];
        sender.parked = false;
        let list = sender.queue.list(now, &self.messages, draws);
        let runners = self.params.sender.runners;
        let children = runners.min(list.len() as u32);
        cx.observe(Observation::RunStarted { agent, listed: list.len() as u64, children });
        if children == 0 {
            let epoch = sender.epoch;
            self.next_pass((agent, epoch), false, now, cx);
            return;
        }
        sender.counted_children += runners;
        let run = self.runs.insert(Run {
            agent,
            remaining: children,
            started: now,
            fruitful: false,
            counted: runners,
            epoch: sender.epoch,
        });
        let run_start = self.params.sender.costs.run_start;
        let starts = self.laboratory.as_ref().map(|machine| {
            let persistent = matches!(self.params.sender.runs, QueueRuns::Persistent { .. });
            machine.runner_starts(self.runs.started, children, run_start, persistent)
        });
        for child in 0..children {
            let start = starts.as_ref().map_or(run_start, |starts| starts[child as usize]);
            self.start_runner((agent, run), &list, child, start, cx);
        }
    }

    /// A process of run `slot` has ended.
    pub(in crate::model) fn runner_ended<O: Observer>(
        &mut self,
        slot: u32,
        cx: &mut Context<'_, O>,
    ) {
        let run = &mut self.runs.slots[slot as usize];
        run.remaining -= 1;
        if run.remaining > 0 {
            return;
        }
        let run = *run;
        self.runs.free.push(slot);
        self.agents[run.agent as usize].counted_children -= run.counted;
        cx.observe(Observation::RunEnded { agent: run.agent });
        let earliest = if run.fruitful || cx.now() > run.started {
            cx.now()
        } else {
            cx.now() + SHORTEST_FRUITLESS_PAUSE
        };
        self.next_pass((run.agent, run.epoch), true, earliest, cx);
    }

    /// Schedules a persistent sender's next pass, not before `earliest`.
    fn next_pass<O: Observer>(
        &mut self,
        (agent, epoch): (u32, u32),
        had_work: bool,
        earliest: SimTime,
        cx: &mut Context<'_, O>,
    ) {
        let QueueRuns::Persistent { after_work, after_empty } = self.params.sender.runs else {
            return;
        };
        if epoch != self.agents[agent as usize].epoch {
            return;
        }
        let pause = if had_work { after_work } else { after_empty };
        if !pause.is_zero() {
            self.schedule_run(agent, cx.now() + pause, cx);
            return;
        }
        // Without a pause an empty pass could only repeat itself: wait for what can change that.
        let sender = &mut self.agents[agent as usize];
        match sender.queue.next_eligible(cx.now()) {
            Some(at) if at <= earliest => self.schedule_run(agent, earliest, cx),
            next => {
                sender.parked = true;
                if let Some(at) = next {
                    self.schedule_run(agent, at, cx);
                }
            }
        }
    }

    /// Schedules the next run of `agent`, in place of the one that was scheduled.
    pub(in crate::model) fn schedule_run<O: Observer>(
        &mut self,
        agent: u32,
        at: SimTime,
        cx: &mut Context<'_, O>,
    ) {
        let sender = &mut self.agents[agent as usize];
        if let Some((timer, _)) = sender.next_run.take() {
            cx.calendar.cancel(timer);
        }
        sender.next_run = Some((cx.schedule_timer(at, Event::RunDue { agent }), at));
    }

    /// Something in the queue of `agent` has changed: a parked sender may have to start earlier.
    pub(in crate::model) fn wake_if_parked<O: Observer>(
        &mut self,
        agent: u32,
        cx: &mut Context<'_, O>,
    ) {
        let sender = &self.agents[agent as usize];
        if sender.parked
            && let Some(at) = sender.queue.next_eligible(cx.now())
        {
            self.schedule_run(agent, at, cx);
        }
    }
}
