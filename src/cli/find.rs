//! `mailflow sweep` with `find:` - the value that just meets an expectation, for each combination.

use super::args::SweepArgs;
use super::output::{bad_input, print, unwritten};
use super::progress::{Progress, listen_for_ctrl_c, stopped, timed};
use super::store::{command, page};
use super::sweep::{
    design_lines, entry, finish, folder, json, misread, refuse, same_design, with_arguments,
};
use super::{Exit, store};
use crate::experiment::find::{Plan, looks};
use crate::experiment::search::{Made, Search, SearchError, Searches, Spot, run_search};
use crate::experiment::sweep::{Design, Header, MOST_RUNS};
use crate::experiment::{
    Bound, Comparison, Expectation, ReplicationSettings, parts, replicate, workers,
};
use crate::report;
use crate::scenario::sweep::{Expected, Find, Sweep};
use crate::scenario::{LoadError, Problem};
use crate::units::Span;

/// A search that is ready to run.
struct Ready<'a> {
    sweep: &'a Sweep,
    find: &'a Find,
    bases: Vec<String>,
    args: &'a SweepArgs,
}

/// Seeks the value, or says how much work that may be.
pub(super) fn find(sweep: &Sweep, args: &SweepArgs) -> Result<Exit, Exit> {
    let Some(find) = &sweep.find else { return Err(Exit::Internal) };
    if args.shard.is_some() {
        return Err(bad_input(
            "--shard: what a search tries next follows from what it has found, so it cannot be cut into shards; \
             leave --shard out, or give each machine a sweep file of its own",
        ));
    }
    if args.vary_assumptions.is_some() {
        return Err(bad_input(
            "--vary-assumptions: a search has one answer in one world; vary the assumptions of the sweep or scenario \
             with the value that the search finds",
        ));
    }
    if sweep.until.is_some() && !args.show.quiet {
        eprintln!("mailflow: a search stops by its own rule; of run.until only at_most counts");
    }
    let ready = Ready { sweep, find, bases: sweep.base_values(), args };
    let design = ready.design().map_err(|errors| refuse(&errors, &args.show))?;
    let runs: u64 = design.header.find.iter().flat_map(|find| &find.of).map(most(&design)).sum();
    if runs > MOST_RUNS {
        return Err(bad_input(&format!(
            "{}: up to {runs} runs are too many, at most {MOST_RUNS}",
            args.file.display()
        )));
    }
    match args.dry_run {
        true => dry_run(&ready, &design, runs),
        false => seek(&ready, design, runs),
    }
}

/// Runs that a search may take at most.
fn most(design: &Design) -> impl Fn(&Search) -> u64 {
    let each = u64::from(design.header.repeats);
    move |search| search.plan.most() as u64 * each
}

impl Ready<'_> {
    /// Understands the question and checks the rungs of every combination.
    fn design(&self) -> Result<Design, Vec<LoadError>> {
        let (sweep, find) = (self.sweep, self.find);
        let line = self.expectation()?;
        let (mut of, mut header) = (Vec::new(), None);
        for index in 0..sweep.len() {
            let combined = sweep.combined(index)?;
            let mut scenario = with_arguments(combined.scenario, self.args);
            // Beyond the threshold more mail comes than can go: a day is late enough to know that.
            scenario.run.longest_drain = scenario.run.longest_drain.min(Span::from_hours(24));
            line.within(&parts(&scenario))
                .map_err(|error| self.refused(&error.problem, &error.accepted, error.nearest))?;
            if scenario.run.repeats < 2 {
                let message = "one day decides nothing: the search needs run.repeats of 2 or more";
                return Err(self.refused(message, "run: { repeats: 20 }", None));
            }
            let id = store::cell_id(&scenario, &combined.settings);
            let own = entry(sweep, index, &self.bases, &scenario, Vec::new());
            let search =
                Search { settings: own.settings, base: id.key.clone(), plan: self.plan(index)? };
            if header.is_none() {
                let mut lines = design_lines(sweep, scenario.run.seed, &id);
                lines.push(format!("find {}", find.key));
                header = Some(Header {
                    name: sweep.name.clone(),
                    about: sweep.about.clone(),
                    seed: scenario.run.seed,
                    repeats: scenario.run.repeats,
                    until: None,
                    find: None,
                    trust: report::trust(&scenario.params),
                    compare_with: None,
                    lines,
                    page: Some(page(&scenario, &combined.settings, command(self.args))),
                });
            }
            of.push(search);
        }
        let Some(mut header) = header else { return Err(self.refused("nothing to do", "", None)) };
        header.find = Some(Searches {
            key: find.key.clone(),
            expect: line.text,
            largest: find.largest,
            whole: find.ladder.is_whole(),
            of,
        });
        Ok(Design { header, cells: Vec::new() })
    }

    fn expectation(&self) -> Result<Expectation, Vec<LoadError>> {
        const ACCEPTED: &str = "a value with its unit, such as p99 delay <= 5m";
        match Expectation::parse(&self.find.expect.text) {
            Ok(Expectation { bound: Bound::Times { .. }, .. }) => Err(self.refused(
                "a search does not compare itself with other files",
                ACCEPTED,
                None,
            )),
            // Nothing at all is an end of a scale; any other number is passed on the way.
            Ok(Expectation {
                comparison: Comparison::Equal, bound: Bound::Value(value), ..
            }) if value != 0.0 => {
                Err(self.refused("what has to be equal has no threshold", ACCEPTED, None))
            }
            Ok(line) => Ok(line),
            Err(error) => Err(self.refused(&error.problem, &error.accepted, error.nearest)),
        }
    }

    fn refused(&self, message: &str, accepted: &str, near: Option<String>) -> Vec<LoadError> {
        let key = if self.find.largest { "find.largest_with" } else { "find.smallest_with" };
        let line = self.find.expect.clone();
        let line = Expected { line, key: key.to_owned(), of: None };
        let problem: Problem = misread(&line, message, accepted, near);
        vec![LoadError::Invalid(self.sweep.problems(vec![problem]))]
    }

    /// Where to search in combination `index`. A range that is given has to be valid at both ends; doubling
    /// goes as far as values are valid.
    fn plan(&self, index: usize) -> Result<Plan, Vec<LoadError>> {
        let ladder = &self.find.ladder;
        let up = !self.find.largest;
        let check = |place: &i64| {
            self.sweep.combined_at(index, self.find, &ladder.text(*place)).map(|_| ())
        };
        let Some(start) = ladder.start else {
            ladder.rungs.iter().try_for_each(check)?;
            return Ok(Plan { rungs: ladder.rungs.clone(), start: None, up });
        };
        check(&start)?;
        let valid = |place: &&i64| check(place).is_ok();
        let below = ladder.rungs.iter().rev().filter(|place| **place < start).take_while(valid);
        let above = ladder.rungs.iter().filter(|place| **place > start).take_while(valid);
        let mut rungs: Vec<i64> = below.chain(above).copied().chain([start]).collect();
        rungs.sort_unstable();
        Ok(Plan { rungs, start: Some(start), up })
    }

    fn make(&self, spot: Spot) -> Result<Made, Vec<LoadError>> {
        let text = self.find.ladder.text(spot.place);
        let combined = self.sweep.combined_at(spot.search, self.find, &text)?;
        let scenario = with_arguments(combined.scenario, self.args);
        let id = store::cell_id(&scenario, &combined.settings);
        let mut entry = entry(self.sweep, spot.search, &self.bases, &scenario, Vec::new());
        entry.settings.insert(self.find.key.clone(), json(text));
        entry.spot = Some(spot);
        Ok((id, entry, scenario))
    }
}

