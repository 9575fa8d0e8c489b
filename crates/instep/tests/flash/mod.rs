//! A device that can be updated, on the simulated link, and the task that writes its flash.

#![allow(dead_code, reason = "not every test uses all of it")]

use crate::guarded::{self, BASIC};
use crate::link::{Peer, Simulation};
use instep::driver::{ConnectionInfo, Turn};
use instep::update::{Event, FirmwareStatus, Permission, Receiver, SECTOR, Upload};
use instep::{Access, App, Limits};
use std::net::SocketAddr;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Length of the slot for an image.
pub const CAPACITY: u32 = 5 * 4096;

/// The task that writes flash. It writes only when a test tells it.
pub struct Flash {
    pub receiver: Receiver,
    /// The bytes of the image so far.
    pub image: Vec<u8>,
    pub events: Vec<String>,
}

pub const STATUS: FirmwareStatus = FirmwareStatus::UNKNOWN
    .with_version("0.2.0")
    .with_board("devkit")
    .with_chip(Some(5))
    .with_application("lamp")
    .with_slot("ota_0")
    .with_capacity(Some(CAPACITY));

/// Returns a device with a password that can be updated.
pub fn updatable() -> (Simulation, Flash, &'static Upload) {
    updatable_by(guarded::guarded(), Permission::LoggedIn)
}

/// Makes a device updatable.
pub fn updatable_by(
    mut simulation: Simulation,
    permission: Permission,
) -> (Simulation, Flash, &'static Upload) {
    let upload: &'static Upload = Box::leak(Box::new(Upload::new(permission)));
    upload.set_status(STATUS);
    simulation.update = Some(upload);
    let receiver = upload.receiver(Box::leak(Box::new([0; SECTOR])));
    (simulation, Flash { receiver, image: Vec::new(), events: Vec::new() }, upload)
}

/// Returns a device without a password that everyone may update.
pub fn open_to_everyone() -> (Simulation, Flash, &'static Upload) {
    updatable_by(Simulation::new(Limits::DEVICE), Permission::Everyone)
}

/// Returns the same with other access rules and another application.
pub fn open_with(app: &'static App, access: &'static Access) -> (Simulation, Flash, &'static Upload) {
    let mut simulation = Simulation::with_app(app, Limits::DEVICE);
    simulation.access = access;
    updatable_by(simulation, Permission::Everyone)
}

impl Flash {
    /// Handles the next event, if there is one.
    pub fn step(&mut self) -> Option<&str> {
        let mut next = pin!(self.receiver.next());
        let event = match Future::poll(next.as_mut(), &mut Context::from_waker(Waker::noop())) {
            Poll::Pending => return None,
            Poll::Ready(event) => event,
        };
        let line = match event {
            Event::Begin(offer) => {
                self.image.clear();
                format!("begin {:?} {} {}", offer.length, offer.downgrade, offer.other_application)
            }
            Event::Sector(bytes) => {
                self.image.extend_from_slice(bytes);
                format!("sector {}", bytes.len())
            }
            Event::End => "end".into(),
            Event::Abandoned => "abandoned".into(),
            other => format!("{other:?}"),
        };
        self.events.push(line);
        self.events.last().map(String::as_str)
    }

    /// Handles events until there is none, and answers that the image is activated.
    pub fn write_all(&mut self) {
        while let Some(event) = self.step() {
            if event == "end" {
                self.receiver.done("0.2.1");
            }
        }
    }
}

/// Returns an image of that length, in which each byte differs from its neighbours.
pub fn image(length: usize) -> Vec<u8> {
    (0..length).map(|i| u8::try_from(i * 7 % 251).unwrap()).collect()
}

/// Returns the head of a PUT with a length.
pub fn put(length: usize, headers: &str) -> String {
    format!("PUT /firmware HTTP/1.1\r\nHost: lamp\r\nContent-Length: {length}\r\n{headers}\r\n")
}

/// Returns a PUT of an image in chunks of that length.
pub fn put_chunks(image: &[u8], chunk: usize, headers: &str) -> Vec<u8> {
    let mut request =
        format!("PUT /firmware HTTP/1.1\r\nHost: lamp\r\nTransfer-Encoding: chunked\r\n{headers}\r\n")
            .into_bytes();
    for (i, chunk) in image.chunks(chunk).enumerate() {
        let extension = if i == 0 { ";a=b" } else { "" };
        request.extend(format!("{:x}{extension}\r\n", chunk.len()).into_bytes());
        request.extend(chunk);
        request.extend(b"\r\n");
    }
    request.extend(b"0\r\nTrailer: x\r\n\r\n");
    request
}

pub fn peer(simulation: &Simulation) -> Peer {
    simulation.client_of(ConnectionInfo::new(SocketAddr::new(crate::link::PEER, 4000)).with_local_port(80))
}

/// Sends bytes as a driver does, which reads only if the client wants more.
///
/// Returns the last turn, and the number of bytes that were not sent, because the client did not want them.
pub fn feed(simulation: &mut Simulation, peer: &mut Peer, flash: &mut Flash, bytes: &[u8]) -> (Turn, usize) {
    let mut rest = bytes;
    let mut turn = peer.turn(simulation);
    for _ in 0..10_000 {
        if turn.wants_read && !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.len().min(256));
            turn = peer.send(simulation, piece);
            rest = after;
            continue;
        }
        if turn.closed || (rest.is_empty() && turn.wants_read) {
            break;
        }
        guarded::check(simulation);
        flash.write_all();
        simulation.now = (simulation.now + 1).max(turn.wake_at.as_millis().min(simulation.now + 1000));
        turn = peer.turn(simulation);
        if turn.shut_down {
            break;
        }
    }
    (turn, rest.len())
}

/// Returns the status and the body of the last response.
pub fn answer(peer: &mut Peer) -> (u16, String) {
    let text = String::from_utf8(peer.take()).expect("not UTF-8");
    let last = text.strip_prefix("HTTP/1.1 100 Continue\r\n\r\n").unwrap_or(&text);
    let status = last.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0);
    let (_, body) = last.split_once("\r\n\r\n").unwrap_or_default();
    (status, body.to_owned())
}

/// Header lines of a tool that knows the password.
pub fn tool() -> String {
    format!("{BASIC}\r\n")
}
