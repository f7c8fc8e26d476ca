//! Warnings: look before you trust this result. A closed list, each with a next step.

use super::{Estimate, Metrics};
use crate::measure::{Metric, RunRecord};
use crate::units::Span;
use serde::{Deserialize, Serialize};

/// Why to look twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningKind {
    /// No measured message arrived.
    NoMail,
    /// No measured message belongs to a part.
    EmptyPart,
    /// The queue still grows at the end.
    Unstable,
    /// Measured messages were still queued or bounced.
    Censored,
    /// Some days are fine and some are not.
    DaysDisagree,
    /// Too few replications for a good interval.
    FewReplications,
    /// Too few messages for the extreme quantiles, or too few days that they came on.
    ThinTail,
    /// The precision that `run.until` asks for was not reached.
    NotPrecise,
    /// Anything that the scenario itself gives rise to, by the name the scenario room gave it.
    #[serde(untagged)]
    Scenario(String),
}

/// One warning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// Which.
    pub kind: WarningKind,
    /// What was seen.
    pub text: String,
    /// What to do about it.
    pub next: String,
}

/// Fewest replications whose intervals hold about what they promise.
const ENOUGH_REPLICATIONS: usize = 10;
/// Fewest days that the latest mail should come from. In 600 experiments of 20 days that differ lognormally by
/// 0.3, 0.6 and 1.0, about 8, 4 and 2.5 days stood behind the 99 % point; intervals by BCa alone covered in 89, 82
/// and 67 %, today's in one to three points more.
const ENOUGH_DAYS_BEYOND: f64 = 10.0;
/// Fewest messages that should lie beyond a quantile.
const ENOUGH_BEYOND: f64 = 10.0;

/// All warnings about these records, in order of weight. `simulate` is the measured time, without drain;
/// `drained` says whether the runs went on until their mail was out.
pub fn warnings(
    records: &[RunRecord],
    metrics: &Metrics,
    simulate: Span,
    drained: bool,
) -> Vec<Warning> {
    let arrived: u64 = records.iter().map(|record| record.counts.arrived).sum();
    if arrived == 0 {
        return vec![warning(
            WarningKind::NoMail,
            "No measured message arrived: there are no delays to report.".to_owned(),
            "Check mail.arrivals, mail.scale and that run.warm_up is shorter than run.simulate.",
        )];
    }
    let all = [
        empty_parts(metrics),
        unstable(records, simulate),
        censored(records, arrived, drained),
        days_disagree(metrics.get(Metric::DaysLate), records.len()),
        few_replications(records.len()),
        thin_tail(arrived).or_else(|| few_days_in_the_tail(records, metrics)),
    ];
    all.into_iter().flatten().collect()
}

/// That `target` did not become as precise as asked for after `runs` replications; `relative` is what half of
/// its interval came to.
pub fn not_precise(target: &str, runs: usize, relative: Option<f64>, asked: f64) -> Warning {
    let percent = |share: f64| format!("{:.3}", 100.0 * share);
    let percent =
        |share: f64| percent(share).trim_end_matches('0').trim_end_matches('.').to_owned();
    let text = match relative {
        None => format!("After {runs} runs there is still no closed interval of {target}."),
        Some(found) if found <= asked => format!(
            "After {runs} runs {target} is known to {:.2} %, but fewer than five bad days were seen.",
            100.0 * found
        ),
        Some(found) => format!(
            "After {runs} runs {target} is known to {:.1} %, not to {} % as run.until asks.",
            100.0 * found,
            percent(asked)
        ),
    };
    let next = "Raise run.until.at_most, ask for less, or choose a metric of the middle instead of the tail.";
    warning(WarningKind::NotPrecise, text, next)
}

fn warning(kind: WarningKind, text: String, next: &str) -> Warning {
    Warning { kind, text, next: next.to_owned() }
}

fn empty_parts(metrics: &Metrics) -> Option<Warning> {
    let mail = |of: &Metrics| of.get(Metric::MessagesArrived).and_then(|estimate| estimate.point);
    let empty = metrics.parts().filter(|(_, of)| mail(of) == Some(0.0));
    let names: Vec<String> = empty.map(|(name, _)| format!("`{name}`")).collect();
    (!names.is_empty()).then(|| {
        warning(
            WarningKind::EmptyPart,
            format!("No measured message belongs to {}.", names.join(", ")),
            "Check its share of the mail, or that the window lies after run.warm_up and when mail comes.",
        )
    })
}

