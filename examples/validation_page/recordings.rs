//! The recorded runs: the summary, what deviates and why, all figures.

use crate::{SEED, SEEDS, wrapped};
use mailflow::experiment::validation::{MetricResult, Validation};
use mailflow::report;
use std::error::Error;
use std::fmt::Write as _;

/// The seeds that show how much of the summary is chance.
pub(crate) const OTHER_SEEDS: [u64; 5] = [1, 2, 3, 4, 5];

/// Metrics outside the model's range: case, metric, why.
const OUTSIDE: [(&str, &str, &str); 0] = [];

/// Metrics inside thanks to the slack only, with fewer than one seed in a hundred beyond them: case,
/// metric, why.
const AT_THE_EDGE: [(&str, &str, &str); 7] = [
    (
        "a30_before_Q-1",
        "delay.p50",
        "no cause known; by chance alone about two of 116 delay figures stand that far out",
    ),
    (
        "a30lit_Q-1",
        "connections.cut",
        "no cause known; of the connections that ended by themselves one was 80 s short of its lifetime",
    ),
    (
        "d_Q-1",
        "connections.opened",
        "runs every laboratory second fall behind their schedule in reality, by 14 s of simulated time at the \
         end (`connections.csv`), so that fewer of them fit in; in the model the schedule itself holds",
    ),
    ("f_P-2", "delay.p99", "no cause known; the real tail is 8 % longer than the model's median"),
    ("f_Q-1", "delay.p90", F),
    ("f_Q-1", "delay.p99", F),
    (
        "maxconn_P-1",
        "tries.skipped",
        "not explained with certainty: how many tries are skipped depends on which of four runners is refused \
         a connection first, and that on differences between their starts which no recording holds",
    ),
];
const F: &str = "runs every laboratory second fall behind their schedule in reality, by 30 s of simulated time at \
                 the end (`connections.csv`); in the model each is late by itself, and the schedule holds";

/// Heading and summary.
pub(crate) fn summary(seen: &Validation, others: &[Validation]) -> Result<String, Box<dyn Error>> {
    let mut page = format!(
        "# Held against a real Sendmail\n\n\
         Made by `cargo run --release --example validation_page`; not edited by hand.\n\n\
         {} runs of a real Sendmail 8.17.1 (`tests/laboratory/README.md`) were replayed with\n\
         {SEEDS} seeds each. The simulation is told settings and arrivals, never what came of\n\
         them. *Inside*: between the model's 1 and 99 % points, with 5 % slack (counts: or\n\
         within 1). *Rank*: how many of {SEEDS} seeds lie below the real value.\n\n\
         | | seed {SEED} | seeds {SEED}, {} |\n|---|---:|---:|\n",
        seen.cases.len(),
        OTHER_SEEDS.map(|seed| seed.to_string()).join(", ")
    );
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let whole = |count: f64| format!("{count:.0}");
    type Row<'a> = (&'a str, fn(&Validation) -> f64, &'a dyn Fn(f64) -> String);
    let rows: [Row; 6] = [
        ("delay figures inside, of 116", |v| v.inside as f64, &whole),
        ("cases wholly inside, of 29", |v| v.cases_inside as f64, &whole),
        ("median error of the delay figures", |v| v.median_error, &percent),
        ("90 % of errors below", |v| v.p90_error, &percent),
        ("real values in the model's middle 50 %", |v| v.coverage50, &percent),
        ("real values in the model's middle 90 %", |v| v.coverage90, &percent),
    ];
    for (what, of, tell) in rows {
        let all: Vec<f64> = others.iter().chain([seen]).map(of).collect();
        let least = tell(all.iter().copied().fold(f64::INFINITY, f64::min));
        let most = tell(all.iter().copied().fold(f64::NEG_INFINITY, f64::max));
        let range = if least == most { least } else { format!("{least} to {most}") };
        writeln!(page, "| {what} | {} | {range} |", tell(of(seen)))?;
    }
    page.push_str(
        "\nNo number was fitted to delays, counts or coverage. But these recordings are no test that\n\
         the model had never seen:\n\n\
         - Two numbers of the laboratory's machine were measured from them (`connections.csv`):\n  \
           how late queue runs start (1.6 s of simulated time, the mean over 14 cases) and how\n  \
           late the sink cuts a connection (0.34 s, likewise). So were, when they were recorded,\n  \
           the overheads of each run in its `setup.json`.\n\
         - What is taken into account was decided with their results in view. That a 421\n  \
           greeting takes time, for one, was learned from the counts of `maxconn_P-1`.\n\n\
         In these respects the coverage is in-sample: it says that the model's rules with this\n\
         machine's speed give what was seen, not how well another machine's mail would be\n\
         foretold. Ordinary scenarios use none of the measured numbers.\n",
    );
    Ok(page)
}

