// SPDX-License-Identifier: MIT OR Apache-2.0
//! The whole file: the prelude, prototypes, constants and functions.

use std::{collections::BTreeSet, fmt::Write as _};

use anyhow::{Context as _, ensure};

use super::{
    data,
    expression::{Expression, Variable},
    names::{self, Names},
    object::{Function, Kind, Object, demangled},
    origin, prototypes,
    statement::{Printer, Statement, any, expressions, structured},
    tidy,
    translate::translate,
    write::Writer,
};

const PRELUDE: &str = include_str!("prelude.c");

/// What a piece of the prelude begins with if it is written only when used.
const PIECE: &str = "/*: ";

/// Prints an object as one C file, for the functions that a header declares.
pub fn file(object: &Object<'_>, header: &str, head: &str) -> anyhow::Result<String> {
    let prototypes = prototypes::read(header)?;
    let names = Names::of(object, &prototypes);
    for prototype in &prototypes {
        let there = object.functions.iter().any(|it| it.name == prototype.name);
        ensure!(there, "{} is not in the object", prototype.name);
    }
    let origins = origin::of(object)?;
    let first = u32::try_from(object.imports.len())?;
    let mut declared = String::new();
    let mut functions = String::new();
    let mut used = BTreeSet::new();
    for (function, number) in object.functions.iter().zip(first..) {
        let text = FunctionPrinter {
            object,
            names: &names,
            function,
            number,
        }
        .text(&mut used)
        .with_context(|| demangled(function.name).into_owned())?;
        if names.prototype(number).is_none() {
            writeln!(declared, "{};", text.prototype)?;
        }
        write!(functions, "\n/* {}", path(function.name))?;
        if let Some(origin) = origins.get(&function.at) {
            write!(functions, ", {origin}")?;
        }
        write!(functions, " */\n{}", text.definition)?;
    }
    let constants = data::definitions(object, &names, used)?.join("\n");
    let after = format!(
        "\n/* Functions of this file. */\n{declared}\n/* Constants. */\n{constants}\n{functions}"
    );
    Ok(format!("{head}{}{after}", prelude(&after)))
}

/// The Rust name, made fit for a comment.
fn path(name: &str) -> String {
    demangled(name).replace("*/", "* /").replace("/*", "/ *")
}

/// The pieces of the prelude that a text needs.
fn prelude(text: &str) -> String {
    let mut pieces = PRELUDE.split(PIECE);
    let mut out = pieces.next().unwrap_or_default().to_owned();
    // A piece may use those before it.
    let mut wanted = Vec::new();
    let mut all: Vec<_> = pieces
        .filter_map(|piece| piece.split_once(" */\n"))
        .collect();
    all.reverse();
    for (name, piece) in all {
        let call = format!("{name}(");
        if text.contains(&call) || wanted.iter().any(|other: &&str| other.contains(&call)) {
            wanted.push(piece);
        }
    }
    wanted.reverse();
    out.push_str(&wanted.concat());
    out
}

struct FunctionPrinter<'a> {
    object: &'a Object<'a>,
    names: &'a Names,
    function: &'a Function<'a>,
    number: u32,
}

struct FunctionText {
    prototype: String,
    definition: String,
}

