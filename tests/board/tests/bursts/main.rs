//! An image for 16 clients, each on a machine of its own, which all acknowledge an
//! update at once while others load pages.
//!
//! The test makes the frames itself, so that they come back to back and each retransmission is counted.

mod tcp;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tcp::{Connection, FrameKind, ask, read};

const CLIENTS: u8 = 16;
/// Connections for pages at once: half as many as listen, because those of the
/// burst before may not listen again yet.
const PAGES: u8 = 3;
const ROUNDS: usize = 150;
/// Time limit for each wait, longer than any takes on a busy machine.
const LATEST: Duration = Duration::from_secs(30);
/// Time limit for an update.
///
/// A neighbour that the stack has forgotten is found again after a second, and the next one after
/// another.
const LATE: Duration = Duration::from_secs(3);

/// The device, and all connections with it.
struct Simulation {
    qemu: Child,
    wire: TcpStream,
    unread: Vec<u8>,
    connections: Vec<Connection>,
    /// Number of segments to connections that had ended.
    stray: usize,
}

impl Drop for Simulation {
    fn drop(&mut self) {
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}

impl Simulation {
    fn boot() -> Self {
        let image =
            std::env::var_os("INSTEP_IMAGE_FOR_16").expect("INSTEP_IMAGE_FOR_16 does not name the image");
        let listener = TcpListener::bind("127.0.0.1:0").expect("no free port");
        let port = listener.local_addr().expect("no address").port();
        let qemu = Command::new("qemu-system-riscv32")
            .args(["-M", "virt", "-m", "16M", "-bios", "none", "-display", "none", "-monitor", "none"])
            .args(["-serial", "stdio", "-device", "virtio-rng-device"])
            .args(["-device", "virtio-net-device,netdev=n0,mac=02:00:00:00:00:01"])
            .args(["-netdev", &format!("socket,id=n0,connect=127.0.0.1:{port}")])
            .args(["-append", "instep.app=led-json", "-kernel"])
            .arg(image)
            .stdin(Stdio::null())
            .stdout(Stdio::inherit())
            .spawn()
            .expect("cannot start QEMU");
        let wire = listener.accept().expect("QEMU does not connect").0;
        wire.set_nodelay(true).expect("cannot create a socket");
        wire.set_read_timeout(Some(Duration::from_millis(50))).expect("cannot create a socket");
        let mut simulation = Self { qemu, wire, unread: Vec::new(), connections: Vec::new(), stray: 0 };
        // Before its first answer the device loses frames.
        let begun = Instant::now();
        while simulation.unread.is_empty() {
            assert!(begun.elapsed() < LATEST, "the device does not answer");
            simulation.send([ask(99)]);
            simulation.read();
        }
        simulation
    }

    /// Sends frames back to back.
    fn send(&mut self, frames: impl IntoIterator<Item = Vec<u8>>) {
        let mut bytes = Vec::new();
        for frame in frames {
            bytes.extend(u32::try_from(frame.len()).expect("the frame is too long").to_be_bytes());
            bytes.extend(frame);
        }
        self.wire.write_all(&bytes).expect("cannot send to QEMU");
    }

    /// Connects from new machines at once. Their connections are the last ones.
    fn connect(&mut self, machines: impl Iterator<Item = u8> + Clone, port: u16) {
        let begin = self.connections.len();
        self.send(machines.clone().map(ask));
        self.connections.extend(machines.map(|machine| Connection::new(machine, port + u16::from(machine))));
        let frames: Vec<_> = self.connections[begin..].iter_mut().map(Connection::syn).collect();
        self.send(frames);
        self.wait(|connections| connections[begin..].iter().all(|connection| connection.established));
    }

    /// Answers the device until `done` returns true.
    fn wait(&mut self, done: impl Fn(&[Connection]) -> bool) {
        let begun = Instant::now();
        while !done(&self.connections) {
            assert!(begun.elapsed() < LATEST, "the connections did not reach the expected state");
            self.read();
            let mut frames = self.hear();
            frames.extend(self.connections.iter_mut().filter_map(Connection::resend));
            frames.extend(self.connections.iter_mut().filter_map(Connection::acknowledgement));
            self.send(frames);
        }
    }

