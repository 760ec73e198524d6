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

#[path = "random_firmware/answer.rs"]
mod answer;
#[path = "common/firmware.rs"]
mod common;
#[path = "random_firmware/model.rs"]
mod model;
#[path = "common/random.rs"]
mod random;
#[path = "random_firmware/server.rs"]
mod server;
#[path = "common/shares.rs"]
mod shares;

use common::Device;
use common::status::{
    AGAIN, ERR_BUFFER_FULL, ERR_FIRMWARE_BUSY, ERR_FIRMWARE_CRC, ERR_FIRMWARE_SIZE,
    ERR_FIRMWARE_TOO_LONG, ERR_HTTP_TRUNCATED, ERR_IMAGE, ERR_INVALID_ARGUMENT, ERR_STATE,
    NEED_MORE, OK,
};
use fastrand::Rng;
use kpn_things::ffi::firmware::{
    KPN_FIRMWARE_COMPLETE as COMPLETE, KPN_FIRMWARE_FAILED as FAILED, KPN_FIRMWARE_IDLE as IDLE,
    KPN_FIRMWARE_REQUEST as REQUEST, KPN_FIRMWARE_RESPONSE as RESPONSE,
};
use model::{Model, Verdict, strong};
use random::setting;
use server::{MAGIC, Served, answer};

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
        assert_ne!(self.device.port(), 0);
        self.device.abort();
        let model = &mut self.model;
        (model.confirmed, model.left, model.failures) = (0, 0, 0);
        (model.error, model.state) = (OK, IDLE);
        model.forget();
        model.check(&self.device);
        assert_eq!(self.device.port(), 0);
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
    let seed = setting("KPN_SEED", 0x4B50_4E46);
    let cases = setting("KPN_CASES", 5_000_000);
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
