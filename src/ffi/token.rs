// SPDX-License-Identifier: MIT OR Apache-2.0
//! The message token by itself, for bodies that are not built or held by this library.

use core::ffi::c_char;

use super::ptr::{self, Object, Region};
use super::status::{kpn_status, status};
use crate::error::{Error, Result};
use crate::token::{SECRET_MAX, TOKEN_LEN, Token, check_secret, equal};

/// Characters of a message token, without a NUL.
pub const KPN_TOKEN_LEN: usize = 64;
/// Fewest characters of a secret.
pub const KPN_SECRET_MIN: usize = 30;
/// Most characters of a secret.
pub const KPN_SECRET_MAX: usize = 100;

const _: () = assert!(KPN_TOKEN_LEN == TOKEN_LEN && KPN_SECRET_MAX == SECRET_MAX);
const _: () = assert!(KPN_SECRET_MIN == crate::token::SECRET_MIN);

/// A message token: `kpn_token_begin`, `kpn_token_update` any number of times, `kpn_token_finish`.
///
/// 112 bytes. May be copied; call `kpn_token_wipe` before abandoning it if what was hashed is confidential. Do not store it.
#[repr(C)]
pub struct kpn_token {
    private_tag: u32,
    private_reserved: u32,
    private_hash: Token,
}

/// A token as a C string.
#[repr(C)]
struct Text {
    hex: [u8; TOKEN_LEN],
    nul: u8,
}

// SAFETY: repr(C) with the u32 tag in front and plain integers behind it.
unsafe impl Object for kpn_token {
    const NUMBER: u8 = 1;
}

/// Starts a token.
///
/// @param[out] token  Need not be initialised.
///
/// @retval KPN_OK                    Begun.
/// @retval KPN_ERR_INVALID_ARGUMENT  `token` is NULL or misaligned.
///
/// # Safety
///
/// `token` is NULL or points to memory for one `kpn_token` that nobody else uses during the call.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_token_begin(token: *mut kpn_token) -> kpn_status {
    // SAFETY: the same contract.
    let token = unsafe { ptr::begin(token) };
    status(token.map(|token: &mut kpn_token| token.private_hash.restart()))
}

/// Hashes bytes of the body, in the order in which they are sent.
///
/// @param[in,out] token  From `kpn_token_begin`.
/// @param[in]     bytes  NULL when `len` is 0. Not kept.
/// @param[in]     len    Bytes.
///
/// @retval KPN_OK                    The bytes are hashed.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or `len` is above `PTRDIFF_MAX`.
/// @retval KPN_ERR_STATE             The token was not begun, or is finished.
/// @retval KPN_ERR_OVERLAP           `bytes` lie in `token`.
///
/// # Safety
///
/// `token` as for `kpn_token_begin`; `bytes` is NULL or points to `len` initialised bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_token_update(
    token: *mut kpn_token,
    bytes: *const u8,
    len: usize,
) -> kpn_status {
    let update = || -> Result<()> {
        Region::of(token).check_disjoint_from(Region::new(bytes, len))?;
        // SAFETY: the same contract.
        let token = unsafe { ptr::borrow_mut(token) }?;
        // SAFETY: the same contract; apart from the token as just checked.
        let bytes = unsafe { ptr::bytes(bytes, len) }?;
        token.private_hash.update(bytes);
        Ok(())
    };
    status(update())
}

/// Hashes the secret after the body and gives the token; `token` is wiped.
///
/// The token is the value of the header `Things-Message-Token`: SHA-256 of body and secret, in lower-case hex.
/// KPN documentation, "Message token".
///
/// @param[in,out] token      From `kpn_token_begin`. Unchanged after a failure.
/// @param[in]     secret     Secret. Not kept.
/// @param[out]    out_token  Receives `KPN_TOKEN_LEN` characters and a NUL. Written only on success.
///
/// @retval KPN_OK                    `out_token` holds the token.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE             The token was not begun, or is finished.
/// @retval KPN_ERR_OVERLAP           `token`, `secret` and `out_token` share memory.
/// @retval KPN_ERR_SECRET            `secret` is not 30 to 100 letters and digits.
///
/// # Safety
///
/// `token` as for `kpn_token_begin`; `secret` is NULL or NUL-terminated; `out_token` is NULL or points to
/// `KPN_TOKEN_LEN + 1` bytes that nobody else uses during the call.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_token_finish(
    token: *mut kpn_token,
    secret: *const c_char,
    out_token: *mut c_char,
) -> kpn_status {
    let finish = || -> Result<()> {
        let own = Region::of(token);
        // SAFETY: the same contract.
        let secret = unsafe { ptr::text(secret, SECRET_MAX) }?;
        let out_token = out_token.cast::<Text>();
        let result = Region::of(out_token);
        ptr::check_disjoint(2, &[own, result, Region::of_bytes(secret)])?;
        // SAFETY: the same contract.
        let out = unsafe { ptr::out(out_token) }?;
        // SAFETY: the same contract.
        let token = unsafe { ptr::borrow_mut(token) }?;
        check_secret(secret)?;
        let hex = token.private_hash.finish(secret);
        let out: *mut Text = out.as_mut_ptr();
        // SAFETY: the text begins with the digits, which lie elsewhere, as just checked; writable by the contract.
        unsafe {
            out.cast::<[u8; TOKEN_LEN]>()
                .copy_from_nonoverlapping(hex, 1);
        };
        // SAFETY: writable by the contract.
        unsafe { (*out).nul = 0 };
        // SAFETY: the same contract.
        unsafe { ptr::wipe(token) }
    };
    status(finish())
}

/// Overwrites everything derived from the bytes hashed so far; the token must be begun again.
///
/// @param[in,out] token  From `kpn_token_begin`.
///
/// @retval KPN_OK                    Wiped.
/// @retval KPN_ERR_INVALID_ARGUMENT  `token` is NULL or misaligned.
/// @retval KPN_ERR_STATE             The token was not begun, or is finished and so wiped already.
///
/// # Safety
///
/// `token` as for `kpn_token_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_token_wipe(token: *mut kpn_token) -> kpn_status {
    // SAFETY: the same contract.
    let found = unsafe { ptr::borrow_mut(token) };
    // SAFETY: the same contract.
    status(found.and_then(|token| unsafe { ptr::wipe(token) }))
}

/// Compares two message tokens in a time that does not depend on them, for servers and tests.
///
/// @param[in] left   `KPN_TOKEN_LEN` characters; no NUL is needed.
/// @param[in] right  `KPN_TOKEN_LEN` characters; no NUL is needed.
///
/// @retval KPN_OK                    They are equal.
/// @retval KPN_ERR_TOKEN_MISMATCH    They differ.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL.
///
/// # Safety
///
/// `left` and `right` are NULL or point to `KPN_TOKEN_LEN` initialised bytes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_token_compare(
    left: *const c_char,
    right: *const c_char,
) -> kpn_status {
    let compare = || -> Result<()> {
        // SAFETY: the same contract; any byte is a valid u8.
        let left = unsafe { ptr::value(left.cast::<[u8; TOKEN_LEN]>()) }?;
        // SAFETY: the same contract; any byte is a valid u8.
        let right = unsafe { ptr::value(right.cast::<[u8; TOKEN_LEN]>()) }?;
        if equal(left, right) {
            Ok(())
        } else {
            Err(Error::TOKEN_MISMATCH)
        }
    };
    status(compare())
}
