//! `mailflow diagnose LOG --scenario FILE [--compare]`: a scenario of what the log tells, its mail as a CSV beside it,
//! and what the simulation makes of it beside what the log tells.

use super::Exit;
use super::args::Format;
use super::load;
use super::log_args::{ArrivalsArg, DiagnoseArgs};
use super::log_page;
use super::output::{bad_input, unwritten, write_file};
use super::run::simulate;
use crate::experiment::calibration::{ArrivalsAs, Backcast, backcast, calibrate};
use crate::maillog::Diagnosis;
use crate::report::{self, Style};
use crate::scenario;
use std::io;
use std::path::{Path, PathBuf};

/// What came of it.
#[derive(Debug, Default)]
struct Made {
    /// The files that were written.
    files: Vec<PathBuf>,
    /// The comparison, if it was asked for.
    backcast: Option<Backcast>,
}

/// Makes the scenario and the page, as far as they are asked for, and adds to `text` what came of it; and how the
/// command ends if all of that can be printed.
pub(super) fn add(
    mut text: String,
    (diagnosis, name): (&Diagnosis, &str),
    args: &DiagnoseArgs,
) -> Result<(String, Exit), Exit> {
    let mut made = match &args.scenario {
        Some(file) => make(diagnosis, (file, args))?,
        None => Made::default(),
    };
    if let Some(folder) = &args.out {
        let page = log_page::write((diagnosis, name), made.backcast.as_ref(), folder)?;
        made.files.extend(page);
    }
    let style = Style { colour: args.show.color.applies() };
    match (args.show.format, &made.backcast) {
        (Format::Table, backcast) => {
            if let Some(backcast) = backcast {
                text += &format!("\n{}", report::backcast(backcast, style));
            }
            if !args.show.quiet && !made.files.is_empty() {
                text += "\nWritten\n";
                made.files.iter().for_each(|path| text += &format!("  {}\n", path.display()));
            }
        }
        (Format::Json, Some(backcast)) => text = report::with_backcast(&text, backcast),
        // Rows of metrics and tables stay what they are; the verdict is an exit code.
        (Format::Json | Format::Csv | Format::Md, _) => {}
    }
    let holds = made.backcast.is_none_or(|backcast| backcast.holds);
    Ok((text, if holds { Exit::Done } else { Exit::Missed }))
}

/// Writes the scenario and simulates it if that is asked for.
fn make(diagnosis: &Diagnosis, (file, args): (&Path, &DiagnoseArgs)) -> Result<Made, Exit> {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    if !file.extension().is_some_and(|end| end == "yaml" || end == "yml") {
        return Err(bad_input(&format!(
            "--scenario {}: a scenario's name ends in .yaml",
            file.display()
        )));
    }
    let csv = format!("{stem}.arrivals.csv");
    let arrivals = match args.arrivals {
        ArrivalsArg::Replay => ArrivalsAs::Replay,
        ArrivalsArg::Profile => ArrivalsAs::Profile,
    };
    let made = calibrate(diagnosis, (&stem, &csv), arrivals);
    let made = made.map_err(|error| bad_input(&error.to_string()))?;
    let mut files = vec![file.to_owned()];
    if let Some(rows) = &made.csv {
        let path = file.with_file_name(&csv);
        write_file(&path, rows).map_err(|error| unwritten(&error))?;
        files.push(path);
    }
    let text = scenario::calibrated(&made.about, &made.keys);
    write_file(file, text).map_err(|error| unwritten(&error))?;
    let backcast = if args.compare { Some(compare(diagnosis, (file, args))?) } else { None };
    Ok(Made { files, backcast })
}

/// Simulates what was just written, as `run` would, and lays it beside the log.
fn compare(diagnosis: &Diagnosis, (file, args): (&Path, &DiagnoseArgs)) -> Result<Backcast, Exit> {
    let scenario = scenario::load(file, &[]).map_err(|error| {
        let exit = load::exit(&error);
        let colour = args.show.color.applies_to_errors();
        // A closed stderr is no reason to answer otherwise.
        let _ = load::show(&[error], colour, &mut io::stderr().lock());
        exit
    })?;
    let records = simulate(&scenario, args.repeats, (args.jobs, args.show.quiet))?;
    let beside = backcast(diagnosis, &records, scenario.run.seed);
    beside.ok_or_else(|| bad_input("the log has no delay to compare with"))
}
