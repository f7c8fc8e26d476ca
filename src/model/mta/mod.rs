//! The sender: a Sendmail-based MTA.

mod closing;
mod delivery;
pub mod expiry;
pub mod host_status;
pub mod outcome;
pub mod process;
pub mod queue;
pub mod run;
mod skip;
mod transact;
mod undisturbed;
