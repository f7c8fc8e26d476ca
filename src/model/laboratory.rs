//! The machine that a recording was made on: what its numbers leave open about one run of it.
//!
//! A recorded case states means, and a clock of whole seconds; a run of the same machine has one place of
//! its own within that. A replication of a recorded case therefore draws what the recording does not say:
//! * where within a second Sendmail's clock stood at the start: uniform;
//! * where within a block of service times the first message stood: uniform ([`Blocks`]);
//! * the spans of which only the mean is known (opening a connection, starting a run, starting an immediate
//!   delivery): exponential, which assumes least about a positive quantity of known mean;
//! * how late each runner starts: exponential about this replication's mean, and that mean itself
//!   exponential about `run_late`, for the recordings differ in it (0 to 4.8 s). Periodic runs are late
//!   against their schedule; a persistent pass is timed by its first attempt, so that its runners are late
//!   only against the first of them;
//! * how late the receiver cuts a connection: exponential about `cut_late`.
//!
//! | parameter | default | source |
//! |---|---|---|
//! | `service_block` | no laboratory | the recordings' `overhead_profile` is made of means over 40 messages |
//! | `run_late` | no laboratory | \[LAB\] `connections.csv`: measured, `scenario::recorded_case` |
//! | `cut_late` | no laboratory | \[LAB\] `connections.csv`: measured, `scenario::recorded_case` |
//!
//! Ordinary scenarios have no laboratory: they draw nothing here and keep every span as it is stated.
//!
//! Left out: that lateness drifts within a run, as it does where runs start every laboratory second; that
//! a cut by 421 waits for the sink's next turn.

mod blocks;

pub use blocks::Blocks;

use super::distribution::Shape;
use crate::engine::Stream;
use crate::units::Span;

/// What is known of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Laboratory {
    /// Service times on open connections come in blocks of this many that keep to the mean.
    pub service_block: u32,
    /// Mean over the recordings of how late a runner starts.
    pub run_late: Span,
    /// Mean of how late a connection is cut at its lifetime.
    pub cut_late: Span,
}

/// The machine in one replication.
#[derive(Clone, Copy, Debug)]
pub(super) struct Machine {
    known: Laboratory,
    /// Mean lateness of a runner in this replication.
    run_late: Span,
    runs: Stream,
    runners: Stream,
    processes: Stream,
    connections: Stream,
    cuts: Stream,
    clock: Stream,
}

impl Machine {
    /// `stream` gives the machine's streams by name.
    pub(super) fn new(known: Laboratory, stream: impl Fn(&str) -> Stream) -> Self {
        Machine {
            known,
            run_late: about(known.run_late, &stream("laboratory: lateness"), 0),
            runs: stream("laboratory: run starts"),
            runners: stream("laboratory: runner starts"),
            processes: stream("laboratory: process starts"),
            connections: stream("laboratory: connections"),
            cuts: stream("laboratory: cuts"),
            clock: stream("laboratory: clock"),
        }
    }

    /// How long before the start Sendmail's clock of step `step` last ticked.
    pub(super) fn clock_phase(&self, step: Span) -> Span {
        step.scale(self.clock.uniform(0))
    }

    /// When each of `runners` runners of run number `run` begins, counted from the run's listing;
    /// `run_start` is the mean time from there to the first attempt.
    pub(super) fn runner_starts(
        &self,
        run: u64,
        runners: u32,
        run_start: Span,
        persistent: bool,
    ) -> Vec<Span> {
        let start = about(run_start, &self.runs, run);
        let late = |runner| {
            let mut draws = self.runners.at_part(run, runner);
            Span::from_seconds(Shape::Exponential(self.run_late.seconds()).draw(&mut draws))
        };
        let late: Vec<Span> = (0..u64::from(runners)).map(late).collect();
        let first = late.iter().copied().min().filter(|_| persistent).unwrap_or(Span::ZERO);
        late.into_iter().map(|late| start + (late - first)).collect()
    }

