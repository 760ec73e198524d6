// SPDX-License-Identifier: MIT OR Apache-2.0
//! A finished request in pieces, for modems that accept a limited number of bytes per write.

use core::ffi::c_char;

use super::ptr::{self, Object, Region};
use super::span::kpn_span;
use super::status::{END, OK};
use super::status::{code, kpn_status, status};
use crate::error::{Error, Result};
use crate::things::pieces::Pieces;

/// A request, split into pieces of limited size.
///
/// Call `kpn_pieces_begin` with any bytes, such as the span from `kpn_uplink_finish`, then `kpn_pieces_next` or `kpn_pieces_next_hex` until
/// `KPN_END`. May be copied, to start again from the same place. 24 bytes on a 32-bit target. It holds a pointer: do not store it.
///
/// ~~~{.c}
/// char hex[2 * 512 + 1];
/// kpn_pieces pieces;
/// size_t len;
///
/// kpn_status status = kpn_pieces_begin(&pieces, request.ptr, request.len, 512);
/// while (status == KPN_OK && kpn_pieces_next_hex(&pieces, hex, sizeof hex, &len) == KPN_OK) {
///     printf("AT+USOWR=0,%u,\"%s\"\r", (unsigned)len, hex);
/// }
/// ~~~
#[repr(C)]
pub struct kpn_pieces {
    private_tag: u32,
    private_reserved: u32,
    private_bytes: *const u8,
    private_len: usize,
    private_state: Pieces,
}

// SAFETY: repr(C) with the u32 tag in front; a pointer and plain integers behind it.
unsafe impl Object for kpn_pieces {
    const NUMBER: u8 = 9;
}

/// Starts handing out bytes in pieces.
///
/// @param[out] pieces     Need not be initialised.
/// @param[in]  bytes      Kept; do not change them until the last piece has been handed out.
/// @param[in]  bytes_len  Bytes.
/// @param[in]  piece_max  Largest piece, in bytes of the request even for hexadecimal text; at least 1.
///
/// @retval KPN_OK                    Begun.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, `piece_max` is 0, or `bytes_len` is above `PTRDIFF_MAX`.
/// @retval KPN_ERR_OVERLAP           `pieces` and `bytes` share memory.
///
/// # Safety
///
/// `pieces` is NULL or points to memory for one `kpn_pieces` that nobody else uses; `bytes` is NULL or points to
/// `bytes_len` initialised bytes, until the last piece was handed out.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_pieces_begin(
    pieces: *mut kpn_pieces,
    bytes: *const u8,
    bytes_len: usize,
    piece_max: usize,
) -> kpn_status {
    let begin = || -> Result<()> {
        Region::of(pieces).check_disjoint_from(Region::new(bytes, bytes_len))?;
        // SAFETY: the same contract.
        let place = unsafe { ptr::out(pieces) }?;
        // SAFETY: the same contract.
        unsafe { ptr::bytes(bytes, bytes_len) }?;
        if piece_max == 0 {
            return Err(Error::INVALID_ARGUMENT);
        }
        place.write(kpn_pieces {
            private_tag: kpn_pieces::TAG,
            private_reserved: 0,
            private_bytes: bytes,
            private_len: bytes_len,
            private_state: Pieces::new(piece_max),
        });
        Ok(())
    };
    status(begin())
}

