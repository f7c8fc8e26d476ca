//! The model: MODEL.md, rule by rule. It knows no YAML, no files, no printing and no wall clock, and it
//! cannot fail.

pub mod distribution;
pub mod params;
