//! Compressed messages are counted as messages, and by their bytes on the wire.

mod compressed;
mod in_process;

use compressed::{APP, COMPRESSED, MASK, connect};
use in_process::{Running, runtime, serve};
use instep::{Limits, Message};
use instep_tokio::{Metrics, SocketLimits};
use std::io::Read as _;
use test_support::{Frame, SOON, WebSocket, opcode, wait_for};

/// Returns a block that stores the bytes uncompressed (RFC 7692 section 7.2.3.3).
fn stored(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("too long for a block");
    let mut block = vec![0];
    block.extend(length.to_le_bytes());
    block.extend((!length).to_le_bytes());
    block.extend(bytes);
    block.push(0);
    block
}

/// Reads the frame of a short compressed text, as received.
#[track_caller]
fn read_compressed(client: &WebSocket) -> Vec<u8> {
    let mut stream = client.tcp();
    let mut frame = vec![0; 2];
    stream.read_exact(&mut frame).expect("no frame header");
    assert!(frame[0] == 0xc1 && frame[1] < 126, "{frame:x?}");
    frame.resize(2 + usize::from(frame[1]), 0);
    stream.read_exact(&mut frame[2..]).expect("no payload");
    frame
}

/// Waits until the metrics are `wanted`, and returns them.
#[track_caller]
fn until(server: &Running, wanted: impl Fn(&Metrics) -> bool) -> Metrics {
    let (all, own) = (server.server(), runtime());
    let metrics = || own.block_on(all.metrics());
    wait_for(
        SOON,
        || Some(metrics()).filter(&wanted),
        || format!("the metrics do not reach the expected values: {:?}", metrics()),
    )
}

#[test]
fn compressed_messages_and_wire_bytes_are_counted() {
    let server = serve(&APP, Limits::LINUX, SocketLimits::default());
    let long = "lamp ".repeat(400);

    let mut echo = connect(&server, "/echo");
    let before = until(&server, |metrics| metrics.counts.clients == 1 && metrics.sent_bytes > 0);
    let sent = Frame::encode(true, COMPRESSED, opcode::TEXT, MASK, &stored(long.as_bytes()));
    echo.send_raw(&sent);
    let frame = read_compressed(&echo);
    let after = until(&server, |metrics| metrics.messages_received == 1);
    assert_eq!(after.received_bytes - before.received_bytes, sent.len() as u64);
    assert_eq!(after.sent_bytes - before.sent_bytes, frame.len() as u64);

    let mut inbox = server.inbox();
    let mut plain = WebSocket::connect(server.addr, "/ws");
    let mut follower = connect(&server, "/ws");
    // Each handshake is answered by one write, which was counted before it could be read.
    let before = until(&server, |metrics| metrics.counts.clients == 3);
    server.device().publish(compressed::TEXT, &*long);
    assert_eq!(plain.read_text(), long);
    let frame = read_compressed(&follower);
    let both = Frame::encode(true, 0, opcode::TEXT, None, long.as_bytes()).len() + frame.len();
    let after = until(&server, |metrics| {
        metrics.sent_bytes >= before.sent_bytes + both as u64
            && metrics.lag.is_some_and(|lag| lag.revisions() == 0)
    });
    assert_eq!(after.sent_bytes - before.sent_bytes, both as u64);
    assert_eq!((after.counts.publishes, after.lag.map(|lag| lag.clients())), (1, Some(2)));

    // Split into frames and then into bytes, it is one message for the application.
    let block = stored(b"toggle");
    follower.send_raw(&Frame::encode(false, COMPRESSED, opcode::TEXT, MASK, &block[..4]));
    follower.send_raw(&Frame::encode(true, 0, opcode::CONTINUATION, MASK, &block[4..]));
    runtime()
        .block_on(async { while !matches!(inbox.recv().await, Message::Text { text: "toggle", .. }) {} });
    assert_eq!(until(&server, |metrics| metrics.messages_received >= 2).messages_received, 2);
}

#[test]
fn client_closed_for_its_inflater_is_counted_by_1013() {
    let limits = Limits::LINUX.with_write_stall(100);
    let server = serve(&APP, limits, SocketLimits::default().with_inflaters(1));
    let mut client = connect(&server, "/echo");
    client.send_raw(&Frame::encode(false, COMPRESSED, opcode::BINARY, MASK, &stored(b"half")[..3]));
    client.expect_close(1013);
    let metrics = until(&server, |metrics| metrics.counts.clients == 0);
    let closed: Vec<_> = metrics.counts.closed().filter(|(_, count)| *count > 0).collect();
    assert_eq!(closed, [("1013", 1)]);
}
