// SPDX-License-Identifier: MIT OR Apache-2.0
//! The SenML reader through the C functions: the examples of RFC 8428, KPN's packs, and each rule of section 4.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::fs;
use std::path::PathBuf;

use bigdecimal::BigDecimal;
use kpn_things::ffi::record::{
    KPN_FIELD_SUM, KPN_FIELD_VALUE, KPN_KIND_BOOL, KPN_KIND_NUMBER, KPN_KIND_SUM_ONLY,
};

#[path = "common/downlink.rs"]
mod driver;
#[path = "common/model.rs"]
mod model;
#[path = "common/status.rs"]
mod status;
use driver::{Downlink, Record, Status};
use model::{Expected, Random, Wanted, check, model, number};

fn random() -> Random {
    Random(fastrand::Rng::with_seed(8428))
}

/// Reads a pack whole; the status and the index of the record otherwise.
fn read(text: &str) -> Result<(Downlink, Vec<Record>), (Status, usize)> {
    let (mut downlink, begun) = Downlink::of_bytes(b"", text.as_bytes(), b"");
    if begun != status::OK {
        assert_eq!(downlink.body(), text.as_bytes());
        return Err((begun, downlink.index()));
    }
    let mut records = Vec::new();
    loop {
        match downlink.next() {
            Ok(record) => records.push(record),
            Err(error) => {
                assert_eq!(error, status::END);
                assert!(downlink.is_whole());
                return Ok((downlink, records));
            }
        }
    }
}

fn refused(text: &str) -> (Status, usize) {
    read(text).err().unwrap_or((status::OK, 0))
}

/// Name, pack and resolved pack of each vector.
fn vectors() -> Vec<(String, Vec<u8>, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/senml");
    let mut vectors = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(stem) = name.strip_suffix(".json") else {
            continue;
        };
        if stem.ends_with(".resolved") {
            continue;
        }
        let resolved = fs::read(path.with_extension("resolved.json")).unwrap();
        vectors.push((name, fs::read(path).unwrap(), resolved));
    }
    assert_eq!(vectors.len(), 16);
    vectors
}

/// A record in the resolved form of RFC 8428 section 4.6, but for times, which stay relative.
fn flat(record: &Expected) -> (Expected, Vec<Option<BigDecimal>>) {
    let sum = |[own, base]: &[Option<String>; 2]| match [own, base].map(Option::as_ref) {
        [None, None] => None,
        parts => {
            let parts = parts.into_iter().flatten();
            Some(parts.map(|text| number(text).unwrap()).sum())
        }
    };
    let sums = record.numbers.iter().map(sum).collect();
    let flat = Expected {
        index: 0,
        base_name: String::new(),
        name: record.base_name.clone() + &record.name,
        numbers: Default::default(),
        ..record.clone()
    };
    (flat, sums)
}

#[test]
fn every_vector_reads_as_its_resolved_form_says() {
    for (name, text, resolved) in vectors() {
        assert!(check(&mut random(), &text, Wanted::Model), "{name}");
        assert!(check(&mut random(), &resolved, Wanted::Model), "{name}");
        let flat = |text: &[u8]| model(text).unwrap().iter().map(flat).collect::<Vec<_>>();
        assert_eq!(flat(&text), flat(&resolved), "{name}");
    }
}

#[test]
fn every_truncation_of_every_vector_is_refused() {
    for (_, text, _) in vectors() {
        for len in 1..text.trim_ascii_end().len() {
            let truncated = Wanted::Refused(status::ERR_JSON_TRUNCATED);
            check(&mut random(), &text[..len], truncated);
        }
    }
}

#[test]
fn a_base_sum_alone_makes_a_sum() {
    let (_downlink, records) = read("[{\"n\":\"dev\",\"bs\":1}]").unwrap();
    let [record] = &records[..] else {
        panic!("{} records", records.len());
    };
    assert_eq!(record.kind(), KPN_KIND_SUM_ONLY);
    assert_eq!(record.name(), b"dev");
    assert_eq!(record.has(), [true, false, false]);
    assert_eq!(record.int64(KPN_FIELD_SUM), Ok(1));
    assert_eq!(
        record.int64(KPN_FIELD_VALUE),
        Err(status::ERR_INVALID_ARGUMENT)
    );
}

