// SPDX-License-Identifier: MIT OR Apache-2.0
//! Relocations of each kind, and what is refused.

use wasm_encoder::{
    CodeSection, ConstExpr, CustomSection, DataSection, EntityType, Function, FunctionSection,
    GlobalType, ImportSection, MemoryType, Module, TypeSection, ValType,
};

use super::{super::object, super::print, run};

/// An object with a few functions and two constants: numbers, and a table with the address of the numbers and of a
/// function.
struct Parts {
    segment_name: &'static str,
    import: &'static str,
    /// Code of `kpn_f0`, with the type and offset of its relocation.
    first: (Vec<u8>, u8, u32),
}

impl Default for Parts {
    fn default() -> Self {
        // The address of the second number, by a relocation with an addend.
        Self {
            segment_name: ".rodata.numbers",
            import: "memcpy",
            first: (
                vec![0x41, 0x80, 0x80, 0x80, 0x80, 0x00],
                MEMORY_ADDR_SLEB,
                1,
            ),
        }
    }
}

const FUNCTION_INDEX_LEB: u8 = 0;
const TABLE_INDEX_SLEB: u8 = 1;
const TABLE_INDEX_I32: u8 = 2;
const MEMORY_ADDR_LEB: u8 = 3;
const MEMORY_ADDR_SLEB: u8 = 4;
const MEMORY_ADDR_I32: u8 = 5;
const TYPE_INDEX_LEB: u8 = 6;

/// A number in five bytes, so that a linker can change it.
const WIDE: [u8; 5] = [0x80, 0x80, 0x80, 0x80, 0x00];

/// Symbols in the order of the table: three functions of the header, the internal one, the constants, the import.
const INTERNAL: u8 = 3;
const NUMBERS: u8 = 4;
const TABLE: u8 = 5;

