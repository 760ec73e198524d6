// SPDX-License-Identifier: MIT OR Apache-2.0
//! Random downlinks through the C functions, from `kpn_downlink_begin` to the last accessor, against the model in
//! `common/model.rs`.
//!
//! `KPN_CASES` sets the number of packs, `KPN_SEED` the seed, which is printed when a case fails.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use base64::Engine;

#[path = "common/downlink.rs"]
mod driver;
#[path = "common/model.rs"]
mod model;
#[path = "common/shares.rs"]
mod shares;
#[path = "common/status.rs"]
mod status;
use driver::Status;
use model::{BASE_NAMES, DEPTH_MAX, Random, Wanted, check};

const NAMES: &[&str] = &[
    "a",
    "temperature",
    "url",
    "token",
    "b/c",
    "9",
    "x_",
    "A.b-C",
    "a_longer_name/with:all.of-it",
    "n",
];
const INNER_NAMES: &[&str] = &[":a", "-y", "_", "/", "", ".z"];
const NO_NAMES: &[&str] = &[
    "b c",
    "é",
    "a\u{0}",
    "a\"",
    "a\\b",
    "a\n",
    "\u{1F600}",
    "a{",
    "@",
    "`",
    "[",
    "a,b",
    "\u{7f}",
    "a+",
    "^",
];
const TEXTS: &[&str] = &[
    "",
    "1.0.0",
    "\"",
    "\\",
    "/",
    "\u{8}\u{c}\n\r\t",
    "\u{0}",
    "a\u{0}b",
    "\u{1f}\u{7f}",
    "é",
    "€uro",
    "😀",
    "\u{10FFFF}",
    "\u{FFFF}\u{E000}\u{D7FF}",
    "]},{",
    "http://10.0.0.1/f/v1",
    "\\u0041",
    "µ/ß€😀\"x\"",
    "ends in a backslash\\",
    "a text that is a good deal longer than four or eight bytes, with an \"escape\" in the middle of it",
];
const UNITS: &[&str] = &["", "Cel", "%RH", "m/s2", "\u{b5}m", "lat", "/"];
const UNKNOWN: &[&str] = &[
    "x",
    "",
    "bx",
    "N",
    "nn",
    "vv",
    "bver2",
    "verb",
    "\u{0}n",
    "\u{0}bver",
    "n\u{0}",
    "_x",
    "i",
    "é",
    "bn ",
    "label",
    "😀",
    "nbve",
    "bverbver",
    "\u{0}\u{0}\u{0}v",
    "tt",
    "b",
];
const MUST_UNDERSTAND: &[&str] = &["x_", "_", "bver_", "n_", "a much longer label_", "é_"];
const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "1",
    "-1",
    "1.5",
    "20.50",
    "1e3",
    "1E+3",
    "-2.5E-2",
    "0.0",
    "0e0",
    "268435455.999",
    "268435456",
    "1585650750",
    "1.58565075E9",
    "1585650750.25",
    "9007199254740993",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1e19",
    "1e20",
    "123456789012345678901234567890",
    "1e-300",
    "1e308",
    "1e309",
    "1e400",
    "5e-324",
    "1e-400",
    "0.1",
    "0.2",
    "1e99999999999",
    "1714000000.1234567165374756",
    "-0.5",
    "100000000000000000000000e-22",
];
const BAD_NUMBERS: &[&str] = &[
    "01", "+1", "1.", ".5", "1e", "-", "0x1", "NaN", "1e+", "--1", "1.e3", "- 1", "1 2", "Infinity",
];
const VERSIONS: &[&str] = &[
    "10",
    "10.0",
    "1e1",
    "1E1",
    "1.0e1",
    "100e-1",
    "1000E-2",
    "10.000",
    "0.1e2",
    "1e+1",
    "10e0",
    "10E-0",
    "0.00001e6",
];
const LOW_VERSIONS: &[&str] = &["5", "5.0", "50e-1", "0.5E1", "5e0", "1", "1.0", "9", "7"];
const BAD_VERSIONS: &[&str] = &[
    "11",
    "0",
    "-1",
    "10.5",
    "1e2",
    "-10",
    "0.1",
    "1e-1",
    "1e99",
    "1e-99",
    "18446744073709551626",
    "0e5",
    "-0",
    "10.0000000000000001",
    "4294967306",
    "100",
    "1e400",
    "10e-400",
];

