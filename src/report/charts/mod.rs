//! Pictures of stored results: text in, SVG out.
//!
//! All charts are pure functions of their input and give the same bytes for the same input on every
//! machine. They are drawn by plotters' SVG backend, which asks for no font or system library. Its
//! coordinates are whole pixels, so a picture is drawn at twice the size at which it is shown.
//!
//! What they have in common: a bold title, a grey line on how to read it, a light grid in one direction,
//! no frame, and never colour alone: every curve has a line pattern and a marker of its own, so that a
//! black-and-white print still tells them apart. `<title>` and `<desc>` tell the same to a screen reader.

mod arrivals;
mod axis;
mod band;
mod breakdown;
mod canvas;
mod compose;
mod curve;
mod days;
mod delay;
mod forest;
mod grid;
mod heatmap;
mod interaction;
mod labels;
mod notes;
mod overlay;
mod palette;
mod panel;
mod png;
mod sweep;
mod tail;
#[cfg(test)]
mod tests;
mod text;
mod timeline;
mod worlds;

pub use arrivals::arrivals;
pub use breakdown::{Bar, MOST_BARS, breakdown};
pub use compose::{day, delays, disturbances, run};
pub use days::{DaysView, days};
pub use delay::delay_distribution;
pub use forest::{Forest, ForestRow, MOST_ROWS, forest};
pub use grid::table;
pub use heatmap::{HeatCell, Heatmap, MOST_PANELS, MOST_VALUES, Panel, heatmap};
pub use interaction::{Interaction, Spot, interaction};
pub use overlay::overlay;
pub use png::png;
pub use sweep::{
    Remains, combination_label, combinations_drawn, combinations_with_bands,
    combinations_with_days, sweep,
};
pub use tail::delay_tail;
pub use timeline::timeline;
pub use worlds::worlds;

pub(super) use text::clean;

use crate::experiment::Within;
use crate::measure::Timeline;
use crate::units::{SimTime, Span};

/// Most curves that one chart of delays can tell apart.
pub const MAX_CURVES: usize = 8;

/// A finished picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawing {
    /// What its file is called, without ending.
    pub name: String,
    /// Its heading.
    pub title: String,
    /// The picture; what belongs to one combination is a group with its number from 1, as `data-cell`.
    pub svg: String,
}

impl Drawing {
    fn new(name: &str, title: &str, svg: String) -> Self {
        Drawing { name: name.to_owned(), title: title.to_owned(), svg }
    }
}

/// Tells which combination (by position) each part of a picture belongs to.
fn numbered(svg: &str, cells: &[Option<usize>]) -> String {
    const PART: &str = "data-part=\"";
    let mut out = String::with_capacity(svg.len());
    let mut pieces = svg.split(PART);
    out += pieces.next().unwrap_or_default();
    for piece in pieces {
        let (number, rest) = piece.split_once('"').unwrap_or((piece, ""));
        let cell = number.parse::<usize>().ok().and_then(|part| *cells.get(part)?);
        out += &match cell {
            Some(cell) => format!("data-cell=\"{}\"{rest}", cell + 1),
            None => format!("{PART}{piece}"),
        };
    }
    out
}

/// The delays of one scenario, ready to draw.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DelayCurve {
    /// Its name, in the user's words.
    pub label: String,
    /// (delay in seconds, share of all measured messages delivered within it), both ascending. The last
    /// share is below 1 when messages were still queued or had bounced.
    pub points: Vec<(f64, f64)>,
    /// Median delay in seconds; infinite when it falls among bounced mail, NaN without mail.
    pub p50: f64,
    /// Whether the true median is later than `p50`, because it falls among mail still queued at the end.
    pub p50_censored: bool,
    /// 99 % point in seconds, likewise.
    pub p99: f64,
    /// Whether the true 99 % point is later than `p99`, likewise.
    pub p99_censored: bool,
    /// How well it is known, by delay, ascending; empty where that is not known or not drawn.
    pub band: Vec<Within>,
}

/// What the timeline of one replication shows.
#[derive(Clone, Copy, Debug)]
pub struct TimelineView<'a> {
    /// Its heading.
    pub title: &'a str,
    /// Which run of several it shows, as the start of a sentence: `Day 1 of 20, seed 42`; empty if there is
    /// nothing to say.
    pub which: &'a str,
    /// What happened when.
    pub timeline: &'a Timeline,
    /// Time of day at the start of the run.
    pub clock_at_start: Span,
    /// Settings changed on the way, bursts, outages: when, and what to write there.
    pub changes: &'a [(SimTime, String)],
}

/// One recording and what the model makes of it, ready to draw.
#[derive(Clone, Debug, PartialEq)]
pub struct OverlayPanel {
    /// Its name.
    pub label: String,
    /// What was recorded, in a few words.
    pub caption: String,
    /// By share of the mail, ascending.
    pub points: Vec<OverlayPoint>,
}

/// Within which delay a share of the mail had been delivered, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OverlayPoint {
    /// Which share.
    pub share: f64,
    /// In reality.
    pub real: f64,
    /// In the model: the 1 % point over its seeds.
    pub low: f64,
    /// The median over its seeds.
    pub mid: f64,
    /// The 99 % point over its seeds.
    pub high: f64,
}

/// Why a chart could not be drawn.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ChartError {
    /// None, or more than colours and patterns can tell apart.
    #[error("a chart of delays shows 1 to {MAX_CURVES} curves, not {0}")]
    Curves(usize),
    /// None, or more than a page holds.
    #[error("a chart of differences shows 1 to {MOST_ROWS} rows, not {0}")]
    Rows(usize),
    /// No cell, more than fit, or fewer than the settings need.
    #[error(
        "a table of colours shows 1 to {MOST_VALUES} values of two settings in 1 to {MOST_PANELS} parts, all cells given"
    )]
    Heatmap,
    /// A chart of recordings without one.
    #[error("a chart of recordings shows at least one")]
    Panels,
    /// The drawing library gave up; with a picture held in memory this should not happen.
    #[error("the chart could not be drawn: {0}")]
    Drawing(String),
}
