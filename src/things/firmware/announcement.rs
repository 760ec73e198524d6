//! The downlink that announces an image: two text records of one pack, `url` and `token`, about this device.
#![forbid(unsafe_code)]

use crate::error::{Error, Result};
use crate::http::request;
use crate::json::reader::Span;
use crate::senml::reader::Pack;
use crate::things::firmware::text::Chars;

/// Longest token in bytes.
pub const TOKEN_MAX: usize = 1024;

/// URL and token, as they stand in a pack, escapes not resolved.
pub type Texts<'a> = [&'a [u8]; 2];

/// Looks through the records that `pack` has not handed out yet, and changes nothing.
///
/// `None` unless both records are there with texts; of two with the same name the later one counts. With an empty
/// `urn` for whatever device; else only those whose full name is the URN, with or without its ending colon, and
/// `url` or `token`.
// Apart from its caller, which has the pack: together they would have a frame above 256 bytes.
#[inline(never)]
pub fn find<'a>(mut pack: Pack, body: &'a [u8], urn: &[u8]) -> Result<Option<Texts<'a>>> {
    let mut url = None;
    let mut token = None;
    while let Some(raw) = pack.next_raw(body)? {
        let Some(text) = raw.text else {
            continue;
        };
        let text = Some(text.of(body));
        match name([raw.base_name, raw.name], body, urn) {
            URL => url = text,
            TOKEN => token = text,
            _ => {}
        }
    }
    Ok(url.zip(token).map(|(url, token)| [url, token]))
}

/// Refuses texts that come with escapes: `Error::FirmwareUrl` and `Error::HeadText`.
pub fn check_plain([url, token]: Texts<'_>) -> Result<()> {
    if has_escapes(url) {
        return Err(Error::FirmwareUrl);
    }
    if has_escapes(token) {
        return Err(Error::HeadText);
    }
    Ok(())
}

/// Bytes of a token. `Error::HeadText` for one that is empty or no token68 (RFC 9110 section 11.2),
/// `Error::FirmwareTooLong` for one beyond [`TOKEN_MAX`].
pub fn token_len(token: &[u8]) -> Result<u16> {
    let mut len: u16 = 0;
    for byte in Chars::new(token) {
        len = len.wrapping_add(1);
        if usize::from(len) > TOKEN_MAX {
            return Err(Error::FirmwareTooLong);
        }
        if !request::TOKEN68.has(byte) {
            return Err(Error::HeadText);
        }
    }
    if len == 0 {
        return Err(Error::HeadText);
    }
    Ok(len)
}

/// Copies both texts to `places`, escapes resolved, the token behind the URL.
pub fn copy(texts: Texts<'_>, places: &mut [u8]) {
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

/// Results of `name`.
const URL: u8 = 1;
const TOKEN: u8 = 2;

/// Whether base name and name, in one, are the URN and `url` or `token`; without a URN, whether the name is.
fn name([base_name, name]: [Span; 2], body: &[u8], urn: &[u8]) -> u8 {
    let mut names = [base_name, name];
    // Of the name and a colon before it, which is not there without a URN.
    let mut len = 0;
    if urn.is_empty() {
        names = [Span::default(), name];
        len = 1;
    }
    let mut rest = urn.strip_suffix(b":").unwrap_or(urn).iter();
    let mut may_be = URL | TOKEN;
    for name in names {
        for byte in Chars::new(name.of(body)) {
            if let Some(&wanted) = rest.next() {
                if wanted != byte {
                    return 0;
                }
                continue;
            }
            if b":url".get(len) != Some(&byte) {
                may_be &= !URL;
            }
            if b":token".get(len) != Some(&byte) {
                may_be &= !TOKEN;
            }
            if may_be == 0 {
                return 0;
            }
            len = len.wrapping_add(1);
        }
    }
    match len {
        4 => may_be & URL,
        6 => may_be & TOKEN,
        _ => 0,
    }
}

#[expect(
    clippy::manual_contains,
    reason = "`contains` searches word by word, in 180 bytes of flash more"
)]
fn has_escapes(text: &[u8]) -> bool {
    text.iter().any(|&byte| byte == b'\\')
}
