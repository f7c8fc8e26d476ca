//! The page of a folder: one file that can be mailed, opened without a network, printed, and still answers which
//! setting, how sure, and why.
//!
//! It loads nothing. Its one script and its one style sheet stand in it, and a policy allows these two alone, by
//! their hashes. Without the script every number is there; with it tables can be sorted, filtered and thinned out,
//! and combinations be taken out of all charts at once.

mod rows;
#[cfg(test)]
mod tests;
mod worlds;

pub use worlds::{WorldsDocument, worlds_html};

use super::answer::{answer, recommended};
use super::charts::{self, Drawing};
use super::combinations::{by_kind, whose};
use super::trust::unseen;
use crate::experiment::sweep::Header;
use crate::experiment::{Results, Verdict, Warning};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

const TEMPLATE: &str = include_str!("page.html");
/// The style sheet of all pages.
pub(super) const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// Autoescaping goes by this name.
const NAME: &str = "page.html";

/// What a page is made of.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// The numbers.
    pub results: &'a Results,
    /// What was asked.
    pub header: &'a Header,
    /// The pictures, in order.
    pub drawings: &'a [Drawing],
}

/// A page that could not be made: the template is at fault.
#[derive(Debug, thiserror::Error)]
#[error("the page could not be made: {0}")]
pub struct PageError(#[from] minijinja::Error);

/// A picture as the page shows it.
#[derive(Serialize)]
struct Figure<'a> {
    id: &'a str,
    title: String,
    svg: &'a str,
}

/// One setting of the scenario.
#[derive(Serialize)]
struct Setting {
    key: String,
    value: String,
    origin: String,
}

/// A warning, and in how many combinations it was given.
#[derive(Serialize)]
struct Warned {
    /// Of which combinations.
    whose: String,
    text: String,
    next: String,
}

/// Everything that the template asks for.
#[derive(Serialize)]
struct Page<'a> {
    style: &'a str,
    script: &'a str,
    style_hash: String,
    script_hash: String,
    name: String,
    about: String,
    headline: String,
    known: String,
    one_day: String,
    advice: String,
    trust: Vec<String>,
    expectations: Vec<rows::Expected>,
    recommended: Option<usize>,
    differences: Vec<rows::Held>,
    figures: Vec<Figure<'a>>,
    combinations: rows::Table,
    metrics: Vec<rows::MetricRow>,
    settings: Vec<Setting>,
    of_sweep: bool,
    warnings: Vec<Warned>,
    count: usize,
    days: String,
    seed: u64,
    version: &'a str,
    command: String,
}

/// The page. The same document gives the same bytes.
///
/// # Errors
/// If the template is at fault.
pub fn html(document: &Document) -> Result<String, PageError> {
    let Document { results, header, drawings } = *document;
    let clean = charts::clean;
    let figures = drawings.iter().map(|one| Figure {
        id: &one.name,
        title: clean(&one.title),
        svg: &one.svg,
    });
    let answer = answer(results);
    let page = Page {
        style: STYLE,
        script: SCRIPT,
        style_hash: hash(STYLE),
        script_hash: hash(SCRIPT),
        name: clean(&results.scenario),
        about: clean(&header.about),
        headline: clean(&answer.headline),
        known: clean(&answer.known),
        one_day: clean(&answer.one_day),
        advice: clean(&answer.advice),
        trust: header
            .trust
            .iter()
            .cloned()
            .chain(unseen(results))
            .map(|line| clean(&line))
            .collect::<Vec<_>>(),
        expectations: rows::expectations(results),
        recommended: recommended(results).map(|position| position + 1),
        differences: rows::recommended_differences(results),
        figures: figures.collect(),
        combinations: rows::combinations(results),
        metrics: rows::metrics(results),
        settings: settings(header),
        of_sweep: results.cells.len() > 1,
        warnings: warnings(results),
        count: results.cells.len(),
        days: days(results),
        seed: results.seed,
        version: &results.version,
        command: header.page.as_ref().map(|page| clean(&page.command)).unwrap_or_default(),
    };
    rendered(TEMPLATE, &page)
}

/// A template with its values, which are text whatever they contain.
fn rendered(template: &str, page: &impl Serialize) -> Result<String, PageError> {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    templates.add_template(NAME, template)?;
    Ok(templates.get_template(NAME)?.render(Serde(page))?)
}

/// What a policy knows a script or a style sheet by.
pub(super) fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

fn settings(header: &Header) -> Vec<Setting> {
    let all = header.page.iter().flat_map(|page| &page.settings);
    let [key, value, origin] = [0, 1, 2];
    all.map(|one| Setting {
        key: charts::clean(&one[key]),
        value: charts::clean(&one[value]),
        origin: charts::clean(&one[origin]),
    })
    .collect()
}

/// Each kind once, in a sweep with the combinations that have it.
fn warnings(results: &Results) -> Vec<Warned> {
    let told = |(warning, cells): (&Warning, Vec<usize>)| Warned {
        whose: charts::clean(&whose(&cells, results)),
        text: charts::clean(&warning.text),
        next: charts::clean(&warning.next),
    };
    by_kind(results).into_iter().map(told).collect()
}

/// How many days stand behind it.
fn days(results: &Results) -> String {
    let each = || {
        let mean = |cell: &crate::experiment::Cell| {
            cell.metrics.get(crate::measure::Metric::DelayMean).map(|of| of.n)
        };
        results.cells.iter().filter_map(mean)
    };
    match (each().min().unwrap_or(0), each().max().unwrap_or(0)) {
        (least, most) if least == most => least.to_string(),
        (least, most) => format!("{least} to {most}"),
    }
}

/// How a verdict is shown: a sign, so that it is never colour alone, and the word.
fn verdict(verdict: Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Met => ("✓", "met"),
        Verdict::Missed => ("✗", "missed"),
        Verdict::Undecided => ("?", "undecided"),
    }
}
