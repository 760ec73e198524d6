// SPDX-License-Identifier: MIT OR Apache-2.0
//! Adding records to a queue.

use core::ffi::c_char;

use super::{
    KPN_CLOCK_NONE, KPN_CLOCK_UNIX, KPN_CLOCK_UPTIME, KPN_QUEUE_NAME_MAX, KPN_QUEUE_TEXT_MAX,
    kpn_queue,
};
use crate::error::{Error, Result};
use crate::ffi::ptr::{self, Region};
use crate::ffi::status::{kpn_status, status};
use crate::ffi::uplink::KPN_UNIT_MAX;
use crate::senml::pack::value::Value;
use crate::things::queue::{Content, NUMBER_MAX, When, render};

/// Appends a number, given as `mantissa` times ten to the power of `exponent`.
///
/// Anything that could not be sent later is refused here. RFC 8428 section 4.3.
///
/// @param[in,out] queue     From `kpn_queue_begin`.
/// @param[in]     name      NUL-terminated, 1 to `KPN_QUEUE_NAME_MAX` bytes of `A-Z a-z 0-9 - : . / _`. Copied.
/// @param[in]     unit      NUL-terminated SenML unit, or NULL for none. Copied.
/// @param[in]     clock     What `seconds` counts: `KPN_CLOCK_UNIX`, `KPN_CLOCK_UPTIME`, or `KPN_CLOCK_NONE` for no time.
/// @param[in]     seconds   When it was measured.
/// @param[in]     mantissa  205 for 20.5 with exponent -1.
/// @param[in]     exponent  `-KPN_EXPONENT_MAX` to `KPN_EXPONENT_MAX`; 0 for an integer.
///
/// @retval KPN_OK                    The record is in the queue.
/// @retval KPN_ERR_BUFFER_FULL       No room, and none can be made; `kpn_queue_dropped` counts the record.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, `exponent` or an uptime is out of range, or `clock` is none.
/// @retval KPN_ERR_STATE             The queue was not begun.
/// @retval KPN_ERR_OVERLAP           A text lies in `queue` or in its memory.
/// @retval KPN_ERR_SENML_NAME        `name` is empty, too long, or has a character outside the alphabet.
/// @retval KPN_ERR_SENML_UNIT        `unit` is empty, longer than `KPN_UNIT_MAX` bytes, or not printable ASCII.
/// @retval KPN_ERR_SENML_TIME        A time since 1970 is below 2^28, or is 2^32 - 1.
///
/// # Safety
///
/// `queue` as for `kpn_queue_begin`; `name` and `unit` are NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_queue_push_decimal(
    queue: *mut kpn_queue,
    name: *const c_char,
    unit: *const c_char,
    clock: i32,
    seconds: u32,
    mantissa: i64,
    exponent: i32,
) -> kpn_status {
    let value = &Value::decimal(mantissa, exponent);
    // SAFETY: the same contract.
    unsafe {
        push_number(queue, name, unit, clock, seconds, value, |text| {
            Content::Number(text)
        })
    }
}

/// Appends a signed integer. Otherwise as `kpn_queue_push_decimal`.
///
///
/// @param[in,out] queue    From `kpn_queue_begin`.
/// @param[in]     name     NUL-terminated, 1 to `KPN_QUEUE_NAME_MAX` bytes of `A-Z a-z 0-9 - : . / _`. Copied.
/// @param[in]     unit     NUL-terminated SenML unit, or NULL for none. Copied.
/// @param[in]     clock    As for `kpn_queue_push_decimal`.
/// @param[in]     seconds  When it was measured.
/// @param[in]     value    Any value.
///
/// @retval KPN_OK                    The record is in the queue.
/// @retval KPN_ERR_BUFFER_FULL       No room, and none can be made; `kpn_queue_dropped` counts the record.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, an uptime is out of range, or `clock` is none.
/// @retval KPN_ERR_STATE             The queue was not begun.
/// @retval KPN_ERR_OVERLAP           A text lies in `queue` or in its memory.
/// @retval KPN_ERR_SENML_NAME        `name` is empty, too long, or has a character outside the alphabet.
/// @retval KPN_ERR_SENML_UNIT        `unit` is empty, longer than `KPN_UNIT_MAX` bytes, or not printable ASCII.
/// @retval KPN_ERR_SENML_TIME        A time since 1970 is below 2^28, or is 2^32 - 1.
///
/// # Safety
///
/// As for `kpn_queue_push_decimal`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_queue_push_int64(
    queue: *mut kpn_queue,
    name: *const c_char,
    unit: *const c_char,
    clock: i32,
    seconds: u32,
    value: i64,
) -> kpn_status {
    let value = &Value::int(value);
    // SAFETY: the same contract.
    unsafe {
        push_number(queue, name, unit, clock, seconds, value, |text| {
            Content::Number(text)
        })
    }
}

