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
pub struct Announcement {
    /// The URL's pieces.
    pub url: Url,
    /// Bytes of the token, escapes resolved.
    pub token_len: u16,
    url_text: Span,
    token_text: Span,
}

impl Announcement {
    /// Looks through the records that `pack` has not handed out yet, and changes nothing.
    ///
    /// `None` unless both records are there with texts; of two with the same name the later one counts. With an empty `urn` for whatever device;
    /// else only those whose full name is the URN (its ending colon may be left out) and `url` or `token`.
    pub fn find(mut pack: Pack, body: &[u8], urn: &[u8]) -> Result<Option<Self>> {
        let mut url = None;
        let mut token = None;
        while let Some(raw) = pack.next_raw(body)? {
            if raw.text.is_none() {
                continue;
            }
            if is_named([raw.base_name, raw.name], body, urn, b"url") {
                url = raw.text;
            } else if is_named([raw.base_name, raw.name], body, urn, b"token") {
                token = raw.text;
            }
        }
        let (Some(url), Some(token)) = (url, token) else {
            return Ok(None);
        };
        Self::check(body, url, token).map(Some)
    }

    /// Checks two texts; JSON escapes in them count as what they stand for.
    ///
    /// `Error::FirmwareUrl` or `Error::FirmwareTooLong` as [`Url::parse`]; the latter also for a token beyond
    /// [`TOKEN_MAX`]; `Error::HeadText` for one that is empty or no token68 (RFC 9110 section 11.2).
    pub fn check(body: &[u8], url_text: Span, token_text: Span) -> Result<Self> {
        let url = Url::parse(until(body, url_text), url_text.start)?;
        let token = until(body, token_text);
        let mut chars = Unescape::new(token_text.start);
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
        if token_len == 0 {
            return Err(Error::HeadText);
        }
        Ok(Self {
            url,
            token_len,
            url_text,
            token_text,
        })
    }

    /// Copies both texts to the front of `memory`, the token behind the URL; `Error::FirmwareTooLong` when they do not
    /// fit, and then nothing is copied.
    pub fn copy(&self, body: &[u8], memory: &mut [u8]) -> Result<()> {
        let len = usize::from(self.url.len).saturating_add(usize::from(self.token_len));
        let mut to = memory
            .get_mut(..len)
            .ok_or(Error::FirmwareTooLong)?
            .iter_mut();
        for span in [self.url_text, self.token_text] {
            let mut chars = Unescape::new(span.start);
            while let Some(byte) = chars.next(until(body, span))? {
                if let Some(to) = to.next() {
                    *to = byte;
                }
            }
        }
        Ok(())
    }
}

fn until(body: &[u8], span: Span) -> &[u8] {
    body.get(..span.end).unwrap_or_default()
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
        let mut chars = Unescape::new(span.start);
        while let Ok(Some(byte)) = chars.next(until(body, span)) {
            if wanted.next() != Some(&byte) {
                return false;
            }
        }
    }
    wanted.next().is_none()
}
