// SPDX-License-Identifier: MIT OR Apache-2.0
//! Each arithmetic instruction, with all boundary values.

use super::{Case, check};

const fn type_of(name: &str) -> &'static [&'static str] {
    match name.as_bytes() {
        [b'i', b'3', ..] => &["i32", "i32"],
        [b'i', ..] => &["i64", "i64"],
        [b'f', b'3', ..] => &["f32", "f32"],
        _ => &["f64", "f64"],
    }
}

fn binary(name: &str, result: &'static str) -> Case {
    Case::new(
        type_of(name),
        result,
        format!("local.get 0 local.get 1 {name}"),
    )
}

#[test]
fn arithmetic_of_integers() {
    let mut cases = Vec::new();
    for kind in ["i32", "i64"] {
        for operator in [
            "add", "sub", "mul", "div_u", "rem_u", "and", "or", "xor", "shl", "shr_u", "shr_s",
            "rotl", "rotr",
        ] {
            cases.push(binary(&format!("{kind}.{operator}"), kind));
        }
    }
    // The least number divided by -1 has no quotient.
    cases.push(Case::new(
        &["i32", "i32"],
        "i32",
        "local.get 0 local.get 1 i32.const -1 i32.eq i32.const 1 i32.and i32.add local.get 1 i32.div_s",
    ));
    check("arithmetic", &cases);
}

#[test]
fn comparisons_of_integers() {
    let mut cases = Vec::new();
    for kind in ["i32", "i64"] {
        for operator in [
            "eq", "ne", "lt_u", "lt_s", "gt_u", "gt_s", "le_u", "le_s", "ge_u", "ge_s",
        ] {
            let name = format!("{kind}.{operator}");
            cases.push(binary(&name, "i32"));
            let mut not = binary(&name, "i32");
            not.body.push_str(" i32.eqz");
            cases.push(not);
        }
    }
    // Signed constants have a sign in C.
    for constant in ["-1", "-2147483648", "5", "2147483647"] {
        cases.push(Case::new(
            &["i32"],
            "i32",
            format!("local.get 0 i32.const {constant} i32.lt_s"),
        ));
    }
    for constant in ["-1", "-9223372036854775808", "5"] {
        cases.push(Case::new(
            &["i64"],
            "i32",
            format!("local.get 0 i64.const {constant} i64.gt_s"),
        ));
    }
    check("comparisons", &cases);
}

#[test]
fn one_operand() {
    let mut cases = Vec::new();
    for name in [
        "i32.clz",
        "i32.ctz",
        "i32.popcnt",
        "i32.eqz",
        "i32.extend8_s",
        "i32.extend16_s",
    ] {
        cases.push(Case::new(&["i32"], "i32", format!("local.get 0 {name}")));
    }
    for name in [
        "i64.clz",
        "i64.ctz",
        "i64.popcnt",
        "i64.extend8_s",
        "i64.extend16_s",
        "i64.extend32_s",
    ] {
        cases.push(Case::new(&["i64"], "i64", format!("local.get 0 {name}")));
    }
    cases.push(Case::new(&["i64"], "i32", "local.get 0 i64.eqz"));
    cases.push(Case::new(&["i64"], "i32", "local.get 0 i32.wrap_i64"));
    for name in ["i64.extend_i32_s", "i64.extend_i32_u"] {
        cases.push(Case::new(&["i32"], "i64", format!("local.get 0 {name}")));
    }
    check("unary", &cases);
}

#[test]
fn floating_point() {
    let mut cases = Vec::new();
    for kind in ["f32", "f64"] {
        for operator in ["add", "sub", "mul", "div"] {
            cases.push(binary(&format!("{kind}.{operator}"), kind));
        }
        for operator in ["eq", "ne", "lt", "gt", "le", "ge"] {
            let name = format!("{kind}.{operator}");
            cases.push(binary(&name, "i32"));
            // Neither of two opposite comparisons holds for NaN.
            let mut not = binary(&name, "i32");
            not.body.push_str(" i32.eqz");
            cases.push(not);
        }
    }
    let kinds: [(&'static [&'static str], &'static str, &str); 10] = [
        (&["f32"], "f32", "f32.abs"),
        (&["f32"], "f32", "f32.neg"),
        (&["f64"], "f64", "f64.abs"),
        (&["f64"], "f64", "f64.neg"),
        (&["f32"], "f64", "f64.promote_f32"),
        (&["f64"], "f32", "f32.demote_f64"),
        (&["f32"], "i32", "i32.reinterpret_f32"),
        (&["f64"], "i64", "i64.reinterpret_f64"),
        (&["i32"], "f32", "f32.reinterpret_i32"),
        (&["i64"], "f64", "f64.reinterpret_i64"),
    ];
    for (parameters, result, name) in kinds {
        // The bits of a NaN may change on the way through a register.
        if name.contains("reinterpret_i") {
            cases.push(Case::new(
                parameters,
                result,
                format!("local.get 0 {name} {result}.neg"),
            ));
        }
        cases.push(Case::new(parameters, result, format!("local.get 0 {name}")));
    }
    for constant in ["1", "-3", "0.1", "-0.0", "1e300", "inf"] {
        cases.push(Case::new(
            &["f64"],
            "f64",
            format!("local.get 0 f64.const {constant} f64.add"),
        ));
    }
    for constant in ["2", "0.1", "-inf"] {
        cases.push(Case::new(
            &["f32"],
            "f32",
            format!("local.get 0 f32.const {constant} f32.mul"),
        ));
    }
    check("floats", &cases);
}

#[test]
fn conversions_between_numbers() {
    let mut cases = Vec::new();
    for sign in ["s", "u"] {
        for (integer, integers) in [
            ("i32", &["i32"] as &'static [&'static str]),
            ("i64", &["i64"]),
        ] {
            for (float, floats) in [
                ("f32", &["f32"] as &'static [&'static str]),
                ("f64", &["f64"]),
            ] {
                cases.push(Case::new(
                    integers,
                    float,
                    format!("local.get 0 {float}.convert_{integer}_{sign}"),
                ));
                cases.push(Case::new(
                    floats,
                    integer,
                    format!("local.get 0 {integer}.trunc_sat_{float}_{sign}"),
                ));
            }
        }
    }
    check("conversions", &cases);
}
