// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bytes on the wire of one message with five records: over plain HTTP on the private network, and over TLS on the Internet path.
//!
//! The C examples send it to the simulator through a proxy that counts what TCP carries, in both directions, until both have closed.

use std::{
    fmt::Write as _,
    io::Write as _,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use anyhow::{Context as _, anyhow, ensure};
use xshell::cmd;

use crate::{
    archive::{self, Options},
    proxy, readme,
    report::{self, Line},
    simulator::{self, Simulator},
    target,
    workspace::Workspace,
};

const DEVICES: [&str; 2] = [
    "urn:dev:IMEI:490154203237518=0123456789abcdefghijklmnopqrstuvwxyzABCD",
    "urn:dev:DVNUUID:89b053c5-7380-4fc3-8fe6-8792e746580f=0123456789abcdefghijklmnopqrstuvwxyzABCD",
];

/// The message of the examples, as lines for `gateway`.
const MESSAGE: &str =
    "temperature Cel 20.5\nhumidity %RH 48.25\ndoorOpen - true\nfirmware - 1.0.0\ncounter - 42\n\n";

/// Largest segment on a link with packets of 1,400 bytes.
const SEGMENT: u64 = 1360;
/// Size of an IPv4 and a TCP header without options.
const HEADERS: u64 = 40;

/// Signatures with ECDSA differ in length by a few bytes; there are two in a full handshake.
const SIGNATURES: u64 = 8;

/// How a message was sent.
struct Case {
    name: &'static str,
    sentence: &'static str,
    /// With a connection that is opened and closed for this message.
    is_new: bool,
    /// Bytes in one direction until the direction changed; the device's come first.
    flights: Vec<u64>,
}

impl Case {
    fn sent(&self) -> u64 {
        self.flights.iter().step_by(2).sum()
    }

    fn received(&self) -> u64 {
        self.flights.iter().skip(1).step_by(2).sum()
    }

    fn total(&self) -> u64 {
        self.flights.iter().sum()
    }

    /// Segments with data, plus three and four to open and close a connection, or one to acknowledge the last.
    fn segments(&self) -> u64 {
        let data: u64 = self.flights.iter().map(|len| len.div_ceil(SEGMENT)).sum();
        data + if self.is_new { 7 } else { 1 }
    }

    fn with_headers(&self) -> u64 {
        self.total() + self.segments() * HEADERS
    }
}

/// Prints all numbers and writes the table of README.md.
pub fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let cases = measure(workspace)?;
    check_relations(&cases)?;
    report::print(&lines(&cases));
    readme::write_section(workspace, "wire", &table(&cases)?)
}

/// Fails if README.md has other numbers, or if the private network does not save what it should.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let cases = measure(workspace)?;
    check_relations(&cases)?;
    compare(&readme::section(workspace, "wire")?, &cases)?;
    println!("{} ways to send a message, as README.md says", cases.len());
    Ok(())
}

fn lines(cases: &[Case]) -> Vec<Line> {
    let numbers = |case: &Case| {
        let name = case.name;
        [
            ("sent", case.sent()),
            ("received", case.received()),
            ("total", case.total()),
            ("with-headers", case.with_headers()),
        ]
        .map(|(what, value)| Line {
            name: format!("wire.{name}.{what}"),
            value,
            unit: "bytes",
        })
    };
    cases.iter().flat_map(numbers).collect()
}

fn table(cases: &[Case]) -> anyhow::Result<String> {
    let mut text = String::from(
        "\n| one message with five records, bytes | device sends | platform sends | together | times | with TCP/IP headers |\n\
         |---|---|---|---|---|---|\n",
    );
    let least = find(cases, "http-new")?.total();
    for case in cases {
        let tenths = (case.total() * 10 + least / 2) / least;
        writeln!(
            text,
            "| {} | {} | {} | {} | {}.{} | {} |",
            case.sentence,
            case.sent(),
            case.received(),
            case.total(),
            tenths / 10,
            tenths % 10,
            case.with_headers()
        )?;
    }
    text.push('\n');
    Ok(text)
}

/// Whether the table says what was measured, for the numbers that do not vary.
fn compare(section: &str, cases: &[Case]) -> anyhow::Result<()> {
    let rows: Vec<Vec<&str>> = section
        .lines()
        .map(|row| row.split(" | ").collect())
        .collect();
    for case in cases {
        let row = rows
            .iter()
            .find(|row| row.first() == Some(&format!("| {}", case.sentence).as_str()))
            .with_context(|| {
                format!("README.md has no row `{}`: run `make wire`", case.sentence)
            })?;
        let tolerance = if case.name.starts_with("tls") && case.name.ends_with("-new") {
            SIGNATURES
        } else {
            0
        };
        for (column, measured) in [(1, case.sent()), (2, case.received()), (3, case.total())] {
            let written: u64 = row.get(column).context("a column")?.parse()?;
            ensure!(
                written.abs_diff(measured) <= tolerance,
                "README.md has {written} bytes for `{}` instead of {measured}: run `make wire`",
                case.sentence
            );
        }
    }
    Ok(())
}

