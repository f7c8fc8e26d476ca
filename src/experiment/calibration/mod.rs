//! From a log to a scenario: what a diagnosis says, as keys of a scenario, and its mail as a CSV for replay.
//!
//! A setting that the log determines is set, with how sure that is. One that it does not determine keeps its default
//! and says why. Nothing that identifies anybody goes through here: the diagnosis holds no address, and relays
//! are called by their number.

mod arrivals;
mod backcast;
mod receiver;
mod relays;
mod sender;

pub use arrivals::ArrivalsAs;
pub use backcast::{Backcast, Beside, MOST_ERROR, backcast};

use crate::maillog::{Diagnosis, Inferred, Stamp};
use crate::scenario::Calibrated;
use crate::units::Span;
use relays::Group;

/// A scenario that a log gave rise to.
#[derive(Clone, Debug)]
pub struct Calibration {
    /// What to know before using it, in sentences.
    pub about: Vec<String>,
    /// Its keys.
    pub keys: Vec<Calibrated>,
    /// The mail, if it is replayed.
    pub csv: Option<String>,
}

/// No scenario can be made of a log.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalibrationError {
    /// Nothing to replay.
    #[error(
        "the log has no message with a time of arrival: there is nothing to make a scenario of"
    )]
    NoMail,
    /// Beyond what a scenario simulates.
    #[error("the log covers more than ten years")]
    TooLong,
}

/// When the simulated time begins, and how long the mail goes on.
#[derive(Clone, Copy, Debug)]
struct Frame {
    start: Stamp,
    length: Span,
    /// The log tells weekdays.
    years: bool,
}

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

impl Frame {
    /// From the full hour before the first message to the full minute after the last.
    fn of(diagnosis: &Diagnosis) -> Result<Frame, CalibrationError> {
        let arrivals = diagnosis.arrivals.iter().flatten().filter(|arrival| !arrival.carried_over);
        let (mut first, mut last) = (None::<Stamp>, None::<Stamp>);
        for arrival in arrivals {
            first = Some(first.map_or(arrival.at, |first| first.min(arrival.at)));
            last = Some(last.map_or(arrival.at, |last| last.max(arrival.at)));
        }
        let (Some(first), Some(last)) = (first, last) else { return Err(CalibrationError::NoMail) };
        let start = Stamp(first.0.div_euclid(HOUR) * HOUR);
        let minute = 60_000_000_000;
        let nanos = last.since(start).nanos();
        let length = Span::from_nanos((nanos / minute + 1).saturating_mul(minute));
        let longest = Span::from_hours(24 * 3650);
        if length > longest {
            Err(CalibrationError::TooLong)
        } else {
            Ok(Frame { start, length, years: diagnosis.coverage.years })
        }
    }

    /// `Mon 09:00`.
    fn starts(&self) -> String {
        const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        let day = (self.start.0.div_euclid(DAY) + 3).rem_euclid(7) as usize;
        let hour = self.start.0.rem_euclid(DAY) / HOUR;
        format!("{} {hour:02}:00", DAYS[day])
    }

    /// Seconds from the start.
    fn seconds(&self, at: Stamp) -> f64 {
        at.since(self.start).seconds()
    }
}

/// Makes a scenario of what a log tells. `name` is its name, `file` that of the CSV.
///
/// # Errors
/// If the log has no mail, or covers more than a scenario can.
pub fn calibrate(
    diagnosis: &Diagnosis,
    (name, file): (&str, &str),
    arrivals: ArrivalsAs,
) -> Result<Calibration, CalibrationError> {
    let frame = Frame::of(diagnosis)?;
    let groups = relays::groups(diagnosis);
    let mut keys = vec![Calibrated::known("name", quoted(name), "")];
    keys.extend(run(&frame));
    let (mail, csv) = arrivals::mail(diagnosis, &frame, &groups, (arrivals, file));
    keys.extend(mail);
    // What holds before the daemon is first started anew is where the scenario begins.
    let first_settings = diagnosis.epochs.first().map_or(&diagnosis.settings, |(_, told)| told);
    keys.extend(sender::keys(first_settings));
    let first = groups.first().cloned().unwrap_or_default();
    let receiver = receiver::Receiver::of(diagnosis, &frame, &first);
    keys.extend(receiver.keys());
    keys.extend(others(diagnosis, &frame, &groups));
    keys.extend(receiver.network());
    keys.extend(sender::changes(&diagnosis.epochs, &frame));
    Ok(Calibration { about: about(diagnosis, &groups), keys, csv })
}

