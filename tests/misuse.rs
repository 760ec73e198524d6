// SPDX-License-Identifier: MIT OR Apache-2.0
//! Each function of the C header, called wrongly in each way that the header mentions: NULL, misaligned, never begun, overlapping, absurd
//! lengths; and with every number at the limits of its type.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_core,
    reason = "tests"
)]

#[path = "common/calls/mod.rs"]
mod calls;

use std::collections::BTreeSet;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use calls::objects::Object;
use calls::status::{ERR_INVALID_ARGUMENT, ERR_OVERLAP, ERR_STATE};
use calls::{Arena, Arg, BUFFER_CAP, Call, Returns, declared, table};
use fastrand::Rng;

fn number(word: usize) -> u64 {
    word.try_into().unwrap()
}

/// Makes the call and reports what it did outside where it may write.
fn run(call: &Call, arena: &mut Arena, words: &[u64]) -> i64 {
    let before = arena.bytes().to_vec();
    let allowed = call.writable(arena, words);
    let result = call.run(words);
    let after = arena.bytes();
    for (at, (old, new)) in before.iter().zip(after).enumerate() {
        let is_allowed = allowed.iter().any(|range| range.contains(&at));
        assert!(old == new || is_allowed, "{} wrote at {at}", call.name);
    }
    result
}

/// What was found wrong, reported all at once.
#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    /// Makes a call that must be refused, and reports whether it changed what a refused call must leave alone.
    fn refused(&mut self, call: &Call, arena: &mut Arena, words: &[u64], status: i32, what: &str) {
        let before = arena.bytes().to_vec();
        let result = call.run(words);
        if !call.is_refused(result, status) {
            self.0.push(format!("{}: {what} gives {result}", call.name));
        }
        // A message remembers its first failure, and one that could not be begun is still in place.
        let mut allowed = Vec::new();
        for (slot, (arg, &word)) in call.args.iter().zip(words).enumerate() {
            match arg {
                Arg::Mutates(object) if object.remembers_failures() => {
                    allowed.push(arena.range(word, arg.size()));
                    allowed.push(arena.range(number(arena.buffer(slot).addr()), BUFFER_CAP));
                }
                Arg::Place(..) => allowed.push(arena.range(word, arg.size())),
                _ => {}
            }
        }
        let pairs = before.iter().zip(arena.bytes()).enumerate();
        let mut changed = pairs.filter(|(at, (old, new))| {
            old != new && !allowed.iter().any(|range| range.contains(at))
        });
        if let Some((at, _)) = changed.next() {
            let fault = format!("{}: {what} is refused, but {at} has changed", call.name);
            self.0.push(fault);
        }
    }
}

impl Drop for Faults {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(self.0.is_empty(), "\n{}", self.0.join("\n"));
        }
    }
}

/// For each call, and each of its arguments that is a pointer.
fn for_each_pointer(mut each: impl FnMut(&Call, &mut Arena, usize, Arg)) {
    let mut arena = Arena::new();
    for call in table::all() {
        for (at, &arg) in call.args.iter().enumerate() {
            if arg.is_pointer() {
                each(&call, &mut arena, at, arg);
            }
        }
    }
}

#[test]
fn every_function_of_the_header_is_called() {
    let mut listed: Vec<&str> = table::all().iter().map(|call| call.name).collect();
    let mut declared = declared(cfg!(feature = "posix"));
    listed.sort_unstable();
    declared.sort_unstable();
    assert_eq!(
        listed, declared,
        "tests/common/calls/table.rs has one line for each"
    );
}

#[test]
fn each_call_does_what_it_should_and_writes_only_where_it_may() {
    let mut faults = Faults::default();
    let mut arena = Arena::new();
    for call in table::all() {
        let words = call.make(&mut arena);
        let result = run(&call, &mut arena, &words);
        if call.returns == Returns::Status && result != call.gives {
            faults.0.push(format!("{} gives {result}", call.name));
        }
    }
}

#[test]
fn null_is_refused_where_it_stands_for_nothing() {
    let mut faults = Faults::default();
    for_each_pointer(|call, arena, at, arg| {
        let mut words = call.make(arena);
        words[at] = 0;
        if arg.may_be_null() {
            let result = run(call, arena, &words);
            if call.returns == Returns::Status {
                assert_eq!(
                    result, call.gives,
                    "{}: argument {at} may be NULL",
                    call.name
                );
            }
        } else if !matches!(call.args.get(at + 1), Some(Arg::Len(0))) {
            let what = format!("NULL as argument {at}");
            faults.refused(call, arena, &words, ERR_INVALID_ARGUMENT, &what);
        }
    });
}

#[test]
fn a_misaligned_struct_or_number_is_refused() {
    let mut faults = Faults::default();
    for_each_pointer(|call, arena, at, arg| {
        for off in 1..number(arg.align()) {
            let mut words = call.make(arena);
            words[at] += off;
            let what = format!("argument {at}, {off} bytes off,");
            faults.refused(call, arena, &words, ERR_INVALID_ARGUMENT, &what);
        }
    });
}