/// The metrics outside or at the edge, each with its reason.
pub(crate) fn deviations(validation: &Validation) -> Result<String, Box<dyn Error>> {
    let outside = |metric: &MetricResult| metric.inside == Some(false);
    let beyond = |rank: f64| rank < 1.0 || rank > SEEDS as f64 - 1.0;
    let edge =
        |metric: &MetricResult| metric.inside == Some(true) && metric.rank.is_some_and(beyond);
    Ok(format!(
        "## Known deviations\n\n\
         Outside the model's range:\n\n{}\n\
         Near the edge, with fewer than one seed in {SEEDS} beyond the real value:\n\n{}",
        explained(validation, outside, &OUTSIDE)?,
        explained(validation, edge, &AT_THE_EDGE)?,
    ))
}

/// A list of the metrics that are `meant`; each must have a reason, and each reason its metric.
fn explained(
    validation: &Validation,
    meant: impl Fn(&MetricResult) -> bool,
    reasons: &[(&str, &str, &str)],
) -> Result<String, Box<dyn Error>> {
    let mut text = String::new();
    let mut told = 0;
    let mut missing = Vec::new();
    for case in &validation.cases {
        for (name, metric) in case.metrics.iter().filter(|(_, metric)| meant(metric)) {
            let known = reasons.iter().find(|(of, what, _)| *of == case.case && what == name);
            let Some((_, _, why)) = known else {
                missing.push(format!("{} {name}: {metric:?}", case.case));
                continue;
            };
            let value = |value: f64| report::number(value);
            let real = metric.real.map_or(String::new(), value);
            let range = format!("{} to {}", value(metric.low), value(metric.high));
            let item =
                format!("`{}` {name}, {real} in reality, {range} in the model: {why}.", case.case);
            writeln!(text, "{}", wrapped(&item))?;
            told += 1;
        }
    }
    if !missing.is_empty() {
        return Err(format!("deviations that nobody explained:\n{}", missing.join("\n")).into());
    }
    if told != reasons.len() {
        return Err("an explained metric is well inside now: take its explanation out".into());
    }
    if text.is_empty() {
        text.push_str("- none.\n");
    }
    Ok(text)
}

/// All figures; one outside stands in bold.
pub(crate) fn figures(validation: &Validation) -> String {
    let mut text = String::from(
        "## All figures\n\nDelays in seconds. The model: 1 %, 50 % and 99 % points over its seeds.\n\n\
         | case | metric | real | 1 % | 50 % | 99 % | rank |\n|---|---|---:|---:|---:|---:|---:|\n",
    );
    for case in &validation.cases {
        for (name, metric) in &case.metrics {
            let value = |value: f64| match name.starts_with("delay.") {
                true => format!("{value:.1}"),
                false => report::number(value),
            };
            let real = metric.real.map_or("unknown".to_owned(), value);
            let real = if metric.inside == Some(false) { format!("**{real}**") } else { real };
            let (low, mid, high) = (value(metric.low), value(metric.mid), value(metric.high));
            let rank = metric.rank.map_or("-".to_owned(), |rank| format!("{rank:.1}"));
            let _ = writeln!(
                text,
                "| {} | {name} | {real} | {low} | {mid} | {high} | {rank} |",
                case.case
            );
        }
    }
    text
}
