//! The probes' maps, by name.

use anyhow::{Context, Error, Result};
use aya::{Ebpf, maps::Map};

/// The maps of the loaded object, each of which may be taken once.
pub(in crate::kernel) struct Maps<'a>(pub(in crate::kernel) &'a mut Ebpf);

impl Maps<'_> {
    /// Takes over a map, as the kind of map that is wanted.
    ///
    /// # Errors
    /// Where there is none of this name and kind: the object was not built with this binary.
    pub(in crate::kernel) fn take<T>(&mut self, name: &str) -> Result<T>
    where
        T: TryFrom<Map>,
        Error: From<T::Error>,
    {
        let map = self.0.take_map(name);
        let map = map.with_context(|| format!("the eBPF object has no map {name}"))?;
        Ok(map.try_into()?)
    }
}
