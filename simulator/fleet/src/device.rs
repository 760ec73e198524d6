// SPDX-License-Identifier: MIT OR Apache-2.0
//! A device as firmware in C has it: each step is a call of the C functions.

use std::ffi::{CStr, CString, c_char};
use std::mem::MaybeUninit;
use std::ops::Range;
use std::ptr;

use kpn_things::ffi::downlink::{kpn_downlink, kpn_downlink_begin, kpn_downlink_next};
use kpn_things::ffi::record::number::kpn_record_uint64;
use kpn_things::ffi::record::{KPN_FIELD_VALUE, kpn_record, kpn_record_is};
use kpn_things::ffi::response::{
    kpn_connection, kpn_connection_begin, kpn_connection_left, kpn_connection_record,
    kpn_outcome_text, kpn_response, kpn_response_begin, kpn_response_end, kpn_response_feed,
    kpn_response_keep_alive, kpn_response_outcome, kpn_response_retry_after, kpn_response_status,
};
use kpn_things::ffi::retry::{kpn_outcome_may_retry, kpn_retry_delay_ms};
use kpn_things::ffi::span::kpn_span;
use kpn_things::ffi::status::{END, NEED_MORE, OK, kpn_status_text};
use kpn_things::ffi::uplink::add::{
    kpn_uplink_add_bool, kpn_uplink_add_decimal, kpn_uplink_add_uint64,
};
use kpn_things::ffi::uplink::base::kpn_uplink_set_base_time;
use kpn_things::ffi::uplink::finish::kpn_uplink_finish;
use kpn_things::ffi::uplink::{KPN_ENDPOINT_M2M, kpn_uplink, kpn_uplink_begin};
use kpn_things::ffi::urn::{KPN_URN_CAP, kpn_urn_from_imei};

pub use kpn_things::ffi::response::{KPN_OUTCOME_ACCEPTED, KPN_OUTCOME_NONE};

/// Bytes of the longest request of a device.
const REQUEST_MAX: usize = 512;
/// Bytes of the longest downlink.
const BODY_MAX: usize = 256;

/// Waits after a failure, in milliseconds.
const BASE_MS: u32 = 20;
const MAX_MS: u32 = 2_000;

/// The name of the record in a downlink that numbers it.
pub const DOWNLINK: &CStr = c"fleet";

/// A failure of the library, as a sentence.
fn check(status: i32) -> Result<(), String> {
    if status == OK {
        Ok(())
    } else {
        Err(text(kpn_status_text(status)))
    }
}

fn text(constant: *const c_char) -> String {
    // SAFETY: the library's texts end in NUL and lie in constant memory.
    let text = unsafe { CStr::from_ptr(constant) };
    text.to_string_lossy().into_owned()
}

/// One device.
pub struct Device {
    urn: CString,
    secret: CString,
}

impl Device {
    /// The one with this number. Numbers are the same devices in each run.
    pub fn new(number: u32) -> Result<Self, String> {
        let imei = CString::new(imei(number)).map_err(|error| error.to_string())?;
        let mut urn: [c_char; KPN_URN_CAP] = [0; KPN_URN_CAP];
        // SAFETY: `imei` ends in NUL, and `urn` has as many bytes as it says.
        check(unsafe { kpn_urn_from_imei(imei.as_ptr(), urn.as_mut_ptr(), urn.len()) })?;
        // SAFETY: the library has ended it in NUL, within the array.
        let urn = unsafe { CStr::from_ptr(urn.as_ptr()) };
        let mut random = fastrand::Rng::with_seed(u64::from(number));
        let secret: String = (0..40).map(|_| random.alphanumeric()).collect();
        Ok(Self {
            urn: urn.to_owned(),
            secret: CString::new(secret).map_err(|error| error.to_string())?,
        })
    }

    /// Its URN, with the colon at the end.
    pub fn urn(&self) -> &str {
        self.urn.to_str().unwrap_or_default()
    }

    /// Its secret.
    pub fn secret(&self) -> &str {
        self.secret.to_str().unwrap_or_default()
    }

    /// The request of its message with this number, measured at `time`.
    pub fn message(&self, number: u32, time: i64) -> Result<Vec<u8>, String> {
        let mut buffer = vec![0; REQUEST_MAX];
        let range = self.write(&mut buffer, number, time)?;
        buffer.truncate(range.end);
        buffer.drain(..range.start);
        Ok(buffer)
    }

