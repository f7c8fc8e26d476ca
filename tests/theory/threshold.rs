//! The search for a threshold against a station whose threshold is known.
//!
//! A single server with a mean service time of a second keeps its mail 1/(1 - load) seconds on average: so
//! 2.5 s is reached at a load of exactly 0.6.

use crate::mail::{poisson, single_server};
use crate::reference::assert_covers;
use mailflow::experiment::find::{Ends, Plan};
use mailflow::experiment::search::Seeker;
use mailflow::experiment::{Expectation, ReplicationSettings, replicate};
use mailflow::measure::RunRecord;
use mailflow::model::distribution::Shape;
use mailflow::units::Span;
use rayon::prelude::*;
use std::collections::BTreeMap;

const TRUTH: f64 = 0.6;
const DAYS: u32 = 20;

/// The load at a place of the ladder: steps of 2 % from 0.3 on.
fn load(place: i64) -> f64 {
    0.3 * 1.02f64.powi(place as i32)
}

/// Days of two hours. Near the threshold the station forgets its empty start with a time constant of
/// 1/(1 - sqrt(0.6))^2 = 20 s, so nothing is left of it after ten minutes.
fn days(load: f64, seed: u64, numbers: std::ops::Range<u64>) -> Vec<RunRecord> {
    let params = single_server(poisson(load), Shape::Exponential(1.0), Span::ZERO);
    let settings = ReplicationSettings {
        simulate: Span::from_hours(2),
        warm_up: Span::from_mins(10),
        drain: Span::from_hours(120),
        seed,
        parts: Vec::new(),
    };
    numbers.into_par_iter().map(|number| replicate(&params, &settings, number)).collect()
}

/// The largest load with a mean delay of at most 2.5 s; and how many days that took.
fn threshold(seed: u64) -> (Ends, usize) {
    let plan = Plan { rungs: vec![0, 46], start: None, up: false };
    let line = Expectation::parse("mean delay <= 2500ms").expect("understood");
    let mut seeker = Seeker::new(&plan, &line, seed, DAYS);
    let mut known = BTreeMap::<i64, Vec<RunRecord>>::new();
    let open = seeker.advance(|place, n| {
        let there = known.entry(place).or_default();
        there.extend(days(load(place), seed, there.len() as u64..u64::from(n)));
        Ok::<_, ()>(Some(there[..n as usize].to_vec()))
    });
    assert_eq!(open, Ok(None), "it has come to its end");
    (seeker.ends(), known.values().map(Vec::len).sum())
}

/// How many of these searches contain the truth, and the mean width of their answers as a share of it.
fn coverage(seeds: std::ops::Range<u64>) -> (usize, f64) {
    let (mut contained, mut width, mut runs, count) = (0, 0.0, 0, seeds.end - seeds.start);
    for seed in seeds {
        let (ends, days) = threshold(seed);
        let (met, missed) = (ends.met.expect("0.3 meets"), ends.missed.expect("0.75 misses"));
        let inside = load(met) <= TRUTH && TRUTH <= load(missed);
        contained += usize::from(inside && ends.monotone);
        width += (load(missed) - load(met)) / TRUTH / count as f64;
        runs += days;
        let best = ends.best.map(load);
        println!("seed {seed}: {:.3} .. {:.3}, best {best:.3?}", load(met), load(missed));
    }
    println!("{contained} of {count} contain {TRUTH}; width {width:.4}; {runs} days");
    (contained, width)
}

#[test]
fn at_the_known_threshold_the_station_has_no_bias_that_could_be_seen() {
    let all = days(TRUTH, 7, 0..400);
    let means: Vec<f64> = all.iter().map(crate::mail::mean_delay).collect();
    assert_covers("M/M/1 at load 0.6", 2.5, &means);
}

#[test]
fn a_search_contains_the_known_threshold_of_m_m_1() {
    let (contained, width) = coverage(1..5);
    assert_eq!(contained, 4);
    assert!(width < 0.15, "an answer that says something: {width}");
}

#[test]
#[ignore = "takes minutes: run it every night"]
fn searches_contain_the_known_threshold_at_least_as_often_as_stated() {
    let (contained, width) = coverage(1..101);
    assert!(contained >= 95, "{contained} of 100");
    assert!(width < 0.15, "{width}");
}
