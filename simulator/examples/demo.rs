// SPDX-License-Identifier: MIT OR Apache-2.0
//! `make demo`: a C program sends a signed message to the simulator and acts on the answer; both sides are shown in the order in which
//! things happen.
//!
//! `demo SIMULATOR DEVICE CONFIG`: the two programs, and the device's configuration.

#![forbid(unsafe_code)]

use std::{
    env,
    error::Error,
    fs,
    io::{self, BufRead as _, BufReader, IsTerminal as _, Lines, Write as _},
    path::PathBuf,
    process::{Child, ChildStdout, Command, ExitCode, Stdio},
};

use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const BOLD: &str = "1";
const GREEN: &str = "32";
const RED: &str = "31";
const BLUE: &str = "34";
const MAGENTA: &str = "35";

fn main() -> ExitCode {
    let show = Show {
        colours: io::stdout().is_terminal() && env::var_os("NO_COLOR").is_none(),
    };
    match run(&show) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(show: &Show) -> Result<()> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [simulator, device, config] = arguments.as_slice() else {
        return Err("usage: demo SIMULATOR DEVICE CONFIG".into());
    };
    let settings: Value = serde_json::from_str(&fs::read_to_string(config)?)?;
    let log = env::temp_dir().join(format!("kpn-things-demo-{}.jsonl", std::process::id()));
    let mut platform = Platform::start(simulator, &settings, log)?;

    let mut device = Command::new(device)
        .args([config, "127.0.0.1", &platform.port()?])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map(Running)?;
    let mut said = BufReader::new(device.output()?).lines();
    show.request(&mut said)?;
    let accepted = show.verdict(&platform.verdict()?)?;
    for line in said {
        show.line(BLUE, "device", line?.as_str())?;
    }
    let ended = device.0.wait()?;
    if !accepted || !ended.success() {
        return Err(format!("the message was not accepted; the device ended with {ended}").into());
    }
    writeln!(io::stdout())?;
    show.line(
        GREEN,
        "done",
        "the message was accepted; nothing is left running",
    )
}

/// A process that does not outlive this one.
struct Running(Child);

impl Running {
    fn output(&mut self) -> Result<ChildStdout> {
        Ok(self.0.stdout.take().ok_or("no output")?)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Either it has ended already, or nothing can be done about it.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The simulator, with one device and one downlink for it; it ends after one message.
struct Platform {
    process: Running,
    log: PathBuf,
}

impl Platform {
    fn start(program: &str, settings: &Value, log: PathBuf) -> Result<Self> {
        let text = |field: &str| {
            settings[field]
                .as_str()
                .ok_or("the configuration lacks a field")
        };
        let (urn, secret) = (text("urn")?, text("secret")?);
        let downlink = json!([{"bn": urn, "n": "valve", "vb": true}]);
        let process = Command::new(program)
            .args([
                "--listen",
                "127.0.0.1:0",
                "--exit-after",
                "1",
                "--max-seconds",
                "30",
                "--quiet",
            ])
            .arg("--json-log")
            .arg(&log)
            .args(["--device", &format!("{urn}={secret}")])
            .args(["--downlink", &format!("{urn}={downlink}")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map(Running)?;
        Ok(Self { process, log })
    }

    /// The port in its first line of output.
    fn port(&mut self) -> Result<String> {
        let output = self.process.output()?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let line = line.trim_end();
        let port = line.rsplit(':').next().unwrap_or_default();
        if port.parse::<u16>().is_err() {
            return Err(format!("the simulator says {line:?} instead of a port").into());
        }
        Ok(port.to_owned())
    }

    /// Its report on the one message, once it has ended.
    fn verdict(&mut self) -> Result<Value> {
        self.process.0.wait()?;
        let log = fs::read_to_string(&self.log)?;
        let line = log
            .lines()
            .next()
            .ok_or("no message reached the platform")?;
        Ok(serde_json::from_str(line)?)
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        // A file in the folder for temporary files; it may be left behind.
        let _ = fs::remove_file(&self.log);
    }
}

/// The layout: who speaks, then what.
struct Show {
    colours: bool,
}

impl Show {
    fn paint(&self, colour: &str, text: &str) -> String {
        if self.colours {
            format!("\x1b[{colour}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    fn line(&self, colour: &str, who: &str, text: &str) -> Result<()> {
        let line = format!("{} {text}", self.paint(colour, &format!("{who:8} |")));
        writeln!(io::stdout(), "{}", line.trim_end())?;
        Ok(())
    }

    /// The device, until it has sent: what was measured, then the request, which ends with the body.
    fn request(&self, said: &mut Lines<BufReader<ChildStdout>>) -> Result<()> {
        let mut empty = 0;
        for line in said {
            let line = line?;
            let line = line.trim_end();
            if line.starts_with("Things-Message-Token:") {
                self.line(BLUE, "device", &self.paint(BOLD, line))?;
            } else {
                self.line(BLUE, "device", line)?;
            }
            // One ends the head, the other the body.
            empty += u32::from(line.is_empty());
            if empty == 2 {
                return Ok(());
            }
        }
        Err("the device ended before it sent a request".into())
    }

    /// The platform: its verdict on the message, and its answer.
    fn verdict(&self, event: &Value) -> Result<bool> {
        let say = |text: &str| self.line(MAGENTA, "platform", text);
        let accepted = event["accepted"] == true;
        let list = |field: &str| event[field].as_array().into_iter().flatten();
        let status = &event["status"];
        if accepted {
            let text = format!("{status} accepted: the token is right, the pack is valid");
            say(&self.paint(GREEN, &text))?;
        } else {
            say(&self.paint(RED, &format!("{status} refused")))?;
        }
        for reason in list("reasons") {
            say(&format!("  {}", plain(reason)))?;
        }
        for record in list("records") {
            let value = ["v", "vb", "vs", "vd"]
                .iter()
                .find_map(|label| record.get(*label));
            let value = value.map(plain).unwrap_or_default();
            let unit = record.get("u").map(plain).unwrap_or_default();
            say(&format!("  {:44} {value} {unit}", plain(&record["n"])))?;
        }
        if let Some(downlink) = event["downlink"].as_str() {
            say(&format!("downlink in the response: {downlink}"))?;
        }
        self.line(MAGENTA, "platform", "")?;
        Ok(accepted)
    }
}

/// A text without its quotation marks, a whole number without a fraction, anything else as in JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string().trim_end_matches(".0").to_owned(),
        other => other.to_string(),
    }
}
