//! `mail:` - which mail arrives when.

use super::arrivals;
use super::assumption::{Part, Range, Unit};
use super::instant::instant;
use super::keys::{KeyDoc, Kind, ShapeOf, Source};
use super::reader::{Field, Section};
use super::run::{LONGEST, RunSettings};
use super::shape;
use crate::model::params::{Arrivals, Burst, Destination, Recipients, Workload};
use crate::units::{SimTime, Span};

/// More messages than this and the run would not end in a lifetime worth waiting.
const MOST_MESSAGES: f64 = 1e10;

const COUNT: Kind = Kind::Whole { min: 1, max: 10_000_000_000 };

/// Why no key of the load is varied.
const LOAD: &str = "your own site tells how much mail comes; a sweep over mail.scale asks what if";

const BURSTINESS: Range = Range::or(
    "none",
    f64::INFINITY,
    "{ gamma: { shape: {}, every: {} } }",
    &[
        Part::new(2.0, 50.0, Unit::Plain).named("gamma of shape"),
        Part::new(300.0, 3600.0, Unit::Seconds).named("every"),
    ],
);

const SIZE: Range = Range::shape(
    "{ lognormal: { median: {}, sigma: {}, max: 36 MB } }",
    &[
        Part::new(10e3, 75e3, Unit::Bytes).named("median"),
        Part::new(1.2, 2.0, Unit::Plain).by_steps().named("sigma"),
    ],
);

