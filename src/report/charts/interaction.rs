//! Two settings together: a line for each value of the one over the values of the other. Lines that run alike mean
//! that each setting does the same whatever the other is; lines that part or cross mean that it does not.

use super::ChartError;
use super::axis::DelayAxis;
use super::canvas::{self, Align, Area, Canvas, HEADING_LINES, MARGIN, Point, TEXT, Type, WIDTH};
use super::palette::{GREY, GRID, INK, LOOKS, Look};
use super::text;
use super::{MAX_CURVES, MOST_VALUES};
use crate::report::human;

const HOUR: f64 = 3600.0;
const PLOT: i32 = 700;
const LABEL_ROOM: i32 = 520;
const SAMPLE: i32 = 84;
/// Size of values that are too long otherwise.
const SMALL: i32 = 22;
const LINE_HEIGHT: i32 = 46;

/// What to draw.
#[derive(Clone, Debug, PartialEq)]
pub struct Interaction {
    /// What is shown, in words.
    pub title: String,
    /// How to read it.
    pub how_to_read: String,
    /// The setting across, and its values.
    pub across: (String, Vec<String>),
    /// The setting that has a line for each value, and these.
    pub lines: (String, Vec<String>),
    /// Line by line; `None`: this combination was not run or has no mail.
    pub points: Vec<Option<Spot>>,
}

/// The delay of one combination.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spot {
    /// In seconds.
    pub seconds: f64,
    /// The ends of its interval.
    pub interval: Option<(f64, f64)>,
}

/// Where everything stands.
struct Frame {
    area: Area,
    axis: DelayAxis,
    columns: i32,
    lines: i32,
}

impl Frame {
    fn y(&self, seconds: f64) -> i32 {
        self.area.bottom - self.axis.x(seconds)
    }

    /// Lines stand a little beside each other, lest their intervals hide one another.
    fn x(&self, line: usize, column: usize) -> i32 {
        let width = (self.area.right - self.area.left) / self.columns;
        let apart = (width * 2 / 3 / self.lines.max(1)).min(34);
        let aside = apart * (2 * line as i32 - (self.lines - 1)) / 2;
        self.area.left + width * column as i32 + width / 2 + aside
    }
}

/// Draws the lines.
///
/// # Errors
/// [`ChartError::Curves`] without a line or with more than [`MAX_CURVES`], [`ChartError::Heatmap`] if there is no
/// value across, more than fit, or a spot is missing.
pub fn interaction(chart: &Interaction) -> Result<String, ChartError> {
    let (columns, lines) = (chart.across.1.len(), chart.lines.1.len());
    if lines == 0 || lines > MAX_CURVES {
        return Err(ChartError::Curves(lines));
    }
    if columns == 0 || columns > MOST_VALUES || chart.points.len() != columns * lines {
        return Err(ChartError::Heatmap);
    }
    let frame = lay_out(chart);
    canvas::picture(frame.area.bottom + 140, &chart.title, &describe(chart), |canvas| {
        canvas.heading(&chart.title, &chart.how_to_read)?;
        draw_axes(canvas, chart, &frame)?;
        for (line, look) in LOOKS.iter().enumerate().take(lines) {
            let joined = joined(chart, &frame, line);
            canvas.patterned(&joined, look.pattern, look.color, 5)?;
        }
        for index in 0..chart.points.len() {
            let Some(spot) = chart.points[index] else { continue };
            canvas.part(index, &said(chart, index), || {
                draw_spot(canvas, spot, &frame, index / columns, index % columns)
            })?;
        }
        draw_legend(canvas, chart, &frame)
    })
}

