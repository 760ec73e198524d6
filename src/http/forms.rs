//! What is read in a head, as one tree of texts: each byte goes one step down, and no text is kept.
//!
//! In a form `#` stands for a decimal and `$` for a hexadecimal number; small letters match capital ones too. A code ends
//! each form: what it does. A code on the way says with which error everything is refused that goes on differently.
#![forbid(unsafe_code)]

/// Codes at the end of a form: what it does. They are also the places of bits in `Response::flags`.
pub(super) mod action {
    pub const CLOSE: u8 = 0x11;
    pub const KEEP_ALIVE: u8 = 0x12;
    /// The first of those in `Response::values`.
    pub const RETRY_AFTER: u8 = 0x13;
    /// From here on none may come twice, this one with the same value only.
    pub const CONTENT_LENGTH: u8 = 0x14;
    pub const CRC32: u8 = 0x15;
    pub const CHUNKED: u8 = 0x16;
    pub const RANGE_OF_TOTAL: u8 = 0x17;
    /// A range of which the total is not given.
    pub const RANGE: u8 = 0x18;
    /// A total without range.
    pub const TOTAL: u8 = 0x19;
    pub const HTTP_1_0: u8 = 0x1A;
}

/// Codes on the way: the error.
pub(super) mod refusal {
    pub const SYNTAX: u8 = 0x1C;
    pub const LENGTH: u8 = 0x1D;
    pub const CODING: u8 = 0x1E;
}

/// Forms that begin alike stand together; those of the status line come last.
const FORMS: [&[u8]; 11] = [
    b"connection:close\x11",
    b"connection:keep-alive\x12",
    b"content-length:\x1D#\x14",
    b"content-range:bytes \x1C#-#/#\x17",
    b"content-range:bytes \x1C#-#/*\x18",
    b"content-range:bytes \x1C*/#\x19",
    b"digest:crc32=\x1C$\x15",
    b"retry-after:#\x13",
    b"transfer-encoding:\x1Echunked\x16",
    b"HTTP/1.0 #\x1A",
    b"HTTP/1.1 #\x1B",
];

/// Largest base of a number.
pub(super) const BASE_MAX: u8 = 16;

const LEN: usize = fold::<256>().1;

/// The forms one behind the other, each without what it has in common with the one before it, its numbers as their base.
pub(super) static TREE: [u8; LEN] = fold::<LEN>().0;

/// For each form, how many bytes it has in common with the one before it, and where it would begin in the tree with them.
pub(super) static PLACES: [[u8; 2]; FORMS.len()] = fold::<LEN>().2;

/// Where the names of fields begin.
pub(super) const FIELD: u8 = 0;

/// Where the status line begins.
pub(super) const STATUS: u8 = 9;

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn fold<const N: usize>() -> ([u8; N], usize, [[u8; 2]; FORMS.len()]) {
    let mut tree = [0; N];
    let mut places = [[0; 2]; FORMS.len()];
    let mut len: usize = 0;
    let mut before: &[u8] = &[];
    let mut at: usize = 0;
    while at < FORMS.len() {
        let form = FORMS[at];
        let mut depth: usize = 0;
        while depth < before.len() && before[depth] == form[depth] {
            depth = depth.wrapping_add(1);
        }
        let [common, ..] = depth.to_le_bytes();
        let [start, ..] = len.wrapping_sub(depth).to_le_bytes();
        places[at] = [common, start];
        while depth < form.len() {
            tree[len] = match form[depth] {
                b'#' => 10,
                b'$' => 16,
                byte => byte,
            };
            len = len.wrapping_add(1);
            depth = depth.wrapping_add(1);
        }
        before = form;
        at = at.wrapping_add(1);
    }
    (tree, len, places)
}
