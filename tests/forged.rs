// SPDX-License-Identifier: MIT OR Apache-2.0
//! Objects whose bytes were overwritten after they were begun, and buffers that someone else wrote to: whatever the state, no call writes
//! outside the object and its memory, hands out bytes outside them, or runs for ever.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_ptr_alignment,
    clippy::multiple_unsafe_ops_per_block,
    reason = "tests"
)]

#[path = "common/calls/mod.rs"]
mod calls;
#[path = "common/random.rs"]
mod random;

use core::ops::Range;
use std::collections::HashMap;

use calls::layout::{Leaf, leaves};
use calls::objects::{Object, PACK};
use calls::status::OK;
use calls::{Arena, Arg, BUFFER_CAP, Call, Returns, table};
use fastrand::Rng;
use kpn_things::ffi::firmware::answer::kpn_firmware_piece;
use kpn_things::ffi::record::kpn_record;
use kpn_things::ffi::span::kpn_span;
use random::setting;

/// What may be overwritten, and the highest value if a byte has only some. `None` for what a call must trust, since nothing can verify it:
/// location and length of the memory given to `begin`; a file descriptor; a configuration, which contains its texts.
fn highest(object: Object, leaf: &Leaf) -> Option<u64> {
    let is_begun_with = matches!(
        leaf.name.as_str(),
        "private_tag" | "private_capacity" | "private_len" | "fd"
    );
    if is_begun_with || leaf.kind == "pointer" || object == Object::Config {
        return None;
    }
    Some(if leaf.kind == "bool" { 1 } else { u64::MAX })
}

fn value(rng: &mut Rng, highest: u64) -> u64 {
    if highest < u64::MAX {
        return rng.u64(..=highest);
    }
    match rng.u8(..8) {
        0 => 0,
        1 => u64::MAX - rng.u64(..3),
        2 => (1 << rng.u8(7..64)) - rng.u64(..2),
        3 => u64::try_from(BUFFER_CAP).unwrap() + rng.u64(..3) - 1,
        4 => rng.u64(..8),
        5 => rng.u64(..2048),
        _ => rng.u64(..),
    }
}

/// Overwrites some fields of an object and some bytes of its buffer.
fn forge(rng: &mut Rng, arena: &mut Arena, slot: usize, object: Object, leaves: &[Leaf]) {
    let fields: Vec<(&Leaf, u64)> = leaves
        .iter()
        .filter_map(|leaf| Some((leaf, highest(object, leaf)?)))
        .collect();
    let front = arena.front(slot);
    for _ in 0..rng.usize(..4) {
        if let Some(&(leaf, highest)) = rng.choice(&fields) {
            let bytes = value(rng, highest).to_le_bytes();
            arena.put(
                front.wrapping_add(leaf.bytes.start),
                &bytes[..leaf.bytes.len()],
            );
        }
    }
    if object.has_buffer() && rng.u8(..3) == 0 {
        let buffer = arena.buffer(slot);
        for _ in 0..rng.usize(..8) {
            let len = if rng.bool() { 64 } else { BUFFER_CAP };
            let at = rng.usize(..len);
            let any = rng.u8(..);
            let byte = *rng.choice(&[0, 1, 0xff, b'"', b'\\', b'[', any]).unwrap();
            arena.put(buffer.wrapping_add(at), &[byte]);
        }
    }
}

/// The bytes that a call handed out, from what it wrote to its results.
fn handed_out(call: &Call, words: &[u64]) -> Vec<(usize, usize)> {
    let mut spans = Vec::new();
    for (arg, &word) in call.args.iter().zip(words) {
        let at = core::ptr::with_exposed_provenance::<u8>(word.try_into().unwrap());
        // SAFETY: the call wrote a result of that type there.
        unsafe {
            if matches!(arg, Arg::Out(..)) && call.name == "kpn_downlink_next" {
                let record = &*at.cast::<kpn_record>();
                spans.push((record.base_name.addr(), record.base_name_len));
                spans.push((record.name.addr(), record.name_len));
                spans.push((record.unit.addr(), record.unit_len));
                spans.push((record.text.addr(), record.text_len));
                spans.push((record.data.addr(), record.data_len));
            } else if matches!(arg, Arg::Out(..)) && call.name == "kpn_firmware_feed" {
                let piece = &*at.cast::<kpn_firmware_piece>();
                spans.push((piece.ptr.addr(), piece.len));
            } else if matches!(arg, Arg::Out(size, _) if *size == size_of::<kpn_span>()) {
                let span = &*at.cast::<kpn_span>();
                spans.push((span.ptr.addr(), span.len));
            }
        }
    }
    spans
}

