//! The SenML reader against the examples of RFC 8428, KPN's packs, and two oracles: `serde_json` for what is JSON, and a
//! plain resolver over `serde_json` values for what it means.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::std_instead_of_core,
    reason = "a test may panic"
)]

use std::fmt;
use std::fs;
use std::path::PathBuf;

use kpn_things::error::Error;
use kpn_things::json::reader::{Event, Reader, Span};
use kpn_things::senml::reader::Pack;
use kpn_things::senml::record::{Num, Record, Value};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// A number as mantissa and exponent without trailing zeros, so that equal values are equal.
type Exact = (i128, i32);

fn exact(text: &str) -> Exact {
    let (number, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let mut mantissa: i128 = format!("{whole}{fraction}").parse().unwrap();
    let mut exponent: i32 = exponent.parse().unwrap();
    exponent -= i32::try_from(fraction.len()).unwrap();
    if mantissa == 0 {
        return (0, 0);
    }
    while mantissa % 10 == 0 {
        mantissa /= 10;
        exponent += 1;
    }
    (mantissa, exponent)
}

fn add(a: Exact, b: Exact) -> Exact {
    let exponent = a.1.min(b.1);
    let scaled = |(mantissa, from): Exact| mantissa * 10_i128.pow((from - exponent).unsigned_abs());
    exact(&format!("{}e{exponent}", scaled(a) + scaled(b)))
}

/// A record in RFC 8428's resolved form, but for times, which stay relative.
#[derive(Clone, PartialEq, Debug, Default)]
struct Resolved {
    name: String,
    unit: Option<String>,
    number: Option<Exact>,
    boolean: Option<bool>,
    text: Option<String>,
    data: Option<Vec<u8>>,
    sum: Option<Exact>,
    time: Option<Exact>,
    update_time: Option<Exact>,
}

fn ours(text: &[u8], record: &Record) -> Resolved {
    let string = |span: Span| {
        assert_eq!(text[span.end], 0, "a NUL follows");
        String::from_utf8(span.of(text).to_vec()).unwrap()
    };
    let exact_of = |span: Span| exact(std::str::from_utf8(span.of(text)).unwrap());
    let number = |num: Num| {
        let parts = [num.text, num.base].map(|span| (!span.is_empty()).then(|| exact_of(span)));
        let [own, base] = parts;
        let sum = add(own.unwrap_or_default(), base.unwrap_or_default());
        // The library's own sum, where it has one.
        if let Ok(decimal) = num.to_decimal(text) {
            assert_eq!((i128::from(decimal.mantissa), decimal.exponent), sum);
            let nearest: f64 = format!("{}e{}", sum.0, sum.1).parse().unwrap();
            assert_eq!(num.to_f64(text).map(f64::abs), Ok(nearest.abs()));
        }
        (!num.is_absent()).then_some(sum)
    };
    let present = |span: Span| (span != Span::default()).then(|| string(span));
    let mut resolved = Resolved {
        name: [record.base_name, record.name]
            .map(|span| present(span).unwrap_or_default())
            .concat(),
        unit: present(record.unit),
        sum: number(record.sum),
        time: number(record.time),
        update_time: number(record.update_time),
        ..Resolved::default()
    };
    match record.value {
        Value::None => {}
        Value::Number(num) => resolved.number = number(num),
        Value::Bool(value) => resolved.boolean = Some(value),
        Value::Text(span) => resolved.text = Some(string(span)),
        Value::Data(span) => {
            assert_eq!(text[span.end], 0);
            resolved.data = Some(span.of(text).to_vec());
        }
    }
    resolved
}

/// Reads a pack with canaries around it.
fn read(text: &[u8]) -> Result<Vec<Resolved>, (Error, usize)> {
    const CANARY: &[u8] = b"\xA5\xA5\xA5\xA5\"]}\0";
    let mut memory = [text, CANARY].concat();
    let (pack_text, canary) = memory.split_at_mut(text.len());
    let mut pack = Pack::new();
    let count = pack.validate(pack_text);
    assert_eq!(pack_text, text, "validation changes nothing");
    let count = count.map_err(|error| (error, pack.index()))?;
    let mut records = Vec::new();
    while let Some(record) = pack
        .next(pack_text)
        .expect("what was validated can be read")
    {
        for span in [record.base_name, record.name, record.unit] {
            assert!(span.end <= pack_text.len());
        }
        records.push((ours(pack_text, &record), record));
    }
    assert_eq!(canary, CANARY);
    assert_eq!(records.len(), count);
    // What was handed out first is still there when the last record has been read.
    for (then, record) in &records {
        assert_eq!(*then, ours(pack_text, record));
    }
    Ok(records.into_iter().map(|(resolved, _)| resolved).collect())
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/senml")
}

/// Name, pack and resolved pack of each vector.
fn vectors() -> Vec<(String, Vec<u8>, Vec<u8>)> {
    let mut vectors = Vec::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(stem) = name.strip_suffix(".json") else {
            continue;
        };
        if stem.ends_with(".resolved") {
            continue;
        }
        let resolved = fs::read(path.with_extension("resolved.json")).unwrap();
        vectors.push((name, fs::read(path).unwrap(), resolved));
    }
    assert_eq!(vectors.len(), 16);
    vectors
}

