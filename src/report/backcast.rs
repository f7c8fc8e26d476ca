//! What `mailflow diagnose --compare` shows: the log's delays beside those of the simulation that was made of it.

use super::human;
use super::style::Style;
use crate::experiment::calibration::{Backcast, Beside};
use crate::measure::Metric;
use std::fmt::Write as _;

fn name(metric: Metric) -> &'static str {
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
        let more = if row.open { "> " } else { "" };
        let logged = format!("{more}{}", delay(row.logged));
        let line = format!(
            "  {:<12} {logged:>12}   {:<34} {:>10}",
            name(row.metric),
            simulated(row),
            error(row)
        );
        let _ = writeln!(page, "{}", line.trim_end());
    }
    let said = if backcast.holds {
        style.good("holds")
            + ": the simulated 90 % point is within 25 % of the logged one. What the scenario says of a change is\n  \
               worth asking for."
    } else {
        style.bad("does not hold")
            + ": the simulated 90 % point is over 25 % off the logged one. Something that matters is\n  not in the \
               scenario: do not take advice from it before the undetermined keys in it are filled in."
    };
    let _ = writeln!(page, "\n  The scenario {said}");
    page
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
