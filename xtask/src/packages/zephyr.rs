//! The Zephyr module without a Zephyr tree: its manifests, Kconfig and CMake against stand-ins for what they meet there,
//! its glue and its sample compiled for this machine and run against the simulator and against a hostile network.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use xshell::{Shell, TempDir, cmd};

use crate::{
    dist::{self, Archives},
    simulator::{self, Simulator},
    workspace::Workspace,
};

const DEVICE: &str = "urn:dev:IMEI:123456789012345:";
const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCD";

/// Short names of the targets that the test's package has archives for.
const PACKED: [&str; 2] = ["thumbv7m", "x86_64-linux"];

/// Time limits of the glue in the tests, in milliseconds.
const LIMITS: [&str; 3] = [
    "-DCONFIG_KPN_THINGS_EXCHANGE_CONNECT_TIMEOUT=700",
    "-DCONFIG_KPN_THINGS_EXCHANGE_SEND_TIMEOUT=700",
    "-DCONFIG_KPN_THINGS_EXCHANGE_RECEIVE_TIMEOUT=1500",
];

const WARNINGS: [&str; 6] = [
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wconversion",
    "-Wshadow",
    "-Werror",
];

/// Everything: the module in the repository, and the package, unpacked outside of it.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let archives = Archives::build_some(workspace, &PACKED)?;
    let outside = workspace.shell.create_temp_dir()?;
    let package = unpack(workspace, &archives, outside.path())?;
    for (module, packaged) in [(workspace.path(""), false), (package.clone(), true)] {
        check_python(workspace, &module, packaged)?;
        check_targets(workspace, &module)?;
    }
    check_cmake(workspace, &package)?;
    check_page(workspace, &package)?;
    check_chip(workspace, &package)?;
    check_exchange(workspace, &package)?;
    check_sample(workspace, &package)
}

fn unpack(workspace: &Workspace, archives: &Archives, to: &Path) -> anyhow::Result<PathBuf> {
    let shell = &workspace.shell;
    let file = dist::pack_zephyr(workspace, archives, to)?.file;
    let within = shell.push_dir(to);
    cmd!(shell, "tar --extract --file {file}").quiet().run()?;
    drop(within);
    Ok(to.join(file.trim_end_matches(".tar.gz")))
}

/// Manifests and Kconfig.
fn check_python(workspace: &Workspace, module: &Path, packaged: bool) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let python = workspace.path("target/python/bin/python3");
    ensure!(python.exists(), "no {}: `make setup`", python.display());
    for test in ["test_manifests.py", "test_kconfig.py"] {
        cmd!(shell, "{python} -B tests/zephyr/{test} --quiet")
            .env("MODULE", module)
            .env("PACKAGED", if packaged { "yes" } else { "no" })
            .quiet()
            .run()?;
    }
    Ok(())
}

/// The map from cores to Rust targets, and that a wrong one is noticed.
fn check_targets(workspace: &Workspace, module: &Path) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let table = "tests/zephyr/targets.cmake";
    cmd!(shell, "cmake -DMODULE={module} -P {table}")
        .quiet()
        .run()?;
    let wrong = cmd!(shell, "cmake -DMODULE={module} -DWRONG=ON -P {table}")
        .quiet()
        .ignore_stderr()
        .run();
    ensure!(wrong.is_err(), "{table} takes any answer");
    Ok(())
}

/// The module's CMake files with one configuration.
struct Configured {
    folder: TempDir,
    failure: Option<String>,
}

impl Configured {
    fn new(workspace: &Workspace, module: &Path, symbols: &[&str]) -> anyhow::Result<Self> {
        let shell = &workspace.shell;
        let folder = shell.create_temp_dir()?;
        let build = folder.path();
        let settings = symbols.iter().map(|symbol| format!("-DCONFIG_{symbol}"));
        let output = cmd!(
            shell,
            "cmake -S tests/zephyr/module -B {build} -DMODULE={module} {settings...}"
        )
        .quiet()
        .ignore_status()
        .output()?;
        let failure = (!output.status.success())
            .then(|| String::from_utf8_lossy(&output.stderr).replace("\n  ", " "));
        Ok(Self { folder, failure })
    }

