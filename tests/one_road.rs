//! An operation exists once: what is left of the library when no C function is there to call it are the thin wrappers for Rust.
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

/// Where things may stand that only Rust callers use.
const FOR_RUST: [&str; 4] = [
    "src/api/",
    "src/things/endpoint.rs",
    "src/things/names.rs",
    "src/senml/unit/registry.rs",
];

/// Most functions that only Rust callers use.
const WRAPPERS_MAX: usize = 30;

/// A warning of the compiler, and what it names.
struct Warning {
    message: String,
    file: String,
    names: Vec<String>,
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
        let line = &span["text"][0];
        let at = |place: &str| usize::try_from(line[place].as_u64().unwrap() - 1).unwrap();
        let characters = line["text"].as_str().unwrap().chars();
        let end = at("highlight_end");
        characters.take(end).skip(at("highlight_start")).collect()
    });
    let names: Vec<String> = names.collect();
    let file = primary.clone().next()?["file_name"].as_str().unwrap();
    let message = message["message"].as_str().unwrap();
    Some(Warning {
        message: message.to_owned(),
        file: file.to_owned(),
        names,
    })
}

/// Rust files below a folder, as one text.
fn sources(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        text += &fs::read_to_string(entry.unwrap().path()).unwrap();
    }
    text
}

#[test]
fn only_thin_wrappers_are_for_rust_alone() {
    let mut wrappers = BTreeSet::new();
    let mut others = Vec::new();
    for warning in check("--cfg kpn_only_c", &["--features", "posix"]) {
        let Warning {
            message,
            file,
            names,
        } = warning;
        if !FOR_RUST.iter().any(|place| file.starts_with(place)) {
            others.push(format!("{file}: {message}: {names:?}"));
            continue;
        }
        let kinds = ["function", "method", "associated"];
        if kinds.iter().any(|kind| message.contains(kind)) {
            let names = names.into_iter();
            wrappers.extend(names.map(|name| format!("{file} {name}")));
        }
    }
    assert!(
        others.is_empty(),
        "no C function reaches:\n{}",
        others.join("\n")
    );
    // What the compiler does not name would not be counted.
    assert!(wrappers.len() > 20, "{wrappers:?}");
    assert!(
        wrappers.len() <= WRAPPERS_MAX,
        "{} are {wrappers:?}",
        wrappers.len()
    );
}

#[test]
fn every_wrapper_is_called_by_a_doctest() {
    let root = Path::new(ROOT).join("src");
    let mut text = sources(&root.join("api"));
    text += &fs::read_to_string(root.join("things/names.rs")).unwrap();
    let example = |line: &&str| line.trim_start().starts_with("///");
    let examples: Vec<&str> = text.lines().filter(example).collect();
    let public = text.lines().filter_map(|line| {
        let line = line.trim_start().strip_prefix("pub ")?;
        let (_, rest) = line.split_once("fn ")?;
        rest.split(['(', '<']).next()
    });
    let missing: Vec<&str> = public
        .filter(|name| *name != "set")
        .filter(|name| {
            let calls = [format!(".{name}("), format!("::{name}(")];
            !examples
                .iter()
                .any(|line| calls.iter().any(|call| line.contains(call)))
        })
        .collect();
    assert!(missing.is_empty(), "no doctest calls {missing:?}");
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
