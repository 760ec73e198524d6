// SPDX-License-Identifier: MIT OR Apache-2.0
//! Checks that Rust lays out the structs as the header asserts.

use std::collections::BTreeMap;
use std::format;
use std::string::String;
use std::vec::Vec;

use crate::ffi::config::{kpn_config, kpn_config_problem};
use crate::ffi::downlink::kpn_downlink;
use crate::ffi::firmware::answer::kpn_firmware_piece;
use crate::ffi::firmware::kpn_firmware;
use crate::ffi::pieces::kpn_pieces;
#[cfg(feature = "posix")]
use crate::ffi::posix::kpn_posix;
use crate::ffi::queue::kpn_queue;
use crate::ffi::record::kpn_record;
use crate::ffi::response::{kpn_connection, kpn_response};
use crate::ffi::sms::kpn_sms_delivery;
use crate::ffi::span::kpn_span;
use crate::ffi::stream::kpn_stream;
use crate::ffi::token::kpn_token;
use crate::ffi::uplink::kpn_uplink;

const HEADER: &str = include_str!("../../include/kpn_things.h");

macro_rules! layout {
    ($type:ident) => {
        (stringify!($type), size_of::<$type>(), align_of::<$type>())
    };
}

/// The asserts; a line has several.
fn statements() -> impl Iterator<Item = &'static str> {
    let ends = HEADER.split(");");
    ends.map(|text| text.lines().next_back().unwrap_or_default().trim_start())
}

/// The numbers of an assert for this machine: `NAME(type, …, on32, on64)` lists them in pairs.
fn asserted(name: &str) -> BTreeMap<String, Vec<usize>> {
    let pick = usize::from(size_of::<usize>() == 8);
    let found = statements().filter_map(|statement| {
        let rest = statement.strip_prefix(name)?.strip_prefix('(')?;
        let (what, numbers) = rest.split_once(", ")?;
        Some((what, numbers))
    });
    found
        .map(|(what, numbers)| {
            let numbers = numbers.split(", ").map(|number| number.parse().unwrap());
            let numbers: Vec<usize> = numbers.collect();
            let picked = numbers.chunks(2).map(|pair| pair[pick]).collect();
            (String::from(what), picked)
        })
        .collect()
}

#[test]
fn sizes_and_alignments_are_those_of_the_header() {
    let rust = [
        layout!(kpn_config),
        layout!(kpn_config_problem),
        layout!(kpn_response),
        layout!(kpn_downlink),
        layout!(kpn_record),
        layout!(kpn_firmware),
        layout!(kpn_firmware_piece),
        layout!(kpn_span),
        layout!(kpn_pieces),
        #[cfg(feature = "posix")]
        layout!(kpn_posix),
        layout!(kpn_queue),
        layout!(kpn_uplink),
        layout!(kpn_connection),
        layout!(kpn_sms_delivery),
        layout!(kpn_stream),
        layout!(kpn_token),
    ];
    let asserted = asserted("KPN_PRIVATE_OBJECT");
    for (name, size, align) in rust {
        assert_eq!(
            asserted.get(name),
            Some(&Vec::from([size, align])),
            "{name}"
        );
    }
    let missing = usize::from(cfg!(not(feature = "posix")));
    assert_eq!(asserted.len(), rust.len() + missing);
}

#[test]
fn offsets_are_those_of_the_header() {
    let line = |object: &str, field: &str, offset: usize| {
        let starts = format!("KPN_PRIVATE_FIELD({object}, {field}, ");
        let rest = statements().find_map(|statement| statement.strip_prefix(&starts));
        let Some(rest) = rest else {
            // The first field needs no assert.
            return assert_eq!(offset, 0, "{object}.{field}");
        };
        let numbers = rest.split_once(", ");
        let (on32, on64) = numbers.unwrap();
        let told = if size_of::<usize>() == 8 { on64 } else { on32 };
        assert_eq!(told.parse(), Ok(offset), "{object}.{field}");
    };
    macro_rules! offsets {
        ($type:ident: $($field:ident)*) => {
            $(line(stringify!($type), stringify!($field), core::mem::offset_of!($type, $field));)*
        };
    }
    offsets!(kpn_span: ptr len);
    offsets!(kpn_config_problem: field reason position);
    offsets!(kpn_firmware_piece: offset ptr len used);
    offsets!(kpn_sms_delivery: missed worst);
    offsets!(kpn_record: kind index base_name base_name_len name name_len unit unit_len text text_len data data_len
        bool_value has_sum has_time has_update_time);
}
