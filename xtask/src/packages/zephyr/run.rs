// SPDX-License-Identifier: MIT OR Apache-2.0
//! The glue and the sample, compiled for this machine and run against the simulator and against a hostile network.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use xshell::cmd;

use super::WARNINGS;
use crate::{
    simulator::{self, Simulator},
    workspace::Workspace,
};

const DEVICE: &str = "urn:dev:IMEI:490154203237518:";
const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCD";

/// Time limits of the glue in the tests, in milliseconds.
const LIMITS: [&str; 3] = [
    "-DCONFIG_KPN_THINGS_EXCHANGE_CONNECT_TIMEOUT=700",
    "-DCONFIG_KPN_THINGS_EXCHANGE_SEND_TIMEOUT=700",
    "-DCONFIG_KPN_THINGS_EXCHANGE_RECEIVE_TIMEOUT=1500",
];

/// The files of the glue that the exchange needs.
const GLUE: [&str; 2] = ["kpn_zephyr.c", "kpn_zephyr_socket.c"];

/// Compiles a program with the glue and the archive of the package.
pub fn compile(
    workspace: &Workspace,
    package: &Path,
    main: &Path,
    defines: &[String],
    program: &Path,
) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let host = package.join("zephyr/archives/x86_64-unknown-linux-gnu/libkpn_things.a");
    let sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
    let glue = GLUE.map(|file| package.join("zephyr").join(file));
    let glue = &glue[..];
    cmd!(
        shell,
        "gcc -std=c99 -D_DEFAULT_SOURCE {WARNINGS...} -g {sanitizers...} -Itests/zephyr/shim -I{package}/include -I{package}/zephyr/include
         -DCONFIG_KPN_THINGS_LOG_LEVEL=4 -DCONFIG_KPN_THINGS_EXCHANGE_CHUNK=16 -DCONFIG_ARCH_POSIX -DCONFIG_DNS_RESOLVER
         {LIMITS...} {defines...} {main} {glue...} {host} -o {program}"
    )
    .quiet()
    .run()?;
    // Zephyr 4 has its own names for the flags, and from 4.4 on for the rest of the network API; a system without a resolver has no host
    // names.
    for system in [&[][..], &["-DSHIM_PREFIXED", "-DCONFIG_DNS_RESOLVER"]] {
        cmd!(
            shell,
            "gcc -std=c11 -D_DEFAULT_SOURCE {WARNINGS...} -fsyntax-only -Itests/zephyr/shim -I{package}/include -I{package}/zephyr/include
             -DCONFIG_KPN_THINGS_LOG_LEVEL=4 -DCONFIG_KPN_THINGS_EXCHANGE_CHUNK=64 -DZVFS_O_NONBLOCK=2048 -DZVFS_F_SETFL=4
             {system...} {LIMITS...} {glue...}"
        )
        .quiet()
        .run()?;
    }
    Ok(())
}

/// A call of the test program, and its output.
struct Call<'a> {
    workspace: &'a Workspace,
    program: &'a Path,
}

impl Call<'_> {
    /// Expects `status errno http-status`, and no secret in the log.
    fn expect(&self, wanted: &str, shim: &str, arguments: &[&str]) -> anyhow::Result<()> {
        let shell = &self.workspace.shell;
        let program = self.program;
        let begin = Instant::now();
        let output = cmd!(shell, "{program} {arguments...}")
            .env("SHIM", shim)
            .quiet()
            .ignore_status()
            .output()?;
        let log = String::from_utf8_lossy(&output.stderr);
        let result = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "{}: {log}", output.status);
        ensure!(
            result.trim() == wanted,
            "{arguments:?} with `{shim}`: {result} instead of {wanted}: {log}"
        );
        ensure!(!log.contains(SECRET), "the secret is logged: {log}");
        let failed = !wanted.is_empty() && !wanted.starts_with("0 ");
        ensure!(log.contains("<wrn>") == failed, "the log says: {log}");
        ensure!(
            begin.elapsed() < Duration::from_secs(8),
            "{arguments:?} took {:?}",
            begin.elapsed()
        );
        Ok(())
    }
}

/// Starts simulators that know the device.
pub fn platform(
    workspace: &Workspace,
) -> anyhow::Result<impl Fn(&[&str]) -> anyhow::Result<Simulator>> {
    let program = simulator::build(workspace)?;
    let device = format!("{DEVICE}={SECRET}");
    Ok(move |arguments: &[&str]| {
        let mut all = vec!["--device", device.as_str()];
        all.extend(arguments);
        Simulator::start(&program, &all)
    })
}

