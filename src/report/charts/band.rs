//! The band around a curve of delays: where the true share lies with 95 %, at each delay by itself.
//!
//! It is light, has thin edges of its curve's colour and lies beneath all curves; with many curves only some have
//! one ([`MOST_BANDS`]).

use super::canvas::{Canvas, Point};
use super::palette::{Look, paler};
use super::{ChartError, DelayCurve};
use crate::experiment::Within;

/// With more curves than this, bands of all would hide each other.
pub(super) const MOST_BANDS: usize = 4;
const BETTER: &str = "where the true share lies with 95 %, at each delay by itself.";

impl DelayCurve {
    /// The same with what is known of it.
    #[must_use]
    pub fn with_band(self, band: Vec<Within>) -> DelayCurve {
        DelayCurve { band, ..self }
    }
}

/// What the shading means, and of which curves it is, with a blank before it; nothing where there is none.
pub(super) fn legend(curves: &[DelayCurve]) -> String {
    let with: Vec<&str> = curves
        .iter()
        .filter(|curve| curve.band.len() > 1)
        .map(|curve| curve.label.split(' ').next().unwrap_or_default())
        .collect();
    match with.len() {
        0 => String::new(),
        all if all == curves.len() => format!(" Shaded: {BETTER}"),
        _ => format!(" Shaded, of {} only: {BETTER}", with.join(" and ")),
    }
}

/// Draws it; `at` says where a share stands.
pub(super) fn draw(
    canvas: &Canvas,
    curve: &DelayCurve,
    look: &Look,
    at: impl Fn(f64, f64) -> Point,
) -> Result<(), ChartError> {
    let upper: Vec<Point> = curve.band.iter().map(|one| at(one.seconds, one.high)).collect();
    let lower: Vec<Point> = curve.band.iter().map(|one| at(one.seconds, one.low)).collect();
    if upper.len() < 2 {
        return Ok(());
    }
    canvas.polygon(
        upper.iter().copied().chain(lower.iter().rev().copied()).collect(),
        look.color,
        0.16,
    )?;
    let edge = paler(look.color);
    canvas.line(&upper, edge, 2)?;
    canvas.line(&lower, edge, 2)
}