fn leb(value: usize) -> Vec<u8> {
    let mut value = value;
    let mut out = Vec::new();
    while value > 0x7F {
        out.push((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

fn text(text: &str) -> Vec<u8> {
    [leb(text.len()), text.as_bytes().to_vec()].concat()
}

fn build(parts: &Parts) -> Vec<u8> {
    let mut module = Module::new();
    let mut types = TypeSection::new();
    types.ty().function([], [ValType::I32]);
    types.ty().function([ValType::I32; 3], [ValType::I32]);
    module.section(&types);
    let mut imports = ImportSection::new();
    let memory = MemoryType {
        minimum: 0,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    };
    imports.import("env", "__linear_memory", memory);
    imports.import("env", parts.import, EntityType::Function(1));
    let global = GlobalType {
        val_type: ValType::I32,
        mutable: true,
        shared: false,
    };
    imports.import("env", "__stack_pointer", global);
    module.section(&imports);
    let mut functions = FunctionSection::new();
    for _ in 0..4 {
        functions.function(0);
    }
    module.section(&functions);

    // kpn_f1: calls the internal function through the table, whose word is read at an address in the instruction
    // itself.
    let through = [
        &[0x41, 0x00, 0x28, 0x02][..],
        &WIDE,
        &[0x11],
        &WIDE,
        &[0x00],
    ]
    .concat();
    // kpn_f2: calls the internal function by its address, and again by its number.
    let twice = [
        &[0x41][..],
        &WIDE,
        &[0x11],
        &WIDE,
        &[0x00, 0x10],
        &WIDE,
        &[0x6A],
    ]
    .concat();
    let internal = vec![0x41, 0x2A];
    let bodies = [&parts.first.0, &through, &twice, &internal];
    let mut code = CodeSection::new();
    let mut starts = Vec::new();
    let mut at = 1;
    for body in bodies {
        let mut function = Function::new([]);
        function.raw(body.iter().copied());
        function.raw([0x0B]);
        code.function(&function);
        // Its length and the number of its variables come first.
        starts.push(at + 2);
        at += 3 + body.len();
    }
    module.section(&code);

    let mut data = DataSection::new();
    data.active(0, &ConstExpr::i32_const(0), [7, 0, 0, 0, 8, 0, 0, 0]);
    data.active(0, &ConstExpr::i32_const(8), [0; 8]);
    module.section(&data);

    let mut symbols = vec![7];
    for (number, name) in ["kpn_f0", "kpn_f1", "kpn_f2", "in_file"].iter().enumerate() {
        symbols.extend([[0, 0, number as u8 + 1].to_vec(), text(name)].concat());
    }
    symbols.extend([vec![1, 0], text("numbers"), vec![0, 0, 8]].concat());
    symbols.extend([vec![1, 0], text("table"), vec![1, 0, 8]].concat());
    symbols.extend([0, 0x10, 0]);
    let segments = [
        vec![2],
        text(parts.segment_name),
        vec![2, 0],
        text(".rodata.table"),
        vec![2, 0],
    ]
    .concat();
    let linking = [
        vec![2, 8],
        leb(symbols.len()),
        symbols,
        vec![5],
        leb(segments.len()),
        segments,
    ]
    .concat();
    custom(&mut module, "linking", &linking);
    // Sections in order: types, imports, functions, code, data.
    let (code_number, data_number) = (3, 4);
    let (kind, at) = (parts.first.1, parts.first.2);
    let mut first = vec![kind];
    first.extend(leb(starts[0] + at as usize));
    first.push(if kind == MEMORY_ADDR_SLEB { NUMBERS } else { 1 });
    if kind == MEMORY_ADDR_SLEB {
        first.push(4);
    }
    let relocation = |kind: u8, at: usize, symbol: u8, addend: Option<u8>| {
        [
            vec![kind],
            leb(at),
            vec![symbol],
            addend.into_iter().collect(),
        ]
        .concat()
    };
    let relocations = [
        vec![code_number, 6],
        first,
        relocation(MEMORY_ADDR_LEB, starts[1] + 4, TABLE, Some(4)),
        relocation(TYPE_INDEX_LEB, starts[1] + 10, 0, None),
        relocation(TABLE_INDEX_SLEB, starts[2] + 1, INTERNAL, None),
        relocation(TYPE_INDEX_LEB, starts[2] + 7, 0, None),
        relocation(FUNCTION_INDEX_LEB, starts[2] + 14, INTERNAL, None),
    ]
    .concat();
    custom(&mut module, "reloc.CODE", &relocations);
    // The second segment's bytes: number of segments, then flags, address in three bytes and length of each.
    let table = 1 + 5 + 8 + 5;
    let relocations = [
        vec![data_number, 2],
        relocation(MEMORY_ADDR_I32, table, NUMBERS, Some(4)),
        relocation(TABLE_INDEX_I32, table + 4, INTERNAL, None),
    ]
    .concat();
    custom(&mut module, "reloc.DATA", &relocations);
    module.finish()
}

fn custom(module: &mut Module, name: &str, data: &[u8]) {
    module.section(&CustomSection {
        name: name.into(),
        data: data.into(),
    });
}

const HEADER: &str = "#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n\
    const char *kpn_f0(void);\nuint32_t kpn_f1(void);\nuint32_t kpn_f2(void);\n";

fn printed(parts: &Parts) -> anyhow::Result<String> {
    let bytes = build(parts);
    print::file(&object::read(&bytes)?, HEADER, "")
}

#[test]
fn each_kind_of_relocation() {
    let text = printed(&Parts::default()).unwrap();
    let main = "#include \"kpn_things.h\"\nint main(void)\n{\n    if (*(const uint32_t *)(const void *)kpn_f0() != 8) return 1;\n    \
                if (kpn_f1() != 42) return 2;\n    return kpn_f2() != 84;\n}\n";
    run("relocations", &text, HEADER, main);
}

#[track_caller]
fn refused(parts: &Parts, why: &str) {
    let error = printed(parts).unwrap_err();
    assert!(format!("{error:#}").contains(why), "{error:#}");
}

#[test]
fn variables_are_refused() {
    for segment_name in [".data.numbers", ".bss.numbers"] {
        refused(
            &Parts {
                segment_name,
                ..Parts::default()
            },
            "is no constant",
        );
    }
}

#[test]
fn foreign_functions_are_refused() {
    for import in ["malloc", "kpn_panic_reached"] {
        refused(
            &Parts {
                import,
                ..Parts::default()
            },
            &format!("asks for {import}"),
        );
    }
}

#[test]
fn the_address_of_a_function_of_the_header_is_refused() {
    let first = (
        vec![0x41, 0x80, 0x80, 0x80, 0x80, 0x00],
        TABLE_INDEX_SLEB,
        1,
    );
    refused(
        &Parts {
            first,
            ..Parts::default()
        },
        "a function of the header",
    );
}

#[test]
fn relocations_of_other_kinds_are_refused() {
    // Relative to a base that exists only in position-independent code.
    let first = (vec![0x41, 0x80, 0x80, 0x80, 0x80, 0x00], 11, 1);
    let bytes = build(&Parts {
        first,
        ..Parts::default()
    });
    object::read(&bytes).unwrap_err();
}

#[test]
fn instructions_without_a_counterpart_are_refused() {
    for (code, named) in [
        (vec![0x41, 0x00, 0x40, 0x00], "MemoryGrow"),
        (vec![0x23, 0x00, 0x41, 0x00, 0x6A], "downwards"),
        (vec![0x41, 0x01, 0x41, 0x02, 0x6F], "I32RemS"),
    ] {
        let padded = [code, vec![0x1A, 0x41], WIDE.to_vec()].concat();
        let at = padded.len() as u32 - 5;
        refused(
            &Parts {
                first: (padded, MEMORY_ADDR_SLEB, at),
                ..Parts::default()
            },
            named,
        );
    }
}

#[test]
fn functions_of_the_header_must_be_there() {
    let bytes = build(&Parts::default());
    let header = format!("{HEADER}uint32_t kpn_f3(void);\n");
    let error = print::file(&object::read(&bytes).unwrap(), &header, "").unwrap_err();
    assert!(error.to_string().contains("kpn_f3"), "{error:#}");
}
