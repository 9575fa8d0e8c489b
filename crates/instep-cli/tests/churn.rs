//! Thousands of short-lived clients leave the server as it was.
//!
//! Peers that do not speak HTTP are among them.

mod served;

use served::{get, last_answer, request, serve};
use socket2::SockRef;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;
use test_support::{Http, Random, SOON, Server, WebSocket, resident, wait_until};

/// Number of connections that open and close.
const VISITS: usize = 10_000;
/// Number of visits before the measurement.
///
/// They allocate all memory that is allocated only once.
const FIRST: usize = 1_000;
const THREADS: usize = 4;
/// Allowed growth of the resident memory, in bytes.
///
/// It is 100 bytes for each visit. The allocator has an arena for each thread, so the memory varies.
const GROWTH: usize = 900 << 10;

/// Returns the number of open descriptors of the server.
fn descriptors(server: &Server) -> usize {
    fs::read_dir(format!("/proc/{}/fd", server.pid())).expect("cannot list the descriptors").count()
}

/// Connects, sends something, and disconnects, in one of several ways.
fn visit(addr: SocketAddr, number: usize) {
    let mut client = WebSocket::connect(addr, "/ws");
    if number.is_multiple_of(4) {
        client.send_text("nothing that is known");
        client.send_close(1000, "");
        client.expect_close(1000);
    } else {
        // A reset leaves no entry in this machine's table of connections.
        client.send_raw(&[0x81][..number % 2]);
        SockRef::from(client.tcp()).set_linger(Some(Duration::ZERO)).expect("cannot set SO_LINGER");
    }
}

fn visits(addr: SocketAddr, count: usize) {
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(move || (0..count / THREADS).for_each(|number| visit(addr, number)));
        }
    });
}

#[test]
fn ten_thousand_visits_leak_nothing() {
    // The first client answers no ping meanwhile, and a busy machine may take long.
    let server = serve(&["--app", "led-plain", "--limit", "ping_every=3600s"]);
    let mut witness = WebSocket::connect(server.addr(), "/ws");
    assert_eq!(witness.read_text(), "0");
    let descriptors_before = descriptors(&server);
    visits(server.addr(), FIRST);
    let before = resident(server.pid());
    visits(server.addr(), VISITS - FIRST);
    wait_until(
        SOON,
        || descriptors(&server) <= descriptors_before,
        || format!("{} descriptors, not {descriptors_before}", descriptors(&server)),
    );
    let growth = resident(server.pid()).saturating_sub(before);
    assert!(growth < GROWTH, "{growth} bytes more");
    println!("{VISITS} visits: {growth} bytes more than after the first {FIRST}");
    witness.send_text("toggle");
    assert_eq!(witness.read_text(), "1");
}

#[test]
fn garbage_is_rejected_without_effect_on_others() {
    let server = serve(&["--app", "led-plain"]);
    let mut witness = WebSocket::connect(server.addr(), "/ws");
    assert_eq!(witness.read_text(), "0");
    let hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    let response = last_answer(server.addr(), hello);
    assert_eq!(response.status, 400, "a TLS hello on the plain port");
    let mut random = Random::new(0x2545_f491_4f6c_dd1d);
    let mut bytes = || random.bytes(600);
    for _ in 0..200 {
        let mut tcp = TcpStream::connect(server.addr()).expect("cannot connect");
        // The server may have refused it already.
        let _ = tcp.write_all(&bytes());
        let _ = tcp.shutdown(std::net::Shutdown::Write);
        tcp.set_read_timeout(Some(SOON)).expect("cannot set the timeout");
        let mut answer = Vec::new();
        let _ = tcp.read_to_end(&mut answer);
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 4") || answer.starts_with(b"HTTP/1.1 5"));

        // The bytes are also sent as frames. Their effect is random, but the connection ends and changes nothing.
        let client = WebSocket::connect(server.addr(), "/ws");
        let _ = client.tcp().write_all(&bytes());
        let _ = client.tcp().shutdown(std::net::Shutdown::Write);
        client.tcp().set_read_timeout(Some(SOON)).expect("cannot set the timeout");
        let ended = client.tcp().read_to_end(&mut Vec::new());
        assert!(
            ended.is_ok() || ended.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset)
        );
    }
    witness.send_text("toggle");
    assert_eq!(witness.read_text(), "1");
    assert_eq!(get(server.addr(), "/").status, 200);
}

#[test]
fn two_hundred_slow_or_silent_sockets_delay_no_client() {
    let server = serve(&["--app", "led-plain"]);
    let mut client = WebSocket::connect(server.addr(), "/ws");
    assert_eq!(client.read_text(), "0");
    let head = request("/", &[]);
    let mut others: Vec<Http> = (0..200).map(|_| Http::connect(server.addr())).collect();
    for (toggles, byte) in head.as_bytes()[..16].iter().enumerate() {
        // Every other one sends a byte now and then. On a busy machine it may have been closed already.
        others.iter_mut().step_by(2).for_each(|other| {
            let _ = other.tcp().write_all(&[*byte]);
        });
        // A server that waited for each of them would take minutes.
        client.send_text("toggle");
        assert_eq!(client.read_text(), if toggles % 2 == 0 { "1" } else { "0" });
        assert_eq!(get(server.addr(), "/").status, 200);
    }
    // The time limit for a head, 5 s, is over.
    for (number, other) in others.iter_mut().enumerate() {
        let end = other.read_to_end(SOON + SOON);
        let answered = end.starts_with(b"HTTP/1.1 408 ");
        assert_eq!(answered, number % 2 == 0, "a silent connection was answered, or a slow one was not");
        assert!(answered || end.is_empty());
    }
}