type Pack = Vec<Vec<(String, String)>>;

/// Makes packs that are mostly valid, each in one style of writing.
struct Writer<'r> {
    random: &'r mut Random,
    /// One in this many characters is escaped unnecessarily; 0 for none.
    escapes: usize,
    /// The same for white space between tokens.
    spaces: usize,
}

impl Writer<'_> {
    /// A text between quotes, with any of the possible escapes.
    fn quote(&mut self, text: &str) -> String {
        let mut out = String::from("\"");
        for character in text.chars() {
            let short = match character {
                '"' | '\\' | '/' => Some(character),
                '\u{8}' => Some('b'),
                '\u{c}' => Some('f'),
                '\n' => Some('n'),
                '\r' => Some('r'),
                '\t' => Some('t'),
                _ => None,
            };
            let must = character < ' ' || character == '"' || character == '\\';
            if !(must || self.escapes > 0 && self.random.one_in(self.escapes)) {
                out.push(character);
            } else if let Some(short) = short
                && self.random.one_in(2)
            {
                out.push('\\');
                out.push(short);
            } else {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let hex = if self.random.one_in(3) {
                        format!("{unit:04X}")
                    } else {
                        format!("{unit:04x}")
                    };
                    out += "\\u";
                    out += &hex;
                }
            }
        }
        out.push('"');
        out
    }

    fn base64(&mut self) -> String {
        let data: Vec<u8> = (0..self.random.below(12))
            .map(|_| self.random.0.u8(..))
            .collect();
        match self.random.below(4) {
            0 => base64::engine::general_purpose::STANDARD.encode(data),
            1 => base64::engine::general_purpose::STANDARD_NO_PAD.encode(data),
            2 => base64::engine::general_purpose::URL_SAFE.encode(data),
            _ => base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(data),
        }
    }

    fn number(&mut self) -> String {
        if self.random.one_in(2) {
            return self.random.of(NUMBERS).to_owned();
        }
        let mut text = String::from(if self.random.one_in(4) { "-" } else { "" });
        let digits = 1 + self.random.below(22);
        for at in 0..digits {
            let digit = self.random.0.u8(u8::from(at == 0)..10);
            text.push(char::from(b'0' + digit));
        }
        if self.random.one_in(2) {
            text.push('.');
            text += &self.random.0.u64(..).to_string();
        }
        if self.random.one_in(3) {
            text.push(if self.random.one_in(2) { 'e' } else { 'E' });
            text += ["", "+", "-"][self.random.below(3)];
            text += &self.random.below(330).to_string();
        }
        text
    }

    fn any_value(&mut self, depth: usize) -> String {
        match self.random.below(if depth > 3 { 5 } else { 7 }) {
            0 => "null".to_owned(),
            1 => "true".to_owned(),
            2 => "false".to_owned(),
            3 => self.number(),
            4 => {
                let text = self.random.of(TEXTS);
                self.quote(text)
            }
            5 => {
                let items: Vec<_> = (0..self.random.below(3))
                    .map(|_| self.any_value(depth + 1))
                    .collect();
                self.join("[", &items, "]")
            }
            _ => {
                // SenML labels and labels that must be understood do not count in here.
                let items: Vec<_> = (0..self.random.below(3))
                    .map(|_| {
                        let label = self.random.of(&["n", "v", "x_", "bn", "", "bver"]);
                        let label = self.quote(label);
                        let value = self.any_value(depth + 1);
                        self.member(&label, &value)
                    })
                    .collect();
                self.join("{", &items, "}")
            }
        }
    }

    fn space(&mut self) -> String {
        let mut space = String::new();
        while self.spaces > 0 && self.random.one_in(self.spaces) {
            space += self.random.of(&[" ", "\t", "\n", "\r", "\r\n", "   "]);
        }
        space
    }

    fn member(&mut self, key: &str, value: &str) -> String {
        [key, &self.space(), ":", &self.space(), value].concat()
    }

    fn join(&mut self, open: &str, items: &[String], close: &str) -> String {
        let mut text = open.to_owned() + &self.space();
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                text += ",";
                text += &self.space();
            }
            text += item;
            text += &self.space();
        }
        text + close
    }

    fn record(&mut self, versions: &[&str]) -> Vec<(String, String)> {
        let mut members = Vec::new();
        let mut add = |label: &str, value: String| members.push((label.to_owned(), value));
        let base_only = self.random.one_in(6);
        let base_chance = if base_only { 2 } else { 7 };
        for label in ["bn", "bu", "bt", "bv", "bs"] {
            if !self.random.one_in(base_chance) {
                continue;
            }
            add(
                label,
                match label {
                    "bn" => {
                        let name = self.random.of(BASE_NAMES);
                        self.quote(name)
                    }
                    "bu" => {
                        let unit = self.random.of(UNITS);
                        self.quote(unit)
                    }
                    _ => self.number(),
                },
            );
        }
        if self.random.one_in(8) {
            add("bver", self.random.of(versions).to_owned());
        }
        for _ in 0..self.random.below(3) / 2 {
            let label = self.random.of(UNKNOWN);
            add(label, self.any_value(0));
        }
        for label in ["t", "ut", "u"] {
            if self.random.one_in(4) {
                let unit = self.random.of(UNITS);
                let unit = self.quote(unit);
                add(label, if label == "u" { unit } else { self.number() });
            }
        }
        if !base_only {
            if !self.random.one_in(12) {
                let inner = self.random.one_in(25);
                let name = self.random.of(if inner { INNER_NAMES } else { NAMES });
                add("n", self.quote(name));
            }
            match self.random.below(9) {
                0..=2 => add("v", self.number()),
                3 => add(
                    "vb",
                    if self.random.one_in(2) {
                        "true"
                    } else {
                        "false"
                    }
                    .to_owned(),
                ),
                4..=5 => {
                    let text = self.random.of(TEXTS);
                    add("vs", self.quote(text));
                }
                6..=7 => {
                    let data = self.base64();
                    add("vd", self.quote(&data));
                }
                _ => {}
            }
            if self.random.one_in(7) {
                add("s", self.number());
            }
        }
        self.random.0.shuffle(&mut members);
        members
    }

    fn pack(&mut self) -> Pack {
        let low = self.random.one_in(10);
        let versions = if low {
            let one = self.random.of(LOW_VERSIONS);
            vec![one]
        } else {
            VERSIONS.to_vec()
        };
        let count = self.random.below(5);
        let mut pack: Pack = (0..count).map(|_| self.record(&versions)).collect();
        if low && let Some(first) = pack.first_mut() {
            first.retain(|(label, _)| label != "bver");
            first.push(("bver".to_owned(), versions[0].to_owned()));
        }
        pack
    }

    fn write(&mut self, pack: &Pack) -> String {
        let records: Vec<_> = pack
            .iter()
            .map(|record| {
                let members: Vec<_> = record
                    .iter()
                    .map(|(label, value)| {
                        let label = self.quote(label);
                        self.member(&label, value)
                    })
                    .collect();
                self.join("{", &members, "}")
            })
            .collect();
        let text = self.join("[", &records, "]");
        [self.space(), text, self.space()].concat()
    }

    /// Breaks a rule of SenML, or perhaps not: the model decides.
    fn breach(&mut self, pack: &mut Pack) {
        if pack.is_empty() {
            return;
        }
        let at = self.random.below(pack.len());
        let count = pack[at].len();
        let place = self.random.below(count + 1);
        let label = self.random.of(&[
            "n", "u", "v", "vs", "vb", "vd", "s", "t", "ut", "bn", "bu", "bt", "bv", "bs", "bver",
        ]);
        let member = match self.random.below(8) {
            0 => (label.to_owned(), self.any_value(2)),
            1 => (
                self.random.of(MUST_UNDERSTAND).to_owned(),
                self.any_value(2),
            ),
            2 => ("bver".to_owned(), self.random.of(BAD_VERSIONS).to_owned()),
            3 => {
                let name = self.random.of(NO_NAMES);
                (self.random.of(&["n", "bn"]).to_owned(), self.quote(name))
            }
            4 => {
                let data = self.random.of(&[
                    "Z", "Zg=", "Zg===", "Zm8==", "=", "Zh", "Zm9=", "-+", "/_8=", "Zm 8", "Zm8\n",
                    "é", "Zg==Zg==", "\u{0}",
                ]);
                ("vd".to_owned(), self.quote(data))
            }
            5 if count > 0 => pack[at][self.random.below(count)].clone(),
            6 => (label.to_owned(), self.number()),
            _ if count > 0 => {
                pack[at].remove(place.min(count - 1));
                return;
            }
            _ => return,
        };
        // Replaces the member with this label, or is added to it.
        if self.random.one_in(2) {
            pack[at].retain(|(known, _)| *known != member.0);
        }
        let place = place.min(pack[at].len());
        pack[at].insert(place, member);
    }
}

