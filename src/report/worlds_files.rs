//! The answer over the worlds for programs: JSON, a row of CSV for each world and combination, Markdown.

use super::metrics::quoted;
use super::worlds::{MAIN, decides, plain, quantiles, settings};
use crate::experiment::Results;
use crate::experiment::assumptions::{Against, Worlds};
use serde::Serialize;
use std::fmt::Write;

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
    head.extend(worlds.varied.keys().map(|key| (*key).to_owned()));
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
            row.extend(worlds.varied.keys().map(|key| plain(world.values.get(*key))));
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
