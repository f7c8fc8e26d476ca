//! Chart 3: recorded delays over those of the model, one panel for each recording.

use super::canvas::{self, Align, Area, Canvas, HEADING_LINES, MARGIN, Point, TEXT, Type, WIDTH};
use super::palette::{ALARM, FLOW, GREY, GRID};
use super::{ChartError, OverlayPanel, text};
use plotters::style::RGBColor;

/// Most panels side by side.
const COLUMNS: usize = 3;
/// Height of a panel's name, of a line of its caption, of its plot, and of what stands below the plot.
const NAME: i32 = 64;
const CAPTION: i32 = 32;
const PLOT: i32 = 300;
const FOOT: i32 = 96;
/// Room on the left of a plot for its shares, and between panels.
const LEFT: i32 = 104;
const GAP: i32 = 40;
/// Most steps of a panel's axis.
const STEPS: f64 = 5.0;
/// Steps of an axis in seconds: those that people count in.
const AXIS_STEPS: [f64; 12] =
    [1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0];
/// How the two sides are told apart.
const REAL: (&[i32], RGBColor, u32) = (&[24, 14], ALARM, 6);
const MODEL: (&[i32], RGBColor, u32) = (&[], FLOW, 4);
const BAND: f64 = 0.28;

/// Where a panel's numbers stand.
struct Frame {
    area: Area,
    step: f64,
    steps: u32,
}

impl Frame {
    fn new(area: Area, panel: &OverlayPanel) -> Self {
        let longest = panel.points.iter().map(|point| point.high.max(point.real));
        let longest = longest.filter(|seconds| seconds.is_finite()).fold(1.0, f64::max);
        let enough = |step: &f64| longest / step <= STEPS;
        let day = 86_400.0;
        let step =
            AXIS_STEPS.into_iter().find(enough).unwrap_or((longest / STEPS / day).ceil() * day);
        Frame { area, step, steps: (longest / step).ceil() as u32 }
    }

    fn x(&self, seconds: f64) -> i32 {
        let longest = self.step * f64::from(self.steps);
        let width = f64::from(self.area.right - self.area.left);
        self.area.left + ((seconds / longest).clamp(0.0, 1.0) * width).round() as i32
    }

    fn y(&self, share: f64) -> i32 {
        let height = f64::from(self.area.bottom - self.area.top);
        self.area.bottom - (share.clamp(0.0, 1.0) * height).round() as i32
    }

    /// The curve through all points, without those that fall together.
    fn curve(&self, panel: &OverlayPanel, delay: impl Fn(usize) -> f64) -> Vec<Point> {
        let place = |(index, point): (usize, &super::OverlayPoint)| {
            (self.x(delay(index)), self.y(point.share))
        };
        let mut line: Vec<Point> = panel.points.iter().enumerate().map(place).collect();
        line.dedup();
        line
    }
}

/// Draws recorded delays over those of the model: a dashed line for reality, a solid one for the model's
/// median over its seeds, a band for where the seeds lie.
///
/// # Errors
/// [`ChartError::Panels`] without a panel.
pub fn overlay(
    title: &str,
    how_to_read: &str,
    panels: &[OverlayPanel],
) -> Result<String, ChartError> {
    if panels.is_empty() {
        return Err(ChartError::Panels);
    }
    let lines =
        text::wrap(&text::clean(how_to_read), WIDTH - 2 * MARGIN, TEXT, HEADING_LINES).len() as i32;
    let top = 112 + 40 * lines + 84;
    let columns = panels.len().min(COLUMNS);
    let rows = panels.len().div_ceil(columns) as i32;
    let width = (WIDTH - 2 * MARGIN - GAP * (columns as i32 - 1)) / columns as i32;
    let captions = panels.iter().map(|panel| caption(panel, width).len() as i32);
    let head = NAME + CAPTION * captions.max().unwrap_or(0);
    let height = top + rows * (head + PLOT + FOOT);
    canvas::picture(height, title, &describe(how_to_read, panels), |canvas| {
        let y = canvas.heading(title, how_to_read)?;
        draw_legend(canvas, y + 20)?;
        for (number, panel) in panels.iter().enumerate() {
            let (column, row) = ((number % columns) as i32, (number / columns) as i32);
            let left = MARGIN + column * (width + GAP);
            let top = top + row * (head + PLOT + FOOT);
            draw_panel(
                canvas,
                panel,
                Area { left, top, right: left + width, bottom: top + head + PLOT },
            )?;
        }
        Ok(())
    })
}

fn draw_legend(canvas: &Canvas, y: i32) -> Result<(), ChartError> {
    let sample = |left: i32| [(left, y), (left + 120, y)];
    let (real, model) = (MARGIN, MARGIN + 460);
    let (pattern, color, width) = REAL;
    canvas.patterned(&sample(real), pattern, color, width)?;
    canvas.text("real Sendmail", (real + 140, y), Align::Left, Type::STRONG)?;
    let band = Area { left: model, top: y - 18, right: model + 120, bottom: y + 18 };
    canvas.fill(band, FLOW, BAND)?;
    let (pattern, color, width) = MODEL;
    canvas.patterned(&sample(model), pattern, color, width)?;
    let words = "model: median of its seeds, and where 98 % of them lie";
    canvas.text(words, (model + 140, y), Align::Left, Type::STRONG)
}

