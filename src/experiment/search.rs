//! A search in its store: the days of each value that is tried are kept like those of any combination, and what
//! is tried next follows from what is kept. So a search that was stopped takes the same way again.

use super::find::{Answer, CONFIDENCE, Ends, Next, Plan, answer, looks};
use super::precise::{tasks, unbroken};
use super::store::{CellId, RunError, Store, StoreError};
use super::sweep::{Design, Entry, conclude_cell, run_tasks};
use super::{Cell, Estimate, Evidence, Expectation, Observer, Verdict, workers};
use crate::measure::RunRecord;
use crate::scenario::{LoadError, Scenario};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// What a sweep with `find` seeks, as a store keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Searches {
    /// The key whose value is sought.
    pub key: String,
    /// The expectation, as written.
    pub expect: String,
    /// Whether the largest value is wanted; else the smallest.
    pub largest: bool,
    /// Whether neighbours on the ladder are neighbours altogether: whole numbers.
    pub whole: bool,
    /// One search for each combination.
    pub of: Vec<Search>,
}

/// The search of one combination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Search {
    /// The values that are given.
    pub settings: Map<String, Value>,
    /// The cell key of the combination with the base's value.
    pub base: String,
    /// Where to search.
    pub plan: Plan,
}

/// Which value of which search a combination is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Spot {
    /// The search, from 0.
    pub search: usize,
    /// The place on its ladder.
    pub place: i64,
}

/// What a search has found, as results tell it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// The values that are given.
    pub settings: Map<String, Value>,
    /// The key whose value was sought.
    pub key: String,
    /// `smallest` or `largest`.
    pub wanted: String,
    /// What is to be met.
    pub expectation: String,
    /// The metric, with its part.
    pub metric: String,
    /// The threshold lies between `missed` and `met` with this probability.
    pub confidence: f64,
    /// Level of the intervals of `tried`, of which all hold together with that probability.
    pub level: f64,
    /// The last value that surely misses, on the way to those that meet; none in an open range.
    pub missed: Option<Value>,
    /// The first that surely meets.
    pub met: Option<Value>,
    /// Tried values between them, ascending: of these it cannot be told.
    pub undecided: Vec<Value>,
    /// The value from which on the estimates themselves meet.
    pub best: Option<Value>,
    /// Whether `missed` and `met` are neighbours, so that `met` is the answer.
    pub exact: bool,
    /// Whether no tried values contradict a threshold.
    pub monotone: bool,
    /// Whether the search is at its end.
    pub finished: bool,
    /// Replications that a value may have at most.
    pub repeats: u32,
    /// Every value that was tried, ascending.
    pub tried: Vec<TriedValue>,
}

/// A value that was tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TriedValue {
    /// The value.
    pub value: Value,
    /// What became of the expectation.
    pub verdict: Verdict,
    /// The metric, with its interval at the search's level.
    pub estimate: Estimate,
}

/// Why a search has ended early.
#[derive(Debug)]
pub enum SearchError {
    /// Stopped, or the store failed.
    Run(RunError),
    /// A value makes no valid scenario.
    Bad(Vec<LoadError>),
}

impl<E: Into<RunError>> From<E> for SearchError {
    fn from(error: E) -> Self {
        SearchError::Run(error.into())
    }
}

/// A search on its way: how every place that was tried came out.
#[derive(Clone, Debug)]
pub struct Seeker<'a> {
    plan: &'a Plan,
    line: &'a Expectation,
    seed: u64,
    cap: u32,
    answers: BTreeMap<i64, Answer>,
}

impl<'a> Seeker<'a> {
    /// Has tried nothing yet. A place has `cap` replications at most.
    pub fn new(plan: &'a Plan, line: &'a Expectation, seed: u64, cap: u32) -> Self {
        Seeker { plan, line, seed, cap, answers: BTreeMap::new() }
    }

