//! Sendmail's log: what a run would have left in `maillog`.
//!
//! The writer is an observer; the model knows nothing of it.

pub mod write;
