//! Delivery to clients: contents and order, on a simulated link.

mod link;

use instep::{Limits, SendError};
use link::{LED, World, frame, inbox, next_item, opened};

#[test]
fn new_and_slow_clients_get_only_latest_value() {
    let mut world = World::new(Limits::DEVICE);
    world.device.publish(LED, "old");
    world.device.publish(LED, "new");
    let mut fast = world.open("/ws");
    let mut slow = world.open("/ws");
    assert_eq!(fast.take(), b"\x81\x03new");
    assert_eq!(slow.take(), b"\x81\x03new");
    slow.window = 2;
    for value in ["one", "two", "six"] {
        world.device.publish(LED, value);
        fast.turn(&mut world);
        slow.turn(&mut world);
    }
    assert_eq!(fast.take(), b"\x81\x03one\x81\x03two\x81\x03six");
    assert!(slow.last.unwrap().wants_write);
    slow.window = usize::MAX;
    slow.turn(&mut world);
    assert_eq!(slow.take(), b"\x81\x03one\x81\x03six", "not the frame in progress, then the latest value");
}

#[test]
fn events_reach_all_clients_and_reply_follows_publish() {
    let mut world = World::new(Limits::DEVICE.with_replies(1));
    let mut inbox = inbox(&world);
    world.device.emit("before anybody came");
    let mut one = world.open("/ws");
    let mut two = world.open("/ws");
    let (first, _) = (opened(&mut inbox).unwrap(), opened(&mut inbox).unwrap());
    world.device.publish(LED, "1");
    world.device.emit("ding");
    world.device.send(first, "done").unwrap();
    world.device.publish(LED, "0");
    one.client.expect_reply();
    one.turn(&mut world);
    two.turn(&mut world);
    // The LED's first value was superseded before a client got it.
    assert_eq!(one.take(), b"\x81\x04ding\x81\x04done\x81\x010");
    assert_eq!(two.take(), b"\x81\x04ding\x81\x010");
    assert!(world.device.send(first, "x".repeat(257)).is_err());
    world.device.send(first, "a").unwrap();
    assert_eq!(world.device.send(first, "b"), Err(SendError::Full));
    one.end(&mut world);
    assert_eq!(world.device.send(first, "c"), Err(SendError::Gone));
}

#[test]
fn inbox_takes_one_message_per_client_in_turn() {
    let limits = Limits::DEVICE.with_inbox(2);
    let mut world = World::new(limits);
    let mut inbox = inbox(&world);
    let mut flood = world.open("/ws");
    let mut calm = world.open("/ws");
    let turn = flood.send(&mut world, &frame(0x81, b"f").repeat(5));
    assert!(!turn.wants_read, "a second message was taken");
    calm.send(&mut world, &frame(0x81, b"c"));
    let mut order = Vec::new();
    for _ in 0..20 {
        while let Some(message) = next_item(&mut inbox) {
            order.push(message);
            flood.turn(&mut world);
            calm.turn(&mut world);
        }
    }
    assert_eq!(order[..4], ["1 open", "2 open", "1 f", "2 c"]);
    assert_eq!(order[4..], ["1 f", "1 f", "1 f", "1 f"]);
    assert!(flood.last.unwrap().wants_read);
    flood.send(&mut world, &frame(0x88, b""));
    assert_eq!(next_item(&mut inbox).as_deref(), Some("1 close"));
}

#[test]
fn empty_message_that_waited_blocks_nothing() {
    let mut world = World::new(Limits::DEVICE);
    let mut inbox = inbox(&world);
    let mut peer = world.open("/ws");
    peer.send(
        &mut world,
        &[frame(0x81, b"a"), frame(0x82, b""), frame(0x81, b""), frame(0x81, b"b")].concat(),
    );
    let mut order = Vec::new();
    while let Some(message) = next_item(&mut inbox) {
        order.push(message);
        peer.turn(&mut world);
    }
    assert_eq!(order, ["1 open", "1 a", "1 0 bytes", "1 ", "1 b"]);
    assert!(peer.last.unwrap().wants_read);
}

