//! Shapes: how sizes and service times are distributed. One table and one reader for both.

use super::csv;
use super::keys::{KeyDoc, Kind, ShapeOf};
use super::node::{Node, Value};
use super::reader::{self, Field, Section};
use crate::model::distribution::Shape;
use crate::units::{Span, parse};

const SIGMA: Kind = Kind::Number { min: 0.0, max: 5.0 };

pub(super) const KEYS: &[KeyDoc] = &[
    KeyDoc::new("shape.fixed", Kind::ShapeValue, "", "Always the same value."),
    KeyDoc::new(
        "shape.lognormal",
        Kind::Section,
        "",
        "Many small, few very large: by sigma and exactly one of median and mean.",
    ),
    KeyDoc::new("shape.lognormal.median", Kind::ShapeValue, "", "Half of the values are below."),
    KeyDoc::new("shape.lognormal.mean", Kind::ShapeValue, "", "The mean, before the cut at max."),
    KeyDoc::new(
        "shape.lognormal.sigma",
        SIGMA,
        "",
        "The spread: deviation of the logarithm; left out: 0.5 for durations, 1.7 for sizes.",
    ),
    KeyDoc::new("shape.lognormal.max", Kind::ShapeValue, "", "Larger values become this one."),
    KeyDoc::new(
        "shape.exponential",
        Kind::Section,
        "",
        "Without memory, by its mean; `exponential: MEAN` is short for it.",
    ),
    KeyDoc::new("shape.exponential.mean", Kind::ShapeValue, "", "The mean."),
    KeyDoc::new("shape.gamma", Kind::Section, "", "By mean and shape; shape 1 is exponential."),
    KeyDoc::new("shape.gamma.mean", Kind::ShapeValue, "", "The mean."),
    KeyDoc::new(
        "shape.gamma.shape",
        Kind::Number { min: 0.01, max: 10_000.0 },
        "",
        "Squared mean over variance: large is even, small is bursty.",
    ),
    KeyDoc::new("shape.uniform", Kind::Section, "", "Evenly spread between two bounds."),
    KeyDoc::new("shape.uniform.low", Kind::ShapeValue, "", "The lower bound."),
    KeyDoc::new("shape.uniform.high", Kind::ShapeValue, "", "The upper bound."),
    KeyDoc::new("shape.empirical", Kind::Section, "", "Drawn from recorded values."),
    KeyDoc::new(
        "shape.empirical.file",
        Kind::File,
        "",
        "A CSV file with a column bytes (sizes) or seconds (durations).",
    ),
    KeyDoc::new("shape.mix", Kind::List, "", "Several shapes, each with its share of the whole."),
    KeyDoc::new("shape.mix[].share", Kind::Share, "", "How often this part is drawn."),
    KeyDoc::new("shape.mix[].fixed", Kind::ShapeValue, "", "As shape.fixed."),
    KeyDoc::new("shape.mix[].lognormal", Kind::Section, "", "As shape.lognormal."),
    KeyDoc::new("shape.mix[].exponential", Kind::Section, "", "As shape.exponential."),
    KeyDoc::new("shape.mix[].gamma", Kind::Section, "", "As shape.gamma."),
    KeyDoc::new("shape.mix[].uniform", Kind::Section, "", "As shape.uniform."),
    KeyDoc::new("shape.mix[].empirical", Kind::Section, "", "As shape.empirical."),
];

/// Reads a shape of sizes or durations.
pub(super) fn read(field: &Field<'_>, of: ShapeOf) -> Option<Shape> {
    if !matches!(field.node.value, Value::Map(_)) {
        let advice = match value_of(field.node, of) {
            Some(_) => format!("for a fixed value write {{ fixed: {} }}", field.node.describe()),
            None => String::new(),
        };
        return field.refuse(&advice);
    }
    let section = Section::open(Some(field.node), &field.path, "shape", field.report);
    let kind = section.exactly_one(&field.doc.accepts())?;
    if kind == "mix" {
        return section.get(kind).and_then(|field| mix(&field, of));
    }
    one(&section, kind, of)
}

/// The value a bare scalar would stand for, to propose `fixed`.
fn value_of(node: &Node, of: ShapeOf) -> Option<f64> {
    let Value::Scalar(text) = &node.value else { return None };
    match of {
        ShapeOf::Bytes => parse::byte_size(text).ok().map(|size| size.bytes() as f64),
        ShapeOf::Seconds => parse::span(text).ok().map(Span::seconds),
    }
}

