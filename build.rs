// SPDX-License-Identifier: MIT OR Apache-2.0
//! With the feature `header`: generates the C header into `OUT_DIR`, from which `make header` takes it.

#[cfg(feature = "header")]
#[path = "src/things/names.rs"]
#[expect(
    dead_code,
    reason = "the header takes the lists, not what makes a name"
)]
mod names;

#[cfg(feature = "header")]
#[path = "src/senml/unit/registry.rs"]
#[expect(
    dead_code,
    reason = "the header takes the list, not the single constants"
)]
mod units;

#[cfg(feature = "header")]
#[path = "src/error/causes.rs"]
mod causes;

#[cfg(feature = "header")]
#[path = "src/ffi/status_list.rs"]
mod status_list;

#[cfg(feature = "header")]
#[path = "packaging/header/details.rs"]
mod details;

#[cfg(feature = "header")]
#[path = "packaging/header/layout.rs"]
mod layout;

#[cfg(feature = "header")]
#[path = "packaging/header/order.rs"]
mod order;

#[cfg(feature = "header")]
#[path = "packaging/header/shared.rs"]
mod shared;

#[cfg(feature = "header")]
#[path = "packaging/header/text.rs"]
mod text;

fn main() -> Result<(), Box<dyn core::error::Error>> {
    println!("cargo::rustc-check-cfg=cfg(kpn_archive, kpn_deliberate_panic, kpn_only_c)");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(kpn_eight_registers, kpn_no_division, kpn_unaligned)");
    let target = std::env::var("TARGET")?;
    // Armv6-M and the baseline of Armv8-M: most of their instructions reach eight registers.
    if target.starts_with("thumbv6m") || target.starts_with("thumbv8m.base") {
        println!("cargo::rustc-cfg=kpn_eight_registers");
    }
    // Words may be loaded from any address, unless the core is set to trap on that.
    let features = std::env::var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
    let is_strict = features.split(',').any(|feature| feature == "strict-align");
    if !is_strict
        && (target.starts_with("thumbv7")
            || target.starts_with("thumbv8m.main")
            || target.starts_with("x86_64")
            || target.starts_with("aarch64"))
    {
        println!("cargo::rustc-cfg=kpn_unaligned");
    }
    // Only Armv6-M neither divides nor multiplies to 64 bits, into which a division by a constant is turned.
    if target.starts_with("thumbv6m") {
        println!("cargo::rustc-cfg=kpn_no_division");
    }
    say_how_an_archive_is_made(&target)?;
    #[cfg(feature = "header")]
    header::generate()?;
    Ok(())
}

/// Shown only when this package itself is built for release without the C functions, not when firmware depends on it.
fn say_how_an_archive_is_made(target: &str) -> Result<(), Box<dyn core::error::Error>> {
    let primary = option_env!("CARGO_PRIMARY_PACKAGE").is_some();
    let feature = |name| std::env::var_os(name).is_some();
    if primary
        && std::env::var("PROFILE")? == "release"
        && !feature("CARGO_FEATURE_CAPI")
        && !feature("CARGO_FEATURE_HEADER")
    {
        println!("cargo::warning=this is the library for Rust. An archive for C, for {target}:");
        println!(
            "cargo::warning=cargo rustc --release --features capi --crate-type staticlib --target {target}"
        );
    }
    Ok(())
}

#[cfg(feature = "header")]
mod header {
    use core::{error::Error, fmt::Write as _};
    use std::{
        collections::BTreeMap,
        env, fs,
        path::{Path, PathBuf},
    };

    use super::{
        causes::for_each_cause,
        details::{DETAILS, EXPLAINED},
        layout,
        names::{NAMES, RECEIVED_NAMES},
        order,
        status_list::for_each_progress,
        units::UNITS,
    };

    pub fn generate() -> Result<(), Box<dyn Error>> {
        for input in ["packaging/header", "cbindgen.toml", "src"] {
            println!("cargo::rerun-if-changed={input}");
        }
        let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
        let mut config = cbindgen::Config::from_root_or_default(&root);
        hide_core(&root.join("src"), &mut config.export)?;
        let after = config.after_includes.get_or_insert_default();
        writeln!(after, "{}", order::MARK)?;
        let mut texts = order::Texts {
            overview: overview(&root)?,
            in_groups: BTreeMap::new(),
            lists: String::new(),
            explained: EXPLAINED,
        };
        add_versions(texts.in_groups.entry("version").or_default())?;
        add_statuses(texts.in_groups.entry("results").or_default())?;
        add_names(&mut texts.lists)?;
        add_units(&mut texts.lists)?;
        let header = cbindgen::generate_with_config(&root, config)?;
        let mut text = Vec::new();
        header.write(&mut text);
        let complete = without_safety(&String::from_utf8(text)?);
        let mut text = order::in_order_of_use(&complete, &root.join("src/ffi"), &texts)?;
        let asserts = layout::asserts(&complete)?;
        let end = text
            .rfind("\n#ifdef __cplusplus")
            .ok_or("the header closes its extern \"C\"")?;
        text.insert_str(end, &asserts);
        let folder = PathBuf::from(env::var("OUT_DIR")?);
        // For the check that every function names all its arguments.
        fs::create_dir_all(folder.join("complete"))?;
        fs::write(folder.join("complete/kpn_things.h"), complete)?;
        fs::write(folder.join("kpn_things.h"), text)?;
        Ok(())
    }

