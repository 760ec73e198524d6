//! Where raw memory of the C caller becomes references. Nothing else in the shell dereferences a pointer.

use core::ffi::c_char;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use zeroize::Zeroize;

use crate::error::{Error, Result};

/// A struct that the C caller owns. Its first field is a tag, by which a call on an object that was never begun is found.
///
/// # Safety
///
/// The type is `#[repr(C)]`, its first field is the `u32` tag, all bytes zero are a valid value, and it has no padding that
/// is read and no `Drop`.
pub unsafe trait Object: Sized {
    /// Which object it is, from 1 to 31, another for each type.
    const NUMBER: u8;
    /// Number and alignment, in one byte: a call of `check_tag` needs no constant from memory.
    const KIND: u8 = kind(Self::NUMBER, align_of::<Self>());
    /// Value of the first field once the object was begun.
    const TAG: u32 = tag(Self::KIND);
}

const fn kind(number: u8, align: usize) -> u8 {
    assert!(0 < number && number < 32 && (align == 4 || align == 8));
    number << 3 | if align == 4 { 3 } else { 7 }
}

const fn tag(kind: u8) -> u32 {
    u32::from_be_bytes([b'k', b'p', b'n', kind])
}

/// A pointer that cannot be used, which is an invalid argument. Without a number of its own, so that a result has no more words
/// than what it is good for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadPointer;

impl From<BadPointer> for Error {
    fn from(_: BadPointer) -> Self {
        Self::INVALID_ARGUMENT
    }
}

/// Something behind a pointer of the caller, or not.
pub type Given<T> = core::result::Result<T, BadPointer>;

/// Most bytes of any memory: `PTRDIFF_MAX`.
const LEN_MAX: usize = usize::MAX >> 1;

/// Memory of the caller that the library may write to during this call or a later one.
#[derive(Clone, Copy)]
pub struct Region {
    start: usize,
    len: usize,
}

impl Region {
    /// No bytes.
    pub const fn none() -> Self {
        Self { start: 0, len: 0 }
    }

    /// The bytes of an array.
    pub fn new(start: *const u8, len: usize) -> Self {
        Self {
            start: start.addr(),
            len,
        }
    }

    /// The bytes of a slice.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self::new(bytes.as_ptr(), bytes.len())
    }

    /// The bytes of an object.
    pub fn of<T>(object: *const T) -> Self {
        Self::new(object.cast(), size_of::<T>())
    }

    /// Whether no byte belongs to both.
    pub const fn disjoint(self, other: Self) -> bool {
        self.is_empty() || other.is_empty() || self.ends_before(other) && other.ends_before(self)
    }

    /// Whether another region that is not empty begins behind this one, or in front of it: modulo the address space, what lies in front
    /// is further away than any length.
    const fn ends_before(self, other: Self) -> bool {
        other.start.wrapping_sub(self.start) >= self.len
    }

    /// Refuses memory that overlaps, and lengths that no memory has.
    // Inlined, it makes the archive 1.1 KB larger on thumbv6m.
    #[inline(never)]
    pub const fn check_disjoint_from(self, other: Self) -> Result<()> {
        if (self.len | other.len) > LEN_MAX {
            Err(Error::INVALID_ARGUMENT)
        } else if self.disjoint(other) {
            Ok(())
        } else {
            Err(Error::OVERLAP)
        }
    }

    /// Nothing lies at NULL, so that two of them are refused as NULL and not as the same memory.
    const fn is_empty(self) -> bool {
        self.start == 0 || self.len == 0
    }
}

/// Refuses memory when one of the first `written` regions overlaps with any other.
#[inline(never)]
pub fn check_disjoint(written: usize, regions: &[Region]) -> Result<()> {
    let read = regions.len().saturating_sub(written);
    let mut rest = regions;
    while let [one, others @ ..] = rest
        && others.len() >= read
    {
        for &other in others {
            one.check_disjoint_from(other)?;
        }
        rest = others;
    }
    Ok(())
}

