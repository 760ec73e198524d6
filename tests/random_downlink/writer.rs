// SPDX-License-Identifier: MIT OR Apache-2.0
//! Packs that are mostly valid, each in one style of writing, and packs that may break a rule of SenML.

use base64::Engine;

use crate::model::{BASE_NAMES, Random};
use crate::words::{
    BAD_VERSIONS, INNER_NAMES, LOW_VERSIONS, MUST_UNDERSTAND, NAMES, NO_NAMES, NUMBERS, TEXTS,
    UNITS, UNKNOWN, VERSIONS,
};

pub type Pack = Vec<Vec<(String, String)>>;

/// Makes packs that are mostly valid, each in one style of writing.
pub struct Writer<'r> {
    pub random: &'r mut Random,
    /// One in this many characters is escaped unnecessarily; 0 for none.
    pub escapes: usize,
    /// The same for white space between tokens.
    pub spaces: usize,
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

    pub fn pack(&mut self) -> Pack {
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

    pub fn write(&mut self, pack: &Pack) -> String {
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
    pub fn breach(&mut self, pack: &mut Pack) {
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