/// Hands out the next piece.
///
/// @param[in,out] pieces     From `kpn_pieces_begin`.
/// @param[out]    out_piece  1 to `piece_max` bytes of those given to `kpn_pieces_begin`. Written only with `KPN_OK`.
///
/// @retval KPN_OK                    `out_piece` is the next piece.
/// @retval KPN_END                   There are no more pieces.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE             The pieces were not begun.
/// @retval KPN_ERR_OVERLAP           `out_piece` lies in `pieces` or in the bytes.
///
/// # Safety
///
/// `pieces` as for `kpn_pieces_begin`; `out_piece` is NULL or points to memory for one `kpn_span` that nobody else uses.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_pieces_next(
    pieces: *mut kpn_pieces,
    out_piece: *mut kpn_span,
) -> kpn_status {
    let next = || -> Result<kpn_status> {
        let result = Region::of(out_piece);
        Region::of(pieces).check_disjoint_from(result)?;
        // SAFETY: the same contract.
        let out_piece = unsafe { ptr::out(out_piece) }?;
        // SAFETY: the same contract; `begin` checked the bytes.
        let (state, bytes) = unsafe { open(pieces, result) }?;
        let Some(piece) = state.next(bytes) else {
            return Ok(END);
        };
        out_piece.write(kpn_span::of(piece));
        Ok(OK)
    };
    next().unwrap_or_else(code)
}

/// Hands out the next piece as hexadecimal text, `0` to `9` and `A` to `F`, NUL-terminated.
///
/// @param[in,out] pieces    From `kpn_pieces_begin`.
/// @param[out]    out_text  Receives two digits for each byte of the request, then NUL. Written only with `KPN_OK`.
/// @param[in]     out_cap   Bytes of `out_text`, at least 3. The piece has at most half as many bytes, and at most `piece_max`.
/// @param[out]    out_len   Receives how many bytes of the request the text stands for. Written only with `KPN_OK`.
///
/// @retval KPN_OK                    `out_text` is the next piece.
/// @retval KPN_END                   There are no more pieces.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or `out_cap` is below 3 or above `PTRDIFF_MAX`.
/// @retval KPN_ERR_STATE             The pieces were not begun.
/// @retval KPN_ERR_OVERLAP           The arguments and the bytes share memory.
///
/// # Safety
///
/// `pieces` as for `kpn_pieces_begin`; `out_text` is NULL or points to `out_cap` bytes, and `out_len` is NULL or points to memory for a
/// `size_t`, that nobody else uses.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_pieces_next_hex(
    pieces: *mut kpn_pieces,
    out_text: *mut c_char,
    out_cap: usize,
    out_len: *mut usize,
) -> kpn_status {
    let next = || -> Result<kpn_status> {
        let text = Region::new(out_text.cast(), out_cap);
        let len = Region::of(out_len);
        let own = Region::of(pieces);
        own.check_disjoint_from(text)?;
        own.check_disjoint_from(len)?;
        text.check_disjoint_from(len)?;
        // SAFETY: the same contract.
        let out_text = unsafe { ptr::bytes_mut(out_text.cast(), out_cap) }?;
        // SAFETY: the same contract.
        let out_len = unsafe { ptr::out(out_len) }?;
        let Some((_, digits)) = out_text.split_last_mut().filter(|(_, room)| room.len() > 1) else {
            return Err(Error::INVALID_ARGUMENT);
        };
        // SAFETY: the same contract; `begin` checked the bytes.
        let (state, bytes) = unsafe { open(pieces, text) }?;
        Region::of_bytes(bytes).check_disjoint_from(len)?;
        let Some(taken) = state.next_hex(bytes, digits) else {
            return Ok(END);
        };
        if let Some(end) = out_text.get_mut(taken.wrapping_mul(2)) {
            *end = 0;
        }
        out_len.write(taken);
        Ok(OK)
    };
    next().unwrap_or_else(code)
}

/// The state and the bytes, neither of which may share memory with `result`.
///
/// # Safety
///
/// As for `kpn_pieces_begin`.
unsafe fn open<'a>(pieces: *mut kpn_pieces, result: Region) -> Result<(&'a mut Pieces, &'a [u8])> {
    // SAFETY: the same contract.
    let pieces = unsafe { ptr::borrow_mut(pieces) }?;
    Region::new(pieces.private_bytes, pieces.private_len).check_disjoint_from(result)?;
    // SAFETY: `begin` checked and kept the bytes, which the caller leaves in place.
    let bytes = unsafe { ptr::bytes(pieces.private_bytes, pieces.private_len) }?;
    Ok((&mut pieces.private_state, bytes))
}
