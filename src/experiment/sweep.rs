//! Sweeps: many combinations of settings, the same days for all of them (common random numbers).
//!
//! A sweep lives in its store: the design is written first, then a record whenever a replication ends, and the
//! results are made from what is stored. So it does not matter how often it was stopped, how many
//! threads did the work, or in how many places.

mod conclude;

pub use super::precise::{Until, run_precise};
pub use conclude::{conclude_cell, conclude_sweep};

use super::search::{Searches, Spot};
use super::store::{CellId, Keep, MODEL, RunError, Store, StoreError, VERSION};
use super::{Observer, Plan, ReplicationSettings, Warning, plan, precise, workers};
use crate::scenario::Scenario;
use crate::units::{SimTime, Span};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// More runs than this would take years.
pub const MOST_RUNS: u64 = 20_000_000;
/// Combinations of which paired differences are given: of each some 30 KB are kept until all are seen.
pub const MOST_COMPARED: usize = 10_000;
const HEADER: &str = "sweep";
/// The same of a single run, which is kept as a design of one cell, but is no sweep.
const RUN: &str = "run";

/// A sweep, ready to run: what is written into its store.
#[derive(Clone, Debug, PartialEq)]
pub struct Design {
    /// What holds for all combinations.
    pub header: Header,
    /// The combinations, in order.
    pub cells: Vec<(CellId, Entry)>,
}

/// What holds for all combinations of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// The sweep's name.
    pub name: String,
    /// What it asks; may be empty.
    pub about: String,
    /// The seed of all combinations.
    pub seed: u64,
    /// Replications of each; with `until` or `find` at most.
    pub repeats: u32,
    /// When a combination has enough of them before that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Until>,
    /// What is sought; the combinations then are the values that were tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub find: Option<Searches>,
    /// The combination that the others are compared with.
    pub compare_with: Option<usize>,
    /// What the answers rest on, for people.
    pub trust: Vec<String>,
    /// The design in words: what varies over which values, and every setting of the base.
    pub lines: Vec<String>,
    /// What a page or a picture says beside the numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<Page>,
}

/// What a page or a picture says beside the numbers; no result depends on it.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Page {
    /// The command that makes the same again, without folders.
    pub command: String,
    /// Time of day at the start.
    pub starts: Span,
    /// Of a run: what disturbs it, and when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disturbances: Vec<(SimTime, String)>,
    /// Key, value and origin in words of each setting; of a sweep, those of the combination that the others are
    /// compared with, or of the first.
    pub settings: Vec<[String; 3]>,
}

/// One combination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The value of each key that varies.
    pub settings: serde_json::Map<String, serde_json::Value>,
    /// What is expected of it.
    pub expect: Vec<String>,
    /// The scenario's own warnings.
    pub notes: Vec<Warning>,
    /// Measured time of one replication.
    pub simulate: Span,
    /// Whether the runs go on until their mail is out.
    pub drained: bool,
    /// Which value of a search it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spot: Option<Spot>,
}

/// One replication of one combination, by position in the design.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task {
    /// Which combination.
    pub cell: u32,
    /// Which replication.
    pub number: u32,
}

/// A part of the work, for one of several machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which, from 1.
    pub number: u32,
    /// Of how many.
    pub of: u32,
}

impl Shard {
    /// Everything.
    pub const ALL: Shard = Shard { number: 1, of: 1 };
}

impl Design {
    /// Whether combinations are held against each other; a design beyond [`MOST_COMPARED`] goes without.
    pub fn compared(&self) -> bool {
        self.cells.len() <= MOST_COMPARED
    }