    /// When the process of an immediate delivery begins; it is process number `process`.
    pub(super) fn process_start(&self, mean: Span, process: u64) -> Span {
        about(mean, &self.processes, process)
    }

    /// How long opening a connection takes; it is dialling number `dialled`.
    pub(super) fn connect_time(&self, mean: Span, dialled: u64) -> Span {
        about(mean, &self.connections, dialled)
    }

    /// How late connection number `connection` is cut.
    pub(super) fn cut_late(&self, connection: u64) -> Span {
        about(self.known.cut_late, &self.cuts, connection)
    }
}

/// Draw number `index` of an exponential span of this mean.
fn about(mean: Span, stream: &Stream, index: u64) -> Span {
    Span::from_seconds(Shape::Exponential(mean.seconds()).draw(&mut stream.at(index)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: Laboratory = Laboratory {
        service_block: 40,
        run_late: Span::from_millis(1_700),
        cut_late: Span::from_millis(350),
    };

    fn machine(replication: u64) -> Machine {
        Machine::new(KNOWN, |name| Stream::new(7, replication, name))
    }

    fn mean(spans: impl Iterator<Item = Span>) -> f64 {
        let seconds: Vec<f64> = spans.map(Span::seconds).collect();
        seconds.iter().sum::<f64>() / seconds.len() as f64
    }

    /// The mean of n exponentials has a standard error of one part in the root of n; five of them.
    fn assert_about(found: f64, expected: f64, n: f64) {
        assert!((found / expected - 1.0).abs() < 5.0 / n.sqrt(), "{found}, not {expected}");
    }

    #[test]
    fn spans_keep_their_mean() {
        let machine = machine(0);
        let of = |span: fn(&Machine, u64) -> Span| mean((0..10_000).map(|i| span(&machine, i)));
        assert_about(of(|m, i| m.cut_late(i)), 0.35, 1e4);
        assert_about(of(|m, i| m.connect_time(Span::from_secs(2), i)), 2.0, 1e4);
        assert_about(of(|m, i| m.process_start(Span::from_secs(3), i)), 3.0, 1e4);
    }

    #[test]
    fn the_mean_lateness_is_one_draw_for_each_replication() {
        assert_about(mean((0..10_000).map(|r| machine(r).run_late)), 1.7, 1e4);
        let machine = machine(3);
        let late = |run| machine.runner_starts(run, 1, Span::ZERO, false)[0];
        assert_about(mean((0..10_000).map(late)), machine.run_late.seconds(), 1e4);
    }

    #[test]
    fn the_first_runner_of_a_persistent_pass_starts_when_the_pass_does() {
        let starts = machine(0).runner_starts(5, 4, Span::from_secs(2), true);
        let start = about(Span::from_secs(2), &machine(0).runs, 5);
        assert_eq!(starts.len(), 4);
        assert_eq!(starts.iter().min(), Some(&start));
        assert!(starts.iter().filter(|own| **own > start).count() == 3, "{starts:?}");
        let periodic = machine(0).runner_starts(5, 4, Span::from_secs(2), false);
        assert!(periodic.iter().all(|own| *own > start), "{periodic:?}");
    }

    #[test]
    fn the_clock_stands_anywhere_within_its_step() {
        let phase = |r| machine(r).clock_phase(Span::from_secs(60)).seconds();
        let phases: Vec<f64> = (0..1_000).map(phase).collect();
        assert!(phases.iter().all(|phase| (0.0..60.0).contains(phase)));
        let mean = phases.iter().sum::<f64>() / 1_000.0;
        // Five standard errors of a uniform number on (0, 60).
        assert!((mean - 30.0).abs() < 5.0 * 60.0 / 12_000_f64.sqrt(), "{mean}");
    }

    #[test]
    fn what_takes_no_time_still_takes_none() {
        assert_eq!(machine(0).connect_time(Span::ZERO, 1), Span::ZERO);
        assert_eq!(machine(0).process_start(Span::ZERO, 1), Span::ZERO);
    }
}
