// SPDX-License-Identifier: MIT OR Apache-2.0
//! The fields of a configuration by their numbers.

use core::ffi::c_char;

use crate::things::config::Field;

/// The text as a whole: not a JSON object, or an unknown field.
pub const KPN_CONFIG_FIELD_DOCUMENT: i32 = 0;
/// `urn`
pub const KPN_CONFIG_FIELD_URN: i32 = 1;
/// `imei`
pub const KPN_CONFIG_FIELD_IMEI: i32 = 2;
/// `secret`
pub const KPN_CONFIG_FIELD_SECRET: i32 = 3;
/// `endpoint`
pub const KPN_CONFIG_FIELD_ENDPOINT: i32 = 4;
/// `host` within `endpoint`
pub const KPN_CONFIG_FIELD_HOST: i32 = 5;
/// `path` within `endpoint`
pub const KPN_CONFIG_FIELD_PATH: i32 = 6;
/// `address`
pub const KPN_CONFIG_FIELD_ADDRESS: i32 = 7;
/// `port`
pub const KPN_CONFIG_FIELD_PORT: i32 = 8;
/// `apn`
pub const KPN_CONFIG_FIELD_APN: i32 = 9;
/// `keepAliveLimit`
pub const KPN_CONFIG_FIELD_KEEP_ALIVE_LIMIT: i32 = 10;
/// `statusTable`
pub const KPN_CONFIG_FIELD_STATUS_TABLE: i32 = 11;

/// The number of a field.
pub(super) const fn field_code(field: Field) -> i32 {
    match field {
        Field::Document => KPN_CONFIG_FIELD_DOCUMENT,
        Field::Urn => KPN_CONFIG_FIELD_URN,
        Field::Imei => KPN_CONFIG_FIELD_IMEI,
        Field::Secret => KPN_CONFIG_FIELD_SECRET,
        Field::Endpoint => KPN_CONFIG_FIELD_ENDPOINT,
        Field::Host => KPN_CONFIG_FIELD_HOST,
        Field::Path => KPN_CONFIG_FIELD_PATH,
        Field::Address => KPN_CONFIG_FIELD_ADDRESS,
        Field::Port => KPN_CONFIG_FIELD_PORT,
        Field::Apn => KPN_CONFIG_FIELD_APN,
        Field::KeepAliveLimit => KPN_CONFIG_FIELD_KEEP_ALIVE_LIMIT,
        Field::StatusTable => KPN_CONFIG_FIELD_STATUS_TABLE,
    }
}

/// Bytes of the longest field name, including its NUL.
const NAME_CAP: usize = 15;
const NO_NAME: [u8; NAME_CAP] = [0; NAME_CAP];

/// The names of the fields by their numbers, NUL-terminated.
///
/// Not C string literals: the compiler puts all string literals of the library into one section, so linking one of them
/// would also link the texts of all statuses, 2.2 KB.
static NAMES: [[u8; NAME_CAP]; Field::ALL.len()] = names();

const fn names() -> [[u8; NAME_CAP]; Field::ALL.len()] {
    let mut names = [NO_NAME; Field::ALL.len()];
    let (mut rest, mut free) = (Field::ALL, names.as_mut_slice());
    while let ([field, fields @ ..], [name, next @ ..]) = (rest, free) {
        let mut text = field.name().as_bytes();
        let mut place = name.as_mut_slice();
        while let ([byte, bytes @ ..], [to, places @ ..]) = (text, place) {
            *to = *byte;
            (text, place) = (bytes, places);
        }
        (rest, free) = (fields, next);
    }
    names
}

const _: () = {
    let (mut fields, mut names, mut at) = (Field::ALL, NAMES.as_slice(), 0);
    while let ([field, fields_left @ ..], [name, names_left @ ..]) = (fields, names) {
        assert!(field_code(*field) == at && field.name().len() < name.len());
        (fields, names) = (fields_left, names_left);
        at = at.wrapping_add(1);
    }
};

/// The name of a field in the text.
///
/// @param[in] field  One of `KPN_CONFIG_FIELD_…`.
///
/// @return Text in constant memory, never NULL; empty for the whole text and for other numbers.
#[unsafe(no_mangle)]
pub extern "C" fn kpn_config_field_name(field: i32) -> *const c_char {
    let name = usize::try_from(field).ok().and_then(|at| NAMES.get(at));
    name.unwrap_or(&NO_NAME).as_ptr().cast()
}