    /// Reads received bytes, or waits a little.
    fn read(&mut self) {
        let mut buffer = [0; 4096];
        match self.wire.read(&mut buffer) {
            Ok(0) => panic!("QEMU has ended"),
            Ok(length) => self.unread.extend_from_slice(&buffer[..length]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => panic!("{error}"),
        }
    }

    /// Takes the complete received frames, and
    /// returns the frames to be answered at once.
    fn hear(&mut self) -> Vec<Vec<u8>> {
        let mut answers = Vec::new();
        while let Some((length, rest)) = self.unread.split_first_chunk() {
            let length = usize::try_from(u32::from_be_bytes(*length)).expect("no length");
            let Some(frame) = rest.get(..length) else { break };
            match read(frame) {
                FrameKind::Arp(answer) => answers.push(answer),
                FrameKind::Tcp(segment) => {
                    let to = self.connections.iter_mut().find(|connection| connection.is_to(segment));
                    match to {
                        Some(connection) => connection.receive(segment),
                        None => self.stray += 1,
                    }
                }
                FrameKind::Other => {}
            }
            self.unread.drain(..4 + length);
        }
        answers
    }
}

fn holds(connection: &Connection, text: &str) -> bool {
    connection.input.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn burst_of_16_acknowledgements_causes_no_resends() {
    let mut simulation = Simulation::boot();
    // Four at a time, as many as sockets listen and more.
    for first in (0..CLIENTS).step_by(4) {
        simulation.connect((first..first + 4).map(|number| 100 + number), 9_000);
        let begin = usize::from(first);
        let upgrade = b"GET /ws HTTP/1.1\r\nHost: 10.0.2.15\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        let frames: Vec<_> =
            simulation.connections[begin..].iter_mut().map(|client| client.send(upgrade)).collect();
        simulation.send(frames);
        simulation.wait(|connections| connections[begin..].iter().all(|client| holds(client, "LED OFF")));
    }

    let clients = usize::from(CLIENTS);
    let (mut slowest, mut repeated, mut resent) = (Duration::ZERO, 0, 0);
    for round in 0..ROUNDS {
        let begun = Instant::now();
        for client in &mut simulation.connections {
            client.input.clear();
            client.holds = true;
        }
        // Masked by zeros.
        let toggle = simulation.connections[round % clients].send(b"\x81\x86\0\0\0\0toggle");
        simulation.send([toggle]);
        let port = 10_000 + u16::try_from(round).expect("too many rounds") * 128;
        simulation.connect((0..PAGES).map(|number| 200 + number), port);
        let state = if round % 2 == 0 { "LED ON" } else { "LED OFF" };
        simulation.wait(|connections| connections[..clients].iter().all(|client| holds(client, state)));

        // All of them at once, and the requests behind them.
        simulation.connections.iter_mut().for_each(|connection| connection.holds = false);
        let mut frames: Vec<_> =
            simulation.connections[..clients].iter_mut().filter_map(Connection::acknowledgement).collect();
        assert_eq!(frames.len(), clients);
        let request = b"GET / HTTP/1.0\r\nHost: 10.0.2.15\r\n\r\n";
        frames.extend(simulation.connections[clients..].iter_mut().map(|page| page.send(request)));
        simulation.send(frames);
        simulation.wait(|connections| connections[clients..].iter().all(|page| page.finished));
        slowest = slowest.max(begun.elapsed());
        let ends: Vec<_> = simulation.connections[clients..].iter_mut().map(Connection::close).collect();
        simulation.send(ends);
        simulation.wait(|connections| connections.iter().all(Connection::is_acknowledged));

        for page in simulation.connections.split_off(clients) {
            assert!(page.input.ends_with(b"</html>\n"), "the page is incomplete");
            assert!(!page.reset, "{} was reset", page.machine);
            (repeated, resent) = (repeated + page.repeated, resent + page.resent);
        }
    }
    for client in &simulation.connections {
        assert!(!client.reset, "{} was reset", client.machine);
        (repeated, resent) = (repeated + client.repeated, resent + client.resent);
    }
    repeated += simulation.stray;
    println!("{ROUNDS} bursts, the slowest in {slowest:?}");
    assert_eq!((repeated, resent), (0, 0), "segments were retransmitted, by the device and to it");
    assert!(slowest < LATE, "an update and a page took {slowest:?}");
}
