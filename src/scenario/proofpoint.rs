//! `proofpoint:` - the Sendmail side.

use super::assumption::{Part, Range, Unit};
use super::keys::{KeyDoc, Kind, Source};
use super::reader::{Field, Section};
use crate::model::params::{
    Costs, DeliveryMode, HostKey, HostStatus, Marks, Order, Params, QueueRuns, Sender, Timeouts,
};
use crate::units::{SimTime, Span, parse};

const DAYS_30: Span = Span::from_hours(24 * 30);

const fn span(min: Span) -> Kind {
    Kind::Span { min, max: DAYS_30 }
}

pub(super) const KEYS: &[KeyDoc] = &[
    KeyDoc::new("proofpoint", Kind::Section, "", "The sender: Sendmail as Proofpoint runs it."),
    KeyDoc::new(
        "proofpoint.agents",
        Kind::Whole { min: 1, max: 1000 },
        "1",
        "Independent machines, each with a queue, host status and runners of its own.",
    ),
    KeyDoc::new(
        "proofpoint.delivery",
        Kind::Choice(&["queue_only", "immediate"]),
        "queue_only",
        "Whether mail waits for the next queue run or is tried once at once.",
    )
    .assumed(
        Range::Words(&["queue_only", "immediate"]),
        "Sendmail's own default is background, that is immediate",
    )
    .sendmail("DeliveryMode"),
    KeyDoc::new(
        "proofpoint.queue_runs",
        Kind::Choice(&["persistent", "periodic"]),
        "persistent",
        "Runners that go on pass after pass, or a new run every retry interval.",
    )
    .assumed(Range::Words(&["persistent", "periodic"]), "it decides what the retry interval means")
    .sendmail("-qp / -q"),
    KeyDoc::new(
        "proofpoint.queue_runners",
        Kind::Whole { min: 1, max: 10_000 },
        "2",
        "Runner processes per queue run and agent; each has a connection of its own.",
    )
    .assumed(Range::number(&[Part::new(1.0, 50.0, Unit::Whole)]), "sendmail's own default is 1")
    .label("Number of queue runners")
    .sendmail("MaxRunnersPerQueue"),
    KeyDoc::new(
        "proofpoint.max_runner_processes",
        Kind::WholeOrUnlimited { min: 1, max: 1_000_000 },
        "unlimited",
        "A run that would bring more runner processes than this is dropped.",
    )
    .from(Source::Sendmail, "")
    .sendmail("MaxQueueChildren")
    .beside("queue_runs", "periodic"),
    KeyDoc::new(
        "proofpoint.retry_interval",
        span(Span::ZERO),
        "30m",
        "Time before a deferred message is tried again; with periodic runs, between their starts.",
    )
    .assumed(
        Range::number(&[Part::new(60.0, 3600.0, Unit::Seconds)]),
        "the article advises 1, 5 or 10 minutes",
    )
    .label("Message retry interval")
    .sendmail("MinQueueAge, or the interval of -q"),
    KeyDoc::new(
        "proofpoint.min_queue_age",
        span(Span::ZERO),
        "0s",
        "A periodic run passes over messages tried less than this ago.",
    )
    .from(Source::Sendmail, "")
    .sendmail("MinQueueAge")
    .beside("queue_runs", "periodic"),
    KeyDoc::new(
        "proofpoint.run_pause",
        Kind::Section,
        "",
        "How long persistent runners rest between two passes.",
    )
    .beside("queue_runs", "persistent"),
    KeyDoc::new(
        "proofpoint.run_pause.after_work",
        span(Span::ZERO),
        "1s",
        "Pause after a pass that found mail: 0s, or 1ms and more.",
    )
    .from(Source::Sendmail, "")
    .beside("queue_runs", "persistent"),
    KeyDoc::new(
        "proofpoint.run_pause.after_empty",
        span(Span::ZERO),
        "5s",
        "Pause after a pass that found none: 0s, or 1ms and more.",
    )
    .from(Source::Sendmail, "")
    .beside("queue_runs", "persistent"),
    KeyDoc::new(
        "proofpoint.first_run_at",
        span(Span::ZERO),
        "0s",
        "When the first run starts; left out beside periodic runs: after one retry interval.",
    ),
    KeyDoc::new(
        "proofpoint.order",
        Kind::Choice(&["priority", "time", "random"]),
        "priority",
        "The order within a run; priority puts small and seldom-tried messages first.",
    )
    .from(Source::Sendmail, "")
    .sendmail("QueueSortOrder"),
    KeyDoc::new(
        "proofpoint.messages_per_connection",
        Kind::WholeOrUnlimited { min: 1, max: 1_000_000_000 },
        "unlimited",
        "After so many messages a connection is closed and a new one opened.",
    )
    .from(Source::Microsoft, "the article advises 199 to start with, less while resets go on")
    .label("Maximum Number of Messages per SMTP Connection")
    .sendmail("m= of the mailer (SMTP_MAILER_MAXMSGS)"),
    KeyDoc::new(
        "proofpoint.connection_cache",
        Kind::Section,
        "",
        "The open connections a runner keeps.",
    ),
    KeyDoc::new(
        "proofpoint.connection_cache.idle",
        span(Span::ZERO),
        "5m",
        "A connection idle for so long is not used again.",
    )
    .from(Source::Sendmail, "")
    .sendmail("ConnectionCacheTimeout"),
    KeyDoc::new(
        "proofpoint.connection_cache.size",
        Kind::Whole { min: 1, max: 1000 },
        "2",
        "How many open connections one process keeps.",
    )
    .from(Source::Sendmail, "")
    .sendmail("ConnectionCacheSize"),
    KeyDoc::new(
        "proofpoint.hoststat",
        Kind::Section,
        "",
        "Which hosts are bad, remembered between processes; `hoststat: off` is short for it.",
    )
    .label("HostStat")
    .sendmail("HostStatusDirectory"),
    KeyDoc::new(
        "proofpoint.hoststat.enabled",
        Kind::Flag,
        "on",
        "Whether processes share what they know of a host.",
    )
    .from(Source::Microsoft, "on by default; in the cloud service only Support can turn it off")
    .label("HostStat")
    .sendmail("HostStatusDirectory"),
    KeyDoc::new(
        "proofpoint.hoststat.remember_for",
        span(Span::ZERO),
        "30m",
        "How long a bad host is avoided, counted from the failure.",
    )
    .from(Source::Sendmail, "")
    .sendmail("Timeout.hoststatus"),
    KeyDoc::new(
        "proofpoint.hoststat.key",
        Kind::Choice(&["host_name", "address"]),
        "host_name",
        "Whether a name is marked with all its addresses, or each address alone.",
    )
    .from(Source::Sendmail, "address is a what-if"),
    KeyDoc::new(
        "proofpoint.hoststat.marks",
        Kind::Choice(&["sendmail", "any_4xx"]),
        "sendmail",
        "Which failures mark a host: sendmail's own table, or every 4xx.",
    )
    .from(Source::Sendmail, "the article's wording suggests any_4xx")
    .doubted(Range::Words(&["sendmail", "any_4xx"])),
    KeyDoc::new(
        "proofpoint.hoststat.threshold",
        Kind::Whole { min: 1, max: 1000 },
        "1",
        "How many marks make a host bad for other processes.",
    )
    .from(Source::Sendmail, "1 to 5: the article says a few"),
    KeyDoc::new(
        "proofpoint.single_thread_delivery",
        Kind::Flag,
        "off",
        "One connection per host at a time; only with hoststat on.",
    )
    .from(Source::Sendmail, "")
    .sendmail("SingleThreadDelivery"),
    KeyDoc::new("proofpoint.costs", Kind::Section, "", "Time the sender's own work takes."),
    KeyDoc::new(
        "proofpoint.costs.skip",
        span(Span::ZERO),
        "1ms",
        "One message passed over because its host is bad.",
    )
    .assumed(Range::number(&[Part::new(0.0005, 0.01, Unit::Seconds)]), "measured about 1ms"),
    KeyDoc::new(
        "proofpoint.costs.run_start",
        span(Span::ZERO),
        "0s",
        "From a run's listing of the queue to its first attempt.",
    )
    .assumed(
        Range::number(&[Part::new(0.0, 10.0, Unit::Seconds).by_steps()]),
        "with the length of the queue",
    ),
    KeyDoc::new(
        "proofpoint.costs.process_start",
        span(Span::ZERO),
        "0s",
        "Starting the process of an immediate delivery.",
    )
    .assumed(Range::number(&[Part::new(0.0, 0.1, Unit::Seconds).by_steps()]), ""),
    KeyDoc::new("proofpoint.timeouts", Kind::Section, "", "How long a silent peer is waited for."),
    KeyDoc::new(
        "proofpoint.timeouts.connect",
        span(Span::from_millis(1)),
        "127s",
        "Waiting for a connection to open.",
    )
    .from(Source::Sendmail, "0 there, which leaves it to the system: about 127s on Linux")
    .sendmail("Timeout.connect"),
    KeyDoc::new(
        "proofpoint.timeouts.greeting",
        span(Span::from_millis(1)),
        "5m",
        "Waiting for the greeting.",
    )
    .from(Source::Sendmail, "")
    .sendmail("Timeout.initial"),
    KeyDoc::new(
        "proofpoint.timeouts.reply",
        span(Span::from_millis(1)),
        "1h",
        "Waiting for a reply within a transaction.",
    )
    .from(Source::Sendmail, "")
    .sendmail("Timeout.datafinal"),
    KeyDoc::new(
        "proofpoint.warn_after",
        span(Span::from_secs(1)),
        "4h",
        "A message deferred at this age sends one notice of delay.",
    )
    .from(Source::Sendmail, "")
    .sendmail("Timeout.queuewarn"),
    KeyDoc::new(
        "proofpoint.give_up_after",
        span(Span::from_secs(1)),
        "5d",
        "An attempt that fails at this age bounces the message.",
    )
    .from(Source::Sendmail, "")
    .sendmail("Timeout.queuereturn"),
];

