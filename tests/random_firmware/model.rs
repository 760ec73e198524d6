// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the header promises of a download: what each answer is worth, and the state after it.

use crate::answer::{Answer, ETAG, ETAG_MAX, Framing, LAST_MODIFIED, Validator};
use crate::common::status::{
    AGAIN, ERR_FIRMWARE_BUSY, ERR_FIRMWARE_CODING, ERR_FIRMWARE_CRC, ERR_FIRMWARE_RANGE,
    ERR_FIRMWARE_REFUSED, ERR_FIRMWARE_REPLACED, ERR_FIRMWARE_SIZE, ERR_FIRMWARE_UNEXPECTED,
    ERR_HTTP_SYNTAX, ERR_HTTP_TRUNCATED, OK,
};
use crate::common::{Device, Status, crc32};
use kpn_things::ffi::firmware::{
    KPN_FIRMWARE_COMPLETE as COMPLETE, KPN_FIRMWARE_FAILED as FAILED, KPN_FIRMWARE_IDLE as IDLE,
    KPN_FIRMWARE_REQUEST as REQUEST, KPN_FIRMWARE_RESPONSE as RESPONSE,
};

/// The value by which an image can be told from another one: a strong entity tag, or else a date; spaces left out.
pub fn strong(validators: &[Validator]) -> Option<String> {
    let value = |wanted| {
        let found = validators.iter().find(|(name, _)| *name == wanted);
        found
            .map(|(_, value)| value.replace(' ', ""))
            .filter(|value| !value.is_empty())
    };
    match value(ETAG).filter(|tag| tag.starts_with('"')) {
        Some(tag) => Some(tag).filter(|tag| tag.len() <= ETAG_MAX),
        None => value(LAST_MODIFIED),
    }
}

/// What a response is worth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Confirmed up to here.
    Confirmed(usize),
    Again(Status),
    Fails(Status),
}

/// What the download must be.
pub struct Model {
    pub url: String,
    pub token: String,
    pub part: usize,
    pub retries: u32,
    pub limit: u32,
    pub state: i32,
    pub confirmed: usize,
    pub total: Option<usize>,
    /// What the confirmed bytes came with.
    pub validator: Option<String>,
    /// Smallest size and first bytes that are demanded.
    pub min_size: usize,
    pub first: Vec<u8>,
    pub failures: u32,
    pub error: Status,
    /// Requests that the connection still takes.
    pub left: u32,
    /// Whether it has brought an answer.
    pub answered: bool,
}

impl Model {
    pub fn new(part: usize) -> Self {
        Self {
            url: String::new(),
            token: String::new(),
            part,
            retries: 5,
            limit: 100,
            state: IDLE,
            confirmed: 0,
            total: None,
            validator: None,
            min_size: 0,
            first: Vec::new(),
            failures: 0,
            error: OK,
            left: 0,
            answered: false,
        }
    }

    /// As long as nothing is confirmed nothing is known.
    pub fn forget(&mut self) {
        if self.confirmed == 0 {
            (self.total, self.validator) = (None, None);
        }
    }

    pub fn go_on(&mut self) {
        self.failures = 0;
        self.error = OK;
        self.forget();
        self.state = if self.total == Some(self.confirmed) {
            COMPLETE
        } else {
            REQUEST
        };
    }

    pub fn announce(&mut self, url: &str, token: &str) {
        if url != self.url {
            url.clone_into(&mut self.url);
            (self.confirmed, self.left) = (0, 0);
            self.state = REQUEST;
            self.forget();
        }
        token.clone_into(&mut self.token);
        if self.state != RESPONSE {
            self.go_on();
        }
    }

    /// Behind the last byte that is asked for.
    pub fn end(&self) -> usize {
        let end = self.confirmed + self.part;
        self.total.map_or(end, |total| total.min(end))
    }

    pub fn request(&self) -> String {
        let path = self.url.strip_prefix("http://files.example").unwrap();
        let if_range = self.sent_tag().map(|tag| format!("If-Range: {tag}\r\n"));
        format!(
            "GET {path} HTTP/1.1\r\nHost: m.m\r\nAuthorization: Bearer {}\r\nAccept-Encoding: identity\r\nRange: bytes={}-{}\r\n{}\r\n",
            self.token,
            self.confirmed,
            self.end() - 1,
            if_range.unwrap_or_default()
        )
    }

