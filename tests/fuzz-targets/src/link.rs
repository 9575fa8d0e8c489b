//! A simulated link: one device, a client without
//! a socket, and a clock that only tests move.

use crate::lent::Lender;
use instep::driver::{
    Buffer, Client, Compression, ConnectionInfo, Feed, Follower, HeadLimits, HttpState, HttpStateMemory,
    Memory, Ring, RingEntry, SERVER_HEADER_MAX, SendWindow, SlotIndex, SlotMemory, Table, TableEntry, Turn,
    TurnContext,
};
use instep::{Access, App, Asset, Device, Inbox, Instant, Limits, Topics};
use instep_proto::frame::CloseCode;
use instep_tokio::Deflate;
use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddr};

/// Number of topics of [`APP`].
pub(crate) const TOPICS: usize = 2;

/// Application with a page of each kind and an endpoint of each kind.
pub(crate) const APP: App = App::new("fuzz", "for fuzzing")
    .page("/", Asset::template("<p>%STATE%</p>100%"))
    .page("/script.js", Asset::new("text/javascript; charset=utf-8", b"let on;").gzip(b"not really gzip"))
    .rest_of_path("/any/*")
    .endpoint("/ws")
    .subprotocols(&["lamp"])
    .echo("/echo")
    .topics(Topics::new(TOPICS));

/// Access to a device named `lamp`.
pub(crate) const ACCESS: Access = Access::new("lamp").with_ports(&[80]);

/// Maximum length of a message of the application,
/// in bytes, long enough for compression.
const FRAME: usize = 290;

/// A device's limits, but so small that a short input reaches each.
pub(crate) const LIMITS: Limits = Limits::DEVICE
    .with_clients(1)
    .with_head(HeadLimits { bytes: 600, headers: 12 })
    .with_body(64)
    .with_message(100)
    .with_frame(FRAME)
    .with_events(3)
    .with_inbox(1)
    .with_replies(1)
    .with_outbox(FRAME + SERVER_HEADER_MAX + 12)
    .with_linger_bytes(100);

/// Limit of unsent bytes.
const UNSENT: usize = FRAME + 384;

/// Device whose memory is freed when dropped.
#[derive(Debug)]
pub(crate) struct Simulation {
    app: &'static App,
    /// The device.
    pub(crate) device: Device,
    /// The driver's permessage-deflate.
    deflate: Option<Deflate>,
    lender: RefCell<Lender>,
}

/// Lends memory of a lender, which outlives the borrower.
macro_rules! lend {
    ($lender:expr, $value:expr; $count:expr) => {{
        #[allow(unsafe_code, reason = "a device wants memory for good")]
        // SAFETY: the memory is lent to the device, which `Simulation` drops before the lender, or to a link or an
        // inbox, which borrow the `Simulation`.
        unsafe {
            $lender.lend((0..$count).map(|_| $value).collect::<Vec<_>>())
        }
    }};
}

impl Simulation {
    /// Returns a device without clients. `deflate`: its driver has one inflater.
    pub(crate) fn new(deflate: bool) -> Self {
        Self::with_app(&APP, deflate)
    }

    /// Returns such a device for another application.
    pub(crate) fn with_app(app: &'static App, deflate: bool) -> Self {
        let topics = app.topic_count();
        let mut lender = Lender::default();
        let block = LIMITS.frame + SERVER_HEADER_MAX;
        let requests = usize::from(app.as_thing().is_some());
        let places = LIMITS.clients + requests;
        let mut slots: Vec<_> = (0..places)
            .map(|_| {
                let message = Buffer::lent(lend!(lender, 0; LIMITS.message));
                SlotMemory::new(message, Buffer::lent(lend!(lender, 0; LIMITS.outbox)), LIMITS.replies)
            })
            .collect();
        let mut follower = Some(Follower::new(lend!(lender, SlotIndex::FIRST; places)));
        let memory = Memory {
            topics: lend!(lender, TableEntry::default(); topics),
            topic_storage: lend!(lender, 0; block * (topics + 1)),
            events: lend!(lender, RingEntry::default(); LIMITS.events),
            event_storage: lend!(lender, 0; block * (LIMITS.events + 1)),
            slots: lend!(lender, slots.pop().expect("fewer slots than followers"); places),
            followers: lend!(lender, follower.take().expect("no follower for the driver"); 1),
            inbox_queue: lend!(lender, SlotIndex::FIRST; places),
            requests,
            backlog: false,
            thing: None,
            history: &mut [],
            recorders: &mut [],
            waiting_queue: lend!(lender, SlotIndex::FIRST; places),
        };
        let device = Device::new(memory, LIMITS);
        device.set_page_value("STATE", "ON & <off>");
        Self { app, device, deflate: deflate.then(|| Deflate::new(1)), lender: RefCell::new(lender) }
    }

