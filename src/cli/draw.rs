//! The pictures and the page that a command leaves behind: which there are, and where they go.

use super::args::RunArgs;
use super::output::{bad_input, write_file};
use super::{Exit, store};
use crate::experiment::assumptions::Worlds;
use crate::experiment::store::Store;
use crate::experiment::sweep::{Design, Header};
use crate::experiment::{Days, Evidence, Results, delay_band, workers};
use crate::measure::{Delays, Metric, RunRecord, Waits};
use crate::report::charts::{
    self, Bar, ChartError, DelayCurve, Drawing, MAX_CURVES, MOST_VALUES, Remains,
};
use crate::report::{Document, WorldsDocument, html, worlds_html};
use std::path::{Path, PathBuf};

/// What the page is called.
const PAGE: &str = "report.html";
/// That of the worlds: it stands beside the page of the ordinary results, as theirs stand beside them.
const WORLDS_PAGE: &str = "worlds.html";

/// Draws the charts of one scenario into its folder and writes its page; `design` is of its one cell. Gives its
/// curve, to be compared with others, and the files written.
pub(super) fn of_run(
    design: &Design,
    folder: &Path,
    results: &Results,
    records: &[RunRecord],
) -> Result<(DelayCurve, Vec<PathBuf>), Exit> {
    let cell = results.cells.first();
    let curve = curve(&design.header.name, cell.map(|cell| &cell.metrics), records);
    let curve = banded(curve, records, design.header.seed);
    let drawings = charts::run(design, &curve, records).map_err(|error| failed(folder, &error))?;
    let files = write_all(folder, page(folder, design, results, &drawings)?, &drawings)?;
    Ok((curve, files))
}

/// Draws the charts of a sweep from what is stored of it, `tables` of these metrics among them, and writes its page.
pub(super) fn of_sweep(
    (store, rows): (&Store, &[i64]),
    design: &Design,
    folder: &Path,
    (results, tables): (&Results, &[String]),
) -> Result<Vec<PathBuf>, Exit> {
    let mut remains = Vec::new();
    let with_bands = charts::combinations_with_bands(results);
    let with_days = charts::combinations_with_days(results);
    // One combination's records at a time are in memory.
    for cell in charts::combinations_drawn(results) {
        let metrics = &results.cells[cell].metrics;
        // With `run.until` more may be stored than counts.
        let days = metrics.get(Metric::DelayMean).map_or(0, |estimate| estimate.n);
        let (Some(row), true) = (rows.get(cell), days > 0) else { continue };
        let records = store.records(*row, days).map_err(|error| store::complain(&error))?;
        let label = charts::combination_label(results, cell);
        let waits = Waits::mean(records.iter().map(|record| &record.counts));
        let mut curve = curve(&label, Some(metrics), &records);
        if with_bands.contains(&cell) {
            curve = banded(curve, &records, design.header.seed);
        }
        let days = with_days.contains(&cell);
        let days = days.then(|| Days::of(records.iter().map(|record| &record.course)));
        remains.push(Remains { cell, curve, bar: Bar { label, waits }, days });
    }
    let told = design.header.page.as_ref();
    let fail = |error: ChartError| failed(folder, &error);
    let mut drawings = charts::sweep(results, told, &remains).map_err(fail)?;
    for metric in tables {
        let name = format!("heatmap-{}", metric.replace(['.', '@'], "-"));
        match charts::table(results, metric, &name).map_err(fail)? {
            Some(drawing) => drawings.push(drawing),
            None => return Err(bad_input(&no_table(metric))),
        }
    }
    write_all(folder, page(folder, design, results, &drawings)?, &drawings)
}

fn curve(
    name: &str,
    metrics: Option<&crate::experiment::Metrics>,
    records: &[RunRecord],
) -> DelayCurve {
    let delays: Vec<&Delays> = records.iter().map(|record| &record.delays).collect();
    let curve = DelayCurve::pooled(name, &delays);
    match metrics {
        Some(metrics) => curve.with_estimates(metrics),
        None => curve,
    }
}

/// From so many days the band is thinner than the line, and no work worth doing.
const MOST_BANDED: usize = 10_000;

/// The curve with what is known of it.
fn banded(curve: DelayCurve, records: &[RunRecord], seed: u64) -> DelayCurve {
    if records.len() > MOST_BANDED {
        return curve;
    }
    let band = delay_band(&Evidence::new(records, seed), &curve.points);
    curve.with_band(band)
}

/// Why there is no table of colours of a metric.
fn no_table(metric: &str) -> String {
    format!(
        "--heatmap {metric}: no combination has this metric, or the combinations make no table: at least two keys \
         must vary, none over more than {MOST_VALUES} values, and at least half of the table be filled"
    )
}

fn failed(path: &Path, error: &dyn std::fmt::Display) -> Exit {
    eprintln!("mailflow: {}: {error}", path.display());
    Exit::Internal
}

/// Draws the charts of an answer over worlds, and writes its page.
pub(super) fn of_worlds(
    header: &Header,
    folder: &Path,
    (results, worlds): (&Results, &Worlds),
) -> Result<Vec<PathBuf>, Exit> {
    let drawings = charts::worlds(worlds).map_err(|error| failed(folder, &error))?;
    let document = WorldsDocument { results, worlds, header, drawings: &drawings };
    let text = worlds_html(&document).map_err(|error| failed(folder, &error))?;
    write_all(folder, (WORLDS_PAGE, text), &drawings)
}

/// The page of a run or a sweep, with what it is called.
fn page(
    folder: &Path,
    design: &Design,
    results: &Results,
    drawings: &[Drawing],
) -> Result<(&'static str, String), Exit> {
    let document = Document { results, header: &design.header, drawings };
    let text = html(&document).map_err(|error| failed(&folder.join(PAGE), &error))?;
    Ok((PAGE, text))
}

/// Writes each picture as SVG and PNG, and the page that holds them all. Gives the page and the SVG files.
fn write_all(
    folder: &Path,
    (name, text): (&str, String),
    drawings: &[Drawing],
) -> Result<Vec<PathBuf>, Exit> {
    let path = |drawing: &Drawing, ending: &str| {
        folder.join("charts").join(&drawing.name).with_extension(ending)
    };
    let files: Vec<PathBuf> = drawings.iter().map(|drawing| path(drawing, "svg")).collect();
    for (file, drawing) in files.iter().zip(drawings) {
        write(file, &drawing.svg)?;
    }
    let page = folder.join(name);
    write(&page, text)?;
    let pixels = workers::each(0, drawings.len(), |number| charts::png(&drawings[number].svg));
    for (drawing, png) in drawings.iter().zip(pixels.map_err(|error| failed(folder, &error))?) {
        write(&path(drawing, "png"), png)?;
    }
    Ok(std::iter::once(page).chain(files).collect())
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
    let draw = |(curves, page)| {
        let path = folder.join(name(page));
        let svg = charts::delays(curves).map_err(|error| failed(&path, &error))?;
        write(&path, svg)?;
        Ok(path)
    };
    pages.map(draw).collect()
}

fn write(path: &Path, contents: impl AsRef<[u8]>) -> Result<(), Exit> {
    write_file(path, contents).map_err(|error| {
        eprintln!("mailflow: {error}");
        Exit::Io
    })
}
