//! Queue runs: periodic or persistent, their interval, how many runners, and what happens to mail on arrival.
//!
//! A periodic run is a new process on a grid of time; a persistent one is a process that comes back after a pause, or
//! children of one. The retry interval of periodic runs is the grid; that of persistent ones shows as the shortest gap
//! between two attempts of a message.

use super::super::diagnosis::{Delivery, QueueRuns, Settings};
use super::super::inferred::{Inferred, Sure};
use super::super::process::Pass;
use super::{count, counted, roundest};
use crate::units::Span;

/// What the log holds of queue runs.
pub(in super::super) struct Evidence<'a> {
    /// Passes in order of their start.
    pub(in super::super) passes: &'a [Pass],
    /// What the daemon said when it started: whether persistent, seconds.
    pub(in super::super) stated: &'a [(bool, u64)],
    /// Gaps between attempts of a message, by the second.
    pub(in super::super) gaps: &'a [u32],
    /// First attempts: not at once, at once.
    pub(in super::super) first_tries: [u64; 2],
    /// Whether stamps have fractions of a second.
    pub(in super::super) fractions: bool,
}

/// Starts looked at for a grid.
const STARTS: usize = 512;
/// Passes of one process that make it a persistent one.
const RETURNS: u32 = 5;
/// How well starts must agree with a grid, 1 = to the instant.
const AGREEMENT: f64 = 0.9;
/// So much less is hardly worse.
const HARDLY: f64 = 0.005;
/// Retries that make a shortest gap worth telling.
const RETRIES: u64 = 10;

/// Enters what the passes say. Gives back how many processes were at work at once, at most.
pub(in super::super) fn infer(settings: &mut Settings, evidence: &Evidence) -> usize {
    let passes = of_one_machine(evidence.passes);
    let runs: Vec<Pass> = passes.iter().copied().filter(|pass| !pass.immediate).collect();
    settings.delivery = delivery(evidence, &passes);
    let grid = grid(&runs, evidence.fractions);
    settings.queue_runs = queue_runs(evidence, &runs, grid);
    settings.retry_interval = retry_interval(evidence, settings.queue_runs.value, grid);
    settings.queue_runners = runners(&runs, settings, evidence.stated.last());
    at_work(&passes).0
}

/// The passes of the machine that has most of them: machines run their queues apart.
fn of_one_machine(passes: &[Pass]) -> Vec<Pass> {
    let mut nodes: Vec<u32> = passes.iter().map(|pass| pass.node).collect();
    nodes.sort_unstable();
    let busiest = nodes.chunk_by(|a, b| a == b).max_by_key(|same| same.len()).map(|same| same[0]);
    passes.iter().copied().filter(|pass| Some(pass.node) == busiest).collect()
}

fn delivery(evidence: &Evidence, passes: &[Pass]) -> Inferred<Delivery> {
    let [later, at_once] = evidence.first_tries;
    let all = later + at_once;
    if all < RETRIES {
        return Inferred::undetermined("too few first attempts");
    }
    let share = at_once as f64 / all as f64;
    let alone = passes.iter().filter(|pass| pass.immediate && pass.lines <= 2).count();
    let immediate = passes.iter().filter(|pass| pass.immediate).count();
    let text = format!("{} of {} first attempts came at once", count(at_once), count(all));
    match share {
        share if share < 0.1 => Inferred::value(Delivery::QueueOnly, Sure::Shown, text),
        share if share > 0.9 && alone * 10 >= immediate * 8 => Inferred::value(
            Delivery::Immediate,
            Sure::Shown,
            format!("{text}, each by a process of its own"),
        ),
        share if share > 0.9 => {
            let text =
                format!("{text}, but by processes that took several: runners that come by often");
            Inferred::value(Delivery::QueueOnly, Sure::Likely, text)
        }
        _ => Inferred::undetermined(text),
    }
}

