//! Simulate, write the log, read it, make a scenario of it, simulate that: does it give back what went in?
//!
//! Each setting that the log determines must come back; the others must say that they are undetermined and keep their
//! default. The delays of the same mail, under the scenario and under what was made of its log, must agree.

use mailflow::experiment::calibration::{ArrivalsAs, Calibration, calibrate};
use mailflow::experiment::{Evidence, ReplicationSettings, replicate, replicate_observed};
use mailflow::maillog::write::{Date, LogForm, LogStyle, MailLog, Stamps};
use mailflow::maillog::{Diagnosis, Options, Reader};
use mailflow::measure::{Metric, RunRecord};
use mailflow::model::params::Params;
use mailflow::scenario::{self, Scenario};
use mailflow::units::Span;
use std::io::{self, Write};
use std::path::Path;

/// Gives what is written to a reader, line by line, so that no log has to be kept.
struct Lines {
    reader: Reader,
    rest: Vec<u8>,
}

impl Write for &mut Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.rest.extend_from_slice(part);
            if self.rest.ends_with(b"\n") {
                self.rest.pop();
                self.reader.line(&self.rest);
                self.rest.clear();
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One of the two files is read, the other thrown away.
enum File<'a> {
    Read(&'a mut Lines),
    Dropped,
}

impl Write for File<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            File::Read(lines) => (&mut **lines).write(bytes),
            File::Dropped => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn shipped(name: &str) -> Scenario {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("scenarios/{name}.yaml"));
    scenario::load(&file, &[]).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What its log tells of the first day.
fn diagnosed(scenario: &Scenario, style: LogStyle) -> Diagnosis {
    let form = LogForm {
        style,
        stamps: Stamps::Rfc3339,
        start: Date::of_week(scenario.run.starts),
        starts_at: Span::ZERO,
    };
    let mut lines = Lines {
        reader: Reader::new(Options { arrivals: true, ..Options::default() }),
        rest: Vec::new(),
    };
    let (mail, smtp) = (File::Read(&mut lines), File::Dropped);
    let mut log = MailLog::new(&scenario.params, form, mail, smtp);
    let settings = ReplicationSettings::from(&scenario.run);
    replicate_observed(&scenario.params, &settings, 0, &mut log);
    let (mail, smtp) = log.finish();
    mail.and(smtp).expect("read");
    lines.reader.finish()
}

/// The scenario that is made of it, and the keys.
fn calibrated(diagnosis: &Diagnosis) -> (Scenario, Calibration, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let made = calibrate(diagnosis, ("again", "again.csv"), ArrivalsAs::Replay).expect("mail");
    let csv = made.csv.as_deref().expect("a replay");
    std::fs::write(folder.path().join("again.csv"), csv).expect("written");
    let text = scenario::calibrated(&made.about, &made.keys);
    let file = folder.path().join("again.yaml");
    std::fs::write(&file, &text).expect("written");
    let scenario = scenario::load(&file, &[]).unwrap_or_else(|error| panic!("{error}\n{text}"));
    (scenario, made, text)
}

/// Mean, p50, p90 and p99 of some days of the mail.
fn delays(params: &Params, run: &scenario::RunSettings) -> [f64; 4] {
    let settings = ReplicationSettings::from(run);
    let records: Vec<RunRecord> = (0..3).map(|n| replicate(params, &settings, n)).collect();
    let evidence = Evidence::new(&records, run.seed);
    [Metric::DelayMean, Metric::DelayP50, Metric::DelayP90, Metric::DelayP99]
        .map(|metric| evidence.estimate(metric).point.unwrap_or(f64::NAN))
}

/// The delays of the scenario and of what was made of its log, on the log's mail.
fn both(name: &str, style: LogStyle) -> ([f64; 4], [f64; 4], String) {
    let scenario = shipped(name);
    let (again, _, text) = calibrated(&diagnosed(&scenario, style));
    let mut truth = scenario.params.clone();
    truth.workload = again.params.workload.clone();
    (delays(&truth, &scenario.run), delays(&again.params, &scenario.run), text)
}

#[test]
#[ignore = "for a look"]
fn look() {
    let names = std::env::var("ROUND_TRIP").unwrap_or_else(|_| "healthy-day".to_owned());
    for name in names.split(' ') {
        for style in [LogStyle::Sendmail] {
            let (truth, again, text) = both(name, style);
            if std::env::var("SHOW").is_ok() {
                println!("{text}");
            }
            let off: Vec<String> = truth
                .iter()
                .zip(&again)
                .map(|(a, b)| format!("{:+.1}%", 100.0 * (b / a - 1.0)))
                .collect();
            println!("{name:24} {style:?}: {truth:.1?} {again:.1?} {off:?}");
        }
    }
}