/// A begun object.
///
/// Fails with `INVALID_ARGUMENT` when the pointer is NULL or misaligned, with `State` when the object was not begun.
///
/// # Safety
///
/// `object` is NULL, misaligned, or points to a `T` in memory that the caller may read and write and that nobody else
/// uses until the reference is gone.
pub unsafe fn object_mut<'a, T: Object>(object: *mut T) -> Result<&'a mut T> {
    // SAFETY: the same contract.
    unsafe { check_tag(object.cast(), T::KIND) }?;
    // SAFETY: not NULL, aligned and with its tag, which stands there because `begin` wrote a whole valid `T`; exclusive
    // by the contract.
    Ok(unsafe { &mut *object })
}

/// A begun object that is only read. Fails like `object_mut`.
///
/// # Safety
///
/// As for `object_mut`; reading by others is allowed.
pub unsafe fn object<'a, T: Object>(object: *const T) -> Result<&'a T> {
    // SAFETY: the same contract.
    unsafe { check_tag(object.cast(), T::KIND) }?;
    // SAFETY: not NULL, aligned and with its tag, which stands there because `begin` wrote a whole valid `T`; nobody
    // writes by the contract.
    Ok(unsafe { &*object })
}

/// An object that was found begun earlier in the same call.
///
/// # Safety
///
/// As for `object_mut`, which or `object` gave no error for it.
pub const unsafe fn checked_mut<'a, T: Object>(object: *mut T) -> &'a mut T {
    // SAFETY: not NULL, aligned and with its tag by the contract, and so a whole valid `T`; exclusive by the contract.
    unsafe { &mut *object }
}

/// An object that was found begun earlier in the same call and is only read.
///
/// # Safety
///
/// As for `checked_mut`; reading by others is allowed.
pub const unsafe fn checked_ref<'a, T: Object>(object: *const T) -> &'a T {
    // SAFETY: not NULL, aligned and with its tag by the contract, and so a whole valid `T`; nobody writes by the contract.
    unsafe { &*object }
}

/// Begins an object in place, with its tag and otherwise zeros. Fails with `INVALID_ARGUMENT` when the pointer is NULL or
/// misaligned.
///
/// # Safety
///
/// `object` is NULL, misaligned, or points to memory for a `T` that the caller may write and that nobody else uses until
/// the reference is gone.
pub unsafe fn begin<'a, T: Object>(object: *mut T) -> Result<&'a mut T> {
    // SAFETY: the same contract.
    unsafe { clear(object.cast(), size_of::<T>(), T::KIND) }?;
    // SAFETY: not NULL and aligned as just checked, all its bytes were just written and are a valid `T`; exclusive by the
    // contract.
    Ok(unsafe { &mut *object })
}

/// Overwrites a whole object with zeros, so that it has to be begun anew. Fails like `begin`.
///
/// The zeros stay: the memory is that of the caller, who may look at it.
///
/// # Safety
///
/// As for `begin`.
pub unsafe fn end<T: Object>(object: *mut T) -> Result<()> {
    // SAFETY: the same contract.
    unsafe { clear(object.cast(), size_of::<T>(), T::KIND) }?;
    // SAFETY: not NULL and aligned as just checked, its first field a `u32`; writable by the contract.
    unsafe { object.cast::<u32>().write(0) };
    Ok(())
}

/// # Safety
///
/// `object` is NULL, misaligned, or points to readable memory of an object.
#[inline(never)]
unsafe fn check_tag(object: *const u32, kind: u8) -> Result<()> {
    check_kind(object, kind)?;
    // SAFETY: not NULL and aligned as just checked; readable by the contract; a u32 takes any bit pattern.
    let found = unsafe { object.read() };
    if found == tag(kind) {
        Ok(())
    } else {
        Err(Error::STATE)
    }
}

