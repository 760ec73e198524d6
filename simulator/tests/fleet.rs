// SPDX-License-Identifier: MIT OR Apache-2.0
//! `fleet`: many devices through the C functions of the library, with and without faults. The platform counts what they say.

mod common;

use std::process::{Command, Output, Stdio};

use common::{Simulator, WithApi, scratch};
use serde_json::Value;

const DEVICES: u64 = 200;
const MESSAGES: u64 = 6;
const DOWNLINKS: u64 = 2;

/// Runs a fleet to its end; its figures, and whether all went well.
fn fleet(more: &[&str]) -> (Value, bool) {
    let output = run(&[more, &["--json"]].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    let figures = serde_json::from_str(&text)
        .unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)));
    (figures, output.status.code() == Some(0))
}

fn run(more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kpn-things-simulator"))
        .arg("fleet")
        .args(more)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// The usual fleet against a simulator with these arguments.
fn usual(all: &WithApi, more: &[&str]) -> (Value, bool) {
    let numbers = [DEVICES, MESSAGES, DOWNLINKS].map(|number| number.to_string());
    let [devices, messages, downlinks] = numbers.each_ref().map(String::as_str);
    let usual = [
        "--to",
        &all.simulator.address,
        "--api",
        &all.api,
        "--devices",
        devices,
        "--messages",
        messages,
        "--downlinks",
        downlinks,
        "--attempts",
        "30",
    ];
    fleet(&[&usual, more].concat())
}

/// The same against a simulator with faults, in spite of which all must go well: that simulator, and the figures.
fn despite(faults: &[&str]) -> (WithApi, Value) {
    let mut arguments = vec!["--quiet"];
    arguments.extend(faults.iter().flat_map(|fault| ["--fault", fault]));
    let all = WithApi::start_bare(&arguments);
    let (figures, well) = usual(&all, &[]);
    assert!(well, "{figures}");
    (all, figures)
}

/// What the platform knows of its devices: messages, and downlinks that were delivered.
fn counted(all: &WithApi) -> (u64, u64) {
    let (_, list) = all.get("/api/v1/devices");
    let devices = list["devices"].as_array().unwrap();
    assert_eq!(devices.len() as u64, DEVICES);
    let sum =
        |of: &dyn Fn(&Value) -> &Value| devices.iter().map(|one| of(one).as_u64().unwrap()).sum();
    (
        sum(&|one| &one["messages"]),
        sum(&|one| &one["downlinks"]["delivered"]),
    )
}

#[test]
fn every_message_is_accepted_and_every_downlink_comes_once() {
    let all = WithApi::start_bare(&["--quiet"]);
    let pid = all.simulator.child.id().to_string();
    let (figures, well) = usual(&all, &["--pid", &pid, "--requests-per-connection", "4"]);
    assert!(well, "{figures}");
    assert_eq!(figures["accepted"], DEVICES * MESSAGES);
    assert_eq!(figures["downlinks"]["taken"], DEVICES * DOWNLINKS);
    assert_eq!(figures["downlinks"]["twice"], 0);
    assert_eq!(figures["failures"], serde_json::json!({}));
    // Each had to open another one for its last messages.
    assert_eq!(figures["connections"], DEVICES * 2);
    assert_eq!(counted(&all), (DEVICES * MESSAGES, DEVICES * DOWNLINKS));
    // All of them were open at a time, and took no more memory than a connection may.
    let each = figures["memory_per_connection"].as_u64().unwrap();
    assert!(each > 0 && each < 64 << 10, "{each} bytes a connection");
    assert!(figures["p99_ms"].as_f64().unwrap() >= figures["p50_ms"].as_f64().unwrap());
}

#[test]
fn what_was_not_taken_is_sent_again_until_it_is() {
    let faults = [
        "drop,every=7",
        "status=503,every=5",
        "early-answer=408,every=13",
    ];
    let (all, figures) = despite(&faults);
    // What a fault came in between of is no message of a device.
    assert_eq!(counted(&all), (DEVICES * MESSAGES, DEVICES * DOWNLINKS));
    let failures = figures["failures"].as_object().unwrap();
    assert!(
        failures.keys().any(|kind| kind.starts_with("503 ")),
        "{failures:?}"
    );
    assert!(failures.len() >= 2, "{failures:?}");
}

#[test]
fn answers_that_do_not_arrive_lose_no_message_and_no_downlink() {
    let faults = [
        "cut=25,every=5",
        "cut=200,every=7",
        "reset=30,every=11",
        "trickle=1,every=50",
        "interim=2,every=3",
    ];
    let (all, figures) = despite(&faults);
    // What the platform took although the answer got lost was sent again.
    let unsure = figures["unsure"].as_u64().unwrap();
    assert!(unsure > 0);
    assert_eq!(
        counted(&all),
        (DEVICES * MESSAGES + unsure, DEVICES * DOWNLINKS)
    );
}

#[test]
fn devices_from_a_file_are_known_and_others_are_refused() {
    let path = scratch("devices.toml");
    let file = path.to_str().unwrap();
    let written = run(&[
        "--devices",
        "3",
        "--downlinks",
        "1",
        "--write-devices",
        file,
    ]);
    assert!(written.status.success());
    let simulator = Simulator::start_bare(&["--devices", file]);
    let to = &simulator.address;
    let three = ["--to", to, "--devices", "3", "--messages", "2"];
    // It was not told of the downlinks, which come nevertheless.
    let (figures, well) = fleet(&three);
    assert!(!well);
    assert_eq!(
        (&figures["accepted"], &figures["downlinks"]["taken"]),
        (&6.into(), &3.into())
    );
    let (figures, well) = fleet(&three);
    assert!(well, "{figures}");
    // A fourth device is not in the file.
    let (figures, well) = fleet(&["--to", to, "--devices", "4", "--messages", "2"]);
    assert!(!well);
    assert_eq!(
        (&figures["accepted"], &figures["refused"]),
        (&6.into(), &2.into())
    );
    let (kind, count) = figures["failures"]
        .as_object()
        .unwrap()
        .iter()
        .next()
        .unwrap();
    assert!(kind.starts_with("404 ") && count == 2, "{figures}");

    // With another secret, the token is wrong.
    let text = std::fs::read_to_string(&path).unwrap();
    let other: String = text
        .lines()
        .map(|line| match line.strip_prefix("secret = \"") {
            Some(secret) => format!("secret = \"x{secret}\n"),
            None => format!("{line}\n"),
        })
        .collect();
    std::fs::write(&path, other).unwrap();
    let strict = Simulator::start_bare(&["--devices", file]);
    std::fs::remove_file(&path).unwrap();
    let (figures, well) = fleet(&["--to", &strict.address, "--devices", "3", "--messages", "1"]);
    assert!(!well);
    let (kind, count) = figures["failures"]
        .as_object()
        .unwrap()
        .iter()
        .next()
        .unwrap();
    assert!(kind.starts_with("401 ") && count == 3, "{figures}");
}

#[test]
fn says_what_cannot_be() {
    let output = run(&[
        "--to",
        "127.0.0.1:1",
        "--devices",
        "2",
        "--messages",
        "1",
        "--attempts",
        "2",
    ]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("0 of 2 accepted, 0 refused, 2 given up; 0 perhaps"),
        "{text}"
    );
    let refused = run(&["--api", "127.0.0.1:1"]);
    assert_eq!(refused.status.code(), Some(2));
    for wrong in [
        &["--rate", "0"][..],
        &["--devices", "0"],
        &["--downlinks", "1"],
        &["--api", "127.0.0.1:1", "--write-devices", "x"],
    ] {
        assert_eq!(run(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

/// Two implementations judge each other only as long as they are two.
#[test]
fn the_library_reaches_nothing_but_the_fleet() {
    let read = |path: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        std::fs::read_to_string(path).unwrap()
    };
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let crates = manifest.get(kind).and_then(toml::Value::as_table);
        assert!(crates.is_none_or(|crates| !crates.contains_key("kpn-things")));
    }
    let fleet = &manifest["dependencies"]["kpn-things-fleet"];
    assert_eq!(fleet["optional"].as_bool(), Some(true));
    // It hands out its arguments and its start alone.
    let source = read("fleet/src/lib.rs");
    let public: Vec<&str> = source
        .lines()
        .filter(|line| line.trim_start().starts_with("pub "))
        .collect();
    assert_eq!(public.len(), 2, "{public:?}");
    assert!(public[0].starts_with("pub struct Fleet") && public[1].starts_with("pub async fn run"));
}