/// An object with all its members in order, repeated ones too.
struct Members(Vec<(String, serde_json::Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Members;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a record")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visit)
    }
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let standard = digits.contains(['+', '/']);
    if (standard && digits.contains(['-', '_']))
        || (padding > 0 && (!text.len().is_multiple_of(4) || padding > 2))
    {
        return None;
    }
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = digits.replace('-', "+").replace('_', "/");
    let groups = digits
        .chars()
        .map(|digit| Some(format!("{:06b}", alphabet.find(digit)?)));
    let mut bits = groups.collect::<Option<Vec<_>>>()?.concat();
    let left = bits.split_off(bits.len() / 8 * 8);
    if left.len() >= 6 || left.contains('1') {
        return None;
    }
    let bytes = bits.as_bytes().chunks(8);
    Some(
        bytes
            .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap())
            .collect(),
    )
}

/// RFC 8428 section 4 over `serde_json` values. The error is any that holds, with the record's index.
fn oracle(pack: &[Members]) -> Result<Vec<Resolved>, (Error, usize)> {
    use serde_json::Value as Json;
    let known = [
        "bn", "bu", "bt", "bv", "bs", "n", "u", "s", "t", "ut", "v", "vs", "vd", "vb", "bver",
    ];
    let mut bases = serde_json::Map::new();
    let mut version = None;
    let mut records = Vec::new();
    for (index, Members(members)) in pack.iter().enumerate() {
        let fail = |error| Err((error, index));
        let mut own = serde_json::Map::new();
        for (label, value) in members {
            if !known.contains(&label.as_str()) {
                if label.ends_with('_') {
                    return fail(Error::SENML_MUST_UNDERSTAND);
                }
                continue;
            }
            if own.contains_key(label) {
                return fail(Error::SENML_DUPLICATE);
            }
            let fits = match label.as_str() {
                "bn" | "bu" | "n" | "u" | "vs" | "vd" => value.is_string(),
                "vb" => value.is_boolean(),
                _ => value.is_number(),
            };
            if !fits {
                return fail(Error::SENML_TYPE);
            }
            if label == "bver" {
                let number = value.as_u64().filter(|number| (1..=10).contains(number));
                if number.is_none()
                    || number
                        != Some(version.unwrap_or(if index == 0 { number.unwrap() } else { 10 }))
                {
                    return fail(Error::SENML_VERSION);
                }
                version = number;
            }
            own.insert(label.clone(), value.clone());
            if label.starts_with('b') {
                bases.insert(label.clone(), value.clone());
            }
        }
        let values = ["v", "vs", "vb", "vd"]
            .iter()
            .filter(|label| own.contains_key(**label))
            .count();
        if values > 1 || (values == 0 && !own.contains_key("s") && own.contains_key("n")) {
            return fail(Error::SENML_VALUE);
        }
        if values == 0 && !own.contains_key("s") {
            continue;
        }
        let string =
            |map: &serde_json::Map<String, Json>, label| Some(map.get(label)?.as_str()?.to_owned());
        let number = |label: &str, base: &str| {
            let part = |value: Option<&Json>| value.map(|value| exact(&value.to_string()));
            match (part(own.get(label)), part(bases.get(base))) {
                (None, None) => None,
                (own, base) => Some(add(own.unwrap_or_default(), base.unwrap_or_default())),
            }
        };
        let name =
            string(&bases, "bn").unwrap_or_default() + &string(&own, "n").unwrap_or_default();
        if !name.starts_with(|c: char| c.is_ascii_alphanumeric())
            || name.contains(|c: char| !c.is_ascii_alphanumeric() && !"-:./_".contains(c))
        {
            return fail(Error::SENML_NAME);
        }
        let data = match string(&own, "vd").map(|text| base64(&text)) {
            Some(None) => return fail(Error::SENML_BASE64),
            data => data.flatten(),
        };
        records.push(Resolved {
            name,
            unit: string(&own, "u").or_else(|| string(&bases, "bu")),
            number: own.contains_key("v").then(|| number("v", "bv").unwrap()),
            boolean: own.get("vb").and_then(Json::as_bool),
            text: string(&own, "vs"),
            data,
            sum: number("s", "bs"),
            time: number("t", "bt"),
            update_time: number("ut", ""),
        });
    }
    Ok(records)
}

