//! The store of results: one SQLite file per output folder, one row per replication.
//!
//! A record is kept the moment its replication ends, in a transaction of its own, so that a kill loses only what
//! was under way. It is found again by what it depends on ([`cell_key`]) and its number, and is never
//! simulated twice. What is read back gives the same results, to the last bit, as what was never stored.
//!
//! The life of a store: opened by one process alone (SQLite's exclusive lock, which ends with the process,
//! however it ends) -> records added -> closed. A record's only transition is from missing to there.
//!
//! The file holds `meta` (name, value), `cell` (what a record depends on), `replication` (the records, without
//! their timelines), `timeline` (only of first replications that somebody may draw) and `design` (the
//! combinations of a sweep, in order).

mod design;
mod error;
mod key;

pub use error::StoreError;
pub use key::{MODEL, VERSION, cell_key};

use super::Stopped;
use super::workers;
use crate::measure::{RunRecord, Timeline};
use error::Cause;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, TransactionBehavior, params};
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Version of the tables' shape: `PRAGMA user_version`.
pub const STORE_SCHEMA: u32 = 2;
/// "mlfl": what `file` and other programs know the file by.
const APPLICATION_ID: u32 = 0x6d6c_666c;
/// So long a store that is in use is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

const TABLES: &str = "
    CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE cell (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        seed TEXT NOT NULL,
        version TEXT NOT NULL,
        scenario TEXT NOT NULL
    );
    CREATE TABLE replication (
        id INTEGER PRIMARY KEY,
        cell INTEGER NOT NULL REFERENCES cell,
        number INTEGER NOT NULL,
        checksum BLOB NOT NULL,
        record BLOB NOT NULL,
        UNIQUE (cell, number)
    );
    CREATE TABLE timeline (
        cell INTEGER NOT NULL,
        number INTEGER NOT NULL,
        checksum BLOB NOT NULL,
        timeline BLOB NOT NULL,
        UNIQUE (cell, number)
    );
    CREATE TABLE design (position INTEGER PRIMARY KEY, cell INTEGER NOT NULL, entry TEXT NOT NULL);
";

/// What a record depends on, and how that is told to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellId {
    /// [`cell_key`].
    pub key: String,
    /// The seed.
    pub seed: u64,
    /// The resolved scenario, for people.
    pub text: String,
}

/// Whether the timeline of a record is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Whole, for a chart.
    Timeline,
    /// Its course alone: what warnings and bands over all runs are made from.
    Course,
}

/// An open store.
#[derive(Debug)]
pub struct Store {
    db: Mutex<Connection>,
    path: PathBuf,
}

