//! The answer in words: what the numbers come to, how well that is known, and what a single day may look like.

use super::charts::combination_label;
use super::combinations::{plain, short};
use super::difference::signed;
use super::{found_answer, human};
use crate::experiment::{Change, Difference, Estimate, Metrics, Results};
use crate::measure::{Metric, Unit};
use crate::units::Span;

const HOUR: Metric = Metric::Late(Span::from_hours(1));
const BY: Metric = Metric::DelayP99;
/// Rarer than this is called nothing to worry about.
const RARE: f64 = 0.001;

/// What the top of a page says.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Answer {
    /// In a sentence.
    pub headline: String,
    /// How sure that is, and of what.
    pub known: String,
    /// What a single bad day may look like, which no number of days makes better known; empty if nothing is
    /// known of it.
    pub one_day: String,
    /// What to set; empty if nothing is recommended.
    pub advice: String,
}

/// The combination to recommend: of those that cannot be told from the best one that which changes the fewest
/// settings, and of these the one with the lowest p99. Only if it is better than the one compared with for certain;
/// and under the same load, where the best is looked for under each load apart.
pub fn recommended(results: &Results) -> Option<usize> {
    let best = results.best.as_ref()?;
    let reference = results.compared_with;
    if reference.is_none() && !best.within.is_empty() {
        return None;
    }
    let settings = |position: usize| &results.cells[position].settings;
    let alike = |position: usize| {
        let same = |key: &String| {
            reference.is_none_or(|of| settings(of).get(key) == settings(position).get(key))
        };
        best.within.iter().all(same)
    };
    let candidates: Vec<usize> = best.cells.iter().copied().filter(|cell| alike(*cell)).collect();
    let group = (0..results.cells.len()).filter(|cell| alike(*cell)).count();
    if candidates.len() == group {
        return None;
    }
    let better = |position: &usize| {
        reference.is_none()
            || difference(results, *position).is_some_and(|of| of.change() == Change::Lower)
    };
    if reference.is_some_and(|of| candidates.contains(&of)) {
        return None;
    }
    let changed = |position: usize| {
        let Some(of) = reference else { return 0 };
        settings(position)
            .iter()
            .filter(|(key, value)| settings(of).get(*key) != Some(*value))
            .count()
    };
    let p99 = |position: usize| {
        let of = results.cells[position].metrics.get(BY).and_then(|of| of.point);
        of.unwrap_or(f64::INFINITY)
    };
    candidates.into_iter().filter(better).min_by(|a, b| {
        changed(*a).cmp(&changed(*b)).then(p99(*a).total_cmp(&p99(*b))).then(a.cmp(b))
    })
}

fn difference(results: &Results, position: usize) -> Option<&Difference> {
    results.cells.get(position)?.difference.as_ref()?.get(&BY.name())
}

/// The answer to what was asked.
pub fn answer(results: &Results) -> Answer {
    if !results.found.is_empty() {
        let headline = results.found.iter().map(found_answer).collect::<Vec<_>>().join(" ");
        return Answer { headline, ..Answer::default() };
    }
    match results.cells.as_slice() {
        [] => {
            Answer { headline: "Nothing has been simulated yet.".to_owned(), ..Answer::default() }
        }
        [one] => alone(&one.metrics, "With these settings"),
        _ => of_many(results),
    }
}

fn alone(metrics: &Metrics, with: &str) -> Answer {
    Answer {
        headline: format!("{with} {}.", lateness(metrics)),
        known: known(metrics),
        one_day: one_day(metrics),
        advice: String::new(),
    }
}

fn estimate(metrics: &Metrics, metric: Metric) -> Estimate {
    metrics.get(metric).copied().unwrap_or_default()
}

/// How late the mail is: by the share over an hour, or, where that is nothing, by the 99 % point.
fn lateness(metrics: &Metrics) -> String {
    let (late, p99) = (estimate(metrics, HOUR), estimate(metrics, BY));
    let [most, ..] = human::estimate(&p99, Unit::Seconds);
    match late.point {
        None => "no mail was measured".to_owned(),
        Some(share) if share >= RARE => format!("{} later than an hour", one_in(share)),
        Some(share) if share > 0.0 => format!(
            "fewer than 1 message in 1,000 is later than an hour: 99 of 100 arrive within {most}"
        ),
        Some(_) => format!("no message is later than an hour: 99 of 100 arrive within {most}"),
    }
}

/// A share as one says it: `1 message in 3 is`, `7 of 10 messages are`.
fn one_in(share: f64) -> String {
    match share {
        s if s > 0.95 => "nearly every message is".to_owned(),
        s if s > 0.42 => format!("{:.0} of 10 messages are", s * 10.0),
        s => format!("1 message in {} is", human::number((1.0 / s).round())),
    }
}

/// How well the mean is known.
fn known(metrics: &Metrics) -> String {
    let (late, p99) = (estimate(metrics, HOUR), estimate(metrics, BY));
    let [_, share, _] = human::estimate(&late, Unit::Share);
    let [_, delay, _] = human::estimate(&p99, Unit::Seconds);
    if late.n < 2 || late.low.is_none() {
        return match late.n {
            1 => "That is of a single day: how far another one may differ is not known.".to_owned(),
            _ => String::new(),
        };
    }
    format!(
        "How well that is known, from {} independent days: with 95 % the share later than an hour is {share}, \
         the p99 delay {delay}.",
        late.n
    )
}

