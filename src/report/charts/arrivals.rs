//! The delay of each message against the time of its arrival, as a density: where is the mail late, and
//! which mail was it?

use super::ChartError;
use super::axis::{ClockAxis, DelayAxis};
use super::canvas::{self, Align, Area, Canvas, HEADING_LINES, MARGIN, TEXT, Type, WIDTH};
use super::palette::{GREY, INK};
use super::text;
use crate::measure::DelayGrid;
use crate::units::{SimTime, Span};
use plotters::style::colors::colormaps::{ColorMap, ViridisRGB};
use plotters::style::{RGBColor, WHITE};

const HOUR: f64 = 3600.0;
const PLOT: i32 = 700;
/// The palette's grid at a third on white, mixed here: see-through, the plot's ground alone takes 10 ms in a PNG.
const GROUND: RGBColor = RGBColor(244, 244, 244);
const HOW_TO_READ: &str = "Each spot is mail that arrived at the time below it and took as long as stands on \
                           its left; the darker, the more messages. A slope down to the right is mail that \
                           waited for the same moment.";

/// Draws one replication's delays by arrival.
///
/// # Errors
/// Only when the drawing library gives up.
pub fn arrivals(
    title: &str,
    which: &str,
    grid: &DelayGrid,
    clock_at_start: Span,
) -> Result<String, ChartError> {
    let how_to_read = match which {
        "" => HOW_TO_READ.to_owned(),
        which => format!("{which}. {HOW_TO_READ}"),
    };
    let lines = text::wrap(&text::clean(&how_to_read), WIDTH - 2 * MARGIN, TEXT, HEADING_LINES)
        .len() as i32;
    let top = 160 + 40 * lines;
    let area = Area { left: 190, top, right: WIDTH - MARGIN, bottom: top + PLOT };
    let columns = grid.counts.len() / DelayGrid::classes();
    let length = Span::from_nanos(grid.span.nanos() * columns as u64);
    let clock = ClockAxis::new(clock_at_start, length, area.left, area.right);
    let (shortest, longest) = extent(grid);
    let delays = DelayAxis::new(shortest, longest, 0, PLOT);
    canvas::picture(area.bottom + 120, title, &describe(&how_to_read, grid), |canvas| {
        canvas.heading(title, &how_to_read)?;
        canvas.fill(area, GROUND, 1.0)?;
        draw_cells(canvas, grid, (&clock, &delays), area)?;
        draw_legend(canvas, most(grid), area)?;
        draw_axes(canvas, (&clock, &delays), area)
    })
}

/// The cells that hold mail: (column, class, messages).
fn cells(grid: &DelayGrid) -> impl Iterator<Item = (usize, usize, u32)> {
    let classes = DelayGrid::classes();
    let counts = grid.counts.iter().enumerate().filter(|(_, count)| **count > 0);
    counts.map(move |(index, count)| (index / classes, index % classes, *count))
}

fn extent(grid: &DelayGrid) -> (f64, f64) {
    let ends =
        cells(grid).map(|(_, class, _)| (DelayGrid::begin(class), DelayGrid::begin(class + 1)));
    ends.fold((1.0, 1.0), |(low, high): (f64, f64), one| (low.min(one.0), high.max(one.1)))
}

/// Messages in the fullest cell.
fn most(grid: &DelayGrid) -> u32 {
    grid.counts.iter().copied().max().unwrap_or(0).max(1)
}

/// From green for few to a dark purple for the most: also in grey, few are lighter than many and darker than paper.
fn colour(share: f64) -> RGBColor {
    ViridisRGB.get_color_normalized((0.75 * (1.0 - share)) as f32, 0.0, 1.0)
}

