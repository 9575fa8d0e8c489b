//! Counters, on a simulated link: every closed client, every refused request.

mod link;

use instep::Limits;
use instep::driver::{Counts, DropReason, RefusalReason};
use link::{LED, Peer, Simulation, frame, inbox, next_item, upgrade};

/// Returns the counts, after checking that each client is counted exactly once.
#[track_caller]
fn counts(simulation: &Simulation) -> Counts {
    let counts = simulation.device.counts();
    let closed: u64 = counts.closed().map(|(_, count)| count).sum();
    let dropped: u64 = DropReason::ALL.into_iter().map(|reason| counts.dropped(reason)).sum();
    assert_eq!(counts.opened, counts.clients + closed + dropped, "{counts:?}");
    counts
}

fn closed(simulation: &Simulation) -> Vec<(&'static str, u64)> {
    counts(simulation).closed().filter(|(_, count)| *count > 0).collect()
}

fn refused(simulation: &Simulation) -> Vec<(&'static str, u64)> {
    let counts = counts(simulation);
    let refused = RefusalReason::ALL.map(|reason| (reason.label(), counts.refused(reason)));
    refused.into_iter().filter(|(_, count)| *count > 0).collect()
}

#[test]
fn closing_handshake_is_counted_by_code() {
    let mut simulation = Simulation::new(Limits::DEVICE);
    let mut inbox = inbox(&simulation);
    for (bytes, code) in [
        (frame(0x88, &1000_u16.to_be_bytes()), "1000"),
        (frame(0x88, &1001_u16.to_be_bytes()), "1001"),
        (frame(0x88, b""), "1005"),
        (frame(0x88, &3210_u16.to_be_bytes()), "other"),
        // Codes with which the server closes.
        (frame(0x83, b""), "1002"),
        (frame(0x81, b"\xff"), "1007"),
        (frame(0x81, &[b'x'; 513]), "1009"),
    ] {
        for path in ["/ws", "/echo"] {
            if (path, code) == ("/echo", "1009") {
                continue;
            }
            let before = closed(&simulation);
            let mut peer = simulation.open(path);
            assert_eq!(counts(&simulation).clients, 1);
            peer.send(&mut simulation, &bytes);
            // Nor is it counted again at the end of the connection.
            peer.end(&mut simulation);
            let expected = before.iter().find(|(label, _)| *label == code).map_or(1, |(_, count)| count + 1);
            let after = closed(&simulation);
            assert!(after.contains(&(code, expected)), "{path}: {after:?}");
            assert_eq!(
                after.iter().map(|(_, n)| n).sum::<u64>(),
                before.iter().map(|(_, n)| n).sum::<u64>() + 1
            );
            while next_item(&mut inbox).is_some() {}
        }
    }
    assert_eq!(counts(&simulation).opened, 13);
}

#[test]
fn dropped_client_is_counted_by_reason() {
    let limits = Limits::DEVICE.with_ping_every(1000).with_write_stall(1000);
    let mut simulation = Simulation::new(limits);
    let dropped = |simulation: &Simulation| DropReason::ALL.map(|reason| counts(simulation).dropped(reason));

    let mut gone = simulation.open("/ws");
    gone.end(&mut simulation);
    assert_eq!(dropped(&simulation), [1, 0, 0, 0]);

    let mut silent = simulation.open("/ws");
    for _ in 0..=limits.pings_missed {
        simulation.now += 1000;
        silent.turn(&mut simulation);
    }
    assert_eq!(dropped(&simulation), [1, 1, 0, 0]);

    let mut reset = simulation.open("/echo");
    reset.client.abandon(&mut simulation.context());
    assert_eq!(dropped(&simulation), [1, 1, 1, 0]);

    let mut stalled = simulation.open("/ws");
    stalled.window = 0;
    simulation.device.publish(LED, "1");
    stalled.turn(&mut simulation);
    assert_eq!(dropped(&simulation), [1, 1, 1, 0]);
    simulation.now += 1000;
    stalled.turn(&mut simulation);
    assert_eq!(dropped(&simulation), [1, 1, 1, 1]);
    stalled.turn(&mut simulation);
    stalled.client.abandon(&mut simulation.context());
    assert_eq!(dropped(&simulation), [1, 1, 1, 1], "once");

    // A connection that never became a client is not counted as dropped.
    simulation.client().client.abandon(&mut simulation.context());
    simulation.client().end(&mut simulation);
    assert_eq!((dropped(&simulation), counts(&simulation).opened), ([1, 1, 1, 1], 4));
}

