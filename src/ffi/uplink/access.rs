//! From an uplink of the caller to the pack in it: what all functions that add to it share.

use core::ffi::c_char;

use super::{KPN_EXPONENT_MAX, KPN_NAME_MAX, KPN_UNIT_MAX, KPN_URN_MAX, Where, kpn_uplink};
use crate::buf::Buf;
use crate::error::{Error, Result};
use crate::ffi::ptr::{self, Region};
use crate::ffi::status::{kpn_status, status};
use crate::http::request::Target;
use crate::json::number::{self, Decimal};
use crate::senml::pack::{Pack, Part};
use crate::things::uplink::{Uplink, UplinkState};
use crate::things::urn;

/// The pack of an uplink, and the memory that no argument may lie in.
pub(super) struct Open<'a> {
    pub(super) pack: Pack<'a>,
    own: Region,
    memory: Region,
}

impl Open<'_> {
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

    /// # Safety
    ///
    /// `name` and `unit` are NULL or NUL-terminated while the result is used.
    unsafe fn name_and_unit<'a>(
        &self,
        name: *const c_char,
        unit: *const c_char,
    ) -> Result<(&'a [u8], Option<&'a [u8]>)> {
        // SAFETY: the same contract.
        let name = unsafe { self.text(name, KPN_NAME_MAX) }?;
        if unit.is_null() {
            return Ok((name, None));
        }
        // SAFETY: the same contract.
        let unit = unsafe { self.text(unit, KPN_UNIT_MAX) }?;
        Ok((name, Some(unit)))
    }
}

/// # Safety
///
/// `uplink` is as for `kpn_uplink_begin`.
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
pub(super) unsafe fn with_pack(
    uplink: *mut kpn_uplink,
    part: Part,
    call: impl FnOnce(&mut Open<'_>) -> Result<()>,
) -> kpn_status {
    // SAFETY: the same contract.
    let open = unsafe { open(uplink) };
    status(open.and_then(|mut open| {
        let result = call(&mut open);
        result.or_else(|error| open.pack.refuse(error, part))
    }))
}

/// # Safety
///
/// As for `open`; `name` and `unit` are NULL or NUL-terminated.
pub(super) unsafe fn add(
    uplink: *mut kpn_uplink,
    name: *const c_char,
    unit: *const c_char,
    write: impl FnOnce(&mut Pack<'_>, &[u8], Option<&[u8]>) -> Result<()>,
) -> kpn_status {
    let call = |open: &mut Open<'_>| {
        // SAFETY: the same contract.
        let (name, unit) = unsafe { open.name_and_unit(name, unit) }?;
        write(&mut open.pack, name, unit)
    };
    // SAFETY: the same contract.
    unsafe { with_pack(uplink, Part::Record, call) }
}

type AddBytes = fn(&mut Pack<'_>, &[u8], Option<&[u8]>, &[u8]) -> Result<()>;

/// # Safety
///
/// As for `add`; `bytes` is NULL or points to `len` bytes.
pub(super) unsafe fn add_bytes(
    uplink: *mut kpn_uplink,
    name: *const c_char,
    unit: *const c_char,
    bytes: *const u8,
    len: usize,
    write: AddBytes,
) -> kpn_status {
    let call = |open: &mut Open<'_>| {
        // SAFETY: the same contract.
        let (name, unit) = unsafe { open.name_and_unit(name, unit) }?;
        // SAFETY: the same contract.
        let bytes = unsafe { ptr::bytes(bytes, len) }?;
        open.apart(bytes)?;
        write(&mut open.pack, name, unit, bytes)
    };
    // SAFETY: the same contract.
    unsafe { with_pack(uplink, Part::Record, call) }
}

/// # Safety
///
/// As for `add`; `text` is NULL or NUL-terminated.
pub(super) unsafe fn add_text(
    uplink: *mut kpn_uplink,
    name: *const c_char,
    unit: *const c_char,
    text: *const c_char,
) -> kpn_status {
    let call = |open: &mut Open<'_>| {
        // SAFETY: the same contract.
        let (name, unit) = unsafe { open.name_and_unit(name, unit) }?;
        // SAFETY: the same contract.
        let text = unsafe { open.text(text, usize::MAX) }?;
        open.pack.add_text(name, unit, text)
    };
    // SAFETY: the same contract.
    unsafe { with_pack(uplink, Part::Record, call) }
}

/// # Safety
///
/// As for `open`; `urn` is NULL or NUL-terminated.
pub(super) unsafe fn set_base_name(uplink: *mut kpn_uplink, urn: *const c_char) -> kpn_status {
    let call = |open: &mut Open<'_>| {
        // SAFETY: the same contract.
        let urn = unsafe { open.text(urn, KPN_URN_MAX) }?;
        urn::check(urn)?;
        open.pack.set_base_name(urn)
    };
    // SAFETY: the same contract.
    unsafe { with_pack(uplink, Part::Base, call) }
}

/// # Safety
///
/// As for `open`; `unit` is NULL or NUL-terminated.
pub(super) unsafe fn set_base_unit(uplink: *mut kpn_uplink, unit: *const c_char) -> kpn_status {
    let call = |open: &mut Open<'_>| {
        // SAFETY: the same contract.
        let unit = unsafe { open.text(unit, KPN_UNIT_MAX) }?;
        open.pack.set_base_unit(unit)
    };
    // SAFETY: the same contract.
    unsafe { with_pack(uplink, Part::Base, call) }
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
pub(in crate::ffi) unsafe fn target<'a>(uplink: &kpn_uplink) -> Result<Target<'a>> {
    let to = Where {
        endpoint: uplink.private_endpoint,
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

/// A whole number of seconds.
pub(super) const fn whole(mantissa: i64) -> Decimal {
    Decimal {
        mantissa,
        exponent: 0,
    }
}

pub(super) fn put_decimal(out: &mut Buf<'_>, mantissa: i64, exponent: i32) -> Result<()> {
    number::write_decimal(out, decimal(mantissa, exponent)?);
    Ok(())
}
