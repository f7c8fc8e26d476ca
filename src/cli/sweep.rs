//! `mailflow sweep`: every combination of settings on the same days; resumes where it stopped.

use super::args::{Format, ShowArgs, SweepArgs};
use super::output::{bad_input, print, unwritten, write_file};
use super::progress::{Progress, listen_for_ctrl_c, stopped, timed};
use super::{Exit, draw, find, load, store};
use crate::experiment::store::{CellId, RunError, Store};
use crate::experiment::sweep::{
    Design, Entry, Header, MOST_RUNS, Shard, Until, conclude_sweep, run_precise, run_tasks,
};
use crate::experiment::{
    Bound, Expectation, ReplicationSettings, Results, Target, parts, replicate, workers,
};
use crate::report::{self, Style};
use crate::scenario::sweep::{Design as Kind, Expected, Sweep, load as load_sweep};
use crate::scenario::{Drain, LoadError, Problem, Scenario};
use std::collections::btree_map::{BTreeMap, Entry as Slot};
use std::path::{Path, PathBuf};

/// Up to so many combinations are kept resolved; of more, each is resolved anew when its turn comes.
const KEPT: usize = 1_000;

/// A sweep whose every combination is valid.
struct Ready {
    sweep: Sweep,
    design: Design,
    /// By position in the design: which combination of the sweep that is.
    combinations: Vec<usize>,
    /// The first of them, which may be all.
    scenarios: Vec<Scenario>,
}

/// Runs the command.
pub(super) fn sweep(args: &SweepArgs) -> Exit {
    let checked = load_sweep(&args.file).and_then(|sweep| sweep.check().map(|()| sweep));
    let outcome = match checked.map_err(|errors| refuse(&errors, &args.show)) {
        Ok(sweep) if sweep.find.is_some() => find::find(&sweep, args),
        Ok(sweep) => prepare(sweep, args).and_then(|ready| match args.vary_assumptions {
            Some(worlds) => {
                let sweep = (&ready.sweep, &ready.design, &ready.combinations[..]);
                super::worlds::of_sweep(sweep, (worlds, folder(args)), args)
            }
            None if args.dry_run => dry_run(&ready, args),
            None => all(&ready, args),
        }),
        Err(exit) => Err(exit),
    };
    outcome.unwrap_or_else(|exit| exit)
}

pub(super) fn folder(args: &SweepArgs) -> PathBuf {
    let stem = args.file.file_stem().unwrap_or_default();
    args.out.clone().unwrap_or_else(|| Path::new("output").join(stem))
}

/// Where the records of `shard` go: each shard has a file of its own, so that they may share a folder.
fn file(folder: &Path, shard: Shard) -> PathBuf {
    match shard {
        Shard::ALL => folder.join(store::FILE),
        Shard { number, of } => folder.join(format!("results-{number}-of-{of}.sqlite")),
    }
}

pub(super) fn refuse(errors: &[LoadError], show: &ShowArgs) -> Exit {
    let colour = show.color.applies_to_errors();
    // A closed stderr is no reason to fail otherwise.
    let _ = load::show(errors, colour, &mut std::io::stderr().lock());
    errors.iter().map(load::exit).max().unwrap_or(Exit::BadInput)
}

/// Resolves every combination of a sweep; shows every problem.
fn prepare(sweep: Sweep, args: &SweepArgs) -> Result<Ready, Exit> {
    let ready = resolved(sweep, args).map_err(|errors| refuse(&errors, &args.show))?;
    let runs = ready.design.cells.len() as u64 * u64::from(ready.design.header.repeats);
    if runs > MOST_RUNS {
        return Err(bad_input(&format!(
            "{}: {runs} runs are too many, at most {MOST_RUNS}: take values or repeats out",
            args.file.display()
        )));
    }
    Ok(ready)
}

