// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads one relocatable WebAssembly object, as LLVM writes it: its functions, constants, symbols and relocations.
//!
//! Features that the library must not use are refused here: writable memory, its own tables, and imports other than memory functions.

use std::{borrow::Cow, collections::BTreeMap};

use anyhow::{Context as _, bail, ensure};
use wasmparser::{
    DataKind, FuncType, KnownCustom, Linking, Operator, Parser, Payload, RelocationType,
    SymbolInfo, TypeRef, ValType,
};

/// The C library functions that may be imported.
pub const IMPORTS: [&str; 4] = ["memcpy", "memmove", "memset", "memcmp"];

/// The only global: where the stack of the object's own kind ends.
const STACK_POINTER: &str = "__stack_pointer";

/// The type of a value. Integers are unsigned in C; signed operators cast.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    U32,
    U64,
    F32,
    F64,
}

/// Parameters and result of a function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signature {
    pub parameters: Vec<Kind>,
    pub result: Option<Kind>,
}

/// What a relocation puts in place of a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Address {
    /// The address of a constant, by the number of its segment.
    Data { segment: u32, offset: i64 },
    /// The address of a function.
    Function(u32),
}

/// A function with code.
#[derive(Debug)]
pub struct Function<'a> {
    /// The name as mangled by the compiler.
    pub name: &'a str,
    pub signature: Signature,
    /// Parameters first.
    pub locals: Vec<Kind>,
    /// Each with its offset in the file.
    pub code: Vec<(Operator<'a>, usize)>,
    /// Its offset in the code section, as in debug information.
    pub at: u64,
}

/// A constant.
#[derive(Debug)]
pub struct Segment<'a> {
    pub name: &'a str,
    /// Its alignment is two to this power.
    pub alignment: u32,
    pub bytes: &'a [u8],
    /// Indexed by the offset of the word that is an address.
    pub addresses: BTreeMap<usize, Address>,
}

/// A relocatable object.
#[derive(Debug)]
pub struct Object<'a> {
    pub types: Vec<Signature>,
    /// Name and type. Their numbers come before those of functions with code.
    pub imports: Vec<(&'a str, Signature)>,
    pub functions: Vec<Function<'a>>,
    pub segments: Vec<Segment<'a>>,
    /// Indexed by the file offset that they change.
    pub addresses: BTreeMap<usize, Address>,
    /// Sections with debug information, by name.
    pub debug: BTreeMap<&'a str, &'a [u8]>,
}

impl Object<'_> {
    /// The signature of a function, imported or with code.
    pub fn signature(&self, function: u32) -> anyhow::Result<&Signature> {
        let at = function as usize;
        let imported = self.imports.get(at).map(|(_, signature)| signature);
        let own = || {
            let at = at.checked_sub(self.imports.len())?;
            Some(&self.functions.get(at)?.signature)
        };
        imported
            .or_else(own)
            .with_context(|| format!("no function {function}"))
    }
}

/// A symbol that relocations name.
#[derive(Clone, Copy)]
enum Symbol<'a> {
    Function(u32, Option<&'a str>),
    Data { segment: u32, offset: u32 },
    Other,
}

/// The contents of the sections, before relocations are applied.
#[derive(Default)]
struct Sections<'a> {
    /// Where each section begins in the file.
    starts: Vec<usize>,
    types: Vec<Signature>,
    imports: Vec<(&'a str, u32)>,
    functions: Vec<u32>,
    bodies: Vec<wasmparser::FunctionBody<'a>>,
    data: Vec<(&'a [u8], usize)>,
    code_start: usize,
    segments: Vec<(&'a str, u32)>,
    symbols: Vec<Symbol<'a>>,
    relocations: Vec<(usize, wasmparser::RelocationEntry)>,
    debug: BTreeMap<&'a str, &'a [u8]>,
}

/// Reads an object.
pub fn read(bytes: &[u8]) -> anyhow::Result<Object<'_>> {
    let mut sections = Sections::default();
    for payload in Parser::new(0).parse_all(bytes) {
        sections.add(payload?)?;
    }
    sections.link()
}

/// Reads a module without symbols; its functions get these names.
#[cfg(test)]
pub fn of_module<'a>(bytes: &'a [u8], names: &[&'a str]) -> anyhow::Result<Object<'a>> {
    let mut sections = Sections::default();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            // The stack pointer, which an object normally imports.
            Payload::GlobalSection(_) => {}
            payload => sections.add(payload)?,
        }
    }
    let names = (0..).zip(names);
    sections.symbols = names
        .map(|(at, name)| Symbol::Function(at, Some(name)))
        .collect();
    sections.link()
}

