//! The answer: how often each combination wins over the worlds, where it does not, and which assumptions
//! decide.

use super::super::store::{Store, StoreError};
use super::super::sweep::{Design, conclude_sweep};
use super::super::{Evidence, Expectation, Results, Verdict, workers};
use super::rank::{Decided, ranked};
use super::split::{Split, best, conditions};
use super::{Trait, WorldPlan};
use crate::measure::Metric;
use crate::scenario::assumption::{Feature, Level};
use crate::stats::{sorted_quantile, wilson};
use crate::units::Span;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

const CONFIDENCE: f64 = 0.95;
/// Delays that differ by less than this, in seconds, or by less than one in a hundred, are the same to those who wait.
const FELT: f64 = 1.0;
const FELT_SHARE: f64 = 0.01;

/// What is told of each combination in each world.
fn told() -> [Metric; 4] {
    let late = Metric::Late(Span::from_hours(1));
    [Metric::DelayP50, Metric::DelayP99, late, Metric::ConnectionsCut]
}

/// The answer over all worlds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Worlds {
    /// How many worlds, the one of the defaults not counted.
    pub n: usize,
    /// Replications in each.
    pub repeats: u32,
    /// The position of the combination that the others are compared with.
    pub compare_with: Option<usize>,
    /// Each combination over all worlds.
    pub cells: Vec<WorldCell>,
    /// How much each assumption decides.
    pub ranking: Ranking,
    /// What is varied, with the range it is drawn from.
    pub varied: BTreeMap<String, String>,
    /// Assumptions that are not varied, with the reason.
    pub kept: BTreeMap<String, String>,
    /// Every world.
    pub worlds: Vec<WorldRow>,
}

/// One combination over all worlds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorldCell {
    /// What distinguishes it.
    pub settings: Map<String, Value>,
    /// The main metrics.
    pub metrics: BTreeMap<String, Quantiles>,
    /// Against the combination that is compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<Count>,
    /// Each expectation.
    pub expectations: Vec<Verdicts>,
}

/// A metric over the worlds.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Quantiles {
    /// With all assumptions as they are.
    pub defaults: Option<f64>,
    /// Half of the worlds are below.
    pub median: Option<f64>,
    /// 5 % of the worlds are below.
    pub low: Option<f64>,
    /// 5 % of the worlds are above.
    pub high: Option<f64>,
    /// Which of these are lower bounds: in a world at or below, the value fell among mail that was not out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub censored: Vec<String>,
}

impl Quantiles {
    /// Of values with whether each is but a lower bound; `defaults` likewise.
    pub(super) fn of(defaults: Option<(f64, bool)>, mut worlds: Vec<(f64, bool)>) -> Self {
        worlds.sort_by(|a, b| a.0.total_cmp(&b.0));
        let values: Vec<f64> = worlds.iter().map(|(value, _)| *value).collect();
        let [median, low, high] = [0.5, 0.05, 0.95].map(|p| sorted_quantile(&values, p));
        let first = worlds.iter().position(|(_, open)| *open);
        // Between two worlds it rests on both: the upper one counts.
        let rests_on = |p: f64| (values.len().saturating_sub(1) as f64 * p).ceil() as usize;
        let open = |p: f64| first.is_some_and(|first| first <= rests_on(p));
        let all = [
            ("defaults", defaults.is_some_and(|(_, open)| open)),
            ("median", open(0.5)),
            ("low", open(0.05)),
            ("high", open(0.95)),
        ];
        let censored =
            all.into_iter().filter(|(_, open)| *open).map(|(name, _)| name.to_owned()).collect();
        Quantiles { defaults: defaults.map(|(value, _)| value), median, low, high, censored }
    }
}

/// How a combination does against another one, by the p99 delay of the same days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Against {
    /// Its p99 delay is lower.
    Wins,
    /// The two are not told apart, or differ by less than anybody would feel.
    Even,
    /// Its p99 delay is higher.
    Loses,
}

/// Worlds by how a combination does in them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Count {
    /// With the defaults.
    pub defaults: Against,
    /// Worlds in which it wins.
    pub wins: usize,
    /// Worlds in which there is no difference.
    pub even: usize,
    /// Worlds in which it loses.
    pub losses: usize,
    /// Lower end of the 95 % interval of the share of wins.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// Where it wins, if one condition tells.
    pub wins_where: Option<Split>,
    /// Where it loses, if one condition tells.
    pub loses_where: Option<Split>,
}

