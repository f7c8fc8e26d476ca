//! Replications in parallel. Their order and content do not depend on how many run at once.

use super::ReplicationSettings;
use super::replicate::replicate_until;
use crate::measure::RunRecord;
use crate::model::params::Params;
use rayon::prelude::*;
use std::ops::Range;

/// What to run: one scenario, several independent replications.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    /// The model's parameters.
    pub params: &'a Params,
    /// Length and seed.
    pub settings: ReplicationSettings,
    /// Number of replications, numbered from 0.
    pub repeats: u32,
    /// Threads; zero = one for each processor.
    pub jobs: usize,
}

/// Somebody who watches replications end and may stop the rest. Called from several threads.
pub trait Observer: Sync {
    /// One more replication is done.
    fn done(&self, _record: &RunRecord) {}
    /// Whether to start no further replication.
    fn stop(&self) -> bool {
        false
    }
    /// Whether to drop those under way, too.
    fn give_up(&self) -> bool {
        self.stop()
    }
}

/// Watches nothing, stops nothing.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Observer for Silent {}

/// The observer asked to stop before all replications were done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stopped before all replications were done")]
pub struct Stopped;

/// Runs all replications of `plan` and returns their records in order of number.
///
/// # Errors
/// [`Stopped`] when `observer` said so before the last one was done.
pub fn run(plan: &Plan, observer: &dyn Observer) -> Result<Vec<RunRecord>, Stopped> {
    run_range(plan, 0..u64::from(plan.repeats), observer)
}

/// The same for the replications with these numbers.
pub(super) fn run_range(
    plan: &Plan,
    all: Range<u64>,
    observer: &dyn Observer,
) -> Result<Vec<RunRecord>, Stopped> {
    let one = |number: u64| {
        let record = one(plan, number, observer)?;
        observer.done(&record);
        Ok(record)
    };
    match rayon::ThreadPoolBuilder::new().num_threads(plan.jobs).build() {
        Ok(pool) => pool.install(|| all.into_par_iter().map(one).collect()),
        // No threads to be had: slower, but the same result.
        Err(_) => all.map(one).collect(),
    }
}

/// Runs one replication of `plan`, and tells nobody yet that it is done.
pub(super) fn one(plan: &Plan, number: u64, observer: &dyn Observer) -> Result<RunRecord, Stopped> {
    if observer.stop() {
        return Err(Stopped);
    }
    let give_up = || observer.give_up();
    replicate_until(plan.params, &plan.settings, number, &mut (), &give_up).ok_or(Stopped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Span;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn plan(params: &Params, jobs: usize) -> Plan<'_> {
        let settings = ReplicationSettings {
            simulate: Span::from_hours(1),
            warm_up: Span::ZERO,
            drain: Span::from_hours(120),
            seed: 7,
            parts: Vec::new(),
        };
        Plan { params, settings, repeats: 8, jobs }
    }

    #[test]
    fn records_come_in_order_and_do_not_depend_on_the_number_of_jobs() {
        let params = Params::default();
        let one = run(&plan(&params, 1), &Silent).expect("not stopped");
        let four = run(&plan(&params, 4), &Silent).expect("not stopped");
        assert_eq!(one, four);
        let numbers: Vec<u64> = one.iter().map(|record| record.replication).collect();
        assert_eq!(numbers, (0..8).collect::<Vec<_>>());
    }

    #[test]
    fn an_observer_sees_every_replication_and_can_stop_the_rest() {
        struct After(AtomicU32, u32);
        impl Observer for After {
            fn done(&self, _: &RunRecord) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
            fn stop(&self) -> bool {
                self.0.load(Ordering::SeqCst) >= self.1
            }
        }
        let params = Params::default();
        let all = After(AtomicU32::new(0), 100);
        assert!(run(&plan(&params, 2), &all).is_ok());
        assert_eq!(all.0.load(Ordering::SeqCst), 8);
        assert_eq!(run(&plan(&params, 1), &After(AtomicU32::new(0), 3)), Err(Stopped));
    }
}
