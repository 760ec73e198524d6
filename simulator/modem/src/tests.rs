// SPDX-License-Identifier: MIT OR Apache-2.0
//! Conversations with the emulated modem, as the manuals show them.

mod attach;
mod quectel;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use clap::Parser;

use crate::desk::Desk;
use crate::ffi::Words;
use crate::line::Line;
use crate::modem::Modem;
use crate::network::{Network, Tcp};
use crate::options::{Fault, Harm, Refusal};

const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCD";
const BODY: &str =
    r#"[{"bn":"urn:dev:IMEI:123456789012345:","n":"temperature","u":"Cel","v":20.5}]"#;
const TOKEN: &str = "2a6a85076c72c964dd129541130f080d3afa6927a4a72dde9317d6f23c475ed9";

/// A modem, and the time.
struct Host<N> {
    modem: Modem<N>,
    now: u64,
}

fn host(words: &str) -> Host<Desk> {
    let words = Words::try_parse_from(words.split_whitespace()).unwrap();
    Host {
        modem: Modem::new(&words.modem, Desk::new(&words.desk)),
        now: 0,
    }
}

impl<N: Network> Host<N> {
    /// The modem's output in reply to this, within 100 ms.
    fn say(&mut self, text: &str) -> String {
        for byte in text.bytes() {
            self.modem.feed(byte, self.now);
        }
        for _ in 0..100 {
            self.modem.poll(self.now);
            self.now += 1;
        }
        let said: Vec<_> = self.modem.output().drain(..).collect();
        String::from_utf8(said).unwrap()
    }
}

fn request() -> String {
    format!(
        "POST /ingestion/m2m/senml/v1 HTTP/1.1\r\nThings-Message-Token: {TOKEN}\r\nContent-Length: {}\r\n\r\n{BODY}",
        BODY.len()
    )
}

const OK: &str = "\r\nOK\r\n";

#[test]
fn a_sara_r4_writes_after_its_prompt_and_reads() {
    let mut host = host(&format!("--kind sara-r4 --secret {SECRET}"));
    assert_eq!(host.say("ATE0\r"), format!("ATE0\r{OK}"));
    assert_eq!(host.say("AT+USOCR=6\r"), format!("\r\n+USOCR: 0\r\n{OK}"));
    assert_eq!(host.say("AT+USOCO=0,\"127.0.0.1\",80\r"), OK);
    let request = request();
    let len = request.len();
    assert_eq!(host.say(&format!("AT+USOWR=0,{len}\r")), "\r\n@");
    let said = host.say(&request);
    assert!(
        said.starts_with(&format!("\r\n+USOWR: 0,{len}\r\n{OK}")),
        "{said}"
    );
    assert!(said.ends_with("\r\n+UUSORD: 0,60\r\n"), "{said}");
    let said = host.say("AT+USORD=0,10\r");
    assert_eq!(
        said,
        format!("\r\n+USORD: 0,10,\"HTTP/1.1 2\"\r\n{OK}\r\n+UUSORD: 0,50\r\n")
    );
    host.say("AT+USORD=0,50\r");
    assert_eq!(
        host.say("AT+USORD=0,50\r"),
        format!("\r\n+USORD: 0,\"\"\r\n{OK}")
    );
    assert_eq!(host.modem.network.accepted(), [BODY.as_bytes()]);
    assert_eq!(host.say("AT+USOCL=0\r"), OK);
    assert_eq!(host.say("AT+USOCL=0\r"), "\r\nERROR\r\n");
}

#[test]
fn a_sara_r4_takes_hexadecimal_text_of_the_right_length() {
    let mut host = host("--kind sara-r4 --no-echo");
    host.say("AT+CMEE=1\rAT+USOCR=6\rAT+USOCO=0,\"127.0.0.1\",80\r");
    let refused = "\r\n+CME ERROR: 4\r\n";
    assert_eq!(
        host.say("AT+USOWR=0,2,\"4142\"\r"),
        refused,
        "not in its mode"
    );
    host.say("AT+UDCONF=1,1\r");
    assert_eq!(
        host.say("AT+USOWR=0,2,\"4142\"\r"),
        format!("\r\n+USOWR: 0,2\r\n{OK}")
    );
    for wrong in ["2,\"41\"", "2,\"414x\"", "2,\"414243\"", "2,4142", "0,\"\""] {
        assert_eq!(
            host.say(&format!("AT+USOWR=0,{wrong}\r")),
            refused,
            "{wrong}"
        );
    }
    let long = format!("AT+USOWR=0,513,\"{}\"\r", "41".repeat(513));
    assert_eq!(host.say(&long), refused);
    assert_eq!(host.say("AT+USOWR=0,1025\r"), refused);
}

