// SPDX-License-Identifier: MIT OR Apache-2.0
//! Device URNs, which KPN Things uses as base names (RFC 9039 has the scheme `urn:dev`).
//!
//! Building a URN is strict, checking one is not: KPN's documentation itself shows an IMEI with a wrong check digit and
//! one with hexadecimal digits. The platform's registration decides what a base name must be, and [`check`] only
//! enforces SenML's alphabet and the ending colon.
#![forbid(unsafe_code)]

use crate::buf::Buf;
use crate::error::{Error, Result};
use crate::senml::name;

/// Longest device URN accepted, in bytes, including its ending colon. The longest kind that KPN uses has 53.
pub const URN_MAX: usize = 96;

/// Digits of an IMEI.
pub const IMEI_LEN: usize = 15;
/// Characters of a UUID.
pub const UUID_LEN: usize = 36;
/// Hexadecimal digits of a `DevEUI`.
pub const DEV_EUI_LEN: usize = 16;

const IMEI: &[u8] = b"urn:dev:IMEI:";
const UUID: &[u8] = b"urn:dev:DVNUUID:";
const DEV_EUI: &[u8] = b"urn:dev:DEVEUI:";

/// Devices with a SIM, devices on the Internet, `LoRa` devices.
static KINDS: [&[u8]; 3] = [IMEI, UUID, DEV_EUI];

/// Checks a base name: one of KPN's kinds, or anything else that SenML allows.
///
/// Fails with [`Error::SENML_NAME`] outside RFC 8428's alphabet (a letter or digit, then letters, digits and `- : . /
/// _`), with [`Error::URN`] above [`URN_MAX`] bytes, and if one of KPN's kinds (recognised by its prefix, in KPN's own
/// case) has no identifier or does not end in a colon. RFC 8428 section 4.5.1.
pub fn check(urn: &[u8]) -> Result<()> {
    name::check(urn, b"")?;
    if urn.len() > URN_MAX {
        return Err(Error::URN);
    }
    for prefix in &KINDS {
        if let Some(identifier) = urn.strip_prefix(*prefix) {
            return match identifier {
                [first, .., b':'] if *first != b':' => Ok(()),
                _ => Err(Error::URN),
            };
        }
    }
    Ok(())
}

/// Writes `urn:dev:IMEI:<imei>:`.
///
/// Fails with [`Error::URN`] when `imei` is not 15 digits, with [`Error::IMEI_CHECK_DIGIT`] if the last one does not
/// fit the others (3GPP TS 23.003 annex B). Then nothing is written.
pub fn write_imei(out: &mut Buf<'_>, imei: &[u8]) -> Result<()> {
    if imei.len() != IMEI_LEN || !imei.iter().all(u8::is_ascii_digit) {
        return Err(Error::URN);
    }
    // The sum is kept below ten as it grows, since Cortex-M0 has no division.
    let mut sum = 0_u8;
    let mut double = false;
    for byte in imei {
        let mut digit = byte - b'0';
        if double {
            digit *= 2;
            if digit > 9 {
                digit -= 9;
            }
        }
        sum += digit;
        if sum > 9 {
            sum -= 10;
        }
        double = !double;
    }
    if sum != 0 {
        return Err(Error::IMEI_CHECK_DIGIT);
    }
    out.put(IMEI);
    out.put(imei);
    out.put_byte(b':');
    Ok(())
}

/// Writes `urn:dev:DVNUUID:<uuid>:`, in lower case as RFC 9562 section 4 requires.
///
/// Fails with [`Error::URN`] when `uuid` is not `8-4-4-4-12` hexadecimal digits of either case, or not a UUID of
/// version 4 (variant `10`). Then nothing is written.
pub fn write_uuid(out: &mut Buf<'_>, uuid: &[u8]) -> Result<()> {
    let fits = |(at, byte): (usize, &u8)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        14 => *byte == b'4',
        19 => matches!(byte, b'8' | b'9' | b'a' | b'b' | b'A' | b'B'),
        _ => byte.is_ascii_hexdigit(),
    };
    if uuid.len() != UUID_LEN || !uuid.iter().enumerate().all(fits) {
        return Err(Error::URN);
    }
    out.put(UUID);
    for byte in uuid {
        out.put_byte(byte.to_ascii_lowercase());
    }
    out.put_byte(b':');
    Ok(())
}

