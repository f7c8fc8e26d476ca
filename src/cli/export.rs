//! `mailflow export`: stored results for other programs, to stdout; simulates nothing.

use super::args::ExportArgs;
use super::output::print;
use super::sweep::in_format;
use super::{Exit, store};
use crate::experiment::store::Store;
use crate::experiment::sweep::{Design, Shard, conclude_sweep};
use crate::experiment::{Results, SCHEMA};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::path::Path;

/// Runs the command.
pub(super) fn export(args: &ExportArgs) -> Exit {
    let path = args.folder.join(store::FILE);
    let store = Store::open_to_read(&path).map_err(|error| store::complain(&error));
    let results = match store.and_then(|store| results(&args.folder, &store)) {
        Ok(results) => results,
        Err(exit) => return exit,
    };
    match print(&in_format(&results, args.format.into())) {
        Ok(()) => Exit::Done,
        Err(error) => {
            eprintln!("mailflow: {error}");
            Exit::Io
        }
    }
}

/// The results of a folder: of a sweep from its store, finished or not; of a run from its results.
pub(super) fn results(folder: &Path, store: &Store) -> Result<Results, Exit> {
    let design = Design::stored(store).map_err(|error| store::complain(&error))?;
    let Some(design) = design else { return of_run(folder) };
    let rows = design.rows(store).map_err(|error| store::complain(&error))?;
    let missing = design.missing(Some((store, &rows)), Shard::ALL);
    let missing = missing.map_err(|error| store::complain(&error))?.len();
    if missing > 0 {
        let all = design.cells.len() as u64 * u64::from(design.header.repeats);
        let of = if design.header.until.is_some() { "of at most" } else { "of" };
        eprintln!(
            "mailflow: {missing} {of} {all} runs are missing; this is of those that are there"
        );
    }
    let results = conclude_sweep((store, &rows), &design, 0);
    let results = results.map_err(|error| store::complain(&error))?;
    if results.found.iter().any(|found| !found.finished) {
        eprintln!("mailflow: the search is not finished; this is how far it has come");
    }
    Ok(results)
}

fn of_run(folder: &Path) -> Result<Results, Exit> {
    let path = folder.join("results.json");
    let text = std::fs::read_to_string(&path).map_err(|error| {
        eprintln!("mailflow: could not read {}: {error}", path.display());
        Exit::Io
    })?;
    read(&path, &text)
}

/// Results that were written as JSON. What cannot be read is said, with what helps.
pub(super) fn read<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, Exit> {
    #[derive(Deserialize)]
    struct Written {
        schema: u32,
    }
    let again = "Give the same mailflow command once more: what is stored is not simulated again";
    let fail = |what: String| {
        eprintln!("mailflow: {}: {what}", path.display());
        Exit::Io
    };
    let damaged = |error: serde_json::Error| fail(format!("is damaged: {error}. {again}"));
    let Written { schema } = serde_json::from_str(text).map_err(damaged)?;
    if schema > SCHEMA {
        return Err(fail(format!(
            "was written by a newer mailflow (schema {schema}; this one reads {SCHEMA}): use that one"
        )));
    }
    serde_json::from_str(text).map_err(damaged)
}
