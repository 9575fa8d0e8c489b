//! Compressed messages over real sockets: complete,
//! too long, too many at once, and published.

mod compressed;
mod in_process;

use compressed::{APP, COMPRESSED, MASK, OFFER, connect};
use flate2::{Compress, Decompress, FlushCompress, FlushDecompress};
use in_process::{Running, runtime, serve};
use instep::{Limits, Message};
use instep_tokio::SocketLimits;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use test_support::{Frame, SOON, WebSocket, opcode};

const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// Returns a message's payload, compressed with the largest window.
fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut compress = Compress::new(flate2::Compression::best(), false);
    let mut out = Vec::with_capacity(bytes.len() + 100);
    compress.compress_vec(bytes, &mut out, FlushCompress::Sync).expect("no room for the compressed bytes");
    assert!(out.ends_with(&TAIL));
    out.truncate(out.len() - TAIL.len());
    out
}

/// Decompresses with a window of 512 bytes.
fn inflated(bytes: &[u8], length: usize) -> Vec<u8> {
    let mut decompress = Decompress::new_with_window_bits(false, 9);
    let mut out = Vec::with_capacity(length + 100);
    let whole = [bytes, &TAIL].concat();
    decompress
        .decompress_vec(&whole, &mut out, FlushDecompress::Sync)
        .expect("not decompressible with a window of 2^9 bytes");
    out
}

/// Client that accepts compressed messages and returns each frame unprocessed.
struct Follower(BufReader<TcpStream>);