/// What must hold whatever the numbers are.
fn check_relations(cases: &[Case]) -> anyhow::Result<()> {
    let total = |name| find(cases, name).map(Case::total);
    let rising = [
        ("http-new", "http-internet"),
        ("http-internet", "tls12-resumed"),
        ("http-internet", "tls13-resumed"),
        ("tls12-resumed", "tls12-new"),
        ("tls13-resumed", "tls13-new"),
    ];
    for (less, more) in rising {
        ensure!(
            total(less)? < total(more)?,
            "{less} takes no fewer bytes than {more}"
        );
    }
    let (kept, new) = (find(cases, "http-kept")?, find(cases, "http-new")?);
    ensure!(
        kept.total() == new.total() && kept.with_headers() < new.with_headers(),
        "a kept connection does not save the opening of one and nothing else"
    );
    ensure!(
        2 * total("http-new")? < total("tls12-new")?.min(total("tls13-new")?),
        "a new connection with TLS takes less than twice the bytes of plain HTTP"
    );
    Ok(())
}

fn find<'a>(cases: &'a [Case], name: &str) -> anyhow::Result<&'a Case> {
    cases
        .iter()
        .find(|case| case.name == name)
        .with_context(|| format!("no case {name}"))
}

fn measure(workspace: &Workspace) -> anyhow::Result<Vec<Case>> {
    let folder = workspace.scratch("wire")?;
    let simulator = simulator::build(workspace)?;
    let target = target::find("x86_64-linux")?;
    let archive = archive::build(workspace, target, Options::default())?;
    let exchange = compile(workspace, &folder, &archive, "exchange", &[])?;
    let gateway = compile(workspace, &folder, &archive, "gateway", &[])?;
    let tls = compile(workspace, &folder, &archive, "tls", &["-lssl", "-lcrypto"])?;

    let certificate = folder.join("certificate.pem").display().to_string();
    let mut platform = Simulator::start(
        &simulator,
        &[
            "--quiet",
            "--device",
            DEVICES[0],
            "--device",
            DEVICES[1],
            "--tls-listen",
            "127.0.0.1:0",
            "--tls-certificate",
            &certificate,
        ],
    )?;
    let tls_port = platform.next_port()?;
    let config = |example: &str| {
        let path = workspace.path(&format!("c-examples/{example}/device.json"));
        path.display().to_string()
    };
    let (m2m, internet) = (config("exchange"), config("tls"));

    let plain = |config: &str| Program::new(&exchange).arguments(&[config, "127.0.0.1", PORT]);
    let http_new = plain(&m2m).count(platform.port)?;
    let http_kept = Program::new(&gateway)
        .arguments(&[&m2m, "127.0.0.1", PORT])
        .input(&MESSAGE.repeat(2))
        .count(platform.port)?;
    ensure!(http_kept.len() == 4, "not two messages on one connection");
    let mut cases = vec![
        Case {
            name: "http-new",
            sentence: "plain HTTP through KPN's private network, new connection",
            is_new: true,
            flights: http_new,
        },
        Case {
            name: "http-kept",
            sentence: "the same on a connection that was kept",
            is_new: false,
            flights: http_kept.into_iter().skip(2).collect(),
        },
        Case {
            name: "http-internet",
            sentence: "the Internet path's message without its TLS, for comparison",
            is_new: true,
            flights: plain(&internet).count(platform.port)?,
        },
    ];
    for (version, names) in [
        (
            "TLSv1.2",
            [
                ("tls12-new", "TLS 1.2, new connection"),
                ("tls12-resumed", "TLS 1.2, resumed with a session ticket"),
            ],
        ),
        (
            "TLSv1.3",
            [
                ("tls13-new", "TLS 1.3, new connection"),
                ("tls13-resumed", "TLS 1.3, resumed with a session ticket"),
            ],
        ),
    ] {
        let settings = folder.join(format!("{version}.cnf"));
        workspace.shell.write_file(&settings, openssl(version))?;
        let session = folder.join(format!("{version}.session"));
        workspace.shell.remove_path(&session)?;
        let session = session.display().to_string();
        for ((name, sentence), how) in names.into_iter().zip(["new", "resumed"]) {
            let flights = Program::new(&tls)
                .arguments(&[&internet, "127.0.0.1", PORT, &certificate, &session])
                .variable("OPENSSL_CONF", &settings)
                .says(&format!("{version}, {how}\n"))
                .count(tls_port)?;
            cases.push(Case {
                name,
                sentence,
                is_new: true,
                flights,
            });
        }
    }
    Ok(cases)
}

