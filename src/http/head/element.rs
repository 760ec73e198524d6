// SPDX-License-Identifier: MIT OR Apache-2.0
//! Names and elements of values: the way through the tree of [`super::super::fields`], and what an element says at its end.
#![forbid(unsafe_code)]

use super::{Head, flag};
use crate::error::{Error, Result};
use crate::http::date;
use crate::http::fields::{BRANCHES, NOWHERE, TREE, action, hex_digit, number, refusal};

impl Head {
    /// The byte at this place of the tree; a refusal found there holds from now on.
    fn form(&mut self) -> u8 {
        let form = tree(self.place);
        if !(refusal::FIRMWARE..=refusal::CONTENT_ENCODING).contains(&form) {
            return form;
        }
        self.refusal = form;
        self.place += 1;
        tree(self.place)
    }

    /// Goes on in the tree by one byte; to nowhere if there is no way on.
    // Not inlined: one copy serves all callers.
    #[inline(never)]
    pub(super) fn follow(&mut self, byte: u8) {
        let form = self.form();
        if is_number(form) {
            let digit = hex_digit(byte);
            let limit = match form {
                number::HEX => 16,
                number::MONTH => 36,
                _ => 10,
            };
            if digit < limit {
                return self.digit(form, digit);
            }
            if self.has_digit != 0 {
                // The number has ended, and this byte follows it.
                self.has_digit = 0;
                self.place += 1;
                if form >= number::NUMBER {
                    self.end_date_part(form);
                }
            }
        }
        // In a form only letters differ from each other in this bit, and control characters have been refused before.
        let byte = byte | 0x20;
        let mut place = self.place;
        let mut branches = BRANCHES.iter();
        // A branch that starts where another one leads comes after it in the list.
        while tree(place) != byte {
            let Some(&[_, to]) = branches.find(|&&[from, _]| from == place) else {
                self.place = NOWHERE;
                return;
            };
            place = to;
        }
        self.place = place + 1;
    }

    /// Takes a digit; a number above `u32` has no form.
    fn digit(&mut self, form: u8, digit: u8) {
        let index = usize::from(form - 1).min(3);
        let Some(number) = self.numbers.get_mut(index) else {
            return;
        };
        if self.has_digit == 0 {
            self.has_digit = 1;
            *number = 0;
        }
        if form == number::MONTH {
            *number = *number << 6 | u32::from(digit + 1);
            return;
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

    /// Takes a part of a date.
    fn end_date_part(&mut self, form: u8) {
        let [.., part] = self.numbers;
        if let Some(parts) = date::add(self.date_parts, form, part) {
            self.date_parts = parts;
        } else {
            self.place = NOWHERE;
        }
    }

    /// Takes the element that ends here, and goes on to the beginning of the next one.
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
            refusal::CONTENT_ENCODING => self.flags |= flag::CODED,
            _ => {}
        }
        Ok(())
    }

    /// Takes an element that ends at this byte of the tree. `false` if it has no known form, or contradicts another one: the body could
    /// then be cut, land in the wrong place, or be damaged unnoticed.
    fn take_element(&mut self, form: u8) -> bool {
        if !(action::CLOSE..=action::IDENTITY).contains(&form) {
            return false;
        }
        let before = self.flags;
        let is_first = !self.has(flag::of(form));
        self.flags |= flag::of(form);
        let [first, last, total, number] = self.numbers;
        let has_range = before & (flag::RANGE_OF_TOTAL | flag::RANGE | flag::TOTAL) != 0;
        match form {
            action::CLOSE | action::KEEP_ALIVE | action::IDENTITY => true,
            action::RETRY_AFTER => {
                self.retry_after = self.retry_after.max(number);
                true
            }
            action::RETRY_DATE => {
                self.retry_date = self.retry_date.max(self.date_parts);
                true
            }
            action::DATE => {
                self.date = self.date_parts;
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

/// The byte at this place of the tree; 0 after its end.
pub(super) fn tree(place: u8) -> u8 {
    TREE.get(usize::from(place)).copied().unwrap_or_default()
}

/// Whether a byte of the tree stands for a number.
const fn is_number(form: u8) -> bool {
    form != 0 && form <= number::SIXTIETH
}