/// An expectation over the worlds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdicts {
    /// As written.
    pub text: String,
    /// With the defaults.
    pub defaults: Verdict,
    /// Worlds in which it is met.
    pub met: usize,
    /// Worlds in which it is missed.
    pub missed: usize,
    /// Worlds in which a few more days would be needed.
    pub undecided: usize,
    /// Where it is missed, if one condition tells.
    pub missed_where: Option<Split>,
}

/// How much each assumption decides of one number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ranking {
    /// The position of the combination whose p99 delay it is.
    pub of: usize,
    /// Whether it is the difference to the combination that is compared with.
    pub difference: bool,
    /// The assumptions, the most decisive one first.
    pub assumptions: Vec<Ranked>,
    /// The values of the first of them, if it is told from chance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deciding: Option<Deciding>,
}

/// The assumption that decides most, world by world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deciding {
    /// The key, and the part of its value where it has several.
    pub name: String,
    /// Whether it was drawn by factors rather than by steps.
    pub by_factor: bool,
    /// Its value in each world; nothing where the default holds.
    pub values: Vec<Option<Place>>,
}

/// A value of an assumption.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// In the unit of the scenario; nothing where it is a word, such as `unlimited`.
    pub number: Option<f64>,
    /// As a scenario takes it.
    pub words: String,
}

/// What one assumption decides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    /// The key, and the part of its value where it has several.
    pub name: String,
    /// Share of the variance between worlds, 0 to 1.
    pub share: f64,
    /// Whether it is told from chance.
    pub told: bool,
}

/// One world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorldRow {
    /// Its number.
    pub world: u32,
    /// The values drawn.
    pub values: Map<String, Value>,
    /// Values that were drawn and do not fit, so that the default holds: with the reason.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub refused: Map<String, Value>,
    /// Each combination.
    pub cells: Vec<Found>,
}

/// One combination in one world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// The main metrics.
    pub metrics: BTreeMap<String, Option<f64>>,
    /// Which of them are lower bounds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub censored: Vec<String>,
    /// The p99 delay less that of the combination that is compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<[Option<f64>; 3]>,
    /// What that comes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<Against>,
    /// Each expectation.
    pub verdicts: Vec<Verdict>,
}

/// The results with the defaults and the answer over all worlds, of a store that holds all of `plan`.
///
/// # Errors
/// If the store cannot be read.
pub fn conclude_worlds(
    (store, rows): (&Store, &[i64]),
    plan: &WorldPlan,
    design: &Design,
    jobs: usize,
) -> Result<(Results, Worlds), StoreError> {
    let mut found: Vec<Vec<Found>> = workers::each(jobs, plan.cells.len(), |world| {
        let rows: Vec<i64> = plan.cells[world].iter().map(|cell| rows[*cell]).collect();
        one_world((store, &rows), design)
    })?;
    let defaults: Vec<i64> = plan.cells[0].iter().map(|cell| rows[*cell]).collect();
    let results = conclude_sweep((store, &defaults), design, jobs)?;
    let reference = found.remove(0);
    let traits = plan.traits();
    let mut cells = over_worlds(design, &reference, &found);
    state_conditions(&mut cells, &traits, &found);
    let ranking = ranking(design, &cells, &found, &traits);
    let worlds = Worlds {
        n: found.len(),
        repeats: design.header.repeats,
        compare_with: design.header.compare_with,
        cells,
        ranking,
        varied: plan.varied.keys.iter().map(|doc| (doc.path.to_owned(), doc.plausible())).collect(),
        kept: plan.varied.kept.iter().map(|(key, why)| ((*key).to_owned(), why.clone())).collect(),
        worlds: plan.worlds.iter().zip(found).map(|(world, cells)| row(world, cells)).collect(),
    };
    Ok((results, worlds))
}

fn row(world: &crate::scenario::sweep::World, cells: Vec<Found>) -> WorldRow {
    let (mut values, mut refused) = (Map::new(), Map::new());
    for draw in &world.draws {
        match &draw.refused {
            None => values.insert(draw.key.to_owned(), draw.drawn.value.clone().into()),
            Some(why) => refused.insert(draw.key.to_owned(), why.clone().into()),
        };
    }
    WorldRow { world: world.number, values, refused, cells }
}