fn about(diagnosis: &Diagnosis, groups: &[Group]) -> Vec<String> {
    let mut about = vec![
        "Made from a log by `mailflow diagnose --scenario`. Above each key stands how sure it is: stated (a \
         line of the log says so), shown (nothing else explains the lines), likely, bounded; undetermined keys \
         keep their default. `mailflow run` and `sweep` take this file as it is."
            .to_owned(),
    ];
    if groups.len() > 1 {
        about.push(format!(
            "exchange_online stands for the relay with most mail, destination-2 to destination-{} for the others.",
            groups.len()
        ));
    }
    about.extend(diagnosis.cannot_tell.iter().map(|text| format!("Not in the log: {text}")));
    about
}

fn run(frame: &Frame) -> Vec<Calibrated> {
    let weekday = match frame.years {
        true => "stated: the full hour before the first message",
        false => {
            "the full hour before the first message; the log has no year, so the weekday is a guess"
        }
    };
    vec![
        Calibrated::known("run.simulate", span(frame.length), "stated: until the last message"),
        Calibrated::known("run.starts", frame.starts(), weekday),
    ]
}

/// `destinations:` for all groups but the first.
fn others(diagnosis: &Diagnosis, frame: &Frame, groups: &[Group]) -> Option<Calibrated> {
    let all: u64 = groups.iter().map(|group| group.messages).sum();
    let mut list = Vec::new();
    for (number, group) in groups.iter().enumerate().skip(1) {
        let share = 100.0 * group.messages as f64 / all.max(1) as f64;
        let receiver = receiver::Receiver::of(diagnosis, frame, group);
        let keys: Vec<String> = receiver
            .keys()
            .into_iter()
            .filter_map(|one| {
                let name = one.key.strip_prefix("exchange_online.")?;
                Some(format!("{name}: {}", one.value?))
            })
            .collect();
        let name = relays::name(number);
        list.push(format!(
            "{{ name: {name}, share: {share:.3}%, receiver: {{ {} }} }}",
            keys.join(", ")
        ));
    }
    let why = "shown: other relays, by their share of the messages; what their lines do not show is as for \
               Exchange Online by default";
    (!list.is_empty())
        .then(|| Calibrated::known("destinations", format!("[ {} ]", list.join(", ")), why))
}

/// What is said above a key: how sure it is, and why.
fn why<T>(inferred: &Inferred<T>) -> String {
    match inferred.why.as_str() {
        "" => inferred.sure.word().to_owned(),
        why => format!("{}: {why}", inferred.sure.word()),
    }
}

/// A key whose value is inferred, or the reason why it is not.
fn key<T: Copy>(
    key: &'static str,
    inferred: &Inferred<T>,
    written: impl Fn(T) -> String,
) -> Calibrated {
    match inferred.value {
        Some(value) => Calibrated::known(key, written(value), why(inferred)),
        None => {
            let bound =
                |word: &str, value: Option<T>| value.map(|v| format!("{word} {}", written(v)));
            let bounds = [bound("at least", inferred.low), bound("at most", inferred.high)];
            let bounds: Vec<String> = bounds.into_iter().flatten().collect();
            let bounds =
                if bounds.is_empty() { String::new() } else { format!(" ({})", bounds.join(", ")) };
            Calibrated::undetermined(key, &format!("{}{bounds}", inferred.why))
        }
    }
}

/// A duration as a scenario writes it.
fn span(span: Span) -> String {
    let nanos = span.nanos();
    let whole = |unit: u64| {
        nanos.is_multiple_of(unit * 1_000_000_000).then(|| nanos / unit / 1_000_000_000)
    };
    match (whole(3600), whole(60), whole(1)) {
        (Some(hours), ..) if hours > 0 => format!("{hours}h"),
        (_, Some(minutes), _) if minutes > 0 => format!("{minutes}m"),
        (.., Some(seconds)) => format!("{seconds}s"),
        _ => seconds(span.seconds()),
    }
}

/// Seconds as a scenario writes them, to the microsecond.
fn seconds(seconds: f64) -> String {
    let text = format!("{:.6}", seconds.max(0.0));
    format!("{}s", text.trim_end_matches('0').trim_end_matches('.'))
}

fn quoted(text: &str) -> String {
    // JSON's strings are YAML's double-quoted ones.
    serde_json::to_string(text).unwrap_or_default()
}
