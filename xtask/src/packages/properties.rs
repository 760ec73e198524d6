// SPDX-License-Identifier: MIT OR Apache-2.0
//! Arduino's specification of `library.properties` and `keywords.txt`, revision 2.2, as far as it can be checked.

use anyhow::{Context as _, ensure};

/// Required keys; `precompiled` and `ldflags` because this library has archives.
const REQUIRED: [&str; 12] = [
    "name",
    "version",
    "author",
    "maintainer",
    "sentence",
    "paragraph",
    "category",
    "url",
    "architectures",
    "includes",
    "precompiled",
    "ldflags",
];
const CATEGORIES: [&str; 9] = [
    "Display",
    "Communication",
    "Signal Input/Output",
    "Sensors",
    "Device Control",
    "Timing",
    "Data Storage",
    "Data Processing",
    "Other",
];

/// The value of a key.
pub fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines()
        .filter_map(|line| line.split_once('='))
        .find(|(name, _)| *name == key)
        .map(|(_, value)| value)
}

/// Checks `library.properties` of a library that has sources beside its archives.
pub fn check(text: &str, version: &str) -> anyhow::Result<()> {
    for (number, line) in text.lines().enumerate() {
        let (key, _) = line
            .split_once('=')
            .with_context(|| format!("line {} has no `=`", number + 1))?;
        ensure!(REQUIRED.contains(&key), "what is the key `{key}`?");
        ensure!(
            text.lines()
                .filter(|line| line.starts_with(&format!("{key}=")))
                .count()
                == 1,
            "`{key}` is there twice"
        );
    }
    for key in REQUIRED {
        let value = value(text, key).with_context(|| format!("`{key}` is missing"))?;
        ensure!(
            !value.is_empty() && value == value.trim() && !value.contains('@'),
            "`{key}={value}`"
        );
    }
    let name = value(text, "name").unwrap_or_default();
    ensure!(
        // Spaces are allowed, but arduino-lint advises against them (LP015).
        is_name(name, "_.-") && name.len() <= 63 && !name.to_lowercase().starts_with("arduino"),
        "`{name}` is no name for a library"
    );
    ensure!(
        value(text, "version") == Some(version),
        "the version is not {version}"
    );
    let category = value(text, "category").unwrap_or_default();
    ensure!(
        CATEGORIES.contains(&category),
        "`{category}` is no category"
    );
    ensure!(
        value(text, "url").is_some_and(|url| url.starts_with("https://")),
        "the URL is none"
    );
    // `full` means that sources are not compiled if there is an archive. The class would then be missing.
    ensure!(
        value(text, "precompiled") == Some("true"),
        "with `precompiled` other than `true` Arduino leaves the class out"
    );
    ensure!(
        value(text, "ldflags") == Some("-lkpn_things"),
        "PlatformIO takes the library's name from `ldflags`"
    );
    Ok(())
}

fn is_name(name: &str, more: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.contains(|letter: char| letter.is_ascii_alphabetic())
        && name
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || more.contains(letter))
}

/// Checks `keywords.txt`: one tab, known kinds, and every public method of the class.
pub fn check_keywords(text: &str, class: &str) -> anyhow::Result<()> {
    let mut keywords = Vec::new();
    for line in text.lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (keyword, kind) = line
            .split_once('\t')
            .with_context(|| format!("`{line}` has no tab"))?;
        ensure!(
            ["KEYWORD1", "KEYWORD2", "LITERAL1"].contains(&kind),
            "`{line}`: `{kind}` is no kind"
        );
        ensure!(!keywords.contains(&keyword), "`{keyword}` is there twice");
        keywords.push(keyword);
    }
    let methods = methods(class);
    ensure!(!methods.is_empty(), "the class has no methods");
    for method in methods {
        ensure!(
            keywords.contains(&method),
            "the method `{method}` is not in keywords.txt"
        );
    }
    Ok(())
}

/// Names of public methods that have a result type.
fn methods(class: &str) -> Vec<&str> {
    let public = class
        .split("public:")
        .nth(1)
        .and_then(|rest| rest.split("private:").next())
        .unwrap_or_default();
    public
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("//"))
        .filter_map(|line| line.split_once('(').map(|(before, _)| before))
        .filter(|before| before.contains(' '))
        .filter_map(|before| before.rsplit([' ', '*']).next())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{check, check_keywords, methods, value};

    const GOOD: &str = "name=KpnThings\nversion=1.2.3\nauthor=a\nmaintainer=b\nsentence=c.\nparagraph=d.\n\
                        category=Communication\nurl=https://example.org\narchitectures=samd\nincludes=KpnThings.h\n\
                        precompiled=true\nldflags=-lkpn_things\n";

    #[test]
    fn takes_what_arduino_takes() {
        check(GOOD, "1.2.3").unwrap();
        assert_eq!(value(GOOD, "author"), Some("a"));
        assert_eq!(value(GOOD, "auth"), None);
    }

    #[test]
    fn refuses_what_arduino_would_refuse() {
        for (part, instead) in [
            ("author=a\n", ""),
            ("author=a", "author="),
            ("author=a", "author"),
            ("author=a", "writer=a"),
            ("author=a", "author=a\nauthor=b"),
            ("name=KpnThings", "name=KPN/Things"),
            ("name=KpnThings", "name=KPN Things"),
            ("name=KpnThings", "name=ArduinoKPN"),
            ("name=KpnThings", "name=12"),
            ("1.2.3", "1.2.4"),
            ("1.2.3", "@VERSION@"),
            ("Communication", "Networking"),
            ("https://example.org", "example.org"),
            ("precompiled=true", "precompiled=full"),
            ("-lkpn_things", "-lm"),
        ] {
            assert!(GOOD.contains(part), "{part}");
            assert!(
                check(&GOOD.replace(part, instead), "1.2.3").is_err(),
                "{instead}"
            );
        }
    }

    #[test]
    fn keywords_name_every_method() {
        let class = "class K {\npublic:\n    K(int a);\n    /// Says (or not).\n    void begin(int a);\n    const char *advice() const;\nprivate:\n    void hidden();\n};";
        assert_eq!(methods(class), ["begin", "advice"]);
        check_keywords("# Methods\nbegin\tKEYWORD2\nadvice\tKEYWORD2\n", class).unwrap();
        for bad in [
            "begin\tKEYWORD2\n",
            "begin KEYWORD2\nadvice\tKEYWORD2\n",
            "begin\tKEYWORD3\nadvice\tKEYWORD2\n",
            "begin\tKEYWORD2\nadvice\tKEYWORD2\nbegin\tKEYWORD2\n",
        ] {
            assert!(check_keywords(bad, class).is_err(), "{bad}");
        }
    }
}
