// SPDX-License-Identifier: MIT OR Apache-2.0
//! Downloads from a faulty file server, through the C functions, against a model of what the header promises.
//!
//! `KPN_CASES` is the number of C calls, `KPN_SEED` another random run.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::too_many_lines,
    reason = "a test may panic; the list of faults and that of verdicts stay whole"
)]

#[path = "common/firmware.rs"]
mod common;
#[path = "common/shares.rs"]
mod shares;

use common::status::{
    AGAIN, ERR_BUFFER_FULL, ERR_FIRMWARE_BUSY, ERR_FIRMWARE_CODING, ERR_FIRMWARE_CRC,
    ERR_FIRMWARE_RANGE, ERR_FIRMWARE_REFUSED, ERR_FIRMWARE_REPLACED, ERR_FIRMWARE_SIZE,
    ERR_FIRMWARE_TOO_LONG, ERR_FIRMWARE_UNEXPECTED, ERR_HTTP_SYNTAX, ERR_HTTP_TRUNCATED, ERR_IMAGE,
    ERR_INVALID_ARGUMENT, ERR_STATE, NEED_MORE, OK,
};
use common::{Device, Status, crc32};
use fastrand::Rng;
use kpn_things::ffi::firmware::{
    KPN_FIRMWARE_COMPLETE as COMPLETE, KPN_FIRMWARE_FAILED as FAILED, KPN_FIRMWARE_IDLE as IDLE,
    KPN_FIRMWARE_REQUEST as REQUEST, KPN_FIRMWARE_RESPONSE as RESPONSE,
};

/// How a response says where its body ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Framing {
    Length,
    Chunked,
    UntilClose,
}

/// A response, as its fields and as the bytes that arrive.
struct Answer {
    status: u16,
    /// First, last and total; the latter as the text that stands there.
    range: Option<(usize, usize, Option<usize>)>,
    /// The size that comes with 416.
    size: Option<usize>,
    framing: Framing,
    digest: Option<u32>,
    /// Names and values of the validators.
    validators: Vec<Validator>,
    /// Values of Content-Encoding.
    codings: Vec<&'static str>,
    keep_alive: bool,
    body: Vec<u8>,
    retry_after: Option<u32>,
    /// The whole response.
    wire: Vec<u8>,
    /// Where in it the body begins, and for each byte of the body where it stands.
    head_len: usize,
    places: Vec<usize>,
    /// Behind the last chunk: what follows of a chunked body is its trailer section, without which it is whole too.
    chunks_end: usize,
    /// Bytes of it that arrive before the connection is lost; all, and perhaps more, when it is not.
    arriving: usize,
    /// Not HTTP at all.
    garbage: bool,
    /// From what stands between.
    page: bool,
}

