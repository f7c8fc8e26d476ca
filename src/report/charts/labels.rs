//! Where the name of each curve stands: beside its curve, off the others, off each other.
//!
//! Places on a coarse grid are tried for one label after the other. A place must touch no line, no other
//! label, and stand close to its own curve and closer than to any other; the closest wins. Where one label
//! finds no such place none is placed, and the chart lists them in a column instead. All of it is
//! whole-number arithmetic: the same input gives the same places.

use super::canvas::{Area, Point};

/// Grid of places to try, across and down.
const STEP: (i32, i32) = (16, 12);
/// Free space around a label.
const AIR: i32 = 16;
/// Farther off than this, a label does not seem to belong to its curve.
const FAR: i64 = 48;
/// By so much every other curve must be farther off.
const CLEARLY: i64 = 30;

/// A label to place.
pub(super) struct Wanted {
    /// Its size.
    pub(super) width: i32,
    pub(super) height: i32,
    /// Points on its own curve, closely sampled; without any, the label may stand anywhere.
    pub(super) curve: Vec<Point>,
}

/// Points every `every` pixels along a line.
pub(super) fn sample(line: &[Point], every: i32) -> Vec<Point> {
    let mut out: Vec<Point> = line.first().copied().into_iter().collect();
    for pair in line.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        let pieces = (x1 - x0).abs().max((y1 - y0).abs()) / every;
        out.extend(
            (1..=pieces)
                .map(|piece| (x0 + (x1 - x0) * piece / pieces, y0 + (y1 - y0) * piece / pieces)),
        );
        let far = out.last().is_none_or(|(x, y)| (x1 - x).abs().max((y1 - y).abs()) >= every / 2);
        if far {
            out.push((x1, y1));
        }
    }
    out
}

/// A place for every label within `field`, or `None` if one of them finds no clear place. `lines` are other
/// strokes to keep clear of.
pub(super) fn place(field: Area, wanted: &[Wanted], lines: &[Point]) -> Option<Vec<Area>> {
    let mut placed: Vec<Area> = Vec::with_capacity(wanted.len());
    for own in 0..wanted.len() {
        let best = places(field, &wanted[own])
            .filter(|area| placed.iter().all(|other| !other.overlaps(&area.grown(AIR))))
            .filter_map(|area| Some((cost(&area, own, wanted, lines)?, area)))
            .min_by_key(|(cost, _)| *cost);
        placed.push(best?.1);
    }
    Some(placed)
}

fn places(field: Area, label: &Wanted) -> impl Iterator<Item = Area> {
    let (width, height) = (label.width, label.height);
    let across = (field.left..=field.right - width).step_by(STEP.0 as usize);
    across.flat_map(move |left| {
        (field.top..=field.bottom - height).step_by(STEP.1 as usize).map(move |top| Area {
            left,
            top,
            right: left + width,
            bottom: top + height,
        })
    })
}

/// How far a place is from the curve of label `own`; `None` where a reader could mistake it.
fn cost(area: &Area, own: usize, wanted: &[Wanted], lines: &[Point]) -> Option<i64> {
    let roomy = area.grown(AIR);
    if lines.iter().any(|point| distance(&roomy, *point) == 0) {
        return None;
    }
    let nearest = |label: &Wanted| label.curve.iter().map(|point| distance(&roomy, *point)).min();
    // A label without a curve may stand anywhere.
    let to_own = nearest(&wanted[own]).unwrap_or(1);
    if to_own == 0 || to_own > FAR {
        return None;
    }
    let others = wanted.iter().enumerate().filter(|(index, _)| *index != own);
    let to_other = others.filter_map(|(_, label)| nearest(label)).min().unwrap_or(i64::MAX);
    (to_other > to_own + CLEARLY).then_some(to_own)
}

/// Pixels from a rectangle to a point, straight or along an axis and a diagonal; 0 inside.
fn distance(area: &Area, (x, y): Point) -> i64 {
    let dx = (area.left - x).max(x - area.right).max(0);
    let dy = (area.top - y).max(y - area.bottom).max(0);
    i64::from(dx.max(dy) + dx.min(dy) / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELD: Area = Area { left: 100, top: 100, right: 1800, bottom: 900 };

    fn rising_at(x: i32) -> Wanted {
        Wanted { width: 400, height: 80, curve: sample(&[(x, 900), (x + 40, 100)], 16) }
    }

    #[test]
    fn a_label_stands_beside_its_own_curve_and_not_on_another() {
        let wanted = [rising_at(300), rising_at(900)];
        let placed = place(FIELD, &wanted, &[]).expect("there is room");
        for (index, area) in placed.iter().enumerate() {
            let to = |index: usize| wanted[index].curve.iter().map(|p| distance(area, *p)).min();
            assert!(to(index) > Some(0) && to(1 - index) > Some(0), "label {index} covers a curve");
            assert!(to(index) < to(1 - index) && to(index) < Some(80), "label {index} at {area:?}");
        }
        assert!(!placed[0].overlaps(&placed[1]));
    }

    #[test]
    fn curves_that_cannot_be_told_apart_get_no_labels_beside_them() {
        let wanted: Vec<Wanted> = (0..3).map(|_| rising_at(600)).collect();
        assert_eq!(place(FIELD, &wanted, &[]), None);
    }

    #[test]
    fn a_line_is_sampled_at_even_distances() {
        assert_eq!(sample(&[(0, 0), (40, 0)], 20), [(0, 0), (20, 0), (40, 0)]);
        assert_eq!(sample(&[(5, 5)], 20), [(5, 5)]);
    }
}