/// An interval to whose multiples the starts of new processes keep, and how many starts show it.
fn grid(runs: &[Pass], fractions: bool) -> Option<Grid> {
    let mut starts: Vec<f64> = runs
        .iter()
        .filter(|pass| pass.number == 0 && pass.whole)
        .map(|pass| pass.start.0 as f64 / 1e6)
        .collect();
    starts.dedup_by(|a, b| (*a - *b).abs() < 0.5);
    starts.truncate(STARTS);
    if starts.len() < 4 {
        return None;
    }
    let mut steps: Vec<f64> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    steps.sort_by(f64::total_cmp);
    let (low, median) = (steps[steps.len() / 20], steps[steps.len() / 2]);
    // On a clock of whole seconds everything agrees with a grid of one.
    let least = if fractions { 1.0 } else { 4.0 };
    let (from, to) = ((low * 0.9).max(least) as u64, (median * 1.1).min(86_400.0) as u64);
    let step = (to.saturating_sub(from) / 2000).max(1);
    let agrees = |interval: u64| agreement(&starts, interval as f64);
    let mut candidates = (from..=to).rev().step_by(step as usize);
    // The largest that fits: its parts fit as well.
    let found = candidates.find(|interval| agrees(*interval) >= AGREEMENT)?;
    // Few starts leave its neighbours nearly as good: the best, and the roundest of those that are hardly worse.
    let near = found - found / 6..=found + found / 6;
    let best = near.clone().map(agrees).fold(0.0, f64::max);
    let mut good = near.filter(|interval| agrees(*interval) >= best - HARDLY);
    let low = good.next()?;
    let high = good.next_back().unwrap_or(low);
    Some(Grid { value: roundest(low, high).unwrap_or(low), low, high, starts: starts.len() })
}

/// An interval to whose multiples starts keep, in seconds.
#[derive(Clone, Copy, Debug)]
struct Grid {
    value: u64,
    low: u64,
    high: u64,
    starts: usize,
}

impl Grid {
    fn why(&self) -> String {
        format!(
            "{} new processes kept to a grid of {} s ({} to {} s)",
            self.starts, self.value, self.low, self.high
        )
    }
}

/// Length of the mean of the starts as points on a circle as long as the interval.
fn agreement(starts: &[f64], interval: f64) -> f64 {
    let (mut x, mut y) = (0.0, 0.0);
    for start in starts {
        let turn = 2.0 * std::f64::consts::PI * ((start - starts[0]) / interval).fract();
        x += libm::cos(turn);
        y += libm::sin(turn);
    }
    (x * x + y * y).sqrt() / starts.len() as f64
}

fn queue_runs(evidence: &Evidence, runs: &[Pass], grid: Option<Grid>) -> Inferred<QueueRuns> {
    let kind =
        |persistent: bool| if persistent { QueueRuns::Persistent } else { QueueRuns::Periodic };
    if let Some((persistent, seconds)) = evidence.stated.last() {
        let changed = evidence.stated.iter().any(|stated| stated != &(*persistent, *seconds));
        let remark = if changed { "; it said otherwise before" } else { "" };
        let word = if *persistent { "persistent-queueing" } else { "queueing" };
        let text = format!("the daemon said {word} every {seconds} s when it started{remark}");
        return Inferred::value(kind(*persistent), Sure::Stated, text);
    }
    if runs.iter().any(|pass| pass.number >= RETURNS) {
        let text = "processes came back to the queue again and again";
        return Inferred::value(QueueRuns::Persistent, Sure::Shown, text);
    }
    match grid {
        Some(grid) => Inferred::value(QueueRuns::Periodic, Sure::Likely, grid.why()),
        None => Inferred::undetermined(
            "the daemon's start is not in the log, no process came back to the queue often, and new processes are few or \
             keep to no grid",
        ),
    }
}

fn retry_interval(
    evidence: &Evidence,
    runs: Option<QueueRuns>,
    grid: Option<Grid>,
) -> Inferred<Span> {
    match (runs, evidence.stated.last(), grid) {
        (Some(QueueRuns::Periodic), Some((false, seconds)), _) => {
            let text = format!("the daemon said queueing every {seconds} s when it started");
            Inferred::value(Span::from_secs(*seconds), Sure::Stated, text)
        }
        (Some(QueueRuns::Periodic), _, Some(grid)) => {
            let ends = [grid.low, grid.high].map(|seconds| Some(Span::from_secs(seconds)));
            Inferred::value(Span::from_secs(grid.value), Sure::Likely, grid.why())
                .within(ends[0], ends[1])
        }
        (Some(QueueRuns::Persistent), ..) => shortest_gap(evidence.gaps),
        _ => Inferred::undetermined("it is not known how the queue is run"),
    }
}