impl<'a> Sections<'a> {
    fn add(&mut self, payload: Payload<'a>) -> anyhow::Result<()> {
        if let Some((_, range)) = payload.as_section() {
            self.starts.push(usize::try_from(range.start)?);
        }
        match payload {
            Payload::TypeSection(types) => {
                for function in types.into_iter_err_on_gc_types() {
                    self.types.push(signature(&function?)?);
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import?;
                    match import.ty {
                        TypeRef::Func(kind) => self.imports.push((import.name, kind)),
                        TypeRef::Global(_) => ensure!(
                            import.name == STACK_POINTER,
                            "asks for the variable {}",
                            import.name
                        ),
                        TypeRef::Memory(_) | TypeRef::Table(_) => {}
                        _ => bail!("asks for {}", import.name),
                    }
                }
            }
            Payload::FunctionSection(functions) => {
                self.functions = functions.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::CodeSectionStart {
                unchecked_range: range,
                ..
            } => {
                self.code_start = usize::try_from(range.start)?;
            }
            Payload::CodeSectionEntry(body) => self.bodies.push(body),
            Payload::DataSection(data) => {
                for segment in data {
                    let segment = segment?;
                    ensure!(
                        matches!(segment.kind, DataKind::Active { .. }),
                        "a segment without an address"
                    );
                    let end = usize::try_from(segment.range.end)?;
                    self.data.push((segment.data, end - segment.data.len()));
                }
            }
            Payload::CustomSection(section) => self.add_custom(&section)?,
            Payload::GlobalSection(_) => bail!("has variables of its own"),
            Payload::StartSection { .. } => bail!("has code that runs by itself"),
            _ => {}
        }
        Ok(())
    }

    fn add_custom(&mut self, section: &wasmparser::CustomSectionReader<'a>) -> anyhow::Result<()> {
        match section.as_known() {
            KnownCustom::Linking(linking) => {
                for part in linking.subsections() {
                    match part? {
                        Linking::SegmentInfo(segments) => {
                            for segment in segments {
                                let segment = segment?;
                                self.segments.push((segment.name, segment.alignment));
                            }
                        }
                        Linking::SymbolTable(symbols) => {
                            for symbol in symbols {
                                self.symbols.push(Symbol::of(symbol?));
                            }
                        }
                        Linking::InitFuncs(functions) => {
                            ensure!(functions.count() == 0, "has code that runs by itself");
                        }
                        _ => {}
                    }
                }
            }
            KnownCustom::Reloc(relocations) => {
                let section = relocations.section_index() as usize;
                for entry in relocations.entries() {
                    self.relocations.push((section, entry?));
                }
            }
            _ if section.name().starts_with(".debug_") => {
                self.debug.insert(section.name(), section.data());
            }
            _ => {}
        }
        Ok(())
    }

    fn link(self) -> anyhow::Result<Object<'a>> {
        let signature = |kind: u32| {
            let signature = self.types.get(kind as usize).cloned();
            signature.with_context(|| format!("no type {kind}"))
        };
        let mut imports = Vec::new();
        for (name, kind) in &self.imports {
            ensure!(IMPORTS.contains(name), "asks for {name}");
            imports.push((*name, signature(*kind)?));
        }
        let mut names = BTreeMap::new();
        for symbol in &self.symbols {
            if let Symbol::Function(index, Some(name)) = symbol {
                names.insert(*index as usize, *name);
            }
        }
        ensure!(
            self.bodies.len() == self.functions.len(),
            "functions without code"
        );
        let mut functions = Vec::new();
        for (at, (body, kind)) in self.bodies.iter().zip(&self.functions).enumerate() {
            let name = names.get(&(at + imports.len())).copied();
            let name = name.with_context(|| format!("function {at} has no name"))?;
            let function = function(name, signature(*kind)?, body, self.code_start);
            functions.push(function.with_context(|| name.to_owned())?);
        }
        ensure!(
            self.data.len() == self.segments.len(),
            "constants without names"
        );
        let mut segments: Vec<_> = (self.data.iter().zip(&self.segments))
            .map(|((bytes, _), (name, alignment))| Segment {
                name,
                alignment: *alignment,
                bytes,
                addresses: BTreeMap::new(),
            })
            .collect();
        for segment in &segments {
            // A variable would be memory shared by all callers.
            ensure!(
                segment.name.starts_with(".rodata") || segment.name.starts_with(".data.rel.ro"),
                "{} is no constant",
                segment.name
            );
        }
        let mut addresses = BTreeMap::new();
        for (section, entry) in &self.relocations {
            let start = self.starts.get(*section).context("no such section")?;
            let at = start + entry.offset as usize;
            let Some(address) = self.address(entry)? else {
                continue;
            };
            let inside =
                |(bytes, start): &(&[u8], usize)| (*start..start + bytes.len()).contains(&at);
            match self.data.iter().position(inside) {
                Some(segment) => {
                    let start = self.data[segment].1;
                    segments[segment].addresses.insert(at - start, address);
                }
                None => {
                    addresses.insert(at, address);
                }
            }
        }
        Ok(Object {
            types: self.types,
            imports,
            functions,
            segments,
            addresses,
            debug: self.debug,
        })
    }

