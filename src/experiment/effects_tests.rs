//! Tests of effects: planted ones come back, and their intervals hold together as often as they say.

use super::*;
use crate::engine::Stream;
use crate::stats::{Resamples, normal_quantile};
use serde_json::json;

fn settings(values: &[(&str, Vec<Value>)]) -> Vec<Map<String, Value>> {
    let mut all = vec![Map::new()];
    for (key, values) in values {
        let with = |of: &Map<String, Value>| {
            let of = of.clone();
            values.iter().map(move |value| {
                let mut of = of.clone();
                of.insert((*key).to_owned(), value.clone());
                of
            })
        };
        all = all.iter().flat_map(with).collect();
    }
    all
}

fn two_by_two_by_two() -> Vec<Map<String, Value>> {
    let cap = vec![json!("unlimited"), json!(199)];
    settings(&[
        ("cap", cap),
        ("off", vec![json!("on"), json!("off")]),
        ("n", vec![json!(2), json!(10)]),
    ])
}

fn grid(settings: &[Map<String, Value>], reference: Option<usize>) -> Option<Grid> {
    Grid::of(&settings.iter().collect::<Vec<_>>(), reference)
}

/// Each day's own values, as a metric that is their mean; by combination.
fn observed(days: Vec<Vec<f64>>, seed: u64) -> Vec<Seen> {
    let mut draws = Stream::new(seed, 0, "draws").at(0);
    let resamples = Resamples::draw(days[0].len(), 1_000, |bound| draws.below(bound));
    let mean = |days: Vec<f64>| Seen {
        known: resamples.sampled(|weights| {
            let sum: f64 = days.iter().zip(weights).map(|(day, weight)| day * *weight as f64).sum();
            Some(sum / weights.iter().sum::<u64>() as f64)
        }),
        worst: None,
        days: days.iter().copied().map(Some).collect(),
    };
    days.into_iter().map(mean).collect()
}

fn weighed(contrasts: &[Contrast], all: Vec<Seen>, by_day: bool) -> Vec<Difference> {
    let mut sums = Sums::new(by_day);
    all.into_iter().for_each(|seen| sums.add(contrasts, seen));
    sums.answers(contrasts)
}

/// What a combination of the 2 x 2 x 2 grid comes to: planted effects and one interaction.
fn planted(of: &Map<String, Value>) -> f64 {
    let [cap, off, n] = [of["cap"] == 199, of["off"] == "off", of["n"] == 10].map(f64::from);
    100.0 - 30.0 * cap + 4.0 * off - 50.0 * n + 20.0 * cap * n
}

#[test]
fn planted_effects_come_back_exactly_although_days_differ_wildly() {
    let settings = two_by_two_by_two();
    let contrasts = grid(&settings, None).expect("a grid").contrasts();
    let days = |of| (0..9).map(|day| planted(of) + 1_000.0 * f64::from(day * day % 7)).collect();
    let effects = weighed(&contrasts, observed(settings.iter().map(days).collect(), 1), true);
    let found: Vec<f64> = effects.iter().map(|effect| effect.point.expect("a point")).collect();
    // The cap does 30 less with two runners and 10 less with ten: 20 less on average; runners likewise.
    for (found, planted) in found.iter().zip([-20.0, 4.0, -40.0, 0.0, 20.0, 0.0]) {
        assert!((found - planted).abs() < 1e-6, "{found} for {planted}");
    }
    for effect in &effects {
        assert!(effect.family_low <= effect.low && effect.high <= effect.family_high, "{effect:?}");
        let width = effect.family_high.expect("high") - effect.family_low.expect("low");
        assert!(width < 1e-6, "what is the same on every day is known exactly: {effect:?}");
    }
    let named = |contrast: &Contrast| {
        format!("{}{}", contrast.change.key, contrast.with.as_ref().map_or("", |with| &with.key))
    };
    let names: Vec<String> = contrasts.iter().map(named).collect();
    assert_eq!(names, ["cap", "off", "n", "capoff", "capn", "offn"]);
}

#[test]
fn effects_are_held_against_the_combination_that_is_compared_with() {
    let settings = two_by_two_by_two();
    let last = grid(&settings, Some(7)).expect("a grid").contrasts();
    assert_eq!((&last[0].change.from, &last[0].change.to), (&json!(199), &json!("unlimited")));
    let first = grid(&settings, Some(0)).expect("a grid").contrasts();
    let turned: Vec<f64> = last[0].weights.iter().map(|weight| -weight).collect();
    assert_eq!(first[0].weights, turned);
}

#[test]
fn a_key_with_several_values_has_the_effect_of_each_and_interactions_of_the_ends() {
    let runners = vec![json!(2), json!(5), json!(10)];
    let all = settings(&[("n", runners), ("off", vec![json!("on"), json!("off")])]);
    let contrasts = grid(&all, None).expect("a grid").contrasts();
    let told = |of: &Contrast| (of.change.to.to_string(), of.with.is_some(), of.weights.clone());
    let [five, ten, off, both] = &contrasts[..] else { panic!("four: {contrasts:?}") };
    assert_eq!(told(five), ("5".to_owned(), false, vec![-0.5, -0.5, 0.5, 0.5, 0.0, 0.0]));
    assert_eq!(told(ten), ("10".to_owned(), false, vec![-0.5, -0.5, 0.0, 0.0, 0.5, 0.5]));
    let total: f64 = off.weights.iter().map(|weight| weight.abs()).sum();
    assert!((total - 2.0).abs() < 1e-12, "{total}");
    assert_eq!(told(both), ("10".to_owned(), true, vec![1.0, -1.0, 0.0, 0.0, -1.0, 1.0]));
}

