//! What Sendmail said: the few kinds of lines that tell of mail, taken apart without copying.
//!
//! A delivery line is `QID: to=.., delay=.., xdelay=.., mailer=.., pri=.., relay=.., dsn=.., reply=.., stat=..`; which
//! of its fields are there differs between versions and builds, and fields that nobody knows are passed over. One that
//! lacks its end, or in which another line begins, is damaged.

use memchr::memchr;
use memchr::memmem::{find, rfind};

/// A line of Sendmail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry<'a> {
    /// A message was accepted.
    From(From<'a>),
    /// A delivery attempt ended, or a message was put into the queue.
    To(To<'a>),
    /// The last line of a message.
    Done {
        /// Queue id.
        qid: &'a [u8],
    },
    /// The daemon starts; how it runs its queue: whether by processes that stay, and every how many seconds.
    Starting(Option<(bool, u64)>),
    /// A delay notice was sent.
    Warned,
    /// The message was returned to its sender.
    Returned {
        /// Queue id.
        qid: &'a [u8],
    },
    /// A filter refused or discarded it on the way in.
    Refused {
        /// Queue id.
        qid: &'a [u8],
    },
    /// Something else.
    Other,
    /// A line of mail that is not whole.
    Damaged,
}

/// A `from=` line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct From<'a> {
    pub(super) qid: &'a [u8],
    pub(super) size: Option<u64>,
    pub(super) nrcpts: u64,
    pub(super) msgid: &'a [u8],
    pub(super) relay: &'a [u8],
}

/// A `to=` line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct To<'a> {
    pub(super) qid: &'a [u8],
    /// Recipients named.
    pub(super) recipients: u32,
    /// Age of the message, whole seconds.
    pub(super) delay: Option<u64>,
    /// Time the attempt took, whole seconds.
    pub(super) xdelay: Option<u64>,
    pub(super) mailer: &'a [u8],
    pub(super) relay: &'a [u8],
    pub(super) dsn: &'a [u8],
    pub(super) reply: &'a [u8],
    pub(super) stat: &'a [u8],
}

/// Takes `text`, which program `ident` has said, apart. `None` if it is not of Sendmail.
pub(super) fn parse<'a>(ident: &[u8], text: &'a [u8]) -> Option<Entry<'a>> {
    let known = ident.starts_with(b"sendmail")
        || ident.starts_with(b"sm-")
        || find(ident, b"sendmail").is_some() && !ident.starts_with(b"postfix");
    let Some((qid, rest)) = queue_id(text) else {
        return known.then(|| without_id(text));
    };
    let entry = with_id(qid, rest);
    // Sendmail may run under any name (-L): its delivery lines give it away, if they are whole.
    let by_form = matches!(&entry, Entry::From(_) | Entry::To(_));
    (known || by_form && !ident.starts_with(b"postfix")).then_some(entry)
}

/// `6AM5F39R031082: rest`.
fn queue_id(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().take(24).position(|byte| !byte.is_ascii_alphanumeric())?;
    let qid = &text[..end];
    let rest = text[end..].strip_prefix(b": ")?;
    (end >= 8 && qid.iter().any(u8::is_ascii_digit)).then_some((qid, rest))
}

fn without_id(text: &[u8]) -> Entry<'_> {
    let starts = find(text, b"starting daemon").is_some();
    if !starts {
        // A delivery line whose id got lost.
        let cut = find(text, b"xdelay=").is_some() && find(text, b"stat=").is_some();
        return if cut { Entry::Damaged } else { Entry::Other };
    }
    let Some(at) = find(text, b"queueing@") else { return Entry::Starting(None) };
    let stays = text[..at].ends_with(b"persistent-");
    Entry::Starting(span(&text[at + 9..]).map(|seconds| (stays, seconds)))
}

fn with_id<'a>(qid: &'a [u8], rest: &'a [u8]) -> Entry<'a> {
    if rest.starts_with(b"to=") {
        return to(qid, rest).map_or(Entry::Damaged, Entry::To);
    }
    if rest.starts_with(b"from=") {
        return from(qid, rest).map_or(Entry::Damaged, Entry::From);
    }
    if rest.starts_with(b"done; ") {
        return Entry::Done { qid };
    }
    // `QID: NEWID: sender notify: Warning: could not send message for past 4 hours`.
    if let Some((_, said)) = queue_id(rest) {
        return if find(said, b"Warning: could not send").is_some() {
            Entry::Warned
        } else if find(said, b"return to sender").is_some() || said.starts_with(b"DSN: Cannot send")
        {
            Entry::Returned { qid }
        } else {
            Entry::Other
        };
    }
    let filter = rest.starts_with(b"Milter") || rest.starts_with(b"milter=");
    if filter && (find(rest, b"reject").is_some() || find(rest, b"discard").is_some()) {
        // Single recipients may be refused while the message goes on.
        return if find(rest, b"to=<").is_some() || find(rest, b"rcpt").is_some() {
            Entry::Other
        } else {
            Entry::Refused { qid }
        };
    }
    if rest.starts_with(b"discarded") { Entry::Refused { qid } } else { Entry::Other }
}

