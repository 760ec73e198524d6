// SPDX-License-Identifier: MIT OR Apache-2.0
//! The order of the header: what a message needs comes first, and private parts come last. cbindgen writes constants, then structs, then
//! functions, each in the order of the files, with every comment in full. Here they are sorted by subject, and what the calls of a subject
//! have in common is said once.

use core::fmt::Write as _;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::shared::Shared;
use super::text::{WIDTH, write_comment, write_wrapped};

/// A subject of the header.
struct Group {
    id: &'static str,
    title: &'static str,
    /// What holds for all of its calls.
    intro: &'static str,
    /// Files of `src/ffi`, in the order of their items.
    files: &'static [&'static str],
}

const fn group(id: &'static str, title: &'static str, files: &'static [&'static str]) -> Group {
    Group {
        id,
        title,
        intro: "",
        files,
    }
}

impl Group {
    const fn with(self, intro: &'static str) -> Self {
        Self { intro, ..self }
    }
}

const GROUPS: &[Group] = &[
    group("results", "Results and spans", &["status.rs", "span.rs"]),
    group(
        "uplink",
        "A message to the platform",
        &[
            "uplink/mod.rs",
            "uplink/add.rs",
            "uplink/finish.rs",
            "uplink/access.rs",
        ],
    ),
    group("labels", "Times and sums of a record", &["uplink/label.rs"]).with(
        "A label applies to the next record only. When setting one fails, the next record is refused with the same status, so that no \
         value is sent with a wrong time or sum.",
    ),
    group("base", "Base fields of a pack", &["uplink/base.rs"]).with(
        "A base field holds for the records that follow, until it is set again. After a failure no record is taken until \
         `kpn_uplink_clear_failure`, and `kpn_uplink_finish` reports it.",
    ),
    group("response", "The response to it", &["response.rs"]),
    group(
        "downlink",
        "The downlink in a response or an SMS",
        &["downlink.rs", "record/mod.rs", "record/number.rs"],
    ),
    group("retry", "When to try again", &["retry.rs"]),
    group(
        "queue",
        "Measurements that wait for a connection",
        &["queue/mod.rs", "queue/push.rs", "queue/image.rs"],
    ),
    group(
        "firmware",
        "Firmware over the air",
        &[
            "firmware/mod.rs",
            "firmware/announce.rs",
            "firmware/request.rs",
            "firmware/answer.rs",
            "firmware/image.rs",
        ],
    ),
    group("stream", "A message larger than the memory", &["stream.rs"]),
    group("pieces", "A request in pieces for a modem", &["pieces.rs"]),
    group("sms", "SMS downlinks", &["sms.rs"]),
    group("urn", "Device URNs", &["urn.rs"]),
    group("token", "The message token by itself", &["token.rs"]),
    group(
        "config",
        "The configuration of a device",
        &[
            "config/mod.rs",
            "config/field.rs",
            "config/access.rs",
            "uplink/configured.rs",
        ],
    ),
    group("posix", "TCP on a Linux gateway", &["posix.rs"]),
    group("version", "Which library this is", &["version.rs"]),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Constant,
    Alias,
    /// A struct whose fields are all private.
    Object,
    /// A struct that callers read or fill in.
    Value,
    /// A struct inside others.
    Private,
    Function,
}

struct Item {
    kind: Kind,
    name: String,
    /// Lines between `/**` and `*/`, without their stars.
    comment: Vec<String>,
    code: Vec<String>,
    only_posix: bool,
}

/// Where each name of `src/ffi` is: the file's place in `GROUPS`, and the line.
type Places = BTreeMap<String, (usize, usize, usize)>;

/// Where cbindgen's items begin.
pub const MARK: &str = "/* items */";

/// The parts of the header other than cbindgen's items.
pub struct Texts {
    /// After the includes.
    pub overview: String,
    /// In the group of this name, after its types.
    pub in_groups: BTreeMap<&'static str, String>,
    /// After all functions.
    pub lists: String,
    /// Statuses that their list explains completely.
    pub explained: &'static [&'static str],
}

