//! Writing: files in one piece or not at all, and a stdout that may be closed at any time.

use super::Exit;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file or folder that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("could not write {}: {source}{}", path.display(), advice(path, source))]
pub(super) struct WriteError {
    path: PathBuf,
    source: io::Error,
}

impl WriteError {
    /// `path` could not be written because of `source`.
    pub(super) fn new(path: PathBuf, source: io::Error) -> Self {
        WriteError { path, source }
    }
}

/// Says what is wrong with what was asked for.
pub(super) fn bad_input(text: &str) -> Exit {
    eprintln!("mailflow: {text}");
    Exit::BadInput
}

/// Says what could not be written.
pub(super) fn unwritten(error: &WriteError) -> Exit {
    eprintln!("mailflow: {error}");
    Exit::Io
}

const STDOUT: &str = "to standard output";

fn advice(path: &Path, error: &io::Error) -> &'static str {
    match error.kind() {
        // Where stdout goes is not ours to choose.
        io::ErrorKind::StorageFull if path == Path::new(STDOUT) => " (free some space)",
        _ if path == Path::new(STDOUT) => "",
        io::ErrorKind::StorageFull => " (free some space, or use --out on another disk)",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            " (use --out to write elsewhere)"
        }
        _ => "",
    }
}

/// Writes `contents` to `path`, its folders included. The file appears whole or not at all: it is written
/// beside its place and then renamed.
pub(super) fn write_file(path: &Path, contents: impl AsRef<[u8]>) -> Result<(), WriteError> {
    let fail = |source| WriteError { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(fail)?;
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let beside = path.with_file_name(name);
    let write = || {
        let mut file = fs::File::create(&beside)?;
        file.write_all(contents.as_ref())?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().map_err(|error| {
        // The half-written file is of no use; that it cannot be removed either is no news.
        let _ = fs::remove_file(&beside);
        fail(error)
    })
}

/// Prints `text` to stdout. A reader that has gone away (`| head`) is no error.
pub(super) fn print(text: &str) -> Result<(), WriteError> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(WriteError { path: PathBuf::from(STDOUT), source: error })
        }
        _ => Ok(()),
    }
}

/// How a command ends whose last act was to print.
pub(super) fn printed(result: Result<(), WriteError>) -> Exit {
    match result {
        Ok(()) => Exit::Done,
        Err(error) => {
            eprintln!("mailflow: {error}");
            Exit::Io
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_in_one_piece_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a/b/results.json");
        write_file(&path, "one").expect("written");
        write_file(&path, "two").expect("written again");
        assert_eq!(fs::read_to_string(&path).expect("read"), "two");
        let names = fs::read_dir(path.parent().expect("parent")).expect("listed").count();
        assert_eq!(names, 1);
    }

    #[test]
    fn what_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        fs::write(&file, "").expect("written");
        let error = write_file(&file.join("results.json"), "x").expect_err("not a folder");
        assert!(error.to_string().contains("results.json"), "{error}");
    }
}