/// Reads `proofpoint:`.
pub(super) fn read(top: &Section<'_>) -> Sender {
    let mut sender = Sender::default();
    let section = top.child("proofpoint");
    section.set("agents", |f| f.count(), &mut sender.agents);
    let modes = [DeliveryMode::QueueOnly, DeliveryMode::Immediate];
    section.set("delivery", |f| f.choice(&modes), &mut sender.delivery);
    section.set("queue_runners", |f| f.count(), &mut sender.runners);
    let orders = [Order::Priority, Order::Time, Order::Random];
    section.set("order", |f| f.choice(&orders), &mut sender.order);
    section.set("messages_per_connection", |f| f.limit(), &mut sender.messages_per_connection);
    let cache = section.child("connection_cache");
    cache.set("idle", |f| f.span(), &mut sender.cache_idle);
    cache.set("size", |f| f.count(), &mut sender.cache_size);
    sender.host_status = host_status(&section);
    section.set("single_thread_delivery", |f| f.flag(), &mut sender.single_thread_delivery);
    if sender.single_thread_delivery && !sender.host_status.enabled {
        let text = "proofpoint.single_thread_delivery has no effect with hoststat off.";
        section.report.note("no_effect", text, "Turn hoststat on, or take it out.");
    }
    sender.costs = costs(&section);
    sender.timeouts = timeouts(&section);
    section.set("warn_after", |f| f.span(), &mut sender.warn_after);
    section.set("give_up_after", |f| f.span(), &mut sender.give_up_after);
    read_runs(&section, &mut sender);
    sender
}

