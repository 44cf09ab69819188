//! The programs themselves: each takes the arguments its kind of hook gives and hands them on.
//! What is attached where is userspace's attach plan.

mod bio;
mod completion;
mod engine;
mod process;
mod request;
mod shared;
