// SPDX-License-Identifier: MIT OR Apache-2.0
//! A record of a downlink, as C sees it.

pub mod number;

use core::ffi::c_char;

use crate::buf::Buf;
use crate::error::{Error, Result};
use crate::ffi::ptr::{self, Object, Region};
use crate::ffi::status::{kpn_status, status};
use crate::senml::reader::label::Label;
use crate::senml::record::{Field, Kind, RawRecord, Record};

/// A record without a value: it has only a sum.
pub const KPN_KIND_SUM_ONLY: i32 = 0;
/// A record with a number (`v`).
pub const KPN_KIND_NUMBER: i32 = 1;
/// A record with a truth value (`vb`).
pub const KPN_KIND_BOOL: i32 = 2;
/// A record with a text (`vs`).
pub const KPN_KIND_TEXT: i32 = 3;
/// A record with binary data (`vd`).
pub const KPN_KIND_DATA: i32 = 4;

const _: () = assert!(
    KPN_KIND_SUM_ONLY == Kind::SumOnly as i32
        && KPN_KIND_NUMBER == Kind::Number as i32
        && KPN_KIND_BOOL == Kind::Bool as i32
        && KPN_KIND_TEXT == Kind::Text as i32
        && KPN_KIND_DATA == Kind::Data as i32
);

/// The number of a `KPN_KIND_NUMBER` record, base value added.
pub const KPN_FIELD_VALUE: i32 = 0;
/// The sum, base sum added.
pub const KPN_FIELD_SUM: i32 = 1;
/// The time in seconds, base time added; 0 (now) if there is none.
pub const KPN_FIELD_TIME: i32 = 2;
/// The next value follows within this many seconds.
pub const KPN_FIELD_UPDATE_TIME: i32 = 3;

/// One record of a downlink, with all base fields applied (RFC 8428 section 4.6).
///
/// Its texts lie in the buffer of the downlink's body, each followed by a NUL, and are valid until that buffer is written to. Numbers are
/// kept as text; read them with `kpn_record_double` and its siblings. 160 bytes on a 32-bit target. May be copied.
#[repr(C)]
pub struct kpn_record {
    private_tag: u32,
    /// `KPN_KIND_NUMBER`, `KPN_KIND_BOOL`, `KPN_KIND_TEXT`, `KPN_KIND_DATA` or `KPN_KIND_SUM_ONLY`.
    pub kind: i32,
    /// The index of the record in its pack, from 0.
    pub index: usize,
    /// Base name, such as the device URN; "" if there is none.
    pub base_name: *const c_char,
    /// Bytes of `base_name`.
    pub base_name_len: usize,
    /// The record's own name; "" if there is none. The full name is the base name followed by the name.
    pub name: *const c_char,
    /// Bytes of `name`.
    pub name_len: usize,
    /// Its unit or the base unit; "" if there is none.
    pub unit: *const c_char,
    /// Bytes of `unit`.
    pub unit_len: usize,
    /// The text of a `KPN_KIND_TEXT` record, in UTF-8; "" for other kinds. May contain NULs: use `text_len`.
    pub text: *const c_char,
    /// Bytes of `text`.
    pub text_len: usize,
    /// The data of a `KPN_KIND_DATA` record; NULL for other kinds.
    pub data: *const u8,
    /// Bytes of `data`.
    pub data_len: usize,
    /// The value of a `KPN_KIND_BOOL` record; false for other kinds.
    pub bool_value: bool,
    /// Whether there is a sum.
    pub has_sum: bool,
    /// Whether the record or its pack gives a time.
    pub has_time: bool,
    /// Whether there is an update time.
    pub has_update_time: bool,
    private_bytes: *const u8,
    private_len: usize,
    private_record: RawRecord,
}

// SAFETY: repr(C) with the u32 tag in front; pointers, integers and bool that only the library writes behind it.
unsafe impl Object for kpn_record {
    const NUMBER: u8 = 6;
}

/// The text for a missing label. A literal would be in one section with the texts of all statuses, and link them.
static EMPTY: u8 = 0;

/// The string under a label, for C, with its length. One without its NUL, as a state that was overwritten may give, counts as missing.
#[inline(never)]
fn c_text(record: &Record<'_>, label: Label) -> (*const c_char, usize) {
    let (start, len) = if let [text @ .., 0] = record.string_and_nul(label) {
        (text.as_ptr(), text.len())
    } else {
        (&raw const EMPTY, 0)
    };
    (start.cast(), len)
}

impl kpn_record {
    /// Fills in a record that was just begun, in place: a copy on the stack would make the largest frame of the library.
    pub(super) fn fill(&mut self, raw: &RawRecord, body: &[u8]) {
        self.private_record = *raw;
        self.private_bytes = body.as_ptr();
        self.private_len = body.len();
        let record = Record::new(raw, body);
        self.index = record.index();
        (self.base_name, self.base_name_len) = c_text(&record, Label::BaseName);
        (self.name, self.name_len) = c_text(&record, Label::Name);
        (self.unit, self.unit_len) = c_text(&record, record.unit_label());
        self.has_sum = record.has(Field::Sum);
        self.has_time = record.has(Field::Time);
        self.has_update_time = record.has(Field::UpdateTime);
        self.bool_value = record.bool_value();
        self.kind = record.kind() as i32;
        (self.text, self.text_len) = c_text(&record, Label::StringValue);
        if self.kind == KPN_KIND_DATA {
            let (start, len) = c_text(&record, Label::DataValue);
            self.data = start.cast();
            self.data_len = len;
        }
    }

