//! Host status: is it on, how long does it remember, does one process hold a host for itself?
//!
//! The sign is who skips. The process that met a failure remembers it until its pass ends, whatever is configured. A
//! process or pass that has not met it and skips all the same was told by host status. One that makes contact soon after
//! the failure, with nothing in between that would have removed the mark, was not told.

use super::super::diagnosis::Settings;
use super::super::inferred::{Inferred, Sure};
use super::super::relays::RelayBook;
use super::{count, counted, roundest};
use crate::units::Span;

/// Sendmail's own default: contact after that long says nothing.
const STOCK: i64 = 1800;

/// Enters what the books of all hosts say.
pub(in super::super) fn infer(settings: &mut Settings, books: &[RelayBook], most_at_work: usize) {
    let sum = |of: &dyn Fn(&RelayBook) -> u64| books.iter().map(of).sum::<u64>();
    let locked = sum(&|book| book.skips_locked);
    settings.hoststat = hoststat(books, locked);
    settings.remember_for = remember_for(books);
    settings.single_thread_delivery = if locked > 0 {
        let text = "attempts were skipped with dsn=4.4.5, which only a host held by another process leaves";
        Inferred::value(true, Sure::Shown, format!("{} {text}", count(locked)))
    } else if most_at_work > 1 && sum(&|book| book.delivered) > 0 {
        let text = format!(
            "{most_at_work} processes were at work at once and none was kept from a host (dsn=4.4.5)"
        );
        Inferred::value(false, Sure::Shown, text)
    } else {
        Inferred::undetermined(
            "never two processes at work at once, so that none could keep the other out",
        )
    };
}

fn hoststat(books: &[RelayBook], locked: u64) -> Inferred<bool> {
    let sum = |of: &dyn Fn(&RelayBook) -> u64| books.iter().map(of).sum::<u64>();
    let others = sum(&|book| book.skips_by_others);
    let unexplained = sum(&|book| book.skips_unexplained);
    if others > unexplained {
        let text = format!(
            "{} skipped by processes that had not met the failure themselves; only host status tells them",
            counted(others - unexplained, "attempt")
        );
        return Inferred::value(true, Sure::Shown, text);
    }
    if locked > 0 {
        let text = "one connection at a time to a host works by its host status";
        return Inferred::value(true, Sure::Likely, text);
    }
    if others > 0 {
        let text = format!(
            "{} skipped although the log has no failure before them: marks from before the log, or of a connection \
             that was lost between two messages",
            counted(others, "attempt")
        );
        return Inferred::value(true, Sure::Likely, text);
    }
    let early: Vec<i64> = books
        .iter()
        .flat_map(|book| book.contact_after.iter().copied())
        .filter(|after| *after < STOCK)
        .collect();
    if let Some(soonest) = early.iter().min() {
        let text = format!(
            "after {} the next process or pass made contact at once ({soonest} s later at the soonest), and none \
             skipped: off, or it forgets within that time",
            counted(early.len() as u64, "lost or refused connection")
        );
        return Inferred::value(false, Sure::Likely, text);
    }
    let failures = sum(&|book| book.reset + book.refused);
    Inferred::undetermined(if failures == 0 {
        "no connection was lost or refused that would have marked a host".to_owned()
    } else {
        format!(
            "after {} no process came anew that could have skipped the host or not",
            counted(failures, "lost or refused connection")
        )
    })
}

fn remember_for(books: &[RelayBook]) -> Inferred<Span> {
    let low = books.iter().map(|book| book.remembered).max().unwrap_or(0);
    if low <= 0 {
        return Inferred::undetermined("no attempt was skipped after a failure that the log holds");
    }
    let high = books
        .iter()
        .flat_map(|book| book.forgotten.iter().copied())
        .filter(|after| *after >= low)
        .min();
    let span = |seconds: i64| Span::from_secs(u64::try_from(seconds).unwrap_or(0));
    let (least, most) = (Some(span(low)), high.map(span));
    let skipped = format!("skipped until {} s after a failure", low - 1);
    let Some(high) = high else {
        return Inferred::bounded(
            least,
            None,
            format!("{skipped}; no first contact after it was seen"),
        );
    };
    let why = format!("{skipped}, contact again {high} s after one");
    // Within a tenth: the value is as good as named.
    let close = high - low <= 2.max(low / 10);
    match roundest(low as u64, high as u64).filter(|_| close) {
        Some(value) => {
            Inferred::value(Span::from_secs(value), Sure::Shown, why).within(least, most)
        }
        None => Inferred::bounded(least, most, why),
    }
}
