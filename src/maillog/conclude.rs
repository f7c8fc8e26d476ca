//! The end of reading: open messages are entered with their age, books are closed, settings inferred, the verdict found.

use super::conditions::Conditions;
use super::diagnosis::{Diagnosis, Relay, Settings};
use super::finding;
use super::follow::Reader;
use super::infer::{connection, host_status, runs};
use super::inferred::Inferred;
use super::redact::redacted;
use super::relays::RelayBook;
use crate::units::Span;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Relays that are listed one by one.
const MOST_LISTED: usize = 200;
const OTHERS: &[u8] = b"(others)";
/// Entries that the joined books of several machines keep of each list.
const MOST_KEPT: usize = 1024;

impl Reader {
    /// What was learnt.
    pub fn finish(mut self) -> Diagnosis {
        let epochs = self.epochs.take().map_or(Vec::new(), |epochs| epochs.finish());
        let end = self.coverage.last.unwrap_or_default();
        let mut open = Vec::new();
        self.messages.drain(|message| open.push(message));
        for message in &open {
            self.enter(message, end.max(message.arrived));
        }
        self.note_clock();
        self.processes.finish();
        let mut books = std::mem::take(&mut self.relays.books);
        books.iter_mut().for_each(RelayBook::finish);
        let (books, places) = by_name(books);
        for arrival in &mut self.arrivals {
            arrival.relay = arrival.relay.and_then(|place| places.get(place as usize).copied());
        }
        self.arrivals.sort_by_key(|arrival| arrival.at);
        let settings = self.settings(&books);
        let mail = std::mem::take(&mut self.mail).finish();
        let parts =
            self.parts.take().map(|parts| Box::new(parts.map(super::mail::MailBook::finish)));
        let first_wait = self.first_waits / self.first_tries.iter().sum::<u64>();
        let (findings, cannot_tell) = finding::findings(&mail, &books, &settings, first_wait);
        let arrivals = self.options.arrivals.then_some(self.arrivals);
        let mut relays: Vec<Relay> = books.into_iter().map(relay).collect();
        for (number, relay) in (0u32..).zip(&mut relays) {
            let went = (0u32..).zip(&places).filter(|(_, to)| **to == number);
            let own: Vec<u32> = went.map(|(book, _)| book).collect();
            relay.conditions = self.conduct.finish(&own);
        }
        Diagnosis {
            coverage: self.coverage,
            mail,
            parts,
            relays,
            settings,
            findings,
            cannot_tell,
            arrivals,
            epochs,
        }
    }

    fn settings(&self, books: &[RelayBook]) -> Settings {
        fn none<T>() -> Inferred<T> {
            Inferred::undetermined("nothing was read")
        }
        let mut settings = Settings {
            delivery: none(),
            queue_runs: none(),
            retry_interval: none(),
            queue_runners: none(),
            messages_per_connection: none(),
            hoststat: none(),
            remember_for: none(),
            single_thread_delivery: none(),
            connection_lifetime: none(),
            cut: none(),
            message_time: none(),
            agents: none(),
        };
        let evidence = runs::Evidence {
            passes: &self.processes.passes,
            stated: &self.stated_runs,
            gaps: &self.gaps,
            first_tries: self.first_tries,
            fractions: self.coverage.fractions,
        };
        let at_work = runs::infer(&mut settings, &evidence);
        connection::infer(&mut settings, books);
        host_status::infer(&mut settings, books, at_work);
        let mut nodes: Vec<u32> = self.processes.passes.iter().map(|pass| pass.node).collect();
        nodes.sort_unstable();
        nodes.dedup();
        settings.agents = match u32::try_from(nodes.len()) {
            Ok(agents) if agents > 0 => {
                let text = "machines whose processes delivered mail";
                Inferred::value(agents, super::Sure::Shown, text)
            }
            _ => Inferred::undetermined("no delivery"),
        };
        settings
    }
}

/// Joins the books of all machines by the host's name, most attempts first; beyond a bound they share the last. Also
/// tells where each went.
fn by_name(books: Vec<RelayBook>) -> (Vec<RelayBook>, Vec<u32>) {
    let mut tries: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
    for book in &books {
        *tries.entry(book.name.clone()).or_default() += book.tries;
    }
    let mut names: Vec<(Vec<u8>, u64)> =
        tries.into_iter().filter(|(name, _)| name != OTHERS).collect();
    names.sort_by_key(|(_, tries)| Reverse(*tries));
    let listed = names.len().min(MOST_LISTED);
    let places: BTreeMap<Vec<u8>, usize> = names
        .into_iter()
        .take(MOST_LISTED)
        .enumerate()
        .map(|(place, (name, _))| (name, place))
        .collect();
    let mut joined: Vec<Option<RelayBook>> = vec![None; listed + 1];
    let mut went = Vec::with_capacity(books.len());
    for book in books {
        let place = places.get(&book.name).copied().unwrap_or(listed);
        went.push(place as u32);
        match &mut joined[place] {
            Some(all) => all.join(book, MOST_KEPT),
            empty if place == listed => {
                let mut all = book;
                all.name = OTHERS.to_vec();
                *empty = Some(all);
            }
            empty => *empty = Some(book),
        }
    }
    (joined.into_iter().flatten().collect(), went)
}

/// A host's name as it may be shown.
pub(super) fn name_of(book: &RelayBook) -> String {
    let name = book.full_name.as_ref().unwrap_or(&book.name);
    redacted(name)
}

fn relay(book: RelayBook) -> Relay {
    Relay {
        name: name_of(&book),
        addresses: u32::try_from(book.addresses.len()).unwrap_or(u32::MAX),
        delivered: book.delivered,
        tries: book.tries,
        skipped: book.skipped,
        failed: book.failed,
        cut: book.cut,
        reset: book.reset,
        refused: book.refused,
        bounced: book.bounced,
        message_time: (book.time_n > 0).then(|| book.time_sum / book.time_n.max(1)),
        message_time_n: book.time_n,
        in_a_row_max: book.in_a_row_max,
        carried_at_cut: book.at_cut.iter().filter(|cut| cut.1.is_some()).map(|cut| cut.0).collect(),
        age_at_cut: book.at_cut.iter().filter_map(|cut| cut.1).collect::<Vec<Span>>(),
        answers: book.answers,
        avoided: book.avoided,
        avoided_count: book.avoided_count,
        avoided_total: book.avoided_total,
        conditions: Conditions::default(),
    }
}
