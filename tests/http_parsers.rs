// SPDX-License-Identifier: MIT OR Apache-2.0
//! The test cases of other parsers, through the C functions: `tests/vectors/http/parsers.md` says what they do with
//! each response, what is done here, and why it differs.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::std_instead_of_core,
    reason = "a test may panic, and runs on a host"
)]

#[path = "common/response.rs"]
mod driver;

use driver::{Response, read, status};
use std::path::Path;
use std::{fs, iter};

#[derive(Clone, PartialEq, Eq, Debug)]
enum Verdict {
    Taken(Option<Whole>),
    Cut,
    Refused,
}

/// A response with its end, as far as that is given.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Whole {
    end: End,
    body: Vec<u8>,
    left: usize,
}

/// What becomes of the connection, from the most to the least permissive.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum End {
    Kept,
    Closed,
    AtClose,
}

#[derive(PartialEq, Eq, Debug)]
enum Difference {
    Same,
    Stricter,
    Laxer,
}

struct Row {
    case: String,
    raw: Vec<u8>,
    theirs: Verdict,
    ours: Verdict,
    difference: Difference,
    why: String,
}

/// The bytes that a text stands for, `\x7c` for one of them and `{3*ab}` for `ababab`.
fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (taken, piece) = match first {
            '\\' => match rest.get(1..2).unwrap() {
                "r" => (2, vec![b'\r']),
                "n" => (2, vec![b'\n']),
                "t" => (2, vec![b'\t']),
                "x" => (
                    4,
                    vec![u8::from_str_radix(rest.get(2..4).unwrap(), 16).unwrap()],
                ),
                other => panic!("{other} behind a backslash in {text}"),
            },
            '{' => {
                let (inside, _) = rest.split_once('}').unwrap();
                let (count, repeated) = inside.get(1..).unwrap().split_once('*').unwrap();
                let piece = self::bytes(repeated).repeat(count.parse().unwrap());
                (inside.len() + 1, piece)
            }
            plain => (plain.len_utf8(), plain.to_string().into_bytes()),
        };
        bytes.extend(piece);
        rest = rest.get(taken..).unwrap();
    }
    bytes
}

fn unquote(cell: &str) -> &str {
    let text = cell
        .strip_prefix('`')
        .and_then(|text| text.strip_suffix('`'));
    text.unwrap_or_else(|| panic!("no backticks around {cell}"))
}

fn verdict(cell: &str) -> Verdict {
    match unquote(cell) {
        "taken" => return Verdict::Taken(None),
        "cut" => return Verdict::Cut,
        "refused" => return Verdict::Refused,
        _ => {}
    }
    let (end, rest) = unquote(cell).split_once(" \"").unwrap();
    let end = match end {
        "taken kept" => End::Kept,
        "taken closed" => End::Closed,
        "taken at close" => End::AtClose,
        other => panic!("{other}: no verdict"),
    };
    let (body, left) = rest.rsplit_once('"').unwrap();
    let left = left
        .strip_prefix(", ")
        .and_then(|left| left.strip_suffix(" left"));
    Verdict::Taken(Some(Whole {
        end,
        body: bytes(body),
        left: left.map_or(0, |left| left.parse().unwrap()),
    }))
}

fn page() -> String {
    let path = "tests/vectors/http/parsers.md";
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn rows(page: &str) -> Vec<Row> {
    let lines = page.lines().filter(|line| line.starts_with('|'));
    let rows = lines.filter(|line| !line.starts_with("| of ") && !line.starts_with("|--"));
    rows.map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let ["", of, case, raw, theirs, ours, difference, why, ""] = cells[..] else {
            panic!("seven cells in {line}");
        };
        assert!(
            of.split(' ')
                .all(|parser| ["L", "H", "P"].contains(&parser)),
            "{line}"
        );
        Row {
            case: format!("{of}, {case}, {raw}"),
            raw: bytes(unquote(raw)),
            theirs: verdict(theirs),
            ours: verdict(ours),
            difference: match difference {
                "same" => Difference::Same,
                "stricter" => Difference::Stricter,
                "laxer" => Difference::Laxer,
                other => panic!("{other}: no difference"),
            },
            why: why.to_owned(),
        }
    })
    .collect()
}

