// SPDX-License-Identifier: MIT OR Apache-2.0
//! Instructions for arithmetic, loads and stores.

use anyhow::bail;
use wasmparser::Operator as O;

use super::{
    expression::{Binary, Expression},
    object::Kind::{self, F32, F64, U32, U64},
    translate::Translator,
};

/// The result type of a function of the prelude.
pub fn named_kind(name: &str) -> Kind {
    match name {
        "bits_of_double" | "rotate_left64" | "rotate_right64" | "u64_of_double"
        | "i64_of_double" | "u64_of_float" | "i64_of_float" => U64,
        "float_of_bits" | "absolute_float" | "negative_float" => F32,
        "double_of_bits" | "absolute_double" | "negative_double" => F64,
        _ => U32,
    }
}

/// The result type of a cast.
pub fn cast_kind(to: &str) -> Kind {
    match to {
        "float" => F32,
        "double" => F64,
        "u64" => U64,
        _ => U32,
    }
}

/// Translates one instruction, or refuses it.
pub fn translate(it: &mut Translator<'_>, operator: &O<'_>, at: usize) -> anyhow::Result<()> {
    if memory(it, operator, at)? || arithmetic(it, operator)? || comparison(it, operator)? {
        return Ok(());
    }
    match operator {
        O::I64Const { value } => constant(it, value.cast_unsigned(), U64),
        O::F32Const { value } => it.stack.push(Expression::Float(value.bits().into(), F32)),
        O::F64Const { value } => it.stack.push(Expression::Float(value.bits(), F64)),
        O::I32Eqz | O::I64Eqz => {
            let operand = it.pop()?;
            it.push(operand.negated(), U32);
        }
        O::I32Clz => named(it, "leading_zeros32", 1, U32)?,
        O::I32Ctz => named(it, "trailing_zeros32", 1, U32)?,
        O::I32Popcnt => named(it, "ones32", 1, U32)?,
        O::I64Clz => wide(it, "leading_zeros64")?,
        O::I64Ctz => wide(it, "trailing_zeros64")?,
        O::I64Popcnt => wide(it, "ones64")?,
        O::I32Rotl => named(it, "rotate_left32", 2, U32)?,
        O::I32Rotr => named(it, "rotate_right32", 2, U32)?,
        O::I64Rotl => named(it, "rotate_left64", 2, U64)?,
        O::I64Rotr => named(it, "rotate_right64", 2, U64)?,
        O::I32WrapI64 => cast(it, &["u32"], U32)?,
        O::I64ExtendI32U => cast(it, &["u64"], U64)?,
        O::I64ExtendI32S | O::I64Extend32S => cast(it, &["u64", "int32_t"], U64)?,
        O::I32Extend8S => cast(it, &["u32", "int8_t"], U32)?,
        O::I32Extend16S => cast(it, &["u32", "int16_t"], U32)?,
        O::I64Extend8S => cast(it, &["u64", "int8_t"], U64)?,
        O::I64Extend16S => cast(it, &["u64", "int16_t"], U64)?,
        O::F32ConvertI32S => cast(it, &["float", "int32_t"], F32)?,
        O::F32ConvertI32U | O::F32ConvertI64U | O::F32DemoteF64 => cast(it, &["float"], F32)?,
        O::F32ConvertI64S => cast(it, &["float", "int64_t"], F32)?,
        O::F64ConvertI32S => cast(it, &["double", "int32_t"], F64)?,
        O::F64ConvertI32U | O::F64ConvertI64U | O::F64PromoteF32 => cast(it, &["double"], F64)?,
        O::F64ConvertI64S => cast(it, &["double", "int64_t"], F64)?,
        O::I32ReinterpretF32 => named(it, "bits_of_float", 1, U32)?,
        O::I64ReinterpretF64 => named(it, "bits_of_double", 1, U64)?,
        O::F32ReinterpretI32 => named(it, "float_of_bits", 1, F32)?,
        O::F64ReinterpretI64 => named(it, "double_of_bits", 1, F64)?,
        O::F32Abs => named(it, "absolute_float", 1, F32)?,
        O::F64Abs => named(it, "absolute_double", 1, F64)?,
        O::F32Neg => named(it, "negative_float", 1, F32)?,
        O::F64Neg => named(it, "negative_double", 1, F64)?,
        O::I32TruncSatF32S => named(it, "i32_of_float", 1, U32)?,
        O::I32TruncSatF32U => named(it, "u32_of_float", 1, U32)?,
        O::I32TruncSatF64S => named(it, "i32_of_double", 1, U32)?,
        O::I32TruncSatF64U => named(it, "u32_of_double", 1, U32)?,
        O::I64TruncSatF32S => named(it, "i64_of_float", 1, U64)?,
        O::I64TruncSatF32U => named(it, "u64_of_float", 1, U64)?,
        O::I64TruncSatF64S => named(it, "i64_of_double", 1, U64)?,
        O::I64TruncSatF64U => named(it, "u64_of_double", 1, U64)?,
        _ => bail!("an instruction that is not translated"),
    }
    Ok(())
}

