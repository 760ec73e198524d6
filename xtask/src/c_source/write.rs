// SPDX-License-Identifier: MIT OR Apache-2.0
//! How expressions are written, with the parentheses that compilers want.

use std::fmt::Write as _;

use super::{
    expression::{Access, Binary, Callee, Expression as E, Variable},
    names::Names,
    object::Kind,
};

/// Writes expressions with the names of one object.
#[derive(Clone, Copy)]
pub struct Writer<'a> {
    pub names: &'a Names,
}

const PRIMARY: u8 = 15;
const PREFIX: u8 = 14;
const CHOICE: u8 = 3;

impl Writer<'_> {
    /// A whole expression, without parentheses around it.
    pub fn whole(self, expression: &E) -> String {
        self.written(expression).0
    }

    /// A call whose result is not used.
    pub fn statement(self, call: &E) -> String {
        match call {
            E::Call(Callee::Function(function), arguments) => {
                let arguments: Vec<_> = arguments.iter().map(|it| self.whole(it)).collect();
                self.names.statement(*function, &arguments)
            }
            other => self.whole(other),
        }
    }

    /// In parentheses if it binds less tightly than this.
    fn within(self, expression: &E, least: u8) -> String {
        let (text, precedence) = self.written(expression);
        if precedence < least {
            format!("({text})")
        } else {
            text
        }
    }

    /// The text, and the precedence of its outermost operator.
    fn written(self, expression: &E) -> (String, u8) {
        match expression {
            E::Variable(Variable::Local(at)) => (format!("v{at}"), PRIMARY),
            E::Variable(Variable::Temporary(at)) => (format!("t{at}"), PRIMARY),
            E::Integer(value, kind) => (integer(*value, *kind), PRIMARY),
            E::Float(bits, kind) => float(*bits, *kind),
            E::Frame => ("ADDRESS(frame)".to_owned(), PRIMARY),
            E::Data { segment, offset } => {
                let name = self.names.segment(*segment);
                match offset {
                    0 => (format!("ADDRESS_OF({name})"), PRIMARY),
                    1.. => (format!("ADDRESS_OF({name}) + {offset}u"), 12),
                    _ => (format!("ADDRESS_OF({name}) - {}u", -offset), 12),
                }
            }
            E::Function(function) => (
                format!("ADDRESS_OF({})", self.names.function(*function)),
                PRIMARY,
            ),
            E::Load(access, address) => self.load(*access, address),
            E::Named(name, operands) => {
                let operands: Vec<_> = operands.iter().map(|it| self.whole(it)).collect();
                (format!("{name}({})", operands.join(", ")), PRIMARY)
            }
            E::Cast(to, operand) => (format!("({to}){}", self.within(operand, PREFIX)), PREFIX),
            E::Binary {
                operator,
                kind,
                signed,
                left,
                right,
            } => self.binary(*operator, *kind, *signed, left, right),
            E::Not(operand) => (format!("!{}", self.within(operand, PREFIX)), PREFIX),
            E::Choice(condition, yes, no) => (
                format!(
                    "{} ? {} : {}",
                    self.within(condition, 4),
                    self.within(yes, 4),
                    self.within(no, 4)
                ),
                CHOICE,
            ),
            E::Call(callee, arguments) => self.call(callee, arguments),
        }
    }

    fn load(self, access: Access, address: &E) -> (String, u8) {
        let text = format!("LOAD{}({})", access.suffix(), self.whole(address));
        match (access.kind, access.width, access.signed) {
            (Kind::F32, ..) => (format!("float_of_bits({text})"), PRIMARY),
            (Kind::F64, ..) => (format!("double_of_bits({text})"), PRIMARY),
            (Kind::U32, 1 | 2, true) => (format!("(u32)(int{}_t){text}", access.width * 8), PREFIX),
            (Kind::U64, 1 | 2 | 4, true) => {
                (format!("(u64)(int{}_t){text}", access.width * 8), PREFIX)
            }
            (Kind::U64, 1 | 2 | 4, false) => (format!("(u64){text}"), PREFIX),
            _ => (text, PRIMARY),
        }
    }

    fn binary(
        self,
        operator: Binary,
        kind: Kind,
        signed: bool,
        left: &E,
        right: &E,
    ) -> (String, u8) {
        let precedence = operator.precedence();
        let bits = bits(kind);
        let is_integer = matches!(kind, Kind::U32 | Kind::U64);
        // A sum is easier to read with the sign of its constant.
        let negative = match right {
            E::Integer(value, Kind::U32) if *value > 0xFFFF_0000 => Some(0x1_0000_0000 - value),
            E::Integer(value, Kind::U64) if *value > 0xFFFF_FFFF_FFFF_0000 => {
                Some(value.wrapping_neg())
            }
            _ => None,
        };
        if let (Binary::Add, Some(value)) = (operator, negative) {
            let text = format!("{} - {}", self.within(left, 12), integer(value, kind));
            return (text, precedence);
        }
        if signed && operator.is_comparison() {
            let signed = |operand: &E| match operand {
                E::Integer(value, kind) => signed_integer(*value, *kind),
                _ => format!("(int{bits}_t){}", self.within(operand, PREFIX)),
            };
            let text = format!("{} {} {}", signed(left), operator.symbol(), signed(right));
            return (text, precedence);
        }
        if matches!(operator, Binary::Divide | Binary::Remainder) && signed {
            let operand = |operand: &E| format!("(int{bits}_t){}", self.within(operand, PREFIX));
            let text = format!(
                "(u{bits})({} {} {})",
                operand(left),
                operator.symbol(),
                operand(right)
            );
            return (text, PREFIX);
        }
        if matches!(
            operator,
            Binary::ShiftLeft | Binary::ShiftRight | Binary::ShiftRightSigned
        ) {
            let count = match right {
                E::Integer(value, _) => (value % bits).to_string(),
                _ => format!("({} & {}u)", self.within(right, PREFIX), bits - 1),
            };
            if operator == Binary::ShiftRightSigned {
                let left = self.within(left, PREFIX);
                return (format!("(u{bits})((int{bits}_t){left} >> {count})"), PREFIX);
            }
            let left = self.within(left, PREFIX);
            return (format!("{left} {} {count}", operator.symbol()), precedence);
        }
        let mixes_badly = matches!(operator, Binary::And | Binary::Or | Binary::Xor);
        let side = |operand: &E, is_left: bool| {
            if let E::Not(_) = operand {
                return format!("({})", self.whole(operand));
            }
            let same = matches!(operand, E::Binary { operator: inner, .. } if *inner == operator);
            // Compilers want parentheses around other operators here, and for floating-point numbers the order matters.
            let least = match (mixes_badly || operator.is_comparison(), same) {
                (true, true) if is_left && mixes_badly => precedence,
                (true, _) if mixes_badly => PREFIX,
                (true, _) => precedence.max(10) + 1,
                (false, true) if operator == Binary::Add && is_integer => precedence,
                (false, _) if is_left => precedence,
                (false, _) => precedence + 1,
            };
            self.within(operand, least)
        };
        let text = format!(
            "{} {} {}",
            side(left, true),
            operator.symbol(),
            side(right, false)
        );
        (text, precedence)
    }

    fn call(self, callee: &Callee, arguments: &[E]) -> (String, u8) {
        match callee {
            Callee::Function(function) => {
                let arguments: Vec<_> = arguments.iter().map(|it| self.whole(it)).collect();
                self.names.call(*function, &arguments)
            }
            Callee::Pointer(target, kind) => {
                let arguments: Vec<_> = arguments.iter().map(|it| self.whole(it)).collect();
                let mut text = String::new();
                let target = self.within(target, PREFIX);
                let _ = write!(
                    text,
                    "(({})(uintptr_t){target})({})",
                    self.names.pointer(*kind),
                    arguments.join(", ")
                );
                (text, PRIMARY)
            }
        }
    }
}

