//! `mailflow check`. TEMPORARY: the scenario room's own command replaces this.

use super::Exit;
use crate::scenario::{self, LoadError, Override};
use std::path::PathBuf;

pub(super) fn check(files: &[PathBuf], overrides: &[Override]) -> u8 {
    let one = |file: &PathBuf| match scenario::load(file, overrides) {
        Ok(_) => Exit::Done,
        Err(error) => {
            eprintln!("{error}");
            if matches!(error, LoadError::Io(_)) { Exit::Io } else { Exit::BadInput }
        }
    };
    files.iter().map(one).max().unwrap_or(Exit::Done).code()
}