/// Damages the text of a valid pack such that one status is certain.
fn damage(random: &mut Random, text: &mut Vec<u8>) -> Option<Status> {
    let quotes: Vec<usize> = string_starts(text);
    let mut insert = |random: &mut Random, choices: &[&[u8]], status| {
        let at = *quotes.get(random.below(quotes.len().max(1)))?;
        text.splice(at..at, random.of(choices).iter().copied());
        Some(status)
    };
    match random.below(6) {
        0 => insert(
            random,
            &[
                b"\\ud800 ",
                b"\\udc00",
                b"\\ud83d\\ud83d",
                b"\\x",
                b"\\u00g0",
                b"\\U0041",
                b"\\'",
                b"\\ud800\\n",
                b"\\uDBFF\\u0041",
                b"\\0",
                b"\\u 041",
                b"\\u-041",
            ],
            status::ERR_JSON_ESCAPE,
        ),
        1 => insert(
            random,
            &[b"\n", b"\0", b"\x1f", b"\t", b"abcdefghijk\r"],
            status::ERR_JSON_SYNTAX,
        ),
        2 => insert(
            random,
            &[
                b"\xFF",
                b"\xC3 ",
                b"\x80",
                b"\xC0\x80",
                b"\xED\xA0\x80",
                b"\xF4\x90\x80\x80",
                b"\xE0\x80\x80",
                b"\xF5\x80\x80\x80",
                b"abcdefg\xE2\x82 ",
                b"\xF0\x8F\x80\x80",
            ],
            status::ERR_UTF8,
        ),
        3 => {
            text.extend_from_slice(random.of(&[
                &b"x"[..],
                b"]",
                b",",
                b"\0",
                b"[]",
                b"\x0b",
                b"1",
                b"\"",
                b"\xEF\xBB\xBF",
            ]));
            Some(status::ERR_JSON_SYNTAX)
        }
        4 => {
            let at = text.iter().position(|byte| *byte == b'{')? + 1;
            let comma = if text[at..].trim_ascii_start().starts_with(b"}") {
                ""
            } else {
                ","
            };
            let deep = format!("\"x\":{}{comma}", "[".repeat(DEPTH_MAX - 1));
            text.splice(at..at, deep.bytes());
            Some(status::ERR_JSON_DEPTH)
        }
        _ => {
            let at = text.iter().position(|byte| *byte == b'{')? + 1;
            let comma = if text[at..].trim_ascii_start().starts_with(b"}") {
                ""
            } else {
                ","
            };
            let bad = format!("\"x\":{}{comma}", random.of(BAD_NUMBERS));
            // Nothing before a brace or comma is not a number either.
            text.splice(at..at, bad.bytes());
            Some(status::ERR_JSON_SYNTAX)
        }
    }
}

