// SPDX-License-Identifier: MIT OR Apache-2.0
//! Objects of the library in the caller's memory.

use core::mem::MaybeUninit;

use super::{Given, check_address};
use crate::error::{Error, Result};

/// A struct that the C caller owns. Its first field is a tag, which shows whether the object was begun.
///
/// # Safety
///
/// The type is `#[repr(C)]`, its first field is the `u32` tag, all bytes zero are a valid value, and it has no padding that
/// is read and no `Drop`.
pub unsafe trait Object: Sized {
    /// A number from 1 to 31 that identifies the type.
    const NUMBER: u8;
    /// Number and alignment in one byte, so that a call of `check_tag` needs no constant from memory.
    const KIND: u8 = kind(Self::NUMBER, align_of::<Self>());
    /// Value of the first field once the object has been begun.
    const TAG: u32 = tag(Self::KIND);
}

const fn kind(number: u8, align: usize) -> u8 {
    assert!(0 < number && number < 32 && (align == 4 || align == 8));
    number << 3 | if align == 4 { 3 } else { 7 }
}

const fn tag(kind: u8) -> u32 {
    u32::from_be_bytes([b'k', b'p', b'n', kind])
}

/// A begun object.
///
/// Fails with `INVALID_ARGUMENT` if the pointer is NULL or misaligned, and with `STATE` if the object was not begun.
///
/// # Safety
///
/// `object` is NULL, misaligned, or points to a `T` in memory that the caller may read and write and that nobody else
/// uses until the reference is gone.
pub unsafe fn borrow_mut<'a, T: Object>(object: *mut T) -> Result<&'a mut T> {
    // SAFETY: the same contract.
    unsafe { check_tag(object.cast(), T::KIND) }?;
    // SAFETY: not NULL, aligned and with its tag, which stands there because `begin` wrote a whole valid `T`; exclusive
    // by the contract.
    Ok(unsafe { &mut *object })
}

/// A begun object that is only read. Fails like `borrow_mut`.
///
/// # Safety
///
/// As for `borrow_mut`; reading by others is allowed.
pub unsafe fn borrow<'a, T: Object>(object: *const T) -> Result<&'a T> {
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
/// As for `borrow_mut`; `borrow_mut` or `borrow` has succeeded for it.
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

/// Overwrites a whole object with zeros, so that nothing of it can be read and it must be begun again. Fails like
/// `begin`.
///
/// The compiler cannot drop the writes, since the memory belongs to the caller, who may read it.
///
/// # Safety
///
/// As for `begin`.
pub unsafe fn wipe<T: Object>(object: *mut T) -> Result<()> {
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
unsafe fn clear(object: *mut u32, size: usize, kind: u8) -> Result<()> {
    check_kind(object, kind)?;
    // SAFETY: not NULL and aligned as just checked; writable by the contract; an object consists of whole words, since
    // its alignment is a multiple of that of its tag.
    unsafe { object.write_bytes(0, size >> 2) };
    // SAFETY: not NULL and aligned as just checked, since an object begins with its tag; writable by the contract.
    unsafe { object.write(tag(kind)) };
    Ok(())
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

fn check_kind(object: *const u32, kind: u8) -> Given<()> {
    check_address(object.cast(), usize::from(kind & 7) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
