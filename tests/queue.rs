// SPDX-License-Identifier: MIT OR Apache-2.0
//! A queue at its limits, through the C functions: wrapping, dropping, large memories, and images.
#![allow(
    missing_docs,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "tests"
)]

mod common {
    pub mod crc32;
    pub mod queue;
    pub mod status;
}

use std::ffi::CString;

use common::crc32::crc32;
use common::queue::{Queue, Record, Status, Uplink, Value, When};
use common::status::{
    END, ERR_BUFFER_FULL, ERR_CLOCK, ERR_IMAGE, ERR_INVALID_ARGUMENT, ERR_NOT_FINITE,
    ERR_SENML_NAME, ERR_SENML_TIME, ERR_SENML_UNIT, ERR_STATE, ERR_UTF8, OK,
};
use kpn_things::ffi::queue::{
    KPN_QUEUE_DATA_MAX, KPN_QUEUE_DROP_OLDEST, KPN_QUEUE_IMAGE_EXTRA, KPN_QUEUE_NAME_MAX,
    KPN_QUEUE_REFUSE_NEWEST, KPN_QUEUE_TEXT_MAX,
};
use proptest::prelude::*;

fn bare(name: &str, value: Value) -> Record {
    Record {
        name: CString::new(name).unwrap(),
        unit: None,
        when: When::Reception,
        value,
    }
}

/// A record that takes 10 bytes.
fn digit(number: usize) -> Record {
    bare("x", Value::Int64((number % 10).try_into().unwrap()))
}

fn push_digits(queue: &mut Queue, numbers: core::ops::Range<usize>) {
    for number in numbers {
        assert_eq!(queue.push(&digit(number)), OK);
    }
}

/// How many records an uplink of this capacity takes, and its values as text.
fn fill(queue: &mut Queue, capacity: usize) -> (Status, Vec<String>) {
    let (mut uplink, status) = Uplink::begin(capacity);
    assert_eq!(status, OK);
    let (status, count) = queue.fill(&mut uplink, 0, 0);
    if status != OK {
        return (status, Vec::new());
    }
    let body: Vec<serde_json::Value> = serde_json::from_slice(uplink.finish().unwrap()).unwrap();
    assert_eq!(body.len() - 1, usize::try_from(count.unwrap()).unwrap());
    let values = body[1..].iter().map(|record| record["v"].to_string());
    (status, values.collect())
}

fn numbers(from: usize, to: usize) -> Vec<String> {
    (from..to).map(|number| (number % 10).to_string()).collect()
}

#[test]
fn a_thousand_bytes_hold_forty_temperatures_with_time() {
    let mut queue = Queue::begin(1024, KPN_QUEUE_REFUSE_NEWEST);
    let temperature = Record {
        unit: Some(c"Cel".to_owned()),
        when: When::Uptime(7),
        ..bare("temperature", Value::Decimal(205, -1))
    };
    while queue.push(&temperature) == OK {}
    assert!(queue.records() >= 39, "{}", queue.records());
}

#[test]
fn a_record_goes_on_at_the_start_of_the_memory_from_any_byte() {
    for capacity in 20..60 {
        let mut queue = Queue::begin(capacity, KPN_QUEUE_DROP_OLDEST);
        assert_eq!(queue.push(&digit(0)), OK);
        for number in 1..2 * capacity {
            assert_eq!(queue.push(&digit(number)), OK);
            assert_eq!(
                fill(&mut queue, 900),
                (
                    OK,
                    numbers((number + 1).saturating_sub(capacity / 10), number + 1)
                )
            );
            assert_eq!(queue.failed(), OK);
        }
        assert!(queue.canary_is_whole());
    }
}

#[test]
fn the_oldest_make_room_and_as_few_as_are_needed() {
    let mut queue = Queue::begin(50, KPN_QUEUE_DROP_OLDEST);
    for number in 0..5 {
        assert_eq!(queue.push(&digit(number)), OK);
    }
    assert_eq!(queue.push(&bare("x", Value::Int64(99))), OK);
    assert_eq!((queue.records(), queue.dropped()), (4, 2));
    // A record that could never fit drops only itself.
    let long = bare("x", Value::Text(CString::new([b'x'; 42]).unwrap()));
    assert_eq!(queue.push(&long), ERR_BUFFER_FULL);
    assert_eq!((queue.records(), queue.dropped()), (4, 3));
    assert_eq!(fill(&mut queue, 900).1, ["2", "3", "4", "99"]);
}

