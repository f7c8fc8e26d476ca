//! Precision on demand: replications until an interval is as narrow as asked for.
//!
//! An interval that is narrow by luck would end the work too early, so the precision has to hold for some
//! further replications before it counts (Hoad, Robinson & Davies, "Automated selection of the number of
//! replications for a discrete-event simulation", JORS 61, 2010: five up to 100 replications, then 5 %). And
//! where some days are bad and others not, an interval from a few bad days says little about the next one:
//! there, at least five bad days have to be seen.
//!
//! Every replication that was simulated is part of the result. How many there are follows from their
//! contents alone, not from how many run at once.

use super::{Bound, Estimate};
use super::{Comparison, Evidence, Expectation, ExpectationError};
use crate::measure::{Metric, Part, RunRecord};

/// Replications before the first look: from fewer, intervals are too rough to go by.
const FIRST_LOOK: u32 = 10;
/// Bad days to be seen where days disagree.
const BAD_DAYS: u32 = 5;

/// When to stop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// Half the interval, as a share of the value, has to be at most this.
    pub relative: f64,
    /// So many replications are never exceeded.
    pub at_most: u32,
}

/// What was seen after some replications.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// Replications.
    pub n: u32,
    /// Half the interval, as a share of the value; `None` while there is no interval or no end to it.
    pub relative: Option<f64>,
    /// Replications whose p99 is over an hour.
    pub late: u32,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Go on, and look again after so many replications in all.
    Continue(u32),
    /// The precision is reached, and it lasts.
    Stop,
    /// As many replications as allowed, and it is not.
    GaveUp,
}

/// Replications for which a precision has to last that was first reached after `n`.
fn look_ahead(n: u32) -> u32 {
    if n <= 100 { 5 } else { n / 20 }
}

/// What to do after these looks, of which each but the first came when it was asked for.
pub fn decide(rule: &Rule, history: &[Look]) -> Decision {
    let Some(last) = history.last() else {
        return Decision::Continue(FIRST_LOOK.min(rule.at_most));
    };
    let precise = |look: &&Look| look.relative.is_some_and(|relative| relative <= rule.relative);
    let since = history.iter().rev().take_while(precise).last();
    let too_few_bad = last.late > 0 && last.late < last.n.min(BAD_DAYS);
    let lasts = since.map(|since| since.n + look_ahead(since.n));
    let end = last.n >= rule.at_most;
    let next = match lasts {
        Some(until) if last.n < until && !end => last.n + 1,
        Some(_) if !too_few_bad => return Decision::Stop,
        // So many that five are to be expected.
        Some(_) => last.n * BAD_DAYS / last.late.max(1),
        // The half width shrinks with the root of the number; twice as many at most, for it is rough itself.
        None => {
            let times = last.relative.map_or(2.0, |relative| (relative / rule.relative).powi(2));
            (f64::from(last.n) * times.min(2.0)).ceil() as u32
        }
    };
    if end {
        return Decision::GaveUp;
    }
    let least = if lasts.is_some_and(|until| last.n < until) { 1 } else { look_ahead(last.n) };
    let next = next.clamp(last.n + least, (2 * last.n).max(last.n + least));
    Decision::Continue(next.min(rule.at_most))
}

/// So many replications are surely needed once `next` are: a look-ahead is simulated in one go.
fn surely(rule: &Rule, history: &[Look], next: u32) -> u32 {
    let precise = |look: &&Look| look.relative.is_some_and(|relative| relative <= rule.relative);
    let since = history.iter().rev().take_while(precise).last();
    let until = since.map_or(next, |since| since.n + look_ahead(since.n));
    until.max(next).min(rule.at_most)
}

/// The metric that has to become precise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The metric.
    pub metric: Metric,
    /// The part of the run it is of; `None`: the whole.
    pub part: Option<String>,
}

