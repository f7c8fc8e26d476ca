//! The model: MODEL.md, rule by rule. It knows no YAML, no files, no printing and no wall clock, and it
//! cannot fail.
//!
//! ```text
//! workload -> mta/queue -> mta/run lists it -> mta/process takes it -> mta/delivery: may I, on which
//!   connection -> connection/session -> exchange answers -> connection/transaction -> mta/outcome
//! ```

mod change;
pub mod check;
pub mod clock;
pub mod connection;
pub mod distribution;
pub mod event;
pub mod exchange;
pub mod laboratory;
pub mod message;
pub mod mta;
pub mod network;
pub mod observation;
pub mod params;
pub mod waiting;
pub mod workload;
pub mod world;

pub use event::{Context, Event};
pub use observation::{Observation, Observer};
pub use params::Params;
pub use world::World;