/// The header in the order of use.
pub fn in_order_of_use(header: &str, ffi: &Path, texts: &Texts) -> Result<String, String> {
    let (before, rest) = header.split_once(MARK).ok_or("the items have a mark")?;
    let end = rest
        .rfind("\n#ifdef __cplusplus")
        .ok_or("the header closes its extern \"C\"")?;
    let (items, end) = rest.split_at(end);
    let mut items = parse(items)?;
    let places = places(ffi)?;
    for item in &items {
        if item.kind != Kind::Private && !places.contains_key(&item.name) {
            return Err(format!(
                "no file of packaging/header/order.rs has {}",
                item.name
            ));
        }
    }
    items.sort_by_key(|item| places.get(&item.name).copied());

    let mut text = before.to_owned();
    write_comment(
        &mut text,
        &texts
            .overview
            .lines()
            .map(str::to_owned)
            .collect::<Vec<_>>(),
    );
    text.push_str("\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n");
    let mut written = Vec::new();
    for (number, group) in GROUPS.iter().enumerate() {
        let members: Vec<&Item> = items
            .iter()
            .filter(|item| {
                places
                    .get(&item.name)
                    .is_some_and(|place| place.0 == number)
            })
            .collect();
        let more = texts.in_groups.get(group.id).map_or("", String::as_str);
        let has_posix = members.iter().any(|item| item.only_posix);
        if has_posix != members.iter().all(|item| item.only_posix) {
            return Err(format!(
                "{}: either all of it is for POSIX or nothing",
                group.id
            ));
        }
        let shared = Shared::of(
            members
                .iter()
                .filter(|item| item.kind == Kind::Function)
                .map(|item| (item.name.as_str(), item.comment.as_slice())),
            texts.explained,
        );
        write_opening(&mut text, group, &shared, has_posix);
        write_members(&mut text, more, &members, &shared, &items, &mut written);
        text.push_str(if has_posix { "#endif\n" } else { "" });
        text.push_str("\n/** @} */\n");
    }
    text.push_str(&texts.lists);
    text.push_str("\n/** @cond */\n/* What objects are made of. Fields that begin with `private_` may change with every version. */\n");
    let objects = items.iter().filter(|item| item.kind == Kind::Object);
    for object in objects {
        write_struct(&mut text, object, &items, &mut written);
    }
    text.push_str("/** @endcond */\n");
    text.push_str(end);
    Ok(text)
}

fn write_opening(text: &mut String, group: &Group, shared: &Shared, is_posix: bool) {
    let mut comment = vec![format!("@defgroup kpn_{} {}", group.id, group.title)];
    if !group.intro.is_empty() {
        comment.extend([String::new(), group.intro.to_owned()]);
    }
    comment.extend(shared.summary());
    text.push('\n');
    if let [title] = comment.as_slice() {
        let _ = writeln!(text, "/** {title}\n * @{{ */");
    } else {
        comment.push("@{".to_owned());
        write_comment(text, &comment);
    }
    if is_posix {
        text.push_str("\n#if defined(KPN_POSIX)\n");
    }
}

/// Types, constants and functions, in this order.
fn write_members(
    text: &mut String,
    more: &str,
    members: &[&Item],
    shared: &Shared,
    all: &[Item],
    written: &mut Vec<String>,
) {
    let mut was_short = false;
    for kind in [
        Kind::Alias,
        Kind::Object,
        Kind::Constant,
        Kind::Value,
        Kind::Function,
    ] {
        if kind == Kind::Constant {
            text.push_str(more);
            if members.iter().any(|item| item.kind == kind) {
                text.push('\n');
            }
        }
        for item in members.iter().filter(|item| item.kind == kind) {
            let start = text.len();
            match kind {
                Kind::Object => write_forward(text, item),
                Kind::Constant => write_constant(text, item),
                Kind::Value => write_struct(text, item, all, written),
                Kind::Alias => write_item(text, item, &item.comment),
                _ => write_item(text, item, &shared.without(&item.comment)),
            }
            // Calls that take one line each stand together.
            let written = text.get(start..).unwrap_or_default();
            let is_short = kind == Kind::Function && written.starts_with("\n/** ");
            if is_short && was_short {
                text.remove(start);
            }
            was_short = is_short;
        }
    }
}

fn write_item(text: &mut String, item: &Item, comment: &[String]) {
    text.push('\n');
    write_comment(text, comment);
    let declaration: Vec<_> = item.code.iter().map(|line| line.trim()).collect();
    write_wrapped(text, &declaration.join(" ").replace("( ", "("));
}

/// The object's name and comment; its fields are at the end.
fn write_forward(text: &mut String, item: &Item) {
    text.push('\n');
    write_comment(text, &item.comment);
    let _ = writeln!(text, "typedef struct {0} {0};", item.name);
}

/// In one line where it fits.
fn write_constant(text: &mut String, item: &Item) {
    if let ([comment], [code]) = (item.comment.as_slice(), item.code.as_slice())
        && code.len() + comment.len() < WIDTH
    {
        let _ = writeln!(text, "{code} /**< {comment} */");
    } else {
        write_item(text, item, &item.comment);
    }
}

/// A struct after those that it is made of.
fn write_struct(text: &mut String, item: &Item, all: &[Item], written: &mut Vec<String>) {
    if written.contains(&item.name) {
        return;
    }
    written.push(item.name.clone());
    for inner in all.iter().filter(|inner| inner.kind == Kind::Private) {
        let field = format!("struct {} ", inner.name);
        if item
            .code
            .iter()
            .any(|line| line.trim_start().starts_with(&field))
        {
            write_struct(text, inner, all, written);
        }
    }
    if item.kind == Kind::Value {
        text.push('\n');
        write_comment(text, &item.comment);
        write_fields(text, item);
    } else {
        write_wrapped(text, &without_comments(&item.code));
    }
}

