//! The page of a log and its charts, for `diagnose --out` and `run --log`.

use super::Exit;
use super::output::{unwritten, write_file};
use crate::experiment::calibration::Backcast;
use crate::experiment::logs;
use crate::maillog::{Diagnosis, Options, Reader, Source};
use crate::report::{DiagnosisPage, diagnosis_charts, diagnosis_html};
use std::path::{Path, PathBuf};

/// Writes page and charts into `folder`; the names of the files.
pub(super) fn write(
    (diagnosis, name): (&Diagnosis, &str),
    backcast: Option<&Backcast>,
    folder: &Path,
) -> Result<Vec<PathBuf>, Exit> {
    let metrics = logs::metrics(&diagnosis.mail);
    let page = DiagnosisPage { diagnosis, metrics: &metrics, name, all: true };
    let internal = |error: &dyn std::fmt::Display| {
        eprintln!("mailflow: {error}");
        Exit::Internal
    };
    let drawings = diagnosis_charts(&page).map_err(|error| internal(&error))?;
    let html = diagnosis_html(&page, &drawings, backcast).map_err(|error| internal(&error))?;
    let mut files = vec![(folder.join("diagnosis.html"), html)];
    files.extend(
        drawings
            .into_iter()
            .map(|one| (folder.join("charts").join(format!("{}.svg", one.name)), one.svg)),
    );
    let mut written = Vec::new();
    for (path, text) in files {
        write_file(&path, text).map_err(|error| unwritten(&error))?;
        written.push(path);
    }
    Ok(written)
}

/// Reads the log that a run has left, and writes its page beside it: what `diagnose` says of it.
pub(super) fn of_log(log: &Path, name: &str, folder: &Path) -> Result<Vec<PathBuf>, Exit> {
    let failed = |error| {
        eprintln!("mailflow: {error}");
        Exit::Io
    };
    let source = Source::new(log).map_err(failed)?;
    let mut reader = Reader::new(Options::default());
    source.read(&mut reader, &mut |_| {}, &mut || true).map_err(failed)?;
    write((&reader.finish(), name), None, folder)
}
