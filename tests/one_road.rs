// SPDX-License-Identifier: MIT OR Apache-2.0
//! An operation exists once: without the C functions, only the thin wrappers for Rust are unreachable from C.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic"
)]

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Where code for Rust callers alone may be.
const FOR_RUST: [&str; 5] = [
    "src/api/",
    "src/things/endpoint.rs",
    "src/things/names.rs",
    "src/senml/unit/registry.rs",
    "src/senml/pack/value.rs",
];

/// Most functions that only Rust callers use.
const WRAPPERS_MAX: usize = 30;

/// A warning of the compiler, and what it names.
struct Warning {
    message: String,
    file: String,
    names: Vec<Name>,
}

struct Name {
    name: String,
    /// The line of the source where it is declared.
    line: String,
}

/// Checks the library and gives the warnings about it.
fn check(rust_flags: &str, features: &[&str]) -> Vec<Warning> {
    let target = Path::new(ROOT).join("target/one-road");
    let output = Command::new(env::var("CARGO").unwrap())
        .current_dir(ROOT)
        .env("RUSTFLAGS", rust_flags)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .args(
            "check --package kpn-things --lib --locked --message-format json --target-dir"
                .split(' '),
        )
        .arg(target)
        .args(features)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let text = String::from_utf8(output.stdout).unwrap();
    let messages = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let ours = messages.filter(|message| {
        let package = message["package_id"].as_str().unwrap_or_default();
        message["reason"] == "compiler-message" && package.contains("kpn-things")
    });
    ours.filter_map(|message| warning(&message["message"]))
        .collect()
}

/// A warning without a place in the source counts the others.
fn warning(message: &Value) -> Option<Warning> {
    let spans = message["spans"].as_array().unwrap();
    let primary = spans.iter().filter(|span| span["is_primary"] == true);
    let names = primary.clone().map(|span| {
        let text = &span["text"][0];
        let at = |place: &str| usize::try_from(text[place].as_u64().unwrap() - 1).unwrap();
        let line = text["text"].as_str().unwrap();
        let end = line.chars().take(at("highlight_end"));
        Name {
            name: end.skip(at("highlight_start")).collect(),
            line: line.trim_start().to_owned(),
        }
    });
    let names: Vec<Name> = names.collect();
    let file = primary.clone().next()?["file_name"].as_str().unwrap();
    let message = message["message"].as_str().unwrap();
    Some(Warning {
        message: message.to_owned(),
        file: file.to_owned(),
        names,
    })
}

/// The lines of doc comments.
fn examples() -> Vec<String> {
    let src = Path::new(ROOT).join("src");
    let api = fs::read_dir(src.join("api")).unwrap();
    let mut files: Vec<_> = api.map(|entry| entry.unwrap().path()).collect();
    files.extend(
        [
            "things/names.rs",
            "things/endpoint.rs",
            "senml/pack/value.rs",
        ]
        .map(|file| src.join(file)),
    );
    let texts = files.iter().map(|file| fs::read_to_string(file).unwrap());
    let lines = texts.flat_map(|text| {
        text.lines()
            .map(str::trim_start)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    });
    lines.filter(|line| line.starts_with("///")).collect()
}

#[test]
fn only_thin_wrappers_with_a_doctest_are_for_rust_alone() {
    let examples = examples();
    let mut wrappers = BTreeSet::new();
    let mut others = Vec::new();
    let mut without_doctest = Vec::new();
    for Warning {
        message,
        file,
        names,
    } in check("--cfg kpn_only_c", &["--features", "posix"])
    {
        let for_rust = FOR_RUST.iter().any(|place| file.starts_with(place));
        for Name { name, line } in names {
            let found = format!("{file} {name}: {message}");
            let is_function = line.contains("fn ");
            if !for_rust {
                others.push(found);
            } else if is_function {
                let calls = [format!(".{name}("), format!("::{name}(")];
                let called = |line: &String| calls.iter().any(|call| line.contains(call));
                if line.starts_with("pub ") && !examples.iter().any(called) {
                    without_doctest.push(found);
                }
                wrappers.insert(format!("{file} {name}"));
            }
        }
    }
    assert!(
        others.is_empty(),
        "no C function reaches:\n{}",
        others.join("\n")
    );
    assert!(
        without_doctest.is_empty(),
        "no doctest calls:\n{}",
        without_doctest.join("\n")
    );
    // The compiler must name them, or the test would check nothing.
    assert!(wrappers.len() > 20, "{wrappers:?}");
    assert!(
        wrappers.len() <= WRAPPERS_MAX,
        "{} are {wrappers:?}",
        wrappers.len()
    );
}

#[test]
fn the_library_without_c_functions_compiles_without_warnings() {
    let warnings = check("", &[]);
    let texts: Vec<String> = warnings
        .iter()
        .map(|warning| format!("{}: {}", warning.file, warning.message))
        .collect();
    assert!(texts.is_empty(), "{}", texts.join("\n"));
}