impl Target {
    /// Understands `delay.p99` or `p99 delay@partner` for a scenario with these parts.
    ///
    /// # Errors
    /// An unknown metric or part, with the nearest name.
    pub fn parse(text: &str, parts: &[Part]) -> Result<Target, ExpectationError> {
        let (said, part) = match text.split_once('@') {
            Some((said, part)) => (said, Some(part.trim().to_owned())),
            None => (text, None),
        };
        let metric = Metric::parse(said).map_err(|unknown| ExpectationError {
            text: text.to_owned(),
            offset: 0,
            problem: format!("`{}` is not a metric", unknown.text),
            accepted: "a metric such as delay.p99, late.1h or connections.cut".to_owned(),
            nearest: unknown.nearest,
        })?;
        // An expectation knows which parts there are and what they have.
        let (comparison, bound) = (Comparison::AtMost, Bound::Value(0.0));
        let text = text.to_owned();
        Expectation { text, metric, part: part.clone(), comparison, bound }.within(parts)?;
        Ok(Target { metric, part })
    }

    /// Its name in results.
    pub fn name(&self) -> String {
        match &self.part {
            Some(part) => format!("{}@{part}", self.metric.name()),
            None => self.metric.name(),
        }
    }
}

/// The replications that were needed.
#[derive(Clone, Debug, PartialEq)]
pub struct Reached {
    /// All of them, in order.
    pub records: Vec<RunRecord>,
    /// Whether the precision was reached.
    pub precise: bool,
    /// Half the interval at the end, as a share of the value.
    pub relative: Option<f64>,
}

/// What a rule says of the replications that are there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Needs {
    /// So many are needed, numbered from 0, and are not all there.
    Days(u32),
    /// No more are needed.
    Done {
        /// So many count.
        n: u32,
        /// Whether the precision was reached.
        precise: bool,
        /// Half the interval at the end, as a share of the value.
        relative: Option<f64>,
    },
}

/// A rule on its way: it looks at ever more replications and remembers what it saw.
#[derive(Clone, Debug)]
pub struct Watch {
    target: Target,
    rule: Rule,
    /// Of the resamples.
    seed: u64,
    history: Vec<Look>,
    asked: u32,
}

impl Watch {
    /// Has seen nothing yet.
    pub fn new(target: Target, rule: Rule, seed: u64) -> Self {
        Watch { target, rule, seed, history: Vec::new(), asked: 0 }
    }

    /// What the rule says of `records`, which are numbered from 0 without a gap and grow from call to call.
    pub fn step(&mut self, records: &[RunRecord]) -> Needs {
        loop {
            let next = match decide(&self.rule, &self.history) {
                Decision::Continue(next) => next,
                decision => {
                    let relative = self.history.last().and_then(|look| look.relative);
                    let precise = decision == Decision::Stop;
                    return Needs::Done { n: self.asked, precise, relative };
                }
            };
            self.asked = self.asked.max(surely(&self.rule, &self.history, next));
            match records.get(..self.asked as usize) {
                None => return Needs::Days(self.asked),
                Some(records) => {
                    self.history.push(look(&records[..next as usize], &self.target, self.seed));
                }
            }
        }
    }
}

/// Asks `run` for ever more replications, as a number of them from 0 on, until `target` is as precise as
/// `rule` asks; `seed` is that of the resamples.
///
/// # Errors
/// The first one of `run`.
pub fn run_until<E>(
    target: &Target,
    rule: &Rule,
    seed: u64,
    mut run: impl FnMut(u32) -> Result<Vec<RunRecord>, E>,
) -> Result<Reached, E> {
    let mut watch = Watch::new(target.clone(), *rule, seed);
    let mut records = Vec::<RunRecord>::new();
    loop {
        match watch.step(&records) {
            Needs::Days(n) => records = run(n)?,
            Needs::Done { precise, relative, .. } => {
                return Ok(Reached { records, precise, relative });
            }
        }
    }
}

