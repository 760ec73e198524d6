// SPDX-License-Identifier: MIT OR Apache-2.0
//! A request in pieces, through the C functions: whatever the sizes, the pieces are the whole again.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod common {
    pub mod status;
}

use core::ffi::c_char;
use core::mem::MaybeUninit;

use common::status::{END, ERR_INVALID_ARGUMENT, OK};
use kpn_things::ffi::pieces::{kpn_pieces, kpn_pieces_begin, kpn_pieces_next, kpn_pieces_next_hex};
use kpn_things::ffi::span::kpn_span;

/// Pieces of bytes that outlive it.
struct Pieces<'a> {
    object: MaybeUninit<kpn_pieces>,
    bytes: &'a [u8],
}

impl<'a> Pieces<'a> {
    fn begin(bytes: &'a [u8], max: usize) -> (Self, i32) {
        let object = MaybeUninit::uninit();
        let mut pieces = Self { object, bytes };
        let (start, len) = (bytes.as_ptr(), bytes.len());
        // SAFETY: memory for one, and bytes that stay.
        let begun = unsafe { kpn_pieces_begin(pieces.object.as_mut_ptr(), start, len, max) };
        (pieces, begun)
    }

    fn next(&mut self) -> Result<&'a [u8], i32> {
        let mut span = kpn_span {
            ptr: core::ptr::null(),
            len: 0,
        };
        // SAFETY: begun.
        let status = unsafe { kpn_pieces_next(self.object.as_mut_ptr(), &raw mut span) };
        if status != OK {
            return Err(status);
        }
        let at = span.ptr.addr() - self.bytes.as_ptr().addr();
        Ok(self.bytes.get(at..at + span.len).unwrap())
    }

    /// Text and number of bytes from a room of this capacity, of which the rest is left alone.
    fn next_hex(&mut self, cap: usize) -> Result<(String, usize), i32> {
        let mut room = vec![b'~'; cap + 1];
        let start: *mut c_char = room.as_mut_ptr().cast();
        let mut len = usize::MAX;
        let object = self.object.as_mut_ptr();
        // SAFETY: begun; the room has this capacity.
        let status = unsafe { kpn_pieces_next_hex(object, start, cap, &raw mut len) };
        if status != OK {
            assert!(room.iter().all(|&byte| byte == b'~') && len == usize::MAX);
            return Err(status);
        }
        let (text, rest) = room.split_at(2 * len);
        let (nul, rest) = rest.split_first().unwrap();
        assert!(*nul == 0 && rest.iter().all(|&byte| byte == b'~') && 2 * len < cap);
        Ok((String::from_utf8(text.to_vec()).unwrap(), len))
    }
}

#[test]
fn pieces_of_every_size_are_the_whole_again() {
    let bytes: Vec<u8> = (0..=255).rev().chain(0..=44).collect();
    let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    let hex = hex.concat();
    for max in [1, 2, 7, 299, 300, 301, 302, usize::MAX] {
        let (mut pieces, begun) = Pieces::begin(&bytes, max);
        assert_eq!(begun, OK);
        let mut whole = Vec::new();
        while let Ok(piece) = pieces.next() {
            assert_eq!(piece.len(), max.min(bytes.len() - whole.len()));
            whole.extend_from_slice(piece);
        }
        assert_eq!((whole, pieces.next()), (bytes.clone(), Err(END)));
        for cap in [3, 4, 5, 15, 16, 602, 603, 1000] {
            let (mut pieces, _) = Pieces::begin(&bytes, max);
            let mut text = String::new();
            while let Ok((piece, len)) = pieces.next_hex(cap) {
                let left = bytes.len() - text.len() / 2;
                assert_eq!(len, max.min((cap - 1) / 2).min(left));
                text += &piece;
            }
            assert_eq!((&text, pieces.next_hex(cap)), (&hex, Err(END)));
        }
    }
}

#[test]
fn a_room_or_a_size_for_nothing_is_refused() {
    let (_, begun) = Pieces::begin(b"abc", 0);
    assert_eq!(begun, ERR_INVALID_ARGUMENT);
    let (mut pieces, begun) = Pieces::begin(b"abc", 2);
    assert_eq!(begun, OK);
    for cap in 0..3 {
        assert_eq!(pieces.next_hex(cap), Err(ERR_INVALID_ARGUMENT));
    }
    assert_eq!(pieces.next_hex(3), Ok(("61".to_owned(), 1)));
    assert_eq!(pieces.next(), Ok(&b"bc"[..]));
    let (mut empty, begun) = Pieces::begin(b"", 1);
    assert_eq!(
        (begun, empty.next(), empty.next_hex(3)),
        (OK, Err(END), Err(END))
    );
}
