// SPDX-License-Identifier: MIT OR Apache-2.0
//! A queue from a script of calls, saved and loaded in between, even from changed images.

use std::ffi::CString;

use kpn_things::ffi::queue::{
    KPN_QUEUE_DROP_OLDEST, KPN_QUEUE_IMAGE_EXTRA, KPN_QUEUE_REFUSE_NEWEST,
};

use super::drivers::firmware::crc32;
use super::drivers::queue::{Queue, Record, Uplink, Value, When};
use super::input::Input;
use super::request;
use super::status::{END, ERR_BUFFER_FULL, ERR_CLOCK, ERR_STATE, OK};

/// What was pushed is there, on its way, or counted as lost.
#[derive(Default)]
struct Counts {
    pushed: u64,
    accepted: u64,
    on_way: Option<u32>,
}

pub fn run(input: &[u8]) {
    let mut input = Input::new(input);
    let capacity = input.size(400);
    let policy = if input.bool() {
        KPN_QUEUE_DROP_OLDEST
    } else {
        KPN_QUEUE_REFUSE_NEWEST
    };
    let mut queue = Queue::begin(capacity, policy);
    let mut counts = Counts::default();
    for _ in 0..60 {
        if input.is_empty() {
            break;
        }
        step(&mut queue, &mut counts, capacity, &mut input);
        assert!(queue.canary_is_whole());
        if counts.on_way.is_none() {
            let kept = queue.records() as u64 + u64::from(queue.dropped());
            assert_eq!(counts.pushed, kept + counts.accepted);
        }
    }
}

fn step(queue: &mut Queue, counts: &mut Counts, capacity: usize, input: &mut Input<'_>) {
    match input.u8() & 15 {
        0..=7 => {
            let before = u64::from(queue.dropped());
            let pushed = queue.push(&record(input));
            let is_lost = pushed < 0 && u64::from(queue.dropped()) > before;
            assert!(!is_lost || pushed == ERR_BUFFER_FULL);
            counts.pushed += u64::from(pushed == OK || is_lost);
        }
        8 | 9 => fill(queue, counts, input),
        10 => {
            let done = queue.accepted();
            assert_eq!(done == OK, counts.on_way.is_some());
            counts.accepted += u64::from(counts.on_way.take().unwrap_or_default());
        }
        11 => {
            let done = queue.failed();
            assert_eq!(done == OK, counts.on_way.is_some());
            counts.on_way = None;
        }
        12 | 13 => reset(queue, counts, capacity, input),
        _ => attack(queue, counts, capacity, input),
    }
}

fn fill(queue: &mut Queue, counts: &mut Counts, input: &mut Input<'_>) {
    let capacity = input.size(2000);
    let (uptime, unix) = (input.wide() as u32, input.wide() as u32);
    let (mut uplink, begun) = Uplink::begin(capacity);
    if begun != OK {
        return;
    }
    if input.u8() & 7 == 7 {
        let _ = uplink.set_base_time(input.wide() as i64);
    }
    let before = queue.records();
    match queue.fill(&mut uplink, uptime, unix) {
        (OK, Some(count)) => {
            assert!(counts.on_way.is_none() && count > 0 && count as usize <= before);
            assert_eq!(uplink.records(), count as usize);
            counts.on_way = Some(count);
            let body = uplink.finish().unwrap();
            assert!(request::check_pack(body) >= count as usize);
        }
        (END, count) => assert_eq!((before, count), (0, None)),
        (failure, count) => {
            assert!(failure < 0 && count.is_none());
            // Nothing was added, or the uplink has failed and cannot be sent: else what stays in the queue would be sent twice.
            if uplink.records() > 0 {
                assert_eq!(uplink.finish(), Err(failure));
            }
            if counts.on_way.is_none() {
                assert_eq!(queue.failed(), ERR_STATE);
            }
        }
    }
}

/// The device starts anew, from its image.
fn reset(queue: &mut Queue, counts: &mut Counts, capacity: usize, input: &mut Input<'_>) {
    let (uptime, elapsed) = (input.wide() as u32, u32::from(input.u8()));
    let Some(image) = saved(queue, capacity, uptime) else {
        return;
    };
    assert_eq!(queue.save(uptime, image.len() - 1), Err(ERR_BUFFER_FULL));
    let records = queue.records();
    assert_eq!(
        queue.load(&image, uptime.wrapping_add(elapsed), elapsed),
        OK
    );
    assert_eq!(queue.records(), records);
    // What was on its way waits again, or was dropped to make room.
    counts.on_way = None;
    recount(queue, counts);
}

/// The image, unless the uptime is behind that of a record.
fn saved(queue: &Queue, capacity: usize, uptime: u32) -> Option<Vec<u8>> {
    match queue.save(uptime, capacity + KPN_QUEUE_IMAGE_EXTRA) {
        Ok(image) => Some(image),
        Err(failure) => {
            assert_eq!(failure, ERR_CLOCK);
            None
        }
    }
}

/// A changed image whose checksum is nevertheless right.
fn attack(queue: &mut Queue, counts: &mut Counts, capacity: usize, input: &mut Input<'_>) {
    let uptime = input.wide() as u32;
    let Some(before) = saved(queue, capacity, uptime) else {
        return;
    };
    let mut image = before.clone();
    image.truncate(image.len() - 4);
    for _ in 0..input.u8() & 7 {
        let at = input.size(image.len() - 1);
        image[at] = input.u8();
    }
    image.extend_from_slice(input.bytes(40));
    let is_checked = input.u8() > 15;
    if is_checked {
        image.extend_from_slice(&crc32(&image).to_le_bytes());
    }
    if queue.load(&image, uptime, input.wide() as u32) == OK {
        assert!(queue.records() <= capacity);
        counts.on_way = None;
        recount(queue, counts);
    } else {
        assert_eq!(
            queue.save(uptime, capacity + KPN_QUEUE_IMAGE_EXTRA),
            Ok(before),
            "an image that is refused leaves the queue as it was"
        );
    }
}

/// Counting continues from what the image says.
fn recount(queue: &Queue, counts: &mut Counts) {
    counts.accepted = 0;
    counts.pushed = queue.records() as u64 + u64::from(queue.dropped());
}

fn record(input: &mut Input<'_>) -> Record {
    let text = |text: String| CString::new(text).unwrap();
    Record {
        name: text(input.text(&["temperature", "t", "", "a b", "longitude"])),
        unit: input.bool().then(|| text(input.text(&["Cel", "", "%RH"]))),
        when: match input.u8() & 3 {
            0 => When::Reception,
            1 => When::Unix(input.wide() as u32),
            _ => When::Uptime(input.wide() as i32),
        },
        value: value(input),
    }
}

fn value(input: &mut Input<'_>) -> Value {
    match input.u8() % 9 {
        0 => Value::Decimal(input.wide() as i64, i32::from(input.u8() % 44) - 22),
        1 => Value::Int64(input.wide() as i64),
        2 => Value::Uint64(input.wide()),
        3 => Value::Double(input.double()),
        4 => Value::Bool(input.bool()),
        5 => Value::Text(CString::new(input.text(&["", "on", "\u{e9}\"\\"])).unwrap()),
        6 => Value::Data(input.bytes(60).to_vec()),
        7 => Value::SumDecimal(input.wide() as i64, i32::from(input.u8() % 44) - 22),
        _ => Value::SumDouble(input.double()),
    }
}
