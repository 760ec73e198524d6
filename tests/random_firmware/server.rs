// SPDX-License-Identifier: MIT OR Apache-2.0
//! A file server: the images that it has, and how it answers a request, with all that may go wrong.

use fastrand::Rng;

use crate::answer::{Answer, ETAG, ETAG_MAX, Framing, LAST_MODIFIED, Validator, write};
use crate::common::crc32;
use crate::model::{Model, strong};

/// What every firmware begins with, but for one that was built wrongly.
pub const MAGIC: [u8; 8] = [0x3d, 0xb8, 0xf3, 0x96, b'K', b'P', b'N', 0];

const PAGE: &[u8] = b"<!DOCTYPE html><html><body>Please log in</body></html>";

/// What the server has under the URL.
pub struct Served {
    pub bytes: Vec<u8>,
    /// Counts what it had before.
    pub version: u32,
    /// Which validators come with it.
    pub style: u8,
}

impl Served {
    pub fn new(random: &mut Rng) -> Self {
        let len = random.usize(1..2000);
        Self {
            bytes: firmware(random, len),
            version: random.u32(..1000),
            style: random.u8(..14),
        }
    }

    /// Other firmware of this length.
    pub fn replace(&mut self, random: &mut Rng, len: usize) {
        self.bytes = firmware(random, len);
        self.version += 1;
    }

    pub fn validators(&self) -> Vec<Validator> {
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

/// The answer of a server to the request that the model expects, with perhaps one fault.
pub fn answer(random: &mut Rng, model: &Model, served: &Served) -> Answer {
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
