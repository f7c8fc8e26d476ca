//! Stopwatches. Processor time does not count what other programs take; wall time does.

use std::time::Instant;

/// Nanoseconds of processor time that this thread has used.
#[cfg(unix)]
pub(crate) fn of_thread() -> f64 {
    used(rustix::time::ClockId::ThreadCPUTime)
}

/// Nanoseconds of processor time that all threads of this process have used.
#[cfg(unix)]
fn of_process() -> f64 {
    used(rustix::time::ClockId::ProcessCPUTime)
}

#[cfg(unix)]
fn used(clock: rustix::time::ClockId) -> f64 {
    let time = rustix::time::clock_gettime(clock);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

/// Elsewhere wall time has to do: measure on a machine that has nothing else to do.
#[cfg(not(unix))]
pub(crate) fn of_thread() -> f64 {
    wall()
}

#[cfg(not(unix))]
fn of_process() -> f64 {
    wall()
}

#[allow(clippy::disallowed_methods)] // A stopwatch reads the clock.
fn wall() -> f64 {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_nanos() as f64
}

fn timed_by<T>(now: fn() -> f64, work: impl FnOnce() -> T) -> (T, f64) {
    let start = now();
    let result = std::hint::black_box(work());
    (result, now() - start)
}

/// What `work` gives, and the nanoseconds of processor time that this thread took for it.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    timed_by(of_thread, work)
}

/// The same over all threads.
pub(crate) fn timed_together<T>(work: impl FnOnce() -> T) -> (T, f64) {
    timed_by(of_process, work)
}

/// The same on the clock on the wall.
pub(crate) fn timed_on_the_wall<T>(work: impl FnOnce() -> T) -> (T, f64) {
    timed_by(wall, work)
}
