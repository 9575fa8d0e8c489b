//! Server-Sent Events, and the upgrade probe, on the simulated link.

mod guarded;
mod link;
mod workshop;

use guarded::{exchange_with, get, request};
use instep::driver::{CloseCode, DropReason};
use instep::{Instant, Limits, Severity};
use link::{Peer, Simulation};
use workshop::{APP, Bench};

fn listen_with(simulation: &mut Simulation, headers: &str) -> Peer {
    let mut peer = simulation.client_of(link::connection().with_local_port(80));
    let answer =
        exchange_with(simulation, &mut peer, &format!("GET /events HTTP/1.1\r\nHost: lamp\r\n{headers}\r\n"));
    assert_eq!(answer.status, 200, "{}", answer.all);
    assert_eq!(answer.header("Content-Type"), Some("text/event-stream"));
    assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    assert_eq!((answer.header("Content-Length"), answer.header("Connection")), (None, Some("close")));
    let begin = "retry: 2000\ndata: {\"label\":\"thing\",\"value\":{\"wire\":1,\"hash\":\"";
    let rest = answer.body.strip_prefix(begin).expect("the stream begins differently");
    peer.received = rest.split_once("\n\n").expect("the first event has no end").1.into();
    peer
}

fn listen(simulation: &mut Simulation) -> Peer {
    listen_with(simulation, "")
}

/// Returns the text received since the last call.
fn text(simulation: &mut Simulation, peer: &mut Peer) -> String {
    peer.turn(simulation);
    String::from_utf8(peer.take()).expect("not UTF-8")
}

#[test]
fn listener_gets_state_then_changes_in_order() {
    let mut simulation = workshop::simulation();
    let bench = Bench::new(simulation.device);
    bench.led(true);
    bench.heat(1.5);
    bench.said("before any listener");
    let mut peer = listen(&mut simulation);
    assert_eq!(
        text(&mut simulation, &mut peer),
        "data: {\"label\":\"led\",\"value\":true}\n\ndata: {\"label\":\"heat\",\"value\":1.50}\n\n"
    );
    bench.said("a\nb");
    bench.led(false);
    bench.lines(Severity::Warning, "hot");
    assert_eq!(
        text(&mut simulation, &mut peer),
        "data: {\"label\":\"said\",\"value\":\"a\\nb\"}\n\ndata: {\"label\":\"led\",\"value\":false}\n\n\
         data: {\"label\":\"lines\",\"value\":{\"severity\":\"warning\",\"message\":\"hot\"}}\n\n"
    );
    assert_eq!(text(&mut simulation, &mut peer), "");
    assert!(peer.send(&mut simulation, b"GET / HTTP/1.1\r\nHost: lamp\r\n\r\n").wants_read);
    assert_eq!(text(&mut simulation, &mut peer), "", "a request behind the stream was answered");
    let mut again = listen(&mut simulation);
    assert!(
        text(&mut simulation, &mut again).contains("\"led\",\"value\":false"),
        "a new stream does not begin with the whole state"
    );
}

#[test]
fn slow_listener_gets_latest_values_and_missed_count() {
    let mut simulation = workshop::simulation();
    let bench = Bench::new(simulation.device);
    let mut peer = listen(&mut simulation);
    let mut all = String::new();
    let events = simulation.limits.events;
    for number in 0..400_u32 {
        bench.level(f64::from(number % 100));
        bench.said(number);
        peer.window = if number < 300 { 3 } else { 97 };
        all += &text(&mut simulation, &mut peer);
    }
    peer.window = usize::MAX;
    all += &text(&mut simulation, &mut peer);
    assert!(all.ends_with("\n\n"));
    let (mut next, mut missed, mut level) = (0, 0_u32, String::new());
    for event in all.trim_end().split("\n\n") {
        let event = event.strip_prefix("data: {\"label\":\"").expect("an event is cut");
        if let Some(rest) = event.strip_prefix("missed\",\"value\":") {
            missed = rest.trim_end_matches('}').parse().expect("the missed count is not a number");
            assert!(missed > 0);
            next += missed;
        } else if let Some(rest) = event.strip_prefix("said\",\"value\":\"") {
            assert_eq!(
                rest.trim_end_matches("\"}").parse(),
                Ok(next),
                "events are out of order, repeated, or lost without a count"
            );
            next += 1;
        } else {
            level = event.into();
        }
    }
    assert_eq!((next, level.as_str()), (400, "level\",\"value\":99.0}"));
    assert!(missed > 0 && simulation.device.counts().events_missed > 0 && events < 300);
}

