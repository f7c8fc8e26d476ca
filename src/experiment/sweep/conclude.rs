//! From the stored records of a sweep to its results.

use super::{Design, Entry, Header};
use crate::experiment::compare::Half;
use crate::experiment::differences::Families;
use crate::experiment::effects::{Effects, Seen};
use crate::experiment::store::{Store, StoreError, VERSION};
use crate::experiment::{
    Best, Cell, Contender, Effect, Evidence, Expectation, Metrics, Results, SCHEMA, Warning,
    conclude, may_be_best, precise, search, workers,
};
use crate::measure::Metric;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Combinations among which the best are looked for: each is held against every other.
const MOST_RANKED: usize = 1_000;
/// What they are ranked by.
const RANKED_BY: Metric = Metric::DelayP99;

/// The results of what `store` holds of `design`. A combination that has no record yet has no metrics.
///
/// # Errors
/// If the store cannot be read.
pub fn conclude_sweep(
    (store, rows): (&Store, &[i64]),
    design: &Design,
    jobs: usize,
) -> Result<Results, StoreError> {
    let blank = Results {
        schema: SCHEMA,
        scenario: design.header.name.clone(),
        version: VERSION.to_owned(),
        seed: design.header.seed,
        found: Vec::new(),
        cells: Vec::new(),
        compared_with: None,
        best: None,
        effects: Vec::new(),
    };
    if let Some(find) = &design.header.find {
        let (cells, found) = search::conclude((store, rows), design, find, jobs)?;
        return Ok(Results { cells, found, ..blank });
    }
    match design.compared() {
        true => together((store, rows), design, jobs, blank),
        false => Ok(Results { cells: one_by_one((store, rows), design, jobs)?, ..blank }),
    }
}

/// What counts of a combination.
struct Counted {
    /// Its records below this number.
    below: u32,
    /// How many that are.
    days: usize,
    /// Whether nothing is missing.
    whole: bool,
    /// That it did not get as precise as asked for.
    warning: Option<Warning>,
}

fn counted(store: &Store, row: i64, header: &Header) -> Result<Counted, StoreError> {
    if let Some(until) = &header.until {
        let (below, whole, warning) = precise::counted(store, row, until, header.seed)?;
        return Ok(Counted { below, days: store.count(row, below)?, whole, warning });
    }
    let (below, days) = (header.repeats, store.count(row, header.repeats)?);
    Ok(Counted { below, days, whole: days == below as usize, warning: None })
}

fn one_by_one(
    (store, rows): (&Store, &[i64]),
    design: &Design,
    jobs: usize,
) -> Result<Vec<Cell>, StoreError> {
    workers::each(jobs, design.cells.len(), |position| {
        let counted = counted(store, rows[position], &design.header)?;
        let records = store.records(rows[position], counted.below)?;
        let evidence = Evidence::new(&records, design.header.seed);
        let entry = &design.cells[position].1;
        Ok(conclude_cell(entry, design.header.seed, &evidence, counted.warning))
    })
}

/// With the paired differences to the combination that is compared with, the best and the effects: for each
/// metric all combinations are one family. The records of one combination at a time and thread are in memory,
/// besides those of the one that is compared with.
fn together(
    (store, rows): (&Store, &[i64]),
    design: &Design,
    jobs: usize,
    blank: Results,
) -> Result<Results, StoreError> {
    let (seed, count) = (design.header.seed, design.cells.len());
    let counted =
        workers::each(jobs, count, |position| counted(store, rows[position], &design.header))?;
    // What is not finished is not compared.
    let reference = design.header.compare_with.filter(|position| counted[*position].whole);
    let theirs = match reference {
        Some(position) => store.records(rows[position], counted[position].below)?,
        None => Vec::new(),
    };
    let reference_evidence = Evidence::new(&theirs, seed);
    let other = |position: &usize| Some(*position) != reference && counted[*position].whole;
    let first = match (0..count).find(other) {
        Some(position) if reference.is_some() => store.records(rows[position], 1)?,
        _ => Vec::new(),
    };
    let families = Families::new(&Evidence::new(&first, seed), &reference_evidence);
    let of_all = Mutex::new(OfAll::new(design, &counted, reference));
    let done = workers::each(jobs, count, |position| {
        let counted = &counted[position];
        let records = store.records(rows[position], counted.below)?;
        let evidence = Evidence::new(&records, seed);
        let entry = &design.cells[position].1;
        let cell = conclude_cell(entry, seed, &evidence, counted.warning.clone());
        let halves = (reference.is_some() && other(&position))
            .then(|| paired(&families, &evidence, &reference_evidence, seed));
        OfAll::add(&of_all, position, &evidence, seed);
        Ok((cell, halves))
    })?;
    let (mut cells, halves): (Vec<Cell>, Vec<_>) = done.into_iter().unzip();
    let compared = (0..count).filter(|position| halves[*position].is_some()).collect::<Vec<_>>();
    let differences = families.answer(halves.into_iter().flatten().collect());
    for (position, difference) in compared.into_iter().zip(differences) {
        cells[position].difference = Some(difference);
    }
    let of_all = of_all.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (best, effects) = of_all.finish(&cells);
    Ok(Results { cells, compared_with: reference, best, effects, ..blank })
}

