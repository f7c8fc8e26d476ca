//! A line of syslog: when, which machine, which program, what it said.
//!
//! `stamp host ident[pid]: text` (RFC 3164 and plain RFC 3339 stamps), RFC 5424 with its structured data, or a JSON
//! object as Proofpoint's cloud log stream sends them: the raw line in `data`, the machine in `pps.agent`.

use super::stamp::{Clock, Stamp};
use serde::Deserialize;
use std::borrow::Cow;

/// A line, cut into its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// When.
    pub(super) at: Stamp,
    /// Machine.
    pub(super) node: &'a [u8],
    /// Program.
    pub(super) ident: &'a [u8],
    /// Process; 0 where the line has none.
    pub(super) pid: u32,
    /// What it said.
    pub(super) text: &'a [u8],
}

impl<'a> Line<'a> {
    /// Cuts `line`; `None` if it does not begin as a line of a log does.
    pub(super) fn cut(line: &'a [u8], clock: &mut Clock) -> Option<Line<'a>> {
        let (line, standard) = without_priority(line);
        let (at, rest) = clock.read(line)?;
        let (node, rest) = word(rest)?;
        if standard {
            return Line::standard(at, node, rest);
        }
        let (ident, pid, text) = tag(rest)?;
        Some(Line { at, node, ident, pid, text })
    }

    /// RFC 5424 from the program's name on.
    fn standard(at: Stamp, node: &'a [u8], rest: &'a [u8]) -> Option<Line<'a>> {
        let (ident, rest) = word(rest)?;
        let (pid, rest) = word(rest)?;
        let (_, rest) = word(rest)?;
        let text = after_structured_data(rest)?;
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        // Some senders repeat the old tag in the message.
        let text = match tag(text) {
            Some((again, _, inner)) if again == ident => inner,
            _ => text,
        };
        Some(Line { at, node, ident, pid: number(pid), text })
    }
}

/// The line without `<PRI>`; whether the version of RFC 5424 follows.
fn without_priority(line: &[u8]) -> (&[u8], bool) {
    let line = match line {
        [b'<', rest @ ..] => match rest.iter().take(4).position(|byte| *byte == b'>') {
            Some(end) => &rest[end + 1..],
            None => line,
        },
        _ => line,
    };
    match line.strip_prefix(b"1 ") {
        Some(rest) if rest.first().is_some_and(u8::is_ascii_digit) => (rest, true),
        _ => (line, false),
    }
}

fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(b' ', text)?;
    (end > 0).then(|| (&text[..end], text[end + 1..].trim_ascii_start()))
}

fn number(digits: &[u8]) -> u32 {
    let mut value = 0u32;
    for byte in digits {
        if !byte.is_ascii_digit() {
            return 0;
        }
        value = value.wrapping_mul(10).wrapping_add(u32::from(byte - b'0'));
    }
    value
}

/// `ident[pid]: text` or `ident: text`.
fn tag(text: &[u8]) -> Option<(&[u8], u32, &[u8])> {
    let end = text.iter().take(64).position(|byte| matches!(byte, b'[' | b':' | b' '))?;
    let ident = &text[..end];
    let (pid, rest) = match text[end] {
        b'[' => {
            let close = end + text[end..].iter().take(16).position(|byte| *byte == b']')?;
            (number(&text[end + 1..close]), &text[close + 1..])
        }
        _ => (0, &text[end..]),
    };
    let rest = rest.strip_prefix(b":").unwrap_or(rest);
    (!ident.is_empty()).then(|| (ident, pid, rest.trim_ascii_start()))
}

/// What follows `-` or `[id name="value"][..]`, whose values may hold `\]`.
fn after_structured_data(text: &[u8]) -> Option<&[u8]> {
    if let Some(rest) = text.strip_prefix(b"-") {
        return Some(rest.trim_ascii_start());
    }
    let (mut at, mut quoted) = (0, false);
    if text.first() != Some(&b'[') {
        return None;
    }
    loop {
        match text.get(at)? {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            b']' if !quoted => match text.get(at + 1) {
                Some(b'[') => {}
                _ => return Some(text.get(at + 1..)?.trim_ascii_start()),
            },
            _ => {}
        }
        at += 1;
    }
}

/// A line of Proofpoint's log stream. What else it holds (parsed copies of the same) is not needed.
#[derive(Debug, Deserialize)]
pub(super) struct Envelope<'a> {
    #[serde(borrow)]
    data: Cow<'a, str>,
    #[serde(borrow, default)]
    pps: Option<Pps<'a>>,
    #[serde(borrow, default)]
    ts: Option<Cow<'a, str>>,
}

#[derive(Debug, Deserialize)]
struct Pps<'a> {
    #[serde(borrow, default)]
    agent: Option<Cow<'a, str>>,
}

