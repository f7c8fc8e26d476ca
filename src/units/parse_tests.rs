use super::*;
use proptest::prelude::*;

fn says<T: std::fmt::Debug>(result: Result<T, UnitError>, words: &str) {
    let message = result.expect_err("refused").to_string();
    assert!(message.contains(words), "{message:?} does not say {words:?}");
}

#[test]
fn durations_are_read_as_people_write_them() {
    for (text, nanos) in [
        ("20m", 1_200_000_000_000),
        ("1h 30m", 5_400_000_000_000),
        ("1h30m", 5_400_000_000_000),
        ("1.5h", 5_400_000_000_000),
        ("90 s", 90_000_000_000),
        ("300ms", 300_000_000),
        ("5d", 432_000_000_000_000),
        ("0s", 0),
        ("0.1s", 100_000_000),
        ("250us", 250_000),
        ("2 weeks", 1_209_600_000_000_000),
        ("1_000s", 1_000_000_000_000),
    ] {
        assert_eq!(span(text), Ok(Span::from_nanos(nanos)), "{text}");
    }
}

#[test]
fn a_bare_number_is_asked_for_its_unit() {
    says(span("20"), "20 what? write 20s, 20m or 20h");
    says(span("1.5"), "write 1.5s, 1.5m or 1.5h");
    says(span("0"), "write 0s");
    says(byte_size("18"), "write 18 B, 18 KB or 18 MB");
    says(rate("104"), "write 104/s, 104/min");
    says(share("0.2"), "write 20% (or 0)");
    says(share("20"), "write 20%");
    says(bandwidth("20"), "write 20 Mbit/s");
}

#[test]
fn impossible_durations_are_refused_with_a_reason() {
    says(span("-5m"), "negative");
    says(span("5 fortnights"), "fortnights is not a unit");
    says(span("1h 30"), "30 what");
    says(span("99999999999999999999d"), "too long");
    says(span("9:30"), "time of day");
    says(span(""), "missing");
    says(span("soon"), "not a number with a unit");
    says(span(".inf"), "not a number with a unit");
    says(span("1..5h"), "not a number");
}

#[test]
fn sizes_keep_decimal_and_binary_units_apart() {
    assert_eq!(byte_size("18 KB"), Ok(ByteSize(18_000)));
    assert_eq!(byte_size("1.5MiB"), Ok(ByteSize(1_572_864)));
    assert_eq!(byte_size("512 B"), Ok(ByteSize(512)));
    says(byte_size("3 TB"), "TB is not a unit");
    says(byte_size("99999999999 GB"), "too large");
}

#[test]
fn rates_are_per_second_minute_hour_or_day() {
    assert_eq!(rate("120/min"), Ok(Rate(2.0)));
    assert_eq!(rate("86400 / day"), Ok(Rate(1.0)));
    assert_eq!(rate("0.5/s"), Ok(Rate(0.5)));
    says(rate("5/year"), "per s, min, h or day");
    says(rate("fast"), "not a rate");
}

#[test]
fn shares_are_percentages() {
    assert_eq!(share("20%").map(Share::value), Ok(0.2));
    assert_eq!(share("0.1 %").map(Share::value), Ok(0.001));
    assert_eq!(share("0"), Ok(Share::ZERO));
    says(share("101%"), "more than 100%");
    says(share("-1%"), "negative");
}

#[test]
fn bandwidth_is_in_bits_and_asks_when_bytes_are_written() {
    assert_eq!(bandwidth("20 Mbit/s"), Ok(Bandwidth(20e6)));
    assert_eq!(bandwidth("500kbit/s"), Ok(Bandwidth(500e3)));
    says(bandwidth("20 MB/s"), "bits or bytes");
}

#[test]
fn clock_times_stay_within_a_day_and_a_week() {
    assert_eq!(time_of_day("09:30"), Ok(Span::from_mins(570)));
    assert_eq!(time_of_day("9:30:05"), Ok(Span::from_secs(34_205)));
    says(time_of_day("24:00"), "00 to 23");
    says(time_of_day("0930"), "such as 09:30");
    assert_eq!(week_time("Mon 00:00"), Ok(Span::ZERO));
    assert_eq!(week_time("wednesday 06:00"), Ok(Span::from_hours(54)));
    says(week_time("Noday 06:00"), "not a weekday");
}

#[test]
fn numbers_allow_underscores_and_refuse_what_is_not_finite() {
    assert_eq!(whole("1_000"), Ok(1000));
    assert_eq!(whole("6e3"), Ok(6000));
    says(whole("1.5"), "whole number");
    says(whole("99999999999999999999999"), "too large");
    for text in [".inf", ".nan", "inf", "NaN", "1,5", "0x10", "", "e5", "--1"] {
        assert!(number(text).is_err(), "{text}");
    }
    says(number("-3"), "negative");
    says(number("1e999"), "too large");
}

proptest! {
    #[test]
    fn no_text_makes_a_parser_panic(text in ".{0,40}") {
        let _ = (span(&text), byte_size(&text), rate(&text), share(&text), bandwidth(&text));
        let _ = (time_of_day(&text), week_time(&text), flag(&text), whole(&text), number(&text));
    }

    #[test]
    fn a_written_span_is_read_back(nanos in 0_u64..=400 * 365 * 86_400_000_000_000) {
        // humantime writes years and months beyond 30 days; spans of scenarios are written in days.
        let nanos = nanos % (30 * 86_400_000_000_000);
        let written = Span::from_nanos(nanos).to_string();
        prop_assert_eq!(span(&written), Ok(Span::from_nanos(nanos)));
    }
}