/// The keys of queue runs, whose meaning depends on `queue_runs`.
fn read_runs(section: &Section<'_>, sender: &mut Sender) {
    let mut periodic = false;
    section.set("queue_runs", |f| f.choice(&[false, true]), &mut periodic);
    let mut retry = sender.min_queue_age;
    section.set("retry_interval", |f| f.span(), &mut retry);
    let mut first = None;
    section.set("first_run_at", |f| f.span().map(Some), &mut first);
    if periodic {
        read_periodic(section, sender, retry);
    } else {
        read_persistent(section, sender, retry);
    }
    let default = if periodic { retry } else { Span::ZERO };
    sender.first_run_at = SimTime::ZERO + first.unwrap_or(default);
}

fn read_periodic(section: &Section<'_>, sender: &mut Sender, interval: Span) {
    let mut most = None;
    section.set("max_runner_processes", |f| f.limit(), &mut most);
    if let Some(field) = section.get("max_runner_processes")
        && most.is_some_and(|most| most < sender.runners)
    {
        let advice = format!("no run would ever start: a run has {} runners", sender.runners);
        field.refuse::<()>(&advice);
    }
    if let Some(field) = section.get("retry_interval")
        && interval < Span::from_secs(1)
    {
        field.refuse::<()>("periodic runs need an interval of 1s or more");
    }
    if let Some(field) = section.get("run_pause") {
        let accepted = "run_pause only beside queue_runs: persistent";
        let advice = "a periodic run starts every retry_interval, whatever the one before it does";
        field.refuse_as::<()>(&field.node.describe(), accepted, advice);
    }
    sender.min_queue_age = Span::ZERO;
    section.set("min_queue_age", |f| f.span(), &mut sender.min_queue_age);
    sender.runs = QueueRuns::Periodic { interval, max_runner_processes: most };
}

