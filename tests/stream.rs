// SPDX-License-Identifier: MIT OR Apache-2.0
//! Packs larger than memory: the pieces that leave the window equal, byte for byte, the contents of one large buffer.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "common/uplink.rs"]
mod common;
#[path = "common/status.rs"]
mod status;

use common::{Call, Content, SECRET, Status, Stream, To, URN, Uplink, add};
use proptest::prelude::*;
use status::{
    ERR_BUFFER_FULL, ERR_HEAD_TEXT, ERR_PASS_DIFFERS, ERR_SECRET, ERR_SENML_EMPTY, ERR_STATE,
    ERR_URN, OK,
};

/// The request built in one large buffer; calls that are refused are left out.
fn whole_request(calls: &[Call], secret: Option<&str>) -> Result<Vec<u8>, Status> {
    let (mut uplink, begun) = Uplink::begin(Some(1000 + 400 * calls.len()), &To::M2m, URN);
    assert_eq!(begun, OK);
    for call in calls {
        if uplink.call(call) != OK {
            uplink.call(&Call::Clear);
        }
    }
    uplink.request(secret).map(<[u8]>::to_vec)
}

/// A call whose failure is cleared at once.
fn call_and_clear(stream: &mut Stream, call: &Call) -> Status {
    let status = stream.call(call);
    if status != OK {
        stream.call(&Call::Clear);
    }
    status
}

/// One pass: makes room of `room` bytes before each call.
fn pass(stream: &mut Stream, calls: &[Call], room: usize) -> Result<(), Status> {
    for call in calls {
        ok(stream.take(room))?;
        assert_ne!(call_and_clear(stream, call), ERR_BUFFER_FULL, "{call:?}");
    }
    Ok(())
}

fn ok(status: Status) -> Result<(), Status> {
    if status == OK { Ok(()) } else { Err(status) }
}

fn begun(window: usize) -> Stream {
    let (stream, status) = Stream::begin(window);
    assert_eq!(status, OK);
    stream
}

/// What leaves in two passes, and how the second ends.
fn streamed(
    first: &[Call],
    second: &[Call],
    secret: Option<&str>,
    window: usize,
    rooms: [usize; 2],
) -> (Vec<u8>, Result<(), Status>) {
    let mut stream = begun(window);
    let mut both = || {
        pass(&mut stream, first, rooms[0])?;
        assert!(stream.sent.is_empty(), "the first pass sends nothing");
        ok(stream.head(secret))?;
        ok(stream.restart(URN))?;
        pass(&mut stream, second, rooms[1])?;
        ok(stream.finish())?;
        assert_eq!(stream.request_len(), stream.sent.len());
        Ok(())
    };
    let result = both();
    (stream.sent, result)
}

#[test]
fn ten_thousand_records_go_through_256_bytes() {
    let calls: Vec<Call> = (0..10_000)
        .flat_map(|at| {
            [
                Call::Time(1_700_000_000 + at),
                add("temperature", Content::Int(205 + at % 100)),
            ]
        })
        .collect();
    let expected = whole_request(&calls, Some(SECRET)).unwrap();
    assert!(expected.len() > 500_000);
    for rooms in [[128, 128], [usize::MAX, 100]] {
        let (sent, result) = streamed(&calls, &calls, Some(SECRET), 256, rooms);
        assert_eq!(result, Ok(()));
        assert!(sent == expected);
    }
}

fn name() -> impl Strategy<Value = String> {
    "[A-Za-z0-9][A-Za-z0-9:./_-]{0,19}"
}

fn call() -> impl Strategy<Value = Call> {
    let text = prop_oneof!["[ -~]{0,20}", "\\PC{0,8}"];
    let absolute = 1_i64 << 28..1 << 40;
    prop_oneof![
        4 => (name(), any::<i64>()).prop_map(|(name, value)| add(&name, Content::Int(value))),
        2 => (name(), text).prop_map(|(name, text)| add(&name, Content::Text(Some(text.into_bytes())))),
        2 => (name(), any::<bool>()).prop_map(|(name, value)| add(&name, Content::Bool(value))),
        3 => absolute.clone().prop_map(Call::Time),
        1 => Just(Call::Time(5)),
        1 => name().prop_map(|name| Call::BaseName(Some(format!("{name}:")))),
        1 => absolute.prop_map(Call::BaseTime),
        1 => Just(Call::BaseUnit(Some("Cel".to_owned()))),
        1 => Just(Call::Merge),
    ]
}

