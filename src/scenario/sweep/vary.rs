//! Worlds: a sweep's assumptions drawn anew, the same for all of its combinations.
//!
//! Varied is what is assumed and what nobody has said: neither the base nor `--set` nor any combination. A key of
//! which the least or greatest value is refused by some combination, or whose values come to the same
//! everywhere, is left as it is, with the reason. So a world is refused only where drawn values do not go
//! together; then those that came later in the table go back to their defaults, in that world alone.

use super::super::assumption::Drawn;
use super::super::keys::{self, KeyDoc};
use super::super::origins::{Origin, Setting};
use super::super::problem::Problems;
use super::super::{LoadError, Override, check_top, node, overrides, read_text};
use super::{Base, Combined, Design, Sweep, plain};
use std::path::Path;

/// So many combinations are asked whether they take a value; the others are asked in each world anyway.
const MOST_ASKED: usize = 50;

/// What of the assumptions is drawn anew.
#[derive(Clone, Debug, Default)]
pub struct Varied {
    /// Keys that are drawn, in the order of the table.
    pub keys: Vec<&'static KeyDoc>,
    /// Assumptions that are not, and why.
    pub kept: Vec<(&'static str, String)>,
}

/// The values of one world.
#[derive(Clone, Debug, PartialEq)]
pub struct World {
    /// Its number; 0 is the world of the defaults.
    pub number: u32,
    /// One for each key of [`Varied`], in order.
    pub draws: Vec<Draw>,
}

/// One value of a world.
#[derive(Clone, Debug, PartialEq)]
pub struct Draw {
    /// The key.
    pub key: &'static str,
    /// The value drawn.
    pub drawn: Drawn,
    /// Why the default holds instead, if it does.
    pub refused: Option<String>,
}

impl World {
    /// As `--set` would put it.
    pub fn overrides(&self) -> Vec<Override> {
        let held = self.draws.iter().filter(|draw| draw.refused.is_none());
        held.map(Draw::as_override).collect()
    }
}

impl Draw {
    fn as_override(&self) -> Override {
        Override { key: self.key.to_owned(), value: self.drawn.value.clone() }
    }
}

impl Sweep {
    /// One scenario with `--set`, as a sweep of a single combination. Its own expectations are not read.
    ///
    /// # Errors
    /// If the file cannot be read or is no scenario; problems inside are found by [`Sweep::combined`].
    pub fn alone(file: &Path, set: &[Override]) -> Result<Sweep, LoadError> {
        let text = read_text(file)?;
        let name = file.to_string_lossy().into_owned();
        let refuse =
            |problem| LoadError::Invalid(Problems::new(&name, plain(&text), vec![problem]));
        let mut root = node::parse(plain(&text)).map_err(|problem| refuse(*problem))?;
        check_top(&root).map_err(|problem| refuse(*problem))?;
        overrides::apply(&mut root, set, &mut Vec::new());
        let folder = file.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Sweep {
            find: None,
            name: file.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            about: String::new(),
            file: file.to_owned(),
            design: Design::List,
            keys: Vec::new(),
            compare_with: None,
            until: None,
            expect: Vec::new(),
            text: text.clone(),
            base: Base { name, text, folder, root },
            values: Vec::new(),
            combinations: vec![Vec::new()],
        })
    }

    /// Which assumptions of these valid combinations are drawn anew, and which are not.
    pub fn varied(&self, combinations: &[usize]) -> Varied {
        let mut varied = Varied::default();
        let asked: Vec<usize> = spread(combinations);
        let plain: Vec<Combined> =
            asked.iter().filter_map(|index| self.combined_with(*index, &[]).ok()).collect();
        for doc in keys::all().filter(|doc| doc.range.is_some() || !doc.kept.is_empty()) {
            if self.is_said(doc, &plain) {
                continue;
            }
            let why = match doc.kept {
                "" => self.refused(doc, &asked),
                why => Some(why.to_owned()),
            };
            match why {
                None => varied.keys.push(doc),
                Some(why) => varied.kept.push((doc.path, why)),
            }
        }
        let all = std::mem::take(&mut varied.keys);
        for doc in &all {
            match self.matters(doc, &all, &asked) {
                true => varied.keys.push(doc),
                false => varied.kept.push((doc.path, "it changes nothing here".to_owned())),
            }
        }
        varied
    }

