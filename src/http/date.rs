// SPDX-License-Identifier: MIT OR Apache-2.0
//! The seconds of a date in a field, IMF-fixdate of RFC 9110 section 5.6.7, part by part as it is read. Only the difference of two dates
//! means something.
#![forbid(unsafe_code)]

use super::fields::{hex_digit, number};

const FIRST_YEAR: u32 = 1968;
const LAST_YEAR: u32 = 2099;
/// Quarters of a day in a year, on average.
const YEAR_QUARTERS: u32 = 4 * 365 + 1;

/// Each month: its letters as [`number::MONTH`] reads them, and in the lower bits the quarters of the days before it in a leap year. Three
/// more quarters hold the leap day back until its end, where the rest of [`YEAR_QUARTERS`] is rounded off.
static MONTHS: [u32; 12] = [
    month(*b"jan", 3),
    month(*b"feb", 31 * 4 + 3),
    month(*b"mar", 60 * 4),
    month(*b"apr", 91 * 4),
    month(*b"may", 121 * 4),
    month(*b"jun", 152 * 4),
    month(*b"jul", 182 * 4),
    month(*b"aug", 213 * 4),
    month(*b"sep", 244 * 4),
    month(*b"oct", 274 * 4),
    month(*b"nov", 305 * 4),
    month(*b"dec", 335 * 4),
];
const QUARTERS_BITS: u32 = 11;

const fn month([first, second, third]: [u8; 3], quarters: u32) -> u32 {
    let letters = ((hex_digit(first) + 1) as u32) << 12
        | ((hex_digit(second) + 1) as u32) << 6
        | (hex_digit(third) + 1) as u32;
    letters << QUARTERS_BITS | quarters
}

/// Adds a part of a date, one of [`number`] from the day on, to what the parts before it count: first in quarters of a day, after the
/// year in days, hours and so on. `None` for a month that does not exist, and a year outside of 1968 to 2099, where every fourth one is a
/// leap year. The other parts are taken as they are; none of this exceeds `u32` unless `before` was overwritten, and then it wraps.
pub(super) fn add(before: u32, form: u8, mut part: u32) -> Option<u32> {
    if form == number::YEAR {
        part = part.wrapping_sub(FIRST_YEAR);
    } else if form == number::MONTH {
        let month = MONTHS
            .iter()
            .find(|&month| month >> QUARTERS_BITS == part)?;
        return Some(before.wrapping_add(month % (1 << QUARTERS_BITS)));
    }
    if part > LAST_YEAR - FIRST_YEAR {
        return None;
    }
    Some(match form {
        number::NUMBER => part * 4,
        number::YEAR => before.wrapping_add(part * YEAR_QUARTERS),
        number::HOUR => (before / 4).wrapping_mul(24).wrapping_add(part),
        _ => before.wrapping_mul(60).wrapping_add(part),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn letters(name: [u8; 3]) -> u32 {
        month(name, 0) >> QUARTERS_BITS
    }

    fn seconds(
        day: u32,
        name: [u8; 3],
        year: u32,
        [hour, minute, second]: [u32; 3],
    ) -> Option<u32> {
        let parts = [
            (number::NUMBER, day),
            (number::MONTH, letters(name)),
            (number::YEAR, year),
            (number::HOUR, hour),
            (number::SIXTIETH, minute),
            (number::SIXTIETH, second),
        ];
        parts
            .iter()
            .try_fold(0, |before, &(form, part)| add(before, form, part))
    }

    #[test]
    fn each_day_is_a_day_after_the_one_before() {
        const LENGTHS: [([u8; 3], u32); 12] = [
            (*b"Jan", 31),
            (*b"Feb", 28),
            (*b"Mar", 31),
            (*b"Apr", 30),
            (*b"May", 31),
            (*b"Jun", 30),
            (*b"Jul", 31),
            (*b"Aug", 31),
            (*b"Sep", 30),
            (*b"Oct", 31),
            (*b"Nov", 30),
            (*b"Dec", 31),
        ];
        let mut days = Vec::new();
        for year in 1968..=2099 {
            for (name, len) in LENGTHS {
                let leap = u32::from(name == *b"Feb" && year % 4 == 0);
                days.extend((1..=len + leap).map(|day| seconds(day, name, year, [0; 3]).unwrap()));
            }
        }
        assert!(days.is_sorted_by(|before, day| day - before == 86_400));
        assert_eq!(days.len(), 132 * 365 + 33);
    }

    #[test]
    fn counts_hours_minutes_and_seconds() {
        let at = |time| seconds(6, *b"nov", 1994, time).unwrap();
        assert_eq!(at([8, 49, 37]) - at([0; 3]), 8 * 3600 + 49 * 60 + 37);
    }

    #[test]
    fn refuses_other_months_and_years() {
        for (name, year) in [
            (*b"jan", 1967),
            (*b"jan", 2100),
            (*b"jan", 0),
            (*b"jan", u32::MAX),
            (*b"jam", 1994),
            (*b"xxx", 1994),
        ] {
            assert_eq!(seconds(1, name, year, [0; 3]), None);
        }
    }
}
