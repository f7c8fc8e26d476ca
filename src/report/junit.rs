//! Expectations as JUnit XML, which build servers read: one suite for each scenario, one case for each
//! expectation. Missed is a failure; undecided is skipped or, when strict, a failure as well.

use super::human;
use super::table::measured;
use crate::experiment::{Cell, Judged, Results, Verdict};
use std::fmt::Write;

/// The file for these results. It holds no time and no host name: the same results give the same bytes.
pub fn junit(results: &[&Results], strict: bool) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let all: Vec<&Judged> = results.iter().flat_map(|of| of.expectations()).collect();
    let _ = writeln!(out, "<testsuites name=\"mailflow\"{}>", counts(&all, strict));
    for of in results {
        let own: Vec<&Judged> = of.expectations().collect();
        let (name, counted) = (escaped(&of.scenario), counts(&own, strict));
        let _ = writeln!(out, "  <testsuite name=\"{name}\"{counted} errors=\"0\">");
        for cell in &of.cells {
            cell.expectations.iter().for_each(|judged| case(&mut out, of, cell, judged, strict));
        }
        out += "  </testsuite>\n";
    }
    out + "</testsuites>\n"
}

/// What becomes of a case.
#[derive(PartialEq)]
enum Fate {
    Passed,
    Skipped,
    Failed,
}

fn fate(judged: &Judged, strict: bool) -> Fate {
    match judged.verdict {
        Verdict::Met => Fate::Passed,
        Verdict::Undecided if !strict => Fate::Skipped,
        Verdict::Undecided | Verdict::Missed => Fate::Failed,
    }
}

fn counts(judged: &[&Judged], strict: bool) -> String {
    let count = |wanted: Fate| judged.iter().filter(|of| fate(of, strict) == wanted).count();
    let (failed, skipped) = (count(Fate::Failed), count(Fate::Skipped));
    format!(" tests=\"{}\" failures=\"{failed}\" skipped=\"{skipped}\"", judged.len())
}

fn case(out: &mut String, results: &Results, cell: &Cell, judged: &Judged, strict: bool) {
    let settings = match cell.settings.is_empty() {
        true => String::new(),
        false => format!(" {}", serde_json::Value::Object(cell.settings.clone())),
    };
    let (class, name) = (escaped(&results.scenario), escaped(&(judged.text.clone() + &settings)));
    let _ = writeln!(out, "    <testcase classname=\"{class}\" name=\"{name}\">");
    let said = escaped(&message(cell, judged));
    let kind = if judged.verdict == Verdict::Missed { "missed" } else { "undecided" };
    let _ = match fate(judged, strict) {
        Fate::Passed => writeln!(out, "      <system-out>{said}</system-out>"),
        Fate::Skipped => writeln!(out, "      <skipped message=\"{said}\"/>"),
        Fate::Failed => writeln!(out, "      <failure type=\"{kind}\" message=\"{said}\"/>"),
    };
    out.push_str("    </testcase>\n");
}

/// The value, its interval, how far that is from the bound, and the bound.
fn message(cell: &Cell, judged: &Judged) -> String {
    let verdict = match judged.verdict {
        Verdict::Met => "met",
        Verdict::Missed => "missed",
        Verdict::Undecided => "undecided: the interval contains the bound, or there is none",
    };
    let unit = cell.metrics.find(&judged.metric).map(|(metric, _)| metric.unit());
    let bound = judged.bound.zip(unit).map(|(bound, unit)| human::quantity(bound, unit));
    let bound = bound.map(|bound| format!("; bound {bound}")).unwrap_or_default();
    format!("{verdict}; {} = {}{bound}", judged.metric, measured(judged, cell))
}

/// `text` as XML 1.0 can hold it, in an attribute as in an element.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&apos;",
            // Written plainly, these become spaces in an attribute.
            '\t' => out += "&#9;",
            '\n' => out += "&#10;",
            '\r' => out += "&#13;",
            // Not characters of XML at all, not even by number.
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Metrics;

    fn judged(text: &str, verdict: Verdict) -> Judged {
        Judged {
            text: text.to_owned(),
            verdict,
            value: Some(750.0),
            low: Some(700.0),
            high: Some(800.0),
            metric: "delay.p99".to_owned(),
            bound: Some(300.0),
        }
    }

    fn results(name: &str, expectations: Vec<Judged>) -> Results {
        let metrics: Metrics = serde_json::from_str(
            r#"{"delay.p99":{"point":750.0,"low":700.0,"high":800.0,"day_low":1.0,"day_high":2.0,"n":20}}"#,
        )
        .expect("metrics");
        let settings = serde_json::Map::new();
        let cell = Cell { settings, metrics, difference: None, expectations, warnings: Vec::new() };
        let (scenario, version) = (name.to_owned(), "0".to_owned());
        Results {
            schema: 1,
            scenario,
            version,
            seed: 42,
            cells: vec![cell],
            compared_with: None,
            best: None,
            found: Vec::new(),
            effects: Vec::new(),
        }
    }

    #[test]
    fn hostile_texts_stay_text_and_the_file_stays_valid() {
        let hostile = "<a b=\"1\" c='2'>&amp;]]>\u{1}\u{ffff}\n\tende";
        let one = results(hostile, vec![judged(hostile, Verdict::Missed)]);
        let xml = junit(&[&one], false);
        let document = roxmltree::Document::parse(&xml).expect("valid XML");
        let case =
            document.descendants().find(|node| node.has_tag_name("testcase")).expect("a case");
        let kept = hostile.replace(['\u{1}', '\u{ffff}'], "\u{fffd}");
        assert_eq!(
            (case.attribute("name"), case.attribute("classname")),
            (Some(&*kept), Some(&*kept))
        );
    }

    #[test]
    fn a_missed_expectation_fails_and_an_undecided_one_is_skipped_unless_strict() {
        let all = [Verdict::Met, Verdict::Missed, Verdict::Undecided];
        let one = results("One", all.map(|verdict| judged("p99 delay <= 5m", verdict)).to_vec());
        let none = results("None", Vec::new());
        for (strict, failures, skipped) in [(false, "1", "1"), (true, "2", "0")] {
            let xml = junit(&[&one, &none], strict);
            let document = roxmltree::Document::parse(&xml).expect("valid XML");
            let root = document.root_element();
            let number = |name| root.attribute(name).expect("counted");
            assert_eq!((number("tests"), number("failures")), ("3", failures), "{xml}");
            assert_eq!(number("skipped"), skipped);
            let tags = |tag| document.descendants().filter(|node| node.has_tag_name(tag)).count();
            assert_eq!(tags("failure").to_string(), failures);
            assert_eq!((tags("skipped").to_string().as_str(), tags("testsuite")), (skipped, 2));
            assert!(
                xml.contains("missed; delay.p99 = 12m 30s [12m .. 13m], 2.3-fold; bound 5m 00s"),
                "{xml}"
            );
        }
    }
}
