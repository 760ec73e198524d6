//! Head and trailer section, RFC 9112 sections 2 to 5: the status line and the field lines, byte by byte, so that a line
//! may have any length. Nothing is kept but numbers.
//!
//! What is read leniently, and nothing else is:
//! - One empty line before the status line, RFC 9112 section 2.2.
//! - A bare LF as the end of a line, RFC 9112 section 2.2.
//! - A status line without reason phrase, or also without the space before it.
//! - HTTP/1.2 to HTTP/1.9 as HTTP/1.1, RFC 9110 section 2.5.
//! - A folded line as a space, RFC 9112 section 5.2; not in front of the first field line.
//! - Empty elements in a list, RFC 9110 section 5.6.1.2; a framing field needs one that is not empty in each line.
//!
//! A bare CR, another control character and white space before a colon are refused.
#![forbid(unsafe_code)]

use super::fields::{BRANCHES, NAMES, NOWHERE, TREE, action, number, refusal};
use crate::charset::Set;
use crate::error::{Error, Result};

/// Largest head in bytes, the heads of skipped 1xx responses included; a trailer section may be as large again.
pub const HEAD_MAX: u16 = 8192;

/// What the next byte belongs to.
mod phase {
    /// The status line, up to the status.
    pub const STATUS: u8 = 0x01;
    /// What follows the status.
    pub const REASON: u8 = 0x02;
    /// A field name.
    pub const NAME: u8 = 0x03;
    /// The value of a field that is not read.
    pub const SKIPPED: u8 = 0x04;
    /// A value, where the next element may begin.
    pub const ELEMENT: u8 = 0x05;
    /// An element.
    pub const VALUE: u8 = 0x06;
    /// White space behind an element, or inside it.
    pub const SPACE: u8 = 0x07;

    /// With `REASON` to `SPACE`: the line is over, and what comes next is another one or the rest of a folded one.
    pub const ENDED: u8 = 0x40;
    /// With each of them: a CR was read, behind which only LF may come.
    pub const AFTER_CR: u8 = 0x80;

    /// The first field line, which cannot be the rest of a folded one.
    pub const FIRST_LINE: u8 = REASON | ENDED;
}

/// What was found in the head. An [`action`] is found with the bit in the place of its code less 0x10.
pub(super) mod flag {
    use crate::http::fields::action;

    pub const CLOSE: u16 = of(action::CLOSE);
    pub const KEEP_ALIVE: u16 = of(action::KEEP_ALIVE);
    pub const RETRY_AFTER: u16 = of(action::RETRY_AFTER);
    pub const CONTENT_LENGTH: u16 = of(action::CONTENT_LENGTH);
    pub const CHUNKED: u16 = of(action::CHUNKED);
    pub const CRC32: u16 = of(action::CRC32);
    pub const RANGE_OF_TOTAL: u16 = of(action::RANGE_OF_TOTAL);
    pub const RANGE: u16 = of(action::RANGE);
    pub const TOTAL: u16 = of(action::TOTAL);
    /// A field for firmware is malformed, or there twice.
    pub const FIRMWARE_REFUSED: u16 = 1 << 9;
    pub const HTTP_1_0: u16 = 1 << 10;
    /// The one empty line before the status line was read.
    pub const EMPTY_LINE: u16 = 1 << 11;
    /// This is the trailer section.
    pub const TRAILER: u16 = 1 << 12;

    pub const fn of(action: u8) -> u16 {
        1 << (action & 0xF)
    }
}

/// The status line up to the status, RFC 9112 section 4; `#` is a digit.
static STATUS_LINE: [u8; 12] = *b"HTTP/1.# ###";

/// State of the reader and what it has found: plain numbers, every bit pattern is valid.
#[repr(C)]
#[derive(Debug)]
pub struct Head {
    /// One of [`phase`].
    phase: u8,
    /// Place in [`STATUS_LINE`], or in [`TREE`].
    place: u8,
    /// Place in [`TREE`] where an element of this field begins.
    element: u8,
    /// One of [`refusal`], or 0.
    refusal: u8,
    /// Whether the number at this place has a digit.
    has_digit: u8,
    /// Whether this line has an element.
    has_element: u8,
    status: u16,
    /// Bytes that may still come.
    room: u16,
    pub(super) flags: u16,
    /// First, last and total of a range, and the number of any other element.
    numbers: [u32; 4],
    pub(super) content_length: u32,
    pub(super) retry_after: u32,
    pub(super) crc32: u32,
}

impl Head {
    /// All zeros.
    pub(super) const fn none() -> Self {
        Self {
            phase: 0,
            place: 0,
            element: 0,
            refusal: 0,
            has_digit: 0,
            has_element: 0,
            status: 0,
            room: 0,
            flags: 0,
            numbers: [0; 4],
            content_length: 0,
            retry_after: 0,
            crc32: 0,
        }
    }