fn read_persistent(section: &Section<'_>, sender: &mut Sender, retry: Span) {
    let QueueRuns::Persistent { mut after_work, mut after_empty } = QueueRuns::default() else {
        return;
    };
    let pause = section.child("run_pause");
    pause.set("after_work", rest, &mut after_work);
    pause.set("after_empty", rest, &mut after_empty);
    sender.min_queue_age = retry;
    sender.runs = QueueRuns::Persistent { after_work, after_empty };
    refuse_periodic_keys(section);
}

/// Pass after pass at steps of less would keep the clock where it is for ever.
const SHORTEST_REST: Span = Span::from_millis(1);

fn rest(field: &Field<'_>) -> Option<Span> {
    let span = field.span()?;
    if !span.is_zero() && span < SHORTEST_REST {
        let accepted = "0s, or a duration such as 5s, from 1ms to 30d";
        let advice = "a run would take for ever: passes over the queue follow too closely";
        return field.refuse_as(&field.node.describe(), accepted, advice);
    }
    Some(span)
}

/// Refuses settings under which simulated time would stand still: a runner without any pause that meets
/// trouble at no cost would meet it again at the same instant, for ever.
pub(super) fn check_clock(top: &Section<'_>, params: &Params) {
    let sender = &params.sender;
    let receivers = || (0..params.destinations()).map(|number| params.receiver_of(number));
    let pause = match sender.runs {
        QueueRuns::Persistent { after_work, .. } => after_work + sender.min_queue_age,
        // An interval of less than a second has been refused already.
        QueueRuns::Periodic { .. } => return,
    };
    let free = receivers().any(|exo| {
        let limited = exo.max_connections.is_some()
            || exo.max_connections_per_source.is_some()
            || exo.throttle.is_some()
            || exo.unhealthy_machines.is_some()
            || !exo.outages.is_empty();
        let always = exo.deferrals.iter().any(|deferral| deferral.chance.value() >= 1.0)
            || exo.episodes.as_ref().is_some_and(|episodes| !episodes.deferrals.is_empty());
        let trouble = limited || always || exo.connection_lifetime.is_some() || !exo.is_steady();
        let at_once = params.network.round_trip.is_zero() && exo.connect_time.is_zero();
        sender.costs.skip.is_zero() && trouble || at_once && (limited || always)
    });
    if pause < SHORTEST_REST && free {
        let accepted = "a run_pause.after_work or retry_interval of 1ms or more";
        let found = if pause.is_zero() { "no pause at all" } else { "a pause of less than 1ms" };
        let advice = "without any pause, and with trouble that costs no time (costs.skip, or \
                      network.round_trip and connect_time, are 0s), the clock would stand still";
        top.child("proofpoint").complain("retry_interval", found, accepted, advice);
    }
}

