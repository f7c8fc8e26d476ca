//! The charts of a sweep, composed from its results and what some of its combinations left behind.

use super::band::MOST_BANDS;
use super::compose::{
    CAUSES, DELAYS, HOW_TO_READ_CAUSES, HOW_TO_READ_DELAYS, HOW_TO_READ_TAIL, TAIL, on_top,
};
use super::grid;
use super::{
    Bar, ChartError, DelayCurve, Drawing, Forest, ForestRow, MAX_CURVES, MOST_BARS, MOST_ROWS,
    breakdown, delay_distribution, delay_tail, forest, numbered,
};
use crate::experiment::sweep::Page;
use crate::experiment::{Change, Days, Difference, Effect, Results, Step};
use crate::measure::Metric;
use crate::report::combinations::{plain, ranked, short};
use crate::report::recommended;
use crate::units::Span;

/// Interactions drawn.
const MOST_PAIRS: usize = 15;
const BY: Metric = Metric::DelayP99;

/// What a combination left behind, beside its results.
#[derive(Clone, Debug, PartialEq)]
pub struct Remains {
    /// Its position among the results.
    pub cell: usize,
    /// Its delays.
    pub curve: DelayCurve,
    /// What they are made of.
    pub bar: Bar,
    /// Its days on top of each other, if they are to be drawn.
    pub days: Option<Days>,
}

/// The combinations whose records the charts need, in order.
pub fn combinations_drawn(results: &Results) -> Vec<usize> {
    let mut all = chosen(results, MOST_BARS);
    all.extend(chosen(results, MAX_CURVES));
    all.sort_unstable();
    all.dedup();
    all
}

/// Those of them whose curves get a band: all if they are few, else the one compared with and the recommended one;
/// bands of many would hide each other.
pub fn combinations_with_bands(results: &Results) -> Vec<usize> {
    let lines = chosen(results, MAX_CURVES);
    if lines.len() <= MOST_BANDS {
        return lines;
    }
    let ranked = ranked(results);
    let best = recommended(results).or_else(|| ranked.first().copied());
    let worst = results.compared_with.or_else(|| ranked.last().copied());
    let mut both: Vec<usize> = best.into_iter().chain(worst).collect();
    both.sort_unstable();
    both.dedup();
    both
}

/// Those of them whose days are laid on top of each other: the one compared with and the recommended one.
pub fn combinations_with_days(results: &Results) -> Vec<usize> {
    let mut both: Vec<usize> =
        results.compared_with.into_iter().chain(recommended(results)).collect();
    both.sort_unstable();
    both.dedup();
    both
}

/// What a combination is called in a chart: its number, and what differs from the one it is compared with.
pub fn combination_label(results: &Results, position: usize) -> String {
    let settings = &results.cells[position].settings;
    let reference = results.compared_with.map(|reference| &results.cells[reference].settings);
    let differs = |key: &str| reference.is_none_or(|of| of.get(key) != settings.get(key));
    let pairs: Vec<String> = settings
        .iter()
        .filter(|(key, _)| differs(key))
        .map(|(key, value)| format!("{} {}", short(key), plain(Some(value))))
        .collect();
    let number = position + 1;
    match (pairs.is_empty(), reference.is_some()) {
        (true, true) => format!("#{number} compared with"),
        (true, false) => format!("#{number}"),
        _ => format!("#{number} {}", pairs.join(", ")),
    }
}

/// Longer names would be cut off.
const LONGEST: usize = 30;

/// What the combinations are called in the charts.
struct Names {
    labels: Vec<String>,
    /// How to read them; empty where they speak for themselves.
    legend: String,
}

impl Names {
    /// What differs, if there is room for it; else the bare values, and what they are of.
    fn of(results: &Results) -> Self {
        let all = 0..results.cells.len();
        let labels: Vec<String> =
            all.clone().map(|position| combination_label(results, position)).collect();
        if labels.iter().all(|label| label.chars().count() <= LONGEST) {
            return Names { labels, legend: String::new() };
        }
        let keys: Vec<&str> = grid::varied(results).into_iter().map(|(key, _)| key).collect();
        let values = |position: usize| {
            let of = |key: &&str| plain(results.cells[position].settings.get(*key));
            keys.iter().map(of).collect::<Vec<_>>().join(" / ")
        };
        let named: Vec<&str> = keys.iter().map(|key| short(key)).collect();
        let label = |position: usize| format!("#{} {}", position + 1, values(position));
        Names {
            labels: all.map(label).collect(),
            legend: format!("Named by {}. ", named.join(" / ")),
        }
    }
}

