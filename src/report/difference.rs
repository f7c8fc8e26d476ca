//! Two scenarios side by side: every metric of both, the paired difference with its interval, and what it
//! amounts to. Rows stand under their verdict, so that the answer is read before the numbers.

use super::metrics::quoted;
use super::table::{WIDTH, cut_to, wrapped};
use super::{Style, human};
use crate::experiment::{Change, Difference, Differences, Metrics, Results, lower_is_better};
use crate::measure::{Metric, Unit};
use crate::units::Span;
use serde::Serialize;
use std::fmt::Write;

/// One of the two.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Its metrics.
    pub metrics: &'a Metrics,
}

/// Two scenarios and what lies between them.
#[derive(Clone, Copy, Debug)]
pub struct Comparison<'a> {
    /// What is compared with.
    pub a: &'a Results,
    /// What is compared; its first cell has the difference to the first cell of `a`.
    pub b: &'a Results,
    /// What must be known of the pair.
    pub notes: &'a [String],
    /// Whether each day of the one has a partner in the other.
    pub paired: bool,
    /// What stands behind it, if that is no number of runs.
    pub behind: Option<&'a str>,
    /// Whether to list every metric.
    pub all_metrics: bool,
}

const PERHAPS: [&str; 4] =
    ["B perhaps better", "B perhaps worse", "B perhaps higher", "B perhaps lower"];
/// Every verdict, in the order of the page.
const VERDICTS: [&str; 9] = [
    "B better",
    "B worse",
    "B higher",
    "B lower",
    PERHAPS[0],
    PERHAPS[1],
    PERHAPS[2],
    PERHAPS[3],
    "not distinguishable",
];

/// What a difference of `metric` (B less A) amounts to, in words. "Perhaps": by its own interval, but not
/// together with all others.
pub fn verdict_words(metric: Metric, difference: &Difference) -> &'static str {
    let (lower, perhaps) = match difference.change() {
        Change::Lower => (true, false),
        Change::Higher => (false, false),
        Change::PerhapsLower => (true, true),
        Change::PerhapsHigher => (false, true),
        Change::NotDistinguishable => return VERDICTS[8],
    };
    let index = match lower_is_better(metric) {
        Some(good) if good == lower => 0,
        Some(_) => 1,
        None if lower => 3,
        None => 2,
    };
    if perhaps { PERHAPS[index] } else { VERDICTS[index] }
}

/// What the page shows unless everything is asked for.
fn in_short(name: &str, metric: Metric) -> bool {
    use Metric::*;
    let chosen = [
        DelayMean,
        DelayP50,
        DelayP90,
        DelayP95,
        DelayP99,
        DelayP999,
        Late(Span::from_mins(15)),
        Late(Span::from_hours(1)),
        DaysLate,
        MessagesQueued,
        MessagesBounced,
        TriesSkipped,
        ConnectionsOpened,
        ConnectionsCut,
        HostMarks,
        HostBlockedTime,
        RecoveryTime,
        QueueMax,
        RunnersBusy,
    ];
    !name.contains('@') && chosen.contains(&metric)
}

