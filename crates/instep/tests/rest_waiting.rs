//! A request to a Thing waits for the application: order, time limit, and clients
//! that leave meanwhile. On the simulated link.

mod guarded;
mod link;
mod thing_request;
mod workshop;

use guarded::{exchange_with, get, request};
use instep::Limits;
use link::{Peer, REQUESTS, Simulation, frame, inbox};
use thing_request::{JSON, request_text};
use workshop::{APP, Bench, asked, simulation};

/// Sends a request that waits, and returns its peer.
fn begin(simulation: &mut Simulation, body: &str) -> Peer {
    let mut peer = simulation.client();
    peer.send(simulation, request_text("PUT", "/properties/level", JSON, body).as_bytes());
    assert!(peer.received.is_empty(), "{}", String::from_utf8_lossy(&peer.received));
    peer
}

#[test]
fn read_after_write_sees_value_published_before_answer() {
    let mut simulation = simulation();
    let mut inbox = inbox(&simulation);
    let mut peer = begin(&mut simulation, "7");
    assert_eq!(asked(&simulation, &mut inbox).as_deref(), Some("Level(7.0)"));
    peer.turn(&mut simulation);
    assert!(peer.received.is_empty(), "answered before it was done");
    Bench::new(simulation.device).level(7.0);
    asked(&simulation, &mut inbox);
    assert_eq!(exchange_with(&mut simulation, &mut peer, "").status, 204);
    assert_eq!(get(&mut simulation, "/properties/level", "").body, "7.0");
}

#[test]
fn requests_beyond_slots_get_503_with_retry_after() {
    let mut simulation = simulation();
    let mut inbox = inbox(&simulation);
    let mut waiting: Vec<_> =
        (0..REQUESTS).map(|number| begin(&mut simulation, &number.to_string())).collect();
    let full = request(&mut simulation, "PUT", "/properties/level", JSON, "9");
    assert_eq!((full.status, full.header("Retry-After")), (503, Some("5")));
    assert!(full.body.starts_with(r#"{"code":"busy""#), "{}", full.body);
    for (number, peer) in waiting.iter_mut().enumerate() {
        assert_eq!(asked(&simulation, &mut inbox), Some(format!("Level({number}.0)")));
        let _ = peer;
    }
    asked(&simulation, &mut inbox);
    for peer in &mut waiting {
        assert_eq!(exchange_with(&mut simulation, peer, "").status, 204);
    }

    // The inbox is full of messages.
    let mut simulation = Simulation::with_app(&APP, Limits::DEVICE.with_inbox(1));
    let mut inbox = link::inbox(&simulation);
    let mut client = workshop::open(&mut simulation);
    client.send(&mut simulation, &frame(0x81, br#"{"label":"blink"}"#));
    assert_eq!(request(&mut simulation, "POST", "/actions/blink", "", "").status, 503);
    assert_eq!(asked(&simulation, &mut inbox).as_deref(), Some("Blink"));
    let mut peer = begin(&mut simulation, "1");
    client.send(&mut simulation, &frame(0x81, br#"{"label":"blink"}"#));
    assert_eq!(asked(&simulation, &mut inbox).as_deref(), Some("Level(1.0)"));
    assert_eq!(asked(&simulation, &mut inbox), None, "a command came before the client's turn");
    for slot in simulation.follow() {
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
    client.turn(&mut simulation);
    assert_eq!(asked(&simulation, &mut inbox).as_deref(), Some("Blink"));
    assert_eq!(exchange_with(&mut simulation, &mut peer, "").status, 204);
}

#[test]
fn unanswered_request_times_out() {
    let mut simulation = simulation();
    let mut inbox = inbox(&simulation);
    // The application does not take the first, and takes the second without an answer.
    for taken in [false, true] {
        let mut peer = begin(&mut simulation, "1");
        assert_eq!(peer.last.unwrap().wake_at.as_millis(), simulation.now + 5_000);
        if taken {
            assert!(asked(&simulation, &mut inbox).is_some());
        }
        simulation.now += 4_999;
        peer.turn(&mut simulation);
        assert!(peer.received.is_empty());
        simulation.now += 1;
        let late = exchange_with(&mut simulation, &mut peer, "");
        assert_eq!((late.status, late.header("Retry-After")), (503, Some("5")));
        assert_eq!(late.header("Connection"), Some("close"));
        if !taken {
            assert_eq!(asked(&simulation, &mut inbox), None, "a request that timed out was done later");
        }
    }
    // The late answer reaches no client.
    let mut next = begin(&mut simulation, "2");
    assert_eq!(asked(&simulation, &mut inbox).as_deref(), Some("Level(2.0)"));
    next.turn(&mut simulation);
    assert!(next.received.is_empty());
    asked(&simulation, &mut inbox);
    assert_eq!(exchange_with(&mut simulation, &mut next, "").status, 204);
}

#[test]
fn client_leaving_frees_its_request_slot() {
    let mut simulation = simulation();
    let mut inbox = inbox(&simulation);
    for _ in 0..3 * REQUESTS {
        let mut peer = begin(&mut simulation, "1");
        peer.client.abandon(&mut simulation.context());
        let mut peer = begin(&mut simulation, "2");
        peer.client.close(instep::driver::CloseCode::GOING_AWAY, &mut simulation.context());
        assert!(peer.turn(&mut simulation).closed);
    }
    assert_eq!(asked(&simulation, &mut inbox), None);
    // A client that has closed its direction gets its answer nevertheless.
    let mut peer = begin(&mut simulation, "3");
    assert!(!peer.end(&mut simulation).closed);
    assert_eq!(asked(&simulation, &mut inbox).as_deref(), Some("Level(3.0)"));
    asked(&simulation, &mut inbox);
    assert_eq!(exchange_with(&mut simulation, &mut peer, "").status, 204);
    assert_eq!(simulation.device.clients(), 0);
    assert_eq!(simulation.device.counts().opened, 0);
}
