// SPDX-License-Identifier: MIT OR Apache-2.0
//! From an uplink of the caller to the pack in it, for all functions that add to it.

use core::ffi::c_char;

use super::{KPN_NAME_MAX, KPN_UNIT_MAX, Where, kpn_uplink};
use crate::error::Result;
use crate::ffi::ptr::{self, Bytes, Given, Region};
use crate::ffi::status::{kpn_status, status};
use crate::http::request::Target;
use crate::senml::pack::Pack;
use crate::senml::pack::value::{Kind, Value};
use crate::things::uplink::{Uplink, UplinkState};

/// Sets a base field or a label to a number.
///
/// # Safety
///
/// As for `add`.
pub(super) unsafe fn set(uplink: *mut kpn_uplink, value: Value<'_>) -> kpn_status {
    let none = core::ptr::null();
    // SAFETY: the same contract; there are no texts.
    unsafe { add(uplink, none, none, value) }
}

/// Appends a record with a text or data, or sets a base field to a text.
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
    let value = Value::bytes(kind, bytes.get());
    // SAFETY: the same contract.
    unsafe { add(uplink, name, unit, value) }
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

/// Appends a record, or sets a base field or a label. Arguments that are refused here are recorded in the pack as
/// failures too.
///
/// # Safety
///
/// `uplink` is as for `kpn_uplink_begin`; `name` and `unit` are NULL or NUL-terminated.
#[inline(never)]
pub(super) unsafe fn add(
    uplink: *mut kpn_uplink,
    name: *const c_char,
    unit: *const c_char,
    value: Value<'_>,
) -> kpn_status {
    let add = || -> Result<()> {
        let own = Region::of(uplink);
        // SAFETY: the same contract.
        let memory = unsafe { ptr::borrow(uplink) }?.memory();
        // SAFETY: the same contract.
        let name = unsafe { ptr::optional_text(name, KPN_NAME_MAX) };
        // SAFETY: the same contract.
        let unit = unsafe { ptr::optional_text(unit, KPN_UNIT_MAX) };
        let bytes = Region::of_bytes(value.get().unwrap_or_default());
        let regions = [own, memory, name.region(), unit.region(), bytes];
        let checked = ptr::check_disjoint(2, &regions);
        // SAFETY: the same contract; found begun above. What was read lies apart, or is not read again.
        let uplink = unsafe { ptr::checked_mut(uplink) };
        // SAFETY: the caller leaves the buffer to the library until the message is finished.
        let mut pack = unsafe { uplink.pack() }?;
        match checked {
            Ok(()) => pack.put(name.get(), unit.get(), &value),
            Err(error) => pack.refuse(error, value.part()),
        }
    };
    status(add())
}

/// # Safety
///
/// `uplink` is as for `kpn_uplink_begin`.
pub(super) unsafe fn merge_base_record(uplink: *mut kpn_uplink) -> kpn_status {
    let set = || {
        // SAFETY: the same contract.
        let uplink = unsafe { ptr::borrow_mut(uplink) }?;
        // SAFETY: the caller leaves the buffer to the library until the message is finished.
        unsafe { uplink.pack() }?.merge_base_record()
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
