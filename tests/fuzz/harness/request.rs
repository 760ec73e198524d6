// SPDX-License-Identifier: MIT OR Apache-2.0
//! A request as `httparse`, `serde_json` and `sha2` read it.

use sha2::{Digest, Sha256};

/// The body of a request whose head goes with it: its length, and the token when a secret is given.
pub fn body<'a>(request: &'a [u8], secret: Option<&str>) -> &'a [u8] {
    let mut fields = [httparse::EMPTY_HEADER; 8];
    let mut head = httparse::Request::new(&mut fields);
    let at = head.parse(request).unwrap().unwrap();
    let body = &request[at..];
    assert_eq!((head.method, head.version), (Some("POST"), Some(1)));
    let value = |name: &str| {
        let mut found = head.headers.iter().filter(|field| field.name == name);
        let value = found
            .next()
            .map(|field| std::str::from_utf8(field.value).unwrap());
        assert!(found.next().is_none(), "{name} stands there once");
        value
    };
    assert_eq!(
        value("Content-Length"),
        Some(body.len().to_string().as_str())
    );
    let token = secret.map(|secret| {
        let digest = Sha256::digest([body, secret.as_bytes()].concat());
        digest
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    });
    assert_eq!(value("Things-Message-Token"), token.as_deref());
    body
}

/// A body that is a pack: an array of objects. Numbers may be larger than a double.
pub fn check_pack(body: &[u8]) -> usize {
    type Object = std::collections::BTreeMap<String, Box<serde_json::value::RawValue>>;
    let pack: Vec<Object> = serde_json::from_slice(body).unwrap();
    assert!(pack.iter().all(|record| !record.is_empty()));
    pack.len()
}
