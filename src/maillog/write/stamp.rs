//! Instants as syslog writes them, and the queue ids that Sendmail makes of them.

use super::names;
use crate::model::message::Message;
use crate::units::{SimTime, Span};
use std::fmt::Write as _;
use std::str::FromStr;
use std::time::{Duration, UNIX_EPOCH};

const DAY: u64 = 86_400;
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
/// `QueueIdChars`: each character is a number below 60. Source: sendmail 8.17 source.
const ID_CHARACTERS: &[u8; 60] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwx";

/// How instants are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamps {
    /// As rsyslog does by default: `2026-01-05T09:30:00.123456+00:00`.
    Rfc3339,
    /// The traditional form, of whole seconds and no year: `Jan  5 09:30:00`.
    Rfc3164,
}

/// A day, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date(u64);

impl Date {
    /// Monday, 5 January 2026, and the days of that week: the default for a run that starts so long after
    /// Monday 00:00. A fixed one, so that the same run leaves the same bytes on any day.
    pub fn of_week(since_monday: Span) -> Date {
        Date(20_458 + since_monday.nanos() / Span::from_hours(24).nanos())
    }

    /// Its weekday: 0 is Monday.
    pub fn weekday(self) -> u64 {
        (self.0 + 3) % 7
    }

    /// What its weekday is called.
    pub fn weekday_name(self) -> &'static str {
        WEEKDAYS[self.weekday() as usize]
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = rfc3339(self.0 * DAY).unwrap_or_default();
        f.write_str(text.get(..10).unwrap_or_default())
    }
}

impl FromStr for Date {
    type Err = String;
    fn from_str(text: &str) -> Result<Date, String> {
        let refuse = || format!("{text:?} is no date; write it as 2026-01-05");
        let shaped = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        if !shaped {
            return Err(refuse());
        }
        let midnight = humantime::parse_rfc3339(&format!("{text}T00:00:00Z"));
        let since = midnight.ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        since.map(|since| Date(since.as_secs() / DAY)).ok_or_else(refuse)
    }
}

/// `2026-01-05T09:30:00` of so many seconds since 1970; `None` beyond the year 9999.
fn rfc3339(seconds: u64) -> Option<String> {
    let mut text = String::new();
    let at = UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?;
    write!(text, "{}", humantime::format_rfc3339_seconds(at)).ok()?;
    text.truncate(19);
    Some(text)
}