#[test]
fn listener_counts_as_client_until_it_leaves() {
    let mut simulation = Simulation::with_app(&APP, Limits::DEVICE.with_clients(2));
    let mut inbox = link::inbox(&simulation);
    let mut first = listen(&mut simulation);
    let _second = simulation.open("/ws");
    assert_eq!(simulation.device.clients(), 2);
    let full = get(&mut simulation, "/events", "");
    assert_eq!((full.status, full.header("Retry-After")), (503, Some("5")));
    assert!(first.end(&mut simulation).closed);
    assert_eq!(simulation.device.clients(), 1);
    let closed: Vec<_> = simulation.device.counts().closed().filter(|(_, count)| *count > 0).collect();
    assert_eq!(closed, [("1000", 1)]);
    let mut third = listen(&mut simulation);
    assert!(third.client.is_open() && third.client.slot().is_some());
    third.client.close(CloseCode::GOING_AWAY, &mut simulation.context());
    assert!(third.turn(&mut simulation).shut_down);
    let mut fourth = listen(&mut simulation);
    fourth.client.abandon(&mut simulation.context());
    assert_eq!(simulation.device.clients(), 1);
    assert_eq!(
        workshop::asked(&simulation, &mut inbox),
        None,
        "the application got a message from a listener"
    );
}

#[test]
fn idle_stream_gets_comment_every_ten_seconds() {
    let mut simulation = workshop::simulation();
    let mut peer = listen(&mut simulation);
    for round in 1..4 {
        assert_eq!(peer.last.unwrap().wake_at, Instant::from_millis(round * 10_000));
        simulation.now = round * 10_000 - 1;
        assert_eq!(text(&mut simulation, &mut peer), "");
        simulation.now += 1;
        assert_eq!(text(&mut simulation, &mut peer), ":\n\n");
    }
    peer.window = 0;
    Bench::new(simulation.device).led(true);
    peer.turn(&mut simulation);
    simulation.now += simulation.limits.write_stall;
    assert!(peer.turn(&mut simulation).closed, "a stalled listener was not dropped");
    assert_eq!(simulation.device.counts().dropped(DropReason::WriteStall), 1);
    assert_eq!(simulation.device.clients(), 0);
}

#[test]
fn listener_is_checked_and_ends_with_its_session() {
    let mut simulation = guarded::guard(workshop::simulation());
    assert_eq!(get(&mut simulation, "/events", "").status, 401);
    let cookie = guarded::log_in(&mut simulation, "");
    let elsewhere =
        format!("{cookie}Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: cors\r\nOrigin: http://evil.test\r\n");
    assert_eq!(get(&mut simulation, "/events", &elsewhere).status, 403);
    let older = format!("{cookie}Origin: http://evil.test\r\n");
    assert_eq!(
        get(&mut simulation, "/events", &older).status,
        403,
        "a foreign request passed with an older browser's headers"
    );
    let mut peer = listen_with(&mut simulation, &cookie);
    assert_eq!(guarded::post(&mut simulation, "/logout", &cookie, "").status, 303);
    assert!(peer.turn(&mut simulation).shut_down, "the stream outlived the log-out");
    assert_eq!(simulation.device.clients(), 0);

    let cookie = guarded::log_in(&mut simulation, "");
    let mut peer = listen_with(&mut simulation, &cookie);
    simulation.now += 30 * guarded::DAY;
    assert!(peer.turn(&mut simulation).shut_down, "the stream outlived the session");
    let head = request(&mut simulation, "HEAD", "/events", &format!("{}\r\n", guarded::BASIC), "");
    assert_eq!(
        (head.status, head.header("Content-Type"), simulation.device.clients()),
        (200, Some("text/event-stream"), 0)
    );
    let post = request(&mut simulation, "POST", "/events", &format!("{}\r\n", guarded::BASIC), "");
    assert_eq!((post.status, post.header("Allow")), (405, Some("GET, HEAD")));
}

