//! The downlink that announces an image: two text records of one pack, `url` and `token`, about this device.
#![forbid(unsafe_code)]

use crate::error::{Error, Result};
use crate::http::request;
use crate::json::reader::Span;
use crate::senml::reader::Pack;
use crate::things::firmware::text;
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
    // Apart from its caller's: together they would have a frame of 272 bytes on thumbv6m.
    #[inline(never)]
    pub fn find(mut pack: Pack, body: &'a [u8], urn: &[u8]) -> Result<Option<Self>> {
        let mut url = None;
        let mut token = None;
        while let Some(raw) = pack.next_raw(body)? {
            let Some(text) = raw.text else {
                continue;
            };
            let text = Some(text.of(body));
            if is_named([raw.base_name, raw.name], body, urn, b":url") {
                url = text;
            } else if is_named([raw.base_name, raw.name], body, urn, b":token") {
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
        if has_escapes(url) {
            return Err(Error::FirmwareUrl);
        }
        if has_escapes(token) {
            return Err(Error::HeadText);
        }
        Self::check(url, token)
    }

    fn check(url_text: &'a [u8], token: &'a [u8]) -> Result<Self> {
        let url = Url::parse(url_text)?;
        let mut token_len: u16 = 0;
        let whole = text::each(token, &mut |byte| {
            token_len = token_len.wrapping_add(1);
            usize::from(token_len) <= TOKEN_MAX && request::is_token68(byte)
        });
        if usize::from(token_len) > TOKEN_MAX {
            return Err(Error::FirmwareTooLong);
        }
        if token_len == 0 || !whole {
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
            text::each(text, &mut |byte| {
                let place = to.next();
                place.is_some_and(|place| {
                    *place = byte;
                    true
                })
            });
        }
        Ok(())
    }
}

/// Whether base name and name, in one, are the URN and a name; without a URN, whether the name is. `end` is that name behind
/// a colon.
fn is_named([base_name, name]: [Span; 2], body: &[u8], urn: &[u8], end: &[u8]) -> bool {
    let (base_name, skipped) = if urn.is_empty() {
        (Span::default(), 1)
    } else {
        (base_name, usize::from(urn.ends_with(b":")))
    };
    let end = end.get(skipped..).unwrap_or_default();
    let mut at = 0_usize;
    let mut fits = |byte| {
        let behind = at.wrapping_sub(urn.len());
        let wanted = urn.get(at).or_else(|| end.get(behind));
        at = at.wrapping_add(1);
        wanted == Some(&byte)
    };
    let all = text::each(base_name.of(body), &mut fits) && text::each(name.of(body), &mut fits);
    all && at == urn.len().wrapping_add(end.len())
}

#[expect(
    clippy::manual_contains,
    reason = "`contains` searches word by word, in 180 bytes of flash more"
)]
fn has_escapes(text: &[u8]) -> bool {
    text.iter().any(|&byte| byte == b'\\')
}