fn resolved(sweep: Sweep, args: &SweepArgs) -> Result<Ready, Vec<LoadError>> {
    let expect = expectations(&sweep)?;
    let bases = sweep.base_values();
    let (mut cells, mut combinations, mut scenarios) = (Vec::new(), Vec::new(), Vec::new());
    let mut positions: BTreeMap<String, usize> = BTreeMap::new();
    let mut position_of = Vec::new();
    let (mut problems, mut lines) = (Vec::new(), Vec::new());
    let (mut repeats, mut until, mut page) = (0, None, None);
    for index in 0..sweep.len() {
        let combined = sweep.combined(index)?;
        let scenario = with_arguments(combined.scenario, args);
        let id = store::cell_id(&scenario, &combined.settings);
        if index == 0 {
            lines = design_lines(&sweep, scenario.run.seed, &id);
        }
        if index == sweep.compare_with.unwrap_or(0) {
            page = Some(store::page(&scenario, &combined.settings, store::command(args)));
        }
        match positions.entry(id.key.clone()) {
            Slot::Occupied(same) => {
                if sweep.design != Kind::OneAtATime {
                    problems.push(twice(&sweep, *same.get(), index));
                }
                position_of.push(*same.get());
                continue;
            }
            Slot::Vacant(new) => {
                new.insert(cells.len());
                position_of.push(cells.len());
            }
        }
        let of = |line: &&(Expected, Expectation)| {
            line.0.of.as_ref().is_none_or(|of| of.binary_search(&index).is_ok())
        };
        let own = expect.iter().filter(of);
        let texts = own.clone().map(|(_, line)| line.text.clone()).collect();
        problems.extend(own.filter_map(|(line, expectation)| {
            let error = expectation.within(&parts(&scenario)).err()?;
            Some(misread(line, &error.problem, &error.accepted, error.nearest))
        }));
        repeats = scenario.run.repeats;
        match until_of(&sweep, &scenario, args) {
            Ok(own) => until = own,
            Err(problem) => problems.push(*problem),
        }
        cells.push((id, entry(&sweep, index, &bases, &scenario, texts)));
        combinations.push(index);
        if scenarios.len() < KEPT {
            scenarios.push(scenario);
        }
    }
    if !problems.is_empty() {
        problems.dedup();
        return Err(vec![LoadError::Invalid(sweep.problems(problems))]);
    }
    let header = Header {
        name: sweep.name.clone(),
        about: sweep.about.clone(),
        seed: scenarios.first().map_or(0, |scenario| scenario.run.seed),
        repeats,
        until,
        find: None,
        trust: scenarios.first().map(|first| report::trust(&first.params)).unwrap_or_default(),
        compare_with: sweep.compare_with.map(|index| position_of[index]),
        lines,
        page,
    };
    Ok(Ready { sweep, design: Design { header, cells }, combinations, scenarios })
}

/// When a combination has enough days: what the sweep says, else its base.
fn until_of(
    sweep: &Sweep,
    scenario: &Scenario,
    args: &SweepArgs,
) -> Result<Option<Until>, Box<Problem>> {
    // A number given with the command is meant.
    if args.repeats.is_some() {
        return Ok(None);
    }
    let own = sweep.until.as_ref().map(|until| (&until.metric, until.relative, until.at_most));
    let base = || {
        let until = scenario.run.until.as_ref()?;
        Some((&until.metric, until.relative, until.at_most))
    };
    let Some((metric, relative, at_most)) = own.or_else(base) else { return Ok(None) };
    let target = Target::parse(&metric.text, &parts(scenario)).map_err(|error| {
        let key = "run.until.metric".to_owned();
        let line = Expected { line: metric.clone(), key, of: None };
        Box::new(misread(&line, &error.problem, &error.accepted, error.nearest))
    })?;
    Ok(Some(Until { metric: target.name(), relative, at_most }))
}

pub(super) fn with_arguments(mut scenario: Scenario, args: &SweepArgs) -> Scenario {
    scenario.run.seed = args.seed.unwrap_or(scenario.run.seed);
    scenario.run.repeats = args.repeats.unwrap_or(scenario.run.repeats);
    scenario
}

