//! The troubles of `exchange_online:` - limits, sick machines, slow hours, spells and outages.

use super::assumption::{Part, Range, Unit};
use super::exchange_online::{deferrals, reply};
use super::instant::{end_instant, instant};
use super::keys::{KeyDoc, Kind, Source};
use super::node::Value;
use super::reader::{Field, Section};
use super::run::{LONGEST, RunSettings};
use crate::model::params::{
    Episodes, Outage, Receiver, SlowHours, SmtpPhase, Throttle, Trouble, UnhealthyMachines,
};
use crate::units::{Share, Span, parse};
use std::sync::Arc;

const FACTOR: Kind = Kind::Number { min: 0.001, max: 100_000.0 };
const WORDS: &[&str] = &["reset", "refuse", "greeting_421", "defer", "silent"];
/// What sick machines may do; slowness by the factor that its documentation takes as the example.
const BEHAVIOURS: &[&str] = &["reset", "refuse", "greeting_421", "defer", "silent", "{ slow: 8 }"];
const BEHAVIOUR: Kind = Kind::OneOf(WORDS);
const SPELL: Kind = Kind::Span { min: Span::from_secs(1), max: LONGEST };

pub(super) const KEYS: &[KeyDoc] = &[
    KeyDoc::new(
        "exchange_online.throttle",
        Kind::Optional,
        "none",
        "So many messages per window of time; beyond it a temporary refusal.",
    )
    .from(Source::Document, "451 4.7.500 is documented, its limits are not"),
    KeyDoc::new(
        "exchange_online.throttle.messages",
        Kind::Whole { min: 1, max: 1_000_000_000 },
        "",
        "Messages accepted in one window.",
    ),
    KeyDoc::new("exchange_online.throttle.per", SPELL, "", "The length of a window."),
    KeyDoc::new(
        "exchange_online.throttle.at",
        Kind::Choice(&["rcpt", "dot"]),
        "",
        "The command that is refused; left out, dot.",
    ),
    KeyDoc::new(
        "exchange_online.throttle.reply",
        Kind::Reply,
        "",
        "The reply; left out, 451 4.7.500 Server busy.",
    ),
    KeyDoc::new(
        "exchange_online.unhealthy_machines",
        Kind::Section,
        "",
        "Machines in trouble behind healthy addresses.",
    ),
    KeyDoc::new("exchange_online.unhealthy_machines.share", Kind::Share, "0%", "Their share.")
        .assumed(Range::or("0%", 0.0, "{}", &[Part::new(0.0001, 0.05, Unit::Share)]), ""),
    KeyDoc::new(
        "exchange_online.unhealthy_machines.behaviour",
        BEHAVIOUR,
        "reset",
        "What they do to a connection that lands on them.",
    )
    .assumed(Range::Words(BEHAVIOURS), ""),
    KeyDoc::new(
        "exchange_online.unhealthy_machines.behaviour.slow",
        FACTOR,
        "",
        "They serve, with service times multiplied by this.",
    ),
    KeyDoc::new(
        "exchange_online.slow_hours",
        Kind::List,
        "[]",
        "Hours of the day in which service takes longer.",
    ),
    KeyDoc::new("exchange_online.slow_hours[].from", Kind::TimeOfDay, "", "Their start."),
    KeyDoc::new(
        "exchange_online.slow_hours[].until",
        Kind::TimeOfDay,
        "",
        "Their end; before from it is the next day's.",
    ),
    KeyDoc::new(
        "exchange_online.slow_hours[].factor",
        FACTOR,
        "",
        "What service times are multiplied by.",
    ),
    KeyDoc::new(
        "exchange_online.episodes",
        Kind::Optional,
        "none",
        "Trouble that comes in spells of random length, not evenly.",
    ),
    KeyDoc::new(
        "exchange_online.episodes.every",
        SPELL,
        "",
        "The mean time from the end of a spell to the next.",
    ),
    KeyDoc::new("exchange_online.episodes.last", SPELL, "", "The mean length of a spell."),
    KeyDoc::new(
        "exchange_online.episodes.slower",
        FACTOR,
        "",
        "What service times are multiplied by in a spell; left out, 1.",
    ),
    KeyDoc::new(
        "exchange_online.episodes.deferrals",
        Kind::List,
        "",
        "Refusals by chance in a spell, beside the ordinary ones.",
    ),
    KeyDoc::new(
        "exchange_online.episodes.deferrals[].at",
        Kind::Choice(&["mail", "rcpt", "data", "dot"]),
        "",
        "The command that is refused.",
    ),
    KeyDoc::new(
        "exchange_online.episodes.deferrals[].reply",
        Kind::Reply,
        "451 4.7.500 Server busy",
        "The reply.",
    ),
    KeyDoc::new(
        "exchange_online.episodes.deferrals[].chance",
        Kind::Share,
        "",
        "The chance that a message in a spell meets it.",
    ),
    KeyDoc::new("exchange_online.outages", Kind::List, "[]", "Front ends in trouble by schedule."),
    KeyDoc::new(
        "exchange_online.outages[].front_end",
        Kind::Whole { min: 1, max: 64 },
        "",
        "Which of the front ends, from 1.",
    ),
    KeyDoc::new("exchange_online.outages[].from", Kind::Instant, "", "When it starts."),
    KeyDoc::new("exchange_online.outages[].until", Kind::Instant, "", "When it ends."),
    KeyDoc::new("exchange_online.outages[].behaviour", BEHAVIOUR, "", "What the front end does."),
    KeyDoc::new(
        "exchange_online.outages[].behaviour.slow",
        FACTOR,
        "",
        "It serves, with service times multiplied by this.",
    ),
];