/// A small generator with a fixed seed: failures repeat.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }
}

fn is_json(text: &[u8]) -> Result<(), Error> {
    let mut reader = Reader::new();
    loop {
        if reader.next(text)? == Event::End {
            return Ok(());
        }
    }
}

#[test]
fn every_vector_reads_as_its_resolved_form_says() {
    for (name, text, resolved) in vectors() {
        let expected = oracle(&serde_json::from_slice::<Vec<Members>>(&resolved).unwrap()).unwrap();
        assert_eq!(read(&text).as_ref(), Ok(&expected), "{name}");
        assert_eq!(read(&resolved).as_ref(), Ok(&expected), "{name}, resolved");
        let plain = oracle(&serde_json::from_slice::<Vec<Members>>(&text).unwrap());
        assert_eq!(plain, Ok(expected), "{name}, by the oracle");
    }
}

#[test]
fn every_truncation_of_every_vector_is_refused() {
    for (name, text, _) in vectors() {
        let text = text.trim_ascii_end();
        for len in 0..text.len() {
            let (error, _) = read(&text[..len]).expect_err(&name);
            assert_eq!(error, Error::JSON_TRUNCATED, "{name} at {len}");
            assert!(is_json(&text[..len]).is_err());
        }
    }
}

#[test]
fn the_strict_reader_takes_what_serde_json_takes() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let seeds: Vec<Vec<u8>> = vectors().into_iter().map(|(_, text, _)| text).collect();
    let pieces: [&[u8]; 36] = [
        b"\"",
        b"\\",
        b"\\u",
        b"\\ud800",
        b"\\udc00",
        b"\\u0000",
        b"{",
        b"}",
        b"[",
        b"]",
        b":",
        b",",
        b"0",
        b"-",
        b"-0",
        b"01",
        b".",
        b"e",
        b"E+",
        b"1e5",
        b"true",
        b"false",
        b"null",
        b"tru",
        b" ",
        b"\t",
        b"\n",
        b"\x0b",
        b"\0",
        b"\x7f",
        b"\xC3\xA9",
        b"\xC0\x80",
        b"\xED\xA0\x80",
        b"\xF4\x90\x80\x80",
        b"\xEF\xBB\xBF",
        b"/",
    ];
    let mut taken = 0;
    for _ in 0..60_000 {
        let mut text = random.of(&seeds).clone();
        let start = random.below(text.len());
        let end = (start + random.below(60)).min(text.len());
        // Mostly short texts: what is mutated then matters for the whole.
        if random.below(4) > 0 {
            text = [b"[", &text[start..end], b"]"].concat();
        }
        for _ in 0..random.below(4) {
            let at = random.below(text.len());
            match random.below(3) {
                0 => drop(text.splice(at..at, random.of(&pieces).iter().copied())),
                1 => drop(text.splice(at..=at, random.of(&pieces).iter().copied())),
                _ => drop(text.remove(at)),
            }
            if text.is_empty() {
                text.push(b'0');
            }
        }
        let theirs = serde_json::from_slice::<serde_json::Value>(&text);
        let shown = String::from_utf8_lossy(&text);
        match (is_json(&text), theirs) {
            (Ok(()), Ok(_)) => taken += 1,
            // Our number is text until it is asked for; serde_json's must fit a double at once.
            (Ok(()), Err(error)) => assert!(
                error.to_string().contains("out of range"),
                "{shown}: {error}"
            ),
            (Err(error), Ok(_)) => assert_eq!(error, Error::JSON_DEPTH, "{shown}"),
            (Err(_), Err(_)) => {}
        }
    }
    assert!(taken > 5_000, "{taken} valid texts");
}

