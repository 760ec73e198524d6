// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a driver asks before it sends anything: who the modem is, and to be told about the network.

use super::{OK, host};

#[test]
fn a_modem_says_who_it_is() {
    for (kind, maker, model) in [
        ("sara-r4", "u-blox", "SARA-R4"),
        ("sara-r5", "u-blox", "SARA-R5"),
        ("lena-r8", "u-blox", "LENA-R8"),
        ("bg96", "Quectel", "BG96"),
        ("sim7000", "SIMCOM", "SIM7000"),
        ("sim7080", "SIMCOM", "SIM7080"),
    ] {
        let mut host = host(&format!("--kind {kind} --no-echo"));
        for (command, part) in [
            ("CGMI", maker),
            ("CGMM", model),
            ("CGMR", ""),
            ("CGSN", "490154203237518"),
            ("CIMI", "00101"),
        ] {
            let said = host.say(&format!("AT+{command}\r"));
            assert!(said.contains(part) && said.ends_with(OK), "{kind}: {said}");
            assert!(said.len() > OK.len() + 4, "{kind}: {said}");
            assert!(host.say(&format!("AT+{command}=1\r")).contains("ERROR"));
        }
    }
}

#[test]
fn the_imsi_is_on_a_sim_that_may_be_locked() {
    let mut host = host("--kind sara-r4 --no-echo --pin 1234");
    assert_eq!(
        host.say("AT+CMEE=1\rAT+CIMI\r"),
        format!("{OK}\r\n+CME ERROR: 11\r\n")
    );
    assert!(host.say("AT+CGSN\r").ends_with(OK));
    host.say("AT+CPIN=\"1234\"\r");
    assert!(host.say("AT+CIMI\r").ends_with(OK));
}

#[test]
fn a_change_of_the_network_is_reported_to_those_who_asked() {
    let mut host =
        host("--kind sara-r4 --no-echo --attach-delay 500 --drop-at 3000 --drop-for 1000");
    assert_eq!(host.say("AT+CFUN=0\r"), OK);
    assert_eq!(host.say("AT+CREG=1\rAT+CEREG=1\r"), format!("{OK}{OK}"));
    assert_eq!(host.say("AT+CREG?\r"), format!("\r\n+CREG: 1,0\r\n{OK}"));
    assert_eq!(host.say("AT+CGREG?\r"), format!("\r\n+CGREG: 0,0\r\n{OK}"));
    let on = host.say("AT+CFUN=1\r");
    for part in ["\r\n+CREG: 2\r\n", "\r\n+CEREG: 2\r\n", OK] {
        assert!(on.contains(part), "{on}");
    }
    assert!(!on.contains("CGREG"), "{on}");
    host.now += 500;
    assert_eq!(host.say(""), "\r\n+CREG: 5\r\n\r\n+CEREG: 5\r\n");
    assert_eq!(host.say(""), "", "once");
    assert_eq!(host.say("AT+CREG=0\r"), OK);
    host.now = 3000;
    assert_eq!(host.say(""), "\r\n+CEREG: 2\r\n");
    host.now = 4000;
    assert_eq!(host.say(""), "\r\n+CEREG: 5\r\n");
    assert_eq!(
        host.say("AT+CFUN=15\rAT+CEREG?\r")
            .matches("+CEREG: 0,")
            .count(),
        1
    );
    assert!(host.say("AT+CREG=2\r").contains("ERROR"), "no location");
}

#[test]
fn only_cereg_reports_a_network_without_the_others() {
    let mut host = host("--kind sara-r4 --no-echo --lte-only");
    host.say("AT+CFUN=0\rAT+CREG=1\rAT+CEREG=1\r");
    let on = host.say("AT+CFUN=1\r");
    assert!(on.contains("+CEREG: 5") && !on.contains("+CREG"), "{on}");
    assert_eq!(host.say("AT+CREG?\r"), format!("\r\n+CREG: 1,0\r\n{OK}"));
}

#[test]
fn whoever_waits_is_woken_when_the_network_is_found() {
    let mut host =
        host("--kind sara-r4 --no-echo --attach-delay 5000 --drop-at 9000 --drop-for 2000");
    host.say("AT+CREG=1\r");
    assert_eq!(host.modem.wake(), Some(5000));
    host.now = 5000;
    assert_eq!(host.say(""), "\r\n+CREG: 5\r\n");
    assert_eq!(host.modem.wake(), Some(9000));
    host.now = 9000;
    assert_eq!(host.say(""), "\r\n+CREG: 2\r\n");
    assert_eq!(host.modem.wake(), Some(11_000));
}

#[test]
fn the_operator_is_chosen_by_the_modem() {
    let mut host = host("--kind sara-r4 --no-echo");
    assert_eq!(host.say("AT+COPS=0\rAT+COPS=0,0\r"), format!("{OK}{OK}"));
    assert!(host.say("AT+COPS=1,2,\"20408\"\r").contains("ERROR"));
}
