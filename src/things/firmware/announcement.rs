// SPDX-License-Identifier: MIT OR Apache-2.0
//! The downlink that announces an image: two text records in one pack, `url` and `token`, for this device.
#![forbid(unsafe_code)]

use crate::error::{Error, Result};
use crate::http::request;
use crate::json::string::Unescape;
use crate::senml::reader::PackReader;
use crate::senml::reader::label::Label;
use crate::senml::record::RawRecord;
use crate::things::firmware::text::Chars;

/// Longest token in bytes.
pub const TOKEN_MAX: usize = 1024;

/// URL and token as in the pack, with escapes not resolved.
pub type Texts<'a> = [&'a [u8]; 2];

/// Looks through the records that `pack` has not handed out yet, without changing anything.
///
/// `None` unless both records are there as texts; of two with the same name the later one counts. An empty `urn` accepts any device;
/// otherwise only records count whose full name is the URN, with or without its ending colon, followed by `url` or `token`.
pub fn find<'a>(pack: PackReader, body: &'a [u8], urn: &[u8]) -> Result<Option<Texts<'a>>> {
    let mut texts = [None, None];
    let stopped = search(pack, body, urn, &mut texts);
    if stopped != Error::END {
        return Err(stopped);
    }
    let [url, token] = texts;
    Ok(url.zip(token).map(|(url, token)| [url, token]))
}

/// Returns why it stopped: `Error::END` after the last record.
// Not inlined: together with its caller, which holds the pack, it would need a stack frame above 256 bytes.
#[inline(never)]
fn search<'a>(
    mut pack: PackReader,
    body: &'a [u8],
    urn: &[u8],
    [url, token]: &mut [Option<&'a [u8]>; 2],
) -> Error {
    loop {
        let record = match pack.peek(body) {
            Ok(record) => record,
            Err(error) => return error,
        };
        let place = match label(record, body, urn) {
            URL => &mut *url,
            TOKEN => &mut *token,
            _ => continue,
        };
        if let Some(text) = record.string_value() {
            *place = Some(text.of(body));
        }
    }
}

/// Checks texts that may contain escapes: `Error::FIRMWARE_URL` and `Error::HEAD_TEXT`.
pub fn check_plain([url, token]: Texts<'_>) -> Result<()> {
    if has_escapes(url) {
        return Err(Error::FIRMWARE_URL);
    }
    if has_escapes(token) {
        return Err(Error::HEAD_TEXT);
    }
    Ok(())
}

/// Bytes of a token. `Error::HEAD_TEXT` if it is empty or not a token68 (RFC 9110 section 11.2), `Error::FIRMWARE_TOO_LONG` above
/// [`TOKEN_MAX`].
pub fn token_len(token: &[u8]) -> Result<u16> {
    let mut len: u16 = 0;
    for byte in Chars::new(token) {
        len += 1;
        if usize::from(len) > TOKEN_MAX {
            return Err(Error::FIRMWARE_TOO_LONG);
        }
        if !request::TOKEN68.has(byte) {
            return Err(Error::HEAD_TEXT);
        }
    }
    if len == 0 {
        return Err(Error::HEAD_TEXT);
    }
    Ok(len)
}

/// Whether a text, with escapes resolved, equals the front of `places`, which has room for all its bytes.
pub fn stands_in(text: &[u8], places: &[u8]) -> bool {
    Chars::new(text)
        .zip(places)
        .all(|(byte, place)| byte == *place)
}

/// Copies both texts to `places`, with escapes resolved, the token after the URL.
pub fn copy(texts: &Texts<'_>, places: &mut [u8]) {
    let mut places = places.iter_mut();
    for text in texts {
        for byte in Chars::new(text) {
            let Some(place) = places.next() else {
                break;
            };
            *place = byte;
        }
    }
}

/// Results of `label`.
const URL: u64 = u64::from_be_bytes(*b"\0\0\0\0:url");
const TOKEN: u64 = u64::from_be_bytes(*b"\0\0:token");

/// What follows the URN in base name and name taken together, with a colon in front; of more than eight bytes, the last eight. With an
/// empty URN, the same of the name alone. 0 for another device.
fn label(record: &RawRecord, body: &[u8], urn: &[u8]) -> u64 {
    let base_name = record.span(Label::BaseName);
    let name = record.span(Label::Name);
    // No string begins at offset 0.
    let mut starts = [base_name.start, name.start];
    let mut label = 0;
    match urn {
        [] => {
            starts = [0, name.start];
            label = u64::from(b':');
        }
        [.., b':'] => label = u64::from(b':'),
        _ => {}
    }
    let mut urn = urn.iter();
    loop {
        let [start, next] = starts;
        let mut chars = Unescape::new(start);
        while start != 0
            && let Some(byte) = chars.next(body)
        {
            match urn.next() {
                None => label = label << 8 | u64::from(byte),
                Some(&wanted) if wanted == byte => {}
                _ => return 0,
            }
        }
        if next == 0 {
            return label;
        }
        starts = [next, 0];
    }
}

#[expect(
    clippy::manual_contains,
    reason = "`contains` searches word by word, which takes 180 more bytes of flash"
)]
fn has_escapes(text: &[u8]) -> bool {
    text.iter().any(|&byte| byte == b'\\')
}
