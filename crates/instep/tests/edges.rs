//! Limits that are a number of bytes, frames or messages: at the edge, on it and over it. On the simulated link, with
//! the limits of a device.

mod link;

use instep::{Limits, SendError};
use link::{LED, World, frame, heard, inbox, opened};

const LIMITS: Limits = Limits::DEVICE;

/// The payloads of short frames of the server, which have to be whole.
fn payloads(mut bytes: &[u8]) -> Vec<String> {
    let mut payloads = Vec::new();
    while let [_, length, rest @ ..] = bytes {
        let (payload, next) = match *length {
            126 => rest[2..].split_at(usize::from(u16::from_be_bytes([rest[0], rest[1]]))),
            length => rest.split_at(usize::from(length)),
        };
        payloads.push(String::from_utf8(payload.to_vec()).expect("text"));
        bytes = next;
    }
    payloads
}

#[test]
fn a_frame_may_be_as_long_as_the_limit_and_no_longer() {
    let mut world = World::new(LIMITS);
    let mut inbox = inbox(&world);
    let mut peer = world.open("/ws");
    let client = opened(&mut inbox).expect("a client");
    let (most, more) = ("m".repeat(LIMITS.frame), "x".repeat(LIMITS.frame + 1));
    let device = world.device;
    assert!(device.try_publish(LED, &most).is_ok() && device.try_emit(&most).is_ok());
    assert!(device.send(client, &most).is_ok());
    assert!(device.try_publish(LED, &more).is_err() && device.try_emit(&more).is_err());
    peer.turn(&mut world);
    assert!(matches!(device.send(client, &more), Err(SendError::TooLong(_))));
    peer.turn(&mut world);
    assert_eq!(payloads(&peer.take()), [&most[..]; 3]);
    // What was published before stays.
    assert_eq!(payloads(&world.open("/ws").received), [most]);
}

#[test]
fn as_many_events_are_kept_as_the_ring_holds() {
    for (events, missed) in [(LIMITS.events - 1, 0), (LIMITS.events, 0), (LIMITS.events + 1, 1)] {
        let mut world = World::new(LIMITS);
        let mut peer = world.open("/ws");
        peer.window = 0;
        for number in 0..events {
            world.device.emit(number);
            peer.turn(&mut world);
        }
        peer.window = usize::MAX;
        peer.turn(&mut world);
        let expected: Vec<_> = (missed..events).map(|number| number.to_string()).collect();
        assert_eq!(payloads(&peer.take()), expected);
        assert_eq!(world.device.counts().events_missed, missed as u64);
    }
}

#[test]
fn as_many_replies_wait_as_the_limit_says() {
    let mut world = World::new(LIMITS.with_replies(3));
    let mut inbox = inbox(&world);
    let mut peer = world.open("/ws");
    let client = opened(&mut inbox).expect("a client");
    peer.turn(&mut world);
    for number in 0..3 {
        assert_eq!(world.device.send(client, number), Ok(()));
    }
    assert_eq!(world.device.send(client, 3), Err(SendError::Full));
    peer.turn(&mut world);
    assert_eq!(payloads(&peer.take()), ["0", "1", "2"]);
    assert_eq!(world.device.send(client, 4), Ok(()), "there is room again");
}

#[test]
fn who_pings_without_reading_is_not_read_from_and_gets_every_pong_later() {
    const PINGS: usize = 1_000;
    let mut world = World::new(LIMITS);
    let mut peer = world.open("/ws");
    peer.window = 0;
    let ping = frame(0x89, &[b'p'; 100]);
    let mut taken = 0;
    while taken < PINGS && peer.send(&mut world, &ping).wants_read {
        taken += 1;
    }
    assert!(taken < 10, "{taken} pongs wait");
    // It goes on where it stopped: nothing is dropped.
    peer.window = usize::MAX;
    for _ in taken + 1..PINGS {
        peer.send(&mut world, &ping);
    }
    assert_eq!(peer.take(), [&[0x8a, 100][..], &[b'p'; 100]].concat().repeat(PINGS));
}

/// What a peer gets that announces frames of those lengths and sends all of them but the last.
fn after_announcing(path: &str, lengths: &[usize]) -> Vec<u8> {
    let mut world = World::new(LIMITS);
    let mut inbox = inbox(&world);
    let mut peer = world.open(path);
    for (number, length) in lengths.iter().enumerate() {
        let (first, last) = (number == 0, number + 1 == lengths.len());
        let whole = frame((u8::from(first) * 2) | (u8::from(last) << 7), &vec![7; *length]);
        peer.send(&mut world, if last { &whole[..whole.len() - length] } else { &whole });
        while heard(&mut inbox).is_some() {}
    }
    peer.take()
}

#[test]
fn a_message_that_is_announced_too_long_is_closed_at_once() {
    let (limit, closed) = (LIMITS.message, b"\x88\x02\x03\xf1");
    for (lengths, too_long) in [
        (vec![limit], false),
        (vec![limit + 1], true),
        (vec![limit - 3, 3], false),
        (vec![limit - 3, 4], true),
        (vec![0, 0, limit, 1], true),
        (vec![1, limit, 1], true),
    ] {
        let expected: &[u8] = if too_long { closed } else { b"" };
        assert_eq!(after_announcing("/ws", &lengths), expected, "{lengths:?}");
    }
    assert_eq!(after_announcing("/echo", &[limit + 1]), b"", "it has no such limit");
}

/// On a chip a pointer has 32 bits: a length that is cut to that would end the message too early, or never.
#[test]
fn the_length_of_a_frame_is_never_cut() {
    for length in [1_u64 << 31, (1 << 32) + 5, 1 << 62] {
        let header = [&[0x82, 0xff][..], &length.to_be_bytes(), &[0; 4]].concat();
        // To an endpoint that sends back what comes, it is a message that goes on.
        let mut world = World::new(LIMITS);
        let mut peer = world.open("/echo");
        peer.send(&mut world, &[&header[..], &[7; 100]].concat());
        assert_eq!(peer.take(), [&[0x02, 100][..], &[7; 100]].concat(), "{length}");
        // To the application it is a message that is too big, and the header alone says so.
        let mut peer = world.open("/ws");
        let turn = peer.send(&mut world, &header[..header.len() - 1]);
        assert!(turn.wants_read && !turn.shut_down, "{length}");
        assert_eq!(peer.take(), b"");
        assert!(peer.send(&mut world, &header[header.len() - 1..]).shut_down, "{length}");
        assert_eq!(peer.take(), b"\x88\x02\x03\xf1");
    }
    for length in [1_u64 << 63, u64::MAX] {
        let mut world = World::new(LIMITS);
        let mut peer = world.open("/echo");
        let header = [&[0x82, 0xff][..], &length.to_be_bytes(), &[0; 4]].concat();
        assert!(peer.send(&mut world, &header).shut_down);
        assert_eq!(peer.take(), b"\x88\x02\x03\xea", "{length}");
    }
}
