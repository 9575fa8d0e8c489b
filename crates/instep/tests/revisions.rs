//! Revisions: the effects of `?revision` on streams and WebSockets, and the header
//! of answers, as docs/contracts.md has them.

mod guarded;
mod link;
mod thing_request;
mod workshop;

use guarded::exchange_with;
use instep::{App, Limits, Responder};
use link::{Peer, Simulation, inbox};
use thing_request::{JSON, ask};
use workshop::{Bench, said, texts};

const START: u32 = 0xc0f_fee0;
const LED_ON: &str = "data: {\"label\":\"led\",\"value\":true}\n\n";

fn simulation() -> Simulation {
    let simulation = workshop::simulation();
    simulation.device.set_boot_id(START);
    simulation
}

/// Opens a stream; returns it with the text that follows the first frame at once.
fn listen(simulation: &mut Simulation, query: &str, headers: &str) -> (Peer, String) {
    let mut peer = simulation.client();
    let request = format!("GET /events{query} HTTP/1.1\r\nHost: lamp\r\n{headers}\r\n");
    let answer = exchange_with(simulation, &mut peer, &request);
    assert_eq!(answer.status, 200, "{}", answer.all);
    let rest = answer
        .body
        .strip_prefix("retry: 2000\ndata: {\"label\":\"thing\"")
        .expect("the stream begins differently");
    let begin = rest.split_once("\n\n").expect("the first frame has no end").1.to_owned();
    let more = text(simulation, &mut peer);
    (peer, begin + &more)
}

/// Returns the text received since the last call.
fn text(simulation: &mut Simulation, peer: &mut Peer) -> String {
    peer.turn(simulation);
    String::from_utf8(peer.take()).expect("not UTF-8")
}

/// Returns the event for "everything up to
/// `revision` has arrived", `seq` events among it.
fn up_to(seq: u64, revision: u64) -> String {
    format!("id: 0c0ffee0-{seq}\ndata: {{\"label\":\"alive\",\"value\":{revision}}}\n\n")
}

#[test]
fn stream_with_revision_gets_position_of_its_data() {
    let mut simulation = simulation();
    let bench = Bench::new(simulation.device);
    let (mut early, begin) = listen(&mut simulation, "?revision", "");
    assert_eq!(begin, up_to(0, 0), "a position without a publish is wrong");
    bench.led(true);
    bench.said("a");
    bench.said("b");
    let said = ["a", "b"].map(|text| format!("data: {{\"label\":\"said\",\"value\":\"{text}\"}}\n\n"));
    assert_eq!(text(&mut simulation, &mut early), format!("{LED_ON}{}{}", said.concat(), up_to(2, 3)));
    assert_eq!(text(&mut simulation, &mut early), "", "once");
    for query in ["?revision", "?revision=", "?a=b&revision&c", "?revision=0badf00d-1", "?revision=x"] {
        let (mut peer, begin) = listen(&mut simulation, query, "");
        assert_eq!(begin, format!("{LED_ON}{}", up_to(2, 3)), "{query}: past events are not counted");
        peer.end(&mut simulation);
    }
    for query in ["", "?", "?revisions", "?a=revision", "?Revision"] {
        let (mut other, begin) = listen(&mut simulation, query, "Last-Event-ID: 0c0ffee0-1\r\n");
        assert_eq!(begin, LED_ON, "{query}");
        bench.said("c");
        assert_eq!(text(&mut simulation, &mut other), "data: {\"label\":\"said\",\"value\":\"c\"}\n\n");
        other.end(&mut simulation);
    }
    // Without a boot id there is no position.
    let mut nameless = workshop::simulation();
    let (_, begin) = listen(&mut nameless, "?revision", "");
    assert_eq!(begin, "data: {\"label\":\"alive\",\"value\":0}\n\n");
}

