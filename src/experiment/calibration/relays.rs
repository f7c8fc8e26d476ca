//! Which relays are one receiver: literal addresses together, hosts of one domain together.

use crate::maillog::Diagnosis;
use std::collections::BTreeMap;

/// A receiver below this share of the mail is replayed as if it were the first.
const SMALL: f64 = 0.005;
/// Other receivers, at most.
const MOST: usize = 8;

/// Relays that are one receiver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Group {
    /// Their positions in the diagnosis.
    pub(super) relays: Vec<usize>,
    /// Messages that went there last.
    pub(super) messages: u64,
    /// Dialled by address.
    pub(super) literal: bool,
}

/// What a receiver is called; the first is Exchange Online.
pub(super) fn name(number: usize) -> String {
    match number {
        0 => "exchange_online".to_owned(),
        _ => format!("destination-{}", number + 1),
    }
}

/// The receivers of a log, that with most messages first.
pub(super) fn groups(diagnosis: &Diagnosis) -> Vec<Group> {
    let mut found: BTreeMap<&str, Group> = BTreeMap::new();
    for (place, relay) in diagnosis.relays.iter().enumerate() {
        if relay.tries == 0 || relay.name == "(others)" {
            continue;
        }
        let literal = relay.name.starts_with('[');
        let group = found.entry(if literal { "[" } else { domain(&relay.name) }).or_default();
        group.relays.push(place);
        group.literal = literal;
    }
    let mut groups: Vec<Group> = found.into_values().collect();
    let of_relay =
        |place: u32| groups.iter().position(|group| group.relays.contains(&(place as usize)));
    let mut counts = vec![0u64; groups.len()];
    for arrival in diagnosis.arrivals.iter().flatten() {
        if let Some(group) = arrival.relay.and_then(of_relay) {
            counts[group] += 1;
        }
    }
    for (group, count) in groups.iter_mut().zip(counts) {
        group.messages = count;
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.messages));
    let all: u64 = groups.iter().map(|group| group.messages).sum();
    let kept = groups.iter().take(1 + MOST);
    let large = kept.take_while(|group| group.messages as f64 >= SMALL * all as f64).count();
    groups.truncate(large.max(1));
    groups
}

/// All but the first label of a host name that has more than two: `mx1.example.net` and `mx2.example.net` are one.
fn domain(name: &str) -> &str {
    match name.split_once('.') {
        Some((_, rest)) if rest.contains('.') => rest,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_one_domain_are_one_receiver() {
        assert_eq!(domain("mx1.mail.example.net"), domain("mx2.mail.example.net"));
        assert_ne!(domain("mx1.a.example"), domain("mx1.b.example"));
        assert_eq!(domain("a.example"), "a.example");
        assert_eq!(domain("localhost"), "localhost");
    }
}
