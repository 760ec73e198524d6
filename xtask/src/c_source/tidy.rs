// SPDX-License-Identifier: MIT OR Apache-2.0
//! Removes what only makes the code harder to read: unused values, and a temporary between a call and its only use.

use std::collections::BTreeMap;

use super::{
    expression::{Expression, Variable},
    statement::{Statement, any, expressions, expressions_mut, parts_mut},
};

/// Tidies a function's statements.
pub fn tidied(mut statements: Vec<Statement>) -> Vec<Statement> {
    loop {
        let reads = reads(&statements);
        let mut changed = false;
        statements = join(statements, &reads, &mut changed);
        let reads = self::reads(&statements);
        statements = without_unread(statements, &reads, &mut changed);
        if !changed {
            return statements;
        }
    }
}

/// How often each variable is read.
pub fn reads(statements: &[Statement]) -> BTreeMap<Variable, usize> {
    let mut reads = BTreeMap::new();
    any(statements, &mut |statement| {
        for expression in expressions(statement) {
            expression.any(&mut |part| {
                if let Expression::Variable(variable) = part {
                    *reads.entry(*variable).or_default() += 1;
                }
                false
            });
        }
        false
    });
    reads
}

fn in_parts(
    mut statement: Statement,
    change: &mut dyn FnMut(Vec<Statement>) -> Vec<Statement>,
) -> Statement {
    for part in parts_mut(&mut statement) {
        *part = change(std::mem::take(part));
    }
    statement
}

fn without_unread(
    statements: Vec<Statement>,
    reads: &BTreeMap<Variable, usize>,
    changed: &mut bool,
) -> Vec<Statement> {
    let mut out = Vec::new();
    for statement in statements {
        match statement {
            Statement::Set(variable, value)
                if matches!(variable, Variable::Temporary(_)) && !reads.contains_key(&variable) =>
            {
                *changed = true;
                if let Expression::Call(..) = value {
                    out.push(Statement::Evaluate(value));
                }
            }
            other => out.push(in_parts(other, &mut |part| {
                without_unread(part, reads, changed)
            })),
        }
    }
    out
}

/// `t = f(x); v = t;` becomes `v = f(x);` if nothing is read in between.
fn join(
    statements: Vec<Statement>,
    reads: &BTreeMap<Variable, usize>,
    changed: &mut bool,
) -> Vec<Statement> {
    let mut out: Vec<Statement> = Vec::new();
    for statement in statements {
        let mut statement = in_parts(statement, &mut |part| join(part, reads, changed));
        if let Some(Statement::Set(variable @ Variable::Temporary(_), value)) = out.last()
            && reads.get(variable) == Some(&1)
            && !matches!(
                statement,
                Statement::Block(..) | Statement::Loop(..) | Statement::Store(..)
            )
            && let [expression] = expressions(&statement)[..]
            && expression.reads(*variable)
            && (!value.depends_on_memory() || !expression.depends_on_memory())
        {
            let (variable, value) = (*variable, value.clone());
            out.pop();
            for expression in expressions_mut(&mut statement) {
                expression.visit(&mut |part| {
                    if *part == Expression::Variable(variable) {
                        *part = value.clone();
                    }
                });
            }
            *changed = true;
        }
        out.push(statement);
    }
    out
}
