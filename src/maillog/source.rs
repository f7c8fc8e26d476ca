//! Logs as files: plain, packed with gzip, or standard input; cut into lines without copying.

use super::follow::Reader;
use super::line::{Envelope, Line};
use super::stamp::{Clock, Stamp};
use flate2::read::MultiGzDecoder;
use memchr::memchr;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Bytes read at once. A line that is longer is none of a log.
const BLOCK: usize = 256 * 1024;
/// Lines looked at for the first stamp of a file.
const LOOKED_AT: usize = 200;

/// A log that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system did not let it be read.
    #[error("could not read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is a folder.
    #[error("{} is a folder; name the log files in it", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// A packed file ends or breaks in the middle.
    #[error("{} is packed with gzip and damaged: {source}. Unpack what can be saved (`zcat {} > part.log`) and name that instead", path.display(), path.display())]
    Packed {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl ReadError {
    /// Whether the file itself is at fault rather than the system.
    pub fn is_bad_input(&self) -> bool {
        !matches!(self, ReadError::Unreadable { .. })
    }
}

/// A log to be read.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    first: Option<Stamp>,
}

/// A reader that says how much went through it.
struct Counted<'a, R> {
    inner: R,
    passed: &'a mut dyn FnMut(u64),
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(into)?;
        (self.passed)(length as u64);
        Ok(length)
    }
}

impl Source {
    /// The log at `path`; `-` is standard input.
    ///
    /// # Errors
    /// [`ReadError`] if it is a folder or cannot be opened.
    pub fn new(path: &Path) -> Result<Source, ReadError> {
        let mut source = Source { path: path.to_owned(), first: None };
        if source.is_stdin() {
            return Ok(source);
        }
        if path.is_dir() {
            return Err(ReadError::Folder { path: path.to_owned() });
        }
        let unreadable = |source| ReadError::Unreadable { path: path.to_owned(), source };
        // What is looked at in a pipe is gone.
        if !path.metadata().map_err(unreadable)?.is_file() {
            return Ok(source);
        }
        let mut clock = Clock::new(Stamp::NO_YEAR);
        let mut looked = 0;
        let mut first = None;
        // A file that is damaged further on is refused when it is read.
        let ended = source.each_line(&mut |_| {}, &mut |line| {
            looked += 1;
            let line = line.unwrap_or_default().trim_ascii();
            first = match Envelope::open(line).filter(|_| line.starts_with(b"{")) {
                Some(envelope) => envelope.line(&mut clock).map(|line| line.at),
                None => Line::cut(line, &mut clock).map(|line| line.at),
            };
            first.is_none() && looked < LOOKED_AT
        });
        match ended {
            Err(error @ ReadError::Unreadable { .. }) => return Err(error),
            _ => source.first = first,
        }
        Ok(source)
    }

    fn is_stdin(&self) -> bool {
        self.path == Path::new("-")
    }

    /// Its first stamp, where it could be looked at before.
    pub fn first(&self) -> Option<Stamp> {
        self.first
    }

    /// What it is called in messages.
    pub fn label(&self) -> String {
        if self.is_stdin() { "standard input".to_owned() } else { self.path.display().to_string() }
    }

    /// Bytes on the disk; none for standard input.
    pub fn bytes(&self) -> Option<u64> {
        if self.is_stdin() {
            None
        } else {
            std::fs::metadata(&self.path).ok().map(|data| data.len())
        }
    }

