//! Every metric as CSV or Markdown, for other programs and for wikis.

use super::human;
use crate::experiment::Results;
use std::fmt::Write;

/// One row for each metric of each scenario, in SI units; empty where a value is not known.
pub fn csv(results: &[&Results]) -> String {
    let mut out = String::from("scenario,metric,point,low,high,day_low,day_high,n,censored\n");
    let cell = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    for result in results {
        let scenario = quoted(&result.scenario);
        for (name, _, e) in result.cells.iter().flat_map(|cell| cell.metrics.named()) {
            let values = [e.point, e.low, e.high, e.day_low, e.day_high].map(cell).join(",");
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{scenario},{},{values},{},{}", quoted(&name), e.n, e.censored);
        }
    }
    out
}

/// Quotes what a CSV reader would misread (RFC 4180).
pub(super) fn quoted(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// A heading and a table for each scenario, then its expectations.
pub fn markdown(results: &[&Results]) -> String {
    let mut out = String::new();
    for (position, result) in results.iter().enumerate() {
        let gap = if position > 0 { "\n" } else { "" };
        let _ = writeln!(out, "{gap}## {}\n", result.scenario);
        out +=
            "| metric | value | 95 % interval | a single day | meaning |\n|---|--:|--:|--:|---|\n";
        for cell in &result.cells {
            for (name, metric, e) in cell.metrics.named() {
                let [value, interval, day] = human::estimate(e, metric.unit());
                let meaning = metric.meaning();
                let _ = writeln!(out, "| `{name}` | {value} | {interval} | {day} | {meaning} |");
            }
            if !cell.expectations.is_empty() {
                out += "\n| expectation | verdict |\n|---|---|\n";
            }
            for judged in &cell.expectations {
                let verdict = format!("{:?}", judged.verdict).to_lowercase();
                let _ = writeln!(out, "| `{}` | {verdict} |", judged.text.replace('|', "\\|"));
            }
        }
    }
    out
}
