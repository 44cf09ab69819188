//! A program's code: its instructions and the records that point at them, which move together.

use std::{error, fmt, os::fd::RawFd};

use aya_obj::generated::{BPF_PSEUDO_MAP_FD, bpf_func_info, bpf_insn, bpf_line_info};

use crate::kernel::sys::instruction::{Kind, LOAD_WIDE, kind, target};

/// A program as bpf(2) takes it.
#[derive(Clone, Default)]
pub(in crate::kernel) struct Code {
    /// Instructions of the program, and after them those of the functions that it calls.
    pub(in crate::kernel) instructions: Vec<bpf_insn>,
    /// One record for each function that has type information, the program included: its first
    /// instruction, and its type in the object's own BTF.
    pub(in crate::kernel) functions: Vec<bpf_func_info>,
    /// Source lines, each from one instruction up to the next record; no two begin at the same one.
    pub(in crate::kernel) lines: Vec<bpf_line_info>,
}

/// A change of one instruction.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernel) enum Edit<'a> {
    /// Stays.
    Keep,
    /// Goes: it has no effect. Whatever leads to it leads to the next one that stays, and a function
    /// that begins with it begins there.
    Elide,
    /// Goes: it never runs, and neither does a function that begins with it.
    Delete,
    /// Gives way to others, which do not jump out of themselves.
    Replace(&'a [bpf_insn]),
}

/// A jump would lead further than its 16 bits reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::kernel) struct TooFar;

impl fmt::Display for TooFar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a jump leads too far")
    }
}

impl error::Error for TooFar {}

impl Code {
    /// Changes instructions one by one. Jumps, calls and records lead where they did.
    ///
    /// # Errors
    /// When a jump cannot lead that far. Nothing has changed then.
    pub(in crate::kernel) fn edit<'a>(
        &mut self,
        edit: impl Fn(usize, bpf_insn) -> Edit<'a>,
    ) -> Result<(), TooFar> {
        let edits: Vec<Edit<'_>> = self
            .instructions
            .iter()
            .enumerate()
            .map(|(at, &instruction)| edit(at, instruction))
            .collect();
        let mut length = 0;
        let mut new_index = vec![length];
        for edit in &edits {
            length += match edit {
                Edit::Keep => 1,
                Edit::Elide | Edit::Delete => 0,
                Edit::Replace(others) => others.len(),
            };
            new_index.push(length);
        }
        let retargeted = retarget(&self.instructions, &new_index)?;
        let mut edited = Vec::with_capacity(length);
        for (instruction, edit) in retargeted.into_iter().zip(&edits) {
            match edit {
                Edit::Keep => edited.push(instruction),
                Edit::Elide | Edit::Delete => {}
                Edit::Replace(others) => edited.extend_from_slice(others),
            }
        }
        self.instructions = edited;
        self.functions.retain(|function| {
            !matches!(
                edits.get(function.insn_off as usize),
                Some(Edit::Delete) | None
            )
        });
        for function in &mut self.functions {
            function.insn_off = moved(function.insn_off, &new_index);
        }
        for line in &mut self.lines {
            line.insn_off = moved(line.insn_off, &new_index);
        }
        self.lines.retain(|line| (line.insn_off as usize) < length);
        self.keep_last_lines();
        Ok(())
    }

    /// Puts instructions in front of the program, which is still entered at its first one. Whatever
    /// jumps to the old beginning still does.
    pub(in crate::kernel) fn prepend(&mut self, beginning: &[bpf_insn]) {
        self.instructions.splice(..0, beginning.iter().copied());
        let functions = self.functions.iter_mut().map(|one| &mut one.insn_off);
        let lines = self.lines.iter_mut().map(|one| &mut one.insn_off);
        for at in functions.chain(lines).filter(|at| **at != 0) {
            *at += beginning.len() as u32;
        }
    }

    /// Puts another map in place of one, by descriptor.
    pub(in crate::kernel) fn replace_map(&mut self, map: RawFd, other: RawFd) {
        for instruction in &mut self.instructions {
            if u32::from(instruction.code) == LOAD_WIDE
                && u32::from(instruction.src_reg()) == BPF_PSEUDO_MAP_FD
                && instruction.imm == map
            {
                instruction.imm = other;
            }
        }
    }

    /// Of several lines that begin at one instruction, only the last one has any: the kernel refuses
    /// the others.
    pub(in crate::kernel) fn keep_last_lines(&mut self) {
        self.lines.dedup_by(|later, kept| {
            let is_same = later.insn_off == kept.insn_off;
            if is_same {
                *kept = *later;
            }
            is_same
        });
    }
}

