//! `run.until` in a sweep: each combination stops by itself, by the same rule as a single run, so that it has
//! the very days that `run` would have taken.
//!
//! How many days a combination needs follows from their contents alone. So a store tells whether it is
//! finished, whoever simulated them and in which order, and a combination with few days is told from one
//! with days missing.

use super::stopping::{Needs, Rule, Target, Watch};
use super::store::{RunError, Store, StoreError};
use super::sweep::{Design, Shard, Task, run_tasks};
use super::{Observer, Warning, not_precise, workers};
use crate::measure::{Metric, RunRecord};
use crate::scenario::Scenario;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

/// `run.until`, as a store keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Until {
    /// The metric, with its part: `delay.p99@partner`.
    pub metric: String,
    /// Half its interval has to be at most this share of its value.
    pub relative: f64,
    /// Replications at which to give up.
    pub at_most: u32,
}

impl Until {
    fn watch(&self, seed: u64) -> Option<Watch> {
        let (said, part) = match self.metric.split_once('@') {
            Some((said, part)) => (said, Some(part.to_owned())),
            None => (self.metric.as_str(), None),
        };
        let target = Target { metric: Metric::parse(said).ok()?, part };
        Some(Watch::new(target, Rule { relative: self.relative, at_most: self.at_most }, seed))
    }
}

/// The records below `n` up to the first that is missing.
pub(super) fn unbroken(store: &Store, row: i64, n: u32) -> Result<Vec<RunRecord>, StoreError> {
    let mut records = store.records(row, n)?;
    let gap = (0u64..).zip(&records).position(|(number, record)| record.replication != number);
    records.truncate(gap.unwrap_or(records.len()));
    Ok(records)
}

/// Goes on as far as the store allows.
fn advance(store: &Store, row: i64, watch: &mut Watch) -> Result<Needs, StoreError> {
    let mut records = Vec::new();
    loop {
        match watch.step(&records) {
            Needs::Days(n) => {
                records = unbroken(store, row, n)?;
                if records.len() < n as usize {
                    return Ok(Needs::Days(n));
                }
            }
            done @ Needs::Done { .. } => return Ok(done),
        }
    }
}

/// Below which number the records of one combination count, whether they are all that it needs, and a warning if
/// they are as many as allowed and still not precise.
pub(super) fn counted(
    store: &Store,
    row: i64,
    until: &Until,
    seed: u64,
) -> Result<(u32, bool, Option<Warning>), StoreError> {
    let mut watch = until.watch(seed).ok_or_else(|| store.damaged("an unknown metric"))?;
    match advance(store, row, &mut watch)? {
        Needs::Days(n) => Ok((n, false, None)),
        Needs::Done { n, precise, relative } => {
            let warn = || not_precise(&until.metric, n as usize, relative, until.relative);
            Ok((n, true, (!precise).then(warn)))
        }
    }
}

/// A shard does whole combinations, since what one needs follows from all of its days.
fn mine(cells: usize, shard: Shard) -> impl Iterator<Item = usize> {
    (0..cells).filter(move |cell| cell % shard.of as usize + 1 == shard.number as usize)
}

/// What `store` lacks as far as can be told now; of no store at all, as much as could be needed.
pub(super) fn missing(
    design: &Design,
    store: Option<(&Store, &[i64])>,
    shard: Shard,
) -> Result<Vec<Task>, StoreError> {
    let Some(until) = &design.header.until else { return Ok(Vec::new()) };
    let mut needed = BTreeMap::new();
    for cell in mine(design.cells.len(), shard) {
        let Some((store, rows)) = store else {
            needed.insert(cell, until.at_most);
            continue;
        };
        let watch = until.watch(design.header.seed);
        let mut watch = watch.ok_or_else(|| store.damaged("an unknown metric"))?;
        if let Needs::Days(n) = advance(store, rows[cell], &mut watch)? {
            needed.insert(cell, n);
        }
    }
    tasks(store, &needed)
}

/// The first replication of each that needs it and has it not, then the second, ..
pub(super) fn tasks(
    store: Option<(&Store, &[i64])>,
    needed: &BTreeMap<usize, u32>,
) -> Result<Vec<Task>, StoreError> {
    let mut there = BTreeSet::new();
    if let Some((store, rows)) = store {
        let row_of: BTreeMap<i64, usize> = needed.keys().map(|cell| (rows[*cell], *cell)).collect();
        store.scan(|row, number| {
            if let Some(cell) = row_of.get(&row) {
                there.insert((*cell, number));
            }
        })?;
    }
    let mut tasks: Vec<Task> = needed
        .iter()
        .flat_map(|(cell, n)| (0..*n).map(|number| (*cell, number)))
        .filter(|task| !there.contains(task))
        .map(|(cell, number)| Task { cell: cell as u32, number })
        .collect();
    tasks.sort_by_key(|task| (task.number, task.cell));
    Ok(tasks)
}

/// Runs each combination of the shard until it is precise or has as many days as allowed. All combinations
/// are looked at in turn: the first days of all come before the further ones of any.
///
/// # Errors
/// When the observer says so, or the store fails; what was done is kept.
pub fn run_precise(
    (store, rows): (&Store, &[i64]),
    (design, shard): (&Design, Shard),
    jobs: usize,
    scenario: &(dyn Fn(usize) -> Result<Scenario, RunError> + Sync),
    observer: &dyn Observer,
) -> Result<(), RunError> {
    let (header, cells) = (&design.header, design.cells.len());
    let mut watches: Vec<(usize, Mutex<Watch>)> = mine(cells, shard)
        .filter_map(|cell| Some((cell, Mutex::new(header.until.as_ref()?.watch(header.seed)?))))
        .collect();
    while !watches.is_empty() {
        let needed: Mutex<BTreeMap<usize, u32>> = Mutex::default();
        workers::in_order(jobs, watches.len(), |index| {
            let (cell, watch) = &watches[index];
            let mut watch = watch.lock().unwrap_or_else(PoisonError::into_inner);
            if let Needs::Days(n) = advance(store, rows[*cell], &mut watch)? {
                needed.lock().unwrap_or_else(PoisonError::into_inner).insert(*cell, n);
            }
            Ok::<(), StoreError>(())
        })?;
        let needed = needed.into_inner().unwrap_or_else(PoisonError::into_inner);
        watches.retain(|(cell, _)| needed.contains_key(cell));
        let tasks = tasks(Some((store, rows)), &needed)?;
        run_tasks((store, rows), &tasks, jobs, scenario, observer)?;
    }
    Ok(())
}
