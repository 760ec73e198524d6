// SPDX-License-Identifier: MIT OR Apache-2.0
//! The C functions of the message token, for tests in Rust.
#![allow(
    dead_code,
    reason = "each test takes what it needs of what all of them share"
)]

use core::mem::MaybeUninit;
use std::ffi::CString;

use kpn_things::ffi::token::*;
use status::OK;

#[path = "status.rs"]
pub mod status;

/// A token being computed.
pub struct Token(Box<MaybeUninit<kpn_token>>);

impl Token {
    pub fn new() -> Self {
        let mut token = Self(Box::new(MaybeUninit::uninit()));
        // SAFETY: memory for one.
        assert_eq!(unsafe { kpn_token_begin(token.0.as_mut_ptr()) }, OK);
        token
    }

    pub fn begin(&mut self) -> i32 {
        // SAFETY: memory for one.
        unsafe { kpn_token_begin(self.0.as_mut_ptr()) }
    }

    pub fn update(&mut self, bytes: &[u8]) -> i32 {
        // SAFETY: begun, wiped or finished, all of which the call tells apart; the bytes have this length.
        unsafe { kpn_token_update(self.0.as_mut_ptr(), bytes.as_ptr(), bytes.len()) }
    }

    pub fn finish(&mut self, secret: &[u8]) -> Result<String, i32> {
        let secret = CString::new(secret).map_err(|_| status::ERR_SECRET)?;
        let mut text = [0x7E_u8; KPN_TOKEN_LEN + 2];
        // SAFETY: as for `update`; the secret is NUL-terminated, the text as long as it must be.
        let result = unsafe {
            kpn_token_finish(
                self.0.as_mut_ptr(),
                secret.as_ptr(),
                text.as_mut_ptr().cast(),
            )
        };
        if result != OK {
            assert!(text.iter().all(|&byte| byte == 0x7E));
            return Err(result);
        }
        let (token, rest) = text.split_at(KPN_TOKEN_LEN);
        assert_eq!(rest, [0, 0x7E]);
        Ok(String::from_utf8(token.to_vec()).unwrap())
    }

    pub fn wipe(&mut self) -> i32 {
        // SAFETY: as for `update`.
        unsafe { kpn_token_wipe(self.0.as_mut_ptr()) }
    }

    /// The bytes of a token that was wiped or finished, which are all written then.
    pub fn wiped(&self) -> &[u8] {
        let start = self.0.as_ptr().cast::<u8>();
        // SAFETY: as many bytes as the object has, all written by `kpn_token_wipe` or `kpn_token_finish`.
        unsafe { core::slice::from_raw_parts(start, size_of::<kpn_token>()) }
    }
}

pub fn compare(left: &str, right: &str) -> i32 {
    assert_eq!((left.len(), right.len()), (KPN_TOKEN_LEN, KPN_TOKEN_LEN));
    // SAFETY: both have as many bytes as a token.
    unsafe { kpn_token_compare(left.as_ptr().cast(), right.as_ptr().cast()) }
}
