// SPDX-License-Identifier: MIT OR Apache-2.0
//! Constants: each data segment becomes one C object, with real pointers where a relocation puts an address.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail, ensure};

use super::{
    names::Names,
    object::{Address, Object, Segment},
};

/// Numbers per line.
const IN_LINE: usize = 16;

/// Whether bytes are better shown as characters.
pub fn is_text(bytes: &[u8]) -> bool {
    let printable = |byte: &u8| (32..127).contains(byte);
    let readable = |byte: &u8| printable(byte) || matches!(byte, b'\r' | b'\n' | 0);
    bytes.len() > 1
        && bytes.iter().all(readable)
        && bytes.iter().filter(|byte| printable(byte)).count() * 2 > bytes.len()
}

/// The constants that functions or other constants use, each after those that it points to.
pub fn definitions(
    object: &Object<'_>,
    names: &Names,
    used: impl IntoIterator<Item = u32>,
) -> anyhow::Result<Vec<String>> {
    let mut order = Order {
        object,
        done: BTreeSet::new(),
        open: BTreeSet::new(),
        list: Vec::new(),
    };
    for segment in used {
        order.add(segment)?;
    }
    order
        .list
        .iter()
        .map(|at| {
            let segment = &object.segments[*at as usize];
            let text = definition(segment, names.segment(*at), names);
            text.with_context(|| segment.name.to_owned())
        })
        .collect()
}

/// Puts constants after those that they point to.
struct Order<'a> {
    object: &'a Object<'a>,
    done: BTreeSet<u32>,
    open: BTreeSet<u32>,
    list: Vec<u32>,
}

impl Order<'_> {
    fn add(&mut self, at: u32) -> anyhow::Result<()> {
        if self.done.contains(&at) {
            return Ok(());
        }
        ensure!(self.open.insert(at), "constants that point to each other");
        let segment = self.object.segments.get(at as usize);
        let segment = segment.with_context(|| format!("no segment {at}"))?;
        for address in segment.addresses.values() {
            if let Address::Data { segment, .. } = address {
                self.add(*segment)?;
            }
        }
        self.open.remove(&at);
        self.done.insert(at);
        self.list.push(at);
        Ok(())
    }
}

fn definition(segment: &Segment<'_>, name: &str, names: &Names) -> anyhow::Result<String> {
    if !segment.addresses.is_empty() {
        return with_addresses(segment, name, names);
    }
    let bytes = segment.bytes;
    let width = 1 << segment.alignment.min(3);
    if is_text(bytes) && width == 1 {
        let values: Vec<_> = bytes.iter().map(|byte| character(*byte)).collect();
        return Ok(array("uint8_t", name, &values));
    }
    if bytes.is_empty() {
        return Ok(array("uint8_t", name, &["0".to_owned()]));
    }
    ensure!(
        bytes.len().is_multiple_of(width),
        "not as long as it is aligned"
    );
    let suffix = if width == 8 { "ull" } else { "" };
    let values: Vec<_> = bytes
        .chunks(width)
        .map(|chunk| match number(chunk) {
            value @ 0..10 => format!("{value}{suffix}"),
            value => format!("0x{value:X}{suffix}"),
        })
        .collect();
    Ok(array(&format!("uint{}_t", width * 8), name, &values))
}

fn number(bytes: &[u8]) -> u64 {
    let values = bytes.iter().rev();
    values.fold(0, |value, byte| value << 8 | u64::from(*byte))
}

fn character(byte: u8) -> String {
    match byte {
        b'\r' => "'\\r'".to_owned(),
        b'\n' => "'\\n'".to_owned(),
        b'\'' | b'\\' => format!("'\\{}'", char::from(byte)),
        32..127 => format!("'{}'", char::from(byte)),
        _ => byte.to_string(),
    }
}

fn array(kind: &str, name: &str, values: &[String]) -> String {
    let lines: Vec<_> = values.chunks(IN_LINE).map(|line| line.join(", ")).collect();
    let text = if lines.len() == 1 {
        format!("{{{}}}", lines.concat())
    } else {
        format!("{{\n    {},\n}}", lines.join(",\n    "))
    };
    format!("static const {kind} {name}[{}] = {text};", values.len())
}

/// A struct of words and pointers, or an array if all are pointers to constants.
fn with_addresses(segment: &Segment<'_>, name: &str, names: &Names) -> anyhow::Result<String> {
    let (bytes, addresses) = (segment.bytes, &segment.addresses);
    ensure!(
        bytes.len() % 4 == 0 && segment.alignment >= 2 && addresses.keys().all(|at| at % 4 == 0),
        "an address that is not aligned"
    );
    let all_data = addresses.len() * 4 == bytes.len()
        && addresses
            .values()
            .all(|it| matches!(it, Address::Data { .. }));
    let mut fields = Vec::new();
    let mut values = Vec::new();
    for (at, word) in bytes.chunks(4).enumerate() {
        let at = at * 4;
        match addresses.get(&at) {
            Some(Address::Data { segment, offset }) => {
                fields.push(format!("const void *at{at};"));
                let name = names.segment(*segment);
                values.push(match offset {
                    0 => format!("&{name}"),
                    1.. => format!("(const uint8_t *)&{name} + {offset}"),
                    _ => bail!("an address in front of a constant"),
                });
            }
            Some(Address::Function(target)) => {
                ensure!(
                    names.prototype(*target).is_none(),
                    "the address of a function of the header"
                );
                fields.push(format!("function at{at};"));
                values.push(format!("(function)&{}", names.function(*target)));
            }
            None => {
                fields.push(format!("u32 at{at};"));
                values.push(super::write::integer(
                    number(word),
                    super::object::Kind::U32,
                ));
            }
        }
    }
    if all_data {
        return Ok(array("void *const", name, &values));
    }
    let wrap = |parts: &[String], by: &str| {
        let lines: Vec<_> = parts.chunks(8).map(|line| line.join(by)).collect();
        lines.join(&format!("{}\n    ", by.trim_end()))
    };
    Ok(format!(
        "static const struct {{ {} }} {name} = {{{}}};",
        wrap(&fields, " "),
        wrap(&values, ", ")
    ))
}