#[test]
fn a_bg96_writes_after_its_prompt_and_reads() {
    let mut host = host(&format!("--kind bg96 --no-echo --secret {SECRET}"));
    let open = "AT+QIOPEN=1,0,\"TCP\",\"127.0.0.1\",80,0,0\r";
    let without = host.say(open);
    assert_eq!(without, format!("{OK}\r\n+QIOPEN: 0,561\r\n"));
    assert_eq!(host.say("AT+QIACT=1\r"), OK);
    assert_eq!(host.say("AT+QIACT=1\r"), "\r\nERROR\r\n");
    assert_eq!(host.say(open), format!("{OK}\r\n+QIOPEN: 0,0\r\n"));
    assert_eq!(host.say(open), format!("{OK}\r\n+QIOPEN: 0,563\r\n"));
    assert_eq!(host.say("AT+QISEND=0,1461\r"), "\r\nERROR\r\n");
    let request = request();
    assert_eq!(
        host.say(&format!("AT+QISEND=0,{}\r", request.len())),
        "\r\n> "
    );
    assert_eq!(
        host.say(&request),
        "\r\nSEND OK\r\n\r\n+QIURC: \"recv\",0\r\n"
    );
    assert_eq!(
        host.say("AT+QIRD=0,10\r"),
        format!("\r\n+QIRD: 10\r\nHTTP/1.1 2\r\n{OK}")
    );
    host.say("AT+QIRD=0,1500\r");
    assert_eq!(
        host.say("AT+QIRD=0,1500\r"),
        format!("\r\n+QIRD: 0\r\n{OK}")
    );
    assert_eq!(host.modem.network.accepted(), [BODY.as_bytes()]);
    assert_eq!(host.say("AT+QICLOSE=0\r"), OK);
    assert_eq!(host.say("AT+QISEND=0,5\r"), "\r\nERROR\r\n");
}

#[test]
fn a_sim7000_writes_after_its_prompt_and_reads() {
    let mut host = host(&format!("--kind sim7000 --no-echo --secret {SECRET}"));
    let open = "AT+CIPSTART=\"TCP\",\"127.0.0.1\",80\r";
    assert_eq!(host.say(open), "\r\nERROR\r\n", "no data connection");
    assert_eq!(host.say("AT+CIPSHUT\r"), "\r\nSHUT OK\r\n");
    host.say("AT+CIPMUX=0\rAT+CIPRXGET=1\rAT+CSTT=\"x\"\rAT+CIICR\r");
    assert_eq!(host.say("AT+CIFSR;E0\r"), format!("\r\n10.0.0.2\r\n{OK}"));
    assert_eq!(host.say(open), format!("{OK}\r\nCONNECT OK\r\n"));
    let request = request();
    host.say(&format!("AT+CIPSEND={}\r", request.len()));
    assert_eq!(host.say(&request), "\r\nSEND OK\r\n\r\n+CIPRXGET: 1\r\n");
    assert_eq!(
        host.say("AT+CIPRXGET=2,10\r"),
        format!("\r\n+CIPRXGET: 2,10,50\r\nHTTP/1.1 2\r\n{OK}")
    );
    host.say("AT+CIPRXGET=2,1460\r");
    assert_eq!(
        host.say("AT+CIPRXGET=2,1460\r"),
        format!("\r\n+CIPRXGET: 2,0,0\r\n{OK}")
    );
    assert_eq!(host.modem.network.accepted(), [BODY.as_bytes()]);
    assert_eq!(host.say("AT+CIPCLOSE\r"), "\r\nCLOSE OK\r\n");
    assert_eq!(host.say("AT+CIPSEND=5\r"), "\r\nERROR\r\n");
}

