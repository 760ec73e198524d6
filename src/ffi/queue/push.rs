//! Records into a queue.

use core::ffi::c_char;

use super::{
    KPN_CLOCK_NONE, KPN_CLOCK_UNIX, KPN_CLOCK_UPTIME, KPN_QUEUE_NAME_MAX, KPN_QUEUE_TEXT_MAX,
    kpn_queue,
};
use crate::buf::Buf;
use crate::error::{Error, Result};
use crate::ffi::ptr::{self, Region};
use crate::ffi::status::{kpn_status, status};
use crate::ffi::uplink::KPN_UNIT_MAX;
use crate::number;
use crate::senml::pack::value::put_decimal;
use crate::things::queue::{NUMBER_MAX, Queue, Queued as Value, When};

/// Appends a number, given as `mantissa` times ten to the power of `exponent`.
///
/// What could be refused when it is sent is refused here. RFC 8428 section 4.3.
///
/// @param[in,out] queue     From `kpn_queue_begin`.
/// @param[in]     name      NUL-terminated, 1 to `KPN_QUEUE_NAME_MAX` bytes of `A-Z a-z 0-9 - : . / _`. Copied.
/// @param[in]     unit      NUL-terminated SenML unit, or NULL for none. Copied.
/// @param[in]     clock     What `seconds` count: `KPN_CLOCK_UNIX`, `KPN_CLOCK_UPTIME`, or `KPN_CLOCK_NONE` when they count nothing.
/// @param[in]     seconds   When it was measured.
/// @param[in]     mantissa  205 for 20.5 with exponent -1.
/// @param[in]     exponent  `-KPN_EXPONENT_MAX` to `KPN_EXPONENT_MAX`; 0 for an integer.
///
/// @retval KPN_OK                    The record is in the queue.
/// @retval KPN_ERR_BUFFER_FULL           No room, and none to be had; `kpn_queue_dropped` counts the record.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, `exponent` or an uptime is out of range, or `clock` is none.
/// @retval KPN_ERR_STATE             The queue was not begun.
/// @retval KPN_ERR_OVERLAP           A text lies in `queue` or in its memory.
/// @retval KPN_ERR_SENML_NAME        `name` is empty, too long, or has a character outside the alphabet.
/// @retval KPN_ERR_SENML_UNIT        `unit` is empty, longer than `KPN_UNIT_MAX` bytes, or not printable ASCII.
/// @retval KPN_ERR_SENML_TIME        A time since 1970 is below 2^28.
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
    let mut text = [0; NUMBER_MAX];
    let mut out = Buf::new(&mut text, 0);
    let written = put_decimal(&mut out, mantissa, exponent);
    let number = written.map(|()| out.written());
    // SAFETY: the same contract.
    unsafe { push_number(queue, name, unit, clock, seconds, number) }
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
/// @retval KPN_ERR_BUFFER_FULL           No room, and none to be had; `kpn_queue_dropped` counts the record.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, an uptime is out of range, or `clock` is none.
/// @retval KPN_ERR_STATE             The queue was not begun.
/// @retval KPN_ERR_OVERLAP           A text lies in `queue` or in its memory.
/// @retval KPN_ERR_NOT_FINITE        `value` is NaN or infinite.
/// @retval KPN_ERR_SENML_NAME        `name` is empty, too long, or has a character outside the alphabet.
/// @retval KPN_ERR_SENML_UNIT        `unit` is empty, longer than `KPN_UNIT_MAX` bytes, or not printable ASCII.
/// @retval KPN_ERR_SENML_TIME        A time since 1970 is below 2^28.
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
    let mut text = [0; NUMBER_MAX];
    let mut out = Buf::new(&mut text, 0);
    let number = number::write_f64(&mut out, value).map(|()| out.written());
    // SAFETY: the same contract.
    unsafe { push_number(queue, name, unit, clock, seconds, number) }
}

