// SPDX-License-Identifier: MIT OR Apache-2.0
//! C names for functions and constants, derived from their Rust names.

use std::{collections::BTreeSet, fmt::Write as _};

use super::{
    object::{Kind, Object, Signature, demangled},
    prototypes::Prototype,
};

/// The length within which C99 distinguishes names, minus room for a number.
const LONGEST: usize = 58;

/// What a function number of the object refers to.
#[derive(Debug)]
enum Known {
    /// A function of the C library.
    Imported(String),
    /// A function internal to this file.
    Internal(String),
    /// A function of the header.
    Exported(Prototype),
}

/// The names of one object.
#[derive(Debug)]
pub struct Names {
    functions: Vec<Known>,
    segments: Vec<String>,
    types: Vec<Signature>,
}

/// The C name of a type.
pub const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::U32 => "u32",
        Kind::U64 => "u64",
        Kind::F32 => "float",
        Kind::F64 => "double",
    }
}

impl Names {
    pub fn of(object: &Object<'_>, prototypes: &[Prototype]) -> Self {
        let mut taken = BTreeSet::new();
        let imports = object.imports.iter();
        let mut functions: Vec<_> = imports
            .map(|(name, _)| Known::Imported((*name).to_owned()))
            .collect();
        for function in &object.functions {
            let prototype = prototypes.iter().find(|it| it.name == function.name);
            functions.push(prototype.map_or_else(
                || Known::Internal(unique(&words(&demangled(function.name)), &mut taken)),
                |prototype| Known::Exported(prototype.clone()),
            ));
        }
        let segments = object
            .segments
            .iter()
            .enumerate()
            .map(|(at, segment)| {
                let name = segment.name.strip_prefix(".rodata.").unwrap_or_default();
                let what = if let Some(function) = name.strip_prefix(".Lswitch.table.") {
                    let mangled = function.split('.').next().unwrap_or_default();
                    format!("values_of_{}", words(&demangled(mangled)))
                } else if name.is_empty() || name.starts_with(".L") {
                    let is_text = super::data::is_text(segment.bytes);
                    format!("{}_{at}", if is_text { "text" } else { "constant" })
                } else {
                    words(&demangled(name))
                };
                unique(&what, &mut taken)
            })
            .collect();
        Self {
            functions,
            segments,
            types: object.types.clone(),
        }
    }

    /// The name of a function.
    pub fn function(&self, function: u32) -> &str {
        match self.functions.get(function as usize) {
            Some(Known::Imported(name) | Known::Internal(name)) => name,
            Some(Known::Exported(prototype)) => &prototype.name,
            None => "",
        }
    }

    /// The header's declaration of a function, if there is one.
    pub fn prototype(&self, function: u32) -> Option<&Prototype> {
        match self.functions.get(function as usize) {
            Some(Known::Exported(prototype)) => Some(prototype),
            _ => None,
        }
    }

    pub fn segment(&self, segment: u32) -> &str {
        self.segments
            .get(segment as usize)
            .map_or("", String::as_str)
    }

    /// A function pointer type, by the number of the function's type.
    pub fn pointer(&self, number: u32) -> String {
        let Some(signature) = self.types.get(number as usize) else {
            return String::new();
        };
        let mut text = format!("{} (*)(", signature.result.map_or("void", kind));
        for (at, parameter) in signature.parameters.iter().enumerate() {
            let _ = write!(
                text,
                "{}{}",
                if at == 0 { "" } else { ", " },
                kind(*parameter)
            );
        }
        if signature.parameters.is_empty() {
            text.push_str("void");
        }
        text + ")"
    }

    /// A call whose result is not used.
    pub fn statement(&self, function: u32, arguments: &[String]) -> String {
        match self.functions.get(function as usize) {
            Some(Known::Imported(name)) => imported(name, arguments),
            Some(Known::Exported(prototype)) => prototype.call(arguments),
            _ => self.call(function, arguments).0,
        }
    }

