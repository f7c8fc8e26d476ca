//! The `mailflow` command; all of it lives in the library.

fn main() {}
