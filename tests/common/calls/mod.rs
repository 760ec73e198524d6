// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every function of the C header as data: its arguments, and a call of it. Each can thus be called wrongly in every way, and a missing
//! function is noticed.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_ptr_alignment,
    clippy::multiple_unsafe_ops_per_block,
    clippy::panic,
    clippy::too_many_lines,
    reason = "each test that takes this file in uses its part of it, and may panic"
)]

pub mod comments;
pub mod layout;
pub mod objects;
#[path = "../status.rs"]
pub mod status;
pub mod table;

use core::ffi::CStr;
use core::ops::Range;

use objects::Object;

/// Bytes of one slot. Each argument has its own: an object or bytes at its `FRONT`, and the memory of an object at its `BUFFER`.
const SLOT: usize = 6144;
const FRONT: usize = 128;
const BUFFER: usize = 4096;
/// Bytes of what an object works in.
pub const BUFFER_CAP: usize = 1024;
/// The longest list has seven arguments; the last slot is for what is needed to make an object.
pub const SLOTS: usize = 9;
pub const HELPER: usize = SLOTS - 1;
const FILL: u8 = 0xA5;

/// Memory that contains everything that a call is given, and nothing else.
pub struct Arena {
    start: *mut u8,
}

impl Arena {
    pub fn new() -> Self {
        let words: &'static mut [u64] = Box::leak(vec![0; SLOTS * SLOT / 8].into());
        let mut arena = Self {
            start: words.as_mut_ptr().cast(),
        };
        arena.clear();
        arena
    }

    pub fn clear(&mut self) {
        self.bytes_mut().fill(FILL);
    }

    pub fn bytes(&self) -> &[u8] {
        // SAFETY: as many bytes were leaked for this one.
        unsafe { core::slice::from_raw_parts(self.start, SLOTS * SLOT) }
    }

    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as many bytes were leaked for this one.
        unsafe { core::slice::from_raw_parts_mut(self.start, SLOTS * SLOT) }
    }

    /// Where the object or the bytes of a slot are.
    pub fn front(&self, slot: usize) -> *mut u8 {
        self.start.wrapping_add(slot * SLOT + FRONT)
    }

    /// Where an object works.
    pub fn buffer(&self, slot: usize) -> *mut u8 {
        self.start.wrapping_add(slot * SLOT + BUFFER)
    }

    /// Puts bytes where a pointer into the arena points.
    pub fn put(&mut self, at: *mut u8, bytes: &[u8]) {
        let start = at.addr() - self.start.addr();
        self.bytes_mut()[start..start + bytes.len()].copy_from_slice(bytes);
    }

    /// Puts bytes where an address in the arena is.
    pub fn put_at(&mut self, address: u64, bytes: &[u8]) {
        let range = self.range(address, bytes.len());
        self.bytes_mut()[range].copy_from_slice(bytes);
    }

    /// The offsets of an address and its bytes.
    pub fn range(&self, address: u64, len: usize) -> Range<usize> {
        let start = usize::try_from(address)
            .unwrap()
            .wrapping_sub(self.start.addr());
        start..start + len
    }
}

