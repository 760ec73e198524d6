// SPDX-License-Identifier: MIT OR Apache-2.0
//! C expressions.

use super::object::Kind;

/// A variable of a function.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Variable {
    /// A local of the object, parameters first.
    Local(usize),
    /// A temporary for a value that must be kept while others change.
    Temporary(usize),
}

/// How memory is read or written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Access {
    /// Bytes.
    pub width: u32,
    /// Alignment of the address, at most the width.
    pub align: u32,
    /// The type of the value.
    pub kind: Kind,
    /// Whether a narrow value is sign-extended.
    pub signed: bool,
}

/// The function that is called.
#[derive(Clone, PartialEq, Debug)]
pub enum Callee {
    Function(u32),
    /// An indirect call, with the number of the function's type.
    Pointer(Box<Expression>, u32),
}

/// A binary operator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
    ShiftRightSigned,
    Equal,
    NotEqual,
    Less,
    Greater,
    LessEqual,
    GreaterEqual,
}

/// A value without side effects, except for calls.
#[derive(Clone, PartialEq, Debug)]
pub enum Expression {
    Variable(Variable),
    /// The bits of an integer.
    Integer(u64, Kind),
    /// The bits of a floating-point number.
    Float(u64, Kind),
    /// The start of the function's own memory.
    Frame,
    Data {
        segment: u32,
        offset: i64,
    },
    Function(u32),
    Load(Access, Box<Self>),
    /// A function of the prelude, or a cast, written before its operand.
    Named(&'static str, Vec<Self>),
    Cast(&'static str, Box<Self>),
    /// The type is that of the operands; signed comparisons cast both.
    Binary {
        operator: Binary,
        kind: Kind,
        signed: bool,
        left: Box<Self>,
        right: Box<Self>,
    },
    /// True if the operand is zero.
    Not(Box<Self>),
    Choice(Box<Self>, Box<Self>, Box<Self>),
    Call(Callee, Vec<Self>),
}

impl Binary {
    pub const fn is_comparison(self) -> bool {
        matches!(
            self,
            Self::Equal
                | Self::NotEqual
                | Self::Less
                | Self::Greater
                | Self::LessEqual
                | Self::GreaterEqual
        )
    }

    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::And => "&",
            Self::Or => "|",
            Self::Xor => "^",
            Self::ShiftLeft => "<<",
            Self::ShiftRight | Self::ShiftRightSigned => ">>",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::Greater => ">",
            Self::LessEqual => "<=",
            Self::GreaterEqual => ">=",
        }
    }

    /// Precedence in C: a higher value binds more tightly.
    pub const fn precedence(self) -> u8 {
        match self {
            Self::Multiply | Self::Divide | Self::Remainder => 13,
            Self::Add | Self::Subtract => 12,
            Self::ShiftLeft | Self::ShiftRight | Self::ShiftRightSigned => 11,
            Self::Less | Self::Greater | Self::LessEqual | Self::GreaterEqual => 10,
            Self::Equal | Self::NotEqual => 9,
            Self::And => 8,
            Self::Xor => 7,
            Self::Or => 6,
        }
    }

    /// The opposite comparison. For floating-point numbers both may be false.
    const fn opposite(self) -> Option<Self> {
        Some(match self {
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
            Self::Less => Self::GreaterEqual,
            Self::Greater => Self::LessEqual,
            Self::LessEqual => Self::Greater,
            Self::GreaterEqual => Self::Less,
            _ => return None,
        })
    }
}

impl Expression {
    pub fn binary(operator: Binary, kind: Kind, left: Self, right: Self) -> Self {
        Self::Binary {
            operator,
            kind,
            signed: false,
            left: left.into(),
            right: right.into(),
        }
    }

    pub const fn u32(value: u32) -> Self {
        Self::Integer(value as u64, Kind::U32)
    }

    /// The operand plus a 32-bit constant.
    pub fn plus(self, offset: u64) -> Self {
        if offset == 0 {
            return self;
        }
        if let Self::Data {
            segment,
            offset: before,
        } = self
        {
            // Beyond 32 bits it wraps around, which an offset into a constant never does.
            return Self::Data {
                segment,
                offset: before + i64::from(offset as u32 as i32),
            };
        }
        Self::binary(
            Binary::Add,
            Kind::U32,
            self,
            Self::Integer(offset, Kind::U32),
        )
    }

    /// The opposite of a condition.
    pub fn negated(self) -> Self {
        match self {
            Self::Not(operand) => *operand,
            Self::Binary {
                operator,
                kind,
                signed,
                left,
                right,
            } if matches!(kind, Kind::U32 | Kind::U64) && operator.opposite().is_some() => {
                Self::Binary {
                    operator: operator.opposite().unwrap_or(operator),
                    kind,
                    signed,
                    left,
                    right,
                }
            }
            other => Self::Not(other.into()),
        }
    }

    /// Whether the value is the same wherever it is evaluated.
    pub const fn is_constant(&self) -> bool {
        matches!(
            self,
            Self::Integer(..)
                | Self::Float(..)
                | Self::Data { .. }
                | Self::Function(_)
                | Self::Frame
        )
    }

    /// Whether the predicate holds for this expression or a part of it.
    pub fn any(&self, test: &mut dyn FnMut(&Self) -> bool) -> bool {
        if test(self) {
            return true;
        }
        match self {
            Self::Load(_, operand) | Self::Cast(_, operand) | Self::Not(operand) => {
                operand.any(test)
            }
            Self::Named(_, operands) => operands.iter().any(|operand| operand.any(test)),
            Self::Binary { left, right, .. } => left.any(test) || right.any(test),
            Self::Choice(a, b, c) => a.any(test) || b.any(test) || c.any(test),
            Self::Call(callee, arguments) => {
                let through = match callee {
                    Callee::Pointer(target, _) => target.any(test),
                    Callee::Function(_) => false,
                };
                through || arguments.iter().any(|argument| argument.any(test))
            }
            _ => false,
        }
    }

    /// Every part, mutable.
    pub fn visit(&mut self, change: &mut dyn FnMut(&mut Self)) {
        match self {
            Self::Load(_, operand) | Self::Cast(_, operand) | Self::Not(operand) => {
                operand.visit(change);
            }
            Self::Named(_, operands) => operands.iter_mut().for_each(|it| it.visit(change)),
            Self::Binary { left, right, .. } => {
                left.visit(change);
                right.visit(change);
            }
            Self::Choice(a, b, c) => {
                a.visit(change);
                b.visit(change);
                c.visit(change);
            }
            Self::Call(callee, arguments) => {
                if let Callee::Pointer(target, _) = callee {
                    target.visit(change);
                }
                arguments.iter_mut().for_each(|it| it.visit(change));
            }
            _ => {}
        }
        change(self);
    }

    pub fn reads(&self, variable: Variable) -> bool {
        self.any(&mut |part| *part == Self::Variable(variable))
    }

    /// Whether a preceding store or call might change the value.
    pub fn depends_on_memory(&self) -> bool {
        self.any(&mut |part| matches!(part, Self::Load(..) | Self::Call(..)))
    }

    /// The number of its parts.
    pub fn size(&self) -> usize {
        let mut count = 0;
        self.any(&mut |_| {
            count += 1;
            false
        });
        count
    }
}
