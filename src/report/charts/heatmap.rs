//! One metric over two settings: a coloured table whose cells say their number.

use super::ChartError;
use super::canvas::{self, Align, Area, Canvas, HEADING_LINES, MARGIN, Point, TEXT, Type, WIDTH};
use super::palette::GRID;
use super::text;
use plotters::style::colors::colormaps::{ColorMap, ViridisRGB};
use plotters::style::{BLACK, RGBColor, WHITE};

/// Most values of a setting that fit side by side.
pub const MOST_VALUES: usize = 16;
/// Most tables below each other.
pub const MOST_PANELS: usize = 16;
/// A cell is no wider than this, however few there are.
const WIDEST: i32 = 300;
const CELL: i32 = 112;
/// Most room for the values on the left.
const NAMES: i32 = 330;
const HEADING: i32 = 62;
const SMALL: i32 = 25;
/// Free space within a cell.
const AIR: i32 = 12;

/// What to draw.
#[derive(Clone, Debug, PartialEq)]
pub struct Heatmap {
    /// The metric, in words.
    pub title: String,
    /// How to read it; what the colours say is added.
    pub how_to_read: String,
    /// The setting across, and its values.
    pub across: (String, Vec<String>),
    /// The setting downwards, and its values.
    pub down: (String, Vec<String>),
    /// One table for each combination of the other settings.
    pub panels: Vec<Panel>,
    /// Colours follow the logarithm, as fits delays.
    pub logarithmic: bool,
}

/// One table.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// The other settings; empty if there are none.
    pub heading: String,
    /// Row by row; `None`: this combination was not run.
    pub cells: Vec<Option<HeatCell>>,
}

/// One combination.
#[derive(Clone, Debug, PartialEq)]
pub struct HeatCell {
    /// What the colour follows; an infinite one is the worst there is.
    pub value: f64,
    /// The value in words.
    pub words: String,
    /// The same where there is little room: in all cells or in none.
    pub brief: String,
    /// Its interval in words; may be empty.
    pub interval: String,
}

/// Where everything stands.
struct Layout {
    top: i32,
    column: i32,
    left: i32,
    panel: i32,
    /// Whether cells say their interval: all or none.
    intervals: bool,
    /// Whether cells say their value briefly.
    brief: bool,
}

impl Layout {
    fn cell(&self, panel: usize, row: usize, column: usize) -> Area {
        let left = self.left + column as i32 * self.column;
        let top = self.top + panel as i32 * self.panel + HEADING + row as i32 * CELL;
        Area { left, top, right: left + self.column, bottom: top + CELL }
    }
}

/// From values to 0 (best) .. 1 (worst).
struct Scale {
    low: f64,
    high: f64,
    logarithmic: bool,
}

