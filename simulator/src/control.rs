//! Orders while the program runs: a line each over a socket, and a line in answer.
//!
//! Nobody has to say who they are, so the port is for programs on the same machine only.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::config;
use crate::http::Platform;
use crate::sms::{self, Route, Sms};

/// Longest order in bytes, its end included.
const LINE_MAX: usize = 1 << 20;

/// Refuses an address that other machines can reach.
pub fn check_address(address: SocketAddr) -> Result<(), String> {
    if address.ip().is_loopback() {
        Ok(())
    } else {
        Err(format!(
            "--control {address}: only an address of loopback, since it takes orders from everyone"
        ))
    }
}

/// Takes orders until [`Platform::stop`].
pub async fn serve(listener: TcpListener, platform: Arc<Platform>, route: Option<Route>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = platform.stopped() => return,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let (platform, route) = (Arc::clone(&platform), route.clone());
                    connections.spawn(async move {
                        if let Err(error) = connection(stream, &platform, route.as_ref()).await {
                            tracing::debug!("control: {error}");
                        }
                    });
                }
                Err(error) => tracing::error!("control: no connection could be taken: {error}"),
            },
        }
    }
}

async fn connection(
    mut stream: TcpStream,
    platform: &Arc<Platform>,
    route: Option<&Route>,
) -> io::Result<()> {
    let (reader, mut writer) = stream.split();
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    while read_line(&mut reader, &mut line).await? > 0 {
        let whole = line.len() < LINE_MAX || line.ends_with(b"\n");
        let result = if whole {
            std::str::from_utf8(&line)
                .map_err(|_| "not UTF-8".to_owned())
                .and_then(|line| obey(line.trim_end_matches(['\r', '\n']), platform, route))
        } else {
            // The rest is passed over, so that the answer is not lost to a reset.
            while read_line(&mut reader, &mut line).await? == LINE_MAX && !line.ends_with(b"\n") {}
            Err(format!("a line has at most {LINE_MAX} bytes"))
        };
        let answer = match result {
            Ok(()) => "ok\n".to_owned(),
            Err(error) => format!("error: {error}\n"),
        };
        writer.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

/// Reads a line with its end, or its first part; 0 at the end of the connection.
async fn read_line(
    reader: &mut (impl AsyncBufRead + Unpin),
    line: &mut Vec<u8>,
) -> io::Result<usize> {
    line.clear();
    reader.take(LINE_MAX as u64).read_until(b'\n', line).await
}

/// Does what a line says, or nothing.
fn obey(line: &str, platform: &Arc<Platform>, route: Option<&Route>) -> Result<(), String> {
    match line.split_once(' ') {
        Some(("downlink", argument)) => {
            let (urn, json) = argument
                .split_once('=')
                .ok_or("expected downlink URN=JSON")?;
            let body = Bytes::from(json.to_owned());
            config::queue_downlink(&mut platform.registry(), urn, body)?;
            tracing::info!("downlink queued for {urn}: {json}");
            Ok(())
        }
        Some(("sms", argument)) => {
            let sms: Sms = argument.parse()?;
            sms.check(&platform.registry())?;
            let route = route.ok_or("there is no --sms-to")?.clone();
            tokio::spawn(sms::deliver(Arc::clone(platform), sms, route));
            Ok(())
        }
        _ => Err("expected downlink URN=JSON, or sms URN=TEXT".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::check_address;

    #[test]
    fn takes_orders_on_loopback_only() {
        for address in ["127.0.0.1:1", "127.8.9.1:1", "[::1]:1"] {
            assert!(check_address(address.parse().unwrap()).is_ok(), "{address}");
        }
        for address in ["0.0.0.0:1", "[::]:1", "192.168.1.2:1"] {
            assert!(
                check_address(address.parse().unwrap()).is_err(),
                "{address}"
            );
        }
    }
}
