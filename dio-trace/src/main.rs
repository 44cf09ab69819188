//! The `dio-trace` command.

fn main() {}