#[test]
fn refusal_is_counted_by_reason() {
    let mut simulation = Simulation::new(Limits::DEVICE.with_clients(1));
    let ask = |simulation: &mut Simulation, request: &str| {
        let mut peer: Peer = simulation.client();
        peer.send(simulation, request.as_bytes());
        peer
    };
    let long =
        format!("POST / HTTP/1.1\r\nHost: lamp\r\nContent-Length: {}\r\n\r\n", Limits::DEVICE.body + 1);
    for (request, reason) in [
        ("GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n", "host"),
        (&upgrade("/ws").replacen("\r\n\r\n", "\r\nOrigin: http://evil.test\r\n\r\n", 1), "origin"),
        (&upgrade("/ws").replace("Version: 13", "Version: 12"), "handshake"),
        ("BREW / HTTP/1.1\r\nHost: lamp\r\n\r\n", "head"),
        (&*long, "body"),
    ] {
        ask(&mut simulation, request);
        assert!(refused(&simulation).contains(&(reason, 1)), "{reason}: {:?}", refused(&simulation));
    }
    let mut half = ask(&mut simulation, "GET / HTTP/1.1\r\nHo");
    let mut silent = ask(&mut simulation, "");
    simulation.now += Limits::DEVICE.head_time;
    half.turn(&mut simulation);
    silent.turn(&mut simulation);
    let _one = simulation.open("/ws");
    ask(&mut simulation, &upgrade("/ws"));
    let all = ["body", "full", "handshake", "head", "host", "origin", "timeout"].map(|reason| (reason, 1));
    assert_eq!(refused(&simulation), all);

    // An answered request is not refused, even if the answer is an error.
    for path in ["/", "/nothing", "/ws", "/healthz"] {
        ask(&mut simulation, &format!("GET {path} HTTP/1.1\r\nHost: lamp\r\n\r\n"));
    }
    assert_eq!(refused(&simulation), all);
    assert_eq!((counts(&simulation).opened, counts(&simulation).clients), (1, 1));
}

#[test]
fn messages_publishes_and_missed_events_are_counted() {
    let mut simulation = Simulation::new(Limits::DEVICE.with_events(4));
    let mut inbox = inbox(&simulation);
    let mut peer = simulation.open("/ws");
    let mut echo = simulation.open("/echo");
    let part = [frame(0x01, b"to"), frame(0x00, b"gg"), frame(0x89, b""), frame(0x80, b"le")].concat();
    for bytes in &part[..part.len() - 1] {
        assert_eq!(peer.send(&mut simulation, &[*bytes]).messages, 0);
    }
    assert_eq!(peer.send(&mut simulation, &part[part.len() - 1..]).messages, 1);
    // The second one has no inbox slot yet.
    assert_eq!(peer.send(&mut simulation, &frame(0x81, b"")).messages, 0);
    while next_item(&mut inbox).is_some() {}
    assert_eq!(peer.turn(&mut simulation).messages, 1);
    assert_eq!(echo.send(&mut simulation, &[frame(0x81, b"a"), frame(0x82, b"")].concat()).messages, 2);

    peer.window = 1;
    for number in 0..10 {
        simulation.device.emit(number);
        peer.turn(&mut simulation);
    }
    simulation.device.publish(LED, "1");
    assert!(simulation.device.try_publish(LED, "x".repeat(257)).is_err());
    // The first one is on its way; the ring keeps the last four of the others.
    assert_eq!(peer.client.lag(&simulation.feed), Some(9));
    simulation.follow();
    assert_eq!(peer.client.lag(&simulation.feed), Some(10));
    assert_eq!(echo.client.lag(&simulation.feed), None);
    peer.window = usize::MAX;
    peer.turn(&mut simulation);
    assert_eq!(peer.client.lag(&simulation.feed), Some(0));
    let counts = counts(&simulation);
    assert_eq!((counts.publishes, counts.events, counts.revision), (1, 10, 11));
    assert_eq!(counts.events_missed, 5);
    assert_eq!((counts.opened, counts.clients), (2, 2));
}
