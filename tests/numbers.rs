// SPDX-License-Identifier: MIT OR Apache-2.0
//! Numbers through the C functions, case by case: the limits of every type, and the neighbours of all powers.
#![allow(
    clippy::unwrap_used,
    clippy::std_instead_of_core,
    reason = "a test may panic, and runs on a host"
)]

#[path = "common/number.rs"]
mod driver;

use driver::{Answer, FIELDS, Given, INVALID_ARGUMENT, NOT_FINITE, NUMBER_RANGE, Record, written};

const VALUE: i32 = FIELDS[0];
const TIME: i32 = FIELDS[2];
const OUT_OF_RANGE: Answer<()> = Err(NUMBER_RANGE);

/// A record with this number as value, as sum and as time, with this base, and as update time without.
fn record(number: &str, base: &str) -> Record {
    let bases = if base.is_empty() {
        String::new()
    } else {
        format!(r#","bv":{base},"bs":{base},"bt":{base}"#)
    };
    let number = format!(r#""v":{number},"s":{number},"t":{number},"ut":{number}"#);
    Record::new(&format!(r#"[{{"n":"a",{number}{bases}}}]"#))
}

/// The fields of such a record that have the base.
fn fields(base: &str) -> &'static [i32] {
    if base.is_empty() {
        &FIELDS
    } else {
        &FIELDS[..3]
    }
}

#[test]
fn integers_beyond_their_type_are_refused() {
    for (number, base) in [
        ("1e20", ""),
        ("2e19", ""),
        ("-2e19", ""),
        ("18446744073709551620", ""),
        ("18446744073709551616", ""),
        ("1e400", ""),
        ("1e19", "9e18"),
        ("9e18", "1e19"),
        ("1e20", "1"),
        ("-1e20", "1"),
        ("1.5", ""),
        ("18446744073709551615", "1"),
        ("18446744073709551615.5", "0.5"),
        ("-9223372036854775808e2147483647", "1"),
    ] {
        let record = record(number, base);
        for &field in fields(base) {
            assert_eq!(
                record.int64(field).map(|_| ()),
                OUT_OF_RANGE,
                "{number} + {base}"
            );
            assert_eq!(
                record.uint64(field).map(|_| ()),
                OUT_OF_RANGE,
                "{number} + {base}"
            );
        }
    }
}

#[test]
fn integers_that_fit_are_given_whatever_their_notation_and_their_base() {
    let beyond = NUMBER_RANGE;
    for (number, base, signed, unsigned) in [
        ("0", "1e19", Err(beyond), Ok(10_000_000_000_000_000_000)),
        ("1e19", "8446744073709551615", Err(beyond), Ok(u64::MAX)),
        ("18446744073709551616", "-1", Err(beyond), Ok(u64::MAX)),
        ("18446744073709551614.5", "0.5", Err(beyond), Ok(u64::MAX)),
        (
            "9223372036854775807.5",
            "-0.5",
            Ok(i64::MAX),
            Ok(i64::MAX.unsigned_abs()),
        ),
        ("-9223372036854775808.5", "0.5", Ok(i64::MIN), Err(beyond)),
        ("1e30", "-1e30", Ok(0), Ok(0)),
        ("1e30", "-999999999999999999999999999999", Ok(1), Ok(1)),
        (
            "9.99999999999999999999999999",
            "0.00000000000000000000000001",
            Ok(10),
            Ok(10),
        ),
        (
            "-5",
            "-0.00000000000000000000000000e40",
            Ok(-5),
            Err(beyond),
        ),
        ("10.0", "", Ok(10), Ok(10)),
        ("1e3", "", Ok(1000), Ok(1000)),
        ("-1.5e1", "", Ok(-15), Err(beyond)),
        ("-0", "", Ok(0), Ok(0)),
        ("-9223372036854775808", "", Ok(i64::MIN), Err(beyond)),
        ("18446744073709551615", "", Err(beyond), Ok(u64::MAX)),
        ("1.8446744073709551615e19", "", Err(beyond), Ok(u64::MAX)),
        ("5", "-7", Ok(-2), Err(beyond)),
        ("0.5", "0.5", Ok(1), Ok(1)),
        (
            "1e18",
            "8.223372036854775807e18",
            Ok(i64::MAX),
            Ok(i64::MAX.unsigned_abs()),
        ),
    ] {
        let record = record(number, base);
        for &field in fields(base) {
            assert_eq!(record.int64(field), signed, "{number} + {base}");
            assert_eq!(record.uint64(field), unsigned, "{number} + {base}");
        }
    }
}

#[test]
fn a_sum_is_rounded_once() {
    for (number, base, bits) in [
        (
            "-3.645954954766863e-05",
            "-2.368",
            0xC002_F1BD_196C_01EA_u64,
        ),
        ("0.1", "0.2", 0.3_f64.to_bits()),
        (
            "9007199254740993",
            "1e-300",
            9_007_199_254_740_994.0_f64.to_bits(),
        ),
        (
            "9007199254740993",
            "-1e-300",
            9_007_199_254_740_992.0_f64.to_bits(),
        ),
        (
            "9007199254740993",
            "1e-2147483648",
            9_007_199_254_740_994.0_f64.to_bits(),
        ),
        ("1e300", "-1e-300", 1e300_f64.to_bits()),
        ("1e300", "-1e300", 0),
        ("1e400", "-1e400", 0),
    ] {
        let record = record(number, base);
        for &field in fields(base) {
            let value = record.double(field).map(f64::to_bits);
            assert_eq!(value, Ok(bits), "{number} + {base}");
        }
    }
    assert_eq!(record("1e400", "-0.9e400").double(VALUE), Err(NUMBER_RANGE));
}

#[test]
fn a_time_is_compared_however_long_it_is() {
    for (number, base, relative) in [
        ("1714000000.1234567165374756", "", false),
        ("1585650750.12345678901234567890", "", false),
        ("0.1234567165374756", "1714000000.0000000001", false),
        ("268435455.99999999999999999999999999999", "", true),
        (
            "268435455.99999999999999999999999999999",
            "0.00000000000000000000000000001",
            false,
        ),
        (
            "268435456.00000000000000000000000000001",
            "-0.00000000000000000000000000002",
            true,
        ),
        ("-5", "", true),
        ("-5", "1e9", false),
        ("268435456", "", false),
        ("1", "268435455", false),
        ("-0.001", "268435456", true),
        ("1e300", "", false),
        ("-1e300", "", true),
        ("1e-300", "", true),
        ("2684354560e-1", "", false),
        ("26843545.5e1", "", true),
        ("9223372036854775807e-11", "", true),
        ("9223372036854775807e-10", "", false),
        ("9223372036854775807e-2000", "", true),
        ("1e99999999999", "", false),
        ("1e99999999999", "-5", false),
        ("-1e99999999999", "2e9", true),
        ("1e-99999999999", "", true),
        ("0e9", "", true),
    ] {
        let record = record(number, base);
        assert_eq!(record.time_is_relative(), Ok(relative), "{number} + {base}");
    }
    let without = Record::new(r#"[{"n":"a","v":1}]"#);
    assert_eq!(without.time_is_relative(), Ok(true));
    assert_eq!(without.decimal(TIME), Ok((0, 0)));
    assert_eq!(without.double(FIELDS[1]), Err(INVALID_ARGUMENT));
}

#[test]
fn decimals_are_exact_or_refused() {
    for (number, base, expected) in [
        ("20.50", "", Ok((205, -1))),
        ("-0.00", "", Ok((0, 0))),
        ("1.58565075E9", "", Ok((158_565_075, 1))),
        ("100000000000000000000000000000", "", Ok((1, 29))),
        ("-9223372036854775808", "", Ok((i64::MIN, 0))),
        ("9223372036854775808", "", Err(NUMBER_RANGE)),
        ("1714000000.1234567165374756", "", Err(NUMBER_RANGE)),
        ("1e500000000", "", Ok((1, 500_000_000))),
        ("1e500000001", "", Err(NUMBER_RANGE)),
        ("0.1e500000001", "", Ok((1, 500_000_000))),
        ("10e-500000001", "", Ok((1, -500_000_000))),
        ("1e-500000001", "", Err(NUMBER_RANGE)),
        ("1e2147483648", "", Err(NUMBER_RANGE)),
        ("1e-2147483649", "", Err(NUMBER_RANGE)),
        ("1e4294967297", "", Err(NUMBER_RANGE)),
        ("0e99999999999", "", Ok((0, 0))),
        ("-5", "1.276020076001e+09", Ok((1_276_020_071_001, -3))),
        ("1e-10", "1e8", Ok((1_000_000_000_000_000_001, -10))),
        ("9223372036854775807", "1", Err(NUMBER_RANGE)),
        ("1e30", "1", Err(NUMBER_RANGE)),
        (
            "1714000000.1234567165374756",
            "0.0000000000000000000000000244e6",
            Err(NUMBER_RANGE),
        ),
        (
            "1714000000.1234567165374756",
            "0.0000000000000000244",
            Err(NUMBER_RANGE),
        ),
        (
            "1714000000.1234567165374756",
            "0.0000000000000000",
            Err(NUMBER_RANGE),
        ),
        (
            "1714000000.1234567165374756",
            "0.0000000034625244",
            Ok((171_400_000_012_345_672, -8)),
        ),
    ] {
        let record = record(number, base);
        for &field in fields(base) {
            assert_eq!(record.decimal(field), expected, "{number} + {base}");
        }
    }
}

#[test]
fn a_decimal_is_rounded_on_demand() {
    for (number, base, exponent, expected) in [
        ("1714000000.1234567165374756", "", -3, Ok(1_714_000_000_123)),
        (
            "1714000000.1234567165374756",
            "",
            -9,
            Ok(1_714_000_000_123_456_717),
        ),
        ("1714000000.1234567165374756", "", -10, Err(NUMBER_RANGE)),
        ("20.5", "", -3, Ok(20_500)),
        ("20.5", "", 0, Ok(20)),
        ("21.5", "", 0, Ok(22)),
        ("-20.5", "", 0, Ok(-20)),
        ("-20.50000000000000000000000000000000001", "", 0, Ok(-21)),
        ("20.5", "0.00000000000000000000000000000000001", 0, Ok(21)),
        ("20.5", "-0.00000000000000000000000000000000001", 0, Ok(20)),
        ("0.5", "", 0, Ok(0)),
        ("0.50001", "", 0, Ok(1)),
        ("0.06", "", 0, Ok(0)),
        ("149", "", 2, Ok(1)),
        ("150", "", 2, Ok(2)),
        ("9223372036854775807.4", "", 0, Ok(i64::MAX)),
        ("9223372036854775807.5", "", 0, Err(NUMBER_RANGE)),
        ("-9223372036854775808.5", "", 0, Ok(i64::MIN)),
        ("1e-400", "", -18, Ok(0)),
        ("1", "", 500_000_000, Ok(0)),
        ("1", "", 500_000_001, Err(NUMBER_RANGE)),
        ("1e2147483647", "", i32::MAX, Err(NUMBER_RANGE)),
        ("0", "", -500_000_000, Ok(0)),
        ("0", "", -500_000_001, Err(NUMBER_RANGE)),
        ("1", "", i32::MIN, Err(NUMBER_RANGE)),
    ] {
        let record = record(number, base);
        for &field in fields(base) {
            let value = record.rounded(field, exponent);
            assert_eq!(value, expected, "{number} + {base} at {exponent}");
        }
    }
}

#[test]
fn doubles_are_the_nearest() {
    for text in [
        "0",
        "-0",
        "20.5",
        "-20.50",
        "1e23",
        "1E+2",
        "5e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "1e-400",
        "-1e-400",
        "9007199254740993",
        "9007199254740993.00000000000000000000000001",
        "2.2250738585072011e-308",
        "0.000000000000000000000000000000001e33",
        "123456789012345678901234567890",
        "0e99999999999999999999",
        "18446744073709551615",
        "18446744073709551616",
        "1.58565075E9",
        "6.8e-343",
        "1e-9999999999",
    ] {
        let expected: f64 = text.parse().unwrap();
        let value = record(text, "").double(VALUE);
        assert_eq!(value.map(f64::to_bits), Ok(expected.to_bits()), "{text}");
    }
    for text in ["1.7976931348623159e308", "1e309", "-1e400", "1e9999999999"] {
        assert_eq!(record(text, "").double(VALUE), Err(NUMBER_RANGE), "{text}");
    }
}

#[test]
fn texts_of_thousands_of_digits_are_read() {
    let mut random = fastrand::Rng::with_seed(6);
    for _ in 0..150 {
        let count = random.usize(1..6000);
        let digits: String = (0..count).map(|_| random.digit(10)).collect();
        let zeros = "0".repeat(random.usize(..400));
        for text in [
            format!("0.{digits}"),
            format!("0.{zeros}7{digits}"),
            format!("7{digits}e-{}", random.usize(..count + 400)),
            format!(
                "0.{}7{digits}e{}",
                "0".repeat(5000),
                5000 + random.u32(..300)
            ),
            format!("{}e-5000", "9".repeat(5000)),
        ] {
            let expected: f64 = text.parse().unwrap();
            let expected = if expected.is_finite() {
                Ok(expected.to_bits())
            } else {
                Err(NUMBER_RANGE)
            };
            assert_eq!(
                record(&text, "").double(VALUE).map(f64::to_bits),
                expected,
                "{text}"
            );
        }
    }
}

#[test]
fn the_neighbours_of_all_powers_are_written_and_read_back() {
    let twos = (0..2047_u64).map(|field| f64::from_bits(field << 52));
    let tens = (-324..=308).map(|power| format!("1e{power}").parse::<f64>().unwrap());
    for value in twos.chain(tens) {
        for step in -3_i64..=3 {
            let value = f64::from_bits(value.to_bits().wrapping_add_signed(step));
            if value.is_finite() {
                let text = written(Given::Double(value)).unwrap();
                let back = record(&text, "").double(VALUE);
                assert_eq!(back.map(f64::to_bits), Ok(value.to_bits()), "{text}");
            }
        }
    }
}

#[test]
fn what_json_cannot_carry_is_refused() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(written(Given::Double(value)), Err(NOT_FINITE));
        assert_eq!(written(Given::Fixed(value, 2)), Err(NOT_FINITE));
    }
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        assert_eq!(written(Given::Float(value)), Err(NOT_FINITE));
    }
    assert_eq!(written(Given::Fixed(1.0, 21)), Err(INVALID_ARGUMENT));
    assert_eq!(written(Given::Decimal(1, 19)), Err(INVALID_ARGUMENT));
}

#[test]
fn fixed_digits_are_rounded_from_the_exact_value() {
    for value in [
        0.0,
        0.5,
        1.5,
        2.5,
        0.25,
        0.125,
        9.5,
        9.96,
        99.995,
        0.05,
        0.95,
        1e-9,
        5e-324,
        0.1,
        20.5,
        123_456.789,
        52.373_141_592_6,
        1e22,
        1e23,
        f64::MAX,
        4e-21,
        5e-21,
        6e-21,
        1e-24,
        999.999_999_9,
    ] {
        for value in [value, -value] {
            for digits in 0..=20 {
                let expected = format!("{value:.*}", usize::from(digits));
                assert_eq!(written(Given::Fixed(value, digits)), Ok(expected));
            }
        }
    }
}
