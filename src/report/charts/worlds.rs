//! The charts of `--vary-assumptions`: in how many worlds each combination wins, and how the outcome goes with the
//! assumption that decides most.

use super::canvas::{self, Align, Area, Canvas, HEADING_LINES, MARGIN, TEXT, Type, WIDTH};
use super::palette::{ALARM, FLOW, GREY, GRID, INK, Look, Marker};
use super::{ChartError, Drawing, numbered, text};
use crate::experiment::assumptions::{Against, Deciding, Place, Worlds};
use crate::measure::{Metric, Unit};
use crate::report::difference::signed;
use crate::report::human;
use crate::report::worlds::words::label;

/// Most combinations that one chart shows, and most worlds.
const MOST_BARS: usize = 40;
const MOST_POINTS: usize = 1_000;
const ROW: i32 = 54;
/// Room for the words on the left of the bars, and on their right.
const LABEL: i32 = 780;
const WORDS: i32 = 300;
/// Height of the cloud, and room for each value that is a word.
const TALL: i32 = 640;
const WORD: i32 = 240;
/// Ticks of the axis of times.
const TIMES: [(f64, &str); 6] =
    [(1.0, "1s"), (10.0, "10s"), (60.0, "1m"), (600.0, "10m"), (3600.0, "1h"), (86_400.0, "1d")];

/// The charts of an answer over worlds: the first only where combinations are compared, the second only where an
/// assumption is told to decide.
///
/// # Errors
/// Only when the drawing library gives up.
pub fn worlds(worlds: &Worlds) -> Result<Vec<Drawing>, ChartError> {
    let mut all = Vec::new();
    let mut bars: Vec<usize> =
        (0..worlds.cells.len()).filter(|cell| worlds.cells[*cell].against.is_some()).collect();
    let wins = |cell: &usize| worlds.cells[*cell].against.as_ref().map_or(0, |of| of.wins);
    bars.sort_by_key(|cell| std::cmp::Reverse(wins(cell)));
    bars.truncate(MOST_BARS);
    if !bars.is_empty() && worlds.n > 0 {
        let title = "In how many worlds each combination wins";
        let svg = counted(title, worlds, &bars)?;
        let cells: Vec<Option<usize>> = bars.into_iter().map(Some).collect();
        all.push(Drawing::new("worlds-wins", title, numbered(&svg, &cells)));
    }
    if let Some(deciding) = &worlds.ranking.deciding {
        let title = match worlds.ranking.difference {
            true => "What is saved, by the assumption that decides most",
            false => "The p99 delay, by the assumption that decides most",
        };
        all.push(Drawing::new("worlds-deciding", title, cloud(title, worlds, deciding)?));
    }
    Ok(all)
}

/// A bar for each combination, in three parts.
fn counted(title: &str, worlds: &Worlds, bars: &[usize]) -> Result<String, ChartError> {
    let left_out = match worlds.cells.len().saturating_sub(bars.len() + 1) {
        0 => String::new(),
        n => format!(" The best of them; {n} more are in the table."),
    };
    let how = format!(
        "Of {} worlds: those in which the p99 delay is lower than that of the combination compared with, even, and \
         higher.{left_out}",
        worlds.n
    );
    let lines = text::wrap(&how, WIDTH - 2 * MARGIN, TEXT, HEADING_LINES).len() as i32;
    let top = 130 + 40 * lines;
    let rows: Vec<(String, [usize; 3])> = bars
        .iter()
        .filter_map(|cell| {
            let of = &worlds.cells[*cell];
            let against = of.against.as_ref()?;
            Some((label(of, worlds), [against.wins, against.even, against.losses]))
        })
        .collect();
    let said = |(label, [wins, even, losses]): &(String, [usize; 3])| {
        format!("{label}: lower in {wins}, even in {even}, higher in {losses} of {}.", worlds.n)
    };
    let description = rows.iter().fold(how.clone(), |out, row| out + " " + &said(row));
    let height = top + ROW * rows.len() as i32 + 40;
    canvas::picture(height, title, &description, |canvas| {
        canvas.heading(title, &how)?;
        for (number, row) in rows.iter().enumerate() {
            let y = top + ROW * number as i32 + ROW / 2;
            canvas.part(number, &said(row), || bar(canvas, &row.0, row.1, y))?;
        }
        Ok(())
    })
}

