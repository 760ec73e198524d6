//! From an uplink of the caller to the pack in it: what all functions that add to it share.

use core::ffi::c_char;

use super::value::Value;
use super::{KPN_EXPONENT_MAX, KPN_NAME_MAX, KPN_UNIT_MAX, KPN_URN_MAX, Where, kpn_uplink};
use crate::buf::Buf;
use crate::error::{Error, Result};
use crate::ffi::ptr::{self, Given, Region};
use crate::ffi::status::{kpn_status, status};
use crate::http::request::Target;
use crate::json::number::Decimal;
use crate::senml::pack::{Label, Pack, Part};
use crate::things::uplink::{Uplink, UplinkState};
use crate::things::urn;

/// The pack of an uplink, and the memory that no argument may lie in.
pub(super) struct Open<'a> {
    pub(super) pack: Pack<'a>,
    own: Region,
    memory: Region,
}

impl Open<'_> {
    #[inline(never)]
    fn apart(&self, bytes: &[u8]) -> Result<()> {
        let bytes = Region::of_bytes(bytes);
        self.own.apart_from(bytes)?;
        self.memory.apart_from(bytes)
    }

    /// # Safety
    ///
    /// `text` is NULL or NUL-terminated while the result is used.
    unsafe fn text<'a>(&self, text: *const c_char, max: usize) -> Result<&'a [u8]> {
        // SAFETY: the same contract.
        let text = unsafe { ptr::text(text, max) }?;
        self.apart(text)?;
        Ok(text)
    }
}

/// # Safety
///
/// `uplink` is as for `kpn_uplink_begin`.
#[expect(
    clippy::inline_always,
    reason = "it fills a structure, which its caller would have to copy: 100 bytes of flash"
)]
#[inline(always)]
unsafe fn open<'a>(uplink: *mut kpn_uplink) -> Result<Open<'a>> {
    // SAFETY: the same contract.
    let uplink = unsafe { ptr::object_mut(uplink) }?;
    let own = Region::of(&raw const *uplink);
    let memory = Region::new(uplink.private_buffer, uplink.private_capacity);
    // SAFETY: `begin` checked and kept the buffer; the caller leaves it to the library until the message is finished.
    let buffer = unsafe { ptr::bytes_mut(uplink.private_buffer, uplink.private_capacity) }?;
    let pack = Uplink::resume(&mut uplink.private_state, buffer).into_pack()?;
    Ok(Open { pack, own, memory })
}

/// Makes a call about `part` of the pack; what it refuses before the pack sees it is remembered there too.
///
/// # Safety
///
/// As for `open`.
unsafe fn with_pack<'a>(
    uplink: *mut kpn_uplink,
    part: Part,
    call: &mut dyn FnMut(&mut Open<'a>) -> Result<()>,
) -> kpn_status {
    // SAFETY: the same contract.
    let open = unsafe { open(uplink) };
    status(open.and_then(|mut open| {
        let result = call(&mut open);
        result.or_else(|error| open.pack.refuse(error, part))
    }))
}

/// Sets a base field or a label to a decimal number.
///
/// # Safety
///
/// As for `open`.
#[inline(never)]
pub(super) unsafe fn set<'a>(
    uplink: *mut kpn_uplink,
    part: Part,
    mantissa: i64,
    exponent: i32,
    set: fn(&mut Pack<'a>, Decimal) -> Result<()>,
) -> kpn_status {
    let mut call = |open: &mut Open<'a>| set(&mut open.pack, decimal(mantissa, exponent)?);
    // SAFETY: the same contract.
    unsafe { with_pack(uplink, part, &mut call) }
}

/// Sets a base field or a label.
///
/// # Safety
///
/// As for `open`.
pub(super) unsafe fn set_value(
    uplink: *mut kpn_uplink,
    label: &Label,
    value: &Value<'_>,
) -> kpn_status {
    // SAFETY: the same contract; the texts are not looked at.
    unsafe { add(uplink, core::ptr::null(), core::ptr::null(), label, value) }
}

/// Appends a record, or sets what has no name.
///
/// # Safety
///
/// As for `open`; for a record, `name` and `unit` are NULL or NUL-terminated.
#[inline(never)]
pub(super) unsafe fn add(
    uplink: *mut kpn_uplink,
    name: *const c_char,
    unit: *const c_char,
    label: &Label,
    value: &Value<'_>,
) -> kpn_status {
    let mut call = |open: &mut Open<'_>| {
        let mut texts = [None, None];
        if label.part() == Part::Record {
            // SAFETY: the same contract.
            texts[0] = Some(unsafe { open.text(name, KPN_NAME_MAX) }?);
            if !unit.is_null() {
                // SAFETY: the same contract.
                texts[1] = Some(unsafe { open.text(unit, KPN_UNIT_MAX) }?);
            }
        }
        if !value.bytes.is_empty() {
            open.apart(value.bytes)?;
        }
        let [name, unit] = texts;
        let write = &mut |out: &mut Buf<'_>| value.write(out);
        open.pack.put(label, name, unit, write)
    };
    // SAFETY: the same contract.
    unsafe { with_pack(uplink, label.part(), &mut call) }
}

/// # Safety
///
/// As for `open`; `urn` is NULL or NUL-terminated.
pub(super) unsafe fn set_base_name(uplink: *mut kpn_uplink, urn: *const c_char) -> kpn_status {
    let mut call = |open: &mut Open<'_>| {
        // SAFETY: the same contract.
        let urn = unsafe { open.text(urn, KPN_URN_MAX) }?;
        urn::check(urn)?;
        open.pack.set_base_name(urn)
    };
    // SAFETY: the same contract.
    unsafe { with_pack(uplink, Part::Base, &mut call) }
}

/// # Safety
///
/// As for `open`; `unit` is NULL or NUL-terminated.
pub(super) unsafe fn set_base_unit(uplink: *mut kpn_uplink, unit: *const c_char) -> kpn_status {
    let mut call = |open: &mut Open<'_>| {
        // SAFETY: the same contract.
        let unit = unsafe { open.text(unit, KPN_UNIT_MAX) }?;
        open.pack.set_base_unit(unit)
    };
    // SAFETY: the same contract.
    unsafe { with_pack(uplink, Part::Base, &mut call) }
}

/// # Safety
///
/// As for `open`.
pub(super) unsafe fn set_merged(uplink: *mut kpn_uplink) -> kpn_status {
    // SAFETY: the same contract.
    let open = unsafe { open(uplink) };
    status(open.and_then(|mut open| open.pack.set_merged()))
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
}

/// A number as C gives it, its exponent checked.
pub(super) fn decimal(mantissa: i64, exponent: i32) -> Result<Decimal> {
    if (-KPN_EXPONENT_MAX..=KPN_EXPONENT_MAX).contains(&exponent) {
        Ok(Decimal { mantissa, exponent })
    } else {
        Err(Error::InvalidArgument)
    }
}