    /// Starts to read a head, in memory that is all zeros.
    pub(super) const fn begin(&mut self) {
        self.room = HEAD_MAX;
        self.phase = phase::STATUS;
    }

    /// Starts to read the head that follows a 1xx response, and forgets what that one said.
    pub(super) const fn begin_next(&mut self) {
        self.phase = phase::STATUS;
        self.place = 0;
        self.status = 0;
        self.flags &= flag::EMPTY_LINE;
    }

    /// Starts to read a trailer section, in which no field is read.
    pub(super) const fn begin_trailer(&mut self) {
        self.phase = phase::FIRST_LINE;
        self.room = HEAD_MAX;
        self.flags |= flag::TRAILER;
    }

    pub(super) const fn has(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    /// The status, 200 or more; 0 as long as the line was not read, and for a 1xx response.
    pub(super) const fn status(&self) -> u16 {
        if self.phase & !phase::AFTER_CR == phase::STATUS || self.status < 200 {
            0
        } else {
            self.status
        }
    }

    /// First, last and total of the range.
    pub(super) const fn range(&self) -> [u32; 3] {
        let [first, last, total, _] = self.numbers;
        [first, last, total]
    }

    /// Reads on, from the front of the input; `true` behind the empty line that ends the section.
    pub(super) fn read(&mut self, input: &mut &[u8]) -> Result<bool> {
        let (mut rest, beyond) = input
            .split_at_checked(usize::from(self.room))
            .unwrap_or((*input, &[]));
        let len = rest.len();
        let ended = loop {
            rest = self.run(rest);
            let Some((&byte, behind)) = rest.split_first() else {
                break false;
            };
            rest = behind;
            if self.byte(byte)? {
                break true;
            }
        };
        let used = len - rest.len();
        self.room -= u16::try_from(used).unwrap_or_default();
        *input = input.get(used..).unwrap_or_default();
        if ended || beyond.is_empty() {
            Ok(ended)
        } else {
            Err(Error::HTTP_HEAD_TOO_LARGE)
        }
    }

    /// Reads the bytes at the front that change nothing but the place, and gives the rest.
    fn run<'a>(&mut self, rest: &'a [u8]) -> &'a [u8] {
        match self.phase {
            phase::REASON | phase::SKIPPED => skip_text(rest),
            phase::NAME | phase::VALUE if self.place == NOWHERE => skip_letters(rest),
            phase::NAME | phase::VALUE => self.run_in_form(rest),
            _ => rest,
        }
    }

    /// Goes on in the tree as long as the bytes are those of the form.
    fn run_in_form<'a>(&mut self, mut rest: &'a [u8]) -> &'a [u8] {
        let mut place = usize::from(self.place);
        while let Some((&byte, behind)) = rest.split_first()
            && let Some(&form) = TREE.get(place)
            && form == byte.to_ascii_lowercase()
            && form > b' '
            && form != b':'
        {
            place += 1;
            rest = behind;
        }
        self.place = place.to_le_bytes()[0];
        rest
    }

    /// Takes one byte; `true` behind the end of the section.
    fn byte(&mut self, byte: u8) -> Result<bool> {
        if self.phase & phase::AFTER_CR != 0 {
            if byte != b'\n' {
                return Err(Error::HTTP_SYNTAX);
            }
            self.phase &= !phase::AFTER_CR;
        } else if byte == b'\r' {
            self.phase |= phase::AFTER_CR;
            return Ok(false);
        } else if byte.is_ascii_control() && byte != b'\n' && byte != b'\t' {
            return Err(Error::HTTP_SYNTAX);
        }
        if self.phase & phase::ENDED != 0 {
            return self.next_line(byte);
        }
        match self.phase {
            phase::STATUS => self.status_byte(byte),
            phase::NAME => self.name_byte(byte),
            _ => self.value_byte(byte),
        }?;
        Ok(false)
    }

    /// Takes one byte of the status line, up to the one behind the status.
    fn status_byte(&mut self, byte: u8) -> Result<()> {
        let Some(&expected) = STATUS_LINE.get(usize::from(self.place)) else {
            if self.status < 100 || (byte != b' ' && byte != b'\n') {
                return Err(Error::HTTP_SYNTAX);
            }
            self.phase = phase::REASON;
            return self.value_byte(byte);
        };
        let digit = byte.wrapping_sub(b'0');
        if expected == b'#' && digit < 10 {
            self.status = self.status * 10 + u16::from(digit);
        } else if expected != byte {
            if byte == b'\n' && self.place == 0 && !self.has(flag::EMPTY_LINE) {
                self.flags |= flag::EMPTY_LINE;
                return Ok(());
            }
            return Err(Error::HTTP_SYNTAX);
        } else if byte == b' ' {
            // So far it is the digit of the version.
            if self.status == 0 {
                self.flags |= flag::HTTP_1_0;
            }
            self.status = 0;
        }
        self.place += 1;
        Ok(())
    }

    /// Takes the first byte of a line; `true` when it is the empty one.
    fn next_line(&mut self, byte: u8) -> Result<bool> {
        let before = self.phase & !phase::ENDED;
        if byte == b' ' || byte == b'\t' {
            if before == phase::REASON {
                return Err(Error::HTTP_SYNTAX);
            }
            self.phase = before;
            self.value_byte(byte)?;
            return Ok(false);
        }
        // A line without any element has one that is empty.
        if before >= phase::VALUE || (before == phase::ELEMENT && self.has_element == 0) {
            self.end_element()?;
        }
        if byte == b'\n' {
            return Ok(true);
        }
        self.phase = phase::NAME;
        self.place = if self.has(flag::TRAILER) {
            NOWHERE
        } else {
            NAMES
        };
        // A colon is no character of a name, so that no name is empty.
        self.name_character(byte)?;
        Ok(false)
    }

    /// Takes one byte of a field name, or the colon behind it.
    fn name_byte(&mut self, byte: u8) -> Result<()> {
        if byte != b':' {
            return self.name_character(byte);
        }
        self.follow(byte);
        self.phase = if self.place == NOWHERE {
            phase::SKIPPED
        } else {
            phase::ELEMENT
        };
        self.element = self.place;
        self.has_element = 0;
        Ok(())
    }

    fn name_character(&mut self, byte: u8) -> Result<()> {
        if !TOKEN.has(byte) {
            return Err(Error::HTTP_SYNTAX);
        }
        self.follow(byte);
        Ok(())
    }

    /// Takes one byte of a value or of the reason phrase, the line end as its LF. White space inside an element counts as
    /// one space.
    fn value_byte(&mut self, byte: u8) -> Result<()> {
        if byte == b'\n' {
            self.phase |= phase::ENDED;
        } else if self.phase < phase::ELEMENT {
            // Not read.
        } else if byte == b',' {
            if self.phase != phase::ELEMENT {
                self.end_element()?;
                self.has_element = 1;
                self.phase = phase::ELEMENT;
            }
        } else if byte == b' ' || byte == b'\t' {
            if self.phase == phase::VALUE {
                self.phase = phase::SPACE;
            }
        } else {
            if self.phase == phase::SPACE {
                self.follow(b' ');
            }
            self.phase = phase::VALUE;
            self.follow(byte);
        }
        Ok(())
    }

    /// The byte at this place of the tree; a refusal there holds from now on.
    fn form(&mut self) -> u8 {
        let form = tree(self.place);
        if !(refusal::FIRMWARE..=refusal::TRANSFER_ENCODING).contains(&form) {
            return form;
        }
        self.refusal = form;
        self.place += 1;
        tree(self.place)
    }

    /// Goes on in the tree by one byte, to nowhere when there is no way on.
    // One copy for its calls.
    #[inline(never)]
    fn follow(&mut self, byte: u8) {
        let form = self.form();
        if is_number(form) {
            let digit = hex_digit(byte);
            if digit < if form == number::HEX { 16 } else { 10 } {
                return self.digit(form, digit);
            }
            if self.has_digit != 0 {
                // The number is over, and this byte comes behind it.
                self.has_digit = 0;
                self.place += 1;
            }
        }
        let byte = byte.to_ascii_lowercase();
        let mut place = self.place;
        let mut branches = BRANCHES.iter();
        // A branch from where another one leads stands behind that one.
        while tree(place) != byte {
            let Some(&[_, to]) = branches.find(|&&[from, _]| from == place) else {
                self.place = NOWHERE;
                return;
            };
            place = to;
        }
        self.place = place + 1;
    }

    /// Takes a digit; a number beyond `u32` has no form.
    fn digit(&mut self, form: u8, digit: u8) {
        let index = usize::from(form - 1).min(3);
        let Some(number) = self.numbers.get_mut(index) else {
            return;
        };
        if self.has_digit == 0 {
            self.has_digit = 1;
            *number = 0;
        }
        let (base, largest) = if form == number::HEX {
            (16, u32::MAX / 16)
        } else {
            (10, u32::MAX / 10)
        };
        // `checked_mul` would go through 64 bits.
        if *number <= largest
            && let Some(sum) = (*number * base).checked_add(u32::from(digit))
        {
            *number = sum;
        } else {
            self.place = NOWHERE;
        }
    }

    /// Takes the element that ends here, and goes to where the next one begins.
    #[inline(never)]
    fn end_element(&mut self) -> Result<()> {
        let mut form = self.form();
        if is_number(form) && self.has_digit != 0 {
            form = tree(self.place + 1);
        }
        let refusal = self.refusal;
        self.place = self.element;
        self.has_digit = 0;
        self.refusal = 0;
        if self.take_element(form) {
            return Ok(());
        }
        match refusal {
            refusal::CONTENT_LENGTH => return Err(Error::HTTP_CONTENT_LENGTH),
            refusal::TRANSFER_ENCODING => return Err(Error::HTTP_TRANSFER_ENCODING),
            refusal::FIRMWARE => self.flags |= flag::FIRMWARE_REFUSED,
            _ => {}
        }
        Ok(())
    }

    /// Takes an element that ends in this byte of the tree; `false` when it has no form, or contradicts another one: then
    /// the body would be cut or land in the wrong place, or be damaged unseen.
    fn take_element(&mut self, form: u8) -> bool {
        if !(action::CLOSE..=action::TOTAL).contains(&form) {
            return false;
        }
        let before = self.flags;
        let is_first = !self.has(flag::of(form));
        self.flags |= flag::of(form);
        let [first, last, total, number] = self.numbers;
        let has_range = before & (flag::RANGE_OF_TOTAL | flag::RANGE | flag::TOTAL) != 0;
        match form {
            action::CLOSE | action::KEEP_ALIVE => true,
            action::RETRY_AFTER => {
                if is_first || self.retry_after < number {
                    self.retry_after = number;
                }
                true
            }
            action::CONTENT_LENGTH => {
                if is_first {
                    self.content_length = number;
                }
                self.content_length == number
            }
            action::CHUNKED => is_first,
            action::CRC32 => {
                self.crc32 = number;
                is_first
            }
            action::RANGE_OF_TOTAL => !has_range && first <= last && last < total,
            action::RANGE => !has_range && first <= last && last < u32::MAX,
            _ => !has_range,
        }
    }
}

