//! Tasks taken in order by several threads: what is first in the plan is done first, whoever does it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// How many threads `jobs` stands for: zero is one for each processor.
pub fn threads(jobs: usize) -> usize {
    match jobs {
        0 => thread::available_parallelism().map_or(1, usize::from),
        jobs => jobs,
    }
}

/// Calls `work` with 0, 1, .. up to `tasks`, each once, by `jobs` threads (zero = one for each processor).
/// After the first error no task is begun.
///
/// # Errors
/// The error of the first task that had one.
pub fn in_order<E: Send>(
    jobs: usize,
    tasks: usize,
    work: impl Fn(usize) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let first: Mutex<Option<(usize, E)>> = Mutex::new(None);
    let worker = || {
        while !failed.load(Ordering::Relaxed) {
            let task = next.fetch_add(1, Ordering::Relaxed);
            if task >= tasks {
                return;
            }
            if let Err(error) = work(task) {
                failed.store(true, Ordering::Relaxed);
                let mut first = first.lock().unwrap_or_else(PoisonError::into_inner);
                if first.as_ref().is_none_or(|(before, _)| task < *before) {
                    *first = Some((task, error));
                }
            }
        }
    };
    thread::scope(|scope| {
        // This thread works, too; where no further one is to be had, it does all.
        for _ in 1..threads(jobs).min(tasks) {
            if thread::Builder::new().spawn_scoped(scope, worker).is_err() {
                break;
            }
        }
        worker();
    });
    match first.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some((_, error)) => Err(error),
        None => Ok(()),
    }
}

/// What `work` gives for 0, 1, .. up to `tasks`, in that order, by `jobs` threads as [`in_order`] has them.
///
/// # Errors
/// The error of the first task that had one.
pub fn each<T: Send, E: Send>(
    jobs: usize,
    tasks: usize,
    work: impl Fn(usize) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let done: Mutex<BTreeMap<usize, T>> = Mutex::default();
    in_order(jobs, tasks, |task| {
        let result = work(task)?;
        done.lock().unwrap_or_else(PoisonError::into_inner).insert(task, result);
        Ok(())
    })?;
    Ok(done.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_is_done_once_and_begun_in_order() {
        for jobs in [1, 2, 5] {
            let done = Mutex::new(Vec::new());
            let work = |task| {
                done.lock().expect("no panic").push(task);
                Ok::<(), ()>(())
            };
            in_order(jobs, 100, work).expect("no error");
            let mut done = done.into_inner().expect("no panic");
            if jobs > 1 {
                done.sort_unstable();
            }
            assert_eq!(done, (0..100).collect::<Vec<_>>());
        }
    }

    #[test]
    fn results_stand_in_the_order_of_their_tasks() {
        let squares = each(3, 50, |task| Ok::<_, ()>(task * task)).expect("no error");
        assert!(squares.into_iter().eq((0..50).map(|task| task * task)));
        assert_eq!(each(2, 5, |task| if task == 2 { Err(task) } else { Ok(()) }), Err(2));
    }

    #[test]
    fn after_an_error_nothing_is_begun() {
        let begun = AtomicUsize::new(0);
        let work = |task| {
            begun.fetch_add(1, Ordering::SeqCst);
            if task >= 3 { Err(task) } else { Ok(()) }
        };
        assert_eq!(in_order(1, 100, work), Err(3));
        assert_eq!(begun.load(Ordering::SeqCst), 4);
        assert_eq!(in_order(4, 0, |_| Err(())), Ok(()));
    }
}
