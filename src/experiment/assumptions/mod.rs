//! Doubting the assumptions: the same experiment in many worlds, each with other values for what is only
//! assumed. What wins in nearly all of them does not hang on the assumptions; what does not says where it loses.
//!
//! The order of work: [`WorldPlan::of`] draws the worlds and resolves every combination in each, [`super::sweep::run_tasks`]
//! does what the store lacks, world by world, and [`conclude_worlds`] makes the answer of what is stored. World 0 is
//! the reference in which every assumption holds; it is not among the worlds that are counted.

mod conclude;
mod plan;
mod rank;
mod split;

pub use conclude::{
    Against, Count, Deciding, Found, Place, Quantiles, Ranked, Ranking, Verdicts, WorldCell,
    WorldRow, Worlds, conclude_worlds,
};
pub use plan::{MOST_CELLS, MOST_WORLDS, WorldPlan};
pub use split::{Condition, Split, Test};

use crate::scenario::assumption::{Feature, Level};

/// One way in which worlds differ: an assumption, or a part of one.
#[derive(Clone, Debug)]
pub struct Trait {
    /// The key.
    pub key: &'static str,
    /// What its values look like.
    pub feature: Feature,
    /// Its value in each world; `None` where the default holds since the value drawn does not fit.
    pub levels: Vec<Option<Level>>,
}

impl Trait {
    /// The key, with the part where there are several.
    pub fn name(&self) -> String {
        match self.feature {
            Feature::Number(part, _) if !part.name.is_empty() => {
                format!("{} {}", self.key, part.name)
            }
            _ => self.key.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
