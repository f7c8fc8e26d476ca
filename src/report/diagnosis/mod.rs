//! What a log tells: the verdict first, then how late mail was, what happened, the next hops, the settings that show, the
//! course of time, and what the log cannot tell. 80 columns, as CSV, as JSON and as Markdown.

mod files;
mod page;
mod rows;

use super::human;
use super::style::Style;
use super::table::{WIDTH, cut_to, wrapped};
use crate::experiment::Metrics;
use crate::maillog::{Diagnosis, HostStatus, Mail, Phase, Relay, Stamp, Sure};
use crate::measure::{Metric, Unit};
use crate::units::Span;
use rows::setting_rows;
use std::fmt::Write as _;

pub use files::{diagnosis_csv, diagnosis_json, diagnosis_markdown};
pub use page::{diagnosis_charts, diagnosis_html};

/// Rows of the timeline that are shown.
const ROWS: usize = 16;
/// Next hops that are shown unless all are asked for.
const HOPS: usize = 8;

/// What is shown.
#[derive(Clone, Copy, Debug)]
pub struct DiagnosisPage<'a> {
    /// What was learnt.
    pub diagnosis: &'a Diagnosis,
    /// Its metrics.
    pub metrics: &'a Metrics,
    /// What the log is called.
    pub name: &'a str,
    /// Whether everything is shown.
    pub all: bool,
}

/// The page for people.
pub fn diagnosis_page(page: &DiagnosisPage, style: Style) -> String {
    let mut out = String::new();
    heading(&mut out, page, style);
    verdict(&mut out, page.diagnosis, style);
    delays(&mut out, page, style);
    happened(&mut out, &page.diagnosis.mail, style);
    hops(&mut out, page, style);
    settings(&mut out, page.diagnosis, style);
    timeline(&mut out, page.diagnosis, style);
    cannot_tell(&mut out, page.diagnosis, style);
    out
}

/// The verdict alone.
pub fn diagnosis_verdict(page: &DiagnosisPage, style: Style) -> String {
    let mut out = String::new();
    heading(&mut out, page, style);
    verdict(&mut out, page.diagnosis, style);
    out
}

/// What `hoststat` printed, the bad hosts first, and what the article advises.
pub fn host_status_page(of: &HostStatus, name: &str, style: Style) -> String {
    let mut out = format!("{}\n", style.bold(&cut_to(&format!("Host status in {name}"), WIDTH)));
    let bad = of.bad().count();
    let text =
        format!("{}, {} of them bad", plural(of.rows.len() as u64, "host"), number(bad as u64));
    let _ = writeln!(out, "{}", style.dim(&text));
    let others = of.rows.iter().filter(|row| !row.bad);
    for row in of.bad().chain(others.take(HOPS)) {
        let locked = if row.locked { "locked" } else { "" };
        let age = human::duration(row.age.seconds());
        let line = format!(
            "  {:<40}{age:>9} {locked:<7}{}",
            cut_to(&row.host, 39),
            cut_to(&row.result, 20)
        );
        let line = line.trim_end();
        let _ = writeln!(out, "{}", if row.bad { style.bad(line) } else { line.to_owned() });
    }
    if bad > 0 {
        let text = "-> Mail for the bad hosts waits although it may have been minutes ago that they failed. Clear them from \
                    the HostStatus file, and disable the HostStat feature (cloud service: Proofpoint Support does it).";
        out += &wrapped(text, "  ");
    }
    out.push('\n');
    out
}

fn title(out: &mut String, text: &str, style: Style) {
    let _ = writeln!(out, "\n{}", style.bold(text));
}

fn number(value: u64) -> String {
    human::number(value as f64)
}

fn heading(out: &mut String, page: &DiagnosisPage, style: Style) {
    let of = &page.diagnosis.coverage;
    let _ = writeln!(out, "{}", style.bold(&cut_to(page.name, WIDTH)));
    let when = |stamp: Option<Stamp>| stamp.unwrap_or_default().written(of.years);
    let machines = match &of.nodes[..] {
        [one] => format!("on {one}"),
        several => format!("on {} machines", several.len()),
    };
    let text = format!(
        "{} to {} ({}); {} of Sendmail {machines}",
        when(of.first),
        when(of.last),
        human::duration(of.span().seconds()),
        plural(of.sendmail, "line"),
    );
    *out += &style_lines(&wrapped(&text, ""), style);
    let mut more = Vec::new();
    if of.others > 0 {
        more.push(format!("{} of other programs", plural(of.others, "line")));
    }
    if of.damaged > 0 {
        more.push(format!("{} damaged", plural(of.damaged, "line")));
    }
    if of.out_of_order > 0 {
        more.push(format!("{} out of order", plural(of.out_of_order, "line")));
    }
    if of.forgotten > 0 {
        more.push(format!(
            "{} forgotten (the longest untouched of more than could be followed at once)",
            plural(of.forgotten, "open message")
        ));
    }
    if !more.is_empty() {
        *out += &style_lines(&wrapped(&more.join("; "), ""), style);
    }
    for sample in &of.damaged_samples {
        *out += &wrapped(sample, "  ");
    }
}

