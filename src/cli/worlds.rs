//! `--vary-assumptions N`: the same run or sweep in N worlds, each with other values for what is only assumed.
//! Stored beside the ordinary results, in a file of its own, so that it goes on where it stopped and N may grow.

use super::args::{Format, RunArgs, ShowArgs, SweepArgs};
use super::output::{bad_input, print, unwritten, write_file};
use super::progress::{Progress, listen_for_ctrl_c, stopped, timed};
use super::run::{self, Job};
use super::{Exit, draw, load, store};
use crate::experiment::assumptions::{MOST_CELLS, WorldPlan, Worlds, conclude_worlds};
use crate::experiment::store::{RunError, Store};
use crate::experiment::sweep::{Design, MOST_RUNS, Shard, Task, run_tasks};
use crate::experiment::{Bound, ReplicationSettings, Results, replicate, workers};
use crate::report::{self, Style, WorldsPage};
use crate::scenario::Scenario;
use crate::scenario::sweep::Sweep;
use crate::units::Span;
use std::path::{Path, PathBuf};

/// What the store of the worlds is called.
pub(super) const FILE: &str = "worlds.sqlite";
/// What their answer is called.
pub(super) const ANSWER: &str = "worlds.json";
/// Mail that is not out a day after the measured time is not waited for.
const LONGEST_DRAIN: Span = Span::from_hours(24);

/// What is asked, of a run or a sweep alike.
struct Asked<'a> {
    sweep: &'a Sweep,
    /// With all assumptions as they are.
    design: &'a Design,
    /// By position in the design: which combination of the sweep that is.
    combinations: &'a [usize],
    file: &'a Path,
    folder: PathBuf,
    worlds: u32,
    jobs: usize,
    fresh: bool,
    strict: bool,
    show: &'a ShowArgs,
}

/// `sweep FILE --vary-assumptions N`.
pub(super) fn of_sweep(
    (sweep, design, combinations): (&Sweep, &Design, &[usize]),
    (worlds, folder): (u32, PathBuf),
    args: &SweepArgs,
) -> Result<Exit, Exit> {
    let design = &again(design, worlds);
    let asked = Asked {
        sweep,
        design,
        combinations,
        file: &args.file,
        folder,
        worlds,
        jobs: args.jobs.map_or(0, usize::from),
        fresh: args.fresh,
        strict: args.strict,
        show: &args.show,
    };
    if sweep.until.is_some() {
        asked.tell("each combination is run so often as run.until allows at most");
    }
    let plan = asked.plan()?;
    if args.dry_run { asked.dry_run(&plan) } else { asked.all(&plan) }
}

/// The design with the command that does the same again.
fn again(design: &Design, worlds: u32) -> Design {
    let mut design = design.clone();
    if let Some(page) = &mut design.header.page {
        page.command += &format!(" --vary-assumptions {worlds}");
    }
    design
}

/// `run FILE --vary-assumptions N`.
pub(super) fn of_run(jobs: &[Job], worlds: u32, args: &RunArgs) -> Result<Exit, Exit> {
    let ([job], [file]) = (jobs, &args.files[..]) else {
        return Err(bad_input("--vary-assumptions takes one scenario; run the others apart"));
    };
    let sweep = Sweep::alone(file, &args.set).map_err(|error| {
        let colour = args.show.color.applies_to_errors();
        // A closed stderr is no reason to fail otherwise.
        let _ = load::show(std::slice::from_ref(&error), colour, &mut std::io::stderr().lock());
        load::exit(&error)
    })?;
    let scenario = &job.scenario;
    let combined = sweep.combined_with(0, &[]).map_err(|why| bad_input(&why))?;
    let (with_files, alone): (Vec<_>, Vec<_>) = job
        .expectations
        .iter()
        .map(|(line, _)| line)
        .partition(|line| matches!(line.bound, Bound::Times { .. }));
    let settings = crate::scenario::settings(&scenario.text, &args.set);
    let command = run::command(job, args);
    let repeats = scenario.run.repeats;
    let shown = store::shown(scenario, &settings, repeats, run::notes(scenario), command);
    let mut design = again(&shown, worlds);
    for (id, entry) in &mut design.cells {
        *id = store::cell_id(scenario, &combined.settings);
        entry.expect = alone.iter().map(|line| line.text.clone()).collect();
    }
    // Every world is of this program, as that of a sweep.
    design.header.lines = Vec::new();
    let asked = Asked {
        sweep: &sweep,
        design: &design,
        combinations: &[0],
        file,
        folder: job.folder.clone(),
        worlds,
        jobs: args.jobs.map_or(0, usize::from),
        fresh: args.fresh,
        strict: args.strict,
        show: &args.show,
    };
    for line in with_files {
        let text = &line.text;
        asked
            .tell(&format!("\"{text}\" is not judged: the other file knows nothing of the worlds"));
    }
    if scenario.run.until.is_some() && args.repeats.is_none() {
        asked.tell("each world is run so often as run.until allows at most");
    }
    asked.all(&asked.plan()?)
}

