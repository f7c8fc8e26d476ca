//! `mailflow run`: load everything, understand every expectation, then simulate, write and show.

use super::args::{Format, RunArgs};
use super::draw;
use super::load::{Compared, Loaded, load, show};
use super::log;
use super::output::{print, write_file};
use super::progress::{Progress, listen_for_ctrl_c};
use super::store;
use super::{Exit, output::WriteError};
use crate::experiment::store::{CellId, RunError, Store, run_stored};
use crate::experiment::{
    self, Evidence, Expectation, Plan, Reached, ReplicationSettings, Results, Rule, Target,
    Warning, WarningKind, not_precise, run_until,
};
use crate::measure::RunRecord;
use crate::report::charts::DelayCurve;
use crate::report::{self, Page, Style};
use crate::scenario::{self, Drain, Override, Scenario, Until};
use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};
use std::io;
use std::path::{Path, PathBuf};

/// A scenario ready to run: its expectations are understood and what they compare with is loaded.
pub(super) struct Job {
    pub(super) scenario: Scenario,
    pub(super) folder: PathBuf,
    /// What its file is called.
    pub(super) file: String,
    pub(super) expectations: Vec<(Expectation, Option<Compared>)>,
    /// What has to become precise; else the number of days is given.
    target: Option<Target>,
}

/// What one scenario left behind.
struct Outcome<'a> {
    job: &'a Job,
    results: Results,
    curve: DelayCurve,
    files: Vec<String>,
}

/// Records by (file, seed, repeats), so that a baseline is simulated once, however many compare with it.
type Baselines = BTreeMap<(PathBuf, u64, u32), Vec<RunRecord>>;

/// Runs the command.
pub(super) fn run(args: &RunArgs) -> Exit {
    let jobs = match prepare(args) {
        Ok(jobs) => jobs,
        Err(exit) => return exit,
    };
    if let Some(worlds) = args.vary_assumptions {
        return super::worlds::of_run(&jobs, worlds, args).unwrap_or_else(|exit| exit);
    }
    listen_for_ctrl_c();
    let style = Style { colour: args.show.color.applies() };
    let (mut outcomes, mut baselines) = (Vec::new(), Baselines::new());
    for job in &jobs {
        match one(job, args, &mut baselines) {
            Ok(outcome) => {
                // A page is shown as soon as it is ready; the other formats need all of them.
                if let Err(error) = show_page(&outcome, args, style) {
                    return complain(&error);
                }
                outcomes.push(outcome);
            }
            Err(exit) => return exit,
        }
    }
    let curves: Vec<DelayCurve> = outcomes.iter().map(|outcome| outcome.curve.clone()).collect();
    let compared = match draw::comparison(args, &curves) {
        Ok(files) => names(files),
        Err(exit) => return exit,
    };
    let results: Vec<&Results> = outcomes.iter().map(|outcome| &outcome.results).collect();
    if let Some(file) = &args.junit
        && let Err(error) = write_file(file, report::junit(&results, args.strict))
    {
        return complain(&error);
    }
    let all = match args.show.format {
        Format::Json => report::json(&results),
        Format::Csv => report::csv(&results),
        Format::Md => report::markdown(&results),
        Format::Table if results.len() > 1 => {
            let files = if args.show.quiet { &[] } else { &compared[..] };
            report::comparison(&results, files, style)
        }
        Format::Table => String::new(),
    };
    if let Err(error) = print(&all) {
        return complain(&error);
    }
    let kept = results.iter().all(|results| results.keeps(args.strict));
    if kept { Exit::Done } else { Exit::Missed }
}

fn complain(error: &WriteError) -> Exit {
    eprintln!("mailflow: {error}");
    Exit::Io
}

/// Loads every file and understands every expectation. All problems of all files are shown, not the first.
fn prepare(args: &RunArgs) -> Result<Vec<Job>, Exit> {
    let (mut jobs, mut worst, mut folders) = (Vec::new(), Exit::Done, BTreeSet::new());
    for file in &args.files {
        let loaded = load(file, &args.set).map(|loaded| job(loaded, args, file));
        match loaded {
            Ok(job) if !folders.insert(job.folder.clone()) => {
                eprintln!(
                    "mailflow: {}: another file of this call writes to {} as well; run them apart or \
                     rename one",
                    file.display(),
                    job.folder.display()
                );
                worst = worst.max(Exit::BadInput);
            }
            Ok(job) => jobs.push(job),
            Err(refusal) => {
                let colour = args.show.color.applies_to_errors();
                // A closed stderr is no reason to fail otherwise.
                let _ = show(&refusal.errors, colour, &mut io::stderr().lock());
                worst = worst.max(refusal.exit);
            }
        }
    }
    if worst == Exit::Done { log::check(&jobs, args).map(|()| jobs) } else { Err(worst) }
}

