//! The sheet both charts are drawn on: plotters' SVG backend behind the few strokes that they need.

use super::ChartError;
use super::palette::{GREY, GRID, INK, Look, Marker};
use super::text;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::cell::RefCell;
use std::fmt::Display;

/// A place on the sheet, in pixels at twice the shown size.
pub(super) type Point = (i32, i32);

/// Drawn pixels per shown pixel.
const SCALE: u32 = 2;
/// Width of both charts, drawn.
pub(super) const WIDTH: i32 = 1920;
/// White space on the left and the right of headings.
pub(super) const MARGIN: i32 = 60;
/// Most lines that say how a picture is read.
pub(super) const HEADING_LINES: usize = 4;
/// Size of ordinary text: 16 shown pixels, still legible at half size.
pub(super) const TEXT: i32 = 32;

/// Fonts by preference; all but the last two share the widths that [`text::width`] assumes.
const FONTS: &str = "Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif";

/// A rectangle: left, top, right, bottom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) left: i32,
    pub(super) top: i32,
    pub(super) right: i32,
    pub(super) bottom: i32,
}

impl Area {
    /// Whether the two share more than an edge.
    pub(super) fn overlaps(&self, other: &Area) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    /// The same rectangle, larger by `by` on every side.
    pub(super) fn grown(&self, by: i32) -> Area {
        Area {
            left: self.left - by,
            top: self.top - by,
            right: self.right + by,
            bottom: self.bottom + by,
        }
    }
}

/// Where a text stands on its point.
#[derive(Clone, Copy, Debug)]
pub(super) enum Align {
    Left,
    Middle,
    Right,
}

/// How a text looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Type {
    pub(super) size: i32,
    pub(super) bold: bool,
    pub(super) color: RGBColor,
}

impl Type {
    /// Ordinary text.
    pub(super) const PLAIN: Type = Type { size: TEXT, bold: false, color: INK };
    /// Headings of panels and names of curves.
    pub(super) const STRONG: Type = Type { size: TEXT, bold: true, color: INK };
    /// Axis labels and hints.
    pub(super) const QUIET: Type = Type { size: TEXT, bold: false, color: GREY };
    /// The chart's title.
    pub(super) const TITLE: Type = Type { size: 46, bold: true, color: INK };
}

/// Stand for the begin and the end of a part until the picture is put together: plotters knows no groups, but
/// writes what is drawn in order. No text that is drawn contains them.
const OPENS: char = '\u{e000}';
const CLOSES: char = '\u{e001}';

/// The sheet.
pub(super) struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
    /// The tags that open its parts, in the order of drawing.
    parts: RefCell<Vec<String>>,
}

/// Draws a picture of the given height and gives it as SVG text with its title and description for
/// screen readers.
pub(super) fn picture(
    height: i32,
    title: &str,
    description: &str,
    draw: impl FnOnce(&Canvas) -> Result<(), ChartError>,
) -> Result<String, ChartError> {
    let size = (WIDTH.unsigned_abs(), height.unsigned_abs());
    let mut svg = String::new();
    let parts = {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let canvas = Canvas { area, parts: RefCell::default() };
        canvas.area.fill(&WHITE).map_err(failed)?;
        draw(&canvas)?;
        canvas.area.present().map_err(failed)?;
        canvas.parts.take()
    };
    // plotters writes the opening tag itself: it is replaced by one with a role, a title and the shown size.
    let body = grouped(svg.find('>').map_or("", |end| &svg[end + 1..]), &parts);
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{}\" height=\"{}\" \
         viewBox=\"0 0 {} {}\">\n<title>{}</title>\n<desc>{}</desc>{body}",
        size.0 / SCALE,
        size.1 / SCALE,
        size.0,
        size.1,
        text::escape(&text::clean(title)),
        text::escape(&text::clean(description)),
    ))
}

/// The picture with its parts in groups: each mark is a text element of its own, which the tag replaces.
fn grouped(svg: &str, parts: &[String]) -> String {
    let mut out = String::with_capacity(svg.len() + 100 * parts.len());
    let (mut rest, mut opened) = (svg, parts.iter());
    while let Some(mark) = rest.find([OPENS, CLOSES]) {
        let begin = rest[..mark].rfind("<text").unwrap_or(mark);
        out += &rest[..begin];
        out += match rest[mark..].starts_with(OPENS) {
            true => opened.next().map_or("<g>", String::as_str),
            false => "</g>",
        };
        let end = rest[mark..].find("</text>").map_or(rest.len(), |end| mark + end + 7);
        rest = &rest[end..];
    }
    out + rest
}

