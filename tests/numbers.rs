//! Number text against those who have solved it before: zmij for shortest digits, the standard library for the rest.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::std_instead_of_core,
    reason = "a test may panic, and runs on a host"
)]

use kpn_things::buf::Buf;
use kpn_things::number::{self, Decimal};

/// Random bits of a fixed beginning (Steele, Lea and Flood's `SplitMix64`), so that a failure can be seen again.
struct Random {
    seed: u64,
    state: u64,
}

impl Random {
    fn new(seed: u64) -> Self {
        Self { seed, state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn digits(&mut self, text: &mut String, count: u64) {
        for _ in 0..count {
            text.push(char::from(b'0' + u8::try_from(self.below(10)).unwrap()));
        }
    }
}

fn written(memory: &mut [u8], write: impl FnOnce(&mut Buf<'_>)) -> &str {
    let mut out = Buf::new(memory, 0);
    write(&mut out);
    assert!(out.fits());
    let len = out.len();
    std::str::from_utf8(&memory[..len]).unwrap()
}

/// Sign, digits without zeros at either end, and exponent of the last digit.
fn parts(text: &str) -> (bool, String, i64) {
    let (negative, text) = text
        .strip_prefix('-')
        .map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_end_matches('0');
    let zeros = i64::try_from(all.len() - digits.len()).unwrap();
    let exponent =
        exponent.parse::<i64>().unwrap() - i64::try_from(fraction.len()).unwrap() + zeros;
    let digits = digits.trim_start_matches('0').to_owned();
    if digits.is_empty() {
        (negative, digits, 0)
    } else {
        (negative, digits, exponent)
    }
}

/// The text that the rules ask for, made the long way.
fn shortest_notation(parts: &(bool, String, i64)) -> String {
    let (negative, digits, exponent) = parts;
    let sign = if *negative { "-" } else { "" };
    if digits.is_empty() {
        return format!("{sign}0");
    }
    let count = i64::try_from(digits.len()).unwrap();
    let power = exponent + count - 1;
    let point = if count > 1 { "." } else { "" };
    let scientific = format!("{sign}{}{point}{}e{power}", &digits[..1], &digits[1..]);
    if power.abs() > 40 {
        return scientific;
    }
    let plain = if *exponent >= 0 {
        format!(
            "{sign}{digits}{}",
            "0".repeat(usize::try_from(*exponent).unwrap())
        )
    } else if power >= 0 {
        let (whole, fraction) = digits.split_at(usize::try_from(power + 1).unwrap());
        format!("{sign}{whole}.{fraction}")
    } else {
        format!(
            "{sign}0.{}{digits}",
            "0".repeat(usize::try_from(-power - 1).unwrap())
        )
    };
    let is_whole = *exponent >= 0 && power < 15;
    if is_whole || plain.len() <= scientific.len() {
        plain
    } else {
        scientific
    }
}

fn check_f64(value: f64, seed: u64) {
    let mut memory = [0; 32];
    let text = written(&mut memory, |out| number::write_f64(out, value).unwrap());
    let mut oracle = zmij::Buffer::new();
    let expected = shortest_notation(&parts(oracle.format_finite(value)));
    assert_eq!(text, expected, "{value:e}, seed {seed}");
    let back = number::to_f64(text.as_bytes()).unwrap();
    assert_eq!(back.to_bits(), value.to_bits(), "{text}, seed {seed}");
}

fn check_f32(value: f32, seed: u64) {
    let mut memory = [0; 32];
    let text = written(&mut memory, |out| number::write_f32(out, value).unwrap());
    let mut oracle = zmij::Buffer::new();
    let expected = shortest_notation(&parts(oracle.format_finite(value)));
    assert_eq!(text, expected, "{value:e}, seed {seed}");
    let back: f32 = text.parse().unwrap();
    assert_eq!(back.to_bits(), value.to_bits(), "{text}, seed {seed}");
}

fn check_read(text: &str, seed: u64) {
    let expected: f64 = text.parse().unwrap();
    let value = number::to_f64(text.as_bytes()).unwrap();
    assert_eq!(value.to_bits(), expected.to_bits(), "{text}, seed {seed}");
}

#[test]
fn writes_a_million_doubles_as_the_oracle_does() {
    let mut random = Random::new(0x0001_5EED);
    for _ in 0..1_000_000 {
        let value = f64::from_bits(random.next());
        if value.is_finite() {
            check_f64(value, random.seed);
        }
    }
}

#[test]
fn writes_a_million_floats_as_the_oracle_does() {
    let mut random = Random::new(0x0002_5EED);
    for _ in 0..1_000_000 {
        let value = f32::from_bits(u32::try_from(random.next() >> 32).unwrap());
        if value.is_finite() {
            check_f32(value, random.seed);
        }
    }
}

#[test]
fn writes_what_sensors_measure_as_the_oracle_does() {
    let mut random = Random::new(0x0003_5EED);
    for _ in 0..100_000 {
        let digits = random.below(17) + 1;
        let places = random.below(20);
        let mut text = String::new();
        random.digits(&mut text, digits);
        let value: f64 = format!("{text}e-{places}").parse().unwrap();
        check_f64(value, random.seed);
        check_f64(-value, random.seed);
        check_f32(text.parse::<f32>().unwrap(), random.seed);
        check_f32(format!("{text}e-{places}").parse().unwrap(), random.seed);
    }
}

#[test]
fn writes_and_reads_the_neighbours_of_all_powers() {
    let twos = (0..2047_u64).map(|field| f64::from_bits(field << 52));
    let tens = (-324..=308).map(|power| format!("1e{power}").parse::<f64>().unwrap());
    for value in twos.chain(tens) {
        for step in -3_i64..=3 {
            let value = f64::from_bits(value.to_bits().wrapping_add_signed(step));
            if value.is_finite() {
                check_f64(value, 0);
                if step == 0 || step == -1 {
                    check_half(value, 0);
                }
            }
        }
    }
    for field in 0..255_u32 {
        for step in -3_i32..=3 {
            let value = f32::from_bits((field << 23).wrapping_add_signed(step));
            if value.is_finite() {
                check_f32(value, 0);
            }
        }
    }
    for bits in 0..2000 {
        check_f64(f64::from_bits(bits), 0);
    }
}

/// Reads the middle between a double and the next, with all its digits, and the nearest texts on both sides.
fn check_half(value: f64, seed: u64) {
    let bits = value.abs().to_bits();
    let next = f64::from_bits(bits + 1);
    if !next.is_finite() {
        return;
    }
    // In this form the middle is exact: its mantissa has one bit more, and so has its last place.
    let low = format!("{:.1100}", f64::from_bits(bits));
    let high = format!("{next:.1100}");
    let mut carry = 0;
    let middle: String = add_digits(&low, &high, &mut carry);
    check_read(&middle, seed);
    check_read(&format!("{middle}00000000000000000000000001"), seed);
    let trimmed = middle.trim_end_matches('0').trim_end_matches('.');
    let (head, last) = trimmed.split_at(trimmed.len() - 1);
    let last = last.as_bytes()[0];
    if last > b'0' && last <= b'9' {
        check_read(
            &format!("{head}{}9999999999999999", char::from(last - 1)),
            seed,
        );
    }
}

/// Half of the sum of two plain numbers, exactly.
fn add_digits(low: &str, high: &str, carry: &mut u8) -> String {
    let width = low.len().max(high.len());
    let (low, high) = (format!("{low:0>width$}0"), format!("{high:0>width$}0"));
    let mut sum: Vec<u8> = Vec::new();
    for (a, b) in low.bytes().zip(high.bytes()).rev() {
        if a == b'.' {
            sum.push(b'.');
            continue;
        }
        let digit = (a - b'0') + (b - b'0') + *carry;
        sum.push(digit % 10);
        *carry = digit / 10;
    }
    sum.push(*carry);
    let mut rest = 0;
    let text: String = sum
        .iter()
        .rev()
        .map(|&digit| {
            if digit == b'.' {
                return '.';
            }
            let whole = rest * 10 + digit;
            rest = whole % 2;
            char::from(b'0' + whole / 2)
        })
        .collect();
    let text = text.trim_start_matches('0');
    if text.starts_with('.') {
        format!("0{text}")
    } else {
        text.to_owned()
    }
}

#[test]
fn reads_the_middle_between_two_doubles() {
    let mut random = Random::new(0x0004_5EED);
    for round in 0..3_000 {
        let value = match round % 3 {
            0 => f64::from_bits(random.next() & (u64::MAX >> 1)),
            1 => f64::from_bits(random.next() >> 12 | random.below(3) << 52),
            _ => f64::from_bits(random.next() >> 12 | (1023 - 40 + random.below(100)) << 52),
        };
        if value.is_finite() {
            check_half(value, random.seed);
        }
    }
}

#[test]
fn reads_random_texts_as_the_standard_library_does() {
    let mut random = Random::new(0x0005_5EED);
    for _ in 0..200_000 {
        let mut text = String::new();
        if random.below(4) == 0 {
            text.push('-');
        }
        if random.below(4) == 0 {
            text.push('0');
        } else {
            text.push(char::from(b'1' + u8::try_from(random.below(9)).unwrap()));
            let count = random.below(25);
            random.digits(&mut text, count);
        }
        if random.below(3) != 0 {
            text.push('.');
            let zeros = random.below(8);
            text.extend((0..zeros).map(|_| '0'));
            let count = random.below(25) + 1;
            random.digits(&mut text, count);
        }
        let short = random.below(60);
        let far = i64::try_from(random.below(720)).unwrap() - 360;
        let tail = match random.below(4) {
            0 => String::new(),
            1 => format!("e{short}"),
            2 => format!("E-{short}"),
            _ => format!("e{far}"),
        };
        text.push_str(&tail);
        assert_eq!(
            number::parse_len(text.as_bytes()),
            Some(text.len()),
            "{text}"
        );
        check_read(&text, random.seed);
    }
}

#[test]
fn reads_texts_of_thousands_of_digits() {
    let mut random = Random::new(0x0006_5EED);
    for _ in 0..150 {
        let count = random.below(6000) + 1;
        let mut digits = String::from("7");
        random.digits(&mut digits, count);
        check_read(&digits, random.seed);
        check_read(&format!("0.{digits}"), random.seed);
        check_read(
            &format!(
                "0.{}{digits}",
                "0".repeat(usize::try_from(random.below(400)).unwrap())
            ),
            random.seed,
        );
        check_read(
            &format!("{digits}e-{}", random.below(count + 400)),
            random.seed,
        );
        check_read(
            &format!(
                "0.{}{digits}e{}",
                "0".repeat(5000),
                5000 + random.below(300)
            ),
            random.seed,
        );
        check_read(&format!("{}e-5000", "9".repeat(5000)), random.seed);
    }
}

#[test]
fn fixes_decimals_as_the_standard_library_does() {
    let mut random = Random::new(0x0007_5EED);
    let mut memory = [0; 400];
    for round in 0..60_000_u32 {
        let value = match round % 4 {
            0 => f64::from_bits(random.next()),
            1 => f64::from_bits(random.next() >> 12 | (1023 - 90 + random.below(150)) << 52),
            // Ties: few binary digits after the point.
            2 => {
                -f64::from(u32::try_from(random.below(1 << 30)).unwrap())
                    / f64::from(1 << random.below(20))
            }
            _ => f64::from(u32::try_from(random.below(1_000_000)).unwrap()) / 1000.0,
        };
        if !value.is_finite() {
            continue;
        }
        let decimals = u8::try_from(random.below(21)).unwrap();
        let text = written(&mut memory, |out| {
            number::write_f64_fixed(out, value, decimals).unwrap();
        });
        assert_eq!(
            text,
            format!("{value:.*}", usize::from(decimals)),
            "{value:e}, seed {}",
            random.seed
        );
    }
}

#[test]
fn keeps_decimals_exact() {
    let mut random = Random::new(0x0008_5EED);
    let mut memory = [0; 64];
    for _ in 0..150_000 {
        let mantissa = random.next().cast_signed() >> random.below(64);
        let exponent = i32::try_from(random.below(800)).unwrap() - 400;
        let value = Decimal { mantissa, exponent };
        let text = written(&mut memory, |out| number::write_decimal(out, value)).to_owned();
        let long = format!("{mantissa}e{exponent}");
        assert_eq!(
            text,
            shortest_notation(&parts(&long)),
            "seed {}",
            random.seed
        );
        assert_eq!(
            number::to_decimal(text.as_bytes()),
            Ok(value.normalise()),
            "{text}"
        );
        assert_eq!(
            number::to_decimal(long.as_bytes()),
            Ok(value.normalise()),
            "{long}"
        );
        let double: f64 = long.parse().unwrap();
        let double = if mantissa == 0 { 0.0 } else { double };
        assert_eq!(
            number::decimal_to_f64(value).to_bits(),
            double.to_bits(),
            "{long}"
        );
    }
}

#[test]
fn adds_decimals_exactly() {
    let mut random = Random::new(0x0009_5EED);
    for _ in 0..300_000 {
        let mut decimal = || Decimal {
            mantissa: random.next().cast_signed() >> (random.below(44) + 20),
            exponent: i32::try_from(random.below(10)).unwrap() - 5,
        };
        let (a, b) = (decimal(), decimal());
        let at = |value: Decimal| {
            i128::from(value.mantissa) * 10_i128.pow(u32::try_from(value.exponent + 5).unwrap())
        };
        for (sum, exact) in [
            (a.checked_add(b), at(a) + at(b)),
            (a.checked_sub(b), at(a) - at(b)),
        ] {
            match sum {
                Some(sum) => {
                    let shift = u32::try_from(sum.exponent + 5).unwrap();
                    assert_eq!(
                        i128::from(sum.mantissa) * 10_i128.pow(shift),
                        exact,
                        "{a:?} {b:?}"
                    );
                }
                None => assert!(exact.unsigned_abs() > 1 << 62, "{a:?} {b:?}"),
            }
        }
    }
}
