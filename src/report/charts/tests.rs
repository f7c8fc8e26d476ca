//! The charts as stories: what a reader must find in the picture whatever the input.

use super::*;
use crate::experiment::Days;
use crate::measure::{BlockedHost, Course};

const HOSTILE: [&str; 8] = [
    "<script>alert(\"1\")</script>",
    "Müller & Söhne's \"best\" setup",
    "אבג דהו",
    "\u{202e}reversed\u{0} and\u{7} rung",
    "北京邮件服务器",
    "]]> --> <!-- &amp; ${x}",
    "",
    "🙂🙂🙂",
];

/// A text of the picture: where it stands and how it looks.
struct Word {
    x: f64,
    y: f64,
    size: f64,
    anchor: String,
    bold: bool,
    words: String,
}

/// Parses a picture (and so proves it to be well-formed) and gives its texts.
fn words_of(svg: &str) -> Vec<Word> {
    let document = roxmltree::Document::parse(svg).expect("the picture is well-formed");
    let texts = document.descendants().filter(|node| node.has_tag_name("text"));
    texts
        .map(|node| {
            let number = |name| node.attribute(name).and_then(|v: &str| v.parse().ok()).unwrap();
            Word {
                x: number("x"),
                y: number("y"),
                size: number("font-size"),
                anchor: node.attribute("text-anchor").unwrap().to_owned(),
                bold: node.attribute("font-weight").is_some(),
                words: node.text().unwrap_or("").trim().to_owned(),
            }
        })
        .collect()
}

fn assert_no_text_overlaps(svg: &str) {
    let boxes: Vec<(canvas::Area, String)> = words_of(svg)
        .into_iter()
        .map(|word| {
            // As wide as Helvetica draws it, without the allowance for other fonts.
            let allowance = if word.bold { 1.18 / 1.07 } else { 1.10 };
            let width = text::width(&word.words, word.size as i32, word.bold);
            let width = (f64::from(width) / allowance) as i32;
            let left = match word.anchor.as_str() {
                "start" => word.x as i32,
                "middle" => word.x as i32 - width / 2,
                _ => word.x as i32 - width,
            };
            let half = (word.size * 0.45) as i32;
            let (top, bottom) = (word.y as i32 - half, word.y as i32 + half);
            (canvas::Area { left, top, right: left + width, bottom }, word.words)
        })
        .collect();
    for (index, (area, words)) in boxes.iter().enumerate() {
        assert!(
            area.left >= 0 && area.right <= canvas::WIDTH,
            "{words:?} leaves the sheet: {area:?}"
        );
        for (other, others) in &boxes[..index] {
            assert!(!area.overlaps(other), "{words:?} overlaps {others:?}");
        }
    }
}

/// Delays spread evenly on the log axis.
fn curve(label: &str, from: f64, to: f64, reached: f64) -> DelayCurve {
    let at = |share: f64| from * (to / from).powf(share);
    DelayCurve {
        label: label.to_owned(),
        points: (1..=200)
            .map(|i| (at(f64::from(i) / 200.0), reached * f64::from(i) / 200.0))
            .collect(),
        p50: at(0.5 / reached),
        p50_censored: reached < 0.5,
        p99: at((0.99 / reached).min(1.0)),
        p99_censored: reached < 0.99,
        band: (1..100)
            .map(|i| {
                let share = reached * f64::from(i) / 100.0;
                let (low, high) = (share * 0.9, (share * 1.08).min(1.0));
                Within { seconds: at(f64::from(i) / 100.0), low, high }
            })
            .collect(),
    }
}

fn draw(curves: &[DelayCurve]) -> String {
    let svg = delay_distribution("Delays", "Further left is faster.", curves).expect("drawn");
    assert_no_text_overlaps(&svg);
    keep(&svg);
    svg
}