/// A byte of the tree, 0 where there is none.
fn tree(place: u8) -> u8 {
    TREE.get(usize::from(place)).copied().unwrap_or_default()
}

/// Whether a byte of the tree stands for a number.
const fn is_number(form: u8) -> bool {
    form != 0 && form <= number::HEX
}

/// Value of a hex digit in either case, 16 or more for another character.
pub(super) const fn hex_digit(byte: u8) -> u8 {
    let digit = byte.wrapping_sub(b'0');
    if digit <= 9 {
        return digit;
    }
    (byte | 0x20).wrapping_sub(b'a').saturating_add(10)
}

/// Skips characters up to a control character.
fn skip_text(mut rest: &[u8]) -> &[u8] {
    #[cfg(kpn_unaligned)]
    while let Some((&word, behind)) = rest.split_first_chunk()
        && is_text(u32::from_le_bytes(word))
    {
        rest = behind;
    }
    while let Some((&byte, behind)) = rest.split_first()
        && byte >= b' '
        && byte != 0x7F
    {
        rest = behind;
    }
    rest
}

/// Whether four bytes are ASCII and no control characters: bit 7 of each sum is set where its byte is at least a space, or
/// is not DEL. A byte beyond ASCII may spoil the sum above it, but is none of them itself.
#[cfg(kpn_unaligned)]
const fn is_text(word: u32) -> bool {
    let no_control = word.wrapping_add(0x6060_6060);
    let no_delete = (word ^ 0x7F7F_7F7F).wrapping_add(0x7F7F_7F7F);
    no_control & no_delete & !word & 0x8080_8080 == 0x8080_8080
}

