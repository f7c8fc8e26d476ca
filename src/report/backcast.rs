//! What `mailflow diagnose --compare` shows: the log's delays beside those of the simulation that was made of it.

use super::human;
use super::style::Style;
use crate::experiment::calibration::{Backcast, Beside};
use crate::measure::Metric;
use std::fmt::Write as _;

/// What a metric is called.
pub(super) fn name(metric: Metric) -> &'static str {
    match metric {
        Metric::DelayMean => "mean delay",
        Metric::DelayP50 => "p50 delay",
        Metric::DelayP90 => "p90 delay",
        Metric::DelayP95 => "p95 delay",
        _ => "p99 delay",
    }
}

fn delay(seconds: f64) -> String {
    if seconds.is_finite() { human::duration(seconds) } else { "never".to_owned() }
}

fn simulated(row: &Beside) -> String {
    let estimate = &row.simulated;
    let Some(point) = estimate.point else { return "-".to_owned() };
    let more = if estimate.censored { "> " } else { "" };
    match (estimate.low, estimate.high) {
        (Some(low), Some(high)) => {
            format!("{more}{} ({} to {})", delay(point), delay(low), delay(high))
        }
        _ => format!("{more}{}", delay(point)),
    }
}

fn error(row: &Beside) -> String {
    row.error.map_or("-".to_owned(), |error| format!("{:+.0} %", 100.0 * error))
}

/// The table, and what it means for the scenario.
pub fn backcast(backcast: &Backcast, style: Style) -> String {
    let mut page = String::new();
    let title = format!(
        "Backcast: the log's {} messages, simulated {} times",
        human::number(backcast.messages as f64),
        backcast.days
    );
    // Writing to a String cannot fail.
    let _ = writeln!(page, "{}", style.bold(&title));
    let head = format!("  {:<12} {:>12}   {:<34} {:>10}", "", "logged", "simulated", "difference");
    let _ = writeln!(page, "{}", style.dim(&head));
    for row in &backcast.rows {
        let [logged, simulated, error] = cells(row);
        let line = format!("  {:<12} {logged:>12}   {simulated:<34} {error:>10}", name(row.metric));
        let _ = writeln!(page, "{}", line.trim_end());
    }
    let word =
        if backcast.holds { style.good("It holds.") } else { style.bad("It does not hold.") };
    let _ = writeln!(page, "\n  {word}");
    page + &super::table::wrapped(said(backcast), "  ")
}

/// Logged, simulated, and by how much that is off.
pub(super) fn cells(row: &Beside) -> [String; 3] {
    let more = if row.open { "> " } else { "" };
    [format!("{more}{}", delay(row.logged)), simulated(row), error(row)]
}

/// What the comparison means for the scenario.
pub(super) fn said(backcast: &Backcast) -> &'static str {
    if backcast.holds {
        "The simulated 90 % point is within 25 % of the logged one: what the scenario says of a change is worth \
         asking for."
    } else {
        "The simulated 90 % point is over 25 % off the logged one: something that matters is not in the scenario. \
         Take no advice from it before the keys in it that are undetermined are filled in."
    }
}

/// A diagnosis as JSON, with the comparison as `backcast`.
pub fn with_backcast(json: &str, backcast: &Backcast) -> String {
    let Ok(serde_json::Value::Object(mut all)) = serde_json::from_str(json) else {
        return json.to_owned();
    };
    all.insert("backcast".to_owned(), backcast_json(backcast));
    // A plain map; writing it to memory cannot fail.
    serde_json::to_string_pretty(&all).unwrap_or_default() + "\n"
}

/// As JSON, by the names of metrics.
fn backcast_json(backcast: &Backcast) -> serde_json::Value {
    let rows = backcast.rows.iter().map(|row| {
        let finite = |value: f64| value.is_finite().then_some(value);
        let value = serde_json::json!({
            "logged": finite(row.logged),
            "open": row.open,
            "simulated": &row.simulated,
            "error": row.error,
        });
        (row.metric.name(), value)
    });
    let metrics: serde_json::Map<String, serde_json::Value> = rows.collect();
    serde_json::json!({
        "messages": backcast.messages,
        "days": backcast.days,
        "holds": backcast.holds,
        "metrics": metrics,
    })
}
