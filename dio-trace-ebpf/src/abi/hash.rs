//! Hashes that stand for longer keys.

/// Spreads bits over a word: the finaliser of `SplitMix64`. An attacker can choose keys that collide, so
/// the full key must be compared where that matters.
#[inline(always)]
#[must_use]
pub const fn mixed(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}
