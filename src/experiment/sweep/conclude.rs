//! From the stored records of a sweep to its results.

use super::{Design, Entry, Header};
use crate::experiment::store::{Store, StoreError, VERSION};
use crate::experiment::{
    Best, Cell, Differences, Evidence, Expectation, Metrics, Results, SCHEMA, Warning, conclude,
    effects, may_be_best, precise, search, workers,
};
use crate::measure::{Metric, RunRecord};
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
    records: Vec<RunRecord>,
    /// Whether nothing is missing.
    whole: bool,
    /// That it did not get as precise as asked for.
    warning: Option<Warning>,
}

fn counted(store: &Store, row: i64, header: &Header) -> Result<Counted, StoreError> {
    if let Some(until) = &header.until {
        let (records, whole, warning) = precise::counted(store, row, until, header.seed)?;
        return Ok(Counted { records, whole, warning });
    }
    let records = store.records(row, header.repeats)?;
    Ok(Counted { whole: records.len() == header.repeats as usize, records, warning: None })
}

/// One combination's records at a time and thread are in memory.
fn one_by_one(
    (store, rows): (&Store, &[i64]),
    design: &Design,
    jobs: usize,
) -> Result<Vec<Cell>, StoreError> {
    let cells: Mutex<BTreeMap<usize, Cell>> = Mutex::default();
    workers::in_order(jobs, design.cells.len(), |position| {
        let counted = counted(store, rows[position], &design.header)?;
        let evidence = Evidence::new(&counted.records, design.header.seed);
        let entry = &design.cells[position].1;
        let cell = conclude_cell(entry, design.header.seed, &evidence, counted.warning);
        cells.lock().unwrap_or_else(PoisonError::into_inner).insert(position, cell);
        Ok(())
    })?;
    Ok(cells.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect())
}

/// All records are in memory, for the paired differences to the combination that is compared with, for the best
/// and for the effects: for each metric all combinations are one family.
fn together(
    (store, rows): (&Store, &[i64]),
    design: &Design,
    jobs: usize,
    blank: Results,
) -> Result<Results, StoreError> {
    let seed = design.header.seed;
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        all.push(counted(store, *row, &design.header)?);
    }
    let done: Mutex<BTreeMap<usize, (Evidence, Cell)>> = Mutex::default();
    workers::in_order(jobs, all.len(), |position| {
        let evidence = Evidence::new(&all[position].records, seed);
        let warning = all[position].warning.clone();
        let cell = conclude_cell(&design.cells[position].1, seed, &evidence, warning);
        done.lock().unwrap_or_else(PoisonError::into_inner).insert(position, (evidence, cell));
        Ok::<(), StoreError>(())
    })?;
    let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (evidence, mut cells): (Vec<Evidence>, Vec<Cell>) = done.into_values().unzip();
    // What is not finished is not compared.
    let reference = design.header.compare_with.filter(|position| all[*position].whole);
    if let Some(reference) = reference {
        let others: Vec<usize> = (0..cells.len())
            .filter(|position| *position != reference && all[*position].whole)
            .collect();
        let differences = differences(&all, &evidence, (reference, &others), seed);
        for (position, difference) in others.into_iter().zip(differences) {
            cells[position].difference = Some(difference);
        }
    }
    // The best of those that are done may not be the best; an effect needs the whole grid.
    let (mut best, mut of_grid) = (None, Vec::new());
    let days = all.iter().map(|cell| cell.records.len()).min().unwrap_or(0);
    if days > 1 && all.iter().all(|cell| cell.whole) {
        let evidence = of_common_days(&all, evidence, days, seed);
        best = the_best(&cells, &evidence);
        of_grid = effects::of(&cells, &evidence, reference);
    }
    Ok(Results { cells, compared_with: reference, best, effects: of_grid, ..blank })
}

/// The paired differences of `others` to `reference`. A pair is made of the days that both sides have: with `until`
/// one may have needed fewer.
fn differences(
    all: &[Counted],
    evidence: &[Evidence],
    (reference, others): (usize, &[usize]),
    seed: u64,
) -> Vec<Differences> {
    let theirs = &all[reference].records;
    let cut = |position: &usize| {
        let ours = &all[*position].records;
        let both = ours.len().min(theirs.len());
        let cut = |records| Evidence::new(records, seed);
        (ours.len() != theirs.len()).then(|| (cut(&ours[..both]), cut(&theirs[..both])))
    };
    let cut: Vec<Option<(Evidence, Evidence)>> = others.iter().map(cut).collect();
    let mut pairs: Vec<(&Evidence, &Evidence)> = Vec::with_capacity(others.len());
    for (position, cut) in others.iter().zip(&cut) {
        pairs.push(match cut {
            Some((ours, theirs)) => (ours, theirs),
            None => (&evidence[*position], &evidence[reference]),
        });
    }
    Differences::of_pairs(&pairs, true)
}

/// The evidence of the first `days` alone: with `until`, what all combinations have in common.
fn of_common_days<'a>(
    all: &'a [Counted],
    evidence: Vec<Evidence<'a>>,
    days: usize,
    seed: u64,
) -> Vec<Evidence<'a>> {
    let cut = |(whole, counted): (Evidence<'a>, &'a Counted)| match counted.records.len() == days {
        true => whole,
        false => Evidence::new(&counted.records[..days], seed),
    };
    evidence.into_iter().zip(all).map(cut).collect()
}

/// Which may be the best among what an administrator sets, for each load and receiver; among all receivers where
/// nothing else varies. Nothing where there is nothing to choose, such as the load.
fn the_best(cells: &[Cell], evidence: &[Evidence]) -> Option<Best> {
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
        let all: Vec<&Evidence> = group.iter().map(|position| &evidence[*position]).collect();
        let may = may_be_best(&all, RANKED_BY, true);
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
