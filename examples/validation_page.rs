//! Writes `docs/validation.md`: the model held against the recorded runs of a real Sendmail.
//!
//! ```sh
//! cargo run --release --example validation_page               # into docs
//! cargo run --release --example validation_page -- FOLDER
//! ```
//! It fails when a metric lies outside the model's range and nobody has said why, and when an explanation
//! has lost its object.

use mailflow::experiment::validation::{Validation, validate};
use mailflow::report::validation_markdown;
use mailflow::scenario::recorded_case::RecordedCase;
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const SEEDS: u64 = 100;
const SEED: u64 = 42;

/// Known deviations: case, metric, why.
const DEVIATIONS: [(&str, &str, &str); 3] = [
    ("d1_Q-1", "delay.p50", D1),
    ("d1_Q-1", "tries.skipped", D1),
    (
        "f_Q-1",
        "delay.p50",
        "not explained with certainty. The recorded runs, one each laboratory second with up to four runners, \
         fall behind their schedule (by `connections.csv`, some seconds at the start and more later), and \
         the runners of one run open their connections up to 2 s after the first. The model starts all runners \
         at once, on schedule",
    ),
];
const D1: &str = "one run each laboratory second, one at a time. The laboratory's notes say that runs started late \
                  on the loaded machine, with 28,052 skips instead of about 40,000; not shown from these files";

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).map_or_else(|| PathBuf::from("docs"), PathBuf::from);
    std::fs::create_dir_all(&folder)?;
    let validation = validate(&cases()?, SEEDS, SEED);
    let page = page(&validation)?;
    std::fs::write(folder.join("validation.md"), page)?;
    Ok(())
}

fn cases() -> Result<Vec<RecordedCase>, Box<dyn Error>> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(Path::new("tests/laboratory"))? {
        let path = entry?.path();
        folders.extend(path.is_dir().then_some(path));
    }
    folders.sort();
    Ok(folders.iter().map(|folder| RecordedCase::load(folder)).collect::<Result<_, _>>()?)
}

fn page(validation: &Validation) -> Result<String, Box<dyn Error>> {
    let mut page = format!(
        "# Held against a real Sendmail\n\n\
         Made by `cargo run --release --example validation_page`; not edited by hand.\n\n\
         {} runs of a real Sendmail 8.17.1 (`tests/laboratory/README.md`) were replayed with {SEEDS} seeds each. The \
         simulation\nis told settings and arrivals, never what came of them. *Inside*: between the model's 1 and 99 % \
         points, with 5 %\nslack (counts: or within 1). *Rank*: how many of {SEEDS} seeds lie below the real value.\n\n",
        validation.cases.len()
    );
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    for (what, value) in [
        ("delay figures inside", format!("{} of {}", validation.inside, validation.total)),
        (
            "cases wholly inside",
            format!("{} of {}", validation.cases_inside, validation.cases.len()),
        ),
        ("median error of the delay figures", percent(validation.median_error)),
        ("90 % of errors below", percent(validation.p90_error)),
        ("real values within the model's middle 50 %", percent(validation.coverage50)),
        ("real values within the model's middle 90 %", percent(validation.coverage90)),
    ] {
        writeln!(page, "- {what}: {value}")?;
    }
    page.push_str("\n## Known deviations\n\n");
    page.push_str(&deviations(validation)?);
    page.push_str("\n## All figures\n\n");
    page.push_str(&validation_markdown(validation));
    Ok(page)
}

/// The metrics outside, each with its reason.
fn deviations(validation: &Validation) -> Result<String, Box<dyn Error>> {
    let mut text = String::new();
    let mut told = 0;
    for case in &validation.cases {
        for (name, metric) in &case.metrics {
            if metric.inside != Some(false) {
                continue;
            }
            let known = DEVIATIONS.iter().find(|(of, what, _)| *of == case.case && what == name);
            let Some((_, _, why)) = known else {
                return Err(format!("{} {name} is outside and not explained", case.case).into());
            };
            writeln!(text, "- `{}` {name}: {why}.", case.case)?;
            told += 1;
        }
    }
    if told == DEVIATIONS.len() {
        Ok(text)
    } else {
        Err("an explained metric is inside now: take its explanation out".into())
    }
}