#[test]
fn application_without_thing_has_no_events() {
    assert_eq!(get(&mut Simulation::new(Limits::DEVICE), "/events", "").status, 404);
}

/// Returns the status and the CORS header, which must let any page read it.
fn why(simulation: &mut Simulation, query: &str, headers: &str) -> (u16, Option<String>) {
    let answer = get(simulation, &format!("/ws?{query}"), headers);
    if answer.status != 426 {
        assert_eq!(answer.header("Access-Control-Allow-Origin"), Some("*"), "{}", answer.all);
    }
    (answer.status, answer.header("Retry-After").map(String::from))
}

#[test]
fn upgrade_probe_says_why_websocket_does_not_open() {
    let cross = "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: cors\r\nOrigin: http://evil.test\r\n";
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let mut simulation = Simulation::new(Limits::DEVICE.with_clients(1));
    for (query, headers, status) in [
        ("why=http://lamp", "", 204),
        ("why=http%3A%2F%2Flamp", "", 204),
        ("a=b&why=http://lamp", cross, 204),
        ("why=", cross, 204),
        ("why=http://lamp", upgrade, 204),
        ("why=http://evil.test", "", 403),
        ("why=http://evil.test", cross, 403),
        ("why=null", "", 403),
        ("why=%zz", "", 403),
        ("why=%ff", "", 403),
        ("why=a&why=a", "", 403),
        ("whyever=http://lamp", "", 426),
        ("why", "", 426),
    ] {
        assert_eq!(why(&mut simulation, query, headers).0, status, "{query} {headers}");
    }
    let long = format!("why=http://{}", "x".repeat(400));
    assert_eq!(why(&mut simulation, &long, "").0, 403);
    assert_eq!(simulation.device.clients(), 0, "a probe opened a client");
    let rebound = "GET /ws?why=http://evil.test HTTP/1.1\r\nHost: evil.test\r\n\r\n";
    let mut peer = simulation.client();
    assert_eq!(exchange_with(&mut simulation, &mut peer, rebound).status, 421);
    let elsewhere = get(&mut simulation, "/?why=http://lamp", "");
    assert_eq!((elsewhere.status, elsewhere.header("Access-Control-Allow-Origin")), (200, None));
    let head = request(&mut simulation, "HEAD", "/ws?why=http://evil.test", "", "");
    assert_eq!((head.status, head.body.as_str()), (403, ""));

    let _client = simulation.open("/ws");
    assert_eq!(why(&mut simulation, "why=http://lamp", cross), (503, Some("5".into())));
    assert_eq!(why(&mut simulation, "why=http://evil.test", "").0, 403);

    let mut refused = simulation.client_of(link::connection().over_capacity(true));
    let answer = exchange_with(
        &mut simulation,
        &mut refused,
        "GET /ws?why=http://lamp HTTP/1.1\r\nHost: lamp\r\n\r\n",
    );
    assert_eq!((answer.status, answer.header("Access-Control-Allow-Origin")), (503, Some("*")));
}

#[test]
fn upgrade_probe_asks_for_log_in_without_dialogue() {
    let mut simulation = guarded::guarded();
    let browser = "User-Agent: Mozilla/5.0\r\nAccept: text/html\r\n";
    let answer = get(&mut simulation, "/ws?why=http://lamp", browser);
    assert_eq!((answer.status, answer.header("Access-Control-Allow-Origin")), (401, Some("*")));
    assert_eq!(answer.header("WWW-Authenticate"), Some("Bearer realm=\"instep\""));
    assert_eq!(why(&mut simulation, "why=http://evil.test", "").0, 403);
    let cookie = guarded::log_in(&mut simulation, "");
    assert_eq!(why(&mut simulation, "why=http://lamp", &cookie).0, 204);
}