/// Every combination in one world; `rows` are their cells in the store.
fn one_world((store, rows): (&Store, &[i64]), design: &Design) -> Result<Vec<Found>, StoreError> {
    let (seed, repeats) = (design.header.seed, design.header.repeats);
    let records = rows.iter().map(|row| store.records(*row, repeats));
    let records = records.collect::<Result<Vec<_>, StoreError>>()?;
    let evidence: Vec<Evidence> =
        records.iter().map(|records| Evidence::new(records, seed)).collect();
    let theirs = design.header.compare_with.map(|position| (position, &evidence[position]));
    let found = |(position, ours): (usize, &Evidence)| {
        let told: Vec<_> = told().map(|metric| (metric.name(), ours.estimate(metric))).into();
        let lines = design.cells[position].1.expect.iter();
        let verdict = |text: &String| Some(Expectation::parse(text).ok()?.judge(ours, None).0);
        let other = theirs.filter(|(reference, _)| *reference != position);
        let (difference, against) = other.map(|(_, theirs)| compared(ours, theirs)).unzip();
        Found {
            metrics: told.iter().map(|(name, of)| (name.clone(), of.point)).collect(),
            censored: told
                .into_iter()
                .filter(|(_, of)| of.censored)
                .map(|(name, _)| name)
                .collect(),
            difference,
            against,
            verdicts: lines.filter_map(verdict).collect(),
        }
    };
    Ok(evidence.iter().enumerate().map(found).collect())
}

/// The difference of the p99 delays with its interval, and what it comes to.
fn compared(ours: &Evidence, theirs: &Evidence) -> ([Option<f64>; 3], Against) {
    let p99 = |of: &Evidence| of.estimate(Metric::DelayP99).point;
    let interval = ours.difference(Metric::DelayP99, theirs, 1.0);
    let (our_p99, their_p99) = (p99(ours), p99(theirs));
    let point = our_p99.zip(their_p99).map(|(ours, theirs)| ours - theirs);
    let felt = match (point, their_p99) {
        (Some(point), Some(theirs)) => point.abs() >= FELT.max(FELT_SHARE * theirs),
        _ => false,
    };
    let against = match interval {
        Some(interval) if felt && interval.high < 0.0 => Against::Wins,
        Some(interval) if felt && interval.low > 0.0 => Against::Loses,
        // One day has no interval, but it is the same day on both sides; the worlds do the rest. Mail that was
        // still under way may be later than it seems: then only the other direction is told.
        None if felt && ours.records().len() == 1 => {
            let open = |of: &Evidence| of.estimate(Metric::DelayP99).censored;
            match point {
                Some(point) if point < 0.0 && !open(ours) => Against::Wins,
                Some(point) if point > 0.0 && !open(theirs) => Against::Loses,
                _ => Against::Even,
            }
        }
        _ => Against::Even,
    };
    let end = |end: Option<f64>| {
        end.filter(|end| end.is_finite()).map(|end| crate::stats::round_significant(end, 10))
    };
    let ends = [point, interval.map(|of| of.low), interval.map(|of| of.high)].map(end);
    (ends, against)
}

/// What each combination comes to, without the conditions.
fn over_worlds(design: &Design, reference: &[Found], found: &[Vec<Found>]) -> Vec<WorldCell> {
    let cell = |(position, (_, entry)): (usize, &(_, super::super::sweep::Entry))| {
        let mine = || found.iter().filter_map(move |world| world.get(position));
        let metric = |metric: Metric| {
            let name = metric.name();
            let value = |found: &Found| {
                let value = found.metrics.get(&name).copied().flatten()?;
                Some((value, found.censored.contains(&name)))
            };
            let of = Quantiles::of(value(&reference[position]), mine().filter_map(value).collect());
            (name, of)
        };
        let count = |wanted: Against| mine().filter(|found| found.against == Some(wanted)).count();
        let against = reference[position].against.map(|defaults| {
            let wins = count(Against::Wins);
            let share = wilson(wins as u64, found.len() as u64, CONFIDENCE);
            Count {
                defaults,
                wins,
                even: count(Against::Even),
                losses: count(Against::Loses),
                low: share.map_or(0.0, |share| share.low),
                high: share.map_or(1.0, |share| share.high),
                wins_where: None,
                loses_where: None,
            }
        });
        let lines = entry.expect.iter().filter(|text| Expectation::parse(text).is_ok());
        let verdicts = |(line, text): (usize, &String)| {
            let of = |wanted| mine().filter(|found| found.verdicts[line] == wanted).count();
            Verdicts {
                text: text.clone(),
                defaults: reference[position].verdicts[line],
                met: of(Verdict::Met),
                missed: of(Verdict::Missed),
                undecided: of(Verdict::Undecided),
                missed_where: None,
            }
        };
        WorldCell {
            settings: entry.settings.clone(),
            metrics: told().map(metric).into_iter().collect(),
            against,
            expectations: lines.enumerate().map(verdicts).collect(),
        }
    };
    design.cells.iter().enumerate().map(cell).collect()
}