/// Writes `urn:dev:DEVEUI:<eui>:`, in upper case, the form in which KPN's packs show it.
///
/// Fails with [`Error::URN`] when `eui` is not 16 hexadecimal digits of either case. Then nothing is written.
pub fn write_dev_eui(out: &mut Buf<'_>, eui: &[u8]) -> Result<()> {
    if eui.len() != DEV_EUI_LEN || !eui.iter().all(u8::is_ascii_hexdigit) {
        return Err(Error::URN);
    }
    out.put(DEV_EUI);
    for byte in eui {
        out.put_byte(byte.to_ascii_uppercase());
    }
    out.put_byte(b':');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    type Write = fn(&mut Buf<'_>, &[u8]) -> Result<()>;

    fn built(write: Write, text: &str) -> Result<String> {
        let mut memory = [0; 64];
        let mut buf = Buf::new(&mut memory, 0);
        let result = write(&mut buf, text.as_bytes());
        let urn = String::from_utf8(buf.written().to_vec()).unwrap();
        assert_eq!(result.is_ok(), !urn.is_empty());
        result.map(|()| urn)
    }

    #[test]
    fn builds_from_an_imei_whose_check_digit_fits() {
        // The example of 3GPP and of every textbook.
        assert_eq!(
            built(write_imei, "490154203237518").unwrap(),
            "urn:dev:IMEI:490154203237518:"
        );
        assert_eq!(
            built(write_imei, "123456789012345"),
            Err(Error::IMEI_CHECK_DIGIT)
        );
        for wrong in [
            "",
            "49015420323751",
            "4901542032375180",
            "49015420323751x",
            " 90154203237518",
        ] {
            assert_eq!(built(write_imei, wrong), Err(Error::URN), "{wrong}");
        }
    }

    #[test]
    fn every_single_wrong_digit_is_found() {
        let imei = b"490154203237518";
        for at in 0..imei.len() {
            for digit in b'0'..=b'9' {
                let mut other = *imei;
                other[at] = digit;
                let mut memory = [0; 64];
                let result = write_imei(&mut Buf::new(&mut memory, 0), &other);
                assert_eq!(result.is_ok(), other == *imei);
            }
        }
    }

    #[test]
    fn exactly_one_check_digit_fits_any_serial_number() {
        for serial in (0..100_000_000_000_000_u64).step_by(98_765_432_101) {
            let fitting: Vec<u8> = (0..10)
                .filter(|digit| {
                    let imei = std::format!("{serial:014}{digit}");
                    built(write_imei, &imei).is_ok()
                })
                .collect();
            assert_eq!(fitting.len(), 1);
        }
    }

    #[test]
    fn builds_from_a_uuid_of_version_4() {
        let urn = "urn:dev:DVNUUID:89b053c5-7380-4fc3-8fe6-8792e746580f:";
        for given in [
            "89b053c5-7380-4fc3-8fe6-8792e746580f",
            "89B053C5-7380-4FC3-8FE6-8792E746580F",
        ] {
            assert_eq!(built(write_uuid, given).unwrap(), urn);
        }
        for wrong in [
            "89b053c5-7380-1fc3-8fe6-8792e746580f",
            "89b053c5-7380-4fc3-7fe6-8792e746580f",
            "89b053c5-7380-4fc3-cfe6-8792e746580f",
            "89b053c5-7380-4fc3-8fe6-8792e746580",
            "89b053c5-7380-4fc3-8fe6-8792e746580f0",
            "89b053c5x7380-4fc3-8fe6-8792e746580f",
            "g9b053c5-7380-4fc3-8fe6-8792e746580f",
        ] {
            assert_eq!(built(write_uuid, wrong), Err(Error::URN), "{wrong}");
        }
    }

    #[test]
    fn builds_from_a_dev_eui() {
        assert_eq!(
            built(write_dev_eui, "0123456789abcdef").unwrap(),
            "urn:dev:DEVEUI:0123456789ABCDEF:"
        );
        for wrong in [
            "",
            "0123456789abcde",
            "0123456789abcdef0",
            "0123456789abcdeg",
        ] {
            assert_eq!(built(write_dev_eui, wrong), Err(Error::URN), "{wrong}");
        }
    }

    #[test]
    fn without_room_the_length_is_still_counted() {
        let mut buf = Buf::new(&mut [], 0);
        write_imei(&mut buf, b"490154203237518").unwrap();
        assert_eq!(buf.len(), 29);
    }

    #[test]
    fn accepts_every_kind_and_what_is_none() {
        for urn in [
            "urn:dev:IMEI:123456789012345:",
            "urn:dev:IMEI:0123456789abcdef:",
            "urn:dev:DVNUUID:89b053c5-7380-4fc3-8fe6-8792e746580f:",
            "urn:dev:DEVEUI:0123456789ABCDEF:",
            "urn:dev:ow:10e2073a01080063",
            "device-name",
            "7",
        ] {
            assert_eq!(check(urn.as_bytes()), Ok(()), "{urn}");
        }
    }

    #[test]
    fn refuses_base_names_that_no_pack_may_carry() {
        for (urn, error) in [
            ("", Error::SENML_NAME),
            (":urn", Error::SENML_NAME),
            ("urn dev", Error::SENML_NAME),
            ("urn:dev:IMEI:1\"2:", Error::SENML_NAME),
            ("urn:dev:IMEI:ÿ:", Error::SENML_NAME),
            ("urn:dev:IMEI:123456789012345", Error::URN),
            ("urn:dev:IMEI:", Error::URN),
            ("urn:dev:DEVEUI::", Error::URN),
            ("urn:dev:DVNUUID:", Error::URN),
            ("urn:dev:IMEI::1:", Error::URN),
        ] {
            assert_eq!(check(urn.as_bytes()), Err(error), "{urn}");
        }
        assert_eq!(check(&[b'a'; URN_MAX]), Ok(()));
        assert_eq!(check(&[b'a'; URN_MAX + 1]), Err(Error::URN));
    }
}
