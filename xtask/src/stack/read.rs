// SPDX-License-Identifier: MIT OR Apache-2.0
//! Functions, their frames and calls, out of objects: the compiler's, and members of the toolchain's libraries.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use anyhow::{Context as _, ensure};
use object::{
    Object as _, ObjectSection as _, ObjectSymbol as _, RelocationFlags, RelocationTarget,
    SectionIndex, SectionKind, SymbolKind, elf, read::archive::ArchiveFile,
};
use xshell::cmd;

use super::{
    Function, Graph,
    code::{self, Code},
};
use crate::{target::Target, workspace::Workspace};

/// Adds the functions of one object, and returns whether the compiler has recorded their frames.
///
/// The compiler puts each function into a section of its own. Where there are several in one, as in helpers written in
/// assembler, they count as one function with all their names.
pub fn add_object(graph: &mut Graph, bytes: &[u8]) -> anyhow::Result<bool> {
    let object = Object::parse(bytes)?;
    let sizes = object.stack_sizes()?;
    for (section, names) in &object.names {
        let (mut function, code) = object.function(*section)?;
        let is_outlined = names.iter().any(|name| is_outlined(name));
        match sizes.get(section) {
            // The size that LLVM writes is always 0. On Arm such a function may save the return address; on RISC-V it
            // moves the stack pointer only for its caller, whose size includes that.
            Some(_) if is_outlined && object.is_arm() => function.frame = code.frame,
            Some(size) => function.frame = *size,
            None if code.has_unknown_frame => continue,
            None => function.frame = code.frame,
        }
        for name in names {
            graph.functions.insert(name.clone(), function.clone());
        }
    }
    Ok(!sizes.is_empty())
}

/// Adds functions of the C library and libgcc that are called but not defined in any object.
pub fn add_helpers(
    graph: &mut Graph,
    workspace: &Workspace,
    target: &Target,
) -> anyhow::Result<()> {
    let mut libraries = Vec::new();
    for path in libraries_of(workspace, target)? {
        libraries.push(workspace.shell.read_binary_file(path)?);
    }
    let mut unknown = BTreeSet::new();
    loop {
        let missing: Vec<_> = (graph.functions.values())
            .flat_map(|it| it.calls.iter().chain(&it.tail_calls).chain(&it.takes))
            .filter(|name| !graph.functions.contains_key(*name) && !unknown.contains(*name))
            .cloned()
            .collect();
        if missing.is_empty() {
            break;
        }
        for name in missing {
            let in_c = name_in_c(&name);
            for library in &libraries {
                if !graph.functions.contains_key(in_c)
                    && let Some(member) = member(library, in_c)?
                {
                    add_object(graph, member)?;
                }
            }
            match graph.functions.get(in_c).cloned() {
                Some(function) => drop(graph.functions.insert(name, function)),
                None => drop(unknown.insert(name)),
            }
        }
    }
    // The address of something that is not a function.
    for function in graph.functions.values_mut() {
        function.takes.retain(|name| !unknown.contains(name));
    }
    Ok(())
}

/// picolibc and libgcc for a target, as the linker names them when it opens them.
fn libraries_of(workspace: &Workspace, target: &Target) -> anyhow::Result<BTreeSet<String>> {
    let shell = &workspace.shell;
    let (gcc, flags) = (target.gcc(), target.gcc_flags);
    let folder = workspace.scratch("stack")?;
    let source = folder.join("empty.c");
    shell.write_file(&source, "int main(void) { return 0; }\n")?;
    let elf = folder.join(format!("{}.elf", target.name));
    let opened = cmd!(
        shell,
        "{gcc} {flags...} --specs=picolibc.specs -nostartfiles -Wl,--trace,--entry=main {source} -o {elf}"
    )
    .quiet()
    .read()?;
    let libraries: BTreeSet<_> = opened
        .lines()
        .filter(|line| line.ends_with("/libc.a") || line.ends_with("/libgcc.a"))
        .map(str::to_owned)
        .collect();
    ensure!(libraries.len() == 2, "libc and libgcc among\n{opened}");
    Ok(libraries)
}

/// The archive calls C functions where Rust calls equivalent ones.
fn name_in_c(name: &str) -> &str {
    match name {
        "bcmp" => "memcmp",
        "__aeabi_memcpy" | "__aeabi_memcpy4" | "__aeabi_memcpy8" => "memcpy",
        "__aeabi_memmove" | "__aeabi_memmove4" | "__aeabi_memmove8" => "memmove",
        _ => name,
    }
}