/// The glue against the simulator and a hostile network.
pub fn check_exchange(workspace: &Workspace, package: &Path) -> anyhow::Result<()> {
    let folder = workspace.scratch("zephyr")?;
    let program = folder.join("exchange");
    let main = workspace.path("tests/zephyr/exchange.c");
    compile(workspace, package, &main, &[], &program)?;
    let call = Call {
        workspace,
        program: &program,
    };
    call.expect("", "", &["arguments"])?;
    let platform = platform(workspace)?;

    for (fault, wanted) in [
        ("", "0 0 202"),
        ("status=503", "0 0 503"),
        ("delay=500", "0 0 202"),
        ("drop", "-44 0 0"),
        ("cut=30", "-44 0 202"),
        ("garbage", "-40 0 0"),
        ("delay=3000", "-91 110 0"),
    ] {
        let faults = if fault.is_empty() {
            vec![]
        } else {
            vec!["--fault", fault]
        };
        let simulator = platform(&faults)?;
        let port = simulator.port.to_string();
        for shim in ["", "again", "no-option"] {
            call.expect(wanted, shim, &["127.0.0.1", &port])
                .with_context(|| format!("fault `{fault}`"))?;
        }
        if fault.is_empty() {
            call.expect(wanted, "", &["localhost", &port])?;
            // Nobody has these addresses: -90 with EHOSTUNREACH.
            call.expect("-90 113 0", "", &["m.m", &port])?;
        }
    }
    check_hostile(&call)?;

    let kept = folder.join("kept");
    let main = workspace.path("tests/zephyr/kept.c");
    compile(workspace, package, &main, &[], &kept)?;
    cmd!(
        workspace.shell,
        "python3 -B tests/zephyr/test_sockets.py --quiet"
    )
    .env("EXCHANGE", &program)
    .env("KEPT", &kept)
    .quiet()
    .run()?;
    Ok(())
}

/// Hostile peers.
fn check_hostile(call: &Call) -> anyhow::Result<()> {
    let closed = port_of(&TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?)?;
    call.expect("-90 111 0", "", &["127.0.0.1", &closed])?;
    call.expect("-90 111 0", "again", &["::ffff:127.0.0.1", &closed])?;
    call.expect("-90 104 0", "no-pollout", &["127.0.0.1", &closed])?;
    // Zephyr 3 reports it only when the request is sent.
    call.expect("-92 111 0", "no-option", &["127.0.0.1", &closed])?;

    // Connections are no longer accepted once the queue is full.
    let full = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = full.local_addr()?;
    let waiting = fill(&address)?;
    call.expect("-91 110 0", "", &["127.0.0.1", &port_of(&full)?])?;
    drop((waiting, full));

    // A peer that never reads.
    let deaf = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    call.expect(
        "-91 110 0",
        "",
        &["127.0.0.1", &port_of(&deaf)?, "67108864"],
    )?;

    // A peer that closes without reading: a reset.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = port_of(&listener)?;
    let gone = thread::spawn(move || -> std::io::Result<()> {
        let (stream, _) = listener.accept()?;
        let mut byte = [0];
        while stream.peek(&mut byte)? == 0 {}
        Ok(())
    });
    call.expect("-92 104 0", "", &["127.0.0.1", &port])?;
    gone.join()
        .map_err(|_| anyhow::anyhow!("the peer panicked"))??;

    // One byte now and then, for ever: the limit applies to the whole response.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = port_of(&listener)?;
    let slow = thread::spawn(move || -> std::io::Result<()> {
        let (mut stream, _) = listener.accept()?;
        let mut head = [0; 64];
        let _ = stream.read(&mut head)?;
        stream.write_all(b"HTTP/1.1 202 Accepted\r\n")?;
        for _ in 0..40 {
            thread::sleep(Duration::from_millis(200));
            if stream.write_all(b"X").is_err() {
                break;
            }
        }
        Ok(())
    });
    call.expect("-91 110 202", "", &["127.0.0.1", &port])?;
    slow.join()
        .map_err(|_| anyhow::anyhow!("the peer panicked"))??;
    Ok(())
}

