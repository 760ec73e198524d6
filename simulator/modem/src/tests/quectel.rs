// SPDX-License-Identifier: MIT OR Apache-2.0
//! What Zephyr's driver quectel-bg9x says and waits for.

use super::{OK, host};

#[test]
fn a_modem_that_has_started_says_so_once() {
    let mut host = host("--kind bg96 --no-echo --ready-at 300");
    assert_eq!(host.modem.wake(), Some(300));
    assert_eq!(host.say(""), "");
    host.now = 300;
    assert_eq!(host.say(""), "\r\nRDY\r\n\r\nAPP RDY\r\n");
    assert_eq!(host.say("ATH\r"), OK);
}

#[test]
fn a_line_feed_after_a_command_is_no_data_and_after_the_prompt_it_is() {
    let mut host = host("--kind bg96 --no-echo");
    assert_eq!(host.say("AT\r\nAT\r\n"), format!("{OK}{OK}"));
    host.say("AT+QIACT=1\r\nAT+QIOPEN=1,0,\"TCP\",\"127.0.0.1\",80,0,0\r\n");
    assert_eq!(host.say("AT+QISEND=0,3\r\n"), "\r\n> ");
    assert_eq!(host.say("\r\n"), "", "two bytes of three");
    assert!(host.say("x").starts_with("\r\nSEND OK\r\n"));
    assert_eq!(
        host.say("\u{1a}AT\r\n"),
        OK,
        "the end of data that has ended"
    );
}

#[test]
fn a_bg96_tells_its_sim_and_ends_its_data_connection() {
    let mut host = host("--kind bg96 --no-echo");
    assert!(host.say("AT+QCCID\r").starts_with("\r\n+QCCID: 89"));
    assert_eq!(host.say("AT+QIACT=1\rAT+QIDEACT=1\r"), format!("{OK}{OK}"));
    assert_eq!(host.say("AT+QIACT?\r"), OK);
    assert_eq!(host.say("AT+QIACT=1\r"), OK);
}
