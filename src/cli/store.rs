//! The result store of an output folder, as the commands open and use it.

use super::Exit;
use super::args::SweepArgs;
use crate::experiment::store::{CellId, RunError, Store, StoreError, cell_key};
use crate::experiment::sweep::{Design, Entry, Header, Page};
use crate::experiment::{ReplicationSettings, Warning};
use crate::report::{self, charts};
use crate::scenario::{Drain, Origin, Scenario, Setting};
use std::path::Path;

/// What the store of a folder is called.
pub(super) const FILE: &str = "results.sqlite";

/// Opens the store at `path`; `fresh` starts it over.
pub(super) fn open(path: &Path, fresh: bool) -> Result<Store, Exit> {
    let remove = if fresh { Store::remove(path) } else { Ok(()) };
    remove.and_then(|()| Store::open(path)).map_err(|error| complain(&error))
}

/// Says what is wrong with a store.
pub(super) fn complain(error: &StoreError) -> Exit {
    eprintln!("mailflow: {error}");
    Exit::Io
}

/// Says why a run against a store has ended; `kept` tells how to go on after Ctrl-C.
pub(super) fn ended(error: &RunError, kept: &str) -> Exit {
    match error {
        RunError::Store(error) => complain(error),
        RunError::Scenario(why) => {
            eprintln!("mailflow: a file has changed meanwhile: {why}\n{kept}");
            Exit::Io
        }
        RunError::Stopped(_) => {
            eprintln!("mailflow: stopped; {kept}");
            Exit::Stopped
        }
    }
}

/// What the records of `scenario` are found by; `settings` tell people what it is.
pub(super) fn cell_id(scenario: &Scenario, settings: &[Setting]) -> CellId {
    CellId {
        key: cell_key(&scenario.params, &ReplicationSettings::from(scenario)),
        seed: scenario.run.seed,
        text: lines(settings).join("\n"),
    }
}

/// That a scenario which was read once more, since there is no room to keep them all, is still the one that its
/// records are stored under.
pub(super) fn unchanged(scenario: &Scenario, id: &CellId) -> Result<(), RunError> {
    match cell_key(&scenario.params, &ReplicationSettings::from(scenario)) == id.key {
        true => Ok(()),
        false => Err(RunError::Scenario(format!("{} is not what it was", scenario.name))),
    }
}

/// What the folder of a run shows, for who compares it later: a design of one cell.
pub(super) fn shown(
    scenario: &Scenario,
    settings: &[Setting],
    repeats: u32,
    notes: Vec<Warning>,
    command: String,
) -> Design {
    let header = Header {
        name: scenario.name.clone(),
        about: scenario.about.clone(),
        seed: scenario.run.seed,
        repeats,
        until: None,
        find: None,
        compare_with: None,
        trust: report::trust(&scenario.params),
        lines: vec![Design::program()],
        page: Some(page(scenario, settings, command)),
    };
    let entry = Entry {
        settings: serde_json::Map::new(),
        expect: Vec::new(),
        notes,
        simulate: scenario.run.simulate,
        drained: scenario.run.drain == Drain::UntilEmpty,
        spot: None,
    };
    Design { header, cells: vec![(cell_id(scenario, settings), entry)] }
}

/// What the page of a scenario's results says beside the numbers.
pub(super) fn page(scenario: &Scenario, settings: &[Setting], command: String) -> Page {
    const APART: [&str; 2] = ["name", "about"];
    let origin = |origin: Origin| match origin {
        Origin::Line(line) => format!("line {line}"),
        Origin::Set => "set for this".to_owned(),
        Origin::Default => "default".to_owned(),
    };
    let told = settings.iter().filter(|setting| !APART.contains(&setting.key.as_str()));
    let row = |one: &Setting| [one.key.clone(), one.value.clone(), origin(one.origin)];
    Page {
        command,
        starts: scenario.run.starts,
        disturbances: charts::disturbances(scenario),
        settings: told.map(row).collect(),
    }
}

/// The command that does the same sweep again.
pub(super) fn command(args: &SweepArgs) -> String {
    let mut words = vec!["sweep".to_owned(), file_name(&args.file)];
    words.extend(args.seed.map(|seed| format!("--seed {seed}")));
    words.extend(args.repeats.map(|repeats| format!("--repeats {repeats}")));
    format!("mailflow {}", words.join(" "))
}

/// What a file is called, as a word of a shell; its folder is nobody's business.
pub(super) fn file_name(file: &Path) -> String {
    quoted(&file.file_name().unwrap_or_default().to_string_lossy())
}

/// A word of a shell.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:%,+".contains(c);
    match word.chars().all(plain) && !word.is_empty() {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

/// Every setting that may change results, one a line.
pub(super) fn lines(settings: &[Setting]) -> Vec<String> {
    const APART: [&str; 5] = ["name", "about", "run.repeats", "run.seed", "expect"];
    let decides = |setting: &&Setting| {
        let list = |key: &str| setting.key.starts_with(&format!("{key}["));
        !APART.iter().any(|key| setting.key == *key || list(key))
    };
    let line = |setting: &Setting| format!("{} = {}", setting.key, setting.value);
    settings.iter().filter(decides).map(line).collect()
}
