//! The differences of cells to one of them, by name.
//!
//! For each metric all cells are one family, so that "which cells differ by p99?" has an answer that holds as a
//! whole. A sweep asks cell by cell ([`Families`]): of each a few numbers are kept, however many days it has.

use super::Evidence;
use super::compare::{Difference, Family, Half, Question, Reach, family};
use super::independent::independent;
use crate::measure::{CATALOGUE, Metric};
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::SerializeMap};
use std::sync::{Mutex, PoisonError};

/// The differences of one cell to another, by the name used in files: of the whole run, then of the parts.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Differences {
    list: Vec<(String, Metric, Difference)>,
}

impl Differences {
    /// Every metric of the catalogue and `more` (such as `late.2h`), of the whole and of each part that both
    /// have: one family.
    pub fn of(ours: &Evidence, theirs: &Evidence, more: &[Metric]) -> Self {
        Differences::by(ours, theirs, more, family)
    }

    /// The same where no day of the one has a partner among the other's, which may be more or fewer. The two
    /// must have been prepared with different seeds.
    pub fn independent(ours: &Evidence, theirs: &Evidence, more: &[Metric]) -> Self {
        Differences::by(ours, theirs, more, independent)
    }

    /// The differences of some metrics only, of sides whose days have no partners.
    pub(super) fn independent_of(ours: &Evidence, theirs: &Evidence, metrics: &[Metric]) -> Self {
        let questions: Vec<Question> =
            metrics.iter().map(|metric| Question { metric: *metric, ours, theirs }).collect();
        let list = metrics.iter().zip(independent(&questions));
        Differences {
            list: list.map(|(metric, answer)| (metric.name(), *metric, answer)).collect(),
        }
    }

    fn by(
        ours: &Evidence,
        theirs: &Evidence,
        more: &[Metric],
        family: fn(&[Question]) -> Vec<Difference>,
    ) -> Self {
        let (names, questions) = (listed(ours, theirs, more), parts_of(ours, theirs));
        let side = |part: &Option<String>| match part {
            None => Some((ours, theirs)),
            Some(part) => {
                let found = questions.iter().find(|(name, ..)| name == part);
                found.map(|(_, ours, theirs)| (ours, theirs))
            }
        };
        let asked: Vec<(String, Question)> = names
            .iter()
            .filter_map(|(name, metric, part)| {
                let (ours, theirs) = side(part)?;
                Some((name.clone(), Question { metric: *metric, ours, theirs }))
            })
            .collect();
        let questions: Vec<Question> = asked.iter().map(|(_, question)| *question).collect();
        let answers = family(&questions);
        let list = asked.into_iter().zip(answers);
        Differences { list: list.map(|((name, q), answer)| (name, q.metric, answer)).collect() }
    }

    /// The same of several pairs, ours and theirs; of `paired` days or independent ones. For each metric the pairs
    /// are a family, so that "which cells differ by p99?" has an answer that holds as a whole. Pairs may have
    /// different numbers of days.
    pub fn of_pairs(pairs: &[(&Evidence, &Evidence)], paired: bool) -> Vec<Self> {
        let family = if paired { family } else { independent };
        let mut all = vec![Differences::default(); pairs.len()];
        let Some((first, reference)) = pairs.first() else { return all };
        let parts: Vec<_> = pairs.iter().map(|(ours, theirs)| parts_of(ours, theirs)).collect();
        for (name, metric, part) in listed(first, reference, &[]) {
            let ask = |pair: usize| question(pairs[pair], &parts[pair], metric, part.as_deref());
            let asked: Vec<(usize, Question)> =
                (0..pairs.len()).filter_map(|pair| Some((pair, ask(pair)?))).collect();
            let questions: Vec<Question> = asked.iter().map(|(_, question)| *question).collect();
            for ((pair, _), answer) in asked.iter().zip(family(&questions)) {
                all[*pair].list.push((name.clone(), metric, answer));
            }
        }
        all
    }

    /// These differences, by name.
    pub(super) fn from_list(list: Vec<(String, Metric, Difference)>) -> Self {
        Differences { list }
    }

    /// Every difference by name, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Metric, &Difference)> {
        self.list.iter().map(|(name, metric, difference)| (name.as_str(), *metric, difference))
    }

    /// The difference of this name.
    pub fn get(&self, name: &str) -> Option<&Difference> {
        self.list.iter().find(|(other, ..)| other == name).map(|(.., difference)| difference)
    }
}