    /// The design that `store` holds, if it holds one.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn stored(store: &Store) -> Result<Option<Self>, StoreError> {
        Design::stored_as(store, HEADER)
    }

    /// The run that `store` shows, as a design of one cell, if it shows one.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn stored_run(store: &Store) -> Result<Option<Self>, StoreError> {
        Design::stored_as(store, RUN)
    }

    fn stored_as(store: &Store, header: &str) -> Result<Option<Self>, StoreError> {
        let Some(header) = store.meta(header)? else { return Ok(None) };
        let damaged = |error: serde_json::Error| store.damaged(&error.to_string());
        let header = serde_json::from_str(&header).map_err(damaged)?;
        let read = |(id, entry): (CellId, String)| {
            Ok((id, serde_json::from_str(&entry).map_err(damaged)?))
        };
        let cells = store.design()?.into_iter().map(read).collect::<Result<_, StoreError>>()?;
        Ok(Some(Design { header, cells }))
    }

    /// Writes the design into `store`, in place of the one that is there. Gives the row of each cell.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn store(&self, store: &Store) -> Result<Vec<i64>, StoreError> {
        self.store_as(store, HEADER)
    }

    /// Writes a run's design of one cell into `store`: what the folder shows from now on.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn store_run(&self, store: &Store) -> Result<(), StoreError> {
        self.store_as(store, RUN).map(drop)
    }

    fn store_as(&self, store: &Store, header: &str) -> Result<Vec<i64>, StoreError> {
        let entries: Vec<(CellId, String)> =
            self.cells.iter().map(|(id, entry)| (id.clone(), json(entry))).collect();
        store.set_design(&[(header, json(&self.header))], &entries)
    }

    /// The row of each cell of a design that `store` holds.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn rows(&self, store: &Store) -> Result<Vec<i64>, StoreError> {
        let row = |(id, _): &(CellId, Entry)| {
            store.find_cell(&id.key)?.ok_or_else(|| store.damaged("a combination without a cell"))
        };
        self.cells.iter().map(row).collect()
    }

    /// What this design has that `before` had not (`+`) and the other way round (`-`), as far as it changes
    /// results; nothing if they are one sweep. Replications may grow, expectations may change.
    pub fn changes_from(&self, before: &Design) -> Vec<String> {
        let missing = |sign: &str, from: &Header, other: &Header| {
            let new = from.lines.iter().filter(|line| !other.lines.contains(line));
            new.map(|line| format!("{sign} {line}")).collect::<Vec<_>>()
        };
        let mut changes = missing("-", &before.header, &self.header);
        changes.extend(missing("+", &self.header, &before.header));
        let keys = |design: &Design| -> Vec<String> {
            match &design.header.find {
                // Which values are tried is no part of the question.
                Some(find) => find.of.iter().map(|search| search.base.clone()).collect(),
                None => design.cells.iter().map(|(id, _)| id.key.clone()).collect(),
            }
        };
        if changes.is_empty() && keys(self) != keys(before) {
            changes.push("the contents of a CSV file that a scenario reads".to_owned());
        }
        changes
    }

    /// The lines that tell of the program: what another version or build changes.
    pub fn program() -> String {
        format!("mailflow {VERSION}, model {MODEL}")
    }

    /// What `store` lacks of `shard`'s part: the first replication of every combination, then the second, ..
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn missing(
        &self,
        store: Option<(&Store, &[i64])>,
        shard: Shard,
    ) -> Result<Vec<Task>, StoreError> {
        if self.header.find.is_some() {
            // What a search lacks is told by its answer.
            return Ok(Vec::new());
        }
        if self.header.until.is_some() {
            return precise::missing(self, store, shard);
        }
        let (cells, repeats) = (self.cells.len(), self.header.repeats as usize);
        let mut done = vec![false; cells * repeats];
        if let Some((store, rows)) = store {
            let positions: BTreeMap<i64, usize> =
                rows.iter().enumerate().map(|(position, row)| (*row, position)).collect();
            store.scan(|row, number| {
                if let Some(position) = positions.get(&row)
                    && (number as usize) < repeats
                {
                    done[number as usize * cells + position] = true;
                }
            })?;
        }
        let mine = |task: usize| task % shard.of as usize + 1 == shard.number as usize;
        let task =
            |task: usize| Task { cell: (task % cells) as u32, number: (task / cells) as u32 };
        Ok((0..done.len()).filter(|n| mine(*n) && !done[*n]).map(task).collect())
    }
}

fn json(value: &impl Serialize) -> String {
    // Plain maps, lists, texts and numbers: writing them to memory cannot fail.
    serde_json::to_string(value).unwrap_or_default()
}

/// Runs `tasks` in their order and stores each record. `scenario` makes the scenario of a combination.
///
/// # Errors
/// When the observer says so, the store fails, or a scenario is not there any more; what was done is kept.
pub fn run_tasks(
    (store, rows): (&Store, &[i64]),
    tasks: &[Task],
    jobs: usize,
    scenario: &(dyn Fn(usize) -> Result<Scenario, RunError> + Sync),
    observer: &dyn Observer,
) -> Result<(), RunError> {
    workers::in_order(jobs, tasks.len(), |task| {
        let Task { cell, number } = tasks[task];
        let scenario = scenario(cell as usize)?;
        let settings = ReplicationSettings::from(&scenario);
        let plan = Plan { params: &scenario.params, settings, repeats: 1, jobs: 1 };
        let record = plan::one(&plan, u64::from(number), observer)?;
        // Nobody draws a day of each of a thousand combinations.
        store.save(rows[cell as usize], &record, Keep::Course)?;
        observer.done(&record);
        Ok(())
    })
}