pub(super) fn entry(
    sweep: &Sweep,
    index: usize,
    bases: &[String],
    scenario: &Scenario,
    expect: Vec<String>,
) -> Entry {
    let values = sweep.values_of(index).into_iter().zip(bases);
    let values = values.map(|(value, base)| json(value.unwrap_or_else(|| base.clone())));
    Entry {
        settings: sweep.keys.iter().cloned().zip(values).collect(),
        expect,
        notes: super::run::notes(scenario),
        simulate: scenario.run.simulate,
        drained: scenario.run.drain == Drain::UntilEmpty,
        spot: None,
    }
}

/// A number where it is written like one, else the text.
pub(super) fn json(text: String) -> serde_json::Value {
    match text.parse::<serde_json::Number>() {
        Ok(number) if number.to_string() == text => serde_json::Value::Number(number),
        _ => serde_json::Value::String(text),
    }
}

/// The design in words, for the message that says what has changed.
pub(super) fn design_lines(sweep: &Sweep, seed: u64, first: &CellId) -> Vec<String> {
    let mut lines = vec![Design::program(), format!("run.seed = {seed}")];
    lines.push(format!("design: {}", sweep.design.word()));
    for (key, name) in sweep.keys.iter().enumerate() {
        lines.push(format!("vary {name}: {}", sweep.values(key).join(", ")));
    }
    if sweep.design != Kind::Grid {
        let bases = sweep.keys.iter().zip(sweep.base_values());
        lines.extend(bases.map(|(key, value)| format!("base {key} = {value}")));
    }
    if sweep.design == Kind::List {
        let texts = |index| {
            let values = sweep.values_of(index).into_iter().zip(&sweep.keys);
            let pairs = values.filter_map(|(value, key)| Some(format!("{key}: {}", value?)));
            pairs.collect::<Vec<_>>().join(", ")
        };
        lines.extend((0..sweep.len()).map(|index| format!("combination {}", texts(index))));
    }
    let varies = |line: &str| {
        let rest = |key: &String| line.strip_prefix(key.as_str());
        sweep.keys.iter().filter_map(rest).any(|rest| rest.starts_with([' ', '.', '[']))
    };
    lines.extend(first.text.lines().filter(|line| !varies(line)).map(str::to_owned));
    lines
}

/// Understands every expectation.
fn expectations(sweep: &Sweep) -> Result<Vec<(Expected, Expectation)>, Vec<LoadError>> {
    let (mut all, mut problems) = (Vec::new(), Vec::new());
    for line in &sweep.expect {
        match Expectation::parse(&line.line.text) {
            Ok(Expectation { bound: Bound::Times { .. }, .. }) => problems.push(misread(
                line,
                "a sweep does not compare itself with other files; compare_with names one of its combinations",
                "a value with its unit, such as p99 delay <= 5m",
                None,
            )),
            Ok(expectation) => all.push((line.clone(), expectation)),
            Err(error) => {
                problems.push(misread(line, &error.problem, &error.accepted, error.nearest));
            }
        }
    }
    match problems.is_empty() {
        true => Ok(all),
        false => Err(vec![LoadError::Invalid(sweep.problems(problems))]),
    }
}

pub(super) fn misread(
    line: &Expected,
    message: &str,
    accepted: &str,
    nearest: Option<String>,
) -> Problem {
    Problem {
        line: line.line.line,
        column: line.line.column,
        len: line.line.text.chars().count(),
        key: line.key.clone(),
        found: line.line.text.clone(),
        accepted: accepted.to_owned(),
        nearest,
        message: message.to_owned(),
        origin: None,
    }
}

fn twice(sweep: &Sweep, first: usize, second: usize) -> Problem {
    let named = |index| {
        let values = sweep.values_of(index).into_iter().zip(&sweep.keys);
        let pairs = values.filter_map(|(value, key)| Some(format!("{key}: {}", value?)));
        format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
    };
    Problem {
        line: 0,
        column: 0,
        len: 1,
        key: if sweep.design == Kind::List { "combinations" } else { "vary" }.to_owned(),
        found: format!("{} and {}", named(first), named(second)),
        accepted: "each combination once".to_owned(),
        nearest: None,
        message: "they mean the same; take one out".to_owned(),
        origin: None,
    }
}

