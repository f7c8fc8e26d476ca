//! What an experiment found, in exactly the shape that INTERFACE section 2 promises. No time stamp, host
//! name, path or job count: the same scenario and seed give the same bytes.

use super::search::Found;
use super::{
    Differences, Effect, Estimate, Evidence, Expectation, Verdict, Warning, WarningKind, warnings,
};
use crate::measure::{CATALOGUE, Metric, Part};
use crate::units::Span;
use serde::de::Error as _;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Version of the results' shape.
pub const SCHEMA: u32 = 1;

/// The results of one scenario file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The scenario's name.
    pub scenario: String,
    /// Version of mailflow.
    pub version: String,
    /// Seed of the run.
    pub seed: u64,
    /// The answers of a search.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<Found>,
    /// One for each combination of settings; `run` has one.
    pub cells: Vec<Cell>,
    /// Which combination the others are compared with, by position in `cells`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared_with: Option<usize>,
    /// Which combinations may be the best.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best: Option<Best>,
    /// What each setting does, where the combinations are a complete grid.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<Effect>,
}

/// The combinations that cannot be told from the best one: with 95 % the truly best is among them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Best {
    /// By which metric; the lower the better.
    pub by: String,
    /// Keys that nobody sets, such as the load: the best is looked for under each combination of their values.
    pub within: Vec<String>,
    /// By position in `cells`.
    pub cells: Vec<usize>,
}

/// The results of one combination of settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// What distinguishes this cell, by key.
    pub settings: serde_json::Map<String, serde_json::Value>,
    /// Every metric.
    pub metrics: Metrics,
    /// This cell less the one it is compared with, where there is such a one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<Differences>,
    /// Every expectation, judged, in the order of the file.
    pub expectations: Vec<Judged>,
    /// What to look at before trusting this.
    pub warnings: Vec<Warning>,
}

/// One expectation, judged. Numbers in the metric's unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// As written.
    pub text: String,
    /// The verdict.
    pub verdict: Verdict,
    /// The metric's value.
    pub value: Option<f64>,
    /// Lower end of its interval.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// The metric's name, with its part.
    pub metric: String,
    /// What it was compared with.
    pub bound: Option<f64>,
}

/// Estimates by metric, in the order of the catalogue: of the whole run, then of each of its parts.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Metrics {
    whole: Vec<(Metric, Estimate)>,
    /// By name; parts have no parts.
    parts: Vec<(String, Metrics)>,
}

impl Metrics {
    /// Estimates the whole catalogue and `more` (such as `late.2h`) of the whole run.
    pub fn of(evidence: &Evidence, more: &[Metric]) -> Self {
        Metrics::filtered(evidence, more, |_| true)
    }

    /// Estimates of these metrics, as they are.
    pub(super) fn given(whole: Vec<(Metric, Estimate)>) -> Self {
        Metrics { whole, parts: Vec::new() }
    }

    /// The same, and again for each part what it has of them.
    pub fn with_parts(evidence: &Evidence, more: &[Metric]) -> Self {
        let of = |part: &Part| {
            let own = evidence.part(&part.name)?;
            let metrics = Metrics::filtered(&own, more, |metric| metric.covers(&part.filter));
            Some((part.name.to_string(), metrics))
        };
        Metrics { parts: evidence.parts().filter_map(of).collect(), ..Metrics::of(evidence, more) }
    }

    fn filtered(evidence: &Evidence, more: &[Metric], has: impl Fn(Metric) -> bool) -> Self {
        let listed = CATALOGUE.iter().map(|entry| entry.metric);
        let mut wanted: Vec<Metric> =
            listed.chain(more.iter().copied()).filter(|metric| has(*metric)).collect();
        wanted.sort();
        wanted.dedup();
        let whole = wanted.into_iter().map(|metric| (metric, evidence.estimate(metric))).collect();
        Metrics { whole, parts: Vec::new() }
    }

    /// The estimate of `metric`.
    pub fn get(&self, metric: Metric) -> Option<&Estimate> {
        self.whole.iter().find(|(other, _)| *other == metric).map(|(_, estimate)| estimate)
    }

