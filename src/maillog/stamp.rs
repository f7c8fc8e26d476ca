//! Instants of a log: reading the stamps that syslog writes, and writing them again.
//!
//! Three forms begin a line: RFC 3164 (`Nov 22 05:11:45`, with or without a fraction, or a year), RFC 3339
//! (`2026-11-22T05:11:45.746+01:00`) and RFC 5424 (`<22>1 2026-11-22T05:11:45Z`). A stamp without a year takes it
//! from those before it: December followed by January is the next year. Such a year counts as a leap year from
//! its first 29 February on.

use crate::units::Span;
use std::fmt;

/// An instant in microseconds. Where the log has no year, years are counted from [`Stamp::NO_YEAR`] on; a time zone
/// is applied where a stamp has one, else the time is the log's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(pub i64);

const DAY: i64 = 86_400_000_000;
const SECOND: i64 = 1_000_000;
const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

impl Stamp {
    /// The year that stamps without one begin with: a common year, as most are.
    pub const NO_YEAR: i64 = 2001;

    /// Time since `earlier`; zero if it is not earlier.
    pub fn since(self, earlier: Stamp) -> Span {
        let micros = self.0.saturating_sub(earlier.0).max(0) as u64;
        Span::from_nanos(micros.saturating_mul(1000))
    }

    /// This many seconds before.
    pub(super) fn less_seconds(self, seconds: u64) -> Stamp {
        let micros = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(SECOND);
        Stamp(self.0.saturating_sub(micros))
    }

    /// Whole seconds, as Sendmail's clock has them.
    pub(super) fn second(self) -> i64 {
        self.0.div_euclid(SECOND)
    }

    /// Days since 1970.
    pub(super) fn day(self) -> i64 {
        self.0.div_euclid(DAY)
    }

    /// Start of a day.
    pub(super) fn of_day(day: i64) -> Stamp {
        Stamp(day.saturating_mul(DAY))
    }

    /// Written with the year, or without one where the log has none.
    pub fn written(self, years: bool) -> String {
        let (year, month, day) = civil(self.day());
        let time = self.clock();
        if years {
            format!("{year:04}-{month:02}-{day:02} {time}")
        } else {
            let name = String::from_utf8_lossy(MONTHS[(month - 1).clamp(0, 11) as usize]);
            format!("{name} {day:2} {time}")
        }
    }

    /// Its time of day.
    pub(super) fn clock(self) -> String {
        let seconds = self.second();
        let (hours, minutes) = (seconds.rem_euclid(86_400) / 3600, seconds.rem_euclid(3600) / 60);
        format!("{hours:02}:{minutes:02}:{:02}", seconds.rem_euclid(60))
    }

    /// Reads an instant as a user writes it: `2026-11-22`, `2026-11-22T05:11[:45][Z|+01:00]`, or for a log without
    /// years `Nov 22` or `Nov 22 05:11[:45]`, of the first such date from `from` on.
    pub fn typed(text: &str, from: Stamp) -> Option<Stamp> {
        let bytes = text.trim().as_bytes();
        if bytes.first()?.is_ascii_digit() {
            let day = iso_date(bytes)?;
            let rest = bytes.get(10..)?;
            let of_day = match rest.first() {
                None => Some(0),
                Some(b'T' | b't' | b' ') => typed_time(&rest[1..]),
                Some(_) => None,
            }?;
            return Some(Stamp(day * DAY + of_day));
        }
        let month = month_of(bytes)?;
        let (day, rest) = day_of_month(bytes.get(3..)?)?;
        let of_day = match rest.first() {
            None => 0,
            Some(_) => typed_time(rest)?,
        };
        let (year, ..) = civil(from.day());
        let instant = |year| Stamp(days(year, month, day) * DAY + of_day);
        let this = instant(year);
        Some(if this.day() < from.day() { instant(year + 1) } else { this })
    }
}

