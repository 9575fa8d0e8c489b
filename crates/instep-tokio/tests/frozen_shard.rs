//! A shard that hangs is told of, and keeps nobody else from being told anything.

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

/// More than may wait for one shard.
const ASKERS: usize = 40;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hold {
    Nobody,
    TheNext,
    Held,
}

static HOLD: Mutex<Hold> = Mutex::new(Hold::Nobody);
static CHANGED: Condvar = Condvar::new();

/// A log that can keep the thread of a shard from going on.
struct Holding;

impl log::Log for Holding {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        if record.args().to_string().contains("Connected") {
            let mut hold = HOLD.lock().expect("the lock");
            if *hold == Hold::TheNext {
                *hold = Hold::Held;
                CHANGED.notify_all();
            }
            drop(CHANGED.wait_while(hold, |hold| *hold == Hold::Held).expect("the lock"));
        }
    }

    fn flush(&self) {}
}

fn hold(state: Hold) {
    *HOLD.lock().expect("the lock") = state;
    CHANGED.notify_all();
}

#[test]
fn a_shard_that_hangs_is_told_of() {
    log::set_logger(&Holding).expect("no other logger");
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

    // Connections are dealt to the two shards in turn.
    hold(Hold::TheNext);
    let mut second = TcpStream::connect(server.addr).expect("a connection");
    let upgrade = "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    second.write_all(upgrade.as_bytes()).expect("it is sent");
    let held = HOLD.lock().expect("the lock");
    let (held, waited) =
        CHANGED.wait_timeout_while(held, SOON, |hold| *hold != Hold::Held).expect("the lock");
    assert!(!waited.timed_out());
    drop(held);

    let before = Instant::now();
    let metrics = own.block_on(async {
        let asking: Vec<_> = (0..ASKERS).map(|_| tokio::spawn(async move { all.metrics().await })).collect();
        let mut answers = Vec::new();
        for asking in asking {
            answers.push(asking.await.expect("an answer"));
        }
        answers
    });
    assert!(before.elapsed() < SOON, "one after the other it would be {ASKERS} s");
    for metrics in metrics {
        // The other one may be late on a busy machine.
        assert!(metrics.lag.is_none() && metrics.shards_unresponsive >= 1, "{metrics:?}");
        assert_eq!((metrics.counts.clients, metrics.connections), (2, 2));
    }
    // The other shard goes on.
    server.device().publish(NUMBER, "2");
    assert_eq!(first.read_text(), "2");

    hold(Hold::Nobody);
    let is_back = || ask().lag.is_some_and(|lag| lag.clients() == 2);
    wait_until(SOON, is_back, || "it does not come back");
    wait_until(SOON, || ask().shards_unresponsive == 0, || "it does not come back");
}
