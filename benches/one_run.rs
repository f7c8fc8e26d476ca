//! Speed of one run; written when there is a run.

fn main() {}
