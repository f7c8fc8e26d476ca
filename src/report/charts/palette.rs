//! Colours, line patterns and markers, in the fixed order in which curves get them.

use plotters::style::RGBColor;

/// Text and strong lines: 17:1 on white.
pub(super) const INK: RGBColor = RGBColor(0x1a, 0x1a, 0x1a);
/// Lesser text: 7:1 on white.
pub(super) const GREY: RGBColor = RGBColor(0x59, 0x59, 0x59);
/// Grid lines.
pub(super) const GRID: RGBColor = RGBColor(0xe0, 0xe0, 0xe0);
/// Blocked hosts and cuts: Okabe and Ito's vermilion, which also prints as a middle grey.
pub(super) const ALARM: RGBColor = RGBColor(0xd5, 0x5e, 0x00);
/// What flows: Okabe and Ito's blue.
pub(super) const FLOW: RGBColor = RGBColor(0x00, 0x72, 0xb2);

/// Halfway to white: edges that must not compete with a curve.
pub(super) fn paler(RGBColor(red, green, blue): RGBColor) -> RGBColor {
    let half = |part: u8| 128 + part / 2 - u8::from(part == 255);
    RGBColor(half(red), half(green), half(blue))
}

/// Shape drawn on a curve and in its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    Circle,
    Square,
    Triangle,
    Diamond,
    TriangleDown,
    Cross,
    Ring,
    OpenSquare,
}

/// How one curve is told from the others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) color: RGBColor,
    /// Lengths of dash and gap in turn; empty: a solid line.
    pub(super) pattern: &'static [i32],
    pub(super) marker: Marker,
}

/// The eight looks. Colours are those of Okabe and Ito, in order of their strength on white; yellow, which
/// vanishes there, is darkened.
pub(super) const LOOKS: [Look; super::MAX_CURVES] = [
    Look { color: FLOW, pattern: &[], marker: Marker::Circle },
    Look { color: ALARM, pattern: &[26, 12], marker: Marker::Square },
    Look { color: RGBColor(0x00, 0x9e, 0x73), pattern: &[7, 9], marker: Marker::Triangle },
    Look { color: RGBColor(0xcc, 0x79, 0xa7), pattern: &[26, 10, 7, 10], marker: Marker::Diamond },
    Look { color: RGBColor(0x00, 0x00, 0x00), pattern: &[14, 10], marker: Marker::TriangleDown },
    Look { color: RGBColor(0xe6, 0x9f, 0x00), pattern: &[44, 12], marker: Marker::Cross },
    Look { color: RGBColor(0x56, 0xb4, 0xe9), pattern: &[26, 9, 7, 9, 7, 9], marker: Marker::Ring },
    Look { color: RGBColor(0x8f, 0x86, 0x00), pattern: &[7, 18], marker: Marker::OpenSquare },
];
