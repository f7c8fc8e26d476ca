//! Comparing what is stored: result folders of `run` and `sweep`, with each other or with a scenario file. Nothing
//! of a folder is simulated.

use super::super::args::{CompareArgs, Format};
use super::super::output::{bad_input, print, printed};
use super::super::progress::listen_for_ctrl_c;
use super::super::{Exit, run, store};
use crate::experiment::store::Store;
use crate::experiment::sweep::{Design, Entry, conclude_cell};
use crate::experiment::{Cell, Differences, Evidence, Results, SCHEMA};
use crate::measure::RunRecord;
use crate::report::{self, Comparison, Style};
use crate::scenario::{self, Scenario};
use std::collections::BTreeSet;
use std::path::Path;

/// Seed of the bootstrap for B where both sides have the same seed, but no common days.
const APART: u64 = 0x9e37_79b9_7f4a_7c15;

/// Days of one side that are in memory at once.
const MOST_DAYS: u64 = 20_000;

/// One of the two: all combinations of it, with their days.
pub(super) struct Side {
    design: Design,
    /// By position in the design.
    records: Vec<Vec<RunRecord>>,
    /// How messages call it.
    name: String,
    /// Whether it is a sweep: its combinations have settings.
    sweep: bool,
}

/// The combinations that are compared, by position on both sides, and how.
struct Matched {
    pairs: Vec<(usize, usize)>,
    paired: bool,
    notes: Vec<String>,
}

/// Compares a folder with a folder or a file; `load` loads a file.
pub(super) fn compare(
    args: &CompareArgs,
    load: &dyn Fn(&Path) -> Result<Scenario, Exit>,
) -> Result<Exit, Exit> {
    if args.seed.is_some() {
        return Err(bad_input(
            "--seed has no meaning for a result folder, whose days are simulated already: leave it out",
        ));
    }
    let folders = [&args.a, &args.b].map(|path| path.is_dir());
    if !args.set.is_empty() && folders == [true, true] {
        return Err(bad_input(
            "--set has no meaning for result folders, whose days are simulated already: leave it out",
        ));
    }
    let read = |path: &Path| if path.is_dir() { stored(path, args).map(Some) } else { Ok(None) };
    let (a, b) = match (read(&args.a), read(&args.b)) {
        (Ok(a), Ok(b)) => (a, b),
        (Err(a), Err(b)) => return Err(a.max(b)),
        (Err(exit), _) | (_, Err(exit)) => return Err(exit),
    };
    let (a, b) = match (a, b) {
        (Some(a), Some(b)) => (a, b),
        (Some(a), None) => {
            let b = simulated(&args.b, &load(&args.b)?, &a, args)?;
            (a, b)
        }
        (None, Some(b)) => (simulated(&args.a, &load(&args.a)?, &b, args)?, b),
        (None, None) => return Err(bad_input("name two scenario files or result folders")),
    };
    shown(&a, &b, args)
}

/// What a folder holds.
fn stored(folder: &Path, args: &CompareArgs) -> Result<Side, Exit> {
    let path = folder.join(store::FILE);
    let complain = |error| store::complain(&error);
    let store = Store::open_to_read(&path).map_err(complain)?;
    let sweep = Design::stored(&store).map_err(complain)?;
    let (design, sweep) = match sweep {
        Some(design) => (design, true),
        None => match Design::stored_run(&store).map_err(complain)? {
            Some(design) => (design, false),
            None => {
                return Err(bad_input(&format!(
                    "{}: it does not say which of its stored days belong to the run. Give the same mailflow \
                     run once more: what is stored is not simulated again",
                    path.display()
                )));
            }
        },
    };
    let most = args.repeats.unwrap_or(design.header.repeats).min(design.header.repeats);
    if design.cells.len() as u64 * u64::from(most) > MOST_DAYS {
        return Err(bad_input(&format!(
            "{}: {} combinations of {most} days are too many to hold in memory, at most {MOST_DAYS} days: \
             use --repeats",
            folder.display(),
            design.cells.len()
        )));
    }
    let rows = design.rows(&store).map_err(complain)?;
    let records: Result<Vec<_>, _> = rows.iter().map(|row| store.records(*row, most)).collect();
    let records = records.map_err(complain)?;
    if records.iter().all(Vec::is_empty) {
        return Err(bad_input(&format!(
            "{}: not a single day is stored; finish it with mailflow {}",
            folder.display(),
            if sweep { "sweep" } else { "run" }
        )));
    }
    Ok(Side { design, records, name: folder.display().to_string(), sweep })
}