    /// The entity tag that is kept.
    fn tag(&self) -> Option<&str> {
        self.validator
            .as_deref()
            .filter(|text| text.starts_with('"'))
    }

    /// The same when it can stand in a request.
    pub fn sent_tag(&self) -> Option<&str> {
        self.tag()
            .filter(|tag| tag.bytes().all(|byte| byte.is_ascii_graphic()))
    }

    /// Whether an answer is from the image that the confirmed bytes are from, where that can be told.
    fn is_same(&self, answer: &Answer) -> Option<bool> {
        let kept = self.validator.as_deref()?;
        let wanted = if self.tag().is_some() {
            ETAG
        } else {
            LAST_MODIFIED
        };
        let found = answer.validators.iter().find(|(name, _)| *name == wanted);
        let value = found?.1.replace(' ', "");
        if value.is_empty() || (wanted == ETAG && !value.starts_with('"')) {
            return None;
        }
        Some(value == kept)
    }

    /// Little-endian numbers, the validator, of which nothing counts behind its length, the texts, the checksum.
    pub fn check_image(&self, image: &[u8]) {
        let mut numbers = b"KPNF\x03\0".to_vec();
        numbers.extend(u16::try_from(self.url.len()).unwrap().to_le_bytes());
        for number in [self.token.len(), self.confirmed, self.total.unwrap_or(0)] {
            numbers.extend(u32::try_from(number).unwrap().to_le_bytes());
        }
        assert_eq!(image[..20], numbers);
        let mut kept = vec![0];
        if let Some(text) = &self.validator {
            let tag = text.strip_prefix('"');
            kept = vec![0, if tag.is_some() { 0x1F } else { 0x1E }];
            kept.extend(tag.unwrap_or(text).bytes());
            kept[0] = u8::try_from(kept.len() - 1).unwrap();
        }
        assert!(image[20..].starts_with(&kept));
        let (rest, crc) = image[88..].split_at(image.len() - 92);
        assert_eq!(rest, [self.url.as_bytes(), self.token.as_bytes()].concat());
        assert_eq!(crc, crc32(&image[..image.len() - 4]).to_le_bytes());
    }

    /// What a response whose first `answer.arriving` bytes arrive is worth.
    ///
    /// Nothing that a server has once sent parts of is lost to one answer that is no part: a page, a redirect, nothing at all.
    /// Only a server that names other firmware contradicts itself.
    pub fn judge(&mut self, answer: &Answer) -> Verdict {
        let is_no_part = answer.range.is_none() && answer.status < 400;
        let goes_on = self.confirmed > 0;
        match self.judge_alone(answer) {
            Verdict::Fails(error) if is_no_part && goes_on && error != ERR_FIRMWARE_REPLACED => {
                Verdict::Again(error)
            }
            verdict => verdict,
        }
    }

