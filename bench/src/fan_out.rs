//! Fan-out: one client publishes a message, and all wait until all have it.

use crate::contenders::Contender;
use crate::server::Server;
use instep_bench::client::{Client, READ, Readiness, connect_all};
use instep_bench::sample::Figure;
use instep_bench::wire;
use std::time::{Duration, Instant};

/// Time limit for a publish, longer than any server needs.
const DEADLINE: Duration = Duration::from_secs(10);
/// Publishes before the measurement.
const WARM_UP: u32 = 3;

/// Returns the server's CPU time in µs per delivery of a
/// publish to `subscribers` clients, over about `time`.
pub fn measure(contender: &Contender, subscribers: usize, time: Duration) -> Result<Figure, String> {
    let server = Server::start(contender, "fan-out", &[])?;
    let mut subscribers = Subscribers::connect(&server, subscribers)?;
    for _ in 0..WARM_UP {
        subscribers.publish()?;
    }
    let (before, begin, mut deliveries) = (server.cpu()?, Instant::now(), 0);
    while begin.elapsed() < time {
        subscribers.publish()?;
        deliveries += subscribers.clients.len();
    }
    let wall = begin.elapsed();
    Ok(Figure::of_cpu(server.cpu()? - before, wall, deliveries))
}

/// Clients that all receive the publishes of the first one.
pub struct Subscribers {
    clients: Vec<Client>,
    readiness: Readiness,
    buffer: Vec<u8>,
    published: u32,
}

impl Subscribers {
    /// Connects them.
    pub fn connect(server: &Server, count: usize) -> Result<Self, String> {
        let (clients, readiness) = connect_all(server.port, wire::FAN_OUT_PATH, count)?;
        Ok(Self { clients, readiness, buffer: vec![0; READ], published: 0 })
    }

    /// Publishes one message, and waits until each client has it once.
    pub fn publish(&mut self) -> Result<(), String> {
        self.published += 1;
        let text = format!(r#"{{"label":"count","value":{:07}}}"#, self.published);
        let frame = wire::client_frame(wire::TEXT, text.as_bytes());
        if self.clients[0].write(&frame)? != frame.len() {
            return Err("the server does not read what is to be published".into());
        }
        let (begin, mut missing) = (Instant::now(), self.clients.len());
        while missing > 0 {
            if begin.elapsed() > DEADLINE {
                return Err(format!("{missing} subscribers wait for a publish in vain"));
            }
            for key in self.readiness.look()? {
                self.clients[key].read(&mut self.buffer, |frame| {
                    if frame.payload != text.as_bytes() {
                        return Err("a subscriber got something else than what was published".into());
                    }
                    missing = missing.checked_sub(1).ok_or("a subscriber got a publish twice")?;
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}
