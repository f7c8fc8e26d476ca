//! Charts over the values of two settings: a table of colours for any metric, and how two settings do together.

use super::{
    ChartError, Drawing, HeatCell, Heatmap, Interaction, MAX_CURVES, MOST_PANELS, MOST_VALUES,
    Panel, Spot, heatmap, interaction, numbered,
};
use crate::experiment::{Cell, Change, Effect, Results};
use crate::measure::{Metric, Unit};
use crate::report::combinations::{plain, short};
use crate::report::human;

/// A key that varies, and its values in the order of the design.
type Varied<'a> = (&'a str, Vec<String>);

/// The keys with more than one value.
pub(super) fn varied(results: &Results) -> Vec<Varied<'_>> {
    let Some(first) = results.cells.first() else { return Vec::new() };
    let values = |key: &str| {
        let mut values: Vec<String> = Vec::new();
        for cell in &results.cells {
            let value = plain(cell.settings.get(key));
            if !values.contains(&value) {
                values.push(value);
            }
        }
        values
    };
    let keys = first.settings.keys().map(|key| (key.as_str(), values(key)));
    keys.filter(|(_, values)| values.len() > 1).collect()
}

/// The same, those with the most values first.
fn by_values(results: &Results) -> Vec<Varied<'_>> {
    let mut keys = varied(results);
    keys.sort_by_key(|(_, values)| std::cmp::Reverse(values.len()));
    keys
}

/// Which value of a key a combination has.
fn place(key: &Varied, cell: &Cell) -> usize {
    let value = plain(cell.settings.get(key.0));
    key.1.iter().position(|known| *known == value).unwrap_or(0)
}

/// A metric (such as `queue.max` or `delay.p99@partner`) over the two settings with the most values, as a picture
/// of this name; nothing where fewer vary, more values do than fit, or half of the table would be empty.
///
/// # Errors
/// Only when the drawing library gives up.
pub fn table(results: &Results, metric: &str, name: &str) -> Result<Option<Drawing>, ChartError> {
    let keys = by_values(results);
    let [across, down, others @ ..] = &keys[..] else { return Ok(None) };
    let mut panels: Vec<Vec<String>> = Vec::new();
    let mut places = Vec::new();
    for cell in &results.cells {
        let other: Vec<String> =
            others.iter().map(|(key, _)| plain(cell.settings.get(*key))).collect();
        let panel = panels.iter().position(|known| *known == other).unwrap_or_else(|| {
            panels.push(other);
            panels.len() - 1
        });
        places.push((panel, place(down, cell) * across.1.len() + place(across, cell)));
    }
    let size = across.1.len() * down.1.len();
    let fits = across.1.len() <= MOST_VALUES && down.1.len() <= MOST_VALUES;
    if !fits || panels.len() > MOST_PANELS || 2 * results.cells.len() < panels.len() * size {
        return Ok(None);
    }
    let unit = results.cells.iter().find_map(|cell| Some(cell.metrics.find(metric)?.0.unit()));
    let Some(unit) = unit else { return Ok(None) };
    let mut cells = vec![vec![None; size]; panels.len()];
    let mut numbers = vec![None; size * panels.len()];
    for (position, (panel, at)) in places.into_iter().enumerate() {
        let found = results.cells[position].metrics.find(metric);
        let estimate = found.map(|(_, estimate)| *estimate).unwrap_or_default();
        let [words, interval, _] = human::estimate(&estimate, unit);
        let value = estimate.point.unwrap_or(f64::NAN);
        let sign = if estimate.censored { ">" } else { "" };
        let brief = format!("{sign}{}", human::brief(value, unit));
        cells[panel][at] = estimate.point.map(|_| HeatCell { value, words, brief, interval });
        numbers[panel * size + at] = Some(position);
    }
    let heading = |values: &Vec<String>| {
        let pairs =
            others.iter().zip(values).map(|((key, _), value)| format!("{} {value}", short(key)));
        pairs.collect::<Vec<_>>().join(", ")
    };
    let panels = panels.iter().zip(cells);
    let title = title(metric);
    let picture = Heatmap {
        title: title.clone(),
        how_to_read: "A cell is a combination and says its value.".to_owned(),
        across: (across.0.to_owned(), across.1.clone()),
        down: (down.0.to_owned(), down.1.clone()),
        panels: panels.map(|(of, cells)| Panel { heading: heading(of), cells }).collect(),
        logarithmic: unit == Unit::Seconds,
    };
    Ok(Some(Drawing::new(name, &title, numbered(&heatmap(&picture)?, &numbers))))
}

fn title(metric: &str) -> String {
    match metric {
        "delay.p99" => "p99 delay of each combination".to_owned(),
        "late.1h" => "Share of mail later than an hour, by combination".to_owned(),
        other => format!("{other} of each combination"),
    }
}