pub(super) const KEYS: &[KeyDoc] = &[
    KeyDoc::new("mail", Kind::Section, "", "The mail that arrives."),
    KeyDoc::new(
        "mail.arrivals",
        Kind::OneOf(&["none"]),
        "{ daily_profile: { per_day: 110000, profile: business_day } }",
        "The steady stream of mail.",
    )
    .kept("8 to 30 messages a day and mailbox; put in your own", LOAD),
    KeyDoc::new(
        "mail.arrivals.daily_profile",
        Kind::Section,
        "",
        "At random, with a rate that follows the hours of the day.",
    ),
    KeyDoc::new(
        "mail.arrivals.daily_profile.per_day",
        Kind::Number { min: 0.001, max: 1e12 },
        "110000",
        "Messages a day.",
    )
    .kept("put in your own", LOAD),
    KeyDoc::new(
        "mail.arrivals.daily_profile.profile",
        Kind::Profile,
        "business_day",
        "The share of each hour from 0 to 23; business_day has 12 % in its peak hour.",
    )
    .kept("8 % to 15 % in the peak hour", LOAD),
    KeyDoc::new(
        "mail.arrivals.poisson",
        Kind::Section,
        "",
        "At random, always at the same mean rate.",
    ),
    KeyDoc::new("mail.arrivals.poisson.rate", Kind::Rate, "", "The mean rate."),
    KeyDoc::new("mail.arrivals.constant", Kind::Section, "", "Evenly spaced."),
    KeyDoc::new("mail.arrivals.constant.rate", Kind::Rate, "", "The rate."),
    KeyDoc::new(
        "mail.arrivals.per_mailbox",
        Kind::Section,
        "",
        "A business day by the number of mailboxes.",
    ),
    KeyDoc::new("mail.arrivals.per_mailbox.mailboxes", COUNT, "", "How many mailboxes."),
    KeyDoc::new(
        "mail.arrivals.per_mailbox.per_day",
        Kind::Number { min: 0.001, max: 1e6 },
        "",
        "Messages a day for each.",
    )
    .kept("8 to 30", LOAD),
    KeyDoc::new("mail.arrivals.replay", Kind::Section, "", "Recorded mail."),
    KeyDoc::new(
        "mail.arrivals.replay.file",
        Kind::File,
        "",
        "A CSV file with the columns time_s and bytes, and message, recipients, destination at will.",
    ),
    KeyDoc::new(
        "mail.arrivals.replay.resample",
        Kind::Span { min: Span::from_mins(1), max: Span::from_hours(24) },
        "",
        "Redraws blocks of this length for each repeat, at their time of day when several days are recorded.",
    ),
    KeyDoc::new(
        "mail.burstiness",
        Kind::OneOf(&["none"]),
        "none",
        "How much more unevenly a random stream arrives than by pure chance; its mean rate stays.",
    )
    .assumed(BURSTINESS, ""),
    KeyDoc::new(
        "mail.burstiness.weibull",
        Kind::Section,
        "",
        "The gaps between messages are Weibull: clusters and lulls.",
    ),
    KeyDoc::new(
        "mail.burstiness.weibull.shape",
        Kind::Number { min: 0.2, max: 20.0 },
        "",
        "Below 1 messages come in clusters, 1 is Poisson, above 1 they come evenly.",
    ),
    KeyDoc::new(
        "mail.burstiness.gamma",
        Kind::Section,
        "",
        "The rate goes up and down: a gamma factor of mean 1 for each slot of time.",
    ),
    KeyDoc::new(
        "mail.burstiness.gamma.shape",
        Kind::Number { min: 0.1, max: 10_000.0 },
        "",
        "One over the variance of the factor: 4 means the rate varies by half.",
    ),
    KeyDoc::new(
        "mail.burstiness.gamma.every",
        Kind::Span { min: Span::from_mins(1), max: LONGEST },
        "",
        "The length of a slot; left out, 15m.",
    ),
    KeyDoc::new(
        "mail.scale",
        Kind::Number { min: 0.000_001, max: 1e6 },
        "1.0",
        "Multiplies rates, backlog and bursts.",
    ),
    KeyDoc::new("mail.bursts", Kind::List, "[]", "Bursts on top of the stream."),
    KeyDoc::new("mail.bursts[].at", Kind::Instant, "", "When it starts."),
    KeyDoc::new("mail.bursts[].messages", COUNT, "", "How many messages."),
    KeyDoc::new(
        "mail.bursts[].over",
        Kind::Span { min: Span::ZERO, max: LONGEST },
        "0s",
        "Over what time they arrive; 0s is all at once.",
    ),
    KeyDoc::new(
        "mail.backlog",
        Kind::Whole { min: 0, max: 10_000_000_000 },
        "0",
        "Messages queued at the start.",
    ),
    KeyDoc::new(
        "mail.size",
        Kind::Shape(ShapeOf::Bytes),
        "{ lognormal: { median: 18 KB, sigma: 1.7, max: 36 MB } }",
        "The sizes of messages.",
    )
    .assumed(SIZE, ""),
    KeyDoc::new("mail.recipients", Kind::Section, "", "Recipients per message."),
    KeyDoc::new(
        "mail.recipients.mean",
        Kind::Number { min: 1.0, max: 1000.0 },
        "1.3",
        "The mean number: 1 for 85 % of the messages, more for the others.",
    )
    .assumed(Range::number(&[Part::new(1.1, 3.0, Unit::Plain)]), ""),
    KeyDoc::new(
        "mail.recipients.max",
        Kind::Whole { min: 1, max: 100_000 },
        "100",
        "The most that one message has.",
    )
    .from(Source::Sendmail, "100 per envelope to a server"),
];

/// Reads `mail:`. Clock times refer to the start of the run.
pub(super) fn read(top: &Section<'_>, run: &RunSettings, others: &[Destination]) -> Workload {
    let mut load = Workload { clock_at_start: clock(run.starts), ..Workload::default() };
    let section = top.child("mail");
    let mut scale = 1.0;
    section.set("scale", |f| f.number(), &mut scale);
    section.set("arrivals", |f| arrivals::read(f, others), &mut load.arrivals);
    section.set("burstiness", arrivals::burstiness, &mut load.burstiness);
    arrivals::check_burstiness(&section, &load);
    section.set("bursts", |f| bursts(f, run), &mut load.bursts);
    section.set("backlog", |f| f.whole(), &mut load.backlog);
    section.set("size", |f| shape::read(f, ShapeOf::Bytes), &mut load.size);
    load.recipients = recipients(&section);
    arrivals::check_replay(&section, &load.arrivals, scale, run);
    apply_scale(&mut load, scale);
    check_amount(&section, &load, run);
    load
}