fn lay_out(chart: &Interaction) -> Frame {
    let heading =
        text::wrap(&text::clean(&chart.how_to_read), WIDTH - 2 * MARGIN, TEXT, HEADING_LINES);
    let top = 190 + 40 * heading.len() as i32;
    let names = chart.lines.1.iter().map(|name| text::width(&name_of(name), TEXT, false) + SAMPLE);
    let key = text::width(&key_of(chart), TEXT, true);
    let label = names.chain([key]).max().unwrap_or(0);
    let area = Area { left: 190, top, right: WIDTH - MARGIN - label - 40, bottom: top + PLOT };
    let ends = chart.points.iter().flatten().flat_map(|spot| {
        let (low, high) = spot.interval.unwrap_or((spot.seconds, spot.seconds));
        [spot.seconds, low, high]
    });
    let (mut shortest, mut longest) = (f64::INFINITY, 0.0f64);
    for seconds in ends.filter(|seconds| seconds.is_finite() && *seconds > 0.0) {
        (shortest, longest) = (shortest.min(seconds), longest.max(seconds));
    }
    Frame {
        area,
        axis: DelayAxis::around(shortest, longest, 0, PLOT),
        columns: chart.across.1.len() as i32,
        lines: chart.lines.1.len() as i32,
    }
}

fn draw_axes(canvas: &Canvas, chart: &Interaction, frame: &Frame) -> Result<(), ChartError> {
    let Area { left, top, right, bottom } = frame.area;
    for (up, label) in frame.axis.ticks(TEXT) {
        canvas.line(&[(left, bottom - up), (right, bottom - up)], GRID, 2)?;
        canvas.text(label, (left - 22, bottom - up), Align::Right, Type::QUIET)?;
    }
    canvas.line(&[(left, bottom), (right, bottom)], GREY, 3)?;
    let hour = frame.y(HOUR);
    if frame.axis.holds(HOUR) {
        canvas.patterned(&[(left, hour), (right, hour)], &[16, 12], INK, 3)?;
    }
    canvas.text("p99 delay", (MARGIN, top - 44), Align::Left, Type::QUIET)?;
    let width = (right - left) / frame.columns;
    for (column, value) in chart.across.1.iter().enumerate() {
        let (value, size) = text::shrunk(&text::clean(value), width - 6, [TEXT, SMALL], false);
        let x = left + width * column as i32 + width / 2;
        let look = Type { size, ..Type::PLAIN };
        canvas.text(&value, (x, bottom + 38), Align::Middle, look)?;
    }
    let key = text::fit(&text::clean(&chart.across.0), right - left, TEXT, true);
    canvas.text(&key, ((left + right) / 2, bottom + 92), Align::Middle, Type::STRONG)
}

/// The known points of a line.
fn joined(chart: &Interaction, frame: &Frame, line: usize) -> Vec<Point> {
    let columns = chart.across.1.len();
    let spots = chart.points[line * columns..(line + 1) * columns].iter().enumerate();
    let at = |(column, spot): (usize, &Option<Spot>)| {
        spot.as_ref().map(|spot| (frame.x(line, column), frame.y(spot.seconds)))
    };
    spots.filter_map(at).collect()
}

fn draw_spot(
    canvas: &Canvas,
    spot: Spot,
    frame: &Frame,
    line: usize,
    column: usize,
) -> Result<(), ChartError> {
    let (x, look) = (frame.x(line, column), &LOOKS[line]);
    if let Some((low, high)) = spot.interval {
        let (low, high) = (frame.y(low), frame.y(high));
        canvas.line(&[(x, low), (x, high)], look.color, 4)?;
        for end in [low, high] {
            canvas.line(&[(x - 10, end), (x + 10, end)], look.color, 4)?;
        }
    }
    canvas.marker((x, frame.y(spot.seconds)), look)
}

