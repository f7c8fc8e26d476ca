//! The whole: senders, messages, the receiver; and the table of contents of what can happen.

use super::check::Ledger;
use super::clock::Clock;
use super::event::{Context, Event};
use super::exchange::Exchange;
use super::laboratory::{Blocks, Machine};
use super::message::{Message, Messages};
use super::mta::host_status::HostStatusTable;
use super::mta::process::Processes;
use super::mta::queue::Queue;
use super::mta::run::Runs;
use super::network::SharedLink;
use super::observation::{Observation, Observer};
use super::params::{DeliveryMode, HostKey, Link, Params, Routing};
use super::workload::Workload;
use crate::engine::{Stream, Timer};
use crate::units::{Bandwidth, SimTime};
use std::rc::Rc;

/// Named causes of randomness on the sender's and receiver's side; the workload has its own.
#[derive(Debug)]
pub(super) struct Streams {
    pub(super) service: Stream,
    pub(super) refusals: Stream,
    pub(super) jitter: Stream,
    pub(super) addresses: Stream,
    pub(super) hosts: Stream,
    pub(super) order: Stream,
    pub(super) spell_refusals: Stream,
}

/// One sender with what it owns.
#[derive(Debug)]
pub(super) struct Agent {
    pub(super) queue: Queue,
    pub(super) host_status: HostStatusTable,
    /// The process that holds each host's lock (`SingleThreadDelivery`).
    pub(super) locks: Vec<Option<u32>>,
    /// Runner processes that count against `max_runner_processes`.
    pub(super) counted_children: u32,
    /// A persistent sender without pause that waits for something to become eligible.
    pub(super) parked: bool,
    /// The next queue run, while it is scheduled.
    pub(super) next_run: Option<(Timer, SimTime)>,
    /// Counts switches between periodic and persistent runs: a pass of an older epoch has no successor.
    pub(super) epoch: u32,
}

/// A host as dialled, with its addresses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Host {
    pub(super) destination: usize,
    /// Its first front end, and how many follow from there.
    pub(super) first: u32,
    pub(super) count: u32,
    /// Host status record of the destination's front end 0, when records are kept by address.
    pub(super) first_record: usize,
}

/// The state of one replication.
#[derive(Debug)]
pub struct World {
    pub(super) params: Rc<Params>,
    pub(super) streams: Streams,
    pub(super) workload: Workload,
    pub(super) messages: Messages,
    pub(super) agents: Vec<Agent>,
    pub(super) hosts: Vec<Host>,
    /// Where each destination's hosts stand among all: first and end.
    pub(super) host_spans: Vec<(usize, usize)>,
    pub(super) processes: Processes,
    pub(super) runs: Runs,
    /// The receivers, by destination.
    pub(super) exchanges: Vec<Exchange>,
    pub(super) link: SharedLink,
    pub(super) link_timer: Option<Timer>,
    /// Memory for the addresses of one dialling, used again and again.
    pub(super) addresses: Vec<u32>,
    pub(super) ledger: Ledger,
    /// The machine that a recorded case was recorded on.
    pub(super) laboratory: Option<Machine>,
}

impl Params {
    /// Host status records of destination `number`, one for each host dialled or for each address. They are
    /// numbered destination by destination.
    pub fn host_records(&self, number: usize) -> usize {
        let receiver = self.receiver_of(number);
        match (self.sender.host_status.key, receiver.routing) {
            (HostKey::HostName, Routing::OneName) => 1,
            _ => receiver.front_ends as usize,
        }
    }
}

impl World {
    /// The world of replication `replication` under `seed`, before anything happens.
    pub fn new(params: &Params, seed: u64, replication: u64) -> Self {
        let stream = |name: &str| Stream::new(seed, replication, name);
        let hosts = hosts(params);
        let records = (0..params.destinations()).map(|number| params.host_records(number)).sum();
        let exchange = |number: usize| {
            let of = |what: &str| match number {
                0 => stream(what),
                other => stream(&format!("{what} of destination {other}")),
            };
            let blocks = params.laboratory.map(|laboratory| {
                let (stream, place) = (of("service in blocks"), of("place in the first block"));
                Blocks::new(laboratory.service_block, stream, place)
            });
            Exchange::new(params.sender.agents, of("machines"), of("spells"), blocks)
        };
        let sender = &params.sender;
        let laboratory = params.laboratory.map(|known| Machine::new(known, stream));
        let clock = laboratory.map_or(Clock::new(sender.clock_step), |machine| {
            Clock::new(sender.clock_step).at_phase(machine.clock_phase(sender.clock_step))
        });
        let agent = || Agent {
            queue: Queue::new(sender.order, sender.min_queue_age, clock),
            host_status: HostStatusTable::new(clock, records),
            locks: vec![None; hosts.len()],
            counted_children: 0,
            parked: false,
            next_run: None,
            epoch: 0,
        };
        World {
            streams: Streams {
                service: stream("service"),
                refusals: stream("refusals"),
                jitter: stream("lifetime jitter"),
                addresses: stream("addresses"),
                hosts: stream("host order"),
                order: stream("queue order"),
                spell_refusals: stream("refusals in spells"),
            },
            workload: Workload::new(params, seed, replication),
            messages: Messages::default(),
            agents: (0..sender.agents).map(|_| agent()).collect(),
            host_spans: host_spans(&hosts, params.destinations()),
            hosts,
            processes: Processes::default(),
            runs: Runs::default(),
            exchanges: (0..params.destinations()).map(exchange).collect(),
            link: SharedLink::new(match params.network.link {
                Link::Shared(bandwidth) => bandwidth,
                Link::PerConnection(_) => Bandwidth::UNLIMITED,
            }),
            link_timer: None,
            addresses: Vec::new(),
            ledger: Ledger::default(),
            laboratory,
            params: Rc::new(params.clone()),
        }
    }

