// SPDX-License-Identifier: MIT OR Apache-2.0
//! The functions of the header with their types, and how values of the object are converted to those types.

use anyhow::{Context as _, bail, ensure};

use super::object::{Kind, Signature};

/// A type in the header.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Type {
    /// As written, such as `const struct kpn_span *`.
    Pointer(String),
    /// An integer of at most 32 bits.
    Integer(String),
    Wide(String),
    Bool,
    Float,
    Double,
}

/// A parameter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parameter {
    pub name: String,
    pub kind: Type,
    /// As the header declares it.
    pub text: String,
}

/// A function of the header.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Prototype {
    pub name: String,
    pub parameters: Vec<Parameter>,
    pub result: Option<Type>,
    /// As the header declares it.
    pub result_text: String,
}

impl Type {
    fn of(text: &str) -> anyhow::Result<Self> {
        if text.contains('*') {
            return Ok(Self::Pointer(text.to_owned()));
        }
        Ok(match text {
            "bool" => Self::Bool,
            "float" => Self::Float,
            "double" => Self::Double,
            "int64_t" | "uint64_t" => Self::Wide(text.to_owned()),
            "kpn_status" | "size_t" | "int32_t" | "uint32_t" | "int16_t" | "uint16_t"
            | "int8_t" | "uint8_t" => Self::Integer(text.to_owned()),
            _ => bail!("`{text}` has no counterpart in the object"),
        })
    }

    const fn kind(&self) -> Kind {
        match self {
            Self::Pointer(_) | Self::Integer(_) | Self::Bool => Kind::U32,
            Self::Wide(_) => Kind::U64,
            Self::Float => Kind::F32,
            Self::Double => Kind::F64,
        }
    }

    /// A value of the object as a value of this type.
    pub fn value_of_c(&self, value: &str) -> String {
        match self {
            Self::Pointer(text) => format!("({text})POINTER({value})"),
            Self::Integer(text) | Self::Wide(text) => format!("({text})({value})"),
            Self::Bool => format!("({value}) != 0"),
            Self::Float | Self::Double => value.to_owned(),
        }
    }

    /// A value of this type as a value of the object, and the precedence of its outermost operator.
    pub fn value_of_object(&self, value: &str) -> (String, u8) {
        match self {
            Self::Pointer(_) => (format!("ADDRESS({value})"), 15),
            Self::Integer(_) | Self::Bool => (format!("(u32){value}"), 14),
            Self::Wide(_) => (format!("(u64){value}"), 14),
            Self::Float | Self::Double => (value.to_owned(), 15),
        }
    }
}

impl Prototype {
    /// Whether the object's function has the type that the header declares.
    pub fn check(&self, signature: &Signature) -> anyhow::Result<()> {
        let parameters: Vec<_> = self.parameters.iter().map(|it| it.kind.kind()).collect();
        let result = self.result.as_ref().map(Type::kind);
        ensure!(
            parameters == signature.parameters && result == signature.result,
            "{} is {signature:?}, and the header has other types",
            self.name
        );
        Ok(())
    }

    /// A call with values of the object.
    pub fn call(&self, arguments: &[String]) -> String {
        let arguments: Vec<_> = (self.parameters.iter().zip(arguments))
            .map(|(parameter, argument)| parameter.kind.value_of_c(argument))
            .collect();
        format!("{}({})", self.name, arguments.join(", "))
    }

    pub fn result_as_value(&self, call: String) -> (String, u8) {
        match &self.result {
            Some(kind) => kind.value_of_object(&call),
            None => (call, 15),
        }
    }
}

/// All functions that a header declares, except those that need an operating system.
pub fn read(header: &str) -> anyhow::Result<Vec<Prototype>> {
    let mut text = String::new();
    let mut only_posix = false;
    let mut in_comment = false;
    for line in header.lines() {
        let trimmed = line.trim();
        match trimmed {
            "#if defined(KPN_POSIX)" => only_posix = true,
            "#endif" => only_posix = false,
            _ => {}
        }
        in_comment |= trimmed.starts_with("/*");
        if !in_comment && !only_posix && !trimmed.starts_with('#') {
            text.push_str(trimmed);
            text.push(' ');
        }
        in_comment &= !trimmed.ends_with("*/");
    }
    let text = text.replace("KPN_NODISCARD", " ");
    let mut prototypes = Vec::new();
    for declaration in text.split([';', '{', '}']) {
        let Some((before, parameters)) = declaration.split_once('(') else {
            continue;
        };
        let before = before.trim();
        let at = before
            .rfind(|character: char| !character.is_ascii_alphanumeric() && character != '_')
            .map_or(0, |at| at + 1);
        let (result, name) = before.split_at(at);
        if !name.starts_with("kpn_") || result.trim().is_empty() {
            continue;
        }
        prototypes
            .push(prototype(name, result.trim(), parameters).with_context(|| name.to_owned())?);
    }
    ensure!(!prototypes.is_empty(), "no functions in the header");
    Ok(prototypes)
}

fn prototype(name: &str, result: &str, parameters: &str) -> anyhow::Result<Prototype> {
    let inside = parameters
        .rsplit_once(')')
        .context("a parenthesis")?
        .0
        .trim();
    let mut list = Vec::new();
    if inside != "void" {
        for text in inside.split(',') {
            let text = text.trim();
            let at = text.rfind([' ', '*']).context("a name")? + 1;
            let (kind, name) = text.split_at(at);
            list.push(Parameter {
                name: name.to_owned(),
                kind: Type::of(kind.trim())?,
                text: text.to_owned(),
            });
        }
    }
    Ok(Prototype {
        name: name.to_owned(),
        parameters: list,
        result: match result {
            "void" => None,
            _ => Some(Type::of(result)?),
        },
        result_text: result.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::{Kind, Signature, Type, read};

    const HEADER: &str = "/** Calls `kpn_no(int a);` */\n#define KPN_X(a) kpn_z(a)\n\
        KPN_NODISCARD\nkpn_status kpn_a(struct kpn_t *t,\n    const char *const *names,\n    bool on);\n\
        #if defined(KPN_POSIX)\nint32_t kpn_b(int32_t c);\n#endif\nconst char *kpn_c(double d);\nvoid kpn_d(void);\n";

    #[test]
    fn declarations_are_read_and_nothing_else() {
        let prototypes = read(HEADER).unwrap();
        let names: Vec<_> = prototypes.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["kpn_a", "kpn_c", "kpn_d"]);
        let first = &prototypes[0];
        assert_eq!(first.parameters[1].text, "const char *const *names");
        assert_eq!(first.parameters[1].name, "names");
        assert_eq!(first.parameters[2].kind, Type::Bool);
        assert_eq!(prototypes[1].result_text, "const char *");
        assert!(prototypes[2].parameters.is_empty() && prototypes[2].result.is_none());
    }

    #[test]
    fn types_must_be_those_of_the_object() {
        let prototypes = read(HEADER).unwrap();
        let mut signature = Signature {
            parameters: vec![Kind::F64],
            result: Some(Kind::U32),
        };
        prototypes[1].check(&signature).unwrap();
        signature.parameters[0] = Kind::F32;
        prototypes[1].check(&signature).unwrap_err();
    }

    #[test]
    fn a_struct_by_value_is_refused() {
        let error = read("int32_t kpn_a(struct kpn_span s);").unwrap_err();
        assert!(
            format!("{error:#}").contains("struct kpn_span"),
            "{error:#}"
        );
    }
}
