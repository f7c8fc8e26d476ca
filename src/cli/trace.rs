//! `mailflow trace FILE --message ID`: the life of one message; `--perfetto FILE`: all of one replication;
//! `--qshape`: its queue at one instant.

use super::Exit;
use super::args::{At, Format, TraceArgs};
use super::load;
use super::output::{bad_input, print, printed};
use crate::experiment::{self, ReplicationSettings};
use crate::measure::{Longest, Moment, Snapshot, Story};
use crate::report::{self, Perfetto, QueueShape};
use crate::scenario::{self, Scenario};
use crate::units::{SimTime, Span};
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

/// Runs the command.
pub(super) fn trace(args: &TraceArgs) -> u8 {
    let result = read(args).and_then(|scenario| {
        if let Some(path) = &args.perfetto {
            perfetto(&scenario, args, path)?;
        }
        if args.qshape {
            queue(&scenario, args)?;
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

/// The instant that `--at` means.
fn instant(at: At, starts: Span) -> SimTime {
    let next = |target: Span, cycle: Span| {
        let passed = starts.nanos() % cycle.nanos();
        SimTime::from_nanos((target.nanos() + cycle.nanos() - passed) % cycle.nanos())
    };
    let day = Span::from_hours(24);
    match at {
        At::After(span) => SimTime::ZERO + span,
        At::Clock(time) => next(time, day),
        At::Weekday(time) => next(time, day * 7),
    }
}

/// The queue by age and destination. The moment of the longest one takes a run of its own to be found.
fn queue(scenario: &Scenario, args: &TraceArgs) -> Result<(), Exit> {
    let (settings, params) = (settings(scenario, args), &scenario.params);
    let moment = match args.at {
        Some(at) => Moment::At(instant(at, scenario.run.starts)),
        None => {
            let mut longest = Longest::from(SimTime::ZERO + settings.warm_up);
            experiment::replicate_observed(params, &settings, args.replication, &mut longest);
            longest.moment().unwrap_or(Moment::At(SimTime::ZERO + settings.warm_up))
        }
    };
    let mut seen = Snapshot::at(moment);
    let run = experiment::replicate_observed(params, &settings, args.replication, &mut seen);
    if !seen.past() && seen.instant() > SimTime::ZERO + settings.simulate {
        let simulate = report::duration(settings.simulate.seconds());
        return Err(bad_input(&format!(
            "--at: the run is over by then; it lasts {simulate} and goes on until its mail is out only if \
             run.drain says so"
        )));
    }
    let name = |number: u16| match usize::from(number).checked_sub(1) {
        None => "Exchange Online".to_owned(),
        Some(other) => {
            params.others.get(other).map_or_else(String::new, |other| other.name.to_string())
        }
    };
    let by_destination = seen.by_destination();
    let all = (0..params.destinations() as u16)
        .map(|number| (name(number), by_destination.get(&number).copied().unwrap_or_default()));
    let shape = QueueShape {
        scenario: scenario.name.clone(),
        seed: settings.seed,
        replication: run.replication,
        at_seconds: seen.instant().seconds(),
        at: report::clock(seen.instant(), scenario.run.starts),
        why: if args.at.is_none() { "the longest of the run".to_owned() } else { String::new() },
        rows: all.collect(),
    };
    let text = match args.format {
        Format::Table => report::qshape(&shape),
        Format::Json => report::qshape_json(&shape),
        Format::Csv => report::qshape_csv(&shape),
        Format::Md => report::qshape_markdown(&shape),
    };
    match printed(print(&text)) {
        Exit::Done => Ok(()),
        exit => Err(exit),
    }
}