/// # Safety
///
/// `object` is NULL, misaligned, or points to writable memory of that size.
#[inline(never)]
unsafe fn clear(object: *mut u32, size: usize, kind: u8) -> Result<()> {
    check_kind(object, kind)?;
    // SAFETY: not NULL and aligned as just checked; writable by the contract; an object is made of whole words, for its
    // alignment is that of its tag or a multiple.
    unsafe { object.write_bytes(0, size >> 2) };
    // SAFETY: not NULL and aligned as just checked, for an object begins with its tag; writable by the contract.
    unsafe { object.write(tag(kind)) };
    Ok(())
}

/// A struct of plain values that the caller filled in, or that the library handed out. Fails with `INVALID_ARGUMENT`.
///
/// # Safety
///
/// `value` is NULL, misaligned, or points to an initialised `T`, all of whose bit patterns are valid, that nobody writes to
/// until the reference is gone.
pub unsafe fn value<'a, T>(value: *const T) -> Given<&'a T> {
    check(value)?;
    // SAFETY: not NULL and aligned by `check`; initialised, valid and not written to by the contract.
    Ok(unsafe { &*value })
}

/// Memory for a result, not yet initialised. Fails with `INVALID_ARGUMENT` when the pointer is NULL or misaligned.
///
/// # Safety
///
/// `out` is NULL, misaligned, or points to memory for a `T` that the caller may write and that nobody else uses until the
/// reference is gone.
pub unsafe fn out<'a, T>(out: *mut T) -> Given<&'a mut MaybeUninit<T>> {
    check(out)?;
    // SAFETY: not NULL and aligned by `check`; exclusive by the contract; MaybeUninit takes uninitialised memory.
    Ok(unsafe { &mut *out.cast::<MaybeUninit<T>>() })
}

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

/// A value of the core whose layout Rust owns, in words that a struct of the caller keeps for it.
///
/// # Safety
///
/// The words hold a valid `T`.
pub unsafe fn inside<T, W>(words: &W) -> &T {
    const { assert!(size_of::<T>() <= size_of::<W>() && align_of::<T>() <= align_of::<W>()) };
    // SAFETY: large and aligned enough as just asserted; valid by the contract; borrowed as the words are.
    unsafe { &*(&raw const *words).cast::<T>() }
}

/// Words that a struct of the caller keeps for a value of the core, as memory for that value.
pub fn room<T, W>(words: &mut W) -> &mut MaybeUninit<T> {
    const { assert!(size_of::<T>() <= size_of::<W>() && align_of::<T>() <= align_of::<W>()) };
    // SAFETY: large and aligned enough as just asserted; exclusive as the words are; MaybeUninit takes any memory.
    unsafe { &mut *(&raw mut *words).cast::<MaybeUninit<T>>() }
}

/// Overwrites all bytes of an object with zeros, which the compiler may not leave out. Fails like `out`.
///
/// # Safety
///
/// As for `out`.
pub unsafe fn wipe<T>(object: *mut T) -> Result<()> {
    check(object)?;
    // SAFETY: the same contract, since an object is as many bytes as its type has.
    unsafe { bytes_mut(object.cast(), size_of::<T>()) }?.zeroize();
    Ok(())
}

/// A NUL-terminated text without its NUL. Of a text longer than `max` only `max + 1` bytes are read and returned, so that
/// the check of the text refuses it. Fails with `INVALID_ARGUMENT` when the pointer is NULL.
///
/// # Safety
///
/// `start` is NULL or points to bytes that end in a NUL, or to more than `max` bytes; nobody writes to them until the
/// reference is gone.
pub unsafe fn text<'a>(start: *const c_char, max: usize) -> Given<&'a [u8]> {
    // SAFETY: the same contract.
    unsafe { optional_text(start, max) }.get().ok_or(BadPointer)
}

/// As `text`, where NULL stands for no text.
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
        len = len.wrapping_add(1);
    }
    Bytes::new(start, len)
}

/// As `bytes`, where what cannot be used stands for no array.
///
/// # Safety
///
/// As for `bytes`.
pub unsafe fn optional_bytes<'a>(start: *const u8, len: usize) -> Bytes<'a> {
    let start = check_bytes(start, len);
    Bytes::new(start.map_or(core::ptr::null(), |start| start.as_ptr()), len)
}