/// The 99 % point over the two settings that depend on each other the most; nothing where fewer vary or more values
/// do than fit. Where further settings vary, they are as in the combination that the others are compared with.
pub(super) fn together(results: &Results) -> Result<Option<Drawing>, ChartError> {
    let keys = by_values(results);
    let Some((across, lines)) = strongest(results, &keys).or_else(|| match &keys[..] {
        [across, lines, ..] => Some((across, lines)),
        _ => None,
    }) else {
        return Ok(None);
    };
    // Across go the more values.
    let (across, lines) =
        if across.1.len() >= lines.1.len() { (across, lines) } else { (lines, across) };
    let Some(fixed) = results.cells.get(results.compared_with.unwrap_or(0)) else {
        return Ok(None);
    };
    let (all, drawn) = (lines.1.len(), &(lines.0, some(&lines.1, place(lines, fixed))));
    let (columns, count) = (across.1.len(), drawn.1.len());
    if columns > MOST_VALUES {
        return Ok(None);
    }
    let others: Vec<&Varied> =
        keys.iter().filter(|key| key.0 != across.0 && key.0 != lines.0).collect();
    let (mut points, mut cells) = (vec![None; columns * count], vec![None; columns * count]);
    for (position, cell) in results.cells.iter().enumerate() {
        let same = |key: &&Varied| cell.settings.get(key.0) == fixed.settings.get(key.0);
        let Some(p99) = cell.metrics.get(Metric::DelayP99).filter(|_| others.iter().all(same))
        else {
            continue;
        };
        let line = drawn.1.iter().position(|value| *value == lines.1[place(lines, cell)]);
        let Some(line) = line else { continue };
        let at = line * columns + place(across, cell);
        points[at] = p99.point.map(|seconds| Spot { seconds, interval: p99.low.zip(p99.high) });
        cells[at] = Some(position);
    }
    let title = "Two settings together: p99 delay";
    let chart = Interaction {
        title: title.to_owned(),
        how_to_read: match all > count {
            true => format!("{count} of {all} values. {}", how_to_read(&others, fixed)),
            false => how_to_read(&others, fixed),
        },
        across: (across.0.to_owned(), across.1.clone()),
        lines: (drawn.0.to_owned(), drawn.1.clone()),
        points,
    };
    let svg = numbered(&interaction(&chart)?, &cells);
    Ok(Some(Drawing::new("together", title, svg)))
}

/// As many values as lines can be told apart, in even steps, the one at `wanted` among them.
fn some(values: &[String], wanted: usize) -> Vec<String> {
    if values.len() <= MAX_CURVES {
        return values.to_vec();
    }
    let last = values.len() - 1;
    let mut chosen: Vec<usize> = (0..MAX_CURVES).map(|n| n * last / (MAX_CURVES - 1)).collect();
    if !chosen.contains(&wanted) {
        // In place of its neighbour, but never of an end.
        let near = (1..MAX_CURVES - 1).min_by_key(|n| chosen[*n].abs_diff(wanted)).unwrap_or(1);
        chosen[near] = wanted;
    }
    chosen.into_iter().map(|index| values[index].clone()).collect()
}

fn how_to_read(others: &[&Varied], fixed: &Cell) -> String {
    let read = "Lines that run alike: each setting does the same whatever the other is. Lines that part or \
                cross: what one does depends on the other. Bars are 95 % intervals.";
    let pairs: Vec<String> = others
        .iter()
        .map(|(key, _)| format!("{} {}", short(key), plain(fixed.settings.get(*key))))
        .collect();
    if pairs.is_empty() { read.to_owned() } else { format!("{read} With {}.", pairs.join(", ")) }
}

/// The two keys whose interaction is the largest of those that can be told from none.
fn strongest<'a, 'b>(
    results: &Results,
    keys: &'b [Varied<'a>],
) -> Option<(&'b Varied<'a>, &'b Varied<'a>)> {
    let size = |effect: &&Effect| {
        let of = effect.metrics.get(&Metric::DelayP99.name())?;
        let certain = matches!(of.change(), Change::Lower | Change::Higher);
        of.point.filter(|_| certain).map(f64::abs)
    };
    let pairs = results.effects.iter().filter(|effect| effect.with.is_some());
    let (_, most) = pairs
        .filter_map(|effect| Some((size(&effect)?, effect)))
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    let find = |key: &str| keys.iter().find(|known| known.0 == key);
    Some((find(&most.change.key)?, find(&most.with.as_ref()?.key)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_values_some_are_drawn_the_ends_and_the_one_compared_with_among_them() {
        let values: Vec<String> = (0..12).map(|n| n.to_string()).collect();
        for wanted in 0..12 {
            let some = some(&values, wanted);
            assert_eq!((some.len(), &*some[0], &*some[7]), (8, "0", "11"));
            assert!(some.contains(&wanted.to_string()), "{wanted}: {some:?}");
            let numbers: Vec<u32> = some.iter().map(|n| n.parse().expect("a number")).collect();
            assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
        }
        assert_eq!(some(&values[..8], 3).len(), 8);
    }
}
