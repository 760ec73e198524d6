// SPDX-License-Identifier: MIT OR Apache-2.0
//! The same calls twice, through a window of any size: the output equals one large buffer, or the second pass reports a
//! difference.

use super::calls::{self, SECRETS};
use super::drivers::uplink::{Call, Status, Stream, To, URN, Uplink};
use super::input::Input;
use super::request;
use super::status::{ERR_BUFFER_FULL, ERR_PASS_DIFFERS, OK};

pub fn run(input: &[u8]) {
    let mut input = Input::new(input);
    let window = input.size(900);
    let rooms = [room(&mut input), room(&mut input)];
    let secret = input.bool().then_some(SECRETS[0]);
    let left_out = usize::from(input.u8());
    let calls = calls::all(&mut input, 40);

    let (mut stream, begun) = Stream::begin(window);
    if begun != OK {
        assert_eq!(begun, ERR_BUFFER_FULL);
        return;
    }
    let Ok(first) = pass(&mut stream, &calls, rooms[0]) else {
        panic!("the first pass counts whatever comes");
    };
    assert!(stream.sent.is_empty(), "the first pass sends nothing");
    if stream.head(secret) != OK || stream.restart(URN) != OK {
        return;
    }
    // A device that leaves a call out in its second pass.
    let mut second = calls.clone();
    let is_same = left_out == 0 || left_out > calls.len();
    if !is_same {
        second.remove(left_out - 1);
    }
    let statuses = pass(&mut stream, &second, rooms[1]);
    let finished = stream.finish();
    if finished != OK {
        assert!(finished < 0);
        assert!(!is_same || rooms[0] != rooms[1] || finished != ERR_PASS_DIFFERS);
        return;
    }
    assert_eq!(stream.sent.len(), stream.request_len());
    let body = request::body(&stream.sent, secret);
    request::check_pack(body);
    let statuses = statuses.unwrap();
    if is_same && first == statuses && !first.contains(&ERR_BUFFER_FULL) {
        assert_eq!(stream.sent, whole(&calls, secret));
    }
}

fn room(input: &mut Input<'_>) -> usize {
    match input.u8() {
        0xFF => usize::MAX,
        room => 4 * usize::from(room),
    }
}

/// The status of each call; failures are cleared. Fails as `take` does.
fn pass(stream: &mut Stream, calls: &[Call], room: usize) -> Result<Vec<Status>, Status> {
    let mut statuses = Vec::new();
    for call in calls {
        match stream.take(room) {
            OK => {}
            failure => return Err(failure),
        }
        let status = stream.call(call);
        if status != OK {
            stream.call(&Call::Clear);
        }
        statuses.push(status);
    }
    Ok(statuses)
}

fn whole(calls: &[Call], secret: Option<&str>) -> Vec<u8> {
    let (mut uplink, begun) = Uplink::begin(Some(20_000), &To::M2m, URN);
    assert_eq!(begun, OK);
    for call in calls {
        if uplink.call(call) != OK {
            uplink.call(&Call::Clear);
        }
    }
    uplink.request(secret).unwrap().to_vec()
}