/// What an argument is.
#[derive(Clone, Copy, Debug)]
pub enum Arg {
    /// An object in some state, which the call may change.
    Mutates(Object),
    /// An object in some state, which the call only reads.
    Reads(Object),
    /// Memory for an object that the call puts in place.
    Place(usize, usize),
    /// Bytes to read; their length follows.
    Bytes(&'static [u8]),
    /// A text to read.
    Text(&'static CStr),
    /// A text to read, or NULL.
    OptionalText(&'static CStr),
    /// Memory to write to, of this many bytes.
    Room(usize),
    /// Memory to write to, in which JSON text begins at an offset.
    Body(usize),
    /// Memory for a result of this size and alignment.
    Out(usize, usize),
    /// Memory for a result, or NULL.
    OptionalOut(usize, usize),
    /// The length of what stands before it.
    Len(u64),
    /// Any other number.
    Number(u64),
}

/// Memory for a result of this type.
pub const fn out<T>() -> Arg {
    Arg::Out(size_of::<T>(), align_of::<T>())
}

/// Memory for a result of this type, or NULL.
pub const fn optional_out<T>() -> Arg {
    Arg::OptionalOut(size_of::<T>(), align_of::<T>())
}

/// Memory for an object of this type.
pub const fn place<T>() -> Arg {
    Arg::Place(size_of::<T>(), align_of::<T>())
}

impl Arg {
    pub fn is_pointer(self) -> bool {
        !matches!(self, Self::Len(_) | Self::Number(_))
    }

    pub fn may_be_null(self) -> bool {
        matches!(self, Self::OptionalText(_) | Self::OptionalOut(..))
    }

    /// Whether the call may write where it points.
    pub fn is_written(self) -> bool {
        matches!(
            self,
            Self::Mutates(_)
                | Self::Place(..)
                | Self::Room(_)
                | Self::Body(_)
                | Self::Out(..)
                | Self::OptionalOut(..)
        )
    }

    pub fn object(self) -> Option<Object> {
        match self {
            Self::Mutates(object) | Self::Reads(object) => Some(object),
            _ => None,
        }
    }

    /// Bytes that it points to.
    pub fn size(self) -> usize {
        match self {
            Self::Mutates(object) | Self::Reads(object) => object.size(),
            Self::Place(size, _)
            | Self::Out(size, _)
            | Self::OptionalOut(size, _)
            | Self::Room(size) => size,
            Self::Body(offset) => offset + objects::PACK.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Text(text) | Self::OptionalText(text) => text.count_bytes() + 1,
            Self::Len(_) | Self::Number(_) => 0,
        }
    }

    pub fn align(self) -> usize {
        match self {
            Self::Mutates(object) | Self::Reads(object) => object.align(),
            Self::Place(_, align) | Self::Out(_, align) | Self::OptionalOut(_, align) => align,
            _ => 1,
        }
    }

    /// Makes the argument in a slot, and returns the word that is passed for it.
    fn make(self, arena: &mut Arena, slot: usize) -> u64 {
        let at = arena.front(slot);
        match self {
            Self::Mutates(object) | Self::Reads(object) => object.make(arena, slot),
            Self::Bytes(bytes) => arena.put(at, bytes),
            Self::Text(text) | Self::OptionalText(text) => arena.put(at, text.to_bytes_with_nul()),
            Self::Body(offset) => arena.put(at.wrapping_add(offset), objects::PACK),
            Self::Len(number) | Self::Number(number) => return number,
            Self::Place(..) | Self::Room(_) | Self::Out(..) | Self::OptionalOut(..) => {}
        }
        at.addr().try_into().unwrap()
    }
}

/// What a function returns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Returns {
    /// A status.
    Status,
    /// Something else, which is 0, false or NULL if the call is refused.
    Value,
}

/// A function of the header.
pub struct Call {
    pub name: &'static str,
    pub returns: Returns,
    pub args: Vec<Arg>,
    /// What the call returns with these arguments as they are; of no meaning for a value.
    pub gives: i64,
    /// Calls it with these words.
    pub function: fn(&[u64]) -> i64,
}

impl Call {
    /// Calls it with these words, and checks that its comment lists the status.
    pub fn run(&self, words: &[u64]) -> i64 {
        let result = (self.function)(words);
        if self.returns == Returns::Status {
            let is_listed = comments::lists(self.name, result);
            assert!(is_listed, "{}: its comment has no {result}", self.name);
        }
        result
    }

    /// Makes all arguments, and returns the words that are passed.
    pub fn make(&self, arena: &mut Arena) -> Vec<u64> {
        arena.clear();
        let args = self.args.iter().enumerate();
        args.map(|(slot, arg)| arg.make(arena, slot)).collect()
    }

    /// Whether a result is that of a call which is refused with this status.
    pub fn is_refused(&self, result: i64, status: i32) -> bool {
        match self.returns {
            Returns::Status => result == i64::from(status),
            Returns::Value => result == 0,
        }
    }

    /// Where the call may write: results, objects, and what those work in.
    pub fn writable(&self, arena: &Arena, words: &[u64]) -> Vec<Range<usize>> {
        let mut ranges = Vec::new();
        for (slot, (arg, &word)) in self.args.iter().zip(words).enumerate() {
            if arg.is_written() && word != 0 {
                ranges.push(arena.range(word, arg.size()));
            }
            if let Arg::Mutates(object) = arg
                && object.writes_buffer()
            {
                let buffer = arena.buffer(slot).addr().try_into().unwrap();
                ranges.push(arena.range(buffer, BUFFER_CAP));
            }
        }
        ranges
    }
}

/// A word as an argument of type `T`.
pub trait Word {
    fn of(word: u64) -> Self;
}

impl<T> Word for *const T {
    fn of(word: u64) -> Self {
        core::ptr::with_exposed_provenance(word.try_into().unwrap())
    }
}

impl<T> Word for *mut T {
    fn of(word: u64) -> Self {
        core::ptr::with_exposed_provenance_mut(word.try_into().unwrap())
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {
        $(impl Word for $number {
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_possible_wrap,
                clippy::cast_lossless,
                trivial_numeric_casts,
                reason = "any number will do"
            )]
            fn of(word: u64) -> Self {
                word as Self
            }
        })*
    };
}
numbers!(i32, u32, i64, u64, usize, u16, u8);

impl Word for bool {
    fn of(word: u64) -> Self {
        word != 0
    }
}

impl Word for f64 {
    fn of(word: u64) -> Self {
        Self::from_bits(word)
    }
}

impl Word for f32 {
    fn of(word: u64) -> Self {
        Self::from_bits(u32::of(word))
    }
}

/// A result as a number.
pub trait Code {
    fn code(self) -> i64;
}

macro_rules! codes {
    ($($number:ty),*) => {
        $(impl Code for $number {
            fn code(self) -> i64 {
                i64::try_from(self).unwrap_or(i64::MAX)
            }
        })*
    };
}
codes!(i32, u32, usize, u16);

impl Code for bool {
    fn code(self) -> i64 {
        self.into()
    }
}

impl<T> Code for *const T {
    fn code(self) -> i64 {
        self.expose_provenance().code()
    }
}

/// The functions that the header declares; with `posix`, those of the transport too.
pub fn declared(posix: bool) -> Vec<String> {
    let header = include_str!("../../../include/kpn_things.h");
    let mut is_posix = false;
    let mut names = Vec::new();
    for line in header.lines() {
        if line == "#if defined(KPN_POSIX)" {
            is_posix = true;
        } else if line.starts_with("#endif") {
            is_posix = false;
        }
        if is_posix && !posix || !line.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let Some((front, _)) = line.split_once('(') else {
            continue;
        };
        let name = front.rsplit([' ', '*']).next().unwrap();
        if name.starts_with("kpn_") {
            names.push(name.to_owned());
        }
    }
    assert!(names.len() > 100, "{names:?}");
    names
}
