//! A toy station on the bare calendar: one line before several servers.

use crate::mail::REPLICATIONS;
use crate::toy::{Average, Bench, at, replications, warm_up};
use mailflow::units::SimTime;
use std::collections::VecDeque;

/// Poisson arrivals, exponential services, one line in order of arrival.
#[derive(Clone, Copy)]
pub(crate) struct Station {
    pub(crate) lambda: f64,
    pub(crate) mu: f64,
    pub(crate) servers: usize,
    /// Room for so many, those in service included.
    pub(crate) room: usize,
}

#[derive(Clone, Copy)]
enum Event {
    Arrival,
    Departure,
}

/// What was seen after the warm-up.
pub(crate) struct Seen {
    /// Waits of those who were let in, sorted.
    pub(crate) waits: Vec<f64>,
    pub(crate) sojourn: f64,
    pub(crate) turned_away: f64,
    pub(crate) line: f64,
}

impl Station {
    pub(crate) fn run(&self, end: SimTime, seed: u64) -> Seen {
        let from = warm_up(end);
        let mut bench = Bench::new(seed);
        let (mut line, mut busy) = (VecDeque::new(), 0);
        let mut average = Average::from(from);
        let (mut offered, mut away, mut sojourn) = (0u64, 0u64, 0.0);
        let mut waits = Vec::new();
        bench.later(self.lambda, Event::Arrival);
        while let Some((now, event)) = bench.next(end) {
            match event {
                Event::Departure => busy -= 1,
                Event::Arrival => {
                    bench.later(self.lambda, Event::Arrival);
                    let full = busy + line.len() >= self.room;
                    offered += u64::from(now >= from);
                    away += u64::from(full && now >= from);
                    if !full {
                        line.push_back(now);
                    }
                }
            }
            while busy < self.servers
                && let Some(since) = line.pop_front()
            {
                busy += 1;
                let service = bench.exponential(self.mu);
                bench.after(service, Event::Departure);
                if since >= from {
                    waits.push(now.since(since).seconds());
                    sojourn += now.since(since).seconds() + service.seconds();
                }
            }
            average.set(now, line.len());
        }
        waits.sort_by(f64::total_cmp);
        let sojourn = sojourn / waits.len() as f64;
        Seen { waits, sojourn, turned_away: away as f64 / offered as f64, line: average.value() }
    }

    pub(crate) fn replications(&self, seconds: u64) -> Vec<Seen> {
        replications(REPLICATIONS, |seed| self.run(at(seconds), seed))
    }
}