impl Comparison<'_> {
    fn difference(&self) -> Option<&Differences> {
        self.b.cells.first()?.difference.as_ref()
    }

    /// Every metric with its values on both sides and their difference.
    fn rows(&self) -> Vec<Row<'_>> {
        let (Some(a), Some(b)) = (self.a.cells.first(), self.b.cells.first()) else {
            return Vec::new();
        };
        let differences = self.difference().into_iter().flat_map(Differences::iter);
        let row = |(name, metric, difference)| Row {
            name,
            metric,
            values: [&a.metrics, &b.metrics].map(|of| value(of, name, metric)),
            points: [&a.metrics, &b.metrics].map(|of| of.find(name).and_then(|(_, e)| e.point)),
            difference,
        };
        differences.map(row).collect()
    }

    /// The page for people, 80 columns wide.
    pub fn page(&self, style: Style) -> String {
        let mut out = String::new();
        let name = |results: &Results| cut_to(&results.scenario, WIDTH - 6);
        let _ = writeln!(out, "A  {}\nB  {}", style.bold(&name(self.a)), style.bold(&name(self.b)));
        let rows = self.rows();
        let line = self.days();
        let _ = writeln!(out, "{}", style.dim(&line));
        let shown: Vec<&Row> = rows
            .iter()
            .filter(|row| self.all_metrics || in_short(row.name, row.metric))
            .filter(|row| self.all_metrics || row.says_something())
            .collect();
        for words in VERDICTS {
            let of: Vec<&&Row> = shown.iter().filter(|row| row.words() == words).collect();
            if !of.is_empty() {
                out += &heading(words, style);
            }
            of.iter().for_each(|row| out += &row.line());
        }
        out.push('\n');
        out += &wrapped(&explained(&shown, self.paired), "");
        self.doubts(&mut out, style);
        out
    }

    /// How many days stand behind it, and whether they are the same for both.
    pub(super) fn days(&self) -> String {
        if let Some(behind) = self.behind {
            return behind.to_owned();
        }
        let days = |results: &Results| {
            let cells = results.cells.iter();
            cells.filter_map(|cell| Some(cell.metrics.get(Metric::DelayMean)?.n)).max()
        };
        let [a, b] = [self.a, self.b].map(|side| days(side).unwrap_or_default());
        match self.paired {
            true => format!(
                "{b} pairs of independent runs, seed {}: the same mail and luck for both",
                self.b.seed
            ),
            false => format!(
                "{a} runs of A (seed {}) and {b} of B (seed {}), all independent: not paired",
                self.a.seed, self.b.seed
            ),
        }
    }

    /// What must be known of the pair.
    pub(super) fn notes(&self, out: &mut String, style: Style) {
        if !self.notes.is_empty() {
            let _ = writeln!(out, "\n{}", style.doubt("Look before you trust this"));
        }
        self.notes.iter().for_each(|note| *out += &wrapped(note, "  "));
    }

    /// Notes, and what to look at before trusting either side.
    fn doubts(&self, out: &mut String, style: Style) {
        let side = |name: &'static str, of: &Results| {
            let warnings = of.cells.iter().flat_map(|cell| &cell.warnings);
            warnings.map(|w| (format!("{name}: {}", w.text), w.next.clone())).collect::<Vec<_>>()
        };
        let warnings = [side("A", self.a), side("B", self.b)].concat();
        self.notes(out, style);
        if !warnings.is_empty() && self.notes.is_empty() {
            let _ = writeln!(out, "\n{}", style.doubt("Look before you trust this"));
        }
        for (text, next) in warnings {
            *out += &wrapped(&text, "  ");
            *out += &wrapped(&format!("-> {next}"), "     ");
        }
    }

    /// One row for each metric, in SI units; empty where a value is not known.
    pub fn csv(&self) -> String {
        let mut out = String::from(
            "metric,a,b,difference,low,high,family_low,family_high,variance_ratio,n,verdict\n",
        );
        let cell = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
        for row in self.rows() {
            let d = row.difference;
            let values = [row.points[0], row.points[1], d.point, d.low, d.high, d.family_low];
            let values = [&values[..], &[d.family_high, d.variance_ratio]].concat();
            let values: Vec<String> = values.into_iter().map(cell).collect();
            let (name, words) = (quoted(row.name), row.words());
            let _ = writeln!(out, "{name},{},{},{words}", values.join(","), d.n);
        }
        out
    }

    /// A table for wikis.
    pub fn markdown(&self) -> String {
        let mut out =
            format!("## {} (B) compared with {} (A)\n\n", self.b.scenario, self.a.scenario);
        out += "| metric | A | B | B less A | 95 % interval | variance saved | verdict |\n";
        out += "|---|--:|--:|--:|--:|--:|---|\n";
        for row in self.rows() {
            let [a, b] = &row.values;
            let [point, interval] = row.between();
            let (name, saved, words) = (row.name, row.saved(), row.words());
            let _ = writeln!(
                out,
                "| `{name}` | {a} | {b} | {point} | {interval} | {saved} | {words} |"
            );
        }
        for note in self.notes {
            let _ = writeln!(out, "\n{note}");
        }
        out
    }

    /// Both results, the second with its difference, and the verdicts by metric.
    pub fn json(&self) -> String {
        #[derive(Serialize)]
        struct Written<'a> {
            schema: u32,
            a: &'a Results,
            b: &'a Results,
            verdicts: serde_json::Map<String, serde_json::Value>,
            notes: &'a [String],
            paired: bool,
        }
        let verdict = |row: &Row| (row.name.to_owned(), row.words().into());
        let verdicts = self.rows().iter().map(verdict).collect();
        let (a, b, notes, paired) = (self.a, self.b, self.notes, self.paired);
        let written = Written { schema: crate::experiment::SCHEMA, a, b, verdicts, notes, paired };
        // Plain maps, lists, texts and numbers; writing them to memory cannot fail.
        serde_json::to_string_pretty(&written).unwrap_or_default() + "\n"
    }
}