/// Appends an unsigned integer.
///
/// As `kpn_queue_push_int64`.
///
/// @param[in,out] queue    From `kpn_queue_begin`.
/// @param[in]     name     NUL-terminated, 1 to `KPN_QUEUE_NAME_MAX` bytes of `A-Z a-z 0-9 - : . / _`. Copied.
/// @param[in]     unit     NUL-terminated SenML unit, or NULL for none. Copied.
/// @param[in]     clock    As for `kpn_queue_push_decimal`.
/// @param[in]     seconds  When it was measured.
/// @param[in]     value    Any value.
///
/// @retval KPN_OK                    The record is in the queue.
/// @retval KPN_ERR_BUFFER_FULL       No room, and none can be made; `kpn_queue_dropped` counts the record.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, an uptime is out of range, or `clock` is none.
/// @retval KPN_ERR_STATE             The queue was not begun.
/// @retval KPN_ERR_OVERLAP           A text lies in `queue` or in its memory.
/// @retval KPN_ERR_SENML_NAME        `name` is empty, too long, or has a character outside the alphabet.
/// @retval KPN_ERR_SENML_UNIT        `unit` is empty, longer than `KPN_UNIT_MAX` bytes, or not printable ASCII.
/// @retval KPN_ERR_SENML_TIME        A time since 1970 is below 2^28, or is 2^32 - 1.
///
/// # Safety
///
/// As for `kpn_queue_push_decimal`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_queue_push_uint64(
    queue: *mut kpn_queue,
    name: *const c_char,
    unit: *const c_char,
    clock: i32,
    seconds: u32,
    value: u64,
) -> kpn_status {
    let value = &Value::uint(value);
    // SAFETY: the same contract.
    unsafe {
        push_number(queue, name, unit, clock, seconds, value, |text| {
            Content::Number(text)
        })
    }
}

/// Appends a double, as the shortest number that reads back equal.
///
/// As `kpn_queue_push_decimal`, and links the conversion of doubles.
///
/// @param[in,out] queue    From `kpn_queue_begin`.
/// @param[in]     name     NUL-terminated, 1 to `KPN_QUEUE_NAME_MAX` bytes of `A-Z a-z 0-9 - : . / _`. Copied.
/// @param[in]     unit     NUL-terminated SenML unit, or NULL for none. Copied.
/// @param[in]     clock    As for `kpn_queue_push_decimal`.
/// @param[in]     seconds  When it was measured.
/// @param[in]     value    Finite.
///
/// @retval KPN_OK                    The record is in the queue.
/// @retval KPN_ERR_BUFFER_FULL       No room, and none can be made; `kpn_queue_dropped` counts the record.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, an uptime is out of range, or `clock` is none.
/// @retval KPN_ERR_STATE             The queue was not begun.
/// @retval KPN_ERR_OVERLAP           A text lies in `queue` or in its memory.
/// @retval KPN_ERR_NOT_FINITE        `value` is NaN or infinite.
/// @retval KPN_ERR_SENML_NAME        `name` is empty, too long, or has a character outside the alphabet.
/// @retval KPN_ERR_SENML_UNIT        `unit` is empty, longer than `KPN_UNIT_MAX` bytes, or not printable ASCII.
/// @retval KPN_ERR_SENML_TIME        A time since 1970 is below 2^28, or is 2^32 - 1.
///
/// # Safety
///
/// As for `kpn_queue_push_decimal`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_queue_push_double(
    queue: *mut kpn_queue,
    name: *const c_char,
    unit: *const c_char,
    clock: i32,
    seconds: u32,
    value: f64,
) -> kpn_status {
    let value = &Value::double(value);
    // SAFETY: the same contract.
    unsafe {
        push_number(queue, name, unit, clock, seconds, value, |text| {
            Content::Number(text)
        })
    }
}

