// SPDX-License-Identifier: MIT OR Apache-2.0
//! Byte arrays and texts of the caller.

use core::ffi::c_char;
use core::marker::PhantomData;
use core::ptr::NonNull;

use super::{BadPointer, Given, Region};

/// An array of bytes. NULL with length 0 is the empty one.
///
/// Fails with `INVALID_ARGUMENT` when the pointer is NULL with another length, or when the array would not fit in the address space.
///
/// # Safety
///
/// `start` is NULL or points to `len` initialised bytes that nobody writes to until the reference is gone.
pub unsafe fn bytes<'a>(start: *const u8, len: usize) -> Given<&'a [u8]> {
    let start = check_bytes(start, len).ok_or(BadPointer)?;
    // SAFETY: not NULL, at most isize::MAX bytes and inside the address space, as just checked; initialised and not
    // written to by the contract.
    Ok(unsafe { core::slice::from_raw_parts(start.as_ptr(), len) })
}

/// An array of bytes to be written to. Fails like `bytes`.
///
/// # Safety
///
/// `start` is NULL or points to `len` bytes that the caller may read and write and that nobody else uses until the
/// reference is gone. They need not be initialised: the library never reads what it did not write, and only
/// `u8` values pass.
pub unsafe fn bytes_mut<'a>(start: *mut u8, len: usize) -> Given<&'a mut [u8]> {
    let start = check_bytes(start, len).ok_or(BadPointer)?;
    // SAFETY: not NULL, at most isize::MAX bytes and inside the address space, as just checked; exclusive by the contract.
    Ok(unsafe { core::slice::from_raw_parts_mut(start.as_ptr(), len) })
}

/// An array of bytes that `bytes` or `bytes_mut` accepted earlier, by the parts of its slice.
///
/// # Safety
///
/// As for `bytes`; `start` comes from a slice of `len` bytes.
pub const unsafe fn stored_slice<'a>(start: *const u8, len: usize) -> &'a [u8] {
    // SAFETY: the parts of a slice by the contract, which also says that the bytes are still there and that nobody writes to them.
    unsafe { core::slice::from_raw_parts(start, len) }
}

/// An array of bytes to be written to that `bytes_mut` accepted earlier, by the parts of its slice.
///
/// # Safety
///
/// As for `bytes_mut`; `start` comes from a slice of `len` bytes.
pub const unsafe fn stored_slice_mut<'a>(start: *mut u8, len: usize) -> &'a mut [u8] {
    // SAFETY: the parts of a slice by the contract, which also says that the bytes are still there and that nobody else uses them.
    unsafe { core::slice::from_raw_parts_mut(start, len) }
}

/// A NUL-terminated text without its NUL. If it is longer than `max`, only `max + 1` bytes are read and returned, so that the check of the
/// text refuses it. Fails with `INVALID_ARGUMENT` if the pointer is NULL.
///
/// # Safety
///
/// `start` is NULL or points to bytes that end in a NUL, or to more than `max` bytes; nobody writes to them until the
/// reference is gone.
pub unsafe fn text<'a>(start: *const c_char, max: usize) -> Given<&'a [u8]> {
    // SAFETY: the same contract.
    unsafe { optional_text(start, max) }.get().ok_or(BadPointer)
}

/// As `text`, but NULL stands for no text.
///
/// # Safety
///
/// As for `text`.
#[inline(never)]
pub unsafe fn optional_text<'a>(start: *const c_char, max: usize) -> Bytes<'a> {
    let start: *const u8 = start.cast();
    if start.is_null() {
        return Bytes::none();
    }
    let mut len = 0;
    while len <= max {
        // SAFETY: every byte before this one is not NUL and their number is at most `max`, so by the contract this one
        // is readable.
        if unsafe { start.wrapping_add(len).read() } == 0 {
            break;
        }
        len += 1;
    }
    Bytes::new(start, len)
}

/// As `bytes`, but an unusable pointer stands for no array.
///
/// # Safety
///
/// As for `bytes`.
pub unsafe fn optional_bytes<'a>(start: *const u8, len: usize) -> Bytes<'a> {
    let start = check_bytes(start, len);
    Bytes::new(start.map_or(core::ptr::null(), |start| start.as_ptr()), len)
}

/// Bytes from C, or none: two plain words, since an option of a slice would have to be taken apart just to ask where the bytes are.
#[derive(Clone, Copy)]
pub struct Bytes<'a> {
    /// NULL, or a pointer to `len` readable bytes.
    start: *const u8,
    len: usize,
    bytes: PhantomData<&'a [u8]>,
}

impl<'a> Bytes<'a> {
    const fn new(start: *const u8, len: usize) -> Self {
        let bytes = PhantomData;
        Self { start, len, bytes }
    }

    /// Not given.
    pub const fn none() -> Self {
        Self::new(core::ptr::null(), 0)
    }

    /// Where they are.
    pub fn region(self) -> Region {
        Region::new(self.start, self.len)
    }

    /// The bytes.
    pub fn get(self) -> Option<&'a [u8]> {
        if self.start.is_null() {
            return None;
        }
        // SAFETY: not NULL; made only in this file, from bytes that were checked to be one array of at most isize::MAX bytes; by the
        // contract of that check nobody writes to them.
        Some(unsafe { core::slice::from_raw_parts(self.start, self.len) })
    }
}

impl<'a> From<Option<&'a [u8]>> for Bytes<'a> {
    fn from(bytes: Option<&'a [u8]>) -> Self {
        bytes.map_or(Self::none(), |bytes| Self::new(bytes.as_ptr(), bytes.len()))
    }
}

/// Where an array is; any address if it is an empty one at NULL. An option fits in a register, a result does not.
#[inline(never)]
fn check_bytes(start: *const u8, len: usize) -> Option<NonNull<u8>> {
    let fits = isize::try_from(len).is_ok() && start.addr().checked_add(len).is_some();
    match NonNull::new(start.cast_mut()) {
        None if len == 0 => Some(NonNull::dangling()),
        found => found.filter(|_| fits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_an_empty_array_and_no_other() {
        let null = core::ptr::null();
        // SAFETY: NULL is allowed.
        assert_eq!(unsafe { bytes(null, 0) }, Ok(&[][..]));
        // SAFETY: NULL is allowed.
        assert_eq!(unsafe { bytes(null, 1) }, Err(BadPointer));
        let byte = 7_u8;
        // SAFETY: the length is refused before anything is read.
        let too_long = unsafe { bytes(&raw const byte, usize::MAX) };
        assert_eq!(too_long, Err(BadPointer));
    }

    #[test]
    fn a_text_without_end_is_cut_one_byte_past_the_limit() {
        // SAFETY: the literal is NUL-terminated.
        assert_eq!(unsafe { text(c"abc".as_ptr(), 3) }, Ok(&b"abc"[..]));
        // SAFETY: the literal is NUL-terminated.
        assert_eq!(unsafe { text(c"abcdef".as_ptr(), 3) }, Ok(&b"abcd"[..]));
    }
}
