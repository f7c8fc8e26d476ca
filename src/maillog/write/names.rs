//! Names and numbers that the model has no use for and a log cannot do without: all of them invented.
//!
//! Domains are those of RFC 2606, addresses those of RFC 5737 (and of RFC 2544 where so many receivers are
//! simulated that they do not suffice).

use crate::model::message::Message;
use crate::model::params::{Params, QueueRuns, Routing};

/// Process ids are below this, as queue ids have six digits for them.
const PIDS: u64 = 450_000;

/// A sender's machine.
pub(super) fn machine(agent: u32) -> String {
    format!("mx{}", u64::from(agent) + 1)
}

/// The process that accepted message `id`: each comes in a session of its own.
pub(super) fn session_pid(id: u64) -> u64 {
    2001 + 2 * (id % PIDS)
}

/// The daemon of `agent`.
pub(super) fn daemon_pid(agent: u32) -> u64 {
    500 + u64::from(agent) % 500
}

/// Process `number`; never one that accepted a message.
pub(super) fn process_pid(number: u64) -> u64 {
    2002 + 2 * (number % PIDS)
}

/// The message id of message `id`.
pub(super) fn message_id(id: u64) -> String {
    format!("<{id:08}@mail.sender.example>")
}

/// The address of front end `front_end` of destination `destination`.
pub(super) fn address(destination: usize, front_end: u32) -> String {
    const NETS: [&str; 3] = ["203.0.113", "198.51.100", "192.0.2"];
    // A receiver has 64 addresses at most: three fit into each network.
    match NETS.get(destination / 3) {
        Some(net) => format!("{net}.{}", 1 + 64 * (destination % 3) as u32 + front_end),
        None => format!("198.18.{}.{}", destination % 256, 1 + front_end),
    }
}

/// A receiver as it is dialled.
#[derive(Clone, Debug)]
struct Receiver {
    routing: Routing,
    /// Its first host.
    first: usize,
    /// Its recipients' domain.
    domain: String,
}

/// The receivers of a run.
#[derive(Debug)]
pub(super) struct Names {
    receivers: Vec<Receiver>,
    one_process: bool,
}

impl Names {
    pub(super) fn new(params: &Params) -> Self {
        let mut first = 0;
        let receiver = |number: usize| {
            let known = params.receiver_of(number);
            let count = match known.routing {
                Routing::OneName => 1,
                Routing::MxHosts | Routing::Addresses => known.front_ends as usize,
            };
            let domain = match number.checked_sub(1).and_then(|other| params.others.get(other)) {
                None => "tenant.example".to_owned(),
                Some(other) => format!("{}-{number}.example", label(&other.name)),
            };
            let receiver = Receiver { routing: known.routing, first, domain };
            first += count;
            receiver
        };
        let sender = &params.sender;
        Names {
            receivers: (0..params.destinations()).map(receiver).collect(),
            one_process: sender.runners == 1
                && matches!(sender.runs, QueueRuns::Persistent { .. })
                && params.changes.is_empty(),
        }
    }

    /// The process id of process `number` of `agent`. A single persistent runner is one process for good.
    pub(super) fn pid(&self, agent: u32, number: u64, runner: bool) -> u64 {
        match runner && self.one_process {
            true => 1000 + u64::from(agent) % 1000,
            false => process_pid(number),
        }
    }

    /// The host that a connection to `front_end` of `destination` was dialled as.
    pub(super) fn host_of(&self, destination: usize, front_end: u32) -> usize {
        let receiver = &self.receivers[destination];
        match receiver.routing {
            Routing::OneName => receiver.first,
            Routing::MxHosts | Routing::Addresses => receiver.first + front_end as usize,
        }
    }

    /// What Sendmail dials as host `host`: a name with its last dot, or an address in brackets.
    pub(super) fn host(&self, host: usize) -> String {
        let destination = self.destination_of(host);
        let receiver = &self.receivers[destination];
        let place = host - receiver.first;
        let zone = match destination {
            0 => "mail.protection.example.net.".to_owned(),
            _ => format!("{}.", receiver.domain),
        };
        match (receiver.routing, destination) {
            (Routing::OneName, 0) => format!("tenant-example.{zone}"),
            (Routing::OneName, _) => format!("mx.{zone}"),
            (Routing::MxHosts, _) => format!("mx{}.{zone}", place + 1),
            (Routing::Addresses, _) => format!("[{}]", address(destination, place as u32)),
        }
    }

    /// The destination that `host` belongs to.
    pub(super) fn destination_of(&self, host: usize) -> usize {
        self.receivers.partition_point(|receiver| receiver.first <= host).saturating_sub(1)
    }

    /// Recipient `number` of `message`.
    pub(super) fn recipient(&self, message: &Message, number: u32) -> String {
        let user = (message.id.wrapping_mul(7919).wrapping_add(u64::from(number))) % 10_000;
        let domain = &self.receivers[usize::from(message.destination)].domain;
        format!("<user{user:04}@{domain}>")
    }
}

/// What a user called a destination, as a label of a domain name.
fn label(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let text: String = name.chars().map(plain).take(30).collect();
    match text.trim_matches('-') {
        "" => "other".to_owned(),
        text => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::params::Destination;
    use crate::units::Share;

    #[test]
    fn hosts_are_named_by_what_is_dialled() {
        let mut params = Params::default();
        let other = |name: &str, routing| {
            let receiver = crate::model::params::Receiver { routing, ..Default::default() };
            Destination { name: name.into(), share: Share::ZERO, receiver }
        };
        params.others =
            vec![other("Our partner!", Routing::MxHosts), other("é", Routing::Addresses)];
        let names = Names::new(&params);
        let all: Vec<String> = (0..7).map(|host| names.host(host)).collect();
        assert_eq!(all[0], "tenant-example.mail.protection.example.net.");
        assert_eq!(all[1], "mx1.our-partner-1.example.");
        assert_eq!(all[3], "mx3.our-partner-1.example.");
        assert_eq!(all[4], "[203.0.113.129]");
        assert_eq!(names.host_of(2, 1), 5);
        assert_eq!((names.destination_of(0), names.destination_of(6)), (0, 2));
    }

    #[test]
    fn no_process_that_delivers_has_the_number_of_one_that_accepts() {
        for n in [0, 1, PIDS - 1, PIDS, u64::MAX] {
            assert_ne!(session_pid(n) % 2, process_pid(n) % 2);
            assert!(process_pid(n) < 1_000_000, "six digits");
        }
    }
}