/// A question of the form "in which worlds?", by combination.
#[derive(Clone, Copy)]
enum Asked {
    Wins,
    Loses,
    Missed(usize),
}

/// States where each outcome turns, so that all statements hold together: each is held to the number of conditions
/// and of different outcomes that were tried.
fn state_conditions(cells: &mut [WorldCell], traits: &[Trait], found: &[Vec<Found>]) {
    let conditions = conditions(traits);
    let mut questions: Vec<(usize, Asked, Vec<bool>)> = Vec::new();
    for (position, cell) in cells.iter().enumerate() {
        let lines = (0..cell.expectations.len()).map(Asked::Missed);
        let both = cell.against.iter().flat_map(|_| [Asked::Wins, Asked::Loses]);
        for asked in both.chain(lines) {
            let hit = |world: &Vec<Found>| match asked {
                Asked::Wins => world[position].against == Some(Against::Wins),
                Asked::Loses => world[position].against == Some(Against::Loses),
                Asked::Missed(line) => world[position].verdicts[line] == Verdict::Missed,
            };
            let hits: Vec<bool> = found.iter().map(hit).collect();
            if hits.contains(&true) && hits.contains(&false) {
                questions.push((position, asked, hits));
            }
        }
    }
    let different: BTreeSet<&Vec<bool>> = questions.iter().map(|(.., hits)| hits).collect();
    let tried = conditions.len() * different.len();
    for (position, asked, hits) in &questions {
        let split = best(traits, &conditions, hits, tried);
        let cell = &mut cells[*position];
        match (asked, &mut cell.against) {
            (Asked::Wins, Some(against)) => against.wins_where = split,
            (Asked::Loses, Some(against)) => against.loses_where = split,
            (Asked::Missed(line), _) => cell.expectations[*line].missed_where = split,
            _ => {}
        }
    }
}

/// Ranks the assumptions by the p99 delay of the combination that does best.
fn ranking(
    design: &Design,
    cells: &[WorldCell],
    found: &[Vec<Found>],
    traits: &[Trait],
) -> Ranking {
    let p99 = Metric::DelayP99.name();
    let wins = |cell: &WorldCell| cell.against.as_ref().map_or(0, |count| count.wins);
    let losses = |cell: &WorldCell| cell.against.as_ref().map_or(0, |count| count.losses);
    let median =
        |cell: &WorldCell| cell.metrics.get(&p99).and_then(|of| of.median).unwrap_or(f64::INFINITY);
    let compared = |position: &usize| cells[*position].against.is_some();
    let best = (0..cells.len())
        .filter(|position| design.header.compare_with.is_none() || compared(position))
        .min_by(|a, b| {
            let (a, b) = (&cells[*a], &cells[*b]);
            let by_wins = wins(b).cmp(&wins(a)).then(losses(a).cmp(&losses(b)));
            by_wins.then(median(a).total_cmp(&median(b)))
        });
    let of = best.unwrap_or(0);
    let difference = cells.get(of).is_some_and(|cell| cell.against.is_some());
    let value = |world: &Vec<Found>| {
        let found = &world[of];
        let number = match found.difference {
            Some([point, ..]) => point,
            None => found.metrics.get(&p99).copied().flatten(),
        };
        number.unwrap_or(f64::INFINITY)
    };
    let values: Vec<f64> = found.iter().map(value).collect();
    let named = |decided: Decided| Ranked {
        name: traits[decided.of].name(),
        share: crate::stats::round_significant(decided.share, 4),
        told: decided.told,
    };
    let decided = ranked(traits, &values, design.header.seed);
    let first = decided.first().filter(|decided| decided.told);
    let deciding = first.map(|decided| deciding(&traits[decided.of]));
    let assumptions = decided.into_iter().map(named).collect();
    Ranking { of, difference, assumptions, deciding }
}

fn deciding(of: &Trait) -> Deciding {
    let place = |level: &Level| match (of.feature, level) {
        (Feature::Word(words), Level::Word(word)) => {
            Place { number: None, words: words.get(*word).copied().unwrap_or("?").to_owned() }
        }
        (Feature::Number(part, _), Level::Number(number)) if number.is_finite() => {
            Place { number: Some(*number), words: part.unit.written(*number) }
        }
        (Feature::Number(_, word), _) => Place { number: None, words: word.to_owned() },
        (Feature::Word(_), Level::Number(number)) => {
            Place { number: None, words: number.to_string() }
        }
    };
    let values = of.levels.iter().map(|level| level.as_ref().map(place)).collect();
    let by_factor = matches!(of.feature, Feature::Number(part, _) if part.by_factor);
    Deciding { name: of.name(), by_factor, values }
}
