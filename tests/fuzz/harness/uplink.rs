// SPDX-License-Identifier: MIT OR Apache-2.0
//! An uplink from a script of calls, in a buffer of any capacity.

use super::calls::{self, SECRETS};
use super::drivers::uplink::{Call, Status, To, Uplink};
use super::input::Input;
use super::request;
use super::status::{ERR_BUFFER_FULL, ERR_SECRET, OK};

pub fn run(input: &[u8]) {
    let mut input = Input::new(input);
    let capacity = input.size(1500);
    let to = to(&mut input);
    let urn = calls::urn(&mut input);
    let secret = match input.u8() & 3 {
        0 => None,
        1 => Some(SECRETS[1]),
        _ => Some(SECRETS[0]),
    };
    let calls = calls::all(&mut input, 40);

    let (mut uplink, begun) = Uplink::begin(Some(capacity), &to, &urn);
    if begun == ERR_BUFFER_FULL {
        let missing = uplink.missing();
        let with = |cap| Uplink::begin(Some(cap), &to, &urn).1;
        assert!(missing > 0 && with(capacity + missing) != ERR_BUFFER_FULL);
        assert_eq!(with(capacity + missing - 1), ERR_BUFFER_FULL);
    }
    if begun != OK {
        assert!(uplink.is_whole());
        return;
    }
    let statuses: Vec<_> = calls.iter().map(|call| uplink.call(call)).collect();
    if let Some(full) = statuses.iter().position(|&status| status != OK)
        && statuses[full] == ERR_BUFFER_FULL
    {
        check_missing(capacity, &to, &urn, &calls[..=full]);
    }
    let first = first_failure(&calls, &statuses);
    let records = uplink.records();
    match uplink.request(secret) {
        Ok(request) => {
            assert_eq!(first, OK, "finish reports the first failure");
            let body = request::body(request, secret);
            assert!(request::check_pack(body) >= records as usize);
            let (request, body) = (request.to_vec(), body.len());
            check_measured(&to, &urn, &calls, secret, &request);
            assert!(body < capacity);
        }
        Err(ERR_SECRET) => assert_eq!(secret, Some(SECRETS[1])),
        Err(failure) if first != OK => assert_eq!(failure, first),
        Err(_) => {}
    }
    assert!(uplink.is_whole());
}

fn to(input: &mut Input<'_>) -> To {
    match input.u8() & 3 {
        0 | 1 => To::M2m,
        2 => To::Internet,
        _ => To::Custom {
            host: input.text(&["a.b:8080", "", "h\r\nx"]),
            path: input.text(&["/", "/a/b?c", "a"]),
        },
    }
}

/// The first failure that was not cleared. A merge that comes too late loses nothing, and is none.
fn first_failure(calls: &[Call], statuses: &[Status]) -> Status {
    let mut first = OK;
    for (call, &status) in calls.iter().zip(statuses) {
        if matches!(call, Call::Clear) {
            assert_eq!(status, first, "what was cleared");
            first = OK;
        } else if first == OK && !matches!(call, Call::Merge) {
            first = status;
        }
    }
    first
}

/// With as many more bytes as were missing, the last call succeeds or fails for another reason; with one fewer it still fails.
fn check_missing(capacity: usize, to: &To, urn: &str, calls: &[Call]) {
    let with = |capacity| {
        let (mut uplink, begun) = Uplink::begin(Some(capacity), to, urn);
        assert_eq!(begun, OK);
        let last = calls.iter().map(|call| uplink.call(call)).last();
        (last.unwrap(), uplink.missing())
    };
    let (full, missing) = with(capacity);
    assert_eq!(full, ERR_BUFFER_FULL);
    assert!(missing > 0);
    assert_ne!(with(capacity + missing).0, ERR_BUFFER_FULL);
    assert_eq!(with(capacity + missing - 1), (ERR_BUFFER_FULL, 1));
}

/// The same calls without a buffer measure the same length, and exactly that length suffices.
fn check_measured(to: &To, urn: &str, calls: &[Call], secret: Option<&str>, request: &[u8]) {
    if calls.iter().any(|call| matches!(call, Call::Clear)) {
        return;
    }
    let (mut measuring, begun) = Uplink::begin(None, to, urn);
    assert_eq!(begun, OK);
    for call in calls {
        let status = measuring.call(call);
        assert!(status == OK || matches!(call, Call::Merge), "{call:?}");
    }
    assert_eq!(measuring.finish(secret), (request.len(), OK));
}