    /// The same as if nothing had come before; takes over a size that its head gives, and the validator of confirmed bytes.
    fn judge_alone(&mut self, answer: &Answer) -> Verdict {
        if answer.garbage && answer.arriving > 0 {
            return Verdict::Again(ERR_HTTP_SYNTAX);
        }
        let lost = Verdict::Again(ERR_HTTP_TRUNCATED);
        let all = answer.arriving >= answer.wire.len();
        let head = answer.arriving >= answer.head_len;
        let whole = all
            || match answer.framing {
                Framing::Length => false,
                Framing::Chunked => answer.arriving >= answer.chunks_end,
                Framing::UntilClose => head,
            };
        let arrived = answer
            .places
            .iter()
            .filter(|&&at| at < answer.arriving)
            .count();
        if !whole && arrived == 0 {
            return lost;
        }
        let range_error = Verdict::Fails(ERR_FIRMWARE_RANGE);
        let differs = |size: usize| self.total.is_some_and(|total| total != size);
        match answer.status {
            408 | 429 | 500.. if whole => return Verdict::Again(ERR_FIRMWARE_BUSY),
            408 | 429 | 500.. => return lost,
            412 => return Verdict::Fails(ERR_FIRMWARE_REPLACED),
            416 if answer.size.is_some_and(differs) => return Verdict::Fails(ERR_FIRMWARE_SIZE),
            416 => return range_error,
            200 | 206 => {}
            _ => return Verdict::Fails(ERR_FIRMWARE_REFUSED),
        }
        let plain = |coding: &str| coding.is_empty() || coding.eq_ignore_ascii_case("identity");
        let mut codings = answer.codings.iter().flat_map(|value| value.split(','));
        if !codings.all(|coding| plain(coding.trim())) {
            return Verdict::Fails(ERR_FIRMWARE_CODING);
        }
        if answer.status == 206 && answer.range.is_none() {
            return range_error;
        }
        let unexpected = Verdict::Again(ERR_FIRMWARE_UNEXPECTED);
        let len = (answer.framing == Framing::Length).then_some(answer.body.len());
        let stated = answer.range.map_or(len, |(_, _, total)| total);
        if stated.is_some_and(|size| size < self.min_size) {
            return unexpected;
        }
        let is_same = self.is_same(answer);
        let begins_at = |base: usize| {
            let wanted = self.first.iter().skip(base);
            let mut pairs = answer.body[..arrived].iter().zip(wanted);
            pairs.all(|(byte, wanted)| byte == wanted)
        };
        if is_same == Some(false) {
            // A page may have a validator too: one that does not begin as firmware is no other firmware.
            if answer.range.is_none() {
                if !begins_at(0) {
                    return unexpected;
                }
                if arrived < self.first.len() {
                    return if whole { unexpected } else { lost };
                }
            }
            return Verdict::Fails(ERR_FIRMWARE_REPLACED);
        }
        let base;
        let mut end;
        if let Some((first, last, total)) = answer.range {
            let Some(total) = total.or(self.total) else {
                return range_error;
            };
            let has_next = first <= self.confirmed && self.confirmed <= last;
            if !has_next || last >= total || len.is_some_and(|len| len != last + 1 - first) {
                return range_error;
            }
            if differs(total) {
                return Verdict::Fails(ERR_FIRMWARE_SIZE);
            }
            self.total = Some(total);
            base = first;
            end = Some(last + 1);
        } else {
            let may_mix = self.confirmed > 0 && self.validator.is_some() && is_same.is_none();
            if len == Some(0) || may_mix {
                return range_error;
            }
            end = len.or(self.total);
            if end.is_some_and(differs) {
                return Verdict::Fails(ERR_FIRMWARE_SIZE);
            }
            base = 0;
        }
        if !begins_at(base) {
            return unexpected;
        }
        if end.is_some_and(|end| base + arrived > end) {
            return range_error;
        }
        if !whole {
            return lost;
        }
        if end.is_none() && (answer.framing != Framing::UntilClose || answer.digest.is_some()) {
            end = Some(arrived);
        }
        if self.total.is_none() && arrived < self.min_size {
            return unexpected;
        }
        let may_be_part = self.total.is_none() && base + arrived == self.part;
        if end.is_none() || base + arrived == 0 || may_be_part {
            return range_error;
        }
        if end != Some(base + arrived) {
            return lost;
        }
        if answer
            .digest
            .is_some_and(|digest| digest != crc32(&answer.body[..arrived]))
        {
            return Verdict::Again(ERR_FIRMWARE_CRC);
        }
        if answer.range.is_none() {
            self.total = Some(arrived);
        }
        if self.validator.is_none() {
            self.validator = strong(&answer.validators);
        }
        Verdict::Confirmed(base + arrived)
    }

    pub fn settle(&mut self, verdict: Verdict) -> Status {
        match verdict {
            Verdict::Confirmed(end) => {
                self.confirmed = end;
                self.go_on();
                OK
            }
            Verdict::Again(error) if self.failures < self.retries => {
                self.failures += 1;
                self.error = error;
                self.state = REQUEST;
                self.forget();
                AGAIN
            }
            Verdict::Again(error) | Verdict::Fails(error) => {
                self.error = error;
                self.left = 0;
                self.state = FAILED;
                if error == ERR_FIRMWARE_REPLACED {
                    self.confirmed = 0;
                }
                self.forget();
                error
            }
        }
    }

    pub fn check(&self, device: &Device) {
        assert_eq!(device.state(), self.state);
        assert_eq!(device.confirmed(), self.confirmed);
        assert_eq!(device.total(), self.total.unwrap_or(0));
        assert_eq!(device.failures(), self.failures);
        assert_eq!(device.error(), self.error);
        assert_eq!(
            device.must_connect(),
            self.state == REQUEST && self.left == 0
        );
    }
}