    /// Whether somebody has said what `doc` is, or it has no meaning in any combination.
    fn is_said(&self, doc: &KeyDoc, combinations: &[Combined]) -> bool {
        let varies = |key: &String| related(key, doc.path) && !is_switch(key, doc.path);
        let said = |setting: &Setting| {
            setting.origin != Origin::Default
                && related(&setting.key, doc.path)
                && !(is_switch(&setting.key, doc.path) && setting.value.trim() == "on")
        };
        let any = |of: &dyn Fn(&Setting) -> bool| {
            combinations.iter().any(|combined| combined.settings.iter().any(of))
        };
        // A form that was not chosen, such as the profile of another kind of arrivals, holds nowhere.
        let holds = |setting: &Setting| {
            let switched_on = is_switch(&setting.key, doc.path) && setting.value.trim() == "on";
            setting.key == doc.path || switched_on
        };
        self.keys.iter().any(varies) || any(&said) || !any(&holds)
    }

    /// Why `doc` cannot be varied, if some combination refuses a value of it.
    fn refused(&self, doc: &KeyDoc, asked: &[usize]) -> Option<String> {
        let refused = |value: String| {
            let set = [Override { key: doc.path.to_owned(), value }];
            let why = asked.iter().find_map(|index| self.combined_with(*index, &set).err())?;
            Some(format!("{} is refused: {why}", set[0].value))
        };
        doc.range?.extremes().into_iter().find_map(refused)
    }

    /// Whether the values of `doc` come to different parameters when all others are at their last: what sick
    /// machines do matters only where there are some.
    fn matters(&self, doc: &KeyDoc, all: &[&KeyDoc], asked: &[usize]) -> bool {
        let last = |doc: &&KeyDoc| {
            let value = doc.range?.extremes().pop()?;
            Some(Override { key: doc.path.to_owned(), value })
        };
        let base: Vec<Override> = all.iter().filter_map(last).collect();
        let values = doc.range.map(|range| range.extremes()).unwrap_or_default();
        asked.iter().any(|index| {
            let params = |value: &String| {
                let mut set = base.clone();
                let own = set.iter_mut().find(|one| one.key == doc.path)?;
                own.value.clone_from(value);
                Some(self.combined_with(*index, &set).ok()?.scenario.params)
            };
            let each: Vec<_> = values.iter().map(params).collect();
            // What is refused beside the others' last values may matter beside their other ones.
            each.iter().any(|params| params.is_none() || *params != each[0])
        })
    }

    /// World `number` under `seed`, and these combinations in it.
    pub fn world(
        &self,
        varied: &Varied,
        combinations: &[usize],
        (seed, number): (u64, u32),
    ) -> (World, Vec<Combined>) {
        let draw = |doc: &&'static KeyDoc| {
            let drawn = doc.range?.draw(doc.path, seed, number);
            Some(Draw { key: doc.path, drawn, refused: None })
        };
        let mut world = World { number, draws: varied.keys.iter().filter_map(draw).collect() };
        if let Ok(all) = self.all_with(combinations, &world.overrides()) {
            return (world, all);
        }
        let mut held = Vec::new();
        for draw in &mut world.draws {
            held.push(draw.as_override());
            if let Err(why) = self.all_with(combinations, &held) {
                held.pop();
                draw.refused = Some(why);
            }
        }
        let all = self.all_with(combinations, &held);
        (world, all.unwrap_or_default())
    }

    fn all_with(&self, combinations: &[usize], set: &[Override]) -> Result<Vec<Combined>, String> {
        combinations.iter().map(|index| self.combined_with(*index, set)).collect()
    }
}

/// At most [`MOST_ASKED`] of these, spread evenly.
fn spread(combinations: &[usize]) -> Vec<usize> {
    let step = combinations.len().div_ceil(MOST_ASKED).max(1);
    combinations.iter().step_by(step).copied().collect()
}

/// Whether one of the keys is the other or holds it.
fn related(one: &str, other: &str) -> bool {
    let holds = |outer: &str, inner: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    holds(one, other) || holds(other, one)
}