/// Instructions whose jumps, calls and addresses of functions lead where they did, once each one has
/// gone to its index in `new_index`, which has one more for the end.
fn retarget(instructions: &[bpf_insn], new_index: &[usize]) -> Result<Vec<bpf_insn>, TooFar> {
    let mut retargeted = instructions.to_vec();
    for (at, instruction) in retargeted.iter_mut().enumerate() {
        let Some(target) = target(instructions, at) else {
            continue;
        };
        let (Some(&from), Some(&to)) = (new_index.get(at), new_index.get(target)) else {
            continue;
        };
        let distance = to as i64 - from as i64 - 1;
        match kind(*instruction) {
            Kind::Jump | Kind::Branch => {
                instruction.off = distance.try_into().map_err(|_| TooFar)?;
            }
            _ => instruction.imm = distance.try_into().map_err(|_| TooFar)?,
        }
    }
    Ok(retargeted)
}

fn moved(at: u32, new_index: &[usize]) -> u32 {
    let end = new_index.last();
    new_index
        .get(at as usize)
        .or(end)
        .map_or(0, |&at| at as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::sys::instruction::{exit, fields, jump, noop};

    fn function(insn_off: u32) -> bpf_func_info {
        bpf_func_info {
            insn_off,
            type_id: insn_off,
        }
    }

    fn line(insn_off: u32, line: u32) -> bpf_line_info {
        bpf_line_info {
            insn_off,
            file_name_off: 0,
            line_off: 0,
            line_col: line,
        }
    }

    fn lines(code: &Code) -> Vec<(u32, u32)> {
        let lines = code.lines.iter();
        lines.map(|one| (one.insn_off, one.line_col)).collect()
    }

    fn functions(code: &Code) -> Vec<(u32, u32)> {
        let functions = code.functions.iter();
        functions.map(|one| (one.insn_off, one.type_id)).collect()
    }

    #[test]
    fn a_function_whose_first_instruction_has_no_effect_keeps_its_record() {
        let mut code = Code {
            instructions: vec![exit(), noop(), exit(), noop(), exit()],
            functions: vec![function(0), function(1), function(3)],
            lines: vec![line(0, 1), line(1, 2), line(3, 4)],
        };
        let edit = |at, _| match at {
            1 => Edit::Elide,
            3 | 4 => Edit::Delete,
            _ => Edit::Keep,
        };
        assert_eq!(code.edit(edit), Ok(()));
        assert_eq!(functions(&code), [(0, 0), (1, 1)]);
        assert_eq!(lines(&code), [(0, 1), (1, 2)]);
    }

    #[test]
    fn of_lines_that_meet_the_one_nearest_to_the_code_stays() {
        let mut code = Code {
            instructions: vec![noop(), noop(), noop(), exit()],
            functions: Vec::new(),
            lines: vec![line(0, 1), line(1, 2), line(2, 3)],
        };
        let edit = |at, _| if at == 3 { Edit::Keep } else { Edit::Elide };
        assert_eq!(code.edit(edit), Ok(()));
        assert_eq!(lines(&code), [(0, 3)]);
    }

    #[test]
    fn jumps_follow_what_is_put_between() {
        let mut code = Code {
            instructions: vec![jump(1), exit(), jump(-2)],
            functions: vec![function(0), function(2)],
            lines: vec![line(0, 1), line(2, 2)],
        };
        let two = [noop(), exit()];
        let edit = |at, _| match at {
            1 => Edit::Replace(&two),
            _ => Edit::Keep,
        };
        assert_eq!(code.edit(edit), Ok(()));
        let expected = [jump(2), noop(), exit(), jump(-3)];
        assert_eq!(fields(&code.instructions), fields(&expected));
        assert_eq!(functions(&code), [(0, 0), (3, 2)]);
        code.prepend(&[noop()]);
        assert_eq!(functions(&code), [(0, 0), (4, 2)]);
        assert_eq!(lines(&code), [(0, 1), (4, 2)]);
    }

    #[test]
    fn a_jump_that_would_lead_too_far_changes_nothing() {
        let mut instructions = vec![jump(i16::MAX)];
        instructions.extend(vec![noop(); i16::MAX as usize]);
        instructions.push(exit());
        let mut code = Code {
            instructions,
            functions: vec![function(0)],
            lines: vec![line(0, 1), line(5, 2)],
        };
        let before = code.clone();
        let two = [noop(), noop()];
        let edit = |at, _| match at {
            1 => Edit::Replace(&two),
            _ => Edit::Keep,
        };
        assert_eq!(code.edit(edit), Err(TooFar));
        assert_eq!(fields(&code.instructions), fields(&before.instructions));
        assert_eq!(lines(&code), lines(&before));
    }
}
