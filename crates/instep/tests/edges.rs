//! Limits in bytes, frames or messages: just below, at and above each.
//!
//! On the simulated link, with the limits of a device.

mod link;

use instep::{Limits, SendError};
use link::{LED, Simulation, frame, inbox, next_item, opened};

const LIMITS: Limits = Limits::DEVICE;

/// Returns the payloads of short server frames, which must be whole.
fn payloads(mut bytes: &[u8]) -> Vec<String> {
    let mut payloads = Vec::new();
    while let [_, length, rest @ ..] = bytes {
        let (payload, next) = match *length {
            126 => rest[2..].split_at(usize::from(u16::from_be_bytes([rest[0], rest[1]]))),
            length => rest.split_at(usize::from(length)),
        };
        payloads.push(String::from_utf8(payload.to_vec()).expect("not UTF-8"));
        bytes = next;
    }
    payloads
}

#[test]
fn frame_length_limit_is_exact() {
    let mut simulation = Simulation::new(LIMITS);
    let mut inbox = inbox(&simulation);
    let mut peer = simulation.open("/ws");
    let client = opened(&mut inbox).expect("no client opened");
    let (max, more) = ("m".repeat(LIMITS.frame), "x".repeat(LIMITS.frame + 1));
    let device = simulation.device;
    assert!(device.try_publish(LED, &max).is_ok() && device.try_emit(&max).is_ok());
    assert!(device.send(client, &max).is_ok());
    assert!(device.try_publish(LED, &more).is_err() && device.try_emit(&more).is_err());
    peer.turn(&mut simulation);
    assert!(matches!(device.send(client, &more), Err(SendError::TooLong(_))));
    peer.turn(&mut simulation);
    assert_eq!(payloads(&peer.take()), [&max[..]; 3]);
    // The value published before stays.
    assert_eq!(payloads(&simulation.open("/ws").received), [max]);
}

#[test]
fn event_ring_holds_its_limit() {
    for (events, missed) in [(LIMITS.events - 1, 0), (LIMITS.events, 0), (LIMITS.events + 1, 1)] {
        let mut simulation = Simulation::new(LIMITS);
        let mut peer = simulation.open("/ws");
        peer.window = 0;
        for number in 0..events {
            simulation.device.emit(number);
            peer.turn(&mut simulation);
        }
        peer.window = usize::MAX;
        peer.turn(&mut simulation);
        let expected: Vec<_> = (missed..events).map(|number| number.to_string()).collect();
        assert_eq!(payloads(&peer.take()), expected);
        assert_eq!(simulation.device.counts().events_missed, missed as u64);
    }
}

#[test]
fn reply_queue_holds_its_limit() {
    let mut simulation = Simulation::new(LIMITS.with_replies(3));
    let mut inbox = inbox(&simulation);
    let mut peer = simulation.open("/ws");
    let client = opened(&mut inbox).expect("no client opened");
    peer.turn(&mut simulation);
    for number in 0..3 {
        assert_eq!(simulation.device.send(client, number), Ok(()));
    }
    assert_eq!(simulation.device.send(client, 3), Err(SendError::Full));
    peer.turn(&mut simulation);
    assert_eq!(payloads(&peer.take()), ["0", "1", "2"]);
    assert_eq!(simulation.device.send(client, 4), Ok(()), "no room after a reply left");
}

#[test]
fn unread_pongs_stop_reading_and_arrive_later() {
    const PINGS: usize = 1_000;
    let mut simulation = Simulation::new(LIMITS);
    let mut peer = simulation.open("/ws");
    peer.window = 0;
    let ping = frame(0x89, &[b'p'; 100]);
    let mut taken = 0;
    while taken < PINGS && peer.send(&mut simulation, &ping).wants_read {
        taken += 1;
    }
    assert!(taken < 10, "{taken} pings were taken without being read");
    // The connection goes on where it stopped, and nothing is dropped.
    peer.window = usize::MAX;
    for _ in taken + 1..PINGS {
        peer.send(&mut simulation, &ping);
    }
    assert_eq!(peer.take(), [&[0x8a, 100][..], &[b'p'; 100]].concat().repeat(PINGS));
}

/// Returns the bytes for a peer that announces frames
/// of `lengths` and sends all of them but the last.
fn after_announcing(path: &str, lengths: &[usize]) -> Vec<u8> {
    let mut simulation = Simulation::new(LIMITS);
    let mut inbox = inbox(&simulation);
    let mut peer = simulation.open(path);
    for (number, length) in lengths.iter().enumerate() {
        let (first, last) = (number == 0, number + 1 == lengths.len());
        let whole = frame((u8::from(first) * 2) | (u8::from(last) << 7), &vec![7; *length]);
        peer.send(&mut simulation, if last { &whole[..whole.len() - length] } else { &whole });
        while next_item(&mut inbox).is_some() {}
    }
    peer.take()
}

#[test]
fn message_announced_too_long_is_closed_at_once() {
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
    assert_eq!(after_announcing("/echo", &[limit + 1]), b"", "an echo endpoint has no message limit");
}

/// Pointers of a chip have 32 bits, so a truncated
/// length would end the message too early, or never.
#[test]
fn frame_length_is_never_truncated() {
    for length in [1_u64 << 31, (1 << 32) + 5, 1 << 62] {
        let header = [&[0x82, 0xff][..], &length.to_be_bytes(), &[0; 4]].concat();
        // For an echo endpoint, the message goes on.
        let mut simulation = Simulation::new(LIMITS);
        let mut peer = simulation.open("/echo");
        peer.send(&mut simulation, &[&header[..], &[7; 100]].concat());
        assert_eq!(peer.take(), [&[0x02, 100][..], &[7; 100]].concat(), "{length}");
        // For the application, the message is too big, as the header alone shows.
        let mut peer = simulation.open("/ws");
        let turn = peer.send(&mut simulation, &header[..header.len() - 1]);
        assert!(turn.wants_read && !turn.shut_down, "{length}");
        assert_eq!(peer.take(), b"");
        assert!(peer.send(&mut simulation, &header[header.len() - 1..]).shut_down, "{length}");
        assert_eq!(peer.take(), b"\x88\x02\x03\xf1");
    }
    for length in [1_u64 << 63, u64::MAX] {
        let mut simulation = Simulation::new(LIMITS);
        let mut peer = simulation.open("/echo");
        let header = [&[0x82, 0xff][..], &length.to_be_bytes(), &[0; 4]].concat();
        assert!(peer.send(&mut simulation, &header).shut_down);
        assert_eq!(peer.take(), b"\x88\x02\x03\xea", "{length}");
    }
}
