//! Unsigned integers of up to 800 bits: numerator, denominator and margin of every exact comparison between
//! a decimal text and a binary floating-point value.
#![forbid(unsafe_code)]

use core::cmp::Ordering;

/// The largest ones are 5^342 (the smallest number that is not rounded to zero, read from 20 digits: 795 bits,
/// doubled twice) and 2^752 (digits of the smallest double, ten times that).
const LIMBS: usize = 25;

/// Limbs from low to high; those from `len` on are zero, so ordinary values cost two to four limbs.
pub struct Big {
    /// 100 bytes: this is the memory in which all exact work is done.
    limbs: [u32; LIMBS],
    len: usize,
}

/// The low half.
pub fn low(value: u64) -> u32 {
    u32::try_from(value & 0xFFFF_FFFF).unwrap_or_default()
}

/// The high half.
pub fn high(value: u64) -> u32 {
    low(value >> 32)
}

/// Bits up to the highest one that is set.
pub fn bit_len(value: u64) -> u32 {
    64_u32.wrapping_sub(value.leading_zeros())
}

impl Big {
    /// Zero.
    pub const ZERO: Self = Self {
        limbs: [0; LIMBS],
        len: 0,
    };

    fn push(&mut self, limb: u32) {
        if limb != 0
            && let Some(to) = self.limbs.get_mut(self.len)
        {
            *to = limb;
            self.len = self.len.wrapping_add(1);
        }
    }

    /// Gives a zero its value, which is `value` × 2^`twos` × 5^`fives`; a negative power counts as none.
    #[inline(never)]
    pub fn set(&mut self, value: u64, twos: i32, fives: i32) {
        let top = high(value);
        let [first, second, ..] = &mut self.limbs;
        *first = low(value);
        *second = top;
        self.len = if top == 0 { 1 } else { 2 };
        self.scale(5, fives);
        self.scale(2, twos);
    }

    /// Multiplies by `base`^`power`; a negative power counts as none.
    #[inline(never)]
    pub fn scale(&mut self, base: u32, power: i32) {
        let mut factor = 1_u32;
        for _ in 0..power {
            if factor >= 1 << 29 {
                self.multiply(factor);
                factor = 1;
            }
            factor = factor.wrapping_mul(base);
        }
        self.multiply(factor);
    }

    /// Multiplies by a small factor.
    #[inline(never)]
    pub fn multiply(&mut self, factor: u32) {
        let mut carry = 0;
        for limb in self.limbs.iter_mut().take(self.len) {
            let product = u64::from(*limb)
                .wrapping_mul(u64::from(factor))
                .wrapping_add(u64::from(carry));
            *limb = low(product);
            carry = high(product);
        }
        self.push(carry);
    }

    /// Takes away `other`, which is not larger.
    #[inline(never)]
    pub fn subtract(&mut self, other: &Self) {
        let mut borrow = 0_i64;
        for (limb, other) in self.limbs.iter_mut().zip(&other.limbs).take(self.len) {
            let difference = borrow
                .wrapping_add(i64::from(*limb))
                .wrapping_sub(i64::from(*other));
            *limb = u32::try_from(difference & 0xFFFF_FFFF).unwrap_or_default();
            borrow = difference >> 32;
        }
    }

    /// Compares the sum of this and `addend` with `other`; without `mask` (0 instead of all ones) this alone.
    #[inline(never)]
    pub fn compare_sum(&self, addend: &Self, mask: u32, other: &Self) -> Ordering {
        let len = self.len.max(addend.len).max(other.len);
        let mut carry = 0_i64;
        let mut rest = 0_i64;
        let limbs = self.limbs.iter().zip(&addend.limbs).zip(&other.limbs);
        for ((limb, addend), other) in limbs.take(len) {
            let difference = carry
                .wrapping_add(i64::from(*limb))
                .wrapping_add(i64::from(*addend & mask))
                .wrapping_sub(i64::from(*other));
            rest |= difference & 0xFFFF_FFFF;
            carry = difference >> 32;
        }
        // What is left above the highest limb has the sign; without it the limbs below decide between equal and more.
        carry.cmp(&0).then(rest.cmp(&0))
    }

    /// Bits up to the highest one that is set.
    pub fn bit_len(&self) -> u32 {
        let mut bits = 0_u32;
        let mut below = 0_u32;
        for limb in self.limbs.iter().take(self.len) {
            if *limb != 0 {
                bits = below.wrapping_add(bit_len(u64::from(*limb)));
            }
            below = below.wrapping_add(32);
        }
        bits
    }
}

/// A fraction, numerator over denominator, from which decimal digits are drawn.
pub struct Ratio {
    /// What is left of the numerator.
    pub top: Big,
    /// The denominator.
    pub bottom: Big,
}

impl Ratio {
    /// Memory to be filled by `set`; in place, since a moved one would be on the stack twice.
    pub const ZERO: Self = Self {
        top: Big::ZERO,
        bottom: Big::ZERO,
    };

    /// Gives a fresh one its value, which is `value` × 2^`twos` × 5^`fives`.
    #[inline(never)]
    pub fn set(&mut self, value: u64, twos: i32, fives: i32) {
        self.top.set(value, twos, fives);
        self.bottom
            .set(1, twos.saturating_neg(), fives.saturating_neg());
    }

    /// Compares with one.
    pub fn compare_one(&self) -> Ordering {
        self.top.compare_sum(&self.top, 0, &self.bottom)
    }

    /// Compares with one half.
    pub fn compare_half(&self) -> Ordering {
        self.top.compare_sum(&self.top, u32::MAX, &self.bottom)
    }

    /// Multiplies by ten and takes away the whole part, which is returned.
    #[inline(never)]
    pub fn next_digit(&mut self) -> u8 {
        self.top.multiply(10);
        let mut digit = 0_u8;
        while self.compare_one().is_ge() {
            self.top.subtract(&self.bottom);
            digit = digit.wrapping_add(1);
        }
        digit
    }
}

/// The smallest power of ten that may be taken to exceed every number below 2^`bits`: exact, or one too high.
pub fn decimal_position(bits: i32) -> i32 {
    // log10(2) is 78913.2 / 2^18; exact for all doubles, as a test shows.
    (bits.wrapping_mul(78_913) >> 18).wrapping_add(1)
}