/// The member of a library that defines a symbol.
fn member<'a>(library: &'a [u8], symbol: &str) -> anyhow::Result<Option<&'a [u8]>> {
    let archive = ArchiveFile::parse(library)?;
    for entry in archive.symbols()?.into_iter().flatten() {
        let entry = entry?;
        if entry.name() == symbol.as_bytes() {
            return Ok(Some(archive.member(entry.offset())?.data(library)?));
        }
    }
    Ok(None)
}

/// One object, with what is looked up in it repeatedly.
struct Object<'a> {
    file: object::File<'a>,
    /// The functions in each code section.
    names: HashMap<SectionIndex, Vec<String>>,
    /// Where constants and instructions begin in a section (Arm's mapping symbols).
    constants: HashMap<SectionIndex, BTreeMap<u64, bool>>,
}

/// What a relocation points to.
enum Pointee {
    Section(SectionIndex),
    Elsewhere(String),
}

/// How a relocation in code uses what it points to.
enum Use {
    Call,
    TailCall,
    Address,
    Nothing,
}

impl<'a> Object<'a> {
    fn parse(bytes: &'a [u8]) -> anyhow::Result<Self> {
        let file = object::File::parse(bytes)?;
        let mut names: HashMap<_, Vec<_>> = HashMap::new();
        let mut constants: HashMap<_, BTreeMap<_, _>> = HashMap::new();
        for symbol in file.symbols() {
            let (Some(section), Ok(name)) = (symbol.section_index(), symbol.name()) else {
                continue;
            };
            if let Some(mark) = name.strip_prefix('$') {
                let marks = constants.entry(section).or_default();
                marks.insert(symbol.address(), mark.starts_with('d'));
            } else if symbol.kind() == SymbolKind::Text && !name.is_empty() {
                names.entry(section).or_default().push(name.to_owned());
            }
        }
        Ok(Self {
            file,
            names,
            constants,
        })
    }

    /// Entries of an address, given by a relocation, and a size in LEB128.
    fn stack_sizes(&self) -> anyhow::Result<HashMap<SectionIndex, u64>> {
        let mut sizes = HashMap::new();
        let address = if self.file.is_64() { 8 } else { 4 };
        for section in self.file.sections() {
            if section.name() != Ok(".stack_sizes") {
                continue;
            }
            let data = section.data()?;
            for (offset, relocation) in section.relocations() {
                if let Some(Pointee::Section(function)) = self.pointee(relocation.target())? {
                    let at = usize::try_from(offset)? + address;
                    let size = leb128(data.get(at..).context("a size behind each address")?);
                    sizes.insert(function, size);
                }
            }
        }
        Ok(sizes)
    }

    fn function(&self, index: SectionIndex) -> anyhow::Result<(Function, Code)> {
        let section = self.file.section_by_index(index)?;
        let bytes = section.data()?;
        let mut function = Function::default();
        let mut called = BTreeSet::new();
        let mut constants = Vec::new();
        for (offset, relocation) in section.relocations() {
            let RelocationFlags::Elf { r_type } = relocation.flags() else {
                continue;
            };
            let uses = self.use_of(r_type, bytes, offset);
            if matches!(uses, Use::Call | Use::TailCall) {
                called.insert(offset);
            }
            match (uses, self.pointee(relocation.target())?) {
                (Use::Nothing, _) | (_, None) => {}
                (_, Some(Pointee::Section(same))) if same == index => {}
                (Use::Call, Some(to)) => function.calls.extend(self.name_of(&to)),
                (Use::TailCall, Some(to)) => {
                    let name = self.name_of(&to);
                    // The end of the caller, which releases its frame.
                    let is_outlined = name.as_deref().is_some_and(is_outlined);
                    let calls = if is_outlined {
                        &mut function.calls
                    } else {
                        &mut function.tail_calls
                    };
                    calls.extend(name);
                }
                (Use::Address, Some(to)) => constants.push(to),
            }
        }
        let has_table = self.add_pointers(constants, index, &mut function.takes)?;
        let code = if self.is_arm() {
            let marks = self.constants.get(&index);
            code::thumb(bytes, |at| {
                let mark = marks.and_then(|marks| marks.range(..=at).next_back());
                mark.is_some_and(|(_, is_data)| *is_data)
            })?
        } else {
            code::riscv(bytes, |at| called.contains(&at))?
        };
        // A function with a table of jumps into itself is assumed to jump through it.
        function.calls_pointers = code.calls_pointers || code.jumps_to_pointers && !has_table;
        Ok((function, code))
    }

