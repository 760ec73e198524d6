// SPDX-License-Identifier: MIT OR Apache-2.0
//! The layer picture in `src/lib.rs` matches the `use` lines of the modules.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic"
)]

use core::fmt::Write as _;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

type Uses = BTreeMap<String, BTreeSet<String>>;

/// The modules of the crate that each module uses, tests excluded.
fn uses(src: &Path) -> Uses {
    let mut uses = Uses::new();
    for entry in fs::read_dir(src).unwrap() {
        let path = entry.unwrap().path();
        let module = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if module != "lib" {
            collect(&path, uses.entry(module).or_default());
        }
    }
    let modules: BTreeSet<String> = uses.keys().cloned().collect();
    for (module, used) in &mut uses {
        used.remove(module);
        assert!(used.is_subset(&modules), "{module} uses {used:?}");
    }
    uses
}

fn collect(path: &Path, used: &mut BTreeSet<String>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            collect(&entry.unwrap().path(), used);
        }
        return;
    }
    if path.file_stem().unwrap() == "tests" {
        return;
    }
    let text = fs::read_to_string(path).unwrap();
    // Tests come last, and may use anything.
    let (shipped, _) = text.split_once("#[cfg(test)]\nmod ").unwrap_or((&text, ""));
    let code = shipped
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    for line in code {
        for (at, _) in line.match_indices("crate::") {
            let rest = &line[at + "crate::".len()..];
            assert!(!rest.starts_with('{'), "one module in a line: {line}");
            let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
            used.insert(rest[..end.unwrap_or(rest.len())].to_owned());
        }
    }
}

/// How deep modules are nested under a module.
fn height(module: &str, uses: &Uses, path: &mut Vec<String>) -> usize {
    assert!(
        !path.iter().any(|above| above == module),
        "a circle: {path:?} {module}"
    );
    path.push(module.to_owned());
    let below = uses[module].iter().map(|used| 1 + height(used, uses, path));
    let height = below.max().unwrap_or(0);
    path.pop();
    height
}

/// One row for each layer, the top first; each module uses only rows below its own.
fn draw(uses: &Uses) -> String {
    let mut rows: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for module in uses.keys() {
        rows.entry(height(module, uses, &mut Vec::new()))
            .or_default()
            .push(module);
    }
    let rows: Vec<String> = rows
        .values()
        .rev()
        .map(|modules| modules.join("   "))
        .collect();
    let width = rows.iter().map(String::len).max().unwrap();
    let line = "─".repeat(width + 4);
    let mut picture = format!("┌{line}┐\n");
    for (at, row) in rows.iter().enumerate() {
        if at > 0 {
            writeln!(picture, "├{line}┤").unwrap();
        }
        writeln!(picture, "│  {row:width$}  │").unwrap();
    }
    picture + &format!("└{line}┘\n")
}

#[test]
fn the_layer_picture_is_true() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let uses = uses(&src);
    let text = fs::read_to_string(src.join("lib.rs")).unwrap();
    let told = text.lines().filter_map(|line| line.strip_prefix("//! "));
    let is_box = |line: &&str| line.starts_with(['┌', '├', '│', '└']);
    let told: String = told
        .filter(is_box)
        .flat_map(|line| {
            [
                line, "
",
            ]
        })
        .collect();
    let drawn = draw(&uses);
    assert!(
        told == drawn,
        "src/lib.rs has\n{told}\nthe `use` lines say\n{drawn}{uses:#?}"
    );
}

#[test]
fn the_number_module_is_below_those_that_use_it_and_c_and_rust_are_on_top() {
    let uses = uses(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let height = |module| height(module, &uses, &mut Vec::new());
    for above in ["json", "http", "senml", "things"] {
        assert!(height("number") < height(above), "{above}");
    }
    for (module, used) in &uses {
        assert!(
            !used.contains("ffi") && !used.contains("api"),
            "{module} uses what is on top"
        );
    }
}
