//! Packs larger than memory: what leaves the window in pieces is byte for byte what one large buffer holds.
#![allow(missing_docs, clippy::indexing_slicing, reason = "tests")]

use kpn_things::error::{Error, Result};
use kpn_things::http::request::Target;
use kpn_things::number::{Decimal, write_decimal};
use kpn_things::senml::pack::Pack;
use kpn_things::things::stream::{Stream, StreamState};
use kpn_things::things::uplink::{Uplink, UplinkState};
use proptest::prelude::*;

const URN: &[u8] = b"urn:dev:IMEI:123456789012345:";
const SECRET: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCD";
const TARGET: Target<'static> = Target {
    host: b"m.m",
    path: b"/ingestion/m2m/senml/v1",
};

/// One call of a caller.
#[derive(Clone, Debug)]
enum Call {
    Decimal(String, i64),
    Text(String, String),
    Bool(String, bool),
    Time(i64),
    BaseName(String),
    BaseTime(i64),
    BaseUnit,
    Merged,
}

fn whole(mantissa: i64) -> Decimal {
    Decimal {
        mantissa,
        exponent: 0,
    }
}

fn make(pack: &mut Pack<'_>, call: &Call) -> Result<()> {
    match call {
        Call::Decimal(name, value) => pack.add_number(name.as_bytes(), Some(b"Cel"), |out| {
            write_decimal(out, whole(*value));
            Ok(())
        }),
        Call::Text(name, text) => pack.add_text(name.as_bytes(), None, text.as_bytes()),
        Call::Bool(name, value) => pack.add_bool(name.as_bytes(), None, *value),
        Call::Time(seconds) => pack.set_time(whole(*seconds)),
        Call::BaseName(urn) => pack.set_base_name(urn.as_bytes()),
        Call::BaseTime(seconds) => pack.set_base_time(whole(*seconds)),
        Call::BaseUnit => pack.set_base_unit(b"Cel"),
        Call::Merged => pack.set_merged(),
    }
}

/// The request built in one large buffer; calls that are refused are left out.
fn whole_request(calls: &[Call], secret: Option<&[u8]>) -> Result<Vec<u8>> {
    let mut state = UplinkState::default();
    let mut buffer = vec![0; 1000 + 400 * calls.len()];
    let mut uplink = Uplink::begin(&mut state, &mut buffer, false, TARGET, URN)?;
    for call in calls {
        let mut pack = uplink.pack()?;
        if make(&mut pack, call).is_err() {
            let _ = pack.acknowledge();
        }
    }
    let request = uplink.finish(TARGET, secret)?;
    Ok(buffer[request.start..request.start + request.len].to_vec())
}

/// A stream with its memory.
struct Device {
    state: StreamState,
    uplink: UplinkState,
    window: Vec<u8>,
}

impl Device {
    fn begin(window: usize) -> (Self, Result<()>) {
        let mut device = Self {
            state: StreamState::default(),
            uplink: UplinkState::default(),
            window: vec![0xA5; window],
        };
        let begun = Stream::begin(
            &mut device.state,
            &mut device.uplink,
            &mut device.window,
            TARGET,
            URN,
        )
        .map(drop);
        (device, begun)
    }

    fn stream(&mut self) -> Stream<'_> {
        Stream::resume(&mut self.state, &mut self.uplink, &mut self.window)
    }

    fn call(&mut self, call: &Call) -> Result<()> {
        let mut pack = Uplink::resume(&mut self.uplink, &mut self.window).into_pack()?;
        make(&mut pack, call).inspect_err(|_| {
            let _ = pack.acknowledge();
        })
    }

    fn take(&mut self, room: usize, sent: &mut Vec<u8>) -> Result<()> {
        let piece = self.stream().take(room)?;
        sent.extend_from_slice(piece.of(&self.window));
        Ok(())
    }

    /// One pass: makes room of `room` bytes before each call.
    fn pass(&mut self, calls: &[Call], room: usize, sent: &mut Vec<u8>) -> Result<()> {
        for call in calls {
            self.take(room, sent)?;
            assert_ne!(self.call(call), Err(Error::BUFFER_FULL), "{call:?}");
        }
        Ok(())
    }

    fn head(&mut self, secret: Option<&[u8]>, sent: &mut Vec<u8>) -> Result<()> {
        let piece = self.stream().head(TARGET, secret)?;
        sent.extend_from_slice(piece.of(&self.window));
        Ok(())
    }

    fn finish(&mut self, sent: &mut Vec<u8>) -> Result<()> {
        let piece = self.stream().finish()?;
        sent.extend_from_slice(piece.of(&self.window));
        Ok(())
    }
}