    /// Without the marks around the table that a test writes.
    fn overview(root: &Path) -> Result<String, Box<dyn Error>> {
        let text = fs::read_to_string(root.join("packaging/header/overview.md"))?;
        let lines = text.lines().filter(|line| !line.starts_with("<!--"));
        Ok(lines.collect::<Vec<_>>().join("\n"))
    }

    /// Leaves out the section for Rust callers: C guarantees it anyway, or the parameters already say it.
    fn without_safety(text: &str) -> String {
        let mut kept = Vec::new();
        let mut skipping = false;
        for line in text.lines() {
            if line.trim() == "* # Safety" {
                skipping = true;
                kept.pop_if(|last: &mut &str| last.trim() == "*");
            }
            skipping &= line.trim() != "*/";
            // Anything left out of the header leaves an empty line there.
            let another_empty = line.is_empty() && kept.last() == Some(&"");
            if !skipping && !another_empty {
                kept.push(line);
            }
        }
        kept.join("\n") + "\n"
    }

    fn add_versions(text: &mut String) -> Result<(), Box<dyn Error>> {
        text.push_str(
            "\n/** @name Version of this header; `kpn_version` tells that of the archive.\n * @{ */\n",
        );
        for (part, meaning) in [
            ("MAJOR", "Grows with changes that callers have to follow."),
            ("MINOR", "Grows with new functions."),
            ("PATCH", "Grows with corrections."),
        ] {
            let number = env::var(format!("CARGO_PKG_VERSION_{part}"))?;
            writeln!(
                text,
                "#define KPN_THINGS_VERSION_{part} {number} /**< {meaning} */"
            )?;
        }
        writeln!(
            text,
            "#define KPN_THINGS_VERSION \"{}\" /**< All three. */",
            env::var("CARGO_PKG_VERSION")?
        )?;
        text.push_str("/** @} */\n");
        Ok(())
    }

    fn add_statuses(text: &mut String) -> Result<(), Box<dyn Error>> {
        macro_rules! list {
            ($($name:ident = $number:literal, $text:literal;)*) => {
                [$((stringify!($name), $number, $text)),*]
            };
        }
        let mut statuses: Vec<(&str, i32, &str)> = for_each_progress!(list).to_vec();
        statuses.extend(for_each_cause!(list));
        // Statuses that are not failures first, then failures from -1 downwards.
        statuses.sort_by_key(|&(_, number, _)| (number < 0, number.abs()));
        text.push_str("\n/** @name Results of calls, see `kpn_status`.\n * @{ */\n");
        for (name, number, meaning) in statuses {
            let kind = if number < 0 { "ERR_" } else { "" };
            let details = DETAILS.iter().find(|(status, _)| *status == name);
            let details = details.map_or_else(String::new, |(_, text)| format!(": {text}"));
            writeln!(
                text,
                "#define KPN_{kind}{name} ({number}) /**< {meaning}{details} */"
            )?;
        }
        text.push_str("/** @} */\n");
        Ok(())
    }

    fn add_names(text: &mut String) -> Result<(), Box<dyn Error>> {
        text.push_str(
            "\n/** @name KPN's names with their units: each stands for the two arguments `name, unit`.\n * @{ */\n",
        );
        for entry in NAMES {
            let unit = entry
                .name
                .unit
                .map_or_else(|| "NULL".to_owned(), |unit| format!("\"{unit}\""));
            writeln!(
                text,
                "#define KPN_{} \"{}\", {unit} /**< {} */",
                entry.ident, entry.name.name, entry.doc
            )?;
        }
        text.push_str("/** @} */\n");
        text.push_str("\n/** @name KPN's names alone, for `kpn_record_is`.\n * @{ */\n");
        for entry in NAMES.iter().chain(RECEIVED_NAMES) {
            writeln!(
                text,
                "#define KPN_NAME_{} \"{}\" /**< {} */",
                entry.ident, entry.name.name, entry.doc
            )?;
        }
        text.push_str("/** @} */\n");
        Ok(())
    }

    fn add_units(text: &mut String) -> Result<(), Box<dyn Error>> {
        text.push_str(
            "\n/** @name Registered SenML units, RFC 8428 section 12.1 and RFC 8798.\n * @{ */\n",
        );
        for unit in UNITS {
            writeln!(
                text,
                "#define KPN_UNIT_{} \"{}\" /**< {} */",
                unit.ident, unit.symbol, unit.description
            )?;
        }
        text.push_str("/** @} */\n");
        Ok(())
    }

    /// What cbindgen would take from the core, although only `src/ffi` has C names: every public constant, and the one-byte enums inside
    /// the state, which are bytes to C.
    fn hide_core(folder: &Path, export: &mut cbindgen::ExportConfig) -> Result<(), Box<dyn Error>> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() && !path.ends_with("ffi") {
                hide_core(&path, export)?;
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path)?;
                let mut is_byte = false;
                for line in text.lines().map(str::trim_start) {
                    if let Some(rest) = line.strip_prefix("pub const ") {
                        export
                            .exclude
                            .extend(rest.split_once(':').map(|(name, _)| name.to_owned()));
                    }
                    if is_byte && let Some((_, rest)) = line.split_once("enum ") {
                        let name = rest.trim_end_matches([' ', '{']);
                        export.exclude.push(name.to_owned());
                        export.rename.insert(name.to_owned(), "uint8_t".to_owned());
                    }
                    is_byte = line == "#[repr(u8)]";
                }
            }
        }
        Ok(())
    }
}