#[test]
fn slow_stream_gets_revisions_but_never_one_too_high() {
    let mut simulation = simulation();
    let bench = Bench::new(simulation.device);
    let (mut peer, begin) = listen(&mut simulation, "?revision", "");
    let mut all = begin;
    let mut revisions_while_behind = 0;
    for number in 0..400_u32 {
        bench.level(f64::from(number % 100));
        bench.said(number);
        peer.window = if number == 399 { usize::MAX } else { 41 };
        let part = text(&mut simulation, &mut peer);
        revisions_while_behind += usize::from(number < 399 && part.contains("alive"));
        all += &part;
    }
    let (mut had, mut events) = (0, 0);
    for block in all.trim_end().split("\n\n") {
        let data = block.lines().find_map(|line| line.strip_prefix("data: ")).expect("no data");
        let value =
            data.split_once("\"value\":").expect("no value").1.trim_end_matches('}').trim_matches('"');
        if data.contains("alive") {
            let revision: u64 = value.parse().expect("the revision is not a number");
            assert!(had == 0 || revision > had);
            // Each round published a value and an event.
            assert!(
                events <= revision.div_ceil(2) && revision / 2 <= events,
                "{revision} with {events} events"
            );
            assert!(block.starts_with(&format!("id: 0c0ffee0-{events}\n")), "{block}");
            had = revision;
        } else if data.contains("missed") {
            events += value.parse::<u64>().expect("the value is not a number");
        } else if data.contains("said") {
            events += 1;
        }
    }
    assert_eq!((had, events), (800, 400));
    assert!(revisions_while_behind > 5, "{revisions_while_behind}");
}

#[test]
fn returning_stream_gets_exact_missed_count() {
    let mut simulation = simulation();
    let bench = Bench::new(simulation.device);
    for number in 0..3_u32 {
        bench.said(number);
    }
    let (_, begin) = listen(&mut simulation, "?revision=0c0ffee0-3", "");
    assert_eq!(begin, up_to(3, 3), "none");
    for number in 0..40_u32 {
        bench.said(number);
    }
    let missed = |count| format!("data: {{\"label\":\"missed\",\"value\":{count}}}\n\n{}", up_to(43, 43));
    for (query, headers) in [
        ("?revision=0c0ffee0-3", ""),
        ("?revision", "Last-Event-ID: 0c0ffee0-3\r\n"),
        ("?revision=0c0ffee0-3", "Last-Event-ID: 0c0ffee0-9\r\n"),
    ] {
        assert_eq!(listen(&mut simulation, query, headers).1, missed(40), "{query} {headers}");
    }
    assert_eq!(listen(&mut simulation, "?revision=0c0ffee0-42", "").1, missed(1));
    for query in ["?revision=0c0ffee0-43", "?revision=0c0ffee0-99", "?revision=0c0ffee1-3"] {
        assert_eq!(listen(&mut simulation, query, "").1, up_to(43, 43), "{query}");
    }
}

#[test]
fn missed_count_with_backlog_is_of_overwritten_events() {
    const APP: App = App::new("bench", "for tests").thing_with_backlog(&Bench::THING);
    let mut simulation = Simulation::with_app(&APP, Limits::DEVICE.with_events(4));
    simulation.device.set_boot_id(START);
    let bench = Bench::new(simulation.device);
    for number in 1..8_u32 {
        bench.said(number);
    }
    let event = |seq: u64| {
        format!("id: 0c0ffee0-{seq}\ndata: {{\"label\":\"said\",\"value\":\"{seq}\",\"seq\":{seq}}}\n\n")
    };
    let events = |from| (from..8).map(event).collect::<String>() + &up_to(7, 7);
    assert_eq!(listen(&mut simulation, "?revision=0c0ffee0-5", "").1, events(6));
    assert_eq!(listen(&mut simulation, "?revision=0c0ffee0-3", "").1, events(4));
    let missed = "data: {\"label\":\"missed\",\"value\":2}\n\n";
    assert_eq!(listen(&mut simulation, "?revision=0c0ffee0-1", "").1, missed.to_owned() + &events(4));
    assert_eq!(listen(&mut simulation, "?revision", "").1, events(4), "a new stream missed events");
    let last = "Last-Event-ID: 0c0ffee0-1\r\n";
    assert_eq!(
        listen(&mut simulation, "", last).1,
        (4..8).map(event).collect::<String>(),
        "a stream without `?revision` was sent one"
    );
}

