// SPDX-License-Identifier: MIT OR Apache-2.0
//! `expect`: exit status, transcript and report.

mod common;

use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use common::{PATH, SECRET, URN, WithApi, request_with, scratch, token};

fn expect(api: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kpn-things-simulator"))
        .args(["expect", "--api", api])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn send(all: &WithApi, record: &str) {
    let body = format!(r#"[{{"bn":"{URN}:"}},{record}]"#);
    let request = request_with(PATH, &token(body.as_bytes(), SECRET), &body);
    all.simulator.exchange(&request);
}

const WARM: &str = r#"{"n":"temperature","v":20.5}"#;
const VERSION: &str = r#"{"n":"firmware","vs":"1.1.0"}"#;

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn is_met_by_what_came_and_by_what_comes() {
    let all = WithApi::start(&[]);
    send(&all, WARM);
    let wanted = format!(r#"device {URN} sends temperature > 20 twice, then firmware == "1.1.0""#);
    let output = thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(200));
            send(&all, WARM);
            send(&all, VERSION);
        });
        expect(&all.api, &["--within", "20s", &wanted])
    });
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(text(&output), format!("met: {wanted}\n"));
    // The same messages again, but only those after the second one.
    let output = expect(&all.api, &["--within", "100ms", "--after", "2", &wanted]);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn tells_what_is_missing_and_what_came_instead() {
    let all = WithApi::start(&[]);
    send(&all, WARM);
    send(&all, r#"{"n":"?","v":1}"#);
    let file = scratch("expectations");
    let report = scratch("junit.xml");
    std::fs::write(
        &file,
        format!(
            "# what the firmware must do\n\ndevice {URN} temperature < 5\n  any device is refused\n"
        ),
    )
    .unwrap();
    let output = expect(
        &all.api,
        &[
            "--within",
            "200ms",
            "--file",
            file.to_str().unwrap(),
            "--junit",
            report.to_str().unwrap(),
        ],
    );
    let xml = std::fs::read_to_string(&report).unwrap();
    std::fs::remove_file(&file).unwrap();
    std::fs::remove_file(&report).unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output);
    for part in [
        "not met after",
        "step 1 of 1, `temperature < 5`: 0 of 1 came",
        &format!("  message 1: 202; {URN}:temperature 20.5\n"),
        "  message 2: 400; refused, record 2: name",
        "met: any device is refused\n",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    for part in [
        "tests=\"2\" failures=\"1\"",
        "temperature &lt; 5",
        "message 1: 202",
    ] {
        assert!(xml.contains(part), "{part}: {xml}");
    }
}

#[test]
fn never_holds_until_the_time_is_over() {
    let all = WithApi::start(&[]);
    send(&all, WARM);
    let wanted = "any device temperature, then never is refused";
    let output = expect(&all.api, &["--within", "300ms", wanted]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    send(&all, r#"{"n":"?","v":1}"#);
    let output = expect(&all.api, &["--within", "20s", wanted]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("is broken by message 2"));
}

#[test]
fn ends_with_2_when_it_cannot_be_asked() {
    let mut all = WithApi::start(&["--api-token", "open-sesame"]);
    let error = |arguments: &[&str]| {
        let output = expect(&all.api, arguments);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(error(&["--within", "1s", "any device a"]).contains("401"));
    assert!(error(&["any device a = 1"]).contains("expected a word"));
    assert!(error(&[]).contains("required"));
    assert!(error(&["--file", "/nowhere"]).contains("/nowhere"));
    let good = [
        "--within",
        "100ms",
        "--api-token",
        "open-sesame",
        "any device a",
    ];
    assert_eq!(expect(&all.api, &good).status.code(), Some(1));
    all.simulator.child.kill().unwrap();
    all.simulator.child.wait().unwrap();
    let output = expect(&all.api, &good);
    assert_eq!(output.status.code(), Some(2));
}