    /// Goes on as far as `records` has what is asked for: so many replications at a place, from number 0 on.
    /// Gives what is missing, or nothing at the end.
    ///
    /// # Errors
    /// The first one of `records`.
    pub fn advance<E>(
        &mut self,
        mut records: impl FnMut(i64, u32) -> Result<Option<Vec<RunRecord>>, E>,
    ) -> Result<Option<(i64, u32)>, E> {
        let level = self.plan.level(self.cap);
        loop {
            let tried = self.answers.iter().map(|(place, answer)| (*place, answer.tried)).collect();
            let (place, looks) = match self.plan.next(&tried) {
                Next::Try(place) => (place, looks(self.cap)),
                Next::Confirm(place) => (place, vec![self.cap]),
                Next::Done => return Ok(None),
            };
            for n in looks {
                let Some(days) = records(place, n)? else { return Ok(Some((place, n))) };
                let full = n >= self.cap;
                let answer = answer(self.line, &days, (self.seed, level, full));
                let decided = answer.tried.verdict != Verdict::Undecided;
                if decided || full {
                    self.answers.insert(place, answer);
                    break;
                }
            }
        }
    }

    /// The answer so far.
    pub fn ends(&self) -> Ends {
        let tried = self.answers.iter().map(|(place, answer)| (*place, answer.tried)).collect();
        self.plan.ends(&tried)
    }

    /// How every place that was tried came out, ascending.
    pub fn answers(&self) -> &BTreeMap<i64, Answer> {
        &self.answers
    }
}

impl Searches {
    /// The expectation, understood.
    fn line(&self, store: &Store) -> Result<Expectation, StoreError> {
        Expectation::parse(&self.expect).map_err(|error| store.damaged(&error.to_string()))
    }
}

/// As many records from 0 on, if they are all there.
fn days(store: &Store, row: Option<&i64>, n: u32) -> Result<Option<Vec<RunRecord>>, StoreError> {
    let Some(row) = row else { return Ok(None) };
    let records = unbroken(store, *row, n)?;
    Ok((records.len() == n as usize).then_some(records))
}

/// A value that is tried, ready to run.
pub type Made = (CellId, Entry, Scenario);

/// Runs all searches of `design` to their end; its combinations are the values that were tried. `make` makes
/// the combination of a spot. Gives the rows of the combinations.
///
/// # Errors
/// When the observer says so, the store fails or a value makes no valid scenario; what was done is kept.
pub fn run_search(
    (store, design): (&Store, &mut Design),
    jobs: usize,
    make: &dyn Fn(Spot) -> Result<Made, Vec<LoadError>>,
    observer: &dyn Observer,
) -> Result<Vec<i64>, SearchError> {
    let searches = design.header.find.clone();
    let searches = searches.ok_or_else(|| store.damaged("nothing is sought"))?;
    let (line, header) = (searches.line(store)?, design.header.clone());
    let seekers: Vec<Mutex<Seeker>> = searches
        .of
        .iter()
        .map(|of| Mutex::new(Seeker::new(&of.plan, &line, header.seed, header.repeats)))
        .collect();
    let mut made: BTreeMap<Spot, Made> = BTreeMap::new();
    design.cells = Vec::new();
    let mut rows = design.store(store)?;
    loop {
        let known: BTreeMap<Spot, i64> = made.keys().copied().zip(rows.iter().copied()).collect();
        let wanted: Mutex<BTreeMap<Spot, u32>> = Mutex::default();
        workers::in_order(jobs, seekers.len(), |search| {
            let mut seeker = seekers[search].lock().unwrap_or_else(PoisonError::into_inner);
            let of = |place, n| days(store, known.get(&Spot { search, place }), n);
            if let Some((place, n)) = seeker.advance(of)? {
                let mut wanted = wanted.lock().unwrap_or_else(PoisonError::into_inner);
                wanted.insert(Spot { search, place }, n);
            }
            Ok::<(), StoreError>(())
        })?;
        let wanted = wanted.into_inner().unwrap_or_else(PoisonError::into_inner);
        if wanted.is_empty() {
            return Ok(rows);
        }
        let before = made.len();
        for spot in wanted.keys().filter(|spot| !known.contains_key(spot)) {
            made.insert(*spot, make(*spot).map_err(SearchError::Bad)?);
        }
        if made.len() > before {
            design.cells =
                made.values().map(|(id, entry, _)| (id.clone(), entry.clone())).collect();
            rows = design.store(store)?;
        }
        let needed = made.keys().enumerate();
        let needed = needed.filter_map(|(cell, spot)| Some((cell, *wanted.get(spot)?))).collect();
        let tasks = tasks(Some((store, &rows)), &needed)?;
        let scenarios: Vec<&Scenario> = made.values().map(|(.., scenario)| scenario).collect();
        let scenario = |cell: usize| Ok(scenarios[cell].clone());
        run_tasks((store, &rows), &tasks, jobs, &scenario, observer)?;
    }
}

