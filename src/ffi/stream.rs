// SPDX-License-Identifier: MIT OR Apache-2.0
//! A message larger than the memory of the device, in two passes through a small window.

use core::ffi::c_char;

use super::ptr::{self, Object, Region};
use super::span::kpn_span;
use super::status::{kpn_status, status};
use super::uplink::{self, KPN_URN_MAX, Where, kpn_uplink};
use crate::error::{Error, Result};
use crate::http::request::Target;
use crate::things::stream::{Stream, StreamState};
use crate::things::uplink::UplinkState;
use crate::token::SECRET_MAX;

/// A message larger than the device's memory, sent through a small window.
///
/// Records are added twice, with the same calls on the member `uplink` as for a `kpn_uplink`: the first pass measures and hashes them,
/// since Content-Length and token precede them; the second hands them out. If the second pass differs in any byte, it fails before the last
/// byte is sent: close the connection, and the platform drops what it has.
///
/// 1. `kpn_stream_begin`, then records, with `kpn_stream_take` after each;
/// 2. `kpn_stream_head`: send the head;
/// 3. `kpn_stream_restart`, then the same records, with `kpn_stream_take` after each: send what it gives;
/// 4. `kpn_stream_finish`: send the last piece.
///
/// 352 bytes on a 32-bit target. It holds pointers: do not store it, and do not copy it while it is in use.
///
/// ~~~{.c}
/// static uint8_t window[256];
/// static kpn_stream stream;
/// static const char urn[] = "urn:dev:IMEI:490154203237518:";
/// kpn_span piece;
///
/// kpn_status status = kpn_stream_begin(&stream, window, sizeof window, KPN_ENDPOINT_M2M, urn);
/// for (int pass = 1; pass <= 2 && status == KPN_OK; pass++) {
///     for (int64_t i = 0; i < 10000; i++) { // the same measurements in both passes
///         kpn_uplink_add_decimal(&stream.uplink, KPN_TEMPERATURE, 200 + i % 9, -1);
///         if (kpn_stream_take(&stream, 100, &piece) == KPN_OK) {
///             modem_send(piece.ptr, piece.len); // nothing in the first pass
///         }
///     }
///     status = pass == 1 ? kpn_stream_head(&stream, secret, &piece) : kpn_stream_finish(&stream, &piece);
///     if (status == KPN_OK) {
///         modem_send(piece.ptr, piece.len);
///     }
///     if (status == KPN_OK && pass == 1) {
///         status = kpn_stream_restart(&stream, urn);
///     }
/// }
/// ~~~
#[repr(C)]
pub struct kpn_stream {
    private_tag: u32,
    private_reserved: u32,
    /// The pack: give its address to the `kpn_uplink_set_` and `kpn_uplink_add_` functions, to `kpn_uplink_clear_failure`,
    /// `kpn_uplink_missing` and `kpn_uplink_records`, and to no other.
    pub uplink: kpn_uplink,
    private_state: StreamState,
}

// SAFETY: repr(C) with the u32 tag in front; pointers and plain integers behind it.
unsafe impl Object for kpn_stream {
    const NUMBER: u8 = 7;
}

/// Starts the first pass of a message from one device to a KPN Things endpoint.
///
/// The pack begins with the record `{"bn":urn}`. After a failure `kpn_stream_head` returns that failure too.
///
/// @param[out]    stream      Need not be initialised.
/// @param[in,out] window      Belongs to the library until the message is finished or abandoned.
/// @param[in]     window_cap  Bytes. The larger of `KPN_HEAD_MAX` and the longest record.
/// @param[in]     endpoint    `KPN_ENDPOINT_M2M` or `KPN_ENDPOINT_INTERNET`.
/// @param[in]     urn         Device URN. Not kept.
///
/// @retval KPN_OK                    Begun.
/// @retval KPN_ERR_BUFFER_FULL       Too small for the head; `kpn_uplink_missing` says by how much.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, the capacity is above `PTRDIFF_MAX`, or `endpoint` is none.
/// @retval KPN_ERR_OVERLAP           `stream`, `window` and `urn` share memory.
/// @retval KPN_ERR_URN               `urn` is too long, or is one of KPN's kinds without its identifier or final colon.
/// @retval KPN_ERR_SENML_NAME        `urn` is empty or has a character outside `A-Z a-z 0-9 - : . / _`.
///
/// # Safety
///
/// `stream` is NULL or points to memory for one `kpn_stream` that nobody else uses until the message is finished or
/// abandoned; likewise `window` for `window_cap` bytes; `urn` is NULL or NUL-terminated.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_stream_begin(
    stream: *mut kpn_stream,
    window: *mut u8,
    window_cap: usize,
    endpoint: i32,
    urn: *const c_char,
) -> kpn_status {
    let to = Where::known(endpoint);
    // SAFETY: the same contract.
    status(unsafe { begin(stream, window, window_cap, to, urn) })
}