fn style_lines(text: &str, style: Style) -> String {
    text.lines().map(|line| format!("{}\n", style.dim(line))).collect()
}

pub(super) fn plural(number: u64, one: &str) -> String {
    format!("{} {one}{}", human::number(number as f64), if number == 1 { "" } else { "s" })
}

fn verdict(out: &mut String, diagnosis: &Diagnosis, style: Style) {
    title(out, "What delayed the mail", style);
    for (place, finding) in diagnosis.findings.iter().enumerate() {
        let text = wrapped(&finding.text, "     ");
        let first = format!("{:>3}. ", place + 1);
        *out += &text.replacen("     ", &first, 1);
        for line in &finding.evidence {
            *out += &style_lines(&wrapped(line, "       "), style);
        }
        for advice in &finding.advice {
            *out += &wrapped(&format!("-> {advice}"), "     ");
        }
    }
}

fn delays(out: &mut String, page: &DiagnosisPage, style: Style) {
    title(out, &format!("{:<28}{:>12} {}", "How late mail was", "value", "95 % interval"), style);
    for (label, metric) in [
        ("half is faster than  p50", Metric::DelayP50),
        ("9 of 10              p90", Metric::DelayP90),
        ("19 of 20             p95", Metric::DelayP95),
        ("99 of 100            p99", Metric::DelayP99),
        ("999 of 1,000       p99.9", Metric::DelayP999),
        ("the latest message   max", Metric::DelayMax),
        ("on average          mean", Metric::DelayMean),
        ("later than 5 minutes", Metric::Late(Span::from_mins(5))),
        ("later than 15 minutes", Metric::Late(Span::from_mins(15))),
        ("later than 1 hour", Metric::Late(Span::from_hours(1))),
    ] {
        let Some(estimate) = page.metrics.get(metric) else { continue };
        let [value, interval, _] = human::estimate(estimate, metric.unit());
        let interval = if interval == "-" { String::new() } else { format!("[{interval}]") };
        let line = format!("  {label:<26}{value:>12} {interval}");
        let _ = writeln!(out, "{}", line.trim_end());
    }
    let mail = &page.diagnosis.mail;
    if mail.blocks.len() < 2 {
        *out += &wrapped("No interval: the log holds a single day.", "  ");
    }
    let counts = &mail.counts;
    if counts.carried_over > 0 {
        let text = format!(
            "Not timed: {} accepted before the log begins, which are the slow ones of those days.",
            plural(counts.carried_over, "message")
        );
        *out += &wrapped(&text, "  ");
    }
    if counts.queued > 0 {
        *out += &wrapped(
            "Mail still queued counts with its age; \">\" marks what it leaves open.",
            "  ",
        );
    }
}

fn happened(out: &mut String, mail: &Mail, style: Style) {
    title(out, "What happened", style);
    let counts = &mail.counts;
    let mut lines = vec![
        ("messages", number(counts.arrived), String::new()),
        ("  delivered", number(counts.delivered), String::new()),
        ("  still queued", number(counts.queued), String::new()),
        ("  given up or not wanted", number(counts.bounced), String::new()),
        ("attempts", number(counts.tries), per_message(mail)),
        ("  skipped: no connection", number(counts.skipped), "the host counted as bad".to_owned()),
        ("  failed", number(counts.failed), String::new()),
        ("connections cut", number(counts.cut), "lost while carrying mail".to_owned()),
        ("connections reset", number(counts.reset), "lost at any point".to_owned()),
        ("connections refused", number(counts.refused_connections), String::new()),
    ];
    for (label, value, meaning) in [
        ("joined filter hops", counts.hops, "back over loopback with the same id"),
        ("refused on the way in", counts.refused, "by a filter; never queued"),
        ("delay notices", counts.warned, ""),
    ] {
        if value > 0 {
            lines.push((label, number(value), meaning.to_owned()));
        }
    }
    for (label, value, meaning) in lines {
        let line = format!("  {label:<26}{value:>12} {meaning}");
        let _ = writeln!(out, "{}", line.trim_end());
    }
    let sizes = &mail.sizes;
    if sizes.count() > 0 {
        let mean = (sizes.sum() / u128::from(sizes.count())) as f64;
        let half = quantile(sizes, 0.5);
        let text = format!(
            "Sizes: half below {}, mean {}, largest {}.",
            human::quantity(half, Unit::Bytes),
            human::quantity(mean, Unit::Bytes),
            human::quantity(sizes.max().unwrap_or(0) as f64, Unit::Bytes),
        );
        *out += &wrapped(&text, "  ");
    }
}

