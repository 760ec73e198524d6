// SPDX-License-Identifier: MIT OR Apache-2.0
//! `--state`: what was accepted outlives the program, however it ends.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use common::{BODY, DEVICE, PATH, SECRET, URN, WithApi, request, request_with, scratch, token};
use serde_json::{Value, json};

const KILLS: usize = 100;
/// No further kills after this time.
const TIME: Duration = Duration::from_secs(60);
const DEVICES: usize = 3;

struct File(PathBuf);

impl File {
    fn new() -> Self {
        Self(scratch("state.db"))
    }

    fn start(&self, more: &[&str]) -> WithApi {
        let mut arguments = vec!["--quiet", "--state", self.0.to_str().unwrap()];
        arguments.extend(more);
        WithApi::start_bare(&arguments)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm"] {
            let mut name = self.0.clone().into_os_string();
            name.push(end);
            let _ = std::fs::remove_file(Path::new(&name));
        }
    }
}

fn urn(number: usize) -> String {
    format!("urn:dev:IMEI:{}", 100_000_000_000_000 + number)
}

/// What an outside observer knows for certain.
#[derive(Default)]
struct Known {
    /// Values of messages that were answered with 202, by device.
    accepted: BTreeSet<(usize, u64)>,
    /// Downlinks that the API accepted: number and value.
    queued: BTreeMap<u64, u64>,
    /// Values of downlinks that arrived in a complete answer, and how often.
    told: BTreeMap<u64, u32>,
}

type Shared = Arc<Mutex<Known>>;

/// One answer, or the end of the connection.
fn answer(stream: &mut TcpStream) -> Result<(u16, Vec<u8>), ErrorKind> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).map_err(|error| error.kind())?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let length = head
        .split_once("content-length: ")
        .map_or(0, |(_, rest)| rest.lines().next().unwrap().parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).map_err(|error| error.kind())?;
    Ok((head[9..12].parse().unwrap(), body))
}

fn number_in(body: &[u8]) -> u64 {
    let records: Value = serde_json::from_slice(body).unwrap();
    records[0]["v"].as_u64().unwrap()
}

/// A device that sends as fast as it is answered.
fn device(number: usize, address: &str, next: &AtomicU64, known: &Shared, stop: &AtomicBool) {
    let Ok(mut stream) = TcpStream::connect(address) else {
        return;
    };
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let mut on_connection = 0;
    while !stop.load(Ordering::Relaxed) && on_connection < 99 {
        on_connection += 1;
        let value = next.fetch_add(1, Ordering::Relaxed);
        let body = format!(r#"[{{"bn":"{}:","n":"count","v":{value}}}]"#, urn(number));
        let request = request_with(PATH, &token(body.as_bytes(), SECRET), &body);
        if stream.write_all(&request).is_err() {
            return;
        }
        let Ok((status, body)) = answer(&mut stream) else {
            return;
        };
        assert_eq!(status, 202);
        let mut known = known.lock().unwrap();
        known.accepted.insert((number, value));
        if !body.is_empty() {
            *known.told.entry(number_in(&body)).or_default() += 1;
        }
    }
}

/// Queues downlinks all the time.
fn orders(api: &str, next: &AtomicU64, known: &Shared, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let value = next.fetch_add(1, Ordering::Relaxed);
        let number = usize::try_from(value).unwrap() % DEVICES;
        let body = json!({"body": [{"n": "x", "v": value}]}).to_string();
        let Ok(mut stream) = TcpStream::connect(api) else {
            return;
        };
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        let head = format!(
            "POST /api/v1/devices/{}/downlinks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            urn(number),
            body.len()
        );
        if stream
            .write_all(format!("{head}{body}").as_bytes())
            .is_err()
        {
            return;
        }
        let Ok((status, body)) = answer(&mut stream) else {
            return;
        };
        assert_eq!(status, 201);
        let downlink: Value = serde_json::from_slice(&body).unwrap();
        let id = downlink["id"].as_u64().unwrap();
        known.lock().unwrap().queued.insert(id, value);
    }
}

/// Compares what the observer knows with what the program says after its start.
fn compare(all: &WithApi, known: &Known, kills: usize) {
    let (_, list) = all.get("/api/v1/messages?accepted=true");
    let mut kept = BTreeSet::new();
    for event in list["messages"].as_array().unwrap() {
        let value = event["records"][0]["v"].as_f64().unwrap() as u64;
        let device = event["device"].as_str().unwrap();
        let number = (0..DEVICES).find(|number| device == format!("{}:", urn(*number)));
        assert!(
            kept.insert((number.unwrap(), value)),
            "{value} stands twice"
        );
    }
    let lost: Vec<_> = known.accepted.difference(&kept).collect();
    assert!(lost.is_empty(), "accepted and lost: {lost:?}");
    // For each device, one message whose answer was not seen may have been stored.
    assert!(kept.len() - known.accepted.len() <= kills * DEVICES);

    let mut states = BTreeMap::new();
    for number in 0..DEVICES {
        let (_, list) = all.get(&format!("/api/v1/devices/{}/downlinks", urn(number)));
        for downlink in list["downlinks"].as_array().unwrap() {
            let body = downlink["body"].as_str().unwrap();
            let state = downlink["state"].as_str().unwrap().to_owned();
            let id = downlink["id"].as_u64().unwrap();
            states.insert(id, (number_in(body.as_bytes()), state));
        }
    }
    for (id, value) in &known.queued {
        assert_eq!(
            states.get(id).map(|(value, _)| value),
            Some(value),
            "downlink {id}"
        );
    }
    let mut unseen = 0;
    for (value, state) in states.values() {
        let told = known.told.get(value).copied().unwrap_or(0);
        assert!(told <= 1, "{value} was delivered {told} times");
        match state.as_str() {
            "DELIVERED" => unseen += 1 - told as usize,
            // It was on its way, and is not sent again.
            "FAILED" => {}
            "PENDING" => assert_eq!(told, 0, "{value} was delivered and would be again"),
            other => panic!("{value} is {other} right after the start"),
        }
    }
    // The answer had been sent, but the end of the program removed it from the connection.
    assert!(unseen <= kills * DEVICES, "{unseen} delivered and not seen");
}