#[test]
fn a_record_that_made_room_on_its_way_is_lost_only_if_it_did_not_arrive() {
    for accepted in [true, false] {
        let mut queue = Queue::begin(50, KPN_QUEUE_DROP_OLDEST);
        push_digits(&mut queue, 0..5);
        assert_eq!(fill(&mut queue, 900).1, numbers(0, 5));
        push_digits(&mut queue, 5..7);
        assert_eq!((queue.records(), queue.dropped()), (5, 0));
        if accepted {
            assert_eq!(queue.accepted(), OK);
            assert_eq!((queue.records(), queue.dropped()), (2, 0));
            assert_eq!(fill(&mut queue, 900).1, numbers(5, 7));
        } else {
            assert_eq!(queue.failed(), OK);
            assert_eq!((queue.records(), queue.dropped()), (5, 2));
            assert_eq!(fill(&mut queue, 900).1, numbers(2, 7));
        }
    }
}

#[test]
fn an_answer_may_come_when_all_that_were_on_their_way_made_room() {
    for accepted in [true, false] {
        let mut queue = Queue::begin(20, KPN_QUEUE_DROP_OLDEST);
        push_digits(&mut queue, 0..2);
        assert_eq!(fill(&mut queue, 900).1, numbers(0, 2));
        push_digits(&mut queue, 2..5);
        // The one that was never on its way is certainly lost.
        assert_eq!((queue.records(), queue.dropped()), (2, 1));
        assert_eq!(fill(&mut queue, 900).0, ERR_STATE);
        let (status, lost) = if accepted {
            (queue.accepted(), 1)
        } else {
            (queue.failed(), 3)
        };
        assert_eq!((status, queue.records(), queue.dropped()), (OK, 2, lost));
        assert_eq!(queue.failed(), ERR_STATE);
        assert_eq!(fill(&mut queue, 900).1, numbers(3, 5));
    }
}

#[test]
fn the_missing_bytes_of_a_record_with_a_time_are_exact() {
    let mut queue = Queue::begin(100, KPN_QUEUE_REFUSE_NEWEST);
    let record = Record {
        unit: Some(c"Cel".to_owned()),
        when: When::Unix(1_585_650_750),
        ..bare("temperature", Value::Decimal(205, -1))
    };
    assert_eq!(queue.push(&record), OK);
    let mut refused = 0;
    for capacity in 0..400 {
        let (mut uplink, status) = Uplink::begin(capacity);
        if status != OK {
            continue;
        }
        let (status, _) = queue.fill(&mut uplink, 0, 0);
        if status == OK {
            assert_eq!(queue.failed(), OK);
            continue;
        }
        refused += 1;
        let enough = capacity + uplink.missing();
        for (capacity, expected) in [(enough - 1, ERR_BUFFER_FULL), (enough, OK)] {
            let (mut uplink, _) = Uplink::begin(capacity);
            assert_eq!(queue.fill(&mut uplink, 0, 0).0, expected, "{capacity}");
        }
        assert_eq!(queue.failed(), OK);
    }
    assert!(refused > 20, "{refused}");
}

#[test]
fn more_than_64_kilobytes_leave_in_order() {
    let mut queue = Queue::begin(0x1_8000, KPN_QUEUE_DROP_OLDEST);
    let all = 0x1_8000 / 10;
    for number in 0..all + 1234 {
        assert_eq!(queue.push(&digit(number)), OK);
    }
    assert_eq!((queue.records(), queue.dropped()), (all, 1234));
    let image = queue.save(0, 0x1_8000 + KPN_QUEUE_IMAGE_EXTRA).unwrap();
    assert_eq!(image.len(), 10 * all + KPN_QUEUE_IMAGE_EXTRA);
    let mut queue = Queue::begin(10 * all, KPN_QUEUE_DROP_OLDEST);
    assert_eq!(queue.load(&image, 0, 0), OK);
    let mut next = 1234;
    loop {
        let (status, values) = fill(&mut queue, 30_000);
        if status == END {
            break;
        }
        assert_eq!((status, &values), (OK, &numbers(next, next + values.len())));
        next += values.len();
        assert_eq!(queue.accepted(), OK);
    }
    assert_eq!(next, all + 1234);
}