fn look(records: &[RunRecord], target: &Target, seed: u64) -> Look {
    let evidence = Evidence::new(records, seed);
    let late = evidence.late(false).into_iter().flatten().filter(|late| *late).count() as u32;
    let estimate = match &target.part {
        None => evidence.estimate(target.metric),
        Some(part) => {
            evidence.part(part).map(|part| part.estimate(target.metric)).unwrap_or_default()
        }
    };
    Look { n: records.len() as u32, relative: relative(&estimate), late }
}

/// Half the interval as a share of the value.
fn relative(estimate: &Estimate) -> Option<f64> {
    let (point, low, high) = (estimate.point?, estimate.low?, estimate.high?);
    let half = (high - low) / 2.0;
    match point {
        _ if estimate.censored || estimate.high_censored => None,
        _ if half == 0.0 => Some(0.0),
        0.0 => None,
        point => Some(half / point.abs()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Plan, ReplicationSettings, Silent, run};
    use super::*;
    use crate::measure::Filter;
    use crate::model::params::Params;
    use crate::units::{SimTime, Span};

    const RULE: Rule = Rule { relative: 0.05, at_most: 500 };

    /// Plays the rule against a world in which the half width after `n` is `relative(n)` and `late(n)` days
    /// are bad, and tells every look.
    fn schedule(
        rule: &Rule,
        relative: impl Fn(u32) -> f64,
        late: impl Fn(u32) -> u32,
    ) -> (String, Decision) {
        let (mut history, mut told) = (Vec::new(), String::new());
        loop {
            match decide(rule, &history) {
                Decision::Continue(n) => {
                    assert!(history.last().is_none_or(|last: &Look| n > last.n), "{told}");
                    history.push(Look { n, relative: Some(relative(n)), late: late(n) });
                    told += &format!("{n}:{:.1}% ", 100.0 * relative(n));
                }
                end => {
                    println!("{told} {end:?}");
                    return (told.trim_end().to_owned(), end);
                }
            }
        }
    }

    #[test]
    fn a_precision_must_last_for_five_more_days() {
        let (told, end) = schedule(&RULE, |n| 0.2 / f64::from(n).sqrt(), |_| 0);
        assert_eq!(told, "10:6.3% 16:5.0% 17:4.9% 18:4.7% 19:4.6% 20:4.5% 21:4.4%");
        assert_eq!(end, Decision::Stop);
    }

    #[test]
    fn a_precision_by_luck_does_not_end_the_work() {
        // Narrow from 10 to 12 days by luck; truly it takes 64.
        let width = |n: u32| if n < 13 { 0.01 } else { 0.4 / f64::from(n).sqrt() };
        let (told, end) = schedule(&RULE, width, |_| 0);
        assert!(
            told.starts_with("10:1.0% 11:1.0% 12:1.0% 13:11.1% 26:7.8% 52:5.5% 64:5.0%"),
            "{told}"
        );
        assert!(told.ends_with("69:4.8%") && end == Decision::Stop, "{told}");
    }

    #[test]
    fn the_look_ahead_grows_with_the_number_of_days() {
        let (told, end) = schedule(&RULE, |n| 0.7 / f64::from(n).sqrt(), |_| 0);
        let looks = told.split(' ').count();
        assert!(told.contains(" 196:5.0% 197:") && told.ends_with("205:4.9%"), "{told}");
        assert!(looks < 20 && end == Decision::Stop, "{told}");
    }

    #[test]
    fn where_days_disagree_five_bad_ones_have_to_be_seen() {
        let (told, end) = schedule(&RULE, |_| 0.01, |n| (n + 10) / 20);
        assert!(end == Decision::Stop, "{told}");
        let last: u32 =
            told.split(' ').next_back().and_then(|l| l.split(':').next()?.parse().ok()).expect("n");
        assert!((90..130).contains(&last), "{told}");
        // Where all are bad, or none is, they agree.
        assert!(schedule(&RULE, |_| 0.01, |n| n).0.ends_with("15:1.0%"));
        assert!(schedule(&RULE, |_| 0.01, |_| 0).0.ends_with("15:1.0%"));
    }

    #[test]
    fn it_gives_up_at_the_limit_and_never_passes_it() {
        let rule = Rule { relative: 0.05, at_most: 45 };
        let (told, end) = schedule(&rule, |_| 0.5, |_| 0);
        assert_eq!((told.as_str(), end), ("10:50.0% 20:50.0% 40:50.0% 45:50.0%", Decision::GaveUp));
        let few = Rule { relative: 0.05, at_most: 3 };
        assert_eq!(schedule(&few, |_| 0.5, |_| 0).0, "3:50.0%");
        // Precise at the limit, with no room to look ahead: reached, but for the bad days.
        assert_eq!(schedule(&few, |_| 0.01, |_| 0).1, Decision::Stop);
        assert_eq!(schedule(&few, |_| 0.01, |_| 1).1, Decision::GaveUp);
    }

    #[test]
    fn no_interval_is_no_precision_and_a_value_that_never_varies_is_exact() {
        let decision = decide(&RULE, &[Look { n: 10, relative: None, late: 0 }]);
        assert_eq!(decision, Decision::Continue(20));
        let known = |point, low, high| Estimate {
            point: Some(point),
            low: Some(low),
            high: Some(high),
            ..Estimate::default()
        };
        assert_eq!(relative(&known(10.0, 9.0, 11.0)), Some(0.1));
        assert_eq!(relative(&known(0.0, 0.0, 0.0)), Some(0.0));
        assert_eq!(relative(&known(0.0, 0.0, 1.0)), None);
        assert_eq!(relative(&Estimate { censored: true, ..known(10.0, 9.0, 11.0) }), None);
        assert_eq!(relative(&Estimate::default()), None);
    }

    #[test]
    fn a_target_is_a_metric_of_the_whole_or_of_a_part() {
        let window = Filter::Window { from: SimTime::ZERO, until: SimTime::MAX };
        let parts = [Part { name: "after".into(), filter: window }];
        let name = |text| Target::parse(text, &parts).map(|target| target.name());
        assert_eq!(name("p99 delay").as_deref(), Ok("delay.p99"));
        assert_eq!(name("late over 1h@after").as_deref(), Ok("late.1h@after"));
        let nearest = |text| name(text).expect_err("refused").nearest;
        assert_eq!(nearest("p99 dellay").as_deref(), Some("delay.p99"));
        assert_eq!(nearest("delay.p99@atfer").as_deref(), Some("after"));
    }

    #[test]
    fn a_run_ends_when_precise_and_does_not_depend_on_the_number_of_jobs() {
        let params = Params::default();
        let settings = ReplicationSettings {
            simulate: Span::from_mins(30),
            warm_up: Span::ZERO,
            drain: Span::from_hours(120),
            seed: 7,
            parts: Vec::new(),
        };
        let reach = |jobs, relative| {
            let days = |repeats| {
                let plan = Plan { params: &params, settings: settings.clone(), repeats, jobs };
                run(&plan, &Silent)
            };
            let target = Target { metric: Metric::DelayMean, part: None };
            let rule = Rule { relative, at_most: 60 };
            run_until(&target, &rule, 7, days).expect("not stopped")
        };
        let (one, three) = (reach(1, 0.1), reach(3, 0.1));
        assert_eq!(one, three);
        assert!(
            one.precise && one.relative.is_some_and(|relative| relative <= 0.1),
            "{:?}",
            one.relative
        );
        let numbers: Vec<u64> = one.records.iter().map(|record| record.replication).collect();
        assert_eq!(numbers, (0..one.records.len() as u64).collect::<Vec<_>>());
        let never = reach(2, 1e-6);
        assert_eq!((never.precise, never.records.len()), (false, 60));
    }
}
