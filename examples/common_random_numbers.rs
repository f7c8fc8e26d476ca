//! What the same mail and the same luck on both sides save when two settings are compared: writes the table of
//! `docs/statistics.md`.
//!
//! ```sh
//! cargo run --release --example common_random_numbers               # into docs
//! cargo run --release --example common_random_numbers -- FOLDER
//! ```
//! Two retry intervals on four kinds of day: once with the same seed on both sides, once with another on one of them.

use mailflow::experiment::{self, Plan, ReplicationSettings, Silent};
use mailflow::measure::{Metric, RunRecord};
use mailflow::scenario::{self, Override};
use mailflow::units::Span;
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const DAYS: u32 = 30;
const SEED: u64 = 42;
const OTHER_SEED: u64 = 43;
const PAGE: &str = "docs/statistics.md";
const BEGIN: &str = "<!-- common_random_numbers: begin -->\n";
const END: &str = "<!-- common_random_numbers: end -->";

/// What it is called in the table, and how it differs from the default scenario.
const SITES: [(&str, &str); 4] = [
    ("the default day", "name: Default\n"),
    (
        "1 of 200 messages is refused for now, HostStat off",
        "proofpoint: { hoststat: off }\nexchange_online:\n  deferrals: [ { at: dot, chance: 0.5%, \
         reply: \"451 4.7.500 Server busy\" } ]\n",
    ),
    (
        "1 of 50 messages is refused for now, HostStat on",
        "exchange_online:\n  deferrals: [ { at: dot, chance: 2%, reply: \"451 4.7.500 Server busy\" } ]\n",
    ),
    ("the documented problem", include_str!("../scenarios/documented-problem.yaml")),
];

const METRICS: [Metric; 5] = [
    Metric::DelayMean,
    Metric::DelayP50,
    Metric::DelayP99,
    Metric::Late(Span::from_mins(15)),
    Metric::Late(Span::from_hours(1)),
];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).map_or_else(|| PathBuf::from("docs"), PathBuf::from);
    let mut table = String::from(
        "| day | metric | spread of the difference, paired | unpaired | variance ratio |\n|---|---|---|---|---|\n",
    );
    for (name, site) in SITES {
        let slow = days(site, "30m", SEED)?;
        let (fast, apart) = (days(site, "10m", SEED)?, days(site, "10m", OTHER_SEED)?);
        for metric in METRICS {
            let (paired, unpaired) =
                (variance(metric, &slow, &fast), variance(metric, &slow, &apart));
            let ratio = match (paired, unpaired) {
                (0.0, 0.0) => "-".to_owned(),
                (0.0, _) => "the same every day".to_owned(),
                _ => format!("{:.1}", unpaired / paired),
            };
            let spread = |variance: f64| match metric {
                Metric::Late(_) => format!("{:.3} %", 100.0 * variance.sqrt()),
                _ => format!("{:.3} s", variance.sqrt()),
            };
            let (paired, unpaired) = (spread(paired), spread(unpaired));
            writeln!(table, "| {name} | `{}` | {paired} | {unpaired} | {ratio} |", metric.name())?;
        }
    }
    print!("{table}");
    let page = std::fs::read_to_string(PAGE)?;
    let parts =
        page.split_once(BEGIN).and_then(|(head, rest)| Some((head, rest.split_once(END)?.1)));
    let (head, tail) = parts.ok_or_else(|| format!("{PAGE} lacks the place of the table"))?;
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("statistics.md"), format!("{head}{BEGIN}{table}{END}{tail}"))?;
    Ok(())
}

fn days(site: &str, retry: &str, seed: u64) -> Result<Vec<RunRecord>, Box<dyn Error>> {
    let retry = Override::from_argument(&format!("proofpoint.retry_interval={retry}"))?;
    let site = scenario::parse("site.yaml", site, Path::new("."), &[retry])?;
    let settings = ReplicationSettings { seed, ..ReplicationSettings::from(&site.run) };
    let plan = Plan { params: &site.params, settings, repeats: DAYS, jobs: 0 };
    Ok(experiment::run(&plan, &Silent)?)
}

/// Variance over the days of each day's own difference.
fn variance(metric: Metric, ours: &[RunRecord], theirs: &[RunRecord]) -> f64 {
    let pairs = ours.iter().zip(theirs);
    let apart: Vec<f64> = pairs.filter_map(|(a, b)| Some(metric.of(a)? - metric.of(b)?)).collect();
    let n = apart.len() as f64;
    let mean = apart.iter().sum::<f64>() / n;
    apart.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (n - 1.0)
}