    /// Adds the functions at these addresses, and those that constants there point to. Returns whether a constant
    /// points to the function that uses the addresses.
    fn add_pointers(
        &self,
        mut open: Vec<Pointee>,
        own: SectionIndex,
        takes: &mut BTreeSet<String>,
    ) -> anyhow::Result<bool> {
        let mut seen = HashSet::new();
        let mut has_table = false;
        while let Some(pointee) = open.pop() {
            let Pointee::Section(index) = pointee else {
                takes.extend(self.name_of(&pointee));
                continue;
            };
            if index == own {
                has_table = true;
                continue;
            }
            takes.extend(self.name_of(&pointee));
            let section = self.file.section_by_index(index)?;
            if section.kind() != SectionKind::Text && seen.insert(index) {
                for (_, relocation) in section.relocations() {
                    open.extend(self.pointee(relocation.target())?);
                }
            }
        }
        Ok(has_table)
    }

    fn name_of(&self, pointee: &Pointee) -> Option<String> {
        match pointee {
            Pointee::Section(index) => self.names.get(index)?.first().cloned(),
            Pointee::Elsewhere(name) => Some(name.clone()),
        }
    }

    fn pointee(&self, target: RelocationTarget) -> anyhow::Result<Option<Pointee>> {
        Ok(match target {
            RelocationTarget::Section(index) => Some(Pointee::Section(index)),
            RelocationTarget::Symbol(index) => {
                let symbol = self.file.symbol_by_index(index)?;
                match symbol.section_index() {
                    Some(section) => Some(Pointee::Section(section)),
                    None if symbol.is_undefined() && !symbol.name()?.is_empty() => {
                        Some(Pointee::Elsewhere(symbol.name()?.to_owned()))
                    }
                    None => None,
                }
            }
            _ => None,
        })
    }

    fn is_arm(&self) -> bool {
        self.file.architecture() == object::Architecture::Arm
    }

    fn use_of(&self, kind: u32, code: &[u8], offset: u64) -> Use {
        if self.is_arm() {
            return match kind {
                elf::R_ARM_NONE | elf::R_ARM_V4BX => Use::Nothing,
                elf::R_ARM_THM_PC22 | elf::R_ARM_CALL | elf::R_ARM_PC24 => Use::Call,
                elf::R_ARM_THM_JUMP24
                | elf::R_ARM_THM_JUMP19
                | elf::R_ARM_THM_PC11
                | elf::R_ARM_THM_PC9
                | elf::R_ARM_JUMP24 => Use::TailCall,
                _ => Use::Address,
            };
        }
        match kind {
            elf::R_RISCV_RELAX | elf::R_RISCV_ALIGN => Use::Nothing,
            // They refer to the instruction with the other half of the address.
            elf::R_RISCV_PCREL_LO12_I | elf::R_RISCV_PCREL_LO12_S => Use::Nothing,
            elf::R_RISCV_CALL | elf::R_RISCV_CALL_PLT if !links(code, offset) => Use::TailCall,
            elf::R_RISCV_CALL
            | elf::R_RISCV_CALL_PLT
            | elf::R_RISCV_JAL
            | elf::R_RISCV_BRANCH
            | elf::R_RISCV_RVC_JUMP
            | elf::R_RISCV_RVC_BRANCH => Use::Call,
            _ => Use::Address,
        }
    }
}

/// LLVM outlines code that several functions have in common, including prologues and epilogues.
fn is_outlined(name: &str) -> bool {
    name.starts_with("OUTLINED_FUNCTION_")
}

/// Whether the `jalr` after an `auipc` saves the return address.
fn links(code: &[u8], offset: u64) -> bool {
    let second = usize::try_from(offset)
        .ok()
        .and_then(|at| code.get(at + 4..at + 6));
    // The register is in bits 7 to 11.
    second.is_none_or(|bytes| bytes[0] & 0x80 != 0 || bytes[1] & 0x0f != 0)
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
    use super::{leb128, links};

    #[test]
    fn reads_sizes_of_one_and_two_bytes() {
        assert_eq!(leb128(&[0x7f, 0xff]), 127);
        assert_eq!(leb128(&[0x88, 0x02]), 264);
    }

    #[test]
    fn tells_calls_from_jumps() {
        // auipc ra, jalr ra; auipc t1, jr t1; auipc t0, jalr t0
        assert!(links(&[0x97, 0, 0, 0, 0xe7, 0x80, 0, 0], 0));
        assert!(!links(&[0x17, 3, 0, 0, 0x67, 0x00, 3, 0], 0));
        assert!(links(&[0x97, 2, 0, 0, 0xe7, 0x82, 2, 0], 0));
    }
}
