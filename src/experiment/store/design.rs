//! The design that a store holds, and what one store takes over from another.

use super::error::Cause;
use super::{CellId, Store, StoreError, VERSION, checksum};
use rusqlite::{TransactionBehavior, params};

/// A row as it is: number, checksum, record.
type Raw = (i64, Vec<u8>, Vec<u8>);

impl Store {
    /// Replaces the design and the values that go with it, all at once.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn set_design(
        &self,
        meta: &[(&str, String)],
        entries: &[(CellId, String)],
    ) -> Result<Vec<i64>, StoreError> {
        self.with(|db| {
            let changes = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            changes.execute_batch("DELETE FROM design; DELETE FROM meta;")?;
            for (name, value) in meta {
                changes.execute("INSERT INTO meta VALUES (?1, ?2)", params![name, value])?;
            }
            let mut rows = Vec::with_capacity(entries.len());
            for (position, (id, entry)) in entries.iter().enumerate() {
                changes
                    .prepare_cached(
                        "INSERT OR IGNORE INTO cell (key, seed, version, scenario) \
                         VALUES (?1, ?2, ?3, ?4)",
                    )?
                    .execute(params![id.key, id.seed.to_string(), VERSION, id.text])?;
                let cell: i64 = changes
                    .prepare_cached("SELECT id FROM cell WHERE key = ?1")?
                    .query_row([&id.key], |row| row.get(0))?;
                changes
                    .prepare_cached("INSERT INTO design VALUES (?1, ?2, ?3)")?
                    .execute(params![position as i64, cell, entry])?;
                rows.push(cell);
            }
            changes.commit()?;
            Ok(rows)
        })
    }

    /// The design: each combination's cell and entry, in order.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn design(&self) -> Result<Vec<(CellId, String)>, StoreError> {
        self.with(|db| {
            let mut read = db.prepare(
                "SELECT key, seed, scenario, entry FROM design JOIN cell ON cell = id ORDER BY position",
            )?;
            let mut rows = read.query([])?;
            let mut entries = Vec::new();
            while let Some(row) = rows.next()? {
                let seed: String = row.get(1)?;
                let seed = seed.parse().map_err(|_| Cause::Damaged("a seed".to_owned()))?;
                let id = CellId { key: row.get(0)?, seed, text: row.get(2)? };
                entries.push((id, row.get(3)?));
            }
            Ok(entries)
        })
    }

    /// Takes over every record of `from` that is not here. Gives how many were new and how many were here.
    ///
    /// # Errors
    /// If one cannot be read or written, or two records of the same replication differ.
    pub fn take(&self, from: &Store) -> Result<(usize, usize), StoreError> {
        let mut cells = Vec::new();
        from.with(|db| {
            let mut read = db.prepare("SELECT id, key, seed, version, scenario FROM cell")?;
            let mut rows = read.query([])?;
            while let Some(row) = rows.next()? {
                let seed: String = row.get(2)?;
                let seed = seed.parse().map_err(|_| Cause::Damaged("a seed".to_owned()))?;
                let id = CellId { key: row.get(1)?, seed, text: row.get(4)? };
                cells.push((row.get::<_, i64>(0)?, id));
            }
            Ok(())
        })?;
        let (mut new, mut double) = (0, 0);
        for (theirs, id) in cells {
            let ours = self.cell(&id)?;
            let (added, known) = from.with(|source| {
                // One cell after the other: a combination's records fit into memory, all of them may not.
                let mut read = source.prepare_cached(
                    "SELECT number, checksum, record FROM replication WHERE cell = ?1",
                )?;
                let rows =
                    read.query_map([theirs], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
                let records: Vec<Raw> = rows.collect::<Result<_, _>>()?;
                Ok(self.add(ours, &records))
            })??;
            new += added;
            double += known;
        }
        Ok((new, double))
    }

    /// Adds records as they were read; gives how many were new and how many were here.
    fn add(&self, cell: i64, records: &[Raw]) -> Result<(usize, usize), StoreError> {
        self.with(|db| {
            let changes = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut new = 0;
            for (number, sum, record) in records {
                if checksum(record) != *sum {
                    return Err(Cause::Damaged(
                        "a record to be joined is not what was written".into(),
                    ));
                }
                let added = changes
                    .prepare_cached(
                        "INSERT OR IGNORE INTO replication (cell, number, checksum, record) \
                         VALUES (?1, ?2, ?3, ?4)",
                    )?
                    .execute(params![cell, number, sum, record])?;
                new += added;
                let mut here = changes.prepare_cached(
                    "SELECT checksum FROM replication WHERE cell = ?1 AND number = ?2",
                )?;
                let here: Vec<u8> = here.query_row(params![cell, number], |row| row.get(0))?;
                if here != *sum {
                    return Err(Cause::Damaged(format!(
                        "two records of the same replication {number} differ"
                    )));
                }
            }
            changes.commit()?;
            Ok((new, records.len() - new))
        })
    }
}
