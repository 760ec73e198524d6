// SPDX-License-Identifier: MIT OR Apache-2.0
mod times;

use super::*;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

type Call = fn(&mut Pack<'_>) -> Result<()>;
type Try<'a> = &'a dyn Fn(&mut Pack<'_>) -> Result<()>;

const START: usize = 7;
const CANARY: u8 = 0xA5;

const fn decimal(mantissa: i64, exponent: i32) -> Decimal {
    Decimal { mantissa, exponent }
}

/// Starts a pack as an uplink does, which lets it fail.
fn begin<'a>(
    state: &'a mut PackState,
    buffer: &'a mut [u8],
    start: usize,
    is_measuring: bool,
    base_name: &[u8],
) -> Result<Pack<'a>> {
    if let Err(error) = state.begin(buffer, start, is_measuring, base_name) {
        state.fail(error);
        return Err(error);
    }
    Ok(Pack::resume(state, buffer))
}

/// Closes a pack and gives its length.
fn finish(pack: &mut Pack<'_>) -> Result<usize> {
    pack.finish()?;
    Ok(pack.state.text_len())
}

fn five(pack: &mut Pack<'_>) -> Result<()> {
    pack.add(b"a", None, &Value::json_number(b"5"))
}

/// The text of a pack in which every call succeeds.
fn text(calls: &[Call]) -> String {
    let mut memory = vec![CANARY; 1024];
    let mut state = PackState::default();
    let mut pack = begin(&mut state, &mut memory, START, false, b"urn:x:").unwrap();
    for (at, call) in calls.iter().enumerate() {
        assert_eq!(call(&mut pack), Ok(()), "call {at}");
    }
    let len = finish(&mut pack).unwrap();
    assert!(memory[..START].iter().all(|&byte| byte == CANARY));
    let text = String::from_utf8(memory[START..START + len].to_vec()).unwrap();
    serde_json::from_str::<Vec<serde_json::Map<_, _>>>(&text).unwrap();
    text
}

