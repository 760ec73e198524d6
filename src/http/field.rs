//! Field lines of a head: which are read, and what their values may be. Values are taken element by element of
//! their comma-separated list, byte by byte, so that a line may have any length.
#![forbid(unsafe_code)]

use super::forms::{BASE_MAX, PLACES, TREE, action, refusal};
use super::response::{Response, flag, state};
use crate::charset::Set;
use crate::error::{Error, Result};

/// In `Response::at`: nothing begins as the bytes so far.
pub(super) const NOWHERE: u8 = u8::MAX;

/// In `Response::element`: the field is skipped. Where no element begins.
pub(super) const SKIPPED: u8 = u8::MAX;

impl Response {
    /// Goes to the beginning of a line, `at` in the tree of forms.
    pub(super) fn begin_line(&mut self, at: u8) {
        self.at = at;
        self.depth = 0;
        self.digits = 0;
        self.refusal = 0;
    }

    /// What goes on in the form that the bytes so far belong to.
    pub(super) fn form(&self) -> &'static [u8] {
        let place = PLACES.get(usize::from(self.at));
        let at = place.map_or(0, |[_, start]| start.wrapping_add(self.depth));
        TREE.get(usize::from(at)..).unwrap_or_default()
    }

    /// Takes one byte of a field name, or the colon that ends it.
    pub(super) fn name_byte(&mut self, byte: u8) -> Result<()> {
        if byte != b':' || self.depth == 0 && self.at != NOWHERE {
            self.follow(byte);
            return if TOKEN.has(byte) {
                Ok(())
            } else {
                Err(Error::HTTP_SYNTAX)
            };
        }
        self.state = state::VALUE;
        self.element = SKIPPED;
        if self.follow(byte) && !self.has(flag::TRAILER) {
            self.element = self.at;
            self.element_depth = self.depth;
        }
        Ok(())
    }

    /// Takes one byte of a field value, the line end as its LF. Runs of white space count as one space.
    pub(super) fn value_byte(&mut self, byte: u8, before: u8) -> Result<()> {
        if byte == b'\n' {
            self.state = state::LINE;
        }
        if self.element == SKIPPED {
            return Ok(());
        }
        match byte {
            b'\n' | b',' => return self.end_element(),
            b' ' | b'\t' => self.before = b' ',
            _ => {
                let begun = self.at != self.element || self.depth != self.element_depth;
                if before == b' ' && (begun || self.digits != 0) {
                    self.follow(b' ');
                }
                self.follow(byte);
            }
        }
        Ok(())
    }

    /// Goes on in the forms by one byte; `false` when none goes on so, and then none will.
    // One copy for its calls.
    #[inline(never)]
    pub(super) fn follow(&mut self, byte: u8) -> bool {
        let mut at = usize::from(self.at);
        let Some(&[_, mut start]) = PLACES.get(at) else {
            return false;
        };
        let base = tree(start, self.depth);
        if base <= BASE_MAX {
            let digit = hex_digit(byte);
            if digit < base {
                return self.digit(digit, base);
            }
            if self.digits != 0 {
                // The number is over, and this byte comes behind it.
                self.digits = 0;
                self.depth = self.depth.wrapping_add(1);
            }
        }
        let depth = self.depth;
        loop {
            let form = tree(start, depth);
            // Bytes of a head that differ in this bit are letters; control characters were refused before.
            if form == byte || form == byte | 0x20 {
                break;
            }
            // The next form that has all bytes so far in common.
            loop {
                at = at.wrapping_add(1);
                let [common, next] = PLACES.get(at).copied().unwrap_or_default();
                if common == depth && next != 0 {
                    start = next;
                    break;
                }
                if common <= depth {
                    self.at = NOWHERE;
                    return false;
                }
            }
        }
        [self.at, ..] = at.to_le_bytes();
        self.depth = depth.wrapping_add(1);
        let code = tree(start, self.depth);
        if (refusal::SYNTAX..=refusal::CODING).contains(&code) {
            self.refusal = code;
            self.depth = self.depth.wrapping_add(1);
        }
        true
    }

    /// Takes a digit; a number beyond `u32`, or of more digits than anybody writes, has no form.
    fn digit(&mut self, digit: u8, base: u8) -> bool {
        if self.digits == 0 {
            self.begin_number(0);
        }
        self.digits = self.digits.wrapping_add(1);
        let most = if base == 16 { 8 } else { 30 };
        let [.., above] = self.numbers;
        // `checked_mul` would go through 64 bits. What has no room for a digit in base 10 has none in base 16.
        if self.digits <= most
            && above <= u32::MAX / 10
            && let Some(number) = above
                .wrapping_mul(u32::from(base))
                .checked_add(u32::from(digit))
        {
            self.numbers[2] = number;
            return true;
        }
        self.at = NOWHERE;
        false
    }

    fn begin_number(&mut self, number: u32) {
        let [_, second, third] = self.numbers;
        self.numbers = [second, third, number];
    }

    /// Kept apart: 16 bytes less on thumbv6m.
    #[inline(never)]
    fn end_element(&mut self) -> Result<()> {
        let behind = self.depth.wrapping_add(u8::from(self.digits != 0));
        let place = PLACES.get(usize::from(self.at));
        let action = place.map_or(0, |[_, start]| tree(*start, behind));
        self.at = self.element;
        self.depth = self.element_depth;
        self.digits = 0;
        let refusal = self.refusal;
        if refusal == refusal::SYNTAX {
            self.refusal = 0;
        }
        if self.take_element(action) {
            return Ok(());
        }
        match refusal {
            refusal::SYNTAX => Err(Error::HTTP_SYNTAX),
            refusal::LENGTH => Err(Error::HTTP_CONTENT_LENGTH),
            refusal::CODING => Err(Error::HTTP_TRANSFER_ENCODING),
            _ => Ok(()),
        }
    }

    /// Takes an element that has the form with this action. A second range or CRC that cannot be, a Content-Length that
    /// contradicts another: refused, since the body would be cut or land in the wrong place, or be damaged unseen.
    fn take_element(&mut self, action: u8) -> bool {
        if !(action::CLOSE..=action::TOTAL).contains(&action) {
            return false;
        }
        let [.., number] = self.numbers;
        let flag = 1_u32.wrapping_shl(u32::from(action));
        let before = self.flags;
        self.set(flag);
        if before & flag != 0 && action >= action::CONTENT_LENGTH {
            let [_, content_length, _] = self.values;
            return action == action::CONTENT_LENGTH && number == content_length;
        }
        let place = usize::from(action.wrapping_sub(action::RETRY_AFTER));
        if let Some(value) = self.values.get_mut(place) {
            *value = number;
        }
        if action < action::RANGE_OF_TOTAL {
            return true;
        }
        if action == action::RANGE {
            self.begin_number(u32::MAX);
        }
        self.range = self.numbers;
        let [first, last, total] = self.range;
        before & (flag::RANGE | flag::TOTAL) == 0
            && (action == action::TOTAL || (first <= last && last < total))
    }
}

/// A byte of a form, by where it would begin in the tree.
fn tree(start: u8, depth: u8) -> u8 {
    // The first forms begin at 0, none before it.
    let at = start.wrapping_add(depth);
    TREE.get(usize::from(at)).copied().unwrap_or_default()
}

/// Value of a hex digit in either case, 16 or more for another character.
pub(super) const fn hex_digit(byte: u8) -> u8 {
    let digit = byte.wrapping_sub(b'0');
    if digit <= 9 {
        return digit;
    }
    (byte | 0x20).wrapping_sub(b'a').saturating_add(10)
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
}