#[test]
fn an_object_that_was_never_begun_is_refused_whatever_lay_there() {
    let mut faults = Faults::default();
    for_each_pointer(|call, arena, at, arg| {
        let Some(object) = arg.object() else {
            return;
        };
        for fill in [0, 0xff, 0xa5, b'k'] {
            let words = call.make(arena);
            arena.put(arena.front(at), &vec![fill; object.size()]);
            let what = format!("argument {at} full of {fill}");
            faults.refused(call, arena, &words, ERR_STATE, &what);
        }
        // The tag of another type, and each bit of the tag flipped.
        for bit in 0..32 {
            let words = call.make(arena);
            let tag = arena.range(words[at], 4);
            arena.bytes_mut()[tag.start + bit / 8] ^= 1 << (bit % 8);
            let what = format!("argument {at} with bit {bit} of its tag changed");
            faults.refused(call, arena, &words, ERR_STATE, &what);
        }
    });
}

#[test]
fn a_length_that_no_memory_has_is_refused() {
    let mut faults = Faults::default();
    let mut arena = Arena::new();
    for call in table::all() {
        for (at, arg) in call.args.iter().enumerate() {
            if matches!(arg, Arg::Len(_)) {
                for len in [usize::MAX, isize::MAX.cast_unsigned() + 1] {
                    let mut words = call.make(&mut arena);
                    words[at] = number(len);
                    let what = format!("a length of {len} as argument {at}");
                    faults.refused(&call, &mut arena, &words, ERR_INVALID_ARGUMENT, &what);
                }
            }
        }
    }
}

#[test]
fn memory_that_is_written_shares_nothing_with_any_other() {
    let mut tried = 0;
    let mut faults = Faults::default();
    for_each_pointer(|call, arena, at, arg| {
        if arg.object().is_some() || arg.size() == 0 {
            return;
        }
        for (other, &with) in call.args.iter().enumerate() {
            if other == at || !with.is_pointer() || with.size() == 0 {
                continue;
            }
            let slot = number(arena.front(other).addr());
            let mut places = Vec::new();
            if arg.is_written() || with.is_written() {
                places.push((slot, "the start"));
                // A NUL belongs to its text only until the end of the text is found, and a text that begins with it has no bytes.
                let last = match with {
                    Arg::Text(_) | Arg::OptionalText(_) => with.size() - 2,
                    _ => with.size() - 1,
                };
                if matches!(arg, Arg::Room(_) | Arg::Body(_) | Arg::Bytes(_)) {
                    places.push((slot + number(last), "the last byte"));
                } else if with.size() > arg.align() {
                    places.push((slot + number(arg.align()), "the middle"));
                    if arg.align() > 1 && !matches!(with, Arg::Room(_)) {
                        let words = number(last) / number(arg.align());
                        places.push((slot + words * number(arg.align()), "the end"));
                    }
                }
            }
            // A request may be where its response goes.
            let is_request = matches!(call.name, "kpn_posix_exchange" | "kpn_posix_write")
                && matches!(arg, Arg::Bytes(_));
            let has_buffer = with.object().is_some_and(Object::has_buffer) && !is_request;
            let writes = matches!(with, Arg::Mutates(object) if object.writes_buffer());
            if has_buffer && (arg.is_written() || writes) {
                let buffer = number(arena.buffer(other).addr());
                let place = match arg {
                    Arg::Text(_) | Arg::OptionalText(_) => buffer + number(BUFFER_CAP - 200),
                    _ => buffer,
                };
                places.push((place, "the buffer"));
            }
            for (place, name) in places {
                let mut words = call.make(arena);
                if name == "the buffer"
                    && let Arg::Text(text) | Arg::OptionalText(text) = arg
                {
                    arena.put_at(place, text.to_bytes_with_nul());
                }
                words[at] = place;
                let what = format!("argument {at} at {name} of argument {other}");
                faults.refused(call, arena, &words, ERR_OVERLAP, &what);
                tried += 1;
            }
        }
    });
    assert!(tried > 200, "{tried}");
}

#[test]
fn two_objects_share_nothing() {
    let mut arena = Arena::new();
    for call in table::all() {
        let objects = call.args.iter().enumerate();
        let objects: Vec<usize> = objects
            .filter(|(_, arg)| arg.object().is_some())
            .map(|(at, _)| at)
            .collect();
        if let &[one, other] = &objects[..] {
            let mut words = call.make(&mut arena);
            words[other] = words[one];
            let before = arena.bytes().to_vec();
            let result = call.run(&words);
            // Before anything is lent twice; where only the tag of the first one was read by then, that is not the one.
            let expected = match call.name {
                "kpn_firmware_offer" => ERR_STATE,
                _ => ERR_OVERLAP,
            };
            assert!(call.is_refused(result, expected), "{}: {result}", call.name);
            assert_eq!(arena.bytes(), before, "{}", call.name);
        }
    }
}

