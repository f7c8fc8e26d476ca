//! Expectations: `p99 delay > 1h`, `connections cut == 0`, `p99 delay < 0.1 x healthy-day.yaml`, and the same
//! of a part: `p99 delay@partner <= 5m`.
//!
//! All of them are read before anything is simulated, so that a slip costs no waiting.

use super::parse_quantity;
use super::quantity::number;
use crate::measure::{Metric, Part};
use crate::scenario::nearest;
use std::fmt;

/// How a metric is compared with its bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `==`
    Equal,
    /// `>=`
    AtLeast,
    /// `>`
    More,
}

/// What a metric is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Bound {
    /// A value in the metric's unit.
    Value(f64),
    /// So many times the same metric of another scenario file, run with the same seed and repeats.
    Times {
        /// The factor.
        factor: f64,
        /// The file, as written: relative to the scenario that says so.
        file: String,
    },
}

/// One line of `expect:`, understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// As written.
    pub text: String,
    /// The metric.
    pub metric: Metric,
    /// The part of the run it is of; `None`: the whole. Of another scenario it is the same part.
    pub part: Option<String>,
    /// The operator.
    pub comparison: Comparison,
    /// The bound.
    pub bound: Bound,
}

/// A line of `expect:` that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ExpectationError {
    /// The line as written.
    pub text: String,
    /// Characters before the offending part.
    pub offset: usize,
    /// What is wrong.
    pub problem: String,
    /// What is accepted.
    pub accepted: String,
    /// The nearest metric or part, for an unknown one.
    pub nearest: Option<String>,
}

impl fmt::Display for ExpectationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expect: `{}`: {}", self.text, self.problem)?;
        if let Some(nearest) = &self.nearest {
            write!(f, "; did you mean `{nearest}`?")?;
        }
        write!(f, "\n  accepted: {}", self.accepted)
    }
}

const FORM: &str = "METRIC OP VALUE, with OP one of < <= == >= >, for example `p99 delay <= 5m` or \
     `p99 delay < 0.1 x other.yaml`";
const NO_PARTS: &str = "METRIC@NAME with the NAME of a window of windows: or, where destinations: names others, of a \
     destination";
const METRICS: &str = "a metric such as `p99 delay`, `late over 1h`, `connections cut`, `messages.queued`, `days.late`";

impl Expectation {
    /// Understands one line.
    ///
    /// # Errors
    /// What is wrong, where in the line, what is accepted and, for an unknown metric, the nearest name.
    pub fn parse(text: &str) -> Result<Expectation, ExpectationError> {
        let error = |at: usize, problem: String, accepted: &str| ExpectationError {
            text: text.to_owned(),
            offset: text[..at].chars().count(),
            problem,
            accepted: accepted.to_owned(),
            nearest: None,
        };
        let is_operator = |c: char| matches!(c, '<' | '>' | '=' | '!');
        let Some(start) = text.find(is_operator) else {
            return Err(error(0, "there is no operator".to_owned(), FORM));
        };
        let length = text[start..].find(|c| !is_operator(c)).unwrap_or(text.len() - start);
        let (said, operator) = (&text[..start], &text[start..start + length]);
        let comparison = match operator {
            "<" => Comparison::Less,
            "<=" => Comparison::AtMost,
            "==" => Comparison::Equal,
            ">=" => Comparison::AtLeast,
            ">" => Comparison::More,
            other => {
                return Err(error(start, format!("`{other}` is not an operator"), "< <= == >= >"));
            }
        };
        let (said, part) = match said.split_once('@') {
            Some((metric, part)) => (metric, Some(part.trim().to_owned())),
            None => (said, None),
        };
        let metric = Metric::parse(said).map_err(|unknown| ExpectationError {
            nearest: unknown.nearest,
            ..error(0, format!("`{}` is not a metric", unknown.text), METRICS)
        })?;
        let rest = &text[start + length..];
        let at = text.len() - rest.trim_start().len();
        let bound = read_bound(rest.trim(), metric).map_err(|accepted| {
            let problem = match rest.trim() {
                "" => format!("there is no value after `{operator}`"),
                value => format!("`{value}` is not a value of {}", metric.name()),
            };
            error(at, problem, accepted)
        })?;
        Ok(Expectation { text: text.to_owned(), metric, part, comparison, bound })
    }

    /// The name of what it judges in results: `delay.p99`, `delay.p99@partner`.
    pub fn name(&self) -> String {
        match &self.part {
            Some(part) => format!("{}@{part}", self.metric.name()),
            None => self.metric.name(),
        }
    }

    /// Whether a scenario with these parts has what it judges.
    ///
    /// # Errors
    /// The scenario has no such part, or the part has no such metric.
    pub fn within(&self, parts: &[Part]) -> Result<(), ExpectationError> {
        let Some(name) = &self.part else { return Ok(()) };
        let names = || parts.iter().map(|part| &*part.name);
        let list = || names().map(|name| format!("@{name}")).collect::<Vec<_>>().join(", ");
        let (problem, accepted, nearest) = match parts.iter().find(|part| *part.name == **name) {
            Some(part) if self.metric.covers(&part.filter) => return Ok(()),
            Some(part) => (
                format!("a {} has no {}", part.filter.kind(), self.metric.name()),
                format!("{} of the whole, or another metric", self.metric.name()),
                None,
            ),
            None if parts.is_empty() => {
                (format!("`{name}` is not a part: there are none"), NO_PARTS.to_owned(), None)
            }
            None => {
                let near = nearest(name, names()).map(str::to_owned);
                (format!("`{name}` is neither a destination nor a window"), list(), near)
            }
        };
        let at = self.text.find('@').map_or(0, |at| at + 1);
        let at = at + self.text[at..].len() - self.text[at..].trim_start().len();
        let offset = self.text[..at].chars().count();
        Err(ExpectationError { text: self.text.clone(), offset, problem, accepted, nearest })
    }
}

