//! Progress on stderr, on a terminal only: replications done, messages a second, time left. The only reader
//! of the wall clock, and the one who hears Ctrl-C.

use crate::experiment::Observer;
use crate::measure::RunRecord;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, stderr};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// When Ctrl-C was pressed.
static STOPPED: OnceLock<Instant> = OnceLock::new();
/// So long may the replications under way still take: most are done by then, and nobody wants to wait longer.
const PATIENCE: Duration = Duration::from_secs(10);

/// From now on the first Ctrl-C ends the work after the replications under way, the second at once.
#[allow(clippy::disallowed_methods)] // This is the file that may read the clock.
pub(super) fn listen_for_ctrl_c() {
    let handler = || {
        if STOPPED.set(Instant::now()).is_err() {
            std::process::exit(130);
        }
        let patience = PATIENCE.as_secs();
        eprintln!(
            "\nStopping after the days under way, in {patience} s at most; press Ctrl-C again to stop at once."
        );
    };
    // Without a handler Ctrl-C still ends the program, only less politely.
    let _ = ctrlc::set_handler(handler);
}

/// Whether Ctrl-C was pressed.
pub(super) fn stopped() -> bool {
    STOPPED.get().is_some()
}

/// What `work` gives, and the seconds it took.
#[allow(clippy::disallowed_methods)] // This is the file that may read the clock.
pub(super) fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let started = Instant::now();
    let done = work();
    (done, started.elapsed().as_secs_f64())
}

/// Shows the progress of one scenario.
pub(super) struct Progress {
    bar: ProgressBar,
    messages: AtomicU64,
    started: Instant,
}

impl Progress {
    /// Starts to show `repeats` replications of `name`; `quiet` shows nothing.
    #[allow(clippy::disallowed_methods)] // This is the file that may read the clock.
    pub(super) fn new(name: &str, repeats: u32, quiet: bool) -> Self {
        let target = if quiet || !stderr().is_terminal() {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr_with_hz(10)
        };
        let bar = ProgressBar::with_draw_target(Some(u64::from(repeats)), target);
        let template = "{prefix} [{bar:24}] {pos}/{len} days  {msg}  {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(name.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        Progress { bar, messages: AtomicU64::new(0), started: Instant::now() }
    }

    /// Starts to show how many of `cases` recorded cases are done; `quiet` shows nothing.
    #[allow(clippy::disallowed_methods)] // This is the file that may read the clock.
    pub(super) fn cases(cases: usize, quiet: bool) -> Self {
        let progress = Progress::new("validate", cases as u32, quiet);
        let template = "{prefix} [{bar:24}] {pos}/{len} cases  {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            progress.bar.set_style(style.progress_chars("=> "));
        }
        progress
    }

    /// Starts to show how many of `runs` runs of a sweep are done; `quiet` shows nothing.
    pub(super) fn runs(name: &str, runs: usize, quiet: bool) -> Self {
        let progress = Progress::new(name, u32::try_from(runs).unwrap_or(u32::MAX), quiet);
        let template = "{prefix} [{bar:24}] {pos}/{len} runs  {msg}  {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            progress.bar.set_style(style.progress_chars("=> "));
        }
        progress
    }

    /// Starts to show how much of `bytes` of a log is read; `quiet` shows nothing.
    pub(super) fn bytes(name: &str, bytes: u64, quiet: bool) -> Self {
        let progress = Progress::new(name, 0, quiet);
        let template = "{prefix} [{bar:24}] {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            progress.bar.set_style(style.progress_chars("=> "));
        }
        progress.bar.set_length(bytes);
        progress
    }

    /// So many bytes more are read.
    pub(super) fn read(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    /// One more recorded case is done.
    pub(super) fn case_done(&self) {
        self.bar.inc(1);
    }

    /// Clears the line.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Observer for Progress {
    fn done(&self, record: &RunRecord) {
        let new = record.counts.deliveries_simulated;
        let messages = self.messages.fetch_add(new, Ordering::Relaxed) + new;
        let seconds = self.started.elapsed().as_secs_f64().max(1e-3);
        self.bar.set_message(format!("{:.2} M messages/s", messages as f64 / seconds / 1e6));
        self.bar.inc(1);
    }

    fn stop(&self) -> bool {
        stopped()
    }

    fn give_up(&self) -> bool {
        STOPPED.get().is_some_and(|pressed| pressed.elapsed() >= PATIENCE)
    }
}
