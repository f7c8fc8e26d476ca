//! Embeds a run in a program of one's own: a scenario as text in, its 99 % point out.
//!
//! ```sh
//! cargo run --release --example embed
//! ```

use mailflow::experiment::{self, Evidence, Plan, ReplicationSettings, Silent};
use mailflow::measure::Metric;
use mailflow::scenario;
use std::error::Error;
use std::path::Path;

/// What is left out has its default: `mailflow init` writes all of it.
const SITE: &str = "
name: A small site
mail:
  arrivals: { poisson: { rate: 20/min } }
proofpoint:
  messages_per_connection: 199
";

fn main() -> Result<(), Box<dyn Error>> {
    // Files that a scenario names, such as recorded arrivals, are looked for below the third argument.
    let site = scenario::parse("small-site.yaml", SITE, Path::new("."), &[])?;
    let settings = ReplicationSettings::from(&site.run);
    let plan = Plan { params: &site.params, settings, repeats: 5, jobs: 0 };
    // `Silent` watches nothing; an observer of one's own shows progress or stops early.
    let records = experiment::run(&plan, &Silent)?;
    let p99 = Evidence::new(&records, site.run.seed).estimate(Metric::DelayP99);
    match (p99.point, p99.low, p99.high) {
        (Some(point), Some(low), Some(high)) => {
            println!("{}: p99 {point:.1} s, 95 % interval {low:.1} to {high:.1} s", site.name);
        }
        _ => println!("{}: no mail", site.name),
    }
    Ok(())
}