impl Access {
    /// The suffix of the macros that read and write: bits, and the alignment if it is smaller.
    pub fn suffix(self) -> String {
        let bits = self.width * 8;
        if self.align < self.width {
            format!("{bits}_ALIGN{}", self.align)
        } else {
            bits.to_string()
        }
    }
}

const fn bits(kind: Kind) -> u64 {
    match kind {
        Kind::U32 | Kind::F32 => 32,
        Kind::U64 | Kind::F64 => 64,
    }
}

/// Small numbers in decimal, the rest in hexadecimal.
pub fn integer(value: u64, kind: Kind) -> String {
    let suffix = if kind == Kind::U32 { "u" } else { "ull" };
    if value < 0x1_0000 {
        format!("{value}{suffix}")
    } else {
        format!("0x{value:X}{suffix}")
    }
}

fn signed_integer(value: u64, kind: Kind) -> String {
    match kind {
        Kind::U32 => match value as u32 as i32 {
            i32::MIN => "INT32_MIN".to_owned(),
            value => value.to_string(),
        },
        _ => match value.cast_signed() {
            i64::MIN => "INT64_MIN".to_owned(),
            value => format!("{value}ll"),
        },
    }
}

/// In decimal if that is exact and short, otherwise by its bits, since not every compiler rounds correctly.
fn float(bits: u64, kind: Kind) -> (String, u8) {
    let value = match kind {
        Kind::F32 => f64::from(f32::from_bits(bits as u32)),
        _ => f64::from_bits(bits),
    };
    let whole =
        value.fract() == 0.0 && value.abs() < 1e9 && value.to_bits() != (-0.0_f64).to_bits();
    match (whole, kind) {
        (true, Kind::F32) => (format!("{value:.1}f"), PREFIX),
        (true, _) => (format!("{value:.1}"), PREFIX),
        (false, Kind::F32) => (format!("float_of_bits(0x{bits:X}u)"), PRIMARY),
        (false, _) => (format!("double_of_bits(0x{bits:X}ull)"), PRIMARY),
    }
}
