//! `mailflow report`: the charts and the page of a folder, made anew from what is stored; simulates nothing.

use super::args::ReportArgs;
use super::output::{bad_input, print, printed};
use super::{Exit, draw, export, store, worlds};
use crate::experiment::Results;
use crate::experiment::assumptions::Worlds;
use crate::experiment::store::Store;
use crate::experiment::sweep::Design;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Runs the command.
pub(super) fn report(args: &ReportArgs) -> Exit {
    match drawn(args) {
        Ok(_) if args.quiet => Exit::Done,
        Ok(files) => {
            let names = files.iter().map(|file| format!("{}\n", file.display()));
            printed(print(&names.collect::<String>()))
        }
        Err(exit) => exit,
    }
}

/// The files written: of the ordinary results, of the worlds, or of both.
fn drawn(args: &ReportArgs) -> Result<Vec<PathBuf>, Exit> {
    let of_worlds = args.folder.join(worlds::FILE).exists();
    let mut files = match args.folder.join(store::FILE).exists() || !of_worlds {
        true => ordinary(args)?,
        false => Vec::new(),
    };
    if of_worlds {
        files.extend(over_worlds(&args.folder)?);
    }
    Ok(files)
}

/// What is drawn of an answer over worlds: all of it stands in its JSON, what was asked in its store.
fn over_worlds(folder: &Path) -> Result<Vec<PathBuf>, Exit> {
    #[derive(Deserialize)]
    struct Answer {
        worlds: Worlds,
    }
    let path = folder.join(worlds::FILE);
    let complain = |error| store::complain(&error);
    let store = Store::open_to_read(&path).map_err(complain)?;
    let Some(design) = Design::stored(&store).map_err(complain)? else {
        return Err(nothing(&path.display().to_string(), "sweep --vary-assumptions"));
    };
    let path = folder.join(worlds::ANSWER);
    let text = std::fs::read_to_string(&path).map_err(|error| {
        eprintln!(
            "mailflow: could not read {}: {error}. Give the same mailflow command once more: what is stored is not \
             simulated again",
            path.display()
        );
        Exit::Io
    })?;
    let results: Results = export::read(&path, &text)?;
    let answer: Answer = export::read(&path, &text)?;
    draw::of_worlds(&design.header, folder, (&results, &answer.worlds))
}

fn ordinary(args: &ReportArgs) -> Result<Vec<PathBuf>, Exit> {
    let path = args.folder.join(store::FILE);
    let complain = |error| store::complain(&error);
    let store = Store::open_to_read(&path).map_err(complain)?;
    let results = export::results(&args.folder, &store)?;
    if let Some(design) = Design::stored(&store).map_err(complain)? {
        let rows = design.rows(&store).map_err(complain)?;
        if results.cells.iter().all(|cell| cell.metrics.iter().next().is_none()) {
            return Err(nothing(&path.display().to_string(), "sweep"));
        }
        let asked = (&results, &args.heatmap[..]);
        return draw::of_sweep((&store, &rows), &design, &args.folder, asked);
    }
    if let Some(metric) = args.heatmap.first() {
        let why =
            "a table of colours is over the settings of a sweep, and this is the folder of a run";
        return Err(bad_input(&format!("--heatmap {metric}: {why}")));
    }
    let Some(design) = Design::stored_run(&store).map_err(complain)? else {
        eprintln!(
            "mailflow: {}: it does not say which of its stored days belong to the run. Give the same mailflow \
             run once more: what is stored is not simulated again",
            path.display()
        );
        return Err(Exit::BadInput);
    };
    let rows = design.rows(&store).map_err(complain)?;
    let Some(row) = rows.first() else { return Err(nothing(&path.display().to_string(), "run")) };
    let records = store.records(*row, design.header.repeats).map_err(complain)?;
    if records.is_empty() {
        return Err(nothing(&path.display().to_string(), "run"));
    }
    let (_, files) = draw::of_run(&design, &args.folder, &results, &records)?;
    Ok(files)
}

fn nothing(path: &str, command: &str) -> Exit {
    eprintln!("mailflow: {path}: not a single day is stored; finish it with mailflow {command}");
    Exit::BadInput
}