/// Leaves the picture for a person to look at, where `KEEP_CHARTS` names a folder.
fn keep(svg: &str) {
    if let Some(folder) = std::env::var_os("KEEP_CHARTS") {
        let test = std::thread::current().name().unwrap_or("test").replace("::", "-");
        let folder = std::path::Path::new(&folder);
        let nth = (0..).find(|n| !folder.join(format!("{test}-{n}.svg")).exists()).unwrap_or(0);
        std::fs::write(folder.join(format!("{test}-{nth}.svg")), svg).unwrap();
    }
}

#[test]
fn name_and_p99_stand_beside_each_curve_and_the_hour_is_marked() {
    let svg = draw(&[curve("healthy", 2.0, 15.0, 1.0), curve("problem", 2.0, 30_000.0, 0.9)]);
    let words: Vec<String> = words_of(&svg).into_iter().map(|word| word.words).collect();
    for wanted in ["healthy", "p50 5.5 s · p99 14.7 s", "problem", "10 % not delivered", "one hour"]
    {
        assert!(words.iter().any(|word| word == wanted), "{wanted:?} missing in {words:?}");
    }
    assert!(words.iter().any(|word| word.contains("p99 > 8.3 h")), "{words:?}");
    for tick in "1s 5s 10s 1m 5m 10m 30m 1h 4h".split(' ') {
        assert!(words.iter().any(|word| word == tick), "tick {tick}");
    }
}

#[test]
fn a_screen_reader_is_told_title_and_numbers() {
    let svg = draw(&[curve("healthy", 2.0, 15.0, 1.0)]);
    let document = roxmltree::Document::parse(&svg).unwrap();
    let root = document.root_element();
    assert_eq!(root.attribute("role"), Some("img"));
    let told =
        |tag| root.children().find(|node| node.has_tag_name(tag)).and_then(|node| node.text());
    assert_eq!(told("title"), Some("Delays"));
    assert!(told("desc").unwrap().contains("healthy: p50 5.5 s · p99 14.7 s"));
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let curves = [curve("a", 0.01, 400_000.0, 0.97), curve("b", 3.0, 90.0, 1.0)];
    assert_eq!(draw(&curves), draw(&curves));
}

#[test]
fn eight_curves_keep_their_labels_apart_even_when_all_are_equal() {
    let spread: Vec<_> =
        (0..8).map(|i| curve(&format!("scenario {i}"), 1.0, 20.0 * 3f64.powi(i), 1.0)).collect();
    let equal: Vec<_> =
        (0..8).map(|i| curve(&format!("twin number {i}"), 1.0, 9000.0, 0.8)).collect();
    for curves in [spread, equal] {
        let svg = draw(&curves);
        let words = words_of(&svg);
        for one in &curves {
            assert!(words.iter().any(|word| word.words == one.label), "{} missing", one.label);
        }
    }
}

#[test]
fn odd_curves_still_give_a_sensible_picture() {
    let with = |label: &str, points: Vec<(f64, f64)>, p: f64| DelayCurve {
        label: label.to_owned(),
        points,
        p50: p,
        p50_censored: false,
        p99: p,
        p99_censored: false,
        band: Vec::new(),
    };
    let empty = with("no mail", vec![], f64::NAN);
    let one = with("one message", vec![(5.0, 1.0)], 5.0);
    let instant = with("all at once", vec![(0.0, 1.0)], 0.0);
    let ages = with("a week", vec![(604_800.0, 0.5), (6_048_000.0, 0.7)], f64::INFINITY);
    let broken =
        with("not a number", vec![(f64::NAN, 0.5), (1.0, f64::NAN), (-3.0, 0.2)], f64::NAN);
    let all = [empty, one, instant, ages, broken];
    for alone in &all {
        draw(std::slice::from_ref(alone));
    }
    let svg = draw(&all);
    assert!(svg.contains("no mail delivered") && svg.contains("p99 never") && !svg.contains("NaN"));
}

#[test]
fn no_curve_and_nine_curves_are_refused() {
    let nine: Vec<_> = (0..9).map(|i| curve(&i.to_string(), 1.0, 10.0, 1.0)).collect();
    assert_eq!(delay_distribution("", "", &[]), Err(ChartError::Curves(0)));
    assert_eq!(delay_distribution("", "", &nine), Err(ChartError::Curves(9)));
}