/// Whether `key` only switches on what `path` belongs to: `hoststat: on` says nothing of the keys beside it.
fn is_switch(key: &str, path: &str) -> bool {
    key == "proofpoint.hoststat" && path.starts_with("proofpoint.hoststat.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn alone(text: &str) -> Sweep {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("x.yaml");
        fs::write(&file, text).expect("written");
        Sweep::alone(&file, &[]).expect("read")
    }

    fn keys_of(sweep: &Sweep) -> Vec<&'static str> {
        sweep.varied(&[0]).keys.iter().map(|doc| doc.path).collect()
    }

    #[test]
    fn what_somebody_has_said_is_not_varied() {
        let free = keys_of(&alone("name: x"));
        assert!(free.contains(&"exchange_online.max_connections"), "{free:?}");
        assert!(free.contains(&"proofpoint.hoststat.marks"), "{free:?}");
        let sick = "exchange_online.unhealthy_machines.behaviour";
        assert!(free.contains(&sick), "it matters, since their share is drawn as well");
        let none = keys_of(&alone("exchange_online: { unhealthy_machines: { share: 0% } }"));
        assert!(!none.contains(&sick), "there are none");
        assert!(!free.contains(&"exchange_online.connection_lifetime"), "documented, not assumed");
        let said = keys_of(&alone("exchange_online: { max_connections: unlimited }"));
        assert!(!said.contains(&"exchange_online.max_connections"), "even if it is the default");
        assert_eq!(said.len() + 1, free.len());
        let size = keys_of(&alone("mail: { size: { fixed: 5 KB } }"));
        assert!(!size.contains(&"mail.size"), "{size:?}");
        let marks = |text: &str| keys_of(&alone(text)).contains(&"proofpoint.hoststat.marks");
        assert!(marks("proofpoint: { hoststat: on }"));
        assert!(!marks("proofpoint: { hoststat: off }"));
        assert!(!marks("proofpoint: { hoststat: { marks: sendmail } }"));
    }

    #[test]
    fn what_the_scenario_does_not_take_stays_as_it_is_and_says_why() {
        let sweep = alone("mail: { arrivals: { constant: { rate: 1/s } } }");
        let varied = sweep.varied(&[0]);
        let why = |key: &str| varied.kept.iter().find(|(other, _)| *other == key);
        let (_, why) = why("mail.burstiness").expect("kept");
        assert!(why.contains("is refused") && why.contains("burstiness beside"), "{why}");
        let shared = alone("network: { bandwidth: { shared: 20 Mbit/s } }");
        assert!(!keys_of(&shared).contains(&"network.bandwidth.per_connection"));
    }

    #[test]
    fn drawn_values_that_do_not_go_together_fall_back_one_by_one() {
        // With periodic runs drawn, a pause of persistent runs is refused: so it is known from the outset ..
        let sweep = alone("proofpoint: { run_pause: { after_work: 2s } }");
        let varied = sweep.varied(&[0]);
        assert!(varied.kept.iter().any(|(key, _)| *key == "proofpoint.queue_runs"));
        // .. and where it is not, only what does not fit goes back.
        let mut all = sweep.varied(&[0]);
        all.keys.insert(0, keys::find("proofpoint.queue_runs").expect("a key"));
        let mut refused = 0;
        for number in 1..=20 {
            let (world, combined) = sweep.world(&all, &[0], (1, number));
            assert_eq!(combined.len(), 1);
            let periodic = world.draws[0].drawn.value == "periodic";
            assert_eq!(world.draws[0].refused.is_some(), periodic);
            assert!(world.draws[1..].iter().all(|draw| draw.refused.is_none()), "{world:?}");
            refused += usize::from(periodic);
        }
        assert!((3..18).contains(&refused), "{refused}");
    }

    #[test]
    fn every_shipped_scenario_takes_two_hundred_worlds_of_several_seeds() {
        let mut files = 0;
        for entry in fs::read_dir("scenarios").expect("listed") {
            let path = entry.expect("an entry").path();
            if path.extension().is_none_or(|ending| ending != "yaml") {
                continue;
            }
            files += 1;
            let sweep = Sweep::alone(&path, &[]).expect("read");
            let varied = sweep.varied(&[0]);
            assert!(varied.keys.len() > 10, "{}: {:?}", path.display(), varied.kept);
            for (seed, number) in (0..200).map(|n| (n % 7, n as u32 / 7 + 1)) {
                let (world, combined) = sweep.world(&varied, &[0], (seed, number));
                assert_eq!(combined.len(), 1, "{}", path.display());
                let refused = world.draws.iter().find(|draw| draw.refused.is_some());
                assert_eq!(refused, None, "{} in world {number} of {seed}", path.display());
            }
        }
        assert!(files > 10);
    }
}
