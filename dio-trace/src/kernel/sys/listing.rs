//! A program as text, in the notation of the kernel's verifier.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
};

use aya_obj::generated::{
    BPF_ADD, BPF_ALU, BPF_ALU64, BPF_AND, BPF_ARSH, BPF_B, BPF_CALL, BPF_DIV, BPF_H, BPF_JEQ,
    BPF_JGE, BPF_JGT, BPF_JLE, BPF_JLT, BPF_JMP, BPF_JMP32, BPF_JNE, BPF_JSET, BPF_JSGE, BPF_JSGT,
    BPF_JSLE, BPF_JSLT, BPF_LDX, BPF_LSH, BPF_MEM, BPF_MEMSX, BPF_MOD, BPF_MOV, BPF_MUL, BPF_NEG,
    BPF_OR, BPF_PSEUDO_KFUNC_CALL, BPF_PSEUDO_MAP_FD, BPF_PSEUDO_MAP_VALUE, BPF_RSH, BPF_ST,
    BPF_STX, BPF_SUB, BPF_W, BPF_X, BPF_XOR, bpf_insn, bpf_line_info,
};

use crate::kernel::sys::{
    code::Code,
    instruction::{CLASS, Kind, MODE, OPERATION, kind, starts, target},
};

/// One instruction a line. Instructions that others lead to have labels, so that two listings can be
/// compared. Lines of the source, as `source` knows them, stand above their first instruction.
pub(in crate::kernel) fn listing(
    code: &Code,
    source: impl Fn(&bpf_line_info) -> Option<String>,
) -> String {
    let instructions = &code.instructions;
    let mut labels: BTreeMap<usize, usize> = (0..instructions.len())
        .filter_map(|at| Some((target(instructions, at)?, 0)))
        .collect();
    for (number, label) in labels.values_mut().enumerate() {
        *label = number + 1;
    }
    let mut text = String::new();
    for at in starts(instructions) {
        let lines = code
            .lines
            .iter()
            .filter(|line| line.insn_off as usize == at);
        // Writing to a string never fails.
        for line in lines.filter_map(&source) {
            let _ = writeln!(text, "; {line}");
        }
        if let Some(label) = labels.get(&at) {
            let _ = writeln!(text, "L{label}:");
        }
        let label = target(instructions, at).and_then(|target| labels.get(&target));
        let text_of = Text {
            one: instructions[at],
            second: instructions.get(at + 1).map_or(0, |second| second.imm),
            label: label.copied().unwrap_or_default(),
        };
        let _ = writeln!(text, "    {text_of}");
    }
    text
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&listing(self, |_| None))
    }
}

/// An instruction to write.
struct Text {
    one: bpf_insn,
    /// Upper half of the number of a wide one.
    second: i32,
    /// Label that it leads to.
    label: usize,
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (one, label) = (self.one, self.label);
        match kind(one) {
            Kind::Jump | Kind::LongJump => write!(f, "goto L{label}"),
            Kind::Branch => self.branch(f),
            Kind::Call => write!(f, "call L{label}"),
            Kind::FunctionAddress => write!(f, "r{} = &L{label}", one.dst_reg()),
            Kind::Exit => f.write_str("exit"),
            Kind::Wide => self.wide(f),
            Kind::Other | Kind::Unknown => self.other(f),
        }
    }
}

impl Text {
    fn branch(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = u32::from(self.one.code);
        let comparison = match code & OPERATION {
            BPF_JEQ => "==",
            BPF_JNE => "!=",
            BPF_JGT => ">",
            BPF_JGE => ">=",
            BPF_JLT => "<",
            BPF_JLE => "<=",
            BPF_JSGT => "s>",
            BPF_JSGE => "s>=",
            BPF_JSLT => "s<",
            BPF_JSLE => "s<=",
            BPF_JSET => "&",
            _ => "?",
        };
        let (r, dst) = (register(code & CLASS == BPF_JMP32), self.one.dst_reg());
        let operand = self.operand(r);
        write!(f, "if {r}{dst} {comparison} {operand} goto L{}", self.label)
    }

    fn wide(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (dst, low) = (self.one.dst_reg(), self.one.imm);
        let (high, number) = (self.second.cast_unsigned(), low.cast_unsigned());
        match u32::from(self.one.src_reg()) {
            0 => write!(
                f,
                "r{dst} = {:#x}",
                u64::from(high) << 32 | u64::from(number)
            ),
            BPF_PSEUDO_MAP_FD => write!(f, "r{dst} = map {low}"),
            BPF_PSEUDO_MAP_VALUE => write!(f, "r{dst} = &map {low}[0] + {}", self.second),
            other => write!(f, "r{dst} = {low} {} of kind {other}", self.second),
        }
    }

