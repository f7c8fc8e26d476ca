//! The mail that arrives: when, how large, for how many recipients.
//!
//! Sources: the steady stream, each burst, the backlog. Every draw is indexed by (source, number within
//! it), so no setting of the sender or receiver, and no other source, ever changes it: the same mail
//! arrives under every combination of settings (common random numbers).
//!
//! | parameter | default | source |
//! |---|---|---|
//! | `mail.arrivals` | 110,000 a day, business day | assumed; peak hour 12 % |
//! | `mail.burstiness` | none | assumed |
//! | `mail.size` | lognormal, median 18 KB, sigma 1.7 | assumed from documents |
//! | `mail.recipients` | mean 1.3, at most 100 | assumed |
//!
//! Left out: content; the time Proofpoint's filter takes (arrivals are what leaves it).

mod arrivals;
mod bursts;
mod replay;

use super::message::Message;
use super::params::{self, Params, Recipients};
use super::waiting::Wait;
use crate::engine::{Draws, Stream};
use crate::units::SimTime;
use arrivals::Steady;
use bursts::Bursts;

/// Draw keys of different sources lie this far apart: 2^44 messages each.
const SOURCE_STRIDE: u64 = 1 << 44;

/// The stream of arrivals of one replication.
#[derive(Debug)]
pub struct Workload {
    params: params::Workload,
    steady: Steady,
    bursts: Bursts,
    sizes: Stream,
    recipients: Stream,
    /// The chance that a message of two recipients or more has yet another one.
    one_more: f64,
    agents: Stream,
    agent_count: u32,
    destinations: Stream,
    /// Cumulative shares of the destinations after Exchange Online.
    shares: Vec<f64>,
    next_id: u64,
    /// When the next message arrives; the end of time when none will.
    next: SimTime,
}

fn earliest(steady: &Steady, bursts: &Bursts) -> SimTime {
    let of = |next: Option<SimTime>| next.unwrap_or(SimTime::MAX);
    of(steady.next_at()).min(of(bursts.next_at()))
}

/// An arrival that has not been turned into a message yet.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Arrival {
    at: SimTime,
    draw_key: u64,
    bytes: Option<u64>,
    recipients: Option<u32>,
    destination: Option<u16>,
}

impl Workload {
    /// The workload of replication `replication` under `seed`.
    pub fn new(all: &Params, seed: u64, replication: u64) -> Self {
        let (params, agents) = (&all.workload, all.sender.agents);
        let stream = |name: &str| Stream::new(seed, replication, name);
        let cumulative = all.others.iter().scan(0.0, |sum, other| {
            *sum += other.share.value();
            Some(*sum)
        });
        let start = params.clock_at_start;
        let steady = Steady::new(&params.arrivals, params.burstiness, start, &stream);
        let bursts = Bursts::new(&params.bursts, stream("bursts"));
        Workload {
            next: earliest(&steady, &bursts),
            steady,
            bursts,
            sizes: stream("sizes"),
            recipients: stream("recipients"),
            one_more: one_more(&params.recipients),
            agents: stream("agents"),
            agent_count: agents,
            destinations: stream("destinations"),
            shares: cumulative.collect(),
            next_id: 0,
            params: params.clone(),
        }
    }

    /// When the next message arrives; `None` when no more will.
    pub fn next_at(&self) -> Option<SimTime> {
        (self.next < SimTime::MAX).then_some(self.next)
    }

    /// The next message, if one arrives at or before `now`.
    #[inline]
    pub fn take(&mut self, now: SimTime) -> Option<Message> {
        if now < self.next {
            return None;
        }
        // Of two that arrive at once, the steady stream's goes first.
        let steady = self.steady.next_at().is_some_and(|at| at == self.next);
        let arrival = if steady { self.steady.take() } else { self.bursts.take() }?;
        self.next = earliest(&self.steady, &self.bursts);
        Some(self.message(arrival))
    }

    /// Message number `number` of the backlog, queued at the start.
    pub fn backlog(&mut self, number: u64) -> Message {
        let draw_key = u64::MAX - SOURCE_STRIDE + number;
        self.message(Arrival { at: SimTime::ZERO, draw_key, ..Arrival::default() })
    }

    /// Exchange Online unless the draw falls into another destination's share.
    fn draw_destination(&self, key: u64) -> u16 {
        if self.shares.is_empty() {
            return 0;
        }
        let uniform = self.destinations.uniform(key);
        let other = self.shares.iter().position(|cumulative| uniform < *cumulative);
        other.map_or(0, |index| index as u16 + 1)
    }

    #[inline]
    fn message(&mut self, arrival: Arrival) -> Message {
        let key = arrival.draw_key;
        let bytes = arrival
            .bytes
            .unwrap_or_else(|| self.params.size.draw(&mut self.sizes.at(key)).max(1.0) as u64);
        let recipients = arrival.recipients.unwrap_or_else(|| {
            let draws = self.recipients.at(key);
            draw_recipients(&self.params.recipients, self.one_more, draws)
        });
        let id = self.next_id;
        self.next_id += 1;
        Message {
            id,
            draw_key: key,
            created: arrival.at,
            last_try: arrival.at,
            bytes: bytes.min(u64::from(u32::MAX)) as u32,
            recipients: recipients.max(1),
            tries: 0,
            reads: 0,
            agent: match self.agent_count {
                1 => 0,
                count => self.agents.at(key).below(u64::from(count)) as u32,
            },
            destination: arrival
                .destination
                .filter(|number| usize::from(*number) <= self.shares.len())
                .unwrap_or_else(|| self.draw_destination(key)),
            batches_sent: 0,
            wait: Wait::default(),
            locked: false,
            warned: false,
            accepted: false,
        }
    }
}