    /// Lines of what Zephyr was told.
    fn facts(&self, shell: &Shell) -> anyhow::Result<String> {
        ensure!(self.failure.is_none(), "{:?}", self.failure);
        Ok(shell.read_file(self.folder.path().join("facts.txt"))?)
    }

    fn refused_with(&self, part: &str) -> anyhow::Result<()> {
        let failure = self.failure.as_deref().context("not refused")?;
        ensure!(failure.contains(part), "no `{part}` in: {failure}");
        Ok(())
    }
}

fn check_cmake(workspace: &Workspace, package: &Path) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let repository = workspace.path("");
    let of = |module: &Path, symbols: &[&str]| Configured::new(workspace, module, symbols);
    let m3 = "CPU_CORTEX_M3=y";
    let (on, prebuilt) = ("KPN_THINGS=y", "KPN_THINGS_PREBUILT=y");

    ensure!(
        of(package, &[m3])?.facts(shell)?.is_empty(),
        "not turned on"
    );
    let facts = of(package, &[on, prebuilt, m3])?.facts(shell)?;
    let archive = package.join("zephyr/archives/thumbv7m-none-eabi/libkpn_things.a");
    let root = package.display();
    for line in [
        format!("archive {}", archive.display()),
        format!("zephyr_include_directories {root}/include"),
        "zephyr_link_libraries kpn_things".to_owned(),
    ] {
        ensure!(facts.lines().any(|fact| fact == line), "no {line}: {facts}");
    }
    ensure!(!facts.contains("kpn_zephyr"), "not asked for: {facts}");

    let facts = of(package, &[on, prebuilt, m3, "KPN_THINGS_EXCHANGE=y"])?.facts(shell)?;
    for line in [
        "zephyr_include_directories include",
        "zephyr_library_sources kpn_zephyr.c",
        "zephyr_library_link_libraries kpn_things",
    ] {
        ensure!(facts.lines().any(|fact| fact == line), "no {line}: {facts}");
    }

    // An archive of one's own, whatever the core is.
    let own = "KPN_THINGS_ARCHIVE_PATH=CMakeLists.txt";
    let facts = of(package, &[on, prebuilt, "XTENSA=y", own])?;
    facts.refused_with("tests/zephyr/module/application/CMakeLists.txt")?;
    let own = format!("KPN_THINGS_ARCHIVE_PATH={}", archive.display());
    let facts = of(package, &[on, prebuilt, "XTENSA=y", &own])?.facts(shell)?;
    ensure!(facts.contains(&archive.display().to_string()), "{facts}");

    of(package, &[on, prebuilt, "XTENSA=y"])?.refused_with("not built for Xtensa")?;
    of(package, &[on, prebuilt, "RISCV=y", "64BIT=y"])?
        .refused_with("not built for RISC-V with 64 bits")?;
    of(package, &[on, prebuilt, "CPU_CORTEX_M23=y"])?
        .refused_with("archives/thumbv8m.base-none-eabi/libkpn_things.a")?;
    of(&repository, &[on, prebuilt, m3])?.refused_with("kpn-things-<version>-zephyr.tar.gz")?;
    check_cargo(workspace)
}