/// Persistent runners take a message again as soon as it is old enough, one pause later at most.
fn shortest_gap(gaps: &[u32]) -> Inferred<Span> {
    let all: u64 = gaps.iter().map(|count| u64::from(*count)).sum();
    if all < RETRIES {
        return Inferred::undetermined(format!(
            "only {} between two attempts of a message",
            counted(all, "gap")
        ));
    }
    // A few messages may be run by hand or stand apart for other reasons.
    let few = all.div_ceil(200);
    let mut below = 0;
    let edge = gaps.iter().position(|count| {
        below += u64::from(*count);
        below >= few
    });
    let edge = edge.unwrap_or(0) as u64;
    let text = format!(
        "the shortest of {} between two attempts of a message is {edge} s",
        counted(all, "gap")
    );
    if edge >= super::super::follow::LONGEST_GAP as u64 {
        return Inferred::bounded(Some(Span::from_secs(edge)), None, text);
    }
    let (low, high) = (edge.saturating_sub(2), edge + 1);
    match roundest(low, high).filter(|_| edge >= 3) {
        Some(value) => Inferred::value(Span::from_secs(value), Sure::Likely, text)
            .within(Some(Span::from_secs(low)), Some(Span::from_secs(high))),
        None => Inferred::bounded(None, Some(Span::from_secs(high)), text),
    }
}

fn runners(runs: &[Pass], settings: &Settings, stated: Option<&(bool, u64)>) -> Inferred<u32> {
    let (most, times, shared) = at_work(runs);
    let known = |number: usize, text: String| {
        Inferred::value(u32::try_from(number).unwrap_or(u32::MAX), Sure::Shown, text)
    };
    let new = |number: usize| match number {
        1 => "1 new process".to_owned(),
        number => format!("{number} new processes"),
    };
    let none = || Inferred::undetermined("no queue run was seen at work");
    match (settings.queue_runs.value, settings.retry_interval.value) {
        _ if runs.is_empty() => none(),
        (Some(QueueRuns::Persistent), _) if shared || stated.is_none() => {
            let text = format!(
                "{most} at work at once, {} times, each with several messages",
                count(times as u64)
            );
            known(most, text)
        }
        (Some(QueueRuns::Periodic), Some(interval)) => match of_a_run(runs, interval) {
            Some((number, runs, true)) => known(
                number,
                format!("{} to a run in {}", new(number), counted(runs as u64, "run")),
            ),
            Some((number, runs, false)) => Inferred::bounded(
                u32::try_from(number).ok(),
                None,
                format!(
                    "{} to a run in {}, each with a single message",
                    new(number),
                    counted(runs as u64, "run")
                ),
            ),
            None => none(),
        },
        _ => Inferred::bounded(
            u32::try_from(most).ok(),
            None,
            format!(
                "{most} at work at once; more would not have had anything to do, or runs overlapped"
            ),
        ),
    }
}

/// Most passes under way at once, how often there were so many, and whether each of those had several messages.
fn at_work(passes: &[Pass]) -> (usize, usize, bool) {
    let mut ends: Vec<(i64, u32)> = Vec::new();
    let mut counts: Vec<(usize, bool)> = vec![(0, false); 2];
    for pass in passes {
        ends.retain(|(end, _)| *end > pass.start.0);
        ends.push((pass.end.0, pass.lines));
        let now = ends.len();
        counts.resize(counts.len().max(now + 1), (0, false));
        counts[now].0 += 1;
        counts[now].1 |= ends.iter().all(|(_, lines)| *lines > 1);
    }
    // Once may be chance: a run that began late, a clock that was set. But on a healthy day all runners are at work
    // only now and then.
    let seldom = (passes.len() / 100).clamp(1, 5);
    let level = (1..counts.len()).rev().find(|level| counts[*level].0 > seldom);
    let level =
        level.unwrap_or_else(|| counts.iter().rposition(|(times, _)| *times > 0).unwrap_or(0));
    (level, counts[level].0, counts[level].1)
}

/// New processes of one run of the grid: most, in how many runs, and whether each had several messages.
fn of_a_run(runs: &[Pass], interval: Span) -> Option<(usize, usize, bool)> {
    let micros = (interval.nanos() / 1000).max(1) as i64;
    let new: Vec<&Pass> = runs.iter().filter(|pass| pass.number == 0).collect();
    let first = new.first()?;
    // Half an interval before the first start, so that late and early ones stay in their run.
    let origin = first.start.0 - micros / 2;
    let run_of = |pass: &Pass| (pass.start.0 - origin).div_euclid(micros);
    let mut sizes: Vec<(usize, bool)> = Vec::new();
    for run in new.chunk_by(|a, b| run_of(a) == run_of(b)) {
        sizes.push((run.len(), run.iter().all(|pass| pass.lines > 1)));
    }
    let times = |size: usize| sizes.iter().filter(|run| run.0 == size).count();
    let seldom = (sizes.len() / 20).max(1);
    let most = sizes.iter().map(|run| run.0).max()?;
    let number = (1..=most).rev().find(|size| times(*size) > seldom).unwrap_or(most);
    let shared = sizes.iter().any(|run| run.0 == number && run.1);
    Some((number, times(number), shared))
}
