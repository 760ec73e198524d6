// SPDX-License-Identifier: MIT OR Apache-2.0
//! SMS: tried at the platform's times until the device is there.

mod common;

use std::io::Read;
use std::net::TcpListener;
use std::time::Duration;

use common::{Simulator, URN};

#[test]
fn an_sms_arrives_once_the_device_listens() {
    // The port is released, so that the first attempts find nobody.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let simulator = Simulator::start(&[
        "--sms",
        &format!("{URN}=wake up=now"),
        "--sms-to",
        &format!("127.0.0.1:{port}"),
        "--sms-speed",
        "1200",
    ]);
    let first = simulator.event_number(1);
    assert_eq!(first["kind"], "sms");
    assert_eq!(first["state"], "executing");
    assert_eq!(first["after"], 0);
    let second = simulator.event_number(2);
    assert_eq!(second["after"], 60);

    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert_eq!(text, "5277\nwake up=now");
    drop(stream);

    let mut number = 3;
    while simulator.event_number(number)["state"] == "executing" {
        number += 1;
    }
    let last = simulator.event_number(number);
    assert_eq!(last["state"], "delivered");
    assert_eq!(last["device"], URN);
    assert_eq!(simulator.events().len(), number);
}

#[test]
fn an_sms_that_nobody_takes_fails_after_48_hours() {
    let simulator = Simulator::start(&[
        "--sms",
        &format!("{URN}=hello"),
        "--sms-to",
        "127.0.0.1:1",
        "--sms-speed",
        "1e6",
    ]);
    let last = simulator.event_number(33);
    assert_eq!(last["state"], "failed");
    assert_eq!(last["after"], 48 * 3600);
    assert_eq!(simulator.event_number(32)["after"], 2705 * 60);
}