#[test]
fn what_is_no_complete_grid_has_no_effects() {
    let all = two_by_two_by_two();
    assert!(grid(&all[..7], None).is_none(), "one is missing");
    assert!(grid(&[&all[..], &all[..1]].concat(), None).is_none(), "one is there twice");
    let one_key = settings(&[("n", vec![json!(2), json!(5)])]);
    assert!(grid(&one_key, None).is_none(), "the table says it all");
    assert!(grid(&[], None).is_none());
}

#[test]
fn mail_whose_fate_is_open_leaves_the_end_open_that_it_could_move() {
    let all = settings(&[("a", vec![json!(1), json!(2)]), ("b", vec![json!(1), json!(2)])]);
    let contrasts = grid(&all, None).expect("a grid").contrasts();
    let days = |cell: usize| (0..8).map(|day| (cell * 10 + day) as f64).collect::<Vec<f64>>();
    let mut observed = observed((0..4).map(days).collect(), 3);
    let draws = Resamples::draw(8, 1_000, |_| 0);
    observed[3].worst = Some(draws.sampled(|_| Some(f64::INFINITY)));
    let effects = weighed(&contrasts, observed, false);
    assert!(effects[0].family_low.is_some() && effects[0].family_high.is_none(), "{effects:?}");
}

/// In how many of `studies` all effects lie within their intervals: together, and each alone.
fn covered(studies: u64, days: usize) -> (f64, f64) {
    let settings = two_by_two_by_two();
    let contrasts = grid(&settings, None).expect("a grid").contrasts();
    let truth: Vec<f64> = contrasts
        .iter()
        .map(|of| of.weights.iter().zip(&settings).map(|(w, of)| w * planted(of)).sum())
        .collect();
    let (mut together, mut alone) = (0, 0);
    for study in 0..studies {
        let mut noise = Stream::new(study, 0, "noise").at(0);
        let mut normal = || normal_quantile((noise.below(1 << 40) as f64 + 0.5) / 2f64.powi(40));
        // What a day has of its own hits all combinations alike; each has some noise besides.
        let common: Vec<f64> = (0..days).map(|_| 40.0 * normal()).collect();
        let cell = |of| common.iter().map(|day| planted(of) + day + 10.0 * normal()).collect();
        let values: Vec<Vec<f64>> = settings.iter().map(cell).collect();
        let effects = weighed(&contrasts, observed(values, study), true);
        let within = |low: Option<f64>, high: Option<f64>, truth: f64| {
            low.expect("low") <= truth && truth <= high.expect("high")
        };
        let all = |ends: fn(&Difference) -> (Option<f64>, Option<f64>)| {
            effects.iter().zip(&truth).all(|(effect, truth)| {
                let (low, high) = ends(effect);
                within(low, high, *truth)
            })
        };
        together += u32::from(all(|effect| (effect.family_low, effect.family_high)));
        alone += u32::from(all(|effect| (effect.low, effect.high)));
    }
    (f64::from(together) / studies as f64, f64::from(alone) / studies as f64)
}

#[test]
fn all_effects_lie_within_their_intervals_together_in_95_of_100_studies() {
    let (together, alone) = covered(400, 20);
    println!("together {together}, if each interval stood alone {alone}");
    // Three standard errors of a share of 400 are 3.3 points.
    assert!(together > 0.917, "{together}");
    assert!(together < 0.999, "so wide that they say nothing: {together}");
    assert!(alone < 0.9, "six intervals of 95 % do not hold together: {alone}");
}

#[test]
fn a_combination_without_a_value_takes_away_only_the_effects_that_it_is_part_of() {
    let all =
        settings(&[("load", vec![json!(0), json!(1), json!(2)]), ("n", vec![json!(2), json!(10)])]);
    let contrasts = grid(&all, Some(2)).expect("a grid").contrasts();
    let days = |cell: usize| (0..8).map(|day| (cell * 10 + day) as f64).collect::<Vec<f64>>();
    let mut observed = observed((0..6).map(days).collect(), 3);
    let none = Resamples::draw(8, 1_000, |_| 0).sampled(|_| None);
    for seen in &mut observed[..2] {
        seen.known = none.clone();
    }
    let effects = weighed(&contrasts, observed, false);
    let told: Vec<(String, bool)> = contrasts
        .iter()
        .zip(&effects)
        .map(|(of, effect)| (of.change.to.to_string(), effect.point.is_some()))
        .collect();
    assert!(told.contains(&("2".to_owned(), true)), "load 2 against 1: {told:?}");
    assert!(told.contains(&("0".to_owned(), false)), "load 0 against 1: {told:?}");
}
