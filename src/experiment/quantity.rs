//! Values with units in expectations: `1h 30m`, `2.5 min`, `5 %`, `36 MB`, `10/s`.

use crate::measure::Unit;

const TIMES: &[(&str, f64)] = &[
    ("ms", 1e-3),
    ("s", 1.0),
    ("sec", 1.0),
    ("m", 60.0),
    ("min", 60.0),
    ("h", 3600.0),
    ("hour", 3600.0),
    ("hours", 3600.0),
    ("d", 86_400.0),
    ("day", 86_400.0),
    ("days", 86_400.0),
];
const SIZES: &[(&str, f64)] = &[
    ("B", 1.0),
    ("KB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
];
const RATES: &[(&str, f64)] =
    &[("/s", 1.0), ("/min", 60.0), ("/h", 3600.0), ("/hour", 3600.0), ("/day", 86_400.0)];

/// Reads a value of `unit`: seconds, a share of 1, a count, bytes or things a second.
///
/// # Errors
/// What is accepted, in a form that completes "... is not a value here; accepted: ".
pub fn parse_quantity(text: &str, unit: Unit) -> Result<f64, &'static str> {
    let text = text.trim();
    let (value, accepted) = match unit {
        Unit::Seconds => {
            (sum_of_times(text), "a duration with its unit: 250ms, 4.5s, 5m, 1h 30m, 2d")
        }
        Unit::Share => (share(text), "a share: 5 %, 0.1 %, or a number from 0 to 1"),
        Unit::Count => (number(text), "a number without unit: 0, 22, 1.5"),
        Unit::Bytes => (scaled(text, SIZES, |n, f| n * f), "a size: 500 B, 18 KB, 36 MB, 1 GiB"),
        Unit::PerSecond => (scaled(text, RATES, |n, f| n / f), "a rate: 10/s, 600/min, 36000/h"),
    };
    value.filter(|value| value.is_finite()).ok_or(accepted)
}

/// A plain, finite, non-negative decimal number. (`parse` alone would take `inf` and `1e5`.)
pub(super) fn number(text: &str) -> Option<f64> {
    let plain = text.chars().all(|c| c.is_ascii_digit() || c == '.');
    if plain { text.parse().ok() } else { None }
}

fn share(text: &str) -> Option<f64> {
    match text.strip_suffix('%') {
        Some(percent) => number(percent.trim()).map(|percent| percent / 100.0),
        None => number(text).filter(|share| *share <= 1.0),
    }
}

/// Splits a leading number from what follows it.
fn split(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    Some((number(&text[..end])?, text[end..].trim_start()))
}

fn scaled(text: &str, units: &[(&str, f64)], by: fn(f64, f64) -> f64) -> Option<f64> {
    let (number, unit) = split(text)?;
    let unit = unit.replace(' ', "");
    units.iter().find(|(name, _)| *name == unit).map(|(_, factor)| by(number, *factor))
}

/// One or more numbers with units of time: `1h 30m`.
fn sum_of_times(text: &str) -> Option<f64> {
    let (mut rest, mut sum) = (text, 0.0);
    loop {
        let (number, after) = split(rest)?;
        let end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (_, factor) = TIMES.iter().find(|(name, _)| *name == &after[..end])?;
        sum += number * factor;
        rest = after[end..].trim_start();
        if rest.is_empty() {
            return Some(sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_with_their_units() {
        for (text, unit, value) in [
            ("1h 30m", Unit::Seconds, 5400.0),
            ("1h30m", Unit::Seconds, 5400.0),
            ("2.5 min", Unit::Seconds, 150.0),
            ("250ms", Unit::Seconds, 0.25),
            ("5d", Unit::Seconds, 432_000.0),
            ("5 %", Unit::Share, 0.05),
            ("0.2", Unit::Share, 0.2),
            ("0", Unit::Share, 0.0),
            ("22", Unit::Count, 22.0),
            ("36 MB", Unit::Bytes, 36e6),
            ("600/min", Unit::PerSecond, 10.0),
            ("10 / s", Unit::PerSecond, 10.0),
        ] {
            assert_eq!(parse_quantity(text, unit), Ok(value), "{text}");
        }
    }

    #[test]
    fn a_bare_number_where_a_duration_is_due_and_other_slips_are_refused() {
        for (text, unit) in [
            ("20", Unit::Seconds),
            ("1h 30", Unit::Seconds),
            ("an hour", Unit::Seconds),
            ("", Unit::Seconds),
            ("5m", Unit::Share),
            ("5", Unit::Share),
            ("5 %", Unit::Count),
            ("-1", Unit::Count),
            ("inf", Unit::Count),
            ("NaN", Unit::Count),
            ("1e400", Unit::Count),
            ("36 Mb", Unit::Bytes),
            ("10", Unit::PerSecond),
            ("1.2.3 s", Unit::Seconds),
        ] {
            assert!(parse_quantity(text, unit).is_err(), "{text} as {unit:?}");
        }
    }
}