#[test]
fn refuses_what_could_not_be_sent_and_changes_nothing() {
    let mut queue = Queue::begin(300, KPN_QUEUE_DROP_OLDEST);
    assert_eq!(queue.push(&digit(1)), OK);
    let yes = || bare("a", Value::Bool(true));
    let text = |len| Value::Text(CString::new(vec![b'x'; len]).unwrap());
    let at = |when| Record { when, ..yes() };
    let unit = |unit: &str| Record {
        unit: Some(CString::new(unit).unwrap()),
        ..yes()
    };
    for (record, expected) in [
        (bare("", Value::Bool(true)), ERR_SENML_NAME),
        (bare("a b", Value::Bool(true)), ERR_SENML_NAME),
        (
            bare(&"a".repeat(KPN_QUEUE_NAME_MAX + 1), Value::Bool(true)),
            ERR_SENML_NAME,
        ),
        (unit(""), ERR_SENML_UNIT),
        (unit("\""), ERR_SENML_UNIT),
        (unit(&"u".repeat(25)), ERR_SENML_UNIT),
        (at(When::Unix((1 << 28) - 1)), ERR_SENML_TIME),
        (at(When::Unix(u32::MAX)), ERR_SENML_TIME),
        (at(When::Uptime(-1)), ERR_INVALID_ARGUMENT),
        (
            bare("a", Value::Text(CString::new(b"\xff").unwrap())),
            ERR_UTF8,
        ),
        (
            bare("a", text(KPN_QUEUE_TEXT_MAX + 1)),
            ERR_INVALID_ARGUMENT,
        ),
        (
            bare("a", Value::Data(vec![0; KPN_QUEUE_DATA_MAX + 1])),
            ERR_INVALID_ARGUMENT,
        ),
        (bare("a", Value::Decimal(1, 19)), ERR_INVALID_ARGUMENT),
        (bare("a", Value::SumDecimal(1, -19)), ERR_INVALID_ARGUMENT),
        (bare("a", Value::Double(f64::NAN)), ERR_NOT_FINITE),
        (bare("a", Value::SumDouble(f64::INFINITY)), ERR_NOT_FINITE),
    ] {
        assert_eq!(queue.push(&record), expected, "{record:?}");
    }
    assert_eq!((queue.records(), queue.dropped()), (1, 0));
    let longest = Record {
        unit: Some(CString::new([b'u'; 24]).unwrap()),
        when: When::Unix(u32::MAX - 1),
        ..bare(&"a".repeat(KPN_QUEUE_NAME_MAX), text(KPN_QUEUE_TEXT_MAX))
    };
    assert_eq!(queue.push(&longest), OK);
    assert_eq!(
        queue.save(0, 400).unwrap().len(),
        KPN_QUEUE_IMAGE_EXTRA + 10 + 144
    );
}

#[test]
fn a_failure_of_the_uplink_is_neither_cleared_nor_passed_over() {
    let mut queue = Queue::begin(400, KPN_QUEUE_REFUSE_NEWEST);
    push_digits(&mut queue, 0..9);
    // With room for all records, and for some.
    for capacity in [1000, 300] {
        let (mut uplink, status) = Uplink::begin(capacity);
        assert_eq!(status, OK);
        assert_eq!(uplink.add(&bare("a b", Value::Bool(true))), ERR_SENML_NAME);
        for _ in 0..2 {
            let filled = queue.fill(&mut uplink, 0, 0);
            assert_eq!((filled, uplink.records()), ((ERR_SENML_NAME, None), 0));
        }
        assert_eq!(queue.failed(), ERR_STATE);
        assert_eq!(uplink.clear_failure(), ERR_SENML_NAME);
        assert_eq!(queue.fill(&mut uplink, 0, 0).0, OK);
        assert_eq!(queue.failed(), OK);
    }
}

fn at_uptime(count: i32) -> Record {
    Record {
        when: When::Uptime(count),
        ..digit(1)
    }
}

