//! Keeps the kernel's verifier from following every combination of values.
//!
//! A set of bits that is built by branches has as many known values as there are paths, and a
//! length that grows in a loop has as many ranges as there are rounds. Once such a value is tested or
//! used as an index, the verifier walks each of them separately: a million steps for a few hundred
//! instructions. If it does not know the value, it walks the rest once.

/// The same value, unknown to the verifier.
/// `unknown` is any value that it does not know either, such as one read from kernel memory.
#[inline(always)]
#[must_use]
pub fn opaque(value: u64, unknown: u64) -> u64 {
    #[cfg(target_arch = "bpf")]
    {
        let mut value = value;
        // SAFETY: adds a register and takes it away again.
        unsafe {
            core::arch::asm!(
                "{0} += {1}",
                "{0} -= {1}",
                inout(reg) value,
                in(reg) unknown,
                options(pure, nomem, nostack),
            );
        }
        value
    }
    #[cfg(not(target_arch = "bpf"))]
    {
        let _ = unknown;
        value
    }
}

/// `index & MASK`, in a form that reaches the verifier: the compiler would drop a plain `&` whose outcome
/// it can prove, and the verifier does not see that proof.
#[inline(always)]
#[must_use]
pub fn low_bits<const MASK: i32>(index: u64) -> usize {
    #[cfg(target_arch = "bpf")]
    {
        let mut index = index;
        // SAFETY: changes one register.
        unsafe {
            core::arch::asm!(
                "{0} &= {1}",
                inout(reg) index,
                const MASK,
                options(pure, nomem, nostack),
            );
        }
        index as usize
    }
    #[cfg(not(target_arch = "bpf"))]
    {
        (index & MASK as u64) as usize
    }
}

/// The lower half of a word. The verifier lets no program calculate with a pointer, such as a kiocb is
/// in programs with BTF context, but with a half of it.
#[inline(always)]
#[must_use]
pub fn lower_half(word: u64) -> u32 {
    #[cfg(target_arch = "bpf")]
    {
        let half: u64;
        // SAFETY: copies one half of a register.
        unsafe {
            core::arch::asm!(
                "w0 = w1",
                in("r1") word,
                out("r0") half,
                options(pure, nomem, nostack),
            );
        }
        half as u32
    }
    #[cfg(not(target_arch = "bpf"))]
    {
        word as u32
    }
}

/// 1 where a word is not 0, else 0, without a branch that the verifier would follow. The compiler turns
/// every ordinary form of this into a branch.
#[inline(always)]
#[must_use]
pub fn is_nonzero(word: u64) -> u64 {
    #[cfg(target_arch = "bpf")]
    {
        let mut bit = word;
        // SAFETY: changes one register.
        unsafe {
            core::arch::asm!(
                "{0} = -{0}",
                "{0} |= {1}",
                "{0} >>= 63",
                inout(reg) bit,
                in(reg) word,
                options(pure, nomem, nostack),
            );
        }
        bit
    }
    #[cfg(not(target_arch = "bpf"))]
    {
        u64::from(word != 0)
    }
}

/// 1 where `a < b`, else 0, without a branch. Both must be below 2^63.
#[inline(always)]
#[must_use]
pub const fn is_less(a: u64, b: u64) -> u64 {
    a.wrapping_sub(b) >> 63
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_without_branches_agree_with_those_that_have_some() {
        let words = [0, 1, 2, 511, 512, u64::MAX >> 1];
        for a in words {
            assert_eq!(is_nonzero(a), u64::from(a != 0), "{a}");
            for b in words {
                assert_eq!(is_less(a, b), u64::from(a < b), "{a} {b}");
            }
        }
        assert_eq!(is_nonzero(u64::MAX), 1);
    }
}