#[test]
fn a_hundred_kills_lose_nothing_and_repeat_nothing() {
    let file = File::new();
    let devices: Vec<_> = (0..DEVICES)
        .map(|n| format!("{}={SECRET}", urn(n)))
        .collect();
    let mut arguments = vec!["--history", "1000000"];
    for device in &devices {
        arguments.extend(["--device", device]);
    }
    let known = Shared::default();
    let next = Arc::new(AtomicU64::new(1));
    let end = Instant::now() + TIME;
    let mut kills = 0;
    while kills < KILLS && Instant::now() < end {
        let mut all = file.start(&arguments);
        compare(&all, &known.lock().unwrap(), kills);
        let stop = Arc::new(AtomicBool::new(false));
        let mut threads = Vec::new();
        for number in 0..=DEVICES {
            let (address, api) = (all.simulator.address.clone(), all.api.clone());
            let (next, known, stop) = (Arc::clone(&next), known.clone(), Arc::clone(&stop));
            threads.push(thread::spawn(move || {
                if number == DEVICES {
                    orders(&api, &next, &known, &stop);
                } else {
                    device(number, &address, &next, &known, &stop);
                }
            }));
        }
        // A different moment each time.
        thread::sleep(Duration::from_micros(
            ((kills as u64 * 7919) % 41) * 1000 + 311,
        ));
        all.simulator.child.kill().unwrap();
        all.simulator.child.wait().unwrap();
        stop.store(true, Ordering::Relaxed);
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        kills += 1;
    }
    let all = file.start(&arguments);
    let known = known.lock().unwrap();
    compare(&all, &known, kills);
    assert!(kills > 10, "only {kills} kills");
    assert!(known.accepted.len() > kills && known.told.len() > 10 && known.queued.len() > kills);
    println!(
        "{kills} kills: {} messages, {} downlinks queued, {} told",
        known.accepted.len(),
        known.queued.len(),
        known.told.len()
    );
}

#[test]
fn another_run_goes_on_where_the_last_one_ended() {
    let file = File::new();
    let downlink = format!(r#"{URN}=[{{"n":"a","v":1}}]"#);
    let arguments = [
        "--device",
        DEVICE,
        "--downlink",
        &downlink,
        "--history",
        "2",
    ];
    {
        let all = file.start(&arguments);
        assert_eq!(
            all.simulator.exchange(&request(BODY)).body,
            br#"[{"n":"a","v":1}]"#
        );
        all.simulator.exchange(&request(BODY));
        all.simulator.exchange(&request(BODY));
        all.send("POST", "/api/v1/devices", &json!({"urn": "urn:dev:IMEI:2"}));
        let path = "/api/v1/firmware?device=urn:dev:IMEI:2";
        let binary = "Content-Type: application/octet-stream\r\n";
        assert_eq!(all.call_with("POST", path, binary, b"image").0, 201);
    }
    let mode = std::fs::metadata(&file.0).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    {
        let all = file.start(&arguments);
        let (_, list) = all.get("/api/v1/messages");
        let numbers: Vec<_> = list["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["number"].clone())
            .collect();
        assert_eq!(numbers, [2, 3]);
        // The downlink of the command line has been delivered by the first run.
        assert_eq!(all.simulator.exchange(&request(BODY)).body, b"");
        let (_, one) = all.get(&format!("/api/v1/devices/{URN}"));
        assert_eq!(one["messages"], 4);
        assert_eq!(one["downlinks"]["delivered"], 1);
        let (_, list) = all.get("/api/v1/firmware");
        let path = list["firmware"][0]["devices"][0]["path"].as_str().unwrap();
        let (_, list) = all.get("/api/v1/devices/urn:dev:IMEI:2/downlinks");
        let body: Value =
            serde_json::from_str(list["downlinks"][0]["body"].as_str().unwrap()).unwrap();
        let bearer = body[2]["vs"].as_str().unwrap();
        let get =
            format!("GET {path} HTTP/1.1\r\nHost: m.m\r\nAuthorization: Bearer {bearer}\r\n\r\n");
        assert_eq!(all.simulator.exchange(get.as_bytes()).body, b"image");
        all.call_with("DELETE", "/api/v1/messages", "", b"");
        all.call_with("DELETE", "/api/v1/devices/urn:dev:IMEI:2", "", b"");
    }
    let all = file.start(&[]);
    assert_eq!(all.get("/api/v1/messages").1, json!({"messages": []}));
    assert_eq!(all.get("/api/v1/devices/urn:dev:IMEI:2").0, 404);
    all.simulator.exchange(&request(BODY));
    assert_eq!(all.get("/api/v1/messages").1["messages"][0]["number"], 6);
}

#[test]
fn a_file_that_is_taken_or_no_state_is_refused() {
    let file = File::new();
    let _first = file.start(&[]);
    let refused = |path: &Path| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_kpn-things-simulator"))
            .args(["--listen", "127.0.0.1:0", "--state"])
            .arg(path)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    let error = refused(&file.0);
    assert!(error.contains("another program"), "{error}");
    let other = File::new();
    std::fs::write(
        &other.0,
        "this is no database, but long enough to be looked at as one\n".repeat(20),
    )
    .unwrap();
    assert!(refused(&other.0).contains("not a database"));
    assert!(refused(Path::new("/nowhere/state.db")).contains("/nowhere"));
}
