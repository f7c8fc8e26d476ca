//! What an answer rests on: what the model was held against, and which assumed values decide.

use super::human;
use crate::experiment::{Cell, Results};
use crate::measure::Metric;
use crate::model::distribution::Shape;
use crate::model::params::{Arrivals, Params, QueueRuns};

/// How to find out how far an answer hangs on what is assumed.
pub(super) const DOUBT: &str = "What else is assumed, and whether the answer hangs on it: the same command with \
                                --vary-assumptions 100.";

/// The lines that end every report (INTERFACE section 4).
pub fn trust(params: &Params) -> Vec<String> {
    let seconds = |shape: &Shape| human::duration(shape.mean());
    let sender = &params.sender;
    let pause = match sender.runs {
        QueueRuns::Persistent { .. } => "persistent runs",
        QueueRuns::Periodic { .. } => "periodic runs",
    };
    let mail = match &params.workload.arrivals {
        Arrivals::None => "no steady mail".to_owned(),
        Arrivals::Poisson(rate) => format!("{} at random", pace(rate.0)),
        Arrivals::Constant(rate) => format!("{}, evenly", pace(rate.0)),
        Arrivals::DailyProfile(hours) => {
            format!("{} messages a day", human::number(hours.iter().sum::<f64>().round()))
        }
        Arrivals::Replay(recorded) => format!("{} recorded messages", recorded.len()),
        Arrivals::Resampled { recorded, block } => {
            format!("{} recorded messages, redrawn in blocks of {block}", recorded.len())
        }
    };
    let lifetime = params.receiver.connection_lifetime.map_or_else(
        || "no limit on a connection's life".to_owned(),
        |lifetime| format!("connections ended after {lifetime}"),
    );
    vec![
        "Held against a real Sendmail 8.17.1 in a laboratory; not against Proofpoint's build, \
         not against Exchange Online itself."
            .to_owned(),
        format!(
            "The answer hangs on these values; put in your own: {mail} (mail.arrivals), {} \
             (proofpoint.queue_runners) in {pause}, {} from the last byte to the reply \
             (exchange_online.service_time), {lifetime} (exchange_online.connection_lifetime).",
            match sender.runners {
                1 => "1 queue runner".to_owned(),
                n => format!("{n} queue runners"),
            },
            seconds(&params.receiver.service_time),
        ),
        DOUBT.to_owned(),
    ]
}

/// What no interval but that of `days.late` tells: bad days that were not seen, where none was.
pub(super) fn unseen(results: &Results) -> Option<String> {
    let none = |cell: &Cell| {
        let late = cell.metrics.get(Metric::DaysLate)?;
        let most = late.high.filter(|high| late.point == Some(0.0) && *high < 1.0)?;
        Some((late.n, most))
    };
    let good: Vec<(u32, f64)> = results.cells.iter().filter_map(none).collect();
    let (days, most) = good.iter().copied().min_by_key(|(days, _)| *days)?;
    let none = match (results.cells.len(), good.len()) {
        (1, _) => "None".to_owned(),
        (_, 1) => "In 1 combination none".to_owned(),
        (_, several) => format!("In {several} combinations none"),
    };
    Some(format!(
        "{none} of {days} days was bad (p99 over 1 hour). Were {} of all days bad, none among so many would \
         still be no surprise, and the other intervals know nothing of such days.",
        human::share(most)
    ))
}

/// Messages per second, minute or hour: the first in which there is at least one.
fn pace(per_second: f64) -> String {
    let (rate, unit) = match per_second {
        r if r >= 1.0 => (r, "s"),
        r if r * 60.0 >= 1.0 => (r * 60.0, "min"),
        r => (r * 3600.0, "h"),
    };
    let rate = human::number(rate);
    let messages = if rate == "1" || rate == "1.0" { "message" } else { "messages" };
    format!("{rate} {messages}/{unit}")
}
