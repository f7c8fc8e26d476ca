//! The form of a line: which fields, in which order, how long.
//!
//! As `logdelivery()` and `logsender()` compose them; sendmail 8.17 source.

use super::names;
use crate::model::message::Message;
use crate::units::Span;
use std::fmt::Write as _;

/// `SYSLOG_BUFSIZE`; what is longer goes on in a second line.
const LONGEST_LINE: usize = 1024;
/// Longest name after `relay=`, and longest text after `stat=` and `reply=`.
const LONGEST_RELAY: usize = 40;
const LONGEST_STATUS: usize = 203;

/// How skipped attempts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// As Microsoft's article shows them: a bare `stat=Deferred`.
    Article,
    /// As an unchanged Sendmail writes them: with the reason of the mark.
    Sendmail,
}

impl Style {
    fn mailer(self) -> &'static str {
        match self {
            Style::Article => "smtp",
            Style::Sendmail => "esmtp",
        }
    }

    /// Proofpoint's build logs whether the connection was encrypted.
    fn tls(self, connected: bool) -> &'static str {
        match (self, connected) {
            (Style::Sendmail, _) => "",
            (Style::Article, true) => ", tls_verify=OK",
            (Style::Article, false) => ", tls_verify=NONE",
        }
    }
}

/// What an attempt came to, as the log tells it.
#[derive(Clone, Debug)]
pub(super) struct Told {
    /// A host, and the address that was reached.
    pub(super) relay: String,
    /// An address was reached.
    pub(super) connected: bool,
    pub(super) dsn: String,
    pub(super) reply: Option<String>,
    pub(super) stat: String,
}

/// When an attempt was made, in Sendmail's seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Took {
    /// Since the message was accepted.
    pub(super) delay: u64,
    /// Since the attempt began.
    pub(super) xdelay: u64,
}

/// The line of an accepted message.
pub(super) fn from(id: &str, message: &Message) -> String {
    format!(
        "{id}: from=<sender@sender.example>, size={}, class=0, nrcpts={}, msgid={}, proto=ESMTP, \
         daemon=MTA, relay=mail.sender.example [192.0.2.250]",
        message.bytes,
        message.recipients,
        names::message_id(message.id)
    )
}

/// The line of a recipient whose mail waits for a queue run.
pub(super) fn queued(id: &str, to: &str, message: &Message, style: Style) -> String {
    let (mailer, tls) = (style.mailer(), style.tls(false));
    let pri = message.priority();
    format!("{id}: to={to}, delay=00:00:00, mailer={mailer}{tls}, pri={pri}, stat=queued")
}

/// The lines of one attempt for `recipients`: one, unless they are too many for it.
pub(super) fn to(
    id: &str,
    mut recipients: &str,
    message: &Message,
    (took, told, style): (Took, &Told, Style),
) -> Vec<String> {
    let mut rest = format!(
        ", delay={}, xdelay={}, mailer={}{}, pri={}, relay={}, dsn={}",
        clock(took.delay),
        clock(took.xdelay),
        style.mailer(),
        style.tls(told.connected),
        message.priority(),
        told.relay,
        told.dsn
    );
    rest.push_str(&outcome(told));
    let most = LONGEST_LINE.saturating_sub(100 + rest.len());
    let mut lines = Vec::new();
    while recipients.len() >= most {
        // The last comma that still fits; addresses here have none of their own.
        let Some(comma) = recipients.get(..most).and_then(|part| part.rfind(',')) else { break };
        lines.push(format!("{id}: to={} [more]{rest}", &recipients[..=comma]));
        recipients = &recipients[comma + 1..];
    }
    lines.push(format!("{id}: to={recipients}{rest}"));
    lines
}

/// The end of a line: `reply=` where there was one, and `stat=`.
pub(super) fn outcome(told: &Told) -> String {
    let mut text = String::new();
    if let Some(reply) = &told.reply {
        // Writing to a String cannot fail.
        let _ = write!(text, ", reply={}", shorten(&printable(reply), LONGEST_STATUS));
    }
    let _ = write!(text, ", stat={}", shorten(&printable(&told.stat), LONGEST_STATUS));
    text
}

/// `relay=` of a host, with the address if one was reached.
pub(super) fn relay(host: &str, address: Option<&str>) -> String {
    let host = shorten(host, LONGEST_RELAY);
    address.map_or_else(|| host.clone(), |address| format!("{host} [{address}]"))
}

/// `shortenstring()`: both ends of what is too long.
fn shorten(text: &str, most: usize) -> String {
    let characters: Vec<char> = text.chars().collect();
    if characters.len() < most {
        return text.to_owned();
    }
    let part = (most - 3) / 2;
    let start: String = characters[..part].iter().collect();
    let end: String = characters[characters.len() - part..].iter().collect();
    format!("{start}...{end}")
}

/// A reply is a user's text: nothing in it may look like a new line.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// `[days+]HH:MM:SS`.
pub(super) fn clock(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let clock = format!("{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60);
    if days == 0 { clock } else { format!("{days}+{clock}") }
}

/// A span in words: `4 hours`, `1 week, 2 days`.
pub(super) fn interval(span: Span) -> String {
    let mut rest = span.nanos() / 1_000_000_000;
    let mut parts = Vec::new();
    for (length, name) in
        [(604_800, "week"), (86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")]
    {
        let count = rest / length;
        rest %= length;
        if count > 0 {
            parts.push(format!("{count} {name}{}", if count == 1 { "" } else { "s" }));
        }
    }
    if parts.is_empty() { "0 seconds".to_owned() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_written_as_sendmail_writes_them() {
        assert_eq!(clock(0), "00:00:00");
        assert_eq!(clock(26 * 3600 + 123), "1+02:02:03");
        assert_eq!(interval(Span::from_hours(4)), "4 hours");
        assert_eq!(interval(Span::from_hours(24 * 9 + 1)), "1 week, 2 days, 1 hour");
        assert_eq!(interval(Span::from_millis(1)), "0 seconds");
    }

    #[test]
    fn a_long_host_name_is_shortened_in_the_middle() {
        // As recorded.
        let host = "tenant-example-com.mail.protection.example.net.";
        let relay = relay(host, Some("127.0.0.11"));
        assert_eq!(relay, "tenant-example-com...ction.example.net. [127.0.0.11]");
    }

    #[test]
    fn recipients_that_do_not_fit_go_on_in_a_second_line() {
        let told = Told {
            relay: "mx.example. [192.0.2.1]".into(),
            connected: true,
            dsn: "2.0.0".into(),
            reply: None,
            stat: "Sent".into(),
        };
        let all: Vec<String> = (0..60).map(|n| format!("<user{n:04}@tenant.example>")).collect();
        let took = Took { delay: 1, xdelay: 1 };
        let message = Message::sample(0);
        let lines = to("id", &all.join(","), &message, (took, &told, Style::Sendmail));
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| line.len() < LONGEST_LINE && line.ends_with("stat=Sent")));
        assert!(lines[0].contains(", [more], delay=") && !lines[1].contains("[more]"));
        let named: usize = lines.iter().map(|line| line.matches("@tenant").count()).sum();
        assert_eq!(named, 60);
    }

    #[test]
    fn a_reply_cannot_forge_a_line() {
        let told = Told {
            relay: String::new(),
            connected: true,
            dsn: String::new(),
            reply: Some("451 busy\nJan 1 forged".into()),
            stat: "Deferred".into(),
        };
        assert_eq!(outcome(&told), ", reply=451 busy?Jan 1 forged, stat=Deferred");
    }
}
