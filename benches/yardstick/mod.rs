//! What a message costs, held against yardsticks that were measured in the same process.
//!
//! Nanoseconds say more about the machine and its other users than about the program; the ratio of two loops that
//! took turns on one core says something about the program. So everything here is measured in turns, in the
//! thread's own CPU time, and the best turn counts: whatever else ran in between only ever adds.

// Each program that measures uses some of it.
#![allow(dead_code)]

pub(crate) mod clock;
pub(crate) mod draws;
pub(crate) mod retry_loop;
pub(crate) mod sites;
pub(crate) mod table;

use std::error::Error;
use std::hint::black_box;

/// Messages in one turn of a yardstick.
const MESSAGES: u64 = 1_000_000;

/// What is at most allowed.
#[derive(Clone, Copy)]
pub(crate) enum AtMost {
    /// So many times the two exponential numbers that a message cannot do without.
    Draws(f64),
    /// So many times the retry loop, per message.
    Loops(f64),
    /// Nanoseconds of processor time.
    Nanos(f64),
}

/// Something that is measured: its nanoseconds per unit, anew at each call.
pub(crate) struct Item {
    /// What the table calls it.
    pub(crate) what: &'static str,
    /// What is at most allowed, if anything.
    pub(crate) at_most: Option<AtMost>,
    measure: Box<dyn Fn() -> f64>,
}

impl Item {
    /// An item that `measure` measures.
    pub(crate) fn new(what: &'static str, measure: impl Fn() -> f64 + 'static) -> Self {
        Item { what, at_most: None, measure: Box::new(measure) }
    }

    /// The same with a limit.
    pub(crate) fn at_most(self, most: AtMost) -> Self {
        Item { at_most: Some(most), ..self }
    }
}

/// What was measured.
pub(crate) struct Cost {
    /// What it is.
    pub(crate) what: &'static str,
    /// Nanoseconds per unit in the best turn.
    pub(crate) nanos: f64,
    /// What is at most allowed, if anything.
    pub(crate) at_most: Option<AtMost>,
}

/// The two yardsticks: the first is also the first row of every table, the second the second.
fn yardsticks() -> [Item; 2] {
    let two_each = || clock::timed(|| draws::two_each(black_box(MESSAGES))).1 / MESSAGES as f64;
    let retry = || {
        let (found, nanos) = clock::timed(|| retry_loop::run(black_box(MESSAGES)));
        black_box(found.delays.quantile(0.99));
        nanos / found.delivered as f64
    };
    [
        Item::new("two exponential numbers", two_each),
        Item::new("the retry loop, a message", retry).at_most(AtMost::Draws(16.0)),
    ]
}

/// The items that the project promises something of.
///
/// # Errors
/// When a shipped scenario cannot be read.
pub(crate) fn promised() -> Result<Vec<Item>, Box<dyn Error>> {
    let day = |what, name, limit| -> Result<Item, Box<dyn Error>> {
        let site = sites::Site::shipped(name)?;
        Ok(Item::new(what, move || site.per_delivery()).at_most(AtMost::Loops(limit)))
    };
    let skips = sites::Backlog::skipping(10_000)?;
    let listed = sites::Backlog::skipping(1_000_000)?;
    Ok(vec![
        day("documented-fixes, a delivery", "documented-fixes", 2.0)?,
        day("documented-problem, a delivery", "documented-problem", 10.0)?,
        Item::new("a skip, 10^4 messages in queue", move || skips.per_listed())
            .at_most(AtMost::Nanos(20.0)),
        Item::new("a run over 10^6 in queue, a message", move || listed.per_listed())
            .at_most(AtMost::Nanos(40.0)),
    ])
}

/// Measures the yardsticks and `items` in `rounds` turns; the yardsticks come first.
pub(crate) fn measure(items: Vec<Item>, rounds: u32) -> Vec<Cost> {
    let items: Vec<Item> = yardsticks().into_iter().chain(items).collect();
    let mut best = vec![f64::INFINITY; items.len()];
    for _ in 0..rounds.max(1) {
        for (best, item) in best.iter_mut().zip(&items) {
            *best = best.min((item.measure)());
        }
    }
    let cost = |(item, nanos): (Item, f64)| Cost { what: item.what, nanos, at_most: item.at_most };
    items.into_iter().zip(best).map(cost).collect()
}

/// Whether `cost` keeps to its limit, by the yardsticks at the head of `all`; `None` where there is none.
pub(crate) fn holds(cost: &Cost, all: &[Cost]) -> Option<bool> {
    let most = match cost.at_most? {
        AtMost::Draws(times) => times * all.first()?.nanos,
        AtMost::Loops(times) => times * all.get(1)?.nanos,
        AtMost::Nanos(most) => most,
    };
    Some(cost.nanos <= most)
}