/// `05:11` with or without seconds, fraction and zone, in microseconds.
fn typed_time(text: &[u8]) -> Option<i64> {
    let mut padded;
    let text = if text.len() == 5 || matches!(text.get(5), Some(b'Z' | b'z' | b'+' | b'-')) {
        padded = text.get(..5)?.to_vec();
        padded.extend_from_slice(b":00");
        padded.extend_from_slice(&text[5..]);
        &padded[..]
    } else {
        text
    };
    let (of_day, rest) = time_of_day(text)?;
    let (offset, rest) = zone(rest)?;
    rest.is_empty().then_some(of_day - offset)
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written(true))
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar (H. Hinnant's algorithm: years begin in March).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date of a day since 1970.
fn civil(day: i64) -> (i64, i64, i64) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let part = (5 * of_year + 2) / 153;
    let month = if part < 10 { part + 3 } else { part - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    (year, month, of_year - (153 * part + 2) / 5 + 1)
}

fn digits(text: &[u8]) -> Option<i64> {
    // No part of a stamp is longer.
    if text.len() > 9 {
        return None;
    }
    let mut value = 0;
    for byte in text {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i64::from(byte - b'0');
    }
    Some(value)
}

fn month_of(text: &[u8]) -> Option<i64> {
    let name = text.get(..3)?;
    MONTHS.iter().position(|month| name.eq_ignore_ascii_case(&month[..])).map(|at| at as i64 + 1)
}

/// ` 3`, `03` or `3` after a space, and what follows the next space.
fn day_of_month(text: &[u8]) -> Option<(i64, &[u8])> {
    let text = text.trim_ascii_start();
    let end = text.iter().position(|byte| *byte == b' ').unwrap_or(text.len());
    let day = digits(text.get(..end)?)?;
    ((1..=2).contains(&end) && (1..=31).contains(&day))
        .then(|| (day, text[end..].trim_ascii_start()))
}

/// `05:11:45` with or without a fraction, in microseconds, and what follows.
fn time_of_day(text: &[u8]) -> Option<(i64, &[u8])> {
    let at = |from: usize| digits(text.get(from..from + 2)?);
    let (hours, minutes, seconds) = (at(0)?, at(3)?, at(6)?);
    if text[2] != b':' || text[5] != b':' || hours > 23 || minutes > 59 || seconds > 60 {
        return None;
    }
    let mut micros = ((hours * 60 + minutes) * 60 + seconds) * SECOND;
    let mut rest = &text[8..];
    if let [b'.' | b',', after @ ..] = rest {
        let mut unit = SECOND / 10;
        let length = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
        for byte in &after[..length] {
            micros += i64::from(byte - b'0') * unit;
            unit /= 10;
        }
        if length == 0 {
            return None;
        }
        rest = &after[length..];
    }
    Some((micros, rest))
}

/// `Z`, `+01:00`, `-0700` or nothing: microseconds east of Greenwich, and what follows.
fn zone(text: &[u8]) -> Option<(i64, &[u8])> {
    let sign = match text.first() {
        Some(b'Z' | b'z') => return Some((0, &text[1..])),
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return Some((0, text)),
    };
    let hours = digits(text.get(1..3)?)?;
    let (minutes, end) = match text.get(3) {
        Some(b':') => (digits(text.get(4..6)?)?, 6),
        Some(byte) if byte.is_ascii_digit() => (digits(text.get(3..5)?)?, 5),
        _ => (0, 3),
    };
    Some((sign * (hours * 60 + minutes) * 60 * SECOND, &text[end..]))
}

/// `2026-11-22` as days since 1970.
fn iso_date(text: &[u8]) -> Option<i64> {
    let (year, month, day) =
        (digits(text.get(..4)?)?, digits(text.get(5..7)?)?, digits(text.get(8..10)?)?);
    let real = text[4] == b'-' && text[7] == b'-' && (1..=12).contains(&month);
    (real && (1..=31).contains(&day)).then(|| days(year, month, day))
}

/// Reads the stamps of one file from its top to its end.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    /// Year of stamps that have none.
    year: i64,
    /// Month of the last of those.
    month: i64,
    /// Whether 29 February was seen in that year, which it should not have.
    leap: bool,
    /// The last date as it was written, and its day: most lines are of the day of the line before.
    date: ([u8; 6], i64),
    /// Whether a stamp had a year; a fraction of a second.
    pub(super) years: bool,
    pub(super) fractions: bool,
}

impl Clock {
    /// A clock that begins in `year`.
    pub(super) fn new(year: i64) -> Self {
        let date = ([0; 6], 0);
        Clock { year, month: 0, leap: false, date, years: false, fractions: false }
    }

    /// The stamp at the start of `line` and what follows it, past spaces.
    pub(super) fn read<'a>(&mut self, line: &'a [u8]) -> Option<(Stamp, &'a [u8])> {
        let (stamp, rest) = if line.first()?.is_ascii_digit() {
            self.with_year(line)?
        } else {
            self.without_year(line)?
        };
        Some((stamp, rest.trim_ascii_start()))
    }

    fn with_year<'a>(&mut self, line: &'a [u8]) -> Option<(Stamp, &'a [u8])> {
        let day = iso_date(line)?;
        if !matches!(line.get(10)?, b'T' | b't' | b' ') {
            return None;
        }
        let text = &line[11..];
        let (of_day, rest) = time_of_day(text)?;
        self.fractions |= text.len() - rest.len() > 8;
        let (offset, rest) = zone(rest)?;
        self.years = true;
        matches!(rest.first(), None | Some(b' '))
            .then_some((Stamp(day * DAY + of_day - offset), rest))
    }

    fn without_year<'a>(&mut self, line: &'a [u8]) -> Option<(Stamp, &'a [u8])> {
        let date: [u8; 6] = line.get(..6)?.try_into().ok()?;
        let mut rest = line.get(7..)?;
        let day = if date == self.date.0 && line[6] == b' ' && rest.get(2) == Some(&b':') {
            self.date.1
        } else {
            let month = month_of(line)?;
            let (of_month, after) = day_of_month(line.get(3..)?)?;
            rest = after;
            // Some syslogs write the year behind the day: `Nov 22 2026 05:11:45`.
            match (rest.get(..4).and_then(digits), rest.get(4)) {
                (Some(year), Some(b' ')) => {
                    rest = rest[5..].trim_ascii_start();
                    self.years = true;
                    days(year, month, of_month)
                }
                _ => self.day_of_year(month, of_month, date),
            }
        };
        let (of_day, after) = time_of_day(rest)?;
        self.fractions |= rest.len() - after.len() > 8;
        matches!(after.first(), Some(b' ')).then_some((Stamp(day * DAY + of_day), after))
    }

    fn day_of_year(&mut self, month: i64, day: i64, date: [u8; 6]) -> i64 {
        if self.month >= 11 && month <= 2 {
            self.year += 1;
            self.leap = false;
        }
        // A few lines out of order around the turn of the year are of the old year.
        let year = if self.month != 0 && self.month <= 2 && month >= 11 {
            self.year - 1
        } else {
            self.month = month;
            self.year
        };
        self.leap |= month == 2 && day == 29;
        let shift = i64::from(self.leap && month > 2 && year == self.year);
        let day = days(year, month, day) + shift;
        self.date = (date, day);
        day
    }
}

#[cfg(test)]
#[path = "stamp_tests.rs"]
mod tests;
