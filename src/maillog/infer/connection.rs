//! Connections: how many messages they carry, how old they get, how they end, how long a message takes.
//!
//! A log has no line for a connection. What shows is messages in a row from one process to one address: a change of
//! address in the middle of a pass, with nothing failed, is a connection that was full (or that ended in silence between
//! two messages); a loss is one that was cut.

use super::super::diagnosis::{Cap, CutKind, Settings};
use super::super::inferred::{Inferred, Sure};
use super::super::relays::RelayBook;
use super::{counted, roundest, said};
use crate::units::Span;

/// Pairs of messages that make a mean worth telling.
const ENOUGH: u64 = 20;
/// Runs as short as this say nothing of a limit.
const SHORT: u32 = 2;

/// Enters what the books of all hosts say.
pub(in super::super) fn infer(settings: &mut Settings, books: &[RelayBook]) {
    settings.message_time = message_time(books);
    settings.messages_per_connection = limit(books);
    settings.connection_lifetime = lifetime(books, settings.message_time.value);
    let resets = books.iter().map(|book| book.cut).sum::<u64>();
    let by_answer = books
        .iter()
        .flat_map(|book| &book.answers)
        .filter(|answer| answer.code == 421 && answer.text.contains("ession duration"))
        .map(|answer| answer.count)
        .sum::<u64>();
    settings.cut = match (resets, by_answer) {
        (0, 0) => Inferred::undetermined("no connection that had carried mail was seen to be cut"),
        (0, answers) => {
            let text = format!("{} told the age of the session", counted(answers, "answer 421"));
            Inferred::value(CutKind::Reply421, Sure::Shown, text)
        }
        (resets, _) => {
            let text =
                format!("{} that had carried mail ended by reset", counted(resets, "connection"));
            Inferred::value(CutKind::Reset, Sure::Shown, text)
        }
    };
}

fn message_time(books: &[RelayBook]) -> Inferred<Span> {
    let pairs = books.iter().map(|book| book.time_n).sum::<u64>();
    if pairs < ENOUGH {
        return Inferred::undetermined("too few messages followed each other on a connection");
    }
    let sum = books.iter().fold(Span::ZERO, |sum, book| sum + book.time_sum);
    let text = format!(
        "mean over {} that followed another of the same process",
        counted(pairs, "message")
    );
    Inferred::value(sum / pairs, Sure::Shown, text)
}

/// Whether `runs` fit a limit of `limit`: a new connection may go to the same address, and then shows as a multiple.
fn share_of_multiples(runs: &[u32], limit: u32) -> f64 {
    let fitting = runs.iter().filter(|run| run.is_multiple_of(limit)).count();
    fitting as f64 / runs.len().max(1) as f64
}

fn limit(books: &[RelayBook]) -> Inferred<Cap> {
    let mut runs: Vec<u32> =
        books.iter().flat_map(|book| book.changed.iter().map(|run| run.0)).collect();
    runs.retain(|run| *run > SHORT);
    runs.sort_unstable();
    let longest = books.iter().map(|book| book.in_a_row_max).max().unwrap_or(0);
    let most = u32::try_from(longest).unwrap_or(u32::MAX);
    if let Some((limit, times)) = most_frequent(&runs)
        && times >= 3
        && share_of_multiples(&runs, limit) >= 0.8
    {
        let sure = if times >= 5 { Sure::Shown } else { Sure::Likely };
        let text = format!(
            "{} ended after {limit} messages although nothing had failed and there was more mail",
            counted(times, "connection")
        );
        return Inferred::value(Cap::Limit(limit), sure, text);
    }
    let cuts: Vec<(u32, Span)> = books
        .iter()
        .flat_map(|book| &book.at_cut)
        .filter_map(|(carried, age)| Some((*carried, (*age)?)))
        .collect();
    if let Some((carried, youngest, oldest)) = same_age(&cuts) {
        let text = format!(
            "{} cut at the same age ({} to {}), whatever they had carried (up to {carried} messages): a limit would have \
             ended them before",
            counted(cuts.len() as u64, "connection"),
            said(youngest),
            said(oldest)
        );
        let low = Some(Cap::Limit(carried));
        return Inferred::value(Cap::Unlimited, Sure::Likely, text).within(low, None);
    }
    let mut lengths = runs.clone();
    lengths.dedup();
    if let (Some(most), true) = (lengths.last(), lengths.len() >= 3) {
        let text = format!(
            "{} ended after {} to {most} messages: no number is kept",
            counted(runs.len() as u64, "connection"),
            runs[0]
        );
        let low = Some(Cap::Limit(*most));
        return Inferred::value(Cap::Unlimited, Sure::Likely, text).within(low, None);
    }
    Inferred::undetermined(format!(
        "no connection was seen to end at a number of messages (at most {most} in a row to one address); a limit above \
         what passes carry leaves no trace, nor do new connections to the same address"
    ))
}

fn most_frequent(sorted: &[u32]) -> Option<(u32, u64)> {
    let chunks = sorted.chunk_by(|a, b| a == b);
    chunks.map(|same| (same[0], same.len() as u64)).max_by_key(|(_, times)| *times)
}

/// Whether at least two cuts came at one age, within a tenth: most messages carried, youngest, oldest.
fn same_age(cuts: &[(u32, Span)]) -> Option<(u32, Span, Span)> {
    let youngest = cuts.iter().map(|cut| cut.1).min()?;
    let oldest = cuts.iter().map(|cut| cut.1).max()?;
    let carried = cuts.iter().map(|cut| cut.0).max()?;
    let same =
        cuts.len() >= 2 && (oldest - youngest).seconds() <= oldest.seconds() / 10.0 && carried >= 5;
    same.then_some((carried, youngest, oldest))
}

fn lifetime(books: &[RelayBook], message_time: Option<Span>) -> Inferred<Span> {
    let cuts: Vec<(u32, Span)> = books
        .iter()
        .flat_map(|book| &book.at_cut)
        .filter_map(|(carried, age)| Some((*carried, (*age)?)))
        .collect();
    match same_age(&cuts) {
        Some((_, youngest, oldest)) => {
            // A connection begins before its first message is accepted and a cut shows at the next message's turn.
            let spare = message_time.unwrap_or(Span::ZERO) * 2 + Span::from_secs(1);
            let (low, high) = (youngest, oldest + spare);
            let text = format!(
                "{} cut {} to {} after the first attempt on them",
                counted(cuts.len() as u64, "connection"),
                said(youngest),
                said(oldest)
            );
            let second = |span: Span| span.nanos() / 1_000_000_000;
            match roundest(second(low) + 1, second(high)) {
                Some(value) => Inferred::value(Span::from_secs(value), Sure::Likely, text)
                    .within(Some(low), Some(high)),
                None => Inferred::bounded(Some(low), Some(high), text),
            }
        }
        None if cuts.is_empty() => Inferred::undetermined(
            "no connection whose beginning was seen was cut after it had carried mail",
        ),
        None => Inferred::undetermined(format!(
            "{} cut, but not at one age",
            counted(cuts.len() as u64, "connection")
        )),
    }
}
