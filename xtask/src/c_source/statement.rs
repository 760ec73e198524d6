// SPDX-License-Identifier: MIT OR Apache-2.0
//! C statements: how jumps to the ends of blocks are structured, and how statements are written.

use std::fmt::Write as _;

use super::{
    expression::{Access, Expression, Variable},
    object::Kind,
    write::Writer,
};

/// Where a jump goes: the number of a block or of a loop.
pub type Label = usize;

/// One statement.
#[derive(Clone, PartialEq, Debug)]
pub enum Statement {
    Set(Variable, Expression),
    Store(Access, Expression, Expression),
    /// A call whose result is not used.
    Evaluate(Expression),
    If(Expression, Vec<Self>, Vec<Self>),
    /// A jump to its label starts it again; reaching its end leaves it.
    Loop(Label, Vec<Self>),
    /// A jump to its label leaves it.
    Block(Label, Vec<Self>),
    /// Which values go where, and the default.
    Switch(Expression, Vec<(Vec<usize>, Vec<Self>)>, Vec<Self>),
    Jump(Label),
    Return(Option<Expression>),
    Unreachable,
}

use Statement as S;

/// Beyond this depth a jump is easier to read.
const DEEPEST: usize = 5;

/// All statements inside of statements.
pub fn any(statements: &[S], test: &mut dyn FnMut(&S) -> bool) -> bool {
    statements.iter().any(|statement| {
        test(statement)
            || match statement {
                S::If(_, yes, no) => any(yes, test) || any(no, test),
                S::Loop(_, body) | S::Block(_, body) => any(body, test),
                S::Switch(_, cases, rest) => {
                    cases.iter().any(|(_, case)| any(case, test)) || any(rest, test)
                }
                _ => false,
            }
    })
}

/// The expressions of one statement, without those of statements inside of it.
pub fn expressions(statement: &S) -> Vec<&Expression> {
    match statement {
        S::Set(_, value) | S::Evaluate(value) | S::If(value, ..) | S::Switch(value, ..) => {
            vec![value]
        }
        S::Store(_, address, value) => vec![address, value],
        S::Return(value) => value.iter().collect(),
        _ => Vec::new(),
    }
}

/// The same, mutable.
pub fn expressions_mut(statement: &mut S) -> Vec<&mut Expression> {
    match statement {
        S::Set(_, value) | S::Evaluate(value) | S::If(value, ..) | S::Switch(value, ..) => {
            vec![value]
        }
        S::Store(_, address, value) => vec![address, value],
        S::Return(value) => value.iter_mut().collect(),
        _ => Vec::new(),
    }
}

/// The lists of statements inside of a statement.
pub fn parts_mut(statement: &mut S) -> Vec<&mut Vec<S>> {
    match statement {
        S::If(_, yes, no) => vec![yes, no],
        S::Loop(_, body) | S::Block(_, body) => vec![body],
        S::Switch(_, cases, rest) => {
            let cases = cases.iter_mut().map(|(_, case)| case);
            cases.chain([rest]).collect()
        }
        _ => Vec::new(),
    }
}

fn jumps_to(statements: &[S], label: Label) -> bool {
    any(statements, &mut |it| *it == S::Jump(label))
}

/// Whether the code after it is unreachable.
fn ends(statements: &[S]) -> bool {
    match statements.last() {
        Some(S::Jump(_) | S::Return(_) | S::Unreachable) => true,
        Some(S::If(_, yes, no)) => ends(yes) && ends(no),
        _ => false,
    }
}

fn depth(statements: &[S]) -> usize {
    let deepest = statements.iter().map(|statement| match statement {
        S::If(_, yes, no) => 1 + depth(yes).max(depth(no)),
        S::Loop(_, body) => 1 + depth(body),
        S::Block(_, body) => depth(body),
        S::Switch(_, cases, rest) => {
            let cases = cases.iter().map(|(_, case)| depth(case)).max();
            1 + cases.unwrap_or_default().max(depth(rest))
        }
        _ => 0,
    });
    deepest.max().unwrap_or_default()
}

