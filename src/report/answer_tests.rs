use super::*;
use serde_json::{Value, json};

/// One combination: its settings, its p99 in seconds, its share later than an hour, and its p99 less that of the
/// one compared with, as an interval.
pub(crate) fn cell(settings: &Value, p99: f64, late: f64, less: Option<[f64; 2]>) -> Value {
    let of = |point: f64| {
        json!({ "point": point, "low": point * 0.9, "high": point * 1.1, "day_low": point * 0.5,
                "day_high": point * 2.0, "n": 20 })
    };
    let metrics =
        json!({ "delay.mean": of(p99 / 10.0), "delay.p99": of(p99), "late.1h": of(late) });
    let mut cell =
        json!({ "settings": settings, "metrics": metrics, "expectations": [], "warnings": [] });
    if let Some([low, high]) = less {
        let point = (low + high) / 2.0;
        cell["difference"] = json!({ "delay.p99": { "point": point, "low": low, "high": high,
            "family_low": low, "family_high": high, "day_low": null, "day_high": null,
            "variance_ratio": 10.0, "n": 20 } });
    }
    cell
}

pub(crate) fn results(cells: &[Value], compared: Option<usize>, best: Option<Value>) -> Results {
    let mut all =
        json!({ "schema": 1, "scenario": "A site", "version": "0", "seed": 42, "cells": cells });
    if let Some(compared) = compared {
        all["compared_with"] = compared.into();
    }
    if let Some(best) = best {
        all["best"] = best;
    }
    serde_json::from_value(all).expect("results")
}

fn best(cells: &[usize]) -> Option<Value> {
    Some(json!({ "by": "delay.p99", "within": [], "cells": cells }))
}

fn grid() -> Vec<Value> {
    let of = |cap: u32, retry: &str| json!({ "proofpoint.cap": cap, "proofpoint.retry": retry });
    vec![
        cell(&of(0, "30m"), 36_000.0, 0.33, None),
        cell(&of(0, "1m"), 20_000.0, 0.2, Some([-17_000.0, -15_000.0])),
        cell(&of(199, "30m"), 250.0, 0.0, Some([-36_000.0, -35_000.0])),
        cell(&of(199, "1m"), 240.0, 0.0, Some([-36_010.0, -35_010.0])),
    ]
}

#[test]
fn a_healthy_site_hears_that_no_mail_is_late() {
    let said = answer(&results(&[cell(&json!({}), 6.0, 0.0, None)], None, None));
    let want =
        "With these settings no message is later than an hour: 99 of 100 arrive within 6.0 s.";
    assert_eq!(said.headline, want);
    assert_eq!(said.advice, "");
}

#[test]
fn a_bad_day_is_told_apart_from_how_well_the_mean_is_known() {
    let said = answer(&results(&[cell(&json!({}), 36_000.0, 0.33, None)], None, None));
    assert_eq!(said.headline, "With these settings 1 message in 3 is later than an hour.");
    assert!(said.known.contains("20 independent days"), "{}", said.known);
    assert!(said.known.contains("29.7% .. 36.3%") && said.known.contains("9.0h .. 11.0h"));
    assert!(said.one_day.contains("16.5% .. 66.0%"), "{}", said.one_day);
    assert!(!said.known.contains("66"), "the range of a day is no interval of the mean");
}

#[test]
fn of_those_that_may_be_best_the_one_that_changes_least_is_recommended() {
    let results = results(&grid(), Some(0), best(&[2, 3]));
    assert_eq!(recommended(&results), Some(2));
    let said = answer(&results);
    for words in
        ["1 message in 3 is later than an hour", "combination 3 (cap 199) ends it", "95 % sure"]
    {
        assert!(said.headline.contains(words), "{}", said.headline);
    }
    assert!(said.known.contains("-9.9h (-10.0h .. -9.7h"), "{}", said.known);
    assert!(said.advice.contains("fewest"), "{}", said.advice);
}

#[test]
fn nothing_is_recommended_that_is_not_better_for_certain() {
    // The one compared with may itself be the best.
    let same = results(&grid(), Some(0), best(&[0, 2]));
    assert_eq!(recommended(&same), None);
    assert!(answer(&same).headline.contains("better for certain"), "{}", answer(&same).headline);
    // All of them may.
    let all = results(&grid(), Some(0), best(&[0, 1, 2, 3]));
    assert_eq!(recommended(&all), None);
    let said = answer(&all).headline;
    assert!(said.contains("None of the 4") && said.contains("1 message in 3"), "{said}");
    // An interval that reaches over zero.
    let mut cells = grid();
    cells[2] = cell(
        &json!({ "proofpoint.cap": 199, "proofpoint.retry": "30m" }),
        250.0,
        0.0,
        Some([-36_000.0, 10.0]),
    );
    assert_eq!(recommended(&results(&cells, Some(0), best(&[2]))), None);
    assert_eq!(recommended(&results(&grid(), None, None)), None);
}

#[test]
fn the_best_is_of_the_same_load_as_the_one_compared_with() {
    let mut cells = grid();
    for (number, cell) in cells.iter_mut().enumerate() {
        cell["settings"]["mail.scale"] = if number == 3 { json!(0.1) } else { json!(1) };
    }
    let within = json!({ "by": "delay.p99", "within": ["mail.scale"], "cells": [2, 3] });
    assert_eq!(recommended(&results(&cells, Some(0), Some(within.clone()))), Some(2));
    let without = results(&cells, None, Some(within));
    assert_eq!(recommended(&without), None);
    assert!(answer(&without).headline.contains("under each load"));
}

#[test]
fn shares_are_said_as_people_say_them() {
    let said: Vec<String> = [0.002, 0.05, 0.33, 0.5, 0.91, 0.99].map(one_in).to_vec();
    let want = "1 message in 500 is|1 message in 20 is|1 message in 3 is|5 of 10 messages are|9 of 10 messages \
                are|nearly every message is";
    assert_eq!(said.join("|"), want);
}

#[test]
fn what_is_not_there_is_said() {
    assert!(answer(&results(&[], None, None)).headline.contains("Nothing"));
    let none = json!({ "settings": {}, "metrics": {}, "expectations": [], "warnings": [] });
    let said = answer(&results(&[none], None, None));
    assert_eq!(said.headline, "With these settings no mail was measured.");
    assert_eq!((said.known.as_str(), said.one_day.as_str()), ("", ""));
}