impl Scale {
    fn new(map: &Heatmap) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        let scale = Scale { low, high, logarithmic: map.logarithmic };
        for cell in map.panels.iter().flat_map(|panel| panel.cells.iter().flatten()) {
            let value = scale.place(cell.value);
            if value.is_finite() {
                (low, high) = (low.min(value), high.max(value));
            }
        }
        Scale { low, high, ..scale }
    }

    fn place(&self, value: f64) -> f64 {
        match self.logarithmic {
            // A millisecond is as good as nothing.
            true => libm::log10(value.max(1e-3)),
            false => value,
        }
    }

    fn share(&self, value: f64) -> f64 {
        let place = self.place(value);
        if self.high > self.low {
            ((place - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
        } else {
            0.0
        }
    }
}

/// Draws the tables.
///
/// # Errors
/// [`ChartError::Heatmap`] if there is no value or panel, or more than fit, or a panel lacks cells.
pub fn heatmap(map: &Heatmap) -> Result<String, ChartError> {
    let (columns, rows) = (map.across.1.len(), map.down.1.len());
    let fits = |count: usize, most: usize| (1..=most).contains(&count);
    let whole = map.panels.iter().all(|panel| panel.cells.len() == columns * rows);
    let tables = fits(map.panels.len(), MOST_PANELS);
    if !(fits(columns, MOST_VALUES) && fits(rows, MOST_VALUES) && whole && tables) {
        return Err(ChartError::Heatmap);
    }
    let names = map.down.1.iter().map(|name| text::width(&text::clean(name), TEXT, false));
    let left = MARGIN + (names.max().unwrap_or(0) + 40).min(NAMES);
    let column = ((WIDTH - MARGIN - left) / columns as i32).min(WIDEST);
    let intervals = map.panels.iter().flat_map(|panel| panel.cells.iter().flatten());
    let widest = intervals.map(|cell| text::width(&cell.interval, SMALL, false)).max();
    let intervals = (1..=column - AIR).contains(&widest.unwrap_or(0));
    let below = if intervals { " Below it: the 95 % interval." } else { "" };
    let how_to_read = format!("{}{below} Dark is low, bright is high.", map.how_to_read);
    let lines = text::wrap(&text::clean(&how_to_read), WIDTH - 2 * MARGIN, TEXT, HEADING_LINES)
        .len() as i32;
    let mut cells = map.panels.iter().flat_map(|panel| panel.cells.iter().flatten());
    let layout = Layout {
        top: 130 + 40 * lines,
        column,
        left,
        panel: HEADING + CELL * rows as i32 + 110,
        intervals,
        brief: cells.any(|cell| text::width(&cell.words, TEXT, true) > column - AIR),
    };
    let height = layout.top + layout.panel * map.panels.len() as i32 + 20;
    let scale = Scale::new(map);
    canvas::picture(height, &map.title, &describe(map), |canvas| {
        canvas.heading(&map.title, &how_to_read)?;
        (0..map.panels.len()).try_for_each(|panel| draw_panel(canvas, map, &layout, &scale, panel))
    })
}

fn draw_panel(
    canvas: &Canvas,
    map: &Heatmap,
    layout: &Layout,
    scale: &Scale,
    number: usize,
) -> Result<(), ChartError> {
    let panel = &map.panels[number];
    let (columns, rows) = (map.across.1.len(), map.down.1.len());
    let corner = layout.cell(number, 0, 0);
    let heading = match panel.heading.is_empty() {
        true => map.down.0.clone(),
        false => format!("{}   ({})", map.down.0, panel.heading),
    };
    let room = WIDTH - 2 * MARGIN;
    let heading = text::fit(&text::clean(&heading), room, TEXT, true);
    canvas.text(&heading, (MARGIN, corner.top - 32), Align::Left, Type::STRONG)?;
    for (row, name) in map.down.1.iter().enumerate() {
        let area = layout.cell(number, row, 0);
        let name = text::fit(&text::clean(name), NAMES - 30, TEXT, false);
        canvas.text(&name, (area.left - 24, middle(area).1), Align::Right, Type::PLAIN)?;
    }
    for (index, cell) in panel.cells.iter().enumerate() {
        let area = layout.cell(number, index / columns, index % columns);
        match cell {
            Some(cell) => {
                let (down, across) = (&map.down.1[index / columns], &map.across.1[index % columns]);
                let words = format!("{down}, {across}: {} ({})", cell.words, cell.interval);
                canvas.part(number * columns * rows + index, &words, || {
                    let colour = colour(scale.share(cell.value));
                    draw_cell(canvas, cell, layout, area, colour)
                })?;
            }
            None => canvas.fill(area.grown(-3), GRID, 0.5)?,
        }
    }
    let below = layout.cell(number, rows - 1, 0).bottom;
    for (column, name) in map.across.1.iter().enumerate() {
        let area = layout.cell(number, 0, column);
        let (name, size) =
            text::shrunk(&text::clean(name), layout.column - 10, [TEXT, SMALL], false);
        let look = Type { size, ..Type::PLAIN };
        canvas.text(&name, (middle(area).0, below + 28), Align::Middle, look)?;
    }
    let across = text::fit(&text::clean(&map.across.0), room, TEXT, true);
    canvas.text(&across, (layout.left, below + 74), Align::Left, Type::STRONG)
}

fn middle(area: Area) -> Point {
    ((area.left + area.right) / 2, (area.top + area.bottom) / 2)
}

fn draw_cell(
    canvas: &Canvas,
    cell: &HeatCell,
    layout: &Layout,
    area: Area,
    colour: RGBColor,
) -> Result<(), ChartError> {
    // A white seam, so that neighbours of one colour stay two cells.
    canvas.fill(area.grown(-3), colour, 1.0)?;
    let (x, y) = middle(area);
    let ink = ink_on(colour);
    let room = area.right - area.left - AIR;
    let small = Type { size: SMALL, bold: false, color: ink };
    let fits = layout.intervals;
    let words = if layout.brief { &cell.brief } else { &cell.words };
    let (words, size) = text::shrunk(words, room, [TEXT, SMALL], true);
    let value = Type { size, bold: true, color: ink };
    canvas.text(&words, (x, if fits { y - 18 } else { y }), Align::Middle, value)?;
    if fits { canvas.text(&cell.interval, (x, y + 24), Align::Middle, small) } else { Ok(()) }
}

fn colour(share: f64) -> RGBColor {
    ViridisRGB.get_color_normalized(share as f32, 0.0, 1.0)
}

/// Black or white, whichever stands out more: at least 4.5:1 on any colour.
fn ink_on(colour: RGBColor) -> RGBColor {
    if contrast(colour, BLACK) >= contrast(colour, WHITE) { BLACK } else { WHITE }
}

/// The contrast of two colours by WCAG 2.2.
pub(super) fn contrast(one: RGBColor, other: RGBColor) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn luminance(RGBColor(red, green, blue): RGBColor) -> f64 {
    let linear = |part: u8| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { libm::pow((part + 0.055) / 1.055, 2.4) }
    };
    0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
}

