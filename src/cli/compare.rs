//! `mailflow compare A B`: two scenarios under the same seed, day by day; or what folders hold of them.

mod folder;

use super::args::{CompareArgs, Format};
use super::load::{Refusal, load, show};
use super::output::{bad_input, print, printed};
use super::progress::listen_for_ctrl_c;
use super::{Exit, diagnose, run};
use crate::experiment::{self, Differences, Evidence, Results};
use crate::report::{Comparison, Style};
use crate::scenario::{Drain, RunSettings, Scenario};
use std::io;
use std::path::Path;

/// Runs the command.
pub(super) fn compare(args: &CompareArgs) -> Exit {
    let [logs, others]: [bool; 2] = match [&args.a, &args.b].map(|path| diagnose::is_log(path)) {
        [true, true] => [true, false],
        [a, b] => [a || b, true],
    };
    if logs && others {
        return bad_input(
            "one is a log and the other is not: name two logs, or two scenarios or result folders",
        );
    }
    if logs {
        return diagnose::compare(args);
    }
    if args.a.is_dir() || args.b.is_dir() {
        let one = |path: &Path| loaded(path, args);
        return folder::compare(args, &one).unwrap_or_else(|exit| exit);
    }
    let scenarios = match prepare(args) {
        Ok(scenarios) => scenarios,
        Err(exit) => return exit,
    };
    listen_for_ctrl_c();
    match simulated(&scenarios, args) {
        Ok(text) => printed(print(&text)),
        Err(exit) => exit,
    }
}

/// Loads a file; all that is wrong with it is shown.
fn loaded(path: &Path, args: &CompareArgs) -> Result<Scenario, Exit> {
    load(path, &args.set).map(|loaded| loaded.scenario).map_err(|Refusal { errors, exit }| {
        // A closed stderr is no reason to fail otherwise.
        let _ = show(&errors, args.show.color.applies_to_errors(), &mut io::stderr().lock());
        exit
    })
}

/// Loads both; all that is wrong with either is shown.
fn prepare(args: &CompareArgs) -> Result<[Scenario; 2], Exit> {
    let one = |path: &Path| loaded(path, args);
    match (one(&args.a), one(&args.b)) {
        (Ok(a), Ok(b)) => Ok([a, b]),
        (Err(a), Err(b)) => Err(a.max(b)),
        (Err(exit), _) | (_, Err(exit)) => Err(exit),
    }
}

fn simulated([a, b]: &[Scenario; 2], args: &CompareArgs) -> Result<String, Exit> {
    let seed = args.seed.unwrap_or(a.run.seed);
    let repeats = pairs(a, args);
    let how = (args.jobs, args.show.quiet);
    let days = |scenario: &Scenario| {
        let mut scenario = scenario.clone();
        scenario.run.seed = seed;
        run::simulate(&scenario, repeats, how)
    };
    let (ours, theirs) = (days(a)?, days(b)?);
    let (ours, theirs) = (Evidence::new(&ours, seed), Evidence::new(&theirs, seed));
    let concluded = |scenario: &Scenario, evidence: &Evidence| {
        let when = (seed, scenario.run.simulate, scenario.run.drain == Drain::UntilEmpty);
        experiment::conclude(&scenario.name, when, evidence, &[], run::notes(scenario))
    };
    let (first, mut second): (Results, Results) = (concluded(a, &ours), concluded(b, &theirs));
    if let Some(cell) = second.cells.first_mut() {
        cell.difference = Some(Differences::of(&theirs, &ours, &[]));
    }
    let comparison = Comparison {
        a: &first,
        b: &second,
        notes: &notes(a, b, args),
        paired: true,
        behind: None,
        all_metrics: args.show.verbose,
    };
    Ok(match args.show.format {
        Format::Table => comparison.page(Style { colour: args.show.color.applies() }),
        Format::Json => comparison.json(),
        Format::Csv => comparison.csv(),
        Format::Md => comparison.markdown(),
    })
}

/// How many pairs of days: as said, or as A says, or - where A leaves it to `run.until` - as usual.
fn pairs(a: &Scenario, args: &CompareArgs) -> u32 {
    let given = if a.run.until.is_some() { RunSettings::default().repeats } else { a.run.repeats };
    args.repeats.unwrap_or(given)
}

/// What must be known of the pair, although nothing is wrong with either.
fn notes(a: &Scenario, b: &Scenario, args: &CompareArgs) -> Vec<String> {
    let mut notes = Vec::new();
    let same = |a: &Path, b: &Path| match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    };
    if same(&args.a, &args.b) {
        notes.push(
            "A and B are the same file: every difference is zero by construction.".to_owned(),
        );
    } else if a.params == b.params && a.run == b.run {
        notes.push(
            "A and B have the same settings: every difference is zero by construction.".to_owned(),
        );
    }
    if a.params.workload != b.params.workload {
        let text = "The two differ in their mail: what is the same for both is the luck, not every message.";
        notes.push(text.to_owned());
    }
    let differ = |what: &str, of: &dyn Fn(&RunSettings) -> String, means: &str| {
        let (a, b) = (of(&a.run), of(&b.run));
        (a != b).then(|| format!("{what} differs (A {a}, B {b}): {means}"))
    };
    let length = "counts grow with it, so that they cannot be compared as they are.";
    let measured = "the two do not measure the same mail.";
    notes.extend(differ("run.simulate", &|run| run.simulate.to_string(), length));
    notes.extend(differ(
        "run.starts",
        &|run| run.starts.to_string(),
        "so does the mail at each hour.",
    ));
    notes.extend(differ("run.warm_up", &|run| run.warm_up.to_string(), measured));
    let drain = |run: &RunSettings| match run.drain {
        Drain::Off => "off".to_owned(),
        Drain::UntilEmpty => "until_empty".to_owned(),
    };
    notes.extend(differ("run.drain", &drain, "mail still queued counts in one of them only."));
    if args.seed.is_none() {
        notes.extend(differ("run.seed", &|run| run.seed.to_string(), "A's was used for both."));
    }
    let pairs = pairs(a, args);
    let asked = |run: &RunSettings| if run.until.is_some() { pairs } else { run.repeats };
    if args.repeats.is_none() {
        let means = "A's number was used for both.";
        notes.extend(differ("run.repeats", &|run| asked(run).to_string(), means));
        if a.run.until.is_some() || b.run.until.is_some() {
            notes.push(format!(
                "run.until has no meaning here: {pairs} pairs were run; see --repeats."
            ));
        }
    }
    notes
}
