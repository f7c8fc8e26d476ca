//! The page of a diagnosis, one file as that of a run, and its two charts: the course of time and the delays.

use super::DiagnosisPage;
use super::rows::setting_rows;
use crate::experiment::calibration::Backcast;
use crate::experiment::logs;
use crate::report::charts::{self, ChartError, DelayCurve, Drawing, TimelineView};
use crate::report::html::{self, PageError, STYLE};
use crate::report::{backcast, human};
use crate::units::Span;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

const TEMPLATE: &str = include_str!("diagnosis.html");
/// Autoescaping goes by this name.
const NAME: &str = "diagnosis.html";
/// Next hops on the page.
const HOPS: usize = 50;

#[derive(Serialize)]
struct Found<'a> {
    text: &'a str,
    advice: &'a [String],
    evidence: &'a [String],
}

#[derive(Serialize)]
struct Figure<'a> {
    id: &'a str,
    title: &'a str,
    svg: &'a str,
}

#[derive(Serialize)]
struct MetricRow {
    name: String,
    value: String,
    low: String,
    high: String,
}

#[derive(Serialize)]
struct Hop<'a> {
    name: &'a str,
    delivered: String,
    tries: String,
    skipped: String,
    failed: String,
    cut: String,
    refused: String,
}

#[derive(Serialize)]
struct SettingRow<'a> {
    key: &'a str,
    value: String,
    sure: &'a str,
    why: &'a str,
}

#[derive(Serialize)]
struct Beside {
    name: &'static str,
    logged: String,
    simulated: String,
    error: String,
}

#[derive(Serialize)]
struct Compared {
    said: &'static str,
    rows: Vec<Beside>,
}

#[derive(Serialize)]
struct Page<'a> {
    style: &'a str,
    style_hash: String,
    version: &'a str,
    name: String,
    covered: String,
    findings: Vec<Found<'a>>,
    figures: Vec<Figure<'a>>,
    metrics: Vec<MetricRow>,
    relays: Vec<Hop<'a>>,
    settings: Vec<SettingRow<'a>>,
    backcast: Option<Compared>,
    cannot_tell: &'a [String],
}

/// The charts of a log: its delays and its course.
///
/// # Errors
/// Only when the drawing library gives up.
pub fn diagnosis_charts(page: &DiagnosisPage) -> Result<Vec<Drawing>, ChartError> {
    let mail = &page.diagnosis.mail;
    let delays = logs::delays(mail);
    let all: Vec<_> = delays.iter().collect();
    let curve = DelayCurve::pooled(page.name, &all).with_estimates(page.metrics);
    let title = "How late the logged mail was";
    let how = "Read up from a delay: the share of all messages that had been delivered by then.";
    let delay = charts::delay_distribution(title, how, &[curve])?;
    let timeline = logs::course(page.diagnosis);
    let day = 86_400_000_000;
    let since_midnight = mail.timeline_start.0.rem_euclid(day) as u64;
    let view = TimelineView {
        title: "The logged mail along the clock",
        which: "",
        timeline: &timeline,
        clock_at_start: Span::from_nanos(since_midnight * 1000),
        changes: &[],
    };
    let drawn = |name: &str, title: &str, svg| Drawing {
        name: name.to_owned(),
        title: title.to_owned(),
        svg,
    };
    Ok(vec![drawn("delay", title, delay), drawn("timeline", view.title, charts::timeline(&view)?)])
}

/// The page. The same log gives the same bytes.
///
/// # Errors
/// If the template is at fault.
pub fn diagnosis_html(
    page: &DiagnosisPage,
    drawings: &[Drawing],
    compared: Option<&Backcast>,
) -> Result<String, PageError> {
    let diagnosis = page.diagnosis;
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    templates.add_template(NAME, TEMPLATE)?;
    let figure = |one| {
        let Drawing { name, title, svg }: &Drawing = one;
        Figure { id: name, title, svg }
    };
    let filled = Page {
        style: STYLE,
        style_hash: html::hash(STYLE),
        version: env!("CARGO_PKG_VERSION"),
        name: charts::clean(page.name),
        covered: covered(page),
        findings: diagnosis
            .findings
            .iter()
            .map(|of| Found { text: &of.text, advice: &of.advice, evidence: &of.evidence })
            .collect(),
        figures: drawings.iter().map(figure).collect(),
        metrics: metrics(page),
        relays: hops(page),
        settings: setting_rows(&diagnosis.settings)
            .into_iter()
            .map(|row| SettingRow {
                key: row.key,
                value: row.value,
                sure: row.sure.word(),
                why: row.why,
            })
            .collect(),
        backcast: compared.map(beside),
        cannot_tell: &diagnosis.cannot_tell,
    };
    Ok(templates.get_template(NAME)?.render(Serde(&filled))?)
}

fn covered(page: &DiagnosisPage) -> String {
    let coverage = &page.diagnosis.coverage;
    let messages = human::number(page.diagnosis.mail.counts.arrived as f64);
    match (coverage.first, coverage.last) {
        (Some(first), Some(last)) => format!(
            "{messages} messages, {} to {}",
            first.written(coverage.years),
            last.written(coverage.years)
        ),
        _ => format!("{messages} messages"),
    }
}

fn metrics(page: &DiagnosisPage) -> Vec<MetricRow> {
    let known = page.metrics.iter().filter(|(_, estimate)| estimate.point.is_some());
    known
        .map(|(metric, estimate)| {
            let [value, low, high] = human::estimate(estimate, metric.unit());
            MetricRow { name: metric.name(), value, low, high }
        })
        .collect()
}

fn hops<'a>(page: &DiagnosisPage<'a>) -> Vec<Hop<'a>> {
    let relays = page.diagnosis.relays.iter().take(HOPS);
    let number = |count: u64| human::number(count as f64);
    relays
        .map(|of| Hop {
            name: &of.name,
            delivered: number(of.delivered),
            tries: number(of.tries),
            skipped: number(of.skipped),
            failed: number(of.failed),
            cut: number(of.cut),
            refused: number(of.refused),
        })
        .collect()
}

fn beside(compared: &Backcast) -> Compared {
    let rows = compared.rows.iter().map(|row| {
        let [logged, simulated, error] = backcast::cells(row);
        Beside { name: backcast::name(row.metric), logged, simulated, error }
    });
    Compared { said: backcast::said(compared), rows: rows.collect() }
}