fn memory(it: &mut Translator<'_>, operator: &O<'_>, at: usize) -> anyhow::Result<bool> {
    match operator {
        O::I32Load { memarg } => it.load(memarg, at, 4, U32, false)?,
        O::I64Load { memarg } => it.load(memarg, at, 8, U64, false)?,
        O::F32Load { memarg } => it.load(memarg, at, 4, F32, false)?,
        O::F64Load { memarg } => it.load(memarg, at, 8, F64, false)?,
        O::I32Load8S { memarg } => it.load(memarg, at, 1, U32, true)?,
        O::I32Load8U { memarg } => it.load(memarg, at, 1, U32, false)?,
        O::I32Load16S { memarg } => it.load(memarg, at, 2, U32, true)?,
        O::I32Load16U { memarg } => it.load(memarg, at, 2, U32, false)?,
        O::I64Load8S { memarg } => it.load(memarg, at, 1, U64, true)?,
        O::I64Load8U { memarg } => it.load(memarg, at, 1, U64, false)?,
        O::I64Load16S { memarg } => it.load(memarg, at, 2, U64, true)?,
        O::I64Load16U { memarg } => it.load(memarg, at, 2, U64, false)?,
        O::I64Load32S { memarg } => it.load(memarg, at, 4, U64, true)?,
        O::I64Load32U { memarg } => it.load(memarg, at, 4, U64, false)?,
        O::I32Store { memarg } => it.store(memarg, at, 4, U32)?,
        O::I64Store { memarg } => it.store(memarg, at, 8, U64)?,
        O::F32Store { memarg } => it.store(memarg, at, 4, F32)?,
        O::F64Store { memarg } => it.store(memarg, at, 8, F64)?,
        O::I32Store8 { memarg } => it.store(memarg, at, 1, U32)?,
        O::I32Store16 { memarg } => it.store(memarg, at, 2, U32)?,
        O::I64Store8 { memarg } => it.store(memarg, at, 1, U64)?,
        O::I64Store16 { memarg } => it.store(memarg, at, 2, U64)?,
        O::I64Store32 { memarg } => it.store(memarg, at, 4, U64)?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn arithmetic(it: &mut Translator<'_>, operator: &O<'_>) -> anyhow::Result<bool> {
    let (operator, kind, signed) = match operator {
        O::I32Add => (Binary::Add, U32, false),
        O::I64Add => (Binary::Add, U64, false),
        O::F32Add => (Binary::Add, F32, false),
        O::F64Add => (Binary::Add, F64, false),
        O::I32Sub => (Binary::Subtract, U32, false),
        O::I64Sub => (Binary::Subtract, U64, false),
        O::F32Sub => (Binary::Subtract, F32, false),
        O::F64Sub => (Binary::Subtract, F64, false),
        O::I32Mul => (Binary::Multiply, U32, false),
        O::I64Mul => (Binary::Multiply, U64, false),
        O::F32Mul => (Binary::Multiply, F32, false),
        O::F64Mul => (Binary::Multiply, F64, false),
        O::F32Div => (Binary::Divide, F32, false),
        O::F64Div => (Binary::Divide, F64, false),
        O::I32DivU => (Binary::Divide, U32, false),
        O::I64DivU => (Binary::Divide, U64, false),
        O::I32RemU => (Binary::Remainder, U32, false),
        O::I64RemU => (Binary::Remainder, U64, false),
        O::I32DivS => (Binary::Divide, U32, true),
        O::I64DivS => (Binary::Divide, U64, true),
        O::I32And => (Binary::And, U32, false),
        O::I64And => (Binary::And, U64, false),
        O::I32Or => (Binary::Or, U32, false),
        O::I64Or => (Binary::Or, U64, false),
        O::I32Xor => (Binary::Xor, U32, false),
        O::I64Xor => (Binary::Xor, U64, false),
        O::I32Shl => (Binary::ShiftLeft, U32, false),
        O::I64Shl => (Binary::ShiftLeft, U64, false),
        O::I32ShrU => (Binary::ShiftRight, U32, false),
        O::I64ShrU => (Binary::ShiftRight, U64, false),
        O::I32ShrS => (Binary::ShiftRightSigned, U32, false),
        O::I64ShrS => (Binary::ShiftRightSigned, U64, false),
        _ => return Ok(false),
    };
    binary(it, operator, kind, signed, kind)?;
    Ok(true)
}

fn comparison(it: &mut Translator<'_>, operator: &O<'_>) -> anyhow::Result<bool> {
    let (operator, kind, signed) = match operator {
        O::I32Eq => (Binary::Equal, U32, false),
        O::I64Eq => (Binary::Equal, U64, false),
        O::F32Eq => (Binary::Equal, F32, false),
        O::F64Eq => (Binary::Equal, F64, false),
        O::I32Ne => (Binary::NotEqual, U32, false),
        O::I64Ne => (Binary::NotEqual, U64, false),
        O::F32Ne => (Binary::NotEqual, F32, false),
        O::F64Ne => (Binary::NotEqual, F64, false),
        O::I32LtU => (Binary::Less, U32, false),
        O::I64LtU => (Binary::Less, U64, false),
        O::I32LtS => (Binary::Less, U32, true),
        O::I64LtS => (Binary::Less, U64, true),
        O::F32Lt => (Binary::Less, F32, false),
        O::F64Lt => (Binary::Less, F64, false),
        O::I32GtU => (Binary::Greater, U32, false),
        O::I64GtU => (Binary::Greater, U64, false),
        O::I32GtS => (Binary::Greater, U32, true),
        O::I64GtS => (Binary::Greater, U64, true),
        O::F32Gt => (Binary::Greater, F32, false),
        O::F64Gt => (Binary::Greater, F64, false),
        O::I32LeU => (Binary::LessEqual, U32, false),
        O::I64LeU => (Binary::LessEqual, U64, false),
        O::I32LeS => (Binary::LessEqual, U32, true),
        O::I64LeS => (Binary::LessEqual, U64, true),
        O::F32Le => (Binary::LessEqual, F32, false),
        O::F64Le => (Binary::LessEqual, F64, false),
        O::I32GeU => (Binary::GreaterEqual, U32, false),
        O::I64GeU => (Binary::GreaterEqual, U64, false),
        O::I32GeS => (Binary::GreaterEqual, U32, true),
        O::I64GeS => (Binary::GreaterEqual, U64, true),
        O::F32Ge => (Binary::GreaterEqual, F32, false),
        O::F64Ge => (Binary::GreaterEqual, F64, false),
        _ => return Ok(false),
    };
    binary(it, operator, kind, signed, U32)?;
    Ok(true)
}

fn binary(
    it: &mut Translator<'_>,
    operator: Binary,
    kind: Kind,
    signed: bool,
    result: Kind,
) -> anyhow::Result<()> {
    let (right, left) = (it.pop()?, it.pop()?);
    let value = match (operator, left, right) {
        (Binary::Add, left, Expression::Integer(value, U32)) => left.plus(value),
        (_, left, right) => Expression::Binary {
            operator,
            kind,
            signed,
            left: left.into(),
            right: right.into(),
        },
    };
    it.push(value, result);
    Ok(())
}

fn constant(it: &mut Translator<'_>, value: u64, kind: Kind) {
    it.stack.push(Expression::Integer(value, kind));
}

fn named(
    it: &mut Translator<'_>,
    name: &'static str,
    operands: usize,
    kind: Kind,
) -> anyhow::Result<()> {
    let mut list = Vec::new();
    for _ in 0..operands {
        list.push(it.pop()?);
    }
    list.reverse();
    it.push(Expression::Named(name, list), kind);
    Ok(())
}

/// A function that returns 32 bits where the object's instruction returns 64.
fn wide(it: &mut Translator<'_>, name: &'static str) -> anyhow::Result<()> {
    named(it, name, 1, U32)?;
    cast(it, &["u64"], U64)
}

/// Casts, the outermost first.
fn cast(it: &mut Translator<'_>, to: &[&'static str], kind: Kind) -> anyhow::Result<()> {
    let mut value = it.pop()?;
    for to in to.iter().rev() {
        value = Expression::Cast(to, value.into());
    }
    it.push(value, kind);
    Ok(())
}
