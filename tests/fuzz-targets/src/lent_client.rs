//! Client of a driver without memory for unsent output, as on a chip.

use crate::link::{ACCESS, APP, LIMITS, Simulation};
use instep::Instant;
use instep::driver::{Client, Feed, SendWindow, TurnContext};

/// Send buffer of the client's socket, in bytes.
const CAPACITY: usize = 600;
const UPGRADE: &[u8] = b"GET /ws HTTP/1.1\r\nHost: lamp\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// Client with an open WebSocket, and its driver.
pub(crate) struct LentClient<'s> {
    simulation: &'s Simulation,
    client: Client,
    feed: Feed<'static>,
    scratch: Vec<u8>,
    /// Whether the driver tries without a turn first.
    at_once: bool,
    /// Numbers of messages and of frames that needed no turn.
    pub(crate) without_turn: [usize; 2],
    /// Bytes that arrived and were not yet taken.
    pub(crate) waiting: Vec<u8>,
    /// Bytes that the link still takes.
    pub(crate) window: usize,
    /// The time, in ms.
    pub(crate) now: u64,
    shown: Shown,
}

/// What the other end and the driver see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    received: Vec<u8>,
    waiting: Vec<u8>,
    wants_read: bool,
    wants_write: bool,
    closed: bool,
}

impl<'s> LentClient<'s> {
    /// Opens a WebSocket.
    pub(crate) fn open(simulation: &'s Simulation, at_once: bool) -> Self {
        let (client, feed, scratch) = simulation.connect().into_parts();
        let mut opened = Self {
            simulation,
            client,
            feed,
            scratch,
            at_once,
            without_turn: [0; 2],
            waiting: UPGRADE.to_vec(),
            window: usize::MAX,
            now: 0,
            shown: Shown::default(),
        };
        opened.turn();
        assert!(opened.client.is_open() && opened.client.release_http_state().is_some(), "no WebSocket");
        (opened.window, opened.shown.received) = (0, Vec::new());
        opened
    }

    pub(crate) fn wants_read(&self) -> bool {
        self.shown.wants_read && !self.shown.closed
    }

    pub(crate) fn shown(&self) -> Shown {
        Shown { waiting: self.waiting.clone(), ..self.shown.clone() }
    }

    /// Follows the device, takes input, and writes what is due.
    pub(crate) fn serve(&mut self) {
        if self.shown.closed {
            return;
        }
        let now = Instant::from_millis(self.now);
        let Self { simulation, client, feed, .. } = self;
        simulation.device.follow(now, 0, feed, |_| client.expect_reply());
        if !(self.at_once && self.serve_at_once(now)) {
            self.turn();
        }
    }

    /// Returns whether everything was done without a turn.
    fn serve_at_once(&mut self, now: Instant) -> bool {
        let Self { simulation, client, feed, waiting, window, shown, .. } = self;
        loop {
            let before = waiting.clone();
            let room = (*window).min(CAPACITY);
            let used = client.take_short_message(now, waiting, room, &simulation.device);
            if used == 0 {
                assert_eq!(*waiting, before, "the input was changed, but not used");
                break;
            }
            waiting.drain(..used);
            self.without_turn[0] += 1;
        }
        let frames = &mut self.without_turn[1];
        waiting.is_empty()
            && !shown.wants_write
            && feed.newest().is_some_and(|newest| {
                client.deliver(now, &newest, &mut |frame| {
                    let fits = frame.len() <= (*window).min(CAPACITY);
                    if fits {
                        *window -= frame.len();
                        shown.received.extend_from_slice(frame);
                        *frames += 1;
                    }
                    fits
                })
            })
    }

    fn turn(&mut self) {
        let Self { simulation, client, feed, scratch, waiting, window, shown, .. } = self;
        let mut context = TurnContext {
            app: &APP,
            access: &ACCESS,
            log_in: None,
            board: None,
            mounts: None,
            update: None,
            device: &simulation.device,
            feed,
            compressed_feed: None,
            compression: None,
            address_limit: None,
            date: None,
            follower: 0,
            allowance: u32::MAX,
            room: SendWindow { free: (*window).min(CAPACITY), capacity: CAPACITY },
            scratch,
        };
        // The start of a control frame waits for its end.
        let length = if waiting.len() < client.least_input() { 0 } else { waiting.len() };
        let turn =
            client.turn(Instant::from_millis(self.now), &mut waiting[..length], &mut context, &mut |bytes| {
                assert!(bytes.len() <= *window, "more was written than there is room for");
                *window -= bytes.len();
                shown.received.extend_from_slice(bytes);
                bytes.len()
            });
        waiting.drain(..turn.used);
        (shown.wants_read, shown.wants_write, shown.closed) =
            (turn.wants_read, turn.wants_write, turn.closed);
        assert!(!turn.wants_read || waiting.len() <= Client::tail_max(&LIMITS), "too much input stays");
    }
}
