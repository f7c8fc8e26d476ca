//! A panel along the clock: its heading, its grid with round steps, and what is drawn in it.

use super::ChartError;
use super::axis::{ClockAxis, round_steps};
use super::canvas::{Align, Area, Canvas, MARGIN, Point, Type};
use super::palette::GREY;
use super::text;
use crate::units::{SimTime, Span};
use plotters::style::RGBColor;

/// Space for a panel's heading.
pub(super) const HEADING: i32 = 70;
/// Space between a panel and the heading of the next.
const GAP: i32 = 20;

/// A panel, ready to draw in.
pub(super) struct Panel<'a> {
    pub(super) area: Area,
    axis: &'a ClockAxis,
    /// The value at the top.
    pub(super) top: f64,
}

/// Areas below each other, the first at `top`, each with room for a heading above it.
pub(super) fn stacked(left: i32, right: i32, top: i32, heights: &[i32]) -> Vec<Area> {
    let mut top = top;
    let mut areas = Vec::with_capacity(heights.len());
    for height in heights {
        areas.push(Area { left, top, right, bottom: top + height });
        top += height + GAP + HEADING;
    }
    areas
}

impl<'a> Panel<'a> {
    /// Draws the grid of a panel that reaches up to `peak` at least; few lines where it is low.
    pub(super) fn new(
        canvas: &Canvas,
        area: Area,
        axis: &'a ClockAxis,
        peak: f64,
    ) -> Result<Self, ChartError> {
        let (step, steps) = round_steps(peak, if area.bottom - area.top > 200 { 4 } else { 2 });
        let top = step * f64::from(steps);
        let panel = Panel { area, axis, top };
        for index in 0..=steps {
            let value = step * f64::from(index);
            canvas.grid_line(area.left, area.right, panel.y(value), &text::count(value))?;
        }
        canvas.line(&[(area.left, area.bottom), (area.right, area.bottom)], GREY, 3)?;
        Ok(panel)
    }

    /// Writes the heading above it.
    pub(super) fn heading(canvas: &Canvas, area: Area, words: &str) -> Result<(), ChartError> {
        canvas.text(words, (MARGIN, area.top - 44), Align::Left, Type::STRONG)
    }

    /// Where a value stands; what is higher than the panel stands on its upper edge.
    pub(super) fn y(&self, value: f64) -> i32 {
        let share = (value / self.top).clamp(0.0, 1.0);
        self.area.bottom - (share * f64::from(self.area.bottom - self.area.top)).round() as i32
    }

    /// Values as points; each stands at the middle of its span of `each` from the start.
    pub(super) fn points(&self, values: impl IntoIterator<Item = f64>, each: Span) -> Vec<Point> {
        let place = |(index, value): (usize, f64)| {
            let middle = SimTime::ZERO + each * (2 * index as u64 + 1) / 2;
            (self.axis.x(middle), self.y(value))
        };
        values.into_iter().enumerate().map(place).collect()
    }

    /// Fills what lies below a line.
    pub(super) fn fill_below(
        &self,
        canvas: &Canvas,
        line: &[Point],
        colour: RGBColor,
        strength: f64,
    ) -> Result<(), ChartError> {
        let (Some(first), Some(last)) = (line.first(), line.last()) else { return Ok(()) };
        let mut outline = vec![(first.0, self.area.bottom)];
        outline.extend(line);
        outline.push((last.0, self.area.bottom));
        canvas.polygon(outline, colour, strength)
    }
}

/// The clock below everything, and its ticks at every panel.
pub(super) fn draw_clock(
    canvas: &Canvas,
    axis: &ClockAxis,
    (left, right): (i32, i32),
    panels: &[Area],
    y: i32,
) -> Result<(), ChartError> {
    canvas.line(&[(left, y), (right, y)], GREY, 3)?;
    for (x, label) in axis.ticks() {
        canvas.line(&[(x, y), (x, y + 12)], GREY, 3)?;
        for panel in panels {
            canvas.line(&[(x, panel.bottom), (x, panel.bottom + 8)], GREY, 3)?;
        }
        canvas.text(&label, (x, y + 38), Align::Middle, Type::QUIET)?;
    }
    Ok(())
}
