use super::*;

fn read(clock: &mut Clock, line: &str) -> Option<String> {
    clock.read(line.as_bytes()).map(|(stamp, rest)| {
        format!("{stamp}.{:06}|{}", stamp.0.rem_euclid(SECOND), String::from_utf8_lossy(rest))
    })
}

#[test]
fn the_stamps_of_three_standards_are_read() {
    for (line, wanted) in [
        ("Nov 22 05:11:45 mx", "2001-11-22 05:11:45.000000|mx"),
        ("Nov  2 05:11:45.746 mx", "2001-11-02 05:11:45.746000|mx"),
        ("Nov 2 05:11:45.5 mx", "2001-11-02 05:11:45.500000|mx"),
        ("Nov 22 2026 05:11:45 mx", "2026-11-22 05:11:45.000000|mx"),
        ("2026-11-22T05:11:45.746123Z mx", "2026-11-22 05:11:45.746123|mx"),
        ("2026-11-22T05:11:45+01:00 mx", "2026-11-22 04:11:45.000000|mx"),
        ("2026-11-22T23:11:45-0700 mx", "2026-11-23 06:11:45.000000|mx"),
        ("2026-11-22 05:11:45 mx", "2026-11-22 05:11:45.000000|mx"),
        ("2026-11-22T05:11:45Z", "2026-11-22 05:11:45.000000|"),
    ] {
        assert_eq!(read(&mut Clock::new(2001), line).as_deref(), Some(wanted), "{line}");
    }
}

#[test]
fn what_is_no_stamp_is_refused() {
    for line in [
        "",
        "N",
        "Nov",
        "Nov 22",
        "Nov 22 05:11",
        "Nov 22 05:11:4",
        "Nov 22 25:11:45 mx",
        "Nov 32 05:11:45 mx",
        "Now 22 05:11:45 mx",
        "2026-13-22T05:11:45Z mx",
        "2026-11-22T05:11:45.Z mx",
        "2026-11-22T05:11:45+1 mx",
        "2026-11-22",
        "99999999999999999999",
        "Nov 99999999999999999999 05:11:45 mx",
        "Nov 22 05:11:45mx",
        "Nov 22 05-11-45 mx",
        "\u{e9}\u{e9}\u{e9} 22 05:11:45",
    ] {
        assert_eq!(read(&mut Clock::new(2001), line), None, "{line:?}");
    }
}

#[test]
fn december_followed_by_january_is_the_next_year() {
    let mut clock = Clock::new(2001);
    let mut at = |line: &str| read(&mut clock, line).expect("a stamp");
    assert_eq!(at("Dec 31 23:59:59 mx"), "2001-12-31 23:59:59.000000|mx");
    assert_eq!(at("Jan  1 00:00:00 mx"), "2002-01-01 00:00:00.000000|mx");
    assert_eq!(at("Dec 31 23:59:58 mx"), "2001-12-31 23:59:58.000000|mx", "a line out of order");
    assert_eq!(at("Jan  1 00:00:01 mx"), "2002-01-01 00:00:01.000000|mx");
    assert_eq!(at("Dec 30 00:00:01 mx"), "2001-12-30 00:00:01.000000|mx");
}

#[test]
fn a_day_follows_on_the_29th_of_february() {
    let mut clock = Clock::new(2001);
    let mut at = |line: &str| clock.read(line.as_bytes()).expect("a stamp").0.day();
    let (before, leap, after) =
        (at("Feb 28 12:00:00 mx"), at("Feb 29 12:00:00 mx"), at("Mar  1 12:00:00 mx"));
    assert_eq!((leap - before, after - leap), (1, 1));
}

#[test]
fn dates_and_days_agree_for_four_centuries() {
    for day in -10_000..140_000 {
        let (year, month, of_month) = civil(day);
        assert_eq!(days(year, month, of_month), day);
    }
    assert_eq!(civil(0), (1970, 1, 1));
    assert_eq!(days(2026, 11, 22), 20_779);
}

#[test]
fn an_instant_is_typed_as_people_write_it() {
    let from = Stamp(days(2026, 11, 20) * DAY);
    let typed = |text: &str| Stamp::typed(text, from).map(|stamp| stamp.to_string());
    for (text, wanted) in [
        ("2026-11-22", "2026-11-22 00:00:00"),
        ("2026-11-22T05:11", "2026-11-22 05:11:00"),
        ("2026-11-22 05:11:45", "2026-11-22 05:11:45"),
        ("2026-11-22T05:11:45+01:00", "2026-11-22 04:11:45"),
        ("Nov 22", "2026-11-22 00:00:00"),
        ("Nov 22 05:11", "2026-11-22 05:11:00"),
        ("Jan 3 05:11:45", "2027-01-03 05:11:45"),
    ] {
        assert_eq!(typed(text).as_deref(), Some(wanted), "{text}");
    }
    for text in [
        "",
        "yesterday",
        "2026-11-22T",
        "2026-11-22x",
        "05:11",
        "Nov",
        "Nov 22 5",
        "2026-11-22T05:11x",
    ] {
        assert_eq!(typed(text), None, "{text}");
    }
}