#[test]
fn idle_stream_with_revision_gets_frame_every_5_s() {
    let mut simulation = simulation();
    let (mut peer, _) = listen(&mut simulation, "?revision", "");
    for round in 1..4 {
        assert_eq!(peer.last.unwrap().wake_at.as_millis(), round * 5_000);
        simulation.now = round * 5_000 - 1;
        assert_eq!(text(&mut simulation, &mut peer), "");
        simulation.now += 1;
        assert_eq!(text(&mut simulation, &mut peer), ":\n\n");
    }
}

#[test]
fn websocket_gets_revisions_only_with_query() {
    let mut simulation = simulation();
    let bench = Bench::new(simulation.device);
    bench.led(true);
    let led = r#"{"label":"led","value":true}"#;
    let alive = |revision: u64| format!(r#"{{"label":"alive","value":{revision}}}"#);
    let mut asks = simulation.open("/ws?revision");
    let mut other = simulation.open("/ws?revisions");
    assert_eq!(texts(&mut asks)[1..], [led.to_owned(), alive(1)]);
    assert_eq!(texts(&mut other)[1..], [led]);
    bench.said("a");
    bench.led(false);
    let new = [r#"{"label":"said","value":"a"}"#, r#"{"label":"led","value":false}"#];
    assert_eq!(said(&mut simulation, &mut asks), [new[0].to_owned(), new[1].into(), alive(3)]);
    assert_eq!(said(&mut simulation, &mut other), new);
    assert_eq!(said(&mut simulation, &mut asks), [""; 0], "once");
    // Not before the socket has taken everything.
    bench.led(true);
    asks.window = 5;
    assert_eq!(said_bytes(&mut simulation, &mut asks), 5);
    bench.said("b");
    asks.window = usize::MAX;
    asks.turn(&mut simulation);
    let rest = String::from_utf8_lossy(&asks.take()).into_owned();
    assert!(rest.ends_with(&alive(5)) && !rest.contains(&alive(4)), "{rest}");
    // A plain endpoint has no revisions.
    let mut plain = Simulation::new(Limits::DEVICE);
    let mut peer = plain.open("/ws?revision");
    peer.turn(&mut plain);
    assert_eq!(peer.take(), b"");
}

fn said_bytes(simulation: &mut Simulation, peer: &mut Peer) -> usize {
    peer.turn(simulation);
    peer.received.len()
}

#[test]
fn answer_names_revision_that_it_follows() {
    let mut simulation = simulation();
    let mut inbox = inbox(&simulation);
    let device = simulation.device;
    let led = |on: bool| move |_: Responder<'_>| Bench::new(device).led(on);
    let put = |simulation: &mut Simulation, inbox: &mut instep::Inbox<'_>, on: bool| {
        ask(simulation, inbox, "PUT", "/properties/led", JSON, if on { "true" } else { "false" }, led(on)).1
    };
    assert_eq!(put(&mut simulation, &mut inbox, true).header("Instep-Revision"), Some("1"));
    let (mut stream, _) = listen(&mut simulation, "?revision", "");
    let answer = put(&mut simulation, &mut inbox, false);
    assert_eq!((answer.status, answer.header("Instep-Revision")), (204, Some("2")));
    assert!(text(&mut simulation, &mut stream).ends_with(&up_to(0, 2)), "the stream is behind the answer");
    let refuse = |responder: Responder<'_>| {
        Bench::new(device).said("no");
        responder.refuse("not now");
    };
    let (_, refused) = ask(&mut simulation, &mut inbox, "POST", "/actions/blink", "", "", refuse);
    assert_eq!((refused.status, refused.header("Instep-Revision")), (409, Some("3")));
    let read = guarded::get(&mut simulation, "/properties/led", "");
    assert_eq!((read.status, read.header("Instep-Revision")), (200, None));
    let unknown = ask(&mut simulation, &mut inbox, "PUT", "/properties/lad", JSON, "1", |_| {}).1;
    assert_eq!(
        (unknown.status, unknown.header("Instep-Revision")),
        (404, None),
        "the application got a command"
    );
}