fn draw_panel(canvas: &Canvas, panel: &OverlayPanel, area: Area) -> Result<(), ChartError> {
    let room = area.right - area.left;
    let label = text::fit(&text::clean(&panel.label), room, TEXT, true);
    canvas.text(&label, (area.left, area.top + 16), Align::Left, Type::STRONG)?;
    let quiet = Type { size: TEXT - 4, ..Type::QUIET };
    for (line, y) in caption(panel, room).iter().zip((54..).step_by(CAPTION as usize)) {
        canvas.text(line, (area.left, area.top + y), Align::Left, quiet)?;
    }
    // The last tick's label reaches beyond the plot.
    let plot =
        Area { left: area.left + LEFT, top: area.bottom - PLOT, right: area.right - 36, ..area };
    let frame = Frame::new(plot, panel);
    draw_grid(canvas, &frame)?;
    let mut band = frame.curve(panel, |index| panel.points[index].low);
    let mut back = frame.curve(panel, |index| panel.points[index].high);
    back.reverse();
    band.extend(back);
    canvas.polygon(band, FLOW, BAND)?;
    let (pattern, color, width) = MODEL;
    canvas.patterned(&frame.curve(panel, |i| panel.points[i].mid), pattern, color, width)?;
    let (pattern, color, width) = REAL;
    canvas.patterned(&frame.curve(panel, |i| panel.points[i].real), pattern, color, width)
}

/// The lines of a panel's caption.
fn caption(panel: &OverlayPanel, room: i32) -> Vec<String> {
    text::wrap(&text::clean(&panel.caption), room, TEXT - 4, 2)
}

fn draw_grid(canvas: &Canvas, frame: &Frame) -> Result<(), ChartError> {
    let Area { left, top, right, bottom } = frame.area;
    for share in [0.0, 0.5, 1.0] {
        canvas.grid_line(left, right, frame.y(share), &format!("{:.0} %", share * 100.0))?;
    }
    canvas.line(&[(left, bottom), (right, bottom)], GREY, 3)?;
    let ticks: Vec<(i32, String)> = (0..=frame.steps)
        .map(|number| frame.step * f64::from(number))
        .map(|seconds| (frame.x(seconds), tick(seconds, frame.step)))
        .collect();
    for (x, _) in &ticks {
        canvas.line(&[(*x, top), (*x, bottom)], GRID, 2)?;
        canvas.line(&[(*x, bottom), (*x, bottom + 10)], GREY, 3)?;
    }
    let widest = ticks.iter().map(|(_, words)| text::width(words, TEXT, false)).max().unwrap_or(0);
    let apart = (right - left) / frame.steps as i32;
    for (x, words) in ticks.iter().step_by((widest / apart + 1) as usize) {
        canvas.text(words, (*x, bottom + 34), Align::Middle, Type::QUIET)?;
    }
    Ok(())
}

/// A delay in the unit of its axis.
fn tick(seconds: f64, step: f64) -> String {
    let (unit, name) = match step {
        step if step < 60.0 => (1.0, "s"),
        step if step < 3_600.0 => (60.0, "min"),
        step if step < 86_400.0 => (3_600.0, "h"),
        _ => (86_400.0, "d"),
    };
    if seconds == 0.0 { "0".to_owned() } else { format!("{:.0} {name}", seconds / unit) }
}

/// The picture in words.
fn describe(how_to_read: &str, panels: &[OverlayPanel]) -> String {
    let mut out = format!("{how_to_read} {} panel(s).", panels.len());
    for panel in panels {
        out.push_str(&format!(" {} ({})", panel.label, panel.caption));
        for (name, share) in [("half of the mail", 0.5), ("90 %", 0.9)] {
            let Some(point) = panel.points.iter().find(|point| point.share >= share - 1e-9) else {
                continue;
            };
            out.push_str(&format!(
                ": {name} within {} in reality, {} in the model",
                text::duration(point.real),
                text::duration(point.mid)
            ));
        }
        out.push('.');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_round_steps_that_hold_every_delay() {
        for (longest, step, steps) in [(0.0, 1.0, 1), (280.0, 60.0, 5), (17_000.0, 3_600.0, 5)] {
            let point = super::super::OverlayPoint {
                share: 1.0,
                real: longest,
                low: 0.0,
                mid: 0.0,
                high: 0.0,
            };
            let panel =
                OverlayPanel { label: String::new(), caption: String::new(), points: vec![point] };
            let area = Area { left: 0, top: 0, right: 100, bottom: 100 };
            let frame = Frame::new(area, &panel);
            assert_eq!((frame.step, frame.steps), (step, steps), "{longest}");
            assert!(frame.x(longest) <= 100);
        }
        assert_eq!(tick(5_400.0, 1_800.0), "90 min");
    }
}
