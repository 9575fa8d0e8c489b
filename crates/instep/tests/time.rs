//! Deadlines, on a clock that only tests move.

mod link;

use instep::Limits;
use link::{LED, Simulation, frame};

const LIMITS: Limits = Limits::DEVICE;

#[test]
fn silent_connection_is_closed_without_response() {
    let mut simulation = Simulation::new(LIMITS);
    let mut peer = simulation.client();
    let turn = peer.turn(&mut simulation);
    assert_eq!(turn.wake_at.as_millis(), LIMITS.head_time);
    simulation.now = LIMITS.head_time - 1;
    assert!(!peer.turn(&mut simulation).closed);
    simulation.now += 1;
    assert!(peer.turn(&mut simulation).closed);
    assert_eq!(peer.take(), b"");
}

#[test]
fn slow_head_is_ended_by_408() {
    let mut simulation = Simulation::new(LIMITS);
    let mut peer = simulation.client();
    simulation.now = 3_000;
    let request = b"GET / HTTP/1.1\r\nHost: lamp\r\n";
    for byte in &request[..10] {
        simulation.now += 490;
        let turn = peer.send(&mut simulation, &[*byte]);
        assert!(!turn.shut_down && !turn.closed);
    }
    simulation.now = 3_490 + LIMITS.head_time;
    let turn = peer.send(&mut simulation, b"/");
    assert!(peer.take().starts_with(b"HTTP/1.1 408 "));
    assert!(turn.shut_down);
}

#[test]
fn request_before_late_turn_is_answered() {
    let mut simulation = Simulation::new(LIMITS);
    let mut peer = simulation.client();
    for late in [LIMITS.head_time, LIMITS.head_time + LIMITS.idle_time] {
        simulation.now = late;
        let turn = peer.send(&mut simulation, b"GET / HTTP/1.1\r\nHost: lamp\r\n\r\n");
        assert!(peer.take().starts_with(b"HTTP/1.1 200 "), "{late}");
        assert!(!turn.shut_down && !turn.closed, "{late}");
    }
    peer.send(&mut simulation, b"GET / HTTP/1.1\r\n");
    simulation.now += LIMITS.head_time;
    peer.send(&mut simulation, b"Host: lamp\r\n\r\n");
    assert!(peer.take().starts_with(b"HTTP/1.1 200 "));
}

#[test]
fn keep_alive_ends_after_idle_time() {
    let mut simulation = Simulation::new(LIMITS.with_idle_time(15_000));
    let mut peer = simulation.client();
    peer.send(&mut simulation, b"GET / HTTP/1.1\r\nHost: lamp\r\n\r\n");
    simulation.now = 14_999;
    assert!(!peer.turn(&mut simulation).closed);
    peer.send(&mut simulation, b"GET / HTTP/1.1\r\nHost: lamp\r\n\r\n");
    assert_eq!(peer.take().windows(15).filter(|text| text == b"HTTP/1.1 200 OK").count(), 2);
    simulation.now += 15_000;
    assert!(peer.turn(&mut simulation).shut_down);
}

#[test]
fn silence_within_frame_drops_client() {
    let mut simulation = Simulation::new(LIMITS);
    let mut peer = simulation.open("/ws");
    let message = frame(0x81, b"toggle");
    peer.send(&mut simulation, &message[..3]);
    for at in [10_000, 20_000] {
        simulation.now = at;
        assert!(!peer.turn(&mut simulation).closed, "at {at}");
    }
    peer.send(&mut simulation, &message[3..4]);
    for at in [30_000, 40_000, 49_999] {
        simulation.now = at;
        assert!(!peer.turn(&mut simulation).closed, "dropped although a byte came: at {at}");
    }
    simulation.now = 50_000;
    assert!(peer.turn(&mut simulation).closed);
}

#[test]
fn client_without_pong_is_dropped() {
    let mut simulation = Simulation::new(LIMITS);
    let (mut dead, mut alive) = (simulation.open("/ws"), simulation.open("/ws"));
    for (at, pings) in [(9_999, 0), (10_000, 1), (19_999, 1), (20_000, 2), (29_999, 2)] {
        simulation.now = at;
        assert!(!dead.turn(&mut simulation).closed, "at {at}");
        assert_eq!(dead.received, b"\x89\x00".repeat(pings), "at {at}");
        alive.turn(&mut simulation);
        if alive.take() == b"\x89\x00" {
            alive.send(&mut simulation, &frame(0x8a, b""));
        }
    }
    simulation.now = 30_000;
    assert!(dead.turn(&mut simulation).closed);
    assert!(!alive.turn(&mut simulation).closed);
    assert_eq!(simulation.device.clients(), 1);
}

