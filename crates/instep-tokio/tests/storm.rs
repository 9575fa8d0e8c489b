//! Clients that reconnect all at once, disconnect in the middle of a frame, or send
//! more than the application takes.

mod in_process;

use in_process::{runtime, serve};
use instep::{App, Inbox, Limits, Message};
use instep_tokio::SocketLimits;
use socket2::SockRef;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;
use test_support::{Frame, Random, SOON, WebSocket, http, opcode, wait_for, wait_until};

instep::topics! { const TOPICS = [STATE]; }
static APP: App = App::new("storm", "for tests").endpoint("/ws").topics(TOPICS);
const MASK: Option<[u8; 4]> = Some([1, 2, 3, 4]);

/// Takes every message, because a client's slot is freed
/// only when the application has received its end.
fn take_all(mut inbox: Inbox<'static>) {
    thread::spawn(move || {
        runtime().block_on(async {
            loop {
                inbox.recv().await;
            }
        });
    });
}

/// Ends a connection by a reset, as after a loss of power.
fn kill(tcp: &TcpStream) {
    SockRef::from(tcp).set_linger(Some(Duration::ZERO)).expect("cannot set SO_LINGER");
}

#[test]
fn all_clients_reconnect_at_once() {
    const CLIENTS: usize = 200;
    const THREADS: usize = 8;
    let limits = Limits::LINUX.with_clients(CLIENTS);
    let server = serve(&APP, limits, SocketLimits::default());
    take_all(server.inbox());
    let device = server.device();
    // A client without a free slot tries again, as after any 503, but sooner than `Retry-After`.
    let come = |addr| {
        let attempt = || match WebSocket::try_connect(addr, "/ws", &[]) {
            Ok(client) => Some(client),
            Err(response) => {
                assert_eq!(response.status, 503);
                assert!(response.header("retry-after").is_some());
                None
            }
        };
        wait_for(SOON, attempt, || "no slot for a returning client")
    };
    let mut clients: Vec<WebSocket> = Vec::new();
    for round in 0..5 {
        device.publish(STATE, round);
        clients.iter().for_each(|client| kill(client.tcp()));
        clients.clear();
        thread::scope(|scope| {
            let threads = [(); THREADS].map(|()| {
                scope.spawn(|| (0..CLIENTS / THREADS).map(|_| come(server.addr)).collect::<Vec<_>>())
            });
            clients
                .extend(threads.into_iter().flat_map(|thread| thread.join().expect("the thread panicked")));
        });
        for client in &mut clients {
            assert_eq!(client.read_text(), round.to_string(), "not the state first");
        }
        let full = WebSocket::try_connect(server.addr, "/ws", &[])
            .expect_err("a client over the limit was accepted");
        assert_eq!(full.status, 503);
    }
    device.emit("all are there");
    for client in &mut clients {
        assert_eq!(client.read_text(), "all are there");
    }
}

/// Connects, sends a random part of its bytes,
/// reads a part of the answer, and disconnects.
fn die_somewhere(addr: SocketAddr, random: &mut Random) {
    let mut all = b"GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        .to_vec();
    let head = all.len();
    for (code, length) in
        [(opcode::TEXT, 5), (opcode::PING, 100), (opcode::BINARY, 3000), (opcode::TEXT, 300)]
    {
        all.extend(Frame::encode(true, 0, code, MASK, &vec![b'x'; length]));
    }
    // Half of the clients send the head and at most a few bytes more.
    let end = if random.below(2) == 0 { head + 20 } else { all.len() };
    let mut tcp = TcpStream::connect(addr).expect("cannot connect");
    tcp.write_all(&all[..random.below(end)]).expect("cannot send");
    if random.below(2) == 0 {
        tcp.set_read_timeout(Some(Duration::from_millis(1))).expect("cannot set the timeout");
        let _ = tcp.read(&mut [0; 2000][..1 + random.below(1999)]);
    }
    if random.below(2) == 0 {
        kill(&tcp);
    }
}

