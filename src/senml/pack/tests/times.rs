// SPDX-License-Identifier: MIT OR Apache-2.0
//! Times: absolute, ago, and relative to a base time.

use super::*;

#[test]
fn times_are_relative_to_the_base_time_exactly() {
    for (base, time, written) in [
        (None, decimal(1_585_650_750, 0), "1585650750"),
        (
            Some(decimal(1_585_650_750, 0)),
            decimal(1_585_650_750, 0),
            "0",
        ),
        (
            Some(decimal(15_856_507_501, -1)),
            decimal(158_565_075_035, -2),
            "0.25",
        ),
        (
            Some(decimal(1_585_650_750, 0)),
            decimal(1_585_650_750_000_000_001, -9),
            "1e-9",
        ),
        (Some(decimal(16, 8)), decimal(268_435_456, 0), "-1331564544"),
        (Some(decimal(16, 8)), decimal(17, 8), "100000000"),
        (
            Some(decimal(1_600_000_000, 0)),
            decimal(2_684_354_560_000_000_001, -10),
            "",
        ),
    ] {
        let mut memory = [0; 128];
        let mut state = PackState::default();
        let mut pack = begin(&mut state, &mut memory, 0, false, b"a").unwrap();
        if let Some(base) = base {
            pack.set(&Value::base_time(base.mantissa, base.exponent))
                .unwrap();
        }
        if written.is_empty() {
            assert_eq!(
                pack.set(&Value::time(time.mantissa, time.exponent)),
                Err(Error::NUMBER_RANGE)
            );
            continue;
        }
        pack.set(&Value::time(time.mantissa, time.exponent))
            .unwrap();
        five(&mut pack).unwrap();
        let len = finish(&mut pack).unwrap();
        let text = core::str::from_utf8(&memory[..len]).unwrap();
        let expected = std::format!(r#"{{"t":{written},"n":"a","v":5}}]"#);
        assert!(text.ends_with(&expected), "{text}");
    }
}

#[test]
fn tells_absolute_from_relative_times() {
    let cases: &[(bool, Decimal)] = &[
        (true, decimal(1 << 28, 0)),
        (false, decimal((1 << 28) - 1, 0)),
        (true, decimal(0xffff_fffe, 0)),
        (true, decimal(4_294_967_294_999_999_999, -9)),
        (true, decimal(268_435_456_000_000_000, -9)),
        (false, decimal(268_435_455_999_999_999, -9)),
        // At these the limit itself is no Decimal of the same exponent.
        (false, decimal(i64::MAX, -11)),
        (false, decimal(1, -18)),
        (false, decimal(0, 0)),
        (false, decimal(-1_585_650_750, 0)),
        (false, decimal(i64::MIN, 0)),
        (false, decimal(i64::MIN, 18)),
    ];
    let fresh = |call: Try<'_>| {
        let mut memory = [0; 128];
        let mut state = PackState::default();
        let mut pack = begin(&mut state, &mut memory, 0, false, b"a").unwrap();
        call(&mut pack)
    };
    // Milliseconds since 1970, at the first moment too at which they could be meant, and what is beyond all clocks.
    for (mantissa, exponent) in [
        (0xffff_ffff, 0),
        (4_294_967_295_000_000_000, -9),
        (268_435_456_000, 0),
        (1_700_000_000_000, 0),
        (1_700_000_000_000_000, 0),
        (10, 18),
        (i64::MAX, 0),
        (i64::MAX, 18),
    ] {
        for value in [
            Value::time(mantissa, exponent),
            Value::base_time(mantissa, exponent),
            Value::time_ago(mantissa, exponent),
        ] {
            let set = fresh(&|pack| pack.set(&value));
            assert_eq!(set, Err(Error::SENML_TIME), "{mantissa}e{exponent}");
        }
    }
    for &(absolute, seconds) in cases {
        let expected = |fine| if fine { Ok(()) } else { Err(Error::SENML_TIME) };
        assert_eq!(
            fresh(&|pack| pack.set(&Value::time(seconds.mantissa, seconds.exponent))),
            expected(absolute),
            "{seconds:?}"
        );
        assert_eq!(
            fresh(&|pack| pack.set(&Value::base_time(seconds.mantissa, seconds.exponent))),
            expected(absolute),
            "{seconds:?}"
        );
        let ago = !absolute && seconds.mantissa >= 0;
        assert_eq!(
            fresh(&|pack| pack.set(&Value::time_ago(seconds.mantissa, seconds.exponent))),
            expected(ago),
            "{seconds:?}"
        );
        let update = seconds.mantissa >= 0;
        assert_eq!(
            fresh(&|pack| pack.set(&Value::update_time(seconds.mantissa, seconds.exponent))),
            expected(update),
            "{seconds:?}"
        );
    }
}

#[test]
fn seconds_ago_do_not_turn_an_absolute_time_into_a_relative_one() {
    let mut memory = [0; 128];
    let mut state = PackState::default();
    let mut pack = begin(&mut state, &mut memory, 0, false, b"a").unwrap();
    pack.set(&Value::base_time((1 << 28) + 10, 0)).unwrap();
    assert_eq!(pack.set(&Value::time_ago(11, 0)), Err(Error::SENML_TIME));
    assert_eq!(pack.clear_failure(), Err(Error::SENML_TIME));
    assert_eq!(pack.set(&Value::time_ago(105, -1)), Err(Error::SENML_TIME));
    assert_eq!(pack.clear_failure(), Err(Error::SENML_TIME));
    assert_eq!(pack.set(&Value::time_ago(10, 0)), Ok(()));
    pack.add(b"a", None, &Value::bool(true)).unwrap();
    assert_eq!(pack.set(&Value::time_ago(95, -1)), Ok(()));
}
