//! The stream of one property or event, on the simulated
//! link: bare values, as Web of Things clients read them.

mod guarded;
mod link;
mod workshop;

use guarded::{exchange_with, get, request};
use instep::{App, Limits, Severity};
use link::{Peer, Simulation};
use workshop::{APP, Bench};

const BACKLOG: App = App::new("bench", "for tests").thing_with_backlog(&Bench::THING);

/// Opens a stream; returns it with the text behind the head and the retry time.
fn listen_with(simulation: &mut Simulation, path: &str, headers: &str) -> (Peer, String) {
    let mut peer = simulation.client_of(link::connection().with_local_port(80));
    let text = format!("GET {path} HTTP/1.1\r\nHost: lamp\r\n{headers}\r\n");
    let answer = exchange_with(simulation, &mut peer, &text);
    assert_eq!(answer.status, 200, "{}", answer.all);
    assert_eq!(answer.header("Content-Type"), Some("text/event-stream"));
    assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    let rest = answer.body.strip_prefix("retry: 2000\n").expect("the stream begins differently");
    (peer, rest.into())
}

fn listen(simulation: &mut Simulation, path: &str) -> (Peer, String) {
    listen_with(simulation, path, "")
}

/// Returns the text received since the last call.
fn text(simulation: &mut Simulation, peer: &mut Peer) -> String {
    peer.turn(simulation);
    String::from_utf8(peer.take()).expect("not UTF-8")
}

