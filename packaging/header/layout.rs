// SPDX-License-Identifier: MIT OR Apache-2.0
//! Asserts for the header: size, alignment and offsets of its structs, so that a translation unit in which a pragma, a macro or an option
//! lays them out differently does not compile.

use core::fmt::Write as _;
use std::collections::BTreeMap;

/// How a machine lays out values.
#[derive(Clone, Copy)]
struct Model {
    /// Bytes of a pointer and of `size_t`.
    pointer: usize,
    /// Alignment of 64-bit integers.
    align64: usize,
}

const BITS_64: Model = Model {
    pointer: 8,
    align64: 8,
};
/// Arm, RISC-V, Xtensa.
const BITS_32: Model = Model {
    pointer: 4,
    align64: 8,
};
/// i386, RX, `TriCore`.
const BITS_32_ALIGN_4: Model = Model {
    pointer: 4,
    align64: 4,
};

/// A struct as the header declares it.
struct Struct {
    name: String,
    fields: Vec<Field>,
    only_posix: bool,
    /// Size on a 32-bit machine according to its comment, if stated.
    told_size: Option<usize>,
}

struct Field {
    name: String,
    /// Without `const` and `struct`; `*` for every pointer.
    kind: String,
    /// Elements of an array, 1 for anything else.
    count: usize,
}

#[derive(Clone, PartialEq, Eq)]
struct Layout {
    size: usize,
    align: usize,
    offsets: Vec<usize>,
}

type Layouts = BTreeMap<String, Layout>;

const BEFORE: &str = "
/** @cond */
/*
 * A call writes as many bytes as the archive was compiled for. A struct that is laid out differently here, through `#pragma pack`, a compiler
 * option or a macro, does not compile.
 */
