// SPDX-License-Identifier: MIT OR Apache-2.0
//! Objects of the library in each of their states, made by the C functions.

use core::ffi::{CStr, c_char};

use kpn_things::ffi::config::*;
use kpn_things::ffi::downlink::*;
use kpn_things::ffi::firmware::announce::*;
use kpn_things::ffi::firmware::request::*;
use kpn_things::ffi::firmware::*;
use kpn_things::ffi::pieces::*;
#[cfg(feature = "posix")]
use kpn_things::ffi::posix::*;
use kpn_things::ffi::queue::push::*;
use kpn_things::ffi::queue::*;
use kpn_things::ffi::record::*;
use kpn_things::ffi::response::*;
use kpn_things::ffi::span::kpn_span;
use kpn_things::ffi::stream::*;
use kpn_things::ffi::token::*;
use kpn_things::ffi::uplink::add::*;
use kpn_things::ffi::uplink::*;

use super::status::{NEED_MORE, OK};
use super::{Arena, BUFFER_CAP, HELPER};

pub const URN: &CStr = c"urn:dev:IMEI:490154203237518:";
pub const SECRET: &CStr = c"0123456789abcdefghijklmnopqrstuvwxyzABCD";
/// A pack with a number, and firmware.
pub const PACK: &[u8] = br#"[{"bn":"urn:dev:IMEI:490154203237518:","bt":1700000000,"bu":"Cel"},{"n":"temperature","v":20.5,"s":3,"ut":60},{"n":"url","vs":"http:\/\/10.0.0.1/f"},{"n":"token","vs":"abc"},{"n":"d","vd":"AQID"}]"#;
pub const CONFIG: &CStr = cr#"{"imei":"490154203237518","secret":"0123456789abcdefghijklmnopqrstuvwxyzABCD","apn":"kpnthings.iot","statusTable":{"401":"refused"}}"#;
pub const FIRMWARE_URL: &CStr = c"http://10.0.0.1:81/f/v1/12345678";

/// An object in a state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Object {
    /// With three bytes hashed.
    Token,
    /// With a record.
    Uplink,
    /// Without a record.
    EmptyUplink,
    /// With an adopted body.
    BodyUplink,
    /// Nothing read.
    EmptyResponse,
    /// Complete, a pack in it.
    Response,
    Connection,
    Downlink,
    Record,
    /// In the first pass, with a record.
    Stream,
    /// Between the passes.
    StreamHead,
    /// In the second pass, with a record.
    StreamAgain,
    /// With two records.
    Queue,
    /// With records on their way.
    SentQueue,
    Pieces,
    /// Nothing announced.
    IdleFirmware,
    /// Before its first connection.
    Firmware,
    /// Connected.
    ConnectedFirmware,
    /// Waits for a response.
    AskedFirmware,
    Config,
    #[cfg(feature = "posix")]
    Posix,
}

use Object as O;

