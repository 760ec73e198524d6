// SPDX-License-Identifier: MIT OR Apache-2.0
//! The translator against an interpreter: its C, once compiled, must give the same results as the instructions.

mod control;
mod instructions;
mod memory;
mod relocations;

use std::{fmt::Write as _, fs, path::PathBuf, process::Command};

use wasmi::{Engine, Linker, Module, Store, Val};

use super::{object, print};

/// A function of a module, with the types of the module.
pub struct Case {
    pub parameters: &'static [&'static str],
    pub result: &'static str,
    /// Instructions.
    pub body: String,
}

impl Case {
    pub fn new(
        parameters: &'static [&'static str],
        result: &'static str,
        body: impl Into<String>,
    ) -> Self {
        Self {
            parameters,
            result,
            body: body.into(),
        }
    }
}

/// Where the interpreter keeps what the compiled program has in `memory`.
const BASE: u32 = 64;

/// Bytes that functions with memory find there.
fn pattern() -> Vec<u8> {
    (0..64).map(|at: u8| at.wrapping_mul(89) ^ 0xA5).collect()
}

/// Interesting values of a type.
fn values(kind: &str) -> Vec<Val> {
    let integers: [u64; 15] = [
        0,
        1,
        2,
        31,
        33,
        0x7F,
        0x80,
        0xFF80,
        0x7FFF_FFFF,
        0x8000_0000,
        0xFFFF_FFFF,
        0x1_2345_6789,
        0x7FFF_FFFF_FFFF_FFFF,
        0x8000_0000_0000_0000,
        u64::MAX,
    ];
    let floats = [
        0.0,
        -0.0,
        1.0,
        -1.5,
        0.1,
        2147483647.0,
        -2147483648.0,
        4294967296.0,
        1e18,
        1e19,
        -1e19,
        1e300,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
    ];
    match kind {
        "i32" => integers.map(|it| Val::I32(it as u32 as i32)).to_vec(),
        "i64" => integers.map(|it| Val::I64(it.cast_signed())).to_vec(),
        "f32" => floats.map(|it| Val::F32((it as f32).into())).to_vec(),
        "f64" => floats.map(|it| Val::F64(it.into())).to_vec(),
        "address" => vec![Val::I32(BASE.cast_signed())],
        _ => panic!("no type {kind}"),
    }
}

fn in_c(value: &Val, kind: &str) -> String {
    match value {
        Val::I32(_) if kind == "address" => "(uint32_t)(uintptr_t)memory".to_owned(),
        Val::I32(value) => format!("0x{value:X}u"),
        Val::I64(value) => format!("0x{value:X}ull"),
        Val::F32(value) => format!("float_of(0x{:X}u)", value.to_bits()),
        Val::F64(value) => format!("double_of(0x{:X}ull)", value.to_bits()),
        other => panic!("{other:?}"),
    }
}

fn type_in_c(kind: &str) -> &str {
    match kind {
        "i32" | "address" => "uint32_t",
        "i64" => "uint64_t",
        "f32" => "float",
        "f64" => "double",
        _ => "void",
    }
}

fn module(cases: &[Case]) -> String {
    let mut text = String::from(
        "(module (memory (export \"memory\") 1) (global $stack (mut i32) (i32.const 1024))\n",
    );
    for (at, case) in cases.iter().enumerate() {
        let parameters = case.parameters.join(" ").replace("address", "i32");
        let result = match case.result {
            "" => String::new(),
            result => format!("(result {result})"),
        };
        let _ = writeln!(
            text,
            "(func $f{at} (export \"f{at}\") (param {parameters}) {result} {})",
            case.body
        );
    }
    text + ")"
}

fn header(cases: &[Case]) -> String {
    let mut text = String::from("#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n");
    for (at, case) in cases.iter().enumerate() {
        let parameters: Vec<_> = (case.parameters.iter().zip('a'..))
            .map(|(kind, name)| format!("{} {name}", type_in_c(kind)))
            .collect();
        let parameters = if parameters.is_empty() {
            "void".to_owned()
        } else {
            parameters.join(", ")
        };
        let _ = writeln!(text, "{} kpn_f{at}({parameters});", type_in_c(case.result));
    }
    text
}

const MAIN: &str = r#"
#include "kpn_things.h"
#include <stdio.h>
#include <string.h>
static uint64_t aligned[8];
static unsigned char *const memory = (unsigned char *)aligned;
float float_of(uint32_t bits);
double double_of(uint64_t bits);
float float_of(uint32_t bits) { float v; memcpy(&v, &bits, sizeof v); return v; }
double double_of(uint64_t bits) { double v; memcpy(&v, &bits, sizeof v); return v; }
static uint64_t bits_i32(uint32_t v) { return v; }
static uint64_t bits_i64(uint64_t v) { return v; }
static uint64_t bits_f32(float f) { uint32_t v; memcpy(&v, &f, sizeof v); return f != f ? 0x7FC00000u : v; }
static uint64_t bits_f64(double f) { uint64_t v; memcpy(&v, &f, sizeof v); return f != f ? 0x7FF8000000000000ull : v; }
static int wrong;
static void want(int line, uint64_t got, uint64_t wanted)
{
    if (got != wanted && wrong++ < 20)
        printf("check %d: 0x%llx instead of 0x%llx\n", line, (unsigned long long)got, (unsigned long long)wanted);
}
static const unsigned char pattern[64] = {PATTERN};
int main(void)
{
    (void)pattern; (void)memory; (void)bits_i32; (void)bits_i64; (void)bits_f32; (void)bits_f64;
    if (sizeof(void *) != 4) return 2;
CHECKS
    return wrong != 0;
}
"#;

