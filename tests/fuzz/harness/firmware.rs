// SPDX-License-Identifier: MIT OR Apache-2.0
//! A download from a server that sends anything, to two devices that receive it in different pieces, saved and loaded
//! in between, even from changed images.

use kpn_things::ffi::firmware::{KPN_FIRMWARE_COMPLETE, KPN_FIRMWARE_FAILED, KPN_FIRMWARE_IDLE};

use super::drivers::firmware::{Device, TOKEN, URL, answer, crc32, image, pack};
use super::input::Input;
use super::status::OK;

struct Both {
    devices: [Device; 2],
    part_size: u32,
    memory: usize,
    /// Bytes that arrive at a time, at each.
    sizes: [usize; 2],
    /// What the server has.
    image: Vec<u8>,
    request: Option<String>,
    /// Whether everything received came from the image.
    is_honest: bool,
}

pub fn run(input: &[u8]) {
    let mut input = Input::new(input);
    let part_size = (input.wide() as u32).max(1);
    let memory = match input.u8() {
        0..=0x7F => 1280,
        _ => input.size(1400),
    };
    let new = || Device::with_memory(part_size, memory);
    let mut both = Both {
        devices: [new(), new()],
        part_size,
        memory,
        sizes: [usize::MAX, usize::from(input.u8())],
        image: image(input.size(600) + 1),
        request: None,
        is_honest: true,
    };
    for _ in 0..50 {
        if input.is_empty() {
            break;
        }
        both.step(&mut input);
        both.check();
    }
}

impl Both {
    /// The same call on both, which must have the same result.
    fn call<T: PartialEq + std::fmt::Debug>(&mut self, call: impl Fn(&mut Device) -> T) -> T {
        let [left, right] = &mut self.devices;
        let (left, right) = (call(left), call(right));
        assert_eq!(left, right);
        left
    }

    fn step(&mut self, input: &mut Input<'_>) {
        match input.u8() & 15 {
            0 => self.announce(input),
            1 => {
                let (url, token) = (input.bytes(300), input.bytes(1100));
                self.call(|device| device.start(url, token));
            }
            2 | 3 => self.request(),
            4..=6 => self.serve(input),
            7 => {
                let bytes = input.bytes(600);
                self.is_honest = false;
                self.feed(bytes);
            }
            8 => {
                self.call(Device::close);
            }
            9 => {
                let offset = input.size(700);
                self.call(|device| device.rewind(offset));
            }
            10 => self.call(Device::abort),
            11 => {
                let (retries, limit, real) = (input.u8(), input.u16(), input.bool());
                self.call(|device| {
                    device.set_retries(retries);
                    device.set_request_limit(limit.max(1));
                    device.set_real_host(real);
                });
            }
            12 => {
                if let Ok(image) = self.call(|device| device.save()) {
                    assert_eq!(self.reset(&image), OK);
                }
            }
            13 => self.attack(input),
            // As a device does it.
            _ => {
                self.request();
                self.serve(input);
            }
        }
    }

    fn announce(&mut self, input: &mut Input<'_>) {
        let json = if input.bool() {
            pack(URL, TOKEN)
        } else {
            String::from_utf8_lossy(input.bytes(500)).into_owned()
        };
        self.call(|device| device.offer(&json));
    }

    fn request(&mut self) {
        if self.call(|device| device.must_connect()) {
            self.call(Device::connected);
        }
        if let Ok(request) = self.call(Device::request) {
            let mut fields = [httparse::EMPTY_HEADER; 12];
            let mut head = httparse::Request::new(&mut fields);
            let len = head.parse(request.as_bytes()).unwrap().unwrap();
            assert_eq!((len, head.method), (request.len(), Some("GET")));
            self.request = Some(request);
        }
    }

    /// The answer to the last request, perhaps with some bytes changed or without its end.
    fn serve(&mut self, input: &mut Input<'_>) {
        let Some(request) = &self.request else {
            return;
        };
        let mut answer = if asks_beyond(request, self.image.len()) {
            self.is_honest = false;
            b"HTTP/1.1 416 \r\nContent-Length: 0\r\n\r\n".to_vec()
        } else {
            answer(&self.image, request)
        };
        for _ in 0..input.u8().saturating_sub(250) {
            self.is_honest = false;
            let at = input.size(answer.len() - 1);
            answer[at] = input.u8();
        }
        if input.u8() > 250 {
            answer.truncate(input.size(answer.len()));
        }
        self.feed(&answer);
    }

    fn feed(&mut self, bytes: &[u8]) {
        let sizes = self.sizes;
        let [left, right] = &mut self.devices;
        let size = sizes[1].clamp(1, bytes.len().max(1));
        let whole = left.feed(bytes, sizes[0].min(bytes.len().max(1)));
        assert_eq!(whole, right.feed(bytes, size));
    }

    /// A changed image whose checksum is nevertheless right.
    fn attack(&mut self, input: &mut Input<'_>) {
        let Ok(mut saved) = self.call(|device| device.save()) else {
            return;
        };
        saved.truncate(saved.len() - 4);
        for _ in 0..input.u8() & 7 {
            let at = input.size(saved.len() - 1);
            saved[at] = input.u8();
        }
        saved.extend_from_slice(&crc32(&saved).to_le_bytes());
        self.is_honest = false;
        // It may call bytes confirmed that never were, and those the devices wrote differently.
        let [left, right] = &mut self.devices;
        right.flash.clone_from(&left.flash);
        self.reset(&saved);
    }

    /// The devices restart with the contents of their flash and this image; if it is refused, they have none.
    fn reset(&mut self, image: &[u8]) -> i32 {
        self.request = None;
        for device in &mut self.devices {
            let flash = std::mem::take(&mut device.flash);
            *device = Device::with_memory(self.part_size, self.memory);
            device.flash = flash;
        }
        let loaded = self.call(|device| device.load(image));
        if loaded != OK {
            self.call(|device| assert_eq!(device.state(), KPN_FIRMWARE_IDLE));
        }
        loaded
    }

    fn check(&mut self) {
        let seen = self.call(|device| {
            (
                (device.state(), device.error(), device.failures()),
                (device.confirmed(), device.total()),
                (device.http_status(), device.retry_after()),
            )
        });
        let ((state, error, _), (confirmed, total), _) = seen;
        assert!((KPN_FIRMWARE_IDLE..=KPN_FIRMWARE_FAILED).contains(&state));
        assert!(confirmed <= total || total == 0 && confirmed == 0);
        assert!(state != KPN_FIRMWARE_FAILED || error < 0);
        let [left, right] = &self.devices;
        let confirmed = confirmed.min(left.flash.len()).min(right.flash.len());
        assert_eq!(left.flash[..confirmed], right.flash[..confirmed]);
        if self.is_honest {
            assert_eq!(left.flash[..confirmed], self.image[..confirmed]);
            if state == KPN_FIRMWARE_COMPLETE {
                assert_eq!(total, self.image.len());
                assert_eq!(left.flash[..total], self.image);
            }
        }
    }
}

/// Whether the range of a request lies behind the image.
fn asks_beyond(request: &str, len: usize) -> bool {
    super::drivers::firmware::range_of(request).0 >= len
}
