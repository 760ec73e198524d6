//! Unsigned integers of up to 800 bits: numerator, denominator and margin of every exact comparison between
//! a decimal text and a binary floating-point value.
#![forbid(unsafe_code)]

/// The largest ones are the middle between two of the smallest doubles of 53 bits, times 10^307 and ten for a digit (787 bits),
/// and 2^784 below it.
const LIMBS: usize = 50;
/// All bits of a limb.
const ONES: u32 = 0xFFFF;

/// Limbs from low to high; those from `len` on are zero, so ordinary values cost few of them. They have 16 bits, so that no
/// product or sum leaves a register: with 32 bits the loops and the library's multiplication took 190 bytes more on a Cortex-M0.
pub struct Big {
    /// 100 bytes: this is the memory in which all exact work is done.
    limbs: [u16; LIMBS],
    len: usize,
}

/// The lowest 16 bits.
fn low(value: u32) -> u16 {
    u16::try_from(value & ONES).unwrap_or_default()
}

impl Big {
    /// Zero.
    pub const ZERO: Self = Self {
        limbs: [0; LIMBS],
        len: 0,
    };

    /// Gives a zero its value, which is 2^`twos` × `value` × 5^`fives`; a negative power counts as none.
    #[inline(never)]
    pub fn set(&mut self, twos: i32, value: u64, fives: i32) {
        let twos = twos.max(0);
        self.len = usize::try_from(twos >> 4).unwrap_or_default();
        let mut rest = value;
        while rest != 0 {
            self.push(u32::try_from(rest & 0xFFFF).unwrap_or_default());
            rest >>= 16;
        }
        self.multiply(1 << (twos & 15));
        let mut left = fives;
        while left > 0 {
            let (factor, count) = if left < 6 { (5, 1) } else { (15_625, 6) };
            self.multiply(factor);
            left -= count;
        }
    }

    /// Puts a limb above all others.
    fn push(&mut self, limb: u32) {
        if let Some(to) = self.limbs.get_mut(self.len) {
            *to = low(limb);
            self.len += 1;
        }
    }

    /// Multiplies by a factor of one limb.
    #[inline(never)]
    pub fn multiply(&mut self, factor: u32) {
        let mut carry = 0;
        for limb in self.limbs.iter_mut().take(self.len) {
            carry += u32::from(*limb) * factor;
            *limb = low(carry);
            carry >>= 16;
        }
        if carry != 0 {
            self.push(carry);
        }
    }

    /// Adds `other`, or with `complement` all ones subtracts it. Whether the highest limb has a carry: no borrow.
    #[inline(never)]
    fn add(&mut self, other: &Self, complement: u32) -> bool {
        let mut carry = complement & 1;
        let limbs = self.limbs.iter_mut().zip(&other.limbs);
        for (limb, other) in limbs.take(self.len.max(other.len)) {
            carry = u32::from(*limb)
                .wrapping_add(u32::from(*other) ^ complement)
                .wrapping_add(carry);
            *limb = low(carry);
            carry >>= 16;
        }
        carry != 0
    }

    /// Whether this and `addend` and `more`, 0 or -1, are together not less than `other`.
    #[inline(never)]
    pub fn reaches(&self, addend: Option<&Self>, more: i32, other: &Self) -> bool {
        let mask = if addend.is_some() { ONES } else { 0 };
        let addend = addend.unwrap_or(self);
        let mut carry = more;
        let limbs = self.limbs.iter().zip(&addend.limbs).zip(&other.limbs);
        for ((limb, addend), other) in limbs.take(self.len.max(addend.len).max(other.len)) {
            carry = carry
                .wrapping_add_unsigned(u32::from(*limb))
                .wrapping_add_unsigned(u32::from(*addend) & mask)
                .wrapping_sub_unsigned(u32::from(*other))
                >> 16;
        }
        carry >= 0
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        // Twice a zero and minus one is less.
        !self.reaches(Some(self), -1, self)
    }
}

/// A fraction, numerator over denominator, from which decimal digits are drawn.
pub struct Ratio {
    /// What is left of the numerator.
    pub top: Big,
    /// The denominator.
    pub bottom: Big,
    /// Where the denominator is a one followed by zeros, how many limbs there may be from that one on. None otherwise; a zero
    /// for that keeps 212 bytes out of the flash, which this struct would be copied from.
    above: usize,
}

impl Ratio {
    /// Memory to be filled by `set`; in place, since a moved one would be on the stack twice.
    pub const ZERO: Self = Self {
        top: Big::ZERO,
        bottom: Big::ZERO,
        above: 0,
    };

    /// Gives a fresh one its value, which is 2^`twos` × `value` × 5^`fives`. Returns the power of two in its numerator, at
    /// least 1.
    #[inline(never)]
    pub fn set(&mut self, twos: i32, value: u64, fives: i32) -> i32 {
        // Whole limbs, so that digits of an ordinary value lie in a limb of their own.
        let down = ((-twos).max(0) + 16) & !15;
        let up = twos + down;
        self.top.set(up, value, fives);
        self.bottom.set(down, 1, -fives);
        if fives >= 0 {
            self.above = LIMBS - usize::try_from(down >> 4).unwrap_or_default();
        }
        up
    }

    /// Takes away the whole part, which is returned, where the denominator is a one followed by zeros.
    #[inline(never)]
    pub fn take_whole(&mut self) -> u64 {
        let mut whole = 0_u64;
        let point = LIMBS - self.above;
        while self.top.len > point {
            self.top.len -= 1;
            if let Some(limb) = self.top.limbs.get_mut(self.top.len) {
                whole = whole << 16 | u64::from(*limb);
                *limb = 0;
            }
        }
        whole
    }

    /// Whether it rounds up to one: above one half, or at it behind an odd digit.
    pub fn rounds_up(&self, digit: u32) -> bool {
        let odd = (digit & 1).cast_signed();
        self.top.reaches(Some(&self.top), odd - 1, &self.bottom)
    }

    /// Multiplies by ten and takes away the whole part, which is returned.
    #[inline(never)]
    pub fn next_digit(&mut self) -> u8 {
        self.top.multiply(10);
        let [mut digit, ..] = self.take_whole().to_le_bytes();
        if self.above == 0 {
            while self.top.add(&self.bottom, ONES) {
                digit += 1;
            }
            self.top.add(&self.bottom, 0);
        }
        digit
    }
}