/// Bytes that C gave, or not: two plain words, for which an option of a slice has to be taken apart where it is only asked
/// where they lie.
#[derive(Clone, Copy)]
pub struct Bytes<'a> {
    /// NULL, or where `len` bytes are readable.
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

    /// Where they lie.
    pub fn region(self) -> Region {
        Region::new(self.start, self.len)
    }

    /// The bytes.
    pub fn get(self) -> Option<&'a [u8]> {
        if self.start.is_null() {
            return None;
        }
        // SAFETY: not NULL; made only in this file, of bytes that were found to be in one array, which has no more than
        // isize::MAX bytes; nobody writes to them by the contract under which they were found.
        Some(unsafe { core::slice::from_raw_parts(self.start, self.len) })
    }
}

impl<'a> From<Option<&'a [u8]>> for Bytes<'a> {
    fn from(bytes: Option<&'a [u8]>) -> Self {
        bytes.map_or(Self::none(), |bytes| Self::new(bytes.as_ptr(), bytes.len()))
    }
}

/// Fails with `INVALID_ARGUMENT` when the pointer is NULL or misaligned.
pub fn check<T>(pointer: *const T) -> Given<()> {
    check_address(pointer.cast(), align_of::<T>())
}

fn check_address(pointer: *const u8, align: usize) -> Given<()> {
    if pointer.is_null() || pointer.addr() & align.wrapping_sub(1) != 0 {
        Err(BadPointer)
    } else {
        Ok(())
    }
}

fn check_kind(object: *const u32, kind: u8) -> Given<()> {
    check_address(object.cast(), usize::from(kind & 7).wrapping_add(1))
}

/// Where an array lies: somewhere, if it is an empty one at NULL. An option fits in a register, a result does not.
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

    fn region(start: usize, len: usize) -> Region {
        Region { start, len }
    }

    #[test]
    fn no_object_passes_for_one_of_another_type() {
        use crate::ffi::*;
        let mut tags = [
            token::kpn_token::TAG,
            uplink::kpn_uplink::TAG,
            response::kpn_response::TAG,
            response::kpn_connection::TAG,
            downlink::kpn_downlink::TAG,
            record::kpn_record::TAG,
            stream::kpn_stream::TAG,
            queue::kpn_queue::TAG,
            pieces::kpn_pieces::TAG,
            firmware::kpn_firmware::TAG,
            config::kpn_config::TAG,
            #[cfg(feature = "posix")]
            posix::kpn_posix::TAG,
        ];
        tags.sort_unstable();
        assert!(tags.windows(2).all(|pair| pair[0] >> 3 != pair[1] >> 3));
    }

    #[test]
    fn regions_overlap_when_they_share_a_byte() {
        for start in 1..12 {
            for len in 0..6 {
                let shares = (start..start + len).any(|byte| (4..8).contains(&byte));
                assert_eq!(region(start, len).disjoint(region(4, 4)), !shares);
                assert_eq!(region(4, 4).disjoint(region(start, len)), !shares);
            }
        }
    }

    #[test]
    fn null_and_absurd_lengths_are_no_overlap() {
        assert_eq!(region(0, 8).check_disjoint_from(region(0, 8)), Ok(()));
        assert_eq!(
            region(8, 8).check_disjoint_from(region(8, 8)),
            Err(Error::OVERLAP)
        );
        let absurd = region(8, LEN_MAX + 1);
        assert_eq!(
            absurd.check_disjoint_from(region(16, 1)),
            Err(Error::INVALID_ARGUMENT)
        );
        assert_eq!(
            region(16, 1).check_disjoint_from(absurd),
            Err(Error::INVALID_ARGUMENT)
        );
        assert_eq!(
            region(8, LEN_MAX).check_disjoint_from(region(16, 1)),
            Err(Error::OVERLAP)
        );
    }

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
