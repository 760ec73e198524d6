// SPDX-License-Identifier: MIT OR Apache-2.0
//! Blocks, loops, branches and jumps.

use anyhow::{Context as _, bail, ensure};
use wasmparser::BlockType;

use super::{
    expression::Expression,
    object::{Kind, kind_of},
    statement::{Label, Statement},
    translate::{Ending, Place, Translator},
};

impl Translator<'_> {
    fn result_of(&self, kind: BlockType) -> anyhow::Result<Option<Kind>> {
        match kind {
            BlockType::Empty => Ok(None),
            BlockType::Type(kind) => Ok(Some(kind_of(kind)?)),
            BlockType::FuncType(_) => bail!("a block that takes values"),
        }
    }

    fn enter(&mut self, kind: BlockType, is_loop: bool) -> anyhow::Result<Label> {
        let result = self.result_of(kind)?;
        self.settle(|_| true);
        let result = result.map(|kind| self.temporary(kind));
        self.labels += 1;
        self.places.push(Place {
            label: self.labels,
            is_loop,
            is_function: false,
            result,
            height: self.stack.len(),
            used: false,
        });
        Ok(self.labels)
    }

    /// Keeps the value of a block that ends here, and drops the other values.
    fn end_of_branch(&mut self) -> anyhow::Result<()> {
        let place = self.places.last().context("a block")?;
        let (result, height) = (place.result, place.height);
        if let (Some(variable), false) = (result, self.dead) {
            let value = self.pop()?;
            self.out.push(Statement::Set(variable, value));
        }
        self.stack.truncate(height);
        Ok(())
    }

    fn leave(&mut self) -> anyhow::Result<Place> {
        let place = self.places.pop().context("a block")?;
        if let Some(variable) = place.result {
            self.stack.push(Expression::Variable(variable));
        }
        Ok(place)
    }

    pub fn block(&mut self, kind: BlockType, is_loop: bool) -> anyhow::Result<()> {
        let label = self.enter(kind, is_loop)?;
        let outside = std::mem::take(&mut self.out);
        ensure!(self.list()? == Ending::End, "an else without a condition");
        self.end_of_branch()?;
        let body = std::mem::replace(&mut self.out, outside);
        let place = self.leave()?;
        // The end of a block may be the target of a jump; a loop can only be left at its end.
        self.dead &= is_loop || !place.used;
        self.out.push(if is_loop {
            Statement::Loop(label, body)
        } else {
            Statement::Block(label, body)
        });
        Ok(())
    }

    pub fn branch(&mut self, kind: BlockType) -> anyhow::Result<()> {
        let condition = self.pop()?;
        let label = self.enter(kind, false)?;
        let outside = std::mem::take(&mut self.out);
        let ending = self.list()?;
        self.end_of_branch()?;
        let yes = std::mem::take(&mut self.out);
        let mut goes_on = !self.dead;
        self.dead = false;
        if ending == Ending::Else {
            ensure!(self.list()? == Ending::End, "a second else");
            self.end_of_branch()?;
            goes_on |= !self.dead;
        } else {
            goes_on = true;
        }
        let no = std::mem::replace(&mut self.out, outside);
        let place = self.leave()?;
        self.dead = !goes_on && !place.used;
        let branch = Statement::If(condition, yes, no);
        self.out.push(Statement::Block(label, vec![branch]));
        Ok(())
    }

    fn place(&mut self, depth: u32) -> anyhow::Result<&mut Place> {
        let at = self.places.len().checked_sub(1 + depth as usize);
        let at = at.context("a jump out of the function")?;
        self.places.get_mut(at).context("a block")
    }

    pub fn has_value(&mut self, depth: u32) -> anyhow::Result<bool> {
        let function = self.function.signature.result.is_some();
        let place = self.place(depth)?;
        Ok(if place.is_function {
            function
        } else {
            place.result.is_some() && !place.is_loop
        })
    }

    /// A jump with the value that it carries; the value also stays on the stack.
    pub fn jump(&mut self, depth: u32) -> anyhow::Result<Vec<Statement>> {
        let value = match self.has_value(depth)? {
            true => Some(self.stack.last().context("a value")?.clone()),
            false => None,
        };
        let place = self.place(depth)?;
        if place.is_function {
            return Ok(vec![Statement::Return(value)]);
        }
        place.used = true;
        let label = place.label;
        let mut statements = Vec::new();
        if let (Some(variable), Some(value)) = (place.result, value) {
            statements.push(Statement::Set(variable, value));
        }
        statements.push(Statement::Jump(label));
        Ok(statements)
    }

    pub fn table(&mut self, targets: &wasmparser::BrTable<'_>) -> anyhow::Result<()> {
        let value = self.pop()?;
        let otherwise = targets.default();
        let mut cases: Vec<(u32, Vec<usize>)> = Vec::new();
        for (number, depth) in targets.targets().enumerate() {
            let depth = depth?;
            if depth == otherwise {
                continue;
            }
            match cases.iter_mut().find(|(other, _)| *other == depth) {
                Some((_, numbers)) => numbers.push(number),
                None => cases.push((depth, vec![number])),
            }
        }
        let mut written = Vec::new();
        for (depth, numbers) in cases {
            written.push((numbers, self.jump(depth)?));
        }
        let otherwise = self.jump(otherwise)?;
        self.out.push(Statement::Switch(value, written, otherwise));
        self.dead = true;
        Ok(())
    }
}
