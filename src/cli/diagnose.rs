//! `mailflow diagnose MAILLOG...`: reads real Sendmail logs and says what delayed the mail; with `--split-at`, and as
//! `mailflow compare LOG LOG`, what a change did.

use super::Exit;
use super::args::{CompareArgs, Format, ShowArgs};
use super::calibrate;
use super::log_args::DiagnoseArgs;
use super::output::{bad_input, print, printed};
use super::progress::{Progress, listen_for_ctrl_c, stopped};
use crate::experiment::logs;
use crate::maillog::{
    Diagnosis, HostStatus, Options, ReadError, Reader, Source, Stamp, in_order, looks_like_log,
};
use crate::report::{
    Comparison, DiagnosisPage, Style, diagnosis_csv, diagnosis_json, diagnosis_markdown,
    diagnosis_page, diagnosis_verdict, host_status_page,
};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Bytes looked at to tell a log from a scenario.
const HEAD: u64 = 64 * 1024;

/// Runs the command.
pub(super) fn diagnose(args: &DiagnoseArgs) -> Exit {
    listen_for_ctrl_c();
    match diagnosed(args) {
        Ok((text, exit)) => match printed(print(&text)) {
            Exit::Done => exit,
            failed => failed,
        },
        Err(exit) => exit,
    }
}

/// What is printed, and how the command ends if that goes well.
fn diagnosed(args: &DiagnoseArgs) -> Result<(String, Exit), Exit> {
    let (tables, paths): (Vec<PathBuf>, Vec<PathBuf>) =
        args.logs.iter().cloned().partition(|path| host_status(path).is_some());
    let style = Style { colour: args.show.color.applies() };
    let mut text = String::new();
    for path in &tables {
        if let Some(table) = host_status(path) {
            text += &host_status_page(&table, &path.display().to_string(), style);
        }
    }
    if paths.is_empty() {
        return Ok((text, Exit::Done));
    }
    if !text.is_empty() && args.show.format != Format::Table {
        return Err(bad_input(
            "output of hoststat is shown as a table only: leave it out or --format",
        ));
    }
    let sources = opened(&paths)?;
    let split_at = match &args.split_at {
        Some(text) => Some(instant(text, &sources)?),
        None => None,
    };
    let diagnosis =
        read(sources, Options { split_at, arrivals: args.scenario.is_some() }, args.show.quiet)?;
    let name = name(&paths);
    match (&diagnosis.parts, split_at) {
        (Some(parts), Some(at)) => {
            let when = at.written(diagnosis.coverage.years);
            let names = [format!("{name} before {when}"), format!("{name} from then on")];
            text += &compared(&names, [&parts[0], &parts[1]], &args.show)?;
        }
        _ => text += &shown(&diagnosis, &name, &args.show, style),
    }
    calibrate::add(text, (&diagnosis, &name), args)
}

/// `a.log`, or `a.log and 3 more`.
fn name(paths: &[PathBuf]) -> String {
    let first = paths.first().map_or(String::new(), |path| match path == Path::new("-") {
        true => "standard input".to_owned(),
        false => path.display().to_string(),
    });
    match paths.len() {
        0 | 1 => first,
        more => format!("{first} and {} more", more - 1),
    }
}

fn shown(diagnosis: &Diagnosis, name: &str, show: &ShowArgs, style: Style) -> String {
    let metrics = logs::metrics(&diagnosis.mail);
    let page = DiagnosisPage { diagnosis, metrics: &metrics, name, all: show.verbose };
    match show.format {
        Format::Table if show.quiet => diagnosis_verdict(&page, style),
        Format::Table => diagnosis_page(&page, style),
        Format::Json => diagnosis_json(&page),
        Format::Csv => diagnosis_csv(&page),
        Format::Md => diagnosis_markdown(&page),
    }
}

fn refused(error: &ReadError) -> Exit {
    eprintln!("mailflow: {error}");
    if error.is_bad_input() { Exit::BadInput } else { Exit::Io }
}

/// Opens every log; all that is wrong with any is shown.
fn opened(paths: &[PathBuf]) -> Result<Vec<Source>, Exit> {
    let (mut sources, mut worst) = (Vec::new(), Exit::Done);
    if paths.iter().filter(|path| *path == Path::new("-")).count() > 1 {
        return Err(bad_input("standard input (-) can be read only once"));
    }
    for path in paths {
        match Source::new(path) {
            Ok(source) => sources.push(source),
            Err(error) => worst = worst.max(refused(&error)),
        }
    }
    if worst == Exit::Done { Ok(in_order(sources)) } else { Err(worst) }
}

fn instant(text: &str, sources: &[Source]) -> Result<Stamp, Exit> {
    let from = sources.iter().find_map(Source::first).unwrap_or_default();
    Stamp::typed(text, from).ok_or_else(|| {
        bad_input(&format!(
            "--split-at `{text}` is no time; accepted: 2026-11-22, 2026-11-22T09:00, Nov 22, Nov 22 09:00"
        ))
    })
}

