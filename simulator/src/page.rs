// SPDX-License-Identifier: MIT OR Apache-2.0
//! The page: static files inside the program, so that nothing has to be installed or fetched from elsewhere.

/// A file of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    /// Its path in the URL.
    pub path: &'static str,
    /// Its media type.
    pub content_type: &'static str,
    /// Its contents.
    pub content: &'static str,
}

/// Header fields of every answer with a file of the page: nothing from elsewhere, and no script or style except our
/// files.
pub const FIELDS: [(&str, &str); 5] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    // A different version of the program may answer on the same port.
    ("cache-control", "no-cache"),
];

macro_rules! assets {
    ($($path:literal, $type:literal, $file:literal;)*) => {
        /// All of them.
        pub const ASSETS: &[Asset] = &[$(Asset {
            path: $path,
            content_type: $type,
            content: include_str!(concat!("../page/", $file)),
        }),*];
    };
}

assets! {
    "/", "text/html; charset=utf-8", "index.html";
    "/style.css", "text/css; charset=utf-8", "style.css";
    "/icon.svg", "image/svg+xml", "icon.svg";
    "/app.js", "text/javascript; charset=utf-8", "app.js";
    "/api.js", "text/javascript; charset=utf-8", "api.js";
    "/chart.js", "text/javascript; charset=utf-8", "chart.js";
    "/devices.js", "text/javascript; charset=utf-8", "devices.js";
    "/dom.js", "text/javascript; charset=utf-8", "dom.js";
    "/downlinks.js", "text/javascript; charset=utf-8", "downlinks.js";
    "/faults.js", "text/javascript; charset=utf-8", "faults.js";
    "/firmware.js", "text/javascript; charset=utf-8", "firmware.js";
    "/map.js", "text/javascript; charset=utf-8", "map.js";
    "/messages.js", "text/javascript; charset=utf-8", "messages.js";
    "/request.js", "text/javascript; charset=utf-8", "request.js";
    "/senml.js", "text/javascript; charset=utf-8", "senml.js";
    "/sms.js", "text/javascript; charset=utf-8", "sms.js";
    "/store.js", "text/javascript; charset=utf-8", "store.js";
    "/values.js", "text/javascript; charset=utf-8", "values.js";
}

/// The file for a URL path.
pub fn find(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::*;

    #[test]
    fn every_file_is_served_and_every_import_is_there() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/page");
        let there: BTreeSet<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| format!("/{}", entry.unwrap().file_name().to_str().unwrap()))
            .map(|path| path.replace("/index.html", "/"))
            .collect();
        let served = ASSETS.iter().map(|asset| asset.path.to_owned()).collect();
        assert_eq!(there, served);
        for asset in ASSETS {
            for (_, rest) in asset
                .content
                .match_indices("from \"./")
                .map(|(at, found)| asset.content.split_at(at + found.len()))
            {
                let file = format!("/{}", rest.split('"').next().unwrap());
                assert!(find(&file).is_some(), "{} imports {file}", asset.path);
            }
        }
        assert_eq!(find("/index.html"), None);
        assert_eq!(find("/../Cargo.toml"), None);
    }

    #[test]
    fn text_becomes_no_markup_and_nothing_comes_from_elsewhere() {
        for asset in ASSETS {
            let text = asset.content.replace("http://www.w3.org/2000/svg", "");
            for never in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "new Function",
                "http://",
                "https://",
                "style=",
                "onclick=",
                "<style",
            ] {
                assert!(!text.contains(never), "{} has {never}", asset.path);
            }
        }
    }
}