/// As many days of a file as the folder has, under the folder's seed.
fn simulated(
    file: &Path,
    scenario: &Scenario,
    folder: &Side,
    args: &CompareArgs,
) -> Result<Side, Exit> {
    if folder.design.cells.len() > 1 {
        return Err(bad_input(&format!(
            "{} is a sweep of {} combinations and {} a single scenario: compare a sweep with another folder of \
             the same sweep, or one run with another",
            folder.name,
            folder.design.cells.len(),
            file.display()
        )));
    }
    let mut scenario = scenario.clone();
    scenario.run.seed = folder.design.header.seed;
    let days = folder.records.iter().flatten().map(|record| record.replication + 1).max();
    let days = u32::try_from(days.unwrap_or(1)).unwrap_or(u32::MAX);
    listen_for_ctrl_c();
    let records = run::simulate(&scenario, days, (args.jobs, args.show.quiet))?;
    let settings = scenario::settings(&scenario.text, &args.set);
    let design = store::shown(&scenario, &settings, days, run::notes(&scenario), String::new());
    Ok(Side { design, records: vec![records], name: file.display().to_string(), sweep: false })
}

impl Side {
    fn entry(&self, position: usize) -> &Entry {
        &self.design.cells[position].1
    }

    /// The values of a combination's settings that begin with one of `keys`, one a line.
    fn lines(&self, position: usize, keys: &[&str]) -> BTreeSet<&str> {
        let text = &self.design.cells[position].0.text;
        text.lines().filter(|line| keys.iter().any(|key| line.starts_with(key))).collect()
    }

    fn program(&self) -> &str {
        let lines = &self.design.header.lines;
        lines.iter().find(|line| line.starts_with("mailflow ")).map_or("", String::as_str)
    }
}

/// Which combination is compared with which, and whether day by day.
fn matched(a: &Side, b: &Side) -> Result<Matched, Exit> {
    let single = a.design.cells.len() == 1 && b.design.cells.len() == 1;
    let mut pairs = Vec::new();
    for position in 0..b.design.cells.len() {
        let same = |other: &usize| a.entry(*other).settings == b.entry(position).settings;
        let other = (0..a.design.cells.len()).find(|other| single || same(other));
        pairs.extend(other.map(|other| (other, position)));
    }
    pairs.retain(|(one, other)| !a.records[*one].is_empty() && !b.records[*other].is_empty());
    if pairs.is_empty() {
        let what = |side: &Side| {
            let keys: Vec<&str> = side.entry(0).settings.keys().map(String::as_str).collect();
            match side.sweep {
                false => format!("{} is a single run", side.name),
                true => format!("{} varies {}", side.name, keys.join(", ")),
            }
        };
        return Err(bad_input(&format!(
            "no combination is in both: {}; {}. Compare two folders of one sweep, or two runs",
            what(a),
            what(b)
        )));
    }
    let mut notes = Vec::new();
    let left = [a, b].map(|side| side.design.cells.len() - pairs.len());
    if left != [0, 0] {
        notes.push(format!(
            "Compared are the {} combinations that both have; {} of A and {} of B have no counterpart.",
            pairs.len(),
            left[0],
            left[1]
        ));
    }
    if a.program() != b.program() {
        notes.push(format!(
            "Another version or build made A ({}) than B ({}): what differs may be the program's doing, not the \
             settings'. Run both again with one of them.",
            a.program(),
            b.program()
        ));
    }
    let seeds = [a, b].map(|side| side.design.header.seed);
    let mail = ["mail.", "run.starts"];
    let other_mail = pairs.iter().any(|(x, y)| a.lines(*x, &mail) != b.lines(*y, &mail));
    let because = match (seeds[0] != seeds[1], other_mail) {
        (true, _) => format!("their seeds differ (A {}, B {})", seeds[0], seeds[1]),
        (_, true) => "they differ in their mail".to_owned(),
        _ => String::new(),
    };
    if !because.is_empty() {
        notes.push(format!(
            "Independent: {because}, so that no day of A has a partner in B, and the intervals are wider than \
             those of paired days."
        ));
    }
    lengths(a, b, &pairs, &mut notes);
    Ok(Matched { pairs, paired: because.is_empty(), notes })
}

/// Notes what makes counts or delays hard to compare.
fn lengths(a: &Side, b: &Side, pairs: &[(usize, usize)], notes: &mut Vec<String>) {
    for (key, means) in [
        ("run.simulate", "counts grow with it, so that they cannot be compared as they are."),
        ("run.warm_up", "the two do not measure the same mail."),
        ("run.drain", "mail still queued counts in one of them only."),
    ] {
        let value = |side: &Side, position| {
            let line = side.lines(position, &[key]).into_iter().next().unwrap_or_default();
            line.split(" = ").nth(1).unwrap_or_default().to_owned()
        };
        let differ = |(x, y): &(usize, usize)| {
            let (a, b) = (value(a, *x), value(b, *y));
            (a != b).then(|| format!("{key} differs (A {a}, B {b}): {means}"))
        };
        notes.extend(pairs.iter().find_map(differ));
    }
    if pairs.iter().all(|(x, y)| a.design.cells[*x].0.key == b.design.cells[*y].0.key) {
        let same =
            "A and B have the same settings and seed: every difference is zero by construction.";
        notes.push(same.to_owned());
    }
}