#[test]
fn an_uptime_that_went_backwards_is_refused_and_changes_nothing() {
    // `millis() / 1000` before and after it starts again, with the late record first, last and around the end of the memory.
    for late in 0..4 {
        let mut queue = Queue::begin(45, KPN_QUEUE_DROP_OLDEST);
        for number in 0..6 {
            let count = if number == late + 2 { 4_294_960 } else { 3 };
            assert_eq!(queue.push(&at_uptime(count)), OK);
        }
        for uptime in [0, 5, 4_294_959] {
            for unix in [0, 1_700_000_000] {
                let (mut uplink, _) = Uplink::begin(900);
                let before = queue.memory().to_vec();
                assert_eq!(queue.fill(&mut uplink, uptime, unix), (ERR_CLOCK, None));
                assert_eq!(uplink.clear_failure(), OK);
                assert_eq!((uplink.records(), queue.records()), (0, 4));
                assert_eq!(queue.memory(), before);
                assert_eq!(queue.failed(), ERR_STATE);
            }
            assert_eq!(queue.save(uptime, 100), Err(ERR_CLOCK));
        }
        // The count that went on.
        for uptime in [4_294_960, u32::MAX] {
            let (mut uplink, _) = Uplink::begin(900);
            assert_eq!(queue.fill(&mut uplink, uptime, 0), (OK, Some(4)));
            assert_eq!(queue.failed(), OK);
        }
        assert!(queue.save(4_294_960, 100).is_ok());
    }
}

#[test]
fn an_uptime_may_be_that_of_the_newest_record_and_once_that_has_left_of_any() {
    let mut queue = Queue::begin(100, KPN_QUEUE_DROP_OLDEST);
    assert_eq!(queue.push(&at_uptime(100)), OK);
    let (mut uplink, _) = Uplink::begin(900);
    assert_eq!(queue.fill(&mut uplink, 100, 0), (OK, Some(1)));
    assert_eq!(queue.accepted(), OK);
    assert_eq!(queue.push(&at_uptime(1)), OK);
    let (mut uplink, _) = Uplink::begin(900);
    assert_eq!(queue.fill(&mut uplink, 1, 0), (OK, Some(1)));
}

#[test]
fn an_image_with_a_record_later_than_itself_is_refused() {
    let mut queue = Queue::begin(100, KPN_QUEUE_DROP_OLDEST);
    assert_eq!(queue.push(&at_uptime(100)), OK);
    let mut image = queue.save(100, 128).unwrap();
    for (uptime, expected) in [(99_u32, ERR_IMAGE), (0, ERR_IMAGE), (100, OK), (101, OK)] {
        image[8..12].copy_from_slice(&uptime.to_le_bytes());
        sign(&mut image);
        assert_eq!(queue.load(&image, 7, 0), expected);
    }
}

#[test]
fn a_time_that_failed_is_no_moment() {
    let mut queue = Queue::begin(100, KPN_QUEUE_DROP_OLDEST);
    assert_eq!(queue.push(&at_uptime(5)), OK);
    let (mut uplink, _) = Uplink::begin(900);
    for uptime in [5, 9] {
        let status = queue.fill(&mut uplink, uptime, u32::MAX);
        assert_eq!(status, (ERR_SENML_TIME, None));
    }
    assert_eq!(uplink.clear_failure(), OK);
    assert_eq!(queue.fill(&mut uplink, 9, u32::MAX - 1), (OK, Some(1)));
}

/// Puts the right CRC at the end.
fn sign(image: &mut [u8]) {
    if let Some((front, crc)) = image.split_last_chunk_mut::<4>() {
        *crc = crc32(front).to_le_bytes();
    }
}

/// One record of each kind and clock, some of them around the end of the memory.
fn image() -> Vec<u8> {
    let mut queue = Queue::begin(150, KPN_QUEUE_DROP_OLDEST);
    let mut records = vec![digit(0); 9];
    records.extend([
        Record {
            unit: Some(c"Cel".to_owned()),
            when: When::Uptime(70),
            ..bare("temperature", Value::Decimal(205, -1))
        },
        Record {
            when: When::Unix(1_700_000_000),
            ..bare("text", Value::Text(c"\u{e9}\n".to_owned()))
        },
        bare("yes", Value::Bool(true)),
        bare("no", Value::Bool(false)),
        bare("data", Value::Data(vec![0, 0xff])),
        bare("s", Value::SumDecimal(-15, 1)),
        bare("d", Value::Double(-0.5)),
    ]);
    for record in &records {
        assert_eq!(queue.push(record), OK);
    }
    assert!(queue.dropped() > 0);
    queue.save(77, 150 + KPN_QUEUE_IMAGE_EXTRA).unwrap()
}

