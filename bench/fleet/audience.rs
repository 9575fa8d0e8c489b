//! Viewers of a device, and the client that changes it.

use instep_bench::client::{Client, READ, Readiness};
use instep_bench::process::Process;
use instep_bench::sample::percentile;
use instep_bench::wire;
use std::ops::Range;
use std::time::{Duration, Instant};

/// Time limit of a publish, longer than any server needs.
const DEADLINE: Duration = Duration::from_secs(10);
/// Time between two attempts of the first viewer.
const RETRY: Duration = Duration::from_millis(50);
/// Publishes before a measurement.
const WARM_UP: usize = 3;
/// Values that are published in turn, which are equally long.
const VALUES: Range<usize> = 10..100;
/// Key of the client that changes the device. The viewers have theirs by their indices.
const CONTROL: usize = 0;

/// Place of a server's WebSocket on 127.0.0.1.
#[derive(Clone, Copy, Debug)]
pub struct Place<'p> {
    /// Its port.
    pub port: u16,
    /// Its path.
    pub path: &'p str,
}

/// Viewers of a device, and the client that changes it.
#[derive(Debug)]
pub struct Audience {
    /// The client that changes the device, and then the viewers.
    clients: Vec<Client>,
    readiness: Readiness,
    buffer: Vec<u8>,
    published: usize,
}

/// What was observed in a run.
#[derive(Debug)]
pub struct Run {
    /// CPU time of each process for a publish, in µs.
    pub cpu: Vec<f64>,
    /// Time until half of the viewers have a value, in ms.
    pub p50: f64,
    /// Time until 99 % of the viewers have a value, in ms.
    pub p99: f64,
    /// Time until the last viewer has a value, in ms; the median of all publishes.
    pub last: f64,
}

impl Audience {
    /// Connects as many viewers at each of the places, and the client that changes the device.
    pub fn connect(device: Place<'_>, places: &[Place<'_>], each: usize) -> Result<Self, String> {
        let mut clients = vec![Client::connect(device.port, device.path, None)?];
        for place in places {
            clients.push(first(*place)?);
            for _ in 1..each {
                clients.push(Client::connect(place.port, place.path, None)?);
            }
        }
        let readiness = Readiness::new()?;
        for (key, client) in clients.iter().enumerate() {
            readiness.watch(client, key)?;
        }
        let mut audience = Self { clients, readiness, buffer: vec![0; READ], published: 0 };
        for _ in 0..WARM_UP {
            audience.publish(&mut Vec::new())?;
        }
        Ok(audience)
    }

    /// Publishes again and again for about `time`, and measures these processes.
    pub fn run(&mut self, time: Duration, processes: &[&Process]) -> Result<Run, String> {
        self.publish(&mut Vec::new())?;
        let cpu = || processes.iter().map(|process| process.cpu()).collect::<Result<Vec<_>, _>>();
        let (before, begin) = (cpu()?, Instant::now());
        let (mut all, mut last, mut one) = (Vec::new(), Vec::new(), Vec::new());
        while begin.elapsed() < time {
            self.publish(&mut one)?;
            last.extend(one.iter().max());
            all.append(&mut one);
        }
        let publishes = number(last.len() as u64);
        let used = cpu()?.into_iter().zip(before).map(|(after, before)| number(after - before));
        let millis = |values: &mut Vec<u64>, share| percentile(values, share) / 1e6;
        Ok(Run {
            cpu: used.map(|nanoseconds| nanoseconds / 1e3 / publishes).collect(),
            p50: millis(&mut all, 0.5),
            p99: millis(&mut all, 0.99),
            last: millis(&mut last, 0.5),
        })
    }

    /// Changes the device once, and waits until each client has the value once.
    ///
    /// The time of each viewer goes into `times`, in ns.
    fn publish(&mut self, times: &mut Vec<u64>) -> Result<(), String> {
        let value = VALUES.start + self.published % VALUES.len();
        self.published += 1;
        let text = format!(r#"{{"label":"brightness","value":{value}}}"#);
        let frame = wire::client_frame(wire::TEXT, text.as_bytes());
        let begin = Instant::now();
        if self.clients[CONTROL].write(&frame)? != frame.len() {
            return Err("the device does not read its command".into());
        }
        let mut missing = self.clients.len();
        while missing > 0 {
            if begin.elapsed() > DEADLINE {
                return Err(format!("{missing} viewers wait for a value in vain"));
            }
            for key in self.readiness.look()? {
                self.clients[key].read(&mut self.buffer, |frame| {
                    // Other frames say what the device is, and that it is there.
                    if frame.payload == text.as_bytes() {
                        missing = missing.checked_sub(1).ok_or("a viewer got a value twice")?;
                        if key != CONTROL {
                            times.push(nanoseconds(begin.elapsed()));
                        }
                    }
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}

/// Connects the first viewer, once the server knows the device.
fn first(place: Place<'_>) -> Result<Client, String> {
    let begin = Instant::now();
    loop {
        match Client::connect(place.port, place.path, None) {
            Err(_) if begin.elapsed() < DEADLINE => std::thread::sleep(RETRY),
            result => return result,
        }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "they are far below 2^52")]
fn number(value: u64) -> f64 {
    value as f64
}