    /// `None` for what is not an address in a running program.
    fn address(&self, entry: &wasmparser::RelocationEntry) -> anyhow::Result<Option<Address>> {
        let symbol = || {
            let symbol = self.symbols.get(entry.index as usize).copied();
            symbol.with_context(|| format!("no symbol {}", entry.index))
        };
        match entry.ty {
            RelocationType::TypeIndexLeb
            | RelocationType::GlobalIndexLeb
            | RelocationType::FunctionOffsetI32
            | RelocationType::SectionOffsetI32
            | RelocationType::TableNumberLeb => Ok(None),
            RelocationType::MemoryAddrLeb
            | RelocationType::MemoryAddrSleb
            | RelocationType::MemoryAddrI32 => match symbol()? {
                Symbol::Data { segment, offset } => Ok(Some(Address::Data {
                    segment,
                    offset: i64::from(offset) + entry.addend,
                })),
                _ => bail!("the address of something that is no constant of the object"),
            },
            RelocationType::FunctionIndexLeb
            | RelocationType::TableIndexSleb
            | RelocationType::TableIndexI32 => match symbol()? {
                Symbol::Function(index, _) => Ok(Some(Address::Function(index))),
                _ => bail!("a call of something that is no function"),
            },
            other => bail!("a relocation of the kind {other:?}"),
        }
    }
}

impl<'a> Symbol<'a> {
    const fn of(symbol: SymbolInfo<'a>) -> Self {
        match symbol {
            SymbolInfo::Func { index, name, .. } => Self::Function(index, name),
            SymbolInfo::Data {
                symbol: Some(place),
                ..
            } => Self::Data {
                segment: place.index,
                offset: place.offset,
            },
            _ => Self::Other,
        }
    }
}

fn function<'a>(
    name: &'a str,
    signature: Signature,
    body: &wasmparser::FunctionBody<'a>,
    code_start: usize,
) -> anyhow::Result<Function<'a>> {
    let mut locals = signature.parameters.clone();
    for run in body.get_locals_reader()? {
        let (count, kind) = run?;
        locals.extend(std::iter::repeat_n(kind_of(kind)?, count as usize));
    }
    let mut code = Vec::new();
    for operator in body.get_operators_reader()?.into_iter_with_offsets() {
        let (operator, at) = operator?;
        code.push((operator, usize::try_from(at)?));
    }
    Ok(Function {
        name,
        signature,
        locals,
        code,
        at: body.range().start - code_start as u64,
    })
}

/// A type of the object as a C type.
pub fn kind_of(kind: ValType) -> anyhow::Result<Kind> {
    match kind {
        ValType::I32 => Ok(Kind::U32),
        ValType::I64 => Ok(Kind::U64),
        ValType::F32 => Ok(Kind::F32),
        ValType::F64 => Ok(Kind::F64),
        other => bail!("a value of type {other}"),
    }
}

fn signature(function: &FuncType) -> anyhow::Result<Signature> {
    let kinds = |kinds: &[ValType]| kinds.iter().copied().map(kind_of).collect();
    let results: Vec<_> = anyhow::Result::from(kinds(function.results()))?;
    ensure!(results.len() < 2, "a function with two results");
    Ok(Signature {
        parameters: anyhow::Result::from(kinds(function.params()))?,
        result: results.first().copied(),
    })
}

/// The demangled name of a function, with everything that Rust adds.
pub fn demangled(name: &str) -> Cow<'_, str> {
    match rustc_demangle::try_demangle(name) {
        Ok(path) => format!("{path:#}").into(),
        Err(_) => name.into(),
    }
}
