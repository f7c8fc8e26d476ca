//! The discrete-event engine: a clock, a calendar, random streams and a trace hash. It knows no mail.
//!
//! # Ordering contract
//! Events run in the order **(time, phase, sequence number)**. Time is integer nanoseconds. The phase
//! is given by whoever schedules an event and says which kind of thing goes first within one instant;
//! the sequence number counts schedulings, so that equals run in the order in which they were
//! scheduled. Nothing else - no address, no hash order, no thread - decides an order; hence the same
//! seed gives the same run everywhere.
//!
//! # Randomness
//! A [`Stream`] is keyed by (seed, replication, name) and *indexed*, not consumed: draw number `i` of a
//! stream is a pure function. What one cause draws can therefore never shift what another one draws.

mod calendar;
mod random;
mod trace;

pub use calendar::{Calendar, Phase, Timer};
pub use random::{Draws, Stream};
pub use trace::TraceHash;