/// What the C functions do with these pieces, after which the connection is closed.
fn judge<'a>(
    pieces: impl Iterator<Item = &'a [u8]> + Clone,
    len: usize,
    capacity: usize,
) -> Verdict {
    let mut response = Response::begin(capacity);
    let mut at_close = true;
    for piece in pieces.clone() {
        if response.feed(piece).0 != status::NEED_MORE {
            at_close = false;
            break;
        }
    }
    response.restart();
    let seen = read(&mut response, pieces);
    match seen.result {
        status::OK => Verdict::Taken(Some(Whole {
            end: if at_close {
                assert!(!seen.keep_alive);
                End::AtClose
            } else if seen.keep_alive {
                End::Kept
            } else {
                End::Closed
            },
            body: seen.body.unwrap(),
            left: len - seen.used,
        })),
        status::ERR_HTTP_TRUNCATED => Verdict::Cut,
        refused => {
            assert!((-49..=-40).contains(&refused), "{refused}");
            Verdict::Refused
        }
    }
}

/// How our verdict compares with theirs.
fn difference(theirs: &Verdict, ours: &Verdict) -> Difference {
    match (theirs, ours) {
        (Verdict::Taken(Some(theirs)), Verdict::Taken(Some(ours))) => {
            assert_eq!((&theirs.body, theirs.left), (&ours.body, ours.left));
            match theirs.end.cmp(&ours.end) {
                std::cmp::Ordering::Less => Difference::Stricter,
                std::cmp::Ordering::Equal => Difference::Same,
                std::cmp::Ordering::Greater => Difference::Laxer,
            }
        }
        (Verdict::Taken(None), Verdict::Taken(_))
        | (Verdict::Cut, Verdict::Cut)
        | (Verdict::Refused, Verdict::Refused) => Difference::Same,
        (Verdict::Taken(_), _) | (Verdict::Cut, Verdict::Refused) => Difference::Stricter,
        (Verdict::Refused | Verdict::Cut, _) => Difference::Laxer,
    }
}

#[test]
fn each_response_is_judged_as_the_page_says_in_every_split() {
    for Row {
        case, raw, ours, ..
    } in rows(&page())
    {
        let capacity = match &ours {
            Verdict::Taken(Some(whole)) => whole.body.len(),
            _ => 1000,
        };
        let check = |pieces: &mut dyn Iterator<Item = &[u8]>, how: &str| {
            let pieces: Vec<&[u8]> = pieces.collect();
            let verdict = judge(pieces.iter().copied(), raw.len(), capacity);
            assert_eq!(verdict, ours, "{case}, {how}");
        };
        check(&mut iter::once(&raw[..]), "whole");
        for len in [1, 2, 3, 7, 64, 1000] {
            check(&mut raw.chunks(len), &format!("in pieces of {len}"));
        }
        // A large one repeats itself.
        let step = if raw.len() > 2000 { 97 } else { 1 };
        for at in (0..=raw.len().min(600)).step_by(step) {
            let (left, right) = raw.split_at(at);
            check(&mut [left, right].into_iter(), &format!("split at {at}"));
        }
    }
}

#[test]
fn each_difference_is_called_by_its_name_and_has_a_reason() {
    let page = page();
    let rows = rows(&page);
    for row in &rows {
        let found = difference(&row.theirs, &row.ours);
        assert_eq!(found, row.difference, "{}", row.case);
        assert_eq!(
            row.why.is_empty(),
            found == Difference::Same,
            "{}",
            row.case
        );
    }
    let count = |difference| {
        rows.iter()
            .filter(|row| row.difference == difference)
            .count()
    };
    let sums = format!(
        "{} rows, {} same, {} stricter, {} laxer",
        rows.len(),
        count(Difference::Same),
        count(Difference::Stricter),
        count(Difference::Laxer)
    );
    assert!(page.contains(&sums), "{sums}");
    for parser in ["L", "H", "P"] {
        let of = rows
            .iter()
            .filter(|row| row.case.split(',').next().unwrap().contains(parser));
        assert!(of.count() > 40, "{parser}");
    }
}
