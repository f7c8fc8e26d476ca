//! Where the name of each curve stands: beside its curve, off the others, off each other.
//!
//! Places on a coarse grid are tried for one label after the other. A place is the better, the closer it
//! is to its own curve and the less ink it covers; a place nearer to another curve is a bad one. Two
//! labels never overlap. All of it is whole-number arithmetic: the same input gives the same places.

use super::canvas::{Area, Point};

/// Grid of places to try, across and down.
const STEP: (i32, i32) = (16, 12);
/// Free space around a label.
const AIR: i32 = 10;
/// Cost of covering one sampled piece of a line.
const COVERED: i64 = 400;

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

/// A place for every label within `field`, or `None` where the room has run out. `lines` are other strokes
/// to keep clear of.
pub(super) fn place(field: Area, wanted: &[Wanted], lines: &[Point]) -> Vec<Option<Area>> {
    let mut placed: Vec<Option<Area>> = Vec::with_capacity(wanted.len());
    for index in 0..wanted.len() {
        let best = places(field, &wanted[index])
            .filter(|area| placed.iter().flatten().all(|other| !other.overlaps(&area.grown(AIR))))
            .min_by_key(|area| cost(area, index, wanted, lines));
        placed.push(best);
    }
    placed
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

/// How bad a place is for label `own`.
fn cost(area: &Area, own: usize, wanted: &[Wanted], lines: &[Point]) -> i64 {
    let roomy = area.grown(AIR);
    let mut cost =
        lines.iter().filter(|point| distance(&roomy, **point) == 0).count() as i64 * COVERED;
    let mut nearest_other = i64::MAX;
    let mut nearest_own = i64::MAX;
    for (index, label) in wanted.iter().enumerate() {
        for point in &label.curve {
            let distance = distance(&roomy, *point);
            if distance == 0 {
                cost += COVERED;
            }
            let nearest = if index == own { &mut nearest_own } else { &mut nearest_other };
            *nearest = distance.min(*nearest);
        }
    }
    if nearest_own == i64::MAX {
        return cost;
    }
    // A reader takes a label to belong to the curve it stands nearest to.
    if nearest_other < nearest_own.saturating_add(30) {
        cost += (nearest_own.saturating_add(30) - nearest_other) * 3;
    }
    cost + nearest_own * 2
}

/// Pixels from a rectangle to a point, straight or along an axis and a diagonal; 0 inside.
fn distance(area: &Area, (x, y): Point) -> i64 {
    let dx = (area.left - x).max(x - area.right).max(0);
    let dy = (area.top - y).max(y - area.bottom).max(0);
    i64::from(dx.max(dy) + dx.min(dy) / 2)
}

/// A short line from a label to its curve, where it stands too far away to be clear: (from, to).
pub(super) fn leader(area: &Area, curve: &[Point]) -> Option<(Point, Point)> {
    let (x, y) = *curve.iter().min_by_key(|point| distance(area, **point))?;
    let from = (x.clamp(area.left, area.right), y.clamp(area.top + 8, area.bottom - 8));
    (distance(area, (x, y)) > 44).then_some((from, (x, y)))
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
        for (index, area) in place(FIELD, &wanted, &[]).iter().enumerate() {
            let area = area.expect("there is room");
            assert!(wanted.iter().all(|w| w.curve.iter().all(|point| distance(&area, *point) > 0)));
            let to = |index: usize| wanted[index].curve.iter().map(|p| distance(&area, *p)).min();
            assert!(to(index) < to(1 - index) && to(index) < Some(60), "label {index} at {area:?}");
        }
    }

    #[test]
    fn eight_labels_of_one_and_the_same_curve_stay_apart() {
        let wanted: Vec<Wanted> = (0..8).map(|_| rising_at(600)).collect();
        let placed: Vec<Area> = place(FIELD, &wanted, &[]).into_iter().flatten().collect();
        assert_eq!(placed.len(), 8);
        for (index, area) in placed.iter().enumerate() {
            assert!(placed[..index].iter().all(|other| !other.overlaps(area)));
        }
    }

    #[test]
    fn a_line_is_sampled_at_even_distances() {
        assert_eq!(sample(&[(0, 0), (40, 0)], 20), [(0, 0), (20, 0), (40, 0)]);
        assert_eq!(sample(&[(5, 5)], 20), [(5, 5)]);
    }
}