    /// Every metric of the whole with its estimate, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Metric, &Estimate)> {
        self.whole.iter().map(|(metric, estimate)| (*metric, estimate))
    }

    /// Every part by name, in order.
    pub fn parts(&self) -> impl Iterator<Item = (&str, &Metrics)> {
        self.parts.iter().map(|(name, metrics)| (name.as_str(), metrics))
    }

    /// Every metric of the whole and then of the parts, by the name used in files.
    pub fn named(&self) -> impl Iterator<Item = (String, Metric, &Estimate)> {
        let whole = self.iter().map(|(metric, estimate)| (metric.name(), metric, estimate));
        let parts = self.parts().flat_map(|(part, metrics)| {
            let name = move |metric: Metric| format!("{}@{part}", metric.name());
            metrics.iter().map(move |(metric, estimate)| (name(metric), metric, estimate))
        });
        whole.chain(parts)
    }

    /// The metrics that a name such as `delay.p99@partner` is looked up in, and which of them it is.
    pub fn find(&self, name: &str) -> Option<(Metric, &Estimate)> {
        let (metric, of) = match name.split_once('@') {
            Some((metric, part)) => {
                (metric, self.parts().find(|(other, _)| *other == part).map(|(_, of)| of)?)
            }
            None => (name, self),
        };
        let metric = Metric::parse(metric).ok()?;
        Some((metric, of.get(metric)?))
    }
}

impl Serialize for Metrics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let length = self.parts.iter().fold(self.whole.len(), |sum, (_, of)| sum + of.whole.len());
        let mut map = serializer.serialize_map(Some(length))?;
        for (name, _, estimate) in self.named() {
            map.serialize_entry(&name, estimate)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Metrics {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = serde_json::Map::deserialize(deserializer)?;
        let mut metrics = Metrics::default();
        for (name, value) in map {
            let (name, part) = match name.split_once('@') {
                Some((name, part)) => (name, Some(part)),
                None => (name.as_str(), None),
            };
            let metric = Metric::parse(name).map_err(D::Error::custom)?;
            let estimate = Estimate::deserialize(value).map_err(D::Error::custom)?;
            metrics.of_part(part).push((metric, estimate));
        }
        let parts = metrics.parts.iter_mut().map(|(_, part)| &mut part.whole);
        for list in std::iter::once(&mut metrics.whole).chain(parts) {
            list.sort_by_key(|(metric, _)| *metric);
        }
        Ok(metrics)
    }
}

impl Metrics {
    /// Takes out what a single day may look like.
    fn forget_days(&mut self) {
        let parts = self.parts.iter_mut().map(|(_, part)| &mut part.whole);
        for (_, estimate) in std::iter::once(&mut self.whole).chain(parts).flatten() {
            (estimate.day_low, estimate.day_high) = (None, None);
        }
    }

    /// The list of the part with this name, which comes after all others if it is new.
    fn of_part(&mut self, part: Option<&str>) -> &mut Vec<(Metric, Estimate)> {
        let Some(name) = part else { return &mut self.whole };
        let known = self.parts.iter().position(|(other, _)| other == name);
        let index = known.unwrap_or(self.parts.len());
        if known.is_none() {
            self.parts.push((name.to_owned(), Metrics::default()));
        }
        &mut self.parts[index].1.whole
    }
}

/// The scenario's note that recorded mail is the same in every repeat: another day is not among them.
const SAME_MAIL: &str = "replay_repeats";