/// The days of both that are compared: if paired, those that all have.
fn common(a: &Side, b: &Side, matched: &mut Matched) -> Result<[Vec<Vec<RunRecord>>; 2], Exit> {
    let numbers =
        |of: &[RunRecord]| -> BTreeSet<u64> { of.iter().map(|r| r.replication).collect() };
    let mut all: Option<BTreeSet<u64>> = None;
    let mut most = 0;
    for (x, y) in &matched.pairs {
        for own in [numbers(&a.records[*x]), numbers(&b.records[*y])] {
            most = most.max(own.len());
            all = Some(all.map_or_else(|| own.clone(), |all| &all & &own));
        }
    }
    let all = all.unwrap_or_default();
    if matched.paired && all.is_empty() {
        return Err(bad_input(&format!(
            "{} and {} have no replication in common: finish both, or run both with as many --repeats",
            a.name, b.name
        )));
    }
    if matched.paired && all.len() < most {
        let text =
            format!("Compared are the {} days that all have; one side has {most}.", all.len());
        matched.notes.push(text);
    }
    let of = |records: &[RunRecord]| -> Vec<RunRecord> {
        let kept = |record: &&RunRecord| !matched.paired || all.contains(&record.replication);
        records.iter().filter(kept).cloned().collect()
    };
    let ours = matched.pairs.iter().map(|(x, _)| of(&a.records[*x])).collect();
    Ok([ours, matched.pairs.iter().map(|(_, y)| of(&b.records[*y])).collect()])
}

fn evidence(records: &[Vec<RunRecord>], seed: u64) -> Vec<Evidence<'_>> {
    records.iter().map(|records| Evidence::new(records, seed)).collect()
}

fn shown(a: &Side, b: &Side, args: &CompareArgs) -> Result<Exit, Exit> {
    let mut matched = matched(a, b)?;
    let [ours, theirs] = common(a, b, &mut matched)?;
    let seeds = [a, b].map(|side| side.design.header.seed);
    let apart = if !matched.paired && seeds[0] == seeds[1] { APART } else { 0 };
    let (first, second) = (evidence(&ours, seeds[0]), evidence(&theirs, seeds[1] ^ apart));
    let positions = |side: fn(&(usize, usize)) -> usize| matched.pairs.iter().map(side);
    let results = |side: &Side, positions: Vec<usize>, evidence: &[Evidence]| {
        let seed = side.design.header.seed;
        let cell = |(position, evidence): (usize, &Evidence)| {
            let entry = Entry { expect: Vec::new(), ..side.entry(position).clone() };
            conclude_cell(&entry, seed, evidence, None)
        };
        let cells: Vec<Cell> = positions.into_iter().zip(evidence).map(cell).collect();
        Results {
            schema: SCHEMA,
            scenario: side.design.header.name.clone(),
            version: crate::experiment::store::VERSION.to_owned(),
            seed,
            found: Vec::new(),
            cells,
            compared_with: None,
            best: None,
            effects: Vec::new(),
        }
    };
    let before = results(a, positions(|pair| pair.0).collect(), &first);
    let mut after = results(b, positions(|pair| pair.1).collect(), &second);
    let single = matched.pairs.len() == 1;
    let differences: Vec<Differences> = match (single, matched.paired) {
        (true, true) => vec![Differences::of(&second[0], &first[0], &[])],
        (true, false) => vec![Differences::independent(&second[0], &first[0], &[])],
        (false, paired) => {
            let pairs: Vec<_> = second.iter().zip(&first).collect();
            Differences::of_pairs(&pairs, paired)
        }
    };
    for (cell, difference) in after.cells.iter_mut().zip(differences) {
        cell.difference = Some(difference);
    }
    let comparison = Comparison {
        a: &before,
        b: &after,
        notes: &matched.notes,
        paired: matched.paired,
        behind: None,
        all_metrics: args.show.verbose,
    };
    let style = Style { colour: args.show.color.applies() };
    let text = match args.show.format {
        Format::Json => comparison.json(),
        Format::Table if single => comparison.page(style),
        Format::Csv if single => comparison.csv(),
        Format::Md if single => comparison.markdown(),
        Format::Table => report::sweeps_page(&comparison, style),
        Format::Csv => report::combinations_csv(&after),
        Format::Md => report::sweeps_markdown(&comparison),
    };
    Ok(printed(print(&text)))
}