impl FunctionPrinter<'_> {
    /// Adds the constants that it uses.
    fn text(&self, used: &mut BTreeSet<u32>) -> anyhow::Result<FunctionText> {
        let translated = translate(self.object, self.function)?;
        let statements = tidy::tidied(structured(translated.statements));
        any(&statements, &mut |statement| {
            for expression in expressions(statement) {
                expression.any(&mut |part| {
                    if let Expression::Data { segment, .. } = part {
                        used.insert(*segment);
                    }
                    false
                });
            }
            false
        });
        self.check_addresses(&statements)?;
        let prototype = self.prototype()?;
        let mut definition = String::new();
        if translated.frame.is_some() {
            definition.push_str("APART ");
        }
        writeln!(definition, "{prototype}\n{{")?;
        if let Some(bytes) = translated.frame {
            writeln!(definition, "    uint64_t frame[{}];", bytes.div_ceil(8))?;
        }
        self.declare(&mut definition, &statements, &translated.temporaries)?;
        let exported = self.names.prototype(self.number);
        let returned = |value: &Expression, text: &str| match exported {
            Some(prototype) => match &prototype.result {
                Some(prototypes::Type::Integer(_)) if matches!(value, Expression::Integer(..)) => {
                    text.trim_end_matches('u').to_owned()
                }
                Some(kind) => kind.value_of_c(text),
                None => text.to_owned(),
            },
            None => text.to_owned(),
        };
        let mut printer = Printer {
            writer: Writer { names: self.names },
            returned: &returned,
            text: String::new(),
        };
        printer.body(&statements);
        definition.push_str(&printer.text);
        definition.push_str("}\n");
        Ok(FunctionText {
            prototype,
            definition,
        })
    }

    /// An indirect call needs the object's own types.
    fn check_addresses(&self, statements: &[Statement]) -> anyhow::Result<()> {
        let is_exported = |part: &Expression| match part {
            Expression::Function(number) => self.names.prototype(*number).is_some(),
            _ => false,
        };
        let found = any(statements, &mut |statement| {
            let mut expressions = expressions(statement).into_iter();
            expressions.any(|it| it.any(&mut |part| is_exported(part)))
        });
        ensure!(!found, "the address of a function of the header");
        Ok(())
    }

    fn prototype(&self) -> anyhow::Result<String> {
        let mut text = String::new();
        if let Some(prototype) = self.names.prototype(self.number) {
            prototype.check(&self.function.signature)?;
            let result = &prototype.result_text;
            let space = if result.ends_with('*') { "" } else { " " };
            write!(text, "{result}{space}{}(", prototype.name)?;
            let parameters: Vec<_> = prototype
                .parameters
                .iter()
                .map(|parameter| parameter.text.as_str())
                .collect();
            text.push_str(&parameters.join(", "));
        } else {
            let result = self.function.signature.result.map_or("void", names::kind);
            write!(
                text,
                "static {result} {}(",
                self.names.function(self.number)
            )?;
            for (at, kind) in self.function.signature.parameters.iter().enumerate() {
                let comma = if at == 0 { "" } else { ", " };
                write!(text, "{comma}{} v{at}", names::kind(*kind))?;
            }
        }
        if self.function.signature.parameters.is_empty() {
            text.push_str("void");
        }
        text.push(')');
        Ok(text)
    }

    /// Variables, and unused parameters.
    fn declare(
        &self,
        text: &mut String,
        statements: &[Statement],
        temporaries: &[Kind],
    ) -> anyhow::Result<()> {
        let mut mentioned: BTreeSet<_> = tidy::reads(statements).into_keys().collect();
        any(statements, &mut |statement| {
            if let Statement::Set(variable, _) = statement {
                mentioned.insert(*variable);
            }
            false
        });
        let exported = self.names.prototype(self.number);
        let parameters = self.function.signature.parameters.len();
        let mut unread = Vec::new();
        for kind in [Kind::U32, Kind::U64, Kind::F32, Kind::F64] {
            let mut list = Vec::new();
            for (at, local) in self.function.locals.iter().enumerate() {
                let is_mentioned = mentioned.contains(&Variable::Local(at));
                let parameter = exported.and_then(|it| it.parameters.get(at));
                if let (false, true) = (is_mentioned, at < parameters && *local == kind) {
                    unread.push(parameter.map_or_else(|| format!("v{at}"), |it| it.name.clone()));
                }
                if *local != kind || !is_mentioned {
                    continue;
                }
                if let Some(parameter) = parameter {
                    let value = parameter.kind.value_of_object(&parameter.name).0;
                    list.push(format!("v{at} = {value}"));
                } else if at >= parameters {
                    list.push(format!("v{at} = 0"));
                }
            }
            for (at, temporary) in temporaries.iter().enumerate() {
                if *temporary == kind && mentioned.contains(&Variable::Temporary(at)) {
                    list.push(format!("t{at}"));
                }
            }
            for line in list.chunks(10) {
                writeln!(text, "    {} {};", names::kind(kind), line.join(", "))?;
            }
        }
        for name in unread {
            writeln!(text, "    (void)({name});")?;
        }
        Ok(())
    }
}
