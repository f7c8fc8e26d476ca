//! A runner with a backlog, one connection after the other: a renewal process.

use crate::cycle::{Closings, cycles};
use crate::mail::by;
use crate::reference::Entry;

#[test]
fn a_saturated_connection_with_a_cap_and_a_lifetime_is_a_renewal_process() {
    let entry =
        Entry::of("Saturated connection: exp(10 s) messages, closed after 100, reset at 1200 s");
    let cap = entry.param("m") as u32;
    let runs = cycles(entry.param("mean_s"), cap, entry.param("T"));
    entry.covers("P_reset", &by(&runs, Closings::reset));
    entry.covers("E_messages", &by(&runs, Closings::messages));
    entry.covers("E_busy_len", &by(&runs, Closings::busy));
    entry.covers("fail_per_attempt", &by(&runs, Closings::failed));
    entry.covers("throughput_per_runner_connect_1s", &by(&runs, Closings::throughput));
}