fn bar(canvas: &Canvas, label: &str, counts: [usize; 3], y: i32) -> Result<(), ChartError> {
    let label = text::fit(&text::clean(label), LABEL - 40, TEXT, false);
    canvas.text(&label, (MARGIN, y), Align::Left, Type::PLAIN)?;
    let (left, right) = (MARGIN + LABEL, WIDTH - MARGIN - WORDS);
    let all = counts.iter().sum::<usize>().max(1) as f64;
    let x = |count: usize| left + (f64::from(right - left) * count as f64 / all).round() as i32;
    let white = plotters::style::WHITE;
    // Never colour alone: each part says what it is, and the numbers stand on the right once more.
    let looks = [(FLOW, "lower", white), (GRID, "even", INK), (ALARM, "higher", INK)];
    let mut before = 0;
    for (count, (color, word, ink)) in counts.into_iter().zip(looks) {
        let area = Area { left: x(before), top: y - 20, right: x(before + count), bottom: y + 20 };
        before += count;
        if count == 0 {
            continue;
        }
        canvas.fill(area, color, 1.0)?;
        let words = format!("{word} {count}");
        let look = Type { color: ink, ..Type::PLAIN };
        let middle = (area.left + area.right) / 2;
        if text::width(&words, TEXT, false) + 20 < area.right - area.left {
            canvas.text(&words, (middle, y), Align::Middle, look)?;
        }
    }
    let [wins, even, losses] = counts;
    let words = format!("{wins} / {even} / {losses}");
    canvas.text(&words, (WIDTH - MARGIN, y), Align::Right, Type::PLAIN)
}

/// One world in the cloud.
struct Dot<'a> {
    world: u32,
    place: &'a Place,
    seconds: f64,
    against: Option<Against>,
}

/// From values of the assumption and from seconds to pixels.
struct Axes<'a> {
    by_factor: bool,
    /// The least and the greatest number, if there are numbers.
    ends: Option<(f64, f64)>,
    /// Values that are words, each with a column of its own.
    words: Vec<&'a str>,
    seconds: (f64, f64),
    area: Area,
}

/// Seconds as the axis counts them: by factors, in both directions.
fn place(seconds: f64) -> f64 {
    seconds.signum() * libm::log10(1.0 + seconds.abs())
}

