//! Rows that several forms of a diagnosis share: settings by the key of a scenario, the timeline in a few steps.

use crate::maillog::{
    Avoided, Bucket, Cap, CutKind, Delivery, Inferred, Mail, QueueRuns, Settings, Stamp, Sure,
};
use crate::report::human;
use crate::units::Span;
use serde_json::{Value, json};

/// A setting as it is shown.
pub(super) struct SettingRow<'a> {
    /// Key of a scenario.
    pub(super) key: &'static str,
    /// What people call it.
    pub(super) label: &'static str,
    /// Its value or bounds, in words.
    pub(super) value: String,
    /// Value, low, high for programs: durations in seconds.
    pub(super) plain: [Value; 3],
    pub(super) sure: Sure,
    pub(super) why: &'a str,
}

fn row<'a, T>(
    key: &'static str,
    label: &'static str,
    of: &'a Inferred<T>,
    words: impl Fn(&T) -> String,
    plain: impl Fn(&T) -> Value,
) -> SettingRow<'a> {
    let value = match (&of.value, &of.low, &of.high) {
        (Some(value), ..) => words(value),
        (None, Some(low), Some(high)) => format!("{} .. {}", words(low), words(high)),
        (None, Some(low), None) => format!("at least {}", words(low)),
        (None, None, Some(high)) => format!("at most {}", words(high)),
        (None, None, None) => "undetermined".to_owned(),
    };
    let sure = of.sure;
    let plain =
        [&of.value, &of.low, &of.high].map(|value| value.as_ref().map_or(Value::Null, &plain));
    let (value, sure_word) =
        if sure == Sure::Undetermined { ("-".to_owned(), sure) } else { (value, sure) };
    SettingRow { key, label, value, plain, sure: sure_word, why: &of.why }
}

fn seconds(span: &Span) -> Value {
    json!(span.seconds())
}

fn spoken(span: &Span) -> String {
    human::duration(span.seconds())
}

fn on(flag: &bool) -> String {
    if *flag { "on" } else { "off" }.to_owned()
}

fn cap(cap: &Cap) -> String {
    match cap {
        Cap::Limit(limit) => limit.to_string(),
        Cap::Unlimited => "unlimited".to_owned(),
    }
}

fn plain_cap(of: &Cap) -> Value {
    match of {
        Cap::Limit(limit) => json!(limit),
        Cap::Unlimited => json!("unlimited"),
    }
}

/// Every setting, those of the sender first.
pub(super) fn setting_rows(of: &Settings) -> Vec<SettingRow<'_>> {
    let delivery = |of: &Delivery| match of {
        Delivery::QueueOnly => "queue_only".to_owned(),
        Delivery::Immediate => "immediate".to_owned(),
    };
    let runs = |of: &QueueRuns| match of {
        QueueRuns::Periodic => "periodic".to_owned(),
        QueueRuns::Persistent => "persistent".to_owned(),
    };
    let cut = |of: &CutKind| match of {
        CutKind::Reset => "reset".to_owned(),
        CutKind::Reply421 => "reply_421".to_owned(),
    };
    vec![
        row("proofpoint.hoststat.enabled", "HostStat", &of.hoststat, on, |on| json!(on)),
        row(
            "proofpoint.hoststat.remember_for",
            "HostStat remembers for",
            &of.remember_for,
            spoken,
            seconds,
        ),
        row(
            "proofpoint.retry_interval",
            "message retry interval",
            &of.retry_interval,
            spoken,
            seconds,
        ),
        row("proofpoint.queue_runs", "queue runs", &of.queue_runs, runs, |of| json!(runs(of))),
        row("proofpoint.queue_runners", "queue runners", &of.queue_runners, u32::to_string, |n| {
            json!(n)
        }),
        row(
            "proofpoint.messages_per_connection",
            "messages per connection",
            &of.messages_per_connection,
            cap,
            plain_cap,
        ),
        row("proofpoint.delivery", "delivery on arrival", &of.delivery, delivery, |of| {
            json!(delivery(of))
        }),
        row(
            "proofpoint.single_thread_delivery",
            "one connection at a time",
            &of.single_thread_delivery,
            on,
            |on| json!(on),
        ),
        row("proofpoint.agents", "machines", &of.agents, u32::to_string, |n| json!(n)),
        row(
            "exchange_online.connection_lifetime",
            "receiver's connection age",
            &of.connection_lifetime,
            spoken,
            seconds,
        ),
        row("exchange_online.cut", "receiver cuts by", &of.cut, cut, |of| json!(cut(of))),
        row("message_time", "time for a message", &of.message_time, spoken, seconds),
    ]
}

/// How long a host was avoided.
pub(super) fn length(span: &Avoided) -> Span {
    span.until.unwrap_or(span.last).since(span.failure.unwrap_or(span.from))
}

/// The timeline in at most `most` steps of equal length.
pub(super) fn timeline(mail: &Mail, most: usize) -> Vec<(Stamp, Bucket)> {
    let size = mail.timeline.len().div_ceil(most).max(1);
    let step = |(place, buckets): (usize, &[Bucket])| {
        let sum = buckets.iter().fold(Bucket::default(), |sum, bucket| Bucket {
            arrived: sum.arrived + bucket.arrived,
            delivered: sum.delivered + bucket.delivered,
            skipped: sum.skipped + bucket.skipped,
            failed: sum.failed + bucket.failed,
            worst: sum.worst.max(bucket.worst),
        });
        let offset = (mail.bucket * size as u64 * place as u64).nanos() / 1000;
        (Stamp(mail.timeline_start.0.saturating_add(offset as i64)), sum)
    };
    mail.timeline.chunks(size).enumerate().map(step).collect()
}
