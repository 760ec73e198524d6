// SPDX-License-Identifier: MIT OR Apache-2.0
//! What machine code reveals about the stack: how far it moves the stack pointer, and whether it makes indirect calls.
//! Covers Thumb and 32-bit RISC-V, as far as compilers and hand-written helpers use them.

use anyhow::Context as _;

/// What was read from the code of one function.
#[derive(Default, PartialEq, Eq, Debug)]
pub struct Code {
    /// The sum of all downward steps: the frame of a function with one prologue; too much for others.
    pub frame: u64,
    /// Whether the stack pointer also moves by the value of a register.
    pub has_unknown_frame: bool,
    /// Whether it calls through a register.
    pub calls_pointers: bool,
    /// Whether it jumps through a register: to a function, or through a table inside its own code.
    pub jumps_to_pointers: bool,
}

/// Thumb instructions; `is_data` tells whether there is a constant at an offset.
pub fn thumb(bytes: &[u8], is_data: impl Fn(u64) -> bool) -> anyhow::Result<Code> {
    let mut code = Code::default();
    let mut at = 0;
    while at + 1 < bytes.len() {
        if is_data(at as u64) {
            at += 2;
            continue;
        }
        let first = half(bytes, at)?;
        let registers = |list: u16| u64::from(list.count_ones()) * 4;
        if first >> 11 < 0b11101 {
            match first {
                // push {low registers, lr}
                _ if first & 0xfe00 == 0xb400 => code.frame += registers(first & 0x1ff),
                // sub sp, #n
                _ if first & 0xff80 == 0xb080 => code.frame += u64::from(first & 0x7f) * 4,
                // blx register, bx register but lr
                _ if first & 0xff87 == 0x4780 => code.calls_pointers = true,
                _ if first & 0xff87 == 0x4700 && first & 0x78 != 0x70 => {
                    code.jumps_to_pointers = true;
                }
                // add sp, register
                _ if first & 0xff87 == 0x4485 => code.has_unknown_frame = true,
                _ => {}
            }
            at += 2;
            continue;
        }
        let second = half(bytes, at + 2)?;
        let low = u64::from(second & 0xff);
        match first {
            // push.w {registers}
            0xe92d => code.frame += registers(second),
            // strd register, register, [sp, #-n]!
            0xe96d => code.frame += low * 4,
            // str.w register, [sp, #-n]!
            0xf84d if second & 0x0f00 == 0x0d00 => code.frame += low,
            // vpush {registers}
            0xed2d => code.frame += low * 4,
            // sub.w sp, sp, #n
            0xf1ad | 0xf5ad if second & 0x8f00 == 0x0d00 => {
                code.frame += u64::from(modified_immediate(first, second));
            }
            // subw sp, sp, #n
            0xf2ad | 0xf6ad if second & 0x8f00 == 0x0d00 => {
                let (top, middle) = (first >> 10 & 1, second >> 12 & 7);
                code.frame += u64::from(top << 11 | middle << 8) + low;
            }
            _ => {}
        }
        at += 4;
    }
    Ok(code)
}

/// Twelve bits that encode a 32-bit number (Armv7-M, `ThumbExpandImm`).
fn modified_immediate(first: u16, second: u16) -> u32 {
    let (high, low) = (
        u32::from(first >> 10 & 1) << 3 | u32::from(second >> 12 & 7),
        u32::from(second & 0xff),
    );
    match high {
        0 => low,
        1 => low << 16 | low,
        2 => low << 24 | low << 8,
        3 => low << 24 | low << 16 | low << 8 | low,
        _ => (low & 0x7f | 0x80).rotate_right(high << 1 | low >> 7),
    }
}

