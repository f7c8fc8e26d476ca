//! `mailflow diagnose LOG --scenario FILE [--compare]`: a scenario of what the log tells, its mail as a CSV beside it,
//! and what the simulation makes of it beside what the log tells.

use super::Exit;
use super::load;
use super::output::{bad_input, unwritten, write_file};
use super::run::simulate;
use crate::experiment::calibration::{ArrivalsAs, Backcast, backcast, calibrate};
use crate::maillog::Diagnosis;
use crate::scenario;
use std::io;
use std::path::{Path, PathBuf};

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish<'a> {
    /// Where the scenario goes.
    pub(super) file: &'a Path,
    /// How its mail is written.
    pub(super) arrivals: ArrivalsAs,
    /// Simulate it, so many times.
    pub(super) compare: Option<u32>,
    /// Threads.
    pub(super) jobs: Option<u16>,
    /// No messages.
    pub(super) quiet: bool,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Made {
    /// The files that were written.
    pub(super) files: Vec<PathBuf>,
    /// The comparison, if it was asked for.
    pub(super) backcast: Option<Backcast>,
}

/// Writes the scenario and simulates it if that is asked for.
pub(super) fn make(diagnosis: &Diagnosis, wish: &Wish<'_>) -> Result<Made, Exit> {
    let stem = wish.file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    if !wish.file.extension().is_some_and(|end| end == "yaml" || end == "yml") {
        return Err(bad_input(&format!(
            "--scenario {}: a scenario's name ends in .yaml",
            wish.file.display()
        )));
    }
    let csv = format!("{stem}.arrivals.csv");
    let made = calibrate(diagnosis, (&stem, &csv), wish.arrivals);
    let made = made.map_err(|error| bad_input(&error.to_string()))?;
    let mut files = vec![wish.file.to_owned()];
    if let Some(rows) = &made.csv {
        let path = wish.file.with_file_name(&csv);
        write_file(&path, rows).map_err(|error| unwritten(&error))?;
        files.push(path);
    }
    let text = scenario::calibrated(&made.about, &made.keys);
    write_file(wish.file, text).map_err(|error| unwritten(&error))?;
    let backcast = match wish.compare {
        Some(repeats) => Some(compare(diagnosis, wish, repeats)?),
        None => None,
    };
    Ok(Made { files, backcast })
}

/// Simulates what was just written, as `run` would, and lays it beside the log.
fn compare(diagnosis: &Diagnosis, wish: &Wish<'_>, repeats: u32) -> Result<Backcast, Exit> {
    let scenario = scenario::load(wish.file, &[]).map_err(|error| {
        let exit = load::exit(&error);
        // A closed stderr is no reason to answer otherwise.
        let _ = load::show(&[error], false, &mut io::stderr().lock());
        exit
    })?;
    let records = simulate(&scenario, repeats, (wish.jobs, wish.quiet))?;
    let beside = backcast(diagnosis, &records, scenario.run.seed);
    beside.ok_or_else(|| bad_input("the log has no delay to compare with"))
}
