//! A shard that hangs is reported, and delays no answers of the other shard.

mod in_process;

use in_process::{runtime, serve};
use instep::{App, Limits};
use instep_tokio::{Metrics, SocketLimits};
use std::io::Write as _;
use std::net::TcpStream;
use std::sync::{Condvar, Mutex};
use std::time::Instant;
use test_support::{SOON, WebSocket, wait_until};

instep::topics! { const TOPICS = [NUMBER]; }
static APP: App = App::new("frozen", "for tests").endpoint("/ws").topics(TOPICS);

/// More requests than may wait for one shard.
const ASKERS: usize = 40;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hold {
    Off,
    Next,
    Held,
}

static HOLD: Mutex<Hold> = Mutex::new(Hold::Off);
static CHANGED: Condvar = Condvar::new();

/// Logger that can block the thread of a shard.
struct Holding;

impl log::Log for Holding {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        if record.args().to_string().contains("Connected") {
            let mut hold = HOLD.lock().expect("the lock is poisoned");
            if *hold == Hold::Next {
                *hold = Hold::Held;
                CHANGED.notify_all();
            }
            drop(CHANGED.wait_while(hold, |hold| *hold == Hold::Held).expect("the lock is poisoned"));
        }
    }

    fn flush(&self) {}
}

fn hold(state: Hold) {
    *HOLD.lock().expect("the lock is poisoned") = state;
    CHANGED.notify_all();
}

#[test]
fn hanging_shard_is_reported_in_metrics() {
    log::set_logger(&Holding).expect("another logger is set");
    log::set_max_level(log::LevelFilter::Info);
    let server = serve(&APP, Limits::LINUX, SocketLimits::default());
    let (all, own) = (server.server(), runtime());
    let ask = || own.block_on(all.metrics());
    server.device().publish(NUMBER, "1");
    let mut first = WebSocket::connect(server.addr, "/ws");
    assert_eq!(first.read_text(), "1");
    let deadline = Instant::now() + SOON;
    let lag = loop {
        if let Metrics { lag: Some(lag), shards_unresponsive: 0, .. } = ask() {
            break lag;
        }
        assert!(Instant::now() < deadline, "{:?}", ask());
    };
    assert_eq!((lag.clients(), lag.revisions(), lag.cumulated()[0]), (1, 0, 1));

    // Connections are assigned to the two shards in turn.
    hold(Hold::Next);
    let mut second = TcpStream::connect(server.addr).expect("cannot connect");
    let upgrade = "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    second.write_all(upgrade.as_bytes()).expect("cannot send");
    let held = HOLD.lock().expect("the lock is poisoned");
    let (held, waited) =
        CHANGED.wait_timeout_while(held, SOON, |hold| *hold != Hold::Held).expect("the lock is poisoned");
    assert!(!waited.timed_out());
    drop(held);

    let before = Instant::now();
    let metrics = own.block_on(async {
        let asking: Vec<_> = (0..ASKERS).map(|_| tokio::spawn(async move { all.metrics().await })).collect();
        let mut answers = Vec::new();
        for asking in asking {
            answers.push(asking.await.expect("no answer"));
        }
        answers
    });
    assert!(before.elapsed() < SOON, "the answers came one after the other");
    for metrics in metrics {
        // The other shard may be late on a busy machine.
        assert!(metrics.lag.is_none() && metrics.shards_unresponsive >= 1, "{metrics:?}");
        assert_eq!((metrics.counts.clients, metrics.connections), (2, 2));
    }
    // The other shard goes on.
    server.device().publish(NUMBER, "2");
    assert_eq!(first.read_text(), "2");

    hold(Hold::Off);
    let is_back = || ask().lag.is_some_and(|lag| lag.clients() == 2);
    wait_until(SOON, is_back, || "the shard does not recover");
    wait_until(SOON, || ask().shards_unresponsive == 0, || "the shard does not recover");
}
