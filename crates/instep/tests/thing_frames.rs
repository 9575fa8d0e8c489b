//! The frames of a Thing, as docs/reference/wire.md
//! has them: frames that the device sends by itself.

mod link;
mod workshop;

use instep::{App, Limits, Severity};
use link::{Peer, Simulation, frame, inbox};
use workshop::{Bench, asked, open, said, texts};

#[test]
fn first_frame_identifies_thing_then_values_follow() {
    const OTHER: App = App::new("bench", "for tests").thing(&Bench::THING).version("1.2.3");
    const SAME: App = App::new("bench", "of another name").version("1.2.3").thing(&Bench::THING);
    let hash = |app: &'static App| {
        let mut simulation = Simulation::with_app(app, Limits::DEVICE);
        Bench::new(simulation.device).led(true);
        let mut peer = simulation.open("/ws");
        let frames = texts(&mut peer);
        assert_eq!(frames[1..], [r#"{"label":"led","value":true}"#]);
        let hash = frames[0].strip_prefix(r#"{"label":"thing","value":{"wire":1,"hash":""#).unwrap();
        let hash = hash.strip_suffix(r#""}}"#).unwrap().to_string();
        assert_eq!(hash.len(), 16);
        u64::from_str_radix(&hash, 16).unwrap()
    };
    assert_eq!(hash(&workshop::APP), hash(&workshop::APP));
    assert_eq!(hash(&OTHER), hash(&SAME));
    assert_ne!(hash(&workshop::APP), hash(&OTHER), "another version has the same hash");
}

#[test]
fn plain_endpoint_gets_no_frames_of_thing() {
    let mut simulation = Simulation::new(Limits::DEVICE);
    let mut peer = simulation.open("/ws");
    assert_eq!(peer.last.unwrap().wake_at.as_millis(), 10_000, "not the time of the first ping");
    simulation.now = 9_000;
    peer.turn(&mut simulation);
    assert_eq!(peer.take(), b"");
}

#[test]
fn idle_device_sends_keepalive_frame() {
    let mut simulation = workshop::simulation();
    let mut peer = open(&mut simulation);
    let bench = Bench::new(simulation.device);
    let alive = [r#"{"label":"alive"}"#];
    assert_eq!(peer.turn(&mut simulation).wake_at.as_millis(), 5_000);
    simulation.now = 4_999;
    assert_eq!(said(&mut simulation, &mut peer), [""; 0]);
    simulation.now = 5_000;
    assert_eq!(said(&mut simulation, &mut peer), alive);
    assert_eq!(peer.last.unwrap().wake_at.as_millis(), 10_000);
    simulation.now = 8_000;
    bench.led(true);
    assert_eq!(said(&mut simulation, &mut peer), [r#"{"label":"led","value":true}"#]);
    // The keep-alive interval begins here, and pings do not restart it.
    simulation.now = 12_999;
    assert_eq!(texts_without_pings(&mut simulation, &mut peer), [""; 0]);
    simulation.now = 13_000;
    assert_eq!(texts_without_pings(&mut simulation, &mut peer), alive);
    // An event or an answer restarts it as well.
    simulation.now = 17_000;
    bench.said("x");
    assert_eq!(texts_without_pings(&mut simulation, &mut peer).len(), 1);
    simulation.now = 21_999;
    assert_eq!(texts_without_pings(&mut simulation, &mut peer), [""; 0]);
    simulation.now = 22_000;
    assert_eq!(texts_without_pings(&mut simulation, &mut peer), alive);
}

/// Answers pings so that the client is not dropped, and returns the texts.
fn texts_without_pings(simulation: &mut Simulation, peer: &mut Peer) -> Vec<String> {
    peer.send(simulation, &frame(0x8a, b""));
    texts(peer)
}

#[test]
fn client_that_does_not_read_gets_no_keepalive() {
    let mut simulation = workshop::simulation();
    let mut peer = open(&mut simulation);
    peer.window = 3;
    Bench::new(simulation.device).led(true);
    peer.turn(&mut simulation);
    for now in [5_000, 9_000] {
        simulation.now = now;
        peer.turn(&mut simulation);
    }
    peer.window = usize::MAX;
    assert_eq!(said(&mut simulation, &mut peer), [r#"{"label":"led","value":true}"#]);
}

#[test]
fn missed_frame_precedes_later_events() {
    let mut simulation = workshop::simulation();
    let bench = Bench::new(simulation.device);
    let mut peer = open(&mut simulation);
    peer.window = 1;
    bench.said(0);
    peer.turn(&mut simulation);
    for number in 1..=28 {
        bench.said(number);
    }
    // Still stuck within the first one.
    peer.turn(&mut simulation);
    peer.window = usize::MAX;
    let frames = said(&mut simulation, &mut peer);
    let event = |number: i32| format!(r#"{{"label":"said","value":"{number}"}}"#);
    let mut wanted = vec![event(0), r#"{"label":"missed","value":12}"#.to_string()];
    wanted.extend((13..=28).map(event));
    assert_eq!(frames, wanted);
    assert_eq!(simulation.device.counts().events_missed, 12);
    assert_eq!(said(&mut simulation, &mut peer), [""; 0]);
}

#[test]
fn missed_frame_precedes_reply() {
    let mut simulation = workshop::simulation();
    let (mut inbox, mut peer) = (inbox(&simulation), open(&mut simulation));
    let bench = Bench::new(simulation.device);
    peer.send(&mut simulation, &frame(0x81, br#"{"label":"blink","id":7}"#));
    assert_eq!(asked(&simulation, &mut inbox).as_deref(), Some("Blink"));
    for number in 0..20 {
        bench.said(number);
    }
    assert_eq!(asked(&simulation, &mut inbox), None);
    let frames = said(&mut simulation, &mut peer);
    assert_eq!(frames.len(), 18);
    assert_eq!(frames[0], r#"{"label":"missed","value":4}"#);
    assert_eq!(frames[17], r#"{"label":"ok","id":7}"#);
}

#[test]
fn published_values_are_encoded_as_declared() {
    let mut simulation = workshop::simulation();
    let mut peer = open(&mut simulation);
    let bench = Bench::new(simulation.device);
    let mut expect = |json: &str| {
        let frames = said(&mut simulation, &mut peer);
        assert_eq!(frames, if json.is_empty() { vec![] } else { vec![json] });
    };
    bench.led(None);
    expect(r#"{"label":"led","value":null}"#);
    bench.level(12.34);
    expect(r#"{"label":"level","value":12.3}"#);
    bench.heat(21.55);
    expect(r#"{"label":"heat","value":21.55}"#);
    bench.heat(f64::NAN);
    expect(r#"{"label":"heat","value":null}"#);
    bench.heat(None);
    expect(r#"{"label":"heat","value":null}"#);
    bench.door(true);
    expect(r#"{"label":"door","value":true}"#);
    bench.mode("night");
    expect(r#"{"label":"mode","value":"night"}"#);
    bench.mode("nigh");
    expect("");
    bench.mode("nights");
    expect("");
    bench.name(format_args!("<{}>", "b"));
    expect(r#"{"label":"name","value":"\u003cb\u003e"}"#);
    bench.said("\u{2028}");
    expect(r#"{"label":"said","value":"\u2028"}"#);
    bench.lines(Severity::Warning, "hot");
    expect(r#"{"label":"lines","value":{"severity":"warning","message":"hot"}}"#);
    bench.lines(Severity::Error, "x".repeat(300));
    let cut = "x".repeat(256 - 96);
    expect(&format!(r#"{{"label":"lines","value":{{"severity":"error","message":"{cut}…"}}}}"#));
    // None of these matches the declaration.
    Bench::THING.publish(simulation.device, "led", 1.0);
    Bench::THING.publish(simulation.device, "heat", true);
    Bench::THING.publish(simulation.device, "blink", true);
    Bench::THING.publish(simulation.device, "other", true);
    Bench::THING.emit_event(simulation.device, "lines", "x");
    Bench::THING.log(simulation.device, "said", Severity::Info, "x");
    assert_eq!(said(&mut simulation, &mut peer), [""; 0]);
}
