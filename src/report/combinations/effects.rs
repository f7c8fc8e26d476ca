//! What each setting of a grid does over all the others, and what two do together.

use super::{MAIN, differences::interval, plain};
use crate::experiment::{Change, Difference, Effect, Results, Step};
use crate::measure::Metric;
use crate::report::difference::signed;
use crate::report::metrics::quoted;
use crate::report::style::Style;
use crate::report::table::{cut_to, wrapped};
use std::fmt::Write;

/// The metrics whose intervals fit.
const SHOWN: [usize; 3] = [1, 2, 3];
/// Columns of the name of an effect, and of one metric.
const NAME: usize = 23;
const EACH: usize = 19;
/// Interactions on the page; the others are in the file.
const MOST_PAIRS: usize = 15;

/// One row for each effect and metric, in SI units; empty where a value is not known.
pub fn effects_csv(results: &Results) -> String {
    let mut out = String::from(
        "key,from,to,with_key,with_from,with_to,metric,point,low,high,family_low,family_high,day_low,day_high,n\n",
    );
    let number = |value: Option<f64>| value.map(|v| v.to_string()).unwrap_or_default();
    let step = |step: Option<&Step>| {
        let texts = step.map_or_else(<[String; 3]>::default, |step| {
            [step.key.clone(), plain(Some(&step.from)), plain(Some(&step.to))]
        });
        texts.map(|text| quoted(&text)).join(",")
    };
    for effect in &results.effects {
        let of = format!("{},{}", step(Some(&effect.change)), step(effect.with.as_ref()));
        for (name, _, d) in effect.metrics.iter() {
            let values =
                [d.point, d.low, d.high, d.family_low, d.family_high, d.day_low, d.day_high];
            let values = values.map(number).join(",");
            let _ = writeln!(out, "{of},{},{values},{}", quoted(name), d.n);
        }
    }
    out
}

/// The letter of each key that has an effect, in order: the one it has in the table.
fn letters(results: &Results) -> Vec<(&str, String)> {
    let keys = super::keys(results).into_iter().enumerate();
    let named = keys.map(|(number, key)| (key, super::letter(number)));
    named.filter(|(key, _)| !changes(results, key).is_empty()).collect()
}

/// The changes of one key.
fn changes<'a>(results: &'a Results, key: &str) -> Vec<&'a Step> {
    let main = results.effects.iter().filter(|effect| effect.with.is_none());
    main.map(|effect| &effect.change).filter(|change| change.key == key).collect()
}

fn named(results: &Results, effect: &Effect) -> String {
    let letters = letters(results);
    let one = |step: &Step| {
        let letter = letters.iter().find(|(key, _)| *key == step.key);
        let letter = letter.map(|(_, letter)| letter.as_str()).unwrap_or_default();
        match changes(results, &step.key).len() {
            1 => letter.to_owned(),
            _ => format!("{letter} {}", plain(Some(&step.to))),
        }
    };
    match &effect.with {
        None => one(&effect.change),
        Some(with) => format!("{} & {}", one(&effect.change), one(with)),
    }
}

fn value(of: &Difference, metric: Metric) -> String {
    let Some(point) = of.point else { return "-".to_owned() };
    let (point, interval) = (signed(point, metric.unit()), interval(of, metric.unit()));
    if interval.starts_with('[') { format!("{point} {interval}") } else { point }
}

fn row(results: &Results, effect: &Effect) -> String {
    let mut row = format!("{:<NAME$}", cut_to(&named(results, effect), NAME));
    for (_, metric) in SHOWN.map(|index| MAIN[index]) {
        let of = effect.metrics.get(&metric.name()).copied().unwrap_or_default();
        let _ = write!(row, "{:>EACH$}", interval(&of, metric.unit()));
    }
    row.trim_end().to_owned() + "\n"
}

/// The interactions that the page has room for: those that are certain, then the largest by p99.
fn chosen(results: &Results) -> Vec<&Effect> {
    let mut pairs: Vec<&Effect> = results.effects.iter().filter(|e| e.with.is_some()).collect();
    if pairs.len() > MOST_PAIRS {
        let size = |effect: &&Effect| {
            let of = effect.metrics.get(&MAIN[1].1.name()).copied().unwrap_or_default();
            let certain = !matches!(of.change(), Change::Lower | Change::Higher);
            (certain, -of.point.unwrap_or(0.0).abs())
        };
        pairs.sort_by(|a, b| {
            let (a, b) = (size(a), size(b));
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
        });
        pairs.truncate(MOST_PAIRS);
    }
    pairs
}

