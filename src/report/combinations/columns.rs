//! The settings of combinations, side by side in so many columns of text, under their names or under letters that
//! stand for them.

use std::fmt::Write;

/// The columns.
pub(in crate::report) struct Columns {
    /// What the letters stand for, where keys do not fit; else empty.
    pub(in crate::report) legend: String,
    titles: Vec<String>,
    widths: Vec<usize>,
    room: usize,
}

impl Columns {
    /// Columns for these rows of values; one column of the room stays free.
    pub(in crate::report) fn of(keys: &[&str], rows: &[Vec<String>], room: usize) -> Self {
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
        let widths: Vec<usize> = (0..keys.len()).map(|c| width(c).unwrap_or(0)).collect();
        let named: Vec<usize> =
            keys.iter().zip(&widths).map(|(key, n)| short(key).chars().count().max(*n)).collect();
        if fits(&named, room - 1) {
            let titles = keys.iter().map(|key| short(key).to_owned()).collect();
            return Columns { legend: String::new(), titles, widths: named, room };
        }
        let titles: Vec<String> = (0..keys.len()).map(letter).collect();
        let mut legend = String::new();
        for (letter, key) in titles.iter().zip(keys) {
            let _ = writeln!(legend, "{letter} = {key}");
        }
        legend.push('\n');
        Columns { legend, titles, widths: squeezed(widths, room - 1), room }
    }

    pub(in crate::report) fn head(&self) -> String {
        self.line(&self.titles)
    }

    pub(in crate::report) fn line(&self, texts: &[String]) -> String {
        let cells = texts.iter().zip(&self.widths).map(|(text, width)| cut(text, *width));
        format!("{:<room$}", cells.collect::<Vec<_>>().join(" "), room = self.room)
    }
}

/// What a key is called in a narrow place: its last word, or the setting's name where that is a word such as the
/// `mean` of a distribution.
pub(in crate::report) fn short(key: &str) -> &str {
    const OF_A_DISTRIBUTION: [&str; 5] = ["mean", "median", "rate", "factor", "fixed"];
    let words: Vec<&str> = key.split('.').collect();
    match words.as_slice() {
        [_, name, .., last] if OF_A_DISTRIBUTION.contains(last) => name,
        [.., last] => last,
        [] => key,
    }
}

fn fits(widths: &[usize], room: usize) -> bool {
    widths.iter().sum::<usize>() + widths.len().saturating_sub(1) <= room
}

/// The widest columns give way until all fit.
fn squeezed(mut widths: Vec<usize>, room: usize) -> Vec<usize> {
    while !fits(&widths, room) {
        match widths.iter_mut().max() {
            Some(widest) if *widest > 2 => *widest -= 1,
            _ => break,
        }
    }
    widths
}

/// A, B, .. Z, A2, ..
pub(super) fn letter(number: usize) -> String {
    let letter = char::from(b'A' + (number % 26) as u8);
    if number < 26 { letter.to_string() } else { format!("{letter}{}", number / 26 + 1) }
}

/// The text in exactly so many columns.
fn cut(text: &str, width: usize) -> String {
    match text.chars().count() <= width {
        true => format!("{text:<width$}"),
        false => text.chars().take(width.saturating_sub(1)).chain(['~']).collect(),
    }
}