impl<'a> Envelope<'a> {
    /// Opens `line`, which begins with a brace.
    pub(super) fn open(line: &'a [u8]) -> Option<Envelope<'a>> {
        serde_json::from_slice(line).ok()
    }

    /// The line within. One without a head of its own takes the time of the envelope.
    pub(super) fn line(&self, clock: &mut Clock) -> Option<Line<'_>> {
        let agent = self.pps.as_ref().and_then(|pps| pps.agent.as_deref());
        let data = self.data.trim_end().as_bytes();
        let mut line = match Line::cut(data, clock) {
            Some(line) => line,
            None => {
                let (at, rest) = clock.read(self.ts.as_deref()?.as_bytes())?;
                if !rest.is_empty() {
                    return None;
                }
                let (ident, pid, text) = match tag(data) {
                    Some(found) if found.0.starts_with(b"sendmail") => found,
                    _ => (&b"sendmail"[..], 0, data),
                };
                Line { at, node: b"", ident, pid, text }
            }
        };
        if let Some(agent) = agent {
            line.node = agent.as_bytes();
        }
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(line: &str) -> Option<(String, String, String, u32, String)> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Line::cut(line.as_bytes(), &mut Clock::new(2001)).map(|line| {
            (line.at.to_string(), text(line.node), text(line.ident), line.pid, text(line.text))
        })
    }

    fn parts(
        at: &str,
        node: &str,
        ident: &str,
        pid: u32,
        text: &str,
    ) -> Option<(String, String, String, u32, String)> {
        Some((at.into(), node.into(), ident.into(), pid, text.into()))
    }

    #[test]
    fn lines_of_three_standards_are_cut() {
        let old = parts("2001-11-22 05:11:45", "mx", "sm-mta", 78, "A: to=<b>");
        assert_eq!(cut("Nov 22 05:11:45 mx sm-mta[78]: A: to=<b>"), old);
        assert_eq!(cut("<22>Nov 22 05:11:45 mx sm-mta[78]: A: to=<b>"), old);
        let new = parts("2026-11-22 05:11:45", "mx", "sendmail", 78, "A: to=<b>");
        assert_eq!(cut("2026-11-22T05:11:45Z mx sendmail[78]: A: to=<b>"), new);
        assert_eq!(cut("<22>1 2026-11-22T05:11:45Z mx sendmail 78 - - A: to=<b>"), new);
        assert_eq!(cut("1 2026-11-22T05:11:45Z mx sendmail 78 ID1 - sendmail[78]: A: to=<b>"), new);
        let data = r#"<22>1 2026-11-22T05:11:45Z mx sendmail 78 - [a b="]\"]"][c d="e"] A: to=<b>"#;
        assert_eq!(cut(data), new);
        let bare = parts("2001-11-22 05:11:45", "mx", "kernel", 0, "oops");
        assert_eq!(cut("Nov 22 05:11:45 mx kernel: oops"), bare);
    }

    #[test]
    fn what_begins_in_the_middle_is_refused() {
        for line in [
            "",
            "x",
            "A: to=<b>, delay=00:00:01",
            "Nov 22 05:11:45",
            "Nov 22 05:11:45 mx",
            "<22>",
            "<",
            "1 2",
            "1 2026-11-22T05:11:45Z mx sendmail 78 - [a b=\"",
            "1 2026-11-22T05:11:45Z mx",
        ] {
            assert_eq!(cut(line), None, "{line:?}");
        }
    }

    #[test]
    fn a_line_of_the_log_stream_is_taken_out_of_its_envelope() {
        let open = |json: &str| {
            let envelope = Envelope::open(json.as_bytes())?;
            let mut clock = Clock::new(2001);
            let line = envelope.line(&mut clock)?;
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            Some((line.at.to_string(), text(line.node), line.pid, text(line.text)))
        };
        let json = r#"{"data":"2026-11-22T05:11:45.5-07:00 m1 sendmail[9]: A: to=<\"b\">","pps":{"agent":"m1.example.net","cid":"c"},"sm":{"stat":"Sent"},"ts":"2026-11-22T05:11:46.5-0700"}"#;
        let wanted = (
            "2026-11-22 12:11:45".to_owned(),
            "m1.example.net".to_owned(),
            9,
            "A: to=<\"b\">".to_owned(),
        );
        assert_eq!(open(json), Some(wanted));
        let bare = r#"{"pps":{"agent":"m2"},"ts":"2026-11-22T05:11:45Z","data":"A: to=<b>"}"#;
        let wanted = ("2026-11-22 05:11:45".to_owned(), "m2".to_owned(), 0, "A: to=<b>".to_owned());
        assert_eq!(open(bare), Some(wanted));
        for broken in
            ["{", "{}", r#"{"data":3}"#, r#"{"data":"A: to=<b>"}"#, r#"{"data":"x","ts":"y"}"#]
        {
            assert_eq!(open(broken), None, "{broken}");
        }
    }
}
