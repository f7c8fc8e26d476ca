//! Processor time of this thread: what other programs take does not count.

use rustix::time::{ClockId, clock_gettime};

fn now() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

/// What `work` gives, and the nanoseconds that it took.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = now();
    let result = std::hint::black_box(work());
    (result, now() - start)
}

/// The nanoseconds that `work` took.
pub(crate) fn nanos_of<T>(work: impl FnOnce() -> T) -> f64 {
    timed(work).1
}