/// What the update needs in addition to `GLUE`, and its sizes: the test's device has pages of 1,024 bytes.
const UPDATE: [&str; 3] = [
    "kpn_zephyr_store.c",
    "kpn_zephyr_firmware.c",
    "kpn_zephyr_firmware_fetch.c",
];
const UPDATE_SIZES: [&str; 5] = [
    "-DCONFIG_IMG_BLOCK_BUF_SIZE=192",
    "-DCONFIG_KPN_THINGS_FIRMWARE_PART=2100",
    "-DCONFIG_KPN_THINGS_FIRMWARE_BUFFER=1536",
    "-DCONFIG_KPN_THINGS_FIRMWARE_SAVE_BYTES=1500",
    "-DCONFIG_KPN_THINGS_FIRMWARE_ATTEMPTS=2",
];

/// What the compiler gets for an update, beside the program.
pub fn update_files(workspace: &Workspace, package: &Path) -> Vec<String> {
    let mut more = UPDATE_SIZES.map(str::to_owned).to_vec();
    more.extend(UPDATE.map(|file| package.join("zephyr").join(file).display().to_string()));
    more.push(
        workspace
            .path("tests/zephyr/device.c")
            .display()
            .to_string(),
    );
    more
}

/// An update whose power is lost at each write, over flash that is erased as in Zephyr 3 and as in Zephyr 4.
pub fn check_update(workspace: &Workspace, package: &Path) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let folder = workspace.scratch("zephyr")?;
    let (program, image) = (folder.join("update"), folder.join("new.bin"));
    let simulator = simulator::build(workspace)?;
    let main = workspace.path("tests/zephyr/update.c");
    for (erasing, serving) in [
        ("-DSHIM_ZEPHYR_3", &["--quiet", "--partial-content"][..]),
        ("-g", &["--quiet"]),
    ] {
        let mut more = update_files(workspace, package);
        more.push(erasing.to_owned());
        compile(workspace, package, &main, &more, &program)?;
        cmd!(shell, "{program} {image}").quiet().run()?;
        let file = format!("/new.bin={}", image.display());
        let arguments = [&["--file", &file], serving].concat();
        let platform = Simulator::start(&simulator, &arguments)?;
        let port = platform.port.to_string();
        let output = cmd!(shell, "{program} {image} 127.0.0.1 {port}")
            .quiet()
            .ignore_status()
            .output()?;
        let log = String::from_utf8_lossy(&output.stderr);
        let last = log.lines().last().unwrap_or_default();
        ensure!(output.status.success(), "{}: {last}", output.status);
    }
    Ok(())
}

/// Credentials, shell and queue in the settings.
pub fn check_store(workspace: &Workspace, package: &Path) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let program = workspace.scratch("zephyr")?.join("store");
    let main = workspace.path("tests/zephyr/store.c");
    let files = ["store", "queue", "credentials", "shell"];
    let mut more: Vec<String> = files
        .map(|file| {
            let path = package.join(format!("zephyr/kpn_zephyr_{file}.c"));
            path.display().to_string()
        })
        .to_vec();
    more.push("-DCONFIG_KPN_THINGS_QUEUE_SAVE_SECONDS=1".to_owned());
    more.push("-DCONFIG_IMG_BLOCK_BUF_SIZE=256".to_owned());
    more.push(
        workspace
            .path("tests/zephyr/device.c")
            .display()
            .to_string(),
    );
    compile(workspace, package, &main, &more, &program)?;
    let output = cmd!(shell, "{program}").quiet().read()?;
    ensure!(
        output.contains(DEVICE) && !output.contains(SECRET),
        "the shell says: {output}"
    );
    Ok(())
}

fn port_of(listener: &TcpListener) -> anyhow::Result<String> {
    Ok(listener.local_addr()?.port().to_string())
}

/// Connections until there is no room for more.
fn fill(address: &SocketAddr) -> anyhow::Result<Vec<TcpStream>> {
    let mut waiting = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(address, Duration::from_millis(300)) {
        waiting.push(stream);
        ensure!(waiting.len() < 10_000, "the queue is never full");
    }
    Ok(waiting)
}

/// The suite that twister runs, here with a stand-in for ztest.
pub fn check_ztest(workspace: &Workspace, package: &Path) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let program = workspace.scratch("zephyr")?.join("ztest");
    let main = package.join("tests/zephyr/ztest/src/main.c");
    compile(workspace, package, &main, &[], &program)?;
    let output = cmd!(shell, "{program}").quiet().read()?;
    let text = shell.read_file(&main)?;
    let tests = text.matches("ZTEST(").count();
    ensure!(
        tests > 0 && output == format!("{tests} tests"),
        "{output} of {tests}"
    );
    Ok(())
}

