//! Delivery to clients: contents and order, on a simulated link.

mod link;

use instep::{Limits, SendError};
use link::{LED, Simulation, frame, inbox, next_item, opened};

#[test]
fn new_and_slow_clients_get_only_latest_value() {
    let mut simulation = Simulation::new(Limits::DEVICE);
    simulation.device.publish(LED, "old");
    simulation.device.publish(LED, "new");
    let mut fast = simulation.open("/ws");
    let mut slow = simulation.open("/ws");
    assert_eq!(fast.take(), b"\x81\x03new");
    assert_eq!(slow.take(), b"\x81\x03new");
    slow.window = 2;
    for value in ["one", "two", "six"] {
        simulation.device.publish(LED, value);
        fast.turn(&mut simulation);
        slow.turn(&mut simulation);
    }
    assert_eq!(fast.take(), b"\x81\x03one\x81\x03two\x81\x03six");
    assert!(slow.last.unwrap().wants_write);
    slow.window = usize::MAX;
    slow.turn(&mut simulation);
    assert_eq!(slow.take(), b"\x81\x03one\x81\x03six", "not the frame in progress, then the latest value");
}

#[test]
fn events_reach_all_clients_and_reply_follows_publish() {
    let mut simulation = Simulation::new(Limits::DEVICE.with_replies(1));
    let mut inbox = inbox(&simulation);
    simulation.device.emit("before anybody came");
    let mut one = simulation.open("/ws");
    let mut two = simulation.open("/ws");
    let (first, _) = (opened(&mut inbox).unwrap(), opened(&mut inbox).unwrap());
    simulation.device.publish(LED, "1");
    simulation.device.emit("ding");
    simulation.device.send(first, "done").unwrap();
    simulation.device.publish(LED, "0");
    one.client.expect_reply();
    one.turn(&mut simulation);
    two.turn(&mut simulation);
    // The LED's first value was superseded before a client got it.
    assert_eq!(one.take(), b"\x81\x04ding\x81\x04done\x81\x010");
    assert_eq!(two.take(), b"\x81\x04ding\x81\x010");
    assert!(simulation.device.send(first, "x".repeat(257)).is_err());
    simulation.device.send(first, "a").unwrap();
    assert_eq!(simulation.device.send(first, "b"), Err(SendError::Full));
    one.end(&mut simulation);
    assert_eq!(simulation.device.send(first, "c"), Err(SendError::Gone));
}

#[test]
fn inbox_takes_one_message_per_client_in_turn() {
    let limits = Limits::DEVICE.with_inbox(2);
    let mut simulation = Simulation::new(limits);
    let mut inbox = inbox(&simulation);
    let mut flood = simulation.open("/ws");
    let mut calm = simulation.open("/ws");
    let turn = flood.send(&mut simulation, &frame(0x81, b"f").repeat(5));
    assert!(!turn.wants_read, "a second message was taken");
    calm.send(&mut simulation, &frame(0x81, b"c"));
    let mut order = Vec::new();
    for _ in 0..20 {
        while let Some(message) = next_item(&mut inbox) {
            order.push(message);
            flood.turn(&mut simulation);
            calm.turn(&mut simulation);
        }
    }
    assert_eq!(order[..4], ["1 open", "2 open", "1 f", "2 c"]);
    assert_eq!(order[4..], ["1 f", "1 f", "1 f", "1 f"]);
    assert!(flood.last.unwrap().wants_read);
    flood.send(&mut simulation, &frame(0x88, b""));
    assert_eq!(next_item(&mut inbox).as_deref(), Some("1 close"));
}

#[test]
fn empty_message_that_waited_blocks_nothing() {
    let mut simulation = Simulation::new(Limits::DEVICE);
    let mut inbox = inbox(&simulation);
    let mut peer = simulation.open("/ws");
    peer.send(
        &mut simulation,
        &[frame(0x81, b"a"), frame(0x82, b""), frame(0x81, b""), frame(0x81, b"b")].concat(),
    );
    let mut order = Vec::new();
    while let Some(message) = next_item(&mut inbox) {
        order.push(message);
        peer.turn(&mut simulation);
    }
    assert_eq!(order, ["1 open", "1 a", "1 0 bytes", "1 ", "1 b"]);
    assert!(peer.last.unwrap().wants_read);
}

#[test]
fn client_waiting_for_inbox_slot_gets_it_after_others() {
    let limits = Limits::DEVICE.with_inbox(1);
    let mut simulation = Simulation::new(limits);
    let mut inbox = inbox(&simulation);
    let mut peers: Vec<_> = (0..4).map(|_| simulation.open("/ws")).collect();
    while next_item(&mut inbox).is_some() {}
    for peer in &mut peers {
        peer.send(&mut simulation, &frame(0x82, b"hello"));
    }
    assert!(!peers[1].last.unwrap().wants_read);
    // The next in line leaves without a closing handshake.
    let mut leaver = peers.remove(1);
    let now = simulation.now;
    simulation.now = now + 1;
    leaver.client.abandon(&mut simulation.context());
    let mut messages = Vec::new();
    for _ in 0..10 {
        if let Some(message) = next_item(&mut inbox) {
            messages.push(message);
        }
        for slot in simulation.follow() {
            if let Some(peer) = peers.iter_mut().find(|peer| peer.client.slot() == Some(slot)) {
                peer.turn(&mut simulation);
            }
        }
    }
    assert_eq!(messages, ["1 5 bytes", "2 close", "3 5 bytes", "4 5 bytes"]);
}