/// Turns jumps to the end of a block into branches where that is easier to read, and removes blocks that no jump
/// leaves.
pub fn structured(statements: Vec<S>) -> Vec<S> {
    let mut out = Vec::new();
    for mut statement in statements {
        for part in parts_mut(&mut statement) {
            *part = structured(std::mem::take(part));
        }
        match statement {
            S::Block(label, body) => {
                let mut body = around_jumps(body, label);
                drop_jump_at_end(&mut body, label);
                if jumps_to(&body, label) {
                    out.push(S::Block(label, body));
                } else {
                    out.extend(body);
                }
            }
            S::If(condition, yes, no) if yes.is_empty() && !no.is_empty() => {
                out.push(S::If(condition.negated(), no, yes));
            }
            // Code after a branch that does not fall through needs no `else`.
            S::If(condition, yes, no) if ends(&yes) && !no.is_empty() => {
                out.push(S::If(condition, yes, Vec::new()));
                out.extend(no);
            }
            other => out.push(other),
        }
    }
    out
}

/// `if (c) { a; jump } b` becomes `if (c) { a } else { b }`, where the jump goes to the end of this list.
fn around_jumps(mut body: Vec<S>, label: Label) -> Vec<S> {
    let here = |statement: &S| match statement {
        S::If(_, yes, no) => no.is_empty() && yes.last() == Some(&S::Jump(label)),
        _ => false,
    };
    let Some(at) = body.iter().rposition(here) else {
        return body;
    };
    let rest = body.split_off(at + 1);
    if depth(&rest) >= DEEPEST {
        body.extend(rest);
        return body;
    }
    let Some(S::If(condition, mut yes, _)) = body.pop() else {
        return body;
    };
    yes.pop();
    if rest.is_empty() && yes.is_empty() {
        // The condition only reads.
        return around_jumps(body, label);
    }
    body.push(if yes.is_empty() {
        S::If(condition.negated(), rest, Vec::new())
    } else {
        S::If(condition, yes, rest)
    });
    around_jumps(body, label)
}

/// The jump goes to the end of the list anyway.
fn drop_jump_at_end(body: &mut Vec<S>, label: Label) {
    match body.last_mut() {
        Some(S::Jump(to)) if *to == label => {
            body.pop();
        }
        Some(S::If(condition, yes, no)) => {
            drop_jump_at_end(yes, label);
            drop_jump_at_end(no, label);
            if yes.is_empty() && !no.is_empty() {
                *yes = std::mem::take(no);
                *condition = condition.clone().negated();
            }
        }
        Some(S::Block(_, inner)) => drop_jump_at_end(inner, label),
        _ => {}
    }
}

/// What `break` and `continue` mean, from the outside in.
#[derive(Clone, Copy)]
struct Around {
    /// Label of the innermost loop, for `continue`; `None` if `continue` would go to a condition.
    again: Option<Label>,
    /// Label of the block at whose end `break` arrives.
    leave: Option<Label>,
}

/// Writes statements, one per line.
pub struct Printer<'a> {
    pub writer: Writer<'a>,
    /// How the value of the function is returned.
    pub returned: &'a dyn Fn(&Expression, &str) -> String,
    pub text: String,
}