/// Keys of periodic runs beside persistent ones: an error, since they would be ignored in silence. Their
/// defaults are let through, so that a scenario that spells out every key is a valid one.
fn refuse_periodic_keys(section: &Section<'_>) {
    if let Some(field) = section.get("max_runner_processes")
        && field.limit().is_some_and(|most| most.is_some())
    {
        let accepted = "a number only beside queue_runs: periodic";
        let advice = "persistent runners never overlap: take it out, or set queue_runs: periodic";
        field.refuse_as::<()>(&field.node.describe(), accepted, advice);
    }
    let Some(field) = section.get("min_queue_age") else { return };
    match field.span() {
        Some(age) if !age.is_zero() => {}
        Some(_) => {
            let text = "proofpoint.min_queue_age: 0s has no effect beside persistent queue runs.";
            let next = "Take it out, or set retry_interval, which is their min_queue_age.";
            return field.report.note("no_effect", text, next);
        }
        None => return,
    }
    let accepted = "min_queue_age only beside queue_runs: periodic";
    let advice = match section.get("retry_interval") {
        Some(_) => {
            "both say one thing: with persistent runs retry_interval is the min_queue_age; \
             take min_queue_age out"
        }
        None => "with persistent runs retry_interval is the min_queue_age; write retry_interval",
    };
    field.refuse_as::<()>(&field.node.describe(), accepted, advice);
}

fn host_status(section: &Section<'_>) -> HostStatus {
    let mut status = HostStatus::default();
    let Some(field) = section.get("hoststat") else { return status };
    if let super::node::Value::Scalar(text) = &field.node.value {
        match parse::flag(text) {
            Ok(enabled) => status.enabled = enabled,
            Err(_) => {
                let accepted = format!("on, off, or {}", field.doc.accepts());
                field.refuse_as::<()>(&field.node.describe(), &accepted, "");
            }
        }
        return status;
    }
    let section = field.section();
    section.set("enabled", |f| f.flag(), &mut status.enabled);
    section.set("remember_for", |f| f.span(), &mut status.remember_for);
    section.set("key", |f| f.choice(&[HostKey::HostName, HostKey::Address]), &mut status.key);
    section.set("marks", |f| f.choice(&[Marks::Sendmail, Marks::Any4xx]), &mut status.marks);
    section.set("threshold", |f| f.count(), &mut status.threshold);
    status
}

fn costs(section: &Section<'_>) -> Costs {
    let mut costs = Costs::default();
    let section = section.child("costs");
    section.set("skip", |f| f.span(), &mut costs.skip);
    section.set("run_start", |f| f.span(), &mut costs.run_start);
    section.set("process_start", |f| f.span(), &mut costs.process_start);
    costs
}

fn timeouts(section: &Section<'_>) -> Timeouts {
    let mut timeouts = Timeouts::default();
    let section = section.child("timeouts");
    section.set("connect", |f| f.span(), &mut timeouts.connect);
    section.set("greeting", |f| f.span(), &mut timeouts.greeting);
    section.set("reply", |f| f.span(), &mut timeouts.reply);
    timeouts
}