/// The records after the base name in the documented form.
fn records(calls: &[Call]) -> String {
    let text = text(calls);
    let records = text.strip_prefix(r#"[{"bn":"urn:x:"},"#).unwrap();
    records.strip_suffix(']').unwrap().to_string()
}

/// A call for each thing that a pack can hold.
const EVERYTHING: &[Call] = &[
    |pack| pack.set(&Value::base_time(15_856_507_505, -1)),
    |pack| pack.set(&Value::base_unit(b"Cel")),
    five,
    |pack| pack.add(b"b", None, &Value::bool(true)),
    |pack| pack.set(&Value::time(1_585_650_740, 0)),
    |pack| pack.set(&Value::update_time(60, 0)),
    |pack| pack.set(&Value::with_sum_double(12.5)),
    |pack| pack.add(b"c", None, &Value::text("\"\u{e9}\n".as_bytes())),
    |pack| pack.set(&Value::base_name(b"urn:y:")),
    |pack| pack.set(&Value::base_value_double(1.5)),
    |pack| pack.set(&Value::base_sum_double(2.5)),
    |pack| pack.set(&Value::base_name(b"urn:z:")),
    |pack| pack.set(&Value::time_ago(25, -2)),
    |pack| pack.add(b"d", Some(b"%RH"), &Value::data(b"\xff\xff")),
    |pack| pack.add(b"e", Some(b"J"), &Value::sum_double(3.0)),
    |pack| pack.set(&Value::base_unit(b"m")),
    |pack| pack.set(&Value::base_unit(b"km")),
    |pack| pack.set(&Value::time_ago(1, 0)),
];

#[test]
fn writes_everything_in_the_documented_form() {
    assert_eq!(
        text(EVERYTHING),
        concat!(
            r#"[{"bn":"urn:x:","bt":1585650750.5,"bu":"Cel"},{"n":"a","v":5},{"n":"b","vb":true},"#,
            r#"{"t":-10.5,"ut":60,"s":12.5,"n":"c","vs":"\"é\n"},"#,
            r#"{"bn":"urn:y:","bv":1.5,"bs":2.5},{"bn":"urn:z:"},"#,
            r#"{"t":-0.25,"n":"d","u":"%RH","vd":"__8"},{"n":"e","u":"J","s":3}]"#
        )
    );
}

#[test]
fn merges_base_fields_into_the_next_record() {
    assert_eq!(
        text(&[
            |pack| pack.merge_base_record(),
            |pack| pack.set(&Value::base_unit(b"Cel")),
            five,
            |pack| pack.add(b"b", None, &Value::bool(false)),
            |pack| pack.set(&Value::base_name(b"urn:y:")),
            |pack| pack.set(&Value::base_name(b"urn:z:")),
            |pack| pack.set(&Value::time_ago(3, 0)),
            five,
        ]),
        concat!(
            r#"[{"bn":"urn:x:","bu":"Cel","n":"a","v":5},{"n":"b","vb":false},"#,
            r#"{"bn":"urn:y:"},{"bn":"urn:z:","t":-3,"n":"a","v":5}]"#
        )
    );
    let mut memory = [0; 128];
    let mut state = PackState::default();
    let mut pack = begin(&mut state, &mut memory, 0, false, b"a").unwrap();
    five(&mut pack).unwrap();
    assert_eq!(pack.merge_base_record(), Err(Error::STATE));
    pack.set(&Value::base_name(b"b")).unwrap();
    assert_eq!(pack.merge_base_record(), Err(Error::STATE));
}

#[test]
fn a_label_stands_once_in_a_record() {
    let labels: [Call; 4] = [
        |pack| pack.set(&Value::time(1_585_650_750, 0)),
        |pack| pack.set(&Value::time_ago(1, 0)),
        |pack| pack.set(&Value::update_time(1, 0)),
        |pack| pack.set(&Value::with_sum_double(1.0)),
    ];
    let clash = |first: usize, second: usize| first == second || first + second == 1;
    for (first, once) in labels.iter().enumerate() {
        for (second, again) in labels.iter().enumerate() {
            let mut memory = [0; 128];
            let mut state = PackState::default();
            let mut pack = begin(&mut state, &mut memory, 0, false, b"a").unwrap();
            assert_eq!(once(&mut pack), Ok(()));
            let expected = if clash(first, second) {
                Err(Error::STATE)
            } else {
                Ok(())
            };
            assert_eq!(again(&mut pack), expected);
            // The record that they were for is refused with them; the next one is not.
            assert_eq!(five(&mut pack), expected);
            assert_eq!(once(&mut pack), Ok(()));
            assert_eq!(five(&mut pack), Ok(()));
            assert_eq!(pack.clear_failure(), expected);
        }
    }
    let mut memory = [0; 128];
    let mut state = PackState::default();
    let mut pack = begin(&mut state, &mut memory, 0, false, b"a").unwrap();
    labels[3](&mut pack).unwrap();
    let sum = pack.add(b"a", None, &Value::sum_double(1.0));
    assert_eq!(sum, Err(Error::STATE));
    assert_eq!(pack.finish(), Err(Error::STATE));
}

#[test]
fn what_no_measurement_follows_is_left_out() {
    let record = r#"{"n":"a","v":5}"#;
    let dangling: &[&[Call]] = &[
        &[|pack| pack.set(&Value::time_ago(1, 0))],
        &[|pack| pack.set(&Value::base_name(b"urn:y:"))],
        &[
            |pack| pack.set(&Value::base_name(b"urn:y:")),
            |pack| pack.set(&Value::base_unit(b"m")),
            |pack| pack.set(&Value::base_unit(b"km")),
            |pack| pack.set(&Value::update_time(1, 0)),
        ],
    ];
    for calls in dangling {
        assert_eq!(records(&[&[five as Call], *calls].concat()), record);
        let mut memory = [0; 256];
        let mut state = PackState::default();
        let mut pack = begin(&mut state, &mut memory, 0, false, b"a").unwrap();
        for call in *calls {
            call(&mut pack).unwrap();
        }
        assert_eq!(pack.finish(), Err(Error::SENML_EMPTY));
        five(&mut pack).unwrap();
        pack.finish().unwrap();
    }
}

#[test]
fn refuses_what_senml_and_json_cannot_carry() {
    let long_name = [b'a'; name::NAME_MAX + 1];
    let mut memory = [CANARY; 1024];
    let mut state = PackState::default();
    let mut pack = begin(&mut state, &mut memory, 0, false, b"a").unwrap();
    five(&mut pack).unwrap();
    let before = pack.state.written.len;
    let text = pack.buffer[..before].to_vec();
    let refused: [(Error, Try<'_>); 13] = [
        (Error::SENML_NAME, &|pack| {
            pack.add(b"", None, &Value::bool(true))
        }),
        (Error::SENML_NAME, &|pack| {
            pack.add(b"a b", None, &Value::bool(true))
        }),
        (Error::SENML_NAME, &|pack| {
            pack.add(&long_name, None, &Value::bool(true))
        }),
        (Error::SENML_UNIT, &|pack| {
            pack.add(b"a", Some(b""), &Value::bool(true))
        }),
        (Error::SENML_UNIT, &|pack| {
            pack.add(b"a", Some(b"\""), &Value::bool(true))
        }),
        (Error::UTF8, &|pack| {
            pack.add(b"a", None, &Value::text(b"ab\xff"))
        }),
        (Error::NOT_FINITE, &|pack| {
            pack.add(b"a", None, &Value::double(f64::NAN))
        }),
        (Error::NOT_FINITE, &|pack| {
            pack.add(b"a", None, &Value::float(f32::INFINITY))
        }),
        (Error::NOT_FINITE, &|pack| {
            pack.set(&Value::with_sum_double(f64::INFINITY))
        }),
        (Error::SENML_NAME, &|pack| pack.set(&Value::base_name(b""))),
        (Error::SENML_NAME, &|pack| {
            pack.set(&Value::base_name(b":a"))
        }),
        (Error::SENML_UNIT, &|pack| pack.set(&Value::base_unit(b""))),
        (Error::NOT_FINITE, &|pack| {
            pack.set(&Value::base_value_double(f64::NAN))
        }),
    ];
    for (error, call) in refused {
        assert_eq!(call(&mut pack), Err(error));
        assert_eq!((pack.state.written.len, pack.state.need()), (before, 0));
        assert_eq!(pack.buffer[..before], text);
        assert_eq!(pack.finish(), Err(error));
        assert_eq!(pack.clear_failure(), Err(error));
        assert_eq!(pack.clear_failure(), Ok(()));
    }
    assert_eq!(finish(&mut pack), Ok(before + 1));
}

#[test]
fn finish_and_acknowledge_report_the_first_failure() {
    let mut memory = [0; 64];
    let mut state = PackState::default();
    let mut pack = begin(&mut state, &mut memory, 0, false, b"a").unwrap();
    assert_eq!(pack.clear_failure(), Ok(()));
    five(&mut pack).unwrap();
    assert_eq!(
        pack.add(b"", None, &Value::bool(true)),
        Err(Error::SENML_NAME)
    );
    // A record is refused for its label's cause, though finish reports the earlier one.
    assert_eq!(pack.set(&Value::time(1, 0)), Err(Error::SENML_TIME));
    assert_eq!(
        pack.set(&Value::update_time(1, 0)),
        Err(Error::SENML_TIME),
        "a label of the same record"
    );
    assert_eq!(five(&mut pack), Err(Error::SENML_TIME));
    assert_eq!(five(&mut pack), Ok(()));
    assert_eq!(pack.finish(), Err(Error::SENML_NAME));
    assert_eq!(pack.clear_failure(), Err(Error::SENML_NAME));
    assert_eq!(pack.state.records(), 2);
    assert!(pack.finish().is_ok());
}

#[test]
fn under_a_base_field_that_failed_no_record_is_taken() {
    let mut memory = [0; 96];
    let mut state = PackState::default();
    let mut pack = begin(&mut state, &mut memory, 0, false, b"a").unwrap();
    five(&mut pack).unwrap();
    assert_eq!(pack.set(&Value::base_unit(b"")), Err(Error::SENML_UNIT));
    for _ in 0..2 {
        assert_eq!(five(&mut pack), Err(Error::SENML_UNIT));
        let label = pack.set(&Value::update_time(1, 0));
        assert_eq!(label, Err(Error::SENML_UNIT));
    }
    // Not even when it is set at last: what was refused in the meantime is missing.
    assert_eq!(pack.set(&Value::base_unit(b"m")), Ok(()));
    assert_eq!(five(&mut pack), Err(Error::SENML_UNIT));
    assert_eq!(pack.clear_failure(), Err(Error::SENML_UNIT));
    assert_eq!(five(&mut pack), Ok(()));
    // A base field between a label and its record.
    pack.set(&Value::update_time(1, 0)).unwrap();
    assert_eq!(pack.set(&Value::base_unit(b"km")), Err(Error::STATE));
    assert_eq!(five(&mut pack), Err(Error::STATE));
    assert_eq!(pack.finish(), Err(Error::STATE));
    assert_eq!(pack.clear_failure(), Err(Error::STATE));
    let len = finish(&mut pack).unwrap();
    assert_eq!(
        core::str::from_utf8(&memory[..len]).unwrap(),
        r#"[{"bn":"a"},{"n":"a","v":5},{"bu":"m"},{"n":"a","v":5}]"#
    );
}

#[test]
fn nothing_is_written_behind_a_finished_or_broken_pack() {
    let mut memory = [CANARY; 64];
    let mut state = PackState::default();
    let mut pack = begin(&mut state, &mut memory, 0, false, b"a").unwrap();
    five(&mut pack).unwrap();
    pack.finish().unwrap();
    let after = pack.buffer.to_vec();
    for call in EVERYTHING {
        assert_eq!(call(&mut pack), Err(Error::STATE));
    }
    assert_eq!(pack.finish(), Err(Error::STATE));
    assert_eq!(pack.buffer, after);

    memory = [CANARY; 64];
    state = PackState::default();
    state.fail(Error::URN);
    let mut pack = Pack::resume(&mut state, &mut memory);
    for call in EVERYTHING {
        assert_eq!(call(&mut pack), Err(Error::URN));
    }
    assert_eq!(pack.clear_failure(), Err(Error::URN));
    assert_eq!(pack.finish(), Err(Error::URN));
    assert_eq!(memory, [CANARY; 64]);
}

/// Makes every call at one capacity, and each that has no room again with what is missing.
fn at_capacity(capacity: usize, merged: bool) {
    let mut memory = vec![CANARY; capacity + 8];
    let (buffer, canary) = memory.split_at_mut(capacity);
    let mut state = PackState::default();
    if let Err(error) = begin(&mut state, buffer, START, false, b"urn:x:") {
        assert_eq!(error, Error::BUFFER_FULL);
        let missing = state.need() - capacity;
        for (more, fits) in [(missing - 1, false), (missing, true)] {
            let mut larger = vec![0; capacity + more];
            let mut state = PackState::default();
            let again = begin(&mut state, &mut larger, START, false, b"urn:x:");
            assert_eq!(again.is_ok(), fits);
        }
        let mut pack = Pack::resume(&mut state, buffer);
        assert_eq!(five(&mut pack), Err(Error::BUFFER_FULL));
        assert_eq!(pack.finish(), Err(Error::BUFFER_FULL));
        assert!(canary.iter().all(|&byte| byte == CANARY));
        return;
    }
    let mut pack = Pack::resume(&mut state, buffer);
    if merged {
        pack.merge_base_record().unwrap();
    }
    for call in EVERYTHING {
        let whole = match pack.state.written.phase {
            phase::RECORD => pack.state.written.whole,
            _ => pack.state.written.len,
        };
        let (state, text) = (pack.state.clone(), pack.buffer.to_vec());
        let Err(error) = call(&mut pack) else {
            assert!(pack.state.written.len < capacity);
            assert_eq!(pack.buffer[..state.written.len], text[..state.written.len]);
            continue;
        };
        assert_eq!(error, Error::BUFFER_FULL);
        assert_eq!(pack.state.written.len, whole);
        assert_eq!(pack.buffer[..whole], text[..whole]);
        let missing = pack.state.need() - capacity;
        for (more, fits) in [(missing - 1, false), (missing, true)] {
            let mut larger = text.clone();
            larger.resize(capacity + more, 0);
            let mut state = state.clone();
            assert_eq!(
                call(&mut Pack::resume(&mut state, &mut larger)).is_ok(),
                fits
            );
        }
        // Whatever was refused: what is there can be finished.
        let mut state = pack.state.clone();
        let mut text = pack.buffer.to_vec();
        let mut copy = Pack::resume(&mut state, &mut text);
        assert_eq!(copy.finish(), Err(Error::BUFFER_FULL));
        assert_eq!(copy.clear_failure(), Err(Error::BUFFER_FULL));
        if copy.state.records() > 0 {
            let len = finish(&mut copy).unwrap();
            serde_json::from_slice::<serde_json::Value>(&text[START..START + len]).unwrap();
        }
        assert_eq!(pack.clear_failure(), Err(Error::BUFFER_FULL));
    }
    match finish(&mut pack) {
        Ok(len) => {
            assert!(START + len <= capacity);
            serde_json::from_slice::<serde_json::Value>(&pack.buffer[START..START + len]).unwrap();
        }
        Err(error) => assert_eq!((error, pack.state.records()), (Error::SENML_EMPTY, 0)),
    }
    assert!(canary.iter().all(|&byte| byte == CANARY));
}

#[test]
fn at_every_capacity_calls_are_whole_or_nothing_and_the_missing_is_exact() {
    for merged in [false, true] {
        for capacity in 0..START + text(EVERYTHING).len() + 60 {
            at_capacity(capacity, merged);
        }
    }
}

#[test]
fn measuring_gives_the_length() {
    let mut state = PackState::default();
    let mut pack = begin(&mut state, &mut [], START, true, b"urn:x:").unwrap();
    for call in EVERYTHING {
        call(&mut pack).unwrap();
    }
    assert_eq!(finish(&mut pack), Ok(text(EVERYTHING).len()));
    assert_eq!((state.records(), state.need()), (5, 0));
    assert!(state.is_measuring());
}

#[test]
fn a_count_of_records_at_its_end_stays_there() {
    let mut memory = [CANARY; 200];
    let mut state = PackState::default();
    begin(&mut state, &mut memory, START, false, b"urn:dev:IMEI:1:").unwrap();
    state.written.records = u32::MAX;
    let mut pack = Pack::resume(&mut state, &mut memory);
    pack.add(b"a", None, &Value::int(1)).unwrap();
    pack.add(b"b", None, &Value::int(2)).unwrap();
    let len = finish(&mut pack).unwrap();
    assert_eq!(state.records(), u32::MAX);
    assert!(memory[..START + len].ends_with(br#",{"n":"a","v":1},{"n":"b","v":2}]"#));
}

#[test]
fn nothing_leaves_a_pack_that_could_not_be_begun() {
    let mut memory = [CANARY; 20];
    let mut state = PackState::default();
    let begun = begin(
        &mut state,
        &mut memory,
        0,
        false,
        b"urn:dev:IMEI:123456789012345:",
    );
    assert_eq!(begun.err(), Some(Error::BUFFER_FULL));
    let mut pack = Pack::resume(&mut state, &mut memory);
    let (_, leaving) = pack.take();
    assert_eq!(leaving, 0);
    assert_eq!(pack.finish(), Err(Error::BUFFER_FULL));
}

#[test]
fn a_refusal_before_the_pack_drops_labels_from_what_is_counted_too() {
    let calls = |pack: &mut Pack<'_>| {
        let time = pack.set(&Value::time(1_585_650_740, 0));
        let refused = pack.refuse(Error::OVERLAP, Part::Record);
        assert_eq!(refused, Err(Error::OVERLAP));
        (time, five(pack))
    };
    let mut state = PackState::default();
    let mut pack = begin(&mut state, &mut [], 0, true, b"a").unwrap();
    assert_eq!(calls(&mut pack), (Ok(()), Ok(())));
    assert_eq!(pack.clear_failure(), Err(Error::OVERLAP));
    let need = finish(&mut pack).unwrap();
    let full = Err(Error::BUFFER_FULL);
    for capacity in need - 10..=need {
        let mut memory = vec![0; capacity];
        let mut state = PackState::default();
        let mut pack = begin(&mut state, &mut memory, 0, false, b"a").unwrap();
        let (time, record) = calls(&mut pack);
        // The label needs more room than the record that it is dropped with.
        assert_eq!(
            (time, record),
            (full, if capacity < need { full } else { Ok(()) })
        );
        let label = r#"[{"bn":"a"},{"t":1585650740}]"#.len();
        assert_eq!(state.need(), label.max(need), "{capacity}");
    }
}