fn value(of: &Metrics, name: &str, metric: Metric) -> String {
    let estimate = of.find(name).map(|(_, estimate)| *estimate).unwrap_or_default();
    let [value, ..] = human::estimate(&estimate, metric.unit());
    value
}

fn heading(words: &str, style: Style) -> String {
    let title = match words {
        "not distinguishable" => "Not distinguishable".to_owned(),
        words => words.replacen("B ", "B is ", 1),
    };
    let columns = format!(
        "{title:<20}{:>10}{:>10}{:>10} {:<22}{:>7}",
        "A", "B", "B less A", "95 % interval", "saved"
    );
    format!("\n{}\n", style.bold(&columns))
}

struct Row<'a> {
    name: &'a str,
    metric: Metric,
    values: [String; 2],
    points: [Option<f64>; 2],
    difference: &'a Difference,
}

impl Row<'_> {
    fn words(&self) -> &'static str {
        verdict_words(self.metric, self.difference)
    }

    /// Not where neither has a value, nor where nothing of the kind ever happened.
    fn says_something(&self) -> bool {
        self.points.iter().flatten().any(|value| *value != 0.0)
    }

    fn line(&self) -> String {
        let [a, b] = &self.values;
        let [point, interval] = self.between();
        let name = cut_to(self.name, 20);
        format!("{name:<20}{a:>10}{b:>10}{point:>10} {interval:<22}{:>7}\n", self.saved())
    }

    /// The difference, and its interval.
    fn between(&self) -> [String; 2] {
        let unit = self.metric.unit();
        let d = self.difference;
        let end = |end: Option<f64>| end.map_or_else(|| "?".to_owned(), |end| signed(end, unit));
        let interval = match (d.low, d.high) {
            (None, None) => "-".to_owned(),
            (low, high) => format!("[{} .. {}]", end(low), end(high)),
        };
        [d.point.map_or_else(|| "-".to_owned(), |point| signed(point, unit)), interval]
    }

    fn saved(&self) -> String {
        match self.difference.variance_ratio {
            None => "-".to_owned(),
            Some(ratio) if ratio >= 9_999.5 => ">9,999x".to_owned(),
            Some(ratio) => format!("{}x", human::number(ratio)),
        }
    }
}

/// A difference: short, and with its sign.
pub(super) fn signed(value: f64, unit: Unit) -> String {
    let sign = if value < 0.0 { "-" } else { "+" };
    let text = match value.abs() {
        0.0 => return "0".to_owned(),
        v if unit == Unit::Count && v >= 999_950.0 => format!("{:.2}M", v / 1e6),
        v if unit == Unit::Count && v >= 99_950.0 => format!("{:.0}k", v / 1e3),
        v => human::brief(v, unit),
    };
    format!("{sign}{text}")
}

