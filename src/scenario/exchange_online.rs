//! `exchange_online:` - the receiver.

use super::assumption::{Part, Range, Unit};
use super::keys::{KeyDoc, Kind, ShapeOf, Source};
use super::reader::{Field, Section};
use super::run::RunSettings;
use super::{shape, trouble};
use crate::model::params::{AddressOrder, Commit, Cut, Deferral, Receiver, Routing, SmtpPhase};
use crate::units::{SimTime, Span};
use std::sync::Arc;

const HOUR: Span = Span::from_hours(1);
const DAY: Span = Span::from_hours(24);
const YEAR: Span = Span::from_hours(24 * 365);

/// Several shapes would do; the mean is what decides.
const SERVICE_TIME: Range = Range::shape(
    "{ lognormal: { mean: {}, sigma: 0.5 } }",
    &[Part::new(0.1, 2.0, Unit::Seconds).named("mean")],
);

pub(super) const KEYS: &[KeyDoc] = &[
    KeyDoc::new("exchange_online", Kind::Section, "", "The receiver: Exchange Online."),
    KeyDoc::new(
        "exchange_online.front_ends",
        Kind::Whole { min: 1, max: 64 },
        "3",
        "Public addresses, each balanced over many machines.",
    )
    .from(Source::Microsoft, "2 or 3 for a tenant"),
    KeyDoc::new(
        "exchange_online.routing",
        Kind::Choice(&["one_name", "mx_hosts", "addresses"]),
        "one_name",
        "What the sender dials: one name with all addresses, a host per address, or addresses.",
    )
    .assumed(Range::Words(&["one_name", "addresses"]), "MX records of a tenant hold one name"),
    KeyDoc::new(
        "exchange_online.address_order",
        Kind::Choice(&["random", "rotating", "as_listed"]),
        "random",
        "In which order the addresses of one name are tried.",
    )
    .assumed(Range::Words(&["random", "rotating", "as_listed"]), "what the resolver does"),
    KeyDoc::new(
        "exchange_online.machines_per_front_end",
        Kind::Whole { min: 1, max: 1_000_000 },
        "200",
        "Machines behind one address; a connection lands on one of them at random.",
    )
    .assumed(Range::number(&[Part::new(100.0, 1000.0, Unit::Whole)]), "the article says hundreds"),
    KeyDoc::new(
        "exchange_online.connection_lifetime",
        Kind::SpanOrUnlimited { min: Span::from_secs(1), max: YEAR },
        "20m",
        "A connection of this age is ended, busy or not.",
    )
    .from(Source::Microsoft, ""),
    KeyDoc::new(
        "exchange_online.lifetime_jitter",
        Kind::Span { min: Span::ZERO, max: DAY },
        "60s",
        "A random addition to the lifetime, from zero to this.",
    )
    .assumed(
        Range::number(&[Part::new(0.0, 120.0, Unit::Seconds).by_steps()]),
        "a cut at 20:55 has been seen",
    ),
    KeyDoc::new(
        "exchange_online.cut",
        Kind::Choice(&["reset", "reply_421", "unsolicited_421"]),
        "reset",
        "How a connection is ended: a TCP reset, or a 421.",
    )
    .from(Source::Microsoft, "the article names ConnectionReset"),
    KeyDoc::new(
        "exchange_online.commit",
        Kind::Choice(&["after_reply", "before_reply"]),
        "after_reply",
        "Whether a cut before the reply to the final dot leaves a duplicate (before_reply).",
    )
    .assumed(Range::Words(&["after_reply", "before_reply"]), ""),
    KeyDoc::new(
        "exchange_online.service_time",
        Kind::Shape(ShapeOf::Seconds),
        "{ lognormal: { mean: 300ms, sigma: 0.5 } }",
        "From the final dot to its reply.",
    )
    .from(Source::Document, "delivery logs show 0.3s and more")
    .doubted(SERVICE_TIME),
    KeyDoc::new(
        "exchange_online.message_overhead",
        Kind::Span { min: Span::ZERO, max: HOUR },
        "0s",
        "Added to the service time of each message.",
    ),
    KeyDoc::new(
        "exchange_online.connect_time",
        Kind::Span { min: Span::ZERO, max: HOUR },
        "40ms",
        "Time to open a connection beyond its three round trips.",
    )
    .assumed(Range::number(&[Part::new(0.01, 0.5, Unit::Seconds)]), ""),
    KeyDoc::new(
        "exchange_online.idle_timeout",
        Kind::SpanOrUnlimited { min: Span::from_secs(1), max: YEAR },
        "5m",
        "A connection idle for so long is closed.",
    )
    .from(Source::Document, "Exchange's receive connectors: 5m"),
    KeyDoc::new(
        "exchange_online.max_connections",
        Kind::WholeOrUnlimited { min: 1, max: 1_000_000 },
        "unlimited",
        "Connections open at once, over all agents; one more is refused.",
    )
    .assumed(
        Range::or("unlimited", f64::INFINITY, "{}", &[Part::new(5.0, 100.0, Unit::Whole)]),
        "not published",
    ),
    KeyDoc::new(
        "exchange_online.max_connections_per_source",
        Kind::WholeOrUnlimited { min: 1, max: 1_000_000 },
        "unlimited",
        "Connections open at once from one agent.",
    )
    .assumed(
        Range::or("unlimited", f64::INFINITY, "{}", &[Part::new(5.0, 50.0, Unit::Whole)]),
        "not published; on-premises Exchange has 20",
    ),
    KeyDoc::new(
        "exchange_online.deferrals",
        Kind::List,
        "[]",
        "Temporary refusals by chance, each at one command.",
    ),
    KeyDoc::new(
        "exchange_online.deferrals[].at",
        Kind::Choice(&["mail", "rcpt", "data", "dot"]),
        "",
        "The command that is refused; dot is the end of the message.",
    ),
    KeyDoc::new(
        "exchange_online.deferrals[].reply",
        Kind::Reply,
        "451 4.7.500 Server busy",
        "The reply; its first three digits decide what the sender makes of it.",
    ),
    KeyDoc::new(
        "exchange_online.deferrals[].chance",
        Kind::Share,
        "",
        "The chance that a message meets it.",
    ),
];