impl<'a> Axes<'a> {
    fn new(dots: &[Dot<'a>], by_factor: bool, area: Area) -> Self {
        let numbers = || dots.iter().filter_map(|dot| dot.place.number);
        let least = numbers().fold(f64::INFINITY, f64::min);
        let greatest = numbers().fold(f64::NEG_INFINITY, f64::max);
        let mut words: Vec<&str> = dots
            .iter()
            .filter(|dot| dot.place.number.is_none())
            .map(|dot| dot.place.words.as_str())
            .collect();
        words.sort_unstable();
        words.dedup();
        let places = || dots.iter().map(|dot| place(dot.seconds));
        let (low, high) = (places().fold(0.0, f64::min), places().fold(0.0, f64::max));
        let spare = if high > low { 0.05 * (high - low) } else { 1.0 };
        let below = if low < 0.0 { low - spare } else { 0.0 };
        Axes {
            by_factor: by_factor && least > 0.0,
            ends: (least <= greatest).then_some((least, greatest)),
            words,
            seconds: (below, high + spare),
            area,
        }
    }

    /// Where the numbers end and the words begin.
    fn middle(&self) -> i32 {
        let columns = WORD * self.words.len() as i32;
        let room = self.area.right - self.area.left;
        match self.ends {
            Some(_) => self.area.right - columns.min(room / 2),
            None => self.area.left,
        }
    }

    fn x(&self, place: &Place, world: u32) -> i32 {
        let (left, middle) = (self.area.left, self.middle());
        let Some(number) = place.number else {
            let column = self.words.iter().position(|word| *word == place.words).unwrap_or(0);
            let wide = (self.area.right - middle) / self.words.len().max(1) as i32;
            // Side by side, so that equal outcomes do not hide each other.
            let aside = wide * (world as i32 * 37 % 100 - 50) / 160;
            return middle + wide * column as i32 + wide / 2 + aside;
        };
        let (least, greatest) = self.ends.unwrap_or((number, number));
        let scaled = |value: f64| if self.by_factor { libm::log(value) } else { value };
        let (from, to) = (scaled(least), scaled(greatest));
        let share = if to > from { (scaled(number) - from) / (to - from) } else { 0.5 };
        left + 30 + (share * f64::from(middle - left - 60)).round() as i32
    }

    fn y(&self, seconds: f64) -> i32 {
        let (low, high) = self.seconds;
        let share = ((place(seconds) - low) / (high - low)).clamp(0.0, 1.0);
        self.area.bottom - (share * f64::from(self.area.bottom - self.area.top)).round() as i32
    }

    fn draw(&self, canvas: &Canvas, dots: &[Dot], name: &str) -> Result<(), ChartError> {
        let Area { left, right, bottom, .. } = self.area;
        let mut ticks = vec![(0.0, "0".to_owned())];
        for (seconds, words) in TIMES {
            let plus = if self.seconds.0 < 0.0 { "+" } else { "" };
            ticks.push((seconds, format!("{plus}{words}")));
            ticks.push((-seconds, format!("-{words}")));
        }
        for (seconds, words) in ticks {
            if (self.seconds.0..=self.seconds.1).contains(&place(seconds)) {
                canvas.grid_line(left, right, self.y(seconds), &words)?;
            }
        }
        let zero = self.y(0.0);
        canvas.line(&[(left, zero), (right, zero)], INK, 3)?;
        // Numbers that were drawn stand below: the least, the greatest, and those a third of the way.
        let mut numbers: Vec<&Dot> = dots.iter().filter(|dot| dot.place.number.is_some()).collect();
        numbers.sort_by_key(|dot| self.x(dot.place, dot.world));
        let mut free = i32::MIN;
        let last = numbers.len().saturating_sub(1);
        for share in 0..4 {
            let Some(dot) = numbers.get(last * share / 3) else { continue };
            let x = self.x(dot.place, dot.world);
            let half = text::width(&dot.place.words, TEXT, false) / 2;
            if x - half > free {
                canvas.text(&dot.place.words, (x, bottom + 40), Align::Middle, Type::QUIET)?;
                free = x + half + 20;
            }
        }
        let wide = (right - self.middle()) / self.words.len().max(1) as i32;
        for (column, word) in self.words.iter().enumerate() {
            let x = self.middle() + wide * column as i32 + wide / 2;
            let word = text::fit(word, wide - 10, TEXT, false);
            canvas.text(&word, (x, bottom + 40), Align::Middle, Type::QUIET)?;
        }
        canvas.text(name, ((left + right) / 2, bottom + 92), Align::Middle, Type::QUIET)
    }
}

/// A mark for each world.
fn cloud(title: &str, worlds: &Worlds, deciding: &Deciding) -> Result<String, ChartError> {
    let ranking = &worlds.ranking;
    let p99 = Metric::DelayP99.name();
    let mut unknown = 0;
    let mut dots = Vec::new();
    for (row, place) in worlds.worlds.iter().zip(&deciding.values) {
        let (Some(found), Some(place)) = (row.cells.get(ranking.of), place) else { continue };
        let seconds = match found.difference {
            Some([point, ..]) => point,
            None => found.metrics.get(&p99).copied().flatten(),
        };
        match seconds {
            Some(seconds) if dots.len() < MOST_POINTS => {
                dots.push(Dot { world: row.world, place, seconds, against: found.against });
            }
            _ => unknown += 1,
        }
    }
    let of = worlds.cells.get(ranking.of).map(|cell| label(cell, worlds)).unwrap_or_default();
    let mut how = match ranking.difference {
        true => format!(
            "A mark for each world: the p99 delay of {of} less that of the combination compared with. Below the line \
             it is lower. Rings: even; squares: higher."
        ),
        false => format!("A mark for each world: the p99 delay of {of}."),
    };
    if unknown > 0 {
        how += &format!(" {unknown} worlds more have no mark.");
    }
    let lines = text::wrap(&text::clean(&how), WIDTH - 2 * MARGIN, TEXT, HEADING_LINES).len();
    let top = 130 + 40 * lines as i32;
    let area = Area { left: MARGIN + 120, top, right: WIDTH - MARGIN, bottom: top + TALL };
    let axes = Axes::new(&dots, deciding.by_factor, area);
    let share = ranking.assumptions.first().map_or(0.0, |first| 100.0 * first.share);
    let description = format!("{how} {} goes with {share:.0} % of what differs.", deciding.name);
    canvas::picture(area.bottom + 140, title, &description, |canvas| {
        canvas.heading(title, &how)?;
        axes.draw(canvas, &dots, &deciding.name)?;
        for dot in &dots {
            let seconds = match ranking.difference {
                true => signed(dot.seconds, Unit::Seconds),
                false => human::quantity(dot.seconds, Unit::Seconds),
            };
            let words =
                format!("World {}: {} {}, {seconds}", dot.world, deciding.name, dot.place.words);
            let (marker, color) = match dot.against {
                Some(Against::Loses) => (Marker::Square, ALARM),
                Some(Against::Even) => (Marker::Ring, GREY),
                Some(Against::Wins) | None => (Marker::Circle, FLOW),
            };
            let at = (axes.x(dot.place, dot.world), axes.y(dot.seconds));
            let look = Look { color, pattern: &[], marker };
            canvas.part(dot.world as usize, &words, || canvas.marker(at, &look))?;
        }
        Ok(())
    })
}