/// The time of day at an instant of the week.
fn clock(since_monday: Span) -> Span {
    Span::from_nanos(since_monday.nanos() % Span::from_hours(24).nanos())
}

fn recipients(section: &Section<'_>) -> Recipients {
    let mut recipients = Recipients::default();
    let section = section.child("recipients");
    section.set("mean", |f| f.number(), &mut recipients.mean);
    section.set("max", |f| f.count(), &mut recipients.max);
    // 85 of 100 messages have one recipient, whatever the others have.
    let (mean, max) = (recipients.mean, recipients.max);
    let highest = 0.85 + 0.15 * f64::from(max);
    if mean > highest * (1.0 + 1e-9)
        && let Some(field) = section.get("max").or_else(|| section.get("mean"))
    {
        let advice = format!(
            "the mean ({mean}) is above the highest that at most {max} recipients give: 85 % of \
             the messages have one, so it is {highest:.2}"
        );
        field.refuse::<()>(&advice);
    }
    recipients
}

fn bursts(field: &Field<'_>, run: &RunSettings) -> Option<Vec<Burst>> {
    let mut list = Vec::new();
    let table = format!("{}[]", field.doc.path);
    for (index, item) in field.items()?.iter().enumerate() {
        let path = format!("{}[{index}]", field.path);
        let section = Section::open(Some(item), &path, &table, field.report);
        let at = section.need("at", |f| instant(f, run));
        let messages = section.need("messages", |f| f.whole());
        let mut over = Span::ZERO;
        section.set("over", |f| f.span(), &mut over);
        let (Some(at), Some(messages)) = (at, messages) else { continue };
        if at + over > SimTime::ZERO + run.simulate
            && let Some(field) = section.get("over")
        {
            let room = (SimTime::ZERO + run.simulate).since(at);
            let end = super::keys::short(run.simulate);
            let accepted = format!(
                "a duration of at most {}, up to the end of the simulated time at {end}",
                super::keys::short(room)
            );
            let advice = "the burst would go on after the simulated time (run.simulate)";
            field.refuse_as::<()>(&field.node.describe(), &accepted, advice);
        }
        list.push(Burst { at, messages, over });
    }
    Some(list)
}

fn apply_scale(load: &mut Workload, scale: f64) {
    arrivals::scale(&mut load.arrivals, scale);
    load.backlog = scaled(load.backlog, scale);
    for burst in &mut load.bursts {
        burst.messages = scaled(burst.messages, scale);
    }
}

/// A number of messages times a factor; whole numbers stay exact when nothing is scaled.
fn scaled(count: u64, scale: f64) -> u64 {
    if scale == 1.0 { count } else { (count as f64 * scale).round() as u64 }
}

/// Refuses a scenario with no mail at all, and one with more than any machine gets through.
fn check_amount(section: &Section<'_>, load: &Workload, run: &RunSettings) {
    let stream = arrivals::expected(&load.arrivals, run.simulate);
    let bursts: f64 = load.bursts.iter().map(|burst| burst.messages as f64).sum();
    let backlog = load.backlog as f64;
    let total = stream + bursts + backlog;
    if total > MOST_MESSAGES {
        let largest = match () {
            () if stream >= bursts && stream >= backlog => "arrivals",
            () if bursts >= backlog => "bursts",
            () => "backlog",
        };
        let found = format!("about {total:.1e} messages in {}", super::keys::short(run.simulate));
        let accepted = "at most 1e10 messages in one repeat";
        let advice = "lower the rate, mail.scale or run.simulate";
        section.complain(largest, &found, accepted, advice);
    }
    if load.arrivals == Arrivals::None && total == 0.0 {
        let accepted = "arrivals, bursts or a backlog";
        section.complain("arrivals", "no mail at all", accepted, "there is nothing to simulate");
    }
}