fn failed(error: impl Display) -> ChartError {
    ChartError::Drawing(error.to_string())
}

impl Canvas<'_> {
    /// What `draw` draws becomes part `number` of the picture: a group that a page can show, hide and point at, and
    /// that says `words` to who rests the pointer on it.
    pub(super) fn part(
        &self,
        number: usize,
        words: &str,
        draw: impl FnOnce() -> Result<(), ChartError>,
    ) -> Result<(), ChartError> {
        let words = text::escape(&text::clean(words));
        let tag = format!("<g data-part=\"{number}\"><title>{words}</title>");
        self.parts.borrow_mut().push(tag);
        self.write(OPENS.to_string(), (0, 0), Align::Left, Type::PLAIN)?;
        draw()?;
        self.write(CLOSES.to_string(), (0, 0), Align::Left, Type::PLAIN)
    }

    /// Writes `words` centred vertically on `at`.
    pub(super) fn text(
        &self,
        words: &str,
        at: Point,
        align: Align,
        look: Type,
    ) -> Result<(), ChartError> {
        self.write(words.replace([OPENS, CLOSES], ""), at, align, look)
    }

    fn write(&self, words: String, at: Point, align: Align, look: Type) -> Result<(), ChartError> {
        let style = if look.bold { FontStyle::Bold } else { FontStyle::Normal };
        // The backend divides sizes by 1.24 (points to pixels).
        let font = FontDesc::new(FontFamily::Name(FONTS), f64::from(look.size) * 1.24, style);
        let side = match align {
            Align::Left => HPos::Left,
            Align::Middle => HPos::Center,
            Align::Right => HPos::Right,
        };
        let style = font.color(&look.color).pos(Pos::new(side, VPos::Center));
        self.area.draw(&Text::new(words, at, style)).map_err(failed)
    }

    /// A line through `points`.
    pub(super) fn line(
        &self,
        points: &[Point],
        color: RGBColor,
        width: u32,
    ) -> Result<(), ChartError> {
        if points.len() < 2 {
            return Ok(());
        }
        let style = color.stroke_width(width);
        self.area.draw(&PathElement::new(points.to_vec(), style)).map_err(failed)
    }

    /// A line in a pattern of dashes and gaps; solid when the pattern is empty.
    pub(super) fn patterned(
        &self,
        points: &[Point],
        pattern: &[i32],
        color: RGBColor,
        width: u32,
    ) -> Result<(), ChartError> {
        if pattern.is_empty() {
            return self.line(points, color, width);
        }
        dashes(points, pattern).iter().try_for_each(|dash| self.line(dash, color, width))
    }

    /// A filled rectangle; `strength` is its opacity.
    pub(super) fn fill(
        &self,
        area: Area,
        color: RGBColor,
        strength: f64,
    ) -> Result<(), ChartError> {
        let corners = [(area.left, area.top), (area.right, area.bottom)];
        self.area.draw(&Rectangle::new(corners, color.mix(strength).filled())).map_err(failed)
    }

    /// A filled polygon; `strength` is its opacity.
    pub(super) fn polygon(
        &self,
        points: Vec<Point>,
        color: RGBColor,
        strength: f64,
    ) -> Result<(), ChartError> {
        self.area.draw(&Polygon::new(points, color.mix(strength).filled())).map_err(failed)
    }

    /// A marker with a white rim, so that it stands out from the lines beneath.
    pub(super) fn marker(&self, at: Point, look: &Look) -> Result<(), ChartError> {
        let (x, y) = at;
        self.area.draw(&Circle::new(at, 15, WHITE.filled())).map_err(failed)?;
        let shape = |corners: &[(i32, i32)]| {
            let points = corners.iter().map(|(dx, dy)| (x + dx, y + dy)).collect();
            self.polygon(points, look.color, 1.0)
        };
        match look.marker {
            Marker::Circle => {
                self.area.draw(&Circle::new(at, 11, look.color.filled())).map_err(failed)
            }
            Marker::Ring => {
                let ring = Circle::new(at, 9, look.color.stroke_width(5));
                self.area.draw(&ring).map_err(failed)
            }
            Marker::Square => shape(&[(-10, -10), (10, -10), (10, 10), (-10, 10)]),
            Marker::Triangle => shape(&[(0, -13), (12, 10), (-12, 10)]),
            Marker::TriangleDown => shape(&[(0, 13), (12, -10), (-12, -10)]),
            Marker::Diamond => shape(&[(0, -14), (14, 0), (0, 14), (-14, 0)]),
            Marker::OpenSquare => {
                let corners = [(-9, -9), (9, -9), (9, 9), (-9, 9), (-9, -9), (9, -9)];
                self.line(&corners.map(|(dx, dy)| (x + dx, y + dy)), look.color, 5)
            }
            Marker::Cross => {
                self.line(&[(x - 10, y - 10), (x + 10, y + 10)], look.color, 6)?;
                self.line(&[(x - 10, y + 10), (x + 10, y - 10)], look.color, 6)
            }
        }
    }

    /// Title and how-to-read line at the top of the sheet; gives the height they take.
    pub(super) fn heading(&self, title: &str, how_to_read: &str) -> Result<i32, ChartError> {
        let room = WIDTH - 2 * MARGIN;
        let title = text::fit(&text::clean(title), room, Type::TITLE.size, true);
        self.text(&title, (MARGIN, 56), Align::Left, Type::TITLE)?;
        let mut y = 112;
        for line in text::wrap(&text::clean(how_to_read), room, TEXT, HEADING_LINES) {
            self.text(&line, (MARGIN, y), Align::Left, Type::QUIET)?;
            y += 40;
        }
        Ok(y)
    }

    /// A light horizontal grid line with its value on the left.
    pub(super) fn grid_line(
        &self,
        left: i32,
        right: i32,
        y: i32,
        value: &str,
    ) -> Result<(), ChartError> {
        self.line(&[(left, y), (right, y)], GRID, 2)?;
        self.text(value, (left - 18, y), Align::Right, Type::QUIET)
    }
}

