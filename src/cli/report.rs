//! `mailflow report`: the charts and the page of a folder, made anew from what is stored; simulates nothing.

use super::args::ReportArgs;
use super::output::{bad_input, print, printed};
use super::{Exit, draw, export, store};
use crate::experiment::store::Store;
use crate::experiment::sweep::Design;
use std::path::PathBuf;

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

/// The files written.
fn drawn(args: &ReportArgs) -> Result<Vec<PathBuf>, Exit> {
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