impl Ready {
    /// The scenario at a position of the design.
    fn scenario(&self, position: usize, args: &SweepArgs) -> Result<Scenario, RunError> {
        if let Some(scenario) = self.scenarios.get(position) {
            return Ok(scenario.clone());
        }
        let said = |errors: Vec<LoadError>| errors.iter().map(ToString::to_string).collect();
        let scenario = self.sweep.scenario(self.combinations[position]);
        let scenario = with_arguments(scenario.map_err(|e| RunError::Scenario(said(e)))?, args);
        store::unchanged(&scenario, &self.design.cells[position].0)?;
        Ok(scenario)
    }
}

/// Says how much there is to do, and writes nothing.
fn dry_run(ready: &Ready, args: &SweepArgs) -> Result<Exit, Exit> {
    let shard = args.shard.unwrap_or(Shard::ALL);
    let path = file(&folder(args), shard);
    let (design, mut there) = (&ready.design, None);
    if path.exists() && !args.fresh {
        let store = Store::open_to_read(&path).map_err(|error| store::complain(&error))?;
        let ids = design.cells.iter().map(|(id, _)| Ok(store.find_cell(&id.key)?.unwrap_or(-1)));
        let rows = ids.collect::<Result<Vec<i64>, _>>().map_err(|error| store::complain(&error))?;
        there = Some((store, rows));
    }
    let known = there.as_ref().map(|(store, rows)| (store, &rows[..]));
    let all = design.missing(None, shard).map_err(|error| store::complain(&error))?;
    let until = design.header.until.is_some();
    // How many days are enough is not known before: the most there may be.
    let known = known.filter(|_| !until);
    let missing = design.missing(known, shard).map_err(|error| store::complain(&error))?;
    listen_for_ctrl_c();
    let count = design.cells.len();
    let mut probes = vec![0, count / 2, count - 1];
    probes.dedup();
    let (mut seconds, mut probed) = (0.0, 0u32);
    for position in probes {
        let scenario = ready.scenario(position, args).map_err(|error| store::ended(&error, ""))?;
        let settings = ReplicationSettings::from(&scenario);
        seconds += timed(|| replicate(&scenario.params, &settings, 0)).1;
        probed += 1;
        if stopped() {
            return Err(Exit::Stopped);
        }
    }
    let threads = workers::threads(args.jobs.map_or(0, usize::from));
    let each = seconds / f64::from(probed);
    let left = each * missing.len() as f64 / threads.min(missing.len().max(1)) as f64;
    let part = match shard {
        Shard::ALL => String::new(),
        Shard { number, of } => format!(", of which shard {number} of {of} does {}", all.len()),
    };
    let text = format!(
        "{}\n{count} combinations x {}{} replications = {} runs{part}\n{}{} are to be done: about \
         {} on {threads} threads\n(a probe of {probed} runs took {} each)\n",
        design.header.name,
        if until { "at most " } else { "" },
        design.header.repeats,
        count * design.header.repeats as usize,
        match until {
            true => String::new(),
            false => format!("{} are stored, ", all.len() - missing.len()),
        },
        missing.len(),
        report::duration(left),
        report::duration(each),
    );
    print(&text).map_err(|error| unwritten(&error))?;
    Ok(Exit::Done)
}

