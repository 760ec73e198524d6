// SPDX-License-Identifier: MIT OR Apache-2.0
//! The life of a device: it connects, sends its messages when they are due, and tries again when a failure may pass.

use std::cell::RefCell;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::device::{
    Answer, Device, KPN_OUTCOME_ACCEPTED, Requests, may_retry, outcome_text, retry_delay_ms,
};
use crate::figures::Figures;
use crate::platform::Memory;

/// Connections that are being opened at a time: more than a port keeps waiting would be lost, and tried again a second later.
const OPENING: usize = 64;

/// What all devices do.
pub struct Plan {
    pub address: SocketAddr,
    pub devices: u32,
    pub messages: u32,
    pub rate: Option<f64>,
    pub downlinks: u32,
    pub requests_per_connection: u16,
    pub attempts: u32,
    pub timeout: Duration,
    pub pid: Option<u32>,
}

impl Plan {
    /// When a message of a device is due, counted from the first.
    fn due(&self, device: u32, message: u32) -> Option<Duration> {
        let place = f64::from(message) * f64::from(self.devices) + f64::from(device);
        self.rate.map(|rate| Duration::from_secs_f64(place / rate))
    }
}

/// What devices share.
struct Fleet {
    plan: Rc<Plan>,
    figures: RefCell<Figures>,
    opening: Semaphore,
    begin: watch::Receiver<Option<Instant>>,
}

/// Lets all devices connect, then send, and gives what came of it.
pub async fn run(plan: Rc<Plan>, devices: Vec<Device>) -> Result<Figures, String> {
    let (begin, begun) = watch::channel(None);
    let fleet = Rc::new(Fleet {
        figures: RefCell::new(Figures::new(&plan)),
        plan: Rc::clone(&plan),
        opening: Semaphore::new(OPENING),
        begin: begun,
    });
    let memory = || plan.pid.map(Memory::of).transpose();
    fleet.figures.borrow_mut().memory.before = memory()?;
    let (connected, mut connecting) = watch::channel(0);
    let connected = Rc::new(connected);
    let mut running = JoinSet::new();
    for (number, device) in (0..).zip(devices) {
        let (fleet, connected) = (Rc::clone(&fleet), Rc::clone(&connected));
        running.spawn_local(async move { live(&fleet, &device, number, &connected).await });
    }
    // Every device says so, also one that finds nobody to connect to.
    let all = connecting.wait_for(|count| *count == plan.devices).await;
    all.map_err(|error| error.to_string())?;
    fleet.figures.borrow_mut().memory.connected = memory()?;
    let start = Instant::now();
    begin.send_replace(Some(start));
    let mut live = Vec::new();
    while let Some(ended) = running.join_next().await {
        // With their connections, which are open until the memory was looked at.
        live.push(ended.map_err(|error| format!("a device failed: {error}"))??);
    }
    let mut figures = fleet.figures.borrow_mut();
    figures.seconds = start.elapsed().as_secs_f64();
    figures.memory.end = memory()?;
    drop(live);
    Ok(std::mem::replace(&mut figures, Figures::new(&plan)))
}

/// A connection, and the requests that it has had.
struct Connection {
    stream: TcpStream,
    requests: Requests,
}

/// Why there is no answer.
enum Failure {
    /// Nothing was sent.
    NoConnection(String),
    /// The platform may have taken the message.
    NoAnswer(String),
}