/// `[days+]HH:MM:SS` in seconds.
fn span(text: &[u8]) -> Option<u64> {
    let (mut total, mut part, mut digits, mut colons) = (0u64, 0u64, 0, 0);
    for byte in text {
        match byte {
            b'0'..=b'9' => {
                part = part.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
                digits += 1;
            }
            b'+' if digits > 0 && colons == 0 && total == 0 => {
                (total, part, digits) = (part.checked_mul(24)?, 0, 0);
            }
            b':' if digits > 0 && colons < 2 => {
                total = total.checked_add(part)?.checked_mul(60)?;
                (part, digits, colons) = (0, 0, colons + 1);
            }
            _ => break,
        }
    }
    (colons == 2 && digits > 0).then_some(total.checked_add(part)?)
}

fn number(text: &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for byte in text {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
    }
    (!text.is_empty()).then_some(value)
}

/// The next `, `-separated field and what follows it.
fn field(text: &[u8]) -> (&[u8], &[u8]) {
    let mut from = 0;
    while let Some(at) = memchr(b',', &text[from..]) {
        let comma = from + at;
        if text.get(comma + 1) == Some(&b' ') {
            return (&text[..comma], &text[comma + 2..]);
        }
        from = comma + 1;
    }
    (text, &[])
}

/// `key=value`; no key where the text before `=` is none.
fn pair(field: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr(b'=', field.get(..field.len().min(24))?)?;
    let key = &field[..end];
    let named = key.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    (named && end > 0).then(|| (key, &field[end + 1..]))
}

/// Whether another line begins inside a field.
fn mixed(field: &[u8]) -> bool {
    field.len() > 24 && find(field, b"]: ").is_some_and(|at| queue_id(&field[at + 3..]).is_some())
}

fn from<'a>(qid: &'a [u8], text: &'a [u8]) -> Option<From<'a>> {
    // A sender's address may hold anything, commas too.
    let sizes = find(text, b", size=")?;
    if mixed(&text[..sizes]) {
        return None;
    }
    let mut line = From { qid, ..From::default() };
    let (mut rest, mut nrcpts) = (&text[sizes + 2..], None);
    while !rest.is_empty() {
        let (here, after) = field(rest);
        rest = after;
        match pair(here) {
            Some((b"size", value)) => line.size = Some(number(value)?),
            Some((b"nrcpts", value)) => nrcpts = Some(number(value)?),
            Some((b"msgid", value)) => line.msgid = value,
            Some((b"relay", value)) => line.relay = value,
            _ if mixed(here) => return None,
            _ => {}
        }
    }
    line.nrcpts = nrcpts?;
    Some(line)
}

fn to<'a>(qid: &'a [u8], text: &'a [u8]) -> Option<To<'a>> {
    let end = find(text, b", delay=")?;
    let named = &text[3..end];
    if mixed(named) || find(named, b": to=").is_some() {
        return None;
    }
    let mut line = To { qid, recipients: recipients(named), ..To::default() };
    let mut rest = &text[end + 2..];
    while !rest.is_empty() {
        if let Some(stat) = rest.strip_prefix(b"stat=") {
            line.stat = stat;
            return (!stat.is_empty() && !cut_short(stat)).then_some(line);
        }
        if let Some(reply) = rest.strip_prefix(b"reply=") {
            // An answer may hold commas and `stat=`; the status is what comes last.
            let at = rfind(reply, b", stat=")?;
            line.reply = &reply[..at];
            rest = &reply[at + 2..];
            continue;
        }
        let (here, after) = field(rest);
        match pair(here) {
            Some((b"delay", value)) if line.delay.is_none() => line.delay = Some(span(value)?),
            Some((b"xdelay", value)) if line.xdelay.is_none() => line.xdelay = Some(span(value)?),
            Some((b"mailer", value)) => line.mailer = value,
            Some((b"relay", value)) => line.relay = value,
            Some((b"dsn", value)) => line.dsn = value,
            Some((b"delay" | b"xdelay" | b"to" | b"from", _)) => return None,
            _ if mixed(here) => return None,
            _ => {}
        }
        rest = after;
    }
    None
}

/// Whether the known words of a status end in their middle.
fn cut_short(stat: &[u8]) -> bool {
    [&b"Sent"[..], b"Deferred", b"queued"]
        .iter()
        .any(|word| stat.len() < word.len() && word.starts_with(stat))
}

/// `<a>,<b>`: how many.
fn recipients(named: &[u8]) -> u32 {
    let commas = named.windows(2).filter(|pair| pair == b",<").count();
    commas as u32 + 1
}

#[cfg(test)]
#[path = "entry_tests.rs"]
mod tests;
