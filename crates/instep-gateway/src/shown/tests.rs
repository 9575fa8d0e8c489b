//! Viewers at gateways, over sockets; the broker is a table of this test.

use super::*;
use crate::fleet::{Fleet, FleetLimits};
use instep::Limits;
use instep::driver::Absence;
use instep_mqtt::{Heard, Message, Sent};
use instep_tokio::devices::{Devices as _, Found};
use served::{Idle, PAGES, Served, THING, id};
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use test_support::{Http, WebSocket, wait_for, wait_until};

mod floods;
mod opening;
#[path = "../../tests/served/mod.rs"]
mod served;
mod turns;

const TD: &str = r#"{"@context":["https://www.w3.org/2022/wot/td/v1.1",{"instep":"urn:instep:"}],"title":"Lamp","description":"A lamp","version":{"instance":"1.2.3"},"properties":{"led":{"title":"LED","instep:kind":"switch","instep:order":0},"level":{"title":"Level","instep:kind":"sensor","instep:order":1,"instep:precision":1,"instep:history":{"href":"../properties/level/history","points":10,"every":1000}}},"events":{"said":{"title":"Said","instep:kind":"event","instep:order":2}}}"#;
const LED: &str = r#"{"label":"led","value":true}"#;
const SECOND: Duration = Duration::from_secs(5);

/// Tells a fleet of a device, as the broker does after a connection.
fn tell(fleet: &Fleet, of: &str) {
    served::announce(fleet, of, TD);
    fleet.hear(Heard::Value { id: id(of), name: "led", frame: LED.as_bytes() });
}

fn said(fleet: &Fleet, seq: u32) {
    let frame = format!("{{\"label\":\"said\",\"value\":\"x\",\"seq\":{seq}}}");
    fleet.hear(Heard::Event { id: id("lamp"), name: "said", frame: frame.as_bytes() });
}

/// Serves a gateway, which knows the device `lamp`.
fn serve() -> Served {
    serve_for(8)
}

/// Serves a gateway for this many viewers of a device.
fn serve_for(viewers: usize) -> Served {
    let limits = GatewayLimits::default().with_viewed(3).with_viewers(viewers);
    let served = Idle::new(FleetLimits::default(), limits, Limits::LINUX.with_clients(3 * viewers)).start();
    tell(&served.fleet, "lamp");
    served.fleet.hear(Heard::Complete);
    served
}

impl Served {
    fn socket(&self) -> WebSocket {
        WebSocket::connect(self.addr, "/lamp/ws")
    }

    /// Returns a command that the gateway sends to the broker: its number, its device, its name and its payload.
    fn command(&self) -> (u64, String, String, String) {
        let mut found = None;
        wait_for(
            SECOND,
            || {
                self.fleet.send_queued(&mut |queued| {
                    let Message::Command { id, name, payload, number } = queued.message() else {
                        panic!("no command")
                    };
                    let payload = String::from_utf8(payload.to_vec()).unwrap();
                    assert!(found.is_none(), "a second command: {payload}");
                    found = Some((number, id.to_string(), name.to_owned(), payload));
                    Sent::Written
                });
                found.take()
            },
            || "no command was sent",
        )
    }

    fn answer(&self, number: u64, frame: &str) {
        self.fleet.hear(Heard::Answer { id: id("lamp"), number, frame: frame.as_bytes() });
    }
}

fn read_until(socket: &mut WebSocket, wanted: &str) {
    socket.read_text_until(|text| text == wanted);
}

fn get(http: &mut Http, path: &str) -> (u16, String) {
    http.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    let answer = http.read();
    (answer.status, answer.text().to_owned())
}

