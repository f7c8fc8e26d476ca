//! The tail: which share of all messages is later than a given delay, both axes logarithmic, with a band for
//! what is not known better.

use super::axis::DelayAxis;
use super::band;
use super::canvas::{self, Align, Area, Canvas, HEADING_LINES, MARGIN, Point, TEXT, Type, WIDTH};
use super::palette::{GRID, LOOKS, Look};
use super::text;
use super::{ChartError, DelayCurve, MAX_CURVES};

const HOUR: f64 = 3600.0;
const PLOT: i32 = 780;
/// Smaller shares than this are the luck of single messages of very long studies.
const LEAST: f64 = 1e-6;
const LABEL_ROOM: i32 = 620;
const SAMPLE: i32 = 84;
const LINE_HEIGHT: i32 = 40;
const FINE: i32 = 3;

/// Where everything stands.
struct Frame {
    area: Area,
    axis: DelayAxis,
    /// log10 of the smallest share in sight.
    lowest: f64,
}

impl Frame {
    fn y(&self, share: f64) -> i32 {
        let log = libm::log10(share.max(1e-300)).clamp(self.lowest, 0.0);
        let height = f64::from(self.area.bottom - self.area.top);
        self.area.top + (log / self.lowest * height).round() as i32
    }
}

/// Draws the share of mail later than each delay, one curve per scenario.
///
/// # Errors
/// [`ChartError::Curves`] without a curve or with more than [`MAX_CURVES`].
pub fn delay_tail(
    title: &str,
    how_to_read: &str,
    curves: &[DelayCurve],
) -> Result<String, ChartError> {
    if curves.is_empty() || curves.len() > MAX_CURVES {
        return Err(ChartError::Curves(curves.len()));
    }
    let how_to_read = &format!("{how_to_read}{}", band::legend(curves));
    let lines =
        text::wrap(&text::clean(how_to_read), WIDTH - 2 * MARGIN, TEXT, HEADING_LINES).len() as i32;
    let frame = lay_out(curves, 160 + 40 * lines);
    canvas::picture(frame.area.bottom + 130, title, &describe(how_to_read, curves), |canvas| {
        canvas.heading(title, how_to_read)?;
        draw_grid(canvas, &frame)?;
        let words = |curve: &DelayCurve| format!("{}: {}", curve.label, over_an_hour(curve));
        let banded = |of: &(usize, (&DelayCurve, &Look))| of.1.0.band.len() > 1;
        for (number, (curve, look)) in curves.iter().zip(&LOOKS).enumerate().filter(banded) {
            canvas.part(number, &words(curve), || {
                band::draw(canvas, curve, look, |seconds, share| {
                    (frame.axis.x(seconds), frame.y(1.0 - share))
                })
            })?;
        }
        for (number, (curve, look)) in curves.iter().zip(&LOOKS).enumerate() {
            canvas.part(number, &words(curve), || {
                canvas.patterned(&trace(curve, &frame), look.pattern, look.color, 6)?;
                draw_label(canvas, curve, look, &frame, number as i32)
            })?;
        }
        Ok(())
    })
}

fn lay_out(curves: &[DelayCurve], top: i32) -> Frame {
    let words = |curve: &DelayCurve| {
        text::width(&name(curve), TEXT, true).max(text::width(&over_an_hour(curve), TEXT, false))
    };
    let label = SAMPLE + curves.iter().map(words).max().unwrap_or(0);
    let area = Area { left: 270, top, right: WIDTH - MARGIN - label - 40, bottom: top + PLOT };
    let steps = || curves.iter().flat_map(later);
    let visible = steps().filter(|(_, share)| *share >= LEAST);
    // The body of the distribution is the other chart's: here the axis begins where the tail does.
    let shortest = steps().filter(|(_, share)| *share <= 0.9).map(|(seconds, _)| seconds);
    let shortest = shortest.fold(f64::INFINITY, f64::min);
    let longest = steps().map(|(seconds, _)| seconds).fold(0.0, f64::max);
    let least = visible.map(|(_, share)| share).fold(0.1, f64::min);
    let axis = DelayAxis::new(shortest, longest, area.left, area.right);
    Frame {
        area,
        axis,
        lowest: (libm::log10(least) - 1e-9).floor().max(libm::log10(LEAST).round()),
    }
}

/// (delay, share that is later), until nothing is.
fn later(curve: &DelayCurve) -> impl Iterator<Item = (f64, f64)> {
    let usable = |(x, y): &(f64, f64)| x.is_finite() && *x > 0.0 && y.is_finite();
    curve.points.iter().copied().filter(usable).map(|(seconds, share)| (seconds, 1.0 - share))
}