impl Store {
    /// Opens the store at `path` for this process alone; makes it, and its folder, if there is none.
    ///
    /// # Errors
    /// If it is in use, damaged, of another kind or version, or cannot be written.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let fail = |cause| StoreError::new(path, cause);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| fail(error.into()))?;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        Store::prepare(path, flags, true).map_err(fail)
    }

    /// Opens a store that is there, to read it alone.
    ///
    /// # Errors
    /// As [`Store::open`], and if there is none.
    pub fn open_to_read(path: &Path) -> Result<Self, StoreError> {
        let fail = |cause| StoreError::new(path, cause);
        if !path.exists() {
            return Err(fail(Cause::Missing));
        }
        match Store::prepare(path, OpenFlags::SQLITE_OPEN_READ_WRITE, false) {
            // A folder that cannot be written, such as a mounted archive: nobody else can write it either.
            Err(Cause::ReadOnly(_)) => {
                let name = path.to_string_lossy().replace('%', "%25").replace('?', "%3f");
                let uri = format!("file:{}?immutable=1", name.replace('#', "%23"));
                let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
                let db = Connection::open_with_flags(uri, flags).map_err(Cause::from);
                let db = db.map_err(fail)?;
                expect_ours(&db).map_err(fail)?;
                Ok(Store { db: Mutex::new(db), path: path.to_owned() })
            }
            other => other.map_err(fail),
        }
    }

    /// Removes the store at `path`, if there is one and nobody uses it.
    ///
    /// # Errors
    /// If it is in use or cannot be removed.
    pub fn remove(path: &Path) -> Result<(), StoreError> {
        if !path.exists() {
            return Ok(());
        }
        match Store::open(path) {
            Err(error) if error.is_busy() => return Err(error),
            // Whatever else is wrong with it ends here.
            opened => drop(opened),
        }
        for ending in ["", "-wal", "-shm"] {
            let mut name = path.as_os_str().to_owned();
            name.push(ending);
            match fs::remove_file(&name) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(StoreError::new(path, error.into()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn prepare(path: &Path, flags: OpenFlags, make: bool) -> Result<Self, Cause> {
        let mut db = Connection::open_with_flags(path, flags)?;
        // SQLite opens to read what it may not write, and fails later with a mere "disk I/O error".
        if db.is_readonly("main")? {
            return Err(Cause::ReadOnly("it may only be read".to_owned()));
        }
        db.busy_timeout(PATIENCE)?;
        // Before the first access: so the lock is held from then on, and no shared memory file is needed.
        db.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        if make {
            // A commit survives the end of the process; a loss of power may cost the last, never the file.
            db.pragma_update(None, "journal_mode", "WAL")?;
            db.pragma_update(None, "synchronous", "NORMAL")?;
        }
        let changes = db.transaction_with_behavior(TransactionBehavior::Exclusive)?;
        if make && is_empty(&changes)? {
            changes.execute_batch(TABLES)?;
            changes.pragma_update(None, "application_id", APPLICATION_ID)?;
            changes.pragma_update(None, "user_version", STORE_SCHEMA)?;
        }
        expect_ours(&changes)?;
        changes.commit()?;
        Ok(Store { db: Mutex::new(db), path: path.to_owned() })
    }

    /// The error of a store whose contents make no sense.
    pub fn damaged(&self, what: &str) -> StoreError {
        StoreError::new(&self.path, Cause::Damaged(what.to_owned()))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn with<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, Cause>,
    ) -> Result<T, StoreError> {
        // A thread that panicked left no transaction open: dropping one rolls it back.
        let mut db: MutexGuard<Connection> = self.db.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut db).map_err(|cause| StoreError::new(&self.path, cause))
    }

    /// The row of a cell, made if it is new.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub fn cell(&self, id: &CellId) -> Result<i64, StoreError> {
        self.with(|db| {
            let row = |db: &Connection| {
                let mut find = db.prepare_cached("SELECT id FROM cell WHERE key = ?1")?;
                find.query_row([&id.key], |row| row.get(0)).optional()
            };
            if let Some(known) = row(db)? {
                return Ok(known);
            }
            db.prepare_cached(
                "INSERT INTO cell (key, seed, version, scenario) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![id.key, id.seed.to_string(), VERSION, id.text])?;
            Ok(db.last_insert_rowid())
        })
    }

    /// The row of the cell with this key, if it is known.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn find_cell(&self, key: &str) -> Result<Option<i64>, StoreError> {
        self.with(|db| {
            let mut find = db.prepare_cached("SELECT id FROM cell WHERE key = ?1")?;
            Ok(find.query_row([key], |row| row.get(0)).optional()?)
        })
    }

    /// Keeps a record; one that is there already stays as it is.
    ///
    /// # Errors
    /// If it cannot be written, for instance because the disk is full.
    pub fn save(&self, cell: i64, record: &RunRecord, keep: Keep) -> Result<(), StoreError> {
        let (bytes, sum) = encoded(&without_timeline(record))
            .map_err(|cause| StoreError::new(&self.path, cause))?;
        let whole = match keep {
            Keep::Timeline => Some(encoded(&record.timeline)),
            Keep::Course => None,
        };
        let whole = whole.transpose().map_err(|cause| StoreError::new(&self.path, cause))?;
        self.with(|db| {
            let changes = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            changes
                .prepare_cached(
                    "INSERT OR IGNORE INTO replication (cell, number, checksum, record) \
                     VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![cell, record.replication as i64, sum, bytes])?;
            if let Some((bytes, sum)) = whole {
                changes
                    .prepare_cached("INSERT OR IGNORE INTO timeline VALUES (?1, ?2, ?3, ?4)")?
                    .execute(params![cell, record.replication as i64, sum, bytes])?;
            }
            Ok(changes.commit()?)
        })
    }

    /// The records of a cell below `repeats` that are there, in order of number, timelines included where
    /// they were kept whole.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn records(&self, cell: i64, repeats: u32) -> Result<Vec<RunRecord>, StoreError> {
        self.with(|db| {
            let mut read = db.prepare_cached(
                "SELECT number, r.checksum, record, t.checksum, timeline \
                 FROM replication r LEFT JOIN timeline t USING (cell, number) \
                 WHERE cell = ?1 AND number < ?2 ORDER BY number",
            )?;
            let mut rows = read.query(params![cell, repeats])?;
            let mut records = Vec::new();
            while let Some(row) = rows.next()? {
                let mut record: RunRecord = decoded(row.get(2)?, row.get(1)?)?;
                if record.replication != row.get::<_, i64>(0)? as u64 {
                    return Err(Cause::Damaged("a record is not where it belongs".to_owned()));
                }
                if let Some(bytes) = row.get::<_, Option<Vec<u8>>>(4)? {
                    record.timeline = decoded::<Timeline>(bytes, row.get(3)?)?;
                }
                records.push(record);
            }
            Ok(records)
        })
    }

    /// How many records of a cell below `repeats` are there; reads none.
    ///
    /// # Errors
    /// If they cannot be counted.
    pub fn count(&self, cell: i64, repeats: u32) -> Result<usize, StoreError> {
        self.with(|db| {
            let mut count = db.prepare_cached(
                "SELECT count(*) FROM replication WHERE cell = ?1 AND number < ?2",
            )?;
            Ok(count.query_row(params![cell, repeats], |row| row.get::<_, i64>(0))? as usize)
        })
    }

    /// Calls `seen` with (row of the cell, number) for every stored replication; reads no record.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn scan(&self, mut seen: impl FnMut(i64, u32)) -> Result<(), StoreError> {
        self.with(|db| {
            let mut read =
                db.prepare("SELECT cell, number FROM replication ORDER BY cell, number")?;
            let mut rows = read.query([])?;
            while let Some(row) = rows.next()? {
                seen(row.get(0)?, row.get(1)?);
            }
            Ok(())
        })
    }

    /// A value of the store as a whole.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn meta(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.with(|db| {
            let mut find = db.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
            Ok(find.query_row([name], |row| row.get(0)).optional()?)
        })
    }
}

