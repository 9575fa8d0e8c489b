//! TLS, and clients that read slowly or not at all: what holds without it holds with it.

mod in_process;
mod over_tls;

use instep::Limits;
use over_tls::{LENGTHS, STEP, connect, expect_echo, start};
use socket2::{Domain, Protocol, Socket, Type};
use std::fs;
use std::io::Read as _;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use test_support::{Http, SOON, WebSocket, wait_until};

/// A socket whose receive buffer is the kernel's smallest.
fn narrow(addr: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).expect("a socket");
    // Before connecting, because the window is told then.
    socket.set_recv_buffer_size(1).expect("a small buffer");
    socket.connect(&addr.into()).expect("a connection");
    socket.into()
}

/// What was encrypted, but not taken by the socket, is not lost when the connection ends.
#[test]
fn an_answer_arrives_although_the_reader_is_slow() {
    let (server, tls) = start(Limits::LINUX.with_linger_time(20));
    // Of one of these lengths, just the end has no place in the socket.
    let mut clients: Vec<_> = (1..=LENGTHS)
        .map(|n| {
            let mut client = Http::from(tls.over(narrow(server.addr)).expect("TLS"));
            client.send(format!("GET /{n} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
            client
        })
        .collect();
    // Longer than it lingers, while nothing can be sent.
    std::thread::sleep(Duration::from_millis(200));
    for (client, n) in clients.iter_mut().zip(1..) {
        assert_eq!(client.read().body.len(), n * STEP);
        client.expect_end(SOON);
    }
}

/// Resident memory of this process, in bytes.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("the process's status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    let kib: usize = line.trim().trim_end_matches(" kB").parse().expect("a number of KiB");
    kib * 1024
}

#[test]
fn a_client_that_stops_reading_costs_nothing_and_gets_the_latest() {
    const PAYLOAD: usize = 60_000;
    const FRAMES: usize = 1_000;
    let (server, tls) = start(Limits::LINUX.with_write_stall(600_000).with_ping_every(600_000));
    let stalled = tls.over(narrow(server.addr)).expect("TLS");
    let mut stalled = WebSocket::over(stalled, "/ws", &[]).expect("an upgrade");
    let mut healthy = connect(&tls, server.addr, "/ws");
    let fill = "x".repeat(PAYLOAD - 8);
    let mut start = 0;
    for number in 1..=FRAMES {
        server.device().publish(over_tls::TEXT, format_args!("{number:08}{fill}"));
        while healthy.read_frame(SOON).text()[..8] != *format!("{number:08}") {}
        if number == 50 {
            start = resident();
        }
    }
    let growth = resident().saturating_sub(start);
    assert!(growth < 8 << 20, "{growth} bytes for {} that were not read", FRAMES * PAYLOAD);
    let mut frames = 0;
    while stalled.read_frame(SOON).text()[..8] != *format!("{FRAMES:08}") {
        frames += 1;
    }
    assert!(frames <= 4, "{frames} old frames came first");
}

#[test]
fn a_client_that_takes_nothing_is_dropped() {
    let (server, tls) = start(Limits::LINUX.with_write_stall(300).with_clients(1));
    let stalled = tls.over(narrow(server.addr)).expect("TLS");
    let _stalled = WebSocket::over(stalled, "/ws", &[]).expect("an upgrade");
    let fill = "x".repeat(60_000);
    let is_free = || {
        server.device().publish(over_tls::TEXT, &fill);
        WebSocket::over(tls.connect(server.addr), "/ws", &[]).is_ok()
    };
    wait_until(SOON, is_free, || "its place is not free again");
}

#[test]
fn nor_does_it_stay_when_only_a_small_record_waits() {
    let limits = Limits::LINUX.with_write_stall(300).with_ping_every(600_000);
    let (server, tls) = start(limits);
    let stalled = tls.over(narrow(server.addr)).expect("TLS");
    let _stalled = WebSocket::over(stalled, "/ws", &[]).expect("an upgrade");
    // Connections are dealt to two shards in turn: the second one from here is a neighbour.
    let [_other, mut neighbour] = [(); 2].map(|()| connect(&tls, server.addr, "/echo"));
    let fill = "x".repeat(1_000);
    // Less than that fills all buffers, if each is sent, and then nothing is sent any more.
    for _ in 0..200 {
        server.device().publish(over_tls::TEXT, &fill);
        expect_echo(&mut neighbour, "the shard had a turn");
    }
    wait_until(SOON, || server.device().clients() <= 2, || "it still has its place");
}

#[test]
fn who_takes_a_little_each_time_is_kept_and_who_stops_is_dropped() {
    // Long, so that it is not the test that stops to read on a busy machine.
    const STALL: Duration = Duration::from_secs(3);
    let limits = Limits::LINUX.with_write_stall(3_000).with_ping_every(600_000);
    let (server, tls) = start(limits);
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).expect("a socket");
    socket.set_recv_buffer_size(4_096).expect("a small buffer");
    socket.connect(&server.addr.into()).expect("a connection");
    let stream = tls.over(socket.into()).expect("TLS");
    let slow = WebSocket::over(stream, "/ws", &[]).expect("an upgrade");
    let fill = "x".repeat(60_000);
    let begin = Instant::now();
    while begin.elapsed() < 3 * STALL {
        server.device().publish(over_tls::TEXT, &fill);
        slow.tcp().read_exact(&mut [0; 400]).expect("there is more");
        std::thread::sleep(Duration::from_millis(150));
        assert_eq!(server.device().clients(), 1, "after {:?}", begin.elapsed());
    }
    wait_until(SOON, || server.device().clients() == 0, || "it is still there");
}
