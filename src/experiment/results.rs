//! What an experiment found, in exactly the shape that INTERFACE section 2 promises. No time stamp, host
//! name, path or job count: the same scenario and seed give the same bytes.

use super::{Estimate, Evidence, Expectation, Verdict, Warning, warnings};
use crate::measure::{CATALOGUE, Metric};
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
    /// One for each combination of settings; `run` has one.
    pub cells: Vec<Cell>,
}

/// The results of one combination of settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// What distinguishes this cell, by key.
    pub settings: serde_json::Map<String, serde_json::Value>,
    /// Every metric.
    pub metrics: Metrics,
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
    /// The metric's name.
    pub metric: String,
    /// What it was compared with.
    pub bound: Option<f64>,
}

/// Estimates by metric, in the order of the catalogue.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Metrics(Vec<(Metric, Estimate)>);

impl Metrics {
    /// Estimates the whole catalogue and `more` (such as `late.2h`).
    pub fn of(evidence: &Evidence, more: &[Metric]) -> Self {
        let listed = CATALOGUE.iter().map(|entry| entry.metric);
        let mut wanted: Vec<Metric> = listed.chain(more.iter().copied()).collect();
        wanted.sort();
        wanted.dedup();
        Metrics(wanted.into_iter().map(|metric| (metric, evidence.estimate(metric))).collect())
    }

    /// The estimate of `metric`.
    pub fn get(&self, metric: Metric) -> Option<&Estimate> {
        self.0.iter().find(|(other, _)| *other == metric).map(|(_, estimate)| estimate)
    }

    /// Every metric with its estimate, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Metric, &Estimate)> {
        self.0.iter().map(|(metric, estimate)| (*metric, estimate))
    }
}

impl Serialize for Metrics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (metric, estimate) in &self.0 {
            map.serialize_entry(&metric.name(), estimate)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Metrics {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = serde_json::Map::deserialize(deserializer)?;
        let mut metrics = Vec::with_capacity(map.len());
        for (name, value) in map {
            let metric = Metric::parse(&name).map_err(D::Error::custom)?;
            metrics.push((metric, Estimate::deserialize(value).map_err(D::Error::custom)?));
        }
        metrics.sort_by_key(|(metric, _)| *metric);
        Ok(Metrics(metrics))
    }
}

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
    let metrics = Metrics::of(evidence, &more);
    let mut warnings = warnings(evidence.records(), &metrics, simulate, drained);
    warnings.extend(notes);
    let expectations = expectations.iter().map(|(line, other)| judged(line, evidence, *other));
    Results {
        schema: SCHEMA,
        scenario: scenario.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        seed,
        cells: vec![Cell {
            settings: serde_json::Map::new(),
            expectations: expectations.collect(),
            metrics,
            warnings,
        }],
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
        metric: line.metric.name(),
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
    use super::super::estimate::tests::record;
    use super::*;

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

    #[test]
    fn results_survive_being_written_and_read() {
        let text = serde_json::to_string(&results()).expect("serialises");
        assert_eq!(serde_json::from_str::<Results>(&text).expect("reads"), results());
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
