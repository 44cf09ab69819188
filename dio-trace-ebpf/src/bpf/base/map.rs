//! Looking into maps, as places of their values.

use core::ptr::NonNull;

use aya_ebpf::maps::{Array, HashMap, PerCpuArray, PerCpuHashMap};
use dio_trace_ebpf::memory::InMap;

/// A map whose values the programs read and write in place.
pub(in crate::bpf) trait Values<K, V> {
    /// The value of `key`, where there is one.
    fn value(&self, key: K) -> Option<InMap<V>>;
}

/// Implements [`Values`] by a map's `get_ptr_mut`.
macro_rules! values {
    ($(<$($generic:ident),+> $map:ty, $key:ty;)+) => {
        $(impl<$($generic),+> Values<$key, V> for $map {
            #[inline(always)]
            fn value(&self, key: $key) -> Option<InMap<V>> {
                let value = self.get_ptr_mut(key)?;
                // SAFETY: a map's value is aligned and, while a program runs, there; a map gives no
                // null pointer for one.
                Some(unsafe { InMap::new(NonNull::new_unchecked(value)) })
            }
        })+
    };
}

values! {
    <V> Array<V>, u32;
    <V> PerCpuArray<V>, u32;
    <K, V> HashMap<K, V>, &K;
    <K, V> PerCpuHashMap<K, V>, &K;
}