#[test]
fn hostile_names_stay_text_and_long_ones_are_cut() {
    let mut curves: Vec<_> =
        HOSTILE.iter().zip(2..).map(|(name, i)| curve(name, 1.0, 8f64.powi(i), 0.995)).collect();
    curves[6].label = "a very long name ".repeat(20);
    let title = HOSTILE.join(" ").repeat(4);
    let svg = delay_distribution(&title, &title, &curves).expect("drawn");
    assert_no_text_overlaps(&svg);
    keep(&svg);
    assert!(!svg.contains("<script") && !svg.contains('\u{202e}') && svg.contains('…'));
}

fn minutes(from: u64, until: u64) -> (SimTime, SimTime) {
    (SimTime::ZERO + Span::from_mins(from), SimTime::ZERO + Span::from_mins(until))
}

fn day(hosts: &[&str]) -> Timeline {
    Timeline {
        bin: Span::from_mins(5),
        queue: (0..288).map(|i| f64::from(i % 60) * 10.0).collect(),
        arrived: vec![500; 288],
        delivered: (0..288).map(|i| i % 60 * 20).collect(),
        blocked: hosts
            .iter()
            .zip(1..)
            .map(|(host, n)| BlockedHost {
                host: (*host).to_owned(),
                spans: vec![minutes(60 * n, 60 * n + 30), minutes(900, 930)],
            })
            .collect(),
        cuts: vec![minutes(60, 0).0, minutes(900, 0).0],
        ..Timeline::default()
    }
}

fn draw_day(title: &str, timeline: &Timeline, changes: &[(SimTime, String)]) -> String {
    let clock_at_start = Span::from_hours(6);
    let view =
        TimelineView { title, which: "Day 1 of 20, seed 42", timeline, clock_at_start, changes };
    let svg = super::timeline(&view).expect("drawn");
    assert_no_text_overlaps(&svg);
    keep(&svg);
    assert_eq!(svg, super::timeline(&view).expect("drawn again"));
    svg
}

#[test]
fn the_timeline_shows_clock_times_blocked_hosts_and_cuts() {
    let changes = [(minutes(570, 0).0, "burst".to_owned())];
    let svg = draw_day("A day", &day(&["mx1.example"]), &changes);
    for wanted in ["mx1.example blocked: 1 h", "2 connections cut", "09:00", "burst", "delivered"] {
        assert!(svg.contains(wanted), "{wanted:?} missing");
    }
}

#[test]
fn many_hosts_and_hostile_names_still_fit() {
    let hosts: Vec<&str> = HOSTILE.iter().chain(&HOSTILE).copied().collect();
    let changes: Vec<_> =
        HOSTILE.iter().zip(0..).map(|(name, i)| (minutes(100 * i, 0).0, name.repeat(3))).collect();
    let svg = draw_day(&HOSTILE.join(" "), &day(&hosts), &changes);
    assert!(svg.contains("11 more hosts") && !svg.contains("<script"));
}

#[test]
fn changes_at_the_same_time_or_at_the_edge_do_not_overlap() {
    let at = [0, 0, 0, 0, 700, 710, 1435, 1440, 1440];
    let changes: Vec<_> = at.map(|m| (minutes(m, 0).0, format!("change at {m} minutes"))).to_vec();
    draw_day("Changes", &day(&[]), &changes);
}

fn on_top(title: &str, timelines: &[Timeline], changes: &[(SimTime, String)]) -> String {
    let courses: Vec<Course> = timelines.iter().map(Course::of).collect();
    let days = Days::of(&courses);
    let view = DaysView { title, days: &days, clock_at_start: Span::from_hours(6), changes };
    let svg = super::days(&view).expect("drawn");
    assert_no_text_overlaps(&svg);
    keep(&svg);
    assert_eq!(svg, super::days(&view).expect("drawn again"));
    svg
}