/// Where each text of a record ends that a call handed out.
fn ends_of_texts(call: &Call, words: &[u64]) -> Vec<*const u8> {
    if call.name != "kpn_downlink_next" {
        return Vec::new();
    }
    let at = core::ptr::with_exposed_provenance::<kpn_record>(words[1].try_into().unwrap());
    // SAFETY: the call wrote a record there.
    let record = unsafe { &*at };
    [
        (record.base_name, record.base_name_len),
        (record.name, record.name_len),
        (record.unit, record.unit_len),
        (record.text, record.text_len),
    ]
    .map(|(start, len)| start.cast::<u8>().wrapping_add(len))
    .into()
}

/// Memory that a call may hand out: that of its objects, and what it was given to read.
fn owned(call: &Call, arena: &Arena) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    for (slot, arg) in call.args.iter().enumerate() {
        let front = arena.front(slot).addr();
        match arg.object() {
            Some(_) => {
                let buffer = arena.buffer(slot).addr();
                ranges.push(buffer..buffer + BUFFER_CAP);
            }
            None if arg.is_pointer() => ranges.push(front..front + arg.size()),
            None => {}
        }
    }
    ranges
}

/// What a call handed out is its own, and its texts end.
fn check_handed_out(call: &Call, arena: &Arena, words: &[u64], what: &str) {
    let owned = owned(call, arena);
    for (start, len) in handed_out(call, words) {
        let end = start.checked_add(len).unwrap();
        let is_owned = owned
            .iter()
            .any(|range| range.start <= start && end <= range.end);
        assert!(len == 0 || is_owned, "{what} hands out {start:#x}, {len}");
    }
    for end in ends_of_texts(call, words) {
        // SAFETY: the text was just found to be owned or empty, and the memory goes on behind it.
        assert_eq!(unsafe { *end }, 0, "{what} hands out a text without NUL");
    }
}

fn forged(rounds: u64) {
    let mut all = HashMap::new();
    for &object in Object::ALL {
        all.insert(object.name(), leaves(object.name()));
    }
    let seed = setting("KPN_SEED", 1);
    let mut arena = Arena::new();
    for call in table::all() {
        if !call.args.iter().any(|arg| arg.object().is_some()) {
            continue;
        }
        for round in 0..rounds {
            let mut rng = Rng::with_seed(seed + round);
            let words = call.make(&mut arena);
            for _ in 0..2 {
                for (slot, arg) in call.args.iter().enumerate() {
                    if let Some(object) = arg.object() {
                        forge(&mut rng, &mut arena, slot, object, &all[object.name()]);
                    }
                }
                // What was needed to make an object is not looked at any more.
                let before = arena.bytes().to_vec();
                let allowed = call.writable(&arena, &words);
                let result = (call.function)(&words);
                let what = format!("{} with KPN_SEED={}", call.name, seed + round);
                let pairs = before.iter().zip(arena.bytes()).enumerate();
                for (at, (old, new)) in pairs {
                    let is_allowed = allowed.iter().any(|range| range.contains(&at));
                    assert!(old == new || is_allowed, "{what} wrote at {at}");
                }
                if call.returns == Returns::Status && result == i64::from(OK) {
                    check_handed_out(&call, &arena, &words, &what);
                }
            }
        }
    }
}

#[test]
fn an_object_that_was_overwritten_is_an_error_and_never_a_pointer() {
    let cases = setting("KPN_CASES", 100_000);
    forged(cases / 1000);
}

#[test]
fn whatever_the_offset_a_text_of_a_record_ends() {
    let calls = table::all();
    let next = calls.iter().find(|call| call.name == "kpn_downlink_next");
    let next = next.unwrap();
    let mut arena = Arena::new();
    let mut handed_out = 0;
    for leaf in leaves("kpn_downlink") {
        if leaf.kind != "size_t" || highest(Object::Downlink, &leaf).is_none() {
            continue;
        }
        // The base fields of an earlier record stay in force.
        for (records, offset) in (0..4).flat_map(|n| (0..=PACK.len()).map(move |at| (n, at))) {
            let words = next.make(&mut arena);
            for _ in 0..records {
                assert_eq!((next.function)(&words), i64::from(OK));
            }
            let field = arena.front(0).wrapping_add(leaf.bytes.start);
            arena.put(field, &offset.to_le_bytes()[..leaf.bytes.len()]);
            if (next.function)(&words) == i64::from(OK) {
                handed_out += 1;
                let what = format!("{} of {offset}", leaf.name);
                check_handed_out(next, &arena, &words, &what);
            }
        }
    }
    assert!(handed_out > PACK.len());
}

#[test]
fn the_layout_is_the_one_of_the_structs() {
    for &object in Object::ALL {
        let leaves = leaves(object.name());
        let end = leaves.last().unwrap().bytes.end;
        assert!(end <= object.size() && object.size() < end + object.align());
        assert_eq!(leaves[0].name, "private_tag");
    }
}