/// Reads the keys of `exchange_online:`, wherever they stand.
pub(super) fn read(section: &Section<'_>, run: &RunSettings) -> Receiver {
    let mut exo = Receiver::default();
    section.set("front_ends", |f| f.count(), &mut exo.front_ends);
    let routings = [Routing::OneName, Routing::MxHosts, Routing::Addresses];
    section.set("routing", |f| f.choice(&routings), &mut exo.routing);
    let orders = [AddressOrder::Random, AddressOrder::Rotating, AddressOrder::AsListed];
    section.set("address_order", |f| f.choice(&orders), &mut exo.address_order);
    section.set("machines_per_front_end", |f| f.count(), &mut exo.machines_per_front_end);
    section.set("connection_lifetime", |f| f.span_limit(), &mut exo.connection_lifetime);
    section.set("lifetime_jitter", |f| f.span(), &mut exo.lifetime_jitter);
    let cuts = [Cut::Reset, Cut::Reply421, Cut::Unsolicited421];
    section.set("cut", |f| f.choice(&cuts), &mut exo.cut);
    section.set(
        "commit",
        |f| f.choice(&[Commit::AfterReply, Commit::BeforeReply]),
        &mut exo.commit,
    );
    section.set("service_time", |f| shape::read(f, ShapeOf::Seconds), &mut exo.service_time);
    section.set("message_overhead", overhead, &mut exo.message_overhead);
    section.set("connect_time", |f| f.span(), &mut exo.connect_time);
    section.set("idle_timeout", |f| f.span_limit(), &mut exo.idle_timeout);
    section.set("max_connections", |f| f.limit(), &mut exo.max_connections);
    let per_source = &mut exo.max_connections_per_source;
    section.set("max_connections_per_source", |f| f.limit(), per_source);
    section.set("deferrals", deferrals, &mut exo.deferrals);
    trouble::read(section, run, &mut exo);
    exo
}

fn overhead(field: &Field<'_>) -> Option<Vec<(SimTime, Span)>> {
    let span = field.span()?;
    Some(if span.is_zero() { Vec::new() } else { vec![(SimTime::ZERO, span)] })
}

pub(super) fn deferrals(field: &Field<'_>) -> Option<Vec<Deferral>> {
    let mut list = Vec::new();
    let table = format!("{}[]", field.doc.path);
    for (index, item) in field.items()?.iter().enumerate() {
        let path = format!("{}[{index}]", field.path);
        let section = Section::open(Some(item), &path, &table, field.report);
        let phases = [SmtpPhase::Mail, SmtpPhase::Rcpt, SmtpPhase::Data, SmtpPhase::Dot];
        let at = section.need("at", |f| f.choice(&phases));
        let mut answer = (451, Arc::from("451 4.7.500 Server busy"));
        section.set("reply", reply, &mut answer);
        let chance = section.need("chance", |f| f.share());
        if let (Some(at), Some(chance)) = (at, chance) {
            list.push(Deferral { at, code: answer.0, reply: answer.1, chance });
        }
    }
    Some(list)
}

/// A temporary reply: its code and its whole text.
pub(super) fn reply(field: &Field<'_>) -> Option<(u16, Arc<str>)> {
    let text = field.text()?.trim();
    let code = text.get(..3).and_then(|digits| digits.parse::<u16>().ok());
    let ends = text.get(3..).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '-']));
    match code {
        Some(code @ 400..=499) if ends => Some((code, Arc::from(text))),
        Some(code @ 500..=599) if ends => {
            field.refuse(&format!("{code} is permanent; deferrals are temporary, 4xx"))
        }
        _ => field.refuse("the reply must begin with its three-digit code"),
    }
}
