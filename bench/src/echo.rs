//! Echo: each client sends a number of messages at once and waits for all answers.

use crate::contenders::Contender;
use crate::server::Server;
use instep_bench::client::{Client, READ, Readiness, connect_all};
use instep_bench::sample::Figure;
use instep_bench::wire;
use std::time::{Duration, Instant};

/// Number of clients.
pub const CLIENTS: usize = 64;
/// Time limit for a round, longer than any server needs.
const DEADLINE: Duration = Duration::from_secs(10);

struct Echoing {
    client: Client,
    /// Bytes of the round that have been sent.
    sent: usize,
    /// Messages of the round that have not come back.
    missing: usize,
    /// Received bytes of the incomplete message.
    offset: usize,
}

/// Returns the server's CPU time in µs per message of
/// `size` bytes, `depth` at once, over about `time`.
pub fn measure(contender: &Contender, size: usize, depth: usize, time: Duration) -> Result<Figure, String> {
    let options = ["--size".into(), size.to_string(), "--depth".into(), depth.to_string()];
    let server = Server::start(contender, "echo", &options)?;
    let (clients, mut readiness) = connect_all(server.port, wire::ECHO_PATH, CLIENTS)?;
    let echoing = |client| Echoing { client, sent: 0, missing: 0, offset: 0 };
    let mut clients: Vec<_> = clients.into_iter().map(echoing).collect();
    let text = wire::text(size);
    let round = wire::client_frame(wire::TEXT, &text).repeat(depth);
    let mut run = |time| echo(&mut clients, &mut readiness, &text, &round, depth, time);
    run(time / 5)?;
    let (before, begin) = (server.cpu()?, Instant::now());
    let messages = run(time)?;
    let wall = begin.elapsed();
    Ok(Figure::of_cpu(server.cpu()? - before, wall, messages))
}

/// Lets all clients send rounds for that time,
/// and returns the number of returned messages.
fn echo(
    clients: &mut [Echoing],
    readiness: &mut Readiness,
    text: &[u8],
    round: &[u8],
    depth: usize,
    time: Duration,
) -> Result<usize, String> {
    let end = Instant::now() + time;
    let mut buffer = vec![0; READ];
    let (mut waiting, mut messages) = (clients.len(), 0);
    for echoing in &mut *clients {
        (echoing.sent, echoing.missing) = (echoing.client.write(round)?, depth);
    }
    while waiting > 0 {
        let now = Instant::now();
        if now > end + DEADLINE {
            return Err(format!("{waiting} clients wait for an echo in vain"));
        }
        for key in readiness.look()? {
            let Echoing { client, sent, missing, offset } = &mut clients[key];
            client.drain(&mut buffer, |frame| {
                let (from, to) = (*offset, *offset + frame.payload.len());
                if *missing == 0
                    || text.get(from..to) != Some(frame.payload)
                    || frame.last != (to == text.len())
                {
                    return Err("a server sent back something else".into());
                }
                *offset = if frame.last { 0 } else { to };
                *missing -= usize::from(frame.last);
                Ok(())
            })?;
            if *sent < round.len() {
                *sent += client.write(&round[*sent..])?;
            } else if *missing == 0 {
                messages += depth;
                if now < end {
                    (*sent, *missing) = (client.write(round)?, depth);
                } else {
                    waiting -= 1;
                    // This client gets no further round.
                    *missing = usize::MAX;
                }
            }
        }
    }
    Ok(messages)
}
