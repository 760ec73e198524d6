//! Downloads from a file server with faults, through the C functions, against a model of what the header promises.
//!
//! `KPN_CASES` is the number of C calls, `KPN_SEED` another random run.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "a test may panic"
)]

#[path = "common/firmware.rs"]
mod common;

use common::status::{
    AGAIN, ERR_BUFFER_FULL, ERR_FIRMWARE_BUSY, ERR_FIRMWARE_CRC, ERR_FIRMWARE_RANGE,
    ERR_FIRMWARE_REFUSED, ERR_FIRMWARE_SIZE, ERR_FIRMWARE_TOO_LONG, ERR_HTTP_SYNTAX,
    ERR_HTTP_TRUNCATED, ERR_IMAGE, ERR_INVALID_ARGUMENT, ERR_STATE, NEED_MORE, OK,
};
use common::{Device, Status, crc32};
use fastrand::Rng;
use kpn_things::ffi::firmware::{
    KPN_FIRMWARE_COMPLETE as COMPLETE, KPN_FIRMWARE_FAILED as FAILED, KPN_FIRMWARE_IDLE as IDLE,
    KPN_FIRMWARE_IMAGE_EXTRA, KPN_FIRMWARE_REQUEST as REQUEST, KPN_FIRMWARE_RESPONSE as RESPONSE,
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
    failures: u32,
    error: Status,
    /// Requests that the connection still takes.
    left: u32,
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
            failures: 0,
            error: OK,
            left: 0,
        }
    }

    fn go_on(&mut self) {
        self.failures = 0;
        self.error = OK;
        self.state = if self.total == Some(self.confirmed) {
            COMPLETE
        } else {
            REQUEST
        };
    }

    fn announce(&mut self, url: &str, token: &str) {
        if url != self.url {
            url.clone_into(&mut self.url);
            (self.confirmed, self.total, self.left) = (0, None, 0);
            self.state = REQUEST;
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
        format!(
            "GET {path} HTTP/1.1\r\nHost: m.m\r\nAuthorization: Bearer {}\r\nRange: bytes={}-{}\r\n\r\n",
            self.token,
            self.confirmed,
            self.end() - 1
        )
    }

    /// Little-endian numbers, the texts, the checksum.
    fn image(&self) -> Vec<u8> {
        let mut image = b"KPNF\x02\0".to_vec();
        image.extend(u16::try_from(self.url.len()).unwrap().to_le_bytes());
        for number in [self.token.len(), self.confirmed, self.total.unwrap_or(0)] {
            image.extend(u32::try_from(number).unwrap().to_le_bytes());
        }
        image.extend(self.url.bytes().chain(self.token.bytes()));
        let crc = crc32(&image);
        image.extend(crc.to_le_bytes());
        image
    }

    /// What a response whose first `answer.arriving` bytes arrive is worth; takes over a size that its head gives.
    fn judge(&mut self, answer: &Answer) -> Verdict {
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
            416 if answer.size.is_some_and(differs) => return Verdict::Fails(ERR_FIRMWARE_SIZE),
            416 => return range_error,
            200 | 206 => {}
            _ => return Verdict::Fails(ERR_FIRMWARE_REFUSED),
        }
        let len = (answer.framing == Framing::Length).then_some(answer.body.len());
        let base;
        let mut end;
        if let Some((first, last, total)) = answer.range {
            let Some(total) = total else {
                return range_error;
            };
            if differs(total) {
                return Verdict::Fails(ERR_FIRMWARE_SIZE);
            }
            let wanted = self.end().min(total);
            if first != self.confirmed
                || last + 1 != wanted
                || len.is_some_and(|len| len != last + 1 - first)
            {
                return range_error;
            }
            self.total = Some(total);
            base = first;
            end = Some(wanted);
        } else {
            if answer.status == 206 || len == Some(0) {
                return range_error;
            }
            end = len.or(self.total);
            if end.is_some_and(differs) {
                return Verdict::Fails(ERR_FIRMWARE_SIZE);
            }
            base = 0;
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
        let may_be_part = self.total.is_none() && base + arrived == self.part;
        if end != Some(base + arrived) || base + arrived == 0 || may_be_part {
            return range_error;
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
                AGAIN
            }
            Verdict::Again(error) | Verdict::Fails(error) => {
                self.error = error;
                self.left = 0;
                self.state = FAILED;
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

/// The answer of a server that has `firmware` to the request that the model expects, with perhaps one fault.
fn answer(random: &mut Rng, model: &Model, firmware: &[u8]) -> Answer {
    let mut first = model.confirmed;
    let mut last = model.end().min(firmware.len()).max(first + 1) - 1;
    let mut status = if random.bool() { 200 } else { 206 };
    let mut total = Some(firmware.len());
    let mut body = firmware
        .get(first..=last.min(firmware.len().saturating_sub(1)))
        .unwrap_or_default()
        .to_vec();
    let mut has_range = true;
    let mut framing = match random.u8(..8) {
        0 => Framing::UntilClose,
        1 | 2 => Framing::Chunked,
        _ => Framing::Length,
    };
    let mut has_digest = random.u8(..4) != 0;
    let mut retry_after = None;
    let mut damage = 0;
    let mut shorter = 0;
    let mut longer = 0;
    let mut garbage = false;
    match random.u8(..40) {
        0 => first = (first + random.usize(1..4)).min(last),
        1 => last = (last + random.usize(1..4)).min(firmware.len() - 1),
        2 => last = last.saturating_sub(random.usize(1..4)).max(first),
        3 => total = None,
        // A smaller size is believed as long as none is known: nobody could tell.
        4 if model.total.is_some() && random.bool() => {
            total = Some((last + 1).max(firmware.len() - 1));
        }
        4 => total = Some(firmware.len() + random.usize(1..9)),
        5 => (status, has_range) = (206, false),
        // The whole firmware, from its first byte.
        6..=9 => {
            (status, has_range) = (200, false);
            body = firmware.to_vec();
            // Without either, a cut one could not be told from a whole one.
            has_digest |= framing == Framing::UntilClose && random.u8(..4) != 0;
        }
        10..=12 => {
            status = [408, 429, 500, 502, 503, 504][random.usize(..6)];
            body = b"busy, try later".to_vec();
            has_range = false;
            retry_after = random.bool().then(|| random.u32(..100));
        }
        13 => {
            status = [201, 301, 304 - 2, 400, 401, 403, 404, 410, 416][random.usize(..9)];
            body = b"no".to_vec();
            has_range = false;
        }
        14..=16 => (has_digest, damage) = (true, random.usize(1..=255)),
        17 => shorter = random.usize(1..4),
        18 => longer = random.usize(1..4),
        19 => garbage = true,
        _ => {}
    }
    let mut size = None;
    if model.confirmed >= firmware.len() {
        (status, has_range, garbage) = (416, false, false);
        body = b"nothing there".to_vec();
        size = random.bool().then_some(firmware.len());
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
        keep_alive: framing != Framing::UntilClose && !close && !one,
        body,
        retry_after,
        wire: Vec::new(),
        head_len: 0,
        places: Vec::new(),
        chunks_end: 0,
        arriving: usize::MAX,
        garbage,
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
    firmware: Vec<u8>,
    calls: usize,
    downloads: usize,
    announced: usize,
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut run = Self {
            random: Rng::with_seed(seed),
            device: Device::new(1),
            model: Model::new(1),
            firmware: Vec::new(),
            calls: 0,
            downloads: 0,
            announced: 0,
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
        let kept = (self.model.confirmed, self.model.total);
        self.model = Model::new(part);
        (self.model.url, self.model.token) = (url, token);
        (self.model.confirmed, self.model.total) = kept;
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
            let len = self.random.usize(1..2000);
            self.firmware = (0..len).map(|_| self.random.u8(..)).collect();
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
        assert_eq!(image, self.model.image());
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
            let texts = image.len() - KPN_FIRMWARE_IMAGE_EXTRA;
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
        if offset == 0 {
            self.model.total = None;
        }
        if self.model.state == RESPONSE {
            self.model.left = 0;
        }
        self.model.go_on();
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
            // The server has other firmware under this URL.
            7 if self.model.state == REQUEST && self.random.u8(..4) == 0 => {
                // A size that the server lied about is not the new one.
                let len = self.firmware.len() + self.random.usize(10..50);
                self.firmware = (0..len).map(|_| self.random.u8(..)).collect();
                self.device.flash.clear();
                // With the size of the one before it is refused; without, fetched from the start.
                if self.model.total.is_none() {
                    self.rewind_to(0);
                }
                return;
            }
            _ => {}
        }
        match self.model.state {
            COMPLETE => {
                // Behind the end there may be bytes that were never confirmed.
                assert!(self.device.flash.starts_with(&self.firmware));
                assert_eq!(self.model.confirmed, self.firmware.len());
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
                if error == ERR_FIRMWARE_SIZE {
                    self.rewind_to(0);
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
                }
            }
            REQUEST if self.random.u8(..30) == 0 => {
                // An idle connection is closed.
                assert_eq!(self.device.close(), AGAIN);
                self.model.left = 0;
                // The state says nothing of it.
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
        let answer = answer(&mut self.random, &self.model, &self.firmware);
        let asked = self.model.confirmed;
        let base = if answer.range.is_some() { asked } else { 0 };
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
            // Something else happens in the middle of the response: another announcement, or a reset.
            let before = self.model.total;
            self.model.total = Some(self.device.total()).filter(|total| *total != 0);
            assert!(before.is_none() || before == self.model.total);
            match self.random.u8(..3) {
                0 => self.announce(true),
                1 => self.rewind(),
                _ => self.reset(),
            }
            return;
        }
        let verdict = self.model.judge(&answer);
        let lost = matches!(
            verdict,
            Verdict::Again(ERR_HTTP_TRUNCATED | ERR_HTTP_SYNTAX)
        );
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
            assert_eq!(self.device.flash[..next], self.firmware[..next]);
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
    println!("{} calls, {} downloads", run.calls, run.downloads);
    assert!(run.downloads * 2000 > run.calls);
}
