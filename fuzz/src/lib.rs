//! The rooms of mailflow that read what others wrote, by path: the same files, without what they do not need.

#![allow(missing_docs, dead_code, clippy::all)]

#[path = "../../src/engine/mod.rs"]
pub mod engine;
#[path = "../../src/maillog/mod.rs"]
pub mod maillog;
#[path = "../../src/model/mod.rs"]
pub mod model;
#[path = "../../src/scenario/mod.rs"]
pub mod scenario;
#[path = "../../src/stats/mod.rs"]
pub mod stats;
#[path = "../../src/units/mod.rs"]
pub mod units;