    /// A call, and the precedence of its outermost operator.
    pub fn call(&self, function: u32, arguments: &[String]) -> (String, u8) {
        match self.functions.get(function as usize) {
            Some(Known::Imported(name)) => match name.as_str() {
                "memcmp" => (format!("(u32){}", imported(name, arguments)), 14),
                _ => (format!("ADDRESS({})", imported(name, arguments)), 15),
            },
            Some(Known::Internal(name)) => (format!("{name}({})", arguments.join(", ")), 15),
            Some(Known::Exported(prototype)) => {
                prototype.result_as_value(prototype.call(arguments))
            }
            None => (String::new(), 0),
        }
    }
}

/// A call of a C library function.
fn imported(name: &str, arguments: &[String]) -> String {
    let [a, b, c] = arguments else {
        return String::new();
    };
    match name {
        "memset" => format!("memset(POINTER({a}), (int)({b}), {c})"),
        _ => format!("{name}(POINTER({a}), POINTER({b}), {c})"),
    }
}

/// `<kpn_things::buf::Buf as Put>::put::<3>` becomes `buf_Buf_put`.
fn words(path: &str) -> String {
    let mut out = String::new();
    let mut depth = 0;
    let characters: Vec<_> = path.chars().collect();
    let mut at = 0;
    while let Some(&character) = characters.get(at) {
        let rest: String = characters[at..].iter().take(4).collect();
        match character {
            // Generic arguments; a path that begins with them is a type with a method.
            '<' if at > 0 && depth == 0 && out.ends_with("::") => depth = 1,
            '<' if depth > 0 => depth += 1,
            '>' if depth > 0 => depth -= 1,
            ' ' if depth == 0 && rest.starts_with(" as ") => depth = 1,
            _ if depth > 0 => {}
            '<' | '>' => {}
            _ => out.push(character),
        }
        at += 1;
    }
    let parts: Vec<_> = out
        .split(|character: char| !character.is_ascii_alphanumeric() && character != '_')
        .filter(|part| {
            !part.is_empty() && *part != "kpn_things" && *part != "dyn" && *part != "impl"
        })
        .filter(|part| !part.starts_with(|first: char| first.is_ascii_digit()))
        .collect();
    let mut parts = parts.as_slice();
    while parts.len() > 2 && parts.iter().map(|part| part.len() + 1).sum::<usize>() > LONGEST {
        parts = &parts[1..];
    }
    let mut name = parts.join("_");
    name.truncate(LONGEST);
    name
}

fn unique(name: &str, taken: &mut BTreeSet<String>) -> String {
    let name = if name.is_empty() || name.starts_with("kpn_") || !name.contains('_') {
        format!("in_{name}")
    } else {
        name.to_owned()
    };
    let mut tried = name.clone();
    let mut number = 2;
    while !taken.insert(tried.clone()) {
        tried = format!("{name}_{number}");
        number += 1;
    }
    tried
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{unique, words};

    #[test]
    fn paths_become_names() {
        for (path, name) in [
            (
                "<kpn_things::buf::Buf as core::fmt::Write>::put::<3>",
                "buf_Buf_put",
            ),
            ("<kpn_things::buf::Buf>::put", "buf_Buf_put"),
            (
                "kpn_things::ffi::uplink::add::{closure#0}",
                "ffi_uplink_add_closure",
            ),
            (
                "core::slice::memchr::memchr_aligned",
                "core_slice_memchr_memchr_aligned",
            ),
        ] {
            assert_eq!(words(path), name);
        }
        assert_eq!(
            words("a_long_module_name::another_long_module_name::and_a_third_one::f"),
            "another_long_module_name_and_a_third_one_f"
        );
    }

    #[test]
    fn a_name_is_given_once() {
        let mut taken = BTreeSet::new();
        assert_eq!(unique("a_b", &mut taken), "a_b");
        assert_eq!(unique("a_b", &mut taken), "a_b_2");
        assert_eq!(unique("kpn_x", &mut taken), "in_kpn_x");
    }
}
