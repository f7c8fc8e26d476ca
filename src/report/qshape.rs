//! Queued mail by age and destination, in the shape that Postfix's `qshape` made familiar.

use super::metrics::quoted;
use crate::measure::{ByAge, MINUTES, QUEUE_CLASSES};
use serde_json::json;
use std::fmt::Write;

/// Widest line of the table.
const WIDTH: usize = 80;
/// Narrowest column of names.
const NAME: usize = 12;

/// One queue at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueShape {
    /// The scenario's name.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// Which of the independent days, from 0.
    pub replication: u64,
    /// Seconds from the start.
    pub at_seconds: f64,
    /// The instant in words.
    pub at: String,
    /// Why this instant, in words; empty if it was asked for.
    pub why: String,
    /// By destination: its name and its messages by age.
    pub rows: Vec<(String, ByAge)>,
}

impl QueueShape {
    /// TOTAL, then the destinations, the longest queue first.
    fn lines(&self) -> Vec<(&str, u64, ByAge)> {
        let sum = |of: &ByAge| of.iter().sum::<u64>();
        let mut total = [0; QUEUE_CLASSES];
        for (_, of) in &self.rows {
            total.iter_mut().zip(of).for_each(|(total, of)| *total += of);
        }
        let mut rows: Vec<(&str, u64, ByAge)> =
            self.rows.iter().map(|(name, of)| (name.as_str(), sum(of), *of)).collect();
        rows.sort_by_key(|(_, sum, _)| std::cmp::Reverse(*sum));
        rows.insert(0, ("TOTAL", sum(&total), total));
        rows
    }
}

/// `T`, `5`, .. `1280`, `1280+`.
fn headings() -> Vec<String> {
    let last = MINUTES[MINUTES.len() - 1];
    let ages = MINUTES.iter().map(ToString::to_string);
    std::iter::once("T".to_owned()).chain(ages).chain([format!("{last}+")]).collect()
}

fn numbers((_, sum, by_age): &(&str, u64, ByAge)) -> Vec<String> {
    std::iter::once(sum).chain(by_age).map(ToString::to_string).collect()
}

/// A page for people: what it shows, the table, how to read it.
pub fn qshape(shape: &QueueShape) -> String {
    let (lines, headings) = (shape.lines(), headings());
    let rows: Vec<Vec<String>> = lines.iter().map(numbers).collect();
    let widest = |column: usize| {
        let cells = rows.iter().map(|row| row[column].len());
        cells.chain([headings[column].len()]).max().unwrap_or(0) + 1
    };
    let widths: Vec<usize> = (0..headings.len()).map(widest).collect();
    let room = WIDTH.saturating_sub(widths.iter().sum()).max(NAME);
    let names: Vec<String> = lines.iter().map(|(name, ..)| cut(name, room)).collect();
    let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let line = |name: &str, cells: &[String]| {
        let cells = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:>width$}"));
        format!("{name:>longest$}{}\n", cells.collect::<String>())
    };
    let mut out = format!("{}, replication {}\n", cut(&shape.scenario, 60), shape.replication);
    let why = if shape.why.is_empty() { String::new() } else { format!(": {}", shape.why) };
    let _ = writeln!(out, "The queue at {}{why}\n", shape.at);
    out += &line("", &headings);
    for (name, cells) in names.iter().zip(&rows) {
        out += &line(name, cells);
    }
    out + "\nT is all mail; each other column counts what is younger than so many minutes,\n\
           but not younger than the column before.\n"
}

/// At most `room` characters of a name, without what would break a line.
fn cut(name: &str, room: usize) -> String {
    let clean = super::charts::clean(name);
    if clean.chars().count() <= room {
        return clean;
    }
    clean.chars().take(room.saturating_sub(1)).chain(['…']).collect()
}

