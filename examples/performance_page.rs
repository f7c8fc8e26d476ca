//! Writes the measured part of `docs/performance.md`: what a message costs, and how that grows.
//!
//! ```sh
//! cargo run --release --example performance_page               # into docs: minutes, on an idle machine
//! cargo run --release --example performance_page -- --long     # .. with 100 million messages, too
//! cargo run --release --example performance_page -- FOLDER     # a quick look, for trying the program out
//! ```
//! What stands outside of the two marks in the page is written by hand and stays.

#[path = "../benches/yardstick/mod.rs"]
mod yardstick;

#[path = "performance_page/alone.rs"]
mod alone;
#[path = "performance_page/growth.rs"]
mod growth;
#[path = "performance_page/machine.rs"]
mod machine;
#[path = "performance_page/start.rs"]
mod start;

use std::error::Error;
use std::path::{Path, PathBuf};
use yardstick::{AtMost, Cost};

const PAGE: &str = "docs/performance.md";
const BEGIN: &str = "<!-- performance_page: begin -->\n";
const END: &str = "<!-- performance_page: end -->\n";

/// How much is measured.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Effort {
    /// Enough to see that everything is measured at all.
    Quick,
    /// Minutes.
    Usual,
    /// With the greatest numbers, too.
    Long,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        [alone::WORD, what, number] => alone::answer(what, number),
        [] => page(Effort::Usual, Path::new("docs")),
        ["--long"] => page(Effort::Long, Path::new("docs")),
        [folder] => page(Effort::Quick, Path::new(folder)),
        _ => Err("at most one argument: --long, or a folder for a quick look".into()),
    }
}

fn page(effort: Effort, folder: &Path) -> Result<(), Box<dyn Error>> {
    let parts = [
        machine::section(effort),
        ratios(effort)?,
        growth::with_messages(effort)?,
        growth::with_runners(effort)?,
        growth::with_backlog(effort)?,
        growth::with_combinations(effort)?,
        growth::with_cores(effort)?,
        start::section(effort)?,
    ];
    let measured = parts.join("\n");
    print!("{measured}");
    let page = std::fs::read_to_string(PAGE)?;
    let parts =
        page.split_once(BEGIN).and_then(|(head, rest)| Some((head, rest.split_once(END)?.1)));
    let (head, tail) = parts.ok_or_else(|| format!("{PAGE} lacks the place of the numbers"))?;
    std::fs::create_dir_all(folder)?;
    let file: PathBuf = folder.join("performance.md");
    std::fs::write(file, format!("{head}{BEGIN}\n{measured}\n{END}{tail}"))?;
    Ok(())
}

/// What is promised, held against the yardsticks.
fn ratios(effort: Effort) -> Result<String, Box<dyn Error>> {
    let rounds = if effort == Effort::Quick { 1 } else { 7 };
    let costs = yardstick::measure(yardstick::promised()?, rounds);
    let retry_loop = costs.get(1).map_or(f64::NAN, |cost| cost.nanos);
    let row = |cost: &Cost| {
        let (ns, ratio) = (cost.nanos, cost.nanos / retry_loop);
        let most = match cost.at_most {
            Some(AtMost::Draws(times)) => format!("{times} times the numbers"),
            Some(AtMost::Loops(times)) => format!("{times} times the loop"),
            Some(AtMost::Nanos(most)) => format!("{most} ns"),
            None => "-".to_owned(),
        };
        let holds = match yardstick::holds(cost, &costs) {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "-",
        };
        format!("| {} | {ns:.1} | {ratio:.2} | {most} | {holds} |\n", cost.what)
    };
    let rows: String = costs.iter().map(row).collect();
    Ok(format!(
        "## What a message costs\n\nNanoseconds of one core's time, the best of {rounds} turns in which everything \
         was measured in one process.\n\n| what | ns | times the loop | at most | holds |\n\
         |---|---|---|---|---|\n{rows}"
    ))
}
