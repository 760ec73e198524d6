//! The elements of the fields that are read: the way through the tree of fields, and what is found at its end.
#![forbid(unsafe_code)]

use super::super::fields::{BRANCHES, NOWHERE, action, number, refusal};
use super::{Head, flag, hex_digit, tree};
use crate::error::{Error, Result};

impl Head {
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
    pub(super) fn follow(&mut self, byte: u8) {
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
        // In a form only letters differ from others in this bit, and control characters were refused before.
        let byte = byte | 0x20;
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
    pub(super) fn digit(&mut self, form: u8, digit: u8) {
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
    pub(super) fn end_element(&mut self) -> Result<()> {
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
            action::TOTAL => !has_range,
            _ => {
                let end = if form == action::RANGE {
                    u32::MAX
                } else {
                    total
                };
                !has_range && first <= last && last < end
            }
        }
    }
}

/// Whether a byte of the tree stands for a number.
const fn is_number(form: u8) -> bool {
    form != 0 && form <= number::HEX
}
