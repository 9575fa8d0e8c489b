//! The headers Connection, Keep-Alive and Date of
//! answers, on the simulated link and its clock.

mod guarded;
mod link;

use guarded::{Answer, exchange_with};
use instep::driver::Date;
use instep::{App, Asset, Limits};
use link::{Peer, Simulation};

const GET: &str = "GET /script.js HTTP/1.1\r\nHost: lamp\r\n\r\n";

fn ask(simulation: &mut Simulation, peer: &mut Peer, request: &str) -> Answer {
    exchange_with(simulation, peer, request)
}

#[test]
fn connection_outlives_advertised_keep_alive() {
    for (idle_time, said) in [(5_000, 4), (15_000, 14), (5_001, 5), (1_999, 1)] {
        let mut simulation = Simulation::new(Limits::DEVICE.with_idle_time(idle_time));
        let mut peer = simulation.client();
        for _ in 0..3 {
            let answer = ask(&mut simulation, &mut peer, GET);
            assert_eq!(answer.header("Keep-Alive"), Some(&*format!("timeout={said}")), "{idle_time}");
            assert_eq!(answer.header("Connection"), None);
            // It is still open after that time, and for a while.
            simulation.now += said * 1000;
            assert!(!peer.turn(&mut simulation).shut_down);
        }
        ask(&mut simulation, &mut peer, GET);
        simulation.now += idle_time - 1;
        assert!(!peer.turn(&mut simulation).shut_down);
        simulation.now += 1;
        assert!(peer.turn(&mut simulation).shut_down);
    }
}

#[test]
fn keep_alive_header_is_sent_only_if_connection_stays() {
    let mut simulation = Simulation::new(Limits::DEVICE);
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
        let mut peer = simulation.client();
        let answer = ask(&mut simulation, &mut peer, &request);
        assert_eq!(answer.header("Keep-Alive"), said.then_some("timeout=4"), "{}", answer.all);
    }
    let mut brief = Simulation::new(Limits::DEVICE.with_idle_time(1_000));
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
    let mut simulation = Simulation::with_app(&LONG, Limits::DEVICE);
    let mut without = simulation.client();
    assert_eq!(ask(&mut simulation, &mut without, GET).header("Date"), None);
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
        simulation.date = Some(Date { seconds: 7, write: |seconds, out| write!(out, "second {seconds}") });
        let mut peer = simulation.client();
        let answer = ask(&mut simulation, &mut peer, &request);
        assert_eq!(answer.header("Date"), Some("second 7"), "{}", answer.all);
    }
    // A head that is written in parts has one date.
    let mut peer = simulation.client();
    peer.window = 0;
    peer.send(&mut simulation, GET.replace("/script.js", "/long").as_bytes());
    for second in 8..200 {
        simulation.date =
            Some(Date { seconds: second, write: |seconds, out| write!(out, "second {seconds}") });
        peer.window = 30;
        peer.turn(&mut simulation);
    }
    let text = String::from_utf8(peer.take()).unwrap();
    assert!(text.contains("\r\nDate: second 7\r\n") && text.ends_with(&"x".repeat(2000)), "{text}");
    // So has an answer to an incomplete request.
    let mut peer = simulation.client();
    peer.send(&mut simulation, b"GET /");
    simulation.now += Limits::DEVICE.head_time;
    let late = ask(&mut simulation, &mut peer, "");
    assert_eq!((late.status, late.header("Date")), (408, Some("second 199")));
    let mut peer = simulation.client_of(link::connection().over_capacity(true));
    assert_eq!(ask(&mut simulation, &mut peer, GET).header("Date"), Some("second 199"));
}
