//! The mail of a log: replayed message by message, or as a profile of the day.

use super::relays::{self, Group};
use super::{Calibrated, Frame};
use crate::maillog::Diagnosis;
use crate::stats::Histogram;
use std::fmt::Write as _;

/// How the mail of a log becomes that of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArrivalsAs {
    /// Each message as it came.
    Replay,
    /// Messages for each hour of the day, with the sizes and recipients that were seen.
    Profile,
}

/// Keys of `mail:`, and the CSV.
pub(super) fn mail(
    diagnosis: &Diagnosis,
    frame: &Frame,
    groups: &[Group],
    (as_, file): (ArrivalsAs, &str),
) -> (Vec<Calibrated>, Option<String>) {
    match as_ {
        ArrivalsAs::Replay => {
            let (csv, count) = replay(diagnosis, frame, groups);
            let why = format!(
                "stated: {count} messages with time, size, recipients and destination; mail that was accepted \
                 before the log begins is left out"
            );
            let value = format!("{{ replay: {{ file: {} }} }}", super::quoted(file));
            (vec![Calibrated::known("mail.arrivals", value, why)], Some(csv))
        }
        ArrivalsAs::Profile => (profile(diagnosis, frame), None),
    }
}

fn replay(diagnosis: &Diagnosis, frame: &Frame, groups: &[Group]) -> (String, u64) {
    let mut rows: Vec<(i64, usize)> = Vec::new();
    let list = diagnosis.arrivals.as_deref().unwrap_or_default();
    for (place, arrival) in list.iter().enumerate().filter(|(_, arrival)| !arrival.carried_over) {
        rows.push((arrival.at.0, place));
    }
    rows.sort();
    let several = groups.len() > 1;
    let mut of_relay = vec![0usize; diagnosis.relays.len()];
    for (number, group) in groups.iter().enumerate() {
        for relay in &group.relays {
            of_relay[*relay] = number;
        }
    }
    let mut csv = String::from("time_s,bytes,recipients");
    csv.push_str(if several { ",destination\n" } else { "\n" });
    for (_, place) in &rows {
        let arrival = &list[*place];
        let at = frame.seconds(arrival.at);
        let bytes = arrival.bytes.map_or(String::new(), |bytes| bytes.to_string());
        // Writing to a String cannot fail.
        let _ = write!(csv, "{at:.6},{bytes},{}", arrival.recipients.clamp(1, 100_000));
        if several {
            let known = arrival.relay.and_then(|relay| of_relay.get(relay as usize).copied());
            let _ = write!(csv, ",{}", known.map_or(String::new(), relays::name));
        }
        csv.push('\n');
    }
    (csv, rows.len() as u64)
}

fn profile(diagnosis: &Diagnosis, frame: &Frame) -> Vec<Calibrated> {
    const HOUR: f64 = 3600.0;
    let mut weights = [0u64; 24];
    let first_hour = (frame.start.0.rem_euclid(super::DAY) / super::HOUR) as usize;
    let list = diagnosis.arrivals.iter().flatten().filter(|arrival| !arrival.carried_over);
    let mut count = 0u64;
    for arrival in list {
        let hour = (frame.seconds(arrival.at) / HOUR) as usize;
        weights[(first_hour + hour) % 24] += 1;
        count += 1;
    }
    let days = (frame.length.seconds() / (24.0 * HOUR)).max(1.0 / 24.0);
    let per_day = (count as f64 / days.max(1.0)).max(1.0);
    let weights: Vec<String> = weights.iter().map(u64::to_string).collect();
    let arrivals = format!(
        "{{ daily_profile: {{ per_day: {per_day:.0}, profile: [{}] }} }}",
        weights.join(", ")
    );
    let why = "shown: messages of each hour of the day; chance makes each day another one";
    let mut keys = vec![Calibrated::known("mail.arrivals", arrivals, why)];
    keys.push(size(&diagnosis.mail.sizes));
    let people = &diagnosis.mail.recipients;
    keys.push(match people.count() {
        0 => Calibrated::undetermined("mail.recipients.mean", "no message has a from= line"),
        n => {
            let mean = (people.sum() as f64 / n as f64).clamp(1.0, 15.0);
            let why = "shown: the mean of all messages";
            Calibrated::known("mail.recipients.mean", format!("{mean:.4}"), why)
        }
    });
    keys
}

/// A lognormal distribution through the median and the 90 % point.
fn size(sizes: &Histogram) -> Calibrated {
    const KEY: &str = "mail.size";
    /// The standard normal distribution's 90 % point.
    const NINETY: f64 = 1.281_551_565_545;
    let (Some(median), Some(ninety), Some(max)) =
        (quantile(sizes, 0.5), quantile(sizes, 0.9), sizes.max())
    else {
        return Calibrated::undetermined(KEY, "no message has a from= line with its size");
    };
    let sigma = (libm::log(ninety.max(median) / median) / NINETY).clamp(0.0, 5.0);
    if sigma < 0.001 {
        return Calibrated::known(KEY, format!("{{ fixed: {median:.0} B }}"), "shown: all alike");
    }
    let max = max.max(median as u64 + 1);
    let value =
        format!("{{ lognormal: {{ median: {median:.0} B, sigma: {sigma:.4}, max: {max} B }} }}");
    Calibrated::known(KEY, value, "shown: through the median and the 90 % point of the sizes")
}

/// The value below which so large a share lies; at least 1.
pub(super) fn quantile(values: &Histogram, share: f64) -> Option<f64> {
    let wanted = (share * values.count() as f64).ceil().max(1.0) as u64;
    let mut seen = 0;
    for (value, count) in values.bins() {
        seen += count;
        if seen >= wanted {
            return Some((value as f64).max(1.0));
        }
    }
    None
}
