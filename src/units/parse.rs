//! Quantities as people write them: `20m`, `1h 30m`, `36 MB`, `104/min`, `0.1%`, `20 Mbit/s`, `09:30`.
//!
//! A number without its unit is refused where a unit is due, with a proposal; nothing here guesses.
//! Decimals are computed in `f64` with plain multiplication only, so every machine agrees.

use super::{Bandwidth, ByteSize, Rate, Share, Span};
use thiserror::Error;

/// Why a text is not the quantity it should be, in a sentence for the person who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct UnitError(pub String);

fn error<T>(text: impl Into<String>) -> Result<T, UnitError> {
    Err(UnitError(text.into()))
}

/// Longest text any quantity needs; more is refused before it is looked at.
const LONGEST: usize = 200;

/// A plain non-negative decimal number: `20`, `1.5`, `1_000`, `1e3`. Signs, `.inf` and `.nan` are refused.
pub fn number(text: &str) -> Result<f64, UnitError> {
    let text = text.trim();
    if text.is_empty() {
        return error("a number is missing");
    }
    if let Some(rest) = text.strip_prefix(['-', '\u{2212}'])
        && number(rest).is_ok()
    {
        return error("must not be negative");
    }
    let plain = text.strip_prefix('+').unwrap_or(text);
    let shaped = plain.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && plain.ends_with(|c: char| c.is_ascii_digit() || c == '.')
        && plain.chars().any(|c| c.is_ascii_digit())
        && plain
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '.' | '_' | 'e' | 'E' | '+' | '-'));
    if plain.contains(',') {
        return error("write a decimal point, and no thousands separators (1500.5, not 1,500.5)");
    }
    let digits = plain.replace('_', "");
    match digits.parse::<f64>() {
        Ok(value) if shaped && value.is_finite() && value >= 0.0 => Ok(value),
        Ok(value) if shaped && value.is_infinite() => error("is too large a number"),
        _ => error("is not a number"),
    }
}

/// A whole non-negative number: `20`, `1_000`, `6e3`; not `1.5`.
pub fn whole(text: &str) -> Result<u64, UnitError> {
    let digits = text.trim().strip_prefix('+').unwrap_or(text.trim()).replace('_', "");
    if !digits.is_empty() && digits.len() < LONGEST && digits.bytes().all(|b| b.is_ascii_digit()) {
        return digits.parse().or_else(|_| error("is too large a number"));
    }
    let value = number(text)?;
    if value.fract() != 0.0 {
        return error("must be a whole number");
    }
    // Above 2^53 a float no longer holds every whole number, so such texts are refused, not rounded.
    if value > 9_007_199_254_740_992.0 {
        return error("is too large a number");
    }
    Ok(value as u64)
}

/// A duration: one or more numbers, each with `ns`, `us`, `ms`, `s`, `m`, `h`, `d` or `w`.
pub fn span(text: &str) -> Result<Span, UnitError> {
    let text = text.trim();
    if let Ok(value) = number(text) {
        if value == 0.0 {
            return error("0 what? write 0s");
        }
        return error(format!("{text} what? write {text}s, {text}m or {text}h"));
    }
    if text.contains(':') {
        return error("is a time of day; a duration is written 9h 30m");
    }
    let mut rest = text;
    let mut nanos = 0.0_f64;
    let mut exact: Option<u64> = Some(0);
    while !rest.is_empty() {
        let (value, digits, after) = leading_number(rest)?;
        let (unit, after) = leading_word(after);
        let Some(scale) = span_unit(unit) else {
            return unknown_unit(text, digits, unit, "ns, us, ms, s, m, h, d and w");
        };
        nanos += value * scale as f64;
        // Whole numbers of units stay exact integers; only decimals go through floating point.
        exact = exact.and_then(|sum| {
            let count = digits.replace('_', "").parse::<u64>().ok()?;
            sum.checked_add(count.checked_mul(scale)?)
        });
        rest = after;
    }
    match exact {
        _ if text.is_empty() => error("a duration is missing, such as 30s, 20m or 1h 30m"),
        Some(sum) => Ok(Span::from_nanos(sum)),
        None if nanos >= u64::MAX as f64 => error("is too long"),
        None => Ok(Span::from_nanos(nanos.round() as u64)),
    }
}

fn span_unit(unit: &str) -> Option<u64> {
    Some(match unit.to_ascii_lowercase().as_str() {
        "ns" => 1,
        "us" | "µs" => 1_000,
        "ms" | "msec" | "millisecond" | "milliseconds" => 1_000_000,
        "s" | "sec" | "secs" | "second" | "seconds" => 1_000_000_000,
        "m" | "min" | "mins" | "minute" | "minutes" => 60_000_000_000,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600_000_000_000,
        "d" | "day" | "days" => 86_400_000_000_000,
        "w" | "week" | "weeks" => 604_800_000_000_000,
        _ => return None,
    })
}

/// Splits a number off the front: its value, its text, and what follows without leading blanks.
fn leading_number(text: &str) -> Result<(f64, &str, &str), UnitError> {
    if text.len() > LONGEST {
        return error("is far too long a text for a number with a unit");
    }
    let negative = text.starts_with(['-', '\u{2212}']);
    let end =
        text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '_'))).unwrap_or(text.len());
    if negative {
        return error("must not be negative");
    }
    let digits = &text[..end];
    if !digits.bytes().any(|byte| byte.is_ascii_digit()) {
        return error("is not a number with a unit");
    }
    let value = number(digits)?;
    Ok((value, digits, text[end..].trim_start()))
}

fn leading_word(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_alphabetic()).unwrap_or(text.len());
    (&text[..end], text[end..].trim_start())
}