/// After the opening quote of each string.
fn string_starts(text: &[u8]) -> Vec<usize> {
    let (mut starts, mut inside, mut escaped) = (Vec::new(), false, false);
    for (at, byte) in text.iter().enumerate() {
        if escaped {
            escaped = false;
        } else if *byte == b'\\' {
            escaped = inside;
        } else if *byte == b'"' {
            inside = !inside;
            if inside {
                starts.push(at + 1);
            }
        }
    }
    starts
}

fn scramble(random: &mut Random, text: &mut Vec<u8>) {
    const TELLING: &[u8] = b"\"\\{}[]:,0-.eubnvst_=+/ \n\0\xC3\xA9\xFFd8";
    for _ in 0..=random.below(3) {
        if text.is_empty() {
            return;
        }
        let at = random.below(text.len());
        let byte = if random.one_in(3) {
            random.0.u8(..)
        } else {
            TELLING[random.below(TELLING.len())]
        };
        match random.below(4) {
            0 => text.insert(at, byte),
            1 => drop(text.remove(at)),
            _ => text[at] = byte,
        }
    }
}

/// Prints where to repeat a run from, if the test fails before this is forgotten.
struct OnFailure {
    seed: u64,
    case: usize,
    text: Vec<u8>,
}

impl Drop for OnFailure {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self { seed, case, text } = self;
            eprintln!("KPN_SEED={seed}, case {case}: {}", text.escape_ascii());
        }
    }
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap())
}