#[test]
fn client_slots_are_limited_and_freed_while_pages_load() {
    let limits = Limits::DEVICE.with_clients(2);
    let mut simulation = Simulation::new(limits);
    let mut inbox = inbox(&simulation);
    let mut one = simulation.open("/ws");
    let _two = simulation.open("/echo");
    let mut three = simulation.client();
    let turn = three.send(&mut simulation, link::upgrade("/ws").as_bytes());
    let answer = String::from_utf8(three.take()).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("Retry-After: "), "{answer}");
    assert!(turn.shut_down);
    let mut page = simulation.client();
    page.send(&mut simulation, b"GET / HTTP/1.1\r\nHost: lamp\r\n\r\n");
    assert!(page.take().starts_with(b"HTTP/1.1 200 "));
    one.end(&mut simulation);
    assert_eq!(simulation.device.clients(), 1);
    assert_eq!(
        (next_item(&mut inbox).as_deref(), next_item(&mut inbox).as_deref()),
        (Some("1 open"), Some("1 close"))
    );
    simulation.open("/ws");
    assert_eq!(next_item(&mut inbox).as_deref(), Some("3 open"), "a client number was reused");
}

#[test]
fn connection_over_limit_is_answered_and_closed() {
    let mut simulation = Simulation::new(Limits::DEVICE);
    let mut peer = simulation.client_of(link::connection().over_capacity(true));
    assert!(!peer.turn(&mut simulation).closed, "closed before its request");
    let turn = peer.send(&mut simulation, link::upgrade("/ws").as_bytes());
    assert!(peer.take().starts_with(b"HTTP/1.1 503 "));
    assert!(turn.shut_down);
    assert_eq!(simulation.device.clients(), 0);
}

#[test]
fn echo_endpoint_is_apart_from_inbox_and_feed() {
    let mut simulation = Simulation::new(Limits::DEVICE);
    let mut inbox = inbox(&simulation);
    simulation.device.publish(LED, "1");
    let mut peer = simulation.open("/echo");
    let long = [b'x'; 2000];
    peer.send(&mut simulation, &frame(0x82, &long));
    while peer.turn(&mut simulation).used > 0 {}
    let received = peer.take();
    let (mut payload, mut rest) = (Vec::new(), &received[..]);
    while let [_, second, ..] = rest {
        let (length, header) = if *second == 126 {
            (usize::from(u16::from_be_bytes([rest[2], rest[3]])), 4)
        } else {
            (usize::from(*second), 2)
        };
        payload.extend_from_slice(&rest[header..header + length]);
        rest = &rest[header + length..];
    }
    assert_eq!(payload, long, "the message did not come back whole");
    assert_eq!(next_item(&mut inbox), None);
}

#[test]
fn sixteen_messages_of_one_read_leave_in_one_write() {
    let mut simulation = Simulation::new(Limits::DEVICE.with_frame(1024).with_outbox(1100));
    let mut peer = simulation.open("/echo");
    let mut bytes = frame(0x81, b"sixteen bytes ok").repeat(16);
    let mut writes = Vec::new();
    let now = instep::Instant::from_millis(1);
    peer.client.turn(now, &mut bytes, &mut simulation.context(), &mut |bytes| {
        writes.push(bytes.to_vec());
        bytes.len()
    });
    assert_eq!(writes, [b"\x81\x10sixteen bytes ok".repeat(16)]);
}

#[test]
fn message_allowance_per_turn_holds_without_loss() {
    let mut simulation = Simulation::new(Limits::DEVICE);
    let mut peer = simulation.open("/echo");
    let sent: Vec<u8> = (b'a'..=b'h').flat_map(|byte| frame(0x81, &[byte])).collect();
    peer.allowance = 8;
    let turn = peer.send(&mut simulation, &sent);
    assert_eq!((turn.messages, peer.take().len()), (8, 24), "more than the allowance in one turn");
    peer.allowance = 3;
    let turn = peer.send(&mut simulation, &sent);
    assert_eq!((turn.messages, turn.wants_read), (3, false), "the rest was not taken in the next turn");
    assert_eq!(peer.take(), b"\x81\x01a\x81\x01b\x81\x01c");
    peer.allowance = 0;
    assert_eq!(peer.turn(&mut simulation).messages, 0);
    peer.allowance = 5;
    assert_eq!(peer.turn(&mut simulation).messages, 5);
    assert_eq!(peer.take(), b"\x81\x01d\x81\x01e\x81\x01f\x81\x01g\x81\x01h");
}
