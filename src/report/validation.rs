//! What `mailflow validate` shows: the real value, the model's range, and where the real one stands in it.

use super::human;
use super::metrics::quoted;
use super::style::Style;
use crate::experiment::validation::{CaseResult, MetricResult, Validation};
use std::fmt::Write as _;

/// Delays in seconds with a decimal, as recordings give them; counts as counts.
fn value(metric: &str, value: f64) -> String {
    if metric.starts_with("delay.") { format!("{value:.1} s") } else { human::number(value) }
}

fn real(name: &str, metric: &MetricResult) -> String {
    metric.real.map_or("unknown".to_owned(), |real| value(name, real))
}

fn rank(metric: &MetricResult) -> String {
    metric.rank.map_or("-".to_owned(), |rank| format!("{rank:.1}"))
}

/// The page: a block per case, then the summary.
pub fn validation_page(validation: &Validation, seeds: u64, style: Style) -> String {
    let mut page = String::new();
    for case in &validation.cases {
        write_case(&mut page, case, style);
    }
    let _ = writeln!(page, "{}", style.bold(&format!("Together, over {seeds} seeds a case")));
    let percent = human::share;
    let lines = [
        ("delay metrics inside", format!("{} of {}", validation.inside, validation.total)),
        (
            "cases wholly inside",
            format!("{} of {}", validation.cases_inside, validation.cases.len()),
        ),
        ("median error", percent(validation.median_error)),
        ("90 % of errors below", percent(validation.p90_error)),
        ("real values in the model's middle 50 %", percent(validation.coverage50)),
        ("real values in the model's middle 90 %", percent(validation.coverage90)),
    ];
    for (what, value) in lines {
        let _ = writeln!(page, "  {what:<40} {value}");
    }
    page.push_str(
        "\n\"inside\": between the model's 1 and 99 % points, with 5 % slack (counts: or within 1).\n\
         rank: how many of 100 seeds lie below the real value; even ranks are the aim.\n",
    );
    page
}

fn write_case(page: &mut String, case: &CaseResult, style: Style) {
    let _ = writeln!(page, "{}", style.bold(&case.case));
    let _ = writeln!(
        page,
        "{}",
        style.dim("                          real        1 %        50 %       99 %   rank")
    );
    for (name, metric) in &case.metrics {
        let verdict = match metric.inside {
            Some(false) => style.bad("outside"),
            Some(true) | None => String::new(),
        };
        let line = format!(
            "  {name:<19} {:>10} {:>10}  {:>10} {:>10} {:>6}  {verdict}",
            real(name, metric),
            value(name, metric.low),
            value(name, metric.mid),
            value(name, metric.high),
            rank(metric),
        );
        let _ = writeln!(page, "{}", line.trim_end());
    }
    page.push('\n');
}

/// One row per case and metric.
pub fn validation_csv(validation: &Validation) -> String {
    let mut text = "case,metric,real,low,mid,high,rank,inside\n".to_owned();
    for (case, name, m) in rows(validation) {
        let _ = writeln!(
            text,
            "{},{name},{},{},{},{},{},{}",
            quoted(case),
            m.real.map_or(String::new(), |real| real.to_string()),
            m.low,
            m.mid,
            m.high,
            m.rank.map_or(String::new(), |rank| rank.to_string()),
            m.inside.map_or(String::new(), |inside| inside.to_string()),
        );
    }
    text
}

/// The same as a Markdown table.
pub fn validation_markdown(validation: &Validation) -> String {
    let mut text = "| case | metric | real | 1 % | 50 % | 99 % | rank | inside |\n\
                    |---|---|---:|---:|---:|---:|---:|---|\n"
        .to_owned();
    for (case, name, m) in rows(validation) {
        let inside = match m.inside {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "",
        };
        let _ = writeln!(
            text,
            "| {case} | {name} | {} | {} | {} | {} | {} | {inside} |",
            real(name, m),
            value(name, m.low),
            value(name, m.mid),
            value(name, m.high),
            rank(m),
        );
    }
    text
}

fn rows(validation: &Validation) -> impl Iterator<Item = (&str, &'static str, &MetricResult)> {
    validation.cases.iter().flat_map(|case| {
        case.metrics.iter().map(|(name, metric)| (case.case.as_str(), *name, metric))
    })
}

/// The JSON of INTERFACE section 5.
pub fn validation_json(validation: &Validation) -> String {
    serde_json::to_string_pretty(validation).unwrap_or_default() + "\n"
}
