// SPDX-License-Identifier: MIT OR Apache-2.0
//! The C functions of firmware over the air with a device's memory and flash, and a file server without faults.
#![allow(
    dead_code,
    reason = "each test takes what it needs of what all of them share"
)]

use core::ffi::CStr;
use core::mem::MaybeUninit;
use std::ffi::CString;

pub use crc32::crc32;
use kpn_things::ffi::downlink::{kpn_downlink_begin_bytes, kpn_downlink_next};
use kpn_things::ffi::firmware::announce::*;
use kpn_things::ffi::firmware::answer::*;
use kpn_things::ffi::firmware::image::*;
use kpn_things::ffi::firmware::request::*;
use kpn_things::ffi::firmware::*;
use status::{END, ERR_BUFFER_FULL, NEED_MORE, OK};

#[path = "crc32.rs"]
mod crc32;
#[path = "status.rs"]
pub mod status;

pub const URN: &str = "urn:dev:IMEI:490154203237518:";
pub const URL: &str = "http://10.0.0.1:81/f/v1/12345678";
pub const TOKEN: &str = "eyJh.eyJz.Sf-l_x";

/// A status: `OK` and positive ones, or a failure.
pub type Status = i32;

/// What one `kpn_firmware_feed` gave.
pub struct Fed {
    pub status: Status,
    pub used: usize,
    pub offset: usize,
    pub piece: Vec<u8>,
}

/// A download, its memory, and the flash.
pub struct Device {
    object: Box<MaybeUninit<kpn_firmware>>,
    memory: Box<[u8]>,
    pub flash: Vec<u8>,
}

impl Device {
    pub fn new(part_size: u32) -> Self {
        Self::with_memory(part_size, KPN_FIRMWARE_MEMORY)
    }

    pub fn with_memory(part_size: u32, cap: usize) -> Self {
        let mut device = Self {
            object: Box::new(MaybeUninit::uninit()),
            memory: vec![0xA5; cap].into(),
            flash: Vec::new(),
        };
        // SAFETY: the object and its memory belong to the device, which moves neither.
        let status = unsafe {
            kpn_firmware_begin(
                device.object.as_mut_ptr(),
                device.memory.as_mut_ptr(),
                cap,
                part_size,
            )
        };
        assert_eq!(status, OK);
        device
    }

    /// Announced, with an open connection.
    pub fn announced(part_size: u32) -> Self {
        let mut device = Self::new(part_size);
        assert_eq!(device.offer(&pack(URL, TOKEN)), OK);
        assert!(device.must_connect());
        assert_eq!(device.connected(), OK);
        device
    }

    pub fn memory(&self) -> &[u8] {
        &self.memory
    }

    fn object(&mut self) -> *mut kpn_firmware {
        self.object.as_mut_ptr()
    }

    pub fn offer(&mut self, json: &str) -> Status {
        self.offer_to(json, Some(URN))
    }

    /// Offers a downlink, reads all its records, as a caller may, and offers it again, which must announce nothing.
    pub fn offer_to(&mut self, json: &str, urn: Option<&str>) -> Status {
        let mut body = json.as_bytes().to_vec();
        let mut downlink = MaybeUninit::uninit();
        // SAFETY: all memory belongs to this function.
        let status = unsafe {
            kpn_downlink_begin_bytes(downlink.as_mut_ptr(), body.as_mut_ptr(), body.len())
        };
        if status != OK {
            return status;
        }
        let urn = urn.map(|urn| CString::new(urn).unwrap());
        let urn = urn.as_deref().map_or(core::ptr::null(), CStr::as_ptr);
        // SAFETY: begun, and NULL or NUL-terminated.
        let status = unsafe { kpn_firmware_offer(self.object(), downlink.as_ptr(), urn) };
        let mut record = MaybeUninit::uninit();
        // SAFETY: begun; the record is memory for one.
        while unsafe { kpn_downlink_next(downlink.as_mut_ptr(), record.as_mut_ptr()) } == OK {}
        // SAFETY: as before.
        let again = unsafe { kpn_firmware_offer(self.object(), downlink.as_ptr(), urn) };
        assert_eq!(again, END);
        status
    }

    pub fn start(&mut self, url: &[u8], token: &[u8]) -> Status {
        // SAFETY: begun; the texts have these lengths.
        unsafe {
            kpn_firmware_start_n(
                self.object(),
                url.as_ptr().cast(),
                url.len(),
                token.as_ptr().cast(),
                token.len(),
            )
        }
    }

    pub fn set_retries(&mut self, retries: u8) {
        // SAFETY: begun.
        let status = unsafe { kpn_firmware_set_retries(self.object(), retries) };
        assert_eq!(status, OK);
    }

    pub fn set_request_limit(&mut self, limit: u16) {
        // SAFETY: begun.
        let status = unsafe { kpn_firmware_set_request_limit(self.object(), limit) };
        assert_eq!(status, OK);
    }

