//! `mail.arrivals:` - the steady stream in its several forms.

use super::csv;
use super::node::Value;
use super::reader::{Field, Section};
use super::run::RunSettings;
use crate::model::params::{Arrivals, BUSINESS_DAY, Burstiness, Destination, Workload};
use crate::units::{Rate, SimTime, Span, parse};

/// Reads one of the forms, or `none`.
pub(super) fn read(field: &Field<'_>, others: &[Destination]) -> Option<Arrivals> {
    if let Value::Scalar(text) = &field.node.value {
        return match text.trim() {
            "none" => Some(Arrivals::None),
            _ => field.refuse(""),
        };
    }
    let section = field.section();
    let form = section.exactly_one(&field.doc.accepts())?;
    let inner = section.child(form);
    match form {
        "daily_profile" => daily_profile(&inner),
        "poisson" => inner.need("rate", |f| f.rate()).map(Arrivals::Poisson),
        "constant" => inner.need("rate", |f| f.rate()).map(Arrivals::Constant),
        "per_mailbox" => {
            let mailboxes = inner.need("mailboxes", |f| f.whole());
            let per_day = inner.need("per_day", |f| f.number());
            Some(profile_of(mailboxes? as f64 * per_day?, &BUSINESS_DAY))
        }
        "replay" => replay(&inner, others),
        _ => None,
    }
}

/// Recorded mail as it was, or redrawn in blocks.
fn replay(section: &Section<'_>, others: &[Destination]) -> Option<Arrivals> {
    let recorded = section.need("file", |f| csv::replay(f, others));
    let Some(field) = section.get("resample") else { return recorded.map(Arrivals::Replay) };
    let block = field.span()?;
    if !Span::from_hours(24).nanos().is_multiple_of(block.nanos()) {
        let advice = "blocks must fit into a day, so that each keeps its time of day";
        return field.refuse_as(
            &field.node.describe(),
            "a part of a day: 15m, 30m, 1h, 6h",
            advice,
        );
    }
    recorded.map(|recorded| Arrivals::Resampled { recorded, block })
}

/// Reads `burstiness:`.
pub(super) fn burstiness(field: &Field<'_>) -> Option<Burstiness> {
    if let Value::Scalar(text) = &field.node.value {
        return match text.trim() {
            "none" => Some(Burstiness::None),
            _ => field.refuse(""),
        };
    }
    let section = field.section();
    let form = section.exactly_one(&field.doc.accepts())?;
    let inner = section.child(form);
    let shape = inner.need("shape", |f| f.number());
    if form == "weibull" {
        return shape.map(|shape| Burstiness::Weibull { shape });
    }
    let mut every = Span::from_mins(15);
    inner.set("every", |f| f.span(), &mut every);
    shape.map(|shape| Burstiness::Gamma { shape, every })
}

/// Only a stream at random can be more or less random.
pub(super) fn check_burstiness(section: &Section<'_>, load: &Workload) {
    let random = matches!(load.arrivals, Arrivals::Poisson(_) | Arrivals::DailyProfile(_));
    if load.burstiness != Burstiness::None && !random {
        let accepted = "burstiness beside daily_profile, poisson or per_mailbox";
        let advice = "constant and recorded mail arrives when it arrives: take burstiness out";
        section.complain("burstiness", "burstiness beside other arrivals", accepted, advice);
    }
}

fn daily_profile(section: &Section<'_>) -> Option<Arrivals> {
    let mut per_day = 110_000.0;
    section.set("per_day", |f| f.number(), &mut per_day);
    let mut shares = BUSINESS_DAY;
    section.set("profile", weights, &mut shares);
    Some(profile_of(per_day, &shares))
}

fn profile_of(per_day: f64, shares: &[f64; 24]) -> Arrivals {
    Arrivals::DailyProfile(Box::new(shares.map(|share| share * per_day)))
}