/// What running against a store may end with.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The observer asked to stop. What was done is kept.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A scenario that was valid when the work began is not any more: a file that it reads was changed.
    #[error("{0}")]
    Scenario(String),
}

/// Runs what the store lacks of `plan` and returns all its records in order of number, and how many of them
/// were there. The first replication comes with its timeline.
///
/// # Errors
/// When the observer says so, or the store fails.
pub fn run_stored(
    store: &Store,
    id: &CellId,
    plan: &super::Plan,
    observer: &dyn super::Observer,
) -> Result<(Vec<RunRecord>, usize), RunError> {
    let cell = store.cell(id)?;
    let mut records = store.records(cell, plan.repeats)?;
    // A sweep keeps no timeline to draw.
    records.retain(|record| record.replication > 0 || !record.timeline.arrived.is_empty());
    let there: BTreeSet<u64> = records.iter().map(|record| record.replication).collect();
    let missing: Vec<u64> =
        (0..u64::from(plan.repeats)).filter(|number| !there.contains(number)).collect();
    let new = Mutex::new(Vec::with_capacity(missing.len()));
    workers::in_order(plan.jobs, missing.len(), |task| {
        let mut record = super::plan::one(plan, missing[task], observer)?;
        let keep = if record.replication == 0 { Keep::Timeline } else { Keep::Course };
        store.save(cell, &record, keep)?;
        observer.done(&record);
        if keep == Keep::Course {
            // As if it had been read: a thousand days in memory are kilobytes each.
            record.timeline = Timeline::default();
        }
        new.lock().unwrap_or_else(PoisonError::into_inner).push(record);
        Ok::<(), RunError>(())
    })?;
    records.extend(new.into_inner().unwrap_or_else(PoisonError::into_inner));
    records.sort_by_key(|record| record.replication);
    Ok((records, there.len()))
}

fn without_timeline(record: &RunRecord) -> RunRecord {
    RunRecord {
        replication: record.replication,
        delays: record.delays.clone(),
        counts: record.counts.clone(),
        parts: record.parts.clone(),
        course: record.course.clone(),
        timeline: Timeline::default(),
        trace: record.trace,
    }
}

/// Bytes and their checksum: SQLite would not notice a flipped bit.
fn encoded(value: &impl serde::Serialize) -> Result<(Vec<u8>, Vec<u8>), Cause> {
    let bytes = postcard::to_stdvec(value).map_err(|error| Cause::Io(error.to_string()))?;
    let sum = checksum(&bytes);
    Ok((bytes, sum))
}

fn decoded<T: DeserializeOwned>(bytes: Vec<u8>, sum: Vec<u8>) -> Result<T, Cause> {
    if checksum(&bytes) != sum {
        return Err(Cause::Damaged("a record is not what was written".to_owned()));
    }
    postcard::from_bytes(&bytes).map_err(|error| Cause::Damaged(error.to_string()))
}

fn checksum(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes)[..8].to_vec()
}

fn is_empty(db: &Connection) -> Result<bool, Cause> {
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(tables == 0)
}

/// Refuses a database of another program or of another schema.
fn expect_ours(db: &Connection) -> Result<(), Cause> {
    let pragma = |name: &str| db.pragma_query_value(None, name, |row| row.get::<_, u32>(0));
    if pragma("application_id")? != APPLICATION_ID {
        return Err(Cause::Foreign);
    }
    match pragma("user_version")? {
        STORE_SCHEMA => Ok(()),
        other => Err(Cause::Schema(other)),
    }
}

#[cfg(test)]
mod tests;