/// With the comment of each field after it.
fn write_fields(text: &mut String, item: &Item) {
    let mut comment = Vec::new();
    for line in &item.code {
        let trimmed = line.trim();
        match trimmed {
            "/**" => comment.clear(),
            "*/" => {}
            _ if trimmed.starts_with('*') => comment.push(trimmed.trim_start_matches(['*', ' '])),
            _ => {
                text.push_str(line);
                if !comment.is_empty() {
                    let _ = write!(text, " /**< {} */", comment.join(" "));
                }
                comment.clear();
                text.push('\n');
            }
        }
    }
}

/// A struct that only the library reads: `struct name { fields };`.
fn without_comments(code: &[String]) -> String {
    let mut lines: Vec<_> = code
        .iter()
        .map(|line| line.trim())
        .filter(|line| !line.starts_with(['/', '*', '}']))
        .map(|line| line.strip_prefix("typedef ").unwrap_or(line))
        .collect();
    lines.push("};");
    lines.join(" ")
}

fn places(ffi: &Path) -> Result<Places, String> {
    let mut places = Places::new();
    for (number, group) in GROUPS.iter().enumerate() {
        for (file, path) in group.files.iter().enumerate() {
            let text =
                fs::read_to_string(ffi.join(path)).map_err(|error| format!("{path}: {error}"))?;
            for (line, content) in text.lines().enumerate() {
                let content = content.trim_start();
                let name = ["fn ", "const ", "struct ", "type "]
                    .iter()
                    .find_map(|keyword| {
                        let (before, rest) = content.split_once(keyword)?;
                        let name: String = rest
                            .chars()
                            .take_while(|character| {
                                character.is_alphanumeric() || *character == '_'
                            })
                            .collect();
                        let is_ours = name.starts_with("kpn_") || name.starts_with("KPN_");
                        (before.starts_with("pub ") && is_ours).then_some(name)
                    });
                if let Some(name) = name {
                    places.insert(name, (number, file, line));
                }
            }
        }
    }
    Ok(places)
}

/// What cbindgen wrote, one by one.
fn parse(text: &str) -> Result<Vec<Item>, String> {
    let mut items = Vec::new();
    let mut comment = Vec::new();
    let mut only_posix = false;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        match line {
            "" | "#endif" | "extern \"C\" {" | "#endif // __cplusplus" => only_posix = false,
            "#ifdef __cplusplus" => {}
            "#if defined(KPN_POSIX)" => only_posix = true,
            "/**" => {
                comment = lines
                    .by_ref()
                    .take_while(|line| line.trim() != "*/")
                    .map(|line| {
                        let line = line.strip_prefix(" *").unwrap_or(line);
                        line.strip_prefix(' ').unwrap_or(line).to_owned()
                    })
                    .collect();
            }
            _ => {
                let mut code = vec![line.to_owned()];
                if line.starts_with("typedef struct") {
                    for line in lines.by_ref() {
                        code.push(line.to_owned());
                        if line.starts_with('}') {
                            break;
                        }
                    }
                } else if !line.starts_with('#') {
                    while !code.last().is_some_and(|line| line.ends_with(';')) {
                        code.push(lines.next().ok_or("a declaration ends")?.to_owned());
                    }
                }
                items.push(item(core::mem::take(&mut comment), code, only_posix)?);
            }
        }
    }
    Ok(items)
}

fn item(comment: Vec<String>, code: Vec<String>, only_posix: bool) -> Result<Item, String> {
    let first = code.first().map_or("", String::as_str);
    let (kind, name) = if let Some(rest) = first.strip_prefix("#define ") {
        (Kind::Constant, rest.split(' ').next())
    } else if let Some(rest) = first.strip_prefix("typedef struct ") {
        let name = rest.trim_end_matches(" {");
        let fields = code
            .get(1..code.len().saturating_sub(1))
            .unwrap_or_default();
        let is_object = fields
            .iter()
            .filter(|line| line.ends_with(';'))
            .all(|line| line.contains("private_") || line.contains(" uplink;"));
        let kind = if name.starts_with("kpn_private_") {
            Kind::Private
        } else if is_object {
            Kind::Object
        } else {
            Kind::Value
        };
        (kind, Some(name))
    } else if let Some(rest) = first.strip_prefix("typedef ") {
        (Kind::Alias, rest.trim_end_matches(';').rsplit(' ').next())
    } else {
        let joined = code.iter().find_map(|line| line.split_once('('));
        (
            Kind::Function,
            joined.and_then(|(before, _)| before.rsplit([' ', '*']).next()),
        )
    };
    let name = name
        .filter(|name| !name.is_empty())
        .ok_or_else(|| format!("no item: {first}"))?;
    Ok(Item {
        kind,
        name: name.to_owned(),
        comment,
        only_posix,
        code,
    })
}