fn unstable(records: &[RunRecord], simulate: Span) -> Option<Warning> {
    let growing = records.iter().filter(|record| still_growing(record, simulate)).count();
    (2 * growing > records.len()).then(|| {
        warning(
            WarningKind::Unstable,
            format!(
                "The queue was still growing at the end in {growing} of {} runs: more mail comes than \
                 goes, so delays depend on how long one looks.",
                records.len()
            ),
            "Add queue runners, lower mail.scale, or simulate longer to see whether it recovers.",
        )
    })
}

/// Whether the queue in the last tenth of `simulate` is the longest of all tenths, clearly longer than in
/// the tenth before, and holds more than 2 % of the day's mail. A night without mail ends a healthy day
/// with an empty queue, so none of this holds there.
fn still_growing(record: &RunRecord, simulate: Span) -> bool {
    let tenths = record.course.tenths(simulate);
    let [.., before, last] = tenths[..] else { return false };
    tenths.iter().all(|mean| *mean <= last)
        && last > 1.05 * before
        && last > 0.02 * record.counts.arrived as f64
}

fn censored(records: &[RunRecord], arrived: u64, drained: bool) -> Option<Warning> {
    let queued: u64 = records.iter().map(|record| record.counts.queued).sum();
    let bounced: u64 = records.iter().map(|record| record.counts.bounced).sum();
    if queued + bounced == 0 {
        return None;
    }
    let part = |n: u64, what: &str| {
        (n > 0).then(|| format!("{n} ({:.2} %) {what}", 100.0 * n as f64 / arrived as f64))
    };
    let parts: Vec<_> =
        [part(queued, "were still queued at the end"), part(bounced, "were given up and bounced")]
            .into_iter()
            .flatten()
            .collect();
    let next = if queued > 0 && drained {
        "This mail did not get out within 5 days of drain: look at outages and at more mail coming than \
         goes; values marked with > are lower bounds."
    } else if queued > 0 {
        "Set run.drain: until_empty or simulate longer; values marked with > are lower bounds."
    } else {
        "Look at give_up_after and outages; bounced mail counts as later than every bound."
    };
    let text = format!("Of {arrived} measured messages {}.", parts.join(" and "));
    Some(warning(WarningKind::Censored, text, next))
}

fn days_disagree(late: Option<&Estimate>, runs: usize) -> Option<Warning> {
    let late = late?;
    let (share, low, high) = (late.point?, late.low?, late.high?);
    (share > 0.0 && share < 1.0).then(|| {
        warning(
            WarningKind::DaysDisagree,
            format!(
                "{:.0} of {runs} days had a p99 over an hour; from so many days, {:.0} to {:.0} % of all \
                 days would.",
                share * runs as f64,
                100.0 * low,
                100.0 * high
            ),
            "Read the column for a single day, not only the average; more --repeats narrow the share.",
        )
    })
}

fn few_replications(runs: usize) -> Option<Warning> {
    let text = match runs {
        1 => "One replication: how far another day would differ is unknown, no interval is given \
              and no expectation can be decided."
            .to_owned(),
        _ => format!("Only {runs} replications: the intervals are rough."),
    };
    let next = "Use --repeats 20 or more.";
    (runs < ENOUGH_REPLICATIONS).then(|| warning(WarningKind::FewReplications, text, next))
}

fn thin_tail(arrived: u64) -> Option<Warning> {
    let beyond = |p: f64| (1.0 - p) * arrived as f64;
    let thin =
        [(0.99, "p99"), (0.999, "p99.9")].into_iter().find(|(p, _)| beyond(*p) < ENOUGH_BEYOND);
    thin.map(|(p, name)| {
        warning(
            WarningKind::ThinTail,
            format!(
                "{arrived} measured messages in all: {name} and beyond rest on about {:.1} of them.",
                beyond(p)
            ),
            "Use more --repeats, or judge by a lower quantile.",
        )
    })
}