#[test]
fn a_sim7080_writes_after_its_prompt_and_reads() {
    let mut host = host(&format!("--kind sim7080 --no-echo --secret {SECRET}"));
    let open = "AT+CAOPEN=0,0,\"TCP\",\"127.0.0.1\",80\r";
    let opened = |result| format!("\r\n+CAOPEN: 0,{result}\r\n{OK}");
    assert_eq!(host.say(open), opened(21));
    assert_eq!(
        host.say("AT+CNACT=0,1\r"),
        format!("{OK}\r\n+APP PDP: 0,ACTIVE\r\n")
    );
    assert!(host.say("AT+CNACT?\r").contains("+CNACT: 0,1,"));
    assert_eq!(host.say(open), opened(0));
    assert_eq!(host.say("AT+CASEND=0,1460\r"), "\r\nERROR\r\n");
    let request = request();
    host.say(&format!("AT+CASEND=0,{}\r", request.len()));
    assert_eq!(host.say(&request), format!("{OK}\r\n+CADATAIND: 0\r\n"));
    assert_eq!(
        host.say("AT+CARECV=0,10\r"),
        format!("\r\n+CARECV: 10,HTTP/1.1 2\r\n{OK}")
    );
    host.say("AT+CARECV=0,1460\r");
    assert_eq!(
        host.say("AT+CARECV=0,1460\r"),
        format!("\r\n+CARECV: 0\r\n{OK}")
    );
    assert_eq!(host.modem.network.accepted(), [BODY.as_bytes()]);
    assert_eq!(host.say("AT+CACLOSE=0\r"), OK);
    assert_eq!(host.say("AT+CACLOSE=0\r"), "\r\nERROR\r\n");
}

#[test]
fn a_lena_r8_says_no_space_behind_a_colon() {
    let mut host = host("--kind lena-r8 --no-echo");
    assert_eq!(host.say("AT+USOCR=6\r"), format!("\r\n+USOCR:0\r\n{OK}"));
    let refused = host.say("AT+USOCO=0,\"127.0.0.1\",80\r");
    assert_eq!(refused, "\r\nERROR\r\n", "no profile is active");
    host.say("AT+UPSDA=0,3\r");
    assert_eq!(
        host.say("AT+UPSND=0,8\r"),
        format!("\r\n+UPSND:0,8,1\r\n{OK}")
    );
    assert_eq!(host.say("AT+USOCO=0,\"127.0.0.1\",80\r"), OK);
    assert_eq!(
        host.say("AT+USORD=0,9\r"),
        format!("\r\n+USORD:0,\"\"\r\n{OK}")
    );
}

#[test]
fn a_network_takes_time_refuses_and_gets_lost() {
    let state = |host: &mut Host<Desk>| host.say("AT+CEREG?\r");
    let known = |number| format!("\r\n+CEREG: 0,{number}\r\n{OK}");
    let mut host =
        host("--kind bg96 --no-echo --apn right --attach-delay 500 --drop-at 2000 --drop-for 1000");
    assert_eq!(state(&mut host), known(2));
    host.now = 600;
    assert_eq!(state(&mut host), known(3), "no APN yet");
    host.say("AT+CGDCONT=1,\"IP\",\"right\"\r");
    assert_eq!(state(&mut host), known(3), "the radio was on");
    host.say("AT+CFUN=4\r");
    assert_eq!(state(&mut host), known(0));
    host.say("AT+CFUN=1\r");
    assert_eq!(state(&mut host), known(2));
    host.now = 1700;
    assert_eq!(state(&mut host), known(5));
    host.say("AT+QIACT=1\rAT+QIOPEN=1,0,\"TCP\",\"127.0.0.1\",80,0,0\r");
    host.now = 2000;
    assert_eq!(host.say(""), "\r\n+QIURC: \"pdpdeact\",1\r\n");
    assert_eq!(state(&mut host), known(2));
    host.now = 3000;
    assert_eq!(state(&mut host), known(5));
}

#[test]
fn an_sms_is_kept_until_it_is_deleted() {
    let mut host = host("--kind sara-r4 --no-echo --attach-delay 100");
    assert!(!host.modem.deliver("5277", "early"), "no network yet");
    host.say("AT+CMEE=1\r");
    assert_eq!(host.say("AT+CMGL=\"ALL\"\r"), "\r\n+CMS ERROR: 303\r\n");
    host.say("AT+CMGF=1\rAT+CNMI=2,1,0,0,0\r");
    assert!(host.modem.deliver("5277", "[1]"));
    assert_eq!(host.say(""), "\r\n+CMTI: \"ME\",0\r\n");
    assert!(host.say("AT+CMGR=0\r").contains("\"5277\",,\"26/01/31"));
    assert!(
        host.say("AT+CMGR=0\r").contains("\u{1b}<1\u{1b}>"),
        "GSM's alphabet"
    );
    host.say("AT+CSCS=\"IRA\"\r");
    let listed = host.say("AT+CMGL=\"ALL\"\r");
    assert!(
        listed.contains("+CMGL: 0,\"REC READ\",\"5277\",,"),
        "{listed}"
    );
    assert!(listed.ends_with(&format!("\r\n[1]\r\n{OK}")), "{listed}");
    assert_eq!(host.say("AT+CMGD=0\r"), OK);
    assert_eq!(host.say("AT+CMGR=0\r"), OK);
    for _ in 0..10 {
        assert!(host.modem.deliver("1", "x"));
    }
    assert!(!host.modem.deliver("1", "x"), "full");
    assert_eq!(host.modem.kept(), 10);
    host.say("");
    assert_eq!(host.say("AT+CMGD=10\r"), "\r\n+CMS ERROR: 321\r\n");
}