/// Starts the first pass of a message from one device to a host and path of your own.
///
/// As `kpn_stream_begin`.
///
/// @param[out]    stream      Need not be initialised.
/// @param[in,out] window      Belongs to the library until the message is finished or abandoned.
/// @param[in]     window_cap  Bytes. The head takes 174, host and path.
/// @param[in]     host        NUL-terminated value of the Host header, at most `KPN_HEAD_TEXT_MAX` bytes. Kept until the message is finished.
/// @param[in]     path        NUL-terminated, beginning with `/`, at most `KPN_HEAD_TEXT_MAX` bytes. Kept until the message is finished.
/// @param[in]     urn         Device URN. Not kept.
///
/// @retval KPN_OK                    Begun.
/// @retval KPN_ERR_BUFFER_FULL       Too small for the head; `kpn_uplink_missing` says by how much.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or the capacity is above `PTRDIFF_MAX`.
/// @retval KPN_ERR_OVERLAP           `stream`, `window` and the texts share memory.
/// @retval KPN_ERR_HEAD_TEXT         `host` or `path` is empty, too long, or not visible ASCII (no spaces, CR or LF).
/// @retval KPN_ERR_URN               `urn` is too long, or is one of KPN's kinds without its identifier or final colon.
/// @retval KPN_ERR_SENML_NAME        `urn` is empty or has a character outside `A-Z a-z 0-9 - : . / _`.
///
/// # Safety
///
/// As for `kpn_stream_begin`; `host` and `path` are NULL or NUL-terminated, until the message is finished.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_stream_begin_custom(
    stream: *mut kpn_stream,
    window: *mut u8,
    window_cap: usize,
    host: *const c_char,
    path: *const c_char,
    urn: *const c_char,
) -> kpn_status {
    let to = Where::custom(host, path);
    // SAFETY: the same contract.
    status(unsafe { begin(stream, window, window_cap, to, urn) })
}

/// Empties the window if fewer than `room` bytes are free in it.
///
/// In the first pass the span is always empty. In the second pass, send it before the next call on the stream or its uplink, which
/// overwrites it. Labels and base fields stay in the window until their record follows. The room may differ between calls and passes.
///
/// @param[in,out] stream     From `kpn_stream_begin`, in a pass.
/// @param[in]     room       Most bytes that the next record and its labels need. Small values give larger pieces, `SIZE_MAX` all at once.
/// @param[out]    out_piece  Written only on success. Lies in the window; often empty.
///
/// @retval KPN_OK                    Send `out_piece` unless it is empty.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE             The stream was not begun, is finished, or is between the passes.
/// @retval KPN_ERR_OVERLAP           The arguments and the window share memory.
/// @retval KPN_ERR_PASS_DIFFERS      The second pass has more bytes than the first. Close the connection.
///
/// # Safety
///
/// `stream` as for `kpn_stream_begin`; `out_piece` is NULL or points to memory for one `kpn_span` that nobody else uses
/// during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_stream_take(
    stream: *mut kpn_stream,
    room: usize,
    out_piece: *mut kpn_span,
) -> kpn_status {
    // SAFETY: the same contract.
    status(unsafe { give(stream, out_piece, Step::Take(room)) })
}

