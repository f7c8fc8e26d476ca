//! A diagnosis for programs and wikis. JSON has the metrics under the names of INTERFACE section 2.

use super::rows::{length, setting_rows, timeline};
use super::{DiagnosisPage, number};
use crate::experiment::Estimate;
use crate::maillog::{Answer, Finding, FindingKind, Phase, Relay, Stamp};
use crate::report::human;
use crate::report::metrics::quoted;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// Steps of the timeline in files.
const STEPS: usize = 288;

fn kind(of: FindingKind) -> &'static str {
    match of {
        FindingKind::HostStatus => "host_status",
        FindingKind::RunGivenUp => "run_given_up",
        FindingKind::Cuts => "connections_cut",
        FindingKind::RetryInterval => "retry_interval",
        FindingKind::Deferrals => "deferrals",
        FindingKind::Refusals => "connections_refused",
        FindingKind::SingleThread => "single_thread_delivery",
        FindingKind::NameService => "name_service",
        FindingKind::Capacity => "capacity",
        FindingKind::Healthy => "healthy",
    }
}

fn phase(of: Phase) -> &'static str {
    match of {
        Phase::Greeting => "greeting",
        Phase::Envelope => "mail_or_rcpt",
        Phase::Data => "data",
        Phase::Unknown => "unknown",
    }
}

fn answer(of: &Answer) -> Value {
    json!({"code": of.code, "dsn": of.dsn, "phase": phase(of.phase), "text": of.text, "count": of.count})
}

fn finding(of: &Finding) -> Value {
    json!({
        "kind": kind(of.kind),
        "relay": of.relay,
        "text": of.text,
        "waited_s": of.cost.seconds(),
        "evidence": of.evidence,
        "advice": of.advice,
    })
}

fn relay(of: &Relay, when: &dyn Fn(Stamp) -> String) -> Value {
    let avoided = of.avoided.iter().map(|span| {
        json!({
            "failure": span.failure.map(when),
            "from": when(span.from),
            "until": span.until.map(when),
            "seconds": length(span).seconds(),
            "skipped": span.skipped,
            "by_others": span.by_others,
        })
    });
    json!({
        "name": of.name,
        "addresses": of.addresses,
        "delivered": of.delivered,
        "bounced": of.bounced,
        "tries": {"made": of.tries, "skipped": of.skipped, "failed": of.failed},
        "connections": {"cut": of.cut, "reset": of.reset, "refused": of.refused},
        "answers": of.answers.iter().map(answer).collect::<Vec<_>>(),
        "avoided": {
            "count": of.avoided_count,
            "seconds": of.avoided_total.seconds(),
            "longest": avoided.collect::<Vec<_>>(),
        },
        "message_time_s": of.message_time.map(|time| time.seconds()),
        "messages_in_a_row_max": of.in_a_row_max,
        "messages_at_cut": of.carried_at_cut,
        "age_at_cut_s": of.age_at_cut.iter().map(|age| age.seconds()).collect::<Vec<_>>(),
    })
}

