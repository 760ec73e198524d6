// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where each function comes from in the sources, by its debug information.

use std::collections::BTreeMap;

use anyhow::Context as _;
use gimli::{Dwarf, EndianSlice, LittleEndian, SectionId};

use super::object::Object;

/// File and line of each function that has them, by its offset in the code section.
pub fn of(object: &Object<'_>) -> anyhow::Result<BTreeMap<u64, String>> {
    let section = |id: SectionId| -> Result<_, gimli::Error> {
        let bytes = object.debug.get(id.name()).copied().unwrap_or_default();
        Ok(EndianSlice::new(bytes, LittleEndian))
    };
    let dwarf = Dwarf::load(section)?;
    let mut starts = BTreeMap::new();
    let mut units = dwarf.units();
    while let Some(header) = units.next()? {
        let unit = dwarf.unit(header)?;
        let Some(program) = unit.line_program.clone() else {
            continue;
        };
        let mut rows = program.rows();
        while let Some((header, row)) = rows.next_row()? {
            let (Some(line), false) = (row.line(), row.end_sequence()) else {
                continue;
            };
            let file = row.file(header).context("a file")?;
            let name = dwarf.attr_string(&unit, file.path_name())?;
            let folder = match file.directory(header) {
                Some(folder) => dwarf
                    .attr_string(&unit, folder)?
                    .to_string_lossy()
                    .into_owned(),
                None => String::new(),
            };
            let name = name.to_string_lossy();
            let place = format!("{}:{line}", short(&format!("{folder}/{name}")));
            starts.entry(row.address()).or_insert(place);
        }
    }
    let mut origins = BTreeMap::new();
    for (at, function) in object.functions.iter().enumerate() {
        let end = object
            .functions
            .get(at + 1)
            .map_or(u64::MAX, |next| next.at);
        if let Some((_, place)) = starts.range(function.at..end).next() {
            origins.insert(function.at, place.clone());
        }
    }
    Ok(origins)
}

/// The path from the crate's folder on, without anything of the machine that compiled it.
fn short(path: &str) -> String {
    let path = path.replace("//", "/");
    let path = path.trim_start_matches("./");
    if let Some((_, rest)) = path.split_once("/library/") {
        return rest.to_owned();
    }
    if let Some((_, rest)) = path.split_once("/registry/src/") {
        let (_, rest) = rest.split_once('/').unwrap_or(("", rest));
        return rest.to_owned();
    }
    match path.find("src/") {
        Some(at) => path[at..].to_owned(),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn places_begin_with_their_crate() {
        for (path, shown) in [
            ("kpn-things/src/buf.rs", "src/buf.rs"),
            ("src/buf.rs", "src/buf.rs"),
            (
                "rust/lib/rustlib/src/rust/library/core/src/num/mod.rs",
                "core/src/num/mod.rs",
            ),
            (
                "cargo/registry/src/some-where-12/sha2-0.11.1/src/lib.rs",
                "sha2-0.11.1/src/lib.rs",
            ),
        ] {
            assert_eq!(short(path), shown);
        }
    }
}
