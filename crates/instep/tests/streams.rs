//! The stream of one property or event, on the simulated
//! link: bare values, as Web of Things clients read them.

mod guarded;
mod link;
mod workshop;

use guarded::{exchange_with, get, request};
use instep::{App, Limits, Severity};
use link::{Peer, World};
use workshop::{APP, Bench};

const BACKLOG: App = App::new("bench", "for tests").thing_with_backlog(&Bench::THING);

/// Opens a stream; returns it with the text behind the head and the retry time.
fn listen_with(world: &mut World, path: &str, headers: &str) -> (Peer, String) {
    let mut peer = world.client_of(link::connection().with_local_port(80));
    let text = format!("GET {path} HTTP/1.1\r\nHost: lamp\r\n{headers}\r\n");
    let answer = exchange_with(world, &mut peer, &text);
    assert_eq!(answer.status, 200, "{}", answer.all);
    assert_eq!(answer.header("Content-Type"), Some("text/event-stream"));
    assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    let rest = answer.body.strip_prefix("retry: 2000\n").expect("the stream begins differently");
    (peer, rest.into())
}

fn listen(world: &mut World, path: &str) -> (Peer, String) {
    listen_with(world, path, "")
}

/// Returns the text received since the last call.
fn text(world: &mut World, peer: &mut Peer) -> String {
    peer.turn(world);
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
        let mut world = workshop::world();
        let bench = Bench::new(world.device);
        bench.led(true);
        bench.name("a\"b");
        bench.heat(1.5);
        let (mut peer, begin) = listen(&mut world, &format!("/properties/{name}/events"));
        assert_eq!(begin.trim_start(), format!("data: {value}\n\n"), "{name}");
        bench.led(false);
        bench.said("not of this");
        bench.name("c");
        bench.heat(None);
        bench.mode("day");
        bench.level(-12.0);
        bench.door(true);
        assert_eq!(text(&mut world, &mut peer), format!("data: {next}\n\n"), "{name}");
        bench.said("nor this");
        assert_eq!(text(&mut world, &mut peer), "");
    }
}