#[test]
fn a_base_sum_in_force_makes_a_sum_of_every_later_record_with_a_name() {
    let (_downlink, records) = read(
        "[{\"bn\":\"d:\",\"bs\":2},{\"n\":\"a\",\"t\":-1},{\"n\":\"b\",\"v\":1},{\"n\":\"c\",\"s\":3},{\"bn\":\"e:\"},\
         {\"bs\":7,\"n\":\"\"},{\"u\":\"m\"},{\"n\":\"d\",\"vb\":true}]",
    )
    .unwrap();
    let seen: Vec<_> = records
        .iter()
        .map(|record| (record.index(), record.kind(), record.int64(KPN_FIELD_SUM)))
        .collect();
    // A record without a name only sets base fields, as without a base sum.
    assert_eq!(
        seen,
        [
            (1, KPN_KIND_SUM_ONLY, Ok(2)),
            (2, KPN_KIND_NUMBER, Ok(2)),
            (3, KPN_KIND_SUM_ONLY, Ok(5)),
            (5, KPN_KIND_SUM_ONLY, Ok(7)),
            (7, KPN_KIND_BOOL, Ok(7)),
        ]
    );
    assert!(records.iter().all(|record| record.has()[0]));
    // The name of such a record is checked as any other.
    assert_eq!(
        refused("[{\"bs\":1},{\"n\":\"b c\"}]"),
        (status::ERR_SENML_NAME, 1)
    );
    // A base value makes no value.
    assert_eq!(
        refused("[{\"bv\":1,\"n\":\"a\"}]"),
        (status::ERR_SENML_VALUE, 0)
    );
    assert_eq!(
        refused("[{\"n\":\"a\"},{\"bs\":1}]"),
        (status::ERR_SENML_VALUE, 0)
    );
}

#[test]
fn a_version_is_a_number_in_any_notation() {
    for ten in [
        "10", "10.0", "1e1", "100e-1", "1.0E+1", "0.1e2", "1000E-2", "10e0",
    ] {
        let text = format!("[{{\"bver\":{ten}}},{{\"n\":\"a\",\"v\":1,\"bver\":10}}]");
        assert!(read(&text).is_ok(), "{text}");
        let text = format!("[{{\"n\":\"a\",\"v\":1}},{{\"bver\":{ten}}}]");
        assert!(read(&text).is_ok(), "{text}");
    }
    assert!(read("[{\"bver\":50e-1},{\"bver\":5},{\"bver\":0.5e1}]").is_ok());
    for none in [
        "10.5",
        "11",
        "1.1e1",
        "0",
        "-0",
        "0.0",
        "-10",
        "1e2",
        "1e400",
        "1e-400",
        "4294967306",
        "18446744073709551626",
    ] {
        let text = format!("[{{\"bver\":{none}}}]");
        assert_eq!(refused(&text), (status::ERR_SENML_VERSION, 0), "{text}");
    }
}

#[test]
fn a_version_holds_for_the_whole_pack() {
    for text in [
        "[{\"bver\":5,\"n\":\"a\",\"v\":1},{\"n\":\"a\",\"v\":1},{\"bver\":5,\"n\":\"a\",\"v\":1}]",
        "[{\"n\":\"a\",\"v\":1},{\"bver\":10,\"n\":\"a\",\"v\":1}]",
        "[{\"bver\":1}]",
    ] {
        assert!(read(text).is_ok(), "{text}");
    }
    for (text, index) in [
        ("[{\"bver\":5},{\"bver\":5},{\"bver\":10}]", 2),
        ("[{\"n\":\"a\",\"v\":1},{\"bver\":5}]", 1),
    ] {
        assert_eq!(refused(text), (status::ERR_SENML_VERSION, index), "{text}");
    }
}