/// A caller that did not stop at a lost base field would continue under the wrong one.
fn calls() -> impl Strategy<Value = Vec<Call>> {
    prop::collection::vec(call(), 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_window_and_every_way_of_draining_gives_the_same_bytes(
        calls in calls(),
        signed in any::<bool>(),
        window in 300_usize..700,
        rooms in [140_usize..400, 140_usize..400],
    ) {
        let secret = signed.then_some(SECRET);
        let expected = whole_request(&calls, secret);
        // What is open can be as long as a base record with labels, and stays: the window must hold two records then.
        let rooms = rooms.map(|room| room.min(window - 1));
        let (sent, result) = streamed(&calls, &calls, secret, window, rooms);
        match expected {
            Ok(expected) => {
                prop_assert_eq!(result, Ok(()));
                prop_assert_eq!(sent, expected);
            }
            Err(error) => {
                prop_assert_eq!(result, Err(error));
                prop_assert!(sent.is_empty());
            }
        }
    }

    #[test]
    fn a_second_pass_that_differs_never_sends_the_last_byte(
        first in calls(),
        other in call(),
        at in any::<prop::sample::Index>(),
        kind in 0..3,
        rooms in [140_usize..400, 140_usize..400],
    ) {
        let mut second = first.clone();
        let at = at.index(first.len() + 1);
        match kind {
            0 => second.insert(at, other),
            1 if at < first.len() => second[at] = other,
            _ if at < first.len() => drop(second.remove(at)),
            _ => {}
        }
        let expected = whole_request(&first, Some(SECRET));
        let differs = whole_request(&second, Some(SECRET)) != expected;
        let (sent, result) = streamed(&first, &second, Some(SECRET), 400, rooms.map(|room| room.min(399)));
        match expected {
            Ok(expected) if differs => {
                prop_assert!(matches!(result, Err(ERR_PASS_DIFFERS | ERR_SENML_EMPTY)));
                prop_assert!(sent.len() < expected.len());
            }
            Ok(expected) => prop_assert!(result.is_ok() && sent == expected),
            Err(error) => prop_assert_eq!(result, Err(error)),
        }
    }
}

fn record(value: i64) -> Call {
    add("t", Content::Int(value))
}

#[test]
fn one_digit_that_differs_is_found_before_the_bracket() {
    let first: Vec<Call> = (1000..1100).map(record).collect();
    for at in 0..first.len() {
        let mut second = first.clone();
        second[at] = record(9999);
        let expected = whole_request(&first, Some(SECRET)).unwrap();
        let (sent, result) = streamed(&first, &second, Some(SECRET), 256, [100, 100]);
        assert_eq!(result, Err(ERR_PASS_DIFFERS), "{at}");
        assert!(sent.len() < expected.len());
    }
}

#[test]
fn a_longer_second_pass_is_stopped_before_the_measured_end() {
    let first: Vec<Call> = (1000..1010).map(record).collect();
    let mut second = first.clone();
    second.extend((0..100).map(record));
    let expected = whole_request(&first, Some(SECRET)).unwrap();
    let (sent, result) = streamed(&first, &second, Some(SECRET), 256, [usize::MAX; 2]);
    assert_eq!(result, Err(ERR_PASS_DIFFERS));
    assert!(sent.len() < expected.len());
}

#[test]
fn after_a_difference_every_call_fails_with_that_cause() {
    let mut stream = begun(256);
    pass(&mut stream, &[record(1)], 100).unwrap();
    assert_eq!(stream.head(Some(SECRET)), OK);
    assert_eq!(stream.restart(URN), OK);
    pass(&mut stream, &[record(2)], 100).unwrap();
    for _ in 0..2 {
        assert_eq!(stream.finish(), ERR_PASS_DIFFERS);
        assert_eq!(stream.take(usize::MAX), ERR_PASS_DIFFERS);
        assert_eq!(call_and_clear(&mut stream, &record(1)), ERR_PASS_DIFFERS);
        assert_eq!(stream.restart(URN), ERR_PASS_DIFFERS);
        assert_eq!(stream.head(None), ERR_PASS_DIFFERS);
    }
}

#[test]
fn calls_in_the_wrong_pass_are_refused_and_change_nothing() {
    let calls = [record(1), record(2)];
    let expected = whole_request(&calls, Some(SECRET)).unwrap();
    let mut stream = begun(256);
    assert_eq!(stream.head(Some(SECRET)), ERR_SENML_EMPTY);
    assert_eq!(stream.finish(), ERR_STATE);
    assert_eq!(stream.restart(URN), ERR_STATE);
    assert_eq!(stream.finish_uplink(), ERR_STATE);
    pass(&mut stream, &calls, 0).unwrap();
    assert_eq!(stream.request_len(), 0);
    assert_eq!(stream.head(Some("short")), ERR_SECRET);
    assert_eq!(stream.head(Some(SECRET)), OK);
    assert_eq!(stream.request_len(), expected.len());
    assert_eq!(call_and_clear(&mut stream, &record(1)), ERR_STATE);
    assert_eq!(stream.take(usize::MAX), ERR_STATE);
    assert_eq!(stream.finish(), ERR_STATE);
    assert_eq!(stream.head(Some(SECRET)), ERR_STATE);
    assert_eq!(stream.restart("urn:dev:IMEI:"), ERR_URN);
    assert_eq!(stream.call(&record(1)), ERR_URN);
    assert_eq!(stream.restart(URN), OK);
    assert_eq!(stream.restart(URN), ERR_STATE);
    assert_eq!(stream.head(Some(SECRET)), ERR_STATE);
    pass(&mut stream, &calls, 0).unwrap();
    assert_eq!(stream.finish(), OK);
    assert_eq!(stream.sent, expected);
    assert_eq!(stream.finish(), ERR_STATE);
    assert_eq!(stream.take(usize::MAX), ERR_STATE);
    assert_eq!(call_and_clear(&mut stream, &record(1)), ERR_STATE);
}

#[test]
fn a_record_without_room_is_refused_until_the_window_is_emptied() {
    let mut stream = begun(220);
    while call_and_clear(&mut stream, &record(1)) == OK {}
    assert!((1..40).contains(&stream.missing()));
    assert_eq!(stream.take(usize::MAX), OK);
    assert_eq!(call_and_clear(&mut stream, &record(1)), OK);
    let too_long = add("t", Content::Text(Some(vec![b'x'; 220])));
    assert_eq!(call_and_clear(&mut stream, &too_long), ERR_BUFFER_FULL);
    assert!(stream.missing() > 0);
}

#[test]
fn what_is_missing_is_counted_anew_once_the_window_is_emptied() {
    let mut stream = begun(220);
    let too_long = add("t", Content::Text(Some(vec![b'x'; 220])));
    assert_eq!(stream.call(&too_long), ERR_BUFFER_FULL);
    let first = stream.missing();
    assert_eq!(stream.call(&too_long), ERR_BUFFER_FULL);
    assert!(stream.missing() > first + 220);
    assert_eq!(stream.take(usize::MAX), OK);
    assert_eq!(stream.call(&too_long), ERR_BUFFER_FULL);
    // The bracket has been sent.
    assert_eq!(stream.missing(), first - 1);
}

#[test]
fn a_window_that_cannot_hold_the_head_says_what_is_missing() {
    let (mut stream, status) = Stream::begin(0);
    assert_eq!(status, ERR_BUFFER_FULL);
    let need = stream.missing();
    for window in 0..need {
        let (mut stream, status) = Stream::begin(window);
        assert_eq!(status, ERR_BUFFER_FULL);
        assert_eq!(stream.missing(), need - window);
        assert_eq!(call_and_clear(&mut stream, &record(1)), ERR_BUFFER_FULL);
        assert_eq!(stream.head(None), ERR_BUFFER_FULL);
    }
    begun(need);
}

#[test]
fn a_window_is_emptied_when_room_is_missing_and_not_before() {
    let mut stream = begun(256);
    pass(&mut stream, &[record(1)], 0).unwrap();
    assert_eq!(stream.head(None), OK);
    stream.sent.clear();
    assert_eq!(stream.restart(URN), OK);
    let free = 256 - format!(r#"[{{"bn":"{URN}""#).len();
    assert_eq!((stream.take(free), &stream.sent[..]), (OK, &b""[..]));
    // The base record is open and stays.
    assert_eq!((stream.take(free + 1), &stream.sent[..]), (OK, &b"["[..]));
    pass(&mut stream, &[record(1)], 0).unwrap();
    assert_eq!(stream.finish(), OK);
}

#[test]
fn between_the_passes_and_after_them_the_pack_is_finished() {
    let mut stream = begun(256);
    for status in [OK, ERR_STATE, OK, ERR_STATE] {
        if status == OK {
            assert_eq!(stream.call(&Call::Clear), OK);
            pass(&mut stream, &[record(1)], 0).unwrap();
            let passed = if stream.request_len() == 0 {
                stream.head(None)
            } else {
                stream.finish()
            };
            assert_eq!(passed, OK);
            continue;
        }
        assert_eq!(stream.call(&Call::Clear), ERR_STATE);
        assert_eq!(stream.call(&record(1)), ERR_STATE);
        assert_eq!(stream.call(&Call::Merge), ERR_STATE);
        let is_over = stream.sent.ends_with(b"]");
        assert_eq!(stream.restart(URN), if is_over { ERR_STATE } else { OK });
    }
}

#[test]
fn a_host_that_changes_cannot_end_a_line_of_the_head() {
    let (mut stream, status) = Stream::begin_custom(256, "a.b");
    assert_eq!(status, OK);
    pass(&mut stream, &[record(1)], 0).unwrap();
    for host in ["a\r\n", "a b", "\u{e9}b", "a\0b"] {
        stream.set_host(host);
        // What is left of one that ends earlier is a host.
        let expected = if host.contains('\0') {
            OK
        } else {
            ERR_HEAD_TEXT
        };
        assert_eq!(stream.head(None), expected, "{host:?}");
    }
    let head = String::from_utf8_lossy(&stream.sent);
    assert!(head.contains("\r\nHost: a\r\n"), "{head}");
    stream.set_host("a\nb");
    assert_eq!(stream.restart(URN), ERR_HEAD_TEXT);
    stream.set_host("a.b");
    assert_eq!(stream.restart(URN), OK);
}
