//! A stalled subscriber: one client stops reading during
//! many publishes, and others must not be affected.

use crate::contenders::Contender;
use crate::server::Server;
use instep_bench::client::{Client, READ, Readiness, connect_all};
use instep_bench::wire::{self, Frame};
use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant};

/// Number of publishes at each beat of the clock, and its interval.
const AT_ONCE: u32 = 20;
const BEAT: Duration = Duration::from_millis(1);
/// Number of clients that read. The first of them publishes.
const READERS: usize = 3;
/// SO_RCVBUF of the client that does not read, in bytes.
const RECEIVE_BUFFER: usize = 8192;
/// Maximum number of bytes that wait to be published.
///
/// At this limit, beats are skipped.
const BACKLOG: usize = 65_536;
/// Time limit for a last value.
const LAST_VALUE_TIMEOUT: Duration = Duration::from_secs(5);
const SECOND: Duration = Duration::from_secs(1);

/// Behaviour of the client that does not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stall {
    /// There is none, for comparison.
    None,
    /// Reads again after the last publish.
    Resumes,
    /// Connects again after it was dropped.
    Reconnects,
}

/// Observations of a run.
#[derive(Debug, Default)]
pub struct Seen {
    /// The 99th percentile of the readers' latencies
    /// in µs, for each second but the first.
    pub p99: Vec<f64>,
    /// The server's memory a second after the start, and its maximum since, in bytes.
    pub memory: (u64, u64),
    /// Publishes per second that the server took.
    pub rate: f64,
    /// Bytes that a resuming client read up to the
    /// latest value, or `None` if that did not arrive.
    pub stale: Option<usize>,
    /// Time at which a reconnecting client was dropped, and
    /// whether it then first got the state of that time.
    pub dropped: Option<(Duration, bool)>,
}

impl Seen {
    /// Returns the growth of memory, in bytes.
    pub fn growth(&self) -> u64 {
        self.memory.1 - self.memory.0
    }
}

/// Publishes `publishes` messages, and observes.
pub fn measure(
    contender: &Contender,
    options: &[String],
    publishes: u32,
    stall: Stall,
) -> Result<Seen, String> {
    let server = Server::start(contender, "fan-out", options)?;
    let mut run = Run::start(&server)?;
    let mut stalled = match stall {
        Stall::None => None,
        _ => Some(Client::connect(server.port, wire::FAN_OUT_PATH, Some(RECEIVE_BUFFER))?),
    };
    let descriptors = server.descriptors()?;
    let (mut seen, begin) = (Seen::default(), Instant::now());
    let (mut beat, mut second) = (begin, begin + SECOND);
    while run.published < publishes {
        let now = Instant::now();
        if now >= beat {
            beat += BEAT;
            run.publish(AT_ONCE.min(publishes - run.published));
        }
        run.turn()?;
        if now < second {
            continue;
        }
        let latencies = std::mem::take(&mut run.latencies);
        let memory = server.memory()?;
        if seen.memory.0 == 0 {
            seen.memory = (memory, memory);
        } else {
            // There is none if this process did not run.
            seen.p99.extend(percentile_99(latencies));
            seen.memory.1 = seen.memory.1.max(memory);
        }
        second = now + SECOND;
        if stall == Stall::Reconnects && seen.dropped.is_none() && server.descriptors()? < descriptors {
            let newest = run.newest;
            let first = first_value(&server)?;
            seen.dropped = Some((begin.elapsed(), first.is_some_and(|first| first >= newest)));
        }
    }
    seen.rate = f64::from(run.published) / begin.elapsed().as_secs_f64();
    run.finish()?;
    seen.memory.1 = seen.memory.1.max(server.memory()?);
    if let (Stall::Resumes, Some(stalled)) = (stall, &mut stalled) {
        seen.stale = until(stalled, publishes)?;
    }
    Ok(seen)
}

/// The clients that read, and the publishes that wait.
struct Run {
    readers: Vec<Client>,
    readiness: Readiness,
    buffer: Vec<u8>,
    backlog: Vec<u8>,
    published: u32,
    /// The newest value that any reader has got, and the value of each.
    newest: u32,
    values: Vec<u32>,
    /// Latencies, in nanoseconds.
    latencies: Vec<u64>,
}