#[test]
fn refuses_each_breach_with_its_own_status_and_the_record_index() {
    let first = "{\"bn\":\"a:\",\"n\":\"x\",\"v\":1}";
    for (second, error) in [
        (
            "{\"n\":\"b\",\"v\":1,\"x_\":1}",
            status::ERR_SENML_MUST_UNDERSTAND,
        ),
        (
            "{\"n\":\"b\",\"v\":1,\"_\":1}",
            status::ERR_SENML_MUST_UNDERSTAND,
        ),
        (
            "{\"n\":\"b\",\"v\":1,\"bver_\":1}",
            status::ERR_SENML_MUST_UNDERSTAND,
        ),
        (
            "{\"n\":\"b\",\"v\":1,\"x\\u005f\":1}",
            status::ERR_SENML_MUST_UNDERSTAND,
        ),
        (
            "{\"n\":\"b\",\"v\":1,\"n\":\"b\"}",
            status::ERR_SENML_DUPLICATE,
        ),
        (
            "{\"n\":\"b\",\"v\":1,\"\\u006e\":\"b\"}",
            status::ERR_SENML_DUPLICATE,
        ),
        ("{\"bver\":10,\"bver\":10}", status::ERR_SENML_DUPLICATE),
        ("{\"n\":\"b\",\"v\":1,\"vs\":\"\"}", status::ERR_SENML_VALUE),
        (
            "{\"n\":\"b\",\"vb\":true,\"vd\":\"\",\"s\":1}",
            status::ERR_SENML_VALUE,
        ),
        ("{\"n\":\"b\"}", status::ERR_SENML_VALUE),
        ("{\"n\":\"b\",\"u\":\"m\",\"t\":1}", status::ERR_SENML_VALUE),
        (
            "{\"n\":\"b\",\"v\":1,\"bver\":\"10\"}",
            status::ERR_SENML_TYPE,
        ),
        ("{\"n\":1,\"v\":1}", status::ERR_SENML_TYPE),
        ("{\"n\":\"b\",\"v\":\"1\"}", status::ERR_SENML_TYPE),
        ("{\"n\":\"b\",\"v\":null}", status::ERR_SENML_TYPE),
        ("{\"n\":\"b\",\"v\":[1]}", status::ERR_SENML_TYPE),
        ("{\"n\":\"b\",\"vb\":1}", status::ERR_SENML_TYPE),
        ("{\"n\":\"b\",\"vs\":true}", status::ERR_SENML_TYPE),
        ("{\"n\":\"b\",\"vd\":{}}", status::ERR_SENML_TYPE),
        ("{\"bt\":\"1\"}", status::ERR_SENML_TYPE),
        ("[]", status::ERR_SENML_TYPE),
        ("1", status::ERR_SENML_TYPE),
        ("{\"n\":\"b c\",\"v\":1}", status::ERR_SENML_NAME),
        ("{\"n\":\"b\\u0000\",\"v\":1}", status::ERR_SENML_NAME),
        ("{\"n\":\"b\u{e9}\",\"v\":1}", status::ERR_SENML_NAME),
        ("{\"bn\":\"\",\"v\":1}", status::ERR_SENML_NAME),
        ("{\"bn\":\"\",\"n\":\":b\",\"v\":1}", status::ERR_SENML_NAME),
        ("{\"bn\":\"_\",\"n\":\"b\",\"v\":1}", status::ERR_SENML_NAME),
        ("{\"n\":\"b\",\"vd\":\"a\"}", status::ERR_SENML_BASE64),
        ("{\"n\":\"b\",\"v\":01}", status::ERR_JSON_SYNTAX),
        ("{\"n\":\"b\",\"vs\":\"\\ud800\"}", status::ERR_JSON_ESCAPE),
        (
            "{\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
            status::ERR_JSON_DEPTH,
        ),
    ] {
        let text = format!("[{first},{second}]");
        assert_eq!(refused(&text), (error, 1), "{text}");
    }
    for (text, error) in [
        (" ", status::ERR_JSON_TRUNCATED),
        ("[{\"n\":\"b\"", status::ERR_JSON_TRUNCATED),
        ("{}", status::ERR_SENML_TYPE),
        ("1", status::ERR_SENML_TYPE),
        ("[{\"v\":1}]", status::ERR_SENML_NAME),
        ("[{\"bver\":11}]", status::ERR_SENML_VERSION),
    ] {
        assert_eq!(refused(text), (error, 0), "{text}");
    }
    assert_eq!(
        refused(&format!("[{first}]x")),
        (status::ERR_JSON_SYNTAX, 1)
    );
}

#[test]
fn ignores_unknown_labels_with_all_that_is_in_them() {
    let text = "[{\"x\":{\"n_\":[null,{\"v\":\"\\\"\"}]},\"n\":\"a\",\"v\":1,\"x\":2,\"\":0,\"\\u0000n\":1,\"nnnnn\":1,\"\\u0000bver\":1}]";
    assert_eq!(read(text).unwrap().1.len(), 1);
}

#[test]
fn a_pack_without_measurements_is_empty() {
    for text in ["", "[]", " [ ] ", "[{}]", "[{\"bn\":\"a\"},{\"t\":1}]"] {
        assert_eq!(read(text).unwrap().1.len(), 0);
    }
}

#[test]
fn knows_whose_a_record_is_however_the_name_is_split() {
    let urn = "urn:dev:IMEI:490154203237518:";
    for (members, ours) in [
        ("\"bn\":\"urn:dev:IMEI:490154203237518:\",\"n\":\"a\"", true),
        ("\"n\":\"urn:dev:IMEI:490154203237518:a\"", true),
        ("\"bn\":\"urn:dev:IMEI:490154203237518\",\"n\":\":a\"", true),
        ("\"bn\":\"urn:dev:IMEI:490154203237518\",\"n\":\"a\"", false),
        (
            "\"bn\":\"urn:dev:imei:490154203237518:\",\"n\":\"a\"",
            false,
        ),
        (
            "\"bn\":\"urn:dev:IMEI:490154203237519:\",\"n\":\"a\"",
            false,
        ),
        ("\"n\":\"a\"", false),
    ] {
        let (_downlink, records) = read(&format!("[{{{members},\"v\":1}}]")).unwrap();
        assert_eq!(records[0].is_for(urn), ours, "{members}");
        assert_eq!(records[0].is_for(urn.trim_end_matches(':')), ours);
        assert!(!records[0].is_for(""));
    }
}

#[test]
fn a_body_that_changes_while_it_is_read_is_harmless() {
    let mut random = random();
    let seeds: Vec<Vec<u8>> = vectors().into_iter().map(|(_, text, _)| text).collect();
    for _ in 0..20_000 {
        let text = &seeds[random.below(seeds.len())];
        let (mut downlink, begun) = Downlink::of_bytes(b"", text, b"");
        assert_eq!(begun, status::OK);
        while downlink.next().is_ok() {
            let at = random.below(text.len());
            downlink.body_mut()[at] = b"\"\\{}[],n"[random.below(8)];
        }
        assert!(downlink.is_whole());
    }
}
