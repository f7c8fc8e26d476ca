//! What a log tells of the sender, as keys of `proofpoint:`.

use super::{Calibrated, Frame, key, span};
use crate::maillog::{Cap, Delivery, QueueRuns, Settings, Stamp};
use std::collections::BTreeMap;

/// Keys that a restart of the daemon may change.
const CHANGED: [&str; 6] = [
    "proofpoint.queue_runners",
    "proofpoint.retry_interval",
    "proofpoint.messages_per_connection",
    "proofpoint.hoststat.enabled",
    "proofpoint.hoststat.remember_for",
    "proofpoint.single_thread_delivery",
];

/// `changes:`, where the log shows other settings after the daemon was started anew.
pub(super) fn changes(epochs: &[(Stamp, Settings)], frame: &Frame) -> Option<Calibrated> {
    let mut now: BTreeMap<&str, String> = BTreeMap::new();
    let mut list = Vec::new();
    for (number, (since, settings)) in epochs.iter().enumerate() {
        let known = keys(settings).into_iter().filter(|one| CHANGED.contains(&one.key));
        let known = known.filter_map(|one| Some((one.key, one.value?)));
        let new: Vec<(&str, String)> =
            known.filter(|(key, value)| now.get(key) != Some(value)).collect();
        now.extend(new.iter().cloned());
        let at = frame.seconds(*since);
        if number == 0 || new.is_empty() || at <= 0.0 || at >= frame.length.seconds() {
            continue;
        }
        let set: Vec<String> =
            new.into_iter().map(|(key, value)| format!("{key}: {value}")).collect();
        list.push(format!("{{ at: {}, set: {{ {} }} }}", super::seconds(at), set.join(", ")));
    }
    let why = "shown: from this start of the daemon on the log shows other settings; what it does not show then stays \
               as it was";
    (!list.is_empty())
        .then(|| Calibrated::known("changes", format!("[ {} ]", list.join(", ")), why))
}

/// The keys, known or not.
pub(super) fn keys(settings: &Settings) -> Vec<Calibrated> {
    let delivery = |value| match value {
        Delivery::QueueOnly => "queue_only".to_owned(),
        Delivery::Immediate => "immediate".to_owned(),
    };
    let runs = |value| match value {
        QueueRuns::Periodic => "periodic".to_owned(),
        QueueRuns::Persistent => "persistent".to_owned(),
    };
    let cap = |value| match value {
        Cap::Limit(most) => most.to_string(),
        Cap::Unlimited => "unlimited".to_owned(),
    };
    let flag = |on: bool| if on { "on".to_owned() } else { "off".to_owned() };
    let number = |count: u32| count.max(1).to_string();
    let not_logged = |key, what: &str| Calibrated::undetermined(key, what);
    vec![
        key("proofpoint.agents", &settings.agents, number),
        key("proofpoint.delivery", &settings.delivery, delivery),
        key("proofpoint.queue_runs", &settings.queue_runs, runs),
        key("proofpoint.queue_runners", &settings.queue_runners, number),
        key("proofpoint.retry_interval", &settings.retry_interval, span),
        not_logged("proofpoint.order", "no line of a log states the order of the queue"),
        key("proofpoint.messages_per_connection", &settings.messages_per_connection, cap),
        key("proofpoint.hoststat.enabled", &settings.hoststat, flag),
        key("proofpoint.hoststat.remember_for", &settings.remember_for, span),
        key("proofpoint.single_thread_delivery", &settings.single_thread_delivery, flag),
    ]
}
