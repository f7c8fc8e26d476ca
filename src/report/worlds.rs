//! What is left of an answer when the assumptions are doubted: 80 columns for people, and a row for each world and
//! combination for programs.

pub(super) mod words;

use super::combinations::Columns;
use super::files_written;
use super::metrics::quoted;
use super::style::Style;
use super::table::{WIDTH, wrapped};
use crate::experiment::assumptions::{Against, Count, WorldCell, Worlds};
use crate::experiment::{Results, Verdict};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt::Write;
use words::{decides, label, plain, quantiles, settings};

/// What is told of each combination, with what it is called.
const MAIN: [(&str, &str); 4] = [
    ("half is faster than  p50", "delay.p50"),
    ("99 of 100            p99", "delay.p99"),
    ("later than 1 hour", "late.1h"),
    ("connections cut", "connections.cut"),
];
/// Statements and ranks that a page shows at most; files hold all.
const SHOWN: usize = 8;

/// What is said around the answer.
#[derive(Clone, Copy, Debug)]
pub struct WorldsPage<'a> {
    /// With the defaults.
    pub results: &'a Results,
    /// Over the worlds.
    pub worlds: &'a Worlds,
    /// The question.
    pub about: &'a str,
    /// What the answer rests on.
    pub trust: &'a [String],
    /// Files written.
    pub files: &'a [String],
}

/// The results with the answer beside them, as JSON.
pub fn worlds_json(results: &Results, worlds: &Worlds) -> String {
    #[derive(Serialize)]
    struct Both<'a> {
        #[serde(flatten)]
        results: &'a Results,
        worlds: &'a Worlds,
    }
    // Plain maps, lists, texts and numbers: writing them to memory cannot fail.
    serde_json::to_string_pretty(&Both { results, worlds }).unwrap_or_default() + "\n"
}

/// One row for each world and combination: the world, the combination's settings, the values drawn (empty where
/// the default holds), the metrics, the difference with its interval and what it comes to.
pub fn worlds_csv(worlds: &Worlds) -> String {
    let keys: Vec<&String> =
        worlds.cells.first().map(|cell| cell.settings.keys().collect()).unwrap_or_default();
    let metrics: Vec<&str> = MAIN.iter().map(|(_, name)| *name).collect();
    let mut head: Vec<String> = vec!["world".to_owned()];
    head.extend(keys.iter().map(|key| (*key).clone()));
    head.extend(worlds.varied.keys().cloned());
    head.extend(metrics.iter().map(|name| (*name).to_owned()));
    if worlds.compare_with.is_some() {
        head.extend(
            ["difference", "difference.low", "difference.high", "against"].map(str::to_owned),
        );
    }
    let head: Vec<String> = head.iter().map(|text| quoted(text)).collect();
    let mut out = head.join(",") + "\n";
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    for world in &worlds.worlds {
        for (cell, found) in worlds.cells.iter().zip(&world.cells) {
            let mut row = vec![world.world.to_string()];
            row.extend(keys.iter().map(|key| plain(cell.settings.get(*key))));
            row.extend(worlds.varied.keys().map(|key| plain(world.values.get(key))));
            row.extend(
                metrics.iter().map(|name| number(found.metrics.get(*name).copied().flatten())),
            );
            if worlds.compare_with.is_some() {
                row.extend(found.difference.unwrap_or_default().map(number));
                row.push(found.against.map(against_word).unwrap_or_default().to_owned());
            }
            let row: Vec<String> = row.iter().map(|text| quoted(text)).collect();
            out += &(row.join(",") + "\n");
        }
    }
    out
}

fn against_word(against: Against) -> &'static str {
    match against {
        Against::Wins => "wins",
        Against::Even => "even",
        Against::Loses => "loses",
    }
}

/// Each combination over the worlds, and the assumptions by how much they decide, as Markdown.
pub fn worlds_markdown(worlds: &Worlds) -> String {
    let cell = |text: &str| text.replace('|', "\\|");
    let mut out = String::from(
        "| combination | wins | even | losses | p99: defaults | median | 5 .. 95 % |\n|---|--:|--:|--:|--:|--:|--:|\n",
    );
    for of in &worlds.cells {
        let counts = of.against.as_ref().map_or(["-"; 3].map(str::to_owned), |count| {
            [count.wins, count.even, count.losses].map(|worlds| worlds.to_string())
        });
        let [defaults, median, range] = quantiles(of, "delay.p99");
        let counts = counts.join(" | ");
        let _ = writeln!(
            out,
            "| {} | {counts} | {defaults} | {median} | {range} |",
            cell(&settings(&of.settings))
        );
    }
    out += "\n| assumption | range | decides |\n|---|---|--:|\n";
    for ranked in &worlds.ranking.assumptions {
        let key = ranked.name.split(' ').next().unwrap_or_default();
        let range = worlds.varied.get(key).cloned().unwrap_or_default();
        let share = decides(ranked.share, ranked.told);
        let _ = writeln!(out, "| `{}` | {} | {share} |", ranked.name, cell(&range));
    }
    out
}