    /// Returns the device's inbox.
    ///
    /// # Panics
    /// If it was already taken.
    pub(crate) fn inbox(&self) -> Inbox<'_> {
        let buffer = Buffer::lent(lend!(self.lender.borrow_mut(), 0; LIMITS.message));
        self.device.inbox(buffer).expect("the inbox was already taken")
    }

    /// Returns a connection that was just accepted, at 0 ms.
    pub(crate) fn connect(&self) -> Link<'_> {
        let lender = &mut *self.lender.borrow_mut();
        let topics = self.app.topic_count();
        let unsent: &'static mut [u8] = lend!(lender, 0; UNSENT);
        let mut unsent = [unsent].into_iter();
        let exchange = lend!(lender, HttpState::new(Buffer::lent(unsent.next().unwrap_or_default())); 1);
        let info = ConnectionInfo::new(SocketAddr::from((Ipv4Addr::new(192, 0, 2, 7), 4000)));
        Link {
            app: self.app,
            client: Client::new(info, HttpStateMemory::Lent(&mut exchange[0]), Instant::from_millis(0)),
            device: &self.device,
            deflate: self.deflate.as_ref(),
            compressed_feed: self.deflate.as_ref().map(|_| feed(lender, topics)),
            feed: feed(lender, topics),
            scratch: vec![0; UNSENT + LIMITS.frame + 16],
            waiting: Vec::new(),
            received: Vec::new(),
            window: usize::MAX,
            messages: 0,
            now: 0,
            last_input: 0,
            last_output: 0,
            disturbed: true,
            ended: false,
            last: None,
        }
    }
}

/// Client with the other end of its connection.
#[derive(Debug)]
pub(crate) struct Link<'w> {
    app: &'static App,
    client: Client,
    device: &'w Device,
    deflate: Option<&'w Deflate>,
    feed: Feed<'static>,
    compressed_feed: Option<Feed<'static>>,
    scratch: Vec<u8>,
    /// Bytes that arrived and were not yet taken.
    pub(crate) waiting: Vec<u8>,
    /// Bytes that the other end received.
    pub(crate) received: Vec<u8>,
    /// Bytes that the link still takes.
    pub(crate) window: usize,
    /// Number of taken messages, as the server counts them.
    pub(crate) messages: usize,
    /// The time, in ms.
    pub(crate) now: u64,
    /// Time of the last byte, or of the last moment when none was wanted, in ms.
    last_input: u64,
    /// Time of the link's last progress, or of the
    /// last moment without unsent bytes, in ms.
    last_output: u64,
    /// Whether an event since the last turn justifies another one.
    disturbed: bool,
    ended: bool,
    /// Result of the last turn.
    pub(crate) last: Option<Turn>,
}

