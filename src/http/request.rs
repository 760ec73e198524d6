// SPDX-License-Identifier: MIT OR Apache-2.0
//! Request heads, RFC 9112 section 3: the POST of a pack and the ranged GET of a firmware part.
//!
//! The length of a POST head is known before the head is written, so a caller can keep room for it in front of a body that is written
//! first.
#![forbid(unsafe_code)]

use crate::buf::Buf;
use crate::charset::{Rule, Set};
use crate::error::{Error, Result};
use crate::number::write_u64;

/// Digits of the largest body length that [`POST_HEAD_MAX`] allows for (2^32 − 1 bytes).
pub const BODY_LEN_DIGITS_MAX: usize = 10;

/// Bytes that hold the head of any signed POST to one of the two ingestion paths of KPN Things.
///
/// The Internet path is the longer one; a caller with its own target asks [`post_head_len`].
pub const POST_HEAD_MAX: usize = post_head_len(
    Target {
        host: b"prod.dm.kpnthings.com",
        path: b"/ingestion/ip/senml/v1",
    },
    true,
    BODY_LEN_DIGITS_MAX,
);

const TOKEN_LEN: usize = 64;

const POST: &[u8] = b"POST ";
/// The bytes 1 to 5 stand for path, host, token, first and last offset. Without an entity tag it ends at the 6; otherwise the tag replaces
/// the 7. Without Accept-Encoding, any content coding would be acceptable (RFC 9110 section 12.5.3).
static GET: &[u8] = b"GET \x01 HTTP/1.1\r\nHost: \x02\r\nAuthorization: Bearer \x03\r\n\
    Accept-Encoding: identity\r\nRange: bytes=\x04-\x05\x06\r\nIf-Range: \"\x07\r\n\r\n";
const VERSION_AND_HOST: &[u8] = b" HTTP/1.1\r\nHost: ";
const TOKEN: &[u8] = b"\r\nThings-Message-Token: ";
const TYPE_AND_LENGTH: &[u8] = b"\r\nContent-Type: application/json\r\nContent-Length: ";
const END: &[u8] = b"\r\n\r\n";

/// Longest host and longest path, in bytes.
pub const HEAD_TEXT_MAX: usize = 255;

/// Where a request goes: the value of `Host:`, and the path in the request line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Target<'a> {
    /// Host name, IPv4 literal or KPN's dummy `m.m`, with `:port` if needed.
    pub host: &'a [u8],
    /// Absolute path, with its query if any.
    pub path: &'a [u8],
}

impl Target<'_> {
    /// Accepts a target whose bytes cannot end a line or a field of the head.
    ///
    /// Host and path are visible ASCII (0x21 to 0x7e) of at most [`HEAD_TEXT_MAX`] bytes, the host is not empty and the path
    /// starts with `/`; anything else is `Error::HEAD_TEXT`. The writers below rely on this check.
    pub fn check(&self) -> Result<()> {
        if self.path.first() != Some(&b'/') {
            return Err(Error::HEAD_TEXT);
        }
        PLAIN.check(self.host)?;
        PLAIN.check(self.path)
    }
}