#[test]
fn a_modem_that_sleeps_hears_nothing_and_forgets() {
    let mut host = host("--kind sara-r4 --no-echo --sleep-at 500 --sleep-for 1000");
    host.say("AT+CMEE=1\rAT+USOCR=6\r");
    host.now = 600;
    host.modem.poll(host.now);
    assert_eq!(host.say("AT\r"), "");
    assert!(!host.modem.deliver("1", "x"));
    host.now = 1500;
    host.modem.poll(host.now);
    assert!(host.say("AT+CMEE?\r").contains("+CMEE: 0"));
    assert_eq!(host.say("AT+USOCR=6\r"), format!("\r\n+USOCR: 0\r\n{OK}"));
}

#[test]
fn a_platform_counts_only_what_is_right() {
    let mut host = host(&format!("--kind sara-r4 --no-echo --secret {SECRET}"));
    host.say("AT+USOCR=6\rAT+USOCO=0,\"127.0.0.1\",80\r");
    let wrong = request().replace("20.5", "21.5");
    host.say(&format!("AT+USOWR=0,{}\r", wrong.len()));
    host.say(&wrong);
    assert!(host.modem.network.accepted().is_empty());
    assert_eq!(host.modem.network.refused(), 1);
    assert!(host.say("AT+USORD=0,100\r").contains("HTTP/1.1 401 "));
}

#[test]
fn a_connection_that_ends_is_announced() {
    for (kind, open, urc) in [
        (
            "sara-r4",
            "AT+USOCR=6\rAT+USOCO=0,\"127.0.0.1\",80\r",
            "\r\n+UUSOCL: 0\r\n",
        ),
        (
            "bg96",
            "AT+QIACT=1\rAT+QIOPEN=1,0,\"TCP\",\"127.0.0.1\",80,0,0\r",
            "\r\n+QIURC: \"closed\",0\r\n",
        ),
    ] {
        let mut host = host(&format!("--kind {kind} --no-echo --idle 500"));
        assert!(!host.say(open).contains(urc));
        host.now += 500;
        assert_eq!(host.say(""), urc);
        assert_eq!(host.say(""), "", "once");
    }
}

#[test]
fn a_sara_r4_may_take_less_than_it_is_given() {
    let mut host = host(&format!(
        "--kind sara-r4 --no-echo --secret {SECRET} --write-max 200"
    ));
    host.say("AT+USOCR=6\rAT+USOCO=0,\"127.0.0.1\",80\r");
    let request = request();
    let (first, rest) = request.split_at(200);
    host.say(&format!("AT+USOWR=0,{}\r", request.len()));
    assert_eq!(host.say(&request), format!("\r\n+USOWR: 0,200\r\n{OK}"));
    assert_eq!(first.len(), 200);
    host.say(&format!("AT+USOWR=0,{}\r", rest.len()));
    assert!(host.say(rest).contains("+UUSORD: 0,60"));
    assert_eq!(host.modem.network.accepted(), [BODY.as_bytes()]);
}

#[test]
fn a_sara_r4_may_announce_an_end_as_data() {
    let mut host = host("--kind sara-r4 --no-echo --idle 500 --close-as-length");
    host.say("AT+USOCR=6\rAT+USOCO=0,\"127.0.0.1\",80\r");
    host.now += 500;
    assert_eq!(host.say(""), "\r\n+UUSORD: 0,4294967295\r\n");
}