fn read_bound(text: &str, metric: Metric) -> Result<Bound, &'static str> {
    let times = text.split_once([' ', 'x', '×']).and_then(|(factor, _)| {
        let factor_value = number(factor)?;
        let rest = text[factor.len()..].trim_start();
        let file = rest.strip_prefix('x').or_else(|| rest.strip_prefix('×'))?.trim();
        Some((factor_value, file))
    });
    match times {
        Some((_, "")) => Err("FACTOR x FILE, for example 0.1 x healthy-day.yaml"),
        Some((factor, file)) => Ok(Bound::Times { factor, file: file.to_owned() }),
        None => parse_quantity(text, metric.unit()).map(Bound::Value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Filter;
    use crate::units::SimTime;

    #[test]
    fn the_forms_of_the_interface_are_understood() {
        let read = |text| {
            let expectation = Expectation::parse(text).expect(text);
            (expectation.metric, expectation.comparison, expectation.bound)
        };
        use Comparison::*;
        assert_eq!(read("p99 delay > 1h"), (Metric::DelayP99, More, Bound::Value(3600.0)));
        assert_eq!(read("connections cut > 0"), (Metric::ConnectionsCut, More, Bound::Value(0.0)));
        assert_eq!(read("delay.p50<=1m 30s"), (Metric::DelayP50, AtMost, Bound::Value(90.0)));
        let late = Metric::Late(crate::units::Span::from_hours(1));
        assert_eq!(read("late over 1h == 0"), (late, Equal, Bound::Value(0.0)));
        assert_eq!(read("days late >= 90 %"), (Metric::DaysLate, AtLeast, Bound::Value(0.9)));
        for text in ["p99 delay < 0.1 x sub/base.yaml", "p99 delay < 0.1x sub/base.yaml"] {
            let bound = Bound::Times { factor: 0.1, file: "sub/base.yaml".to_owned() };
            assert_eq!(read(text), (Metric::DelayP99, Less, bound));
        }
    }

    #[test]
    fn a_slip_is_located_named_and_answered_with_what_is_accepted() {
        for (text, offset, problem, accepted) in [
            ("p99 delay", 0, "no operator", "METRIC OP VALUE"),
            ("p99 delay = 1h", 10, "`=` is not an operator", "< <= == >= >"),
            ("p99 delay != 1h", 10, "`!=` is not an operator", "=="),
            ("p99 dellay > 1h", 0, "`p99 dellay` is not a metric", "p99 delay"),
            ("p99 delay > 20", 12, "`20` is not a value of delay.p99", "duration with its unit"),
            ("p99 delay >", 11, "no value after `>`", "duration"),
            ("connections cut > 5 %", 18, "`5 %` is not a value", "without unit"),
            ("p99 delay > 2 x", 12, "`2 x` is not a value", "FACTOR x FILE"),
        ] {
            let error = Expectation::parse(text).expect_err(text);
            assert_eq!(error.offset, offset, "{text}");
            assert!(error.problem.contains(problem), "{text}: {error}");
            assert!(error.accepted.contains(accepted), "{text}: {error}");
        }
        let error = Expectation::parse("p99 dellay > 1h").expect_err("unknown");
        assert_eq!(error.nearest.as_deref(), Some("delay.p99"));
    }

    fn parts() -> Vec<Part> {
        let window = Filter::Window { from: SimTime::ZERO, until: SimTime::MAX };
        [("partner", Filter::Destination(1)), ("after", window)]
            .map(|(name, filter)| Part { name: name.into(), filter })
            .to_vec()
    }

    #[test]
    fn a_metric_may_be_that_of_a_part() {
        for (text, name) in [
            ("p99 delay@after <= 5m", "delay.p99@after"),
            ("delay.p99@partner<1h", "delay.p99@partner"),
            ("late over 1h @ after > 1%", "late.1h@after"),
            ("runners busy@after < 1", "runners.busy@after"),
            ("p99 delay@after < 0.1 x a.yaml", "delay.p99@after"),
        ] {
            let expectation = Expectation::parse(text).expect(text);
            assert_eq!(expectation.name(), name);
            assert_eq!(expectation.within(&parts()), Ok(()), "{text}");
        }
    }

    #[test]
    fn a_part_that_does_not_exist_or_lacks_the_metric_is_a_problem() {
        for (text, offset, problem, accepted) in [
            (
                "p99 delay@atfer < 5m",
                10,
                "`atfer` is neither a destination nor a",
                "@partner, @after",
            ),
            ("p99 delay@ < 5m", 11, "`` is neither", "@partner, @after"),
            ("runners busy@partner < 1", 13, "a destination has no runners.busy", "of the whole"),
            ("recovery time@after < 1h", 14, "a window has no recovery.time", "of the whole"),
        ] {
            let expectation = Expectation::parse(text).expect(text);
            let error = expectation.within(&parts()).expect_err(text);
            assert_eq!(error.offset, offset, "{text}");
            assert!(error.problem.contains(problem), "{text}: {error}");
            assert!(error.accepted.contains(accepted), "{text}: {error}");
        }
        let expectation = Expectation::parse("p99 delay@atfer < 5m").expect("read");
        let nearest = expectation.within(&parts()).expect_err("unknown").nearest;
        assert_eq!(nearest.as_deref(), Some("after"));
        assert!(expectation.within(&[]).expect_err("none").problem.contains("there are none"));
        let error = Expectation::parse("p99 dellay@after < 5m").expect_err("unknown");
        assert_eq!((error.offset, error.nearest.as_deref()), (0, Some("delay.p99")));
    }
}
