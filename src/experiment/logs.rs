//! The metrics of a log, under the names that results of simulations have, and two logs against each other.
//!
//! A day of the log takes the place of a replication. Days follow each other, so the bootstrap draws blocks of them. Of a
//! single day there is a value and no interval. Counts are those of the whole log; where two logs are compared, those of
//! a day.

use super::results::{Cell, Metrics, Results, SCHEMA};
use super::{Differences, Estimate, Evidence};
use crate::maillog::{Block, Bucket, Diagnosis, Mail, Stamp};
use crate::measure::{BlockedHost, Counts, Delays, Metric, RunRecord, Timeline};
use crate::units::{SimTime, Span};

/// Delays, and shares of late mail.
const TIMED: [Metric; 11] = [
    Metric::DelayMean,
    Metric::DelayP50,
    Metric::DelayP90,
    Metric::DelayP95,
    Metric::DelayP99,
    Metric::DelayP999,
    Metric::DelayMax,
    Metric::Late(Span::from_mins(5)),
    Metric::Late(Span::from_mins(15)),
    Metric::Late(Span::from_hours(1)),
    Metric::DaysLate,
];
/// What a log can count of what a simulation counts.
const COUNTED: [Metric; 11] = [
    Metric::MessagesArrived,
    Metric::MessagesDelivered,
    Metric::MessagesQueued,
    Metric::MessagesBounced,
    Metric::MessagesWarned,
    Metric::TriesMade,
    Metric::TriesSkipped,
    Metric::TriesFailed,
    Metric::ConnectionsCut,
    Metric::ConnectionsReset,
    Metric::ConnectionsRefused,
];
/// Seeds of the two sides: they must not draw the same days.
const SEEDS: [u64; 2] = [1, 2];

/// Every metric that a log has: delays with intervals over blocks of days, counts of the whole.
pub fn metrics(mail: &Mail) -> Metrics {
    let records = records(mail);
    let evidence = Evidence::of_days(&records, SEEDS[0]);
    let timed = TIMED.iter().map(|metric| (*metric, evidence.estimate(*metric)));
    let whole = counts(&mail.counts);
    let counted = COUNTED.iter().map(|metric| {
        let point = metric.of_tally(&Delays::default(), &whole);
        (*metric, Estimate { point, n: records.len() as u32, ..Estimate::default() })
    });
    Metrics::given(timed.chain(counted).collect())
}

/// Two logs, or two parts of one: the second has its difference to the first.
pub fn compare(a: (&str, &Mail), b: (&str, &Mail)) -> [Results; 2] {
    let records = [records(a.1), records(b.1)];
    let [ours, theirs] = [0, 1].map(|side| Evidence::of_days(&records[side], SEEDS[side]));
    let asked: Vec<Metric> = TIMED.into_iter().chain(COUNTED).collect();
    let side = |name: &str, evidence: &Evidence, difference| {
        let metrics = asked.iter().map(|metric| (*metric, evidence.estimate(*metric)));
        results(name, Metrics::given(metrics.collect()), difference)
    };
    let difference = Differences::independent_of(&theirs, &ours, &asked);
    [side(a.0, &ours, None), side(b.0, &theirs, Some(difference))]
}

fn results(name: &str, metrics: Metrics, difference: Option<Differences>) -> Results {
    let cell = Cell {
        settings: serde_json::Map::new(),
        metrics,
        difference,
        expectations: Vec::new(),
        warnings: Vec::new(),
    };
    Results {
        schema: SCHEMA,
        scenario: name.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        seed: 0,
        found: Vec::new(),
        cells: vec![cell],
        compared_with: None,
        best: None,
        effects: Vec::new(),
    }
}

/// The delays of each block of days.
pub fn delays(mail: &Mail) -> Vec<Delays> {
    records(mail).into_iter().map(|record| record.delays).collect()
}

