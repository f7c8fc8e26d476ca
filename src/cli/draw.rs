//! The charts that `mailflow run` leaves behind: which there are, and where they go.

use super::args::RunArgs;
use super::output::write_file;
use super::{Exit, run::Job};
use crate::experiment::Results;
use crate::measure::{Delays, RunRecord};
use crate::report::charts::{self, ChartError, DelayCurve, MAX_CURVES};
use std::path::{Path, PathBuf};

/// Draws the charts of one scenario into its folder. Gives its curve, to be compared with others, and the
/// files written.
pub(super) fn scenario(
    job: &Job,
    results: &Results,
    records: &[RunRecord],
) -> Result<(DelayCurve, Vec<PathBuf>), Exit> {
    let folder = job.folder.join("charts");
    let curve = curve(&job.scenario.name, results, records);
    let mut files = Vec::new();
    let delay = charts::delays(std::slice::from_ref(&curve));
    files.push(write(folder.join("delay.svg"), delay)?);
    // One day tells the story; an average of days would show none that ever was.
    if let Some(record) = records.first() {
        let mut shown = job.scenario.clone();
        // As many as there are: `run.until` finds the number.
        shown.run.repeats = records.len() as u32;
        files.push(write(folder.join("timeline.svg"), charts::day(&shown, record))?);
    }
    Ok((curve, files))
}

fn curve(name: &str, results: &Results, records: &[RunRecord]) -> DelayCurve {
    let delays: Vec<&Delays> = records.iter().map(|record| &record.delays).collect();
    let curve = DelayCurve::pooled(name, &delays);
    match results.cells.first() {
        Some(cell) => curve.with_estimates(&cell.metrics),
        None => curve,
    }
}

/// Draws the curves of several scenarios into one chart, or into as few as can tell them apart.
pub(super) fn comparison(args: &RunArgs, curves: &[DelayCurve]) -> Result<Vec<PathBuf>, Exit> {
    if curves.len() < 2 {
        return Ok(Vec::new());
    }
    let folder = match &args.out {
        Some(out) => out.join("charts"),
        None => Path::new("output").join("comparison"),
    };
    let pages = curves.len().div_ceil(MAX_CURVES);
    let pages = curves.chunks(curves.len().div_ceil(pages)).zip(1..);
    let name = |page: usize| match page {
        1 => "delay.svg".to_owned(),
        page => format!("delay-{page}.svg"),
    };
    pages.map(|(curves, page)| write(folder.join(name(page)), charts::delays(curves))).collect()
}

fn write(path: PathBuf, chart: Result<String, ChartError>) -> Result<PathBuf, Exit> {
    let svg = chart.map_err(|error| {
        eprintln!("mailflow: {}: {error}", path.display());
        Exit::Internal
    })?;
    write_file(&path, &svg).map_err(|error| {
        eprintln!("mailflow: {error}");
        Exit::Io
    })?;
    Ok(path)
}