/// One object.
pub fn diagnosis_json(page: &DiagnosisPage) -> String {
    let of = page.diagnosis;
    let years = of.coverage.years;
    let when = |stamp: Stamp| stamp.written(years);
    let metric = |(name, _, estimate): (String, _, &Estimate)| {
        (name, serde_json::to_value(estimate).unwrap_or(Value::Null))
    };
    let metrics: Map<String, Value> = page.metrics.named().map(metric).collect();
    let settings = setting_rows(&of.settings).into_iter().map(|row| {
        let [value, low, high] = row.plain;
        let entry = json!({"value": value, "low": low, "high": high, "sure": row.sure.word(), "why": row.why});
        (row.key.to_owned(), entry)
    });
    let settings: Map<String, Value> = settings.collect();
    let steps = timeline(&of.mail, STEPS).into_iter().map(|(start, bucket)| {
        json!({
            "from": when(start),
            "arrived": bucket.arrived,
            "delivered": bucket.delivered,
            "skipped": bucket.skipped,
            "failed": bucket.failed,
            "worst_delay_s": bucket.worst.seconds(),
        })
    });
    let coverage = &of.coverage;
    let counts = &of.mail.counts;
    let log = json!({
        "from": coverage.first.map(when),
        "until": coverage.last.map(when),
        "lines": coverage.lines,
        "sendmail": coverage.sendmail,
        "other_programs": coverage.others,
        "damaged": coverage.damaged,
        "damaged_first": coverage.damaged_samples,
        "out_of_order": coverage.out_of_order,
        "forgotten": coverage.forgotten,
        "machines": coverage.nodes,
        "carried_over": counts.carried_over,
        "filter_hops": counts.hops,
        "refused_on_the_way_in": counts.refused,
    });
    let mean = |of: &crate::stats::Histogram| {
        (of.count() > 0).then(|| of.sum() as f64 / of.count() as f64)
    };
    let mail = json!({
        "size_mean": mean(&of.mail.sizes),
        "size_p50": (of.mail.sizes.count() > 0).then(|| super::quantile(&of.mail.sizes, 0.5)),
        "size_max": of.mail.sizes.max(),
        "recipients_mean": mean(&of.mail.recipients),
        "tries_a_message_mean": mean(&of.mail.tries),
        "tries_a_message_max": of.mail.tries.max(),
    });
    let written = json!({
        "schema": crate::experiment::SCHEMA,
        "version": env!("CARGO_PKG_VERSION"),
        "log": log,
        "findings": of.findings.iter().map(finding).collect::<Vec<_>>(),
        "metrics": metrics,
        "mail": mail,
        "settings": settings,
        "relays": of.relays.iter().map(|of| relay(of, &when)).collect::<Vec<_>>(),
        "timeline": steps.collect::<Vec<_>>(),
        "cannot_tell": of.cannot_tell,
    });
    // Plain maps, lists, texts and numbers; writing them to memory cannot fail.
    serde_json::to_string_pretty(&written).unwrap_or_default() + "\n"
}

/// A row for each metric, then one for each setting: `kind,name,point,low,high,n,sure`.
pub fn diagnosis_csv(page: &DiagnosisPage) -> String {
    let mut out = String::from("kind,name,point,low,high,n,censored,sure\n");
    let cell = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    for (name, _, e) in page.metrics.named() {
        let values = [e.point, e.low, e.high].map(cell).join(",");
        let _ = writeln!(out, "metric,{},{values},{},{},", quoted(&name), e.n, e.censored);
    }
    let plain = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => quoted(text),
        other => other.to_string(),
    };
    for row in setting_rows(&page.diagnosis.settings) {
        let values = row.plain.each_ref().map(plain).join(",");
        let _ = writeln!(out, "setting,{},{values},,,{}", row.key, row.sure.word());
    }
    out
}

/// Tables for a wiki.
pub fn diagnosis_markdown(page: &DiagnosisPage) -> String {
    let of = page.diagnosis;
    let clean = |text: &str| text.replace('|', "\\|");
    let mut out = format!("## {}\n\n", clean(page.name));
    for (place, finding) in of.findings.iter().enumerate() {
        let _ = writeln!(out, "{}. {}", place + 1, clean(&finding.text));
        for advice in &finding.advice {
            let _ = writeln!(out, "   - {}", clean(advice));
        }
    }
    out += "\n| metric | value | 95 % interval | meaning |\n|---|--:|--:|---|\n";
    for (name, metric, estimate) in page.metrics.named() {
        let [value, interval, _] = human::estimate(estimate, metric.unit());
        let _ = writeln!(out, "| `{name}` | {value} | {interval} | {} |", metric.meaning());
    }
    out += "\n| next hop | delivered | skipped | failed | cut |\n|---|--:|--:|--:|--:|\n";
    for relay in &of.relays {
        let numbers = [relay.delivered, relay.skipped, relay.failed, relay.cut].map(number);
        let _ = writeln!(out, "| {} | {} |", clean(&relay.name), numbers.join(" | "));
    }
    out += "\n| setting | value | how sure | why |\n|---|---|---|---|\n";
    for row in setting_rows(&of.settings) {
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {} |",
            row.key,
            row.value,
            row.sure.word(),
            clean(row.why)
        );
    }
    for text in &of.cannot_tell {
        let _ = writeln!(out, "\nThe log cannot tell {}.", clean(text));
    }
    out
}