impl Link<'_> {
    /// Returns the client, its feed, and the memory for the output of a turn.
    pub(crate) fn into_parts(self) -> (Client, Feed<'static>, Vec<u8>) {
        (self.client, self.feed, self.scratch)
    }

    /// Delivers bytes, if the client takes any, and gives it a turn.
    ///
    /// Returns whether it took them.
    pub(crate) fn deliver(&mut self, bytes: &[u8]) -> bool {
        if self.last.is_some_and(|turn| turn.closed || !turn.wants_read) {
            return false;
        }
        self.waiting.extend_from_slice(bytes);
        if !bytes.is_empty() {
            self.disturbed = true;
            self.last_input = self.now;
        }
        self.turn();
        true
    }

    /// Widens the other end's window by `bytes`.
    pub(crate) fn widen(&mut self, bytes: usize) {
        self.window = self.window.saturating_add(bytes);
        self.disturbed = true;
        self.turn();
    }

    /// Advances the clock to `now`.
    pub(crate) fn wait(&mut self, now: u64) {
        self.now = self.now.max(now);
        self.turn();
    }

    /// Closes the other end's direction.
    pub(crate) fn end(&mut self) {
        self.ended = true;
        self.disturbed = true;
        self.client.input_ended();
        self.turn();
    }

    /// Gives a turn, because the device has published
    /// or sent something, or the inbox has room.
    pub(crate) fn follow(&mut self) {
        self.disturbed = true;
        self.turn();
    }

    /// Stops the server.
    pub(crate) fn stop(&mut self) {
        self.disturbed = true;
        let End { client, mut surroundings, .. } = self.end_of_server();
        client.close(CloseCode::GOING_AWAY, &mut surroundings);
        self.turn();
    }

    /// Returns whether everything that can be taken has been taken.
    pub(crate) fn is_settled(&self) -> bool {
        self.waiting.is_empty() || self.last.is_some_and(|turn| turn.wants_read)
    }

    /// Returns whether the connection has ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.last.is_some_and(|turn| turn.closed)
    }

    /// Returns whether an open WebSocket may be dropped without a close frame: it was
    /// silent or stalled for too long, or has ended itself.
    pub(crate) fn may_be_dropped(&self) -> bool {
        let pings = u64::from(LIMITS.pings_missed) + 1;
        self.ended
            || self.now - self.last_input >= LIMITS.ping_every * pings
            || self.now - self.last_output >= LIMITS.write_stall
    }

    fn end_of_server(&mut self) -> End<'_> {
        let Self { app, client, device, deflate, feed, compressed_feed, scratch, .. } = self;
        let surroundings = TurnContext {
            app,
            access: &ACCESS,
            log_in: None,
            board: None,
            update: None,
            mounts: None,
            device,
            feed,
            compressed_feed: compressed_feed.as_ref(),
            compression: deflate.map(|deflate| deflate as &dyn Compression),
            address_limit: None,
            date: None,
            follower: 0,
            allowance: u32::MAX,
            room: SendWindow::NONE,
            scratch,
        };
        End {
            client,
            surroundings,
            waiting: &mut self.waiting,
            received: &mut self.received,
            window: &mut self.window,
        }
    }

    /// Returns whether an open WebSocket may be closed with this code without an error:
    /// a partial compressed message has kept the only inflater for too long.
    pub(crate) fn may_be_given_up(&self, code: u16) -> bool {
        code == CloseCode::TRY_AGAIN_LATER.number() && self.now >= LIMITS.write_stall
    }

    /// Gives a turn, with the checks that hold for each.
    fn turn(&mut self) {
        if self.is_closed() {
            return;
        }
        let Self { client, device, deflate, feed, compressed_feed, .. } = self;
        device.follow(Instant::from_millis(self.now), 0, feed, |_| client.expect_reply());
        if let (Some(compressed), Some(deflate)) = (compressed_feed, deflate)
            && compressed.revision() != feed.revision()
        {
            compressed.follow_encoded(feed, |frame, block| deflate.encode(frame, block));
        }
        let before = self.received.len();
        let may_write = self.last.is_none_or(|turn| !turn.shut_down);
        let now = Instant::from_millis(self.now);
        let mut all = true;
        let End { client, mut surroundings, waiting, received, window } = self.end_of_server();
        let turn = client.turn(now, waiting, &mut surroundings, &mut |bytes| {
            assert!(!bytes.is_empty(), "an empty write");
            assert!(may_write, "a write after the end");
            let length = bytes.len().min(*window);
            *window -= length;
            received.extend_from_slice(&bytes[..length]);
            all = length == bytes.len();
            length
        });
        let taken = self.received.len() - before;
        let now = self.now;
        assert!(turn.used <= self.waiting.len());
        assert!(turn.closed || turn.wants_write != all, "wants_write is wrong");
        assert!(
            turn.closed || turn.wake_at.as_millis() > now,
            "the next turn is due at {:?}, and it is {now}",
            turn.wake_at
        );
        let left = self.waiting.len() - turn.used;
        assert!(
            !turn.wants_read || left <= Client::tail_max(&LIMITS),
            "more input is wanted before {left} bytes were taken"
        );
        if let Some(last) = self.last {
            assert!(!last.shut_down || turn.shut_down || turn.closed, "a shutdown was revoked");
            // A reply that moved from the device to the output makes room for a message.
            if !self.disturbed && !last.wants_write && now < last.wake_at.as_millis() {
                let quiet = Turn { used: turn.used, messages: 0, wake_at: turn.wake_at, ..last };
                assert_eq!(
                    (turn, turn.used, taken),
                    (quiet, 0, 0),
                    "a turn without a cause changed something at {now}"
                );
                assert!(turn.wake_at >= last.wake_at);
            }
        }
        if !turn.wants_read && !turn.closed {
            self.last_input = now;
        }
        if !turn.closed && (taken > 0 || !turn.wants_write || self.last.is_none_or(|last| !last.wants_write))
        {
            self.last_output = now;
        }
        self.waiting.drain(..turn.used);
        self.messages += usize::try_from(turn.messages).expect("the count does not fit into usize");
        self.disturbed = false;
        self.last = Some(turn);
    }
}

/// The parts of a link that the server uses, and those that it does not see.
struct End<'a> {
    client: &'a mut Client,
    surroundings: TurnContext<'a>,
    waiting: &'a mut [u8],
    received: &'a mut Vec<u8>,
    window: &'a mut usize,
}

/// Returns an empty feed.
fn feed(lender: &mut Lender, topics: usize) -> Feed<'static> {
    let block = FRAME + SERVER_HEADER_MAX;
    let table =
        Table::new(lend!(lender, TableEntry::default(); topics), lend!(lender, 0; block * (topics + 1)));
    let ring = Ring::new(
        lend!(lender, RingEntry::default(); LIMITS.events),
        lend!(lender, 0; block * (LIMITS.events + 1)),
    );
    Feed::new(table, ring)
}