#[test]
fn random_packs_resolve_as_the_oracle_says() {
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    let labels = [
        "n", "n", "n", "n", "u", "v", "v", "vs", "vb", "vd", "s", "t", "ut", "bn", "bu", "bt",
        "bv", "bs", "bver", "x", "bx", "x_", "\\u006e", "\\u0062n", "v\\u0062",
    ];
    let numbers = [
        "0",
        "-1",
        "1.5",
        "20.50",
        "1e3",
        "-2.5E-2",
        "268435456",
        "10",
        "5",
    ];
    let strings = [
        "",
        "a",
        "a:",
        "b/c",
        "_a",
        "urn:dev:x:",
        "a b",
        "\\u0061",
        "a\\/b",
        "Zg",
        "Zg==",
        "Zm8=",
        "-_8",
        "+\\/8",
        "+-8A",
        "\\n",
        "\\ud83d\\ude00",
        "\u{e9}",
        "x\\u0000y",
        "Cel",
    ];
    let others = ["true", "false", "null", "[]", "{\"n\":[1,{\"v_\":2}]}"];
    let (mut read_packs, mut refused) = (0, 0);
    for _ in 0..100_000 {
        let mut records = Vec::new();
        for _ in 0..random.below(4) {
            let mut members = Vec::new();
            for _ in 0..random.below(5) {
                let label = *random.of(&labels);
                let plain = label.replace("\\u006e", "n").replace("\\u0062", "b");
                let wild = random.below(40) == 0;
                let value = match plain.as_str() {
                    _ if wild => (*random.of(&others)).to_owned(),
                    "vb" => (*random.of(&others[..2])).to_owned(),
                    "n" | "u" | "vs" | "bn" | "bu" | "vd" => format!("\"{}\"", random.of(&strings)),
                    "bver" => (*random.of(&["5", "10", "10", "10", "11", "1.5"])).to_owned(),
                    _ => (*random.of(&numbers)).to_owned(),
                };
                members.push(format!("\"{label}\":{value}"));
            }
            records.push(format!("{{{}}}", members.join(",")));
        }
        let text = format!("[{}]", records.join(", "));
        let expected = oracle(&serde_json::from_str::<Vec<Members>>(&text).unwrap());
        let ours = read(text.as_bytes());
        assert_eq!(ours, expected, "{text}");
        if ours.is_ok() {
            read_packs += 1;
        } else {
            refused += 1;
        }
    }
    assert!(
        read_packs > 10_000 && refused > 10_000,
        "{read_packs} {refused}"
    );
}

#[test]
fn mutated_packs_never_panic_and_keep_to_their_buffer() {
    let mut random = Random(0xD1B5_4A32_D192_ED03);
    let seeds: Vec<Vec<u8>> = vectors().into_iter().map(|(_, text, _)| text).collect();
    for _ in 0..20_000 {
        let mut text = random.of(&seeds).clone();
        for _ in 0..=random.below(3) {
            let at = random.below(text.len());
            text[at] = *random.of(b"\"\\{}[]:,0-.eubnvst_=\0\xC3\xA9 ");
        }
        let whole = read(&text);
        if let Ok(pack) = serde_json::from_slice::<Vec<Members>>(&text) {
            match (whole, oracle(&pack)) {
                (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs),
                (Err((ours, at)), Err((theirs, index))) => assert_eq!((ours, at), (theirs, index)),
                (ours, theirs) => panic!("{}: {ours:?} {theirs:?}", String::from_utf8_lossy(&text)),
            }
        }
        // A buffer that changes between the passes is the caller's mistake, and still harmless.
        let mut pack = Pack::new();
        if pack.validate(&text).is_ok() {
            while let Ok(Some(_)) = pack.next(&mut text) {
                let at = random.below(text.len());
                text[at] = *random.of(b"\"\\{}[],n");
            }
        }
    }
}
