//! Eviction when the process has no free descriptor, which spares live clients.
//!
//! One test, because the limit applies to the whole process.

mod in_process;

use in_process::serve;
use instep::{App, Asset, Limits};
use instep_tokio::SocketLimits;
use rustix::process::{Resource, getrlimit, setrlimit};
use socket2::{Domain, Protocol, Socket, Type};
use std::fs::File;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;
use test_support::{Http, SOON, WebSocket, opcode, wait_until};

static APP: App = App::new("descriptors", "for tests").page("/", Asset::html("<p>Hi</p>")).endpoint("/ws");

const GET: &str = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
/// Ping interval, in ms.
///
/// It is long, so that a live client on a busy machine can answer in time.
const PING_EVERY: u64 = 1_500;

/// Returns a socket that needs no further descriptor to be connected.
fn socket() -> Socket {
    Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).expect("cannot create a socket")
}

fn connect(socket: Socket, addr: SocketAddr) -> TcpStream {
    socket.connect(&addr.into()).expect("cannot connect");
    socket.into()
}

/// Uses up all descriptors up to the highest in use.
fn take_all_descriptors() -> Vec<File> {
    let entries = std::fs::read_dir("/proc/self/fd").expect("cannot list the descriptors");
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u64>().ok());
    let highest = numbers.max().expect("no descriptor");
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = Some(highest + 1);
    setrlimit(Resource::Nofile, limit).expect("cannot lower the limit");
    std::iter::from_fn(|| File::open("/dev/null").ok()).collect()
}

/// Answers pings until `stop` is set.
fn be_well(mut client: WebSocket, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        client.send_ping(b"I am well");
        while client.read_frame(SOON).opcode != opcode::PONG {}
        thread::sleep(Duration::from_millis(PING_EVERY / 10));
    }
}

struct Stop<'s>(&'s AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn idle_or_dead_client_is_evicted_without_descriptors() {
    let limits = Limits::LINUX.with_ping_every(PING_EVERY).with_pings_missed(u8::MAX);
    let server = serve(&APP, limits, SocketLimits::default());
    let mut sockets: Vec<_> = (0..6).map(|_| socket()).collect();
    let mut next = || connect(sockets.pop().expect("no socket left"), server.addr);
    let upgrade = |tcp| WebSocket::upgrade(tcp, "/ws", &[]).expect("no free slot");
    let (stop_one, stop_all) = (AtomicBool::new(false), AtomicBool::new(false));
    let ends = [Stop(&stop_one), Stop(&stop_all)];

    // The oldest client is live. The one that does not answer is younger, and the idle connection is the youngest.
    let oldest = WebSocket::connect(server.addr, "/ws");
    let mut silent = WebSocket::connect(server.addr, "/ws");
    let mut idle = Http::connect(server.addr);
    idle.send(GET);
    assert_eq!(idle.read().status, 200);
    thread::scope(|scope| {
        // Live clients stop even if the test fails.
        let ends = ends;
        scope.spawn(|| be_well(oldest, &stop_all));
        thread::sleep(Duration::from_millis(2 * PING_EVERY + PING_EVERY / 2));
        let taken = take_all_descriptors();

        let first = upgrade(next());
        scope.spawn(|| be_well(first, &stop_all));
        idle.expect_end(SOON);
        silent.send_ping(b"not yet");
        while silent.read_frame(SOON).opcode != opcode::PONG {}
        thread::sleep(Duration::from_millis(2 * PING_EVERY + PING_EVERY / 2));

        let second = upgrade(next());
        scope.spawn(|| be_well(second, &stop_one));
        silent.expect_close(1013);

        // Now all clients are live, and new connections are refused.
        let mut refused = [(); 2].map(|()| Http::over(next()));
        for refused in &mut refused {
            refused.send(GET);
            let response = refused.read();
            assert_eq!((response.status, response.header("connection")), (503, Some("close")));
            assert!(response.header("retry-after").is_some());
            refused.expect_end(SOON);
        }
        assert_eq!(server.device().clients(), 3);

        // A client leaves, and there is room again.
        stop_one.store(true, Ordering::Relaxed);
        wait_until(SOON, || server.device().clients() < 3, || "the client is still connected");
        let mut page = Http::over(next());
        page.send(GET);
        assert_eq!(page.read().status, 200);
        drop(taken);
        drop(ends);
    });
}