impl Object {
    /// One of each kind, and all their states.
    pub const ALL: &'static [Self] = &[
        O::Token,
        O::Uplink,
        O::EmptyUplink,
        O::BodyUplink,
        O::EmptyResponse,
        O::Response,
        O::Connection,
        O::Downlink,
        O::Record,
        O::Stream,
        O::StreamHead,
        O::StreamAgain,
        O::Queue,
        O::SentQueue,
        O::Pieces,
        O::IdleFirmware,
        O::Firmware,
        O::ConnectedFirmware,
        O::AskedFirmware,
        O::Config,
        #[cfg(feature = "posix")]
        O::Posix,
    ];

    /// The struct in the header.
    pub fn name(self) -> &'static str {
        match self {
            O::Token => "kpn_token",
            O::Uplink | O::EmptyUplink | O::BodyUplink => "kpn_uplink",
            O::EmptyResponse | O::Response => "kpn_response",
            O::Connection => "kpn_connection",
            O::Downlink => "kpn_downlink",
            O::Record => "kpn_record",
            O::Stream | O::StreamHead | O::StreamAgain => "kpn_stream",
            O::Queue | O::SentQueue => "kpn_queue",
            O::Pieces => "kpn_pieces",
            O::IdleFirmware | O::Firmware | O::ConnectedFirmware | O::AskedFirmware => {
                "kpn_firmware"
            }
            O::Config => "kpn_config",
            #[cfg(feature = "posix")]
            O::Posix => "kpn_posix",
        }
    }

    pub fn size(self) -> usize {
        self.layout().0
    }

    pub fn align(self) -> usize {
        self.layout().1
    }

    fn layout(self) -> (usize, usize) {
        const fn of<T>() -> (usize, usize) {
            (size_of::<T>(), align_of::<T>())
        }
        match self.name() {
            "kpn_token" => of::<kpn_token>(),
            "kpn_uplink" => of::<kpn_uplink>(),
            "kpn_response" => of::<kpn_response>(),
            "kpn_connection" => of::<kpn_connection>(),
            "kpn_downlink" => of::<kpn_downlink>(),
            "kpn_record" => of::<kpn_record>(),
            "kpn_stream" => of::<kpn_stream>(),
            "kpn_queue" => of::<kpn_queue>(),
            "kpn_pieces" => of::<kpn_pieces>(),
            "kpn_firmware" => of::<kpn_firmware>(),
            "kpn_config" => of::<kpn_config>(),
            #[cfg(feature = "posix")]
            "kpn_posix" => of::<kpn_posix>(),
            name => panic!("{name}"),
        }
    }

    /// Whether it uses a buffer.
    pub fn has_buffer(self) -> bool {
        !matches!(
            self.name(),
            "kpn_token" | "kpn_connection" | "kpn_config" | "kpn_posix"
        )
    }

    /// Whether calls that may change it may change what is in its buffer.
    pub fn writes_buffer(self) -> bool {
        self.has_buffer() && !matches!(self, O::Pieces | O::Record)
    }

    /// Whether it remembers a failed call.
    pub fn remembers_failures(self) -> bool {
        matches!(self.name(), "kpn_uplink" | "kpn_stream")
    }

    /// Makes one at the front of a slot, over the buffer of the slot.
    pub fn make(self, arena: &mut Arena, slot: usize) {
        let at = arena.front(slot);
        let buffer = arena.buffer(slot);
        let helper = arena.front(HELPER);
        let (urn, secret) = (URN.as_ptr(), SECRET.as_ptr());
        let mut span = kpn_span {
            ptr: core::ptr::null(),
            len: 0,
        };
        let span = &raw mut span;
        let cap = BUFFER_CAP;
        // SAFETY: the memory lies in the arena, which is large enough for each of them and used by nobody else.
        unsafe {
            match self {
                O::Token => {
                    ok(kpn_token_begin(at.cast()));
                    ok(kpn_token_update(at.cast(), b"abc".as_ptr(), 3));
                }
                O::Uplink => {
                    O::EmptyUplink.make(arena, slot);
                    record(at.cast());
                }
                O::EmptyUplink => {
                    ok(kpn_uplink_begin(at.cast(), buffer, cap, 1, urn));
                }
                O::BodyUplink => {
                    arena.put(buffer.wrapping_add(300), PACK);
                    let len = PACK.len();
                    ok(kpn_uplink_begin_with_body(
                        at.cast(),
                        buffer,
                        cap,
                        1,
                        300,
                        len,
                    ));
                }
                O::EmptyResponse => ok(kpn_response_begin(at.cast(), buffer, cap)),
                O::Response => {
                    O::EmptyResponse.make(arena, slot);
                    let head = format!(
                        "HTTP/1.1 202 Accepted\r\nContent-Length: {}\r\n\r\n",
                        PACK.len()
                    );
                    let used = core::ptr::null_mut();
                    let fed = kpn_response_feed(at.cast(), head.as_ptr(), head.len(), used);
                    assert_eq!(fed, NEED_MORE);
                    ok(kpn_response_feed(
                        at.cast(),
                        PACK.as_ptr(),
                        PACK.len(),
                        used,
                    ));
                }
                O::Connection => ok(kpn_connection_begin(at.cast(), 3)),
                O::Downlink => {
                    arena.put(buffer, PACK);
                    ok(kpn_downlink_begin_bytes(at.cast(), buffer, PACK.len()));
                }
                O::Record => {
                    arena.put(buffer, PACK);
                    ok(kpn_downlink_begin_bytes(helper.cast(), buffer, PACK.len()));
                    ok(kpn_downlink_next(helper.cast(), at.cast()));
                }
                O::Stream => {
                    ok(kpn_stream_begin(at.cast(), buffer, cap, 1, urn));
                    record(&raw mut (*at.cast::<kpn_stream>()).uplink);
                }
                O::StreamHead => {
                    O::Stream.make(arena, slot);
                    ok(kpn_stream_head(at.cast(), secret, span));
                }
                O::StreamAgain => {
                    O::StreamHead.make(arena, slot);
                    ok(kpn_stream_restart(at.cast(), urn));
                    record(&raw mut (*at.cast::<kpn_stream>()).uplink);
                }
                O::Queue => {
                    ok(kpn_queue_begin(at.cast(), buffer, cap, 1));
                    let name = c"temperature".as_ptr();
                    for seconds in [5, 6] {
                        let unit = c"Cel".as_ptr();
                        let clock = KPN_CLOCK_UPTIME;
                        let pushed =
                            kpn_queue_push_decimal(at.cast(), name, unit, clock, seconds, 205, -1);
                        ok(pushed);
                    }
                }
                O::SentQueue => {
                    O::Queue.make(arena, slot);
                    O::EmptyUplink.make(arena, HELPER);
                    let count = core::ptr::null_mut();
                    ok(kpn_queue_fill(at.cast(), helper.cast(), 7, 0, count));
                }
                O::Pieces => ok(kpn_pieces_begin(at.cast(), buffer, 100, 16)),
                O::IdleFirmware => ok(kpn_firmware_begin(at.cast(), buffer, cap, 64)),
                O::Firmware => {
                    O::IdleFirmware.make(arena, slot);
                    let token = c"abc".as_ptr();
                    ok(kpn_firmware_start(at.cast(), FIRMWARE_URL.as_ptr(), token));
                }
                O::ConnectedFirmware => {
                    O::Firmware.make(arena, slot);
                    ok(kpn_firmware_connected(at.cast()));
                }
                O::AskedFirmware => {
                    O::ConnectedFirmware.make(arena, slot);
                    let mut len = 0;
                    ok(kpn_firmware_request(at.cast(), helper, 1024, &raw mut len));
                }
                O::Config => {
                    let problem = core::ptr::null_mut();
                    let (json, len) = (CONFIG.as_ptr(), CONFIG.count_bytes());
                    ok(kpn_config_load(at.cast(), json, len, problem));
                }
                #[cfg(feature = "posix")]
                O::Posix => ok(kpn_posix_begin(at.cast(), 3, 1000)),
            }
        }
    }
}

/// Adds a record to an uplink that was begun.
///
/// # Safety
///
/// As for `kpn_uplink_add_decimal`.
unsafe fn record(uplink: *mut kpn_uplink) {
    let (name, unit): (*const c_char, _) = (c"temperature".as_ptr(), c"Cel".as_ptr());
    // SAFETY: the same contract; the texts end in a NUL.
    ok(unsafe { kpn_uplink_add_decimal(uplink, name, unit, 205, -1) });
}

fn ok(status: i32) {
    assert_eq!(status, OK);
}
