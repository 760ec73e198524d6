// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the simulator bears: messages per second with verification on, beside a handler of axum that does nothing, and what many devices of
//! the library see of it. Everything shares two processors, the load included.
//!
//! The servers take turns, round by round, so that whatever else the machine does meets all of them.

mod table;

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

use anyhow::{Context as _, ensure};
use serde::Deserialize;
use xshell::cmd;

use crate::{readme, workspace::Workspace};

const README: &str = "simulator/README.md";

const ROUNDS: usize = 7;
const SECONDS: u32 = 3;
const CONNECTIONS: u32 = 64;
/// The processors that all of it shares.
const PROCESSORS: &str = "0,1";
/// Ticks of a second in /proc, on every architecture that Linux still has.
const TICKS: f64 = 100.0;

/// Devices that hold a connection each, where there are file descriptors for them.
const DEVICES: u64 = 10_000;
/// Descriptors of a fleet for all else.
const OTHER_DESCRIPTORS: u64 = 100;

const URN: &str = "urn:dev:IMEI:490154203237518";
const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCD";
/// The message of the C examples.
const BODY: &str = r#"[{"bn":"urn:dev:IMEI:490154203237518:","bt":1585650750},{"n":"temperature","u":"Cel","v":20.5},{"n":"humidity","u":"%RH","v":48.25},{"n":"doorOpen","vb":true},{"n":"firmware","vs":"1.0.0"},{"n":"counter","v":42}]"#;

/// A server under load.
struct Case {
    sentence: &'static str,
    server: Which,
    /// Somebody watches its events meanwhile.
    is_watched: bool,
    rounds: Vec<Round>,
}

/// A program, and arguments beside those that all have.
#[derive(Clone, Copy)]
enum Which {
    Bare(&'static [&'static str]),
    Simulator(&'static [&'static str]),
}

/// A connection is kept for good, as the bare handler keeps it.
const KEPT: [&str; 2] = ["--requests-per-connection", "4294967295"];

/// The bare handlers come first: others are compared with them.
fn cases() -> Vec<Case> {
    use Which::{Bare, Simulator};
    let case = |sentence, server, is_watched| Case {
        sentence,
        server,
        is_watched,
        rounds: Vec::new(),
    };
    const WITH_API: [&str; 4] = [KEPT[0], KEPT[1], "--api", "127.0.0.1:0"];
    const WITH_STATE: [&str; 4] = [KEPT[0], KEPT[1], "--state", STATE];
    vec![
        case("a bare handler of axum, two threads", Bare(&[]), false),
        case("the same, one thread", Bare(&["1"]), false),
        case(
            "the simulator, which has one thread",
            Simulator(&KEPT),
            false,
        ),
        case(
            "the same, 100 requests on a connection",
            Simulator(&[]),
            false,
        ),
        case("the same, with its page open", Simulator(&WITH_API), true),
        case("the same, with `--state`", Simulator(&WITH_STATE), false),
    ]
}

/// How many of them are bare handlers.
const BARE: usize = 2;

/// Stands for a file of its own among the arguments.
const STATE: &str = "STATE";

/// What one round has shown. Times are in microseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Round {
    per_second: f64,
    p50: f64,
    p99: f64,
    /// Of the server, for each message.
    processor: f64,
}

/// What a fleet says of itself.
#[derive(Deserialize)]
struct Fleet {
    devices: u64,
    messages: u64,
    accepted: u64,
    messages_per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    memory_per_connection: u64,
}

/// Measures, prints, and writes the table of the simulator's README.
pub fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let others = others()?;
    let programs = Programs::build(workspace)?;
    let mut cases = cases();
    for round in 1..=ROUNDS {
        for case in &mut cases {
            let measured = programs.measure(case)?;
            println!(
                "round {round}: {}: {:.0} messages/s",
                case.sentence, measured.per_second
            );
            case.rounds.push(measured);
        }
    }
    let fleets = [
        programs.fleet(DEVICES, &["--messages", "10", "--rate", "2000"])?,
        programs.fleet(DEVICES / 10, &["--messages", "100"])?,
    ];
    let text = table::write(&cases, &fleets, &others)?;
    println!("{text}");
    readme::write_section_of(workspace, README, "load", &text)
}

/// The processor, and how busy it is with other things.
fn others() -> anyhow::Result<String> {
    let cpu = fs::read_to_string("/proc/cpuinfo")?;
    let name = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("a processor without a name", |rest| {
            rest.trim_start_matches([' ', '\t', ':'])
        });
    let load = fs::read_to_string("/proc/loadavg")?;
    let load = load.split(' ').next().context("a load")?;
    Ok(format!(
        "two processors of {name}, with a load average of {load} from other work before it began"
    ))
}

