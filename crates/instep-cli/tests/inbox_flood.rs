//! A client that floods the application delays no other client's messages.
//!
//! A log that is not read does not stop the server.

mod served;

use served::{get, serve};
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use test_support::{Frame, SOON, Server, WebSocket, opcode, target};

/// Toggles by other clients during a flood.
const TOGGLES: usize = 1_000;

/// Sends messages that match no command as fast as the server takes them.
///
/// It sends batches of a hundred, while `more` returns true.
fn flood(server: &Server, mut more: impl FnMut() -> bool) -> WebSocket {
    let client = WebSocket::connect(server.addr(), "/ws");
    client.tcp().set_write_timeout(Some(6 * SOON)).expect("cannot set the timeout");
    let frames = Frame::encode(true, 0, opcode::TEXT, Some([3, 1, 4, 1]), b"no command").repeat(100);
    while more() {
        client.tcp().write_all(&frames).expect("the server does not take the frames");
    }
    client
}

/// Sends the number of messages that suits the target.
///
/// Returns when the server has taken all.
fn flood_of_messages(server: &Server) {
    let mut batches = 0..target().flood / 100;
    let mut client = flood(server, || batches.next().is_some());
    // The server reads a message only after the one before it, so all were taken when the ping is answered.
    client.send_ping(b"end");
    let deadline = Instant::now() + 6 * SOON;
    loop {
        assert!(Instant::now() < deadline, "the messages are not taken");
        let frame = client.read_frame(6 * SOON);
        match frame.opcode {
            opcode::PONG => break,
            opcode::PING => client.frame(true, 0, opcode::PONG, Some([0; 4]), &frame.payload),
            _ => assert_eq!(frame.opcode, opcode::TEXT),
        }
    }
}

/// Ends the floods when it is dropped.
struct Over<'o>(&'o AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn commands_get_through_flood_of_other_clients() {
    let server = serve(&["--app", "led-plain"]);
    let mut client = WebSocket::connect(server.addr(), "/ws");
    assert_eq!(client.read_text(), "0");
    // The floods end when all toggles got through, or when the test fails.
    let over = AtomicBool::new(false);
    let mut slowest = Duration::ZERO;
    thread::scope(|scope| {
        let end = Over(&over);
        for _ in 0..2 {
            scope.spawn(|| flood(&server, || !over.load(Ordering::Relaxed)));
        }
        server.wait_for_line(|line| line.ends_with("Received: no command"), SOON);
        for toggles in 1..=TOGGLES {
            let before = Instant::now();
            client.send_text("toggle");
            assert_eq!(client.read_text(), if toggles % 2 == 1 { "1" } else { "0" });
            slowest = slowest.max(before.elapsed());
        }
        drop(end);
    });
    println!("{TOGGLES} toggles beside two floods, the slowest in {slowest:?}");
}

#[test]
fn empty_message_counts_and_later_messages_arrive() {
    let server = serve(&["--app", "led-plain"]);
    let mut client = WebSocket::connect(server.addr(), "/ws");
    assert_eq!(client.read_text(), "0");
    let frame = |opcode, payload: &[u8]| Frame::encode(true, 0, opcode, Some([1, 6, 1, 8]), payload);
    let mut bytes = [frame(opcode::TEXT, b""), frame(opcode::BINARY, b"")].concat().repeat(500);
    bytes.extend(frame(opcode::TEXT, b"toggle"));
    bytes.extend(frame(opcode::TEXT, b""));
    client.send_raw(&bytes);
    assert_eq!(client.read_text(), "1");
    client.send_text("");
    client.send_text("toggle");
    assert_eq!(client.read_text(), "0");
    client.send_text("the end");
    server.expect_line("[1] Received: the end");
    let empty = |end: &str| server.lines().iter().filter(|line| line.ends_with(end)).count();
    assert_eq!((empty("Received: "), empty("Received: 0 bytes")), (502, 500));
}

#[test]
fn unread_log_delays_no_client() {
    let mut server = serve(&["--app", "led-plain"]);
    server.pause_reading(true);
    let mut client = WebSocket::connect(server.addr(), "/ws");
    assert_eq!(client.read_text(), "0");
    flood_of_messages(&server);
    // Much more than the pipe and the ring hold, and the server goes on.
    client.send_text("toggle");
    let state = loop {
        let frame = client.read_frame(SOON);
        // On a busy machine the flood takes longer than the interval of pings.
        if frame.opcode != opcode::PING {
            break frame;
        }
    };
    assert_eq!(state.text(), "1");
    assert_eq!(get(server.addr(), "/").status, 200);
    assert!(server.lines().len() < 10_000, "the log was read: {} lines", server.lines().len());

    if !target().ends {
        return;
    }
    server.terminate();
    client.expect_close(1001);
    let status = server.wait_for_exit(SOON);
    assert_eq!(status.code(), Some(0));
}

#[test]
fn lost_log_lines_are_counted() {
    let server = serve(&["--app", "led-plain"]);
    server.pause_reading(true);
    flood_of_messages(&server);
    server.pause_reading(false);
    // The next line that fits has the number of lost lines. It takes a moment until there is room.
    let mut client = WebSocket::connect(server.addr(), "/ws");
    let end = "[2] Received: the end";
    let (deadline, mut others) = (Instant::now() + SOON, 1);
    while !server.lines().iter().any(|line| line == end) {
        assert!(Instant::now() < deadline, "the log does not go on");
        client.send_text("the end");
        others += 1;
        thread::sleep(Duration::from_millis(20));
    }
    let (lines, flooded) = (server.lines(), target().flood);
    let logged = lines.iter().filter(|line| line.as_str() == "[1] Received: no command").count();
    let lost: usize = lines
        .iter()
        .filter_map(|line| {
            line.strip_prefix('(')?.strip_suffix(" lines of the log were lost here)")?.parse::<usize>().ok()
        })
        .sum();
    assert!(
        lost > 0 && (flooded..=flooded + others).contains(&(logged + lost)),
        "{logged} logged, {lost} lost"
    );
}