fn seek(ready: &Ready, mut design: Design, runs: u64) -> Result<Exit, Exit> {
    let (args, folder) = (ready.args, folder(ready.args));
    let path = folder.join(store::FILE);
    let store = store::open(&path, args.fresh)?;
    let before = Design::stored(&store).map_err(|error| store::complain(&error))?;
    if let Some(before) = before {
        same_design(&design, &before, &path)?;
    }
    listen_for_ctrl_c();
    let runs = usize::try_from(runs).unwrap_or(usize::MAX);
    let progress = Progress::runs(&design.header.name, runs, args.show.quiet);
    let jobs = args.jobs.map_or(0, usize::from);
    let make = |spot| ready.make(spot);
    let outcome = run_search((&store, &mut design), jobs, &make, &progress);
    progress.finish();
    let kept = "what was done is kept, and the same command goes on from there";
    let rows = outcome.map_err(|error| match error {
        SearchError::Run(error) => store::ended(&error, kept),
        SearchError::Bad(errors) => refuse(&errors, &args.show),
    })?;
    finish((&store, &rows), &design, &folder, (args.strict, jobs), &args.show)
}

/// Says how much there may be to do, and writes nothing.
fn dry_run(ready: &Ready, design: &Design, runs: u64) -> Result<Exit, Exit> {
    let Some(find) = &design.header.find else { return Err(Exit::Internal) };
    listen_for_ctrl_c();
    let (mut seconds, mut probed) = (0.0, 0u32);
    let first = find.of.first().map(|search| &search.plan.rungs[..]).unwrap_or_default();
    // The upper end may be hopeless, and take as long as all the rest: no probe of it.
    let middle =
        first.get(first.len() / 2).filter(|_| find.of.iter().all(|of| of.plan.start.is_none()));
    let start = find.of.first().and_then(|of| of.plan.start.as_ref());
    for place in start.or(first.first()).into_iter().chain(middle) {
        let spot = Spot { search: 0, place: *place };
        let made = ready.make(spot).map_err(|errors| refuse(&errors, &ready.args.show))?;
        let settings = ReplicationSettings::from(&made.2);
        seconds += timed(|| replicate(&made.2.params, &settings, 0)).1;
        probed += 1;
        if stopped() {
            return Err(Exit::Stopped);
        }
    }
    let threads = workers::threads(ready.args.jobs.map_or(0, usize::from));
    let each = seconds / f64::from(probed.max(1));
    let (repeats, values) =
        (design.header.repeats, find.of.iter().map(|s| s.plan.most()).sum::<usize>());
    let searches = if find.of.len() == 1 { "search" } else { "searches" };
    let text = format!(
        "{}\n{} {searches}, at most {values} values x {repeats} replications = {runs} runs, mostly far fewer: \
         a value\nis left after {} where that decides it\nat most about {} on {threads} threads (a probe of \
         {probed} runs took {} each)\n",
        design.header.name,
        find.of.len(),
        looks(repeats)[0],
        report::duration(
            each * runs as f64 / threads.min(looks(repeats)[0] as usize).max(1) as f64
        ),
        report::duration(each),
    );
    print(&text).map_err(|error| unwritten(&error))?;
    Ok(Exit::Done)
}
