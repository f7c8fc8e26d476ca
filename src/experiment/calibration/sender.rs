//! What a log tells of the sender, as keys of `proofpoint:`.

use super::{Calibrated, key, span};
use crate::maillog::{Cap, Delivery, QueueRuns, Settings};

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
