//! The verdict: what delayed the mail, ranked by the time that messages waited for it, with lines that show it and what
//! the article advises. And what the log cannot tell.

use super::conclude::name_of;
use super::diagnosis::{Cap, Delivery, Finding, FindingKind, Mail, Phase, QueueRuns, Settings};
use super::infer::{count, counted, said};
use super::relays::RelayBook;
use super::stamp::Stamp;
use crate::units::Span;

/// The article's intervals are minutes; a message that waits this long for its next attempt waits too long.
const LONG_INTERVAL: Span = Span::from_mins(10);
/// A first attempt that comes later than this on average comes late.
const LONG_WAIT: Span = Span::from_mins(1);
/// Its initial value of messages per connection.
const INITIAL: u32 = 199;

/// The findings, the worst first, and what the log cannot tell.
pub(super) fn findings(
    mail: &Mail,
    books: &[RelayBook],
    settings: &Settings,
    first_wait: Span,
) -> (Vec<Finding>, Vec<String>) {
    let mut found: Vec<Finding> = books.iter().flat_map(|book| of_host(book, settings)).collect();
    found.extend(retry_interval(mail, books, settings));
    found.extend(capacity(mail, settings, first_wait));
    found.sort_by_key(|finding| std::cmp::Reverse(finding.cost));
    if found.is_empty() {
        found.push(healthy(mail));
    }
    (found, cannot_tell(mail, books, settings))
}

fn of_host(book: &RelayBook, settings: &Settings) -> Vec<Finding> {
    let parts = [
        host_status(book, settings),
        cuts(book, settings),
        refusals(book),
        deferrals(book),
        lookups(book),
    ];
    parts.into_iter().flatten().collect()
}

fn lines(samples: &[&[(Stamp, String)]]) -> Vec<String> {
    let first = samples.iter().filter_map(|of| of.first());
    let mut first: Vec<&(Stamp, String)> = first.collect();
    first.sort_by_key(|(at, _)| *at);
    first.iter().map(|(at, line)| format!("{} {line}", at.clock())).collect()
}

/// What came before the skips, in words.
fn causes(book: &RelayBook) -> String {
    let mut parts = Vec::new();
    if book.reset > 0 {
        parts.push(counted(book.reset, "reset"));
    }
    if book.refused > 0 {
        parts.push(counted(book.refused, "refused connection"));
    }
    let answers: u64 =
        book.answers.iter().filter(|answer| answer.phase != Phase::Greeting).map(|a| a.count).sum();
    if answers > 0 {
        parts.push(counted(answers, "temporary refusal"));
    }
    if parts.is_empty() { "no failure that the log holds".to_owned() } else { parts.join(", ") }
}

fn host_status(book: &RelayBook, settings: &Settings) -> Option<Finding> {
    if book.skipped == 0 {
        return None;
    }
    let name = name_of(book);
    let cost = book.waits.host_status + book.waits.run;
    let evidence = lines(&[
        &book.samples.lost,
        &book.samples.refused,
        &book.samples.answered,
        &book.samples.skipped,
    ]);
    let skipped = counted(book.skipped, "skipped attempt");
    if book.skips_locked > 0 {
        let text = format!(
            "One process at a time is let at {name}: {skipped}, {} of them with dsn=4.4.5. The others wait for their next \
             turn although nothing is wrong with the host.",
            count(book.skips_locked)
        );
        let advice =
            "Turn SingleThreadDelivery off (it goes with the HostStat feature).".to_owned();
        return Some(Finding {
            kind: FindingKind::SingleThread,
            relay: Some(name),
            text,
            cost,
            evidence,
            advice: vec![advice],
        });
    }
    let spans = format!(
        "It was avoided {}, at most {} in a row; messages waited {} for their next attempt in sum",
        counted(book.avoided_count, "time"),
        said(longest(book)),
        said(cost)
    );
    if settings.hoststat.value == Some(true) {
        let text = format!(
            "HostStat is holding mail for {name}: {skipped} after {}. {spans}.",
            causes(book)
        );
        let advice = vec![
            "Disable the HostStat feature (cloud service: Proofpoint Support does it), and clear the host from the \
             HostStatus file."
                .to_owned(),
        ];
        return Some(Finding {
            kind: FindingKind::HostStatus,
            relay: Some(name),
            text,
            cost,
            evidence,
            advice,
        });
    }
    let off =
        if settings.hoststat.value == Some(false) { " HostStat is not what holds it." } else { "" };
    let text = format!(
        "A process that loses its connection to {name} gives the host up for the rest of its run: {skipped} after {}. \
         {spans}.{off}",
        causes(book)
    );
    let advice = vec![
        "Limit the messages per connection so that connections are not cut, and shorten the message retry interval, so \
         that the next run comes soon."
            .to_owned(),
    ];
    Some(Finding { kind: FindingKind::RunGivenUp, relay: Some(name), text, cost, evidence, advice })
}