#[test]
fn viewer_gets_what_the_broker_told_as_it_came() {
    let running = serve();
    let mut lamp = running.socket();
    assert_eq!(lamp.read_text(), THING);
    read_until(&mut lamp, LED);
    // With spaces and digits that a device does not send.
    let frame = r#"{"label":"level","value": 1.50 }"#;
    running.fleet.hear(Heard::Value { id: id("lamp"), name: "level", frame: frame.as_bytes() });
    read_until(&mut lamp, frame);
    let mut http = Http::connect(running.addr);
    assert!(get(&mut http, "/").1.contains("list.js"));
    assert_eq!(get(&mut http, "/lamp/"), (200, "the panel".into()));
    assert_eq!(get(&mut http, "/lamp/properties/led"), (200, "true".into()));
    // What the broker had stored is from an unknown time.
    assert_eq!(get(&mut http, "/lamp/properties/level/history"), (200, "[]".into()));
    assert_eq!(get(&mut http, "/other/").0, 404);
    let (_, description) = get(&mut http, "/lamp/.well-known/wot");
    let description: serde_json::Value = serde_json::from_str(&description).expect("no description");
    assert_eq!(description["base"], "http://localhost/lamp/.well-known/");
    assert_eq!(description["security"], "nosec");
    assert_eq!(description["title"], "Lamp");
    assert_eq!(description["version"]["instance"], "1.2.3");
    let history = serde_json::json!({ "href": "../properties/level/history", "points": 10, "every": 1_000 });
    assert_eq!(description["properties"]["level"]["instep:history"], history);
}

#[test]
fn chart_shows_what_came_before_the_viewer() {
    let running = serve();
    let level = |value: &str| {
        let frame = format!("{{\"label\":\"level\",\"value\":{value}}}");
        running.fleet.hear(Heard::Value { id: id("lamp"), name: "level", frame: frame.as_bytes() });
    };
    // The first one may have been stored. Of a period the last one is kept.
    ["7", "8", "null", "21.55"].into_iter().for_each(level);
    let mut http = Http::connect(running.addr);
    let (status, history) = get(&mut http, "/lamp/properties/level/history");
    let history: Vec<(u64, f64)> = serde_json::from_str(&history).expect("it is no history");
    assert_eq!(status, 200);
    // A period may end between two of them.
    let (age, value) = *history.last().expect("it is empty");
    assert!(age < 60_000 && (value - 21.55).abs() < 0.06, "{history:?}");
    assert_eq!(get(&mut http, "/lamp/properties/led/history").0, 404);
}

