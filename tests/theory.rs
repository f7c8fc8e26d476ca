//! The simulator against queueing theory, by interval over several seeds.
//!
//! Degenerate settings turn the mail model into textbook queues: one persistent runner, queue order by
//! time, no pause, no lifetime, no network (`one_runner`, `moments`, `connection`, `shared_link`). What has
//! no counterpart among mail settings is a toy station on the bare calendar (`stations`,
//! `special_stations`). The exact values stand in `theory/reference_values.json`, with formula and source
//! of each; `reference` sees to it that none is left out in silence.

#[path = "theory/connection.rs"]
mod connection;
#[path = "theory/cycle.rs"]
mod cycle;
#[path = "theory/mail.rs"]
mod mail;
#[path = "theory/moments.rs"]
mod moments;
#[path = "theory/one_runner.rs"]
mod one_runner;
#[path = "theory/reference.rs"]
mod reference;
#[path = "theory/shared_link.rs"]
mod shared_link;
#[path = "theory/special_stations.rs"]
mod special_stations;
#[path = "theory/station.rs"]
mod station;
#[path = "theory/stations.rs"]
mod stations;
#[path = "theory/threshold.rs"]
mod threshold;
#[path = "theory/toy.rs"]
mod toy;