#[test]
fn random_packs_read_as_the_model_says() {
    let seed = setting("KPN_SEED", 8428);
    let cases = usize::try_from(setting("KPN_CASES", 120_000)).unwrap();
    let mut random = Random(fastrand::Rng::with_seed(seed));
    let mut now = OnFailure {
        seed,
        case: 0,
        text: Vec::new(),
    };
    let (mut taken, mut refused, mut base_sums, mut versions, mut cut) = (0, 0, 0, 0, 0);
    while now.case < cases {
        let mut writer = Writer {
            escapes: [0, 0, 9, 3, 1][random.below(5)],
            spaces: [0, 0, 9, 2][random.below(4)],
            random: &mut random,
        };
        let mut pack = writer.pack();
        if writer.random.one_in(4) {
            writer.breach(&mut pack);
        }
        let mut text = writer.write(&pack).into_bytes();
        now.text.clone_from(&text);
        let is_taken = check(&mut random, &text, Wanted::Model);
        now.case += 1;
        if is_taken {
            taken += 1;
            let labels = || pack.iter().flatten().map(|(label, _)| label.as_str());
            base_sums += usize::from(labels().any(|label| label == "bs"));
            versions += usize::from(labels().any(|label| label == "bver"));
        } else {
            refused += 1;
        }
        match random.below(60) {
            0..=14 => {
                scramble(&mut random, &mut text);
                now.text.clone_from(&text);
                check(&mut random, &text, Wanted::Model);
                now.case += 1;
            }
            15..=24 if is_taken => {
                if let Some(status) = damage(&mut random, &mut text) {
                    now.text.clone_from(&text);
                    check(&mut random, &text, Wanted::Refused(status));
                    now.case += 1;
                }
            }
            25 if is_taken => {
                for len in 1..text.trim_ascii_end().len() {
                    now.text = text[..len].to_vec();
                    let truncated = Wanted::Refused(status::ERR_JSON_TRUNCATED);
                    check(&mut random, &text[..len], truncated);
                }
                cut += 1;
            }
            _ => {}
        }
    }
    let shares = [
        ("taken", taken, 4),
        ("refused", refused, 8),
        ("with a base sum", base_sums, 20),
        ("with a version", versions, 20),
        ("cut at each byte", cut, 200),
    ];
    println!("{shares:?}");
    shares::check(now.case, &shares);
}