/// One object: `minutes` are the upper ends of the classes, the last of which has none.
pub fn qshape_json(shape: &QueueShape) -> String {
    let row = |line: &(&str, u64, ByAge)| json!({ "destination": line.0, "total": line.1, "by_age": line.2 });
    let (lines, total) = (shape.lines(), |line: &(&str, u64, ByAge)| line.1);
    let object = json!({
        "schema": 1,
        "scenario": shape.scenario,
        "seed": shape.seed,
        "replication": shape.replication,
        "at": shape.at_seconds,
        "minutes": MINUTES,
        "total": lines.first().map_or(0, total),
        "by_age": lines.first().map(|line| line.2),
        "destinations": lines.iter().skip(1).map(row).collect::<Vec<_>>(),
    });
    // Plain numbers and texts: writing them to memory cannot fail.
    serde_json::to_string_pretty(&object).unwrap_or_default() + "\n"
}

/// A row for TOTAL and for each destination.
pub fn qshape_csv(shape: &QueueShape) -> String {
    let mut out = format!("destination,{}\n", headings().join(","));
    for line in shape.lines() {
        let _ = writeln!(out, "{},{}", quoted(line.0), numbers(&line).join(","));
    }
    out
}

/// The same as a Markdown table.
pub fn qshape_markdown(shape: &QueueShape) -> String {
    let mut out = format!(
        "| destination | {} |\n|---{}|\n",
        headings().join(" | "),
        "|--:".repeat(QUEUE_CLASSES + 1)
    );
    for line in shape.lines() {
        let name = super::charts::clean(line.0).replace('|', "\\|");
        let _ = writeln!(out, "| {name} | {} |", numbers(&line).join(" | "));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(rows: &[(&str, ByAge)]) -> QueueShape {
        QueueShape {
            scenario: "A day".to_owned(),
            seed: 42,
            replication: 0,
            at_seconds: 34_200.0,
            at: "Mon 09:30:00.0".to_owned(),
            why: "the longest of the day".to_owned(),
            rows: rows.iter().map(|(name, of)| ((*name).to_owned(), *of)).collect(),
        }
    }

    #[test]
    fn the_table_reads_like_qshape() {
        let partner = [0, 0, 0, 3, 0, 0, 0, 0, 0, 0];
        let office = [120, 80, 700, 1_100, 0, 0, 0, 0, 0, 1];
        let page = qshape(&shape(&[("partner", partner), ("Exchange Online", office)]));
        let table: Vec<&str> = page.lines().skip(3).take(4).collect();
        assert_eq!(
            table,
            [
                "                   T   5 10  20   40 80 160 320 640 1280 1280+",
                "          TOTAL 2004 120 80 700 1103  0   0   0   0    0     1",
                "Exchange Online 2001 120 80 700 1100  0   0   0   0    0     1",
                "        partner    3   0  0   0    3  0   0   0   0    0     0",
            ]
        );
        assert!(page.contains("Mon 09:30:00.0: the longest of the day"), "{page}");
    }

    #[test]
    fn long_names_and_large_numbers_keep_to_eighty_columns() {
        let name = "מיל\u{202e}\n".to_owned() + &"x".repeat(300);
        let page = qshape(&shape(&[(&name, [54_321; QUEUE_CLASSES])]));
        assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
        assert!(page.contains('…') && !page.contains('\u{202e}'), "{page}");
    }

    #[test]
    fn an_empty_queue_is_a_row_of_zeros_in_every_format() {
        let none = shape(&[]);
        assert!(qshape(&none).contains("TOTAL 0 0"), "{}", qshape(&none));
        assert_eq!(qshape_csv(&none).lines().nth(1), Some("TOTAL,0,0,0,0,0,0,0,0,0,0,0"));
        assert_eq!(qshape_markdown(&none).lines().count(), 3);
        let read: serde_json::Value = serde_json::from_str(&qshape_json(&none)).expect("JSON");
        assert_eq!((&read["total"], &read["minutes"][8]), (&json!(0), &json!(1280)));
    }
}