/// Appends a truth value.
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
/// @retval KPN_ERR_BUFFER_FULL           No room, and none to be had; `kpn_queue_dropped` counts the record.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, an uptime is out of range, or `clock` is none.
/// @retval KPN_ERR_STATE             The queue was not begun.
/// @retval KPN_ERR_OVERLAP           A text lies in `queue` or in its memory.
/// @retval KPN_ERR_SENML_NAME        `name` is empty, too long, or has a character outside the alphabet.
/// @retval KPN_ERR_SENML_UNIT        `unit` is empty, longer than `KPN_UNIT_MAX` bytes, or not printable ASCII.
/// @retval KPN_ERR_SENML_TIME        A time since 1970 is below 2^28.
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
    let push = |mut new: New<'_>| new.push(Value::Bool(value));
    // SAFETY: the same contract.
    status(unsafe { open(queue, name, unit, clock, seconds) }.and_then(push))
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
/// @retval KPN_ERR_BUFFER_FULL           No room, and none to be had; `kpn_queue_dropped` counts the record.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, `text` is too long, an uptime is out of range, or `clock` is none.
/// @retval KPN_ERR_STATE             The queue was not begun.
/// @retval KPN_ERR_OVERLAP           A text lies in `queue` or in its memory.
/// @retval KPN_ERR_UTF8              `text` is not UTF-8.
/// @retval KPN_ERR_SENML_NAME        `name` is empty, too long, or has a character outside the alphabet.
/// @retval KPN_ERR_SENML_UNIT        `unit` is empty, longer than `KPN_UNIT_MAX` bytes, or not printable ASCII.
/// @retval KPN_ERR_SENML_TIME        A time since 1970 is below 2^28.
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
    let push = |mut new: New<'_>| {
        // SAFETY: the same contract.
        let text = unsafe { ptr::text(text, KPN_QUEUE_TEXT_MAX) }?;
        apart(new.memory, text)?;
        new.push(Value::Text(text))
    };
    // SAFETY: the same contract.
    status(unsafe { open(queue, name, unit, clock, seconds) }.and_then(push))
}

/// A queue and what goes into it, pointers checked.
struct New<'a> {
    queue: Queue<'a>,
    memory: [Region; 2],
    name: &'a [u8],
    unit: Option<&'a [u8]>,
    when: When,
}

impl New<'_> {
    fn push(&mut self, value: Value<'_>) -> Result<()> {
        self.queue.push(self.name, self.unit, self.when, value)
    }
}

/// Appends a number that is rendered already: to render it takes more stack than anything else here, so it is over by then.
///
/// # Safety
///
/// As for `kpn_queue_push_decimal`.
#[inline(never)]
unsafe fn push_number(
    queue: *mut kpn_queue,
    name: *const c_char,
    unit: *const c_char,
    clock: i32,
    seconds: u32,
    number: Result<&[u8]>,
) -> kpn_status {
    let push = |mut new: New<'_>| new.push(Value::Number(number?));
    // SAFETY: the same contract.
    status(unsafe { open(queue, name, unit, clock, seconds) }.and_then(push))
}

/// # Safety
///
/// As for `kpn_queue_push_decimal`.
unsafe fn open<'a>(
    queue: *mut kpn_queue,
    name: *const c_char,
    unit: *const c_char,
    clock: i32,
    seconds: u32,
) -> Result<New<'a>> {
    // SAFETY: the same contract.
    let queue = unsafe { ptr::object_mut(queue) }?;
    let memory = [Region::of(&raw const *queue), queue.memory()];
    // SAFETY: the same contract.
    let name = unsafe { ptr::text(name, KPN_QUEUE_NAME_MAX) }?;
    apart(memory, name)?;
    let unit = if unit.is_null() {
        None
    } else {
        // SAFETY: the same contract.
        let unit = unsafe { ptr::text(unit, KPN_UNIT_MAX) }?;
        apart(memory, unit)?;
        Some(unit)
    };
    let when = match clock {
        KPN_CLOCK_NONE => When::Reception,
        KPN_CLOCK_UNIX => When::Unix(seconds),
        KPN_CLOCK_UPTIME => {
            When::Uptime(i32::try_from(seconds).map_err(|_| Error::INVALID_ARGUMENT)?)
        }
        _ => return Err(Error::INVALID_ARGUMENT),
    };
    // SAFETY: `begin` kept the memory, which belongs to the library.
    let queue = unsafe { queue.core() }?;
    Ok(New {
        queue,
        memory,
        name,
        unit,
        when,
    })
}

fn apart(memory: [Region; 2], text: &[u8]) -> Result<()> {
    let text = Region::of_bytes(text);
    let [own, records] = memory;
    own.check_disjoint_from(text)?;
    records.check_disjoint_from(text)
}