fn unknown_unit<T>(whole: &str, digits: &str, unit: &str, known: &str) -> Result<T, UnitError> {
    if unit.is_empty() {
        return error(format!("{digits} what in \"{whole}\"? the units are {known}"));
    }
    error(format!("{unit} is not a unit here; the units are {known}"))
}

/// A size: `18 KB`, `36 MB` (1000), `64 KiB`, `20 MiB` (1024), `512 B`.
pub fn byte_size(text: &str) -> Result<ByteSize, UnitError> {
    let text = text.trim();
    if number(text).is_ok() {
        return error(format!("{text} what? write {text} B, {text} KB or {text} MB"));
    }
    let (value, digits, unit) = leading_number(text)?;
    let scale = match unit.to_ascii_lowercase().as_str() {
        "b" | "byte" | "bytes" => 1.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => return unknown_unit(text, digits, unit, "B, KB, MB, GB, KiB, MiB and GiB"),
    };
    let bytes = (value * scale).round();
    if bytes > 9_007_199_254_740_992.0 {
        return error("is too large a size");
    }
    Ok(ByteSize(bytes as u64))
}

/// A rate: `104/min`; per `s`, `min`, `h` or `day`.
pub fn rate(text: &str) -> Result<Rate, UnitError> {
    let text = text.trim();
    if number(text).is_ok() {
        return error(format!(
            "{text} per what? write {text}/s, {text}/min, {text}/h or {text}/day"
        ));
    }
    let Some((count, per)) = text.split_once('/') else {
        return error("is not a rate; write 104/min");
    };
    let count = number(count)?;
    let seconds = match per.trim().to_ascii_lowercase().as_str() {
        "s" | "sec" | "second" => 1.0,
        "min" | "m" | "minute" => 60.0,
        "h" | "hour" => 3600.0,
        "day" | "d" => 86_400.0,
        _ => return error(format!("per \"{}\"? rates are per s, min, h or day", per.trim())),
    };
    Ok(Rate(count / seconds))
}

/// A share: `20%`, `0.1 %`, or a bare `0`. Other bare numbers are refused: 0.2 and 20 look alike.
pub fn share(text: &str) -> Result<Share, UnitError> {
    let text = text.trim();
    let Some(percent) = text.strip_suffix('%') else {
        return match number(text) {
            Ok(0.0) => Ok(Share::ZERO),
            Ok(value) if value <= 1.0 => {
                error(format!("{text} what? write {}% (or 0)", trim_float(value * 100.0)))
            }
            Ok(_) => error(format!("{text} what? write {text}%")),
            Err(_) => error("is not a share; write 20%"),
        };
    };
    let value = number(percent)?;
    if value > 100.0 {
        return error("is more than 100%");
    }
    Ok(Share::new(value / 100.0))
}

fn trim_float(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A bandwidth in bits a second: `20 Mbit/s`, `500 kbit/s`, `1 Gbit/s`.
pub fn bandwidth(text: &str) -> Result<Bandwidth, UnitError> {
    let text = text.trim();
    if number(text).is_ok() {
        return error(format!("{text} what? write {text} Mbit/s"));
    }
    let (value, digits, unit) = leading_number(text)?;
    let unit: String = unit.chars().filter(|c| !c.is_whitespace()).collect();
    let scale = match unit.to_ascii_lowercase().as_str() {
        "bit/s" | "bps" => 1.0,
        "kbit/s" | "kbps" => 1e3,
        "mbit/s" | "mbps" => 1e6,
        "gbit/s" | "gbps" => 1e9,
        "mb/s" | "kb/s" | "gb/s" => {
            return error("bits or bytes? bandwidth is in bits: write Mbit/s (1 MB/s = 8 Mbit/s)");
        }
        _ => return unknown_unit(text, digits, &unit, "kbit/s, Mbit/s and Gbit/s"),
    };
    Ok(Bandwidth(value * scale))
}

/// A time of day as the time since midnight: `09:30`, `9:30`, `23:59:30`.
pub fn time_of_day(text: &str) -> Result<Span, UnitError> {
    let parts: Vec<&str> = text.trim().split(':').collect();
    let two_digits =
        |part: &&str| (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    if !(2..=3).contains(&parts.len()) || !parts.iter().all(two_digits) {
        return error("is not a time of day such as 09:30");
    }
    let mut fields = parts.iter().map(|part| part.parse::<u64>().unwrap_or(99));
    let (hours, minutes, seconds) =
        (fields.next().unwrap_or(99), fields.next().unwrap_or(99), fields.next().unwrap_or(0));
    if hours > 23 || minutes > 59 || seconds > 59 {
        return error("is not a time of day; hours run from 00 to 23, minutes from 00 to 59");
    }
    Ok(Span::from_secs(hours * 3600 + minutes * 60 + seconds))
}

/// A weekday and a time as the time since Monday 00:00: `Mon 00:00`, `Wednesday 09:30`.
pub fn week_time(text: &str) -> Result<Span, UnitError> {
    const DAYS: [&str; 7] =
        ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let Some((day, time)) = text.trim().split_once(char::is_whitespace) else {
        return error("is not a weekday and a time such as Mon 00:00");
    };
    let day = day.to_ascii_lowercase();
    let found = DAYS.iter().position(|name| day.len() >= 3 && name.starts_with(&day));
    let Some(index) = found else {
        return error(format!("{day} is not a weekday; write Mon, Tue, Wed, Thu, Fri, Sat or Sun"));
    };
    Ok(Span::from_hours(24 * index as u64) + time_of_day(time)?)
}

/// `on`, `off`, `true`, `false`, `yes`, `no`, in any case.
pub fn flag(text: &str) -> Result<bool, UnitError> {
    match text.trim().to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" => Ok(true),
        "off" | "false" | "no" => Ok(false),
        _ => error("is neither on nor off"),
    }
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