/// Main effects and interactions; nothing where the combinations are no grid.
pub(super) fn effects(results: &Results, style: Style) -> String {
    if results.effects.is_empty() {
        return String::new();
    }
    let mut out = String::from("\nWhat each setting does, on average over the others\n");
    for (key, letter) in letters(results) {
        let steps = changes(results, key);
        let values: Vec<String> = steps.iter().map(|step| plain(Some(&step.to))).collect();
        let from = steps.first().map(|step| plain(Some(&step.from))).unwrap_or_default();
        let text = format!("{letter} = {key}: {} instead of {from}", values.join(", "));
        out += &wrapped(&text, "  ");
    }
    let mut head = " ".repeat(NAME);
    for (title, _) in SHOWN.map(|index| MAIN[index]) {
        let _ = write!(head, "{title:>EACH$}");
    }
    let _ = writeln!(out, "{}", style.bold(&head));
    let main = results.effects.iter().filter(|effect| effect.with.is_none());
    main.for_each(|effect| out += &row(results, effect));
    let pairs = chosen(results);
    if !pairs.is_empty() {
        out += "Both, beyond the sum of the two\n";
        pairs.iter().for_each(|effect| out += &row(results, effect));
    }
    let all = results.effects.iter().filter(|effect| effect.with.is_some()).count();
    let left = match all - pairs.len() {
        0 => String::new(),
        left => format!(" {left} more pairs are in tables/effects.csv."),
    };
    let text = format!(
        "In each column all intervals hold together with 95 %. {}{left}",
        spoken(results, &pairs)
    );
    out + &wrapped(&text, "")
}

/// The strongest certain effect by p99 and its strongest certain interaction, in a sentence.
fn spoken(results: &Results, pairs: &[&Effect]) -> String {
    let (_, metric) = MAIN[1];
    let of = |effect: &Effect| effect.metrics.get(&metric.name()).copied().unwrap_or_default();
    let certain = |effect: &&Effect| matches!(of(effect).change(), Change::Lower | Change::Higher);
    let size = |effect: &&Effect| of(effect).point.unwrap_or(0.0).abs();
    let strongest = |all: Vec<&'_ Effect>| -> Option<Effect> {
        let mut all: Vec<&Effect> = all.into_iter().filter(certain).collect();
        all.sort_by(|a, b| size(b).total_cmp(&size(a)));
        all.first().map(|effect| (*effect).clone())
    };
    let main = results.effects.iter().filter(|effect| effect.with.is_none()).collect();
    let Some(main) = strongest(main) else {
        return "By p99 no setting does anything that can be told from chance.".to_owned();
    };
    let says = |step: &Step| {
        let key = super::short(&step.key);
        format!("{key} {} instead of {}", plain(Some(&step.to)), plain(Some(&step.from)))
    };
    let mut text = format!(
        "What does most to p99 is {}: {} on average.",
        says(&main.change),
        signed(of(&main).point.unwrap_or(0.0), metric.unit())
    );
    let touches = |e: &&&Effect| e.change == main.change || e.with.as_ref() == Some(&main.change);
    if let Some(pair) = strongest(pairs.iter().filter(touches).copied().collect()) {
        let other =
            if pair.change == main.change { pair.with.as_ref() } else { Some(&pair.change) };
        let (alone, beyond) = (of(&main).point.unwrap_or(0.0), of(&pair).point.unwrap_or(0.0));
        // The effect is the mean of its values without and with the other; they are `beyond` apart.
        let sense = if alone * beyond < 0.0 { "less" } else { "more" };
        let amount = signed(beyond.abs(), metric.unit());
        let amount = amount.trim_start_matches('+');
        if let Some(other) = other {
            text +=
                &format!(" With {} besides it does {amount} {sense} than without.", says(other));
        }
    }
    text
}

/// Every effect on the main metrics, for wikis.
pub(super) fn markdown(results: &Results) -> String {
    if results.effects.is_empty() {
        return String::new();
    }
    let cell = |text: String| text.replace('|', "\\|");
    let step = |step: &Step| {
        let (to, from) = (plain(Some(&step.to)), plain(Some(&step.from)));
        cell(format!("{} {to} instead of {from}", step.key))
    };
    let mut out = String::from(
        "\nWhat each setting does on average over the others; for two, what both do beyond the sum of each.\n\n| change |",
    );
    MAIN.iter().for_each(|(_, metric)| out += &format!(" `{}` |", metric.name()));
    out += &format!("\n|---|{}\n", "--:|".repeat(MAIN.len()));
    for effect in &results.effects {
        let with = effect.with.as_ref().map(|with| format!(", with {}", step(with)));
        out += &format!("| {}{} |", step(&effect.change), with.unwrap_or_default());
        for (_, metric) in MAIN {
            let of = effect.metrics.get(&metric.name()).copied().unwrap_or_default();
            out += &format!(" {} |", value(&of, metric));
        }
        out.push('\n');
    }
    out
}
