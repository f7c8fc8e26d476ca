//! Which worlds there are, and what has to be simulated for them.

use super::super::store::CellId;
use super::super::sweep::{Design, Entry, Header, Task};
use super::Trait;
use crate::scenario::sweep::{Sweep, Varied, World};
use crate::scenario::{Override, Scenario, Setting};
use std::collections::btree_map::{BTreeMap, Entry as Slot};

/// More worlds than this tell nothing more.
pub const MOST_WORLDS: u32 = 10_000;
/// Worlds times combinations: each is kept with its settings.
pub const MOST_CELLS: u64 = 200_000;

/// The worlds, the combinations in each, and the design that a store holds of them.
#[derive(Clone, Debug)]
pub struct WorldPlan {
    /// What is varied and what is not.
    pub varied: Varied,
    /// From number 1.
    pub worlds: Vec<World>,
    /// Each different scenario once, in the order in which it is first met.
    pub design: Design,
    /// By world (the defaults first) and combination: its cell in the design.
    pub cells: Vec<Vec<usize>>,
    /// By cell: the world and the combination in which it is first met.
    first: Vec<(usize, usize)>,
}

impl WorldPlan {
    /// Draws `worlds` worlds under the seed of `design` and resolves the combinations of `sweep` (its numbers, in the
    /// order of `design`) in each. `finish` gives a scenario its seed and repeats, `id` what its records are found by.
    pub fn of(
        sweep: &Sweep,
        (design, combinations): (&Design, &[usize]),
        worlds: u32,
        finish: &dyn Fn(Scenario) -> Scenario,
        id: &dyn Fn(&Scenario, &[Setting]) -> CellId,
    ) -> Self {
        let varied = sweep.varied(combinations);
        let mut plan = WorldPlan {
            varied,
            worlds: Vec::new(),
            design: Design { header: header(design), cells: Vec::new() },
            cells: Vec::new(),
            first: Vec::new(),
        };
        let mut known: BTreeMap<String, usize> = BTreeMap::new();
        for number in 0..=worlds {
            let when = (design.header.seed, number);
            let none = Varied::default();
            let varied = if number == 0 { &none } else { &plan.varied };
            let (world, all) = sweep.world(varied, combinations, when);
            let mut cells = Vec::with_capacity(all.len());
            for (combination, combined) in all.into_iter().enumerate() {
                let id = id(&finish(combined.scenario), &combined.settings);
                let cell = match known.entry(id.key.clone()) {
                    Slot::Occupied(same) => *same.get(),
                    Slot::Vacant(new) => {
                        let cell = *new.insert(plan.design.cells.len());
                        plan.design.cells.push((id, entry(&design.cells[combination].1, number)));
                        plan.first.push((number as usize, combination));
                        cell
                    }
                };
                cells.push(cell);
            }
            plan.cells.push(cells);
            if number > 0 {
                plan.worlds.push(world);
            }
        }
        plan
    }

    /// The values that the world of a cell puts into the scenario, and the cell's combination.
    pub fn overrides_of(&self, cell: usize) -> (Vec<Override>, usize) {
        let (world, combination) = self.first[cell];
        let world = world.checked_sub(1).map(|index| self.worlds[index].overrides());
        (world.unwrap_or_default(), combination)
    }

    /// These tasks world by world, so that a stop leaves whole worlds.
    pub fn in_order(&self, mut tasks: Vec<Task>) -> Vec<Task> {
        tasks.sort_by_key(|task| (self.first[task.cell as usize].0, task.number, task.cell));
        tasks
    }

    /// In what the worlds differ.
    pub fn traits(&self) -> Vec<Trait> {
        let mut all = Vec::new();
        for (position, doc) in self.varied.keys.iter().enumerate() {
            let Some(range) = doc.range else { continue };
            for (part, feature) in range.features().into_iter().enumerate() {
                let level = |world: &World| {
                    let draw = world.draws.get(position)?;
                    draw.refused.is_none().then(|| draw.drawn.levels.get(part).copied())?
                };
                let levels = self.worlds.iter().map(level).collect();
                all.push(Trait { key: doc.path, feature, levels });
            }
        }
        all
    }
}

fn header(design: &Design) -> Header {
    Header { lines: vec![Design::program()], ..design.header.clone() }
}

fn entry(of: &Entry, world: u32) -> Entry {
    let mut settings = serde_json::Map::new();
    settings.insert("world".to_owned(), world.into());
    settings.extend(of.settings.clone());
    Entry { settings, ..of.clone() }
}
