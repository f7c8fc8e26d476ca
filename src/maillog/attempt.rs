//! What one `to=` line means: accepted, skipped, lost, refused, deferred, given up. A pure function of the line.
//!
//! A skipped attempt was never made: no address behind the host's name, no `reply=`, no time spent. Its status is bare
//! (`Deferred`) or repeats the reason of the failure that marked the host, such as `Connection reset by`; an answer with
//! three digits is never repeated so, and name service is always asked anew.

use super::diagnosis::Phase;
use super::entry::To;
use memchr::memmem::find;

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Put into the queue, not tried.
    Queued,
    /// Accepted.
    Sent,
    /// Not made: the host counts as bad, or another process holds it (`lock`).
    Skipped { lock: bool },
    /// The connection was lost: reset, timeout, broken pipe.
    Lost,
    /// No connection came about.
    Refused,
    /// The receiver said not now.
    Answered { code: u16, phase: Phase },
    /// Name service failed for now.
    NameService,
    /// Deferred for another reason: local mailers, tables that cannot be read.
    Deferred,
    /// Given up.
    Bounced,
    /// Refused on the way in; never queued.
    Rejected,
}

/// Host and address of a `relay=` field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Hop<'a> {
    /// Host name without its final dot, or a literal in brackets; empty if there is none.
    pub(super) name: &'a [u8],
    /// Address it was reached at.
    pub(super) address: Option<&'a [u8]>,
}

