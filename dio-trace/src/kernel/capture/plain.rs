//! Types that cross from the probes, as aya reads and writes them.

use bytemuck::Pod;

/// A value of a map that the probes share with us.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub(in crate::kernel) struct Plain<T>(pub(in crate::kernel) T);

// SAFETY: the same as `T`, which has no padding, and for which any bytes are valid.
unsafe impl<T: Pod> aya::Pod for Plain<T> {}