#[test]
fn the_image_has_the_bytes_of_its_format() {
    let mut queue = Queue::begin(100, KPN_QUEUE_DROP_OLDEST);
    let record = Record {
        unit: Some(c"Cel".to_owned()),
        when: When::Uptime(0x0102),
        ..bare("t", Value::Decimal(205, -1))
    };
    assert_eq!(queue.push(&record), OK);
    assert_eq!(queue.push(&bare("b", Value::Data(vec![9]))), OK);
    let mut expected = b"kpnq\x02\0\0\0\x4d\x01\0\0\0\0\0\0\x02\0\0\0\x1a\0\0\0".to_vec();
    expected.extend(b"\x10\x10\x01\x03\x02\x01\0\0tCel20.5\x0a\x04\x01\0\0\0\0\0b\x09");
    expected.extend([0; 4]);
    sign(&mut expected);
    assert_eq!(queue.save(0x014d, 128), Ok(expected));
}

#[test]
fn every_damaged_bit_and_every_cut_of_an_image_is_refused() {
    let image = image();
    let mut queue = Queue::begin(300, KPN_QUEUE_DROP_OLDEST);
    assert_eq!(queue.push(&digit(4)), OK);
    for bit in 0..image.len() * 8 {
        let mut damaged = image.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(queue.load(&damaged, 0, 0), ERR_IMAGE);
    }
    for len in 0..image.len() {
        assert_eq!(queue.load(&image[..len], 0, 0), ERR_IMAGE);
    }
    for version in (0..=u8::MAX).filter(|&version| version != 2) {
        let mut other = image.clone();
        other[4] = version;
        sign(&mut other);
        assert_eq!(queue.load(&other, 0, 0), ERR_IMAGE);
    }
    let mut small = Queue::begin(
        image.len() - KPN_QUEUE_IMAGE_EXTRA - 1,
        KPN_QUEUE_DROP_OLDEST,
    );
    assert_eq!(small.load(&image, 0, 0), ERR_BUFFER_FULL);
    // After all of that the queue is unchanged.
    assert_eq!(fill(&mut queue, 500).1, ["4"]);
    assert_eq!(queue.load(&image, 0, 0), OK);
    assert_eq!(queue.failed(), ERR_STATE);
    for cap in 0..image.len() {
        assert_eq!(queue.save(0, cap), Err(ERR_BUFFER_FULL));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_image_of_any_bytes_is_refused_or_sound(
        mut bytes in prop::collection::vec(any::<u8>(), 0..200),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        with_crc in any::<bool>(),
        from_image in any::<bool>(),
    ) {
        if from_image {
            bytes = image();
            for (at, byte) in changes {
                let at = at.index(bytes.len() - 4);
                bytes[at] = byte;
            }
        }
        if with_crc {
            sign(&mut bytes);
        }
        let mut queue = Queue::begin(400, KPN_QUEUE_REFUSE_NEWEST);
        if queue.load(&bytes, u32::MAX, 0) == OK {
            // All of it can be sent.
            let records = queue.records();
            let (mut uplink, _) = Uplink::begin(9000);
            let (status, count) = queue.fill(&mut uplink, u32::MAX, 0);
            if records == 0 {
                prop_assert_eq!(status, END);
            } else {
                prop_assert_eq!((status, count), (OK, u32::try_from(records).ok()));
                // Grammar only: a changed number under a right CRC may be beyond what a double holds.
                let body: Vec<serde::de::IgnoredAny> = serde_json::from_slice(uplink.finish().unwrap()).unwrap();
                prop_assert_eq!(body.len() - 1, records);
            }
        } else {
            prop_assert_eq!(queue.records(), 0);
            prop_assert!(queue.memory().iter().all(|&byte| byte == 0xA5));
        }
    }
}