/// Values at the limits of some type.
const EXTREMES: [u64; 14] = [
    0,
    1,
    0x7f,
    0xff,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0xffff_ffff_ffff_ffff,
    // The largest double.
    0x7fef_ffff_ffff_ffff,
];

#[test]
fn every_number_is_survived() {
    let mut arena = Arena::new();
    for call in table::all() {
        let is_number = |arg: &Arg| matches!(arg, Arg::Number(_));
        for value in EXTREMES {
            for (at, arg) in call.args.iter().enumerate() {
                if is_number(arg) {
                    let mut words = call.make(&mut arena);
                    words[at] = value;
                    run(&call, &mut arena, &words);
                }
            }
            let mut words = call.make(&mut arena);
            for (word, arg) in words.iter_mut().zip(&call.args) {
                if is_number(arg) {
                    *word = value;
                }
            }
            run(&call, &mut arena, &words);
        }
    }
}

/// Texts that some call refuses, among them texts that others take.
const TEXTS: [&str; 12] = [
    "",
    "a",
    "a b",
    "\u{e9}",
    "\u{7f}",
    "urn:dev:IMEI:",
    "urn:dev:IMEI:1:",
    "490154203237519",
    "http://a/",
    "http://a/ b",
    "/x",
    "0123456789abcdefghijklmnopqrstuvwxyzABCD",
];

/// Any text, of whatever length the limits of the header are about.
fn text(random: &mut Rng) -> Vec<u8> {
    let mut text = random.choice(TEXTS).unwrap().as_bytes().to_vec();
    if random.u8(..4) == 0 {
        let len = [25, 49, 65, 97, 101, 256, 257, 1025][random.usize(..8)];
        text.resize(len, b'x');
    }
    if random.u8(..4) == 0 && !text.is_empty() {
        let at = random.usize(..text.len());
        text[at] = random.u8(1..);
    }
    text
}

#[test]
fn whatever_a_call_is_given_its_comment_lists_the_result() {
    let mut random = Rng::with_seed(1);
    let mut arena = Arena::new();
    let mut results = BTreeSet::new();
    for call in table::all() {
        for _ in 0..150 {
            let mut words = call.make(&mut arena);
            for (at, arg) in call.args.iter().enumerate() {
                if random.bool() {
                    continue;
                }
                let front = arena.front(at);
                match arg {
                    Arg::Text(_) | Arg::OptionalText(_) => {
                        let text = text(&mut random);
                        arena.put(front, &[&text[..], b"\0"].concat());
                    }
                    Arg::Bytes(_) | Arg::Body(_) => {
                        let range = arena.range(words[at], arg.size());
                        let bytes = &mut arena.bytes_mut()[range];
                        bytes[random.usize(..arg.size())] = random.u8(..);
                    }
                    Arg::Len(len) => words[at] = random.u64(..=*len),
                    Arg::Number(_) => words[at] = EXTREMES[random.usize(..EXTREMES.len())],
                    _ => {}
                }
            }
            let result = call.run(&words);
            if call.returns == Returns::Status {
                results.insert(result);
            }
        }
    }
    assert!(results.len() > 20, "{results:?}");
}

/// Makes each call with this number in place of one of its own, or of all, so often that a loop as long as the number would take
/// many minutes. Says before each call what it is.
fn count_up_to(number: u64, tell: &mpsc::Sender<String>) {
    let mut arena = Arena::new();
    for call in table::all() {
        let numbers = call.args.iter().enumerate();
        let numbers = numbers.filter(|(_, arg)| matches!(arg, Arg::Number(_)));
        let places: Vec<usize> = numbers.map(|(at, _)| at).collect();
        let each = places.iter().map(|at| vec![*at]);
        for chosen in each.chain([places.clone()]) {
            if chosen.is_empty() {
                continue;
            }
            let said = format!("{} with {number} as arguments {chosen:?}", call.name);
            tell.send(said).unwrap();
            for _ in 0..60 {
                let mut words = call.make(&mut arena);
                for &at in &chosen {
                    words[at] = number;
                }
                call.run(&words);
            }
        }
    }
}

#[test]
fn no_call_loops_in_proportion_to_a_number() {
    for number in [u64::from(u32::MAX), 0x7fff_ffff, u64::MAX] {
        let (tell, told) = mpsc::channel();
        let calls = thread::spawn(move || count_up_to(number, &tell));
        let mut last = String::new();
        loop {
            match told.recv_timeout(Duration::from_mins(1)) {
                Ok(said) => last = said,
                Err(mpsc::RecvTimeoutError::Timeout) => panic!("{last} does not end"),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
        }
        assert!(last.starts_with("kpn_"), "{last}");
        calls.join().unwrap();
    }
}
