// SPDX-License-Identifier: MIT OR Apache-2.0
//! Random scripts of calls, from `begin` to the request, against third-party code: `httparse` for the head, `sha2` the token, `serde_json`,
//! `bigdecimal` and `base64` the pack, `zmij` the shortest numbers.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "common/uplink.rs"]
mod common;
#[path = "random_uplink/model.rs"]
mod model;
#[path = "common/random.rs"]
mod random;
#[path = "common/resolve.rs"]
mod resolve;
#[path = "random_uplink/script.rs"]
mod script;
#[path = "common/status.rs"]
mod status;

use common::{Call, Content, SECRET, Status, Stream, To, URN, Uplink, add};
use model::Model;
use random::{Blame, setting};
use resolve::resolve;
use script::Script;
use sha2::{Digest, Sha256};
use status::{ERR_BUFFER_FULL, ERR_SENML_EMPTY, OK};

fn seed() -> u64 {
    setting("KPN_SEED", 0x6b70_6e5f_7468)
}

/// The body of a request whose head other parsers accept.
fn body<'a>(request: &'a [u8], to: &To, secret: Option<&str>) -> &'a [u8] {
    let mut headers = [httparse::EMPTY_HEADER; 8];
    let mut head = httparse::Request::new(&mut headers);
    let at = head.parse(request).unwrap().unwrap();
    let body = &request[at..];
    let (host, path) = match to {
        To::M2m => ("m.m", "/ingestion/m2m/senml/v1"),
        To::Internet => ("prod.dm.kpnthings.com", "/ingestion/ip/senml/v1"),
        To::Custom { host, path } => (host.as_str(), path.as_str()),
    };
    assert_eq!(
        (head.method, head.path, head.version),
        (Some("POST"), Some(path), Some(1))
    );
    let mut expected = vec![("Host", host.to_owned())];
    if let Some(secret) = secret {
        let digest = Sha256::digest([body, secret.as_bytes()].concat());
        let hex: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        expected.push(("Things-Message-Token", hex.concat()));
    }
    expected.push(("Content-Type", "application/json".to_owned()));
    expected.push(("Content-Length", body.len().to_string()));
    let fields: Vec<(&str, String)> = head
        .headers
        .iter()
        .map(|field| (field.name, String::from_utf8(field.value.to_vec()).unwrap()))
        .collect();
    assert_eq!(fields, expected);
    body
}

/// Makes the calls, and returns the status of each and what was missing after it.
fn run(script: &Script, cap: Option<usize>, calls: usize) -> (Uplink, Vec<(Status, usize)>) {
    let (mut uplink, begun) = Uplink::begin(cap, &script.to, &script.urn);
    let mut states = vec![(begun, uplink.missing())];
    for call in &script.calls[..calls] {
        let done = uplink.call(call);
        states.push((done, uplink.missing()));
    }
    (uplink, states)
}

/// Finishes, after the first failure was cleared, and compares with what was accepted. Gives the length of the request.
fn finish(uplink: &mut Uplink, script: &Script, model: &Model, first: Status) -> Option<usize> {
    let secret = script.secret.as_deref();
    assert_eq!(uplink.records() as usize, model.records.len());
    if first != OK {
        assert_eq!(uplink.finish(secret), (0, first), "the first failure");
        assert_eq!(uplink.call(&Call::Clear), first);
    }
    assert_eq!(uplink.call(&Call::Clear), OK);
    let request = uplink.request(secret);
    if model.records.is_empty() {
        assert_eq!(request, Err(ERR_SENML_EMPTY));
        return None;
    }
    let request = request.unwrap();
    assert_eq!(
        resolve(body(request, &script.to, secret)),
        model.records,
        "{}",
        String::from_utf8_lossy(request)
    );
    Some(request.len())
}

/// Without a lack of room every status is the model's. The length of the request, which measuring gives too.
fn check_with_room(script: &Script) -> usize {
    let (mut uplink, states) = run(script, Some(1 << 14), script.calls.len());
    let mut model = Model::new(&script.urn);
    assert_eq!(states[0], (OK, 0));
    for (call, state) in script.calls.iter().zip(&states[1..]) {
        assert_eq!((model.call(call, false), 0), *state, "{call:?}");
    }
    let first = model.first_failure;
    let len = finish(&mut uplink, script, &model, first);
    assert!(uplink.is_whole());

    let (mut uplink, measured) = run(script, None, script.calls.len());
    assert_eq!(measured, states);
    uplink.call(&Call::Clear);
    let secret = script.secret.as_deref();
    let end = if len.is_some() { OK } else { ERR_SENML_EMPTY };
    assert_eq!(uplink.finish(secret), (len.unwrap_or_default(), end));
    len.unwrap_or_default()
}

