//! The thread's processor time, for criterion: wall time on a machine with other work to do tells of the other work.

use super::yardstick::clock;
use criterion::measurement::{Measurement, ValueFormatter, WallTime};

/// Nanoseconds of processor time.
pub(crate) struct ProcessorTime;

impl Measurement for ProcessorTime {
    type Intermediate = f64;
    type Value = f64;

    fn start(&self) -> f64 {
        clock::of_thread()
    }

    fn end(&self, start: f64) -> f64 {
        clock::of_thread() - start
    }

    fn add(&self, one: &f64, other: &f64) -> f64 {
        one + other
    }

    fn zero(&self) -> f64 {
        0.0
    }

    fn to_f64(&self, value: &f64) -> f64 {
        *value
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        // It is given nanoseconds, too.
        WallTime.formatter()
    }
}