    /// Queues the backlog and schedules the first arrival and the first queue runs.
    pub fn start<O: Observer>(&mut self, cx: &mut Context<'_, O>) {
        for number in 0..self.params.workload.backlog {
            // It was tried before, in a time that is not simulated: the queue runs have it now.
            let message = self.workload.backlog(number);
            self.accept(message, DeliveryMode::QueueOnly, cx);
        }
        self.schedule_arrival(cx);
        for agent in 0..self.params.sender.agents {
            self.schedule_run(agent, self.params.sender.first_run_at, cx);
        }
        for (number, change) in (0u32..).zip(&self.params.changes) {
            cx.schedule(change.at, Event::Change { number });
        }
    }

    /// Lets `event` happen.
    pub fn handle<O: Observer>(&mut self, event: Event, cx: &mut Context<'_, O>) {
        match event {
            Event::Arrival => self.arrival(cx),
            Event::ProcessReady { process } => self.process_ready(process, cx),
            Event::RunDue { agent } => self.run_due(agent, cx),
            Event::LinkDone => self.link_done(cx),
            Event::Change { number } => self.change(number, cx),
        }
        self.ledger.check(self.messages.len());
    }

    /// The messages that are in a queue now, in no meaningful order.
    pub fn queued(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter()
    }

    fn schedule_arrival<O: Observer>(&mut self, cx: &mut Context<'_, O>) {
        if let Some(at) = self.workload.next_at().filter(|at| *at < SimTime::MAX) {
            cx.schedule(at, Event::Arrival);
        }
    }

    fn arrival<O: Observer>(&mut self, cx: &mut Context<'_, O>) {
        while let Some(message) = self.workload.take(cx.now()) {
            self.accept(message, self.params.sender.delivery, cx);
        }
        self.schedule_arrival(cx);
    }

    /// The sender takes a message over: it is in the queue from here on. Rule: MODEL.md 4.7.
    #[inline]
    fn accept<O: Observer>(
        &mut self,
        message: Message,
        delivery: DeliveryMode,
        cx: &mut Context<'_, O>,
    ) {
        self.ledger.arrived();
        let agent = message.agent;
        let slot = self.messages.insert(message);
        let message = self.messages.at(slot);
        cx.observe(Observation::Arrived { message });
        self.agents[agent as usize].queue.accept(message, slot);
        match delivery {
            DeliveryMode::Immediate => self.start_immediate(agent, slot, cx),
            DeliveryMode::QueueOnly => self.wake_if_parked(agent, cx),
        }
    }
}

fn host_spans(hosts: &[Host], destinations: usize) -> Vec<(usize, usize)> {
    let span = |destination| {
        let first = hosts.partition_point(|host| host.destination < destination);
        let end = hosts.partition_point(|host| host.destination <= destination);
        (first, end)
    };
    (0..destinations).map(span).collect()
}

/// The hosts of all destinations, destination by destination. Rule: MODEL.md section 5.
fn hosts(params: &Params) -> Vec<Host> {
    let mut hosts = Vec::new();
    let mut first_record = 0;
    for destination in 0..params.destinations() {
        let receiver = params.receiver_of(destination);
        let host = |first, count| Host { destination, first, count, first_record };
        match receiver.routing {
            Routing::OneName => hosts.push(host(0, receiver.front_ends)),
            Routing::MxHosts | Routing::Addresses => {
                hosts.extend((0..receiver.front_ends).map(|first| host(first, 1)));
            }
        }
        first_record += receiver.front_ends as usize;
    }
    hosts
}