#[test]
fn property_stream_begins_with_present_value() {
    for (name, value, next) in [
        ("led", "true", "false"),
        ("name", r#""a\"b""#, r#""c""#),
        ("heat", "1.50", "null"),
        ("mode", "null", r#""day""#),
        ("level", "null", "-12.0"),
        ("door", "null", "true"),
    ] {
        let mut simulation = workshop::simulation();
        let bench = Bench::new(simulation.device);
        bench.led(true);
        bench.name("a\"b");
        bench.heat(1.5);
        let (mut peer, begin) = listen(&mut simulation, &format!("/properties/{name}/events"));
        assert_eq!(begin.trim_start(), format!("data: {value}\n\n"), "{name}");
        bench.led(false);
        bench.said("not of this");
        bench.name("c");
        bench.heat(None);
        bench.mode("day");
        bench.level(-12.0);
        bench.door(true);
        assert_eq!(text(&mut simulation, &mut peer), format!("data: {next}\n\n"), "{name}");
        bench.said("nor this");
        assert_eq!(text(&mut simulation, &mut peer), "");
    }
}

#[test]
fn event_stream_begins_empty_and_has_bare_values() {
    for app in [&APP, &BACKLOG] {
        let mut simulation = Simulation::with_app(app, Limits::DEVICE);
        simulation.device.set_boot_id(0xc0f_fee0);
        let bench = Bench::new(simulation.device);
        bench.led(true);
        bench.said("before any listener");
        let (mut said, begin) = listen(&mut simulation, "/events/said");
        let (mut lines, _) = listen(&mut simulation, "/events/lines");
        let numbered = app.has_backlog();
        assert_eq!(begin, if numbered { "id: 0c0ffee0-1\n\n" } else { "\n" });
        let id = |number: u32| if numbered { format!("id: 0c0ffee0-{number}\n") } else { String::new() };
        bench.said("a\nb");
        bench.led(false);
        bench.lines(Severity::Warning, "hot");
        bench.said(r#"","seq":7"#);
        assert_eq!(
            text(&mut simulation, &mut said),
            format!("{}data: \"a\\nb\"\n\n{}data: \"\\\",\\\"seq\\\":7\"\n\n", id(2), id(4))
        );
        assert_eq!(
            text(&mut simulation, &mut lines),
            format!("{}data: {{\"severity\":\"warning\",\"message\":\"hot\"}}\n\n", id(3))
        );
    }
}

#[test]
fn returning_event_stream_gets_numbered_events_between() {
    let mut simulation = Simulation::with_app(&BACKLOG, Limits::DEVICE);
    simulation.device.set_boot_id(0xc0f_fee0);
    let bench = Bench::new(simulation.device);
    for number in 1..=4 {
        bench.said(number);
    }
    bench.lines(Severity::Info, "5");
    for (last, events) in [("0c0ffee0-2", "34"), ("0c0ffee0-4", ""), ("0000beef-9", "1234"), ("x", "1234")] {
        let (_, begin) = listen_with(&mut simulation, "/events/said", &format!("Last-Event-ID: {last}\r\n"));
        let got: String =
            begin.lines().filter_map(|line| line.strip_prefix("data: \"")?.strip_suffix('"')).collect();
        assert_eq!(got, events, "{last}");
    }
}

#[test]
fn slow_stream_gets_latest_value_or_missed_count() {
    let mut simulation = workshop::simulation();
    let bench = Bench::new(simulation.device);
    let (mut level, _) = listen(&mut simulation, "/properties/level/events");
    let (mut said, _) = listen(&mut simulation, "/events/said");
    (level.window, said.window) = (0, 0);
    let events = u32::try_from(simulation.limits.events).unwrap();
    // The first is on its way, and gets stuck.
    for number in 0..=events + 5 {
        bench.level(f64::from(number));
        bench.said(number);
        level.turn(&mut simulation);
        said.turn(&mut simulation);
    }
    (level.window, said.window) = (usize::MAX, usize::MAX);
    let last = format!("data: {}.0\n\n", events + 5);
    let levels = text(&mut simulation, &mut level);
    assert!(levels.ends_with(&last) && !levels.contains("missed"), "{levels}");
    assert!(levels.matches("data").count() < 10, "superseded values were sent");
    let said = text(&mut simulation, &mut said);
    let (before, after) = said.split_once("event: missed\ndata: ").expect("no missed event");
    let (missed, after) = after.split_once("\n\n").expect("the missed event has no end");
    let missed: u32 = missed.parse().expect("the missed count is not a number");
    let came = before.matches("data: \"").count() + after.matches("data: \"").count();
    assert_eq!(missed + u32::try_from(came).unwrap(), events + 6, "{said}");
    assert!(after.starts_with(&format!("data: \"{}\"\n\n", 6)), "{said}");
    assert_eq!(
        simulation.device.counts().events_missed,
        u64::from(missed),
        "superseded values are counted as missed"
    );
}

#[test]
fn stream_counts_as_client_and_needs_session() {
    let mut simulation = Simulation::with_app(&APP, Limits::DEVICE.with_clients(1));
    let (mut first, _) = listen(&mut simulation, "/events/said");
    assert_eq!(simulation.device.clients(), 1);
    for path in ["/properties/led/events", "/events/said", "/events"] {
        let full = get(&mut simulation, path, "");
        assert_eq!((full.status, full.header("Retry-After")), (503, Some("5")), "{path}");
    }
    simulation.now = 10_000;
    assert_eq!(text(&mut simulation, &mut first), ":\n\n", "no keep-alive comment");
    assert!(first.end(&mut simulation).closed);
    assert_eq!(simulation.device.clients(), 0);

    let mut simulation = guarded::guard(workshop::simulation());
    for path in ["/properties/led/events", "/events/said"] {
        assert_eq!(get(&mut simulation, path, "").status, 401);
        let cookie = guarded::log_in(&mut simulation, "");
        let elsewhere = format!("{cookie}Origin: http://evil.test\r\n");
        assert_eq!(get(&mut simulation, path, &elsewhere).status, 403, "{path}");
        let (mut peer, _) = listen_with(&mut simulation, path, &cookie);
        assert_eq!(guarded::post(&mut simulation, "/logout", &cookie, "").status, 303);
        assert!(peer.turn(&mut simulation).shut_down, "the stream outlived its session");
    }
}

#[test]
fn stream_of_unknown_name_or_wrong_method_is_refused() {
    let mut simulation = workshop::simulation();
    for path in [
        "/events/led",
        "/events/",
        "/events/none",
        "/events/said/",
        "/events/said/events",
        "/properties/none/events",
        "/properties/said/events",
        "/properties/blink/events",
        "/properties/led/events/",
        "/properties/led/Events",
        "/properties//events",
        "/actions/blink/events",
    ] {
        let answer = get(&mut simulation, path, "");
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.body.starts_with(r#"{"code":"unknown""#), "{path}");
    }
    for path in ["/properties/led/events", "/events/said"] {
        let head = request(&mut simulation, "HEAD", path, "", "");
        assert_eq!((head.status, head.body.as_str()), (200, ""));
        assert_eq!(head.header("Content-Type"), Some("text/event-stream"));
        let put = request(&mut simulation, "PUT", path, "", "");
        assert_eq!((put.status, put.header("Allow")), (405, Some("GET, HEAD")));
    }
    assert_eq!(simulation.device.clients(), 0);
    assert_eq!(get(&mut Simulation::new(Limits::DEVICE), "/properties/led/events", "").status, 404);
}