    /// Reads it into `reader`. `passed` is told how many bytes of the file were read since it was told last; `go_on` is
    /// asked now and then.
    ///
    /// # Errors
    /// [`ReadError`]; `reader` then holds what came before.
    pub fn read(
        &self,
        reader: &mut Reader,
        passed: &mut dyn FnMut(u64),
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<(), ReadError> {
        reader.begin_file(&self.label());
        let mut count = 0u32;
        self.each_line(passed, &mut |line| {
            match line {
                Some(line) => reader.line(line),
                None => reader.endless_line(),
            }
            count = count.wrapping_add(1);
            !count.is_multiple_of(4096) || go_on()
        })
    }

    /// Calls `each` with every line (`None` for one without an end) until it says no.
    fn each_line(
        &self,
        passed: &mut dyn FnMut(u64),
        each: &mut dyn FnMut(Option<&[u8]>) -> bool,
    ) -> Result<(), ReadError> {
        let unreadable = |source| ReadError::Unreadable { path: self.path.clone(), source };
        let input: Box<dyn Read> = if self.is_stdin() {
            Box::new(io::stdin().lock())
        } else {
            Box::new(File::open(&self.path).map_err(unreadable)?)
        };
        let mut input = Counted { inner: input, passed };
        let mut head = [0; 2];
        let length = fill(&mut input, &mut head).map_err(unreadable)?;
        let whole = (&head[..length]).chain(input);
        if head == [0x1f, 0x8b] {
            let packed = |source| ReadError::Packed { path: self.path.clone(), source };
            return lines(MultiGzDecoder::new(whole), each).map_err(packed);
        }
        lines(whole, each).map_err(unreadable)
    }
}

/// Reads until `into` is full or nothing is left.
fn fill(input: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < into.len() {
        match input.read(&mut into[length..]) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

/// Cuts `input` into lines.
fn lines(mut input: impl Read, each: &mut dyn FnMut(Option<&[u8]>) -> bool) -> io::Result<()> {
    let mut block = vec![0; BLOCK];
    let (mut kept, mut endless) = (0, false);
    loop {
        let length = kept + fill_some(&mut input, &mut block[kept..])?;
        let last = length == kept;
        let mut from = 0;
        while let Some(at) = memchr(b'\n', &block[from..length]) {
            let line = &block[from..from + at];
            from += at + 1;
            if !each(if endless { None } else { Some(line) }) {
                return Ok(());
            }
            endless = false;
        }
        if last {
            if from < length || endless {
                each(if endless { None } else { Some(&block[from..length]) });
            }
            return Ok(());
        }
        kept = length - from;
        if kept == BLOCK {
            // The rest of it is passed over.
            (kept, endless) = (0, true);
        } else if from > 0 {
            block.copy_within(from..length, 0);
        }
    }
}

fn fill_some(input: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(into) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Whether the first bytes of a file are those of a log with lines of Sendmail, or packed by gzip.
pub fn looks_like_log(head: &[u8]) -> bool {
    if head.starts_with(&[0x1f, 0x8b]) {
        return true;
    }
    let mut reader = Reader::new(super::Options::default());
    head.split(|byte| *byte == b'\n').take(LOOKED_AT).for_each(|line| reader.line(line));
    reader.finish().coverage.sendmail > 0
}

/// Puts logs in order of time. Rotated logs are often named from the newest to the oldest; stamps without a year may
/// wrap at its end, so that the greatest gap between the files is taken for the time before the first.
pub fn in_order(mut sources: Vec<Source>) -> Vec<Source> {
    sources.sort_by_key(|source| source.first);
    let firsts: Vec<Stamp> = sources.iter().filter_map(|source| source.first).collect();
    let one_year = |stamp: &Stamp| stamp.written(true).starts_with("2001-");
    if firsts.len() < 2 || !firsts.iter().all(one_year) {
        return sources;
    }
    const YEAR: i64 = 365 * 86_400_000_000;
    let next = |at: usize| firsts.get(at + 1).map_or(firsts[0].0 + YEAR, |stamp| stamp.0);
    let widest = (0..firsts.len()).max_by_key(|at| (next(*at) - firsts[*at].0, *at));
    let unknown = sources.len() - firsts.len();
    let shift = widest.map_or(0, |at| (at + 1) % firsts.len());
    sources[unknown..].rotate_left(shift);
    sources
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &[u8], piece: usize) -> Vec<Option<String>> {
        struct Pieces<'a>(&'a [u8], usize);
        impl Read for Pieces<'_> {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                let length = self.1.min(into.len()).min(self.0.len());
                into[..length].copy_from_slice(&self.0[..length]);
                self.0 = &self.0[length..];
                Ok(length)
            }
        }
        let mut found = Vec::new();
        let mut each = |line: Option<&[u8]>| {
            found.push(line.map(|line| String::from_utf8_lossy(line).into_owned()));
            true
        };
        lines(Pieces(text, piece), &mut each).expect("read");
        found
    }

    #[test]
    fn lines_are_cut_wherever_blocks_end() {
        for piece in 1..9 {
            let wanted: Vec<Option<String>> =
                ["one", "", "three", "last"].map(|line| Some(line.to_owned())).into();
            assert_eq!(cut(b"one\n\nthree\nlast", piece), wanted, "{piece}");
            assert_eq!(cut(b"one\n\nthree\nlast\n", piece), wanted, "{piece}");
        }
        assert!(cut(b"", 3).is_empty());
    }

    #[test]
    fn a_line_without_end_is_passed_over() {
        let mut text = vec![b'x'; 3 * BLOCK + 7];
        text.extend_from_slice(b"\nnext\n");
        assert_eq!(cut(&text, BLOCK), [None, Some("next".to_owned())]);
        assert_eq!(cut(&vec![b'x'; 2 * BLOCK], 1000), [None]);
    }

    #[test]
    fn files_are_read_from_the_oldest_to_the_newest() {
        let source = |name: &str, stamp: &str| Source {
            path: PathBuf::from(name),
            first: Stamp::typed(stamp, Stamp(0)),
        };
        let order = |sources: Vec<Source>| {
            in_order(sources).iter().map(|source| source.label()).collect::<Vec<_>>().join(" ")
        };
        let of_2001 = |name: &str, day: &str| source(name, &format!("2001-{day}"));
        assert_eq!(order(vec![of_2001("new", "11-22"), of_2001("old", "11-15")]), "old new");
        let turn = vec![of_2001("jan", "01-05"), of_2001("dec", "12-29"), of_2001("nov", "11-29")];
        assert_eq!(order(turn), "nov dec jan");
        assert_eq!(order(vec![source("b", "2027-01-02"), source("a", "2026-01-03")]), "a b");
    }
}