#[test]
fn clients_dying_within_frames_disturb_no_other() {
    const WITNESSES: usize = 4;
    const DYING: usize = 300;
    let server = serve(&APP, Limits::LINUX, SocketLimits::default());
    take_all(server.inbox());
    let device = server.device();
    let mut witnesses = [(); WITNESSES].map(|()| WebSocket::connect(server.addr, "/ws"));
    let seen = [const { AtomicUsize::new(0) }; WITNESSES];
    let alive = AtomicUsize::new(2);
    let fill = "x".repeat(1000);
    thread::scope(|scope| {
        for seed in 0..2 {
            let (alive, addr) = (&alive, server.addr);
            scope.spawn(move || {
                let mut random = Random::new(0x9e37_79b9_7f4a_7c15 + seed);
                (0..DYING).for_each(|_| die_somewhere(addr, &mut random));
                alive.fetch_sub(1, Ordering::Release);
            });
        }
        for (client, seen) in witnesses.iter_mut().zip(&seen) {
            scope.spawn(move || {
                for number in 1.. {
                    let text = client.read_text();
                    if text == "end" {
                        break;
                    }
                    assert!(text.starts_with(&format!("{number} ")), "{number}: {}", &text[..10]);
                    seen.store(number, Ordering::Release);
                }
            });
        }
        let mut number = 0;
        while alive.load(Ordering::Acquire) > 0 {
            for _ in 0..16 {
                number += 1;
                device.emit(format_args!("{number} {fill}"));
            }
            wait_until(
                SOON,
                || seen.iter().all(|seen| seen.load(Ordering::Acquire) + 32 >= number),
                || format!("a witness is stuck: {seen:?} of {number}"),
            );
        }
        device.emit("end");
        println!("{number} updates beside {} deaths", 2 * DYING);
    });
    wait_until(
        SOON,
        || device.clients() <= WITNESSES,
        || format!("{} clients are still there", device.clients()),
    );
    for client in &mut witnesses {
        client.send_ping(b"well");
        assert_eq!(client.read_frame(SOON).payload, b"well");
    }
    assert_eq!(http(server.addr, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 200);
}

#[test]
fn fast_client_is_slowed_down_without_loss() {
    let server = serve(&APP, Limits::LINUX, SocketLimits::default());
    let mut inbox = server.inbox();
    let client = WebSocket::connect(server.addr, "/ws");
    let mut tcp = client.tcp();
    // Keeps the kernel's buffer small.
    SockRef::from(tcp).set_send_buffer_size(65_536).expect("cannot set the buffer size");
    tcp.set_write_timeout(Some(Duration::from_millis(300))).expect("cannot set the timeout");
    let message =
        |number: usize| Frame::encode(true, 0, opcode::TEXT, MASK, format!("{number:01000}").as_bytes());
    let (mut sent, mut rest) = (0, Vec::new());
    // The kernel's buffers take some megabytes at most; the server takes one message.
    let blocked = (0..64 * 1024).find(|number| {
        let bytes = message(*number);
        sent = *number + 1;
        let mut index = 0;
        while index < bytes.len() {
            match tcp.write(&bytes[index..]) {
                Ok(length) => index += length,
                Err(error) => {
                    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
                    rest = bytes[index..].to_vec();
                    return true;
                }
            }
        }
        false
    });
    assert!(blocked.is_some(), "64 MiB were accepted, although the application took no message");
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut tcp = client.tcp();
            tcp.set_write_timeout(Some(SOON)).expect("cannot set the timeout");
            tcp.write_all(&rest).expect("cannot send after the application went on");
        });
        runtime().block_on(async {
            let mut expected = 0;
            while expected < sent {
                if let Message::Text { text, .. } = inbox.recv().await {
                    assert_eq!(text.parse(), Ok(expected));
                    expected += 1;
                }
            }
        });
    });
    println!("blocked after {sent} messages of 1 KiB; the application got all of them");
}
