//! Draws both charts from made-up numbers, without a simulation: what they look like, and how to call them.
//!
//! ```sh
//! cargo run --release --example draw_charts -- output/draw_charts
//! ```

use mailflow::measure::{BlockedHost, Delays, Timeline};
use mailflow::report::charts::{self, DelayCurve, TimelineView};
use mailflow::units::{SimTime, Span};
use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    std::fs::create_dir_all(&folder)?;
    let delays = charts::delay_distribution(
        "How long mail takes to reach Exchange Online",
        "Each curve climbs to the share of messages delivered within the time below it. Further left is \
         faster; markers stand at the median and at the 99 % point.",
        &curves(),
    )?;
    std::fs::write(folder.join("delays.svg"), delays)?;
    let timeline = locked_in_day();
    let changes = [
        (SimTime::ZERO + Span::from_mins(570), "burst of 6,000 messages".to_owned()),
        (SimTime::ZERO + Span::from_hours(20), "clear_hoststat: all".to_owned()),
    ];
    let day = charts::timeline(&TimelineView {
        title: "The documented problem, hour by hour",
        which: "",
        timeline: &timeline,
        clock_at_start: Span::ZERO,
        changes: &changes,
    })?;
    std::fs::write(folder.join("timeline.svg"), day)?;
    println!("drew delays.svg and timeline.svg in {}", folder.display());
    Ok(())
}

/// A day on which all is well, one that locks into the cycle, and one with every fix.
fn curves() -> Vec<DelayCurve> {
    let healthy = [(0.0, 2.0), (0.1, 4.0), (0.5, 6.0), (0.9, 9.2), (0.99, 12.0), (1.0, 31.0)];
    let problem =
        [(0.0, 2.0), (0.3, 9.0), (0.5, 2_940.0), (0.8, 9_000.0), (0.99, 23_760.0), (1.0, 30_000.0)];
    let fixes = [(0.0, 1.0), (0.5, 3.1), (0.9, 14.0), (0.99, 118.0), (1.0, 260.0)];
    [
        ("healthy-day", &healthy[..], 0),
        ("documented-problem", &problem, 40),
        ("documented-fixes", &fixes, 0),
    ]
    .map(|(name, quantiles, stuck)| DelayCurve::pooled(name, &[&delays(quantiles, stuck)]))
    .to_vec()
}

/// 10,000 messages whose delays (in seconds) follow a table of quantiles, and some never delivered.
fn delays(quantiles: &[(f64, f64)], stuck: u64) -> Delays {
    let mut delays = Delays::default();
    for message in 0..10_000 {
        let share = f64::from(message) / 9_999.0;
        let above = quantiles.iter().position(|(p, _)| *p >= share).unwrap_or(0).max(1);
        let ((p0, low), (p1, high)) = (quantiles[above - 1], quantiles[above]);
        let log = low.ln() + (high.ln() - low.ln()) * (share - p0) / (p1 - p0);
        delays.delivered.record((log.exp() * 1e9) as u64);
    }
    (0..stuck).for_each(|message| delays.queued.record((20_000 + message) * 1_000_000_000));
    delays
}

/// From 09:30 on 20 minutes of delivery take turns with 35 of nothing, until the night.
fn locked_in_day() -> Timeline {
    let mut day = Timeline { bin: Span::from_mins(1), ..Timeline::default() };
    let mut bad = BlockedHost { host: "contoso.mail.protection.outlook.com".into(), spans: vec![] };
    let mut queue = 10.0_f64;
    for minute in 0..1440_u32 {
        let hour = f64::from(minute) / 60.0;
        let burst = if (570..575).contains(&minute) { 1200.0 } else { 0.0 };
        let arrived = (20.0 + 190.0 * (-((hour - 12.5) / 4.2).powi(2)).exp() + burst).round();
        let cycle = minute.saturating_sub(590) % 55;
        let blocked = minute >= 590 && hour < 20.0 && cycle < 35;
        let able = if blocked { 0.0 } else { 266.0 + f64::from(minute * 7 % 13) };
        let delivered = able.min(queue + arrived).round();
        queue += arrived - delivered;
        if blocked && cycle == 0 {
            let from = SimTime::ZERO + Span::from_mins(minute.into());
            bad.spans.push((from, from + Span::from_mins(35)));
            day.cuts.extend([from, from + Span::from_secs(70)]);
        }
        day.queue.push(queue);
        day.arrived.push(arrived as u32);
        day.delivered.push(delivered as u32);
    }
    day.blocked.push(bad);
    day
}