struct Programs {
    simulator: PathBuf,
    bare: PathBuf,
    /// Of `wrk`: the message.
    script: PathBuf,
    folder: PathBuf,
}

impl Programs {
    fn build(workspace: &Workspace) -> anyhow::Result<Self> {
        let shell = &workspace.shell;
        // As the simulator is handed out.
        cmd!(
            shell,
            "cargo build --quiet --locked --profile program --package kpn-things-simulator --bin kpn-things-simulator"
        )
        .quiet()
        .run()?;
        cmd!(
            shell,
            "cargo build --quiet --locked --profile program --package kpn-things-fleet --example bare"
        )
        .quiet()
        .run()?;
        let built = workspace.target().join("program");
        let folder = workspace.scratch("load")?;
        let script = folder.join("message.lua");
        let hashed = cmd!(shell, "sha256sum")
            .stdin(format!("{BODY}{SECRET}"))
            .quiet()
            .read()?;
        let token = hashed.split(' ').next().context("a hash")?;
        shell.write_file(
            &script,
            format!(
                "wrk.method = \"POST\"\nwrk.path = \"/ingestion/m2m/senml/v1\"\nwrk.body = [==[{BODY}]==]\n\
                 wrk.headers[\"Host\"] = \"m.m\"\nwrk.headers[\"Content-Type\"] = \"application/json\"\n\
                 wrk.headers[\"Things-Message-Token\"] = \"{token}\"\n"
            ),
        )?;
        Ok(Self {
            simulator: built.join("kpn-things-simulator"),
            bare: built.join("examples/bare"),
            script,
            folder,
        })
    }

    /// One round of one case.
    fn measure(&self, case: &Case) -> anyhow::Result<Round> {
        let server = match case.server {
            Which::Bare(more) => {
                Server::start(&self.bare, &[&["127.0.0.1:0"], more].concat(), false)?
            }
            Which::Simulator(more) => self.start(more)?,
        };
        if case.is_watched {
            watch(server.api.context("no API")?)?;
        }
        let before = processor_time(server.child.id())?;
        let output = pinned(Path::new("wrk"))
            .args(["--threads", "1", "--latency", "--connections"])
            .arg(CONNECTIONS.to_string())
            .args(["--duration", &format!("{SECONDS}s"), "--script"])
            .arg(&self.script)
            .arg(format!("http://127.0.0.1:{}/", server.port))
            .output()
            .context("wrk")?;
        ensure!(output.status.success(), "wrk ends with {}", output.status);
        let spent = processor_time(server.child.id())? - before;
        read(&String::from_utf8(output.stdout)?, spent)
    }

    fn start(&self, more: &[&str]) -> anyhow::Result<Server> {
        let state = self.folder.join("state.sqlite");
        for end in ["", "-wal", "-shm"] {
            // What is not there need not be removed.
            let _ = fs::remove_file(self.folder.join(format!("state.sqlite{end}")));
        }
        let state = state.display().to_string();
        let device = format!("{URN}={SECRET}");
        let usual = ["--quiet", "--listen", "127.0.0.1:0", "--device", &device];
        let more = more
            .iter()
            .map(|&text| if text == STATE { &state } else { text });
        let arguments: Vec<&str> = usual.into_iter().chain(more).collect();
        let has_api = arguments.contains(&"--api");
        Server::start(&self.simulator, &arguments, has_api)
    }

    /// Devices of the library, each on a connection that it keeps.
    fn fleet(&self, devices: u64, more: &[&str]) -> anyhow::Result<Fleet> {
        let limits = fs::read_to_string("/proc/self/limits")?;
        let possible = most_descriptors(&limits).context("no limit of open files")? / 4 * 3;
        let devices = devices.min(possible - OTHER_DESCRIPTORS);
        let server = self.start(&["--api", "127.0.0.1:0"])?;
        let output = pinned(&self.simulator)
            .args(["fleet", "--json", "--to"])
            .arg(format!("127.0.0.1:{}", server.port))
            .arg("--api")
            .arg(format!("127.0.0.1:{}", server.api.context("no API")?))
            .args(["--devices", &devices.to_string()])
            .args(["--pid", &server.child.id().to_string()])
            .args(more)
            .output()?;
        let fleet: Fleet = serde_json::from_slice(&output.stdout)
            .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
        ensure!(
            output.status.success() && fleet.accepted == fleet.messages,
            "{} of {} messages of the fleet were accepted",
            fleet.accepted,
            fleet.messages
        );
        Ok(fleet)
    }
}

/// Runs on the two processors.
fn pinned(program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", PROCESSORS]).arg(program);
    command
}