fn longest(book: &RelayBook) -> Span {
    let length = |span: &super::diagnosis::Avoided| {
        span.until.unwrap_or(span.last).since(span.failure.unwrap_or(span.from))
    };
    book.avoided.iter().map(length).max().unwrap_or(Span::ZERO)
}

fn cuts(book: &RelayBook, settings: &Settings) -> Option<Finding> {
    if book.cut == 0 {
        return None;
    }
    let name = name_of(book);
    // What a connection had carried is known only where the log holds its beginning.
    let carried = book.at_cut.iter().filter(|cut| cut.1.is_some()).map(|cut| cut.0);
    let messages = match (carried.clone().min(), carried.clone().max()) {
        (Some(least), Some(most)) if least < most => format!(" after {least} to {most} messages"),
        (Some(most), _) => format!(" after {}", counted(u64::from(most), "message")),
        _ => String::new(),
    };
    let age = match settings.connection_lifetime.value {
        Some(age) => format!(", at an age of about {}", said(age)),
        None => String::new(),
    };
    let text = format!(
        "{} to {name} cut while carrying mail{messages}{age}.",
        counted(book.cut, "connection")
    );
    let mut advice = Vec::new();
    match settings.messages_per_connection.value {
        Some(Cap::Limit(limit)) => advice.push(format!(
            "Maximum Number of Messages per SMTP Connection is {limit}: reduce it until no connection is cut any more."
        )),
        _ => {
            let least = carried.min().unwrap_or(INITIAL);
            let start = if least <= INITIAL {
                let half = (least / 2).max(1);
                format!("{INITIAL} would be too many here: connections were cut after {least}; try {half}")
            } else {
                format!("start at {INITIAL} and reduce it if connections are still cut")
            };
            advice.push(format!("Set Maximum Number of Messages per SMTP Connection: {start}."));
            advice.push("Add queue runners, so that as much mail goes out as before.".to_owned());
        }
    }
    let evidence = lines(&[&book.samples.lost]);
    // What the cuts cost beyond their own messages is in the finding on skipped attempts.
    let cost = if book.refused + other_answers(book) == 0 { book.waits.failed } else { Span::ZERO };
    Some(Finding { kind: FindingKind::Cuts, relay: Some(name), text, cost, evidence, advice })
}

fn other_answers(book: &RelayBook) -> u64 {
    book.answers
        .iter()
        .filter(|answer| answer.phase != Phase::Greeting)
        .map(|answer| answer.count)
        .sum()
}

fn refusals(book: &RelayBook) -> Option<Finding> {
    // Losing a connection before any mail went over it is a refusal, too.
    let at_once = book.reset.saturating_sub(book.cut);
    let all = book.refused + at_once;
    (all > 0).then(|| {
        let name = name_of(book);
        let text = format!(
            "{name} did not take {}: {} at connect or greeting, {} lost before a message had gone through.",
            counted(all, "connection"),
            count(book.refused),
            count(at_once)
        );
        let cost = if book.cut == 0 { book.waits.failed } else { Span::ZERO };
        let evidence = if book.refused > 0 { lines(&[&book.samples.refused]) } else { lines(&[&book.samples.lost]) };
        let advice = vec![
            "See whether the receiver limits connections from one source; if so, fewer queue runners. One refused \
             connection marks the whole host while HostStat is on."
                .to_owned(),
        ];
        Finding { kind: FindingKind::Refusals, relay: Some(name), text, cost, evidence, advice }
    })
}

fn deferrals(book: &RelayBook) -> Option<Finding> {
    let all = other_answers(book);
    (all > 0).then(|| {
        let name = name_of(book);
        let mut codes: Vec<String> = Vec::new();
        for answer in book.answers.iter().filter(|answer| answer.phase != Phase::Greeting).take(3) {
            codes.push(format!("{} x {} ({})", count(answer.count), answer.code, answer.dsn));
        }
        let text = format!("{name} deferred {} itself: {}.", counted(all, "attempt"), codes.join(", "));
        let cost = if book.cut == 0 && book.refused == 0 { book.waits.failed } else { Span::ZERO };
        let evidence = lines(&[&book.samples.answered]);
        let advice = vec![
            "These are answers of the receiver: ask there. A shorter message retry interval makes each of them cost less."
                .to_owned(),
        ];
        Finding { kind: FindingKind::Deferrals, relay: Some(name), text, cost, evidence, advice }
    })
}

fn lookups(book: &RelayBook) -> Option<Finding> {
    (book.lookups > 0).then(|| {
        let name = name_of(book);
        let text =
            format!("The name of {name} could not be looked up {}.", counted(book.lookups, "time"));
        let evidence = lines(&[&book.samples.lookups]);
        let advice = vec!["Mend name service first: it marks hosts as well.".to_owned()];
        Finding {
            kind: FindingKind::NameService,
            relay: Some(name),
            text,
            cost: Span::ZERO,
            evidence,
            advice,
        }
    })
}

