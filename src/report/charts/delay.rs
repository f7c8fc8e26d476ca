//! Chart 1: which share of all messages was delivered within which time.

use super::axis::DelayAxis;
use super::band;
use super::canvas::{self, Align, Area, Canvas, HEADING_LINES, MARGIN, Point, TEXT, Type, WIDTH};
use super::labels::{self, Wanted};
use super::palette::{LOOKS, Look};
use super::text;
use super::{ChartError, DelayCurve, MAX_CURVES};
use crate::report::human;

const HOUR: f64 = 3600.0;
/// Shares with a grid line.
const SHARES: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];
/// Below this a curve visibly ends short of the top.
const COMPLETE: f64 = 0.9995;
/// Widest label, its line sample included.
const LABEL_ROOM: i32 = 600;
/// Width of the line sample in a label.
const SAMPLE: i32 = 84;
const LINE_HEIGHT: i32 = 38;
/// Space between labels in a column, and between the column and the plot.
const GAP: i32 = 22;
/// Height of the plot.
const PLOT: i32 = 780;
/// Wider gaps between deliveries are drawn level.
const STEP: i32 = 24;
/// Points nearer to each other than this are drawn as one.
const FINE: i32 = 4;

/// The picture's geometry.
struct Frame {
    area: Area,
    axis: DelayAxis,
}

impl Frame {
    fn y(&self, share: f64) -> i32 {
        let height = f64::from(self.area.bottom - self.area.top);
        self.area.bottom - (share.clamp(0.0, 1.0) * height).round() as i32
    }
}

/// One curve in pixels.
struct Drawn<'a> {
    look: &'a Look,
    line: Vec<Point>,
    markers: Vec<Point>,
    words: Vec<String>,
}

/// Draws the cumulative distribution of delays, one curve per scenario, with the name, median and 99 %
/// point beside each. Markers stand at the median and at the 99 % point.
///
/// # Errors
/// [`ChartError::Curves`] without a curve or with more than [`MAX_CURVES`].
pub fn delay_distribution(
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
    let top = 160 + 40 * lines;
    let (frame, drawn, places) = lay_out(curves, top);
    canvas::picture(frame.area.bottom + 130, title, &describe(how_to_read, curves), |canvas| {
        canvas.heading(title, how_to_read)?;
        draw_grid(canvas, &frame)?;
        let banded = |of: &(usize, (&DelayCurve, &Drawn))| of.1.0.band.len() > 1;
        for (number, (curve, one)) in curves.iter().zip(&drawn).enumerate().filter(banded) {
            canvas.part(number, &one.words.join(": "), || {
                band::draw(canvas, curve, one.look, |seconds, share| {
                    (frame.axis.x(seconds), frame.y(share))
                })
            })?;
        }
        for (number, one) in drawn.iter().enumerate() {
            canvas.part(number, &one.words.join(": "), || {
                canvas.patterned(&one.line, one.look.pattern, one.look.color, 6)
            })?;
        }
        // Markers and labels lie above all lines.
        for (number, (one, place)) in drawn.iter().zip(&places).enumerate() {
            canvas.part(number, &one.words.join(": "), || {
                one.markers.iter().try_for_each(|at| canvas.marker(*at, one.look))?;
                draw_label(canvas, one, *place)
            })?;
        }
        Ok(())
    })
}

