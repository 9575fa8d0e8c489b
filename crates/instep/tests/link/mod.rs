//! A simulated link: one device, clients without
//! sockets, and a clock that only tests move.

#![allow(dead_code, reason = "not every test uses all of it")]

use instep::board::BoardPages;
use instep::driver::{
    Buffer, Client, ConnectionInfo, Date, Feed, Follower, HttpState, HttpStateMemory, Memory, Recorder, Ring,
    RingEntry, SERVER_HEADER_MAX, SendWindow, SlotMemory, Table, TableEntry, Turn, TurnContext, UpdateRoute,
};
use instep::thing::{HistoryPoint, Thing};
use instep::{Access, App, Asset, ClientId, Device, Inbox, Instant, Limits, LogIn, Message};
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Drivers that follow the device, more than it wakes at once.
pub const FOLLOWERS: usize = 9;
instep::topics! { pub const TOPICS = [LED, OTHER]; }
pub const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));

const SCRIPT: Asset = Asset::new("text/javascript; charset=utf-8", b"let on;").gzip(b"not really gzip");

pub const APP: App = App::new("test", "for tests")
    .page("/", Asset::template("<p>%STATE%</p>100%"))
    .page("/script.js", SCRIPT)
    .rest_of_path("/any/*")
    .endpoint("/ws")
    .subprotocols(&["lamp"])
    .echo("/echo")
    .topics(TOPICS);

pub const ACCESS: Access = Access::new("lamp").with_ports(&[80]);

pub fn leak<T: Clone>(count: usize, value: T) -> &'static mut [T] {
    vec![value; count].leak()
}

/// Simultaneous requests by plain HTTP, where there is a Thing.
pub const REQUESTS: usize = 2;

/// Device with its own feed, as a driver has it.
pub struct Simulation {
    pub app: &'static App,
    pub access: &'static Access,
    pub device: &'static Device,
    pub limits: Limits,
    pub feed: Feed<'static>,
    pub scratch: Vec<u8>,
    pub now: u64,
    /// Index of the driver that turns the clients.
    pub follower: usize,
    /// Slots that are ready.
    ready: Vec<usize>,
    /// None, unless a test wants one.
    pub log_in: Option<&'static LogIn>,
    /// None, as on a device, unless a test has a clock.
    pub date: Option<Date>,
    /// None, unless a test wants some.
    pub board: Option<&'static dyn BoardPages>,
    /// None, unless a test updates the device.
    pub update: Option<UpdateRoute<'static>>,
}

impl Simulation {
    pub fn new(limits: Limits) -> Self {
        Self::with_app(&APP, limits)
    }

    pub fn with_app(app: &'static App, limits: Limits) -> Self {
        Self::with_networks(app, limits, usize::MAX)
    }

    /// Returns a device whose drivers each serve a
    /// network of their own, with `own` client slots.
    pub fn with_networks(app: &'static App, limits: Limits, own: usize) -> Self {
        let topics = app.topic_count();
        let block = limits.frame + SERVER_HEADER_MAX;
        let slot = || {
            let message = Buffer::lent(leak(limits.message, 0));
            SlotMemory::new(message, Buffer::lent(leak(limits.outbox, 0)), limits.replies)
        };
        let requests = if app.as_thing().is_some() { REQUESTS } else { 0 };
        let places = limits.clients + requests;
        let slots = (0..places).map(|_| slot()).collect::<Vec<_>>();
        let memory = Memory {
            topics: leak(topics, TableEntry::default()),
            topic_storage: leak(block * (topics + 1), 0),
            events: leak(limits.events, RingEntry::default()),
            event_storage: leak(block * (limits.events + 1), 0),
            slots: slots.leak(),
            followers: (0..FOLLOWERS)
                .map(|_| Follower::new(leak(places, 0)).with_clients(own))
                .collect::<Vec<_>>()
                .leak(),
            requests,
            backlog: app.has_backlog(),
            thing: app.as_thing(),
            history: leak(app.as_thing().map_or(0, Thing::history_points), HistoryPoint::NONE),
            recorders: leak(app.as_thing().map_or(0, Thing::history_count), Recorder::NEW),
            inbox_queue: leak(places, 0),
            waiting_queue: leak(places, 0),
        };
        let device = Box::leak(Box::new(Device::new(memory, limits)));
        let table = Table::new(leak(topics, TableEntry::default()), leak(block * (topics + 1), 0));
        let ring = Ring::new(leak(limits.events, RingEntry::default()), leak(block * (limits.events + 1), 0));
        let unsent = unsent(&limits);
        Self {
            app,
            access: &ACCESS,
            device,
            limits,
            feed: Feed::new(table, ring),
            scratch: vec![0; unsent + limits.frame + 16],
            now: 0,
            follower: 0,
            ready: Vec::new(),
            log_in: None,
            date: None,
            board: None,
            update: None,
        }
    }

    pub fn client(&self) -> Peer {
        self.client_of(connection())
    }

    pub fn client_of(&self, info: ConnectionInfo) -> Peer {
        let client = Client::new(info, http_state(&self.limits), Instant::from_millis(self.now));
        Peer {
            client,
            capacity: None,
            tail: Vec::new(),
            received: Vec::new(),
            window: usize::MAX,
            allowance: u32::MAX,
            last: None,
        }
    }