/// What can be said of the difference of one combination to the one that is compared with. A pair is made of the
/// days that both sides have: with `until` one may have needed fewer.
fn paired(families: &Families, ours: &Evidence, theirs: &Evidence, seed: u64) -> Vec<Option<Half>> {
    let both = ours.records().len().min(theirs.records().len());
    if ours.records().len() == theirs.records().len() {
        return families.ask(ours, theirs);
    }
    let [ours, theirs] = [ours, theirs].map(|of| Evidence::new(&of.records()[..both], seed));
    families.ask(&ours, &theirs)
}

/// What needs all combinations. The best of those that are done may not be the best; an effect needs the whole
/// grid.
struct OfAll {
    /// Days that all combinations have; zero unless all are whole and there are two.
    days: usize,
    contenders: BTreeMap<usize, Contender>,
    effects: Option<Effects>,
    /// What came before its turn, by position.
    early: BTreeMap<usize, Vec<Seen>>,
    next: usize,
}

impl OfAll {
    fn new(design: &Design, counted: &[Counted], reference: Option<usize>) -> Self {
        let days = counted.iter().map(|cell| cell.days).min().unwrap_or(0);
        let whole = days > 1 && counted.iter().all(|cell| cell.whole);
        let settings: Vec<_> = design.cells.iter().map(|(_, entry)| &entry.settings).collect();
        OfAll {
            days: if whole { days } else { 0 },
            contenders: BTreeMap::new(),
            effects: Effects::new(&settings, reference).filter(|_| whole),
            early: BTreeMap::new(),
            next: 0,
        }
    }

    /// Adds one combination, in any order.
    fn add(of_all: &Mutex<Self>, position: usize, evidence: &Evidence, seed: u64) {
        let lock = || of_all.lock().unwrap_or_else(PoisonError::into_inner);
        // Each lock ends with its statement.
        let days = lock().days;
        let wanted = lock().effects.is_some();
        if days == 0 {
            return;
        }
        let cut;
        let common = match evidence.records().len() == days {
            true => evidence,
            false => {
                cut = Evidence::new(&evidence.records()[..days], seed);
                &cut
            }
        };
        let contender = Contender::of(common, RANKED_BY, true);
        let seen = if wanted { Seen::of(common) } else { Vec::new() };
        let mut all = lock();
        all.contenders.insert(position, contender);
        all.early.insert(position, seen);
        all.take_turns();
    }

    /// Sums come out the same to the last bit, whichever thread was faster.
    fn take_turns(&mut self) {
        while let Some(seen) = self.early.remove(&self.next) {
            self.next += 1;
            if let Some(effects) = &mut self.effects {
                effects.add(seen);
            }
        }
    }

    fn finish(self, cells: &[Cell]) -> (Option<Best>, Vec<Effect>) {
        let contenders: Vec<&Contender> = self.contenders.values().collect();
        let best = if self.days > 0 { the_best(cells, &contenders) } else { None };
        (best, self.effects.map(Effects::finish).unwrap_or_default())
    }
}

/// Which may be the best among what an administrator sets, for each load and receiver; among all receivers where
/// nothing else varies. Nothing where there is nothing to choose, such as the load.
fn the_best(cells: &[Cell], contenders: &[&Contender]) -> Option<Best> {
    let keys: Vec<String> = cells.first()?.settings.keys().cloned().collect();
    let given = |key: &String| !key.starts_with("proofpoint.");
    let within: Vec<String> = match keys.iter().all(given) {
        true if keys.iter().any(|key| key.starts_with("mail.")) => return None,
        true => Vec::new(),
        false => keys.into_iter().filter(given).collect(),
    };
    let mut groups: BTreeMap<Vec<String>, Vec<usize>> = BTreeMap::new();
    for (position, cell) in cells.iter().enumerate() {
        let value = |key: &String| cell.settings.get(key).map(ToString::to_string);
        let group = within.iter().filter_map(value).collect();
        groups.entry(group).or_default().push(position);
    }
    let mut best = Vec::new();
    for group in groups.into_values() {
        if !(2..=MOST_RANKED).contains(&group.len()) {
            return None;
        }
        let all: Vec<&Contender> = group.iter().map(|position| contenders[*position]).collect();
        let may = may_be_best(&all, true);
        best.extend(group.into_iter().zip(may).filter(|(_, may)| *may).map(|(cell, _)| cell));
    }
    best.sort_unstable();
    Some(Best { by: RANKED_BY.name(), within, cells: best })
}

/// The results of one combination, with a warning that comes first of all.
pub fn conclude_cell(
    entry: &Entry,
    seed: u64,
    evidence: &Evidence,
    first: Option<Warning>,
) -> Cell {
    let settings = entry.settings.clone();
    if evidence.records().is_empty() {
        let (metrics, expectations) = (Metrics::default(), Vec::new());
        return Cell { settings, metrics, difference: None, expectations, warnings: Vec::new() };
    }
    let lines: Vec<(Expectation, Option<&Evidence>)> = entry
        .expect
        .iter()
        .filter_map(|text| Some((Expectation::parse(text).ok()?, None)))
        .collect();
    let when = (seed, entry.simulate, entry.drained);
    let notes = first.into_iter().chain(entry.notes.clone()).collect();
    let results = conclude("", when, evidence, &lines, notes);
    let cell = results.cells.into_iter().next();
    cell.map_or_else(|| unreachable!("a scenario has one cell"), |cell| Cell { settings, ..cell })
}
