// SPDX-License-Identifier: MIT OR Apache-2.0
//! The symbols that an object or archive defines and needs.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::Context as _;
use object::{Object as _, ObjectSymbol as _, read::archive::ArchiveFile};

/// Names that take part in linking.
#[derive(Default, Debug)]
pub struct Symbols {
    /// Global and weak definitions.
    pub defined: BTreeSet<String>,
    /// Undefined here.
    pub undefined: BTreeSet<String>,
}

impl Symbols {
    /// The symbols of all members of an archive.
    pub fn of_archive(path: &Path) -> anyhow::Result<Self> {
        let bytes = fs::read(path).with_context(|| path.display().to_string())?;
        let mut symbols = Self::default();
        for member in ArchiveFile::parse(bytes.as_slice())?.members() {
            symbols.add(member?.data(bytes.as_slice())?)?;
        }
        symbols
            .undefined
            .retain(|name| !symbols.defined.contains(name));
        Ok(symbols)
    }

    /// The symbols of one object.
    pub fn of_object(path: &Path) -> anyhow::Result<Self> {
        let mut symbols = Self::default();
        symbols.add(&fs::read(path).with_context(|| path.display().to_string())?)?;
        Ok(symbols)
    }

    fn add(&mut self, object: &[u8]) -> anyhow::Result<()> {
        for symbol in object::File::parse(object)?.symbols() {
            let name = symbol.name()?;
            if name.is_empty() || symbol.is_local() {
                continue;
            }
            let names = if symbol.is_undefined() {
                &mut self.undefined
            } else {
                &mut self.defined
            };
            names.insert(name.to_owned());
        }
        Ok(())
    }

    /// Definitions whose name has this prefix.
    pub fn defined_with_prefix(&self, prefix: &str) -> Vec<String> {
        self.defined
            .iter()
            .filter(|name| name.starts_with(prefix))
            .cloned()
            .collect()
    }
}