/// What cargo is called with, by something that only writes it down.
fn check_cargo(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let temporary = shell.create_temp_dir()?;
    let (fake, log) = (
        temporary.path().join("cargo"),
        temporary.path().join("called"),
    );
    shell.write_file(
        &fake,
        format!("#!/bin/sh\necho \"$RUSTFLAGS\" \"$@\" >{}\n", log.display()),
    )?;
    cmd!(shell, "chmod +x {fake}").quiet().run()?;
    let command = format!("KPN_THINGS_CARGO_COMMAND={}", fake.display());
    let call = |symbols: &[&str]| -> anyhow::Result<String> {
        let mut all = vec!["KPN_THINGS=y", "KPN_THINGS_CARGO=y", command.as_str()];
        all.extend(symbols);
        let configured = Configured::new(workspace, &workspace.path(""), &all)?;
        let facts = configured.facts(shell)?;
        let build = configured.folder.path();
        cmd!(shell, "cmake --build {build} --target kpn_things_cargo")
            .quiet()
            .ignore_stdout()
            .run()?;
        Ok(format!("{facts}called {}", shell.read_file(&log)?))
    };
    let has = |text: &str, parts: &[&str], lacks: &[&str]| -> anyhow::Result<()> {
        for part in parts {
            ensure!(text.contains(part), "no `{part}` in: {text}");
        }
        for part in lacks {
            ensure!(!text.contains(part), "`{part}` in: {text}");
        }
        Ok(())
    };

    let compact = "--cfg sha2_backend_soft=\"compact\"";
    has(
        &call(&["CPU_CORTEX_M3=y", "KPN_THINGS_PANIC_HANDLER=y"])?,
        &[
            "/cargo/thumbv7m-none-eabi/release/libkpn_things.a",
            "--target thumbv7m-none-eabi",
            "--no-default-features --features panic-handler",
            compact,
            "zephyr_ld_options -Wl,-z,noexecstack",
        ],
        &["build-std"],
    )?;
    has(
        &call(&[
            "XTENSA=y",
            "KPN_THINGS_RUST_TARGET=xtensa-esp32-none-elf",
            "KPN_THINGS_FAST_SHA=y",
            "KPN_THINGS_CARGO_ARGUMENTS=-Zbuild-std=core --offline",
        ])?,
        &[
            "--target xtensa-esp32-none-elf",
            "-Zbuild-std=core --offline",
        ],
        &["panic-handler", compact],
    )?;
    has(
        &call(&["ARCH_POSIX=y", "64BIT=y"])?,
        &["--target x86_64-unknown-linux-gnu"],
        &["noexecstack"],
    )?;
    Configured::new(
        workspace,
        &workspace.path(""),
        &["KPN_THINGS=y", "KPN_THINGS_CARGO=y", "XTENSA=y"],
    )?
    .refused_with("CONFIG_KPN_THINGS_RUST_TARGET")
}

/// What the page tells the users of the module to write: at most five lines, and C that compiles.
fn check_page(workspace: &Workspace, package: &Path) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let page = shell.read_file(package.join("zephyr/README.md"))?;
    let part = page
        .split("## In your own application")
        .nth(1)
        .and_then(|rest| rest.split("\n## ").next())
        .context("no such part in zephyr/README.md")?;
    let blocks: Vec<_> = part
        .split("```")
        .skip(1)
        .step_by(2)
        .filter_map(|block| block.split_once('\n'))
        .collect();
    let of = |language| blocks.iter().filter(move |(kind, _)| *kind == language);
    let lines = of("cmake")
        .chain(of("ini"))
        .flat_map(|(_, text)| text.lines())
        .count();
    ensure!((2..=5).contains(&lines), "{lines} lines for the user");
    let (_, example) = of("c").next().context("no example in C")?;
    cmd!(
        shell,
        "gcc -std=c99 {WARNINGS...} -fsyntax-only -I{package}/include -I{package}/zephyr/include -xc -"
    )
    .stdin(example)
    .quiet()
    .run()?;
    Ok(())
}

