//! What is measured in a process of its own, so that its peak of memory is nobody else's: this program calls
//! itself and reads the answer.

use super::machine;
use super::yardstick::clock;
use super::yardstick::sites::{Backlog, Site};
use mailflow::experiment::{ReplicationSettings, replicate};
use mailflow::units::Span;
use std::error::Error;
use std::process::Command;

/// First argument of such a call.
pub(crate) const WORD: &str = "--alone";
/// Days of `documented-fixes` without end: so much mail on each of them but the first, which has a burst, too.
const PER_DAY: u64 = 110_000;

/// What a process of its own has found.
pub(crate) struct Answer {
    /// Nanoseconds of processor time for each message.
    pub(crate) nanos: f64,
    /// Messages delivered, or waiting.
    pub(crate) messages: u64,
    /// Most memory it held, in bytes; `None` where the system does not say.
    pub(crate) memory: Option<u64>,
}

/// Asks for `what` about so many messages.
pub(crate) fn ask(what: &str, messages: u64) -> Result<Answer, Box<dyn Error>> {
    let output = Command::new(std::env::current_exe()?)
        .args([WORD, what, &messages.to_string()])
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let text = String::from_utf8(output.stdout)?;
    // A command of the program may have printed its page before.
    let words: Vec<&str> = text.lines().last().unwrap_or_default().split_whitespace().collect();
    let [nanos, messages, memory] = words[..] else {
        return Err(format!("not understood: {text}").into());
    };
    Ok(Answer { nanos: nanos.parse()?, messages: messages.parse()?, memory: memory.parse().ok() })
}

/// The other side.
pub(crate) fn answer(what: &str, number: &str) -> Result<(), Box<dyn Error>> {
    let number: u64 = number.parse()?;
    let (nanos, messages) = match what {
        "mail" => mail(number)?,
        "queue" => queue(number)?,
        "sweep" => sweep(number)?,
        "run" => return run_of_one_message(),
        "version" => return command(&["mailflow", "--version"]),
        "nothing" => return Ok(()),
        _ => return Err(format!("unknown: {what}").into()),
    };
    let memory = machine::peak_memory().map_or("-".to_owned(), |bytes| bytes.to_string());
    println!("{nanos} {messages} {memory}");
    Ok(())
}

/// Simulates at least so many messages of `documented-fixes` in one go.
fn mail(messages: u64) -> Result<(f64, u64), Box<dyn Error>> {
    let site = Site::shipped("documented-fixes")?;
    let simulate = Span::from_seconds(86_400.0 * messages as f64 / PER_DAY as f64);
    let settings = ReplicationSettings { simulate, ..site.settings };
    let (record, nanos) = clock::timed(|| replicate(&site.params, &settings, 0));
    let delivered = record.counts.deliveries_simulated;
    Ok((nanos / delivered as f64, delivered))
}

/// Lets so many messages wait: listed, skipped and listed again.
fn queue(messages: u64) -> Result<(f64, u64), Box<dyn Error>> {
    Ok((Backlog::skipping(messages)?.twice(), messages))
}

/// Sweeps over so many combinations of a small day: a thousand messages each.
fn sweep(combinations: u64) -> Result<(f64, u64), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let site =
        "name: Small\nmail: { arrivals: { poisson: { rate: 1000/day } } }\nrun: { repeats: 1 }\n";
    std::fs::write(folder.path().join("site.yaml"), site)?;
    let caps: Vec<String> = (1..=combinations).map(|cap| cap.to_string()).collect();
    let vary = format!("vary: {{ proofpoint.messages_per_connection: [{}] }}", caps.join(", "));
    let file = folder.path().join("sweep.yaml");
    std::fs::write(&file, format!("name: Caps\nbase: site.yaml\n{vary}\n"))?;
    let (file, out) = (file.to_string_lossy(), folder.path().join("out"));
    let words = ["mailflow", "sweep", &file, "-q", "--jobs", "1", "--out", &out.to_string_lossy()];
    let (done, nanos) = clock::timed_together(|| command(&words));
    done?;
    Ok((nanos / combinations as f64, combinations))
}

/// One message, one day, with its pictures and its page.
fn run_of_one_message() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("one.yaml");
    let site = "name: One message\nmail: { arrivals: none, backlog: 1 }\nrun: { repeats: 1 }\n";
    std::fs::write(&file, site)?;
    let (file, out) = (file.to_string_lossy(), folder.path().join("out"));
    command(&["mailflow", "run", &file, "-q", "--out", &out.to_string_lossy()])
}

/// Runs a command of the program itself.
fn command(words: &[&str]) -> Result<(), Box<dyn Error>> {
    match mailflow::cli::main(words.iter().map(Into::into)) {
        0 => Ok(()),
        code => Err(format!("{} ended with {code}", words.join(" ")).into()),
    }
}