/// What leaves in two passes, and how the second ends.
fn streamed(
    first: &[Call],
    second: &[Call],
    secret: Option<&[u8]>,
    window: usize,
    rooms: [usize; 2],
) -> (Vec<u8>, Result<()>) {
    let mut sent = Vec::new();
    let mut both = || {
        let (mut device, begun) = Device::begin(window);
        begun?;
        device.pass(first, rooms[0], &mut sent)?;
        assert!(sent.is_empty(), "the first pass sends nothing");
        device.head(secret, &mut sent)?;
        device.stream().restart(TARGET, URN)?;
        device.pass(second, rooms[1], &mut sent)?;
        device.finish(&mut sent)?;
        assert_eq!(device.state.request_len(), sent.len());
        Ok(())
    };
    let result = both();
    (sent, result)
}

#[test]
fn ten_thousand_records_go_through_256_bytes() {
    let calls: Vec<Call> = (0..10_000)
        .flat_map(|at| {
            [
                Call::Time(1_700_000_000 + at),
                Call::Decimal("temperature".to_owned(), 205 + at % 100),
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
    // On a 32-bit target it is less; a C test asserts that.
    assert!(size_of::<StreamState>() + size_of::<UplinkState>() + 256 < 1024);
}

fn name() -> impl Strategy<Value = String> {
    "[A-Za-z0-9][A-Za-z0-9:./_-]{0,19}"
}

fn call() -> impl Strategy<Value = Call> {
    let text = prop_oneof!["[ -~]{0,20}", "\\PC{0,8}"];
    let absolute = 1_i64 << 28..1 << 40;
    prop_oneof![
        4 => (name(), any::<i64>()).prop_map(|(name, value)| Call::Decimal(name, value)),
        2 => (name(), text).prop_map(|(name, text)| Call::Text(name, text)),
        2 => (name(), any::<bool>()).prop_map(|(name, value)| Call::Bool(name, value)),
        3 => absolute.clone().prop_map(Call::Time),
        1 => Just(Call::Time(5)),
        1 => name().prop_map(|name| Call::BaseName(format!("{name}:"))),
        1 => absolute.prop_map(Call::BaseTime),
        1 => Just(Call::BaseUnit),
        1 => Just(Call::Merged),
    ]
}

/// A caller that did not stop at a base field that it lost would go on under the wrong one.
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
                prop_assert!(matches!(result, Err(Error::PASS_DIFFERS | Error::SENML_EMPTY)));
                prop_assert!(sent.len() < expected.len());
            }
            Ok(expected) => prop_assert!(result.is_ok() && sent == expected),
            Err(error) => prop_assert_eq!(result, Err(error)),
        }
    }
}

fn record(value: i64) -> Call {
    Call::Decimal("t".to_owned(), value)
}