#[test]
fn answer_goes_to_the_viewer_that_asked() {
    let running = serve();
    let (mut one, mut other) = (running.socket(), running.socket());
    read_until(&mut one, LED);
    read_until(&mut other, LED);
    let request = r#"{"value":false,"label":"led","id":7}"#;
    one.send_text(request);
    let (number, device, name, payload) = running.command();
    assert_eq!((device.as_str(), name.as_str(), payload.as_str()), ("lamp", "led", request));
    let off = r#"{"label":"led","value":false}"#;
    running.fleet.hear(Heard::Value { id: id("lamp"), name: "led", frame: off.as_bytes() });
    running.answer(number, r#"{"label":"ok","id":7}"#);
    // What was published before the answer comes before it.
    assert_eq!([one.read_text(), one.read_text()], [off, r#"{"label":"ok","id":7}"#]);
    assert_eq!(other.read_text(), off);
    // Without an id there is no answer but an error.
    one.send_text(r#"{"label":"led","value":true}"#);
    let (number, ..) = running.command();
    running
        .answer(number, r#"{"label":"error","id":0,"value":{"code":"refused","name":"led","message":"no"}}"#);
    assert_eq!(
        one.read_text(),
        r#"{"label":"error","value":{"code":"refused","name":"led","message":"no"}}"#
    );
    // What cannot be met does not reach the broker.
    one.send_text(r#"{"label":"level","value":1,"id":8}"#);
    assert!(one.read_text().contains("\"code\":\"read-only\""));
    let mut http = Http::connect(running.addr);
    http.send("PUT /lamp/properties/led HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\ntrue");
    let (number, _, name, payload) = running.command();
    assert_eq!((name.as_str(), payload.as_str()), ("led", r#"{"label":"led","value":true,"id":0}"#));
    running.answer(number, r#"{"label":"ok","id":0}"#);
    assert_eq!(http.read().status, 204);
    other.expect_silence(50);
}

#[test]
fn answer_that_is_too_long_says_at_least_what_became_of_the_command() {
    let running = serve();
    let mut lamp = running.socket();
    read_until(&mut lamp, LED);
    let long = "a".repeat(17_000);
    for (answer, expected) in [
        (format!(r#"{{"label":"ok","id":1,"value":"{long}"}}"#), r#"{"label":"ok","id":1}"#),
        (
            format!(r#"{{"label":"error","id":1,"value":{{"code":"refused","message":"{long}"}}}}"#),
            r#"{"label":"error","id":1,"value":{"code":"timeout","name":"led","#,
        ),
    ] {
        lamp.send_text(r#"{"label":"led","value":false,"id":1}"#);
        let (number, ..) = running.command();
        running.answer(number, &answer);
        let text = lamp.read_text();
        assert!(text.starts_with(expected), "{text:.100}");
    }
    // Without an id nobody waits for it.
    lamp.send_text(r#"{"label":"led","value":false}"#);
    let (number, ..) = running.command();
    running.answer(number, &format!(r#"{{"label":"ok","id":0,"value":"{long}"}}"#));
    let mut http = Http::connect(running.addr);
    http.send("PUT /lamp/properties/led HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\ntrue");
    let (number, ..) = running.command();
    running.answer(number, &format!(r#"{{"label":"ok","id":0,"value":"{long}"}}"#));
    assert_eq!(http.read().status, 204);
    lamp.expect_silence(50);
}

#[test]
fn device_that_is_offline_is_shown_so_and_refuses_at_once() {
    let running = serve();
    let mut lamp = running.socket();
    read_until(&mut lamp, LED);
    running.fleet.hear(Heard::State { id: id("lamp"), online: false });
    let text = lamp.read_text();
    let frame: serde_json::Value = serde_json::from_str(&text).expect("no JSON");
    assert!(frame["label"] == "thing" && frame["value"]["offline"]["since"].is_u64(), "{text}");
    lamp.send_text(r#"{"label":"led","value":false,"id":1}"#);
    assert!(
        lamp.read_text().starts_with(r#"{"label":"error","id":1,"value":{"code":"offline","name":"led","#)
    );
    let mut http = Http::connect(running.addr);
    http.send("PUT /lamp/properties/led HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\ntrue");
    let answer = http.read();
    assert!(answer.status == 503 && answer.text().contains("\"code\":\"offline\""), "{answer:?}");
    // Its last values are still there, and a new viewer is told first.
    assert_eq!(get(&mut http, "/lamp/properties/led"), (200, "true".into()));
    assert_eq!(running.socket().read_text(), text);
    running.fleet.hear(Heard::State { id: id("lamp"), online: true });
    assert_eq!(lamp.read_text(), THING);
}

#[test]
fn command_that_is_on_its_way_when_the_device_goes_may_have_been_done() {
    let running = serve();
    let mut lamp = running.socket();
    read_until(&mut lamp, LED);
    lamp.send_text(r#"{"label":"led","value":false,"id":1}"#);
    let _ = running.command();
    running.fleet.hear(Heard::State { id: id("lamp"), online: false });
    let error = lamp.read_text_until(|text| text.contains("\"error\""));
    assert!(error.contains("\"code\":\"timeout\""), "{error}");
}

#[test]
fn restart_of_the_device_closes_its_viewers() {
    let running = serve();
    let mut lamp = running.socket();
    read_until(&mut lamp, LED);
    // The same frame again, as after each connection to the broker, changes nothing.
    running.fleet.hear(Heard::Thing { id: id("lamp"), frame: THING.as_bytes() });
    lamp.expect_silence(50);
    let restarted = THING.replace("00c0ffee", "00000001");
    running.fleet.hear(Heard::Thing { id: id("lamp"), frame: restarted.as_bytes() });
    lamp.expect_close(1001);
    let mut again = running.socket();
    assert_eq!(again.read_text(), restarted);
    read_until(&mut again, LED);
    running.fleet.hear(Heard::Thing { id: id("lamp"), frame: b"" });
    again.expect_close(1001);
    assert_eq!(get(&mut Http::connect(running.addr), "/lamp/").0, 404);
}

#[test]
fn viewer_that_moves_hears_no_numbered_event_twice() {
    let (first, second) = (serve(), serve());
    let mut lamp = first.socket();
    read_until(&mut lamp, LED);
    let mut other = second.socket();
    read_until(&mut other, LED);
    for seq in 57..60 {
        said(&first.fleet, seq);
        said(&second.fleet, seq);
    }
    lamp.read_text_until(|text| text.contains("\"seq\":59"));
    other.read_text_until(|text| text.contains("\"seq\":59"));
    // At the other gateway it goes on after the last event that it had, by the device's own start and numbers.
    said(&second.fleet, 60);
    for path in ["/lamp/events", "/lamp/events/said"] {
        let mut stream = Http::connect(second.addr);
        stream.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 00c0ffee-59\r\n\r\n"));
        stream.read_head();
        let text = String::from_utf8(stream.read_until(b"id: 00c0ffee-60\n")).unwrap();
        assert!(!text.contains("\"seq\":59") && !text.contains("id: 00c0ffee-58"), "{text}");
    }
    // A socket gets what the gateway has, and the numbers tell it which of these it had.
    let mut moved = second.socket();
    assert_eq!(moved.read_text(), THING);
    assert!(moved.read_text_until(|text| text.contains("\"seq\":60")).contains("said"));
    // Those that come twice are dropped, and the numbers tell which the broker has lost.
    other.read_text_until(|text| text.contains("\"seq\":60"));
    said(&second.fleet, 60);
    said(&second.fleet, 63);
    assert!(other.read_text().contains("\"seq\":63"));
    let mut stream = Http::connect(second.addr);
    stream.send("GET /lamp/events?revision=00c0ffee-56 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    stream.read_head();
    let text = String::from_utf8(stream.read_until(b"id: 00c0ffee-63\ndata: {\"label\":\"alive\"")).unwrap();
    assert!(text.contains("id: 00c0ffee-57\n") && !text.contains("missed"), "{text}");
}

#[test]
fn value_that_cannot_be_shown_is_none_and_not_the_one_before() {
    let running = serve();
    let mut lamp = running.socket();
    read_until(&mut lamp, LED);
    let long = format!("{{\"label\":\"led\",\"value\":\"{}\"}}", "a".repeat(17_000));
    running.fleet.hear(Heard::Value { id: id("lamp"), name: "led", frame: long.as_bytes() });
    assert_eq!(lamp.read_text(), r#"{"label":"led","value":null}"#);
    running.fleet.hear(Heard::Value { id: id("lamp"), name: "led", frame: LED.as_bytes() });
    assert_eq!(lamp.read_text(), LED);
    running.fleet.hear(Heard::Value { id: id("lamp"), name: "led", frame: b"" });
    assert_eq!(lamp.read_text(), r#"{"label":"led","value":null}"#);
}

#[test]
fn garbage_from_the_broker_harms_no_other_device() {
    let running = serve();
    tell(&running.fleet, "fan");
    let mut lamp = running.socket();
    read_until(&mut lamp, LED);
    let mut fan = WebSocket::connect(running.addr, "/fan/ws");
    read_until(&mut fan, LED);
    for garbage in [&b"\xff\xfe"[..], b"", b"{", b"{\"label\":\"led\",\"value\":", b"\"\"", &[b'a'; 20_000]] {
        for name in ["led", "said", "level", "missed", "other"] {
            running.fleet.hear(Heard::Value { id: id("fan"), name, frame: garbage });
            running.fleet.hear(Heard::Event { id: id("fan"), name, frame: garbage });
        }
        running.fleet.hear(Heard::Description { id: id("fan"), text: garbage });
        running.fleet.hear(Heard::Thing { id: id("fan"), frame: garbage });
        // Any answer will do.
        let _ = get(&mut Http::connect(running.addr), "/fan/.well-known/wot");
    }
    let off = r#"{"label":"led","value":false}"#;
    running.fleet.hear(Heard::Value { id: id("lamp"), name: "led", frame: off.as_bytes() });
    read_until(&mut lamp, off);
    tell(&running.fleet, "fan");
    wait_until(
        SECOND,
        || get(&mut Http::connect(running.addr), "/fan/properties/led").1 == "true",
        || "no value",
    );
}