fn draw_legend(canvas: &Canvas, chart: &Interaction, frame: &Frame) -> Result<(), ChartError> {
    let left = frame.area.right + 40;
    let mut y = frame.area.top + LINE_HEIGHT / 2;
    canvas.text(&key_of(chart), (left, y), Align::Left, Type::STRONG)?;
    for (name, look) in chart.lines.1.iter().zip(&LOOKS) {
        y += LINE_HEIGHT;
        let Look { color, pattern, .. } = look;
        canvas.patterned(&[(left, y), (left + SAMPLE - 16, y)], pattern, *color, 5)?;
        canvas.marker((left + (SAMPLE - 16) / 2, y), look)?;
        canvas.text(&name_of(name), (left + SAMPLE, y), Align::Left, Type::PLAIN)?;
    }
    Ok(())
}

fn key_of(chart: &Interaction) -> String {
    text::fit(&text::clean(&chart.lines.0), LABEL_ROOM, TEXT, true)
}

fn name_of(value: &str) -> String {
    text::fit(&text::clean(value), LABEL_ROOM - SAMPLE, TEXT, false)
}

/// A spot in words.
fn said(chart: &Interaction, index: usize) -> String {
    let columns = chart.across.1.len();
    let (line, across) = (&chart.lines.1[index / columns], &chart.across.1[index % columns]);
    let of = format!("{} {line}, {} {across}", chart.lines.0, chart.across.0);
    match chart.points[index] {
        None => format!("{of}: not known"),
        Some(Spot { seconds, interval: None }) => format!("{of}: {}", human::duration(seconds)),
        Some(Spot { seconds, interval: Some((low, high)) }) => format!(
            "{of}: {} ({} .. {})",
            human::duration(seconds),
            human::duration(low),
            human::duration(high)
        ),
    }
}

/// The picture in words: every spot.
fn describe(chart: &Interaction) -> String {
    let all = 0..chart.points.len();
    all.fold(chart.how_to_read.clone(), |out, index| out + " " + &said(chart, index) + ".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(columns: usize, lines: usize) -> Interaction {
        let spot = |index: usize| {
            let seconds = 4.0 * (1.0 + index as f64).powi(3);
            let interval = (index != 2).then_some((seconds * 0.8, seconds * 1.4));
            (index != 1).then_some(Spot { seconds, interval })
        };
        let names = |count: usize| (0..count).map(|n| format!("v{n}")).collect();
        Interaction {
            title: "Two settings".to_owned(),
            how_to_read: "Read it.".to_owned(),
            across: ("cap".to_owned(), names(columns)),
            lines: ("runners".to_owned(), names(lines)),
            points: (0..columns * lines).map(spot).collect(),
        }
    }

    #[test]
    fn every_combination_is_told_and_slower_ones_stand_higher() {
        let three = chart(3, 3);
        let svg = interaction(&three).expect("drawn");
        for words in ["runners v0, cap v0: 4.0 s (3.2 s .. 5.6 s)", "runners v0, cap v1: not known"]
        {
            assert!(svg.contains(words), "{words}");
        }
        let frame = lay_out(&three);
        let line = joined(&three, &frame, 1);
        assert!(
            line.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 > pair[1].1),
            "{line:?}"
        );
        assert!(frame.x(0, 0) < frame.x(1, 0) && frame.x(2, 0) < frame.x(0, 1));
    }

    #[test]
    fn what_does_not_fit_is_refused_and_odd_values_are_drawn() {
        assert_eq!(interaction(&chart(2, 0)), Err(ChartError::Curves(0)));
        assert_eq!(interaction(&chart(2, 9)), Err(ChartError::Curves(9)));
        assert_eq!(interaction(&chart(0, 2)), Err(ChartError::Heatmap));
        assert_eq!(interaction(&chart(17, 2)), Err(ChartError::Heatmap));
        let mut odd = chart(16, 8);
        odd.points[0] = Some(Spot { seconds: 0.0, interval: Some((0.0, f64::INFINITY)) });
        odd.points[3] = Some(Spot { seconds: f64::INFINITY, interval: None });
        odd.lines.1[2] = "ש".repeat(300);
        assert!(interaction(&odd).is_ok());
    }
}