/// Reads the troubles among the keys of a receiver.
pub(super) fn read(section: &Section<'_>, run: &RunSettings, exo: &mut Receiver) {
    section.set("throttle", throttle, &mut exo.throttle);
    exo.unhealthy_machines = unhealthy(section);
    section.set("slow_hours", slow_hours, &mut exo.slow_hours);
    section.set("episodes", episodes, &mut exo.episodes);
    let front_ends = exo.front_ends;
    section.set("outages", |f| outages(f, run, front_ends), &mut exo.outages);
}

fn throttle(field: &Field<'_>) -> Option<Option<Throttle>> {
    if field.is_none() {
        return Some(None);
    }
    let section = field.section();
    let messages = section.need("messages", |f| f.whole());
    let per = section.need("per", |f| f.span());
    let mut at = SmtpPhase::Dot;
    section.set("at", |f| f.choice(&[SmtpPhase::Rcpt, SmtpPhase::Dot]), &mut at);
    let mut answer = (451, Arc::from("451 4.7.500 Server busy"));
    section.set("reply", reply, &mut answer);
    let (code, reply) = answer;
    Some(Some(Throttle { messages: messages?, per: per?, at, code, reply }))
}

fn unhealthy(section: &Section<'_>) -> Option<UnhealthyMachines> {
    let section = section.child("unhealthy_machines");
    let mut share = Share::new(0.0);
    section.set("share", |f| f.share(), &mut share);
    let mut trouble = Trouble::Reset;
    section.set("behaviour", behaviour, &mut trouble);
    (share.value() > 0.0).then_some(UnhealthyMachines { share, behaviour: trouble })
}

/// One of the words, or `slow: FACTOR`.
fn behaviour(field: &Field<'_>) -> Option<Trouble> {
    let troubles =
        [Trouble::Reset, Trouble::Refuse, Trouble::Greeting421, Trouble::Defer, Trouble::Silent];
    if let Value::Scalar(text) = &field.node.value {
        let index = WORDS.iter().position(|word| *word == text.trim());
        return match index.and_then(|index| troubles.get(index)) {
            Some(trouble) => Some(*trouble),
            None => field.refuse("a slow one is written { slow: 8 }"),
        };
    }
    field.section().need("slow", |f| f.number()).map(Trouble::Slow)
}

fn slow_hours(field: &Field<'_>) -> Option<Vec<SlowHours>> {
    let mut list = Vec::new();
    let table = format!("{}[]", field.doc.path);
    for (index, item) in field.items()?.iter().enumerate() {
        let path = format!("{}[{index}]", field.path);
        let section = Section::open(Some(item), &path, &table, field.report);
        let from = section.need("from", |f| f.parsed(parse::time_of_day));
        let until = section.need("until", |f| f.parsed(parse::time_of_day));
        let factor = section.need("factor", |f| f.number());
        if let (Some(from), Some(until), Some(factor)) = (from, until, factor) {
            if from == until {
                section.complain("until", "the same as from", "another time of day", "");
            }
            list.push(SlowHours { from, until, factor });
        }
    }
    Some(list)
}

fn episodes(field: &Field<'_>) -> Option<Option<Episodes>> {
    if field.is_none() {
        return Some(None);
    }
    let section = field.section();
    let every = section.need("every", |f| f.span());
    let last = section.need("last", |f| f.span());
    let mut slower = 1.0;
    section.set("slower", |f| f.number(), &mut slower);
    let mut list = Vec::new();
    section.set("deferrals", deferrals, &mut list);
    Some(Some(Episodes { every: every?, last: last?, slower, deferrals: list }))
}

fn outages(field: &Field<'_>, run: &RunSettings, front_ends: u32) -> Option<Vec<Outage>> {
    let mut list = Vec::new();
    let table = format!("{}[]", field.doc.path);
    for (index, item) in field.items()?.iter().enumerate() {
        let path = format!("{}[{index}]", field.path);
        let section = Section::open(Some(item), &path, &table, field.report);
        let front_end = section.need("front_end", |f| {
            let number = f.count()?;
            let advice = format!("there are only {front_ends} (front_ends)");
            let accepted = format!("a whole number from 1 to {front_ends}");
            match number > front_ends {
                true => f.refuse_as(&f.node.describe(), &accepted, &advice),
                false => Some(number),
            }
        });
        let from = section.need("from", |f| instant(f, run));
        let until = section.need("until", |f| end_instant(f, run, from));
        let behaviour = section.need("behaviour", behaviour);
        if let (Some(number), Some(from), Some(until), Some(behaviour)) =
            (front_end, from, until, behaviour)
        {
            list.push(Outage { front_end: number - 1, from, until, behaviour });
        }
    }
    Some(list)
}
