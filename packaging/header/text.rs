// SPDX-License-Identifier: MIT OR Apache-2.0
//! Comments and declarations in lines of the header.

use core::fmt::Write as _;

/// Approximate length of a line in bytes.
pub const WIDTH: usize = 140;

/// A declaration in lines of at most `WIDTH` bytes, broken after arguments and fields.
pub fn write_wrapped(text: &mut String, declaration: &str) {
    let mut column = 0;
    for argument in declaration
        .split_inclusive([',', ';', '{'])
        .map(str::trim_start)
    {
        if column > 0 && column + argument.trim_end().len() > WIDTH {
            text.truncate(text.trim_end().len());
            text.push_str("\n    ");
            column = 4;
        }
        let separator = if column == 0 || text.ends_with(' ') {
            ""
        } else {
            " "
        };
        text.push_str(separator);
        text.push_str(argument);
        column += separator.len() + argument.len();
    }
    text.push('\n');
}

/// In one line if it fits, with the result if there is nothing else.
pub fn write_comment(text: &mut String, comment: &[String]) {
    let lines = paragraphs(comment);
    let in_one = lines.join(" ");
    let is_short = match lines.as_slice() {
        [_] => true,
        [_, result] => result.starts_with("@return"),
        _ => false,
    };
    if is_short && in_one.len() + "/**  */".len() <= WIDTH {
        let _ = writeln!(text, "/** {in_one} */");
        return;
    }
    text.push_str("/**\n");
    for line in &lines {
        let _ = writeln!(text, "{}", format!(" * {line}").trim_end());
    }
    text.push_str(" */\n");
}

/// Text in lines of at most `WIDTH` bytes; examples, tables and lists unchanged.
fn paragraphs(comment: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut is_code = false;
    let mut goes_on = false;
    for line in comment {
        is_code ^= line.starts_with("~~~");
        let is_command = line.starts_with("@param") || line.starts_with("@ret");
        let is_listed = line.is_empty() || line.starts_with(['-', ' ', '|', '~', '#']);
        let is_text = !is_code && !is_listed && !line.starts_with('@');
        if is_text || is_command {
            goes_on &= is_text;
            for word in line.split(' ') {
                match lines.last_mut() {
                    Some(last) if goes_on && last.len() + word.len() + 4 <= WIDTH => {
                        last.push(' ');
                        last.push_str(word);
                    }
                    _ if goes_on && is_command => lines.push(format!("    {word}")),
                    _ => lines.push(word.to_owned()),
                }
                goes_on = true;
            }
        } else {
            lines.push(line.clone());
        }
        goes_on = is_text;
    }
    lines
}
