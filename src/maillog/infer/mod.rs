//! From the books to settings: each is a value with how sure it is and what that rests on, or the reason why a log
//! cannot tell. Pure functions of the books.

pub(super) mod connection;
pub(super) mod host_status;
pub(super) mod runs;

use crate::units::Span;

/// Units that people set intervals in, the roundest first, in seconds.
const ROUND: [u64; 11] = [3600, 1800, 900, 600, 300, 60, 30, 15, 10, 5, 1];

/// The roundest whole number of seconds within both ends.
pub(super) fn roundest(low: u64, high: u64) -> Option<u64> {
    ROUND.into_iter().find_map(|unit| {
        let multiple = high / unit * unit;
        (multiple >= low && multiple > 0).then_some(multiple)
    })
}

/// A whole number with its thousands apart.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 message`, `2 messages`.
pub(super) fn counted(number: u64, one: &str) -> String {
    format!("{} {one}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A span in the unit one would use when speaking.
pub(super) fn said(span: Span) -> String {
    let seconds = span.seconds();
    match seconds {
        s if s < 0.9995 => format!("{:.0} ms", s * 1e3),
        s if s < 119.5 => format!("{} s", format!("{s:.1}").trim_end_matches(".0")),
        s if s < 5_970.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.1} h", s / 3600.0),
        s => format!("{:.1} days", s / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_roundest_number_within_the_ends_is_taken() {
        assert_eq!(roundest(28, 31), Some(30));
        assert_eq!(roundest(1795, 1802), Some(1800));
        assert_eq!(roundest(61, 63), Some(63));
        assert_eq!(roundest(0, 0), None);
        assert_eq!(roundest(5, 4), None);
    }

    #[test]
    fn numbers_and_spans_are_written_as_one_would_say_them() {
        assert_eq!(
            (count(4088), count(0), counted(1, "skip")),
            ("4,088".into(), "0".into(), "1 skip".into())
        );
        let spans = [150, 9_940, 30_000, 600_000, 7_200_000, 400_000_000];
        let said: Vec<String> = spans.map(|millis| said(Span::from_millis(millis))).into();
        assert_eq!(said, ["150 ms", "9.9 s", "30 s", "10 min", "2.0 h", "4.6 days"]);
    }
}
