//! Differences and effects: a row each, its interval as a line, and a zero line to judge it by.

use super::ChartError;
use super::axis::round_steps;
use super::canvas::{self, Align, Area, Canvas, HEADING_LINES, MARGIN, TEXT, Type, WIDTH};
use super::palette::{ALARM, FLOW, GREY, GRID, INK, Look, Marker};
use super::text;
use crate::measure::Unit;
use crate::report::human;
use plotters::style::RGBColor;

/// Most rows of one picture.
pub const MOST_ROWS: usize = 160;
const ROW: i32 = 54;
/// Size of labels that are too long otherwise.
const SMALL: i32 = 26;
/// Room for the words on the left, and for those on the right.
const LABEL: i32 = 800;
const WORDS: i32 = 400;
/// From here on the axis of times is logarithmic, in both directions.
const NEARLY_NOTHING: f64 = 1.0;
/// Ticks of the axis of times.
const TIMES: [(f64, &str); 6] =
    [(1.0, "1s"), (10.0, "10s"), (60.0, "1m"), (600.0, "10m"), (3600.0, "1h"), (86_400.0, "1d")];

/// What to draw.
#[derive(Clone, Debug, PartialEq)]
pub struct Forest {
    /// What differs, in words.
    pub title: String,
    /// How to read it.
    pub how_to_read: String,
    /// What stands left and right of the zero line, such as `faster` and `slower`.
    pub sides: (String, String),
    /// What the numbers are.
    pub unit: Unit,
    /// From top to bottom.
    pub rows: Vec<ForestRow>,
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub enum ForestRow {
    /// A heading above what follows.
    Heading(String),
    /// A difference.
    Difference {
        /// Of what.
        label: String,
        /// The best guess.
        point: f64,
        /// The ends of its interval, which hold together with those of all other rows.
        interval: Option<(f64, f64)>,
        /// Beyond the zero line this is for the worse.
        worse: bool,
    },
}

/// From values to pixels, zero in sight.
struct Axis {
    low: f64,
    high: f64,
    left: i32,
    right: i32,
    unit: Unit,
}

impl Axis {
    fn new(forest: &Forest, left: i32, right: i32) -> Self {
        let mut axis = Axis { low: 0.0, high: 0.0, left, right, unit: forest.unit };
        for row in &forest.rows {
            let ForestRow::Difference { point, interval, .. } = row else { continue };
            let ends = interval.map_or([*point; 2], |(low, high)| [low, high]);
            for value in [*point, ends[0], ends[1]].into_iter().filter(|value| value.is_finite()) {
                let place = axis.place(value);
                (axis.low, axis.high) = (axis.low.min(place), axis.high.max(place));
            }
        }
        let width = axis.high - axis.low;
        let spare = if width > 0.0 { 0.06 * width } else { 1.0 };
        Axis { low: axis.low - spare, high: axis.high + spare, ..axis }
    }

    fn place(&self, value: f64) -> f64 {
        match self.unit {
            Unit::Seconds => value.signum() * libm::log10(1.0 + (value / NEARLY_NOTHING).abs()),
            _ => value,
        }
    }

    fn x(&self, value: f64) -> i32 {
        let share = (self.place(value) - self.low) / (self.high - self.low);
        let share = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
        self.left + (share * f64::from(self.right - self.left)).round() as i32
    }

