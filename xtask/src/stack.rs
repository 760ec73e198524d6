//! Stack that each exported function needs at most: the frames that the compiler reports, added up along the calls
//! that the relocations show. Helpers of the C library and libgcc are not in it; they are leaves.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use object::{
    Object as _, ObjectSection as _, ObjectSymbol as _, RelocationTarget, SectionIndex,
    SectionKind, SymbolKind,
};

/// What one archive's functions need.
#[derive(Debug)]
pub struct Stack {
    /// Bytes that each `kpn_*` function needs at most, all that it calls included.
    pub calls: BTreeMap<String, u64>,
    /// The largest frame of a single function, and whose it is.
    pub largest_frame: (u64, String),
}

/// From the objects as the compiler wrote them; none when it wrote no stack sizes.
pub fn of_objects(objects: &[PathBuf]) -> anyhow::Result<Option<Stack>> {
    let mut graph = Graph::default();
    for path in objects {
        graph
            .read(path)
            .with_context(|| path.display().to_string())?;
    }
    if graph.frames.is_empty() {
        return Ok(None);
    }
    graph.stack().map(Some)
}

/// With one function per section, a function's name and its section are the same thing.
#[derive(Default)]
struct Graph {
    frames: BTreeMap<String, u64>,
    calls: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    fn read(&mut self, path: &Path) -> anyhow::Result<()> {
        let bytes = fs::read(path)?;
        let file = object::File::parse(bytes.as_slice())?;
        let mut names = HashMap::new();
        for symbol in file.symbols() {
            if let (SymbolKind::Text, Some(section)) = (symbol.kind(), symbol.section_index()) {
                // Thumb's mapping symbols are no names.
                if let Ok(name) = symbol.name()
                    && !name.starts_with('$')
                {
                    names.insert(section, name.to_owned());
                }
            }
        }
        for section in file.sections() {
            if section.name() == Ok(".stack_sizes") {
                self.add_frames(&file, &section, &names)?;
            } else if section.kind() == SectionKind::Text
                && let Some(caller) = names.get(&section.index())
            {
                let calls = self.calls.entry(caller.clone()).or_default();
                for (_, relocation) in section.relocations() {
                    if let Some(callee) =
                        target_of(&file, relocation.target()).and_then(|index| names.get(&index))
                    {
                        calls.insert(callee.clone());
                    }
                }
            }
        }
        Ok(())
    }

    /// Entries of an address, which a relocation stands for, and a size in LEB128.
    fn add_frames<'a>(
        &mut self,
        file: &object::File<'a>,
        section: &object::Section<'a, '_>,
        names: &HashMap<SectionIndex, String>,
    ) -> anyhow::Result<()> {
        let data = section.data()?;
        let address = if file.is_64() { 8 } else { 4 };
        for (offset, relocation) in section.relocations() {
            let Some(name) =
                target_of(file, relocation.target()).and_then(|index| names.get(&index))
            else {
                continue;
            };
            let at = usize::try_from(offset)? + address;
            let size = leb128(data.get(at..).context("a size behind each address")?);
            self.frames.insert(name.clone(), size);
        }
        Ok(())
    }

    fn stack(&self) -> anyhow::Result<Stack> {
        let mut depths = BTreeMap::new();
        let mut calls = BTreeMap::new();
        for name in self.frames.keys().filter(|name| name.starts_with("kpn_")) {
            calls.insert(
                name.clone(),
                self.depth(name, &mut Vec::new(), &mut depths)?,
            );
        }
        let largest = self
            .frames
            .iter()
            .max_by_key(|(_, size)| **size)
            .context("at least one frame")?;
        Ok(Stack {
            calls,
            largest_frame: (*largest.1, largest.0.clone()),
        })
    }

    fn depth<'a>(
        &'a self,
        name: &'a str,
        path: &mut Vec<&'a str>,
        depths: &mut BTreeMap<&'a str, u64>,
    ) -> anyhow::Result<u64> {
        if let Some(depth) = depths.get(name) {
            return Ok(*depth);
        }
        if path.contains(&name) {
            bail!("recursion: {} calls {name}", path.join(" calls "));
        }
        path.push(name);
        let mut deepest = 0;
        for callee in self.calls.get(name).into_iter().flatten() {
            // A jump back to its own start is a loop.
            if callee != name {
                deepest = deepest.max(self.depth(callee, path, depths)?);
            }
        }
        path.pop();
        let depth = deepest + self.frames.get(name).copied().unwrap_or_default();
        depths.insert(name, depth);
        Ok(depth)
    }
}

fn target_of(file: &object::File<'_>, target: RelocationTarget) -> Option<SectionIndex> {
    match target {
        RelocationTarget::Symbol(index) => file.symbol_by_index(index).ok()?.section_index(),
        RelocationTarget::Section(index) => Some(index),
        _ => None,
    }
}

fn leb128(bytes: &[u8]) -> u64 {
    let mut value = 0;
    for (at, byte) in bytes.iter().enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::{Graph, leb128};

    fn graph(frames: &[(&str, u64)], calls: &[(&str, &str)]) -> Graph {
        let mut graph = Graph::default();
        for (name, size) in frames {
            graph.frames.insert((*name).to_owned(), *size);
        }
        for (caller, callee) in calls {
            graph
                .calls
                .entry((*caller).to_owned())
                .or_default()
                .insert((*callee).to_owned());
        }
        graph
    }

    #[test]
    fn reads_sizes_of_one_and_two_bytes() {
        assert_eq!(leb128(&[0x7f, 0xff]), 127);
        assert_eq!(leb128(&[0x88, 0x02]), 264);
    }

    #[test]
    fn adds_frames_along_the_deepest_calls() {
        let stack = graph(
            &[("kpn_a", 16), ("b", 100), ("c", 8), ("kpn_d", 1)],
            &[("kpn_a", "b"), ("kpn_a", "c"), ("c", "b")],
        );
        let stack = stack.stack().unwrap();
        assert_eq!(stack.calls["kpn_a"], 124);
        assert_eq!(stack.calls["kpn_d"], 1);
        assert_eq!(stack.largest_frame, (100, "b".to_owned()));
    }

    #[test]
    fn refuses_recursion() {
        let stack = graph(&[("kpn_a", 1), ("b", 1)], &[("kpn_a", "b"), ("b", "kpn_a")]);
        assert!(stack.stack().unwrap_err().to_string().contains("recursion"));
    }
}