    /// Returns the context of a client's turn.
    pub fn context(&mut self) -> TurnContext<'_> {
        TurnContext {
            app: self.app,
            access: self.access,
            log_in: self.log_in,
            board: self.board,
            update: self.update,
            mounts: None,
            device: self.device,
            feed: &self.feed,
            compressed_feed: None,
            address_limit: None,
            date: self.date,
            compression: None,
            follower: self.follower,
            allowance: u32::MAX,
            room: SendWindow::NONE,
            scratch: &mut self.scratch,
        }
    }

    /// Returns a client whose WebSocket is open, with the bytes that follow the 101.
    pub fn open(&mut self, path: &str) -> Peer {
        let mut peer = self.client();
        peer.send(self, upgrade(path).as_bytes());
        let end = find(&peer.received, b"\r\n\r\n").expect("the handshake was not answered") + 4;
        assert!(peer.received.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&peer.received));
        peer.received.drain(..end);
        peer
    }

    /// Lets the feed follow, and returns the ready slots.
    pub fn follow(&mut self) -> Vec<usize> {
        self.catch_up();
        std::mem::take(&mut self.ready)
    }

    fn catch_up(&mut self) {
        let now = Instant::from_millis(self.now);
        self.device.follow(now, self.follower, &mut self.feed, |slot| self.ready.push(slot));
    }
}

/// Returns the moment `millis` milliseconds after the start.
pub fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

pub fn unsent(limits: &Limits) -> usize {
    limits.frame + 512
}

/// An unencrypted connection of [`PEER`].
pub fn connection() -> ConnectionInfo {
    ConnectionInfo::new(SocketAddr::new(PEER, 4000))
}

/// Where one connection.
pub fn http_state(limits: &Limits) -> HttpStateMemory {
    let http_state = HttpState::new(Buffer::lent(leak(unsent(limits), 0)));
    HttpStateMemory::Lent(Box::leak(Box::new(http_state)))
}

/// Peer at the other end of a link.
pub struct Peer {
    pub client: Client,
    /// Capacity of its socket, in bytes, of which `window` are free.
    ///
    /// If set, the client returns the memory lent for requests as soon as it can, as on a device.
    pub capacity: Option<usize>,
    tail: Vec<u8>,
    /// Bytes that it received.
    pub received: Vec<u8>,
    /// Bytes that the link still takes.
    pub window: usize,
    /// Messages that a turn takes.
    pub allowance: u32,
    pub last: Option<Turn>,
}

impl Peer {
    /// Sends bytes and gives the server a turn.
    pub fn send(&mut self, simulation: &mut Simulation, bytes: &[u8]) -> Turn {
        self.tail.extend_from_slice(bytes);
        self.turn(simulation)
    }

    pub fn turn(&mut self, simulation: &mut Simulation) -> Turn {
        simulation.catch_up();
        let own = simulation.ready.iter().position(|slot| self.client.slot() == Some(*slot));
        if let Some(own) = own {
            simulation.ready.remove(own);
            self.client.expect_reply();
        }
        let (received, window) = (&mut self.received, &mut self.window);
        let now = Instant::from_millis(simulation.now);
        let mut context = simulation.context();
        context.allowance = self.allowance;
        if let Some(capacity) = self.capacity {
            context.room = SendWindow { free: (*window).min(capacity), capacity };
        }
        let turn = self.client.turn(now, &mut self.tail, &mut context, &mut |bytes| {
            let length = bytes.len().min(*window);
            *window -= length;
            received.extend_from_slice(&bytes[..length]);
            length
        });
        self.tail.drain(..turn.used);
        assert!(!turn.wants_read || self.tail.len() <= Client::tail_max(&simulation.limits));
        if self.capacity.is_some() {
            self.client.release_http_state();
        }
        self.last = Some(turn);
        turn
    }

    /// Returns the bytes of unconsumed input.
    pub fn waiting(&self) -> usize {
        self.tail.len()
    }

    /// Closes the peer's direction.
    pub fn end(&mut self, simulation: &mut Simulation) -> Turn {
        self.client.input_ended();
        self.turn(simulation)
    }

    /// Returns the bytes received since the last call.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.received)
    }
}

pub fn upgrade(path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: lamp\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

/// Returns a client's frame, masked.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let key = [0x11, 0x92, 0xa3, 0x44];
    let mut bytes = vec![first];
    match payload.len() {
        length @ 0..=125 => bytes.push(0x80 | u8::try_from(length).unwrap()),
        length => {
            bytes.push(0xfe);
            bytes.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
    }
    bytes.extend(key);
    bytes.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    bytes
}

pub fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// Returns the client that opened, if that is the next item of the inbox.
pub fn opened(inbox: &mut Inbox<'_>) -> Option<ClientId> {
    let mut next = pin!(inbox.recv());
    match std::future::Future::poll(next.as_mut(), &mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Message::Open { client }) => Some(client),
        _ => None,
    }
}

/// Returns the next item of the inbox as text, if there is one.
pub fn next_item(inbox: &mut Inbox<'_>) -> Option<String> {
    let mut next = pin!(inbox.recv());
    match std::future::Future::poll(next.as_mut(), &mut Context::from_waker(Waker::noop())) {
        Poll::Pending => None,
        Poll::Ready(message) => Some(match message {
            Message::Open { client } => format!("{client} open"),
            Message::Text { client, text } => format!("{client} {text}"),
            Message::Binary { client, bytes } => format!("{client} {} bytes", bytes.len()),
            Message::Close { client } => format!("{client} close"),
            other => panic!("unknown message: {other:?}"),
        }),
    }
}

pub fn inbox(simulation: &Simulation) -> Inbox<'static> {
    simulation
        .device
        .inbox(Buffer::lent(leak(simulation.limits.message, 0)))
        .expect("the inbox was already taken")
}
