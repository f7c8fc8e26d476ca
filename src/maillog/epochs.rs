//! The times between restarts of the daemon: settings are changed by restarting it, and what a log tells of them
//! holds from one start to the next.
//!
//! A second reader reads what comes after each start, with books of its own. It is only there where a scenario is
//! asked for, which can change its settings on the way.

use super::diagnosis::Settings;
use super::follow::{Options, Reader};
use super::stamp::Stamp;
use crate::units::Span;
use memchr::memmem::find;

/// A daemon that is started again so soon was not at work yet.
const SHORTEST: Span = Span::from_mins(10);
/// Restarts that are told apart; the last time goes on to the end.
const MOST: usize = 8;

/// Reads what lies between two starts of the daemon.
#[derive(Debug)]
pub(super) struct Epochs {
    reader: Reader,
    /// Times that have ended: their first instant, and what they tell.
    ended: Vec<(Stamp, Settings)>,
}

impl Epochs {
    pub(super) fn new() -> Self {
        Epochs { reader: Reader::new(Options::default()), ended: Vec::new() }
    }

    pub(super) fn begin_file(&mut self, label: &str) {
        self.reader.begin_file(label);
    }

    pub(super) fn line(&mut self, text: &[u8]) {
        let starts = find(text, b": starting daemon (").is_some();
        let lasted = match (self.reader.first, self.reader.coverage.last) {
            (Some(first), Some(last)) => last.since(first),
            _ => Span::ZERO,
        };
        if starts && self.ended.len() < MOST && lasted >= SHORTEST {
            let next = Reader::new(Options::default());
            self.end(next);
        }
        self.reader.line(text);
    }

    fn end(&mut self, next: Reader) {
        let told = std::mem::replace(&mut self.reader, next).finish();
        if let Some(first) = told.coverage.first {
            self.ended.push((first, told.settings));
        }
    }

    /// All of them; none if the daemon was never started anew.
    pub(super) fn finish(mut self) -> Vec<(Stamp, Settings)> {
        self.end(Reader::new(Options::default()));
        if self.ended.len() > 1 { self.ended } else { Vec::new() }
    }
}