/// The package's archive links with the chip's compiler, warnings of the linker as errors.
fn check_chip(workspace: &Workspace, package: &Path) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let temporary = shell.create_temp_dir()?;
    let within = shell.push_dir(temporary.path());
    shell.write_file(
        "main.c",
        "#include \"kpn_things.h\"\nint main(void) { kpn_response r; return kpn_response_end(&r) == KPN_OK; }\n",
    )?;
    let library = package.join("zephyr/archives/thumbv7m-none-eabi/libkpn_things.a");
    cmd!(
        shell,
        "arm-none-eabi-gcc -mcpu=cortex-m3 -mthumb -Os -Wall -Wextra -Werror --specs=picolibc.specs
         -I{package}/include main.c {library} -Wl,--gc-sections,--fatal-warnings -o firmware.elf"
    )
    .quiet()
    .run()?;
    drop(within);
    Ok(())
}

/// Compiles a program with the glue and the archive of the package.
fn compile(
    workspace: &Workspace,
    package: &Path,
    main: &Path,
    defines: &[String],
    program: &Path,
) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let host = package.join("zephyr/archives/x86_64-unknown-linux-gnu/libkpn_things.a");
    let sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
    cmd!(
        shell,
        "gcc -std=c99 -D_DEFAULT_SOURCE {WARNINGS...} -g {sanitizers...} -Itests/zephyr/shim -I{package}/include -I{package}/zephyr/include
         -DCONFIG_KPN_THINGS_LOG_LEVEL=4 -DCONFIG_KPN_THINGS_EXCHANGE_CHUNK=16 -DCONFIG_ARCH_POSIX -DCONFIG_DNS_RESOLVER
         {LIMITS...} {defines...} {main} {package}/zephyr/kpn_zephyr.c {host} -o {program}"
    )
    .quiet()
    .run()?;
    // Zephyr 4 has names of its own for the flags, and a system without a resolver has no names of hosts.
    cmd!(
        shell,
        "gcc -std=c11 -D_DEFAULT_SOURCE {WARNINGS...} -fsyntax-only -Itests/zephyr/shim -I{package}/include -I{package}/zephyr/include
         -DCONFIG_KPN_THINGS_LOG_LEVEL=4 -DCONFIG_KPN_THINGS_EXCHANGE_CHUNK=64 -DZVFS_O_NONBLOCK=2048 -DZVFS_F_SETFL=4
         {LIMITS...} {package}/zephyr/kpn_zephyr.c"
    )
    .quiet()
    .run()?;
    Ok(())
}

/// A call of the test program, and what it says.
struct Call<'a> {
    workspace: &'a Workspace,
    program: &'a Path,
}

impl Call<'_> {
    /// Wants `status errno http-status`, and no secret in what is logged.
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

/// What starts simulators that know the device.
fn platform(
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

fn check_exchange(workspace: &Workspace, package: &Path) -> anyhow::Result<()> {
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
            // Nobody has these: -90 with EHOSTUNREACH.
            call.expect("-90 113 0", "", &["m.m", &port])?;
        }
    }
    check_hostile(&call)
}

/// Peers that no platform is.
fn check_hostile(call: &Call) -> anyhow::Result<()> {
    let closed = port_of(&TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?)?;
    call.expect("-90 111 0", "", &["127.0.0.1", &closed])?;
    call.expect("-90 111 0", "again", &["::ffff:127.0.0.1", &closed])?;
    call.expect("-90 104 0", "no-pollout", &["127.0.0.1", &closed])?;
    // Zephyr 3 tells only when the request is sent.
    call.expect("-92 111 0", "no-option", &["127.0.0.1", &closed])?;

    // Nobody takes connections any more once the queue is full.
    let full = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = full.local_addr()?;
    let waiting = fill(&address)?;
    call.expect("-91 110 0", "", &["127.0.0.1", &port_of(&full)?])?;
    drop((waiting, full));

    // One that never reads.
    let deaf = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    call.expect("-91 110 0", "", &["127.0.0.1", &port_of(&deaf)?, "big"])?;

    // One that goes away without reading: a reset.
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

    // One byte now and then, for ever: the limit is that of the whole response.
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

/// The sample sends its message, acts on a downlink, tries again and gives up.
fn check_sample(workspace: &Workspace, package: &Path) -> anyhow::Result<()> {
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