/// At a small capacity: what is refused for room is missing, what is accepted is whole, and what is missing is exact.
fn check_without_room(script: &Script, cap: usize) {
    let (mut uplink, states) = run(script, Some(cap), script.calls.len());
    if states[0].0 == OK {
        let mut model = Model::new(&script.urn);
        for (call, state) in script.calls.iter().zip(&states[1..]) {
            let expected = model.call(call, state.0 == ERR_BUFFER_FULL);
            assert_eq!(expected, state.0, "{call:?}");
        }
        let first = model.first_failure;
        finish(&mut uplink, script, &model, first);
    } else {
        assert_eq!(states[0].0, ERR_BUFFER_FULL);
        assert_eq!(uplink.finish(Some(SECRET)), (0, ERR_BUFFER_FULL));
    }
    assert!(uplink.is_whole());

    let is_full = |state: &(Status, usize)| state.0 == ERR_BUFFER_FULL;
    let mut since_clear = 0;
    for (at, state) in states.iter().enumerate() {
        if at > 0 && matches!(script.calls[at - 1], Call::Clear) {
            // What was lost before is lost with more room too, or is not: no longer the same script.
            if states[since_clear..at].iter().any(is_full) {
                break;
            }
            since_clear = at;
        }
        if !is_full(state) {
            continue;
        }
        assert!(state.1 > 0);
        let (_, larger) = run(script, Some(cap + state.1), at);
        assert!(
            !larger.iter().any(is_full),
            "call {at} at {cap}: {states:?} {larger:?} {script:?}"
        );
        let (_, smaller) = run(script, Some(cap + state.1 - 1), at);
        assert!(
            smaller.iter().any(is_full),
            "call {at} at {cap}: {states:?} {smaller:?} {script:?}"
        );
    }
}

/// The pieces that leave a window equal the contents of one large buffer.
fn check_stream(script: &Script, random: &mut fastrand::Rng) {
    let window = random.usize(1500..3000);
    let (mut stream, begun) = Stream::begin(window);
    assert_eq!(begun, OK);
    let (mut uplink, _) = Uplink::begin(Some(1 << 14), &To::M2m, URN);
    let secret = script.secret.as_deref();
    for pass in 0..2 {
        for call in &script.calls {
            assert_eq!(stream.take(random.usize(0..window)), OK);
            let status = stream.call(call);
            if status == ERR_BUFFER_FULL {
                // Longer than the window.
                return;
            }
            if pass == 0 {
                assert_eq!(uplink.call(call), status);
            }
        }
        stream.call(&Call::Clear);
        uplink.call(&Call::Clear);
        if pass == 0 {
            let status = stream.head(secret);
            if status != OK {
                assert_eq!(uplink.finish(secret), (0, status));
                return;
            }
            assert_eq!(stream.restart(URN), OK);
        }
    }
    assert_eq!(stream.finish(), OK);
    assert!(stream.sent == uplink.request(secret).unwrap());
}

#[test]
fn random_messages_are_what_was_accepted() {
    let seed = seed();
    for seed in seed..seed + setting("KPN_CASES", 100_000) {
        let _blame = Blame(seed);
        let mut random = fastrand::Rng::with_seed(seed);
        let script = Script::random(&mut random);
        let len = check_with_room(&script);
        if random.u8(0..4) == 0 {
            check_without_room(&script, random.usize(0..len.max(300)));
        }
        if random.u8(0..4) == 0 {
            check_stream(&script, &mut random);
        }
    }
}

#[test]
fn what_is_missing_is_exact_at_every_capacity() {
    let seed = seed();
    for seed in seed..seed + 60 {
        let _blame = Blame(seed);
        let script = Script::random(&mut fastrand::Rng::with_seed(seed));
        let len = check_with_room(&script);
        for cap in 0..len {
            check_without_room(&script, cap);
        }
    }
}

#[test]
fn what_is_missing_counts_a_label_without_room_and_its_record() {
    let script = Script {
        to: To::M2m,
        urn: URN.to_owned(),
        secret: Some(SECRET.to_owned()),
        calls: vec![
            Call::Time(1_585_650_750),
            add("temperature", Content::Decimal(205, -1)),
        ],
    };
    let (_, states) = run(&script, Some(242), 2);
    assert_eq!(states[1], (ERR_BUFFER_FULL, 7));
    assert_eq!(states[2].0, ERR_BUFFER_FULL);
    let (_, states) = run(&script, Some(242 + states[2].1), 2);
    assert_eq!(states[2], (OK, 0));
    for cap in 0..300 {
        check_without_room(&script, cap);
    }
}