#[test]
fn one_digit_that_differs_is_found_before_the_bracket() {
    let first: Vec<Call> = (1000..1100).map(record).collect();
    for at in 0..first.len() {
        let mut second = first.clone();
        second[at] = record(9999);
        let expected = whole_request(&first, Some(SECRET)).unwrap();
        let (sent, result) = streamed(&first, &second, Some(SECRET), 256, [100, 100]);
        assert_eq!(result, Err(Error::PASS_DIFFERS), "{at}");
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
    assert_eq!(result, Err(Error::PASS_DIFFERS));
    assert!(sent.len() < expected.len());
}

#[test]
fn after_a_difference_every_call_fails_with_that_cause() {
    let mut sent = Vec::new();
    let (mut device, begun) = Device::begin(256);
    assert_eq!(begun, Ok(()));
    device.pass(&[record(1)], 100, &mut sent).unwrap();
    device.head(Some(SECRET), &mut sent).unwrap();
    device.stream().restart(TARGET, URN).unwrap();
    device.pass(&[record(2)], 100, &mut sent).unwrap();
    for _ in 0..2 {
        assert_eq!(device.finish(&mut sent), Err(Error::PASS_DIFFERS));
        assert_eq!(device.take(usize::MAX, &mut sent), Err(Error::PASS_DIFFERS));
        assert_eq!(device.call(&record(1)), Err(Error::PASS_DIFFERS));
        let restarted = device.stream().restart(TARGET, URN);
        assert_eq!(restarted, Err(Error::PASS_DIFFERS));
        assert_eq!(device.head(None, &mut sent), Err(Error::PASS_DIFFERS));
    }
}

#[test]
fn calls_in_the_wrong_pass_are_refused_and_change_nothing() {
    let calls = [record(1), record(2)];
    let expected = whole_request(&calls, Some(SECRET)).unwrap();
    let mut sent = Vec::new();
    let (mut device, begun) = Device::begin(256);
    assert_eq!(begun, Ok(()));
    let state = Err(Error::STATE);
    assert_eq!(
        device.head(Some(SECRET), &mut sent),
        Err(Error::SENML_EMPTY)
    );
    assert_eq!(device.finish(&mut sent), state);
    assert_eq!(device.stream().restart(TARGET, URN), state);
    let mut uplink = Uplink::resume(&mut device.uplink, &mut device.window);
    assert_eq!(uplink.finish(TARGET, Some(SECRET)), Err(Error::STATE));
    device.pass(&calls, 0, &mut sent).unwrap();
    assert_eq!(device.state.request_len(), 0);
    assert_eq!(device.head(Some(b"short"), &mut sent), Err(Error::SECRET));
    device.head(Some(SECRET), &mut sent).unwrap();
    assert_eq!(device.state.request_len(), expected.len());
    assert_eq!(device.call(&record(1)), state);
    assert_eq!(device.take(usize::MAX, &mut sent), state);
    assert_eq!(device.finish(&mut sent), state);
    assert_eq!(device.head(Some(SECRET), &mut sent), state);
    let bad = device.stream().restart(TARGET, b"urn:dev:IMEI:");
    assert_eq!(bad, Err(Error::URN));
    device.stream().restart(TARGET, URN).unwrap();
    assert_eq!(device.stream().restart(TARGET, URN), state);
    assert_eq!(device.head(Some(SECRET), &mut sent), state);
    device.pass(&calls, 0, &mut sent).unwrap();
    device.finish(&mut sent).unwrap();
    assert_eq!(sent, expected);
    assert_eq!(device.finish(&mut sent), state);
    assert_eq!(device.take(usize::MAX, &mut sent), state);
    assert_eq!(device.call(&record(1)), state);
}

#[test]
fn a_record_without_room_is_refused_until_the_window_is_emptied() {
    let mut sent = Vec::new();
    let (mut device, begun) = Device::begin(220);
    assert_eq!(begun, Ok(()));
    while device.call(&record(1)) == Ok(()) {}
    let missing = device.uplink.missing(device.window.len());
    assert!((1..40).contains(&missing));
    device.take(usize::MAX, &mut sent).unwrap();
    assert_eq!(device.call(&record(1)), Ok(()));
    let too_long = Call::Text("t".to_owned(), "x".repeat(220));
    assert_eq!(device.call(&too_long), Err(Error::BUFFER_FULL));
    assert!(device.uplink.missing(device.window.len()) > 0);
}

#[test]
fn a_window_that_cannot_hold_the_head_says_what_is_missing() {
    let (device, begun) = Device::begin(0);
    assert_eq!(begun, Err(Error::BUFFER_FULL));
    let need = device.uplink.missing(0);
    for window in 0..need {
        let (mut device, begun) = Device::begin(window);
        assert_eq!(begun, Err(Error::BUFFER_FULL));
        assert_eq!(device.uplink.missing(window), need - window);
        assert_eq!(device.call(&record(1)), Err(Error::BUFFER_FULL));
        assert_eq!(device.head(None, &mut Vec::new()), Err(Error::BUFFER_FULL));
    }
    assert_eq!(Device::begin(need).1, Ok(()));
}
