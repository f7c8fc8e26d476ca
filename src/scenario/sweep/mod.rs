//! Sweeps: a base scenario, and the values of some of its keys that are to be combined.
//!
//! A combination is the base's tree with the values put into it, read like any other scenario: so a swept value
//! is held to the same rules as a typed one. Its nodes remember that they come from the sweep file, and what
//! is wrong with them is shown there, by line.

mod find;
pub mod keys;
mod read;
mod schema;
mod vary;

pub use find::{Find, Ladder};
pub use read::load;
pub use schema::schema;
pub use vary::{Draw, Varied, World};

use super::node::{Node, Place};
use super::origins::{self, Setting, written};
use super::problem::{LoadError, Problem, Problems};
use super::{ExpectLine, Override, Scenario, from_tree, overrides};
use std::path::PathBuf;

/// More combinations than this are a slip of the pen.
pub const MOST_COMBINATIONS: usize = 100_000;

/// What marks a node that comes from the sweep file.
const ORIGIN: &str = "sweep";

/// A sweep file, read. Its combinations are made one by one: [`Sweep::scenario`].
#[derive(Clone, Debug)]
pub struct Sweep {
    /// The key `name`, else the stem of the file's name.
    pub name: String,
    /// The key `about`; may be empty.
    pub about: String,
    /// The file as the user named it.
    pub file: PathBuf,
    /// How combinations are made.
    pub design: Design,
    /// The keys that vary, in the order of the file.
    pub keys: Vec<String>,
    /// `compare_with`: the combination that the others are compared with.
    pub compare_with: Option<usize>,
    /// `run.until`, in place of a fixed number of repeats.
    pub until: Option<Until>,
    /// The value that is sought, for each combination.
    pub find: Option<Find>,
    /// What is expected, and of which combinations.
    pub expect: Vec<Expected>,
    /// The text of the file.
    pub text: String,
    base: Base,
    /// By key: each value that occurs, and where its key stands.
    values: Vec<Vec<(Place, Node)>>,
    combinations: Vec<Vec<Option<usize>>>,
}

/// How combinations are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Design {
    /// Each value with each of the others.
    Grid,
    /// The base, then each value alone.
    OneAtATime,
    /// Those that are listed.
    List,
}

impl Design {
    /// The word in the file.
    pub fn word(self) -> &'static str {
        match self {
            Design::Grid => "grid",
            Design::OneAtATime => "one_at_a_time",
            Design::List => "list",
        }
    }
}

/// Go on until a metric is known so well.
#[derive(Clone, Debug, PartialEq)]
pub struct Until {
    /// Which, as text; `experiment` reads it.
    pub metric: ExpectLine,
    /// Half the width of its interval, as a share of its value.
    pub relative: f64,
    /// Replications at which to give up.
    pub at_most: u32,
}

/// One expectation of a sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The line.
    pub line: ExpectLine,
    /// The key under which it stands, for messages: `expect[1]`, `expect[1].expect[0]`.
    pub key: String,
    /// The combinations it is about; `None` = all.
    pub of: Option<Vec<usize>>,
}

/// The scenario that everything else is put into.
#[derive(Clone, Debug)]
struct Base {
    name: String,
    text: String,
    folder: PathBuf,
    /// Without what the sweep replaces, and with its `run:`.
    root: Node,
}

/// One combination, ready to run.
#[derive(Clone, Debug)]
pub struct Combined {
    /// The scenario.
    pub scenario: Scenario,
    /// Every key that holds in it.
    pub settings: Vec<Setting>,
}

impl Sweep {
    /// How many combinations there are.
    pub fn len(&self) -> usize {
        self.combinations.len()
    }

    /// Whether there are none; there always is one.
    pub fn is_empty(&self) -> bool {
        self.combinations.is_empty()
    }

    /// Combination `index`, checked and resolved.
    ///
    /// # Errors
    /// Every problem, in the sweep file and in the base.
    pub fn combined(&self, index: usize) -> Result<Combined, Vec<LoadError>> {
        let (root, mut problems) = self.tree(index);
        let (scenario, found) = from_tree(&root, &self.base.name, &self.base.folder);
        problems.extend(found);
        if !problems.is_empty() {
            return Err(self.refusal(problems));
        }
        Ok(Combined { scenario, settings: origins::of_tree(&root) })
    }

    /// Combination `index` with these values put into it.
    ///
    /// # Errors
    /// The first problem, in a sentence.
    pub fn combined_with(&self, index: usize, set: &[Override]) -> Result<Combined, String> {
        let (mut root, mut problems) = self.tree(index);
        overrides::apply(&mut root, set, &mut problems);
        let (scenario, found) = from_tree(&root, &self.base.name, &self.base.folder);
        problems.extend(found);
        match problems.first() {
            None => Ok(Combined { scenario, settings: origins::of_tree(&root) }),
            Some(Problem { key, found, accepted, .. }) => {
                Err(format!("{key}: {found}, where {accepted} is accepted"))
            }
        }
    }