/// The picture in words: every cell.
fn describe(map: &Heatmap) -> String {
    let mut out = format!("{} Table of {} over {}.", map.how_to_read, map.across.0, map.down.0);
    for panel in &map.panels {
        if !panel.heading.is_empty() {
            out += &format!(" {}:", panel.heading);
        }
        let columns = map.across.1.len();
        for (index, cell) in panel.cells.iter().enumerate() {
            let Some(cell) = cell else { continue };
            let (down, across) = (&map.down.1[index / columns], &map.across.1[index % columns]);
            out += &format!(" {down}, {across}: {}.", cell.words);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(columns: usize, rows: usize) -> Heatmap {
        let cell = |index: usize| {
            let value = 10f64.powi(index as i32 % 6);
            let words = format!("{value} s");
            // One combination is missing.
            let brief = words.clone();
            (index != 1).then(|| HeatCell { value, words, brief, interval: "1s .. 2s".to_owned() })
        };
        let names = |count: usize| (0..count).map(|index| format!("v{index}")).collect();
        Heatmap {
            title: "p99 delay".to_owned(),
            how_to_read: "A cell.".to_owned(),
            across: ("message time".to_owned(), names(columns)),
            down: ("cap".to_owned(), names(rows)),
            panels: vec![Panel {
                heading: String::new(),
                cells: (0..columns * rows).map(cell).collect(),
            }],
            logarithmic: true,
        }
    }

    #[test]
    fn every_cell_says_its_number() {
        let svg = heatmap(&map(6, 2)).expect("drawn");
        let tree = roxmltree::Document::parse(&svg).expect("XML");
        let texts = tree.descendants().filter(|node| node.has_tag_name("text"));
        let words: Vec<&str> = texts.filter_map(|node| node.text()).map(str::trim).collect();
        let numbers = words.iter().filter(|word| word.ends_with(" s")).count();
        assert_eq!(numbers, 11, "{words:?}");
        assert!(svg.contains("v5, ") || svg.contains(", v5"), "told to a screen reader, too");
    }

    #[test]
    fn numbers_are_never_cut_however_narrow_the_cells() {
        let mut wide = map(12, 3);
        wide.across.1[11] = "unlimited".to_owned();
        for cell in wide.panels[0].cells.iter_mut().flatten() {
            (cell.words, cell.brief) = ("12m 30s".to_owned(), "12m".to_owned());
        }
        let svg = heatmap(&wide).expect("drawn");
        let body = &svg[svg.find("</desc>").expect("told")..];
        assert!(!body.contains('…') && body.contains("unlimited") && body.contains(">\n12m\n"));
        // With room there is the whole.
        wide.across.1.truncate(2);
        wide.panels[0].cells.truncate(6);
        assert!(heatmap(&wide).expect("drawn").contains(">\n12m 30s\n"));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for (columns, rows) in [(0, 1), (1, 0), (17, 1), (1, 17)] {
            assert_eq!(
                heatmap(&map(columns, rows)),
                Err(ChartError::Heatmap),
                "{columns} x {rows}"
            );
        }
        let mut short = map(2, 2);
        short.panels[0].cells.pop();
        assert_eq!(heatmap(&short), Err(ChartError::Heatmap));
    }

    #[test]
    fn numbers_stand_out_from_every_colour() {
        for step in 0..=100 {
            let colour = colour(f64::from(step) / 100.0);
            let contrast = contrast(colour, ink_on(colour));
            assert!(contrast >= 4.5, "{colour:?}: {contrast:.2}");
        }
        assert!(contrast(BLACK, WHITE) > 20.9);
    }

    #[test]
    fn one_value_everywhere_has_one_colour_and_an_endless_one_the_worst() {
        let mut same = map(2, 1);
        for cell in same.panels[0].cells.iter_mut().flatten() {
            cell.value = 7.0;
        }
        assert_eq!(Scale::new(&same).share(7.0), 0.0);
        assert_eq!(Scale::new(&map(6, 2)).share(f64::INFINITY), 1.0);
    }
}