/// Differences of many cells to one, each asked for when its evidence is at hand.
#[derive(Debug)]
pub(super) struct Families {
    /// What is compared: name, metric, part.
    names: Vec<(String, Metric, Option<String>)>,
    families: Vec<Mutex<Family>>,
}

impl Families {
    /// Of nobody yet. What is compared is what `first` and `reference` both tell of.
    pub(super) fn new(first: &Evidence, reference: &Evidence) -> Self {
        let names = listed(first, reference, &[]);
        let families = names.iter().map(|_| Mutex::default()).collect();
        Families { names, families }
    }

    /// What can be said of one cell without the others. Cells may be asked for in any order.
    pub(super) fn ask(&self, ours: &Evidence, theirs: &Evidence) -> Vec<Option<Half>> {
        let parts = parts_of(ours, theirs);
        let ask = |((_, metric, part), family): (&(_, Metric, Option<String>), &Mutex<Family>)| {
            let question = question((ours, theirs), &parts, *metric, part.as_deref())?;
            let (half, sampled) = Half::of(&question);
            family.lock().unwrap_or_else(PoisonError::into_inner).add(&half, sampled.as_ref());
            Some(half)
        };
        self.names.iter().zip(&self.families).map(ask).collect()
    }

    /// The differences of each cell, once all were asked for.
    pub(super) fn answer(self, cells: Vec<Vec<Option<Half>>>) -> Vec<Differences> {
        let reach = |family: Mutex<Family>| {
            family.into_inner().unwrap_or_else(PoisonError::into_inner).reach()
        };
        let reaches: Vec<Reach> = self.families.into_iter().map(reach).collect();
        let of_cell = |halves: Vec<Option<Half>>| {
            let named = halves.into_iter().zip(&reaches).zip(&self.names);
            let list = named.filter_map(|((half, reach), (name, metric, _))| {
                Some((name.clone(), *metric, half?.answer(*reach)))
            });
            Differences { list: list.collect() }
        };
        cells.into_iter().map(of_cell).collect()
    }
}

/// The question about `metric` of the whole or of a part, if both sides have that part.
fn question<'a>(
    (ours, theirs): (&'a Evidence<'a>, &'a Evidence<'a>),
    parts: &'a [(String, Evidence<'a>, Evidence<'a>)],
    metric: Metric,
    part: Option<&str>,
) -> Option<Question<'a>> {
    let Some(part) = part else { return Some(Question { metric, ours, theirs }) };
    let (_, ours, theirs) = parts.iter().find(|(name, ..)| name == part)?;
    Some(Question { metric, ours, theirs })
}

/// The parts that both sides have, with their evidence.
fn parts_of<'a>(
    ours: &Evidence<'a>,
    theirs: &Evidence<'a>,
) -> Vec<(String, Evidence<'a>, Evidence<'a>)> {
    let both = |name: &str| Some((name.to_owned(), ours.part(name)?, theirs.part(name)?));
    ours.parts().filter_map(|part| both(&part.name)).collect()
}

/// What is compared: name, metric and part.
fn listed(
    ours: &Evidence,
    theirs: &Evidence,
    more: &[Metric],
) -> Vec<(String, Metric, Option<String>)> {
    let catalogue = CATALOGUE.iter().map(|entry| entry.metric);
    let mut wanted: Vec<Metric> = catalogue.chain(more.iter().copied()).collect();
    wanted.sort();
    wanted.dedup();
    let whole = wanted.iter().map(|metric| (metric.name(), *metric, None));
    let both = ours.parts().filter(|part| theirs.parts().any(|other| other == *part));
    let parts = both.flat_map(|part| {
        let covered = wanted.iter().filter(|metric| metric.covers(&part.filter));
        let name = part.name.to_string();
        let of =
            |metric: &Metric| (format!("{}@{name}", metric.name()), *metric, Some(name.clone()));
        covered.map(of).collect::<Vec<_>>()
    });
    whole.chain(parts).collect()
}

impl Serialize for Differences {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.list.len()))?;
        for (name, _, difference) in self.iter() {
            map.serialize_entry(name, difference)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Differences {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let map = serde_json::Map::deserialize(deserializer)?;
        let read = |(name, value): (String, serde_json::Value)| {
            let whole = name.split('@').next().unwrap_or_default();
            let metric = Metric::parse(whole).map_err(D::Error::custom)?;
            Ok((name, metric, Difference::deserialize(value).map_err(D::Error::custom)?))
        };
        Ok(Differences { list: map.into_iter().map(read).collect::<Result<_, _>>()? })
    }
}