#[test]
fn event_stream_begins_empty_and_has_bare_values() {
    for app in [&APP, &BACKLOG] {
        let mut world = World::with_app(app, Limits::DEVICE);
        world.device.set_boot_id(0xc0f_fee0);
        let bench = Bench::new(world.device);
        bench.led(true);
        bench.said("before any listener");
        let (mut said, begin) = listen(&mut world, "/events/said");
        let (mut lines, _) = listen(&mut world, "/events/lines");
        let numbered = app.has_backlog();
        assert_eq!(begin, if numbered { "id: 0c0ffee0-1\n\n" } else { "\n" });
        let id = |number: u32| if numbered { format!("id: 0c0ffee0-{number}\n") } else { String::new() };
        bench.said("a\nb");
        bench.led(false);
        bench.lines(Severity::Warning, "hot");
        bench.said(r#"","seq":7"#);
        assert_eq!(
            text(&mut world, &mut said),
            format!("{}data: \"a\\nb\"\n\n{}data: \"\\\",\\\"seq\\\":7\"\n\n", id(2), id(4))
        );
        assert_eq!(
            text(&mut world, &mut lines),
            format!("{}data: {{\"severity\":\"warning\",\"message\":\"hot\"}}\n\n", id(3))
        );
    }
}

#[test]
fn returning_event_stream_gets_numbered_events_between() {
    let mut world = World::with_app(&BACKLOG, Limits::DEVICE);
    world.device.set_boot_id(0xc0f_fee0);
    let bench = Bench::new(world.device);
    for number in 1..=4 {
        bench.said(number);
    }
    bench.lines(Severity::Info, "5");
    for (last, events) in [("0c0ffee0-2", "34"), ("0c0ffee0-4", ""), ("0000beef-9", "1234"), ("x", "1234")] {
        let (_, begin) = listen_with(&mut world, "/events/said", &format!("Last-Event-ID: {last}\r\n"));
        let got: String =
            begin.lines().filter_map(|line| line.strip_prefix("data: \"")?.strip_suffix('"')).collect();
        assert_eq!(got, events, "{last}");
    }
}

#[test]
fn slow_stream_gets_latest_value_or_missed_count() {
    let mut world = workshop::world();
    let bench = Bench::new(world.device);
    let (mut level, _) = listen(&mut world, "/properties/level/events");
    let (mut said, _) = listen(&mut world, "/events/said");
    (level.window, said.window) = (0, 0);
    let events = u32::try_from(world.limits.events).unwrap();
    // The first is on its way, and gets stuck.
    for number in 0..=events + 5 {
        bench.level(f64::from(number));
        bench.said(number);
        level.turn(&mut world);
        said.turn(&mut world);
    }
    (level.window, said.window) = (usize::MAX, usize::MAX);
    let last = format!("data: {}.0\n\n", events + 5);
    let levels = text(&mut world, &mut level);
    assert!(levels.ends_with(&last) && !levels.contains("missed"), "{levels}");
    assert!(levels.matches("data").count() < 10, "superseded values were sent");
    let said = text(&mut world, &mut said);
    let (before, after) = said.split_once("event: missed\ndata: ").expect("no missed event");
    let (missed, after) = after.split_once("\n\n").expect("the missed event has no end");
    let missed: u32 = missed.parse().expect("the missed count is not a number");
    let came = before.matches("data: \"").count() + after.matches("data: \"").count();
    assert_eq!(missed + u32::try_from(came).unwrap(), events + 6, "{said}");
    assert!(after.starts_with(&format!("data: \"{}\"\n\n", 6)), "{said}");
    assert_eq!(
        world.device.counts().events_missed,
        u64::from(missed),
        "superseded values are counted as missed"
    );
}

#[test]
fn stream_counts_as_client_and_needs_session() {
    let mut world = World::with_app(&APP, Limits::DEVICE.with_clients(1));
    let (mut first, _) = listen(&mut world, "/events/said");
    assert_eq!(world.device.clients(), 1);
    for path in ["/properties/led/events", "/events/said", "/events"] {
        let full = get(&mut world, path, "");
        assert_eq!((full.status, full.header("Retry-After")), (503, Some("5")), "{path}");
    }
    world.now = 10_000;
    assert_eq!(text(&mut world, &mut first), ":\n\n", "no keep-alive comment");
    assert!(first.end(&mut world).closed);
    assert_eq!(world.device.clients(), 0);

    let mut world = guarded::guard(workshop::world());
    for path in ["/properties/led/events", "/events/said"] {
        assert_eq!(get(&mut world, path, "").status, 401);
        let cookie = guarded::log_in(&mut world, "");
        let elsewhere = format!("{cookie}Origin: http://evil.test\r\n");
        assert_eq!(get(&mut world, path, &elsewhere).status, 403, "{path}");
        let (mut peer, _) = listen_with(&mut world, path, &cookie);
        assert_eq!(guarded::post(&mut world, "/logout", &cookie, "").status, 303);
        assert!(peer.turn(&mut world).shut_down, "the stream outlived its session");
    }
}

#[test]
fn stream_of_unknown_name_or_wrong_method_is_refused() {
    let mut world = workshop::world();
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
        let answer = get(&mut world, path, "");
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.body.starts_with(r#"{"code":"unknown""#), "{path}");
    }
    for path in ["/properties/led/events", "/events/said"] {
        let head = request(&mut world, "HEAD", path, "", "");
        assert_eq!((head.status, head.body.as_str()), (200, ""));
        assert_eq!(head.header("Content-Type"), Some("text/event-stream"));
        let put = request(&mut world, "PUT", path, "", "");
        assert_eq!((put.status, put.header("Allow")), (405, Some("GET, HEAD")));
    }
    assert_eq!(world.device.clients(), 0);
    assert_eq!(get(&mut World::new(Limits::DEVICE), "/properties/led/events", "").status, 404);
}
