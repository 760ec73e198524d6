// SPDX-License-Identifier: MIT OR Apache-2.0
//! What stands around a downlink's JSON.

use crate::downlink::Downlink;
use crate::driver::status;

#[test]
fn a_byte_order_mark_or_a_nul_around_json() {
    const MARK: &[u8] = b"\xEF\xBB\xBF";
    let text = br#"[{"n":"valve","vs":"a\tb"}]"#;
    for (before, behind) in [
        (&b""[..], &b""[..]),
        (MARK, b""),
        (b"", b"\0"),
        (MARK, b"\0"),
        (MARK, b"\r\n\0"),
        (b"", b" "),
    ] {
        for step in [1, 7, 1000] {
            let (mut downlink, begun) = Downlink::of_response(before, text, behind, step);
            assert_eq!(
                begun,
                status::OK,
                "{} {}",
                before.escape_ascii(),
                behind.escape_ascii()
            );
            let record = downlink.next().ok().unwrap();
            assert!(record.is("valve"));
            assert_eq!(downlink.next().err(), Some(status::END));
            assert!(downlink.is_whole());
        }
        let (mut downlink, begun) = Downlink::of_bytes(before, text, behind);
        assert_eq!((begun, downlink.next().is_ok()), (status::OK, true));
    }
    for (before, behind) in [
        (&b""[..], &b"\0\0"[..]),
        (&[MARK, MARK].concat(), b""),
        (b"\xEF\xBB", b""),
        (b"\xFF\xFE", b""),
        (b" \xEF\xBB\xBF", b""),
        (b"", b"\x1A"),
        (b"", b"\xEF\xBB\xBF"),
        (b"\0", b""),
        (b"", b"\0 "),
        (b"", b";"),
    ] {
        for (mut downlink, begun) in [
            Downlink::of_response(before, text, behind, 9),
            Downlink::of_bytes(before, text, behind),
        ] {
            assert!(
                begun < 0,
                "{} {}",
                before.escape_ascii(),
                behind.escape_ascii()
            );
            assert_eq!(downlink.next().err(), Some(status::ERR_STATE));
        }
    }
    for nothing in [&b""[..], b"\0", MARK] {
        for (mut downlink, begun) in [
            Downlink::of_response(b"", nothing, b"", 9),
            Downlink::of_bytes(b"", nothing, b""),
        ] {
            assert_eq!(
                (begun, downlink.next().err()),
                (status::OK, Some(status::END))
            );
        }
    }
}