/// A running server. It is killed when this is dropped.
struct Server {
    child: Child,
    port: u16,
    api: Option<u16>,
}

impl Server {
    fn start(program: &Path, arguments: &[&str], has_api: bool) -> anyhow::Result<Self> {
        let mut child = pinned(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| program.display().to_string())?;
        let mut lines = BufReader::new(child.stdout.take().context("no output")?).lines();
        let mut server = Self {
            child,
            port: 0,
            api: None,
        };
        let mut next_port = || -> anyhow::Result<u16> {
            let line = lines.next().context("it says nothing")??;
            let (_, rest) = line.rsplit_once(':').context("no port")?;
            let digits = rest.split('/').next().unwrap_or(rest);
            digits.parse().with_context(|| line.clone())
        };
        server.port = next_port()?;
        if has_api {
            server.api = Some(next_port()?);
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended by itself, or nothing can be done about it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads what the page reads, for as long as there is something.
fn watch(api: u16) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", api))?;
    write!(
        stream,
        "GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:{api}\r\n\r\n"
    )?;
    let mut first = [0; 12];
    stream.read_exact(&mut first)?;
    ensure!(first == *b"HTTP/1.1 200", "no events");
    thread::spawn(move || std::io::copy(&mut stream, &mut std::io::sink()));
    Ok(())
}

/// Seconds that a process has computed.
fn processor_time(pid: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // Behind the name, which is in brackets and may hold anything.
    let (_, fields) = stat.rsplit_once(") ").context("no name")?;
    let ticks = |place| -> anyhow::Result<f64> {
        let field: Option<&str> = fields.split(' ').nth(place);
        Ok(field.context("a field")?.parse()?)
    };
    Ok((ticks(11)? + ticks(12)?) / TICKS)
}

/// How many files a process may have open at most.
fn most_descriptors(limits: &str) -> Option<u64> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// What `wrk` says, and how long the server has computed for it.
fn read(text: &str, spent: f64) -> anyhow::Result<Round> {
    ensure!(
        !text.contains("Non-2xx") && !text.contains("Socket errors"),
        "not every message was accepted:\n{text}"
    );
    let value = |label: &str| -> anyhow::Result<&str> {
        text.lines()
            .find_map(|line| line.trim_start().strip_prefix(label))
            .map(str::trim)
            .with_context(|| format!("no {label} in\n{text}"))
    };
    let total: f64 = text
        .lines()
        .find_map(|line| line.trim_start().split_once(" requests in "))
        .context("no number of requests")?
        .0
        .parse()?;
    Ok(Round {
        per_second: value("Requests/sec:")?.parse()?,
        p50: microseconds(value("50%")?)?,
        p99: microseconds(value("99%")?)?,
        processor: spent * 1e6 / total,
    })
}

/// `12.30ms` and the like.
fn microseconds(text: &str) -> anyhow::Result<f64> {
    let at = text
        .find(|c: char| c.is_ascii_alphabetic())
        .with_context(|| format!("no unit in {text}"))?;
    let (number, unit) = text.split_at(at);
    let factor = match unit {
        "us" => 1.0,
        "ms" => 1e3,
        "s" => 1e6,
        other => anyhow::bail!("unit {other}"),
    };
    Ok(number.parse::<f64>()? * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRK: &str = "Running 3s test @ http://127.0.0.1:1/\n  1 threads and 64 connections\n  Thread Stats   Avg      Stdev     Max   +/- Stdev\n    \
        Latency     4.62ms    3.12ms  24.51ms   70.07%\n    Req/Sec    12.87k     1.52k   15.38k    70.00%\n  Latency Distribution\n     50%    850.00us\n     \
        75%    6.33ms\n     90%    8.92ms\n     99%   13.08ms\n  37357 requests in 3.04s, 3.46MB read\nRequests/sec:  12303.17\nTransfer/sec:      1.14MB\n";

    #[test]
    fn reads_what_wrk_says() {
        let round = read(WRK, 0.37357).unwrap();
        assert_eq!((round.p50, round.p99), (850.0, 13_080.0));
        assert_eq!(round.per_second, 12303.17);
        assert!((round.processor - 10.0).abs() < 1e-9);
        assert!(read("", 1.0).is_err());
        assert!(read(&format!("{WRK}  Non-2xx or 3xx responses: 1\n"), 1.0).is_err());
        assert!(microseconds("1.5min").is_err());
    }

    #[test]
    fn reads_the_limit_and_the_time_of_a_process() {
        let limits =
            "Limit  Soft Limit  Hard Limit  Units\nMax open files   1024   20000   files\n";
        assert_eq!(most_descriptors(limits), Some(20_000));
        assert!(processor_time(std::process::id()).unwrap() >= 0.0);
    }
}
