// SPDX-License-Identifier: MIT OR Apache-2.0
//! The table of sizes in the header's overview matches the C functions. `KPN_WRITE=1` writes it.

#![allow(
    clippy::unwrap_used,
    clippy::std_instead_of_core,
    reason = "a test with the standard library"
)]

#[path = "common/uplink.rs"]
mod uplink;

use std::{env, fmt::Write as _, fs, path::Path};

use uplink::{Call, Content, SECRET, To, Uplink};

const BEGIN: &str = "<!-- sizing:begin -->\n";
const END: &str = "<!-- sizing:end -->\n";
/// 29 bytes.
const URN: &str = "urn:dev:IMEI:490154203237518:";

/// Some bytes longer.
const OTHER_URN: &str = "urn:dev:DEVEUI:0123456789ABCDEF:";

/// Bytes of the request with these calls.
fn len(to: &To, urn: &str, calls: &[Call]) -> usize {
    let (mut uplink, status) = Uplink::begin(None, to, urn);
    assert_eq!(status, 0);
    for call in calls {
        assert_eq!(uplink.call(call), 0, "{call:?}");
    }
    let (len, status) = uplink.finish(Some(SECRET));
    assert_eq!(status, 0);
    len
}

fn record(name: &str, unit: Option<&str>, content: Content) -> Call {
    Call::Add {
        name: Some(name.to_owned()),
        unit: unit.map(str::to_owned),
        content,
    }
}

fn temperatures(count: usize) -> Vec<Call> {
    vec![record("temperature", Some("Cel"), Content::Decimal(205, -1)); count]
}

/// What these calls add to a message whose Content-Length has three digits with them and without them.
fn more(calls: &[Call]) -> usize {
    let mut message = temperatures(3);
    let without = len(&To::M2m, URN, &message);
    // Base fields stand in front of the first record.
    message.splice(0..0, calls.iter().cloned());
    len(&To::M2m, URN, &message) - without
}

fn table() -> String {
    let frame = |to, urn| len(&to, urn, &temperatures(3)) - 3 * more(&temperatures(1));
    let latitude = record("latitude", Some("lat"), Content::Double(52.373_141_592_6));
    let text = record("firmware", None, Content::Text(Some(b"1.0.0\0".to_vec())));
    let data = |bytes: usize| record("data", None, Content::Data(vec![0; bytes]));
    let rows = [
        (
            "head, token and device URN of 29 bytes, `KPN_ENDPOINT_M2M`",
            frame(To::M2m, URN),
        ),
        (
            "the same, `KPN_ENDPOINT_INTERNET`",
            frame(To::Internet, URN),
        ),
        (
            "each further byte of the URN",
            frame(To::M2m, OTHER_URN) + URN.len() - OTHER_URN.len() + 1 - frame(To::M2m, URN),
        ),
        (
            "`kpn_uplink_set_base_time`",
            more(&[Call::BaseTime(1_585_650_750)]),
        ),
        (
            "a temperature with unit and one decimal: 20.5",
            more(&temperatures(1)),
        ),
        (
            "the same with a time of its own",
            more(&[vec![Call::Time(1_585_650_750)], temperatures(1)].concat()),
        ),
        ("a latitude as double: 52.3731415926", more(&[latitude])),
        (
            "a bool with a name of 8 bytes: true",
            more(&[record("doorOpen", None, Content::Bool(true))]),
        ),
        ("a text of 5 bytes with a name of 8 bytes", more(&[text])),
        ("data of 16 bytes with a name of 4 bytes", more(&[data(16)])),
        ("data of 48 bytes with a name of 4 bytes", more(&[data(48)])),
    ];
    let mut table = "| part of a message | bytes |\n|---|---|\n".to_owned();
    for (what, bytes) in rows {
        writeln!(table, "| {what} | {bytes} |").unwrap();
    }
    let in_512 = (1..50)
        .take_while(|&count| len(&To::M2m, URN, &temperatures(count)) <= 512)
        .count();
    table
        + &format!(
            "\nSo 512 bytes hold {in_512} temperatures over `KPN_ENDPOINT_M2M`. A body of 1,000 bytes or more takes one more byte for its length.\n"
        )
}

#[test]
fn the_table_of_the_overview_is_what_the_functions_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/header/overview.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (told, after) = rest.split_once(END).unwrap();
    let table = table();
    if env::var_os("KPN_WRITE").is_some() {
        fs::write(path, [before, BEGIN, &table, END, after].concat()).unwrap();
    } else {
        assert_eq!(
            told, table,
            "KPN_WRITE=1 cargo test --test sizing writes it"
        );
    }
}