/// Puts one scenario's results together. `others` holds, for each expectation in turn, the evidence of the
/// scenario it compares with; `notes` are the scenario's own warnings and come last.
pub fn conclude(
    scenario: &str,
    (seed, simulate, drained): (u64, Span, bool),
    evidence: &Evidence,
    expectations: &[(Expectation, Option<&Evidence>)],
    notes: Vec<Warning>,
) -> Results {
    let more: Vec<Metric> = expectations.iter().map(|(line, _)| line.metric).collect();
    let mut metrics = Metrics::with_parts(evidence, &more);
    if notes.iter().any(|note| note.kind == WarningKind::Scenario(SAME_MAIL.to_owned())) {
        metrics.forget_days();
    }
    let mut warnings = warnings(evidence.records(), &metrics, simulate, drained);
    warnings.extend(notes);
    let expectations = expectations.iter().map(|(line, other)| judged(line, evidence, *other));
    Results {
        schema: SCHEMA,
        scenario: scenario.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        seed,
        found: Vec::new(),
        cells: vec![Cell {
            settings: serde_json::Map::new(),
            expectations: expectations.collect(),
            metrics,
            difference: None,
            warnings,
        }],
        compared_with: None,
        best: None,
        effects: Vec::new(),
    }
}

fn judged(line: &Expectation, evidence: &Evidence, other: Option<&Evidence>) -> Judged {
    let (verdict, estimate, bound) = line.judge(evidence, other);
    let round = |value: f64| crate::stats::round_significant(value, 10);
    Judged {
        text: line.text.clone(),
        verdict,
        value: estimate.point,
        low: estimate.low.map(round),
        high: estimate.high.map(round),
        metric: line.name(),
        bound: bound.map(round),
    }
}

impl Results {
    /// Every judged expectation of every cell.
    pub fn expectations(&self) -> impl Iterator<Item = &Judged> {
        self.cells.iter().flat_map(|cell| &cell.expectations)
    }