/// Appends a Boolean.
///
/// As `kpn_queue_push_decimal`.
///
/// @param[in,out] queue    From `kpn_queue_begin`.
/// @param[in]     name     NUL-terminated, 1 to `KPN_QUEUE_NAME_MAX` bytes of `A-Z a-z 0-9 - : . / _`. Copied.
/// @param[in]     unit     NUL-terminated SenML unit, or NULL for none. Copied.
/// @param[in]     clock    As for `kpn_queue_push_decimal`.
/// @param[in]     seconds  When it was measured.
/// @param[in]     value    The value.
///
/// @retval KPN_OK                    The record is in the queue.
/// @retval KPN_ERR_BUFFER_FULL       No room, and none can be made; `kpn_queue_dropped` counts the record.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, an uptime is out of range, or `clock` is none.
/// @retval KPN_ERR_STATE             The queue was not begun.
/// @retval KPN_ERR_OVERLAP           A text lies in `queue` or in its memory.
/// @retval KPN_ERR_SENML_NAME        `name` is empty, too long, or has a character outside the alphabet.
/// @retval KPN_ERR_SENML_UNIT        `unit` is empty, longer than `KPN_UNIT_MAX` bytes, or not printable ASCII.
/// @retval KPN_ERR_SENML_TIME        A time since 1970 is below 2^28, or is 2^32 - 1.
///
/// # Safety
///
/// As for `kpn_queue_push_decimal`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_queue_push_bool(
    queue: *mut kpn_queue,
    name: *const c_char,
    unit: *const c_char,
    clock: i32,
    seconds: u32,
    value: bool,
) -> kpn_status {
    let content = Ok(Content::Bool(value));
    // SAFETY: the same contract.
    unsafe { push(queue, name, unit, clock, seconds, content) }
}

/// Appends a text in UTF-8.
///
/// As `kpn_queue_push_decimal`.
///
/// @param[in,out] queue    From `kpn_queue_begin`.
/// @param[in]     name     NUL-terminated, 1 to `KPN_QUEUE_NAME_MAX` bytes of `A-Z a-z 0-9 - : . / _`. Copied.
/// @param[in]     unit     NUL-terminated SenML unit, or NULL for none. Copied.
/// @param[in]     clock    As for `kpn_queue_push_decimal`.
/// @param[in]     seconds  When it was measured.
/// @param[in]     text     NUL-terminated, at most `KPN_QUEUE_TEXT_MAX` bytes. Copied.
///
/// @retval KPN_OK                    The record is in the queue.
/// @retval KPN_ERR_BUFFER_FULL       No room, and none can be made; `kpn_queue_dropped` counts the record.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, `text` is too long, an uptime is out of range, or `clock` is none.
/// @retval KPN_ERR_STATE             The queue was not begun.
/// @retval KPN_ERR_OVERLAP           A text lies in `queue` or in its memory.
/// @retval KPN_ERR_UTF8              `text` is not UTF-8.
/// @retval KPN_ERR_SENML_NAME        `name` is empty, too long, or has a character outside the alphabet.
/// @retval KPN_ERR_SENML_UNIT        `unit` is empty, longer than `KPN_UNIT_MAX` bytes, or not printable ASCII.
/// @retval KPN_ERR_SENML_TIME        A time since 1970 is below 2^28, or is 2^32 - 1.
///
/// # Safety
///
/// As for `kpn_queue_push_decimal`; `text` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_queue_push_text(
    queue: *mut kpn_queue,
    name: *const c_char,
    unit: *const c_char,
    clock: i32,
    seconds: u32,
    text: *const c_char,
) -> kpn_status {
    // SAFETY: the same contract.
    let text = unsafe { ptr::text(text, KPN_QUEUE_TEXT_MAX) };
    let content = text.map(Content::Text).map_err(Error::from);
    // SAFETY: the same contract.
    unsafe { push(queue, name, unit, clock, seconds, content) }
}