/// A field that tells one representation from another: its name and its value.
type Validator = (&'static str, String);

const ETAG: &str = "ETag";
const LAST_MODIFIED: &str = "Last-Modified";
const ETAG_MAX: usize = 67;

/// What every firmware begins with, but for one that was built wrongly.
const MAGIC: [u8; 8] = [0x3d, 0xb8, 0xf3, 0x96, b'K', b'P', b'N', 0];

const PAGE: &[u8] = b"<!DOCTYPE html><html><body>Please log in</body></html>";

/// What the server has under the URL.
struct Served {
    bytes: Vec<u8>,
    /// Counts what it had before.
    version: u32,
    /// Which validators come with it.
    style: u8,
}

impl Served {
    fn new(random: &mut Rng) -> Self {
        let len = random.usize(1..2000);
        Self {
            bytes: firmware(random, len),
            version: random.u32(..1000),
            style: random.u8(..14),
        }
    }

    /// Other firmware of this length.
    fn replace(&mut self, random: &mut Rng, len: usize) {
        self.bytes = firmware(random, len);
        self.version += 1;
    }

    fn validators(&self) -> Vec<Validator> {
        let version = self.version;
        let date = format!(
            "Tue, 15 Nov 1994 {:02}:{:02}:26 GMT",
            version / 60 % 24,
            version % 60
        );
        let date = (LAST_MODIFIED, date);
        let padding = |len: usize| format!("\"{version:0len$}\"");
        match self.style {
            0..=2 => vec![],
            3 | 4 => vec![(ETAG, format!("\"a-{version}\""))],
            5 => vec![(ETAG, format!("W/\"a-{version}\"")), date],
            6 => vec![date],
            7 => vec![(ETAG, format!("\"5e8f-{version:x}\"")), date],
            8 => vec![(ETAG, padding(ETAG_MAX - 2))],
            9 => vec![(ETAG, padding(ETAG_MAX - 1)), date],
            10 => vec![(ETAG, format!("a-{version}"))],
            11 => vec![(ETAG, format!("\"\u{e9}{version}\""))],
            12 => vec![(ETAG, String::new()), date],
            _ => vec![(ETAG, format!("\"a,b/{version}:;=\"")), date],
        }
    }
}

fn firmware(random: &mut Rng, len: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..len).map(|_| random.u8(..)).collect();
    if random.u8(..20) != 0 {
        let magic = &MAGIC[..len.min(MAGIC.len())];
        bytes[..magic.len()].copy_from_slice(magic);
    }
    bytes
}