/// What one day may look like.
fn one_day(metrics: &Metrics) -> String {
    let (late, p99) = (estimate(metrics, HOUR), estimate(metrics, BY));
    let [.., share] = human::estimate(&late, Unit::Share);
    let [.., delay] = human::estimate(&p99, Unit::Seconds);
    if p99.n < 2 || p99.day_low.is_none() || late.day_low.is_none() {
        return String::new();
    }
    format!(
        "A single day is another matter: on 9 days of 10 its own p99 delay is {delay}, its share later than an \
         hour {share}. More simulated days make the mean better known, but no day better."
    )
}

fn of_many(results: &Results) -> Answer {
    let Some(winner) = recommended(results) else { return without_winner(results) };
    let cell = &results.cells[winner];
    let settings: Vec<String> = cell
        .settings
        .iter()
        .filter(|(key, value)| match results.compared_with {
            Some(of) => results.cells[of].settings.get(*key) != Some(*value),
            None => true,
        })
        .map(|(key, value)| format!("{} {}", short(key), plain(Some(value))))
        .collect();
    let settings = settings.join(", ");
    let number = winner + 1;
    let group = results.best.as_ref().map_or(1, |best| best.cells.len());
    let others = match group {
        0 | 1 => "no other combination is as good".to_owned(),
        _ => "of those that cannot be told from the best it is the one to choose: it changes the \
              fewest settings, then has the lowest p99"
            .to_owned(),
    };
    let advice = format!("Recommended: combination {number} ({settings}); {others}.");
    let of_it = Answer {
        known: known(&cell.metrics),
        one_day: one_day(&cell.metrics),
        advice,
        headline: String::new(),
    };
    let Some(reference) = results.compared_with else {
        let headline =
            format!("With combination {number} ({settings}) {}.", lateness(&cell.metrics));
        return Answer { headline, ..of_it };
    };
    let before = &results.cells[reference].metrics;
    let sure = difference(results, winner).map(lower).unwrap_or_default();
    let headline = format!(
        "With the settings compared with (combination {}), {}; combination {number} ({settings}) {} (95 % \
         sure).",
        reference + 1,
        lateness(before),
        change(before, &cell.metrics)
    );
    Answer { headline, known: format!("{sure} {}", of_it.known), ..of_it }
}

/// What the better one makes of it.
fn change(before: &Metrics, after: &Metrics) -> String {
    let late = |of: &Metrics| estimate(of, HOUR).point.unwrap_or(0.0);
    let [p99, ..] = human::estimate(&estimate(after, BY), Unit::Seconds);
    match (late(before), late(after)) {
        (was, is) if was >= RARE && is == 0.0 => {
            format!("ends it: none is, and 99 of 100 arrive within {p99}")
        }
        (was, is) if was >= RARE && is < RARE => {
            format!("all but ends it: 99 of 100 arrive within {p99}")
        }
        (was, is) if was >= RARE && is < was => {
            let one = one_in(is);
            format!("brings that down: {one}")
        }
        _ => format!("is faster: 99 of 100 arrive within {p99}"),
    }
}

/// The paired difference in words, by the interval that holds together with all others.
fn lower(of: &Difference) -> String {
    let end = |end: Option<f64>| end.map_or_else(|| "?".to_owned(), |v| signed(v, Unit::Seconds));
    let point = of.point.map_or_else(|| "?".to_owned(), |v| signed(v, Unit::Seconds));
    format!(
        "Day by day, on the same {} days, its p99 delay differs by {point} ({} .. {}, 95 % sure for all \
         combinations together).",
        of.n,
        end(of.family_low),
        end(of.family_high)
    )
}

fn without_winner(results: &Results) -> Answer {
    let count = results.cells.len();
    let why = match (&results.best, results.compared_with) {
        (Some(best), Some(of)) if best.cells.contains(&of) && best.cells.len() < count => format!(
            "None of the {count} combinations is better for certain than the one compared with, combination {}",
            of + 1
        ),
        (Some(best), None) if !best.within.is_empty() && best.cells.len() < count => {
            "The best combination is looked for under each load apart: it is marked in the table"
                .to_owned()
        }
        (Some(_), _) => {
            format!("None of the {count} combinations can be told from the others as the best")
        }
        (None, _) => {
            format!("{count} combinations were simulated; none is singled out as the best")
        }
    };
    let Some(of) = results.compared_with else {
        let headline = format!("{why}: {}.", extent(results));
        return Answer { headline, ..Answer::default() };
    };
    let with = format!("{why}. With combination {}", of + 1);
    alone(&results.cells[of].metrics, &with)
}

/// From the best to the worst p99.
fn extent(results: &Results) -> String {
    let ranked = super::combinations::ranked(results);
    let known = |position: &&usize| {
        results.cells[**position].metrics.get(BY).is_some_and(|of| of.point.is_some())
    };
    let words = |position: usize| {
        let [p99, ..] = human::estimate(&estimate(&results.cells[position].metrics, BY), BY.unit());
        format!("{p99} ({})", combination_label(results, position))
    };
    let mut ends = ranked.iter().filter(known);
    match (ends.next(), ends.next_back()) {
        (Some(best), Some(worst)) => {
            format!("p99 delay from {} to {}", words(*best), words(*worst))
        }
        (Some(only), None) => format!("p99 delay {}", words(*only)),
        _ => "no mail was measured".to_owned(),
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
pub(super) mod tests;
