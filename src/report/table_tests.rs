use super::*;
use crate::experiment::{Evidence, Expectation, Warning, WarningKind, conclude};
use crate::measure::{Counts, Course, Delays, RunRecord, Timeline};

/// Twenty days of 1,000 messages: five of them bad, with cuts and a blocked host.
fn results() -> Results {
    let records: Vec<RunRecord> = (0..20).map(day).collect();
    let evidence = Evidence::new(&records, 42);
    let lines = ["p99 delay > 1h", "connections cut == 0", "p50 delay < 1m", "late over 2h < 2 %"];
    let lines = lines.map(|line| (Expectation::parse(line).expect(line), None));
    let note = Warning {
        kind: WarningKind::Scenario("replay".to_owned()),
        text: "Something about the scenario that takes more than one line to say, so that it has to be \
               broken somewhere."
            .to_owned(),
        next: "Do something about it.".to_owned(),
    };
    let day = Span::from_hours(24);
    conclude("The documented problem", (42, day, false), &evidence, &lines, vec![note])
}

fn day(number: u64) -> RunRecord {
    let bad = number.is_multiple_of(4);
    let mut delays = Delays::default();
    for message in 0..1_000u64 {
        let millis = 300 + message * 10 + if bad && message > 800 { 9_000_000 } else { 0 };
        delays.delivered.record(millis * 1_000_000);
    }
    let times = u64::from(bad);
    let counts = Counts {
        arrived: 1_000,
        delivered: 1_000,
        connections_opened: 30 + number,
        connections_cut: 3 * times,
        connections_reset: 3 * times,
        host_marks: 3 * times,
        host_blocked_seconds: 5_400.0 * times as f64,
        tries_skipped: 1_500 * times,
        queue_max: 40 + 400 * times,
        runners_busy: 0.4,
        ..Counts::default()
    };
    let (parts, course, timeline) = (Vec::new(), Course::default(), Timeline::default());
    RunRecord { replication: number, delays, counts, parts, course, timeline, trace: 0 }
}

fn shown(all_metrics: bool, style: Style) -> String {
    let trust = super::super::trust(&crate::model::params::Params::default());
    let files = ["results.json", "charts/delay.svg", "charts/timeline.svg"]
        .map(|file| format!("output/documented-problem/{file}"));
    let results = results();
    let about =
        "One burst, one reset, and the host is \"bad\" for half an hour. What does that do?";
    let simulate = Span::from_hours(24);
    let shown =
        Page { results: &results, about, simulate, trust: &trust, files: &files, all_metrics };
    page(&shown, style)
}

#[test]
fn the_page_reads_as_it_should() {
    insta::assert_snapshot!(shown(false, Style::PLAIN));
}

#[test]
fn no_line_is_wider_than_eighty_columns() {
    let results = results();
    let comparison = comparison(&[&results, &results], &[], Style::PLAIN);
    for line in shown(true, Style::PLAIN).lines().chain(comparison.lines()) {
        assert!(line.chars().count() <= WIDTH, "{} columns: {line}", line.chars().count());
        assert_eq!(line.trim_end(), line, "no blanks at the end");
    }
}

#[test]
fn colour_appears_only_when_asked_for() {
    assert!(!shown(false, Style::PLAIN).contains('\x1b'));
    assert!(shown(false, Style { colour: true }).contains("\x1b[1;31mMISSED"));
}

#[test]
fn several_scenarios_end_in_one_table() {
    let results = results();
    insta::assert_snapshot!(comparison(&[&results, &results], &[], Style::PLAIN));
}

#[test]
fn metrics_are_written_as_csv_and_markdown() {
    let mut results = results();
    results.scenario = "one, \"two\"".to_owned();
    let csv = super::super::csv(&[&results]);
    assert!(csv.starts_with("scenario,metric,point,low,high,day_low,day_high,n,censored\n"));
    assert!(csv.contains("\n\"one, \"\"two\"\"\",connections.cut,0.75,"), "{csv}");
    assert!(csv.contains("recovery.time,,,,,,0,false\n"), "{csv}");
    let markdown = super::super::markdown(&[&results]);
    assert!(markdown.contains("| `connections cut == 0` | missed |"), "{markdown}");
}

#[test]
fn twenty_good_days_do_not_hide_that_bad_ones_may_be_rare() {
    let unseen = |days: &[RunRecord]| {
        let results = conclude(
            "A site",
            (42, Span::from_hours(24), false),
            &Evidence::new(days, 42),
            &[],
            Vec::new(),
        );
        super::super::trust::unseen(&results)
    };
    let days: Vec<RunRecord> = (0..80).map(day).collect();
    let good: Vec<RunRecord> = days.iter().filter(|day| day.replication % 4 > 0).cloned().collect();
    let line = unseen(&good[..20]).expect("no bad day was seen");
    assert!(line.contains("None of 20 days") && line.contains("16.1 %"), "{line}");
    assert_eq!(unseen(&days[..20]), None, "bad days were seen");
    assert_eq!(unseen(&good[..1]), None, "one day says nothing, which a warning tells");
}