/// The value by which an image can be told from another one: a strong entity tag, or else a date; spaces left out.
fn strong(validators: &[Validator]) -> Option<String> {
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
enum Verdict {
    /// Confirmed up to here.
    Confirmed(usize),
    Again(Status),
    Fails(Status),
}

/// What the download must be.
struct Model {
    url: String,
    token: String,
    part: usize,
    retries: u32,
    limit: u32,
    state: i32,
    confirmed: usize,
    total: Option<usize>,
    /// What the confirmed bytes came with.
    validator: Option<String>,
    /// Smallest size and first bytes that are demanded.
    min_size: usize,
    first: Vec<u8>,
    failures: u32,
    error: Status,
    /// Requests that the connection still takes.
    left: u32,
    /// Whether it has brought an answer.
    answered: bool,
}

impl Model {
    fn new(part: usize) -> Self {
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
    fn forget(&mut self) {
        if self.confirmed == 0 {
            (self.total, self.validator) = (None, None);
        }
    }

    fn go_on(&mut self) {
        self.failures = 0;
        self.error = OK;
        self.forget();
        self.state = if self.total == Some(self.confirmed) {
            COMPLETE
        } else {
            REQUEST
        };
    }

    fn announce(&mut self, url: &str, token: &str) {
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
    fn end(&self) -> usize {
        let end = self.confirmed + self.part;
        self.total.map_or(end, |total| total.min(end))
    }

    fn request(&self) -> String {
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
    fn sent_tag(&self) -> Option<&str> {
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
    fn check_image(&self, image: &[u8]) {
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
    fn judge(&mut self, answer: &Answer) -> Verdict {
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

    fn settle(&mut self, verdict: Verdict) -> Status {
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

    fn check(&self, device: &Device) {
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

/// A field line, its name in any case, with or without white space around the value.
fn field(random: &mut Rng, name: &str, value: &str) -> String {
    let name = match random.u8(..4) {
        0 => name.to_ascii_lowercase(),
        1 => name.to_ascii_uppercase(),
        _ => name.to_owned(),
    };
    let spaces = ["", " ", " ", " ", "\t ", "   "];
    let before = spaces[random.usize(..spaces.len())];
    let behind = spaces[random.usize(..spaces.len())];
    format!(
        "{name}:{before}{value}{}\r\n",
        if random.u8(..4) == 0 { behind } else { "" }
    )
}

/// The answer of a server to the request that the model expects, with perhaps one fault.
fn answer(random: &mut Rng, model: &Model, served: &Served) -> Answer {
    let firmware = &served.bytes;
    let mut first = model.confirmed;
    let mut last = model.end().min(firmware.len()).max(first + 1) - 1;
    let mut status = if random.bool() { 200 } else { 206 };
    let mut total = Some(firmware.len());
    let mut body = None;
    let mut has_range = true;
    let mut framing = match random.u8(..8) {
        0 => Framing::UntilClose,
        1 | 2 => Framing::Chunked,
        _ => Framing::Length,
    };
    let mut has_digest = random.u8(..4) != 0;
    let mut validators = served.validators();
    let mut codings = Vec::new();
    let mut retry_after = None;
    let mut damage = 0;
    let mut shorter = 0;
    let mut longer = 0;
    let mut garbage = false;
    let mut page = false;
    let is_stale = model.validator.is_some() && model.validator != strong(&validators);
    let mut fault = random.u8(..60);
    if is_stale && random.bool() {
        // If-Range does not hold.
        fault = if model.sent_tag().is_some() && random.u8(..4) == 0 {
            31
        } else {
            6
        };
    }
    match fault {
        // Other bytes than those asked for: a gap in front, more, fewer, from before, none.
        0 => first = (first + random.usize(1..4)).min(last),
        1 => last = (last + random.usize(1..400)).min(firmware.len().max(1) - 1),
        2 => last = last.saturating_sub(random.usize(1..4)).max(first),
        20 | 21 => first -= random.usize(..=first.min(300)),
        22 => {
            first -= random.usize(..=first.min(300));
            last = (last + random.usize(..400)).min(firmware.len().max(1) - 1);
        }
        23 if first > 0 => {
            last = random.usize(..first);
            first = random.usize(..=last);
        }
        // Of firmware that grew, nothing would tell without its size.
        3 | 24 if model.total.is_none_or(|known| known == firmware.len()) => total = None,
        // A smaller size is believed as long as none is known: nobody could tell.
        4 if model.total.is_some() && random.bool() => {
            total = Some((last + 1).max(firmware.len() - 1));
        }
        4 => total = Some(firmware.len() + random.usize(1..9)),
        5 => (status, has_range) = (206, false),
        // The whole firmware, from its first byte.
        6..=9 => {
            (status, has_range) = (200, false);
            body = Some(firmware.clone());
            // Without either, a cut one could not be told from a whole one.
            has_digest |= framing == Framing::UntilClose && random.u8(..4) != 0;
        }
        10..=12 => {
            status = [408, 429, 500, 502, 503, 504][random.usize(..6)];
            body = Some(b"busy, try later".to_vec());
            has_range = false;
            retry_after = random.bool().then(|| random.u32(..100));
        }
        13 => {
            status = [201, 301, 304 - 2, 400, 401, 403, 404, 410, 412, 416][random.usize(..10)];
            body = Some(b"no".to_vec());
            has_range = false;
        }
        31 => {
            status = 412;
            body = Some(b"changed".to_vec());
            has_range = false;
        }
        14..=16 => (has_digest, damage) = (true, random.usize(1..=255)),
        // So many first bytes that one too many is never compared with what is demanded.
        17 => shorter = random.usize(1..4),
        18 if last > MAGIC.len() => longer = random.usize(1..4),
        19 => garbage = true,
        25..=27 => {
            codings = vec![["gzip", "br", "identity, gzip", "x-gzip"][random.usize(..4)]];
            let from = firmware.get(first..=last).unwrap_or_default();
            body = Some(from.iter().map(|byte| !byte).collect());
        }
        // What stands between: a portal or a proxy, where what is demanded or known tells its page from firmware.
        28..=30 | 32..=36
            if model.total.is_some() || !model.first.is_empty() || model.min_size > PAGE.len() =>
        {
            has_range = false;
            page = true;
            let statuses = [200, 200, 200, 202, 203, 301, 302, 303, 307, 308, 511];
            status = statuses[random.usize(..statuses.len())];
            let mut text = match random.u8(..4) {
                0 => Vec::new(),
                // Longer than the firmware.
                1 if model.total.is_some() || !model.first.is_empty() => PAGE.repeat(50),
                _ => PAGE.to_vec(),
            };
            if Some(text.len()) == model.total {
                text.pop();
            }
            body = Some(text);
            validators = match random.u8(..4) {
                0 => vec![(ETAG, "\"page\"".to_owned())],
                1 => vec![(LAST_MODIFIED, "Mon, 04 Jan 2021 00:00:00 GMT".to_owned())],
                _ => vec![],
            };
            codings.extend((random.u8(..8) == 0).then_some("gzip"));
        }
        _ => {}
    }
    let mut size = None;
    if model.confirmed >= firmware.len() {
        (status, has_range, garbage) = (416, false, false);
        body = Some(b"nothing there".to_vec());
        size = random.bool().then_some(firmware.len());
    }
    let part = || firmware.get(first..=last).unwrap_or_default().to_vec();
    let mut body = body.unwrap_or_else(part);
    if !matches!(status, 200 | 206) {
        // That of the page which explains the status.
        validators = vec![(ETAG, "\"error\"".to_owned())];
        validators.truncate(random.usize(..2));
    } else if !page && random.u8(..8) == 0 && !(is_stale && has_range) {
        // A part without a validator is believed to be from the image that If-Range names.
        validators.clear();
    }
    if codings.is_empty() {
        let plain = ["identity", "", "Identity, ", ",", " identity , IDENTITY"];
        codings.extend((random.u8(..16) == 0).then(|| plain[random.usize(..plain.len())]));
    }
    let digest = has_digest.then(|| crc32(&body));
    if damage != 0 && !body.is_empty() {
        let at = random.usize(..body.len());
        body[at] ^= u8::try_from(damage).unwrap();
    }
    // A body whose end nothing says is never shorter: nobody could tell it, but by its range or digest.
    body.truncate(body.len().saturating_sub(shorter));
    body.extend((0..longer).map(|_| b'x'));
    if body.is_empty() && framing == Framing::UntilClose {
        framing = Framing::Length;
    }
    let range = has_range.then_some((first, last, total));
    let one = random.u8(..10) == 0;
    let close = random.u8(..10) == 0;
    let mut answer = Answer {
        status,
        range,
        size,
        framing,
        digest,
        validators,
        codings,
        keep_alive: framing != Framing::UntilClose && !close && !one,
        body,
        retry_after,
        wire: Vec::new(),
        head_len: 0,
        places: Vec::new(),
        chunks_end: 0,
        arriving: usize::MAX,
        garbage,
        page,
    };
    if one && framing == Framing::Chunked {
        answer.framing = Framing::Length;
    }
    write(random, &mut answer, one, close);
    if random.u8(..6) == 0 {
        answer.arriving = random.usize(..answer.wire.len());
    }
    answer
}

/// The answer as it stands on the wire.
fn write(random: &mut Rng, answer: &mut Answer, one: bool, close: bool) {
    let mut fields = vec![
        field(random, "Date", "Fri, 29 Jan 2021 12:56:15 GMT"),
        field(random, "Server", "files/1.0"),
    ];
    fields.truncate(random.usize(..=2));
    match answer.framing {
        Framing::Length => {
            let len = answer.body.len().to_string();
            fields.push(field(random, "Content-Length", &len));
        }
        Framing::Chunked => fields.push(field(random, "Transfer-Encoding", "chunked")),
        Framing::UntilClose => {}
    }
    if let Some((first, last, total)) = answer.range {
        let total = total.map_or("*".to_owned(), |total| total.to_string());
        fields.push(field(
            random,
            "Content-Range",
            &format!("bytes {first}-{last}/{total}"),
        ));
    }
    if let Some(size) = answer.size {
        fields.push(field(random, "Content-Range", &format!("bytes */{size}")));
    }
    if let Some(digest) = answer.digest {
        let digest = if random.bool() {
            format!("crc32={digest:x}")
        } else {
            format!("crc32={digest:08X}")
        };
        fields.push(field(random, "Digest", &digest));
    }
    for (name, value) in &answer.validators {
        fields.push(field(random, name, value));
    }
    for value in &answer.codings {
        fields.push(field(random, "Content-Encoding", value));
    }
    if let Some(seconds) = answer.retry_after {
        fields.push(field(random, "Retry-After", &seconds.to_string()));
    }
    if close {
        fields.push(field(random, "Connection", "close"));
    } else if !one && random.bool() {
        fields.push(field(random, "Connection", "keep-alive"));
    }
    random.shuffle(&mut fields);
    let reason = ["", " ", " OK", " Partial Content"][random.usize(..4)];
    let version = if one { "1.0" } else { "1.1" };
    let mut wire = Vec::new();
    if random.u8(..20) == 0 {
        wire.extend(b"HTTP/1.1 100 Continue\r\n\r\n");
    }
    wire.extend(format!("HTTP/{version} {}{reason}\r\n", answer.status).bytes());
    if answer.garbage {
        wire = b"SSH-2.0-x\r\n".to_vec();
    }
    wire.extend(fields.concat().bytes().chain(*b"\r\n"));
    answer.head_len = wire.len();
    let mut at = 0;
    while answer.framing == Framing::Chunked && at < answer.body.len() {
        let len = random.usize(1..=answer.body.len() - at);
        let extension = ["", ";a=b", " "][random.usize(..3)];
        wire.extend(format!("{len:x}{extension}\r\n").bytes());
        answer.places.extend(wire.len()..wire.len() + len);
        wire.extend(&answer.body[at..at + len]);
        wire.extend(b"\r\n");
        at += len;
    }
    if answer.framing == Framing::Chunked {
        answer.chunks_end = wire.len() + 3;
        wire.extend(if random.bool() {
            &b"0\r\n\r\n"[..]
        } else {
            b"0\r\nX-Trailer: 1\r\n\r\n"
        });
    } else {
        answer
            .places
            .extend(wire.len()..wire.len() + answer.body.len());
        wire.extend(&answer.body);
    }
    answer.wire = wire;
}

/// One device, its server and the model beside it.
struct Run {
    random: Rng,
    device: Device,
    model: Model,
    served: Served,
    calls: usize,
    downloads: usize,
    announced: usize,
    replaced: usize,
    /// Pages in the middle of a download that did not end it.
    pages: usize,
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let mut run = Self {
            served: Served::new(&mut random),
            random,
            device: Device::new(1),
            model: Model::new(1),
            calls: 0,
            downloads: 0,
            announced: 0,
            replaced: 0,
            pages: 0,
        };
        run.begin();
        run
    }

    /// The same device after a reset, which asks for parts of another size.
    fn begin(&mut self) {
        let part = self.random.usize(1..400);
        let flash = core::mem::take(&mut self.device.flash);
        self.device = Device::new(u32::try_from(part).unwrap());
        self.device.flash = flash;
        let (url, token) = (self.model.url.clone(), self.model.token.clone());
        let kept = (
            self.model.confirmed,
            self.model.total,
            self.model.validator.take(),
        );
        let demand = (self.model.min_size, self.model.first.clone());
        self.model = Model::new(part);
        (self.model.url, self.model.token) = (url, token);
        (self.model.confirmed, self.model.total, self.model.validator) = kept;
        (self.model.min_size, self.model.first) = demand;
        // Demanded of a whole firmware, or not at all.
        if self.model.confirmed == 0 {
            self.model.first = MAGIC[..self.random.usize(..=MAGIC.len())].to_vec();
            self.model.min_size = [0, 1, 60, 300][self.random.usize(..4)];
        }
        let min_size = u32::try_from(self.model.min_size).unwrap();
        self.device.expect(min_size, &self.model.first);
        self.model.min_size = self.model.min_size.max(self.model.first.len());
        if self.random.bool() {
            self.model.retries = self.random.u32(..4);
            self.device
                .set_retries(u8::try_from(self.model.retries).unwrap());
        }
        if self.random.bool() {
            self.model.limit = self.random.u32(1..5);
            self.device
                .set_request_limit(u16::try_from(self.model.limit).unwrap());
        }
    }

    /// Announces other firmware, or what the server has now under the same URL.
    fn announce(&mut self, other: bool) {
        let mut url = self.model.url.clone();
        if other || url.is_empty() {
            self.announced += 1;
            url = format!("http://files.example/f/{}", self.announced);
            self.served = Served::new(&mut self.random);
            self.device.flash.clear();
        }
        let token: String = (0..self.random.usize(1..40))
            .map(|_| self.random.alphanumeric())
            .collect();
        let status = if self.random.bool() {
            self.device.start(url.as_bytes(), token.as_bytes())
        } else {
            let escaped = if self.random.bool() {
                url.replace('/', "\\/")
            } else {
                url.clone()
            };
            self.device.offer(&common::pack(&escaped, &token))
        };
        assert_eq!(status, OK);
        self.model.announce(&url, &token);
    }

    /// Power is lost, and what was saved before is loaded.
    fn reset(&mut self) {
        let image = self.device.save().unwrap();
        self.model.check_image(&image);
        let mut short = vec![0xC3; self.random.usize(..image.len())];
        assert_eq!(self.device.save_into(&mut short), Err(ERR_BUFFER_FULL));
        assert!(short.iter().all(|&byte| byte == 0xC3));
        self.begin();
        for _ in 0..self.random.usize(..3) {
            let mut damaged = image.clone();
            match self.random.u8(..3) {
                0 => damaged.truncate(self.random.usize(..image.len())),
                1 => damaged.push(self.random.u8(..)),
                _ => {
                    let at = self.random.usize(..image.len());
                    damaged[at] ^= 1 << self.random.u8(..8);
                }
            }
            assert_eq!(self.device.load(&damaged), ERR_IMAGE);
            assert_eq!((self.device.state(), self.device.confirmed()), (IDLE, 0));
            assert_eq!(self.device.save(), Err(ERR_STATE));
        }
        if self.random.u8(..8) == 0 {
            let texts = self.model.url.len() + self.model.token.len();
            let mut small = Device::with_memory(1, self.random.usize(..texts));
            assert_eq!(small.load(&image), ERR_FIRMWARE_TOO_LONG);
            assert_eq!(small.state(), IDLE);
        }
        assert_eq!(self.device.load(&image), OK);
        self.model.go_on();
        assert_eq!(self.device.load(&image), ERR_STATE);
    }

    fn rewind(&mut self) {
        let past = self.model.confirmed + self.random.usize(1..9);
        assert_eq!(self.device.rewind(past), ERR_INVALID_ARGUMENT);
        let offset = self.random.usize(..=self.model.confirmed);
        self.rewind_to(offset);
    }

    fn rewind_to(&mut self, offset: usize) {
        assert_eq!(self.device.rewind(offset), OK);
        self.model.confirmed = offset;
        if self.model.state == RESPONSE {
            self.model.left = 0;
        }
        self.model.go_on();
    }

    /// The device wants none of it any more, and perhaps the same again.
    fn abort(&mut self) {
        assert_eq!((self.device.port(), self.device.needs_dns()), (80, true));
        self.device.abort();
        let model = &mut self.model;
        (model.confirmed, model.left, model.failures) = (0, 0, 0);
        (model.error, model.state) = (OK, IDLE);
        model.forget();
        model.check(&self.device);
        assert_eq!((self.device.port(), self.device.needs_dns()), (0, false));
        assert_eq!(self.device.save(), Err(ERR_STATE));
        assert_eq!(self.device.request(), Err(ERR_STATE));
        assert_eq!(self.device.rewind(0), ERR_STATE);
        let other = self.random.bool();
        self.announce(other);
    }

    /// One thing that a device, a server or the network does.
    fn step(&mut self) {
        self.calls += 1;
        if self.model.state == IDLE {
            return self.announce(true);
        }
        match self.random.u8(..100) {
            0 => return self.announce(true),
            1..=2 => return self.announce(false),
            3..=5 => return self.reset(),
            6 => return self.rewind(),
            10 if self.random.u8(..4) == 0 => return self.abort(),
            // The server has other firmware under this URL.
            7 if self.model.state == REQUEST && self.random.u8(..4) == 0 => {
                // A size that the server lied about is not the new one.
                let len = self.served.bytes.len() + self.random.usize(10..50);
                self.served.replace(&mut self.random, len);
                // With the size of the one before it is refused; without, fetched from the start.
                if self.model.total.is_none() {
                    self.rewind_to(0);
                }
                return;
            }
            // The same, and it is as long as the one before: the validator has to tell.
            8 | 9
                if self.model.state == REQUEST
                    && self.model.validator.is_some()
                    && self.model.validator == strong(&self.served.validators()) =>
            {
                let len = self.served.bytes.len();
                self.served.replace(&mut self.random, len);
                self.replaced += 1;
                return;
            }
            _ => {}
        }
        match self.model.state {
            COMPLETE => {
                // Behind the end there may be bytes that were never confirmed.
                assert!(self.device.flash.starts_with(&self.served.bytes));
                assert!(self.served.bytes.starts_with(&self.model.first));
                assert!(self.served.bytes.len() >= self.model.min_size);
                assert_eq!(self.model.confirmed, self.served.bytes.len());
                assert_eq!(self.device.request(), Err(ERR_STATE));
                assert_eq!(self.device.close(), ERR_STATE);
                self.downloads += 1;
                self.announce(true);
            }
            FAILED => {
                let error = self.model.error;
                assert_eq!(self.device.request(), Err(error));
                assert_eq!(self.device.close(), error);
                assert_eq!(self.device.connected(), ERR_STATE);
                assert_eq!(self.device.feed_once(b"x").status, error);
                if error == ERR_FIRMWARE_SIZE || self.random.u8(..8) == 0 {
                    self.rewind_to(0);
                } else if self.random.u8(..8) == 0 {
                    self.reset();
                } else {
                    self.announce(false);
                }
            }
            REQUEST if self.model.left == 0 => {
                assert_eq!(self.device.request(), Err(ERR_STATE));
                if self.random.u8(..16) == 0 {
                    let expected = self.model.settle(Verdict::Again(ERR_HTTP_TRUNCATED));
                    assert_eq!(self.device.close(), expected);
                } else {
                    assert_eq!(self.device.connected(), OK);
                    self.model.left = self.model.limit;
                    self.model.answered = false;
                }
            }
            REQUEST if self.random.u8(..30) == 0 => {
                // An idle connection is closed, which is no failure behind an answer.
                let lost = Verdict::Again(ERR_HTTP_TRUNCATED);
                self.model.left = 0;
                let expected = if self.model.answered {
                    AGAIN
                } else {
                    self.model.settle(lost)
                };
                assert_eq!(self.device.close(), expected);
            }
            REQUEST => self.exchange(),
            state => panic!("state {state}"),
        }
    }

    /// A request and its answer, to the last byte that arrives.
    fn exchange(&mut self) {
        assert_eq!(
            self.device.request().as_deref(),
            Ok(&self.model.request()[..])
        );
        self.model.state = RESPONSE;
        let answer = answer(&mut self.random, &self.model, &self.served);
        let asked = self.model.confirmed;
        let base = answer.range.map_or(0, |(first, _, _)| first);
        let interrupted = self.random.u8(..40) == 0;
        let until = if interrupted {
            self.random.usize(..=answer.wire.len())
        } else {
            answer.wire.len()
        };
        let wire = &answer.wire[..answer.arriving.min(until)];
        let mut next = asked;
        let mut at = 0;
        let mut status = NEED_MORE;
        let step = 1 + self.random.usize(..wire.len().max(1));
        while status == NEED_MORE && at < wire.len() {
            self.calls += 1;
            let len = self.random.usize(1..=step).min(wire.len() - at);
            let fed = self.device.feed_once(&wire[at..at + len]);
            status = fed.status;
            if status >= 0 {
                assert!(fed.used > 0 && fed.used <= len);
                at += fed.used;
                if !fed.piece.is_empty() {
                    assert_eq!(fed.offset, next);
                    next += fed.piece.len();
                    assert_eq!(fed.piece, answer.body[fed.offset - base..next - base]);
                    self.device.write(fed.offset, &fed.piece);
                }
            }
        }
        if interrupted && status == NEED_MORE {
            // Something else happens in the middle of the response: another announcement, a reset, or an end.
            let before = self.model.total;
            self.model.total = Some(self.device.total()).filter(|total| *total != 0);
            assert!(before.is_none() || before == self.model.total);
            match self.random.u8(..4) {
                0 => self.announce(true),
                1 => self.rewind(),
                2 => self.abort(),
                _ => self.reset(),
            }
            return;
        }
        let verdict = self.model.judge(&answer);
        let lost = match verdict {
            Verdict::Again(error) => ![ERR_FIRMWARE_BUSY, ERR_FIRMWARE_CRC].contains(&error),
            _ => false,
        };
        self.model.answered = true;
        self.model.left = if answer.keep_alive && !lost {
            self.model.left - 1
        } else {
            0
        };
        if status == NEED_MORE {
            self.calls += 1;
            status = self.device.close();
            self.model.left = 0;
        }
        let expected = self.model.settle(verdict);
        self.pages += usize::from(answer.page && asked > 0 && expected == AGAIN);
        let head = answer.wire[..answer.head_len].escape_ascii();
        assert_eq!(
            status,
            expected,
            "{head}, {} bytes of the body, {} of {} bytes arrive",
            answer.body.len(),
            answer.arriving,
            answer.wire.len()
        );
        if status == OK {
            assert_eq!(next, self.model.confirmed);
            assert_eq!(at, answer.wire.len().min(answer.arriving));
            assert!(
                self.device.flash[..next] == self.served.bytes[..next],
                "{head}: {asked} to {next} of another image, style {} validator {:?}",
                self.served.style,
                self.model.validator
            );
        }
        if status >= 0 && !answer.garbage && answer.arriving >= answer.head_len {
            assert_eq!(self.device.http_status(), i32::from(answer.status));
            assert_eq!(self.device.retry_after(), answer.retry_after.unwrap_or(0));
        }
    }
}

#[test]
fn whatever_the_server_and_the_network_do_only_the_right_bytes_are_confirmed() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seed = number("KPN_SEED").unwrap_or(0x4B50_4E46);
    let cases = number("KPN_CASES").unwrap_or(5_000_000);
    println!("KPN_SEED={seed}");
    let mut run = Run::new(seed);
    while run.calls < usize::try_from(cases).unwrap() {
        run.step();
        run.model.check(&run.device);
    }
    let [downloads, replaced, pages] = [run.downloads, run.replaced, run.pages];
    println!(
        "{} calls, {downloads} downloads, {replaced} images replaced, {pages} pages in between",
        run.calls
    );
    let shares = [
        ("whole", downloads, 2000),
        ("replaced", replaced, 2000),
        ("pages", pages, 400),
    ];
    shares::check(run.calls, &shares);
}
