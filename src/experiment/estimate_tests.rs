//! Tests of estimates; a record to build others upon.

use super::*;
use crate::measure::{Course, Timeline};
use crate::units::Span;

const SECOND: u64 = 1_000_000_000;

/// A record with these delays in seconds: delivered, still queued, bounced.
pub(crate) fn record(delivered: &[u64], queued: &[u64], bounced: &[u64]) -> RunRecord {
    let mut delays = Delays::default();
    delivered.iter().for_each(|s| delays.delivered.record(s * SECOND));
    queued.iter().for_each(|s| delays.queued.record(s * SECOND));
    bounced.iter().for_each(|s| delays.bounced.record(s * SECOND));
    let counts = Counts {
        arrived: (delivered.len() + queued.len() + bounced.len()) as u64,
        delivered: delivered.len() as u64,
        queued: queued.len() as u64,
        bounced: bounced.len() as u64,
        ..Counts::default()
    };
    let (parts, course, timeline) = (Vec::new(), Course::default(), Timeline::default());
    RunRecord { replication: 0, delays, counts, parts, course, timeline, trace: 0 }
}

fn near(value: Option<f64>, expected: f64) -> bool {
    value.is_some_and(|value| (value - expected).abs() <= expected * 1e-3)
}

#[test]
#[ignore = "a measurement: the whole catalogue for 500 days"]
fn the_whole_catalogue_for_five_hundred_days() {
    let mut draws = Stream::new(1, 0, "speed").at(0);
    let mut days = vec![record(&[], &[], &[]); 500];
    for day in &mut days {
        for _ in 0..20_000 {
            let delay = -libm::log(draws.uniform()) * 1e10 * (1.0 + draws.uniform());
            day.delays.delivered.record(delay as u64);
        }
    }
    let evidence = Evidence::new(&days, 1);
    for entry in crate::measure::CATALOGUE {
        assert!(evidence.estimate(entry.metric).n <= 500);
    }
}

#[test]
fn a_quantile_below_the_queued_mail_is_exact_and_one_among_it_is_a_lower_bound() {
    // Ten messages: eight delivered after 1..8 s, two still queued at ages of 100 s.
    let records = [record(&[1, 2, 3, 4, 5, 6, 7, 8], &[100, 100], &[])];
    let evidence = Evidence::new(&records, 1);
    let p50 = evidence.estimate(Metric::DelayP50);
    assert!(near(p50.point, 5.5) && !p50.censored, "{p50:?}");
    let p90 = evidence.estimate(Metric::DelayP90);
    assert!(near(p90.point, 100.0) && p90.censored, "{p90:?}");
    assert!(evidence.estimate(Metric::DelayMean).censored);
    assert!(evidence.estimate(Metric::DelayMax).censored);
}

#[test]
fn young_queued_mail_makes_even_the_median_a_lower_bound() {
    // By age the median is 1 s; were the queued ones infinitely late, it would be 9 s.
    let records = [record(&[8, 9], &[1, 1, 1], &[])];
    let p50 = Evidence::new(&records, 1).estimate(Metric::DelayP50);
    assert!(near(p50.point, 1.0) && p50.censored, "{p50:?}");
}

#[test]
fn a_quantile_on_a_bounced_message_is_a_lower_bound_however_young_that_was() {
    let records = [record(&[1, 2, 3], &[], &[1])];
    let evidence = Evidence::new(&records, 1);
    assert!(!evidence.estimate(Metric::DelayP50).censored);
    let p99 = evidence.estimate(Metric::DelayP99);
    assert!(near(p99.point, 3.0) && p99.censored, "{p99:?}");
}

#[test]
fn with_everything_delivered_nothing_is_censored() {
    let records = [record(&[1, 2], &[], &[]), record(&[3], &[], &[])];
    let evidence = Evidence::new(&records, 1);
    for entry in crate::measure::CATALOGUE {
        let estimate = evidence.estimate(entry.metric);
        let never_disturbed = entry.metric == Metric::RecoveryTime;
        assert!(!estimate.censored, "{}", entry.name);
        assert_eq!(estimate.point.is_none(), never_disturbed, "{}", entry.name);
    }
}

#[test]
fn thousands_of_days_are_drawn_in_groups_and_say_the_same() {
    let mut draws = Stream::new(3, 0, "days").at(0);
    let mut day = |_| record(&[0; 5].map(|_| 1 + draws.below(1_000)), &[], &[]);
    let many: Vec<RunRecord> = (0..4_000).map(&mut day).collect();
    let few = &many[..1_000];
    let (all, part) = (Evidence::new(&many, 1), Evidence::new(few, 1));
    assert_eq!(all.sampled(Metric::DelayMean, false).replications(), MOST_DRAWN);
    let width = |of: &Evidence, metric| {
        let of = of.estimate(metric);
        of.high.expect("high") - of.low.expect("low")
    };
    for metric in [Metric::DelayMean, Metric::DelayP90, Metric::Late(Span::from_secs(900))] {
        // Four times as many days: half the width, give or take what 2,000 resamples leave open.
        let ratio = width(&all, metric) / width(&part, metric);
        assert!((ratio - 0.5).abs() < 0.06, "{metric:?}: {ratio}");
    }
    assert_eq!(all.daily(Metric::DelayP50)[..1_000], part.daily(Metric::DelayP50));
    let most = all.estimate(Metric::DelayMax).point;
    assert_eq!(most, Some(1_000.0), "of 20,000 draws below 1,000 one is the greatest");
    assert_eq!(all.estimate(Metric::MessagesArrived).n, 4_000);
}

#[test]
fn one_replication_has_points_but_no_intervals() {
    let records = [record(&[1, 2, 3], &[], &[])];
    let evidence = Evidence::new(&records, 1);
    for metric in [Metric::DelayP99, Metric::DaysLate, Metric::MessagesArrived] {
        let estimate = evidence.estimate(metric);
        assert!(estimate.point.is_some(), "{metric:?}");
        assert_eq!((estimate.low, estimate.high, estimate.day_low), (None, None, None));
    }
}

#[test]
fn all_messages_weigh_alike_whatever_day_they_came_on() {
    // 100 messages of 1 s on one day, one of 1000 s on another: the pool's median is 1 s.
    let records = [record(&[1; 100], &[], &[]), record(&[1000], &[], &[])];
    let evidence = Evidence::new(&records, 1);
    assert!(near(evidence.estimate(Metric::DelayP50).point, 1.0));
    let late = evidence.estimate(Metric::Late(Span::from_mins(5)));
    assert!(near(late.point, 1.0 / 101.0) && near(late.day_high, 0.95), "{late:?}");
}

#[test]
fn a_late_day_is_one_whose_own_p99_is_over_an_hour() {
    let mut records = vec![record(&[1; 50], &[], &[]); 19];
    records.push(record(&[7200; 50], &[], &[]));
    let late = Evidence::new(&records, 1).estimate(Metric::DaysLate);
    assert!(near(late.point, 0.05), "{late:?}");
    // Wilson for 1 of 20.
    assert!((late.low.expect("low") - 0.00888).abs() < 1e-4, "{late:?}");
    assert!((late.high.expect("high") - 0.2361).abs() < 1e-4, "{late:?}");
}

#[test]
fn no_measured_mail_means_no_value_instead_of_zero() {
    let records = [record(&[], &[], &[]), record(&[], &[], &[])];
    let evidence = Evidence::new(&records, 1);
    assert_eq!(evidence.estimate(Metric::DelayP99), Estimate::default());
    assert_eq!(evidence.estimate(Metric::MessagesArrived).point, Some(0.0));
}