/// 24 weights as shares of the day, or the named profile.
fn weights(field: &Field<'_>) -> Option<[f64; 24]> {
    if let Value::Scalar(text) = &field.node.value {
        return match text.trim() {
            "business_day" => Some(BUSINESS_DAY),
            _ => field.refuse("the named profile is business_day"),
        };
    }
    let Value::List(items) = &field.node.value else { return field.refuse("") };
    let mut shares = [0.0; 24];
    if items.len() != shares.len() {
        return field.refuse(&format!("the list has {} weights instead of 24", items.len()));
    }
    for (index, (item, share)) in items.iter().zip(&mut shares).enumerate() {
        let read = match &item.value {
            Value::Scalar(text) => parse::number(text).ok().filter(|weight| *weight <= 1e12),
            _ => None,
        };
        let Some(weight) = read else {
            let path = format!("{}[{index}]", field.path);
            let accepted = "a weight such as 0.05, not negative";
            field.report.at(&item.place, &path, &item.describe(), accepted, "");
            return None;
        };
        *share = weight;
    }
    let total: f64 = shares.iter().sum();
    if total <= 0.0 {
        return field.refuse("the weights are all zero; no mail at all is arrivals: none");
    }
    Some(shares.map(|weight| weight / total))
}

/// Multiplies the rate; recorded mail stays as it is.
pub(super) fn scale(arrivals: &mut Arrivals, factor: f64) {
    match arrivals {
        Arrivals::Poisson(rate) | Arrivals::Constant(rate) => {
            *rate = Rate(rate.per_second() * factor);
        }
        Arrivals::DailyProfile(hours) => {
            for hour in hours.iter_mut() {
                *hour *= factor;
            }
        }
        Arrivals::None | Arrivals::Replay(_) | Arrivals::Resampled { .. } => {}
    }
}

/// How many messages the stream brings in `time`, about.
pub(super) fn expected(arrivals: &Arrivals, time: Span) -> f64 {
    match arrivals {
        Arrivals::None => 0.0,
        Arrivals::Poisson(rate) | Arrivals::Constant(rate) => rate.per_second() * time.seconds(),
        Arrivals::DailyProfile(hours) => hours.iter().sum::<f64>() * time.seconds() / 86_400.0,
        Arrivals::Replay(list) => list.len() as f64,
        Arrivals::Resampled { recorded, block } => {
            let end = recorded.last().map_or(Span::ZERO, |last| last.at.since(SimTime::ZERO));
            let blocks = end.nanos() / block.nanos() + 1;
            recorded.len() as f64 * (time.seconds() / (block.seconds() * blocks as f64))
        }
    }
}

/// What recorded mail cannot do, and what its user should know.
pub(super) fn check_replay(
    section: &Section<'_>,
    arrivals: &Arrivals,
    scale: f64,
    run: &RunSettings,
) {
    let list = match arrivals {
        Arrivals::Replay(list) => list,
        Arrivals::Resampled { recorded, .. } => recorded,
        _ => return,
    };
    if let Some(field) = section.get("scale")
        && scale != 1.0
    {
        let accepted = "1.0 beside arrivals: replay";
        let advice = "recorded mail cannot be multiplied; take scale out or use another form";
        field.refuse_as::<()>(&field.node.describe(), accepted, advice);
    }
    if let Arrivals::Resampled { .. } = arrivals {
        return;
    }
    let end = SimTime::ZERO + run.simulate;
    let late = list.iter().filter(|recorded| recorded.at >= end).count();
    if late > 0 {
        section.report.note(
            "replay_cut",
            &format!("{late} of {} recorded messages arrive after run.simulate.", list.len()),
            "Make run.simulate as long as the recording.",
        );
    }
    if run.repeats > 1 {
        section.report.note(
            "replay_repeats",
            "The recorded mail is the same in every repeat: repeats vary the receiver only.",
            "Do not read the interval as one for another day's mail; `resample: 30m` beside file redraws it.",
        );
    }
}
