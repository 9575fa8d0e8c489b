//! The simulated network: one device, and the connections to it.

use super::connection::Connection;
use super::memory;
use super::setup::Setup;
use crate::buffer::Buffer;
use crate::connection::{Client, ConnectionInfo, HttpState, HttpStateMemory, TurnContext};
use crate::device::Device;
use crate::time::Instant;
use instep_proto::delivery::{Feed, SendWindow};
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::task::Waker;

/// Address of all pages.
const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
/// Port of the device.
const PORT: u16 = 80;
/// Port of the first connection. Each further one has the next port.
const FIRST_PORT: u16 = 49_152;
/// Output that a connection may keep, beyond one frame, in bytes.
const UNSENT: usize = 512;

/// A device and the connections to it.
pub(super) struct Net {
    setup: Setup,
    device: &'static Device,
    feed: Feed<'static>,
    scratch: Vec<u8>,
    connections: BTreeMap<u16, Connection>,
    /// Number of connections so far.
    opened: u16,
    start: tokio::time::Instant,
    /// The waker of the task that serves, once it does.
    waker: Option<Waker>,
}

impl Net {
    /// Connects a device to the network, in a tokio runtime with time.
    pub(super) fn new(setup: Setup, device: &'static Device) -> Self {
        let limits = &setup.limits;
        Self {
            setup,
            device,
            feed: memory::feed(setup.app, limits),
            scratch: vec![0; limits.frame + UNSENT + limits.frame + 16],
            connections: BTreeMap::new(),
            opened: 0,
            start: tokio::time::Instant::now(),
            waker: None,
        }
    }

    /// Returns the time since the start of the device, in ms.
    pub(super) fn millis(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Returns the moment on tokio's clock, if it will come.
    pub(super) fn on_clock(&self, moment: Instant) -> Option<tokio::time::Instant> {
        (moment != Instant::NEVER).then(|| self.start + std::time::Duration::from_millis(moment.as_millis()))
    }

    /// Returns whether the application is a Thing.
    pub(super) fn is_thing(&self) -> bool {
        self.setup.app.as_thing().is_some()
    }

    /// Connects, and sends a request. Returns the number of the connection.
    pub(super) fn connect(&mut self, request: Vec<u8>) -> u16 {
        let (number, limits) = (self.opened, &self.setup.limits);
        self.opened = number.checked_add(1).expect("a test has at most 65,535 connections");
        let info = ConnectionInfo::new(SocketAddr::new(PEER, FIRST_PORT.wrapping_add(number).max(1)));
        let http = HttpState::new(Buffer::grown(limits.frame + UNSENT));
        let http = HttpStateMemory::Owned(Box::new(http));
        let client = Client::new(info.with_local_port(PORT), http, Instant::from_millis(self.millis()));
        self.connections.insert(number, Connection::new(client, request));
        self.wake();
        number
    }

    /// Returns the connection of that number, whose peer has not left.
    pub(super) fn connection(&mut self, number: u16) -> &mut Connection {
        self.connections.get_mut(&number).expect("a connection is there until its page is dropped")
    }

    /// Lets the peer of a connection go.
    pub(super) fn leave(&mut self, number: u16) {
        self.connection(number).leave();
        self.wake();
    }

    /// Makes the task that serves do so soon.
    pub(super) fn wake(&self) {
        self.waker.iter().for_each(Waker::wake_by_ref);
    }

    /// Moves all bytes that can be moved now, and returns the time at which more is due.
    pub(super) fn serve(&mut self, waker: &Waker) -> Instant {
        self.waker = Some(waker.clone());
        let now = Instant::from_millis(self.millis());
        let Self { setup, device, feed, scratch, connections, .. } = self;
        loop {
            device.register(0, waker);
            device.follow(now, 0, feed, |slot| {
                connections.values_mut().for_each(|connection| connection.notify(slot));
            });
            let mut context = TurnContext {
                app: setup.app,
                access: setup.access,
                log_in: None,
                board: None,
                update: None,
                mounts: None,
                device,
                feed,
                compressed_feed: None,
                address_limit: None,
                date: None,
                compression: None,
                follower: 0,
                allowance: u32::MAX,
                room: SendWindow::NONE,
                scratch,
            };
            let mut moved = false;
            for connection in connections.values_mut() {
                moved |= connection.turn(now, &mut context);
            }
            if !moved {
                break;
            }
        }
        connections.retain(|_, connection| !connection.is_over());
        let open = connections.values().filter(|connection| !connection.ended);
        open.map(|connection| connection.wake_at).min().unwrap_or(Instant::NEVER)
    }
}

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Net").field("connections", &self.connections.len()).finish_non_exhaustive()
    }
}
