// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where the fields of the header's structs are on this machine, down to the last number.

use core::ops::Range;

/// A number, a pointer or an array of numbers in a struct.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// The struct and field that contain it.
    pub owner: String,
    pub name: String,
    pub kind: String,
    pub bytes: Range<usize>,
}

/// The fields of a struct of the header, in their order.
pub fn leaves(name: &str) -> Vec<Leaf> {
    let header = include_str!("../../../include/kpn_things.h");
    let mut leaves = Vec::new();
    collect(header, name, 0, &mut leaves);
    assert!(!leaves.is_empty(), "{name}");
    leaves
}

fn without_comments(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some((before, comment)) = rest.split_once("/*") {
        code.push_str(before);
        rest = comment.split_once("*/").unwrap().1;
    }
    code + rest
}

/// Adds what a struct at an offset has, and gives its size and its alignment.
fn collect(header: &str, name: &str, start: usize, leaves: &mut Vec<Leaf>) -> (usize, usize) {
    let begin = format!("struct {name} {{");
    let (_, body) = header.split_once(&begin).unwrap();
    let (body, _) = body.split_once('}').unwrap();
    let body = without_comments(body);
    let (mut size, mut align) = (0_usize, 1_usize);
    for field in body.split(';').map(str::trim) {
        if field.is_empty() {
            continue;
        }
        let field = field.replace("struct ", "").replace("const ", "");
        let (kind, name_) = field.rsplit_once([' ', '*']).unwrap();
        let kind = if field.contains('*') { "pointer" } else { kind };
        let (field, count) = match name_.trim_end_matches(']').split_once('[') {
            Some((field, count)) => (field, count.parse().unwrap()),
            None => (name_, 1),
        };
        for _ in 0..count {
            let number = match kind {
                "uint8_t" | "bool" => Some(1),
                "uint16_t" => Some(2),
                "uint32_t" | "int32_t" => Some(4),
                "size_t" | "pointer" => Some(size_of::<usize>()),
                _ => None,
            };
            // The layout of a struct is asked for at offset 0, then it is placed.
            let (len, to) = number.map_or_else(
                || collect(header, kind, 0, &mut Vec::new()),
                |len| (len, len),
            );
            let at = size.next_multiple_of(to);
            if number.is_some() {
                leaves.push(Leaf {
                    owner: name.to_owned(),
                    name: field.to_owned(),
                    kind: kind.to_owned(),
                    bytes: start + at..start + at + len,
                });
            } else {
                collect(header, kind, start + at, leaves);
            }
            size = at + len;
            align = align.max(to);
        }
    }
    (size.next_multiple_of(align), align)
}
