//! The headers Connection, Keep-Alive and Date of
//! answers, on the simulated link and its clock.

mod guarded;
mod link;

use guarded::{Answer, exchange_with};
use instep::driver::Date;
use instep::{App, Asset, Limits};
use link::{Peer, World};

const GET: &str = "GET /script.js HTTP/1.1\r\nHost: lamp\r\n\r\n";

fn ask(world: &mut World, peer: &mut Peer, request: &str) -> Answer {
    exchange_with(world, peer, request)
}

#[test]
fn connection_outlives_advertised_keep_alive() {
    for (idle_time, said) in [(5_000, 4), (15_000, 14), (5_001, 5), (1_999, 1)] {
        let mut world = World::new(Limits::DEVICE.with_idle_time(idle_time));
        let mut peer = world.client();
        for _ in 0..3 {
            let answer = ask(&mut world, &mut peer, GET);
            assert_eq!(answer.header("Keep-Alive"), Some(&*format!("timeout={said}")), "{idle_time}");
            assert_eq!(answer.header("Connection"), None);
            // It is still open after that time, and for a while.
            world.now += said * 1000;
            assert!(!peer.turn(&mut world).shut_down);
        }
        ask(&mut world, &mut peer, GET);
        world.now += idle_time - 1;
        assert!(!peer.turn(&mut world).shut_down);
        world.now += 1;
        assert!(peer.turn(&mut world).shut_down);
    }
}

#[test]
fn keep_alive_header_is_sent_only_if_connection_stays() {
    let mut world = World::new(Limits::DEVICE);
    for (request, said) in [
        (GET.to_owned(), true),
        (GET.replace("GET", "HEAD"), true),
        (GET.replace("/script.js", "/any/text"), true),
        (GET.replace("/script.js", "/nowhere"), true),
        (GET.replace("/script.js", "/ws"), true),
        (GET.replace("GET", "OPTIONS"), true),
        ("GET /script.js HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".to_owned(), true),
        ("GET /script.js HTTP/1.0\r\n\r\n".to_owned(), false),
        (GET.replace("Host", "Connection: close\r\nHost"), false),
        (GET.replace("Host", "Content-Length: 9999\r\nHost"), false),
        (GET.replace("HTTP/1.1", "HTTP/2.0"), false),
        (link::upgrade("/ws"), false),
    ] {
        let mut peer = world.client();
        let answer = ask(&mut world, &mut peer, &request);
        assert_eq!(answer.header("Keep-Alive"), said.then_some("timeout=4"), "{}", answer.all);
    }
    let mut brief = World::new(Limits::DEVICE.with_idle_time(1_000));
    let mut peer = brief.client();
    assert_eq!(
        ask(&mut brief, &mut peer, GET).header("Keep-Alive"),
        None,
        "less than a second was advertised"
    );
}

#[test]
fn date_header_is_sent_if_there_is_a_clock() {
    const LONG: App = link::APP.page("/long", Asset::new("text/plain", &[b'x'; 2000]));
    let mut world = World::with_app(&LONG, Limits::DEVICE);
    let mut without = world.client();
    assert_eq!(ask(&mut world, &mut without, GET).header("Date"), None);
    for request in [
        GET.to_owned(),
        GET.replace("/script.js", "/"),
        GET.replace("/script.js", "/any/text"),
        GET.replace("/script.js", "/nowhere"),
        GET.replace("GET", "OPTIONS"),
        GET.replace("lamp", "evil.test"),
        GET.replace("HTTP/1.1", "HTTP/2.0"),
        GET.replace("Host", "Content-Length: 9999\r\nHost"),
    ] {
        world.date = Some(Date { seconds: 7, write: |seconds, out| write!(out, "second {seconds}") });
        let mut peer = world.client();
        let answer = ask(&mut world, &mut peer, &request);
        assert_eq!(answer.header("Date"), Some("second 7"), "{}", answer.all);
    }
    // A head that is written in parts has one date.
    let mut peer = world.client();
    peer.window = 0;
    peer.send(&mut world, GET.replace("/script.js", "/long").as_bytes());
    for second in 8..200 {
        world.date = Some(Date { seconds: second, write: |seconds, out| write!(out, "second {seconds}") });
        peer.window = 30;
        peer.turn(&mut world);
    }
    let text = String::from_utf8(peer.take()).unwrap();
    assert!(text.contains("\r\nDate: second 7\r\n") && text.ends_with(&"x".repeat(2000)), "{text}");
    // So has an answer to an incomplete request.
    let mut peer = world.client();
    peer.send(&mut world, b"GET /");
    world.now += Limits::DEVICE.head_time;
    let late = ask(&mut world, &mut peer, "");
    assert_eq!((late.status, late.header("Date")), (408, Some("second 199")));
    let mut peer = world.client_of(link::connection().over_capacity(true));
    assert_eq!(ask(&mut world, &mut peer, GET).header("Date"), Some("second 199"));
}
