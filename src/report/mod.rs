//! Reports: pure functions of stored results. Nothing here simulates, reads a clock or touches a file.

pub mod charts;