/// Runs every case with every combination of values, both interpreted and compiled, and compares results and memory.
pub fn check(name: &str, cases: &[Case]) {
    let wasm = wat::parse_str(module(cases)).unwrap();
    let engine = Engine::default();
    let compiled = Module::new(&engine, &wasm).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Linker::new(&engine)
        .instantiate_and_start(&mut store, &compiled)
        .unwrap();
    let memory = instance.get_memory(&store, "memory").unwrap();
    let mut checks = String::new();
    let mut count = 0;
    for (at, case) in cases.iter().enumerate() {
        let function = instance.get_func(&store, &format!("f{at}")).unwrap();
        let uses_memory = case.parameters.contains(&"address");
        for arguments in combinations(case.parameters) {
            let base = BASE as usize;
            memory.data_mut(&mut store)[base..base + 64].copy_from_slice(&pattern());
            let mut results = vec![Val::I32(0); usize::from(!case.result.is_empty())];
            if function.call(&mut store, &arguments, &mut results).is_err() {
                // A division by zero, which is undefined in C.
                continue;
            }
            count += 1;
            if uses_memory {
                checks.push_str("memcpy(memory, pattern, 64);\n");
            }
            let texts: Vec<_> = (arguments.iter().zip(case.parameters))
                .map(|(value, kind)| in_c(value, kind))
                .collect();
            let call = format!("kpn_f{at}({})", texts.join(", "));
            let bits = match results.first() {
                Some(Val::I32(value)) => u64::from(value.cast_unsigned()),
                Some(Val::I64(value)) => value.cast_unsigned(),
                Some(Val::F32(value)) if f32::from(*value).is_nan() => 0x7FC0_0000,
                Some(Val::F32(value)) => value.to_bits().into(),
                Some(Val::F64(value)) if f64::from(*value).is_nan() => 0x7FF8_0000_0000_0000,
                Some(Val::F64(value)) => value.to_bits(),
                _ => 0,
            };
            let _ = if results.is_empty() {
                writeln!(checks, "{call};")
            } else {
                writeln!(
                    checks,
                    "want({at}, bits_{}({call}), 0x{bits:X}ull);",
                    case.result
                )
            };
            if uses_memory {
                let after = &memory.data(&store)[base..base + 64];
                let words: u64 = after.iter().enumerate().fold(0, |sum, (at, byte)| {
                    sum.wrapping_mul(31)
                        .wrapping_add(u64::from(*byte) + at as u64)
                });
                let _ = writeln!(
                    checks,
                    "{{ uint64_t sum = 0; for (unsigned i = 0; i < 64; i++) sum = sum * 31 + memory[i] + i; want(1000 + {at}, sum, 0x{words:X}ull); }}"
                );
            }
        }
    }
    assert!(count >= cases.len(), "only {count} calls");
    let names: Vec<_> = (0..cases.len()).map(|at| format!("kpn_f{at}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let object = object::of_module(&wasm, &names).unwrap();
    let text = print::file(&object, &header(cases), "").unwrap();
    let bytes: Vec<_> = pattern().iter().map(ToString::to_string).collect();
    let main = MAIN
        .replace("CHECKS", &checks)
        .replace("PATTERN", &bytes.join(","));
    run(name, &text, &header(cases), &main);
}

fn combinations(kinds: &[&str]) -> Vec<Vec<Val>> {
    let mut all = vec![Vec::new()];
    for kind in kinds {
        all = all
            .iter()
            .flat_map(|before: &Vec<Val>| {
                values(kind).into_iter().map(move |value| {
                    let mut list = before.clone();
                    list.push(value);
                    list
                })
            })
            .collect();
    }
    all
}

/// Compiles the file for a 32-bit machine, with and without GNU extensions, and runs the program.
pub fn run(name: &str, file: &str, header: &str, main: &str) {
    let folder: PathBuf = std::env::temp_dir().join(format!("kpn-c-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    for (file, text) in [
        ("kpn_things.c", file),
        ("kpn_things.h", header),
        ("main.c", main),
    ] {
        fs::write(folder.join(file), text).unwrap();
    }
    for (program, define) in [("a", "-DKPN_GNU"), ("b", "-DKPN_PLAIN_C")] {
        let compiled = [("kpn_things.c", "-O2"), ("main.c", "-O0")].map(|(source, level)| {
            let object = folder.join(format!("{program}-{source}.o"));
            let status = Command::new("gcc")
                .args([
                    "-m32",
                    "-msse2",
                    "-mfpmath=sse",
                    "-std=c99",
                    level,
                    "-Wall",
                    "-Wextra",
                ])
                .args(["-Werror", "-Wno-unused-function", define, "-c"])
                .arg(folder.join(source))
                .arg("-o")
                .arg(&object)
                .status()
                .unwrap();
            assert!(status.success(), "{source} of {}", folder.display());
            object
        });
        let path = folder.join(program);
        let mut link = Command::new("gcc");
        link.arg("-m32").args(&compiled).arg("-o").arg(&path);
        assert!(link.status().unwrap().success());
        let output = Command::new(&path).output().unwrap();
        assert!(
            output.status.success(),
            "{name} {define}: {}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
    fs::remove_dir_all(folder).unwrap();
}