/// At most `most` combinations in order: all, or the one compared with, the recommended one, and others in even
/// steps from the best to the worst by p99.
fn chosen(results: &Results, most: usize) -> Vec<usize> {
    let count = results.cells.len();
    if count <= most {
        return (0..count).collect();
    }
    let ranked = ranked(results);
    let mut chosen: Vec<usize> =
        results.compared_with.into_iter().chain(recommended(results)).collect();
    chosen.extend([ranked[0], ranked[count - 1]]);
    chosen.sort_unstable();
    chosen.dedup();
    chosen.truncate(most);
    let steps = most - chosen.len() + 1;
    for step in 1..steps {
        // The next in rank that is not there yet.
        let wanted = step * (count - 1) / steps;
        let mut near = ranked[wanted..].iter().chain(&ranked[..wanted]);
        chosen.extend(near.find(|position| !chosen.contains(position)));
    }
    chosen.sort_unstable();
    chosen
}

/// All charts of a sweep; `page` says when its days begin.
///
/// # Errors
/// Only when the drawing library gives up.
pub fn sweep(
    results: &Results,
    page: Option<&Page>,
    remains: &[Remains],
) -> Result<Vec<Drawing>, ChartError> {
    let mut all = Vec::new();
    let names = Names::of(results);
    let lines: Vec<&Remains> = of(remains, &chosen(results, MAX_CURVES));
    let bars: Vec<&Remains> = of(remains, &chosen(results, MOST_BARS));
    let cells = |of: &[&Remains]| of.iter().map(|one| Some(one.cell)).collect::<Vec<_>>();
    let label = |one: &Remains| names.labels[one.cell].clone();
    if !lines.is_empty() {
        let curve = |one: &&Remains| DelayCurve { label: label(one), ..one.curve.clone() };
        let curves: Vec<DelayCurve> = lines.iter().map(curve).collect();
        let some = of_many(results, lines.len()) + &names.legend;
        let read = format!("{some}{HOW_TO_READ_DELAYS}");
        let svg = delay_distribution(DELAYS, &read, &curves)?;
        all.push(Drawing::new("delay", DELAYS, numbered(&svg, &cells(&lines))));
        let svg = delay_tail(TAIL, &format!("{some}{HOW_TO_READ_TAIL}"), &curves)?;
        all.push(Drawing::new("tail", TAIL, numbered(&svg, &cells(&lines))));
    }
    let late = Metric::Late(Span::from_hours(1));
    all.extend(grid::table(results, &BY.name(), "heatmap-p99")?);
    all.extend(grid::table(results, &late.name(), "heatmap-late")?);
    all.extend(differences(results, &names)?);
    all.extend(effects(results)?);
    all.extend(grid::together(results)?);
    if !bars.is_empty() {
        let some = of_many(results, bars.len()) + &names.legend;
        let bar = |one: &&Remains| Bar { label: label(one), waits: one.bar.waits };
        let own: Vec<Bar> = bars.iter().map(bar).collect();
        let svg = breakdown(CAUSES, &format!("{some}{HOW_TO_READ_CAUSES}"), &own)?;
        all.push(Drawing::new("causes", CAUSES, numbered(&svg, &cells(&bars))));
    }
    for Remains { cell, days, .. } in remains {
        if let (Some(page), Some(days)) = (page, days) {
            let drawing = on_top(&names.labels[*cell], page, days)?;
            all.extend(drawing.map(|drawing| Drawing {
                name: format!("days-{}", cell + 1),
                title: format!("{}: {}", names.labels[*cell], drawing.title),
                ..drawing
            }));
        }
    }
    Ok(all)
}

fn of<'a>(remains: &'a [Remains], positions: &[usize]) -> Vec<&'a Remains> {
    remains.iter().filter(|one| positions.contains(&one.cell)).collect()
}

/// Which ones are shown, where not all are.
fn of_many(results: &Results, shown: usize) -> String {
    match results.cells.len() {
        all if all > shown => {
            format!("{shown} of {all} combinations, from the best to the worst by p99. ")
        }
        _ => String::new(),
    }
}