#[test]
fn days_on_top_of_each_other_say_how_far_they_differ_and_when_a_host_is_bad() {
    let busy = |queue: f64| Timeline {
        queue: vec![queue; 288],
        busy: vec![1.5; 288],
        failed: vec![2; 288],
        ..day(&["mx1.example"])
    };
    let days: Vec<Timeline> = (1..=9).map(|n| busy(f64::from(n) * 100.0)).collect();
    let svg = on_top("Nine days", &days, &[(minutes(570, 0).0, "burst".to_owned())]);
    for wanted in [
        "mx1.example bad on up to 100 % of the days",
        "Connections cut at their lifetime: 2 on the mean day",
        "the median reaches 500, the 95 % point 860",
        "Busy queue runners",
        "Deferrals a minute",
        "burst",
    ] {
        assert!(svg.contains(wanted), "{wanted:?} missing");
    }
    assert_eq!(
        roxmltree::Document::parse(&svg).unwrap().root_element().attribute("role"),
        Some("img")
    );
}

#[test]
fn days_without_mail_with_many_hosts_and_hostile_names_are_drawn() {
    let hosts: Vec<&str> = HOSTILE.iter().chain(&HOSTILE).copied().collect();
    let changes: Vec<_> =
        HOSTILE.iter().zip(0..).map(|(name, i)| (minutes(100 * i, 0).0, name.repeat(40))).collect();
    let svg = on_top(&HOSTILE.join(" ").repeat(3), &[day(&hosts), day(&[])], &changes);
    assert!(svg.contains("the worst of") && !svg.contains("<script"));
    let empty = on_top("Nothing", &[Timeline::default(), Timeline::default()], &[]);
    assert!(!empty.contains("NaN") && !on_top("No day at all", &[], &[]).contains("NaN"));
    on_top("Weeks", &[Timeline { bin: Span::from_hours(2), ..day(&["mx"]) }], &[]);
}

#[test]
fn a_day_shows_deferrals_and_busy_runners_where_there_are_any() {
    let quiet = draw_day("Quiet", &day(&[]), &[]);
    assert!(!quiet.contains("Deferrals") && !quiet.contains("Busy queue runners"));
    let timeline = Timeline {
        busy: (0..288).map(|i| f64::from(i % 7)).collect(),
        skipped: (0..288).map(|i| i % 30 * 40).collect(),
        ..day(&["mx"])
    };
    let svg = draw_day("Busy", &timeline, &[(minutes(300, 0).0, "burst".to_owned())]);
    assert!(svg.contains("Deferrals a minute") && svg.contains("Busy queue runners"));
}

#[test]
fn a_band_is_shaded_told_and_of_some_only_where_there_are_many() {
    let three = [
        curve("#1 a", 1.0, 20.0, 1.0),
        curve("#2 b", 2.0, 900.0, 1.0),
        curve("#3 c", 3.0, 9e4, 0.9),
    ];
    let shaded = |svg: &str| svg.matches("<polygon opacity=\"0.16\"").count();
    let tail = |curves: &[DelayCurve]| {
        let svg = delay_tail("Tail", "Read down.", curves).expect("drawn");
        assert_no_text_overlaps(&svg);
        keep(&svg);
        svg
    };
    for svg in [draw(&three), tail(&three)] {
        assert_eq!(shaded(&svg), 3);
        assert!(svg.contains("Shaded: where the true share lies with 95 %"));
    }
    let bare = |curve: &DelayCurve| curve.clone().with_band(Vec::new());
    let one = [three[0].clone(), bare(&three[1]), three[2].clone()];
    for svg in [draw(&one), tail(&one)] {
        assert_eq!(shaded(&svg), 2);
        assert!(svg.contains("Shaded, of #1 and #3 only:"));
    }
    let none: Vec<DelayCurve> = three.iter().map(bare).collect();
    assert!(!draw(&none).contains("Shaded"));
    // A chart of many scenarios has none: they would hide each other.
    let many: Vec<DelayCurve> =
        (0..6).map(|i| curve(&format!("s{i}"), 1.0, 50.0 * 3f64.powi(i), 1.0)).collect();
    assert_eq!(shaded(&delays(&many).expect("drawn")), 0);
    assert_eq!(shaded(&delays(&many[..4]).expect("drawn")), 4);
}