fn trace(curve: &DelayCurve, frame: &Frame) -> Vec<Point> {
    let mut line: Vec<Point> = Vec::new();
    for (seconds, share) in later(curve) {
        let (x, y) = (frame.axis.x(seconds), frame.y(share));
        let Some((before, level)) = line.last().copied() else {
            line.push((x, y));
            continue;
        };
        // Steps that can be seen are drawn as steps: between two delays nobody was delivered.
        if x - before > 24 {
            line.push((x, level));
        }
        if x - before >= FINE || y - level >= FINE {
            line.push((x, y));
        }
        // The latest message of all: beyond it there is nothing to draw.
        if share < LEAST {
            break;
        }
    }
    // What is never delivered stays.
    if let (Some((_, y)), Some((_, share))) = (line.last().copied(), later(curve).last())
        && share >= LEAST
    {
        line.push((frame.area.right, y));
    }
    line
}

fn draw_grid(canvas: &Canvas, frame: &Frame) -> Result<(), ChartError> {
    let Area { left, right, .. } = frame.area;
    for power in 0..=(-frame.lowest) as i32 {
        let share = libm::pow(10.0, -f64::from(power));
        let words = match power {
            0 => "all".to_owned(),
            _ => format!("1 in {}", text::count((1.0 / share).round())),
        };
        let y = frame.y(share);
        canvas.line(&[(left, y), (right, y)], GRID, 2)?;
        canvas.text(&words, (left - 18, y), Align::Right, Type::QUIET)?;
    }
    frame.axis.draw(canvas, frame.area)
}

fn name(curve: &DelayCurve) -> String {
    text::fit(&text::clean(&curve.label), LABEL_ROOM - SAMPLE, TEXT, true)
}

/// Its name, and which share is later than an hour.
fn draw_label(
    canvas: &Canvas,
    curve: &DelayCurve,
    look: &Look,
    frame: &Frame,
    number: i32,
) -> Result<(), ChartError> {
    let left = frame.area.right + 40;
    let y = frame.area.top + LINE_HEIGHT / 2 + number * (2 * LINE_HEIGHT + 14);
    canvas.patterned(&[(left, y), (left + SAMPLE - 16, y)], look.pattern, look.color, 6)?;
    canvas.text(&name(curve), (left + SAMPLE, y), Align::Left, Type::STRONG)?;
    let words = over_an_hour(curve);
    canvas.text(&words, (left + SAMPLE, y + LINE_HEIGHT), Align::Left, Type::PLAIN)
}

fn over_an_hour(curve: &DelayCurve) -> String {
    let share = later(curve).take_while(|(seconds, _)| *seconds <= HOUR).last();
    let share = share.map_or(1.0, |(_, share)| share);
    // Of the smallest rest only rounding is left.
    format!("{} over 1h", text::percent(if share < 1e-12 { 0.0 } else { share }))
}

fn describe(how_to_read: &str, curves: &[DelayCurve]) -> String {
    let mut out =
        format!("{how_to_read} Line chart with {} curve(s), both axes logarithmic.", curves.len());
    for curve in curves {
        out += &format!(" {}: {}.", curve.label, over_an_hour(curve));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(points: &[(f64, f64)]) -> DelayCurve {
        DelayCurve { label: "x".to_owned(), points: points.to_vec(), ..DelayCurve::default() }
    }

    #[test]
    fn the_share_over_an_hour_is_read_from_the_curve() {
        let late = curve(&[(1.0, 0.5), (3600.0, 0.75), (7200.0, 1.0)]);
        assert_eq!(over_an_hour(&late), "25 % over 1h");
        assert_eq!(over_an_hour(&curve(&[(1.0, 1.0)])), "0 % over 1h");
        assert_eq!(over_an_hour(&curve(&[(7200.0, 1.0)])), "100 % over 1h");
        assert!(delay_tail("t", "h", &[late]).is_ok());
    }

    #[test]
    fn rarer_mail_stands_lower_and_what_never_arrives_stays_in_sight() {
        let some_lost = curve(&[(1.0, 0.9), (60.0, 0.99)]);
        let frame = lay_out(std::slice::from_ref(&some_lost), 200);
        let line = trace(&some_lost, &frame);
        assert!(line.windows(2).all(|pair| pair[0].1 <= pair[1].1), "{line:?}");
        assert_eq!(line.last().map(|point| point.0), Some(frame.area.right));
    }
}
