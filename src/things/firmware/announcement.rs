//! The downlink that announces an image: two text records of one pack, `url` and `token`, about this device.
#![forbid(unsafe_code)]

use crate::error::{Error, Result};
use crate::http::request;
use crate::json::reader::Span;
use crate::json::string::Unescape;
use crate::senml::reader::Pack;
use crate::things::firmware::url::Url;

/// Longest token in bytes.
pub const TOKEN_MAX: usize = 1024;

/// A checked announcement: its texts, as they stand in the pack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Announcement<'a> {
    /// The URL's pieces.
    pub url: Url,
    /// Bytes of the token, escapes resolved.
    pub token_len: u16,
    /// URL and token, escapes not resolved.
    texts: [&'a [u8]; 2],
}

impl<'a> Announcement<'a> {
    /// Looks through the records that `pack` has not handed out yet, and changes nothing.
    ///
    /// `None` unless both records are there with texts; of two with the same name the later one counts. With an empty
    /// `urn` for whatever device; else only those whose full name is the URN, with or without its ending colon, and
    /// `url` or `token`. Errors as [`Announcement::of`].
    pub fn find(mut pack: Pack, body: &'a [u8], urn: &[u8]) -> Result<Option<Self>> {
        let mut url = None;
        let mut token = None;
        while let Some(raw) = pack.next_raw(body)? {
            let Some(text) = raw.text else {
                continue;
            };
            let text = Some(text.of(body));
            if is_named([raw.base_name, raw.name], body, urn, b"url") {
                url = text;
            } else if is_named([raw.base_name, raw.name], body, urn, b"token") {
                token = text;
            }
        }
        let (Some(url), Some(token)) = (url, token) else {
            return Ok(None);
        };
        Self::check(url, token).map(Some)
    }

    /// Takes two texts that come without escapes.
    ///
    /// `Error::FirmwareUrl` or `Error::FirmwareTooLong` as [`Url::parse`]; the latter also for a token beyond
    /// [`TOKEN_MAX`]; `Error::HeadText` for one that is empty or no token68 (RFC 9110 section 11.2).
    pub fn of(url: &'a [u8], token: &'a [u8]) -> Result<Self> {
        if url.contains(&b'\\') {
            return Err(Error::FirmwareUrl);
        }
        if token.contains(&b'\\') {
            return Err(Error::HeadText);
        }
        Self::check(url, token)
    }

    fn check(url_text: &'a [u8], token: &'a [u8]) -> Result<Self> {
        let url = Url::parse(url_text)?;
        let mut chars = Unescape::new(0);
        let mut token_len: u16 = 0;
        while let Some(byte) = chars.next(token).or(Err(Error::HeadText))? {
            if usize::from(token_len) >= TOKEN_MAX {
                return Err(Error::FirmwareTooLong);
            }
            if !request::is_token68(byte) {
                return Err(Error::HeadText);
            }
            token_len = token_len.wrapping_add(1);
        }
        if token_len == 0 || chars.position() < token.len() {
            return Err(Error::HeadText);
        }
        Ok(Self {
            url,
            token_len,
            texts: [url_text, token],
        })
    }

    /// Copies both texts to the front of `memory`, the token behind the URL; `Error::FirmwareTooLong` when they do not
    /// fit, and then nothing is copied.
    pub fn copy(&self, memory: &mut [u8]) -> Result<()> {
        let len = usize::from(self.url.len).saturating_add(usize::from(self.token_len));
        let mut to = memory
            .get_mut(..len)
            .ok_or(Error::FirmwareTooLong)?
            .iter_mut();
        for text in self.texts {
            let mut chars = Unescape::new(0);
            while let Some(byte) = chars.next(text)? {
                if let Some(to) = to.next() {
                    *to = byte;
                }
            }
        }
        Ok(())
    }
}

/// Whether base name and name, in one, are the URN and `name`; without a URN, whether the name is.
fn is_named([base_name, own]: [Span; 2], body: &[u8], urn: &[u8], name: &[u8]) -> bool {
    let (base_name, colon) = if urn.is_empty() {
        (Span::default(), &b""[..])
    } else if urn.ends_with(b":") {
        (base_name, &b""[..])
    } else {
        (base_name, &b":"[..])
    };
    let mut wanted = urn.iter().chain(colon).chain(name);
    for span in [base_name, own] {
        let text = span.of(body);
        let mut chars = Unescape::new(0);
        while let Ok(Some(byte)) = chars.next(text) {
            if wanted.next() != Some(&byte) {
                return false;
            }
        }
    }
    wanted.next().is_none()
}
