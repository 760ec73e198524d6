// SPDX-License-Identifier: MIT OR Apache-2.0
//! Device URNs from any text, with any capacity.

use std::ffi::{CStr, CString, c_char};

use kpn_things::ffi::urn::{
    KPN_URN_CAP, kpn_urn_from_dev_eui, kpn_urn_from_imei, kpn_urn_from_uuid,
};

use super::drivers::uplink::{To, Uplink};
use super::input::Input;
use super::status::{ERR_BUFFER_FULL, ERR_IMEI_CHECK_DIGIT, OK};

type Make = unsafe extern "C" fn(*const c_char, *mut c_char, usize) -> i32;

pub fn run(input: &[u8]) {
    let (text, mut choices) = Input::behind_text(input);
    let Ok(text) = CString::new(text) else {
        return;
    };
    let cap = choices.size(KPN_URN_CAP);
    let imei = made(kpn_urn_from_imei, &text, cap);
    match imei {
        Ok(urn) => {
            assert_eq!(luhn(text.to_bytes()), Some(0));
            assert_eq!(urn, format!("urn:dev:IMEI:{}:", text.to_str().unwrap()));
        }
        Err(ERR_IMEI_CHECK_DIGIT) => assert!(luhn(text.to_bytes()).is_some_and(|rest| rest != 0)),
        Err(_) => assert_eq!(luhn(text.to_bytes()), None),
    }
    if let Ok(urn) = made(kpn_urn_from_uuid, &text, cap) {
        let uuid = text.to_str().unwrap().to_ascii_lowercase();
        assert!(uuid.len() == 36 && uuid[14..].starts_with('4') && "89ab".contains(&uuid[19..20]));
        assert_eq!(urn, format!("urn:dev:DVNUUID:{uuid}:"));
    }
    if let Ok(urn) = made(kpn_urn_from_dev_eui, &text, cap) {
        let digits = urn.trim_end_matches(':').rsplit(':').next().unwrap();
        assert!(digits.len() == 16 && u64::from_str_radix(digits, 16).is_ok());
    }
}

/// The URN, which an uplink takes; a smaller capacity is refused and leaves what stands there.
fn made(make: Make, text: &CStr, cap: usize) -> Result<String, i32> {
    let (status, memory) = written(make, text, KPN_URN_CAP);
    let (small, rest) = written(make, text, cap);
    if status != OK {
        assert_eq!(memory, [0x5A; KPN_URN_CAP + 1]);
        return Err(status);
    }
    let urn = CStr::from_bytes_until_nul(&memory)
        .unwrap()
        .to_str()
        .unwrap();
    if cap > urn.len() {
        assert_eq!((small, &rest[..=urn.len()]), (OK, &memory[..=urn.len()]));
    } else {
        assert_eq!((small, rest), (ERR_BUFFER_FULL, [0x5A; KPN_URN_CAP + 1]));
    }
    assert_eq!(Uplink::begin(None, &To::M2m, urn).1, OK);
    Ok(urn.to_owned())
}

fn written(make: Make, text: &CStr, cap: usize) -> (i32, [u8; KPN_URN_CAP + 1]) {
    let mut memory = [0x5A; KPN_URN_CAP + 1];
    // SAFETY: the text ends in a NUL, and there are more than `cap` bytes.
    let status = unsafe { make(text.as_ptr(), memory.as_mut_ptr().cast(), cap) };
    assert!(memory[cap..].iter().all(|&byte| byte == 0x5A));
    (status, memory)
}

/// The sum of 15 digits, every second one doubled, modulo 10 (3GPP TS 23.003 annex B).
fn luhn(digits: &[u8]) -> Option<u32> {
    let digits: Option<Vec<u32>> = digits
        .iter()
        .map(|&byte| char::from(byte).to_digit(10))
        .collect();
    let digits = digits.filter(|digits| digits.len() == 15)?;
    let doubled = digits.iter().enumerate().map(|(at, digit)| match at % 2 {
        0 => *digit,
        _ => digit * 2 / 10 + digit * 2 % 10,
    });
    Some(doubled.sum::<u32>() % 10)
}