/// Runs what is missing and writes the results.
fn all(ready: &Ready, args: &SweepArgs) -> Result<Exit, Exit> {
    let design = &ready.design;
    let shard = args.shard.unwrap_or(Shard::ALL);
    let folder = folder(args);
    let path = file(&folder, shard);
    let store = store::open(&path, args.fresh)?;
    let before = Design::stored(&store).map_err(|error| store::complain(&error))?;
    if let Some(before) = before {
        same_design(design, &before, &path)?;
    }
    let rows = design.store(&store).map_err(|error| store::complain(&error))?;
    let missing = design.missing(Some((&store, &rows)), shard);
    let missing = missing.map_err(|error| store::complain(&error))?;
    let quiet = args.show.quiet;
    let until = design.header.until.is_some();
    let total = design.missing(None, shard).map_err(|error| store::complain(&error))?.len();
    if missing.len() < total && !quiet && !until {
        eprintln!("mailflow: {} of {total} runs from the store", total - missing.len());
    }
    listen_for_ctrl_c();
    let progress = Progress::runs(&design.header.name, missing.len(), quiet);
    let jobs = args.jobs.map_or(0, usize::from);
    let scenario = |position: usize| ready.scenario(position, args);
    let outcome = match until {
        true => run_precise((&store, &rows), (design, shard), jobs, &scenario, &progress),
        false => run_tasks((&store, &rows), &missing, jobs, &scenario, &progress),
    };
    progress.finish();
    let kept = "what was done is kept, and the same command goes on from there";
    outcome.map_err(|error| store::ended(&error, kept))?;
    if shard != Shard::ALL {
        if !quiet {
            let Shard { number, of } = shard;
            let path = path.display();
            let runs = match until {
                true => format!("{total} runs at most"),
                false => format!("{total} runs"),
            };
            eprintln!(
                "mailflow: shard {number} of {of} is done: {runs} in {path}; join all with merge"
            );
        }
        return Ok(Exit::Done);
    }
    finish((&store, &rows), design, &folder, (args.strict, jobs), &args.show)
}

/// Refuses to go on with another sweep in the same store.
pub(super) fn same_design(design: &Design, before: &Design, path: &Path) -> Result<(), Exit> {
    const SHOWN: usize = 12;
    let changes = design.changes_from(before);
    if changes.is_empty() {
        return Ok(());
    }
    let mut text = format!(
        "{}: this sweep is not the one that is stored there (- stored, + now):\n",
        path.display()
    );
    changes.iter().take(SHOWN).for_each(|line| text += &format!("  {line}\n"));
    if changes.len() > SHOWN {
        text += &format!("  and {} more\n", changes.len() - SHOWN);
    }
    Err(bad_input(&format!("{text}use --fresh to start over, or --out for another folder")))
}

/// Makes the results of a complete store, writes and shows them.
pub(super) fn finish(
    (store, rows): (&Store, &[i64]),
    design: &Design,
    folder: &Path,
    (strict, jobs): (bool, usize),
    show: &ShowArgs,
) -> Result<Exit, Exit> {
    let results = conclude_sweep((store, rows), design, jobs);
    let results = results.map_err(|error| store::complain(&error))?;
    let mut files = vec![folder.join("results.json"), folder.join("tables/combinations.csv")];
    let mut texts = vec![report::json(&[&results]), report::combinations_csv(&results)];
    if !results.effects.is_empty() {
        files.push(folder.join("tables/effects.csv"));
        texts.push(report::effects_csv(&results));
    }
    for (path, text) in files.iter().zip(&texts) {
        write_file(path, text).map_err(|error| unwritten(&error))?;
    }
    // Results first, pictures second: what was simulated is kept even if a picture fails.
    files.extend(draw::of_sweep((store, rows), design, folder, (&results, &[]))?);
    let names: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
    let style = Style { colour: show.color.applies() };
    let text = match show.format {
        Format::Table if !results.found.is_empty() => {
            let about = (&*design.header.about, &design.header.trust[..]);
            report::found_page(&results, about, &names, (show.quiet, style))
        }
        Format::Table if show.quiet => report::combinations_table(&results, style),
        Format::Table => report::combinations_page(
            &results,
            &design.header.about,
            &design.header.trust,
            &names,
            style,
        ),
        other => in_format(&results, other),
    };
    print(&text).map_err(|error| unwritten(&error))?;
    Ok(if results.keeps(strict) { Exit::Done } else { Exit::Missed })
}

/// The results for other programs.
pub(super) fn in_format(results: &Results, format: Format) -> String {
    match format {
        Format::Json => report::json(&[results]),
        Format::Csv => report::combinations_csv(results),
        Format::Md if !results.found.is_empty() => report::found_markdown(results),
        Format::Md => report::combinations_markdown(results),
        Format::Table => report::combinations_table(results, Style::PLAIN),
    }
}
