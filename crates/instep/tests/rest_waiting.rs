//! A request to a Thing waits for the application: order, time limit, and clients
//! that leave meanwhile. On the simulated link.

mod guarded;
mod link;
mod thing_request;
mod workshop;

use guarded::{exchange_with, get, request};
use instep::Limits;
use link::{Peer, REQUESTS, World, frame, inbox};
use thing_request::{JSON, request_text};
use workshop::{APP, Bench, asked, world};

/// Sends a request that waits, and returns its peer.
fn begin(world: &mut World, body: &str) -> Peer {
    let mut peer = world.client();
    peer.send(world, request_text("PUT", "/properties/level", JSON, body).as_bytes());
    assert!(peer.received.is_empty(), "{}", String::from_utf8_lossy(&peer.received));
    peer
}

#[test]
fn read_after_write_sees_value_published_before_answer() {
    let mut world = world();
    let mut inbox = inbox(&world);
    let mut peer = begin(&mut world, "7");
    assert_eq!(asked(&world, &mut inbox).as_deref(), Some("Level(7.0)"));
    peer.turn(&mut world);
    assert!(peer.received.is_empty(), "answered before it was done");
    Bench::new(world.device).level(7.0);
    asked(&world, &mut inbox);
    assert_eq!(exchange_with(&mut world, &mut peer, "").status, 204);
    assert_eq!(get(&mut world, "/properties/level", "").body, "7.0");
}

#[test]
fn requests_beyond_slots_get_503_with_retry_after() {
    let mut world = world();
    let mut inbox = inbox(&world);
    let mut waiting: Vec<_> = (0..REQUESTS).map(|number| begin(&mut world, &number.to_string())).collect();
    let full = request(&mut world, "PUT", "/properties/level", JSON, "9");
    assert_eq!((full.status, full.header("Retry-After")), (503, Some("5")));
    assert!(full.body.starts_with(r#"{"code":"busy""#), "{}", full.body);
    for (number, peer) in waiting.iter_mut().enumerate() {
        assert_eq!(asked(&world, &mut inbox), Some(format!("Level({number}.0)")));
        let _ = peer;
    }
    asked(&world, &mut inbox);
    for peer in &mut waiting {
        assert_eq!(exchange_with(&mut world, peer, "").status, 204);
    }

    // The inbox is full of messages.
    let mut world = World::with_app(&APP, Limits::DEVICE.with_inbox(1));
    let mut inbox = link::inbox(&world);
    let mut client = workshop::open(&mut world);
    client.send(&mut world, &frame(0x81, br#"{"label":"blink"}"#));
    assert_eq!(request(&mut world, "POST", "/actions/blink", "", "").status, 503);
    assert_eq!(asked(&world, &mut inbox).as_deref(), Some("Blink"));
    let mut peer = begin(&mut world, "1");
    client.send(&mut world, &frame(0x81, br#"{"label":"blink"}"#));
    assert_eq!(asked(&world, &mut inbox).as_deref(), Some("Level(1.0)"));
    assert_eq!(asked(&world, &mut inbox), None, "a command came before the client's turn");
    for slot in world.follow() {
        assert_eq!(
            [peer.client.slot(), client.client.slot()]
                .into_iter()
                .flatten()
                .filter(|own| *own == slot)
                .count(),
            1
        );
    }
    client.client.expect_reply();
    client.turn(&mut world);
    assert_eq!(asked(&world, &mut inbox).as_deref(), Some("Blink"));
    assert_eq!(exchange_with(&mut world, &mut peer, "").status, 204);
}

#[test]
fn unanswered_request_times_out() {
    let mut world = world();
    let mut inbox = inbox(&world);
    // The application does not take the first, and takes the second without an answer.
    for taken in [false, true] {
        let mut peer = begin(&mut world, "1");
        assert_eq!(peer.last.unwrap().wake_at.as_millis(), world.now + 5_000);
        if taken {
            assert!(asked(&world, &mut inbox).is_some());
        }
        world.now += 4_999;
        peer.turn(&mut world);
        assert!(peer.received.is_empty());
        world.now += 1;
        let late = exchange_with(&mut world, &mut peer, "");
        assert_eq!((late.status, late.header("Retry-After")), (503, Some("5")));
        assert_eq!(late.header("Connection"), Some("close"));
        if !taken {
            assert_eq!(asked(&world, &mut inbox), None, "a request that timed out was done later");
        }
    }
    // The late answer reaches no client.
    let mut next = begin(&mut world, "2");
    assert_eq!(asked(&world, &mut inbox).as_deref(), Some("Level(2.0)"));
    next.turn(&mut world);
    assert!(next.received.is_empty());
    asked(&world, &mut inbox);
    assert_eq!(exchange_with(&mut world, &mut next, "").status, 204);
}

#[test]
fn client_leaving_frees_its_request_slot() {
    let mut world = world();
    let mut inbox = inbox(&world);
    for _ in 0..3 * REQUESTS {
        let mut peer = begin(&mut world, "1");
        peer.client.abandon(&mut world.surroundings());
        let mut peer = begin(&mut world, "2");
        peer.client.close(instep::driver::CloseCode::GOING_AWAY, &mut world.surroundings());
        assert!(peer.turn(&mut world).closed);
    }
    assert_eq!(asked(&world, &mut inbox), None);
    // A client that has closed its direction gets its answer nevertheless.
    let mut peer = begin(&mut world, "3");
    assert!(!peer.end(&mut world).closed);
    assert_eq!(asked(&world, &mut inbox).as_deref(), Some("Level(3.0)"));
    asked(&world, &mut inbox);
    assert_eq!(exchange_with(&mut world, &mut peer, "").status, 204);
    assert_eq!(world.device.clients(), 0);
    assert_eq!(world.device.counts().opened, 0);
}