#if defined(__cplusplus) && __cplusplus >= 201103L
#define KPN_PRIVATE_ASSERT(name, condition) static_assert(condition, #name)
#elif !defined(__cplusplus) && defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define KPN_PRIVATE_ASSERT(name, condition) _Static_assert(condition, #name)
#else
#define KPN_PRIVATE_ASSERT(name, condition) typedef char kpn_private_##name[(condition) ? 1 : -1]
#endif
#define KPN_PRIVATE_BY_POINTER(on32, on64) (sizeof(void *) == 8 ? (on64) : (on32))
#define KPN_PRIVATE_OBJECT(type, size32, size64, align32, align64) \\
    struct kpn_private_aligned_##type { \\
        char before; \\
        struct type object; \\
    }; \\
    KPN_PRIVATE_ASSERT(align_of_##type, \\
        offsetof(struct kpn_private_aligned_##type, object) == KPN_PRIVATE_BY_POINTER(align32, align64)); \\
    KPN_PRIVATE_ASSERT(size_of_##type, sizeof(struct type) == KPN_PRIVATE_BY_POINTER(size32, size64))
#define KPN_PRIVATE_FIELD(type, field, on32, on64) \\
    KPN_PRIVATE_ASSERT(offset_of_##type##_##field, offsetof(struct type, field) == KPN_PRIVATE_BY_POINTER(on32, on64))

KPN_PRIVATE_ASSERT(size_of_pointer, sizeof(void *) == 4 || sizeof(void *) == 8);
KPN_PRIVATE_ASSERT(size_of_size_t, sizeof(size_t) == sizeof(void *));
KPN_PRIVATE_ASSERT(size_of_bool, sizeof(bool) == 1);
KPN_PRIVATE_ASSERT(size_of_double, sizeof(double) == 8);
KPN_PRIVATE_ASSERT(size_of_float, sizeof(float) == 4);
KPN_PRIVATE_ASSERT(size_of_kpn_status, sizeof(kpn_status) == 4);

";

const AFTER: &str = "
#undef KPN_PRIVATE_FIELD
#undef KPN_PRIVATE_OBJECT
#undef KPN_PRIVATE_BY_POINTER
#undef KPN_PRIVATE_ASSERT
/** @endcond */
";

/// The asserts for the structs of a header.
pub fn asserts(header: &str) -> Result<String, String> {
    let structs = parse(header)?;
    let on64 = layouts(&structs, BITS_64)?;
    let on32 = layouts(&structs, BITS_32)?;
    let on32_align_4 = layouts(&structs, BITS_32_ALIGN_4)?;
    let mut text = BEFORE.to_owned();
    for item in structs
        .iter()
        .filter(|item| !item.name.starts_with("kpn_private_"))
    {
        let name = &item.name;
        if !name.starts_with("kpn_") {
            return Err(format!("{name} has no name of C in cbindgen.toml"));
        }
        let of = |layouts: &Layouts| {
            let layout = layouts.get(name).cloned();
            layout.ok_or_else(|| format!("{name} has no layout"))
        };
        let (wide, narrow) = (of(&on64)?, of(&on32)?);
        if narrow != of(&on32_align_4)? {
            return Err(format!(
                "{name}: its layout depends on how a 32-bit machine aligns 64-bit integers; give it words of 32 bits, or a reserved word"
            ));
        }
        if item.told_size.is_some_and(|told| told != narrow.size) {
            return Err(format!(
                "{name}: its comment must say {} bytes on a 32-bit target",
                narrow.size
            ));
        }
        if item.only_posix {
            text.push_str("#if defined(KPN_POSIX)\n");
        }
        let result = write!(
            text,
            "KPN_PRIVATE_OBJECT({name}, {}, {}, {}, {});",
            narrow.size, wide.size, narrow.align, wide.align
        );
        result.map_err(|error| error.to_string())?;
        let offsets = narrow.offsets.iter().zip(&wide.offsets);
        // The first field is always at 0.
        for (field, (on32, on64)) in item.fields.iter().zip(offsets).skip(1) {
            let line = format!("KPN_PRIVATE_FIELD({name}, {}, {on32}, {on64});", field.name);
            // Several per line.
            let last = text.rfind('\n').map_or(0, |at| text.len() - at);
            let is_room = last + line.len() < 140 && !text.ends_with('\n');
            text.push(if is_room { ' ' } else { '\n' });
            text.push_str(&line);
        }
        text.push('\n');
        if item.only_posix {
            text.push_str("#endif\n");
        }
    }
    text.push_str(AFTER);
    Ok(text)
}

fn layouts(structs: &[Struct], model: Model) -> Result<Layouts, String> {
    let mut known = Layouts::new();
    // cbindgen declares a struct before those that hold it.
    for item in structs {
        let mut layout = Layout {
            size: 0,
            align: 1,
            offsets: Vec::new(),
        };
        for field in &item.fields {
            let (size, align) = match field.kind.as_str() {
                "bool" | "char" | "uint8_t" | "int8_t" => (1, 1),
                "uint16_t" | "int16_t" => (2, 2),
                "uint32_t" | "int32_t" | "kpn_status" | "float" => (4, 4),
                "uint64_t" | "int64_t" | "double" => (8, model.align64),
                "*" | "size_t" => (model.pointer, model.pointer),
                other => {
                    let inner = known
                        .get(other)
                        .ok_or_else(|| format!("{}: what is {other}?", item.name))?;
                    (inner.size, inner.align)
                }
            };
            let offset = layout.size.next_multiple_of(align);
            layout.offsets.push(offset);
            layout.size = offset + size * field.count;
            layout.align = layout.align.max(align);
        }
        layout.size = layout.size.next_multiple_of(layout.align);
        known.insert(item.name.clone(), layout);
    }
    Ok(known)
}

/// cbindgen writes one field per line, and comments on separate lines.
fn parse(header: &str) -> Result<Vec<Struct>, String> {
    let mut structs = Vec::new();
    let mut open: Option<Struct> = None;
    let mut only_posix = false;
    let mut told_size = None;
    for line in header.lines() {
        let line = line.trim();
        if let Some(mut item) = open.take() {
            if line.starts_with('}') {
                structs.push(item);
                continue;
            }
            if !line.starts_with(['/', '*']) && !line.is_empty() {
                item.fields.push(parse_field(line)?);
            }
            open = Some(item);
            continue;
        }
        if let Some((before, _)) = line.split_once(" bytes on a 32-bit") {
            let number = before.rsplit(' ').next();
            told_size = number.and_then(|number| number.parse().ok());
        }
        if line.ends_with(';') && !line.starts_with('*') {
            // The comment belonged to something else.
            told_size = None;
        }
        match line {
            "#if defined(KPN_POSIX)" => only_posix = true,
            "#endif" => only_posix = false,
            _ => {}
        }
        let name = line
            .strip_prefix("typedef struct ")
            .and_then(|rest| rest.strip_suffix(" {"));
        open = name.map(|name| Struct {
            name: name.to_owned(),
            fields: Vec::new(),
            only_posix,
            told_size: told_size.take(),
        });
    }
    Ok(structs)
}

fn parse_field(line: &str) -> Result<Field, String> {
    let unknown = || format!("no field: {line}");
    let declaration = line.strip_suffix(';').ok_or_else(unknown)?;
    let (declaration, count) = match declaration.split_once('[') {
        Some((before, count)) => {
            let count = count.strip_suffix(']').and_then(|count| count.parse().ok());
            (before, count.ok_or_else(unknown)?)
        }
        None => (declaration, 1),
    };
    let (kind, name) = declaration.rsplit_once([' ', '*']).ok_or_else(unknown)?;
    let kind = if declaration.contains('*') {
        "*"
    } else {
        let kind = kind.trim();
        kind.strip_prefix("struct ").unwrap_or(kind)
    };
    Ok(Field {
        name: name.to_owned(),
        kind: kind.to_owned(),
        count,
    })
}