    /// Whether the run keeps its promises: nothing missed and, if `strict`, nothing undecided.
    pub fn keeps(&self, strict: bool) -> bool {
        self.expectations().all(|judged| match judged.verdict {
            Verdict::Met => true,
            Verdict::Missed => false,
            Verdict::Undecided => !strict,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::WarningKind;
    use super::super::estimate::tests::record;
    use super::*;
    use crate::measure::{Filter, PartRecord};
    use crate::units::SimTime;

    fn results() -> Results {
        let records: Vec<_> = (1..=12).map(|day| record(&[day; 100], &[], &[])).collect();
        let evidence = Evidence::new(&records, 42);
        let lines = ["p99 delay < 1m", "late over 2h > 5 %", "p50 delay < 7s"];
        let lines = lines.map(|line| (Expectation::parse(line).expect(line), None));
        conclude("A test", (42, Span::from_hours(24), false), &evidence, &lines, Vec::new())
    }

    #[test]
    fn the_json_has_the_promised_shape() {
        let json = serde_json::to_value(results()).expect("serialises");
        let keys = |value: &serde_json::Value| {
            value.as_object().expect("object").keys().cloned().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(keys(&json), "schema scenario version seed cells");
        let cell = &json["cells"][0];
        assert_eq!(keys(cell), "settings metrics expectations warnings");
        assert_eq!(keys(&cell["metrics"]["delay.p99"]), "point low high day_low day_high n");
        assert_eq!(keys(&cell["expectations"][0]), "text verdict value low high metric bound");
        let verdicts: Vec<_> = (0..3).map(|n| cell["expectations"][n]["verdict"].clone()).collect();
        assert_eq!(verdicts, ["met", "missed", "undecided"]);
        assert_eq!(keys(&cell["warnings"][0]), "kind text next");
        assert!(keys(&cell["metrics"]).contains("late.1h late.2h days.late"));
        assert!(cell["metrics"]["recovery.time"]["point"].is_null());
    }

    /// The results of a run with two parts, of which the second has no mail.
    fn with_parts() -> Results {
        let window = Filter::Window { from: SimTime::ZERO, until: SimTime::MAX };
        let parts = [("partner", Filter::Destination(1), 3), ("after", window, 0)];
        let mut records: Vec<_> = (1..=12).map(|day| record(&[day; 100], &[], &[])).collect();
        for day in &mut records {
            let of = |(name, filter, mail): (&str, Filter, usize)| {
                let whole = record(&[60; 3][..mail], &[], &[]);
                let part = Part { name: name.into(), filter };
                PartRecord { part, delays: whole.delays, counts: whole.counts }
            };
            day.parts = parts.map(of).to_vec();
        }
        let evidence = Evidence::new(&records, 42);
        let line = Expectation::parse("p99 delay@partner < 2m").expect("read");
        let when = (42, Span::from_hours(24), false);
        conclude("Parts", when, &evidence, &[(line, None)], Vec::new())
    }

    #[test]
    fn the_metrics_of_parts_follow_those_of_the_whole() {
        let results = with_parts();
        let names: Vec<String> = results.cells[0].metrics.named().map(|(name, ..)| name).collect();
        let part = |name: &str| names.iter().filter(|of| of.ends_with(name)).count();
        let whole = names.iter().filter(|name| !name.contains('@')).count();
        assert_eq!((part("@partner"), part("@after")), (whole - 2, whole - 1));
        assert_eq!(names[whole], "delay.mean@partner");
        let judged = &results.cells[0].expectations[0];
        assert_eq!((judged.verdict, judged.metric.as_str()), (Verdict::Met, "delay.p99@partner"));
        assert_eq!(judged.value, Some(60.0));
        let (_, none) = results.cells[0].metrics.find("delay.p99@after").expect("listed");
        assert_eq!(none.point, None);
        let warned = results.cells[0].warnings.iter().map(|warning| &warning.kind);
        assert!(warned.clone().any(|kind| *kind == WarningKind::EmptyPart), "{warned:?}");
        let text = serde_json::to_string(&results).expect("serialises");
        assert!(text.contains("\"delay.p99@partner\":{\"point\":60.0"), "{text}");
        assert_eq!(serde_json::from_str::<Results>(&text).expect("reads"), results);
    }

    #[test]
    fn the_same_mail_in_every_repeat_says_nothing_about_another_day() {
        let records: Vec<_> = (1..=12).map(|day| record(&[day; 100], &[], &[])).collect();
        let evidence = Evidence::new(&records, 42);
        let when = (42, Span::from_hours(24), false);
        let same = Warning {
            kind: WarningKind::Scenario("replay_repeats".to_owned()),
            text: String::new(),
            next: String::new(),
        };
        let p99 = |notes| {
            let results = conclude("A test", when, &evidence, &[], notes);
            *results.cells[0].metrics.get(Metric::DelayP99).expect("p99")
        };
        assert!(p99(Vec::new()).day_high.is_some());
        let recorded = p99(vec![same]);
        assert!(recorded.day_low.is_none() && recorded.day_high.is_none());
        assert!(recorded.low.is_some());
    }

    #[test]
    fn results_survive_being_written_and_read() {
        let text = serde_json::to_string(&results()).expect("serialises");
        assert_eq!(serde_json::from_str::<Results>(&text).expect("reads"), results());
    }

    #[test]
    fn a_difference_stands_beside_the_metrics_of_a_cell_that_has_one() {
        let slow: Vec<_> = (1..=12).map(|day| record(&[day + 5; 100], &[], &[])).collect();
        let fast: Vec<_> = (1..=12).map(|day| record(&[day; 100], &[], &[])).collect();
        let (slow, fast) = (Evidence::new(&slow, 42), Evidence::new(&fast, 42));
        let mut results = results();
        assert!(!serde_json::to_string(&results).expect("serialises").contains("difference"));
        results.cells[0].difference = Some(Differences::of(&slow, &fast, &[]));
        let json = serde_json::to_value(&results).expect("serialises");
        let p50 = &json["cells"][0]["difference"]["delay.p50"];
        let keys: Vec<&String> = p50.as_object().expect("an object").keys().collect();
        let promised = ["point", "low", "high", "family_low", "family_high", "day_low", "day_high"];
        assert_eq!(keys[..7], promised);
        assert_eq!(keys[7..], ["variance_ratio", "n"]);
        let text = serde_json::to_string(&results).expect("serialises");
        assert_eq!(serde_json::from_str::<Results>(&text).expect("reads"), results);
    }

    #[test]
    fn undecided_breaks_a_promise_only_when_strict() {
        let mut results = results();
        assert!(!results.keeps(false), "one was missed");
        results.cells[0].expectations.remove(1);
        assert!(results.keeps(false));
        assert!(!results.keeps(true));
    }
}
