//! The receiver: Exchange Online's front door.
//!
//! Front ends are the tenant's few public addresses. Life of one: up; or in trouble, always (`dead`).
//! MODEL.md section 7.
//!
//! | parameter | default | source |
//! |---|---|---|
//! | `front_ends` | 3 | Microsoft 2020-10-22: "two or three" |
//! | `max_connections` | unlimited | EXO publishes none |
//! | `max_connections_per_source` | unlimited | on-premises default 20 |
//!
//! Left out: the machines behind a front end.

use super::params::{Receiver, Trouble};

/// How a front end answers a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Greeting {
    /// 220.
    Welcome,
    /// connect() is refused.
    Refused,
    /// Accepted and reset before the greeting.
    Reset,
    /// 421.
    Code421,
    /// Accepted, and then nothing.
    Silence,
}

/// The receiver's own state: who is connected.
#[derive(Clone, Debug)]
pub struct Exchange {
    open: u32,
    open_by_agent: Vec<u32>,
    dialled: u64,
}

impl Exchange {
    /// Nobody is connected yet.
    pub fn new(agents: u32) -> Self {
        Exchange { open: 0, open_by_agent: vec![0; agents as usize], dialled: 0 }
    }

    /// How front end `front_end` answers a connection of `agent` now.
    pub fn greeting(&self, params: &Receiver, front_end: u32, agent: u32) -> Greeting {
        let trouble = params.dead.iter().find(|(dead, _)| *dead == front_end);
        if let Some((_, trouble)) = trouble {
            return match trouble {
                Trouble::Reset => Greeting::Reset,
                Trouble::Refuse => Greeting::Refused,
                Trouble::Greeting421 => Greeting::Code421,
                Trouble::Silent => Greeting::Silence,
            };
        }
        let full = |open: u32, limit: Option<u32>| limit.is_some_and(|limit| open >= limit);
        let own = self.open_by_agent[agent as usize];
        if full(self.open, params.max_connections) || full(own, params.max_connections_per_source) {
            return Greeting::Code421;
        }
        Greeting::Welcome
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

    /// Connections open now.
    pub fn open(&self) -> u32 {
        self.open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_beyond_the_limit_is_greeted_with_421() {
        let params = Receiver { max_connections: Some(2), ..Receiver::default() };
        let mut exchange = Exchange::new(2);
        exchange.opened(0);
        assert_eq!(exchange.greeting(&params, 0, 0), Greeting::Welcome);
        exchange.opened(1);
        assert_eq!(exchange.greeting(&params, 0, 0), Greeting::Code421);
        exchange.closed(1);
        assert_eq!(exchange.greeting(&params, 0, 0), Greeting::Welcome);
    }

    #[test]
    fn a_limit_per_source_counts_each_agent_for_itself() {
        let params = Receiver { max_connections_per_source: Some(1), ..Receiver::default() };
        let mut exchange = Exchange::new(2);
        exchange.opened(0);
        assert_eq!(exchange.greeting(&params, 0, 0), Greeting::Code421);
        assert_eq!(exchange.greeting(&params, 0, 1), Greeting::Welcome);
    }

    #[test]
    fn a_dead_front_end_answers_as_its_trouble_says_and_its_siblings_do_not() {
        let params = Receiver { dead: vec![(1, Trouble::Refuse)], ..Receiver::default() };
        let exchange = Exchange::new(1);
        assert_eq!(exchange.greeting(&params, 1, 0), Greeting::Refused);
        assert_eq!(exchange.greeting(&params, 0, 0), Greeting::Welcome);
    }
}
