// SPDX-License-Identifier: MIT OR Apache-2.0
//! The table: one line for each function of the header, in its order. Objects, texts and numbers are chosen so that the call succeeds,
//! unless the line says what it returns.

#[cfg(feature = "posix")]
use core::ffi::c_char;

use kpn_things::ffi::config::access::*;
use kpn_things::ffi::config::field::*;
use kpn_things::ffi::config::*;
use kpn_things::ffi::downlink::*;
use kpn_things::ffi::firmware::announce::*;
use kpn_things::ffi::firmware::answer::*;
use kpn_things::ffi::firmware::image::*;
use kpn_things::ffi::firmware::request::*;
use kpn_things::ffi::firmware::*;
use kpn_things::ffi::pieces::*;
#[cfg(feature = "posix")]
use kpn_things::ffi::posix::*;
use kpn_things::ffi::queue::image::*;
use kpn_things::ffi::queue::push::*;
use kpn_things::ffi::queue::*;
use kpn_things::ffi::record::number::*;
use kpn_things::ffi::record::*;
use kpn_things::ffi::response::*;
use kpn_things::ffi::retry::*;
use kpn_things::ffi::sms::*;
use kpn_things::ffi::span::*;
use kpn_things::ffi::status::{kpn_status, kpn_status_text};
use kpn_things::ffi::stream::*;
use kpn_things::ffi::token::*;
use kpn_things::ffi::uplink::add::*;
use kpn_things::ffi::uplink::base::*;
use kpn_things::ffi::uplink::configured::*;
use kpn_things::ffi::uplink::finish::*;
use kpn_things::ffi::uplink::label::*;
use kpn_things::ffi::uplink::*;
use kpn_things::ffi::urn::*;
use kpn_things::ffi::version::*;

use super::Arg::*;
use super::Returns;
use super::objects::Object as O;
use super::objects::{CONFIG, FIRMWARE_URL, PACK, SECRET, URN};
use super::status::*;
use super::{Arg, Call, Code as _, optional_out, out, place};

macro_rules! calls {
    ($calls:ident: $($returns:ident $name:ident($($arg:expr),* $(,)?) $(=> $gives:expr)?;)*) => {
        $($calls.push(Call {
            name: stringify!($name),
            returns: Returns::$returns,
            args: vec![$($arg),*],
            gives: 0 $(+ i64::from($gives))?,
            function: |words| {
                let mut words = words.iter();
                let _ = &mut words;
                #[allow(unused_unsafe, reason = "some take no pointer")]
                // SAFETY: the words are those of the arguments in the line, or wrong in a way that the call must refuse.
                let result = unsafe {
                    $name($({
                        let _: Arg = $arg;
                        super::Word::of(*words.next().unwrap())
                    }),*)
                };
                result.code()
            },
        });)*
    };
}

const TEXT: Arg = Text(c"text");
const UNIT: Arg = OptionalText(c"Cel");
const DOUBLE: Arg = Number(0x3FF0_0000_0000_0000);
const SPAN: Arg = out::<kpn_span>();

