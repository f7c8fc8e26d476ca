//! Quantities with units: the vocabulary every other room speaks.
//!
//! Nothing here knows mail. An instant ([`SimTime`]) and a length of time ([`Span`]) are different
//! types and do not mix; sizes, rates and shares carry their unit in their type, so that a bare
//! number never crosses a room's wall.

mod bytes;
pub mod parse;
mod rate;
mod share;
mod time;

pub use bytes::{Bandwidth, ByteSize};
pub use rate::Rate;
pub use share::Share;
pub use time::{SimTime, Span};