impl Printer<'_> {
    /// A function's statements.
    pub fn body(&mut self, statements: &[S]) {
        let nothing = Around {
            again: None,
            leave: None,
        };
        let (last, before) = match statements.split_last() {
            // The end of a function returns anyway.
            Some((S::Return(None), before)) => (None, before),
            _ => (None::<&S>, statements),
        };
        self.list(before, 1, nothing, None);
        debug_assert!(last.is_none());
    }

    fn line(&mut self, indent: usize, text: &str) {
        let _ = writeln!(self.text, "{}{text}", "    ".repeat(indent));
    }

    /// `ends_at` is the label of a block that ends where this list ends.
    fn list(&mut self, statements: &[S], indent: usize, around: Around, ends_at: Option<Label>) {
        for (at, statement) in statements.iter().enumerate() {
            let is_last = at + 1 == statements.len();
            self.statement(statement, indent, around, ends_at.filter(|_| is_last));
        }
    }

    fn statement(&mut self, statement: &S, indent: usize, around: Around, ends_at: Option<Label>) {
        let writer = self.writer;
        match statement {
            S::Set(variable, value) => {
                let variable = writer.whole(&Expression::Variable(*variable));
                self.line(indent, &format!("{variable} = {};", writer.whole(value)));
            }
            S::Store(access, address, value) => {
                let value = match access.kind {
                    Kind::F32 => format!("bits_of_float({})", writer.whole(value)),
                    Kind::F64 => format!("bits_of_double({})", writer.whole(value)),
                    _ => writer.whole(value),
                };
                let text = format!(
                    "STORE{}({}, {value});",
                    access.suffix(),
                    writer.whole(address)
                );
                self.line(indent, &text);
            }
            S::Evaluate(call) => self.line(indent, &format!("{};", writer.statement(call))),
            S::If(condition, yes, no) => self.branch(condition, yes, no, indent, around, ends_at),
            S::Loop(label, body) => self.repetition(*label, body, indent, ends_at),
            S::Block(label, body) => {
                self.list(body, indent, around, Some(*label));
                if self.text.contains(&format!("goto L{label};")) {
                    self.line(indent - 1, &format!("L{label}:;"));
                }
            }
            S::Switch(value, cases, rest) => self.switch(value, cases, rest, indent, around),
            S::Jump(label) => {
                let text = if around.again == Some(*label) {
                    "continue;".to_owned()
                } else if around.leave == Some(*label) {
                    "break;".to_owned()
                } else {
                    format!("goto L{label};")
                };
                self.line(indent, &text);
            }
            S::Return(None) => self.line(indent, "return;"),
            S::Return(Some(value)) => {
                let text = (self.returned)(value, &writer.whole(value));
                self.line(indent, &format!("return {text};"));
            }
            S::Unreachable => self.line(indent, "UNREACHABLE();"),
        }
    }

    fn branch(
        &mut self,
        condition: &Expression,
        yes: &[S],
        no: &[S],
        indent: usize,
        around: Around,
        ends_at: Option<Label>,
    ) {
        let condition = self.writer.whole(condition);
        self.line(indent, &format!("if ({condition}) {{"));
        self.list(yes, indent + 1, around, ends_at);
        let mut no = no;
        // A chain of conditions stays at one indentation.
        while let [S::If(condition, yes, other)] = no {
            let condition = self.writer.whole(condition);
            self.line(indent, &format!("}} else if ({condition}) {{"));
            self.list(yes, indent + 1, around, ends_at);
            no = other;
        }
        if !no.is_empty() {
            self.line(indent, "} else {");
            self.list(no, indent + 1, around, ends_at);
        }
        self.line(indent, "}");
    }

    fn repetition(&mut self, label: Label, body: &[S], indent: usize, ends_at: Option<Label>) {
        let again = S::Jump(label);
        if let Some((S::If(condition, yes, no), before)) = body.split_last()
            && no.is_empty()
            && *yes == [again.clone()]
            && !jumps_to(before, label)
        {
            let around = Around {
                again: None,
                leave: ends_at,
            };
            self.line(indent, "do {");
            self.list(before, indent + 1, around, None);
            let condition = self.writer.whole(condition);
            self.line(indent, &format!("}} while ({condition});"));
            return;
        }
        let around = Around {
            again: Some(label),
            leave: ends_at,
        };
        let start = self.text.len();
        self.line(indent, "for (;;) {");
        match body.split_last() {
            Some((last, before)) if *last == again => self.list(before, indent + 1, around, None),
            _ => {
                self.list(body, indent + 1, around, None);
                if !ends(body) {
                    self.line(indent + 1, "break;");
                }
            }
        }
        self.line(indent, "}");
        // From inside another loop or a switch.
        if self.text[start..].contains(&format!("goto L{label};")) {
            let text = format!("{}L{label}:;\n", "    ".repeat(indent - 1));
            self.text.insert_str(start, &text);
        }
    }

    fn switch(
        &mut self,
        value: &Expression,
        cases: &[(Vec<usize>, Vec<S>)],
        rest: &[S],
        indent: usize,
        around: Around,
    ) {
        let around = Around {
            leave: None,
            ..around
        };
        let value = self.writer.whole(value);
        self.line(indent, &format!("switch ({value}) {{"));
        for (values, case) in cases {
            let values: Vec<_> = values.iter().map(|it| format!("case {it}:")).collect();
            self.line(indent, &values.join(" "));
            self.list(case, indent + 1, around, None);
        }
        self.line(indent, "default:");
        self.list(rest, indent + 1, around, None);
        self.line(indent, "}");
    }
}
