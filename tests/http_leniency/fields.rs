// SPDX-License-Identifier: MIT OR Apache-2.0
//! Fields that have no part in framing.

use crate::{seen, taken, with_line};

#[test]
fn fields_that_a_message_does_not_need() {
    taken(
        "ok",
        &[
            "Content-Range: bytes 0-",
            "Content-Range: bytes 5-1/3",
            "Content-Range: bytes 0-0/1\r\nContent-Range: bytes 0-0/1",
            "Digest: crc32=zz",
            "Digest: crc32=1,crc32=2",
            "Digest: sha-256=x",
            "ETag: x\"",
            "Location: http://[",
            "Accept-Ranges: none",
            "Last-Modified: yesterday",
            "Date: never",
            "Expires: 0",
            "Content-Type: text/html",
            "Keep-Alive: timeout=x",
            "Age: -1",
        ]
        .map(with_line),
    );
}

#[test]
fn a_retry_after_that_says_nothing() {
    for line in [
        "Retry-After:",
        "Retry-After: soon",
        "Retry-After: -5",
        "Retry-After: 1.5",
        "Retry-After: 4294967296",
        "Retry-After: 5s",
        "Retry-After: Fri, 31 Dec 2027 23:59:59 GMT",
    ] {
        let raw = with_line(line).replace("202", "503");
        taken("ok", &[&raw]);
        assert_eq!(seen(raw.as_bytes()).retry_after, 0, "{line}");
    }
}

#[test]
fn a_retry_after_in_seconds_or_as_a_date() {
    const DATE: &str = "Date: Fri, 31 Dec 1999 23:59:29 GMT";
    for (lines, seconds) in [
        ("Retry-After: 120", 120),
        (
            "Retry-After: 60\r\nRetry-After: 120\r\nRetry-After: 90",
            120,
        ),
        ("Retry-After: 120, 60", 120),
        ("Retry-After: 5\r\nRetry-After: soon", 5),
        ("Retry-After: Fri, 31 Dec 1999 23:59:59 GMT", 30),
        ("Retry-After: Sat, 01 Jan 2000 00:00:00 GMT", 31),
        ("retry-after: tue, 29 feb 2000 23:59:29 gmt", 60 * 86_400),
        ("Retry-After: Wed, 01 Mar 2000 23:59:29 GMT", 61 * 86_400),
        ("Retry-After: Sun, 31 Dec 2000 23:59:29 GMT", 366 * 86_400),
        ("Retry-After: Thu, 01 Mar 2001 23:59:29 GMT", 426 * 86_400),
        (
            "Retry-After: Thu, 31 Dec 2099 23:59:29 GMT",
            36_525 * 86_400,
        ),
        (
            "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\nRetry-After: 7",
            30,
        ),
        (
            "Retry-After: 77\r\nRetry-After: Fri, 31 Dec 1999 23:59:59 GMT",
            77,
        ),
        // Past, of another form, or beyond the years that are read.
        ("Retry-After: Fri, 31 Dec 1999 23:59:29 GMT", 0),
        ("Retry-After: Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Retry-After: Friday, 31-Dec-99 23:59:59 GMT", 0),
        ("Retry-After: Fri Dec 31 23:59:59 1999", 0),
        ("Retry-After: Fri, 31 Dec 1999 23:59:59", 0),
        ("Retry-After: Fri, 31 Dec 1999 23:59:59 UTC", 0),
        ("Retry-After: Fri, 31 Dez 1999 23:59:59 GMT", 0),
        ("Retry-After: Fri, 31 December 1999 23:59:59 GMT", 0),
        ("Retry-After: Fri, 31 Dec 2100 23:59:59 GMT", 0),
        ("Retry-After: Fri, 31 Dec 99 23:59:59 GMT", 0),
        ("Retry-After: Fri, 31 Dec 1999 23:59 GMT", 0),
    ] {
        for status in ["503", "429", "301", "300"] {
            for lines in [format!("{DATE}\r\n{lines}"), format!("{lines}\r\n{DATE}")] {
                let raw = with_line(&lines).replace("202", status);
                assert_eq!(seen(raw.as_bytes()).retry_after, seconds, "{lines}");
            }
        }
        // Without a Date, and beside an acceptance, a date says nothing.
        let numbers_only = if seconds == 30 || seconds == 31 || seconds >= 86_400 {
            0
        } else {
            seconds
        };
        let without = with_line(lines).replace("202", "503");
        let accepted = with_line(&format!("{DATE}\r\n{lines}"));
        let accepted_last = accepted.replace("202", "299");
        for raw in [without, accepted, accepted_last] {
            let wait = seen(raw.as_bytes()).retry_after;
            assert!(
                wait == numbers_only || (wait == 7 && lines.contains(": 7")),
                "{raw}"
            );
        }
    }
}