/// A row of a forest, by the interval that holds together with the others.
fn row(label: String, of: &Difference) -> ForestRow {
    let point = of.point.unwrap_or(f64::NAN);
    let interval = match (of.family_low, of.family_high) {
        (None, None) => None,
        (low, high) => Some((low.unwrap_or(f64::NEG_INFINITY), high.unwrap_or(f64::INFINITY))),
    };
    ForestRow::Difference { label, point, interval, worse: point > 0.0 }
}

const TOGETHER: &str =
    "All intervals hold together with 95 %. Open and grey: cannot be told from no difference.";

/// The paired differences in p99, the largest gain first.
fn differences(results: &Results, names: &Names) -> Result<Option<Drawing>, ChartError> {
    let of = |position: usize| {
        let all = results.cells[position].difference.as_ref()?;
        all.get(&BY.name()).filter(|of| of.point.is_some()).map(|of| (position, *of))
    };
    let shown = chosen(results, MOST_ROWS);
    let mut all: Vec<(usize, Difference)> = shown.iter().filter_map(|cell| of(*cell)).collect();
    let Some(reference) = results.compared_with.filter(|_| !all.is_empty()) else {
        return Ok(None);
    };
    let point = |of: &Difference| of.point.unwrap_or(0.0);
    all.sort_by(|a, b| point(&a.1).total_cmp(&point(&b.1)).then(a.0.cmp(&b.0)));
    let rows = all.iter().map(|(position, of)| row(names.labels[*position].clone(), of)).collect();
    let title = "Difference in p99 delay, day by day";
    let picture = Forest {
        title: title.to_owned(),
        how_to_read: format!(
            "{}{}Each combination less #{}, on the same days. {TOGETHER}",
            of_many(results, shown.len()),
            names.legend,
            reference + 1
        ),
        sides: ("faster".to_owned(), "slower".to_owned()),
        unit: BY.unit(),
        rows,
    };
    let cells: Vec<Option<usize>> = all.iter().map(|(position, _)| Some(*position)).collect();
    Ok(Some(Drawing::new("differences", title, numbered(&forest(&picture)?, &cells))))
}

/// What the values stand instead of.
fn instead(main: &[&Effect]) -> String {
    let mut from: Vec<String> = Vec::new();
    for Step { key, from: value, .. } in main.iter().map(|effect| &effect.change) {
        let one = format!("{} {}", short(key), plain(Some(value)));
        if !from.contains(&one) {
            from.push(one);
        }
    }
    format!("Each value instead of {}.", from.join(", "))
}

/// What each setting does to p99, and two of them together.
fn effects(results: &Results) -> Result<Option<Drawing>, ChartError> {
    let of = |effect: &Effect| effect.metrics.get(&BY.name()).copied().unwrap_or_default();
    let (main, mut pairs): (Vec<&Effect>, Vec<&Effect>) =
        results.effects.iter().filter(|e| of(e).point.is_some()).partition(|e| e.with.is_none());
    if main.is_empty() {
        return Ok(None);
    }
    let step = |step: &Step| format!("{} {}", short(&step.key), plain(Some(&step.to)));
    let size = |effect: &&Effect| {
        let certain = matches!(of(effect).change(), Change::Lower | Change::Higher);
        (!certain, -of(effect).point.unwrap_or(0.0).abs())
    };
    pairs.sort_by(|a, b| size(a).0.cmp(&size(b).0).then(size(a).1.total_cmp(&size(b).1)));
    let left = pairs.len().saturating_sub(MOST_PAIRS);
    pairs.truncate(MOST_PAIRS);
    let mut rows = vec![ForestRow::Heading("One setting, on average over the others".to_owned())];
    rows.extend(main.iter().take(MOST_ROWS / 2).map(|one| row(step(&one.change), &of(one))));
    if !pairs.is_empty() {
        let more =
            if left > 0 { format!(" ({left} lesser pairs left out)") } else { String::new() };
        rows.push(ForestRow::Heading(format!("Two settings, beyond the sum of both{more}")));
    }
    for pair in &pairs {
        let with = pair.with.as_ref().map(|with| format!(" & {}", step(with))).unwrap_or_default();
        rows.push(row(step(&pair.change) + &with, &of(pair)));
    }
    let title = "What each setting does to the p99 delay";
    let picture = Forest {
        title: title.to_owned(),
        how_to_read: format!("{} {TOGETHER}", instead(&main)),
        sides: ("faster".to_owned(), "slower".to_owned()),
        unit: BY.unit(),
        rows,
    };
    // An effect is of no single combination.
    Ok(Some(Drawing::new("effects", title, forest(&picture)?)))
}