impl<'a> Hop<'a> {
    pub(super) fn read(relay: &'a [u8]) -> Hop<'a> {
        let relay = relay.strip_suffix(b" (may be forged)").unwrap_or(relay);
        let (name, address) = match find(relay, b" [") {
            Some(at) => {
                let inside = &relay[at + 2..];
                (&relay[..at], Some(inside.strip_suffix(b"]").unwrap_or(inside)))
            }
            None => (relay, None),
        };
        Hop { name: name.strip_suffix(b".").unwrap_or(name), address }
    }

    /// Whether it is reached over loopback.
    pub(super) fn is_loopback(&self) -> bool {
        self.at_home(|address| address.starts_with(b"127."))
    }

    /// Whether it is the address that filters listen at.
    pub(super) fn is_localhost(&self) -> bool {
        self.at_home(|address| address == b"127.0.0.1")
    }

    fn at_home(&self, is: impl Fn(&[u8]) -> bool) -> bool {
        let name = self.name;
        let literal = name.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
        match self.address.or(literal) {
            Some(address) => is(address) || address.eq_ignore_ascii_case(b"IPv6:::1"),
            None => name.ends_with(b"localhost") || name.ends_with(b"localhost.localdomain"),
        }
    }
}

/// What the line means.
pub(super) fn outcome(to: &To, hop: &Hop) -> Outcome {
    let stat = to.stat;
    if stat.starts_with(b"Sent") {
        return Outcome::Sent;
    }
    if stat.starts_with(b"queued") {
        return Outcome::Queued;
    }
    if let Some(rest) = stat.strip_prefix(b"Deferred") {
        return deferred(to, hop, rest.strip_prefix(b": ").unwrap_or(b""));
    }
    match to.dsn.first() {
        None if to.mailer.is_empty() && to.relay.is_empty() => Outcome::Rejected,
        Some(b'2') => Outcome::Sent,
        Some(b'4') => deferred(to, hop, stat),
        _ => Outcome::Bounced,
    }
}

fn deferred(to: &To, hop: &Hop, reason: &[u8]) -> Outcome {
    let local = matches!(to.mailer, b"local" | b"prog" | b"*file*" | b"*include*");
    if local || hop.name.is_empty() {
        return Outcome::Deferred;
    }
    if reason.starts_with(b"Name server") || find(reason, b"host name lookup").is_some() {
        return Outcome::NameService;
    }
    if let Some(code) = code(to.reply).or_else(|| code(reason)) {
        return Outcome::Answered { code, phase: phase(to, code) };
    }
    let reached = hop.address.is_some();
    // A skip takes no time, but Sendmail's clock may tick in it.
    let lasted = to.xdelay.unwrap_or(0) > 1;
    if !reached && to.reply.is_empty() && !lasted {
        return Outcome::Skipped { lock: to.dsn == b"4.4.5" };
    }
    let begins = |word: &[u8]| reason.starts_with(word);
    if begins(b"Connection refused")
        || find(reason, b"No route").is_some()
        || find(reason, b"unreachable").is_some()
    {
        Outcome::Refused
    } else if begins(b"Connection reset")
        || begins(b"Connection timed out")
        || find(reason, b"Broken pipe").is_some()
        // A write into a connection that is gone leaves no reason behind.
        || to.dsn == b"4.4.2"
    {
        Outcome::Lost
    } else {
        Outcome::Deferred
    }
}

/// Three digits of a temporary refusal at the start of an answer.
fn code(answer: &[u8]) -> Option<u16> {
    let digits = answer.get(..3)?;
    let ends = answer.get(3).is_none_or(|byte| matches!(byte, b' ' | b'-'));
    let all = digits[0] == b'4' && digits[1..].iter().all(u8::is_ascii_digit);
    (ends && all)
        .then(|| digits.iter().fold(0, |value, digit| value * 10 + u16::from(digit - b'0')))
}

/// Where an answer was given, as far as a line tells: Sendmail logs 4.5.0 for a greeting it does not like, and for an
/// answer to MAIL or DATA that ends the session the status of the message before.
fn phase(to: &To, code: u16) -> Phase {
    let says = |text: &[u8]| find(to.reply, text).is_some() || find(to.stat, text).is_some();
    if code == 421 && to.dsn == b"4.5.0" {
        Phase::Greeting
    } else if code == 452 && says(b"4.5.3") || code == 450 && says(b"4.2.1") {
        Phase::Envelope
    } else {
        Phase::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::{Entry, parse};
    use super::*;

    fn of(rest: &str) -> Outcome {
        let line = format!("6AM5F39R031082: to=<a@b>, delay=00:05:00, {rest}");
        match parse(b"sendmail", line.as_bytes()) {
            Some(Entry::To(to)) => outcome(&to, &Hop::read(to.relay)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_skipped_attempt_has_no_address_no_reply_and_took_no_time() {
        let skipped = Outcome::Skipped { lock: false };
        for rest in [
            "xdelay=00:00:00, mailer=esmtp, pri=1, relay=h.example., dsn=4.4.2, stat=Deferred: Connection reset by h.",
            "xdelay=00:00:00, mailer=smtp, tls_verify=NONE, pri=121904, relay=[192.0.2.1], dsn=4.0.0, stat=Deferred",
            "xdelay=00:00:00, mailer=esmtp, pri=1, relay=[IPv6:2001:db8::1], dsn=4.3.2, stat=Deferred",
            "xdelay=00:00:00, mailer=esmtp, pri=1, relay=h.example., dsn=4.0.0, stat=Deferred: Connection refused by h.",
            "xdelay=00:00:01, mailer=esmtp, pri=1, relay=h.example., dsn=4.4.2, stat=Deferred: Connection reset by h.",
        ] {
            assert_eq!(of(rest), skipped, "{rest}");
        }
        let lock = "xdelay=00:00:00, mailer=esmtp, pri=1, relay=h., dsn=4.4.5, stat=Deferred";
        assert_eq!(of(lock), Outcome::Skipped { lock: true });
    }

    #[test]
    fn a_real_failure_is_not_taken_for_a_skipped_attempt() {
        let head = "mailer=esmtp, pri=1";
        for (rest, wanted) in [
            (
                "xdelay=00:00:00, M, relay=h. [192.0.2.1], dsn=4.4.2, stat=Deferred: Connection reset by h.",
                Outcome::Lost,
            ),
            (
                "xdelay=00:02:07, M, relay=h., dsn=4.4.1, stat=Deferred: Connection timed out with h.",
                Outcome::Lost,
            ),
            (
                "xdelay=00:00:00, M, relay=h. [192.0.2.1], dsn=4.0.0, stat=Deferred: Connection refused by h.",
                Outcome::Refused,
            ),
            ("xdelay=00:00:00, M, relay=h. [192.0.2.1], dsn=4.4.2, stat=Deferred", Outcome::Lost),
            (
                "xdelay=00:00:00, M, relay=h., dsn=4.4.3, stat=Deferred: Name server: h.: host name lookup failure",
                Outcome::NameService,
            ),
            (
                "xdelay=00:00:00, M, relay=h., dsn=4.7.0, stat=Deferred: 451 4.7.0 later",
                Outcome::Answered { code: 451, phase: Phase::Unknown },
            ),
            (
                "xdelay=00:00:00, M, relay=h., dsn=2.6.0, reply=421 4.4.1 bye, stat=Deferred: 421 4.4.1 bye",
                Outcome::Answered { code: 421, phase: Phase::Unknown },
            ),
            (
                "xdelay=00:00:00, M, relay=h. [192.0.2.1], dsn=4.5.0, reply=421 4.3.2 too many, stat=Deferred: 421 4.3.2 too many",
                Outcome::Answered { code: 421, phase: Phase::Greeting },
            ),
            (
                "xdelay=00:00:00, mailer=local, pri=1, relay=local, dsn=4.2.0, stat=Deferred",
                Outcome::Deferred,
            ),
        ] {
            assert_eq!(of(&rest.replace("M", head)), wanted, "{rest}");
        }
    }

    #[test]
    fn ends_are_told_apart() {
        for (rest, wanted) in [
            ("mailer=esmtp, pri=1, stat=queued", Outcome::Queued),
            (
                "xdelay=00:00:01, mailer=esmtp, pri=1, relay=h. [192.0.2.1], dsn=2.0.0, stat=Sent (ok)",
                Outcome::Sent,
            ),
            (
                "xdelay=00:00:01, mailer=esmtp, pri=1, relay=h. [192.0.2.1], dsn=5.1.1, stat=User unknown",
                Outcome::Bounced,
            ),
            (
                "xdelay=00:00:01, mailer=esmtp, pri=1, relay=h., dsn=5.1.2, stat=Host unknown (Name server: h.: host not found)",
                Outcome::Bounced,
            ),
            ("pri=30000, stat=Please try again later", Outcome::Rejected),
        ] {
            assert_eq!(of(rest), wanted, "{rest}");
        }
    }

    #[test]
    fn a_relay_is_cut_into_host_and_address() {
        let read = |relay: &'static str| {
            let hop = Hop::read(relay.as_bytes());
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            (text(hop.name), hop.address.map(text), hop.is_loopback())
        };
        for (relay, name, address, loopback) in [
            ("h.example. [192.0.2.1]", "h.example", Some("192.0.2.1"), false),
            ("[192.0.2.1] [192.0.2.1]", "[192.0.2.1]", Some("192.0.2.1"), false),
            ("[192.0.2.1]", "[192.0.2.1]", None, false),
            (
                "[IPv6:2001:db8::1] [IPv6:2001:db8::1]",
                "[IPv6:2001:db8::1]",
                Some("IPv6:2001:db8::1"),
                false,
            ),
            ("mx [127.0.0.1] (may be forged)", "mx", Some("127.0.0.1"), true),
            ("root@localhost", "root@localhost", None, true),
            ("[127.0.0.1]", "[127.0.0.1]", None, true),
            ("", "", None, false),
        ] {
            assert_eq!(
                read(relay),
                (name.to_owned(), address.map(str::to_owned), loopback),
                "{relay}"
            );
        }
    }
}
