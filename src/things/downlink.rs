//! What the platform says to a device: at most one SenML pack in the body of a response, or one from elsewhere (SMS, a
//! file).
#![forbid(unsafe_code)]

use crate::error::Result;
use crate::senml::reader::Pack;
use crate::senml::record::{Entry, Record};

/// A downlink being read. The bytes stay with the caller and are given to each call; texts and data are decoded in them.
///
/// Plain integers, of which every combination is safe; all zero is a downlink that was not begun.
#[derive(Clone, Debug, Default)]
#[repr(C)]
pub struct Downlink {
    pack: Pack,
}

impl Downlink {
    /// Checks all of `body`; returns how many records there are. No body is no downlink: no records.
    ///
    /// After an error there is nothing to hand out, and [`Downlink::index`] tells the record that is wrong.
    pub fn begin(&mut self, body: &[u8]) -> Result<usize> {
        if body.is_empty() {
            self.pack.clear();
            return Ok(0);
        }
        self.pack.validate(body)
    }

    /// The next record, or `None` behind the last one. Takes the bytes that [`Downlink::begin`] checked.
    pub fn next(&mut self, body: &mut [u8]) -> Result<Option<Record>> {
        self.pack.next(body)
    }

    /// As [`Downlink::next`], smaller where size counts: `End` behind the last record.
    pub fn read(&mut self, body: &mut [u8]) -> Result<&Entry> {
        self.pack.read(body)
    }

    /// The position in the pack, to look ahead from with [`Pack::peek`] in a copy.
    pub const fn ahead(&self) -> &Pack {
        &self.pack
    }

    /// Which record of the pack comes next, or was refused; from 0.
    pub const fn index(&self) -> usize {
        self.pack.index()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buf::Buf;
    use crate::error::Error;

    #[test]
    fn no_body_is_no_downlink() {
        let mut downlink = Downlink::default();
        assert_eq!(downlink.next(&mut []), Err(Error::STATE));
        assert_eq!(downlink.begin(b""), Ok(0));
        assert_eq!(downlink.next(&mut []), Ok(None));
        assert_eq!(downlink.begin(b" "), Err(Error::JSON_TRUNCATED));
        assert_eq!(downlink.next(&mut [b' ']), Err(Error::STATE));
    }

    #[test]
    fn knows_whose_it_is_however_the_name_is_split() {
        let urn = b"urn:dev:IMEI:123456789012345:";
        for (text, ours) in [
            (
                "[{\"bn\":\"urn:dev:IMEI:123456789012345:\",\"n\":\"a\",\"v\":1}]",
                true,
            ),
            ("[{\"n\":\"urn:dev:IMEI:123456789012345:a\",\"v\":1}]", true),
            (
                "[{\"bn\":\"urn:dev:IMEI:123456789012345\",\"n\":\":a\",\"v\":1}]",
                true,
            ),
            (
                "[{\"bn\":\"urn:dev:IMEI:123456789012345\",\"n\":\"a\",\"v\":1}]",
                false,
            ),
            (
                "[{\"bn\":\"urn:dev:imei:123456789012345:\",\"n\":\"a\",\"v\":1}]",
                false,
            ),
            (
                "[{\"bn\":\"urn:dev:IMEI:123456789012346:\",\"n\":\"a\",\"v\":1}]",
                false,
            ),
            ("[{\"n\":\"a\",\"v\":1}]", false),
        ] {
            let mut memory = [0; 80];
            let body = &mut memory[..text.len()];
            body.copy_from_slice(text.as_bytes());
            let mut downlink = Downlink::default();
            assert_eq!(downlink.begin(body), Ok(1));
            let record = downlink.next(body).unwrap().unwrap();
            assert_eq!(record.full_name(body).is_for(urn), ours, "{text}");
            assert_eq!(
                record.full_name(body).is_for(&urn[..urn.len() - 1]),
                ours,
                "{text}"
            );
            assert!(!record.full_name(body).is_for(b""));
        }
    }

    #[test]
    fn writes_the_full_name_and_says_what_is_missing() {
        let mut body = *b"[{\"bn\":\"a:\",\"n\":\"bc\",\"v\":1}]";
        let mut downlink = Downlink::default();
        downlink.begin(&body).unwrap();
        let record = downlink.next(&mut body).unwrap().unwrap();
        for capacity in 0..=5 {
            let mut memory = [0xA5; 6];
            let mut out = Buf::new(&mut memory[..capacity], 0);
            assert_eq!(record.full_name(&body).write(&mut out), 4);
            assert_eq!(out.fits(), capacity == 5);
            assert_eq!(memory[capacity], 0xA5);
            assert_eq!(memory.starts_with(b"a:bc\0"), capacity == 5);
        }
        assert!(record.is(&body, b"bc") && record.is(&body, b"a:bc") && !record.is(&body, b"c"));
    }
}