fn job(loaded: Loaded, args: &RunArgs, file: &Path) -> Job {
    let Loaded { mut scenario, mut expectations, target } = loaded;
    scenario.run.repeats = args.repeats.unwrap_or(scenario.run.repeats);
    // A number given with the command is meant.
    let target = target.filter(|_| args.repeats.is_none());
    scenario.run.seed = args.seed.unwrap_or(scenario.run.seed);
    for compared in expectations.iter_mut().filter_map(|(_, compared)| compared.as_mut()) {
        compared.scenario.run.seed = scenario.run.seed;
    }
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Job { scenario, folder: folder(args, file), file: name, expectations, target }
}

/// Where the results of `file` go: `output/<stem>`, or `--out`, or its subfolder when there are several.
fn folder(args: &RunArgs, file: &Path) -> PathBuf {
    let stem = file.file_stem().unwrap_or_default();
    match &args.out {
        None => Path::new("output").join(stem),
        Some(out) if args.files.len() == 1 => out.clone(),
        Some(out) => out.join(stem),
    }
}

/// The command that does the same again.
pub(super) fn command(job: &Job, args: &RunArgs) -> String {
    let mut words = vec!["run".to_owned(), store::quoted(&job.file)];
    // Read once more, it is the same.
    let set = args
        .set
        .iter()
        .map(|one| format!("--set {}", store::quoted(&format!("{}={}", one.key, one.value))));
    words.extend(set);
    words.extend(args.seed.map(|seed| format!("--seed {seed}")));
    words.extend(args.repeats.map(|repeats| format!("--repeats {repeats}")));
    format!("mailflow {}", words.join(" "))
}

/// Simulates, judges and writes one scenario.
fn one<'a>(job: &'a Job, args: &RunArgs, baselines: &mut Baselines) -> Result<Outcome<'a>, Exit> {
    let scenario = &job.scenario;
    let run = &scenario.run;
    let mut notes = notes(scenario);
    // Held until everything is written, so that no other process writes to this folder meanwhile.
    let store = store::open(&job.folder.join(store::FILE), args.fresh)?;
    let records = match (&job.target, &run.until) {
        (Some(target), Some(until)) => {
            precise(scenario, (target, until), &store, args, &mut notes)?
        }
        _ => simulate_stored(scenario, run.repeats, &args.set, &store, args)?,
    };
    let repeats = records.len() as u32;
    for compared in job.expectations.iter().filter_map(|(_, other)| other.as_ref()) {
        let key = (compared.path.clone(), run.seed, repeats);
        if let Entry::Vacant(missing) = baselines.entry(key) {
            missing.insert(simulate_stored(&compared.scenario, repeats, &[], &store, args)?);
        }
    }
    // The folder shows this run from now on; what a sweep has stored there is kept.
    let settings = scenario::settings(&scenario.text, &args.set);
    let shown = store::shown(scenario, &settings, repeats, notes.clone(), command(job, args));
    shown.store_run(&store).map_err(|error| store::complain(&error))?;
    let evidence = Evidence::new(&records, run.seed);
    let others: Vec<Option<Evidence>> = job
        .expectations
        .iter()
        .map(|(_, other)| {
            let key = (other.as_ref()?.path.clone(), run.seed, repeats);
            Some(Evidence::new(baselines.get(&key)?, run.seed))
        })
        .collect();
    let lines: Vec<(Expectation, Option<&Evidence>)> = job
        .expectations
        .iter()
        .zip(&others)
        .map(|((line, _), other)| (line.clone(), other.as_ref()))
        .collect();
    let when = (run.seed, run.simulate, run.drain == Drain::UntilEmpty);
    let results = experiment::conclude(&scenario.name, when, &evidence, &lines, notes);
    // Results first, pictures second: what was simulated is kept even if a picture fails.
    let mut files = vec![job.folder.join("results.json")];
    write_file(&files[0], report::json(&[&results])).map_err(|error| complain(&error))?;
    let (curve, charts) = draw::of_run(&shown, &job.folder, &results, &records)?;
    files.extend(charts);
    files.extend(log::write(job, args)?);
    Ok(Outcome { job, results, curve, files: names(files) })
}

fn names(files: Vec<PathBuf>) -> Vec<String> {
    files.iter().map(|path| path.display().to_string()).collect()
}