/// Labels stand beside their curves over the full width; where these lie too close together for that, in a
/// column on the right, the fastest first.
fn lay_out(curves: &[DelayCurve], top: i32) -> (Frame, Vec<Drawn<'_>>, Vec<Area>) {
    let (shortest, longest) = extent(curves);
    let framed = |right: i32, height: i32| {
        let area = Area { left: 160, top, right, bottom: top + height };
        let frame = Frame { axis: DelayAxis::new(shortest, longest, area.left, right), area };
        let trace = |(curve, look)| trace(curve, look, &frame);
        let drawn: Vec<Drawn> = curves.iter().zip(&LOOKS).map(trace).collect();
        let wanted: Vec<Wanted> = drawn.iter().map(wanted).collect();
        (frame, drawn, wanted)
    };
    let (frame, drawn, wanted) = framed(WIDTH - MARGIN, PLOT);
    let field = frame.area.grown(-16);
    if let Some(places) = labels::place(field, &wanted, &strokes(&frame)) {
        return (frame, drawn, places);
    }
    let width = wanted.iter().map(|label| label.width).max().unwrap_or(0);
    let height = wanted.iter().map(|label| label.height + GAP).sum::<i32>() - GAP;
    let left = WIDTH - MARGIN - width;
    let (frame, drawn, wanted) = framed(left - 2 * GAP, PLOT.max(height));
    (frame, drawn, column(curves, &wanted, left, top))
}

/// Places below each other, in the order of the median and then of the 99 % point.
fn column(curves: &[DelayCurve], wanted: &[Wanted], left: i32, top: i32) -> Vec<Area> {
    let mut order: Vec<usize> = (0..curves.len()).collect();
    let key = |index: usize| (curves[index].p50, curves[index].p99);
    order.sort_by(|a, b| {
        let (a, b) = (key(*a), key(*b));
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    let mut places = vec![Area { left, top, right: left, bottom: top }; curves.len()];
    let mut y = top;
    for index in order {
        let Wanted { width, height, .. } = wanted[index];
        places[index] = Area { left, top: y, right: left + width, bottom: y + height };
        y += height + GAP;
    }
    places
}

/// The lines of the grid that a label keeps clear of.
fn strokes(frame: &Frame) -> Vec<Point> {
    let Area { left, top, right, bottom } = frame.area;
    let hour = frame.axis.x(HOUR);
    let mut lines = labels::sample(&[(hour, bottom), (hour, top)], 24);
    for y in SHARES.map(|share| frame.y(share)) {
        lines.extend(labels::sample(&[(left, y), (right, y)], 64));
    }
    lines
}

/// The delays that the axis has to hold: from the fastest thousandth to the slowest message.
fn extent(curves: &[DelayCurve]) -> (f64, f64) {
    let (mut shortest, mut longest) = (f64::INFINITY, 0.0_f64);
    for curve in curves {
        for (seconds, share) in usable(curve) {
            longest = longest.max(seconds);
            if share >= 0.001 && seconds > 0.0 {
                shortest = shortest.min(seconds);
            }
        }
        if curve.p99.is_finite() {
            longest = longest.max(curve.p99);
        }
    }
    (shortest, longest)
}

/// The points that can be drawn.
fn usable(curve: &DelayCurve) -> impl Iterator<Item = (f64, f64)> {
    curve.points.iter().copied().filter(|(x, y)| x.is_finite() && *x >= 0.0 && y.is_finite())
}

/// The share delivered in the end.
fn reached(curve: &DelayCurve) -> f64 {
    usable(curve).last().map_or(0.0, |point| point.1)
}

fn trace<'a>(curve: &DelayCurve, look: &'a Look, frame: &Frame) -> Drawn<'a> {
    let reached = reached(curve);
    let mut line: Vec<Point> = Vec::new();
    for (seconds, share) in usable(curve) {
        let (x, y) = (frame.axis.x(seconds), frame.y(share));
        let (before, level) = line.last().copied().unwrap_or((x, frame.area.bottom));
        // Where nothing was delivered for a while the curve stays level; small steps only look ragged.
        if line.is_empty() || x - before > STEP {
            push(&mut line, (x, level));
        }
        if x - before >= FINE || level - y >= FINE || share >= reached {
            push(&mut line, (x, y.min(level)));
        }
    }
    if let Some((_, y)) = line.last().copied().filter(|_| reached < COMPLETE) {
        push(&mut line, (frame.area.right, y));
    }
    let quantiles = [(0.5, curve.p50), (0.99, curve.p99)];
    let markers = quantiles
        .iter()
        .filter(|(share, seconds)| seconds.is_finite() && reached >= *share)
        .map(|(share, seconds)| (frame.axis.x(*seconds), frame.y(*share)))
        .collect();
    Drawn { look, line, markers, words: words(curve) }
}

