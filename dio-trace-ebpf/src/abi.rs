//! Layout of everything that crosses between the probes and userspace. All of it is
//! `#[repr(C)]` without padding, so that any byte of it may be copied either way.

pub mod counters;
pub mod file;
pub mod hash;
pub mod layout;
pub mod news;
pub mod request;
pub mod row;
pub mod settings;
pub mod slot;

/// Number of the layout below; raised with every change, so that an object built apart from the
/// binary that loads it is noticed.
pub const ABI_VERSION: u32 = 4;

/// Name of the probe object's global that holds [`ABI_VERSION`].
pub const ABI_VERSION_GLOBAL: &str = "ABI_VERSION";

/// First word of every event in the ring buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum EventKind {
    /// A [`request::RequestEvent`] follows.
    Request = 1,
    /// A [`file::FileEvent`] follows.
    File = 2,
}

/// Declares a `#[repr(C)]` type and checks at compile time that it has no padding.
macro_rules! padding_free {
    ($($type:ty = $($size:expr),+;)+) => {
        $(const _: () = assert!(core::mem::size_of::<$type>() == 0 $(+ $size)+);)+
    };
}

padding_free! {
    file::FileId = 16;
    request::Parties = request::PARTIES_SIZE;
    request::Request = request::REQUEST_SIZE;
    slot::Slot<row::Row> = 24, request::REQUEST_SIZE, 128;
    request::RequestEvent = 8, request::REQUEST_SIZE, 24;
    counters::CounterKey = 56;
    counters::CounterValue = 16;
    slot::Slot<counters::CounterRow> = 24, 72;
}