fn retry_interval(mail: &Mail, books: &[RelayBook], settings: &Settings) -> Option<Finding> {
    let interval = settings.retry_interval.value.filter(|interval| *interval > LONG_INTERVAL)?;
    let waits = books.iter().map(|book| book.waits);
    let waited =
        waits.fold(Span::ZERO, |sum, waits| sum + waits.failed + waits.host_status + waits.run);
    let waits_for_runs = settings.delivery.value != Some(Delivery::Immediate)
        && settings.queue_runs.value == Some(QueueRuns::Periodic);
    if waited == Span::ZERO && !waits_for_runs {
        return None;
    }
    let every = if waits_for_runs { "; new mail waits for a run, too" } else { "" };
    let text = format!(
        "What is not delivered at once waits for the message retry interval of {}{every}.",
        said(interval)
    );
    let cost = if waits_for_runs { interval * mail.counts.arrived / 2 } else { Span::ZERO };
    let advice = vec![
        "Set the message retry interval to 1, 5 or 10 minutes; 1 minute if all mail goes to Exchange Online.".to_owned(),
    ];
    Some(Finding {
        kind: FindingKind::RetryInterval,
        relay: None,
        text,
        cost,
        evidence: Vec::new(),
        advice,
    })
}

/// Mail that waits for its first attempt although nothing failed: runners that do not come round.
fn capacity(mail: &Mail, settings: &Settings, first_wait: Span) -> Option<Finding> {
    let by_interval = match (settings.queue_runs.value, settings.retry_interval.value) {
        (Some(QueueRuns::Periodic), Some(interval)) => interval / 2,
        _ => Span::ZERO,
    };
    let beyond = first_wait - by_interval;
    if beyond < LONG_WAIT || beyond < by_interval / 2 {
        return None;
    }
    let runners = match settings.queue_runners.value {
        Some(runners) => format!(" of {}", counted(u64::from(runners), "queue runner")),
        None => String::new(),
    };
    let text = format!(
        "Mail waits {} on average for its first attempt: at times there is more of it than the run{runners} carries, or a \
         run is busy with mail that it skips.",
        said(first_wait)
    );
    let advice = vec!["Add queue runners.".to_owned()];
    let cost = beyond * mail.counts.arrived;
    Some(Finding {
        kind: FindingKind::Capacity,
        relay: None,
        text,
        cost,
        evidence: Vec::new(),
        advice,
    })
}

fn healthy(mail: &Mail) -> Finding {
    let counts = &mail.counts;
    let text = if counts.arrived == 0 {
        "The log holds no mail.".to_owned()
    } else {
        format!(
            "Nothing in this log held mail back: {}, no attempt skipped, no connection lost, nothing deferred.",
            counted(counts.arrived, "message")
        )
    };
    Finding {
        kind: FindingKind::Healthy,
        relay: None,
        text,
        cost: Span::ZERO,
        evidence: Vec::new(),
        advice: Vec::new(),
    }
}

fn cannot_tell(mail: &Mail, books: &[RelayBook], settings: &Settings) -> Vec<String> {
    let mut text = Vec::new();
    let named = [
        ("delivery on arrival", &settings.delivery.why, settings.delivery.is_known()),
        ("kind of queue runs", &settings.queue_runs.why, settings.queue_runs.is_known()),
        ("retry interval", &settings.retry_interval.why, settings.retry_interval.is_known()),
        ("queue runners", &settings.queue_runners.why, settings.queue_runners.is_known()),
        (
            "messages per connection",
            &settings.messages_per_connection.why,
            settings.messages_per_connection.is_known(),
        ),
        ("HostStat", &settings.hoststat.why, settings.hoststat.is_known()),
        (
            "how long HostStat remembers",
            &settings.remember_for.why,
            settings.remember_for.is_known(),
        ),
        (
            "the receiver's connection lifetime",
            &settings.connection_lifetime.why,
            settings.connection_lifetime.is_known(),
        ),
    ];
    text.extend(
        named.iter().filter(|(.., known)| !known).map(|(what, why, _)| format!("{what}: {why}")),
    );
    let several = books.iter().filter(|book| book.delivered > 0).count() > 1;
    if several && books.iter().all(|book| book.reset == 0) && mail.counts.delivered > 0 {
        text.push(
            "connections cut: with several hosts a message that loses its connection goes to the next host in the same \
             attempt, and no line tells of it"
                .to_owned(),
        );
    }
    if books.iter().any(|book| other_answers(book) > 0) {
        text.push(
            "where in a transaction most answers came: Sendmail logs the answer, not the command"
                .to_owned(),
        );
    }
    text
}