/// Appends binary data, which is sent as base64.
///
/// As `kpn_queue_push_decimal`. RFC 8428 section 4.3.
///
/// @param[in,out] queue     From `kpn_queue_begin`.
/// @param[in]     name      NUL-terminated, 1 to `KPN_QUEUE_NAME_MAX` bytes of `A-Z a-z 0-9 - : . / _`. Copied.
/// @param[in]     unit      NUL-terminated SenML unit, or NULL for none. Copied.
/// @param[in]     clock     As for `kpn_queue_push_decimal`.
/// @param[in]     seconds   When it was measured.
/// @param[in]     data      May be NULL when `data_len` is 0. Copied.
/// @param[in]     data_len  Bytes, at most `KPN_QUEUE_DATA_MAX`.
///
/// @retval KPN_OK                    The record is in the queue.
/// @retval KPN_ERR_BUFFER_FULL       No room, and none can be made; `kpn_queue_dropped` counts the record.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, `data_len` or an uptime is out of range, or `clock` is none.
/// @retval KPN_ERR_STATE             The queue was not begun.
/// @retval KPN_ERR_OVERLAP           A text or the data lies in `queue` or in its memory.
/// @retval KPN_ERR_SENML_NAME        `name` is empty, too long, or has a character outside the alphabet.
/// @retval KPN_ERR_SENML_UNIT        `unit` is empty, longer than `KPN_UNIT_MAX` bytes, or not printable ASCII.
/// @retval KPN_ERR_SENML_TIME        A time since 1970 is below 2^28, or is 2^32 - 1.
///
/// # Safety
///
/// As for `kpn_queue_push_decimal`; `data` is NULL or points to `data_len` initialised bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_queue_push_data(
    queue: *mut kpn_queue,
    name: *const c_char,
    unit: *const c_char,
    clock: i32,
    seconds: u32,
    data: *const u8,
    data_len: usize,
) -> kpn_status {
    // SAFETY: the same contract.
    let data = unsafe { ptr::bytes(data, data_len) };
    let content = data.map(Content::Data).map_err(Error::from);
    // SAFETY: the same contract.
    unsafe { push(queue, name, unit, clock, seconds, content) }
}

/// Appends a sum without a value, given as `mantissa` times ten to the power of `exponent`.
///
/// A sum is the integral of a value over time, such as energy for power. As `kpn_queue_push_decimal`.
///
/// @param[in,out] queue     From `kpn_queue_begin`.
/// @param[in]     name      NUL-terminated, 1 to `KPN_QUEUE_NAME_MAX` bytes of `A-Z a-z 0-9 - : . / _`. Copied.
/// @param[in]     unit      NUL-terminated SenML unit, or NULL for none. Copied.
/// @param[in]     clock     As for `kpn_queue_push_decimal`.
/// @param[in]     seconds   When it was measured.
/// @param[in]     mantissa  205 for 20.5 with exponent -1.
/// @param[in]     exponent  `-KPN_EXPONENT_MAX` to `KPN_EXPONENT_MAX`; 0 for an integer.
///
/// @retval KPN_OK                    The record is in the queue.
/// @retval KPN_ERR_BUFFER_FULL       No room, and none can be made; `kpn_queue_dropped` counts the record.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, `exponent` or an uptime is out of range, or `clock` is none.
/// @retval KPN_ERR_STATE             The queue was not begun.
/// @retval KPN_ERR_OVERLAP           A text lies in `queue` or in its memory.
/// @retval KPN_ERR_SENML_NAME        `name` is empty, too long, or has a character outside the alphabet.
/// @retval KPN_ERR_SENML_UNIT        `unit` is empty, longer than `KPN_UNIT_MAX` bytes, or not printable ASCII.
/// @retval KPN_ERR_SENML_TIME        A time since 1970 is below 2^28, or is 2^32 - 1.
///
/// # Safety
///
/// As for `kpn_queue_push_decimal`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_queue_push_sum_decimal(
    queue: *mut kpn_queue,
    name: *const c_char,
    unit: *const c_char,
    clock: i32,
    seconds: u32,
    mantissa: i64,
    exponent: i32,
) -> kpn_status {
    let value = &Value::decimal(mantissa, exponent);
    // SAFETY: the same contract.
    unsafe {
        push_number(queue, name, unit, clock, seconds, value, |text| {
            Content::Sum(text)
        })
    }
}