/// Adds a point; straight runs along an axis are kept as one piece.
fn push(line: &mut Vec<Point>, point: Point) {
    if line.last() == Some(&point) {
        return;
    }
    if let [.., a, b] = line.as_slice() {
        let level = a.1 == b.1 && b.1 == point.1;
        let upright = a.0 == b.0 && b.0 == point.0;
        if level || upright {
            line.pop();
        }
    }
    line.push(point);
}

/// The lines of a curve's label: name, quantiles, and what never arrived.
fn words(curve: &DelayCurve) -> Vec<String> {
    let name = text::fit(&text::clean(&curve.label), LABEL_ROOM - SAMPLE, TEXT, true);
    if usable(curve).next().is_none() {
        return vec![name, "no mail delivered".to_owned()];
    }
    let mut words = vec![name, quantiles(curve)];
    if reached(curve) < 1.0 - 1e-9 {
        words.push(format!("{} not delivered", text::percent(1.0 - reached(curve))));
    }
    words
}

fn quantiles(curve: &DelayCurve) -> String {
    let bound = |censored: bool| if censored { "> " } else { "" };
    format!(
        "p50 {}{} · p99 {}{}",
        bound(curve.p50_censored),
        delay(curve.p50),
        bound(curve.p99_censored),
        delay(curve.p99)
    )
}

/// A delay in the words of the table, so that chart and table read the same.
fn delay(seconds: f64) -> String {
    match seconds {
        s if s.is_nan() => "–".to_owned(),
        s if s.is_infinite() => "never".to_owned(),
        s => human::duration(s),
    }
}

/// The picture in words.
fn describe(how_to_read: &str, curves: &[DelayCurve]) -> String {
    let mut out = format!(
        "{how_to_read} Line chart with {} curve(s); across: delay from 1 second to hours, logarithmic; \
         up: share of messages delivered within it.",
        curves.len()
    );
    for curve in curves {
        let missing = 1.0 - reached(curve);
        out.push_str(&format!(" {}: {}", curve.label, quantiles(curve)));
        if missing > 1e-9 {
            out.push_str(&format!(", {} not delivered", text::percent(missing)));
        }
        out.push('.');
    }
    out
}

fn draw_grid(canvas: &Canvas, frame: &Frame) -> Result<(), ChartError> {
    let Area { left, right, .. } = frame.area;
    for share in SHARES {
        canvas.grid_line(left, right, frame.y(share), &format!("{:.0} %", share * 100.0))?;
    }
    frame.axis.draw(canvas, frame.area)
}

fn wanted(one: &Drawn) -> Wanted {
    let widths =
        one.words.iter().enumerate().map(|(row, words)| text::width(words, TEXT, row == 0));
    Wanted {
        width: SAMPLE + widths.max().unwrap_or(0),
        height: LINE_HEIGHT * one.words.len() as i32,
        curve: labels::sample(&one.line, 24),
    }
}

fn draw_label(canvas: &Canvas, one: &Drawn, place: Area) -> Result<(), ChartError> {
    let mut y = place.top + LINE_HEIGHT / 2;
    let sample = [(place.left, y), (place.left + SAMPLE - 16, y)];
    canvas.patterned(&sample, one.look.pattern, one.look.color, 6)?;
    canvas.marker((place.left + (SAMPLE - 16) / 2, y), one.look)?;
    for (row, words) in one.words.iter().enumerate() {
        let look = if row == 0 { Type::STRONG } else { Type::PLAIN };
        canvas.text(words, (place.left + SAMPLE, y), Align::Left, look)?;
        y += LINE_HEIGHT;
    }
    Ok(())
}
