//! Backlog: new and returning clients receive the past events that the device still
//! has, with their numbers, over WebSocket and as Server-Sent Events.

mod guarded;
mod link;
mod workshop;

use guarded::exchange_with;
use instep::thing::{Interaction, Kind, Thing};
use instep::{App, Limits, Severity};
use link::{Peer, Simulation};
use workshop::{Bench, open, said, texts};

const APP: App = App::new("bench", "for tests").thing_with_backlog(&Bench::THING);
const START: u32 = 0xc0f_fee0;

fn simulation() -> Simulation {
    let simulation = Simulation::with_app(&APP, Limits::DEVICE);
    simulation.device.set_boot_id(START);
    simulation
}

fn event(number: u64) -> String {
    format!(r#"{{"label":"said","value":"{number}","seq":{number}}}"#)
}

#[test]
fn late_client_gets_backlog_then_live_events() {
    let mut simulation = simulation();
    let bench = Bench::new(simulation.device);
    bench.door(false);
    bench.said("a\"b");
    bench.led(true);
    bench.lines(Severity::Warning, "hot");
    bench.door(true);
    let past = [
        r#"{"label":"said","value":"a\"b","seq":1}"#,
        r#"{"label":"led","value":true}"#,
        r#"{"label":"lines","value":{"severity":"warning","message":"hot"},"seq":2}"#,
        r#"{"label":"door","value":true}"#,
    ];
    let mut peer = simulation.open("/ws");
    let frames = texts(&mut peer);
    assert!(frames[0].starts_with(r#"{"label":"thing","value":{"wire":1,"hash":""#), "{frames:?}");
    assert!(frames[0].ends_with(r#"","start":"0c0ffee0"}}"#), "{frames:?}");
    assert_eq!(frames[1..], past);
    bench.said("c");
    let new = r#"{"label":"said","value":"c","seq":3}"#;
    assert_eq!(said(&mut simulation, &mut peer), [new]);
    // A returning client gets all of it again.
    peer.end(&mut simulation);
    let mut again = simulation.open("/ws");
    assert_eq!(texts(&mut again)[1..], [&past[..], &[new]].concat());
    assert_eq!(simulation.device.counts().events_missed, 0);
}

#[test]
fn overwritten_events_are_not_missed_by_new_client() {
    let mut simulation = simulation();
    let bench = Bench::new(simulation.device);
    let kept = u64::try_from(simulation.limits.events).unwrap();
    let all = kept + 9;
    let mut slow = open(&mut simulation);
    for number in 1..=all {
        bench.said(number);
    }
    let mut peer = simulation.open("/ws");
    assert_eq!(texts(&mut peer)[1..], (10..=all).map(event).collect::<Vec<_>>());
    assert_eq!(simulation.device.counts().events_missed, 0);
    // A client that was connected has missed some.
    let frames = said(&mut simulation, &mut slow);
    assert_eq!((frames[0].as_str(), &frames[1]), (r#"{"label":"missed","value":9}"#, &event(10)));

    // From its first turn on, a new client is like any other.
    let mut stuck = simulation.client();
    stuck.window = 200;
    stuck.send(&mut simulation, link::upgrade("/ws").as_bytes());
    for number in all + 1..=all + 5 {
        bench.said(number);
    }
    stuck.window = usize::MAX;
    stuck.turn(&mut simulation);
    let end = link::find(&stuck.received, b"\r\n\r\n").expect("no answer") + 4;
    stuck.received.drain(..end);
    let frames = texts(&mut stuck);
    assert_eq!(frames[1], r#"{"label":"missed","value":5}"#);
    assert_eq!(frames[2..], (15..=all + 5).map(event).collect::<Vec<_>>());
}

#[test]
fn event_numbers_count_only_sent_events() {
    let mut simulation = simulation();
    let bench = Bench::new(simulation.device);
    bench.said("1");
    bench.said("x".repeat(300));
    bench.led(true);
    bench.said("2");
    simulation.device.emit("of another kind");
    bench.said("4");
    let mut peer = open(&mut simulation);
    let last = said(&mut simulation, &mut peer);
    assert_eq!(last, [""; 0], "the first turn did not deliver everything");
    let mut peer = simulation.open("/ws");
    let led = r#"{"label":"led","value":true}"#.to_string();
    assert_eq!(texts(&mut peer)[1..], [event(1), led, event(2), "of another kind".into(), event(4)]);
}

#[test]
fn log_line_is_cut_to_fit_its_number() {
    const NAME: &str = "abcdefghijklmnopqrstuvwxyz012345";
    const LOG: Thing = Thing::new("Log", &[Interaction::new(NAME, "Log", Kind::Log)]);
    const APP: App = App::new("log", "with the longest name").thing_with_backlog(&LOG);
    let mut simulation = Simulation::with_app(&APP, Limits::DEVICE);
    let mut peer = open(&mut simulation);
    for number in 1..=1_000 {
        LOG.log(simulation.device, NAME, Severity::Warning, "\"".repeat(300));
        let frames = said(&mut simulation, &mut peer);
        let end = format!("…\"}},\"seq\":{number}}}");
        assert!(frames.first().is_some_and(|frame| frame.ends_with(&end)), "{number}: {frames:?}");
    }
}

#[test]
fn device_without_boot_id_sends_no_event_ids() {
    let mut simulation = Simulation::with_app(&APP, Limits::DEVICE);
    Bench::new(simulation.device).said(1);
    let mut peer = simulation.open("/ws");
    let frames = texts(&mut peer);
    assert!(!frames[0].contains("start"), "{frames:?}");
    assert_eq!(frames[1..], [event(1)]);
    let mut listener = listen(&mut simulation, "Last-Event-ID: 00000000-1\r\n");
    assert!(!take_text(&mut simulation, &mut listener).contains("id:"), "an id was sent without a boot id");
    simulation.device.set_boot_id(0);
    assert!(texts(&mut simulation.open("/ws"))[0].ends_with(r#","start":"00000001"}}"#));
}

#[test]
fn application_without_backlog_sends_no_past_events() {
    let mut simulation = workshop::simulation();
    simulation.device.set_boot_id(START);
    let bench = Bench::new(simulation.device);
    bench.said("before");
    let mut peer = simulation.open("/ws");
    let frames = texts(&mut peer);
    assert_eq!(frames.len(), 1, "{frames:?}");
    assert!(!frames[0].contains("start"), "{frames:?}");
    bench.said("now");
    assert_eq!(said(&mut simulation, &mut peer), [r#"{"label":"said","value":"now"}"#]);
    let mut listener = listen(&mut simulation, "Last-Event-ID: 0c0ffee0-0\r\n");
    assert!(!take_text(&mut simulation, &mut listener).contains("said"));
    bench.said("now");
    assert_eq!(take_text(&mut simulation, &mut listener), "data: {\"label\":\"said\",\"value\":\"now\"}\n\n");
}

/// Opens an event stream and drops its first event, `thing`.
fn listen(simulation: &mut Simulation, headers: &str) -> Peer {
    let mut peer = simulation.client();
    let request = format!("GET /events HTTP/1.1\r\nHost: lamp\r\n{headers}\r\n");
    let answer = exchange_with(simulation, &mut peer, &request);
    assert_eq!(answer.status, 200, "{}", answer.all);
    peer.received = answer.body.split_once("\n\n").expect("no first event").1.into();
    peer
}

fn take_text(simulation: &mut Simulation, peer: &mut Peer) -> String {
    peer.turn(simulation);
    String::from_utf8(peer.take()).expect("not UTF-8")
}

#[test]
fn event_source_resumes_after_last_event_id() {
    let mut simulation = simulation();
    let bench = Bench::new(simulation.device);
    bench.led(true);
    for number in 1..=3 {
        bench.said(number);
    }
    let event = |number: u64| format!("id: 0c0ffee0-{number}\ndata: {}\n\n", event(number));
    let led = "data: {\"label\":\"led\",\"value\":true}\n\n".to_string();
    let all = |numbers: std::ops::RangeInclusive<u64>| led.clone() + &numbers.map(event).collect::<String>();
    let mut peer = listen(&mut simulation, "");
    assert_eq!(take_text(&mut simulation, &mut peer), all(1..=3));
    bench.said(4);
    assert_eq!(take_text(&mut simulation, &mut peer), event(4));
    let mut again = |last: &str, numbers| {
        let mut peer = listen(&mut simulation, &format!("Last-Event-ID: {last}\r\n"));
        assert_eq!(take_text(&mut simulation, &mut peer), all(numbers), "{last}");
        peer.end(&mut simulation);
    };
    again("0c0ffee0-2", 3..=4);
    again("C0FFEE0-2", 3..=4);
    again("0c0ffee0-0", 1..=4);
    #[expect(clippy::reversed_empty_ranges, reason = "it has had all of them")]
    again("0c0ffee0-4", 5..=4);
    // The id is of another start, or no id that the device sent.
    for last in
        ["0c0ffee1-2", "2", "-2", "0c0ffee0-", "0c0ffee0-x", "0c0ffee0-99999999999999999999", "0c0ffee0-2-2"]
    {
        again(last, 1..=4);
    }
    #[expect(clippy::reversed_empty_ranges, reason = "it has had all that there will be for long")]
    again("0c0ffee0-18446744073709551615", 5..=4);
    // The numbers show what the ring has dropped meanwhile.
    for number in 5..=22 {
        bench.said(number);
    }
    let mut late = listen(&mut simulation, "Last-Event-ID: 0c0ffee0-4\r\n");
    assert_eq!(take_text(&mut simulation, &mut late), all(7..=22));
    let said = take_text(&mut simulation, &mut peer);
    assert!(said.starts_with("data: {\"label\":\"missed\",\"value\":2}\n\nid: 0c0ffee0-7\n"), "{said}");
    assert_eq!(simulation.device.counts().events_missed, 2, "only the connected client missed events");
}
