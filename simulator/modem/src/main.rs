// SPDX-License-Identifier: MIT OR Apache-2.0
//! The emulated modem as a program: its serial line is a pty or a TCP port, its network is real.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use kpn_things_modem::line::Line;
use kpn_things_modem::modem::Modem;
use kpn_things_modem::network::Tcp;
use kpn_things_modem::options::Options;
use kpn_things_modem::random::Random;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

/// How often the network is polled.
const TICK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 2_000_000,
};

/// Longest SMS that is read, including its sender.
const SMS_MAX: u64 = 4096;

#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    modem: Options,

    /// Uses a TCP port as its serial line; 0 takes a free one
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        conflicts_with = "pty",
        required_unless_present = "pty"
    )]
    listen: Option<String>,

    /// Writes the port to a file when ready
    #[arg(long, value_name = "FILE", requires = "listen")]
    port_file: Option<PathBuf>,

    /// Uses a terminal as its serial line, with a link at this path once ready
    #[arg(long, value_name = "PATH")]
    pty: Option<PathBuf>,

    /// Accepts SMS here: one connection each, with the sender, a line feed and the text, as sent by the simulator's --sms-to
    #[arg(long, value_name = "ADDRESS:PORT")]
    sms_listen: Option<String>,

    /// Writes the port for SMS to a file when ready
    #[arg(long, value_name = "FILE", requires = "sms_listen")]
    sms_port_file: Option<PathBuf>,

    /// Ends after this time
    #[arg(long, value_name = "SECONDS", default_value = "3600")]
    max_seconds: u64,

    /// Shows on standard error what goes over the serial line
    #[arg(long, short)]
    verbose: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kpn-things-modem: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> io::Result<()> {
    let end = Instant::now() + Duration::from_secs(arguments.max_seconds);
    let sms = match &arguments.sms_listen {
        Some(address) => Some(listen(address, arguments.sms_port_file.as_ref())?),
        None => None,
    };
    if let Some(path) = &arguments.pty {
        let (ours, _theirs) = terminal(path)?;
        let result = serve(arguments, File::from(ours), sms.as_ref(), end);
        std::fs::remove_file(path)?;
        return result;
    }
    let address = arguments.listen.as_deref().unwrap_or("127.0.0.1:0");
    let listener = listen(address, arguments.port_file.as_ref())?;
    println!("listening on {}", listener.local_addr()?);
    while Instant::now() < end {
        wait(&listener)?;
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nodelay(true)?;
                stream.set_nonblocking(true)?;
                serve(arguments, stream, sms.as_ref(), end)?;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// A port that can be polled, with its number in a file.
fn listen(address: &str, file: Option<&PathBuf>) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    if let Some(path) = file {
        let new = path.with_extension("new");
        std::fs::write(&new, format!("{}\n", listener.local_addr()?.port()))?;
        std::fs::rename(&new, path)?;
    }
    Ok(listener)
}

/// Opens a terminal without line editing, with a link to its other side. That side is kept open, so that hosts can come and go.
fn terminal(path: &PathBuf) -> io::Result<(OwnedFd, OwnedFd)> {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let name = ptsname(&ours, Vec::new())?;
    let name = name.to_string_lossy().into_owned();
    let theirs = OwnedFd::from(File::options().read(true).write(true).open(&name)?);
    let mut settings = tcgetattr(&theirs)?;
    settings.make_raw();
    tcsetattr(&theirs, OptionalActions::Now, &settings)?;
    rustix::io::ioctl_fionbio(&ours, true)?;
    std::os::unix::fs::symlink(&name, path)?;
    println!("the serial line is {} ({name})", path.display());
    Ok((ours, theirs))
}

fn wait(fd: &impl AsFd) -> io::Result<()> {
    let mut fds = [PollFd::new(fd, PollFlags::IN)];
    match poll(&mut fds, Some(&TICK)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Serves one host until it goes away. Only on a terminal does the modem keep its sockets and settings for the next host.
fn serve<S: Read + Write + AsFd>(
    arguments: &Arguments,
    mut serial: S,
    sms: Option<&TcpListener>,
    end: Instant,
) -> io::Result<()> {
    let options = &arguments.modem;
    let start = Instant::now();
    let mut modem = Modem::new(options, Tcp::default());
    let mut to_modem = Line::new(&options.to_modem, options.noise, options.seed ^ 0x1111);
    let mut to_host = Line::new(&options.to_host, options.noise, options.seed ^ 0x2222);
    let mut random = Random::new(options.seed);
    let mut chunk = [0; 4096];
    while Instant::now() < end {
        wait(&serial)?;
        let now = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        match serial.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(count) => {
                show(arguments, "<", &chunk[..count]);
                for byte in &chunk[..count] {
                    for byte in to_modem.carry(*byte) {
                        modem.feed(byte, now);
                    }
                }
            }
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(()),
            Err(error) => return Err(error),
        }
        if let Some(listener) = sms {
            take_sms(listener, &mut modem);
        }
        modem.poll(now);
        let said: Vec<_> = modem.output().drain(..).collect();
        show(arguments, ">", &said);
        let arriving: Vec<_> = said.iter().flat_map(|byte| to_host.carry(*byte)).collect();
        let mut rest = arriving.as_slice();
        while !rest.is_empty() {
            let count = 1 + random.below(options.split.max(1) as u64);
            let count = usize::try_from(count).unwrap_or(usize::MAX).min(rest.len());
            let (piece, others) = rest.split_at(count);
            if !write(&mut serial, piece)? {
                return Ok(());
            }
            rest = others;
        }
    }
    Ok(())
}

/// One attempt of the network to deliver. If the modem does not accept it, the connection is reset, so that the network tries again.
fn take_sms(listener: &TcpListener, modem: &mut Modem<Tcp>) {
    let Ok((stream, _)) = listener.accept() else {
        return;
    };
    let taken = read_sms(&stream)
        .and_then(|sms| {
            let (sender, text) = sms.split_once('\n').ok_or(ErrorKind::InvalidData)?;
            Ok(modem.deliver(sender, text))
        })
        .unwrap_or(false);
    if !taken {
        let _ = rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO));
    }
}

fn read_sms(stream: &TcpStream) -> io::Result<String> {
    let mut text = String::new();
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    stream.take(SMS_MAX).read_to_string(&mut text)?;
    Ok(text)
}

/// False if the host has gone.
fn write(serial: &mut impl Write, mut bytes: &[u8]) -> io::Result<bool> {
    while !bytes.is_empty() {
        match serial.write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                std::thread::sleep(Duration::from_millis(1));
            }
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::BrokenPipe | ErrorKind::ConnectionReset
                ) =>
            {
                return Ok(false);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

fn show(arguments: &Arguments, direction: &str, bytes: &[u8]) {
    if arguments.verbose && !bytes.is_empty() {
        eprintln!("{direction} {}", bytes.escape_ascii());
    }
}
