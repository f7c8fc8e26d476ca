//! Notes on what disturbs a day: a dashed line through all panels along the clock, and words above the first.

use super::ChartError;
use super::axis::ClockAxis;
use super::canvas::{Align, Area, Canvas, TEXT, Type};
use super::palette::INK;
use super::text;
use crate::units::SimTime;
use plotters::style::WHITE;

/// Rows of words above the first panel.
const MOST_ROWS: usize = 3;
const ROW: i32 = 42;

/// Where a note stands, in which row, and what it says. Without room it is a line only.
struct Note {
    x: i32,
    words: Option<(i32, usize, String)>,
}

/// All notes of a picture.
pub(super) struct Notes {
    notes: Vec<Note>,
    top: i32,
}

impl Notes {
    /// Notes whose words begin at `top`, in rows of their own where they would overlap, in order of time.
    pub(super) fn new(
        changes: &[(SimTime, String)],
        axis: &ClockAxis,
        right: i32,
        top: i32,
    ) -> Notes {
        let mut free_from = [i32::MIN; MOST_ROWS];
        let mut changes: Vec<&(SimTime, String)> = changes.iter().collect();
        changes.sort_by_key(|change| change.0);
        let place = |(at, words): &(SimTime, String)| {
            let x = axis.x(*at);
            let words = text::fit(&text::clean(words), 520, TEXT, false);
            let width = text::width(&words, TEXT, false);
            // Right of its line, or left of it where the sheet ends.
            let start = if x + 12 + width <= right { x + 12 } else { x - 12 - width };
            let row = free_from.iter().position(|free| *free <= start);
            if let Some(row) = row {
                free_from[row] = start + width + TEXT;
            }
            Note { x, words: row.map(|row| (start, row, words)) }
        };
        Notes { notes: changes.into_iter().map(place).collect(), top }
    }

    /// Where the words begin.
    pub(super) fn top(&self) -> i32 {
        self.top
    }

    /// Where the first panel may begin.
    pub(super) fn bottom(&self) -> i32 {
        let rows =
            self.notes.iter().filter_map(|note| note.words.as_ref()).map(|words| words.1 + 1);
        self.top + ROW * rows.max().unwrap_or(0) as i32 + 8
    }

    /// Draws lines through `panels` and the words above them.
    pub(super) fn draw(&self, canvas: &Canvas, panels: &[Area]) -> Result<(), ChartError> {
        let first = panels.first().map_or(0, |area| area.top);
        let middle = |row: usize| self.top + ROW * row as i32 + ROW / 2;
        for note in &self.notes {
            let top = note.words.as_ref().map_or(first, |(_, row, _)| middle(*row) - 14);
            for area in panels {
                let to = if area.top == first { top } else { area.top };
                canvas.patterned(&[(note.x, area.bottom), (note.x, to)], &[16, 12], INK, 3)?;
            }
        }
        // Words stand on paper of their own: no line of another note runs through them.
        for (left, row, words) in self.notes.iter().filter_map(|note| note.words.as_ref()) {
            let (y, right) = (middle(*row), left + text::width(words, TEXT, false));
            canvas.fill(Area { left: *left, top: y - 18, right, bottom: y + 18 }, WHITE, 1.0)?;
            canvas.text(words, (*left, y), Align::Left, Type::PLAIN)?;
        }
        Ok(())
    }
}
