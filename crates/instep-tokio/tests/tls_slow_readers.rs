//! TLS with clients that read slowly, or stop reading, behaves as plain TCP does.

mod in_process;
mod over_tls;

use instep::Limits;
use over_tls::{LENGTHS, STEP, connect, expect_echo, start};
use socket2::{Domain, Protocol, Socket, Type};
use std::io::Read as _;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use test_support::{Http, SOON, WebSocket, resident_here, wait_until};

/// Returns a socket with the kernel's smallest receive buffer.
fn narrow(addr: SocketAddr) -> TcpStream {
    let socket =
        Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).expect("cannot create a socket");
    // Before connecting, because the handshake announces the window.
    socket.set_recv_buffer_size(1).expect("cannot set the buffer size");
    socket.connect(&addr.into()).expect("cannot connect");
    socket.into()
}

/// Encrypted bytes that the socket has not taken
/// yet are not lost at the end of the connection.
#[test]
fn answer_arrives_at_slow_tls_reader() {
    let (server, tls) = start(Limits::LINUX.with_linger_time(20));
    // At one of these lengths, only the end does not fit into the socket.
    let mut clients: Vec<_> = (1..=LENGTHS)
        .map(|n| {
            let mut client = Http::from(tls.over(narrow(server.addr)).expect("no TLS session"));
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

#[test]
fn stalled_tls_client_uses_no_memory_and_gets_latest() {
    const PAYLOAD: usize = 60_000;
    const FRAMES: usize = 1_000;
    let (server, tls) = start(Limits::LINUX.with_write_stall(600_000).with_ping_every(600_000));
    let stalled = tls.over(narrow(server.addr)).expect("no TLS session");
    let mut stalled = WebSocket::over(stalled, "/ws", &[]).expect("the upgrade was refused");
    let mut healthy = connect(&tls, server.addr, "/ws");
    let fill = "x".repeat(PAYLOAD - 8);
    let mut start = 0;
    for number in 1..=FRAMES {
        server.device().publish(over_tls::TEXT, format_args!("{number:08}{fill}"));
        while healthy.read_frame(SOON).text()[..8] != *format!("{number:08}") {}
        if number == 50 {
            start = resident_here();
        }
    }
    let growth = resident_here().saturating_sub(start);
    assert!(growth < 8 << 20, "{growth} bytes for {} that were not read", FRAMES * PAYLOAD);
    let mut frames = 0;
    while stalled.read_frame(SOON).text()[..8] != *format!("{FRAMES:08}") {
        frames += 1;
    }
    assert!(frames <= 4, "{frames} old frames came first");
}

#[test]
fn stalled_tls_client_is_dropped() {
    let (server, tls) = start(Limits::LINUX.with_write_stall(300).with_clients(1));
    let stalled = tls.over(narrow(server.addr)).expect("no TLS session");
    let _stalled = WebSocket::over(stalled, "/ws", &[]).expect("the upgrade was refused");
    let fill = "x".repeat(60_000);
    let is_free = || {
        server.device().publish(over_tls::TEXT, &fill);
        WebSocket::over(tls.connect(server.addr), "/ws", &[]).is_ok()
    };
    wait_until(SOON, is_free, || "its place is not free again");
}

#[test]
fn stalled_tls_client_with_small_record_is_dropped() {
    let limits = Limits::LINUX.with_write_stall(300).with_ping_every(600_000);
    let (server, tls) = start(limits);
    let stalled = tls.over(narrow(server.addr)).expect("no TLS session");
    let _stalled = WebSocket::over(stalled, "/ws", &[]).expect("the upgrade was refused");
    // Connections are assigned to two shards in turn, so the second one from here shares the shard.
    let [_other, mut neighbour] = [(); 2].map(|()| connect(&tls, server.addr, "/echo"));
    let fill = "x".repeat(1_000);
    // Fewer messages fill all buffers, if each is sent, and then nothing more is sent.
    for _ in 0..200 {
        server.device().publish(over_tls::TEXT, &fill);
        expect_echo(&mut neighbour, "the shard had a turn");
    }
    wait_until(SOON, || server.device().clients() <= 2, || "the stalled client still has its slot");
}

#[test]
fn slow_tls_reader_is_kept_and_stalled_one_is_dropped() {
    // It is long, so that a busy machine does not make the test itself stall.
    const STALL: Duration = Duration::from_secs(3);
    let limits = Limits::LINUX.with_write_stall(3_000).with_ping_every(600_000);
    let (server, tls) = start(limits);
    let socket =
        Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).expect("cannot create a socket");
    socket.set_recv_buffer_size(4_096).expect("cannot set the buffer size");
    socket.connect(&server.addr.into()).expect("cannot connect");
    let stream = tls.over(socket.into()).expect("no TLS session");
    let slow = WebSocket::over(stream, "/ws", &[]).expect("the upgrade was refused");
    let fill = "x".repeat(60_000);
    let begin = Instant::now();
    while begin.elapsed() < 3 * STALL {
        server.device().publish(over_tls::TEXT, &fill);
        slow.tcp().read_exact(&mut [0; 400]).expect("no more bytes");
        std::thread::sleep(Duration::from_millis(150));
        assert_eq!(server.device().clients(), 1, "after {:?}", begin.elapsed());
    }
    wait_until(SOON, || server.device().clients() == 0, || "the stalled client was not dropped");
}