impl Asked<'_> {
    fn tell(&self, text: &str) {
        if !self.show.quiet {
            eprintln!("mailflow: {text}");
        }
    }

    /// Draws the worlds; refuses what would take for ever and what has nothing to vary.
    fn plan(&self) -> Result<WorldPlan, Exit> {
        let file = self.file.display();
        let cells = (u64::from(self.worlds) + 1) * self.combinations.len() as u64;
        let runs = cells.saturating_mul(u64::from(self.design.header.repeats));
        if cells > MOST_CELLS {
            return Err(bad_input(&format!(
                "{file}: {} combinations in {} worlds are too many, at most {MOST_CELLS} in all: take worlds or \
                 combinations out",
                self.combinations.len(),
                self.worlds
            )));
        }
        if runs > MOST_RUNS {
            return Err(bad_input(&format!(
                "{file}: {runs} runs are too many, at most {MOST_RUNS}: take worlds or repeats out"
            )));
        }
        let finish = |scenario| self.finished(scenario);
        let design = (self.design, self.combinations);
        let plan = WorldPlan::of(self.sweep, design, self.worlds, &finish, &store::cell_id);
        if plan.varied.keys.is_empty() {
            let why = plan.varied.kept.iter().map(|(key, why)| format!("\n  {key}: {why}"));
            let why = why.collect::<String>();
            return Err(bad_input(&format!(
                "{file}: nothing is left to vary; every assumed value is given in the file{}{why}",
                if why.is_empty() { "" } else { ", or cannot vary:" }
            )));
        }
        Ok(plan)
    }

    fn finished(&self, mut scenario: Scenario) -> Scenario {
        scenario.run.seed = self.design.header.seed;
        scenario.run.repeats = self.design.header.repeats;
        // In some worlds mail comes faster than it can go: later than a day is late enough to know.
        scenario.run.longest_drain = LONGEST_DRAIN;
        scenario
    }

    /// The scenario of a cell of the plan.
    fn scenario(&self, plan: &WorldPlan, cell: usize) -> Result<Scenario, RunError> {
        let (set, combination) = plan.overrides_of(cell);
        let combined = self.sweep.combined_with(self.combinations[combination], &set);
        let scenario = self.finished(combined.map_err(RunError::Scenario)?.scenario);
        store::unchanged(&scenario, &plan.design.cells[cell].0)?;
        Ok(scenario)
    }

    fn missing(&self, plan: &WorldPlan, store: Option<&Store>) -> Result<Vec<Task>, Exit> {
        let find = |store: &Store| {
            let cells = plan.design.cells.iter();
            let rows = cells.map(|(id, _)| Ok(store.find_cell(&id.key)?.unwrap_or(-1)));
            rows.collect::<Result<Vec<i64>, _>>().map_err(|error| store::complain(&error))
        };
        let rows = store.map(find).transpose()?.unwrap_or_default();
        let known = store.map(|store| (store, &rows[..]));
        let tasks = plan.design.missing(known, Shard::ALL);
        Ok(plan.in_order(tasks.map_err(|error| store::complain(&error))?))
    }

    /// Says how much there is to do, and writes nothing.
    fn dry_run(&self, plan: &WorldPlan) -> Result<Exit, Exit> {
        let path = self.folder.join(FILE);
        let there = path.exists() && !self.fresh;
        let there = there.then(|| Store::open_to_read(&path)).transpose();
        let there = there.map_err(|error| store::complain(&error))?;
        let missing = self.missing(plan, there.as_ref())?;
        listen_for_ctrl_c();
        let cells = plan.design.cells.len();
        let mut probes = vec![0, cells / 2, cells - 1];
        probes.dedup();
        let (mut seconds, count) = (0.0, probes.len());
        for cell in probes {
            let scenario = self.scenario(plan, cell).map_err(|error| store::ended(&error, ""))?;
            let settings = ReplicationSettings::from(&scenario);
            seconds += timed(|| replicate(&scenario.params, &settings, 0)).1;
            if stopped() {
                return Err(Exit::Stopped);
            }
        }
        let (threads, each) = (workers::threads(self.jobs), seconds / count as f64);
        let left = each * missing.len() as f64 / threads.min(missing.len().max(1)) as f64;
        let runs = cells * self.design.header.repeats as usize;
        let mut text = format!(
            "{}\n{} worlds and the defaults x {} combinations x {} replications = {runs} runs\n{} are stored, {} are \
             to be done: about {} on {threads} threads\n(a probe of {count} runs took {} each)\n\nVaried:\n",
            self.design.header.name,
            self.worlds,
            self.combinations.len(),
            self.design.header.repeats,
            runs - missing.len(),
            missing.len(),
            report::duration(left),
            report::duration(each),
        );
        let line = |key: &str, words: &str| format!("  {key}: {words}\n");
        plan.varied.keys.iter().for_each(|doc| text += &line(doc.path, &doc.plausible()));
        if !plan.varied.kept.is_empty() {
            text += "Assumed and not varied:\n";
            plan.varied.kept.iter().for_each(|(key, why)| text += &line(key, why));
        }
        print(&text).map_err(|error| unwritten(&error))?;
        Ok(Exit::Done)
    }

    /// Runs what is missing and writes the answer.
    fn all(&self, plan: &WorldPlan) -> Result<Exit, Exit> {
        let store = store::open(&self.folder.join(FILE), self.fresh)?;
        let rows = plan.design.store(&store).map_err(|error| store::complain(&error))?;
        let missing = self.missing(plan, Some(&store))?;
        let total = plan.design.cells.len() * self.design.header.repeats as usize;
        if missing.len() < total {
            self.tell(&format!("{} of {total} runs from the store", total - missing.len()));
        }
        listen_for_ctrl_c();
        let progress = Progress::runs(&self.design.header.name, missing.len(), self.show.quiet);
        let scenario = |cell: usize| self.scenario(plan, cell);
        let outcome = run_tasks((&store, &rows), &missing, self.jobs, &scenario, &progress);
        progress.finish();
        let kept = "what was done is kept, and the same command goes on from there";
        outcome.map_err(|error| store::ended(&error, kept))?;
        let found = conclude_worlds((&store, &rows), plan, self.design, self.jobs);
        let (results, worlds) = found.map_err(|error| store::complain(&error))?;
        self.show_all(&results, &worlds)?;
        Ok(if results.keeps(self.strict) { Exit::Done } else { Exit::Missed })
    }

    fn show_all(&self, results: &Results, worlds: &Worlds) -> Result<(), Exit> {
        let json = report::worlds_json(results, worlds);
        let csv = report::worlds_csv(worlds);
        let files = [self.folder.join(ANSWER), self.folder.join("tables/worlds.csv")];
        for (path, text) in files.iter().zip([&json, &csv]) {
            write_file(path, text).map_err(|error| unwritten(&error))?;
        }
        let header = &self.design.header;
        let drawn = draw::of_worlds(header, &self.folder, (results, worlds))?;
        let names = files.iter().chain(&drawn).map(|path| path.display().to_string());
        let names: Vec<String> = names.collect();
        let text = match self.show.format {
            Format::Json => json,
            Format::Csv => csv,
            Format::Md => report::worlds_markdown(worlds),
            Format::Table => {
                let page = WorldsPage {
                    results,
                    worlds,
                    about: &header.about,
                    trust: &header.trust,
                    files: &names,
                };
                let style = Style { colour: self.show.color.applies() };
                report::worlds_page(&page, self.show.quiet, style)
            }
        };
        print(&text).map_err(|error| unwritten(&error))
    }
}
