//! Scenarios.
pub mod recorded_case;