/// Reads all sources in turn. A log without a line of Sendmail is refused.
fn read(sources: Vec<Source>, options: Options, quiet: bool) -> Result<Diagnosis, Exit> {
    let bytes = sources.iter().filter_map(Source::bytes).sum();
    let progress = Progress::bytes("reading", bytes, quiet);
    let mut reader = Reader::new(options);
    let label = sources.iter().map(Source::label).collect::<Vec<_>>().join(", ");
    for source in &sources {
        let mut interrupted = false;
        let read = source.read(&mut reader, &mut |more| progress.read(more), &mut || {
            interrupted = stopped();
            !interrupted
        });
        if interrupted {
            progress.finish();
            eprintln!("mailflow: stopped");
            return Err(Exit::Stopped);
        }
        read.map_err(|error| {
            progress.finish();
            refused(&error)
        })?;
    }
    progress.finish();
    let diagnosis = reader.finish();
    if diagnosis.coverage.sendmail == 0 {
        return Err(bad_input(&format!("{label}: {}", nothing(&diagnosis))));
    }
    Ok(diagnosis)
}

/// Why there is nothing to tell.
fn nothing(of: &Diagnosis) -> String {
    let of = &of.coverage;
    if of.lines == 0 {
        return "the log is empty".to_owned();
    }
    if of.binary {
        return "this is no text; name a log as syslog writes it, plain or packed with gzip"
            .to_owned();
    }
    format!(
        "no line of Sendmail among {} lines ({} of other programs, {} without a time stamp at their start); expected are \
         lines such as `Nov 22 05:11:45 host sendmail[123]: ID: to=.., delay=.., stat=..`",
        of.lines, of.others, of.damaged
    )
}

/// The table that `hoststat` prints, if the file holds one.
fn host_status(path: &Path) -> Option<HostStatus> {
    if path == Path::new("-") {
        return None;
    }
    HostStatus::read(&head(path)?)
}

/// The first bytes of a file; none of a folder, of a pipe (what is read of it is gone), or of what cannot be read.
fn head(path: &Path) -> Option<Vec<u8>> {
    if !path.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(HEAD).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Whether a file is a log rather than a scenario or a result folder.
pub(super) fn is_log(path: &Path) -> bool {
    let scenario = path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
    !scenario && !path.is_dir() && head(path).is_some_and(|bytes| looks_like_log(&bytes))
}

/// Compares two logs.
pub(super) fn compare(args: &CompareArgs) -> Exit {
    if !args.set.is_empty() || args.repeats.is_some() || args.seed.is_some() {
        return bad_input("--set, --repeats and --seed have no meaning for logs");
    }
    listen_for_ctrl_c();
    let side = |path: &PathBuf| {
        let sources = opened(std::slice::from_ref(path))?;
        read(sources, Options::default(), args.show.quiet)
    };
    let sides = || Ok((side(&args.a)?, side(&args.b)?));
    let text = sides().and_then(|(a, b): (Diagnosis, Diagnosis)| {
        let names = [&args.a, &args.b].map(|path| path.display().to_string());
        compared(&names, [&a.mail, &b.mail], &args.show)
    });
    match text {
        Ok(text) => printed(print(&text)),
        Err(exit) => exit,
    }
}

fn compared(
    names: &[String; 2],
    mails: [&crate::maillog::Mail; 2],
    show: &ShowArgs,
) -> Result<String, Exit> {
    let [a, b] = logs::compare((&names[0], mails[0]), (&names[1], mails[1]));
    for (name, mail) in names.iter().zip(mails) {
        if mail.counts.arrived == 0 {
            return Err(bad_input(&format!("{name}: no mail, so there is nothing to compare")));
        }
    }
    let blocks = mails.map(|mail| mail.blocks.len());
    let days = mails.map(|mail| mail.block_days);
    let behind = format!(
        "{} days of A and {} of B",
        blocks[0] * days[0] as usize,
        blocks[1] * days[1] as usize
    );
    let notes = notes(blocks, days);
    let comparison = Comparison {
        a: &a,
        b: &b,
        notes: &notes,
        paired: false,
        behind: Some(&behind),
        all_metrics: show.verbose,
    };
    Ok(match show.format {
        Format::Table => comparison.page(Style { colour: show.color.applies() }),
        Format::Json => comparison.json(),
        Format::Csv => comparison.csv(),
        Format::Md => comparison.markdown(),
    })
}

/// What must be known of the pair.
fn notes(blocks: [usize; 2], days: [u32; 2]) -> Vec<String> {
    let mut notes = Vec::new();
    if blocks.iter().any(|blocks| *blocks < 2) {
        notes.push(
            "One side holds a single day: there is no interval, since nobody can tell from one day what another looks like."
                .to_owned(),
        );
    }
    if days[0] != days[1] {
        notes.push(format!(
            "Counts are those of blocks of {} days in A and {} in B: they cannot be compared as they are.",
            days[0], days[1]
        ));
    } else if days[0] > 1 {
        notes.push(format!("Counts are those of blocks of {} days.", days[0]));
    } else {
        notes.push(
            "Counts are those of a day; the first and last day of a log are rarely whole."
                .to_owned(),
        );
    }
    notes.push(
        "Intervals are over blocks of days and hold what changed between the two, whatever it was: the settings, or the \
         mail and the receiver."
            .to_owned(),
    );
    notes
}
