//! The receiver: Exchange Online's front door (and, with the same rules, every other destination's).
//!
//! Front ends are the tenant's few public addresses, each balanced over many machines. Life of one: up; in
//! trouble always (`dead`), by schedule (`outages`), or as the luck of a connection that lands on an
//! unhealthy machine - which says nothing about its siblings, yet marks the host. MODEL.md section 7.
//!
//! | parameter | default | source |
//! |---|---|---|
//! | `front_ends` | 3 | Microsoft 2020-10-22: "two or three" |
//! | `machines_per_front_end` | 200 | assumed; Microsoft: "hundreds" |
//! | `unhealthy_machines` | none | assumed |
//! | `max_connections` | unlimited | EXO publishes none |
//! | `max_connections_per_source` | unlimited | on-premises default 20 |
//!
//! Left out: what happens to mail inside Exchange Online once it is accepted.

pub mod conditions;
pub mod episodes;
pub mod throttle;

use super::params::{Receiver, Trouble};
use crate::engine::Stream;
use crate::model::laboratory::Blocks;
use crate::units::SimTime;
use conditions::outage;
use episodes::Spells;
use throttle::Window;

/// How a front end answers a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Greeting {
    /// 220.
    Welcome,
    /// connect() is refused.
    Refused,
    /// connect() is not answered.
    NoAnswer,
    /// Accepted and reset before the greeting.
    Reset,
    /// 421.
    Code421,
    /// Accepted, and then nothing.
    Silence,
}

/// The receiver's own state: who is connected, what was accepted in this window, how it feels.
#[derive(Clone, Debug)]
pub struct Exchange {
    open: u32,
    open_by_agent: Vec<u32>,
    dialled: u64,
    machines: Stream,
    /// Messages accepted in the current window of the throttle.
    pub window: Window,
    /// Trouble that comes in spells.
    pub spells: Spells,
    /// Service times that keep to a known mean: recorded cases only.
    pub blocks: Option<Blocks>,
}

impl Exchange {
    /// Nobody is connected yet. `machines` and `spells` name its luck.
    pub fn new(agents: u32, machines: Stream, spells: Stream, blocks: Option<Blocks>) -> Self {
        Exchange {
            open: 0,
            open_by_agent: vec![0; agents as usize],
            dialled: 0,
            machines,
            window: Window::default(),
            spells: Spells::new(spells),
            blocks,
        }
    }

    /// What is wrong with the machine behind `front_end` on which dialling number `dialled` lands.
    pub fn machine(&self, params: &Receiver, front_end: u32, dialled: u64) -> Option<Trouble> {
        let unhealthy = params.unhealthy_machines?;
        let machines = u64::from(params.machines_per_front_end.max(1));
        // The share need not make whole machines: what is left over is one more by chance, for the whole run.
        let expected = unhealthy.share.value() * machines as f64;
        let more = self.machines.at_part(u64::MAX, u64::from(front_end)).uniform();
        let sick = expected as u64 + u64::from(more < expected.fract());
        let machine = self.machines.at_part(dialled, u64::from(front_end)).below(machines);
        (machine < sick).then_some(unhealthy.behaviour)
    }

    /// What the messages of an open connection meet: the trouble of its front end, or of its machine.
    pub fn trouble(&self, params: &Receiver, front_end: u32, dialled: u64) -> Option<Trouble> {
        let always = dead(params, front_end);
        always.or_else(|| self.machine(params, front_end, dialled))
    }

    /// How front end `front_end` answers a connection of `agent` at `now` that lands on a machine with
    /// `machine` wrong with it.
    pub fn greeting(
        &self,
        params: &Receiver,
        (front_end, machine): (u32, Option<Trouble>),
        agent: u32,
        now: SimTime,
    ) -> Greeting {
        let is_full = self.is_full(params, agent);
        if machine.is_none() && params.dead.is_empty() && params.outages.is_empty() {
            return if is_full { Greeting::Code421 } else { Greeting::Welcome };
        }
        let dead = dead(params, front_end);
        let scheduled = outage(&params.outages, front_end, now);
        // A silent machine stands behind a front end that still accepts; a silent front end does not.
        if scheduled == Some(Trouble::Silent) {
            return Greeting::NoAnswer;
        }
        for trouble in [dead, scheduled, machine].into_iter().flatten() {
            match trouble {
                Trouble::Reset => return Greeting::Reset,
                Trouble::Refuse => return Greeting::Refused,
                Trouble::Greeting421 => return Greeting::Code421,
                Trouble::Silent => return Greeting::Silence,
                Trouble::Defer | Trouble::Slow(_) => {}
            }
        }
        if is_full { Greeting::Code421 } else { Greeting::Welcome }
    }