/// Days that count in the latest 1 % of mail, weighed as Kish weighs a sample: so many days of equal part in it
/// would say as much.
fn few_days_in_the_tail(records: &[RunRecord], metrics: &Metrics) -> Option<Warning> {
    let p99 = metrics.get(Metric::DelayP99)?.point?;
    let beyond = Metric::Late(Span::from_nanos((p99 * 1e9) as u64));
    let late = |record: &RunRecord| Some(beyond.of(record)? * record.counts.arrived as f64);
    let late: Vec<f64> = records.iter().filter_map(late).collect();
    let (sum, squares) = (late.iter().sum::<f64>(), late.iter().map(|n| n * n).sum::<f64>());
    let (days, runs) = (sum * sum / squares, records.len());
    (days < ENOUGH_DAYS_BEYOND.min(runs as f64 / 2.0)).then(|| {
        warning(
            WarningKind::ThinTail,
            format!(
                "The latest 1 % of the mail came on few days: p99 and beyond rest on about {days:.0} of \
                 {runs}. Their intervals miss the truth more often than 1 time in 20."
            ),
            &format!(
                "Use --repeats {} or more, or judge by a lower quantile or by days.late.",
                (10.0 * (runs as f64 * ENOUGH_DAYS_BEYOND / days / 10.0).ceil()).max(60.0)
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::estimate::tests::record;
    use super::*;
    use crate::experiment::Evidence;
    use crate::measure::{Course, Timeline};

    fn kinds(records: &[RunRecord], simulate: Span) -> Vec<WarningKind> {
        let metrics = Metrics::of(&Evidence::new(records, 1), &[]);
        let found = warnings(records, &metrics, simulate, false);
        for warning in &found {
            let whole = |text: &str| text.ends_with('.') && !text.contains("NaN");
            assert!(whole(&warning.text) && whole(&warning.next), "{warning:?}");
        }
        found.into_iter().map(|warning| warning.kind).collect()
    }

    #[test]
    fn a_healthy_study_has_no_warnings() {
        assert_eq!(kinds(&vec![record(&[1; 1_000], &[], &[]); 20], Span::from_hours(24)), []);
    }

    #[test]
    fn each_cause_is_named() {
        let hour = Span::from_hours(1);
        let day = |queued: &[u64]| record(&[1; 10_000], queued, &[]);
        assert_eq!(kinds(&vec![record(&[], &[], &[]); 20], hour), [WarningKind::NoMail]);
        assert_eq!(kinds(&vec![day(&[]); 3], hour), [WarningKind::FewReplications]);
        assert_eq!(kinds(&vec![day(&[5]); 20], hour), [WarningKind::Censored]);
        assert_eq!(kinds(&vec![record(&[1; 10], &[], &[]); 20], hour), [WarningKind::ThinTail]);
        let stuck = censored(&[day(&[5])], 10_001, true).expect("still queued");
        assert!(stuck.next.contains("5 days of drain"), "{}", stuck.next);
        let mut days = vec![day(&[]); 19];
        days.push(record(&[7200; 10_000], &[], &[]));
        let metrics = Metrics::of(&Evidence::new(&days, 1), &[]);
        let found = warnings(&days, &metrics, hour, true);
        assert_eq!(found[0].kind, WarningKind::DaysDisagree);
        assert!(found[0].text.starts_with("1 of 20 days"), "{}", found[0].text);
        assert!(found[0].text.contains("1 to 24 %"), "{}", found[0].text);
    }

    #[test]
    fn a_tail_that_a_few_days_make_up_is_thin_however_much_mail_there_is() {
        let day = |slow: usize| {
            let delays: Vec<u64> =
                (0..2_000).map(|n| if n < slow { 1_000 + n as u64 } else { 1 }).collect();
            record(&delays, &[], &[])
        };
        let hour = Span::from_hours(1);
        let even: Vec<_> = (0..20).map(|_| day(40)).collect();
        assert_eq!(kinds(&even, hour), []);
        let mut three = vec![day(0); 17];
        three.extend((0..3).map(|_| day(200)));
        assert_eq!(kinds(&three, hour), [WarningKind::ThinTail]);
        let metrics = Metrics::of(&Evidence::new(&three, 1), &[]);
        let found = warnings(&three, &metrics, hour, true);
        assert!(found[0].text.contains("on about 3 of 20"), "{}", found[0].text);
        assert!(found[0].next.contains("--repeats 70 or more"), "{}", found[0].next);
    }

    #[test]
    fn a_queue_that_grows_to_the_end_is_unstable_and_one_that_empties_overnight_is_not() {
        let run = |queue: &dyn Fn(usize) -> f64| {
            let mut record = record(&[1; 10_000], &[], &[]);
            let (bin, queue) = (Span::from_mins(1), (0..100).map(queue).collect());
            record.course = Course::of(&Timeline { bin, queue, ..Timeline::default() });
            vec![record; 20]
        };
        let simulate = Span::from_mins(100);
        assert_eq!(kinds(&run(&|bin| 30.0 * bin as f64), simulate), [WarningKind::Unstable]);
        assert_eq!(kinds(&run(&|bin| 3000.0 - 30.0 * bin as f64), simulate), []);
        // What is drained after `simulate` does not count.
        assert_eq!(kinds(&run(&|bin| 30.0 * bin as f64), Span::from_mins(5)), []);
    }
}
