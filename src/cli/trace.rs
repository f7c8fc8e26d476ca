//! `mailflow trace FILE --message ID`: the life of one message; `--perfetto FILE`: all of one replication.

use super::Exit;
use super::args::TraceArgs;
use super::load;
use super::output::{print, printed};
use crate::experiment::{self, ReplicationSettings};
use crate::measure::Story;
use crate::report::{self, Perfetto};
use crate::scenario::{self, Scenario};
use crate::units::SimTime;
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

/// Runs the command.
pub(super) fn trace(args: &TraceArgs) -> u8 {
    let result = read(args).and_then(|scenario| {
        if let Some(path) = &args.perfetto {
            perfetto(&scenario, args, path)?;
        }
        args.message.map_or(Ok(()), |id| story(&scenario, args, id))
    });
    result.err().unwrap_or(Exit::Done).code()
}

fn read(args: &TraceArgs) -> Result<Scenario, Exit> {
    scenario::load(&args.file, &args.set).map_err(|error| {
        let exit = load::exit(&error);
        // A closed stderr is no reason to answer otherwise.
        let _ = load::show(&[error], args.color.applies_to_errors(), &mut io::stderr().lock());
        exit
    })
}

fn settings(scenario: &Scenario, args: &TraceArgs) -> ReplicationSettings {
    let own = ReplicationSettings::from(&scenario.run);
    ReplicationSettings { seed: args.seed.unwrap_or(own.seed), ..own }
}

fn story(scenario: &Scenario, args: &TraceArgs, id: u64) -> Result<(), Exit> {
    let mut story = Story::of(id);
    let settings = settings(scenario, args);
    experiment::replicate_observed(&scenario.params, &settings, args.replication, &mut story);
    let arrived = story.arrived();
    let receiver = scenario.params.others.get(usize::from(story.destination()).wrapping_sub(1));
    let place = report::Place {
        receiver: receiver.map_or("Exchange Online", |other| &other.name),
        agents: scenario.params.sender.agents,
        starts: scenario.run.starts,
    };
    let steps = story.steps();
    if steps.is_empty() {
        let known = match arrived.checked_sub(1) {
            Some(last) => format!("the messages are 0 to {last}"),
            None => "no message arrives at all".to_owned(),
        };
        let replication = args.replication;
        eprintln!("error: message {id} never arrives in replication {replication}; {known}");
        return Err(Exit::BadInput);
    }
    match printed(print(&report::story(id, &steps, &place))) {
        Exit::Done => Ok(()),
        exit => Err(exit),
    }
}

/// Runs the replication once more for the file: each observer is paid for only by those who want it.
fn perfetto(scenario: &Scenario, args: &TraceArgs, path: &Path) -> Result<(), Exit> {
    let fail = |error: std::io::Error| {
        eprintln!("mailflow: could not write {}: {error}", path.display());
        Exit::Io
    };
    let from = args.from.map_or(SimTime::ZERO, |span| SimTime::ZERO + span);
    let until = args.until.map_or(SimTime::MAX, |span| SimTime::ZERO + span);
    if from >= until {
        eprintln!("error: --from must be before --until");
        return Err(Exit::BadInput);
    }
    let out = BufWriter::new(File::create(path).map_err(fail)?);
    let mut trace = Perfetto::new(out, from, until);
    let settings = settings(scenario, args);
    experiment::replicate_observed(&scenario.params, &settings, args.replication, &mut trace);
    trace.finish().map_err(fail)?;
    eprintln!("wrote {}; open it in https://ui.perfetto.dev", path.display());
    Ok(())
}
