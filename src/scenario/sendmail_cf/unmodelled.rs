//! Options that matter for the delay of mail and that the model has nothing for, each with the reason.

use super::lines::Line;
use super::origin;

/// Options (names in small letters; a dot at the end stands for all that begin so) and the reason.
const REASONS: &[(&str, &str)] = &[
    ("timeout.iconnect", "only the first try of a message has it; timeouts.connect holds for all"),
    ("timeout.aconnect", "a limit over all addresses together is not modelled"),
    ("timeout.queuewarn.", "classes of precedence are not modelled; queuewarn.normal counts"),
    ("timeout.queuereturn.", "classes of precedence are not modelled; queuereturn.normal counts"),
    ("timeout.mail", "one timeout stands for all replies: that of Timeout.datafinal"),
    ("timeout.rcpt", "one timeout stands for all replies: that of Timeout.datafinal"),
    ("timeout.datainit", "one timeout stands for all replies: that of Timeout.datafinal"),
    ("timeout.helo", "one timeout stands for the whole opening: that of Timeout.initial"),
    ("timeout.starttls", "one timeout stands for the whole opening: that of Timeout.initial"),
    ("timeout.rset", "a silent peer between two messages is not modelled"),
    ("timeout.misc", "a silent peer between two messages is not modelled"),
    ("maxqueueage", "retries that grow rarer with age are not modelled"),
    ("maxqueuerunsize", "a run always lists the whole queue"),
    ("queuela", "load averages are left out of the model"),
    ("refusela", "load averages are left out of the model"),
    ("delayla", "load averages are left out of the model"),
    ("queuefactor", "load averages are left out of the model"),
    ("holdexpensive", "expensive mailers are not modelled"),
    ("fallbackmxhost", "a fallback host is not modelled"),
    ("fallbacksmarthost", "a fallback host is not modelled"),
    ("fastsplit", "mail with several destinations is one message here"),
    ("maxdaemonchildren", "what is accepted is not limited: arrivals are as the scenario says"),
    (
        "connectionratethrottle",
        "what is accepted is not limited: arrivals are as the scenario says",
    ),
    ("checkpointinterval", "messages whose recipients are delivered one by one are not modelled"),
    ("dialdelay", "a second try to connect is not modelled"),
    ("softbounce", "permanent refusals are not modelled"),
];

/// The parts of a priority, which the model fixes, with the numbers it has.
const FACTORS: [(&str, &str); 3] =
    [("recipientfactor", "30000"), ("classfactor", "1800"), ("retryfactor", "90000")];

/// Notes an option that the model has nothing for, if it matters.
pub(super) fn note(line: &Line, name: &str, value: &str, left: &mut Vec<(usize, String)>) {
    if let Some((_, fixed)) = FACTORS.iter().find(|(factor, _)| *factor == name) {
        if value != *fixed {
            let why = format!("the model has {fixed}, so the order of the queue will differ");
            left.push((line.number, format!("{} - {why}", origin(line))));
        }
    } else if name == "usemsp" && super::lines::flag(value) {
        let why = "this looks like a submit.cf, which hands local mail on; the machine that delivers \
                   reads sendmail.cf";
        left.push((line.number, format!("{} - {why}", origin(line))));
    } else if let Some((_, why)) = REASONS.iter().find(|(known, _)| fits(known, name)) {
        left.push((line.number, format!("{} - {why}", origin(line))));
    }
}

fn fits(known: &str, name: &str) -> bool {
    known == name || known.ends_with('.') && name.starts_with(known)
}