/// Numbers of a civil instant, as text has them.
fn digits(text: &str, from: usize, to: usize) -> usize {
    text.get(from..to).and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// Turns instants of a run into stamps.
#[derive(Debug)]
pub(super) struct Clock {
    /// Seconds from 1970 to the start of the run, and the nanoseconds beyond.
    start: u64,
    start_nanos: u64,
    stamps: Stamps,
    /// The last second that was written, and how.
    last: (u64, String),
}

impl Clock {
    pub(super) fn new(date: Date, at: Span, stamps: Stamps) -> Self {
        let within_day = at.nanos() % Span::from_hours(24).nanos();
        let second = Span::from_secs(1).nanos();
        let start = date.0 * DAY + within_day / second;
        Clock { start, start_nanos: within_day % second, stamps, last: (u64::MAX, String::new()) }
    }

    /// Seconds since 1970 and the nanoseconds beyond: Sendmail's own clock shows the former.
    fn civil(&self, at: SimTime) -> (u64, u64) {
        let nanos = self.start_nanos + at.nanos() % 1_000_000_000;
        let seconds = self.start + at.nanos() / 1_000_000_000 + nanos / 1_000_000_000;
        (seconds, nanos % 1_000_000_000)
    }

    /// Whole seconds from `from` to `to`, as Sendmail's clock shows them.
    pub(super) fn seconds(&self, from: SimTime, to: SimTime) -> u64 {
        self.civil(to).0.saturating_sub(self.civil(from).0)
    }

    /// Begins a line: stamp, machine, program and process.
    pub(super) fn head(
        &mut self,
        out: &mut String,
        at: SimTime,
        agent: u32,
        (program, pid): (&str, u64),
    ) {
        let (second, nanos) = self.civil(at);
        if self.last.0 != second {
            let text = rfc3339(second).unwrap_or_default();
            let text = match self.stamps {
                Stamps::Rfc3339 => text,
                Stamps::Rfc3164 => {
                    let month = MONTHS[digits(&text, 5, 7).clamp(1, 12) - 1];
                    let day = digits(&text, 8, 10);
                    format!("{month} {day:2} {}", text.get(11..).unwrap_or_default())
                }
            };
            self.last = (second, text);
        }
        out.push_str(&self.last.1);
        // Writing to a String cannot fail.
        let _ = match self.stamps {
            Stamps::Rfc3339 => write!(out, ".{:06}+00:00", nanos / 1000),
            Stamps::Rfc3164 => Ok(()),
        };
        let _ = write!(out, " {} {program}[{pid}]: ", names::machine(agent));
    }

    /// The queue id of `message`: the second in which it was accepted, a sequence number and the process
    /// that accepted it, as `assign_queueid()` composes them.
    pub(super) fn queue_id(&self, message: &Message) -> String {
        self.id(message.created, message.id, names::session_pid(message.id))
    }

    /// The queue id of notice number `number`, made by process `pid`.
    pub(super) fn notice_id(&self, at: SimTime, number: u64, pid: u64) -> String {
        self.id(at, number, pid)
    }

    fn id(&self, at: SimTime, number: u64, pid: u64) -> String {
        let text = rfc3339(self.civil(at).0).unwrap_or_default();
        let year = digits(&text, 0, 4).saturating_sub(1900);
        let month = digits(&text, 5, 7).saturating_sub(1);
        let fields = [(8, 10), (11, 13), (14, 16), (17, 19)].map(|(a, b)| digits(&text, a, b));
        let sequence = (number % 3600) as usize;
        let start = [year, month].into_iter().chain(fields);
        let all = start.chain([sequence / 60, sequence % 60]);
        let mut id: String = all.map(|n| char::from(ID_CHARACTERS[n % 60])).collect();
        // Writing to a String cannot fail.
        let _ = write!(id, "{pid:06}");
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(stamps: Stamps) -> Clock {
        Clock::new("2026-11-22".parse().expect("a date"), Span::from_hours(5), stamps)
    }

    #[test]
    fn a_queue_id_is_composed_as_sendmail_does_it() {
        // The recorded 6AM51PVU000078 was made at 05:01:25 on 22 November 2026 by process 78.
        let at = SimTime::ZERO + Span::from_secs(85);
        let sequence = 31 * 60 + 30;
        assert_eq!(clock(Stamps::Rfc3339).id(at, sequence, 78), "6AM51PVU000078");
    }

    #[test]
    fn a_stamp_has_the_form_of_its_kind() {
        let at = SimTime::from_nanos(1_250_000_000);
        let head = |stamps| {
            let mut out = String::new();
            clock(stamps).head(&mut out, at, 0, ("sendmail", 78));
            out
        };
        assert_eq!(head(Stamps::Rfc3339), "2026-11-22T05:00:01.250000+00:00 mx1 sendmail[78]: ");
        assert_eq!(head(Stamps::Rfc3164), "Nov 22 05:00:01 mx1 sendmail[78]: ");
    }

    #[test]
    fn the_default_week_begins_on_a_monday() {
        let monday = Date::of_week(Span::ZERO);
        assert_eq!((monday.to_string().as_str(), monday.weekday()), ("2026-01-05", 0));
        let friday = Date::of_week(Span::from_hours(4 * 24 + 9));
        assert_eq!((friday.to_string().as_str(), friday.weekday_name()), ("2026-01-09", "Friday"));
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in ["", "2026", "2026-13-01", "2026-02-30", "05.01.2026", "2026-1-5", "26-01-05xx"]
        {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
        assert!("1969-12-31".parse::<Date>().is_err(), "before syslog");
    }
}
