//! Numbers as people write them: `4.2 s`, `12m 30s`, `6.6 h`, `0.12 %`, `110,000`.

use crate::experiment::Estimate;
use crate::measure::Unit;

/// Seconds: two or three significant figures, in the unit one would use when speaking.
pub fn duration(seconds: f64) -> String {
    let whole = seconds.round();
    match seconds {
        s if s < 0.0005 => "0 s".to_owned(),
        s if s < 0.9995 => format!("{:.0} ms", s * 1e3),
        s if s < 59.95 => format!("{s:.1} s"),
        s if s < 3599.5 => format!("{:.0}m {:02.0}s", (whole / 60.0).floor(), whole % 60.0),
        s if s < 171_000.0 => format!("{:.1} h", s / 3600.0),
        s => format!("{:.1} d", s / 86_400.0),
    }
}

/// Seconds, short enough for the ends of an interval: `4.2s`, `12m`, `6.6h`.
fn brief_duration(seconds: f64) -> String {
    match seconds {
        s if s < 0.0005 => "0s".to_owned(),
        s if s < 0.9995 => format!("{:.0}ms", s * 1e3),
        s if s < 59.95 => format!("{s:.1}s"),
        s if s < 597.0 => format!("{:.1}m", s / 60.0),
        s if s < 3570.0 => format!("{:.0}m", s / 60.0),
        s if s < 171_000.0 => format!("{:.1}h", s / 3600.0),
        s => format!("{:.1}d", s / 86_400.0),
    }
}

/// A share of 1 as a percentage with two significant figures.
pub fn share(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        0.0 => "0 %".to_owned(),
        p if p < 0.001 => "<0.001 %".to_owned(),
        p if p < 0.1 => format!("{p:.3} %"),
        p if p < 10.0 => format!("{p:.2} %"),
        p => format!("{p:.1} %"),
    }
}

/// A count: thousands separated, one decimal when it is small and not whole.
pub fn number(value: f64) -> String {
    let text = match value {
        v if v.fract() == 0.0 || v >= 99.95 => format!("{v:.0}"),
        v if v < 0.95 => format!("{v:.2}"),
        v => format!("{v:.1}"),
    };
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut out = String::new();
    for (position, digit) in whole.chars().enumerate() {
        if position > 0 && (whole.len() - position).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}

/// A value of `unit`.
pub fn quantity(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Seconds => duration(value),
        Unit::Share => share(value),
        Unit::Count => number(value),
        Unit::Bytes => crate::units::ByteSize(value as u64).to_string(),
        Unit::PerSecond => format!("{}/s", number(value)),
    }
}

pub(super) fn brief(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Seconds => brief_duration(value),
        _ => quantity(value, unit).replace(' ', ""),
    }
}

/// An estimate's value (`> 2.1 h` where it is a lower bound), its interval (`45m .. 53m`) and the range of
/// a single day. What is not known is a dash.
pub fn estimate(estimate: &Estimate, unit: Unit) -> [String; 3] {
    let dash = || "-".to_owned();
    let range = |low: Option<f64>, high: Option<f64>, open: bool| match (low, high) {
        (Some(low), Some(high)) if low == high && !open => brief(low, unit),
        (Some(low), Some(high)) => {
            let sign = if open { ">" } else { "" };
            format!("{} .. {sign}{}", brief(low, unit), brief(high, unit))
        }
        _ => dash(),
    };
    let sign = if estimate.censored { "> " } else { "" };
    let open = estimate.high_censored;
    [
        estimate.point.map_or_else(dash, |point| format!("{sign}{}", quantity(point, unit))),
        range(estimate.low, estimate.high, open),
        range(estimate.day_low, estimate.day_high, false),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_one_would_say_them() {
        for (seconds, text) in [
            (0.0, "0 s"),
            (0.35, "350 ms"),
            (0.9996, "1.0 s"),
            (4.2, "4.2 s"),
            (59.97, "1m 00s"),
            (750.0, "12m 30s"),
            (3599.9, "1.0 h"),
            (23_760.0, "6.6 h"),
            (432_000.0, "5.0 d"),
        ] {
            assert_eq!(duration(seconds), text, "{seconds}");
        }
    }

    #[test]
    fn shares_and_counts_keep_their_size_readable() {
        assert_eq!(share(0.0), "0 %");
        assert_eq!(share(0.000_001), "<0.001 %");
        assert_eq!(share(0.0012), "0.12 %");
        assert_eq!(share(1.0), "100.0 %");
        assert_eq!(number(1_234_567.0), "1,234,567");
        assert_eq!(number(110_000.4), "110,000");
        assert_eq!(number(22.35), "22.4");
        assert_eq!(number(0.05), "0.05");
        assert_eq!(number(0.0), "0");
    }

    #[test]
    fn a_lower_bound_is_marked_and_the_unknown_is_a_dash() {
        let censored = Estimate {
            point: Some(7560.0),
            low: Some(3600.0),
            high: Some(7560.0),
            censored: true,
            high_censored: true,
            ..Estimate::default()
        };
        assert_eq!(estimate(&censored, Unit::Seconds), ["> 2.1 h", "1.0h .. >2.1h", "-"]);
        assert_eq!(estimate(&Estimate::default(), Unit::Count), ["-", "-", "-"]);
    }
}
