//! How long it takes to start: a process that ends at once, `--version`, a run of one message.

use super::yardstick::clock;
use super::{Effort, alone};
use std::error::Error;
use std::process::{Command, Stdio};

/// Best of some turns, on the wall.
pub(crate) fn section(effort: Effort) -> Result<String, Box<dyn Error>> {
    let turns = if effort == Effort::Quick { 2 } else { 20 };
    let nothing = best(turns, || alone_for("nothing"))?;
    let version = best(turns, || alone_for("version"))?;
    let run = best(turns, || alone_for("run"))?;
    Ok(format!(
        "## To start\n\nMilliseconds on the wall, best of {turns}.\n\n| what | ms |\n|---|---|\n\
         | a process that does nothing | {nothing:.1} |\n| `mailflow --version` | {version:.1} |\n\
         | `mailflow run` of one message, with its store, pictures and page | {run:.1} |\n"
    ))
}

fn alone_for(what: &str) -> Result<(), Box<dyn Error>> {
    let mut command = Command::new(std::env::current_exe()?);
    let status = command.args([alone::WORD, what, "0"]).stdout(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(format!("{what} failed").into()) }
}

fn best(
    turns: u32,
    mut work: impl FnMut() -> Result<(), Box<dyn Error>>,
) -> Result<f64, Box<dyn Error>> {
    let mut best = f64::INFINITY;
    for _ in 0..turns {
        let (done, nanos) = clock::timed_on_the_wall(&mut work);
        done?;
        best = best.min(nanos / 1e6);
    }
    Ok(best)
}