/// What one, ten, a hundred messages look like, up to the most in one spot.
fn draw_legend(canvas: &Canvas, most: u32, area: Area) -> Result<(), ChartError> {
    let y = area.top - 28;
    let top = libm::log10(f64::from(most) + 1.0);
    let mut steps: Vec<u32> =
        (0..9).map(|power| 10u32.pow(power)).take_while(|n| *n <= most / 3).collect();
    steps.push(most);
    let words = |messages: u32| text::count(f64::from(messages));
    let widths = steps.iter().map(|n| 44 + text::width(&words(*n), TEXT, false) + 28);
    let mut x = area.right - widths.sum::<i32>();
    canvas.text("messages in a spot:", (x - 20, y), Align::Right, Type::QUIET)?;
    for messages in steps {
        let swatch = Area { left: x, top: y - 15, right: x + 32, bottom: y + 15 };
        canvas.fill(swatch, colour(libm::log10(f64::from(messages) + 1.0) / top), 1.0)?;
        canvas.text(&words(messages), (x + 44, y), Align::Left, Type::QUIET)?;
        x += 44 + text::width(&words(messages), TEXT, false) + 28;
    }
    Ok(())
}

fn draw_cells(
    canvas: &Canvas,
    grid: &DelayGrid,
    (clock, delays): (&ClockAxis, &DelayAxis),
    area: Area,
) -> Result<(), ChartError> {
    let top = libm::log10(f64::from(most(grid)) + 1.0);
    for (column, class, count) in cells(grid) {
        let at = |column: usize| SimTime::from_nanos(grid.span.nanos() * column as u64);
        let y = |class: usize| area.bottom - delays.x(DelayGrid::begin(class));
        let cell = Area {
            left: clock.x(at(column)),
            top: y(class + 1),
            right: clock.x(at(column + 1)),
            bottom: y(class),
        };
        let share = libm::log10(f64::from(count) + 1.0) / top;
        // Neighbours overlap by a pixel: no seam shines through where a viewer scales the picture down.
        let cell = Area { right: cell.right + 1, bottom: cell.bottom + 1, ..cell };
        canvas.fill(cell, colour(share), 1.0)?;
    }
    Ok(())
}

fn draw_axes(
    canvas: &Canvas,
    (clock, delays): (&ClockAxis, &DelayAxis),
    Area { left, top, right, bottom }: Area,
) -> Result<(), ChartError> {
    for (up, label) in delays.ticks(TEXT) {
        let y = bottom - up;
        canvas.line(&[(left - 12, y), (left, y)], GREY, 3)?;
        canvas.text(label, (left - 22, y), Align::Right, Type::QUIET)?;
    }
    let hour = bottom - delays.x(HOUR);
    canvas.patterned(&[(left, hour), (right, hour)], &[16, 12], INK, 3)?;
    let words = "one hour";
    let room = text::width(words, TEXT, true) + 16;
    let paper = Area { left: left + 8, top: hour - 46, right: left + 8 + room, bottom: hour - 6 };
    canvas.fill(paper, WHITE, 0.85)?;
    canvas.text(words, (left + 16, hour - 26), Align::Left, Type::STRONG)?;
    canvas.text("delay", (left - 22, top - 28), Align::Right, Type::QUIET)?;
    for (x, label) in clock.ticks() {
        canvas.line(&[(x, bottom), (x, bottom + 12)], GREY, 3)?;
        canvas.text(&label, (x, bottom + 38), Align::Middle, Type::QUIET)?;
    }
    let middle = (left + right) / 2;
    canvas.text("time of arrival", (middle, bottom + 88), Align::Middle, Type::QUIET)
}

/// The picture in words: what shares of the mail took how long.
fn describe(how_to_read: &str, grid: &DelayGrid) -> String {
    let total: u64 = grid.counts.iter().map(|count| u64::from(*count)).sum();
    let late = |bound: f64| -> u64 {
        let over = cells(grid).filter(|(_, class, _)| DelayGrid::begin(*class) >= bound);
        over.map(|(_, _, count)| u64::from(count)).sum()
    };
    let share = |bound| text::percent(late(bound) as f64 / total.max(1) as f64);
    format!(
        "{how_to_read} {} messages; {} later than about 5 minutes, {} later than about an hour.",
        text::count(total as f64),
        share(300.0),
        share(HOUR)
    )
}