    pub fn set_real_host(&mut self, real: bool) {
        // SAFETY: begun.
        let status = unsafe { kpn_firmware_set_real_host(self.object(), real) };
        assert_eq!(status, OK);
    }

    pub fn expect(&mut self, min_size: u32, first: &[u8]) {
        assert_eq!(self.try_expect(min_size, first), OK);
    }

    pub fn try_expect(&mut self, min_size: u32, first: &[u8]) -> Status {
        // SAFETY: begun; the bytes have this length.
        unsafe { kpn_firmware_expect(self.object(), min_size, first.as_ptr(), first.len()) }
    }

    pub fn state(&self) -> i32 {
        // SAFETY: begun.
        unsafe { kpn_firmware_state(self.object.as_ptr()) }
    }

    pub fn must_connect(&self) -> bool {
        // SAFETY: begun.
        unsafe { kpn_firmware_must_connect(self.object.as_ptr()) }
    }

    pub fn connected(&mut self) -> Status {
        // SAFETY: begun.
        unsafe { kpn_firmware_connected(self.object()) }
    }

    /// The request, written into exactly the room that it needs.
    pub fn request(&mut self) -> Result<String, Status> {
        match self.request_into(&mut []) {
            Err((ERR_BUFFER_FULL, need)) => {
                let mut buffer = vec![0; need];
                assert_eq!(self.request_into(&mut buffer), Ok(need));
                Ok(String::from_utf8(buffer).unwrap())
            }
            Err((status, _)) => Err(status),
            Ok(_) => panic!("a request without bytes"),
        }
    }

    pub fn request_into(&mut self, buffer: &mut [u8]) -> Result<usize, (Status, usize)> {
        let mut len = 0;
        // SAFETY: begun; the buffer has this length.
        let status = unsafe {
            kpn_firmware_request(
                self.object(),
                buffer.as_mut_ptr(),
                buffer.len(),
                &raw mut len,
            )
        };
        if status == OK {
            Ok(len)
        } else {
            Err((status, len))
        }
    }

    pub fn feed_once(&mut self, bytes: &[u8]) -> Fed {
        let mut piece = kpn_firmware_piece {
            offset: 0,
            ptr: core::ptr::null(),
            len: 0,
            used: 0,
        };
        // SAFETY: begun; the bytes have this length.
        let status = unsafe {
            kpn_firmware_feed(self.object(), bytes.as_ptr(), bytes.len(), &raw mut piece)
        };
        assert!(piece.len <= piece.used && piece.used <= bytes.len());
        let from = if piece.len == 0 {
            0
        } else {
            piece.ptr.addr() - bytes.as_ptr().addr()
        };
        Fed {
            status,
            used: piece.used,
            offset: usize::try_from(piece.offset).unwrap(),
            piece: bytes[from..from + piece.len].to_vec(),
        }
    }

    pub fn close(&mut self) -> Status {
        // SAFETY: begun.
        unsafe { kpn_firmware_close(self.object()) }
    }

    /// The image, written into exactly the room that it needs.
    pub fn save(&self) -> Result<Vec<u8>, Status> {
        let mut image = vec![0; KPN_FIRMWARE_IMAGE_MAX];
        let len = self.save_into(&mut image)?;
        image.truncate(len);
        let mut exact = vec![0; len];
        assert_eq!(self.save_into(&mut exact), Ok(len));
        assert_eq!(exact, image);
        Ok(image)
    }

    pub fn save_into(&self, out: &mut [u8]) -> Result<usize, Status> {
        let mut len = usize::MAX;
        // SAFETY: begun; the image has this length.
        let status = unsafe {
            kpn_firmware_save(
                self.object.as_ptr(),
                out.as_mut_ptr(),
                out.len(),
                &raw mut len,
            )
        };
        assert_eq!(status == OK, len != usize::MAX);
        if status == OK { Ok(len) } else { Err(status) }
    }

    pub fn load(&mut self, image: &[u8]) -> Status {
        // SAFETY: begun; the image has this length.
        unsafe { kpn_firmware_load(self.object(), image.as_ptr(), image.len()) }
    }

    pub fn rewind(&mut self, offset: usize) -> Status {
        let offset = u32::try_from(offset).unwrap();
        // SAFETY: begun.
        unsafe { kpn_firmware_rewind(self.object(), offset) }
    }

    pub fn abort(&mut self) {
        // SAFETY: begun.
        assert_eq!(unsafe { kpn_firmware_abort(self.object()) }, OK);
    }

    pub fn port(&self) -> u16 {
        // SAFETY: begun.
        unsafe { kpn_firmware_port(self.object.as_ptr()) }
    }

    pub fn error(&self) -> Status {
        // SAFETY: begun.
        unsafe { kpn_firmware_error(self.object.as_ptr()) }
    }

    pub fn failures(&self) -> u32 {
        // SAFETY: begun.
        unsafe { kpn_firmware_failures(self.object.as_ptr()) }
    }

    pub fn http_status(&self) -> i32 {
        // SAFETY: begun.
        unsafe { kpn_firmware_http_status(self.object.as_ptr()) }
    }