    /// Ticks in view that keep apart, zero first of all.
    fn ticks(&self) -> Vec<(i32, String)> {
        let mut wanted = vec![(0.0, "0".to_owned())];
        match self.unit {
            Unit::Seconds => {
                for (seconds, words) in TIMES.iter().rev() {
                    wanted.push((*seconds, format!("+{words}")));
                    wanted.push((-seconds, format!("-{words}")));
                }
            }
            unit => {
                let (step, count) = round_steps(self.high.max(-self.low), 4);
                for number in 1..=count {
                    let value = step * f64::from(number);
                    let words = human::quantity(value, unit);
                    wanted.push((value, format!("+{words}")));
                    wanted.push((-value, format!("-{words}")));
                }
            }
        }
        let mut ticks: Vec<(i32, String)> = Vec::new();
        for (value, words) in wanted {
            let (place, x) = (self.place(value), self.x(value));
            let room = |other: &(i32, String)| {
                let half =
                    (text::width(&words, TEXT, false) + text::width(&other.1, TEXT, false)) / 2;
                (x - other.0).abs() > half + 16
            };
            if place >= self.low && place <= self.high && ticks.iter().all(room) {
                ticks.push((x, words));
            }
        }
        ticks
    }
}

/// Draws the rows.
///
/// # Errors
/// [`ChartError::Rows`] without a row or with more than [`MOST_ROWS`].
pub fn forest(forest: &Forest) -> Result<String, ChartError> {
    if forest.rows.is_empty() || forest.rows.len() > MOST_ROWS {
        return Err(ChartError::Rows(forest.rows.len()));
    }
    let lines = text::wrap(
        &text::clean(&forest.how_to_read),
        WIDTH - 2 * MARGIN,
        TEXT,
        HEADING_LINES,
    )
    .len() as i32;
    let top = 170 + 40 * lines;
    let bottom = top + ROW * forest.rows.len() as i32 + 10;
    let area = Area { left: MARGIN + LABEL, top, right: WIDTH - MARGIN - WORDS, bottom };
    let axis = Axis::new(forest, area.left, area.right);
    canvas::picture(bottom + 120, &forest.title, &describe(forest), |canvas| {
        canvas.heading(&forest.title, &forest.how_to_read)?;
        draw_axis(canvas, forest, &axis, area)?;
        for (number, row) in forest.rows.iter().enumerate() {
            canvas.part(number, &said(row, forest.unit), || {
                draw_row(canvas, forest.unit, row, &axis, top + ROW * number as i32 + ROW / 2)
            })?;
        }
        Ok(())
    })
}

fn draw_axis(
    canvas: &Canvas,
    forest: &Forest,
    axis: &Axis,
    Area { left, top, right, bottom }: Area,
) -> Result<(), ChartError> {
    for (x, words) in axis.ticks() {
        canvas.line(&[(x, top), (x, bottom)], GRID, 2)?;
        canvas.text(&words, (x, bottom + 34), Align::Middle, Type::QUIET)?;
    }
    let zero = axis.x(0.0);
    canvas.line(&[(zero, top - 12), (zero, bottom + 8)], INK, 3)?;
    let (below, above) = (&forest.sides.0, &forest.sides.1);
    let room = |words: &str| text::width(words, TEXT, true) + 20;
    // A side that nothing lies on has no room for its name, nor need of one.
    if zero - left > room(below) {
        canvas.text(&format!("← {below}"), (zero - 18, top - 34), Align::Right, Type::STRONG)?;
    }
    if right - zero > room(above) {
        canvas.text(&format!("{above} →"), (zero + 18, top - 34), Align::Left, Type::STRONG)?;
    }
    Ok(())
}

fn draw_row(
    canvas: &Canvas,
    unit: Unit,
    row: &ForestRow,
    axis: &Axis,
    y: i32,
) -> Result<(), ChartError> {
    let (label, point, interval, worse) = match row {
        ForestRow::Heading(words) => {
            let words = text::fit(&text::clean(words), WIDTH - 2 * MARGIN, TEXT, true);
            return canvas.text(&words, (MARGIN, y), Align::Left, Type::STRONG);
        }
        ForestRow::Difference { label, point, interval, worse } => {
            (label, *point, *interval, *worse)
        }
    };
    let (label, size) = text::shrunk(&text::clean(label), LABEL - 40, [TEXT, SMALL], false);
    canvas.text(&label, (MARGIN, y), Align::Left, Type { size, ..Type::PLAIN })?;
    let told = interval.is_some_and(|(low, high)| low > 0.0 || high < 0.0);
    let colour = colour(told, worse);
    if let Some((low, high)) = interval {
        let (low, high) = (axis.x(low), axis.x(high));
        canvas.line(&[(low, y), (high, y)], colour, 6)?;
        for end in [low, high] {
            canvas.line(&[(end, y - 11), (end, y + 11)], colour, 4)?;
        }
    }
    // Open: cannot be told from no difference. Never colour alone.
    let marker = match (told, worse) {
        (false, _) => Marker::Ring,
        (true, false) => Marker::Circle,
        (true, true) => Marker::Square,
    };
    canvas.marker((axis.x(point), y), &Look { color: colour, pattern: &[], marker })?;
    let right = (WIDTH - MARGIN, y);
    canvas.text(&words(point, interval, unit), right, Align::Right, Type::PLAIN)
}

fn colour(told: bool, worse: bool) -> RGBColor {
    match (told, worse) {
        (false, _) => GREY,
        (true, false) => FLOW,
        (true, true) => ALARM,
    }
}

/// `-45m  -50m .. -40m`.
fn words(point: f64, interval: Option<(f64, f64)>, unit: Unit) -> String {
    let brief = |value: f64| {
        let sign = if value < 0.0 { "-" } else { "+" };
        if value == 0.0 {
            "0".to_owned()
        } else {
            format!("{sign}{}", human::brief(value.abs(), unit))
        }
    };
    match interval {
        Some((low, high)) => format!("{}  ({} .. {})", brief(point), brief(low), brief(high)),
        None => brief(point),
    }
}

/// The picture in words: every row.
fn describe(forest: &Forest) -> String {
    let rows = forest.rows.iter();
    rows.fold(forest.how_to_read.clone(), |out, row| out + " " + &said(row, forest.unit))
}

/// A row in words.
fn said(row: &ForestRow, unit: Unit) -> String {
    match row {
        ForestRow::Heading(words) => format!("{words}:"),
        ForestRow::Difference { label, point, interval, .. } => {
            format!("{label}: {}.", words(*point, *interval, unit))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(label: &str, point: f64, interval: Option<(f64, f64)>) -> ForestRow {
        ForestRow::Difference { label: label.to_owned(), point, interval, worse: point > 0.0 }
    }

    fn rows(unit: Unit, rows: Vec<ForestRow>) -> Forest {
        Forest {
            title: "Difference in p99 delay".to_owned(),
            how_to_read: "Each line is an interval.".to_owned(),
            sides: ("faster".to_owned(), "slower".to_owned()),
            unit,
            rows,
        }
    }

    #[test]
    fn zero_is_always_in_sight_and_longer_differences_stand_further_out() {
        let all = rows(Unit::Seconds, vec![row("a", -3600.0, Some((-4000.0, -3000.0)))]);
        let axis = Axis::new(&all, 0, 1000);
        let at = [-4000.0, -3600.0, -3000.0, -60.0, 0.0].map(|value| axis.x(value));
        assert!(at.is_sorted() && at[0] > 0 && at[4] < 1000, "{at:?}");
        assert!(axis.ticks().iter().any(|(x, words)| words == "0" && *x == at[4]));
    }

    #[test]
    fn what_cannot_be_told_from_zero_is_drawn_open_and_every_row_says_its_numbers() {
        let told = row("short retry", -120.0, Some((-130.0, -110.0)));
        let not = row("hoststat off", 1.0, Some((-5.0, 7.0)));
        let svg = forest(&rows(Unit::Seconds, vec![told, not])).expect("drawn");
        for words in ["-2.0m  (-2.2m .. -1.8m)", "+1.0s  (-5.0s .. +7.0s)", "slower", "faster"] {
            assert!(svg.contains(words), "{words}");
        }
        assert_eq!(forest(&rows(Unit::Share, Vec::new())), Err(ChartError::Rows(0)));
    }

    #[test]
    fn numbers_without_end_stand_on_the_edge() {
        let ends = Some((f64::NEG_INFINITY, f64::INFINITY));
        let endless = rows(Unit::Count, vec![row("x", f64::NAN, ends), row("y", 3.0, None)]);
        assert!(forest(&endless).is_ok());
    }
}
