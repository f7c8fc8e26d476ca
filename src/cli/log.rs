//! `mailflow run FILE --log DIR`: the first day as Sendmail would have logged it.
//!
//! The day is simulated once more for it: an observer is paid for only by those who want it, and what is in
//! the store was not simulated at all.

use super::Exit;
use super::args::RunArgs;
use super::log_args::{LogArgs, LogStampsArg, LogStyleArg};
use super::log_page;
use super::output::{WriteError, unwritten};
use super::run::Job;
use crate::experiment::{self, ReplicationSettings};
use crate::maillog::write::{Date, LogForm, LogStyle, MailLog, Stamps};
use crate::scenario::Scenario;
use crate::units::Span;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

/// Whether the logs that are asked for can be dated: a day has the weekday that the scenario starts on.
pub(super) fn check(jobs: &[Job], args: &RunArgs) -> Result<(), Exit> {
    let Some(date) = args.log.start_date else { return Ok(()) };
    for job in jobs {
        let due = Date::of_week(job.scenario.run.starts);
        if due.weekday() != date.weekday() {
            eprintln!(
                "error: --start-date {date} is a {}, but {} starts on a {}; give a {} or change run.starts",
                date.weekday_name(),
                job.file,
                due.weekday_name(),
                due.weekday_name(),
            );
            return Err(Exit::BadInput);
        }
    }
    Ok(())
}

/// Writes the log of `job`, if it is asked for: the names of its files.
pub(super) fn write(job: &Job, args: &RunArgs) -> Result<Vec<PathBuf>, Exit> {
    let Some(folder) = &args.log.folder else { return Ok(Vec::new()) };
    // Several files: one folder each, as with --out.
    let stem = Path::new(&job.file).file_stem().unwrap_or_default();
    let folder = if args.files.len() == 1 { folder.clone() } else { folder.join(stem) };
    if !args.show.quiet {
        eprintln!("mailflow: {}: writing the log of its first day", job.scenario.name);
    }
    let files = [folder.join("maillog"), folder.join("smtp.log")];
    day(&job.scenario, &args.log, &folder, &files).map_err(|error| unwritten(&error))?;
    let mut written = files.to_vec();
    let page = log_page::of_log(&files[0], &job.scenario.name, &folder)?;
    written.extend(page);
    Ok(written)
}

fn form(scenario: &Scenario, args: &LogArgs) -> LogForm {
    let starts = scenario.run.starts;
    LogForm {
        style: match args.style {
            LogStyleArg::Article => LogStyle::Article,
            LogStyleArg::Sendmail => LogStyle::Sendmail,
        },
        stamps: match args.stamps {
            LogStampsArg::Rfc3339 => Stamps::Rfc3339,
            LogStampsArg::Rfc3164 => Stamps::Rfc3164,
        },
        start: args.start_date.unwrap_or(Date::of_week(starts)),
        starts_at: Span::from_nanos(starts.nanos() % Span::from_hours(24).nanos()),
    }
}

/// Simulates the first day for its log. The files appear whole or not at all, as all others do.
fn day(
    scenario: &Scenario,
    args: &LogArgs,
    folder: &Path,
    files: &[PathBuf; 2],
) -> Result<(), WriteError> {
    let fail = |path: &Path| {
        let path = path.to_owned();
        move |source| WriteError::new(path, source)
    };
    fs::create_dir_all(folder).map_err(fail(folder))?;
    let mut unfinished = Vec::new();
    for path in files {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.tmp", std::process::id()));
        unfinished.push(path.with_file_name(name));
    }
    let create = |path: &PathBuf| Ok(BufWriter::new(File::create(path).map_err(fail(path))?));
    let written = (|| {
        let (mail, smtp) = (create(&unfinished[0])?, create(&unfinished[1])?);
        let settings = ReplicationSettings::from(&scenario.run);
        let mut log = MailLog::new(&scenario.params, form(scenario, args), mail, smtp);
        experiment::replicate_observed(&scenario.params, &settings, 0, &mut log);
        let (mail, smtp) = log.finish();
        let both: [(io::Result<()>, &PathBuf); 2] = [(mail, &files[0]), (smtp, &files[1])];
        for ((result, path), beside) in both.into_iter().zip(&unfinished) {
            result.and_then(|()| fs::rename(beside, path)).map_err(fail(path))?;
        }
        Ok(())
    })();
    if written.is_err() {
        for path in &unfinished {
            // Half a log is of no use; that it cannot be removed either is no news.
            let _ = fs::remove_file(path);
        }
    }
    written
}
