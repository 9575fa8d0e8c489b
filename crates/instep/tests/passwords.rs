//! Presented passwords, on a simulated link and clock:
//! right and wrong ones, too many, and in pieces.

mod guarded;
mod link;

use guarded::*;
use instep::Limits;
use std::net::IpAddr;

#[test]
fn five_wrong_passwords_block_their_address_only() {
    let mut simulation = guarded();
    let cookie = log_in(&mut simulation, "");
    let tool = format!("{BASIC}\r\n");
    assert_eq!(get(&mut simulation, "/", &tool).status, 200);
    let wrong = "password=close";
    for _ in 0..5 {
        let page = post(&mut simulation, "/login", "", wrong);
        assert_eq!(page.status, 401);
        assert!(page.body.contains("Wrong password") && page.body.contains("</form>"), "{}", page.body);
    }
    let wait = post(&mut simulation, "/login", "", FORM);
    assert_eq!((wait.status, wait.header("Retry-After")), (429, Some("60")));
    assert!(wait.body.contains("Too many wrong passwords. Try again in 1 minute."), "{}", wait.body);
    let wait = get(&mut simulation, "/", &tool);
    assert_eq!((wait.status, wait.header("Retry-After")), (429, Some("60")));
    assert_eq!(get(&mut simulation, "/", &cookie).status, 200);
    assert!(handshake(&mut simulation, "/ws", &cookie).is_ok());
    let elsewhere = IpAddr::from([192, 0, 2, 8]);
    assert_eq!(exchange_from(&mut simulation, elsewhere, &form("/login", "", FORM)).status, 303);

    simulation.now += 59_999;
    assert_eq!(post(&mut simulation, "/login", "", FORM).header("Retry-After"), Some("1"));
    simulation.now += 1;
    for _ in 0..5 {
        assert_eq!(post(&mut simulation, "/login", "", wrong).status, 401);
    }
    assert_eq!(post(&mut simulation, "/login", "", FORM).header("Retry-After"), Some("120"));
    simulation.now += 120_000;
    assert_eq!(post(&mut simulation, "/login", "", FORM).status, 303);
    for _ in 0..4 {
        assert_eq!(
            post(&mut simulation, "/login", "", wrong).status,
            401,
            "failures were not forgotten after a log-in"
        );
    }
    assert_eq!(post(&mut simulation, "/login", "", FORM).status, 303);
}

#[test]
fn wrong_passwords_block_whole_ipv6_prefix() {
    let mut simulation = guarded();
    let from = |host: u16| IpAddr::from([0x2001, 0xdb8, 1, 2, 0, 0, 0, host]);
    for host in 0..5 {
        assert_eq!(exchange_from(&mut simulation, from(host), &form("/login", "", "password=x")).status, 401);
    }
    assert_eq!(exchange_from(&mut simulation, from(9), &form("/login", "", FORM)).status, 429);
    let next_door = IpAddr::from([0x2001, 0xdb8, 1, 3, 0, 0, 0, 1]);
    assert_eq!(exchange_from(&mut simulation, next_door, &form("/login", "", FORM)).status, 303);
}

#[test]
fn log_in_form_may_be_long_wrong_or_split_anywhere() {
    // The form has its own limit.
    let mut simulation = guarded_with(Limits::DEVICE.with_body(0));
    let padded = |length: usize| format!("{FORM}&x={}", "y".repeat(length - FORM.len() - 3));
    assert_eq!(post(&mut simulation, "/login", "", &padded(1023)).status, 303);
    assert_eq!(post(&mut simulation, "/login", "", &padded(1024)).status, 303);
    let long = post(&mut simulation, "/login", "", &padded(1025));
    assert_eq!((long.status, long.header("Connection")), (413, Some("close")));
    for wrong in ["", "user=a", "password", "password=%4", "password=a&password=b"] {
        assert_eq!(post(&mut simulation, "/login", "", wrong).status, 400, "{wrong}");
    }
    for wrong in ["password=", &format!("password={}", "x".repeat(129))] {
        assert_eq!(post(&mut simulation, "/login", "", wrong).status, 401, "{wrong}");
    }
    // A request in the same bytes is answered after the form.
    let both = form("/login", "", FORM) + "GET /healthz HTTP/1.1\r\nHost: lamp\r\n\r\n";
    for cut in 0..both.len() {
        let mut peer = simulation.client();
        peer.send(&mut simulation, &both.as_bytes()[..cut]);
        check(&simulation);
        peer.send(&mut simulation, &both.as_bytes()[cut..]);
        check(&simulation);
        peer.turn(&mut simulation);
        let text = String::from_utf8(peer.take()).unwrap();
        assert!(text.starts_with("HTTP/1.1 303 ") && text.ends_with("\r\n\r\nok"), "cut at {cut}: {text}");
        assert_eq!(text.matches("HTTP/1.1 ").count(), 2, "{text}");
    }
}

#[test]
fn log_in_with_expect_gets_100_continue_once() {
    let mut simulation = guarded();
    let (head, body) = (form("/login", "Expect: 100-continue\r\n", FORM), FORM);
    let head = head.strip_suffix(body).unwrap();
    let mut peer = simulation.client();
    peer.send(&mut simulation, head.as_bytes());
    assert_eq!(peer.take(), b"HTTP/1.1 100 Continue\r\n\r\n");
    peer.send(&mut simulation, &body.as_bytes()[..3]);
    assert_eq!(peer.take(), b"");
    peer.send(&mut simulation, &body.as_bytes()[3..]);
    check(&simulation);
    peer.turn(&mut simulation);
    assert!(peer.take().starts_with(b"HTTP/1.1 303 "));
    // A missing body ends like a missing head.
    let mut peer = simulation.client();
    peer.send(&mut simulation, head.as_bytes());
    simulation.now += simulation.limits.head_time;
    peer.turn(&mut simulation);
    assert!(String::from_utf8(peer.take()).unwrap().contains("HTTP/1.1 408 "));
}

#[test]
fn password_check_delays_no_others_and_times_out() {
    let mut simulation = guarded();
    let mut peer = simulation.client();
    let turn = peer.send(&mut simulation, form("/login", "", FORM).as_bytes());
    assert!(!turn.wants_read && !turn.closed, "not waiting for the check");
    assert_eq!(turn.wake_at.as_millis(), 20);
    let mut other = simulation.client();
    other.send(&mut simulation, b"GET /healthz HTTP/1.1\r\nHost: lamp\r\n\r\n");
    assert!(other.take().ends_with(b"\r\n\r\nok"));
    simulation.now = 14_999;
    assert_eq!(peer.turn(&mut simulation).wake_at.as_millis(), 15_000);
    assert_eq!(peer.take(), b"");
    simulation.now += 1;
    peer.turn(&mut simulation);
    let text = String::from_utf8(peer.take()).unwrap();
    assert!(text.starts_with("HTTP/1.1 503 ") && text.contains("Retry-After: "), "{text}");
    // The next client gets the result of its own check.
    assert_eq!(post(&mut simulation, "/login", "", "password=wrong").status, 401);
}

#[test]
fn password_checks_beyond_queue_are_all_answered() {
    let mut simulation = guarded();
    let mut peers: Vec<_> = (0..6).map(|_| simulation.client()).collect();
    for peer in &mut peers {
        peer.send(&mut simulation, form("/login", "", FORM).as_bytes());
    }
    for _ in 0..3 {
        check(&simulation);
        for peer in &mut peers {
            peer.turn(&mut simulation);
        }
    }
    for peer in &mut peers {
        assert!(peer.take().starts_with(b"HTTP/1.1 303 "));
    }
}