/// Appends a sum without a value, as the shortest number that reads back equal.
///
/// As `kpn_queue_push_sum_decimal`, and links the conversion of doubles.
///
/// @param[in,out] queue    From `kpn_queue_begin`.
/// @param[in]     name     NUL-terminated, 1 to `KPN_QUEUE_NAME_MAX` bytes of `A-Z a-z 0-9 - : . / _`. Copied.
/// @param[in]     unit     NUL-terminated SenML unit, or NULL for none. Copied.
/// @param[in]     clock    As for `kpn_queue_push_decimal`.
/// @param[in]     seconds  When it was measured.
/// @param[in]     value    Finite.
///
/// @retval KPN_OK                    The record is in the queue.
/// @retval KPN_ERR_BUFFER_FULL       No room, and none can be made; `kpn_queue_dropped` counts the record.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, an uptime is out of range, or `clock` is none.
/// @retval KPN_ERR_STATE             The queue was not begun.
/// @retval KPN_ERR_OVERLAP           A text lies in `queue` or in its memory.
/// @retval KPN_ERR_NOT_FINITE        `value` is NaN or infinite.
/// @retval KPN_ERR_SENML_NAME        `name` is empty, too long, or has a character outside the alphabet.
/// @retval KPN_ERR_SENML_UNIT        `unit` is empty, longer than `KPN_UNIT_MAX` bytes, or not printable ASCII.
/// @retval KPN_ERR_SENML_TIME        A time since 1970 is below 2^28, or is 2^32 - 1.
///
/// # Safety
///
/// As for `kpn_queue_push_decimal`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_queue_push_sum_double(
    queue: *mut kpn_queue,
    name: *const c_char,
    unit: *const c_char,
    clock: i32,
    seconds: u32,
    value: f64,
) -> kpn_status {
    let value = &Value::double(value);
    // SAFETY: the same contract.
    unsafe {
        push_number(queue, name, unit, clock, seconds, value, |text| {
            Content::Sum(text)
        })
    }
}

/// Appends a number. Converting it to text takes more stack than anything else here, so that is done before the rest begins.
///
/// # Safety
///
/// As for `push`.
#[inline(never)]
unsafe fn push_number(
    queue: *mut kpn_queue,
    name: *const c_char,
    unit: *const c_char,
    clock: i32,
    seconds: u32,
    value: &Value<'_>,
    content: fn(&[u8]) -> Content<'_>,
) -> kpn_status {
    let mut text = [0; NUMBER_MAX];
    let number = render(value, &mut text).map(content);
    // SAFETY: the same contract.
    unsafe { push(queue, name, unit, clock, seconds, number) }
}

/// Appends a record.
///
/// # Safety
///
/// `queue` as for `kpn_queue_begin`; `name` and `unit` are NULL or NUL-terminated.
#[inline(never)]
unsafe fn push(
    queue: *mut kpn_queue,
    name: *const c_char,
    unit: *const c_char,
    clock: i32,
    seconds: u32,
    content: Result<Content<'_>>,
) -> kpn_status {
    let push = || -> Result<()> {
        // SAFETY: the same contract.
        let queue = unsafe { ptr::borrow_mut(queue) }?;
        let own = Region::of(&raw const *queue);
        let memory = queue.memory();
        let check = |bytes| -> Result<()> {
            let bytes = Region::of_bytes(bytes);
            own.check_disjoint_from(bytes)?;
            memory.check_disjoint_from(bytes)
        };
        // SAFETY: the same contract.
        let name = unsafe { ptr::text(name, KPN_QUEUE_NAME_MAX) }?;
        check(name)?;
        // SAFETY: the same contract.
        let unit = unsafe { ptr::optional_text(unit, KPN_UNIT_MAX) }.get();
        check(unit.unwrap_or_default())?;
        let when = match clock {
            KPN_CLOCK_NONE => When::Reception,
            KPN_CLOCK_UNIX => When::Unix(seconds),
            KPN_CLOCK_UPTIME => {
                When::Uptime(i32::try_from(seconds).map_err(|_| Error::INVALID_ARGUMENT)?)
            }
            _ => return Err(Error::INVALID_ARGUMENT),
        };
        let content = content?;
        check(content.bytes())?;
        // SAFETY: `begin` kept the memory, which belongs to the library.
        unsafe { queue.core() }?.push(name, unit, when, content)
    };
    status(push())
}