/// One version, and X25519 for the key exchange, since other groups have other lengths. P-256 is for the certificate.
fn openssl(version: &str) -> String {
    format!(
        "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = measured\n[measured]\n\
         MinProtocol = {version}\nMaxProtocol = {version}\nGroups = X25519:P-256\n"
    )
}

fn compile(
    workspace: &Workspace,
    folder: &Path,
    archive: &Path,
    name: &str,
    libraries: &[&str],
) -> anyhow::Result<PathBuf> {
    let shell = &workspace.shell;
    let program = folder.join(name);
    cmd!(
        shell,
        "cc -std=c99 -Wall -Wextra -Werror -Iinclude c-examples/{name}/{name}.c {archive} {libraries...} -o {program}"
    )
    .quiet()
    .run()?;
    Ok(program)
}

/// Placeholder for the proxy's port in the arguments.
const PORT: &str = "PORT";

/// An example that sends messages.
struct Program<'a> {
    command: Command,
    path: &'a Path,
    arguments: Vec<String>,
    input: String,
    says: String,
}

impl<'a> Program<'a> {
    fn new(path: &'a Path) -> Self {
        Self {
            command: Command::new(path),
            path,
            arguments: Vec::new(),
            input: String::new(),
            says: String::new(),
        }
    }

    fn arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments = arguments.iter().map(|&text| text.to_owned()).collect();
        self
    }

    fn input(mut self, text: &str) -> Self {
        text.clone_into(&mut self.input);
        self
    }

    fn variable(mut self, name: &str, value: &Path) -> Self {
        self.command.env(name, value);
        self
    }

    fn says(mut self, text: &str) -> Self {
        text.clone_into(&mut self.says);
        self
    }

    /// Runs it against a proxy to `port`, and returns what went over its connection.
    fn count(mut self, port: u16) -> anyhow::Result<Vec<u64>> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let own = listener.local_addr()?.port().to_string();
        let proxy = thread::spawn(move || proxy::carry(&listener, port));
        let arguments = self.arguments.iter().map(|text| match text.as_str() {
            PORT => own.clone(),
            other => other.to_owned(),
        });
        let mut child = self
            .command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        child
            .stdin
            .take()
            .context("an input")?
            .write_all(self.input.as_bytes())?;
        let output = child.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(
            output.status.success() && said.contains(&self.says),
            "{} ended with {} and said:\n{said}",
            self.path.display(),
            output.status
        );
        // It succeeded, so it has connected, and the proxy ends when the connection does.
        proxy
            .join()
            .map_err(|_| anyhow!("the proxy panicked"))?
            .context("the proxy failed")
    }
}

#[cfg(test)]
mod tests {
    use super::{Case, check_relations, compare, table};

    fn cases(tls: u64) -> Vec<Case> {
        let case = |name, is_new, flights: &[u64]| Case {
            name,
            sentence: name,
            is_new,
            flights: flights.to_vec(),
        };
        vec![
            case("http-new", true, &[300, 100]),
            case("http-kept", false, &[300, 100]),
            case("http-internet", true, &[320, 100]),
            case("tls12-new", true, &[200, 1400, 400, 200]),
            case("tls12-resumed", true, &[300, 300, 400, 100]),
            case("tls13-new", true, &[200, 900, 500, tls]),
            case("tls13-resumed", true, &[300, 300, 400, 100]),
        ]
    }

    #[test]
    fn counts_directions_and_headers() {
        let cases = cases(100);
        let case = cases.iter().find(|case| case.name == "tls12-new").unwrap();
        assert_eq!(
            (case.sent(), case.received(), case.total()),
            (600, 1600, 2200)
        );
        assert_eq!(case.segments(), 5 + 7);
        assert_eq!(case.with_headers(), 2200 + 12 * 40);
    }

    #[test]
    fn notices_other_numbers_and_broken_relations() {
        let written = table(&cases(100)).unwrap();
        assert!(compare(&written, &cases(100)).is_ok());
        assert!(compare(&written, &cases(108)).is_ok());
        assert!(compare(&written, &cases(109)).is_err());
        assert!(compare("", &cases(100)).is_err());
        assert!(check_relations(&cases(100)).is_ok());
        let mut wrong = cases(100);
        wrong.swap_remove(0);
        assert!(check_relations(&wrong).is_err());
        let mut wrong = cases(100);
        wrong.last_mut().unwrap().flights = vec![9999, 1];
        assert!(check_relations(&wrong).is_err());
    }
}
