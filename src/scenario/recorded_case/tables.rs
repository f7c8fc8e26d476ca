//! The tables of a recorded case: what was injected, and what came of it.

use super::{CaseError, Observed, invalid, read};
use std::collections::BTreeMap;
use std::path::Path;

/// A row of `injected.csv`.
#[derive(Clone, Debug)]
pub(super) struct Injected {
    pub(super) message: String,
    pub(super) seconds: f64,
    pub(super) bytes: u64,
}

/// A row of a CSV file: text by column.
type Row = BTreeMap<String, String>;

/// The rows of a CSV file with their line numbers.
fn rows(path: &Path, needed: &[&str]) -> Result<Vec<(usize, Row)>, CaseError> {
    let text = read(path)?;
    let mut lines = text.lines().enumerate();
    let header: Vec<&str> =
        lines.next().map(|(_, line)| line.split(',').map(str::trim).collect()).unwrap_or_default();
    if let Some(missing) = needed.iter().find(|column| !header.contains(column)) {
        return Err(invalid(path, 1, &format!("the column {missing} is missing")));
    }
    let mut table = Vec::new();
    for (number, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        if cells.len() != header.len() {
            let problem = format!("{} cells, but {} columns", cells.len(), header.len());
            return Err(invalid(path, number + 1, &problem));
        }
        let cells =
            header.iter().zip(cells).map(|(name, cell)| (name.to_string(), cell.to_owned()));
        table.push((number + 1, cells.collect()));
    }
    Ok(table)
}

fn number(path: &Path, line: usize, row: &Row, column: &str) -> Result<f64, CaseError> {
    let text = row.get(column).map_or("", String::as_str);
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value >= 0.0 => Ok(value),
        _ => {
            let problem = format!("{column} is \"{text}\"; a number of at least 0 is accepted");
            Err(invalid(path, line, &problem))
        }
    }
}

pub(super) fn injected(path: &Path) -> Result<Vec<Injected>, CaseError> {
    let mut list: Vec<Injected> = Vec::new();
    for (line, row) in rows(path, &["message", "time_s", "bytes"])? {
        let seconds = number(path, line, &row, "time_s")?;
        if list.last().is_some_and(|last| last.seconds > seconds) {
            return Err(invalid(path, line, &"time_s goes back; the file is sorted by time"));
        }
        let bytes = number(path, line, &row, "bytes")? as u64;
        list.push(Injected { message: row["message"].clone(), seconds, bytes });
    }
    Ok(list)
}

/// What happened in reality; nothing of it reaches the simulation.
pub(super) fn observed(
    folder: &Path,
    setup: &str,
    injected: &[Injected],
    horizon: f64,
) -> Result<Observed, CaseError> {
    let mut observed = Observed::default();
    let path = folder.join("delivered.csv");
    if path.exists() {
        let mut first: BTreeMap<String, f64> = BTreeMap::new();
        for (line, row) in rows(&path, &["message", "time_s"])? {
            let at = number(&path, line, &row, "time_s")?;
            let earliest = first.entry(row["message"].clone()).or_insert(at);
            *earliest = earliest.min(at);
        }
        let delay = |message: &Injected| {
            let at = first.get(&message.message).copied().unwrap_or(horizon);
            (at.min(horizon) - message.seconds).max(0.0)
        };
        let counted = injected.iter().filter(|message| message.seconds <= horizon);
        observed.delays = counted.map(delay).collect();
        observed.delays.sort_by(f64::total_cmp);
    }
    let path = folder.join("connections.csv");
    if path.exists() {
        let (mut cut, mut all) = (0, 0);
        for (_, row) in rows(&path, &["closed_by"])? {
            all += 1;
            cut += u64::from(row["closed_by"].starts_with("lifetime"));
        }
        observed.connections = Some((cut, all));
    }
    let setup: Option<serde_json::Value> = serde_json::from_str(setup).ok();
    observed.skipped = setup.and_then(|setup| setup["observed"]["skipped_attempts"].as_u64());
    Ok(observed)
}