/// The page for people.
///
/// `brief` leaves out all but the answer and the expectations.
pub fn worlds_page(page: &WorldsPage, brief: bool, style: Style) -> String {
    let (results, worlds) = (page.results, page.worlds);
    let mut out = format!("{}\n", style.bold(&results.scenario));
    if !page.about.is_empty() {
        out += &wrapped(page.about, "");
    }
    let line = format!(
        "{} worlds, each with other values for {} assumptions; {} in each, seed {}",
        worlds.n,
        worlds.varied.len(),
        match worlds.repeats {
            1 => "1 day".to_owned(),
            n => format!("the same {n} days"),
        },
        results.seed
    );
    out += &style.dim(wrapped(&line, "").trim_end());
    out.push('\n');
    out += &answer(worlds, style);
    if brief && worlds.cells.len() > 1 {
        return out + &expectations(worlds, style);
    }
    out += &match worlds.cells.len() {
        1 => metrics(&worlds.cells[0], style),
        _ => table(worlds, style),
    };
    out += &expectations(worlds, style);
    if brief {
        return out;
    }
    out += &conditions(worlds, style);
    out += &ranking(worlds, style);
    out += &left_alone(worlds, style);
    let _ = writeln!(out, "\n{}", style.bold("How far to trust it"));
    let trust = page.trust.iter().filter(|line| *line != super::trust::DOUBT);
    trust.for_each(|line| out += &wrapped(line, "  "));
    out + &files_written(page.files, style)
}

/// The answer in a sentence or two.
fn answer(worlds: &Worlds, style: Style) -> String {
    let Some(text) = words::answer(worlds) else { return String::new() };
    format!("\n{}\n{}", style.bold("The answer"), wrapped(&text, "  "))
}

fn metrics(cell: &WorldCell, style: Style) -> String {
    let head = format!(
        "{:<30}{:>12}{:>16}{:>22}",
        "Over the worlds", "defaults", "half of worlds", "9 of 10 worlds"
    );
    let mut out = format!("\n{}\n", style.bold(&head));
    for (label, name) in MAIN {
        let [defaults, median, range] = quantiles(cell, name);
        let _ = writeln!(out, "  {label:<28}{defaults:>12}{median:>16}{range:>22}");
    }
    out
}

