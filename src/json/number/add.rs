//! The sum of two doubles, in integers: the C library's soft-float addition takes 1.7 KB on a Cortex-M0, for a sum that
//! hardly ever occurs.
#![forbid(unsafe_code)]

const FRACTION_BITS: u32 = 52;
const HIDDEN: u64 = 1 << FRACTION_BITS;
const SIGN: u64 = 1 << 63;
/// The exponent field of infinity.
const TOP: u64 = 2047;
/// Bits below the last place while the sum is formed; the lowest says whether anything was cut off.
const GUARD: u32 = 10;

/// `left` + `right`, rounded to the nearest, ties to even.
pub fn add(left: f64, right: f64) -> f64 {
    let (mut large, mut small) = (left.to_bits(), right.to_bits());
    if large & !SIGN < small & !SIGN {
        (large, small) = (small, large);
    }
    let differ = (large ^ small) & SIGN != 0;
    let (mut field, mut sum) = parts(large);
    let (lower, mut addend) = parts(small);
    if field == TOP {
        // Nothing is larger; with an infinity of the other sign there is no sum.
        return if differ && lower == TOP {
            f64::NAN
        } else {
            f64::from_bits(large)
        };
    }
    let mut shift = field.wrapping_sub(lower);
    while shift > 0 && addend > 1 {
        addend = addend >> 1 | addend & 1;
        shift = shift.wrapping_sub(1);
    }
    if differ {
        sum = sum.wrapping_sub(addend);
        if sum == 0 {
            return 0.0;
        }
    } else {
        sum = sum.wrapping_add(addend);
    }
    if sum >> (FRACTION_BITS + GUARD + 1) != 0 {
        sum = sum >> 1 | sum & 1;
        field = field.wrapping_add(1);
    }
    while sum >> (FRACTION_BITS + GUARD) == 0 && field > 1 {
        sum <<= 1;
        field = field.wrapping_sub(1);
    }
    if field == TOP {
        return f64::from_bits(TOP << FRACTION_BITS | large & SIGN);
    }
    let cut = sum & ((1 << GUARD) - 1);
    let half = 1 << (GUARD - 1);
    let mut bits = sum >> GUARD;
    let up = cut > half || (cut == half && bits & 1 != 0);
    // The hidden bit counts one in the exponent field, and a last step up runs over into it, up to infinity.
    bits = bits
        .wrapping_add(field.wrapping_sub(1) << FRACTION_BITS)
        .wrapping_add(u64::from(up));
    f64::from_bits(bits | large & SIGN)
}

/// The exponent field, at least 1, and the fraction with its hidden bit, room for guard bits below.
fn parts(bits: u64) -> (u64, u64) {
    let field = bits >> FRACTION_BITS & TOP;
    let fraction = bits & (HIDDEN - 1);
    if field == 0 {
        (1, fraction << GUARD)
    } else {
        (field, (fraction | HIDDEN) << GUARD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(left: f64, right: f64) {
        let (ours, exact) = (add(left, right), left + right);
        let same = ours.to_bits() == exact.to_bits() || (ours.is_nan() && exact.is_nan());
        assert!(same, "{left:e} + {right:e} is {exact:e}, not {ours:e}");
    }

    #[test]
    fn borders_add_as_the_processor_adds_them() {
        let borders = [
            0.0,
            f64::from_bits(1),
            f64::from_bits(2),
            f64::MIN_POSITIVE,
            f64::from_bits(HIDDEN - 1),
            1.0,
            1.0 + f64::EPSILON,
            1.5,
            f64::EPSILON / 2.0,
            9_007_199_254_740_991.0,
            1e300,
            f64::MAX,
            f64::MAX / 2.0,
            f64::INFINITY,
        ];
        for left in borders {
            for right in borders {
                check(left, right);
                check(-left, right);
                check(left, -right);
                check(-left, -right);
            }
        }
    }

    #[test]
    fn random_doubles_add_as_the_processor_adds_them() {
        let mut state = 1_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        for round in 0..200_000 {
            let left = next();
            // Near in exponent, or anything.
            let right = if round % 2 == 0 {
                let near = (left >> 52).wrapping_add(next() % 120).wrapping_sub(60);
                near << 52 | next() >> 12
            } else {
                next()
            };
            let (left, right) = (f64::from_bits(left), f64::from_bits(right));
            if !left.is_nan() && !right.is_nan() {
                check(left, right);
            }
        }
    }
}