/// The course of a log: what came in, what went out, what waited, and when hosts were avoided.
pub fn course(diagnosis: &Diagnosis) -> Timeline {
    let mail = &diagnosis.mail;
    let mut waiting = 0.0f64;
    let small = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    let queue = mail.timeline.iter().map(|bucket| {
        // What was queued before the log begins leaves it below zero until it is out.
        waiting = (waiting + bucket.arrived as f64 - bucket.delivered as f64).max(0.0);
        waiting
    });
    let at = |stamp: Stamp| SimTime::ZERO + stamp.since(mail.timeline_start);
    let avoided = diagnosis.relays.iter().filter(|relay| !relay.avoided.is_empty());
    let blocked = avoided.map(|relay| BlockedHost {
        host: relay.name.clone(),
        spans: relay
            .avoided
            .iter()
            .map(|span| {
                let from = at(span.failure.unwrap_or(span.from));
                (from, at(span.until.unwrap_or(span.last)).max(from))
            })
            .collect(),
    });
    let cuts = diagnosis.relays.iter().flat_map(|relay| &relay.conditions.cuts);
    let mut cuts: Vec<SimTime> = cuts.map(|cut| at(*cut)).collect();
    cuts.sort();
    let each = |of: fn(&Bucket) -> u64| mail.timeline.iter().map(|b| small(of(b))).collect();
    Timeline {
        bin: mail.bucket,
        queue: queue.collect(),
        arrived: each(|bucket| bucket.arrived),
        delivered: each(|bucket| bucket.delivered),
        failed: each(|bucket| bucket.failed),
        skipped: each(|bucket| bucket.skipped),
        blocked: blocked.collect(),
        cuts,
        ..Timeline::default()
    }
}

fn records(mail: &Mail) -> Vec<RunRecord> {
    mail.blocks.iter().enumerate().map(record).collect()
}

fn record((place, block): (usize, &Block)) -> RunRecord {
    RunRecord {
        replication: place as u64,
        delays: Delays {
            delivered: block.delivered.clone(),
            queued: block.queued.clone(),
            bounced: block.expired.clone(),
        },
        counts: counts(&block.counts),
        parts: Vec::new(),
        timeline: Timeline::default(),
        trace: 0,
    }
}

fn counts(of: &crate::maillog::Counts) -> Counts {
    Counts {
        arrived: of.arrived,
        delivered: of.delivered,
        queued: of.queued,
        bounced: of.bounced,
        warned: of.warned,
        tries_made: of.tries,
        tries_skipped: of.skipped,
        tries_failed: of.failed,
        connections_cut: of.cut,
        connections_reset: of.reset,
        connections_refused: of.refused_connections,
        ..Counts::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::maillog::{Options, Reader, Stamp};

    /// A log of `days` days with ten messages a day, delivered after `delay(day)` seconds.
    fn log(
        days: u32,
        delay: impl Fn(u32) -> u32,
        split_at: Option<Stamp>,
    ) -> crate::maillog::Diagnosis {
        let mut reader = Reader::new(Options { split_at, ..Options::default() });
        for day in 0..days {
            for message in 0..10 {
                let id = format!("A{day:05}{message:05}");
                let stamp = |second: u32| {
                    format!(
                        "2026-11-{:02}T09:{message:02}:{:02}Z mx sendmail[7]: {id}",
                        day + 1,
                        second
                    )
                };
                let from =
                    format!("{}: from=<a@b>, size=9, nrcpts=1, relay=x [192.0.2.9]", stamp(0));
                let seconds = delay(day);
                let to = format!(
                    "{}: to=<c@d>, delay=00:00:{seconds:02}, xdelay=00:00:01, mailer=esmtp, relay=h. [192.0.2.1], \
                     dsn=2.0.0, stat=Sent (ok)",
                    stamp(seconds)
                );
                reader.line(from.as_bytes());
                reader.line(to.as_bytes());
            }
        }
        reader.finish()
    }

    #[test]
    fn a_single_day_has_values_without_intervals() {
        let metrics = metrics(&log(1, |_| 7, None).mail);
        let p50 = metrics.get(Metric::DelayP50).expect("listed");
        assert!((p50.point.expect("a value") - 7.0).abs() < 0.01 && p50.low.is_none(), "{p50:?}");
        assert_eq!(metrics.get(Metric::MessagesDelivered).and_then(|e| e.point), Some(10.0));
    }

    #[test]
    fn a_change_in_the_middle_of_a_log_is_seen_with_its_interval() {
        let split = Stamp::typed("2026-11-11", Stamp(0));
        let diagnosis = log(20, |day| if day < 10 { 40 + day % 3 } else { 5 + day % 3 }, split);
        let parts = diagnosis.parts.expect("asked for");
        let [_, after] = compare(("before", &parts[0]), ("after", &parts[1]));
        let difference = after.cells[0].difference.as_ref().expect("there");
        let mean = difference.get("delay.mean").expect("listed");
        let (low, high) = (mean.low.expect("low"), mean.high.expect("high"));
        assert!((-40.0..=-34.9).contains(&low) && (-35.1..-30.0).contains(&high), "{mean:?}");
        let arrived = difference.get("messages.arrived").expect("listed");
        assert_eq!(arrived.point, Some(0.0), "ten a day on both sides");
    }
}