fn quantile(of: &crate::stats::Histogram, p: f64) -> f64 {
    let sample = crate::stats::Sample { known: vec![of], endless: Vec::new() };
    crate::stats::Pool::new(&[sample]).quantile(&[1], p).map_or(0.0, |quantile| quantile.value)
}

fn per_message(mail: &Mail) -> String {
    match mail.tries.max() {
        Some(most) if mail.tries.count() > 0 => {
            let mean = mail.tries.sum() as f64 / mail.tries.count() as f64;
            format!("{mean:.1} a settled message, at most {most}")
        }
        _ => String::new(),
    }
}

fn hops(out: &mut String, page: &DiagnosisPage, style: Style) {
    let head = format!(
        "{:<38}{:>9}{:>8}{:>7}{:>6}{:>10}",
        "Next hops", "delivered", "skipped", "failed", "cut", "a message"
    );
    title(out, &head, style);
    let most = if page.all { usize::MAX } else { HOPS };
    for relay in page.diagnosis.relays.iter().take(most) {
        hop(out, relay);
    }
    let more = page.diagnosis.relays.len().saturating_sub(most);
    if more > 0 {
        *out += &wrapped(&format!("and {} (-v shows them)", plural(more as u64, "other")), "  ");
    }
}

fn hop(out: &mut String, relay: &Relay) {
    let time = relay.message_time.map_or("-".to_owned(), |time| human::duration(time.seconds()));
    let _ = writeln!(
        out,
        "  {:<36}{:>9}{:>8}{:>7}{:>6}{time:>10}",
        cut_to(&relay.name, 35),
        number(relay.delivered),
        number(relay.skipped),
        number(relay.failed),
        number(relay.cut),
    );
    for answer in relay.answers.iter().take(3) {
        let phase = match answer.phase {
            Phase::Greeting => " (greeting)",
            Phase::Envelope => " (to MAIL or RCPT)",
            Phase::Data => " (after the data)",
            Phase::Unknown => "",
        };
        let text = format!("{} x{phase} {}", number(answer.count), answer.text);
        let _ = writeln!(out, "    {}", cut_to(&text, WIDTH - 4));
    }
    let longest = relay.avoided.iter().map(rows::length).max();
    if let Some(longest) = longest {
        let text = format!(
            "avoided {}, {} in sum, at most {} in a row",
            plural(relay.avoided_count, "time"),
            human::duration(relay.avoided_total.seconds()),
            human::duration(longest.seconds())
        );
        let _ = writeln!(out, "    {text}");
    }
}

fn settings(out: &mut String, diagnosis: &Diagnosis, style: Style) {
    title(out, "Settings that show", style);
    for row in setting_rows(&diagnosis.settings) {
        let line = format!("  {:<28}{:<18}{}", row.label, row.value, row.sure.word());
        let line = match row.sure {
            Sure::Undetermined => style.dim(&line),
            _ => line,
        };
        let _ = writeln!(out, "{line}");
        if row.sure != Sure::Undetermined {
            *out += &style_lines(&wrapped(row.why, "      "), style);
        }
    }
}

fn timeline(out: &mut String, diagnosis: &Diagnosis, style: Style) {
    let mail = &diagnosis.mail;
    let head = format!(
        "{:<24}{:>10}{:>11}{:>10}{:>10}{:>13}",
        "Over time", "arrived", "delivered", "skipped", "failed", "worst delay"
    );
    title(out, &head, style);
    for (start, bucket) in rows::timeline(mail, ROWS) {
        let worst = if bucket.delivered > 0 {
            human::duration(bucket.worst.seconds())
        } else {
            "-".to_owned()
        };
        let _ = writeln!(
            out,
            "  {:<22}{:>10}{:>11}{:>10}{:>10}{worst:>13}",
            start.written(diagnosis.coverage.years),
            number(bucket.arrived),
            number(bucket.delivered),
            number(bucket.skipped),
            number(bucket.failed),
        );
    }
}

fn cannot_tell(out: &mut String, diagnosis: &Diagnosis, style: Style) {
    if diagnosis.cannot_tell.is_empty() {
        return;
    }
    title(out, "What the log cannot tell", style);
    for text in &diagnosis.cannot_tell {
        let text = wrapped(text, "    ");
        *out += &text.replacen("    ", "  - ", 1);
    }
}
