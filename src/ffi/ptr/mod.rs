// SPDX-License-Identifier: MIT OR Apache-2.0
//! Turns raw memory of the C caller into references. Nothing else in the shell dereferences a pointer.
//!
//! - Objects (`kpn_uplink *` and the like): [`begin`] puts one in place, [`borrow`] and [`borrow_mut`] borrow one that was begun,
//!   [`wipe`] leaves zeros.
//! - Arrays and texts: [`bytes`], [`bytes_mut`] and [`text`], or [`Bytes`] where NULL stands for none.
//! - Results: [`out`] and [`put`].
//! - Overlap between any of them: [`Region`].

mod bytes;
mod object;
mod region;

use core::mem::MaybeUninit;

pub use bytes::{
    Bytes, bytes, bytes_mut, optional_bytes, optional_text, stored_slice, stored_slice_mut, text,
};
pub use object::{Object, begin, borrow, borrow_mut, checked_mut, checked_ref, inside, room, wipe};
pub use region::{Region, check_disjoint};

use crate::error::Error;

/// A pointer that cannot be used, which is an invalid argument. It carries no number, so that a result takes no more words than its value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadPointer;

impl From<BadPointer> for Error {
    fn from(_: BadPointer) -> Self {
        Self::INVALID_ARGUMENT
    }
}

/// What a pointer of the caller refers to, or a failure.
pub type Given<T> = core::result::Result<T, BadPointer>;

/// A struct of plain values that the caller filled in or the library handed out. Fails with `INVALID_ARGUMENT`.
///
/// # Safety
///
/// `value` is NULL, misaligned, or points to an initialised `T`, all of whose bit patterns are valid, that nobody writes to
/// until the reference is gone.
pub unsafe fn value<'a, T>(value: *const T) -> Given<&'a T> {
    const { assert!(align_of::<T>() <= align_of::<usize>()) };
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
    const { assert!(align_of::<T>() <= align_of::<usize>()) };
    check(out)?;
    // SAFETY: not NULL and aligned by `check`; exclusive by the contract; MaybeUninit takes uninitialised memory.
    Ok(unsafe { &mut *out.cast::<MaybeUninit<T>>() })
}

/// Writes a result, which may be a number of 64 bits. Fails with `INVALID_ARGUMENT` when the pointer is NULL or misaligned.
///
/// # Safety
///
/// `out` is NULL, misaligned, or points to memory for a `T` that the caller may write.
pub unsafe fn put<T: Copy>(out: *mut T, value: T) -> Given<()> {
    check(out)?;
    // SAFETY: not NULL, and aligned for a packed value by `check`; writable by the contract.
    unsafe { out.cast::<Packed<T>>().write(Packed(value)) };
    Ok(())
}

/// A value at a multiple of four.
#[repr(C, packed(4))]
struct Packed<T>(T);

/// Fails with `INVALID_ARGUMENT` when the pointer is NULL or misaligned. No more than the alignment of a pointer is asked for: heaps of
/// systems with 32 bits give no more, and compilers for some of them align 64-bit numbers to four.
pub fn check<T>(pointer: *const T) -> Given<()> {
    let align = const {
        if align_of::<T>() < align_of::<usize>() {
            align_of::<T>()
        } else {
            align_of::<usize>()
        }
    };
    check_address(pointer.cast(), align)
}

fn check_address(pointer: *const u8, align: usize) -> Given<()> {
    if pointer.is_null() || pointer.addr() & (align - 1) != 0 {
        Err(BadPointer)
    } else {
        Ok(())
    }
}
