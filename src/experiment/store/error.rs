//! What can be wrong with a store, in words that say what to do.

use rusqlite::ErrorCode;
use std::path::{Path, PathBuf};

/// A store that could not be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {cause}", path.display())]
pub struct StoreError {
    path: PathBuf,
    cause: Cause,
}

impl StoreError {
    pub(super) fn new(path: &Path, cause: Cause) -> Self {
        StoreError { path: path.to_owned(), cause }
    }

    /// Whether another process uses it.
    pub fn is_busy(&self) -> bool {
        matches!(self.cause, Cause::Busy)
    }
}

/// Why.
#[derive(Debug, thiserror::Error)]
pub(super) enum Cause {
    #[error("there are no stored results here; `mailflow run` or `mailflow sweep` make some")]
    Missing,
    #[error(
        "another mailflow is writing to this folder; wait until it has ended, or use --out for a folder of \
         your own"
    )]
    Busy,
    #[error(
        "the disk is full; what was stored is kept: free some space and give the same command again"
    )]
    Full,
    #[error("cannot be written ({0}); use --out to write elsewhere")]
    ReadOnly(String),
    #[error("cannot be made, a part of its path is a file; use --out for a folder")]
    NoFolder,
    #[error("is damaged ({0}); move it away, or start over with --fresh")]
    Damaged(String),
    #[error("is not a result store of mailflow; move it away, or use --out for another folder")]
    Foreign,
    #[error(
        "holds results of another mailflow (store schema {0}, this one knows {known}); use that mailflow, or \
         --out for another folder, or start over with --fresh",
        known = super::STORE_SCHEMA
    )]
    Schema(u32),
    #[error("{0}")]
    Io(String),
}

impl From<std::io::Error> for Cause {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind::{
            AlreadyExists, NotADirectory, PermissionDenied, ReadOnlyFilesystem, StorageFull,
        };
        match error.kind() {
            AlreadyExists | NotADirectory => Cause::NoFolder,
            StorageFull => Cause::Full,
            PermissionDenied | ReadOnlyFilesystem => Cause::ReadOnly(error.to_string()),
            _ => Cause::Io(error.to_string()),
        }
    }
}

impl From<rusqlite::Error> for Cause {
    fn from(error: rusqlite::Error) -> Self {
        let said = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Cause::Busy,
            Some(ErrorCode::DiskFull) => Cause::Full,
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Cause::ReadOnly(said)
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Cause::Damaged(said),
            // A column of another type, a table that is missing: not as we wrote it.
            None => Cause::Damaged(said),
            Some(_) => Cause::Io(said),
        }
    }
}