impl Follower {
    fn connect(server: &Running) -> Self {
        let mut stream = TcpStream::connect(server.addr).expect("cannot connect");
        let (name, value) = OFFER;
        let request = format!(
            "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{name}: {value}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).expect("cannot send the request");
        stream.set_read_timeout(Some(SOON)).expect("cannot set the timeout");
        let mut reader = BufReader::new(stream);
        let mut lines = reader.by_ref().lines().map(|line| line.expect("no line"));
        assert!(lines.next().is_some_and(|line| line.contains(" 101 ")));
        assert!(lines.any(|line| line.is_empty()), "the head has no end");
        Self(reader)
    }

    /// Returns the next frame, as its first byte and its payload.
    #[track_caller]
    fn read(&mut self) -> (u8, Vec<u8>) {
        let mut header = [0; 2];
        self.0.read_exact(&mut header).expect("no frame header");
        let length = match header[1] {
            126 => {
                let mut length = [0; 2];
                self.0.read_exact(&mut length).expect("no frame length");
                u16::from_be_bytes(length)
            }
            short => u16::from(short),
        };
        let mut payload = vec![0; usize::from(length)];
        self.0.read_exact(&mut payload).expect("no payload");
        (header[0], payload)
    }
}

/// Returns text that compresses, but not only by repeats within 512 bytes.
fn readings(count: u32) -> String {
    (0..count)
        .map(|n| {
            format!("{{\"label\":\"reading\",\"data\":{{\"number\":{n},\"value\":{}}}}}", n * 7919 % 1000)
        })
        .collect()
}

#[test]
fn published_message_is_compressed_for_willing_client() {
    let server = serve(&APP, Limits::LINUX, SocketLimits::default());
    let mut plain = WebSocket::connect(server.addr, "/ws");
    let mut takes = Follower::connect(&server);
    let long = readings(200);
    for text in [&long[..], "short", &long[..257]] {
        server.device().publish(compressed::TEXT, text);
        assert_eq!(plain.read_text(), text);
        let (first, payload) = takes.read();
        if text.len() < 256 {
            assert_eq!((first, &payload[..]), (0x81, text.as_bytes()));
        } else {
            assert_eq!(first, 0xc1);
            assert!(payload.len() < text.len() * 3 / 4, "{} of {}", payload.len(), text.len());
            assert_eq!(inflated(&payload, text.len()), text.as_bytes());
        }
    }
    // Later clients get the latest message, on whichever shard. It is compressed on the shard of the first
    // follower.
    server.device().publish(compressed::TEXT, &*long);
    let (_, payload) = takes.read();
    let (mut late, mut later) = (Follower::connect(&server), Follower::connect(&server));
    let firsts = [late.read(), later.read()];
    assert!(firsts.contains(&(0xc1, payload)));
    for (first, payload) in firsts {
        assert_eq!(if first == 0xc1 { inflated(&payload, long.len()) } else { payload }, long.as_bytes());
    }
}

#[test]
fn compressed_message_arrives_and_bomb_ends_at_limit() {
    let server = serve(&APP, Limits::LINUX, SocketLimits::default());
    let mut inbox = server.inbox();
    let mut client = connect(&server, "/ws");
    let text = readings(1_000);
    assert!((50_000..65_536).contains(&text.len()), "{}", text.len());
    client.send_raw(&Frame::encode(true, COMPRESSED, opcode::TEXT, MASK, &deflated(text.as_bytes())));
    let exact = "=".repeat(65_536);
    client.send_raw(&Frame::encode(true, COMPRESSED, opcode::TEXT, MASK, &deflated(exact.as_bytes())));
    let mut received = Vec::new();
    runtime().block_on(async {
        while received.len() < 2 {
            if let Message::Text { text, .. } = inbox.recv().await {
                received.push(text.to_owned());
            }
        }
    });
    assert!(received == [text, exact], "a message was changed");

    // About 16 KB that decompress to 16 MiB.
    let bomb = deflated(&vec![b'='; 16 << 20]);
    client.send_raw(&Frame::encode(true, COMPRESSED, opcode::TEXT, MASK, &bomb));
    client.expect_close(1009);
    let mut other = connect(&server, "/ws");
    other.send_raw(&Frame::encode(true, COMPRESSED, opcode::TEXT, MASK, &deflated(&[b'='; 65_537])));
    other.expect_close(1009);
    let mut broken = connect(&server, "/ws");
    broken.send_raw(&Frame::encode(true, COMPRESSED, opcode::TEXT, MASK, &[0xff; 20]));
    broken.expect_close(1007);
    // An echo has no limit, and returns as much as the client takes.
    let mut echo = connect(&server, "/echo");
    echo.send_raw(&Frame::encode(true, COMPRESSED, opcode::BINARY, MASK, &bomb));
    let (mut length, mut last) = (0, false);
    while !last {
        let frame = echo.read_frame(SOON);
        assert!(frame.payload.iter().all(|byte| *byte == b'='));
        (length, last) = (length + frame.payload.len(), frame.fin);
    }
    assert_eq!(length, 16 << 20);
}

#[test]
fn message_waits_for_inflater_returned_by_other() {
    let limits = Limits::LINUX.with_write_stall(4_000);
    let server = serve(&APP, limits, SocketLimits::default().with_inflaters(1));
    // Clients are assigned to two shards in turn, so every second one shares the first one's shard.
    let mut holder = connect(&server, "/echo");
    let _other = WebSocket::connect(server.addr, "/echo");
    let mut waiting = connect(&server, "/echo");
    let payload = deflated(b"hello, hello");
    for answers in [true, false] {
        holder.send_raw(&Frame::encode(false, COMPRESSED, opcode::TEXT, MASK, &payload[..5]));
        // A pong shows that it was taken.
        holder.send_ping(b"");
        while holder.read_frame(SOON).opcode != opcode::PONG {}
        waiting.send_raw(&Frame::encode(true, COMPRESSED, opcode::TEXT, MASK, &payload));
        waiting.expect_silence(100);
        if answers {
            holder.send_raw(&Frame::encode(true, 0, opcode::CONTINUATION, MASK, &payload[5..]));
            while !holder.read_frame(SOON).fin {}
        } else {
            holder.expect_close(1013);
        }
        assert_eq!(waiting.read_frame(SOON).text(), "hello, hello");
    }
}
