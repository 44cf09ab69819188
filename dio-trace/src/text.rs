//! Numbers, sizes and times as text, the same in reports and on the screen.

mod lists;
mod numbers;
mod sizes;
mod times;
mod wrap;

pub use lists::listed;
pub use numbers::{number, per_second, percent, rate, short};
pub use sizes::{bytes, bytes_short, size};
pub use times::{clock, clock_exact, duration, elapsed, latency};
pub use wrap::{width, wrap};
