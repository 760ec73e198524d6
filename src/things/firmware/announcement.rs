//! The downlink that announces an image: two text records of one pack, `url` and `token`, about this device.
#![forbid(unsafe_code)]

use crate::error::{Error, Result};
use crate::http::request;
use crate::json::reader::Span;
use crate::senml::reader::Pack;
use crate::things::firmware::text::Chars;
use crate::things::firmware::url::Url;

/// Longest token in bytes.
pub const TOKEN_MAX: usize = 1024;

/// A checked announcement: its texts, as they stand in the pack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Announcement<'a> {
    /// The URL's pieces.
    pub url: Url,
    /// Bytes of the token, escapes resolved; 0 for no announcement.
    pub token_len: u16,
    /// URL and token, escapes not resolved.
    texts: [&'a [u8]; 2],
}

impl<'a> Announcement<'a> {
    /// No announcement.
    pub const fn none() -> Self {
        Self {
            url: Url::none(),
            token_len: 0,
            texts: [&[]; 2],
        }
    }

    /// Looks through the records that `pack` has not handed out yet, and changes nothing in them.
    ///
    /// Still none unless both records are there with texts; of two with the same name the later one counts. With an empty
    /// `urn` for whatever device; else only those whose full name is the URN, with or without its ending colon, and
    /// `url` or `token`. Errors as [`Announcement::set`].
    // Apart from its caller's: together they would have a frame of 272 bytes on thumbv6m.
    #[inline(never)]
    pub fn find(&mut self, mut pack: Pack, body: &'a [u8], urn: &[u8]) -> Result<()> {
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
        if let (Some(url), Some(token)) = (url, token) {
            self.check(url, token)?;
        }
        Ok(())
    }

    /// Takes two texts that come without escapes.
    ///
    /// `Error::FirmwareUrl` or `Error::FirmwareTooLong` as [`Url::parse`]; the latter also for a token beyond
    /// [`TOKEN_MAX`]; `Error::HeadText` for one that is empty or no token68 (RFC 9110 section 11.2).
    pub fn set(&mut self, url: &'a [u8], token: &'a [u8]) -> Result<()> {
        if has_escapes(url) {
            return Err(Error::FirmwareUrl);
        }
        if has_escapes(token) {
            return Err(Error::HeadText);
        }
        self.check(url, token)
    }

    fn check(&mut self, url: &'a [u8], token: &'a [u8]) -> Result<()> {
        self.texts = [url, token];
        self.url.parse(url)?;
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
        self.token_len = len;
        if len == 0 {
            return Err(Error::HeadText);
        }
        Ok(())
    }

    /// Copies both texts to the front of `memory`, the token behind the URL; `Error::FirmwareTooLong` when they do not
    /// fit, and then nothing is copied.
    pub fn copy(&self, memory: &mut [u8]) -> Result<()> {
        let len = usize::from(self.url.len).saturating_add(usize::from(self.token_len));
        let mut places = memory
            .get_mut(..len)
            .ok_or(Error::FirmwareTooLong)?
            .iter_mut();
        for text in self.texts {
            for (byte, place) in Chars::new(text).zip(&mut places) {
                *place = byte;
            }
        }
        Ok(())
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