/// One row for each combination.
fn table(worlds: &Worlds, style: Style) -> String {
    const RIGHT: usize = 55;
    let keys: Vec<&str> = worlds.cells[0].settings.keys().map(String::as_str).collect();
    let rows: Vec<Vec<String>> = worlds
        .cells
        .iter()
        .map(|cell| keys.iter().map(|key| plain(cell.settings.get(*key))).collect())
        .collect();
    let columns = Columns::of(&keys, &rows, WIDTH - RIGHT);
    let compared = worlds.compare_with.is_some();
    let counts =
        if compared { format!("{:>6}{:>5}{:>6}", "wins", "even", "loses") } else { String::new() };
    let head = format!(
        "{}{counts}{:>11}{:>9}{:>17}",
        columns.head(),
        "defaults",
        "half",
        "9 of 10 worlds"
    );
    let mut out = format!("\n{}{}\n", columns.legend, style.bold(head.trim_end()));
    for (position, (cell, row)) in worlds.cells.iter().zip(&rows).enumerate() {
        let counts = match &cell.against {
            Some(Count { wins, even, losses, .. }) => format!("{wins:>6}{even:>5}{losses:>6}"),
            None if worlds.compare_with == Some(position) => format!("{:>17}", "compared with"),
            None => String::new(),
        };
        let [defaults, median, range] = quantiles(cell, "delay.p99");
        let line = format!("{}{counts}{defaults:>11}{median:>9}{range:>17}", columns.line(row));
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out += &wrapped(
        "The last three columns are the p99 delay: with the defaults, in half of the worlds at most, and the range of 9 \
         of 10 worlds.",
        "  ",
    );
    if compared {
        out += &wrapped(
            "Wins and loses: it is lower or higher than that of the combination compared with, on the same days of \
             the same world. Even: not told apart, or by less than 1 s or 1 %.",
            "  ",
        );
        match worlds.repeats {
            1 => out += "  With one day in each world, that day decides.\n",
            _ => {
                out += &wrapped(
                    "Each world is judged with 95 %: where nothing differs, chance tells 5 of 100 apart.",
                    "  ",
                );
            }
        }
        out += &wrapped(
            "Mail that is not out a day after the end is not waited for; its delay is then longer than is told here.",
            "  ",
        );
    }
    out
}

fn expectations(worlds: &Worlds, style: Style) -> String {
    let kept = words::kept(worlds);
    if kept.is_empty() {
        return String::new();
    }
    let head = format!(
        "{:<40}{:>10}{:>8}{:>8}{:>12}",
        "Expectations", "defaults", "met", "missed", "undecided"
    );
    let mut out = format!("\n{}\n", style.bold(&head));
    for of in kept {
        let defaults = match of.defaults {
            Verdict::Met => "met",
            Verdict::Undecided => "undecided",
            Verdict::Missed => "MISSED",
        };
        let (text, met, missed, open) = (of.text, of.met, of.missed, of.undecided);
        let _ = writeln!(out, "  {text:<38}{defaults:>10}{met:>8}{missed:>8}{open:>12}");
    }
    if worlds.cells.len() > 1 {
        out += "  A world meets a line with all combinations it is about; one miss is enough.\n";
    }
    if worlds.repeats == 1 {
        out += "  One day in each world has no interval to decide by: --repeats 3 has.\n";
    }
    out
}

/// Where outcomes turn.
fn conditions(worlds: &Worlds, style: Style) -> String {
    let mut out = format!("\n{}\n", style.bold("Where it turns"));
    let statements = words::statements(worlds);
    if statements.is_empty() {
        let Some(text) = words::no_statement(worlds) else { return String::new() };
        return out + &wrapped(text, "  ");
    }
    statements.iter().take(SHOWN).for_each(|text| out += &wrapped(text, "  "));
    if statements.len() > SHOWN {
        let _ = writeln!(out, "  .. and {} more in the files", statements.len() - SHOWN);
    }
    out
}

fn ranking(worlds: &Worlds, style: Style) -> String {
    let ranking = &worlds.ranking;
    let of = worlds.cells.get(ranking.of).map(|cell| label(cell, worlds)).unwrap_or_default();
    let title = format!("\n{}\n", style.bold("Which assumptions decide"));
    let what = match ranking.difference {
        true => format!("the p99 delay that is saved by {of}"),
        false => format!("the p99 delay of {of}"),
    };
    let mut out = title
        + &wrapped(
            &format!(
                "What differs from world to world is {what}. Of that, this share goes with each assumption alone (shares may overlap):"
            ),
            "  ",
        );
    let told: Vec<_> = ranking.assumptions.iter().filter(|ranked| ranked.told).collect();
    let others: BTreeSet<&str> = ranking
        .assumptions
        .iter()
        .filter(|ranked| !ranked.told)
        .map(|ranked| ranked.name.split(' ').next().unwrap_or_default())
        .filter(|key| !told.iter().any(|told| told.name.split(' ').next() == Some(key)))
        .collect();
    for ranked in told.iter().take(SHOWN) {
        let key = ranked.name.split(' ').next().unwrap_or_default();
        let range = worlds.varied.get(key).cloned().unwrap_or_default();
        let _ = writeln!(out, "  {:>5}  {}", decides(ranked.share, true), ranked.name);
        out += &wrapped(&range, "           ");
    }
    if told.is_empty() {
        out += "  none that could be told from chance in so many worlds\n";
    }
    if !others.is_empty() {
        let list = others.into_iter().collect::<Vec<_>>().join(", ");
        out += &wrapped(&format!("Not told from chance: {list}."), "  ");
    }
    out
}

/// What was not varied although it is assumed, and values that were drawn in vain.
fn left_alone(worlds: &Worlds, style: Style) -> String {
    let mut out = String::new();
    for (key, why) in &worlds.kept {
        out += &wrapped(&format!("{key}: {why}."), "  ");
    }
    let refused: usize = worlds.worlds.iter().map(|world| world.refused.len()).sum();
    if refused > 0 {
        let text = format!(
            "{refused} drawn values did not fit the others of their world; the default holds there, and the files \
             say why."
        );
        out += &wrapped(&text, "  ");
    }
    match out.is_empty() {
        true => out,
        false => format!("\n{}\n{out}", style.bold("Assumed and not varied")),
    }
}