    pub fn retry_after(&self) -> u32 {
        // SAFETY: begun.
        unsafe { kpn_firmware_retry_after(self.object.as_ptr()) }
    }

    pub fn confirmed(&self) -> usize {
        // SAFETY: begun.
        usize::try_from(unsafe { kpn_firmware_confirmed(self.object.as_ptr()) }).unwrap()
    }

    pub fn total(&self) -> usize {
        // SAFETY: begun.
        usize::try_from(unsafe { kpn_firmware_total(self.object.as_ptr()) }).unwrap()
    }

    /// Writes a piece to flash.
    pub fn write(&mut self, offset: usize, piece: &[u8]) {
        let end = offset + piece.len();
        if !piece.is_empty() {
            self.flash.resize(self.flash.len().max(end), 0xFF);
            self.flash[offset..end].copy_from_slice(piece);
        }
    }

    /// Feeds an answer in pieces of `size` bytes and writes the output, up to its end or to a result.
    pub fn feed(&mut self, answer: &[u8], size: usize) -> Status {
        for chunk in answer.chunks(size.max(1)) {
            let mut rest = chunk;
            while !rest.is_empty() {
                let fed = self.feed_once(rest);
                if fed.status >= 0 {
                    self.write(fed.offset, &fed.piece);
                }
                if fed.status != NEED_MORE {
                    return fed.status;
                }
                rest = &rest[fed.used..];
            }
        }
        NEED_MORE
    }

    /// The next part from a server without faults.
    pub fn fetch(&mut self, image: &[u8], size: usize) -> Status {
        if self.must_connect() {
            assert_eq!(self.connected(), OK);
        }
        let request = self.request().unwrap();
        self.feed(&answer(image, &request), size)
    }

    pub fn fetch_all(&mut self, image: &[u8]) {
        while self.state() != KPN_FIRMWARE_COMPLETE {
            assert_eq!(self.fetch(image, 300), OK);
        }
        assert_eq!(self.flash, image);
    }
}

/// Pseudo-random bytes, the same in every run.
pub fn image(len: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(1);
    (0..len).map(|_| random.u8(..)).collect()
}

pub fn pack(url: &str, token: &str) -> String {
    format!(
        "[{{\"bn\":\"{URN}\"}},{{\"n\":\"url\",\"vs\":\"{url}\"}},{{\"n\":\"token\",\"vs\":\"{token}\"}}]"
    )
}

/// First and last offset that a request asks for.
pub fn range_of(request: &str) -> (usize, usize) {
    let line = request.lines().find(|line| line.starts_with("Range: "));
    let range = line.unwrap().strip_prefix("Range: bytes=").unwrap();
    let (first, last) = range.split_once('-').unwrap();
    (first.parse().unwrap(), last.parse().unwrap())
}

pub fn answer(image: &[u8], request: &str) -> Vec<u8> {
    let (first, last) = range_of(request);
    let last = last.min(image.len() - 1);
    let part = &image[first..=last];
    let head = format!(
        "HTTP/1.1 200\r\nContent-Length: {}\r\nConnection: keep-alive\r\nDigest: crc32={:x}\r\n\
         Content-Range: bytes {first}-{last}/{}\r\n\r\n",
        part.len(),
        crc32(part),
        image.len()
    );
    [head.as_bytes(), part].concat()
}

pub const TAG: &str = "ETag: \"5e8f-1a3\"\r\n";
pub const DATE: &str = "Last-Modified: Tue, 15 Nov 1994 12:45:26 GMT\r\n";

/// A part of `image`, in a 206 with these additional field lines.
pub fn part(image: &[u8], first: usize, last: usize, lines: &str) -> Vec<u8> {
    let (len, total) = (last + 1 - first, image.len());
    let head = format!(
        "HTTP/1.1 206 \r\nContent-Length: {len}\r\n{lines}Content-Range: bytes {first}-{last}/{total}\r\n\r\n"
    );
    [head.as_bytes(), &image[first..=last]].concat()
}

pub fn whole(image: &[u8], lines: &str) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{lines}\r\n",
        image.len()
    );
    [head.as_bytes(), image].concat()
}

/// Sends a request, gives it this answer in pieces of 7 bytes, and returns the request.
pub fn exchange(device: &mut Device, answer: &[u8], expected: Status) -> String {
    if device.must_connect() {
        assert_eq!(device.connected(), OK);
    }
    let request = device.request().unwrap();
    let head = answer[..answer.len().min(200)].escape_ascii();
    assert_eq!(device.feed(answer, 7), expected, "{head}");
    request
}

/// A download of which the first 100 of 250 bytes came with these field lines.
pub fn begun(image: &[u8], lines: &str) -> Device {
    let mut device = Device::announced(100);
    exchange(&mut device, &part(image, 0, 99, lines), OK);
    device
}

/// Different bytes, but as many.
pub fn other(image: &[u8]) -> Vec<u8> {
    image.iter().map(|byte| !byte).collect()
}
