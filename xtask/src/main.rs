//! Builds, tests and shows dio-trace.

fn main() {}