/// RISC-V instructions; `is_called` tells whether the `jalr` after the `auipc` at an offset is a direct call.
pub fn riscv(bytes: &[u8], is_called: impl Fn(u64) -> bool) -> anyhow::Result<Code> {
    const SP: u32 = 2;
    const RETURNS: [u32; 2] = [1, 5];
    let mut code = Code::default();
    let mut at = 0;
    while at + 1 < bytes.len() {
        let first = half(bytes, at)?;
        let down = |bits: i32| u64::from(bits.min(0).unsigned_abs());
        if first & 3 != 3 {
            let register = u32::from(first >> 7 & 31);
            let sign = -i32::from(first >> 12 & 1);
            match first {
                // c.addi16sp
                _ if first & 0xef83 == 0x6101 => {
                    let bit = |from: u16, to: u16| (first >> from & 1) << to;
                    let bits = bit(4, 8) | bit(3, 7) | bit(5, 6) | bit(2, 5) | bit(6, 4);
                    code.frame += down(sign << 9 | i32::from(bits));
                }
                // c.addi sp
                _ if first & 0xe003 == 0x0001 && register == SP => {
                    code.frame += down(sign << 5 | i32::from(first >> 2 & 31));
                }
                // c.jr, c.jalr
                _ if first & 0xe07f == 0x8002 && register != 0 => {
                    let links = first & 0x1000 != 0;
                    code.calls_pointers |= links;
                    code.jumps_to_pointers |= !links && !RETURNS.contains(&register);
                }
                _ => {}
            }
            at += 2;
            continue;
        }
        let word = u32::from(first) | u32::from(half(bytes, at + 2)?) << 16;
        let (opcode, to, from) = (word & 0x7f, word >> 7 & 31, word >> 15 & 31);
        // addi sp, sp, n
        if opcode == 0x13 && word >> 12 & 7 == 0 && (to, from) == (SP, SP) {
            code.frame += down(word.cast_signed() >> 20);
        }
        // jalr
        if opcode == 0x67 && !(at >= 4 && is_called(at as u64 - 4)) {
            code.calls_pointers |= to != 0;
            code.jumps_to_pointers |= to == 0 && !RETURNS.contains(&from);
        }
        at += 4;
    }
    Ok(code)
}

fn half(bytes: &[u8], at: usize) -> anyhow::Result<u16> {
    let bytes = bytes.get(at..at + 2).context("half an instruction")?;
    Ok(u16::from_le_bytes(bytes.try_into()?))
}

#[cfg(test)]
mod tests {
    use super::{Code, riscv, thumb};

    fn bytes(halves: &[u16]) -> Vec<u8> {
        halves.iter().flat_map(|half| half.to_le_bytes()).collect()
    }

    fn frame(frame: u64) -> Code {
        Code {
            frame,
            ..Code::default()
        }
    }

    #[test]
    fn sees_how_far_thumb_code_moves_the_stack_pointer() {
        // As the assembler wrote them, the first without four-byte instructions and the others with them.
        let pushes = [0xb5f0, 0xb083, 0x4770];
        assert_eq!(thumb(&bytes(&pushes), |_| false).unwrap(), frame(20 + 12));
        let wide = [
            0xe92d, 0x4ff0, 0xf5ad, 0x7d00, 0xf6ad, 0x0d10, 0xf84d, 0xed04, 0xe96d, 0x4504, 0xed2d,
            0x8b04,
        ];
        let expected = 36 + 512 + 2064 + 4 + 16 + 16;
        assert_eq!(thumb(&bytes(&wide), |_| false).unwrap(), frame(expected));
    }

    #[test]
    fn constants_between_instructions_are_none() {
        assert_eq!(
            thumb(&bytes(&[0xb5f0, 0xb5f0]), |at| at == 2).unwrap(),
            frame(20)
        );
    }

    #[test]
    fn sees_calls_through_registers() {
        let call = Code {
            calls_pointers: true,
            ..Code::default()
        };
        let jump = Code {
            jumps_to_pointers: true,
            ..Code::default()
        };
        // blx r3, bx r3, bx lr
        for (half, expected) in [(0x4798, &call), (0x4718, &jump), (0x4770, &frame(0))] {
            assert_eq!(thumb(&bytes(&[half]), |_| false).unwrap(), *expected);
        }
        // c.jalr a5, jalr a5, c.jr a5, c.jr ra, jr t0, auipc with its jalr
        for (code, expected) in [
            (&[0x9782][..], &call),
            (&[0x80e7, 0x0007], &call),
            (&[0x8782], &jump),
            (&[0x8082], &frame(0)),
            (&[0x8067, 0x0002], &frame(0)),
            (&[0x0097, 0, 0x80e7, 0], &frame(0)),
        ] {
            let read = riscv(&bytes(code), |at| at == 0 && code.len() > 2).unwrap();
            assert_eq!(read, *expected, "{code:x?}");
        }
    }

    #[test]
    fn sees_how_far_risc_v_code_moves_the_stack_pointer() {
        // addi sp,sp,-16 (short), addi sp,sp,-496 (short), addi sp,sp,-2032, and all of it back.
        let code = [
            0x1141, 0x7101, 0x0113, 0x8101, 0x0141, 0x617d, 0x0113, 0x7f01,
        ];
        assert_eq!(
            riscv(&bytes(&code), |_| false).unwrap(),
            frame(16 + 512 + 2032)
        );
    }
}