/// One named shape of `parent`; its keys are listed under `shape`, wherever it stands.
fn one(parent: &Section<'_>, kind: &str, of: ShapeOf) -> Option<Shape> {
    let field = parent.get(kind)?;
    let table = format!("shape.{kind}");
    let section = || Section::open(Some(field.node), &field.path, &table, field.report);
    match kind {
        "fixed" => value(&field, of).map(Shape::Fixed),
        "lognormal" => lognormal(&section(), of),
        // With one parameter the short form leaves no doubt.
        "exponential" if matches!(field.node.value, Value::Scalar(_)) => {
            positive(&field, of).map(Shape::Exponential)
        }
        "exponential" => section().need("mean", |f| positive(f, of)).map(Shape::Exponential),
        "gamma" => {
            let section = section();
            let mean = section.need("mean", |f| positive(f, of));
            let shape = section.need("shape", |f| f.number());
            Some(Shape::Gamma { mean: mean?, shape: shape? })
        }
        "uniform" => uniform(&section(), of),
        "empirical" => section().need("file", |f| csv::values(f, of)).map(Shape::Empirical),
        _ => None,
    }
}

fn lognormal(section: &Section<'_>, of: ShapeOf) -> Option<Shape> {
    let mut sigma = Some(match of {
        ShapeOf::Bytes => 1.7,
        ShapeOf::Seconds => 0.5,
    });
    if let Some(field) = section.get("sigma") {
        sigma = field.number();
    }
    let mut max = None;
    section.set("max", |f| positive(f, of).map(Some), &mut max);
    let median = section.get("median");
    let mean = section.get("mean");
    match (median, mean) {
        (Some(median), None) => {
            Some(Shape::lognormal_by_median(positive(&median, of)?, sigma?, max))
        }
        (None, Some(mean)) => Some(Shape::lognormal_by_mean(positive(&mean, of)?, sigma?, max)),
        (Some(_), Some(mean)) => mean.refuse_as(
            "median and mean",
            "exactly one of median and mean",
            "each follows from the other and sigma: keep one",
        ),
        (None, None) => section.need("median", |_| None),
    }
}

fn uniform(section: &Section<'_>, of: ShapeOf) -> Option<Shape> {
    let low = section.need("low", |f| value(f, of));
    let high = section.need("high", |f| value(f, of));
    let (low, high) = (low?, high?);
    if low > high {
        return section.get("high")?.refuse("high is below low");
    }
    Some(Shape::Uniform { low, high })
}

fn mix(field: &Field<'_>, of: ShapeOf) -> Option<Shape> {
    let items = field.items()?;
    let mut parts = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = format!("{}[{index}]", field.path);
        let section = Section::open(Some(item), &path, "shape.mix[]", field.report);
        let share = section.need("share", |f| f.share());
        let given: Vec<&str> =
            section.given().into_iter().filter(|name| *name != "share").collect();
        let shape = match given.as_slice() {
            [kind] => one(&section, kind, of),
            _ => {
                let found =
                    if given.is_empty() { "no shape".to_owned() } else { given.join(" and ") };
                let accepted = "share and exactly one shape";
                field.report.at(&item.place, section.path(), &found, accepted, "");
                None
            }
        };
        if let (Some(share), Some(shape)) = (share, shape) {
            parts.push((share.value(), shape));
        }
    }
    if parts.len() < items.len() {
        return None;
    }
    let total: f64 = parts.iter().map(|(share, _)| share).sum();
    if (total - 1.0).abs() > 1e-6 {
        let found = format!("shares that add up to {:.4}%", total * 100.0);
        return field.refuse_as(&found, "shares that add up to 100%", "");
    }
    Some(Shape::Mix(parts))
}

/// A size or duration as the model counts it: bytes or seconds.
fn value(field: &Field<'_>, of: ShapeOf) -> Option<f64> {
    let text = field.text()?;
    let (read, most) = match of {
        ShapeOf::Bytes => (
            parse::byte_size(text).map(|size| size.bytes() as f64),
            ShapeOf::LARGEST.bytes() as f64,
        ),
        ShapeOf::Seconds => (parse::span(text).map(Span::seconds), ShapeOf::LONGEST.seconds()),
    };
    match read {
        Ok(value) if value <= most => Some(value),
        Ok(_) => field.refuse_as(&field.node.describe(), of.accepts(), "the value is too large"),
        Err(error) => {
            field.refuse_as(&field.node.describe(), of.accepts(), &reader::sentence(text, &error))
        }
    }
}

/// The same, more than zero: a mean or median of zero has no logarithm.
fn positive(field: &Field<'_>, of: ShapeOf) -> Option<f64> {
    let value = value(field, of)?;
    if value > 0.0 {
        return Some(value);
    }
    field.refuse_as(&field.node.describe(), of.accepts(), "must be more than zero")
}
