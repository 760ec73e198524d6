// SPDX-License-Identifier: MIT OR Apache-2.0
//! The statuses that the comment of each C function lists.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use super::status;

/// What a comment says about the result.
#[derive(Clone, Debug, Default)]
struct Listed {
    statuses: Vec<String>,
    /// Whether the result may also be that of an earlier call.
    has_others: bool,
}

/// Whether a function may return this status.
pub fn lists(function: &str, status: i64) -> bool {
    static COMMENTS: OnceLock<HashMap<String, Listed>> = OnceLock::new();
    let comments = COMMENTS.get_or_init(|| {
        let mut all = HashMap::new();
        read(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ffi"),
            &mut all,
        );
        all
    });
    let listed = comments
        .get(function)
        .unwrap_or_else(|| panic!("{function} has no comment"));
    listed.has_others || listed.statuses.contains(&name(status))
}

/// `KPN_ERR_STATE` for its number.
fn name(number: i64) -> String {
    let known = status::NAMES
        .iter()
        .find(|(_, status)| i64::from(*status) == number);
    let (name, _) = known.unwrap_or_else(|| panic!("{number} is no status"));
    format!("KPN_{name}")
}

fn read(folder: &Path, all: &mut HashMap<String, Listed>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, all);
            continue;
        }
        let mut listed = Listed::default();
        for line in fs::read_to_string(path).unwrap().lines() {
            if let Some(rest) = line.strip_prefix("/// @retval ") {
                let name = rest.split(' ').next().unwrap_or_default();
                listed.statuses.push(name.to_owned());
            } else if line.starts_with("/// @return ") {
                listed.has_others = true;
            } else if let Some((_, rest)) = line.split_once("extern \"C\" fn ") {
                let name = rest.split('(').next().unwrap_or_default();
                all.insert(name.to_owned(), core::mem::take(&mut listed));
            }
        }
    }
}
