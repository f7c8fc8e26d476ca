//! Draws the pictures of the documentation from the shipped scenarios: the day on which the documented
//! problem strikes, and what each fix makes of it. From the root of the repository:
//!
//! ```sh
//! cargo run --release --example draw_gallery               # into docs/images
//! cargo run --release --example draw_gallery -- FOLDER
//! ```

use mailflow::experiment::{self, Evidence, Plan, ReplicationSettings, Silent};
use mailflow::measure::{Delays, RunRecord, Waits};
use mailflow::report::charts::{self, Bar, DelayCurve};
use mailflow::scenario::{self, Scenario};
use std::error::Error;
use std::path::{Path, PathBuf};

const PROBLEM: &str = "documented-problem";
/// In the order in which a reader compares them.
const SCENARIOS: [&str; 7] = [
    "healthy-day",
    PROBLEM,
    "fix-message-cap",
    "fix-hoststat-off",
    "fix-retry-1-minute",
    "fix-more-runners",
    "documented-fixes",
];

fn main() -> Result<(), Box<dyn Error>> {
    let folder =
        std::env::args().nth(1).map_or_else(|| PathBuf::from("docs/images"), PathBuf::from);
    std::fs::create_dir_all(&folder)?;
    let (mut curves, mut bars) = (Vec::new(), Vec::new());
    for name in SCENARIOS {
        let file = Path::new("scenarios").join(name).with_extension("yaml");
        let scenario = scenario::load(&file, &[])?;
        let records = simulate(&scenario)?;
        curves.push(curve(&scenario, &records));
        bars.push(bar(&scenario, &records));
        if let (PROBLEM, Some(first)) = (name, records.first()) {
            write(&folder.join("documented-problem.svg"), &charts::day(&scenario, first)?)?;
            let grid = &first.timeline.delays;
            let arrivals = charts::arrivals(
                &scenario.name,
                "Day 1 of 20, seed 42",
                grid,
                scenario.run.starts,
            )?;
            write(&folder.join("documented-problem-arrivals.svg"), &arrivals)?;
        }
    }
    write(&folder.join("documented-fixes.svg"), &charts::delays(&curves)?)?;
    let tail = charts::delay_tail(
        "How much mail is how late",
        "Read down: the share of messages later than the time below. A curve that ends early has no late mail.",
        &curves,
    )?;
    write(&folder.join("documented-fixes-tail.svg"), &tail)?;
    let causes = charts::breakdown(
        "What the delays are made of",
        "The mean delay of a message, by what it waited for.",
        &bars,
    )?;
    write(&folder.join("documented-fixes-causes.svg"), &causes)
}

fn simulate(scenario: &Scenario) -> Result<Vec<RunRecord>, Box<dyn Error>> {
    let run = &scenario.run;
    let settings = ReplicationSettings::from(run);
    let plan = Plan { params: &scenario.params, settings, repeats: run.repeats, jobs: 0 };
    Ok(experiment::run(&plan, &Silent)?)
}

/// What its mail waited for.
fn bar(scenario: &Scenario, records: &[RunRecord]) -> Bar {
    let waits: Vec<_> = records.iter().map(|record| &record.counts).collect();
    Bar { label: scenario.name.clone(), waits: Waits::mean(waits) }
}

/// The curve, with the median and 99 % point that `mailflow run` prints.
fn curve(scenario: &Scenario, records: &[RunRecord]) -> DelayCurve {
    let delays: Vec<&Delays> = records.iter().map(|record| &record.delays).collect();
    let evidence = Evidence::new(records, scenario.run.seed);
    let metrics = experiment::Metrics::of(&evidence, &[]);
    DelayCurve::pooled(&scenario.name, &delays).with_estimates(&metrics)
}

fn write(path: &Path, svg: &str) -> Result<(), Box<dyn Error>> {
    std::fs::write(path, svg)?;
    println!("drew {}", path.display());
    Ok(())
}
