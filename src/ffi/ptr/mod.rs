// SPDX-License-Identifier: MIT OR Apache-2.0
//! Turns raw memory of the C caller into references. Nothing else in the shell dereferences a pointer.
//!
//! - Objects (`kpn_uplink *` and the like): [`begin`] puts one in place, [`borrow`] and [`borrow_mut`] borrow one that was begun,
//!   [`wipe`] leaves zeros.
//! - Arrays and texts: [`bytes`], [`bytes_mut`] and [`text`], or [`Bytes`] where NULL stands for none.
//! - Results: [`out`].
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

/// Fails with `INVALID_ARGUMENT` when the pointer is NULL or misaligned.
pub fn check<T>(pointer: *const T) -> Given<()> {
    check_address(pointer.cast(), align_in_c::<T>())
}

#[cfg(not(target_family = "wasm"))]
const fn align_in_c<T>() -> usize {
    align_of::<T>()
}

/// WebAssembly stands for 32-bit machines whose compilers align 64-bit integers to 8 or to 4 bytes.
#[cfg(target_family = "wasm")]
fn align_in_c<T>() -> usize {
    unsafe extern "C" {
        safe fn kpn_align_of_int64() -> usize;
    }
    match align_of::<T>() {
        8 => kpn_align_of_int64(),
        align => align,
    }
}

fn check_address(pointer: *const u8, align: usize) -> Given<()> {
    if pointer.is_null() || pointer.addr() & (align - 1) != 0 {
        Err(BadPointer)
    } else {
        Ok(())
    }
}