    fn other(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = self.one;
        let code = u32::from(one.code);
        let (dst, src, off, imm) = (one.dst_reg(), one.src_reg(), one.off, one.imm);
        let size = match code & 0x18 {
            BPF_B => 8,
            BPF_H => 16,
            BPF_W => 32,
            _ => 64,
        };
        match (code & CLASS, code & MODE) {
            (BPF_ALU | BPF_ALU64, _) => self.arithmetic(f),
            (BPF_LDX, BPF_MEM) => write!(f, "r{dst} = *(u{size} *)(r{src} {off:+})"),
            (BPF_LDX, BPF_MEMSX) => write!(f, "r{dst} = *(s{size} *)(r{src} {off:+})"),
            (BPF_ST, BPF_MEM) => write!(f, "*(u{size} *)(r{dst} {off:+}) = {imm}"),
            (BPF_STX, BPF_MEM) => write!(f, "*(u{size} *)(r{dst} {off:+}) = r{src}"),
            (BPF_STX, _) => write!(f, "atomic {imm:#x} *(u{size} *)(r{dst} {off:+}), r{src}"),
            _ if code == BPF_JMP | BPF_CALL => match u32::from(src) {
                BPF_PSEUDO_KFUNC_CALL => write!(f, "call kernel function {imm}"),
                _ => write!(f, "call {imm}"),
            },
            _ => write!(f, "opcode {code:#04x} r{dst} r{src} {off:+} {imm}"),
        }
    }

    fn arithmetic(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = self.one;
        let code = u32::from(one.code);
        let r = register(code & CLASS == BPF_ALU);
        let (dst, operand) = (one.dst_reg(), self.operand(r));
        let operation = match code & OPERATION {
            BPF_MOV if one.off != 0 => return write!(f, "{r}{dst} = (s{}){operand}", one.off),
            BPF_MOV => "=",
            BPF_ADD => "+=",
            BPF_SUB => "-=",
            BPF_MUL => "*=",
            BPF_DIV => "/=",
            BPF_MOD => "%=",
            BPF_OR => "|=",
            BPF_AND => "&=",
            BPF_XOR => "^=",
            BPF_LSH => "<<=",
            BPF_RSH => ">>=",
            BPF_ARSH => "s>>=",
            BPF_NEG => return write!(f, "{r}{dst} = -{r}{dst}"),
            _ => {
                return write!(
                    f,
                    "{r}{dst} = bytes of {r}{dst} in order {code:#04x} {}",
                    one.imm
                );
            }
        };
        let sign = if one.off == 0 { "" } else { "s" };
        write!(f, "{r}{dst} {sign}{operation} {operand}")
    }

    fn operand(&self, register: &str) -> String {
        match u32::from(self.one.code) & BPF_X == BPF_X {
            true => format!("{register}{}", self.one.src_reg()),
            false => self.one.imm.to_string(),
        }
    }
}

/// First letter of a register, of which 32 or 64 bits count.
const fn register(is_half: bool) -> &'static str {
    if is_half { "w" } else { "r" }
}

#[cfg(test)]
mod tests {
    use aya_obj::generated::BPF_K;

    use super::*;
    use crate::kernel::sys::instruction::{LOAD_WIDE, exit, instruction, jump};

    #[test]
    fn reads_as_the_verifiers_log_does() {
        let code = Code {
            instructions: vec![
                instruction(BPF_ALU64 | BPF_MOV | BPF_X, (6, 1), 0, 0),
                instruction(BPF_ALU | BPF_MOV | BPF_K, (3, 0), 0, 40),
                instruction(BPF_ALU64 | BPF_ADD | BPF_X, (3, 6), 0, 0),
                instruction(LOAD_WIDE, (2, BPF_PSEUDO_MAP_VALUE as u8), 0, 7),
                instruction(0, (0, 0), 0, 24),
                instruction(BPF_LDX | BPF_MEM | BPF_W, (2, 2), 4, 0),
                instruction(BPF_JMP | BPF_JSGT | BPF_K, (2, 0), 1, -5),
                jump(1),
                instruction(BPF_STX | BPF_MEM | BPF_H, (10, 2), -8, 0),
                exit(),
            ],
            functions: Vec::new(),
            lines: vec![bpf_line_info {
                insn_off: 1,
                file_name_off: 0,
                line_off: 0,
                line_col: 5,
            }],
        };
        let text = listing(&code, |line| Some(format!("line {}", line.line_col)));
        let expected = "    r6 = r1
; line 5
    w3 = 40
    r3 += r6
    r2 = &map 7[0] + 24
    r2 = *(u32 *)(r2 +4)
    if r2 s> -5 goto L1
    goto L2
L1:
    *(u16 *)(r10 -8) = r2
L2:
    exit
";
        assert_eq!(text, expected);
    }
}
