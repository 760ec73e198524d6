//! Orders while the program runs: downlinks and SMS are queued, everything else is refused.

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{BODY, Simulator, URN, read_answer, request, scratch};

struct Control(BufReader<TcpStream>);

impl Control {
    /// A simulator with more arguments, and a connection to its control port.
    fn start(more: &[&str]) -> (Simulator, Self) {
        let file = scratch("control-port");
        let mut arguments = vec!["--control", "127.0.0.1:0", "--control-port-file"];
        arguments.push(file.to_str().unwrap());
        arguments.extend(more);
        let simulator = Simulator::start(&arguments);
        let port: u16 = std::fs::read_to_string(&file)
            .unwrap()
            .trim_end()
            .parse()
            .unwrap();
        std::fs::remove_file(&file).unwrap();
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        (simulator, Self(BufReader::new(stream)))
    }

    fn order(&mut self, line: &str) -> String {
        self.0
            .get_mut()
            .write_all(format!("{line}\n").as_bytes())
            .unwrap();
        self.answer()
    }

    fn answer(&mut self) -> String {
        let mut answer = String::new();
        self.0.read_line(&mut answer).unwrap();
        answer.trim_end().to_owned()
    }
}

#[test]
fn downlinks_are_queued_between_two_messages() {
    let (simulator, mut control) = Control::start(&[]);
    let mut stream = simulator.connect();
    let mut exchange = || {
        stream.write_all(&request(BODY)).unwrap();
        read_answer(&mut stream).body
    };
    assert_eq!(exchange(), b"");
    let downlinks = [
        r#"[{"n":"valve","vb":true}]"#,
        r#"[{"n":"a","vs":"x=y z"}]"#,
    ];
    for downlink in downlinks {
        assert_eq!(control.order(&format!("downlink {URN}={downlink}")), "ok");
    }
    for downlink in downlinks {
        assert_eq!(exchange(), downlink.as_bytes());
    }
    assert_eq!(exchange(), b"");
}

#[test]
fn an_sms_is_queued_while_it_runs() {
    let device = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = device.local_addr().unwrap().to_string();
    let (simulator, mut control) = Control::start(&["--sms-to", &to]);
    assert_eq!(control.order(&format!("sms {URN}=wake up=now")), "ok");
    let (mut stream, _) = device.accept().unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert_eq!(text, "5277\nwake up=now");
    drop(stream);
    assert_eq!(simulator.event_number(1)["state"], "delivered");
}

#[test]
fn refuses_orders_that_it_does_not_understand() {
    let (simulator, mut control) = Control::start(&[]);
    for wrong in [
        "",
        "downlink",
        "downlink urn:dev:IMEI:123456789012345",
        "downlink urn:dev:IMEI:2=[]",
        "sms urn:dev:IMEI:2=x",
        "DOWNLINK urn:dev:IMEI:123456789012345=[]",
        "stop",
    ] {
        let answer = control.order(wrong);
        assert!(answer.starts_with("error: "), "{wrong}: {answer}");
    }
    let no_route = control.order(&format!("sms {URN}=x"));
    assert_eq!(no_route, "error: there is no --sms-to");
    control.0.get_mut().write_all(b"\xff\n").unwrap();
    assert_eq!(control.answer(), "error: not UTF-8");
    assert_eq!(simulator.exchange(&request(BODY)).body, b"");
    assert_eq!(control.order(&format!("downlink {URN}=[]")), "ok");

    // A line that would fill the memory.
    let long = "x".repeat(3 << 20);
    assert_eq!(
        control.order(&long),
        "error: a line has at most 1048576 bytes"
    );
    assert_eq!(control.order(&format!("downlink {URN}=[]")), "ok");
}

#[test]
fn takes_orders_from_this_machine_only() {
    let output = Command::new(env!("CARGO_BIN_EXE_kpn-things-simulator"))
        .args(["--listen", "127.0.0.1:0", "--control", "0.0.0.0:0"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("loopback"));
}