/// Visible ASCII.
static PLAIN: Rule = Rule::new(
    Set::alphanumeric_and(b"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
    1,
    HEAD_TEXT_MAX,
    Error::HEAD_TEXT,
);

/// Number of decimal digits of `value`, 1 for 0.
#[inline(never)]
pub const fn decimal_digits(value: usize) -> usize {
    let mut digits: usize = 1;
    let mut limit: usize = 10;
    // By multiplication, since Cortex-M0 has no division.
    while value >= limit {
        digits = digits.wrapping_add(1);
        if limit > usize::MAX / 10 {
            break;
        }
        limit = limit.wrapping_mul(10);
    }
    digits
}

/// Length in bytes of the head that [`write_post_head`] renders for a body length of `body_len_digits` digits.
pub const fn post_head_len(target: Target<'_>, signed: bool, body_len_digits: usize) -> usize {
    let token = if signed {
        TOKEN.len().wrapping_add(TOKEN_LEN)
    } else {
        0
    };
    // All of these texts lie in memory, so the sum cannot overflow.
    POST.len()
        .wrapping_add(VERSION_AND_HOST.len())
        .wrapping_add(TYPE_AND_LENGTH.len())
        .wrapping_add(END.len())
        .wrapping_add(token)
        .wrapping_add(target.path.len())
        .wrapping_add(target.host.len())
        .wrapping_add(body_len_digits)
}

/// Writes the head of a POST of `body_len` bytes of JSON, up to and with the empty line.
///
/// The order of the lines is the one KPN documents. `target` must have passed [`Target::check`]; `token` is the message token in
/// hexadecimal, or `None` for a device type that needs none.
pub fn write_post_head(
    out: &mut Buf<'_>,
    target: Target<'_>,
    token: Option<&[u8; TOKEN_LEN]>,
    body_len: usize,
) {
    out.put(POST);
    out.put(target.path);
    out.put(VERSION_AND_HOST);
    out.put(target.host);
    if let Some(token) = token {
        out.put(TOKEN);
        out.put(token);
    }
    out.put(TYPE_AND_LENGTH);
    put_decimal(out, body_len);
    out.put(END);
}

/// Writes a GET of the bytes `first` to `last`, both inclusive (RFC 9110 section 14.2), with a bearer token. The range is asked of one
/// representation only (section 13.1.5): `etag` is its entity tag after the first quote, and is left out if it is empty or not visible
/// ASCII.
///
/// Nothing is written on failure: `Error::INVALID_ARGUMENT` if `last` is below `first`, `Error::HEAD_TEXT` for a target that
/// [`Target::check`] refuses or a `bearer` that is not a token68 (RFC 9110 section 11.2, to which a JWT belongs).
pub fn write_get_range(
    out: &mut Buf<'_>,
    target: Target<'_>,
    bearer: &[u8],
    [first, last]: [usize; 2],
    etag: &[u8],
) -> Result<()> {
    if last < first {
        return Err(Error::INVALID_ARGUMENT);
    }
    target.check()?;
    if bearer.is_empty() || !bearer.iter().all(|&byte| TOKEN68.has(byte)) {
        return Err(Error::HEAD_TEXT);
    }
    for &byte in GET {
        match byte {
            1 => out.put(target.path),
            2 => out.put(target.host),
            3 => out.put(bearer),
            4 => put_decimal(out, first),
            5 => put_decimal(out, last),
            6 if PLAIN.check(etag).is_err() => {
                out.put(END);
                break;
            }
            6 => {}
            7 => out.put(etag),
            _ => out.put_byte(byte),
        }
    }
    Ok(())
}

/// Characters of a bearer token.
pub static TOKEN68: Set = Set::alphanumeric_and(b"-._~+/=");

/// Where code size matters a `usize` has 32 bits, so this links no 64-bit division.
fn put_decimal(out: &mut Buf<'_>, value: usize) {
    write_u64(out, value as u64);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::string::String;
    use std::vec;
    use std::vec::Vec;

    const M2M: Target<'_> = Target {
        host: b"m.m",
        path: b"/ingestion/m2m/senml/v1",
    };

    fn render(write: impl Fn(&mut Buf<'_>)) -> Vec<u8> {
        let mut memory = vec![0; 1024];
        let mut out = Buf::new(&mut memory, 0);
        write(&mut out);
        assert!(out.fits());
        out.written().to_vec()
    }

    #[test]
    fn writes_the_documented_head() {
        let token = *b"bb9d62f938ab3d05655e214e68c4e1a5a1a1d9cb4513691d430030e2ea8de8e2";
        let head = render(|out| write_post_head(out, M2M, Some(&token), 95));
        assert_eq!(
            String::from_utf8(head).unwrap(),
            "POST /ingestion/m2m/senml/v1 HTTP/1.1\r\n\
             Host: m.m\r\n\
             Things-Message-Token: bb9d62f938ab3d05655e214e68c4e1a5a1a1d9cb4513691d430030e2ea8de8e2\r\n\
             Content-Type: application/json\r\n\
             Content-Length: 95\r\n\
             \r\n"
        );
        let unsigned = render(|out| write_post_head(out, M2M, None, 0));
        assert_eq!(
            unsigned,
            b"POST /ingestion/m2m/senml/v1 HTTP/1.1\r\nHost: m.m\r\n\
              Content-Type: application/json\r\nContent-Length: 0\r\n\r\n"
        );
    }

    #[test]
    fn the_length_is_known_before_rendering() {
        let internet = Target {
            host: b"prod.dm.kpnthings.com",
            path: b"/ingestion/ip/senml/v1",
        };
        let custom = Target {
            host: b"x",
            path: b"/",
        };
        for target in [M2M, internet, custom] {
            for token in [None, Some(&[b'a'; 64])] {
                for body_len in [0, 9, 10, 95, 99, 100, 65_535, 4_294_967_295, usize::MAX] {
                    let head = render(|out| write_post_head(out, target, token, body_len));
                    let digits = decimal_digits(body_len);
                    assert_eq!(digits, format!("{body_len}").len());
                    assert_eq!(head.len(), post_head_len(target, token.is_some(), digits));
                    if digits <= BODY_LEN_DIGITS_MAX {
                        assert!(head.len() <= POST_HEAD_MAX);
                    }
                }
            }
        }
    }

    #[test]
    fn a_short_buffer_counts_what_was_needed() {
        let need = post_head_len(M2M, true, 2);
        for capacity in 0..need {
            let mut memory = vec![0xA5; need + 8];
            let mut out = Buf::new(&mut memory[..capacity], 0);
            write_post_head(&mut out, M2M, Some(&[b'0'; 64]), 95);
            assert!(!out.fits());
            assert_eq!(out.len(), need);
            assert!(memory[capacity..].iter().all(|&byte| byte == 0xA5));
        }
    }

    #[test]
    fn refuses_what_a_head_cannot_carry() {
        assert_eq!(M2M.check(), Ok(()));
        for byte in 0..=255_u8 {
            let fine = (0x21..=0x7e).contains(&byte);
            let expected = if fine { Ok(()) } else { Err(Error::HEAD_TEXT) };
            let host = [b'a', byte];
            let path = [b'/', b'a', byte, b'b'];
            assert_eq!(Target { host: &host, ..M2M }.check(), expected, "{byte}");
            assert_eq!(Target { path: &path, ..M2M }.check(), expected, "{byte}");
        }
        for path in [&b""[..], b"a/b", b"http://a/"] {
            assert_eq!(Target { path, ..M2M }.check(), Err(Error::HEAD_TEXT));
        }
        assert_eq!(Target { host: b"", ..M2M }.check(), Err(Error::HEAD_TEXT));
    }

    #[test]
    fn writes_the_request_for_a_firmware_part() {
        let target = Target {
            host: b"m.m",
            path: b"/f/v1/12345678-1234-5678-1234-567812345678",
        };
        let head = render(|out| write_get_range(out, target, b"a.b-c_d", [0, 255], b"").unwrap());
        let lines = "GET /f/v1/12345678-1234-5678-1234-567812345678 HTTP/1.1\r\n\
             Host: m.m\r\n\
             Authorization: Bearer a.b-c_d\r\n\
             Accept-Encoding: identity\r\n\
             Range: bytes=0-255\r\n";
        assert_eq!(String::from_utf8(head).unwrap(), format!("{lines}\r\n"));
        for (etag, line) in [
            (&b"a-1\""[..], "If-Range: \"a-1\"\r\n"),
            (b"a\r\nX: y\"", ""),
            ("\u{e9}\"".as_bytes(), ""),
        ] {
            let head =
                render(|out| write_get_range(out, target, b"a.b-c_d", [0, 255], etag).unwrap());
            assert_eq!(
                String::from_utf8(head).unwrap(),
                format!("{lines}{line}\r\n")
            );
        }
    }

    #[test]
    fn a_refused_range_request_writes_nothing() {
        let mut memory = [0; 256];
        let mut out = Buf::new(&mut memory, 0);
        let mut get = |target, bearer: &[u8], first, last| {
            let result = write_get_range(&mut out, target, bearer, [first, last], b"");
            (result, out.len())
        };
        let spaced = Target { path: b"/ ", ..M2M };
        assert_eq!(get(M2M, b"a", 2, 1), (Err(Error::INVALID_ARGUMENT), 0));
        assert_eq!(get(spaced, b"a", 0, 1), (Err(Error::HEAD_TEXT), 0));
        for bearer in [
            &b""[..],
            b"a b",
            b"a\r\nX: y",
            b"a\0",
            b"a\"",
            "é".as_bytes(),
        ] {
            assert_eq!(get(M2M, bearer, 0, 1), (Err(Error::HEAD_TEXT), 0));
        }
    }
}
