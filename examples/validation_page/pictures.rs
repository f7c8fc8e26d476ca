//! The recorded delays over the model's, one picture for each family of recordings.

use crate::{SEED, SEEDS};
use mailflow::experiment::validation::simulated_delays;
use mailflow::model::params::{Cut, DeliveryMode, Order, QueueRuns, Routing};
use mailflow::report::charts::{self, OverlayPanel, OverlayPoint};
use mailflow::scenario::recorded_case::RecordedCase;
use mailflow::stats::sorted_quantile;
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

/// No picture may be larger, in bytes.
const LARGEST: usize = 100_000;

/// A family of recordings: its file, its heading, and which recordings belong to it.
struct Family {
    file: &'static str,
    title: &'static str,
    holds: fn(&RecordedCase) -> bool,
}

/// In this order each recording belongs to the first family that holds it.
const FAMILIES: [Family; 5] = [
    Family {
        file: "immediate.svg",
        title: "Immediate delivery, one front end of three dead",
        holds: |case| case.params.sender.delivery == DeliveryMode::Immediate,
    },
    Family {
        file: "several-hosts.svg",
        title: "Several hosts to go to",
        holds: |case| case.params.receiver.routing != Routing::OneName,
    },
    Family {
        file: "four-runners.svg",
        title: "Four runners",
        holds: |case| case.params.sender.runners > 1,
    },
    Family {
        file: "persistent-runner.svg",
        title: "One persistent runner",
        holds: |case| matches!(case.params.sender.runs, QueueRuns::Persistent { .. }),
    },
    Family { file: "periodic-runs.svg", title: "One runner, periodic queue runs", holds: |_| true },
];

/// Draws all pictures into `folder`; gives the page's section about them.
pub(crate) fn draw(cases: &[RecordedCase], folder: &Path) -> Result<String, Box<dyn Error>> {
    std::fs::create_dir_all(folder)?;
    let mut section = String::from(
        "## Delays, curve by curve\n\n\
         Each curve climbs to the share of the mail delivered within the delay below it. Mail\n\
         still queued at the end of a recording counts with its age, in both. Cap: messages per\n\
         connection. Marks: how long a bad host is remembered. Limit: connections allowed.\n",
    );
    for (number, family) in FAMILIES.iter().enumerate() {
        let first = |case: &&RecordedCase| {
            FAMILIES.iter().position(|family| (family.holds)(case)) == Some(number)
        };
        let panels: Vec<OverlayPanel> = cases.iter().filter(first).map(panel).collect();
        let how = "Each curve climbs to the share of the mail delivered within the delay below it. \
                   Scales differ.";
        let svg = charts::overlay(family.title, how, &panels)?;
        if svg.len() > LARGEST {
            return Err(format!("{}: {} bytes are too many", family.file, svg.len()).into());
        }
        std::fs::write(folder.join(family.file), svg)?;
        write!(section, "\n![{}](images/validation/{})\n", family.title, family.file)?;
    }
    Ok(section)
}

fn panel(case: &RecordedCase) -> OverlayPanel {
    let runs = simulated_delays(case, SEEDS, SEED);
    let shares = (0..=100).map(|percent| f64::from(percent) / 100.0);
    let point = |share: f64| {
        let mut model: Vec<f64> = runs.iter().map(|run| quantile(run, share)).collect();
        model.sort_by(f64::total_cmp);
        let of_seeds = |p| quantile(&model, p);
        let (low, mid, high) = (of_seeds(0.01), of_seeds(0.5), of_seeds(0.99));
        OverlayPoint { share, real: quantile(&case.observed.delays, share), low, mid, high }
    };
    OverlayPanel {
        label: case.name.clone(),
        caption: caption(case),
        points: shares.map(point).collect(),
    }
}

fn quantile(sorted: &[f64], p: f64) -> f64 {
    sorted_quantile(sorted, p).unwrap_or(0.0)
}

/// What sets this recording apart from the others of its family.
fn caption(case: &RecordedCase) -> String {
    let (sender, receiver) = (&case.params.sender, &case.params.receiver);
    let mut parts = Vec::new();
    if let QueueRuns::Periodic { interval, max_runner_processes } = sender.runs {
        let most = if max_runner_processes.is_some() { ", no overlap" } else { "" };
        parts.push(format!("every {:.0} min{most}", interval.seconds() / 60.0));
    } else if sender.runners > 1 {
        parts.push("persistent".to_owned());
    }
    parts.extend(sender.messages_per_connection.map(|cap| format!("cap {cap}")));
    let status = sender.host_status;
    let marks = format!("marks {:.0} min", status.remember_for.seconds() / 60.0);
    parts.push(if status.enabled { marks } else { "marks off".to_owned() });
    if sender.order == Order::Time {
        parts.push("oldest first".to_owned());
    }
    if receiver.cut != Cut::Reset {
        parts.push("cut by 421".to_owned());
    }
    parts.extend(receiver.max_connections.map(|most| format!("limit {most}")));
    let refused = receiver.deferrals.iter();
    parts.extend(refused.map(|one| format!("{:.0} % {}", one.chance.value() * 100.0, one.code)));
    if !receiver.dead.is_empty() {
        parts.push("one dead address".to_owned());
    }
    parts.join(" · ")
}