/// Skips letters and hyphens, of which most names and options are made.
fn skip_letters(mut rest: &[u8]) -> &[u8] {
    while let Some((&byte, behind)) = rest.split_first()
        && ((byte | 0x20).wrapping_sub(b'a') < 26 || byte == b'-')
    {
        rest = behind;
    }
    rest
}

/// Characters of a token, RFC 9110 section 5.6.2: visible ones but the delimiters.
static TOKEN: Set = Set::alphanumeric_and(b"!#$%&'*+-.^_`|~");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_characters_are_the_visible_ones_but_the_delimiters() {
        for byte in 0..=u8::MAX {
            let delimiter = b"\"(),/:;<=>?@[\\]{}".contains(&byte);
            let token = byte.is_ascii_graphic() && !delimiter;
            assert_eq!(TOKEN.has(byte), token, "{byte:#x}");
        }
    }

    #[test]
    fn text_is_skipped_up_to_a_control_character_wherever_it_stands() {
        for byte in 0..=u8::MAX {
            for at in 0..12 {
                let mut bytes = *b"abc~ z\x80yx\xff!-";
                bytes[at] = byte;
                let rest = skip_text(&bytes);
                let skipped = if byte.is_ascii_control() { at } else { 12 };
                assert_eq!(rest.len(), 12 - skipped, "{byte:#x} {at}");
            }
        }
    }
}