    fn write(&self, buffer: &mut [u8], number: u32, time: i64) -> Result<Range<usize>, String> {
        let begin: *mut u8 = buffer.as_mut_ptr();
        let mut uplink = MaybeUninit::<kpn_uplink>::uninit();
        let uplink = uplink.as_mut_ptr();
        let urn = self.urn.as_ptr();
        // SAFETY: memory for one uplink and for the message, which stay where they are until it is finished; `urn` ends in NUL.
        check(unsafe { kpn_uplink_begin(uplink, begin, buffer.len(), KPN_ENDPOINT_M2M, urn) })?;
        // SAFETY: `uplink` was begun.
        check(unsafe { kpn_uplink_set_base_time(uplink, time) })?;
        let tenths = i64::from(150 + number % 100);
        let (name, unit) = (c"temperature".as_ptr(), c"Cel".as_ptr());
        // SAFETY: the same, and both texts end in NUL.
        check(unsafe { kpn_uplink_add_decimal(uplink, name, unit, tenths, -1) })?;
        let name = c"doorOpen".as_ptr();
        // SAFETY: the same; there is no unit.
        check(unsafe { kpn_uplink_add_bool(uplink, name, ptr::null(), number.is_multiple_of(2)) })?;
        let name = c"counter".as_ptr();
        // SAFETY: the same.
        check(unsafe { kpn_uplink_add_uint64(uplink, name, ptr::null(), number.into()) })?;
        let mut request = kpn_span {
            ptr: ptr::null(),
            len: 0,
        };
        // SAFETY: the same; the secret ends in NUL, and `request` is memory for one span.
        check(unsafe { kpn_uplink_finish(uplink, self.secret.as_ptr(), &raw mut request) })?;
        let start = request.ptr.addr() - begin.addr();
        Ok(start..start + request.len)
    }
}

/// 15 digits, the last of which checks the others.
fn imei(number: u32) -> String {
    let digits = format!("356938{:08}", number % 100_000_000);
    let sum: u32 = digits
        .bytes()
        .zip(0..)
        .map(|(digit, place)| {
            let digit = u32::from(digit - b'0') << (place % 2);
            digit / 10 + digit % 10
        })
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

/// The requests that a connection has had.
pub struct Requests(kpn_connection);

impl Requests {
    /// A new connection, which takes `limit` of them.
    pub fn new(limit: u16) -> Result<Self, String> {
        let mut connection = MaybeUninit::uninit();
        // SAFETY: memory for one connection.
        check(unsafe { kpn_connection_begin(connection.as_mut_ptr(), limit) })?;
        // SAFETY: the library has begun it.
        Ok(Self(unsafe { connection.assume_init() }))
    }

    /// Counts one more; whether there can be another behind it.
    pub fn record(&mut self, answer: &Answer) -> Result<bool, String> {
        let connection = &raw mut self.0;
        // SAFETY: both were begun.
        check(unsafe { kpn_connection_record(connection, answer.response()) })?;
        // SAFETY: the same.
        Ok(unsafe { kpn_connection_left(connection) } > 0)
    }
}

/// An answer as it comes.
pub struct Answer {
    response: Box<MaybeUninit<kpn_response>>,
    /// Written by the library alone, until this is dropped.
    _body: Vec<u8>,
}

impl Answer {
    /// Nothing of it yet.
    pub fn new() -> Result<Self, String> {
        let mut body = vec![0; BODY_MAX];
        let mut response = Box::new(MaybeUninit::uninit());
        let (begin, len) = (body.as_mut_ptr(), body.len());
        // SAFETY: memory for one response, and a buffer that lives as long and that nobody else touches.
        check(unsafe { kpn_response_begin(response.as_mut_ptr(), begin, len) })?;
        Ok(Self {
            response,
            _body: body,
        })
    }

    fn response(&self) -> *const kpn_response {
        self.response.as_ptr()
    }

    /// The next bytes; whether it is complete.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<bool, String> {
        let response = self.response.as_mut_ptr();
        // SAFETY: the response was begun; as many bytes as it says.
        match unsafe { kpn_response_feed(response, bytes.as_ptr(), bytes.len(), ptr::null_mut()) } {
            NEED_MORE => Ok(false),
            status => check(status).map(|()| true),
        }
    }

    /// The connection was closed.
    pub fn end(&mut self) -> Result<(), String> {
        // SAFETY: the response was begun.
        check(unsafe { kpn_response_end(self.response.as_mut_ptr()) })
    }

    /// Its status code.
    pub fn status(&self) -> i32 {
        // SAFETY: the response was begun.
        unsafe { kpn_response_status(self.response()) }
    }

    /// What it means, one of `KPN_OUTCOME_…`.
    pub fn outcome(&self) -> i32 {
        // SAFETY: the response was begun.
        unsafe { kpn_response_outcome(self.response()) }
    }

    /// Whether the connection can be kept.
    pub fn keeps_connection(&self) -> bool {
        // SAFETY: the response was begun.
        unsafe { kpn_response_keep_alive(self.response()) }
    }

    /// Seconds that the platform asks to wait, 0 for none.
    pub fn retry_after(&self) -> u32 {
        // SAFETY: the response was begun.
        unsafe { kpn_response_retry_after(self.response()) }
    }

    /// Reads the downlink: gives the number in it, none when there is no downlink.
    pub fn downlink(&mut self) -> Result<Option<u64>, String> {
        let mut downlink = MaybeUninit::<kpn_downlink>::uninit();
        let downlink = downlink.as_mut_ptr();
        // SAFETY: memory for one downlink, and a response that was begun.
        check(unsafe { kpn_downlink_begin(downlink, self.response()) })?;
        let mut number = None;
        loop {
            let mut record = MaybeUninit::<kpn_record>::uninit();
            let record = record.as_mut_ptr();
            // SAFETY: the downlink was begun; memory for one record.
            match unsafe { kpn_downlink_next(downlink, record) } {
                END => return Ok(number),
                status => check(status)?,
            }
            // SAFETY: the record was handed out, and the name ends in NUL.
            if unsafe { kpn_record_is(record, DOWNLINK.as_ptr()) } {
                let mut value = 0;
                // SAFETY: the same; memory for one number.
                check(unsafe { kpn_record_uint64(record, KPN_FIELD_VALUE, &raw mut value) })?;
                number = Some(value);
            }
        }
    }
}