async fn live(
    fleet: &Fleet,
    device: &Device,
    number: u32,
    connected: &watch::Sender<u32>,
) -> Result<Option<Connection>, String> {
    let plan = &fleet.plan;
    // Who finds nobody tries again when there is something to send.
    let mut connection = connect(fleet).await.ok();
    connected.send_modify(|count| *count += 1);
    let mut begin = fleet.begin.clone();
    let begin = begin.wait_for(Option::is_some).await;
    let begin = begin
        .map_err(|error| error.to_string())?
        .unwrap_or_else(Instant::now);
    let mut downlinks = Downlinks::default();
    for message in 0..plan.messages {
        let due = plan.due(number, message).map(|after| begin + after);
        if let Some(due) = due {
            sleep_until(due).await;
        }
        let since = due.unwrap_or_else(Instant::now);
        let request = device.message(message, seconds_since_1970())?;
        let mut failures = 0;
        loop {
            let result = match exchange(fleet, &mut connection, &request).await {
                Ok(mut answer) => {
                    let outcome = answer.outcome();
                    if outcome == KPN_OUTCOME_ACCEPTED {
                        let taken = answer.downlink();
                        downlinks.take(&mut fleet.figures.borrow_mut(), taken);
                        fleet.figures.borrow_mut().accepted(since.elapsed());
                        break;
                    }
                    let kind = format!("{} {}", answer.status(), outcome_text(outcome));
                    Err((kind, may_retry(outcome), false, answer.retry_after()))
                }
                Err(Failure::NoConnection(kind)) => Err((kind, true, false, 0)),
                Err(Failure::NoAnswer(kind)) => Err((kind, true, true, 0)),
            };
            let Err((kind, again, is_unsure, retry_after)): Result<(), _> = result else {
                break;
            };
            failures += 1;
            let is_last = !again || failures == plan.attempts;
            fleet
                .figures
                .borrow_mut()
                .failed(kind, again, is_unsure, is_last);
            if is_last {
                break;
            }
            let wait = retry_delay_ms(failures, retry_after);
            sleep(Duration::from_millis(wait.into())).await;
        }
    }
    Ok(connection)
}

async fn connect(fleet: &Fleet) -> Result<Connection, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::NoConnection(error.to_string());
    let _permit = fleet
        .opening
        .acquire()
        .await
        .map_err(|error| failed(&error))?;
    let stream = timeout(fleet.plan.timeout, TcpStream::connect(fleet.plan.address)).await;
    let stream = stream
        .map_err(|_| failed(&"no connection in time"))?
        .map_err(|error| failed(&error.kind()))?;
    stream
        .set_nodelay(true)
        .map_err(|error| failed(&error.kind()))?;
    fleet.figures.borrow_mut().connections += 1;
    let requests = Requests::new(fleet.plan.requests_per_connection);
    Ok(Connection {
        stream,
        requests: requests.map_err(|error| failed(&error))?,
    })
}

/// Sends a request on the connection that there is, or on a new one, and reads the answer.
async fn exchange(
    fleet: &Fleet,
    kept: &mut Option<Connection>,
    request: &[u8],
) -> Result<Answer, Failure> {
    let mut connection = match kept.take() {
        Some(connection) if is_open(&connection.stream) => connection,
        _ => connect(fleet).await?,
    };
    let answer = timeout(fleet.plan.timeout, async {
        let sent = connection.stream.write_all(request).await;
        sent.map_err(|error| error.kind().to_string())?;
        receive(&connection.stream).await
    });
    let answer = match answer.await {
        Ok(answer) => answer.map_err(Failure::NoAnswer)?,
        Err(_) => return Err(Failure::NoAnswer("no answer in time".to_owned())),
    };
    let more = connection
        .requests
        .record(&answer)
        .map_err(Failure::NoAnswer)?;
    if more && answer.keeps_connection() {
        *kept = Some(connection);
    }
    Ok(answer)
}

/// Whether the platform has left a connection open on which nothing is due.
fn is_open(stream: &TcpStream) -> bool {
    let read = stream.try_read(&mut [0]);
    read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

async fn receive(stream: &TcpStream) -> Result<Answer, String> {
    let told = |error: io::Error| error.kind().to_string();
    let mut answer = Answer::new()?;
    loop {
        stream.readable().await.map_err(told)?;
        // Not kept while it waits: there are many devices.
        let mut bytes = [0; 2048];
        match stream.try_read(&mut bytes) {
            Ok(0) => return answer.end().map(|()| answer),
            Ok(len) => {
                if answer.feed(bytes.get(..len).unwrap_or_default())? {
                    return Ok(answer);
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(told(error)),
        }
    }
}

/// The downlinks of one device, which are numbered from 0.
#[derive(Default)]
struct Downlinks {
    next: u64,
}

impl Downlinks {
    fn take(&mut self, figures: &mut Figures, taken: Result<Option<u64>, String>) {
        match taken {
            Ok(None) => {}
            Ok(Some(number)) if number == self.next => {
                self.next += 1;
                figures.downlinks.taken += 1;
            }
            Ok(Some(number)) if number < self.next => figures.downlinks.twice += 1,
            Ok(Some(number)) => {
                // Those in between are missing in the end.
                self.next = number + 1;
                figures.downlinks.taken += 1;
            }
            Err(kind) => figures.failed(format!("downlink: {kind}"), false, false, false),
        }
    }
}

fn seconds_since_1970() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs().cast_signed())
}