#[test]
fn client_waiting_for_inbox_slot_gets_it_after_others() {
    let limits = Limits::DEVICE.with_inbox(1);
    let mut world = World::new(limits);
    let mut inbox = inbox(&world);
    let mut peers: Vec<_> = (0..4).map(|_| world.open("/ws")).collect();
    while next_item(&mut inbox).is_some() {}
    for peer in &mut peers {
        peer.send(&mut world, &frame(0x82, b"hello"));
    }
    assert!(!peers[1].last.unwrap().wants_read);
    // The next in line leaves without a closing handshake.
    let mut leaver = peers.remove(1);
    let now = world.now;
    world.now = now + 1;
    leaver.client.abandon(&mut world.surroundings());
    let mut messages = Vec::new();
    for _ in 0..10 {
        if let Some(message) = next_item(&mut inbox) {
            messages.push(message);
        }
        for slot in world.follow() {
            if let Some(peer) = peers.iter_mut().find(|peer| peer.client.slot() == Some(slot)) {
                peer.turn(&mut world);
            }
        }
    }
    assert_eq!(messages, ["1 5 bytes", "2 close", "3 5 bytes", "4 5 bytes"]);
}

#[test]
fn client_slots_are_limited_and_freed_while_pages_load() {
    let limits = Limits::DEVICE.with_clients(2);
    let mut world = World::new(limits);
    let mut inbox = inbox(&world);
    let mut one = world.open("/ws");
    let _two = world.open("/echo");
    let mut three = world.client();
    let turn = three.send(&mut world, link::upgrade("/ws").as_bytes());
    let answer = String::from_utf8(three.take()).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("Retry-After: "), "{answer}");
    assert!(turn.shut_down);
    let mut page = world.client();
    page.send(&mut world, b"GET / HTTP/1.1\r\nHost: lamp\r\n\r\n");
    assert!(page.take().starts_with(b"HTTP/1.1 200 "));
    one.end(&mut world);
    assert_eq!(world.device.clients(), 1);
    assert_eq!(
        (next_item(&mut inbox).as_deref(), next_item(&mut inbox).as_deref()),
        (Some("1 open"), Some("1 close"))
    );
    world.open("/ws");
    assert_eq!(next_item(&mut inbox).as_deref(), Some("3 open"), "a client number was reused");
}

#[test]
fn connection_over_limit_is_answered_and_closed() {
    let mut world = World::new(Limits::DEVICE);
    let mut peer = world.client_of(link::connection().over_capacity(true));
    assert!(!peer.turn(&mut world).closed, "closed before its request");
    let turn = peer.send(&mut world, link::upgrade("/ws").as_bytes());
    assert!(peer.take().starts_with(b"HTTP/1.1 503 "));
    assert!(turn.shut_down);
    assert_eq!(world.device.clients(), 0);
}

#[test]
fn echo_endpoint_is_apart_from_inbox_and_feed() {
    let mut world = World::new(Limits::DEVICE);
    let mut inbox = inbox(&world);
    world.device.publish(LED, "1");
    let mut peer = world.open("/echo");
    let long = [b'x'; 2000];
    peer.send(&mut world, &frame(0x82, &long));
    while peer.turn(&mut world).used > 0 {}
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
    let mut world = World::new(Limits::DEVICE.with_frame(1024).with_outbox(1100));
    let mut peer = world.open("/echo");
    let mut bytes = frame(0x81, b"sixteen bytes ok").repeat(16);
    let mut writes = Vec::new();
    let now = instep::Instant::from_millis(1);
    peer.client.turn(now, &mut bytes, &mut world.surroundings(), &mut |bytes| {
        writes.push(bytes.to_vec());
        bytes.len()
    });
    assert_eq!(writes, [b"\x81\x10sixteen bytes ok".repeat(16)]);
}

#[test]
fn message_allowance_per_turn_holds_without_loss() {
    let mut world = World::new(Limits::DEVICE);
    let mut peer = world.open("/echo");
    let sent: Vec<u8> = (b'a'..=b'h').flat_map(|byte| frame(0x81, &[byte])).collect();
    peer.allowance = 8;
    let turn = peer.send(&mut world, &sent);
    assert_eq!((turn.messages, peer.take().len()), (8, 24), "more than the allowance in one turn");
    peer.allowance = 3;
    let turn = peer.send(&mut world, &sent);
    assert_eq!((turn.messages, turn.wants_read), (3, false), "the rest was not taken in the next turn");
    assert_eq!(peer.take(), b"\x81\x01a\x81\x01b\x81\x01c");
    peer.allowance = 0;
    assert_eq!(peer.turn(&mut world).messages, 0);
    peer.allowance = 5;
    assert_eq!(peer.turn(&mut world).messages, 5);
    assert_eq!(peer.take(), b"\x81\x01d\x81\x01e\x81\x01f\x81\x01g\x81\x01h");
}
