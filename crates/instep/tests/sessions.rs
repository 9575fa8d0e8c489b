//! Sessions of a log-in, on a simulated link and clock: how long each lasts, and what ends it and its sockets.

mod guarded;
mod link;

use guarded::*;
use instep::login::Password;
use link::frame;

#[test]
fn log_in_creates_session_and_ends_presented_one() {
    let mut simulation = guarded();
    let chosen = "Cookie: instep_80=11111111111111111111111111111111\r\n";
    let fixed = log_in(&mut simulation, chosen);
    assert!(!fixed.contains("1111111111111111"), "a presented id was adopted");
    assert_eq!(get(&mut simulation, "/", chosen).status, 401);
    let mut socket = handshake(&mut simulation, "/ws", &fixed).unwrap();
    let second = log_in(&mut simulation, &fixed);
    assert_ne!(fixed, second);
    assert_eq!(
        (get(&mut simulation, "/", &fixed).status, get(&mut simulation, "/", &second).status),
        (401, 200)
    );
    socket.turn(&mut simulation);
    assert_eq!(socket.take(), CLOSED);
    // The session of another browser stays.
    let other = log_in(&mut simulation, "");
    assert_eq!(
        (get(&mut simulation, "/", &second).status, get(&mut simulation, "/", &other).status),
        (200, 200)
    );
}

#[test]
fn session_over_limit_replaces_least_recently_used() {
    let mut simulation = guarded();
    let first = log_in(&mut simulation, "");
    for _ in 0..4 {
        simulation.now += 1;
        log_in(&mut simulation, "");
    }
    assert_eq!(get(&mut simulation, "/", &first).status, 401);
}

#[test]
fn log_out_closes_only_sockets_of_its_session() {
    let mut simulation = guarded();
    let (one, other) = (log_in(&mut simulation, ""), log_in(&mut simulation, ""));
    let mut its = [
        handshake(&mut simulation, "/ws", &one).unwrap(),
        handshake(&mut simulation, "/echo", &one).unwrap(),
    ];
    let mut others = handshake(&mut simulation, "/ws", &other).unwrap();
    assert_eq!(request(&mut simulation, "GET", "/logout", &one, "").status, 405);
    assert_eq!(get(&mut simulation, "/", &one).status, 200, "a link logged out");

    let out = post(&mut simulation, "/logout", &one, "");
    assert_eq!((out.status, out.header("Location")), (303, Some("/login")));
    assert_eq!(out.header("Set-Cookie"), Some("instep_80=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict"));
    for socket in &mut its {
        socket.turn(&mut simulation);
        assert_eq!(socket.take(), CLOSED);
        assert!(socket.last.unwrap().shut_down);
    }
    assert_eq!(get(&mut simulation, "/", &one).status, 401);
    assert_eq!(handshake(&mut simulation, "/ws", &one).err(), Some(401));
    others.send(&mut simulation, &frame(0x89, b""));
    assert_eq!(others.take(), b"\x8a\x00");
    assert_eq!(simulation.device.clients(), 1);
    assert_eq!(
        post(&mut simulation, "/logout", "", "").status,
        303,
        "log-out without a session is not redirected"
    );
}

#[test]
fn log_out_ends_every_session_in_cookie_header() {
    let mut simulation = guarded();
    let one = log_in(&mut simulation, "");
    let two = log_in(&mut simulation, "");
    let both = format!("{}; {}", one.trim_end(), two.trim_start_matches("Cookie: "));
    assert_eq!(get(&mut simulation, "/", &one).status, 200);
    assert_eq!(post(&mut simulation, "/logout", &both, "").status, 303);
    assert_eq!((get(&mut simulation, "/", &one).status, get(&mut simulation, "/", &two).status), (401, 401));
}

#[test]
fn session_and_its_sockets_end_after_30_days() {
    let mut simulation = guarded();
    let cookie = log_in(&mut simulation, "");
    simulation.now = 30 * DAY - 10_000;
    let mut socket = handshake(&mut simulation, "/ws", &cookie).unwrap();
    // It ends then, independent of its pings.
    simulation.now = 30 * DAY - 5_000;
    let turn = socket.send(&mut simulation, &frame(0x8a, b""));
    assert_eq!(turn.wake_at.as_millis(), 30 * DAY);
    simulation.now = 30 * DAY - 1;
    socket.turn(&mut simulation);
    assert_eq!(socket.take(), b"");
    assert_eq!(get(&mut simulation, "/", &cookie).status, 200);
    simulation.now += 1;
    socket.turn(&mut simulation);
    assert_eq!(socket.take(), CLOSED);
    assert_eq!(get(&mut simulation, "/", &cookie).status, 401);
}

#[test]
fn session_with_open_page_counts_as_used() {
    let mut simulation = guarded();
    let open = log_in(&mut simulation, "");
    let mut socket = handshake(&mut simulation, "/ws", &open).unwrap();
    let mut others = Vec::new();
    for _ in 0..4 {
        simulation.now += 1_000;
        others.push(log_in(&mut simulation, ""));
    }
    socket.turn(&mut simulation);
    assert_eq!(socket.take(), b"");
    assert_eq!(get(&mut simulation, "/", &open).status, 200);
    let statuses: Vec<_> = others.iter().map(|other| get(&mut simulation, "/", other).status).collect();
    assert_eq!(statuses, [401, 200, 200, 200], "not the oldest session without an open page was evicted");
    // If each has a page open, the one with the oldest request is evicted.
    let sockets: Vec<_> =
        others[1..].iter().map(|other| handshake(&mut simulation, "/ws", other).unwrap()).collect();
    simulation.now += 1_000;
    log_in(&mut simulation, "");
    let closed: Vec<_> = [socket]
        .into_iter()
        .chain(sockets)
        .map(|mut socket| {
            socket.turn(&mut simulation);
            socket.take() == CLOSED
        })
        .collect();
    assert_eq!(closed, [true, false, false, false]);
}

#[test]
fn new_password_closes_every_session() {
    let mut simulation = guarded();
    let cookie = log_in(&mut simulation, "");
    let tool = format!("{BASIC}\r\n");
    let mut sockets = [
        handshake(&mut simulation, "/ws", &cookie).unwrap(),
        handshake(&mut simulation, "/ws", &tool).unwrap(),
    ];
    let new = Password::new(b"new", [2; 16], 10).unwrap();
    simulation.log_in.unwrap().change_password(new, simulation.device);
    for socket in &mut sockets {
        socket.turn(&mut simulation);
        assert_eq!(socket.take(), CLOSED);
    }
    assert_eq!(get(&mut simulation, "/", &cookie).status, 401);
    assert_eq!(get(&mut simulation, "/", &tool).status, 401, "the old password is still cached");
    assert_eq!(get(&mut simulation, "/", "Authorization: Bearer new\r\n").status, 200);
}
