// SPDX-License-Identifier: MIT OR Apache-2.0
//! Translates one function's code to statements: the values on the object's operand stack become expressions.

use anyhow::{Context as _, bail, ensure};
use wasmparser::Operator;

use super::{
    expression::{Access, Binary, Callee, Expression, Variable},
    object::{Address, Function, Kind, Object, Signature},
    statement::{Label, Statement},
};

/// A larger expression is split, so that lines stay readable.
const LARGEST: usize = 28;

/// A function as statements.
#[derive(Debug)]
pub struct Translated {
    pub statements: Vec<Statement>,
    /// Size of its own memory, if any.
    pub frame: Option<u32>,
    /// Types of the temporaries.
    pub temporaries: Vec<Kind>,
}

/// A block, a loop, a branch, or the whole function.
pub struct Place {
    pub label: Label,
    pub is_loop: bool,
    pub is_function: bool,
    /// Where its value is kept.
    pub result: Option<Variable>,
    /// How many values were on the stack before.
    pub height: usize,
    pub used: bool,
}

/// How a list of instructions ends.
#[derive(PartialEq, Eq)]
pub enum Ending {
    End,
    Else,
}

pub struct Translator<'a> {
    pub object: &'a Object<'a>,
    pub function: &'a Function<'a>,
    at: usize,
    pub stack: Vec<Expression>,
    pub out: Vec<Statement>,
    pub places: Vec<Place>,
    pub labels: Label,
    temporaries: Vec<Kind>,
    frame: Option<u32>,
    /// The code after it is unreachable.
    pub dead: bool,
}

/// Translates one function.
pub fn translate(object: &Object<'_>, function: &Function<'_>) -> anyhow::Result<Translated> {
    let mut translator = Translator {
        object,
        function,
        at: 0,
        stack: Vec::new(),
        out: Vec::new(),
        places: Vec::new(),
        labels: 0,
        temporaries: Vec::new(),
        frame: None,
        dead: false,
    };
    translator.whole()?;
    Ok(Translated {
        statements: translator.out,
        frame: translator.frame,
        temporaries: translator.temporaries,
    })
}

impl<'a> Translator<'a> {
    fn whole(&mut self) -> anyhow::Result<()> {
        self.places.push(Place {
            label: 0,
            is_loop: false,
            is_function: true,
            result: None,
            height: 0,
            used: false,
        });
        self.list()?;
        ensure!(self.at == self.function.code.len(), "code after its end");
        if !self.dead {
            let value = match self.function.signature.result {
                Some(_) => Some(self.pop()?),
                None => None,
            };
            self.out.push(Statement::Return(value));
        }
        Ok(())
    }

    /// The next instruction and its offset in the file.
    fn next(&mut self) -> anyhow::Result<(&'a Operator<'a>, usize)> {
        let (operator, at) = self
            .function
            .code
            .get(self.at)
            .context("code without an end")?;
        self.at += 1;
        Ok((operator, *at))
    }

    /// Instructions up to the end, or the `else`, of the innermost block.
    pub fn list(&mut self) -> anyhow::Result<Ending> {
        loop {
            if self.dead {
                self.skip()?;
            }
            let (operator, at) = self.next()?;
            match operator {
                Operator::End => return Ok(Ending::End),
                Operator::Else => return Ok(Ending::Else),
                _ => self
                    .instruction(operator, at)
                    .with_context(|| format!("{operator:?}"))?,
            }
        }
    }

    /// Goes to the end of the innermost block.
    fn skip(&mut self) -> anyhow::Result<()> {
        let mut depth = 0;
        loop {
            match self.next()?.0 {
                Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => depth += 1,
                Operator::End | Operator::Else if depth == 0 => {
                    self.at -= 1;
                    return Ok(());
                }
                Operator::End => depth -= 1,
                _ => {}
            }
        }
    }

    pub fn pop(&mut self) -> anyhow::Result<Expression> {
        let least = self.places.last().map_or(0, |place| place.height);
        ensure!(self.stack.len() > least, "a value that is not there");
        self.stack.pop().context("a value")
    }

    /// Pushes a value, through a variable if it is large.
    pub fn push(&mut self, value: Expression, kind: Kind) {
        if value.size() > LARGEST {
            self.settle(|_| true);
            let temporary = self.temporary(kind);
            self.out.push(Statement::Set(temporary, value));
            self.stack.push(Expression::Variable(temporary));
        } else {
            self.stack.push(value);
        }
    }