/// Below this a variance ratio is called harm; just below 1 is what chance makes of 1.
const HARM: f64 = 0.9;

/// How the table is read, and where the common randomness did harm.
fn explained(rows: &[&Row], paired: bool) -> String {
    let harmed: Vec<&str> = rows
        .iter()
        .filter(|row| row.difference.variance_ratio.is_some_and(|ratio| ratio < HARM))
        .map(|row| row.name)
        .collect();
    let harm = match harmed.as_slice() {
        [] => String::new(),
        some => format!(" Below 1x the common randomness does harm: {}.", some.join(", ")),
    };
    let perhaps = match rows.iter().any(|row| PERHAPS.contains(&row.words())) {
        true => " Perhaps: true of this one interval, but among so many it may be chance.",
        false => "",
    };
    let saved = match paired {
        true => format!(
            " Saved: how many times as many days two independent seeds would take; 1x is nothing.{harm}"
        ),
        false => String::new(),
    };
    format!(
        "Each interval holds with 95 %; all that is called better, worse, higher or lower without a \
         perhaps holds with 95 % together.{perhaps} A ? is an end that mail still under way leaves open.{saved}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(low: f64, high: f64, apart: f64) -> Difference {
        let (point, ratio) = (Some((low + high) / 2.0), Some(14.2));
        let (family_low, family_high) = (Some(low - apart), Some(high + apart));
        Difference {
            point,
            low: Some(low),
            high: Some(high),
            family_low,
            family_high,
            variance_ratio: ratio,
            n: 20,
            ..Difference::default()
        }
    }

    #[test]
    fn verdicts_know_which_way_is_good_and_what_may_be_chance() {
        let words = |metric, low, high, apart| verdict_words(metric, &difference(low, high, apart));
        assert_eq!(words(Metric::DelayP99, -5.0, -3.0, 1.0), "B better");
        assert_eq!(words(Metric::DelayP99, 3.0, 5.0, 1.0), "B worse");
        assert_eq!(words(Metric::DelayP99, -5.0, -3.0, 4.0), "B perhaps better");
        assert_eq!(words(Metric::DelayP99, -5.0, 3.0, 1.0), "not distinguishable");
        assert_eq!(words(Metric::MessagesDelivered, 3.0, 5.0, 1.0), "B better");
        assert_eq!(words(Metric::ConnectionsOpened, 3.0, 5.0, 1.0), "B higher");
        assert_eq!(words(Metric::ConnectionsOpened, -5.0, -3.0, 4.0), "B perhaps lower");
        assert_eq!(verdict_words(Metric::DelayP99, &Difference::default()), "not distinguishable");
    }

    #[test]
    fn differences_carry_their_sign_and_large_counts_are_short() {
        assert_eq!(signed(-35_280.0, Unit::Seconds), "-9.8h");
        assert_eq!(signed(0.0, Unit::Seconds), "0");
        assert_eq!(signed(0.012, Unit::Share), "+1.20%");
        assert_eq!(signed(-192_813.0, Unit::Count), "-193k");
        assert_eq!(signed(1_234_567.0, Unit::Count), "+1.23M");
    }

    #[test]
    fn no_row_is_wider_than_the_page() {
        for (metric, value) in [
            (Metric::ConnectionsOpenMax, 99_949.0),
            (Metric::DelayP99, 170_000.0),
            (Metric::BytesWasted, 999_999_999_999.0),
            (Metric::Late(Span::from_hours(1)), 1.0),
        ] {
            let mut widest = difference(-value, -value, 0.0);
            widest.variance_ratio = Some(123_456.0);
            let name = metric.name();
            let values = ["999,999".to_owned(), "> 999,999".to_owned()];
            let points = [Some(1.0), Some(2.0)];
            let row = Row { name: &name, metric, values, points, difference: &widest };
            assert!(row.line().trim_end().chars().count() <= WIDTH, "{}", row.line());
        }
    }
}
