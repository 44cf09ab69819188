//! Layout of everything that crosses between the probes and userspace. All of it is
//! `#[repr(C)]` and [`Pod`](bytemuck::Pod): without padding, which the compiler checks, and valid
//! whatever its bytes are, so that it may be copied either way.

pub mod counters;
pub mod file;
pub mod hash;
pub mod layout;
pub mod request;
pub mod row;
pub mod settings;
pub mod signals;
pub mod slot;

/// Version of the layout below, raised with every change, so that a binary notices an object that was
/// built for another one.
pub const ABI_VERSION: u32 = 6;

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