pub fn all() -> Vec<Call> {
    let mut calls = Vec::new();
    calls! { calls:
        Status kpn_config_load(place::<kpn_config>(), Text(CONFIG), Len(CONFIG.count_bytes() as u64), optional_out::<kpn_config_problem>());
        Status kpn_config_save(Reads(O::Config), Room(KPN_CONFIG_TEXT_MAX), Len(883), out::<usize>());
        Status kpn_config_wipe(place::<kpn_config>());
        Value kpn_config_urn(Reads(O::Config));
        Value kpn_config_secret(Reads(O::Config));
        Value kpn_config_host(Reads(O::Config));
        Value kpn_config_path(Reads(O::Config));
        Value kpn_config_address(Reads(O::Config));
        Value kpn_config_apn(Reads(O::Config));
        Value kpn_config_port(Reads(O::Config));
        Value kpn_config_tls(Reads(O::Config));
        Value kpn_config_keep_alive_limit(Reads(O::Config));
        Value kpn_config_outcome(Reads(O::Config), Reads(O::Response));
        Value kpn_config_field_name(Number(3));

        Status kpn_downlink_begin(place::<kpn_downlink>(), Reads(O::Response));
        Status kpn_downlink_begin_bytes(place::<kpn_downlink>(), Body(0), Len(PACK.len() as u64));
        Status kpn_downlink_next(Mutates(O::Downlink), out::<kpn_record>());
        Value kpn_downlink_index(Reads(O::Downlink));

        Status kpn_firmware_begin(place::<kpn_firmware>(), Room(1280), Len(1280), Number(512));
        Status kpn_firmware_set_retries(Mutates(O::IdleFirmware), Number(3));
        Status kpn_firmware_set_request_limit(Mutates(O::IdleFirmware), Number(3));
        Status kpn_firmware_set_real_host(Mutates(O::IdleFirmware), Number(1));
        Status kpn_firmware_expect(Mutates(O::IdleFirmware), Number(1), Bytes(b"abcd"), Len(4));
        Status kpn_firmware_offer(Mutates(O::IdleFirmware), Reads(O::Downlink), OptionalText(URN));
        Status kpn_firmware_start(Mutates(O::IdleFirmware), Text(FIRMWARE_URL), Text(c"abc"));
        Status kpn_firmware_start_n(Mutates(O::IdleFirmware), Text(FIRMWARE_URL), Len(32), Text(c"abc"), Len(3));
        Status kpn_firmware_abort(Mutates(O::Firmware));
        Status kpn_firmware_rewind(Mutates(O::Firmware), Number(0));
        Status kpn_firmware_feed(Mutates(O::AskedFirmware), Bytes(b"HTTP/1.1 206"), Len(12), out::<kpn_firmware_piece>()) => NEED_MORE;
        Status kpn_firmware_close(Mutates(O::ConnectedFirmware)) => AGAIN;
        Value kpn_firmware_error(Reads(O::Firmware));
        Value kpn_firmware_failures(Reads(O::Firmware));
        Value kpn_firmware_http_status(Reads(O::Firmware));
        Value kpn_firmware_retry_after(Reads(O::Firmware));
        Value kpn_firmware_confirmed(Reads(O::Firmware));
        Value kpn_firmware_total(Reads(O::Firmware));
        Status kpn_firmware_save(Reads(O::Firmware), Room(KPN_FIRMWARE_IMAGE_MAX), Len(1304), out::<usize>());
        Status kpn_firmware_load(Mutates(O::IdleFirmware), Bytes(b"kpnf"), Len(4)) => ERR_IMAGE;
        Value kpn_firmware_state(Reads(O::Firmware));
        Status kpn_firmware_host(Reads(O::Firmware), Room(64), Len(64));
        Value kpn_firmware_port(Reads(O::Firmware));
        Value kpn_firmware_needs_tls(Reads(O::Firmware));
        Value kpn_firmware_needs_dns(Reads(O::Firmware));
        Value kpn_firmware_must_connect(Reads(O::Firmware));
        Status kpn_firmware_connected(Mutates(O::Firmware));
        Status kpn_firmware_request(Mutates(O::ConnectedFirmware), Room(1024), Len(1024), out::<usize>());

        Status kpn_pieces_begin(place::<kpn_pieces>(), Bytes(b"bytes"), Len(5), Number(2));
        Status kpn_pieces_next(Mutates(O::Pieces), SPAN);
        Status kpn_pieces_next_hex(Mutates(O::Pieces), Room(64), Len(64), out::<usize>());

        Status kpn_queue_begin(place::<kpn_queue>(), Room(512), Len(512), Number(1));
        Status kpn_queue_fill(Mutates(O::Queue), Mutates(O::EmptyUplink), Number(7), Number(1_700_000_000), optional_out::<u32>());
        Status kpn_queue_accepted(Mutates(O::SentQueue));
        Status kpn_queue_failed(Mutates(O::SentQueue));
        Value kpn_queue_records(Reads(O::Queue));
        Value kpn_queue_dropped(Reads(O::Queue));
        Status kpn_queue_save(Reads(O::Queue), Number(7), Room(1052), Len(1052), out::<usize>());
        Status kpn_queue_load(Mutates(O::Queue), Bytes(b"kpnq"), Len(4), Number(7), Number(0)) => ERR_IMAGE;
        Status kpn_queue_push_decimal(Mutates(O::Queue), TEXT, UNIT, Number(2), Number(7), Number(205), Number(0));
        Status kpn_queue_push_int64(Mutates(O::Queue), TEXT, UNIT, Number(2), Number(7), Number(205));
        Status kpn_queue_push_uint64(Mutates(O::Queue), TEXT, UNIT, Number(2), Number(7), Number(205));
        Status kpn_queue_push_double(Mutates(O::Queue), TEXT, UNIT, Number(2), Number(7), DOUBLE);
        Status kpn_queue_push_bool(Mutates(O::Queue), TEXT, UNIT, Number(2), Number(7), Number(1));
        Status kpn_queue_push_text(Mutates(O::Queue), TEXT, UNIT, Number(2), Number(7), TEXT);
        Status kpn_queue_push_data(Mutates(O::Queue), TEXT, UNIT, Number(2), Number(7), Bytes(b"data"), Len(4));
        Status kpn_queue_push_sum_decimal(Mutates(O::Queue), TEXT, UNIT, Number(2), Number(7), Number(205), Number(0));
        Status kpn_queue_push_sum_double(Mutates(O::Queue), TEXT, UNIT, Number(2), Number(7), DOUBLE);

        Value kpn_record_is(Reads(O::Record), Text(c"temperature"));
        Value kpn_record_is_for(Reads(O::Record), Text(URN));
        Status kpn_record_full_name(Reads(O::Record), Room(64), Len(64), optional_out::<usize>());
        Status kpn_record_double(Reads(O::Record), Number(0), out::<f64>());
        Status kpn_record_decimal(Reads(O::Record), Number(0), out::<i64>(), out::<i32>());
        Status kpn_record_decimal_rounded(Reads(O::Record), Number(0), Number(0), out::<i64>());
        Status kpn_record_int64(Reads(O::Record), Number(1), out::<i64>());
        Status kpn_record_uint64(Reads(O::Record), Number(1), out::<u64>());
        Status kpn_record_time_is_relative(Reads(O::Record), out::<bool>());

        Status kpn_response_begin(place::<kpn_response>(), Room(512), Len(512));
        Status kpn_response_feed(Mutates(O::EmptyResponse), Bytes(b"HTTP/1.1 202"), Len(12), optional_out::<usize>()) => NEED_MORE;
        Status kpn_response_end(Mutates(O::Response));
        Value kpn_response_status(Reads(O::Response));
        Value kpn_response_outcome(Reads(O::Response));
        Value kpn_outcome_text(Number(1));
        Status kpn_response_body(Reads(O::Response), SPAN);
        Value kpn_response_missing(Reads(O::Response));
        Value kpn_response_keep_alive(Reads(O::Response));
        Value kpn_response_retry_after(Reads(O::Response));
        Status kpn_connection_begin(place::<kpn_connection>(), Number(3));
        Status kpn_connection_record(Mutates(O::Connection), Reads(O::Response));
        Value kpn_connection_left(Reads(O::Connection));

        Value kpn_retry_delay_ms(Number(1), Number(7), Number(1000), Number(60_000), Number(0));
        Value kpn_outcome_may_retry(Number(5));

        Value kpn_sms_is_from_platform(Text(c"+5277"));
        Value kpn_sms_is_from_platform_n(Text(c"+5277"), Len(5));
        Value kpn_sms_attempt_minutes();
        Value kpn_sms_next_retry(Number(7));
        Status kpn_sms_plan(Number(600), Number(21_600), out::<kpn_sms_delivery>());
        Value kpn_sms_shortest_on(Number(21_600));

        Value kpn_status_text(Number(0));

        Status kpn_stream_begin(place::<kpn_stream>(), Room(512), Len(512), Number(1), Text(URN));
        Status kpn_stream_begin_custom(place::<kpn_stream>(), Room(512), Len(512), Text(c"host"), Text(c"/path"), Text(URN));
        Status kpn_stream_take(Mutates(O::StreamAgain), Number(u64::MAX), SPAN);
        Status kpn_stream_head(Mutates(O::Stream), Text(SECRET), SPAN);
        Status kpn_stream_head_unsigned(Mutates(O::Stream), SPAN);
        Status kpn_stream_restart(Mutates(O::StreamHead), Text(URN));
        Status kpn_stream_finish(Mutates(O::StreamAgain), SPAN);
        Value kpn_stream_request_len(Reads(O::StreamHead));

        Status kpn_token_begin(place::<kpn_token>());
        Status kpn_token_update(Mutates(O::Token), Bytes(b"body"), Len(4));
        Status kpn_token_finish(Mutates(O::Token), Text(SECRET), Room(KPN_TOKEN_LEN + 1));
        Status kpn_token_wipe(Mutates(O::Token));
        Status kpn_token_compare(Text(TOKEN), Text(TOKEN));

        Status kpn_uplink_begin(place::<kpn_uplink>(), Room(512), Len(512), Number(1), Text(URN));
        Status kpn_uplink_begin_custom(place::<kpn_uplink>(), Room(512), Len(512), Text(c"host"), Text(c"/path"), Text(URN));
        Status kpn_uplink_begin_with_body(place::<kpn_uplink>(), Body(300), Len(300 + PACK.len() as u64), Number(1), Len(300), Len(PACK.len() as u64));
        Status kpn_uplink_begin_with_body_custom(place::<kpn_uplink>(), Body(300), Len(300 + PACK.len() as u64), Text(c"host"), Text(c"/path"), Len(300), Len(PACK.len() as u64));
        Status kpn_uplink_add_decimal(Mutates(O::Uplink), TEXT, UNIT, Number(205), Number(0));
        Status kpn_uplink_add_int64(Mutates(O::Uplink), TEXT, UNIT, Number(205));
        Status kpn_uplink_add_uint64(Mutates(O::Uplink), TEXT, UNIT, Number(205));
        Status kpn_uplink_add_double(Mutates(O::Uplink), TEXT, UNIT, DOUBLE);
        Status kpn_uplink_add_float(Mutates(O::Uplink), TEXT, UNIT, Number(0));
        Status kpn_uplink_add_double_fixed(Mutates(O::Uplink), TEXT, UNIT, DOUBLE, Number(2));
        Status kpn_uplink_add_bool(Mutates(O::Uplink), TEXT, UNIT, Number(1));
        Status kpn_uplink_add_text(Mutates(O::Uplink), TEXT, UNIT, TEXT);
        Status kpn_uplink_add_text_n(Mutates(O::Uplink), TEXT, UNIT, TEXT, Len(4));
        Status kpn_uplink_add_data(Mutates(O::Uplink), TEXT, UNIT, Bytes(b"data"), Len(4));
        Status kpn_uplink_add_sum_decimal(Mutates(O::Uplink), TEXT, UNIT, Number(205), Number(0));
        Status kpn_uplink_add_sum_double(Mutates(O::Uplink), TEXT, UNIT, DOUBLE);
        Status kpn_uplink_merge_base_record(Mutates(O::EmptyUplink));
        Status kpn_uplink_set_base_name(Mutates(O::Uplink), Text(URN));
        Status kpn_uplink_set_base_time(Mutates(O::Uplink), Number(1_700_000_000));
        Status kpn_uplink_set_base_time_decimal(Mutates(O::Uplink), Number(1_700_000_000), Number(0));
        Status kpn_uplink_set_base_unit(Mutates(O::Uplink), Text(c"Cel"));
        Status kpn_uplink_set_base_value_decimal(Mutates(O::Uplink), Number(205), Number(0));
        Status kpn_uplink_set_base_value_double(Mutates(O::Uplink), DOUBLE);
        Status kpn_uplink_set_base_sum_decimal(Mutates(O::Uplink), Number(205), Number(0));
        Status kpn_uplink_set_base_sum_double(Mutates(O::Uplink), DOUBLE);
        Status kpn_uplink_begin_config(place::<kpn_uplink>(), Room(512), Len(512), Reads(O::Config));
        Status kpn_uplink_finish_config(Mutates(O::Uplink), Reads(O::Config), SPAN);
        Status kpn_uplink_finish(Mutates(O::Uplink), Text(SECRET), SPAN);
        Status kpn_uplink_finish_unsigned(Mutates(O::BodyUplink), SPAN);
        Status kpn_uplink_clear_failure(Mutates(O::Uplink));
        Value kpn_uplink_missing(Reads(O::Uplink));
        Value kpn_uplink_records(Reads(O::Uplink));
        Status kpn_uplink_set_time(Mutates(O::Uplink), Number(1_700_000_000));
        Status kpn_uplink_set_time_decimal(Mutates(O::Uplink), Number(1_700_000_000), Number(0));
        Status kpn_uplink_set_time_ago(Mutates(O::Uplink), Number(60));
        Status kpn_uplink_set_time_ago_decimal(Mutates(O::Uplink), Number(60), Number(0));
        Status kpn_uplink_set_update_time(Mutates(O::Uplink), Number(60));
        Status kpn_uplink_set_sum_decimal(Mutates(O::Uplink), Number(205), Number(0));
        Status kpn_uplink_set_sum_double(Mutates(O::Uplink), DOUBLE);

        Status kpn_urn_from_imei(Text(c"490154203237518"), Room(64), Len(64));
        Status kpn_urn_from_uuid(Text(c"89b053c5-7380-4fc3-8fe6-8792e746580f"), Room(64), Len(64));
        Status kpn_urn_from_dev_eui(Text(c"0123456789ABCDEF"), Room(64), Len(64));
        Value kpn_version();
    }
    #[cfg(feature = "posix")]
    calls! { calls:
        Status kpn_posix_begin(place::<kpn_posix>(), Number(3), Number(1000));
        Status kpn_posix_open(Mutates(O::Posix), Text(c"127.0.0.1"), Number(1)) => ERR_CONNECT;
        Status kpn_posix_send(Mutates(O::Posix), Bytes(b"bytes"), Len(5)) => ERR_STATE;
        Status kpn_posix_write(Mutates(O::Posix), Bytes(b"bytes"), Len(5), Mutates(O::EmptyResponse)) => ERR_STATE;
        Status kpn_posix_deadline(Mutates(O::Posix), Number(1000));
        Status kpn_posix_receive(Mutates(O::Posix), Room(64), Len(64), out::<usize>()) => ERR_STATE;
        Status kpn_posix_read(Mutates(O::Posix), Mutates(O::EmptyResponse)) => ERR_STATE;
        Status kpn_posix_exchange(Mutates(O::Posix), Text(c"127.0.0.1"), Number(1), Bytes(b"bytes"), Len(5), Mutates(O::EmptyResponse)) => ERR_CONNECT;
        Status kpn_posix_close(Mutates(O::Posix));
        Value kpn_posix_errno(Reads(O::Posix));
    }
    calls
}

const TOKEN: &core::ffi::CStr = c"2a6a85076c72c964dd129541130f080d3afa6927a4a72dde9317d6f23c475ed9";

/// The function that takes a struct by value.
///
/// # Safety
///
/// As for `kpn_posix_exchange`.
#[cfg(feature = "posix")]
unsafe fn kpn_posix_exchange(
    posix: *mut kpn_posix,
    host: *const c_char,
    port: u16,
    ptr: *const u8,
    len: usize,
    response: *mut kpn_response,
) -> kpn_status {
    // SAFETY: the same contract.
    unsafe {
        kpn_things::ffi::posix::kpn_posix_exchange(
            posix,
            host,
            port,
            kpn_span { ptr, len },
            response,
        )
    }
}