    /// Whether one more connection of `agent` would be refused for want of room.
    pub fn is_full(&self, params: &Receiver, agent: u32) -> bool {
        let full = |open: u32, limit: Option<u32>| limit.is_some_and(|limit| open >= limit);
        full(self.open, params.max_connections)
            || full(self.open_by_agent[agent as usize], params.max_connections_per_source)
    }

    /// A connection of `agent` is open.
    pub fn opened(&mut self, agent: u32) {
        self.open += 1;
        self.open_by_agent[agent as usize] += 1;
    }

    /// A connection of `agent` has ended.
    pub fn closed(&mut self, agent: u32) {
        self.open -= 1;
        self.open_by_agent[agent as usize] -= 1;
    }

    /// The number of this dialling, from 0: what rotation and random order go by.
    pub fn dialled(&mut self) -> u64 {
        self.dialled += 1;
        self.dialled - 1
    }
}

/// What is wrong with `front_end` all the time.
fn dead(params: &Receiver, front_end: u32) -> Option<Trouble> {
    params.dead.iter().find(|(dead, _)| *dead == front_end).map(|(_, how)| *how)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::params::{Outage, UnhealthyMachines};
    use crate::units::{Share, Span};

    fn exchange(agents: u32) -> Exchange {
        let of = |what| Stream::new(1, 0, what);
        Exchange::new(agents, of("machines"), of("spells"), None)
    }

    fn greet(exchange: &Exchange, params: &Receiver, front_end: u32, agent: u32) -> Greeting {
        exchange.greeting(params, (front_end, None), agent, SimTime::ZERO)
    }

    #[test]
    fn a_connection_beyond_the_limit_is_greeted_with_421() {
        let params = Receiver { max_connections: Some(2), ..Receiver::default() };
        let mut exchange = exchange(2);
        exchange.opened(0);
        assert_eq!(greet(&exchange, &params, 0, 0), Greeting::Welcome);
        exchange.opened(1);
        assert_eq!(greet(&exchange, &params, 0, 0), Greeting::Code421);
        exchange.closed(1);
        assert_eq!(greet(&exchange, &params, 0, 0), Greeting::Welcome);
    }

    #[test]
    fn a_limit_per_source_counts_each_agent_for_itself() {
        let params = Receiver { max_connections_per_source: Some(1), ..Receiver::default() };
        let mut exchange = exchange(2);
        exchange.opened(0);
        assert_eq!(greet(&exchange, &params, 0, 0), Greeting::Code421);
        assert_eq!(greet(&exchange, &params, 0, 1), Greeting::Welcome);
    }

    #[test]
    fn a_dead_front_end_answers_as_its_trouble_says_and_its_siblings_do_not() {
        let params = Receiver { dead: vec![(1, Trouble::Refuse)], ..Receiver::default() };
        let exchange = exchange(1);
        assert_eq!(greet(&exchange, &params, 1, 0), Greeting::Refused);
        assert_eq!(greet(&exchange, &params, 0, 0), Greeting::Welcome);
    }

    #[test]
    fn a_silent_front_end_does_not_even_accept_connections() {
        let until = SimTime::ZERO + Span::from_mins(1);
        let behaviour = Trouble::Silent;
        let outage = Outage { front_end: 1, from: SimTime::ZERO, until, behaviour };
        let params = Receiver { outages: vec![outage], ..Receiver::default() };
        let exchange = exchange(1);
        assert_eq!(greet(&exchange, &params, 1, 0), Greeting::NoAnswer);
        assert_eq!(greet(&exchange, &params, 0, 0), Greeting::Welcome);
    }

    #[test]
    fn a_connection_lands_on_an_unhealthy_machine_by_their_share() {
        let unhealthy = UnhealthyMachines { share: Share::new(0.1), behaviour: Trouble::Silent };
        let params = Receiver { unhealthy_machines: Some(unhealthy), ..Receiver::default() };
        let exchange = exchange(1);
        let hit = (0..20_000).filter(|n| exchange.machine(&params, 0, *n).is_some()).count();
        // Five standard errors of a binomial with n 20,000 and p 0.1.
        assert!((hit as f64 - 2000.0).abs() < 5.0 * 42.4, "{hit}");
    }
}