/// So many days of `scenario`, numbered from 0, with nothing kept of them.
pub(super) fn simulate(
    scenario: &Scenario,
    repeats: u32,
    (jobs, quiet): (Option<u16>, bool),
) -> Result<Vec<RunRecord>, Exit> {
    let settings = ReplicationSettings::from(scenario);
    let jobs = jobs.map_or(0, usize::from);
    let plan = Plan { params: &scenario.params, settings, repeats, jobs };
    let progress = Progress::new(&scenario.name, repeats, quiet);
    let records = experiment::run(&plan, &progress);
    progress.finish();
    records.map_err(|stopped| {
        eprintln!("mailflow: {}: {stopped}; nothing of it was written", scenario.name);
        Exit::Stopped
    })
}

/// What is said when Ctrl-C ends a run.
const KEPT: &str = "what was done is kept, and the same command goes on from there";

/// So many days of `scenario`, numbered from 0: from the store what is there, the rest simulated; and how
/// many were there.
fn days(
    scenario: &Scenario,
    repeats: u32,
    (id, store): (&CellId, &Store),
    args: &RunArgs,
    progress: &Progress,
) -> Result<(Vec<RunRecord>, usize), RunError> {
    let settings = ReplicationSettings::from(scenario);
    let jobs = args.jobs.map_or(0, usize::from);
    let plan = Plan { params: &scenario.params, settings, repeats, jobs };
    run_stored(store, id, &plan, progress)
}

/// Takes from the store what is there, and simulates the rest.
fn simulate_stored(
    scenario: &Scenario,
    repeats: u32,
    set: &[Override],
    store: &Store,
    args: &RunArgs,
) -> Result<Vec<RunRecord>, Exit> {
    let progress = Progress::new(&scenario.name, repeats, args.show.quiet);
    let id = store::cell_id(scenario, &scenario::settings(&scenario.text, set));
    let records = days(scenario, repeats, (&id, store), args, &progress);
    progress.finish();
    let (records, there) = records.map_err(|error| store::ended(&error, KEPT))?;
    if there > 0 && !args.show.quiet {
        let name = &scenario.name;
        eprintln!("mailflow: {name}: {there} of {repeats} replications from the store");
    }
    Ok(records)
}

/// As many days as it takes for `target` to become as precise as asked for. That it did not is noted.
fn precise(
    scenario: &Scenario,
    (target, until): (&Target, &Until),
    store: &Store,
    args: &RunArgs,
    notes: &mut Vec<Warning>,
) -> Result<Vec<RunRecord>, Exit> {
    let rule = Rule { relative: until.relative, at_most: until.at_most };
    let progress = Progress::new(&scenario.name, until.at_most, args.show.quiet);
    let id = store::cell_id(scenario, &scenario::settings(&scenario.text, &args.set));
    let reached = run_until(target, &rule, scenario.run.seed, |repeats| {
        days(scenario, repeats, (&id, store), args, &progress).map(|(records, _)| records)
    });
    progress.finish();
    let Reached { records, precise, relative } =
        reached.map_err(|error| store::ended(&error, KEPT))?;
    match relative {
        Some(relative) if precise && !args.show.quiet => eprintln!(
            "{}: {} is known to {:.2} % of itself after {} runs",
            scenario.name,
            target.name(),
            100.0 * relative,
            records.len()
        ),
        _ => {}
    }
    if !precise {
        let warning = not_precise(&target.name(), records.len(), relative, rule.relative);
        notes.insert(0, warning);
    }
    Ok(records)
}

/// What the scenario itself gives rise to warn of.
pub(super) fn notes(scenario: &Scenario) -> Vec<Warning> {
    let note = |note: &scenario::Note| Warning {
        kind: WarningKind::Scenario(note.kind.to_owned()),
        text: note.text.clone(),
        next: note.next.clone(),
    };
    scenario.notes.iter().map(note).collect()
}

fn show_page(outcome: &Outcome, args: &RunArgs, style: Style) -> Result<(), WriteError> {
    if args.show.format != Format::Table {
        return Ok(());
    }
    if args.show.quiet {
        return print(&report::verdicts(&outcome.results, style));
    }
    let trust = report::trust(&outcome.job.scenario.params);
    let page = Page {
        results: &outcome.results,
        about: &outcome.job.scenario.about,
        simulate: outcome.job.scenario.run.simulate,
        trust: &trust,
        files: &outcome.files,
        all_metrics: args.show.verbose,
    };
    let gap = if outcome.job.folder == folder(args, &args.files[0]) { "" } else { "\n" };
    print(&format!("{gap}{}", report::page(&page, style)))
}