/// After a suspend of the machine or a stop of
/// the process, nothing was received for long.
#[test]
fn pause_of_server_leaves_time_for_pong() {
    let mut simulation = Simulation::new(LIMITS);
    let mut peer = simulation.open("/ws");
    simulation.now = 300_000;
    for pings in 1..=LIMITS.pings_missed {
        let turn = peer.turn(&mut simulation);
        assert_eq!(peer.received, b"\x89\x00".repeat(usize::from(pings)));
        assert_eq!(turn.wake_at.as_millis(), simulation.now + LIMITS.ping_every);
        assert!(!peer.turn(&mut simulation).closed);
        simulation.now += LIMITS.ping_every;
    }
    assert!(!peer.send(&mut simulation, &frame(0x8a, b"")).closed);
    assert_eq!(simulation.device.clients(), 1);
}

#[test]
fn client_that_is_not_read_is_not_dropped() {
    let mut simulation = Simulation::new(LIMITS);
    let mut peer = simulation.open("/ws");
    peer.send(&mut simulation, &frame(0x81, b"x").repeat(3));
    for _ in 0..20 {
        simulation.now += LIMITS.ping_every;
        assert!(!peer.turn(&mut simulation).closed);
    }
}

#[test]
fn link_without_progress_is_dropped_after_write_stall() {
    let mut simulation = Simulation::new(LIMITS);
    let mut peer = simulation.open("/ws");
    peer.window = 1;
    simulation.device.publish(LED, "1");
    let turn = peer.turn(&mut simulation);
    assert!(turn.wants_write);
    assert_eq!(turn.wake_at.as_millis(), LIMITS.write_stall);
    simulation.now = 5_000;
    peer.window = 1;
    assert_eq!(peer.turn(&mut simulation).wake_at.as_millis(), 10_000, "not the time of the next ping");
    simulation.now = 5_000 + LIMITS.write_stall - 1;
    peer.send(&mut simulation, &frame(0x8a, b""));
    assert!(!peer.last.unwrap().closed, "dropped although the peer sends");
    simulation.now += 1;
    assert!(peer.turn(&mut simulation).closed);
    assert_eq!(simulation.device.clients(), 0);
}

#[test]
fn closed_connection_drains_for_one_second_or_64_kib() {
    let mut simulation = Simulation::new(LIMITS);
    let mut peer = simulation.open("/ws");
    assert!(peer.send(&mut simulation, &frame(0x88, b"\x03\xe9")).shut_down);
    assert_eq!(peer.take(), b"\x88\x02\x03\xe9");
    assert_eq!(simulation.device.clients(), 0);
    simulation.now = LIMITS.linger_time - 1;
    assert!(!peer.send(&mut simulation, b"whatever").closed);
    simulation.now += 1;
    assert!(peer.turn(&mut simulation).closed);

    let mut simulation = Simulation::new(LIMITS);
    let mut peer = simulation.client();
    peer.send(&mut simulation, b"\x16\x03\x01");
    assert!(!peer.send(&mut simulation, &vec![0; LIMITS.linger_bytes]).closed);
    assert!(peer.send(&mut simulation, &[0]).closed);

    let mut simulation = Simulation::new(LIMITS);
    let mut peer = simulation.client();
    peer.send(&mut simulation, b"\x16\x03\x01");
    assert!(peer.end(&mut simulation).closed, "draining after the peer closed");
}

#[test]
fn idle_time_starts_after_answer_ends_without_reset() {
    let mut simulation = Simulation::new(LIMITS);
    let mut peer = simulation.client();
    peer.window = 20;
    peer.send(&mut simulation, b"GET / HTTP/1.1\r\nHost: lamp\r\n\r\n");
    // The peer takes the last byte long after the idle timeout of the connection.
    simulation.now = LIMITS.write_stall - 1;
    peer.turn(&mut simulation);
    peer.window = usize::MAX;
    peer.turn(&mut simulation);
    assert!(peer.take().ends_with(b"100%\r\n0\r\n\r\n"));
    simulation.now += LIMITS.idle_time - 1;
    peer.send(&mut simulation, b"GET / HTTP/1.1\r\nHost: lamp\r\n\r\n");
    assert!(peer.take().ends_with(b"100%\r\n0\r\n\r\n"));
    simulation.now += LIMITS.idle_time;
    let turn = peer.turn(&mut simulation);
    assert!(turn.shut_down && !turn.closed, "closed without draining");
}

#[test]
fn answer_in_progress_is_written_to_its_end() {
    for device_closes in [true, false] {
        let mut simulation = Simulation::new(LIMITS);
        let mut peer = simulation.client();
        peer.window = 20;
        peer.send(&mut simulation, b"GET /any/thing HTTP/1.1\r\nHost: lamp\r\n\r\n");
        if device_closes {
            peer.client.close(instep::driver::CloseCode::GOING_AWAY, &mut simulation.context());
        } else {
            simulation.now += LIMITS.idle_time;
        }
        peer.turn(&mut simulation);
        peer.window = usize::MAX;
        let turn = peer.turn(&mut simulation);
        assert!(peer.take().ends_with(b"thing"), "{device_closes}");
        assert_eq!(turn.shut_down, device_closes);
    }
}