/// Whether a message with this outcome may be sent again.
pub fn may_retry(outcome: i32) -> bool {
    // Without an answer it may too: its records have a time.
    outcome == KPN_OUTCOME_NONE || kpn_outcome_may_retry(outcome)
}

/// An outcome in words.
pub fn outcome_text(outcome: i32) -> String {
    text(kpn_outcome_text(outcome))
}

/// Milliseconds to wait after so many failures in a row.
pub fn retry_delay_ms(failures: u32, retry_after: u32) -> u32 {
    kpn_retry_delay_ms(failures, fastrand::u32(..), BASE_MS, MAX_MS, retry_after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_imei_has_its_check_digit() {
        // GSM 02.16, Annex B, has the rule; 490154203237518 is the IMEI of the documentation.
        assert_eq!(imei(0).len(), 15);
        for number in [0, 1, 7, 99_999_999] {
            let imei = imei(number);
            let digits: Vec<u32> = imei.bytes().map(|b| u32::from(b - b'0')).collect();
            let sum: u32 = digits
                .iter()
                .rev()
                .enumerate()
                .map(|(place, digit)| match place % 2 {
                    1 if *digit > 4 => 2 * digit - 9,
                    1 => 2 * digit,
                    _ => *digit,
                })
                .sum();
            assert_eq!(sum % 10, 0, "{imei}");
        }
    }

    #[test]
    fn a_message_is_one_request_with_a_token() {
        let device = Device::new(3).unwrap();
        let request = String::from_utf8(device.message(4, 1_585_650_750).unwrap()).unwrap();
        assert!(request.starts_with("POST /ingestion/m2m/senml/v1 HTTP/1.1\r\nHost: m.m\r\n"));
        assert!(request.contains("\r\nThings-Message-Token: "));
        assert!(request.contains(device.urn()) && request.contains(r#""bt":1585650750"#));
        assert!(request.ends_with(r#"{"n":"counter","v":4}]"#), "{request}");
        assert!(!request.contains(device.secret()));
        assert_ne!(Device::new(4).unwrap().secret(), device.secret());
    }

    #[test]
    fn an_answer_is_read_in_pieces_with_its_downlink() {
        let mut answer = Answer::new().unwrap();
        let mut requests = Requests::new(1).unwrap();
        let body = r#"[{"bn":"urn:dev:IMEI:356938000000009:"},{"n":"fleet","v":7}]"#;
        let whole = format!(
            "HTTP/1.1 202 \r\nContent-Length: {}\r\nConnection: keep-alive\r\n\r\n{body}",
            body.len()
        );
        let (last, before) = whole.as_bytes().split_last().unwrap();
        for piece in before.chunks(7) {
            assert_eq!(answer.feed(piece), Ok(false));
        }
        assert_eq!(answer.outcome(), KPN_OUTCOME_NONE);
        assert_eq!(answer.feed(&[*last]), Ok(true));
        assert_eq!(answer.outcome(), KPN_OUTCOME_ACCEPTED);
        assert!(answer.keeps_connection());
        assert_eq!(answer.downlink(), Ok(Some(7)));
        // It was the only one that this connection takes.
        assert_eq!(requests.record(&answer), Ok(false));
    }

    #[test]
    fn what_ends_early_is_a_failure() {
        let mut answer = Answer::new().unwrap();
        let head = b"HTTP/1.1 503 \r\nRetry-After: 2\r\nContent-Length: 9\r\n\r\n";
        assert_eq!(answer.feed(head), Ok(false));
        assert!(answer.end().is_err());
        assert!(may_retry(answer.outcome()));
        assert!(retry_delay_ms(1, 2) >= 2_000);
    }
}
