//! `mailflow` says what each documented fix does to *your* mail.
//!
//! A discrete-event simulator of a Sendmail-based sender (Proofpoint Email Protection) in front of
//! Exchange Online. A scenario goes in, a delay distribution with its uncertainty comes out.
//!
//! # The path of one run
//! ```text
//! scenario::load -> Scenario -> experiment::run (replications; common random numbers)
//!   -> replicate: while let Some(event) = calendar.advance(horizon) { world.handle(event, ..) }
//!   -> RunRecord -> Summary, Verdict, Warning -> report -> exit code
//! ```
//! # The path of one message
//! ```text
//! workload -> mta/queue -> mta/run lists it -> mta/process takes it -> mta/host_status may I?
//!   -> connection still open? -> connection/session -> exchange/admission -> connection/transaction
//!   -> exchange answers -> mta/outcome -> next message, or close
//! ```
//! Rooms depend one way: `units, stats <- engine <- model <- { measure | scenario | maillog } <- experiment
//! <- report <- cli`; a test holds them to it.

pub mod cli;
pub mod engine;
pub mod experiment;
pub mod maillog;
pub mod measure;
pub mod model;
pub mod report;
pub mod scenario;
pub mod stats;
pub mod units;