    /// Combination `index` without what only people want to know.
    ///
    /// # Errors
    /// As [`Sweep::combined`].
    pub fn scenario(&self, index: usize) -> Result<Scenario, Vec<LoadError>> {
        let (root, problems) = self.tree(index);
        let (scenario, found) = from_tree(&root, &self.base.name, &self.base.folder);
        match problems.is_empty() && found.is_empty() {
            true => Ok(scenario),
            false => Err(self.refusal(problems.into_iter().chain(found).collect())),
        }
    }

    /// What distinguishes combination `index`: the value of each key that varies, as written; `None` where the
    /// base's holds.
    pub fn values_of(&self, index: usize) -> Vec<Option<String>> {
        let chosen = self.combinations[index].iter().zip(&self.values);
        chosen.map(|(chosen, values)| chosen.map(|value| written(&values[value].1))).collect()
    }

    /// The values of a key that vary, as written.
    pub fn values(&self, key: usize) -> Vec<String> {
        self.values[key].iter().map(|(_, node)| written(node)).collect()
    }

    /// What the base says of each key that varies.
    pub fn base_values(&self) -> Vec<String> {
        let settings = origins::of_tree(&self.base.root);
        let value = |key: &String| {
            let long = format!("{key}.enabled");
            let known = |path: &str| settings.iter().find(|setting| setting.key == path);
            let of = known(key).or_else(|| known(&long)).map(|setting| setting.value.clone());
            let part = || {
                let inside = |setting: &&Setting| setting.key.starts_with(&format!("{key}."));
                let parts: Vec<String> = settings
                    .iter()
                    .filter(inside)
                    .map(|part| format!("{}: {}", &part.key[key.len() + 1..], part.value))
                    .collect();
                format!("{{ {} }}", parts.join(", "))
            };
            of.unwrap_or_else(part)
        };
        self.keys.iter().map(value).collect()
    }

    fn tree(&self, index: usize) -> (Node, Vec<Problem>) {
        let (mut root, mut problems) = (self.base.root.clone(), Vec::new());
        let chosen = self.combinations[index].iter().zip(&self.values).zip(&self.keys);
        for ((chosen, values), key) in chosen {
            let Some((place, node)) = chosen.map(|value| &values[value]) else { continue };
            if let Err([found, accepted, message]) =
                overrides::put(&mut root, key, node.clone(), place)
            {
                problems.push(Problem::at(place, key, &found, &accepted, &message));
            }
        }
        (root, problems)
    }

    /// Problems sorted by the file they are to be mended in.
    fn refusal(&self, problems: Vec<Problem>) -> Vec<LoadError> {
        let (own, bases): (Vec<Problem>, Vec<Problem>) =
            problems.into_iter().partition(|problem| problem.origin.as_deref() == Some(ORIGIN));
        let own = own.into_iter().map(|problem| Problem { origin: None, ..problem }).collect();
        let base = Problems::new(&self.base.name, plain(&self.base.text), bases);
        [self.problems(own), base]
            .into_iter()
            .filter(|problems| !problems.list.is_empty())
            .map(LoadError::Invalid)
            .collect()
    }

    /// These problems of the sweep file.
    pub fn problems(&self, list: Vec<Problem>) -> Problems {
        Problems::new(&self.file.to_string_lossy(), plain(&self.text), list)
    }

    /// Checks every combination.
    ///
    /// # Errors
    /// Every problem, each once however many combinations have it.
    pub fn check(&self) -> Result<(), Vec<LoadError>> {
        let all = self.every_problem();
        if all.is_empty() { Ok(()) } else { Err(self.refusal(all)) }
    }

    /// Every problem of any combination, once.
    fn every_problem(&self) -> Vec<Problem> {
        let mut all: Vec<Problem> = Vec::new();
        for index in 0..self.len() {
            let (root, problems) = self.tree(index);
            let (_, found) = from_tree(&root, &self.base.name, &self.base.folder);
            for problem in problems.into_iter().chain(found) {
                let same = |other: &Problem| {
                    let of = |p: &Problem| (p.origin.clone(), p.line, p.column, p.key.clone());
                    of(other) == of(&problem)
                };
                if !all.iter().any(same) {
                    all.push(problem);
                }
            }
            // Whoever has so many will not read more of them.
            if all.len() > 50 {
                break;
            }
        }
        all
    }
}

fn plain(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

#[cfg(test)]
mod tests;