/// Ends the first pass and gives the head with length and token; send it first.
///
/// If any call of the pass failed, this returns the first failure, like `kpn_uplink_finish`; clear it and call again to send the rest.
/// KPN documentation "Message token", RFC 9112 section 3.
///
/// @param[in,out] stream    From `kpn_stream_begin`, in the first pass.
/// @param[in]     secret    Secret. Not kept.
/// @param[out]    out_head  Written only on success. Lies in the window until `kpn_stream_restart`.
///
/// @retval KPN_OK                    `out_head` is the head.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE             The stream was not begun or is not in its first pass.
/// @retval KPN_ERR_OVERLAP           The arguments and the window share memory.
/// @retval KPN_ERR_HEAD_TEXT         The host or path given to `kpn_stream_begin_custom` has changed.
/// @retval KPN_ERR_SECRET            `secret` is not 30 to 100 letters and digits. May be called again with another.
/// @retval KPN_ERR_SENML_EMPTY       There was no measurement.
/// @retval KPN_ERR_NUMBER_RANGE      The body is longer than a `size_t` or ten digits can hold. The stream is over.
/// @return The first earlier failure that was not cleared.
///
/// # Safety
///
/// As for `kpn_stream_take`; `secret` is NULL or NUL-terminated.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_stream_head(
    stream: *mut kpn_stream,
    secret: *const c_char,
    out_head: *mut kpn_span,
) -> kpn_status {
    // SAFETY: the same contract.
    let secret = unsafe { ptr::text(secret, SECRET_MAX) };
    let secret = secret.map_err(Error::from);
    // SAFETY: the same contract.
    status(secret.and_then(|secret| unsafe { give(stream, out_head, Step::Head(Some(secret))) }))
}

/// Ends the first pass and gives a head without a token, for the device types that need none.
///
/// As `kpn_stream_head`.
///
/// @param[in,out] stream    From `kpn_stream_begin`, in the first pass.
/// @param[out]    out_head  Written only on success. Lies in the window until `kpn_stream_restart`.
///
/// @retval KPN_OK                    `out_head` is the head.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE             The stream was not begun or is not in its first pass.
/// @retval KPN_ERR_OVERLAP           The arguments and the window share memory.
/// @retval KPN_ERR_HEAD_TEXT         The host or path given to `kpn_stream_begin_custom` has changed.
/// @retval KPN_ERR_SENML_EMPTY       There was no measurement.
/// @retval KPN_ERR_NUMBER_RANGE      The body is longer than a `size_t` or ten digits can hold. The stream is over.
/// @return The first earlier failure that was not cleared.
///
/// # Safety
///
/// As for `kpn_stream_take`.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_stream_head_unsigned(
    stream: *mut kpn_stream,
    out_head: *mut kpn_span,
) -> kpn_status {
    // SAFETY: the same contract.
    status(unsafe { give(stream, out_head, Step::Head(None)) })
}

/// Starts the second pass, which must make the same calls as the first.
///
/// It may be called again after a failure.
///
/// @param[in,out] stream  From `kpn_stream_begin`, after `kpn_stream_head`.
/// @param[in]     urn     As for `kpn_stream_begin`. Not kept.
///
/// @retval KPN_OK                    The second pass has begun.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE             The stream was not begun or is not between its passes.
/// @retval KPN_ERR_OVERLAP           `urn` lies in `stream` or in the window.
/// @retval KPN_ERR_HEAD_TEXT         The host or path given to `kpn_stream_begin_custom` has changed.
/// @retval KPN_ERR_URN               `urn` is too long, or is one of KPN's kinds without its identifier or final colon.
/// @retval KPN_ERR_SENML_NAME        `urn` is empty or has a character outside `A-Z a-z 0-9 - : . / _`.
///
/// # Safety
///
/// `stream` as for `kpn_stream_begin`; `urn` is NULL or NUL-terminated.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_stream_restart(
    stream: *mut kpn_stream,
    urn: *const c_char,
) -> kpn_status {
    let restart = || -> Result<()> {
        // SAFETY: the same contract.
        let urn = unsafe { ptr::text(urn, KPN_URN_MAX) }?;
        // SAFETY: the same contract.
        let memory = unsafe { ptr::borrow(stream) }?.uplink.memory();
        ptr::check_disjoint(2, &[Region::of(stream), memory, Region::of_bytes(urn)])?;
        // SAFETY: the same contract; found begun above.
        let stream = unsafe { ptr::checked_mut(stream) };
        // SAFETY: the texts of a custom endpoint are still there.
        let target = unsafe { uplink::target(&stream.uplink) }?;
        // SAFETY: `begin` kept the window, which belongs to the library.
        let mut parts = unsafe { Parts::of(stream) }?;
        parts.stream().restart(target, urn)
    };
    status(restart())
}

