//! Which drivers a publish wakes.

#![cfg(feature = "std")]

use instep::driver::{
    Buffer, Client, ConnectionInfo, Feed, Follower, HttpState, HttpStateMemory, Memory, Ring, RingEntry,
    SendWindow, SlotIndex, SlotMemory, Table, TableEntry, TurnContext,
};
use instep::{Access, App, Device, Instant, Limits};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

instep::topics! { const TOPICS = [LED]; }
static APP: App = App::new("woken", "for tests").endpoint("/ws").topics(TOPICS);
static ACCESS: Access = Access::new("lamp");
const LIMITS: Limits = Limits::DEVICE;
const BLOCK: usize = LIMITS.frame + 10;
const SLOTS: usize = 4;

#[derive(Default)]
struct Counter(AtomicUsize);

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Counter {
    fn take(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

fn leak<T: Clone>(count: usize, value: T) -> &'static mut [T] {
    vec![value; count].leak()
}

/// Returns a device with two drivers, of which publishes wake the first one only while it has clients.
fn device() -> Device {
    let slot =
        || SlotMemory::new(Buffer::grown(LIMITS.message), Buffer::grown(LIMITS.outbox), LIMITS.replies);
    let mut followers = [0; 2].map(|_| Follower::new(leak(SLOTS, SlotIndex::FIRST)));
    followers[0].follow_for_clients_only();
    let memory = Memory {
        topics: leak(1, TableEntry::default()),
        topic_storage: leak(2 * BLOCK, 0),
        events: leak(1, RingEntry::default()),
        event_storage: leak(2 * BLOCK, 0),
        slots: (0..SLOTS).map(|_| slot()).collect::<Vec<_>>().leak(),
        followers: Vec::from(followers).leak(),
        requests: 0,
        backlog: false,
        thing: None,
        history: &mut [],
        recorders: &mut [],
        inbox_queue: leak(SLOTS, SlotIndex::FIRST),
        waiting_queue: leak(SLOTS, SlotIndex::FIRST),
    };
    Device::new(memory, LIMITS)
}

fn feed() -> Feed<'static> {
    let table = Table::new(leak(1, TableEntry::default()), leak(2 * BLOCK, 0));
    Feed::new(table, Ring::new(leak(1, RingEntry::default()), leak(2 * BLOCK, 0)))
}

#[test]
fn publish_wakes_driver_without_clients_only_if_it_asks_for_it() {
    let (device, mut feed) = (device(), feed());
    let counters = [Arc::new(Counter::default()), Arc::new(Counter::default())];
    let register = || {
        for (index, counter) in counters.iter().enumerate() {
            device.register(index, &Waker::from(counter.clone()));
        }
    };
    let woken = || counters.each_ref().map(|counter| counter.take());
    register();
    device.publish(LED, "1");
    assert_eq!(woken(), [0, 1]);

    // It catches up before a request, without a lock if nothing is new.
    device.catch_up(&mut feed);
    assert_eq!(feed.table().latest(0), Some(&b"\x81\x011"[..]));
    // What is published meanwhile is seen, because its first client wakes it.
    device.publish(LED, "2");
    register();
    let http = HttpStateMemory::Owned(Box::new(HttpState::new(Buffer::grown(2048))));
    let info = ConnectionInfo::new(([127, 0, 0, 1], 4000).into());
    let mut client = Client::new(info, http, Instant::from_millis(0));
    let mut received = Vec::new();
    let mut scratch = vec![0; 4096];
    let mut turn = |client: &mut Client, feed: &Feed<'static>, input: &mut [u8]| {
        let mut context = TurnContext {
            app: &APP,
            access: &ACCESS,
            log_in: None,
            board: None,
            update: None,
            mounts: None,
            device: &device,
            feed,
            compressed_feed: None,
            compression: None,
            address_limit: None,
            date: None,
            follower: 0,
            allowance: u32::MAX,
            room: SendWindow::NONE,
            scratch: &mut scratch,
        };
        client.turn(Instant::from_millis(0), input, &mut context, &mut |bytes| {
            received.extend_from_slice(bytes);
            bytes.len()
        });
    };
    let mut upgrade = *b"GET /ws HTTP/1.1\r\nHost: lamp\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    turn(&mut client, &feed, &mut upgrade);
    assert_eq!(woken(), [1, 0]);
    device.follow(Instant::from_millis(0), 0, &mut feed, |_| {});
    turn(&mut client, &feed, &mut []);
    assert!(received.ends_with(b"\x81\x012"), "{:?}", String::from_utf8_lossy(&received));

    // With a client, it is woken as the other one is.
    register();
    device.publish(LED, "3");
    assert_eq!(woken(), [1, 1]);
}
