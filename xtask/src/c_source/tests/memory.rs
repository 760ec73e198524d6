// SPDX-License-Identifier: MIT OR Apache-2.0
//! Loads and stores of each width and alignment, and values that a later store must not change.

use super::{Case, check};

#[test]
fn loads() {
    let mut cases = Vec::new();
    for (kind, name, widths) in [
        ("i32", "i32.load", &[1_u32, 2, 4] as &[u32]),
        ("i32", "i32.load8_s", &[1]),
        ("i32", "i32.load8_u", &[1]),
        ("i32", "i32.load16_s", &[1, 2]),
        ("i32", "i32.load16_u", &[1, 2]),
        ("i64", "i64.load", &[1, 2, 4, 8]),
        ("i64", "i64.load8_s", &[1]),
        ("i64", "i64.load8_u", &[1]),
        ("i64", "i64.load16_s", &[1, 2]),
        ("i64", "i64.load16_u", &[1, 2]),
        ("i64", "i64.load32_s", &[1, 2, 4]),
        ("i64", "i64.load32_u", &[1, 2, 4]),
        ("f32", "f32.load", &[1, 4]),
        ("f64", "f64.load", &[1, 8]),
    ] {
        for align in widths {
            for times in [1, 3] {
                let offset = align * times;
                cases.push(Case::new(
                    &["address"],
                    kind,
                    format!("local.get 0 {name} offset={offset} align={align}"),
                ));
            }
        }
    }
    check("loads", &cases);
}

#[test]
fn stores() {
    let mut cases = Vec::new();
    for (parameters, name, widths) in [
        (
            &["address", "i32"] as &'static [&'static str],
            "i32.store",
            &[1_u32, 2, 4] as &[u32],
        ),
        (&["address", "i32"], "i32.store8", &[1]),
        (&["address", "i32"], "i32.store16", &[1, 2]),
        (&["address", "i64"], "i64.store", &[1, 2, 4, 8]),
        (&["address", "i64"], "i64.store8", &[1]),
        (&["address", "i64"], "i64.store16", &[1, 2]),
        (&["address", "i64"], "i64.store32", &[1, 2, 4]),
        (&["address", "f32"], "f32.store", &[4]),
        (&["address", "f64"], "f64.store", &[8]),
    ] {
        for align in widths {
            let offset = align * 3;
            cases.push(Case::new(
                parameters,
                "",
                format!("local.get 0 local.get 1 {name} offset={offset} align={align}"),
            ));
        }
    }
    check("stores", &cases);
}

#[test]
fn a_value_that_was_read_stays_as_it_was() {
    check(
        "hazards",
        &[
            // A load before a store to the same place.
            Case::new(
                &["address", "i32"],
                "i32",
                "local.get 0 i32.load local.get 0 local.get 1 i32.store local.get 0 i32.load i32.sub",
            ),
            // A variable read before it is set, and before it is set in a branch.
            Case::new(
                &["i32", "i32"],
                "i32",
                "local.get 0 local.get 1 local.set 0 local.get 0 i32.const 3 i32.mul i32.sub",
            ),
            Case::new(
                &["i32", "i32"],
                "i32",
                "local.get 0 local.get 1 (if (then i32.const 7 local.set 0)) local.get 0 i32.sub",
            ),
            Case::new(
                &["i32"],
                "i32",
                "local.get 0 i32.const 5 i32.add local.tee 0 local.get 0 i32.mul local.get 0 i32.const 1 i32.add local.tee 0 i32.sub",
            ),
            // A load before a call that stores.
            Case::new(
                &["address", "i32"],
                "i32",
                "local.get 0 i32.load local.get 0 local.get 1 call $f5 local.get 0 i32.load i32.xor i32.add",
            ),
            Case::new(
                &["address", "i32"],
                "i32",
                "local.get 0 local.get 1 i32.store local.get 0 i32.load16_u",
            ),
            // The function's own memory.
            Case::new(
                &["i32", "i64"],
                "i64",
                "(local i32) global.get $stack i32.const 32 i32.sub local.tee 2 global.set $stack \
                 local.get 2 local.get 1 i64.store offset=8 local.get 2 local.get 0 i32.store offset=12 \
                 local.get 2 i64.load offset=8 local.get 2 i32.const 32 i32.add global.set $stack",
            ),
        ],
    );
}