impl Run {
    fn start(server: &Server) -> Result<Self, String> {
        let (readers, readiness) = connect_all(server.port, wire::FAN_OUT_PATH, READERS)?;
        Ok(Self {
            readers,
            readiness,
            buffer: vec![0; READ],
            backlog: Vec::new(),
            published: 0,
            newest: 0,
            values: vec![0; READERS],
            latencies: Vec::new(),
        })
    }

    /// Puts the next values into the backlog, unless the server is too far behind.
    fn publish(&mut self, count: u32) {
        if self.backlog.len() > BACKLOG {
            return;
        }
        let now = nanoseconds();
        for _ in 0..count {
            self.published += 1;
            let value = self.published;
            let text = format!(r#"{{"label":"count","value":{value},"at":{now}}}"#);
            self.backlog.extend(wire::client_frame(wire::TEXT, text.as_bytes()));
        }
    }

    /// Sends and receives without waiting.
    fn turn(&mut self) -> Result<(), String> {
        if !self.backlog.is_empty() {
            let sent = self.readers[0].write(&self.backlog)?;
            self.backlog.drain(..sent);
        }
        for key in self.readiness.look()? {
            let reader = &mut self.readers[key];
            let last = &mut self.values[key];
            reader.drain(&mut self.buffer, |frame| {
                let (value, sent_at) = parse(frame)?;
                if value <= *last {
                    return Err("a reader got an older value after a newer one".into());
                }
                *last = value;
                self.latencies.push(nanoseconds().saturating_sub(sent_at));
                Ok(())
            })?;
            self.newest = self.newest.max(*last);
        }
        Ok(())
    }

    /// Waits until every reader has got the last value.
    fn finish(&mut self) -> Result<(), String> {
        let begin = Instant::now();
        while self.values.iter().any(|value| *value < self.published) {
            if begin.elapsed() > LAST_VALUE_TIMEOUT {
                return Err("a reader waits for the last value in vain".into());
            }
            self.turn()?;
        }
        Ok(())
    }
}

/// Connects, and returns the first value.
fn first_value(server: &Server) -> Result<Option<u32>, String> {
    let mut client = Client::connect(server.port, wire::FAN_OUT_PATH, None)?;
    let mut first = None;
    read_until(&mut client, |value| {
        first.get_or_insert(value);
        true
    })?;
    Ok(first)
}

/// Reads up to the value `last`, and returns the number of bytes.
fn until(client: &mut Client, last: u32) -> Result<Option<usize>, String> {
    let before = client.received;
    let found = read_until(client, |value| value == last)?;
    Ok(found.then_some(client.received - before))
}

fn read_until(client: &mut Client, mut wanted: impl FnMut(u32) -> bool) -> Result<bool, String> {
    let (begin, mut found) = (Instant::now(), false);
    // In small reads, so that few bytes behind the value are counted.
    let mut buffer = [0; 1024];
    while !found && begin.elapsed() < LAST_VALUE_TIMEOUT {
        client.read(&mut buffer, |frame| {
            found |= wanted(parse(frame)?.0);
            Ok(())
        })?;
    }
    Ok(found)
}

/// Returns the value of a publish, and its time.
fn parse(frame: Frame<'_>) -> Result<(u32, u64), String> {
    let text = std::str::from_utf8(frame.payload).unwrap_or_default();
    let numbers = text.strip_prefix(r#"{"label":"count","value":"#).and_then(|rest| rest.strip_suffix('}'));
    numbers
        .and_then(|numbers| numbers.split_once(r#","at":"#))
        .and_then(|(value, sent_at)| Some((value.parse().ok()?, sent_at.parse().ok()?)))
        .ok_or(format!("a client got something else than what was published: {text}"))
}

/// Returns the system's clock, which is common to all processes.
fn nanoseconds() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let time = Duration::try_from(now).expect("the clock is negative");
    u64::try_from(time.as_nanos()).expect("the clock exceeds 64 bits")
}

#[expect(clippy::cast_precision_loss, reason = "they are far below 2^52")]
fn percentile_99(mut latencies: Vec<u64>) -> Option<f64> {
    latencies.sort_unstable();
    let index = latencies.len().checked_sub(1)? * 99 / 100;
    Some(latencies[index] as f64 / 1000.0)
}