/// Ends the second pass: compares it with the first and gives its last bytes to send.
///
/// @param[in,out] stream     From `kpn_stream_begin`, in the second pass.
/// @param[out]    out_piece  Written only on success. Lies in the window.
///
/// @retval KPN_OK                    With `out_piece` the request is complete.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE             The stream was not begun or is not in its second pass.
/// @retval KPN_ERR_OVERLAP           The arguments and the window share memory.
/// @retval KPN_ERR_PASS_DIFFERS      The passes differ. Close the connection.
/// @retval KPN_ERR_SENML_EMPTY       There was no measurement in the second pass.
/// @return The first earlier failure that was not cleared.
///
/// # Safety
///
/// As for `kpn_stream_take`.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_stream_finish(
    stream: *mut kpn_stream,
    out_piece: *mut kpn_span,
) -> kpn_status {
    // SAFETY: the same contract.
    status(unsafe { give(stream, out_piece, Step::Finish) })
}

/// Length of the whole request, known after `kpn_stream_head`.
///
/// @param[in] stream  From `kpn_stream_begin`.
///
/// @return Bytes; 0 before, and when `stream` is NULL, misaligned or not begun.
///
/// # Safety
///
/// `stream` as for `kpn_stream_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_stream_request_len(stream: *const kpn_stream) -> usize {
    // SAFETY: the same contract.
    let stream = unsafe { ptr::borrow(stream) };
    stream.map_or(0, |stream| stream.private_state.request_len())
}

/// The parts of a stream that the core needs.
struct Parts<'a> {
    state: &'a mut StreamState,
    uplink: &'a mut UplinkState,
    window: &'a mut [u8],
}

impl<'a> Parts<'a> {
    /// # Safety
    ///
    /// The window is still there, and nobody else uses it.
    unsafe fn of(stream: &'a mut kpn_stream) -> Result<Self> {
        // SAFETY: the same contract.
        let (uplink, window) = unsafe { stream.uplink.parts() }?;
        Ok(Self {
            state: &mut stream.private_state,
            uplink,
            window,
        })
    }

    const fn stream(&mut self) -> Stream<'_> {
        Stream::resume(self.state, self.uplink, self.window)
    }
}

/// # Safety
///
/// As for `kpn_stream_begin_custom`.
unsafe fn begin(
    stream: *mut kpn_stream,
    window: *mut u8,
    window_cap: usize,
    to: Where,
    urn: *const c_char,
) -> Result<()> {
    let (own, memory) = (Region::of(stream), Region::new(window, window_cap));
    // SAFETY: the same contract.
    let texts = unsafe { uplink::check(own, memory, to, urn) };
    // SAFETY: the same contract.
    let stream = unsafe { ptr::begin(stream) }?;
    let state = &mut stream.private_state;
    let begin = |uplink: &mut UplinkState, window: &mut [u8], target: &Target<'_>, urn: &[u8]| {
        Stream::begin(state, uplink, window, *target, urn).map(drop)
    };
    let uplink = &raw mut stream.uplink;
    // SAFETY: the same contract, for a part of the stream.
    unsafe { uplink::start(uplink, window, window_cap, to, &texts, begin) }
}

/// What calls that give a piece of the window have in common.
#[derive(Clone, Copy)]
enum Step<'a> {
    Take(usize),
    Head(Option<&'a [u8]>),
    Finish,
}

/// # Safety
///
/// As for `kpn_stream_head`.
unsafe fn give(stream: *mut kpn_stream, out_piece: *mut kpn_span, step: Step<'_>) -> Result<()> {
    let secret = match step {
        Step::Head(Some(secret)) => Region::of_bytes(secret),
        _ => Region::of_bytes(&[]),
    };
    // SAFETY: the same contract.
    let memory = unsafe { ptr::borrow(stream) }?.uplink.memory();
    let (own, result) = (Region::of(stream), Region::of(out_piece));
    ptr::check_disjoint(3, &[result, own, memory, secret])?;
    // SAFETY: the same contract.
    let out_piece = unsafe { ptr::out(out_piece) }?;
    // SAFETY: the same contract; found begun above.
    let stream = unsafe { ptr::checked_mut(stream) };
    // SAFETY: the texts of a custom endpoint are still there.
    let target = unsafe { uplink::target(&stream.uplink) };
    // SAFETY: `begin` kept the window, which belongs to the library.
    let mut parts = unsafe { Parts::of(stream) }?;
    let piece = match step {
        Step::Take(room) => parts.stream().take(room),
        Step::Head(secret) => parts.stream().head(target?, secret),
        Step::Finish => parts.stream().finish(),
    }?;
    out_piece.write(kpn_span::inside(parts.window, piece.start, piece.len)?);
    Ok(())
}
