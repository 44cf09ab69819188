//! The shapes of reads that look for an alignment.

/// Bytes of the largest alignment that is looked for: more than any block size, dma alignment or page.
const LARGEST: u64 = 65_536;
/// Bytes of the smallest block, and so of the smallest alignment above a single byte that a program has
/// a reason to try.
const SMALLEST_BLOCK: u64 = 512;

/// The shape of a read into one piece of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attempt {
    /// Position in the file, bytes.
    pub(super) offset: u64,
    /// Address in memory.
    pub(super) address: u64,
    /// Bytes asked for.
    pub(super) length: u64,
}

/// Whether these reads, in this order, try one alignment after the other, all in one direction. Of a
/// single read: whether it may be the first of them.
pub(super) fn is_search(attempts: impl Iterator<Item = Attempt> + Clone) -> bool {
    tries_lengths(&attempts) || tries_addresses(attempts)
}

/// The position at which such reads ask, whatever their lengths.
pub(super) fn anchor(mut attempts: impl Iterator<Item = Attempt>) -> u64 {
    let first = attempts.next().map_or(0, |first| first.offset);
    match attempts.all(|one| one.offset == first) {
        true => first,
        // Each is at its own length, counted from the start of the file.
        false => 0,
    }
}

/// Whether only the length changes: each is a power of two, in memory that is aligned to it. The
/// position stays, or is the length itself: the first aligned place after the start of the file.
fn tries_lengths(attempts: &(impl Iterator<Item = Attempt> + Clone)) -> bool {
    let natural = attempts
        .clone()
        .all(|one| is_alignment(one.length) && one.address.is_multiple_of(one.length));
    natural
        && is_one_way(attempts.clone().map(|one| one.length))
        && (are_same(attempts.clone().map(|one| one.offset))
            || attempts.clone().all(|one| one.offset == one.length))
}

/// Whether only the address changes: each is a power of two after one aligned address.
fn tries_addresses(attempts: impl Iterator<Item = Attempt> + Clone) -> bool {
    let addresses = attempts.clone().map(|one| one.address);
    let least = addresses.clone().min().unwrap_or(0);
    let smallest = (least & least.wrapping_neg()).min(LARGEST);
    let start = least - smallest;
    let steps = addresses.map(|address| address - start);
    let largest = steps.clone().max().unwrap_or(0);
    (smallest == 1 || smallest >= SMALLEST_BLOCK)
        && steps.clone().all(is_alignment)
        && is_one_way(steps)
        && start.is_multiple_of(largest)
        && are_same(attempts.map(|one| (one.offset, one.length)))
}

const fn is_alignment(bytes: u64) -> bool {
    bytes.is_power_of_two() && bytes <= LARGEST
}

fn is_one_way(sizes: impl Iterator<Item = u64> + Clone) -> bool {
    sizes.clone().is_sorted_by(|a, b| a < b) || sizes.is_sorted_by(|a, b| a > b)
}

fn are_same<T: PartialEq>(mut values: impl Iterator<Item = T>) -> bool {
    let first = values.next();
    values.all(|value| Some(value) == first)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMORY: u64 = 0x7f00_0000_2000;

    fn reads<const N: usize>(shapes: [(u64, u64, u64); N]) -> [Attempt; N] {
        shapes.map(|(offset, after, length)| Attempt {
            offset,
            address: MEMORY + after,
            length,
        })
    }

    fn search<const N: usize>(shapes: [(u64, u64, u64); N]) -> bool {
        is_search(reads(shapes).into_iter())
    }

    #[test]
    fn what_virtual_machine_monitors_do_is_a_search() {
        // QEMU: lengths, addresses, and the two of them that 6.1 and a 4K disk leave.
        assert!(search([(0, 0, 1), (0, 0, 512), (0, 0, 1024)]));
        assert!(search([
            (0, 1, 4096),
            (0, 512, 4096),
            (0, 1024, 4096),
            (0, 2048, 4096),
            (0, 4096, 4096)
        ]));
        assert!(search([(0, 1, 4096), (0, 512, 4096)]));
        // QEMU up to 4.0.
        assert!(search([(0, 512, 4096), (0, 1024, 4096)]));
        // Cloud Hypervisor, which takes new memory for each attempt.
        assert!(search([(512, 512, 512), (4096, 8192, 4096)]));
        let shrinking = [(0, 4096, 4096), (0, 2048, 4096), (0, 512, 4096)];
        assert!(search(shrinking));
        assert_eq!(anchor(reads(shrinking).into_iter()), 0);
    }

    #[test]
    fn reading_the_same_data_again_is_not_a_search() {
        // From an allocator's memory into other memory, and into the same buffer.
        assert!(!search([(0, 0x10, 4096), (0, 0x7000, 4096)]));
        assert!(!search([(0, 0x10, 4096), (0, 0x1000, 4096)]));
        // The same again.
        assert!(!search([(0, 1, 4096), (0, 1, 4096)]));
        // From a block within a buffer into other memory.
        assert!(!search([(0, 512, 4096), (0, 0x7000, 4096)]));
    }

    #[test]
    fn other_sizes_and_turns_are_not_a_search() {
        assert!(!search([(0, 0, 512), (0, 0, 1536)]));
        assert!(!search([(0, 0, 512), (0, 0, 4096), (0, 0, 1024)]));
        assert!(!search([(0, 0, 512), (512, 0, 1024)]));
        assert!(!search([(0, 0, 512), (0, 512, 4096)]));
        assert!(!search([(0, 16, 4096)]));
        assert!(!search([(0, 16, 512)]));
        assert!(!search([(0, 0, 131_072), (0, 0, 262_144)]));
    }
}