/// Cuts a line into the dashes of a pattern, measured along the line.
fn dashes(points: &[Point], pattern: &[i32]) -> Vec<Vec<Point>> {
    let mut out = Vec::new();
    let mut current = Vec::new();
    let (mut part, mut left) = (0, f64::from(pattern[0]));
    for pair in points.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        let (dx, dy) = (f64::from(x1 - x0), f64::from(y1 - y0));
        let length = (dx * dx + dy * dy).sqrt();
        let place = |done: f64| {
            let share = if length > 0.0 { done / length } else { 0.0 };
            (x0 + (dx * share).round() as i32, y0 + (dy * share).round() as i32)
        };
        let mut done = 0.0;
        if part % 2 == 0 && current.is_empty() {
            current.push((x0, y0));
        }
        while length - done > left {
            done += left;
            if part % 2 == 0 {
                current.push(place(done));
                out.push(std::mem::take(&mut current));
            } else {
                current = vec![place(done)];
            }
            part += 1;
            left = f64::from(pattern[part % pattern.len()]);
        }
        left -= length - done;
        if part % 2 == 0 {
            current.push((x1, y1));
        }
    }
    if current.len() > 1 {
        out.push(current);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_runs_on_around_corners() {
        let corner = [(0, 0), (10, 0), (10, 10)];
        let want =
            vec![vec![(0, 0), (6, 0)], vec![(8, 0), (10, 0), (10, 4)], vec![(10, 6), (10, 10)]];
        assert_eq!(dashes(&corner, &[6, 2]), want);
    }

    #[test]
    fn parts_become_groups_whatever_the_words_on_them() {
        let svg = picture(100, "t", "d", |canvas| {
            canvas.part(7, "a <b> \u{e000}", || {
                canvas.text("in\u{e001}side", (0, 0), Align::Left, Type::PLAIN)
            })?;
            canvas.text("outside", (0, 0), Align::Left, Type::PLAIN)
        });
        let svg = svg.expect("drawn");
        let tree = roxmltree::Document::parse(&svg).expect("XML");
        let group = tree.descendants().find(|node| node.has_tag_name("g")).expect("a group");
        assert_eq!(group.attribute("data-part"), Some("7"));
        let words = |node: roxmltree::Node| {
            node.descendants().filter_map(|n| n.text()).map(str::trim).collect::<String>()
        };
        assert!(words(group).contains("a <b>") && words(group).contains("inside"), "{svg}");
        assert!(!words(group).contains("outside"), "{svg}");
    }

    #[test]
    fn areas_that_only_touch_do_not_overlap() {
        let area = Area { left: 0, top: 0, right: 10, bottom: 10 };
        let beside = Area { left: 10, top: 0, right: 20, bottom: 10 };
        assert!(!area.overlaps(&beside) && area.overlaps(&beside.grown(1)));
    }
}