    pub fn temporary(&mut self, kind: Kind) -> Variable {
        self.temporaries.push(kind);
        Variable::Temporary(self.temporaries.len() - 1)
    }

    /// Moves values on the stack into variables before something they depend on changes.
    pub fn settle(&mut self, wanted: impl Fn(&Expression) -> bool) {
        for at in 0..self.stack.len() {
            let value = &self.stack[at];
            let is_kept = matches!(value, Expression::Variable(Variable::Temporary(_)));
            if value.is_constant() || is_kept || !wanted(value) {
                continue;
            }
            let temporary = self.temporary(self.kind(value));
            let value = std::mem::replace(&mut self.stack[at], Expression::Variable(temporary));
            self.out.push(Statement::Set(temporary, value));
        }
    }

    /// Type of an expression.
    fn kind(&self, value: &Expression) -> Kind {
        match value {
            Expression::Variable(Variable::Local(at)) => self.function.locals[*at],
            Expression::Variable(Variable::Temporary(at)) => self.temporaries[*at],
            Expression::Integer(_, kind) | Expression::Float(_, kind) => *kind,
            Expression::Load(access, _) => access.kind,
            Expression::Cast(to, _) => super::operators::cast_kind(to),
            Expression::Named(name, _) => super::operators::named_kind(name),
            Expression::Binary { operator, kind, .. } => match operator {
                Binary::Equal
                | Binary::NotEqual
                | Binary::Less
                | Binary::Greater
                | Binary::LessEqual
                | Binary::GreaterEqual => Kind::U32,
                _ => *kind,
            },
            Expression::Choice(_, yes, _) => self.kind(yes),
            _ => Kind::U32,
        }
    }

    fn instruction(&mut self, operator: &'a Operator<'a>, at: usize) -> anyhow::Result<()> {
        match operator {
            Operator::Nop => {}
            Operator::Unreachable => {
                self.out.push(Statement::Unreachable);
                self.dead = true;
            }
            Operator::Block { blockty } => self.block(*blockty, false)?,
            Operator::Loop { blockty } => self.block(*blockty, true)?,
            Operator::If { blockty } => self.branch(*blockty)?,
            Operator::Br { relative_depth } => {
                let mut jump = self.jump(*relative_depth)?;
                self.out.append(&mut jump);
                self.dead = true;
            }
            Operator::BrIf { relative_depth } => {
                let condition = self.pop()?;
                if self.has_value(*relative_depth)? {
                    self.settle(Expression::depends_on_memory);
                }
                let jump = self.jump(*relative_depth)?;
                self.out.push(Statement::If(condition, jump, Vec::new()));
            }
            Operator::BrTable { targets } => self.table(targets)?,
            Operator::Return => {
                let depth = u32::try_from(self.places.len() - 1)?;
                let mut jump = self.jump(depth)?;
                self.out.append(&mut jump);
                self.dead = true;
            }
            Operator::Call { function_index } => {
                let function = match self.address(at)? {
                    Some(Address::Function(function)) => function,
                    Some(Address::Data { .. }) => bail!("a call of a constant"),
                    // Only in an object without relocations.
                    None => *function_index,
                };
                let signature = self.object.signature(function)?.clone();
                self.call(Callee::Function(function), &signature)?;
            }
            Operator::CallIndirect { type_index, .. } => {
                let signature = self.object.types.get(*type_index as usize);
                let signature = signature.context("a type")?.clone();
                let target = self.pop()?;
                self.call(Callee::Pointer(target.into(), *type_index), &signature)?;
            }
            Operator::Drop => {
                let value = self.pop()?;
                ensure!(
                    !value.any(&mut |it| matches!(it, Expression::Call(..))),
                    "a call whose result is dropped late"
                );
            }
            Operator::Select => {
                let (condition, no, yes) = (self.pop()?, self.pop()?, self.pop()?);
                let kind = self.kind(&yes);
                let choice = Expression::Choice(condition.into(), yes.into(), no.into());
                self.push(choice, kind);
            }
            Operator::LocalGet { local_index } => {
                let variable = Variable::Local(*local_index as usize);
                self.stack.push(Expression::Variable(variable));
            }
            Operator::LocalSet { local_index } => self.set(*local_index)?,
            Operator::LocalTee { local_index } => {
                self.set(*local_index)?;
                let variable = Variable::Local(*local_index as usize);
                self.stack.push(Expression::Variable(variable));
            }
            Operator::GlobalGet { .. } => self.frame()?,
            // The memory is on the machine's own stack: it comes and goes with the function.
            Operator::GlobalSet { .. } => {
                self.pop()?;
            }
            Operator::I32Const { value } => {
                let value = match self.address(at)? {
                    Some(Address::Data { segment, offset }) => Expression::Data { segment, offset },
                    Some(Address::Function(function)) => Expression::Function(function),
                    None => Expression::u32(value.cast_unsigned()),
                };
                self.stack.push(value);
            }
            other => super::operators::translate(self, other, at)?,
        }
        Ok(())
    }