#[test]
fn an_empty_run_and_one_of_weeks_are_drawn_too() {
    let empty = draw_day("Nothing", &Timeline::default(), &[]);
    assert!(empty.contains("No connection was cut and no host was blocked"));
    let weeks = Timeline { bin: Span::from_hours(2), ..day(&["mx"]) };
    let svg = draw_day("Weeks", &weeks, &[]);
    assert!(svg.contains("day 8") && !svg.contains("NaN"));
}

/// Contrast of two colours by the rule of WCAG 2.
fn contrast(a: plotters::style::RGBColor, b: plotters::style::RGBColor) -> f64 {
    let light = |plotters::style::RGBColor(r, g, b): plotters::style::RGBColor| {
        let linear = |c: u8| {
            let c = f64::from(c) / 255.0;
            if c <= 0.03928 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
    };
    let (a, b) = (light(a) + 0.05, light(b) + 0.05);
    a.max(b) / a.min(b)
}

#[test]
fn text_stands_out_from_white_paper() {
    for ink in [palette::INK, palette::GREY] {
        assert!(contrast(ink, plotters::style::WHITE) >= 4.5, "{ink:?}");
    }
}

#[test]
fn no_two_curves_share_a_colour_a_pattern_or_a_marker() {
    for (index, look) in palette::LOOKS.iter().enumerate() {
        for other in &palette::LOOKS[..index] {
            assert!(look.color != other.color && look.marker != other.marker);
            assert_ne!(look.pattern, other.pattern);
        }
    }
}

#[test]
fn a_burst_leaves_the_panel_with_its_height_written_beside_it() {
    let mut timeline = day(&[]);
    timeline.arrived[100] = 60_000;
    let svg = draw_day("A burst", &timeline, &[]);
    // 60,000 messages in 5 minutes.
    assert!(svg.contains("up to 12,000") && !svg.contains(">\n15,000"));
    assert!(!draw_day("No burst", &day(&[]), &[]).contains("up to"));
}

/// A recording whose delays run up to `longest` seconds.
fn panel(label: &str, longest: f64) -> OverlayPanel {
    let point = |percent: i32| {
        let share = f64::from(percent) / 100.0;
        let real = share * longest;
        OverlayPoint { share, real, low: real * 0.9, mid: real * 0.95, high: real * 1.1 }
    };
    let points = (0..=100).map(point).collect();
    OverlayPanel {
        label: label.to_owned(), caption: "every 30 min · marks off".to_owned(), points
    }
}

#[test]
fn recordings_stand_in_panels_of_their_own_whatever_they_are_called() {
    let longest = [0.0, 0.4, 9.0, 280.0, 3_000.0, 17_000.0, 1e6, f64::INFINITY];
    for count in 1..=HOSTILE.len() {
        let panels: Vec<OverlayPanel> =
            HOSTILE.iter().zip(longest).map(|(name, longest)| panel(name, longest)).collect();
        let svg =
            overlay("Recorded and simulated", "Scales differ.", &panels[..count]).expect("drawn");
        assert_no_text_overlaps(&svg);
        keep(&svg);
    }
    assert_eq!(overlay("None", "", &[]), Err(ChartError::Panels));
}

#[test]
fn a_picture_of_recordings_tells_screen_readers_the_delays() {
    let svg = overlay("Title", "How.", &[panel("a30_Q-1", 7_200.0)]).expect("drawn");
    let document = roxmltree::Document::parse(&svg).expect("well-formed");
    let told = document.descendants().find(|node| node.has_tag_name("desc")).unwrap();
    let told = told.text().unwrap();
    assert!(told.contains("a30_Q-1 (every 30 min · marks off): half of the mail within"), "{told}");
}