/// The share of messages to one recipient.
const ONE: f64 = 0.85;

/// Mean of the geometric part: mean = 0.85 + 0.15 * (2 + geometric).
fn beyond_two(recipients: &Recipients) -> f64 {
    (recipients.mean - ONE) / (1.0 - ONE) - 2.0
}

/// The parameter of the geometric part with which the mean holds after the cut at the maximum.
fn one_more(recipients: &Recipients) -> f64 {
    let wanted = beyond_two(recipients);
    if wanted <= 0.0 {
        return 0.0;
    }
    // The mean of the geometric part, cut: p + p^2 + .. + p^most.
    let most = f64::from(recipients.max) - 2.0;
    let cut = |p: f64| p * -libm::expm1(most * libm::log(p)) / (1.0 - p);
    let uncut = wanted / (1.0 + wanted);
    if (1.0 - ONE) * (wanted - cut(uncut)).abs() <= 1e-9 * recipients.mean {
        return uncut;
    }
    let (mut low, mut high) = (uncut, 1.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if cut(middle) < wanted {
            low = middle;
        } else {
            high = middle;
        }
    }
    // Below 1, where the sum is no number and so never below what is wanted.
    low
}

/// 1 with probability 0.85, else 2 + geometric so that the mean holds, cut at the maximum. \[ASM\]
fn draw_recipients(recipients: &Recipients, one_more: f64, mut draws: Draws) -> u32 {
    if beyond_two(recipients) < 0.0 {
        // A mean below 1.15 leaves no room for 2 + geometric: 1 or 2 recipients give it exactly.
        return if draws.uniform() < recipients.mean - 1.0 { 2.min(recipients.max) } else { 1 };
    }
    if draws.uniform() < ONE {
        return 1;
    }
    let tail = if one_more > 0.0 {
        (libm::log(draws.uniform()) / libm::log(one_more)).floor()
    } else {
        0.0
    };
    (2.0 + tail).min(f64::from(recipients.max)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::params::{Arrivals, Burst};
    use crate::units::{Rate, Span};

    fn messages(params: &params::Workload, until: SimTime) -> Vec<Message> {
        let all = Params { workload: params.clone(), ..Params::default() };
        let mut workload = Workload::new(&all, 42, 0);
        let mut list = Vec::new();
        while let Some(at) = workload.next_at().filter(|at| *at < until) {
            list.extend(workload.take(at));
        }
        list
    }

    #[test]
    fn the_mean_number_of_recipients_holds_and_the_cap_too() {
        let spread = [1.0, 1.05, 1.15, 1.3, 3.0, 10.0, 15.85].map(|mean| (mean, 100));
        for (mean, max) in spread.into_iter().chain([(1.3, 3), (1.3, 4), (1.15, 2), (1.0, 1)]) {
            let recipients = Recipients { mean, max };
            let one_more = one_more(&recipients);
            let stream = Stream::new(1, 0, "recipients");
            let n = 200_000;
            let drawn: Vec<u32> =
                (0..n).map(|i| draw_recipients(&recipients, one_more, stream.at(i))).collect();
            let measured = drawn.iter().map(|r| f64::from(*r)).sum::<f64>() / n as f64;
            assert!((measured - mean).abs() < 0.03 * mean, "mean {mean}: {measured}");
            assert!(drawn.iter().all(|r| (1..=max).contains(r)));
        }
    }

    #[test]
    fn where_the_cut_does_not_matter_the_closed_form_stays_to_the_bit() {
        for (mean, max) in [(1.3, 100), (1.5, 100), (3.0, 1000)] {
            let wanted = (mean - 0.85) / (1.0 - 0.85) - 2.0;
            let closed: f64 = wanted / (1.0 + wanted);
            assert_eq!(one_more(&Recipients { mean, max }).to_bits(), closed.to_bits());
        }
        assert!(one_more(&Recipients { mean: 1e9, max: u32::MAX }) < 1.0);
    }

    #[test]
    fn a_burst_does_not_change_the_mail_of_the_steady_stream() {
        let quiet = params::Workload {
            arrivals: Arrivals::Poisson(Rate(1.0)),
            ..params::Workload::default()
        };
        let burst = Burst {
            at: SimTime::ZERO + Span::from_secs(10),
            messages: 50,
            over: Span::from_secs(5),
        };
        let loud = params::Workload { bursts: vec![burst], ..quiet.clone() };
        let until = SimTime::ZERO + Span::from_mins(1);
        let steady = |list: Vec<Message>| -> Vec<(u64, SimTime, u32)> {
            let own = list.into_iter().filter(|m| m.draw_key < SOURCE_STRIDE);
            own.map(|m| (m.draw_key, m.created, m.bytes)).collect()
        };
        let (alone, with) = (messages(&quiet, until), messages(&loud, until));
        assert_eq!(with.len(), alone.len() + 50);
        assert_eq!(steady(alone), steady(with));
    }

    #[test]
    fn messages_are_numbered_in_the_order_of_their_arrival() {
        let params = params::Workload {
            arrivals: Arrivals::Poisson(Rate(5.0)),
            bursts: vec![
                Burst { at: SimTime::ZERO, messages: 20, over: Span::from_secs(30) },
                Burst { at: SimTime::ZERO, messages: 3, over: Span::ZERO },
            ],
            ..params::Workload::default()
        };
        let list = messages(&params, SimTime::ZERO + Span::from_mins(1));
        assert!(list.windows(2).all(|w| w[0].created <= w[1].created && w[0].id + 1 == w[1].id));
        assert_eq!(list.iter().filter(|m| m.created == SimTime::ZERO).count(), 3);
    }
}
