//! The backcast: the log's own mail, simulated with what was inferred from the log, beside what the log tells.
//!
//! A model that cannot give back the delays that were is not asked about delays that would be: over 25 % off at the
//! 90 % point, and its advice is refused.

use crate::experiment::{Estimate, Evidence};
use crate::maillog::{Diagnosis, Fate};
use crate::measure::{Metric, RunRecord};

/// So far may the simulated 90 % point be off, relative to the logged one.
pub const MOST_ERROR: f64 = 0.25;
/// A log of whole seconds does not tell a delay more closely than this.
const WHOLE_SECONDS: f64 = 1.0;

/// Logged and simulated delays, side by side.
#[derive(Clone, Debug)]
pub struct Backcast {
    /// Metric by metric.
    pub rows: Vec<Beside>,
    /// Messages of the log whose delay counts.
    pub messages: u64,
    /// Simulated days.
    pub days: u32,
    /// The simulated 90 % point is near enough.
    pub holds: bool,
}

/// One metric, logged and simulated.
#[derive(Clone, Debug)]
pub struct Beside {
    /// Which.
    pub metric: Metric,
    /// As the log has it, in seconds or as a share.
    pub logged: f64,
    /// The logged value falls among messages that were still queued at the end of the log: at least so much.
    pub open: bool,
    /// As it is simulated.
    pub simulated: Estimate,
    /// Simulated over logged, less one; `None` if nothing was logged or it was zero.
    pub error: Option<f64>,
}

/// The logged delays, in order, each with whether it is an age of a message that was not delivered.
fn logged(diagnosis: &Diagnosis) -> Vec<(f64, bool)> {
    let list = diagnosis.arrivals.iter().flatten().filter(|arrival| !arrival.carried_over);
    let mut delays: Vec<(f64, bool)> = list
        .map(|arrival| match arrival.fate {
            Fate::Delivered(span) => (span.seconds(), false),
            Fate::Queued(span) => (span.seconds(), true),
            // Later than every bound.
            Fate::Bounced(_) => (f64::INFINITY, true),
        })
        .collect();
    delays.sort_by(|a, b| a.0.total_cmp(&b.0));
    delays
}

/// The quantile, linearly between order statistics, and whether it falls among open delays.
fn quantile(sorted: &[(f64, bool)], share: f64) -> Option<(f64, bool)> {
    let place = (sorted.len().checked_sub(1)?) as f64 * share;
    let (low, high) = (sorted.get(place.floor() as usize)?, sorted.get(place.ceil() as usize)?);
    let between = place - place.floor();
    // Without the test, infinity - infinity would make NaN.
    let value =
        if between == 0.0 || low.0 == high.0 { low.0 } else { low.0 + between * (high.0 - low.0) };
    Some((value, low.1 || high.1))
}

/// Lays the simulated days beside the log; `None` if the log has no delay.
pub fn backcast(diagnosis: &Diagnosis, records: &[RunRecord], seed: u64) -> Option<Backcast> {
    let logged = logged(diagnosis);
    let evidence = Evidence::new(records, seed);
    let quantiles = [
        (Metric::DelayP50, 0.5),
        (Metric::DelayP90, 0.9),
        (Metric::DelayP95, 0.95),
        (Metric::DelayP99, 0.99),
    ];
    let mut rows = Vec::new();
    for (metric, share) in quantiles {
        let (value, open) = quantile(&logged, share)?;
        rows.push(beside(metric, (value, open), &evidence));
    }
    let finite = logged.iter().filter(|(delay, _)| delay.is_finite());
    let mean = finite.clone().map(|(delay, _)| delay).sum::<f64>() / finite.count().max(1) as f64;
    let any_open = logged.iter().any(|(_, open)| *open);
    rows.insert(0, beside(Metric::DelayMean, (mean, any_open), &evidence));
    let slack = if diagnosis.coverage.fractions { 0.0 } else { WHOLE_SECONDS };
    let holds = rows.iter().filter(|row| row.metric == Metric::DelayP90).all(|row| {
        let off = row.simulated.point.map(|point| (point - row.logged).abs());
        // An age at the end of the log is only a bound: a later delivery contradicts nothing.
        let beyond = row.open && row.simulated.point.is_some_and(|point| point >= row.logged);
        beyond || off.is_some_and(|off| off <= MOST_ERROR * row.logged + slack)
    });
    let days = u32::try_from(records.len()).unwrap_or(u32::MAX);
    Some(Backcast { rows, messages: logged.len() as u64, days, holds })
}

fn beside(metric: Metric, (logged, open): (f64, bool), evidence: &Evidence) -> Beside {
    let simulated = evidence.estimate(metric);
    let error = simulated.point.filter(|_| logged > 0.0 && logged.is_finite());
    let error = error.map(|point| point / logged - 1.0);
    Beside { metric, logged, open, simulated, error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_among_mail_that_was_still_queued_is_open() {
        let delays: Vec<(f64, bool)> = (0..11).map(|n| (f64::from(n), n == 10)).collect();
        assert_eq!(quantile(&delays, 0.5), Some((5.0, false)));
        assert_eq!(quantile(&delays, 0.25), Some((2.5, false)));
        assert_eq!(quantile(&delays, 0.99), Some((9.9, true)));
        assert_eq!(quantile(&[], 0.5), None);
    }
}