    /// What a relocation puts into an instruction, whose operand follows the first byte.
    fn address(&self, at: usize) -> anyhow::Result<Option<Address>> {
        Ok(self.object.addresses.get(&(at + 1)).copied())
    }

    fn set(&mut self, local: u32) -> anyhow::Result<()> {
        let variable = Variable::Local(local as usize);
        let value = self.pop()?;
        self.settle(|entry| entry.reads(variable));
        if value != Expression::Variable(variable) {
            self.out.push(Statement::Set(variable, value));
        }
        Ok(())
    }

    /// The stack pointer moves by a constant at the beginning of a function, and is only restored after that.
    fn frame(&mut self) -> anyhow::Result<()> {
        let (Operator::I32Const { value }, _) = self.next()? else {
            bail!("a frame whose size is not constant");
        };
        let (Operator::I32Sub, _) = self.next()? else {
            bail!("a frame that does not grow downwards");
        };
        ensure!(self.frame.is_none(), "a second frame");
        self.frame = Some(u32::try_from(*value)?);
        self.stack.push(Expression::Frame);
        Ok(())
    }

    fn call(&mut self, callee: Callee, signature: &Signature) -> anyhow::Result<()> {
        let mut arguments = Vec::new();
        for _ in &signature.parameters {
            arguments.push(self.pop()?);
        }
        arguments.reverse();
        self.settle(Expression::depends_on_memory);
        let call = Expression::Call(callee, arguments);
        match signature.result {
            None => self.out.push(Statement::Evaluate(call)),
            Some(kind) => {
                let temporary = self.temporary(kind);
                self.out.push(Statement::Set(temporary, call));
                self.stack.push(Expression::Variable(temporary));
            }
        }
        Ok(())
    }

    /// An address plus the offset of a load or store, whose second operand a relocation may change.
    fn place_in_memory(
        &mut self,
        memory: &wasmparser::MemArg,
        at: usize,
    ) -> anyhow::Result<Expression> {
        let base = self.pop()?;
        // The alignment takes one byte.
        match self.object.addresses.get(&(at + 2)) {
            None => Ok(base.plus(memory.offset)),
            Some(Address::Data { segment, offset }) => {
                let data = Expression::Data {
                    segment: *segment,
                    offset: *offset,
                };
                Ok(match base {
                    Expression::Integer(0, _) => data,
                    base => Expression::binary(Binary::Add, Kind::U32, base, data),
                })
            }
            Some(Address::Function(_)) => bail!("memory at a function"),
        }
    }

    pub fn load(
        &mut self,
        memory: &wasmparser::MemArg,
        at: usize,
        width: u32,
        kind: Kind,
        signed: bool,
    ) -> anyhow::Result<()> {
        let address = self.place_in_memory(memory, at)?;
        let access = access(memory, width, kind, signed);
        self.push(Expression::Load(access, address.into()), kind);
        Ok(())
    }

    pub fn store(
        &mut self,
        memory: &wasmparser::MemArg,
        at: usize,
        width: u32,
        kind: Kind,
    ) -> anyhow::Result<()> {
        let value = self.pop()?;
        let address = self.place_in_memory(memory, at)?;
        self.settle(Expression::depends_on_memory);
        let access = access(memory, width, kind, false);
        self.out.push(Statement::Store(access, address, value));
        Ok(())
    }
}

fn access(memory: &wasmparser::MemArg, width: u32, kind: Kind, signed: bool) -> Access {
    Access {
        width,
        align: (1 << memory.align).min(width),
        kind,
        signed,
    }
}