/// The sample's code for SMS and the network, and all of it compiled together.
fn check_parts(workspace: &Workspace, package: &Path) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let program = workspace.scratch("zephyr")?.join("parts");
    let source = package.join("c-examples/zephyr/src");
    let mut more = vec![
        "-DCONFIG_MODEM_CELLULAR".to_owned(),
        "-DCONFIG_SAMPLE_NETWORK_SECONDS=1".to_owned(),
        format!("-I{}", source.display()),
    ];
    let texts = ["HOST", "DEVICE", "SECRET", "VERSION"];
    let texts = texts.map(|name| format!("-DCONFIG_SAMPLE_{name}=\"a\""));
    let numbers = ["-DCONFIG_SAMPLE_PORT=1", "-DCONFIG_SAMPLE_ATTEMPTS=3"].map(str::to_owned);
    let parts = ["-DCONFIG_SMS", "-DCONFIG_NET_CONNECTION_MANAGER"].map(str::to_owned);
    more.extend(texts.iter().chain(&numbers).chain(&parts).cloned());
    more.extend(["network.c", "sms.c"].map(|file| source.join(file).display().to_string()));
    let main = workspace.path("tests/zephyr/sample.c");
    compile(workspace, package, &main, &more, &program)?;
    cmd!(shell, "{program}").quiet().run()?;
    let options = ["KPN_THINGS_CREDENTIALS", "KPN_THINGS_FIRMWARE", "SMS"];
    let options = options.map(|name| format!("-DCONFIG_{name}"));
    cmd!(
        shell,
        "gcc -std=c99 -D_DEFAULT_SOURCE {WARNINGS...} -fsyntax-only -Itests/zephyr/shim -I{package}/include -I{package}/zephyr/include
         -DCONFIG_NET_CONNECTION_MANAGER -DCONFIG_SAMPLE_PORT=1 -DCONFIG_SAMPLE_ATTEMPTS=3 {options...} {texts...} {UPDATE_SIZES...}
         {source}/main.c"
    )
    .quiet()
    .run()?;
    Ok(())
}

/// The sample sends its message, acts on a downlink, retries and gives up.
pub fn check_sample(workspace: &Workspace, package: &Path) -> anyhow::Result<()> {
    check_parts(workspace, package)?;
    let shell = &workspace.shell;
    let program = workspace.scratch("zephyr")?.join("sample");
    let main = package.join("c-examples/zephyr/src/main.c");
    let valve = format!(r#"{DEVICE}=[{{"bn":"{DEVICE}","n":"valve","vb":true}}]"#);
    let cases: [(&[&str], &str, &str, &str); 4] = [
        (
            &["--downlink", &valve],
            SECRET,
            "the valve is now open",
            "again in",
        ),
        (
            &["--fault", "status=503,times=1"],
            SECRET,
            "again in",
            "given up",
        ),
        (
            &["--fault", "drop"],
            SECRET,
            "given up after 3 attempts",
            "valve",
        ),
        (
            &[],
            "another0123456789abcdefghijklmnopqrstuv",
            "status 401",
            "again in",
        ),
    ];
    let platform = platform(workspace)?;
    for (arguments, secret, wanted, absent) in cases {
        let simulator = platform(arguments)?;
        let defines = [
            "-DCONFIG_SAMPLE_HOST=\"127.0.0.1\"".to_owned(),
            format!("-DCONFIG_SAMPLE_PORT={}", simulator.port),
            format!("-DCONFIG_SAMPLE_DEVICE=\"{DEVICE}\""),
            format!("-DCONFIG_SAMPLE_SECRET=\"{secret}\""),
            "-DCONFIG_SAMPLE_ATTEMPTS=3".to_owned(),
            "-DCONFIG_SAMPLE_VERSION=\"1.0.0\"".to_owned(),
        ];
        compile(workspace, package, &main, &defines, &program)?;
        let log = program.with_extension("log");
        let ended = std::process::Command::new(&program)
            .stderr(File::create(&log)?)
            .status()?;
        let log = shell.read_file(&log)?;
        ensure!(ended.success(), "{ended}: {log}");
        ensure!(
            log.contains(wanted) && !log.contains(absent) && log.ends_with("done\n"),
            "{arguments:?}: no `{wanted}`, or `{absent}`, in: {log}"
        );
        ensure!(!log.contains(secret), "the secret is logged: {log}");
    }
    Ok(())
}