    /// The record in its body.
    ///
    /// # Safety
    ///
    /// The buffer of the body is still there, and nobody writes to it while the record is used.
    unsafe fn record(&self) -> Record<'_> {
        // SAFETY: `fill` kept the parts of a slice; the rest is the same contract.
        let body = unsafe { ptr::stored_slice(self.private_bytes, self.private_len) };
        Record::new(&self.private_record, body)
    }
}

/// Which number a `KPN_FIELD_…` is.
const fn field(number: i32) -> Result<Field> {
    Ok(match number {
        KPN_FIELD_VALUE => Field::Value,
        KPN_FIELD_SUM => Field::Sum,
        KPN_FIELD_TIME => Field::Time,
        KPN_FIELD_UPDATE_TIME => Field::UpdateTime,
        _ => return Err(Error::INVALID_ARGUMENT),
    })
}

/// Whether this is a record's name, with or without the base name.
///
/// @param[in] record  From `kpn_downlink_next`.
/// @param[in] name    NUL-terminated; case matters.
///
/// @return false also when an argument is invalid.
///
/// # Safety
///
/// `record` is NULL or points to a `kpn_record` whose buffer is still there; `name` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_record_is(record: *const kpn_record, name: *const c_char) -> bool {
    let is = || -> Result<bool> {
        // SAFETY: the same contract.
        let record = unsafe { ptr::borrow(record) }?;
        // SAFETY: the same contract.
        let name = unsafe { ptr::text(name, record.private_len) }?;
        // SAFETY: the same contract.
        Ok(unsafe { record.record() }.is(name))
    };
    is().unwrap_or(false)
}

/// Whether a record belongs to this device: its full name is the URN, or begins with the URN and a colon.
///
/// @param[in] record  From `kpn_downlink_next`.
/// @param[in] urn     NUL-terminated device URN, with or without its final colon; case matters.
///
/// @return false also when an argument is invalid.
///
/// # Safety
///
/// As for `kpn_record_is`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_record_is_for(record: *const kpn_record, urn: *const c_char) -> bool {
    let is = || -> Result<bool> {
        // SAFETY: the same contract.
        let record = unsafe { ptr::borrow(record) }?;
        // SAFETY: the same contract.
        let urn = unsafe { ptr::text(urn, record.private_len) }?;
        // SAFETY: the same contract.
        Ok(unsafe { record.record() }.is_for(urn))
    };
    is().unwrap_or(false)
}

/// Copies the full name of a record, base name and name together, with a NUL.
///
/// @param[in]  record    From `kpn_downlink_next`.
/// @param[out] out_name  Written only on success. NULL with capacity 0 to ask for the length.
/// @param[in]  cap       Bytes of `out_name`.
/// @param[out] out_len   Receives the length without NUL, also with `KPN_ERR_BUFFER_FULL`. May be NULL.
///
/// @retval KPN_OK                    `out_name` holds the name.
/// @retval KPN_ERR_BUFFER_FULL       `cap` is too small for the name and its NUL.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or `cap` is above `PTRDIFF_MAX`.
/// @retval KPN_ERR_STATE             `record` does not come from `kpn_downlink_next`.
/// @retval KPN_ERR_OVERLAP           The arguments and the buffer of the downlink share memory.
///
/// # Safety
///
/// As for `kpn_record_is`; `out_name` is NULL or points to `cap` bytes; `out_len` is NULL or points to memory for one `size_t`.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_record_full_name(
    record: *const kpn_record,
    out_name: *mut c_char,
    cap: usize,
    out_len: *mut usize,
) -> kpn_status {
    let copy = || -> Result<()> {
        let name = Region::new(out_name.cast_const().cast(), cap);
        let len = Region::of(out_len);
        let own = Region::of(record);
        own.check_disjoint_from(name)?;
        // SAFETY: the same contract; what is written lies apart as just checked and as checked below.
        let record = unsafe { ptr::borrow(record) }?;
        let bytes = Region::new(record.private_bytes, record.private_len);
        bytes.check_disjoint_from(name)?;
        // SAFETY: the same contract.
        let record = unsafe { record.record() };
        // SAFETY: the same contract; apart from the record and the body.
        let out_name = unsafe { ptr::bytes_mut(out_name.cast(), cap) }?;
        let needed = record.write_full_name(&mut Buf::new(&mut [], 0));
        if !out_len.is_null() {
            own.check_disjoint_from(len)?;
            bytes.check_disjoint_from(len)?;
            name.check_disjoint_from(len)?;
            // SAFETY: the same contract; apart from all others as just checked.
            unsafe { ptr::out(out_len) }?.write(needed);
        }
        if needed >= out_name.len() {
            return Err(Error::BUFFER_FULL);
        }
        record.write_full_name(&mut Buf::new(out_name, 0));
        Ok(())
    };
    status(copy())
}