/// What `store` holds of the searches of `design`: the values that were tried, and the answers.
pub(super) fn conclude(
    (store, rows): (&Store, &[i64]),
    design: &Design,
    searches: &Searches,
    jobs: usize,
) -> Result<(Vec<Cell>, Vec<Found>), StoreError> {
    let (line, header) = (searches.line(store)?, &design.header);
    let spots = design.cells.iter().map(|(_, entry)| entry.spot);
    let known: BTreeMap<Spot, usize> =
        spots.enumerate().filter_map(|(cell, spot)| Some((spot?, cell))).collect();
    let (mut found, mut counted) = (Vec::new(), vec![header.repeats; design.cells.len()]);
    for (search, of) in searches.of.iter().enumerate() {
        let mut seeker = Seeker::new(&of.plan, &line, header.seed, header.repeats);
        let cell = |place| known.get(&Spot { search, place }).copied();
        let open =
            seeker.advance(|place, n| days(store, cell(place).map(|cell| &rows[cell]), n))?;
        for (place, answer) in seeker.answers() {
            if let Some(cell) = cell(*place) {
                counted[cell] = if answer.tried.full { header.repeats } else { answer.days };
            }
        }
        let value = |place: i64| {
            let settings = &design.cells[cell(place)?].1.settings;
            settings.get(&searches.key).cloned()
        };
        let finished = open.is_none();
        found.push(told(searches, (of, &seeker), (header.repeats, finished), &value));
    }
    let cells: Mutex<BTreeMap<usize, Cell>> = Mutex::default();
    workers::in_order(jobs, design.cells.len(), |cell| {
        let records = store.records(rows[cell], counted[cell])?;
        let evidence = Evidence::new(&records, header.seed);
        let concluded = conclude_cell(&design.cells[cell].1, header.seed, &evidence, None);
        cells.lock().unwrap_or_else(PoisonError::into_inner).insert(cell, concluded);
        Ok::<(), StoreError>(())
    })?;
    let cells = cells.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok((cells.into_values().collect(), found))
}

fn told(
    searches: &Searches,
    (of, seeker): (&Search, &Seeker),
    (repeats, finished): (u32, bool),
    value: &dyn Fn(i64) -> Option<Value>,
) -> Found {
    let ends = seeker.ends();
    let one = |(place, answer): (&i64, &Answer)| {
        let (verdict, estimate) = (answer.tried.verdict, answer.estimate);
        Some(TriedValue { value: value(*place)?, verdict, estimate })
    };
    let near = |missed: i64, met: i64| missed.abs_diff(met) == 1;
    Found {
        settings: of.settings.clone(),
        key: searches.key.clone(),
        wanted: if searches.largest { "largest" } else { "smallest" }.to_owned(),
        expectation: searches.expect.clone(),
        metric: seeker.line.name(),
        confidence: CONFIDENCE,
        level: crate::stats::round_significant(of.plan.level(repeats), 6),
        missed: ends.missed.and_then(value),
        met: ends.met.and_then(value),
        undecided: ends.between.iter().filter_map(|place| value(*place)).collect(),
        best: ends.best.and_then(value),
        exact: searches.whole && ends.missed.zip(ends.met).is_some_and(|(a, b)| near(a, b)),
        monotone: ends.monotone,
        finished,
        repeats,
        tried: seeker.answers().iter().filter_map(one).collect(),
    }
}