#[test]
fn a_platform_may_answer_before_it_has_the_request() {
    let mut host = host("--kind sara-r4 --no-echo --early-status 401 --early-close --interim");
    host.say("AT+USOCR=6\rAT+USOCO=0,\"127.0.0.1\",80\r");
    host.say("AT+USOWR=0,4\r");
    let said = host.say("POST");
    assert!(said.contains("+UUSORD: 0,"), "{said}");
    assert!(said.contains("+UUSOCL: 0"), "{said}");
    host.say("AT+USOWR=0,1\r");
    let said = host.say("AT+USORD=0,1024\r");
    assert!(
        said.contains("HTTP/1.1 103 ") && said.contains("HTTP/1.1 401 "),
        "{said}"
    );
    assert_eq!(host.modem.network.refused(), 1);
}

#[test]
fn refusals_meet_the_command_that_they_name() {
    let mut host = host("--kind sara-r4 --no-echo --refuse CMEE:2=ERROR --mute USOER");
    assert!(host.say("AT+CMEE?\r").ends_with(OK));
    assert_eq!(host.say("AT+CMEE?\r"), "\r\nERROR\r\n");
    assert!(host.say("AT+CMEE?\r").ends_with(OK));
    assert_eq!(host.say("AT+USOER\r"), "");
    assert_eq!(host.say("noise AT\r"), OK);
    assert_eq!(host.say("noise\r"), "");
}

#[test]
fn options_are_read() {
    let refusal: Refusal = "USOCO:3=+CME_ERROR:_30".parse().unwrap();
    assert_eq!(
        (refusal.only, refusal.reply.as_str()),
        (Some(3), "+CME ERROR: 30")
    );
    let fault: Fault = "flip@12=80".parse().unwrap();
    assert_eq!((fault.harm, fault.at), (Harm::Flip(0x80), 12));
    for wrong in [
        "lose",
        "lose@",
        "lose@x",
        "flip@1",
        "flip@1=0",
        "flip@1=100",
        "lose@1=2",
        "keep@1",
    ] {
        assert!(wrong.parse::<Fault>().is_err(), "{wrong}");
    }
    for wrong in ["USOCO", "USOCO:x=ERROR"] {
        assert!(wrong.parse::<Refusal>().is_err(), "{wrong}");
    }
}

#[test]
fn a_line_harms_the_bytes_that_it_is_told_to() {
    let carried = |faults: &[&str]| -> Vec<u8> {
        let faults: Vec<Fault> = faults.iter().map(|fault| fault.parse().unwrap()).collect();
        let mut line = Line::new(&faults, 0, 1);
        b"abcd".iter().flat_map(|byte| line.carry(*byte)).collect()
    };
    assert_eq!(carried(&[]), b"abcd");
    assert_eq!(carried(&["lose@0", "double@3"]), b"bcdd");
    assert_eq!(carried(&["flip@1=20"]), b"aBcd");
    assert_eq!(carried(&["cut@2"]), b"ab");
}

#[test]
fn noise_depends_on_the_seed_alone() {
    let carried = |seed| -> Vec<u8> {
        let mut line = Line::new(&[], 10, seed);
        (0..=255).flat_map(|byte| line.carry(byte)).collect()
    };
    assert_eq!(carried(1), carried(1));
    assert_ne!(carried(1), carried(2));
    assert_ne!(carried(1), (0..=255).collect::<Vec<_>>());
}

#[test]
fn real_connections_carry_bytes_both_ways() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let platform = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = [0; 5];
        stream.read_exact(&mut asked).unwrap();
        stream.write_all(b"world").unwrap();
        asked
    });
    let options = Words::try_parse_from("--kind sara-r4 --no-echo".split(' ')).unwrap();
    let mut host = Host {
        modem: Modem::new(&options.modem, Tcp::default()),
        now: 0,
    };
    host.say("AT+USOCR=6\r");
    assert_eq!(host.say(&format!("AT+USOCO=0,\"127.0.0.1\",{port}\r")), OK);
    host.say("AT+USOWR=0,5\r");
    let mut said = host.say("hello");
    for _ in 0..200 {
        if said.contains("+UUSOCL: 0") {
            break;
        }
        thread::sleep(Duration::from_millis(10));
        said += &host.say("");
    }
    assert_eq!(&platform.join().unwrap(), b"hello");
    assert!(said.contains("+UUSORD: 0,5"), "{said}");
    assert!(host.say("AT+USORD=0,5\r").contains("\"world\""));
}

#[test]
fn a_port_where_nobody_listens_refuses() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let address = format!("127.0.0.1:{port}").parse().unwrap();
    assert_eq!(Tcp::default().connect(0, address, 0), Err(111));
}
