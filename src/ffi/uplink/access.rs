//! From an uplink of the caller to the pack in it: what all functions that add to it share.

use core::ffi::c_char;

use super::{KPN_NAME_MAX, KPN_UNIT_MAX, Where, kpn_uplink};
use crate::error::{Error, Result};
use crate::ffi::ptr::{self, Bytes, Given, Region};
use crate::ffi::status::OK;
use crate::ffi::status::{kpn_status, status};
use crate::http::request::Target;
use crate::number::Decimal;
use crate::senml::pack::value::{BASE_TIME, Kind, Value};
use crate::senml::pack::{Pack, Part};
use crate::things::uplink::{Uplink, UplinkState};

/// Appends a record with a number.
///
/// # Safety
///
/// As for `add`.
#[inline(never)]
pub(super) unsafe fn add_number(
    uplink: *mut kpn_uplink,
    name: *const c_char,
    unit: *const c_char,
    kind: &Kind,
    mantissa: i64,
    exponent: i32,
) -> kpn_status {
    let value = &mut Value::number(kind, mantissa, exponent);
    // SAFETY: the same contract.
    unsafe { add(uplink, name, unit, Bytes::none(), value) }
}

/// Appends a record with a text or data.
///
/// # Safety
///
/// As for `add`.
#[inline(never)]
pub(super) unsafe fn add_bytes<'a>(
    uplink: *mut kpn_uplink,
    name: *const c_char,
    unit: *const c_char,
    kind: &'a Kind,
    bytes: Bytes<'a>,
) -> kpn_status {
    let value = &mut Value::bytes(kind, None);
    // SAFETY: the same contract.
    unsafe { add(uplink, name, unit, bytes, value) }
}

/// Sets a base field or a label to a number.
///
/// # Safety
///
/// As for `add`.
pub(super) unsafe fn set_number(
    uplink: *mut kpn_uplink,
    kind: &Kind,
    mantissa: i64,
    exponent: i32,
) -> kpn_status {
    let none = core::ptr::null();
    // SAFETY: the same contract; there are no texts.
    unsafe { add_number(uplink, none, none, kind, mantissa, exponent) }
}

/// Sets a base field to a text.
///
/// # Safety
///
/// As for `add`.
pub(super) unsafe fn set_bytes(
    uplink: *mut kpn_uplink,
    kind: &Kind,
    bytes: Bytes<'_>,
) -> kpn_status {
    let none = core::ptr::null();
    // SAFETY: the same contract; there are no texts.
    unsafe { add_bytes(uplink, none, none, kind, bytes) }
}

/// Sets the base time.
///
/// # Safety
///
/// As for `add`.
pub(super) unsafe fn set_base_time(
    uplink: *mut kpn_uplink,
    mantissa: i64,
    exponent: i32,
) -> kpn_status {
    // SAFETY: the same contract.
    let set = unsafe { set_number(uplink, BASE_TIME, mantissa, exponent) };
    if set == OK {
        // SAFETY: the same contract; begun as just found.
        let uplink = unsafe { ptr::checked_mut(uplink) };
        let seconds = Decimal { mantissa, exponent };
        uplink.private_state.keep_base_time(seconds);
    }
    set
}

/// Appends a record, or sets a base field or a label. What is refused before the pack sees it is remembered there too.
///
/// # Safety
///
/// `uplink` is as for `kpn_uplink_begin`; `name` and `unit` are NULL or NUL-terminated.
#[inline(never)]
unsafe fn add<'a>(
    uplink: *mut kpn_uplink,
    name: *const c_char,
    unit: *const c_char,
    bytes: Bytes<'a>,
    value: &mut Value<'a>,
) -> kpn_status {
    let part = value.part();
    let mut add = || -> Result<()> {
        let own = Region::of(uplink);
        // SAFETY: the same contract.
        let uplink = unsafe { ptr::object_mut(uplink) }?;
        let memory = uplink.memory();
        // SAFETY: the caller leaves the buffer to the library until the message is finished.
        let mut pack = unsafe { uplink.pack() }?;
        let mut write = || {
            // SAFETY: the same contract.
            let name = unsafe { ptr::optional_text(name, KPN_NAME_MAX) };
            // SAFETY: the same contract.
            let unit = unsafe { ptr::optional_text(unit, KPN_UNIT_MAX) };
            if name.get().is_none() && part == Part::Record {
                return Err(Error::INVALID_ARGUMENT);
            }
            let regions = [own, memory, name.region(), unit.region(), bytes.region()];
            ptr::check_disjoint(2, &regions)?;
            value.set_bytes(bytes.get());
            pack.write(name.get(), unit.get(), value)
        };
        write().or_else(|error| pack.refuse(error, part))
    };
    status(add())
}

/// # Safety
///
/// `uplink` is as for `kpn_uplink_begin`.
pub(super) unsafe fn set_merged(uplink: *mut kpn_uplink) -> kpn_status {
    let set = || {
        // SAFETY: the same contract.
        let uplink = unsafe { ptr::object_mut(uplink) }?;
        // SAFETY: the caller leaves the buffer to the library until the message is finished.
        unsafe { uplink.pack() }?.set_merged()
    };
    status(set())
}

/// Where the message goes.
///
/// # Safety
///
/// A custom endpoint's texts are still there.
pub(in crate::ffi) unsafe fn target<'a>(uplink: &kpn_uplink) -> Given<Target<'a>> {
    let to = Where {
        host: uplink.private_host,
        path: uplink.private_path,
    };
    // SAFETY: the same contract.
    unsafe { to.target() }
}

impl kpn_uplink {
    /// The memory given to `begin`.
    pub(in crate::ffi) fn memory(&self) -> Region {
        Region::new(self.private_buffer, self.private_capacity)
    }

    /// The core's state and the memory given to `begin`.
    ///
    /// # Safety
    ///
    /// That memory is still there, and nobody else uses it.
    pub(in crate::ffi) unsafe fn parts(&mut self) -> Result<(&mut UplinkState, &mut [u8])> {
        // SAFETY: `begin` checked and kept the buffer; the rest is the same contract.
        let buffer = unsafe { ptr::bytes_mut(self.private_buffer, self.private_capacity) }?;
        Ok((&mut self.private_state, buffer))
    }

    /// The pack that is being written.
    ///
    /// # Safety
    ///
    /// As for `parts`.
    unsafe fn pack(&mut self) -> Result<Pack<'_>> {
        // SAFETY: the same contract.
        let (state, buffer) = unsafe { self.parts() }?;
        Uplink::resume(state, buffer).into_pack()
    }
}
